-- a partition read directly knows nothing of its parent's policies: it has its own
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

-- what the analyst sees of each table, and whether statistics are to be read
CREATE FUNCTION pg_temp.seen(VARIADIC tables text[]) RETURNS TABLE ("table" text, seen text, stats bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH "table" IN ARRAY tables LOOP
		SET LOCAL ROLE regress_analyst;
		EXECUTE format('SELECT string_agg(id::text, '' '' ORDER BY id) FROM %s', "table") INTO seen;
		SELECT count(*) INTO stats FROM pg_stats s WHERE format('%I.%I', schemaname, tablename)::regclass = "table"::regclass;
		RESET ROLE;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.gates() RETURNS TABLE (relation text, subject_column name, purpose text, roles name[]) LANGUAGE sql AS
	'SELECT relation::text, subject_column, purpose, roles FROM consent_profiling.protected_table ORDER BY 1, 2';
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_analyst;

-- the trap
CREATE TABLE p (id int, k int) PARTITION BY LIST (k);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
INSERT INTO p SELECT i, 1 FROM generate_series(1, 6) i;
ANALYZE p;
ALTER TABLE p ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_hand ON p USING (consent_profiling.may_profile(id));
SELECT * FROM pg_temp.seen('p', 'p1');
DROP POLICY by_hand ON p;
ALTER TABLE p DISABLE ROW LEVEL SECURITY;

-- partitions made before, and after, and beneath those
CREATE TABLE p2 PARTITION OF p FOR VALUES IN (2, 20) PARTITION BY LIST (k);
CREATE TABLE p2_2 PARTITION OF p2 FOR VALUES IN (2);
SELECT consent_profiling.protect('p', 'id', '{regress_analyst}', 'profiling');
CREATE TABLE p2_20 PARTITION OF p2 FOR VALUES IN (20);
CREATE TABLE p3 PARTITION OF p FOR VALUES IN (3) PARTITION BY RANGE (id);
CREATE TABLE p3_all PARTITION OF p3 DEFAULT;
INSERT INTO p SELECT i, k FROM generate_series(1, 6) i, unnest('{2,20,3}'::int[]) k;
ANALYZE p;
SELECT * FROM pg_temp.gates();
SELECT * FROM pg_temp.seen('p', 'p1', 'p2', 'p2_2', 'p2_20', 'p3', 'p3_all');
\d p2_20
-- another way of making one: within CREATE SCHEMA
CREATE SCHEMA trap_partition
	CREATE TABLE p4 PARTITION OF public.p FOR VALUES IN (4)
	CREATE VIEW v AS SELECT 1 AS one;
GRANT USAGE ON SCHEMA trap_partition TO regress_analyst;
INSERT INTO p SELECT i, 4 FROM generate_series(1, 6) i;
SELECT * FROM pg_temp.seen('trap_partition.p4');
-- and in a function, a transaction rolled back and one that is not
DO $$ BEGIN EXECUTE 'CREATE TABLE p5 PARTITION OF p FOR VALUES IN (5)'; END $$;
BEGIN;
CREATE TABLE p6 PARTITION OF p FOR VALUES IN (6);
ROLLBACK;
SELECT count(*) FROM pg_temp.gates();
-- where identifiers are always quoted
SET quote_all_identifiers = on;
CREATE TABLE p7 PARTITION OF p FOR VALUES IN (7);
RESET quote_all_identifiers;
SELECT * FROM pg_temp.gates() WHERE relation = 'p7';

-- attached; a whole tree of it; its columns may stand in another order
CREATE TABLE late (k int, other text, id int) PARTITION BY LIST (k);
ALTER TABLE late DROP COLUMN other;
CREATE TABLE late_8 PARTITION OF late FOR VALUES IN (8);
INSERT INTO late SELECT 8, i FROM generate_series(1, 6) i;
ANALYZE late;
SELECT * FROM pg_temp.seen('late', 'late_8');
ALTER TABLE p ATTACH PARTITION late FOR VALUES IN (8);
SELECT * FROM pg_temp.gates() WHERE relation LIKE 'late%';
SELECT * FROM pg_temp.seen('late', 'late_8');
-- detached, the gate stays until it is taken off
ALTER TABLE p DETACH PARTITION late;
SELECT * FROM pg_temp.seen('late', 'late_8');
SELECT consent_profiling.unprotect('late');
SELECT * FROM pg_temp.seen('late', 'late_8');
DROP TABLE late;
-- a foreign table cannot be gated, so it does not become a partition
CREATE FOREIGN DATA WRAPPER trap_partition;
CREATE SERVER trap_partition FOREIGN DATA WRAPPER trap_partition;
CREATE FOREIGN TABLE p9 PARTITION OF p FOR VALUES IN (9) SERVER trap_partition;
CREATE FOREIGN TABLE p9 (id int, k int) SERVER trap_partition;
ALTER TABLE p ATTACH PARTITION p9 FOR VALUES IN (9);
DROP FOREIGN DATA WRAPPER trap_partition CASCADE;

-- calling again reaches all of them; a partition's own gate is left alone
SELECT consent_profiling.protect('p1', 'k', '{regress_analyst}');
SELECT * FROM pg_temp.seen('p', 'p1');
SELECT consent_profiling.protect('p', 'id', '{regress_analyst,regress_app}');
SELECT * FROM pg_temp.gates();
SELECT consent_profiling.unprotect('p2_2');
-- other forms of ALTER TABLE change nothing; row security stays on
ALTER TABLE p ADD COLUMN more text;
ALTER TABLE p RENAME COLUMN id TO subject;
ALTER TABLE p DISABLE ROW LEVEL SECURITY;
ALTER TABLE p1 DISABLE ROW LEVEL SECURITY;
CREATE TABLE p10 PARTITION OF p FOR VALUES IN (10);
SELECT count(*), count(DISTINCT subject_column) FROM pg_temp.gates();
SELECT bool_and(relrowsecurity) FROM pg_class WHERE relname ~ '^p\d';
SELECT consent_profiling.unprotect('p');
SELECT * FROM pg_temp.gates();
SELECT bool_or(relrowsecurity) FROM pg_class WHERE relname ~ '^p\d';
DROP TABLE p;
DROP SCHEMA trap_partition CASCADE;

-- under an isolation level that keeps its snapshot
CREATE TABLE p (id int, k int) PARTITION BY LIST (k);
SELECT consent_profiling.protect('p', 'id', '{regress_analyst}');
SET default_transaction_isolation = serializable;
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1);
CREATE TABLE p2 (LIKE p);
ALTER TABLE p ATTACH PARTITION p2 FOR VALUES IN (2);
INSERT INTO p VALUES (1, 1), (3, 1), (2, 2), (4, 2);
SELECT * FROM pg_temp.seen('p', 'p1', 'p2');
SELECT consent_profiling.protect('p', 'id', '{regress_analyst}');
RESET default_transaction_isolation;

