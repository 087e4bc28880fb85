"""The ledger's tables are made once, never backwards, and history in them is not changed by those who write it."""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from ledger import migrations
from ledger.migrations import Step, WrongDatabase, migrate, steps
from ledger.recorder import Recorder, datastore
from tests.ledger.samples import append, encoded, positions, rows_of
from tests.servers import Server, mighty

KNOWN = [f"{step.number:04} {step.name}" for step in steps()]


@pytest.fixture
def empty(postgres: Server) -> Iterator[str]:
    """A database of the service's role, with nothing in it."""
    name = f"empty_{os.getpid()}"
    postgres.create_database(name)
    yield postgres.url(name)
    postgres.drop_database(name)


def applied(url: str) -> list[int]:
    with psycopg.connect(url) as connection:
        return [number for (number,) in connection.execute("SELECT number FROM ledger.migrations ORDER BY number")]


def test_the_first_time_all_are_applied_and_then_none(empty: str) -> None:
    assert migrate(empty) == KNOWN
    assert migrate(empty) == []
    assert applied(empty) == [step.number for step in steps()]
    recorder = Recorder(datastore(empty))
    append(recorder, encoded(*rows_of("lead/1", 1)))
    assert migrate(empty) == []
    assert positions(recorder) == [1]
    recorder.close()


def test_of_two_at_once_one_applies_them(empty: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        assert sorted(pool.map(migrate, [empty] * 4)) == [[], [], [], KNOWN]


def known(monkeypatch: pytest.MonkeyPatch, *found: Step) -> None:
    monkeypatch.setattr(migrations, "steps", lambda: list(found))


MORE = Step(len(KNOWN) + 1, "more", "CREATE TABLE ledger.more (); SELECT 1")


def test_a_later_version_applies_what_is_missing(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(empty)
    known(monkeypatch, *steps(), MORE)
    assert migrate(empty) == [f"{MORE.number:04} more"]
    assert migrate(empty) == []


def test_where_topics_stood_before_fillings_were_known_is_forgotten_and_what_was_folded_of_them_folded_anew(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as earlier:
        known(earlier, *[step for step in steps() if step.number < 10])
        migrate(empty)
    with psycopg.connect(empty) as connection:
        stood = "INSERT INTO ledger.relayed (topic, cluster, partitions, position, events) VALUES ('t', 'k', 6, 9, 9)"
        connection.execute(stood)
        connection.execute("CREATE SCHEMA views CREATE TABLE tracking (name text, fingerprint text)")
        connection.execute(
            "CREATE TABLE views.partitions (view text); INSERT INTO views.partitions VALUES ('capacity')"
        )
        connection.execute("INSERT INTO views.tracking VALUES ('capacity', 'known'), ('funnel', 'known')")
    assert migrate(empty)[0] == "0010 fillings"
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT count(*) FROM ledger.relayed").fetchone() == (0,)
        tracked = connection.execute("SELECT name, fingerprint FROM views.tracking ORDER BY name").fetchall()
        assert tracked == [("capacity", ""), ("funnel", "known")]
        assert connection.execute("SELECT to_regclass('views.partitions')").fetchone() == (None,)


def test_a_database_that_is_ahead_is_refused(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as later:
        known(later, *steps(), MORE)
        migrate(empty)
    with pytest.raises(WrongDatabase, match=f"migration {MORE.number}"):
        migrate(empty)


def test_a_migration_whose_text_has_changed_is_refused(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    migrate(empty)
    first, *others = steps()
    known(monkeypatch, replace(first, sql=first.sql + "\n"), *others, MORE)
    with pytest.raises(WrongDatabase, match="migration 1 was applied with another text"):
        migrate(empty)
    assert MORE.number not in applied(empty)


def test_a_migration_that_fails_leaves_nothing_and_can_be_tried_again(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        known(broken, *steps(), replace(MORE, sql=MORE.sql + "; SELECT 1 / 0"))
        with pytest.raises(psycopg.errors.DivisionByZero):
            migrate(empty)
    assert applied(empty) == [step.number for step in steps()]
    known(monkeypatch, *steps(), MORE)
    assert migrate(empty) == [f"{MORE.number:04} more"]


# Whom it may be done by


@pytest.fixture(params=["SUPERUSER", "BYPASSRLS"])
def mighty_url(request: pytest.FixtureRequest, postgres: Server, database_url: str) -> Iterator[str]:
    """The prepared database, for a role to which row security means nothing."""
    with mighty(postgres, database_url, request.param) as url:
        yield url


def test_a_role_above_row_security_is_refused(mighty_url: str) -> None:
    name = str(conninfo_to_dict(mighty_url)["user"])
    with pytest.raises(WrongDatabase, match=name):
        migrate(mighty_url)
    recorder = Recorder(datastore(mighty_url))
    with pytest.raises(WrongDatabase, match=name):
        recorder.writer.connected()
    with pytest.raises(WrongDatabase, match=name):
        append(recorder, encoded(*rows_of("lead/1", 1)))
    recorder.close()


@pytest.mark.parametrize("table", ["stored_events", "commands"])
@pytest.mark.parametrize("change", ["UPDATE {} SET {} = {}", "DELETE FROM {}", "TRUNCATE {}", "MERGE"])
def test_the_service_s_role_cannot_change_history(database_url: str, table: str, change: str) -> None:
    recorder = Recorder(datastore(database_url))
    append(recorder, encoded(*rows_of("lead/1", 1)))
    recorder.close()
    name, column = f"ledger.{table}", {"stored_events": "topic", "commands": "type"}[table]
    if change == "MERGE":
        change = "MERGE INTO {} AS old USING (VALUES (1)) AS new ON true WHEN MATCHED THEN DELETE"
    with psycopg.connect(database_url, autocommit=True) as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(change.format(name, column, column).encode())
        assert connection.execute(f"SELECT count(*) FROM {name}".encode()).fetchall() == [(1,)]
