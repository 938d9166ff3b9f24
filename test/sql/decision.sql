-- the decision: the truth table against an oracle, by name, and in the registry
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET jit = off;

-- The decision on arbitrary facts at an arbitrary time.  The first element of
-- an array is about the purpose itself, the last about the root.
CREATE FUNCTION pg_temp.decide(
		registered boolean DEFAULT true, erased boolean DEFAULT false,
		restricted boolean DEFAULT false, birth_date date DEFAULT '1980-06-15',
		minimum_age integer DEFAULT 18, needs_consent boolean DEFAULT true,
		needs_explicit boolean DEFAULT false,
		direct_marketing boolean DEFAULT false,
		objections_reach boolean DEFAULT true,
		consents consent[] DEFAULT NULL, refusals consent[] DEFAULT NULL,
		raised_at timestamptz[] DEFAULT NULL,
		withdrawn_at timestamptz[] DEFAULT NULL,
		overridden_at timestamptz[] DEFAULT NULL,
		at timestamptz DEFAULT '2026-01-01T00:00:00Z',
		OUT verdict text, OUT until timestamptz)
	AS '$libdir/consent_profiling', 'decide_facts'
	LANGUAGE C IMMUTABLE;

--
-- The oracle: the truth table in SQL, read off its wording.  It knows nothing
-- but records, one a row, and what the purpose asks for.
--

CREATE TEMP TABLE person (
	n integer PRIMARY KEY, registered boolean, erased boolean,
	restricted boolean, birth_date date, minimum_age integer, basis text,
	special_category boolean, direct_marketing boolean, levels integer,
	at timestamptz);
-- level 0 is the purpose, 1 the one above it, and so on
CREATE TEMP TABLE consent_record (
	n integer, level integer, status text, explicit boolean, at timestamptz,
	until timestamptz);
CREATE TEMP TABLE objection_record (
	n integer, level integer, status text, at timestamptz);

-- "that date at 12:00 UTC"; "born on 29 February comes of age on 1 March in a
-- common year", where adding years to a date gives 28 February
CREATE FUNCTION pg_temp.comes_of_age(born date, years integer)
	RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT (CASE WHEN extract(day FROM birthday) = extract(day FROM born)
				THEN birthday ELSE birthday + interval '1 day' END
			+ interval '12 hours') AT TIME ZONE 'UTC'
	FROM (SELECT born + make_interval(years => years)) AS b (birthday)
$$;

-- "a birth date more than 120 years ago": the day after that birthday
CREATE FUNCTION pg_temp.too_old_from(born date)
	RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT pg_temp.comes_of_age(born, 120) + interval '12 hours'
$$;

-- consent is needed: "basis consent, or special category"
CREATE TEMP VIEW needs AS
	SELECT n, basis = 'consent' OR special_category AS consent FROM person;

-- who objections from above reach
CREATE TEMP VIEW reached AS
	SELECT n FROM person
	WHERE basis IN ('consent', 'legitimate_interests', 'public_task')
		OR direct_marketing;

-- "raised or upheld" at the purpose, or above where that reaches; the person has
-- not withdrawn it at its level or below, in which a withdrawal wins a tie; no
-- override at or below the level of the objection came at its time or later,
-- and for direct marketing none counts
CREATE TEMP VIEW denying_objection AS
	SELECT DISTINCT o.n
	FROM objection_record o JOIN person p ON p.n = o.n
		LEFT JOIN pg_temp.reached a ON a.n = o.n
	WHERE o.status IN ('raised', 'upheld')
		AND (o.level = 0 OR a.n IS NOT NULL)
		AND NOT EXISTS (
			SELECT FROM objection_record w
			WHERE w.n = o.n AND w.level <= o.level
				AND w.status = 'withdrawn' AND w.at >= o.at)
		AND (p.direct_marketing
			 OR NOT EXISTS (
				SELECT FROM objection_record v
				WHERE v.n = o.n AND v.level <= o.level
					AND v.status = 'overridden' AND v.at >= o.at));

-- The purpose's own records count and, where consent is needed, refusals and
-- withdrawals from above.  Answers come before questions.  The newest prevails;
-- of two at the same time the one that permits less.
CREATE TEMP VIEW record_in_play AS
	SELECT c.*, array_position(ARRAY['unknown', 'requested',
			'request_deferred', 'given', 'renewed', 'expired', 'refused',
			'withdrawn', 'revoked', 'invalidated'], c.status) AS severity
	FROM consent_record c JOIN pg_temp.needs n ON n.n = c.n
	WHERE c.level = 0
		OR (n.consent AND c.status IN ('refused', 'withdrawn', 'revoked'));
CREATE TEMP VIEW prevailing_consent AS
	SELECT DISTINCT ON (n) *
	FROM record_in_play
	ORDER BY n, severity > 3 DESC, at DESC, severity DESC, explicit, until;

-- The rows of the table, each by itself, then the first that applies.
CREATE TEMP VIEW truth_table AS
	SELECT t.*, CASE WHEN row1 THEN 'unknown_subject'
			WHEN row2 THEN 'erased'
			WHEN row3 THEN 'age_unknown'
			WHEN row4 THEN 'child'
			WHEN row5 THEN 'restricted'
			WHEN row6 THEN 'objected'
			WHEN row7 THEN 'consent_missing'
			WHEN row8 THEN 'consent_refused'
			WHEN row9 THEN 'consent_withdrawn'
			WHEN row10 THEN 'consent_expired'
			WHEN row11 THEN 'consent_as_child'
			WHEN row12 THEN 'consent_not_explicit'
			ELSE 'permitted' END AS verdict
	FROM (SELECT p.n,
			NOT p.registered AS row1,
			p.erased AS row2,
			p.birth_date IS NULL
				OR p.at >= pg_temp.too_old_from(p.birth_date) AS row3,
			COALESCE(p.at < pg_temp.comes_of_age(p.birth_date, p.minimum_age),
					 false) AS row4,
			p.restricted AS row5,
			o.n IS NOT NULL AS row6,
			n.consent
				AND COALESCE(c.status IN ('unknown', 'requested',
										  'request_deferred'), true) AS row7,
			COALESCE(c.status = 'refused', false) AS row8,
			COALESCE(c.status IN ('withdrawn', 'revoked', 'invalidated'),
					 false) AS row9,
			COALESCE(c.status = 'expired'
					 OR (c.status IN ('given', 'renewed') AND c.until <= p.at),
					 false) AS row10,
			COALESCE(c.status IN ('given', 'renewed')
					 AND c.at < pg_temp.comes_of_age(p.birth_date,
													 p.minimum_age),
					 false) AS row11,
			p.special_category
				AND COALESCE(c.status IN ('given', 'renewed')
							 AND NOT c.explicit, false) AS row12
		  FROM person p JOIN pg_temp.needs n ON n.n = p.n
			LEFT JOIN pg_temp.denying_objection o ON o.n = p.n
			LEFT JOIN pg_temp.prevailing_consent c ON c.n = p.n) t;

