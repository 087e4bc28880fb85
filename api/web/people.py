"""What the people are called who stand in lists by their ids: everybody may know who works here."""

import time
from collections.abc import Mapping
from typing import Any

from api.web.inside import Inside

SECONDS = 5.0  # For which a list is kept.
PAGE = 500


class People:
    """All who work here and who did, by id; asked again every few seconds."""

    def __init__(self) -> None:
        self.known: Mapping[str, Mapping[str, Any]] = {}
        self.until = 0.0

    async def all(self, inside: Inside) -> Mapping[str, Mapping[str, Any]]:
        """Raises Told."""
        if time.monotonic() > self.until:
            found, path = [], f"/views/staff_directory?sort=name&limit={PAGE}"
            while path:
                answer = await Inside(inside.app, inside.actor).answer(path)
                found += answer.told["rows"]
                path = answer.next or ""
            self.known = {row["staff_id"]: row for row in found}
            self.until = time.monotonic() + SECONDS
        return self.known
