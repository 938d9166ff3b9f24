-- as of: what was decided at any past moment, from what was known then
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET client_min_messages = warning;
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;

---------------------------------------------------------------------
-- by hand: when it was valid, and when it was known
---------------------------------------------------------------------
SELECT add_purpose('asof.hand', basis => 'consent'), add_purpose('asof.hand.down', 'asof.hand');
CREATE ROLE regress_officer;
CREATE ROLE regress_recorder;
SELECT grant_duty('regress_officer', 'officer'), grant_duty('regress_recorder', 'recorder');

-- a withdrawal that arrives late
SELECT clock_timestamp() AS nobody \gset
SELECT register_subject('asof:late', '1980-06-15');
SELECT clock_timestamp() AS nothing \gset
SELECT give_consent('asof:late', 'asof.hand', at => '2021-03-01 00:00Z');
SELECT clock_timestamp() AS given \gset
SELECT withdraw_consent('asof:late', 'asof.hand', at => '2021-06-01 00:00Z');
SELECT clock_timestamp() AS withdrawn \gset
-- what it was, at those moments
SELECT verdict_of('asof:late', 'asof.hand', t)
	FROM unnest(ARRAY[:'nobody', :'nothing', :'given', :'withdrawn']::timestamptz[]) t;
-- what is now said of the past
SELECT t::date, verdict_of('asof:late', 'asof.hand', t, :'withdrawn')
	FROM unnest('{2021-02-28,2021-03-01,2021-04-01,2021-06-01,2021-07-01}'::timestamptz[]) t;
-- what was said of it before the withdrawal arrived, or anything
SELECT verdict_of('asof:late', 'asof.hand', '2021-07-01 00:00Z', t)
	FROM unnest(ARRAY[:'nobody', :'nothing', :'given', :'withdrawn']::timestamptz[]) t;
-- in 2021 nobody was known yet
SELECT verdict_of('asof:late', 'asof.hand', '2021-07-01 00:00Z'),
	verdict_of('asof:late', 'asof.hand', '2021-07-01 00:00Z', NULL);
-- the withdrawal holds for what is below, and did not before
SELECT verdict_of('asof:late', 'asof.hand.down', '2021-05-31 00:00Z', :'withdrawn'),
	verdict_of('asof:late', 'asof.hand.down', '2021-06-01 00:00Z', :'withdrawn');

-- why, since when and until when, of then
SELECT register_subject('asof:why', '1980-06-15');
SELECT give_consent('asof:why', 'asof.hand', until => '2022-03-01 00:00Z', at => '2021-03-01 00:00Z');
SELECT raise_objection('asof:why', 'asof.hand', at => '2021-04-01 00:00Z');
SELECT withdraw_objection('asof:why', 'asof.hand', at => '2021-05-01 00:00Z');
SELECT t::date, e.* FROM unnest('{1990-01-01,1998-06-15,1998-06-16,2021-03-01,2021-04-01,2021-05-01,2022-03-01}'::timestamptz[]) t,
	explain_verdict('asof:why', 'asof.hand', t, clock_timestamp()) e;
-- the future, as far as it is known
SELECT register_subject('asof:young', current_date);
SELECT verdict_of('asof:young', 'asof.hand', now() + interval '17 years'),
	verdict_of('asof:young', 'asof.hand', now() + interval '19 years'),
	verdict_of('asof:young', 'asof.hand', now() + interval '19 years', :'withdrawn');
SELECT give_consent('asof:young', 'asof.hand', until => now() + interval '21 years') IS NOT NULL;
SELECT verdict_of('asof:young', 'asof.hand', now() + interval '19 years'),
	verdict_of('asof:young', 'asof.hand', now() + interval '22 years');

