-- Acts on gates are on record, with the role that did them.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
SELECT coalesce(max(id), 0) AS before FROM consent_profiling.event \gset
CREATE FUNCTION pg_temp.recorded(since bigint) RETURNS TABLE (act text, caller name, detail text) LANGUAGE sql AS
	$$SELECT act, caller, jsonb_pretty(detail) FROM consent_profiling.event WHERE id > since AND subject IS NULL ORDER BY id$$;
\pset format unaligned
SET ROLE regress_owner;
CREATE TABLE t (id int, born date, consent consent_profiling.consent, objection consent_profiling.objection);
SELECT consent_profiling.protect('t', 'id', '{regress_analyst,regress_app}', 'profiling');
SELECT consent_profiling.protect_columns('t', 'born', 'consent', 'objection', '{public}');
SELECT consent_profiling.unprotect('t', '{regress_app,public}');
SELECT consent_profiling.unprotect('t');
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);
SELECT max(id) AS before FROM consent_profiling.event \gset
-- what is done to a gate otherwise, as far as it is let through
SET ROLE regress_owner;
CREATE POLICY by_hand ON t TO regress_analyst USING (consent_profiling.may_profile(id));
DROP POLICY by_hand ON t;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
DROP TABLE t;
RESET ROLE;
SELECT * FROM pg_temp.recorded(:before);
SELECT max(id) AS before FROM consent_profiling.event \gset

-- nothing is recorded of what is refused, nor of policies that are no gates
SET ROLE regress_owner;
CREATE TABLE t (id int);
CREATE POLICY other ON t USING (true);
DROP POLICY other ON t;
SELECT consent_profiling.protect('t', 'nothing', '{regress_analyst}');
RESET ROLE;
SET ROLE regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
-- the attack: to record acts on another's table, or other acts
SELECT consent_profiling.record_gates('unprotect', 't', NULL);
SELECT consent_profiling.record_gates('unprotect', NULL, NULL);
SELECT consent_profiling.record_gates('erase_subject', 't', NULL);
SELECT consent_profiling.resettle('t');
RESET ROLE;
SELECT count(*) FROM pg_temp.recorded(:before);
DROP TABLE t;
DROP OWNED BY regress_owner;
DROP ROLE regress_owner;
\i :people_gone
