-- attack_statistics: an analyst asks about people one by one, and has PostgreSQL's
-- statistics say what the gate read of the registry for each.

SET client_min_messages = warning;
CREATE ROLE regress_ast_analyst;
CREATE TABLE ast_person AS SELECT generate_series(72000001, 72002000) AS id;
\o /dev/null
SELECT consent_profiling.add_purpose('ast_news', automated_decision => true);
SELECT consent_profiling.allow_purpose('regress_ast_analyst', 'ast_news');
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM ast_person');
SELECT consent_profiling.import_consents('SELECT id AS subject, ''ast_news'' AS purpose, ''given explicit at 2020-01-01T00:00Z'' AS consent FROM ast_person WHERE id < 72001990');
SELECT consent_profiling.withdraw_consent(72000002, 'ast_news');
SELECT consent_profiling.request_review(72000005, 'ast_news');
SELECT consent_profiling.protect('ast_person', 'id', '{regress_ast_analyst}', 'ast_news');
\o
ANALYZE consent_profiling.subject, ast_person;
CREATE INDEX ON ast_person (id);
GRANT SELECT ON ast_person TO regress_ast_analyst;
-- permitted, withdrawn, without a choice, unknown, and with a review that is open
CREATE VIEW ast_asked AS SELECT * FROM (VALUES (72000001), (72000002), (72001995), (72999999), (72000005)) v (id);
INSERT INTO ast_person VALUES (72999999);
GRANT SELECT ON ast_asked TO regress_ast_analyst;

-- All that is counted of the tables with people in them, and of their indexes.
CREATE FUNCTION public.ast_counters() RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(concat_ws(' ', c.oid::regclass, pg_stat_get_xact_numscans(c.oid), pg_stat_get_xact_tuples_returned(c.oid),
			pg_stat_get_xact_tuples_fetched(c.oid), pg_stat_get_xact_blocks_fetched(c.oid), pg_stat_get_xact_blocks_hit(c.oid)), ', ' ORDER BY c.oid)
	FROM pg_class c LEFT JOIN pg_index i ON i.indexrelid = c.oid
	WHERE COALESCE(i.indrelid, c.oid) = ANY ('{consent_profiling.subject,consent_profiling.choice,consent_profiling.review,consent_profiling.change}'::regclass[])
$$;
-- Do they change when one asks about a person?
CREATE FUNCTION public.ast_ask(subject bigint, OUT profile boolean, OUT decide boolean, OUT rows bigint, OUT counted boolean) LANGUAGE plpgsql
	SET search_path = consent_profiling, public AS $$
DECLARE
	before text := public.ast_counters();
BEGIN
	profile := may_profile(subject, 'ast_news');
	decide := may_decide(subject, 'ast_news');
	EXECUTE format('SELECT count(*) FROM ast_person WHERE id = %s', subject) INTO rows;
	counted := before IS DISTINCT FROM public.ast_counters();
END $$;

SET ROLE regress_ast_analyst;
SELECT id, a.* FROM ast_asked, public.ast_ask(id) a;
RESET ROLE;
SELECT has_set, probes >= 4 AS looked_up FROM consent_profiling.engine_stats() WHERE purpose = 'ast_news';

-- with a set, and what it takes to make one
SET ROLE regress_ast_analyst;
BEGIN;
SELECT public.ast_counters() AS before \gset
SELECT count(*) FROM ast_person;
SELECT :'before' = public.ast_counters() AS same;
COMMIT;
SELECT id, a.* FROM ast_asked, public.ast_ask(id) a;
RESET ROLE;
SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'ast_news';

-- who was touched since, rolled back or not
SELECT FROM consent_profiling.withdraw_consent(72000001, 'ast_news');
BEGIN;
SELECT FROM consent_profiling.raise_objection(72000003);
ROLLBACK;
SET ROLE regress_ast_analyst;
SELECT id, a.* FROM (SELECT id FROM ast_asked UNION ALL VALUES (72000003), (72000004) ORDER BY id) p, public.ast_ask(id) a;
RESET ROLE;
SELECT dirty > 0 AS dirty FROM consent_profiling.engine_stats() WHERE purpose = 'ast_news';
-- and by one's own transaction
BEGIN;
SELECT FROM consent_profiling.give_consent(72000002, 'ast_news', explicit => true);
SET ROLE regress_ast_analyst;
SELECT id, a.* FROM ast_asked, public.ast_ask(id) a;
ROLLBACK;

-- What is read otherwise is counted,
BEGIN;
SELECT public.ast_counters() AS before \gset
SELECT consent_profiling.may_profile(72000004, 'ast_news');
SELECT count(*) FROM consent_profiling.subject WHERE id::text = '72000004';
SELECT :'before' = public.ast_counters() AS same;
-- also around the gate's own reading,
SELECT pg_stat_get_xact_tuples_returned('consent_profiling.subject'::regclass) AS before \gset
SET LOCAL enable_indexscan = off;
SET LOCAL enable_indexonlyscan = off;
SELECT count(*), count(verdict) FROM consent_profiling.subject, consent_profiling.explain_verdict(id, 'ast_news') WHERE id::text ~ '^7200[0-2]';
SELECT pg_stat_get_xact_tuples_returned('consent_profiling.subject'::regclass) - :before >= 2000 AS counted;
COMMIT;
-- and what is written, by which autovacuum goes.
BEGIN;
SELECT pg_stat_get_xact_tuples_inserted('consent_profiling.subject'::regclass) AS inserted,
	pg_stat_get_xact_tuples_updated('consent_profiling.subject'::regclass) AS updated,
	pg_stat_get_xact_tuples_inserted('consent_profiling.change'::regclass) AS changes \gset was_
SELECT FROM consent_profiling.register_subject(72003001);
SELECT consent_profiling.may_profile(72003001, 'ast_news');
SELECT FROM consent_profiling.register_subject(72003002);
SELECT consent_profiling.may_profile(72003002, 'ast_news');
SELECT FROM consent_profiling.restrict_subject(72003002, 'needed for legal claims');
SELECT pg_stat_get_xact_tuples_inserted('consent_profiling.subject'::regclass) - :was_inserted AS inserted,
	pg_stat_get_xact_tuples_updated('consent_profiling.subject'::regclass) - :was_updated AS updated,
	pg_stat_get_xact_tuples_inserted('consent_profiling.change'::regclass) - :was_changes AS changes;
ROLLBACK;

-- Who asks for no indexes has all read from end to end, which is not counted either.
\c -reuse-previous=on "options='-c ignore_system_indexes=on'"
SET client_min_messages = warning;
SET ROLE regress_ast_analyst;
SELECT id, a.* FROM ast_asked, public.ast_ask(id) a;
RESET ROLE;
\c -reuse-previous=on "options=''"

SET client_min_messages = warning;
DROP FUNCTION public.ast_ask, public.ast_counters;
DROP VIEW ast_asked;
DROP TABLE ast_person;
\o /dev/null
SELECT consent_profiling.disallow_purpose('regress_ast_analyst', 'ast_news');
DELETE FROM consent_profiling.review WHERE purpose ~ '^ast_';
DELETE FROM consent_profiling.choice WHERE purpose ~ '^ast_';
DELETE FROM consent_profiling.subject WHERE id::text ~ '^7200[0-2]';
SELECT consent_profiling.drop_purpose('ast_news');
\o
DROP ROLE regress_ast_analyst;
