---------------------------------------------------------------------
-- Requests and their clock, Art. 12(3)
---------------------------------------------------------------------

CREATE TABLE consent_profiling.request (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT request_pkey PRIMARY KEY,
	subject consent_profiling.subject_id NOT NULL,
	"right" text COLLATE "C" NOT NULL,
	received_at timestamptz NOT NULL,
	due_on date NOT NULL,
	extended_at timestamptz,
	extension_reason text,
	closed_at timestamptz,
	outcome text
);
-- See "event".
ALTER TABLE consent_profiling.request ALTER subject SET (n_distinct = -0.5);
CREATE INDEX request_subject_idx ON consent_profiling.request (subject);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.request', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.request_id_seq', '');
COMMENT ON TABLE consent_profiling.request IS
	'what people asked for by right, and until when they must have an answer';

-- Internal: the date, in UTC, until which a request must have an answer.  The
-- day of receipt does not count, and a month without such a day ends the period
-- with its last (Regulation (EEC, Euratom) No 1182/71, Art. 3).
CREATE FUNCTION consent_profiling.request_due_on(received_at timestamptz,
		months integer)
	RETURNS date
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT ((received_at AT TIME ZONE 'UTC')::date
			+ months * interval '1 month')::date
$$;

-- Internal: take the lock on a request and, first, as all do, on its subject;
-- complain about one that does not exist or is closed.  Whose data has been
-- erased meanwhile stands there under another key, and is owed an answer all
-- the same.
CREATE FUNCTION consent_profiling.lock_request(request bigint)
	RETURNS consent_profiling.request
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	found_request consent_profiling.request;
BEGIN
	PERFORM refuse_null('request', lock_request.request IS NULL);
	PERFORM lock_known((SELECT r.subject FROM request r
						WHERE r.id = lock_request.request));
	SELECT * INTO found_request
		FROM request WHERE id = lock_request.request FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('request %s does not exist', lock_request.request);
	END IF;
	IF found_request.closed_at IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('request %s is closed', lock_request.request),
			DETAIL = format('It was closed at %s.', found_request.closed_at);
	END IF;
	RETURN found_request;
END
$$;

CREATE FUNCTION consent_profiling.open_request(
		subject consent_profiling.subject_id, "right" text,
		received_at timestamptz DEFAULT clock_timestamp(),
		purpose text DEFAULT 'profiling', evidence jsonb DEFAULT NULL)
	RETURNS bigint
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	request bigint;
	-- Art. 21: an objection is a No, which must not bounce.
	objects boolean := open_request."right" IS NOT DISTINCT FROM 'objection';
	recorded timestamptz := time_of_act('received_at', open_request.received_at,
										objects);
	known consent_profiling.subject;
BEGIN
	PERFORM refuse_null('right', open_request."right" IS NULL);
	IF NOT isfinite(recorded) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'received_at must be finite';
	END IF;
	-- Art. 15 to 18 and 20 to 22
	IF open_request."right" NOT IN ('access', 'rectification', 'erasure',
			'restriction', 'portability', 'objection', 'automated_decision') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('unknown right "%s"', open_request."right"),
			HINT = 'The rights are access, rectification, erasure, restriction, portability, objection and automated_decision.';
	END IF;
	PERFORM check_purpose(open_request.purpose);
	known := CASE WHEN objects THEN lock_or_register(open_request.subject)
		ELSE lock_subject(open_request.subject) END;
	-- Art. 12(3)
	INSERT INTO request (subject, "right", received_at, due_on)
		VALUES (known.id, open_request."right", recorded,
				request_due_on(recorded, 1))
		RETURNING id INTO request;
	PERFORM record_event('open_request', known.id, open_request.purpose, recorded,
						 evidence => CASE WHEN known.erased_at IS NULL
							THEN open_request.evidence END,
						 detail => jsonb_build_object('request', request,
													  'right', open_request."right")
							|| COALESCE(claimed_time(open_request.received_at,
													 recorded), '{}'));
	-- Art. 21(1): processing ends with the objection, not with the answer.
	-- What was overridden since was weighed without this one, which stands from now.
	IF objects THEN
		PERFORM raise_objection(open_request.subject, open_request.purpose,
			CASE WHEN EXISTS (SELECT FROM choice c
							  WHERE c.subject = open_request.subject
								  AND c.overridden_at >= recorded
								  AND EXISTS (SELECT FROM lineage(c.purpose) l
											  WHERE l.name = open_request.purpose))
				THEN clock_timestamp() ELSE recorded END,
			open_request.evidence);
	-- Art. 22(3): nor is anything decided until a human has looked.
	ELSIF open_request."right" = 'automated_decision'
		AND EXISTS (SELECT FROM purpose p
					WHERE p.name = open_request.purpose AND p.automated_decision) THEN
		PERFORM request_review(open_request.subject, open_request.purpose,
							   open_request.evidence);
	END IF;
	RETURN request;
