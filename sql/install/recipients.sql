---------------------------------------------------------------------
-- Recipients, Art. 19
---------------------------------------------------------------------

CREATE TABLE consent_profiling.recipient (
	name text COLLATE "C" CONSTRAINT recipient_pkey PRIMARY KEY,
	category text,
	contact text,
	added_at timestamptz NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.recipient', '');
COMMENT ON TABLE consent_profiling.recipient IS
	'to whom personal data is disclosed';

CREATE TABLE consent_profiling.disclosure (
	subject consent_profiling.subject_id,
	recipient text COLLATE "C",
	purpose text COLLATE "C",
	first_at timestamptz NOT NULL,
	last_at timestamptz NOT NULL,
	CONSTRAINT disclosure_pkey PRIMARY KEY (subject, recipient, purpose)
);
-- See "event".
ALTER TABLE consent_profiling.disclosure ALTER subject SET (n_distinct = -0.5);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.disclosure', '');
COMMENT ON TABLE consent_profiling.disclosure IS
	'whose data was disclosed to whom and for what; each time is an event';

-- The subject stands here as the recipient knows it, even when it has been
-- erased, until the recipient has been told.
CREATE TABLE consent_profiling.notification (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT notification_pkey PRIMARY KEY,
	subject consent_profiling.subject_id NOT NULL,
	recipient text COLLATE "C" NOT NULL,
	cause text COLLATE "C" NOT NULL,
	due_since timestamptz NOT NULL,
	CONSTRAINT notification_once_key UNIQUE (subject, recipient, cause),
	CONSTRAINT notification_cause_check
		CHECK (cause IN ('rectification', 'erasure', 'restriction'))
);
ALTER TABLE consent_profiling.notification ALTER subject SET (n_distinct = -0.5);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notification', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notification_id_seq', '');
COMMENT ON TABLE consent_profiling.notification IS
	'which recipient is still to be told of what; rows go once they were';

CREATE FUNCTION consent_profiling.add_recipient(name text,
		category text DEFAULT NULL, contact text DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM refuse_null('name', add_recipient.name IS NULL);
	IF is_blank(add_recipient.name) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a recipient must have a name';
	END IF;
	INSERT INTO recipient (name, category, contact, added_at)
		VALUES (add_recipient.name, add_recipient.category,
				add_recipient.contact, at)
		ON CONFLICT (name) DO UPDATE SET
			category = excluded.category,
			contact = excluded.contact;
	PERFORM record_event('add_recipient', NULL::subject_id, NULL, at,
						 detail => jsonb_build_object('name', add_recipient.name,
													  'category', add_recipient.category,
													  'contact', add_recipient.contact));
END
$$;
COMMENT ON FUNCTION consent_profiling.add_recipient(text, text, text) IS
	'adds somebody to whom personal data is disclosed (Art. 4(9)); again with the same name replaces category and contact; throws invalid_parameter_value for a blank name; for officers';

CREATE FUNCTION consent_profiling.record_disclosure(
		subject consent_profiling.subject_id, recipient text,
		purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	recorded timestamptz := time_of_act('at', record_disclosure.at);
BEGIN
	IF NOT isfinite(recorded) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'at must be finite';
	END IF;
	PERFORM check_purpose(record_disclosure.purpose);
	PERFORM refuse_null('recipient', record_disclosure.recipient IS NULL);
	PERFORM FROM recipient WHERE name = record_disclosure.recipient;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('recipient "%s" does not exist',
							 record_disclosure.recipient),
			HINT = 'An officer adds it with consent_profiling.add_recipient().';
	END IF;
	PERFORM lock_subject(record_disclosure.subject);
	INSERT INTO disclosure AS d (subject, recipient, purpose, first_at, last_at)
		VALUES (record_disclosure.subject, record_disclosure.recipient,
				record_disclosure.purpose, recorded,
				recorded)
		ON CONFLICT (subject, recipient, purpose) DO UPDATE SET
			first_at = LEAST(d.first_at, excluded.first_at),
			last_at = GREATEST(d.last_at, excluded.last_at);
	PERFORM record_event('record_disclosure', record_disclosure.subject,
						 record_disclosure.purpose, recorded,
						 evidence => record_disclosure.evidence,
						 detail => jsonb_build_object('recipient',
													  record_disclosure.recipient)
							|| COALESCE(claimed_time(record_disclosure.at, recorded), '{}'));
END
$$;
COMMENT ON FUNCTION consent_profiling.record_disclosure(
		consent_profiling.subject_id, text, text, timestamptz, jsonb) IS
	'records that a subject''s data was disclosed to a recipient for a purpose (Art. 15(1)(c), 19); throws no_data_found for an unknown subject, undefined_object for an unknown recipient or purpose, invalid_parameter_value for a time in the future';

-- Internal: have everybody told to whom a subject's data was ever disclosed
-- (Art. 19).  The subject is locked already.
CREATE FUNCTION consent_profiling.queue_notifications(
		subject consent_profiling.subject_id, cause text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	-- A disclosure that this transaction's snapshot is too old to see would be
	-- missed.
	IF count_events(queue_notifications.subject)
		<> (SELECT count(*) FROM event
			WHERE subject = queue_notifications.subject) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent recording';
	END IF;
	-- Whoever is being told of an earlier cause is to be told of this one, too:
	-- so it has another number, under which it is recorded.
	DELETE FROM notification
		WHERE subject = queue_notifications.subject
			AND cause = queue_notifications.cause;
	INSERT INTO notification (subject, recipient, cause, due_since)
		SELECT queue_notifications.subject, d.recipient,
			   queue_notifications.cause, clock_timestamp()
			FROM (SELECT DISTINCT d.recipient FROM disclosure d
				  WHERE d.subject = queue_notifications.subject) d;
END
$$;

CREATE VIEW consent_profiling.notification_due AS
	SELECT n.id AS notification, n.subject, n.recipient, r.contact, n.cause,
		   n.due_since
		FROM consent_profiling.notification n
			LEFT JOIN consent_profiling.recipient r ON r.name = n.recipient;
COMMENT ON VIEW consent_profiling.notification_due IS
	'which recipient is still to be told that whose data was rectified, erased or restricted (Art. 19); for officers';

CREATE FUNCTION consent_profiling.record_notified(notification bigint,
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	recorded timestamptz := time_of_act('at', record_notified.at);
	done consent_profiling.notification;
	key consent_profiling.subject_id;
BEGIN
	PERFORM refuse_null('notification', record_notified.notification IS NULL);
	-- Whoever has been erased is known by another key: neither is that an
	-- error, nor may it happen meanwhile.
	key := lock_known((SELECT n.subject FROM notification n
					   WHERE n.id = record_notified.notification));
	DELETE FROM notification WHERE id = record_notified.notification
		RETURNING * INTO done;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('notification %s is not due',
							 record_notified.notification);
	END IF;
	IF recorded < done.due_since THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'at lies before what is to be told',
			DETAIL = format('It is due since %s.', done.due_since);
	END IF;
	PERFORM record_event('record_notified', key, NULL,
						 recorded,
						 evidence => record_notified.evidence,
						 detail => jsonb_build_object('recipient', done.recipient,
													  'cause', done.cause)
							|| COALESCE(claimed_time(record_notified.at, recorded), '{}'));
END
$$;
COMMENT ON FUNCTION consent_profiling.record_notified(bigint, timestamptz, jsonb) IS
	'records that a recipient was told, or with evidence why that was impossible or took disproportionate effort (Art. 19), and takes it off notification_due; throws no_data_found for a notification that is not due, invalid_parameter_value for a time in the future or before it fell due; for officers';
