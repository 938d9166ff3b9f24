-- query_clock: each query that the executor runs is judged at its own start, however
-- long its statement has been running by then
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set home :DBNAME
SET client_min_messages = warning;
CREATE ROLE regress_clock_analyst;
CREATE ROLE regress_clock_officer;
CREATE DATABASE regress_clock TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_clock
CREATE EXTENSION consent_profiling;
SELECT consent_profiling.grant_duty('regress_clock_officer', 'officer');
SELECT consent_profiling.add_purpose('clock', automated_decision => true);
SELECT consent_profiling.allow_purpose('regress_clock_analyst', 'clock');

-- the consents of 1 to 40 end soon after soon() was called, that of 41 never
CREATE TABLE clock_customer (id int PRIMARY KEY);
INSERT INTO clock_customer SELECT generate_series(1, 41);
CREATE TABLE clock_person (id int, birth_date date, consent consent_profiling.consent);
SELECT count(consent_profiling.register_subject(id, '1980-01-01')) FROM clock_customer;
SELECT consent_profiling.give_consent(41, 'clock', true, at => '2020-01-01Z');
CREATE FUNCTION soon() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	soon timestamptz := clock_timestamp() + '0.4 s';
BEGIN
	PERFORM consent_profiling.give_consent(i, 'clock', true, until => soon) FROM generate_series(1, 40) i;
	TRUNCATE clock_person;
	INSERT INTO clock_person VALUES
		(1, '1980-01-01', consent_profiling.make_consent('given', false, '2020-01-01Z', soon)),
		(41, '1980-01-01', 'given at 2020-01-01T00:00Z');
END $$;
GRANT SELECT ON clock_customer, clock_person TO regress_clock_analyst, regress_clock_officer;
SELECT consent_profiling.protect('clock_customer', 'id', '{regress_clock_analyst}', 'clock');
SELECT consent_profiling.protect_columns('clock_person', 'birth_date', 'consent', NULL, '{regress_clock_analyst}');
SET plpgsql.check_asserts = on;

-- several statements in one query string: a query, column mode, single calls
SELECT soon();
SET ROLE regress_clock_analyst;
SELECT pg_sleep(0.5)\; SELECT id FROM clock_customer;
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
SELECT pg_sleep(0.5)\; SELECT id FROM clock_person;
RESET ROLE;
SELECT soon();
SELECT pg_sleep(0.5)\; SELECT consent_profiling.may_profile(1, 'clock'), consent_profiling.may_decide(1, 'clock'),
	consent_profiling.verdict_of(1, 'clock'), (consent_profiling.explain_verdict(1, 'clock')).verdict;

-- a prepared statement, twice in one query string
PREPARE customers AS SELECT count(*) FROM clock_customer;
SELECT soon();
SET ROLE regress_clock_analyst;
EXECUTE customers\; SELECT pg_sleep(0.5)\; EXECUTE customers;
RESET ROLE;

-- one string with a transaction that has recorded something itself
SELECT soon();
BEGIN\; SELECT consent_profiling.give_consent(41, 'clock', true, at => '2020-01-02Z')\; SELECT count(*) FROM clock_customer WHERE consent_profiling.may_profile(id, 'clock')\; SELECT pg_sleep(0.5)\; SELECT count(*) FROM clock_customer WHERE consent_profiling.may_profile(id, 'clock')\; COMMIT;

-- a DO block: queries, and what PL/pgSQL evaluates without the executor
SELECT soon();
SET ROLE regress_clock_analyst;
DO $$
BEGIN
	ASSERT (SELECT count(*) FROM clock_customer) = 41;
	ASSERT consent_profiling.may_profile(1, 'clock');
	ASSERT consent_profiling.may_decide(1, 'clock');
	PERFORM pg_sleep(0.5);
	ASSERT NOT consent_profiling.may_profile(1, 'clock'), 'may_profile';
	ASSERT NOT consent_profiling.may_decide(1, 'clock'), 'may_decide';
	ASSERT (SELECT count(*) FROM clock_customer) = 1, 'query';
END $$;
RESET ROLE;

-- a procedure that commits
CREATE PROCEDURE follow(commits bool) LANGUAGE plpgsql AS $$
BEGIN
	ASSERT (SELECT count(*) FROM clock_customer) = 41;
	ASSERT consent_profiling.may_profile(1, 'clock');
	IF commits THEN
		COMMIT;
	END IF;
	PERFORM pg_sleep(0.5);
	ASSERT NOT consent_profiling.may_profile(1, 'clock'), 'may_profile';
	ASSERT (SELECT count(*) FROM clock_customer) = 1, 'query';
	COMMIT;
	ASSERT NOT consent_profiling.may_profile(1, 'clock'), 'may_profile';
	ASSERT (SELECT count(*) FROM clock_customer) = 1, 'query';
