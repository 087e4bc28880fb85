"""Whether somebody may be contacted now: a place in his days, weeks and months, reserved before anything is sent."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from commands.contact.contacts import contacts, still_itself
from domain.access import Action
from domain.actor import Asked
from domain.catalog import coded
from domain.contact.facts import Channel, OutreachMade, OutreachReleased, OutreachReserved, Purpose, Slot, Unwished
from domain.contact.refusals import (
    ConsentMissing,
    ConsentWithdrawn,
    ContactedOften,
    DoNotContact,
    OutreachAlreadyReserved,
    OutreachNotReserved,
    QuietHours,
)
from domain.contact.states import CHANNELS, Contact, MergedContact, about
from domain.errors import Invalid, Refused, require
from domain.outreach_policy import (
    MONTH,
    STANDARD,
    AnyOutreachPolicy,
    OutreachPolicy,
    OutreachTerms,
    hindrance,
    next_allowed,
)
from domain.values import ContactId, Instant, PolicyId, replace, value

LONGEST_AHEAD = timedelta(days=366)
NEVER: dict[type[Refused], Unwished] = {
    DoNotContact: "do-not-contact",
    ConsentWithdrawn: "consent-withdrawn",
    ConsentMissing: "consent-missing",
}


@value
class ReserveOutreach:
    """`ref` is what the outreach is called where it is made; `at` is when, and now where nothing is said. A policy that
    is named holds beside the standard one, and permits nothing that this does not.
    """

    contact_id: ContactId
    ref: str
    channel: Channel
    purpose: Purpose
    at: Instant | None = None
    policy_id: PolicyId = STANDARD


def policy_named(command: ReserveOutreach) -> PolicyId:
    return command.policy_id


def the_standard() -> PolicyId:
    return STANDARD


@contacts.decides(Action.WORK, policy=policy_named, standard=the_standard)
def reserve(
    command: ReserveOutreach,
    contact: Contact | MergedContact,
    policy: AnyOutreachPolicy,
    standard: AnyOutreachPolicy,
    asked: Asked,
) -> OutreachReserved | None:
    """Reserve a place for an outreach, or be told why not, and from when on."""
    if asked.imported or command.policy_id == STANDARD:
        return reserve_outreach(command, contact, policy, asked)
    usual = require(standard, OutreachPolicy).terms
    counts = command.purpose not in usual.exempt
    reserved = reserve_outreach(command, contact, policy, asked, counts=counts)
    if reserved is not None:
        person = still_itself(command.contact_id, contact)
        must_be_wished(person, command.channel, command.purpose, usual)
        if counts:
            zone = person.profile.time_zone or usual.time_zone
            must_not_be_too_much(person, usual, zone, reserved.at, asked)
    return reserved


def reserve_outreach(
    command: ReserveOutreach,
    contact: Contact | MergedContact,
    policy: AnyOutreachPolicy,
    asked: Asked,
    *,
    counts: bool = False,
) -> OutreachReserved | None:
    """A place under one policy; whether it counts, if not by that one, who asks may know."""
    person = still_itself(command.contact_id, contact)
    at = instant_of(command.at, asked)
    terms = OutreachTerms() if asked.imported else require(policy, OutreachPolicy).terms
    if isinstance(policy, OutreachPolicy):
        terms = policy.terms
    slot = Slot(
        channel=command.channel, purpose=command.purpose, at=at, counts=counts or command.purpose not in terms.exempt
    )
    if (reserved := person.reserved.get(command.ref)) is not None:
        if replace(reserved, reserved_at=None) != slot:
            raise OutreachAlreadyReserved(ref=command.ref, at=reserved.at)
        return None  # Asking twice is not an error.
    zone = person.profile.time_zone or terms.time_zone
    if not asked.imported:
        must_be_wished(person, command.channel, command.purpose, terms)
        if slot.counts:
            must_not_be_too_much(person, terms, zone, at, asked)
    return OutreachReserved(
        contact_id=command.contact_id,
        ref=coded("ref", command.ref),
        channel=command.channel,
        purpose=command.purpose,
        at=at,
        counts=slot.counts,
        policy_id=command.policy_id,
        time_zone=zone,
        forget_before=asked.at - MONTH,
        reserved_at=asked.at,
    )


def instant_of(at: Instant | None, asked: Asked) -> Instant:
    """When it is to be made: not in the past, unless it is history, and not beyond what anybody plans."""
    if at is None:
        return asked.at
    if at < asked.at and not asked.imported:
        raise Invalid(field="at", because="that has passed already")
    if at > asked.at + LONGEST_AHEAD:
        raise Invalid(field="at", because=f"an outreach is reserved at most {LONGEST_AHEAD.days} days ahead")
    return at


def must_be_wished(person: Contact, channel: Channel, purpose: Purpose, terms: OutreachTerms) -> None:
    """What the person has said comes before every policy, for every purpose."""
    wish = person.wishes.get(about(channel, purpose))
    if wish is None:
        if purpose in terms.opt_in:
            raise ConsentMissing(channel=channel, purpose=purpose)
        return
    match wish.standing:
        case "refused":
            raise DoNotContact(channel=channel, since=wish.since)
        case "withdrawn":
            raise ConsentWithdrawn(channel=channel, purpose=purpose, since=wish.since)
        case "unknown" if purpose in terms.opt_in:
            raise ConsentMissing(channel=channel, purpose=purpose)
        case _:
            pass


def wished_by(people: Iterable[Contact], purpose: Purpose, terms: OutreachTerms) -> tuple[Channel, ...]:
    """The channels that nobody of them minds. Where there is none left, raises what speaks against the first."""
    people, found = tuple(people), list[Channel]()
    against: Refused | None = None
    for channel in CHANNELS:
        try:
            for person in people:
                must_be_wished(person, channel, purpose, terms)
        except (ConsentMissing, ConsentWithdrawn, DoNotContact) as no:
            against = against or no
        else:
            found.append(channel)
    if not found and against is not None:
        raise against
    return tuple(found)


def must_not_be_too_much(person: Contact, terms: OutreachTerms, zone: str, at: Instant, asked: Asked) -> None:
    """No window that it would lie in is full, and it is no quiet hour there."""
    others = [each for each in counted(person) if each > asked.at - MONTH]
    found = hindrance(terms, zone, others, at)
    if found is None:
        return
    first = next_allowed(terms, zone, others, at)
    if found.because == "quiet-hours":
        quiet = f"{terms.quiet_from}-{terms.quiet_until}"
        raise QuietHours(quiet=quiet, time_zone=zone, next_at=first)
    raise ContactedOften(window=found.because, held=found.held, limit=found.limit, next_at=first)


def counted(person: Contact) -> list[datetime]:
    """What windows see: what has been made, and what is going to be."""
    return [*person.made, *(slot.at for slot in person.reserved.values() if slot.counts)]


@value
class ReleaseOutreach:
    contact_id: ContactId
    ref: str


@contacts.decides(Action.WORK)
def release_outreach(command: ReleaseOutreach, contact: Contact | MergedContact) -> OutreachReleased:
    """It was not made after all: the place is free again."""
    if command.ref not in still_itself(command.contact_id, contact).reserved:
        raise OutreachNotReserved(ref=command.ref)
    return OutreachReleased(contact_id=command.contact_id, ref=command.ref)


@value
class RecordOutreach:
    """`at` is when it was made, and now where nothing is said. History, which reserved nothing, says by which channel
    and for what.
    """

    contact_id: ContactId
    ref: str
    at: Instant | None = None
    channel: Channel | None = None
    purpose: Purpose | None = None


@contacts.decides(Action.WORK)
def record_outreach(command: RecordOutreach, contact: Contact | MergedContact, asked: Asked) -> OutreachMade:
    """It has been made, and counts from when it was."""
    person = still_itself(command.contact_id, contact)
    at = command.at or asked.at
    if at > asked.at:
        raise Invalid(field="at", because="what has been made lies in the past")
    slot = person.reserved.get(command.ref) or told(command, at, asked)
    if slot.reserved_at is not None and at < slot.reserved_at and not asked.imported:
        raise Invalid(field="at", because="it was not made before its place was reserved")
    return OutreachMade(
        contact_id=command.contact_id,
        ref=coded("ref", command.ref),
        channel=slot.channel,
        purpose=slot.purpose,
        at=at,
        counts=slot.counts,
        forget_before=asked.at - MONTH,
    )


def told(command: RecordOutreach, at: Instant, asked: Asked) -> Slot:
    """What history says of an outreach that nobody reserved; it counts as it would by the usual terms."""
    if not asked.imported:
        raise OutreachNotReserved(ref=command.ref)
    if command.channel is None or command.purpose is None:
        raise Invalid(field="channel", because="what was not reserved says its channel and its purpose")
    counts = command.purpose not in OutreachTerms().exempt
    return Slot(channel=command.channel, purpose=command.purpose, at=at, counts=counts)