-- a birth date corrected, filled in and taken away
SELECT clock_timestamp() AS t0 \gset
SELECT register_subject('asof:born');
SELECT clock_timestamp() AS t1 \gset
SELECT register_subject('asof:born', current_date - 1000);
SELECT clock_timestamp() AS t2 \gset
SELECT register_subject('asof:born');
SELECT rectify_birth_date('asof:born', '1980-06-15');
SELECT clock_timestamp() AS t3 \gset
CREATE TABLE asof_people (id text, born date);
INSERT INTO asof_people VALUES ('asof:born', '1980-06-15');
SELECT track_subjects('asof_people', 'id', 'born');
UPDATE asof_people SET born = NULL;
SELECT clock_timestamp() AS t4 \gset
SELECT import_subjects($$SELECT 'asof:born' AS subject, '1981-06-15'::date AS birth_date$$);
SELECT clock_timestamp() AS t5 \gset
SELECT verdict_of('asof:born', 'asof.hand', t)
	FROM unnest(ARRAY[:'t0', :'t1', :'t2', :'t3', :'t4', :'t5']::timestamptz[]) t;
-- who was of age when, by what is known when
SELECT verdict_of('asof:born', 'asof.hand', '1999-01-01 00:00Z', t)
	FROM unnest(ARRAY[:'t0', :'t1', :'t2', :'t3', :'t4', :'t5']::timestamptz[]) t;
SELECT since, until FROM explain_verdict('asof:born', 'asof.hand', '1999-01-01 00:00Z', :'t5');
SELECT since, until FROM explain_verdict('asof:born', 'asof.hand', '1999-06-01 00:00Z', :'t5');

-- old consents and objections imported today
SELECT import_subjects($$SELECT 'asof:old' || n AS subject, '1980-06-15'::date AS birth_date FROM generate_series(1, 3) n$$);
SELECT clock_timestamp() AS t1 \gset
SELECT import_consents($$SELECT 'asof:old' || n AS subject, 'asof.hand' AS purpose, c AS consent
	FROM (VALUES (1, 'given at 2019-01-01T00:00:00Z'), (1, 'withdrawn at 2020-01-01T00:00:00Z'),
		(2, 'given explicit at 2019-01-01T00:00:00Z until 2019-07-01T00:00:00Z'), (2, 'refused at 2018-01-01T00:00:00Z'),
		(3, 'given at 2019-01-01T00:00:00Z')) v (n, c)$$);
SELECT import_objections($$SELECT 'asof:old3' AS subject, p AS purpose, o AS objection
	FROM (VALUES ('profiling', 'raised at 2019-02-01T00:00:00Z'), ('asof.hand', 'overridden at 2019-03-01T00:00:00Z grounds "x"'),
		('profiling', 'upheld at 2019-04-01T00:00:00Z'), ('profiling', 'withdrawn at 2019-05-01T00:00:00Z')) v (p, o)$$);
SELECT t::date, array_agg(verdict_of('asof:old' || n, 'asof.hand', t, clock_timestamp()) ORDER BY n)
	FROM unnest('{2018-06-01,2019-01-01,2019-02-01,2019-03-01,2019-04-01,2019-05-01,2019-07-01,2020-01-01}'::timestamptz[]) t,
		generate_series(1, 3) n
	GROUP BY t ORDER BY t;
SELECT array_agg(DISTINCT verdict_of('asof:old' || n, 'asof.hand', '2019-06-01 00:00Z', :'t1')) FROM generate_series(1, 3) n;

-- restricted since the first that was not lifted
SELECT register_subject('asof:held', '1980-06-15'), give_consent('asof:held', 'asof.hand') IS NOT NULL;
SELECT clock_timestamp() AS t1 \gset
SELECT restrict_subject('asof:held', 'unlawful, first');
SELECT clock_timestamp() AS t2 \gset
SELECT restrict_subject('asof:held', 'accuracy contested, second');
SELECT clock_timestamp() AS t3 \gset
SELECT lift_restriction('asof:held', clock_timestamp());
SELECT clock_timestamp() AS t4 \gset
SELECT restrict_subject('asof:held', 'unlawful, third');
SELECT clock_timestamp() AS t5 \gset
SELECT e.verdict, e.since BETWEEN :'t1' AND :'t2' AS first, e.since BETWEEN :'t4' AND :'t5' AS third
	FROM unnest(ARRAY[:'t1', :'t2', :'t3', :'t4', :'t5']::timestamptz[]) t, explain_verdict('asof:held', 'asof.hand', t) e;
