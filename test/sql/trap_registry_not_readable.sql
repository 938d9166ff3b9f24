-- the gate reads a registry that the gated cannot read
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int);
INSERT INTO t SELECT generate_series(1, 6);
GRANT SELECT ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
ANALYZE consent_profiling.subject;
GRANT CREATE ON SCHEMA public TO regress_analyst;
SET ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
SELECT count(*) FROM consent_profiling.subject;
SELECT count(*) FROM consent_profiling.choice;
SELECT count(*) FROM consent_profiling.event;
SELECT count(*) FROM consent_profiling.purpose;
SELECT last_value FROM consent_profiling.event_id_seq;
SELECT count(*) FROM pg_stats WHERE schemaname = 'consent_profiling';
COPY consent_profiling.subject TO STDOUT;
TABLE consent_profiling.choice;
-- nor write, nor hang something on it
INSERT INTO consent_profiling.choice (subject, purpose, consent) VALUES (5, 'profiling', 'given at 2020-01-01T00:00:00Z');
UPDATE consent_profiling.subject SET birth_date = '1980-01-01';
DELETE FROM consent_profiling.event;
TRUNCATE consent_profiling.choice;
CREATE TRIGGER mine AFTER INSERT ON consent_profiling.event EXECUTE FUNCTION tsvector_update_trigger();
CREATE RULE mine AS ON INSERT TO consent_profiling.choice DO INSTEAD NOTHING;
CREATE POLICY mine ON consent_profiling.purpose USING (true);
ALTER TABLE consent_profiling.subject DISABLE ROW LEVEL SECURITY;
BEGIN;
LOCK TABLE consent_profiling.subject IN ACCESS EXCLUSIVE MODE;
ROLLBACK;
CREATE TABLE mine (id consent_profiling.subject_id REFERENCES consent_profiling.subject);
CREATE INDEX ON consent_profiling.choice (consent);
-- nor record, nor ask why
SELECT consent_profiling.give_consent(5, 'profiling');
SELECT consent_profiling.withdraw_objection(3, 'profiling');
SELECT consent_profiling.register_subject(6, '1980-01-01');
SELECT consent_profiling.verdict_of(3);
SELECT * FROM consent_profiling.explain_verdict(3);
-- nor change what decides
CREATE FUNCTION consent_profiling.may_profile(numeric) RETURNS boolean LANGUAGE sql RETURN true;
CREATE OR REPLACE FUNCTION consent_profiling.ungated() RETURNS boolean LANGUAGE sql RETURN true;
ALTER FUNCTION consent_profiling.may_profile(int) IMMUTABLE;
ALTER EXTENSION consent_profiling DROP FUNCTION consent_profiling.ungated();
ALTER EVENT TRIGGER consent_profiling_gate_descendants DISABLE;
DROP EXTENSION consent_profiling CASCADE;
DROP POLICY consent_profiling_id ON t;
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
SET session_replication_role = replica;
-- what is internal is not to be called, or goes no further than its caller's rights
SELECT consent_profiling.add_gate('t', '{id}', NULL, '{0}');
SELECT consent_profiling.switch_on('t');
SELECT consent_profiling.close_protected();
SELECT consent_profiling.allow_purpose('regress_analyst', 'profiling');
SELECT consent_profiling.disallow_purpose('public', 'profiling');
SELECT consent_profiling.lock_relation('consent_profiling.subject');
SELECT consent_profiling.descendants_now('t'::regclass) = ARRAY['t'::regclass::oid] AS itself,
	cardinality(consent_profiling.policies_now('t'::regclass)) AS policies;
SELECT consent_profiling.close_before_drop();
SELECT consent_profiling.concerns_gates(NULL);
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM regress_analyst;
DROP TABLE t;
\i :people_gone
