-- tracking: the registry in step with a table that is the source of truth
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

DELETE FROM choice; DELETE FROM subject; :forget;
CREATE ROLE regress_owner;
CREATE ROLE regress_recorder;
CREATE ROLE regress_clerk;
SELECT grant_duty('regress_recorder', 'recorder');
CREATE SCHEMA tracking AUTHORIZATION regress_recorder;
GRANT USAGE, CREATE ON SCHEMA tracking TO PUBLIC;
CREATE VIEW tracking.subjects AS SELECT CASE WHEN erased_at IS NULL THEN id ELSE 'gone' END AS id, birth_date, verdict_of(id)
	FROM consent_profiling.subject ORDER BY 1;

---------------------------------------------------------------------
-- who may
---------------------------------------------------------------------
-- an owner who is no recorder must not record by a table of his own
SET ROLE regress_owner;
CREATE TABLE tracking.own (id int, born date);
INSERT INTO tracking.own VALUES (1, '1980-01-01');
SELECT track_subjects('tracking.own', 'id', 'born');
CREATE TRIGGER by_hand AFTER INSERT OR UPDATE OF id, born ON tracking.own
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change();
SELECT untrack_subjects('tracking.own');
-- a recorder who does not own it, with all other rights
GRANT ALL ON tracking.own TO regress_recorder;
SET ROLE regress_recorder;
SELECT track_subjects('tracking.own', 'id', 'born');
RESET ROLE;
SELECT * FROM tracking.subjects;

---------------------------------------------------------------------
-- a recorder's own table
---------------------------------------------------------------------
SELECT register_subject('known', '1980-01-01'), register_subject('undated'), register_subject('gone', '1980-01-01');
SELECT erase_subject('gone') IS NOT NULL AS erased;
SET ROLE regress_recorder;
CREATE TABLE tracking.people (key text, born date, note text);
INSERT INTO tracking.people VALUES ('new', '1990-01-01'), ('known', '1980-01-02'), ('undated', '1980-01-03'),
	('gone', '1980-01-04'), ('unborn', NULL), (NULL, '1980-01-05'), ('twice', NULL), ('twice', '1980-01-06');
SELECT track_subjects('tracking.people', 'key', 'born');
RESET ROLE;
-- the younger date holds; those who are erased stay so
SELECT * FROM tracking.subjects;
SELECT act, subject, birth_date, caller FROM event WHERE act LIKE 'track%' ORDER BY id;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'tracking.people'::regclass ORDER BY tgname;
-- which is so again after pg_restore --disable-triggers
ALTER TABLE tracking.people DISABLE TRIGGER ALL;
ALTER TABLE tracking.people ENABLE TRIGGER ALL;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'tracking.people'::regclass ORDER BY tgname;

-- from here on whoever changes the table, with no right to record
GRANT SELECT, INSERT, UPDATE, DELETE ON tracking.people TO regress_clerk;
SET ROLE regress_clerk;
INSERT INTO tracking.people VALUES ('in', '1990-02-01'), ('nodate', NULL), (NULL, '1990-02-02');
UPDATE tracking.people SET born = '2015-01-01' WHERE key = 'known';
UPDATE tracking.people SET born = NULL WHERE key = 'new';
UPDATE tracking.people SET key = 'rekeyed', born = '1990-02-03' WHERE key = 'nodate';
UPDATE tracking.people SET note = 'x';
DELETE FROM tracking.people WHERE key = 'undated';
RESET ROLE;
SELECT * FROM tracking.subjects;
SELECT act, subject, birth_date, caller FROM event WHERE caller = 'regress_clerk' ORDER BY id;
-- COPY, and several rows about one person
COPY tracking.people (key, born) FROM STDIN;
copied	1990-03-01
again	1990-03-02
again	1990-03-03
gone	1990-03-04
\.
SELECT * FROM tracking.subjects WHERE id IN ('copied', 'again', 'gone');
-- a transaction that is rolled back takes the registry along
BEGIN;
INSERT INTO tracking.people VALUES ('rolled back', '1990-01-01');
SELECT verdict_of('rolled back');
ROLLBACK;
SELECT verdict_of('rolled back');
-- what the registry cannot take, the table does not take either
INSERT INTO tracking.people VALUES ('', '1990-01-01');
INSERT INTO tracking.people VALUES (repeat('x', 256), '1990-01-01');
INSERT INTO tracking.people VALUES ('fine', '1990-01-01'), ('late', '9999-01-01');
INSERT INTO tracking.people VALUES ('never', 'infinity');
UPDATE tracking.people SET born = '-infinity' WHERE key = 'in';
SELECT count(*) FROM tracking.people WHERE key IN ('', 'fine', 'late', 'never');
SELECT birth_date FROM subject WHERE id = 'in';