-- as of before it, whatever is known; and known before it, whatever is asked
SELECT verdict_of('asof:held', 'asof.hand', :'t1', :'t5'), verdict_of('asof:held', 'asof.hand', :'t4', :'t2');

---------------------------------------------------------------------
-- purposes by the rules of then
---------------------------------------------------------------------
SELECT register_subject('asof:rules', (current_date - interval '30 years')::date), raise_objection('asof:rules', 'asof.hand.down') IS NOT NULL;
SELECT clock_timestamp() AS t0 \gset
SELECT add_purpose('asof.again', basis => 'legitimate_interests');
SELECT clock_timestamp() AS t1 \gset
SELECT drop_purpose('asof.again');
SELECT clock_timestamp() AS t2 \gset
SELECT add_purpose('asof.again');
SELECT clock_timestamp() AS t3 \gset
SELECT drop_purpose('asof.again');
SELECT add_purpose('asof.again', 'asof.hand.down', 'legitimate_interests');
SELECT clock_timestamp() AS t4 \gset
SELECT drop_purpose('asof.again');
SELECT add_purpose('asof.again', minimum_age => 40);
SELECT clock_timestamp() AS t5 \gset
-- before it was, by its first definition; after it was dropped, by its last
SELECT verdict_of('asof:rules', 'asof.again', t)
	FROM unnest(ARRAY[:'t0', :'t1', :'t2', :'t3', :'t4', :'t5']::timestamptz[]) t;
SELECT drop_purpose('asof.again');
SELECT detail FROM explain_verdict('asof:rules', 'asof.again', clock_timestamp());
SELECT verdict_of('asof:rules', 'asof.again', :'t4', :'t3'), verdict_of('asof:rules', 'asof.again', :'t3', :'t4');
-- the root always was
SELECT verdict_of('asof:rules', 'profiling', '2000-01-01 00:00Z'), verdict_of('asof:rules', 'profiling', :'t0');
SELECT name, broader, basis, minimum_age, dropped_at > added_at AS dropped
	FROM purpose_version WHERE name IN ('asof.again', 'profiling') ORDER BY name, added_at;
SELECT p = (v.name, v.broader, v.basis, v.direct_marketing, v.special_category, v.automated_decision, v.minimum_age,
			v.description, v.automated, v.personal_data, v.evaluates_person)::purpose AS same
	FROM purpose p JOIN purpose_version v USING (name) WHERE v.dropped_at IS NULL AND name IN ('asof.hand', 'profiling');

-- who changed what about the registry itself is in the history
SELECT allow_purpose('regress_officer', 'asof.hand'), disallow_purpose('regress_officer', 'asof.hand'),
	allow_purpose('public', 'asof.hand'), disallow_purpose('public', 'asof.hand'), revoke_duty('regress_recorder', 'recorder');
SELECT act, purpose, detail FROM event
	WHERE subject IS NULL AND (purpose IN ('asof.again', 'asof.hand') OR detail ->> 'role' LIKE 'regress\_%er')
		AND id >= (SELECT max(id) FROM event WHERE act = 'add_purpose' AND purpose = 'asof.hand')
	ORDER BY id;
SELECT count(*) FROM event WHERE subject IS NULL AND (caller <> current_user OR at > recorded_at)
	AND id >= (SELECT max(id) FROM event WHERE act = 'add_purpose' AND purpose = 'asof.hand');
-- what failed is not
SELECT count(*) AS events FROM event \gset
SELECT add_purpose('asof.hand');
SELECT drop_purpose('asof.hand');
SELECT grant_duty('regress_recorder', 'judge');
SELECT count(*) - :events AS events, (SELECT count(*) FROM purpose_version WHERE name = 'asof.hand') AS versions FROM event;

