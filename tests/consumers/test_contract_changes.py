"""What breaks whoever reads our topics is told before it is written, by the name of what it is."""

import json
import subprocess
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import pytest

from consumers.contract import __main__ as command
from consumers.contract.changes import breaks
from consumers.contract.document import INBOUND, SNAPSHOT, committed, document
from consumers.contract.schemas import Schema
from domain.values import Instant, Personal, value
from ledger.codec import Shape, personal_paths

Changed = Callable[[Schema], object]


def shape(kind: type, *steps: Any, name: str = "shop.sold") -> Shape:
    return Shape(name, kind, tuple(personal_paths(kind)), steps)


def sold(before: type, after: type, *steps: Any) -> list[str]:
    """What breaks when this is how something is sold from now on."""
    first = document([shape(before)])
    return breaks(first, document([shape(after, *steps)], (), first))


@value
class Line:
    sku: str
    quantity: int = 1


@value
class Sold:
    ref: str
    lines: tuple[Line, ...]
    at: Instant
    way: Literal["web", "shop"] = "web"
    note: Personal[str] | None = None
    prices: Mapping[str, int] | None = None
    code: str | int | None = None


def test_what_is_as_it_was_breaks_nothing() -> None:
    assert sold(Sold, Sold) == []


# What goes on


@value
class Wider:
    ref: str
    lines: tuple[Line, ...]
    at: Instant
    way: Literal["web", "shop", "phone"] = "web"
    note: Personal[str] | None = None
    prices: Mapping[str, int] | None = None
    code: str | int | None = None
    discount: int | None = None
    gift: bool = False


def test_fields_that_may_be_missing_and_new_words_are_added() -> None:
    assert sold(Sold, Wider) == []


def test_events_are_added() -> None:
    first = document([shape(Sold)])
    assert breaks(first, document([shape(Sold), shape(Sold, name="shop.resold"), shape(Sold, name="till.sold")])) == []


def test_a_class_is_called_something_else() -> None:
    first = document([shape(Sold)])
    renamed = json.loads(json.dumps(document([shape(Sold)])).replace("schemas/Line", "schemas/Position"))
    renamed["components"]["schemas"]["Position"] = renamed["components"]["schemas"].pop("Line")
    assert breaks(first, renamed) == []


# What breaks


@value
class WithoutRef:
    lines: tuple[Line, ...]
    at: Instant
    way: Literal["web", "shop"] = "web"
    note: Personal[str] | None = None
    prices: Mapping[str, int] | None = None
    code: str | int | None = None


@value
class NumberedRef(WithoutRef):
    ref: int


@value
class PersonalRef(WithoutRef):
    ref: Personal[str]


@value
class MaybeRef(WithoutRef):
    ref: str | None = None


@value
class OneOfRefs(WithoutRef):
    ref: Literal["a", "b"]


@value
class NamedShop(Sold):
    shop: str


@value
class OnTheWeb(Sold):
    way: Literal["web"] = "web"


@value
class InTheShop(Sold):
    way: Literal["web", "shop"] = "shop"


@value
class PlainNote(Sold):
    note: str | None = None


@value
class NumberedNote(Sold):
    note: Personal[int] | None = None  # type: ignore[assignment]


@value
class TextPrices(Sold):
    prices: Mapping[str, str] | None = None  # type: ignore[assignment]


@value
class NarrowCode(Sold):
    code: str | None = None


@value
class WideCode(Sold):
    code: str | int | bool | None = None


@value
class TextTime(Sold):
    at: str  # type: ignore[assignment]


@value
class OneLine(Sold):
    lines: Line  # type: ignore[assignment]


def line(cls: type) -> type:
    """Sold in lines that are otherwise."""
    made = type("Sold", (Sold,), {"__annotations__": {"lines": tuple[cls, ...]}})  # type: ignore[valid-type]
    return value(made)


@value
class LineOfText:
    sku: str
    quantity: str = "1"


@value
class LineWithoutSku:
    quantity: int = 1


