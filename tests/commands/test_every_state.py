"""Every command in every state: an event, or a no in words; and where the rule takes another state, that no."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from api.cli.sections import publishing
from commands import DECIDERS
from commands.ask import Ask, Outcome
from commands.decider import Decider
from domain.actor import Actor
from domain.errors import Hidden, NotNow, Refused
from domain.values import replace
from tests.lifecycles import DOCUMENT, WRITE, document, is_taken
from tests.seen import OWNER, SEEN, Node, Sample, Witness, reached
from tests.seen import node as node_of
from tests.spec import STAFF, Desk, administrator, crm, mia, policy

pytestmark = [pytest.mark.usefixtures("every_spec_has_run"), pytest.mark.slow]
NOBODY = "00000000-0000-0000-0000-0000000fffff"  # An id of which no spec speaks, as text or as a UUID.
DECIDED = [decider for decider in DECIDERS if decider.rules]


def named(decider: Decider[Any, Any]) -> str:
    return decider.name


@dataclass(frozen=True)
class Cell:
    """A command where it finds its subject in one state."""

    decider: Decider[Any, Any]
    sample: Sample
    node: Node
    witness: Witness

    @property
    def is_taken(self) -> bool:
        """Whether the rule is annotated to take that state."""
        return is_taken(self.decider, type(self.sample.command), self.node.state)

    @property
    def is_elsewhere(self) -> bool:
        """Whether it has become part of another, so that the answer says of which."""
        if self.decider.elsewhere is None:
            return False
        stream = self.decider.stream(self.witness.id)
        own = [event for event in self.witness.history if OWNER[type(event)].stream_of(event) == stream]
        try:
            self.decider.elsewhere(self.decider.fold(self.witness.id, own))
        except Refused:
            return True
        return False

    @property
    def history(self) -> tuple[object, ...]:
        """The way into the state, and what was published when the spec asked."""
        told = {OWNER[type(event)].stream_of(event) for event in self.witness.history}
        published = [
            event
            for event in self.sample.history
            if any(publishing(OWNER[type(event)])) and OWNER[type(event)].stream_of(event) not in told
        ]
        return (*self.witness.history, *published)

    def answers(self) -> Iterator[Refused | None]:
        """What comes of it now: asked by whoever asked in the spec, and by others, until it is accepted."""
        for by in (self.sample.by, policy, mia, crm, administrator):
            no = self.answer(by)
            yield no
            if no is None:
                return

    def answer(self, by: Actor, *, imported: bool = False) -> Refused | None:
        """The refusal, if it is one; whatever is no answer is raised."""
        command = replace(self.sample.command, **{self.decider.id_field: self.witness.id})
        ask = Ask(command, UUID(int=0xA5C << 64), by)
        if imported:
            ask = Ask(command, ask.command_id, administrator, True, by, self.sample.at)
        desk = Desk(self.history, self.sample.at + timedelta(days=365 if imported else 0))
        (answer,) = desk.executor([ask])
        if not imported:
            SEEN.moved(type(command), self.history, [each.event for each in desk.added()])
        match answer:
            case Outcome(refusal=no) | (Refused() as no):
                return no
            case problem:
                raise problem


def is_unborn(decider: Decider[Any, Any], node: Node) -> bool:
    """Whether that is where something is of which nothing has been heard."""
    return node == node_of(decider.initial(decider.key(NOBODY)), node.axis)


def cells(decider: Decider[Any, Any]) -> Iterator[Cell]:
    for command in decider.rules:
        for node in reached(decider):
            nothing = Witness(STAFF, decider.key(NOBODY)) if is_unborn(decider, node) else None
            witness = nothing or SEEN.witnesses.get(node)
            if witness is not None or not node.is_word:
                assert witness is not None, f"no spec comes to {node}"
                yield Cell(decider, SEEN.samples[command], node, witness)


@pytest.mark.parametrize("decider", DECIDERS, ids=named)
def test_some_spec_comes_to_every_state(decider: Decider[Any, Any]) -> None:
    wanted = [node for node in reached(decider) if not is_unborn(decider, node) and not node.is_word]
    assert not [f"{node.state.__name__} {node.axis} {node.name}" for node in wanted if node not in SEEN.witnesses]


@pytest.mark.parametrize("decider", DECIDED, ids=named)
def test_some_spec_asks_every_command_and_is_not_refused(decider: Decider[Any, Any]) -> None:
    accepted = {command for command, sample in SEEN.samples.items() if sample.accepted}
    assert not {command.__name__ for command in decider.rules.keys() - accepted}


@pytest.mark.parametrize("decider", DECIDED, ids=named)
def test_a_state_that_a_rule_does_not_take_is_a_no_that_says_so(decider: Decider[Any, Any]) -> None:
    """Asked as history, for which nobody's rights and no clock stand before the state."""
    for cell in cells(decider):
        if not cell.is_taken:
            no, about = (
                cell.answer(cell.sample.by, imported=True),
                f"{type(cell.sample.command).__name__} in {cell.node}",
            )
            if cell.is_elsewhere:
                assert isinstance(no, Refused), f"{about}: {no!r}"
                continue
            assert isinstance(no, NotNow | Hidden), f"{about}: {no!r}"
            if isinstance(no, Hidden):
                assert is_unborn(decider, cell.node), about
            else:
                assert (no.found, no.subject) == (cell.node.state.__name__, "it"), about


@pytest.mark.parametrize("decider", DECIDED, ids=named)
def test_no_command_in_any_state_ends_without_an_answer(decider: Decider[Any, Any]) -> None:
    for cell in cells(decider):
        assert list(cell.answers())
        cell.answer(cell.sample.by, imported=True)


def test_the_lifecycles_are_drawn_as_they_are(request: pytest.FixtureRequest) -> None:
    if request.config.getoption("--hypothesis-profile") != "seeded":
        pytest.skip("they are drawn from what the seeded samples come to")
    drawn = document(SEEN.steps)
    if os.environ.get(WRITE):
        DOCUMENT.write_text(drawn)
    assert DOCUMENT.read_text() == drawn, "look at what has changed: python -m tests.lifecycles"
