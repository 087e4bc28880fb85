"""What advertisers tell of forms and costs, late, twice and in any order, and what there is then."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given as any_of
from hypothesis import strategies as st

from commands.lead.intake import ReceiveEnquiry
from consumers.inbound.ads import ads_leads
from domain.campaign import CampaignCostRecorded
from domain.catalog import LEAD_FIELDS, CatalogPublished, CustomField
from domain.errors import Invalid, NotNow
from domain.identity import Identifier
from domain.lead.facts.intake import LeadCaptured, TouchRecorded
from domain.money import MixedCurrencies, Money
from domain.values import LONGEST_TEXT, CampaignId, LeadId
from tests.commands.lead.situations import LEAD, PHONE, captured
from tests.consumers.inbound.provider import SENT, Provider, ago, our_id, utc
from tests.spec import day

WANG = {"name": "王先生", "phone": "13800000009", "country": "CN"}
ITS = LeadId(our_id("lead", "douyin", "l-1"))
his = Identifier(kind="phone", value="+8613800000009")
itself = Identifier(kind="external", value="l-1", system="douyin")
FIELDS = CatalogPublished(
    catalog_id=LEAD_FIELDS,
    number=1,
    fields=(
        CustomField(name="click_id", type="text"),
        CustomField(name="for_whom", type="choice", choices=("child", "self")),
        CustomField(name="children", type="integer"),
        CustomField(name="can_play", type="boolean"),
        CustomField(name="allergies", type="text", personal=True),
    ),
)


def filled(**words: Any) -> dict[str, Any]:
    record = {"type": "form-filled", "platform": "douyin", "lead": "l-1", "person": WANG, **words}
    return {"id": "f-1", "sent_at": SENT, "record": record}


def spent(amount: object = "812.50", as_of: object = None, **words: Any) -> dict[str, Any]:
    record = {
        "type": "spent",
        "platform": "douyin",
        "campaign": "spring sale",
        "day": "2026-03-24",
        "amount": amount,
        "currency": "CNY",
        "as_of": as_of,
        **words,
    }
    return {"id": f"s-{amount}-{as_of}".replace(" ", ""), "sent_at": SENT, "record": record}


def without(message: dict[str, Any], word: str) -> dict[str, Any]:
    return {**message, "record": {name: said for name, said in message["record"].items() if name != word}}


def of(events: list[object], kind: type) -> list[Any]:
    return [each for each in events if isinstance(each, kind)]


def yuan(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="CNY")


told = filled(
    campaign="Spring Sale / 春季",
    ad_group="g-7",
    creative="video-3",
    keyword="钢琴 价格",
    click_id="ck.81",
    form="f-spring",
    product="piano",
    answers={"for_whom": "child", "children": "2", "can_play": "否", "budget": 30000, "allergies": "", "when": None},
)

# Forms


def test_who_has_filled_in_a_form_becomes_a_lead() -> None:
    ads = Provider(ads_leads)
    assert ads.commands(told) == [
        ReceiveEnquiry(
            lead_id=ITS,
            source="douyin",
            channel="form",
            identities=(his,),
            ref="douyin/l-1",
            note="for_whom: child\nchildren: 2\ncan_play: 否\nbudget: 30000\nad_group: g-7\ncreative: video-3\n"
            "keyword: 钢琴 价格\nclick_id: ck.81\nform: f-spring",
            campaign="Spring-Sale-春季",
            name="王先生",
            product_line="piano",
        )
    ]
    (new,) = of(ads.sends(told), LeadCaptured)
    assert (new.lead_id, new.source, new.campaign, new.name) == (ITS, "douyin", "Spring-Sale-春季", "王先生")
    assert not ads.refusals


def test_answers_go_into_the_fields_that_the_company_has_for_them() -> None:
    ads = Provider(ads_leads, FIELDS)
    asked = filled(**{**told["record"], "answers": {**told["record"]["answers"], "allergies": "花粉"}})
    new, *_, touch = ads.sends(asked)
    assert isinstance(new, LeadCaptured)
    assert new.custom == {"click_id": "ck.81", "for_whom": "child", "children": 2, "can_play": False}
    assert new.personal_custom == {"allergies": "花粉"}
    assert isinstance(touch, TouchRecorded)
    assert touch.note == "budget: 30000\nad_group: g-7\ncreative: video-3\nkeyword: 钢琴 价格\nform: f-spring"
    assert not ads.refusals


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("for_whom", "grandmother"),
        ("children", "two"),
        ("children", "2.5"),
        ("children", "²"),
        ("children", "9" * 30),
        ("can_play", "a little"),
    ],
)
def test_an_answer_that_its_field_does_not_take_is_kept_all_the_same(name: str, said: str) -> None:
    ads = Provider(ads_leads, FIELDS)
    new, *_, touch = ads.sends(filled(answers={name: said}))
    assert isinstance(new, LeadCaptured)
    assert isinstance(touch, TouchRecorded)
    assert (new.custom, touch.note) == (None, f"{name}: {said}")
    assert not ads.refusals


@pytest.mark.parametrize(("said", "meant"), [(True, True), ("true", True), ("是", True), (0, False), ("No", False)])
def test_yes_and_no_are_said_in_several_ways(said: object, meant: bool) -> None:
    (new,) = of(Provider(ads_leads, FIELDS).sends(filled(answers={"can_play": said})), LeadCaptured)
    assert new.custom == {"can_play": meant}


def test_one_question_may_have_several_answers() -> None:
    (touch,) = of(
        Provider(ads_leads).sends(filled(answers={"days": ["Sat", " ", None, "Sun"], "no": []})), TouchRecorded
    )
    assert touch.note == "days: Sat, Sun"


def test_a_field_that_the_company_insists_on_is_insisted_on() -> None:
    strict = CatalogPublished(
        catalog_id=LEAD_FIELDS, number=1, fields=(CustomField(name="town", type="text", required=True),)
    )
    ads = Provider(ads_leads, strict)
    assert ads.sends(told) == []
    assert [str(each) for each in ads.refusals] == ["custom/town: this field is required"]
    assert of(Provider(ads_leads, strict).sends(filled(answers={"town": "哈尔滨"})), LeadCaptured)


def test_who_has_an_open_lead_is_touched() -> None:
    ads = Provider(ads_leads, *captured)
    assert ads.sends(filled(person={"phone": PHONE.value})) == [
        TouchRecorded(lead_id=LEAD, channel="form", ref="douyin/l-1")
    ]


def test_of_a_form_that_is_told_twice_nothing_happens_twice() -> None:
    ads = Provider(ads_leads)
    ads.sends(told)
    assert ads.sends(told) == []
    assert ads.sends({**told, "id": "f-1-again"}) == []
    assert [type(each) for each in ads.refusals] == [NotNow]


def test_the_same_number_of_another_platform_is_another_lead() -> None:
    ads = Provider(ads_leads)
    other = filled(platform="baidu", person={"phone": "+8613800000010"})
    assert len(of(ads.sends(told, {**other, "id": "f-2"}), LeadCaptured)) == 2


def test_a_form_that_is_tried_out_is_nobody() -> None:
    ads = Provider(ads_leads)
    assert ads.sends(filled(test=True), {**filled(test="true"), "id": "f-2"}) == []
    assert not ads.refusals


@pytest.mark.parametrize("phone", ["12", "138****0009", "13800000009", "none", "", " ", None])
def test_a_number_that_cannot_be_read_loses_nobody(phone: str | None) -> None:
    (command,) = Provider(ads_leads).commands(filled(person={"phone": phone, "email": "W@example.com"}))
    assert isinstance(command, ReceiveEnquiry)
    assert [each.value for each in command.identities] == ["w@example.com"]
    ads = Provider(ads_leads)
    (new,) = of(ads.sends(filled(person={"phone": phone})), LeadCaptured)
    assert [(each.kind, each.value, each.system) for each in new.identities] == [("external", "l-1", "douyin")]
    assert not ads.refusals


def test_what_decides_nothing_may_be_missing_or_empty() -> None:
    expected = [
        ReceiveEnquiry(lead_id=ITS, source="douyin", channel="form", identities=(his,), ref="douyin/l-1", name="王先生")
    ]
    ads = Provider(ads_leads)
    assert ads.commands(filled()) == expected
    for nothing in ("", "  ", None):
        kept = ("campaign", "ad_group", "creative", "keyword", "click_id", "form", "product")
        assert ads.commands(filled(**dict.fromkeys(kept, nothing), answers={"why": nothing})) == expected
    assert ads.commands(filled(answers=None, placement={"feed": 3}, device="toaster")) == expected


def test_of_long_answers_as_much_is_kept_as_there_is_room_for() -> None:
    (touch,) = of(Provider(ads_leads).sends(filled(answers={str(n): "啊" * 900 for n in range(9)})), TouchRecorded)
    assert len(touch.note) == LONGEST_TEXT


@pytest.mark.parametrize("word", ["type", "platform", "lead", "person"])
def test_what_is_missing_of_a_form_is_named(word: str) -> None:
    ads = Provider(ads_leads)
    ads.cannot_read(without(told, word), "record" if word == "type" else word)
    for nothing in ("", None):
        ads.cannot_read(filled(**{word: nothing}), "record" if word == "type" else word)


def test_whose_data_are_in_it_is_said() -> None:
    ads = Provider(ads_leads)
    assert ads_leads.mentions(ads.read(told)) == (his, itself)
    assert ads_leads.mentions(ads.read(spent())) == ()


# Costs

SPRING = CampaignId("spring-sale")
DAY = date(2026, 3, 24)
EARLY, NOON, LATE = ago(hours=9), ago(hours=5), ago(hours=1)


def cost_of(ads: Provider) -> Money:
    found = ads.state(f"campaign/{SPRING}").costs["douyin"][DAY]
    assert isinstance(found, Money)
    return found


def test_what_a_day_has_cost_is_recorded_and_corrected() -> None:
    ads = Provider(ads_leads)
    first = CampaignCostRecorded(campaign_id=SPRING, source="douyin", day=DAY, cost=yuan("812.50"), as_of=utc(EARLY))
    assert ads.sends(spent(as_of=EARLY)) == [first]
    assert ads.sends(spent("800", as_of=LATE)) == [
        CampaignCostRecorded(
            campaign_id=SPRING, source="douyin", day=DAY, cost=yuan("800"), from_=yuan("812.50"), as_of=utc(LATE)
        )
    ]
    assert not ads.refusals


def test_what_was_known_earlier_and_comes_later_changes_nothing() -> None:
    ads = Provider(ads_leads)
    ads.sends(spent("800", as_of=LATE))
    assert ads.sends(spent(as_of=EARLY)) == []
    assert cost_of(ads) == yuan("800")


def test_where_nobody_says_as_of_when_it_is_of_when_it_was_sent() -> None:
    ads = Provider(ads_leads)
    (recorded,) = of(ads.sends(spent()), CampaignCostRecorded)
    assert recorded.as_of == utc(SENT)
    for nothing in ("", None):
        assert ads.commands(spent(as_of=nothing)) == ads.commands(spent())


def test_a_campaign_is_the_same_where_it_costs_and_where_it_brings() -> None:
    ads = Provider(ads_leads)
    (new,) = of(ads.sends(filled(campaign="  spring   sale ")), LeadCaptured)
    (recorded,) = of(ads.sends(spent(campaign="spring/sale")), CampaignCostRecorded)
    assert new.campaign == recorded.campaign_id == SPRING
    assert new.source == recorded.source


COSTS = (
    spent("812.50", as_of=EARLY),
    spent("800", as_of=NOON),
    {**spent("812.50", as_of=LATE), "id": "s-last"},
    spent("90", day="2026-03-23", as_of=NOON),
    spent("70", platform="baidu", as_of=EARLY),
)


@pytest.mark.slow
@any_of(order=st.permutations([*COSTS, *COSTS[:2], *({**each, "id": f"{each['id']}-again"} for each in COSTS)]))
def test_in_any_order_it_has_cost_the_same(order: list[dict[str, Any]]) -> None:
    ads = Provider(ads_leads)
    ads.sends(*order)
    assert ads.state(f"campaign/{SPRING}").costs == {
        "douyin": {DAY: yuan("812.50"), date(2026, 3, 23): yuan("90")},
        "baidu": {DAY: yuan("70")},
    }
    assert not ads.refusals


@pytest.mark.parametrize(
    ("said", "meant"),
    [("812.50", "812.50"), (812.5, "812.50"), (812, "812"), ("0", "0"), ("812.4567", "812.46"), (" 812.5 ", "812.5")],
)
def test_an_amount_is_a_number_however_it_is_written(said: object, meant: str) -> None:
    (recorded,) = of(Provider(ads_leads).sends(spent(said)), CampaignCostRecorded)
    assert recorded.cost == yuan(meant)


@pytest.mark.parametrize("odd", ["", None, "NaN", "much", "-0.01", "1e40", [8]])
def test_what_is_no_amount_is_none(odd: object) -> None:
    Provider(ads_leads).cannot_read(
        {**spent(odd), "id": "s"}, "amount" if odd not in ("-0.01", "1e40") else "record/amount"
    )


@pytest.mark.parametrize("odd", ["DEM", "yuan", "¥"])
def test_what_is_no_currency_is_none(odd: str) -> None:
    Provider(ads_leads).cannot_read(spent(currency=odd), "currency", untold=odd)


@pytest.mark.parametrize("word", ["platform", "campaign", "day", "amount", "currency"])
def test_what_is_missing_of_a_cost_is_named(word: str) -> None:
    ads = Provider(ads_leads)
    ads.cannot_read(without(spent(), word), word)
    for nothing in ("", None):
        ads.cannot_read(spent(**{word: nothing}) if word != "amount" else spent(nothing), word)


def test_a_name_of_nothing_but_slashes_is_none() -> None:
    Provider(ads_leads).cannot_read(spent(campaign="//"), "record/campaign", untold="//")


def test_a_time_has_its_zone_and_has_come() -> None:
    ads = Provider(ads_leads)
    ads.cannot_read(spent(as_of="2026-03-24T09:00:00"), "as_of", untold="09:00")
    ads.cannot_read({**spent(), "sent_at": "2026-03-24T09:00:00"}, "sent_at", untold="09:00")
    ads.cannot_read(spent(as_of=day(4, 1).isoformat()), "record/as_of")
    ads.cannot_read(spent(day="24.3.2026"), "day", untold="24.3")


def test_a_day_that_has_not_come_costs_nothing_yet() -> None:
    ads = Provider(ads_leads)
    assert ads.sends(spent(day="2026-04-01")) == []
    assert [type(each) for each in ads.refusals] == [Invalid]


def test_a_source_is_paid_in_one_currency() -> None:
    ads = Provider(ads_leads)
    assert len(ads.sends(spent(), spent("9", day="2026-03-23", currency="EUR"))) == 1
    assert [type(each) for each in ads.refusals] == [MixedCurrencies]


def test_a_kind_of_message_that_nobody_knows_is_not_guessed() -> None:
    Provider(ads_leads).cannot_read(filled(type="skipped"), "record", untold="skipped")
