-- What ./run measures: one table, and a role for each way of keeping people who
-- may not be profiled from its reader. The same people are permitted by each.
-- Variables: rows, subjects.

\set ON_ERROR_STOP on

CREATE EXTENSION consent_profiling;
SELECT setseed(0.5);

/* Who is permitted: 70 of 100, in no order. */

CREATE TABLE person AS
	SELECT id::bigint, random() < 0.7 AS permitted FROM generate_series(1, :subjects) AS id;

CREATE TABLE visit AS
	SELECT v.id, subject, amount, permitted
	FROM (SELECT id::bigint, 1 + floor(random() * :subjects)::bigint AS subject,
				 (random() * 1000)::int AS amount
		  FROM generate_series(1, :rows) AS id) v
		JOIN person p ON p.id = v.subject;
ALTER TABLE visit ADD PRIMARY KEY (id);

/* By the extension. */

SELECT consent_profiling.add_purpose('newsletter');
SELECT consent_profiling.import_subjects($$
	SELECT id AS subject, date '1980-01-01' AS birth_date FROM person $$);
SELECT consent_profiling.import_consents($$
	SELECT id AS subject, 'newsletter' AS purpose,
		consent_profiling.make_consent(CASE WHEN permitted THEN 'given' ELSE 'refused' END,
			false, '2026-01-01', 'infinity') AS consent
	FROM person $$);

/* By hand: tables and functions as one would write them for this purpose alone. */

CREATE SCHEMA hand;
GRANT USAGE ON SCHEMA hand TO PUBLIC;
CREATE TABLE hand.subject (id bigint PRIMARY KEY, birth_date date);
CREATE TABLE hand.choice (
	subject bigint REFERENCES hand.subject,
	purpose text,
	consent text,
	until timestamptz,
	objected boolean NOT NULL DEFAULT false,
	PRIMARY KEY (subject, purpose));
CREATE TABLE hand.event (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	act text,
	subject bigint,
	purpose text,
	consent text,
	until timestamptz,
	recorded_at timestamptz DEFAULT clock_timestamp(),
	recorded_by name DEFAULT session_user);
CREATE INDEX ON hand.event (subject);

INSERT INTO hand.subject SELECT id, '1980-01-01' FROM person;
INSERT INTO hand.choice
	SELECT id, 'newsletter', CASE WHEN permitted THEN 'given' ELSE 'refused' END, 'infinity'
	FROM person;

CREATE VIEW hand.permitted AS
	SELECT s.id FROM hand.subject s JOIN hand.choice c ON c.subject = s.id
	WHERE c.purpose = 'newsletter' AND c.consent IN ('given', 'renewed') AND c.until > now()
		AND NOT c.objected AND s.birth_date <= current_date - interval '18 years';
GRANT SELECT ON hand.permitted TO PUBLIC;

CREATE FUNCTION hand.may_sql(subject bigint) RETURNS boolean
	LANGUAGE sql STABLE SECURITY DEFINER PARALLEL SAFE
	AS 'SELECT EXISTS (SELECT FROM hand.permitted WHERE id = subject)';
CREATE FUNCTION hand.may_plpgsql(subject bigint) RETURNS boolean
	LANGUAGE plpgsql STABLE SECURITY DEFINER PARALLEL SAFE
	AS 'BEGIN RETURN EXISTS (SELECT FROM hand.permitted WHERE id = subject); END';

CREATE FUNCTION hand.give_consent(person bigint) RETURNS void
	LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	PERFORM FROM hand.subject WHERE id = person FOR NO KEY UPDATE;
	INSERT INTO hand.event (act, subject, purpose, consent, until)
		VALUES ('give_consent', person, 'newsletter', 'given', 'infinity');
	INSERT INTO hand.choice VALUES (person, 'newsletter', 'given', 'infinity')
		ON CONFLICT (subject, purpose) DO UPDATE
		SET consent = excluded.consent, until = excluded.until;
END $$;

/* A role for each way. */

CREATE ROLE bench_open LOGIN;
CREATE ROLE bench_inline LOGIN;
CREATE ROLE bench_gate LOGIN;
CREATE ROLE bench_hashed LOGIN;
CREATE ROLE bench_plpgsql LOGIN;
CREATE ROLE bench_sql LOGIN;
GRANT SELECT ON visit TO PUBLIC;

ALTER TABLE visit ENABLE ROW LEVEL SECURITY;
CREATE POLICY open ON visit TO bench_open, bench_gate USING (true);
CREATE POLICY inline ON visit TO bench_inline USING (permitted);
CREATE POLICY hashed ON visit TO bench_hashed USING (subject IN (SELECT id FROM hand.permitted));
CREATE POLICY plpgsql ON visit TO bench_plpgsql USING (hand.may_plpgsql(subject));
CREATE POLICY sql ON visit TO bench_sql USING (hand.may_sql(subject));
SELECT consent_profiling.protect('visit', 'subject', '{bench_gate}', 'newsletter');
SELECT consent_profiling.allow_purpose('bench_gate', 'newsletter');

VACUUM ANALYZE;
CHECKPOINT;
