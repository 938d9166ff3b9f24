-- recording: what each recording function does to the choices, the history and the verdict
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
-- the history is append-only; what this test left is taken away as only a superuser can
\set forget 'ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event; DELETE FROM consent_profiling.event; ALTER TABLE consent_profiling.event ENABLE TRIGGER keep_event'
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');

-- shop
--   +-- shop.news            (consent)
--   |     +-- shop.news.eu
--   +-- shop.stats           (legitimate interests)
--         +-- shop.stats.deep
-- mail                       (direct marketing)
--   +-- mail.eu
SELECT add_purpose('shop', basis => 'legitimate_interests');
SELECT add_purpose('shop.news', 'shop');
SELECT add_purpose('shop.news.eu', 'shop.news', basis => 'legitimate_interests');
SELECT add_purpose('shop.stats', 'shop', basis => 'legitimate_interests');
SELECT add_purpose('shop.stats.deep', 'shop.stats', basis => 'legitimate_interests');
SELECT add_purpose('mail', direct_marketing => true), add_purpose('mail.eu', 'mail', basis => 'legitimate_interests');

-- what is recorded now of a subject, and the verdicts
CREATE FUNCTION choices(subject subject_id,
		OUT purpose text, OUT consent consent, OUT refusal consent, OUT objection objection)
	RETURNS SETOF record
	LANGUAGE sql AS 'SELECT c.purpose, c.consent, c.refusal, c.objection
		FROM consent_profiling.choice c WHERE c.subject = $1 ORDER BY c.purpose';
CREATE FUNCTION history(subject subject_id,
		OUT act text, OUT purpose text, OUT what text)
	RETURNS SETOF record
	LANGUAGE sql AS 'SELECT e.act, e.purpose,
			concat_ws('', '', e.birth_date, e.consent, e.objection, e.ground, e.informed_at, e.notice, e.evidence)
		FROM consent_profiling.event e WHERE e.subject = $1 ORDER BY e.id';
CREATE FUNCTION verdicts(subject subject_id) RETURNS SETOF text
	LANGUAGE sql AS 'SELECT p.name || '': '' || consent_profiling.verdict_of($1, p.name)
		FROM consent_profiling.purpose p ORDER BY p.name';
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO PUBLIC;

---------------------------------------------------------------------
-- every function once, by its defaults, and one event a call
---------------------------------------------------------------------
SET ROLE regress_recorder;
SELECT register_subject('a', '1980-02-29');
SELECT rectify_birth_date('a', '1980-03-01', '{"passport": true}');
SELECT consent_status(request_consent('a')), consent_status(refuse_consent('a')),
	consent_status(withdraw_consent('a')), consent_status(give_consent('a'));
SELECT objection_status(raise_objection('a'));
RESET ROLE;
SET ROLE regress_officer;
SELECT objection_status(uphold_objection('a'));
SELECT objection_status(override_objection('a', 'profiling', 'court order'));
SELECT restrict_subject('a', 'accuracy contested');
SELECT lift_restriction('a', clock_timestamp());
RESET ROLE;
SET ROLE regress_recorder;
SELECT objection_status(withdraw_objection('a'));
RESET ROLE;
SET ROLE regress_officer;
-- an officer reads the history and asks for verdicts
SELECT act, purpose FROM event WHERE subject = 'a' ORDER BY id;
SELECT verdict_of('a');
SELECT erase_subject('a') IS NOT NULL AS erased;
SELECT verdict_of('a');
RESET ROLE;

-- all arguments, by name, in any order
SET ROLE regress_recorder;
SELECT register_subject(birth_date => '1980-01-01', subject => 'b');
SELECT rectify_birth_date(evidence => '{"n": 1}', birth_date => '1980-01-02', subject => 'b');
SELECT request_consent(at => '2026-01-01 00:00Z', purpose => 'shop.news', subject => 'b',
	notice => 'v1', evidence => '{"n": 2}');
