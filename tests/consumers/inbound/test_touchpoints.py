"""What the site tells: who of those whom we know was there, by whatever name, and of nobody else anything."""

import random
from dataclasses import replace
from typing import Any

import pytest

from commands.customer.lifecycle import RecordTouchpoint
from commands.lead.work import RecordTouch
from consumers.inbound.touchpoints import web_touchpoints
from domain.customer.facts.lifecycle import TouchpointRecorded
from domain.customer.facts.merging import CustomerAbsorbed
from domain.customer.facts.protection import PersonalDataErased
from domain.identity import Identifier, IdentityAttributed
from domain.lead.facts.intake import TouchRecorded
from domain.values import LONGEST_TEXT
from tests.commands.customer.situations import LI, OTHER, created, other_created
from tests.commands.lead.situations import LEAD, captured, lost
from tests.consumers.inbound.heard import ACCOUNT, Hearing, account, changed, without
from tests.spec import day, identity

NOW = day(4, 30)
PHONE = "+8613800000001"


def met(nth: int = 3, touch: dict[str, Any] | None = None, **visitor: Any) -> dict[str, Any]:
    page = {"type": "page.visited", "page": "https://shop.example/pianos?token=1#top"}
    at = f"2026-04-{nth:02}T10:00:00+08:00"
    return {"touch_id": f"t-{nth}", "happened_at": at, "visitor": visitor, "touch": touch or page}


def was_there(nth: int = 3, channel: str = "web", **more: Any) -> TouchpointRecorded:
    told: dict[str, Any] = {"note": "https://shop.example/pianos", "active_at": day(4, nth), **more}
    return TouchpointRecorded(customer_id=LI, channel=channel, **{"direction": "inbound", "ref": f"t-{nth}", **told})


form = {"type": "form.submitted", "form": "callback", "message": "Please call after six"}
social = {"type": "social.touch", "network": "Weibo", "direction": "inbound", "text": "nice piano"}


@pytest.mark.parametrize(
    "visitor",
    [
        {"phone": PHONE},
        {"phone": "138 0000 0001", "region": "CN"},
        {"customer_id": str(LI)},
        {"customer_id": "", "lead_id": None, "phone": PHONE},
        {"email": "nobody@example.cn", "phone": PHONE},
        {"email": "not an address", "phone": PHONE, "wechat": "", "account_id": " "},
        {"customer_id": "01932c07-209d-7c4e-9a52-5d0e4c0f8c99", "phone": PHONE},
    ],
)
def test_a_customer_is_found_by_our_id_or_by_any_of_his_names(visitor: dict[str, Any]) -> None:
    assert Hearing(web_touchpoints, *created, now=NOW).hear(met(**visitor)) == [was_there()]


def test_an_account_is_a_name_as_well_and_what_happened_is_dated_by_the_site() -> None:
    hearing = Hearing(web_touchpoints, *account, now=NOW)
    (wanted,) = hearing.wanted(met(account_id="u-77"))
    assert (wanted.occurred_at, wanted.command.customer_id) == (day(4, 3), LI)


@pytest.mark.parametrize(
    "visitor", [{"phone": PHONE}, {"lead_id": str(LEAD)}, {"phone": PHONE, "customer_id": str(OTHER)}]
)
def test_who_is_no_customer_yet_is_known_as_his_lead(visitor: dict[str, Any]) -> None:
    hearing = Hearing(web_touchpoints, *captured, now=NOW)
    assert [type(each.command) for each in hearing.wanted(met(**visitor))] == [RecordTouch]
    expected = TouchRecorded(lead_id=LEAD, channel="web", ref="t-3", note="https://shop.example/pianos")
    assert hearing.hear(met(**visitor)) == [expected]


def test_of_a_customer_with_an_open_lead_it_is_told_of_the_customer() -> None:
    whose = IdentityAttributed(identity_id=identity(1), kind="phone", customer_id=OTHER)
    hearing = Hearing(web_touchpoints, *captured, replace(other_created[0], identities=()), whose, now=NOW)
    (wanted,) = hearing.wanted(met(phone=PHONE, lead_id=str(LEAD)))
    assert isinstance(wanted.command, RecordTouchpoint)
    assert wanted.command.customer_id == OTHER


def test_a_lead_that_was_lost_is_still_touched_by_its_id() -> None:
    assert Hearing(web_touchpoints, *captured, lost, now=NOW).hear(met(lead_id=str(LEAD)))


@pytest.mark.parametrize(
    "visitor",
    [
        {},
        {"phone": "+8613900009999"},
        {"phone": "five"},
        {"phone": "138****0001"},
        {"phone": "13800000001", "region": "Atlantis"},
        {"email": "", "wechat": None, "account_id": "\u0007"},
        {"lead_id": str(OTHER), "customer_id": str(LEAD)},
    ],
)
def test_who_is_nobody_that_we_know_is_no_error_and_comes_to_nothing(visitor: dict[str, Any]) -> None:
    hearing = Hearing(web_touchpoints, *created, now=NOW)
    assert hearing.wanted(met(**visitor)) == []
    assert hearing.hear(met(**visitor)) == []


