-- the history is append-only, and who changes it all the same is found out
\pset format unaligned
\pset tuples_only on
\set VERBOSITY terse
SET search_path = public, consent_profiling;
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
:forget;
DELETE FROM seal;
-- the purposes of other tests, whose events are gone with that
DELETE FROM purpose WHERE name NOT IN ('profiling', 'direct_marketing');
DELETE FROM purpose_version WHERE name NOT IN ('profiling', 'direct_marketing');
SELECT verify_history(), seal_history() IS NULL AS nothing_to_seal, export_seal() IS NULL AS no_seal;

SELECT nextval('event_id_seq') AS spare \gset
SELECT register_subject('tamper:1', '1980-01-01'), register_subject('tamper:2', '1980-01-01'), register_subject('tamper:3', '1980-01-01');
SELECT consent_status(give_consent('tamper:1', notice => 'told', evidence => '{"form": 1}')), objection_status(raise_objection('tamper:2')),
	consent_status(withdraw_consent('tamper:1')), consent_status(give_consent('tamper:2'));
SELECT seal_history() AS first_seal \gset
SELECT consent_status(give_consent('tamper:3'));
-- an import has many links in one command
SELECT import_objections($$SELECT 'tamper:' || s AS subject, 'profiling' AS purpose, 'withdrawn at 2026-01-0' || d || 'T00:00:00Z' AS objection
	FROM generate_series(1, 3) s, generate_series(1, 3) d$$);
SELECT count(*) AS sealed, seal_history() ~ '^consent_profiling seal 2 of \S+Z events 10 sha256 [0-9a-f]{64}$' AS line FROM seal;
SELECT export_seal() AS second_seal \gset
SELECT seal_history() = :'second_seal' AS nothing_new;
SELECT consent_status(refuse_consent('tamper:3'));
-- n: the events by their order; the ids are the sequence's business
CREATE VIEW numbered AS SELECT row_number() OVER (ORDER BY id) AS n, id FROM event;
SELECT id AS e4 FROM numbered WHERE n = 4 \gset
SELECT id AS e6 FROM numbered WHERE n = 6 \gset
SELECT id AS e18 FROM numbered WHERE n = 18 \gset
CREATE TABLE was AS SELECT * FROM numbered UNION SELECT 0, :spare;
CREATE FUNCTION verified(seal text DEFAULT NULL) RETURNS TABLE (events bigint, unsealed bigint, nth bigint, problem text) LANGUAGE sql AS $$
	SELECT v.events, v.unsealed, COALESCE((SELECT n FROM was w WHERE w.id = v.event), -v.event),
		regexp_replace(v.problem, '(event|from|to) \d+', '\1 N', 'g') FROM verify_history(seal => seal) v $$;
SELECT * FROM verified(:'first_seal');
SET quote_all_identifiers = on; SELECT * FROM verified(:'second_seal'); RESET quote_all_identifiers;
SELECT count(*), bool_and(link = 1 OR previous IS NOT NULL), bool_and(event_fits(event)) FROM event;

-- nobody does it by accident, not even who may do everything
DELETE FROM event;
DELETE FROM event WHERE id = :e4;
UPDATE event SET notice = 'x' WHERE id = :e4;
UPDATE event SET salt = NULL, content = event_content(event), notice = NULL, evidence = NULL WHERE id = :e4;
TRUNCATE event;
SET session_replication_role = replica;
DELETE FROM event;
TRUNCATE event;
RESET session_replication_role;
INSERT INTO event (act, subject, at, recorded_at, session_role, caller, link, hash) VALUES ('x', 'tamper:1', now(), now(), 'x', 'x', 1, 'x');

-- on purpose: every column of every event, each time by itself
ALTER TABLE event DISABLE TRIGGER keep_event;
CREATE FUNCTION change_each() RETURNS TABLE (attribute name, problems text) LANGUAGE plpgsql AS $$
DECLARE
	a record;