--
-- Many states.  Every draw is a byte of a hash, so they are always the same.
-- Times come from a small grid around the coming of age, so that they often
-- coincide or lie a microsecond apart.
--

CREATE FUNCTION pg_temp.grid(anchor timestamptz, draw integer)
	RETURNS timestamptz LANGUAGE sql IMMUTABLE AS $$
	SELECT anchor + ('{-400 days,-1 day,-1 us,0,0,1 us,2 us,1 day,
		1 day 1 us,30 days,31 days,400 days,400 days 1 us,401 days,3000 days,
		3001 days}'::interval[])[1 + draw % 16]
$$;

CREATE TEMP TABLE draw AS
	SELECT n, b, pg_temp.comes_of_age(COALESCE(birth_date, '1980-06-15'),
									  minimum_age) AS anchor,
		birth_date, minimum_age
	FROM (
		SELECT n, b,
			CASE WHEN get_byte(b, 2) < 12 THEN NULL
				WHEN get_byte(b, 11) % 4 = 0
					THEN make_date(1904 + 4 * (get_byte(b, 9) % 49), 2, 29)
				WHEN get_byte(b, 11) % 16 = 1
					THEN make_date(1900 + get_byte(b, 9), 2, 28)
				WHEN get_byte(b, 11) % 16 = 5
					THEN make_date(1900 + get_byte(b, 9), 3, 1)
				ELSE '1930-01-01'::date
					+ (get_byte(b, 9) * 256 + get_byte(b, 10)) % 32000
			END AS birth_date,
			('{18,18,18,21,25,40}'::int[])[1 + get_byte(b, 8) % 6] AS minimum_age
		FROM (SELECT n, sha512(('state ' || n)::bytea) AS b
			  FROM generate_series(1, 100000) n) s) d;

CREATE TEMP TABLE level_draw AS
	SELECT n, level, anchor,
		sha512(('state ' || n || ' level ' || level)::bytea) AS b
	FROM draw, generate_series(0, get_byte(b, 4) % 4) level;

INSERT INTO consent_record
	SELECT n, level, status, explicit, at,
		CASE WHEN until < 5
			THEN at + ('{1 us,1 day,30 days,400 days,8000 days}'::interval[])[1 + until]
			ELSE 'infinity' END
	FROM (SELECT n, level,
			('{unknown,requested,request_deferred,refused,given,given,given,
				given,given,given,given,renewed,withdrawn,revoked,expired,
				invalidated}'::text[])[1 + get_byte(b, 8 * j + 1) % 16] AS status,
			get_byte(b, 8 * j + 2) % 2 = 0 AS explicit,
			pg_temp.grid(anchor, get_byte(b, 8 * j + 3)) AS at,
			get_byte(b, 8 * j + 4) % 8 AS until
		  FROM level_draw, generate_series(0, 1) j
		  WHERE get_byte(b, 8 * j) % 4 <> 0) c;

INSERT INTO objection_record
	SELECT n, level,
		('{raised,raised,upheld,overridden,overridden,withdrawn}'::text[])
			[1 + get_byte(b, 4 * j + 17) % 6],
		pg_temp.grid(anchor, get_byte(b, 4 * j + 18))
	FROM level_draw, generate_series(0, 3) j
	WHERE get_byte(b, 4 * j + 16) % 6 = 0;

-- at the coming of age, at the end of a consent or at some time of the grid,
-- or a microsecond off, or long after
INSERT INTO person
	SELECT d.n, get_byte(b, 0) >= 12, get_byte(b, 1) < 12, get_byte(b, 3) < 16,
		d.birth_date, d.minimum_age,
		('{consent,consent,consent,contract,legal_obligation,vital_interests,
			public_task,legitimate_interests}'::text[])[1 + get_byte(b, 5) % 8],
		get_byte(b, 6) % 4 = 0, get_byte(b, 7) % 4 = 0,
		1 + get_byte(b, 4) % 4,
		CASE WHEN get_byte(b, 15) % 16 = 0 AND d.birth_date IS NOT NULL
			THEN pg_temp.too_old_from(d.birth_date)
		ELSE CASE get_byte(b, 12) % 8
			WHEN 0 THEN d.anchor
			WHEN 1 THEN d.anchor + interval '20 years'
			WHEN 2 THEN COALESCE(c.until, d.anchor)
			WHEN 3 THEN COALESCE(c.until, d.anchor)
			ELSE pg_temp.grid(d.anchor, get_byte(b, 13))
		END END + (get_byte(b, 14) % 3 - 1) * interval '1 us'
	FROM draw d
		LEFT JOIN (SELECT n, max(r.until) AS until FROM consent_record r
				   WHERE r.level = 0 AND isfinite(r.until) GROUP BY n) c
			ON c.n = d.n;

-- what the registry would keep of these records
CREATE TEMP TABLE facts AS
	SELECT p.n,
		array_agg(c.consent ORDER BY l) AS consents,
		array_agg(c.refusal ORDER BY l) AS refusals,
		array_agg(o.raised_at ORDER BY l) AS raised_at,
		array_agg(o.withdrawn_at ORDER BY l) AS withdrawn_at,
		array_agg(o.overridden_at ORDER BY l) AS overridden_at
	FROM person p CROSS JOIN LATERAL generate_series(0, p.levels - 1) l
		LEFT JOIN (
			SELECT n, level, max(consent) AS consent,
				max(consent) FILTER (WHERE status IN ('refused', 'withdrawn',
					'revoked')) AS refusal
			FROM (SELECT r.*, make_consent(status, explicit, at, until) AS consent
				  FROM consent_record r) r
			GROUP BY n, level) c ON c.n = p.n AND c.level = l
		LEFT JOIN (
			SELECT n, level,
				max(at) FILTER (WHERE status IN ('raised', 'upheld')) AS raised_at,
				max(at) FILTER (WHERE status = 'withdrawn') AS withdrawn_at,
				max(at) FILTER (WHERE status = 'overridden') AS overridden_at
			FROM objection_record GROUP BY n, level) o ON o.n = p.n AND o.level = l
	GROUP BY p.n;
