---------------------------------------------------------------------
-- Import
---------------------------------------------------------------------

-- What takes in a batch looks its subjects up one by one through the index:
-- planned freely, it would read the whole registry for every batch, or join
-- each row with all of it where statistics are out of date.  So sequential
-- scans are off, and LATERAL ... OFFSET 0 leaves no choice of a join.

-- Internal: complain about a batch that is not a table.
CREATE FUNCTION consent_profiling.check_batch(first_row bigint,
		VARIADIC lengths integer[])
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	PERFORM refuse_null('first_row', first_row IS NULL);
	IF array_position(lengths, NULL) IS NOT NULL
		OR lengths[1] <> ANY (lengths) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the arrays of a batch must be of one length';
	END IF;
END
$$;

-- Internal: what is wrong with the subjects or birth dates of a batch.
CREATE FUNCTION consent_profiling.subject_rows_problems(first_row bigint,
		subjects text[], birth_dates date[])
	RETURNS text[]
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
					 ORDER BY i.n)
		FROM (
			SELECT u.n, CASE
				WHEN u.subject IS NULL THEN 'subject is null'
				ELSE COALESCE('subject ' || quote_literal(u.subject) || ': '
							  || subject_id_problem(u.subject),
							  'subject ' || quote_literal(u.subject) || ': '
							  || birth_date_problem(u.birth_date))
				END AS problem
			FROM unnest(subjects, birth_dates)
				WITH ORDINALITY AS u (subject, birth_date, n)
		) i
		WHERE i.problem IS NOT NULL
$$;

-- Internal: what to read in place of the texts of a batch, and the times that they
-- claim where these cannot be recorded: infinite, or not in the years 0001 to
-- 9999.  A No at such a time is read as one at the end of time, which is recorded
-- as now.  "statuses" are those of a No.
CREATE FUNCTION consent_profiling.read_impossible_times(statuses text,
		INOUT texts text[], problems text[], OUT claimed text[])
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT array_agg(CASE WHEN m.part IS NULL THEN u.value
			ELSE m.part[1] || '9999-12-31T00:00:00Z' || COALESCE(m.part[3], '') END
			ORDER BY u.n),
		   array_agg(m.part[2] ORDER BY u.n)
		FROM unnest(texts, problems) WITH ORDINALITY AS u (value, problem, n)
			CROSS JOIN LATERAL (SELECT CASE WHEN u.problem IS NOT NULL
				THEN regexp_match(u.value, '^(\s*(?:' || statuses || ')(?:\s+explicit)?\s+at\s+)'
					|| '(-?infinity|(?:0000|0001-01-01|9999-12-31|\d{5,})[-T ]\S*|\d{4,}-\S+ (?:\S+ )?BC)'
					|| '(?:\s+until\s.*|(\s+grounds\s.*)|\s*)$', 'i') END) m (part)
$$;

