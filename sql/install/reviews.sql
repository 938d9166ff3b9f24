---------------------------------------------------------------------
-- Automated decisions, Art. 22
---------------------------------------------------------------------

-- Open as long as nobody has reviewed it.
CREATE TABLE consent_profiling.review (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT review_pkey PRIMARY KEY,
	subject consent_profiling.subject_id NOT NULL,
	purpose text COLLATE "C" NOT NULL,
	requested_at timestamptz NOT NULL,
	reviewed_at timestamptz,
	outcome text,
	reviewed_by text,
	CONSTRAINT review_reviewed_at_check CHECK (reviewed_at >= requested_at),
	CONSTRAINT review_outcome_check
		CHECK (reviewed_at IS NOT NULL
			   OR pg_catalog.num_nonnulls(outcome, reviewed_by) = 0)
);
-- See "event".
ALTER TABLE consent_profiling.review ALTER subject SET (n_distinct = -0.5);
CREATE INDEX review_subject_idx ON consent_profiling.review (subject, purpose);
-- What may_decide() looks at.  One at a time, also for those who ask at once.
CREATE UNIQUE INDEX review_open_idx ON consent_profiling.review (subject, purpose)
	WHERE reviewed_at IS NULL;
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.review', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.review_id_seq', '');
COMMENT ON TABLE consent_profiling.review IS
	'automated decisions that a person wants a human to look at';

-- One function a key type, as with may_profile(), and for PUBLIC like it.  They
-- look people up by index, so let a query ask what is cheaper first.
CREATE FUNCTION consent_profiling.may_decide(subject smallint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(smallint) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject integer)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(integer) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject bigint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(bigint) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject uuid)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(uuid) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(text) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject consent_profiling.subject_id)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(consent_profiling.subject_id) IS
	'may a decision based solely on automated processing be taken about this subject for the purpose in consent_profiling.purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject smallint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(smallint, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject integer, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(integer, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject bigint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(bigint, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject uuid, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(uuid, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject text, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(text, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_decide(subject consent_profiling.subject_id, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_decide_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE COST 100;
COMMENT ON FUNCTION consent_profiling.may_decide(consent_profiling.subject_id, text) IS
	'may a decision based solely on automated processing be taken about this subject for this purpose? never null; false for a purpose without automated_decision, and while a review is open; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

-- Art. 22(3): the person has a right to human intervention, to express a point
-- of view and to contest the decision.  Whether the purpose is profiling does not
-- matter here: nobody is turned away with a right.
CREATE FUNCTION consent_profiling.request_review(
		subject consent_profiling.subject_id, purpose text,
		evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
BEGIN
	PERFORM check_purpose(request_review.purpose);
	PERFORM lock_subject(request_review.subject);
	PERFORM FROM purpose
		WHERE name = request_review.purpose AND automated_decision;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('no automated decisions are taken for purpose "%s"',
							 request_review.purpose),
			HINT = 'A review is of a decision. To profiling as such a person objects, see consent_profiling.raise_objection().';
	END IF;
	-- Who asks again while one is open has asked again, and no more.
	at := clock_timestamp();
	INSERT INTO review (subject, purpose, requested_at)
		VALUES (request_review.subject, request_review.purpose, at)
		ON CONFLICT (subject, purpose) WHERE reviewed_at IS NULL DO NOTHING;
	PERFORM record_event('request_review', request_review.subject,
						 request_review.purpose, at,
						 evidence => request_review.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.request_review(
		consent_profiling.subject_id, text, jsonb) IS
	'records that a subject wants a human to review an automated decision (Art. 22(3)); until that is done may_decide() is false for this purpose and all beneath it; again while one is open opens no second; throws no_data_found for an unknown subject, undefined_object for an unknown purpose, object_not_in_prerequisite_state for one without automated_decision';

CREATE FUNCTION consent_profiling.record_review(
		subject consent_profiling.subject_id, purpose text, outcome text,
		by text, at timestamptz DEFAULT clock_timestamp(),
		evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	recorded timestamptz := time_of_act('at', record_review.at);
	open consent_profiling.review;
BEGIN
	PERFORM check_purpose(record_review.purpose);
	PERFORM refuse_null('outcome', record_review.outcome IS NULL);
	PERFORM refuse_null('by', record_review.by IS NULL);
	IF is_blank(record_review.outcome) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a review cannot be recorded without an outcome';
	END IF;
	-- It is a human's, who has a name.
	IF is_blank(record_review.by) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a review cannot be recorded without saying who did it';
	END IF;
	PERFORM lock_subject(record_review.subject);
	SELECT * INTO open FROM review
		WHERE subject = record_review.subject
			AND purpose = record_review.purpose AND reviewed_at IS NULL
		FOR UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has asked for no review for purpose "%s" that is open',
							 record_review.subject, record_review.purpose),
			HINT = 'Open are those in consent_profiling.review that have no reviewed_at.';
	END IF;
	IF recorded < open.requested_at THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'at lies before the request',
			DETAIL = format('The review was asked for at %s.', open.requested_at);
	END IF;
	UPDATE review SET reviewed_at = recorded,
			outcome = record_review.outcome, reviewed_by = record_review.by
		WHERE id = open.id;
	PERFORM record_event('record_review', record_review.subject,
						 record_review.purpose, recorded,
						 evidence => record_review.evidence,
						 detail => jsonb_build_object(
							'outcome', record_review.outcome,
							'by', record_review.by)
							|| COALESCE(claimed_time(record_review.at, recorded), '{}'));
END
$$;
COMMENT ON FUNCTION consent_profiling.record_review(
		consent_profiling.subject_id, text, text, text, timestamptz, jsonb) IS
	'records what a human found who reviewed an automated decision, and who that was (Art. 22(3)); throws object_not_in_prerequisite_state where no review is open at exactly this purpose, invalid_parameter_value for a blank outcome or name and for a time in the future or before the request, no_data_found for an unknown subject, undefined_object for an unknown purpose; for officers';
