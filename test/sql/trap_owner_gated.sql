-- An owner who comes to be gated: by a new owner of the table, or as a new
-- member of a gated role.  The library is loaded in this session.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
-- where the library is not preloaded protect() warns of members that do not inherit
SET client_min_messages = error;
CREATE ROLE regress_owner;
CREATE ROLE regress_noinherit NOINHERIT;
CREATE TABLE t (id int);
INSERT INTO t VALUES (1), (3);
ALTER TABLE t OWNER TO regress_owner;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
CREATE FUNCTION pg_temp.seen(reader name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	rows bigint;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', reader);
	SELECT count(*) INTO rows FROM t;
	RESET ROLE;
	RETURN format('%s of 2, %s, intact %s', rows,
		(SELECT CASE WHEN relforcerowsecurity THEN 'forced' ELSE 'not forced' END FROM pg_class WHERE oid = 't'::regclass),
		(SELECT intact FROM consent_profiling.protected_table));
END
$$;
SELECT pg_temp.seen('regress_owner');
-- by name
ALTER TABLE t OWNER TO regress_analyst;
SELECT pg_temp.seen('regress_analyst');
ALTER TABLE t OWNER TO regress_owner;
SELECT pg_temp.seen('regress_owner');
-- with all that the old owner had
REASSIGN OWNED BY regress_owner TO regress_analyst;
SELECT pg_temp.seen('regress_analyst');
REASSIGN OWNED BY regress_analyst TO regress_owner;
SELECT pg_temp.seen('regress_owner');
-- what is forced stays so until the table's owner asks
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT pg_temp.seen('regress_owner');
-- as a member
GRANT regress_analyst TO regress_owner;
SELECT pg_temp.seen('regress_owner');
REVOKE regress_analyst FROM regress_owner;
ALTER TABLE t OWNER TO regress_noinherit;
SELECT pg_temp.seen('regress_noinherit');
ALTER GROUP regress_analyst ADD USER regress_noinherit;
SELECT pg_temp.seen('regress_noinherit');
REVOKE regress_analyst FROM regress_noinherit;
-- through a role between
CREATE ROLE regress_between;
GRANT regress_between TO regress_noinherit;
GRANT regress_analyst TO regress_between;
SELECT pg_temp.seen('regress_noinherit');

-- where the library was not loaded when that was done, it is seen
BEGIN;
UPDATE pg_class SET relforcerowsecurity = false WHERE oid = 't'::regclass;
SELECT pg_temp.seen('regress_noinherit');
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT pg_temp.seen('regress_noinherit');
ROLLBACK;
DROP TABLE t;
DROP ROLE regress_between, regress_noinherit, regress_owner;
\i :people_gone
