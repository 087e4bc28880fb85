"""lifeledger keys: another master key in the place of the one that is set."""

from contextlib import closing
from pathlib import Path

import psycopg

from api.cli.house import database, must_be_prepared
from api.cli.say import Failure, Misuse, document
from ledger.rotation import InUse
from ledger.rotation import rotate as rotated
from settings import Settings, decoded


def rotate(file: Path, *, json: bool) -> None:
    """Done again it changes nothing."""
    settings = Settings.from_environment()
    try:
        new = decoded(file.read_text(encoding="ascii"), str(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Misuse(f"--new-key: {file} cannot be read: {error}") from None
    old = settings.master_key()
    if new == old:
        raise Misuse(f"--new-key: {file} has the master key that is set already")
    with database(settings) as url:
        must_be_prepared(url)
        with closing(psycopg.connect(url, autocommit=True)) as connection:
            try:
                found = rotated(connection, old, new)
            except InUse as others:
                raise Failure(str(others)) from None
    if json:
        document({"keys": found.keys, "master_key": found.id.hex(), "done_before": found.before})
        return
    if found.before:
        print(f"the keys are wrapped by the new master key ({found.id.hex()}) already")
    else:
        print(f"{found.keys:,} keys are wrapped by the new master key ({found.id.hex()}), and no event has changed")
    print(f"from now on set LIFELEDGER_MASTER_KEY_FILE={file.resolve()}, or LIFELEDGER_MASTER_KEY to what is in it;")
    print("the old one opens nothing any more but backups from before")
