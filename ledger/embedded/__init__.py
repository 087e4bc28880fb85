"""A PostgreSQL of our own, for the demo, the tests and a laptop."""

from ledger.embedded.account import PostgresUnavailable
from ledger.embedded.server import EmbeddedPostgres

__all__ = ["EmbeddedPostgres", "PostgresUnavailable"]
