-- A history and a table of current consents as one would write them by hand, with
-- the same facts and indexes as the extension's event and choice, as many rows to
-- begin with, and no checks. Variables: subjects.

\set ON_ERROR_STOP on

CREATE SCHEMA manual;
CREATE TABLE manual.history (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	act text NOT NULL,
	subject bigint NOT NULL,
	purpose text,
	at timestamptz NOT NULL,
	recorded_at timestamptz NOT NULL DEFAULT clock_timestamp(),
	session_role name NOT NULL DEFAULT session_user,
	caller name NOT NULL DEFAULT current_user,
	actor text DEFAULT nullif(current_setting('manual.actor', true), ''),
	status text,
	explicit boolean,
	until timestamptz,
	notice text,
	evidence jsonb);
CREATE INDEX ON manual.history (subject);
CREATE TABLE manual.state (
	subject bigint,
	purpose text,
	status text,
	explicit boolean,
	at timestamptz,
	until timestamptz,
	refused_at timestamptz,
	objected_at timestamptz,
	PRIMARY KEY (subject, purpose));
CREATE INDEX ON manual.state (until) WHERE until < 'infinity';

INSERT INTO manual.history (act, subject, at)
	SELECT 'import_subjects', n, now() FROM generate_series(1, :subjects) n;
INSERT INTO manual.history (act, subject, purpose, at, status, explicit, until)
	SELECT 'import_consents', n, 'newsletter', '2026-01-01', 'given', false, 'infinity'
	FROM generate_series(1, :subjects) n;
INSERT INTO manual.state (subject, purpose, status, explicit, at, until)
	SELECT n, 'newsletter', 'given', false, '2026-01-01', 'infinity'
	FROM generate_series(1, :subjects) n;

CREATE FUNCTION manual.record(person bigint, new_status text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	moment CONSTANT timestamptz := clock_timestamp();
BEGIN
	INSERT INTO manual.history (act, subject, purpose, at, status, explicit, until)
		VALUES (new_status, person, 'newsletter', moment, new_status, false, 'infinity');
	INSERT INTO manual.state AS s (subject, purpose, status, explicit, at, until, refused_at)
		VALUES (person, 'newsletter', new_status, false, moment, 'infinity',
				CASE WHEN new_status = 'withdrawn' THEN moment END)
		ON CONFLICT (subject, purpose) DO UPDATE
		SET status = excluded.status, explicit = excluded.explicit, at = excluded.at,
			until = excluded.until, refused_at = GREATEST(s.refused_at, excluded.refused_at)
		WHERE s.at <= excluded.at;
END $$;
GRANT USAGE ON SCHEMA manual TO bench_app;
GRANT ALL ON manual.history, manual.state TO bench_app;

VACUUM ANALYZE;
CHECKPOINT;
