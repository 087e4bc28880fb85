"""What policies send: commands with ids of their own making, and what came of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog

from commands.ask import Answer, Ask, CommandIdReused, Conflict, Outcome
from commands.execute import Executor
from consumers.process import Because, FirstOf, Wanted, derived
from domain.actor import Actor
from domain.errors import Refused
from domain.policy import PolicyName

CHUNK = 128  # Commands that go together into one transaction.

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Errand:
    """What is wanted, which event it follows from, by which deadline if by one, and how often it has been tried at
    another time.
    """

    wanted: Wanted
    cause: UUID
    correlation_id: UUID
    attempt: int = 0
    deadline: str = ""


class Sender:
    """Sends the errands of one policy, or of one part of it, in their order.

    A refusal is an answer, and is kept with the command. What the service could not answer at all is raised.
    `position` is that of the last event that they brought about.
    """

    def __init__(self, policy: PolicyName, executor: Executor, part: str = "") -> None:
        self.policy = policy
        self.part = part or policy  # Two parts may send the same kind of command for the same event.
        self.executor = executor
        self.actor = Actor(kind="policy", id=policy, name=policy, role="policy")
        self.errands: list[Errand] = []
        self.sent: Counter[tuple[UUID, str]] = Counter()
        self.choices: Counter[tuple[UUID, str]] = Counter()
        self.position = 0

    def add(self, errand: Errand) -> None:
        self.errands.append(errand)

    def send(self, at_most: int | None = None) -> list[bool]:
        """Everything that has been added, or the first so many; for each whether it was done."""
        count = len(self.errands) if at_most is None else at_most
        errands, self.errands = self.errands[:count], self.errands[count:]
        done: list[bool] = []
        waiting: list[Ask] = []
        for errand in errands:
            if isinstance(errand.wanted, FirstOf):
                done += self.answered(waiting)
                waiting = []
                done.append(self.first_of(errand.wanted.commands, errand))
            else:
                waiting.append(self.ask(errand.wanted, errand))
        return done + self.answered(waiting)

    def first_of(self, commands: Sequence[Any], errand: Errand) -> bool:
        """One after the other, until one is done. How many another errand of the same cause tries is its own affair."""
        if not commands:
            return False
        stream = self.about(plain(commands[0]))
        self.choices[errand.cause, stream] += 1
        number = self.choices[errand.cause, stream]
        which = "" if number == 1 else f" choice {number}"
        return any(self.answered([self.ask(each, errand, which)])[0] for each in commands)

    def about(self, command: Any) -> str:
        """The stream that it is about."""
        return self.executor.owner[type(command)].stream_of(command)

    def ask(self, wanted: Any, errand: Errand, which: str = "") -> Ask:
        command, reason = plain(wanted), wanted.reason if isinstance(wanted, Because) else None
        what = f"{type(command).__name__} {self.about(command)}{which}"
        if errand.deadline:  # Two of one cause may ask for the same, as the lapse of a lead and its hard limit do.
            what += f" {errand.deadline}"
        self.sent[errand.cause, what] += 1
        number = errand.attempt * 1_000 + self.sent[errand.cause, what]
        return Ask(
            command,
            derived(self.part, errand.cause, what, number),
            self.actor,
            reason=reason,
            correlation_id=errand.correlation_id,
            causation_id=errand.cause,
        )

    def answered(self, asks: list[Ask]) -> list[bool]:
        done: list[bool] = []
        for start in range(0, len(asks), CHUNK):
            chunk = asks[start : start + CHUNK]
            for ask, answer in zip(chunk, self.executor(chunk), strict=True):
                done.append(self.was_done(ask, answer))
        return done

    def was_done(self, ask: Ask, answer: Answer) -> bool:
        """Raises what is neither a yes nor a no."""
        if isinstance(answer, CommandIdReused):
            answer = self.first_answer(ask, answer)
        match answer:
            case Outcome(refusal=None, position=position):
                self.position = max(self.position, position)
                return True
            case Outcome(refusal=no) | (Refused() | Conflict() as no):
                log.info(
                    "a policy's command was refused",
                    policy=self.policy,
                    command=type(ask.command).__name__,
                    refusal=type(no).__name__,
                )
                return False
            case Exception() as problem:
                raise problem

    def first_answer(self, ask: Ask, reused: CommandIdReused) -> Answer:
        """What came of a command whose answer died with the worker.

        Its id derives from the cause, so it is the same one, though it says something else now: the views that it was
        chosen by have gone on, and what is explained with it has too. What was answered then, holds.
        """
        return self.executor.first_outcome(ask) or reused


def plain(wanted: Any) -> Any:
    """The command itself, without its reason."""
    return wanted.command if isinstance(wanted, Because) else wanted
