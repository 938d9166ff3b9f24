-- purposes: the tree, who may profile for what, and what that does to the gate
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

SELECT name, broader, basis, direct_marketing, special_category, automated_decision, minimum_age FROM purpose;

-- by its defaults, by all its arguments, and beneath one another
SELECT add_purpose('shop');
SELECT add_purpose('shop.news', 'direct_marketing', 'legitimate_interests', true, false, false, 21, 'Our newsletter');
SELECT add_purpose(broader => 'shop.news', name => 'shop.news.eu', basis => 'legitimate_interests');
SELECT add_purpose('shop.stats', 'shop', basis => 'legitimate_interests');
SELECT add_purpose('health', special_category => true, automated_decision => true);
SELECT * FROM purpose ORDER BY name;
-- direct marketing is at or below one purpose, whoever says so or not
SELECT add_purpose('stray', 'shop', direct_marketing => true);
SELECT add_purpose('direct_marketing', direct_marketing => true);
SELECT direct_marketing FROM purpose WHERE name = 'shop.news.eu';
UPDATE purpose SET broader = 'shop' WHERE name = 'direct_marketing';
-- every basis, and names to the limits
SELECT count(add_purpose('b.' || b, basis => b)) FROM unnest(
	'{consent,contract,legal_obligation,vital_interests,public_task,legitimate_interests}'::text[]) b;
SELECT add_purpose(repeat('z', 63)), add_purpose('0'), add_purpose('_:/-.Z');
SELECT name FROM purpose WHERE name <> 'profiling' AND name NOT LIKE 'shop%' ORDER BY name;
SELECT count(drop_purpose(name)) FROM purpose WHERE name LIKE 'b.%' OR name IN ('health', '0', '_:/-.Z', repeat('z', 63));
-- a purpose goes from its leaves, and never the root
SELECT drop_purpose('shop');
SELECT drop_purpose('shop.news');
SELECT drop_purpose('profiling');
SELECT drop_purpose('direct_marketing');

---------------------------------------------------------------------
-- No's flow down, yes's do not
---------------------------------------------------------------------
SELECT register_subject('p', '1980-01-01');
CREATE VIEW tree AS SELECT name, verdict_of('p', name) FROM purpose ORDER BY name;
SELECT * FROM tree;
SELECT give_consent('p', 'profiling', at => '2026-01-01 00:00Z');
SELECT * FROM tree;
SELECT give_consent('p', 'shop', at => '2026-01-01 00:00Z');
SELECT * FROM tree;
SELECT refuse_consent('p', 'shop.news', at => '2026-01-02 00:00Z');
SELECT * FROM tree;
SELECT withdraw_consent('p', 'profiling', at => '2026-01-03 00:00Z');
SELECT * FROM tree;
SELECT give_consent('p', 'shop.stats', at => '2026-01-04 00:00Z');
SELECT * FROM tree;
SELECT raise_objection('p', 'shop.stats', at => '2026-01-05 00:00Z');
SELECT * FROM tree;
SELECT raise_objection('p', 'profiling', at => '2026-01-06 00:00Z');
SELECT * FROM tree;
-- who is chosen for cannot go
SELECT drop_purpose('shop.stats');
-- erased, the choices are gone and it can
SELECT erase_subject('p') IS NOT NULL AS erased;
SELECT drop_purpose('shop.stats');
-- a protected table is a use too
CREATE TABLE gated (id int);
SELECT protect('gated', 'id', '{public}', 'shop.news.eu');
SELECT drop_purpose('shop.news.eu');
SELECT unprotect('gated');
SELECT drop_purpose('shop.news.eu');
DROP TABLE gated;
DROP VIEW tree;

---------------------------------------------------------------------
-- a tree that its owner bent into a ring: nobody hangs, and nobody profiles
---------------------------------------------------------------------
SELECT register_subject('q', '1980-01-01');
SELECT add_purpose('ring1', basis => 'legitimate_interests'), add_purpose('ring2', 'ring1', basis => 'legitimate_interests');
SELECT raise_objection('q', 'ring2', at => '2026-01-01 00:00Z');
UPDATE purpose SET broader = 'ring2' WHERE name = 'ring1';
SELECT level, name FROM lineage('ring1') ORDER BY level;
SELECT may_profile('q', 'ring1');
SELECT may_profile('q', 'ring2');
SELECT verdict_of('q', 'ring1');
SELECT override_objection('q', 'ring1', 'grounds', at => '2026-01-02 00:00Z');
SELECT may_profile('q', 'ring1');
SELECT objection_status(withdraw_objection('q', 'ring1'));
SELECT import_objections($$SELECT 'q' AS subject, 'ring1' AS purpose, 'raised at 2026-01-01T00:00Z' AS objection$$);
SELECT drop_purpose('ring1');
-- one that is above itself, or hangs in the air
UPDATE purpose SET broader = 'ring1' WHERE name = 'ring1';
UPDATE purpose SET broader = NULL WHERE name = 'ring1';
UPDATE purpose SET broader = 'nowhere' WHERE name = 'ring1';
SELECT may_profile('q', 'ring1');
SELECT may_profile('q', 'ring2');
UPDATE purpose SET broader = 'profiling' WHERE name = 'ring1';
DELETE FROM choice;
SELECT drop_purpose('ring2'), drop_purpose('ring1');

