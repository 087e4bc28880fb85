-- How far the ledger is in Kafka, and who brings it there. Nothing of it is a fact: what is lost here is sent again.

CREATE TABLE ledger.relay (
    epoch     bigint NOT NULL,       -- One more with each who takes over. Only the last one may move anything.
    until     timestamptz NOT NULL,  -- Whoever says nothing until then has lost it to whom wants it.
    seen_at   timestamptz NOT NULL,
    waits_for text                   -- What keeps it from going on, in words.
);
CREATE UNIQUE INDEX relay_is_one ON ledger.relay ((true));
INSERT INTO ledger.relay VALUES (0, '-infinity', '-infinity');
REVOKE DELETE, TRUNCATE ON ledger.relay FROM CURRENT_USER;

CREATE TABLE ledger.relayed (
    topic      text PRIMARY KEY,
    cluster    text NOT NULL,     -- The Kafka that has it.
    partitions integer NOT NULL,  -- Over which its keys are spread, however many it has had since.
    position   bigint NOT NULL,   -- All up to here are there.
    events     bigint NOT NULL,   -- So many of them.
    wanted     boolean NOT NULL DEFAULT true,
    moved_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
REVOKE TRUNCATE ON ledger.relayed FROM CURRENT_USER;
