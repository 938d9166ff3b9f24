---------------------------------------------------------------------
-- Protect
---------------------------------------------------------------------

-- The policies in the catalogue are the only list of protected tables there
-- is.  A gate is a RESTRICTIVE policy whose name begins with
-- "consent_profiling_" and that calls may_profile(); what it gates by is read
-- from its dependencies, which follow every rename.  Every gated role has a
-- policy of its own: where a dump is restored and one of the roles is missing,
-- the others stay gated.

-- Internal: what every new permissive policy asks.  It is always true; it is
-- there for the policy to depend on the extension, so that DROP EXTENSION ...
-- CASCADE takes the permission along with the gate and leaves a closed table.
CREATE FUNCTION consent_profiling.ungated()
	RETURNS boolean
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	RETURN true;

-- Internal: the type beneath all domains.
CREATE FUNCTION consent_profiling.base_type(type oid)
	RETURNS oid AS 'MODULE_PATHNAME', 'consent_profiling_base_type'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: the column of a type that a policy reads; with a null type, the
-- only column that it reads.
CREATE FUNCTION consent_profiling.gate_column(policy oid, relation oid, type oid)
	RETURNS name
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT a.attname
		FROM pg_depend d
			JOIN pg_attribute a
				ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.classid = 'pg_policy'::regclass
			AND d.objid = policy
			AND d.refclassid = 'pg_class'::regclass
			AND d.refobjid = relation
			AND d.refobjsubid > 0
			AND (type IS NULL OR base_type(a.atttypid) = type)
$$;

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

-- Internal: the gates as add_gate() makes them.
CREATE VIEW consent_profiling.gate AS
	SELECT pol.polrelid::pg_catalog.regclass AS relation,
		pol.polname AS policy,
		k.column_mode,
		k.columns,
		pol.polroles AS roles,
		CASE WHEN NOT k.column_mode THEN
			pg_catalog.substring(
				pg_catalog.pg_get_expr(pol.polqual, pol.polrelid),
				E', ''([^'']+)''::(?:"?pg_catalog"?\\.)?(?:text|"text")\\)$') END AS purpose
	FROM pg_catalog.pg_policy pol
		CROSS JOIN LATERAL (
			SELECT m.column_mode,
				CASE WHEN m.column_mode THEN ARRAY[
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'pg_catalog.date'::pg_catalog.regtype),
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'consent_profiling.consent'::pg_catalog.regtype),
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'consent_profiling.objection'::pg_catalog.regtype)]
				ELSE ARRAY[
					consent_profiling.gate_column(pol.oid, pol.polrelid, NULL)]
				END AS columns
			FROM consent_profiling.policy_calls(pol.oid, 'may_profile', 3)
				AS m (column_mode)) k
	WHERE NOT pol.polpermissive
		AND pol.polname LIKE E'consent\\_profiling\\_%'
		AND consent_profiling.policy_calls(pol.oid, 'may_profile');

CREATE VIEW consent_profiling.protected_table AS
	SELECT g.relation,
		CASE WHEN NOT g.column_mode THEN g.columns[1] END AS subject_column,
		g.purpose,
		pg_catalog.array_agg(n.name ORDER BY n.name) AS roles,
		CASE WHEN g.column_mode THEN g.columns[1] END AS birth_date_column,
		CASE WHEN g.column_mode THEN g.columns[2] END AS consent_column,
		CASE WHEN g.column_mode THEN g.columns[3] END AS objection_column
	FROM consent_profiling.gate g
		CROSS JOIN LATERAL (
			SELECT CASE WHEN u.role = 0 THEN 'public'
				ELSE pg_catalog.pg_get_userbyid(u.role) END
				FROM pg_catalog.unnest(g.roles) AS u (role)) AS n (name)
	GROUP BY g.relation, g.column_mode, g.columns, g.purpose;
COMMENT ON VIEW consent_profiling.protected_table IS
	'the gates on tables: by which column, for which purpose (null: the session''s) and for which roles; or by which three columns in column mode';

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

