/* consent_profiling: what CREATE EXTENSION runs */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION consent_profiling" to load this file. \quit

-- Whoever owns the schema can put functions of his own into it, which would then
-- run with the rights of the owner of the extension, and can drop it with all
-- that is in it.  A schema made beforehand must therefore be a superuser's.
DO $$
BEGIN
	IF NOT (SELECT r.rolsuper
			FROM pg_catalog.pg_namespace n
				JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
			WHERE n.nspname = 'consent_profiling') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'schema consent_profiling is not owned by a superuser',
			HINT = 'Change its owner, or let CREATE EXTENSION create it.';
	END IF;
END
$$;

-- Everybody may call the gate, so everybody may look into the schema; what is
-- in it is closed object by object below.
GRANT USAGE ON SCHEMA consent_profiling TO PUBLIC;
