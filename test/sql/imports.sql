-- imports: a whole table at once
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
SELECT grant_duty('regress_recorder', 'recorder');
SELECT add_purpose('news', direct_marketing => true), add_purpose('news.eu', 'news'), add_purpose('stats');
CREATE SCHEMA imports AUTHORIZATION regress_recorder;

---------------------------------------------------------------------
-- subjects of every type that casts to subject_id
---------------------------------------------------------------------
CREATE DOMAIN imports.key AS integer CHECK (VALUE > 0);
CREATE TYPE imports.badge AS (office text, number integer);
CREATE FUNCTION imports.badge_key(imports.badge) RETURNS subject_id
	LANGUAGE sql IMMUTABLE STRICT AS 'SELECT (($1).office || ''-'' || ($1).number)::consent_profiling.subject_id';
CREATE CAST (imports.badge AS subject_id) WITH FUNCTION imports.badge_key(imports.badge);
GRANT USAGE ON SCHEMA imports TO PUBLIC;
CREATE TABLE imports.people (i2 smallint, i4 int, i8 bigint, u uuid, t text, v varchar(20), c char(20), n name,
	s subject_id, d imports.key, b imports.badge, born date);
INSERT INTO imports.people VALUES (1, 2, 3, '00000000-0000-0000-0000-000000000004', 't5', 'v6', 'c7', 'n8',
	's9', 10, ('Bonn', 11), '1980-01-01');
GRANT SELECT ON imports.people TO regress_recorder;

SET ROLE regress_recorder;
SELECT count(import_subjects(format('SELECT %I AS subject, born AS birth_date FROM imports.people', c)))
	FROM unnest('{i2,i4,i8,u,t,v,c,n,s,d,b}'::text[]) c;
RESET ROLE;
SELECT id, birth_date FROM subject ORDER BY id;
-- the columns in any order, under a comment, a semicolon, a CTE
SET ROLE regress_recorder;
SELECT import_consents('SELECT ''given at 2026-01-01T00:00Z'' AS consent, ''profiling'' AS purpose, i4 AS subject FROM imports.people -- all');
SELECT import_consents('WITH p AS (SELECT i8 AS subject FROM imports.people) SELECT *, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent FROM p;');
SELECT import_consents('SELECT c AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent FROM imports.people -- all');
SELECT import_consents('SELECT b AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent FROM imports.people ; ');
SELECT import_objections('SELECT b AS subject, ''stats'' AS purpose, ''raised at 2026-01-01T00:00Z'' AS objection FROM imports.people');
SELECT import_consents('VALUES (1, 2)');
-- what returns no rows is an import of none
SELECT import_subjects('SELECT i4 AS subject, born AS birth_date FROM imports.people WHERE false');
RESET ROLE;
SELECT subject, purpose, consent, objection FROM choice ORDER BY subject, purpose;
DELETE FROM choice; :forget; DELETE FROM subject;

---------------------------------------------------------------------
-- subjects
---------------------------------------------------------------------
SELECT register_subject('unborn'), register_subject('known', '1980-01-01'), register_subject('gone', '1980-01-01');
SELECT erase_subject('gone') IS NOT NULL AS erased;
SET consent_profiling.actor = 'nightly';
-- those known already, with a date or without; the erased; the same row twice; notice and evidence
SELECT import_subjects($$SELECT * FROM (VALUES
	('new', date '1990-01-01', 'n1', jsonb '{"n": 1}'),
	('unborn', '1990-01-02', 'n2', '{"n": 2}'),
	('known', '1980-01-01', NULL, NULL),
	('known', NULL, NULL, '{"n": 4}'),
	('gone', '1990-01-05', 'n5', '{"n": 5}'),
	('undated', NULL, NULL, NULL),
	('new', NULL, 'n7', NULL),
	('new', '1990-01-01', 'n8', NULL)) v (subject, birth_date, notice, evidence)$$);
RESET consent_profiling.actor;
SELECT regexp_replace(id::text, '^(erased:).{64}$', '\1') AS id, birth_date, erased_at IS NOT NULL AS erased FROM subject ORDER BY subject.id;
-- one event a row, in their order
SELECT regexp_replace(subject::text, '^(erased:).{64}$', '\1') AS subject, birth_date, notice, evidence, actor FROM event WHERE act = 'import_subjects' ORDER BY id;

