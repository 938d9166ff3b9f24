---------------------------------------------------------------------
-- Erasure, Art. 17
---------------------------------------------------------------------

-- Internal: how many events of a subject there are at this moment, whatever
-- the snapshot of the transaction.
CREATE FUNCTION consent_profiling.count_events(subject consent_profiling.subject_id)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION consent_profiling.erase_subject(
		subject consent_profiling.subject_id)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM lock_subject(erase_subject.subject);
	-- What this transaction's snapshot is too old to see would be left behind.
	IF count_events(erase_subject.subject)
		<> (SELECT count(*) FROM event WHERE subject = erase_subject.subject) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent recording';
	END IF;
	DELETE FROM choice WHERE subject = erase_subject.subject;
	UPDATE subject SET
			birth_date = NULL,
			restricted_at = NULL,
			restriction_grounds = NULL,
			erased_at = at
		WHERE id = erase_subject.subject;
	-- The history keeps that something was done, not what it said of a person.
	UPDATE event SET
			birth_date = NULL,
			objection = CASE WHEN objection_grounds(objection) IS NULL
				THEN objection
				ELSE make_objection(objection_status(objection),
									objection_at(objection), '(erased)') END,
			ground = NULL,
			notice = NULL,
			evidence = NULL
		WHERE subject = erase_subject.subject;
	PERFORM record_event('erase_subject', erase_subject.subject, NULL, at);
END
$$;
COMMENT ON FUNCTION consent_profiling.erase_subject(
		consent_profiling.subject_id) IS
	'erases what is recorded of a subject (Art. 17) but for a tombstone that keeps the refusal alive; throws no_data_found for an unknown subject, object_not_in_prerequisite_state for one erased before; for officers';

-- Only those with a duty, see grant_duty().
REVOKE EXECUTE ON FUNCTION
	consent_profiling.count_events(consent_profiling.subject_id),
	consent_profiling.erase_subject(consent_profiling.subject_id)
	FROM PUBLIC;
