---------------------------------------------------------------------
-- Privileges
---------------------------------------------------------------------

-- What the extension creates is closed to all roles but its owner, and this is the only
-- list of what is open to PUBLIC; grant_duty() has those of recorders and officers.

-- Internal: take back whatever the default privileges of the installing role gave on
-- the objects that the running script has created.  Those are the members of the
-- extension of which PostgreSQL does not yet know what privileges they were created
-- with, so an upgrade script ends with this, too, and leaves granted duties alone.
CREATE FUNCTION consent_profiling.close_new_objects()
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	part record;
BEGIN
	FOR part IN
		WITH member AS (
			SELECT d.classid, d.objid
				FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
				WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
					AND e.extname = 'consent_profiling'
					AND NOT EXISTS (SELECT FROM pg_init_privs i
									WHERE i.classoid = d.classid
										AND i.objoid = d.objid AND i.objsubid = 0)
		), object AS (
			SELECT CASE c.relkind WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END AS kind,
				   c.oid::regclass::text AS name, c.relowner AS owner, c.relacl AS acl
				FROM member m JOIN pg_class c
					ON m.classid = 'pg_class'::regclass AND c.oid = m.objid
				WHERE c.relkind NOT IN ('i', 'I', 'c', 't')
			UNION ALL
			SELECT 'ROUTINE', p.oid::regprocedure::text, p.proowner, p.proacl
				FROM member m JOIN pg_proc p
					ON m.classid = 'pg_proc'::regclass AND p.oid = m.objid
			UNION ALL
			-- Arrays, and the types of tables' rows, have no privileges of their own.
			SELECT 'TYPE', t.oid::regtype::text, t.typowner, t.typacl
				FROM member m JOIN pg_type t
					ON m.classid = 'pg_type'::regclass AND t.oid = m.objid
				WHERE NOT EXISTS (SELECT FROM pg_type e WHERE e.typarray = t.oid)
					AND NOT EXISTS (SELECT FROM pg_class c
									WHERE c.oid = t.typrelid AND c.relkind <> 'c')
		)
		SELECT o.kind, string_agg(o.name, ', ') AS names, r.name AS owner,
			   r.grantees
			FROM object o CROSS JOIN LATERAL (
				SELECT quote_ident(pg_get_userbyid(o.owner)) AS name,
					   consent_profiling.grantees(o.acl, o.owner) AS grantees) r
			GROUP BY o.kind, r.name, r.grantees LOOP
		EXECUTE format('REVOKE ALL ON %s %s FROM %s', part.kind, part.names, part.grantees);
		EXECUTE format('GRANT ALL ON %s %s TO %s', part.kind, part.names, part.owner);
	END LOOP;
END
$$;
SELECT consent_profiling.close_new_objects();

GRANT USAGE ON TYPE consent_profiling.subject_id, consent_profiling.consent,
	consent_profiling.objection, consent_profiling.verdict TO PUBLIC;
GRANT SELECT ON consent_profiling.gate, consent_profiling.helper,
	consent_profiling.protected_table TO PUBLIC;

DO $$
DECLARE
	open_names CONSTANT name[] := ARRAY[
		-- the types, their operators, casts and aggregates
		'subject_id_in', 'subject_id_out', 'subject_id_recv', 'subject_id_send',
		'subject_id_eq', 'subject_id_ne', 'subject_id_lt', 'subject_id_le',
		'subject_id_gt', 'subject_id_ge', 'subject_id_cmp', 'subject_id_hash',
		'subject_id_hash_extended', 'subject_id',
		'consent_in', 'consent_out', 'consent_recv', 'consent_send',
		'consent_eq', 'consent_ne', 'consent_lt', 'consent_le',
		'consent_gt', 'consent_ge', 'consent_cmp', 'consent_hash',
		'consent_hash_extended', 'consent_larger', 'max',
		'consent_from_jsonb', 'consent_to_jsonb', 'make_consent',
		'consent_status', 'consent_explicit', 'consent_at', 'consent_until',
		'objection_in', 'objection_out', 'objection_recv', 'objection_send',
		'objection_eq', 'objection_ne', 'objection_lt', 'objection_le',
		'objection_gt', 'objection_ge', 'objection_cmp', 'objection_hash',
		'objection_hash_extended', 'objection_larger',
		'objection_from_jsonb', 'objection_to_jsonb', 'make_objection',
		'objection_status', 'objection_at', 'objection_grounds',
		-- deciding: these return what the gate shows anyway
		'may_profile', 'may_decide', 'engine_stats',
		-- the permissive policy of a gated table
		'ungated',
		-- the views "gate" and "protected_table"
		'read_policy', 'policy_calls', 'base_type',
		-- protecting and tracking, for owners of tables, and what these call with
		-- the rights of the owner
		'protect', 'protect_columns', 'unprotect', 'track_subjects',
		'untrack_subjects', 'tracked_parts', 'record_tracking',
		'add_gate', 'check_column', 'check_gate_purpose', 'check_relation',
		'check_tracked', 'gate_children', 'gate_family',
		'gated_roles', 'keeps_snapshot', 'lock_family', 'lock_relation',
		'owner_is_gated', 'role_list', 'role_oid', 'subject_types', 'switch_on',
		'with_descendants', 'gate_ddl', 'in_gate_ddl', 'settle_helper',
		'drop_gate', 'ungate_family', 'trigger_creators',
		'members_without_inherit', 'is_preloaded', 'record_gates',
		'qualified_name', 'gates_of'];
	functions text;
	found_names name[];
BEGIN
	SELECT pg_catalog.string_agg(p.oid::pg_catalog.regprocedure::text, ', '),
		   pg_catalog.array_agg(DISTINCT p.proname)
		INTO functions, found_names
		FROM pg_catalog.pg_proc p
		WHERE p.pronamespace = 'consent_profiling'::pg_catalog.regnamespace
			AND p.proname = ANY (open_names);
	ASSERT found_names @> open_names, 'a function that PUBLIC may call does not exist';
	EXECUTE 'GRANT EXECUTE ON ROUTINE ' || functions || ' TO PUBLIC';
END
$$;
