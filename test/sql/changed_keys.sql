-- a row of a tracked table gets another key: the person is the same
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

:forget; DELETE FROM choice; DELETE FROM subject;
SELECT add_purpose('ck.stats', basis => 'legitimate_interests'), add_purpose('ck.news'), add_purpose('ck.loan', basis => 'contract', automated_decision => true),
	add_purpose('ck.mail', direct_marketing => true, basis => 'legitimate_interests');
CREATE ROLE regress_ck_analyst; CREATE ROLE regress_ck_app;
SELECT allow_purpose('regress_ck_analyst', 'ck.stats');
CREATE TABLE ck_customer (email text PRIMARY KEY, born date, note text);
GRANT SELECT ON ck_customer TO regress_ck_analyst; GRANT SELECT, INSERT, UPDATE ON ck_customer TO regress_ck_app;
SELECT track_subjects('ck_customer', 'email', 'born'), protect('ck_customer', 'email', '{regress_ck_analyst}', 'ck.stats');
CREATE FUNCTION ck_verdicts(subject_id) RETURNS text LANGUAGE sql AS $$
	SELECT string_agg(verdict_of($1, name)::text, ' ' ORDER BY name) FROM purpose WHERE name LIKE 'ck.%'
$$;

---------------------------------------------------------------------
-- to a key that is not known
---------------------------------------------------------------------
INSERT INTO ck_customer SELECT p || '@old', '1980-01-01' FROM unnest('{plain,objects,refuses,held,young,marketing,ended,contests}'::text[]) p;
SELECT count(give_consent(s.id, p)) FROM subject s, unnest('{ck.news,ck.stats}'::text[]) p;
SELECT objection_status(raise_objection('objects@old', 'ck.stats', at => '2026-01-01 00:00Z')), objection_status(raise_objection('plain@old', 'ck.stats', at => '2026-01-01 00:00Z')),
	objection_status(object_to_marketing('marketing@old', at => '2026-01-01 00:00Z'));
SELECT objection_status(withdraw_objection('plain@old', 'ck.stats', at => '2026-01-02 00:00Z')), consent_status(refuse_consent('refuses@old', 'ck.stats')),
	restrict_subject('held@old', 'accuracy contested'), restrict_subject('held@old', 'legal claims');
SELECT consent_status(give_consent('ended@old', 'ck.loan', until => '2026-02-01 00:00Z', at => '2026-01-01 00:00Z')), request_review('contests@old', 'ck.loan');
SELECT count(*) FROM (SELECT import_consents($$SELECT 'ended@old' AS subject, 'ck.mail' AS purpose, 'invalidated at 2026-01-01T00:00Z' AS consent$$)) i;
-- the application may not record; changing a row is enough
SET ROLE regress_ck_app;
UPDATE ck_customer SET email = replace(email, '@old', '@new');
RESET ROLE;
SELECT s.id, ck_verdicts(s.id) FROM subject s ORDER BY split_part(s.id::text, '@', 1), 1 DESC;
SELECT may_decide('contests@old', 'ck.loan'), may_decide('contests@new', 'ck.loan'), may_decide('plain@new', 'ck.loan');
SET ROLE regress_ck_analyst;
SELECT email FROM ck_customer ORDER BY email;
RESET ROLE;
-- consents stay; what was carried over says from where, and the time of the person's own act
SELECT subject, purpose, consent_status(consent), objection FROM choice WHERE subject::text LIKE '%@new' ORDER BY subject, purpose;
SELECT subject, act, purpose, birth_date, detail FROM event
	WHERE detail ?| '{renamed_from,renamed_to}' AND subject::text ~ '^(plain|objects|held)@' ORDER BY split_part(subject::text, '@', 1), id;
