"""How the commands of messages are sent, and answered."""

from collections.abc import Sequence
from concurrent.futures import Future

from commands.ask import Answer, Ask, Outcome
from commands.service import WriteSide
from consumers.inbound.letters import Answers
from ledger.writer import Closed, QueueFull


def through(side: WriteSide) -> Answers:
    """The writer of this process, for whoever waits for all answers."""

    def answers(asks: Sequence[Ask]) -> Sequence[Answer]:
        futures: list[Future[Outcome]] = []
        left: list[Answer] = []
        for nth, ask in enumerate(asks):
            try:
                future = side.writer.submit(ask)
            except (QueueFull, Closed) as full:
                left = [full] * (len(asks) - nth)
                break
            futures.append(future)
        errors = [future.exception() for future in futures]
        given = [each.result() if no is None else as_answer(no) for each, no in zip(futures, errors, strict=True)]
        return [*given, *left]

    return answers


def as_answer(error: BaseException) -> Exception:
    if not isinstance(error, Exception):
        raise error
    return error