-- columns may be renamed and moved about
ALTER TABLE tracking.people RENAME key TO who;
ALTER TABLE tracking.people RENAME born TO birthday;
ALTER TABLE tracking.people RENAME TO persons;
ALTER TABLE tracking.persons DROP note;
INSERT INTO tracking.persons VALUES ('renamed', '1990-04-01');
SELECT * FROM tracking.subjects WHERE id = 'renamed';
-- but not become something else, nor go, while they are tracked
ALTER TABLE tracking.persons ALTER birthday TYPE timestamptz;
ALTER TABLE tracking.persons DROP birthday;
-- also where triggers are off for replication
SET session_replication_role = replica;
INSERT INTO tracking.persons VALUES ('replicated', '1990-04-02');
RESET session_replication_role;
SELECT * FROM tracking.subjects WHERE id = 'replicated';

-- once more: nothing is new; that the old triggers went and new ones came is on record
SELECT count(*) AS events FROM event \gset
DELETE FROM tracking.persons WHERE who = 'again' AND birthday = '1990-03-02';
SELECT track_subjects('tracking.persons', 'who', 'birthday');
SELECT count(*) - :events AS events FROM event;
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tracking.persons'::regclass ORDER BY tgname;
-- of two birth dates for one person the younger holds
INSERT INTO tracking.persons VALUES ('again', '1990-03-09');
SELECT track_subjects('tracking.persons', 'who', 'birthday');
SELECT birth_date FROM subject WHERE id = 'again';
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tracking.persons'::regclass ORDER BY tgname;

-- no longer
SELECT untrack_subjects('tracking.persons');
SELECT untrack_subjects('tracking.persons');
INSERT INTO tracking.persons VALUES ('after', '1990-05-01');
SELECT verdict_of('after'), verdict_of('copied');
SELECT tgname FROM pg_trigger WHERE tgrelid = 'tracking.persons'::regclass ORDER BY tgname;

---------------------------------------------------------------------
-- keys of other types
---------------------------------------------------------------------
:forget; DELETE FROM subject;
CREATE DOMAIN tracking.birthday AS date;
CREATE TABLE tracking.t2 (k smallint, b tracking.birthday);
CREATE TABLE tracking.t4 (k int, b date);
CREATE TABLE tracking.t8 (k bigint, b date);
CREATE TABLE tracking.tu (k uuid, b date);
CREATE TABLE tracking.tv (k varchar(9), b date);
CREATE TABLE tracking.tc (k char(9), b date);
CREATE TABLE tracking.ts (k subject_id, b date);
SELECT count(track_subjects('tracking.' || t, 'k', 'b')) FROM unnest('{t2,t4,t8,tu,tv,tc,ts}'::text[]) t;
INSERT INTO tracking.t2 VALUES (1, '1980-01-01');
INSERT INTO tracking.t4 VALUES (2, '1980-01-01');
INSERT INTO tracking.t8 VALUES (3, '1980-01-01');
INSERT INTO tracking.tu VALUES ('00000000-0000-0000-0000-000000000004', '1980-01-01');
INSERT INTO tracking.tv VALUES ('v5', '1980-01-01');
INSERT INTO tracking.tc VALUES ('c6', '1980-01-01');
INSERT INTO tracking.ts VALUES ('s7', '1980-01-01');
SELECT id, birth_date FROM subject ORDER BY id;
:forget; DELETE FROM subject;
SELECT count(track_subjects('tracking.' || t, 'k', 'b')) FROM unnest('{t2,t4,t8,tu,tv,tc,ts}'::text[]) t;
SELECT id, birth_date FROM subject ORDER BY id;