BEGIN
	FOR a IN SELECT attname, format_type(atttypid, NULL) AS type FROM pg_attribute
			WHERE attrelid = 'consent_profiling.event'::regclass AND attnum > 0 AND attname NOT IN ('id', 'subject') ORDER BY attnum LOOP
		attribute := a.attname;
		BEGIN
			EXECUTE format('UPDATE consent_profiling.event SET %1$I = %2$s WHERE id = %3$s', a.attname, CASE a.type
				WHEN 'text' THEN format('COALESCE(%I, '''') || ''x''', a.attname)
				WHEN 'name' THEN '''x'''
				WHEN 'timestamp with time zone' THEN format('COALESCE(%I, now()) + interval ''1 us''', a.attname)
				WHEN 'date' THEN '''1999-01-01'''
				WHEN 'consent_profiling.consent' THEN '''refused at 2020-01-01T00:00:00Z'''
				WHEN 'consent' THEN '''refused at 2020-01-01T00:00:00Z'''
				WHEN 'objection' THEN '''upheld at 2020-01-01T00:00:00Z'''
				WHEN 'consent_profiling.objection' THEN '''upheld at 2020-01-01T00:00:00Z'''
				WHEN 'jsonb' THEN '''{"x": 1}'''
				WHEN 'integer' THEN '1000'
				WHEN 'bytea' THEN '''\x00''' END, (SELECT id FROM was WHERE n = 4));
			SELECT v.nth || ': ' || v.problem INTO problems FROM verified() v;
			RETURN NEXT;
			RAISE EXCEPTION 'undo' USING ERRCODE = 'P9999';
		EXCEPTION WHEN SQLSTATE 'P9999' THEN NULL;
		END;
	END LOOP;
END
$$;
SELECT * FROM change_each();
-- removed: in the middle of a chain, at its end while sealed, and a whole chain
BEGIN; DELETE FROM event WHERE id = :e4; SELECT * FROM verified(); ROLLBACK;
BEGIN; DELETE FROM event WHERE id = :e6; SELECT * FROM verified(); ROLLBACK;
BEGIN; DELETE FROM event WHERE subject = 'tamper:2'; SELECT * FROM verified(); ROLLBACK;
-- the end: without a saved seal nobody can tell
BEGIN; DELETE FROM event WHERE id = :e18; SELECT * FROM verified(); ROLLBACK;
BEGIN; DELETE FROM event WHERE id > (SELECT id FROM was WHERE n = 7); DELETE FROM seal WHERE id = 2;
SELECT * FROM verified(); SELECT * FROM verified(:'first_seal'); SELECT * FROM verified(:'second_seal'); ROLLBACK;
-- reordered: two events in each other's place, in the sequence and in the chain
ALTER TABLE event ALTER id SET GENERATED BY DEFAULT;
BEGIN; UPDATE event SET id = 0 WHERE id = :e4; UPDATE event SET id = :e4 WHERE id = :e6; UPDATE event SET id = :e6 WHERE id = 0; SELECT * FROM verified(); ROLLBACK;
BEGIN; UPDATE event SET link = 1000 WHERE id = :e4; UPDATE event SET link = 2 WHERE id = :e6; UPDATE event SET link = 3 WHERE id = :e4; SELECT * FROM verified(); ROLLBACK;
-- inserted: before, in between, given to somebody else
BEGIN; INSERT INTO event (id, act, subject, at, recorded_at, session_role, caller) VALUES (:spare, 'give_consent', 'tamper:1', now(), now(), 'x', 'x'); SELECT * FROM verified(); ROLLBACK;
BEGIN; UPDATE event SET subject = 'tamper:4' WHERE subject = 'tamper:1'; SELECT * FROM verified(); ROLLBACK;
-- changed, and moved to where no id was ever given out
BEGIN; UPDATE event SET id = -9223372036854775808, act = 'refuse_consent' WHERE id = (SELECT max(id) FROM was); SELECT events, event, problem FROM verify_history(); ROLLBACK;
ALTER TABLE event ALTER id SET GENERATED ALWAYS;
-- replaced, with all hashes made anew: only a saved seal knows
BEGIN;
CREATE TABLE forged AS SELECT * FROM event WHERE subject = 'tamper:3' ORDER BY id;
DELETE FROM event WHERE subject = 'tamper:3';
INSERT INTO event (id, act, subject, purpose, at, recorded_at, session_role, caller, birth_date, consent, objection) OVERRIDING SYSTEM VALUE
	SELECT id, act, subject, purpose, at, recorded_at, session_role, caller, birth_date, consent, objection FROM forged ORDER BY id;
