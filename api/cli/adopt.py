"""The leads of imported history become live: from an instant on their deadlines run and policies see them."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID

from api.cli.reading import CALLER, CHUNK
from api.cli.say import Failure, Misuse
from api.cli.turn import known
from api.lines import custom_id
from commands.ask import Answer, Ask, CommandIdReused, Outcome
from commands.execute import answer_again
from commands.lead.capture import AdoptLead
from commands.permission import EARLIEST
from commands.service import WriteSide
from domain.errors import NotNow
from domain.values import LeadId
from ledger.envelope import Logged

LEAD = "lead/"
KINDS = ("adopted", "already_adopted", "not_open")


def instant(given: str) -> datetime:
    """`now`, or an instant with its zone. Raises Misuse."""
    now = datetime.now(UTC)
    if given == "now":
        return now
    try:
        at = datetime.fromisoformat(given)
    except ValueError:
        raise Misuse(f"--adopt-at {given!r} is no time: now is one, and 2026-03-01T09:00:00+08:00") from None
    if at.tzinfo is None:
        raise Misuse(f"--adopt-at {given} does not say in which time zone: {given}+08:00 does")
    if not EARLIEST <= at <= now:
        raise Misuse(f"--adopt-at {given} does not lie between {EARLIEST.year} and now")
    return at.astimezone(UTC)


class Adoption:
    """Adopts the leads that the lines of a file have touched.

    A lead is adopted once for each version that imported history has brought it to: the same file again adopts
    nothing, and a file that goes on with the history adopts again what it has gone on with.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.versions: dict[str, int] = {}  # By lead, where its history ends.

    def touched(self, ask: Ask, outcome: Outcome) -> None:
        if ask.imported and outcome.stream.startswith(LEAD):
            self.versions[outcome.stream] = max(outcome.version, self.versions.get(outcome.stream, 0))

    def carry_out(self, side: WriteSide) -> Counter[str]:
        """How many leads were adopted, had been before, or are not open any more. Raises Failure for any other end."""
        counts = Counter[str]()
        for asks in self.asks(side.ledger.digest):
            before = known(side, [ask.command_id for ask in asks])
            fresh = [ask for ask in asks if ask.command_id not in before]
            answers = side.executor(fresh) if fresh else ()
            given = {ask.command_id: answer for ask, answer in zip(fresh, answers, strict=True)}
            reused = [each for each, answer in given.items() if isinstance(answer, CommandIdReused)]
            if reused:  # By another who adopts it at this moment, as of another instant.
                before = {**before, **known(side, reused)}
            for ask in asks:
                logged = before.get(ask.command_id)
                if logged is None:
                    counts[end(ask, given[ask.command_id], "adopted")] += 1
                else:
                    counts[end(ask, earlier(logged), "already_adopted")] += 1
        return counts

    def asks(self, fingerprint: Callable[[str, bytes], bytes]) -> Iterator[Sequence[Ask]]:
        """Not imported itself: that a lead is adopted is news. Nobody else can know its command's id, and take it."""
        streams = list(self.versions.items())
        for begin in range(0, len(streams), CHUNK):
            yield [
                Ask(
                    AdoptLead(lead_id=LeadId(UUID(stream.removeprefix(LEAD)))),
                    custom_id(fingerprint("adoption", f"{stream}@{version}".encode())),
                    CALLER,
                    occurred_at=self.at,
                )
                for stream, version in streams[begin : begin + CHUNK]
            ]


def earlier(logged: Logged) -> Answer:
    """What came of an adoption, as of whatever instant; CommandIdReused if it was none."""
    if logged.type != AdoptLead.__name__:
        return CommandIdReused(command_id=logged.command_id)
    return answer_again(logged, logged.digest)


def end(ask: Ask, answer: Answer, done: str) -> str:
    """What an adoption counts as: `done`, or not open. Raises Failure."""
    match answer:
        case Outcome(refusal=None):
            return done
        case Outcome(refusal=NotNow()):
            return "not_open"
        case Outcome(refusal=problem) | problem:
            raise Failure(f"{ask.command.lead_id} is not adopted: {problem}") from problem
