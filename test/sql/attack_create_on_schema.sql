-- attack_create_on_schema: no role puts an object where functions with the owner's
-- rights would find it
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set here :DBNAME
CREATE ROLE regress_dev;
CREATE ROLE regress_app;
CREATE DATABASE regress_schema;
\c regress_schema

-- a schema that was prepared
SET client_min_messages = warning;
GRANT CREATE ON DATABASE regress_schema TO regress_dev;
CREATE SCHEMA consent_profiling AUTHORIZATION regress_dev;
CREATE EXTENSION consent_profiling;
DROP SCHEMA consent_profiling;
CREATE SCHEMA consent_profiling;
GRANT CREATE ON SCHEMA consent_profiling TO regress_dev;
CREATE EXTENSION consent_profiling;
-- nor when an uncommitted command was the last to change it
BEGIN;
GRANT USAGE ON SCHEMA consent_profiling TO regress_app;
CREATE EXTENSION consent_profiling;
ROLLBACK;
SET ROLE regress_dev;
CREATE FUNCTION consent_profiling.jsonb_build_object(text, bigint, text, text) RETURNS jsonb LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'ALTER ROLE regress_dev SUPERUSER'; RETURN '{}'; END $$;
RESET ROLE;
REVOKE CREATE ON SCHEMA consent_profiling FROM regress_dev;
CREATE EXTENSION consent_profiling;
DROP FUNCTION consent_profiling.jsonb_build_object;
GRANT CREATE ON SCHEMA consent_profiling TO PUBLIC;
CREATE EXTENSION consent_profiling;
DROP SCHEMA consent_profiling;
-- what default privileges give on the schema that CREATE EXTENSION creates is taken
-- back, in a subtransaction too
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_dev;
DO $$ BEGIN CREATE EXTENSION consent_profiling; EXCEPTION WHEN division_by_zero THEN NULL; END $$;
SELECT nspacl = acldefault('n', nspowner) || makeaclitem(0, nspowner, 'USAGE', false) FROM pg_namespace WHERE nspname = 'consent_profiling';
ALTER DEFAULT PRIVILEGES REVOKE ALL ON SCHEMAS FROM regress_dev;

-- a careless GRANT afterwards, in whatever form
GRANT CREATE ON SCHEMA consent_profiling TO regress_dev;
GRANT ALL ON SCHEMA public, consent_profiling TO PUBLIC;
DO $$ DECLARE s name; BEGIN FOR s IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' LOOP EXECUTE format('GRANT ALL ON SCHEMA %I TO regress_dev', s); END LOOP; END $$;
SET session_replication_role = replica;
GRANT CREATE ON SCHEMA consent_profiling TO regress_dev WITH GRANT OPTION;
RESET session_replication_role;
ALTER SCHEMA consent_profiling OWNER TO regress_dev;
GRANT USAGE ON SCHEMA consent_profiling TO regress_dev;
GRANT CREATE ON SCHEMA public TO regress_dev;
-- another schema in its place
ALTER SCHEMA consent_profiling RENAME TO genuine;

