-- bad arguments: every wrong argument of the functions that record, import,
-- administer and track, with the SQLSTATE and the message it gets; after calls that are right, where the arguments are not obvious
\pset format unaligned
\pset tuples_only on
SET client_min_messages = warning;
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

-- does a call, takes back what it did, and says what went wrong
CREATE FUNCTION attempt(call text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	state text;
	message text;
	detail text;
	hint text;
BEGIN
	EXECUTE 'SELECT ' || call;
	RAISE EXCEPTION 'no error';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN call || E'\n    ' || concat_ws(' | ', state || ': ' || message,
		NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;

SELECT add_purpose('news', direct_marketing => true), add_purpose('news.eu', 'news'), add_purpose('stats');
SELECT register_subject('a', '1980-01-01'), register_subject('gone');
SELECT erase_subject('gone') IS NOT NULL AS erased;

---------------------------------------------------------------------
-- subjects
---------------------------------------------------------------------
-- valid first
SELECT attempt($$register_subject('b', '1980-01-01')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$register_subject(NULL)$$,
	$$register_subject('')$$,
	$$register_subject(repeat('x', 256))$$,
	$$register_subject('b', 'infinity')$$,
	$$register_subject('b', '-infinity')$$,
	$$register_subject('b', CURRENT_DATE + 2000000 - (CURRENT_DATE - '2000-01-01'::date))$$,
	$$register_subject('b', '1980-02-30')$$,
	$$register_subject('a', '1980-01-02')$$,
	$$rectify_birth_date(NULL, '1980-01-01')$$,
	$$rectify_birth_date('a', NULL)$$,
	$$rectify_birth_date('nobody', '1980-01-01')$$,
	$$rectify_birth_date('gone', '1980-01-01')$$,
	$$rectify_birth_date('a', 'infinity')$$,
	$$rectify_birth_date('a', '9999-01-01')$$]) c;

---------------------------------------------------------------------
-- consents and objections: what they all have in common
---------------------------------------------------------------------
SELECT attempt(format(c, f))
	FROM unnest('{give_consent,request_consent,refuse_consent,withdraw_consent,raise_objection,withdraw_objection,uphold_objection}'::text[])
			WITH ORDINALITY AS u (f, n),
		unnest(ARRAY[
			$$%s(NULL)$$,
			$$%s('nobody')$$,
			$$%s('gone')$$,
			$$%s('a', NULL)$$,
			$$%s('a', 'nowhere')$$,
			$$%s('a', 'News')$$,
			$$%s('a', '')$$,
			$$%s('a', at => NULL)$$,
			$$%s('a', at => '9999-01-01')$$,
			$$%s('a', at => 'infinity')$$,
			$$%s('a', at => '-infinity')$$]) WITH ORDINALITY AS v (c, m)
	ORDER BY n, m;

---------------------------------------------------------------------
-- and what they have alone
---------------------------------------------------------------------
SELECT attempt(c) FROM unnest(ARRAY[
	$$give_consent('a', explicit => NULL)$$,
	$$give_consent('a', until => NULL)$$,
	$$give_consent('a', until => '-infinity')$$,
	$$give_consent('a', until => '2026-01-01', at => '2026-01-01')$$,
	$$give_consent('a', until => '2025-12-31', at => '2026-01-01')$$,
	$$withdraw_objection('a')$$,
	$$uphold_objection('a')$$]) c;

-- valid, when there is something to override
SELECT objection_status(raise_objection('a', 'stats'));
SELECT attempt($$override_objection('a', 'stats', 'grounds')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$override_objection(NULL, 'stats', 'grounds')$$,
	$$override_objection('nobody', 'stats', 'grounds')$$,
	$$override_objection('gone', 'stats', 'grounds')$$,
	$$override_objection('a', NULL, 'grounds')$$,
	$$override_objection('a', 'nowhere', 'grounds')$$,
	$$override_objection('a', 'stats', NULL)$$,
	$$override_objection('a', 'stats', '')$$,
	$$override_objection('a', 'stats', E' \t\n')$$,
	$$override_objection('a', 'stats', 'grounds', at => NULL)$$,
	$$override_objection('a', 'stats', 'grounds', at => '9999-01-01')$$,
	$$override_objection('a', 'stats', 'grounds', at => 'infinity')$$,
	$$override_objection('a', 'stats', 'grounds', at => '-infinity')$$,
	$$override_objection('a', 'stats', 'grounds', at => '2020-01-01')$$,
	$$override_objection('a', 'profiling', 'grounds')$$,
	$$override_objection('a', 'news', 'grounds')$$,
	$$override_objection('a', 'news.eu', 'grounds')$$,
	$$withdraw_objection('a', 'news')$$,
	$$uphold_objection('a', 'profiling')$$]) c;

