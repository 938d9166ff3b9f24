-- A refusal, a withdrawal or an objection is kept, reaches what it should reach and
-- nothing else, and no act of the controller undoes it.
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set VERBOSITY terse
SET search_path = public, consent_profiling;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';

SELECT add_purpose('nn.stats', basis => 'legitimate_interests'), add_purpose('nn.stats.deep', 'nn.stats'),
	add_purpose('nn.law', basis => 'legal_obligation'), add_purpose('nn.contract', basis => 'contract', automated_decision => true),
	add_purpose('nn.life', basis => 'vital_interests'), add_purpose('nn.task', basis => 'public_task'),
	add_purpose('nn.diet', 'nn.contract', basis => 'contract', special_category => true),
	add_purpose('nn.offers', direct_marketing => true, basis => 'legitimate_interests');
CREATE VIEW nn_verdict AS
	SELECT s.id, string_agg(format('%s: %s', p.name, verdict_of(s.id, p.name)), E'\n' ORDER BY p.name) AS verdicts
		FROM subject s, purpose p WHERE p.name LIKE 'nn.%' GROUP BY s.id;
SELECT count(register_subject('nn:' || i, '1980-01-01')) FROM generate_series(1, 20) i;

---------------------------------------------------------------------
-- a question undoes no answer
---------------------------------------------------------------------
SELECT consent_status(refuse_consent('nn:1', 'nn.stats')), consent_status(request_consent('nn:1', 'nn.stats'));
SELECT verdict_of('nn:1', 'nn.stats');
-- a confirmation mail does not end a consent
SELECT consent_status(give_consent('nn:2', 'nn.stats.deep')), consent_status(request_consent('nn:2', 'nn.stats.deep'));
SELECT verdict_of('nn:2', 'nn.stats.deep');
-- a refusal above, a question below
SELECT consent_status(refuse_consent('nn:3', 'nn.stats')), consent_status(request_consent('nn:3', 'nn.stats.deep'));
SELECT verdict_of('nn:3', 'nn.stats.deep');
-- an import does no more
SELECT consent_status(withdraw_consent('nn:4', 'nn.stats')), consent_status(give_consent('nn:4', 'nn.stats.deep'));
SELECT import_consents($$SELECT 'nn:4' AS subject, p AS purpose, make_consent(s, false, now(), 'infinity') AS consent
	FROM unnest('{unknown,requested,request_deferred}'::text[]) s, unnest('{nn.stats,nn.stats.deep}'::text[]) p$$);
SELECT verdict_of('nn:4', 'nn.stats'), verdict_of('nn:4', 'nn.stats.deep');
-- nor is a decision taken after a withdrawal because a person was asked
SELECT may_decide('nn:5', 'nn.contract');
SELECT consent_status(withdraw_consent('nn:5', 'nn.contract'));
SELECT may_decide('nn:5', 'nn.contract');
SELECT consent_status(request_consent('nn:5', 'nn.contract'));
SELECT may_decide('nn:5', 'nn.contract');
-- replayed, it is the same
SELECT count(*) FROM subject s, purpose p, query_clock() t
	WHERE s.id::text ~ '^nn:[1-5]$' AND p.name LIKE 'nn.%' AND verdict_of(s.id, p.name, t) <> verdict_of(s.id, p.name);
-- a question counts where there is no answer
SELECT consent_status(request_consent('nn:6', 'nn.stats.deep'));
SELECT verdict_of('nn:6', 'nn.stats.deep'), (explain_verdict('nn:6', 'nn.stats.deep')).detail LIKE '%: requested at %';
-- in the order of the type: operators, functions, aggregates, an index
SELECT c FROM unnest('{given at 2026-01-01T00:00Z,requested at 2026-03-01T00:00Z,refused at 2025-01-01T00:00Z,unknown at 2026-04-01T00:00Z,
	request_deferred at 2026-03-01T00:00Z,invalidated at 2024-01-01T00:00Z}'::consent[]) c ORDER BY c;
SELECT GREATEST('refused at 2026-01-01T00:00Z'::consent, 'requested at 2026-02-01T00:00Z'),
	'refused at 2026-01-01T00:00Z'::consent > 'requested at 2026-02-01T00:00Z',
	max(c) FROM unnest('{refused at 2026-01-01T00:00Z,requested at 2026-02-01T00:00Z}'::consent[]) c;