SELECT * FROM verified();
DELETE FROM seal; SELECT seal_history() IS NOT NULL; SELECT * FROM verified(); SELECT * FROM verified(:'second_seal');
ROLLBACK;
-- emptied as if somebody had been erased
BEGIN; UPDATE event SET salt = NULL, content = event_content(event), birth_date = NULL WHERE id = (SELECT id FROM was WHERE n = 1); SELECT * FROM verified(); ROLLBACK;
-- nothing hides behind a null, another time than it had, another table or another name
BEGIN; ALTER EVENT TRIGGER consent_profiling_keep_columns DISABLE; ALTER TABLE event ALTER recorded_at DROP NOT NULL;
UPDATE event SET recorded_at = NULL, act = 'refuse_consent' WHERE id = :e4; SELECT * FROM verified(); SELECT events, problem IS NULL FROM verify_history('2020-01-01', '2020-01-02'); ROLLBACK;
BEGIN; UPDATE event SET recorded_at = '2000-01-01', act = 'refuse_consent' WHERE id = :e4;
SELECT events, problem = 'event ' || :e4 || ' was changed' FROM verify_history(now() - interval '1 day'); ROLLBACK;
BEGIN; ALTER EVENT TRIGGER consent_profiling_keep_columns DISABLE; ALTER TABLE event ALTER hash DROP NOT NULL; UPDATE event SET hash = NULL WHERE id = :e4; SELECT * FROM verified(); ROLLBACK;
BEGIN; CREATE TABLE child () INHERITS (event); WITH gone AS (DELETE FROM event WHERE id = :e4 RETURNING *) INSERT INTO child SELECT * FROM gone; SELECT * FROM verified(); ROLLBACK;
BEGIN; ALTER TABLE event RENAME caller TO c; ALTER TABLE event RENAME session_role TO caller; ALTER TABLE event RENAME c TO session_role; SELECT * FROM verified(); ROLLBACK;
BEGIN; ALTER EVENT TRIGGER consent_profiling_keep_columns DISABLE; ALTER TABLE event ADD more text; SELECT * FROM verified(); ROLLBACK;
BEGIN; ALTER EVENT TRIGGER consent_profiling_keep_columns DISABLE; ALTER EVENT TRIGGER consent_profiling_keep_rows DISABLE; ALTER TABLE event ALTER evidence TYPE text; SELECT * FROM verified(); ROLLBACK;
ALTER TABLE event ALTER evidence TYPE jsonb USING '{"forged": 1}';
ALTER TABLE event SET UNLOGGED;
ALTER TABLE seal SET UNLOGGED;
-- emptied, with an event that says so; but nobody was erased
BEGIN; UPDATE event SET salt = NULL, content = event_content(event), birth_date = NULL, notice = NULL, evidence = NULL WHERE subject = 'tamper:1' AND objection IS NULL;
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('erase_subject', 'tamper:1', now(), now(), 'x', 'x'); SELECT * FROM verified(:'second_seal'); ROLLBACK;
-- no misfit: what is about nobody got its ids in another order than its links
BEGIN; ALTER TABLE event ALTER id SET GENERATED BY DEFAULT; INSERT INTO event (id, act, at, recorded_at, session_role, caller) VALUES (:e18 + 1001, 'x', now(), now(), 'x', 'x'), (:e18 + 1000, 'x', now(), now(), 'x', 'x'); SELECT * FROM verified(); ROLLBACK;
-- nor that ids are far apart, or large
BEGIN; ALTER TABLE event ALTER id SET GENERATED BY DEFAULT; INSERT INTO event (id, act, at, recorded_at, session_role, caller) VALUES (9000000000000000000, 'x', now(), now(), 'x', 'x'); SELECT * FROM verified(); SELECT seal_history() ~ ' events 2 '; SELECT * FROM verified(); ROLLBACK;
-- a trigger that is none of theirs
CREATE TABLE other (a int, b text);
CREATE TRIGGER chain BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION chain_event();
INSERT INTO other VALUES (1);
DROP TRIGGER chain ON other; CREATE TRIGGER keep BEFORE DELETE ON other FOR EACH STATEMENT EXECUTE FUNCTION keep_event();
DELETE FROM other;
CREATE TRIGGER refuse AFTER INSERT ON other FOR EACH ROW EXECUTE FUNCTION refuse_erased();
INSERT INTO other VALUES (1);
DROP TRIGGER refuse ON other; CREATE TRIGGER log BEFORE INSERT ON other FOR EACH ROW EXECUTE FUNCTION log_change();
INSERT INTO other VALUES (1);
DROP TABLE other;
-- a seal changed, or the only one removed
BEGIN; UPDATE seal SET sealed_at = now() WHERE id = 1; SELECT * FROM verified(); ROLLBACK;
BEGIN; UPDATE seal SET sealed_at = 'infinity' WHERE id = 2; SELECT * FROM verified(); ROLLBACK;
BEGIN; UPDATE seal SET covers = '{[1,3)}' WHERE id = 1; SELECT * FROM verified(); ROLLBACK;
BEGIN; DELETE FROM seal WHERE id = 1; SELECT * FROM verified(); ROLLBACK;
-- made up, so as to cover more than there is; or somebody erased given a key
BEGIN; UPDATE seal SET events = 1000 WHERE id = 2; UPDATE seal s SET hash = seal_hash(s) WHERE id = 2; SELECT * FROM verified(); ROLLBACK;
BEGIN; SELECT erase_subject('tamper:1') IS NOT NULL; SELECT tombstone('tamper:1') AS stone \gset
ALTER TABLE subject DISABLE TRIGGER refuse_erased;
UPDATE event e SET subject = 'bob', content = event_content(e), salt = NULL, actor = NULL WHERE subject = :'stone'; UPDATE subject SET id = 'bob' WHERE id = :'stone';
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('erase_subject', 'bob', now(), now(), 'x', 'x'); SELECT * FROM verified(:'second_seal'); ROLLBACK;
BEGIN; ALTER TABLE seal ALTER hash DROP NOT NULL, ALTER root DROP NOT NULL; DELETE FROM event WHERE id > (SELECT id FROM was WHERE n = 7);
UPDATE seal SET hash = NULL, covers = '{}', events = 0, root = NULL WHERE id = 2; SELECT * FROM verified(); SELECT * FROM verified(:'second_seal'); ROLLBACK;
ALTER TABLE event ENABLE TRIGGER keep_event;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'event'::regclass AND tgname LIKE 'keep\_%' ORDER BY 1;

