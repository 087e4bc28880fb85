"""The report as one page that needs nothing else: open it, send it, print it."""

import math
from base64 import b64encode
from collections import defaultdict
from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Literal

import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.churn.drawing import drawing
from api.churn.stacks import stacks
from consumers.churn.told import Report, Row, Rows, Why
from domain.money import DIGITS
from projections.churn.tables.shapes import WHOLE, month_named

Language = Literal["zh", "en"]

FOLDER = Path(__file__).parent.parent / "templates" / "churn"
STYLE = (FOLDER / "report.css").read_text(encoding="utf-8")
SAFE = {
    "Content-Security-Policy": (
        f"default-src 'none'; style-src 'sha256-{b64encode(sha256(STYLE.encode()).digest()).decode()}';"
        " base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
}
SEGMENTS = ("D", "E", "B", "C")  # As they stand in the square: often above, of high value to the right.
FEW = 60  # Months after the first that fit into a page.


def page(report: Report, language: Language) -> str:
    """The document, from its first to its last character."""
    words = catalog()[language]
    environment = surroundings(language)
    return environment.get_template("report.html").render(
        report=report,
        words=words,
        language=language,
        style=STYLE,
        grids=[grid(currency, rows) for currency, rows in by(report.cohorts, "currency").items()],
        squares=[square(currency, rows) for currency, rows in by(report.quadrants, "currency").items() if currency],
        not_yet=sum(row["customers"] for row in report.quadrants if not row["currency"]),
        moves=[moves(currency, rows) for currency, rows in by(report.migration, "currency").items()],
        stacks=stacks(report.series),
        survival=drawing(report.curves),
        segments=SEGMENTS,
    )


@cache
def catalog() -> Mapping[str, Mapping[str, Any]]:
    """Every text of the page, in each language."""
    found: Mapping[str, Mapping[str, Any]] = yaml.safe_load((FOLDER / "words.yaml").read_text(encoding="utf-8"))
    return found


@cache
def surroundings(language: Language) -> Environment:
    words = catalog()[language]
    found = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "share": share,
        "money": money,
        "number": number,
        "figure": lambda of: "–" if of is None else f"{of:.3f}",
        "probability": lambda chance: "–" if chance is None else f"{chance:.0%}",
        "month": month_named,
        "heat": heat,
        "because": lambda why: sentence(why, language),
        "reason": lambda code: words["reasons"].get(code, code),
        "label": lambda code: words["labels"].get(code, code),
    }
    return found


def sentence(why: Why, language: Language) -> str:
    """Why something cannot be told, in words."""
    told = {name: ", ".join(map(str, of)) if isinstance(of, tuple) else of for name, of in why.figures.items()}
    text: str = catalog()[language]["because"][why.code]
    return text.format(**told)


def by(rows: Rows, column: str) -> dict[str, list[Row]]:
    found = defaultdict(list)
    for row in rows:
        found[row[column]].append(row)
    return {key: found[key] for key in sorted(found)}


# Figures


def share(of: int | None) -> str:
    """Of hundredths of a percent."""
    return "–" if of is None else f"{of / 100:.1f} %"


def number(of: float | None) -> str:
    if of is None:
        return "–"
    return f"{of:,}" if isinstance(of, int) else f"{of:,.2f}"


def money(minor: int | None, currency: str | None) -> str:
    """An amount in smallest units."""
    if minor is None or not currency:
        return "–"
    digits = DIGITS.get(currency, 2)
    return f"{Decimal(minor).scaleb(-digits):,.{digits}f} {currency}"


def heat(of: int | None) -> int:
    """How deep the colour of a share is, 0 to 10: by its root, for after the first month most are small."""
    return 0 if of is None else min(10, round(10 * math.sqrt(of / WHOLE)))


# What stands together


def grid(currency: str, rows: Rows) -> dict[str, Any]:
    """Cohorts below one another, the months after the first beside one another."""
    cohorts: dict[int, dict[int, Row]] = defaultdict(dict)
    for row in rows:
        cohorts[row["cohort"]][row["nth"]] = row
    months = max((row["nth"] for row in rows), default=0)
    return {
        "currency": currency,
        "months": range(min(months, FEW) + 1),
        "cut": months > FEW,
        "cohorts": [(cohort, cells[0], cells) for cohort, cells in sorted(cohorts.items())],
    }


def square(currency: str, rows: Rows) -> dict[str, Any]:
    found = {row["segment"]: row for row in rows}
    none = {"customers": 0, "spent": 0, "orders": 0}
    return {
        "currency": currency,
        "cells": {each: found.get(each, none) for each in SEGMENTS},
        "customers": sum(row["customers"] for row in rows) or 1,
        "spent": sum(row["spent"] for row in rows) or 1,
    }


def moves(currency: str, rows: Rows) -> dict[str, Any]:
    """Who came from where into what, as a square."""
    names = sorted({row["was"] for row in rows} | {row["became"] for row in rows}, key=lambda name: (name == "", name))
    cells = {(row["was"], row["became"]): row["customers"] for row in rows}
    return {"currency": currency, "names": names, "cells": cells}
