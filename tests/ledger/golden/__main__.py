"""Add the golden files that are missing."""

from commands.service import codec
from tests.ledger.golden import EVENTS, complete

EVENTS.mkdir(exist_ok=True)
for path in complete(codec()):
    print(path)
