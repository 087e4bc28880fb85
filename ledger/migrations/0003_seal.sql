-- What stands for the ledger as it was: the hashes of its leaves in tiles, and signed checkpoints. Both can be made anew
-- from the rows, and prove nothing by themselves; what proves is the signature, and whatever is kept elsewhere.

CREATE TABLE ledger.itself (
    id uuid NOT NULL DEFAULT gen_random_uuid()  -- Of this ledger and of all copies of it.
);
CREATE UNIQUE INDEX itself_is_one ON ledger.itself ((true));
INSERT INTO ledger.itself DEFAULT VALUES;

CREATE TABLE ledger.tiles (
    log    text NOT NULL,
    level  integer NOT NULL,
    place  bigint NOT NULL,
    hashes bytea NOT NULL,
    PRIMARY KEY (log, level, place)
);

CREATE TABLE ledger.checkpoints (
    log       text NOT NULL,
    size      bigint NOT NULL,
    note      text NOT NULL,
    signed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (log, size)
);

REVOKE UPDATE, DELETE, TRUNCATE ON ledger.itself, ledger.checkpoints FROM CURRENT_USER;
REVOKE DELETE, TRUNCATE ON ledger.tiles FROM CURRENT_USER;