CREATE TABLE nn_column (id int, born date, consent consent UNIQUE, objection objection);
INSERT INTO nn_column VALUES (1, '1980-01-01', 'given at 2026-01-01T00:00Z'), (2, '1980-01-01', 'requested at 2026-02-01T00:00Z');
SET enable_seqscan = off; SET enable_sort = off;
SELECT id FROM nn_column ORDER BY consent DESC LIMIT 1;
RESET enable_seqscan; RESET enable_sort;
-- column mode: what is kept there by GREATEST is the answer
UPDATE nn_column SET consent = GREATEST(consent, 'requested at 2026-03-01T00:00Z');
SELECT id, may_profile(born, consent, objection) FROM nn_column ORDER BY id;

---------------------------------------------------------------------
-- no No bounces
---------------------------------------------------------------------
-- a clock that is ahead, by a little or by much
SELECT objection_at(raise_objection('nn:7', 'nn.stats', at => clock_timestamp() + interval '200 ms')) <= clock_timestamp();
SELECT consent_at(withdraw_consent('nn:7', 'nn.task', at => clock_timestamp() + interval '1 year')) <= clock_timestamp();
SELECT consent_at(refuse_consent('nn:7', 'nn.stats.deep', at => 'infinity')) <= clock_timestamp();
SELECT * FROM nn_verdict WHERE id = 'nn:7';
SELECT act, purpose, at <= recorded_at AS now, CASE WHEN detail ->> 'claimed_at' <> 'infinity'
		THEN date_trunc('day', (detail ->> 'claimed_at')::timestamptz - recorded_at + interval '1 hour') END AS ahead, detail ? 'claimed_at' AS claimed
	FROM event WHERE subject = 'nn:7' AND purpose IS NOT NULL ORDER BY id;
-- for every other act a minute, and no more
SELECT consent_at(give_consent('nn:8', 'nn.stats.deep', at => clock_timestamp() + interval '50 s')) <= clock_timestamp();
SELECT verdict_of('nn:8', 'nn.stats.deep');
SELECT detail ? 'claimed_at' FROM event WHERE subject = 'nn:8' AND act = 'give_consent';
SELECT count(*) FROM event WHERE subject = 'nn:8' \gset before_
SELECT give_consent('nn:8', 'nn.stats', at => 'infinity');
SELECT request_consent('nn:8', 'nn.stats', at => 'infinity');
SELECT objection_status(raise_objection('nn:8', 'nn.offers'));
SELECT withdraw_objection('nn:8', 'nn.offers', at => 'infinity');
SELECT override_objection('nn:8', 'nn.stats', 'x', at => 'infinity');
SELECT objection_status(withdraw_objection('nn:8', 'nn.offers', at => clock_timestamp() + interval '50 s'));
SELECT restrict_subject('nn:8', 'unlawful'), lift_restriction('nn:8', clock_timestamp() + interval '50 s');
SELECT count(*) - :before_count FROM event WHERE subject = 'nn:8';
-- a person who is not known is registered, and the No counts from then on
SELECT objection_status(raise_objection('nn:stranger', 'nn.stats'));
SELECT consent_status(refuse_consent('nn:stranger2', 'nn.stats.deep')), consent_status(withdraw_consent('nn:stranger3', 'nn.task')),
	objection_status(object_to_marketing('nn:stranger4'));
SELECT open_request('nn:stranger5', 'objection', 'infinity', 'nn.stats') > 0;
SELECT id, birth_date, verdict_of(id, 'nn.stats') FROM subject WHERE id::text LIKE 'nn:stranger%' ORDER BY id;
SELECT act, purpose FROM event WHERE subject = 'nn:stranger' ORDER BY id;
SELECT register_subject(s, '1980-01-01') FROM unnest('{nn:stranger,nn:stranger2,nn:stranger3,nn:stranger4,nn:stranger5}'::text[]) s;
SELECT verdict_of('nn:stranger', 'nn.stats'), verdict_of('nn:stranger2', 'nn.stats.deep'), verdict_of('nn:stranger3', 'nn.task'),
	verdict_of('nn:stranger4', 'nn.offers'), verdict_of('nn:stranger5', 'nn.stats');