-- Internal: is this owner one of those whom the roles gate?  0 is PUBLIC.
CREATE FUNCTION consent_profiling.owner_is_gated(owner oid, roles oid[])
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	-- A superuser counts as a member of every role, which is not meant here.
	SELECT bool_or(r = 0 OR r = owner
				   OR (NOT o.rolsuper AND pg_has_role(owner, r, 'USAGE')))
		FROM pg_roles o, unnest(roles) r
		WHERE o.oid = owner
$$;

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

	-- Restrictive policies alone show nothing.
	IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation) AND
		NOT EXISTS (SELECT FROM pg_policy p
					WHERE p.polrelid = relation
						AND policy_calls(p.oid, 'ungated')) THEN
		IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = relation) THEN
			RAISE NOTICE 'policies that % already had come into force', relation;
		END IF;
		EXECUTE format('CREATE POLICY consent_profiling_ungated ON %s AS PERMISSIVE FOR ALL TO PUBLIC USING (consent_profiling.ungated())',
					   relation);
	END IF;

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
		EXECUTE format('CREATE POLICY %I ON %s AS RESTRICTIVE FOR ALL TO %s USING (consent_profiling.may_profile(%s))',
					   new, relation, role_list(ARRAY[role]),
					   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
						FROM unnest(columns) WITH ORDINALITY AS u (c, n))
					   || COALESCE(', ' || quote_literal(add_gate.purpose), ''));
	END LOOP;
END
$$;

-- Internal: put a gate on a relation and all beneath it, in place of the one
-- by the same columns.  Beneath it only the gates that came from there are
-- replaced; a partition may have others of its own.
CREATE FUNCTION consent_profiling.gate_family(relation regclass,
		columns name[], purpose text, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[];
	member regclass;
	old record;
BEGIN
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	FOR old IN
		SELECT c.relation, c.policy
		FROM gate t JOIN gate c
			ON c.columns = t.columns
			AND c.roles = t.roles
			AND c.purpose IS NOT DISTINCT FROM t.purpose
		WHERE t.relation = gate_family.relation
			AND t.columns = gate_family.columns
			AND c.relation = ANY (family) LOOP
		EXECUTE format('DROP POLICY IF EXISTS %I ON %s', old.policy, old.relation);
	END LOOP;

	FOREACH member IN ARRAY family LOOP
		PERFORM add_gate(member, columns, gate_family.purpose, roles);
	END LOOP;
	PERFORM gate_children(ARRAY[relation]);
END
$$;

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
	ours := EXISTS (SELECT FROM pg_policy p
					WHERE p.polrelid = class.oid
						AND policy_calls(p.oid, 'ungated'));
	IF NOT class.relrowsecurity THEN
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
	END IF;
	IF gated AND NOT class.relforcerowsecurity THEN
		EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
	ELSIF class.relforcerowsecurity AND ours AND NOT gated THEN
		EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation);
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
	RETURN (SELECT CASE WHEN 0 = ANY (array_agg(o)) THEN '{0}'
				ELSE array_agg(DISTINCT o) END
			FROM unnest(roles) r, role_oid(r) o);
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
END
$$;
COMMENT ON FUNCTION consent_profiling.protect(regclass, name, name[], text) IS
	'gates a table by the subject in a column: the roles, or public, no longer see or write rows of people who may not be profiled for the purpose (default: the session''s); covers partitions and children; calling again replaces; throws wrong_object_type, undefined_column, datatype_mismatch, undefined_object, object_not_in_prerequisite_state for a purpose that is not profiling, insufficient_privilege';

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
END
$$;
COMMENT ON FUNCTION consent_profiling.protect_columns(regclass, name, name,
		name, name[]) IS
	'gates a table that carries birth date, consent and objection itself, by the rules of the root purpose; otherwise as protect()';

