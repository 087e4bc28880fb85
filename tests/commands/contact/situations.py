"""The situations that specs of contacts begin in, named once."""

from datetime import datetime, timedelta
from uuid import UUID

from commands.contact.outreach import ReserveOutreach
from domain.contact.facts import (
    Address,
    Channel,
    ConsentChanged,
    ContactAbsorbed,
    ContactCreated,
    ContactMerged,
    DoNotContactSet,
    OutreachMade,
    OutreachReserved,
    Purpose,
    Slot,
    Standing,
)
from domain.outreach_policy import STANDARD, OutreachPolicyPublished, OutreachTerms
from domain.values import ContactId
from tests.spec import START

LI, LIN, WU, XU, YU, ZU, HE = (ContactId(UUID(int=0xC0 + number)) for number in range(7))

PHONE = Address(kind="phone", value="+8613800000001")
EMAIL = Address(kind="email", value="li@example.cn")

standard = OutreachPolicyPublished(policy_id=STANDARD, number=1, terms=OutreachTerms())

created = ContactCreated(contact_id=LI, name="Li Na", addresses=(PHONE,), job_title="Buyer")
lin_created = ContactCreated(
    contact_id=LIN, name="Lina", addresses=(EMAIL, PHONE), language="zh-CN", time_zone="Asia/Urumqi", note="left-handed"
)


def another(contact_id: ContactId) -> ContactCreated:
    return ContactCreated(contact_id=contact_id, name="Somebody")


# What he allows


def consent(
    to: Standing = "given",
    *,
    channel: Channel = "email",
    purpose: Purpose = "marketing",
    from_: Standing = "unknown",
    since: datetime = START,
    contact_id: ContactId = LI,
) -> ConsentChanged:
    return ConsentChanged(
        contact_id=contact_id, channel=channel, purpose=purpose, from_=from_, to=to, evidence="form", since=since
    )


voiced = consent()


def silenced(channel: Channel | None = None, *, since: datetime = START, contact_id: ContactId = LI) -> DoNotContactSet:
    return DoNotContactSet(contact_id=contact_id, evidence="call", since=since, channel=channel)


# How often he is spoken to

MONTH = timedelta(days=30)


def reserve(ref: str = "c-1", purpose: Purpose = "sales", at: datetime | None = None) -> ReserveOutreach:
    return ReserveOutreach(contact_id=LI, ref=ref, channel="call", purpose=purpose, at=at)


def reserved(
    ref: str = "c-1", at: datetime = START, *, purpose: Purpose = "sales", asked: datetime = START
) -> OutreachReserved:
    return OutreachReserved(
        contact_id=LI,
        ref=ref,
        channel="call",
        purpose=purpose,
        at=at,
        counts=purpose != "service",
        policy_id=STANDARD,
        time_zone="Asia/Shanghai",
        forget_before=asked - MONTH,
        reserved_at=asked,
    )


def made(
    ref: str = "c-1",
    at: datetime = START,
    *,
    purpose: Purpose = "sales",
    channel: Channel = "call",
    asked: datetime | None = None,
) -> OutreachMade:
    return OutreachMade(
        contact_id=LI,
        ref=ref,
        channel=channel,
        purpose=purpose,
        at=at,
        counts=purpose != "service",
        forget_before=(asked or at) - MONTH,
    )


def slot(at: datetime = START, purpose: Purpose = "sales", asked: datetime = START) -> Slot:
    return Slot(channel="call", purpose=purpose, at=at, counts=purpose != "service", reserved_at=asked)


# One of two: Lina went into Li Na, who stood at version 1

absorbed = ContactAbsorbed(
    contact_id=LI,
    absorbed=LIN,
    version=1,
    taken=(),
    name="Li Na",
    addresses=(PHONE, EMAIL),
    job_title="Buyer",
    language="zh-CN",
    time_zone="Asia/Urumqi",
    note="left-handed",
    wishes={},
    reserved={},
)
merged = ContactMerged(contact_id=LIN, into=LI)
both = (created, lin_created)
one = (*both, absorbed, merged)
