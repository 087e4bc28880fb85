"""The decider of contacts, and what its rules share."""

from collections.abc import Callable, Mapping
from uuid import UUID

from commands.decider import Decider
from commands.pool import is_known
from domain.catalog import coded
from domain.contact.facts import Address, ContactEvent
from domain.contact.refusals import ContactWentInto, ReportsInACircle, TooManyAbove
from domain.contact.states import AnyContact, Contact, MergedContact, NoContact, evolve
from domain.errors import Invalid, NotNow, Refused
from domain.identity import Identifier, normalised
from domain.values import ContactId

# Nobody holds a contact: whoever hears that somebody wants to be left alone must be able to say so.
contacts = Decider[AnyContact, ContactEvent](
    name="contact",
    plural="contacts",
    id_field="contact_id",
    key=UUID,
    initial=lambda _: NoContact(),
    evolve=evolve,
)


def still_itself(contact_id: ContactId, contact: Contact | MergedContact) -> Contact:
    """The contact, if it was not merged away; who asks is told which one answers for it now."""
    if isinstance(contact, MergedContact):
        raise ContactWentInto(contact_id=contact_id, into=contact.into)
    return contact


MOST_ADDRESSES = 50


def addresses(given: tuple[Identifier, ...]) -> tuple[Address, ...]:
    """Each once, in the one spelling that can be compared."""
    if len(given) > MOST_ADDRESSES:
        raise Invalid(field="addresses", because=f"nobody has more than {MOST_ADDRESSES}")
    found = dict.fromkeys(map(spelled, given))
    return tuple(Address(kind=each.kind, value=each.value, system=each.system) for each in found)


def spelled(given: Identifier) -> Identifier:
    try:
        return normalised(given)
    except Invalid as wrong:
        raise Invalid(field="addresses", because=wrong.because) from None


def language(code: str | None) -> str | None:
    return None if code is None else coded("language", code)


def time_zone(name: str | None) -> str | None:
    if name is not None and not is_known(name):
        raise Invalid(field="time_zone", because=f"{name!r} is no IANA time zone")
    return name


# Who reports to whom. A line is followed through so many contacts, all of which are read and checked.

MOST_ABOVE = 5

Line = Mapping[ContactId, AnyContact]


def above(contact: AnyContact) -> ContactId | None:
    """Whom somebody reports to; who was merged is who he was merged into."""
    match contact:
        case Contact(profile=profile):
            return profile.reports_to
        case MergedContact(into=into):
            return into
        case NoContact():
            return None


def next_in_line(line: Line) -> list[ContactId]:
    return [found for contact in line.values() if (found := above(contact)) is not None]


def second(first: Line) -> list[ContactId]:
    return next_in_line(first)


def third(second: Line) -> list[ContactId]:
    return next_in_line(second)


def fourth(third: Line) -> list[ContactId]:
    return next_in_line(third)


def fifth(fourth: Line) -> list[ContactId]:
    return next_in_line(fourth)


def line_from(first: Callable[..., list[ContactId]]) -> dict[str, Callable[..., list[ContactId]]]:
    """The finders of a line, of which the first says where it begins."""
    return {"first": first, "second": second, "third": third, "fourth": fourth, "fifth": fifth}


Superiors = Mapping[ContactId, ContactId | None]


def endless(start: ContactId, line: tuple[Line, ...], now: Superiors) -> Refused | None:
    """Why the line above somebody does not end, when some report to whom they do `now`; None when it does."""
    superiors = {**{each: above(contact) for step in line for each, contact in step.items()}, **now}
    through, each = start, superiors[start]
    for _ in superiors:
        if each is None:
            return None
        if each == start:
            return ReportsInACircle(contact_id=start, through=through)
        if each not in superiors:
            break
        through, each = each, superiors[each]
    return TooManyAbove(contact_id=start, most=MOST_ABOVE)


def must_be_there(contact_id: ContactId, contact: AnyContact) -> Contact:
    """Another contact that is named; it must be there, and still be itself."""
    if isinstance(contact, NoContact):
        raise NotNow(found="NoContact", wanted=("Contact",), subject=f"contact/{contact_id}")
    return still_itself(contact_id, contact)
