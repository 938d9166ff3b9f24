-- A tenant policy made after protect is not widened by it: whatever the order
-- of commands, each role sees what it would see without us, less the gate.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
SET search_path = public, consent_profiling;
ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT ON TABLES TO regress_analyst, regress_app;
CREATE FUNCTION pg_temp.seen(tab text DEFAULT 'doc') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	app text;
	analyst text;
BEGIN
	SET LOCAL ROLE regress_app;
	EXECUTE format('SELECT string_agg(id::text, '' '' ORDER BY id) FROM %I', tab) INTO app;
	SET LOCAL ROLE regress_analyst;
	EXECUTE format('SELECT string_agg(id::text, '' '' ORDER BY id) FROM %I', tab) INTO analyst;
	RESET ROLE;
	RETURN format('app %s, analyst %s', coalesce(app, 'nothing'), coalesce(analyst, 'nothing'));
END
$$;
CREATE FUNCTION pg_temp.made() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	CREATE TABLE doc (id int, tenant int);
	INSERT INTO doc VALUES (1, 1), (3, 1), (2, 2), (4, 2);
END
$$;

-- the accident: the tenant policy comes after protect
SELECT pg_temp.made();
SELECT protect('doc', 'id', '{regress_analyst}');
SELECT pg_temp.seen();
CREATE POLICY tenant ON doc USING (tenant = 1);
SELECT pg_temp.seen();
SELECT policyname, permissive, qual FROM pg_policies WHERE tablename = 'doc' ORDER BY 1;
-- another one is ORed with it, a restrictive one is not in the way, and each goes
CREATE POLICY more ON doc USING (id = 4);
CREATE POLICY less ON doc AS RESTRICTIVE USING (id > 1);
SELECT pg_temp.seen();
DROP POLICY tenant ON doc;
SELECT pg_temp.seen();
DROP POLICY more ON doc;
SELECT pg_temp.seen();
DROP POLICY less ON doc;
SELECT pg_temp.seen();
-- unprotect leaves their policies
CREATE POLICY tenant ON doc USING (tenant = 1);
SELECT unprotect('doc');
SELECT pg_temp.seen();
DROP TABLE doc;

-- every order of the three commands
DO $$
DECLARE
	step text;
	steps text[];
BEGIN
	FOREACH step IN ARRAY '{ecp,epc,cep,cpe,pec,pce}'::text[] LOOP
		PERFORM pg_temp.made();
		SET LOCAL client_min_messages = warning;
		FOREACH step IN ARRAY string_to_array(step, NULL) LOOP
			CASE step
				WHEN 'e' THEN ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
				WHEN 'c' THEN CREATE POLICY tenant ON doc USING (tenant = 1);
				WHEN 'p' THEN PERFORM protect('doc', 'id', '{regress_analyst}');
			END CASE;
		END LOOP;
		RESET client_min_messages;
		RAISE INFO '%', pg_temp.seen();
		DROP POLICY tenant ON doc;
		RAISE INFO 'without the policy: %', pg_temp.seen();
		SET LOCAL client_min_messages = warning;
		PERFORM unprotect('doc');
		RAISE INFO 'unprotected: %', pg_temp.seen();
		DROP TABLE doc;
	END LOOP;
END
$$;

