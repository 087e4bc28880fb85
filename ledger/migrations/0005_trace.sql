-- For whoever asks what was refused: in the order of the ledger, of one subject, and of who asked.
-- And which event an id is: ids are made in the order of the ledger, so the pages know where each can only be.

CREATE INDEX commands_refused_idx ON ledger.commands (position, number) WHERE refusal IS NOT NULL;
CREATE INDEX commands_refused_stream_idx ON ledger.commands (stream, position, number) WHERE refusal IS NOT NULL;
CREATE INDEX commands_refused_actor_idx ON ledger.commands (actor_id, position, number) WHERE refusal IS NOT NULL;
CREATE INDEX stored_events_event_id_idx ON ledger.stored_events USING brin (event_id) WITH (autosummarize = on);
