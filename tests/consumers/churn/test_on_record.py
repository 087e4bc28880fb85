"""Models on record as of a position: what the view knows, and behind it the ledger, come to the same."""

import os
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from commands.service import open_ledger
from consumers.churn.asking import NotFolded
from consumers.churn.on_record import chosen, in_view, name_of, on_record
from consumers.churn.refused import FittedToLater, NoSuchModel
from consumers.replay import Replay
from domain.churn_model import ChurnModelFitted, Code, Search, Seen, Trained, Weighed
from domain.staff import StaffOnboarded
from domain.values import ChurnModelId, OrgPath, StaffId
from projections.churn.models import churn_models
from tests.api.viewed import Views
from tests.consumers.telling import tell
from tests.memory import MASTER
from tests.projections.leads import at
from tests.servers import Server

pytestmark = pytest.mark.slow  # On a real database.

MARCH, JUNE = date(2026, 3, 31), date(2026, 6, 30)
buying = ChurnModelFitted(
    model_id=ChurnModelId("buying"),
    number=1,
    kind="bg-nbd",
    parameters={"r": Decimal("0.24259"), "alpha": Decimal("4.4136"), "a": Decimal("0.79292"), "b": Decimal("2.42590")},
    seen=Seen(customers=2_357, first=date(2025, 1, 1), last=MARCH, position=1, unit_days=7),
    search=Search(log_likelihood=Decimal("-9582.429"), iterations=76, converged=True, gradient=Decimal("1.4E-9")),
    code=Code(version="0.1.0", fingerprint="0f" * 32),
)
anew = replace(buying, number=2, seen=replace(buying.seen, last=JUNE))
leaving = replace(
    buying,
    model_id=ChurnModelId("leaving"),
    kind="logistic",
    parameters={},
    learned=Trained(
        days=90,
        seed=1,
        features=(Weighed(feature="days_inactive", centre=Decimal(90), scale=Decimal(40), weight=Decimal("1.25")),),
        intercept=Decimal("-2.5"),
        quality={"auc": Decimal("0.81")},
    ),
)
other = StaffOnboarded(staff_id=StaffId("ann"), name="Ann", role="sales", org_path=OrgPath("north"))
TOLD = (other, buying, leaving, anew)  # At the positions 1 to 4.
UP_TO = [[buying], [buying, leaving], [buying, leaving, anew]]


@pytest.fixture(scope="module")
def url(postgres: Server, prepared: str) -> Iterator[str]:
    name = f"models_{os.getpid()}"
    postgres.create_database(name, prepared)
    with closing(open_ledger(postgres.url(name), MASTER)) as ledger:
        assert tell(ledger, *TOLD) == len(TOLD)
    yield postgres.url(name)
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def replay(url: str) -> Iterator[Replay]:
    with closing(Replay(url)) as replay:
        yield replay


def row(event: ChurnModelFitted, position: int) -> Any:
    return replace(churn_models.evolve(None, event, at(3, 1)), as_of_position=position)


def test_without_the_view_the_ledger_tells_them_as_of_any_position(replay: Replay) -> None:
    assert in_view(replay.url) == (0, ())
    assert on_record(replay) == [buying, leaving, anew]
    assert [on_record(replay, position) for position in range(5)] == [[], [], *UP_TO]


def test_what_the_view_knows_is_not_looked_for_in_the_ledger(url: str, replay: Replay) -> None:
    views = Views(url)
    views.build()
    seen = replace(buying, seen=replace(buying.seen, customers=1))  # As nobody has recorded it.
    views.put(churn_models, row(seen, 2), row(leaving, 3), position=3)
    assert in_view(replay.url) == (3, [(2, seen), (3, leaving)])
    assert on_record(replay) == [seen, leaving, anew]
    views.put(churn_models, row(buying, 2), position=3)
    assert [on_record(replay, position) for position in range(5)] == [[], [], *UP_TO]


def test_of_the_ledger_behind_it_no_more_is_read_than_may_be(url: str, replay: Replay) -> None:
    views = Views(url)
    assert on_record(replay, most=1) == [buying, leaving, anew]
    assert on_record(replay, 3, most=0) == [buying, leaving]
    with pytest.raises(NotFolded, match="churn_models is at position 3, and there is more behind it than is read"):
        on_record(replay, most=0)
    views.put(churn_models, row(anew, 4), position=4)
    assert on_record(replay, most=0) == [buying, leaving, anew]
    assert on_record(replay, 99, most=0) == [buying, leaving, anew]


def test_which_are_meant_is_the_same_whatever_is_recorded_later(replay: Replay) -> None:
    recorded = partial(on_record, replay)

    def names(*asked: str, position: int, day: date = JUNE) -> list[str]:
        return [name_of(event) for event in chosen(recorded, asked, position, day)]

    assert names(position=3) == ["buying@1", "leaving@1"]
    assert names(position=4) == ["buying@2", "leaving@1"]
    assert names(position=4, day=MARCH) == ["buying@1", "leaving@1"]
    assert names("buying", position=3) == ["buying@1"]
    assert names("buying", position=4) == ["buying@2"]
    assert names("buying@2", position=3) == ["buying@2"], "its number says which, whenever it was recorded"
    with pytest.raises(NoSuchModel, match=r"there is no model buying; on record are none"):
        names("buying", position=1)
    with pytest.raises(FittedToLater, match="buying@2 was fitted to what happened up to 2026-06-30"):
        names("buying", position=4, day=MARCH)
