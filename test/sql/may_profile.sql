-- may_profile(), verdict_of() and explain_verdict() on the registry
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_mp_analyst;
CREATE ROLE regress_mp_team;
CREATE ROLE regress_mp_member IN ROLE regress_mp_team;
CREATE ROLE regress_mp_outsider NOINHERIT IN ROLE regress_mp_team;
CREATE ROLE regress_mp_officer;

SELECT add_purpose('mp_news', basis => 'contract');
SELECT add_purpose('mp_news_local', 'mp_news', 'contract');

-- three people who consented, one of each kind of key, and one who did not
CREATE FUNCTION register_mp(subject subject_id, at timestamptz DEFAULT '2025-01-01T00:00:00Z')
	RETURNS void LANGUAGE sql AS $$
	SELECT register_subject(subject, '1980-06-15');
	SELECT give_consent(subject, at => register_mp.at);
$$;
SELECT register_mp(7101), register_mp('550e8400-e29b-41d4-a716-446655440000'),
	register_mp('mp:a');
SELECT register_subject(7102, '1980-06-15');

--
-- Every type of key finds its function, without a cast.
--

CREATE DOMAIN mp_number AS integer;
CREATE DOMAIN mp_code AS varchar(20) CHECK (VALUE <> 'x');
CREATE DOMAIN mp_subject AS subject_id;
CREATE TABLE mp_keys (i2 smallint, i4 integer, i8 bigint, u uuid, t text,
	v varchar, c char(12), s subject_id, dn mp_number, dc mp_code,
	ds mp_subject, n name);
INSERT INTO mp_keys VALUES (7101, 7101, 7101,
	'550e8400-e29b-41d4-a716-446655440000', 'mp:a', 'mp:a', 'mp:a', 'mp:a',
	7101, 'mp:a', 7101, 'mp:a');
\x on
SELECT may_profile(i2) AS i2, may_profile(i4) AS i4, may_profile(i8) AS i8,
	may_profile(u) AS u, may_profile(t) AS t, may_profile(v) AS v,
	may_profile(c) AS c, may_profile(s) AS s, may_profile(dn) AS dn,
	may_profile(dc) AS dc, may_profile(ds) AS ds, may_profile(n) AS n
	FROM mp_keys;
SELECT may_profile(i2, 'mp_news') AS i2, may_profile(i4, 'mp_news') AS i4,
	may_profile(i8, 'mp_news') AS i8, may_profile(u, 'mp_news') AS u,
	may_profile(t, 'mp_news') AS t, may_profile(v, 'mp_news') AS v,
	may_profile(c, 'mp_news') AS c, may_profile(s, 'mp_news') AS s,
	may_profile(dn, 'mp_news') AS dn, may_profile(dc, 'mp_news') AS dc,
	may_profile(ds, 'mp_news') AS ds, may_profile(n, 'mp_news') AS n
	FROM mp_keys;
\x off
EXPLAIN (VERBOSE, COSTS OFF)
	SELECT may_profile(i2), may_profile(i4), may_profile(i8), may_profile(u),
		may_profile(t), may_profile(v), may_profile(s), may_profile(dn)
	FROM mp_keys;
-- literals, and the keys of one person in other clothes
SELECT may_profile(7101), may_profile('7101'), may_profile('7101'::text),
	may_profile('mp:a'), may_profile(42), may_profile('nobody');
SELECT may_profile('550E8400-E29B-41D4-A716-446655440000'),
	may_profile('{550e8400e29b41d4a716446655440000}'::uuid);
SELECT may_profile('07101'), may_profile(' 7101'), may_profile('MP:A');
SELECT may_profile(32767::smallint), may_profile((-2147483648)::integer),
	may_profile(9223372036854775807), may_profile('9223372036854775808');
-- arguments by name, and a purpose of another type of text
SELECT may_profile(subject => 7101), may_profile(subject => 'mp:a', purpose => 'profiling'),
	may_profile(purpose => 'mp_news', subject => 7101::bigint),
	may_profile(7101, 'mp_news'::varchar), may_profile(7101, 'mp_news'::name);
