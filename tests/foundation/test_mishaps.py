"""What the next `up` makes of a run that was killed, and of a local cloud that was lost."""

import pytest

from tests.foundation.conftest import Eventful, Provisioned
from tests.foundation.listing import everything, sizes

pytestmark = [pytest.mark.engine, pytest.mark.cloud]


def test_up_after_a_killed_one_takes_over_what_was_half_made_and_finishes(eventful: Eventful) -> None:
    finished = eventful.story["finish"].result
    assert eventful.half_made
    assert finished.code == 0, finished.err
    assert f"an earlier run was killed while it created {', '.join(eventful.half_made)}: what it made is taken over\n" in finished.err
    assert eventful.story.checkout.pending() == []


def test_nothing_is_orphaned_by_a_killed_run(eventful: Eventful, provisioned: Provisioned) -> None:
    assert sizes(eventful.after_kill) == sizes(everything(provisioned.aws))


def test_up_after_a_lost_cloud_says_so_and_builds_again(eventful: Eventful, provisioned: Provisioned) -> None:
    rebuilt = eventful.story["rebuild"].result
    assert rebuilt.code == 0, rebuilt.err
    assert "the local cloud that this was made in is gone, and all in it: it is built again from nothing" in rebuilt.err
    assert rebuilt.out.splitlines()[-1] == provisioned.first.out.splitlines()[-1]
    assert sizes(eventful.after_loss) == sizes(eventful.after_kill)
