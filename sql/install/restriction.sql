---------------------------------------------------------------------
-- Restriction, Art. 18
---------------------------------------------------------------------

CREATE FUNCTION consent_profiling.restrict_subject(
		subject consent_profiling.subject_id, ground text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM refuse_null('ground', restrict_subject.ground IS NULL);
	IF restrict_subject.ground !~ '\S' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'processing cannot be restricted without a ground';
	END IF;
	PERFORM lock_subject(restrict_subject.subject);
	UPDATE subject SET
			restricted_at = COALESCE(restricted_at, at),
			restriction_grounds = array_append(restriction_grounds,
											   restrict_subject.ground)
		WHERE id = restrict_subject.subject;
	PERFORM record_event('restrict_subject', restrict_subject.subject, NULL, at,
						 ground => restrict_subject.ground);
END
$$;
COMMENT ON FUNCTION consent_profiling.restrict_subject(
		consent_profiling.subject_id, text) IS
	'restricts the processing of a subject''s data (Art. 18); throws no_data_found for an unknown subject, invalid_parameter_value without a ground; for officers';

CREATE FUNCTION consent_profiling.lift_restriction(
		subject consent_profiling.subject_id, informed_at timestamptz)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known consent_profiling.subject;
BEGIN
	-- Art. 18(3): the person is informed before a restriction is lifted.
	PERFORM refuse_future('informed_at', lift_restriction.informed_at);
	known := lock_subject(lift_restriction.subject);
	IF known.restricted_at IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" is not restricted',
							 lift_restriction.subject);
	END IF;
	IF lift_restriction.informed_at < known.restricted_at THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'informed_at lies before the restriction',
			DETAIL = format('The restriction is of %s.', known.restricted_at);
	END IF;
	UPDATE subject SET restricted_at = NULL, restriction_grounds = NULL
		WHERE id = lift_restriction.subject;
	PERFORM record_event('lift_restriction', lift_restriction.subject, NULL,
						 clock_timestamp(),
						 informed_at => lift_restriction.informed_at);
END
$$;
COMMENT ON FUNCTION consent_profiling.lift_restriction(
		consent_profiling.subject_id, timestamptz) IS
	'lifts the restriction of a subject who was informed of it (Art. 18(3)); throws object_not_in_prerequisite_state for a subject not restricted, invalid_parameter_value for a time in the future or before the restriction; for officers';

-- Only those with a duty, see grant_duty().
REVOKE EXECUTE ON FUNCTION
	consent_profiling.restrict_subject(consent_profiling.subject_id, text),
	consent_profiling.lift_restriction(consent_profiling.subject_id, timestamptz)
	FROM PUBLIC;
