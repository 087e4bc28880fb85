"""Values are what dataclasses would make of them."""

import copy
import pickle
from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field
from inspect import Parameter, signature
from typing import Any

import pytest

from domain.values import replace, value


class Nothing:
    pass


class One:
    amount: float


class Several:
    name: str
    amount: int = 3
    note: str | None = field(default=None, compare=False, repr=False)


class Checked:
    amount: int

    def __post_init__(self) -> None:
        assert self.amount > 0, "too few"


class OfOneKind:
    name: str

    def __hash__(self) -> int:
        return 7


SHAPES: list[tuple[type, list[dict[str, Any]]]] = [
    (Nothing, [{}]),
    (One, [{"amount": 1.5}, {"amount": 2.0}]),
    (Several, [{"name": "a"}, {"name": "a", "note": "b"}, {"name": "a", "amount": 4}, {"name": "b"}]),
    (Checked, [{"amount": 1}]),
    (OfOneKind, [{"name": "a"}, {"name": "b"}]),
]


def declared(shape: type, how: Callable[[type], type]) -> type:
    """A class of its own with what the shape says."""
    told = {name: found for name, found in vars(shape).items() if name not in {"__dict__", "__weakref__"}}
    return how(type(shape.__name__, (), told))


@pytest.fixture(params=SHAPES, ids=lambda param: param[0].__name__)
def both(request: pytest.FixtureRequest) -> tuple[list[Any], list[Any]]:
    """The same objects, as values and as dataclasses."""
    shape, given = request.param
    ours, theirs = declared(shape, value), declared(shape, dataclass(frozen=True, kw_only=True, slots=True))
    return [ours(**each) for each in given], [theirs(**each) for each in given]


Both = tuple[list[Any], list[Any]]


def taken(made: list[Any]) -> list[Parameter]:
    return [*signature(type(made[0])).parameters.values()]


def test_they_are_written_alike(both: Both) -> None:
    ours, theirs = both
    assert [repr(each) for each in ours] == [repr(each) for each in theirs]


def test_they_are_made_of_the_same_fields(both: Both) -> None:
    ours, theirs = both
    assert [(each.name, each.kind, each.default) for each in taken(ours)] == [
        (each.name, each.kind, each.default) for each in taken(theirs)
    ]
    assert type(ours[0]).__slots__ == type(theirs[0]).__slots__


def test_the_same_ones_are_equal(both: Both) -> None:
    ours, theirs = both
    assert [[a == b for b in ours] for a in ours] == [[a == b for b in theirs] for a in theirs]
    assert all(a != b for a in ours for b in theirs), "values of different classes are never equal"
    assert all(copy.copy(each) == each for each in ours)


def test_equal_ones_are_one_in_a_set(both: Both) -> None:
    ours, theirs = both
    assert len({*ours}) == len({*theirs})
    assert all(hash(copy.copy(each)) == hash(each) for each in ours)


def test_they_are_never_changed(both: Both) -> None:
    for each in both[0]:
        for name in (*type(each).__slots__, "other"):
            with pytest.raises(FrozenInstanceError, match=f"cannot assign to field '{name}'"):
                setattr(each, name, 1)
            with pytest.raises(FrozenInstanceError, match=f"cannot delete field '{name}'"):
                delattr(each, name)


def test_a_hash_of_their_own_is_kept() -> None:
    assert hash(declared(OfOneKind, value)(name="a")) == 7


def test_what_must_hold_of_a_value_is_looked_at_when_it_is_made() -> None:
    checked = declared(Checked, value)
    with pytest.raises(AssertionError, match="too few"):
        checked(amount=0)
    with pytest.raises(AssertionError, match="too few"):
        replace(checked(amount=1), amount=0)


@value
class Kept:
    name: str
    inside: tuple[object, ...] = ()


def test_they_are_copied_and_pickled_whole() -> None:
    kept = Kept(name="a", inside=(Kept(name="b"), [1]))
    for again in (copy.copy(kept), copy.deepcopy(kept), pickle.loads(pickle.dumps(kept))):  # noqa: S301 - its own.
        assert again == kept
        assert again is not kept


def test_one_that_is_inside_itself_is_written_once() -> None:
    inside: list[object] = []
    kept = Kept(name="a", inside=(inside,))
    inside.append(kept)
    assert repr(kept) == "Kept(name='a', inside=([...],))"
