"""Which calls of a month are drawn: by a seed that is written down, so that anybody can draw the same ones again.

The order of chance is that of a keyed hash of each id (BLAKE2b, RFC 7693). It depends on nothing else: not on the order
in which the calls are told, and not on the calls of other agents.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from hashlib import blake2b

from domain.errors import Invalid
from domain.quality.plan import Always, Drawn, PlanTerms
from domain.values import CallId, StaffId, value

BITS = 128


@value
class Candidate:
    """A call that can be drawn, as far as the plan looks at it."""

    call_id: CallId
    agent: StaffId
    outcome: str
    seconds: int
    complaint: bool = False
    refund: bool = False
    csat: int | None = None


def draw(frame: Iterable[Candidate], terms: PlanTerms, seed: str) -> tuple[Drawn, ...]:
    """The sample of a frame, in the order of agents and ids. Refused with Invalid when a call stands in it twice.

    Of each agent: what is always drawn, and from the rest as many as the plan says. Each stratum is given one first, in
    an order of chance where there are more strata than calls to draw; what is left goes to the strata by their size.
    """
    calls = tuple(frame)
    if len({call.call_id for call in calls}) != len(calls):
        raise Invalid(field="frame", because="a call stands in it twice")
    by_agent: defaultdict[StaffId, list[Candidate]] = defaultdict(list)
    for call in calls:
        by_agent[call.agent].append(call)
    found = [each for agent in sorted(by_agent) for each in of_agent(agent, by_agent[agent], terms, seed)]
    return tuple(found)


def of_agent(agent: StaffId, calls: Sequence[Candidate], terms: PlanTerms, seed: str) -> Sequence[Drawn]:
    strata: defaultdict[str, list[Candidate]] = defaultdict(list)
    certain: list[tuple[Candidate, tuple[Always, ...]]] = []
    for call in calls:
        if why := always(call, terms):
            certain.append((call, why))
        else:
            strata[stratum_of(call.outcome, call.seconds, terms)].append(call)

    def drawn(call: Candidate, size: int, why: tuple[Always, ...] = ()) -> Drawn:
        return Drawn(
            call_id=call.call_id,
            agent=agent,
            stratum=stratum_of(call.outcome, call.seconds, terms),
            seed=seed,
            frame_size=len(calls),
            stratum_size=size,
            always=why,
            twice=is_scored_twice(call.call_id, terms.twice_percent, seed),
        )

    found = [drawn(call, 1, why) for call, why in certain]
    sizes = {name: len(members) for name, members in strata.items()}
    for name, number in shares(sizes, terms.per_agent_month, f"{seed}/{agent}").items():
        by_chance = sorted(strata[name], key=lambda call: chance(seed, "call", call.call_id.bytes))
        found += [drawn(call, sizes[name]) for call in by_chance[:number]]
    return sorted(found, key=lambda each: each.call_id)


def shares(sizes: Mapping[str, int], number: int, seed: str) -> Mapping[str, int]:
    """How many are drawn of each stratum: one each, as far as they go, and the rest by size.

    The rest is shared out by the divisors 1, 3, 5 … of Sainte-Laguë (Webster), which favours neither large nor small
    strata; where two have the same claim, chance decides.
    """
    given = dict.fromkeys(sorted(sizes, key=lambda name: chance(seed, "stratum", name.encode()))[:number], 1)
    for _ in range(min(number, sum(sizes.values())) - len(given)):
        open_strata = [name for name in given if given[name] < sizes[name]]
        given[max(open_strata, key=lambda name: Fraction(sizes[name], 2 * given[name] + 1))] += 1
    return given


def always(call: Candidate, terms: PlanTerms) -> tuple[Always, ...]:
    """Why a call is drawn whatever chance says; nothing, when it is not."""
    return tuple(why for why in reasons(call, terms) if why in terms.always)


def reasons(call: Candidate, terms: PlanTerms) -> Iterator[Always]:
    if call.complaint:
        yield "complaint"
    if call.refund:
        yield "refund"
    if call.csat is not None and call.csat <= terms.low_csat:
        yield "low_csat"


def stratum_of(outcome: str, seconds: int, terms: PlanTerms) -> str:
    """The name of a call's stratum: how it came out, and between which lengths it lies."""
    longer = [bound for bound in terms.lengths if seconds >= bound]
    return f"{outcome}:{length(len(longer), terms)}"


def length(nth: int, terms: PlanTerms) -> str:
    """The name of the n-th kind of length: from so many seconds on, and shorter than so many."""
    bounds = (0, *terms.lengths)
    return f"{bounds[nth]}-{bounds[nth + 1]}" if nth + 1 < len(bounds) else f"{bounds[nth]}+"


def lengths(terms: PlanTerms) -> tuple[str, ...]:
    return tuple(length(nth, terms) for nth in range(len(terms.lengths) + 1))


def is_scored_twice(call_id: CallId, percent: int, seed: str) -> bool:
    """Whether a call that has been drawn is one of those that two inspectors score. Each is, with the same chance, and
    on its own; so a small sample may have none.
    """
    return chance(seed, "twice", call_id.bytes) * 100 < percent << BITS


def chance(seed: str, use: str, about: bytes) -> int:
    """A number below 2 ** BITS that nobody chooses who does not choose the seed; another one for each use."""
    key = blake2b(seed.encode()).digest()
    return int.from_bytes(blake2b(about, key=key, person=use.encode(), digest_size=BITS // 8).digest())
