"""13,087 real leads through the command line into the ledger, and out of the views by SQL.

They come in three times: first all but ten cases drawn by lot, then all of them, then all of them once more.
"""

import json
import random
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from commands.service import open_ledger
from consumers import projector
from ledger.ledger import Ledger
from projections import VIEWS
from tests.cli.running import Said, lifeledger, on
from tests.memory import MASTER
from tests.real import bpic2012
from tests.real.bpic2012 import Figures, counted, log, total, write_ndjson
from tests.real.ledgers import LEDGER, counts, row
from tests.servers import Server

pytestmark = [pytest.mark.real, pytest.mark.slow]

LEFT_OUT = 10
FUNNEL = """
SELECT count(*) AS cases, sum(amount)::bigint AS amount, sum(repeats)::bigint AS repeated_quotes,
    count(contacting_at) AS preaccepted, count(qualified_at) AS accepted,
    count(*) FILTER (WHERE 'offer-sent' = ANY(touches)) AS sent,
    count(*) FILTER (WHERE 'offer-returned' = ANY(touches)) AS sent_back,
    count(*) FILTER (WHERE status = 'converted') AS approved,
    count(*) FILTER (WHERE status = 'lost' AND lost_reason = 'declined') AS declined,
    count(*) FILTER (WHERE status = 'lost' AND lost_reason = 'cancelled') AS cancelled,
    count(*) FILTER (WHERE status = 'new') AS new,
    count(*) FILTER (WHERE status = 'contacting') AS contacting,
    count(*) FILTER (WHERE status = 'qualified') AS qualified,
    count(*) FILTER (WHERE status = 'negotiating') AS negotiating
FROM views.funnel
"""
STANDING = 'SELECT status, count(*) FROM views.status_time WHERE "left" IS NULL GROUP BY status'
WORKLIST = "SELECT status, count(*) FROM views.sales_worklist GROUP BY status"
ORDER = """
SELECT count(*) AS events, count(*) FILTER (WHERE place <> version OR place <> nth) AS out_of_order,
    count(*) FILTER (WHERE occurred_at = before) AS ties
FROM (
    SELECT version, split_part(source_message_id, '/', 2)::bigint AS nth, occurred_at,
        row_number() OVER by_position AS place, lag(occurred_at) OVER by_position AS before
    FROM ledger.events WHERE stream LIKE 'lead/%'
    WINDOW by_position AS (PARTITION BY stream ORDER BY position)
) AS told
"""


@dataclass
class Proof:
    """What was told of the log, and what is to be seen in the database after each import."""

    url: str
    seed: int
    all: Figures
    left_out: Figures
    said: Sequence[Said]
    funnels: Sequence[Mapping[str, int]]
    ledgers: Sequence[Mapping[str, Any]]
    contents: Sequence[Mapping[str, str]]
    followed: float  # Events that each view was brought on by in a second, as they would be live.


@pytest.fixture(scope="module")
def proof(
    shared: Path, postgres: Server, prepared: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proof]:
    path = shared / "data" / "bpic2012.xes.gz"
    cases = list(log(path))
    chosen = {case.name for case in random.Random(seed).sample(cases, LEFT_OUT)}
    folder = tmp_path_factory.mktemp("bpic2012")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bpic2012, "log", lambda _: iter(cases))  # It takes ten seconds to read.
        write_ndjson(path, folder / "all.ndjson")
        write_ndjson(path, folder / "some.ndjson", leave_out=chosen)
    name = "bpic2012"
    postgres.create_database(name, prepared)
    url = postgres.url(name)
    said, funnels, ledgers, contents = [], [], [], []
    seconds = 0.0
    try:
        for file in ("some", "all", "all"):
            said.append(lifeledger("import", folder / f"{file}.ndjson", "--json", env=on(url), at=folder, seconds=900))
            assert said[-1].code == 0, said[-1]
            seconds += follow(url)
            funnels.append(row(url, FUNNEL))
            ledgers.append(row(url, LEDGER))
            contents.append({view.name: content(url, view.name) for view in VIEWS})
        every = [counted(case) for case in cases]
        without = [counted(case) for case in cases if case.name in chosen]
        followed = ledgers[-1]["events"] / seconds
        yield Proof(url, seed, total(every), total(without), said, funnels, ledgers, contents, followed)
    finally:
        postgres.drop_database(name)


def content(url: str, view: str) -> str:
    """A fingerprint of all that is in a view, positions included."""
    found = row(
        url, f"SELECT md5(string_agg(shown::text, E'\\n' ORDER BY shown::text)) AS all FROM views.{view} AS shown"
    )
    return str(found["all"])


@contextmanager
def reading(url: str) -> Iterator[Ledger]:
    with closing(open_ledger(url, MASTER)) as ledger:
        yield ledger


