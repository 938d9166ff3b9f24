---------------------------------------------------------------------
-- Keep the registry in step with a table
---------------------------------------------------------------------

-- The triggers write the registry with the rights of the owner of the extension for
-- every role that changes the table.  The columns are those that UPDATE OF of the
-- first trigger names, in that order, so they follow a rename.
CREATE FUNCTION consent_profiling.track_subject_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: is it on record that a birth date was claimed of a subject, since it
-- was last rectified?
CREATE FUNCTION consent_profiling.birth_date_was_claimed(
		subject consent_profiling.subject_id, birth_date date)
	RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT EXISTS (
		SELECT FROM event e
			WHERE e.subject = birth_date_was_claimed.subject
				AND e.birth_date = birth_date_was_claimed.birth_date
				AND e.link >= COALESCE((SELECT max(r.link) FROM event r
						WHERE r.subject = birth_date_was_claimed.subject
							AND r.act = 'rectify_birth_date'), 0))
$$;

-- Internal: leave a tombstone for a key of a person whose other key has one.
CREATE FUNCTION consent_profiling.add_tombstone(key consent_profiling.subject_id,
		other consent_profiling.subject_id)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	stone subject_id := tombstone(key);
BEGIN
	INSERT INTO subject (id, registered_at, erased_at) VALUES (stone, at, at)
		ON CONFLICT (id) DO NOTHING;
	IF FOUND THEN
		PERFORM record_event('erase_subject', stone, NULL, at, detail => jsonb_build_object(
			'tombstone_key_sha256', secret_digest(), 'renamed_from', other));
	END IF;
END
$$;

-- Internal: carry over to the key that a row of a tracked table has now what
-- denies for the key that it had before, since the row is about one person.
-- Refusals, withdrawals, objections, restrictions, open reviews and the younger
-- birth date count for both keys; a consent stays with the key it was given for.
-- Where the new key was known already the stricter of both holds, so what denies
-- by the old key counts from now.  The events of both keys name each other.
CREATE FUNCTION consent_profiling.carry_over(old consent_profiling.subject_id,
		new consent_profiling.subject_id, new_was_known boolean)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
	old_id CONSTANT subject_id := known_as(carry_over.old);
	new_id CONSTANT subject_id := known_as(carry_over.new);
	before subject;
	after subject;
	youngest date;
	carried_at timestamptz;
	named CONSTANT jsonb := jsonb_build_object('renamed_from', carry_over.old);
	ground text;
	had record;
	verdict verdict;
	denial consent;