SELECT give_consent(until => '2999-01-01 00:00Z', explicit => true, at => '2026-01-02 00:00Z',
	purpose => 'shop.news', subject => 'b', evidence => '{"n": 3}', notice => 'v2');
SELECT refuse_consent(subject => 'b', purpose => 'shop.stats', at => '2026-01-03 00:00Z',
	notice => 'v3', evidence => '{"n": 4}');
SELECT withdraw_consent(subject => 'b', purpose => 'shop.news', at => '2026-01-04 00:00Z',
	notice => 'v4', evidence => '{"n": 5}');
SELECT raise_objection(subject => 'b', purpose => 'shop.stats', at => '2026-01-05 00:00Z',
	evidence => '{"n": 6}');
RESET ROLE;
SET ROLE regress_officer;
SELECT uphold_objection(subject => 'b', purpose => 'shop.stats', at => '2026-01-06 00:00Z',
	evidence => '{"n": 7}');
SELECT override_objection(subject => 'b', purpose => 'shop.stats', grounds => 'fraud "ring"',
	at => '2026-01-07 00:00Z', evidence => '{"n": 8}');
RESET ROLE;
SET ROLE regress_recorder;
SELECT withdraw_objection(subject => 'b', purpose => 'shop.stats', at => '2026-01-08 00:00Z',
	evidence => '{"n": 9}');
RESET ROLE;
SELECT restrict_subject(subject => 'b', ground => 'unlawful');
SELECT * FROM history('b');
SELECT * FROM choices('b');
-- "at" of an event is that of the act; the clock of the database stands beside it
SELECT count(*) AS events, bool_and(at = COALESCE(consent_at(consent), objection_at(objection))) AS at_is_of_the_act,
	bool_and(recorded_at > '2026-02-01' AND recorded_at <= clock_timestamp()) AS recorded_now
	FROM event WHERE subject = 'b' AND purpose IS NOT NULL;

-- positional, as an application would
SELECT give_consent('b', 'profiling', true, '2998-01-01 00:00Z', '2026-01-09 00:00Z', 'v5', '{"n": 10}');
SELECT withdraw_consent('b', 'profiling', '2026-01-10 00:00Z', 'v6', '{"n": 11}');

---------------------------------------------------------------------
-- subjects of every type, columns and literals
---------------------------------------------------------------------
SELECT register_subject(1::smallint), register_subject(2), register_subject(3::bigint),
	register_subject('00000000-0000-0000-0000-000000000004'::uuid), register_subject('t5'::text),
	register_subject('t6'::varchar(9)), register_subject('t7'::char(9)), register_subject('t8'::subject_id);
CREATE TABLE keys (i2 smallint, i4 int, i8 bigint, u uuid, t text, v varchar(9), c char(9), s subject_id);
INSERT INTO keys VALUES (1, 2, 3, '00000000-0000-0000-0000-000000000004', 't5', 't6', 't7', 't8');
SELECT consent_at(give_consent(i2, at => '2026-01-01 00:00Z')) = consent_at(give_consent(i4, at => '2026-01-01 00:00Z')) AS a,
	give_consent(i8, at => '2026-01-01 00:00Z') = give_consent(u, at => '2026-01-01 00:00Z') AS b,
	give_consent(t, at => '2026-01-01 00:00Z') = give_consent(v, at => '2026-01-01 00:00Z') AS c,
	give_consent(c, at => '2026-01-01 00:00Z') = give_consent(s, at => '2026-01-01 00:00Z') AS d FROM keys;
SELECT objection_status(raise_objection(i2)), objection_status(raise_objection(i4)), objection_status(raise_objection(i8)),
	objection_status(raise_objection(u)), objection_status(raise_objection(t)), objection_status(raise_objection(v)),
	objection_status(raise_objection(c)), objection_status(raise_objection(s)) FROM keys;
-- 42 and '42' are the same subject, and so are a uuid and its text
SELECT objection_status(withdraw_objection('1')),
	objection_status(withdraw_objection('00000000-0000-0000-0000-000000000004'));
