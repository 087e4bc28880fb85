"""The report is one page that needs nothing else, in either language, with every figure as text."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import fields
from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from lxml import etree, html

from api.churn.page import SAFE, Language, catalog, heat, money, page, sentence, share
from api.churn.stacks import stacks
from consumers.churn.refused import OF_CHURN
from consumers.churn.report import NOTHING, TOO_LONG, TOO_MANY
from consumers.churn.told import Curve, Point, Report, Why, code_of
from domain.errors import Invalid

LANGUAGES: tuple[Language, ...] = ("en", "zh")
BOTH = pytest.mark.parametrize("language", LANGUAGES)


def cell(cohort: int, nth: int, retained: int, *, whole: int = 1) -> dict[str, Any]:
    sizes = {"size": 40, "customers": retained * 40 // 10_000, "revenue": 1_000_00}
    shares = {"retained": retained, "revenue_retained": 2_500, "whole": whole}
    return {"currency": "CNY", "cohort": cohort, "nth": nth, **sizes, **shares}


def at_risk(customer: str) -> dict[str, Any]:
    told = {"customer_id": customer, "product_line": "bikes", "last_day": date(2026, 3, 3), "inactive": 240}
    why = [{"code": "longer-than-usual", "figure": 240, "against": 45}]
    figures = {"usual_gap": 45, "p_alive": 0.314, "expected": 1.234, "clv": 1_234_56, "clv_currency": "CNY"}
    rest = {"spent": 9_876_54, "currency": "CNY", "owner_id": "wu.ying", "do_not_contact": 1}
    return {**told, "reasons": why, **figures, **rest}


def curve(name: str) -> Curve:
    points = [
        Point(time=6, at_risk=21, events=3, survival=0.8571, low=0.6197, high=0.9516),
        Point(time=35, at_risk=17, events=1, survival=0.8067, low=0.5631, high=0.9228),
    ]
    return Curve(name=name, customers=21, until=35, points=points, median=23.0)


def tenth(left: int, expected: float | None, came: float, lift: float, caught: float) -> dict[str, Any]:
    return {"customers": 25, "left": left, "expected": expected, "came": came, "lift": lift, "caught": caught}


REPORT = Report(
    day=date(2026, 10, 31),
    position=123_456,
    version="0.1.0",
    cohorts=[cell(24_320, 0, 10_000), cell(24_320, 1, 1_250), cell(24_321, 0, 10_000, whole=0)],
    labels=[{"label": "champion", "currency": "CNY", "customers": 12, "monetary": 5_000_00, "recency": 4}],
    quadrants=[
        {"currency": "", "segment": "A", "customers": 7, "orders": 0, "spent": 0},
        {"currency": "CNY", "segment": "E", "customers": 3, "orders": 40, "spent": 9_000_00},
        {"currency": "CNY", "segment": "B", "customers": 9, "orders": 11, "spent": 1_000_00},
    ],
    migration=[{"currency": "CNY", "was": "B", "became": "E", "customers": 2}],
    since=date(2026, 7, 31),
    series=[
        {"day": 20_726, "currency": "", "segment": "A", "customers": 5, "orders": 0, "spent": 0},
        {"day": 20_726, "currency": "CNY", "segment": "B", "customers": 4, "orders": 4, "spent": 1},
        {"day": 20_757, "currency": "CNY", "segment": "B", "customers": 5_432, "orders": 9, "spent": 9},
        {"day": 20_757, "currency": "CNY", "segment": "E", "customers": 3, "orders": 9, "spent": 9},
        {"day": 20_757, "currency": "EUR", "segment": "C", "customers": 1, "orders": 1, "spent": 1},
    ],
    not_drawn=[1_200, 34],
    curves=[curve("bikes"), curve("<b>")],
    p_value=0.0417,
    at_risk=[at_risk("c-1"), at_risk("<script>alert(1)</script>")],
    customers_at_risk=1_700,
    winbacks=[
        {"contacted": 0, "campaign": "", "lapsed": 9, "early": 1, "gone": 0, "pending": 2, "decided": 6, "back": 1}
        | {"rate": 1_667, "uplift": None},
        {
            "contacted": 1,
            "campaign": "spring",
            "lapsed": 9,
            "early": 1,
            "gone": 0,
            "pending": 2,
            "decided": 6,
            "back": 3,
        }
        | {"rate": 5_000, "uplift": 3_333},
    ],
    models=[
        {"model": "m-1", "kind": "bg-nbd", "first": date(1997, 1, 1), "last": date(1997, 9, 30), "customers": 2_357}
        | {"log_likelihood": -9_582.43, "parameters": {"r": 0.2426, "alpha": 4.4136}, "code": "0.1.0"}
    ],
    calibrations=[
        {
            "model": "logistic@1",
            "days": 90,
            "customers": 50,
            "left": 25,
            "auc": 0.8123,
            "brier": 0.1,
            "brier_of_all": 0.25,
        }
        | {"tenths": [tenth(20, 0.79, 0.8, 1.6, 0.4), tenth(5, None, 0.2, 0.4, 1.0)]}
    ],
    left_out=[{"reason": "later", "purchases": 3, "customers": 2}],
)


@BOTH
def test_every_figure_stands_there_as_text(language: Language) -> None:
    text = "".join(str(each) for each in html.fromstring(page(REPORT, language)).itertext())
    for figure in ("12.5 %", "0.8571", "0.0417", "23", "31%", "1.23", "1,234.56 CNY", "9,876.54 CNY", "2026-07-31"):
        assert figure in text, figure
    for figure in ("r = 0.2426", "-9,582.43", "33.3 %", "1,700", "123,456", "2026-09", "wu.ying", "5,432", "1,234 "):
        assert figure in text, figure


def test_why_somebody_is_at_risk_is_a_sentence() -> None:
    assert "has not bought for 240 days; usually it takes 45" in page(REPORT, "en")
    assert "已 240 天未购买，通常每 45 天购买一次" in page(REPORT, "zh")


@BOTH
def test_it_needs_nothing_else_and_runs_nothing(language: Language) -> None:
    found = page(REPORT, language)
    assert not re.search(r"""\s(src|href|style|on\w+)\s*=\s*["']|@import|url\(""", found)
    document = html.fromstring(found)
    assert not document.xpath("//script | //link | //iframe | //img | //form")
    assert document.xpath("//td[text() = '<script>alert(1)</script>'] | //th[contains(., '<script>')]")


