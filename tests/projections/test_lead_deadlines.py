"""The deadlines of leads, told as specs: whose first contact it is when somebody else gets them."""

from dataclasses import replace
from datetime import timedelta

from projections.deadlines import deadlines
from tests.projections.leads import assigned, captured, claimed, contacted, transferred
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
