"""Whatever is in a command, the answer is a yes or a no in words: never an error of ours."""

from collections.abc import Mapping
from dataclasses import MISSING, fields, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commands import DECIDERS
from commands.ask import Answer, Ask, Outcome
from domain.actor import Actor, Reason
from domain.catalog import LEAD_FIELDS, CatalogPublished, CustomField
from domain.errors import Refused
from domain.group import GroupPublished, Question
from domain.identity import Identifier
from domain.money import Money
from domain.target import TargetSet
from domain.values import (
    CalendarId,
    CalibrationId,
    CallId,
    CampaignId,
    CatalogId,
    ChurnModelId,
    ContactId,
    CustomerId,
    GroupId,
    IdentityId,
    LeadId,
    OrderId,
    OrgPath,
    PolicyId,
    PoolId,
    ReviewId,
    ScorecardId,
    StaffId,
    TargetId,
    TicketId,
    TopicName,
    ViewName,
)
from tests.commands.call.situations import CALL, SPARE_CALL, dispositions, talked
from tests.commands.contact.situations import LI, LIN, created, lin_created, standard, voiced
from tests.commands.customer import situations as of_customers
from tests.commands.lead.situations import (
    CUSTOMER,
    EMAIL,
    LEAD,
    OTHER,
    PHONE,
    THIRD,
    by_web,
    captured,
    claimed,
    contacted,
    freed,
    lost,
    negotiating,
    other_captured,
    pooled,
    published,
    qualified,
)
from tests.commands.office import Process, Rows
from tests.commands.order.situations import ORDER, SPARE_ORDER, attributed, paid, placed
from tests.commands.quality import situations as quality
from tests.commands.ticket.situations import OTHER as OTHER_TICKET
from tests.commands.ticket.situations import TICKET, leo, other_opened, taken, tom
from tests.spec import ADAPTERS, ANN, START, administrator, ann, crm, day, mia, person, policy, sue

COMMANDS = sorted((command for decider in DECIDERS for command in decider.rules), key=lambda kind: kind.__name__)
own_fields = CatalogPublished(catalog_id=LEAD_FIELDS, number=1, fields=(CustomField(name="size", type="integer"),))


def known_customers() -> tuple[object, ...]:
    """One who owes something, and another one; their identities are beside those of the leads."""
    first, second = of_customers.created[0], of_customers.other_created[0]
    third = of_customers.link(3, Identifier(kind="external", value="7", system="shop"))
    return (
        replace(first, identities=(third,)),
        of_customers.attributed(3, kind="external"),
        replace(second, identities=()),
        of_customers.assigned(),
        of_customers.ordered(OrderId(UUID(int=6))),
        of_customers.level(),
        of_customers.reserved(900, OrderId(UUID(int=6))),
    )


HISTORY = (
    *published,
    own_fields,
    *captured,
    *other_captured,
    pooled(),
    *claimed(),
    contacted,
    qualified,
    negotiating,
    pooled(OTHER),
    *quality.at("published"),
    *quality.whole(quality.OTHER, ANN, quality.POOR),
    quality.coaching,
    quality.opened,
    quality.ina_scored,
    dispositions,
    *talked,
    *placed,
    *paid,
    *attributed,
    standard,
    created,
    lin_created,
    voiced,
    by_web,
    TargetSet(
        target_id=TargetId("ann-2026-03"), number=1, period="2026-03", metric="calls", staff_id=StaffId("ann"), count=9
    ),
    GroupPublished(group_id=GroupId("lately"), number=1, name="Lately", question=Question(view="funnel")),
    *taken,
    *other_opened,
    *of_customers.controllers,
    *of_customers.published,
    *known_customers(),
)
EARLIER = (*quality.at("submitted"), quality.requested, quality.second_assigned, quality.opened, quality.ivo_scored)