---------------------------------------------------------------------
-- somebody erased is so for every moment: what could be replayed is gone
---------------------------------------------------------------------
SELECT clock_timestamp() AS t1 \gset
SELECT verdict_of('asof:held', 'asof.hand', :'t1');
SELECT erase_subject('asof:held') IS NOT NULL;
SELECT verdict, article, detail, until FROM explain_verdict('asof:held', 'asof.hand', :'t1');
SELECT verdict_of('asof:held', 'asof.hand', '2000-01-01 00:00Z'), verdict_of('asof:held', 'asof.hand', clock_timestamp());
SELECT detail FROM explain_verdict('asof:held', 'asof.hand');

---------------------------------------------------------------------
-- what cannot be asked, and who cannot ask
---------------------------------------------------------------------
SELECT verdict_of('asof:late', 'asof.hand', NULL);
SELECT verdict_of('asof:late', 'asof.hand', NULL, now());
SELECT verdict_of('asof:late', NULL, now());
SELECT verdict_of('asof:late', 'asof.hand', 'infinity');
SELECT verdict_of('asof:late', 'asof.hand', '-infinity');
SELECT verdict_of('asof:late', 'asof.hand', now(), 'infinity');
SELECT verdict_of('asof:late', 'asof.hand', now(), '-infinity');
SELECT verdict_of('asof:late', 'asof.nowhere', now());
SELECT explain_verdict('asof:late', 'asof.hand', NULL);
SELECT explain_verdict('asof:late', NULL, now());
SELECT explain_verdict('asof:late', 'asof.hand', 'infinity');
SELECT explain_verdict('asof:late', 'asof.hand', now(), '-infinity');
SELECT explain_verdict('asof:late', 'asof.nowhere', now());
-- nobody, by a key or none
SELECT verdict_of(NULL, 'asof.hand', now()), verdict_of('asof:nobody', 'asof.hand', now()), verdict_of(42, 'asof.hand', now());
SELECT verdict, detail, since, until FROM explain_verdict(NULL, 'asof.hand', now());
-- from the first moment to the last
SELECT verdict_of('asof:late', 'asof.hand', '4713-01-01 00:00Z BC'), verdict_of('asof:late', 'asof.hand', '294276-12-31 00:00Z'),
	verdict_of('asof:late', 'asof.hand', '4713-01-01 00:00Z BC', '294276-12-31 00:00Z');
SET ROLE regress_officer;
SELECT verdict_of('asof:late', 'asof.hand', :'given'),
	(explain_verdict('asof:late', 'asof.hand', :'withdrawn', :'withdrawn')).detail;
SELECT * FROM consent_profiling.purpose_version;
SET ROLE regress_recorder;
SELECT verdict_of('asof:late', 'asof.hand', now());
SELECT explain_verdict('asof:late', 'asof.hand', now(), now());
RESET ROLE;

---------------------------------------------------------------------
-- the oracle: record at random, remember every verdict at every step, and ask
-- for all of them again later
---------------------------------------------------------------------
SELECT add_purpose('asof'), add_purpose('asof.stats', 'asof', 'legitimate_interests'),
	add_purpose('asof.stats.deep', 'asof.stats', 'legitimate_interests'), add_purpose('asof.health', 'asof', special_category => true),
	add_purpose('asof.mail', basis => 'legitimate_interests', direct_marketing => true);
DELETE FROM asof_people;
CREATE TABLE asof_subject (id text PRIMARY KEY);
INSERT INTO asof_subject SELECT 'asof:r' || n FROM generate_series(1, 6) n;
CREATE TABLE asof_asked (at timestamptz, subject text, purpose text, verdict verdict, explained text);

CREATE FUNCTION pg_temp.one_of(VARIADIC words text[]) RETURNS text LANGUAGE sql VOLATILE AS
	'SELECT words[1 + floor(random() * cardinality(words))]';
