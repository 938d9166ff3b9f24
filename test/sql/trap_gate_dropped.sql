-- A tool that writes schemas does not know the gates: it disables row security,
-- drops and alters policies, or makes copies that are permissive.  None of it
-- opens a gate without a word.  As the table's owner, unless said otherwise.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
CREATE FUNCTION pg_temp.seen(tab text DEFAULT 't') RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	app bigint;
	analyst bigint;
BEGIN
	SET LOCAL ROLE regress_app;
	EXECUTE format('SELECT count(*) FROM %I', tab) INTO app;
	SET LOCAL ROLE regress_analyst;
	EXECUTE format('SELECT count(*) FROM %I', tab) INTO analyst;
	RESET ROLE;
	RETURN format('app %s, analyst %s', app, analyst);
END
$$;
CREATE FUNCTION pg_temp.listed() RETURNS TABLE (relation text, by name, purpose text, roles name[], intact boolean) LANGUAGE sql AS
	'SELECT relation::text, subject_column, purpose, roles, intact FROM consent_profiling.protected_table ORDER BY 1, 5';
SET ROLE regress_owner;
CREATE TABLE t (id int, k int) PARTITION BY LIST (k);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
INSERT INTO t VALUES (1, 1), (3, 1);
GRANT SELECT ON t, t1 TO regress_analyst, regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');

-- what drizzle-kit push does
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
DROP POLICY consent_profiling_id ON t;
DROP POLICY IF EXISTS consent_profiling_id ON public.t;
DROP POLICY consent_profiling_ungated ON t;
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;
-- and others
ALTER POLICY consent_profiling_id ON t RENAME TO no_profiling_without_consent;
ALTER POLICY consent_profiling_id ON t TO regress_owner;
ALTER POLICY consent_profiling_id ON t USING (true);
ALTER POLICY consent_profiling_ungated ON t RENAME TO open;
ALTER POLICY consent_profiling_ungated ON t USING (false);
DO $$ BEGIN EXECUTE 'DROP POLICY consent_profiling_id ON t1'; END $$;
ALTER TABLE t DROP COLUMN id CASCADE;
-- what is not there, or not ours, or not theirs
DROP POLICY IF EXISTS consent_profiling_id ON nothing;
DROP POLICY IF EXISTS nothing ON t;
DROP POLICY nothing ON t;
CREATE POLICY other ON t AS RESTRICTIVE USING (k = 1);
ALTER POLICY other ON t RENAME TO another;
DROP POLICY another ON t;
SET ROLE regress_analyst;
DROP POLICY consent_profiling_id ON t;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
RESET ROLE;
-- a superuser neither
DROP POLICY consent_profiling_id ON t;
SELECT pg_temp.seen(), pg_temp.seen('t1');
SELECT * FROM pg_temp.listed();

-- by another name it is a gate all the same; as where the event triggers are off
ALTER EVENT TRIGGER consent_profiling_guard_gates DISABLE;
SET ROLE regress_owner;
ALTER POLICY consent_profiling_id ON t RENAME TO no_profiling_without_consent;
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
ALTER TABLE t DROP COLUMN id CASCADE;
RESET ROLE;
SELECT * FROM pg_temp.listed();
SELECT consent_profiling.add_purpose('dropped');
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'dropped');
SELECT consent_profiling.drop_purpose('dropped');
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
SELECT policyname FROM pg_policies WHERE tablename = 't' ORDER BY 1;
SELECT consent_profiling.drop_purpose('dropped');

-- altered, permissive, for one command only: listed as not intact, and made again by protect
SET ROLE regress_owner;
ALTER POLICY consent_profiling_id ON t USING (consent_profiling.may_profile(id, 'profiling') OR true);
SELECT * FROM pg_temp.listed() WHERE relation = 't';
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
DROP POLICY consent_profiling_id ON t;
SET client_min_messages = warning;
CREATE POLICY consent_profiling_id ON t TO regress_analyst USING (consent_profiling.may_profile(id, 'profiling'));
RESET client_min_messages;
SELECT * FROM pg_temp.listed() WHERE relation = 't';
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
DROP POLICY consent_profiling_id ON t;
CREATE POLICY by_hand ON t AS RESTRICTIVE FOR UPDATE TO regress_analyst USING (consent_profiling.may_profile(id, 'profiling'));
SELECT * FROM pg_temp.listed() WHERE relation = 't';
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
SELECT policyname, permissive, cmd FROM pg_policies WHERE tablename = 't' ORDER BY 1;
RESET ROLE;
SELECT pg_temp.seen();
-- gates that are gone: what remains is listed, protect makes them again, unprotect clears it
SET ROLE regress_owner;
DROP POLICY consent_profiling_id ON t;
RESET ROLE;
SELECT pg_temp.seen();
SELECT * FROM pg_temp.listed() WHERE relation = 't';
SET ROLE regress_owner;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
ALTER POLICY consent_profiling_ungated ON t USING (consent_profiling.ungated() AND k = 2);
RESET ROLE;
SELECT pg_temp.seen();
SELECT * FROM pg_temp.listed() WHERE relation = 't';
SET ROLE regress_owner;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
RESET ROLE;
SELECT pg_temp.seen();
-- the helper dropped: the table is closed, protect says so, and how it is opened
SET ROLE regress_owner;
DROP POLICY consent_profiling_ungated ON t;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}', 'profiling');
RESET ROLE;
SELECT pg_temp.seen();
SET ROLE regress_owner;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
RESET ROLE;
SELECT pg_temp.seen();
ALTER EVENT TRIGGER consent_profiling_guard_gates ENABLE ALWAYS;

-- what has to go on working
SET ROLE regress_owner;
DROP TABLE t2;
ALTER TABLE t DETACH PARTITION t1;
SELECT consent_profiling.unprotect('t1');
DROP TABLE t1;
SELECT consent_profiling.unprotect('t');
ALTER TABLE t DROP COLUMN id CASCADE;
DROP TABLE t;
CREATE TABLE t (id int);
GRANT SELECT ON t TO regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
CREATE POLICY other ON t AS RESTRICTIVE TO regress_app USING (false);
RESET ROLE;
CREATE ROLE regress_gone;
SELECT consent_profiling.protect('t', 'id', '{regress_gone}');
DROP OWNED BY regress_gone;
DROP ROLE regress_gone;
SELECT * FROM pg_temp.listed();
DROP OWNED BY regress_owner CASCADE;
SELECT * FROM pg_temp.listed();
DROP ROLE regress_owner;
\i :people_gone
