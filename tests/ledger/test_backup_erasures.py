"""Nobody comes back from a backup who has been erased since."""

from base64 import b64encode
from datetime import UTC, datetime
from hashlib import md5, sha1, sha256
from pathlib import Path

import pytest

from domain.values import Erased
from ledger.backup import erasures
from ledger.backup.manifest import BadBackup
from tests.ledger.backed_up import Kept
from tests.ledger.samples import append, encoded, rows_of

pytestmark = pytest.mark.slow

GONE = Erased(on=datetime(2026, 5, 6, 7, 8, 9, tzinfo=UTC), by="dpo")


def secrets_of(text: str) -> list[str]:
    raw = text.encode()
    hashes = [kind(raw) for kind in (md5, sha1, sha256)]  # As anybody may have hashed it.
    return [
        text,
        raw.hex(),
        b64encode(raw).decode(),
        *(each.hexdigest() for each in hashes),
        *(b64encode(each.digest()).decode() for each in hashes),
    ]


def test_who_was_erased_after_the_backup_does_not_come_back(
    kept: Kept, other: Kept, folder: Path, keys: Path, tmp_path: Path
) -> None:
    (he,) = kept.tell(1, note="18612345678")
    (she,) = kept.tell(1, note="her own words")
    kept.seal()
    wrapped = kept.ask(f"SELECT wrapped FROM ledger.subject_keys WHERE subject = '{he}'")[0][0]
    kept.backup(folder, keys)
    kept.erase(he, GONE)
    with kept.connected() as connection:
        assert erasures.write(connection, tmp_path / "erased") == (1, 1)
        assert erasures.write(connection, tmp_path / "erased") == (0, 1)
    ledger = str(kept.ask("SELECT id FROM ledger.itself")[0][0])
    found = other.restore(folder, keys, erasures.listed(tmp_path / "erased", ledger))
    assert (found.position, found.erased) == (64, 1)
    assert other.notes(he) == [GONE]
    assert other.notes(she) == ["her own words"]
    dump = other.dump()
    assert he in dump
    assert not [each for each in (*secrets_of("18612345678"), wrapped.hex()) if each in dump]


def test_the_list_keeps_who_is_on_it_and_is_read_of_its_own_ledger_only(
    kept: Kept, other: Kept, folder: Path, keys: Path, tmp_path: Path
) -> None:
    he, she = kept.tell(2)
    kept.seal()
    kept.backup(folder, keys)
    other.restore(folder, keys)
    listed = tmp_path / "erased"
    for each, subject in ((kept, he), (other, she)):
        each.erase(subject, GONE)
        with each.connected() as connection:
            erasures.write(connection, listed)
    ledger = str(kept.ask("SELECT id FROM ledger.itself")[0][0])
    assert erasures.listed(listed, ledger).keys() == {he, she}
    with pytest.raises(BadBackup, match="is of the ledger"):
        erasures.listed(listed, "another")
    with pytest.raises(BadBackup, match="is a list of wrapped keys"):
        erasures.listed(keys, ledger)


def test_who_is_erased_next_is_noticed_after_an_earlier_position_was_restored(
    kept: Kept, other: Kept, folder: Path, keys: Path, tmp_path: Path
) -> None:
    """An erasure that is remembered beyond the end would hide all that come before it."""
    he = kept.ask("SELECT originator_id FROM ledger.stored_events WHERE notification_id = 1")[0][0]
    she = kept.ask("SELECT originator_id FROM ledger.stored_events WHERE notification_id = 3")[0][0]
    kept.erase(he, GONE)
    kept.seal()
    kept.backup(folder, keys)
    found = other.restore(folder, keys, until=40)
    assert (found.position, found.command, found.erased) == (40, 20, 1)
    assert other.notes(he) == [GONE]
    with other.ledger() as ledger:
        last = ledger.rows.last_erasure()
        assert last <= 40
        append(ledger.rows, encoded(*rows_of("customer/1", 1), forgets={she: GONE}))
        assert ledger.rows.last_erasure() > last
