-- A database to measure in: people in the registry, who all have the same kind of
-- key, and a table of visits by them. Seven of ten are permitted, in no order.
-- Variables: type, and key, which makes the key of person n; subjects; rows.

\set ON_ERROR_STOP on

CREATE EXTENSION consent_profiling;
SELECT setseed(0.5);

CREATE SCHEMA bench;
GRANT USAGE ON SCHEMA bench TO PUBLIC;
CREATE FUNCTION bench.key(n bigint) RETURNS :type LANGUAGE sql IMMUTABLE AS :'key';
CREATE FUNCTION bench.permitted(n bigint) RETURNS boolean LANGUAGE sql IMMUTABLE
	AS 'SELECT hashint8extended(n, 42) & 1023 < 717';
CREATE FUNCTION bench.consent(n bigint) RETURNS consent_profiling.consent LANGUAGE sql STABLE
	AS $$ SELECT consent_profiling.make_consent(
		CASE WHEN bench.permitted(n) THEN 'given' ELSE 'refused' END, false, '2026-01-01', 'infinity') $$;

/* Nothing changes for anybody when what holds already is recorded again. */
CREATE FUNCTION bench.record_again(n bigint) RETURNS void LANGUAGE sql AS $$
	SELECT CASE WHEN bench.permitted(n)
		THEN consent_profiling.give_consent(bench.key(n), 'newsletter')
		ELSE consent_profiling.withdraw_consent(bench.key(n), 'newsletter') END $$;

/* Makes a table readable by the roles of measure.pl: see %way there. */
CREATE PROCEDURE bench.open(relation regclass) LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('GRANT SELECT ON %s TO PUBLIC', relation);
	EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
	EXECUTE format('CREATE POLICY open ON %s TO bench_open, bench_gate USING (true)', relation);
	EXECUTE format('CREATE POLICY inline ON %s TO bench_inline USING (permitted)', relation);
END $$;

SELECT consent_profiling.add_purpose('newsletter');
SELECT consent_profiling.allow_purpose('bench_gate', 'newsletter');
SELECT consent_profiling.grant_duty('bench_app', 'recorder');

CREATE TABLE visit AS
	SELECT id, bench.key(n) AS subject, amount, bench.permitted(n) AS permitted
	FROM (SELECT id::bigint, 1 + floor(random() * :subjects)::bigint AS n,
				 (random() * 1000)::int AS amount
		  FROM generate_series(1, :rows) AS id) v;
ALTER TABLE visit ADD PRIMARY KEY (id);
CALL bench.open('visit');
SELECT consent_profiling.protect('visit', 'subject', '{bench_gate}', 'newsletter');
