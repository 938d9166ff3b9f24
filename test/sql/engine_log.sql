-- What keeps the log of changes complete, and what is asked when it is not: the
-- gate says the same as verdict_of() all the time, in a session that has a set.

SELECT consent_profiling.add_purpose('el_news', basis => 'legitimate_interests');
CREATE TABLE el_person AS SELECT generate_series(60000001, 60002000) AS id;
CREATE VIEW el_seen AS
	SELECT count(*) FILTER (WHERE consent_profiling.may_profile(id, 'el_news')) AS permitted,
		count(*) FILTER (WHERE consent_profiling.may_profile(id, 'el_news')
			<> (consent_profiling.verdict_of(id, 'el_news') = 'permitted')) AS wrong
	FROM el_person;
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM el_person');
SELECT count(consent_profiling.raise_objection(id, 'el_news')) FROM el_person WHERE id <= 60000100;
SELECT * FROM el_seen;
SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'el_news';

-- As pg_restore --data-only --disable-triggers does it. Meanwhile nothing is
-- logged, and nothing that was found out before is trusted.
ALTER TABLE consent_profiling.choice DISABLE TRIGGER ALL;
DELETE FROM consent_profiling.choice WHERE purpose = 'el_news' AND subject OPERATOR(consent_profiling.<=) 60000050;
SELECT * FROM el_seen;
DELETE FROM consent_profiling.choice WHERE purpose = 'el_news' AND subject OPERATOR(consent_profiling.<=) 60000060;
SELECT * FROM el_seen;
ALTER TABLE consent_profiling.choice ENABLE TRIGGER ALL;
SELECT * FROM el_seen;
SELECT DISTINCT tgrelid::regclass, tgname, tgenabled FROM pg_trigger
	WHERE tgname LIKE 'log\_change%' ORDER BY 1, 2;

-- One trigger is enough to miss changes.
ALTER TABLE consent_profiling.subject DISABLE TRIGGER log_change;
UPDATE consent_profiling.subject SET restricted_at = clock_timestamp(), restriction_grounds = '{disputed}'
	WHERE id OPERATOR(consent_profiling.=) 60002000::bigint::consent_profiling.subject_id;
SELECT * FROM el_seen;
ALTER TABLE consent_profiling.subject ENABLE REPLICA TRIGGER log_change;
SELECT * FROM el_seen;
SELECT tgenabled FROM pg_trigger
	WHERE tgrelid = 'consent_profiling.subject'::regclass AND tgname = 'log_change';

-- A replica logs like anybody.
SET session_replication_role = replica;
UPDATE consent_profiling.purpose SET basis = 'consent' WHERE name = 'el_news';
RESET session_replication_role;
SELECT * FROM el_seen;
UPDATE consent_profiling.purpose SET basis = 'contract' WHERE name = 'el_news';
SELECT * FROM el_seen;

-- A rewritten table would look empty to older snapshots.
ALTER TABLE consent_profiling.choice ADD COLUMN noise float8 DEFAULT random();
ALTER TABLE consent_profiling.subject ADD COLUMN noise float8 DEFAULT random();
SELECT * FROM el_seen;

-- Who owns the database is a matter of its own catalog, and of rights all the same.
CREATE ROLE regress_el_owner;
SELECT current_database() AS database, current_user AS owner \gset
SELECT consent_profiling.allow_purpose('pg_database_owner', 'el_news');
ALTER DATABASE :"database" OWNER TO regress_el_owner;
SET ROLE regress_el_owner;
SELECT consent_profiling.may_profile(60001999, 'el_news');
RESET ROLE;
ALTER DATABASE :"database" OWNER TO :"owner";
SET ROLE regress_el_owner;
SELECT consent_profiling.may_profile(60001999, 'el_news');
RESET ROLE;
SELECT consent_profiling.disallow_purpose('pg_database_owner', 'el_news');
DROP ROLE regress_el_owner;

DROP VIEW el_seen;
DELETE FROM consent_profiling.choice WHERE purpose = 'el_news';
DELETE FROM consent_profiling.subject s USING el_person p
	WHERE s.id OPERATOR(consent_profiling.=) p.id::bigint::consent_profiling.subject_id;
SELECT consent_profiling.drop_purpose('el_news');
DROP TABLE el_person;
