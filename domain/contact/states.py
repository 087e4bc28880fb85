"""The states of a contact, and how a fact changes them."""

from collections.abc import Mapping
from itertools import product
from typing import get_args

from domain.contact.facts import (
    Address,
    Channel,
    ConsentChanged,
    ContactAbsorbed,
    ContactCreated,
    ContactEvent,
    ContactMerged,
    ContactReportsTo,
    ContactSeparated,
    ContactUnmerged,
    ContactUpdated,
    DoNotContactSet,
    OutreachMade,
    OutreachReleased,
    OutreachReserved,
    Purpose,
    Slot,
    Standing,
    Wish,
)
from domain.errors import ImpossibleHistory
from domain.values import ContactId, Instant, Personal, replace, value

CHANNELS: tuple[Channel, ...] = get_args(Channel)
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
STANDINGS: tuple[Standing, ...] = get_args(Standing)

Wishes = Mapping[str, Wish]  # By channel and purpose, as `email/marketing`.


def about(channel: Channel, purpose: Purpose) -> str:
    return f"{channel}/{purpose}"


def standing(wishes: Wishes, of: str) -> Standing:
    found = wishes.get(of)
    return "unknown" if found is None else found.standing


def stricter(one: Wish | None, other: Wish | None) -> Wish | None:
    """Which of two wishes allows less: nothing said lies between a yes and a no. Of two alike, the older."""
    if one is None or other is None:
        said = one or other
        return None if said is None or said.standing == "given" else said
    return min(one, other, key=lambda wish: (-STANDINGS.index(wish.standing), wish.since))


# States


@value
class Profile:
    """What is known of the person."""

    name: Personal[str]
    addresses: tuple[Address, ...] = ()
    job_title: Personal[str] | None = None
    language: str | None = None
    time_zone: str | None = None
    note: Personal[str] | None = None
    reports_to: ContactId | None = None


@value
class Absorption:
    """A merge that can be undone: how the survivor was before it, at a version, and how after."""

    absorbed: ContactId
    version: int
    before: Profile
    after: Profile
    wishes_before: Wishes
    wishes_after: Wishes


@value
class NoContact: ...


@value
class Contact:
    profile: Profile
    wishes: Wishes
    reserved: Mapping[str, Slot]  # By ref: going to be made.
    made: tuple[Instant, ...] = ()  # What counts and can still be seen by a window, in order.
    absorptions: tuple[Absorption, ...] = ()  # The last one is the first that can be undone.


@value
class MergedContact:
    """It went into another one, and stands here as it was, in case it was somebody else after all."""

    into: ContactId
    was: Contact


AnyContact = NoContact | Contact | MergedContact


def evolve(contact: AnyContact, event: ContactEvent) -> AnyContact:
    match contact, event:
        case NoContact(), ContactCreated():
            return Contact(profile=profile_of(event), wishes={}, reserved={})
        case Contact(), ContactMerged(into=into):
            return MergedContact(into=into, was=contact)
        case MergedContact(was=was), ContactUnmerged(wishes=wishes, made=made, reports_to=above):
            profile = replace(was.profile, reports_to=above)
            return replace(was, profile=profile, wishes=wishes, reserved={}, made=made)
        case Contact(), _:
            return evolve_contact(contact, event)
        case _:
            raise ImpossibleHistory(contact, event)


def evolve_contact(contact: Contact, event: ContactEvent) -> Contact:
    match event:
        case ContactUpdated():
            return replace(contact, profile=updated(contact.profile, event))
        case ContactReportsTo(to=to):
            return replace(contact, profile=replace(contact.profile, reports_to=to))
        case ContactAbsorbed(absorbed=absorbed):
            profile = replace(profile_of(event), reports_to=event.reports_to)
            undo = Absorption(
                absorbed=absorbed,
                version=event.version,
                before=contact.profile,
                after=profile,
                wishes_before=contact.wishes,
                wishes_after=event.wishes,
            )
            return Contact(
                profile=profile,
                wishes=event.wishes,
                reserved=event.reserved,
                made=event.made,
                absorptions=(*contact.absorptions, undo),
            )
        case ContactSeparated(wishes=wishes):
            profile = replace(profile_of(event), reports_to=event.reports_to)
            return replace(contact, profile=profile, wishes=wishes, absorptions=contact.absorptions[:-1])
        case ConsentChanged(channel=channel, purpose=purpose, to=to, since=since):
            wish = Wish(standing=to, since=since)
            return replace(contact, wishes={**contact.wishes, about(channel, purpose): wish})
        case DoNotContactSet(channel=channel, since=since):
            refused = Wish(standing="refused", since=since)
            named = CHANNELS if channel is None else (channel,)
            no = {about(each, purpose): refused for each, purpose in product(named, PURPOSES)}
            later = {of: wish for of, wish in contact.wishes.items() if wish.since > since}
            return replace(contact, wishes={**contact.wishes, **no, **later})
        case OutreachReserved() | OutreachReleased() | OutreachMade():
            return evolve_outreach(contact, event)
        case _:
            raise ImpossibleHistory(contact, event)


def evolve_outreach(contact: Contact, event: OutreachReserved | OutreachReleased | OutreachMade) -> Contact:
    match event:
        case OutreachReserved(ref=ref):
            slot = Slot(
                channel=event.channel,
                purpose=event.purpose,
                at=event.at,
                counts=event.counts,
                reserved_at=event.reserved_at,
            )
            return seen_from(event.forget_before, replace(contact, reserved={**contact.reserved, ref: slot}))
        case OutreachReleased(ref=ref):
            return replace(contact, reserved=without(contact.reserved, ref))
        case OutreachMade(ref=ref, at=at, counts=counts):
            made = tuple(sorted((*contact.made, at))) if counts else contact.made
            kept = without(contact.reserved, ref)
            return seen_from(event.forget_before, replace(contact, reserved=kept, made=made))


def without(reserved: Mapping[str, Slot], ref: str) -> dict[str, Slot]:
    return {each: slot for each, slot in reserved.items() if each != ref}


def seen_from(start: Instant, contact: Contact) -> Contact:
    """What no window sees any more is forgotten; a reservation of that age will not be made any more."""
    reserved = {ref: slot for ref, slot in contact.reserved.items() if slot.at > start}
    return replace(contact, reserved=reserved, made=tuple(at for at in contact.made if at > start))


def profile_of(event: ContactCreated | ContactAbsorbed | ContactSeparated) -> Profile:
    return Profile(
        name=event.name,
        addresses=event.addresses,
        job_title=event.job_title,
        language=event.language,
        time_zone=event.time_zone,
        note=event.note,
    )


def updated(profile: Profile, event: ContactUpdated) -> Profile:
    return replace(
        profile,
        name=profile.name if event.name is None else event.name,
        addresses=profile.addresses if event.addresses is None else event.addresses,
        job_title=profile.job_title if event.job_title is None else event.job_title,
        language=profile.language if event.language is None else event.language,
        time_zone=profile.time_zone if event.time_zone is None else event.time_zone,
        note=profile.note if event.note is None else event.note,
    )
