-- consent: STATUS [explicit] at TIMESTAMP [until TIMESTAMP]
SET search_path = public, consent_profiling;

SELECT 'given explicit at 2026-01-05T10:00:00Z until 2027-01-05T10:00:00Z'::consent;
SELECT 'refused at 2026-01-05T10:00:00Z'::consent;

-- all ten statuses, explicit or not, with and without an end
CREATE TABLE recorded (n serial, c consent);
INSERT INTO recorded (c)
	SELECT (status || explicit || ' at 2026-01-05T10:00:00Z' || until)::consent
	FROM unnest('{unknown,requested,request_deferred,refused,given,renewed,withdrawn,revoked,expired,invalidated}'::text[])
			WITH ORDINALITY AS s (status, i),
		(VALUES (''), (' explicit')) AS e (explicit),
		(VALUES (''), (' until 2027-01-05T10:00:00Z')) AS u (until)
	ORDER BY i, explicit, until;
SELECT c FROM recorded ORDER BY n;

-- letters in any case, any blanks between the words and around them
SELECT 'GIVEN Explicit AT 2026-01-05t10:00:00z UNTIL Infinity'::consent;
SELECT E'  renewed \t at\n2026-01-05T10:00:00Z \r\f\x0b until  2027-01-05T10:00:00Z  '::consent;

-- every way to write a time
SELECT t, ('given at ' || t)::consent FROM unnest(ARRAY[
	'2026-01-05T10:00Z',
	'2026-01-05 10:00:00Z',
	'2026-01-05 10:00:00.5Z',
	'2026-01-05T10:00:00.123456Z',
	'2026-01-05T10:00:00.120000000Z',
	'2026-01-05T10:00:00.000000Z',
	'2026-01-05T10:00:00.1234564Z',
	'2026-01-05T10:00:00.1234565Z',
	'2026-01-05T10:00:00.000000499Z',
	'2026-01-05T10:00:00.0000005Z',
	'2026-12-31T23:59:59.9999995Z',
	'2026-01-05T10:00:00+00',
	'2026-01-05T10:00:00-00:00',
	'2026-01-05T10:00:00+02',
	'2026-01-05T10:00:00-0330',
	'2026-01-05T10:00:00+05:45',
	'2026-01-05T10:00:00+15:59',
	'2026-01-05T10:00:00-15:59',
	'2024-02-29T00:00:00Z',
	'2000-02-29T23:59:59Z',
	'1969-12-31T23:59:59.999999Z',
	'0001-01-01T00:00:00Z',
	'0001-01-01T05:00:00+05:00',
	'9999-12-31T23:59:59.999999Z',
	'9999-12-31T20:59:59.999999499-03:00']) AS t;

-- and every way not to
SELECT t, consent_problem('given at ' || t) FROM unnest(ARRAY[
	'',
	'yesterday',
	'now',
	'2026',
	'2026-01-05',
	'2026-1-5T10:00Z',
	'26-01-05T10:00Z',
	'20260105T100000Z',
	'02026-01-05T10:00Z',
	'-2026-01-05T10:00Z',
	'05-01-2026T10:00Z',
	'2026/01/05T10:00Z',
	'2026-01-055T10:00Z',
	'2026-W02-1T10:00Z',
	'2026-005T10:00Z',
	'0000-12-31T23:59:59Z',
	'2026-00-05T10:00Z',
	'2026-13-05T10:00Z',
	'2026-01-00T10:00Z',
	'2026-01-32T10:00Z',
	'2026-04-31T10:00Z',
	'2026-02-29T10:00Z',
	'1900-02-29T10:00Z',
	'2026-01-05  10:00Z',
	'2026-01-05X10:00Z',
	'2026-01-05T',
	'2026-01-05TZ',
	'2026-01-05T10Z',
	'2026-01-05T1:00Z',
	'2026-01-05T10:0Z',
	'2026-01-05T10:000Z',
	'2026-01-05T10:00:0Z',
	'2026-01-05T10:00:000Z',
	'2026-01-05T10:00:Z',
	'2026-01-05T100000Z',
	'2026-01-05T24:00:00Z',
	'2026-01-05T10:60:00Z',
	'2026-01-05T10:00:60Z',
	'2026-01-05T10:00:00.Z',
	'2026-01-05T10:00:00,5Z',
	'2026-01-05T10:00.5Z',
	'2026-01-05T10:00:00.1234567890Z',
	'2026-01-05T10:00:00',
	'2026-01-05T10:00:00 Z',
	'2026-01-05T10:00:00 +01:00',
	'2026-01-05T10:00:00 Europe/Berlin',
	'2026-01-05T10:00:00UTC',
	'2026-01-05T10:00:00+',
	'2026-01-05T10:00:00+1',
	'2026-01-05T10:00:00+01:',
	'2026-01-05T10:00:00+01:0',
	'2026-01-05T10:00:00+010',
	'2026-01-05T10:00:00+01000',
	'2026-01-05T10:00:00+01:00:00',
	'2026-01-05T10:00:00+16:00',
	'2026-01-05T10:00:00-16',
	'2026-01-05T10:00:00+01:60',
	'2026-01-05T10:00:00−01:00',
	'2026-01-05T10:00:00ZZ',
	'2026-01-05T10:00:00Zuntil 2027-01-05T10:00:00Z',
	'0001-01-01T00:00:00+00:01',
	'9999-12-31T23:59:59-00:01',
	'9999-12-31T23:59:59.9999995Z',
	'infinity',
	'-infinity']) AS t;

