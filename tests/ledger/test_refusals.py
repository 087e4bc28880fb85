"""A refusal that was recorded is given again as it was, even after the rule has changed."""

import json
from typing import Any, get_type_hints

import pytest
from pydantic_core import to_json

import commands
from domain.errors import NotNow, Refused
from domain.lead.refusals import AlreadyHeld
from ledger.envelope import Declined
from ledger.refusals import RefusedBefore, declined, kinds, restored
from tests.ledger.golden import example

KINDS = sorted({kind for kind in kinds() if kind not in (Refused, RefusedBefore)}, key=lambda kind: kind.__name__)


def facts(no: Refused) -> dict[str, Any]:
    return {name: getattr(no, name) for name in get_type_hints(type(no))}


def kept(no: Refused) -> Declined:
    """As the command log has it."""
    found = declined(no)
    return Declined(found.name, json.loads(to_json(found.facts)))


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_refusal_comes_back_as_it_was(kind: type[Refused]) -> None:
    assert commands.DECIDERS
    no = kind(**{name: example(hint, name) for name, hint in get_type_hints(kind).items()})
    again = restored(kept(no))
    assert type(again) is kind
    assert facts(again) == facts(no)
    assert str(again) == str(no)


def test_no_two_refusals_have_one_name() -> None:
    names = [kind.__name__ for kind in KINDS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize(
    "kept",
    [
        Declined("SaidNoLongAgo", {"because": "of something"}),
        Declined("AlreadyHeld", {"owner": "ann"}),
        Declined("AlreadyHeld", {"owner": "ann", "until": "some day"}),
        Declined("NotNow", {}),
    ],
)
def test_what_the_class_does_not_say_any_more_is_told_in_the_words_of_that_time(kept: Declined) -> None:
    no = restored(kept)
    assert type(no) is RefusedBefore
    assert kept.name in str(no)
    for name in kept.facts:
        assert name in str(no)


def test_what_a_class_has_forgotten_does_no_harm() -> None:
    no = restored(Declined("NotNow", {"found": "Closed", "wanted": ["Open"], "mood": "bad"}))
    assert isinstance(no, NotNow)
    assert no.wanted == ("Open",)
    assert AlreadyHeld in KINDS
