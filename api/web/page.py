"""A page is a template and its parts; a part is what is asked and how it is shown, and can be loaded again alone."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlencode

from api.web.catalogs import Catalogs
from api.web.inside import Answer, Inside, Pairs
from api.web.visitor import Visitor
from api.web.words import Words


@dataclass(frozen=True)
class Asking:
    """One look at a page: who, from where, and what stands in the address."""

    visitor: Visitor
    inside: Inside
    words: Words
    path: Mapping[str, str]
    query: Mapping[str, str]
    role: str = ""
    catalogs: Catalogs = field(default_factory=Catalogs)
    pairs: Pairs = ()
    """The same with what is said more than once, as `status.ne=lost&status.ne=invalid`."""

    def page_after(self, answer: Answer) -> str | None:
        """The address of this page with the next rows of a list, where there are any."""
        if answer.next is None:
            return None
        cursor = dict(parse_qsl(answer.next.partition("?")[2]))["cursor"]
        return f"?{urlencode([*(each for each in self.pairs if each[0] != 'cursor'), ('cursor', cursor)])}"


Load = Callable[[Asking], Awaitable[Mapping[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class Part:
    """`load` asks what `template` shows. It is made anew when one of the views changes that it follows, or after
    whatever its reader has done.
    """

    name: str
    template: str
    load: Load
    follows: Sequence[str] = ()
    every: int | None = None
    """Seconds after which it is made anew in any case, for what changes by time alone."""
    lazy: bool = False
    """Whether the page is there before it."""


@dataclass(frozen=True, kw_only=True)
class Page:
    """`roles` are those in whose menu it stands; nobody else is kept out, since what is shown is decided inside."""

    name: str
    path: str
    template: str
    parts: Sequence[Part] = ()
    load: Load | None = None
    roles: frozenset[str] | None = frozenset()
    """None: in everybody's menu."""
    scripts: Sequence[str] = ()
    by_name: Mapping[str, Part] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {part.name: part for part in self.parts})
        assert len(self.by_name) == len(self.parts), f"{self.name} has two parts of one name"

    @property
    def follows(self) -> list[str]:
        return sorted({view for part in self.parts for view in part.follows})
