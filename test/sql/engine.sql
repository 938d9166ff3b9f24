-- engine: what the gate answers from is never anything but the registry as the
-- statement sees it, whatever keys there are, whatever happens to the registry,
-- and whatever becomes of the set of everybody permitted

-- nothing of this shall be left to other tests
\set home :DBNAME
CREATE ROLE regress_engine_analyst;
CREATE DATABASE regress_engine TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
ALTER DATABASE regress_engine SET search_path = public, consent_profiling;
\c regress_engine
CREATE EXTENSION consent_profiling;

-- keys of all sorts; those above 9000 are nobody's
CREATE TABLE engine_person (id int, sort text, number bigint, uuid uuid, text text);
INSERT INTO engine_person (id, sort, number)
	SELECT id, 'dense', id FROM generate_series(1, 3000) id
	UNION ALL
	SELECT id, 'negative', 3000 - id FROM generate_series(3001, 3600) id
	UNION ALL
	SELECT id, 'scattered', (id - 4300) * 13006513405290731 + 50007 FROM generate_series(3601, 5000) id
	UNION ALL
	SELECT 5000 + row_number() OVER (), 'limits', n
		FROM unnest('{-9223372036854775808, -9223372036854775807, -9223372036854775297, -9223372036854775296, -2147483649, -2147483648,
			-32769, -32768, 0, 32767, 32768, 65535, 2147483647, 2147483648, 4294967295, 4294967296,
			9223372036854775295, 9223372036854775296, 9223372036854775806, 9223372036854775807}'::bigint[]) n
	UNION ALL
	SELECT 9000 + id, 'nobody', n FROM generate_series(1, 600) id, LATERAL (SELECT id * 13006513405290731 + 1 AS n) s
	UNION ALL
	SELECT 9600 + id, 'nobody', 100000 + id FROM generate_series(1, 600) id;
INSERT INTO engine_person (id, sort, uuid)
	SELECT id, 'uuid', md5(id::text)::uuid FROM generate_series(5101, 7000) id
	UNION ALL
	VALUES (7001, 'uuid', '00000000-0000-0000-0000-000000000000'::uuid), (7002, 'uuid', 'ffffffff-ffff-ffff-ffff-ffffffffffff'),
		(7003, 'uuid', '00000000-0000-0000-0000-000000000001'), (7004, 'uuid', '80000000-0000-0000-0000-000000000000'),
		(10201, 'nobody', '00000000-0000-0000-8000-000000000000'), (10202, 'nobody', 'ffffffff-ffff-ffff-ffff-fffffffffffe')
	UNION ALL
	SELECT 10300 + id, 'nobody', md5('no' || id)::uuid FROM generate_series(1, 600) id;
INSERT INTO engine_person (id, sort, text)
	SELECT id, 'text', 'crm:' || id FROM generate_series(7101, 8900) id
	UNION ALL
	VALUES (8901, 'text', '007'), (8902, 'text', '+7'), (8903, 'text', '9223372036854775808'), (8904, 'text', ' '),
		(8905, 'text', repeat('x', 255)), (8906, 'text', repeat('x', 254)), (8907, 'text', E'\u00e9'),
		(11001, 'nobody', 'crm:'), (11002, 'nobody', repeat('x', 253)), (11003, 'nobody', ' 7'), (11004, 'nobody', '')
	UNION ALL
	SELECT 11100 + id, 'nobody', 'CRM:' || id FROM generate_series(7101, 7700) id;
CREATE VIEW engine_key AS
	SELECT id, sort, number, uuid, text, COALESCE(number::text, uuid::text, NULLIF(text, ''))::consent_profiling.subject_id AS subject
	FROM engine_person;