---------------------------------------------------------------------
-- restriction and erasure
---------------------------------------------------------------------
SELECT attempt(c) FROM unnest(ARRAY[
	$$restrict_subject(NULL, 'unlawful')$$,
	$$restrict_subject('nobody', 'unlawful')$$,
	$$restrict_subject('gone', 'unlawful')$$,
	$$restrict_subject('a', NULL)$$,
	$$restrict_subject('a', '')$$,
	$$restrict_subject('a', E'\n ')$$,
	$$restrict_subject('a', 'ground')$$,
	$$restrict_subject('a', 'not unlawful')$$,
	$$lift_restriction('a', now())$$,
	$$erase_subject(NULL)$$,
	$$erase_subject('nobody')$$]) c;
SELECT restrict_subject('a', 'unlawful');
UPDATE subject SET restricted_at = '2026-01-02 00:00Z' WHERE id = 'a';
ALTER TABLE event DISABLE TRIGGER keep_event;
UPDATE event SET at = '2026-01-02 00:00Z' WHERE act = 'restrict_subject';
ALTER TABLE event ENABLE TRIGGER keep_event;
SELECT attempt($$lift_restriction('a', now())$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$lift_restriction(NULL, now())$$,
	$$lift_restriction('nobody', now())$$,
	$$lift_restriction('gone', now())$$,
	$$lift_restriction('a', NULL)$$,
	$$lift_restriction('a', 'infinity')$$,
	$$lift_restriction('a', '-infinity')$$,
	$$lift_restriction('a', '2026-01-01 00:00Z')$$]) c;

---------------------------------------------------------------------
-- reviews of automated decisions
---------------------------------------------------------------------
SELECT add_purpose('loans', basis => 'contract', automated_decision => true);
SELECT register_subject('c', '1980-01-01'), request_review('c', 'loans');
UPDATE review SET requested_at = '2026-01-02 00:00Z' WHERE subject = 'c';
SELECT attempt(c) FROM unnest(ARRAY[
	$$request_review('c', 'loans')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', '2026-01-02 00:00Z')$$]) c;
SELECT attempt(c) FROM unnest(ARRAY[
	$$request_review(NULL, 'loans')$$,
	$$request_review('nobody', 'loans')$$,
	$$request_review('gone', 'loans')$$,
	$$request_review('c', NULL)$$,
	$$request_review('c', 'nowhere')$$,
	$$request_review('c', 'news')$$,
	$$request_review('c', 'profiling')$$,
	$$record_review(NULL, 'loans', 'changed', 'Ms Doe')$$,
	$$record_review('nobody', 'loans', 'changed', 'Ms Doe')$$,
	$$record_review('gone', 'loans', 'changed', 'Ms Doe')$$,
	$$record_review('c', NULL, 'changed', 'Ms Doe')$$,
	$$record_review('c', 'nowhere', 'changed', 'Ms Doe')$$,
	$$record_review('c', 'news', 'changed', 'Ms Doe')$$,
	$$record_review('a', 'loans', 'changed', 'Ms Doe')$$,
	$$record_review('c', 'loans', NULL, 'Ms Doe')$$,
	$$record_review('c', 'loans', E'\n ', 'Ms Doe')$$,
	$$record_review('c', 'loans', 'changed', NULL)$$,
	$$record_review('c', 'loans', 'changed', '')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', NULL)$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', '9999-01-01')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', 'infinity')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', '-infinity')$$,
	$$record_review('c', 'loans', 'changed', 'Ms Doe', '2026-01-01 00:00Z')$$]) c;
-- verdicts as of another moment
---------------------------------------------------------------------
SELECT attempt($$verdict_of('a', 'news', now())$$);
SELECT attempt(format(c, f))
	FROM unnest('{verdict_of,explain_verdict}'::text[]) WITH ORDINALITY AS u (f, n),
		unnest(ARRAY[
			$$%s('a', 'news', NULL)$$,
			$$%s('a', NULL, now())$$,
			$$%s('a', 'nowhere', now())$$,
			$$%s('a', 'news', 'infinity')$$,
			$$%s('a', 'news', '-infinity')$$,
			$$%s('a', 'news', now(), 'infinity')$$,
			$$%s('a', 'news', known_at => '-infinity', as_of => now())$$,
			$$%s('a', 'news', 'some day')$$]) WITH ORDINALITY AS v (c, m)
	ORDER BY n, m;