SELECT id, restriction_grounds FROM subject WHERE id::text LIKE 'held%' ORDER BY id;
-- replayed it is the same
SELECT s.id, p.name FROM subject s, purpose p WHERE p.name LIKE 'ck.%' AND verdict_of(s.id, p.name) <> verdict_of(s.id, p.name, clock_timestamp());
SELECT bool_and(event_fits(e)) FROM event e;
-- and once more, on and back again
UPDATE ck_customer SET email = 'objects@third' WHERE email = 'objects@new';
UPDATE ck_customer SET email = 'objects@old' WHERE email = 'objects@third';
SELECT verdict_of('objects@third', 'ck.stats'), verdict_of('objects@old', 'ck.stats');
-- key and birth date at once: the younger holds, for a child, too
UPDATE ck_customer SET email = 'young@x', born = '2019-01-01' WHERE email = 'young@new';
UPDATE ck_customer SET email = 'young@y', born = '1970-01-01' WHERE email = 'young@x';
SELECT id, birth_date, verdict_of(id, 'ck.stats') FROM subject WHERE id::text IN ('young@x', 'young@y') ORDER BY id;
SELECT subject, claimed, contradicts FROM birth_date_conflict;
-- an update of another column is none of a key, nor is a spelling that means the same
SELECT count(*) AS events FROM event \gset
UPDATE ck_customer SET note = 'x', email = email;
CREATE TABLE ck_number (id text, born date);
SELECT track_subjects('ck_number', 'id', 'born');
INSERT INTO ck_number VALUES ('77', '1980-01-01');
SELECT count(*) - :events FROM event;
SELECT objection_status(raise_objection(77, 'ck.stats'));
UPDATE ck_number SET id = '78';
SELECT verdict_of(78, 'ck.stats');

---------------------------------------------------------------------
-- to a key that is known: the stricter of both
---------------------------------------------------------------------
INSERT INTO ck_customer VALUES ('a@one', '1980-01-01'), ('b@one', '1980-01-01'), ('c@one', '1980-01-01');
SELECT register_subject('a@two', '1985-01-01'), register_subject('b@two', '1970-01-01'), register_subject('c@two', '1970-01-01');
SELECT objection_status(raise_objection('a@one', 'ck.stats', at => '2026-01-01 00:00Z')), consent_status(refuse_consent('b@one', at => '2026-01-01 00:00Z'));
-- what the other key said later does not lift it
SELECT objection_status(raise_objection('a@two', 'ck.stats', at => '2025-01-01 00:00Z')), objection_status(withdraw_objection('a@two', 'ck.stats', at => '2026-03-01 00:00Z')),
	consent_status(give_consent('a@two', 'ck.news')), consent_status(give_consent('b@two', 'ck.news', at => '2026-03-01 00:00Z')), consent_status(refuse_consent('c@two', 'ck.stats'));
SELECT ck_verdicts('a@two'), ck_verdicts('b@two'), ck_verdicts('c@two');
UPDATE ck_customer SET email = replace(email, '@one', '@two') WHERE email LIKE '%@one';
SELECT id, birth_date, ck_verdicts(id) FROM subject WHERE id::text ~ '@(one|two)$' ORDER BY id;
SELECT s.id, p.name FROM subject s, purpose p WHERE p.name LIKE 'ck.%' AND verdict_of(s.id, p.name) <> verdict_of(s.id, p.name, clock_timestamp());

