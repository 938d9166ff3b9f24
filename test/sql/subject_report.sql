-- what is recorded about somebody: the report and its text, compared with the tables
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'Pacific/Chatham';
SET datestyle = 'SQL, DMY';

-- without what differs from run to run: times of today, ids, who runs it
CREATE FUNCTION still(report text) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(replace(regexp_replace(report,
		'\m' || extract(year FROM now() AT TIME ZONE 'UTC') || '-\d\d-\d\d[T ][0-9:.]+(Z| UTC)', 'NOW', 'g'),
		current_user, 'me'),
		'"id": \d+', '"id": N', 'g'), '(detail": "objection to "\S+" of )\S+', '\1NOW', 'g')
$$;
SELECT add_purpose('rep', description => 'all of it'), add_purpose('rep.news', direct_marketing => true),
	add_purpose('rep.news.eu', 'rep.news'), add_purpose('rep.score', 'rep', 'contract', automated_decision => true, minimum_age => 21),
	add_purpose('rep.health', 'rep', special_category => true),
	add_purpose('rep.stats', 'rep', 'legitimate_interests', evaluates_person => false),
	add_purpose('rep.fraud', 'rep', 'legitimate_interests');

---------------------------------------------------------------------
-- somebody of whom hardly anything is known
---------------------------------------------------------------------
SELECT register_subject('rep-1');
SELECT still(jsonb_pretty((subject_report('rep-1') - 'purposes' - 'rights')));
SELECT jsonb_array_length(subject_report('rep-1') -> 'purposes') = count(*) FROM purpose;

---------------------------------------------------------------------
-- somebody of whom much is
---------------------------------------------------------------------
SELECT set_controller('Acme', '1 Main Street', 'privacy@acme.example', 'dpo@acme.example', 'EU');
SELECT add_notice('rep-n', 'en', 'https://acme.example/n', repeat('a', 64)), add_notice('rep-n', 'de', 'https://acme.example/n', repeat('b', 64));
SELECT register_subject('rep-2', '1979-05-06'), rectify_birth_date('rep-2', '1979-06-05', '{"seen": "passport"}');
SET consent_profiling.actor = 'form 7';
SELECT consent_status(request_consent('rep-2', 'rep', at => '2020-01-01 00:00Z')),
	consent_status(give_consent('rep-2', 'rep', at => '2020-01-02 00:00Z', until => '2920-01-01 00:00Z', notice => 'oral', evidence => '{"by": {"phone": true}, "of": ["a", 1.50, null, [], {}]}')),
	consent_status(give_consent('rep-2', 'rep.news', notice => 'rep-n')),
	consent_status(give_consent('rep-2', 'rep.health', explicit => true, at => '2020-01-03 00:00:00.123456Z')),
	consent_status(withdraw_consent('rep-2', 'rep.health', at => '2020-01-04 00:00Z'));
RESET consent_profiling.actor;
SELECT objection_status(raise_objection('rep-2', 'rep.news', at => '2020-02-01 00:00Z')),
	objection_status(raise_objection('rep-2', 'rep.fraud', at => '2020-02-02 00:00Z')),
	objection_status(override_objection('rep-2', 'rep.fraud', 'charge-backs, file 17', at => '2020-02-03 00:00Z'));
INSERT INTO recipient (name, category, contact, added_at) VALUES ('Mailer', 'processor', 'm@x.example', now());
INSERT INTO disclosure (subject, recipient, purpose, first_at, last_at) VALUES
	('rep-2', 'Mailer', 'rep.news', '2020-01-01 00:00Z', '2020-01-02 00:00Z'), ('rep-2', 'Mailer', 'rep', '2020-01-01 00:00Z', '2020-01-01 00:00Z'),
	('rep-2', 'Bureau', 'rep.score', '2020-01-01 00:00Z', '2020-01-01 00:00Z'), ('rep-1', 'Mailer', 'rep', now(), now());
INSERT INTO review (subject, purpose, requested_at, reviewed_at, outcome, reviewed_by) VALUES
	('rep-2', 'rep.fraud', '2020-03-01 00:00Z', '2020-03-02 00:00Z', 'reversed', 'B. Bright'), ('rep-2', 'rep.score', '2020-03-03 00:00Z', NULL, NULL, NULL),
	('rep-1', 'rep.fraud', '2020-03-03 00:00Z', NULL, NULL, NULL);
