-- profiling_elements: what is profiling and what is not (Art. 4(4)), and what a purpose is (Art. 30)
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

SELECT add_purpose('el.full', basis => 'contract');
SELECT add_purpose('el.manual', basis => 'contract', automated => false);
SELECT add_purpose('el.counts', basis => 'contract', personal_data => false);
SELECT add_purpose('el.parcels', basis => 'contract', evaluates_person => false, automated_decision => true);
SELECT add_purpose('el.none', basis => 'contract', automated => false, personal_data => false, evaluates_person => false);
-- its own elements count, not those of what is above
SELECT add_purpose('el.below', 'el.none', 'public_task');
SELECT register_subject(7200, '1980-01-01');

---------------------------------------------------------------------
-- what lacks one is an error at the gate, neither a yes nor a no
---------------------------------------------------------------------
SELECT may_profile(7200, 'el.full'), may_profile(7200, 'el.below');
SELECT may_profile(7200, 'el.manual');
SELECT may_profile(7200, 'el.counts');
SELECT may_profile('7200', 'el.parcels');
SELECT may_profile(NULL::uuid, 'el.none');
SELECT may_decide(7200, 'el.manual');
SELECT may_decide(7200, 'el.parcels');
SELECT may_decide(NULL::text, 'el.none');
SELECT verdict_of(7200, 'el.manual');
SELECT verdict_of(7200, 'el.below'), verdict_of(NULL, 'el.full');
SELECT verdict FROM explain_verdict(7200, 'el.counts');
SET consent_profiling.purpose = 'el.parcels';
SELECT may_profile(7200);
SELECT may_decide(7200);
SELECT verdict_of(7200);
SELECT verdict FROM explain_verdict(7200);
RESET consent_profiling.purpose;
-- the planner asks too; who asks nothing gets no error
EXPLAIN (COSTS OFF) SELECT FROM subject WHERE may_profile(id, 'el.manual');
SELECT count(*) FROM subject WHERE false AND may_profile(id, 'el.manual');
-- an error has its code
DO $$
BEGIN
	PERFORM consent_profiling.may_profile(7200, 'el.manual');
EXCEPTION WHEN object_not_in_prerequisite_state THEN
	RAISE NOTICE '%', SQLSTATE;
END
$$;
-- people are asked, and object, all the same; and roles may be allowed it
SELECT consent_status(give_consent(7200, 'el.manual')), objection_status(raise_objection(7200, 'el.none'));
SELECT may_profile(7200, 'el.below'), may_profile(7200, 'el.full');
CREATE ROLE regress_el_analyst;
CREATE ROLE "regress_el Strange";
SELECT allow_purpose('regress_el_analyst', 'el.manual'), allow_purpose('regress_el_analyst', 'el.full'), allow_purpose('public', 'el.full');
SET ROLE regress_el_analyst;
SELECT may_profile(7200, 'el.manual');
-- that it is none is said before who may use it
SELECT may_profile(7200, 'el.counts');
RESET ROLE;

---------------------------------------------------------------------
-- protect() refuses, and leaves what there is
---------------------------------------------------------------------
CREATE TABLE el_people (id int);
INSERT INTO el_people SELECT generate_series(72000, 75500);
GRANT SELECT ON el_people TO regress_el_analyst;
SELECT protect('el_people', 'id', '{regress_el_analyst}', 'el.manual');
SELECT protect('el_people', 'id', '{regress_el_analyst}', 'el.none');
SELECT protect('el_people', 'id', '{regress_el_analyst}', 'el.nowhere');
SELECT count(*) FROM protected_table;
SELECT protect('el_people', 'id', '{regress_el_analyst}', 'el.full');
SELECT protect('el_people', 'id', '{regress_el_analyst}', 'el.parcels');
SELECT relation, purpose, roles FROM protected_table;
-- the owner of a table needs no right to the registry
GRANT CREATE ON SCHEMA public TO regress_el_analyst;
SET ROLE regress_el_analyst;
CREATE TABLE el_own (id int);
SELECT protect('el_own', 'id', '{regress_el_analyst}', 'el.manual');
SELECT protect('el_own', 'id', '{regress_el_analyst}', 'el.full');
DROP TABLE el_own;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM regress_el_analyst;

---------------------------------------------------------------------
-- nor is a set of such a purpose used any further
---------------------------------------------------------------------
SELECT import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM el_people');
CREATE FUNCTION el_has_set() RETURNS SETOF boolean LANGUAGE sql
	RETURN (SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'el.full');
SET ROLE regress_el_analyst;
PREPARE el_q AS SELECT count(*) FROM el_people;
EXECUTE el_q;
EXECUTE el_q;
RESET ROLE;
SELECT el_has_set();
UPDATE purpose SET evaluates_person = false WHERE name = 'el.full';
SET ROLE regress_el_analyst;
EXECUTE el_q;
SELECT count(*) FROM el_people;
SELECT count(*) FROM el_people WHERE id = 72001;
SELECT may_profile(72001, 'el.full');
RESET ROLE;
-- in a new session, which may find a set that others have made
\c -
SET search_path = public, consent_profiling;
SET ROLE regress_el_analyst;
SELECT count(*) FROM el_people;
SELECT may_profile(72001, 'el.full');
RESET ROLE;
UPDATE purpose SET evaluates_person = true WHERE name = 'el.full';
SET ROLE regress_el_analyst;
SELECT count(*) FROM el_people;
RESET ROLE;
SELECT el_has_set();
-- not committed: it holds for the transaction alone
BEGIN;
UPDATE purpose SET automated = false WHERE name = 'el.full';
SAVEPOINT s;
SELECT count(*) FROM el_people WHERE may_profile(id, 'el.full');
ROLLBACK TO s;
UPDATE purpose SET automated = true WHERE name = 'el.full';
SELECT count(*) FROM el_people WHERE may_profile(id, 'el.full');
ROLLBACK;
SELECT count(*) FROM el_people WHERE may_profile(id, 'el.full');
-- a gate by the session's purpose is not asked beforehand
SELECT protect('el_people', 'id', '{regress_el_analyst}');
SET ROLE regress_el_analyst;
SELECT count(*) FROM el_people;
SET consent_profiling.purpose = 'el.full';
SELECT count(*) FROM el_people;
SET consent_profiling.purpose = 'el.manual';
SELECT count(*) FROM el_people;
RESET consent_profiling.purpose;
RESET ROLE;
-- the root is profiling by definition, so column mode need not ask
UPDATE purpose SET automated = false WHERE name = 'profiling';
UPDATE purpose SET personal_data = false WHERE name = 'profiling';
UPDATE purpose SET evaluates_person = false WHERE name = 'profiling';
SELECT add_purpose('profiling', automated => false);