CREATE FUNCTION consent_profiling.unprotect(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[];
	opened regclass[];
	member regclass;
	old record;
	parent regclass;
BEGIN
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	SELECT g.relation INTO parent
		FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent
		WHERE i.inhrelid = unprotect.relation LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('%s is protected as part of %s', relation, parent),
			HINT = format('Unprotect %s, or detach this table from it first.', parent);
	END IF;

	SELECT array_agg(DISTINCT p.polrelid::regclass) INTO opened
		FROM pg_policy p
		WHERE p.polrelid = ANY (family) AND policy_calls(p.oid, 'ungated');
	FOR old IN
		SELECT g.relation, g.policy FROM gate g WHERE g.relation = ANY (family)
		UNION
		SELECT p.polrelid::regclass, p.polname FROM pg_policy p
			WHERE p.polrelid = ANY (family) AND policy_calls(p.oid, 'ungated') LOOP
		EXECUTE format('DROP POLICY %I ON %s', old.policy, old.relation);
	END LOOP;

	-- Row security goes only where protect() brought it, and nobody has come
	-- to rely on it since.
	FOREACH member IN ARRAY COALESCE(opened, '{}') LOOP
		IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = member) THEN
			RAISE NOTICE 'row security of % stays on for its other policies', member;
		ELSE
			EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
						   member);
		END IF;
	END LOOP;

	-- What else a child is beneath may still be protected.
	PERFORM gate_children(family);
END
$$;
COMMENT ON FUNCTION consent_profiling.unprotect(regclass) IS
	'takes every gate off a table, its partitions and children, and switches row security off where protect() had switched it on; harmless on a table without one; throws wrong_object_type, insufficient_privilege';

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
	-- need as well.
	LOOP
		SELECT i.inhrelid::regclass AS relation, g.columns, g.purpose, g.roles
			INTO missing
			FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent
			WHERE i.inhrelid IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d)
				AND NOT EXISTS (
					SELECT FROM gate c
					WHERE c.relation = i.inhrelid
						AND c.columns = g.columns
						AND c.roles = g.roles
						AND c.purpose IS NOT DISTINCT FROM g.purpose)
			LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM check_relation(missing.relation);
		PERFORM add_gate(missing.relation, missing.columns, missing.purpose,
						 missing.roles);
	END LOOP;

	FOR member IN SELECT DISTINCT g.relation FROM gate g
			WHERE g.relation IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d) LOOP
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
				WHERE g.polrelid = p.polrelid AND NOT g.polpermissive
					AND policy_calls(g.oid, NULL)) AS roles
		FROM pg_policy p
		WHERE NOT p.polpermissive AND policy_calls(p.oid, NULL)
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

-- A policy goes along when a column that it reads is dropped with CASCADE, by
-- name or with its type, or when a gated role disowns everything.  Without the
-- gate the rows would be seen.
CREATE FUNCTION consent_profiling.keep_gates()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	lost record;
BEGIN
	SELECT p.address_names[1] AS schema, p.address_names[2] AS relation
		INTO lost
		FROM pg_event_trigger_dropped_objects() p
		WHERE p.object_type = 'policy'
			-- Newer servers let a role drop the policies that are for it alone.
			AND (NOT p.original
				 OR (TG_TAG = 'DROP OWNED'
					 AND NOT (SELECT pg_has_role(c.relowner, 'USAGE')
							  FROM pg_class c
							  WHERE c.oid = to_regclass(format('%I.%I',
								p.address_names[1], p.address_names[2])))))
			AND p.address_names[3] LIKE E'consent\\_profiling\\_%'
			AND NOT EXISTS (
				SELECT FROM pg_event_trigger_dropped_objects() t
				WHERE t.classid = 'pg_class'::regclass AND t.objsubid = 0
					AND t.address_names = p.address_names[1:2])
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = format('cannot drop what the gate on %I.%I reads',
							 lost.schema, lost.relation),
			HINT = 'Call consent_profiling.unprotect() first.';
	END IF;
END
$$;

CREATE EVENT TRIGGER consent_profiling_keep_gates ON sql_drop
	EXECUTE FUNCTION consent_profiling.keep_gates();
ALTER EVENT TRIGGER consent_profiling_keep_gates ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_gates IS
	'keeps the columns by which protected tables are gated';
