"""All that is kept about one customer, as a value: so that two can become one, and be two again."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from domain.identity import IdentityKind
from domain.money import Money, sum_of
from domain.revenue import Standing
from domain.values import ContactId, IdentityId, Instant, OrderId, Personal, StaffId, value

CustomerType = Literal["individual", "company", "merchant", "partner", "distributor", "competitor"]
OwnerRole = Literal["primary", "key_account", "service", "partner"]
ROLES: tuple[OwnerRole, ...] = ("primary", "key_account", "service", "partner")
ContactRole = Literal["decides", "influences", "uses", "pays", "blocks", "irrelevant"]
Segment = Literal["A", "B", "C", "D", "E"]  # By value and frequency; A has not bought yet.
KEY_SEGMENT: Segment = "E"  # Of those who spend much, and often.
Access = Literal["read", "work"]


@value
class Profile:
    """What is known of the person: preferences, why he buys, and whom he buys for."""

    name: Personal[str] | None = None
    preferences: Personal[str] | None = None
    motive: Personal[str] | None = None
    family: Personal[str] | None = None


@value
class LinkedContact:
    role: ContactRole
    primary: bool = False


@value
class Collaboration:
    access: Access
    until: Instant | None = None


@value
class Ends:
    """What one order brings, by the terms that held when it was noted: until when it makes him new, and when he is
    dormant and lost unless he has bought again.
    """

    new_until: Instant
    dormant_at: Instant
    churned_at: Instant


@value
class PaidOrder:
    """`refunded` is the whole of it. One that was noted before any terms were published has no `ends` until there are
    some; by the `products` that were bought they will find its product line.
    """

    paid_at: Instant
    product_line: str | None = None
    refunded: bool = False
    ends: Ends | None = None
    products: tuple[str, ...] = ()


@value
class Learned:
    """So many lessons of a course were done when he was last there; `of` how many, where that is known."""

    at: Instant
    done: int
    of: int | None = None


MOST_COURSES = 20  # That are remembered: the last in which he was.


def with_learned(learning: Mapping[str, Learned] | None, course: str, learned: Learned) -> Mapping[str, Learned]:
    """The last in which he was first, of each what is told last of it: it may be told in another order."""
    told = dict(learning or {})
    known = told.get(course)
    if known is None or (known.at, known.done) < (learned.at, learned.done):
        told[course] = learned
    latest = sorted(told, key=lambda each: (told[each].at, each), reverse=True)
    return {each: told[each] for each in latest[:MOST_COURSES]}


@value
class Ahead:
    """What the lifecycle clock has to ask for in a customer's present status, and when, if nothing happens before."""

    active_at: Instant | None = None
    dormant_at: Instant | None = None
    churned_at: Instant | None = None


@value
class CreditLine:
    """A level as it was when it was given: what is published later does not change it."""

    level: str
    limit: Money
    terms: str
    alert_percent: int
    overdue_days: int
    max_quantity: int | None = None


@value
class CreditOverride:
    """So much more than the limit, for a time."""

    amount: Money
    until: Instant
    requested_by: StaffId
    by: StaffId


OVERDUE = "overdue"  # The one reason of a hold that a program can show.


@value
class CreditHold:
    reason: str
    invoice_no: str | None = None

    @property
    def is_of_an_invoice(self) -> bool:
        return self.reason == OVERDUE


@value
class Credit:
    reservations: Mapping[OrderId, Money]
    line: CreditLine | None = None
    overrides: tuple[CreditOverride, ...] = ()
    hold: CreditHold | None = None
    alerted: bool = False

    def exposure(self, currency: str) -> Money:
        """All that is reserved in a currency."""
        nothing = Money(amount=Decimal(0), currency=currency)
        return sum_of(nothing, tuple(each for each in self.reservations.values() if each.currency == currency))

    def allowed(self, line: CreditLine, at: Instant) -> Money:
        """The limit, and what has been granted beyond it and not ended."""
        return sum_of(
            line.limit,
            tuple(
                each.amount
                for each in self.overrides
                if at < each.until and each.amount.currency == line.limit.currency
            ),
        )


@value
class Dossier:
    customer_type: CustomerType
    profile: Profile
    identities: Mapping[IdentityId, IdentityKind]
    owners: Mapping[OwnerRole, StaffId]
    collaborators: Mapping[StaffId, Collaboration]
    contacts: Mapping[ContactId, LinkedContact]
    tags: Mapping[str, str]  # And who says so.
    orders: Mapping[OrderId, PaidOrder]
    credit: Credit
    registered: bool = False
    segment: Segment | None = None
    standing: Standing = "usual"
    active_at: Instant | None = None  # When he last came by himself.
    risk_flags: tuple[str, ...] = ()
    legal_holds: tuple[str, ...] = ()
    contracts: Mapping[str, Instant] | None = None  # And until when each binds.
    learning: Mapping[str, Learned] | None = None  # How far he has come in each course.


def is_key_account(segment: Segment | None, standing: Standing) -> bool:
    """By either: his segment of value, or that he is among those who bring most."""
    return segment == KEY_SEGMENT or standing == "best"


def bound_until(contracts: Mapping[str, Instant] | None, at: Instant) -> Instant | None:
    """When the last of those ends that bind him at that instant; None is none."""
    return max((until for until in (contracts or {}).values() if at < until), default=None)
