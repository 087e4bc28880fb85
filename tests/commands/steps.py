"""Batches in steps, as the writer takes them: each is made ready while the one before it is being committed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from commands.ask import Answer, Ask
from commands.execute import Executor
from ledger.store import Sent
from ledger.writer import Pause


class InSteps:
    """A batch, how far it has come, and at last what it is answered."""

    def __init__(self, executor: Executor, asks: Sequence[Ask]) -> None:
        self.steps = executor.steps(asks)
        self.pauses: list[Pause | Sent] = []
        self.answers: list[Answer] | None = None

    def until(self, there: Callable[[Pause | Sent], bool]) -> None:
        while self.answers is None and not (self.pauses and there(self.pauses[-1])):
            try:
                self.pauses.append(next(self.steps))
            except StopIteration as end:
                self.answers = end.value

    def ready(self) -> None:
        self.until(lambda pause: pause is Pause.READY)

    def sent(self) -> None:
        """Until it is on its way, or over; what could not be sent is over."""
        self.until(lambda pause: not isinstance(pause, Pause))

    def finish(self) -> list[Answer]:
        self.until(lambda _: False)
        assert self.answers is not None
        return self.answers

    @property
    def times_sent(self) -> int:
        return sum(not isinstance(pause, Pause) for pause in self.pauses)

    @property
    def at_the_lock(self) -> bool:
        """Whether it had to be decided again, aside, after it was ready."""
        return Pause.ASIDE in self.pauses[self.pauses.index(Pause.READY) :]


def one_after_the_other(executor: Executor, *batches: Sequence[Ask]) -> list[InSteps]:
    done: list[InSteps] = []
    for asks in batches:
        done.append(InSteps(executor, asks))
        done[-1].ready()
        if len(done) > 1:
            done[-2].finish()
        done[-1].sent()
    done[-1].finish()
    return done


@dataclass
class Later:
    """A batch that PostgreSQL has received, and does not come to before its answer is asked for."""

    settle: Callable[[], Sequence[int] | None]

    def answers_on(self) -> None:
        pass

    def result(self) -> Sequence[int] | None:
        return self.settle()
