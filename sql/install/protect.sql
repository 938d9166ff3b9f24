---------------------------------------------------------------------
-- Protect
---------------------------------------------------------------------

-- The policies in the catalogue are the only list of protected tables there
-- is.  A gate is a policy that calls may_profile(); whatever its name, it is
-- intact when it is RESTRICTIVE and the call is all there is to it.  Every gated
-- role has a policy of its own: where a dump is restored and one of the roles is
-- missing, the others stay gated.  Restrictive policies alone show nothing.
-- Where the table had no row security before, a permissive policy, the helper,
-- shows rows, as long as the table has no other permissive policy.

-- Internal: what the helper calls.  It is true; it is there for the policy to
-- depend on the extension, so that DROP EXTENSION ... CASCADE takes the
-- permission along with the gate and leaves a closed table.  Throws where Citus
-- would turn gates into their opposite.
CREATE FUNCTION consent_profiling.ungated()
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;

-- Internal: the type beneath all domains.
CREATE FUNCTION consent_profiling.base_type(type oid)
	RETURNS oid AS 'MODULE_PATHNAME', 'consent_profiling_base_type'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: does a policy depend on a function of ours of this name?  With a
-- null name, on any.
CREATE FUNCTION consent_profiling.policy_calls(policy oid, function name,
		arguments integer DEFAULT NULL)
	RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT EXISTS (
		SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
			WHERE d.classid = 'pg_policy'::regclass
				AND d.objid = policy
				AND d.refclassid = 'pg_proc'::regclass
				AND p.pronamespace = 'consent_profiling'::regnamespace
				AND (function IS NULL OR p.proname = function)
				AND (arguments IS NULL OR p.pronargs = arguments))
$$;

-- Internal: what a policy is, read from its nodes: a gate or a helper; is it
-- exactly as protect() makes it; and a gate's columns and purpose.
CREATE FUNCTION consent_profiling.read_policy(policy oid, OUT relation oid,
		OUT kind text, OUT intact boolean, OUT column_mode boolean,
		OUT columns name[], OUT purpose text, OUT roles oid[])
	AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: the same for a policy that this transaction has dropped, and for what
-- a policy was before this transaction altered it for the last time.
CREATE FUNCTION consent_profiling.dropped_policy(policy oid, OUT relation oid,
		OUT kind text, OUT intact boolean, OUT column_mode boolean,
		OUT columns name[], OUT purpose text, OUT roles oid[])
	AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION consent_profiling.altered_policy(policy oid, OUT relation oid,
		OUT kind text, OUT intact boolean, OUT column_mode boolean,
		OUT columns name[], OUT purpose text, OUT roles oid[])
	AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Internal: what this transaction has done: the roles of a relation's gates that
-- it dropped or altered; a trigger of track_subjects() that it dropped, and
-- whether that one names the columns; and is a row of the catalogue with this
-- xmin its own?
CREATE FUNCTION consent_profiling.dropped_gate_roles(relation oid)
	RETURNS oid[] AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION consent_profiling.dropped_tracker(trigger oid, OUT relation oid,
		OUT names_columns boolean)
	AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION consent_profiling.made_here(xid xid)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Internal: the gates, intact or not.
CREATE VIEW consent_profiling.gate AS
	SELECT pol.polrelid::pg_catalog.regclass AS relation,
		pol.polname AS policy,
		k.column_mode,
		k.columns,
		pol.polroles AS roles,
		k.purpose,
		k.intact,
		pol.polpermissive AS permissive
	FROM pg_catalog.pg_policy pol
		CROSS JOIN LATERAL consent_profiling.read_policy(pol.oid) k
	WHERE k.kind OPERATOR(pg_catalog.=) 'gate';

-- Internal: the helpers.
CREATE VIEW consent_profiling.helper AS
	SELECT pol.polrelid::pg_catalog.regclass AS relation,
		pol.polname AS policy,
		k.intact
	FROM pg_catalog.pg_policy pol
		CROSS JOIN LATERAL consent_profiling.read_policy(pol.oid) k
	WHERE k.kind OPERATOR(pg_catalog.=) 'helper';

-- Internal: is this owner one of the members of the roles, of whatever kind?  0
-- is PUBLIC.
CREATE FUNCTION consent_profiling.owner_is_gated(owner oid, roles oid[])
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	-- A superuser counts as a member of every role, which is not meant here.
	SELECT bool_or(r = 0 OR r = owner
				   OR (NOT o.rolsuper AND pg_has_role(owner, r, 'MEMBER')))
		FROM pg_roles o, unnest(roles) r
		WHERE o.oid = owner
$$;

CREATE VIEW consent_profiling.protected_table AS
	SELECT g.relation,
		CASE WHEN NOT g.column_mode THEN g.columns[1] END AS subject_column,
		g.purpose,
		pg_catalog.array_agg(n.name ORDER BY n.name) AS roles,
		CASE WHEN g.column_mode THEN g.columns[1] END AS birth_date_column,
		CASE WHEN g.column_mode THEN g.columns[2] END AS consent_column,
		CASE WHEN g.column_mode THEN g.columns[3] END AS objection_column,
		i.intact
	FROM consent_profiling.gate g
		JOIN pg_catalog.pg_class c ON c.oid OPERATOR(pg_catalog.=) g.relation
		CROSS JOIN LATERAL (
			SELECT g.intact AND c.relrowsecurity
				AND (c.relforcerowsecurity
					 OR NOT consent_profiling.owner_is_gated(c.relowner, g.roles)))
			AS i (intact)
		CROSS JOIN LATERAL (
			SELECT CASE WHEN u.role OPERATOR(pg_catalog.=) 0 THEN 'public'
				ELSE pg_catalog.pg_get_userbyid(u.role) END
				FROM pg_catalog.unnest(g.roles) AS u (role)) AS n (name)
	GROUP BY g.relation, g.column_mode, g.columns, g.purpose, i.intact
	UNION ALL
	-- A helper whose gates are gone, or that was altered.
	SELECT h.relation, NULL, NULL, '{}', NULL, NULL, NULL, false
	FROM consent_profiling.helper h
	WHERE NOT h.intact
		OR NOT EXISTS (SELECT FROM consent_profiling.gate g
					   WHERE g.relation OPERATOR(pg_catalog.=) h.relation);