END $$;
SELECT soon();
SET ROLE regress_clock_analyst;
CALL follow(true);
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
SET default_transaction_isolation = 'repeatable read';
CALL follow(false);
RESET default_transaction_isolation;
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
SET default_transaction_isolation = 'serializable';
CALL follow(false);
RESET default_transaction_isolation;
RESET ROLE;

-- functions that a gated query calls: what a VOLATILE one asks is judged later; what
-- sees the calling query's snapshot, as in a STABLE one, at the same time as that
CREATE FUNCTION nap(id int) RETURNS text LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF id = 1 THEN
		PERFORM pg_sleep(0.5);
	END IF;
	RETURN consent_profiling.may_profile(1, 'clock') || ' ' || (SELECT count(*) FROM clock_customer);
END $$;
CREATE FUNCTION same(id int) RETURNS text LANGUAGE plpgsql STABLE AS $$
DECLARE
	found int;
	n int := 0;
BEGIN
	FOR found IN SELECT c.id FROM clock_customer c LOOP
		n := n + 1;
	END LOOP;
	RETURN consent_profiling.may_profile(1, 'clock') || ' ' || (SELECT count(*) FROM clock_customer) || ' ' || n;
END $$;
CREATE FUNCTION same_in_sql(id int) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET work_mem = '4MB' AS $$
	SELECT count(*) FROM clock_customer c WHERE consent_profiling.may_profile(c.id, 'clock');
$$;
SELECT soon();
SET ROLE regress_clock_analyst;
SELECT id, nap(id), same(id), same_in_sql(id), consent_profiling.may_profile(1, 'clock') FROM clock_customer WHERE id IN (1, 40, 41);
SELECT id FROM clock_customer;
RESET ROLE;

-- each FETCH of a cursor goes by its own start, and so does each batch of a FOR loop
SELECT soon();
SET ROLE regress_clock_analyst;
BEGIN\; DECLARE c SCROLL CURSOR FOR SELECT id FROM clock_customer\; FETCH 1 FROM c\; SELECT pg_sleep(0.5)\; FETCH ALL FROM c\; MOVE ABSOLUTE 0 IN c\; FETCH ALL FROM c\; COMMIT;
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
DO $$
DECLARE
	c CURSOR FOR SELECT id FROM clock_customer;
	found int;
BEGIN
	OPEN c;
	FETCH c INTO found;
	ASSERT found = 1;
	PERFORM pg_sleep(0.5);
	FETCH c INTO found;
	ASSERT found = 41, found::text;
	CLOSE c;
END $$;
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
DO $$
DECLARE
	found int;
	n int := 0;
BEGIN
	FOR found IN SELECT id FROM clock_customer LOOP
		n := n + 1;
		IF n = 1 THEN
			PERFORM pg_sleep(0.5);
		END IF;
	END LOOP;
	ASSERT n = 2, n::text;
END $$;
RESET ROLE;
CREATE FUNCTION loop_with_nap() RETURNS int LANGUAGE plpgsql AS $$
DECLARE
	found int;
	n int := 0;
BEGIN
	FOR found IN SELECT id FROM clock_customer LOOP
		n := n + 1;
		IF n = 1 THEN
			PERFORM pg_sleep(0.5);
		END IF;
	END LOOP;
	RETURN n;
END $$;
SELECT soon();
SET ROLE regress_clock_analyst;
-- ten rows, which were fetched at once before, and one
SELECT loop_with_nap();
RESET ROLE;

-- one query has one clock: in parallel workers, which start later
CREATE TABLE clock_visit AS SELECT 1 + i % 41 AS customer FROM generate_series(1, 20000) i;
ANALYZE clock_visit;
GRANT SELECT ON clock_visit TO regress_clock_analyst;
SELECT consent_profiling.protect('clock_visit', 'customer', '{regress_clock_analyst}', 'clock');
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION nap() RETURNS bool LANGUAGE sql VOLATILE PARALLEL SAFE AS $$ SELECT pg_sleep(0.5) IS NOT NULL $$;
SELECT soon();
SET ROLE regress_clock_analyst;
SET parallel_leader_participation = off;
DO $$
DECLARE
	plan text;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) SELECT count(*) FROM clock_visit WHERE (SELECT nap())' INTO plan;
	ASSERT plan ~ '"Workers Planned": 2' AND plan ~ '"Subplan Name": "InitPlan', plan;
END $$;
SELECT count(*) FROM clock_visit WHERE (SELECT nap());
SELECT count(*) FROM clock_visit;
RESET ROLE;
SELECT soon();
SET ROLE regress_clock_analyst;
SELECT pg_sleep(0.5)\; SELECT count(*) FROM clock_visit;
RESET parallel_leader_participation;
RESET ROLE;
SELECT count(DISTINCT consent_profiling.query_clock()) FROM clock_visit;
CREATE FUNCTION same_clock() RETURNS timestamptz LANGUAGE plpgsql PARALLEL SAFE STABLE AS $$
BEGIN
	RETURN (SELECT max(consent_profiling.query_clock()) FROM clock_visit);