-- records, receipts and reports
---------------------------------------------------------------------
-- valid first
SELECT attempt($$set_controller('Acme')$$);
SELECT attempt($$add_notice('n', 'en', 'https://example.org', repeat('0', 64))$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$set_controller(NULL)$$,
	$$set_controller('')$$,
	$$set_controller(E' \n')$$,
	$$add_notice(NULL, 'en', 'https://example.org', repeat('0', 64))$$,
	$$add_notice(' ', 'en', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', NULL, 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', '', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', 'e', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', 'english language', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', 'en_GB', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', 'en-', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', E'en\n', 'https://example.org', repeat('0', 64))$$,
	$$add_notice('n', 'en', NULL, repeat('0', 64))$$,
	$$add_notice('n', 'en', '', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'example.org', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'https://', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'https:///path', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'javascript:alert(1)', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'https://example.org/a b', repeat('0', 64))$$,
	$$add_notice('n', 'en', E'https://example.org\nx', repeat('0', 64))$$,
	$$add_notice('n', 'en', 'https://example.org', NULL)$$,
	$$add_notice('n', 'en', 'https://example.org', '')$$,
	$$add_notice('n', 'en', 'https://example.org', repeat('0', 63))$$,
	$$add_notice('n', 'en', 'https://example.org', repeat('0', 65))$$,
	$$add_notice('n', 'en', 'https://example.org', repeat('g', 64))$$,
	$$add_notice('n', 'en', 'https://example.org', repeat('0', 64) || E'\n')$$,
	$$consent_record(NULL)$$,
	$$consent_record('nobody')$$,
	$$consent_record('a', NULL)$$,
	$$consent_record('a', 'nowhere')$$,
	$$import_receipt('a', 'news', NULL)$$,
	$$import_receipt('a', 'news', '[]')$$,
	$$import_receipt('a', 'news', '{}')$$,
	$$import_receipt('a', 'news', 'null')$$,
	$$import_receipt('a', 'news', '{}', NULL)$$,
	$$subject_report(NULL)$$,
	$$subject_report('nobody')$$,
	$$subject_report_text(NULL)$$,
	$$subject_report_text('nobody')$$]) c;
-- requests
---------------------------------------------------------------------
SELECT attempt($$open_request('a', 'access')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$open_request(NULL, 'access')$$,
	$$open_request('nobody', 'access')$$,
	$$open_request('gone', 'access')$$,
	$$open_request('a', NULL)$$,
	$$open_request('a', '')$$,
	$$open_request('a', 'Access')$$,
	$$open_request('a', 'silence')$$,
	$$open_request('a', 'access', NULL)$$,
	$$open_request('a', 'access', '9999-01-01')$$,
	$$open_request('a', 'access', 'infinity')$$,
	$$open_request('a', 'access', '-infinity')$$,
	$$open_request('a', 'access', purpose => NULL)$$,
	$$open_request('a', 'access', purpose => 'nowhere')$$]) c;
-- one that has long been open
INSERT INTO request (subject, "right", received_at, due_on) VALUES ('a', 'access', '2026-01-31 00:00Z', '2026-02-28');
CREATE FUNCTION request() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM consent_profiling.request';
SELECT attempt($$close_request(request(), 'answered')$$);
SELECT regexp_replace(attempt(c), 'request \d+', 'request N') FROM unnest(ARRAY[
	$$close_request(request(), NULL)$$,
	$$close_request(request(), E' \n')$$,
	$$close_request(NULL, 'answered')$$,
	$$close_request(-1, 'answered')$$,
	$$extend_request(request(), 'many requests')$$,
	$$extend_request(request(), NULL)$$,
	$$extend_request(request(), '')$$,
	$$extend_request(NULL, 'many requests')$$,
	$$extend_request(-1, 'many requests')$$]) c;

---------------------------------------------------------------------
-- recipients
---------------------------------------------------------------------
SELECT attempt($$add_recipient('printer')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$add_recipient(NULL)$$,
	$$add_recipient('')$$,
	$$add_recipient(E'\t ')$$]) c;