SELECT subject, consent, objection_status(objection) FROM choice WHERE subject <> 'b' ORDER BY subject;
DROP TABLE keys;

---------------------------------------------------------------------
-- registering
---------------------------------------------------------------------
SELECT register_subject('r');
SELECT verdict_of('r');
-- again is harmless, adds a birth date, and never takes one away
SELECT register_subject('r');
SELECT register_subject('r', '1980-01-01');
SELECT register_subject('r', '1980-01-01');
SELECT register_subject('r');
SELECT birth_date FROM subject WHERE id = 'r';
SELECT verdict_of('r');
-- another birth date is a matter of rectification
SELECT register_subject('r', '1980-01-02');
SELECT rectify_birth_date('r', '2020-01-02');
SELECT verdict_of('r');
SELECT * FROM history('r');
-- born today where today begins first; not yet born
SELECT register_subject('newborn', (now() AT TIME ZONE 'UTC' + interval '14 hours')::date);
SELECT verdict_of('newborn');
SELECT register_subject('oldest', '0001-01-01 BC');
SELECT verdict_of('oldest');

---------------------------------------------------------------------
-- consents: the newest answer wins, whatever the order of arrival
---------------------------------------------------------------------
SELECT register_subject('c', '1980-01-01');
SELECT give_consent('c', at => '2026-01-10 00:00Z');
-- an older one is kept in the history, changes nothing, and says what prevails
SELECT withdraw_consent('c', at => '2026-01-09 00:00Z', notice => 'came late');
SELECT verdict_of('c');
SELECT * FROM choices('c');
-- a withdrawal wins a tie, in either order
SELECT withdraw_consent('c', at => '2026-01-10 00:00Z');
SELECT verdict_of('c');
SELECT give_consent('c', at => '2026-01-10 00:00Z');
SELECT verdict_of('c');
SELECT refuse_consent('c', at => '2026-01-10 00:00Z');
SELECT verdict_of('c');
-- a newer consent stands
SELECT give_consent('c', at => '2026-01-11 00:00Z');
SELECT verdict_of('c');
-- being asked is neither a consent nor a refusal, and undoes neither
SELECT request_consent('c', at => '2026-01-12 00:00Z');
SELECT verdict_of('c');
SELECT refuse_consent('c', at => '2026-01-13 00:00Z');
SELECT verdict_of('c');
SELECT * FROM history('c');

-- a consent holds until its time, and for its purpose alone
SELECT register_subject('d', '1980-01-01');
SELECT give_consent('d', 'shop.news', until => '2026-01-02 00:00Z', at => '2026-01-01 00:00Z');
SELECT * FROM verdicts('d');
SELECT give_consent('d', 'shop.news', at => '2026-01-03 00:00Z');
SELECT * FROM verdicts('d');
-- a No flows down, unless the consent beneath is later
SELECT withdraw_consent('d', 'shop', at => '2026-01-03 00:00Z');
SELECT * FROM verdicts('d');
SELECT give_consent('d', 'shop.news', at => '2026-01-04 00:00Z');
SELECT * FROM verdicts('d');
-- a Yes above lifts what was said there, not what flowed from there
SELECT refuse_consent('d', 'shop', at => '2026-01-05 00:00Z');
SELECT give_consent('d', 'shop', at => '2026-01-06 00:00Z');
SELECT * FROM verdicts('d');
SELECT * FROM choices('d');

---------------------------------------------------------------------
-- two acts in one transaction keep their order
---------------------------------------------------------------------
SELECT register_subject('o', '1980-01-01');
BEGIN;
SELECT consent_status(give_consent('o'));
SELECT consent_status(withdraw_consent('o'));
SELECT consent_status(give_consent('o'));
SELECT verdict_of('o');
SELECT objection_status(raise_objection('o'));
SELECT objection_status(withdraw_objection('o'));
SELECT verdict_of('o');
SELECT objection_status(raise_objection('o'));
COMMIT;
SELECT verdict_of('o');
SELECT objection_status(withdraw_objection('o'));
SELECT verdict_of('o');
SELECT count(DISTINCT at) AS different_times, bool_and(at <= recorded_at) AS in_order
	FROM event WHERE subject = 'o';
