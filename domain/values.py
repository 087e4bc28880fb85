"""The vocabulary every module shares."""

from collections.abc import Callable, Iterable
from dataclasses import MISSING, FrozenInstanceError, dataclass, fields
from datetime import datetime
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from typing import Annotated, Any, NewType, NoReturn, TypeVar, dataclass_transform
from uuid import UUID

T = TypeVar("T")

LONGEST_TEXT = 4_000  # Characters; nothing a person types into one field is longer.


def outside_name(name: str) -> str:
    """`from_` is `from` in JSON: the words of the business, where Python reserves them."""
    return name.rstrip("_")


@dataclass_transform(frozen_default=True, kw_only_default=True)
def value(cls: type[T]) -> type[T]:
    """Commands, events, states and rows are all values: frozen, compared by content."""
    cls.__pydantic_config__ = {  # type: ignore[attr-defined]  # Read by the codec at the edge; a plain dict here.
        "extra": "forbid",
        "alias_generator": outside_name,
        "str_max_length": LONGEST_TEXT,
    }
    made = dataclass(init=False, repr=False, eq=False, kw_only=True, slots=True)(cls)
    for name, method in methods(made).items():
        if name not in made.__dict__:
            setattr(made, name, method)
    return made


def replace(found: T, /, **changes: Any) -> T:
    """The same value but for some fields: as dataclasses.replace, for values only, and several times as fast."""
    kind: type = type(found)
    return quick_replace(kind)(found, **changes)  # type: ignore[no-any-return]


def methods(cls: type) -> dict[str, Callable[..., Any]]:
    """What dataclasses would make of a frozen class, sooner: they compile seven functions for each, and this one.

    There are hundreds of values, and every process makes them all before it does anything.
    """
    compared = tuple(field.name for field in fields(cls) if field.compare)
    content: Callable[[Any], Any] = attrgetter(*compared) if compared else lambda _: ()

    def same(self: Any, other: object) -> Any:
        return content(self) == content(other) if other.__class__ is self.__class__ else NotImplemented

    return {
        "__init__": quick_init(cls),
        "__repr__": written_out,
        "__eq__": same,
        "__hash__": lambda self: hash(content(self)),
        "__setattr__": refuse_to_set,
        "__delattr__": refuse_to_delete,
        "__getstate__": contents,
        "__setstate__": put_back,
    }


@recursive_repr()
def written_out(found: Any) -> str:
    told = (f"{field.name}={getattr(found, field.name)!r}" for field in fields(found) if field.repr)
    return f"{type(found).__qualname__}({', '.join(told)})"


