"""Who is behind a phone number, an e-mail address, a WeChat id: one open lead and one customer each, at any moment."""

import re
import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal

import phonenumbers

from domain.errors import ImpossibleHistory, Invalid
from domain.values import CustomerId, IdentityId, Instant, LeadId, Personal, StaffId, fact, replace, value

IdentityKind = Literal["phone", "email", "wechat", "external"]
Cooling = Mapping[StaffId, Instant]  # Until when a previous owner must wait.


@value
class Identifier:
    """What a person can be found by. A national phone number needs its region, an external id its system."""

    kind: IdentityKind
    value: str
    system: str | None = None
    region: str | None = None

    def __hash__(self) -> int:
        return hash(self.value)  # Enough to tell them apart, and a text keeps its hash.


EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
MASKED = re.compile(r"[*•]|[0-9][xX]{2}")
INTERNATIONAL = re.compile(r"\+[1-9][0-9]{4,14}")
WECHAT = re.compile(r"[a-z][a-z0-9_-]{5,19}")


@lru_cache(maxsize=1_000)
def normalised(given: Identifier) -> Identifier:
    """The one spelling under which two are the same: E.164, lower case, NFKC without blanks around it.

    Refuses what cannot be one, with Invalid.
    """
    text = unicodedata.normalize("NFKC", given.value).strip()
    if not text.isprintable():
        raise Invalid(field="identities", because="this has characters that cannot be read")
    match given.kind:
        case "phone":
            return Identifier(kind="phone", value=e164(text, given.region))
        case "email":
            if not EMAIL.fullmatch(text):
                raise Invalid(field="identities", because="this is no e-mail address")
            return Identifier(kind="email", value=text.lower())
        case "wechat":
            if not WECHAT.fullmatch(text.lower()):
                raise Invalid(field="identities", because="this is no WeChat id")
            return Identifier(kind="wechat", value=text.lower())
        case "external":
            system = unicodedata.normalize("NFKC", given.system or "").strip()
            if not text or not system or not system.isprintable():
                raise Invalid(field="identities", because="an external id names its system and is not empty")
            return Identifier(kind="external", value=text, system=system)


def e164(text: str, region: str | None) -> str:
    if is_e164(text):
        return text
    if MASKED.search(text):  # The parser would leave that out, or take it for digits, and find somebody else's number.
        raise Invalid(field="identities", because="this is a masked number, of which digits are hidden")
    try:
        number = phonenumbers.parse(text, region and region.upper())
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_possible_number(number):
        raise Invalid(field="identities", because="this is no phone number: +86 …, or a national one and its region")
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def is_e164(text: str) -> bool:
    """Whether a number is written just so already: most come that way, and parsing them takes long."""
    if not INTERNATIONAL.fullmatch(text):
        return False
    for digits in (1, 2, 3):
        if rules := national_numbers(int(text[1 : 1 + digits])):
            number, prefix = rules
            # What may be a national prefix, only the parser knows to leave out.
            return number.fullmatch(text, 1 + digits) is not None and prefix.match(text, 1 + digits) is None
    return False


@lru_cache(maxsize=1_000)
def national_numbers(country_code: int) -> tuple[re.Pattern[str], re.Pattern[str]] | None:
    """What may follow a country calling code, and what may be dialled before it; None where there is no such code."""
    region = phonenumbers.region_code_for_country_code(country_code)
    if region == phonenumbers.phonenumberutil.UNKNOWN_REGION:
        return None
    about = phonenumbers.PhoneMetadata.metadata_for_region_or_calling_code(country_code, region)
    if about is None or about.general_desc is None or about.general_desc.national_number_pattern is None:
        return None
    prefix = about.national_prefix_for_parsing or about.national_prefix or "0"
    return re.compile(about.general_desc.national_number_pattern), re.compile(f"(?:{prefix}|0)")


@value
class IdentityLink:
    """An identifier as a subject holds it: the stream that guards it, and the value itself, which is personal."""

    identity_id: IdentityId
    kind: IdentityKind
    value: Personal[str]
    system: str | None = None


def latest(*several: Cooling | None) -> Cooling | None:
    """All of them together: each waits as long as any says."""
    found: dict[StaffId, Instant] = {}
    for each in several:
        for person, until in (each or {}).items():
            found[person] = max(until, found.get(person, until))
    return found or None


# Facts


@fact("identity.reserved")
class IdentityReserved:
    identity_id: IdentityId
    kind: IdentityKind
    lead_id: LeadId


@fact("identity.reassigned")
class IdentityReassigned:
    identity_id: IdentityId
    from_: LeadId
    to: LeadId


@fact("identity.released")
class IdentityReleased:
    """`cooling`: until when who held the lead must wait, whatever lead comes next under this identity."""

    identity_id: IdentityId
    lead_id: LeadId
    cooling: Cooling | None = None


# Facts of the other axis: whose it is, whatever lead is open


@fact("identity.attributed")
class IdentityAttributed:
    identity_id: IdentityId
    kind: IdentityKind
    customer_id: CustomerId


@fact("identity.reattributed")
class IdentityReattributed:
    """Two customers turned out to be one, or two after all."""

    identity_id: IdentityId
    from_: CustomerId
    to: CustomerId


@fact("identity.detached")
class IdentityDetached:
    identity_id: IdentityId
    customer_id: CustomerId


IdentityEvent = (
    IdentityReserved
    | IdentityReassigned
    | IdentityReleased
    | IdentityAttributed
    | IdentityReattributed
    | IdentityDetached
)


# States. Which lead holds it and whose it is are independent: a customer may well be talked to once more.


@value
class Unheld:
    identity_id: IdentityId
    cooling: Cooling | None = None
    customer_id: CustomerId | None = None


@value
class HeldBy:
    identity_id: IdentityId
    lead_id: LeadId
    customer_id: CustomerId | None = None


Identity = Unheld | HeldBy


def evolve(identity: Identity, event: IdentityEvent) -> Identity:
    match identity, event:
        case Unheld(identity_id=identity_id, customer_id=customer_id), IdentityReserved(lead_id=lead_id):
            return HeldBy(identity_id=identity_id, lead_id=lead_id, customer_id=customer_id)
        case HeldBy(), IdentityReassigned(to=to):
            return replace(identity, lead_id=to)
        case HeldBy(identity_id=identity_id, customer_id=customer_id), IdentityReleased(cooling=cooling):
            return Unheld(identity_id=identity_id, cooling=cooling, customer_id=customer_id)
        case _, IdentityAttributed(customer_id=customer_id) if identity.customer_id is None:
            return replace(identity, customer_id=customer_id)
        case _, IdentityReattributed(from_=before, to=after) if identity.customer_id == before:
            return replace(identity, customer_id=after)
        case _, IdentityDetached(customer_id=customer_id) if identity.customer_id == customer_id:
            return replace(identity, customer_id=None)
        case _:
            raise ImpossibleHistory(identity, event)