CREATE INDEX ON consent_record (n);
CREATE INDEX ON objection_record (n, level);
ANALYZE person, consent_record, objection_record, facts;

CREATE TEMP VIEW decided AS
	SELECT p.n, d.verdict, d.until
	FROM person p JOIN facts f ON f.n = p.n
		CROSS JOIN LATERAL pg_temp.decide(p.registered, p.erased, p.restricted,
			p.birth_date, p.minimum_age,
			p.basis = 'consent' OR p.special_category, p.special_category,
			p.direct_marketing, p.n IN (SELECT a.n FROM pg_temp.reached a),
			f.consents, f.refusals, f.raised_at,
			f.withdrawn_at, f.overridden_at, p.at) d;

CREATE TEMP TABLE answer AS
	SELECT t.*, d.verdict AS decided, d.until
	FROM pg_temp.truth_table t JOIN pg_temp.decided d ON d.n = t.n;

SELECT count(*) AS states, count(*) FILTER (WHERE decided <> verdict) AS differences
	FROM answer;
-- the first that differ, if any
SELECT n, verdict, decided FROM answer WHERE decided <> verdict ORDER BY n LIMIT 5;

-- Every verdict was seen, and every depth of the tree.
SELECT verdict::verdict, count(*), count(*) FILTER (WHERE levels = 1) AS levels_1,
		count(*) FILTER (WHERE levels = 2) AS levels_2,
		count(*) FILTER (WHERE levels = 3) AS levels_3,
		count(*) FILTER (WHERE levels = 4) AS levels_4
	FROM answer JOIN person USING (n) GROUP BY verdict ORDER BY 1;
SELECT array_agg(DISTINCT verdict::verdict) = enum_range(NULL::verdict)
		AS every_verdict_seen
	FROM answer;

-- Neighbours in the table: both rows hold, and none above them does.  A
-- consent has one status, so rows 7 to 10 exclude each other, as do 3 and 4.
SELECT count(*) FILTER (WHERE row1 AND row2) AS "1-2",
		count(*) FILTER (WHERE row2 AND row3 AND verdict = 'erased') AS "2-3",
		count(*) FILTER (WHERE row3 AND row5 AND verdict = 'age_unknown') AS "3-5",
		count(*) FILTER (WHERE row4 AND row5 AND verdict = 'child') AS "4-5",
		count(*) FILTER (WHERE row5 AND row6 AND verdict = 'restricted') AS "5-6",
		count(*) FILTER (WHERE row6 AND row7 AND verdict = 'objected') AS "6-7",
		count(*) FILTER (WHERE row10 AND row11 AND verdict = 'consent_expired') AS "10-11",
		count(*) FILTER (WHERE row11 AND row12 AND verdict = 'consent_as_child') AS "11-12"
	FROM answer;
-- Where they do exclude each other, records of both kinds are in play, and now
-- the one prevails, now the other; but no question prevails over an answer.
WITH kind AS (
	SELECT n, bool_or(status IN ('unknown', 'requested', 'request_deferred')) AS missing,
		bool_or(status = 'refused') AS refused,
		bool_or(status IN ('withdrawn', 'revoked', 'invalidated')) AS withdrawn,
		bool_or(status IN ('expired', 'given', 'renewed')) AS given
	FROM pg_temp.record_in_play GROUP BY n)
SELECT count(*) FILTER (WHERE missing AND (refused OR withdrawn OR given) AND verdict = 'consent_missing') AS "7 of 7-13",
		count(*) FILTER (WHERE missing AND refused AND verdict = 'consent_refused') AS "8 of 7-8",
		count(*) FILTER (WHERE missing AND given AND verdict = 'permitted') AS "13 of 7-13",
		count(*) FILTER (WHERE refused AND withdrawn AND verdict = 'consent_refused') AS "8 of 8-9",
		count(*) FILTER (WHERE refused AND withdrawn AND verdict = 'consent_withdrawn') AS "9 of 8-9",
		count(*) FILTER (WHERE withdrawn AND given AND verdict = 'consent_withdrawn') AS "9 of 9-10",
		count(*) FILTER (WHERE withdrawn AND given AND verdict = 'consent_expired') AS "10 of 9-10",
		count(*) FILTER (WHERE withdrawn AND given AND verdict = 'permitted') AS "13 of 9-13"
	FROM answer JOIN kind USING (n);
-- Any two rows that can hold together do, in some state where the upper one
-- is the verdict.
SELECT count(*) AS pairs, bool_and(seen > 0) AS every_pair_seen
	FROM (SELECT i, j, count(*) FILTER (WHERE holds[i] AND holds[j]
				AND true <> ALL (holds[:i - 1])) AS seen
		  FROM (SELECT ARRAY[row1, row2, row3, row4, row5, row6, row7, row8,
							 row9, row10, row11, row12] AS holds FROM answer) a,
			generate_series(1, 12) i, generate_series(2, 12) j
		  WHERE i < j AND (i, j) <> (3, 4)
			AND NOT (i BETWEEN 7 AND 10 AND j BETWEEN 8 AND 10)
			AND NOT (i BETWEEN 7 AND 9 AND j > 10)
		  GROUP BY i, j) s;

-- Boundaries in time: on them, a microsecond before and a microsecond after.
WITH distance AS (
	SELECT 'coming of age' AS boundary, p.at - pg_temp.comes_of_age(p.birth_date, p.minimum_age) AS d
		FROM person p
	UNION ALL SELECT 'too old', p.at - pg_temp.too_old_from(p.birth_date)
		FROM person p
	UNION ALL SELECT '... on 1 March, born on 29 February', p.at - pg_temp.comes_of_age(p.birth_date, p.minimum_age)
		FROM person p
		WHERE to_char(p.birth_date, 'MMDD') = '0229'
			AND to_char(pg_temp.comes_of_age(p.birth_date, p.minimum_age), 'MMDD') = '0301'
	UNION ALL SELECT '... on 29 February', p.at - pg_temp.comes_of_age(p.birth_date, p.minimum_age)
		FROM person p
		WHERE to_char(pg_temp.comes_of_age(p.birth_date, p.minimum_age), 'MMDD') = '0229'
	UNION ALL SELECT 'end of the consent', p.at - c.until
		FROM person p JOIN pg_temp.prevailing_consent c USING (n)
		WHERE c.status IN ('given', 'renewed') AND isfinite(c.until)
	UNION ALL SELECT 'consent against age', c.at - pg_temp.comes_of_age(p.birth_date, p.minimum_age)
		FROM person p JOIN pg_temp.prevailing_consent c USING (n)
	UNION ALL SELECT 'override against objection', v.at - o.at
		FROM objection_record o JOIN objection_record v USING (n)
		WHERE o.status IN ('raised', 'upheld') AND v.status = 'overridden' AND v.level <= o.level
	UNION ALL SELECT 'withdrawal against objection', w.at - o.at
		FROM objection_record o JOIN objection_record w USING (n)
		WHERE o.status IN ('raised', 'upheld') AND w.status = 'withdrawn' AND w.level <= o.level
	UNION ALL SELECT 'No above against own consent', r.at - c.at
		FROM consent_record c JOIN consent_record r USING (n)
		WHERE c.level = 0 AND c.status IN ('given', 'renewed') AND r.level > 0
			AND r.status IN ('refused', 'withdrawn', 'revoked'))
