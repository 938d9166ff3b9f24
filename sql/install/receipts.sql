---------------------------------------------------------------------
-- Consent records and receipts, Art. 7(1)
---------------------------------------------------------------------

-- Versions are kept: a record names what was in force then.
CREATE TABLE consent_profiling.controller (
	version integer CONSTRAINT controller_pkey PRIMARY KEY,
	valid_from timestamptz NOT NULL,
	name text NOT NULL,
	address text,
	contact text,
	dpo_contact text,
	jurisdiction text
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.controller', '');
COMMENT ON TABLE consent_profiling.controller IS
	'who is responsible, Art. 4(7), in all versions';

CREATE TABLE consent_profiling.notice (
	id text COLLATE "C",
	language text COLLATE "C",
	version integer,
	valid_from timestamptz NOT NULL,
	url text NOT NULL,
	sha256 text COLLATE "C" NOT NULL,
	CONSTRAINT notice_pkey PRIMARY KEY (id, language, version),
	CONSTRAINT notice_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notice', '');
COMMENT ON TABLE consent_profiling.notice IS
	'what people are told, Art. 13, in all versions and languages';

REVOKE ALL ON consent_profiling.controller, consent_profiling.notice FROM PUBLIC;