-- Internal: take in one batch of an import of subjects.  Returns what is wrong
-- with which rows; when anything is, the batch was not taken in.
CREATE FUNCTION consent_profiling.import_subjects_batch(first_row bigint,
		subjects text[], birth_dates date[], notices text[], evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	problems text[];
	-- Under which the registry has them: erased ones go by their tombstones.
	ids subject_id[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(birth_dates), cardinality(notices),
						cardinality(evidences));
	-- One import at a time, so that two do not lock each other's subjects.
	LOCK TABLE choice IN SHARE UPDATE EXCLUSIVE MODE;

	problems := subject_rows_problems(first_row, subjects, birth_dates);
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	ids := lock_known_rows(subjects);

	-- The same rule as in register_subject(), asked before anything is written.
	SELECT array_agg(format(
				CASE WHEN s.birth_date IS NULL
					THEN 'row %s: subject %L has more than one birth date'
					ELSE 'row %s: subject %L is registered with another birth date'
					END, first_row + u.n - 1, u.subject) ORDER BY u.n)
		INTO problems
		FROM (SELECT v.n, v.subject, v.id, v.birth_date, max(v.birth_date)
					OVER (PARTITION BY v.id) AS latest
			  FROM unnest(subjects, ids, birth_dates)
				WITH ORDINALITY AS v (subject, id, birth_date, n)) u
			LEFT JOIN LATERAL (SELECT * FROM subject
							   WHERE id = u.id OFFSET 0) s
				ON true
		WHERE u.birth_date <> COALESCE(s.birth_date, u.latest)
			AND s.erased_at IS NULL;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	-- Art. 16, 19: to complete is to rectify.
	PERFORM queue_notifications(d.subject, 'rectification')
		FROM (SELECT DISTINCT d.subject
			  FROM unnest(ids, birth_dates) AS u (id, birth_date)
				  JOIN disclosure d ON d.subject = u.id
				  JOIN subject s ON s.id = u.id
			  WHERE u.birth_date IS NOT NULL
				  AND s.birth_date IS NULL AND s.erased_at IS NULL) d;
	INSERT INTO subject AS s (id, birth_date, registered_at)
		SELECT u.id, max(u.birth_date), at
		FROM unnest(ids, birth_dates) AS u (id, birth_date)
		GROUP BY 1 ORDER BY 1
		ON CONFLICT (id) DO UPDATE SET
				birth_date = GREATEST(excluded.birth_date, claimed_birth_date(s.id))
			WHERE s.birth_date IS NULL AND s.erased_at IS NULL
				AND excluded.birth_date IS NOT NULL;
	-- Somebody may have registered others of them meanwhile.
	PERFORM FROM unnest(ids, birth_dates) AS u (id, birth_date)
			CROSS JOIN LATERAL (SELECT * FROM subject
								WHERE id = u.id OFFSET 0) s
		WHERE s.birth_date < u.birth_date AND s.erased_at IS NULL;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent registration';
	END IF;
	INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
					   actor, birth_date, notice, evidence)
		SELECT 'import_subjects', s.id, at, clock_timestamp(), session_user,
			   caller_role(), recorded_actor(s.id),
			   CASE WHEN s.erased_at IS NULL THEN u.birth_date END,
			   CASE WHEN s.erased_at IS NULL THEN u.notice END,
			   CASE WHEN s.erased_at IS NULL THEN u.evidence END
		FROM unnest(ids, birth_dates, notices, evidences)
				WITH ORDINALITY AS u (id, birth_date, notice, evidence, n)
			CROSS JOIN LATERAL (SELECT * FROM subject
								WHERE id = u.id OFFSET 0) s
		ORDER BY u.n;
	RETURN NULL;
END
$$;

-- Internal: take in one batch of an import of consents, likewise.  A row with a
-- No is kept, about any person and at any time, as refuse_consent() keeps it.
CREATE FUNCTION consent_profiling.import_consents_batch(first_row bigint,
		subjects text[], purposes text[], consents text[], notices text[],
		evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	problems text[];
	ids subject_id[];
	erased boolean[];
	-- as claimed, if a consent can have that time, else the text; and as recorded
	claimed consent[];
	impossible text[];
	recorded consent[];
	no boolean[];
	now timestamptz;
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(purposes), cardinality(consents),
						cardinality(notices), cardinality(evidences));
	SELECT r.texts, r.claimed INTO consents, impossible
		FROM read_impossible_times('refused|withdrawn|revoked|expired|invalidated', consents,
			ARRAY(SELECT consent_problem(u.consent)
				  FROM unnest(consents) WITH ORDINALITY AS u (consent, n) ORDER BY u.n)) r;
	problems := import_rows_problems(first_row, subjects, purposes,
		(SELECT array_agg(CASE
				WHEN u.consent IS NULL THEN 'consent is null'
				ELSE 'consent ' || quote_literal(u.consent) || ': '
					 || consent_problem(u.consent)
				END ORDER BY u.n)
			FROM unnest(consents) WITH ORDINALITY AS u (consent, n)));
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;
	claimed := consents::consent[];
	no := ARRAY(SELECT consent_denies(u.c)
				FROM unnest(claimed) WITH ORDINALITY AS u (c, n) ORDER BY u.n);
	SELECT l.problems, l.ids, l.erased INTO problems, ids, erased
		FROM lock_import_rows(first_row, subjects, no) l;

	now := clock_timestamp();
	IF problems IS NULL THEN
		SELECT array_agg(format('row %s: consent %L lies in the future',
								first_row + u.n - 1, u.consent) ORDER BY u.n)
			INTO problems
			FROM unnest(consents, claimed, no) WITH ORDINALITY AS u (consent, c, no, n)
			WHERE consent_at(u.c) > now + clock_tolerance() AND NOT u.no;
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;
	recorded := ARRAY(SELECT CASE WHEN consent_at(u.c) <= now THEN u.c
							ELSE make_consent(consent_status(u.c), consent_explicit(u.c),
											  now, consent_until(u.c)) END
					  FROM unnest(claimed) WITH ORDINALITY AS u (c, n) ORDER BY u.n);

	INSERT INTO event (act, subject, purpose, at, recorded_at, session_role,
					   caller, actor, consent, notice, evidence, detail)
		SELECT 'import_consents', u.id, u.purpose, consent_at(u.c),
			   clock_timestamp(), session_user, caller_role(), recorded_actor(u.id),
			   u.c, CASE WHEN NOT u.erased THEN u.notice END,
			   CASE WHEN NOT u.erased THEN u.evidence END,
			   CASE WHEN u.impossible IS NULL
					THEN claimed_time(consent_at(u.claimed), consent_at(u.c))
					ELSE jsonb_build_object('claimed_at', u.impossible) END
		FROM unnest(ids, erased, purposes, claimed, impossible, recorded,
					notices, evidences)
			WITH ORDINALITY
			AS u (id, erased, purpose, claimed, impossible, c, notice, evidence, n)
		ORDER BY u.n;
	INSERT INTO choice AS c (subject, purpose, consent, refusal)
		SELECT i.id, i.purpose, max(i.c),
			   max(i.c) FILTER (WHERE is_refusal(i.c))
		FROM unnest(ids, erased, purposes, recorded) AS i (id, erased, purpose, c)
		WHERE NOT i.erased
		GROUP BY i.id, i.purpose ORDER BY i.id, i.purpose
		ON CONFLICT (subject, purpose) DO UPDATE SET
			consent = GREATEST(c.consent, excluded.consent),
			refusal = GREATEST(c.refusal, excluded.refusal);
	RETURN NULL;
