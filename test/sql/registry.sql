-- registry: closed to all but its owner, incapable of impossible states, and
-- with a history that says who did what
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
CREATE ROLE regress_nobody;
SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');
SELECT add_purpose('news');
SELECT allow_purpose('regress_nobody', 'news');

---------------------------------------------------------------------
-- every way into every table, for everybody who has some right
---------------------------------------------------------------------
CREATE FUNCTION attempts() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	r text;
	t text;
	c text;
	found text;
BEGIN
	FOREACH r IN ARRAY '{regress_nobody,regress_recorder,regress_officer}'::text[] LOOP
		FOR t IN SELECT c.relname FROM pg_class c
				WHERE c.relnamespace = 'consent_profiling'::regnamespace AND c.relkind IN ('r', 'S')
				ORDER BY c.relname LOOP
			found := '';
			FOREACH c IN ARRAY ARRAY['SELECT FROM %s', 'SELECT count(*) FROM %s', 'SELECT ctid FROM %s', 'INSERT INTO %s DEFAULT VALUES',
					'DELETE FROM %s', 'TRUNCATE %s', 'COPY %s TO STDOUT', 'LOCK %s IN ACCESS SHARE MODE',
					'CREATE TRIGGER t AFTER INSERT ON %s EXECUTE FUNCTION suppress_redundant_updates_trigger()',
					'CREATE RULE r AS ON INSERT TO %s DO NOTHING', 'CREATE POLICY p ON %s USING (true)',
					'ALTER TABLE %s OWNER TO CURRENT_USER', 'DROP TABLE %s',
					'SELECT nextval(''%s'')', 'SELECT setval(''%s'', 1)'] LOOP
				BEGIN
					PERFORM set_config('role', r, true);
					EXECUTE format(c, 'consent_profiling.' || t);
					-- to take back what it did, if anything
					RAISE EXCEPTION 'no error';
				EXCEPTION WHEN insufficient_privilege OR wrong_object_type OR feature_not_supported OR not_null_violation THEN
				WHEN raise_exception THEN
					found := concat_ws('; ', NULLIF(found, ''), format(c, t));
				END;
				PERFORM set_config('role', 'none', true);
			END LOOP;
			RETURN NEXT format('%s, %s: %s', r, t, found);
		END LOOP;
	END LOOP;
END
$$;
SELECT attempts();
-- updates, column by column
SELECT c.relname, a.attname, r FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0,
		unnest('{regress_nobody,regress_recorder,regress_officer}'::text[]) r, unnest('{SELECT,INSERT,UPDATE,REFERENCES}'::text[]) p
	WHERE c.relnamespace = 'consent_profiling'::regnamespace AND c.relkind = 'r'
		AND has_column_privilege(r, c.oid, a.attnum, p) AND NOT (c.relname = 'event' AND r = 'regress_officer' AND p = 'SELECT')
	ORDER BY c.relname, a.attnum, r, p;
SET ROLE regress_recorder;
UPDATE consent_profiling.subject SET erased_at = NULL;
UPDATE consent_profiling.choice SET consent = 'given at 2026-01-01T00:00Z';
MERGE INTO consent_profiling.choice c USING (SELECT 1) s ON false WHEN NOT MATCHED THEN INSERT VALUES (1, 'news');
CREATE TABLE consent_profiling.more ();
CREATE TEMP VIEW spy AS SELECT * FROM consent_profiling.subject;
SELECT * FROM spy;
RESET ROLE;
DROP VIEW pg_temp.spy;
DROP FUNCTION attempts();