-- without a purpose, that of the setting
SELECT may_profile(7102), may_profile(7102, 'profiling'), may_profile(7102, 'mp_news');
-- what is no key is no function
\set VERBOSITY terse
SELECT may_profile(1.5);
SELECT may_profile(true);
SELECT may_profile();
\set VERBOSITY default

--
-- NULL, and texts that are nobody's key, are denied.
--

SELECT may_profile(NULL), may_profile(NULL, 'mp_news'), may_profile(NULL::smallint),
	may_profile(NULL::integer), may_profile(NULL::bigint),
	may_profile(NULL::uuid), may_profile(NULL::text), may_profile(NULL::subject_id),
	may_profile(NULL, NULL, NULL);
SELECT register_mp(repeat('x', 255));
SELECT may_profile(''), may_profile(repeat('x', 255)), may_profile(repeat('x', 256)),
	may_profile(repeat('x', 100000)), may_profile(repeat('ü', 128));
SELECT count(*) FROM unnest(ARRAY['', 'mp:a', NULL, repeat('x', 256), '7101']) AS k
	WHERE may_profile(k);

--
-- The purpose.
--

SELECT may_profile(7101, 'mp_nowhere');
SELECT may_profile('', 'mp_nowhere');
SELECT may_profile(NULL, 'mp_nowhere');
SELECT may_profile(7101, '');
SELECT may_profile(7101, 'Profiling');
SELECT may_profile(7101, NULL);
SELECT may_profile(NULL, NULL);
SHOW consent_profiling.purpose;
SET consent_profiling.purpose = 'mp_news';
SELECT may_profile(7102), verdict_of(7102), may_profile(7102, 'profiling');
SET consent_profiling.purpose = 'mp_nowhere';
SELECT may_profile(7102);
SELECT verdict_of(7102);
SELECT may_profile(7101, 'profiling');
RESET consent_profiling.purpose;
-- changed while a statement runs
SELECT array_agg(may_profile(7102)) AS changing
	FROM (SELECT i, set_config('consent_profiling.purpose',
			('{profiling,mp_news,profiling,mp_news}'::text[])[i], false)
		  FROM generate_series(1, 4) i OFFSET 0) s WHERE set_config IS NOT NULL;
RESET consent_profiling.purpose;
-- a different one in every row
SELECT register_subject(7105, '1980-06-15');
SELECT raise_objection(7105, 'mp_news_local', '2025-01-01T00:00:00Z');
SELECT p, may_profile(7105, p) FROM unnest('{profiling,mp_news_local,mp_news,mp_news_local,mp_news,profiling}'::text[]) p;

--
-- Who may use which purpose.
--

SET ROLE regress_mp_analyst;
-- the root, without any right to the registry
SELECT may_profile(7101), may_profile(7102);
SELECT count(*) FROM consent_profiling.subject;
SELECT count(*) FROM consent_profiling.choice;
SELECT count(*) FROM consent_profiling.purpose;
SELECT count(*) FROM consent_profiling.event;
-- others not, whoever is asked about, and by which way ever
SELECT may_profile(7101, 'mp_news');
SELECT may_profile(42, 'mp_news');
SELECT may_profile(NULL, 'mp_news');
SET consent_profiling.purpose = 'mp_news';
SELECT may_profile(7101);
SELECT may_profile(7101, 'profiling');
RESET consent_profiling.purpose;
-- nor does an unknown one tell more
SELECT may_profile(7101, 'mp_nowhere');
-- why is for officers
SELECT verdict_of(7101);
SELECT verdict_of(7101, 'profiling');
SELECT * FROM explain_verdict(7101);
SELECT * FROM explain_verdict(7101, 'profiling');
RESET ROLE;

