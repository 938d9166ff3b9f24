-- The library takes the registry's rows apart by the positions and types of the
-- columns.  Whoever changes these must not bring the server down.
\set SHOW_CONTEXT never
SELECT consent_profiling.register_subject('columns:1', date '1990-01-01');
SELECT consent_profiling.give_consent('columns:1', 'profiling') IS NOT NULL AS given;

ALTER TABLE consent_profiling.subject ADD COLUMN remark text;
ALTER TABLE consent_profiling.subject DROP COLUMN objection_acts CASCADE;
ALTER TABLE consent_profiling.purpose ALTER minimum_age DROP NOT NULL;
ALTER TABLE consent_profiling.purpose_version ALTER added_at TYPE text;
ALTER TABLE consent_profiling.review ALTER outcome TYPE varchar;
ALTER TABLE consent_profiling.event ALTER act DROP NOT NULL;
ALTER TABLE consent_profiling.event ADD COLUMN a integer, ADD COLUMN b integer;

-- Events are numbered in the order in which they are recorded.
ALTER SEQUENCE consent_profiling.event_id_seq CACHE 20;
ALTER TABLE consent_profiling.event ALTER id SET CACHE 20;
ALTER SEQUENCE consent_profiling.event_id_seq INCREMENT -1;
ALTER SEQUENCE consent_profiling.event_id_seq CYCLE;
INSERT INTO consent_profiling.event (id, act, at, recorded_at, session_role, caller) OVERRIDING SYSTEM VALUE
	SELECT id, 'forged', now(), now(), 'x', 'x' FROM unnest(ARRAY[9223372036854775807]) id;
INSERT INTO consent_profiling.event (id, act, at, recorded_at, session_role, caller) OVERRIDING SYSTEM VALUE
	VALUES (0, 'forged', now(), now(), 'x', 'x');

-- What the library does not read by itself is no matter of its.
BEGIN;
ALTER TABLE consent_profiling.recipient ADD COLUMN remark text;
ALTER TABLE consent_profiling.subject ALTER birth_date SET STATISTICS 10;
SELECT consent_profiling.may_profile('columns:1'::text);
ROLLBACK;

-- Nor without the guard: what changed is undone each time.
CREATE FUNCTION pg_temp.attempt(change text, query text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	answer text;
BEGIN
	EXECUTE 'ALTER TABLE consent_profiling.' || change;
	EXECUTE 'SELECT consent_profiling.' || query INTO answer;
	RAISE EXCEPTION 'answers %', answer;
EXCEPTION
	WHEN object_not_in_prerequisite_state OR undefined_table OR raise_exception THEN
		RETURN sqlerrm;
END
$$;
BEGIN;
ALTER EVENT TRIGGER consent_profiling_keep_columns DISABLE;
ALTER EVENT TRIGGER consent_profiling_keep_rows DISABLE;
SELECT c.change, count(*) AS calls, pg_temp.attempt(c.change, query) AS answer
	FROM unnest(ARRAY['subject ADD a integer, ADD b integer, ADD c integer',
					  'subject DROP objection_acts',
					  'choice ADD a integer',
					  'purpose ALTER basis DROP NOT NULL',
					  'purpose_version ALTER dropped_at TYPE text',
					  'review ALTER reviewed_by TYPE varchar',
					  'event ALTER act DROP NOT NULL',
					  'event ADD a integer, ADD b integer',
					  'change ALTER xid TYPE text USING xid::text',
					  'tombstone_secret DROP one'])
		WITH ORDINALITY c (change, number),
		unnest(ARRAY[$$may_profile('columns:1'::text)$$,
					 $$verdict_of('columns:1', 'profiling', now())$$,
					 $$register_subject('columns:2')$$,
					 $$event_fits(e) FROM consent_profiling.event e LIMIT 1$$,
					 $$verify_history()$$]) query
	GROUP BY c.number, c.change, answer
	ORDER BY c.number, calls;
ROLLBACK;
SELECT consent_profiling.may_profile('columns:1'::text);
SELECT consent_profiling.erase_subject('columns:1') IS NOT NULL AS erased;