---------------------------------------------------------------------
-- consents
---------------------------------------------------------------------
SELECT import_consents($$SELECT * FROM (VALUES
	('new', 'news', 'given at 2026-01-03T00:00Z until 2099-01-01T00:00Z', 'n1', jsonb '{"n": 1}'),
	-- older, newer, and a tie that the withdrawal wins
	('new', 'news', 'withdrawn at 2026-01-02T00:00Z', NULL, NULL),
	('known', 'news', 'given explicit at 2026-01-03T00:00Z', NULL, NULL),
	('known', 'news', 'refused at 2026-01-03T00:00Z', NULL, NULL),
	('undated', 'stats', 'requested at 2026-01-03T00:00Z', NULL, NULL),
	('undated', 'stats', 'given at 2026-01-04T00:00Z', NULL, NULL)) v (subject, purpose, consent, notice, evidence)$$);
SELECT subject, purpose, consent, refusal FROM choice ORDER BY subject, purpose;
-- as values of the type, against what is there: newest wins
SELECT import_consents($$SELECT subject, purpose, consent::consent_profiling.consent FROM (VALUES
	('new', 'news', 'withdrawn at 2026-01-03T00:00Z'),
	('known', 'news', 'given at 2026-01-02T00:00Z'),
	('undated', 'stats', 'renewed at 2026-01-05T00:00Z')) v (subject, purpose, consent)$$);
SELECT subject, purpose, consent, refusal FROM choice ORDER BY subject, purpose;
SELECT subject, purpose, at, consent, notice, evidence FROM event WHERE act = 'import_consents' ORDER BY id;

---------------------------------------------------------------------
-- objections
---------------------------------------------------------------------
SELECT import_objections($$SELECT * FROM (VALUES
	('new', 'stats', 'raised at 2026-01-03T00:00Z', 'n1', jsonb '{"n": 1}'),
	('new', 'stats', 'overridden at 2026-01-04T00:00Z grounds "fraud"', NULL, NULL),
	('new', 'news', 'raised at 2026-01-03T00:00Z', NULL, NULL),
	('new', 'news', 'withdrawn at 2026-01-03T00:00Z', NULL, NULL),
	('known', 'news', 'upheld at 2026-01-03T00:00Z', NULL, NULL)) v (subject, purpose, objection, notice, evidence)$$);
SELECT import_objections($$SELECT 'known' AS subject, 'news' AS purpose, objection 'withdrawn at 2026-01-02T00:00Z'$$);
SELECT subject, purpose, objection, raised_at, withdrawn_at, overridden_at FROM choice
	WHERE objection IS NOT NULL ORDER BY subject, purpose;
SELECT subject, purpose, at, objection, notice, evidence FROM event WHERE act = 'import_objections' ORDER BY id;
SELECT s || ' ' || p || ': ' || verdict_of(s, p)
	FROM unnest('{new,known,undated}'::text[]) s, unnest('{profiling,news,stats}'::text[]) p;

---------------------------------------------------------------------
-- bad rows: all are counted, the first twenty told, and nothing stays
---------------------------------------------------------------------
SELECT md5(string_agg(s::text, ';' ORDER BY s.id)) AS subjects FROM subject s \gset
SELECT md5(string_agg(c::text, ';' ORDER BY c.subject, c.purpose)) AS choices FROM choice c \gset
SELECT count(*) AS events FROM event \gset
SELECT import_subjects($$SELECT * FROM (VALUES
	('fine', date '1980-01-01'),
	(NULL, NULL),
	('', NULL),
	('known', '1980-01-02'),
	('late', '9999-01-01'),
	('never', 'infinity')) v (subject, birth_date)$$);
-- what is known is only looked up when the rest is right
SELECT import_subjects($$SELECT * FROM (VALUES
	('fine', date '1980-01-01'),
	('known', '1980-01-02'),
	('gone', '1990-01-01'),
	('fine', '1980-01-02')) v (subject, birth_date)$$);
SELECT import_consents($$SELECT * FROM (VALUES
	('known', 'news', 'given at 2026-01-06T00:00Z'),
	(NULL, 'news', 'given at 2026-01-06T00:00Z'),
	('known', NULL, 'given at 2026-01-06T00:00Z'),
	('known', 'nowhere', 'given at 2026-01-06T00:00Z'),
	('known', 'news', NULL),
	('known', 'news', 'Given at 2026-01-06T00:00Z'),
	('known', 'news', 'given at yesterday')) v (subject, purpose, consent)$$);
SELECT import_consents($$SELECT * FROM (VALUES
	('known', 'news', 'given at 2026-01-06T00:00Z'),
	('gone', 'news', 'given at 2026-01-06T00:00Z'),
	('nobody', 'news', 'given at 2026-01-06T00:00Z')) v (subject, purpose, consent)$$);