-- allowed to a role; not what is beneath
SELECT allow_purpose('regress_mp_analyst', 'mp_news');
SET ROLE regress_mp_analyst;
SELECT may_profile(7102, 'mp_news');
SELECT may_profile(7102, 'mp_news_local');
RESET ROLE;
SELECT disallow_purpose('regress_mp_analyst', 'mp_news');
SET ROLE regress_mp_analyst;
SELECT may_profile(7102, 'mp_news');
RESET ROLE;
-- allowed to a team: its members, when they inherit
SELECT allow_purpose('regress_mp_team', 'mp_news');
SET ROLE regress_mp_member;
SELECT may_profile(7102, 'mp_news');
SET ROLE regress_mp_outsider;
SELECT may_profile(7102, 'mp_news');
SET ROLE regress_mp_team;
SELECT may_profile(7102, 'mp_news');
RESET ROLE;
REVOKE regress_mp_team FROM regress_mp_member;
SET ROLE regress_mp_member;
SELECT may_profile(7102, 'mp_news');
RESET ROLE;
SELECT disallow_purpose('regress_mp_team', 'mp_news');
-- allowed to everybody
SELECT allow_purpose('public', 'mp_news');
SET ROLE regress_mp_analyst;
SELECT may_profile(7102, 'mp_news');
RESET ROLE;
SELECT disallow_purpose('public', 'mp_news');
-- the root taken from everybody and left to one
SELECT disallow_purpose('public', 'profiling'), allow_purpose('regress_mp_team', 'profiling');
SET ROLE regress_mp_analyst;
SELECT may_profile(7101);
SET ROLE regress_mp_team;
SELECT may_profile(7101);
RESET ROLE;
SELECT allow_purpose('public', 'profiling'), disallow_purpose('regress_mp_team', 'profiling');
SET ROLE regress_mp_analyst;
SELECT may_profile(7101);
RESET ROLE;
-- a superuser needs no leave
SELECT may_profile(7102, 'mp_news'), may_profile(7102, 'mp_news_local');
-- a function of the superuser's asks in the superuser's name
CREATE FUNCTION mp_definer() RETURNS boolean LANGUAGE sql SECURITY DEFINER
	AS $$ SELECT consent_profiling.may_profile(7102, 'mp_news') $$;
SET ROLE regress_mp_analyst;
SELECT mp_definer();
RESET ROLE;
DROP FUNCTION mp_definer();

--
-- One statement, prepared once, under changing roles and leaves.
--

SET plan_cache_mode = force_generic_plan;
PREPARE mp_ask(int) AS SELECT may_profile($1, 'mp_news');
EXECUTE mp_ask(7102);
SET ROLE regress_mp_analyst;
EXECUTE mp_ask(7102);
RESET ROLE;
SELECT allow_purpose('regress_mp_analyst', 'mp_news');
SET ROLE regress_mp_analyst;
EXECUTE mp_ask(7102);
RESET ROLE;
SELECT raise_objection(7102, 'mp_news', '2025-01-01T00:00:00Z');
SET ROLE regress_mp_analyst;
EXECUTE mp_ask(7102);
RESET ROLE;
SELECT withdraw_objection(7102, 'mp_news', '2025-01-02T00:00:00Z');
SET ROLE regress_mp_analyst;
EXECUTE mp_ask(7102);
RESET ROLE;
SELECT disallow_purpose('regress_mp_analyst', 'mp_news');
SET ROLE regress_mp_analyst;
EXECUTE mp_ask(7102);
RESET ROLE;
EXECUTE mp_ask(7102);
DEALLOCATE mp_ask;
RESET plan_cache_mode;
-- and one expression in a loop, all in one statement
CREATE FUNCTION mp_ask(subject integer, purpose text DEFAULT 'profiling')
	RETURNS text LANGUAGE plpgsql AS $$
BEGIN
	RETURN may_profile(subject, purpose);
EXCEPTION WHEN insufficient_privilege OR undefined_object THEN
	RETURN SQLERRM;