-- and so do two in one statement
SELECT consent_status(withdraw_consent('o')) AS first, consent_status(give_consent('o')) AS second;
SELECT verdict_of('o');

---------------------------------------------------------------------
-- objections
---------------------------------------------------------------------
SELECT register_subject('j', '1980-01-01');
SELECT give_consent('j', at => '2026-01-01 00:00Z');
SELECT give_consent('j', 'shop.news', at => '2026-01-01 00:00Z');
SELECT * FROM verdicts('j');

-- it holds for the purpose and all beneath
SELECT raise_objection('j', 'shop', at => '2026-01-02 00:00Z');
SELECT * FROM verdicts('j');
-- a later consent does not lift it
SELECT give_consent('j', 'shop.news', at => '2026-01-03 00:00Z');
SELECT verdict_of('j', 'shop.news');
-- a withdrawal below lifts it there and below; where none was raised or above is an error
SELECT withdraw_objection('j', 'shop.news', at => '2026-01-03 00:00Z');
SELECT verdict_of('j', 'shop.news'), verdict_of('j', 'shop.news.eu'), verdict_of('j', 'shop'), verdict_of('j', 'shop.stats');
SELECT withdraw_objection('j');
SELECT withdraw_objection('j', 'shop', at => '2026-01-03 00:00Z');
SELECT * FROM verdicts('j');
-- what was withdrawn does not stand any more
SELECT withdraw_objection('j', 'shop', at => '2026-01-04 00:00Z');
-- two places
SELECT raise_objection('j', 'profiling', at => '2026-01-05 00:00Z');
SELECT raise_objection('j', 'shop', at => '2026-01-05 00:00Z');
SELECT withdraw_objection('j', 'shop.stats.deep', at => '2026-01-05 12:00Z');
SELECT verdict_of('j', 'shop.stats.deep'), verdict_of('j', 'shop.stats');
SELECT withdraw_objection('j', 'shop', at => '2026-01-06 00:00Z');
SELECT * FROM verdicts('j');
SELECT withdraw_objection('j', at => '2026-01-06 00:00Z');
SELECT * FROM verdicts('j');

-- older ones change nothing, and a withdrawal wins a tie
SELECT raise_objection('j', at => '2026-01-06 00:00Z');
SELECT verdict_of('j');
SELECT raise_objection('j', at => '2026-01-07 00:00Z');
SELECT verdict_of('j');
SELECT withdraw_objection('j', at => '2026-01-06 12:00Z');
SELECT verdict_of('j');
SELECT withdraw_objection('j', at => '2026-01-07 00:00Z');
SELECT verdict_of('j');

-- upholding needs an objection, at exactly this purpose
SELECT uphold_objection('j');
SELECT raise_objection('j', 'shop', at => '2026-01-08 00:00Z');
SELECT uphold_objection('j', 'shop.stats');
SELECT uphold_objection('j', 'shop', at => '2026-01-09 00:00Z');
SELECT * FROM verdicts('j');
-- what was upheld can still be withdrawn
SELECT withdraw_objection('j', 'shop', at => '2026-01-10 00:00Z');
SELECT verdict_of('j', 'shop');

