"""The worker keeps the views up with the ledger; they can be looked at, and folded anew."""

import json
import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from projections import VIEWS
from tests.cli.bringing import captured, told, write
from tests.cli.running import lifeledger, line, on, running
from tests.faults.folded import catch_up
from tests.servers import Server

pytestmark = pytest.mark.slow

NAMES = [view.name for view in VIEWS]


def status(url: str) -> dict[str, dict[str, Any]]:
    said = lifeledger("views", "status", "--json", env=on(url))
    assert said.code == 0, said.err
    last = said.document["position"]
    assert {each["position"] + each["lag_events"] for each in said.document["views"]} == {last}
    return {each["name"]: each for each in said.document["views"]}


def contents(url: str) -> dict[str, list[tuple[Any, ...]]]:
    with psycopg.connect(url) as connection:
        return {
            name: connection.execute(f"SELECT * FROM views.{name} ORDER BY 1".encode()).fetchall() for name in NAMES
        }


@pytest.fixture(scope="module")
def imported(postgres: Server, prepared: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The name of a database with a history, to be copied."""
    name = f"{prepared}_history"
    postgres.create_database(name, prepared)
    file = tmp_path_factory.mktemp("history") / "history.ndjson"
    write(file, *map(captured, range(50)), *(told("ContactLead", number) for number in range(20)))
    assert lifeledger("import", file, env=on(postgres.url(name))).code == 0
    yield name
    postgres.drop_database(name)


@pytest.fixture(scope="module")
def followed(postgres: Server, imported: str) -> Iterator[str]:
    """The name of a database with a history whose views a worker has kept up, to be copied."""
    name = f"{imported}_followed"
    postgres.create_database(name, imported)
    follow(postgres.url(name))
    yield name
    postgres.drop_database(name)


@pytest.fixture
def history(postgres: Server, imported: str) -> Iterator[str]:
    with copied(postgres, imported) as url:
        yield url


@pytest.fixture
def kept_up(postgres: Server, followed: str) -> Iterator[str]:
    with copied(postgres, followed) as url:
        yield url


@contextmanager
def copied(postgres: Server, original: str) -> Iterator[str]:
    name = f"{original}_copy"
    postgres.create_database(name, original)
    yield postgres.url(name)
    postgres.drop_database(name)


def follow(url: str) -> None:
    """Let a worker come up to the end, and stop it."""
    with running("worker", "--json", env=on(url)) as process:
        assert line(process) == {"views": NAMES}
        catch_up(url)
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_a_worker_brings_them_up_to_date_and_stops_when_it_is_told_to(history: str) -> None:
    assert {each["state"] for each in status(history).values()} == {"absent"}
    follow(history)
    assert {each["state"] for each in status(history).values()} == {"stopped"}
    before = contents(history)
    assert len(before["funnel"]) == 50
    for name in ("sales_worklist", "status_time", "deadlines"):
        said = lifeledger("views", "rebuild", name, "--json", env=on(history))
        assert said.code == 0
        last = json.loads(said.out.splitlines()[-1])
        assert (last["phase"], last["lag_events"], last["eta_seconds"]) == ("done", 0, 0.0)
    assert contents(history) == before
    shown = lifeledger("views", "status", env=on(history))
    assert shown.code == 0
    assert all(f"\n{name} " in shown.out for name in NAMES)
    shown = lifeledger("views", "rebuild", "funnel", env=on(history))
    assert shown.out.startswith("rebuilt up to position 120 in ")


def test_a_view_that_is_not_there_is_told() -> None:
    said = lifeledger("views", "rebuild", "funel", env=on("postgresql://nobody@127.0.0.1:9/none"))
    assert (said.code, said.err) == (2, "lifeledger: there is no view funel; there is funnel\n")


def test_a_database_without_tables_is_told(postgres: Any) -> None:
    postgres.create_database("bare_views")
    try:
        for command in (["worker"], ["views", "status"], ["views", "rebuild", "funnel"]):
            said = lifeledger(*command, env=on(postgres.url("bare_views")))
            assert said.code == 1
            assert "lacks migration 1" in said.err
    finally:
        postgres.drop_database("bare_views")


def test_the_policies_run_beside_them_and_say_so(history: str) -> None:
    def told() -> dict[str, Any]:
        said = lifeledger("policies", "status", "--json", env=on(history))
        assert said.code == 0, said.err
        return {each["name"]: each for each in said.document["policies"]}

    assert told()["departure"]["state"] == "absent"
    with running("worker", "--json", env=on(history)) as process:
        line(process)
        until = time.monotonic() + 60
        while told()["departure"]["state"] != "live" or told()["departure"]["lag_events"]:
            assert time.monotonic() < until
        os.kill(process.pid, signal.SIGTERM)
        assert process.wait(20) == 0
    assert told()["departure"]["state"] == "stopped"
    assert told()["circulation"] == {
        "name": "circulation",
        "state": "timed",
        "paused_until": None,
        "position": 0,
        "lag_events": 0,
        "lag_seconds": 0.0,
        "reacts_to": [],
        "when_due": ["first-contact", "lapse", "hard-limit", "lapse-warning"],
        "error": None,
    }
    assert "circulation" in lifeledger("policies", "status", env=on(history)).out


# Compared and rolled back


def spoil(url: str) -> None:
    """One row of the funnel is wrong, one is gone."""
    with psycopg.connect(url) as connection:
        ((build,),) = connection.execute("SELECT build FROM views.tracking WHERE name = 'funnel'").fetchall()
        first, second = "(SELECT min(lead_id::text)", "(SELECT max(lead_id::text)"
        table = f"views.funnel_v{build}"
        connection.execute(f"UPDATE {table} SET source = 'Lin Li' WHERE lead_id = {first}::uuid FROM {table})".encode())
        connection.execute(f"DELETE FROM {table} WHERE lead_id = {second}::uuid FROM {table})".encode())


def test_what_is_right_is_verified_and_swapped(kept_up: str) -> None:
    said = lifeledger("views", "rebuild", "funnel", "--verify-only", env=on(kept_up))
    assert (said.code, said.out) == (0, "compared at position 120: 50 rows are the same, none differs\n")
    assert lifeledger("views", "rollback", "funnel", env=on(kept_up)).code == 1, "nothing was swapped"
    said = lifeledger("views", "rebuild", "funnel", "--verify", env=on(kept_up))
    assert said.code == 0
    assert said.out.startswith("compared at position 120: 50 rows are the same, none differs\nrebuilt up to")


def test_what_differs_is_told_and_not_swapped_unless_that_is_accepted(kept_up: str) -> None:
    spoil(kept_up)
    before = contents(kept_up)
    for flag in ("--verify", "--verify-only"):
        said = lifeledger("views", "rebuild", "funnel", flag, env=on(kept_up))
        assert said.code == 1
        assert said.err.startswith("lifeledger: 2 rows of funnel are not the same, and nothing was changed")
        assert ("--accept-differences" in said.err) == (flag == "--verify")
        first, columns, *rows = said.out.splitlines()
        assert first == (
            "compared at position 120: 48 rows are the same, 1 differ, 0 are only in the one that answers,"
            " 1 only in the new build"
        )
        assert columns == "  columns that differ: source (1)"
        assert sorted(row.partition(": ")[2] for row in rows) == ["in both, source", "only in the new build"]
        assert "Lin Li" not in said.out
        assert contents(kept_up) == before
    said = lifeledger("views", "rebuild", "funnel", "--verify", "--accept-differences", env=on(kept_up))
    assert said.code == 0
    assert "rebuilt up to position 120" in said.out
    assert len(contents(kept_up)["funnel"]) == 50


def test_what_differs_is_told_to_machines(kept_up: str) -> None:
    spoil(kept_up)
    said = lifeledger("views", "rebuild", "funnel", "--verify", "--json", env=on(kept_up))
    assert said.code == 1
    compared = json.loads(said.out.splitlines()[-1])
    assert (compared["phase"], compared["position"], compared["differing"]) == ("compared", 120, 2)
    assert (compared["same"], compared["different"], compared["only_new"]) == (48, 1, 1)
    assert {each["where"] for each in compared["first"]} == {"in both", "only in the new build"}
    assert "error" in json.loads(said.err)


def test_a_view_is_rolled_back_and_the_former_one_dropped(kept_up: str) -> None:
    spoil(kept_up)
    spoiled = contents(kept_up)["funnel"]
    assert lifeledger("views", "rebuild", "funnel", env=on(kept_up)).code == 0
    said = lifeledger("views", "rollback", "funnel", "--json", env=on(kept_up))
    version = said.document["version"]
    assert said.document == {
        "view": "funnel",
        "version": version,
        "position": 120,
        "from_version": version,
        "from_position": 120,
    }
    assert contents(kept_up)["funnel"] == spoiled
    said = lifeledger("views", "rollback", "funnel", env=on(kept_up))
    assert said.out == (
        f"funnel answers as version {version} did at position 120, and catches up from there; version {version}"
        " at position 120 is kept\n"
    )
    assert len(contents(kept_up)["funnel"]) == 50
    said = lifeledger("views", "rollback", "funnel", "--drop", env=on(kept_up))
    assert (said.code, said.out) == (0, f"dropped the build of version {version} at position 120\n")
    said = lifeledger("views", "rollback", "funnel", env=on(kept_up))
    assert (said.code, said.out) == (1, "")
    assert said.err == "lifeledger: no build of funnel is kept: there is nothing to go back to\n"


def test_consent_without_a_question_is_wrong_usage() -> None:
    nowhere = on("postgresql://nobody@127.0.0.1:9/none")
    for more in ([], ["--verify-only"], ["--verify", "--verify-only"]):
        said = lifeledger("views", "rebuild", "funnel", "--accept-differences", *more, env=nowhere)
        assert said.code == 2
        assert said.err.startswith("lifeledger: --accept-differences goes with --verify")
    assert lifeledger("views", "rollback", "funel", env=nowhere).code == 2
