"""What the chat tells, late, twice and in any order, and which leads there are then."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from commands.lead.intake import ReceiveEnquiry
from consumers.inbound.chat import chat_leads
from domain.errors import NotNow
from domain.identity import Identifier
from domain.lead.facts.intake import DuplicateSuspected, LeadCaptured, TouchRecorded
from domain.lead.states import Open
from domain.money import Money
from domain.values import LONGEST_TEXT, LeadId
from tests.commands.lead.situations import LEAD, PHONE, captured
from tests.consumers.inbound.provider import Provider, our_id

LI = {"name": "李女士", "phone": "138 0000 0009", "country": "CN"}
ITS = LeadId(our_id("lead", "chat", "c-1"))
left: dict[str, Any] = {
    "id": "m-1",
    "type": "lead-left",
    "conversation": "c-1",
    "visitor": LI,
    "origin": {"site": "mini-program", "campaign": "spring sale"},
    "product": "piano",
    "budget": {"amount": "30000", "currency": "CNY"},
    "summary": "想买一架钢琴",
}
updated = {**left, "id": "m-2", "type": "lead-updated", "summary": "周末可以看琴"}
his = Identifier(kind="phone", value="+8613800000009")
talk = Identifier(kind="external", value="c-1", system="chat")


def of(events: list[object], kind: type) -> list[Any]:
    return [each for each in events if isinstance(each, kind)]


def said_by(visitor: dict[str, Any], **words: Any) -> dict[str, Any]:
    return {**left, "visitor": visitor, **words}


# What it comes to


def test_who_has_left_word_becomes_a_lead() -> None:
    chat = Provider(chat_leads)
    assert chat.commands(left) == [
        ReceiveEnquiry(
            lead_id=ITS,
            source="mini-program",
            channel="chat",
            identities=(his, talk),
            ref="chat/c-1",
            note="想买一架钢琴",
            campaign="spring-sale",
            name="李女士",
            product_line="piano",
            requested_amount=Money(amount=Decimal("30000.00"), currency="CNY"),
        )
    ]
    (new,) = of(chat.sends(left), LeadCaptured)
    assert (new.lead_id, new.name, new.campaign, new.channel) == (ITS, "李女士", "spring-sale", "chat")
    assert [(each.kind, each.value) for each in new.identities] == [("phone", his.value), ("external", "c-1")]
    assert not chat.refusals


def test_who_has_an_open_lead_is_touched() -> None:
    chat = Provider(chat_leads, *captured)
    assert chat.sends(said_by({"phone": PHONE.value})) == [
        TouchRecorded(lead_id=LEAD, channel="chat", ref="chat/c-1", note="想买一架钢琴")
    ]


def test_what_is_told_of_a_conversation_again_is_a_touch_of_its_lead() -> None:
    chat = Provider(chat_leads)
    chat.sends(said_by({}))
    more = {**updated, "visitor": {**LI, "email": "li@example.com"}}
    assert chat.sends(more) == [
        TouchRecorded(lead_id=ITS, channel="chat", ref="chat/c-1", note="周末可以看琴\n+8613800000009\nli@example.com")
    ]
    assert chat.state(f"lead/{ITS}").identities.keys() == {chat.knows.find(talk)}
    assert chat.knows.find(his) is None, "that it is the same person's nobody knows"


def test_the_next_conversation_of_the_same_person_is_one_more_touch() -> None:
    chat = Provider(chat_leads)
    chat.sends(left)
    touches = chat.sends({**left, "id": "m-3", "conversation": "c-2"})
    assert touches == [TouchRecorded(lead_id=ITS, channel="chat", ref="chat/c-2", note="想买一架钢琴")]


def test_two_leads_in_one_conversation_may_be_one() -> None:
    chat = Provider(chat_leads, *captured)
    chat.sends(said_by({}))
    events = chat.sends({**updated, "visitor": {"phone": PHONE.value}})
    assert len(of(events, TouchRecorded)) == 2
    assert len(of(events, DuplicateSuspected)) == 1


# Late, out of order, twice


def test_of_what_is_told_twice_nothing_happens_twice() -> None:
    chat = Provider(chat_leads)
    chat.sends(left)
    assert chat.sends(left) == []
    assert chat.sends({**left, "id": "m-1-again"}) == []
    assert [type(each) for each in chat.refusals] == [NotNow]


@pytest.mark.slow
@any_of(
    order=st.permutations(
        [left, updated, {**updated, "id": "m-4"}, {**left, "id": "m-1'"}, {**updated, "id": "m-5", "visitor": {}}, left]
    )
)
def test_in_any_order_it_is_one_lead(order: list[dict[str, Any]]) -> None:
    chat = Provider(chat_leads)
    events = chat.sends(*order)
    (new,) = of(events, LeadCaptured)
    assert isinstance(chat.state(f"lead/{new.lead_id}"), Open)
    assert {each.lead_id for each in of(events, TouchRecorded)} == {new.lead_id}
    held = chat.state(f"identity/{chat.knows.find(talk)}")
    assert held.lead_id == new.lead_id
    assert not of(events, DuplicateSuspected)
    assert {type(each) for each in chat.refusals} <= {NotNow}


# What is not what it should be


@pytest.mark.parametrize("word", ["id", "type", "conversation", "visitor"])
def test_what_is_missing_is_named(word: str) -> None:
    Provider(chat_leads).cannot_read({name: said for name, said in left.items() if name != word}, word)
    for nothing in ("", None):
        Provider(chat_leads).cannot_read({**left, word: nothing}, word)
    Provider(chat_leads).cannot_read({**left, "conversation": "c\a1"}, "conversation", untold="c\a1")


def test_a_kind_of_message_that_nobody_knows_is_not_guessed() -> None:
    Provider(chat_leads).cannot_read({**left, "type": "lead-sold"}, "type", untold="lead-sold")


@pytest.mark.parametrize(
    "phone", ["12", "138****0009", "no phone", "", "  ", None, "+999123456789", "13800000009", "138\x000000009"]
)
def test_a_number_that_cannot_be_read_loses_nobody(phone: str | None) -> None:
    chat = Provider(chat_leads)
    (new,) = of(chat.sends(said_by({"phone": phone, "email": " Li@Example.com "})), LeadCaptured)
    assert [each.value for each in new.identities] == ["li@example.com", "c-1"]
    assert not chat.refusals
    (new,) = of(chat.sends({**said_by({"phone": phone}), "id": "m-9", "conversation": "c-9"}), LeadCaptured)
    assert [each.value for each in new.identities] == ["c-9"]


def test_an_address_that_cannot_be_read_loses_nobody() -> None:
    (new,) = of(Provider(chat_leads).sends(said_by({**LI, "email": "li at home", "wechat": "李"})), LeadCaptured)
    assert [each.value for each in new.identities] == [his.value, "c-1"]


def test_a_number_may_be_written_as_one() -> None:
    chat = Provider(chat_leads)
    chat.sends(said_by({"phone": 13800000009, "country": "CN"}))
    assert chat.knows.find(his) is not None
    chat.cannot_read(said_by({"phone": ["13800000009"]}), "phone", untold="13800000009")


@pytest.mark.parametrize(
    ("budget", "meant"),
    [
        ({"amount": 30000, "currency": "CNY"}, "30000.00"),
        ({"amount": "30000.005", "currency": "cny"}, "30000.00"),
        ({"amount": "", "currency": "CNY"}, None),
        ({"amount": 30000, "currency": "DEM"}, None),
        ({"amount": 30000, "currency": None}, None),
        ({"amount": "NaN", "currency": "CNY"}, None),
        ({"amount": "1e30", "currency": "CNY"}, None),
        ({"amount": "三万左右", "currency": "CNY"}, None),
        ({"amount": -1, "currency": "CNY"}, None),
        ({}, None),
        (None, None),
    ],
)
def test_what_he_would_spend_is_an_amount_or_unknown(budget: dict[str, Any] | None, meant: str | None) -> None:
    chat = Provider(chat_leads)
    (new,) = of(chat.sends({**left, "budget": budget}), LeadCaptured)
    assert new.requested_amount == (None if meant is None else Money(amount=Decimal(meant), currency="CNY"))


def test_a_time_decides_nothing_here() -> None:
    for odd in ("2026-03-25T09:00:00", "2099-01-01T00:00:00Z", "soon", "", None, 7):
        assert of(Provider(chat_leads).sends({**left, "sent_at": odd}), LeadCaptured)


def test_what_decides_nothing_may_be_missing_empty_or_unknown() -> None:
    chat = Provider(chat_leads)
    bare = {"id": "m-1", "type": "lead-left", "conversation": "c-1", "visitor": {}, "mood": {"happy": True}}
    expected = [ReceiveEnquiry(lead_id=ITS, source="chat", channel="chat", identities=(talk,), ref="chat/c-1")]
    assert chat.commands(bare) == expected
    for nothing in ("", "  ", None):
        empty = dict.fromkeys(("product", "summary", "answered_by"), nothing)
        nobody = dict.fromkeys(("name", "phone", "country", "email", "wechat"), nothing)
        nowhere = dict.fromkeys(("site", "campaign"), nothing)
        assert chat.commands({**bare, **empty, "visitor": nobody, "origin": nowhere}) == expected
    assert chat.commands({**bare, "answered_by": "oracle", "origin": None, "budget": None}) == expected


def test_of_a_long_talk_as_much_is_kept_as_there_is_room_for() -> None:
    (command,) = Provider(chat_leads).commands({**left, "summary": "啊" * 10_000})
    assert isinstance(command, ReceiveEnquiry)
    assert command.note == "啊" * (LONGEST_TEXT - 1) + "…"
    (touch,) = of(Provider(chat_leads).sends({**left, "summary": "啊" * 10_000}), TouchRecorded)
    assert touch.note == command.note


def test_whose_data_are_in_it_is_said() -> None:
    chat = Provider(chat_leads)
    message = chat.read(said_by({**LI, "email": "LI@example.com", "wechat": "li_piano"}))
    assert chat_leads.mentions(message) == (
        his,
        Identifier(kind="email", value="li@example.com"),
        Identifier(kind="wechat", value="li_piano"),
        talk,
    )
