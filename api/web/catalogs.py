"""What can be chosen from a company's own catalogs, as it calls it there in each language."""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from api.web.inside import Inside, Told, part_of
from api.web.visitor import Language

SECONDS = 60.0  # For which a catalog is kept.


@dataclass(frozen=True, slots=True)
class Choice:
    zh: str
    en: str
    retired: bool

    def called(self, language: Language) -> str:
        return self.zh if language == "zh" else self.en


Catalog = Mapping[str, Choice]


class Catalogs:
    """By their codes, the retired ones too, since what was chosen once is still shown; asked again every minute."""

    def __init__(self) -> None:
        self.known: dict[str, tuple[float, Catalog]] = {}

    async def get(self, inside: Inside, catalog_id: str) -> Catalog:
        """Nothing, where nobody has published it, or it is not for who asks."""
        until, found = self.known.get(catalog_id, (0.0, {}))
        if time.monotonic() > until:
            try:
                path = part_of("/catalogs/{}/events", catalog_id)
                events = (await Inside(inside.app, inside.actor).get(path, limit=500))["events"]
            except Told:
                return found
            found = told(entry for event in events[-1:] for entry in event["data"].get("entries", ()))
            self.known[catalog_id] = (time.monotonic() + SECONDS, found)
        return found


def told(entries: Iterable[Mapping[str, object]]) -> Catalog:
    return {
        str(each["code"]): Choice(
            str(each.get("zh") or each["code"]), str(each.get("en") or each["code"]), bool(each.get("retired"))
        )
        for each in entries
    }