BEGIN
	SELECT * INTO before FROM subject WHERE id = old_id;
	SELECT * INTO after FROM subject WHERE id = new_id;
	IF before.id IS NULL OR after.id IS NULL THEN
		RETURN;
	END IF;
	IF after.erased_at IS NOT NULL THEN
		IF before.erased_at IS NULL THEN
			PERFORM record_event('track_subjects', before.id, NULL, at,
								 detail => jsonb_build_object('renamed_to', after.id));
		END IF;
		RETURN;
	END IF;
	IF before.erased_at IS NOT NULL THEN
		-- Art. 17: whose data was erased is not profiled under another key.  What
		-- is known of that key is not erased by changing a row.
		PERFORM record_event('track_subjects', after.id, NULL, at,
							 detail => jsonb_build_object('renamed_from', before.id));
		PERFORM restrict_subject(after.id, 'accuracy_contested: the key was that of a person who was erased');
		RETURN;
	END IF;

	PERFORM record_event('track_subjects', before.id, NULL, at,
						 detail => jsonb_build_object('renamed_to', after.id));
	-- Also a date that a table took back is remembered for both keys.
	youngest := GREATEST(before.birth_date, claimed_birth_date(before.id));
	PERFORM record_event('track_subjects', after.id, NULL, at,
						 birth_date => youngest,
						 detail => named || CASE WHEN youngest <> after.birth_date
							THEN jsonb_build_object('contradicts', after.birth_date)
							ELSE '{}' END);
	IF before.birth_date IS NULL AND after.birth_date IS NULL AND youngest IS NOT NULL THEN
		PERFORM record_event('track_subjects', after.id, NULL, at,
							 detail => jsonb_build_object('removed_birth_date', youngest));
	END IF;
	carried_at := CASE WHEN carry_over.new_was_known THEN at
		ELSE before.restricted_at END;
	UPDATE subject SET
			birth_date = CASE WHEN COALESCE(birth_date, before.birth_date) IS NOT NULL
				THEN GREATEST(birth_date, youngest,
							  CASE WHEN birth_date IS NULL
								  THEN claimed_birth_date(after.id) END) END,
			restricted_at = COALESCE(restricted_at, CASE
				WHEN before.restricted_at IS NOT NULL THEN carried_at END),
			restriction_grounds = NULLIF(ARRAY(
				SELECT g FROM unnest(restriction_grounds) WITH ORDINALITY u (g, n)
				UNION ALL
				SELECT g FROM unnest(before.restriction_grounds) g
					WHERE g <> ALL (COALESCE(restriction_grounds, '{}'))), '{}')
		WHERE id = after.id;
	FOREACH ground IN ARRAY COALESCE(before.restriction_grounds, '{}') LOOP
		PERFORM record_event('restrict_subject', after.id, NULL, carried_at, ground => ground,
							 detail => named || jsonb_build_object('ground', ground));
	END LOOP;

	FOR had IN SELECT c.*, p.basis = 'consent' OR p.special_category AS needs_consent
			FROM choice c JOIN purpose p ON p.name = c.purpose
			WHERE c.subject = before.id ORDER BY c.purpose LOOP
		-- A refusal that a later answer overruled keeps its time.
		IF had.refusal <> had.consent THEN
			PERFORM record_consent('track_subjects', after.id, had.purpose,
								   had.refusal, NULL, NULL, named);
		END IF;
		verdict := verdict_of(before.id, had.purpose);
		denial := CASE
			WHEN consent_denies(had.consent) THEN had.consent
			-- Where no consent is needed, one on record permits nothing.  It
			-- denies when it has ended or was given by a child.
			WHEN had.needs_consent
				OR consent_status(had.consent) NOT IN ('given', 'renewed') THEN NULL
			WHEN carry_over.new_was_known
				AND (verdict >= 'consent_missing' AND verdict < 'permitted'
					 OR consent_until(had.consent) <= at)
				THEN make_consent('invalidated', false, at, 'infinity')
			WHEN verdict <> 'permitted' OR consent_until(had.consent) < 'infinity'
				THEN had.consent END;
		IF denial IS NOT NULL THEN
			PERFORM record_consent('track_subjects', after.id, had.purpose,
				CASE WHEN carry_over.new_was_known AND consent_denies(denial)
					THEN make_consent(consent_status(denial), false, at, 'infinity')
					ELSE denial END,
				NULL, NULL, named);
		END IF;
		IF had.raised_at > COALESCE(had.withdrawn_at, '-infinity') THEN
			PERFORM record_objection('track_subjects', after.id, had.purpose,
				make_objection(
					CASE objection_status(had.objection)
						WHEN 'upheld' THEN 'upheld' ELSE 'raised' END,
					CASE WHEN carry_over.new_was_known THEN at ELSE had.raised_at END,
					NULL), NULL, named);
		END IF;
	END LOOP;

	-- Art. 22(3)
	FOR had IN INSERT INTO review (subject, purpose, requested_at)
			SELECT after.id, r.purpose, r.requested_at FROM review r
				WHERE r.subject = before.id AND r.reviewed_at IS NULL
			ON CONFLICT (subject, purpose) WHERE reviewed_at IS NULL DO NOTHING
			RETURNING purpose, requested_at LOOP
		PERFORM record_event('request_review', after.id, had.purpose,
							 had.requested_at, detail => named);
	END LOOP;
END
$$;

