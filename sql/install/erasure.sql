---------------------------------------------------------------------
-- Erasure, Art. 17
---------------------------------------------------------------------

-- The secret without which the keyed hash of a key cannot be computed.  It is made
-- with the first event about a subject, see RequireSecret().
CREATE TABLE consent_profiling.tombstone_secret (
	secret bytea NOT NULL,
	one boolean NOT NULL DEFAULT true CONSTRAINT tombstone_secret_pkey PRIMARY KEY,
	CONSTRAINT tombstone_secret_one_check CHECK (one),
	CONSTRAINT tombstone_secret_length_check
		CHECK (pg_catalog.octet_length(secret) = 32)
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.tombstone_secret', '');
COMMENT ON TABLE consent_profiling.tombstone_secret IS
	'the secret of the keyed hash by which those who were erased are known';

-- With another secret, whoever was erased would be somebody unknown.
CREATE FUNCTION consent_profiling.keep_secret()
	RETURNS trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
		MESSAGE = 'the secret of the tombstones cannot be changed',
		DETAIL = 'Without it nobody knows any more who was erased.';
END
$$;
CREATE TRIGGER keep_secret BEFORE UPDATE OR DELETE
	ON consent_profiling.tombstone_secret
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.keep_secret();
CREATE TRIGGER keep_secrets BEFORE TRUNCATE ON consent_profiling.tombstone_secret
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.keep_secret();
ALTER TABLE consent_profiling.tombstone_secret ENABLE ALWAYS TRIGGER keep_secret;
ALTER TABLE consent_profiling.tombstone_secret ENABLE ALWAYS TRIGGER keep_secrets;

-- Internal: make the secret, unless there is one.
CREATE FUNCTION consent_profiling.make_secret()
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: by what the secret is known in the history, which it is not to be
-- found out from; null while there is none.
CREATE FUNCTION consent_profiling.secret_digest()
	RETURNS text AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: the tombstone that a key has or would have; null while there is no
-- secret.
CREATE FUNCTION consent_profiling.tombstone(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject_id AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Internal: the key, or the tombstone if somebody was erased under that key.
CREATE FUNCTION consent_profiling.known_as(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject_id AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION consent_profiling.refuse_erased()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER refuse_erased AFTER INSERT OR UPDATE OF id
	ON consent_profiling.subject
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.refuse_erased();
ALTER TABLE consent_profiling.subject ENABLE ALWAYS TRIGGER refuse_erased;

-- Internal: how many events of a subject there are at this moment, whatever
-- the snapshot of the transaction.
CREATE FUNCTION consent_profiling.count_events(subject consent_profiling.subject_id)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION consent_profiling.erase_subject(
		subject consent_profiling.subject_id)
	RETURNS jsonb
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
	key consent_profiling.subject_id;
	stone consent_profiling.subject_id;
	again boolean;
	events bigint;
	requests bigint;
	reviews bigint;
	notifications bigint;
	other_keys text[];
BEGIN
	-- Somebody erased before may have been written about since.
	key := lock_known(erase_subject.subject);
	again := EXISTS (SELECT FROM subject WHERE id = key AND erased_at IS NOT NULL);
	IF NOT again THEN
		PERFORM lock_subject(erase_subject.subject);
	END IF;
	-- What this transaction's snapshot is too old to see would be left behind.
	IF count_events(key)
		<> (SELECT count(*) FROM event WHERE subject = key) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent recording';
	END IF;
	PERFORM make_secret();
	stone := CASE WHEN again THEN key ELSE tombstone(key) END;

	-- The history of another key of the person names this one.
	other_keys := ARRAY(
		SELECT DISTINCT k.other FROM event e,
				LATERAL (VALUES (e.detail ->> 'renamed_from'),
								(e.detail ->> 'renamed_to')) AS k (other)
			WHERE e.subject = key AND k.other IS NOT NULL
				AND k.other !~ '^erased:' ORDER BY 1);

	-- Art. 19: who has the data is told, whom it was about, and then forgets.
	PERFORM queue_notifications(key, 'erasure');
	DELETE FROM notification WHERE subject = key AND cause <> 'erasure';
	IF again THEN
		notifications := (SELECT count(*) FROM notification
						  WHERE subject = erase_subject.subject
							  OR cause = 'erasure' AND tombstone(subject) = stone);
	ELSE
		notifications := (SELECT count(*) FROM notification
						  WHERE subject = erase_subject.subject);
	END IF;

	DELETE FROM choice WHERE subject = key;
	DELETE FROM disclosure WHERE subject = key;
	UPDATE request SET
			subject = stone,
			extension_reason = CASE WHEN extension_reason IS NOT NULL THEN '(erased)' END,
			outcome = CASE WHEN outcome IS NOT NULL THEN '(erased)' END
		WHERE subject = key;
	GET DIAGNOSTICS requests = ROW_COUNT;
	-- Of a decision about nobody there is nothing left to review.
	UPDATE review SET
			subject = stone,
			reviewed_at = COALESCE(reviewed_at, GREATEST(requested_at, at)),
			outcome = '(erased)'
		WHERE subject = key;
	GET DIAGNOSTICS reviews = ROW_COUNT;
	UPDATE subject SET
			id = stone,
			birth_date = NULL,
			restricted_at = NULL,
			restriction_grounds = NULL,
			erased_at = COALESCE(erased_at, at)
		WHERE id = key;
	-- The history keeps that something was done, not what it said of a person.
	UPDATE event e SET
			subject = stone,
			actor = NULL,
			birth_date = NULL,
			objection = CASE WHEN objection_grounds(e.objection) IS NULL
				THEN e.objection
				ELSE make_objection(objection_status(e.objection),
									objection_at(e.objection), '(erased)') END,
			ground = NULL,
			notice = NULL,
			evidence = NULL,
			detail = NULL,
			salt = NULL,
			content = event_content(e)
		WHERE e.subject = key AND e.salt IS NOT NULL;
	PERFORM record_event('erase_subject', stone, NULL, at,
						 detail => jsonb_build_object('tombstone_key_sha256', secret_digest()));
	events := (SELECT count(*) FROM event WHERE subject = stone);

	-- Art. 17(3), and Art. 12(3): the person is told what was done.
	RETURN jsonb_build_object(
		'erased_at', to_char(at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
		'kept', jsonb_build_array(
			jsonb_build_object('what', 'tombstone', 'rows', 1, 'why',
				'a keyed hash of the key, so that the refusal goes on when the key is brought again'),
			jsonb_build_object('what', 'history', 'rows', events, 'why',
				'that acts were recorded, when and by which role, under the tombstone and without what they said of the person, Art. 5(2) and 17(3)(e)'),
			jsonb_build_object('what', 'requests', 'rows', requests + reviews, 'why',
				'that requests and reviews were asked for and when they were answered, under the tombstone, Art. 12(3)'),
			jsonb_build_object('what', 'notifications', 'rows', notifications, 'why',
				'the key, until each recipient has been told of the erasure, Art. 19'),
			jsonb_build_object('what', 'log of changes', 'rows', NULL, 'why',
				'the key, for queries that are running, until prune_change_log() is next called'),
			jsonb_build_object('what', 'statistics', 'rows', NULL, 'why',
				'the key, where the planner''s statistics happened to take it up, until the next ANALYZE'))
			|| CASE WHEN cardinality(other_keys) = 0 THEN '[]'
				ELSE jsonb_build_array(jsonb_build_object(
					'what', 'other keys', 'rows', cardinality(other_keys), 'keys', other_keys, 'why',
					'a tracked table changed the key; the history of the other key names this one until that is erased, too'))
				END);
END
$$;
COMMENT ON FUNCTION consent_profiling.erase_subject(
		consent_profiling.subject_id) IS
	'erases what is recorded of a subject (Art. 17) but for a tombstone that keeps the refusal alive; returns what was kept, and why; again, what was said of the subject since; throws no_data_found for an unknown subject; for officers';

-- Art. 17(1)(b) and (c).  Whom another basis still covers for whatever purpose
-- is not due; nor is whose data is restricted, which often is in order to keep
-- it, Art. 18(1)(b) and (c).  Who asks a view calls its functions with rights of
-- his own, so this one does without those that are internal.
--
-- LATERAL ... OFFSET 0 looks each subject up by its key.  Where the planner has no
-- statistics it expects hardly any row, and would join every choice with every
-- subject.
CREATE VIEW consent_profiling.erasure_due AS
	WITH RECURSIVE below AS (
		SELECT p.name FROM consent_profiling.purpose p WHERE p.direct_marketing
		UNION
		SELECT p.name FROM below b
			JOIN consent_profiling.purpose p ON p.broader = b.name
	), above AS (
		SELECT p.name, p.broader FROM consent_profiling.purpose p
			WHERE p.direct_marketing
		UNION
		SELECT p.name, p.broader FROM above a
			JOIN consent_profiling.purpose p ON p.name = a.broader
	)
	SELECT d.subject, d.purpose, d.reason, d.article, d.since
	FROM (
		SELECT c.subject, c.purpose, 'consent_withdrawn'::text AS reason,
				'GDPR Art. 17(1)(b)'::text AS article,
				consent_profiling.consent_at(c.consent) AS since
			FROM consent_profiling.choice c
			WHERE consent_profiling.consent_status(c.consent)
				IN ('withdrawn', 'revoked')
		UNION ALL
		SELECT c.subject, c.purpose, 'objected', 'GDPR Art. 17(1)(c)', c.raised_at
			FROM consent_profiling.choice c
			WHERE c.raised_at > COALESCE(c.withdrawn_at, '-infinity')
				-- whatever is at, above or below direct marketing
				AND (c.purpose IN (SELECT b.name FROM below b)
					 OR c.purpose IN (SELECT a.name FROM above a))
		) d
		CROSS JOIN LATERAL (
			SELECT FROM consent_profiling.subject s
				WHERE s.id OPERATOR(consent_profiling.=) d.subject
					AND s.erased_at IS NULL AND s.restricted_at IS NULL
				OFFSET 0) s
	WHERE NOT EXISTS (
			SELECT FROM consent_profiling.purpose p
			WHERE p.automated AND p.personal_data AND p.evaluates_person
				AND consent_profiling.verdict_of(d.subject, p.name) = 'permitted');
COMMENT ON VIEW consent_profiling.erasure_due IS
	'who withdrew consent or objected to marketing and may not be profiled for anything any more, so that nothing is left to keep the data for';
