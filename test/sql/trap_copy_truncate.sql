-- COPY TO is filtered, COPY FROM refused; TRUNCATE knows no policies
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int, name text);
INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 6) i;
GRANT ALL ON t TO regress_analyst, regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
-- row security refuses COPY FROM to everybody but those whom it does not concern,
-- so that applications that load by COPY must own the table, or use INSERT
SET ROLE regress_app;
COPY t TO STDOUT;
COPY t FROM STDIN;
7	n7
\.
SET ROLE regress_analyst;
COPY t TO STDOUT;
COPY t (name) TO STDOUT;
COPY (SELECT name FROM t ORDER BY id DESC) TO STDOUT (FORMAT csv, HEADER);
COPY (DELETE FROM t WHERE id = 3 RETURNING *) TO STDOUT;
COPY t FROM STDIN;
7	n7
\.
SET row_security = off;
COPY t TO STDOUT;
RESET row_security;
-- partitions, the same, by either name
RESET ROLE;
CREATE TABLE p (id int) PARTITION BY LIST (id);
CREATE TABLE p1 PARTITION OF p FOR VALUES IN (1, 3);
INSERT INTO p VALUES (1), (3);
GRANT ALL ON p, p1 TO regress_analyst;
SELECT consent_profiling.protect('p', 'id', '{regress_analyst}');
SET ROLE regress_analyst;
COPY (SELECT * FROM p) TO STDOUT;
COPY p1 TO STDOUT;
-- the trap: whoever was granted TRUNCATE empties the table, hidden rows and all
TRUNCATE t;
RESET ROLE;
SELECT count(*) FROM t;
REVOKE TRUNCATE ON p FROM regress_analyst;
SET ROLE regress_analyst;
TRUNCATE p;
RESET ROLE;
DROP TABLE t, p;
\i :people_gone
