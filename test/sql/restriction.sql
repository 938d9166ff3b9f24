-- restriction: the four grounds of Art. 18(1), objections that are pending, and
-- that a person is informed before a restriction is lifted
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
CREATE ROLE regress_nobody;
SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');
SELECT add_purpose('rs.shop', basis => 'legitimate_interests'),
	add_purpose('rs.shop.stats', 'rs.shop', basis => 'legitimate_interests'),
	add_purpose('rs.shop.mail', basis => 'legitimate_interests', direct_marketing => true),
	add_purpose('rs.shop.mail.eu', 'rs.shop.mail', basis => 'legitimate_interests');
SELECT count(register_subject('rs:' || n, '1980-01-01')) FROM generate_series(1, 9) n;
SELECT count(register_subject('rs:g' || n, '1980-01-01')) FROM generate_series(1, 40) n;

---------------------------------------------------------------------
-- the words for the grounds
---------------------------------------------------------------------
CREATE FUNCTION taken_as(n bigint, ground text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	PERFORM restrict_subject('rs:g' || n, ground);
	RETURN format('%s: %s', quote_literal(ground), (SELECT r.ground || ', ' || r.article FROM restriction r WHERE r.subject = 'rs:g' || n));
EXCEPTION WHEN invalid_parameter_value THEN
	RETURN format('%s: refused', quote_literal(ground));
END
$$;
SELECT taken_as(n, g) FROM unnest(ARRAY[
	'accuracy_contested', 'unlawful_processing', 'legal_claims', 'objection_pending',
	'accuracy contested', 'unlawful processing', 'legal claims', 'objection pending',
	'accuracy contested, Art. 18(1)(a)', 'unlawful', 'Unlawful: no basis', 'needed for claims', 'needed for legal claims',
	'claims of the person, file 7', 'ACCURACY_CONTESTED', 'Objection Pending', 'OBJECTION__PENDING (letter)',
	E'  accuracy\t contested', E'\nlegal _ claims', 'unlawful.', 'unlawfully collected',
	'', ' ', '_', 'accuracy', 'contested', 'accuracy contestedness', 'accuracycontested', 'lawful', 'not unlawful', 'unlawfulness',
	'legal', 'needed', 'needed for', 'claimsman', 'objection', 'objection raised', 'pending', 'Art. 18(1)(a)'])
	WITH ORDINALITY AS u (g, n) ORDER BY n;
-- what is refused leaves nothing
SELECT count(*) = count(*) FILTER (WHERE s.restricted_at IS NOT NULL) FROM event e JOIN subject s ON s.id = e.subject
	WHERE e.act = 'restrict_subject';
SELECT restrict_subject('rs:1', 'because');

---------------------------------------------------------------------
-- what is in force
---------------------------------------------------------------------
SET ROLE regress_officer;
SELECT restrict_subject('rs:1', 'accuracy contested, by phone');
SELECT restrict_subject('rs:1', 'Unlawful');
-- again on the same ground
SELECT restrict_subject('rs:1', 'accuracy contested, by letter');
SELECT subject, ground, article, purpose FROM restriction WHERE subject = 'rs:1' ORDER BY since;
-- each since its first
SELECT r.ground, r.since = (SELECT min(at) FROM event e WHERE e.subject = 'rs:1' AND e.detail ->> 'ground' = r.ground)
	FROM restriction r WHERE r.subject = 'rs:1' ORDER BY since;
-- as it was put
SELECT ground, detail FROM event WHERE subject = 'rs:1' AND act = 'restrict_subject' ORDER BY id;
RESET ROLE;
SELECT restriction_grounds FROM subject WHERE id = 'rs:1';
SELECT verdict_of('rs:1', 'rs.shop');
-- one that was put into the registry by hand
UPDATE subject SET restricted_at = '2026-01-01 00:00Z', restriction_grounds = '{legal_claims,court}' WHERE id = 'rs:2';
SELECT * FROM restriction WHERE subject = 'rs:2' ORDER BY ground;

---------------------------------------------------------------------
-- lifted, the person having been informed
---------------------------------------------------------------------
SELECT clock_timestamp() AS told \gset
SET ROLE regress_officer;
SELECT lift_restriction('rs:1', NULL);
SELECT lift_restriction('rs:1');
SELECT lift_restriction('rs:1', 'infinity');
SELECT lift_restriction('rs:2', '2025-12-31 23:59:59Z');
-- one told of the first, and restricted again since on whatever ground, was not told of that
SELECT restrict_subject('rs:1', 'accuracy contested, by e-mail');
\set VERBOSITY terse
SELECT lift_restriction('rs:1', :'told');
\set VERBOSITY default
SELECT count(*) FROM restriction WHERE subject = 'rs:1';
SELECT at AS newest FROM event WHERE subject = 'rs:1' ORDER BY id DESC LIMIT 1 \gset
SELECT lift_restriction('rs:1', :'newest');
SELECT * FROM restriction WHERE subject = 'rs:1';
SELECT verdict_of('rs:1', 'rs.shop');
SELECT lift_restriction('rs:1', clock_timestamp());
-- restricted anew, it begins anew, and what was told before does not count
SELECT restrict_subject('rs:1', 'unlawful');
SELECT ground, since > :'newest' AS anew FROM restriction WHERE subject = 'rs:1';
\set VERBOSITY terse
SELECT lift_restriction('rs:1', :'newest');
\set VERBOSITY default
SELECT verdict_of('rs:1', 'rs.shop');
RESET ROLE;

---------------------------------------------------------------------
-- an objection is pending while it is raised, and can be overridden
---------------------------------------------------------------------
CREATE VIEW pending AS
	SELECT subject, ground, article, purpose, since FROM restriction WHERE subject::text ~ '^rs:[3-9]$' ORDER BY subject, purpose;
SELECT objection_status(raise_objection('rs:3', 'rs.shop', '2026-01-05 00:00Z'));
SELECT * FROM pending;
-- not what is decided upon, or withdrawn
SELECT objection_status(uphold_objection('rs:3', 'rs.shop', '2026-01-06 00:00Z'));
SELECT * FROM pending;
SELECT objection_status(raise_objection('rs:3', 'rs.shop', '2026-01-07 00:00Z'));
SELECT * FROM pending;
SELECT objection_status(override_objection('rs:3', 'rs.shop', 'compelling', '2026-01-08 00:00Z'));
SELECT * FROM pending;
SELECT objection_status(raise_objection('rs:3', 'rs.shop', '2026-01-09 00:00Z'));
SELECT * FROM pending;
SELECT objection_status(withdraw_objection('rs:3', 'rs.shop', '2026-01-10 00:00Z'));
SELECT * FROM pending;
-- overridden beneath, it is pending still for the rest
SELECT objection_status(raise_objection('rs:4', 'rs.shop', '2026-01-05 00:00Z'));
SELECT objection_status(override_objection('rs:4', 'rs.shop.stats', 'compelling', '2026-01-06 00:00Z'));
SELECT * FROM pending;
SELECT objection_status(withdraw_objection('rs:4', 'rs.shop'));
-- on direct marketing, and beneath it, nothing is to be weighed
SELECT objection_status(raise_objection('rs:5', p)) FROM unnest('{rs.shop.mail,rs.shop.mail.eu}'::text[]) p;
SELECT * FROM pending;
SELECT verdict_of('rs:5', 'rs.shop.mail.eu');
-- above it, and to everything
SELECT objection_status(raise_objection('rs:5', p, '2026-01-05 00:00Z')) FROM unnest('{rs.shop,profiling}'::text[]) p;
SELECT * FROM pending;
-- it is the objection that denies; no restriction is there to be lifted
SELECT verdict_of('rs:5', 'rs.shop');
SELECT lift_restriction('rs:5', clock_timestamp());
-- both at a time
SELECT restrict_subject('rs:5', 'objection pending, letter of today');
SELECT subject, ground, article, purpose FROM pending;
SELECT lift_restriction('rs:5', clock_timestamp());
SELECT subject, ground, article, purpose FROM pending;
-- erased, there is nothing
SELECT restrict_subject('rs:5', 'legal claims');
SELECT erase_subject('rs:5') IS NOT NULL;
SELECT * FROM pending;
-- no consent is one
SELECT consent_status(withdraw_consent('rs:6', 'rs.shop'));
SELECT * FROM pending;

---------------------------------------------------------------------
-- for officers
---------------------------------------------------------------------
SET ROLE regress_recorder;
SELECT * FROM restriction;
SET ROLE regress_nobody;
SELECT * FROM restriction;
SELECT restriction_ground('unlawful');
RESET ROLE;

DROP VIEW pending;
DROP FUNCTION taken_as(bigint, text);
DELETE FROM choice; DELETE FROM subject;
SELECT drop_purpose(p) FROM unnest('{rs.shop.mail.eu,rs.shop.mail,rs.shop.stats,rs.shop}'::text[]) p;
SELECT revoke_duty('regress_recorder', 'recorder'), revoke_duty('regress_officer', 'officer');
DROP ROLE regress_recorder, regress_officer, regress_nobody;