END
$$;
DO $$
BEGIN
	FOR i IN 1..2 LOOP
		RAISE NOTICE 'superuser: %', mp_ask(7102, 'mp_news');
		SET LOCAL ROLE regress_mp_analyst;
		RAISE NOTICE 'analyst: %', mp_ask(7102, 'mp_news');
		RESET ROLE;
		PERFORM allow_purpose('regress_mp_analyst', 'mp_news');
		SET LOCAL ROLE regress_mp_analyst;
		RAISE NOTICE 'allowed: %', mp_ask(7102, 'mp_news');
		RESET ROLE;
		PERFORM disallow_purpose('regress_mp_analyst', 'mp_news');
	END LOOP;
	PERFORM add_purpose('mp_new');
	RAISE NOTICE 'new purpose: %', mp_ask(7102, 'mp_new');
	PERFORM drop_purpose('mp_new');
	RAISE NOTICE 'dropped: %', mp_ask(7102, 'mp_new');
END
$$;
-- and without a subtransaction around it
CREATE FUNCTION mp_plain(subject integer, purpose text DEFAULT 'profiling')
	RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
	RETURN may_profile(subject, purpose);
END
$$;
\set SHOW_CONTEXT never
DO $$
BEGIN
	RAISE NOTICE 'superuser: %', mp_plain(7102, 'mp_news');
	SET LOCAL ROLE regress_mp_analyst;
	RAISE NOTICE 'analyst: %', mp_plain(7102, 'mp_news');
END
$$;
\set SHOW_CONTEXT errors

--
-- What a transaction wrote itself counts from its next statement on.
--

BEGIN;
SELECT may_profile(7101);
SELECT withdraw_consent(7101, at => '2025-02-01T00:00:00Z');
SELECT may_profile(7101);
SAVEPOINT s;
SELECT give_consent(7101, at => '2025-03-01T00:00:00Z');
SELECT may_profile(7101);
ROLLBACK TO s;
SELECT may_profile(7101);
SELECT register_mp(7103);
SELECT may_profile(7103);
ROLLBACK;
SELECT may_profile(7101), may_profile(7103);
-- one prepared statement all the while
PREPARE mp_same AS SELECT may_profile(7101);
BEGIN;
EXECUTE mp_same;
SAVEPOINT s;
SELECT raise_objection(7101, at => '2025-02-01T00:00:00Z');
EXECUTE mp_same;
RELEASE s;
EXECUTE mp_same;
ROLLBACK;
EXECUTE mp_same;
DEALLOCATE mp_same;
-- one expression of plpgsql, whose state outlives the savepoints
CREATE FUNCTION mp_undo() RETURNS boolean[] LANGUAGE plpgsql AS $$
DECLARE
	seen boolean[] := '{}';
BEGIN
	FOR i IN 1..2 LOOP
		seen := seen || mp_plain(7101);
		BEGIN
			PERFORM withdraw_consent(7101, at => '2025-02-01T00:00:00Z');
			seen := seen || mp_plain(7101);
			RAISE EXCEPTION 'undo';
		EXCEPTION WHEN raise_exception THEN
			seen := seen || mp_plain(7101);
		END;
	END LOOP;
	RETURN seen;
END
$$;
SELECT mp_undo() AS may_withdrawn_undone;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT mp_undo() AS may_withdrawn_undone;
COMMIT;
DROP FUNCTION mp_undo;
DO $$
DECLARE
	seen boolean[] := '{}';
BEGIN
	FOR i IN 1..8 LOOP
		-- the same call site each time
		seen := seen || may_profile(7101);
		IF i % 2 = 1 THEN
			PERFORM withdraw_consent(7101, at => '2025-02-01T00:00:00Z'::timestamptz + i * interval '1 day');
		ELSE
			PERFORM give_consent(7101, at => '2025-02-01T00:00:00Z'::timestamptz + i * interval '1 day');
		END IF;
	END LOOP;
	RAISE NOTICE 'in turn: %', seen;
END
$$;
-- and across transactions, in one statement
DO $$
DECLARE
	seen boolean[] := '{}';
BEGIN
	FOR i IN 11..14 LOOP
		seen := seen || may_profile(7101);
		IF i % 2 = 1 THEN
			PERFORM withdraw_consent(7101, at => '2025-02-01T00:00:00Z'::timestamptz + i * interval '1 day');
			COMMIT;
		ELSE
			PERFORM give_consent(7101, at => '2025-02-01T00:00:00Z'::timestamptz + i * interval '1 day');
			ROLLBACK;
		END IF;
	END LOOP;
	RAISE NOTICE 'committed, rolled back: %', seen;