-- overriding needs one too, here or above
SELECT override_objection('j', 'shop.stats', 'grounds');
SELECT raise_objection('j', 'shop.stats.deep', at => '2026-01-11 00:00Z');
-- beneath does not count
SELECT override_objection('j', 'shop.stats', 'grounds');
SELECT override_objection('j', 'shop.stats.deep', 'grounds', at => '2026-01-10 00:00Z');
SELECT override_objection('j', 'shop.stats.deep', 'grounds', at => '2026-01-12 00:00Z');
SELECT verdict_of('j', 'shop.stats.deep');
-- once is enough
SELECT override_objection('j', 'shop.stats.deep', 'grounds', at => '2026-01-13 00:00Z');
-- one raised later denies again; an older one that comes late does not
SELECT raise_objection('j', 'shop.stats.deep', at => '2026-01-11 12:00Z');
SELECT verdict_of('j', 'shop.stats.deep');
SELECT raise_objection('j', 'shop.stats.deep', at => '2026-01-14 00:00Z');
SELECT verdict_of('j', 'shop.stats.deep');
SELECT override_objection('j', 'shop.stats.deep', 'other grounds', at => '2026-01-14 00:00Z');
SELECT verdict_of('j', 'shop.stats.deep');
-- upholding after an override denies again
SELECT uphold_objection('j', 'shop.stats.deep', at => '2026-01-15 00:00Z');
SELECT verdict_of('j', 'shop.stats.deep');
SELECT withdraw_objection('j', 'shop.stats.deep', at => '2026-01-16 00:00Z');

-- an override at a child of the purpose objected to lifts it there and
-- beneath, not for the purpose and its other children
SELECT raise_objection('j', 'shop', at => '2026-02-01 00:00Z');
SELECT override_objection('j', 'shop.stats', 'grounds', at => '2026-02-02 00:00Z');
SELECT * FROM verdicts('j');
SELECT raise_objection('j', 'shop', at => '2026-02-03 00:00Z');
SELECT * FROM verdicts('j');

-- direct marketing is never overridden: not there, not below, not from above
SELECT raise_objection('j', 'profiling', at => '2026-02-03 00:00Z');
SELECT override_objection('j', 'direct_marketing', 'grounds');
SELECT override_objection('j', 'mail', 'grounds');
SELECT override_objection('j', 'mail.eu', 'grounds');
SELECT override_objection('j', 'profiling', 'grounds', at => '2026-02-04 00:00Z');
SELECT * FROM verdicts('j');
SELECT withdraw_objection('j', at => '2026-02-04 00:00Z');
SELECT withdraw_objection('j', 'shop', at => '2026-02-05 00:00Z');
SELECT * FROM verdicts('j');

---------------------------------------------------------------------
-- restriction
---------------------------------------------------------------------
SELECT register_subject('x', '1980-01-01');
SELECT give_consent('x', at => '2026-01-01 00:00Z');
SELECT lift_restriction('x', now());
SELECT restrict_subject('x', 'accuracy contested');
SELECT verdict_of('x');
-- a second ground does not begin it anew
SELECT restricted_at AS since FROM subject WHERE id = 'x' \gset
SELECT restrict_subject('x', 'unlawful');
SELECT restriction_grounds, restricted_at = :'since' AS since_the_first FROM subject WHERE id = 'x';
-- the person is informed before it is lifted
SELECT lift_restriction('x', NULL);
SELECT lift_restriction('x', 'infinity');
\set VERBOSITY terse
SELECT lift_restriction('x', '2026-01-01');
\set VERBOSITY default
SELECT verdict_of('x');
-- other things can be recorded meanwhile, and change nothing
SELECT consent_status(give_consent('x'));
SELECT verdict_of('x');
SELECT lift_restriction('x', clock_timestamp());
SELECT verdict_of('x');
SELECT id, restricted_at, restriction_grounds FROM subject WHERE id = 'x';
SELECT act, ground, informed_at IS NOT NULL AS informed FROM event WHERE subject = 'x' ORDER BY id;

