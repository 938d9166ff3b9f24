-- who walks past every policy: the owner without FORCE, superusers, BYPASSRLS
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE ROLE regress_owner;
CREATE ROLE regress_bypass BYPASSRLS;
CREATE ROLE regress_super SUPERUSER;
CREATE ROLE regress_reader IN ROLE pg_read_all_data;
CREATE ROLE regress_member IN ROLE regress_analyst;
CREATE ROLE regress_aloof NOINHERIT IN ROLE regress_analyst;
CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
ALTER TABLE t OWNER TO regress_owner;
GRANT SELECT ON t TO PUBLIC;
-- an owner may protect his table, without being a superuser
-- where the library is not preloaded it warns of members that do not inherit
SET client_min_messages = error;
SET ROLE regress_owner;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst,regress_bypass,regress_super,regress_reader}');
RESET ROLE;
CREATE FUNCTION pg_temp.seen(VARIADIC roles name[]) RETURNS TABLE (role name, seen bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH role IN ARRAY roles LOOP
		EXECUTE format('SET LOCAL ROLE %I', role);
		SELECT count(*) INTO seen FROM t;
		RESET ROLE;
		RETURN NEXT;
	END LOOP;
END
$$;
-- superusers and BYPASSRLS see all, gated or not; pg_read_all_data does not; a
-- member is gated, also one that inherits nothing and has rights of its own, as
-- the library is loaded
SELECT * FROM pg_temp.seen('regress_owner', 'regress_analyst', 'regress_reader', 'regress_bypass',
	'regress_super', 'regress_member', 'regress_aloof', 'regress_app');
SELECT relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass;

-- FORCE exactly when the owner is gated: by name
SELECT consent_profiling.protect('t', 'id', '{regress_owner}');
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_owner', 'regress_analyst') s WHERE oid = 't'::regclass;
SELECT consent_profiling.protect('t', 'id', '{regress_app}');
SELECT consent_profiling.unprotect('t', '{regress_owner}');
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_owner', 'regress_app') s WHERE oid = 't'::regclass;
-- by PUBLIC
SELECT consent_profiling.protect('t', 'id', '{public}');
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_owner', 'regress_aloof', 'regress_super') s WHERE oid = 't'::regclass;
-- by membership
SELECT consent_profiling.unprotect('t');
SELECT relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass;
GRANT regress_analyst TO regress_owner;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_owner') s WHERE oid = 't'::regclass;
-- as long as there is a gate that a gated owner is behind, he does not get rid of FORCE but with the gate
SET ROLE regress_owner;
ALTER TABLE t NO FORCE ROW LEVEL SECURITY;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
SELECT count(*) FROM t;
RESET ROLE;

-- the table changes hands: FORCE follows
REVOKE regress_analyst FROM regress_owner;
ALTER TABLE t OWNER TO regress_app;
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_app') s WHERE oid = 't'::regclass;
ALTER TABLE t OWNER TO regress_analyst;
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_analyst') s WHERE oid = 't'::regclass;
-- by REASSIGN OWNED, too, as the library is loaded; see trap_owner_gated
ALTER TABLE t OWNER TO regress_owner;
REASSIGN OWNED BY regress_owner TO regress_analyst;
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_analyst') s WHERE oid = 't'::regclass;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT relforcerowsecurity, s.* FROM pg_class, pg_temp.seen('regress_analyst') s WHERE oid = 't'::regclass;

-- FORCE that somebody else wanted, on a table with row security of its own, stays
SELECT consent_profiling.unprotect('t');
ALTER TABLE t OWNER TO regress_owner;
ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY everybody ON t USING (true);
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.unprotect('t');
SELECT relrowsecurity, relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass;

DROP TABLE t;
DROP ROLE regress_owner, regress_bypass, regress_super, regress_reader, regress_member, regress_aloof;
\i :people_gone
