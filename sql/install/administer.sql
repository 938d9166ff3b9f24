---------------------------------------------------------------------
-- Administer
---------------------------------------------------------------------

-- These run with the caller's rights, and what they do takes ownership of the
-- registry: a superuser's, or that of the owner of the extension.

CREATE FUNCTION consent_profiling.add_purpose(name text,
		broader text DEFAULT NULL, basis text DEFAULT 'consent',
		direct_marketing boolean DEFAULT false,
		special_category boolean DEFAULT false,
		automated_decision boolean DEFAULT false,
		minimum_age integer DEFAULT 18, description text DEFAULT NULL,
		automated boolean DEFAULT true, personal_data boolean DEFAULT true,
		evaluates_person boolean DEFAULT true)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	added purpose;
	at timestamptz;
	marketing boolean;
BEGIN
	PERFORM refuse_null('name', add_purpose.name IS NULL);
	PERFORM refuse_null('basis', add_purpose.basis IS NULL);
	PERFORM refuse_null('direct_marketing', add_purpose.direct_marketing IS NULL);
	PERFORM refuse_null('special_category', add_purpose.special_category IS NULL);
	PERFORM refuse_null('automated_decision', add_purpose.automated_decision IS NULL);
	PERFORM refuse_null('minimum_age', add_purpose.minimum_age IS NULL);
	PERFORM refuse_null('automated', add_purpose.automated IS NULL);
	PERFORM refuse_null('personal_data', add_purpose.personal_data IS NULL);
	PERFORM refuse_null('evaluates_person', add_purpose.evaluates_person IS NULL);
	IF add_purpose.name !~ '^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,62}$' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_name',
			MESSAGE = format('invalid purpose name "%s"', add_purpose.name),
			HINT = 'A name has 1 to 63 characters: letters A to Z, digits, and _ . : / - after the first.';
	END IF;
	IF add_purpose.basis NOT IN ('consent', 'contract', 'legal_obligation',
			'vital_interests', 'public_task', 'legitimate_interests') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('unknown basis "%s"', add_purpose.basis),
			HINT = 'Art. 6(1) knows consent, contract, legal_obligation, vital_interests, public_task and legitimate_interests.';
	END IF;
	-- Art. 22(2)
	IF add_purpose.automated_decision
		AND add_purpose.basis IN ('legitimate_interests', 'public_task') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('automated decisions cannot be based on %s',
							 add_purpose.basis),
			HINT = 'Art. 22(2) allows them by contract, by law (legal_obligation) or with explicit consent.';
	END IF;
	IF add_purpose.minimum_age NOT BETWEEN 18 AND 150 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('minimum_age %s is out of range', add_purpose.minimum_age),
			HINT = 'It is between 18 and 150, since a child is never profiled.';
	END IF;
	-- Whoever administers purposes waits here for others who do.
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	broader := COALESCE(add_purpose.broader, CASE WHEN add_purpose.direct_marketing
		THEN 'direct_marketing' ELSE 'profiling' END);
	PERFORM check_purpose(add_purpose.broader);
	-- Art. 21(2)-(3): all direct marketing is at or below one purpose, so that an
	-- objection to it reaches what is added later.
	marketing := (SELECT bool_or(l.direct_marketing)
				  FROM lineage(add_purpose.broader) l);
	IF add_purpose.direct_marketing AND NOT marketing THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('direct marketing cannot be below purpose "%s"',
							 add_purpose.broader),
			HINT = 'Leave out "broader", or name direct_marketing or a purpose below it.';
	END IF;
	BEGIN
		INSERT INTO purpose
			VALUES (add_purpose.name, add_purpose.broader, add_purpose.basis,
					add_purpose.direct_marketing OR marketing,
					add_purpose.special_category,
					add_purpose.automated_decision, add_purpose.minimum_age,
					add_purpose.description, add_purpose.automated,
					add_purpose.personal_data, add_purpose.evaluates_person)
			RETURNING * INTO added;
	EXCEPTION WHEN unique_violation OR check_violation THEN
		-- The latter is one of the two that always exist, in another place.
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
			MESSAGE = format('purpose "%s" already exists', add_purpose.name);
	END;
	at := clock_timestamp();
	INSERT INTO purpose_version SELECT added.*, at;
	PERFORM record_event('add_purpose', NULL, add_purpose.name, at,
						 detail => to_jsonb(added));