def follow(url: str) -> float:
    """Bring the views up to the ledger's end batch by batch, as a worker does; the seconds that took."""
    stop = Event()
    begin = time.monotonic()
    with reading(url) as ledger, pytest.MonkeyPatch.context() as patch:
        patch.setattr(projector, "FAR", 10**9)  # However far they are behind, they are followed, and not rebuilt.
        worker = projector.Projector(VIEWS, ledger, url, url)
        thread = Thread(target=worker.run, args=(stop,))
        thread.start()
        try:
            while any(view.lag_events or view.state != "live" for view in projector.status(VIEWS, ledger, url)):
                assert thread.is_alive()
                time.sleep(0.2)
            return time.monotonic() - begin
        finally:
            stop.set()
            thread.join()


def documents(proof: Proof) -> list[dict[str, int]]:
    kinds = ("accepted", "already_there", "refused", "invalid", "failed", "repeats")
    return [{kind: said.document[kind] for kind in kinds} for said in proof.said]


def of_funnel(figures: Figures) -> dict[str, int]:
    """What the funnel can tell of the log, as the log has it."""
    told = ("cases", "amount", "repeated_quotes", "preaccepted", "accepted", "sent", "sent_back", "approved")
    ends = ("declined", "cancelled", "new", "contacting", "qualified", "negotiating")
    return {name: int(getattr(figures, name)) for name in (*told, *ends)}


def test_every_line_is_accepted_once(proof: Proof) -> None:
    of_them = {"refused": 0, "invalid": 0, "failed": 0}
    events, repeats = proof.all.events, proof.all.repeated_quotes
    fewer = events - proof.left_out.events
    first, second, third = documents(proof)
    assert first == of_them | {
        "accepted": fewer,
        "already_there": 0,
        "repeats": repeats - proof.left_out.repeated_quotes,
    }
    assert second == of_them | {
        "accepted": events - fewer,
        "already_there": fewer,
        "repeats": proof.left_out.repeated_quotes,
    }
    assert third == of_them | {"accepted": 0, "already_there": events, "repeats": 0}


def test_the_funnel_tells_what_the_log_tells(proof: Proof) -> None:
    assert proof.funnels[-1] == of_funnel(proof.all)


def test_the_funnel_has_the_figures_that_are_known_of_the_log(proof: Proof) -> None:
    found = proof.funnels[-1]
    assert [found[each] for each in ("cases", "preaccepted", "accepted", "sent", "sent_back", "approved")] == [
        13_087, 7_367, 5_113, 5_015, 3_254, 2_246,
    ]  # fmt: skip
    assert found["declined"] + found["cancelled"] == 10_442
    assert [found[each] for each in ("new", "contacting", "qualified", "negotiating")] == [0, 69, 3, 327]
    assert found["amount"] == 177_634_511
    assert found["repeated_quotes"] == 2_015


def test_the_views_agree(proof: Proof) -> None:
    found = proof.funnels[-1]
    still_open = {name: found[name] for name in ("contacting", "qualified", "negotiating")}
    lost = {"lost": found["declined"] + found["cancelled"]}
    assert counts(proof.url, STANDING) == still_open | lost | {"converted": found["approved"]}
    assert counts(proof.url, WORKLIST) == still_open | lost


def test_without_ten_cases_the_figures_are_less_by_exactly_those(proof: Proof) -> None:
    some, whole = proof.funnels[:2]
    assert {name: whole[name] - some[name] for name in whole} == of_funnel(proof.left_out)


def test_what_happened_at_one_instant_stays_in_the_order_of_the_file(proof: Proof) -> None:
    found = row(proof.url, ORDER)
    assert found == {"events": proof.all.events, "out_of_order": 0, "ties": proof.all.ties}


def test_a_second_import_changes_nothing(proof: Proof) -> None:
    assert proof.ledgers[2] == proof.ledgers[1]
    assert proof.contents[2] == proof.contents[1]
    assert proof.ledgers[1] != proof.ledgers[0]


def test_live_views_equal_rebuilt_ones_and_that_is_all_of_it(proof: Proof) -> None:
    rates = {}
    for view in VIEWS:
        lifted = [json.loads(line) for line in rebuilt(proof.url, view.name)]
        assert lifted[-1]["phase"] == "done"
        rates[view.name] = round(lifted[-1]["rate"])
        assert content(proof.url, view.name) == proof.contents[-1][view.name], view.name
    print(report(proof, rates))


def rebuilt(url: str, view: str) -> list[str]:
    said = lifeledger("views", "rebuild", view, "--json", env=on(url))
    assert said.code == 0, said.err
    return said.out.splitlines()


def report(proof: Proof, rates: Mapping[str, int]) -> str:
    """What `make real` prints."""
    found = proof.funnels[-1]
    lines = [
        f"\nseed {proof.seed}",
        *(f"{name:>16} {found[name]:>12,}" for name in found),
        *(
            f"import {nth}: {said.document['lines']:,} lines in {said.document['seconds']:.1f} s, "
            f"{said.document['per_second']:,} a second"
            for nth, said in enumerate(proof.said, 1)
        ),
        f"{len(VIEWS)} views followed at {proof.followed:,.0f} events a second",
        *(f"{name} rebuilt at {rate:,} events a second" for name, rate in rates.items()),
    ]
    return "\n".join(lines)