CREATE FUNCTION pg_temp.some_subject() RETURNS text LANGUAGE sql VOLATILE AS
	'SELECT id FROM asof_subject ORDER BY random() LIMIT 1';
CREATE FUNCTION pg_temp.some_purpose() RETURNS text LANGUAGE sql VOLATILE AS
	$$SELECT pg_temp.one_of('profiling', 'asof', 'asof', 'asof.health', 'asof.stats', 'asof.stats.deep', 'asof.health', 'asof.mail', 'direct_marketing')$$;
-- a time that has passed: now, or one from a coarse grid, so that they often coincide
CREATE FUNCTION pg_temp.some_time() RETURNS timestamptz LANGUAGE sql VOLATILE AS
	$$SELECT CASE WHEN random() < 0.6 THEN clock_timestamp()
		ELSE date_trunc('month', now()) - make_interval(months => floor(random() * 24)::int) END$$;
-- of age, just of age, almost, a child, or not known
CREATE FUNCTION pg_temp.some_birth_date() RETURNS date LANGUAGE sql VOLATILE AS
	$$SELECT CASE WHEN random() < 0.6 THEN date '1980-01-01' + (random() * 3000)::int
		ELSE (current_date - pg_temp.one_of('18 years 1 month', '18 years 2 days', '18 years', '17 years', NULL)::interval)::date END$$;
-- a consent or an objection as an import takes it
CREATE FUNCTION pg_temp.some_consent() RETURNS consent LANGUAGE sql VOLATILE AS
	$$SELECT make_consent(pg_temp.one_of('given', 'given', 'given', 'given', 'renewed', 'unknown', 'requested', 'request_deferred',
			'refused', 'withdrawn', 'revoked', 'expired', 'invalidated'),
		random() < 0.5, t, CASE WHEN random() < 0.7 THEN 'infinity' ELSE t + (random() * interval '20 months') END)
		FROM pg_temp.some_time() t$$;
CREATE FUNCTION pg_temp.some_objection() RETURNS objection LANGUAGE sql VOLATILE AS
	$$SELECT make_objection(s, pg_temp.some_time(), CASE s WHEN 'overridden' THEN 'grounds' END)
		FROM pg_temp.one_of('raised', 'upheld', 'overridden', 'withdrawn', 'withdrawn') s$$;

-- One act, or what comes of trying.
CREATE FUNCTION pg_temp.act() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s text := pg_temp.some_subject();
	p text := pg_temp.some_purpose();
	t timestamptz := pg_temp.some_time();
	marketing boolean := random() < 0.2;
	rows text;
