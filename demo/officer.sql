-- The second part of the story: a day of the data protection officer. Robin is
-- who withdrew in step 6 of the first part, Kim another whom the analyst sees.
-- Whatever a step gives is compared with what it must give.

\c - postgres
\set robin :person
SELECT min(customer) AS kim FROM allowed WHERE customer > :robin \gset
SELECT birth_date AS kim_born FROM customer WHERE id = :kim \gset

\echo
\echo '====================================================================='
\echo '== The officer''s day'
\echo '====================================================================='
\echo
\echo '-- To obey the rules is one half; the other is to be able to show it (GDPR Art. 5(2)). Two people'
\echo '-- keep the officer busy today: Kim, who is customer' :kim 'in the table, and Robin, who is customer' :robin
\echo '-- and has just unsubscribed. The DBA lets everybody''s sessions say on whose behalf they act.'
\echo
\echo '-- [dba]'
\set ECHO queries
ALTER ROLE dpo SET consent_profiling.actor = 'officer Li';
ALTER ROLE app SET consent_profiling.actor = 'service desk';
\set ECHO none

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 8. What did we know, and when? (Art. 5(2))'
\echo '---------------------------------------------------------------------'
\echo
\c - app
\echo '-- [app] Robin calls: "Two weeks ago I sent you an objection!" The letter is found, and recorded as'
\echo '-- of the day when it came.'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.raise_objection(:robin, 'direct_marketing',
           at => current_date - 14, evidence => '{"letter": "2026/17"}');
\set ECHO none
\o
\c - dpo
\echo
\echo '-- [dpo] What did the gate answer about Robin in step 4, by what was known then? And what would'
\echo '-- have been right at that moment, by what is known now?'
\echo
\set ECHO queries
SELECT known, e.verdict, e.article
FROM (VALUES ('then', NULL), ('now', now())) AS k (known, at),
     consent_profiling.explain_verdict(:robin, 'newsletter_targeting',
         as_of => :'looked_at', known_at => k.at) AS e;
\set ECHO none
SELECT demo_check('known then, known now',
	concat_ws(', ', consent_profiling.verdict_of(:robin, 'newsletter_targeting', :'looked_at'),
			  consent_profiling.verdict_of(:robin, 'newsletter_targeting', :'looked_at', now())),
	'permitted, objected') :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 9. Nobody rewrites the history unnoticed (Art. 5(1)(f), 5(2))'
\echo '---------------------------------------------------------------------'
\echo
\echo '-- [dpo] The officer seals all that has been recorded, and keeps the line where nobody in charge of'
\echo '-- the database can change it: in print, or with a notary.'
\echo
\pset format unaligned
\pset tuples_only on
\set ECHO queries
SELECT consent_profiling.seal_history();
\set ECHO none
\pset tuples_only off
\pset format aligned
SELECT consent_profiling.export_seal() AS seal \gset
\c - postgres
\echo
\echo '-- [dba] Somebody who may do everything would rather that Robin''s letter had never come.'
\echo
\set try 'DELETE FROM consent_profiling.event\n    WHERE subject OPERATOR(consent_profiling.=) ' :robin ' AND act = ''raise_objection'';'
\echo :try
SELECT demo_refused(:'try', 'the history is append-only') :print
\echo
\echo '-- That was the guard against accidents. To get around it takes purpose, and leaves a trace:'
\echo
\set ECHO queries
BEGIN;
ALTER TABLE consent_profiling.event DISABLE TRIGGER keep_event;
UPDATE consent_profiling.event SET at = now()
    WHERE subject OPERATOR(consent_profiling.=) :robin AND act = 'raise_objection';
SELECT problem FROM consent_profiling.verify_history();
\set ECHO none
SELECT id AS robins_objection FROM consent_profiling.event
	WHERE subject OPERATOR(consent_profiling.=) :robin AND act = 'raise_objection' \gset
