-- copies outlive a withdrawal: CREATE TABLE AS, temporary tables, WITH HOLD
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
GRANT SELECT ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SET ROLE regress_analyst;
-- a copy holds those who were permitted when it was made
CREATE TEMP TABLE copied AS SELECT * FROM t;
SELECT * INTO TEMP selected FROM t;
CREATE TEMP TABLE liked (LIKE t INCLUDING ALL);
INSERT INTO liked SELECT * FROM t;
BEGIN;
DECLARE held CURSOR WITH HOLD FOR SELECT * FROM t ORDER BY id;
FETCH 1 FROM held;
COMMIT;
RESET ROLE;
SELECT count(consent_profiling.withdraw_consent(2, 'profiling'));
SET ROLE regress_analyst;
-- the trap
FETCH ALL FROM held;
SELECT (SELECT count(*) FROM copied) AS copied, (SELECT count(*) FROM selected) AS selected,
	(SELECT count(*) FROM liked) AS liked, (SELECT count(*) FROM t) AS t;
-- what helps is to protect the copy, as its owner can, or to join it with its source
SELECT consent_profiling.protect('copied', 'id', '{regress_analyst}');
SELECT (SELECT count(*) FROM copied) AS copied, (SELECT count(*) FROM selected JOIN t USING (id)) AS joined;
CLOSE held;
DROP TABLE copied, selected, liked;
RESET ROLE;
DROP TABLE t;
\i :people_gone