---------------------------------------------------------------------
-- of a person who was erased
---------------------------------------------------------------------
INSERT INTO ck_customer VALUES ('e@one', '1980-01-01'), ('f@one', '1980-01-01'), ('g@one', '1980-01-01');
SELECT erase_subject(k) IS NOT NULL FROM unnest('{e@one,f@one,g@two}'::text[]) k WHERE k <> 'g@two';
SELECT register_subject('f@two', '1980-01-01');
UPDATE ck_customer SET email = 'e@two' WHERE email = 'e@one';
UPDATE ck_customer SET email = 'f@two' WHERE email = 'f@one';
-- another key of theirs is not registered; one that is known already is restricted, and not erased
SELECT verdict_of('e@two', 'ck.stats'), verdict_of('f@two', 'ck.stats'), (SELECT count(*) FROM subject WHERE id IN ('e@two', 'e@one'));
SELECT ground, detail FROM event WHERE subject = 'f@two' AND act = 'restrict_subject';
SELECT register_subject('e@two', '1980-01-01');
SELECT verdict_of('e@two', 'ck.stats'), (SELECT bool_and(event_fits(e)) FROM event e);
-- to the key of a person who was erased
SELECT register_subject('g@two', '1980-01-01'), erase_subject('g@two') IS NOT NULL;
UPDATE ck_customer SET email = 'g@two' WHERE email = 'g@one';
SELECT verdict_of('g@two', 'ck.stats'), (SELECT detail ->> 'renamed_to' ~ '^erased:' FROM event WHERE subject = 'g@one' ORDER BY id DESC LIMIT 1);
-- erasing one key names the others
SELECT k ->> 'keys' FROM jsonb_array_elements(erase_subject('objects@old') -> 'kept') k WHERE k ->> 'what' = 'other keys';
SELECT verdict_of('objects@new', 'ck.stats');

---------------------------------------------------------------------
-- where a row moves to another partition
---------------------------------------------------------------------
CREATE TABLE ck_parted (id int, born date) PARTITION BY RANGE (id);
CREATE TABLE ck_low PARTITION OF ck_parted FOR VALUES FROM (1) TO (1000);
CREATE TABLE ck_high (born date, more int, id int);
ALTER TABLE ck_high DROP more;
ALTER TABLE ck_parted ATTACH PARTITION ck_high FOR VALUES FROM (1000) TO (2000);
SELECT track_subjects('ck_parted', 'id', 'born');
INSERT INTO ck_parted VALUES (1, '1980-01-01'), (2, '1980-01-01'), (1003, '1980-01-01');
SELECT count(raise_objection(i, 'ck.stats')) FROM unnest('{1,2,1003}'::int[]) i;
UPDATE ck_parted SET id = 1001 WHERE id = 1;
UPDATE ck_parted SET id = 20 WHERE id = 2;
UPDATE ck_parted SET id = 3 WHERE id = 1003;
SELECT i, verdict_of(i, 'ck.stats') FROM unnest('{1001,20,3}'::int[]) i;
-- also with a key that is made from other columns
CREATE TABLE ck_made (region int, mail text, key text GENERATED ALWAYS AS (lower(btrim(mail))) STORED, born date) PARTITION BY LIST (region);
CREATE TABLE ck_made1 PARTITION OF ck_made FOR VALUES IN (1);
CREATE TABLE ck_made2 PARTITION OF ck_made FOR VALUES IN (2);
SELECT track_subjects('ck_made', 'key', 'born');
INSERT INTO ck_made VALUES (1, 'Made@Old', DEFAULT, '1980-01-01'), (1, 'Moved@Old', DEFAULT, '1980-01-01');
SELECT objection_status(raise_objection('made@old', 'ck.stats')), objection_status(raise_objection('moved@old', 'ck.stats'));
UPDATE ck_made SET mail = 'Made@New' WHERE key = 'made@old';
UPDATE ck_made SET mail = 'Moved@New', region = 2 WHERE key = 'moved@old';
SELECT verdict_of('made@new', 'ck.stats'), verdict_of('moved@new', 'ck.stats');

-- a trigger of the table that changes the key, before and after ours by name, and moves the row
CREATE FUNCTION ck_rewrites() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	IF new.raw IS NOT NULL THEN
		new.id := new.raw;
		new.born := COALESCE(new.raw_born, new.born);
	END IF;
	RETURN new;