---------------------------------------------------------------------
-- the constraints, tried by one who may do all
---------------------------------------------------------------------
SELECT register_subject('s', '1980-01-01');
-- subject
INSERT INTO subject (id) VALUES (NULL);
INSERT INTO subject (id) VALUES ('t');
INSERT INTO subject (id, registered_at) VALUES ('s', now());
\set VERBOSITY terse
INSERT INTO subject (id, registered_at, birth_date) VALUES ('t', now(), 'infinity');
INSERT INTO subject (id, registered_at, restricted_at) VALUES ('t', now(), now());
INSERT INTO subject (id, registered_at, restriction_grounds) VALUES ('t', now(), '{ground}');
INSERT INTO subject (id, registered_at, erased_at, birth_date) VALUES ('t', now(), now(), '1980-01-01');
INSERT INTO subject (id, registered_at, erased_at, restricted_at, restriction_grounds) VALUES ('t', now(), now(), now(), '{ground}');
INSERT INTO subject (id, registered_at, objection_acts) VALUES ('t', now(), NULL);
-- purpose
INSERT INTO purpose VALUES (NULL, 'profiling', 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('p', NULL, 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('p', 'p', 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('profiling', NULL, 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('it''s', 'profiling', 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('!profiling', 'profiling', 'consent', false, false, false, 18);
INSERT INTO purpose VALUES (repeat('p', 64), 'profiling', 'consent', false, false, false, 18);
INSERT INTO purpose VALUES ('p', 'profiling', 'interest', false, false, false, 18);
INSERT INTO purpose VALUES ('p', 'profiling', NULL, false, false, false, 18);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', NULL, false, false, 18);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', false, NULL, false, 18);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', false, false, NULL, 18);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', false, false, false, NULL);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', false, false, false, 17);
INSERT INTO purpose VALUES ('p', 'profiling', 'consent', false, false, false, 151);
UPDATE purpose SET broader = 'news' WHERE name = 'profiling';
UPDATE purpose SET minimum_age = 17 WHERE name = 'profiling';
-- choice: a valid one first
INSERT INTO choice VALUES ('s', 'news', 'given at 2026-01-02T00:00Z', 'withdrawn at 2026-01-01T00:00Z',
	'raised at 2026-01-02T00:00Z', '2026-01-02 00:00Z', '2026-01-01 00:00Z');
INSERT INTO choice VALUES ('s', 'news', 'given at 2026-01-02T00:00Z');
INSERT INTO choice VALUES (NULL, 'news', 'given at 2026-01-02T00:00Z');
INSERT INTO choice VALUES ('s', NULL, 'given at 2026-01-02T00:00Z');
INSERT INTO choice VALUES ('s', 'profiling');
-- a refusal that is none, that has no consent beside it, or is newer than it
INSERT INTO choice (subject, purpose, consent, refusal) VALUES ('s', 'profiling', 'given at 2026-01-02T00:00Z', 'given at 2026-01-01T00:00Z');
INSERT INTO choice (subject, purpose, refusal, objection, raised_at) VALUES ('s', 'profiling', 'refused at 2026-01-01T00:00Z', 'raised at 2026-01-01T00:00Z', '2026-01-01 00:00Z');
INSERT INTO choice (subject, purpose, consent, refusal) VALUES ('s', 'profiling', 'given at 2026-01-02T00:00Z', 'refused at 2026-01-03T00:00Z');
INSERT INTO choice (subject, purpose, consent, refusal) VALUES ('s', 'profiling', 'given at 2026-01-02T00:00Z', 'withdrawn at 2026-01-02T00:00Z');
-- a No that is not kept as one
INSERT INTO choice (subject, purpose, consent) VALUES ('s', 'profiling', 'withdrawn at 2026-01-02T00:00Z');
INSERT INTO choice (subject, purpose, consent, refusal) VALUES ('s', 'profiling', 'refused at 2026-01-02T00:00Z', 'refused at 2026-01-01T00:00Z');
-- an objection without its time, or with another
INSERT INTO choice (subject, purpose, objection) VALUES ('s', 'profiling', 'raised at 2026-01-01T00:00Z');
INSERT INTO choice (subject, purpose, consent, raised_at) VALUES ('s', 'profiling', 'given at 2026-01-02T00:00Z', '2026-01-01 00:00Z');
INSERT INTO choice (subject, purpose, objection, raised_at) VALUES ('s', 'profiling', 'raised at 2026-01-01T00:00Z', '2026-01-02 00:00Z');
INSERT INTO choice (subject, purpose, objection, raised_at, overridden_at)
	VALUES ('s', 'profiling', 'raised at 2026-01-01T00:00Z', '2026-01-01 00:00Z', '2026-01-02 00:00Z');
-- event
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', NULL, now(), now(), 'x', 'x');
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES (NULL, 's', now(), now(), 'x', 'x');
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', 's', NULL, now(), 'x', 'x');
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', 's', now(), NULL, 'x', 'x');
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', 's', now(), now(), NULL, 'x');
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', 's', now(), now(), 'x', NULL);
INSERT INTO event (id, act, subject, at, recorded_at, session_role, caller) VALUES (1, 'x', 's', now(), now(), 'x', 'x');
\set VERBOSITY default
DELETE FROM choice; :forget; DELETE FROM subject;

---------------------------------------------------------------------
-- the history: what was done, when, when it was told, and by whom
---------------------------------------------------------------------
CREATE FUNCTION desk(subject text) RETURNS void
	LANGUAGE sql SECURITY DEFINER SET search_path = consent_profiling, pg_temp
	AS 'SELECT give_consent($1, at => ''2026-01-02 00:00Z'')';
GRANT EXECUTE ON FUNCTION desk(text) TO regress_nobody;
ALTER FUNCTION desk(text) OWNER TO regress_recorder;
SELECT clock_timestamp() AS before \gset
SELECT register_subject('h', '1980-01-01');
-- under SET ROLE, and with the application's own user
SET ROLE regress_recorder;
SET consent_profiling.actor = 'jo@example.org';
SELECT give_consent('h', at => '2026-01-01 00:00Z');
SET consent_profiling.actor = '';
-- inside a function with another's rights it is still who calls
SET ROLE regress_nobody;
SELECT desk('h');
SELECT give_consent('h');
-- attack_by_set: what a caller may set is the actor alone
SET consent_profiling.caller = 'postgres';
SET consent_profiling.actor = 'somebody else';
SELECT desk('h');
RESET consent_profiling.actor;
RESET ROLE;
SELECT act, CASE WHEN purpose IS NOT NULL THEN at END, session_role = session_user AS session, caller = session_user AS by_login, CASE WHEN caller <> session_user THEN caller END,
	actor, recorded_at BETWEEN :'before' AND clock_timestamp() AS now_told
	FROM event ORDER BY id;
-- logged in as another
SET SESSION AUTHORIZATION regress_recorder;
SET consent_profiling.actor = 'jo';
SELECT withdraw_consent('h', at => '2026-01-03 00:00Z');
BEGIN;
SET LOCAL consent_profiling.actor = 'sam';
SELECT withdraw_consent('h', at => '2026-01-04 00:00Z');
COMMIT;
SELECT withdraw_consent('h', at => '2026-01-05 00:00Z');
RESET consent_profiling.actor;
RESET SESSION AUTHORIZATION;
SELECT act, at, session_role, caller, actor FROM event WHERE act = 'withdraw_consent' ORDER BY id;
-- numbered in their order
SELECT array_agg(act ORDER BY id) = array_agg(act ORDER BY recorded_at) AS in_order, count(DISTINCT id) = count(*) AS numbered FROM event;

DROP FUNCTION desk(text);
SELECT disallow_purpose('regress_nobody', 'news');
DROP TABLE permission;
SELECT revoke_duty('regress_recorder', 'recorder'), revoke_duty('regress_officer', 'officer');
DROP ROLE regress_recorder, regress_officer, regress_nobody;
DELETE FROM choice; DELETE FROM subject; :forget;
SELECT drop_purpose('news');
