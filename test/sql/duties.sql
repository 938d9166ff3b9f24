-- duties: what a recorder and an officer may call, and nothing else
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
CREATE ROLE regress_both;
CREATE ROLE regress_nobody;
-- what a role may do in the schema beyond what everybody may
CREATE VIEW duties AS
	SELECT r.rolname AS role, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS "right"
		FROM pg_roles r, pg_proc p
		WHERE r.rolname LIKE 'regress\_%' AND p.pronamespace = 'consent_profiling'::regnamespace
			AND has_function_privilege(r.oid, p.oid, 'EXECUTE')
			AND NOT has_function_privilege('regress_nobody', p.oid, 'EXECUTE')
	UNION ALL
	SELECT r.rolname, t || ' ON ' || c.relname
		FROM pg_roles r, pg_class c, unnest('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}'::text[]) t
		WHERE r.rolname LIKE 'regress\_%' AND c.relnamespace = 'consent_profiling'::regnamespace AND c.relkind IN ('r', 'v')
			AND has_table_privilege(r.oid, c.oid, t)
			AND NOT has_table_privilege('regress_nobody', c.oid, t)
	UNION ALL
	SELECT r.rolname, t || ' ON ' || c.relname
		FROM pg_roles r, pg_class c, unnest('{USAGE,SELECT,UPDATE}'::text[]) t
		WHERE r.rolname LIKE 'regress\_%' AND c.relnamespace = 'consent_profiling'::regnamespace AND c.relkind = 'S'
			AND has_sequence_privilege(r.oid, c.oid, t);
SELECT * FROM duties;

SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');
SELECT * FROM duties ORDER BY role, "right" COLLATE "C";
-- again is harmless; both make up the two
SELECT grant_duty('regress_recorder', 'recorder');
SELECT grant_duty('regress_both', 'recorder'), grant_duty('regress_both', 'officer');
SELECT count(*), (SELECT count(*) FROM duties WHERE role IN ('regress_recorder', 'regress_officer')) FROM duties WHERE role = 'regress_both';

-- the officer reads the history, and cannot change it
SELECT register_subject('d', '1980-01-01');
SET ROLE regress_officer;
SELECT act, subject FROM event WHERE subject = 'd';
DELETE FROM event;
UPDATE event SET act = 'x';
INSERT INTO event (act) VALUES ('x');
TRUNCATE event;
SELECT * FROM subject;
SELECT verdict_of('d'), explain_verdict('d') IS NOT NULL;
-- and all that is to be read, whatever its path
SET search_path = pg_catalog;
SELECT count(*) FROM consent_profiling.erasure_due, consent_profiling.restriction, consent_profiling.request_overdue,
	consent_profiling.notification_due, consent_profiling.review, consent_profiling.seal, consent_profiling.request,
	consent_profiling.recipient, consent_profiling.disclosure, consent_profiling.controller, consent_profiling.notice;
SET search_path = public, consent_profiling;
-- and does not pass the duty on
SELECT grant_duty('regress_nobody', 'officer');
GRANT SELECT ON event TO regress_nobody;
RESET ROLE;

-- a member of a role with a duty has it; a rename keeps it
GRANT regress_recorder TO regress_nobody;
SET ROLE regress_nobody;
SELECT register_subject('d');
RESET ROLE;
REVOKE regress_recorder FROM regress_nobody;
ALTER ROLE regress_recorder RENAME TO regress_clerk;
SET ROLE regress_clerk;
SELECT register_subject('d');
RESET ROLE;

-- who has a duty is not dropped by the way
\set VERBOSITY terse
DROP ROLE regress_clerk;
\set VERBOSITY default
-- taken back, nothing is left, and the other duty stays
SELECT revoke_duty('regress_both', 'recorder');
SELECT count(*) = (SELECT count(*) FROM duties WHERE role = 'regress_officer') FROM duties WHERE role = 'regress_both';
SELECT revoke_duty('regress_both', 'officer'), revoke_duty('regress_clerk', 'recorder'), revoke_duty('regress_officer', 'officer');
SELECT revoke_duty('regress_nobody', 'officer');
SELECT * FROM duties;
-- DROP OWNED takes it back too
SELECT grant_duty('regress_officer', 'officer');
DROP OWNED BY regress_officer;
SELECT * FROM duties;

DROP VIEW duties;
DROP ROLE regress_clerk, regress_officer, regress_both, regress_nobody;
DELETE FROM subject; :forget;
