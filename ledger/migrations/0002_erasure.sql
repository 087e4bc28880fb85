-- An event that forgets somebody destroys the keys of all that it names, in its own transaction. What is destroyed stays
-- so: in the row of the key is since when, by whom, and at which position; of a subject that had no key yet, too.

ALTER TABLE ledger.subject_keys ADD COLUMN erased_at bigint;
UPDATE ledger.subject_keys SET erased_at = 0 WHERE wrapped IS NULL;
ALTER TABLE ledger.subject_keys ADD CHECK ((erased_at IS NULL) = (erased_on IS NULL));
CREATE INDEX subject_keys_erased_at_idx ON ledger.subject_keys (erased_at) WHERE erased_at IS NOT NULL;

-- A key may be destroyed, and nothing else be done to it: not even by who has a copy of it from before.

CREATE FUNCTION ledger.only_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.wrapped IS NULL OR NEW.wrapped IS NOT NULL OR NEW.subject <> OLD.subject THEN
        RAISE EXCEPTION 'the key of % may be destroyed, and not be changed', OLD.subject USING ERRCODE = 'LL002';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER only_destroyed BEFORE UPDATE ON ledger.subject_keys
FOR EACH ROW EXECUTE FUNCTION ledger.only_destroyed();

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.subject_keys FROM CURRENT_USER;
GRANT UPDATE (wrapped, erased_on, erased_by, erased_at) ON ledger.subject_keys TO CURRENT_USER;

-- The one way in, as before; and where somebody has been erased of whom the writer does not know, nothing is added either:
-- what it was about to write may tell of him.

DROP FUNCTION ledger.append;

CREATE FUNCTION ledger.append(
    streams text[], heads bigint[],       -- what was read, and the version that it had
    asked uuid[],                         -- the commands, of which none may be known
    guarded bytea[], guards uuid[],       -- the values that were looked up, and the stream of each; null: none
    erasures bigint,                      -- the last erasure that the writer knows of; null: it has just looked
    new_events ledger.event_row[], new_commands ledger.command_row[],
    new_subjects text[], new_keys bytea[],
    new_digests bytea[], new_identities uuid[],
    forgotten text[], forgotten_on timestamptz[], forgotten_by text[],  -- whose keys are destroyed, when and by whom
    forgotten_at bigint[],                -- and after how many of the events
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
    ) OR EXISTS (
        SELECT FROM ledger.subject_keys WHERE erased_at > erasures
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

    IF cardinality(forgotten) > 0 THEN
        INSERT INTO ledger.subject_keys AS key (subject, erased_on, erased_by, erased_at)
        SELECT DISTINCT ON (who) who, since, by_whom, last_position + place
        FROM unnest(forgotten, forgotten_on, forgotten_by, forgotten_at) AS gone (who, since, by_whom, place)
        ORDER BY who, place
        ON CONFLICT (subject) DO UPDATE SET wrapped = NULL, erased_on = EXCLUDED.erased_on,
            erased_by = EXCLUDED.erased_by, erased_at = EXCLUDED.erased_at
        WHERE key.wrapped IS NOT NULL;
        DELETE FROM ledger.identity_lookup WHERE identity_id IN (
            SELECT substr(who, length('identity/') + 1)::uuid FROM unnest(forgotten) AS who WHERE who LIKE 'identity/%');
    END IF;

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
