-- A newsletter that may not go by everybody's data: see ./run.
--
-- With the variable "data" the people are those of the UCI Adult file that it
-- names, otherwise made-up customers. What differs is in adult/ and customers/.
-- Every count that the analyst sees is compared with one that does without the
-- extension (allowed.sql); when they differ, the demo ends with an error. The
-- second part is in officer.sql.

\set ON_ERROR_STOP on
\pset footer off
-- put after a query in place of the semicolon
\set print '\\g (format=unaligned tuples_only=on)'
\set people customers
\if :{?data}
	\set people adult
\endif

\ir setup.sql
\ir :people/load.sql
\ir choices.sql
\ir allowed.sql

SELECT count(*) AS everybody FROM profile \gset

\echo '---------------------------------------------------------------------'
\echo '-- 1. Before: the analyst sees everybody'
\echo '---------------------------------------------------------------------'
\echo
\c - analyst
\echo '-- [analyst] Which segment gets which newsletter? An ordinary query:'
\echo
\set ECHO queries
\ir :people/segments.sql
\set ECHO none
SELECT count(*) AS seen FROM profile \gset
SELECT demo_check('people seen', :'seen', :'everybody') :print

\echo
\echo '-- Among them are children, people who objected, who said no, or who were never asked.'
\echo
\echo '---------------------------------------------------------------------'
\echo '-- 2. The DBA installs the extension, says what profiling is for, and for whom'
\echo '---------------------------------------------------------------------'
\echo
\c - postgres
\echo '-- [dba]'
\set ECHO queries
CREATE EXTENSION consent_profiling;
\set ECHO none
\echo
\echo '-- Purposes form a tree below "profiling". All direct marketing is at or below "direct_marketing", so'
\echo '-- that an objection to that reaches what is added later. A consent is to one purpose only. No'
\echo '-- override holds against direct marketing,'
\echo :reason_for_special_category
\echo '-- and so it takes an explicit consent.'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.add_purpose('newsletter_targeting', direct_marketing => true,
           special_category => true);
SELECT consent_profiling.add_purpose('stock_planning', basis => 'legitimate_interests');
\set ECHO none
\echo
\echo '-- Who may profile for what, and who records and who decides. (The roles exist already.)'
\echo
\set ECHO queries
SELECT consent_profiling.allow_purpose('analyst', 'newsletter_targeting');
SELECT consent_profiling.grant_duty('app', 'recorder');
SELECT consent_profiling.grant_duty('dpo', 'officer');
\set ECHO none
\echo
\echo '-- The table of customers stays the source of truth for who there is and when they were born.'
\echo
\set ECHO queries
SELECT consent_profiling.track_subjects('customer', 'id', 'birth_date');
\set ECHO none
\echo
\echo '-- And from here on the analyst does not see those who may not be profiled.'
\echo
\set ECHO queries
SELECT consent_profiling.protect('profile', 'customer', '{analyst}', 'newsletter_targeting');
\o
SELECT relation, subject_column, purpose, roles FROM consent_profiling.protected_table;
\set ECHO none

\echo '-- Nobody has been asked so far, so the analyst sees nobody:'
\echo
\c - analyst
\set ECHO queries
SELECT count(*) AS seen FROM profile;
\set ECHO none
SELECT count(*) AS seen FROM profile \gset
SELECT demo_check('people seen', :'seen', '0') :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 3. The application records what people said'
\echo '---------------------------------------------------------------------'
\echo
\c - app
\echo '-- [app] It says on whose behalf it acts, for the history, and brings in what it collected in'
\echo '-- its own tables: answers to the consent form, and letters of objection.'
\echo :origin_of_choices
\echo
\set ECHO queries
SET consent_profiling.actor = 'migration';
SELECT consent_profiling.import_consents($$
    SELECT customer AS subject, purpose,
           consent_profiling.make_consent(answer, explicit, at, until) AS consent
    FROM form $$);
SELECT consent_profiling.import_objections($$
    SELECT customer AS subject, purpose,
           consent_profiling.make_objection(kind, at, NULL) AS objection
    FROM letter $$);
\set ECHO none

\c - dpo
\echo '-- [dpo] The officer restricts processing where somebody contests the data, erases where somebody'
\echo '-- asked for that, and overrides objections to everything where compelling grounds are on record.'
\echo '-- Against direct marketing, and so against our newsletter, such an override does nothing.'
\echo
\o /dev/null
\set ECHO queries
SET consent_profiling.actor = 'officer Li';
SELECT consent_profiling.restrict_subject(customer, 'accuracy contested')
    FROM dpo_case WHERE request = 'restrict';
SELECT consent_profiling.erase_subject(customer)
    FROM dpo_case WHERE request = 'erase';
SELECT consent_profiling.override_objection(customer, 'profiling', 'recall of unsafe goods')
    FROM dpo_case WHERE request = 'override';
\set ECHO none
\o

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 4. After: the same query, unchanged'
\echo '---------------------------------------------------------------------'
\echo
\c - analyst
\echo '-- [analyst]'
\set ECHO queries
\ir :people/segments.sql
\set ECHO none
SELECT count(*) AS seen, left(md5(string_agg(customer::text, ',' ORDER BY customer)), 8) AS who,
	now() AS looked_at
	FROM profile \gset
