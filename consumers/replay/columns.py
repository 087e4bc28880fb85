"""Events as columns: the envelope, and what they tell, without anything personal."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal
from functools import cached_property
from types import NoneType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints
from uuid import UUID

from pydantic_core import from_json, to_json

from domain.money import Money
from domain.signature import members
from domain.values import Erased, PersonalMark, outside_name
from ledger.codec import Codec, modernised
from ledger.envelope import Corrupt
from ledger.keys import Chest
from ledger.row import Row

# Who acted is there by id, role and place, without the name; of a reason the code, without the text.
ENVELOPE: Mapping[str, tuple[str, str]] = {
    "position": ("notification_id", "bigint"),
    "stream": ("originator_id", "text"),
    "version": ("originator_version", "bigint"),
    "type": ("topic", "text"),
    "schema_version": ("schema_version", "bigint"),
    "event_id": ("event_id", "uuid"),
    "occurred_at": ("occurred_at", "timestamptz"),
    "recorded_at": ("recorded_at", "timestamptz"),
    "actor_kind": ("actor_kind", "text"),
    "actor_id": ("actor_id", "text"),
    "actor_role": ("actor_role", "text"),
    "actor_org": ("actor_org", "text"),
    "on_behalf_of": ("on_behalf_of", "text"),
    "reason_code": ("reason_code", "text"),
    "command_id": ("command_id", "uuid"),
    "correlation_id": ("correlation_id", "uuid"),
    "causation_id": ("causation_id", "uuid"),
    "source_system": ("source_system", "text"),
    "source_message_id": ("source_message_id", "text"),
    "policy_version": ("policy_version", "text"),
    "imported": ("imported", "boolean"),
    "subject": ("subject", "text"),
}
DECIMALS = 4  # No currency has more.


def arrow_is_there() -> Any:
    """Raises ModuleNotFoundError, which says what to install."""
    try:
        import pyarrow.parquet  # noqa: PLC0415 - it is optional, and takes its time.
    except ModuleNotFoundError:
        raise ModuleNotFoundError("Arrow and Parquet come with lifeledger[parquet], which is not installed") from None
    return pyarrow


class Batches:
    """How rows of the ledger become record batches: with the payload as JSON, or, of events of one kind only, in typed
    columns.
    """

    def __init__(self, chest: Chest, codec: Codec, only: str | None = None) -> None:
        self.arrow = arrow_is_there()
        self.chest = chest
        self.codec = codec
        self.told = {"payload": (("payload",), "text")} if only is None else told_columns(codec.by_name[only].kind)
        self.as_json = only is None

    @cached_property
    def schema(self) -> Any:
        types = {name: kind for name, (_, kind) in ENVELOPE.items()} | {n: kind for n, (_, kind) in self.told.items()}
        return self.arrow.schema([(name, arrow_type(self.arrow, kind)) for name, kind in types.items()])

    def batch(self, rows: Sequence[Row]) -> Any:
        subjects = {row.subject for row in rows}
        erased = {who: left for who, left in self.chest.wrapped_keys(subjects).items() if isinstance(left, Erased)}
        payloads = [self.payload(row, erased.get(row.subject)) for row in rows]
        columns = {
            name: [cell(getattr(row, stored), kind) for row in rows] for name, (stored, kind) in ENVELOPE.items()
        }
        if self.as_json:
            columns["payload"] = [to_json(each).decode() for each in payloads]
        else:
            columns |= {
                name: [cell(found_at(each, way), kind) for each in payloads] for name, (way, kind) in self.told.items()
            }
        arrays = [self.arrow.array(columns[each.name], each.type) for each in self.schema]
        return self.arrow.record_batch(arrays, schema=self.schema)

    def payload(self, row: Row, erased: Erased | None) -> Any:
        """What an event tells, as of today's version of its kind, and closed. Raises Corrupt."""
        shape = self.codec.by_name.get(row.topic)
        if shape is None or not 0 <= row.schema_version <= len(shape.steps):
            raise Corrupt(f"{row.topic} in schema version {row.schema_version} is unknown to this service")
        data = from_json(row.state)
        if steps := shape.steps[row.schema_version :]:
            data = modernised(data, steps)
        return closed(data, erased)


