-- a plan cached under one role and run under another
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int PRIMARY KEY);
INSERT INTO t SELECT generate_series(1, 6);
GRANT SELECT ON t TO regress_analyst, regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.add_purpose('trap_plans');
SELECT consent_profiling.allow_purpose('regress_analyst', 'trap_plans');
SELECT count(consent_profiling.give_consent(2, 'trap_plans'));
SET plan_cache_mode = force_generic_plan;
PREPARE q AS SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
PREPARE one(int) AS SELECT count(*) FROM t WHERE id = $1;
CREATE FUNCTION pg_temp.seen() RETURNS text LANGUAGE plpgsql AS
	$$ BEGIN RETURN (SELECT string_agg(id::text, ' ' ORDER BY id) FROM t); END $$;
CREATE FUNCTION pg_temp.may(int) RETURNS boolean LANGUAGE plpgsql AS
	$$ BEGIN RETURN consent_profiling.may_profile($1); END $$;
EXECUTE q;
EXECUTE one(3);
SELECT pg_temp.seen();
SET ROLE regress_analyst;
EXECUTE q;
EXECUTE one(3);
EXECUTE one(2);
SELECT pg_temp.seen();
SET ROLE regress_app;
EXECUTE q;
EXECUTE one(3);
SELECT pg_temp.seen();
-- another purpose, the same plan
SET ROLE regress_analyst;
EXECUTE q;
SET consent_profiling.purpose = 'trap_plans';
EXECUTE q;
EXECUTE one(1);
SELECT pg_temp.seen(), pg_temp.may(1), pg_temp.may(2);
RESET consent_profiling.purpose;
EXECUTE q;
SELECT pg_temp.seen(), pg_temp.may(1), pg_temp.may(2);
-- a withdrawal, and its undoing, between two runs of one plan
RESET ROLE;
BEGIN;
SELECT count(consent_profiling.withdraw_consent(1, 'profiling'));
SET LOCAL ROLE regress_analyst;
EXECUTE q;
SELECT pg_temp.seen(), pg_temp.may(1);
ROLLBACK;
SET ROLE regress_analyst;
EXECUTE q;
SELECT pg_temp.seen(), pg_temp.may(1);
RESET ROLE;
-- the gate is taken off and put back
SELECT consent_profiling.unprotect('t');
SET ROLE regress_analyst;
EXECUTE q;
SELECT pg_temp.seen();
RESET ROLE;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SET ROLE regress_analyst;
EXECUTE q;
SELECT pg_temp.seen();
-- a cursor keeps to the gate under which it was opened, in either direction
BEGIN;
DECLARE gated CURSOR FOR SELECT id FROM t ORDER BY id;
RESET ROLE;
DECLARE ungated CURSOR FOR SELECT id FROM t ORDER BY id;
FETCH ALL FROM gated;
SET LOCAL ROLE regress_analyst;
FETCH ALL FROM ungated;
COMMIT;
RESET ROLE;
RESET plan_cache_mode;
DEALLOCATE ALL;
DROP TABLE t;
DELETE FROM consent_profiling.choice WHERE purpose = 'trap_plans';
SELECT consent_profiling.drop_purpose('trap_plans');
\i :people_gone