BEGIN
	IF random() < 0.1 THEN
		PERFORM register_subject(s, pg_temp.some_birth_date());
	END IF;
	CASE floor(random() * 28)
		WHEN 0 THEN PERFORM register_subject(s, pg_temp.some_birth_date());
		WHEN 1 THEN PERFORM register_subject(s);
		WHEN 2 THEN PERFORM rectify_birth_date(s, pg_temp.some_birth_date());
		WHEN 3 THEN
			IF random() < 0.5 THEN
				INSERT INTO asof_people VALUES (s, pg_temp.some_birth_date());
			ELSE
				UPDATE asof_people SET born = pg_temp.some_birth_date() WHERE id = s;
			END IF;
		WHEN 4 THEN
			-- with what is known, or something that may contradict it
			PERFORM import_subjects(format('SELECT %L AS subject, %L::date AS birth_date UNION ALL SELECT %1$L, NULL', s,
				COALESCE((SELECT birth_date FROM subject WHERE id = s), pg_temp.some_birth_date())));
		WHEN 5, 6 THEN
			SELECT string_agg(format('(%L, %L, %L)', pg_temp.some_subject(), pg_temp.some_purpose(), pg_temp.some_consent()), ',')
				INTO rows FROM generate_series(1, 3);
			PERFORM import_consents('SELECT * FROM (VALUES ' || rows || ') v (subject, purpose, consent)');
		WHEN 7 THEN
			SELECT string_agg(format('(%L, %L, %L)', pg_temp.some_subject(), pg_temp.some_purpose(), pg_temp.some_objection()), ',')
				INTO rows FROM generate_series(1, 2);
			PERFORM import_objections('SELECT * FROM (VALUES ' || rows || ') v (subject, purpose, objection)');
		WHEN 8, 9, 10 THEN PERFORM give_consent(s, p, random() < 0.6, at => t);
		WHEN 24 THEN PERFORM give_consent(s, 'asof.health', random() < 0.5, at => clock_timestamp());
		-- soon over
		WHEN 11, 22, 23 THEN PERFORM give_consent(s, p, true, clock_timestamp() + random() * interval '50 ms', t);
		WHEN 12 THEN PERFORM request_consent(s, p, t);
		WHEN 13 THEN PERFORM refuse_consent(s, p, t);
		WHEN 14 THEN PERFORM withdraw_consent(s, p, t);
		WHEN 15 THEN PERFORM raise_objection(s, p, t);
		WHEN 16 THEN PERFORM withdraw_objection(s, p, t);
		WHEN 17 THEN
			PERFORM withdraw_objection(c.subject, c.purpose) FROM choice c WHERE objection_stands(c) AND random() < 0.5;
		WHEN 18 THEN
			PERFORM uphold_objection(c.subject, c.purpose) FROM choice c WHERE objection_stands(c) AND random() < 0.2;
		WHEN 19, 25 THEN PERFORM override_objection(s, pg_temp.one_of('asof', 'asof.stats', 'asof.stats.deep'), 'grounds');
		WHEN 20 THEN PERFORM restrict_subject(s, 'unlawful');
		WHEN 21 THEN
			-- who is restricted does not long stay so
			PERFORM lift_restriction(id, clock_timestamp()) FROM subject WHERE restricted_at IS NOT NULL;
		ELSE
			IF EXISTS (SELECT FROM purpose WHERE name = 'asof.again') THEN
				PERFORM drop_purpose('asof.again');
			END IF;
			IF random() < 0.8 THEN
				PERFORM add_purpose('asof.again', CASE WHEN NOT marketing THEN pg_temp.some_purpose() END,
					pg_temp.one_of('consent', 'legitimate_interests', 'contract'), direct_marketing => marketing, special_category => random() < 0.2,
					minimum_age => pg_temp.one_of('18', '18', '40')::int);
			END IF;
	END CASE;
EXCEPTION WHEN no_data_found OR object_not_in_prerequisite_state OR invalid_parameter_value OR unique_violation
	OR data_exception OR null_value_not_allowed THEN
	NULL;
END
$$;