SELECT add_recipient('printer');
SELECT attempt($$record_disclosure('a', 'printer')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$record_disclosure(NULL, 'printer')$$,
	$$record_disclosure('nobody', 'printer')$$,
	$$record_disclosure('gone', 'printer')$$,
	$$record_disclosure('a', NULL)$$,
	$$record_disclosure('a', 'Printer')$$,
	$$record_disclosure('a', 'printer', NULL)$$,
	$$record_disclosure('a', 'printer', 'nowhere')$$,
	$$record_disclosure('a', 'printer', at => NULL)$$,
	$$record_disclosure('a', 'printer', at => '9999-01-01')$$,
	$$record_disclosure('a', 'printer', at => 'infinity')$$,
	$$record_disclosure('a', 'printer', at => '-infinity')$$]) c;
SELECT record_disclosure('a', 'printer');
SELECT rectify_birth_date('a', '1980-01-01');
UPDATE notification SET due_since = '2026-01-02 00:00Z';
CREATE FUNCTION due() RETURNS bigint LANGUAGE sql AS 'SELECT max(id) FROM consent_profiling.notification';
SELECT attempt($$record_notified(due())$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$record_notified(due(), NULL)$$,
	$$record_notified(due(), '9999-01-01')$$,
	$$record_notified(due(), 'infinity')$$,
	$$record_notified(due(), '-infinity')$$,
	$$record_notified(due(), '2026-01-01')$$,
	$$record_notified(NULL)$$,
	$$record_notified(-1)$$]) c;

---------------------------------------------------------------------
-- imports: the query
---------------------------------------------------------------------
SELECT attempt($$import_subjects('SELECT 1 AS subject, NULL::date AS birth_date')$$);
SELECT attempt(format(c, f))
	FROM unnest('{import_subjects,import_consents,import_objections}'::text[]) WITH ORDINALITY AS u (f, n),
		unnest(ARRAY[
			$$%s(NULL)$$,
			$$%s('')$$,
			$$%s('no query')$$,
			$$%s('SELECT 1; SELECT 2')$$,
			$$%s('TRUNCATE consent_profiling.event')$$,
			$$%s('DELETE FROM consent_profiling.event')$$,
			$$%s('CREATE TABLE import_target AS SELECT 1 AS subject')$$,
			$$%s('SET ROLE NONE')$$,
			$$%s('BEGIN')$$,
			$$%s('COMMIT')$$,
			$$%s('DO ''BEGIN END''')$$,
			$$%s('COPY (SELECT 1) TO STDOUT')$$,
			$$%s('EXPLAIN SELECT 1')$$,
			$$%s('SELECT')$$,
			$$%s('SELECT 1')$$,
			$$%s('SELECT 1 AS "Subject"')$$,
			$$%s('SELECT $1 AS subject')$$,
			$$%s('SELECT * FROM no_such_table')$$,
			$$%s('SELECT 1 / (random() * 0)::int AS subject')$$]) WITH ORDINALITY AS v (c, m)
	ORDER BY n, m;

-- its columns
SELECT attempt(format('%s(%L)', f, q)) FROM (VALUES
	('import_subjects', 'SELECT 1 AS subject'),
	('import_subjects', 'SELECT NULL::date AS birth_date'),
	('import_subjects', 'SELECT 1 AS subject, NULL::date AS birth_date, 1 AS subject'),
	('import_subjects', 'SELECT 1 AS subject, NULL::date AS birth_date, 1 AS more'),
	('import_subjects', 'SELECT 1 AS subject, NULL::date AS birth_date, ''profiling'' AS purpose'),
	('import_subjects', 'SELECT 1 AS subject, ''1980-01-01'' AS birth_date'),
	('import_subjects', 'SELECT 1 AS subject, now() AS birth_date'),
	('import_subjects', 'SELECT 1.5 AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT true AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT NULL::date[] AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT 1.5 AS subject'),
	('import_subjects', 'SELECT 1 AS subject, NULL::date AS birth_date, 1 AS notice'),
	('import_subjects', 'SELECT 1 AS subject, NULL::date AS birth_date, ''{}''::json AS evidence'),
	('import_consents', 'SELECT 1 AS subject, ''profiling'' AS purpose'),
	('import_consents', 'SELECT 1 AS subject, NULL::consent AS consent'),
	('import_consents', 'SELECT ''profiling'' AS purpose, NULL::consent AS consent'),
	('import_consents', 'SELECT 1 AS subject, ''profiling'' AS purpose, NULL::objection AS objection'),
	('import_consents', 'SELECT 1 AS subject, ''profiling'' AS purpose, NULL::objection AS consent'),
	('import_consents', 'SELECT 1 AS subject, 1 AS purpose, NULL::consent AS consent'),
	('import_consents', 'SELECT 1 AS subject, ''profiling'' AS purpose, ''{}''::jsonb AS consent'),
	('import_objections', 'SELECT 1 AS subject, ''profiling'' AS purpose, NULL::consent AS consent'),
	('import_objections', 'SELECT 1 AS subject, ''profiling'' AS purpose, NULL::consent AS objection'))
	AS v (f, q);