SELECT demo_check('what is found', problem, format('event %s was changed', :robins_objection))
	FROM consent_profiling.verify_history() :print
\echo
\echo '-- An event that is gone has no hash that could be wrong, but the seal covers it. The officer'
\echo '-- verifies by the line that was kept, here in the variable seal:'
\echo
\set ECHO queries
DELETE FROM consent_profiling.event
    WHERE subject OPERATOR(consent_profiling.=) :robin AND act = 'raise_objection';
SET LOCAL ROLE dpo;
\set ECHO none
\echo 'SELECT problem FROM consent_profiling.verify_history(seal => :''seal'');'
SELECT problem FROM consent_profiling.verify_history(seal => :'seal');
SELECT demo_check('what is found', problem, format('event %s was removed after seal 1', :robins_objection))
	FROM consent_profiling.verify_history(seal => :'seal') :print
\echo
\echo '-- Enough of that.'
\echo
\set ECHO queries
ROLLBACK;
\set ECHO none
\c - dpo
\echo
\echo '-- [dpo]'
\echo 'SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => :''seal'');'
SELECT unsealed, event, problem FROM consent_profiling.verify_history(seal => :'seal');
SELECT demo_check('what is found', COALESCE(problem, 'nothing'), 'nothing')
	FROM consent_profiling.verify_history(seal => :'seal') :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 10. Who consents can be shown to have consented, and to what (Art. 7(1), 13)'
\echo '---------------------------------------------------------------------'
\echo
\echo '-- [dpo] Who is responsible, and what people are told, with the hash of the text:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.set_controller('Acme Ltd', address => '1 Main Street, Riga',
           contact => 'https://acme.example/privacy', dpo_contact => 'dpo@acme.example',
           jurisdiction => 'EU');
SELECT consent_profiling.add_notice('newsletter', 'en', 'https://acme.example/notice.html',
           sha256 => encode(sha256('By what you do we choose what to write to you about.'), 'hex'));
\set ECHO none
\o
\c - app
\echo
\echo '-- [app] Kim consents anew, having read that:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.give_consent(:kim, 'newsletter_targeting', explicit => true,
           until => now() + interval '1 year', notice => 'newsletter', evidence => '{"form": 12}');
\set ECHO none
\o
\c - dpo
\echo
\echo '-- [dpo] The record of it is JSON after ISO/IEC TS 27560. Some of what it holds:'
\echo
\set ECHO queries
\x on
SELECT r ->> 'consent_status' AS consent_status,
       r #>> '{party_identification,0,party_name}' AS controller,
       r #>> '{pii_processing,privacy_notice,0,url}' AS told_in,
       r #>> '{pii_processing,privacy_notice,0,version}' AS version,
       r #>> '{pii_processing,purposes,0,withdrawal_method,is_exercised_at}' AS withdraw_at,
       jsonb_array_length(r -> 'consent_events') AS events