COMMENT ON VIEW consent_profiling.protected_table IS
	'the gates on tables: by which column, for which purpose (null: the session''s) and for which roles; or by which three columns in column mode; not intact: altered, permissive, row security off or not forced on a gated owner, or, without roles, what remains of gates that are gone';

-- Internal: a relation and all partitions and children of it.
CREATE FUNCTION consent_profiling.with_descendants(relation regclass)
	RETURNS SETOF regclass
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE down AS (
		SELECT relation::oid AS relid
		UNION
		SELECT i.inhrelid FROM down JOIN pg_inherits i ON i.inhparent = down.relid
	)
	SELECT relid::regclass FROM down
$$;

-- Internal: complain about a relation that cannot be gated, and say what to do
-- instead.
CREATE FUNCTION consent_profiling.check_relation(relation regclass)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	class pg_class;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'relation must not be null';
	END IF;
	SELECT * INTO class FROM pg_class WHERE oid = relation;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table',
			MESSAGE = format('relation with OID %s does not exist', relation::oid);
	END IF;
	IF class.relkind NOT IN ('r', 'p') THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = CASE class.relkind
				WHEN 'v' THEN format('%s is a view', relation)
				WHEN 'm' THEN format('%s is a materialized view', relation)
				WHEN 'f' THEN format('%s is a foreign table', relation)
				ELSE format('%s is not a table', relation) END,
			HINT = CASE class.relkind
				WHEN 'v' THEN 'Protect the tables beneath it, and let it ask with the reader''s rights: ALTER VIEW ... SET (security_invoker = true).'
				WHEN 'm' THEN 'Row security does not cover it. Let those who profile read the protected tables themselves, or fill an ordinary table and protect that.'
				WHEN 'f' THEN 'Row security does not cover it. Protect the table on the remote server, or fill an ordinary table and protect that.'
				ELSE 'Only ordinary and partitioned tables can be protected.' END;
	END IF;
	IF class.relnamespace IN ('pg_catalog'::regnamespace,
							  'pg_toast'::regnamespace)
		OR relation::oid < 16384 THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is a system table', relation),
			HINT = 'Only tables that hold people''s data can be protected.';
	END IF;
	IF class.relnamespace = 'consent_profiling'::regnamespace THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s belongs to the registry', relation),
			HINT = 'The registry is closed to everybody but its owner anyway.';
	END IF;
END
$$;

-- Internal: complain about a column that the gate cannot go by.
CREATE FUNCTION consent_profiling.check_column(relation regclass,
		argument text, column_name name, types oid[], expected text)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	type oid;
BEGIN
	IF column_name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = format('%s must not be null', argument);
	END IF;
	SELECT atttypid INTO type FROM pg_attribute
		WHERE attrelid = relation AND attname = column_name
			AND attnum > 0 AND NOT attisdropped;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_column',
			MESSAGE = format('column "%s" of relation %s does not exist',
							 column_name, relation);
	END IF;
	IF base_type(type) <> ALL (types) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of relation %s is of type %s',
							 column_name, relation, format_type(type, NULL)),
			HINT = format('%s must be of type %s.', argument, expected);
	END IF;
END
$$;

-- Internal: the types that identify a subject.
CREATE FUNCTION consent_profiling.subject_types()
	RETURNS oid[]
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar',
				 'consent_profiling.subject_id']::regtype[]::oid[]
$$;

-- Internal: run commands on policies and row security as our own, with the
-- rights of the caller; and does one run?
CREATE FUNCTION consent_profiling.gate_ddl(commands text)
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;
CREATE FUNCTION consent_profiling.in_gate_ddl()
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: bring a relation's helper in order, as our own command and with the
-- rights of the caller: make it, remove it, or, with null, leave it to be or not
-- to be; and have it show rows only where no other permissive policy is.  Says
-- what became of it: open, shut or gone; or null where nothing was to be done.
CREATE FUNCTION consent_profiling.settle_helper(relation oid, wanted boolean)
	RETURNS text AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: lock a relation that is about to be gated or opened, with a clear