SELECT boundary, count(*) FILTER (WHERE d = '-1 us') AS before,
		count(*) FILTER (WHERE d = '0') AS "on",
		count(*) FILTER (WHERE d = '1 us') AS after
	FROM distance GROUP BY boundary ORDER BY boundary COLLATE "C";

--
-- "until": the verdict does not change before, and does change then.
--

CREATE TEMP TABLE later AS
	SELECT a.n, m.at, d.verdict = a.verdict AS same,
		isfinite(a.until) AND m.at >= a.until AS due
	FROM answer a JOIN person p ON p.n = a.n JOIN facts f ON f.n = a.n
		CROSS JOIN LATERAL (
			SELECT a.until WHERE isfinite(a.until)
			UNION SELECT a.until - interval '1 us' WHERE isfinite(a.until)
			UNION SELECT LEAST(p.at + (a.until - p.at) * share, a.until - interval '1 us')
				FROM (VALUES (0.25), (0.75)) AS v (share) WHERE isfinite(a.until)
			UNION SELECT p.at + wait
				FROM unnest('{1 us,1 day,1000 days,100 years}'::interval[]) wait
				WHERE a.until = 'infinity'
			UNION SELECT '9000-01-01T00:00:00Z' WHERE a.until = 'infinity')
			AS m (at)
		CROSS JOIN LATERAL pg_temp.decide(p.registered, p.erased, p.restricted,
			p.birth_date, p.minimum_age,
			p.basis = 'consent' OR p.special_category, p.special_category,
			p.direct_marketing, p.n IN (SELECT a.n FROM pg_temp.reached a),
			f.consents, f.refusals, f.raised_at,
			f.withdrawn_at, f.overridden_at, m.at) d;
SELECT count(*) FILTER (WHERE isfinite(until)) AS finite,
		count(*) FILTER (WHERE until = 'infinity') AS infinite,
		count(*) FILTER (WHERE until <= at) AS in_the_past
	FROM answer JOIN person USING (n);
SELECT count(*) AS moments, count(*) FILTER (WHERE NOT due AND NOT same) AS changed_before,
		count(*) FILTER (WHERE due AND same) AS not_changed_then
	FROM later;

-- What it changes to is right as well.
UPDATE person p SET at = a.until FROM answer a WHERE a.n = p.n AND isfinite(a.until);
DELETE FROM person p USING answer a WHERE a.n = p.n AND NOT isfinite(a.until);
SELECT count(*) AS states, count(*) FILTER (WHERE d.verdict <> t.verdict) AS differences
	FROM pg_temp.truth_table t JOIN pg_temp.decided d ON d.n = t.n;

--
-- The registry: the same oracle on what the history says was done.
--

SELECT add_purpose('decision_news');
SELECT add_purpose('decision_ads', direct_marketing => true);
SELECT add_purpose('decision_mail', 'decision_ads', 'legitimate_interests');
SELECT add_purpose('decision_invoice', 'decision_ads', 'contract');
SELECT add_purpose('decision_health', basis => 'contract', special_category => true);
SELECT add_purpose('decision_contract', 'decision_news', 'contract');
SELECT add_purpose('decision_law', 'decision_news', 'legal_obligation');
SELECT add_purpose('decision_rescue', 'decision_contract', 'vital_interests');
SELECT add_purpose('decision_task', 'decision_contract', 'public_task');
SELECT add_purpose('decision_adults', 'decision_contract', minimum_age => 21);

-- Keys of three kinds.  One in 29 is never registered.
CREATE TABLE decision_person AS
	SELECT n, CASE n % 3 WHEN 0 THEN ((7000000000 + n)::text)::subject_id
			WHEN 1 THEN md5('decision ' || n)::uuid::subject_id
			ELSE ('decision:' || n)::subject_id END AS id,
		get_byte(b, 0) % 29 <> 0 AS registered,
		CASE get_byte(b, 1) % 16
			WHEN 0 THEN NULL
			-- a child; of age today, some part of the day; of age lately; over
			-- 18 but not 21
			WHEN 1 THEN today - interval '10 years'
			WHEN 2 THEN today - interval '18 years'
			WHEN 3 THEN today - interval '18 years 200 days'
			WHEN 4 THEN today - interval '19 years'
			-- a placeholder, and the oldest age there is
			WHEN 5 THEN today - interval '120 years 1 day'
			WHEN 6 THEN today - interval '120 years'
			ELSE today - interval '30 years' - get_byte(b, 2) * interval '30 days'
		END::date AS birth_date, b
	FROM (SELECT n, sha512(('person ' || n)::bytea) AS b,
			(now() AT TIME ZONE 'UTC')::date AS today
		  FROM generate_series(1, 3000) n) d;

-- Acts between three years ago and now, in no order, a third of them for the
-- whole database at once.  Times are whole days, so that many coincide; some of
-- them lie ahead, by less than a minute or by more.  Some are about a person who
-- is not registered.
CREATE TABLE decision_act AS
	SELECT n, id, registered, row_number() OVER (ORDER BY sha256(b)) AS i,
		get_byte(b, 0) % 3 AS route,
		('{profiling,decision_news,decision_news,decision_ads,direct_marketing,
			decision_mail,decision_mail,decision_invoice,decision_health,
			decision_health,decision_law,decision_contract,decision_rescue,
			decision_task,decision_adults,decision_adults}'::text[])
			[1 + get_byte(b, 1) % 16] AS purpose,
		get_byte(b, 2) % 16 AS kind, get_byte(b, 3) % 2 = 0 AS explicit,
		date_trunc('day', now() - get_byte(b, 4) * interval '4 days', 'UTC')
			- interval '1 day' AS at,
		get_byte(b, 5) % 4 AS until,
		CASE get_byte(b, 6) % 20 WHEN 0 THEN interval '30 s'
			WHEN 1 THEN interval '3 days' END AS ahead
	FROM (SELECT n, id, registered, sha512(('act ' || n || ' ' || j)::bytea) AS b
		  FROM decision_person p, generate_series(1, 12) j
		  WHERE (registered OR n % 2 = 0) AND j <= 2 + get_byte(p.b, 3) % 11) a;