text = st.sampled_from(["", " ", "price", "a/b", "\0", "北", "wrong-number", "9" * 4_000]) | st.text(max_size=9)
moments = st.sampled_from(
    [START, day(4, 4), day(12, 31), datetime.max.replace(tzinfo=UTC), datetime.min.replace(tzinfo=UTC)]
)
moments |= st.datetimes(timezones=st.just(UTC))
numbers = st.integers(-3, 101) | st.integers(-(2**70), 2**70)
LEAVES: dict[Any, st.SearchStrategy[Any]] = {
    str: text,
    int: numbers,
    bool: st.booleans(),
    date: st.dates(),
    datetime: moments,
    Money: st.sampled_from(
        [
            Money(amount=Decimal(amount), currency=currency)
            for amount, currency in (("0", "CNY"), ("-1", "EUR"), ("9" * 18, "JPY"), ("0.001", "KWD"), ("1E+9", "CNY"))
        ]
    ),
    Decimal: st.sampled_from(list(map(Decimal, ("0", "1", "0.5", "-0.0", "0.33333", "100", "1E+99", "1E-99")))),
    NoneType: st.none(),
    LeadId: st.sampled_from([LEAD, OTHER, THIRD]),
    OrderId: st.sampled_from([ORDER, SPARE_ORDER]),
    UUID: st.sampled_from([UUID(int=6), UUID(int=7)]),
    CallId: st.sampled_from([CALL, SPARE_CALL, quality.CALL, CallId(quality.OTHER), CallId(UUID(int=7))]),
    ReviewId: st.sampled_from([quality.REVIEW, quality.OTHER, ReviewId(UUID(int=7))]),
    CalibrationId: st.sampled_from([quality.ROUND, CalibrationId(UUID(int=8))]),
    ScorecardId: st.sampled_from(["service", "new", "a/b", ""]),
    PolicyId: st.sampled_from(["service-calls", "calls", "standard", "north-web", "gold", "other", "new", "a/b", ""]),
    CalendarId: st.sampled_from(["office", "new", "a/b", ""]),
    StaffId: st.sampled_from(["ann", "ina", "ivo", "mia", "bob", "sue", "nobody", "a b", "", "\0"]),
    ContactId: st.sampled_from([LI, LIN, ContactId(UUID(int=5))]),
    IdentityId: st.just(IdentityId(UUID(int=1))),
    TargetId: st.sampled_from(["ann-2026-03", "a/b", ""]),
    ChurnModelId: st.sampled_from(["standard", "a/b", ""]),
    ViewName: st.sampled_from(["funnel", "a/b", ""]),
    TopicName: st.sampled_from(["shop.orders.v1", "a/b", ""]),
    CampaignId: st.sampled_from(["spring", "a/b", ""]),
    GroupId: st.sampled_from(["lately", "a/b", ""]),
    TicketId: st.sampled_from([TICKET, OTHER_TICKET]),
    CustomerId: st.sampled_from([CUSTOMER, of_customers.LI, of_customers.OTHER, of_customers.THIRD]),
    PoolId: st.sampled_from(["north", "south", "west", "a/b", ""]),
    CatalogId: st.sampled_from(["lost-reasons", "lead-fields", "new", "a/b", ""]),
    OrgPath: st.sampled_from(["north", "north/team-1", "", "/", "a//b", "%", "\0"]),
    Identifier: st.sampled_from([PHONE, EMAIL])
    | st.builds(
        Identifier,
        kind=st.sampled_from(["phone", "email", "wechat", "external"]),
        value=text,
        system=st.none() | text,
        region=st.none() | text,
    ),
}


def values(hint: Any) -> st.SearchStrategy[Any]:
    """Any value of a type, the odd ones above all; some of them cannot even be made, and arrive nowhere."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in LEAVES:
        return LEAVES[hint]
    if origin is Annotated:
        return values(arguments[0])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (Union, UnionType):
        return st.one_of(*map(values, arguments))
    if origin is tuple:
        return st.lists(values(arguments[0]), max_size=3).map(tuple)
    if origin is Mapping:
        keys = st.sampled_from(["size", "colour", ""]) if arguments[0] is str else values(arguments[0])
        return st.dictionaries(keys, values(arguments[1]), max_size=2)
    hints = get_type_hints(hint, include_extras=True)
    given = {field.name: values(hints[field.name]) for field in fields(hint)}
    always = {field.name for field in fields(hint) if field.default is MISSING}
    words = st.fixed_dictionaries(
        {name: given[name] for name in always}, optional={name: given[name] for name in given.keys() - always}
    )
    return words.map(lambda found: made(hint, found)).filter(lambda made: made is not None)


def made(kind: type, words: Mapping[str, Any]) -> Any:
    """The value as it would arrive; None where it is refused at the door already."""
    try:
        value = kind(**words)
        return (
            ADAPTERS[kind].validate_json(ADAPTERS[kind].dump_json(value, by_alias=True)) if kind in ADAPTERS else value
        )
    except ValueError:
        return None


PLACES = Rows(*HISTORY), Rows(*HISTORY, lost, freed(1)), Rows(*EARLIER), Rows()
callers = st.sampled_from(
    [
        ann,
        mia,
        sue,
        tom,
        leo,
        quality.ina,
        quality.ivo,
        quality.quin,
        crm,
        policy,
        of_customers.cora,
        administrator,
        person("nobody"),
        Actor(kind="service", id="x"),
    ]
)


@pytest.mark.slow
@pytest.mark.parametrize("kind", COMMANDS, ids=lambda kind: kind.__name__)
@given(data=st.data())
@settings(max_examples=(settings.default or settings()).max_examples // 8)  # Of each of some two hundred commands.
def test_whatever_is_in_a_command_the_answer_is_yes_or_no(kind: type, data: st.DataObject) -> None:
    process = Process(data.draw(st.sampled_from(PLACES)).copied(), now=day(4, 2))
    imported = data.draw(st.booleans())
    ask = Ask(
        data.draw(values(kind)),
        UUID(int=1 << 64),
        administrator if imported else data.draw(callers),
        imported=imported,
        actor=data.draw(callers) if imported else None,
        occurred_at=data.draw(moments) if imported else None,
        reason=data.draw(st.none() | st.builds(Reason, code=text, text=st.none() | text)),
    )
    (answer,) = process(ask)
    assert said_in_words(answer), ask
    assert [said_in_words(each) for each in process(ask, ask)] == [True, True]


def said_in_words(answer: Answer) -> bool:
    if isinstance(answer, Exception) and not isinstance(answer, Refused):
        raise answer
    return bool(str(answer.refusal or "done") if isinstance(answer, Outcome) else str(answer))