def test_who_was_forgotten_is_found_by_nothing_but_our_id() -> None:
    gone = PersonalDataErased(customer_id=LI, from_="prospect", identities=(identity(1),))
    assert Hearing(web_touchpoints, *created, gone, now=NOW).hear(met(phone=PHONE)) == []


def test_who_has_become_another_is_meant_as_that_one() -> None:
    became = CustomerAbsorbed(customer_id=LI, into=OTHER, from_="prospect")
    names: tuple[dict[str, Any], ...] = ({"phone": PHONE}, {"customer_id": str(LI)})
    for visitor in names:
        (found,) = Hearing(web_touchpoints, *created, *other_created, became, now=NOW).hear(met(**visitor))
        assert found.customer_id == OTHER


def test_told_twice_it_happened_once() -> None:
    hearing = Hearing(web_touchpoints, *created, now=NOW)
    hearing.hear(met(phone=PHONE))
    assert hearing.hear(met(phone=PHONE)) == []
    assert hearing.hear(met(customer_id=str(LI))) == [], "the same touch, by another name"


def test_in_any_order_he_was_last_active_when_he_last_came() -> None:
    chance = random.Random(1)
    for _ in range(30):
        messages = [met(nth, phone=PHONE) for nth in range(1, 6)] * 2
        chance.shuffle(messages)
        hearing = Hearing(web_touchpoints, *created, now=NOW)
        hearing.hear_in_time(*messages)
        assert hearing.state(f"customer/{LI}").dossier.active_at == day(4, 5)
        assert hearing.executor.state(f"customer/{LI}").version == 1 + 5


# What there was


def test_what_he_has_written_is_told_and_where() -> None:
    hearing = Hearing(web_touchpoints, *created, now=NOW)
    assert hearing.hear(met(3, form, phone=PHONE)) == [was_there(3, "form", note="callback: Please call after six")]
    bare = {**form, "message": "  "}
    assert hearing.hear(met(4, bare, phone=PHONE)) == [was_there(4, "form", note="callback")]
    assert hearing.hear(met(5, social, phone=PHONE)) == [was_there(5, "weibo", note="nice piano")]
    ours = {**social, "direction": "outbound", "network": "微博", "text": None}
    expected = was_there(6, "social", note=None, direction="outbound", active_at=None)
    assert hearing.hear(met(6, ours, phone=PHONE)) == [expected]


def test_of_a_page_it_is_told_what_it_was_and_not_what_was_asked_of_it() -> None:
    hearing = Hearing(web_touchpoints, *created, now=NOW)
    asked = {
        "type": "page.visited",
        "page": "https://shop.example/search?q=li@example.cn",
        "referrer": "https://s.example/#x",
    }
    expected = was_there(note="https://shop.example/search ← https://s.example/")
    assert hearing.hear(met(3, asked, phone=PHONE)) == [expected]
    nothing = {"type": "page.visited", "page": "", "referrer": None}
    assert hearing.hear(met(4, nothing, phone=PHONE)) == [was_there(4, note=None)]


@pytest.mark.parametrize(
    "touch",
    [
        {"type": "page.visited", "page": "/p" * 4_000, "referrer": "/r" * 4_000},
        {"type": "form.submitted", "form": "f" * 64, "message": "x" * 10_000},
        {**social, "text": "x" * 10_000},
    ],
)
def test_the_longest_that_can_be_told_can_be_read_again(touch: dict[str, Any]) -> None:
    (found,) = Hearing(web_touchpoints, *created, now=NOW).hear(met(3, touch, phone=PHONE))
    assert len(found.note) <= LONGEST_TEXT


whole, filled = met(phone=PHONE), met(3, form, phone=PHONE)


@pytest.mark.parametrize(
    ("message", "field"),
    [
        (without(whole, "touch_id"), "touch_id"),
        (changed(whole, " ", "touch_id"), "touch_id"),
        (without(whole, "visitor"), "visitor"),
        (changed(whole, None, "visitor"), "visitor"),
        (changed(whole, "me", "visitor", "customer_id"), "visitor.customer_id"),
        (changed(whole, ["13800000001"], "visitor", "phone"), "visitor.phone"),
        (changed(whole, "2026-04-03 10:00", "happened_at"), "happened_at"),
        (changed(whole, "page.dreamt", "touch", "type"), "touch"),
        (changed(whole, "/p\0", "touch", "page"), "touch.page.visited.page"),
        (changed(filled, "a\0b", "touch", "message"), "touch.form.submitted.message"),
        (without(filled, "touch", "form"), "touch.form.submitted.form"),
        (changed(met(3, social), "sideways", "touch", "direction"), "touch.social.touch.direction"),
        (without(met(3, social), "touch", "network"), "touch.social.touch.network"),
    ],
)
def test_what_cannot_be_read_says_which_field(message: dict[str, Any], field: str) -> None:
    assert Hearing(web_touchpoints).wrong(message) == {field}


def test_whose_data_are_in_it_can_be_asked_whatever_was_mistyped() -> None:
    told = met(account_id="u-77", phone="138 0000 0001", region="CN", email="oops", wechat="Li_Na_26")
    read = Hearing(web_touchpoints).reads.validate_python(told)
    assert web_touchpoints.mentions(read) == (
        ACCOUNT,
        Identifier(kind="phone", value=PHONE),
        Identifier(kind="wechat", value="li_na_26"),
    )