def batches(rows: Iterable[Sequence[Row]], columns: Batches) -> Any:
    made = (columns.batch(some) for some in rows if some)
    return columns.arrow.RecordBatchReader.from_batches(columns.schema, made)


def closed(data: Any, erased: Erased | None) -> Any:
    """What is sealed is null; of who was erased it says so, with when and by whom."""
    match data:
        case {"sealed": _, **rest} if not rest:
            return None if erased is None else {"erased": {"on": erased.on, "by": erased.by}}
        case dict():
            return {name: closed(found, erased) for name, found in data.items()}
        case list():
            return [closed(found, erased) for found in data]
        case _:
            return data


# Typed columns

Way = tuple[str, ...]


def told_columns(kind: type) -> dict[str, tuple[Way, str]]:
    """The columns of a kind of events, and the way to each; what is personal has none. A name that the envelope has
    is told as `told_version`; an amount of money has a column of its own for the currency; what has no type in a column
    is JSON.
    """
    hints = get_type_hints(kind, include_extras=True)
    found: dict[str, tuple[Way, str]] = {}
    for field in fields(kind):
        name = outside_name(field.name)
        column = f"told_{name}" if name in ENVELOPE else name
        match column_type(hints[field.name]):
            case "money":
                found[column] = ((name, "amount"), "numeric")
                found[f"{column}_currency"] = ((name, "currency"), "text")
            case "personal":
                pass
            case column_kind:
                found[column] = ((name,), column_kind)
    return found


def column_type(annotation: Any) -> str:
    if get_origin(annotation) is Annotated:
        kind, *marks = get_args(annotation)
        return "personal" if any(isinstance(mark, PersonalMark) for mark in marks) else column_type(kind)
    if get_origin(annotation) is Literal:
        return "text" if all(isinstance(each, str) for each in get_args(annotation)) else "json"
    several = [each for each in members(annotation) if each is not NoneType]
    if len(several) > 1:
        kinds = {column_type(each) for each in several}
        return kinds.pop() if len(kinds) == 1 else ("personal" if "personal" in kinds else "json")
    if several != [annotation]:
        return column_type(several[0])
    plain = getattr(annotation, "__supertype__", annotation)
    return TYPES.get(plain, "json") if isinstance(plain, type) else "json"


TYPES: Mapping[Any, str] = {
    UUID: "uuid",
    str: "text",
    bool: "boolean",
    int: "bigint",
    float: "double precision",
    Decimal: "text",  # As exact as it was told: a rate may have any number of decimals.
    datetime: "timestamptz",
    Money: "money",
}


def found_at(data: Any, way: Way) -> Any:
    for name in way:
        data = None if data is None else data.get(name)
    return data


def cell(found: Any, kind: str) -> Any:
    if found is None:
        return None
    match kind:
        case "uuid":
            return str(found)
        case "json":
            return to_json(found).decode()
        case "numeric":
            return Decimal(found)
        case "timestamptz":
            return datetime.fromisoformat(found) if isinstance(found, str) else found
        case _:
            return found


def arrow_type(arrow: Any, kind: str) -> Any:
    return {
        "uuid": arrow.string(),
        "text": arrow.string(),
        "json": arrow.string(),
        "boolean": arrow.bool_(),
        "bigint": arrow.int64(),
        "double precision": arrow.float64(),
        "numeric": arrow.decimal128(38, DECIMALS),
        "timestamptz": arrow.timestamp("us", "UTC"),
    }[kind]


def chunks(rows: Sequence[Row]) -> Iterator[tuple[str, list[Row]]]:
    """The rows of each month of recording, as UTC has it."""
    months: dict[str, list[Row]] = {}
    for row in rows:
        months.setdefault(month_of(row.recorded_at), []).append(row)
    yield from sorted(months.items())


def month_of(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m")