def test_only_its_own_style_is_let_in() -> None:
    assert "default-src 'none'; style-src 'sha256-" in SAFE["Content-Security-Policy"]
    assert "unsafe" not in SAFE["Content-Security-Policy"]


@BOTH
def test_a_report_of_nothing_says_why(language: Language) -> None:
    parts = ("at_risk", "cohorts", "survival", "quadrants", "labels", "winbacks", "models")
    why = Why(code="too-few-customers", figures={"customers": 7, "needed": 9})
    empty = Report(day=date(2026, 1, 1), position=0, version="0.1.0", missing=dict.fromkeys(parts, why))
    document = html.fromstring(page(empty, language))
    words = {"en": "there are 7 customers, and this takes 9", "zh": "只有 7 位客户，至少需要 9 位"}
    said = etree.XPath(f"count(//p[@class = 'missing'][contains(., '{words[language]}')])")
    assert said(document) == len(parts)


@BOTH
def test_there_is_a_sentence_for_all_that_can_be_refused(language: Language) -> None:
    for refusal in (*OF_CHURN, Invalid):
        figures = {each.name: ("a", "b") if "tuple" in str(each.type) else "c" for each in fields(refusal)}
        told = sentence(Why(code=code_of(refusal), figures=figures), language)
        assert told
        assert "(" not in told, "figures are told as such"
    for code in (*NOTHING.values(), TOO_LONG, TOO_MANY):
        assert sentence(Why(code=code), language)


