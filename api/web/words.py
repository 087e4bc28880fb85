"""Every text of the pages in each language, and how figures, times and amounts are written there."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from babel import Locale, dates, numbers

from api.web.visitor import Language

FOLDER = Path(__file__).parent.parent / "templates" / "desk" / "words"
LOCALES: Mapping[Language, Locale] = {"zh": Locale.parse("zh_Hans_CN"), "en": Locale.parse("en_GB")}
Texts = Mapping[str, Mapping[Language, str]]


@cache
def texts() -> Texts:
    """By the name of the file and the way to it there: `sales.queue.title`."""
    found: dict[str, Mapping[Language, str]] = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        gather(yaml.load(file.read_text(encoding="utf-8"), Joining) or {}, file.stem, found)  # noqa: S506 - a SafeLoader.
    return found


class Joining(yaml.SafeLoader):
    """What stands in two places under one name is one: each page adds what it says to the codes that all have."""


def joined(loader: Joining, node: yaml.MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in node.value:
        name, below = loader.construct_object(key, deep=True), loader.construct_object(value, deep=True)
        found[name] = together(found[name], below) if name in found and isinstance(below, dict) else below
    return found


def together(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    both = {name: together(one[name], other[name]) for name in one.keys() & other.keys() if isinstance(one[name], dict)}
    return {**one, **other, **both}


Joining.add_constructor(yaml.resolver.BaseResolver.DEFAULT_MAPPING_TAG, joined)


@cache
def churn_texts(language: Language) -> Mapping[str, Any]:
    """What the report of churn says, which has texts of its own."""
    file = FOLDER.parent.parent / "churn" / "words.yaml"
    found: Mapping[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))[language]
    return found


def gather(node: Mapping[str, Any], above: str, found: dict[str, Mapping[Language, str]]) -> None:
    if node and node.keys() <= {"zh", "en"}:
        found[above] = {"zh": node["zh"], "en": node["en"]}
        return
    for name, below in node.items():
        gather(below, f"{above}.{name}", found)


class Words:
    """One language, in one time zone."""

    def __init__(self, language: Language, zone: ZoneInfo) -> None:
        self.language = language
        self.zone = zone
        self.locale = LOCALES[language]

    def __call__(self, name: str, /, **facts: object) -> str:
        """Raises KeyError for a text that is not there, which is a mistake of ours."""
        text = texts()[name][self.language]
        return text.format(**facts) if facts else text

    def code(self, kind: str, code: object) -> str:
        """What a code means to people, `status.pooled`; one of a company's own catalogs as it stands there."""
        if code is None:
            return "–"
        name = f"codes.{kind}.{str(code).lower()}"
        return texts()[name][self.language] if name in texts() else str(code).replace("_", " ")

    def label(self, file: str, name: str) -> str:
        """What something is called that has its name in a file of words, or else the name itself."""
        found = texts().get(f"{file}.{name}")
        return name.replace("_", " ") if found is None else found[self.language]

    def number(self, value: object) -> str:
        return "–" if value is None else numbers.format_decimal(Decimal(str(value)), locale=self.locale)

    def percent(self, value: object) -> str:
        return "–" if value is None else numbers.format_percent(Decimal(str(value)), "#,##0.#%", locale=self.locale)

    def money(self, amount: object, currency: str | None) -> str:
        if amount is None:
            return "–"
        if currency is None:
            return self.number(amount)
        return numbers.format_currency(Decimal(str(amount)), currency, locale=self.locale)

    def time(self, value: object) -> str:
        """An instant as the clock of the house has it."""
        if (at := instant(value)) is None:
            return "–"
        return dates.format_datetime(at, "yyyy-MM-dd HH:mm", tzinfo=self.zone, locale=self.locale)

    def when(self, at: datetime) -> str:
        """A time within the days around, by the day of the week: `Mon 30 Nov 09:00`."""
        pattern = "M月d日EEE HH:mm" if self.language == "zh" else "EEE d MMM HH:mm"
        return dates.format_datetime(at, pattern, tzinfo=at.tzinfo, locale=self.locale)

    def day(self, value: object) -> str:
        if value is None:
            return "–"
        found = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        return dates.format_date(found, "yyyy-MM-dd", locale=self.locale)

    def ago(self, value: object, now: datetime) -> str:
        """How far an instant is from now: `in 3 days`, `2 hours ago`."""
        if (at := instant(value)) is None:
            return "–"
        return dates.format_timedelta(at - now, add_direction=True, locale=self.locale)

    def working(self, seconds: object) -> str:
        """A length of working time, as a clock shows it: a day of work is no day."""
        if seconds is None:
            return "–"
        minutes = int(Decimal(str(seconds)) // 60)
        return f"{minutes // 60}:{minutes % 60:02}"

    def lasting(self, seconds: float | None) -> str:
        return "–" if seconds is None else dates.format_timedelta(timedelta(seconds=seconds), locale=self.locale)


def instant(value: object) -> datetime | None:
    """As JSON has it."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(str(value))