END $$;
CREATE FUNCTION later_clock() RETURNS timestamptz LANGUAGE plpgsql PARALLEL SAFE VOLATILE AS $$
BEGIN
	RETURN (SELECT max(consent_profiling.query_clock()) FROM clock_visit);
END $$;
-- with parallel queries within, before workers are launched again
SELECT count(DISTINCT consent_profiling.query_clock()), min(consent_profiling.query_clock()) < (SELECT later_clock()),
		min(consent_profiling.query_clock()) = (SELECT same_clock()), (SELECT nap())
	FROM clock_visit WHERE (SELECT later_clock()) > (SELECT same_clock());
SELECT soon();
SELECT count(*) FILTER (WHERE consent_profiling.may_profile(customer, 'clock')),
	count(*) FILTER (WHERE consent_profiling.may_decide(customer, 'clock')) FROM clock_visit WHERE (SELECT nap());
-- where a worker is the first to load the library
\c
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE TABLE clock_plain AS SELECT * FROM clock_visit;
ANALYZE clock_plain;
CREATE FUNCTION clock_within() RETURNS bool LANGUAGE plpgsql PARALLEL SAFE STABLE AS $$
BEGIN
	RETURN consent_profiling.query_clock() BETWEEN statement_timestamp() AND clock_timestamp();
END $$;
SELECT count(*) FROM clock_plain WHERE clock_within();
-- and in a writing part of a query that runs when all else is done
CREATE TABLE clock_log (at timestamptz);
INSERT INTO clock_log SELECT FROM generate_series(1, 10);
WITH logged AS (UPDATE clock_log SET at = consent_profiling.query_clock())
	SELECT consent_profiling.query_clock() AS began, nap() \gset
SELECT count(*), count(DISTINCT at), min(at) = :'began' FROM clock_log;
-- never before the statement, never backwards
SELECT consent_profiling.query_clock() BETWEEN statement_timestamp() AND clock_timestamp();
DO $$
DECLARE
	first timestamptz := consent_profiling.query_clock();
	second timestamptz := (SELECT consent_profiling.query_clock());
	third timestamptz := consent_profiling.query_clock();
BEGIN
	ASSERT statement_timestamp() <= first AND first <= second AND second <= third AND third <= clock_timestamp();
END $$;

-- the setting that hands the clock to workers cannot be set, nor is it shown
SET consent_profiling.worker_clock = 1;
SET SESSION AUTHORIZATION regress_clock_analyst;
SET consent_profiling.worker_clock = 1;
SELECT set_config('consent_profiling.worker_clock', '1', true);
RESET consent_profiling.worker_clock;
RESET ALL;
SELECT name FROM pg_settings WHERE name = 'consent_profiling.worker_clock';
SELECT consent_profiling.query_clock();
RESET SESSION AUTHORIZATION;
ALTER ROLE regress_clock_analyst SET consent_profiling.worker_clock = 1;
\c
SET client_min_messages = warning;

-- a set follows the clock to a query within and back to the one around it
CREATE TABLE clock_many AS SELECT i AS id FROM generate_series(1, 5000) i;
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM clock_many WHERE id > 41');
SELECT consent_profiling.import_consents('SELECT id AS subject, ''clock'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM clock_many WHERE id > 41');
ANALYZE consent_profiling.subject;
CREATE FUNCTION many_within(id int) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF id = 1 THEN
		PERFORM pg_sleep(0.5);
	END IF;
	RETURN (SELECT count(*) FROM clock_many WHERE consent_profiling.may_profile(clock_many.id, 'clock'));
END $$;
SELECT soon();
SELECT c.id, consent_profiling.may_profile(c.id, 'clock'), many_within(c.id), consent_profiling.may_profile(c.id, 'clock')
	FROM clock_customer c WHERE c.id IN (1, 40, 41);
SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'clock';
SELECT soon();
SELECT c.id, consent_profiling.may_profile(c.id, 'clock'), many_within(c.id), consent_profiling.may_profile(c.id, 'clock')
	FROM clock_customer c WHERE c.id IN (1, 40, 41);
SELECT soon();
SELECT count(*) FROM clock_many WHERE consent_profiling.may_profile(clock_many.id, 'clock')\; SELECT pg_sleep(0.5)\; SELECT count(*) FROM clock_many WHERE consent_profiling.may_profile(clock_many.id, 'clock');
-- many queries of one statement make a set as one does
\c
DO $$
DECLARE
	i int;
	n int := 0;
BEGIN
	FOR i IN SELECT id FROM clock_many LOOP
		IF (SELECT consent_profiling.may_profile(i, 'clock')) THEN
			n := n + 1;
		END IF;
	END LOOP;
	ASSERT n = 4960;
END $$;
SELECT has_set, probes < 3000 AS few FROM consent_profiling.engine_stats() WHERE purpose = 'clock';

\c :home
DROP DATABASE regress_clock;
DROP ROLE regress_clock_analyst;
DROP ROLE regress_clock_officer;
