"""A model of customers is recorded as it was fitted, once each time, by who analyses."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from commands.churn_model import RecordModel
from domain.churn_model import ChurnModel, ChurnModelFitted, Code, Search, Seen, Trained, Weighed
from domain.errors import Invalid, NotAllowed
from domain.values import ChurnModelId
from tests.spec import START, administrator, ann, crm, given, mia, pat, policy

CDNOW = {"r": Decimal("0.24259"), "alpha": Decimal("4.4136"), "a": Decimal("0.79292"), "b": Decimal("2.4259")}
SEEN = Seen(customers=2_357, first=date(1997, 1, 1), last=date(1997, 9, 30), position=13_838, unit_days=7)
SEARCH = Search(log_likelihood=Decimal("-9582.429"), iterations=76, converged=True, gradient=Decimal("1.4E-9"))
CODE = Code(version="0.1.0", fingerprint="0f" * 32)
record = RecordModel(
    model_id=ChurnModelId("standard"), kind="bg-nbd", parameters=CDNOW, seen=SEEN, search=SEARCH, code=CODE
)
fitted = ChurnModelFitted(
    model_id=ChurnModelId("standard"), number=1, kind="bg-nbd", parameters=CDNOW, seen=SEEN, search=SEARCH, code=CODE
)
WEIGHED = Weighed(feature="days_inactive", centre=Decimal(90), scale=Decimal(40), weight=Decimal("1.25"))
LEARNED = Trained(days=90, seed=1, features=(WEIGHED,), intercept=Decimal("-2.5"), quality={"auc": Decimal("0.81")})
score = replace(record, kind="logistic", parameters={"penalty": Decimal(1)}, learned=LEARNED)
trees = replace(score, kind="boosted-trees", learned=replace(LEARNED, features=(), intercept=None, digest="a1" * 32))


def test_a_model_is_recorded_with_all_that_it_takes_to_reckon_with_it() -> None:
    given().when(record, by=pat).then(fitted)
    assert ChurnModel(fitted=fitted).name == "standard@1"


@pytest.mark.parametrize("learning", [score, trees])
def test_so_is_one_that_learns(learning: RecordModel) -> None:
    told = replace(fitted, kind=learning.kind, parameters=learning.parameters, learned=learning.learned)
    given().when(learning, by=crm).then(told)


def test_fitted_anew_it_has_the_next_number_and_the_same_once_more_is_no_news() -> None:
    anew = replace(record, seen=replace(SEEN, position=14_000), product_line="piano")
    story = given(fitted).when(record, by=pat).then()
    again = replace(fitted, number=2, seen=anew.seen, product_line="piano")
    story = story.when(anew, by=pat).then(again)
    story = story.when(anew, by=pat).then()
    story = story.when(record, by=pat).then(replace(fitted, number=3))
    story.when(record, by=administrator, imported=True).then(replace(fitted, number=4))


def test_each_is_a_model_of_its_own() -> None:
    other = replace(record, model_id=ChurnModelId("piano"))
    given(fitted).when(other, by=pat).then(replace(fitted, model_id=other.model_id))


def test_a_search_that_has_not_ended_says_why() -> None:
    lost = replace(SEARCH, converged=False, because="the likelihood is not flat where the search has ended")
    given().when(replace(record, search=lost), by=pat).then(replace(fitted, search=lost))
    for wrong in (replace(SEARCH, converged=False), replace(lost, converged=True)):
        given().when(replace(record, search=wrong), by=pat).refused(Invalid, because="^search/because: why a search")
    blank = replace(lost, because=" ")
    given().when(replace(record, search=blank), by=pat).refused(Invalid, because="must not be blank")
    for wrong in (replace(SEARCH, iterations=-1), replace(SEARCH, gradient=Decimal(-1))):
        given().when(replace(record, search=wrong), by=pat).refused(Invalid, because="^search: neither steps")
    for wrong in (replace(SEARCH, log_likelihood=None), replace(SEARCH, gradient=None)):
        given().when(replace(record, search=wrong), by=pat).refused(Invalid, because="^search/log_likelihood: a bg-nbd")
    given().when(replace(score, search=Search(iterations=9, converged=True)), by=pat).done()
    none = replace(SEARCH, iterations=0, gradient=Decimal(0))
    given().when(replace(record, search=none), by=pat).done()


def test_a_day_that_has_come_anywhere_on_earth_may_be_the_last() -> None:
    late = START.replace(hour=10, minute=0)
    tomorrow = replace(record, seen=replace(SEEN, last=START.date() + timedelta(days=1)))
    given().when(tomorrow, by=pat, at=late).done()
    given().when(tomorrow, by=pat, at=late - timedelta(seconds=1)).refused(Invalid, because="^seen/last: that day has")


def seen(**changes: Any) -> RecordModel:
    return replace(record, seen=replace(SEEN, **changes))


def learned(**changes: Any) -> RecordModel:
    return replace(score, learned=replace(LEARNED, **changes))


@pytest.mark.parametrize(
    ("wrong", "because"),
    [
        (replace(record, parameters={}), "^parameters: a bg-nbd has a, alpha, b, r"),
        (replace(record, parameters=CDNOW | {"c": Decimal(1)}), "^parameters: a bg-nbd has a, alpha, b, r"),
        (replace(record, parameters=CDNOW | {"r": Decimal(0)}), "^parameters/r: this is above nothing"),
        (replace(record, kind="pareto-nbd"), "^parameters: a pareto-nbd has alpha, beta, r, s"),
        (replace(record, kind="gamma-gamma"), "^parameters: a gamma-gamma has p, q, v"),
        (replace(score, parameters={"a b": Decimal(1)}), "^parameters: this is a code"),
        (seen(customers=0), "^seen/customers: this is 1 or more"),
        (seen(position=-1), "^seen/position: this is 0 or more"),
        (seen(unit_days=0), "^seen/unit_days: this is 1 or more"),
        (seen(last=date(1996, 12, 31)), "^seen/last: the last day is not before the first"),
        (seen(currency="usd"), "^seen/currency: a currency has three letters"),
        (replace(record, code=replace(CODE, version=" ")), "^code/version: this must not be blank"),
        (replace(record, code=replace(CODE, fingerprint="0F" * 32)), "^code/fingerprint: a SHA-256 is 64"),
        (replace(record, product_line="a b"), "^product_line: this is a code"),
        (replace(record, learned=LEARNED), "^learned: a bg-nbd learns from features, or does not"),
        (replace(score, learned=None), "^learned: a logistic learns from features, or does not"),
        (learned(days=0), "^learned/days: this is 1 or more"),
        (learned(features=()), "^learned/features: the weights are those of a logistic"),
        (learned(intercept=None), "^learned/features: the weights are those of a logistic"),
        (learned(features=(WEIGHED, WEIGHED)), "^learned/features: a feature stands in it once"),
        (learned(features=(replace(WEIGHED, scale=Decimal(0)),)), "^learned/features: a scale is above nothing"),
        (learned(features=(replace(WEIGHED, feature="a b"),)), "^learned/features: this is a code"),
        (learned(digest="a1" * 32), "^learned/digest: boosted trees, and only they"),
        (learned(quality={"a b": Decimal(1)}), "^learned/quality: this is a code"),
        (replace(trees, learned=LEARNED), "^learned/features: the weights are those of a logistic"),
        (replace(trees, learned=replace(LEARNED, features=(), intercept=None)), "^learned/digest: boosted trees"),
        (replace(trees, learned=replace(LEARNED, features=(), intercept=None, digest="a")), "^learned/digest: a SHA"),
    ],
)
def test_no_model_is_recorded_that_cannot_be_one(wrong: RecordModel, because: str) -> None:
    given().when(wrong, by=pat).refused(Invalid, because=because)


@pytest.mark.parametrize(
    "change",
    [
        lambda: seen(customers=1, first=SEEN.last, position=0, unit_days=1, currency="USD", recorded_by=START),
        lambda: learned(days=1, intercept=Decimal(0)),
        lambda: replace(record, product_line="piano.grand"),
    ],
)
def test_the_least_of_all_is_enough(change: Callable[[], RecordModel]) -> None:
    given().when(change(), by=pat).done()


def test_models_are_recorded_by_analysts_and_programs_and_read_by_all() -> None:
    for other in (ann, mia, administrator, policy):
        given().when(record, by=other).refused(NotAllowed, because="analyse is not allowed")
    for analyst in (pat, crm):
        given().when(record, by=analyst).then(fitted)
