-- may_decide: solely automated decisions (Art. 22), and the review of them by a human
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

---------------------------------------------------------------------
-- purposes: which bases there are for it
---------------------------------------------------------------------
SELECT add_purpose('md.law', basis => 'legal_obligation', automated_decision => true);
SELECT add_purpose('md.contract', basis => 'contract', automated_decision => true);
SELECT add_purpose('md.consent', automated_decision => true);
SELECT add_purpose('md.vital', basis => 'vital_interests', automated_decision => true);
SELECT add_purpose('md.health', basis => 'contract', special_category => true, automated_decision => true);
-- one for which nobody has said that decisions are taken, and one beneath it
SELECT add_purpose('md.plain', basis => 'contract');
SELECT add_purpose('md.under', 'md.plain', 'contract', automated_decision => true);
SELECT add_purpose('md.deep', 'md.under', 'contract', automated_decision => true);
-- Art. 22(2) knows neither of these
SELECT add_purpose('md.no', basis => 'legitimate_interests', automated_decision => true);
SELECT add_purpose('md.no', basis => 'public_task', automated_decision => true);
UPDATE purpose SET basis = 'public_task' WHERE name = 'md.contract';

---------------------------------------------------------------------
-- people, each in one state
---------------------------------------------------------------------
SELECT count(register_subject('md:' || s, '1980-01-01')) FROM unnest(
	'{silent,asked,consented,explicit,over,refused,withdrawn,objected,restricted,erased,then_child}'::text[]) s;
