-- birth dates from several sources: the younger holds, and no placeholder is an age
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

:forget; DELETE FROM choice; DELETE FROM subject;
SELECT add_purpose('bd.stats', basis => 'legitimate_interests'), add_purpose('bd.wine', basis => 'legitimate_interests', minimum_age => 21);
CREATE TABLE bd_crm (who text, born date);
CREATE TABLE bd_shop (who text, born date);
SELECT track_subjects('bd_crm', 'who', 'born'), track_subjects('bd_shop', 'who', 'born');

---------------------------------------------------------------------
-- two tables: the last writer does not make an adult of a child
---------------------------------------------------------------------
INSERT INTO bd_crm VALUES ('kid1', '2020-01-01');
INSERT INTO bd_shop VALUES ('kid1', '1990-01-01');
INSERT INTO bd_shop VALUES ('kid2', '1990-01-01');
INSERT INTO bd_crm VALUES ('kid2', '2020-01-01');
SELECT id, birth_date, verdict_of(id, 'bd.stats') FROM subject ORDER BY id;
-- an update, too, and a load
UPDATE bd_shop SET born = '1980-01-01';
SELECT track_subjects('bd_shop', 'who', 'born');
SELECT id, birth_date, verdict_of(id, 'bd.stats') FROM subject ORDER BY id;
-- what contradicts is on record, once
SELECT subject, birth_date, claimed, contradicts FROM birth_date_conflict ORDER BY subject, claimed;
SELECT subject, birth_date, detail FROM event WHERE act = 'track_subjects' AND subject IS NOT NULL ORDER BY id;
UPDATE bd_shop SET born = '1980-01-01';
SELECT count(*) FROM birth_date_conflict;
-- two dates for one person in one table
CREATE TABLE bd_twice (who text, born date);
INSERT INTO bd_twice VALUES ('twice', '1990-01-01'), ('twice', NULL), ('twice', '2020-01-01'), ('twice', '1990-01-01');
SELECT track_subjects('bd_twice', 'who', 'born');
SELECT birth_date FROM subject WHERE id = 'twice';
SELECT birth_date, detail FROM event WHERE subject = 'twice' ORDER BY id;
-- a row without a date claims none
INSERT INTO bd_shop VALUES ('twice', NULL), ('kid1', NULL);
SELECT birth_date FROM subject WHERE id IN ('twice', 'kid1');
-- a table that corrects itself to a younger date contradicts nothing
INSERT INTO bd_crm VALUES ('typo', '1990-01-01');
UPDATE bd_crm SET born = '1991-01-01' WHERE who = 'typo';
SELECT birth_date FROM subject WHERE id = 'typo';
SELECT count(*) FROM birth_date_conflict WHERE subject = 'typo';
-- to an older one it does
UPDATE bd_crm SET born = '1981-01-01' WHERE who = 'typo';
SELECT birth_date, (SELECT count(*) FROM birth_date_conflict WHERE subject = 'typo') FROM subject WHERE id = 'typo';
-- until it is rectified, with evidence
SELECT rectify_birth_date('typo', '1981-01-01', '{"passport": "seen"}'), rectify_birth_date('kid2', '1980-01-01', '{"passport": "seen"}');
SELECT id, birth_date, verdict_of(id, 'bd.stats') FROM subject WHERE id IN ('typo', 'kid2') ORDER BY id;
SELECT count(*) FROM birth_date_conflict WHERE subject IN ('typo', 'kid2');
-- and a younger one is claimed again
UPDATE bd_crm SET born = '2020-01-02' WHERE who = 'kid2';
SELECT verdict_of('kid2', 'bd.stats'), (SELECT count(*) FROM birth_date_conflict WHERE subject = 'kid2');

-- the person is told
SELECT c - 'event' - 'recorded_at' FROM jsonb_array_elements(subject_report('kid1') -> 'birth_date_conflicts') c;
SELECT regexp_replace(l, '\d{4}-\d\d-\d\d \d\d:\S+ UTC', 'NOW') FROM regexp_split_to_table(subject_report_text('kid1'), '\n') l WHERE l ~ 'birth date was given|^Birth date';