---------------------------------------------------------------------
-- who may profile for what
---------------------------------------------------------------------
CREATE ROLE regress_analyst;
CREATE ROLE regress_group;
CREATE ROLE regress_member IN ROLE regress_group;
CREATE ROLE regress_stranger NOINHERIT IN ROLE regress_group;
UPDATE purpose SET basis = 'legitimate_interests';
-- does may_profile() answer, for each purpose and role?
CREATE FUNCTION allowed() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	r text;
	p text;
	found text;
BEGIN
	FOREACH r IN ARRAY '{regress_analyst,regress_member,regress_stranger}'::text[] LOOP
		found := '';
		FOR p IN SELECT name FROM consent_profiling.purpose ORDER BY name LOOP
			BEGIN
				PERFORM set_config('role', r, true);
				PERFORM consent_profiling.may_profile('q', p);
				found := concat_ws(' ', NULLIF(found, ''), p);
			EXCEPTION WHEN insufficient_privilege THEN
			END;
			PERFORM set_config('role', 'none', true);
		END LOOP;
		RETURN NEXT r || ': ' || found;
	END LOOP;
END
$$;
-- at the start the root alone, for everybody
SELECT allowed();
-- a role, not for what is beneath; again is harmless
SELECT allow_purpose('regress_analyst', 'shop'), allow_purpose('regress_analyst', 'shop');
SELECT allowed();
-- a group, by those who have its rights
SELECT allow_purpose('regress_group', 'shop.news');
SELECT allowed();
-- everybody
SELECT allow_purpose('public', 'shop.news');
SELECT allowed();
SELECT disallow_purpose('public', 'shop.news');
SELECT allowed();
-- what was not allowed can be disallowed all the same
SELECT disallow_purpose('regress_member', 'shop.news'), disallow_purpose('regress_analyst', 'shop.news');
SELECT disallow_purpose('regress_analyst', 'shop');
SELECT allowed();
-- the root can be closed, with exceptions, and opened again
SELECT disallow_purpose('public', 'profiling'), disallow_purpose('public', 'profiling');
SELECT allow_purpose('regress_analyst', 'profiling');
SELECT allowed();
SET ROLE regress_stranger;
SELECT may_profile('q');
RESET ROLE;
SELECT allow_purpose('public', 'profiling');
SELECT disallow_purpose('regress_analyst', 'profiling');
SELECT allowed();

-- it is a role that is allowed, by whatever name
SELECT allow_purpose('regress_analyst', 'shop');
ALTER ROLE regress_analyst RENAME TO regress_renamed;
SELECT purpose, role::regrole FROM permissions() ORDER BY 1, 2::text;
CREATE ROLE regress_analyst;
SELECT allowed();
DROP ROLE regress_analyst;
-- who is still allowed something is not dropped by the way
DROP ROLE regress_renamed;
-- DROP OWNED takes it back
DROP OWNED BY regress_renamed;
SELECT purpose, role::regrole FROM permissions() ORDER BY 1, 2::text;
DROP ROLE regress_renamed;
-- so does dropping the purpose, for one of the same name too
CREATE ROLE regress_analyst;
SELECT allow_purpose('regress_analyst', 'shop.news'), allow_purpose('public', 'shop.news');
SELECT drop_purpose('shop.news');
SELECT add_purpose('shop.news');
SELECT allowed();

-- attack_by_name: no purpose can pass for the mark that closes the root
SELECT add_purpose('!profiling');
SELECT may_profile('q', '!profiling');
-- attack_by_policy: neither the table nor what it says is anybody else's
SET ROLE regress_analyst;
SELECT * FROM consent_profiling.permission;
CREATE POLICY mine ON consent_profiling.permission USING ('shop'::text IS NULL);
ALTER TABLE consent_profiling.permission DISABLE ROW LEVEL SECURITY;
CREATE TABLE consent_profiling.permission ();
SELECT * FROM permissions();
RESET ROLE;
-- with its row security off, nobody is let in
ALTER TABLE consent_profiling.permission DISABLE ROW LEVEL SECURITY;
SET ROLE regress_analyst;
SELECT may_profile('q');
RESET ROLE;
ALTER TABLE consent_profiling.permission ENABLE ROW LEVEL SECURITY;
-- whatever the administrator's settings
SELECT allow_purpose('regress_stranger', 'shop');
SET quote_all_identifiers = on; SET standard_conforming_strings = off; SET escape_string_warning = off;
SELECT disallow_purpose('regress_stranger', 'shop');
RESET quote_all_identifiers; RESET standard_conforming_strings; RESET escape_string_warning;
SELECT has_any FROM (SELECT 'regress_stranger'::regrole = ANY (polroles) AS has_any FROM pg_policy WHERE polrelid = 'consent_profiling.permission'::regclass) p WHERE has_any;
-- and other policies that stand there say nothing
CREATE POLICY other ON consent_profiling.permission USING (true);
CREATE POLICY "shop 1" ON consent_profiling.permission USING (current_user = 'shop');
SELECT allowed();
DROP POLICY other ON consent_profiling.permission;
DROP POLICY "shop 1" ON consent_profiling.permission;

DROP FUNCTION allowed();
SELECT drop_purpose('shop.news'), drop_purpose('shop');
UPDATE purpose SET basis = 'consent';
DROP TABLE consent_profiling.permission;
DROP ROLE regress_analyst, regress_member, regress_stranger, regress_group;
DELETE FROM choice; DELETE FROM subject; :forget;
