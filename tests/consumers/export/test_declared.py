"""What every event is about, and what is told of it, is declared; a new event or field is found until somebody has."""

from dataclasses import fields
from typing import Any, get_type_hints

import pytest

from consumers.export.attributes import CODES, ENVELOPE, UNTOLD, of_event
from consumers.export.objects import ABOUT_NONE, KINDS, NAMES, core, in_words, references
from consumers.export.ocel_sqlite import mapped
from consumers.export.pseudonyms import Pseudonyms
from consumers.export.states import ATTRIBUTES, RELATED, STATED
from domain.values import FACT_NAMES
from projections.columns import is_personal
from tests.memory import CODEC, MASTER

EVENTS = list(CODEC.by_class)


def test_every_event_has_objects_or_is_listed_as_about_none() -> None:
    assert {FACT_NAMES[event] for event in EVENTS if not references(event)} == ABOUT_NONE


def test_what_happened_comes_first_among_what_an_event_is_about() -> None:
    for event in EVENTS:
        kind = FACT_NAMES[event].partition(".")[0]
        if kind in NAMES:
            assert references(event)[0].kind == kind, event


def test_every_id_of_an_object_that_stands_in_an_event_is_found() -> None:
    for event in EVENTS:
        hints = get_type_hints(event, include_extras=True)
        found = {each.field for each in references(event)}
        assert {name for name, hint in hints.items() if core(hint) in KINDS} <= found, event


def test_of_every_text_it_is_said_whether_it_is_a_code() -> None:
    for event in EVENTS:
        hints = get_type_hints(event, include_extras=True)
        for each in fields(event):
            if core(hints[each.name]) is str and not is_personal(hints[each.name]):
                assert (each.name in CODES) != (each.name in UNTOLD), (event, each.name)
                if each.name in UNTOLD:
                    told = {found.name for found in of_event(event, FACT_NAMES[event].partition(".")[0])}
                    assert each.name.rstrip("_") not in told, event


def test_nothing_personal_is_an_attribute() -> None:
    for event in EVENTS:
        hints = get_type_hints(event, include_extras=True)
        personal = {name.rstrip("_") for name, hint in hints.items() if is_personal(hint)}
        told = {each.name for each in of_event(event, FACT_NAMES[event].partition(".")[0])}
        assert not told & personal, event
        assert not told & {each.name for each in ENVELOPE}, event


def test_what_is_stated_and_related_is_declared() -> None:
    assert ATTRIBUTES.keys() == NAMES.keys()
    for event, told in STATED.items():
        assert told.keys() <= ATTRIBUTES[FACT_NAMES[event].partition(".")[0]].keys(), event
        names = {each.name for each in fields(event)}
        assert {said for said in told.values() if isinstance(said, str)} <= names, event
    for event, told_of in RELATED.items():
        assert told_of.keys() <= {each.field for each in references(event)}, event


def test_no_two_types_share_a_table() -> None:
    assert len({mapped(name).lower() for name in FACT_NAMES.values()}) == len(FACT_NAMES)


@pytest.mark.parametrize(
    ("field", "words"), [("lead_id", "lead"), ("previous_owner", "previous owner"), ("from_", "from")]
)
def test_a_qualifier_is_the_field_in_words(field: str, words: str) -> None:
    assert in_words(field) == words


def test_a_pseudonym_is_the_same_each_time_and_another_with_another_key_and_kind() -> None:
    one: Any = Pseudonyms(MASTER).of("staff", "ann")
    assert one == Pseudonyms(MASTER).of("staff", "ann") != Pseudonyms(bytes(32)).of("staff", "ann")
    assert one.removeprefix("staff") != Pseudonyms(MASTER).of("lead", "ann").removeprefix("lead")
    assert "ann" not in one