-- the gate, as its function for each type answers, and the truth, looked up in
-- the same statement
CREATE FUNCTION compare(purpose text, OUT permitted bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
	SELECT count(*) FILTER (WHERE may), count(*) FILTER (WHERE may <> (truth = 'permitted'))
	INTO permitted, wrong
	FROM (SELECT CASE WHEN number IS NOT NULL THEN consent_profiling.may_profile(number, compare.purpose)
				WHEN uuid IS NOT NULL THEN consent_profiling.may_profile(uuid, compare.purpose)
				ELSE consent_profiling.may_profile(text, compare.purpose) END AS may,
			consent_profiling.verdict_of(subject, compare.purpose) AS truth
		  FROM engine_key) p;
END $$;
CREATE FUNCTION has_set(purpose text) RETURNS boolean LANGUAGE sql
	AS 'SELECT s.has_set FROM consent_profiling.engine_stats() s WHERE s.purpose = $1';

SELECT * FROM consent_profiling.engine_stats();

SELECT consent_profiling.import_subjects('SELECT subject, date ''1980-01-01'' AS birth_date FROM engine_key WHERE sort <> ''nobody''');
CREATE FUNCTION consents(p text, which text) RETURNS bigint LANGUAGE sql AS $$
	SELECT consent_profiling.import_consents(format(
		'SELECT subject, %L AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM engine_key WHERE sort <> ''nobody'' AND %s', p, which))
$$;

--
-- sets of keys of one sort, and of all
--
CREATE TABLE engine_sort (name text);
INSERT INTO engine_sort VALUES ('dense'), ('negative'), ('scattered'), ('limits'), ('uuid'), ('text'), ('none'), ('mixed'), ('all');
SELECT consent_profiling.add_purpose('engine_' || name) FROM engine_sort;
SELECT name, consents('engine_' || name, CASE name WHEN 'none' THEN 'false' WHEN 'all' THEN 'true'
		WHEN 'mixed' THEN 'id % 7 < 3' ELSE format('sort = %L', name) END)
	FROM engine_sort;
SELECT name, permitted, wrong, has_set('engine_' || name) FROM engine_sort, compare('engine_' || name);
-- and again, every answer from the set now
SELECT name, permitted, wrong FROM engine_sort, compare('engine_' || name);
-- one key, by each function
SELECT consent_profiling.may_profile(7::smallint, 'engine_dense'), consent_profiling.may_profile(7, 'engine_dense'),
	consent_profiling.may_profile(7::bigint, 'engine_dense'), consent_profiling.may_profile('7'::text, 'engine_dense'),
	consent_profiling.may_profile('7'::consent_profiling.subject_id, 'engine_dense'), consent_profiling.may_profile('07', 'engine_dense');
SELECT consent_profiling.may_profile(NULL::int, 'engine_dense'), consent_profiling.may_profile(NULL::uuid, 'engine_dense'),
	consent_profiling.may_profile('', 'engine_dense'), consent_profiling.may_profile(repeat('x', 256), 'engine_dense');
SELECT consent_profiling.may_profile(upper(uuid::text), 'engine_uuid') FROM engine_person WHERE id = 5101;
-- what a set of the one sort says of the others that look like them
SELECT consent_profiling.may_profile('00000000-0000-0000-0000-000000000007'::uuid, 'engine_dense'),
	consent_profiling.may_profile('00000007-0000-0000-0000-000000000000'::uuid, 'engine_dense');

--
-- the clock: a consent ends, whatever the isolation, and within a cursor
--
SELECT consent_profiling.add_purpose('engine_clock');
SELECT consents('engine_clock', 'id <= 2000');
SELECT count(consent_profiling.give_consent(id, 'engine_clock', until => clock_timestamp() + interval '1 second'))
	FROM generate_series(1, 1000) id;
SELECT wrong FROM compare('engine_clock');
SELECT has_set('engine_clock');
BEGIN ISOLATION LEVEL REPEATABLE READ;
DECLARE c CURSOR FOR SELECT consent_profiling.may_profile(number, 'engine_clock') = (consent_profiling.verdict_of(number, 'engine_clock') = 'permitted') AS right
	FROM engine_person WHERE id IN (1, 2, 1001, 1002);
FETCH 1 FROM c;
SELECT wrong FROM compare('engine_clock');
SELECT FROM pg_sleep(1.1);
SELECT permitted, wrong FROM compare('engine_clock');
SELECT has_set('engine_clock');
FETCH ALL FROM c;
COMMIT;
SELECT permitted, wrong FROM compare('engine_clock');
-- single answers, without a set
SELECT consent_profiling.add_purpose('engine_clock2');
SELECT FROM consent_profiling.give_consent(1, 'engine_clock2', until => clock_timestamp() + interval '0.3 second');
SELECT consent_profiling.may_profile(1, 'engine_clock2') = (consent_profiling.verdict_of(1, 'engine_clock2') = 'permitted') AS right;
SELECT FROM pg_sleep(0.4);
SELECT consent_profiling.may_profile(1, 'engine_clock2'), consent_profiling.verdict_of(1, 'engine_clock2'), has_set('engine_clock2');

--
-- what anybody with the right to it does to the registry directly
--
SELECT permitted, wrong FROM compare('engine_mixed');
UPDATE consent_profiling.subject SET restricted_at = now(), restriction_grounds = '{test}' WHERE id < 101::consent_profiling.subject_id;
SELECT permitted, wrong FROM compare('engine_mixed');
DELETE FROM consent_profiling.choice WHERE purpose = 'engine_mixed' AND subject IN (SELECT subject FROM engine_key WHERE id BETWEEN 5200 AND 5300);
SELECT permitted, wrong FROM compare('engine_mixed');
-- a row is given to somebody else
UPDATE consent_profiling.choice SET subject = 'crm:7103' WHERE purpose = 'engine_mixed' AND subject = 'crm:7105'::consent_profiling.subject_id;
SELECT consent_profiling.may_profile('crm:7103', 'engine_mixed'), consent_profiling.may_profile('crm:7105', 'engine_mixed');
UPDATE consent_profiling.choice SET purpose = 'engine_none' WHERE purpose = 'engine_mixed' AND subject = 'crm:7103'::consent_profiling.subject_id;
SELECT consent_profiling.may_profile('crm:7103', 'engine_mixed'), consent_profiling.may_profile('crm:7103', 'engine_none');
COPY consent_profiling.choice (subject, purpose, consent) FROM STDIN;
crm:7103	engine_mixed	given at 2020-01-01T00:00:00Z
\.
SELECT consent_profiling.may_profile('crm:7103', 'engine_mixed');
-- as logical replication and restores do it
SET session_replication_role = replica;
UPDATE consent_profiling.subject SET restricted_at = NULL, restriction_grounds = NULL WHERE restricted_at IS NOT NULL;
DELETE FROM consent_profiling.choice WHERE subject = 'crm:7103'::consent_profiling.subject_id;
RESET session_replication_role;
SELECT permitted, wrong, has_set('engine_mixed') FROM compare('engine_mixed');
SELECT consent_profiling.may_profile('crm:7103', 'engine_mixed');
-- the tables and indexes are made anew
REINDEX TABLE CONCURRENTLY consent_profiling.change;
REINDEX TABLE CONCURRENTLY consent_profiling.subject;
REINDEX TABLE consent_profiling.choice;
VACUUM FULL consent_profiling.subject;
VACUUM FULL consent_profiling.choice;
VACUUM FULL consent_profiling.change;
SELECT FROM consent_profiling.raise_objection('crm:8900');
SELECT permitted, wrong, has_set('engine_all') FROM compare('engine_all');
-- rules change for all
UPDATE consent_profiling.purpose SET special_category = true WHERE name = 'engine_all';
SELECT permitted, wrong FROM compare('engine_all');
UPDATE consent_profiling.purpose SET special_category = false WHERE name = 'engine_all';
BEGIN;
UPDATE consent_profiling.purpose SET minimum_age = 150 WHERE name = 'engine_all';
SELECT permitted, wrong FROM compare('engine_all');
ROLLBACK;
SELECT permitted, wrong FROM compare('engine_all');
-- emptied, and not
BEGIN;
TRUNCATE consent_profiling.choice;
SELECT permitted, wrong FROM compare('engine_all');
ROLLBACK;
SELECT permitted, wrong FROM compare('engine_all');

--
-- a purpose dropped and added with another basis, by its own name
--
SELECT consent_profiling.add_purpose('engine_again', basis => 'contract');
SELECT permitted, wrong, has_set('engine_again') FROM compare('engine_again');
SELECT consent_profiling.drop_purpose('engine_again');
SELECT consent_profiling.may_profile(1, 'engine_again');
SELECT consent_profiling.add_purpose('engine_again');
SELECT permitted, wrong, has_set('engine_again') FROM compare('engine_again');
BEGIN;
SELECT consent_profiling.drop_purpose('engine_again');
SAVEPOINT s;
SELECT consent_profiling.may_profile(1, 'engine_again');
ROLLBACK TO s;
SELECT consent_profiling.add_purpose('engine_again', basis => 'public_task');
SELECT permitted, wrong FROM compare('engine_again');
ROLLBACK;
SELECT permitted, wrong FROM compare('engine_again');

--
-- memory
--
SELECT consent_profiling.add_purpose('engine_memory', basis => 'contract');
SET consent_profiling.cache_memory = '64kB';
SET client_min_messages = log;
SELECT permitted, wrong, has_set('engine_memory') FROM compare('engine_memory');
-- told once
UPDATE consent_profiling.subject SET restricted_at = NULL WHERE id = 1::consent_profiling.subject_id;
SELECT permitted, wrong, has_set('engine_memory') FROM compare('engine_memory');
RESET client_min_messages;
\set VERBOSITY sqlstate
SET consent_profiling.cache_memory = '63kB';
\set VERBOSITY default
RESET consent_profiling.cache_memory;
UPDATE consent_profiling.subject SET restricted_at = NULL WHERE id = 1::consent_profiling.subject_id;
SELECT consent_profiling.may_profile(1, 'engine_memory');
UPDATE consent_profiling.purpose SET description = 'anew' WHERE name = 'engine_memory';
SELECT permitted, wrong, has_set('engine_memory') FROM compare('engine_memory');

--
-- too many have changed: the set is given up and made anew
--
INSERT INTO engine_person (id, sort, number) SELECT id, 'many', id FROM generate_series(100001, 122000) id;
SELECT consent_profiling.import_subjects('SELECT subject, date ''1980-01-01'' AS birth_date FROM engine_key WHERE sort = ''many''');
SELECT consent_profiling.add_purpose('engine_many', basis => 'contract');
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT dirty, builds FROM consent_profiling.engine_stats() WHERE purpose = 'engine_many' \gset before_
-- a few are looked up
SELECT consent_profiling.import_consents('SELECT subject, ''engine_many'' AS purpose, ''refused at 2020-01-01T00:00Z'' AS consent FROM engine_key WHERE id BETWEEN 100001 AND 100500');
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT dirty - :before_dirty AS dirty, builds - :before_builds AS builds FROM consent_profiling.engine_stats() WHERE purpose = 'engine_many';
-- one after the other, and all at once
SELECT consent_profiling.import_consents('SELECT subject, ''engine_many'' AS purpose, ''refused at 2020-01-01T00:00Z'' AS consent FROM engine_key WHERE id BETWEEN 100001 AND 112000');
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT consent_profiling.import_consents('SELECT subject, ''engine_many'' AS purpose, ''given at 2020-02-01T00:00Z'' AS consent FROM engine_key WHERE id BETWEEN 110001 AND 122000');
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT dirty < 20000 AS few_dirty, builds - :before_builds AS builds FROM consent_profiling.engine_stats() WHERE purpose = 'engine_many';
SELECT consent_profiling.import_consents('SELECT subject, ''engine_many'' AS purpose, ''withdrawn at 2020-03-01T00:00Z'' AS consent FROM engine_key WHERE sort = ''many''');
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT dirty < 20000 AS few_dirty, builds - :before_builds AS builds FROM consent_profiling.engine_stats() WHERE purpose = 'engine_many';
-- so many that a transaction ceases to name them
BEGIN;
UPDATE consent_profiling.choice SET consent = 'given at 2020-04-01T00:00Z', refusal = NULL WHERE purpose = 'engine_many';
UPDATE consent_profiling.subject SET restricted_at = NULL;
UPDATE consent_profiling.subject SET restricted_at = NULL;
UPDATE consent_profiling.subject SET restricted_at = NULL;
SAVEPOINT s;
UPDATE consent_profiling.subject SET restricted_at = NULL;
DELETE FROM consent_profiling.choice WHERE purpose = 'engine_many' AND subject <= 100100::consent_profiling.subject_id;
SELECT permitted, wrong FROM compare('engine_many');
COMMIT;
SELECT permitted, wrong, has_set('engine_many') FROM compare('engine_many');
SELECT count(*) FROM consent_profiling.change WHERE subject IS NULL AND xid = (SELECT max(xid) FROM consent_profiling.change);

--
-- an error in the middle of making a set: the question that calls for it comes
-- when the statement is canceled already
--
SELECT consent_profiling.add_purpose('engine_error');
SELECT consents('engine_error', 'id % 2 = 0 AND id <= 9000');
DELETE FROM engine_person WHERE sort = 'many';
DELETE FROM consent_profiling.choice WHERE purpose = 'engine_many';
DELETE FROM consent_profiling.subject WHERE id BETWEEN 100001::consent_profiling.subject_id AND 122000::consent_profiling.subject_id;
ANALYZE consent_profiling.subject;
CREATE FUNCTION canceled(purpose text) RETURNS bigint LANGUAGE sql AS $$
	SELECT count(*) FROM engine_person
		WHERE CASE WHEN id = 1000 AND NOT pg_cancel_backend(pg_backend_pid()) THEN false
			WHEN id <= 3000 THEN consent_profiling.may_profile(number, $1) END
$$;
SELECT canceled('engine_error');
SELECT has_set('engine_error');
SELECT permitted, wrong, has_set('engine_error') FROM compare('engine_error');
-- within a subtransaction, and with a change that only it knows
UPDATE consent_profiling.purpose SET description = 'anew' WHERE name = 'engine_error';
BEGIN;
SAVEPOINT s;
SELECT canceled('engine_error');
ROLLBACK TO s;
SELECT FROM consent_profiling.withdraw_consent(2, 'engine_error');
SELECT permitted, wrong FROM compare('engine_error');
ROLLBACK;
SELECT permitted, wrong, has_set('engine_error') FROM compare('engine_error');

--
-- the planner: the share of those permitted, sampled, and then known from the set
--
SELECT consent_profiling.add_purpose('engine_' || n) FROM unnest('{1,50,99}'::int[]) n;
SELECT n, consents('engine_' || n, format('(''x'' || substr(md5(id::text), 1, 8))::bit(32)::bigint %% 100 < %s', n)) BETWEEN 70 * n AND 100 * n AS about
	FROM unnest('{1,50,99}'::int[]) n;
ANALYZE consent_profiling.subject;
DELETE FROM engine_person WHERE sort = 'nobody';
ANALYZE engine_person;
CREATE FUNCTION within_factor_2(query text, OUT rows float, OUT estimated float, OUT close_enough boolean) LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	estimated := plan -> 0 -> 'Plan' ->> 'Plan Rows';
	EXECUTE 'SELECT count(*) FROM (' || query || ') q' INTO rows;
	close_enough := estimated BETWEEN rows / 2 AND rows * 2;
END $$;
CREATE VIEW engine_integer AS SELECT id, number FROM engine_person WHERE id <= 5000;
CREATE TABLE engine_subject AS SELECT subject FROM engine_key;
ANALYZE engine_subject;
-- a session that knows nothing yet
\c
SELECT n, close_enough FROM unnest('{1,50,99}'::int[]) n,
	within_factor_2(format('SELECT FROM engine_subject WHERE consent_profiling.may_profile(subject, %L)', 'engine_' || n));
SELECT n, close_enough, has_set('engine_' || n) FROM unnest('{1,50,99}'::int[]) n,
	within_factor_2(format('SELECT FROM engine_subject WHERE consent_profiling.may_profile(subject, %L)', 'engine_' || n));
SET consent_profiling.purpose = 'engine_1';
SELECT close_enough FROM within_factor_2('SELECT FROM engine_subject WHERE consent_profiling.may_profile(subject)');
SELECT close_enough FROM within_factor_2('SELECT FROM engine_subject WHERE NOT consent_profiling.may_profile(subject)');
RESET consent_profiling.purpose;

-- plans stay parallel, and workers give the same answers
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_50');
SELECT count(*) = (SELECT count(*) FROM engine_subject WHERE consent_profiling.verdict_of(subject, 'engine_50') = 'permitted') AS same
	FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_50');
-- a worker knows what its leader has written
BEGIN;
SELECT count(consent_profiling.withdraw_consent(subject, 'engine_50')) > 0 AS some
	FROM (SELECT subject FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_50') LIMIT 10) s;
SELECT count(*) = (SELECT count(*) FROM engine_subject WHERE consent_profiling.verdict_of(subject, 'engine_50') = 'permitted') AS same
	FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_50');
ROLLBACK;
SELECT count(*) = (SELECT count(*) FROM engine_subject WHERE consent_profiling.verdict_of(subject, 'engine_50') = 'permitted') AS same
	FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_50');

-- what the planner found out does not let in a role that was not allowed: a new
-- session, the first question about the purpose, and one before it in the same
-- message about another
GRANT SELECT ON engine_subject TO regress_engine_analyst;
SELECT consent_profiling.add_purpose('engine_secret', basis => 'contract');
\c
SET ROLE regress_engine_analyst;
SELECT consent_profiling.may_profile(1) \; SELECT count(*) FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_secret');
EXPLAIN (COSTS OFF) SELECT count(*) FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_secret');
SELECT consent_profiling.may_profile(1) \; SELECT count(*) FROM engine_subject WHERE consent_profiling.may_profile(subject, 'engine_secret');
-- anybody may ask what his own session keeps
SELECT purpose FROM consent_profiling.engine_stats() ORDER BY 1;
RESET ROLE;

-- two purposes in one statement
SELECT count(*) FILTER (WHERE consent_profiling.may_profile(number, 'engine_dense')) AS dense,
	count(*) FILTER (WHERE consent_profiling.may_profile(number, 'engine_negative')) AS negative
	FROM engine_integer;

--
-- the extension goes, and comes back, in one session
--
SELECT count(*) FILTER (WHERE consent_profiling.may_profile(number, 'profiling')) FROM engine_integer;
SELECT has_set('profiling');
SET client_min_messages = warning;
DROP EXTENSION consent_profiling CASCADE;
RESET client_min_messages;
SELECT consent_profiling.may_profile(1);
CREATE EXTENSION consent_profiling;
SELECT consent_profiling.may_profile(1), consent_profiling.may_profile(1, 'profiling');
SELECT consent_profiling.may_profile(1, 'engine_dense');
SELECT consent_profiling.register_subject(i, '1980-01-01') FROM generate_series(1, 2) i;
SELECT FROM consent_profiling.give_consent(1);
SELECT consent_profiling.may_profile(1), consent_profiling.may_profile(2);
-- in one transaction, about the same person
BEGIN;
SELECT FROM consent_profiling.withdraw_consent(1);
SELECT consent_profiling.may_profile(1);
SET client_min_messages = warning;
DROP EXTENSION consent_profiling CASCADE;
RESET client_min_messages;
CREATE EXTENSION consent_profiling;
SELECT consent_profiling.register_subject(1, '1980-01-01');
SELECT consent_profiling.may_profile(1), consent_profiling.verdict_of(1);
SELECT FROM consent_profiling.give_consent(1);
SELECT consent_profiling.may_profile(1), consent_profiling.verdict_of(1);
SELECT FROM consent_profiling.withdraw_consent(1);
SELECT consent_profiling.may_profile(1), consent_profiling.verdict_of(1);
ROLLBACK;
SELECT consent_profiling.may_profile(1), consent_profiling.verdict_of(1);

\c :home
DROP DATABASE regress_engine;
DROP ROLE regress_engine_analyst;