END $$;
CREATE TABLE ck_moves (part int, id text, born date, raw text, raw_born date) PARTITION BY LIST (part);
CREATE TABLE ck_moves1 PARTITION OF ck_moves FOR VALUES IN (1);
CREATE TABLE ck_moves2 PARTITION OF ck_moves FOR VALUES IN (2);
CREATE TRIGGER zzz BEFORE UPDATE ON ck_moves FOR EACH ROW EXECUTE FUNCTION ck_rewrites();
SELECT track_subjects('ck_moves', 'id', 'born');
INSERT INTO ck_moves SELECT 1, 'm' || i, '1980-01-01' FROM generate_series(1, 6) i;
SELECT count(raise_objection('m' || i, 'ck.stats')) FROM generate_series(1, 6) i;
UPDATE ck_moves SET raw = 'n1' WHERE id = 'm1';
UPDATE ck_moves SET raw = 'n2', part = 2 WHERE id = 'm2';
UPDATE ck_moves SET raw = 'n3', id = 'never', part = 2 WHERE id = 'm3';
-- several rows in one statement, each with its own; and the birth date alone
INSERT INTO ck_moves VALUES (1, 'm7', '1980-01-01');
UPDATE ck_moves SET raw = replace(id, 'm', 'n'), part = 2 WHERE id IN ('m4', 'm7', 'm5');
UPDATE ck_moves SET raw = id, raw_born = '2015-01-01' WHERE id = 'm6';
SELECT id, birth_date, verdict_of(id, 'ck.stats') FROM subject WHERE id::text ~ '^[mn][0-9]$' ORDER BY id;
SELECT count(*) FROM subject WHERE id = 'never';
-- rows that are deleted, and others that come in the same command, are others
WITH gone AS (DELETE FROM ck_moves WHERE id = 'n5' RETURNING part) INSERT INTO ck_moves SELECT part, 'o5', '1980-01-01' FROM gone;
SELECT verdict_of('o5', 'ck.stats');

---------------------------------------------------------------------
-- children that inherit
---------------------------------------------------------------------
CREATE TABLE ck_parent (id text, born date);
CREATE TABLE ck_child (extra int) INHERITS (ck_parent);
SELECT track_subjects('ck_parent', 'id', 'born');
INSERT INTO ck_child VALUES ('heir', '1980-01-01');
SELECT objection_status(raise_objection('heir', 'ck.stats'));
UPDATE ck_parent SET id = 'heir2';
SELECT verdict_of('heir2', 'ck.stats');
SELECT untrack_subjects('ck_parent');
SELECT count(*) FROM pg_trigger WHERE tgrelid IN ('ck_parent'::regclass, 'ck_child'::regclass);

---------------------------------------------------------------------
-- what denies in ways that are not a No
---------------------------------------------------------------------
-- a child's consent, and one that ends later, on a basis other than consent
SELECT register_subject('kid', '2000-06-01'), consent_status(give_consent('kid', 'ck.stats', at => '2010-01-01 00:00Z')),
	register_subject('ends', '1980-01-01'), consent_status(give_consent('ends', 'ck.stats', at => '2010-01-01 00:00Z', until => '2036-01-01 00:00Z')),
	register_subject('kid3', '1980-01-01');
INSERT INTO ck_customer VALUES ('kid', NULL), ('ends', NULL);
UPDATE ck_customer SET email = 'kid2' WHERE email = 'kid';
UPDATE ck_customer SET email = 'ends2' WHERE email = 'ends';
INSERT INTO ck_customer VALUES ('kid', NULL);
UPDATE ck_customer SET email = 'kid3' WHERE email = 'kid';
SELECT verdict_of('kid', 'ck.stats'), verdict_of('kid2', 'ck.stats'), verdict_of('kid3', 'ck.stats'), verdict_of('ends2', 'ck.stats'), verdict_of('ends2', 'ck.stats', '2036-01-02'),
	verdict_of('kid2', 'ck.news');