---------------------------------------------------------------------
-- partitions, whose columns may stand in another order
---------------------------------------------------------------------
:forget; DELETE FROM subject;
CREATE TABLE tracking.parted (id int, born date) PARTITION BY RANGE (id);
CREATE TABLE tracking.part1 (born date, more text, id int);
ALTER TABLE tracking.part1 DROP more;
ALTER TABLE tracking.parted ATTACH PARTITION tracking.part1 FOR VALUES FROM (1) TO (10);
INSERT INTO tracking.parted VALUES (1, '1980-01-01');
SELECT track_subjects('tracking.parted', 'id', 'born');
CREATE TABLE tracking.part2 PARTITION OF tracking.parted FOR VALUES FROM (10) TO (20);
CREATE TABLE tracking.part3 (born date, id int);
ALTER TABLE tracking.parted ATTACH PARTITION tracking.part3 FOR VALUES FROM (20) TO (30);
INSERT INTO tracking.parted VALUES (2, '1980-01-02'), (11, '1980-01-03'), (21, '1980-01-04');
INSERT INTO tracking.part1 VALUES ('1980-01-05', 3);
-- from one partition to another
UPDATE tracking.parted SET id = 12, born = '1980-01-06' WHERE id = 2;
SELECT id, birth_date FROM subject ORDER BY id;
SELECT tgrelid::regclass, tgenabled FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'tracking.part%' ORDER BY 1;
SELECT untrack_subjects('tracking.part1');
SELECT untrack_subjects('tracking.parted');
SELECT count(*) FROM pg_trigger WHERE tgrelid::regclass::text LIKE 'tracking.part%';

---------------------------------------------------------------------
-- what must not go by halves
---------------------------------------------------------------------
-- an owner from whom row security hides people would register some of them
SET ROLE regress_recorder;
CREATE TABLE tracking.hidden (id int, born date);
INSERT INTO tracking.hidden VALUES (50, '1980-01-01');
ALTER TABLE tracking.hidden ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
SELECT track_subjects('tracking.hidden', 'id', 'born');
RESET ROLE;
SELECT verdict_of(50);
-- a snapshot from before the trigger
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT track_subjects('tracking.t4', 'k', 'b');
ROLLBACK;
-- attack_by_trigger: names of one's own before those of the extension
SET ROLE regress_recorder;
CREATE FUNCTION tracking.clock_timestamp() RETURNS timestamptz LANGUAGE plpgsql AS
	$$BEGIN RAISE NOTICE 'shadow as %', current_user; RETURN '1999-01-01'; END$$;
CREATE TEMP TABLE subject (id subject_id, birth_date date);
SET search_path = pg_temp, tracking, pg_catalog, consent_profiling;
CREATE TABLE tracking.mine (id int, born date);
SELECT track_subjects('tracking.mine', 'id', 'born');
INSERT INTO tracking.mine VALUES (60, '1980-01-01');
SELECT count(*) FROM pg_temp.subject;
DROP TABLE pg_temp.subject;
RESET ROLE;
SET search_path = public, consent_profiling;
SELECT id, birth_date, registered_at > '2026-01-01' AS by_the_clock FROM subject WHERE id = 60;

-- who began and ended to track which table is on record, once per call
SELECT act, detail, caller FROM event WHERE act IN ('track_subjects', 'untrack_subjects') AND subject IS NULL AND detail ->> 'relation' IN ('tracking.persons', 'tracking.parted', 'tracking.own') ORDER BY id;
-- and nothing else that the owner of a table says
SET ROLE regress_clerk;
SELECT record_tracking('tracking.mine');
RESET ROLE;

SET client_min_messages = warning;
DROP SCHEMA tracking CASCADE;
DELETE FROM choice; DELETE FROM subject; :forget;
SELECT revoke_duty('regress_recorder', 'recorder');
DROP ROLE regress_owner, regress_recorder, regress_clerk;