-- for some roles, for some commands only: the others are shut out, as by any table with row security
SELECT pg_temp.made();
SELECT protect('doc', 'id', '{regress_analyst}');
CREATE POLICY analysts ON doc FOR SELECT TO regress_analyst USING (true);
SELECT pg_temp.seen();
ALTER POLICY analysts ON doc TO regress_app USING (tenant = 2);
SELECT pg_temp.seen();
SET ROLE regress_app;
INSERT INTO doc VALUES (9, 2);
RESET ROLE;
CREATE POLICY writers ON doc FOR INSERT TO regress_app WITH CHECK (tenant = 2);
SET ROLE regress_app;
INSERT INTO doc VALUES (9, 2);
RESET ROLE;
-- ENABLE before the first policy: the table is shut, as it would be without us; DISABLE opens it
DROP POLICY analysts ON doc;
DROP POLICY writers ON doc;
ALTER TABLE doc ENABLE ROW LEVEL SECURITY;
SELECT pg_temp.seen();
-- for another role as well
SELECT protect('doc', 'id', '{regress_app}');
SELECT pg_temp.seen();
SELECT unprotect('doc', '{regress_app}');
ALTER TABLE doc DISABLE ROW LEVEL SECURITY;
SELECT pg_temp.seen();
SELECT unprotect('doc');
SELECT relrowsecurity FROM pg_class WHERE oid = 'doc'::regclass;
DROP TABLE doc;

-- policies that go by CASCADE, also by a role that does not own the table
SELECT pg_temp.made();
CREATE FUNCTION mine(int) RETURNS boolean LANGUAGE sql STABLE AS 'SELECT $1 = 1';
ALTER FUNCTION mine OWNER TO regress_analyst;
SELECT protect('doc', 'id', '{regress_analyst}');
CREATE POLICY tenant ON doc USING (tenant = 2);
CREATE POLICY mine ON doc USING (mine(tenant));
SELECT pg_temp.seen();
SET client_min_messages = warning;
ALTER TABLE doc DROP COLUMN tenant CASCADE;
RESET client_min_messages;
SELECT pg_temp.seen();
CREATE POLICY mine ON doc USING (mine(id));
SELECT pg_temp.seen();
SET ROLE regress_analyst;
DROP FUNCTION mine CASCADE;
RESET ROLE;
SELECT pg_temp.seen();
DROP TABLE doc;

-- partitions: each by the policies of its own
CREATE TABLE doc (id int, tenant int) PARTITION BY LIST (tenant);
CREATE TABLE doc1 PARTITION OF doc FOR VALUES IN (1);
SELECT protect('doc', 'id', '{regress_analyst}');
CREATE TABLE doc2 PARTITION OF doc FOR VALUES IN (2);
INSERT INTO doc VALUES (1, 1), (3, 1), (2, 2), (4, 2);
CREATE POLICY tenant ON doc USING (tenant = 1);
CREATE POLICY tenant ON doc2 USING (id = 4);
SELECT t, pg_temp.seen(t) FROM unnest('{doc,doc1,doc2}'::text[]) t;
CREATE TABLE doc3 PARTITION OF doc FOR VALUES IN (3);
INSERT INTO doc VALUES (2, 3), (3, 3);
SELECT t, pg_temp.seen(t) FROM unnest('{doc,doc3}'::text[]) t;
DROP TABLE doc;

-- the extension goes: the tenant policy stays, and the gated role sees nothing
SELECT pg_temp.made();
SELECT protect('doc', 'id', '{regress_analyst}');
CREATE POLICY tenant ON doc USING (tenant = 1);
BEGIN;
SET LOCAL client_min_messages = error;
DROP EXTENSION consent_profiling CASCADE;
SELECT pg_temp.seen();
SELECT policyname, permissive, qual FROM pg_policies WHERE tablename = 'doc' ORDER BY 1;
ROLLBACK;
-- a row security that costs the application nothing where it may see all
DROP POLICY tenant ON doc;
SET ROLE regress_app;
EXPLAIN (COSTS OFF) SELECT * FROM doc;
RESET ROLE;
CREATE POLICY tenant ON doc USING (tenant = 1);
SET ROLE regress_app;
EXPLAIN (COSTS OFF) SELECT * FROM doc;
SET ROLE regress_analyst;
EXPLAIN (COSTS OFF) SELECT * FROM doc;
RESET ROLE;
DROP TABLE doc;
ALTER DEFAULT PRIVILEGES REVOKE SELECT, INSERT ON TABLES FROM regress_analyst, regress_app;
\i :people_gone
