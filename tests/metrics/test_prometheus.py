"""The harness itself: real servers come up, answer, and are gone afterwards."""

import pytest

from tests.metrics.prometheus import alertmanager, needs_alertmanager, needs_prometheus, prometheus, wait_for

RULES = "groups: [{name: one, interval: 1s, rules: [{record: 'test:one', expr: 'vector(1)'}]}]"
ROUTES = "{receivers: [{name: nobody}], route: {receiver: nobody}}"


@needs_prometheus
def test_prometheus_evaluates_rules_and_takes_new_ones_on_reload() -> None:
    with prometheus("rule_files: [rules.yaml]", {"rules.yaml": RULES}) as server:
        wait_for("the rule's series", lambda: server.query("test:one"))
        (server.folder / "rules.yaml").write_text(RULES.replace("test:one", "test:two"))
        server.reload()
        wait_for("the new rule's series", lambda: server.query("test:two"))
        assert server.value("test:two + 1") == 2
        assert [group["name"] for group in server.rules()] == ["one"]
    assert server.process.returncode == 0


@needs_prometheus
def test_prometheus_is_gone_after_a_failed_test() -> None:
    with pytest.raises(ZeroDivisionError), prometheus() as server:
        _ = 1 / 0
    assert server.process.returncode == 0
    assert not server.folder.exists()


@needs_prometheus
def test_a_broken_configuration_says_what_is_wrong() -> None:
    with pytest.raises(RuntimeError, match="not a valid duration"), prometheus("global: {scrape_interval: often}"):
        pass


@needs_prometheus
def test_a_broken_query_says_what_is_wrong() -> None:
    with prometheus() as server, pytest.raises(RuntimeError, match="parse error"):
        server.query("sum(")


@needs_alertmanager
def test_alertmanager_answers() -> None:
    with alertmanager(ROUTES) as server:
        assert server.get("/api/v2/alerts") == []
    assert server.process.returncode == 0