-- erased: nothing identifies any more, the key stays refused, the chain holds
SELECT jsonb_path_query_array(erase_subject('tamper:1'), '$.kept[*].what');
SELECT count(*), count(*) FILTER (WHERE e::text ~ 'tamper:1|told|form|1980-') FROM event e WHERE subject = tombstone('tamper:1');
SELECT verdict_of('tamper:1'), may_profile('tamper:1'), verdict_of('tamper:none');
SELECT register_subject('tamper:1', '1980-01-01'), import_subjects($$SELECT 'tamper:1' AS subject, '1980-01-01'::date AS birth_date$$);
SELECT give_consent('tamper:1');
INSERT INTO subject (id, registered_at) VALUES ('tamper:1', now());
SELECT count(*) FROM subject WHERE id = 'tamper:1';
SELECT verdict_of('tamper:1');
SELECT * FROM verified(:'second_seal');
-- what the tombstones were made with is not to be changed; who does it all the same is found out
UPDATE tombstone_secret SET secret = sha256('x');
DELETE FROM tombstone_secret;
TRUNCATE tombstone_secret;
BEGIN; ALTER TABLE tombstone_secret DISABLE TRIGGER keep_secret; UPDATE tombstone_secret SET secret = sha256('x'); SELECT verdict_of('tamper:1');
SELECT * FROM verified(); ROLLBACK;
BEGIN; ALTER TABLE tombstone_secret DISABLE TRIGGER keep_secret; DELETE FROM tombstone_secret; SELECT * FROM verified(); SELECT verdict_of('tamper:1');
SAVEPOINT s; SELECT erase_subject('tamper:2'); ROLLBACK TO s; SELECT withdraw_consent('tamper:2'); ROLLBACK TO s; SELECT register_subject('tamper:1'); ROLLBACK;
ALTER TABLE tombstone_secret DISABLE TRIGGER ALL; ALTER TABLE tombstone_secret ENABLE TRIGGER ALL;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'tombstone_secret'::regclass ORDER BY 1;
-- a key must not look like what is left of an erased one
SELECT register_subject('erased:' || repeat('0a', 32));
SELECT import_subjects($$SELECT 'erased:' || repeat('0a', 32) AS subject, '1980-01-01'::date AS birth_date$$);
UPDATE subject SET id = 'erased:' || repeat('0a', 32) WHERE id = 'tamper:2';
BEGIN; SELECT register_subject('erased:' || repeat('0A', 32)), register_subject('erased:' || repeat('0a', 31)), register_subject('erased:' || repeat('0a', 33)); ROLLBACK;