---------------------------------------------------------------------
-- erasure
---------------------------------------------------------------------
SELECT register_subject('e', '1980-01-01');
SELECT rectify_birth_date('e', '1980-01-02', '{"passport": "X1"}');
SELECT give_consent('e', at => '2026-01-01 00:00Z', notice => 'told Jo', evidence => '{"ip": "::1"}');
SELECT raise_objection('e', 'shop', at => '2026-01-02 00:00Z', evidence => '{"letter": 7}');
SELECT override_objection('e', 'shop', 'Jo is a fraud', at => '2026-01-03 00:00Z', evidence => '{"file": 8}');
SELECT restrict_subject('e', 'accuracy contested by Jo');
SELECT erase_subject('e') IS NOT NULL AS erased;
SELECT verdict_of('e');
SELECT * FROM choices('e');
-- a tombstone
SELECT id = 'e' AS by_the_key, birth_date, restricted_at, restriction_grounds, erased_at IS NOT NULL AS erased
	FROM subject WHERE id = tombstone('e');
-- the history says that, not what
SELECT * FROM history(tombstone('e'));
-- registered anew, it stays erased, and the history takes in nothing
SELECT register_subject('e', '1980-01-02');
SELECT register_subject('e', '1990-01-02');
SELECT verdict_of('e');
SELECT birth_date FROM subject WHERE id = tombstone('e');
SELECT * FROM history(tombstone('e')) WHERE act = 'register_subject';
-- nothing else can be recorded
SELECT give_consent('e');
-- a No is on record all the same
SELECT withdraw_consent('e', at => '2026-02-01 00:00Z');
SELECT raise_objection('e', at => '2026-02-01 00:00Z');
SELECT rectify_birth_date('e', '1980-01-01');
SELECT restrict_subject('e', 'unlawful');
-- erased again goes what was said since, also by the person
SET consent_profiling.actor = 'e';
SELECT register_subject('e', '1980-01-02');
SELECT erased_at AS erased FROM subject WHERE id = tombstone('e') \gset
SELECT count(*) AS events, count(actor) AS actors FROM event WHERE subject = tombstone('e');
SELECT erase_subject('e') -> 'kept' -> 1 ->> 'rows' AS events;
SELECT count(*) AS events, count(actor) AS actors, count(salt) AS whole FROM event WHERE subject = tombstone('e');
SELECT erase_subject(tombstone('e')) -> 'kept' -> 1 ->> 'rows' AS events;
RESET consent_profiling.actor;
SELECT erased_at = :'erased' AS same FROM subject WHERE id = tombstone('e');
SELECT since = :'erased' AS same FROM explain_verdict('e', 'profiling', now());
SELECT bool_and(event_fits(event)) AS fits FROM event WHERE subject = tombstone('e');
-- the log of changes forgets the key when it is pruned
SELECT count(*) > 0 AS logged FROM change WHERE subject = 'e';
SELECT prune_change_log() IS NOT NULL AS pruned;
SELECT count(*) FROM change WHERE subject = 'e';

---------------------------------------------------------------------
-- exactly one event a call, and none for a call that fails
---------------------------------------------------------------------
SELECT register_subject('n', '1980-01-01');
CREATE FUNCTION calls() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	call text;
	before_events bigint;
	before_state text;
	state text := 'SELECT md5(string_agg(x::text, '';'' ORDER BY x::text)) FROM (
		SELECT s::text FROM consent_profiling.subject s UNION ALL SELECT c::text FROM consent_profiling.choice c) u (x)';
	after_state text;
	problem text;