-- A time ahead is one when the act is recorded, not when it was made up.
CREATE FUNCTION pg_temp.time_of(a decision_act) RETURNS timestamptz
	LANGUAGE sql VOLATILE AS $$
	SELECT COALESCE(clock_timestamp() + a.ahead, a.at)
$$;

SELECT import_subjects('SELECT id AS subject, birth_date FROM decision_person
	WHERE registered AND n % 2 = 0') > 0 AS imported;
SELECT count(register_subject(id, birth_date)) > 0 AS registered
	FROM decision_person WHERE registered AND n % 2 = 1;

-- Acts of route 0 and 1 call a function each; what has nothing to withdraw,
-- uphold or override is refused, as is a Yes about a person not registered or
-- far ahead, and leaves no trace.
CREATE FUNCTION pg_temp.act(a decision_act) RETURNS boolean
	LANGUAGE plpgsql AS $$
DECLARE
	at timestamptz := pg_temp.time_of(a);
	until timestamptz := CASE a.until WHEN 0 THEN at + interval '1 day'
		WHEN 1 THEN at + interval '600 days' ELSE 'infinity' END;
BEGIN
	CASE
		WHEN a.kind < 8 THEN
			PERFORM give_consent(a.id, a.purpose, a.explicit, until, at);
		WHEN a.kind = 8 THEN PERFORM request_consent(a.id, a.purpose, at);
		WHEN a.kind = 9 THEN PERFORM refuse_consent(a.id, a.purpose, at);
		WHEN a.kind = 10 THEN PERFORM withdraw_consent(a.id, a.purpose, at);
		WHEN a.kind IN (11, 12) AND a.purpose = 'direct_marketing' THEN
			PERFORM object_to_marketing(a.id, at);
		WHEN a.kind IN (11, 12) THEN PERFORM raise_objection(a.id, a.purpose, at);
		WHEN a.kind = 13 THEN PERFORM withdraw_objection(a.id, a.purpose, at);
		WHEN a.kind = 14 THEN PERFORM uphold_objection(a.id, a.purpose, at);
		ELSE PERFORM override_objection(a.id, a.purpose, 'fraud', at);
	END CASE;
	RETURN true;
EXCEPTION WHEN object_not_in_prerequisite_state OR invalid_parameter_value
	OR no_data_found THEN
	RETURN false;
END
$$;
-- those of route 2 are imported, with every status there is
CREATE TEMP VIEW imported_consent AS
	SELECT id AS subject, purpose, make_consent(
			('{given,given,given,renewed,unknown,requested,request_deferred,
				refused,withdrawn,revoked,expired,invalidated}'::text[])[1 + kind],
			explicit, t, CASE until WHEN 0 THEN t + interval '1 day'
				WHEN 1 THEN t + interval '600 days' ELSE 'infinity' END) AS consent, i
	FROM decision_act a, LATERAL (SELECT pg_temp.time_of(a) AS t) t
	WHERE route = 2 AND kind < 12
		AND (kind >= 7 OR registered AND (ahead IS NULL OR ahead < '1 day'));
CREATE TEMP VIEW imported_objection AS
	SELECT id AS subject, purpose, make_objection(
			('{raised,upheld,overridden,withdrawn}'::text[])[kind - 11],
			t, CASE WHEN kind = 14 THEN 'fraud' END) AS objection, i
	FROM decision_act a, LATERAL (SELECT pg_temp.time_of(a) AS t) t
	WHERE route = 2 AND kind >= 12
		AND (kind <> 14 OR purpose NOT IN
			 ('direct_marketing', 'decision_ads', 'decision_mail', 'decision_invoice'))
		AND (kind < 14 OR registered AND (ahead IS NULL OR ahead < '1 day'));

BEGIN;
-- Every No is taken.
SELECT bool_or(done) AS some_done, bool_and(done) AS all_done,
		bool_and(done) FILTER (WHERE kind BETWEEN 9 AND 12) AS every_no_done,
		count(*) FILTER (WHERE kind BETWEEN 9 AND 12 AND NOT registered) > 0 AS of_strangers,
		count(*) FILTER (WHERE kind BETWEEN 9 AND 12 AND ahead > '1 day') > 0 AS ahead
	FROM (SELECT a.kind, a.registered, a.ahead, pg_temp.act(a) AS done FROM decision_act a
		  WHERE route < 2 AND i % 2 = 0 ORDER BY i) d;
SELECT import_objections('SELECT subject, purpose, objection FROM pg_temp.imported_objection WHERE i % 2 = 0 ORDER BY i') > 0 AS imported;
SELECT import_consents('SELECT subject, purpose, consent FROM pg_temp.imported_consent WHERE i % 2 = 0 ORDER BY i') > 0 AS imported;
SELECT bool_or(done) AS some_done,
		bool_and(done) FILTER (WHERE kind BETWEEN 9 AND 12) AS every_no_done
	FROM (SELECT a.kind, pg_temp.act(a) AS done FROM decision_act a
		  WHERE route < 2 AND i % 2 = 1 ORDER BY i) d;
SELECT import_objections('SELECT subject, purpose, objection FROM pg_temp.imported_objection WHERE i % 2 = 1 ORDER BY i') > 0 AS imported;
SELECT import_consents('SELECT subject, purpose, consent FROM pg_temp.imported_consent WHERE i % 2 = 1 ORDER BY i') > 0 AS imported;

-- some are restricted, some of those no longer; some erased, some of those
-- registered again; some birth dates corrected
SELECT count(restrict_subject(id, 'accuracy contested')) > 0 AS restricted
	FROM decision_person WHERE registered AND n % 17 = 0;
SELECT count(lift_restriction(id, clock_timestamp())) > 0 AS lifted
	FROM decision_person WHERE registered AND n % 34 = 0;
SELECT count(rectify_birth_date(id, '2000-02-29')) > 0 AS rectified
	FROM decision_person WHERE registered AND n % 23 = 0;
SELECT count(erase_subject(id)) > 0 AS erased
	FROM decision_person WHERE registered AND n % 19 = 0;
SELECT count(register_subject(id, '1970-01-01')) > 0 AS registered_again
	FROM decision_person WHERE registered AND n % 38 = 0;
SELECT count(raise_objection(id)) > 0 AS objected_after
	FROM decision_person WHERE registered AND n % 57 = 0;
-- nothing was recorded of the future, and what was claimed is kept
SELECT count(*) FILTER (WHERE at > recorded_at) AS ahead,
		count(*) FILTER (WHERE detail ? 'claimed_at') > 100 AS claimed,
		bool_and((detail ->> 'claimed_at')::timestamptz > recorded_at) AS later
	FROM event;

-- those who were erased go by another key in the history
ALTER TABLE decision_person ADD known_as subject_id;
UPDATE decision_person SET known_as = known_as(id);
-- Of the registry the oracle reads nothing but the history, and the purposes.
CREATE TEMP TABLE pair AS
	WITH RECURSIVE up AS (
		SELECT p.name AS purpose, 0 AS level, p.name, p.broader, p.direct_marketing
			FROM purpose p WHERE p.name IN ('profiling', 'direct_marketing') OR p.name ~ '^decision_'
		UNION ALL
		SELECT up.purpose, up.level + 1, p.name, p.broader, p.direct_marketing
			FROM up JOIN purpose p ON p.name = up.broader)
	SELECT up.*, dense_rank() OVER (ORDER BY up.purpose) AS k FROM up;
TRUNCATE person, consent_record, objection_record;
INSERT INTO person
	SELECT d.n * 100 + p.k, count(e.id) > 0,
		COALESCE(bool_or(e.act = 'erase_subject'), false),
		COALESCE((array_agg(e.act ORDER BY e.id DESC) FILTER (
			WHERE e.act IN ('restrict_subject', 'lift_restriction')))[1]
			= 'restrict_subject', false),
		(array_agg(e.birth_date ORDER BY e.id DESC) FILTER (
			WHERE e.birth_date IS NOT NULL))[1],
		p.minimum_age, p.basis, p.special_category, p.marketing, NULL, NULL
	FROM decision_person d
		CROSS JOIN (
			SELECT l.k, p.minimum_age, p.basis, p.special_category,
				bool_or(l.direct_marketing) AS marketing
			FROM purpose p JOIN pair l ON l.purpose = p.name GROUP BY l.k, p.name) p
		LEFT JOIN event e ON e.subject = d.known_as
	GROUP BY d.n, p.k, p.minimum_age, p.basis, p.special_category, p.marketing;
INSERT INTO consent_record
	SELECT d.n * 100 + l.k, l.level, consent_status(e.consent),
		consent_explicit(e.consent), e.at, consent_until(e.consent)
	FROM event e JOIN decision_person d ON d.known_as = e.subject
		JOIN pair l ON l.name = e.purpose
	WHERE e.consent IS NOT NULL;
INSERT INTO objection_record
	SELECT d.n * 100 + l.k, l.level, objection_status(e.objection), e.at
	FROM event e JOIN decision_person d ON d.known_as = e.subject
		JOIN pair l ON l.name = e.purpose
	WHERE e.objection IS NOT NULL;
ANALYZE person, consent_record, objection_record;

-- within milliseconds of each other, in which no consent ends
CREATE FUNCTION pg_temp.compare(OUT verdicts bigint, OUT differences bigint,
		OUT gate_differences bigint, OUT explained_differences bigint,
		OUT every_verdict_seen boolean)
	LANGUAGE plpgsql AS $$
BEGIN
	UPDATE person SET at = statement_timestamp();
	SELECT count(*), count(*) FILTER (WHERE c.decided <> c.verdict),
			count(*) FILTER (WHERE c.permitted <> (c.verdict = 'permitted')),
			count(*) FILTER (WHERE c.explained <> c.verdict),
			array_agg(DISTINCT c.verdict) = enum_range(NULL::verdict)
		INTO verdicts, differences, gate_differences, explained_differences,
			every_verdict_seen
		FROM (SELECT t.verdict::verdict AS verdict,
				verdict_of(d.id, l.purpose) AS decided,
				may_profile(d.id, l.purpose) AS permitted,
				(explain_verdict(d.id, l.purpose)).verdict AS explained
			  FROM pg_temp.truth_table t
				JOIN decision_person d ON d.n = t.n / 100
				JOIN pair l ON l.k = t.n % 100 AND l.level = 0) c;
END
$$;
-- before the commit and after
SELECT * FROM pg_temp.compare();
COMMIT;
SELECT * FROM pg_temp.compare();

-- clean up
DELETE FROM choice WHERE subject IN (SELECT id FROM decision_person);
DELETE FROM subject WHERE id IN (SELECT known_as FROM decision_person);
SELECT drop_purpose(p) FROM unnest('{decision_mail,decision_invoice,decision_ads,decision_adults,
	decision_rescue,decision_task,decision_contract,decision_law,decision_health,decision_news}'::text[]) p;
SET client_min_messages = warning;
DROP TABLE decision_act, decision_person CASCADE;
DROP TABLE person, consent_record, objection_record, draw, level_draw, facts,
	answer, later, pair CASCADE;
RESET client_min_messages;

--
-- The truth table, row by row.
--

SELECT verdict, until FROM pg_temp.decide(registered => false, erased => true);
SELECT verdict, until FROM pg_temp.decide(erased => true, birth_date => NULL);
SELECT verdict, until FROM pg_temp.decide(birth_date => NULL, restricted => true);
SELECT verdict, until FROM pg_temp.decide(birth_date => 'infinity');
SELECT verdict, until FROM pg_temp.decide(birth_date => '2010-03-04', restricted => true);
SELECT verdict, until FROM pg_temp.decide(restricted => true, raised_at => '{2025-01-01T00:00:00Z}');
SELECT verdict, until FROM pg_temp.decide(raised_at => '{2025-01-01T00:00:00Z}');
SELECT verdict, until FROM pg_temp.decide();
-- each status; rows 8 to 12 look at what is recorded whatever the basis
SELECT status, d.verdict, other_basis.verdict AS on_another_basis
	FROM unnest('{unknown,requested,request_deferred,refused,withdrawn,revoked,invalidated,expired,given,renewed}'::text[]) WITH ORDINALITY AS s (status, i),
		pg_temp.decide(consents => ARRAY[(status || ' at 2025-01-01T00:00:00Z')::consent]) d,
		pg_temp.decide(consents => ARRAY[(status || ' at 2025-01-01T00:00:00Z')::consent], needs_consent => false) other_basis
	ORDER BY i;
SELECT verdict, until FROM pg_temp.decide(needs_consent => false);
-- row 10: the end of a consent is the first moment without it
SELECT at, verdict, until
	FROM unnest('{2025-12-31T23:59:59.999999Z,2026-01-01T00:00:00Z,2026-01-01T00:00:00.000001Z}'::timestamptz[]) at,
		pg_temp.decide(at => at, consents => '{given at 2025-01-01T00:00:00Z until 2026-01-01T00:00:00Z}');
-- a No has no end, whatever its record says
SELECT verdict, until FROM pg_temp.decide(consents => '{refused at 2025-01-01T00:00:00Z until 2025-02-01T00:00:00Z}');
-- row 11: given before and at the coming of age
SELECT c, verdict, until
	FROM unnest('{given at 1998-06-15T11:59:59.999999Z,given at 1998-06-15T12:00:00Z,given explicit at 1998-06-15T11:59:59.999999Z until 2027-01-01T00:00:00Z}'::consent[]) c,
		pg_temp.decide(consents => ARRAY[c]);
-- row 12
SELECT verdict, until FROM pg_temp.decide(needs_explicit => true, consents => '{given at 2025-01-01T00:00:00Z until 2027-01-01T00:00:00Z}');
SELECT verdict, until FROM pg_temp.decide(needs_explicit => true, consents => '{given at 1990-01-01T00:00:00Z}');
SELECT verdict, until FROM pg_temp.decide(needs_explicit => true, consents => '{given explicit at 2025-01-01T00:00:00Z}');

-- row 4: noon in UTC, 1 March in a common year, whatever the time zone
SET timezone = 'Pacific/Kiritimati';
SELECT born, age, at AT TIME ZONE 'UTC' AS utc, verdict, until AT TIME ZONE 'UTC' AS until
	FROM (VALUES ('2008-01-01'::date, 18, '2026-01-01T11:59:59.999999Z'::timestamptz),
			('2008-01-01', 18, '2026-01-01T12:00:00Z'),
			('2008-02-29', 18, '2026-02-28T23:59:59Z'),
			('2008-02-29', 18, '2026-03-01T11:59:59.999999Z'),
			('2008-02-29', 18, '2026-03-01T12:00:00Z'),
			('2008-02-29', 20, '2028-02-29T11:59:59.999999Z'),
			('2008-02-29', 20, '2028-02-29T12:00:00Z'),
			('1960-02-29', 40, '2000-02-29T11:59:59.999999Z'),
			('1960-02-29', 40, '2000-02-29T12:00:00Z'),
			('2060-02-29', 40, '2100-03-01T11:59:59.999999Z'),
			('2060-02-29', 40, '2100-03-01T12:00:00Z'),
			('2007-02-28', 18, '2025-02-28T12:00:00Z'),
			('2006-02-28', 18, '2024-02-28T12:00:00Z'),
			('2007-03-01', 21, '2028-03-01T11:59:59.999999Z'),
			('2007-03-01', 21, '2028-03-01T12:00:00Z'),
			('1876-05-05', 150, '2026-05-05T11:59:59.999999Z'),
			('1876-05-05', 150, '2026-05-05T12:00:00Z')) AS v (born, age, at),
		pg_temp.decide(birth_date => born, minimum_age => age, at => at,
			consents => '{given at 2000-01-01T00:00:00Z}', needs_consent => false);
SET timezone = 'UTC';
-- row 3: more than 120 years ago
SELECT born, at AT TIME ZONE 'UTC' AS utc, verdict, until AT TIME ZONE 'UTC' AS until
	FROM (VALUES ('1906-01-01'::date, '2026-01-01T23:59:59.999999Z'::timestamptz),
			('1906-01-01', '2026-01-02T00:00:00Z'),
			('1900-01-01', '2026-01-01T00:00:00Z'),
			('1904-02-29', '2024-02-29T23:59:59Z'),
			('1904-02-29', '2024-03-01T00:00:00Z'),
			('1980-02-29', '2100-03-01T23:59:59Z'),
			('1980-02-29', '2100-03-02T00:00:00Z')) AS v (born, at),
		pg_temp.decide(birth_date => born, at => at, needs_consent => false);
-- the ends of the calendar
SELECT born, verdict, until
	FROM unnest('{4714-11-24 BC,0005-02-29 BC,0001-12-31 BC,0001-01-01,294258-12-31,294259-01-01,5874897-12-31,-infinity}'::date[]) born,
		pg_temp.decide(birth_date => born, needs_consent => false);

--
-- How a No flows down the tree.  Three levels: the purpose, one above, the
-- root.  1, 2, 3 are days in January 2025.
--

CREATE FUNCTION pg_temp.flow(consents text DEFAULT NULL,
		refusals text DEFAULT NULL, raised text DEFAULT NULL,
		withdrawn text DEFAULT NULL, overridden text DEFAULT NULL,
		direct_marketing boolean DEFAULT false)
	RETURNS text LANGUAGE sql AS $$
	SELECT d.verdict
	FROM (SELECT array_agg(CASE WHEN e <> 'NULL'
				THEN replace(e, '@', 'at 2025-01-0') || 'T00:00:00Z' END ORDER BY i)::consent[]
		  FROM unnest(consents::text[]) WITH ORDINALITY AS u (e, i)) c (consents),
		(SELECT array_agg(replace(e, '@', 'at 2025-01-0') || 'T00:00:00Z' ORDER BY i)::consent[]
		  FROM unnest(refusals::text[]) WITH ORDINALITY AS u (e, i)) r (refusals),
		(SELECT array_agg(('2025-01-0' || e || 'T00:00:00Z')::timestamptz ORDER BY i)
		  FROM unnest(raised::int[]) WITH ORDINALITY AS u (e, i)) a (raised),
		(SELECT array_agg(('2025-01-0' || e || 'T00:00:00Z')::timestamptz ORDER BY i)
		  FROM unnest(withdrawn::int[]) WITH ORDINALITY AS u (e, i)) w (withdrawn),
		(SELECT array_agg(('2025-01-0' || e || 'T00:00:00Z')::timestamptz ORDER BY i)
		  FROM unnest(overridden::int[]) WITH ORDINALITY AS u (e, i)) o (overridden),
		pg_temp.decide(needs_consent => consents IS NOT NULL,
			direct_marketing => direct_marketing, consents => c.consents,
			refusals => r.refusals, raised_at => raised,
			withdrawn_at => withdrawn, overridden_at => overridden) d
$$;

-- an objection denies at its purpose and beneath
SELECT pg_temp.flow(raised => '{1,NULL,NULL}') AS at_the_purpose,
	pg_temp.flow(raised => '{NULL,1,NULL}') AS above,
	pg_temp.flow(raised => '{NULL,NULL,1}') AS at_the_root;
-- a withdrawal lifts, for its purpose and below, what was raised there or above;
-- it wins a tie; raised again, the objection denies again
SELECT pg_temp.flow(raised => '{NULL,1,NULL}', withdrawn => '{NULL,2,NULL}') AS there,
	pg_temp.flow(raised => '{NULL,1,NULL}', withdrawn => '{2,NULL,NULL}') AS below,
	pg_temp.flow(raised => '{NULL,1,NULL}', withdrawn => '{NULL,NULL,2}') AS above,
	pg_temp.flow(raised => '{NULL,2,NULL}', withdrawn => '{NULL,2,NULL}') AS tie,
	pg_temp.flow(raised => '{NULL,3,NULL}', withdrawn => '{NULL,2,NULL}') AS raised_again;
-- an override lifts what was raised at its purpose or above up to its time
SELECT pg_temp.flow(raised => '{1,NULL,NULL}', overridden => '{2,NULL,NULL}') AS there,
	pg_temp.flow(raised => '{NULL,NULL,1}', overridden => '{2,NULL,NULL}') AS raised_above,
	pg_temp.flow(raised => '{NULL,NULL,2}', overridden => '{NULL,2,NULL}') AS at_the_same_time,
	pg_temp.flow(raised => '{NULL,NULL,3}', overridden => '{NULL,2,NULL}') AS raised_later,
	pg_temp.flow(raised => '{1,NULL,NULL}', overridden => '{NULL,2,NULL}') AS raised_beneath,
	pg_temp.flow(raised => '{1,1,1}', overridden => '{2,NULL,NULL}') AS all_of_them,
	pg_temp.flow(raised => '{1,1,3}', overridden => '{2,NULL,NULL}') AS all_but_one;
-- never for direct marketing, not even from above it
SELECT pg_temp.flow(raised => '{1,NULL,NULL}', overridden => '{2,NULL,NULL}', direct_marketing => true) AS there,
	pg_temp.flow(raised => '{NULL,NULL,1}', overridden => '{NULL,NULL,2}', direct_marketing => true) AS above,
	pg_temp.flow(raised => '{1,NULL,NULL}', withdrawn => '{2,NULL,NULL}', direct_marketing => true) AS withdrawn;
-- a consent given after an objection does not lift it
SELECT pg_temp.flow(consents => '{given @2,NULL,NULL}', raised => '{1,NULL,NULL}') AS there,
	pg_temp.flow(consents => '{given @2,NULL,NULL}', raised => '{NULL,NULL,1}') AS raised_above;
-- a consent holds for exactly its purpose
SELECT pg_temp.flow(consents => '{given @1,NULL,NULL}') AS there,
	pg_temp.flow(consents => '{NULL,given @1,given @1}') AS above;
-- a refusal or withdrawal above counts when not older than the own consent
SELECT pg_temp.flow('{given @1,refused @2,NULL}', '{NULL,refused @2,NULL}') AS refused_later,
	pg_temp.flow('{given @1,NULL,withdrawn @2}', '{NULL,NULL,withdrawn @2}') AS withdrawn_later,
	pg_temp.flow('{given @2,NULL,refused @2}', '{NULL,NULL,refused @2}') AS at_the_same_time,
	pg_temp.flow('{given @3,NULL,withdrawn @2}', '{NULL,NULL,withdrawn @2}') AS given_later,
	pg_temp.flow('{NULL,refused @1,NULL}', '{NULL,refused @1,NULL}') AS nothing_here;
-- the newest of several above counts
SELECT pg_temp.flow('{given @1,refused @2,withdrawn @3}', '{NULL,refused @2,withdrawn @3}') AS withdrawn,
	pg_temp.flow('{given @1,refused @3,withdrawn @2}', '{NULL,refused @3,withdrawn @2}') AS refused,
	pg_temp.flow('{given @1,refused @2,withdrawn @2}', '{NULL,refused @2,withdrawn @2}') AS both_at_once;
-- a consent given above later revives nothing beneath
SELECT pg_temp.flow('{given @1,given @3,NULL}', '{NULL,refused @2,NULL}') AS given_above_later,
	pg_temp.flow('{given @4,given @3,NULL}', '{NULL,refused @2,NULL}') AS given_here_later;
-- an end, a finding or a question above is no No
SELECT pg_temp.flow('{given @1,expired @2,requested @3}') AS neither_flows,
	pg_temp.flow('{given @1,invalidated @2,NULL}') AS nor_a_finding;
-- a question undoes no answer: not here, not one from above
SELECT pg_temp.flow('{requested @3,refused @2,NULL}', '{NULL,refused @2,NULL}') AS refused_above,
	pg_temp.flow('{requested @3,NULL,NULL}') AS asked_here;
-- a No above does not hold on another basis, one at the purpose itself does
SELECT here.verdict AS here, above.verdict AS above
	FROM pg_temp.decide(needs_consent => false,
			consents => '{withdrawn at 2025-01-01T00:00:00Z,NULL}') here,
		pg_temp.decide(needs_consent => false,
			refusals => '{NULL,withdrawn at 2025-01-01T00:00:00Z}') above;
-- nor does an objection above where the basis is none that it reaches
SELECT here.verdict AS here, above.verdict AS above
	FROM pg_temp.decide(needs_consent => false, objections_reach => false,
			raised_at => '{2025-01-01T00:00:00Z,NULL}') here,
		pg_temp.decide(needs_consent => false, objections_reach => false,
			raised_at => '{NULL,2025-01-01T00:00:00Z}') above;

--
-- What cannot be facts is an error.
--

SELECT pg_temp.decide(registered => NULL);
SELECT pg_temp.decide(at => NULL);
SELECT pg_temp.decide(minimum_age => 17);
SELECT pg_temp.decide(minimum_age => 2147483647);
SELECT pg_temp.decide(consents => '{}');
SELECT pg_temp.decide(consents => '{{NULL},{NULL}}');
SELECT pg_temp.decide(raised_at => '{{2025-01-01T00:00:00Z,NULL}}');
SELECT pg_temp.decide(consents => '{NULL}', refusals => '{NULL,NULL}');
SELECT pg_temp.decide(raised_at => array_fill(NULL::timestamptz, '{101}'));
SELECT (pg_temp.decide(raised_at => array_fill(now(), '{100}'))).verdict;
SELECT (pg_temp.decide(raised_at => array_fill(now(), '{2}', '{-7}'))).verdict;
