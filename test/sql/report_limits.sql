-- reports on a person with much evidence: no sum of it can make them fail
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;

SELECT add_purpose('lim'), add_purpose('lim.law', 'lim', 'legitimate_interests');
SELECT register_subject(s, '1980-01-01') FROM unnest('{lim-1,lim-2,lim-3,lim-4}'::text[]) s;

---------------------------------------------------------------------
-- 270 pieces of evidence of 1 MB each: no jsonb could hold them
---------------------------------------------------------------------
SELECT count(give_consent('lim-1', 'lim', at => '2020-01-01 00:00Z'::timestamptz + i * interval '1 s',
		evidence => jsonb_build_object('scan', repeat(chr(97 + i % 26), 1000000))))
	FROM generate_series(1, 270) i;
CREATE TEMP TABLE made AS SELECT subject_report('lim-1') AS report, consent_record('lim-1', 'lim') AS record;
SELECT jsonb_array_length(report -> 'history'), jsonb_array_length(record -> 'consent_events'), octet_length(report::text) < 300000,
	report -> 'shortened' = record -> 'shortened', jsonb_pretty(report -> 'shortened') FROM made;
-- each has its size, a hash that can be verified, and where it is
SELECT count(*), count(*) FILTER (WHERE h -> 'evidence' = jsonb_build_object('size', octet_length(e.evidence::text),
		'sha256', encode(sha256(convert_to(e.evidence::text, 'UTF8')), 'hex'), 'event', e.id) AND h -> 'shortened' = '["evidence"]')
	FROM made, jsonb_array_elements(report -> 'history') h JOIN event e ON e.id = (h ->> 'id')::bigint
	WHERE e.act = 'give_consent' AND extract(second FROM e.at) = 7;
SELECT count(*), count(*) FILTER (WHERE v -> 'evidence' = h -> 'evidence')
	FROM made, jsonb_array_elements(record -> 'consent_events') v JOIN LATERAL jsonb_array_elements(report -> 'history') h
		ON v ->> '@id' = '_:event-' || (h ->> 'id');