-- no setting of the session has a part in it
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'America/New_York';
SET IntervalStyle = 'sql_standard';
SELECT 'given at 2026-02-01T10:00:00Z until 2026-07-01 10:00:00+02'::consent;
SELECT consent_problem('given at 2026-02-01T10:00:00');
SELECT 'given at 2026-02-01T10:00:00Z'::consent::jsonb;
SELECT '{"status": "given", "at": "2026-02-01T10:00:00Z"}'::jsonb::consent;
RESET DateStyle;
RESET TimeZone;
RESET IntervalStyle;

-- malformed input
SELECT ''::consent;
SELECT '   '::consent;
SELECT 'granted at 2026-01-05T10:00:00Z'::consent;
SELECT 'give at 2026-01-05T10:00:00Z'::consent;
SELECT 'given2 at 2026-01-05T10:00:00Z'::consent;
SELECT 'GİVEN at 2026-01-05T10:00:00Z'::consent;
SELECT 'given'::consent;
SELECT 'given explicit'::consent;
SELECT 'given explicitly at 2026-01-05T10:00:00Z'::consent;
SELECT 'given explicit explicit at 2026-01-05T10:00:00Z'::consent;
SELECT 'explicit given at 2026-01-05T10:00:00Z'::consent;
SELECT 'given on 2026-01-05T10:00:00Z'::consent;
SELECT 'given at'::consent;
SELECT 'given at 2026-01-05T10:00:00'::consent;
SELECT 'given at infinity'::consent;
SELECT 'given at 2026-01-05T10:00:00Z explicit'::consent;
SELECT 'given at 2026-01-05T10:00:00Z to 2027-01-05T10:00:00Z'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until -infinity'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until infinity and beyond'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until 2027-01-05T10:00:00Z until 2028-01-05T10:00:00Z'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until 2026-01-05T10:00:00Z'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until 2026-01-05T10:00:00+01:00'::consent;

-- a long word is not repeated whole, nor cut within a character
SELECT consent_problem(repeat('é', 1000));

\set VERBOSITY sqlstate
SELECT 'granted at 2026-01-05T10:00:00Z'::consent;
SELECT 'given at 2026-13-05T10:00:00Z'::consent;
SELECT 'given at 2026-01-05T10:00:00Z until 2026-01-05T10:00:00Z'::consent;
\set VERBOSITY default

-- where PostgreSQL has soft input errors, these are
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		ASSERT pg_input_is_valid('given at 2026-01-05T10:00:00Z', 'consent');
		ASSERT NOT pg_input_is_valid('granted at 2026-01-05T10:00:00Z', 'consent');
		ASSERT (pg_input_error_info('given at 2026-13-05T10:00:00Z', 'consent')).sql_error_code = '22P02';
	END IF;
END
$$;

-- for imports: the reason instead of the error
SELECT consent_problem('given at 2026-01-05T10:00:00Z') IS NULL AS fine, consent_problem('granted'),
	consent_problem(NULL) IS NULL AS strict;

-- construction
SELECT make_consent('given', true, '2026-01-05 10:00+00', '2027-01-05 10:00+00');
SELECT make_consent('Refused', false, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent('given', NULL, '2026-01-05 10:00+00', 'infinity') IS NULL AS strict;
SELECT make_consent('granted', true, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent('', true, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent(' given', true, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent(repeat('given', 100), true, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent('given', true, 'infinity', 'infinity');
SELECT make_consent('given', true, '-infinity', 'infinity');
SELECT make_consent('given', true, '0001-12-31 23:59:59+00 BC', 'infinity');
SELECT make_consent('given', true, '10000-01-01 00:00+00', 'infinity');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '10000-01-01 00:00+00');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '-infinity');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '2026-01-05 10:00+00');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '2025-01-05 10:00+00');
\set VERBOSITY sqlstate
SELECT make_consent('granted', true, '2026-01-05 10:00+00', 'infinity');
SELECT make_consent('given', true, 'infinity', 'infinity');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '10000-01-01 00:00+00');
SELECT make_consent('given', true, '2026-01-05 10:00+00', '2026-01-05 10:00+00');
\set VERBOSITY default

-- access
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT consent_status(c), consent_explicit(c), consent_at(c), consent_until(c)
FROM (VALUES ('given explicit at 2026-01-05T10:00:00Z until 2027-01-05T10:00:00Z'::consent),
	('request_deferred at 2026-01-05T10:00:00.25Z')) AS v (c);
