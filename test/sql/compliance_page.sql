-- compliance_report(): its figures are those of SQL, it is well-formed, and nothing that comes out of the database
-- becomes a part of the page; in a database of its own, whose name is a part of the test
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SELECT current_database() AS back \gset
CREATE DATABASE "regress_page<i>&amp;'" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c "regress_page<i>&amp;'"
SET client_min_messages = warning;
CREATE EXTENSION consent_profiling;
SET search_path = public, consent_profiling;

-- one of the key figures, as it is written
CREATE FUNCTION figure(page text, name text) RETURNS text LANGUAGE sql AS $$
	SELECT substring(page FROM 'data-figure="' || name || '">(?:<time>)?([^<]*)<')
$$;
-- what is between the tags
CREATE FUNCTION bare(html text) RETURNS text LANGUAGE sql AS $$
	SELECT btrim(regexp_replace(html, '<[^>]*>', '', 'g'), E' \n')
$$;
CREATE FUNCTION part(page text, section text) RETURNS text LANGUAGE sql AS $$
	SELECT substring(page FROM '<section id="' || section || '">(.*?)</section>')
$$;
-- the rows of a section's table, or the sentence that stands in its place
CREATE FUNCTION shown(page text, section text) RETURNS SETOF text LANGUAGE sql AS $$
	SELECT array_to_string(ARRAY(
			SELECT bare(c[1]) FROM regexp_matches(r[1], '<t[hd][^>]*?>(.*?)</t[hd]>', 'g') c), ' | ')
		FROM regexp_matches(part(page, section), '<tr>(<th scope="row".*?)</tr>', 'g') r
	UNION ALL
	SELECT bare(n[1]) FROM regexp_matches(part(page, section), '<p class="(?:nothing|more)">(.*?)</p>', 'g') n
$$;
-- all tags, each as often as it is there
CREATE FUNCTION tags(page text) RETURNS TABLE (tag text, times bigint) LANGUAGE sql AS $$
	SELECT t[1], count(*) FROM regexp_matches(page, '<[^>]*>', 'g') t GROUP BY 1