-- a Yes of such a person is an error
SELECT give_consent('nn:unknown', 'nn.stats');
SELECT withdraw_objection('nn:unknown', 'nn.stats');
-- of a person who was erased, it is on record, and nothing else
SELECT erase_subject('nn:9') IS NOT NULL;
SET consent_profiling.actor = 'nn:9';
SELECT objection_status(raise_objection('nn:9', 'nn.stats', evidence => '{"mail": 1}')), consent_status(withdraw_consent('nn:9', 'nn.task', notice => 'n')),
	open_request('nn:9', 'objection', purpose => 'nn.stats', evidence => '{"mail": 1}') > 0;
RESET consent_profiling.actor;
SELECT act, purpose, actor, notice, evidence FROM event WHERE subject = tombstone('nn:9') AND salt IS NOT NULL ORDER BY id;
SELECT verdict_of('nn:9', 'nn.stats'), (SELECT count(*) FROM choice WHERE subject = tombstone('nn:9')),
	(SELECT bool_and(event_fits(e)) FROM event e WHERE e.subject = tombstone('nn:9'));
-- an import keeps each of these; one of them does not stop the rest
SELECT import_objections($$SELECT k AS subject, 'nn.stats' AS purpose, make_objection(s, now() + ahead, NULL) AS objection
	FROM (VALUES ('nn:10', 'raised', interval '-1 day'), ('nn:11', 'raised', '2 days'), ('nn:stranger6', 'raised', '0'), ('nn:9', 'raised', '0'), ('nn:stranger7', 'upheld', '30 s')) v (k, s, ahead)$$);
SELECT import_consents($$SELECT k AS subject, 'nn.task' AS purpose, make_consent(s, false, now() + ahead, 'infinity') AS consent
	FROM (VALUES ('nn:10', 'withdrawn', interval '-1 day'), ('nn:11', 'refused', '2 days'), ('nn:stranger6', 'revoked', '0'), ('nn:9', 'refused', '0'), ('nn:12', 'given', '30 s')) v (k, s, ahead)$$);
SELECT count(register_subject(s, '1980-01-01')) FROM unnest('{nn:stranger6,nn:stranger7}'::text[]) s;
SELECT id, verdict_of(id, 'nn.stats'), verdict_of(id, 'nn.task') FROM subject WHERE id::text ~ '^nn:(1[0-2]|stranger[67])$' ORDER BY id;
SELECT act, subject = tombstone('nn:9') AS erased, at <= recorded_at AS now, detail ? 'claimed_at' AS claimed
	FROM event WHERE act LIKE 'import%' AND purpose IN ('nn.stats', 'nn.task') AND id > (SELECT max(id) FROM event) - 14 ORDER BY id;
\set VERBOSITY default
SELECT import_consents($$SELECT k AS subject, 'nn.task' AS purpose, make_consent('given', false, now() + ahead, 'infinity') AS consent
	FROM (VALUES ('nn:unknown', interval '0'), ('nn:9', '0')) v (k, ahead)$$);
SELECT import_objections($$SELECT k AS subject, 'nn.stats' AS purpose, make_objection('withdrawn', now(), NULL) AS objection
	FROM unnest('{nn:unknown,nn:9}'::text[]) k$$);
\set VERBOSITY terse
SELECT import_consents($$SELECT 'nn:12' AS subject, 'nn.task' AS purpose, make_consent('given', false, now() + interval '1 hour', 'infinity') AS consent$$);
-- at a time that no record can hold, a No counts from now
SELECT objection_status(raise_objection('nn:time', 'nn.stats', at => '-infinity')), objection_status(object_to_marketing('nn:time', at => '-infinity')),
	consent_status(refuse_consent('nn:time', 'nn.stats.deep', at => '-infinity')), consent_status(withdraw_consent('nn:time', 'nn.task', at => '0044-03-15 12:00Z BC')),
	consent_status(withdraw_consent('nn:time', 'nn.life', at => '12026-01-01 00:00Z')), open_request('nn:time', 'objection', '-infinity', 'nn.law') > 0;
SELECT act, purpose, recorded_at - at < interval '1 minute' AS now, detail ->> 'claimed_at' FROM event WHERE subject = 'nn:time' ORDER BY id;
SELECT import_objections($$SELECT * FROM (VALUES ('nn:time1', 'nn.stats', 'raised at infinity grounds "x"'), ('nn:time1', 'nn.law', 'Raised at -infinity'), ('nn:time1', 'nn.task', 'upheld at 0044-03-15T12:00:00Z BC'),
	('nn:time1', 'nn.life', 'raised at 12026-01-01T00:00:00Z'), ('nn:time1', 'nn.offers', 'raised at 9999-12-31T23:59:00-01:00')) v (subject, purpose, objection)$$);
