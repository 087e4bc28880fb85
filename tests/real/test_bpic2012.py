"""13,087 real leads through the command line into the ledger, and out of the views by SQL.

They come in three times: first all but ten cases drawn by lot, then all of them, then every tenth line once more; all
of them once more do where two workers follow them. In `make test` these are 2,000 cases drawn by lot.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import pytest

from consumers import projector
from consumers.hands import Hands, Premises
from consumers.rebuild import Progress
from projections import funnel, sales_worklist, status_time
from projections.projection import Projection
from tests.cli.running import lifeledger, on
from tests.memory import MASTER
from tests.real.bpic2012 import Figures, counted, total
from tests.real.bpic2012_told import write_all_and_some
from tests.real.followed import reading
from tests.real.ledgers import FACT, Imported, counts, data_of, database, report, row
from tests.servers import Server

pytestmark = [pytest.mark.real, pytest.mark.slow]

PART = pytest.param(2_000, id="a part")
WHOLE = pytest.param(None, id="whole", marks=pytest.mark.deep)
known = pytest.mark.parametrize("proof", [WHOLE], indirect=True)
"""What is known of the log is known of the whole of it."""

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
STANDING = """SELECT status, count(*) FROM views.status_time WHERE kind = 'lead' AND "left" IS NULL GROUP BY status"""
WORKLIST = "SELECT status, count(*) FROM views.sales_worklist GROUP BY status"
CALLS = f"""
SELECT count(*) FILTER (WHERE offertes AND ended IS NOT NULL) AS offertes,
    count(*) FILTER (WHERE offertes AND ended IS NOT NULL AND began IS NOT NULL) AS offertes_timed,
    (sum(extract(epoch FROM ended - began)) FILTER (WHERE offertes) * 1000)::bigint AS offertes_time,
    count(*) FILTER (WHERE dossiers AND ended IS NOT NULL) AS dossiers,
    count(*) FILTER (WHERE dossiers AND ended IS NOT NULL AND began IS NOT NULL) AS dossiers_timed,
    (sum(extract(epoch FROM ended - began)) FILTER (WHERE dossiers) * 1000)::bigint AS dossiers_time,
    count(*) FILTER (WHERE ended IS NULL) AS unended,
    count(*) FILTER (WHERE began IS NULL) AS unknown_start,
    count(*) FILTER (WHERE counted) AS talk_invented
FROM (
    SELECT stream, bool_and(reason_code = 'offertes') AS offertes,
        bool_and(reason_code = 'incomplete-dossiers') AS dossiers,
        min(({FACT} ->> 'at')::timestamptz) FILTER (WHERE type = 'call.connected') AS began,
        min(({FACT} ->> 'at')::timestamptz) FILTER (WHERE type = 'call.ended') AS ended,
        bool_or({FACT} ->> 'talk_seconds' IS NOT NULL) AS counted
    FROM ledger.events WHERE stream LIKE 'call/%' GROUP BY stream
) AS calls
"""
# Of whom nobody was named, nobody can say that he is another. To plan a work item is not to work on it.
WORKERS = f"""
WITH told AS (
    SELECT split_part(source_message_id, '/', 1) AS name, position, type, actor_kind, actor_id, payload
    FROM ledger.events
), workers AS (
    SELECT DISTINCT ON (name) name, actor_id FROM told
    WHERE actor_kind = 'user' AND (type IN ('call.connected', 'call.ended')
        OR (type = 'lead.touch-recorded' AND {FACT} ->> 'ref' ~ '^W_.* (START|COMPLETE)$'))
    ORDER BY name, position
), ends AS (
    SELECT name, min(position) AS position FROM told WHERE type IN ('lead.lost', 'lead.converted') GROUP BY name
)
SELECT count(*) FILTER (WHERE told.actor_kind = 'user' AND told.actor_id IS DISTINCT FROM workers.actor_id)
        AS by_another,
    count(*) FILTER (WHERE told.position > ends.position) AS after_the_end
FROM told LEFT JOIN workers USING (name) LEFT JOIN ends USING (name) WHERE told.type = 'call.ended'
"""
MESSAGES = """
SELECT count(*) AS events, count(*) FILTER (WHERE place <> nth) AS out_of_order,
    count(*) FILTER (WHERE occurred_at = before) AS ties,
    count(*) FILTER (WHERE actor_kind = 'integration') AS nameless
