"""What a what-if came to, kept as a table of its own: in the schema `whatif`, and never among views or facts."""

import json
import re
from contextlib import closing

import psycopg
from psycopg.sql import SQL, Identifier, Literal

from consumers.replay.whatif import COLUMNS, WhatIf, terms_told

SCHEMA = "whatif"
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
TYPES = ("uuid", "text", "timestamptz", "text", "timestamptz", "boolean")


class NoSuchName(ValueError):
    """No table can be called so here."""


def table_of(into: str) -> str:
    """The table's name, with its schema before it or without. Raises NoSuchName."""
    schema, dot, name = into.rpartition(".")
    if dot and schema != SCHEMA:
        raise NoSuchName(f"what would be is kept in the schema {SCHEMA}, and not in {schema}")
    if not NAME.fullmatch(name):
        raise NoSuchName(f"{name!r} is no name for a table: small letters, digits and _, at most 63")
    return name


def keep(found: WhatIf, url: str, into: str) -> None:
    """Put the rows into `whatif.NAME`, in the place of what was there; its comment says under which terms, and up to
    where.
    """
    name = Identifier(SCHEMA, table_of(into))
    told = json.dumps({**terms_told(found.policy), "position": found.position, "at": str(found.at)})
    columns = SQL(", ").join(
        SQL("{} {}").format(Identifier(column), SQL(kind)) for column, kind in zip(COLUMNS, TYPES, strict=True)
    )
    with closing(psycopg.connect(url)) as connection, connection.transaction():
        connection.execute(SQL("CREATE SCHEMA IF NOT EXISTS {}").format(Identifier(SCHEMA)))
        connection.execute(SQL("DROP TABLE IF EXISTS {}").format(name))
        connection.execute(SQL("CREATE TABLE {} ({}, PRIMARY KEY (customer_id))").format(name, columns))
        connection.execute(SQL("COMMENT ON TABLE {} IS {}").format(name, Literal(told)))
        with connection.cursor() as cursor, cursor.copy(SQL("COPY {} FROM STDIN").format(name)) as copy:
            for row in found.rows:
                copy.write_row([getattr(row, column) for column in COLUMNS])