END
$$;
SELECT give_consent(7101, at => '2025-02-20T00:00:00Z');
-- What a statement writes, it does not see itself, as with any table ...
WITH written AS (SELECT withdraw_consent(7101, at => '2025-03-01T00:00:00Z'))
SELECT withdraw_consent, may_profile(7101) AS same_statement FROM written;
SELECT may_profile(7101) AS next_statement;
SELECT give_consent(7101, at => '2025-03-02T00:00:00Z');
-- ... but what runs within a volatile function, a statement of its own, does
CREATE FUNCTION mp_withdraw_and_ask(subject integer) RETURNS boolean
	LANGUAGE plpgsql AS $$
BEGIN
	PERFORM withdraw_consent(subject, at => '2025-03-03T00:00:00Z');
	RETURN may_profile(subject);
END
$$;
SELECT may_profile(7101) AS outside, mp_withdraw_and_ask(7101) AS inside,
	may_profile(7101) AS outside_still;
DROP FUNCTION mp_withdraw_and_ask;
SELECT give_consent(7101, at => '2025-03-04T00:00:00Z');
-- nothing is written by asking
BEGIN READ ONLY;
SELECT may_profile(7101), verdict_of(7102), (explain_verdict(7102)).verdict;
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY DEFERRABLE;
SELECT may_profile(7101), may_profile(7102);
COMMIT;

--
-- The clock is the start of the query, not of the transaction, and does not run on
-- within the query.
--

SELECT register_subject(7104, '1980-06-15');
SELECT consent_until(give_consent(7104, until => clock_timestamp() + interval '250 milliseconds',
	at => '2025-01-01T00:00:00Z')) AS until \gset
BEGIN;
SELECT may_profile(7104) = (query_clock() < :'until') AS right_at_first;
SELECT may_profile(7104) = (query_clock() < :'until') AS right_before,
	pg_sleep(0.3),
	may_profile(7104) = (query_clock() < :'until') AS right_after;
SELECT may_profile(7104), verdict_of(7104);
COMMIT;

--
-- In parallel workers.
--

CREATE TABLE mp_crowd AS
	SELECT 20000 + i % 3000 AS n, 'mp:crowd ' || i % 3000 AS t FROM generate_series(1, 12000) i;
ANALYZE mp_crowd;
SELECT import_subjects($$ SELECT n::text AS subject, '1980-06-15'::date AS birth_date FROM public.mp_crowd GROUP BY n
	UNION ALL SELECT t, '1980-06-15' FROM public.mp_crowd GROUP BY t $$);
SELECT import_consents($$ SELECT n::text AS subject, 'profiling' AS purpose, 'given at 2025-01-01T00:00:00Z'::consent_profiling.consent AS consent FROM public.mp_crowd WHERE n % 3 = 0 GROUP BY n
	UNION ALL SELECT t, 'profiling', 'given at 2025-01-01T00:00:00Z' FROM public.mp_crowd WHERE n % 4 = 0 GROUP BY t $$);
SET max_parallel_workers_per_gather = 0;
SELECT count(*) FILTER (WHERE may_profile(n)) AS numbers, count(*) FILTER (WHERE n % 3 = 0) AS right_numbers,
	count(*) FILTER (WHERE may_profile(t)) AS texts, count(*) FILTER (WHERE n % 4 = 0) AS right_texts
	FROM mp_crowd;
SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
SET parallel_leader_participation = off;
EXPLAIN (COSTS OFF) SELECT count(*) FROM mp_crowd WHERE may_profile(n);
SELECT count(*) FROM mp_crowd WHERE may_profile(n);
SELECT count(*), bool_and(n % 4 = 0) FROM mp_crowd WHERE may_profile(t);
SELECT count(*) FROM mp_crowd WHERE may_profile(n, 'mp_news_local');
-- as somebody without rights to the registry, and with what the transaction
-- wrote itself
GRANT SELECT ON mp_crowd TO regress_mp_analyst;
BEGIN;
SELECT raise_objection(20001, at => '2025-02-01T00:00:00Z');
SET LOCAL ROLE regress_mp_analyst;
SELECT count(*) FROM mp_crowd WHERE may_profile(n);
ROLLBACK;
SET ROLE regress_mp_analyst;
SELECT count(*) FROM mp_crowd WHERE may_profile(n);
\set SHOW_CONTEXT never
SELECT count(*) FROM mp_crowd WHERE may_profile(n, 'mp_news');
\set SHOW_CONTEXT errors
RESET ROLE;
RESET parallel_setup_cost;
RESET parallel_tuple_cost;
RESET min_parallel_table_scan_size;
RESET max_parallel_workers_per_gather;
RESET parallel_leader_participation;
-- more people than little memory has room for, in turns
SET work_mem = '64kB';
SELECT count(*) FILTER (WHERE may_profile(n)) AS numbers, count(*) FILTER (WHERE may_profile(t)) AS texts,
	count(*) FILTER (WHERE may_profile(n::text)) AS numbers_as_texts
	FROM (SELECT * FROM mp_crowd UNION ALL SELECT * FROM mp_crowd OFFSET 0) twice;
RESET work_mem;

--
-- Column mode: the row carries the facts.
--

-- row by row of the truth table, as far as it applies
SELECT birth_date, consent, objection, may_profile(birth_date, consent, objection)
	FROM (VALUES (1, '1980-06-15'::date, 'given at 2025-01-01T00:00:00Z'::consent, NULL::objection),
		(2, NULL, 'given at 2025-01-01T00:00:00Z', NULL),
		(3, 'infinity', 'given at 2025-01-01T00:00:00Z', NULL),
		(4, '-infinity', 'given at 2025-01-01T00:00:00Z', NULL),
		(5, '5874897-12-31', 'given at 2025-01-01T00:00:00Z', NULL),
		(6, '1980-06-15', NULL, NULL),
		(7, '1980-06-15', 'unknown at 2025-01-01T00:00:00Z', NULL),
		(8, '1980-06-15', 'requested at 2025-01-01T00:00:00Z', NULL),
		(9, '1980-06-15', 'request_deferred at 2025-01-01T00:00:00Z', NULL),
		(10, '1980-06-15', 'refused at 2025-01-01T00:00:00Z', NULL),
		(11, '1980-06-15', 'renewed at 2025-01-01T00:00:00Z', NULL),
		(12, '1980-06-15', 'withdrawn at 2025-01-01T00:00:00Z', NULL),
		(13, '1980-06-15', 'revoked at 2025-01-01T00:00:00Z', NULL),
		(14, '1980-06-15', 'expired at 2025-01-01T00:00:00Z', NULL),
		(15, '1980-06-15', 'invalidated at 2025-01-01T00:00:00Z', NULL),
		(16, '1980-06-15', 'given at 2025-01-01T00:00:00Z until 2025-02-01T00:00:00Z', NULL),
		(17, '1980-06-15', 'given at 2025-01-01T00:00:00Z until 9999-01-01T00:00:00Z', NULL),
		(18, '1980-06-15', 'given explicit at 1998-06-15T11:59:59.999999Z', NULL),
		(19, '1980-06-15', 'given at 1998-06-15T12:00:00Z', NULL),
		(20, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'raised at 2024-01-01T00:00:00Z'),
		(21, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'upheld at 2024-01-01T00:00:00Z'),
		(22, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'overridden at 2025-02-01T00:00:00Z grounds "fraud"'),
		(23, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'withdrawn at 2025-02-01T00:00:00Z'),
		-- no lifting has happened yet, and no consent; a No counts at once
		(24, '1980-06-15', 'given at 9998-01-01T00:00:00Z', NULL),
		(25, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'overridden at 9998-01-01T00:00:00Z grounds "fraud"'),
		(26, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'withdrawn at 9998-01-01T00:00:00Z'),
		(27, '1980-06-15', 'given at 2025-01-01T00:00:00Z', 'raised at 9998-01-01T00:00:00Z'),
		(28, '1980-06-15', 'refused at 9998-01-01T00:00:00Z', NULL))
		AS v (i, birth_date, consent, objection)
	ORDER BY i;