-- Internal: let the registry say of subjects what a tracked table says.  Where a
-- row was updated, the key and the birth date that it had before are given, too.
-- Returns what is wrong with which rows, as the imports do.
--
-- A table claims a birth date; of several that were claimed for one person the
-- youngest holds, and the contradiction is on record.  A row without a birth
-- date claims none, but a row from which the date is removed takes it back.
CREATE FUNCTION consent_profiling.sync_subjects_batch(first_row bigint,
		subjects text[], birth_dates date[], old_subject text DEFAULT NULL,
		old_birth_date date DEFAULT NULL)
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	problems text[];
	ids subject_id[];
	renamed_from subject_id;
	known boolean;
	changed subject_id[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(birth_dates));
	problems := subject_rows_problems(first_row, subjects, birth_dates);
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;
	IF subject_id_problem(old_subject) IS NULL
		AND old_subject::subject_id <> subjects[1]::subject_id THEN
		renamed_from := old_subject::subject_id;
		-- In one order, so that two renames do not wait for each other.
		PERFORM lock_known(k.key)
			FROM (SELECT u.key FROM unnest(ARRAY[renamed_from, subjects[1]::subject_id]) AS u (key)
				  ORDER BY 1) k;
	END IF;
	ids := lock_known_rows(subjects);
	IF renamed_from IS NOT NULL THEN
		known := EXISTS (SELECT FROM subject s WHERE s.id = ids[1]);
		-- Art. 17: the new key of a person who was erased is not registered.
		IF NOT known AND known_as(renamed_from) <> renamed_from THEN
			PERFORM add_tombstone(subjects[1]::subject_id, known_as(renamed_from));
			RETURN NULL;
		END IF;
	END IF;

	WITH added AS (
		INSERT INTO subject (id, birth_date, registered_at)
			SELECT u.id, max(u.birth_date), at
				FROM unnest(ids, birth_dates) AS u (id, birth_date)
				GROUP BY u.id ORDER BY u.id
			ON CONFLICT (id) DO NOTHING
			RETURNING id, birth_date
	)
	INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
					   actor, birth_date)
		SELECT 'track_subjects', a.id, at, clock_timestamp(), session_user,
			   caller_role(), recorded_actor(a.id), a.birth_date
			FROM added a ORDER BY a.id;

	PERFORM FROM (SELECT DISTINCT u.id FROM unnest(ids) AS u (id) ORDER BY 1) u
			CROSS JOIN LATERAL (SELECT FROM subject s WHERE s.id = u.id
								FOR NO KEY UPDATE) s;
	WITH claim AS (
		SELECT u.id, u.birth_date, min(u.n) AS n
			FROM unnest(ids, birth_dates) WITH ORDINALITY AS u (id, birth_date, n)
			GROUP BY u.id, u.birth_date
	), differing AS MATERIALIZED (
		SELECT c.id, c.n, c.birth_date, s.birth_date AS known_date, r.removed,
			   -- The same table with a younger date only corrects itself.
			   s.birth_date IS NOT NULL AND NOT r.removed
			   AND NOT (old_birth_date IS NOT DISTINCT FROM s.birth_date
						AND renamed_from IS NULL AND c.birth_date > s.birth_date)
				   AS contradicts
			FROM claim c
				CROSS JOIN LATERAL (SELECT * FROM subject s
									WHERE s.id = c.id OFFSET 0) s
				CROSS JOIN LATERAL (SELECT c.birth_date IS NULL
					AND old_birth_date IS NOT DISTINCT FROM s.birth_date
					AND renamed_from IS NULL) AS r (removed)
			WHERE s.erased_at IS NULL
				AND (c.birth_date <> s.birth_date
					 OR (c.birth_date IS NULL) <> (s.birth_date IS NULL))
				AND (c.birth_date IS NOT NULL OR r.removed)
	), written AS (
		INSERT INTO subject AS s (id, birth_date, registered_at)
			SELECT d.id, CASE WHEN NOT bool_and(d.removed) THEN GREATEST(
						max(d.birth_date), max(d.known_date),
						CASE WHEN max(d.known_date) IS NULL
							THEN claimed_birth_date(d.id) END) END, at
				FROM differing d GROUP BY d.id ORDER BY d.id
			ON CONFLICT (id) DO UPDATE SET birth_date = excluded.birth_date
				WHERE s.birth_date IS DISTINCT FROM excluded.birth_date
			RETURNING s.id
	), recorded AS (
		INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
						   actor, birth_date, detail)
			SELECT 'track_subjects', d.id, at, clock_timestamp(), session_user,
				   caller_role(), recorded_actor(d.id), d.birth_date,
				   CASE WHEN d.removed
					   THEN jsonb_build_object('removed_birth_date', d.known_date)
					   WHEN d.contradicts
					   THEN jsonb_build_object('contradicts', d.known_date) END
				FROM differing d
				-- What was claimed before is on record.
				WHERE NOT (d.contradicts AND birth_date_was_claimed(d.id, d.birth_date))
				ORDER BY d.n
	)
	SELECT array_agg(w.id) INTO changed FROM written w;
	IF renamed_from IS NOT NULL THEN
		PERFORM carry_over(renamed_from, ids[1], known);
	END IF;
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
	-- Rows that leave a part of the whole cannot be told from those that enter it.
	PERFORM FROM pg_class WHERE oid = relation AND relkind = 'p' AND relispartition;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is a partition with partitions of its own', relation),
			HINT = 'Track the table that it is a partition of.';
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

-- Internal: the tables that need triggers of their own: a table and the children
-- that inherit from it; PostgreSQL itself gives those of a partitioned table to its
-- partitions.
CREATE FUNCTION consent_profiling.tracked_parts(relation regclass)
	RETURNS SETOF regclass
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT d.oid::regclass FROM with_descendants(relation) AS d (oid)
		JOIN pg_class c ON c.oid = relation
		WHERE c.relkind <> 'p' OR d.oid = relation
$$;

