-- SECURITY DEFINER functions and materialized views show everything
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
GRANT SELECT ON t TO regress_app, regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
GRANT CREATE ON SCHEMA public TO regress_app, regress_analyst;
SET ROLE regress_app;
CREATE FUNCTION as_app() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER RETURN (SELECT count(*) FROM public.t);
CREATE FUNCTION as_caller() RETURNS bigint LANGUAGE sql STABLE RETURN (SELECT count(*) FROM public.t);
RESET ROLE;
CREATE MATERIALIZED VIEW copied AS SELECT * FROM t;
GRANT SELECT ON copied TO regress_analyst;
SET ROLE regress_analyst;
CREATE FUNCTION as_analyst() RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER RETURN (SELECT count(*) FROM public.t);
-- the trap
SELECT as_app(), (SELECT count(*) FROM copied);
-- closed
SELECT as_caller(), as_analyst();
-- called by somebody else, the analyst's function still runs as the analyst
SET ROLE regress_app;
SELECT as_app(), as_caller(), as_analyst();
-- in one query, both ways
SET ROLE regress_analyst;
SELECT as_app(), (SELECT count(*) FROM t), as_analyst();
-- a materialized view of the analyst's own holds what the analyst may see; it is a copy
CREATE MATERIALIZED VIEW own AS SELECT * FROM t;
SELECT count(*) FROM own;
RESET ROLE;
SELECT count(consent_profiling.withdraw_consent(1, 'profiling'));
SET ROLE regress_analyst;
SELECT (SELECT count(*) FROM t) AS gated, (SELECT count(*) FROM own) AS copy;
REFRESH MATERIALIZED VIEW own;
SELECT (SELECT count(*) FROM t) AS gated, (SELECT count(*) FROM own) AS copy;
RESET ROLE;
SELECT consent_profiling.protect('copied', 'id', '{regress_analyst}');
DROP TABLE t CASCADE;
REVOKE CREATE ON SCHEMA public FROM regress_app, regress_analyst;
\i :people_gone
