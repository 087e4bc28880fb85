"""Whoever has the database in his hand, as a superuser, changes the past: it is found, and where he began is named."""

import psycopg
import pytest

from ledger.checkpoint import Checkpoint
from ledger.leaf import leaf
from ledger.logs import COMMANDS, EVENTS, LOGS, Log, leaf_hashes
from ledger.merkle import check_consistency, check_inclusion, consistency, inclusion, of_leaf
from ledger.row import Row
from ledger.seal import Broken, nodes, origin, seal
from tests.ledger.sealed import EVERY, FORGER, SIGNER, SIZES, Sealed

# Sealing


def test_what_is_sealed_is_as_it_was(ledger: Sealed) -> None:
    for log in LOGS:
        verdict = ledger.verify(log)
        assert verdict.good, verdict
        assert verdict.size == verdict.sealed == SIZES[log.name]
        assert verdict.last is not None
        assert verdict.last.checkpoint.origin == origin(ledger.own, log)


def test_what_is_new_is_sealed_on_top_and_in_portions(ledger: Sealed) -> None:
    before = ledger.kept()
    ledger.write("lead/a", "lead/b")
    assert (ledger.verify().size, ledger.verify().sealed) == (660, 600)
    ledger.seal()
    assert ledger.verify(EVENTS, before).sealed == 660
    sizes = ledger.own.execute("SELECT size FROM ledger.checkpoints WHERE log = 'events' ORDER BY size").fetchall()
    assert [size for (size,) in sizes] == [100, 200, 300, 400, 500, 600, 660]
    assert seal(ledger.own, EVENTS, SIGNER, EVERY) is None


def test_leaves_are_those_of_the_rows(ledger: Sealed) -> None:
    statement = f"SELECT {', '.join(Row._fields)} FROM ledger.stored_events ORDER BY notification_id"
    rows = [Row(*each) for each in ledger.own.execute(statement.encode(), binary=True)]
    hashes = [found for _, found in leaf_hashes(ledger.own, EVENTS, 0, 10_000)]
    assert hashes == [of_leaf(leaf(row)) for row in rows]


def test_every_column_of_both_logs_is_in_the_leaf(ledger: Sealed) -> None:
    for log in LOGS:
        statement = "SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0 AND NOT attisdropped"
        there = {name for (name,) in ledger.own.execute(statement, (log.table,)).fetchall()}
        assert set(log.names) == there


def test_an_event_can_be_shown_to_be_in_it_and_it_to_have_only_grown(ledger: Sealed) -> None:
    last = ledger.kept().checkpoint
    hashes = [found for _, found in leaf_hashes(ledger.own, EVENTS, 0, 10_000)]
    node = nodes(ledger.own, EVENTS)
    for index in (0, 255, 256, 511, 599):
        check_inclusion(hashes[index], index, 600, inclusion(node, index, 600), last.root)
    ledger.write("lead/a")
    ledger.seal()
    now = ledger.kept().checkpoint
    check_consistency(600, 630, consistency(nodes(ledger.own, EVENTS), 600, 630), last.root, now.root)


# Changing the past


def other(kind: str, column: str) -> str:
    """Something else than what stands there, as SQL."""
    match kind:
        case "text":
            return f"coalesce({column}, '') || 'x'"
        case "int8" | "int4":
            return f"{column} + 1000"
        case "uuid":
            return "gen_random_uuid()"
        case "timestamptz":
            return f"{column} + interval '1 microsecond'"
        case "bool":
            return f"NOT {column}"
        case "bytea":
            return f"{column} || '\\x00'::bytea"
        case _:
            raise AssertionError(kind)


COLUMNS = [(log, name) for log in LOGS for name in log.names if name != log.number]


@pytest.mark.parametrize(("log", "column"), COLUMNS, ids=lambda each: getattr(each, "name", each))
def test_a_changed_column_is_found_and_its_row_named(ledger: Sealed, log: Log, column: str) -> None:
    at = 7 if log is COMMANDS else 300
    (kind,) = ledger.ask(
        f"SELECT typname FROM pg_attribute AS a JOIN pg_type AS t ON t.oid = atttypid"
        f" WHERE attrelid = '{log.table}'::regclass AND attname = '{column}'"
    )
    changing = f"UPDATE {log.table} SET {column} = {other(kind, column)} WHERE {log.number} = %s"
    assert ledger.do(changing, at) == 1
    verdict = ledger.verify(log)
    assert verdict.wrong is not None
    assert (verdict.wrong.first, verdict.wrong.last) == (at, at)
    assert f"{log.name} {at} is not what it was" in verdict.wrong.said


