"""Of any history: a moment is the fold of what counts by then, and two of them are compared both ways alike."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.as_of import Moment
from api.differing import compared, differences, leaves
from api.shown import shown
from commands.lead import leads as decider
from commands.past import DoesNotFollow, NotThereYet, Stood, past, stood
from domain.errors import ImpossibleHistory
from domain.values import replace
from ledger.envelope import Recorded
from tests.consumers.histories import any_history
from tests.consumers.telling import tell
from tests.memory import memory_ledger
from tests.projections.leads import LEAD, at, captured, touched, transferred

STREAM, KEY = f"lead/{LEAD}", str(LEAD)


@dataclass
class Past:
    """One lead's history, its events recorded in one order and happened in another; and a moment or two."""

    history: list[Recorded]
    chance: Random

    @property
    def instants(self) -> list[datetime]:
        times = [each.occurred_at for each in self.history]
        return sorted({*times, *(each - timedelta(microseconds=1) for each in times)})

    def moment(self) -> tuple[int, datetime | None]:
        occurred = self.chance.choice([None, *self.instants])
        return self.chance.randint(0, self.history[-1].position), occurred

    def stood(self, position: int, occurred: datetime | None) -> Stood | None:
        try:
            return stood(decider, KEY, self.history, position, occurred)
        except (NotThereYet, DoesNotFollow):
            return None


def a_past(seed: int) -> Past:
    """Whatever the fold takes of any events; others' events stand between them."""
    chance = Random(seed)
    state: Any = decider.evolve(decider.initial(LEAD), captured)
    told: list[Any] = [(at(3, 1), captured, at(3, 1))]
    for when, each in any_history(chance, 60):
        if not hasattr(each, "lead_id"):
            told.append((when, each, when))
            continue
        event = replace(each, lead_id=LEAD)
        try:
            state = decider.evolve(state, event)
        except ImpossibleHistory:
            continue
        told.append((when - timedelta(hours=chance.choice([0, 0, 0, 30, 300])), event, when))
    ledger = memory_ledger()
    tell(ledger, *told)
    return Past(list(past(ledger, STREAM)), chance)


PASTS = st.integers(0, 2**32).map(a_past)


def folded(events: list[Recorded]) -> Any:
    return reduce(decider.evolve, [each.event for each in events], decider.initial(LEAD))


@given(PASTS)
def test_as_of_a_position_is_the_fold_of_the_beginning(past: Past) -> None:
    assert [each.position for each in past.history] == sorted({each.position for each in past.history})
    for cut in range(len(past.history)):
        until = past.history[cut].position
        for position in {until, past.history[cut + 1].position - 1 if cut + 1 < len(past.history) else until}:
            found = past.stood(position, None)
            assert found is not None
            assert found.state == folded(past.history[: cut + 1])
            assert found.version == cut + 1


@given(PASTS)
def test_as_of_what_had_happened_is_the_fold_of_that_alone(past: Past) -> None:
    for occurred in past.instants:
        position, _ = past.moment()
        counting = [each for each in past.history if each.occurred_at <= occurred and each.position <= position]
        found = past.stood(position, occurred)
        if found is not None:
            assert counting
            assert found.state == folded(counting)
            assert list(found.events) == counting
        elif counting:
            try:
                folded(counting)
            except ImpossibleHistory:
                continue
            raise AssertionError("what can be folded is folded")


def test_a_ledger_that_does_not_hold_together_is_not_taken_for_a_question_that_does_not() -> None:
    ledger = memory_ledger()
    tell(ledger, (at(3, 1), captured), (at(3, 2), transferred), (at(4, 1), touched))
    with pytest.raises(ImpossibleHistory):
        stood(decider, KEY, past(ledger, STREAM), ledger.last_position(), at(3, 3))


@given(PASTS)
def test_two_moments_compared_the_other_way_round_differ_in_the_same(past: Past) -> None:
    first, second = past.moment(), past.moment()
    was, now = past.stood(*first), past.stood(*second)
    if was is None or now is None:
        return
    one, other = ((Moment(at[0], past.history[-1].recorded_at, at[1])) for at in (first, second))
    there, back = (
        compared(decider, KEY, (one, was), (other, now)),
        compared(decider, KEY, (other, now), (one, was)),
    )
    assert (there["from"], there["to"]) == (back["to"], back["from"])
    of_there = {each["field"]: (each["from"], each["to"]) for each in there["differences"]}
    assert of_there == {each["field"]: (each["to"], each["from"]) for each in back["differences"]}
    swapped = {"from": "to", "to": "from"}
    assert there["events"] == [each | {"counts": swapped[each["counts"]]} for each in back["events"]]
    assert differences(was.state, was.state) == []
    assert (was.state == now.state) == (of_there == {})


@given(PASTS)
def test_what_is_shown_field_by_field_is_what_is_shown(past: Past) -> None:
    """Every value of the state stands under its own name, as the state is shown."""
    found = past.stood(*past.moment())
    if found is None:
        return
    document = shown(found.state)
    names = [name for name, _ in leaves(found.state)]
    assert len(names) == len({*names})
    for name, (_, each) in leaves(found.state):
        within: Any = document
        for part in name.split("/"):
            within = within[part.replace("~1", "/").replace("~0", "~")]
        assert within == each, name
