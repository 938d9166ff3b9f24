---------------------------------------------------------------------
-- Keep the registry in step with a table
---------------------------------------------------------------------

-- The trigger writes with the rights of the owner of the extension, whoever
-- changes the table.  Its columns are those of UPDATE OF, in that order, so
-- they follow a rename.
CREATE FUNCTION consent_profiling.track_subject_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp;

-- Internal: let the registry say of subjects what the tracked table says.
-- Returns what is wrong with which rows, as the imports do.
CREATE FUNCTION consent_profiling.sync_subjects_batch(first_row bigint,
		subjects text[], birth_dates date[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	problems text[];
	changed subject_id[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(birth_dates));
	problems := subject_rows_problems(first_row, subjects, birth_dates);
	IF problems IS NULL THEN
		SELECT array_agg(format('subject %s has more than one birth date', i.id)
						 ORDER BY i.id)
			INTO problems
			FROM (SELECT u.subject::subject_id AS id
				  FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
				  GROUP BY 1
				  HAVING count(DISTINCT u.birth_date) > 1) i
			WHERE known_as(i.id) = i.id;
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	WITH written AS (
		INSERT INTO subject AS s (id, birth_date, registered_at)
			SELECT known_as(u.subject::subject_id), max(u.birth_date), at
				FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
				GROUP BY 1 ORDER BY 1
			ON CONFLICT (id) DO UPDATE SET birth_date = excluded.birth_date
				WHERE s.erased_at IS NULL
					AND s.birth_date IS DISTINCT FROM excluded.birth_date
			RETURNING s.id, s.birth_date
	), recorded AS (
		INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
						   actor, birth_date)
			SELECT 'track_subjects', w.id, at, clock_timestamp(), session_user,
				   caller_role(), recorded_actor(), w.birth_date
				FROM written w ORDER BY w.id
			RETURNING subject
	)
	SELECT array_agg(r.subject) INTO changed FROM recorded r;
	-- Art. 19: of somebody whose data was disclosed before, this is a
	-- rectification.  What an older snapshot does not see, that function does.
	PERFORM queue_notifications(c.subject, 'rectification')
		FROM unnest(changed) AS c (subject)
		WHERE EXISTS (SELECT FROM disclosure d WHERE d.subject = c.subject)
			OR current_setting('transaction_isolation')
				NOT IN ('read committed', 'read uncommitted');
	RETURN NULL;
END
$$;

-- Internal: the load with which track_subjects() begins.
CREATE FUNCTION consent_profiling.load_tracked(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: complain about a relation that cannot be tracked, or not by this
-- role.
CREATE FUNCTION consent_profiling.check_tracked(relation regclass)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM FROM pg_class WHERE oid = relation AND relkind NOT IN ('r', 'p');
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is not a table', relation),
			HINT = 'What keeps the registry in step is a trigger on the table itself.';
	END IF;
	PERFORM check_relation(relation);
	PERFORM FROM pg_class
		WHERE oid = relation AND NOT pg_has_role(relowner, 'USAGE');
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('must be owner of table %s', relation);
	END IF;
END
$$;

CREATE FUNCTION consent_profiling.track_subjects(relation regclass,
		subject_column name, birth_date_column name)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
	-- An owner whom row security hides rows from gets an error, and not a part.
	SET row_security = off
AS $$
BEGIN
	-- Who may not record must not get around that with a table of his own.
	IF NOT has_function_privilege('consent_profiling.track_subject_change()',
								  'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'only a recorder can let a table keep the registry in step',
			HINT = 'An administrator can grant the duty with consent_profiling.grant_duty().';
	END IF;
	-- Between a snapshot and the trigger changes could slip through.
	IF current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'tables are tracked in READ COMMITTED transactions only';
	END IF;
	PERFORM check_tracked(relation);
	PERFORM check_column(relation, 'subject_column', subject_column,
						 subject_types(),
						 'smallint, integer, bigint, uuid, text, varchar or consent_profiling.subject_id');
	PERFORM check_column(relation, 'birth_date_column', birth_date_column,
						 ARRAY['date'::regtype]::oid[], 'date');
	PERFORM untrack_subjects(relation);
	EXECUTE format('CREATE TRIGGER consent_profiling_track_subjects AFTER INSERT OR UPDATE OF %I, %I ON %s FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change()',
				   subject_column, birth_date_column, relation);
	-- Also where changes arrive by logical replication.
	EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER consent_profiling_track_subjects',
				   relation);
	PERFORM load_tracked(format('SELECT %1$I AS subject, %2$I AS birth_date FROM %3$s WHERE %1$I IS NOT NULL',
								subject_column, birth_date_column, relation));
END
$$;
COMMENT ON FUNCTION consent_profiling.track_subjects(regclass, name, name) IS
	'registers everybody in a table and keeps their birth dates in step with it by a trigger; called by a recorder who owns the table; throws wrong_object_type, undefined_column, datatype_mismatch, insufficient_privilege';

CREATE FUNCTION consent_profiling.untrack_subjects(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	tracker name;
BEGIN
	PERFORM check_tracked(relation);
	FOR tracker IN SELECT tgname FROM pg_trigger
			WHERE tgrelid = relation AND tgparentid = 0
				AND tgfoid = 'consent_profiling.track_subject_change()'::regprocedure LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', tracker, relation);
	END LOOP;
END
$$;
COMMENT ON FUNCTION consent_profiling.untrack_subjects(regclass) IS
	'ends what track_subjects() began; the subjects stay registered; harmless on a table not tracked; throws wrong_object_type, insufficient_privilege';

REVOKE EXECUTE ON FUNCTION
	consent_profiling.track_subject_change(),
	consent_profiling.sync_subjects_batch(bigint, text[], date[]),
	consent_profiling.load_tracked(text)
	FROM PUBLIC;
