"""Prepare the database that DATABASE_URL names: python -m ledger.migrations."""

import os
import sys

from ledger.migrations import WrongDatabase, migrate

url = os.environ.get("DATABASE_URL", "")
if not url:
    sys.exit("DATABASE_URL is not set")
try:
    for step in migrate(url):
        print(f"applied {step}")  # noqa: T201 - this is a program.
except WrongDatabase as wrong:
    sys.exit(str(wrong))
