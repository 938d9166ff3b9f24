-- engine_stats: each column counts what the manual says it does.

\set home :DBNAME
CREATE ROLE regress_stats_analyst;
CREATE DATABASE regress_stats TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_stats
CREATE EXTENSION consent_profiling;
-- consecutive numbers, of whom two thirds are permitted
CREATE TABLE stats_person AS SELECT id::bigint AS id FROM generate_series(1, 30000) id;
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM stats_person');
SELECT consent_profiling.add_purpose('stats_news');
SELECT consent_profiling.import_consents('SELECT id AS subject, ''stats_news'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM stats_person WHERE id <= 20000');
SELECT consent_profiling.allow_purpose('regress_stats_analyst', 'stats_news');
ANALYZE stats_person, consent_profiling.subject;

CREATE VIEW stats AS SELECT * FROM consent_profiling.engine_stats() WHERE purpose = 'stats_news';
-- in the select list, where the planner asks nothing
CREATE FUNCTION permitted(first bigint, last bigint) RETURNS bigint LANGUAGE sql
	AS $$ SELECT count(*) FILTER (WHERE consent_profiling.may_profile(id, 'stats_news')) FROM stats_person WHERE id BETWEEN $1 AND $2 $$;

\c
-- nothing was asked
SELECT count(*) FROM consent_profiling.engine_stats();
-- probes: everybody is looked up once, as long as there is no set
SELECT permitted(1, 300);
SELECT has_set, shared, subjects, bytes, dirty, builds, refreshes, probes, build_ms FROM stats;
SELECT permitted(1, 300);
SELECT probes FROM stats;
SELECT permitted(201, 400);
SELECT probes FROM stats;
-- refreshes: somebody changed
SELECT FROM consent_profiling.withdraw_consent(1, 'stats_news');
SELECT permitted(1, 100);
SELECT has_set, builds, refreshes, probes BETWEEN 401 AND 500 AS looked_up FROM stats;
SELECT probes FROM stats \gset was_
-- and nobody did
SELECT permitted(1, 100);
SELECT pg_current_xact_id() IS NOT NULL AS other;
SELECT permitted(1, 100);
SELECT refreshes, probes - :was_probes AS probes FROM stats;

-- builds, build_ms, subjects, bytes: a set; a few bits a subject
SELECT permitted(1, 30000);
SELECT has_set, shared = (current_setting('shared_preload_libraries') ~ 'consent_profiling') AS shared_if_preloaded,
	subjects, bytes BETWEEN 20000 / 8 AND 20000 AS few_bytes, dirty, builds, refreshes,
	probes < 30000 AS not_all_looked_up, build_ms BETWEEN 0.01 AND 60000 AS took_time FROM stats;
SELECT builds, refreshes, probes, build_ms FROM stats \gset was_
SELECT permitted(1, 30000);
SELECT probes - :was_probes AS probes, builds - :was_builds AS builds, build_ms = :was_build_ms AS none_built FROM stats;

-- dirty: who changed since is looked up, each once until somebody changes again
SELECT count(consent_profiling.withdraw_consent(id, 'stats_news')) FROM stats_person WHERE id BETWEEN 11 AND 15;
SELECT permitted(1, 30000);
SELECT has_set, subjects, dirty, builds - :was_builds AS builds, refreshes - :was_refreshes AS refreshes, probes - :was_probes AS probes FROM stats;
SELECT permitted(1, 30000);
SELECT probes - :was_probes AS probes FROM stats;
SELECT FROM consent_profiling.withdraw_consent(16, 'stats_news');
SELECT permitted(1, 30000);
SELECT dirty, refreshes - :was_refreshes AS refreshes, probes - :was_probes BETWEEN 6 AND 11 AS looked_up FROM stats;
-- the same person again
SELECT FROM consent_profiling.give_consent(16, 'stats_news');
SELECT permitted(1, 30000);
SELECT dirty, refreshes - :was_refreshes AS refreshes FROM stats;

-- a row for each purpose that the session was asked about
SELECT consent_profiling.may_profile(1);
SELECT purpose, has_set, subjects, bytes > 0 AS some_bytes, builds FROM consent_profiling.engine_stats() ORDER BY purpose;
-- a transaction that records is on its own, and what it looks up is not shown
SELECT builds, refreshes, probes FROM stats \gset was_
BEGIN;
SELECT FROM consent_profiling.withdraw_consent(17, 'stats_news');
SELECT permitted(1, 30000);
SELECT has_set, builds - :was_builds AS builds, probes - :was_probes AS probes FROM stats;
ROLLBACK;

-- a rule changes, and the set is made anew
SELECT builds, build_ms, probes FROM stats \gset was_
UPDATE consent_profiling.purpose SET description = 'anew' WHERE name = 'stats_news';
SELECT permitted(1, 30000);
SELECT has_set, subjects, dirty, builds - :was_builds AS builds, build_ms > :was_build_ms AS took_time FROM stats;

-- a role is shown only what it may use
CREATE FUNCTION shown() RETURNS text LANGUAGE sql
	RETURN (SELECT string_agg(purpose, ' ' ORDER BY purpose) FROM consent_profiling.engine_stats());
SELECT consent_profiling.add_purpose('stats_secret', basis => 'contract');
SELECT consent_profiling.may_profile(1, 'stats_secret');
SELECT shown();
SET ROLE regress_stats_analyst;
SELECT shown();
RESET ROLE;

\c :home
DROP DATABASE regress_stats;
DROP ROLE regress_stats_analyst;
