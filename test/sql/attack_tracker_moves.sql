-- attack_tracker_moves: what denies follows a row, whatever triggers and partitions do
-- with it on its way, and no backend falls
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
DELETE FROM review; DELETE FROM choice; DELETE FROM subject; :forget;
SELECT add_purpose('tm', basis => 'legitimate_interests');

-- rows that never arrive in their new partition, among others that do
CREATE TABLE tm_part (id int, born date, k int) PARTITION BY LIST (k);
CREATE TABLE tm_part1 PARTITION OF tm_part FOR VALUES IN (1);
CREATE TABLE tm_part2 PARTITION OF tm_part FOR VALUES IN (2);
SELECT track_subjects('tm_part', 'id', 'born');
INSERT INTO tm_part SELECT i, '1980-01-01', 1 FROM generate_series(1, 200) i;
CREATE FUNCTION tm_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	RETURN CASE WHEN new.id % 2 = 0 THEN new END;
END $$;
CREATE TRIGGER refuse BEFORE INSERT ON tm_part2 FOR EACH ROW EXECUTE FUNCTION tm_refuse();
SELECT count(raise_objection(i, 'tm')) FROM generate_series(1, 200) i WHERE i % 4 = 0;
BEGIN;
UPDATE tm_part SET k = 2, id = id + 1000;
INSERT INTO tm_part VALUES (5000, '1980-01-01', 2), (5001, '1980-01-01', 1);
UPDATE tm_part SET k = 3 - k, id = id + 1000;
COMMIT;
SELECT verdict_of(id, 'tm'), count(*), min(id), max(id) FROM tm_part GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM tm_part WHERE (verdict_of(id, 'tm') = 'objected') <> (id < 3000 AND id % 4 = 0);

-- while a row is on its way, a trigger moves rows of another tracked table
CREATE TABLE tm_other (id int, born date, k int) PARTITION BY LIST (k);
CREATE TABLE tm_other1 PARTITION OF tm_other FOR VALUES IN (1);
CREATE TABLE tm_other2 PARTITION OF tm_other FOR VALUES IN (2);
SELECT track_subjects('tm_other', 'id', 'born');
CREATE FUNCTION tm_follow() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	UPDATE tm_other SET k = 3 - k, id = id + 5000 WHERE id BETWEEN old.id AND old.id + 3;
	PERFORM string_agg(repeat('x', 100), '') FROM generate_series(1, 1000);
	RETURN NULL;
END $$;
CREATE TRIGGER follow AFTER DELETE ON tm_part FOR EACH ROW EXECUTE FUNCTION tm_follow();
DELETE FROM tm_part;
ALTER TABLE tm_part2 DISABLE TRIGGER refuse;
INSERT INTO tm_part SELECT i, '1980-01-01', 1 FROM generate_series(7001, 7050) i;
INSERT INTO tm_other SELECT i, '1980-01-01', 1 FROM generate_series(7001, 7050) i;
SELECT count(raise_objection(i, 'tm')) FROM generate_series(7001, 7050, 2) i;
UPDATE tm_part SET k = 2, id = id + 2000;
SELECT count(*) FROM tm_part WHERE (verdict_of(id, 'tm') = 'objected') <> (id % 2 = 1);
SELECT count(*) FROM tm_other WHERE (verdict_of(id, 'tm') = 'objected') <> (id % 2 = 1);

-- a trigger changes the key again, and again, before ours knows of the first change
CREATE TABLE tm_again (id int, born date);
SELECT track_subjects('tm_again', 'id', 'born');
CREATE FUNCTION tm_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.id < 2004 AND new.id <> 2001 THEN
		UPDATE tm_again SET id = new.id + 1 WHERE id = new.id;
	END IF;
	RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER UPDATE ON tm_again FOR EACH ROW EXECUTE FUNCTION tm_again();
INSERT INTO tm_again VALUES (2001, '1980-01-01');
SELECT objection_status(raise_objection(2001, 'tm'));
UPDATE tm_again SET id = 2002 WHERE id = 2001;
SELECT id, verdict_of(id, 'tm') FROM tm_again;
-- and takes that back
CREATE OR REPLACE FUNCTION tm_again() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	BEGIN
		UPDATE tm_again SET id = new.id + 1 WHERE id = new.id AND new.id < 2104;
		RAISE division_by_zero;
	EXCEPTION WHEN division_by_zero THEN
	END;
	RETURN NULL;
END $$;
INSERT INTO tm_again VALUES (2101, '1980-01-01');
SELECT objection_status(raise_objection(2101, 'tm'));
UPDATE tm_again SET id = 2102 WHERE id = 2101;
SELECT id, verdict_of(id, 'tm') FROM tm_again WHERE id > 2100;
SELECT count(*) FROM subject WHERE id = 2103;

-- a part of the whole that has partitions is not tracked by itself
CREATE TABLE tm_mid PARTITION OF tm_part FOR VALUES IN (3, 4) PARTITION BY LIST (k);
SELECT track_subjects('tm_mid', 'id', 'born');
SELECT s.id FROM subject s WHERE verdict_of(s.id, 'tm') <> verdict_of(s.id, 'tm', clock_timestamp());

DROP TABLE tm_part, tm_other, tm_again;
DROP FUNCTION tm_refuse, tm_follow, tm_again;
DELETE FROM choice; DELETE FROM subject; :forget;
SELECT drop_purpose('tm');
