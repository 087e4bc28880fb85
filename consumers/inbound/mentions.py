"""Whose data a message holds: as its channel says, or, where it cannot be read, by all that looks like an address."""

import json
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

from domain.errors import Invalid
from domain.identity import Identifier, normalised

EMAIL = re.compile(r"[^@\s\"'<>(),;:]{1,128}@[^@\s\"'<>(),;:]{1,128}")
PHONE = re.compile(r"\+?\d[\d \-().]{4,22}\d")
HOME = "CN"  # Where a number without a country is at home.


def known(identifiers: Iterable[Identifier]) -> Iterator[Identifier]:
    """In the spelling under which they are found; what cannot be one leads to nobody."""
    for each in identifiers:
        with suppress(Invalid):
            yield normalised(each)


def guessed(*raw: bytes | None) -> set[Identifier]:
    """All that could lead to somebody. Rather too many than too few: a letter of nobody's is destroyed by nobody."""
    text = "\n".join(plain(each) for each in raw if each)
    found = [Identifier(kind="email", value=each) for each in EMAIL.findall(text)]
    for each in PHONE.findall(text):
        found += [Identifier(kind="phone", value=each, region=HOME), Identifier(kind="phone", value="+" + each)]
    return {*known(found)}


def plain(raw: bytes) -> str:
    """As it would be read, where it is JSON; what is escaped there looks like nothing."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False)
    except ValueError:
        return raw.decode(errors="replace")
