---------------------------------------------------------------------
-- Record
---------------------------------------------------------------------

-- All of these write as the owner of the extension, whoever calls.  Their
-- search_path is pinned, with pg_temp last, and only the extension creates objects
-- in its schema, see check_schema(): so a caller cannot put an object under a name
-- used here.  What is internal and runs only within them goes by the same
-- search_path; setting it over and over would cost more than the recording.  None
-- is for PUBLIC, see grant_duty().

-- Internal: complain about an argument that must be there.
CREATE FUNCTION consent_profiling.refuse_null(argument text, missing boolean)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	IF missing THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = format('%s must not be null', argument);
	END IF;
END
$$;

-- Internal: is there nothing to be seen in a text?  Blanks of every kind, and
-- characters that leave none behind.
CREATE FUNCTION consent_profiling.is_blank(value text)
	RETURNS boolean
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT value ~ CASE getdatabaseencoding() WHEN 'UTF8'
		THEN E'^[\\s\\u0001-\\u0020\\u007f-\\u00a0\\u00ad\\u034f\\u061c\\u115f\\u1160\\u1680\\u17b4\\u17b5\\u180b-\\u180e\\u2000-\\u200f\\u2028-\\u202f\\u205f-\\u206f\\u2800\\u3000\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\U000e0000-\\U000e01ef]*$'
		ELSE E'^[\\s\\u0001-\\u0020\\u007f]*$' END
$$;

-- Internal: how far the clock of a client may be ahead.
CREATE FUNCTION consent_profiling.clock_tolerance()
	RETURNS interval
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	RETURN interval '1 minute';

-- Internal: can a time be recorded?  It must be finite and in the years 0001 to
-- 9999.
CREATE FUNCTION consent_profiling.is_recordable(at timestamptz)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Internal: the time to record for an act that a client claims to have taken
-- place at a time.  No two clocks agree, so a time a little ahead is now.  What
-- is further ahead, or cannot be recorded, is an error, unless the act is a No:
-- that is recorded as now, since a No must not bounce.
CREATE FUNCTION consent_profiling.time_of_act(argument text, claimed timestamptz,
		is_no boolean DEFAULT false)
	RETURNS timestamptz
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	now timestamptz := clock_timestamp();
BEGIN
	PERFORM refuse_null(argument, claimed IS NULL);
	IF claimed <= now AND (is_recordable(claimed) OR NOT is_no) THEN
		RETURN claimed;
	END IF;
	IF NOT is_no AND claimed > now + clock_tolerance() THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('%s lies in the future', argument),
			DETAIL = format('The time is %s.', claimed);
	END IF;
	RETURN now;
END
$$;

-- Internal: what the history keeps of a claimed time that was not recorded as
-- it was, in "detail"; null where it was.
CREATE FUNCTION consent_profiling.claimed_time(claimed timestamptz,
		recorded timestamptz)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN claimed <> recorded THEN jsonb_build_object('claimed_at',
		CASE WHEN is_recordable(claimed) THEN iso8601(claimed)
			ELSE claimed::text END) END
$$;

-- Internal: why a birth date cannot be one, or null.  Somebody may be born
-- today in the time zone that is furthest ahead, UTC+14.  Neither STRICT nor
-- with settings of its own, so that an import of millions has it inlined.
CREATE FUNCTION consent_profiling.birth_date_problem(birth_date date)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN NOT pg_catalog.isfinite(birth_date) THEN 'birth date must be finite'
		WHEN birth_date OPERATOR(pg_catalog.>)
			((pg_catalog.now() AT TIME ZONE 'UTC') OPERATOR(pg_catalog.+)
			 interval '14 hours')::pg_catalog.date
			THEN 'birth date lies in the future'
	END
$$;

-- Internal: the role in force outside of any SECURITY DEFINER function, where
-- current_user would be the owner of the function.
CREATE FUNCTION consent_profiling.caller_role()
	RETURNS name AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: consent_profiling.actor, or null when it is empty.
CREATE FUNCTION consent_profiling.recorded_actor()
	RETURNS text AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: complain where the registry comes by logical replication.  What was