-- to the microsecond of the query's start
SELECT may_profile('1980-06-15', make_consent('given', false, query_clock() - interval '1 day', query_clock()), NULL) AS ends_now,
	may_profile('1980-06-15', make_consent('given', false, query_clock() - interval '1 day', query_clock() + interval '1 us'), NULL) AS ends_next,
	may_profile('1980-06-15', make_consent('given', false, query_clock(), 'infinity'), NULL) AS given_now,
	may_profile('1980-06-15', make_consent('given', false, query_clock() + interval '1 us', 'infinity'), NULL) AS given_next,
	may_profile('1980-06-15', make_consent('given', false, query_clock(), 'infinity'), make_objection('withdrawn', query_clock(), NULL)) AS withdrawn_now,
	may_profile('1980-06-15', make_consent('given', false, query_clock(), 'infinity'), make_objection('withdrawn', query_clock() + interval '1 us', NULL)) AS withdrawn_next;
-- of age at noon in UTC, in whatever time zone
SET timezone = 'Pacific/Honolulu';
SELECT may_profile((today - interval '18 years')::date, consent, NULL)
		= (query_clock() >= ((today - interval '18 years')::date + interval '18 years 12 hours') AT TIME ZONE 'UTC') AS today,
	may_profile((today - interval '18 years -2 days')::date, consent, NULL) AS in_two_days,
	may_profile((today - interval '18 years 2 days')::date, consent, NULL) AS two_days_ago
	FROM (SELECT (now() AT TIME ZONE 'UTC')::date AS today,
			make_consent('given', false, now(), 'infinity') AS consent) s;
SET timezone = 'UTC';
-- arguments by name; any role may ask
SET ROLE regress_mp_analyst;
SELECT consent_profiling.may_profile(birth_date => '1980-06-15', objection => NULL,
	consent => 'given at 2025-01-01T00:00:00Z');
RESET ROLE;

--
-- Why: every verdict with its article, detail, since and until.
--

