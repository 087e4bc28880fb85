-- For whoever asks what somebody did, or what came of one thing: by actor, in the order of the ledger, and by correlation.
-- When something was recorded, the pages know: they are in that order.

CREATE INDEX stored_events_actor_id_idx ON ledger.stored_events (actor_id, notification_id);
CREATE INDEX stored_events_correlation_id_idx ON ledger.stored_events (correlation_id);
CREATE INDEX stored_events_recorded_at_idx ON ledger.stored_events USING brin (recorded_at) WITH (autosummarize = on);
