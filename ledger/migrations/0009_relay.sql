-- How far the ledger is in Kafka, and who brings it there. Nothing of it is a fact: what is lost here is sent again.

-- What one process does at a time, and which.
CREATE TABLE ledger.tenures (
    name      text PRIMARY KEY,
    lock      integer NOT NULL,      -- An advisory one, with the epoch: whoever is gone has it no more.
    epoch     bigint NOT NULL,       -- One more with each who takes over. Only the last one may move anything.
    until     timestamptz NOT NULL,  -- Whoever says nothing until then has lost it to whom wants it.
    seen_at   timestamptz NOT NULL,
    waits_for text                   -- What keeps it from going on, in words.
);
INSERT INTO ledger.tenures VALUES
    ('relay', x'72656c61'::integer, 0, 'epoch', 'epoch'),
    ('publisher', x'7075626c'::integer, 0, 'epoch', 'epoch');
REVOKE DELETE, TRUNCATE ON ledger.tenures FROM CURRENT_USER;

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
