"""Who gets a lead: the first rule that matches, who may have it, and whose turn it is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from domain.dispatch_rule import Candidate, Conditions, DispatchRule, DispatchTerms, LeadSeen, Strategy, decide
from domain.lead.facts.custody import LeftOut
from domain.money import Money
from domain.values import OrgPath, PolicyId, PoolId, StaffId

NORTH, SOUTH = OrgPath("north"), OrgPath("south")


def yuan(amount: int, currency: str = "CNY") -> Money:
    return Money(amount=Decimal(amount), currency=currency)


def rule(rule_id: str = "web", number: int = 1, **terms: Any) -> DispatchRule:
    return DispatchRule(rule_id=PolicyId(rule_id), number=number, pool_id=PoolId("north"), terms=DispatchTerms(**terms))


def candidate(staff_id: str = "ann", **known: Any) -> Candidate:
    return Candidate(**{"staff_id": StaffId(staff_id), "org_path": OrgPath("north/team-1"), "cap": 10, **known})


lead = LeadSeen(
    source="web",
    channel="form",
    campaign="spring",
    product_line="tea",
    customer_type="merchant",
    territory=OrgPath("north/harbin"),
    amount=yuan(100),
)

# Which rule


@pytest.mark.parametrize(
    ("conditions", "matches"),
    [
        ({}, True),
        ({"sources": ("fair", "web")}, True),
        ({"sources": ("fair",)}, False),
        ({"channels": ("form",)}, True),
        ({"channels": ("chat",)}, False),
        ({"campaigns": ("spring",)}, True),
        ({"campaigns": ("summer",)}, False),
        ({"product_lines": ("tea",)}, True),
        ({"product_lines": ("rice",)}, False),
        ({"kinds": ("new", "winback")}, True),
        ({"kinds": ("upsell",)}, False),
        ({"customer_types": ("merchant",)}, True),
        ({"customer_types": ("consumer",)}, False),
        ({"territories": (NORTH,)}, True),
        ({"territories": (SOUTH,)}, False),
        ({"amount_from": yuan(100)}, True),
        ({"amount_from": yuan(101)}, False),
        ({"amount_below": yuan(101)}, True),
        ({"amount_below": yuan(100)}, False),
        ({"amount_from": yuan(100, "EUR")}, False),
        ({"amount_below": yuan(101, "EUR")}, False),
        ({"amount_from": yuan(1), "amount_below": yuan(200), "sources": ("web",)}, True),
        ({"amount_from": yuan(1), "amount_below": yuan(200), "sources": ("fair",)}, False),
    ],
)
def test_a_rule_is_for_the_leads_that_it_describes(conditions: dict[str, Any], matches: bool) -> None:
    found = decide([rule(conditions=Conditions(**conditions))], lead, [candidate()], 7)
    assert found.chosen == ("ann" if matches else None)
    assert found.rule_id == ("web" if matches else None)
    assert found.left_out == (() if matches else (LeftOut(staff_id=StaffId("ann"), reason="no-rule"),))
    assert found.pool_id is None
    assert found.seen_at == 7
    nothing_known = LeadSeen(source="web", channel="form")
    known = {name for name in conditions if name not in {"sources", "channels", "kinds"}}
    assert decide([rule(conditions=Conditions(**conditions))], nothing_known, [candidate()], 7).rule_id == (
        "web" if matches and not known else None
    )


def test_the_first_rule_that_matches_decides() -> None:
    fair = replace(rule("fair", priority=1, conditions=Conditions(sources=("fair",))), number=4)
    first, second, third = rule("a", 2, priority=5), rule("b", 3, priority=5), rule("0", priority=9)
    for rules in ([fair, first, second, third], [third, second, first, fair]):
        found = decide(rules, lead, [candidate()], 1)
        assert (found.rule_id, found.number) == ("a", 2)
    assert decide([replace(first, retired=True), second], lead, [candidate()], 1).rule_id == "b"
    assert decide([], lead, [candidate()], 1).rule_id is None


# Who may have it


@pytest.mark.parametrize(
    ("known", "reason"),
    [
        ({"departed": True}, "departed"),
        ({"available": False}, "unavailable"),
        ({"org_path": OrgPath("south/team-1")}, "territory"),
        ({"org_path": OrgPath("northern")}, "territory"),
        ({"skills": ("zh",)}, "skill"),
        ({"failed_before": True}, "failed-before"),
        ({"weight": 0}, "no-weight"),
        ({"held": 10}, "capacity"),
        ({"held": 11}, "capacity"),
        ({"cap": 0}, "capacity"),
        ({"departed": True, "available": False, "held": 10}, "departed"),
    ],
)
@pytest.mark.parametrize("strategy", ["weighted_round_robin", "least_loaded"])
def test_who_cannot_have_it_is_left_out_with_the_reason(known: dict[str, Any], reason: str, strategy: Strategy) -> None:
    north = rule(territories=(NORTH,), skills=("zh", "en"), strategy=strategy)
    able = candidate("bob", skills=("en", "zh", "de"), assigned=99, held=9)
    unable = replace(candidate(skills=("en", "zh")), **known)
    found = decide([north], lead, [unable, able], 1)
    assert found.chosen == "bob"
    assert found.left_out == (LeftOut(staff_id=StaffId("ann"), reason=reason),)  # type: ignore[arg-type]
    nobody = decide([north], lead, [unable], 1)
    assert (nobody.chosen, nobody.pool_id, nobody.rule_id) == (None, "north", "web")


def test_a_rule_may_give_it_to_who_failed_before_and_weigh_people_itself() -> None:
    assert decide([rule(not_to_who_failed=False)], lead, [candidate(failed_before=True)], 1).chosen == "ann"
    assert decide([rule(weights={"ann": 0})], lead, [candidate(weight=5)], 1).chosen is None
    assert decide([rule(weights={"ann": 1})], lead, [candidate(weight=0)], 1).chosen == "ann"


def test_nobody_at_all_is_nobody_eligible() -> None:
    found = decide([rule()], lead, [], 1)
    assert (found.chosen, found.left_out, found.pool_id) == (None, (), "north")


# Whose turn it is


def test_the_least_loaded_is_who_holds_least_of_what_he_may() -> None:
    ann, bob = candidate("ann", held=3, cap=4), candidate("bob", held=10, cap=100)
    assert decide([rule(strategy="least_loaded")], lead, [ann, bob], 1).chosen == "bob"
    even = (candidate("ann", last_position=9), candidate("bob", last_position=3), candidate("cy", last_position=3))
    found = decide([rule(strategy="least_loaded")], lead, even, 1)
    assert found.chosen == "bob"
    assert found.left_out == tuple(LeftOut(staff_id=StaffId(each), reason="outweighed") for each in ("ann", "cy"))


people = st.lists(
    st.builds(
        Candidate,
        staff_id=st.sampled_from([StaffId(name) for name in "abcdefgh"]),
        org_path=st.sampled_from([OrgPath("north/team-1"), SOUTH]),
        skills=st.sampled_from([(), ("zh",), ("zh", "en")]),
        departed=st.sampled_from([False, False, False, True]),
        available=st.sampled_from([True, True, True, False]),
        held=st.integers(0, 5),
        cap=st.integers(0, 6),
        assigned=st.integers(0, 20),
        last_position=st.integers(0, 9),
        weight=st.integers(0, 5),
        failed_before=st.sampled_from([False, False, True]),
    ),
    max_size=8,
    unique_by=lambda each: each.staff_id,
)
rules = st.lists(
    st.builds(
        rule,
        st.sampled_from(["a", "b", "c"]),
        priority=st.integers(1, 3),
        skills=st.sampled_from([(), ("zh",)]),
        territories=st.sampled_from([(), (NORTH,)]),
        strategy=st.sampled_from(["weighted_round_robin", "least_loaded"]),
        not_to_who_failed=st.booleans(),
        conditions=st.sampled_from([Conditions(), Conditions(sources=("fair",))]),
    ),
    max_size=3,
    unique_by=lambda each: each.rule_id,
)


@given(rules, people, st.randoms(use_true_random=False))
def test_each_candidate_is_chosen_or_left_out_and_nobody_is_chosen_who_may_not(
    rules: Sequence[DispatchRule], candidates: list[Candidate], chance: Any
) -> None:
    found = decide(rules, lead, candidates, 3)
    named = [each.staff_id for each in found.left_out] + ([] if found.chosen is None else [found.chosen])
    assert sorted(named) == sorted(each.staff_id for each in candidates)
    reasons = {each.reason for each in found.left_out}
    if found.chosen is not None:
        (chosen,) = (each for each in candidates if each.staff_id == found.chosen)
        (used,) = (each for each in rules if each.rule_id == found.rule_id)
        assert not chosen.departed
        assert chosen.available
        assert chosen.held < chosen.cap
        assert chosen.weight
        assert set(used.terms.skills) <= set(chosen.skills)
        assert not (chosen.failed_before and used.terms.not_to_who_failed)
        assert not used.terms.territories or chosen.org_path != SOUTH
    else:
        assert "outweighed" not in reasons
    assert (found.pool_id is not None) == (found.chosen is None and found.rule_id is not None)
    mixed = list(candidates)
    chance.shuffle(mixed)
    again = decide(rules[::-1], lead, mixed, 3)
    assert (again.chosen, set(again.left_out)) == (found.chosen, set(found.left_out)), "in whatever order they are told"


@given(st.lists(st.integers(1, 50), min_size=1, max_size=8), st.integers(1, 200))
@example([50, 1, 1, 1, 1, 1, 1, 1], 57)
@example([3, 2, 1], 60)
def test_after_any_number_of_rounds_nobody_is_one_away_from_his_share(weights: list[int], rounds: int) -> None:
    names = [StaffId(f"s{number}") for number in range(len(weights))]
    had: Counter[StaffId] = Counter()
    last: dict[StaffId, int] = {}
    fair = rule(weights=dict(zip(names, weights, strict=True)))
    for turn in range(1, rounds + 1):
        there = [candidate(name, cap=10**6, assigned=had[name], last_position=last.get(name, 0)) for name in names]
        found = decide([fair], lead, there, turn)
        assert found.chosen is not None
        had[found.chosen] += 1
        last[found.chosen] = turn
        for name, weight in zip(names, weights, strict=True):
            assert abs(had[name] - Fraction(turn * weight, sum(weights))) < 1


def test_three_two_one() -> None:
    """An example in figures: six leads for three people."""
    had: Counter[str] = Counter()
    order = ""
    weights = {"a": 3, "b": 2, "c": 1}
    for turn in range(6):
        there = [candidate(name, assigned=had[name]) for name in weights]
        chosen = decide([rule(weights=weights)], lead, there, turn).chosen
        assert chosen is not None
        had[chosen] += 1
        order += chosen
    assert order == "ababac"
    assert had == Counter(weights)


# Who is known already


def test_who_looks_after_the_customer_has_the_first_turn_if_he_can_have_it() -> None:
    known = replace(lead, looked_after_by=StaffId("bob"))
    people = [candidate("ann"), candidate("bob", assigned=9), candidate("cai")]
    found = decide([rule(weights={"ann": 9})], known, people, 7)
    assert found.chosen == "bob"
    assert {each.staff_id: each.reason for each in found.left_out} == {"ann": "outweighed", "cai": "outweighed"}
    for cannot in ({"departed": True}, {"available": False}, {"held": 10}, {"failed_before": True}):
        people[1] = candidate("bob", **cannot)
        assert decide([rule(weights={"ann": 9})], known, people, 7).chosen == "ann"
    assert decide([rule(weights={"ann": 9})], known, [candidate("ann")], 7).chosen == "ann"
