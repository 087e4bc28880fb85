"""What is known of a customer, in one row."""

from domain.customer.dossier import ContactRole, CustomerType, Segment
from domain.customer.facts.lifecycle import Direction
from domain.customer.facts.terms import Status
from domain.revenue import Standing
from domain.values import ContactId, CustomerId, IdentityId, Instant, LeadId, OrderId
from projections.looked_after import LookedAfter
from projections.rows import OfPerson, PersonalText, table


@table
class CustomerCard(LookedAfter, OfPerson):
    """`status` is where he is in the lifecycle; `credit_restricted` (信用受限) is another axis: it lasts as long as a
    hold, for which `hold_reason` is. Contacts have the role in the same place, tags who says so, and `orders`, which
    are the paid ones that were not wholly refunded, when each was paid. `courses` are what he learns, the last in which
    he was first: how many lessons he has done, of how many, where that is known, and when.

    Who was merged into another one stays as a way to him, with the name and the phones under which he is looked for;
    `became` are whom he became in turn, and `is_now` who answers for him, himself where nobody else does. So all that
    is known of one person is found by it. What both had, the survivor has; but for phones, which stay with who brought
    them.
    """

    customer_id: CustomerId
    is_now: CustomerId
    type: CustomerType
    created_at: Instant
    status: Status = "prospect"
    status_since: Instant
    became: tuple[CustomerId, ...] = ()
    name: PersonalText | None = None
    preferences: PersonalText | None = None
    motive: PersonalText | None = None
    family: PersonalText | None = None
    phones: tuple[str, ...] = ()
    phone_ids: tuple[IdentityId, ...] = ()
    registered: bool = False
    segment: Segment | None = None
    standing: Standing = "usual"
    credit_level: str | None = None
    credit_restricted: bool = False
    hold_reason: str | None = None
    risk_flags: tuple[str, ...] = ()
    legal_holds: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    tag_sources: tuple[str, ...] = ()
    contact_ids: tuple[ContactId, ...] = ()
    contact_roles: tuple[ContactRole, ...] = ()
    primary_contact: ContactId | None = None
    leads: tuple[LeadId, ...] = ()
    orders: tuple[OrderId, ...] = ()
    paid_at: tuple[Instant, ...] = ()
    last_order_at: Instant | None = None
    touched_at: Instant | None = None
    touch_channel: str | None = None
    touch_direction: Direction | None = None
    touch_note: PersonalText | None = None
    active_at: Instant | None = None
    courses: tuple[str, ...] = ()
    lessons_done: tuple[int, ...] = ()
    lessons: tuple[int | None, ...] = ()
    learned_at: tuple[Instant, ...] = ()
