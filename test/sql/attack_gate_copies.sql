-- Gates made by hand on a parent: those that are whole are copied to its
-- partitions, role by role; others can neither make copies for ever nor keep a
-- partition from being made.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
SET client_min_messages = error;
SET statement_timeout = '60s';
SET search_path = public, consent_profiling;
CREATE ROLE regress_owner;
CREATE FUNCTION pg_temp.gates() RETURNS TABLE (relation text, policy name, columns name[], roles text, purpose text, intact boolean) LANGUAGE sql AS
	'SELECT relation::text, policy, columns, (SELECT string_agg(r::regrole::text, '','' ORDER BY 1) FROM unnest(roles) r), purpose, intact FROM consent_profiling.gate ORDER BY relation::text, policy';

-- one policy for two roles, and one that names a role twice
CREATE TABLE lp (id int, other int, k int) PARTITION BY LIST (k);
ALTER TABLE lp ENABLE ROW LEVEL SECURITY;
CREATE POLICY hand ON lp AS RESTRICTIVE TO regress_analyst, regress_app USING (may_profile(id));
CREATE POLICY twice ON lp AS RESTRICTIVE TO regress_app, regress_app USING (may_profile(other, 'profiling'));
CREATE TABLE lp1 PARTITION OF lp FOR VALUES IN (1);
SELECT * FROM pg_temp.gates();
-- nothing is missing now
ALTER TABLE lp OWNER TO regress_owner;
SELECT count(*) FROM pg_temp.gates();
-- the partition holds for each of them
INSERT INTO lp SELECT i, i, 1 FROM generate_series(1, 6) i;
CREATE POLICY everything ON lp1 USING (true);
GRANT SELECT ON lp1 TO regress_analyst, regress_app;
SET ROLE regress_analyst;
SELECT id FROM lp1 ORDER BY id;
RESET ROLE;
SET ROLE regress_app;
SELECT id FROM lp1 ORDER BY id;
RESET ROLE;
-- protect() replaces one role's, here and there
SELECT protect('lp', 'id', '{regress_analyst}', 'profiling');
SELECT * FROM pg_temp.gates();
SELECT unprotect('lp');
SELECT * FROM pg_temp.gates();
DROP TABLE lp;

-- what is not a whole gate is shown as such, with the table's own columns alone,
-- and is not copied
CREATE TABLE t (x int, y int);
CREATE TABLE lq (id int, k int, d date) PARTITION BY LIST (k);
CREATE POLICY named ON lq AS RESTRICTIVE TO regress_analyst USING (may_profile(purpose => 'profiling', subject => id));
CREATE POLICY nulls ON lq AS RESTRICTIVE TO regress_analyst USING (may_profile(d, NULL, NULL));
CREATE POLICY subquery ON lq AS RESTRICTIVE TO regress_analyst USING (EXISTS (SELECT FROM t WHERE may_profile(t.y)));
CREATE POLICY subquery_own ON lq AS RESTRICTIVE TO regress_analyst USING (EXISTS (SELECT FROM t WHERE may_profile(lq.k) AND t.x = 1));
CREATE POLICY dormant ON lq USING (may_profile(id));
CREATE TABLE lq1 PARTITION OF lq FOR VALUES IN (1);
SELECT * FROM pg_temp.gates();
-- a child that has such a policy is gated nevertheless
CREATE TABLE lq2 (id int, k int, d date);
CREATE POLICY dormant ON lq2 TO regress_analyst USING (may_profile(id));
SELECT protect('lq', 'id', '{regress_analyst}');
ALTER TABLE lq ATTACH PARTITION lq2 FOR VALUES IN (2);
SELECT * FROM pg_temp.gates() WHERE relation <> 'lq';
DROP TABLE lq, t;

-- The owner comes to be gated by commands of others, which only add FORCE, and
-- by none that cannot make it so.
CREATE TABLE t (id int);
ALTER TABLE t OWNER TO regress_owner;
SELECT protect('t', 'id', '{regress_analyst}');
CREATE ROLE regress_team IN ROLE regress_analyst ROLE regress_owner;
SELECT relation, relforcerowsecurity, intact FROM protected_table JOIN pg_class c ON c.oid = relation;
DROP ROLE regress_team;
ALTER ROLE regress_app PASSWORD NULL;
GRANT regress_analyst TO regress_app;
SELECT relation, relforcerowsecurity, intact FROM protected_table JOIN pg_class c ON c.oid = relation;
SELECT protect('t', 'id', '{regress_analyst}');
SELECT relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass;
-- by a new role that the owner administers
ALTER TABLE t OWNER TO regress_owner;
CREATE ROLE regress_admin_team IN ROLE regress_analyst ADMIN regress_owner;
SELECT relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass;
DROP ROLE regress_admin_team;
DROP TABLE t;

-- a table of a session is left to it
CREATE TEMP TABLE own (id int);
ALTER TABLE own OWNER TO regress_owner;
SELECT protect('own', 'id', '{regress_analyst}');
GRANT regress_analyst TO regress_owner;
SELECT relforcerowsecurity FROM pg_class WHERE oid = 'own'::regclass;
SELECT protect('own', 'id', '{regress_analyst}');
SELECT relforcerowsecurity FROM pg_class WHERE oid = 'own'::regclass;
DROP TABLE own;

-- A policy made by hand is not recorded: it may be a restore that makes it.
-- What is done to it later is.
CREATE TABLE t (id int, k int);
CREATE POLICY extra ON t AS RESTRICTIVE USING (may_profile(id) OR k = 1);
SELECT count(*) FROM event WHERE act = 'change_gate' AND detail->>'policy' = 'extra';
ALTER POLICY extra ON t USING (may_profile(id) OR k = 2);
DROP TABLE t;
SELECT detail->>'command' AS command FROM event WHERE act = 'change_gate' AND detail->>'policy' = 'extra' ORDER BY id;
DROP ROLE regress_owner;
\i :people_gone