-- word for those who may not.
CREATE FUNCTION consent_profiling.lock_relation(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM check_relation(relation);
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class
			WHERE oid = relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('must be owner of table %s', relation);
	END IF;
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
END
$$;

-- Internal: may the transaction's snapshot be older than the catalogue?
CREATE FUNCTION consent_profiling.keeps_snapshot()
	RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted')
$$;

-- Internal: a relation with its descendants, locked, all fit to be gated.
-- What the catalogue says of them must be what it says now, and not what it
-- said when a transaction began.
CREATE FUNCTION consent_profiling.lock_family(relation regclass)
	RETURNS SETOF regclass
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[] := '{}';
	member regclass;
BEGIN
	IF keeps_snapshot() THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'tables are protected and unprotected in READ COMMITTED transactions only';
	END IF;
	PERFORM check_relation(relation);
	PERFORM lock_relation(relation);

	-- While this waits for the lock on one member, others may be added beneath.
	LOOP
		SELECT d INTO member FROM with_descendants(relation) d
			WHERE d <> ALL (family) LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM lock_relation(member);
		family := family || member;
		RETURN NEXT member;
	END LOOP;
END
$$;

-- Internal: make the policies of a gate on one relation: by its subject column,
-- or by its three columns in column mode.
CREATE FUNCTION consent_profiling.add_gate(relation regclass, columns name[],
		purpose text, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	stem text := 'consent_profiling_' || columns[1];
	role oid;
	new name;
	suffix integer;
BEGIN
	-- Leave room for the suffix, so that it is not what is cut off.
	WHILE octet_length(stem) > 58 LOOP
		stem := left(stem, -1);
	END LOOP;

	FOREACH role IN ARRAY roles LOOP
		new := stem;
		suffix := 1;
		-- Two names are for other policies of ours, now or later.
		WHILE new IN ('consent_profiling_ungated', 'consent_profiling_closed')
			OR EXISTS (SELECT FROM pg_policy
					   WHERE polrelid = relation AND polname = new) LOOP
			suffix := suffix + 1;
			new := stem || '_' || suffix;
		END LOOP;
		PERFORM gate_ddl(format('CREATE POLICY %I ON %s AS RESTRICTIVE FOR ALL TO %s USING (consent_profiling.may_profile(%s))',
					   new, relation, role_list(ARRAY[role]),
					   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
						FROM unnest(columns) WITH ORDINALITY AS u (c, n))
					   || COALESCE(', ' || quote_literal(add_gate.purpose), '')));
	END LOOP;
END
$$;

-- Internal: drop a gate's policy.  One made by hand may be for other roles as
-- well; it goes on for those.
CREATE FUNCTION consent_profiling.drop_gate(relation regclass, policy name,
		roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	others oid[] := ARRAY(SELECT r FROM pg_policy p, unnest(p.polroles) r
						  WHERE p.polrelid = relation AND p.polname = policy
							  AND r <> ALL (roles));
BEGIN
	IF cardinality(others) > 0 THEN
		PERFORM gate_ddl(format('ALTER POLICY %I ON %s TO %s', policy, relation,
								role_list(others)));
	ELSE
		PERFORM gate_ddl(format('DROP POLICY IF EXISTS %I ON %s', policy, relation));
	END IF;
END
$$;

-- Internal: put the gates of these roles on a relation and all partitions and
-- children, in place of those that they have there by the same columns.  Of a
-- partition's gates only those that came from the relation are replaced; it may
-- have others of its own.  Other roles keep theirs.
CREATE FUNCTION consent_profiling.gate_family(relation regclass,
		columns name[], purpose text, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	-- Everybody is gated once, by the one policy.
	gated oid[] := CASE WHEN 0 = ANY (roles) THEN '{0}' ELSE roles END;
	family regclass[];
	member regclass;
	old record;
	creators text;
BEGIN
	-- Throws where Citus is and the library was not preloaded.
	PERFORM ungated();
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	FOR old IN
		SELECT g.purpose AS was, g.intact,
			   string_agg(DISTINCT CASE r WHEN 0 THEN 'public'
						  ELSE pg_get_userbyid(r) END, ', ') AS names
		FROM gate g, unnest(g.roles) r
		WHERE g.relation = gate_family.relation
			AND g.columns = gate_family.columns
			AND r = ANY (gate_family.roles)
			AND NOT (g.intact AND r = ANY (gated)
					 AND g.purpose IS NOT DISTINCT FROM gate_family.purpose)
		GROUP BY 1, 2 LOOP
		IF NOT old.intact THEN
			RAISE NOTICE 'the gate of % on % did not hold and is made again',
				old.names, relation;
		ELSE
			RAISE NOTICE 'the gate of % on % was for % and is replaced',
				old.names, relation,
				COALESCE('purpose "' || old.was || '"', 'the session''s purpose');
		END IF;
	END LOOP;

	FOR old IN
		SELECT DISTINCT c.relation, c.policy
		FROM gate t JOIN gate c
			ON c.columns = t.columns
			AND c.purpose IS NOT DISTINCT FROM t.purpose,
			unnest(t.roles) r
		WHERE t.relation = gate_family.relation
			AND t.columns = gate_family.columns
			AND r = ANY (gate_family.roles)
			AND r = ANY (c.roles)
			AND c.relation = ANY (family) LOOP
		PERFORM drop_gate(old.relation, old.policy, roles);
	END LOOP;

	FOREACH member IN ARRAY family LOOP
		PERFORM add_gate(member, columns, gate_family.purpose, gated);
		-- What was altered or dropped by other means is repaired.
		PERFORM settle_helper(member, NULL);
	END LOOP;
	PERFORM gate_children(ARRAY[relation]);

	-- A gated role's own trigger is given rows that the role may not see.
	SELECT string_agg(DISTINCT t, ', ') INTO creators
		FROM unnest(family) f, trigger_creators(f, gated) t;
	IF creators IS NOT NULL THEN
		RAISE WARNING 'gated roles can create triggers on %: %', relation, creators
			USING DETAIL = 'A trigger is given every row that others write, and runs with their rights.',
				HINT = 'REVOKE TRIGGER on the table from them.';
	END IF;
	-- PostgreSQL alone applies policies to the members that inherit.
	SELECT string_agg(quote_ident(m), ', ' ORDER BY m) INTO creators
		FROM members_without_inherit(gated) m;
	IF creators IS NOT NULL AND NOT is_preloaded() THEN
		RAISE WARNING 'members that do not inherit from a gated role are not gated: %', creators
			USING DETAIL = 'They are when the library is preloaded.',
				HINT = 'Add consent_profiling to shared_preload_libraries, or protect the table for them by name.';
	END IF;
	IF NOT EXISTS (SELECT FROM pg_policy p
				   WHERE p.polrelid = relation AND p.polpermissive) THEN
		RAISE NOTICE 'row security was on: % shows no rows as long as it has no permissive policy', relation
			USING HINT = 'To let roles that are not gated see all rows, ALTER TABLE ... DISABLE ROW LEVEL SECURITY: the gates stay.';
	END IF;
END
$$;

-- Internal: roles with the privilege TRIGGER on a relation, of those that the
-- gates are for: the role, its members, and what it is a member of.
CREATE FUNCTION consent_profiling.trigger_creators(relation regclass, roles oid[])
	RETURNS SETOF text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT DISTINCT CASE a.grantee WHEN 0 THEN 'public'
			ELSE quote_ident(pg_get_userbyid(a.grantee)) END
		FROM pg_class c, aclexplode(c.relacl) a
			LEFT JOIN pg_roles g ON g.oid = a.grantee
		WHERE c.oid = relation
			AND a.privilege_type = 'TRIGGER'
			AND a.grantee <> c.relowner
			AND NOT COALESCE(g.rolsuper, false)
			AND (0 = ANY (roles) OR a.grantee = 0
				 OR EXISTS (SELECT FROM pg_roles r
							WHERE r.oid = ANY (roles) AND NOT r.rolsuper
								AND (pg_has_role(g.oid, r.oid, 'MEMBER')
									 OR pg_has_role(r.oid, g.oid, 'MEMBER'))))
$$;

-- Internal: members of gated roles that do not inherit from them.
CREATE FUNCTION consent_profiling.members_without_inherit(roles oid[])
	RETURNS SETOF name
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT m.rolname
		FROM pg_roles m
		WHERE 0 <> ALL (roles) AND NOT m.rolsuper AND NOT m.rolbypassrls
			AND EXISTS (SELECT FROM pg_roles r WHERE r.oid = ANY (roles)
							AND pg_has_role(m.oid, r.oid, 'MEMBER'))
			AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = ANY (roles)
							AND pg_has_role(m.oid, r.oid, 'USAGE'))
$$;

-- Internal: was the library loaded at the server's start?
CREATE FUNCTION consent_profiling.is_preloaded()
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;

-- Internal: switch row security on, and FORCE it exactly when the owner is
-- among the gated roles.  Where the table had row security before, FORCE may
-- be somebody else's, so that it is only ever added.
CREATE FUNCTION consent_profiling.switch_on(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	class pg_class;
	gated boolean;
	ours boolean;
BEGIN
	SELECT * INTO class FROM pg_class WHERE oid = relation;
	gated := EXISTS (SELECT FROM gate g
					 WHERE g.relation = switch_on.relation
						 AND owner_is_gated(class.relowner, g.roles));
	ours := EXISTS (SELECT FROM helper h WHERE h.relation = switch_on.relation);
	IF NOT class.relrowsecurity THEN
		-- Restrictive policies alone show nothing.
		IF settle_helper(relation, true) = 'shut' THEN
			RAISE NOTICE 'the other policies of % are in force, too', relation;
		END IF;
		ours := true;
		PERFORM gate_ddl(format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation));
	END IF;
	IF gated AND NOT class.relforcerowsecurity THEN
		PERFORM gate_ddl(format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation));
	ELSIF class.relforcerowsecurity AND ours AND NOT gated THEN
		PERFORM gate_ddl(format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation));
	END IF;