---------------------------------------------------------------------
-- a date that is taken back
---------------------------------------------------------------------
INSERT INTO bd_crm VALUES ('gone', '2006-01-01');
UPDATE bd_crm SET born = NULL WHERE who = 'gone';
SELECT birth_date, verdict_of('gone', 'bd.stats') FROM subject WHERE id = 'gone';
SELECT birth_date, detail FROM event WHERE subject = 'gone' ORDER BY id;
-- does not let an older one through: not from a table, an import or a registration
INSERT INTO bd_shop VALUES ('gone', '1980-01-01');
SELECT birth_date FROM subject WHERE id = 'gone';
UPDATE bd_crm SET born = '2006-01-01' WHERE who = 'gone'; UPDATE bd_crm SET born = NULL WHERE who = 'gone';
SELECT birth_date FROM subject WHERE id = 'gone';
SELECT register_subject('gone', '1970-01-01');
SELECT birth_date FROM subject WHERE id = 'gone';
INSERT INTO bd_crm VALUES ('gone2', '2007-01-01'); UPDATE bd_crm SET born = NULL WHERE who = 'gone2';
SELECT import_subjects($$SELECT 'gone2' AS subject, date '1980-01-01' AS birth_date$$);
SELECT birth_date FROM subject WHERE id = 'gone2';
-- only the date that is known is taken back
INSERT INTO bd_shop VALUES ('typo', '1982-01-01'); UPDATE bd_shop SET born = NULL WHERE who = 'typo';
INSERT INTO bd_shop VALUES ('kid1', '1960-01-01'); UPDATE bd_shop SET born = NULL WHERE who = 'kid1';
SELECT id, birth_date FROM subject WHERE id IN ('kid1', 'typo') ORDER BY id;
-- as was known at each moment
SELECT s.id, s.birth_date, verdict_of(s.id, p.name), verdict_of(s.id, p.name, clock_timestamp())
	FROM subject s, purpose p WHERE p.name LIKE 'bd.%' AND verdict_of(s.id, p.name) <> verdict_of(s.id, p.name, clock_timestamp());

---------------------------------------------------------------------
-- placeholders
---------------------------------------------------------------------
SELECT register_subject('old1', '1900-01-01'), register_subject('old2', (current_date - interval '120 years')::date),
	register_subject('old3', (current_date - interval '120 years 1 day')::date);
SELECT id, verdict_of(id, 'bd.stats'), may_profile(id, 'bd.stats') FROM subject WHERE id::text LIKE 'old%' ORDER BY id;
SELECT verdict, article, detail, until FROM explain_verdict('old1', 'bd.stats');
SELECT verdict, until = ((current_date + 1)::timestamp AT TIME ZONE 'UTC') AS tomorrow FROM explain_verdict('old2', 'bd.stats');
-- in column mode
SELECT born, may_profile(born, 'given at 2020-01-01T00:00Z', NULL)
	FROM unnest(ARRAY['1900-01-01', '1901-01-01', '1980-01-01', '-infinity', '0001-01-01']::date[]) born;
SELECT may_profile((current_date - interval '120 years')::date, 'given at 2020-01-01T00:00Z', NULL),
	may_profile((current_date - interval '120 years 1 day')::date, 'given at 2020-01-01T00:00Z', NULL);
-- a younger date is one, as ever
INSERT INTO bd_crm VALUES ('old1', '1985-01-01');
SELECT verdict_of('old1', 'bd.stats');

---------------------------------------------------------------------
-- who may see what contradicts
---------------------------------------------------------------------
CREATE ROLE regress_bd_officer; CREATE ROLE regress_bd_recorder;
SELECT grant_duty('regress_bd_officer', 'officer'), grant_duty('regress_bd_recorder', 'recorder');
SET ROLE regress_bd_officer;
SELECT count(*) > 0 FROM consent_profiling.birth_date_conflict;
SET ROLE regress_bd_recorder;
SELECT count(*) FROM consent_profiling.birth_date_conflict;
RESET ROLE;
SELECT revoke_duty('regress_bd_officer', 'officer'), revoke_duty('regress_bd_recorder', 'recorder');
DROP ROLE regress_bd_officer, regress_bd_recorder;

DROP TABLE bd_crm, bd_shop, bd_twice;
DELETE FROM subject; :forget;
SELECT drop_purpose('bd.stats'), drop_purpose('bd.wine');