-- its rows
SELECT attempt(format('%s(%L)', f, q)) FROM (VALUES
	('import_subjects', 'SELECT NULL::int AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT '''' AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT repeat(''x'', 256) AS subject, NULL::date AS birth_date'),
	('import_subjects', 'SELECT 1 AS subject, date ''infinity'' AS birth_date'),
	('import_subjects', 'SELECT 1 AS subject, date ''9999-01-01'' AS birth_date'),
	('import_subjects', 'SELECT ''a'' AS subject, date ''1980-01-02'' AS birth_date'),
	('import_subjects', 'VALUES (1, 2)'),
	('import_subjects', 'SELECT * FROM (VALUES (1, date ''1980-01-01''), (2, NULL), (1, ''1980-01-02'')) v (subject, birth_date)'),
	('import_consents', 'SELECT NULL::text AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''nobody'' AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''gone'' AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT '''' AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, NULL AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, ''nowhere'' AS purpose, ''given at 2026-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, NULL::consent AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''yes'' AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''given at 9999-01-01T00:00Z'' AS consent'),
	('import_consents', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''given at 2026-01-01T00:00Z until 2026-01-01T00:00Z'' AS consent'),
	('import_objections', 'SELECT NULL::text AS subject, ''profiling'' AS purpose, ''raised at 2026-01-01T00:00Z'' AS objection'),
	('import_objections', 'SELECT ''nobody'' AS subject, ''profiling'' AS purpose, ''raised at 2026-01-01T00:00Z'' AS objection'),
	('import_objections', 'SELECT ''gone'' AS subject, ''profiling'' AS purpose, ''raised at 2026-01-01T00:00Z'' AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''nowhere'' AS purpose, ''raised at 2026-01-01T00:00Z'' AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, NULL::objection AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''no'' AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''overridden at 2026-01-01T00:00Z'' AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''news.eu'' AS purpose, ''overridden at 2026-01-01T00:00Z grounds "x"'' AS objection'),
	('import_objections', 'SELECT ''a'' AS subject, ''profiling'' AS purpose, ''raised at 9999-01-01T00:00Z'' AS objection'))
	AS v (f, q);

---------------------------------------------------------------------
-- purposes
---------------------------------------------------------------------
SELECT attempt($$add_purpose('p')$$);
SELECT attempt($$add_purpose(repeat('p', 63))$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$add_purpose(NULL)$$,
	$$add_purpose('')$$,
	$$add_purpose(repeat('p', 64))$$,
	$$add_purpose('it''s')$$,
	$$add_purpose('"p"')$$,
	$$add_purpose('!p')$$,
	$$add_purpose('!profiling')$$,
	$$add_purpose('.p')$$,
	$$add_purpose('two words')$$,
	$$add_purpose(E'p\n')$$,
	$$add_purpose('größe')$$,
	$$add_purpose('news')$$,
	$$add_purpose('profiling')$$,
	$$add_purpose('profiling', NULL)$$,
	$$add_purpose('p', NULL)$$,
	$$add_purpose('p', 'nowhere')$$,
	$$add_purpose('p', 'p')$$,
	$$add_purpose('p', basis => NULL)$$,
	$$add_purpose('p', basis => '')$$,
	$$add_purpose('p', basis => 'interest')$$,
	$$add_purpose('p', basis => 'Consent')$$,
	$$add_purpose('p', minimum_age => NULL)$$,
	$$add_purpose('p', minimum_age => 17)$$,
	$$add_purpose('p', minimum_age => -1)$$,
	$$add_purpose('p', minimum_age => 151)$$,
	$$add_purpose('p', direct_marketing => NULL)$$,
	$$add_purpose('p', special_category => NULL)$$,
	$$add_purpose('p', automated_decision => NULL)$$,
	$$add_purpose('p', basis => 'public_task', automated_decision => true)$$,
	$$add_purpose('p', basis => 'legitimate_interests', automated_decision => true)$$,
	$$add_purpose('p', automated => NULL)$$,
	$$add_purpose('p', personal_data => NULL)$$,
	$$add_purpose('p', evaluates_person => NULL)$$,
	$$describe_purpose(NULL)$$,
	$$describe_purpose('nowhere')$$,
	$$drop_purpose(NULL)$$,
	$$drop_purpose('nowhere')$$,
	$$drop_purpose('profiling')$$,
	$$drop_purpose('news')$$,
	$$drop_purpose('stats')$$,
	$$drop_purpose('loans')$$]) c;