$$;
-- is it XML?  Yes, where the server cannot tell.
CREATE FUNCTION well_formed(page text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	-- each id once, and each reference to one has it
	RETURN (SELECT count(*) = count(DISTINCT i) AND count(*) > 0
			FROM unnest(xpath('//@id', xmlparse(document page))::text[]) i)
		AND NOT EXISTS (
			SELECT FROM unnest(xpath('//@aria-labelledby', xmlparse(document page))::text[]) l,
				regexp_split_to_table(l, ' ') r
			WHERE NOT xpath_exists(format('//*[@id="%s"]', r), xmlparse(document page)))
		AND NOT EXISTS (
			SELECT FROM unnest(xpath('//@href', xmlparse(document page))::text[]) h
			WHERE NOT xpath_exists(format('//*[@id="%s"]', substr(h, 2)), xmlparse(document page)))
		-- a picture says what it shows; a table what it lists
		AND NOT xpath_exists('//svg[not(@role="img") or not(title) or not(desc)]', xmlparse(document page))
		AND NOT xpath_exists('//table[not(caption) or .//th[not(@scope)]]', xmlparse(document page));
EXCEPTION WHEN feature_not_supported THEN
	RETURN true;
END
$$;
-- it loads nothing and runs nothing
CREATE FUNCTION harmless(page text) RETURNS boolean LANGUAGE sql AS $$
	SELECT NOT EXISTS (SELECT FROM tags(page)
			WHERE tag ~* '^<(script|link|iframe|object|embed|img|form|base|input|use|image)\y'
				OR tag ~* '\y(src|srcset|action|data|xlink:href|on[a-z]+) *='
				OR (tag ~* 'href=' AND tag !~ ' href="#[a-z]+"')
				OR (tag LIKE '% style=%' AND tag !~ ' style="flex-grow:\d+"'))
		AND page !~* '(url\(|@import|expression\(|javascript:)'
		AND page LIKE '%<meta http-equiv="Content-Security-Policy" content="default-src ''none''; style-src ''unsafe-inline''; base-uri ''none''; form-action ''none''"/>%'
$$;

---------------------------------------------------------------------
-- nothing there yet
---------------------------------------------------------------------
SELECT compliance_report() AS page \gset
SELECT well_formed(:'page'), harmless(:'page');
SELECT f, figure(:'page', f) FROM unnest('{overdue,pending,contested,erasures,notifications,birth_dates,troubled,registered,erased,restricted,tables,events,unsealed}'::text[]) f;
SELECT s, shown(:'page', s) FROM unnest('{verdicts,choices,overdue,restrictions,contested,erasures,notifications,dates,protected,unsealed}'::text[]) WITH ORDINALITY AS u (s, n) ORDER BY n;
SELECT :'page' LIKE '%class="due"%';
SELECT :'page' LIKE '%<title>Compliance report: regress_page&lt;i&gt;&amp;amp;&#39;</title>%<b><bdi>regress_page&lt;i&gt;&amp;amp;&#39;</bdi></b>%';

---------------------------------------------------------------------
-- who may have it
---------------------------------------------------------------------
CREATE ROLE regress_page_officer;
CREATE ROLE regress_page_recorder;
SELECT grant_duty('regress_page_officer', 'officer'), grant_duty('regress_page_recorder', 'recorder');
SET ROLE regress_page_recorder;
SELECT compliance_report();
SELECT escape_html('x');
RESET ROLE;
-- all else in its file is nobody's
SELECT p.proname FROM pg_proc p
	WHERE p.pronamespace = 'consent_profiling'::regnamespace
		AND (p.proname ~ '^page_|_section$' OR p.proname = 'escape_html')
		AND (has_function_privilege('regress_page_officer', p.oid, 'EXECUTE') OR has_function_privilege('regress_page_recorder', p.oid, 'EXECUTE'));

---------------------------------------------------------------------
-- the figures
---------------------------------------------------------------------
SELECT add_purpose('news', direct_marketing => true, description => 'Whom to write to'),
	add_purpose('news.weekly', 'news', direct_marketing => true),
	add_purpose('diet', special_category => true, minimum_age => 21),
	add_purpose('fraud', basis => 'legitimate_interests'),
	add_purpose('score', basis => 'contract', automated_decision => true),
	add_purpose('visits', basis => 'legitimate_interests', automated => false, evaluates_person => false);
-- 200 people; 21 to 30 are children, 31 to 33 may be, 34 to 40 have just come of age
SELECT count(*) FROM (SELECT register_subject(i, CASE
	WHEN i BETWEEN 21 AND 30 THEN current_date - 365 * (i - 15)
	WHEN i BETWEEN 31 AND 33 THEN NULL
	WHEN i BETWEEN 34 AND 40 THEN current_date - 365 * 18 - 300
	ELSE '1970-01-01' END) FROM generate_series(1, 200) i) r;
-- a placeholder, and two tables of two minds
SELECT register_subject(201, '1900-01-01');
CREATE TABLE dates (id int, born date);
SELECT track_subjects('dates', 'id', 'born');
INSERT INTO dates VALUES (202, '1990-01-01'), (202, '1991-01-01');
-- a picture begins with the month of the first act, where that is younger than two years
SELECT consent_status(give_consent(21, 'news', at => now()));
SELECT count(*), count(DISTINCT r[1]), max(r[2]) FROM regexp_matches(compliance_report(), 'data-month="([0-9-]+)" data-count="(\d+)"', 'g') r;
SELECT consent_status(give_consent(34, 'news', at => now() - interval '20 months'));
SELECT count(*), count(DISTINCT r[1]), max(r[2]) FROM regexp_matches(compliance_report(), 'data-month="([0-9-]+)" data-count="(\d+)"', 'g') r;
-- acts of 30 months, more and more of them, from the first half an hour of the month on
CREATE TABLE said AS
	SELECT DISTINCT CASE what WHEN 'override' THEN 141 + (i * i + 7 * m) % 40 ELSE 41 + (i * i + 7 * m) % 100 END AS subject, what,
			(ARRAY['news', 'news.weekly', 'diet', 'fraud', 'profiling'])[1 + (i + m) % 5] AS purpose,
			LEAST((date_trunc('month', now() AT TIME ZONE 'UTC') - m * interval '1 month' + interval '30 minutes') AT TIME ZONE 'UTC' + (i - 1) * interval '1 day', now()) AS at
		FROM generate_series(0, 29) m, unnest('{give,refuse,withdraw,raise,unraise,override}'::text[]) WITH ORDINALITY AS u (what, k),
			generate_series(1, 26 - 3 * k - m / 3) i
		WHERE (i + m) % ((k + 3) / 2) = 0;
DO $$
DECLARE
	s said;
BEGIN
	FOR s IN SELECT * FROM said ORDER BY at, subject, what LOOP
		IF s.what = 'give' THEN
			PERFORM give_consent(s.subject, s.purpose, explicit => s.subject % 3 = 0, at => s.at,
				until => CASE WHEN s.subject % 7 = 0 THEN s.at + interval '40 days' ELSE 'infinity' END);
		ELSIF s.what = 'refuse' THEN
			PERFORM refuse_consent(s.subject, s.purpose, at => s.at);
		ELSIF s.what = 'withdraw' THEN
			PERFORM withdraw_consent(s.subject, s.purpose, at => s.at);
		ELSIF s.what = 'raise' THEN
			PERFORM raise_objection(s.subject, s.purpose, at => s.at);
		ELSIF s.what = 'unraise' THEN
			PERFORM raise_objection(s.subject, s.purpose, at => s.at - interval '1 minute');
			PERFORM withdraw_objection(s.subject, s.purpose, at => s.at);
		ELSE
			PERFORM raise_objection(s.subject, 'fraud', at => s.at - interval '1 minute');
			PERFORM override_objection(s.subject, 'fraud', 'grounds', at => s.at);
		END IF;
	END LOOP;
END
$$;
-- who may not be profiled on any basis, and so is due to be erased
SELECT count(raise_objection(i, 'score', at => now() - interval '10 years')) FROM generate_series(41, 90) i;
-- not drawn: to be asked, and what an officer upholds
SELECT count(request_consent(i, 'news', at => now())) FROM generate_series(150, 160) i;
SELECT objection_status(raise_objection(1, 'score', at => now() - interval '10 years')), objection_status(uphold_objection(1, 'score'));
SELECT count(*) FROM (SELECT restrict_subject(i, 'legal claims, file 7') FROM generate_series(181, 186) i) r;
-- one answered; three overdue, one of them extended, one of somebody erased since; one due today, one tomorrow
INSERT INTO request (subject, "right", received_at, due_on, extended_at, extension_reason, closed_at, outcome)
	SELECT CASE i WHEN 2 THEN 191 ELSE i END, 'automated_decision', now() - interval '40 days', (now() AT TIME ZONE 'UTC')::date + i - 4,
			CASE WHEN i = 1 THEN now() END, CASE WHEN i = 1 THEN 'many of them' END,
			CASE WHEN i = 0 THEN now() END, CASE WHEN i = 0 THEN 'answered' END
		FROM generate_series(0, 5) i;
SELECT count(*) FROM (SELECT erase_subject(i) FROM generate_series(191, 199) i) r;
INSERT INTO review (subject, purpose, requested_at, reviewed_at, outcome, reviewed_by)
	SELECT i, 'score', now() - i * interval '1 day' - interval '2 hours', CASE WHEN i > 2 THEN now() END, CASE WHEN i > 2 THEN 'confirmed' END, CASE WHEN i > 2 THEN 'somebody' END FROM generate_series(1, 5) i;
INSERT INTO recipient (name, category, contact, added_at) VALUES ('Printers', 'processor', 'print@example.org', '2026-01-02 03:04Z');
INSERT INTO notification (subject, recipient, cause, due_since) VALUES (191, 'Printers', 'erasure', '2026-03-04 05:06Z'), (181, 'Binders', 'restriction', '2026-03-04 05:07Z');
INSERT INTO controller (version, valid_from, name, contact, dpo_contact) VALUES (1, now(), 'Old Ltd', 'old@example.org', 'old'), (2, now(), 'New Ltd', 'new@example.org', 'dpo@example.org');
CREATE ROLE regress_page_analyst;
CREATE TABLE customer (id int, friend int, born date, consent consent, objection objection);
CREATE TABLE bought (customer int, at int) PARTITION BY RANGE (at);
CREATE TABLE bought_1 PARTITION OF bought FOR VALUES FROM (1) TO (2);
CREATE TABLE bought_2 PARTITION OF bought FOR VALUES FROM (2) TO (9) PARTITION BY RANGE (at);
CREATE TABLE bought_2_1 PARTITION OF bought_2 FOR VALUES FROM (2) TO (3);
CREATE TABLE reader (born date, consent consent, objection objection);
SELECT protect('customer', 'id', '{regress_page_analyst}', 'news'), protect('customer', 'friend', '{public}'),
	protect('bought', 'customer', '{regress_page_officer,regress_page_analyst}', 'fraud'),
	protect_columns('reader', 'born', 'consent', 'objection', '{regress_page_analyst}');
-- every second event is under a seal
INSERT INTO seal (id, sealed_at, sealed_by, covers, events, root, hash, next_event)
	SELECT 1 + id % 4 / 2, '2026-04-05 06:07Z', 'regress_page_officer', range_agg(int8range(id, id, '[]')), count(*), '', '', 1 FROM event WHERE id % 2 = 1 GROUP BY 1;

SET ROLE regress_page_officer;
SET consent_profiling.actor = 'the yearly look';
SELECT compliance_report() AS page \gset
RESET consent_profiling.actor;
RESET ROLE;
SELECT well_formed(:'page'), harmless(:'page');
SELECT f, figure(:'page', f) = to_char(v, 'FM999,999'), v > 0 FROM (VALUES
	('overdue', (SELECT count(*) FROM request WHERE closed_at IS NULL AND due_on < (now() AT TIME ZONE 'UTC')::date)),
	('pending', (SELECT count(*) FROM choice c JOIN purpose p ON p.name = c.purpose WHERE objection_status(c.objection) = 'raised' AND NOT p.direct_marketing)),
	('contested', (SELECT count(*) - count(outcome) FROM review)),
	('erasures', (SELECT count(DISTINCT subject) FROM erasure_due)),
	('notifications', (SELECT count(*) FROM notification)),
	('birth_dates', 2),
	('troubled', 0),
	('registered', (SELECT count(*) FROM generate_series(1, 202) i WHERE verdict_of(i, 'profiling') NOT IN ('unknown_subject', 'erased'))),
	('erased', (SELECT count(DISTINCT subject) FROM event WHERE act = 'erase_subject')),
	('restricted', (SELECT count(DISTINCT subject) FROM event WHERE act = 'restrict_subject')),
	('tables', (SELECT count(DISTINCT polrelid) FROM pg_policy WHERE NOT polpermissive)),
	('events', (SELECT count(*) FROM event)),
	('unsealed', (SELECT count(*) FROM event WHERE id % 2 = 0))) AS v (f, v);
-- those that wait for somebody stand out
SELECT d[1] FROM regexp_matches(:'page', '<div class="due">.*?data-figure="(\w+)"', 'g') d;
-- verdicts: each purpose in its place, as many people as explain_verdict() and may_profile() say
CREATE TEMP TABLE article AS
	SELECT n, bare(a[2]) AS purpose, a[1] AS depth, a[3] AS body
		FROM regexp_matches(:'page', '<article class="depth(\d)">\s*?<h3>(.*?)</h3>(.*?)</article>', 'g') WITH ORDINALITY AS u (a, n);
SELECT depth, purpose, replace(substring(body FROM '<p class="about">(.*?)</p>'), '<br/>', '|'), body LIKE '%<ul%', bare(substring(body FROM '<p class="nothing">.*?</p>')) FROM (SELECT n, depth, purpose, regexp_replace(body, '</?bdi>', '', 'g') AS body FROM article) a ORDER BY n;
CREATE TEMP TABLE listed AS
	SELECT a.purpose, v[1] AS verdict, v[2]::bigint AS people, bare(v[3]) AS written
		FROM article a, regexp_matches(a.body, '<li data-verdict="(\w+?)" data-people="(\d+?)">(.*?)</li>', 'g') v;
CREATE TEMP TABLE decided AS
	SELECT p.name AS purpose, e.verdict::text, count(*) AS people, sum(count(*)) OVER (PARTITION BY p.name) AS whole
		FROM purpose p, subject s, explain_verdict(s.id, p.name) e WHERE p.name <> 'visits' GROUP BY 1, 2;
SELECT count(*) > 30, count(DISTINCT verdict) = 12 FROM decided;
SELECT * FROM (SELECT purpose, verdict, people FROM listed EXCEPT SELECT purpose, verdict, people FROM decided) x;
SELECT * FROM (SELECT purpose, verdict, people FROM decided EXCEPT SELECT purpose, verdict, people FROM listed) x;
SELECT count(*) FROM listed l JOIN decided d USING (purpose, verdict)
	WHERE l.written <> format('%s %s %s%%', replace(l.verdict, '_', ' '), d.people, to_char(100 * d.people / d.whole, 'FM990.0'));
SELECT count(*) FROM article a WHERE a.purpose <> 'visits' AND bare(substring(a.body FROM '<p class="share.*?</p>'))
	NOT LIKE (SELECT format('%s of 202 permitted, %%', count(*)) FROM subject s WHERE may_profile(s.id, a.purpose));
-- the bar has the same, in the same order
SELECT count(*) FROM article a WHERE ARRAY(SELECT b[1] || b[2] FROM regexp_matches(a.body, '<i class="(\w+)" style="flex-grow:(\d+)"', 'g') b)
	<> ARRAY(SELECT v[1] || v[2] FROM regexp_matches(a.body, '<li data-verdict="(\w+)" data-people="(\d+)">', 'g') v);
-- 24 months, each bar and each number as it was said
CREATE TEMP TABLE drawn AS
	SELECT f[1] AS kind, f[2]::bigint AS total, r[1] AS month, r[2]::bigint AS acts, r[3]::numeric AS height
		FROM regexp_matches(:'page', '<figure class="([a-z-]+?)" data-total="(\d+?)">(.*?)</figure>', 'g') f,
			LATERAL (SELECT ARRAY[m[2], m[3], m[1]] FROM regexp_matches(f[3], 'height="([0-9.]+)" data-month="([0-9-]+)" data-count="(\d+)"', 'g') m) AS u (r);
CREATE TEMP TABLE acted AS
	SELECT CASE act WHEN 'give_consent' THEN 'consent-given' WHEN 'refuse_consent' THEN 'consent-refused' WHEN 'withdraw_consent' THEN 'consent-withdrawn'
			WHEN 'raise_objection' THEN 'objection-raised' WHEN 'withdraw_objection' THEN 'objection-withdrawn' WHEN 'override_objection' THEN 'objection-overridden' END AS kind,
			to_char(at AT TIME ZONE 'UTC', 'YYYY-MM') AS month, count(*) AS acts
		FROM event WHERE act ~ '^(give|refuse|withdraw|raise|override)_' GROUP BY 1, 2;
SELECT kind, count(*), min(month) = to_char(now() AT TIME ZONE 'UTC' - interval '23 months', 'YYYY-MM'), max(month) = to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM'),
	bool_and(d.acts = COALESCE(a.acts, 0)), sum(d.acts) = min(d.total) AND sum(d.acts) > 0,
	bool_and(d.height = 0) FILTER (WHERE d.acts = 0), max(d.height) BETWEEN 41 AND 82, count(DISTINCT d.height) = count(DISTINCT d.acts)
	FROM drawn d LEFT JOIN acted a USING (kind, month) GROUP BY kind ORDER BY kind;
SELECT substring(:'page' FROM 'Acts before that: <b>(\d+)</b>')::bigint = (SELECT sum(acts) FROM acted WHERE month < (SELECT min(month) FROM drawn));
SELECT count(*), count(*) FILTER (WHERE row = concat_ws(' | ', to_char(to_date(month, 'YYYY-MM'), 'Mon YYYY'), acts[1], acts[2], acts[3], acts[4], acts[5], acts[6]))
	FROM (SELECT row, n FROM shown(:'page', 'choices') WITH ORDINALITY AS u (row, n)) s
		JOIN (SELECT month, row_number() OVER (ORDER BY month DESC) AS n,
				array_agg(acts ORDER BY array_position('{consent-given,consent-refused,consent-withdrawn,objection-raised,objection-withdrawn,objection-overridden}', kind)) AS acts
			  FROM drawn GROUP BY month) d USING (n);
-- the tables; times of today are left out
SELECT regexp_replace(regexp_replace(shown(:'page', 'overdue'), '\d+ \w+ \d{4}(, \d\d:\d\d)?', '(time)', 'g'), 'erased:[0-9a-f]{64}', '(stone)');
SELECT regexp_replace(shown(:'page', 'contested'), '\d+ \w+ \d{4}(, \d\d:\d\d)?', '(time)', 'g');
SELECT shown(:'page', 'notifications');
SELECT regexp_replace(shown(:'page', 'dates'), '\d+ \w+ \d{4}, \d\d:\d\d', '(time)', 'g');
SELECT shown(:'page', 'protected');
-- the first fifty of what is restricted, and of what is to be erased
SELECT array_agg(row ORDER BY n) = (SELECT array_agg(concat_ws(' | ', subject, replace(ground, '_', ' ') || ', ' || article, COALESCE(purpose, 'all'), to_char(since AT TIME ZONE 'UTC', 'FMDD Mon YYYY, HH24:MI')) ORDER BY since, subject, purpose, ground)
		FROM (SELECT * FROM restriction ORDER BY since, subject, purpose, ground LIMIT 50) r), count(*) > 10
	FROM shown(:'page', 'restrictions') WITH ORDINALITY AS u (row, n) WHERE row LIKE '%|%';
SELECT array_agg(row ORDER BY n) = (SELECT array_agg(concat_ws(' | ', subject, replace(reason, '_', ' ') || ', ' || article, to_char(since AT TIME ZONE 'UTC', 'FMDD Mon YYYY, HH24:MI')) ORDER BY since, subject, purpose, reason)
		FROM (SELECT subject || ' | ' || purpose AS subject, reason, article, since, purpose FROM (SELECT * FROM erasure_due ORDER BY since, subject, purpose, reason LIMIT 50) o) e), count(*) > 5
	FROM shown(:'page', 'erasures') WITH ORDINALITY AS u (row, n) WHERE row LIKE '%|%';
SELECT bare(substring(part(:'page', 'unsealed') FROM '<p class="lead">.*?</p>'));
SELECT count(*) > 8, bool_and(split_part(s, ' | ', 2)::bigint = (SELECT count(*) FROM event WHERE id % 2 = 0 AND act = split_part(s, ' | ', 1))),
	sum(split_part(s, ' | ', 2)::bigint) = (SELECT count(*) FROM event WHERE id % 2 = 0) FROM shown(:'page', 'unsealed') s;
SELECT bare(d[1]), regexp_replace(bare(d[2]), '^\d+ \w+ \d{4}, \d\d:\d\d', '(time)') = replace(v, '(me)', session_user)
	FROM regexp_matches(:'page', '<div><dt>([^<]*?)</dt><dd>(.*?)</dd></div>', 'g') WITH ORDINALITY AS u (d, n)
		JOIN (VALUES (1, 'New Ltd'), (2, 'new@example.org'), (3, 'dpo@example.org'),
			(4, '(time), by regress_page_officer, logged in as (me), for the yearly look')) AS v (n, v) USING (n);
-- whatever the session's settings
SET datestyle = 'German';
SET timezone = 'Pacific/Kiritimati';
SET lc_numeric = 'C';
SET intervalstyle = 'iso_8601';
SELECT regexp_replace(compliance_report(), '<dt>Made.*?</dd>', '') = regexp_replace(:'page', '<dt>Made.*?</dd>', '');
RESET datestyle;
RESET timezone;
RESET lc_numeric;
RESET intervalstyle;
-- long lists are cut; the oldest come first
INSERT INTO request (subject, "right", received_at, due_on) SELECT i, 'access', '2020-01-01 00:00Z', date '2020-02-01' + i FROM generate_series(0, 359) i;
SELECT count(*), count(*) FILTER (WHERE s ~ '^\d+ \| access'), min(s) FILTER (WHERE s LIKE 'and%'), max(split_part(s, ' | ', 1)::int) FILTER (WHERE s ~ '^\d')
	FROM shown(compliance_report(), 'overdue') s;
DELETE FROM request WHERE due_on BETWEEN '2020-02-02' AND '2022-01-01';

---------------------------------------------------------------------
-- gates that do not hold: nothing fails, and each says why
---------------------------------------------------------------------
CREATE FUNCTION troubled() RETURNS SETOF text LANGUAGE sql AS $$
	WITH made AS MATERIALIZED (SELECT compliance_report() AS page)
	SELECT figure(page, 'troubled') FROM made
	UNION ALL
	SELECT s FROM made, shown(page, 'protected') s WHERE s NOT LIKE '% | holds'
$$;
CREATE ROLE regress_page_owner;
BEGIN; ALTER ROLE regress_page_analyst BYPASSRLS; SELECT troubled(); ROLLBACK;
BEGIN; UPDATE pg_class SET relrowsecurity = false WHERE oid = 'bought_1'::regclass; SELECT troubled(); ROLLBACK;
BEGIN; ALTER TABLE customer OWNER TO regress_page_owner; SELECT troubled(); UPDATE pg_class SET relforcerowsecurity = false WHERE oid = 'customer'::regclass; SELECT troubled(); ROLLBACK;
BEGIN; DELETE FROM pg_policy WHERE polrelid = 'bought_2_1'::regclass; SELECT troubled(); ROLLBACK;
BEGIN; UPDATE purpose SET personal_data = false WHERE name = 'fraud'; SELECT troubled(); ROLLBACK;
BEGIN; DELETE FROM purpose WHERE name = 'fraud'; SELECT troubled(); ROLLBACK;
BEGIN; ALTER TABLE customer OWNER TO regress_page_owner; GRANT regress_page_owner TO regress_page_analyst; SELECT troubled(); ROLLBACK;
BEGIN; ALTER ROLE regress_page_owner BYPASSRLS; GRANT regress_page_owner TO regress_page_analyst; SELECT troubled(); ROLLBACK;
BEGIN; GRANT TRIGGER ON customer TO regress_page_analyst; SELECT troubled(); ROLLBACK;
BEGIN; UPDATE pg_policy SET polpermissive = true WHERE polrelid = 'bought_1'::regclass; SELECT troubled(); ROLLBACK;
BEGIN; CREATE TABLE gone (id int); SELECT protect('gone', 'id', '{regress_page_analyst}'); DELETE FROM pg_policy WHERE polrelid = 'gone'::regclass AND NOT polpermissive;
SELECT troubled(); ROLLBACK;
-- a policy that was altered; where its columns have other names and types it is no other
CREATE FUNCTION altered(condition text) RETURNS SETOF text LANGUAGE plpgsql AS $$
BEGIN
	SET LOCAL client_min_messages = error;
	ALTER EVENT TRIGGER consent_profiling_guard_gates DISABLE;
	EXECUTE format('ALTER POLICY %I ON customer USING (%s)', (SELECT policy FROM gate WHERE relation = 'customer'::regclass ORDER BY policy LIMIT 1), condition);
	RETURN QUERY SELECT troubled();
END
$$;
BEGIN; SELECT altered('may_profile(id, ''profiling'') OR true'); ROLLBACK;
BEGIN; SELECT altered('NOT may_profile(id)'); ROLLBACK;
BEGIN; SELECT altered('may_profile(abs(id))'); ROLLBACK;
BEGIN; SELECT altered('may_profile(id) IS NOT NULL'); ROLLBACK;
BEGIN; SELECT altered('may_profile((SELECT id))'); ROLLBACK;
BEGIN; CREATE DOMAIN keys AS varchar(20); CREATE TABLE odd (a keys, b char(9), c date, d consent, e objection, f smallint, g subject_id);
SELECT protect('odd', col, '{regress_page_analyst}', 'news') FROM unnest('{a,b,f,g}'::name[]) col; SELECT protect('odd', 'a', '{regress_page_owner}');
SELECT protect_columns('odd', 'c', 'd', 'e', '{regress_page_analyst}'); SELECT troubled(); ROLLBACK;
DROP FUNCTION altered(text);
DROP ROLE regress_page_owner;

---------------------------------------------------------------------
-- hostile text, in every field that can hold any
---------------------------------------------------------------------
SELECT escape_html($$<script>alert('1')</script> "&amp;" ]]> <!-- --> <![CDATA[$$);
SELECT escape_html(E'a\x01\x08\x0b\x0c\x0e\x1b\x1f\x7f' || chr(128) || chr(159) || chr(8234) || chr(8238) || chr(8294) || chr(8297) || chr(64976) || chr(65534) || chr(65535) || 'b'),
	escape_html(E'tab\tand\nnew line, \u00e9\u4e2d\u05d0\U0001F600'), escape_html('') = '', escape_html(NULL) IS NULL;
-- What is said about each field: its number, so that it can be found, and then the attack, or as many harmless letters.
CREATE FUNCTION words(field int, hostile boolean, length int DEFAULT 10000) RETURNS text LANGUAGE sql AS $$
	SELECT left(format('F%s.', field) || CASE WHEN hostile
		THEN $t$<script>alert(1)</script>"'><b onclick="x">]]><!--&amp;</td></table></style><img src=x>&#60;$t$
			|| E'\x01\x1f\x7f' || chr(8238) || chr(65535) || repeat('<i/>&"', 2000)
		ELSE repeat('y', 20000) END, length)
$$;
-- the same rows with and without, and all is taken back
CREATE FUNCTION attacked(hostile boolean) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	-- names have 63 bytes, subjects 255
	officer name := words(1, hostile, 40);
	gated name := words(2, hostile, 40);
	tab name := words(3, hostile, 40);
	col name := words(4, hostile, 40);
	page text;
BEGIN
	ALTER TABLE purpose DROP CONSTRAINT purpose_name_check, DROP CONSTRAINT purpose_basis_check;
	ALTER TABLE notification DROP CONSTRAINT notification_cause_check;
	EXECUTE format('CREATE ROLE %I', officer);
	EXECUTE format('CREATE ROLE %I', gated);
	EXECUTE format('CREATE TABLE %I (%I int)', tab, col);
	PERFORM grant_duty(officer, 'officer');
	PERFORM protect(quote_ident(tab)::regclass, col, ARRAY[gated], 'news');
	EXECUTE format('ALTER ROLE %I BYPASSRLS', gated);
	INSERT INTO controller (version, valid_from, name, address, contact, dpo_contact, jurisdiction)
		VALUES (3, now(), words(5, hostile), words(100, hostile), words(6, hostile), words(7, hostile), words(100, hostile));
	INSERT INTO purpose (name, broader, basis, direct_marketing, special_category, automated_decision, minimum_age, description, automated, personal_data, evaluates_person)
		VALUES (words(8, hostile, 300), 'profiling', 'consent', false, false, false, 18, words(9, hostile), true, true, true),
			(words(10, hostile), words(8, hostile, 300), words(11, hostile), false, false, false, 18, NULL, false, true, true);
	INSERT INTO subject (id, registered_at, restricted_at, restriction_grounds) VALUES (words(12, hostile, 200), now(), '2000-01-01', ARRAY[words(13, hostile)]);
	INSERT INTO subject (id, registered_at) VALUES (words(14, hostile, 200), now());
	INSERT INTO choice (subject, purpose, consent, refusal, objection, raised_at)
		SELECT words(14, hostile, 200), words(15, hostile), c, c, make_objection('raised', '1990-01-01', NULL), '1990-01-01'
			FROM make_consent('withdrawn', false, '1990-01-01', 'infinity') c;
	INSERT INTO request (subject, "right", received_at, due_on, extended_at, extension_reason)
		VALUES (words(16, hostile, 200), words(17, hostile), '2020-01-01 00:00Z', '2020-01-02', now(), words(100, hostile));
	INSERT INTO review (subject, purpose, requested_at) VALUES (words(18, hostile, 200), words(19, hostile), now());
	INSERT INTO recipient (name, category, contact, added_at) VALUES (words(20, hostile, 2000), words(100, hostile), words(21, hostile), now());
	INSERT INTO notification (subject, recipient, cause, due_since) VALUES (words(22, hostile, 200), words(20, hostile, 2000), words(23, hostile), now());
	INSERT INTO event (act, subject, purpose, at, recorded_at, session_role, caller, actor, consent, objection, ground, notice, evidence, detail)
		VALUES (words(24, hostile), words(100, hostile, 200), words(100, hostile), now(), now(), words(100, hostile, 40), words(100, hostile, 40), words(100, hostile), NULL,
			make_objection('overridden', now(), translate(words(100, hostile), E'\x01\x1f\x7f', '')),
			words(100, hostile), words(100, hostile), to_jsonb(words(100, hostile)), to_jsonb(words(100, hostile)));
	INSERT INTO seal (id, sealed_at, sealed_by, covers, events, root, hash, next_event) VALUES (9, now(), words(25, hostile, 40), '{}', 0, '', '', 1);
	EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', officer);
	PERFORM set_config('consent_profiling.actor', words(26, hostile), true);
	page := compliance_report();
	RESET SESSION AUTHORIZATION;
	RAISE EXCEPTION USING ERRCODE = 'P0099', MESSAGE = 'take it back', DETAIL = page;
EXCEPTION WHEN SQLSTATE 'P0099' THEN
	GET STACKED DIAGNOSTICS page = PG_EXCEPTION_DETAIL;
	RETURN page;
END
$$;
SELECT attacked(false) AS plain, attacked(true) AS attacked \gset
SELECT well_formed(:'plain'), well_formed(:'attacked'), harmless(:'plain'), harmless(:'attacked');
-- not one tag more or less, and none another
SELECT t FROM tags(:'attacked') t EXCEPT SELECT t FROM tags(:'plain') t;
SELECT t FROM tags(:'plain') t EXCEPT SELECT t FROM tags(:'attacked') t;
SELECT sum(times) > 500, count(*) FILTER (WHERE tag LIKE '<script%') FROM tags(:'attacked');
SELECT :'attacked' ~ E'[\\u0001-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u202a-\\u202e\\u2066-\\u2069\\uffff]', :'attacked' LIKE '%<!--%', :'attacked' LIKE '%]]>%';
-- each got there, as it was meant to be read; but not those that have no place on the page
SELECT f FROM generate_series(1, 26) f WHERE :'attacked' NOT LIKE format('%%F%s.&lt;script&gt;alert(1)&lt;/script&gt;&quot;%%', f);
SELECT :'attacked' LIKE '%F100.%';
-- and not as long as it was
SELECT DISTINCT m[1] FROM regexp_matches(:'attacked', 'and ([0-9,]+) more characters', 'g') m ORDER BY 1;
SELECT length(:'attacked') < 200000;

\c :back
DROP DATABASE "regress_page<i>&amp;'";
DROP ROLE regress_page_officer, regress_page_recorder, regress_page_analyst;
