-- objection: STATUS at TIMESTAMP [grounds "TEXT"]
SET search_path = public, consent_profiling;

SELECT 'raised at 2026-01-05T10:00:00Z'::objection;
SELECT 'overridden at 2026-01-05T10:00:00Z grounds "fraud prevention"'::objection;

-- the four statuses, with and without grounds where both are allowed
CREATE TABLE recorded (n serial, o objection);
INSERT INTO recorded (o)
	SELECT (status || ' at 2026-01-05T10:00:00Z' || grounds)::objection
	FROM unnest('{raised,upheld,overridden,withdrawn}'::text[]) WITH ORDINALITY AS s (status, i),
		(VALUES (''), (' grounds "a"'), (' grounds "ab"')) AS g (grounds)
	WHERE status <> 'overridden' OR grounds <> ''
	ORDER BY i, grounds;
SELECT o FROM recorded ORDER BY n;

-- letters in any case, any blanks between the words and around them
SELECT E' \tOVERRIDDEN AT\n2026-01-05t12:00:00+02  Grounds\t"Fraud"\x0b '::objection;

-- what may stand within the quotes
SELECT o::objection AS written, objection_grounds(o::objection) AS meant FROM unnest(ARRAY[
	'raised at 2026-01-05T10:00:00Z grounds "say ""no"""',
	'raised at 2026-01-05T10:00:00Z grounds "say \"no\""',
	'raised at 2026-01-05T10:00:00Z grounds """"',
	'raised at 2026-01-05T10:00:00Z grounds "\""',
	'raised at 2026-01-05T10:00:00Z grounds "C:\\temp"',
	'raised at 2026-01-05T10:00:00Z grounds "\\"',
	'raised at 2026-01-05T10:00:00Z grounds "\n\é\ "',
	'raised at 2026-01-05T10:00:00Z grounds "grounds ""x"" at 2026-01-05T10:00:00Z"',
	'raised at 2026-01-05T10:00:00Z grounds " kept "',
	'raised at 2026-01-05T10:00:00Z grounds "Ærøskøbing 日本"']) AS o;
SELECT length(objection_grounds(('raised at 2026-01-05T10:00:00Z grounds "' || repeat('\"é', 100000) || '"')::objection));

-- no setting of the session has a part in it
SET DateStyle = 'SQL, DMY';
SET TimeZone = 'America/New_York';
SELECT 'raised at 2026-02-01 10:00+02'::objection;
SELECT 'raised at 2026-02-01T10:00:00'::objection;
RESET DateStyle;
RESET TimeZone;

-- malformed input
SELECT ''::objection;
SELECT ' '::objection;
SELECT 'given at 2026-01-05T10:00:00Z'::objection;
SELECT 'raise at 2026-01-05T10:00:00Z'::objection;
SELECT 'raised'::objection;
SELECT 'raised explicit at 2026-01-05T10:00:00Z'::objection;
SELECT 'raised at'::objection;
SELECT 'raised at 2026-02-29T10:00:00Z'::objection;
SELECT 'raised at infinity'::objection;
SELECT 'raised at -infinity'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z until 2027-01-05T10:00:00Z'::objection;
SELECT 'overridden at 2026-01-05T10:00:00Z'::objection;
SELECT 'overridden at 2026-01-05T10:00:00Z grounds ""'::objection;
SELECT E'overridden at 2026-01-05T10:00:00Z grounds " \t\n"'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds ""'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds fraud'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds"fraud"'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds ''fraud'''::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud""'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud\"'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud\'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud" again'::objection;
SELECT 'raised at 2026-01-05T10:00:00Z grounds "fraud"again'::objection;
\set VERBOSITY sqlstate
SELECT 'given at 2026-01-05T10:00:00Z'::objection;
SELECT 'overridden at 2026-01-05T10:00:00Z'::objection;
\set VERBOSITY default

-- where PostgreSQL has soft input errors, these are
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		ASSERT pg_input_is_valid('raised at 2026-01-05T10:00:00Z', 'objection');
		ASSERT NOT pg_input_is_valid('overridden at 2026-01-05T10:00:00Z', 'objection');
		ASSERT (pg_input_error_info('raised', 'objection')).sql_error_code = '22P02';
	END IF;
END
$$;

-- for imports: the reason instead of the error
SELECT objection_problem('raised at 2026-01-05T10:00:00Z') IS NULL AS fine,
	objection_problem('overridden at 2026-01-05T10:00:00Z'), objection_problem(NULL) IS NULL AS strict;

-- construction
SELECT make_objection('raised', '2026-01-05 10:00+00', NULL);
SELECT make_objection('Overridden', '2026-01-05 10:00+00', 'say "no"');
SELECT make_objection(NULL, '2026-01-05 10:00+00', NULL);
SELECT make_objection('raised', NULL, NULL);
SELECT make_objection('objected', '2026-01-05 10:00+00', NULL);
SELECT make_objection('', '2026-01-05 10:00+00', NULL);
SELECT make_objection('raised', 'infinity', NULL);
SELECT make_objection('raised', '-infinity', NULL);
SELECT make_objection('raised', '0001-12-31 23:59:59+00 BC', NULL);
SELECT make_objection('raised', '10000-01-01 00:00+00', NULL);
SELECT make_objection('overridden', '2026-01-05 10:00+00', NULL);
SELECT make_objection('overridden', '2026-01-05 10:00+00', ' ');
SELECT make_objection('upheld', '2026-01-05 10:00+00', '');
\set VERBOSITY sqlstate
SELECT make_objection(NULL, '2026-01-05 10:00+00', NULL);
SELECT make_objection('raised', NULL, NULL);
SELECT make_objection('objected', '2026-01-05 10:00+00', NULL);
SELECT make_objection('raised', 'infinity', NULL);
SELECT make_objection('overridden', '2026-01-05 10:00+00', NULL);
\set VERBOSITY default