SELECT import_consents($$SELECT * FROM (VALUES ('nn:time1', 'nn.stats', 'refused at infinity'), ('nn:time1', 'nn.law', ' withdrawn explicit at -infinity until 2026-01-01T00:00Z'), ('nn:time1', 'nn.task', 'revoked at 0000-01-01T00:00Z'),
	('nn:time1', 'nn.life', 'expired at 0044-03-15 12:00:00+00 BC')) v (subject, purpose, consent)$$);
SELECT purpose, COALESCE(split_part(consent::text, ' at', 1), objection_status(objection) || COALESCE(' ' || objection_grounds(objection), '')),
		recorded_at - at < interval '1 minute' AS now, detail ->> 'claimed_at' FROM event WHERE subject = 'nn:time1' AND purpose IS NOT NULL ORDER BY id;
-- which is no excuse for a Yes, or for what is no time
\set VERBOSITY default
SELECT import_objections($$SELECT 'nn:time1' AS subject, 'nn.stats' AS purpose, o AS objection
	FROM unnest(ARRAY['withdrawn at infinity', 'withdrawn at -infinity', 'overridden at infinity grounds "x"', 'raised at noon', 'raised at 2026-01-01T00:00', 'raised at 2026-02-30T00:00Z', 'raised at infinity or so']) o$$);
SELECT import_consents($$SELECT 'nn:time1' AS subject, 'nn.stats' AS purpose, c AS consent FROM unnest('{given at infinity,renewed at -infinity,requested at infinity,refused at infinity now}'::text[]) c$$);
\set VERBOSITY terse
SELECT give_consent('nn:time1', 'nn.stats', at => '-infinity');
SELECT withdraw_objection('nn:time1', 'nn.stats', at => '-infinity');
-- both the time and the end of a consent are by the client's clock
SELECT give_consent('nn:8', 'nn.task', at => clock_timestamp() + interval '50 s', until => clock_timestamp() + interval '45 s');
SELECT consent_status(give_consent('nn:8', 'nn.task', at => clock_timestamp() + interval '45 s', until => clock_timestamp() + interval '50 s'));
-- what a person who was erased does as the application's user does not name them
SET consent_profiling.actor = 'nn:9';
SELECT register_subject('nn:9', '1980-01-01'), import_subjects($$SELECT 'nn:9' AS subject, date '1980-01-01' AS birth_date$$),
	import_consents($$SELECT 'nn:9' AS subject, 'nn.stats' AS purpose, 'refused at 2026-01-01T00:00Z' AS consent$$),
	import_objections($$SELECT 'nn:9' AS subject, 'nn.stats' AS purpose, 'raised at 2026-01-01T00:00Z' AS objection$$);
SELECT close_request(max(id), 'x') FROM request WHERE subject = tombstone('nn:9');
SELECT count(*), count(actor) FROM event WHERE subject = tombstone('nn:9');
-- another user is named
SET consent_profiling.actor = 'nn:10';
SELECT register_subject('nn:9'), import_consents($$SELECT 'nn:9' AS subject, 'nn.stats' AS purpose, 'refused at 2026-01-01T00:00Z' AS consent$$);
SELECT act, actor FROM event WHERE subject = tombstone('nn:9') AND actor IS NOT NULL ORDER BY id;
RESET consent_profiling.actor;
-- a purpose that does not exist stays an error
SELECT raise_objection('nn:unknown', 'nn.nowhere');
SELECT count(*) FROM subject WHERE id = 'nn:unknown';

