"""What the risk system tells: a flag holds at once, and what it takes back a person has to look at."""

import random
from typing import Any

import pytest

from commands.customer.protection import ClearRiskFlag, RaiseRiskFlag
from consumers.inbound.channel import NotYet
from consumers.inbound.risk import risk_flags
from domain.actor import Reason
from domain.customer.facts.protection import RiskFlagRaised
from domain.errors import NotAllowed
from tests.commands.customer.situations import LI, OTHER
from tests.consumers.inbound.heard import ACCOUNT, Hearing, account, became_other, changed, without

raised: dict[str, Any] = {
    "event_id": "rf-1",
    "account_id": "u-77",
    "decided_at": "2026-03-25T10:00:00+08:00",
    "decision": {"event": "flag.raised", "flag": "many-cards", "severity": "high"},
}
cleared = {**raised, "event_id": "rf-2", "decision": {"event": "flag.cleared", "flag": "many-cards"}}
up = RiskFlagRaised(customer_id=LI, flag="many-cards")


def test_what_it_finds_wrong_is_raised_on_whose_account_it_is() -> None:
    hearing = Hearing(risk_flags, *account)
    assert hearing.wanted(raised)[0].command == RaiseRiskFlag(customer_id=LI, flag="many-cards")
    assert hearing.hear(raised) == [up]
    assert hearing.state(f"customer/{LI}").dossier.risk_flags == ("many-cards",)


def test_told_twice_or_by_another_message_it_is_raised_once() -> None:
    hearing = Hearing(risk_flags, *account)
    hearing.hear(raised)
    assert hearing.hear(raised) == []
    assert hearing.hear({**raised, "event_id": "rf-9"}) == []
    assert not hearing.refusals


def test_what_it_clears_stays_up_until_a_person_has_looked_and_is_kept_as_refused() -> None:
    hearing = Hearing(risk_flags, *account, up)
    assert [each.command for each in hearing.wanted(cleared)] == [ClearRiskFlag(customer_id=LI, flag="many-cards")]
    assert hearing.hear(cleared) == []
    assert [type(no) for no in hearing.refusals] == [NotAllowed]
    (wanted,) = hearing.wanted(changed(cleared, "false-alarm", "decision", "outcome"))
    assert wanted.reason == Reason(code="false-alarm")
    (wanted,) = hearing.wanted(changed(cleared, "", "decision", "outcome"))
    assert wanted.reason == Reason(code="cleared")
    assert hearing.state(f"customer/{LI}").dossier.risk_flags == ("many-cards",)


def test_in_whatever_order_and_however_often_the_flag_is_up_in_the_end() -> None:
    chance = random.Random(1)
    for _ in range(30):
        hearing = Hearing(risk_flags, *account)
        messages = [raised, cleared] * 2
        chance.shuffle(messages)
        hearing.hear_in_time(*messages)
        assert hearing.state(f"customer/{LI}").dossier.risk_flags == ("many-cards",)


def test_an_account_that_is_nobodys_yet_waits_for_its_customer() -> None:
    with pytest.raises(NotYet):
        Hearing(risk_flags).hear(raised)
    with pytest.raises(NotYet):
        Hearing(risk_flags, *account).hear({**raised, "account_id": "u-78"})


def test_who_has_become_another_is_meant_as_that_one() -> None:
    hearing = Hearing(risk_flags, *account, *became_other)
    assert hearing.hear(raised) == [RiskFlagRaised(customer_id=OTHER, flag="many-cards")]


def test_a_severity_that_nobody_has_heard_of_holds_like_any_other_and_what_is_not_known_is_let_pass() -> None:
    odd = changed(raised, "apocalyptic", "decision", "severity") | {"model": {"version": 7}}
    assert Hearing(risk_flags, *account).hear(odd) == [up]
    assert Hearing(risk_flags, *account).hear(changed(raised, None, "decision", "severity")) == [up]


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (without(raised, "event_id"), "event_id"),
        (without(raised, "account_id"), "account_id"),
        (changed(raised, "  ", "account_id"), "account_id"),
        (changed(raised, None, "account_id"), "account_id"),
        (changed(raised, "u\u0007", "account_id"), "account_id"),
        (without(raised, "decided_at"), "decided_at"),
        (changed(raised, "2026-03-25T10:00:00", "decided_at"), "decided_at"),
        (changed(raised, "flag.pondered", "decision", "event"), "decision"),
        (without(raised, "decision", "event"), "decision"),
        (without(raised, "decision", "flag"), "decision.flag.raised.flag"),
        (changed(raised, "two words", "decision", "flag"), "decision.flag.raised.flag"),
        (changed(raised, "x\n", "decision", "flag") | {"event_id": ""}, "event_id"),
    ],
)
def test_what_cannot_be_read_says_which_field(message: dict[str, Any], field: str) -> None:
    assert Hearing(risk_flags).wrong(message) == {field}


def test_whose_data_are_in_it_can_be_asked() -> None:
    hearing = Hearing(risk_flags)
    assert risk_flags.mentions(hearing.reads.validate_python(raised)) == (ACCOUNT,)
