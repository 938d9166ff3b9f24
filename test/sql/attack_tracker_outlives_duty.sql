-- attack: write the registry with a tracker whose owner may not record (any more)
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;

DELETE FROM choice; DELETE FROM subject; :forget;
CREATE ROLE regress_tracker;
CREATE ROLE regress_heir;
CREATE ROLE regress_clerk;
CREATE SCHEMA attack AUTHORIZATION regress_tracker;
GRANT USAGE, CREATE ON SCHEMA attack TO regress_heir, regress_clerk;
SELECT grant_duty('regress_tracker', 'recorder');
SELECT register_subject('child', '2015-01-01');

SET ROLE regress_tracker;
CREATE TABLE attack.mine (id text, born date);
SELECT track_subjects('attack.mine', 'id', 'born');
CREATE TABLE attack.parted (id text, born date) PARTITION BY LIST (id);
CREATE TABLE attack.part PARTITION OF attack.parted FOR VALUES IN ('a', 'b', 'c');
CREATE TABLE attack.rest PARTITION OF attack.parted DEFAULT;
SELECT track_subjects('attack.parted', 'id', 'born');
GRANT ALL ON attack.mine, attack.parted, attack.part TO regress_clerk;
-- the role that changes the table needs no duty
SET ROLE regress_clerk;
INSERT INTO attack.mine VALUES ('before', '1980-01-01');
INSERT INTO attack.parted VALUES ('a', '1980-01-01');
RESET ROLE;

---------------------------------------------------------------------
-- the duty is revoked: the owner, another role and a superuser in vain
---------------------------------------------------------------------
SELECT revoke_duty('regress_tracker', 'recorder');
SET ROLE regress_tracker;
INSERT INTO attack.mine VALUES ('child', '1980-01-01');
UPDATE attack.mine SET born = '1981-01-01';
UPDATE attack.mine SET id = 'after';
INSERT INTO attack.parted VALUES ('b', '1980-01-01');
UPDATE attack.parted SET id = 'moved';
INSERT INTO attack.mine VALUES ('child', '1980-01-01') ON CONFLICT DO NOTHING;
MERGE INTO attack.mine USING (VALUES ('child')) v (k) ON id = k WHEN NOT MATCHED THEN INSERT VALUES (k, '1980-01-01');
COPY attack.mine FROM stdin;
child	1980-01-01
\.
SET ROLE regress_clerk;
INSERT INTO attack.mine VALUES ('child', '1980-01-01');
RESET ROLE;
INSERT INTO attack.mine VALUES ('child', '1980-01-01');
SELECT * FROM attack.mine;
SELECT id, birth_date FROM subject ORDER BY id;
-- granted again, it goes on; a plan from then ends with the duty, too
SELECT grant_duty('regress_tracker', 'recorder');
PREPARE ins AS INSERT INTO attack.mine VALUES ('again', '1980-01-01');
SET ROLE regress_clerk;
EXECUTE ins;
RESET ROLE;
SELECT revoke_duty('regress_tracker', 'recorder');
SET ROLE regress_clerk;
EXECUTE ins;
RESET ROLE;
SELECT grant_duty('regress_tracker', 'recorder');

---------------------------------------------------------------------
-- the table, or a part of it, goes to an owner without the duty
---------------------------------------------------------------------
ALTER TABLE attack.mine OWNER TO regress_heir;
ALTER TABLE attack.part OWNER TO regress_heir;
SET ROLE regress_heir;
INSERT INTO attack.mine VALUES ('child', '1980-01-01');
INSERT INTO attack.part VALUES ('c', '1980-01-01');
-- which can end it
SELECT untrack_subjects('attack.mine');
INSERT INTO attack.mine VALUES ('child', '1980-01-01');
SET ROLE regress_tracker;
INSERT INTO attack.parted VALUES ('c', '1980-01-01');
INSERT INTO attack.parted VALUES ('kept', '1980-01-01');
UPDATE attack.parted SET id = 'c' WHERE id = 'kept';
-- and a table does not begin so
SELECT track_subjects('attack.parted', 'id', 'born');
RESET ROLE;
SELECT track_subjects('attack.mine', 'id', 'born');
SELECT id, birth_date FROM subject ORDER BY id;

-- a member of a role with the duty has the duty
GRANT regress_tracker TO regress_heir;
SET ROLE regress_heir;
INSERT INTO attack.part VALUES ('c', '1980-01-01');
RESET ROLE;
SELECT id, birth_date FROM subject ORDER BY id;

DROP SCHEMA attack CASCADE;
DROP OWNED BY regress_tracker, regress_heir, regress_clerk;
DROP ROLE regress_tracker, regress_heir, regress_clerk;
:forget;
DELETE FROM choice; DELETE FROM subject;
