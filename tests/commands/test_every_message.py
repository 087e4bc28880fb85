"""What no spec mentions, nobody has thought about."""

import pytest

from commands import DECIDERS
from ledger.refusals import kinds
from tests.spec import MENTIONED


@pytest.mark.usefixtures("every_spec_has_run")
def test_no_command_event_or_refusal_is_without_a_spec() -> None:
    known = {kind for decider in DECIDERS for kind in (*decider.rules, *decider.events)}
    known |= {kind for kind in kinds() if kind.__module__.startswith("domain.") and kind.__base__ is not Exception}
    assert not {kind.__name__ for kind in known - MENTIONED}