@value
class LineWithUnit:
    sku: str
    unit: str
    quantity: int = 1


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (WithoutRef, ["shop.sold.ref: the field is gone"]),
        (NumberedRef, ["shop.sold.ref: it was a string, and is an integer"]),
        (
            PersonalRef,
            [
                "shop.sold.ref: it was a string, which it cannot be any more",
                "shop.sold.ref: it may be a Sealed now",
                "shop.sold.ref: it may be an Erased now",
            ],
        ),
        (MaybeRef, ["shop.sold.ref: the field was always there, and may be missing now"]),
        (OneOfRefs, ["shop.sold.ref: it was any string, and is one of 'a', 'b'"]),
        (NamedShop, ["shop.sold.shop: the field is needed now"]),
        (OnTheWeb, ["shop.sold.way: 'shop' is none of its words any more"]),
        (InTheShop, ["shop.sold.way: its default was web, and is shop"]),
        (
            PlainNote,
            [
                "shop.sold.note: it was a Sealed, which it cannot be any more",
                "shop.sold.note: it was an Erased, which it cannot be any more",
                "shop.sold.note: it may be a string now",
            ],
        ),
        (NumberedNote, ["shop.sold.note, opened: it was a string, and is an integer"]),
        (TextPrices, ["shop.sold.prices, each of it: it was an integer, and is a string"]),
        (NarrowCode, ["shop.sold.code: it was an integer, which it cannot be any more"]),
        (WideCode, ["shop.sold.code: it may be a boolean now"]),
        (TextTime, ["shop.sold.at: its format was date-time, and is not said"]),
        (OneLine, ["shop.sold.lines: it was an array, and is a Line"]),
        (line(LineOfText), ["shop.sold.lines, each of it.quantity: it was an integer, and is a string"]),
        (line(LineWithoutSku), ["shop.sold.lines, each of it.sku: the field is gone"]),
        (line(LineWithUnit), ["shop.sold.lines, each of it.unit: the field is needed now"]),
    ],
    ids=lambda found: getattr(found, "__name__", ""),
)
def test_what_is_otherwise_is_named(after: type, told: list[str]) -> None:
    assert sold(Sold, after) == told


def test_an_event_that_is_gone_is_named() -> None:
    first = document([shape(Sold), shape(Sold, name="shop.resold")])
    told = "shop.resold: the topic lifeledger.shop.v1 has no such message any more"
    assert breaks(first, document([shape(Sold)])) == [told]


def next_version(found: Schema) -> Schema:
    """Of the same topic."""
    changed: Schema = json.loads(json.dumps(found).replace("lifeledger.shop.v1", "lifeledger.shop.v2"))
    return changed


def test_a_topic_that_is_gone_is_named() -> None:
    first = document([shape(Sold), shape(Sold, name="till.sold")])
    assert breaks(first, document([shape(Sold)])) == ["lifeledger.till.v1: the topic is gone"]


def test_the_next_version_of_a_topic_is_another_topic() -> None:
    first = document([shape(Sold)])
    assert breaks(first, next_version(document([shape(WithoutRef)]))) == []
    assert breaks(next_version(first), first) == ["lifeledger.shop.v2: the topic is gone"], "the one before is none"


# Steps of the history


def test_a_step_that_leaves_what_is_stored_readable_breaks_nothing() -> None:
    assert sold(Sold, Wider, lambda payload: payload) == []


def test_what_is_written_otherwise_from_now_on_breaks_who_reads_it() -> None:
    """What was written before is still there; but who has read that does not understand what comes."""
    assert sold(Sold, NumberedRef, lambda payload: payload) == ["shop.sold.ref: it was a string, and is an integer"]


# Headers and keys


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda found: found["components"]["schemas"]["Headers"]["properties"].pop("ce_time"),
            "shop.sold, headers.ce_time: the field is gone",
        ),
        (
            lambda found: found["components"]["schemas"]["Headers"]["required"].append("ce_subject"),
            "shop.sold, headers.ce_subject: the field is needed now",
        ),
        (
            lambda found: found["components"]["messages"]["shop.sold"]["bindings"]["kafka"]["key"].update(pattern="x"),
            "shop.sold, key: its pattern was ^shop/, and is x",
        ),
    ],
    ids=["a header is gone", "a header is needed", "the key is another"],
)
def test_what_surrounds_it_is_kept_to_as_well(change: Changed, told: str) -> None:
    first = document([shape(Sold)])
    second = deepcopy(first)
    change(second)
    assert breaks(first, second) == [told]


# What others send


@dataclass(frozen=True)
class Order:
    number: str
    placed: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class NewOrder:
    number: str | int
    placed: str
    note: str | None = None


@dataclass(frozen=True)
class Orders:
    message: type[Any]
    topic: str = "shop.orders.v1"
    system: str = "shop"
    order: Any = None


