---------------------------------------------------------------------
-- Restriction, Art. 18
---------------------------------------------------------------------

-- Internal: which of the four grounds of Art. 18(1) a text begins with, or null.
CREATE FUNCTION consent_profiling.restriction_ground(ground text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN g.words ~ E'^accuracy contested\\M' THEN 'accuracy_contested'
		WHEN g.words ~ E'^unlawful(ly)?\\M' THEN 'unlawful_processing'
		WHEN g.words ~ E'^(needed for )?(legal )?claims\\M' THEN 'legal_claims'
		WHEN g.words ~ E'^objection pending\\M' THEN 'objection_pending'
		END
	FROM (SELECT ltrim(regexp_replace(lower(restriction_ground.ground COLLATE "C"),
									  E'[\\s_]+', ' ', 'g')) AS words) g
$$;

CREATE FUNCTION consent_profiling.restrict_subject(
		subject consent_profiling.subject_id, ground text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
	word text := restriction_ground(restrict_subject.ground);
BEGIN
	PERFORM refuse_null('ground', restrict_subject.ground IS NULL);
	-- Art. 18(1)
	IF word IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = CASE WHEN is_blank(restrict_subject.ground)
				THEN 'processing cannot be restricted without a ground'
				ELSE format('unknown ground "%s" for a restriction',
							restrict_subject.ground) END,
			HINT = 'Art. 18(1) knows accuracy_contested, unlawful_processing, legal_claims and objection_pending; more text may follow.';
	END IF;
	PERFORM lock_subject(restrict_subject.subject);
	-- After the lock, so that it is later than a restriction lifted just now.
	at := clock_timestamp();
	UPDATE subject SET
			restricted_at = COALESCE(restricted_at, at),
			restriction_grounds = CASE
				WHEN word = ANY (restriction_grounds) THEN restriction_grounds
				ELSE array_append(restriction_grounds, word) END
		WHERE id = restrict_subject.subject;
	PERFORM record_event('restrict_subject', restrict_subject.subject, NULL, at,
						 ground => restrict_subject.ground,
						 detail => jsonb_build_object('ground', word));
	-- Art. 19
	PERFORM queue_notifications(restrict_subject.subject, 'restriction');
END
$$;
COMMENT ON FUNCTION consent_profiling.restrict_subject(
		consent_profiling.subject_id, text) IS
	'restricts the processing of a subject''s data on one of the grounds of Art. 18(1): accuracy_contested, unlawful_processing, legal_claims or objection_pending, in any case, with blanks or underscores, and with more text after it; recipients are to be told, see notification_due; throws no_data_found for an unknown subject, invalid_parameter_value for another ground; for officers';

CREATE FUNCTION consent_profiling.lift_restriction(
		subject consent_profiling.subject_id, informed_at timestamptz)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	-- Art. 18(3): the person is informed before a restriction is lifted.
	informed timestamptz := time_of_act('informed_at', lift_restriction.informed_at);
	known consent_profiling.subject;
	newest timestamptz;
BEGIN
	known := lock_subject(lift_restriction.subject);
	IF known.restricted_at IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" is not restricted',
							 lift_restriction.subject);
	END IF;
	-- Who was told that one restriction ends, was not told of the next.
	SELECT GREATEST(known.restricted_at, max(e.at)) INTO newest
		FROM event e
		WHERE e.subject = lift_restriction.subject AND e.act = 'restrict_subject';
	IF informed < newest THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'informed_at lies before the restriction',
			DETAIL = format('The newest restriction is of %s.', newest);
	END IF;
	UPDATE subject SET restricted_at = NULL, restriction_grounds = NULL
		WHERE id = lift_restriction.subject;
	PERFORM record_event('lift_restriction', lift_restriction.subject, NULL,
						 clock_timestamp(),
						 informed_at => informed,
						 detail => claimed_time(lift_restriction.informed_at,
												informed));
END
$$;
COMMENT ON FUNCTION consent_profiling.lift_restriction(
		consent_profiling.subject_id, timestamptz) IS
	'lifts every restriction of a subject who was informed of that (Art. 18(3)); throws object_not_in_prerequisite_state for a subject not restricted, invalid_parameter_value for a time in the future or before the newest restriction; for officers';

-- Who asks a view calls its functions with rights of his own, so this one does
-- without those that are internal.
CREATE VIEW consent_profiling.restriction AS
	SELECT s.id AS subject, g.ground, a.article, NULL::text AS purpose,
		   COALESCE((SELECT min(e.at) FROM consent_profiling.event e
					 WHERE e.subject OPERATOR(consent_profiling.=) s.id
						 AND e.act = 'restrict_subject'
						 AND e.detail ->> 'ground' = g.ground
						 AND e.at >= s.restricted_at),
					s.restricted_at) AS since
		FROM consent_profiling.subject s
			CROSS JOIN LATERAL unnest(s.restriction_grounds) AS g (ground)
			LEFT JOIN (VALUES ('accuracy_contested', 'GDPR Art. 18(1)(a)'),
							  ('unlawful_processing', 'GDPR Art. 18(1)(b)'),
							  ('legal_claims', 'GDPR Art. 18(1)(c)'),
							  ('objection_pending', 'GDPR Art. 18(1)(d)'))
				AS a (ground, article) ON a.ground = g.ground
	UNION ALL
	-- Art. 18(1)(d): until it is verified whose grounds weigh more.  On direct
	-- marketing there is nothing to verify, Art. 21(3).
	SELECT c.subject, 'objection_pending', 'GDPR Art. 18(1)(d)', c.purpose,
		   consent_profiling.objection_at(c.objection)
		FROM consent_profiling.choice c
		WHERE consent_profiling.objection_status(c.objection) = 'raised'
			AND c.purpose NOT IN (
				WITH RECURSIVE marketing AS (
					SELECT p.name FROM consent_profiling.purpose p
						WHERE p.direct_marketing
					UNION
					SELECT p.name FROM marketing m
						JOIN consent_profiling.purpose p ON p.broader = m.name
				)
				SELECT m.name FROM marketing m);
COMMENT ON VIEW consent_profiling.restriction IS
	'whose processing is restricted on which ground, and which objections are pending, which restricts for their purpose (Art. 18); for officers';