BEGIN
	FOREACH call IN ARRAY ARRAY[
		'register_subject(''n2'')',
		'register_subject(''n'', ''1980-01-01'')',
		'rectify_birth_date(''n'', ''1980-01-02'')',
		'give_consent(''n'')',
		'give_consent(''n'', at => ''2026-01-01'')',
		'request_consent(''n'')',
		'refuse_consent(''n'')',
		'withdraw_consent(''n'')',
		'raise_objection(''n'')',
		'uphold_objection(''n'')',
		'override_objection(''n'', ''profiling'', ''g'')',
		'withdraw_objection(''n'')',
		'restrict_subject(''n'', ''unlawful'')',
		'lift_restriction(''n'', clock_timestamp())',
		'register_subject(''n'', ''1980-01-01'')',
		'rectify_birth_date(''n'', ''infinity'')',
		'give_consent(''n'', at => ''infinity'')',
		'give_consent(''n'', until => ''2026-01-01'')',
		'give_consent(''n'', ''nowhere'')',
		'withdraw_objection(''n'')',
		'override_objection(''n'', ''mail'', ''g'')',
		'lift_restriction(''n'', clock_timestamp())',
		'erase_subject(''n'')',
		'register_subject(''n'', ''1980-01-01'')',
		'give_consent(''n'')'] LOOP
		SELECT count(*) INTO before_events FROM consent_profiling.event;
		EXECUTE state INTO before_state;
		problem := NULL;
		BEGIN
			EXECUTE 'SELECT consent_profiling.' || call;
		EXCEPTION WHEN OTHERS THEN
			problem := SQLSTATE;
		END;
		EXECUTE state INTO after_state;
		RETURN NEXT format('%s: %s events, state %s%s', call,
			(SELECT count(*) FROM consent_profiling.event) - before_events,
			CASE WHEN before_state = after_state THEN 'kept' ELSE 'changed' END,
			', ' || problem);
	END LOOP;
END
$$;
SELECT calls();

-- evidence that is nested too deep for any report is refused
SELECT register_subject('deep');
SELECT consent_status(give_consent('deep', evidence => (repeat('[{"a":', 50) || '1' || repeat('}]', 50))::jsonb));
SELECT give_consent('deep', evidence => (repeat('[{"a":', 50) || '[]' || repeat('}]', 50))::jsonb);
-- and so is what is too long for them, wherever it comes from
SELECT consent_status(give_consent('deep', notice => repeat('x', 1000000)));
SELECT give_consent('deep', notice => repeat('x', 2000000));
SELECT give_consent('deep', evidence => to_jsonb(repeat('x', 2000000)));
SELECT count(*) FROM open_request('deep', 'access', evidence => to_jsonb(repeat('x', 2000000)));
SELECT raise_objection('deep'), override_objection('deep', 'profiling', repeat('x', 2000000));
SELECT import_consents($$SELECT 'deep' AS subject, 'profiling' AS purpose, 'withdrawn at 2020-01-01T00:00:00Z' AS consent, repeat('x', 2000000) AS notice$$);
SET consent_profiling.actor = 'x';
SELECT set_config('consent_profiling.actor', repeat('x', 2000000), false) = '';
SELECT withdraw_consent('deep');
RESET consent_profiling.actor;
SELECT count(*) AS events, verdict_of('deep') FROM event WHERE subject = 'deep';
-- what nobody can see is no ground, and no time is before our era
SELECT format('%L', t), is_blank(t) FROM unnest(ARRAY['', E' \t\n', E'\u00a0\u3000', E'\u200b\u2060\u202e', E'\ufeff\U000e0041', 'x', E' \u200b.', E'\u4e2d', E'\u00e9']) t;
SELECT override_objection('deep', 'profiling', E'\u200b\u2060');
SELECT open_request('deep', 'access', '0044-03-15 00:00Z BC');

-- what is rolled back leaves nothing, in the history neither
SELECT count(*) AS events FROM event \gset
BEGIN;
SELECT register_subject('gone', '1980-01-01');
SELECT consent_status(give_consent('gone'));
SAVEPOINT s;
SELECT consent_status(withdraw_consent('gone'));
ROLLBACK TO s;
SELECT verdict_of('gone');
ROLLBACK;
SELECT verdict_of('gone'), count(*) - :events AS events FROM event;

DROP FUNCTION calls(), verdicts(subject_id), history(subject_id), choices(subject_id);
DELETE FROM choice; DELETE FROM subject; :forget;
SELECT drop_purpose(p) FROM unnest('{shop.stats.deep,shop.stats,shop.news.eu,shop.news,shop,mail.eu,mail}'::text[]) p;
SELECT revoke_duty('regress_recorder', 'recorder'), revoke_duty('regress_officer', 'officer');
DROP ROLE regress_recorder, regress_officer;