---------------------------------------------------------------------
-- each value that can be large: of 1 MB, one byte too long, as long as may be
---------------------------------------------------------------------
SELECT (report_limits()).value_bytes AS most \gset
-- the numbers of requests are part of what is measured
SELECT setval('request_id_seq', 100000);
-- n bytes of three each but for the rest
CREATE FUNCTION long(n integer) RETURNS text LANGUAGE sql AS $$ SELECT repeat(U&'\20AC', n / 3) || repeat('x', n % 3) $$;
CREATE FUNCTION fill(s subject_id, n integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM set_config('consent_profiling.actor', long(n), true);
	PERFORM consent_profiling.register_subject(s, '1980-01-01');
	PERFORM set_config('consent_profiling.actor', '', true);
	PERFORM consent_profiling.give_consent(s, 'lim', at => '2020-01-01 00:00Z', notice => long(n), evidence => to_jsonb(long(n)));
	PERFORM consent_profiling.raise_objection(s, 'lim.law', at => '2020-01-02 00:00Z');
	PERFORM consent_profiling.override_objection(s, 'lim.law', long(n), at => '2020-01-03 00:00Z');
	PERFORM consent_profiling.open_request(s, 'access');
	PERFORM consent_profiling.close_request((SELECT max(id) FROM consent_profiling.request WHERE subject = s), long(n));
	PERFORM consent_profiling.restrict_subject(s, 'unlawful processing ' || long(n - 20));
END
$$;
SELECT fill('lim-big', 1000000), fill('lim-more', :most + 1), fill('lim-just', :most);
SELECT s, r #>> '{shortened,values}', h ->> 'act', h ->> 'shortened', jsonb_path_query_array(h, '$.**.size')
	FROM unnest('{lim-big,lim-more,lim-just}'::text[]) WITH ORDINALITY u (s, i), LATERAL (SELECT subject_report(s)) v (r),
		jsonb_array_elements(r -> 'history') WITH ORDINALITY w (h, n)
	WHERE h -> 'shortened' <> 'null' ORDER BY i, n;
SELECT s, jsonb_path_query_array(r, '$.requests[*].outcome.keyvalue().key') || jsonb_path_query_array(r, '$.notices[*].notice.keyvalue().key')
		|| jsonb_path_query_array(r, '$.purposes[*].objection.grounds.keyvalue().key')
	FROM unnest('{lim-big,lim-more}'::text[]) s, LATERAL (SELECT subject_report(s)) v (r);
SELECT r #>> '{requests,0,outcome}' = long(:most), r #>> '{notices,0,notice}' = long(:most), r -> 'shortened' <> 'null'
	FROM subject_report('lim-just') r;
-- a text is hashed as it is
SELECT encode(sha256(convert_to(e.notice, 'UTF8')), 'hex') = h #>> '{notice,sha256}', h -> 'notice' = h -> 'evidence'
	FROM event e, jsonb_array_elements(subject_report('lim-more') -> 'history') h
	WHERE e.id = (h ->> 'id')::bigint AND e.act = 'give_consent';
SELECT v #>> '{evidence,size}', v ->> 'privacy_notice' ~ '"id": "\d+ bytes, SHA-256 [0-9a-f]{64}, event \d+"', jsonb_array_length(v -> 'privacy_notice')
	FROM jsonb_array_elements(consent_record('lim-more', 'lim') -> 'consent_events') v;
-- the letter says the same
SELECT regexp_replace(t, 'event\s+\d+|\n *recorded: .*', 'event N', 'g') FROM regexp_split_to_table(substring(subject_report_text('lim-big') FROM 'What is not shown in full.*'), '\n\n') WITH ORDINALITY u (t, n) WHERE n IN (2, 5)
	ORDER BY n;
SELECT max(length(l)), count(*) FILTER (WHERE l ~ '(16385|1000000) bytes') FROM unnest('{lim-big,lim-more}'::text[]) s, regexp_split_to_table(subject_report_text(s), '\n') l;

---------------------------------------------------------------------
-- many small values; many events; long lists
---------------------------------------------------------------------
SELECT count(give_consent('lim-3', 'lim', at => '2020-01-01 00:00Z'::timestamptz + i * interval '1 s', notice => 'n' || i, evidence => jsonb_build_object('n', i, 'text', repeat('y', 200))))
	FROM generate_series(1, 20) i;
SELECT count(close_request(open_request('lim-3', 'access'), 'outcome ' || i)) FROM generate_series(1, 20) i;
SELECT subject_report('lim-3') -> 'shortened', consent_record('lim-3', 'lim') -> 'shortened';
BEGIN;
CREATE OR REPLACE FUNCTION consent_profiling.report_limits(OUT value_bytes integer, OUT history_bytes integer, OUT events integer, OUT list_bytes integer, OUT entries integer)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 16384, 4000, 20000, 2000, 5000';
-- the newest values are shown, of the requests too
SELECT h ->> 'act', h -> 'detail' ->> 'outcome', h ->> 'notice', h -> 'evidence' ->> 'n', h #> '{evidence,size}', h ->> 'shortened'
	FROM jsonb_array_elements(subject_report('lim-3') -> 'history') WITH ORDINALITY u (h, n)
	WHERE h ->> 'act' IN ('close_request', 'give_consent') ORDER BY n;
SELECT jsonb_array_length(r -> 'history'), (r -> 'shortened') - 'note' FROM subject_report('lim-3') r;
SELECT r ->> 'outcome' FROM jsonb_array_elements(subject_report('lim-3') -> 'requests') r;
SELECT v ->> 'event_time', v #>> '{evidence,n}', v #> '{evidence,size}' FROM jsonb_array_elements(consent_record('lim-3', 'lim') -> 'consent_events') v;
SELECT consent_record('lim-3', 'lim') #> '{shortened,values}';
CREATE OR REPLACE FUNCTION consent_profiling.report_limits(OUT value_bytes integer, OUT history_bytes integer, OUT events integer, OUT list_bytes integer, OUT entries integer)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE AS 'SELECT 16384, 16777216, 15, 4194304, 14';
SELECT jsonb_array_length(r -> 'history'), jsonb_array_length(r -> 'requests'), jsonb_array_length(r -> 'notices'),
		r #>> '{history,0,act}', r #>> '{history,14,id}' = (SELECT max(id) FROM event WHERE subject = 'lim-3')::text,
		jsonb_pretty(regexp_replace(((r -> 'shortened') - 'note')::text, extract(year FROM now() AT TIME ZONE 'UTC') || '-\d\d-\d\dT[0-9:.]+Z', 'NOW', 'g')::jsonb)
	FROM subject_report('lim-3') r;
SELECT regexp_replace(substring(subject_report_text('lim-3') FROM 'What is not shown in full.*?\n\nHistory'), '[0-9-]{10}\s+[0-9:]{8}', 'TIME', 'g');
SELECT jsonb_array_length(consent_record('lim-3', 'lim') -> 'consent_events'), consent_record('lim-3', 'lim') #>> '{consent_events,0,event_time}', (consent_record('lim-3', 'lim') -> 'shortened') - 'note';
ROLLBACK;

---------------------------------------------------------------------
-- keys that a letter would repeat for each value
---------------------------------------------------------------------
SELECT consent_status(give_consent('lim-4', 'lim', evidence => jsonb_build_object(repeat('k', 8000), (SELECT jsonb_agg(i) FROM generate_series(1, 1000) i)))) FROM generate_series(1, 3);
SELECT octet_length(subject_report_text('lim-4')) < 100000;

DROP TABLE made;
DROP FUNCTION fill(subject_id, integer), long(integer);
DELETE FROM request; DELETE FROM choice WHERE subject::text LIKE 'lim%'; DELETE FROM subject WHERE id::text LIKE 'lim%';
SELECT drop_purpose('lim.law'), drop_purpose('lim');