def refuse_to_set(_: object, name: str, __: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def refuse_to_delete(_: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def contents(found: Any) -> list[Any]:
    return [getattr(found, field.name) for field in fields(found)]


def put_back(found: Any, contents: list[Any]) -> None:
    """What a copy or a pickle of a value is made of: its slots are set, where it itself refuses."""
    for field, content in zip(fields(found), contents, strict=True):
        object.__setattr__(found, field.name, content)


def quick_init(cls: type) -> Callable[..., None]:
    """What dataclasses would make, but through the slots' own descriptors.

    A frozen dataclass sets each field through object.__setattr__, by name, which takes more than twice as long. Every
    command makes a dozen values and every event read makes one, so that this is a tenth of all the service does.
    """
    names = {field.name: field for field in fields(cls)}
    known: dict[str, Any] = {f"set_{name}": getattr(cls, name).__set__ for name in names}
    known |= {f"default_{name}": field.default for name, field in names.items()}
    given = [name if field.default is MISSING else f"{name}=default_{name}" for name, field in names.items()]
    body = [f"set_{name}(self, {name})" for name in names]
    if hasattr(cls, "__post_init__"):
        body.append("self.__post_init__()")
    header = f"def __init__({', '.join(['self', *(['*'] if given else []), *given])}):"
    exec("\n    ".join([header, *(body or ["pass"])]), known)  # noqa: S102 - as dataclasses itself does.
    return known["__init__"]  # type: ignore[no-any-return]


@cache
def quick_replace(cls: type) -> Callable[..., Any]:
    """What takes the fields that change, by name, and copies the others slot by slot."""
    names = [field.name for field in fields(cls)]
    known: dict[str, Any] = {f"set_{name}": getattr(cls, name).__set__ for name in names}
    known |= {"_cls": cls, "_new": object.__new__, "_same": object()}
    given = [f"{name}=_same" for name in names]
    body = ["_made = _new(_cls)"]
    body += [f"set_{name}(_made, self.{name} if {name} is _same else {name})" for name in names]
    if hasattr(cls, "__post_init__"):
        body.append("_made.__post_init__()")
    header = f"def _replace({', '.join(['self', *(['*'] if given else []), *given])}):"
    exec("\n    ".join([header, *body, "return _made"]), known)  # noqa: S102 - as above.
    return known["_replace"]  # type: ignore[no-any-return]


@dataclass_transform(frozen_default=True, kw_only_default=True)
def fact(name: str, *, forgets: Callable[[Any], Iterable[str]] | None = None) -> Callable[[type[T]], type[T]]:
    """An event. The name is what is stored, for ever; the class may be renamed.

    `forgets` names the streams of all that is forgotten when it happens: their keys are destroyed with it.
    """

    def declare(cls: type[T]) -> type[T]:
        declared = value(cls)
        FACT_NAMES[declared] = name
        if forgets is not None:
            FORGETTING[declared] = forgets
        return declared

    return declare


FACT_NAMES: dict[type, str] = {}
FORGETTING: dict[type, Callable[[Any], Iterable[str]]] = {}


def forgotten_by(event: object) -> tuple[str, ...]:
    """The streams of whom an event forgets; of most, none."""
    forgets = FORGETTING.get(type(event))
    return () if forgets is None else tuple(forgets(event))


def stream_named(event: type) -> Callable[[Any], str]:
    """How an event of this class names its stream: what its name begins with, and the id, which is its first field."""
    kind, id_field = FACT_NAMES[event].partition(".")[0], fields(event)[0].name
    return lambda found: f"{kind}/{getattr(found, id_field)}"


class Aware:
    """Marks an instant: a time without a zone is refused where values come in."""

    def __get_pydantic_core_schema__(self, source: Any, handler: Callable[[Any], Any]) -> Any:
        return {**handler(source), "tz_constraint": "aware"}


Instant = Annotated[datetime, Aware()]


@value
class Erased:
    """What is left of a personal value after erasure."""

    on: Instant
    by: str


class PersonalMark:
    """Marks a field that is stored under the person's own key."""


PERSONAL = PersonalMark()
Personal = Annotated[T | Erased, PERSONAL]

LeadId = NewType("LeadId", UUID)
CustomerId = NewType("CustomerId", UUID)
ContactId = NewType("ContactId", UUID)
OrderId = NewType("OrderId", UUID)
TicketId = NewType("TicketId", UUID)
CallId = NewType("CallId", UUID)
ReviewId = NewType("ReviewId", UUID)
CalibrationId = NewType("CalibrationId", UUID)  # Of inspectors among each other; a calendar has a CalendarId.
IdentityId = NewType("IdentityId", UUID)
StaffId = NewType("StaffId", str)
PoolId = NewType("PoolId", str)
CatalogId = NewType("CatalogId", str)
CalendarId = NewType("CalendarId", str)
ScorecardId = NewType("ScorecardId", str)
TargetId = NewType("TargetId", str)
CampaignId = NewType("CampaignId", str)
GroupId = NewType("GroupId", str)
ChurnModelId = NewType("ChurnModelId", str)
ViewName = NewType("ViewName", str)
TopicName = NewType("TopicName", str)  # Of another system, as shop.orders.v1.
PolicyId = NewType(
    "PolicyId", str
)  # Of what is published in versions and decides: dispatch rules, service levels, credit.
OrgPath = NewType("OrgPath", str)  # "north/team-1": a team is a path, and lies within all its prefixes.


def within(path: str, unit: str) -> bool:
    """Whether an organisation path lies in a unit, or is it."""
    return path == unit or path.startswith(f"{unit}/")
