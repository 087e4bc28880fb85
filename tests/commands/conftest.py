"""The order in which the specs of commands are run."""

import pytest

LAST = "every_spec_has_run"
# Too slow for the quick part; what these mention, others do as well.
ASIDE = {
    "test_any_body.py",
    "test_credit_machine.py",
    "test_every_state.py",
    "test_lead_machine.py",
    "test_order_machine.py",
    "test_ticket_machine.py",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What every spec has to be run for comes last."""
    items.sort(key=lambda item: LAST in getattr(item, "fixturenames", ()))


@pytest.fixture
def every_spec_has_run(request: pytest.FixtureRequest) -> None:
    """For what looks back on all specs of commands; skipped where only some have been run."""
    chosen = request.config.option
    specs = {path for path in request.path.parent.rglob("test_*.py") if path.name not in ASIDE}
    last_failed = getattr(chosen, "lf", False)  # Without a cache there is no such option.
    part = chosen.keyword or last_failed or chosen.deselect or any("::" in each for each in request.config.args)
    if part or not specs <= {item.path for item in request.session.items}:
        pytest.skip("only some of the specs have been run")