\echo '-- As many, and the same people, as plain SQL finds without the extension (demo/allowed.sql):'
\echo
\c - postgres
SELECT count(*) AS expected, left(md5(string_agg(customer::text, ',' ORDER BY customer)), 8) AS expected_who
	FROM allowed \gset
SELECT demo_check('people seen', :'seen', :'expected') :print
SELECT demo_check('fingerprint of who they are', :'who', :'expected_who') :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 5. Why not the others?'
\echo '---------------------------------------------------------------------'
\echo
\c - dpo
\echo '-- [dpo] How many people fall under which verdict (the first that applies):'
\echo
\set ECHO queries
SELECT verdict, count(customer) AS people,
       repeat('#', ceil(50.0 * count(customer) / max(count(customer)) OVER ())::int) AS chart
FROM unnest(enum_range(NULL::consent_profiling.verdict)) AS verdict
     LEFT JOIN (SELECT customer,
                       consent_profiling.verdict_of(customer, 'newsletter_targeting') AS verdict
                FROM profile) AS p USING (verdict)
GROUP BY verdict ORDER BY verdict;
\set ECHO none
SELECT count(*) FILTER (WHERE verdict = 'child') AS children,
	count(*) FILTER (WHERE verdict = 'permitted') AS permitted
	FROM (SELECT consent_profiling.verdict_of(customer, 'newsletter_targeting') AS verdict FROM profile) v \gset
\c - postgres
SELECT count(*) AS expected_children FROM age WHERE years < 18 \gset
SELECT demo_check('children', :'children', :'expected_children') :print
SELECT demo_check('permitted', :'permitted', :'seen') :print

SELECT min(customer) AS overridden FROM dpo_case JOIN allowed_but_for_letters USING (customer)
	WHERE request = 'override' \gset
\c - dpo
\echo
\echo '-- One of those whose objection to everything was overridden: it still holds for the newsletter,'
\echo '-- but no longer for planning what to keep in stock.'
\echo
\set ECHO queries
SELECT purpose, e.verdict, e.detail
FROM unnest('{newsletter_targeting, stock_planning}'::text[]) AS purpose,
     consent_profiling.explain_verdict(:overridden, purpose) AS e;
\set ECHO none
SELECT demo_check('the two verdicts',
	concat_ws(', ', consent_profiling.verdict_of(:overridden, 'newsletter_targeting'),
			  consent_profiling.verdict_of(:overridden, 'stock_planning')),
	'objected, permitted') :print
\echo

\echo '---------------------------------------------------------------------'
\echo '-- 6. Somebody withdraws, and is gone from the very next query'
\echo '---------------------------------------------------------------------'
\echo
\c - postgres
SELECT min(customer) AS person FROM allowed \gset
\c - analyst
\echo '-- [analyst]'
\set ECHO queries
SELECT count(*) AS seen FROM profile;
\set ECHO none
\c - app
\echo '-- [app] A click on "unsubscribe":'
\echo
\set ECHO queries
SET consent_profiling.actor = 'web form';
SELECT consent_profiling.withdraw_consent(:person, 'newsletter_targeting',
           notice => 'newsletter footer, version 3');
\set ECHO none
\c - analyst
\echo '-- [analyst]'
\set ECHO queries
SELECT count(*) AS seen FROM profile;
\set ECHO none
SELECT count(*) AS seen_now, count(*) FILTER (WHERE customer = :person) AS person_seen FROM profile \gset
SELECT demo_check('people seen', :'seen_now', (:seen - 1)::text) :print
SELECT demo_check('rows of that person seen', :'person_seen', '0') :print

\c - dpo
\echo
\echo '-- [dpo] Why, and who recorded what when?'
\echo
\set ECHO queries
\x on
SELECT verdict, article, detail
FROM consent_profiling.explain_verdict(:person, 'newsletter_targeting');
\x off
SELECT act, caller, actor, consent_profiling.consent_status(consent) AS consent, notice
FROM consent_profiling.event
WHERE subject OPERATOR(consent_profiling.=) :person ORDER BY id;
\set ECHO none

\echo '---------------------------------------------------------------------'
\echo '-- 7. A birthday changes the verdict, and nobody has to do anything'
\echo '---------------------------------------------------------------------'
\echo
\c - app
SELECT (current_date + 2 - interval '18 years')::date AS birth_date \gset
\echo '-- [app] Somebody signs up who turns 18 the day after tomorrow. The trigger of track_subjects'
\echo '-- registers them.'
\echo
\set ECHO queries
INSERT INTO customer (id, birth_date) VALUES (1000001, :'birth_date');
\set ECHO none
\c - dpo
\echo
\echo '-- [dpo] Until when is this a child? Until that day has begun everywhere on Earth:'
\echo
\set ECHO queries
\x on
SELECT verdict, article, detail, until
FROM consent_profiling.explain_verdict(1000001, 'newsletter_targeting');
\x off
\set ECHO none
SELECT verdict || ', ' || CASE WHEN until BETWEEN now() AND now() + interval '3 days'
		THEN 'not for long' ELSE 'for long' END AS minor
	FROM consent_profiling.explain_verdict(1000001, 'newsletter_targeting') \gset
SELECT demo_check('the new customer', :'minor', 'child, not for long') :print

\ir officer.sql

\echo
\echo '-- That is all. The README explains the rest; "make test" runs the tests.'
