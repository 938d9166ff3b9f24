-- which functions of a user see rows before the gate does
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int, name text);
INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 6) i;
GRANT SELECT ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
ANALYZE t;
GRANT CREATE ON SCHEMA public TO regress_analyst;
-- so that plans do not depend on what ANALYZE has seen of the registry
SET enable_material = off;
SET ROLE regress_analyst;
-- a function that tells what it is shown, and would like to run first
CREATE FUNCTION tell(text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT COST 0.0000001 AS
	$$ BEGIN RAISE NOTICE 'shown %', $1; RETURN true; END $$;
CREATE FUNCTION tell(int, int) RETURNS boolean LANGUAGE plpgsql IMMUTABLE STRICT COST 0.0000001 AS
	$$ BEGIN RAISE NOTICE 'shown %', $1; RETURN $1 < $2; END $$;
CREATE OPERATOR <<< (FUNCTION = tell, LEFTARG = int, RIGHTARG = int, RESTRICT = scalarltsel, JOIN = scalarltjoinsel);
SELECT id FROM t WHERE tell(name);
SELECT id FROM t WHERE name LIKE '%3' OR tell(name);
SELECT id FROM t WHERE CASE WHEN tell(name) THEN true END;
-- (a nested loop would tell what it may tell more than once)
SET enable_nestloop = off;
SELECT count(*) FROM t a JOIN t b ON tell(b.name) AND a.id = b.id;
RESET enable_nestloop;
SELECT id FROM t, LATERAL (SELECT tell(t.name) OFFSET 0) s;
SELECT id FROM t WHERE 1 / (id - 3) < 5 ORDER BY id;
SELECT max(id) FROM t HAVING bool_and(tell(name));
WITH c AS NOT MATERIALIZED (SELECT * FROM t) SELECT id FROM c WHERE tell(name);
CREATE VIEW mine AS SELECT id FROM t WHERE tell(name);
SELECT * FROM mine;
DROP VIEW mine;
-- statistics are not shown to an operator of the user's either
EXPLAIN (COSTS OFF) SELECT * FROM t WHERE id <<< 0;
EXPLAIN (COSTS OFF) SELECT * FROM t a JOIN t b ON a.id <<< b.id;
-- nor can they be read
SELECT count(*) FROM pg_stats WHERE tablename = 't';
-- LEAKPROOF is for superusers to give
CREATE FUNCTION tell_all(text) RETURNS boolean LANGUAGE sql LEAKPROOF RETURN true;
ALTER FUNCTION tell(text) LEAKPROOF;
RESET ROLE;
-- the trap, why none should: this one is shown everything
ALTER FUNCTION tell(text) LEAKPROOF;
SET ROLE regress_analyst;
SELECT id FROM t WHERE tell(name);
RESET ROLE;
ALTER FUNCTION tell(text) COST 1000;
SET ROLE regress_analyst;
SELECT id FROM t WHERE tell(name);
RESET ROLE;
-- of ours, comparing is leakproof, and nothing else
SELECT p.oid::regprocedure FROM pg_proc p
	WHERE pronamespace = 'consent_profiling'::regnamespace AND proleakproof
		AND NOT EXISTS (SELECT FROM pg_operator o WHERE o.oprcode = p.oid)
		AND NOT EXISTS (SELECT FROM pg_amproc a WHERE a.amproc = p.oid)
	ORDER BY 1;
DROP TABLE t;
DROP OPERATOR <<< (int, int);
DROP FUNCTION tell(text), tell(int, int);
REVOKE CREATE ON SCHEMA public FROM regress_analyst;
\i :people_gone
