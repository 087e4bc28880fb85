-- What has been sent to a topic is told from what was there before, or will be after all is sent again. Where topics
-- stood until now does not say that: all is sent once more, which whoever reads them passes over by positions.

DELETE FROM ledger.relayed;
ALTER TABLE ledger.relayed RENAME COLUMN cluster TO log;  -- Which topic of that name, in which Kafka.
ALTER TABLE ledger.relayed
    ADD COLUMN filling    text NOT NULL,      -- Drawn anew whenever all is sent from the beginning, for whatever reason.
    ADD COLUMN begins     bigint[] NOT NULL,  -- Of each partition, the offset before which nothing is of this filling,
    ADD COLUMN ends       bigint[] NOT NULL,  -- and the one behind what has been acknowledged.
    ADD COLUMN types      text[],             -- Which events go there; all of the aggregate where that is not said.
    ADD COLUMN whole_from bigint NOT NULL;    -- Only beyond this position all of those are there.

-- Views that were fed by partitions are folded anew from the ledger: where they were, no longer says anything.
DO $$
BEGIN
    IF to_regclass('views.partitions') IS NOT NULL THEN
        UPDATE views.tracking SET fingerprint = '' WHERE name IN (SELECT view FROM views.partitions);
    END IF;
END $$;
DROP TABLE IF EXISTS views.partitions, views.ends, views.repartitioned_from, views.repartitioned;
