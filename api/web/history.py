"""A history as pages tell it: each event with what is masked in it, so that somebody may ask to see it."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from api.shown import MASK
from api.web.inside import part_of
from api.web.page import Asking, Load

MOST = 500


def timeline(kind: str, plural: str, key: str) -> Load:
    """What has happened to the subject that the page is of, the last first."""

    async def load(asking: Asking) -> Mapping[str, Any]:
        subject = asking.path[key]
        events = (await asking.inside.get(part_of(f"/{plural}/{{}}/events", subject), limit=MOST))["events"]
        return {"events": told(events[::-1]), "own": f"{kind}/{subject}"}

    return load


def told(events: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    return [{**each, "sealed": list(sealed_in(each["data"]))} for each in events]


def sealed_in(node: Any, above: tuple[str, ...] = ()) -> Iterator[tuple[str, str]]:
    """The ways to what is masked, `identities/0/value`, and what each is called."""
    if node == MASK:
        yield "/".join(above), next((step for step in reversed(above) if not step.isdecimal()), "value")
    steps = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for step, below in steps:
        yield from sealed_in(below, (*above, str(step)))


def place_of(events: Sequence[Mapping[str, Any]], identity_id: str) -> tuple[str, str] | None:
    """The event that told a number or an address last, and where in it."""
    for event in reversed(events):
        for name in ("identities", "identities_added"):
            for nth, link in enumerate(event["data"].get(name) or ()):
                if isinstance(link, dict) and link.get("identity_id") == identity_id and link.get("value") == MASK:
                    return event["event_id"], f"{name}/{nth}/value"
    return None