-- Internal: record that this transaction has let a table be tracked, and by which
-- columns.  track_subjects() runs with the rights of the table's owner, so that the
-- owner can call this one, too: it records nothing but what was done.  The event
-- trigger settle_dropped() records the end.
CREATE FUNCTION consent_profiling.record_tracking(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	columns name[];
BEGIN
	PERFORM check_caller_owns(relation);
	SELECT array_agg(a.attname ORDER BY k.n) INTO columns
		FROM pg_trigger t CROSS JOIN unnest(t.tgattr::int2[]) WITH ORDINALITY AS k (attnum, n)
		JOIN pg_attribute a ON a.attrelid = t.tgrelid AND a.attnum = k.attnum
		WHERE t.tgrelid = relation
			AND t.tgfoid = 'consent_profiling.track_subject_change()'::regprocedure
			AND made_here(t.xmin);
	IF columns IS NOT NULL AND NOT is_temporary(relation) THEN
		PERFORM record_event('track_subjects', NULL, NULL, clock_timestamp(),
			detail => jsonb_build_object(
				'relation', qualified_name(relation), 'columns', columns));
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
DECLARE
	tracker CONSTANT regprocedure := 'consent_profiling.track_subject_change()';
	owner oid;
	part regclass;
BEGIN
	-- A role that may not record must not do so by a table.
	IF NOT has_function_privilege(tracker, 'EXECUTE') THEN
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
	-- The owner answers for what the table says from now on, see CheckOwner().
	SELECT c.relowner INTO owner
		FROM with_descendants(relation) AS d (oid)
		JOIN pg_class c ON c.oid = d.oid
		WHERE NOT has_function_privilege(c.relowner, tracker, 'EXECUTE')
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('role "%s", which owns table %s or a part of it, is not a recorder',
							 pg_get_userbyid(owner), relation),
			HINT = 'An administrator can grant the duty with consent_profiling.grant_duty().';
	END IF;
	PERFORM untrack_subjects(relation);
	FOR part IN SELECT tracked_parts(relation) LOOP
		EXECUTE format('CREATE TRIGGER consent_profiling_track_subjects AFTER INSERT OR UPDATE OF %I, %I ON %s FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change()',
					   subject_column, birth_date_column, part);
		-- For what a statement does not name but another trigger changes, and for
		-- rows that leave a partition for another.
		EXECUTE format('CREATE TRIGGER consent_profiling_track_changes AFTER UPDATE OR DELETE ON %s FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change()',
					   part);
		-- Also where changes arrive by logical replication.
		EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER consent_profiling_track_subjects, ENABLE ALWAYS TRIGGER consent_profiling_track_changes',
					   part);
	END LOOP;
	PERFORM record_tracking(relation);
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
	tracker record;
BEGIN
	PERFORM check_tracked(relation);
	FOR tracker IN SELECT t.tgname, p::text AS part
			FROM tracked_parts(relation) p
			JOIN pg_trigger t ON t.tgrelid = p
			WHERE t.tgparentid = 0
				AND t.tgfoid = 'consent_profiling.track_subject_change()'::regprocedure
			-- That is the order of which settle_dropped() makes one event.
			ORDER BY p, cardinality(t.tgattr::int2[]) DESC LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', tracker.tgname, tracker.part);
	END LOOP;
END
$$;
COMMENT ON FUNCTION consent_profiling.untrack_subjects(regclass) IS
	'ends what track_subjects() began; the subjects stay registered; harmless on a table not tracked; throws wrong_object_type, insufficient_privilege';

-- What the view below looks for among millions of events.
CREATE INDEX event_birth_date_conflict_idx ON consent_profiling.event (subject)
	WHERE act = 'track_subjects' AND detail OPERATOR(pg_catalog.?) 'contradicts';

CREATE VIEW consent_profiling.birth_date_conflict AS
	SELECT e.subject, s.birth_date, e.birth_date AS claimed,
		   (e.detail ->> 'contradicts')::date AS contradicts, e.recorded_at,
		   e.id AS event
		FROM consent_profiling.event e
			CROSS JOIN LATERAL (
				SELECT s.birth_date FROM consent_profiling.subject s
					WHERE s.id OPERATOR(consent_profiling.=) e.subject OFFSET 0) s
		WHERE e.act = 'track_subjects' AND e.detail ? 'contradicts'
			AND NOT EXISTS (
				SELECT FROM consent_profiling.event r
					WHERE r.subject OPERATOR(consent_profiling.=) e.subject
						AND r.act = 'rectify_birth_date' AND r.link > e.link);
COMMENT ON VIEW consent_profiling.birth_date_conflict IS
	'birth dates that tracked tables claim and that contradict each other';
