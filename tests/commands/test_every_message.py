"""What no spec mentions, nobody has thought about."""

import pytest

from commands import DECIDERS
from ledger.refusals import kinds
from tests.spec import MENTIONED


def test_no_command_event_or_refusal_is_without_a_spec(request: pytest.FixtureRequest) -> None:
    """It runs last, and only where all specs of commands have been run."""
    chosen = request.config.option
    specs = set(request.path.parent.rglob("test_*.py"))
    part = chosen.keyword or chosen.lf or chosen.deselect or any("::" in each for each in request.config.args)
    if part or not specs <= {item.path for item in request.session.items}:
        pytest.skip("only some of the specs have been run")
    known = {kind for decider in DECIDERS for kind in (*decider.rules, *decider.events)}
    known |= {kind for kind in kinds() if kind.__module__.startswith("domain.") and kind.__base__ is not Exception}
    assert not {kind.__name__ for kind in known - MENTIONED}
