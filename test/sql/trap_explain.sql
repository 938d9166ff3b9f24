-- what EXPLAIN shows through the gate, and that indexes serve behind it
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int PRIMARY KEY, key text UNIQUE, ref uuid UNIQUE, n int);
INSERT INTO t SELECT i, 'n' || i, md5(i::text)::uuid, i FROM generate_series(1, 6) i;
GRANT SELECT, UPDATE, DELETE ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
ANALYZE t;
-- without what only some versions tell
CREATE FUNCTION explain_analyze(query text) RETURNS SETOF text LANGUAGE plpgsql AS
$$
DECLARE
	line text;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF, BUFFERS OFF) ' || query LOOP
		RETURN NEXT regexp_replace(line, 'rows=(\d+)\.00', 'rows=\1');
	END LOOP;
END
$$;
SET ROLE regress_analyst;
-- the trap: how many rows the gate removed is told
SELECT explain_analyze('SELECT * FROM t');
-- of a single person, too: known but not permitted, or not known
SELECT explain_analyze('SELECT * FROM t WHERE n = 3');
SELECT explain_analyze('SELECT * FROM t WHERE n = 9');
-- a condition that could tell something runs after the gate, others before
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = 1;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id BETWEEN 1 AND 3 ORDER BY id;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE key = 'n1';
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE ref = 'c4ca4238-a0b9-2382-0dcc-509a6f75849b';
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = 1 AND key LIKE 'n%';
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = ANY ('{1,3}');
EXPLAIN (COSTS OFF) UPDATE t SET n = 0 WHERE id = 1;
EXPLAIN (COSTS OFF) DELETE FROM t WHERE id = 1;
EXPLAIN (COSTS OFF) SELECT * FROM t a JOIN t b USING (id) WHERE a.id = 1;
-- the same plan as without a gate, but for the filter
RESET ROLE;
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id = 1;
-- a key of the extension's own type
CREATE TABLE s (id consent_profiling.subject_id PRIMARY KEY);
INSERT INTO s SELECT generate_series(1, 6);
GRANT SELECT ON s TO regress_analyst;
SELECT consent_profiling.protect('s', 'id', '{regress_analyst}');
SET ROLE regress_analyst;
SET search_path = public, consent_profiling;
EXPLAIN (COSTS OFF) SELECT * FROM s WHERE id = '1';
RESET search_path;
RESET enable_seqscan;
RESET enable_bitmapscan;
-- the gate does not stand in the way of parallel workers
RESET ROLE;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET ROLE regress_analyst;
EXPLAIN (COSTS OFF) SELECT count(*) FROM t;
SELECT count(*) FROM t;
SET parallel_leader_participation = off;
SELECT count(*) FROM t;
RESET parallel_leader_participation;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET ROLE;
DROP TABLE s, t;
DROP FUNCTION explain_analyze;
\i :people_gone