END
$$;
COMMENT ON FUNCTION consent_profiling.add_purpose(text, text, text, boolean,
		boolean, boolean, integer, text, boolean, boolean, boolean) IS
	'adds a purpose below another; below direct_marketing if it is direct marketing';

CREATE FUNCTION consent_profiling.drop_purpose(name text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	used text;
	dropped purpose;
	at timestamptz;
BEGIN
	PERFORM refuse_null('name', drop_purpose.name IS NULL);
	-- An older snapshot does not see all that is in use.
	IF current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'purposes are dropped in READ COMMITTED transactions only';
	END IF;
	-- Nobody may begin to use it while this looks.
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	PERFORM check_purpose(drop_purpose.name);
	PERFORM FROM purpose WHERE name = drop_purpose.name FOR UPDATE;
	used := CASE
		WHEN drop_purpose.name = 'profiling' THEN 'It is the root of all purposes.'
		WHEN drop_purpose.name = 'direct_marketing'
			THEN 'People object to it who object to all direct marketing.'
		ELSE COALESCE(
			(SELECT format('Purpose "%s" is below it.', min(p.name))
				FROM purpose p WHERE p.broader = drop_purpose.name
				HAVING count(*) > 0),
			(SELECT format('It gates table %s.', min(t.relation::text))
				FROM protected_table t WHERE t.purpose = drop_purpose.name
				HAVING count(*) > 0),
			(SELECT 'Choices are recorded for it.'
				WHERE EXISTS (SELECT FROM choice c
							  WHERE c.purpose = drop_purpose.name)),
			(SELECT 'Reviews are recorded for it.'
				WHERE EXISTS (SELECT FROM review r
							  WHERE r.purpose = drop_purpose.name)))
	END;
	IF used IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = format('cannot drop purpose "%s" because it is in use',
							 drop_purpose.name),
			DETAIL = used;
	END IF;
	PERFORM drop_permission(NULL, drop_purpose.name);
	DELETE FROM purpose WHERE name = drop_purpose.name RETURNING * INTO dropped;
	at := clock_timestamp();
	UPDATE purpose_version SET dropped_at = at
		WHERE name = drop_purpose.name AND dropped_at IS NULL;
	PERFORM record_event('drop_purpose', NULL, drop_purpose.name, at,
						 detail => to_jsonb(dropped));
END
$$;
COMMENT ON FUNCTION consent_profiling.drop_purpose(text) IS
	'drops a purpose that nothing uses; throws undefined_object, dependent_objects_still_exist';

-- Who may profile for a purpose is kept by policies on the table "permission",
-- one for each purpose and role.  So PostgreSQL follows the rename of a role,
-- refuses to drop one that is still allowed something, and dumps each
-- permission by itself: in a cluster that lacks a role, what is restored is all
-- but that role's.  pg_dump leaves out the policies of an extension's own
-- tables; so this table is none, and is made when the first permission is.  What
-- an extension dropped before has left of it is not taken over.
DROP TABLE IF EXISTS consent_profiling.permission;

-- Internal: the policies that allow something: for which purpose, to which
-- role; 0 is PUBLIC.  No purpose is called "!profiling": that says that PUBLIC
-- may not use the root.
CREATE FUNCTION consent_profiling.permissions(
		OUT policy name, OUT purpose text, OUT role oid)
	RETURNS SETOF record
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT p.polname,
		   substring(pg_get_expr(p.polqual, p.polrelid)
					 FROM E'^\\(''([^'']+)''::(?:text|"text") IS NULL\\)$'),
		   r
		FROM pg_policy p, unnest(p.polroles) r
		WHERE p.polrelid = to_regclass('consent_profiling.permission')
$$;

-- Internal: oids of roles as a list for TO; 0 is PUBLIC, and stands alone.
CREATE FUNCTION consent_profiling.role_list(roles oid[])
	RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN 0 = ANY (roles) THEN 'PUBLIC'
		ELSE (SELECT string_agg(quote_ident(pg_get_userbyid(r)), ', ')
			  FROM unnest(roles) r) END
$$;

-- Internal: the oid of a role, 0 for public.
CREATE FUNCTION consent_profiling.role_oid(role name)
	RETURNS oid
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	found_oid oid;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'role must not be null';
	END IF;
	IF role = 'public' THEN
		RETURN 0;
	END IF;
	SELECT oid INTO found_oid FROM pg_roles WHERE rolname = role;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('role "%s" does not exist', role);
	END IF;
	RETURN found_oid;
END
$$;

-- Internal: allow a role, 0 for PUBLIC, what it is not allowed yet.  The policy
-- lets nobody see anything; it only says for which purpose it is.
CREATE FUNCTION consent_profiling.add_permission(role oid, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	number integer := 1;
BEGIN
	PERFORM FROM permissions() p
		WHERE p.purpose = add_permission.purpose AND p.role = add_permission.role;
	IF FOUND THEN
		RETURN;
	END IF;
	IF to_regclass('consent_profiling.permission') IS NULL THEN
		CREATE TABLE consent_profiling.permission ();
		ALTER TABLE consent_profiling.permission ENABLE ROW LEVEL SECURITY;
		EXECUTE format('ALTER TABLE consent_profiling.permission OWNER TO %s',
					   (SELECT relowner::regrole FROM pg_class
						WHERE oid = 'consent_profiling.purpose'::regclass));
		COMMENT ON TABLE consent_profiling.permission IS
			'its policies say who may profile for what';
	END IF;
	WHILE EXISTS (SELECT FROM permissions() p
				  WHERE p.policy = format('%s %s', left(add_permission.purpose, 50),
										  number)) LOOP
		number := number + 1;
	END LOOP;
	EXECUTE format('CREATE POLICY %I ON consent_profiling.permission FOR SELECT TO %s USING (%L::text IS NULL)',
				   format('%s %s', left(add_permission.purpose, 50), number),
				   role_list(ARRAY[role]), add_permission.purpose);
END
$$;

-- Internal: take that back; with a null role, whoever it is.
CREATE FUNCTION consent_profiling.drop_permission(role oid, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	old name;
BEGIN
	FOR old IN
		SELECT DISTINCT p.policy FROM permissions() p
		WHERE p.purpose = drop_permission.purpose
			AND p.role = COALESCE(drop_permission.role, p.role) LOOP
		EXECUTE format('DROP POLICY %I ON consent_profiling.permission', old);
	END LOOP;
END
$$;

CREATE FUNCTION consent_profiling.allow_purpose(role name, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	added oid := role_oid(role);
BEGIN
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	PERFORM check_purpose(allow_purpose.purpose);
	IF added = 0 AND allow_purpose.purpose = 'profiling' THEN
		-- PUBLIC may use the root unless this says otherwise.
		PERFORM drop_permission(0, '!profiling');
	ELSE
		PERFORM add_permission(added, allow_purpose.purpose);
	END IF;
	PERFORM record_event('allow_purpose', NULL, allow_purpose.purpose,
						 clock_timestamp(),
						 detail => jsonb_build_object('role', role));
END
$$;
COMMENT ON FUNCTION consent_profiling.allow_purpose(name, text) IS
	'allows a role, or public, to profile for a purpose, not for those beneath it; throws undefined_object';

CREATE FUNCTION consent_profiling.disallow_purpose(role name, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	removed oid := role_oid(role);
BEGIN
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	PERFORM check_purpose(disallow_purpose.purpose);
	IF removed = 0 AND disallow_purpose.purpose = 'profiling' THEN
		-- For PUBLIC, since that is restored in every cluster.
		PERFORM add_permission(0, '!profiling');
	ELSE
		PERFORM drop_permission(removed, disallow_purpose.purpose);
	END IF;
	PERFORM record_event('disallow_purpose', NULL, disallow_purpose.purpose,
						 clock_timestamp(),
						 detail => jsonb_build_object('role', role));
END
$$;
COMMENT ON FUNCTION consent_profiling.disallow_purpose(name, text) IS
	'takes back what allow_purpose() allowed; harmless where nothing was; throws undefined_object';

-- Internal: the functions that a duty is about.
CREATE FUNCTION consent_profiling.duty_functions(duty text)
	RETURNS SETOF regprocedure
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	names name[];
BEGIN
	PERFORM refuse_null('duty', duty IS NULL);
	names := CASE duty
		WHEN 'recorder' THEN ARRAY[
			'register_subject', 'rectify_birth_date', 'give_consent',
			'request_consent', 'refuse_consent', 'withdraw_consent',
			'raise_objection', 'object_to_marketing', 'withdraw_objection',
			'import_subjects',
			'import_consents', 'import_objections', 'import_receipt',
			'open_request', 'request_review', 'record_disclosure',
			-- what these call with the recorder's own rights
			'import_subjects_batch', 'import_consents_batch',
			'import_objections_batch', 'load_tracked', 'sync_subjects_batch',
			'track_subject_change']
		WHEN 'officer' THEN ARRAY[
			'uphold_objection', 'override_objection', 'restrict_subject',
			'lift_restriction', 'erase_subject', 'verdict_of',
			'explain_verdict', 'seal_history', 'verify_history', 'export_seal',
			'extend_request', 'close_request', 'record_review',
			'record_notified', 'add_recipient', 'set_controller', 'add_notice',
			'consent_record', 'subject_report', 'subject_report_text',
			'describe_purpose', 'compliance_report']
		END;
	IF names IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('duty "%s" does not exist', duty),
			HINT = 'The duties are recorder and officer.';
	END IF;
	RETURN QUERY SELECT p.oid::regprocedure FROM pg_proc p
		WHERE p.pronamespace = 'consent_profiling'::regnamespace
			AND p.proname = ANY (names);
END
$$;

-- Internal: what an officer may read.
CREATE FUNCTION consent_profiling.officer_relations()
	RETURNS regclass[]
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT array_agg(oid::regclass ORDER BY relname) FROM pg_class
		WHERE relnamespace = 'consent_profiling'::regnamespace
			AND relname IN ('event', 'seal', 'request', 'request_overdue',
							'review', 'recipient', 'disclosure', 'notification_due',
							'controller', 'notice', 'restriction',
							'erasure_due', 'birth_date_conflict')
$$;

-- Internal: a duty belongs to named roles; with PUBLIC everybody would have it.
CREATE FUNCTION consent_profiling.duty_holder(role name)
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF role_oid(role) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_grant_operation',
			MESSAGE = 'public cannot have a duty';
	END IF;
	RETURN quote_ident(role);
END
$$;

CREATE FUNCTION consent_profiling.grant_duty(role name, duty text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	holder text := duty_holder(role);
	func regprocedure;
BEGIN
	FOR func IN SELECT * FROM duty_functions(duty) LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', func, holder);
	END LOOP;
	IF duty = 'officer' THEN
		EXECUTE format('GRANT SELECT ON %s TO %s',
					   array_to_string(officer_relations(), ', '), holder);
	END IF;
	PERFORM record_event('grant_duty', NULL, NULL, clock_timestamp(),
						 detail => jsonb_build_object('role', role,
													  'duty', duty));
END
$$;
COMMENT ON FUNCTION consent_profiling.grant_duty(name, text) IS
	'grants a role the duty of a recorder (records choices) or an officer (decides on objections, restricts, erases, explains, reads the history); throws undefined_object, invalid_grant_operation for public';

CREATE FUNCTION consent_profiling.revoke_duty(role name, duty text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	holder text := duty_holder(role);
	func regprocedure;
BEGIN
	FOR func IN SELECT * FROM duty_functions(duty) LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %s', func, holder);
	END LOOP;
	IF duty = 'officer' THEN
		EXECUTE format('REVOKE SELECT ON %s FROM %s',
					   array_to_string(officer_relations(), ', '), holder);
	END IF;
	PERFORM record_event('revoke_duty', NULL, NULL, clock_timestamp(),
						 detail => jsonb_build_object('role', role,
													  'duty', duty));
END
$$;
COMMENT ON FUNCTION consent_profiling.revoke_duty(name, text) IS
	'takes a duty back; throws undefined_object, invalid_grant_operation for public';