-- access
SET TimeZone = 'UTC';
SET DateStyle = 'ISO';
SELECT objection_status(o), objection_at(o), objection_grounds(o), objection_grounds(o) IS NULL AS none
FROM (VALUES ('overridden at 2026-01-05T10:00:00.25Z grounds "fraud"'::objection),
	('upheld at 2026-01-05T10:00:00Z')) AS v (o);
SELECT bool_and(make_objection(objection_status(o), objection_at(o), objection_grounds(o)) = o) AS same FROM recorded;
RESET TimeZone;
RESET DateStyle;

-- casts from and to jsonb
SELECT 'overridden at 2026-01-05T10:00:00Z grounds "say ""no"""'::objection::jsonb;
SELECT 'raised at 2026-01-05T10:00:00Z'::objection::jsonb;
SELECT '{"at": "2026-01-05T10:00:00Z", "status": "Raised"}'::jsonb::objection;
SELECT '{"at": "2026-01-05T10:00:00Z", "status": "overridden", "grounds": "say \"no\""}'::jsonb::objection;
SELECT bool_and(o::jsonb::objection = o) AS same FROM recorded;

SELECT '"raised at 2026-01-05T10:00:00Z"'::jsonb::objection;
SELECT '[]'::jsonb::objection;
SELECT '{}'::jsonb::objection;
SELECT '{"status": "raised"}'::jsonb::objection;
SELECT '{"at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
SELECT '{"status": "raised", "at": "2026-01-05T10:00:00Z", "until": "2027-01-05T10:00:00Z"}'::jsonb::objection;
SELECT '{"status": true, "at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
SELECT '{"status": "raised", "at": 0}'::jsonb::objection;
SELECT '{"status": "raised", "at": "2026-01-05T10:00:00Z", "grounds": null}'::jsonb::objection;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
SELECT '{"status": "raised", "at": "2026-01-05"}'::jsonb::objection;
SELECT '{"status": "raised", "at": "2026-01-05T10:00:00Z", "grounds": ""}'::jsonb::objection;
SELECT '{"status": "overridden", "at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
\set VERBOSITY sqlstate
SELECT '[]'::jsonb::objection;
SELECT '{"status": "raised"}'::jsonb::objection;
SELECT '{"status": "given", "at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
SELECT '{"status": "raised", "at": "2026-01-05"}'::jsonb::objection;
SELECT '{"status": "overridden", "at": "2026-01-05T10:00:00Z"}'::jsonb::objection;
\set VERBOSITY default

-- the order is precedence: at the same time, a withdrawal prevails
SELECT o FROM recorded ORDER BY o;
-- but a later record prevails over any earlier one
SELECT greatest('withdrawn at 2026-01-05T10:00:00Z'::objection, 'raised at 2026-01-05T10:00:00.000001Z');
SELECT max(o), max(o) FILTER (WHERE objection_status(o) < 'v') AS of_those FROM recorded;
SELECT max(o) FROM recorded WHERE false;

-- equality, order and hash agree for every pair
INSERT INTO recorded (o) SELECT o FROM recorded
	UNION ALL SELECT 'raised at 0001-01-01T00:00:00Z' UNION ALL SELECT 'raised at 9999-12-31T23:59:59.999999Z'
	UNION ALL SELECT make_objection('upheld', '2026-01-05 10:00+00', repeat('x', 10000));
SELECT count(*) AS pairs,
	bool_and((a.o = b.o) = (objection_cmp(a.o, b.o) = 0)) AS eq,
	bool_and((a.o <> b.o) = (objection_cmp(a.o, b.o) <> 0)) AS ne,
	bool_and((a.o < b.o) = (objection_cmp(a.o, b.o) < 0)) AS lt,
	bool_and((a.o <= b.o) = (objection_cmp(a.o, b.o) <= 0)) AS le,
	bool_and((a.o > b.o) = (objection_cmp(a.o, b.o) > 0)) AS gt,
	bool_and((a.o >= b.o) = (objection_cmp(a.o, b.o) >= 0)) AS ge,
	bool_and(objection_cmp(a.o, b.o) = -objection_cmp(b.o, a.o)) AS antisymmetric,
	bool_and((a.o = b.o) = (a.o::text = b.o::text)) AS identity,
	bool_and(a.o <> b.o OR objection_hash(a.o) = objection_hash(b.o)) AS hash,
	bool_and(a.o <> b.o OR objection_hash_extended(a.o, 7) = objection_hash_extended(b.o, 7)) AS hash_extended
FROM recorded a, recorded b;
SELECT count(DISTINCT objection_hash(o)) AS hashes, count(DISTINCT o) AS objections FROM recorded;

-- text round trip
SELECT bool_and(o::text::objection = o) AS same FROM recorded;

-- an index serves, for max() too
CREATE INDEX recorded_o ON recorded (o) WHERE objection_grounds(o) IS NULL;
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT o FROM recorded WHERE objection_grounds(o) IS NULL ORDER BY o DESC LIMIT 1;
SELECT max(o) FROM recorded WHERE objection_grounds(o) IS NULL;
RESET enable_seqscan;

DROP TABLE recorded;
