"""Who looks at the pages, in which language and light; what a browser keeps of that is signed here."""

import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from hmac import compare_digest
from typing import Literal, get_args
from urllib.parse import quote
from zoneinfo import ZoneInfo

from starlette.requests import Request

Language = Literal["zh", "en"]
Theme = Literal["auto", "light", "dark"]

COOKIE, AFTER, LANGUAGE, THEME, KEYS = "desk", "desk_after", "language", "theme", "keys"
HOURS = 12.0  # After which somebody signs in again.
SIGNED = 16  # Bytes of the fingerprint.
LONGEST = 500
Fingerprint = Callable[[str, bytes], bytes]


@dataclass(frozen=True, slots=True)
class Visitor:
    """`actor` are the headers by which the service knows him; empty while nobody has said who he is."""

    actor: Mapping[str, str]
    language: Language
    theme: Theme
    zone: ZoneInfo
    after: int | None = None
    keys: bool = True
    """Whether single letters do something."""

    @property
    def staff_id(self) -> str | None:
        kind, _, name = self.actor.get("x-actor", "").partition(":")
        return name if kind == "user" else None


def visitor_of(request: Request, fingerprint: Fingerprint, zone: str, *, roles: bool) -> Visitor:
    """By the headers that a proxy has set, or where people may choose `roles`, by what he has chosen."""
    actor = {name: request.headers[name] for name in ("x-actor", "x-role") if name in request.headers}
    if not actor and roles and (staff_id := opened(fingerprint, request.cookies.get(COOKIE, ""))):
        actor = {"x-actor": f"user:{quote(staff_id, safe='')}"}
    theme = request.cookies.get(THEME, "auto")
    after = request.cookies.get(AFTER, "")
    return Visitor(
        actor=actor,
        language=language_of(request),
        theme=theme if theme in get_args(Theme) else "auto",  # type: ignore[arg-type]
        zone=ZoneInfo(zone),
        after=int(after) if after.isascii() and after.isdigit() and len(after) < 19 else None,
        keys=request.cookies.get(KEYS) != "off",
    )


def language_of(request: Request) -> Language:
    """The one that he has chosen, or the first of ours that his browser names."""
    chosen = request.cookies.get(LANGUAGE)
    wanted = [chosen] if chosen else request.headers.get("accept-language", "").split(",")
    for each in wanted:
        short = each.strip()[:2].lower()
        if short in get_args(Language):
            return short  # type: ignore[return-value]
    return "en"


def sealed(fingerprint: Fingerprint, staff_id: str) -> str:
    payload = json.dumps([staff_id, int(time.time() + HOURS * 3600)]).encode()
    return urlsafe_b64encode(fingerprint("desk", payload)[:SIGNED] + payload).decode().rstrip("=")


def opened(fingerprint: Fingerprint, text: str) -> str | None:
    """Who it was made for, if we have made it and it has not come to its end."""
    with suppress(ValueError):
        raw = urlsafe_b64decode(text[:LONGEST] + "=" * (-len(text) % 4))
        if compare_digest(fingerprint("desk", raw[SIGNED:])[:SIGNED], raw[:SIGNED]):
            staff_id, until = json.loads(raw[SIGNED:])
            return str(staff_id) if time.time() < until else None
    return None