SELECT consent_until('given at 2026-01-05T10:00:00Z') = 'infinity' AS no_end;
SELECT bool_and(make_consent(consent_status(c), consent_explicit(c), consent_at(c), consent_until(c)) = c) AS same
	FROM recorded;
RESET TimeZone;
RESET DateStyle;

-- casts from and to jsonb
SELECT 'given explicit at 2026-01-05T10:00:00Z until 2027-01-05T10:00:00Z'::consent::jsonb;
SELECT 'refused at 2026-01-05T10:00:00Z'::consent::jsonb;
SELECT '{"at": "2026-01-05T10:00:00Z", "status": "given"}'::jsonb::consent;
SELECT '{"at": "2026-01-05 11:00+01", "status": "Given", "explicit": false, "until": "Infinity"}'::jsonb::consent;
SELECT '{"at": "2026-01-05T10:00:00Z", "status": "given", "explicit": true, "until": "2027-01-05T10:00:00Z"}'::jsonb::consent;
SELECT bool_and(c::jsonb::consent = c) AS same FROM recorded;
-- casts are explicit
SELECT jsonb_typeof('given at 2026-01-05T10:00:00Z'::consent);
INSERT INTO recorded (c) VALUES ('{}'::jsonb);

SELECT '"given at 2026-01-05T10:00:00Z"'::jsonb::consent;
SELECT 'null'::jsonb::consent;
SELECT '[]'::jsonb::consent;
SELECT '[{"status": "given", "at": "2026-01-05T10:00:00Z"}]'::jsonb::consent;
SELECT '{}'::jsonb::consent;
SELECT '{"at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "untill": "2027-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "": 1}'::jsonb::consent;
SELECT '{"Status": "given", "at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": 4, "at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": {"a": "given"}, "at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": null}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "explicit": "true"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "until": null}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "until": ["2027-01-05T10:00:00Z"]}'::jsonb::consent;
SELECT '{"status": "granted", "at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05"}'::jsonb::consent;
SELECT '{"status": "given", "at": "infinity"}'::jsonb::consent;
SELECT '{"status": "given", "at": " 2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z "}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "until": "2027-01-05"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "until": "2026-01-05T10:00:00Z"}'::jsonb::consent;
\set VERBOSITY sqlstate
SELECT '[]'::jsonb::consent;
SELECT '{"status": "given"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "untill": "2027-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": null}'::jsonb::consent;
SELECT '{"status": "granted", "at": "2026-01-05T10:00:00Z"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05"}'::jsonb::consent;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z", "until": "2026-01-05T10:00:00Z"}'::jsonb::consent;
\set VERBOSITY default

-- the order is precedence: at the same time, what permits less prevails
SELECT c FROM recorded ORDER BY c;
-- but a later record prevails over any earlier one
SELECT greatest('invalidated at 2026-01-05T10:00:00Z'::consent, 'unknown at 2026-01-05T10:00:00.000001Z');
SELECT max(c), max(c) FILTER (WHERE consent_status(c) IN ('given', 'requested')) AS of_those FROM recorded;
SELECT max(c) FROM recorded WHERE false;

-- equality, order and hash agree for every pair
INSERT INTO recorded (c) SELECT c FROM recorded
	UNION ALL SELECT 'given at 0001-01-01T00:00:00Z' UNION ALL SELECT 'given at 9999-12-31T23:59:59.999999Z';
SELECT count(*) AS pairs,
	bool_and((a.c = b.c) = (consent_cmp(a.c, b.c) = 0)) AS eq,
	bool_and((a.c <> b.c) = (consent_cmp(a.c, b.c) <> 0)) AS ne,
	bool_and((a.c < b.c) = (consent_cmp(a.c, b.c) < 0)) AS lt,
	bool_and((a.c <= b.c) = (consent_cmp(a.c, b.c) <= 0)) AS le,
	bool_and((a.c > b.c) = (consent_cmp(a.c, b.c) > 0)) AS gt,
	bool_and((a.c >= b.c) = (consent_cmp(a.c, b.c) >= 0)) AS ge,
	bool_and(consent_cmp(a.c, b.c) = -consent_cmp(b.c, a.c)) AS antisymmetric,
	bool_and((a.c = b.c) = (a.c::text = b.c::text)) AS identity,
	bool_and(a.c <> b.c OR consent_hash(a.c) = consent_hash(b.c)) AS hash,
	bool_and(a.c <> b.c OR consent_hash_extended(a.c, 7) = consent_hash_extended(b.c, 7)) AS hash_extended
FROM recorded a, recorded b;
SELECT count(DISTINCT consent_hash(c)) AS hashes, count(DISTINCT c) AS consents FROM recorded;

-- text round trip
SELECT bool_and(c::text::consent = c) AS same FROM recorded;

-- an index serves, for max() too
CREATE INDEX recorded_c ON recorded (c);
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT c FROM recorded ORDER BY c DESC LIMIT 1;
SELECT max(c) FROM recorded;
RESET enable_seqscan;

DROP TABLE recorded;