@BOTH
def test_how_well_a_model_tells_who_leaves_stands_by_tenths(language: Language) -> None:
    document = html.fromstring(page(REPORT, language))
    (table,) = [each for each in document.iter("div") if each.get("aria-label") == "logistic@1"]
    (body,) = table.iter("tbody")
    told = [["".join(map(str, cell.itertext())) for cell in row] for row in body]
    assert told == [["1", "25", "20", "79%", "80%", "1.60", "40%"], ["2", "25", "5", "–", "20%", "0.40", "100%"]]
    assert "AUC 0.812" in "".join(map(str, document.itertext()))


def test_both_languages_have_a_text_for_everything() -> None:
    en, zh = ({*paths(catalog()[language])} for language in LANGUAGES)
    assert en == zh
    for language in LANGUAGES:
        assert all(text.strip() for text in paths(catalog()[language]).values())


def test_texts_name_the_same_figures_in_both() -> None:
    en, zh = (paths(catalog()[language]) for language in LANGUAGES)
    for place, text in en.items():
        assert sorted(re.findall(r"\{(\w+)\}", text)) == sorted(re.findall(r"\{(\w+)\}", zh[place])), place


def paths(words: Mapping[str, Any], above: str = "") -> dict[str, str]:
    def every() -> Iterator[tuple[str, str]]:
        for name, under in words.items():
            if isinstance(under, Mapping):
                yield from paths(under, f"{above}{name}.").items()
            else:
                yield f"{above}{name}", under

    return dict(every())


@pytest.mark.parametrize(("of", "told"), [(0, "0.0 %"), (1, "0.0 %"), (1_250, "12.5 %"), (None, "–")])
def test_a_share_is_told_in_percent(of: int | None, told: str) -> None:
    assert share(of) == told


@pytest.mark.parametrize(
    ("minor", "currency", "told"),
    [(123_456, "CNY", "1,234.56 CNY"), (1_234, "JPY", "1,234 JPY"), (1_234, "KWD", "1.234 KWD"), (None, "CNY", "–")],
)
def test_an_amount_has_the_places_of_its_currency(minor: int | None, currency: str, told: str) -> None:
    assert money(minor, currency) == told


def test_bars_are_as_high_as_there_are_customers_and_stand_on_one_another() -> None:
    yuan, euros = stacks(REPORT.series)
    assert (yuan.currency, euros.currency) == ("CNY", "EUR")
    assert [(row.day, row.not_yet) for row in yuan.rows] == [(date(2026, 9, 30), 5), (date(2026, 10, 31), 0)]
    second = [part for part in yuan.parts if part.day == date(2026, 10, 31)]
    assert sum(part.height for part in second) == pytest.approx(220 - 8 - 28, abs=0.2), "the highest fills the room"
    bottom = second[0]
    assert bottom.segment == "B"
    assert bottom.y + bottom.height == pytest.approx(192, abs=0.2)
    for below, above in pairwise(second):
        assert above.y + above.height == pytest.approx(below.y, abs=0.2)
    assert all(part.x >= 0 and part.x + part.width <= 720 for stack in (yuan, euros) for part in stack.parts)
    assert [row.customers["C"] for row in euros.rows] == [0, 1]


def test_of_many_months_some_have_a_label() -> None:
    many = [{"day": 20_000 + 31 * nth, "currency": "CNY", "segment": "B", "customers": 1} for nth in range(60)]
    (found,) = stacks(many)
    assert (len(found.labels), len(found.rows)) == (12, 60)
    assert stacks([]) == []


def test_colours_are_deeper_the_more_are_left() -> None:
    depths = [heat(share) for share in range(0, 10_001, 50)]
    assert depths == sorted(depths)
    assert (depths[0], depths[-1]) == (0, 10)