SELECT grant_duty('regress_mp_officer', 'officer');
SELECT add_purpose('mp_health', special_category => true);
SELECT add_purpose('mp_ads', direct_marketing => true);
SELECT add_purpose('mp_ads_mail', 'mp_ads', 'legitimate_interests');
SELECT count(register_subject(s, '1980-06-15')) FROM generate_series(7301, 7320) s WHERE s NOT IN (7301, 7303, 7304);
SELECT register_subject(7303);
SELECT register_subject(7304, (now() - interval '10 years')::date);
-- registered long ago, so that "since" is told by what came after
UPDATE subject SET registered_at = '2020-01-01T00:00:00Z' WHERE id BETWEEN 7302 AND 7320;
SELECT erase_subject(7302) IS NOT NULL AS erased;
UPDATE subject SET erased_at = '2024-06-01T00:00:00Z' WHERE id = tombstone(7302);
SELECT restrict_subject(7305, 'accuracy contested');
UPDATE subject SET restricted_at = '2024-06-02T00:00:00Z' WHERE id = 7305;
SELECT raise_objection(7306, at => '2024-06-03T00:00:00Z');
SELECT request_consent(7308, at => '2024-06-04T00:00:00Z');
SELECT refuse_consent(7309, at => '2024-06-05T00:00:00Z');
SELECT withdraw_consent(7310, at => '2024-06-06T00:00:00Z');
SELECT give_consent(7311, at => '2024-06-07T00:00:00Z', until => '2024-12-07T00:00:00Z');
SELECT give_consent(7312, at => '1995-06-08T00:00:00Z', until => '9000-01-01T00:00:00Z');
SELECT give_consent(7313, 'mp_health', at => '2024-06-09T00:00:00Z');
SELECT give_consent(7314, 'mp_health', explicit => true, at => '2024-06-10T00:00:00Z', until => '9000-01-01T00:00:00Z');
SELECT raise_objection(7315, 'mp_ads', at => '2024-06-11T00:00:00Z');
SELECT raise_objection(7316, at => '2024-06-12T00:00:00Z');
SELECT override_objection(7316, 'mp_news', 'fraud', at => '2024-06-13T00:00:00Z');
SELECT give_consent(7317, 'mp_health', at => '2024-06-14T00:00:00Z');
SELECT refuse_consent(7317, at => '2024-06-15T00:00:00Z');
-- a question changes nothing
SELECT request_consent(7319, 'mp_news', at => '2024-06-16T00:00:00Z');
SELECT s, purpose, verdict_of(s, purpose) = e.verdict AS same,
		may_profile(s, purpose) = (e.verdict = 'permitted') AS gate,
		e.verdict, e.article, e.detail, e.since,
		CASE WHEN e.verdict <> 'child' THEN e.until END AS until
	FROM (VALUES (7301, 'profiling'), (7302, 'profiling'), (7303, 'profiling'),
			(7304, 'profiling'), (7305, 'profiling'), (7306, 'profiling'),
			(7306, 'mp_health'), (7307, 'profiling'), (7308, 'profiling'),
			(7309, 'profiling'), (7310, 'profiling'), (7311, 'profiling'),
			(7312, 'profiling'), (7313, 'mp_health'), (7314, 'mp_health'),
			(7315, 'mp_ads_mail'), (7315, 'profiling'), (7316, 'mp_news_local'),
			(7316, 'mp_ads_mail'), (7317, 'mp_health'), (7318, 'mp_news'),
			(7318, 'mp_ads_mail'), (7319, 'mp_news')) AS v (s, purpose),
		explain_verdict(s, purpose) e
	ORDER BY s, purpose COLLATE "C";
-- An officer may ask why for every purpose, and profile only for those allowed.
SET ROLE regress_mp_officer;
SELECT verdict_of(7318, 'mp_news');
SELECT may_profile(7318, 'mp_news');
SELECT count(*) FROM consent_profiling.choice;
RESET ROLE;
-- when a child comes of age
SELECT e.until = ((now() - interval '10 years')::date + interval '18 years 12 hours') AT TIME ZONE 'UTC' AS at_noon
	FROM explain_verdict(7304) e;
-- the setting, NULL, and what nobody has
SET consent_profiling.purpose = 'mp_news';
SELECT verdict_of(7318), (explain_verdict(7318)).detail;
RESET consent_profiling.purpose;
SELECT verdict_of(NULL), verdict_of(NULL, 'mp_news'), (explain_verdict(NULL)).*;
SELECT verdict_of('nobody'), verdict_of('550e8400-e29b-41d4-a716-446655440001'::uuid);
SELECT verdict_of(7301, 'mp_nowhere');
SELECT verdict_of(7301, NULL);
SELECT * FROM explain_verdict(7301, 'mp_nowhere');
SELECT * FROM explain_verdict(NULL, NULL);
SELECT verdict_of('');

-- clean up
SELECT revoke_duty('regress_mp_officer', 'officer');
CREATE TEMP TABLE mp_id AS SELECT 7302::subject_id AS id UNION ALL SELECT id FROM subject
	WHERE id::text ~ '^(7[13]\d\d|2\d{4}|mp:.*|550e8400.*|x{255})$';
DELETE FROM choice WHERE subject IN (SELECT id FROM mp_id);
DELETE FROM subject WHERE id IN (SELECT known_as(id) FROM mp_id);
SELECT drop_purpose(p) FROM unnest('{mp_health,mp_ads_mail,mp_ads,mp_news_local,mp_news}'::text[]) p;
DROP TABLE mp_id, mp_crowd, mp_keys;
DROP DOMAIN mp_number, mp_code, mp_subject;
DROP FUNCTION register_mp, mp_ask, mp_plain;
DROP ROLE regress_mp_analyst, regress_mp_team, regress_mp_member,
	regress_mp_outsider, regress_mp_officer;
