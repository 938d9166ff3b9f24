-- attack_tracker_expressions: a trigger of track_subjects() evaluates the expressions
-- of the table's owner with the rights of the role that changes the table
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
DELETE FROM consent_profiling.choice; DELETE FROM consent_profiling.subject; :forget;
CREATE ROLE regress_dev;
CREATE ROLE regress_clerk;
GRANT CREATE ON SCHEMA public TO regress_dev;
SELECT consent_profiling.grant_duty('regress_dev', 'recorder');

SET ROLE regress_dev;
CREATE FUNCTION spy(int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
	-- with a superuser's rights it could as well ALTER ROLE regress_dev SUPERUSER
	PERFORM set_config('spy.ran_as', (SELECT string_agg(DISTINCT r, ' ' ORDER BY r)
		FROM unnest(string_to_array(current_setting('spy.ran_as', true), ' ') || current_user::text) r), false);
	RETURN $1;
END $$;
-- by the generated key of a row that moves to another partition, and by the partition's
-- own condition
CREATE TABLE tracked (region int, raw int, born date, id int GENERATED ALWAYS AS (spy(raw)) STORED) PARTITION BY LIST ((spy(region)));
CREATE TABLE tracked_1 PARTITION OF tracked FOR VALUES IN (1);
CREATE TABLE tracked_2 PARTITION OF tracked FOR VALUES IN (2);
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
-- a trigger that was made by hand, on a column of a type of one's own
CREATE DOMAIN key AS text CHECK (spy(length(VALUE)) > 0);
CREATE TABLE by_hand (id key, born date);
CREATE TRIGGER by_hand AFTER INSERT OR UPDATE OF id, born ON by_hand FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change();
GRANT SELECT, INSERT, UPDATE ON tracked, by_hand TO regress_clerk;
SET ROLE regress_clerk;
SET spy.ran_as = '';
INSERT INTO tracked (region, raw, born) VALUES (1, 7, '1980-01-01');
UPDATE tracked SET region = 2, raw = 8;
INSERT INTO by_hand VALUES ('crm:9', '1980-01-01');
UPDATE by_hand SET id = 'crm:10';
RESET ROLE;
SELECT current_setting('spy.ran_as');
-- and the registry is kept in step, by a clerk without a duty
SELECT id, birth_date FROM consent_profiling.subject ORDER BY id;
SELECT act, subject, session_role = session_user, caller FROM consent_profiling.event WHERE subject IS NOT NULL ORDER BY id;
SET ROLE regress_clerk;
SELECT consent_profiling.register_subject(9);
SELECT consent_profiling.sync_subjects_batch(1, '{9}', '{1980-01-01}');
RESET ROLE;

DROP TABLE tracked, by_hand;
DROP DOMAIN key;
DROP FUNCTION spy;
REVOKE CREATE ON SCHEMA public FROM regress_dev;
SELECT consent_profiling.revoke_duty('regress_dev', 'recorder');
DROP ROLE regress_dev, regress_clerk;
DELETE FROM consent_profiling.subject; :forget;
