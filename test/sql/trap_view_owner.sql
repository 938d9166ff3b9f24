-- a view runs with its owner's rights, unless it is security_invoker
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int, name text);
INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 6) i;
GRANT SELECT ON t TO regress_app, regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
GRANT CREATE ON SCHEMA public TO regress_app, regress_analyst;
SET ROLE regress_app;
CREATE VIEW of_app AS SELECT * FROM t;
CREATE VIEW of_app_invoker WITH (security_invoker = true) AS SELECT * FROM t;
CREATE VIEW of_app_barrier WITH (security_barrier = true) AS SELECT * FROM t;
CREATE VIEW of_app_over_invoker AS SELECT * FROM of_app_invoker;
GRANT SELECT ON of_app, of_app_invoker, of_app_barrier, of_app_over_invoker TO regress_analyst;
SET ROLE regress_analyst;
CREATE VIEW of_analyst AS SELECT * FROM t;
CREATE VIEW of_analyst_invoker WITH (security_invoker = true) AS SELECT * FROM t;
CREATE VIEW of_analyst_over_app AS SELECT * FROM of_app_invoker;
GRANT SELECT ON of_analyst, of_analyst_invoker, of_analyst_over_app TO regress_app;
-- the trap: through a view of somebody who is not gated all is seen
SELECT (SELECT count(*) FROM of_app) AS of_app, (SELECT count(*) FROM of_app_barrier) AS barrier;
-- closed: asks with the reader's rights, or with those of a gated owner
SELECT (SELECT count(*) FROM of_app_invoker) AS of_app_invoker, (SELECT count(*) FROM of_analyst) AS of_analyst,
	(SELECT count(*) FROM of_analyst_invoker) AS of_analyst_invoker,
	(SELECT count(*) FROM of_analyst_over_app) AS of_analyst_over_app;
-- an invoker's view asks with the reader's rights beneath another view, too
SELECT count(*) FROM of_app_over_invoker;
SET ROLE regress_app;
SELECT (SELECT count(*) FROM of_app_invoker) AS of_app_invoker, (SELECT count(*) FROM of_analyst) AS of_analyst,
	(SELECT count(*) FROM of_analyst_invoker) AS of_analyst_invoker,
	(SELECT count(*) FROM of_analyst_over_app) AS of_analyst_over_app;
-- writing goes the same way
RESET ROLE;
GRANT UPDATE, INSERT ON t, of_app_invoker TO regress_analyst;
SET ROLE regress_analyst;
UPDATE of_app_invoker SET name = upper(name) RETURNING id;
INSERT INTO of_app_invoker VALUES (3, 'again');
RESET ROLE;
-- protecting the view itself is refused, with the remedy; applying it works
SELECT consent_profiling.protect('of_app', 'id', '{regress_analyst}');
ALTER VIEW of_app SET (security_invoker = true);
SET ROLE regress_analyst;
SELECT count(*) FROM of_app;
RESET ROLE;
DROP TABLE t CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_app, regress_analyst;
\i :people_gone
