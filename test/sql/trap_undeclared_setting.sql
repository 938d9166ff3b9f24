-- the setting for the purpose is declared, and whoever sets it must be allowed that purpose
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
CREATE TABLE fixed (id int);
INSERT INTO fixed SELECT generate_series(1, 6);
GRANT SELECT ON t, fixed TO regress_analyst, regress_app;
SELECT consent_profiling.add_purpose('trap_marketing');
SELECT consent_profiling.add_purpose('trap_research', basis => 'public_task');
SELECT consent_profiling.allow_purpose('regress_analyst', 'trap_marketing');
SELECT count(consent_profiling.give_consent(2, 'trap_marketing'));
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.protect('fixed', 'id', '{regress_analyst}', 'trap_marketing');
-- nobody makes up a setting of ours
SET consent_profiling.gate = 'off';
SET consent_profiling.user_id = '1';
SET ROLE regress_analyst;
SELECT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM t) AS t, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM fixed) AS fixed;
-- allowed
SET consent_profiling.purpose = 'trap_marketing';
SELECT (SELECT string_agg(id::text, ' ' ORDER BY id) FROM t) AS t, (SELECT string_agg(id::text, ' ' ORDER BY id) FROM fixed) AS fixed;
-- not allowed: an error, not a way around the objection of 3 nor an empty table
SET consent_profiling.purpose = 'trap_research';
SELECT count(*) FROM t;
SELECT count(*) FROM t WHERE false;
-- where the purpose is the table's, the setting plays no part
SELECT string_agg(id::text, ' ' ORDER BY id) AS fixed FROM fixed;
-- not there: an error as well
SET consent_profiling.purpose = 'nowhere';
SELECT count(*) FROM t;
SET consent_profiling.purpose = '';
SELECT count(*) FROM t;
SET consent_profiling.purpose = 'profiling''::text) OR true --';
SELECT count(*) FROM t;
SET consent_profiling.purpose = DEFAULT;
-- by every other way of setting it
SELECT set_config('consent_profiling.purpose', 'trap_research', false);
SELECT count(*) FROM t;
RESET consent_profiling.purpose;
CREATE FUNCTION pg_temp.relabelled() RETURNS bigint LANGUAGE sql STABLE SET consent_profiling.purpose = 'trap_research'
	AS 'SELECT count(*) FROM public.t';
SELECT pg_temp.relabelled();
UPDATE pg_settings SET setting = 'trap_research' WHERE name = 'consent_profiling.purpose';
SELECT count(*) FROM t;
RESET consent_profiling.purpose;
BEGIN;
SET LOCAL consent_profiling.purpose = 'trap_marketing';
SELECT string_agg(id::text, ' ' ORDER BY id) AS t FROM t;
COMMIT;
SELECT string_agg(id::text, ' ' ORDER BY id) AS t FROM t;
-- in the middle of a query
SELECT id, set_config('consent_profiling.purpose', 'trap_research', false) FROM t ORDER BY id;
RESET consent_profiling.purpose;
-- before the library is loaded
\c -
SET consent_profiling.purpose = 'trap_research';
SET ROLE regress_analyst;
SELECT count(*) FROM t;
\c -
LOAD 'consent_profiling';
SET consent_profiling.made_up = 'x';
SET ROLE regress_analyst;
SELECT count(*) FROM t;
RESET ROLE;
-- a purpose taken back is taken back
SELECT consent_profiling.disallow_purpose('regress_analyst', 'trap_marketing');
SET ROLE regress_analyst;
SELECT count(*) FROM fixed;
RESET ROLE;
-- who is not gated is not asked
SET ROLE regress_app;
SET consent_profiling.purpose = 'nowhere';
SELECT (SELECT count(*) FROM t) AS t, (SELECT count(*) FROM fixed) AS fixed;
RESET consent_profiling.purpose;
RESET ROLE;
DROP TABLE t, fixed;
DELETE FROM consent_profiling.choice WHERE purpose = 'trap_marketing';
SELECT consent_profiling.drop_purpose('trap_marketing');
SELECT consent_profiling.drop_purpose('trap_research');
\i :people_gone
