"""Which tables a backup holds, and what of them is put back where a ledger is restored up to an earlier position."""

from collections.abc import Mapping
from dataclasses import fields

from ledger.backup.manifest import BadBackup
from ledger.looks import Look
from ledger.merkle import HASH_BYTES
from ledger.seal import Connection
from ledger.tiles import BITS, WIDTH

LOOK = tuple(each.name for each in fields(Look))
# Of a tree that had so many leaves by then, the hashes that it had.
TILES = f"""
INSERT INTO ledger.tiles (log, level, place, hashes)
SELECT log, level, place, substring(hashes FROM 1 FOR {HASH_BYTES} * there::integer)
FROM incoming, LATERAL (SELECT CASE log WHEN 'events' THEN %(position)s ELSE %(command)s END AS size) AS log_has,
    LATERAL (SELECT least((size >> ({BITS} * level)) - place * {WIDTH}, {WIDTH}) AS there) AS tile_has
WHERE there > 0
"""  # noqa: S608 - numbers of our own.
CHECKPOINTS = """
INSERT INTO ledger.checkpoints (log, size, note, signed_at) SELECT log, size, note, signed_at FROM incoming
WHERE size <= CASE log WHEN 'events' THEN %(position)s ELSE %(command)s END
"""
# Whoever has been forgotten is found by nothing any more; of who came later, nothing is known yet.
IDENTITIES = """
INSERT INTO ledger.identity_lookup (digest, identity_id) SELECT digest, identity_id FROM incoming
WHERE EXISTS (SELECT FROM ledger.stored_events WHERE originator_id = 'identity/' || identity_id)
    AND 'identity/' || identity_id <> ALL (%(erased)s)
"""
# What has been taken in of others, and up to where, is known as of the end of the backup only. An earlier ledger begins
# again with all of it, since it would otherwise pass over what it has lost; what it has already, it answers again.
SIDE_ROWS = "INSERT INTO ledger.side_rows (name, value) SELECT name, value FROM incoming WHERE %(whole)s"
RECEIPTS = """
INSERT INTO ledger.receipts (position, erased_at, whose, receipt, written_at)
SELECT position, erased_at, whose, receipt, written_at FROM incoming WHERE erased_at <= %(position)s
"""
# Who looked did so, to whichever position the ledger goes.
LOOKS = f"INSERT INTO ledger.looks ({', '.join(LOOK)}) SELECT {', '.join(LOOK)} FROM incoming"  # noqa: S608
# What came in goes with how far it has been taken in. Of whom nothing leads to any more, nothing is put back; a letter
# whose key is destroyed is none.
INBOX_ROW = ("source", "place", "topic", "system", "message_id", "commands", "digest", "mentions", "came_at")
INBOX = f"""
INSERT INTO ledger.inbox ({", ".join(INBOX_ROW)}) SELECT {", ".join(INBOX_ROW)} FROM incoming
WHERE %(whole)s AND NOT EXISTS (
    SELECT FROM unnest(mentions) AS told WHERE NOT EXISTS (SELECT FROM ledger.identity_lookup WHERE digest = told))
"""  # noqa: S608 - names of our own.
LETTER = (
    *("letter_id", "source", "place", "topic", "system", "message_id", "key", "mentions", "sealed", "error", "since"),
    *("attempts", "retry_at", "patient_until"),
)
LETTERS = f"""
INSERT INTO ledger.letters ({", ".join(LETTER)}) SELECT {", ".join(LETTER)} FROM incoming
WHERE %(whole)s AND 'letter/' || letter_id <> ALL (%(erased)s) ORDER BY number
"""  # noqa: S608 - as above.
SKIPPED_ROW = ("letter_id", "source", "place", "topic", "error", "reason", "by_whom", "skipped_at")
SKIPPED = f"INSERT INTO ledger.letters_skipped ({', '.join(SKIPPED_ROW)}) SELECT {', '.join(SKIPPED_ROW)} FROM incoming"  # noqa: S608
FORGOTTEN = """
INSERT INTO ledger.forgotten (mention, forgotten_at) SELECT mention, forgotten_at FROM incoming
ON CONFLICT (mention) DO UPDATE SET forgotten_at = EXCLUDED.forgotten_at
"""
# A copy is the same ledger; the service's role owns the table, and lends itself what it may not do otherwise.
ITSELF = """
GRANT DELETE ON ledger.itself TO CURRENT_USER;
DELETE FROM ledger.itself;
REVOKE DELETE ON ledger.itself FROM CURRENT_USER;
INSERT INTO ledger.itself (id) SELECT id FROM incoming
"""

WHOLE: Mapping[str, tuple[tuple[str, ...], str]] = {
    "itself": (("id",), ITSELF),
    "tiles": (("log", "level", "place", "hashes"), TILES),
    "checkpoints": (("log", "size", "note", "signed_at"), CHECKPOINTS),
    "identity_lookup": (("digest", "identity_id"), IDENTITIES),
    "side_rows": (("name", "value"), SIDE_ROWS),
    "receipts": (("position", "erased_at", "whose", "receipt", "written_at"), RECEIPTS),
    "looks": (LOOK, LOOKS),
    "inbox": (INBOX_ROW, INBOX),
    "letters": (("number", *LETTER), LETTERS),
    "letters_skipped": (SKIPPED_ROW, SKIPPED),
    "forgotten": (("mention", "forgotten_at"), FORGOTTEN),
}
"""Tables that are written whole each time, their columns, and how what was written is put back."""

OTHERS = {"stored_events", "commands", "subject_keys", "master_key", "migrations", "incoming", "tenures", "relayed"}
"""What is told elsewhere: in files of its own, beside the keys, in the manifest, and by Kafka."""


def must_know_all(connection: Connection) -> None:
    """Nothing is left out of a backup in silence. Raises BadBackup."""
    found = connection.execute("SELECT tablename::text FROM pg_tables WHERE schemaname = 'ledger' ORDER BY 1")
    if strange := [name for (name,) in found.fetchall() if name not in {*WHOLE, *OTHERS}]:
        raise BadBackup(f"the ledger has tables of which backups know nothing: {', '.join(strange)}")