END
$$;
COMMENT ON FUNCTION consent_profiling.open_request(consent_profiling.subject_id,
		text, timestamptz, text, jsonb) IS
	'records a request of a subject and returns its number (Art. 12(3))';

CREATE FUNCTION consent_profiling.extend_request(request bigint, reason text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
	known consent_profiling.request;
BEGIN
	PERFORM refuse_null('reason', extend_request.reason IS NULL);
	IF is_blank(extend_request.reason) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a request cannot be extended without a reason';
	END IF;
	known := lock_request(extend_request.request);
	at := clock_timestamp();
	IF known.extended_at IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('request %s has been extended before',
							 extend_request.request),
			DETAIL = format('It is due on %s.', known.due_on);
	END IF;
	-- Art. 12(3): the person hears of it within the first month.
	IF (at AT TIME ZONE 'UTC')::date > known.due_on THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('the first month of request %s is over',
							 extend_request.request),
			DETAIL = format('It was due on %s.', known.due_on);
	END IF;
	-- By two further months.
	UPDATE request SET
			due_on = request_due_on(known.received_at, 3),
			extended_at = at,
			extension_reason = extend_request.reason
		WHERE id = known.id;
	PERFORM record_event('extend_request', known.subject, NULL, at,
						 detail => jsonb_build_object('request', known.id,
													  'reason', extend_request.reason));
END
$$;
COMMENT ON FUNCTION consent_profiling.extend_request(bigint, text) IS
	'extends the time for a request by two months, once, and within the first (Art. 12(3)); throws no_data_found for an unknown request, object_not_in_prerequisite_state for one that is closed, extended before or past its first month, invalid_parameter_value without a reason; for officers';

CREATE FUNCTION consent_profiling.close_request(request bigint, outcome text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
	known consent_profiling.request;
BEGIN
	PERFORM refuse_null('outcome', close_request.outcome IS NULL);
	IF is_blank(close_request.outcome) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a request cannot be closed without an outcome';
	END IF;
	known := lock_request(close_request.request);
	at := clock_timestamp();
	UPDATE request SET closed_at = at, outcome = close_request.outcome
		WHERE id = known.id;
	PERFORM record_event('close_request', known.subject, NULL, at,
						 detail => jsonb_build_object('request', known.id,
													  'outcome', close_request.outcome));
END
$$;
COMMENT ON FUNCTION consent_profiling.close_request(bigint, text) IS
	'records what came of a request, also of somebody who has been erased meanwhile; an objection stands whatever it is; throws no_data_found for an unknown request, object_not_in_prerequisite_state for one closed before, invalid_parameter_value without an outcome; for officers';

CREATE VIEW consent_profiling.request_overdue AS
	SELECT r.id AS request, r.subject, r."right", r.received_at, r.due_on,
		   r.extended_at IS NOT NULL AS extended,
		   (statement_timestamp() AT TIME ZONE 'UTC')::date - r.due_on
				AS days_overdue
		FROM consent_profiling.request r
		WHERE r.closed_at IS NULL
			AND (statement_timestamp() AT TIME ZONE 'UTC')::date > r.due_on;
COMMENT ON VIEW consent_profiling.request_overdue IS
	'requests whose time is over, and that are not closed (Art. 12(3)); for officers';
