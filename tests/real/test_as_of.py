"""4,580 real tickets at every moment: all cuts of their ledger in one pass, and some of them from its beginning."""

from collections.abc import Callable
from contextlib import closing
from random import Random

import pytest

from commands.service import open_ledger
from consumers.at import fold, moment
from ledger.scan import Wire
from projections import VIEWS
from tests.consumers.cuts import must_agree_at_every_position
from tests.consumers.naive import after_each, events, in_order, naively, values
from tests.memory import MASTER
from tests.real.ledgers import Brought

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.deep]


@pytest.fixture(scope="module")
def url(brought: Callable[[str], Brought]) -> str:
    return brought("helpdesk").url


def test_every_view_agrees_at_every_cut_of_real_tickets(url: str) -> None:
    with closing(open_ledger(url, MASTER)) as ledger, closing(Wire(url)) as wire:
        told = list(events(ledger))
        for view in VIEWS:
            must_agree_at_every_position(ledger, wire, view, told)
        print(f"\n{len(VIEWS)} views at all {len(told):,} positions of the help desk")


def test_some_moments_of_real_tickets_are_replays_that_were_cut_there(url: str, seed: int) -> None:
    """Years lie between what happened and when it was recorded."""
    with closing(open_ledger(url, MASTER)) as ledger, closing(Wire(url)) as wire:
        told = list(events(ledger))
        now = told[-1].recorded_at
        for each in Random(seed).sample(told, 2):
            happened = [other for other in told if other.occurred_at <= each.occurred_at]
            for view in VIEWS:
                table = fold(ledger, wire, view, moment(ledger, each.position, None, now))
                found = in_order(values(view, row, row.as_of_position) for row in table.rows())
                assert found == after_each(view, told, [each.position])[each.position], view.name
                table = fold(ledger, wire, view, moment(ledger, None, each.occurred_at, now))
                found = in_order(values(view, row, row.as_of_position) for row in table.rows())
                assert found == naively(view, happened), view.name
