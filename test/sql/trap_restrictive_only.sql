-- restrictive policies alone show nothing: what protect() does beside its gate
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

-- the trap
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
GRANT SELECT ON t TO regress_analyst, regress_app;
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_hand ON t AS RESTRICTIVE TO regress_analyst USING (consent_profiling.may_profile(id));
SET ROLE regress_app;
SELECT count(*) FROM t;
SET ROLE regress_analyst;
SELECT count(*) FROM t;
RESET ROLE;
-- a gate all the same
SELECT consent_profiling.unprotect('t');

-- row security on without any policy: closed, and it stays so
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT polname, polpermissive FROM pg_policy WHERE polrelid = 't'::regclass;
SET ROLE regress_app;
SELECT count(*) FROM t;
SET ROLE regress_analyst;
SELECT count(*) FROM t;
RESET ROLE;
SELECT consent_profiling.unprotect('t');
SELECT relrowsecurity FROM pg_class WHERE oid = 't'::regclass;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;

-- no row security: open for the others, gated for the gated
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SET ROLE regress_app;
SELECT count(*) FROM t;
SET ROLE regress_analyst;
SELECT count(*) FROM t;
RESET ROLE;
SELECT consent_profiling.unprotect('t');

-- policies that were there: they go on to count, and none is added
CREATE POLICY low ON t USING (id <= 4);
CREATE POLICY not_one ON t AS RESTRICTIVE TO regress_app USING (id <> 1);
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT polname, polpermissive FROM pg_policy WHERE polrelid = 't'::regclass ORDER BY 1;
SET ROLE regress_app;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
SET ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
RESET ROLE;
-- a permissive policy added later opens nothing
CREATE POLICY all_of_it ON t TO regress_analyst USING (true);
SET ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
RESET ROLE;
DROP POLICY all_of_it ON t;
SELECT consent_profiling.unprotect('t');
SELECT polname FROM pg_policy WHERE polrelid = 't'::regclass ORDER BY 1;
SELECT relrowsecurity FROM pg_class WHERE oid = 't'::regclass;

-- policies that were there, asleep
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SET ROLE regress_app;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
SET ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
RESET ROLE;
SELECT consent_profiling.unprotect('t');
SELECT relrowsecurity FROM pg_class WHERE oid = 't'::regclass;
DROP TABLE t;
\i :people_gone