---------------------------------------------------------------------
-- who may profile for what, and who has which duty
---------------------------------------------------------------------
CREATE ROLE regress_clerk;
SELECT attempt(format('%s(%L, ''news'')', f, r))
	FROM unnest('{allow_purpose,disallow_purpose}'::text[]) f, unnest('{regress_clerk,public}'::text[]) r;
SELECT attempt(format('%s(%s)', f, a))
	FROM unnest('{allow_purpose,disallow_purpose}'::text[]) WITH ORDINALITY AS u (f, n),
		unnest(ARRAY[
			$$NULL, 'news'$$,
			$$'regress_nobody', 'news'$$,
			$$'', 'news'$$,
			$$'regress_clerk', NULL$$,
			$$'regress_clerk', 'nowhere'$$,
			$$'regress_clerk', '!profiling'$$]) WITH ORDINALITY AS v (a, m)
	ORDER BY n, m;
SELECT attempt(format('%s(''regress_clerk'', %L)', f, d))
	FROM unnest('{grant_duty,revoke_duty}'::text[]) f, unnest('{recorder,officer}'::text[]) d;
SELECT attempt(format('%s(%s)', f, a))
	FROM unnest('{grant_duty,revoke_duty}'::text[]) WITH ORDINALITY AS u (f, n),
		unnest(ARRAY[
			$$NULL, 'recorder'$$,
			$$'regress_nobody', 'recorder'$$,
			$$'public', 'recorder'$$,
			$$'regress_clerk', NULL$$,
			$$'regress_clerk', ''$$,
			$$'regress_clerk', 'Recorder'$$,
			$$'regress_clerk', 'superuser'$$]) WITH ORDINALITY AS v (a, m)
	ORDER BY n, m;

---------------------------------------------------------------------
-- tracking
---------------------------------------------------------------------
CREATE TABLE people (id int, born date, born_at timestamptz, height numeric);
CREATE VIEW people_view AS SELECT * FROM people;
CREATE MATERIALIZED VIEW people_copy AS SELECT * FROM people;
SELECT attempt($$track_subjects('people', 'id', 'born')$$);
SELECT attempt(c) FROM unnest(ARRAY[
	$$track_subjects(NULL, 'id', 'born')$$,
	$$track_subjects('people', NULL, 'born')$$,
	$$track_subjects('people', 'id', NULL)$$,
	$$track_subjects('people', 'key', 'born')$$,
	$$track_subjects('people', 'ctid', 'born')$$,
	$$track_subjects('people', 'id', 'birthday')$$,
	$$track_subjects('people', 'height', 'born')$$,
	$$track_subjects('people', 'id', 'born_at')$$,
	$$track_subjects('people', 'id', 'id')$$,
	$$track_subjects('no_such_table', 'id', 'born')$$,
	$$track_subjects(1, 'id', 'born')$$,
	$$track_subjects('people_view', 'id', 'born')$$,
	$$track_subjects('people_copy', 'id', 'born')$$,
	$$track_subjects('pg_class', 'oid', 'relname')$$,
	$$track_subjects('subject', 'id', 'birth_date')$$,
	$$untrack_subjects(NULL)$$,
	$$untrack_subjects('people_view')$$,
	$$untrack_subjects(1)$$]) c;
