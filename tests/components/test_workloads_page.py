"""The page that a team reads is made from what the settings and tables say."""

from tests.components import workloads_page

from commonground.settings.base import SharingStrategy, TeamRole


def test_the_page_says_what_the_settings_say_now() -> None:
    """If not: `python -m tests.components.workloads_page`."""
    assert workloads_page.FILE.read_text("utf-8") == workloads_page.page()


def test_every_role_and_every_way_of_sharing_is_told() -> None:
    assert workloads_page.ROLES.keys() == set(TeamRole)
    assert workloads_page.SHARING.keys() == set(SharingStrategy)
