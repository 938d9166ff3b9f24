---------------------------------------------------------------------
-- Automated decisions, Art. 22
---------------------------------------------------------------------

-- Open as long as there is no outcome.
CREATE TABLE consent_profiling.review (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT review_pkey PRIMARY KEY,
	subject consent_profiling.subject_id NOT NULL,
	purpose text COLLATE "C" NOT NULL,
	requested_at timestamptz NOT NULL,
	reviewed_at timestamptz,
	outcome text,
	reviewed_by text
);
CREATE INDEX review_subject_idx ON consent_profiling.review (subject, purpose);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.review', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.review_id_seq', '');
COMMENT ON TABLE consent_profiling.review IS
	'automated decisions that a person wants a human to look at';

REVOKE ALL ON consent_profiling.review FROM PUBLIC;
