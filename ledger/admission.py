"""The service's role and its databases, made by a superuser: set-up and tests, never the service itself."""

import psycopg
from psycopg import sql

ROLE = "lifeledger"
POWERS = sql.SQL("LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION")


def admit_service(admin: psycopg.Connection) -> None:
    """The role, which row-level security holds for, and its database; nothing where both exist."""
    if admin.execute("SELECT FROM pg_roles WHERE rolname = %s", [ROLE]).fetchone() is None:
        admin.execute(sql.SQL("CREATE ROLE {} {}").format(sql.Identifier(ROLE), POWERS))
    if admin.execute("SELECT FROM pg_database WHERE datname = %s", [ROLE]).fetchone() is None:
        create_database(admin, ROLE)


def create_database(admin: psycopg.Connection, name: str, template: str = "template1", owner: str = ROLE) -> None:
    """A copy of the template, to which nobody may be connected meanwhile."""
    parts = map(sql.Identifier, (name, owner, template))
    admin.execute(sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {}").format(*parts))


def drop_database(admin: psycopg.Connection, name: str) -> None:
    """Gone, whoever is connected to it."""
    admin.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
