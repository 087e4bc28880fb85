"""Refusals as the command log keeps them, so that the same command gets the same answer."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, get_type_hints

from pydantic import TypeAdapter, ValidationError

from domain.errors import Refused
from ledger.envelope import Declined


class RefusedBefore(Refused):
    """The request was declined, under a rule that says it in other words by now."""


def kinds(base: type[Refused] = Refused) -> Iterator[type[Refused]]:
    """Every way in which the domain says no."""
    yield base
    for kind in base.__subclasses__():
        yield from kinds(kind)


ADAPTERS: dict[type, dict[str, TypeAdapter[Any]]] = {}


def adapter(kind: type[Refused]) -> dict[str, TypeAdapter[Any]]:
    """How each fact of a refusal is written and read."""
    if kind not in ADAPTERS:
        ADAPTERS[kind] = {name: TypeAdapter(hint) for name, hint in get_type_hints(kind).items()}
    return ADAPTERS[kind]


def declined(no: Refused) -> Declined:
    """The name and the facts of a refusal."""
    facts = {name: each.dump_python(getattr(no, name), mode="json") for name, each in adapter(type(no)).items()}
    return Declined(name=type(no).__name__, facts=facts)


def restored(kept: Declined) -> Refused:
    """The refusal as it was given first, or in the words of that time, where its class has changed since."""
    for kind in kinds():
        if kind.__name__ == kept.name:
            with suppress(TypeError, ValidationError):
                known = {name: each for name, each in adapter(kind).items() if name in kept.facts}
                return kind(**{name: each.validate_python(kept.facts[name]) for name, each in known.items()})
    return RefusedBefore(f"{kept.name}: {dict(kept.facts)}")
