"""Whatever a button asks for, and however the service says no, there is a sentence for it in each language."""

from typing import Any
from zoneinfo import ZoneInfo

import pytest

from api.app import create_app
from api.problems import STATUS, kind_of
from api.raises import refusals
from api.web.inside import Told
from api.web.rendering import tell, why
from api.web.visitor import Language
from api.web.words import Words, texts
from commands.service import codec
from domain.errors import Refused
from settings import Settings

SHANGHAI = ZoneInfo("Asia/Shanghai")
PEOPLE = {"chen.wei": {"name": "陈伟"}}


def words(language: Language) -> Words:
    return Words(language, SHANGHAI)


def test_no_command_that_is_offered_is_refused_without_a_sentence() -> None:
    forms = create_app(Settings(database_url="postgresql://nowhere/nothing")).service.forms
    offered = [forms[name.removeprefix("commands.")] for name in texts() if name.startswith("commands.")]
    given = {kind_of(refusal).name for form in offered for refusal in refusals(form)}
    assert given
    assert not {f"refusals.{name}" for name in given} - texts().keys()


def test_no_general_problem_is_without_a_sentence() -> None:
    general = {kind_of(each).name for each in STATUS if each is not Refused}
    assert not {f"refusals.{name}" for name in general} - texts().keys()


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("zh", "陈伟已持有，保护期至 2026-03-01 20:00"), ("en", "陈伟 holds it, protected until 2026-03-01 20:00")],
)
def test_a_refusal_is_told_with_names_and_the_clock_of_the_house(language: Language, sentence: str) -> None:
    no = Told(409, {"type": "/problems/already-held", "owner": "chen.wei", "until": "2026-03-01T12:00:00Z"})
    assert why(words(language), no, PEOPLE) == sentence


def test_states_are_told_by_name() -> None:
    no = Told(409, {"type": "/problems/not-now", "found": "Pooled", "wanted": ["Held"], "subject": "it"})
    assert why(words("zh"), no, {}) == "当前状态为在公海中，须为有人持有"
    assert why(words("en"), no, {}) == "It is in a pool, and has to be held by somebody"


def test_every_event_has_a_name() -> None:
    assert not {f"codes.event.{name}" for name in codec().by_name} - texts().keys()


def test_whatever_is_told_of_an_event_is_a_fact_of_it() -> None:
    told = {name.removeprefix("told.") for name in texts() if name.startswith("told.")}
    assert told <= codec().by_name.keys()


@pytest.mark.parametrize(
    ("event", "zh", "en"),
    [
        (
            {"type": "lead.qualified", "data": {"amount": {"amount": "6400", "currency": "CNY"}}},
            "确认商机，预计 ¥6,400.00",
            "Qualified: CN¥6,400.00",
        ),
        (
            {"type": "lead.contacted", "data": {"from": "new", "to": "contacting"}},
            "已联系上：新建 → 联系中",
            "Reached: New → Contacting",
        ),
        (
            {"type": "lead.transferred", "data": {"from": "chen.wei", "to": "somebody"}},
            "陈伟转交给somebody",
            "Transferred from 陈伟 to somebody",
        ),
        ({"type": "lead.adopted", "data": {}}, "历史线索已接管", "Taken over from history"),
    ],
)
def test_an_event_is_told_as_a_sentence_with_its_facts(event: dict[str, Any], zh: str, en: str) -> None:
    assert tell(words("zh"), event, PEOPLE) == zh
    assert tell(words("en"), event, PEOPLE) == en