END
$$;

-- Internal: the roles of protect() as oids.
CREATE FUNCTION consent_profiling.gated_roles(roles name[])
	RETURNS oid[]
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF roles IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'roles must not be null',
			HINT = 'Name the roles that profile, or ''{public}'' for everybody.';
	END IF;
	IF cardinality(roles) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'roles must not be empty',
			HINT = 'Name the roles that profile, or ''{public}'' for everybody.';
	END IF;
	RETURN (SELECT array_agg(DISTINCT o) FROM unnest(roles) r, role_oid(r) o);
END
$$;

CREATE FUNCTION consent_profiling.protect(relation regclass,
		subject_column name, roles name[], purpose text DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	gated oid[] := gated_roles(roles);
BEGIN
	PERFORM check_relation(relation);
	PERFORM check_column(relation, 'subject_column', subject_column,
						 subject_types(),
						 'smallint, integer, bigint, uuid, text, varchar or consent_profiling.subject_id');
	PERFORM check_gate_purpose(protect.purpose);
	PERFORM gate_family(relation, ARRAY[subject_column], protect.purpose, gated);
	PERFORM record_gates('protect', relation, roles);
END
$$;
COMMENT ON FUNCTION consent_profiling.protect(regclass, name, name[], text) IS
	'gates a table by the subject in a column: the roles, or public, no longer see or write rows of people who may not be profiled for the purpose (default: the session''s); covers partitions and children; replaces the gates that these roles have by this column, and leaves those of other roles alone; throws wrong_object_type, undefined_column, datatype_mismatch, undefined_object, object_not_in_prerequisite_state for a purpose that is not profiling, insufficient_privilege';

CREATE FUNCTION consent_profiling.protect_columns(relation regclass,
		birth_date_column name, consent_column name, objection_column name,
		roles name[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	gated oid[] := gated_roles(roles);
BEGIN
	PERFORM check_relation(relation);
	PERFORM check_column(relation, 'birth_date_column', birth_date_column,
						 ARRAY['date'::regtype]::oid[], 'date');
	PERFORM check_column(relation, 'consent_column', consent_column,
						 ARRAY['consent_profiling.consent'::regtype]::oid[],
						 'consent_profiling.consent');
	PERFORM check_column(relation, 'objection_column', objection_column,
						 ARRAY['consent_profiling.objection'::regtype]::oid[],
						 'consent_profiling.objection');
	PERFORM gate_family(relation,
						ARRAY[birth_date_column, consent_column, objection_column],
						NULL, gated);
	PERFORM record_gates('protect_columns', relation, roles);
END
$$;
COMMENT ON FUNCTION consent_profiling.protect_columns(regclass, name, name,
		name, name[]) IS
	'gates a table that carries birth date, consent and objection itself, by the rules of the root purpose; otherwise as protect()';

-- Internal: take the gates of these roles, or with null all gates, off a
-- relation and all partitions and children.
CREATE FUNCTION consent_profiling.ungate_family(relation regclass, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[];
	member regclass;
	old record;
	parent regclass;
	others text;
BEGIN
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	SELECT g.relation INTO parent
		FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent
		WHERE i.inhrelid = ungate_family.relation
			AND (ungate_family.roles IS NULL OR g.roles && ungate_family.roles)
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('%s is protected as part of %s', relation, parent),
			HINT = format('Unprotect %s, or detach this table from it first.', parent);
	END IF;

	FOR old IN
		SELECT g.relation, g.policy, g.roles FROM gate g
			WHERE g.relation = ANY (family)
				AND (ungate_family.roles IS NULL OR g.roles && ungate_family.roles)
			ORDER BY g.relation, g.policy LOOP
		PERFORM drop_gate(old.relation, old.policy,
						  COALESCE(ungate_family.roles, old.roles));
	END LOOP;
	SELECT string_agg(DISTINCT CASE r WHEN 0 THEN 'public'
					  ELSE quote_ident(pg_get_userbyid(r)) END, ', ') INTO others
		FROM gate g, unnest(g.roles) r WHERE g.relation = ungate_family.relation;
	IF others IS NOT NULL THEN
		RAISE NOTICE '% is still gated for %', relation, others;
	END IF;

	-- Row security goes only where protect() brought it, and no other policy
	-- has come to rely on it since.
	FOREACH member IN ARRAY family LOOP
		CONTINUE WHEN EXISTS (SELECT FROM gate g WHERE g.relation = member)
			OR settle_helper(member, false) IS NULL;
		IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = member) THEN
			RAISE NOTICE 'row security of % stays on for its other policies', member;
		ELSE
			PERFORM gate_ddl(format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
									member));
		END IF;
	END LOOP;

	-- Another parent of a child may still be protected.
	PERFORM gate_children(family);
END
$$;

CREATE FUNCTION consent_profiling.unprotect(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM ungate_family(relation, NULL);
	PERFORM record_gates('unprotect', relation, NULL);
END
$$;
COMMENT ON FUNCTION consent_profiling.unprotect(regclass) IS
	'takes every gate off a table, its partitions and children, and switches row security off where protect() had switched it on; harmless on a table without one; throws wrong_object_type, insufficient_privilege';

CREATE FUNCTION consent_profiling.unprotect(relation regclass, roles name[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM check_relation(relation);
	PERFORM ungate_family(relation, gated_roles(roles));
	PERFORM record_gates('unprotect', relation, roles);
END
$$;
COMMENT ON FUNCTION consent_profiling.unprotect(regclass, name[]) IS
	'takes the gates of these roles off a table, its partitions and children, and leaves those of other roles alone; otherwise as unprotect(relation)';

-- Internal: complain when the caller of a function with the rights of the owner of
-- the extension does not own this relation.
CREATE FUNCTION consent_profiling.check_caller_owns(relation regclass)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF NOT COALESCE((SELECT pg_has_role(caller_role(), c.relowner, 'USAGE')
					 FROM pg_class c WHERE c.oid = relation), false) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('must be owner of table %s', relation);
	END IF;
END
$$;

-- Internal: record an act on a relation's gates: who did it, and what gates the
-- relation has now.  The functions that change gates run with the rights of the
-- table's owner, so that the owner can call this one, too: it records nothing but
-- what this transaction has done, and names no role that this does not concern.
-- Everybody can make a temporary table; the history does not speak of those.
CREATE FUNCTION consent_profiling.record_gates(act text, relation regclass,
		roles name[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	concerned text[];
BEGIN
	IF act IS NULL OR act NOT IN ('protect', 'protect_columns', 'unprotect') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'act must be one of protect, protect_columns and unprotect';
	END IF;
	PERFORM check_caller_owns(relation);
	IF is_temporary(relation) THEN
		RETURN;
	END IF;
	IF act = 'unprotect' THEN
		SELECT array_agg(DISTINCT n) INTO concerned
			FROM with_descendants(relation) d,
				unnest(role_names(dropped_gate_roles(d))) n;
	ELSE
		SELECT array_agg(DISTINCT n) INTO concerned
			FROM gate g JOIN pg_policy p
					ON p.polrelid = g.relation AND p.polname = g.policy,
				unnest(role_names(g.roles)) n
			WHERE g.relation = record_gates.relation AND made_here(p.xmin)
				AND g.column_mode = (act = 'protect_columns');
	END IF;
	IF concerned IS NULL THEN
		RETURN;
	END IF;
	PERFORM record_event(act, NULL, NULL, clock_timestamp(),
		detail => jsonb_strip_nulls(jsonb_build_object(
			'relation', qualified_name(relation),
			'roles', CASE WHEN roles IS NOT NULL THEN
				ARRAY(SELECT r FROM unnest(roles) WITH ORDINALITY AS u (r, n)
					  WHERE r = ANY (concerned) GROUP BY r ORDER BY min(n)) END))
			|| jsonb_build_object('gates', gates_of(relation)));
END
$$;

-- Internal: is this a temporary table?
CREATE FUNCTION consent_profiling.is_temporary(relation oid)
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT relpersistence = 't' FROM pg_class WHERE oid = relation
$$;

-- Internal: the names of a policy's roles as they are recorded.
CREATE FUNCTION consent_profiling.role_names(roles oid[])
	RETURNS text[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY(SELECT CASE r WHEN 0 THEN 'public' ELSE pg_get_userbyid(r) END
				 FROM unnest(roles) r ORDER BY 1)
$$;

-- Internal: a relation's name as it is recorded.
CREATE FUNCTION consent_profiling.qualified_name(relation oid)
	RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('%I.%I', n.nspname, c.relname)
		FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE c.oid = relation
$$;

-- Internal: the gates of a relation as they are recorded.
CREATE FUNCTION consent_profiling.gates_of(relation regclass)
	RETURNS jsonb
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT COALESCE(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
			'policy', g.policy, 'columns', g.columns, 'purpose', g.purpose,
			'roles', ARRAY(SELECT CASE r WHEN 0 THEN 'public'
								ELSE pg_get_userbyid(r) END
						   FROM unnest(g.roles) r ORDER BY 1),
			'intact', g.intact)) ORDER BY g.policy), '[]')
		FROM gate g WHERE g.relation = gates_of.relation
$$;

-- Internal: complain about a purpose that no gate can be for, as the gate itself
-- would: one that does not exist or is not profiling.  Callable by every owner
-- of a table.
CREATE FUNCTION consent_profiling.check_gate_purpose(purpose text)
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

-- Internal: the partitions and children of a relation, itself included, and
-- the policies on it, as they are at this moment, whatever the snapshot of the
-- transaction; both in order.
CREATE FUNCTION consent_profiling.descendants_now(relation oid)
	RETURNS oid[] AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
CREATE FUNCTION consent_profiling.policies_now(relation oid)
	RETURNS oid[] AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

-- Internal: may this command be the reason why a gate is missing, or why row
-- security or FORCE is not as it should be?  Everything else is left alone;
-- above all what pg_restore does, which brings gates and switches one by one.
CREATE FUNCTION consent_profiling.concerns_gates(command pg_ddl_command)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Internal: give the descendants of these relations the gates of what they are
-- beneath, and see to the switches.
CREATE FUNCTION consent_profiling.gate_children(relations regclass[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	member regclass;
	missing record;
BEGIN
	-- Until nothing is missing, since what a child is given its own children
	-- need as well.  Role by role, as add_gate() makes them: a policy made by
	-- hand may be for several.  What is not a whole gate cannot be copied.
	LOOP
		SELECT i.inhrelid::regclass AS relation, g.columns, g.purpose, r AS role
			INTO missing
			FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent,
				unnest(g.roles) r
			WHERE i.inhrelid IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d)
				AND g.intact
				AND NOT EXISTS (
					SELECT FROM gate c
					WHERE c.relation = i.inhrelid
						AND c.intact
						AND c.columns = g.columns
						AND c.roles @> ARRAY[r]
						AND c.purpose IS NOT DISTINCT FROM g.purpose)
			LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM check_relation(missing.relation);
		PERFORM add_gate(missing.relation, missing.columns, missing.purpose,
						 ARRAY[missing.role]);
	END LOOP;

	FOR member IN SELECT DISTINCT g.relation FROM gate g
			WHERE g.relation IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d)
			ORDER BY 1 LOOP
		PERFORM switch_on(member);
	END LOOP;
END
$$;

-- A table that becomes a partition or a child of a protected table is
-- protected too, or else does not become one.  So is FORCE kept right when a
-- table changes hands, and row security on as long as there is a gate.
CREATE FUNCTION consent_profiling.gate_descendants()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	touched regclass[];
	off regclass;
BEGIN
	SELECT array_agg(DISTINCT c.objid::regclass) INTO touched
		FROM pg_event_trigger_ddl_commands() c
		WHERE c.classid = 'pg_class'::regclass
			AND c.object_type IN ('table', 'foreign table')
			AND concerns_gates(c.command);
	IF touched IS NULL THEN
		RETURN;
	END IF;

	-- A gate or a child that this transaction's snapshot is too old to see is
	-- no less a gate or a child.
	IF keeps_snapshot()
		AND (EXISTS (SELECT FROM unnest(touched) t
					 WHERE descendants_now(t)
						 <> ARRAY(SELECT d::oid FROM with_descendants(t) d
								  ORDER BY 1))
			 OR EXISTS (SELECT FROM unnest(touched) t, with_descendants(t) d
							JOIN pg_inherits i ON i.inhrelid = d
						WHERE policies_now(i.inhparent)
							<> ARRAY(SELECT p.oid FROM pg_policy p
									 WHERE p.polrelid = i.inhparent
									 ORDER BY 1))) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent protection of a parent table';
	END IF;

	-- After ALTER TABLE ... DISABLE ROW LEVEL SECURITY it is on again for the
	-- gates' sake alone, see switch_on().
	FOR off IN SELECT DISTINCT g.relation
			FROM gate g JOIN pg_class c ON c.oid = g.relation
			WHERE g.relation = ANY (touched) AND NOT c.relrowsecurity
				AND NOT in_gate_ddl() LOOP
		RAISE WARNING 'row security of % stays on: the table is protected', off
			USING HINT = 'Call consent_profiling.unprotect() to take its gates off.';
	END LOOP;

	PERFORM gate_children(touched);
END
$$;

CREATE EVENT TRIGGER consent_profiling_gate_descendants ON ddl_command_end
	WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA',
				 'ALTER TABLE', 'ALTER FOREIGN TABLE')
	EXECUTE FUNCTION consent_profiling.gate_descendants();
-- Replication applies no DDL, but a replica-role session may run some.
ALTER EVENT TRIGGER consent_profiling_gate_descendants ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_gate_descendants IS
	'protects new partitions and children of protected tables';

-- Dropping the extension takes the gates along.  A table with permissive
-- policies of its own would then lie open, so it is closed beforehand by a
-- policy that does not depend on the extension.
CREATE FUNCTION consent_profiling.close_before_drop()
	RETURNS event_trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: the same, said in SQL.
CREATE FUNCTION consent_profiling.close_protected()
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	t record;
BEGIN
	IF keeps_snapshot() THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'the extension is dropped in READ COMMITTED transactions only';
	END IF;
	FOR t IN
		SELECT p.polrelid::regclass AS relation,
			   (SELECT array_agg(DISTINCT r)
				FROM pg_policy g, unnest(g.polroles) r
				WHERE g.polrelid = p.polrelid
					AND (NOT g.polpermissive OR policy_calls(g.oid, 'may_profile'))
					AND policy_calls(g.oid, NULL)) AS roles
		FROM pg_policy p
		WHERE policy_calls(p.oid, NULL)
			AND (NOT p.polpermissive OR policy_calls(p.oid, 'may_profile'))
		GROUP BY p.polrelid
		HAVING EXISTS (SELECT FROM pg_policy o
					   WHERE o.polrelid = p.polrelid AND o.polpermissive
						   AND NOT policy_calls(o.oid, NULL))
			AND NOT EXISTS (SELECT FROM pg_policy o
							WHERE o.polrelid = p.polrelid
								AND o.polname = 'consent_profiling_closed') LOOP
		EXECUTE format('CREATE POLICY consent_profiling_closed ON %s AS RESTRICTIVE FOR ALL TO %s USING (false)',
					   t.relation, role_list(t.roles));
		RAISE WARNING 'table % is closed to the roles that were gated', t.relation
			USING HINT = 'Drop its policy consent_profiling_closed when you have seen to them otherwise.';
	END LOOP;
END
$$;

CREATE EVENT TRIGGER consent_profiling_close_before_drop ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION consent_profiling.close_before_drop();
ALTER EVENT TRIGGER consent_profiling_close_before_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_close_before_drop IS
	'keeps tables closed when the extension is dropped';

-- A gate goes when it is dropped or altered, as a tool does that does not know
-- it.  What is named is refused before it is done.
CREATE FUNCTION consent_profiling.guard_gates()
	RETURNS event_trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE EVENT TRIGGER consent_profiling_guard_gates ON ddl_command_start
	WHEN TAG IN ('ALTER POLICY', 'DROP POLICY', 'ALTER TABLE')
	EXECUTE FUNCTION consent_profiling.guard_gates();
ALTER EVENT TRIGGER consent_profiling_guard_gates ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_guard_gates IS
	'refuses to drop or alter a gate by hand';

-- A gate goes along when a column that it reads is dropped with CASCADE, by
-- name or with its type, or when a gated role disowns everything.  Without the
-- gate the rows would be seen.
CREATE FUNCTION consent_profiling.keep_gates()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	lost record;
BEGIN
	SELECT qualified_name(c.oid) AS relation INTO lost
		FROM pg_event_trigger_dropped_objects() p,
			dropped_policy(p.objid) d
			JOIN pg_class c ON c.oid = d.relation
		WHERE p.classid = 'pg_policy'::regclass
			AND d.kind = 'gate'
			AND d.intact
			-- Newer servers let a role drop the policies that are for it alone.
			AND (NOT p.original
				 OR (TG_TAG = 'DROP OWNED'
					 AND NOT pg_has_role(caller_role(), c.relowner, 'USAGE')))
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = format('cannot drop what the gate on %s reads', lost.relation),
			HINT = 'Call consent_profiling.unprotect() first.';
	END IF;
END
$$;

CREATE EVENT TRIGGER consent_profiling_keep_gates ON sql_drop
	EXECUTE FUNCTION consent_profiling.keep_gates();
ALTER EVENT TRIGGER consent_profiling_keep_gates ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_gates IS
	'keeps the columns by which protected tables are gated';

-- Internal: bring a table's helper in order after a policy was made, altered or
-- dropped, and say what that means.
CREATE FUNCTION consent_profiling.resettle(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	CASE settle_helper(relation, NULL)
		WHEN 'shut' THEN
			RAISE NOTICE '% now shows what its own policies allow and no more', relation;
		WHEN 'open' THEN
			RAISE WARNING '% has no permissive policy and shows all rows to roles that are not gated', relation
				USING DETAIL = 'Row security is on for the gates'' sake alone.',
					HINT = 'ALTER TABLE ... ENABLE ROW LEVEL SECURITY to have it show none.';
		ELSE
			NULL;
	END CASE;
END
$$;

-- Whatever the order of commands: the helper shows no rows where another
-- permissive policy is.  What is done to gates otherwise than by protect() and
-- unprotect() is recorded.  It runs as definer: a role that drops a policy by
-- CASCADE need not own the table, and has no right to record.
CREATE FUNCTION consent_profiling.settle_policies()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	p record;
BEGIN
	IF in_gate_ddl() THEN
		RETURN;
	END IF;
	FOR p IN
		SELECT d.relation::regclass AS relation, d.kind, d.intact, o.polname
			FROM pg_event_trigger_ddl_commands() c,
				read_policy(c.objid) d
				JOIN pg_policy o ON o.polrelid = d.relation
			WHERE c.classid = 'pg_policy'::regclass AND o.oid = c.objid LOOP
		-- A dump brings the helper as it was, and other policies later.
		IF p.kind = 'helper' AND p.intact THEN
			CONTINUE;
		END IF;
		PERFORM resettle(p.relation);
		IF p.kind = 'gate' AND NOT p.intact AND NOT is_temporary(p.relation) THEN
			RAISE WARNING 'policy "%" of % is not a gate as protect() makes it', p.polname, p.relation
				USING DETAIL = 'A gate is RESTRICTIVE, for ALL commands, and calls may_profile() and nothing else.';
			-- A new policy takes no gate away, and a restore makes policies before
			-- the record is there again.
			IF TG_TAG = 'ALTER POLICY' THEN
				PERFORM record_event('change_gate', NULL, NULL, clock_timestamp(),
					detail => jsonb_build_object('command', TG_TAG,
						'relation', qualified_name(p.relation), 'policy', p.polname,
						'gates', gates_of(p.relation)));
			END IF;
		END IF;
	END LOOP;
END
$$;
CREATE EVENT TRIGGER consent_profiling_settle_policies ON ddl_command_end
	WHEN TAG IN ('CREATE POLICY', 'ALTER POLICY')
	EXECUTE FUNCTION consent_profiling.settle_policies();
ALTER EVENT TRIGGER consent_profiling_settle_policies ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_settle_policies IS
	'lets other policies of protected tables hold';

-- Every gate that is dropped is recorded, by any role and any command: the
-- functions that protect() and unprotect() call can be called by every owner of a
-- table.  So is the end of tracking.
CREATE FUNCTION consent_profiling.settle_dropped()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	p record;
	stays boolean;
BEGIN
	FOR p IN
		SELECT d.relation, d.kind, d.intact, d.roles, o.address_names
			FROM pg_event_trigger_dropped_objects() o,
				dropped_policy(o.objid) d
			WHERE o.classid = 'pg_policy'::regclass LOOP
		stays := EXISTS (SELECT FROM pg_class c WHERE c.oid = p.relation);
		IF p.kind = 'gate' AND p.address_names[1] !~ '^pg_temp' THEN
			PERFORM record_event('change_gate', NULL, NULL, clock_timestamp(),
				detail => jsonb_build_object('command', TG_TAG,
					'relation', format('%I.%I', p.address_names[1], p.address_names[2]),
					'policy', p.address_names[3], 'roles', role_names(p.roles), 'gates',
					CASE WHEN stays THEN gates_of(p.relation) ELSE '[]' END));
		END IF;
		-- protect() and unprotect() see to the helper themselves.
		IF stays AND NOT (TG_TAG = 'DROP POLICY' AND in_gate_ddl()) THEN
			PERFORM resettle(p.relation);
		END IF;
	END LOOP;

	-- Of the two triggers of a table the one that names the columns counts, and
	-- the other as long as that is there.
	FOR p IN
		SELECT DISTINCT o.address_names[1] AS schema, o.address_names[2] AS name
			FROM pg_event_trigger_dropped_objects() o,
				dropped_tracker(o.objid) d
			WHERE o.classid = 'pg_trigger'::regclass
				AND o.address_names[1] !~ '^pg_temp'
				AND (d.names_columns
					 OR EXISTS (SELECT FROM pg_trigger t
								WHERE t.tgrelid = d.relation
									AND t.tgfoid = 'consent_profiling.track_subject_change()'::regprocedure
									AND cardinality(t.tgattr::int2[]) > 0))
			ORDER BY 1, 2 LOOP
		PERFORM record_event('untrack_subjects', NULL, NULL, clock_timestamp(),
			detail => jsonb_build_object('command', TG_TAG,
				'relation', format('%I.%I', p.schema, p.name)));
	END LOOP;
END
$$;
CREATE EVENT TRIGGER consent_profiling_settle_dropped ON sql_drop
	EXECUTE FUNCTION consent_profiling.settle_dropped();
ALTER EVENT TRIGGER consent_profiling_settle_dropped ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_settle_dropped IS
	'records gates and trackers that are dropped, and lets other policies of protected tables hold';

-- The same for a gate that is altered.  What settle_policies() records is not
-- recorded twice.
CREATE FUNCTION consent_profiling.record_altered()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	p record;
BEGIN
	FOR p IN
		SELECT was.relation, was.roles, o.polname
			FROM pg_event_trigger_ddl_commands() c
				JOIN pg_policy o ON o.oid = c.objid
				CROSS JOIN LATERAL altered_policy(c.objid) was
				CROSS JOIN LATERAL read_policy(c.objid) now
			WHERE c.classid = 'pg_policy'::regclass
				AND was.kind = 'gate'
				AND NOT is_temporary(was.relation)
				AND (in_gate_ddl() OR now.kind IS DISTINCT FROM 'gate' OR now.intact) LOOP
		PERFORM record_event('change_gate', NULL, NULL, clock_timestamp(),
			detail => jsonb_build_object('command', TG_TAG,
				'relation', qualified_name(p.relation), 'policy', p.polname,
				'roles', role_names(p.roles), 'gates', gates_of(p.relation)));
	END LOOP;
END
$$;
CREATE EVENT TRIGGER consent_profiling_record_altered ON ddl_command_end
	WHEN TAG IN ('ALTER POLICY')
	EXECUTE FUNCTION consent_profiling.record_altered();
ALTER EVENT TRIGGER consent_profiling_record_altered ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_record_altered IS
	'records gates that are altered';

-- Internal: force row security on owners that are gated, as the library has it
-- after REASSIGN OWNED and GRANT of a role, for which there are no event triggers.
CREATE FUNCTION consent_profiling.force_on_owners()
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	-- It runs for commands of people who have nothing to do with these tables:
	-- FORCE is only added, and tables that only their own session can alter are
	-- left to it.
	PERFORM gate_ddl(format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', t.relation))
		FROM (SELECT DISTINCT g.relation
				FROM gate g JOIN pg_class c ON c.oid = g.relation
				WHERE NOT c.relforcerowsecurity
					AND c.relpersistence <> 't'
					AND owner_is_gated(c.relowner, g.roles)) t;
END
$$;