FROM (
    SELECT nth, occurred_at, actor_kind,
        row_number() OVER by_position AS place, lag(occurred_at) OVER by_position AS before
    FROM (
        SELECT DISTINCT ON (source_message_id) split_part(source_message_id, '/', 1) AS name,
            split_part(source_message_id, '/', 2)::bigint AS nth, position, occurred_at, actor_kind
        FROM ledger.events ORDER BY source_message_id, position
    ) AS messages
    WINDOW by_position AS (PARTITION BY name ORDER BY position)
) AS told
"""
LINKED = f"""
SELECT count(DISTINCT calls.stream) AS calls, count(DISTINCT calls.stream) FILTER (WHERE same) AS linked
FROM ledger.events AS calls LEFT JOIN (
    SELECT link.stream, split_part(link.source_message_id, '/', 1) = split_part(lead.source_message_id, '/', 1) AS same
    FROM (
        SELECT stream, source_message_id, 'lead/' || ({FACT} #>> '{{subject,id}}') AS about FROM ledger.events
        WHERE type = 'call.linked' AND {FACT} #>> '{{subject,kind}}' = 'lead'
    ) AS link
    JOIN ledger.events AS lead ON lead.stream = link.about AND lead.type = 'lead.captured'
) AS links USING (stream)
WHERE calls.stream LIKE 'call/%'
"""
CUSTOMERS = """
SELECT count(*) AS customers FROM ledger.events AS created
JOIN ledger.events AS converted ON converted.type = 'lead.converted'
    AND created.stream = 'customer/' || (convert_from(converted.payload, 'UTF8')::jsonb ->> 'customer_id')
WHERE created.type = 'customer.created'
"""


@dataclass
class Proof:
    """What was told of the log, and what is to be seen in the database after each import."""

    imported: Imported
    seed: int
    all: Figures
    left_out: Figures
    lines: Mapping[str, int]
    rates: Mapping[str, int]  # Of each view, the events a second when it was folded last.

    @property
    def url(self) -> str:
        return self.imported.url


@pytest.fixture(scope="module", params=[PART, WHOLE])
def proof(
    request: pytest.FixtureRequest,
    shared: Path,
    postgres: Server,
    prepared: str,
    seed: int,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Proof]:
    folder = tmp_path_factory.mktemp("bpic2012")
    told = write_all_and_some(data_of(shared, "bpic2012.xes.gz"), folder, seed, request.param)
    with database(postgres, prepared, "bpic2012") as imported, waiting(imported.url) as hands:
        again = every_tenth(folder / "all.ndjson", folder / "again.ndjson", seed)
        for file in ("some", "all", "again"):
            imported.bring(folder / f"{file}.ndjson", told_by_the_ledger)
            rates = rebuilt(imported.url, funnel, hands)
            imported.figures[-1] = {**row(imported.url, FUNNEL), **imported.figures[-1]}
        rates |= rebuilt(imported.url, status_time, hands) | rebuilt_by_command(imported.url, sales_worklist)
        every, without = map(counted, told.cases), map(counted, told.left_out)
        yield Proof(imported, seed, total(every), total(without), {**told.lines, "again": again}, rates)


def every_tenth(file: Path, again: Path, seed: int) -> int:
    """How many lines those are."""
    with file.open("rb") as lines, again.open("wb") as out:
        taken = [*islice(lines, seed % 10, None, 10)]
        out.writelines(taken)
    return len(taken)


def told_by_the_ledger(url: str) -> dict[str, int]:
    """All that no view shows: from the rows of the ledger."""
    found: dict[str, int] = {}
    for question in (CALLS, WORKERS, MESSAGES, CUSTOMERS, LINKED):
        found |= row(url, question)
    return found


@contextmanager
def waiting(url: str) -> Iterator[Hands]:
    """The processes that a worker has, started already: they are worth it then for a part, too."""
    with closing(Hands(Premises(url, url, MASTER))) as hands:
        hands.start()
        yield hands


def rebuilt(url: str, view: Projection, hands: Hands) -> dict[str, int]:
    """The events a second."""
    last: list[Progress] = []
    with reading(url) as ledger:
        projector.rebuild(view, ledger, url, url, report=last.append, hands=hands)
    assert last[-1].phase == "done"
    return {view.name: round(last[-1].rate)}


def rebuilt_by_command(url: str, view: Projection) -> dict[str, int]:
    said = lifeledger("views", "rebuild", view.name, "--json", env=on(url))
    assert said.code == 0, said.err
    last = json.loads(said.out.splitlines()[-1])
    assert last["phase"] == "done"
    return {view.name: round(last["rate"])}


def of_log(figures: Figures) -> dict[str, int]:
    """What the log itself comes to, named as the database's figures are."""
    of_funnel = ("cases", "amount", "repeated_quotes", "preaccepted", "accepted", "sent", "sent_back", "approved")
    ends = ("declined", "cancelled", "new", "contacting", "qualified", "negotiating")
    of_calls = ("offertes", "offertes_timed", "offertes_time", "dossiers", "dossiers_timed", "dossiers_time", "unended")
    of_messages = ("by_another", "after_the_end", "events", "ties", "nameless")
    return {name: int(getattr(figures, name)) for name in (*of_funnel, *ends, *of_calls, *of_messages)}


def test_every_line_is_accepted_once(proof: Proof) -> None:
    of_them = {"refused": 0, "invalid": 0, "failed": 0}
    lines, fewer = proof.lines["all"], proof.lines["some"]
    repeats, later = proof.all.repeated_quotes, proof.left_out.repeated_quotes
    first, second, third = proof.imported.documents
    assert first == of_them | {"accepted": fewer, "already_there": 0, "repeats": repeats - later}
    assert second == of_them | {"accepted": lines - fewer, "already_there": fewer, "repeats": later}
    assert third == of_them | {"accepted": 0, "already_there": proof.lines["again"], "repeats": 0}


def test_the_database_tells_what_the_log_tells(proof: Proof) -> None:
    told = of_log(proof.all)
    assert {name: proof.imported.figures[-1][name] for name in told} == told


@known
def test_the_funnel_has_the_figures_that_are_known_of_the_log(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert [found[each] for each in ("cases", "preaccepted", "accepted", "sent", "sent_back", "approved")] == [
        13_087, 7_367, 5_113, 5_015, 3_254, 2_246,
    ]  # fmt: skip
    assert (found["declined"], found["cancelled"]) == (7_635, 2_807)
    assert [found[each] for each in ("new", "contacting", "qualified", "negotiating")] == [0, 69, 3, 327]
    assert found["amount"] == 177_634_511
    assert found["repeated_quotes"] == 2_015
    assert found["customers"] == 2_246


@known
def test_the_calls_have_the_figures_that_are_known_of_the_log(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert (found["offertes"], found["dossiers"]) == (22_976, 11_407)
    assert (found["offertes_timed"], found["dossiers_timed"]) == (22_405, 11_399)
    assert [round(found[each] / 3_600_000, 1) for each in ("offertes_time", "dossiers_time")] == [3_477.8, 2_416.7]
    assert (found["unended"], found["unknown_start"]) == (2, 579)
    assert (found["by_another"], found["after_the_end"]) == (27_111, 1_498)
    assert found["calls"] == 22_976 + 11_407 + 2
    assert found["nameless"] == 18_010


def test_every_call_is_linked_to_its_lead_and_of_none_is_more_known_than_the_log_tells(proof: Proof) -> None:
    found, all_of_it = proof.imported.figures[-1], proof.all
    ended = all_of_it.offertes + all_of_it.dossiers
    assert found["linked"] == found["calls"] == ended + all_of_it.unended
    assert found["unknown_start"] == ended - all_of_it.offertes_timed - all_of_it.dossiers_timed
    assert found["talk_invented"] == 0
    assert found["customers"] == all_of_it.approved


def test_what_is_rare_is_there(proof: Proof) -> None:
    assert (proof.all.unended, proof.all.qualified) == (2, 3)


def test_the_views_agree(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    still_open = {name: found[name] for name in ("contacting", "qualified", "negotiating")}
    lost = {"lost": found["declined"] + found["cancelled"]}
    assert counts(proof.url, STANDING) == still_open | lost | {"converted": found["approved"]}
    assert counts(proof.url, WORKLIST) == still_open | lost


def test_without_ten_cases_the_figures_are_less_by_exactly_those(proof: Proof) -> None:
    some, whole = proof.imported.figures[:2]
    left_out = of_log(proof.left_out)
    assert {name: whole[name] - some[name] for name in left_out} == left_out


def test_what_happened_at_one_instant_stays_in_the_order_of_the_file(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert (found["out_of_order"], found["ties"]) == (0, proof.all.ties)
    assert found["ties"] > 1_000


@known
def test_so_many_happened_at_one_instant(proof: Proof) -> None:
    found = proof.imported.figures[-1]
    assert (found["events"], found["ties"]) == (262_200, 13_995)


def test_a_second_import_changes_nothing(proof: Proof) -> None:
    assert proof.imported.ledgers[2] == proof.imported.ledgers[1] != proof.imported.ledgers[0]
    assert proof.imported.figures[2] == proof.imported.figures[1]


def test_that_is_all_of_it(proof: Proof) -> None:
    rebuilds = [f"{name} rebuilt at {rate:,} events a second" for name, rate in proof.rates.items()]
    said = [*proof.imported.rates(), *rebuilds]
    print(
        report(f"Loan applications, {proof.all.cases:,} of them, seed {proof.seed}", proof.imported.figures[-1], said)
    )