@pytest.mark.parametrize("at", [1, 256, 300, 599])
def test_a_row_that_was_taken_out_is_missed(ledger: Sealed, at: int) -> None:
    ledger.do("DELETE FROM ledger.stored_events WHERE notification_id = %s", at)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.said) == (at, f"of the events, {at} is missing")


def test_a_row_that_was_taken_out_is_missed_where_others_have_moved_up(ledger: Sealed) -> None:
    ledger.do("DELETE FROM ledger.stored_events WHERE notification_id = 300")
    renumber(ledger, 300, -1)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (300, 300)


def test_a_row_that_was_put_in_between_is_found(ledger: Sealed) -> None:
    renumber(ledger, 299, 1)
    ledger.do(COPY_OF, 300, 300)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (300, 300)


COPY_OF = (
    "INSERT INTO ledger.stored_events SELECT (jsonb_populate_record(each, jsonb_build_object("
    "'originator_id', 'lead/forged', 'notification_id', %s::bigint))).*"
    " FROM ledger.stored_events AS each WHERE notification_id = %s + 1"
)


def renumber(ledger: Sealed, after: int, by: int) -> None:
    moving = "UPDATE ledger.stored_events SET notification_id = %s * (notification_id + %s) WHERE notification_id %s"
    ledger.do(moving.replace("%s", "{}").format(-1, by, f"> {after}"))
    ledger.do("UPDATE ledger.stored_events SET notification_id = -notification_id WHERE notification_id < 0")


def test_a_second_row_with_the_same_number_is_found(ledger: Sealed) -> None:
    ledger.do("DROP INDEX ledger.stored_events_notification_id_idx")
    ledger.do(COPY_OF, 300, 300)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert wrong.first == 300


def test_rows_that_have_changed_places_are_found(ledger: Sealed) -> None:
    for number, place in ((300, -1), (400, 300), (-1, 400)):
        ledger.do("UPDATE ledger.stored_events SET notification_id = %s WHERE notification_id = %s", place, number)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (300, 300)


@pytest.mark.parametrize("left", [0, 299, 599])
def test_a_tail_that_was_cut_is_missed(ledger: Sealed, left: int) -> None:
    ledger.do("DELETE FROM ledger.stored_events WHERE notification_id > %s", left)
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (left + 1, 600)
    assert "its checkpoint knows of 600" in wrong.said


def test_an_old_copy_is_known_by_what_was_verified_last(ledger: Sealed) -> None:
    """It agrees with itself, checkpoints and all."""
    ledger.write("lead/a")
    ledger.seal()
    kept = ledger.kept()
    ledger.do("DELETE FROM ledger.stored_events WHERE notification_id > 600")
    ledger.do("DELETE FROM ledger.checkpoints WHERE log = 'events' AND size > 600")
    assert ledger.verify().good
    wrong = ledger.verify(EVENTS, kept).wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (601, 630)
    assert "what was verified before knows of 630" in wrong.said


def test_a_past_that_was_sealed_anew_is_known_by_what_was_verified_last(ledger: Sealed) -> None:
    """Whoever has stolen the key as well can sign another past, and not unsign what others have kept."""
    kept = ledger.kept()
    ledger.do("UPDATE ledger.stored_events SET actor_id = 'mallory' WHERE notification_id = 300")
    ledger.do("DELETE FROM ledger.checkpoints")
    ledger.do("DELETE FROM ledger.tiles")
    ledger.seal()
    assert ledger.verify().good
    wrong = ledger.verify(EVENTS, kept).wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (501, 600), "between what agrees and what does not"


