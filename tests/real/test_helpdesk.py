"""4,580 real tickets through the command line into the ledger; every figure is taken from its rows, by SQL.

They come in three times: first all but ten cases drawn by lot, then all of them, then all of them once more.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from domain.ticket.facts.status import TicketClosed, TicketPended, TicketReopened, TicketResolved, TicketResumed
from domain.ticket.facts.work import TicketAssigned
from domain.values import FACT_NAMES
from tests.real.followed import caught_up, must_agree, rebuild_all, two_workers
from tests.real.helpdesk import Case, Figures, counted, log, total, write_ndjson
from tests.real.ledgers import FACT, LEFT_OUT, Imported, counts, data_of, database, report, row
from tests.servers import Server

pytestmark = [pytest.mark.real, pytest.mark.slow]

MOVES = (TicketAssigned, TicketPended, TicketResumed, TicketResolved, TicketClosed, TicketReopened)
MOVED = f"type IN ({', '.join(repr(FACT_NAMES[kind]) for kind in MOVES)})"
# Event 0 of a case is no event of the log: it is the opening that the log leaves out.
TICKETS = f"""
SELECT count(DISTINCT stream) AS tickets,
    count(DISTINCT source_message_id) FILTER (WHERE source_message_id NOT LIKE '%/0') AS events,
    (SELECT count(*) FROM ledger.commands WHERE refusal IS NOT NULL) AS rejected,
    count(*) FILTER (WHERE type = 'ticket.reopened') AS reopens,
    count(DISTINCT stream) FILTER (WHERE type = 'ticket.reopened') AS reopened,
    max(({FACT} ->> 'n')::int) FILTER (WHERE type = 'ticket.reopened') AS most_reopens,
    count(DISTINCT {FACT} ->> 'customer_id') FILTER (WHERE type = 'ticket.opened') AS customers_with_tickets,
    (SELECT count(DISTINCT stream) FROM ledger.events WHERE type = 'customer.created') AS customers
FROM ledger.events WHERE stream LIKE 'ticket/%'
"""
# A line may reopen a ticket and then assign it: what it repeats is told by the first that it moved.
REPEATS = f"""
SELECT {FACT} ->> 'to' AS status, count(*) FROM (
    SELECT DISTINCT ON (command_id) payload FROM ledger.events WHERE {MOVED} ORDER BY command_id, position
) AS first WHERE {FACT} ->> 'from' = {FACT} ->> 'to' GROUP BY 1
"""
STANDING = f"""
SELECT status, count(*) FROM (
    SELECT DISTINCT ON (stream) {FACT} ->> 'to' AS status FROM ledger.events
    WHERE stream LIKE 'ticket/%' AND ({MOVED} OR type = 'ticket.opened') ORDER BY stream, version DESC
) AS last GROUP BY 1
"""
ORDER = """
SELECT count(*) FILTER (WHERE position < earlier OR nth < before_nth) AS out_of_order,
    count(*) FILTER (WHERE occurred_at = before) AS ties
FROM (
    SELECT *, lag(occurred_at) OVER of_ticket AS before, lag(nth) OVER of_ticket AS before_nth,
        lag(position) OVER of_ticket AS earlier
    FROM (
        SELECT DISTINCT ON (source_message_id) stream, position, version, occurred_at,
            split_part(source_message_id, '/', 2)::int AS nth
        FROM ledger.events WHERE stream LIKE 'ticket/%' AND source_message_id NOT LIKE '%/0'
        ORDER BY source_message_id, version
    ) AS lines
    WINDOW of_ticket AS (PARTITION BY stream ORDER BY version)
) AS told
"""
FOLLOWED = """
SELECT array_agg(name ORDER BY first) AS names FROM (
    SELECT split_part(source_message_id, '/', 1) AS name, min(position) AS first
    FROM ledger.events WHERE stream LIKE 'ticket/%' GROUP BY 1
) AS cases
"""


@dataclass
class Proof:
    cases: list[Case]
    chosen: set[str]
    imported: Imported

    @property
    def left_out(self) -> list[Case]:
        return [case for case in self.cases if case.name in self.chosen]


def figures(url: str) -> dict[str, int]:
    found = row(url, TICKETS) | row(url, ORDER)
    found |= {f"repeats {status}": each for status, each in sorted(counts(url, REPEATS).items())}
    return found | {f"at the end {status}": each for status, each in sorted(counts(url, STANDING).items())}


@pytest.fixture(scope="module")
def proof(
    shared: Path, postgres: Server, prepared: str, seed: int, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Proof]:
    path = data_of(shared, "helpdesk.xes.gz")
    cases = log(path)
    chosen = {case.name for case in random.Random(seed).sample(cases, LEFT_OUT)}
    folder = tmp_path_factory.mktemp("helpdesk")
    write_ndjson(path, folder / "all.ndjson")
    write_ndjson(path, folder / "some.ndjson", leave_out=chosen)
    with database(postgres, prepared, "helpdesk") as imported:
        with two_workers(imported.url):
            for file in ("some", "all", "all"):
                imported.bring(folder / f"{file}.ndjson", figures)
            caught_up(imported.url)
        yield Proof(cases, chosen, imported)


def of_log(found: Figures) -> dict[str, int]:
    """What the log itself comes to, named as the ledger's figures are."""
    told = {
        "tickets": found.tickets,
        "events": found.events,
        "rejected": found.rejected,
        "reopens": found.reopens,
        "reopened": found.reopened,
        "ties": found.ties,
    }
    told |= {f"repeats {status}": each for status, each in found.repeats.items()}
    return told | {f"at the end {status}": each for status, each in found.standing.items()}


