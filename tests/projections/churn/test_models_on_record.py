"""Models on record: a row for each time that one was fitted, and out of the row comes what was recorded."""

from dataclasses import fields, replace
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.churn_model import ChurnModelFitted, Code, Search, Seen, Trained, Weighed
from domain.values import ChurnModelId
from projections.churn.models import churn_models, fitted
from tests.projections.spec import rows

T = TypeVar("T")

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)


def whole_of(kind: type[T], /, **columns: st.SearchStrategy[Any]) -> st.SearchStrategy[T]:
    """With every field that there is: a new one is thought about here, and in the row."""
    assert {each.name for each in fields(kind)} == columns.keys()  # type: ignore[arg-type]
    return st.builds(kind, **columns)


names = st.text("abcdefgh_", min_size=1, max_size=6)
figures = st.decimals(allow_nan=False, allow_infinity=False)
whole = st.integers(0, 2**40)
moments = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds.
days = st.dates(date(1990, 1, 1), date(2040, 1, 1))
by_name = st.dictionaries(names, figures, max_size=4)
weighed = whole_of(Weighed, feature=names, centre=figures, scale=figures, weight=figures)
models = whole_of(
    ChurnModelFitted,
    model_id=st.just(ChurnModelId("standard")),
    number=st.just(1),
    kind=st.sampled_from(["bg-nbd", "pareto-nbd", "gamma-gamma", "logistic", "boosted-trees"]),
    parameters=by_name,
    seen=whole_of(
        Seen,
        customers=whole,
        first=days,
        last=days,
        position=whole,
        recorded_by=st.none() | moments,
        occurred_by=st.none() | moments,
        unit_days=st.none() | whole,
        currency=st.none() | st.just("CNY"),
    ),
    search=whole_of(
        Search,
        log_likelihood=st.none() | figures,
        iterations=whole,
        converged=st.booleans(),
        gradient=st.none() | figures,
        because=st.none() | names,
    ),
    code=whole_of(Code, version=names, fingerprint=names),
    product_line=st.none() | names,
    learned=st.none()
    | whole_of(
        Trained,
        days=whole,
        seed=whole,
        features=st.lists(weighed, max_size=3).map(tuple),
        intercept=st.none() | figures,
        digest=st.none() | names,
        quality=by_name,
    ),
)


@given(models)
def test_whatever_was_recorded_comes_out_of_its_row(event: ChurnModelFitted) -> None:
    (row,) = rows(churn_models, (JUNE, event))
    assert fitted(row) == event
    assert row.fitted_at == JUNE


@pytest.mark.slow
@given(models)
def test_what_is_fitted_anew_has_a_row_of_its_own_and_the_one_before_stays(event: ChurnModelFitted) -> None:
    anew = replace(event, number=2, seen=replace(event.seen, customers=event.seen.customers + 1))
    other = replace(event, model_id=ChurnModelId("piano"))
    found = {(row.model_id, row.number): row for row in rows(churn_models, event, anew, other)}
    told = {(each.model_id, each.number): each for each in (event, anew, other)}
    assert {key: fitted(row) for key, row in found.items()} == told
    assert [row.as_of_position for row in found.values()] == [3, 1, 2]
