-- The master key can be another one later. What is wrapped by it begins with its id, in four bytes, so that it is plain
-- which one that was; what was wrapped before there were ids was wrapped by the first.

CREATE TABLE ledger.master_key (
    id    bytea NOT NULL,  -- Of the one that counts: by it a key is told from another, and nothing of it is known.
    root  bytea NOT NULL,  -- The secret behind fingerprints and signatures, wrapped by it: that one never changes.
    since timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX master_key_is_one ON ledger.master_key ((true));
REVOKE DELETE, TRUNCATE ON ledger.master_key FROM CURRENT_USER;

CREATE FUNCTION ledger.by_the_master_key(wrapped bytea) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT substr(wrapped, 1, 4) = id FROM ledger.master_key
$$;

-- Who still has another master key adds no key: the ledger could not be read by who has the one that counts.

CREATE FUNCTION ledger.only_by_the_master_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM new_keys WHERE wrapped IS NOT NULL AND NOT ledger.by_the_master_key(wrapped)) THEN
        RAISE EXCEPTION 'the master key is another one by now' USING ERRCODE = 'LL003';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER only_by_the_master_key AFTER INSERT ON ledger.subject_keys REFERENCING NEW TABLE AS new_keys
FOR EACH STATEMENT EXECUTE FUNCTION ledger.only_by_the_master_key();

-- A key may be destroyed, or wrapped by the master key that counts after it was by another, and nothing else be done to
-- it: what is destroyed stays so. Whether there was a key, when its subject was forgotten, is noted for the receipt;
-- null: nobody noted it then.

ALTER TABLE ledger.subject_keys ADD COLUMN had_key boolean;
ALTER TABLE ledger.subject_keys ALTER COLUMN had_key SET DEFAULT false;

CREATE OR REPLACE FUNCTION ledger.only_destroyed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.wrapped IS NOT NULL AND NEW.subject = OLD.subject THEN
        IF NEW.wrapped IS NULL THEN
            NEW.had_key := true;
            RETURN NEW;
        ELSIF ledger.by_the_master_key(NEW.wrapped) AND NOT ledger.by_the_master_key(OLD.wrapped) THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'the key of % may be destroyed, and not be changed', OLD.subject USING ERRCODE = 'LL002';
END
$$;

-- Receipts of erasures, signed, by the position of the event; `erased_at` as the keys have it: that of the last event of
-- the same command. `whose` is the id of who was forgotten.

CREATE TABLE ledger.receipts (
    position   bigint PRIMARY KEY,
    erased_at  bigint NOT NULL,
    whose      text NOT NULL,
    receipt    text NOT NULL,
    written_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX receipts_erased_at_idx ON ledger.receipts (erased_at);
CREATE INDEX receipts_whose_idx ON ledger.receipts (whose);
REVOKE UPDATE, DELETE, TRUNCATE ON ledger.receipts FROM CURRENT_USER;