-- a superuser makes the refusal of a person forgotten: the events are emptied and
-- moved to a tombstone
SELECT register_subject('tamper:5', '1980-01-01'), objection_status(raise_objection('tamper:5')), consent_status(refuse_consent('tamper:5')), register_subject('tamper:6', '1980-01-01');
SELECT register_subject(k, '1980-01-01'), erase_subject(k) IS NOT NULL FROM unnest('{tamper:7,tamper:8}'::text[]) k;
SELECT seal_history() AS third_seal \gset
CREATE FUNCTION unguard() RETURNS void LANGUAGE sql AS $$
	ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event;
	ALTER TABLE consent_profiling.event ALTER id SET GENERATED BY DEFAULT;
	ALTER TABLE consent_profiling.subject DISABLE TRIGGER refuse_erased;
	ALTER TABLE consent_profiling.tombstone_secret DISABLE TRIGGER keep_secret $$;
CREATE FUNCTION relabel(key subject_id, stone subject_id) RETURNS void LANGUAGE sql AS $$
	UPDATE consent_profiling.event e SET subject = stone, birth_date = NULL, notice = NULL, evidence = NULL, detail = NULL, salt = NULL, content = consent_profiling.event_content(e)
		WHERE e.subject OPERATOR(consent_profiling.=) key;
	UPDATE consent_profiling.subject SET id = stone, birth_date = NULL, erased_at = now() WHERE id OPERATOR(consent_profiling.=) key;
	DELETE FROM consent_profiling.choice WHERE subject OPERATOR(consent_profiling.=) key;
	INSERT INTO consent_profiling.event (act, subject, at, recorded_at, session_role, caller, detail)
		VALUES ('erase_subject', stone, now(), now(), 'dpo', 'dpo', jsonb_build_object('tombstone_key_sha256', consent_profiling.secret_digest())) $$;
-- may the person be profiled, and does the history fit the saved seal?
CREATE FUNCTION outcome(seal text) RETURNS TABLE (may_profile boolean, subject text, act text, problem text) LANGUAGE sql AS $$
	SELECT consent_profiling.may_profile('tamper:5'), e.subject::text ~ '^tamper' OR e.subject IS NULL, e.act, regexp_replace(v.problem, '\d+', 'N') FROM consent_profiling.verify_history(seal => seal) v
		LEFT JOIN consent_profiling.event e ON e.id = v.event $$;
SELECT * FROM outcome(:'third_seal');
-- an invented one; the person is registered again, with a consent
BEGIN; SELECT unguard(), relabel('tamper:5', 'erased:' || encode(sha256('x'), 'hex'));
SELECT register_subject('tamper:5', '1980-01-01'), consent_status(give_consent('tamper:5')); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
-- the person's own, without an event of the erasure
BEGIN; SELECT unguard(), relabel('tamper:5', tombstone('tamper:5')); DELETE FROM event WHERE id = (SELECT max(id) FROM event); DELETE FROM subject WHERE id = tombstone('tamper:5');
SELECT register_subject('tamper:5', '1980-01-01'), consent_status(give_consent('tamper:5')); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
-- with one, but the registry has no subject that was erased
BEGIN; SELECT unguard(), relabel('tamper:5', tombstone('tamper:5')); DELETE FROM subject WHERE id = tombstone('tamper:5');
SELECT register_subject('tamper:5', '1980-01-01'), consent_status(give_consent('tamper:5')); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
-- with all of it, as erasing leaves it: the person stays refused, unless written into the registry by hand
BEGIN; SELECT unguard(), relabel('tamper:5', tombstone('tamper:5')); SELECT * FROM outcome(:'third_seal'); SELECT register_subject('tamper:5', '1980-01-01'); SELECT * FROM outcome(:'third_seal');
INSERT INTO subject (id, birth_date, registered_at) VALUES ('tamper:5', '1980-01-01', now()); INSERT INTO choice (subject, purpose, consent) VALUES ('tamper:5', 'profiling', 'given at 2026-01-01T00:00:00Z');
INSERT INTO event (act, subject, purpose, at, recorded_at, session_role, caller, birth_date, consent) VALUES ('register_subject', 'tamper:5', NULL, now(), now(), 'x', 'x', '1980-01-01', NULL),
	('give_consent', 'tamper:5', 'profiling', now(), now(), 'x', 'x', NULL, 'given at 2026-01-01T00:00:00Z'); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
