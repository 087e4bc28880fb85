"""What is imported becomes live: from an instant on its deadlines run and policies see it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any
from uuid import UUID

from api.cli.reading import CALLER, CHUNK
from api.cli.say import Failure, Misuse
from api.cli.turn import known
from commands.ask import Answer, Ask, CommandIdReused, Outcome
from commands.customer.creating import AdoptCustomer
from commands.execute import outcome_of
from commands.lead.capture import AdoptLead
from commands.order.progress import AdoptOrder
from commands.permission import EARLIEST
from commands.quality.inspection import AdoptReview
from commands.service import WriteSide
from commands.ticket.opening import AdoptTicket
from domain.customer.refusals import HasBeenMerged
from domain.errors import NotNow
from domain.values import CustomerId, LeadId, OrderId, ReviewId, TicketId
from ledger.envelope import Logged, custom_id
from ledger.store import Busy, Unavailable

# In this order: a policy that hears of a lead or an order finds that its customer is live.
ADOPTING: Mapping[str, Callable[[UUID], Any]] = {
    "customer": lambda key: AdoptCustomer(customer_id=CustomerId(key)),
    "lead": lambda key: AdoptLead(lead_id=LeadId(key)),
    "order": lambda key: AdoptOrder(order_id=OrderId(key)),
    "ticket": lambda key: AdoptTicket(ticket_id=TicketId(key)),
    "review": lambda key: AdoptReview(review_id=ReviewId(key)),
}
ENDS = ("adopted", "already_adopted", "not_open", "not_adopted")
Subject = tuple[str, int]  # Its stream, and the version where its history ends.
Told = Callable[[Ask, Exception], None]


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
    """Adopts what the lines of a file have touched.

    A subject is adopted once for each version that imported history has brought it to: the same file again adopts
    nothing, and a file that goes on with the history adopts again what it has gone on with. What was refused is asked
    again each time, since what was missing may be there by then.
    """

    def __init__(self, at: datetime) -> None:
        self.at = at
        self.versions: dict[str, int] = {}  # By stream, where its history ends.
        self.counts: dict[str, Counter[str]] = {}  # By kind, what came of those that were touched.

    def touched(self, ask: Ask, outcome: Outcome) -> None:
        if ask.imported and outcome.stream.partition("/")[0] in ADOPTING:
            self.versions[outcome.stream] = max(outcome.version, self.versions.get(outcome.stream, 0))

    def carry_out(self, side: WriteSide, refused: Told) -> None:
        """Adopt them, kind by kind, and count; `refused` is told of each that nothing came of. Raises Failure when the
        database is lost.
        """
        for kind in ADOPTING:
            for some in self.subjects(kind):
                counts, left, attempt = self.counts.setdefault(kind, Counter()), some, 0
                while left:
                    left = self.turn(side, left, attempt, counts, refused)
                    attempt += 1

    def subjects(self, kind: str) -> Iterator[Sequence[Subject]]:
        """Those of a kind, so many at a time."""
        every = (each for each in self.versions.items() if each[0].startswith(f"{kind}/"))
        while some := tuple(islice(every, CHUNK)):
            yield some

    def turn(
        self, side: WriteSide, some: Sequence[Subject], attempt: int, counts: Counter[str], refused: Told
    ) -> Sequence[Subject]:
        """Ask for some of a kind. What is left was refused by an earlier import, under this attempt's id."""
        asks = [self.ask(subject, attempt, side.ledger.digest) for subject in some]
        before = known(side, [ask.command_id for ask in asks])
        fresh = [ask for ask in asks if ask.command_id not in before]
        answers = side.executor(fresh) if fresh else ()
        given = {ask.command_id: answer for ask, answer in zip(fresh, answers, strict=True)}
        reused = [each for each, answer in given.items() if isinstance(answer, CommandIdReused)]
        if reused:  # By another who adopts it at this moment, as of another instant.
            before = {**before, **known(side, reused)}
        left = []
        for subject, ask in zip(some, asks, strict=True):
            logged = before.get(ask.command_id)
            if logged is None:
                counts[end(given[ask.command_id], "adopted") or "not_adopted"] += 1
                if (problem := objection(given[ask.command_id])) is not None:
                    refused(ask, problem)
            elif (came_of_it := earlier(logged, ask)) is not None:
                counts[came_of_it] += 1
            else:
                left.append(subject)
        return left

    def ask(self, subject: Subject, attempt: int, fingerprint: Callable[[str, bytes], bytes]) -> Ask:
        """Not imported itself: that it is adopted is news. Nobody else can know its command's id, and take it."""
        stream, version = subject
        kind, _, key = stream.partition("/")
        name = f"{stream}@{version}#{attempt}" if attempt else f"{stream}@{version}"
        command_id = custom_id(fingerprint("adoption", name.encode()))
        return Ask(ADOPTING[kind](UUID(key)), command_id, CALLER, occurred_at=self.at)


def earlier(logged: Logged, ask: Ask) -> str | None:
    """What came of an adoption, as of whatever instant; None if it was refused, or none."""
    return end(outcome_of(logged), "already_adopted") if logged.type == type(ask.command).__name__ else None


def end(answer: Answer, done: str) -> str | None:
    """What an adoption counts as; None if it was refused and might not be later."""
    match answer:
        case Outcome(refusal=None):
            return done
        case Outcome(refusal=NotNow(found="live")):
            return "already_adopted"
        case Outcome(refusal=NotNow(subject="it") | HasBeenMerged()):
            return "not_open"
        case _:
            return None


def objection(answer: Answer) -> Exception | None:
    """Why nothing came of it, where somebody should know. Raises Failure when there is no answer."""
    if isinstance(answer, Unavailable | Busy):
        raise Failure(f"{answer}; the same import again goes on with what is to be adopted") from answer
    if end(answer, "adopted") is not None:
        return None
    return answer.refusal if isinstance(answer, Outcome) else answer


# What is told of it


def summary(adoption: Adoption | None) -> dict[str, Any]:
    """What came of all that was touched, and of each kind; nothing is known where nothing was to be adopted."""
    if adoption is None:
        return {**dict.fromkeys(ENDS), "adoptions": None}
    kinds = {kind: {each: counts[each] for each in ENDS} for kind, counts in adoption.counts.items()}
    return {**{each: sum(counts[each] for counts in kinds.values()) for each in ENDS}, "adoptions": kinds}


def sentences(kinds: Mapping[str, Mapping[str, int]] | None) -> Iterator[str]:
    for kind, counts in (kinds or {}).items():
        told = ", ".join(f"{counts[each]:,} {each.replace('_', ' ')}" for each in ENDS)
        yield f"of the {kind}s that were touched: {told}"
    if kinds == {}:
        yield "nothing was touched that can be adopted"
