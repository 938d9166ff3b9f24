-- recipients: who was given whose data, and who is still to be told of what (Art. 19)
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');
SELECT add_purpose('rc.shop', basis => 'legitimate_interests');
SELECT count(register_subject('rc:' || n, '1980-01-01')) FROM generate_series(1, 9) n;
CREATE VIEW due AS SELECT subject, recipient, contact, cause FROM notification_due ORDER BY subject, cause, recipient;
GRANT SELECT ON due TO regress_officer;

---------------------------------------------------------------------
-- who they are
---------------------------------------------------------------------
SET ROLE regress_officer;
SELECT add_recipient('printer', 'processor', 'dpo@printer.example');
SELECT add_recipient('broker');
SELECT add_recipient(contact => 'abuse@bank.example', category => 'bank', name => 'bank');
SELECT name, category, contact FROM recipient ORDER BY name;
-- again replaces what is said of it
SELECT added_at AS added FROM recipient WHERE name = 'printer' \gset
SELECT add_recipient('printer', contact => 'privacy@printer.example');
SELECT name, category, contact, added_at = :'added' FROM recipient WHERE name = 'printer';
SELECT act, subject, caller, detail FROM event WHERE act = 'add_recipient' ORDER BY id;

---------------------------------------------------------------------
-- what was disclosed
---------------------------------------------------------------------
SELECT record_disclosure('rc:1', 'printer');
SET ROLE regress_recorder;
SELECT record_disclosure('rc:1', 'printer');
SELECT record_disclosure('rc:1', 'printer', 'rc.shop', '2026-01-05 00:00Z', '{"file": 1}');
SELECT record_disclosure('rc:1', 'printer', 'rc.shop', '2026-01-07 00:00Z');
SELECT record_disclosure(at => '2026-01-03 00:00Z', purpose => 'rc.shop', recipient => 'printer', subject => 'rc:1');
SELECT record_disclosure('rc:1', 'broker', 'rc.shop', '2026-01-01 00:00Z');
SELECT record_disclosure('rc:2', 'broker', 'rc.shop', '2026-01-01 00:00Z');
SELECT record_disclosure('rc:1', 'nobody');
SELECT record_disclosure('rc:1', 'bank', 'nowhere');
RESET ROLE;
SET ROLE regress_officer;
-- the first time and the last
SELECT subject, recipient, purpose, CASE WHEN purpose = 'rc.shop' THEN first_at END, CASE WHEN purpose = 'rc.shop' THEN last_at END
	FROM disclosure ORDER BY subject, recipient, purpose;
-- and each in the history
SELECT subject, purpose, CASE WHEN purpose = 'rc.shop' THEN at END, detail, evidence FROM event WHERE act = 'record_disclosure' ORDER BY id;

---------------------------------------------------------------------
-- who is to be told
---------------------------------------------------------------------
SELECT * FROM due;
SELECT restrict_subject('rc:1', 'accuracy contested');
SELECT * FROM due;
-- once, however often
SELECT restrict_subject('rc:1', 'unlawful');
SELECT * FROM due;
SET ROLE regress_recorder;
SELECT rectify_birth_date('rc:1', '1980-02-01');
SELECT rectify_birth_date('rc:1', '1980-03-01');
SET ROLE regress_officer;
SELECT * FROM due;
-- not of an objection, a consent, a request, the end of a restriction
SELECT lift_restriction('rc:1', clock_timestamp());
RESET ROLE;
SELECT objection_status(raise_objection('rc:2', 'rc.shop')), consent_status(withdraw_consent('rc:2')),
	open_request('rc:2', 'objection') > 0, open_request('rc:2', 'erasure') > 0;