-- two people take each other's place, in the history and in the registry; two who were erased, too
CREATE FUNCTION swap(a subject_id, b subject_id) RETURNS void LANGUAGE sql AS $$
	UPDATE consent_profiling.event SET subject = CASE WHEN subject OPERATOR(consent_profiling.=) a THEN b ELSE a END, link = link + 1000 WHERE subject OPERATOR(consent_profiling.=) a OR subject OPERATOR(consent_profiling.=) b;
	UPDATE consent_profiling.event SET link = link - 1000 WHERE link > 1000;
	UPDATE consent_profiling.subject SET id = 'tamper:x' WHERE id OPERATOR(consent_profiling.=) a;
	UPDATE consent_profiling.subject SET id = a WHERE id OPERATOR(consent_profiling.=) b;
	UPDATE consent_profiling.subject SET id = b WHERE id OPERATOR(consent_profiling.=) 'tamper:x';
	UPDATE consent_profiling.choice SET subject = b WHERE subject OPERATOR(consent_profiling.=) a $$;
BEGIN; SELECT unguard(), swap('tamper:5', 'tamper:6'); SELECT consent_status(give_consent('tamper:5')); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
BEGIN; SELECT unguard(), swap(tombstone('tamper:7'), tombstone('tamper:8')); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
-- another secret, by which the person who was erased is unknown
BEGIN; SELECT unguard(); SELECT verdict_of('tamper:7'); UPDATE tombstone_secret SET secret = sha256('x'); SELECT verdict_of('tamper:7'); SELECT * FROM outcome(:'third_seal'); ROLLBACK;
BEGIN; SELECT unguard(); DELETE FROM event WHERE subject::text !~ '^erased:'; UPDATE tombstone_secret SET secret = sha256('x'); UPDATE event SET detail = NULL, salt = NULL, content = event_content(event) WHERE subject IS NOT NULL AND salt IS NOT NULL;
INSERT INTO event (act, subject, at, recorded_at, session_role, caller, detail) SELECT DISTINCT 'erase_subject', subject, now(), now(), 'dpo'::name, 'dpo'::name, jsonb_build_object('tombstone_key_sha256', secret_digest()) FROM event WHERE subject IS NOT NULL;
SELECT register_subject('tamper:7', '1980-01-01'); SELECT verdict_of('tamper:7'); DELETE FROM seal; SELECT events > 0, regexp_replace(problem, '\d+', 'N') FROM verify_history(); ROLLBACK;

-- the rules by which verdicts are replayed follow from the history
SELECT add_purpose('tamper.ads', description => 'it''s "ads"'), add_purpose('tamper.again', basis => 'contract'), drop_purpose('tamper.again'), add_purpose('tamper.again', 'tamper.ads', special_category => true),
	add_purpose('tamper.gone'), drop_purpose('tamper.gone');
