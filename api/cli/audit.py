"""lifeledger audit: what those need who prove what the ledger says, or check it."""

from contextlib import closing

import psycopg

from api.cli.house import database, master_key, must_be_prepared
from api.cli.say import document
from ledger.logs import LOGS
from ledger.seal import last_note, seal, signer
from settings import Settings

MOST = 10_000  # Rows that are sealed in one transaction.


def checkpoint(*, json: bool) -> None:
    """Seal what is new, and show the signed checkpoints, to be kept where nobody has this database in his hand."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            signs = signer(connection, master_key(settings, url))
            for log in LOGS:
                while seal(connection, log, signs, MOST) is not None:
                    pass
            notes = {log.name: last_note(connection, log) for log in LOGS}
    if json:
        document(notes)
    else:
        print("\n".join(note for note in notes.values() if note is not None), end="")


def key(*, json: bool) -> None:
    """The line by which others check what this ledger has signed; there is nothing secret in it."""
    settings = Settings.from_environment()
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            line = str(signer(connection, master_key(settings, url)).verifier)
    document({"key": line}) if json else print(line)
