"""Two contacts that are one person, and one that is two after all."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from commands.contact.contacts import Line, contacts, endless, line_from, must_be_there, still_itself
from domain.access import Action
from domain.actor import Asked
from domain.contact.facts import ContactAbsorbed, ContactMerged, ContactSeparated, ContactUnmerged, Field, Wish
from domain.contact.refusals import ContactNotLastMerged
from domain.contact.states import Absorption, AnyContact, Contact, MergedContact, Profile, Wishes, stricter
from domain.errors import Invalid
from domain.values import ContactId, value


@value
class MergeContacts:
    """`take` names the fields in which the other one is right. In all others the survivor is; what it lacks, and
    further addresses, come from the other.
    """

    contact_id: ContactId
    absorbed: ContactId
    take: tuple[Field, ...] = ()


@value
class UnmergeContact:
    """`to_version` is the version of the survivor before the merge that is to be undone."""

    contact_id: ContactId
    absorbed: ContactId
    to_version: int


def absorbed_of(command: MergeContacts | UnmergeContact) -> ContactId:
    if command.absorbed == command.contact_id:
        raise Invalid(field="absorbed", because="a contact is not merged into itself")
    return command.absorbed


# One of two


def line_of_one(command: MergeContacts, contact: AnyContact, other: AnyContact) -> list[ContactId]:
    """Whom they will report to when they are one."""
    if not (isinstance(contact, Contact) and isinstance(other, Contact)):
        return []
    superior = of_both(command, contact.profile, other.profile).reports_to
    return [] if superior is None else [superior]


@contacts.decides(Action.MERGE, other=absorbed_of, **line_from(line_of_one))
def merge(
    command: MergeContacts,
    contact: Contact | MergedContact,
    other: AnyContact,
    first: Line,
    second: Line,
    third: Line,
    fourth: Line,
    fifth: Line,
    asked: Asked,
) -> Iterator[ContactAbsorbed | ContactMerged]:
    """Merge a contact into another one that is the same person. Of two wishes the one that allows less holds."""
    survivor = still_itself(command.contact_id, contact)
    absorbed = must_be_there(command.absorbed, other)
    profile = of_both(command, survivor.profile, absorbed.profile)
    now = {command.contact_id: profile.reports_to, command.absorbed: command.contact_id}
    if (no := endless(command.contact_id, (first, second, third, fourth, fifth), now)) is not None:
        raise no
    yield ContactAbsorbed(
        contact_id=command.contact_id,
        absorbed=command.absorbed,
        version=asked.version,
        taken=tuple(dict.fromkeys(command.take)),
        **fields_of(profile),
        wishes=both_wish(survivor.wishes, absorbed.wishes),
        reserved={**absorbed.reserved, **survivor.reserved},
        made=tuple(sorted((*survivor.made, *absorbed.made, *named_alike(survivor, absorbed)))),
    )
    yield ContactMerged(contact_id=command.absorbed, into=command.contact_id)


def of_both(command: MergeContacts, ours: Profile, theirs: Profile) -> Profile:
    """What is known of one person, from what was known of two."""

    def chosen(field: Field) -> Any:
        one, other = getattr(ours, field), getattr(theirs, field)
        return other if (field in command.take and other is not None) or one is None else one

    superior = chosen("reports_to")
    if superior in {command.contact_id, command.absorbed}:  # One of them reported to the other.
        either = ours.reports_to if superior == command.contact_id else theirs.reports_to
        superior = None if either in {command.contact_id, command.absorbed} else either
    return Profile(
        name=chosen("name"),
        addresses=theirs.addresses
        if "addresses" in command.take
        else tuple(dict.fromkeys((*ours.addresses, *theirs.addresses))),
        job_title=chosen("job_title"),
        language=chosen("language"),
        time_zone=chosen("time_zone"),
        note=chosen("note"),
        reports_to=superior,
    )


def fields_of(profile: Profile) -> dict[str, Any]:
    return {
        "name": profile.name,
        "addresses": profile.addresses,
        "job_title": profile.job_title,
        "language": profile.language,
        "time_zone": profile.time_zone,
        "note": profile.note,
        "reports_to": profile.reports_to,
    }


def both_wish(ours: Wishes, theirs: Wishes) -> dict[str, Wish]:
    found = {of: stricter(ours.get(of), theirs.get(of)) for of in {**ours, **theirs}}
    return {of: wish for of, wish in found.items() if wish is not None}


def named_alike(survivor: Contact, absorbed: Contact) -> list[datetime]:
    """Where both have something reserved under one ref, the absorbed one's cannot be let go any more."""
    return [slot.at for ref, slot in absorbed.reserved.items() if ref in survivor.reserved and slot.counts]


# Two of one


def lines_of_two(command: UnmergeContact, contact: AnyContact, other: AnyContact) -> list[ContactId]:
    """Whom each of them reported to before."""
    if not (isinstance(contact, Contact) and isinstance(other, MergedContact) and contact.absorptions):
        return []
    found = (before(contact).reports_to, other.was.profile.reports_to)
    return [each for each in dict.fromkeys(found) if each is not None]


@contacts.decides(Action.MERGE, other=absorbed_of, **line_from(lines_of_two))
def unmerge(
    command: UnmergeContact,
    contact: Contact | MergedContact,
    other: AnyContact,
    first: Line,
    second: Line,
    third: Line,
    fourth: Line,
    fifth: Line,
) -> Iterator[ContactSeparated | ContactUnmerged]:
    """Undo the last merge: it was somebody else. What was refused since holds for both."""
    survivor = still_itself(command.contact_id, contact)
    last = survivor.absorptions[-1] if survivor.absorptions else None
    if last is None or (last.absorbed, last.version) != (command.absorbed, command.to_version):
        named, version = (None, None) if last is None else (last.absorbed, last.version)
        raise ContactNotLastMerged(contact_id=command.contact_id, last=named, version=version)
    assert isinstance(other, MergedContact), "what absorbed it was merged into"
    line = first, second, third, fourth, fifth
    own = before(survivor)
    superiors = {command.contact_id: own.reports_to, command.absorbed: other.was.profile.reports_to}
    for each in superiors:
        if endless(each, line, superiors) is not None:
            superiors[each] = None  # By now the line would go round: it has to be said anew.
    yield ContactSeparated(
        contact_id=command.contact_id,
        separated=command.absorbed,
        to_version=command.to_version,
        **(fields_of(own) | {"reports_to": superiors[command.contact_id]}),
        wishes=wished(last.wishes_before, last, survivor.wishes),
    )
    going_to_be = [slot.at for slot in survivor.reserved.values() if slot.counts]
    yield ContactUnmerged(
        contact_id=command.absorbed,
        from_=command.contact_id,
        wishes=wished(other.was.wishes, last, survivor.wishes),
        reports_to=superiors[command.absorbed],
        made=tuple(sorted((*survivor.made, *going_to_be))),
    )


def before(survivor: Contact) -> Profile:
    """What was known of the survivor before the last merge, with what has become known since."""
    last, now = survivor.absorptions[-1], fields_of(survivor.profile)
    was, became = fields_of(last.before), fields_of(last.after)
    return Profile(**{name: was[name] if now[name] == became[name] else now[name] for name in now})


def wished(own: Wishes, last: Absorption, now: Wishes) -> dict[str, Wish]:
    """The own wishes of before; where one has changed since the merge, and nobody knows whose it was, the one that
    allows less.
    """
    found = {
        of: own.get(of) if now.get(of) == last.wishes_after.get(of) else stricter(own.get(of), now.get(of))
        for of in {**own, **now}
    }
    return {of: wish for of, wish in found.items() if wish is not None}