def test_what_others_send_may_come_to_be_read_in_more_ways_and_not_in_fewer() -> None:
    """A text, where there was a text or nothing; a number as well, where there was a text."""
    first, second = document([], [Orders(Order)]), document([], [Orders(NewOrder)])
    assert breaks(first, second) == [
        "shop.orders.v1.Order: the topic shop.orders.v1 has no such message any more",
    ]
    second = json.loads(json.dumps(second).replace("NewOrder", "Order"))
    assert breaks(first, second) == [
        "shop.orders.v1.Order.placed: it was a null, which it cannot be any more",
        "shop.orders.v1.Order.placed: the field is needed now",
    ]


# The command


def test_the_document_that_is_committed_is_kept_to() -> None:
    from commands.service import codec

    before = committed()
    assert breaks(before, document(codec().by_name.values(), INBOUND, before)) == []


@pytest.fixture
def snapshot(tmp_path: Path) -> Path:
    path = tmp_path / "asyncapi.json"
    path.write_text(SNAPSHOT.read_text(encoding="utf-8"), encoding="utf-8")
    return path


@pytest.fixture
def broken(snapshot: Path) -> Path:
    """A document that promises more than there is."""
    found = committed(snapshot)
    lost = found["components"]["schemas"]["lead.claimed.0"]["properties"]
    lost["colour"] = {"type": "string"}
    snapshot.write_text(json.dumps(found), encoding="utf-8")
    return snapshot


def test_where_the_document_is_lost_none_is_made_that_promises_nothing(tmp_path: Path) -> None:
    lost = tmp_path / "asyncapi.json"
    for arguments in ([], ["--check"]):
        told = command.main(arguments, lost)
        assert "asyncapi.json: it is gone, with all that it promised" in (told or "")
    assert not lost.exists()
    assert command.main(["--breaking", "it is the first"], lost) is None
    assert committed(lost)["info"]["x-broken"][0]["because"] == "it is the first"


@pytest.mark.parametrize("why", ["", "  "])
def test_no_reason_is_none(broken: Path, why: str) -> None:
    before = broken.read_text(encoding="utf-8")
    assert "say why" in (command.main(["--breaking", why], broken) or "")
    assert broken.read_text(encoding="utf-8") == before


def test_who_writes_the_document_himself_is_held_to_what_it_was_where_he_parted(broken: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=ann", "-c", "user.email=ann@example.org")
        subprocess.run(["git", "-C", str(broken.parent), *who, *arguments], check=True, capture_output=True)

    git("init", "--initial-branch=main")
    git("add", ".")
    git("commit", "--message=what was promised")
    git("checkout", "-b", "ours")
    broken.write_text(SNAPSHOT.read_text(encoding="utf-8"), encoding="utf-8")
    git("commit", "--all", "--message=it was never there")
    assert "colour" not in (command.main(["--check"], broken) or "")
    told = command.main(["--check", "--since", "main"], broken)
    assert "lead.claimed.colour: the field is gone" in (told or "")
    git("checkout", "main", "--", ".")
    assert command.main(["--breaking", "colours were never filled"], broken) is None
    assert command.main(["--check", "--since", "main"], broken) is None, "it is on record"


def test_what_is_out_of_date_is_written_anew(snapshot: Path) -> None:
    found = committed(snapshot)
    del found["components"]["messages"]["lead.claimed"]
    del found["channels"]["lifeledger.lead.v1"]["messages"]["lead.claimed"]
    snapshot.write_text(json.dumps(found), encoding="utf-8")
    assert command.main(["--check"], snapshot) == "the document is out of date: python -m consumers.contract"
    assert committed(snapshot) == found
    assert command.main([], snapshot) is None
    assert committed(snapshot) == committed()
    assert command.main(["--check"], snapshot) is None


@pytest.mark.parametrize("arguments", [[], ["--check"]], ids=str)
def test_what_would_break_somebody_is_not_written(broken: Path, arguments: list[str]) -> None:
    before = broken.read_text(encoding="utf-8")
    told = command.main(arguments, broken)
    assert told is not None
    assert "lead.claimed.colour: the field is gone" in told
    assert broken.read_text(encoding="utf-8") == before


def test_what_is_broken_on_purpose_is_written_with_the_reason(broken: Path) -> None:
    assert command.main(["--breaking", "colours were never filled"], broken) is None
    told = [{"because": "colours were never filled", "changes": ["lead.claimed.colour: the field is gone"]}]
    assert committed(broken)["info"]["x-broken"] == told
    assert command.main([], broken) is None
    assert committed(broken)["info"]["x-broken"] == told, "it stays there"