---------------------------------------------------------------------
-- describe_purpose: the line for the record of processing activities
---------------------------------------------------------------------
SELECT add_purpose('el.ads', basis => 'legitimate_interests', direct_marketing => true, description => 'Choosing who to write to');
SELECT add_purpose('el.ads.mail', 'el.ads', minimum_age => 21);
SELECT add_purpose('el.b.' || b, basis => b, automated_decision => b NOT IN ('legitimate_interests', 'public_task'))
	FROM unnest('{consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests}'::text[]) b;
SELECT add_purpose('el.s.' || b, basis => b, special_category => true, automated_decision => b IN ('contract', 'consent'))
	FROM unnest('{consent,contract,public_task}'::text[]) b;
\pset format aligned
\pset expanded on
\pset tuples_only off
SELECT * FROM describe_purpose('profiling');
CREATE SCHEMA "el Other";
CREATE TABLE "el Other".parted (who text, id int) PARTITION BY LIST (id);
CREATE TABLE "el Other"."part One" PARTITION OF "el Other".parted FOR VALUES IN (1);
SELECT protect('"el Other".parted', 'who', '{regress_el_analyst,"regress_el Strange"}', 'el.ads.mail');
SELECT protect('"el Other".parted', 'id', '{regress_el_analyst}', 'el.ads.mail');
CREATE TABLE el_columns (birth_date date, consent consent, objection objection);
SELECT protect_columns('el_columns', 'birth_date', 'consent', 'objection', '{regress_el_analyst}');
SELECT allow_purpose('regress_el Strange', 'el.ads.mail'), allow_purpose('public', 'el.ads.mail'), allow_purpose('regress_el_analyst', 'el.ads.mail');
INSERT INTO disclosure (subject, recipient, purpose, first_at, last_at)
	VALUES (7200, 'Mailers Ltd', 'el.ads.mail', now(), now()), (7201, 'Mailers Ltd', 'el.ads.mail', now(), now()),
		(7200, 'Advertisers', 'el.ads.mail', now(), now()), (7200, 'Others', 'el.ads', now(), now());
SELECT * FROM describe_purpose('el.ads.mail');
SELECT * FROM describe_purpose('el.none');
\pset format unaligned
\pset expanded off
\pset tuples_only on
-- the articles behind each basis
SELECT d.purpose, d.article FROM purpose p, describe_purpose(p.name) d WHERE p.name LIKE 'el.b.%' OR p.name LIKE 'el.s.%' ORDER BY p.name;
SELECT d.purpose, d.gate_applies, d.direct_marketing, d.protected_tables, d.allowed_roles FROM purpose p, describe_purpose(p.name) d
	WHERE p.name NOT LIKE 'el.b.%' AND p.name NOT LIKE 'el.s.%' ORDER BY p.name;
-- the root, closed to everybody
SELECT disallow_purpose('public', 'profiling'), allow_purpose('regress_el_analyst', 'profiling');
SELECT allowed_roles FROM describe_purpose('profiling');
SELECT allow_purpose('public', 'profiling');
SELECT allowed_roles FROM describe_purpose('profiling');
SELECT disallow_purpose('regress_el_analyst', 'profiling');
-- errors, and for officers alone; also where nothing can be written
SELECT * FROM describe_purpose(NULL);
SELECT * FROM describe_purpose('el.nowhere');
SELECT * FROM describe_purpose('');
SET ROLE regress_el_analyst;
SELECT * FROM describe_purpose('el.full');
RESET ROLE;
SELECT grant_duty('regress_el_analyst', 'officer');
SET ROLE regress_el_analyst;
BEGIN READ ONLY;
SELECT purpose, basis, recipients FROM describe_purpose('el.ads.mail');
COMMIT;
SELECT allowed_roles('el.ads.mail');
RESET ROLE;
SELECT revoke_duty('regress_el_analyst', 'officer');

DROP TABLE el_people, el_columns, "el Other".parted;
DROP SCHEMA "el Other";
DROP FUNCTION el_has_set();
DELETE FROM disclosure WHERE purpose LIKE 'el.%';
DELETE FROM choice WHERE purpose LIKE 'el.%';
DELETE FROM subject WHERE id::text = '7200' OR id::text ~ '^7[2-5][0-9]{3}$';
SELECT count(drop_purpose(name)) FROM (SELECT p.name FROM purpose p, lineage(p.name) l
	WHERE p.name LIKE 'el.%' GROUP BY p.name ORDER BY count(*) DESC, p.name) p;
DROP ROLE regress_el_analyst, "regress_el Strange";