FROM consent_profiling.consent_record(:kim, 'newsletter_targeting') AS r;
\x off
\set ECHO none
SELECT demo_check('the record',
	concat_ws(', ', r ->> 'consent_status', r #>> '{party_identification,0,party_name}',
			  r #>> '{pii_processing,privacy_notice,0,version}', r #>> '{consent_events,-1,act}'),
	'https://w3id.org/dpv#ConsentGiven, Acme Ltd, 1, give_consent')
	FROM consent_profiling.consent_record(:kim, 'newsletter_targeting') AS r :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 11. Who asks has an answer within a month (Art. 12(3))'
\echo '---------------------------------------------------------------------'
\echo
\c - app
\echo '-- [app] Kim wants to know what is recorded (Art. 15), and objects to being evaluated for planning'
\echo '-- what to keep in stock (Art. 21(1)). And a letter of Robin''s turns up, which lay in a drawer.'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.open_request(:kim, 'access');
SELECT consent_profiling.open_request(:kim, 'objection', purpose => 'stock_planning');
SELECT consent_profiling.open_request(:robin, 'access', received_at => '2024-01-31 10:00Z');
\set ECHO none
\o
\c - dpo
\echo
\echo '-- [dpo] A month is a calendar month; of 31 January it ends with February.'
\echo
\set ECHO queries
SELECT id, subject, "right", received_at::date AS received, due_on
FROM consent_profiling.request ORDER BY id;
\set ECHO none
SELECT min(id) AS kims_access, min(id) + 1 AS kims_objection, max(id) AS robins_access
	FROM consent_profiling.request \gset
SELECT demo_check('due dates',
	string_agg(due_on::text, ', ' ORDER BY id),
	concat_ws(', ', (max(received_at)::date + interval '1 month')::date,
			  (max(received_at)::date + interval '1 month')::date, '2024-02-29'))
	FROM consent_profiling.request :print

\echo
\echo '-- What the objection is against has ended already, whatever the answer will be; until there is one,'
\echo '-- it restricts (Art. 18(1)(d)):'
\echo
\set ECHO queries
SELECT subject, ground, article, purpose FROM consent_profiling.restriction
WHERE purpose = 'stock_planning';
\set ECHO none
SELECT demo_check('may Kim be evaluated for the stock', verdict::text, 'objected')
	FROM consent_profiling.verdict_of(:kim, 'stock_planning') AS verdict :print
\echo
\echo '-- To weigh it takes longer; the time can be extended by two months, once, and within the first:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.extend_request(:kims_objection, 'three years of purchases to go through');
\set ECHO none
\o
\echo
SELECT demo_check('due now', due_on::text, (received_at::date + interval '3 months')::date::text)
	FROM consent_profiling.request WHERE id = :kims_objection :print
\echo
\set try 'SELECT consent_profiling.extend_request(' :robins_access ', ''it lay in a drawer'');'
\echo :try
SELECT demo_refused(:'try', format('the first month of request %s is over', :robins_access)) :print
\echo
\echo '-- What Kim asked for, in words, to be enclosed with a letter. How it begins, and what it says about'
\echo '-- the newsletter:'
\echo
\pset format unaligned
\pset tuples_only on
\set ECHO queries
SELECT line FROM string_to_table(consent_profiling.subject_report_text(:kim), E'\n') AS line LIMIT 19;
\echo '[...]'
\echo
SELECT substring(consent_profiling.subject_report_text(:kim) FROM 'newsletter_targeting\n.*?(?=\n\n)');
\set ECHO none
\echo '[...]'
\echo
\pset tuples_only off
\pset format aligned
SELECT demo_check('lines are of at most', max(length(line))::text, '78')
	FROM string_to_table(consent_profiling.subject_report_text(:kim), E'\n') AS line :print
\echo
\echo '-- Which answers are late?'
\echo
\set ECHO queries
SELECT request, subject, "right", due_on FROM consent_profiling.request_overdue;
\set ECHO none
SELECT demo_check('late', string_agg(request::text, ', '), :'robins_access')
	FROM consent_profiling.request_overdue :print
\echo
\echo '-- Robin gets a report as well, with an apology. Kim''s objection is found justified.'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.close_request(:kims_access, 'report sent');
SELECT consent_profiling.close_request(:robins_access, 'report sent, with an apology');
SELECT consent_profiling.uphold_objection(:kim, 'stock_planning');
SELECT consent_profiling.close_request(:kims_objection, 'objection upheld');
\set ECHO none
\o
\echo
SELECT demo_check('requests that are open', count(*)::text, '0')
	FROM consent_profiling.request WHERE closed_at IS NULL :print
SELECT demo_check('may Kim be evaluated for the stock', verdict::text, 'objected')
	FROM consent_profiling.verdict_of(:kim, 'stock_planning') AS verdict :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 12. Who says that data is wrong is left alone until it is right (Art. 16, 18, 19)'
\echo '---------------------------------------------------------------------'
\echo
\echo '-- [dpo] The newsletter is printed by somebody else, who must hear of whatever is corrected,'
\echo '-- restricted or erased (Art. 19):'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.add_recipient('printer', category => 'processor',
           contact => 'privacy@printer.example');
\set ECHO none
\o
\c - app
\echo
\echo '-- [app] Kim''s address goes to the printer:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.record_disclosure(:kim, 'printer', 'newsletter_targeting');
\set ECHO none
\o
\c - analyst
SELECT count(*) AS before FROM profile \gset
\c - dpo
\echo
\echo '-- [dpo] Kim writes that the birth date is wrong. While that is looked into (Art. 18(1)(a)), Kim is'
\echo '-- not profiled:'
\echo
SELECT now() AS this_morning \gset
\o /dev/null
\set ECHO queries
SELECT consent_profiling.restrict_subject(:kim, 'accuracy contested: birth date');
\set ECHO none
\o
\c - analyst
\echo
\echo '-- [analyst]'
\set ECHO queries
SELECT count(*) AS seen FROM profile WHERE customer = :kim;
\set ECHO none
SELECT count(*) AS seen_now FROM profile \gset
SELECT demo_check('people seen', :'seen_now', (:before - 1)::text) :print
\c - app
\echo
\echo '-- [app] Kim is a day younger. Nothing but the table of customers needs to be corrected:'
\echo
\set ECHO queries
UPDATE customer SET birth_date = birth_date + 1 WHERE id = :kim;
\set ECHO none
\c - dpo
\echo
\echo '-- [dpo] Both are news for the printer, until it is recorded that the printer was told:'
\echo
\set ECHO queries
SELECT subject, recipient, cause, contact FROM consent_profiling.notification_due ORDER BY due_since;
\set ECHO none
SELECT demo_check('causes', string_agg(cause, ', ' ORDER BY due_since), 'restriction, rectification')
	FROM consent_profiling.notification_due :print
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.record_notified(notification, evidence => '{"mail": 17}')
FROM consent_profiling.notification_due;
\set ECHO none
\o
\echo
\echo '-- A restriction ends when the person has been told so, not before (Art. 18(3)):'
\echo
\set try 'SELECT consent_profiling.lift_restriction(' :kim ', informed_at => ''' :this_morning ''');'
\echo :try
SELECT demo_refused(:'try', 'informed_at lies before the restriction') :print
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.lift_restriction(:kim, informed_at => now());
\set ECHO none
\o
\c - analyst
\echo
\echo '-- [analyst]'
\set ECHO queries
SELECT count(*) AS seen FROM profile WHERE customer = :kim;
\set ECHO none
SELECT count(*) AS seen_now FROM profile \gset
SELECT demo_check('people seen', :'seen_now', :'before') :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 13. Who is decided upon by a machine may have a human look at it (Art. 22)'
\echo '---------------------------------------------------------------------'
\echo
\c - postgres
\echo '-- [dba] Who may pay later is to be decided automatically. To print labels for parcels is not'
\echo '-- profiling at all, since it evaluates nobody (Art. 4(4)), but can be described like the rest.'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.add_purpose('pay_later', automated_decision => true);
SELECT consent_profiling.allow_purpose('app', 'pay_later');
SELECT consent_profiling.add_purpose('parcel_labels', basis => 'contract',
           evaluates_person => false);
\set ECHO none
\o
\c - dpo
\echo
\echo '-- [dpo] From the record of processing activities (Art. 30), with the three elements of profiling:'
\echo
\set ECHO queries
SELECT purpose, article, automated AS auto, personal_data AS personal,
       evaluates_person AS evaluates, gate_applies AS gate
FROM unnest('{newsletter_targeting, pay_later, parcel_labels}'::text[]) AS name,
     consent_profiling.describe_purpose(name);
\set ECHO none
SELECT demo_check('gates', string_agg(concat_ws(' ', purpose, gate_applies), ', '),
	'newsletter_targeting t, pay_later t, parcel_labels f')
	FROM unnest('{newsletter_targeting, pay_later, parcel_labels}'::text[]) AS name,
		 consent_profiling.describe_purpose(name) :print
\c - app
\echo
\echo '-- [app] Kim consents to be evaluated, which allows no decision yet: that takes an explicit consent'
\echo '-- (Art. 22(2)(c)).'
\echo
\set ECHO queries
SELECT consent_profiling.give_consent(:kim, 'pay_later');
SELECT consent_profiling.may_profile(:kim, 'pay_later') AS profile,
       consent_profiling.may_decide(:kim, 'pay_later') AS decide;
\set ECHO none
SELECT consent_profiling.may_profile(:kim, 'pay_later') AS profile, consent_profiling.may_decide(:kim, 'pay_later') AS decide \gset
SELECT demo_check('to profile, to decide', concat_ws(', ', :'profile', :'decide'), 't, f') :print
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.give_consent(:kim, 'pay_later', explicit => true);
\set ECHO none
\o
\echo
SELECT demo_check('to decide', consent_profiling.may_decide(:kim, 'pay_later')::text, 'true') :print
\echo
\echo '-- The machine says No, and Kim contests that (Art. 22(3)). Until a human has looked, the machine may'
\echo '-- decide nothing more about Kim:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.request_review(:kim, 'pay_later', evidence => '{"says": "I paid that bill"}');
\set ECHO none
\o
\echo
SELECT demo_check('to decide', consent_profiling.may_decide(:kim, 'pay_later')::text, 'false') :print
\c - dpo
\echo
\echo '-- [dpo] What is there to be looked at, and what came of it:'
\echo
\set ECHO queries
SELECT subject, purpose FROM consent_profiling.review WHERE reviewed_at IS NULL;
\o /dev/null
SELECT consent_profiling.record_review(:kim, 'pay_later',
           outcome => 'the bill was paid; Kim may pay later', by => 'M. Jansen');
\set ECHO none
\o
\c - app
\echo
SELECT demo_check('to decide', consent_profiling.may_decide(:kim, 'pay_later')::text, 'true') :print
\c - dpo
SELECT demo_check('reviews that are open', count(*)::text, '0')
	FROM consent_profiling.review WHERE reviewed_at IS NULL :print

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 14. Who wants to be forgotten is, and stays so (Art. 17)'
\echo '---------------------------------------------------------------------'
\echo
\c - app
\echo '-- [app] In the afternoon Kim has had enough, and wants to be erased. The application clears its'
\echo '-- own table:'
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.open_request(:kim, 'erasure');
DELETE FROM customer WHERE id = :kim;
\set ECHO none
\o
\c - dpo
SELECT max(id) AS kims_erasure FROM consent_profiling.request \gset
\echo
\echo '-- [dpo] Kim is erased from the registry. What is kept all the same, and because of what?'
\echo
\set ECHO queries
SELECT what, rows, substring(why FROM 'Art. .*') AS because_of
FROM jsonb_to_recordset(consent_profiling.erase_subject(:kim) -> 'kept')
         AS kept (what text, rows int, why text);
\set ECHO none
\echo '-- The tombstone is a hash of the key that only this database can make. Under it the history stands,'
\echo '-- without what it said of Kim, such as that a bill was paid:'
\echo
\set ECHO queries
SELECT left(subject::text, 14) || '...' AS subject, act, caller, actor, evidence
FROM consent_profiling.event
WHERE subject OPERATOR(consent_profiling.=)
          (SELECT subject FROM consent_profiling.request WHERE id = :kims_erasure)
ORDER BY id DESC LIMIT 4;
\set ECHO none
SELECT demo_check('events that name Kim', count(*)::text, '0') FROM consent_profiling.event
	WHERE subject OPERATOR(consent_profiling.=) :kim :print
\c - app
\echo
\echo '-- [app] Somebody plays back an old backup, which registers nobody, and signs Kim up for the'
\echo '-- newsletter again:'
\echo
\set ECHO queries
INSERT INTO customer VALUES (:kim, :'kim_born');
\set ECHO none
\set try 'SELECT consent_profiling.give_consent(' :kim ', ''newsletter_targeting'', explicit => true);'
\echo :try
SELECT demo_refused(:'try', format('subject "%s" has been erased', :kim)) :print
\c - analyst
\echo
\echo '-- [analyst]'
\set ECHO queries
SELECT count(*) AS seen FROM profile WHERE customer = :kim;
\set ECHO none
SELECT count(*) AS seen_now FROM profile \gset
SELECT demo_check('people seen', :'seen_now', (:before - 1)::text) :print
\c - dpo
SELECT demo_check('the verdict on Kim', verdict::text, 'erased')
	FROM consent_profiling.verdict_of(:kim, 'newsletter_targeting') AS verdict :print
\echo
\echo '-- [dpo] The printer has to erase Kim as well; until the printer was told, the queue knows the key'
\echo '-- (Art. 19):'
\echo
\set ECHO queries
SELECT subject, recipient, cause FROM consent_profiling.notification_due;
\set ECHO none
SELECT demo_check('to be told', concat_ws(', ', subject, recipient, cause), concat_ws(', ', :kim, 'printer', 'erasure'))
	FROM consent_profiling.notification_due :print
\echo
\o /dev/null
\set ECHO queries
SELECT consent_profiling.record_notified(notification, evidence => '{"mail": 18}')
FROM consent_profiling.notification_due;
SELECT consent_profiling.close_request(:kims_erasure, 'erased, and Kim told what is kept');
\set ECHO none
\o

\echo
\echo '---------------------------------------------------------------------'
\echo '-- 15. In the evening'
\echo '---------------------------------------------------------------------'
\echo
\echo '-- [dpo] Does the history still fit the line of this morning, although Kim has been erased from it?'
\echo '-- Then the day is sealed, too.'
\echo
\echo 'SELECT unsealed > 0 AS "new", event, problem FROM consent_profiling.verify_history(seal => :''seal'');'
SELECT unsealed > 0 AS "new", event, problem FROM consent_profiling.verify_history(seal => :'seal');
SELECT demo_check('what is found', COALESCE(problem, 'nothing'), 'nothing')
	FROM consent_profiling.verify_history(seal => :'seal') :print
\echo
\pset format unaligned
\pset tuples_only on
\set ECHO queries
SELECT consent_profiling.seal_history();
\set ECHO none
\pset tuples_only off
\pset format aligned
\echo
SELECT demo_check('requests, reviews and notices left, events not sealed',
	concat_ws(', ', (SELECT count(*) FROM consent_profiling.request WHERE closed_at IS NULL),
			  (SELECT count(*) FROM consent_profiling.review WHERE reviewed_at IS NULL),
			  (SELECT count(*) FROM consent_profiling.notification_due),
			  (SELECT unsealed FROM consent_profiling.verify_history())),
	'0, 0, 0, 0') :print
\echo
\echo '-- [dpo] The whole picture is one page of HTML, for a browser or for paper. What it says is to be done:'
\echo
\set ECHO queries
CREATE TEMPORARY TABLE page AS SELECT consent_profiling.compliance_report() AS html;
SELECT m[1] AS figure, m[2] AS value
FROM page, regexp_matches(html, 'data-figure="(\w+)">([0-9,]+)', 'g') AS m
LIMIT 6;
\set ECHO none
SELECT demo_check('objections pending, by the page',
	(SELECT m[1] FROM page, regexp_match(html, 'data-figure="pending">([0-9,]+)') AS m),
	(SELECT to_char(count(purpose), 'FM999,999,990') FROM consent_profiling.restriction)) :print
