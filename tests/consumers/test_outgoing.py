"""What is to go out is named by its aggregates and types."""

import pytest

from consumers.outgoing import ALL_BUT, SOME, Outgoing

KNOWN = ["lead.captured", "lead.pooled", "ticket.opened", "ticket-book.opened"]


def test_all_is_everything_that_there_is() -> None:
    wanted = Outgoing.of("all", KNOWN)
    assert wanted.topics == {"lifeledger.lead.v1", "lifeledger.ticket.v1", "lifeledger.ticket-book.v1"}
    assert wanted.within(wanted.topics) == (ALL_BUT, {"elsewhere": []})


def test_of_all_only_what_stands_elsewhere_is_left_out_and_nothing_that_only_another_version_knows() -> None:
    wanted = Outgoing.of("all", KNOWN)
    further = ["lifeledger.lead.v1"]
    assert wanted.within(wanted.topics.difference(further), further) == (ALL_BUT, {"elsewhere": ["lead"]})


def test_aggregates_and_types_are_wanted_beside_each_other() -> None:
    wanted = Outgoing.of("ticket, lead.pooled,ticket.opened", KNOWN)
    assert wanted == Outgoing(frozenset({"ticket"}), frozenset({"lead.pooled"}))
    assert wanted.within(wanted.topics) == (SOME, {"whole": ["ticket"], "types": ["lead.pooled"]})
    assert wanted.within(["lifeledger.lead.v1"]) == (SOME, {"whole": [], "types": ["lead.pooled"]})


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("leed", "there are no events 'leed'; lead is one"),
        ("lead.polled", r"there are no events 'lead.polled'; lead.pooled is one"),
        ("lead,", "there are no events ''"),
        ("lead,all", "there are no events 'all'"),
    ],
)
def test_what_there_is_not_is_refused_by_its_name(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        Outgoing.of(text, KNOWN)