def test_the_ledger_has_the_figures_that_are_known_of_the_log(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert found == {
        "tickets": 4_580,
        "events": 21_348,
        "rejected": 0,
        "reopens": 161,
        "reopened": 152,
        "most_reopens": max(counted(case).reopens for case in proof.cases),
        "customers": 397,
        "customers_with_tickets": 394,  # The other three are named only by later events of others' tickets.
        "ties": 130,
        "out_of_order": 0,
        "repeats resolved": 256,
        "repeats pending_customer": 113,
        "repeats open": 105,
        "repeats pending_third_party": 34,
        "repeats closed": 14,
        "at the end closed": 4_558,
        "at the end resolved": 10,
        "at the end pending_customer": 8,
        "at the end pending_third_party": 3,
        "at the end open": 1,
    }
    print(report("Help desk", found, proof.imported.rates()))


def test_the_ledger_tells_what_the_log_tells(proof: Proof) -> None:
    told = of_log(total(map(counted, proof.cases)))
    assert {name: proof.imported.figures[-1][name] for name in told} == told


def test_every_line_is_accepted_once_and_nothing_is_rejected(proof: Proof) -> None:
    first, second, third = proof.imported.documents
    for each in (first, second, third):
        assert each["refused"] == each["invalid"] == each["failed"] == 0
    lines = second["accepted"] + second["already_there"]
    assert first["already_there"] == 0
    assert second["already_there"] == first["accepted"]
    assert (third["accepted"], third["already_there"]) == (0, lines)
    openings = sum(case.events[0].activity != "Insert ticket" for case in proof.cases)
    assert lines == 21_348 + openings + 397
    assert first["repeats"] + second["repeats"] == 522


def test_without_ten_cases_the_figures_are_less_by_exactly_those(proof: Proof) -> None:
    some, whole = proof.imported.figures[:2]
    left_out = of_log(total(map(counted, proof.left_out)))
    assert len(proof.left_out) == LEFT_OUT
    for name in of_log(total(map(counted, proof.cases))):
        assert whole[name] - some.get(name, 0) == left_out.get(name, 0), name
    elsewhere = {event.customer for case in proof.cases if case.name not in proof.chosen for event in case.events}
    theirs = {event.customer for case in proof.left_out for event in case.events} - elsewhere
    assert whole["customers"] - some["customers"] == len(theirs)


def test_a_second_import_changes_nothing(proof: Proof) -> None:
    assert proof.imported.ledgers[2] == proof.imported.ledgers[1] != proof.imported.ledgers[0]
    assert proof.imported.figures[2] == proof.imported.figures[1]


def test_positions_follow_the_file(proof: Proof) -> None:
    """The ten came later; all others stand as the file has them."""
    chosen = proof.chosen
    first = [case.name for case in proof.cases if case.name not in chosen]
    then = [case.name for case in proof.cases if case.name in chosen]
    assert row(proof.imported.url, FOLLOWED)["names"] == first + then


def test_live_is_as_of_now_and_rebuilt_in_every_view(proof: Proof) -> None:
    must_agree(proof.imported.url, lambda: rebuild_all(proof.imported.url))
