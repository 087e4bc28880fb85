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
    imported boolean, subject text
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
    actor_kind text, actor_id text, refusal text, facts text, position bigint
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

CREATE TYPE ledger.side_move AS (name text, expected bigint, value bigint);

-- The one way in. Takes the lock, looks whether everything that was read for a batch is still so, and adds the batch; or
-- adds nothing and answers null. The answer is the last position before it; the `position` of a command counts from
-- there. A side row that is not where it was expected is an error, and the whole batch falls.

CREATE FUNCTION ledger.append(
    streams text[], heads bigint[],       -- what was read, and the version that it had
    asked uuid[],                         -- the commands, of which none may be known
    guarded bytea[], guards uuid[],       -- the values that were looked up, and the stream of each; null: none
    new_events ledger.event_row[], new_commands ledger.command_row[],
    new_subjects text[], new_keys bytea[],
    new_digests bytea[], new_identities uuid[],
    moves ledger.side_move[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    last_position bigint;
    last_number   bigint;
    move          ledger.side_move;
BEGIN
    LOCK TABLE ledger.stored_events IN EXCLUSIVE MODE;
    IF EXISTS (
        SELECT FROM unnest(streams, heads) AS read (stream, head)
        WHERE head <> coalesce((
            SELECT originator_version FROM ledger.stored_events WHERE originator_id = stream
            ORDER BY originator_version DESC LIMIT 1), 0)
    ) OR EXISTS (
        SELECT FROM ledger.commands WHERE command_id = ANY(asked)
    ) OR EXISTS (
        SELECT FROM unnest(guarded, guards) AS value (wanted, guard)
        WHERE guard IS DISTINCT FROM (SELECT identity_id FROM ledger.identity_lookup WHERE digest = wanted)
    ) THEN
        RETURN NULL;
    END IF;

    SELECT coalesce(max(notification_id), 0) INTO last_position FROM ledger.stored_events;
    SELECT coalesce(max(number), 0) INTO last_number FROM ledger.commands;

    INSERT INTO ledger.stored_events (
        originator_id, originator_version, topic, state, event_id, schema_version, reason_text, occurred_at, recorded_at,
        actor_kind, actor_id, actor_name, actor_role, actor_org, on_behalf_of, reason_code, command_id, correlation_id,
        causation_id, source_system, source_message_id, policy_version, imported, subject, notification_id)
    SELECT new.originator_id, new.originator_version, new.topic, new.state, new.event_id, new.schema_version,
        new.reason_text, new.occurred_at, new.recorded_at, new.actor_kind, new.actor_id, new.actor_name, new.actor_role,
        new.actor_org, new.on_behalf_of, new.reason_code, new.command_id, new.correlation_id, new.causation_id,
        new.source_system, new.source_message_id, new.policy_version, new.imported, new.subject,
        last_position + new.ordinality
    FROM unnest(new_events) WITH ORDINALITY AS new;
    IF FOUND THEN
        NOTIFY stored_events;
    END IF;

    INSERT INTO ledger.commands (
        command_id, type, digest, stream, version, events, recorded_at, actor_kind, actor_id, refusal, facts, position,
        number)
    SELECT new.command_id, new.type, new.digest, new.stream, new.version, new.events, new.recorded_at, new.actor_kind,
        new.actor_id, new.refusal, new.facts, last_position + new.position, last_number + new.ordinality
    FROM unnest(new_commands) WITH ORDINALITY AS new;

    INSERT INTO ledger.subject_keys (subject, wrapped) SELECT * FROM unnest(new_subjects, new_keys);
    INSERT INTO ledger.identity_lookup (digest, identity_id) SELECT * FROM unnest(new_digests, new_identities);

    FOREACH move IN ARRAY moves LOOP
        IF move.expected IS NULL THEN
            INSERT INTO ledger.side_rows (name, value) VALUES (move.name, move.value) ON CONFLICT DO NOTHING;
        ELSE
            UPDATE ledger.side_rows SET value = move.value WHERE name = move.name AND value = move.expected;
        END IF;
        IF NOT FOUND THEN
            RAISE EXCEPTION '% is not at %', move.name, coalesce(move.expected::text, 'its beginning')
                USING ERRCODE = 'LL001';
        END IF;
    END LOOP;
    RETURN last_position;
END
$$;

-- The service's own role owns these tables, and takes away from itself what would change history.
-- MAINTAIN remains, which LOCK TABLE needs.

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.stored_events, ledger.commands FROM CURRENT_USER;