INSERT INTO request (subject, "right", received_at, due_on, extended_at, extension_reason, closed_at, outcome) VALUES
	('rep-2', 'access', '2020-04-01 00:00Z', '2020-05-02', NULL, NULL, NULL, NULL),
	('rep-2', 'erasure', '2020-03-01 00:00Z', '2020-06-01', '2020-03-20 00:00Z', 'many of them', '2020-05-31 12:00Z', 'refused, Art. 17(3)(e)');
SELECT still(jsonb_pretty((subject_report('rep-2') - 'rights')
	|| jsonb_build_object('purposes', jsonb_path_query_array(subject_report('rep-2'), '$.purposes[*] ? (@.name starts with "rep" || @.name == "profiling")'))));
SELECT still(subject_report_text('rep-2'));

---------------------------------------------------------------------
-- the figures are those of the tables
---------------------------------------------------------------------
CREATE FUNCTION differences(s subject_id) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	r jsonb := consent_profiling.subject_report(s);
BEGIN
	RETURN QUERY SELECT 'history' WHERE jsonb_array_length(r -> 'history') <> (SELECT count(*) FROM event WHERE subject = s);
	RETURN QUERY SELECT 'event ' || e.id FROM event e LEFT JOIN jsonb_array_elements(r -> 'history') h ON (h ->> 'id')::bigint = e.id
		WHERE e.subject = s AND (h IS NULL
			OR (h ->> 'act', h ->> 'purpose', (h ->> 'at')::timestamptz, (h ->> 'recorded_at')::timestamptz, (h ->> 'birth_date')::date, h ->> 'ground',
				(h ->> 'informed_at')::timestamptz, h ->> 'notice', h #>> '{recorded_by,session_role}', h #>> '{recorded_by,caller}', h #>> '{recorded_by,actor}',
				h #>> '{consent,status}', (h #>> '{consent,explicit}')::boolean, COALESCE((h #>> '{consent,until}')::timestamptz, 'infinity'),
				h #>> '{objection,status}', h #>> '{objection,grounds}', COALESCE(NULLIF(h -> 'evidence', 'null'), 'null'))
			IS DISTINCT FROM
				(e.act, e.purpose, e.at, e.recorded_at, e.birth_date, e.ground, e.informed_at, e.notice, e.session_role::text, e.caller::text, e.actor,
				consent_status(e.consent), consent_explicit(e.consent), COALESCE(consent_until(e.consent), 'infinity'),
				objection_status(e.objection), objection_grounds(e.objection), COALESCE(e.evidence, 'null')));
	RETURN QUERY SELECT 'order' WHERE (SELECT array_agg((h ->> 'id')::bigint ORDER BY n) FROM jsonb_array_elements(r -> 'history') WITH ORDINALITY u (h, n))
		IS DISTINCT FROM (SELECT array_agg(id ORDER BY id) FROM event WHERE subject = s);
	RETURN QUERY SELECT 'purpose ' || p.name FROM purpose p, jsonb_array_elements(r -> 'purposes') x
		WHERE x ->> 'name' = p.name AND (
			(x ->> 'broader', x ->> 'basis', x ->> 'description', (x ->> 'minimum_age')::int, (x ->> 'gate')::boolean,
			 (x ->> 'special_category')::boolean, (x ->> 'automated_decision')::boolean)
			IS DISTINCT FROM (p.broader, p.basis, p.description, p.minimum_age, p.automated AND p.personal_data AND p.evaluates_person,
			 p.special_category, p.automated_decision)
			OR (x ->> 'gate')::boolean AND x ->> 'verdict' IS DISTINCT FROM verdict_of(s, p.name)::text
			OR (x ->> 'gate')::boolean AND (x #>> '{reason,article}', x #>> '{reason,detail}', COALESCE((x #>> '{reason,until}')::timestamptz, 'infinity'))
				IS DISTINCT FROM (SELECT (article, detail, until) FROM explain_verdict(s, p.name)));
	RETURN QUERY SELECT 'choice ' || c.purpose FROM choice c, jsonb_array_elements(r -> 'purposes') x
		WHERE c.subject = s AND x ->> 'name' = c.purpose
			AND (x #>> '{consent,status}', (x #>> '{consent,at}')::timestamptz, x #>> '{objection,status}', (x #>> '{objection,at}')::timestamptz)
			IS DISTINCT FROM (consent_status(c.consent), consent_at(c.consent), objection_status(c.objection), objection_at(c.objection));
	RETURN QUERY SELECT 'counts' WHERE (jsonb_array_length(r -> 'recipients'), jsonb_array_length(r -> 'requests'), jsonb_array_length(r -> 'automated_decisions_contested'))
		IS DISTINCT FROM ((SELECT count(*) FROM disclosure WHERE subject = s)::int, (SELECT count(*) FROM request WHERE subject = s)::int, (SELECT count(*) FROM review WHERE subject = s)::int);
	RETURN QUERY SELECT 'subject' FROM subject p WHERE p.id = s AND ((r ->> 'registered_at')::timestamptz, (r ->> 'birth_date')::date, (r ->> 'erased_at')::timestamptz)
		IS DISTINCT FROM (p.registered_at, p.birth_date, p.erased_at);
END
$$;
SELECT differences(s) FROM unnest('{rep-1,rep-2}'::subject_id[]) s;

-- restriction, and its lifting
SELECT restrict_subject('rep-2', 'accuracy contested'), restrict_subject('rep-2', 'unlawful');
SELECT x ->> 'ground', x ->> 'article', x ->> 'purpose', (x ->> 'since')::timestamptz = restricted_at
	FROM subject, jsonb_array_elements(subject_report('rep-2') -> 'restrictions') x WHERE id = 'rep-2';
SELECT still(split_part(split_part(subject_report_text('rep-2'), E'Restrictions of processing\n', 2), E'\nPurposes\n', 1));
SELECT differences('rep-2');
SELECT lift_restriction('rep-2', clock_timestamp());
SELECT subject_report('rep-2') -> 'restrictions';
SELECT differences('rep-2');

-- every verdict and every act has words; the keys are the same for everybody
SELECT v, letter_verdict(v::text) FROM unnest(enum_range(NULL::verdict)) v;
SELECT DISTINCT x ->> 'article', letter_article(x ->> 'article') FROM jsonb_path_query(subject_report('rep-2'), '$.purposes[*].reason') x WHERE x <> 'null' ORDER BY 1;
SELECT p.proname FROM pg_proc p WHERE p.pronamespace = 'consent_profiling'::regnamespace
	AND p.proname IN ('register_subject', 'rectify_birth_date', 'give_consent', 'request_consent', 'refuse_consent', 'withdraw_consent', 'import_subjects', 'import_consents',
		'import_objections', 'import_receipt', 'raise_objection', 'withdraw_objection', 'uphold_objection', 'override_objection', 'restrict_subject', 'lift_restriction',
		'erase_subject', 'track_subjects')
	AND letter_act(p.proname) = replace(p.proname, '_', ' ');
SELECT letter_act('invented_later'), letter_article('GDPR Art. 99(9)'), letter_article(NULL) IS NULL;
SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(subject_report('rep-1')) k)
	= (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(subject_report('rep-2')) k);
SELECT count(DISTINCT ks) FROM (SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(h) k)
	FROM jsonb_array_elements(subject_report('rep-1') -> 'history' || (subject_report('rep-2') -> 'history')) h) u (ks);
SELECT count(DISTINCT ks) FROM (SELECT (SELECT array_agg(k ORDER BY k) FROM jsonb_object_keys(h) k)
	FROM jsonb_array_elements(subject_report('rep-1') -> 'purposes' || (subject_report('rep-2') -> 'purposes')) h) u (ks);

-- no setting of the session changes it
SELECT subject_report('rep-2') - 'generated_at' AS report, regexp_replace(subject_report_text('rep-2'), 'Drawn up:[^\n]*', '') AS letter \gset
SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 0; SET lc_time = 'C';
SELECT subject_report('rep-2') - 'generated_at' = :'report', regexp_replace(subject_report_text('rep-2'), 'Drawn up:[^\n]*', '') = :'letter';

---------------------------------------------------------------------
-- hostile text: as it is in the report; tame in the letter
---------------------------------------------------------------------
CREATE TEMP TABLE hostile AS
	SELECT E'a''b"c\\d\ne\tf\r\f\u001b[2J\u009b1m\u202eevil\u202c\u2028x \u05e9\u05dc\u05d5\u05dd ' || repeat('z', 3000) || repeat(E' \u00e9t\u00e9', 300) AS t;
SELECT add_purpose('rep.hostile', 'rep', description => t) FROM hostile;
SELECT set_controller(t, t, t, t, t) > 0 FROM hostile;
SELECT set_config('consent_profiling.actor', left(t, 4), false) IS NOT NULL FROM hostile;
SELECT register_subject(E'rep\n"3''\u202e', '1980-01-01');
SELECT consent_status(give_consent(E'rep\n"3''\u202e', 'rep.hostile', notice => t, evidence => jsonb_build_object(t, jsonb_build_array(t, jsonb_build_object('', t))))),
	objection_status(raise_objection(E'rep\n"3''\u202e', 'rep.hostile')),
	objection_status(override_objection(E'rep\n"3''\u202e', 'rep.hostile', left(t, 500))), restrict_subject(E'rep\n"3''\u202e', 'unlawful ' || t)
	FROM hostile;
RESET consent_profiling.actor;
INSERT INTO recipient (name, category, contact, added_at) SELECT t, t, t, now() FROM hostile;
INSERT INTO disclosure (subject, recipient, purpose, first_at, last_at) SELECT E'rep\n"3''\u202e', t, 'rep.hostile', now(), now() FROM hostile;
INSERT INTO review (subject, purpose, requested_at, reviewed_at, outcome, reviewed_by) SELECT E'rep\n"3''\u202e', 'rep.hostile', now(), now(), t, t FROM hostile;
INSERT INTO request (subject, "right", received_at, due_on, extended_at, extension_reason, closed_at, outcome)
	SELECT E'rep\n"3''\u202e', t, now(), now(), now(), t, now(), t FROM hostile;
SELECT record_event('invented_later', E'rep\n"3''\u202e', NULL, now(), detail => jsonb_build_object(t, t)) FROM hostile;
SELECT differences(E'rep\n"3''\u202e');
SELECT r ->> 'subject' = E'rep\n"3''\u202e', r #>> '{controller,name}' = t, r #>> '{controller,dpo_contact}' = t,
		r #>> '{restrictions,0,ground}' = 'unlawful_processing', r #>> '{recipients,0,name}' = t, r #>> '{recipients,0,category}' = t,
		r #>> '{automated_decisions_contested,0,outcome}' = t, r #>> '{requests,0,right}' = t, r #>> '{requests,0,outcome}' = t,
		r #>> '{notices,0,notice}' = t, r #> '{history,5,detail}' = jsonb_build_object(t, t), r::text::jsonb = r
	FROM hostile, LATERAL (SELECT subject_report(E'rep\n"3''\u202e')) u (r);
SELECT max(length(l)) <= 78, count(*) > 500, bool_or(l ~ '[[:cntrl:]\u0080-\u009f\u2028-\u202e]'), bool_or(l ~ '\s$'),
		count(*) FILTER (WHERE l ~ E'\u05e9\u05dc\u05d5\u05dd') > 10
	FROM regexp_split_to_table(subject_report_text(E'rep\n"3''\u202e'), '\n') l;
-- no line is forged: headings are where they belong
SELECT restrict_subject('rep-1', E'unlawful x\n\nHistory\n-------\n\n2020-01-01 00:00:00 UTC: you consented'),
	restrict_subject('rep-1', 'accuracy contested ' || repeat('y', 76) || ' History ' || repeat('y', 76) || ' ------- ' || repeat('y', 76));
SELECT count(*) FROM regexp_split_to_table(subject_report_text('rep-1'), '\n') l WHERE l IN ('History', '-------');
-- nothing of it is lost in the letter but white space and what steers
SELECT translate(letter_lines(t, n), E' \n', '') = regexp_replace(t, '[[:cntrl:][:space:]\u0080-\u009f\u2028-\u202e]', '', 'g')
	FROM hostile, unnest('{0,4,8}'::int[]) n;
SELECT letter_lines(''), letter_lines(E' \n '), letter_lines(repeat('w', 78)), letter_lines(repeat('w', 79), 4), letter_lines('a ' || repeat('w', 77));

---------------------------------------------------------------------
-- erased
---------------------------------------------------------------------
SELECT register_subject('rep-4', '1980-01-01'), consent_status(give_consent('rep-4', 'rep', evidence => '{"secret": "evidence"}'));
SELECT erase_subject('rep-4') IS NOT NULL;
-- whatever key is left of it
SELECT id AS erased FROM subject WHERE erased_at IS NOT NULL ORDER BY erased_at DESC LIMIT 1 \gset
SELECT r -> 'birth_date', (r ->> 'erased_at')::timestamptz = erased_at, r #>> '{purposes,0,verdict}',
		jsonb_path_query_array(r, '$.history[*].act'), r::text ~ 'secret|1980'
	FROM subject, LATERAL (SELECT subject_report(id)) u (r) WHERE id = :'erased';
SELECT differences(:'erased');
SELECT t ~ E'\nYour data was erased: \\S+ \\S+ UTC\n', t ~ 'secret|1980' FROM subject_report_text(:'erased') t;

---------------------------------------------------------------------
-- a restriction's ground is told once, in the words it was given in
---------------------------------------------------------------------
SELECT register_subject('rep-7', '1980-01-01'), restrict_subject('rep-7', 'accuracy contested: the income of 2024');
SELECT regexp_matches(subject_report_text('rep-7'), E'\n *ground: [^\n]*', 'g');

---------------------------------------------------------------------
-- a person with a long history
---------------------------------------------------------------------
SELECT register_subject('rep-5', '1980-01-01');
SELECT import_consents($$SELECT 'rep-5' AS subject, 'rep' AS purpose, make_consent('given', false, '2020-01-01 00:00Z'::timestamptz + i * interval '1 s', 'infinity') AS consent,
	'rep-n' AS notice, jsonb_build_object('n', i) AS evidence FROM generate_series(1, 10000) i$$);
SELECT jsonb_array_length(subject_report('rep-5') -> 'history');
SELECT count(*) FROM regexp_split_to_table(subject_report_text('rep-5'), '\n') l WHERE l ~ '^        n: \d+$';

---------------------------------------------------------------------
-- who may
---------------------------------------------------------------------
CREATE ROLE regress_rep_officer;
CREATE ROLE regress_rep_recorder;
SELECT grant_duty('regress_rep_officer', 'officer'), grant_duty('regress_rep_recorder', 'recorder');
SET ROLE regress_rep_officer;
SELECT subject_report('rep-2') ->> 'subject', length(subject_report_text('rep-2')) > 1000;
SELECT letter_words('x');
SELECT purpose_report('rep-2', NULL);
SET ROLE regress_rep_recorder;
SELECT subject_report('rep-2');
SELECT subject_report_text('rep-2');
RESET ROLE;
-- an officer who may not profile for a purpose hears about it all the same; nothing is written
SELECT disallow_purpose('public', 'profiling');
BEGIN READ ONLY;
SET LOCAL ROLE regress_rep_officer;
SELECT jsonb_array_length(subject_report('rep-2') -> 'purposes') > 7, subject_report_text('rep-2') IS NOT NULL;
COMMIT;
SELECT allow_purpose('public', 'profiling');

SELECT revoke_duty('regress_rep_officer', 'officer'), revoke_duty('regress_rep_recorder', 'recorder');
DROP ROLE regress_rep_officer, regress_rep_recorder;
DELETE FROM controller; DELETE FROM notice; DELETE FROM disclosure; DELETE FROM recipient; DELETE FROM review; DELETE FROM request;
DELETE FROM choice WHERE subject::text LIKE 'rep%'; DELETE FROM subject WHERE id::text LIKE 'rep%' OR erased_at IS NOT NULL;
SELECT drop_purpose(p) FROM unnest('{rep.hostile,rep.news.eu,rep.news,rep.score,rep.health,rep.stats,rep.fraud,rep}'::text[]) p;
DROP FUNCTION still(text), differences(subject_id);
DROP TABLE hostile;
