/* consent_profiling: what CREATE EXTENSION runs */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION consent_profiling" to load this file. \quit

-- Internal: has this transaction created a schema?
CREATE FUNCTION consent_profiling.schema_is_new(schema oid)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- The functions that run with the rights of the owner of the extension look names up
-- in its schema, and a function there with exactly fitting arguments is preferred to a
-- variadic or polymorphic one of pg_catalog.  A role that can put a function of its
-- own there would run it with those rights.  So only the extension creates objects in
-- its schema: the two functions below check it at installation, and keep_schema()
-- calls them after every command that could change it.

-- Internal: complain when a role other than the owner can create objects in the schema.
CREATE FUNCTION consent_profiling.check_schema(installing boolean DEFAULT false)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	space record;
	creator text;
BEGIN
	SELECT n.oid, n.nspowner AS owner, n.nspacl AS acl,
		   n.nspowner = e.extowner OR r.rolsuper AS is_trusted
		INTO space
		FROM pg_extension e
			JOIN pg_namespace n ON n.oid = e.extnamespace
			JOIN pg_roles r ON r.oid = n.nspowner
		WHERE e.extname = 'consent_profiling';
	IF NOT space.is_trusted THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'schema consent_profiling is not owned by a superuser',
			HINT = 'Change its owner, or let CREATE EXTENSION create it.';
	END IF;
	-- Default privileges may have opened a schema that CREATE EXTENSION has just
	-- created.  No other role has seen it, and what they gave is taken back.
	SELECT CASE WHEN a.grantee = 0 THEN 'public'
			ELSE pg_get_userbyid(a.grantee) END
		INTO creator
		FROM aclexplode(space.acl) a
		WHERE a.privilege_type = 'CREATE' AND a.grantee <> space.owner
			AND NOT (installing AND consent_profiling.schema_is_new(space.oid))
		ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s" must not have CREATE on schema consent_profiling', creator),
			DETAIL = 'Functions of the extension would call what it creates there, with the rights of their owner.',
			HINT = CASE WHEN installing
				THEN 'Drop the schema, and let CREATE EXTENSION create it.'
				ELSE 'USAGE is enough to call functions.' END;
	END IF;
END
$$;

-- Internal: complain about what is in the schema and is not of the extension.  Exempt
-- is what only the owner of a table can attach to it and what hides no name from the
-- functions; and the table "permission", see add_permission().
CREATE FUNCTION consent_profiling.check_schema_content(installing boolean DEFAULT false)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	stranger text;
BEGIN
	SELECT pg_describe_object(d.classid, d.objid, 0)
		INTO stranger
		FROM pg_extension e JOIN pg_depend d
			ON d.refclassid = 'pg_namespace'::regclass AND d.refobjid = e.extnamespace
		WHERE e.extname = 'consent_profiling'
			AND d.classid NOT IN ('pg_extension'::regclass,
								  'pg_default_acl'::regclass,
								  'pg_publication_namespace'::regclass,
								  'pg_statistic_ext'::regclass)
			AND NOT (d.classid = 'pg_class'::regclass
					 AND d.objid = COALESCE(to_regclass('consent_profiling.permission'), 0))
			AND NOT EXISTS (SELECT FROM pg_depend m
							WHERE m.classid = d.classid AND m.objid = d.objid
								AND m.refclassid = 'pg_extension'::regclass
								AND m.refobjid = e.oid AND m.deptype = 'e')
		ORDER BY 1 LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = 'only the extension creates objects in schema consent_profiling',
			DETAIL = format('Not of the extension: %s.', stranger),
			HINT = CASE WHEN installing
				THEN 'Drop the schema, and let CREATE EXTENSION create it.'
				ELSE 'Use another schema.' END;
	END IF;
END
$$;

SELECT consent_profiling.check_schema(installing => true);
SELECT consent_profiling.check_schema_content(installing => true);

-- Internal: the roles other than the owner to which an ACL grants anything, and PUBLIC
-- in any case, as a list for REVOKE.
CREATE FUNCTION consent_profiling.grantees(acl aclitem[], owner oid)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT concat_ws(', ', 'PUBLIC', string_agg(DISTINCT quote_ident(pg_get_userbyid(a.grantee)), ', '))
		FROM aclexplode(acl) a WHERE a.grantee NOT IN (0, owner)
$$;

-- The gate is called by all roles, so all may use the schema; what is in it is closed,
-- see acl.sql.
DO $$
DECLARE
	space record;
BEGIN
	SELECT consent_profiling.grantees(n.nspacl, n.nspowner) AS grantees,
		   pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(n.nspowner)) AS owner
		INTO space
		FROM pg_catalog.pg_namespace n WHERE n.nspname = 'consent_profiling';
	EXECUTE 'REVOKE ALL ON SCHEMA consent_profiling FROM ' || space.grantees;
	EXECUTE 'GRANT ALL ON SCHEMA consent_profiling TO ' || space.owner;
END
$$;
GRANT USAGE ON SCHEMA consent_profiling TO PUBLIC;
