-- The registry as one would write it by hand for one purpose, and policies that
-- look it up. Variables: subjects.

\set ON_ERROR_STOP on

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
INSERT INTO hand.subject SELECT n, '1980-01-01' FROM generate_series(1, :subjects) n;
INSERT INTO hand.choice
	SELECT n, 'newsletter', CASE WHEN bench.permitted(n) THEN 'given' ELSE 'refused' END, 'infinity'
	FROM generate_series(1, :subjects) n;

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

CREATE POLICY hashed ON visit TO bench_hashed USING (subject IN (SELECT id FROM hand.permitted));
CREATE POLICY plpgsql ON visit TO bench_plpgsql USING (hand.may_plpgsql(subject));
CREATE POLICY sql ON visit TO bench_sql USING (hand.may_sql(subject));

VACUUM ANALYZE;
CHECKPOINT;