-- recorded here would be unknown where the registry comes from, and in the way
-- of what comes from there.
CREATE FUNCTION consent_profiling.refuse_on_subscriber()
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;

-- Internal: the same for all that writes into a table of the registry.  It is a
-- trigger that replication does not fire.
CREATE FUNCTION consent_profiling.refuse_write_on_subscriber()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER refuse_on_subscriber
	BEFORE INSERT OR UPDATE OR DELETE ON consent_profiling.purpose
	EXECUTE FUNCTION consent_profiling.refuse_write_on_subscriber();
CREATE TRIGGER refuse_on_subscriber
	BEFORE INSERT OR UPDATE OR DELETE ON consent_profiling.subject
	EXECUTE FUNCTION consent_profiling.refuse_write_on_subscriber();
CREATE TRIGGER refuse_on_subscriber
	BEFORE INSERT OR UPDATE OR DELETE ON consent_profiling.choice
	EXECUTE FUNCTION consent_profiling.refuse_write_on_subscriber();

-- Internal: the same for an event about a subject.  Where that is a tombstone, the
-- actor may be the person who was erased, whose key must not stand beside it.
-- One expression, so that an import of millions has it inlined.
CREATE FUNCTION consent_profiling.recorded_actor(
		subject consent_profiling.subject_id)
	RETURNS text
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
	SELECT CASE
		WHEN recorded_actor.subject IS NULL
			OR NOT starts_with(recorded_actor.subject::text, 'erased:')
			OR subject_id_problem(recorded_actor()) IS NOT NULL
			OR tombstone(recorded_actor()::subject_id)
				IS DISTINCT FROM recorded_actor.subject
		THEN recorded_actor() END
$$;

