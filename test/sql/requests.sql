-- requests: the clock of Art. 12(3), its extension, closing, what is overdue, and
-- objections, which work at once
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

CREATE ROLE regress_recorder;
CREATE ROLE regress_officer;
SELECT grant_duty('regress_recorder', 'recorder'), grant_duty('regress_officer', 'officer');
SELECT add_purpose('rq.shop', basis => 'legitimate_interests'),
	add_purpose('rq.shop.mail', 'rq.shop', basis => 'legitimate_interests');
SELECT count(register_subject('rq:' || n, '1980-01-01')) FROM generate_series(1, 9) n;

---------------------------------------------------------------------
-- one calendar month, and three
---------------------------------------------------------------------
-- by the calendar, with nothing of date arithmetic: the same day so many months
-- later, or the last day of that month
CREATE FUNCTION due_by_hand(received date, months int) RETURNS date LANGUAGE plpgsql AS $$
DECLARE
	y int := extract(year FROM received);
	m int := extract(month FROM received);
	d int := extract(day FROM received);
	days int[];
BEGIN
	FOR i IN 1 .. months LOOP
		m := m + 1;
		IF m = 13 THEN
			m := 1;
			y := y + 1;
		END IF;
	END LOOP;
	days := ARRAY[31, CASE WHEN y % 4 = 0 AND (y % 100 <> 0 OR y % 400 = 0) THEN 29 ELSE 28 END,
		31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
	RETURN format('%s-%s-%s', y, m, LEAST(d, days[m]))::date;
END
$$;
CREATE FUNCTION received_and_due(received timestamptz) RETURNS text LANGUAGE sql AS $$
	SELECT open_request('rq:1', 'access', received);
	SELECT format('%s: %s', received, due_on) FROM request ORDER BY id DESC LIMIT 1
$$;
SELECT received_and_due(t::timestamptz) FROM unnest('{
	2026-01-01 00:00Z, 2026-01-01 23:59:59.999999Z, 2026-01-02 00:00Z,
	2026-01-28 12:00Z, 2026-01-29 12:00Z, 2026-01-30 12:00Z, 2026-01-31 12:00Z,
	2024-01-28 12:00Z, 2024-01-29 12:00Z, 2024-01-30 12:00Z, 2024-01-31 12:00Z,
	1900-01-31 12:00Z, 2000-01-31 12:00Z,
	2026-02-28 12:00Z, 2024-02-28 12:00Z, 2024-02-29 12:00Z,
	2025-03-31 12:00Z, 2025-04-30 12:00Z, 2025-05-31 12:00Z, 2025-07-31 12:00Z,
	2025-08-31 12:00Z, 2025-10-31 12:00Z, 2025-11-30 12:00Z, 2025-12-31 12:00Z,
	2026-01-31 23:30-01, 2026-02-01 00:30+01}'::text[]) WITH ORDINALITY AS u (t, n) ORDER BY n;
-- every day of 28 years and of those around two turns of a century, at both ends
CREATE TEMP TABLE day AS
	SELECT d::date FROM generate_series(date '1998-01-01', '2025-12-31', '1 day') d
	UNION ALL SELECT d::date FROM generate_series(date '1899-10-01', '1900-04-30', '1 day') d
	UNION ALL SELECT d::date FROM generate_series(date '2099-10-01', '2100-04-30', '1 day') d;
SELECT count(*),
		count(*) FILTER (WHERE request_due_on((d + t) AT TIME ZONE 'UTC', months) IS DISTINCT FROM due_by_hand(d, months)) AS wrong
	FROM day, unnest('{1,3}'::int[]) months, unnest('{00:00,23:59:59.999999}'::time[]) t;
-- and by the function that recorders call, whatever the session's time zone
SET timezone = 'Pacific/Kiritimati';
SELECT count(open_request('rq:2', 'access', d::timestamp AT TIME ZONE 'UTC')) FROM day WHERE d BETWEEN '2023-01-01' AND '2025-12-31';
SELECT count(open_request('rq:2', 'access', (d + time '23:59:59.999999') AT TIME ZONE 'UTC')) FROM day
	WHERE d BETWEEN '2023-01-01' AND '2025-12-31';
SELECT count(*), count(*) FILTER (WHERE due_on <> due_by_hand((received_at AT TIME ZONE 'UTC')::date, 1)) AS wrong
	FROM request WHERE subject = 'rq:2';
SET timezone = 'UTC';

---------------------------------------------------------------------
-- overdue once that date is over
---------------------------------------------------------------------
DELETE FROM request;
-- every right; without a time, it is now
SET ROLE regress_recorder;
SELECT count(open_request('rq:3', r)) FROM unnest('{access,rectification,erasure,restriction,portability,objection,automated_decision}'::text[]) r;
RESET ROLE;
SELECT "right", clock_timestamp() - received_at < '1 hour' AS now, due_on = due_by_hand((received_at AT TIME ZONE 'UTC')::date, 1) AS in_a_month,
		extended_at, closed_at
	FROM request ORDER BY id;
SELECT * FROM request_overdue;
DELETE FROM request;
-- what was due the day before yesterday, yesterday, today and tomorrow
INSERT INTO request (subject, "right", received_at, due_on)
	SELECT 'rq:4', 'access', now() - interval '40 days', (now() AT TIME ZONE 'UTC')::date + n FROM unnest('{-2,-1,0,1}'::int[]) n;
SET ROLE regress_officer;
SELECT subject, "right", extended, days_overdue FROM request_overdue ORDER BY days_overdue;
SELECT count(*) FROM request_overdue o JOIN request r ON r.id = o.request AND r.received_at = o.received_at AND r.due_on = o.due_on;
-- until it is closed
SELECT close_request(request, 'answered by letter') FROM request_overdue WHERE days_overdue = 2;
SELECT days_overdue FROM request_overdue;
-- wherever the session is
SET timezone = 'Pacific/Kiritimati';
SELECT days_overdue FROM request_overdue;
SET timezone = 'Etc/GMT+12';
SELECT days_overdue FROM request_overdue;
SET timezone = 'UTC';
RESET ROLE;

---------------------------------------------------------------------
-- extended once, within the first month
---------------------------------------------------------------------
DELETE FROM request;
-- received so many months ago, and another day: within the month, or not
CREATE FUNCTION received_ago(i interval) RETURNS timestamptz LANGUAGE sql AS
	$$ SELECT (date_trunc('day', now() AT TIME ZONE 'UTC') - i) AT TIME ZONE 'UTC' $$;
SELECT open_request('rq:5', 'access', received_ago('25 days')) AS young,
	open_request('rq:5', 'access', received_ago('32 days')) AS old \gset
SET ROLE regress_officer;
SELECT extend_request(:young, 'many requests by the same person');
SELECT due_on = due_by_hand((received_at AT TIME ZONE 'UTC')::date, 3) AS in_three_months, extended_at > received_at AS extended, extension_reason
	FROM request WHERE id = :young;
\set VERBOSITY sqlstate
SELECT extend_request(:young, 'again');
SELECT extend_request(:old, 'too late');
\set VERBOSITY default
RESET ROLE;
-- to the end of the last day of it
UPDATE request SET due_on = (now() AT TIME ZONE 'UTC')::date WHERE id = :old;
SELECT extend_request(:old, 'just in time');
SELECT due_on = due_by_hand((received_at AT TIME ZONE 'UTC')::date, 3) FROM request WHERE id = :old;
-- an extended one is overdue in the end, too
UPDATE request SET due_on = (now() AT TIME ZONE 'UTC')::date - 1 WHERE id = :old;
SELECT extended, days_overdue FROM request_overdue;
-- closed is closed
SELECT close_request(:old, 'refused: manifestly unfounded');
\set VERBOSITY sqlstate
SELECT close_request(:old, 'granted');
\set VERBOSITY default
SELECT closed_at > extended_at AS closed, outcome FROM request WHERE id = :old;
SELECT open_request('rq:5', 'access') AS closed \gset
SELECT close_request(:closed, 'granted');
\set VERBOSITY sqlstate
SELECT extend_request(:closed, 'many');
\set VERBOSITY default

---------------------------------------------------------------------
-- the history: one event each, and none of a call that fails
---------------------------------------------------------------------
SELECT act, subject, purpose, evidence, detail - 'request', (detail ->> 'request')::bigint IN (:young, :old, :closed) AS numbered
	FROM event WHERE subject = 'rq:5' ORDER BY id;
SELECT count(*) FROM event WHERE act = 'open_request' AND at <> (SELECT received_at FROM request WHERE id = (detail ->> 'request')::bigint);
SET ROLE regress_recorder;
SELECT open_request(evidence => '{"letter": 7}', purpose => 'rq.shop', received_at => '2026-01-31 12:00Z', "right" => 'portability', subject => 'rq:6') > 0;
RESET ROLE;
SELECT act, purpose, at, caller, detail ->> 'right', evidence FROM event WHERE subject = 'rq:6' AND act <> 'register_subject';

---------------------------------------------------------------------
-- an objection works at once, whatever the state of its request
---------------------------------------------------------------------
SELECT verdict_of('rq:7', 'rq.shop');
SET ROLE regress_recorder;
SELECT open_request('rq:7', 'objection', received_ago('20 days'), 'rq.shop', '{"letter": 8}') AS request \gset
RESET ROLE;
SELECT verdict_of('rq:7', 'rq.shop'), verdict_of('rq:7', 'rq.shop.mail');
-- as of when it was received
SELECT c.purpose, objection_status(objection), objection_at(objection) = received_at AS at_receipt
	FROM choice c JOIN request r ON r.id = :request AND r.subject = c.subject WHERE c.subject = 'rq:7';
SELECT act, purpose, objection_status(objection), evidence, caller FROM event WHERE subject = 'rq:7' AND act <> 'register_subject' ORDER BY id;
SELECT extend_request(:request, 'many');
SELECT verdict_of('rq:7', 'rq.shop');
UPDATE request SET due_on = '2020-01-01' WHERE id = :request;
SELECT "right" FROM request_overdue WHERE subject = 'rq:7';
SELECT verdict_of('rq:7', 'rq.shop');
SELECT close_request(:request, 'refused');
SELECT verdict_of('rq:7', 'rq.shop');
-- what lifts it is a decision on the objection
SELECT objection_status(override_objection('rq:7', 'rq.shop', 'compelling'));
SELECT verdict_of('rq:7', 'rq.shop'), verdict_of('rq:7', 'rq.shop.mail');
-- in one transaction: with neither, or with both
BEGIN;
SELECT open_request('rq:8', 'objection', purpose => 'rq.shop') > 0;
SELECT verdict_of('rq:8', 'rq.shop');
ROLLBACK;
SELECT verdict_of('rq:8', 'rq.shop'), count(*) FROM request WHERE subject = 'rq:8';
-- no other right is one
SELECT count(open_request('rq:8', r, purpose => 'rq.shop')) FROM unnest('{access,rectification,erasure,restriction,portability,automated_decision}'::text[]) r;
SELECT verdict_of('rq:8', 'rq.shop'), (SELECT count(*) FROM choice WHERE subject = 'rq:8') AS choices, (SELECT count(*) FROM restriction WHERE subject = 'rq:8') AS restrictions;

---------------------------------------------------------------------
-- an objection that lay about while an earlier one was overridden, also for what is
-- beneath, was not weighed then, and stands from now
---------------------------------------------------------------------
SELECT register_subject('rq:l1', '1980-01-01'), register_subject('rq:l2', '1980-01-01'), register_subject('rq:l3', '1980-01-01');
SELECT objection_status(raise_objection(s, 'rq.shop', now() - interval '10 days')) FROM unnest('{rq:l1,rq:l2,rq:l3}'::text[]) s;
SELECT objection_status(override_objection('rq:l1', 'rq.shop', 'x', now() - interval '5 days')),
	objection_status(withdraw_objection('rq:l2', 'rq.shop', now() - interval '5 days')),
	objection_status(override_objection('rq:l3', 'rq.shop', 'x', now() - interval '5 days'));
SELECT verdict_of('rq:l1', 'rq.shop') = 'objected' AS denied;
SELECT open_request('rq:l1', 'objection', now() - interval '6 days', 'rq.shop') > 0, open_request('rq:l2', 'objection', now() - interval '6 days', 'rq.shop') > 0,
	open_request('rq:l3', 'objection', now() - interval '4 days', 'rq.shop') > 0;
SELECT s, verdict_of(s, 'rq.shop') = 'objected' AS denied, (SELECT raised_at < now() - interval '1 day' FROM choice WHERE subject = s AND purpose = 'rq.shop') AS as_of_then
	FROM unnest('{rq:l1,rq:l2,rq:l3}'::subject_id[]) s;

---------------------------------------------------------------------
-- nor is anything decided by a machine about whom that was asked for
---------------------------------------------------------------------
SELECT add_purpose('rq.loan', automated_decision => true);
SELECT consent_status(give_consent('rq:l1', 'rq.loan', explicit => true));
SELECT may_decide('rq:l1', 'rq.loan');
SELECT open_request('rq:l1', 'automated_decision', purpose => 'rq.loan') > 0, open_request('rq:l1', 'automated_decision') > 0;
SELECT purpose, reviewed_at IS NULL AS open FROM review WHERE subject = 'rq:l1';
SELECT may_decide('rq:l1', 'rq.loan');
DELETE FROM review; DELETE FROM choice WHERE purpose = 'rq.loan'; SELECT drop_purpose('rq.loan');

---------------------------------------------------------------------
-- somebody erased has an answer coming
---------------------------------------------------------------------
SELECT open_request('rq:9', 'erasure') AS request \gset
SELECT erase_subject('rq:9') IS NOT NULL;
SELECT close_request(:request, 'erased');
SELECT s.erased_at IS NOT NULL AS erased, r.closed_at IS NOT NULL AS closed
	FROM request r JOIN subject s ON s.id = r.subject WHERE r.id = :request;
-- and so when the request goes by another key since
SELECT count(register_subject('rq:9b', '1980-01-01')), open_request('rq:9b', 'erasure') AS request \gset
UPDATE request SET subject = 'erased:00' WHERE id = :request;
SELECT close_request(:request, 'erased');
SELECT act, subject FROM event WHERE (detail ->> 'request')::bigint = :request ORDER BY id;

DROP FUNCTION due_by_hand(date, int), received_and_due(timestamptz), received_ago(interval);
DROP TABLE day;
DELETE FROM request; DELETE FROM choice; DELETE FROM subject;
SELECT drop_purpose(p) FROM unnest('{rq.shop.mail,rq.shop}'::text[]) p;
SELECT revoke_duty('regress_recorder', 'recorder'), revoke_duty('regress_officer', 'officer');
DROP ROLE regress_recorder, regress_officer;
