#!/bin/sh
# Runs once, when the database's volume is empty: the service's role, which row-level security holds for, and
# its database. The superuser is for this and for backups; no service knows its password.
set -eu
: "${LIFELEDGER_PASSWORD:?}"
psql --username "$POSTGRES_USER" --dbname postgres --set ON_ERROR_STOP=1 --set password="$LIFELEDGER_PASSWORD" <<'SQL'
CREATE ROLE lifeledger LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION PASSWORD :'password';
CREATE DATABASE lifeledger OWNER lifeledger;
REVOKE CONNECT ON DATABASE lifeledger FROM PUBLIC;
SQL