SELECT consent_profiling.grant_duty('regress_app', 'recorder');
SELECT consent_profiling.grant_duty('regress_dev', 'recorder');
SET ROLE regress_dev;
CREATE FUNCTION consent_profiling.jsonb_build_object(text, bigint, text, text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
CREATE SCHEMA consent_profiling;
CREATE FUNCTION public.format(text, consent_profiling.subject_id) RETURNS text LANGUAGE plpgsql AS $$
BEGIN EXECUTE 'ALTER ROLE regress_dev SUPERUSER'; RETURN 'x'; END $$;
ALTER FUNCTION public.format(text, consent_profiling.subject_id) SET SCHEMA consent_profiling;
RESET ROLE;
-- and a careless superuser does not move it there, nor create it
ALTER FUNCTION public.format(text, consent_profiling.subject_id) SET SCHEMA consent_profiling;
SET session_replication_role = replica;
ALTER FUNCTION public.format(text, consent_profiling.subject_id) SET SCHEMA consent_profiling;
RESET session_replication_role;
CREATE FUNCTION consent_profiling.format(text, consent_profiling.subject_id) RETURNS text LANGUAGE sql RETURN 'x';
CREATE OPERATOR consent_profiling.|| (LEFTARG = text, RIGHTARG = consent_profiling.subject_id, FUNCTION = public.format);
CREATE TYPE consent_profiling.mine AS (x int);
CREATE DOMAIN consent_profiling.mine AS int;
CREATE AGGREGATE consent_profiling.mine (int) (SFUNC = int4pl, STYPE = int);
CREATE TABLE consent_profiling.mine AS SELECT 1;
SELECT 1 AS x INTO consent_profiling.mine;
CREATE VIEW consent_profiling.mine AS SELECT 1;
CREATE SEQUENCE consent_profiling.mine;
CREATE COLLATION consent_profiling.mine FROM "C";
CREATE TEXT SEARCH DICTIONARY consent_profiling.mine (TEMPLATE = simple);
ALTER EXTENSION consent_profiling DROP FUNCTION consent_profiling.ungated();
-- what the tables' owner hangs on them is none of that
BEGIN;
CREATE INDEX ON consent_profiling.event (recorded_at);
CREATE STATISTICS consent_profiling.event_statistics ON act, purpose FROM consent_profiling.event;
ROLLBACK;

-- the attacks, tried by one who records and looks names up elsewhere first
SET ROLE regress_dev;
CREATE SCHEMA regress_dev;
CREATE FUNCTION regress_dev.seen() RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	IF current_user <> 'regress_dev' THEN RAISE WARNING 'runs with the rights of %', current_user; END IF;
	RETURN true;
END $$;
CREATE FUNCTION regress_dev.jsonb_build_object(text, bigint, text, text) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb WHERE regress_dev.seen() $$;
CREATE FUNCTION regress_dev.format(text, text) RETURNS text LANGUAGE sql AS $$ SELECT 'x'::text WHERE regress_dev.seen() $$;
CREATE FUNCTION regress_dev.eq(consent_profiling.subject_id, consent_profiling.subject_id) RETURNS boolean LANGUAGE sql AS $$ SELECT regress_dev.seen() $$;
CREATE OPERATOR regress_dev.= (LEFTARG = consent_profiling.subject_id, RIGHTARG = consent_profiling.subject_id, FUNCTION = regress_dev.eq);
SET search_path = regress_dev, pg_temp, public, pg_catalog, consent_profiling;
SELECT FROM consent_profiling.register_subject(1, '1980-01-01');
SELECT FROM consent_profiling.give_consent(1);
SELECT consent_profiling.open_request(1, 'access');
SELECT FROM consent_profiling.give_consent('not there');
RESET search_path;
SET ROLE regress_app;
SELECT consent_profiling.open_request(1, 'access');
-- a No goes through
SELECT consent_profiling.consent_status(consent_profiling.withdraw_consent(1));
RESET ROLE;
SELECT rolname, rolsuper FROM pg_roles WHERE rolname = 'regress_dev';

-- the rule behind it: those who run with the owner's rights look only there, and what
-- looks names up by its caller's path is the owner's alone to call, or has none to find
SELECT oid::regprocedure FROM pg_proc WHERE pronamespace = 'consent_profiling'::regnamespace AND prosecdef
	AND NOT COALESCE(proconfig && '{"search_path=pg_catalog, consent_profiling, pg_temp","search_path=pg_catalog, pg_temp"}', false);
SELECT p.oid::regprocedure FROM pg_proc p JOIN pg_language l ON l.oid = prolang
	WHERE pronamespace = 'consent_profiling'::regnamespace AND lanname IN ('sql', 'plpgsql') AND prosqlbody IS NULL
		AND NOT COALESCE(proconfig && '{"search_path=pg_catalog, consent_profiling, pg_temp","search_path=pg_catalog, pg_temp"}', false)
		AND EXISTS (SELECT FROM aclexplode(COALESCE(proacl, acldefault('f', proowner))) WHERE grantee <> proowner);

\c :here
DROP DATABASE regress_schema;
DROP ROLE regress_dev, regress_app;