-- the trigger function is for the trigger that track_subjects() makes
CREATE FUNCTION make_trigger(definition text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE 'CREATE TRIGGER by_hand ' || definition
		|| ' EXECUTE FUNCTION consent_profiling.track_subject_change()';
	INSERT INTO people VALUES (1, '1980-01-01', now(), 1.8);
END
$$;
SELECT attempt(c) FROM unnest(ARRAY[
	$$track_subject_change()$$,
	$$announce_event()$$,
	$$make_trigger('BEFORE INSERT ON people FOR EACH ROW')$$,
	$$make_trigger('AFTER INSERT ON people FOR EACH ROW')$$,
	$$make_trigger('AFTER INSERT ON people FOR EACH STATEMENT')$$,
	$$make_trigger('AFTER INSERT OR UPDATE OF id ON people FOR EACH ROW')$$,
	$$make_trigger('AFTER INSERT OR UPDATE OF id, born_at ON people FOR EACH ROW')$$,
	$$make_trigger('AFTER INSERT OR UPDATE OF id, height ON people FOR EACH ROW')$$]) c;

---------------------------------------------------------------------
-- nobody calls any of it without the duty
---------------------------------------------------------------------
CREATE FUNCTION denials(names text[]) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	func regprocedure;
BEGIN
	FOR func IN SELECT p.oid::regprocedure FROM pg_proc p
			WHERE p.pronamespace = 'consent_profiling'::regnamespace AND p.proname = ANY (names)
			ORDER BY p.proname COLLATE "C", p.pronargs LOOP
		RETURN NEXT attempt((SELECT format('%s(%s)', p.proname,
				string_agg('NULL::' || format_type(t, NULL), ', ' ORDER BY n))
			FROM pg_proc p, unnest(p.proargtypes) WITH ORDINALITY AS u (t, n)
			WHERE p.oid = func GROUP BY p.proname));
	END LOOP;
END
$$;
\set recorder '''{register_subject,rectify_birth_date,give_consent,request_consent,refuse_consent,withdraw_consent,raise_objection,withdraw_objection,import_subjects,import_consents,import_objections,request_review,import_receipt,open_request,record_disclosure}'''
\set officer '''{uphold_objection,override_objection,restrict_subject,lift_restriction,erase_subject,verdict_of,explain_verdict,verify_history,record_review,describe_purpose,set_controller,add_notice,consent_record,subject_report,subject_report_text,extend_request,close_request,add_recipient,record_notified}'''
\set administrator '''{add_purpose,drop_purpose,allow_purpose,disallow_purpose,grant_duty,revoke_duty}'''
SET ROLE regress_clerk;
SELECT denials(:recorder);
SELECT denials(:officer);
SELECT denials(:administrator);
SELECT attempt($$track_subjects('people', 'id', 'born')$$);
-- one duty is not the other, and neither administers
RESET ROLE;
SELECT grant_duty('regress_clerk', 'recorder');
SET ROLE regress_clerk;
SELECT denials(:officer);
SELECT denials(:administrator);
-- a recorder who does not own the table
SELECT attempt($$track_subjects('people', 'id', 'born')$$);
SELECT attempt($$untrack_subjects('people')$$);
RESET ROLE;
SELECT revoke_duty('regress_clerk', 'recorder'), grant_duty('regress_clerk', 'officer');
SET ROLE regress_clerk;
SELECT denials(:recorder);
SELECT denials(:administrator);
RESET ROLE;
SELECT revoke_duty('regress_clerk', 'officer');
-- with both taken back, none is left
SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'consent_profiling'::regnamespace
		AND p.proname = ANY (:recorder || :officer::text[] || :administrator::text[])
		AND has_function_privilege('regress_clerk', p.oid, 'EXECUTE');
-- of what runs with other rights than the caller's, only what records the acts of tables' owners is for everybody
SET ROLE regress_clerk;
SELECT p.oid::regprocedure FROM pg_proc p
	WHERE p.pronamespace = 'consent_profiling'::regnamespace AND p.prosecdef
		AND has_function_privilege(p.oid, 'EXECUTE')
	ORDER BY 1::regprocedure::text COLLATE "C";
RESET ROLE;

DROP FUNCTION attempt(text), make_trigger(text), denials(text[]), request(), due();
DROP TABLE people CASCADE;
DROP ROLE regress_clerk;
DELETE FROM choice; DELETE FROM subject; DELETE FROM review; DELETE FROM request; DELETE FROM notification; DELETE FROM disclosure; DELETE FROM recipient;
SELECT drop_purpose(p) FROM unnest('{news.eu,news,stats,loans}'::text[]) p;
