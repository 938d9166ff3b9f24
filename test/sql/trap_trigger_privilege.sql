-- TRIGGER on a protected table: a gated role's own trigger is given the rows
-- that the role may not see, and runs with the rights of the writer.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
CREATE ROLE regress_member;
GRANT regress_analyst TO regress_member;
CREATE TABLE t (id int, name text);
INSERT INTO t VALUES (1, 'Ada'), (4, 'a child');
GRANT SELECT ON t TO regress_analyst;
GRANT SELECT, UPDATE ON t TO regress_app;
-- GRANT ALL ON ALL TABLES IN SCHEMA brings TRIGGER along
GRANT ALL ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');

-- the trap
CREATE SCHEMA regress_loot AUTHORIZATION regress_analyst;
SET ROLE regress_analyst;
CREATE TABLE regress_loot.loot (writer name, line text);
CREATE FUNCTION regress_loot.spy() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
	INSERT INTO regress_loot.loot VALUES (session_user, NEW::text);
	RETURN NULL;
END
$$;
GRANT USAGE ON SCHEMA regress_loot TO PUBLIC;
CREATE TRIGGER spy AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION regress_loot.spy();
SELECT * FROM t;
SET ROLE regress_app;
UPDATE t SET name = name || '!' WHERE id = 4;
SET ROLE regress_analyst;
SELECT line FROM regress_loot.loot;
RESET ROLE;

-- without the privilege; protect says who has it: members, groups, everybody, not the owner and not who writes
REVOKE TRIGGER ON t FROM regress_analyst;
DROP TRIGGER spy ON t;
SET ROLE regress_analyst;
CREATE TRIGGER spy AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION regress_loot.spy();
RESET ROLE;
GRANT TRIGGER ON t TO regress_app;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
GRANT TRIGGER ON t TO regress_member;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SELECT consent_profiling.protect('t', 'id', '{regress_member}');
REVOKE TRIGGER ON t FROM regress_member;
GRANT TRIGGER ON t TO PUBLIC;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
DROP TABLE t;
CREATE TABLE t (id int, born date, consent consent_profiling.consent, objection consent_profiling.objection) PARTITION BY LIST (id);
CREATE TABLE t1 PARTITION OF t DEFAULT;
GRANT TRIGGER ON t1 TO regress_app;
SELECT consent_profiling.protect_columns('t', 'born', 'consent', 'objection', '{public}');
DROP TABLE t;
DROP OWNED BY regress_analyst;
DROP ROLE regress_member;
\i :people_gone