SELECT setseed(0.5);
\set ECHO none
SELECT unnest(ARRAY[
	'DO $$BEGIN FOR i IN 1 .. 1 + floor(random() * 3) LOOP PERFORM pg_temp.act(); END LOOP; END$$',
	'INSERT INTO asof_asked
		SELECT query_clock(), s.id, p.name, verdict_of(s.id, p.name), explain_verdict(s.id, p.name)::text
		FROM asof_subject s, purpose p WHERE p.name LIKE ''asof%'' OR p.name = ''profiling'''])
	FROM generate_series(1, 400) \gexec
\set ECHO all
-- all equal, with since, until and all
SELECT count(*) > 15000 AS many, count(DISTINCT verdict) >= 11 AS of_all_kinds,
	count(*) FILTER (WHERE purpose = 'asof.again') > 1000 AS again,
	count(*) FILTER (WHERE verdict_of(subject, purpose, at) <> verdict) AS verdicts_differ,
	count(*) FILTER (WHERE explain_verdict(subject, purpose, at)::text <> explained) AS reasons_differ
	FROM asof_asked;
-- nor does it matter what is known later, where nothing more came to be known
SELECT count(*) FROM asof_asked a WHERE verdict_of(subject, purpose, at, clock_timestamp()) <> verdict
	AND NOT EXISTS (SELECT FROM event e WHERE e.recorded_at > a.at AND (e.subject = a.subject::subject_id OR e.purpose = a.purpose));
-- the past is not all alike, and not the present
SELECT count(*) > 1000 FROM asof_asked WHERE verdict_of(subject, purpose, clock_timestamp()) <> verdict;
-- as now is as ever
SELECT count(*) FROM asof_subject s, purpose p WHERE verdict_of(s.id, p.name, query_clock()) <> verdict_of(s.id, p.name);
-- whatever order the history is stored in
CREATE INDEX asof_backwards ON event (id DESC);
CLUSTER event USING asof_backwards;
DROP INDEX asof_backwards;
SELECT count(*) FROM asof_asked WHERE verdict_of(subject, purpose, at) <> verdict;
-- in parallel workers
SET parallel_setup_cost = 0; SET parallel_tuple_cost = 0; SET min_parallel_table_scan_size = 0;
SELECT count(*) FROM asof_asked WHERE verdict_of(subject, purpose, at) <> verdict;
RESET parallel_setup_cost; RESET parallel_tuple_cost; RESET min_parallel_table_scan_size;

---------------------------------------------------------------------
-- valid at and known at, apart: the history folded in plain SQL
---------------------------------------------------------------------
CREATE FUNCTION pg_temp.decide(registered boolean, erased boolean, restricted boolean, birth_date date, minimum_age integer,
		needs_consent boolean, needs_explicit boolean, direct_marketing boolean, objections_reach boolean, consents consent[], refusals consent[],
		raised_at timestamptz[], withdrawn_at timestamptz[], overridden_at timestamptz[], at timestamptz,
		OUT verdict text, OUT until timestamptz)
	AS '$libdir/consent_profiling', 'decide_facts'
	LANGUAGE C IMMUTABLE;
-- the newest definition known by then, or the earliest of all
CREATE FUNCTION pg_temp.version_of(name text, known_at timestamptz) RETURNS purpose_version LANGUAGE sql STABLE AS $$
	SELECT v FROM purpose_version v WHERE v.name = version_of.name
		ORDER BY v.added_at <= known_at DESC, CASE WHEN v.added_at <= known_at THEN -1 ELSE 1 END * extract(epoch FROM v.added_at)
		LIMIT 1
$$;
CREATE FUNCTION pg_temp.replay(subject subject_id, purpose text, as_of timestamptz, known_at timestamptz,
		OUT verdict text, OUT until timestamptz) LANGUAGE sql STABLE AS $$
	WITH RECURSIVE up AS (
		SELECT 0 AS level, v.* FROM pg_temp.version_of(replay.purpose, replay.known_at) v
		UNION ALL
		SELECT up.level + 1, v.* FROM up, pg_temp.version_of(up.broader, replay.known_at) v WHERE up.broader IS NOT NULL
	), known AS (
		SELECT * FROM event e WHERE e.subject = replay.subject AND e.recorded_at <= replay.known_at
	), choices AS (
		SELECT array_agg(c.consent ORDER BY level) AS consents, array_agg(c.refusal ORDER BY level) AS refusals,
				array_agg(c.raised ORDER BY level) AS raised, array_agg(c.withdrawn ORDER BY level) AS withdrawn,
				array_agg(c.overridden ORDER BY level) AS overridden
			FROM up, LATERAL (
				SELECT max(k.consent) AS consent,
						max(k.consent) FILTER (WHERE consent_status(k.consent) IN ('refused', 'withdrawn', 'revoked')) AS refusal,
						max(k.at) FILTER (WHERE objection_status(k.objection) IN ('raised', 'upheld')) AS raised,
						max(k.at) FILTER (WHERE objection_status(k.objection) = 'withdrawn') AS withdrawn,
						max(k.at) FILTER (WHERE objection_status(k.objection) = 'overridden') AS overridden
					FROM known k WHERE k.purpose = up.name AND k.at <= replay.as_of) c
	), setter AS (
		-- what says when a person was born, over whatever was said before
		SELECT COALESCE(max(id), 0) AS id FROM known WHERE act = 'rectify_birth_date'
	), claim AS (
		-- of all that is claimed since, the youngest holds
		SELECT max(k.birth_date) AS youngest, max(k.id) AS last FROM known k, setter
			WHERE k.birth_date IS NOT NULL AND k.id >= setter.id
	), person AS (
		SELECT EXISTS (SELECT FROM known WHERE act IN ('register_subject', 'import_subjects', 'track_subjects')) AS registered,
			-- unless a table has taken it back
			(SELECT c.youngest FROM claim c
				WHERE NOT EXISTS (SELECT FROM known r WHERE r.detail ? 'removed_birth_date' AND r.id > c.last)) AS birth_date,
			EXISTS (SELECT FROM known r WHERE r.act = 'restrict_subject' AND r.at <= replay.as_of
				AND NOT EXISTS (SELECT FROM known l WHERE l.act = 'lift_restriction' AND l.at <= replay.as_of AND l.id > r.id)) AS restricted
	)
	SELECT d.* FROM person, choices, up, LATERAL pg_temp.decide(registered, false, restricted, birth_date, minimum_age,
			basis = 'consent' OR special_category, special_category, (SELECT bool_or(a.direct_marketing) FROM up a),
			basis IN ('consent', 'legitimate_interests', 'public_task') OR (SELECT bool_or(a.direct_marketing) FROM up a), consents, refusals, raised, withdrawn, overridden, replay.as_of) d
		WHERE up.level = 0
$$;
SELECT min(at) AS began, max(at) AS ended FROM asof_asked \gset
CREATE TABLE asof_pair AS
	SELECT s.id AS subject, p.name AS purpose,
		-- during the test, or in the two years that the past is from
		CASE WHEN n % 2 = 0 THEN began + random() * (ended - began)
			ELSE ended + interval '1 month' - random() * interval '28 months' END AS as_of,
		began - interval '10 ms' + random() * (ended - began + interval '20 ms') AS known_at
	FROM (SELECT :'began'::timestamptz AS began, :'ended'::timestamptz AS ended) t,
		asof_subject s, (SELECT DISTINCT purpose AS name FROM asof_asked) p, generate_series(1, 40) n;
SELECT count(*) > 2000 AS many, count(DISTINCT e.verdict) >= 11 AS of_all_kinds,
	count(*) FILTER (WHERE e.verdict <> verdict_of(subject, purpose, known_at)) > 100 AS as_of_matters,
	count(*) FILTER (WHERE e.verdict <> verdict_of(subject, purpose, as_of, clock_timestamp())) > 100 AS known_at_matters,
	count(*) FILTER (WHERE e.verdict::text <> r.verdict) AS verdicts_differ,
	count(*) FILTER (WHERE e.until <> r.until) AS until_differs
	FROM asof_pair, pg_temp.replay(subject::subject_id, purpose, as_of, known_at) r,
		explain_verdict(subject, purpose, as_of, known_at) e;
-- the two oracles agree, too
SELECT count(*) FROM (SELECT * FROM asof_asked TABLESAMPLE SYSTEM (10) REPEATABLE (1)) a,
		pg_temp.replay(subject::subject_id, purpose, at, at) r
	WHERE r.verdict <> a.verdict::text;

SELECT untrack_subjects('asof_people');
DROP TABLE consent_profiling.permission;
DROP TABLE asof_people, asof_subject, asof_asked, asof_pair;
SELECT revoke_duty('regress_officer', 'officer');
DROP ROLE regress_officer, regress_recorder;
DELETE FROM choice WHERE subject::text LIKE 'asof:%';
DELETE FROM subject WHERE id::text LIKE 'asof:%';
SELECT count(drop_purpose(name)) FROM (SELECT name FROM purpose WHERE name LIKE 'asof%'
	ORDER BY name = 'asof.again' DESC, length(name) DESC) p \gset
SELECT name FROM purpose WHERE name LIKE 'asof%';
