-- The ledger: one row an event, in the order in which they were committed. Rows are added, never changed.
-- The first five columns bear the names that the eventsourcing library uses; the view below says what they mean.

CREATE SCHEMA IF NOT EXISTS ledger;

CREATE TABLE ledger.stored_events (
    originator_id      text COLLATE "C" NOT NULL,
    originator_version bigint NOT NULL,
    topic              text COLLATE "C",
    state              bytea,
    notification_id    bigint NOT NULL,
    event_id           uuid,
    schema_version     integer,
    occurred_at        timestamptz,
    recorded_at        timestamptz,
    actor_kind         text,
    actor_id           text,
    actor_name         text,
    actor_role         text,
    actor_org          text,
    on_behalf_of       text,
    reason_code        text,
    reason_text        text,
    command_id         uuid,
    correlation_id     uuid,
    causation_id       uuid,
    source_system      text,
    source_message_id  text,
    policy_version     text,
    imported           boolean,
    subject            text COLLATE "C",
    PRIMARY KEY (originator_id, originator_version)
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);

CREATE UNIQUE INDEX stored_events_notification_id_idx ON ledger.stored_events (notification_id);

CREATE VIEW ledger.events AS
SELECT notification_id AS position, originator_id AS stream, originator_version AS version, topic AS type,
       schema_version, event_id, occurred_at, recorded_at, actor_kind, actor_id, actor_name, actor_role, actor_org,
       on_behalf_of, reason_code, reason_text, command_id, correlation_id, causation_id, source_system,
       source_message_id, policy_version, imported, subject, state AS payload
FROM ledger.stored_events;

-- How rows travel: the library's own type, and ours, in the order of ledger/row.py.

CREATE TYPE ledger.stored_event_text AS (
    originator_id text, originator_version bigint, topic text, state bytea
);

CREATE TYPE ledger.event_row AS (
    originator_id text, originator_version bigint, topic text, state bytea, event_id uuid, schema_version integer,
    reason_text text, occurred_at timestamptz, recorded_at timestamptz, actor_kind text, actor_id text,
    actor_name text, actor_role text, actor_org text, on_behalf_of text, reason_code text, command_id uuid,
    correlation_id uuid, causation_id uuid, source_system text, source_message_id text, policy_version text,
    imported boolean, subject text, notification_id bigint
);

-- What was asked, and what came of it: one row a command, refused ones too.

CREATE TABLE ledger.commands (
    number       bigint NOT NULL,
    command_id   uuid PRIMARY KEY,
    type         text NOT NULL,
    digest       bytea NOT NULL,
    stream       text NOT NULL,
    version      bigint NOT NULL,
    position     bigint NOT NULL,
    events       integer NOT NULL,
    recorded_at  timestamptz NOT NULL,
    actor_kind   text NOT NULL,
    actor_id     text NOT NULL,
    refusal      text,
    facts        text
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);

CREATE UNIQUE INDEX commands_number_idx ON ledger.commands (number);

CREATE TYPE ledger.command_row AS (
    command_id uuid, type text, digest bytea, stream text, version bigint, events integer, recorded_at timestamptz,
    actor_kind text, actor_id text, refusal text, facts text, position bigint, number bigint
);

-- A key for each person. These rows are the only ones that are ever taken back.

CREATE TABLE ledger.subject_keys (
    subject   text COLLATE "C" PRIMARY KEY,
    wrapped   bytea,
    erased_on timestamptz,
    erased_by text,
    CHECK ((wrapped IS NULL) = (erased_on IS NOT NULL) AND (erased_on IS NULL) = (erased_by IS NULL))
);

-- Which identity stream guards a value; the value itself is not to be had from here.

CREATE TABLE ledger.identity_lookup (
    digest      bytea PRIMARY KEY,
    identity_id uuid NOT NULL
);

CREATE INDEX identity_lookup_identity_id_idx ON ledger.identity_lookup (identity_id);

-- Compare-and-set rows that commit with a command: offsets, cursors.

CREATE TABLE ledger.side_rows (
    name  text PRIMARY KEY,
    value bigint NOT NULL
);

-- The service's own role owns these tables, and takes away from itself what would change history.
-- MAINTAIN remains, which LOCK TABLE needs.

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.stored_events, ledger.commands FROM CURRENT_USER;