-- Internal: write one line of the history.
CREATE FUNCTION consent_profiling.record_event(act text,
		subject consent_profiling.subject_id, purpose text, at timestamptz,
		birth_date date DEFAULT NULL,
		consent consent_profiling.consent DEFAULT NULL,
		objection consent_profiling.objection DEFAULT NULL,
		ground text DEFAULT NULL, informed_at timestamptz DEFAULT NULL,
		notice text DEFAULT NULL, evidence jsonb DEFAULT NULL,
		detail jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
	IF subject IS NOT NULL THEN
		PERFORM refuse_on_subscriber();
	END IF;
	INSERT INTO event (act, subject, purpose, at, recorded_at,
					   session_role, caller, actor, birth_date, consent,
					   objection, ground, informed_at, notice, evidence, detail)
	VALUES (act, subject, purpose, at, clock_timestamp(),
			session_user, caller_role(), recorded_actor(subject), birth_date,
			consent, objection, ground, informed_at, notice, evidence, detail);
END
$$;

-- Internal: take the lock that puts all acts about one subject in a row, and
-- complain about a subject about whom nothing can be recorded.
CREATE FUNCTION consent_profiling.lock_subject(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	key consent_profiling.subject_id := known_as(lock_subject.subject);
	found_subject consent_profiling.subject;
BEGIN
	PERFORM refuse_null('subject', lock_subject.subject IS NULL);
	SELECT * INTO found_subject
		FROM subject WHERE id = key FOR NO KEY UPDATE;
	-- Somebody may have been erased while this waited for the lock.
	IF NOT FOUND AND known_as(lock_subject.subject) = lock_subject.subject THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('subject "%s" is not registered', lock_subject.subject),
			HINT = 'Register it with consent_profiling.register_subject().';
	END IF;
	IF found_subject.erased_at IS NOT NULL OR found_subject.id IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has been erased', lock_subject.subject);
	END IF;
	RETURN found_subject;
END
$$;

-- Internal: the same lock for a No, which must not bounce: a person who is not
-- known is registered, without a birth date and so denied.  The person returned
-- may have been erased.
CREATE FUNCTION consent_profiling.lock_or_register(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	key consent_profiling.subject_id;
	at timestamptz;
	found_subject consent_profiling.subject;
BEGIN
	PERFORM refuse_null('subject', lock_or_register.subject IS NULL);
	LOOP
		key := lock_known(lock_or_register.subject);
		SELECT * INTO found_subject FROM subject WHERE id = key;
		IF FOUND THEN
			RETURN found_subject;
		END IF;
		at := clock_timestamp();
		INSERT INTO subject (id, registered_at) VALUES (key, at)
			ON CONFLICT (id) DO NOTHING;
		IF FOUND THEN
			PERFORM record_event('register_subject', key, NULL, at);
		END IF;
	END LOOP;
END
$$;

-- Internal: the same lock for what is still to be done about somebody who may
-- have been erased, also while this waited; returns the key that now stands.
CREATE FUNCTION consent_profiling.lock_known(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject_id
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	key consent_profiling.subject_id;
BEGIN
	LOOP
		key := known_as(lock_known.subject);
		PERFORM FROM subject WHERE id = key FOR NO KEY UPDATE;
		IF known_as(lock_known.subject) IS NOT DISTINCT FROM key THEN
			RETURN key;
		END IF;
	END LOOP;
END
$$;

-- Internal: complain about a purpose that does not exist, and lock one that does
-- against being dropped.
CREATE FUNCTION consent_profiling.check_purpose(purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
	PERFORM refuse_null('purpose', check_purpose.purpose IS NULL);
	PERFORM FROM purpose WHERE name = check_purpose.purpose FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('purpose "%s" does not exist', check_purpose.purpose);
	END IF;
END
$$;

-- Internal: a purpose and all above it, the purpose itself at level 0.  Ends
-- even if somebody has written a purpose above itself by hand.
CREATE FUNCTION consent_profiling.lineage(purpose text)
	RETURNS TABLE (level integer, name text, direct_marketing boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
	WITH RECURSIVE up AS (
		SELECT 0 AS level, p.name, p.broader, p.direct_marketing
			FROM purpose p WHERE p.name = lineage.purpose
		UNION ALL
		SELECT up.level + 1, p.name, p.broader, p.direct_marketing
			FROM up JOIN purpose p ON p.name = up.broader
	) CYCLE name SET is_cycle USING path
	SELECT level, name, direct_marketing FROM up WHERE NOT is_cycle
$$;

-- Internal: the youngest birth date that was claimed of a subject since an
-- officer or recorder last rectified it, or null.  A table may take back the
-- date it claimed; then this keeps an older one from making a child an adult.
CREATE FUNCTION consent_profiling.claimed_birth_date(
		subject consent_profiling.subject_id)
	RETURNS date
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT max(e.birth_date) FROM event e
		WHERE e.subject = claimed_birth_date.subject
			AND e.link >= COALESCE((SELECT max(r.link) FROM event r
					WHERE r.subject = claimed_birth_date.subject
						AND r.act = 'rectify_birth_date'), 0)
$$;

CREATE FUNCTION consent_profiling.register_subject(
		subject consent_profiling.subject_id, birth_date date DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
	known consent_profiling.subject;
	key consent_profiling.subject_id;
	problem text := birth_date_problem(register_subject.birth_date);
BEGIN
	PERFORM refuse_null('subject', register_subject.subject IS NULL);
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = problem,
			DETAIL = format('It is %s.', register_subject.birth_date);
	END IF;

	key := lock_known(register_subject.subject);
	INSERT INTO subject (id, birth_date, registered_at)
		VALUES (key, register_subject.birth_date, at)
		ON CONFLICT (id) DO NOTHING;
	IF NOT FOUND THEN
		SELECT * INTO known FROM subject
			WHERE id = key FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			-- Somebody registered it meanwhile, and this snapshot is too old.
			RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
				MESSAGE = 'could not serialize access due to concurrent registration';
		END IF;
		IF known.erased_at IS NOT NULL THEN
			-- Stays erased, and what was erased is not taken in again.
			PERFORM record_event('register_subject', key, NULL, at);
			RETURN;
		END IF;
		IF known.birth_date <> register_subject.birth_date THEN
			RAISE EXCEPTION USING ERRCODE = 'unique_violation',
				MESSAGE = format('subject "%s" is registered with another birth date',
								 register_subject.subject),
				HINT = 'Use consent_profiling.rectify_birth_date() to correct it.';
		END IF;
		IF known.birth_date IS NULL AND register_subject.birth_date IS NOT NULL THEN
			UPDATE subject SET birth_date = GREATEST(register_subject.birth_date,
													 claimed_birth_date(key))
				WHERE id = key;
			-- Art. 16, 19: to complete is to rectify.
			PERFORM queue_notifications(key, 'rectification');
		END IF;
	END IF;
	PERFORM record_event('register_subject', key, NULL, at,
						 birth_date => register_subject.birth_date);
END
$$;
COMMENT ON FUNCTION consent_profiling.register_subject(
		consent_profiling.subject_id, date) IS
	'registers a subject; again is harmless and may add a birth date where there was none; somebody erased stays erased; throws unique_violation for a different birth date, invalid_parameter_value for an impossible one';

CREATE FUNCTION consent_profiling.rectify_birth_date(
		subject consent_profiling.subject_id, birth_date date,
		evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	problem text := birth_date_problem(rectify_birth_date.birth_date);
BEGIN
	PERFORM lock_subject(rectify_birth_date.subject);
	PERFORM refuse_null('birth_date', rectify_birth_date.birth_date IS NULL);
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = problem,
			DETAIL = format('It is %s.', rectify_birth_date.birth_date);
	END IF;
	UPDATE subject SET birth_date = rectify_birth_date.birth_date
		WHERE id = rectify_birth_date.subject;
	PERFORM record_event('rectify_birth_date', rectify_birth_date.subject, NULL,
						 clock_timestamp(),
						 birth_date => rectify_birth_date.birth_date,
						 evidence => rectify_birth_date.evidence);
	-- Art. 19
	PERFORM queue_notifications(rectify_birth_date.subject, 'rectification');
END
$$;
COMMENT ON FUNCTION consent_profiling.rectify_birth_date(
		consent_profiling.subject_id, date, jsonb) IS
	'corrects the birth date of a subject (Art. 16); recipients are to be told, see notification_due; throws no_data_found for an unknown subject, invalid_parameter_value for an impossible date';

-- Internal: what all acts about a consent do.  Returns the consent that
-- prevails: the newest answer, or the newest question where there is none.  A
-- No about a person who was erased is on record without what it says of the
-- person; the tombstone denies as before.
CREATE FUNCTION consent_profiling.record_consent(act text,
		subject consent_profiling.subject_id, purpose text,
		consent consent_profiling.consent, notice text, evidence jsonb,
		detail jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	refusal consent_profiling.consent :=
		CASE WHEN is_refusal(record_consent.consent)
			THEN record_consent.consent END;
	known consent_profiling.subject;
	prevailing consent_profiling.consent;
BEGIN
	PERFORM check_purpose(record_consent.purpose);
	IF refusal IS NULL THEN
		PERFORM lock_subject(record_consent.subject);
	ELSE
		known := lock_or_register(record_consent.subject);
		IF known.erased_at IS NOT NULL THEN
			PERFORM record_event(record_consent.act, known.id,
								 record_consent.purpose, consent_at(refusal),
								 consent => refusal,
								 detail => record_consent.detail);
			RETURN refusal;
		END IF;
	END IF;
	PERFORM record_event(record_consent.act, record_consent.subject,
						 record_consent.purpose,
						 consent_at(record_consent.consent),
						 consent => record_consent.consent,
						 notice => record_consent.notice,
						 evidence => record_consent.evidence,
						 detail => record_consent.detail);
	INSERT INTO choice AS c (subject, purpose, consent, refusal)
		VALUES (record_consent.subject, record_consent.purpose,
				record_consent.consent, refusal)
		ON CONFLICT (subject, purpose) DO UPDATE SET
			consent = GREATEST(c.consent, excluded.consent),
			refusal = GREATEST(c.refusal, excluded.refusal)
		RETURNING c.consent INTO prevailing;
	RETURN prevailing;
END
$$;

CREATE FUNCTION consent_profiling.give_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		explicit boolean DEFAULT false, until timestamptz DEFAULT 'infinity',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', give_consent.at);
BEGIN
	PERFORM refuse_null('explicit', give_consent.explicit IS NULL);
	PERFORM refuse_null('until', give_consent.until IS NULL);
	-- Both are by the client's clock.
	PERFORM make_consent('given', give_consent.explicit, give_consent.at,
						 give_consent.until);
	RETURN record_consent('give_consent', give_consent.subject,
						  give_consent.purpose,
						  make_consent('given', give_consent.explicit,
									   recorded, give_consent.until),
						  give_consent.notice, give_consent.evidence,
						  claimed_time(give_consent.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.give_consent(
		consent_profiling.subject_id, text, boolean, timestamptz, timestamptz,
		text, jsonb) IS
	'records that a subject consented to a purpose (Art. 4(11), 7(1)); returns the consent that now prevails; throws no_data_found for an unknown subject, undefined_object for an unknown purpose, invalid_parameter_value for a time in the future';

CREATE FUNCTION consent_profiling.request_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', request_consent.at);
BEGIN
	RETURN record_consent('request_consent', request_consent.subject,
						  request_consent.purpose,
						  make_consent('requested', false, recorded,
									   'infinity'),
						  request_consent.notice, request_consent.evidence,
						  claimed_time(request_consent.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.request_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject was asked to consent to a purpose, which is no consent; returns the consent that now prevails; throws as give_consent() does';

CREATE FUNCTION consent_profiling.refuse_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', refuse_consent.at, true);
BEGIN
	RETURN record_consent('refuse_consent', refuse_consent.subject,
						  refuse_consent.purpose,
						  make_consent('refused', false, recorded,
									   'infinity'),
						  refuse_consent.notice, refuse_consent.evidence,
						  claimed_time(refuse_consent.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.refuse_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject refused consent to a purpose';

CREATE FUNCTION consent_profiling.withdraw_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', withdraw_consent.at, true);
BEGIN
	RETURN record_consent('withdraw_consent', withdraw_consent.subject,
						  withdraw_consent.purpose,
						  make_consent('withdrawn', false, recorded,
									   'infinity'),
						  withdraw_consent.notice, withdraw_consent.evidence,
						  claimed_time(withdraw_consent.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.withdraw_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject withdrew consent to a purpose (Art. 7(3))';

-- Internal: the choice of a subject for a purpose, all null when there is none.
CREATE FUNCTION consent_profiling.current_choice(
		subject consent_profiling.subject_id, purpose text)
	RETURNS consent_profiling.choice
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
	SELECT c.* FROM choice c
		WHERE c.subject = current_choice.subject
			AND c.purpose = current_choice.purpose
$$;

-- Internal: does an objection stand at exactly this choice?  Raised or upheld,
-- and not withdrawn since; a withdrawal wins a tie.
CREATE FUNCTION consent_profiling.objection_stands(choice consent_profiling.choice)
	RETURNS boolean
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(choice.raised_at > COALESCE(choice.withdrawn_at, '-infinity'),
					false)
$$;

-- Internal: the objections recorded at a purpose or above it that the person has
-- not withdrawn for that purpose: there, above it, or in between and below the
-- objection.
CREATE FUNCTION consent_profiling.standing_objections(
		subject consent_profiling.subject_id, purpose text)
	RETURNS TABLE (level integer, purpose text, raised_at timestamptz)
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
	SELECT o.level, o.name, o.raised_at
		FROM (SELECT l.level, l.name, c.raised_at,
					 max(c.withdrawn_at) OVER (ORDER BY l.level) AS withdrawn_at
			  FROM lineage(standing_objections.purpose) l
				  JOIN choice c ON c.subject = standing_objections.subject
					  AND c.purpose = l.name) o
		WHERE o.raised_at > COALESCE(o.withdrawn_at, '-infinity')
$$;

-- Internal: complain about a subject who has no objection standing at exactly
-- this purpose, and name the purposes above where there is one.
CREATE FUNCTION consent_profiling.check_objection(
		subject consent_profiling.subject_id, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
DECLARE
	message text := format('subject "%s" has raised no objection to purpose "%s"',
						   check_objection.subject, check_objection.purpose);
	above text;
BEGIN
	IF objection_stands(current_choice(check_objection.subject,
									   check_objection.purpose)) THEN
		RETURN;
	END IF;
	SELECT string_agg(format('"%s"', o.purpose), ', ' ORDER BY o.level)
		INTO above
		FROM standing_objections(check_objection.subject,
								 check_objection.purpose) o;
	IF above IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = message;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
		MESSAGE = message,
		DETAIL = format('The objection stands at purpose %s.', above);
END
$$;

-- Internal: what all acts about an objection do.  Returns the objection that
-- prevails, which is the newest.
CREATE FUNCTION consent_profiling.record_objection(act text,
		subject consent_profiling.subject_id, purpose text,
		objection consent_profiling.objection, evidence jsonb,
		detail jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	status text := objection_status(record_objection.objection);
	at timestamptz := objection_at(record_objection.objection);
	prevailing consent_profiling.objection;
BEGIN
	-- Together with the lock this makes two transactions that act on the same
	-- person's objections conflict even when the snapshot of one is old.
	UPDATE subject SET objection_acts = objection_acts + 1
		WHERE id = record_objection.subject;
	PERFORM record_event(record_objection.act, record_objection.subject,
						 record_objection.purpose, at,
						 objection => record_objection.objection,
						 evidence => record_objection.evidence,
						 detail => record_objection.detail);
	INSERT INTO choice AS c (subject, purpose, objection,
							 raised_at, withdrawn_at, overridden_at)
		VALUES (record_objection.subject, record_objection.purpose,
				record_objection.objection,
				CASE WHEN status IN ('raised', 'upheld') THEN at END,
				CASE WHEN status = 'withdrawn' THEN at END,
				CASE WHEN status = 'overridden' THEN at END)
		ON CONFLICT (subject, purpose) DO UPDATE SET
			objection = GREATEST(c.objection, excluded.objection),
			raised_at = GREATEST(c.raised_at, excluded.raised_at),
			withdrawn_at = GREATEST(c.withdrawn_at, excluded.withdrawn_at),
			overridden_at = GREATEST(c.overridden_at, excluded.overridden_at)
		RETURNING c.objection INTO prevailing;
	RETURN prevailing;
END
$$;

-- Internal: what all acts by which a person objects do.  The objection is kept,
-- of any person and at any time.
CREATE FUNCTION consent_profiling.record_raised(act text,
		subject consent_profiling.subject_id, purpose text, at timestamptz,
		evidence jsonb)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', record_raised.at, true);
	raised consent_profiling.objection := make_objection('raised', recorded, NULL);
	claimed jsonb := claimed_time(record_raised.at, recorded);
	known consent_profiling.subject;
BEGIN
	PERFORM check_purpose(record_raised.purpose);
	known := lock_or_register(record_raised.subject);
	IF known.erased_at IS NOT NULL THEN
		-- As record_consent() does.
		PERFORM record_event(record_raised.act, known.id, record_raised.purpose,
							 recorded, objection => raised, detail => claimed);
		RETURN raised;
	END IF;
	RETURN record_objection(record_raised.act, record_raised.subject,
							record_raised.purpose, raised,
							record_raised.evidence, claimed);
END
$$;

CREATE FUNCTION consent_profiling.raise_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT record_raised('raise_objection', raise_objection.subject,
						 raise_objection.purpose, raise_objection.at,
						 raise_objection.evidence)
$$;
COMMENT ON FUNCTION consent_profiling.raise_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that a subject objects to a purpose and to those below it (Art. 21)';

CREATE FUNCTION consent_profiling.object_to_marketing(
		subject consent_profiling.subject_id,
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT record_raised('object_to_marketing', object_to_marketing.subject,
						 'direct_marketing', object_to_marketing.at,
						 object_to_marketing.evidence)
$$;
COMMENT ON FUNCTION consent_profiling.object_to_marketing(
		consent_profiling.subject_id, timestamptz, jsonb) IS
	'records that a subject objects to all direct marketing (Art. 21(2))';

CREATE FUNCTION consent_profiling.withdraw_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', withdraw_objection.at);
BEGIN
	PERFORM check_purpose(withdraw_objection.purpose);
	PERFORM lock_subject(withdraw_objection.subject);
	-- Here or above: a person who objected to more may wish for this one.
	PERFORM FROM standing_objections(withdraw_objection.subject,
									 withdraw_objection.purpose);
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has raised no objection to purpose "%s" or above',
							 withdraw_objection.subject,
							 withdraw_objection.purpose);
	END IF;
	RETURN record_objection('withdraw_objection', withdraw_objection.subject,
							withdraw_objection.purpose,
							make_objection('withdrawn', recorded, NULL),
							withdraw_objection.evidence,
							claimed_time(withdraw_objection.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.withdraw_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that a subject withdraws objections for a purpose and those below it';

CREATE FUNCTION consent_profiling.uphold_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	-- To uphold goes on denying.
	recorded timestamptz := time_of_act('at', uphold_objection.at, true);
BEGIN
	PERFORM check_purpose(uphold_objection.purpose);
	PERFORM lock_subject(uphold_objection.subject);
	PERFORM check_objection(uphold_objection.subject,
							uphold_objection.purpose);
	RETURN record_objection('uphold_objection', uphold_objection.subject,
							uphold_objection.purpose,
							make_objection('upheld', recorded, NULL),
							uphold_objection.evidence,
							claimed_time(uphold_objection.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.uphold_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that the controller found an objection justified; returns the objection that now prevails; throws object_not_in_prerequisite_state where none was raised, and as raise_objection() does; for officers';

CREATE FUNCTION consent_profiling.override_objection(
		subject consent_profiling.subject_id, purpose text, grounds text,
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	recorded timestamptz := time_of_act('at', override_objection.at);
	marketing text;
BEGIN
	PERFORM check_purpose(override_objection.purpose);

	-- Art. 21(1): only compelling grounds, demonstrated by the controller.
	PERFORM refuse_null('grounds', override_objection.grounds IS NULL);
	IF is_blank(override_objection.grounds) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'an objection cannot be overridden without grounds';
	END IF;

	-- Art. 21(2)-(3)
	SELECT l.name INTO marketing
		FROM lineage(override_objection.purpose) l
		WHERE l.direct_marketing ORDER BY l.level LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'an objection to direct marketing cannot be overridden',
			DETAIL = format('Purpose "%s" is direct marketing.', marketing);
	END IF;

	PERFORM lock_subject(override_objection.subject);

	-- What was raised here or above up to that time, and not lifted since.
	PERFORM FROM standing_objections(override_objection.subject,
									 override_objection.purpose) s
		WHERE s.raised_at <= recorded
			AND NOT EXISTS (
				SELECT FROM lineage(override_objection.purpose) b
						JOIN choice o ON o.subject = override_objection.subject
							AND o.purpose = b.name
					WHERE b.level <= s.level
						AND o.overridden_at >= s.raised_at);
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has no standing objection to purpose "%s"',
							 override_objection.subject,
							 override_objection.purpose);
	END IF;

	RETURN record_objection('override_objection', override_objection.subject,
							override_objection.purpose,
							make_objection('overridden', recorded,
										   override_objection.grounds),
							override_objection.evidence,
							claimed_time(override_objection.at, recorded));
END
$$;
COMMENT ON FUNCTION consent_profiling.override_objection(
		consent_profiling.subject_id, text, text, timestamptz, jsonb) IS
	'records the compelling grounds on which the controller overrides what was objected to at this purpose or above so far (Art. 21(1)); returns the objection that now prevails; throws invalid_parameter_value without grounds or on direct marketing, object_not_in_prerequisite_state where no objection stands, and as raise_objection() does; for officers';
