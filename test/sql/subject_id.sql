-- subject_id: an integer, a UUID or any other text, each with one form only
SET search_path = public, consent_profiling;

-- integers, up to the limits
SELECT '42'::subject_id, '0'::subject_id, '-5'::subject_id;
SELECT '9223372036854775807'::subject_id, '-9223372036854775808'::subject_id;

-- UUIDs in either case
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::subject_id;
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::subject_id;

-- other text, kept as it is
SELECT 'crm:7f'::subject_id, 'Ærøskøbing'::subject_id, ' 42'::subject_id;
SELECT octet_length(repeat('x', 255)::subject_id::text);
SELECT repeat('é', 127)::subject_id = (repeat('é', 127))::varchar;

-- the binary form tells which kind a text became
CREATE TABLE written (n serial, id subject_id);
INSERT INTO written (id) VALUES
	('0'), ('42'), ('-5'),
	('9223372036854775807'), ('-9223372036854775808'),
	('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
	('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'),
	('crm:7f'),
	-- not how an integer is written
	('-0'), ('00'), ('007'), ('+5'), (' 5'), ('5 '), ('5.0'), ('1e3'), ('0x1F'),
	('1_000'), ('-'), ('--5'), ('-07'), ('5-'), ('٣'),
	('9223372036854775808'), ('-9223372036854775809'),
	('18446744073709551616'), ('-18446744073709551616'),
	('99999999999999999999'), ('100000000000000000000'),
	-- not how a UUID is written
	('{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'),
	('a0eebc999c0b4ef8bb6d6bb9bd380a11'),
	('a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11'),
	('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1'),
	('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111'),
	('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1g'),
	('g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'),
	('a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11'),
	('a0eebc9909c0b-4ef8-bb6d-6bb9bd380a11'),
	('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11 ');
SELECT n, id, subject_id_send(id) FROM written WHERE n <= 8 ORDER BY n;
SELECT id, substr(subject_id_send(id), 1, 1) AS kind FROM written WHERE n > 8 ORDER BY n;

-- what cannot be a key
SELECT ''::subject_id;
SELECT ''::text::subject_id;
SELECT ''::varchar::subject_id;
SELECT '   '::char(3)::subject_id;
SELECT repeat('x', 256)::subject_id;
SELECT repeat('é', 128)::subject_id;
SELECT repeat('x', 256)::varchar::subject_id;
SELECT repeat('x', 256)::char(256)::subject_id;
COPY written (id) FROM STDIN;

\.

-- and the codes of those errors
\set VERBOSITY sqlstate
SELECT ''::subject_id;
SELECT ''::text::subject_id;
SELECT repeat('x', 256)::subject_id;
\set VERBOSITY default

-- where PostgreSQL has soft input errors, these are
DO $$
BEGIN
	IF current_setting('server_version_num')::int >= 160000 THEN
		ASSERT pg_input_is_valid('42', 'subject_id');
		ASSERT NOT pg_input_is_valid('', 'subject_id');
		ASSERT NOT pg_input_is_valid(repeat('x', 256), 'subject_id');
		ASSERT (pg_input_error_info('', 'subject_id')).sql_error_code = '22P02';
		ASSERT (pg_input_error_info(repeat('x', 256), 'subject_id')).sql_error_code = '22001';
	END IF;
END
$$;

-- for imports: the reason instead of the error
SELECT subject_id_problem('42') IS NULL AS fine, subject_id_problem('');
SELECT subject_id_problem(repeat('x', 255)) IS NULL AS fine, subject_id_problem(repeat('x', 256));
SELECT subject_id_problem(NULL) IS NULL AS strict;

-- one subject, whatever the type of the column that names it
SELECT '42'::subject_id = 42 AS "int",
	'42'::subject_id = 42::smallint AS "smallint",
	'42'::subject_id = 42::bigint AS "bigint",
	'42'::subject_id = '42'::text AS "text",
	'42'::subject_id = '42'::varchar AS "varchar",
	'42'::subject_id = '42'::char(5) AS "char",
	'42'::subject_id = '42' AS literal;
SELECT '-32768'::subject_id = (-32768)::smallint AS "smallint",
	'-2147483648'::subject_id = (-2147483648)::int AS "int",
	'-9223372036854775808'::subject_id = (-9223372036854775808)::bigint AS "bigint",
	'9223372036854775807'::subject_id = 9223372036854775807 AS "bigint";
SELECT 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::subject_id = 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::uuid AS "uuid",
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::subject_id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::text AS "text";
SELECT '-0'::subject_id = 0 AS minus_nought, '007'::subject_id = 7 AS padded,
	'{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}'::subject_id = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::uuid AS braced;

-- a function of a subject takes each of them without a cast
CREATE FUNCTION name_of(subject_id) RETURNS text LANGUAGE sql IMMUTABLE
	RETURN 'subject ' || $1::text;
CREATE TABLE person (
	s smallint, i int, b bigint, u uuid, t text, v varchar(20), c char(10), id subject_id);
INSERT INTO person VALUES
	(1, 2, 3, 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '4', 'crm:5', 'crm:6', 7);
SELECT name_of(42), name_of('crm:7f'), name_of(NULL);
SELECT name_of(s), name_of(i), name_of(b), name_of(u) FROM person;
SELECT name_of(t), name_of(v), name_of(c), name_of(id) FROM person;
SELECT name_of(1.5);
SELECT name_of(current_date);
INSERT INTO person (id) SELECT i FROM person;

-- the casts leave the operators of other types what they were: these compare text
SELECT 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::varchar = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::text AS "varchar and text",
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::varchar = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::varchar AS "varchar",
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'::char(36) = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'::varchar AS "char and varchar",
	'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11' = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11' AS literals;
SELECT greatest('10'::varchar, '9'::text), greatest('10', '9');
SELECT pg_typeof(greatest(s, i, b)) AS number, pg_typeof(coalesce(v, t)) AS string FROM person WHERE s = 1;

-- order: integers by value, then UUIDs, then texts by their bytes
SELECT id FROM written ORDER BY id, n;
SELECT '2'::subject_id < 10 AS lt, 10 <= '10'::subject_id AS le, 'b'::subject_id > 'a' AS gt,
	'a'::subject_id >= 'a' AS ge, 'a'::subject_id <> 'A' AS ne, 'a'::subject_id < 'ab' AS prefix;
SELECT 'z'::subject_id < 'ä' AS bytes, '-1'::subject_id < 0 AS sign, 'Z'::subject_id < 'a' AS upper;
SELECT subject_id_cmp(1, 2), subject_id_cmp(2, 2), subject_id_cmp(2, 1);

-- equality, order and hash agree for every pair
SELECT count(*) AS pairs,
	bool_and((a.id = b.id) = (subject_id_cmp(a.id, b.id) = 0)) AS eq,
	bool_and((a.id <> b.id) = (subject_id_cmp(a.id, b.id) <> 0)) AS ne,
	bool_and((a.id < b.id) = (subject_id_cmp(a.id, b.id) < 0)) AS lt,
	bool_and((a.id <= b.id) = (subject_id_cmp(a.id, b.id) <= 0)) AS le,
	bool_and((a.id > b.id) = (subject_id_cmp(a.id, b.id) > 0)) AS gt,
	bool_and((a.id >= b.id) = (subject_id_cmp(a.id, b.id) >= 0)) AS ge,
	bool_and(subject_id_cmp(a.id, b.id) = -subject_id_cmp(b.id, a.id)) AS antisymmetric,
	bool_and((a.id = b.id) = (subject_id_send(a.id) = subject_id_send(b.id))) AS identity,
	bool_and(a.id <> b.id OR subject_id_hash(a.id) = subject_id_hash(b.id)) AS hash,
	bool_and(a.id <> b.id OR subject_id_hash_extended(a.id, 7) = subject_id_hash_extended(b.id, 7)) AS hash_extended
FROM written a, written b;
SELECT count(DISTINCT subject_id_hash(id)) AS hashes, count(DISTINCT id) AS subjects FROM written;
SELECT count(*) AS different_with_another_seed FROM written
	WHERE subject_id_hash_extended(id, 1) <> subject_id_hash_extended(id, 2);
SELECT bool_and(subject_id_hash_extended(id, 0) & 4294967295 = subject_id_hash(id)::bigint & 4294967295) AS low_half
	FROM written;

-- text round trip
SELECT count(*) AS subjects, bool_and(id::text::subject_id = id) AS same FROM written;

-- indexes and joins of both kinds find the same
CREATE TABLE many AS SELECT g::subject_id AS id FROM generate_series(-500, 500) g
	UNION ALL SELECT ('crm:' || g)::subject_id FROM generate_series(1, 500) g
	UNION ALL SELECT md5(g::text)::uuid::subject_id FROM generate_series(1, 500) g;
CREATE UNIQUE INDEX many_btree ON many (id);
ANALYZE many;
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE id = 42;
SELECT id FROM many WHERE id = 42;
SELECT id FROM many WHERE id = md5('7')::uuid;
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE id > 498 AND id < 'crm:0' ORDER BY id;
SELECT count(*), min(id::text) FILTER (WHERE id < 500) AS low FROM many WHERE id > 498 AND id < 'crm:0';
DROP INDEX many_btree;
CREATE INDEX many_hash ON many USING hash (id);
EXPLAIN (COSTS OFF) SELECT id FROM many WHERE id = 'crm:7';
SELECT id FROM many WHERE id = 'crm:7';
DROP INDEX many_hash;
RESET enable_seqscan;
RESET enable_bitmapscan;
SET enable_nestloop = off;
SET enable_mergejoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many a JOIN many b USING (id);
SELECT count(*) FROM many a JOIN many b USING (id);
RESET enable_mergejoin;
SET enable_hashjoin = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM many a JOIN many b USING (id);
SELECT count(*) FROM many a JOIN many b USING (id);
RESET enable_hashjoin;
RESET enable_nestloop;
INSERT INTO many VALUES ('42');
CREATE UNIQUE INDEX ON many (id);

-- the operators may run before the policy of a protected table
SELECT bool_and(p.proleakproof) AS leakproof
FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode
WHERE o.oprleft = 'subject_id'::regtype;

-- a subject may be a partition key
CREATE TABLE part (id subject_id) PARTITION BY HASH (id);
CREATE TABLE part_0 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE part_1 PARTITION OF part FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO part SELECT id FROM written;
SELECT count(*) = (SELECT count(*) FROM written) AS all_found FROM part;
SELECT count(*) FROM part WHERE id = 42;

DROP TABLE part, many, written, person;
DROP FUNCTION name_of(subject_id);
