-- trap_stats_oracle: an analyst asks about people one by one, and has
-- engine_stats() say who was looked up: they were touched lately, for whatever
-- purpose, by whatever act, rolled back or not.

SET client_min_messages = warning;
CREATE ROLE regress_tso_analyst;
CREATE ROLE regress_tso_officer;
CREATE TABLE tso_person AS SELECT generate_series(71000001, 71002000) AS id;
\o /dev/null
SELECT consent_profiling.add_purpose('tso_news');
SELECT consent_profiling.add_purpose('tso_health', special_category => true);
SELECT consent_profiling.allow_purpose(role, 'tso_news') FROM unnest(ARRAY['regress_tso_analyst', 'regress_tso_officer']::name[]) role;
SELECT consent_profiling.grant_duty('regress_tso_officer', 'officer');
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM tso_person');
SELECT consent_profiling.import_consents('SELECT id AS subject, ''tso_news'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM tso_person');
\o
ANALYZE consent_profiling.subject;
GRANT SELECT ON tso_person TO regress_tso_analyst, regress_tso_officer;

CREATE FUNCTION pg_temp.touch() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM consent_profiling.give_consent(71000007, 'tso_health', explicit => true);
	BEGIN
		PERFORM consent_profiling.raise_objection(71000009);
		RAISE 'rolled back' USING ERRCODE = 'P0004';
	EXCEPTION WHEN assert_failure THEN
	END;
END $$;
-- Do the figures change when one asks about a person?
CREATE FUNCTION pg_temp.touched(subject bigint) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	before text := (SELECT e::text FROM consent_profiling.engine_stats() e WHERE purpose = 'tso_news');
BEGIN
	PERFORM consent_profiling.may_profile(subject);
	RETURN before IS DISTINCT FROM (SELECT e::text FROM consent_profiling.engine_stats() e WHERE purpose = 'tso_news');
END $$;

SET consent_profiling.purpose = 'tso_news';
SET ROLE regress_tso_analyst;
SELECT count(*) FROM tso_person WHERE consent_profiling.may_profile(id);
RESET ROLE;
SELECT pg_temp.touch();
SET ROLE regress_tso_analyst;
SELECT consent_profiling.may_profile(71000001);
SELECT has_set, subjects, dirty, refreshes, probes FROM consent_profiling.engine_stats() WHERE purpose = 'tso_news';
SELECT id, pg_temp.touched(id) FROM generate_series(71000006, 71000009) id;
RESET ROLE;

-- An officer may read the history, and so sees all figures.
SELECT pg_temp.touch();
SET ROLE regress_tso_officer;
SELECT consent_profiling.may_profile(71000001);
SELECT dirty > 0 AS dirty, refreshes > 0 AS refreshes, probes > 0 AS probes
	FROM consent_profiling.engine_stats() WHERE purpose = 'tso_news';
SELECT id, pg_temp.touched(id) FROM generate_series(71000006, 71000009) id;
RESET ROLE;
RESET consent_profiling.purpose;

DROP TABLE tso_person;
\o /dev/null
SELECT consent_profiling.disallow_purpose(role, 'tso_news') FROM unnest(ARRAY['regress_tso_analyst', 'regress_tso_officer']::name[]) role;
SELECT consent_profiling.revoke_duty('regress_tso_officer', 'officer');
DELETE FROM consent_profiling.choice WHERE purpose ~ '^tso_';
DELETE FROM consent_profiling.subject WHERE id::text ~ '^7100[0-2]';
SELECT consent_profiling.drop_purpose(p) FROM unnest(ARRAY['tso_news', 'tso_health']) p;
\o
DROP ROLE regress_tso_analyst, regress_tso_officer;
