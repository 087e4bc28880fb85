"""The protection taken out: ledger.append, in a test's own database, as it would be without some line of it."""

import psycopg

LOCK = "LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE;"
LAST_POSITION = "SELECT coalesce(max(notification_id), 0) INTO last_position FROM ledger.stored_events;"
LAST_NUMBER = "SELECT coalesce(max(number), 0) INTO last_number FROM ledger.commands;"
END = "RETURN last_position;"


def replace_in_append(url: str, line: str, by: str) -> None:
    """Replace a line of the function that the migration has made there, and that this may have been done to before."""
    with psycopg.connect(url, autocommit=True) as connection:
        [(function,)] = connection.execute("SELECT pg_get_functiondef('ledger.append'::regproc)").fetchall()
        assert function.count(line) == 1, f"nothing to take out: {line}"
        connection.execute(function.replace(line, by).encode())