END
$$;

-- Internal: take in one batch of an import of objections, likewise.
CREATE FUNCTION consent_profiling.import_objections_batch(first_row bigint,
		subjects text[], purposes text[], objections text[], notices text[],
		evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	problems text[];
	ids subject_id[];
	erased boolean[];
	claimed objection[];
	impossible text[];
	recorded objection[];
	no boolean[];
	now timestamptz;
	marketing text[] := ARRAY(
		SELECT p.name FROM purpose p
		WHERE EXISTS (SELECT FROM lineage(p.name) l WHERE l.direct_marketing));
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(purposes), cardinality(objections),
						cardinality(notices), cardinality(evidences));
	SELECT r.texts, r.claimed INTO objections, impossible
		FROM read_impossible_times('raised|upheld', objections,
			ARRAY(SELECT objection_problem(u.objection)
				  FROM unnest(objections) WITH ORDINALITY AS u (objection, n) ORDER BY u.n)) r;
	problems := import_rows_problems(first_row, subjects, purposes,
		(SELECT array_agg(CASE
				WHEN u.objection IS NULL THEN 'objection is null'
				ELSE 'objection ' || quote_literal(u.objection) || ': '
					 || objection_problem(u.objection)
				END ORDER BY u.n)
			FROM unnest(objections) WITH ORDINALITY AS u (objection, n)));
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;
	claimed := objections::objection[];
	no := ARRAY(SELECT objection_status(u.o) IN ('raised', 'upheld')
				FROM unnest(claimed) WITH ORDINALITY AS u (o, n) ORDER BY u.n);
	SELECT l.problems, l.ids, l.erased INTO problems, ids, erased
		FROM lock_import_rows(first_row, subjects, no) l;

	now := clock_timestamp();
	IF problems IS NULL THEN
		SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
						 ORDER BY i.n)
			INTO problems
			FROM (
				SELECT u.n, CASE
					WHEN objection_at(u.o) > now + clock_tolerance() AND NOT u.no
						THEN format('objection %L lies in the future', u.objection)
					-- Art. 21(2)-(3)
					WHEN objection_status(u.o) = 'overridden'
						AND u.purpose = ANY (marketing)
						THEN 'an objection to direct marketing cannot be overridden'
					END AS problem
				FROM unnest(purposes, objections, claimed, no)
					WITH ORDINALITY AS u (purpose, objection, o, no, n)
			) i
			WHERE i.problem IS NOT NULL;
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;
	-- Whoever may import may say what people said; to decide is for officers.
	IF EXISTS (SELECT FROM unnest(claimed) AS u (o)
			   WHERE objection_status(u.o) IN ('upheld', 'overridden'))
		AND NOT has_function_privilege(caller_role(),
			'override_objection(subject_id, text, text, timestamptz, jsonb)', 'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'only officers may import objections that were upheld or overridden';
	END IF;
	recorded := ARRAY(SELECT CASE WHEN objection_at(u.o) <= now THEN u.o
							ELSE make_objection(objection_status(u.o), now,
												objection_grounds(u.o)) END
					  FROM unnest(claimed) WITH ORDINALITY AS u (o, n) ORDER BY u.n);

	UPDATE subject SET objection_acts = objection_acts + 1
		WHERE id = ANY (ids) AND erased_at IS NULL;
	INSERT INTO event (act, subject, purpose, at, recorded_at, session_role,
					   caller, actor, objection, notice, evidence, detail)
		SELECT 'import_objections', u.id, u.purpose, objection_at(u.o),
			   clock_timestamp(), session_user, caller_role(), recorded_actor(u.id),
			   u.o, CASE WHEN NOT u.erased THEN u.notice END,
			   CASE WHEN NOT u.erased THEN u.evidence END,
			   CASE WHEN u.impossible IS NULL
					THEN claimed_time(objection_at(u.claimed), objection_at(u.o))
					ELSE jsonb_build_object('claimed_at', u.impossible) END
		FROM unnest(ids, erased, purposes, claimed, impossible, recorded,
					notices, evidences)
			WITH ORDINALITY
			AS u (id, erased, purpose, claimed, impossible, o, notice, evidence, n)
		ORDER BY u.n;
	INSERT INTO choice AS c (subject, purpose, objection,
							 raised_at, withdrawn_at, overridden_at)
		SELECT i.id, i.purpose, max(i.o),
			   max(i.at) FILTER (WHERE i.status IN ('raised', 'upheld')),
			   max(i.at) FILTER (WHERE i.status = 'withdrawn'),
			   max(i.at) FILTER (WHERE i.status = 'overridden')
		FROM (SELECT u.id, u.purpose, u.o, objection_status(u.o) AS status,
					 objection_at(u.o) AS at
			  FROM unnest(ids, erased, purposes, recorded)
				AS u (id, erased, purpose, o)
			  WHERE NOT u.erased) i
		GROUP BY i.id, i.purpose ORDER BY i.id, i.purpose
		ON CONFLICT (subject, purpose) DO UPDATE SET
			objection = GREATEST(c.objection, excluded.objection),
			raised_at = GREATEST(c.raised_at, excluded.raised_at),
			withdrawn_at = GREATEST(c.withdrawn_at, excluded.withdrawn_at),
			overridden_at = GREATEST(c.overridden_at, excluded.overridden_at);
	RETURN NULL;
END
$$;

-- Internal: what is wrong with the subjects, the purposes or the values of a
-- batch.
CREATE FUNCTION consent_profiling.import_rows_problems(first_row bigint,
		subjects text[], purposes text[], value_problems text[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	problems text[];
BEGIN
	-- One import at a time, so that two do not lock each other's subjects.
	LOCK TABLE choice IN SHARE UPDATE EXCLUSIVE MODE;
	PERFORM FROM purpose WHERE name = ANY (purposes) FOR KEY SHARE;

	SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
					 ORDER BY i.n)
		INTO problems
		FROM (
			SELECT u.n, CASE
				WHEN u.subject IS NULL THEN 'subject is null'
				WHEN subject_id_problem(u.subject) IS NOT NULL
					THEN 'subject ' || quote_literal(u.subject) || ': '
						 || subject_id_problem(u.subject)
				WHEN u.purpose IS NULL THEN 'purpose is null'
				WHEN p.name IS NULL
					THEN format('purpose %L does not exist', u.purpose)
				ELSE u.problem
				END AS problem
			FROM unnest(subjects, purposes, value_problems)
					WITH ORDINALITY AS u (subject, purpose, problem, n)
				LEFT JOIN purpose p ON p.name = u.purpose
		) i
		WHERE i.problem IS NOT NULL;
	RETURN problems;
END
$$;

-- Internal: lock the subjects of a batch and return their keys as the registry
-- has them, also of those who are erased while this waits.
CREATE FUNCTION consent_profiling.lock_known_rows(subjects text[])
	RETURNS consent_profiling.subject_id[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	ids subject_id[];
BEGIN
	LOOP
		ids := ARRAY(SELECT known_as(u.subject::subject_id)
					 FROM unnest(subjects) WITH ORDINALITY AS u (subject, n)
					 ORDER BY u.n);
		PERFORM FROM (SELECT DISTINCT v.id FROM unnest(ids) AS v (id) ORDER BY 1) u
				CROSS JOIN LATERAL (SELECT FROM subject WHERE id = u.id
									FOR NO KEY UPDATE) s;
		-- Only a key that is not in the registry any more can have another.
		PERFORM FROM unnest(subjects, ids) AS u (subject, id)
				LEFT JOIN LATERAL (SELECT s.id FROM subject s
								   WHERE s.id = u.id OFFSET 0) s ON true
			WHERE s.id IS NULL AND known_as(u.subject::subject_id) <> u.id;
		EXIT WHEN NOT FOUND;
	END LOOP;
	RETURN ids;
END
$$;

-- Internal: lock the subjects of a batch and return their keys likewise, and who
-- of them was erased.  A row with a No is not turned away: a person who is not
-- known is registered, without a birth date, and known for the rows that follow,
-- as if each row had been recorded by itself.  So it does not matter where a batch
-- ends.
CREATE FUNCTION consent_profiling.lock_import_rows(first_row bigint,
		subjects text[], no boolean[],
		OUT problems text[], OUT ids consent_profiling.subject_id[],
		OUT erased boolean[])
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	missing subject_id[];
	-- The rows with a Yes before the row with a No that registers the person.
	early bigint[] := '{}';
BEGIN
	LOOP
		ids := lock_known_rows(subjects);
		SELECT array_agg(DISTINCT m.id) FILTER (WHERE m.no),
			   early || array_agg(m.n) FILTER (WHERE NOT m.no AND m.n < m.first_no)
			INTO missing, early
			FROM (SELECT u.n, u.id, u.no,
						 min(u.n) FILTER (WHERE u.no) OVER (PARTITION BY u.id) AS first_no
				  FROM unnest(ids, no) WITH ORDINALITY AS u (id, no, n)
					LEFT JOIN LATERAL (SELECT s.id FROM subject s
									   WHERE s.id = u.id OFFSET 0) s ON true
				  WHERE s.id IS NULL) m;
		EXIT WHEN missing IS NULL;
		WITH added AS (
			INSERT INTO subject (id, registered_at)
				SELECT m.id, at FROM unnest(missing) AS m (id) ORDER BY 1
				ON CONFLICT (id) DO NOTHING
				RETURNING id
		)
		INSERT INTO event (act, subject, at, recorded_at, session_role, caller, actor)
			SELECT 'import_subjects', a.id, at, clock_timestamp(), session_user,
				   caller_role(), recorded_actor()
				FROM added a ORDER BY a.id;
	END LOOP;

	SELECT array_agg(s.erased_at IS NOT NULL ORDER BY u.n),
		   array_agg(format(
				CASE WHEN s.erased_at IS NULL
					THEN 'row %s: subject %L is not registered'
					ELSE 'row %s: subject %L has been erased' END,
				first_row + u.n - 1, u.subject) ORDER BY u.n)
			FILTER (WHERE s.id IS NULL OR u.n = ANY (early)
					OR s.erased_at IS NOT NULL AND NOT u.no)
		INTO erased, problems
		FROM unnest(subjects, ids, no) WITH ORDINALITY AS u (subject, id, no, n)
			LEFT JOIN LATERAL (SELECT * FROM subject
							   WHERE id = u.id OFFSET 0) s
				ON true;
END
$$;

CREATE FUNCTION consent_profiling.import_subjects(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_subjects(text) IS
	'registers the subjects that a query, run with the caller''s rights, returns as (subject, birth_date [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none';

CREATE FUNCTION consent_profiling.import_consents(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_consents(text) IS
	'records the consents that a query, run with the caller''s rights, returns as (subject, purpose, consent [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none';

CREATE FUNCTION consent_profiling.import_objections(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_objections(text) IS
	'records the objections that a query, run with the caller''s rights, returns as (subject, purpose, objection [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none; throws insufficient_privilege for those upheld or overridden, unless for officers';
