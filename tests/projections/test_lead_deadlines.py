"""The deadlines of leads, told as specs: whose first contact it is when somebody else gets them."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from domain.lead.facts.custody import LapseWarned
from projections.deadlines import deadlines
from tests.projections.leads import (
    LEAD,
    assigned,
    captured,
    claimed,
    contacted,
    negotiating,
    qualified,
    transferred,
)
from tests.projections.spec import START, rows

LATER = START + timedelta(hours=47)
handed = replace(transferred, first_contact_due=LATER)


def due(*events: object) -> dict[str, object]:
    return {row.kind: row.due_at for row in rows(deadlines, captured, *events)}


def test_who_gets_it_has_a_first_contact_of_his_own_and_no_other_limit_moves() -> None:
    before = due(claimed)
    assert due(claimed, handed) == before | {"first-contact": LATER}
    assert due(claimed, contacted, handed) == before | {"first-contact": LATER}
    assert "first-contact" not in due(claimed, handed, contacted)


def test_what_was_promised_of_the_first_response_ends_with_his_predecessor() -> None:
    promised = replace(assigned, first_response_due=START + timedelta(minutes=30))
    assert "first-response" in due(promised)
    assert "first-response" not in due(promised, handed)


def test_an_older_transfer_moves_nothing() -> None:
    assert due(claimed, transferred) == due(claimed)
    assert due(claimed, contacted, transferred) == due(claimed, contacted)


def test_who_comes_to_an_offer_has_reached_the_person() -> None:
    for offer in (qualified, negotiating):
        assert due(claimed, handed, offer) == {kind: at for kind, at in due(claimed).items() if kind != "first-contact"}


def armed(*events: object) -> dict[str, tuple[bool, object]]:
    return {row.kind: (row.armed, row.caused_by) for row in rows(deadlines, captured, *events)}


def test_who_gets_it_is_warned_himself() -> None:
    warned = LapseWarned(lead_id=LEAD, owner=claimed.owner, until=claimed.protect_until)
    assert armed(claimed, warned)["lapse-warning"][0] is False
    for each in (handed, transferred):
        again = armed(claimed, warned, each)
        assert again["lapse-warning"] == (True, UUID(int=4)), "another warning than the one that was sent"
        assert again["lapse"] == armed(claimed)["lapse"]
        assert due(claimed, warned, each)["lapse-warning"] == due(claimed)["lapse-warning"]


def test_to_be_told_once_more_who_has_it_warns_nobody_again() -> None:
    warned = LapseWarned(lead_id=LEAD, owner=claimed.owner, until=claimed.protect_until)
    again = replace(transferred, from_=claimed.owner, to=claimed.owner)
    assert armed(claimed, again) == armed(claimed)
    assert armed(claimed, warned, again) == armed(claimed, warned)