SELECT register_subject('md:child', current_date - 3000), register_subject('md:ageless');
CREATE FUNCTION md_everywhere(act text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
	n bigint;
BEGIN
	EXECUTE format('SELECT count(%s) FROM consent_profiling.purpose p WHERE p.name LIKE ''md.%%''', act) INTO n;
	RETURN n;
END
$$;
SELECT md_everywhere($$request_consent('md:asked', p.name)$$);
SELECT md_everywhere($$give_consent('md:consented', p.name)$$);
SELECT md_everywhere(format($$give_consent('md:' || %L, p.name, true)$$, s))
	FROM unnest('{explicit,withdrawn,objected,restricted,erased,child,ageless}'::text[]) s;
SELECT md_everywhere($$give_consent('md:over', p.name, true, at => now() - interval '2 days', until => now() - interval '1 day')$$);
-- by somebody who was fourteen then
SELECT md_everywhere($$give_consent('md:then_child', p.name, true, at => '1994-01-01')$$);
SELECT md_everywhere($$refuse_consent('md:refused', p.name)$$), consent_status(withdraw_consent('md:withdrawn')),
	objection_status(raise_objection('md:objected')), restrict_subject('md:restricted', 'accuracy contested'), erase_subject('md:erased') IS NOT NULL;

-- what is there to be seen of them: may be profiled, may be decided upon
CREATE VIEW md_seen AS
	SELECT s AS who, string_agg(CASE WHEN may_profile('md:' || s, p.name) THEN 'P' ELSE '-' END
				|| CASE WHEN may_decide('md:' || s, p.name) THEN 'D' ELSE '-' END, ' ' ORDER BY p.name) AS "may"
		FROM unnest('{nobody,erased,ageless,child,restricted,objected,silent,asked,refused,withdrawn,over,then_child,consented,explicit}'::text[])
				WITH ORDINALITY AS u (s, n), purpose p
		WHERE p.name LIKE 'md.%' GROUP BY n, s ORDER BY n;
SELECT string_agg(name, ' ' ORDER BY name) FROM purpose WHERE name LIKE 'md.%';
SELECT * FROM md_seen;
-- for the root nobody has said so either
SELECT may_profile('md:explicit', 'profiling'), may_decide('md:explicit', 'profiling'), may_decide('md:explicit');

---------------------------------------------------------------------
-- a review is asked for, and recorded
---------------------------------------------------------------------
SELECT request_review('md:explicit', 'md.under', '{"says": "I was ill"}');
-- it denies there and beneath, and does not stop profiling
SELECT * FROM md_seen WHERE who IN ('explicit', 'consented');
SELECT subject, purpose, reviewed_at IS NULL AS open FROM review ORDER BY id;
-- who asks again has asked again, and no more
SELECT request_review('md:explicit', 'md.under');
SELECT count(*) FROM review WHERE purpose LIKE 'md.%';
-- one above, and one beneath, are others
SELECT request_review('md:explicit', 'md.deep');
SELECT record_review('md:explicit', 'md.under', 'decision changed', 'Ms Doe');
SELECT * FROM md_seen WHERE who = 'explicit';
SELECT record_review('md:explicit', 'md.deep', 'decision stands', 'Mr Roe', evidence => '{"file": 12}');
SELECT * FROM md_seen WHERE who = 'explicit';
-- after it, another can be asked for
SELECT request_review('md:explicit', 'md.under');
SELECT * FROM md_seen WHERE who = 'explicit';
SELECT record_review('md:explicit', 'md.under', 'decision stands', 'Ms Doe', at => clock_timestamp());
SELECT * FROM md_seen WHERE who = 'explicit';
SELECT subject, purpose, reviewed_at >= requested_at AS in_order, outcome, reviewed_by FROM review ORDER BY id;
SELECT act, subject, purpose, evidence, detail FROM event
	WHERE act IN ('request_review', 'record_review') AND subject = 'md:explicit' ORDER BY id;
-- a person who may not be decided upon anyway can ask all the same
SELECT request_review('md:child', 'md.law'), request_review('md:refused', 'md.law');
SELECT record_review('md:child', 'md.law', 'done', 'Ms Doe'), record_review('md:refused', 'md.law', 'done', 'Ms Doe');

-- errors
SELECT request_review('md:nobody', 'md.law');
SELECT request_review('md:erased', 'md.law');
SELECT request_review(NULL, 'md.law');
SELECT request_review('md:silent', NULL);
SELECT request_review('md:silent', 'md.nowhere');
SELECT request_review('md:silent', 'md.plain');
SELECT record_review('md:silent', 'md.law', 'outcome', 'Ms Doe');
SELECT record_review('md:explicit', 'md.under', 'outcome', 'Ms Doe');
SELECT request_review('md:silent', 'md.under');
SELECT record_review('md:silent', 'md.deep', 'outcome', 'Ms Doe');
SELECT record_review('md:silent', 'md.under', '', 'Ms Doe');
SELECT record_review('md:silent', 'md.under', E' \t', 'Ms Doe');
SELECT record_review('md:silent', 'md.under', NULL, 'Ms Doe');
SELECT record_review('md:silent', 'md.under', 'outcome', '');
SELECT record_review('md:silent', 'md.under', 'outcome', NULL);
SELECT record_review('md:silent', 'md.under', 'outcome', 'Ms Doe', NULL);
SELECT record_review('md:silent', 'md.under', 'outcome', 'Ms Doe', 'infinity');
\set VERBOSITY terse
SELECT record_review('md:silent', 'md.under', 'outcome', 'Ms Doe', '2020-01-01');
\set VERBOSITY default
SELECT * FROM md_seen WHERE who = 'silent';
-- in use as long as a review names it, open or not
SELECT drop_purpose('md.deep');
DELETE FROM choice WHERE purpose = 'md.deep';
SELECT drop_purpose('md.deep');
SELECT record_review('md:silent', 'md.under', 'outcome', 'Ms Doe');
-- not to be rewritten under an older snapshot, to which it would look empty
ALTER TABLE review ALTER COLUMN outcome TYPE varchar(100);

---------------------------------------------------------------------
-- who asks, and by which key
---------------------------------------------------------------------
CREATE ROLE regress_md_analyst;
CREATE ROLE regress_md_stranger;
SELECT allow_purpose('regress_md_analyst', 'md.contract');
SELECT register_subject(7100, '1980-01-01'), register_subject('0b0e9a4a-6f3a-4a7c-8d1b-6f0a7f1c7100', '1980-01-01');
SELECT objection_status(raise_objection(7101, 'md.contract')) FROM register_subject(7101, '1980-01-01');
SET ROLE regress_md_analyst;
SELECT may_decide(7100::smallint, 'md.contract'), may_decide(7100, 'md.contract'), may_decide(7100::bigint, 'md.contract'),
	may_decide('7100', 'md.contract'), may_decide('7100'::varchar, 'md.contract'), may_decide('7100'::subject_id, 'md.contract'),
	may_decide('0b0e9a4a-6f3a-4a7c-8d1b-6f0a7f1c7100'::uuid, 'md.contract'), may_decide('0B0E9A4A-6F3A-4A7C-8D1B-6F0A7F1C7100', 'md.contract');
SELECT may_decide(7101::smallint, 'md.contract'), may_decide(7101, 'md.contract'), may_decide(7101::bigint, 'md.contract'),
	may_decide('7101', 'md.contract'), may_decide('7101'::subject_id, 'md.contract'), may_decide(gen_random_uuid(), 'md.contract');
-- never null
SELECT may_decide(NULL::smallint, 'md.contract'), may_decide(NULL::int, 'md.contract'), may_decide(NULL::bigint, 'md.contract'),
	may_decide(NULL::uuid, 'md.contract'), may_decide(NULL::text, 'md.contract'), may_decide(NULL::subject_id, 'md.contract'),
	may_decide('', 'md.contract'), may_decide(repeat('x', 256), 'md.contract');
-- by the setting
SET consent_profiling.purpose = 'md.contract';
SELECT may_decide(7100::smallint), may_decide(7100), may_decide(7100::bigint), may_decide('7100'), may_decide('7100'::subject_id),
	may_decide('0b0e9a4a-6f3a-4a7c-8d1b-6f0a7f1c7100'::uuid), may_decide(7101), may_decide(NULL::int);
SET consent_profiling.purpose = 'md.law';
SELECT may_decide(7100);
SET consent_profiling.purpose = 'md.nowhere';
SELECT may_decide(7100);
RESET consent_profiling.purpose;
-- a mistake in the purpose does not hide behind the person
SELECT may_decide(7100, NULL);
SELECT may_decide(NULL::int, NULL);
SELECT may_decide(NULL::int, 'md.nowhere');
SELECT may_decide(NULL::int, 'md.law');
SELECT may_decide('', 'md.law');
SELECT may_decide(7100, 'md.law');
SELECT may_decide(7100, '');
SELECT may_decide(7100, 'Md.contract');
-- nor is it in another row of the same call
SELECT may_decide(7100, p) FROM unnest('{md.contract,md.law}'::text[]) p;
-- the setting may change from row to row
SELECT set_config('consent_profiling.purpose', p, false), may_decide(7100) FROM unnest('{md.contract,profiling,md.contract}'::text[]) p;
RESET consent_profiling.purpose;
-- neither reviews nor the registry are the analyst's
TABLE consent_profiling.review;
SELECT request_review(7100, 'md.contract');
SELECT record_review(7100, 'md.contract', 'outcome', 'me');
RESET ROLE;

-- duties: a recorder asks, an officer records and reads
SELECT grant_duty('regress_md_analyst', 'recorder'), grant_duty('regress_md_stranger', 'officer');
SET ROLE regress_md_analyst;
SELECT request_review(7100, 'md.contract');
SELECT record_review(7100, 'md.contract', 'outcome', 'me');
SET ROLE regress_md_stranger;
SELECT request_review(7100, 'md.contract');
SELECT subject, purpose FROM review WHERE reviewed_at IS NULL;
SELECT record_review(7100, 'md.contract', 'outcome', 'me');
UPDATE review SET outcome = 'another';
RESET ROLE;
SELECT revoke_duty('regress_md_analyst', 'recorder'), revoke_duty('regress_md_stranger', 'officer');

---------------------------------------------------------------------
-- in a policy, for a role without any right to the registry
---------------------------------------------------------------------
CREATE TABLE md_case (id int, number int);
INSERT INTO md_case SELECT 7100 + i % 3, i FROM generate_series(1, 9000) i;
ANALYZE md_case;
ALTER TABLE md_case ENABLE ROW LEVEL SECURITY;
CREATE POLICY decide ON md_case USING (may_decide(id, 'md.contract'));
GRANT SELECT ON md_case TO regress_md_analyst, regress_md_stranger;
SET ROLE regress_md_analyst;
SELECT id, count(*) FROM md_case GROUP BY id;
-- by workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SET parallel_leader_participation = off;
CREATE FUNCTION pg_temp.is_parallel(query text) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
	line text;
	found boolean := false;
BEGIN
	FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
		found := found OR line ~ 'Parallel Seq Scan on md_case';
	END LOOP;
	RETURN found;
END
$$;
SELECT pg_temp.is_parallel('SELECT count(*) FROM md_case');
SELECT count(*) FROM md_case;
RESET ROLE;
BEGIN;
SELECT request_review(7100, 'md.contract');
SET ROLE regress_md_analyst;
SELECT count(*) FROM md_case;
ROLLBACK;
SET ROLE regress_md_analyst;
SELECT count(*) FROM md_case;
SET ROLE regress_md_stranger;
SELECT count(*) FROM md_case;
RESET ROLE;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size; RESET parallel_leader_participation;

---------------------------------------------------------------------
-- what a session remembers of a purpose is never an old answer
---------------------------------------------------------------------
PREPARE md_q AS SELECT count(*) FROM md_case WHERE may_decide(id, 'md.contract');
EXECUTE md_q;
SELECT request_review(7100, 'md.contract');
EXECUTE md_q;
SELECT record_review(7100, 'md.contract', 'outcome', 'Ms Doe');
EXECUTE md_q;
UPDATE purpose SET automated_decision = false WHERE name = 'md.contract';
EXECUTE md_q;
UPDATE purpose SET automated_decision = true, basis = 'consent' WHERE name = 'md.contract';
EXECUTE md_q;
UPDATE purpose SET basis = 'contract' WHERE name = 'md.contract';
EXECUTE md_q;
SET ROLE regress_md_analyst;
EXECUTE md_q;
BEGIN;
DECLARE md_c CURSOR FOR SELECT id FROM md_case;
FETCH md_c;
RESET ROLE;
SELECT disallow_purpose('regress_md_analyst', 'md.contract');
SET ROLE regress_md_analyst;
FETCH md_c;
ROLLBACK;
RESET ROLE;
-- within a function, from one statement to the next
CREATE FUNCTION md_steps() RETURNS SETOF boolean LANGUAGE plpgsql AS $$
BEGIN
	FOR i IN 1..2 LOOP
		RETURN NEXT may_decide(7100, 'md.contract');
		PERFORM request_review(7100, 'md.contract');
		RETURN NEXT may_decide(7100, 'md.contract');
		PERFORM record_review(7100, 'md.contract', 'outcome', 'Ms Doe');
	END LOOP;
	UPDATE purpose SET automated_decision = false WHERE name = 'md.contract';
	RETURN NEXT may_decide(7100, 'md.contract');
	UPDATE purpose SET automated_decision = true WHERE name = 'md.contract';
	RETURN NEXT may_decide(7100, 'md.contract');
END
$$;
SELECT * FROM md_steps();
-- its own writes, and those taken back
BEGIN;
SELECT request_review(7100, 'md.contract');
EXECUTE md_q;
SAVEPOINT s;
SELECT record_review(7100, 'md.contract', 'outcome', 'Ms Doe');
EXECUTE md_q;
ROLLBACK TO s;
EXECUTE md_q;
ROLLBACK;
EXECUTE md_q;
-- a statement sees what it began with
SELECT may_decide(id, 'md.contract'), request_review(id, 'md.contract'), may_decide(id, 'md.contract') FROM (VALUES (7100)) v (id);
EXECUTE md_q;
SELECT record_review(7100, 'md.contract', 'outcome', 'Ms Doe');
-- the other isolation levels
BEGIN ISOLATION LEVEL SERIALIZABLE;
EXECUTE md_q;
SELECT request_review(7100, 'md.contract');
EXECUTE md_q;
ROLLBACK;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
EXECUTE md_q;
SELECT request_review(7100, 'md.contract');
ROLLBACK;
DEALLOCATE md_q;
DROP FUNCTION md_steps();
DROP TABLE md_case;

---------------------------------------------------------------------
-- an oracle: what the law says, of records one a row, over many states
---------------------------------------------------------------------
SELECT add_purpose('md.ads', direct_marketing => true, automated_decision => true);
SELECT add_purpose('md.mail', 'md.ads', 'contract', automated_decision => true, minimum_age => 21);
SELECT add_purpose('md.sick', 'md.law', 'legal_obligation', special_category => true, automated_decision => true);
-- Every draw is a byte of a hash, so they are always the same.
CREATE TABLE md_person AS
	SELECT n, 'md:o' || n AS id,
		CASE get_byte(b, 0) % 12 WHEN 0 THEN NULL WHEN 1 THEN today - interval '10 years' WHEN 2 THEN today - interval '19 years'
			ELSE today - interval '40 years' END::date AS born,
		get_byte(b, 1) % 16 = 0 AS restricted, get_byte(b, 2) % 25 <> 0 AS registered
	FROM (SELECT n, sha256(('md person ' || n)::bytea) AS b, (now() AT TIME ZONE 'UTC')::date AS today
		  FROM generate_series(1, 1500) n) d;
-- times that differ, in no order, in the last thirteen years
CREATE TABLE md_act AS
	SELECT n, id, name AS purpose, at, explicit, until,
		('{given,given,given,given,given,requested,refused,withdrawn,raised,raised,overridden,overridden,lifted,asked,asked,reviewed}'::text[])
			[1 + kind] AS kind
	FROM (SELECT n, id, get_byte(b, 0) % 16 AS kind, get_byte(b, 1) % 3 > 0 AS explicit,
			('{profiling,md.law,md.contract,md.consent,md.vital,md.health,md.plain,md.under,md.ads,md.mail,md.mail,md.sick,md.sick,md.under,md.ads,md.health}'::text[])
				[1 + get_byte(b, 2) % 16] AS name,
			now() - interval '1 day' - (get_byte(b, 3) * 16 + j) * interval '1 day' - get_byte(b, 4) * interval '1 minute' AS at,
			CASE WHEN get_byte(b, 5) % 4 = 0 THEN now() - interval '1 hour' ELSE 'infinity' END AS until
		  FROM (SELECT p.n, p.id, j, sha256(('md act ' || p.n || ' ' || j)::bytea) AS b
				FROM md_person p, generate_series(1, 12) j WHERE registered) a) a;
SELECT import_subjects('SELECT id AS subject, born AS birth_date FROM md_person WHERE registered') > 0;
SELECT count(restrict_subject(id, 'accuracy contested')) > 0 FROM md_person WHERE registered AND restricted;
SELECT import_consents($$SELECT id AS subject, purpose, make_consent(kind, explicit AND kind = 'given', at,
	CASE WHEN kind = 'given' THEN until ELSE 'infinity' END) AS consent
	FROM md_act WHERE kind IN ('given', 'requested', 'refused', 'withdrawn')$$) > 0;
-- an override of direct marketing is refused, so there is none
DELETE FROM md_act WHERE kind = 'overridden' AND purpose IN ('md.ads', 'md.mail');
SELECT import_objections($$SELECT id AS subject, purpose,
	make_objection(CASE kind WHEN 'lifted' THEN 'withdrawn' ELSE kind END, at,
		CASE kind WHEN 'overridden' THEN 'grounds' END) AS objection
	FROM md_act WHERE kind IN ('raised', 'overridden', 'lifted')$$) > 0;
-- reviews, some of them recorded, others open
SELECT count(request_review(a.id, a.purpose)) > 0 FROM md_act a JOIN purpose p ON p.name = a.purpose AND p.automated_decision
	WHERE a.kind IN ('asked', 'reviewed');
SELECT count(record_review(a.id, a.purpose, 'outcome', 'Ms Doe')) > 0
	FROM (SELECT DISTINCT a.id, a.purpose FROM md_act a JOIN purpose p ON p.name = a.purpose AND p.automated_decision
		  WHERE a.kind = 'reviewed') a;
CREATE TABLE md_up AS
	SELECT p.name AS purpose, l.level, l.name AS above FROM purpose p, lineage(p.name) l;
CREATE INDEX ON md_act (n, kind);
ANALYZE md_act, md_up, md_person;
CREATE VIEW md_oracle AS
	SELECT s.*, p.name AS purpose,
		-- a child is not decided upon, nor who may be one; Art. 18
		s.registered AND NOT s.restricted
		AND COALESCE(s.born <= (now() AT TIME ZONE 'UTC')::date - p.minimum_age * interval '1 year', false)
		AS person_ok,
		-- Art. 21: an objection here, or above where that reaches, that was neither lifted nor overridden since there or
		-- between; overriding does not count for direct marketing
		NOT EXISTS (
			SELECT FROM md_act o JOIN md_up u ON u.purpose = p.name AND u.above = o.purpose
			WHERE o.n = s.n AND o.kind = 'raised'
				AND (u.level = 0 OR p.basis NOT IN ('contract', 'legal_obligation', 'vital_interests')
					 OR p.name IN ('md.ads', 'md.mail'))
				AND NOT EXISTS (SELECT FROM md_act l JOIN md_up w ON w.purpose = p.name AND w.above = l.purpose
								WHERE l.n = s.n AND l.kind = 'lifted' AND w.level <= u.level AND l.at > o.at)
				AND (p.name IN ('md.ads', 'md.mail')
					 OR NOT EXISTS (SELECT FROM md_act v JOIN md_up w ON w.purpose = p.name AND w.above = v.purpose
									WHERE v.n = s.n AND v.kind = 'overridden' AND w.level <= u.level AND v.at > o.at)))
		AS no_objection,
		-- Art. 7(3): the last word, here or by a No from above, is no No, and nothing that has ended or was a child's
		COALESCE(c.kind IS NULL OR c.kind = 'requested'
			OR (c.kind = 'given' AND c.until > now()
				AND c.at >= s.born + p.minimum_age * interval '1 year' + interval '12 hours'), false)
		AS no_refusal,
		-- Art. 22(2): a contract, a law, or an explicit consent; 22(4): for special categories that alone
		COALESCE((p.basis IN ('contract', 'legal_obligation') AND NOT p.special_category)
				 OR (c.kind = 'given' AND c.explicit), false)
		AS ground,
		-- Art. 22(3)
		NOT EXISTS (
			SELECT FROM md_act r JOIN md_up u ON u.purpose = p.name AND u.above = r.purpose
				JOIN purpose d ON d.name = r.purpose AND d.automated_decision
			WHERE r.n = s.n AND r.kind = 'asked'
				AND NOT EXISTS (SELECT FROM md_act d WHERE d.n = s.n AND d.kind = 'reviewed' AND d.purpose = r.purpose))
		AS no_review,
		p.automated_decision AS declared
	FROM md_person s CROSS JOIN purpose p
		LEFT JOIN LATERAL (
			SELECT a.* FROM md_act a JOIN md_up u ON u.purpose = p.name AND u.above = a.purpose
				WHERE a.n = s.n
					AND (a.kind IN ('refused', 'withdrawn') AND (u.level = 0 OR p.special_category
							OR p.basis NOT IN ('contract', 'legal_obligation'))
						 OR u.level = 0 AND a.kind IN ('given', 'requested'))
				-- no question prevails over an answer
				ORDER BY a.kind = 'requested', a.at DESC LIMIT 1) c ON true
	WHERE p.name LIKE 'md.%' OR p.name = 'profiling';
CREATE TABLE md_answer AS
	SELECT *, may_decide(id, purpose) AS decided, may_profile(id, purpose) AS profiled,
		declared AND person_ok AND no_objection AND no_refusal AND ground AND no_review AS truth
	FROM md_oracle;
SELECT count(*) AS states, count(*) FILTER (WHERE decided IS DISTINCT FROM truth) AS differences FROM md_answer;
SELECT id, purpose, decided, truth, declared, person_ok, no_objection, no_refusal, ground, no_review
	FROM md_answer WHERE decided IS DISTINCT FROM truth ORDER BY n, purpose LIMIT 5;
-- who may be decided upon may be profiled
SELECT count(*) FROM md_answer WHERE decided AND NOT profiled;
-- each part of it denies on its own for some, and for every purpose with decisions there is a yes and a no
SELECT bool_and(yes) AND bool_and(no) FROM (SELECT bool_or(truth) AS yes, bool_or(NOT truth) AS no FROM md_answer WHERE declared GROUP BY purpose) p;
SELECT 'declared', count(*) > 0 FROM md_answer WHERE NOT declared AND person_ok AND no_objection AND no_refusal AND ground AND no_review
UNION ALL
SELECT 'person', count(*) > 0 FROM md_answer WHERE declared AND NOT person_ok AND no_objection AND no_refusal AND ground AND no_review
UNION ALL
SELECT 'objection', count(*) > 0 FROM md_answer WHERE declared AND person_ok AND NOT no_objection AND no_refusal AND ground AND no_review
UNION ALL
SELECT 'refusal', count(*) > 0 FROM md_answer WHERE declared AND person_ok AND no_objection AND NOT no_refusal AND ground AND no_review
UNION ALL
SELECT 'ground', count(*) > 0 FROM md_answer WHERE declared AND person_ok AND no_objection AND no_refusal AND NOT ground AND no_review AND profiled
UNION ALL
SELECT 'review', count(*) > 0 FROM md_answer WHERE declared AND person_ok AND no_objection AND no_refusal AND ground AND NOT no_review;

DROP VIEW md_oracle, md_seen;
DROP TABLE md_answer, md_act, md_person, md_up;
DROP FUNCTION md_everywhere(text), pg_temp.is_parallel(text);
DELETE FROM review WHERE purpose LIKE 'md.%';
DELETE FROM choice WHERE purpose LIKE 'md.%' OR subject::text LIKE 'md:%' OR subject::text = '7101';
DELETE FROM subject WHERE id::text LIKE 'md:%' OR id::text IN ('7100', '7101', '0b0e9a4a-6f3a-4a7c-8d1b-6f0a7f1c7100') OR erased_at IS NOT NULL;
SELECT count(disallow_purpose('regress_md_analyst', name)) FROM purpose WHERE name LIKE 'md.%';
SELECT drop_purpose(p) FROM unnest('{md.mail,md.ads,md.sick,md.deep,md.under,md.plain,md.health,md.vital,md.consent,md.contract,md.law}'::text[]) p;
DROP ROLE regress_md_analyst, regress_md_stranger;