-- a refusal that the person overruled is carried with its time
SELECT register_subject('changed', '1980-01-01'), register_subject('changed2', '1980-01-01');
SELECT consent_status(refuse_consent('changed', 'ck.news', at => '2020-01-01 00:00Z')), consent_status(give_consent('changed', 'ck.news', at => '2024-01-01 00:00Z')),
	consent_status(give_consent('changed2', 'ck.news', at => '2024-01-01 00:00Z'));
INSERT INTO ck_customer VALUES ('changed', NULL);
UPDATE ck_customer SET email = 'changed2' WHERE email = 'changed';
SELECT verdict_of('changed2', 'ck.news');
-- a birth date that was taken back is remembered for the other key, whichever had it
INSERT INTO ck_customer VALUES ('back', '2015-01-01'), ('back3', '2015-01-01');
UPDATE ck_customer SET born = NULL WHERE email LIKE 'back%';
SELECT register_subject('back2', '1980-01-01');
DELETE FROM ck_customer WHERE email = 'back3';
INSERT INTO ck_customer VALUES ('back2', NULL);
UPDATE ck_customer SET email = 'back3' WHERE email = 'back2';
UPDATE ck_customer SET email = 'back4' WHERE email = 'back';
SELECT id, birth_date, verdict_of(id, 'ck.stats') FROM subject WHERE id::text LIKE 'back%' ORDER BY id;
UPDATE ck_customer SET born = '1980-01-01' WHERE email = 'back4';
SELECT birth_date FROM subject WHERE id = 'back4';
SELECT s.id, p.name FROM subject s, purpose p WHERE p.name LIKE 'ck.%' AND verdict_of(s.id, p.name) <> verdict_of(s.id, p.name, clock_timestamp());
SELECT bool_and(event_fits(e)) FROM event e;
-- a review that is carried is an event
SELECT act, purpose, detail FROM event WHERE subject = 'contests@new' AND act = 'request_review';
-- many at once, without a scan of the registry for each
INSERT INTO ck_customer SELECT 'many' || i, '1980-01-01' FROM generate_series(1, 3000) i;
SET statement_timeout = '60s';
UPDATE ck_customer SET email = 'more' || substr(email, 5) WHERE email LIKE 'many%';
RESET statement_timeout;
SELECT count(*) FROM subject WHERE id::text LIKE 'more%';

---------------------------------------------------------------------
-- letter case and blanks are another key, unless a column does without them
---------------------------------------------------------------------
CREATE TABLE ck_shop (email text, email_key text GENERATED ALWAYS AS (lower(btrim(email))) STORED, born date);
GRANT SELECT ON ck_shop TO regress_ck_analyst;
SELECT track_subjects('ck_shop', 'email_key', 'born'), protect('ck_shop', 'email_key', '{regress_ck_analyst}', 'ck.stats');
INSERT INTO ck_shop VALUES (' Ada@Example.org', DEFAULT, '1980-01-01'), ('ada@example.org ', DEFAULT, '1980-01-01'), ('bea@example.org', DEFAULT, '1980-01-01');
SELECT objection_status(raise_objection(lower(btrim('ADA@example.org ')), 'ck.stats'));
SET ROLE regress_ck_analyst;
SELECT email FROM ck_shop;
RESET ROLE;
SELECT verdict_of('ada@example.org', 'ck.stats'), verdict_of('Ada@Example.org', 'ck.stats');

DROP TABLE ck_customer, ck_number, ck_parted, ck_made, ck_shop, ck_moves, ck_child, ck_parent;
DROP FUNCTION ck_rewrites();
DROP FUNCTION ck_verdicts(subject_id);
DELETE FROM review; DELETE FROM choice; DELETE FROM subject; :forget;
SELECT disallow_purpose('regress_ck_analyst', 'ck.stats');
DROP ROLE regress_ck_analyst, regress_ck_app;
SELECT count(drop_purpose(name)) FROM (SELECT name FROM purpose WHERE name LIKE 'ck.%') p;