SELECT import_consents($$SELECT * FROM (VALUES
	('known', 'news', 'given at 2026-01-06T00:00Z'),
	('known', 'news', 'given at 2999-01-06T00:00Z')) v (subject, purpose, consent)$$);
-- an objection to direct marketing, or beneath it, cannot be overridden
SELECT import_objections($$SELECT * FROM (VALUES
	('known', 'stats', 'overridden at 2026-01-06T00:00Z grounds "x"'),
	('known', 'news', 'overridden at 2026-01-06T00:00Z grounds "x"'),
	('known', 'news.eu', 'overridden at 2026-01-06T00:00Z grounds "x"'),
	('known', 'news.eu', 'raised at 2999-01-06T00:00Z')) v (subject, purpose, objection)$$);
SELECT import_objections($$SELECT * FROM (VALUES
	('known', 'stats', 'overridden at 2026-01-06T00:00Z'),
	('known', 'stats', 'overridden at 2026-01-06T00:00Z grounds ""')) v (subject, purpose, objection)$$);
-- rows are numbered through all batches
SELECT import_subjects($$SELECT CASE WHEN g % 2000 = 0 THEN NULL ELSE g END AS subject, NULL::date AS birth_date
	FROM generate_series(1, 60000) g$$);
-- a query that fails in the middle
SELECT import_subjects($$SELECT g AS subject, date '1980-01-01' + 1 / (25000 - g) AS birth_date FROM generate_series(1, 30000) g$$);
SELECT md5(string_agg(s::text, ';' ORDER BY s.id)) = :'subjects' AS subjects_kept FROM subject s;
SELECT md5(string_agg(c::text, ';' ORDER BY c.subject, c.purpose)) = :'choices' AS choices_kept FROM choice c;
SELECT count(*) - :events AS events FROM event;

---------------------------------------------------------------------
-- more than one batch
---------------------------------------------------------------------
DELETE FROM choice; :forget; DELETE FROM subject;
SELECT import_subjects($$SELECT g % 30000 AS subject, date '1980-01-01' AS birth_date FROM generate_series(1, 100000) g$$);
SELECT count(*), count(birth_date) FROM subject;
SELECT import_consents($$SELECT g % 30000 AS subject, 'profiling' AS purpose,
	consent_profiling.make_consent(CASE WHEN g <= 30000 THEN 'withdrawn' ELSE 'given' END, false, '2026-01-01', 'infinity') AS consent
	FROM generate_series(1, 60000) g$$);
SELECT import_objections($$SELECT g % 30000 AS subject, 'profiling' AS purpose,
	consent_profiling.make_objection(CASE WHEN g <= 30000 THEN 'raised' ELSE 'withdrawn' END, '2026-01-01', NULL) AS objection
	FROM generate_series(1, 60000) g WHERE g % 3 = 0$$);
SELECT act, count(*), count(DISTINCT subject) FROM event GROUP BY act ORDER BY act;
SELECT consent, refusal, objection, count(*) FROM choice GROUP BY 1, 2, 3 ORDER BY count(*);
DELETE FROM choice; :forget; DELETE FROM subject;

-- a No registers a person for the rows after it and for no other, wherever a batch ends
SELECT import_consents($$SELECT * FROM (VALUES ('first no', 'news', 'refused at 2026-01-01T00:00Z'), ('first no', 'news', 'given at 2026-01-02T00:00Z')) v (subject, purpose, consent)$$);
SELECT import_consents($$SELECT * FROM (VALUES ('first yes', 'news', 'given at 2026-01-02T00:00Z'), ('first yes', 'news', 'refused at 2026-01-01T00:00Z'), ('first yes', 'news', 'given at 2026-01-03T00:00Z')) v (subject, purpose, consent)$$);
SELECT import_consents($$SELECT 'far no' AS subject, 'news' AS purpose, CASE g WHEN 20001 THEN 'given' ELSE 'refused' END || ' at 2026-01-01T00:00Z' AS consent FROM generate_series(1, 20001) g$$);
SELECT import_consents($$SELECT 'far yes' AS subject, 'news' AS purpose, CASE g WHEN 1 THEN 'given' ELSE 'refused' END || ' at 2026-01-01T00:00Z' AS consent FROM generate_series(1, 20001) g$$);
SELECT import_objections($$SELECT * FROM (VALUES ('first yes', 'news', 'withdrawn at 2026-01-02T00:00Z'), ('first yes', 'news', 'raised at 2026-01-01T00:00Z')) v (subject, purpose, objection)$$);
SELECT id FROM subject ORDER BY id;
DELETE FROM choice; :forget; DELETE FROM subject;

