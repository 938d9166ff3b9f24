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
CREATE INDEX request_subject_idx ON consent_profiling.request (subject);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.request', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.request_id_seq', '');
COMMENT ON TABLE consent_profiling.request IS
	'what people asked for by right, and until when they must have an answer';

REVOKE ALL ON consent_profiling.request FROM PUBLIC;