SELECT * FROM due WHERE subject = 'rc:2';
-- not of what failed
SELECT rectify_birth_date('rc:2', 'infinity');
SELECT restrict_subject('rc:2', 'ground');
SELECT * FROM due WHERE subject = 'rc:2';
-- nobody of whom nothing was disclosed; nobody to whom it was later
SELECT restrict_subject('rc:3', 'unlawful');
SELECT record_disclosure('rc:3', 'bank');
SELECT * FROM due WHERE subject = 'rc:3';
SELECT restrict_subject('rc:3', 'unlawful');
SELECT * FROM due WHERE subject = 'rc:3';
-- erasure: the queue outlives the person
SELECT record_disclosure('rc:4', r) FROM unnest('{bank,broker}'::text[]) r;
SELECT queue_notifications('rc:4', 'erasure');
SELECT queue_notifications('rc:4', 'erasure');
SELECT * FROM due WHERE subject = 'rc:4';
-- a tracked table rectifies too; who is new to it was disclosed to nobody
CREATE TABLE tracked (id text, born date);
INSERT INTO tracked VALUES ('rc:5', '1980-01-01'), ('rc:6', '1980-01-01'), ('rc:new', '1980-01-01');
SELECT record_disclosure('rc:5', 'bank'), record_disclosure('rc:6', 'bank'), record_disclosure('rc:7', 'bank');
SELECT track_subjects('tracked', 'id', 'born');
SELECT * FROM due WHERE subject::text > 'rc:5';
UPDATE tracked SET born = '1980-01-01' WHERE id = 'rc:6';
UPDATE tracked SET born = '1980-01-02' WHERE id = 'rc:5';
INSERT INTO tracked VALUES ('rc:7', '1980-01-03'), ('rc:newer', '1980-01-01');
SELECT * FROM due WHERE subject::text >= 'rc:5';
-- as well under an old snapshot, and all of it
BEGIN ISOLATION LEVEL REPEATABLE READ;
UPDATE tracked SET born = '1980-01-04' WHERE id IN ('rc:6', 'rc:new');
SELECT * FROM due WHERE subject::text >= 'rc:6';
COMMIT;
DROP TABLE tracked;

---------------------------------------------------------------------
-- told
---------------------------------------------------------------------
SELECT notification AS told FROM notification_due WHERE subject = 'rc:1' AND recipient = 'broker' AND cause = 'restriction' \gset
SELECT notification AS hard FROM notification_due WHERE subject = 'rc:4' AND recipient = 'broker' \gset
SET ROLE regress_officer;
SELECT record_notified(:told);
SELECT * FROM due WHERE subject = 'rc:1';
\set VERBOSITY sqlstate
SELECT record_notified(:told);
-- not before there was anything to tell
SELECT record_notified(:hard, '2026-01-01 00:00Z');
\set VERBOSITY default
SELECT record_notified(:hard, evidence => '{"impossible": "dissolved in 2025"}');
SELECT * FROM due WHERE subject = 'rc:4';
SELECT act, subject, caller, detail, evidence FROM event WHERE act = 'record_notified' ORDER BY id;
-- a new cause is a new row
SELECT restrict_subject('rc:1', 'legal claims');
SELECT * FROM due WHERE subject = 'rc:1';
-- of somebody who is no longer known by that key
RESET ROLE;
UPDATE notification SET subject = 'rc:gone' WHERE subject = 'rc:4';
SELECT record_notified(notification) FROM notification_due WHERE subject = 'rc:gone';
SELECT count(*) FROM notification_due WHERE subject = 'rc:gone';

---------------------------------------------------------------------
-- to complete a birth date is to rectify; and what comes while an earlier cause is
-- still due is another notification, which being told of that one does not settle
---------------------------------------------------------------------
SELECT register_subject('rc:c1'), register_subject('rc:c2');
SELECT record_disclosure('rc:c1', 'printer'), record_disclosure('rc:c2', 'printer'), record_disclosure('rc:c2', 'printer', 'rc.shop');
SELECT register_subject('rc:c1', '1980-01-01');
SELECT import_subjects($$SELECT s AS subject, date '1980-01-01' AS birth_date FROM unnest('{rc:c1,rc:c2}'::text[]) s$$);
SELECT * FROM due WHERE subject IN ('rc:c1', 'rc:c2');
SELECT notification AS first FROM notification_due WHERE subject = 'rc:c1' \gset
SELECT rectify_birth_date('rc:c1', '1980-01-02');
SELECT count(*), bool_or(notification = :first) AS the_first FROM notification_due WHERE subject = 'rc:c1';

---------------------------------------------------------------------
-- a purpose that is history is dropped; the queue and all else is for officers
---------------------------------------------------------------------
DELETE FROM choice;
SELECT drop_purpose('rc.shop');
SELECT count(*) FROM disclosure WHERE purpose = 'rc.shop';
SET ROLE regress_recorder;
SELECT * FROM notification_due;
SELECT * FROM recipient;
SELECT * FROM disclosure;
SELECT add_recipient('other');
SELECT record_notified(1);
SET ROLE regress_officer;
SELECT * FROM notification;
SELECT queue_notifications('rc:1', 'erasure');
RESET ROLE;

DROP VIEW due;
DELETE FROM notification; DELETE FROM disclosure; DELETE FROM recipient; DELETE FROM request;
DELETE FROM subject;
SELECT revoke_duty('regress_recorder', 'recorder'), revoke_duty('regress_officer', 'officer');
DROP ROLE regress_recorder, regress_officer;