-- the parent's owner is not the partition's, who is gated and so FORCEd
ALTER TABLE p2 OWNER TO regress_analyst;
SELECT relname, relforcerowsecurity FROM pg_class WHERE relname IN ('p', 'p1', 'p2') ORDER BY 1;
SELECT * FROM pg_temp.seen('p2');
-- who owns a partition and not its parent cannot take the gate off by itself
SET ROLE regress_analyst;
DROP POLICY consent_profiling_id ON p2;
SELECT consent_profiling.unprotect('p2');
RESET ROLE;
SELECT * FROM pg_temp.seen('p', 'p2');
-- nor does calling again change it
SELECT consent_profiling.protect('p', 'id', '{regress_analyst}');
SELECT * FROM pg_temp.seen('p', 'p2');
-- a partition that is protected by itself is not where its parent is read
SELECT consent_profiling.unprotect('p');
SELECT consent_profiling.protect('p1', 'id', '{regress_analyst}');
SELECT * FROM pg_temp.seen('p', 'p1');
DROP TABLE p;

-- children by inheritance: before, after, and of two parents
CREATE TABLE mother (id int);
CREATE TABLE father (id int, boss int);
CREATE TABLE child () INHERITS (mother);
SELECT consent_profiling.protect('mother', 'id', '{regress_analyst}');
SELECT consent_profiling.protect('father', 'boss', '{regress_analyst}', 'profiling');
CREATE TABLE both_of_them () INHERITS (mother, father);
CREATE TABLE grandchild (id int, boss int);
ALTER TABLE grandchild INHERIT child;
SELECT * FROM pg_temp.gates();
INSERT INTO mother VALUES (1), (3);
INSERT INTO child VALUES (1), (3);
INSERT INTO grandchild VALUES (1, 3), (3, 1);
INSERT INTO both_of_them VALUES (1, 1), (3, 1), (1, 3);
SELECT * FROM pg_temp.seen('mother', 'child', 'grandchild', 'both_of_them');
ALTER TABLE both_of_them NO INHERIT mother;
SELECT * FROM pg_temp.seen('both_of_them');
-- a child with row security of its own keeps the gate of the other parent
CREATE TABLE heir (id int, boss int);
ALTER TABLE heir ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON heir USING (true);
ALTER TABLE heir INHERIT mother, INHERIT father;
INSERT INTO heir VALUES (1, 1), (3, 1), (1, 3);
ALTER TABLE father RENAME COLUMN boss TO chief;
SELECT * FROM pg_temp.gates() WHERE relation = 'heir';
SELECT * FROM pg_temp.seen('heir');
SELECT consent_profiling.unprotect('mother');
SELECT * FROM pg_temp.gates();
SELECT * FROM pg_temp.seen('heir', 'both_of_them', 'child');
SELECT consent_profiling.protect('mother', 'id', '{regress_analyst}', 'profiling');
SELECT consent_profiling.protect('father', 'id', '{regress_analyst}', 'profiling');
SELECT consent_profiling.protect('mother', 'id', '{regress_analyst}');
SELECT * FROM pg_temp.gates();
DROP TABLE mother, father CASCADE;

ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM regress_analyst;
\i :people_gone
