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
	CONSTRAINT notification_cause_check
		CHECK (cause IN ('rectification', 'erasure', 'restriction'))
);
CREATE INDEX notification_subject_idx ON consent_profiling.notification (subject);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notification', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notification_id_seq', '');
COMMENT ON TABLE consent_profiling.notification IS
	'which recipient is still to be told of what; rows go once they were';

REVOKE ALL ON consent_profiling.recipient, consent_profiling.disclosure,
	consent_profiling.notification FROM PUBLIC;

-- Internal: let every recipient of a subject's data be told of what happened to it.
CREATE FUNCTION consent_profiling.queue_notifications(
		subject consent_profiling.subject_id, cause text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
BEGIN
END
$$;
