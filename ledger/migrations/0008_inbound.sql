-- What has come in from other systems. Up to where a partition has been dealt with stands in ledger.side_rows, under
-- kafka/<group>/<topic>/<partition>, and moves in the transaction of what comes of a message. So a message of the inbox
-- has been dealt with when that is beyond its place; what came of its commands is in ledger.commands.

CREATE TABLE ledger.inbox (
    source     text COLLATE "C" NOT NULL,  -- The side row of its partition.
    place      bigint NOT NULL,            -- Its offset there.
    topic      text NOT NULL,
    system     text NOT NULL,
    message_id text,                       -- Of one that could not be read there is none.
    commands   uuid[] NOT NULL,            -- To which it comes, in their order.
    digest     bytea NOT NULL,             -- Keyed, of all that it says: by it one that says something else is known.
    mentions   bytea[] NOT NULL,           -- Whose data are in it, by the digests of ledger.identity_lookup, or by ids.
    came_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (source, place)
);
CREATE INDEX inbox_message_idx ON ledger.inbox (system, message_id);
CREATE INDEX inbox_came_at_idx ON ledger.inbox (came_at);
CREATE INDEX inbox_mentions_idx ON ledger.inbox USING gin (mentions) WHERE mentions <> '{}';

-- Messages that do not go on, each with those of its key that wait behind it, in the order of their numbers. What they
-- say is sealed under a key of their own, that of the subject letter/<id>.

CREATE TABLE ledger.letters (
    letter_id     uuid PRIMARY KEY,
    number        bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    source        text COLLATE "C" NOT NULL,
    place         bigint NOT NULL,
    topic         text NOT NULL,
    system        text NOT NULL,
    message_id    text,
    key           bytea NOT NULL,             -- Keyed digest of what must keep its order.
    mentions      bytea[] NOT NULL,
    sealed        text NOT NULL,
    error         text,                       -- Null: it has not been tried since what is before it does not go on.
    since         timestamptz NOT NULL DEFAULT clock_timestamp(),
    attempts      integer NOT NULL DEFAULT 0,
    retry_at      timestamptz,                -- Null: it is tried again when somebody says so, or is the first then.
    patient_until timestamptz,                -- What it rests on may come until then.
    UNIQUE (source, place)
);
CREATE INDEX letters_retry_at_idx ON ledger.letters (topic, retry_at) WHERE retry_at IS NOT NULL;
CREATE INDEX letters_key_idx ON ledger.letters (topic, key, number);
CREATE INDEX letters_mentions_idx ON ledger.letters USING gin (mentions) WHERE mentions <> '{}';

-- Which of them somebody has left out, and why; nothing of what they said.

CREATE TABLE ledger.letters_skipped (
    letter_id  uuid PRIMARY KEY,
    source     text COLLATE "C" NOT NULL,
    place      bigint NOT NULL,
    topic      text NOT NULL,
    error      text,
    reason     text NOT NULL,
    by_whom    text NOT NULL,
    skipped_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.letters_skipped FROM CURRENT_USER;

-- Behind the last message of each partition, when somebody looked: by it, it is known how much has not been read yet.

CREATE TABLE ledger.incoming (
    source    text COLLATE "C" PRIMARY KEY,
    topic     text NOT NULL,
    ends      bigint NOT NULL,
    looked_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- The key of a letter that is gone is destroyed. That is nobody's erasure: it has position 0, and no receipt. What waited
-- behind it may be tried now.

CREATE FUNCTION ledger.destroy_letter_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE ledger.letters SET retry_at = 'epoch'
    WHERE error IS NULL AND retry_at IS NULL AND number IN (
        SELECT min(number) FROM ledger.letters WHERE (topic, key) IN (SELECT topic, key FROM gone) GROUP BY topic, key);
    UPDATE ledger.subject_keys SET wrapped = NULL, erased_on = now(), erased_by = 'inbox', erased_at = 0
    WHERE wrapped IS NOT NULL AND subject IN (SELECT 'letter/' || letter_id FROM gone);
    RETURN NULL;
END
$$;
CREATE TRIGGER destroy_letter_keys AFTER DELETE ON ledger.letters REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION ledger.destroy_letter_keys();

-- Whoever is forgotten goes out of what has come in, in the transaction that destroys his keys: it is then that values
-- lead to nobody any more. What waits behind a letter that goes so is not held up by it any longer.

--
-- Whoever puts something there holds a shared lock, and looks in ledger.forgotten then: neither does he miss an erasure
-- that is being written, nor it him. A message that was sent before is not kept after.

CREATE TABLE ledger.forgotten (
    mention      bytea PRIMARY KEY,
    forgotten_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

CREATE FUNCTION ledger.forget_mentions(gone bytea[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('lifeledger what came', 0));
    INSERT INTO ledger.forgotten (mention) SELECT DISTINCT unnest(gone)
    ON CONFLICT (mention) DO UPDATE SET forgotten_at = EXCLUDED.forgotten_at;
    DELETE FROM ledger.letters WHERE mentions <> '{}' AND mentions && gone;
    DELETE FROM ledger.inbox WHERE mentions <> '{}' AND mentions && gone;
END
$$;

CREATE FUNCTION ledger.forget_what_came() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    digests bytea[] := (SELECT array_agg(digest) FROM gone);
BEGIN
    IF digests IS NOT NULL THEN
        PERFORM ledger.forget_mentions(digests);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_what_came AFTER DELETE ON ledger.identity_lookup REFERENCING OLD TABLE AS gone
FOR EACH STATEMENT EXECUTE FUNCTION ledger.forget_what_came();

-- Letters also name subjects by their ids, of which no value is looked up.

CREATE FUNCTION ledger.forget_who_is_named() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM ledger.forget_mentions(ARRAY[uuid_send(split_part(NEW.subject, '/', 2)::uuid)]);
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_who_is_named AFTER INSERT OR UPDATE ON ledger.subject_keys FOR EACH ROW
WHEN (NEW.wrapped IS NULL AND NEW.subject ~ '^[a-z_]+/[0-9a-f-]{36}$' AND NEW.subject NOT LIKE 'letter/%')
EXECUTE FUNCTION ledger.forget_who_is_named();
