"""How facts change a contact, and which histories cannot have been."""

from functools import reduce
from itertools import product

import pytest

from domain.contact.facts import ContactEvent, ContactReportsTo, ContactSeparated, ContactUnmerged, Wish
from domain.contact.states import STANDINGS, AnyContact, Contact, MergedContact, NoContact, evolve, stricter
from domain.errors import ImpossibleHistory
from tests.commands.contact.situations import (
    LI,
    LIN,
    WU,
    absorbed,
    consent,
    created,
    lin_created,
    made,
    merged,
    reserved,
    silenced,
)
from tests.spec import START, day

reports = ContactReportsTo(contact_id=LI, to=WU)
unmerged = ContactUnmerged(contact_id=LIN, from_=LI, wishes={})
separated = ContactSeparated(contact_id=LI, separated=LIN, to_version=1, name="Li", wishes={})
EVENTS: tuple[ContactEvent, ...] = (
    created,
    reports,
    merged,
    absorbed,
    unmerged,
    separated,
    consent(),
    silenced(),
    reserved(),
    made(),
)


def after(*events: ContactEvent) -> AnyContact:
    contact: AnyContact = NoContact()
    return reduce(evolve, events, contact)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: type(event).__name__)
def test_only_what_can_follow_follows(event: ContactEvent) -> None:
    ways = {"nobody": NoContact(), "somebody": after(created), "merged": after(lin_created, merged)}
    possible = {
        "nobody": event is created,
        "somebody": event not in (created, unmerged),
        "merged": event is unmerged,
    }
    for name, contact in ways.items():
        if possible[name]:
            evolve(contact, event)
        else:
            with pytest.raises(ImpossibleHistory):
                evolve(contact, event)


def test_who_was_merged_stands_as_he_was_in_case() -> None:
    was = after(lin_created, consent(contact_id=LIN))
    assert isinstance(was, Contact)
    gone = evolve(was, merged)
    assert gone == MergedContact(into=LI, was=was)
    back = evolve(gone, unmerged)
    assert isinstance(back, Contact)
    assert (back.profile, back.wishes) == (was.profile, {})


@pytest.mark.parametrize(("one", "other"), list(product(STANDINGS, STANDINGS)))
def test_of_two_wishes_the_one_that_allows_less(one: str, other: str) -> None:
    ours, theirs = (
        None if each == "unknown" else Wish(standing=each, since=since)  # type: ignore[arg-type]
        for each, since in ((one, day(3, 1)), (other, START))
    )
    found = stricter(ours, theirs)
    assert stricter(theirs, ours) == found, "whichever is named first"
    assert STANDINGS.index("unknown" if found is None else found.standing) == max(map(STANDINGS.index, (one, other)))
    if one == other and found is not None:
        assert found.since == day(3, 1)