---------------------------------------------------------------------
-- the query has the caller's rights, and the writing lends it none
---------------------------------------------------------------------
CREATE TABLE imports.secret (subject int, birth_date date);
INSERT INTO imports.secret VALUES (1, '1980-01-01');
CREATE FUNCTION imports.spy(t text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RAISE NOTICE 'as %', current_user;
	RETURN t;
END
$$;
GRANT CREATE, USAGE ON SCHEMA imports TO regress_recorder;
SET ROLE regress_recorder;
SELECT import_subjects('SELECT * FROM imports.secret');
SELECT import_subjects('SELECT imports.spy(''x'') AS subject, NULL::date AS birth_date');
-- attack_by_query: the registry itself
SELECT import_subjects('SELECT id AS subject, birth_date FROM consent_profiling.subject');
SELECT import_subjects('WITH w AS (DELETE FROM consent_profiling.event RETURNING 1) SELECT 1 AS subject, NULL::date AS birth_date FROM w');
SELECT import_subjects('UPDATE consent_profiling.subject SET birth_date = NULL RETURNING id AS subject, birth_date');
SELECT import_subjects('INSERT INTO consent_profiling.subject VALUES (2) RETURNING id AS subject, birth_date');
-- attack_by_role
SELECT import_subjects('SET ROLE postgres');
SELECT import_subjects('SELECT 1 AS subject, NULL::date AS birth_date; SET ROLE postgres');
SELECT import_subjects('SELECT 1 AS subject, NULL::date AS birth_date) AS q; RESET ROLE; SELECT (1');
SELECT import_subjects('SELECT b AS subject, born AS birth_date FROM imports.people) AS q, (SELECT 1');
-- attack_by_shadow: objects of the same names, first in the caller's path
CREATE TEMP TABLE subject (id consent_profiling.subject_id PRIMARY KEY, birth_date date, registered_at timestamptz,
	restricted_at timestamptz, restriction_grounds text, erased_at timestamptz, objection_acts bigint);
CREATE TEMP TABLE event (act text, subject text);
CREATE FUNCTION imports.subject_id_problem(text) RETURNS text LANGUAGE plpgsql AS
	$$BEGIN RAISE NOTICE 'shadow as %', current_user; RETURN NULL; END$$;
CREATE FUNCTION imports.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN RAISE NOTICE 'shadow as %', current_user; RETURN '1999-01-01'; END$$;
CREATE FUNCTION imports.max(date) RETURNS date LANGUAGE plpgsql AS
	$$BEGIN RAISE NOTICE 'shadow as %', current_user; RETURN NULL; END$$;
SET search_path = pg_temp, imports, pg_catalog, consent_profiling, public;
SELECT consent_profiling.import_subjects('SELECT 7 AS subject, date ''1980-01-01'' AS birth_date');
SELECT consent_profiling.import_subjects(
	'SELECT 8 AS subject, NULL::date AS birth_date FROM set_config(''search_path'', ''imports, pg_temp'', false)');
SELECT count(*) FROM pg_temp.subject;
RESET ROLE;
SET search_path = public, consent_profiling;
SELECT id, birth_date, registered_at > '2026-01-01' AS by_the_clock FROM consent_profiling.subject ORDER BY id;
SELECT act, subject, caller, session_role <> caller AS by_another_login FROM consent_profiling.event ORDER BY id;
DROP TABLE pg_temp.subject, pg_temp.event;
-- an operator or a type of the caller's own
SET ROLE regress_recorder;
CREATE FUNCTION imports.eq(consent_profiling.subject_id, consent_profiling.subject_id) RETURNS boolean LANGUAGE plpgsql AS
	$$BEGIN RAISE NOTICE 'shadow as %', current_user; RETURN false; END$$;
CREATE OPERATOR imports.= (LEFTARG = consent_profiling.subject_id, RIGHTARG = consent_profiling.subject_id, FUNCTION = imports.eq);
SET search_path = imports, consent_profiling, pg_catalog;
SELECT import_subjects('SELECT 7 AS subject, date ''1980-01-01'' AS birth_date');
SELECT import_consents('SELECT 7 AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent');
RESET ROLE;
SET search_path = public, consent_profiling;

---------------------------------------------------------------------
-- the batch functions, which a recorder can also call himself
---------------------------------------------------------------------
-- attack_by_batch: what an import would not take, these do not take either
SELECT register_subject('known', '1980-01-01'), register_subject('gone');
SELECT erase_subject('gone') IS NOT NULL AS erased;
SELECT md5(string_agg(s::text, ';' ORDER BY s.id)) AS subjects FROM subject s \gset
SELECT md5(string_agg(c::text, ';' ORDER BY c.subject, c.purpose)) AS choices FROM choice c \gset
SELECT count(*) AS events FROM event \gset
SET ROLE regress_recorder;
SELECT import_subjects_batch(1, '{fine,known}', '{1980-01-01,1980-01-02}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_subjects_batch(1, '{fine,fine}', '{1980-01-01,1980-01-02}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_subjects_batch(1, '{fine,NULL}', '{1980-01-01,1980-01-02}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_consents_batch(1, '{known,gone}', '{news,news}', '{given at 2026-01-01T00:00Z,given at 2026-01-01T00:00Z}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_consents_batch(1, '{known,known}', '{news,news}', '{given at 2026-01-01T00:00Z,given at 2999-01-01T00:00Z}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_objections_batch(1, '{known}', '{news}', '{"overridden at 2026-01-01T00:00Z grounds \"x\""}', '{NULL}', '{NULL}');
-- to decide on objections is for officers, also in an import
SELECT import_objections($$SELECT 'known' AS subject, 'stats' AS purpose, 'overridden at 2026-01-05T00:00Z grounds "x"' AS objection$$);
SELECT import_objections($$SELECT 'known' AS subject, 'stats' AS purpose, 'upheld at 2026-01-05T00:00Z' AS objection$$);
-- arrays that do not match, or are not there
SELECT import_subjects_batch(NULL, '{fine}', '{1980-01-01}', '{NULL}', '{NULL}');
SELECT import_subjects_batch(1, NULL, NULL, NULL, NULL);
SELECT import_subjects_batch(1, '{fine}', NULL, '{NULL}', '{NULL}');
SELECT import_subjects_batch(1, '{fine}', '{}', '{NULL}', '{NULL}');
SELECT import_subjects_batch(1, '{fine}', '{1980-01-01,1980-01-01}', '{NULL}', '{NULL}');
SELECT import_subjects_batch(1, '{fine}', '{1980-01-01}', NULL, NULL);
SELECT import_subjects_batch(1, '{{fine,finer}}', '{{1980-01-01}}', '{NULL,NULL}', '{NULL,NULL}');
SELECT import_consents_batch(1, '{known}', '{news}', NULL, '{NULL}', '{NULL}');
SELECT import_consents_batch(1, '{known}', '{news}', '{}', '{NULL}', '{NULL}');
SELECT import_consents_batch(1, NULL, '{news}', '{given at 2026-01-01T00:00Z}', '{NULL}', '{NULL}');
SELECT import_consents_batch(1, '{known}', NULL, '{given at 2026-01-01T00:00Z}', '{NULL}', '{NULL}');
SELECT import_consents_batch(1, '{known,known}', '{news,news}', '{given at 2026-01-01T00:00Z}', '{NULL}', '{NULL}');
SELECT import_objections_batch(1, '{known}', '{news}', NULL, '{NULL}', '{NULL}');
SELECT import_objections_batch(1, '{known,known}', '{news}', '{raised at 2026-01-01T00:00Z}', '{NULL}', '{NULL}');
SELECT import_objections_batch(NULL, '{known}', '{news}', '{raised at 2026-01-01T00:00Z}', '{NULL}', '{NULL}');
SELECT sync_subjects_batch(1, '{fine}', NULL);
SELECT sync_subjects_batch(1, '{fine}', '{}');
SELECT sync_subjects_batch(NULL, '{fine}', '{1980-01-01}');
SELECT load_tracked(NULL);
-- none at all
SELECT import_subjects_batch(1, '{}', '{}', '{}', '{}');
SELECT import_consents_batch(1, '{}', '{}', '{}', '{}', '{}');
SELECT import_objections_batch(1, '{}', '{}', '{}', '{}', '{}');
SELECT sync_subjects_batch(1, '{}', '{}');
RESET ROLE;
SELECT md5(string_agg(s::text, ';' ORDER BY s.id)) = :'subjects' AS subjects_kept FROM subject s;
SELECT md5(string_agg(c::text, ';' ORDER BY c.subject, c.purpose)) = :'choices' AS choices_kept FROM choice c;
SELECT count(*) - :events AS events FROM event;

SET client_min_messages = warning;
DROP SCHEMA imports CASCADE;
DELETE FROM choice; :forget; DELETE FROM subject;
SELECT drop_purpose(p) FROM unnest('{news.eu,news,stats}'::text[]) p;
SELECT revoke_duty('regress_recorder', 'recorder');
DROP ROLE regress_recorder;
