"""What a cell says, once what spreadsheets do to numbers, phones and dates has been undone, or told."""

import re
import unicodedata
from datetime import datetime
from zoneinfo import ZoneInfo

from domain.catalog import CustomValue, FieldType
from domain.errors import Invalid
from domain.identity import Identifier, IdentityKind, normalised

FORMULA = re.compile(r'="(.*)"')
SCIENTIFIC = re.compile(r"\+?([0-9])(?:[.,]([0-9]+))?[eE]\+?([0-9]+)")
WITH_FRACTION = re.compile(r"(\+?[0-9]+)\.0+")
IN_THOUSANDS = re.compile(r"-?[0-9]{1,3}(,[0-9]{3})+(\.[0-9]+)?")
SEVERAL = re.compile(r"[/;,、|\n]")
MOMENT = re.compile(
    r"([0-9]{4})[-/.]([0-9]{1,2})[-/.]([0-9]{1,2})"
    r"(?:[T ]+([0-9]{1,2}):([0-9]{2})(?::([0-9]{2}(?:\.[0-9]{1,6})?))?\s*(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
)
TRUE, FALSE = ("true", "yes", "y", "1", "是"), ("false", "no", "n", "0", "否")


class Unreadable(Exception):
    """The cell does not say what its column should."""


def plain(text: str) -> str:
    """The text itself, without the formula that some programs write around a text to keep it one."""
    formula = FORMULA.fullmatch(text)
    return (formula[1].replace('""', '"') if formula else text).strip()


def bare(text: str) -> str:
    """A text that is a name or a number, without the apostrophe of a text cell and marks that nobody sees."""
    seen = "".join(each for each in plain(text) if unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFKC", seen).strip().removeprefix("'")


def digits(text: str) -> str:
    """A number that is a name, as phones and ids are. Refuses what a spreadsheet has rounded."""
    given = bare(text)
    if power := SCIENTIFIC.fullmatch(given):
        first, rest, places = power[1], power[2] or "", int(power[3])
        if len(rest) != places:
            raise Unreadable("the spreadsheet has rounded this number: format its column as text, and export it again")
        return first + rest
    if IN_THOUSANDS.fullmatch(given):
        given = given.replace(",", "")
    whole = WITH_FRACTION.fullmatch(given)
    return whole[1] if whole else given


def phones(text: str, region: str | None) -> list[Identifier]:
    """Every number in the cell, in the one spelling that can be compared.

    A number that is written without its country is one of `region`; where that is None it is refused.
    """
    found = [identified("phone", each, region=region) for each in SEVERAL.split(digits(text)) if each.strip()]
    if not found:
        raise Unreadable("this is no phone number")
    return found


def identified(kind: IdentityKind, text: str, *, system: str | None = None, region: str | None = None) -> Identifier:
    try:
        return normalised(Identifier(kind=kind, value=text, system=system, region=region))
    except Invalid as wrong:
        if kind == "phone" and region is None and not text.strip().startswith("+"):
            raise Unreadable("this has no country: --region says whose numbers are written without one") from None
        raise Unreadable(wrong.because) from None


def amount(text: str) -> str:
    given = bare(text)
    given = given.replace(",", "") if IN_THOUSANDS.fullmatch(given) else given
    if not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", given):
        raise Unreadable("this is no number: 12500.00 is one")
    return given


def instant(text: str, zone: str | None) -> str:
    """An instant; one that is written without a zone is in `zone`, and refused where that is None."""
    read, offset = moment(text)
    if offset is None and zone is None:
        raise Unreadable("this has no time zone: `time_zone` in the map says which it is in")
    return (read if offset or zone is None else read.replace(tzinfo=ZoneInfo(zone))).isoformat()


def day(text: str) -> str:
    return moment(text)[0].date().isoformat()


def moment(text: str) -> tuple[datetime, str | None]:
    given = bare(text).translate({ord("年"): "-", ord("月"): "-", ord("日"): " "})
    if not (found := MOMENT.fullmatch(given.strip())):
        raise Unreadable("this is no time: 2026-03-01 10:00 is one")
    year, month, date, hour, minute, second, offset = found.groups()
    written = f"{year}-{month:0>2}-{date:0>2}T{hour or 0:0>2}:{minute or '00'}:{second or '00'}{offset or ''}"
    try:
        return datetime.fromisoformat(written), offset
    except ValueError:
        raise Unreadable("there is no such day or time") from None


def custom(kind: FieldType, text: str) -> CustomValue:
    """A field of the company's own, in the type that the catalog gives it."""
    match kind:
        case "integer":
            given = digits(text)
            if not re.fullmatch(r"-?[0-9]{1,18}", given):
                raise Unreadable("this is no whole number")
            return int(given)
        case "boolean":
            if (given := bare(text).lower()) not in TRUE + FALSE:
                raise Unreadable(f"this is neither of {TRUE[0]} and {FALSE[0]}, {TRUE[-1]} and {FALSE[-1]}")
            return given in TRUE
        case "decimal":
            return amount(text)
        case "date":
            return day(text)
        case _:
            return plain(text)
