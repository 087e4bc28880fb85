"""What came in goes with whoever is forgotten, is let go of when it is old, and is in a backup."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest

from domain.values import Erased
from ledger.backup.erasures import found_in
from ledger.envelope import time_ordered_id
from ledger.inbox import Came, Letter
from ledger.stored_inbox import StoredInbox, waiting
from tests.ledger.backed_up import Kept
from tests.ledger.samples import append, encoded, rows_of

pytestmark = pytest.mark.slow

SOURCE = "kafka/lifeledger/shop.orders.v1/0"
NOBODY = b"\x02" * 32
LEFT = Erased(on=datetime(2026, 5, 6, tzinfo=UTC), by="ann")


class Desk:
    """A ledger that knows somebody by a value, and what has come in about him and about nobody."""

    def __init__(self, url: str, inbox: StoredInbox) -> None:
        self.kept = Kept(url)
        self.inbox = inbox
        self.identity = uuid4()
        self.digest = b"\x01" * 32
        self.kept.begin()
        with self.kept.ledger() as ledger:
            self.keys = ledger.keys
            told = replace(encoded(*rows_of(f"identity/{self.identity}", 1)), identities={self.digest: self.identity})
            append(ledger.rows, told)
        inbox.begin(SOURCE, 0)
        self.his = self.put(0, [self.digest, NOBODY])
        self.nobodys = self.put(1, [])

    def put(self, place: int, mentions: list[bytes], sent_at: datetime | None = None) -> Letter:
        letter = Letter(
            letter_id=time_ordered_id(),
            source=SOURCE,
            place=place,
            topic="shop.orders.v1",
            system="shop",
            message_id=f"m-{place}",
            key=b"k",
            mentions=mentions,
            sealed="c2VhbGVk",
            error="Unreadable",
            attempts=1,
            sent_at=sent_at,
        )
        self.inbox.note(
            [
                Came(
                    source=SOURCE,
                    place=place,
                    topic="shop.orders.v1",
                    system="shop",
                    message_id=letter.message_id,
                    commands=[UUID(int=place)],
                    digest=b"d",
                    mentions=mentions,
                    sent_at=sent_at,
                )
            ]
        )
        self.inbox.put_aside(letter, self.keys.create(f"letter/{letter.letter_id}").wrapped, place)
        return letter

    def places(self, table: str) -> list[int]:
        return [place for (place,) in self.kept.ask(f"SELECT place FROM ledger.{table} ORDER BY place")]

    def key(self, letter: Letter) -> Any:
        statement = f"SELECT wrapped, erased_at FROM ledger.subject_keys WHERE subject = 'letter/{letter.letter_id}'"
        return self.kept.ask(statement)


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    with closing(StoredInbox(database_url)) as inbox:
        yield Desk(database_url, inbox)


def test_who_is_forgotten_goes_out_of_all_that_came_in_with_his_keys(desk: Desk) -> None:
    erasures = desk.kept.ask("SELECT coalesce(max(erased_at), 0) FROM ledger.subject_keys")
    assert erasures == [(0,)]
    desk.kept.erase(f"identity/{desk.identity}", LEFT)
    assert desk.places("letters") == desk.places("inbox") == [1]
    assert desk.key(desk.his) == [(None, 0)]
    [(wrapped, erased_at)] = desk.key(desk.nobodys)
    assert wrapped is not None
    assert erased_at is None


def test_what_was_sent_before_somebody_was_forgotten_is_not_kept_after(desk: Desk) -> None:
    desk.kept.erase(f"identity/{desk.identity}", LEFT)
    now = datetime.now(UTC)
    desk.put(2, [desk.digest], now - timedelta(hours=1))
    desk.put(3, [desk.digest], now + timedelta(hours=1))
    desk.put(4, [NOBODY, desk.digest])
    assert desk.places("letters") == desk.places("inbox") == [1, 3]
    assert desk.inbox.begin(SOURCE, 0) == 5


def test_an_erasure_that_is_being_written_is_waited_for(desk: Desk, database_url: str) -> None:
    late = Thread(target=desk.put, args=(2, [desk.digest]))
    with psycopg.connect(database_url) as connection:
        connection.execute("DELETE FROM ledger.identity_lookup WHERE digest = %s", (desk.digest,))
        late.start()
        late.join(0.5)
        assert late.is_alive()
    late.join(30)
    assert desk.places("letters") == desk.places("inbox") == [1]


def test_who_is_named_by_an_id_goes_too(desk: Desk) -> None:
    desk.put(2, [desk.identity.bytes])
    desk.kept.erase(f"identity/{desk.identity}", LEFT)
    assert desk.places("letters") == desk.places("inbox") == [1]


def test_what_nobody_sees_to_is_destroyed_in_the_end_and_still_holds_its_place(desk: Desk) -> None:
    now = datetime.now(UTC)
    assert desk.inbox.destroy(now - timedelta(days=1)) == 0
    assert desk.inbox.destroy(now + timedelta(hours=1)) == 2
    assert desk.inbox.destroy(now + timedelta(hours=1)) == 0
    assert desk.key(desk.his) == desk.key(desk.nobodys) == [(None, 0)]
    assert {(each.sealed, each.retry_at) for each in desk.inbox.aside()} == {("", None)}
    (head, _) = desk.inbox.aside()
    assert head.error == "Unreadable; nobody has seen to it in time, and what it said is destroyed"


def test_what_is_announced_for_later_is_there_then_and_what_waits_behind_it_too(desk: Desk) -> None:
    now = datetime.now(UTC)
    begins = now + timedelta(days=60)
    desk.inbox.failed(desk.his.letter_id, "NotYet", begins, begins + timedelta(minutes=15))
    assert desk.inbox.destroy(now + timedelta(days=60)) == 0
    assert {each.sealed for each in desk.inbox.aside()} == {"c2VhbGVk"}
    assert desk.inbox.destroy(now + timedelta(days=61)) == 2


def test_what_is_being_tried_is_not_left_out_meanwhile(desk: Desk, database_url: str) -> None:
    found: list[bool] = []
    with closing(StoredInbox(database_url)) as another:
        skips = Thread(target=lambda: found.append(another.skip(desk.his.letter_id, "sent by mistake", "ann")))
        with desk.inbox.alone("shop.orders.v1", b"k") as mine:
            assert mine
            skips.start()
            skips.join(0.5)
            assert skips.is_alive()
            desk.inbox.done(desk.his.letter_id)
        skips.join(30)
    assert found == [False]
    assert desk.inbox.skipped() == []


def test_the_key_of_a_letter_goes_with_it_and_nobody_counts_as_erased(desk: Desk) -> None:
    desk.inbox.done(desk.his.letter_id)
    assert desk.inbox.skip(desk.nobodys.letter_id, "sent by mistake", "ann")
    assert not desk.inbox.skip(desk.nobodys.letter_id, "sent by mistake", "ann")
    assert desk.key(desk.his) == desk.key(desk.nobodys) == [(None, 0)]
    with desk.kept.ledger() as ledger:
        assert ledger.rows.last_erasure() == 0
    (skipped,) = desk.inbox.skipped("shop.orders.v1")
    assert (skipped.place, skipped.error, skipped.reason, skipped.by_whom) == (
        1,
        "Unreadable",
        "sent by mistake",
        "ann",
    )


def test_what_is_old_enough_is_let_go_of(desk: Desk) -> None:
    now = datetime.now(UTC)
    assert desk.inbox.forget(now - timedelta(days=1), at_most=9) == 0
    assert desk.inbox.forget(now + timedelta(hours=1), at_most=1) == 1
    assert desk.places("inbox") == [1]


def test_topics_are_counted(desk: Desk) -> None:
    desk.inbox.looked({SOURCE: ("shop.orders.v1", 9)})
    (found,) = desk.inbox.topics()
    assert (found.came, found.commands, found.dead, found.behind, found.unread) == (2, 0, 1, 1, 7)
    with desk.kept.connected() as connection:
        (same,) = waiting(connection.cursor())
    assert same == replace(found, came=0, commands=0, refused=0)
    first, second = desk.inbox.messages("shop.orders.v1", None, 10)
    assert (first.place, first.state, second.place, list(second.commands)) == (1, "waits", 0, [UUID(int=0)])
    assert desk.inbox.messages(None, "m-0", 10) == [second]


def test_what_a_former_group_had_before_it_is_not_counted_any_more(desk: Desk) -> None:
    former = SOURCE.replace("lifeledger", "former")
    desk.inbox.begin(former, 0)
    desk.inbox.looked({former: ("shop.orders.v1", 50), "kafka/x/other.v1/0": ("other.v1", 1)})
    with desk.kept.connected() as connection:
        connection.execute("UPDATE ledger.incoming SET looked_at = looked_at - interval '2 hours'")
    desk.inbox.looked({SOURCE: ("shop.orders.v1", 9)})
    assert desk.kept.ask("SELECT source FROM ledger.incoming ORDER BY source") == [(SOURCE,), ("kafka/x/other.v1/0",)]


def test_letters_are_in_a_backup_and_those_of_who_was_forgotten_since_are_not_put_back(
    desk: Desk, tmp_path: Path, postgres: Any
) -> None:
    desk.kept.seal()
    desk.kept.backup(tmp_path / "backup", tmp_path / "keys")
    desk.kept.erase(f"identity/{desk.identity}", LEFT)
    with desk.kept.connected() as connection:
        gone = found_in(connection)
    name = f"restored_{uuid4().hex}"
    postgres.create_database(name)
    try:
        copy = Kept(postgres.url(name))
        copy.restore(tmp_path / "backup", tmp_path / "keys", gone)
        assert copy.ask("SELECT place FROM ledger.letters") == [(1,)]
        assert copy.ask("SELECT place FROM ledger.inbox") == [(1,)]
        assert copy.ask(f"SELECT value FROM ledger.side_rows WHERE name = '{SOURCE}'") == [(2,)]
    finally:
        postgres.drop_database(name)
