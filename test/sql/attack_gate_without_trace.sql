-- The owner of a table may take its gate off, but not without a trace; and what
-- roles can call leaves no trace of what was not done.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
\pset format unaligned
\pset tuples_only on
CREATE ROLE regress_owner;
CREATE ROLE regress_stranger;
GRANT CREATE ON SCHEMA public TO regress_owner;
SELECT coalesce(max(id), 0) AS before, coalesce(max(id), 0) AS first FROM consent_profiling.event \gset
CREATE FUNCTION pg_temp.recorded(since bigint) RETURNS TABLE (act text, caller name, detail jsonb) LANGUAGE sql AS
	$$SELECT act, caller, detail - 'gates' FROM consent_profiling.event WHERE id > since AND subject IS NULL ORDER BY id$$;
SET ROLE regress_owner;
CREATE TABLE t (id int, born date);
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.gate_ddl('DROP POLICY consent_profiling_id ON t');
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.gate_ddl('ALTER POLICY consent_profiling_id ON t TO regress_owner');
SELECT consent_profiling.gate_ddl('ALTER POLICY consent_profiling_id ON t USING (true)');
DROP POLICY consent_profiling_id ON t;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.gate_ddl('ALTER POLICY consent_profiling_id ON t RENAME TO other');
SELECT consent_profiling.ungate_family('t', NULL);
SELECT consent_profiling.protect('t', 'id', '{regress_analyst,regress_app}');
SELECT consent_profiling.drop_gate('t', policy, roles) FROM consent_profiling.gate WHERE relation = 't'::regclass ORDER BY policy;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);
SELECT coalesce(max(id), 0) AS before FROM consent_profiling.event \gset

-- in a subtransaction, too
SET ROLE regress_owner;
BEGIN;
SAVEPOINT a;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
RELEASE a;
SAVEPOINT b;
SELECT consent_profiling.unprotect('t');
ROLLBACK TO b;
-- it is undone
SELECT consent_profiling.record_gates('unprotect', 't', NULL);
COMMIT;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);
SELECT coalesce(max(id), 0) AS before FROM consent_profiling.event \gset

-- what was not done is not recorded
SET ROLE regress_owner;
SELECT consent_profiling.record_gates('unprotect', 't', NULL);
SELECT consent_profiling.record_gates('protect', 't', '{regress_analyst}');
SELECT consent_profiling.record_tracking('t');
CREATE TABLE bare (id int);
SELECT consent_profiling.unprotect('bare');
SET ROLE regress_stranger;
CREATE TEMP TABLE x (id int);
SELECT consent_profiling.record_gates('unprotect', 'x', '{"Alice Smith, born 1980"}');
SELECT consent_profiling.record_gates('protect', 'x', '{a}');
SELECT consent_profiling.record_tracking('x');
SELECT consent_profiling.protect('x', 'id', '{regress_stranger}');
SELECT consent_profiling.unprotect('x');
SELECT consent_profiling.protect('x', 'id', '{regress_stranger}');
CREATE POLICY by_hand ON x AS RESTRICTIVE FOR SELECT USING (consent_profiling.may_profile(id));
ALTER POLICY by_hand ON x USING (consent_profiling.may_profile(id) OR true);
ALTER POLICY by_hand ON x USING (true);
DROP TABLE x;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);

-- nor are roles that it does not concern
SET ROLE regress_owner;
BEGIN;
SELECT consent_profiling.protect('t', 'id', '{regress_app}');
SELECT consent_profiling.record_gates('protect', 't', ARRAY['Alice Smith', 'regress_app', 'regress_app', 'regress_stranger']);
SELECT consent_profiling.unprotect('t', '{regress_app,regress_stranger}');
COMMIT;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);
SELECT coalesce(max(id), 0) AS before FROM consent_profiling.event \gset

-- the end of tracking, by whatever command
SELECT consent_profiling.grant_duty('regress_owner', 'recorder');
SELECT coalesce(max(id), 0) AS before FROM consent_profiling.event \gset
SET ROLE regress_owner;
CREATE TABLE tracked (id int, born date);
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
DROP TRIGGER consent_profiling_track_changes ON tracked;
DROP TRIGGER consent_profiling_track_subjects ON tracked;
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
SELECT consent_profiling.untrack_subjects('tracked');
SELECT consent_profiling.untrack_subjects('tracked');
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
ALTER TABLE tracked DROP COLUMN born CASCADE;
ALTER TABLE tracked ADD COLUMN born date;
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
DROP TABLE tracked;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);

SELECT consent_profiling.revoke_duty('regress_owner', 'recorder');
DROP TABLE t, bare;
DROP OWNED BY regress_owner, regress_stranger;
DROP ROLE regress_owner, regress_stranger;
-- the history is append-only; what this test left is taken away as only a superuser can
ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event;
DELETE FROM consent_profiling.event WHERE id > :first;
ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event;
\i :people_gone
