-- Who looked at whom: one row an answer, or a page of it. Rows are added, never changed; what may go is what is half a year
-- old, which is the least that such a log is kept. No value of anybody's stands here, not even what was searched for.

CREATE TABLE ledger.looks (
    look_id     uuid PRIMARY KEY,             -- In the order of time.
    looked_at   timestamptz NOT NULL,
    viewer_kind text NOT NULL,
    viewer_id   text NOT NULL,
    viewer_role text NOT NULL,                -- As it was then, and so is the organisation.
    viewer_org  text NOT NULL,
    purpose     text,
    route       text NOT NULL,
    asked       text[] NOT NULL,              -- By what it was asked: names alone.
    subjects    text[] NOT NULL,
    own         integer NOT NULL,             -- The first so many of them are his own.
    fields      text[] NOT NULL,              -- What was shown of them as it was written, which is masked for others.
    trace_id    text NOT NULL,
    CHECK (own BETWEEN 0 AND cardinality(subjects))
) WITH (autovacuum_analyze_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.2);

CREATE INDEX looks_viewer_idx ON ledger.looks (viewer_id, look_id);
CREATE INDEX looks_looked_at_idx ON ledger.looks USING brin (looked_at) WITH (autosummarize = on);
CREATE INDEX looks_subjects_idx ON ledger.looks USING gin (subjects);

CREATE FUNCTION ledger.only_old_looks() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.looked_at > now() - interval '180 days' THEN
        RAISE EXCEPTION 'who looked is kept for 180 days, and this was on %', OLD.looked_at USING ERRCODE = 'LL004';
    END IF;
    RETURN OLD;
END
$$;

CREATE TRIGGER only_old_looks BEFORE DELETE ON ledger.looks
FOR EACH ROW EXECUTE FUNCTION ledger.only_old_looks();

REVOKE UPDATE, TRUNCATE ON ledger.looks FROM CURRENT_USER;
