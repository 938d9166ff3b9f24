-- trap_change_log: a superuser takes lines out of the log by which queries learn
-- who has changed since the set was made, and a withdrawal among them. Whatever
-- the way, the gate says the same as verdict_of(), in a session that has a set.

CREATE DATABASE regress_tcl TEMPLATE template0;
\set home :DBNAME
\c regress_tcl
SET client_min_messages = warning;
CREATE EXTENSION consent_profiling;
CREATE ROLE regress_tcl_analyst;
CREATE TABLE tcl_person AS SELECT id::bigint AS id FROM generate_series(1, 2000) id;
GRANT SELECT ON tcl_person TO regress_tcl_analyst;
\t on
\o /dev/null
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM tcl_person');
SELECT consent_profiling.import_consents('SELECT id AS subject, ''profiling'' AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM tcl_person');
SELECT consent_profiling.protect('tcl_person', 'id', ARRAY['regress_tcl_analyst'::name]);
\o
ANALYZE consent_profiling.subject;
CREATE FUNCTION seen() RETURNS text LANGUAGE sql SET role = regress_tcl_analyst
	AS $$ SELECT count(*) || ' seen' FROM tcl_person $$;
CREATE FUNCTION permitted() RETURNS text LANGUAGE sql
	AS $$ SELECT count(*) FILTER (WHERE consent_profiling.verdict_of(id) = 'permitted') || ' permitted' FROM tcl_person $$;
CREATE VIEW answers AS SELECT seen(), permitted(), (SELECT has_set FROM consent_profiling.engine_stats());
SELECT * FROM answers;

-- By hand nothing is taken out, not even by a superuser who acts for replication.
SELECT FROM consent_profiling.withdraw_consent(1);
TRUNCATE consent_profiling.change;
DELETE FROM consent_profiling.change;
UPDATE consent_profiling.change SET xid = '3';
UPDATE consent_profiling.change SET subject = 'another key';
SET session_replication_role = replica;
TRUNCATE consent_profiling.change;
DELETE FROM consent_profiling.change;
RESET session_replication_role;
SELECT * FROM answers;
-- what erasing needs: that anybody may have changed says no less
UPDATE consent_profiling.change SET subject = NULL;
SELECT consent_profiling.prune_change_log();
SELECT * FROM answers;

-- With the triggers disabled, in steps
SELECT FROM consent_profiling.withdraw_consent(2);
ALTER TABLE consent_profiling.change DISABLE TRIGGER keep_change;
DELETE FROM consent_profiling.change;
SELECT * FROM answers;
SELECT FROM consent_profiling.withdraw_consent(3);
DELETE FROM consent_profiling.change;
SELECT * FROM answers;
ALTER TABLE consent_profiling.change ENABLE TRIGGER ALL;
SELECT * FROM answers;
SELECT * FROM answers;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'consent_profiling.change'::regclass ORDER BY 1;

-- in one transaction, which asks nothing
SELECT FROM consent_profiling.withdraw_consent(4);
BEGIN;
ALTER TABLE consent_profiling.change DISABLE TRIGGER ALL;
DELETE FROM consent_profiling.change;
ALTER TABLE consent_profiling.change ENABLE TRIGGER ALL;
COMMIT;
SELECT * FROM answers;
SELECT * FROM answers;

-- and where the event trigger that repairs the triggers is disabled, too
SELECT FROM consent_profiling.withdraw_consent(5);
ALTER EVENT TRIGGER consent_profiling_keep_log DISABLE;
BEGIN;
ALTER TABLE consent_profiling.change DISABLE TRIGGER ALL;
TRUNCATE consent_profiling.change;
ALTER TABLE consent_profiling.change ENABLE ALWAYS TRIGGER keep_change, ENABLE ALWAYS TRIGGER keep_changes;
COMMIT;
SELECT * FROM answers;
SELECT FROM consent_profiling.withdraw_consent(6);
BEGIN;
ALTER TABLE consent_profiling.choice DISABLE TRIGGER log_change;
DELETE FROM consent_profiling.choice WHERE subject::text = '7';
ALTER TABLE consent_profiling.choice ENABLE ALWAYS TRIGGER log_change;
COMMIT;
SELECT * FROM answers;
ALTER TABLE consent_profiling.change DISABLE TRIGGER keep_changes;
SELECT FROM consent_profiling.withdraw_consent(8);
TRUNCATE consent_profiling.change;
SELECT * FROM answers;
ALTER TABLE consent_profiling.change ENABLE REPLICA TRIGGER keep_changes;
SELECT * FROM answers;
ALTER TABLE consent_profiling.change ENABLE ALWAYS TRIGGER keep_changes;
ALTER EVENT TRIGGER consent_profiling_keep_log ENABLE ALWAYS;
SELECT * FROM answers;

-- The triggers dropped, and made again
SELECT FROM consent_profiling.withdraw_consent(9);
DROP TRIGGER keep_change ON consent_profiling.change;
DELETE FROM consent_profiling.change;
SELECT * FROM answers;
CREATE TRIGGER keep_change BEFORE UPDATE OR DELETE ON consent_profiling.change
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.keep_change();
ALTER TABLE consent_profiling.change ENABLE ALWAYS TRIGGER keep_change;
SELECT * FROM answers;

-- Written again
SELECT FROM consent_profiling.withdraw_consent(10);
VACUUM FULL consent_profiling.change;
SELECT * FROM answers;
SELECT FROM consent_profiling.withdraw_consent(11);
CLUSTER consent_profiling.change USING change_xid_idx;
SELECT * FROM answers;
SELECT FROM consent_profiling.withdraw_consent(12);
ALTER TABLE consent_profiling.change SET UNLOGGED;
ALTER TABLE consent_profiling.change SET LOGGED;
SELECT * FROM answers;
ALTER TABLE consent_profiling.change ALTER xid TYPE text;

-- Another table in its place
SELECT FROM consent_profiling.withdraw_consent(13);
ALTER EVENT TRIGGER consent_profiling_keep_schema DISABLE;
BEGIN;
ALTER EXTENSION consent_profiling DROP TABLE consent_profiling.change;
DROP TABLE consent_profiling.change;
CREATE TABLE consent_profiling.change (xid xid8 NOT NULL, subject consent_profiling.subject_id);
CREATE INDEX change_xid_idx ON consent_profiling.change (xid);
COMMIT;
ALTER EVENT TRIGGER consent_profiling_keep_schema ENABLE ALWAYS;
SELECT * FROM answers;
SELECT FROM consent_profiling.withdraw_consent(14);
SELECT * FROM answers;
SELECT * FROM answers;

-- The trigger function guards nothing else.
CREATE TRIGGER keep_change BEFORE DELETE ON tcl_person
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.keep_change();
DELETE FROM tcl_person;

\t off
\c :home
DROP DATABASE regress_tcl;
DROP ROLE regress_tcl_analyst;
