"""Whose data a message holds: as its channel says, or, where it cannot be read, by all that looks like an address."""

import json
import re
from itertools import islice
from uuid import UUID

from consumers.inbound.whom import spelled
from domain.identity import Identifier

EMAIL = re.compile(r"[^@\s\"'<>(),;:]{1,128}@[^@\s\"'<>(),;:]{1,128}")
PHONE = re.compile(r"\+?\d[\d \-().]{4,22}\d")
ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
MOST = 1_000  # Whom more than that are in, that is a list; a letter is destroyed in time in any case.
HOME = "CN"  # Where a number without a country is at home.


def guessed(*raw: bytes | None) -> set[Identifier]:
    """All that could lead to somebody. Rather too many than too few: a letter of nobody's is destroyed by nobody."""
    text = "\n".join(plain(each) for each in raw if each)
    found = [Identifier(kind="email", value=each) for each in EMAIL.findall(text)]
    for each in PHONE.findall(text):
        found += [Identifier(kind="phone", value=each, region=HOME), Identifier(kind="phone", value="+" + each)]
    return {*islice(spelled(dict.fromkeys(found)), MOST)}


def ids(*raw: bytes | None) -> set[bytes]:
    """All that could be the id of a subject of ours."""
    return {UUID(each).bytes for one in raw if one for each in ID.findall(plain(one))}


def plain(raw: bytes) -> str:
    """As it would be read, where it is JSON; what is escaped there looks like nothing."""
    try:
        return json.dumps(json.loads(raw), ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw.decode(errors="replace")