---------------------------------------------------------------------
-- how far a No reaches
---------------------------------------------------------------------
SELECT consent_status(withdraw_consent('nn:13')), objection_status(raise_objection('nn:14'));
SELECT * FROM nn_verdict WHERE id IN ('nn:13', 'nn:14') ORDER BY id;
SELECT verdict, article FROM explain_verdict('nn:14', 'nn.task');
-- recorded at the purpose itself it counts on any basis
SELECT count(raise_objection('nn:15', name)) FROM purpose WHERE name IN ('nn.law', 'nn.contract', 'nn.life');
SELECT count(withdraw_consent('nn:16', name)) FROM purpose WHERE name IN ('nn.law', 'nn.contract', 'nn.life');
SELECT * FROM nn_verdict WHERE id IN ('nn:15', 'nn:16') ORDER BY id;
SELECT verdict, article FROM explain_verdict('nn:15', 'nn.law');
-- what the controller found of one consent says nothing of others
SELECT import_consents($$SELECT 'nn:17' AS subject, p AS purpose, make_consent(s, false, now() - ago, 'infinity') AS consent
	FROM (VALUES ('nn.stats.deep', 'given', interval '2 days'), ('nn.stats', 'invalidated', '1 day'), ('profiling', 'expired', '1 day')) v (p, s, ago)$$);
SELECT verdict_of('nn:17', 'nn.stats.deep'), verdict_of('nn:17', 'nn.stats'), verdict_of('nn:17');

---------------------------------------------------------------------
-- all marketing, now and later
---------------------------------------------------------------------
SELECT objection_status(object_to_marketing('nn:18', evidence => '{"letter": 1}')), objection_status(raise_objection('nn:19', 'nn.offers'));
SELECT add_purpose('nn.sms', basis => 'contract', direct_marketing => true), add_purpose('nn.letter', 'nn.offers', 'consent');
SELECT * FROM nn_verdict WHERE id IN ('nn:18', 'nn:19') ORDER BY id;
SELECT act, purpose, evidence FROM event WHERE subject = 'nn:18' AND objection IS NOT NULL;
SELECT verdict, article, detail ~ '^objection to "direct_marketing" of ' FROM explain_verdict('nn:18', 'nn.sms');
-- also one that was written by hand elsewhere in the tree
INSERT INTO purpose VALUES ('nn.stray', 'nn.stats', 'contract', true, false, false, 18, NULL, true, true, true);
SELECT verdict_of('nn:18', 'nn.stray'), may_profile('nn:18', 'nn.stray'), verdict_of('nn:19', 'nn.stray');
DELETE FROM purpose WHERE name = 'nn.stray';
-- no override
SELECT override_objection('nn:18', 'direct_marketing', 'x');
SELECT override_objection('nn:18', 'nn.sms', 'x');

---------------------------------------------------------------------
-- a later, narrower wish
---------------------------------------------------------------------
SELECT consent_status(give_consent('nn:18', 'nn.letter'));
SELECT verdict_of('nn:18', 'nn.letter');
SELECT objection_status(withdraw_objection('nn:18', 'nn.letter'));
SELECT verdict_of('nn:18', 'nn.letter'), verdict_of('nn:18', 'nn.offers'), verdict_of('nn:18', 'nn.sms');
-- there and below
SELECT add_purpose('nn.letter.monthly', 'nn.letter', 'legitimate_interests');
SELECT verdict_of('nn:18', 'nn.letter.monthly');
-- until the person objects again, to all or to that
SELECT objection_status(object_to_marketing('nn:18'));
SELECT verdict_of('nn:18', 'nn.letter');
SELECT objection_status(withdraw_objection('nn:18', 'nn.letter'));
SELECT verdict_of('nn:18', 'nn.letter');
SELECT objection_status(raise_objection('nn:18', 'nn.letter'));
SELECT verdict_of('nn:18', 'nn.letter'), verdict_of('nn:18', 'nn.letter.monthly');
-- where no objection is recorded at the purpose or above
SELECT withdraw_objection('nn:18', 'nn.stats');
SELECT withdraw_objection('nn:19');
SELECT count(*) FROM subject s, purpose p, query_clock() t
	WHERE s.id::text LIKE 'nn:%' AND p.name LIKE 'nn.%' AND verdict_of(s.id, p.name, t) <> verdict_of(s.id, p.name);

DROP TABLE nn_column;
DROP VIEW nn_verdict;
DELETE FROM request; DELETE FROM choice WHERE purpose LIKE 'nn.%' OR subject::text LIKE 'nn:%';
DELETE FROM subject WHERE id::text LIKE 'nn:%' OR erased_at IS NOT NULL;
SELECT count(drop_purpose(name)) FROM (SELECT name FROM purpose WHERE name LIKE 'nn.%' ORDER BY (SELECT count(*) FROM lineage(name)) DESC) p;
