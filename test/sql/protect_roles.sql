-- Several roles, several purposes: a second protect does not open the table.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
SET search_path = public, consent_profiling;
CREATE ROLE regress_both;
CREATE ROLE regress_group;
GRANT regress_group TO regress_app;
SELECT add_purpose('p1'), add_purpose('p2');
SELECT allow_purpose(r::name, p) FROM unnest('{regress_analyst,regress_group,regress_both}'::text[]) r, unnest('{p1,p2}'::text[]) p;
-- 1 may be profiled for p1, 2 for p2, 11 for both
DO $$
BEGIN
	PERFORM register_subject(11, '1980-01-01');
	PERFORM give_consent(1, 'p1'), give_consent(11, 'p1'), give_consent(2, 'p2'), give_consent(11, 'p2');
END
$$;
CREATE TABLE t (id int, other int);
INSERT INTO t VALUES (1, 1), (2, 2), (3, 3), (11, 11);
GRANT SELECT ON t TO PUBLIC;
CREATE FUNCTION pg_temp.seen(tab text DEFAULT 't') RETURNS TABLE (role text, ids text) LANGUAGE plpgsql AS $$
BEGIN
	FOREACH role IN ARRAY '{regress_analyst,regress_app,regress_both}'::text[] LOOP
		EXECUTE format('SET LOCAL ROLE %I', role);
		EXECUTE format('SELECT string_agg(id::text, '' '' ORDER BY id) FROM %s', tab) INTO ids;
		RESET ROLE;
		RETURN NEXT;
	END LOOP;
END
$$;
CREATE FUNCTION pg_temp.gates() RETURNS TABLE (relation text, by name, purpose text, roles name[], intact boolean) LANGUAGE sql AS
	'SELECT relation::text, coalesce(subject_column, birth_date_column), purpose, roles, intact FROM protected_table ORDER BY 1, 2, 3';

-- the attack: protect for another role and another purpose
SELECT protect('t', 'id', '{regress_analyst}', 'p1');
SELECT protect('t', 'id', '{regress_group}', 'p2');
SELECT * FROM pg_temp.gates();
SELECT * FROM pg_temp.seen();
-- a member of both passes both gates
GRANT regress_analyst, regress_group TO regress_both;
SELECT * FROM pg_temp.seen() WHERE role = 'regress_both';
-- for a role named again the second call replaces, and says so; the other stays
SELECT protect('t', 'id', '{regress_analyst}', 'p2');
SELECT * FROM pg_temp.seen();
SELECT protect('t', 'id', '{regress_analyst}', 'p1');
-- everybody, and one by name: the one has two gates, of which a call replaces those of the roles it names
SELECT protect('t', 'id', '{public}', 'profiling');
SELECT * FROM pg_temp.gates();
SELECT * FROM pg_temp.seen();
SELECT protect('t', 'id', '{public,regress_group}', 'profiling');
SELECT * FROM pg_temp.gates();
-- gates of some roles are taken off, the others hold
SELECT unprotect('t', '{public}');
SELECT * FROM pg_temp.seen();
SELECT unprotect('t', '{regress_app}');
SELECT unprotect('t', '{regress_analyst}');
SELECT * FROM pg_temp.gates();
SELECT relrowsecurity FROM pg_class WHERE oid = 't'::regclass;
-- a policy by hand for several roles: those that are not named keep it
CREATE POLICY two ON t AS RESTRICTIVE TO regress_analyst, regress_group USING (may_profile(id, 'p1'));
SELECT unprotect('t', '{regress_group}');
SELECT * FROM pg_temp.gates();
CREATE POLICY more ON t AS RESTRICTIVE TO regress_group, regress_analyst USING (may_profile(other, 'p1'));
SELECT protect('t', 'other', '{regress_group}', 'p2');
SELECT * FROM pg_temp.gates();
SELECT unprotect('t');
DROP TABLE t;

-- column mode
CREATE TABLE t (id int, born date, consent consent, objection objection);
SELECT protect_columns('t', 'born', 'consent', 'objection', '{regress_analyst}');
SELECT protect_columns('t', 'born', 'consent', 'objection', '{regress_group}');
SELECT * FROM pg_temp.gates();
DROP TABLE t;

-- partitions and children, now and later
CREATE TABLE t (id int, k int) PARTITION BY LIST (k);
CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1);
SELECT protect('t', 'id', '{regress_analyst}', 'p1');
SELECT protect('t', 'id', '{regress_group}', 'p2');
CREATE TABLE t2 PARTITION OF t FOR VALUES IN (2);
SELECT * FROM pg_temp.gates();
INSERT INTO t SELECT id, k FROM unnest('{1,2,3,11}'::int[]) id, unnest('{1,2}'::int[]) k;
GRANT SELECT ON t, t1, t2 TO PUBLIC;
SELECT * FROM pg_temp.seen('t1');
SELECT * FROM pg_temp.seen('t2');
SELECT unprotect('t1', '{regress_group}');
SELECT unprotect('t', '{regress_group}');
CREATE TABLE t3 PARTITION OF t FOR VALUES IN (3);
SELECT * FROM pg_temp.gates();
SELECT * FROM pg_temp.seen('t2');
-- a role that no gate is for may be taken off a partition
SELECT unprotect('t1', '{regress_group}');
SELECT unprotect('t', '{regress_analyst}');
SELECT relname, relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies FROM pg_class c WHERE relname ~ '^t\d?$' ORDER BY 1;
-- wrong roles
SELECT unprotect('t', NULL);
SELECT unprotect('t', '{}');
SELECT unprotect('t', '{regress_nobody}');
SET ROLE regress_app;
SELECT unprotect('t', '{regress_analyst}');
RESET ROLE;
DROP TABLE t;

SELECT disallow_purpose(r::name, p) FROM unnest('{regress_analyst,regress_group,regress_both}'::text[]) r, unnest('{p1,p2}'::text[]) p;
DELETE FROM choice WHERE subject::text IN ('1', '2', '11');
DELETE FROM subject WHERE id::text = '11';
SELECT drop_purpose('p1'), drop_purpose('p2');
DROP ROLE regress_both, regress_group;
\i :people_gone