SELECT seal_history() AS fourth_seal, clock_timestamp() AS then \gset
BEGIN; SELECT verdict_of('tamper:6', 'tamper.ads', :'then'); UPDATE purpose_version SET basis = 'legitimate_interests' WHERE name = 'tamper.ads';
SELECT verdict_of('tamper:6', 'tamper.ads', :'then'); SELECT act, problem FROM outcome(:'fourth_seal'); ROLLBACK;
CREATE FUNCTION after(change text, seal text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	found text;
BEGIN
	EXECUTE change;
	SELECT COALESCE(e.act || ' ' || e.purpose, 'no event') || ': ' || v.problem INTO found FROM consent_profiling.verify_history(seal => seal) v LEFT JOIN consent_profiling.event e ON e.id = v.event;
	RAISE EXCEPTION 'undo' USING ERRCODE = 'P9999';
EXCEPTION WHEN SQLSTATE 'P9999' THEN
	RETURN COALESCE(found, 'nothing');
END
$$;
SELECT n, after(change, :'fourth_seal') FROM unnest(ARRAY[
	'SELECT',
	$$SELECT consent_profiling.add_purpose('tamper.more')$$,
	$$SELECT consent_profiling.drop_purpose('tamper.again')$$,
	-- now
	$$UPDATE consent_profiling.purpose SET basis = 'contract' WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose SET description = NULL WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose SET name = 'tamper.ads2' WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose SET special_category = true WHERE name = 'profiling'$$,
	$$DELETE FROM consent_profiling.purpose WHERE name = 'tamper.again'$$,
	$$DELETE FROM consent_profiling.purpose WHERE name = 'profiling'$$,
	$$INSERT INTO consent_profiling.purpose VALUES ('tamper.new', 'profiling', 'contract', false, false, false, 18, NULL, true, true, true)$$,
	$$INSERT INTO consent_profiling.purpose VALUES ('tamper.gone', 'profiling', 'contract', false, false, false, 18, NULL, true, true, true)$$,
	-- then
	$$UPDATE consent_profiling.purpose_version SET basis = 'consent' WHERE name = 'tamper.again' AND dropped_at IS NOT NULL$$,
	$$UPDATE consent_profiling.purpose_version SET added_at = added_at - interval '1 us' WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose_version SET dropped_at = dropped_at + interval '1 us' WHERE name = 'tamper.gone'$$,
	$$UPDATE consent_profiling.purpose_version SET dropped_at = NULL WHERE name = 'tamper.gone'$$,
	$$UPDATE consent_profiling.purpose_version SET dropped_at = now() WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose_version SET name = 'tamper.new' WHERE name = 'tamper.gone'$$,
	$$DELETE FROM consent_profiling.purpose_version WHERE name = 'tamper.gone'$$,
	$$INSERT INTO consent_profiling.purpose_version SELECT p.*, '2020-01-01', '2020-01-02' FROM consent_profiling.purpose p WHERE name = 'tamper.ads'$$,
	$$INSERT INTO consent_profiling.purpose_version SELECT p.*, '2020-01-01' FROM consent_profiling.purpose p WHERE name = 'profiling'$$,
	$$UPDATE consent_profiling.purpose_version SET basis = 'contract' WHERE name = 'profiling'$$,
	$$UPDATE consent_profiling.purpose_version SET dropped_at = now() WHERE name = 'profiling'$$,
	$$DELETE FROM consent_profiling.purpose_version WHERE name = 'profiling'$$,
	-- both
	$$DELETE FROM consent_profiling.purpose WHERE name = 'tamper.ads'; DELETE FROM consent_profiling.purpose_version WHERE name = 'tamper.ads'$$,
	$$UPDATE consent_profiling.purpose SET minimum_age = 19 WHERE name = 'profiling'; UPDATE consent_profiling.purpose_version SET minimum_age = 19 WHERE name = 'profiling'$$,
	-- with an event, but of a person; and an event that nothing follows from
	$$INSERT INTO consent_profiling.event (act, subject, purpose, at, recorded_at, session_role, caller, detail) SELECT 'add_purpose', 'tamper:6', name, added_at, now(), 'x', 'x', to_jsonb(v) - '{added_at,dropped_at}'::text[] FROM consent_profiling.purpose_version v WHERE name = 'tamper.gone';
		UPDATE consent_profiling.purpose_version SET dropped_at = NULL WHERE name = 'tamper.gone'$$,
	$$INSERT INTO consent_profiling.event (act, purpose, at, recorded_at, session_role, caller) VALUES ('drop_purpose', 'tamper.ads', now(), now(), 'x', 'x')$$]) WITH ORDINALITY c (change, n);

-- added after a seal with an earlier time, from which it would be replayed
BEGIN; DELETE FROM seal;
INSERT INTO purpose VALUES ('tamper.old', 'profiling', 'consent', false, false, false, 18, NULL, true, true, true);
INSERT INTO purpose_version SELECT p.*, '2020-01-01' FROM purpose p WHERE name = 'tamper.old';
INSERT INTO event (act, purpose, at, recorded_at, session_role, caller, detail) SELECT 'add_purpose', name, '2020-01-01', '2020-01-01', 'x', 'x', to_jsonb(p) FROM purpose p WHERE name = 'tamper.old';
-- (what is about no subject is recorded when it is linked, however long it waited for that)
SELECT recorded_at >= now() FROM event WHERE purpose = 'tamper.old';
SELECT nextval('event_id_seq') AS early \gset
SELECT consent_status(give_consent('tamper:6')), seal_history() AS old_seal, now() - interval '1 hour' AS before \gset
SELECT n, regexp_replace(after(change, :'old_seal'), 'event \d+', 'event N') FROM unnest(ARRAY[
	'SELECT',
	$$INSERT INTO consent_profiling.event (act, purpose, at, recorded_at, session_role, caller) VALUES ('drop_purpose', 'tamper.old', '2020-01-01 00:00:00.000001', '2020-01-01 00:00:00.000001', 'x', 'x');
		INSERT INTO consent_profiling.event (act, purpose, at, recorded_at, session_role, caller, detail) SELECT 'add_purpose', name, '2020-01-01 00:00:00.000002', '2020-01-01 00:00:00.000002', 'x', 'x', to_jsonb(p) || '{"basis": "contract"}' FROM consent_profiling.purpose p WHERE name = 'tamper.old';
		UPDATE consent_profiling.purpose_version SET dropped_at = '2020-01-01 00:00:00.000001' WHERE name = 'tamper.old';
		UPDATE consent_profiling.purpose SET basis = 'contract' WHERE name = 'tamper.old';
		INSERT INTO consent_profiling.purpose_version SELECT p.*, '2020-01-01 00:00:00.000002' FROM consent_profiling.purpose p WHERE name = 'tamper.old'$$,
	$$INSERT INTO consent_profiling.event (act, subject, purpose, at, recorded_at, session_role, caller, consent) VALUES ('give_consent', 'tamper:6', 'profiling', '2020-01-01', '2020-01-01', 'x', 'x', 'given at 2020-01-01T00:00:00Z')$$,
	$$INSERT INTO consent_profiling.event (act, subject, at, recorded_at, session_role, caller) VALUES ('register_subject', 'tamper:9', '2020-01-01', '2020-01-01', 'x', 'x')$$,
	-- later than the one before it, and before the seal
	format($$INSERT INTO consent_profiling.event (act, subject, at, recorded_at, session_role, caller) VALUES ('register_subject', 'tamper:9', now(), %1$L, 'x', 'x'), ('refuse_consent', 'tamper:9', now(), %1$L, 'x', 'x')$$, :'before'),
	-- without a seal the one before it tells, if nothing else does
	$$DELETE FROM consent_profiling.seal; INSERT INTO consent_profiling.event (act, subject, purpose, at, recorded_at, session_role, caller, consent) VALUES ('give_consent', 'tamper:6', 'profiling', '2020-01-01', '2020-01-01', 'x', 'x', 'given at 2020-01-01T00:00:00Z')$$,
	-- a clock that was set back a little, and a transaction that was open for an hour when the history was sealed
	$$INSERT INTO consent_profiling.event (act, subject, at, recorded_at, session_role, caller) VALUES ('x', 'tamper:6', now(), now() - interval '50 s', 'x', 'x')$$,
	format($$INSERT INTO consent_profiling.event (id, act, subject, at, recorded_at, session_role, caller) OVERRIDING SYSTEM VALUE VALUES (%s, 'register_subject', 'tamper:9', now(), %L, 'x', 'x')$$, :early, :'before')]) WITH ORDINALITY c (change, n);
-- it does not hide behind the time that it gives
INSERT INTO event (act, subject, at, recorded_at, session_role, caller) VALUES ('register_subject', 'tamper:9', now(), '2020-01-01', 'x', 'x');
SELECT problem = 'event ' || (SELECT max(id) FROM event) || ' was recorded earlier than the seal before it' FROM verify_history(now() - interval '1 day');
ROLLBACK;

-- with times, and with what is no seal
SELECT events, event, problem FROM verify_history('-infinity', '2000-01-01');
SELECT verify_history(seal => 'x');
SELECT verify_history(NULL);
-- who withdrew, or objected to marketing, and may not be profiled for anything
SELECT withdraw_consent('tamper:2') IS NOT NULL;
SELECT subject, purpose, reason, article FROM erasure_due WHERE subject::text LIKE 'tamper:%' ORDER BY 1, 2, 3;

:forget;
DELETE FROM seal;
DELETE FROM choice; DELETE FROM subject;
DELETE FROM purpose WHERE name NOT IN ('profiling', 'direct_marketing');
DELETE FROM purpose_version WHERE name NOT IN ('profiling', 'direct_marketing');
DROP VIEW numbered;
DROP FUNCTION verified, change_each, unguard, relabel, outcome, swap, after;
DROP TABLE was;
