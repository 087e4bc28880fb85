"""The leads of imported history become live: from an instant on their deadlines run and policies see them."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from uuid import UUID, uuid5

from api.cli.reading import CALLER, CHUNK
from api.cli.say import Failure, Misuse
from api.cli.turn import known
from commands.ask import Ask, CommandIdReused, Outcome
from commands.lead.capture import AdoptLead
from commands.permission import EARLIEST
from commands.service import WriteSide
from domain.errors import NotNow
from domain.values import LeadId

ADOPTIONS = UUID("7d1a9e52-64c3-5b8f-9d27-b1c0f4a7e8d6")  # The namespace of the ids of their commands.
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
        for asks in self.asks():
            before = known(side, [ask.command_id for ask in asks])
            counts.update("already_adopted" if each.refusal is None else "not_open" for each in before.values())
            fresh = [ask for ask in asks if ask.command_id not in before]
            for ask, answer in zip(fresh, side.executor(fresh) if fresh else (), strict=True):
                match answer:
                    case Outcome(refusal=None):
                        counts["adopted"] += 1
                    case CommandIdReused():  # By another who adopts it at this moment, as of another instant.
                        counts["already_adopted"] += 1
                    case Outcome(refusal=NotNow()):
                        counts["not_open"] += 1
                    case Outcome(refusal=problem) | problem:
                        raise Failure(f"{ask.command.lead_id} is not adopted: {problem}") from problem
        return counts

    def asks(self) -> Iterator[Sequence[Ask]]:
        """Not imported itself: that a lead is adopted is news."""
        streams = list(self.versions.items())
        for begin in range(0, len(streams), CHUNK):
            yield [
                Ask(
                    AdoptLead(lead_id=LeadId(UUID(stream.removeprefix(LEAD)))),
                    uuid5(ADOPTIONS, f"{stream}@{version}"),
                    CALLER,
                    occurred_at=self.at,
                )
                for stream, version in streams[begin : begin + CHUNK]
            ]
