---------------------------------------------------------------------
-- History
---------------------------------------------------------------------

-- Who did what, when: one row a call, one row a row imported.
CREATE TABLE consent_profiling.event (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT event_pkey PRIMARY KEY,
	act text COLLATE "C" NOT NULL,
	subject consent_profiling.subject_id,
	purpose text COLLATE "C",
	at timestamptz NOT NULL,
	recorded_at timestamptz NOT NULL,
	session_role name NOT NULL,
	caller name NOT NULL,
	actor text,
	birth_date date,
	consent consent_profiling.consent,
	objection consent_profiling.objection,
	ground text,
	informed_at timestamptz,
	notice text,
	evidence jsonb,
	detail jsonb
);
CREATE INDEX event_subject_idx ON consent_profiling.event (subject);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event_id_seq', '');
COMMENT ON TABLE consent_profiling.event IS 'the append-only history';
COMMENT ON COLUMN consent_profiling.event.act IS
	'the function that was called';
COMMENT ON COLUMN consent_profiling.event.subject IS
	'whom it is about; null: the registry itself';
COMMENT ON COLUMN consent_profiling.event.at IS
	'when the act took place';
COMMENT ON COLUMN consent_profiling.event.recorded_at IS
	'when the database was told';
COMMENT ON COLUMN consent_profiling.event.session_role IS
	'the role that had logged in';
COMMENT ON COLUMN consent_profiling.event.caller IS
	'the role in force outside of any SECURITY DEFINER function';
COMMENT ON COLUMN consent_profiling.event.actor IS
	'the application''s own user, from consent_profiling.actor';
COMMENT ON COLUMN consent_profiling.event.detail IS
	'what else the act says, by the names of its arguments';

-- What history has been sealed: which events, and their Merkle root.
CREATE TABLE consent_profiling.seal (
	id bigint CONSTRAINT seal_pkey PRIMARY KEY,
	sealed_at timestamptz NOT NULL,
	sealed_by name NOT NULL,
	covers int8multirange NOT NULL,
	events bigint NOT NULL,
	root bytea NOT NULL,
	previous bytea,
	hash bytea NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.seal', '');
COMMENT ON TABLE consent_profiling.seal IS
	'seals of the history, each over events that none before it covers';

REVOKE ALL ON consent_profiling.event, consent_profiling.seal FROM PUBLIC;