def test_where_the_kept_hashes_were_changed_too_it_lies_between_two_checkpoints(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.stored_events SET actor_id = 'mallory' WHERE notification_id = 300")
    fresh = [found for _, found in leaf_hashes(ledger.own, EVENTS, 0, 10_000)]
    ledger.do(
        "UPDATE ledger.tiles SET hashes = %s WHERE level = 0 AND place = 1 AND log = 'events'", b"".join(fresh[256:512])
    )
    wrong = ledger.verify().wrong
    assert wrong is not None
    assert (wrong.first, wrong.last) == (201, 300)


# Changing what proves it


def test_a_checkpoint_that_somebody_else_has_signed_is_none(ledger: Sealed) -> None:
    found = ledger.kept().checkpoint
    forged = FORGER.note(Checkpoint(found.origin, 600, bytes(32)).text())
    ledger.do("UPDATE ledger.checkpoints SET note = %s WHERE log = 'events' AND size = 600", forged)
    verdict = ledger.verify()
    assert not verdict.good
    assert "at 600" in verdict.damaged[0]
    assert verdict.sealed == 500
    with pytest.raises(Broken, match="has not signed"):
        seal(ledger.own, EVENTS, SIGNER, EVERY)


def test_a_checkpoint_of_another_log_or_length_is_none(ledger: Sealed) -> None:
    ledger.do(
        "UPDATE ledger.checkpoints SET note = (SELECT note FROM ledger.checkpoints WHERE log = 'commands')"
        " WHERE log = 'events' AND size = 600"
    )
    ledger.do("UPDATE ledger.checkpoints SET size = 450 WHERE log = 'events' AND size = 400")
    damaged = ledger.verify().damaged
    assert ["/commands at 20" in damaged[1], "/events at 400" in damaged[0]] == [True, True]


def test_without_any_checkpoint_nothing_is_proven(ledger: Sealed) -> None:
    ledger.do("DELETE FROM ledger.checkpoints")
    verdict = ledger.verify()
    assert (verdict.good, verdict.sealed) == (False, 0)
    assert "nobody has signed" in verdict.damaged[0]


@pytest.mark.parametrize(("level", "place", "said"), [(0, 1, "of number 257 first"), (1, 0, "level 1, place 0")])
@pytest.mark.parametrize("doing", ["UPDATE ledger.tiles SET hashes = sha256('x')", "DELETE FROM ledger.tiles"])
def test_kept_hashes_that_are_not_those_of_the_rows_are_told(
    ledger: Sealed, doing: str, level: int, place: int, said: str
) -> None:
    ledger.do(f"{doing} WHERE log = 'events' AND level = %s AND place = %s", level, place)
    verdict = ledger.verify()
    assert verdict.wrong is None
    assert said in verdict.damaged[0]


def test_on_top_of_what_is_broken_nothing_is_sealed(ledger: Sealed) -> None:
    ledger.do("UPDATE ledger.tiles SET hashes = sha256('x') || substr(hashes, 33) WHERE log = 'events'")
    ledger.write("lead/a")
    with pytest.raises(Broken, match="not the one that was signed"):
        seal(ledger.own, EVENTS, SIGNER, EVERY)
    ledger.do("DELETE FROM ledger.tiles")
    with pytest.raises(Broken, match="missing"):
        seal(ledger.own, EVENTS, SIGNER, EVERY)


def test_over_a_hole_nothing_is_sealed(ledger: Sealed) -> None:
    ledger.write("lead/a")
    ledger.do("DELETE FROM ledger.stored_events WHERE notification_id = 610")
    with pytest.raises(Broken, match="after 609 of events comes 611"):
        seal(ledger.own, EVENTS, SIGNER, EVERY)


@pytest.mark.parametrize(
    "doing",
    [
        "UPDATE ledger.checkpoints SET note = ''",
        "DELETE FROM ledger.checkpoints",
        "TRUNCATE ledger.checkpoints",
        "DELETE FROM ledger.tiles",
        "UPDATE ledger.itself SET id = gen_random_uuid()",
        "DELETE FROM ledger.itself",
        "INSERT INTO ledger.itself DEFAULT VALUES",
    ],
)
def test_the_service_itself_cannot_take_it_back(ledger: Sealed, doing: str) -> None:
    with pytest.raises(
        psycopg.errors.InsufficientPrivilege if "INSERT" not in doing else psycopg.errors.UniqueViolation
    ):
        ledger.own.execute(doing.encode())
