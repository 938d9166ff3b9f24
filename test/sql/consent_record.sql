-- consent records: what ISO/IEC TS 27560 asks for, in the terms of W3C's DPV;
-- the controller and the notices that they are filled from
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'Pacific/Chatham';
SET datestyle = 'SQL, DMY';

-- without what differs from run to run: times of today, ids, who runs it
CREATE FUNCTION still(record jsonb) RETURNS text LANGUAGE sql AS $$
	SELECT regexp_replace(regexp_replace(regexp_replace(replace(jsonb_pretty(record - '@context'),
		'"' || current_user || '"', '"me"'),
		'"' || extract(year FROM now() AT TIME ZONE 'UTC') || '-\d\d-\d\dT[0-9:.]+Z"', '"now"', 'g'),
		'_:event-\d+', '_:event-N', 'g'),
		'"record_id": "[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}"', '"record_id": "UUID"')
$$;

---------------------------------------------------------------------
-- the controller, in versions
---------------------------------------------------------------------
SELECT set_controller('Acme', contact => 'https://acme.example/privacy');
-- unchanged values add none, a single one that differs does
SELECT set_controller('Acme', contact => 'https://acme.example/privacy');
SELECT set_controller('Acme', contact => 'https://acme.example/privacy', dpo_contact => 'dpo@acme.example');
SELECT set_controller('Acme', contact => 'https://acme.example/privacy', dpo_contact => 'dpo@acme.example');
SELECT set_controller('Acme', '1 Main Street', 'https://acme.example/privacy', 'dpo@acme.example', 'EU');
SELECT set_controller('Acme', contact => 'https://acme.example/privacy');
SELECT version, name, address, contact, dpo_contact, jurisdiction FROM controller ORDER BY version;
SELECT bool_and(c.valid_from < d.valid_from) FROM controller c JOIN controller d ON d.version = c.version + 1;
-- each call is an event about nobody
SELECT act, subject IS NULL AS nobody, detail FROM event WHERE act = 'set_controller' ORDER BY id DESC LIMIT 2;

---------------------------------------------------------------------
-- notices, in versions and languages
---------------------------------------------------------------------
SELECT add_notice('privacy', 'en', 'https://acme.example/1', repeat('aA', 32));
SELECT add_notice('privacy', 'EN', 'https://acme.example/1', repeat('Aa', 32));
SELECT add_notice('privacy', 'de', 'https://acme.example/1', repeat('aa', 32));
SELECT add_notice('privacy', 'en', 'https://acme.example/2', repeat('aa', 32));
SELECT add_notice('privacy', 'en', 'https://acme.example/2', repeat('bb', 32));
-- what it once was is a new version too
SELECT add_notice('privacy', 'en', 'https://acme.example/1', repeat('aa', 32));
SELECT id, language, version, url, left(sha256, 4) FROM notice ORDER BY id, language, version;
SELECT act, subject IS NULL AS nobody, detail - 'sha256' FROM event WHERE act = 'add_notice' ORDER BY id DESC LIMIT 1;
-- tags of all kinds
SELECT l, add_notice('tags', l, 'HTTPS://[::1]:8080?q=1#' || l, repeat('0', 64))
	FROM unnest('{ast,zh-Hant-TW,es-419,sl-rozaj-biske,de-CH-1996,en-x-pirate,zh-yue-HK,en-u-ca-buddhist}'::text[]) l;
SELECT count(*) FROM notice WHERE id = 'tags';
-- anything can be an id
SELECT add_notice(E'it''s "1"\n\u202eabc', 'en', 'https://example.org/%22', repeat('0', 64));

---------------------------------------------------------------------
-- no consent
---------------------------------------------------------------------
SELECT add_purpose('rec'), add_purpose('rec.news', direct_marketing => true, description => 'a "newsletter"'),
	add_purpose('rec.news.eu', 'rec.news'),
	add_purpose('rec.health', 'rec', special_category => true, automated_decision => true),
	add_purpose('rec.contract', 'rec', 'contract'), add_purpose('rec.law', 'rec', 'legal_obligation'),
	add_purpose('rec.life', 'rec', 'vital_interests'), add_purpose('rec.task', 'rec', 'public_task'),
	add_purpose('rec.interest', 'rec', 'legitimate_interests', evaluates_person => false);
SELECT register_subject('rec-1', '1980-01-01');
SELECT still(consent_record('rec-1', 'rec.news'));
-- the root is what is meant where none is named
SELECT consent_record('rec-1') #>> '{pii_processing,purposes,0,purpose,title}';

---------------------------------------------------------------------
-- a life of a consent
---------------------------------------------------------------------
UPDATE controller SET valid_from = make_timestamptz(2020, version, 1, 0, 0, 0, 'UTC');
UPDATE notice SET valid_from = make_timestamptz(2020, version, 1, 0, 0, 0, 'UTC') WHERE id = 'privacy';
SET consent_profiling.actor = 'form "7"';
SELECT request_consent('rec-1', 'rec.news', at => '2019-12-31 00:00Z', notice => 'privacy');
SELECT give_consent('rec-1', 'rec.news', at => '2020-01-15 00:00Z', notice => 'privacy', evidence => '{"form": 7}');
SELECT withdraw_consent('rec-1', 'rec.news', at => '2020-01-16 00:00Z');
SELECT give_consent('rec-1', 'rec.news', explicit => true, at => '2020-02-15 00:00:00.25Z', until => '2926-01-01 00:00Z', notice => 'privacy');
RESET consent_profiling.actor;
INSERT INTO recipient (name, category, contact, added_at) VALUES ('Mailer "X"', 'processor', 'm@x.example', now());
INSERT INTO disclosure (subject, recipient, purpose, first_at, last_at)
	VALUES ('rec-1', 'Mailer "X"', 'rec.news', now(), now()), ('rec-1', 'elsewhere', 'rec', now(), now()),
		('rec-2', 'of others', 'rec.news', now(), now());
SELECT still(consent_record('rec-1', 'rec.news'));
-- it is of exactly this purpose, and of a No above it
SELECT p, consent_record('rec-1', p) ->> 'consent_status', jsonb_array_length(consent_record('rec-1', p) -> 'consent_events')
	FROM unnest('{profiling,rec,rec.news,rec.news.eu}'::text[]) p;
-- the record keeps its id; each person and purpose has one
SELECT consent_record('rec-1', 'rec.news') #>> '{record_metadata,record_id}' AS id \gset
SELECT consent_status(withdraw_consent('rec-1', 'rec.news'));
SELECT consent_record('rec-1', 'rec.news') #>> '{record_metadata,record_id}' = :'id';
SELECT register_subject('rec-2', '1980-01-01');
SELECT count(DISTINCT consent_record(s, p) #>> '{record_metadata,record_id}')
	FROM unnest('{rec-1,rec-2}'::text[]) s, unnest('{rec,rec.news}'::text[]) p;
-- no setting of the session changes it
SELECT consent_record('rec-1', 'rec.news') #- '{record_metadata,issued}' AS record \gset
SET timezone = 'UTC'; SET datestyle = 'ISO, YMD'; SET intervalstyle = 'iso_8601'; SET extra_float_digits = 0;
SET lc_time = 'C'; SET bytea_output = 'escape';
SELECT consent_record('rec-1', 'rec.news') #- '{record_metadata,issued}' = :'record';

---------------------------------------------------------------------
-- the ten states
---------------------------------------------------------------------
SELECT register_subject('rec-3', '1980-01-01');
CREATE TEMP TABLE state (n int, status text);
INSERT INTO state SELECT n, s FROM unnest('{unknown,requested,request_deferred,refused,given,renewed,withdrawn,revoked,expired,invalidated}'::text[])
	WITH ORDINALITY u (s, n);
SELECT import_consents($$SELECT 'rec-3' AS subject, 'rec.interest' AS purpose,
	make_consent(status, false, make_timestamptz(2020, 1, n, 0, 0, 0, 'UTC'), 'infinity') AS consent FROM state$$);
SELECT s.status, e ->> 'event_state', e ->> 'event_type', e ->> 'entity_id', e #>> '{validity_duration,@type}'
	FROM state s, jsonb_array_elements(consent_record('rec-3', 'rec.interest') -> 'consent_events') WITH ORDINALITY u (e, n)
	WHERE s.n = u.n ORDER BY s.n;
SELECT consent_record('rec-3', 'rec.interest') ->> 'consent_status';
-- the newest prevails, whatever order it came in
SELECT register_subject(s, '1980-01-01') FROM unnest('{rec-4,rec-5,rec-6}'::text[]) s;
SELECT import_consents($$SELECT 'rec-4' AS subject, p AS purpose, c AS consent FROM (VALUES
	('rec', 'given at 2020-01-01T00:00:00Z'), ('rec', 'withdrawn at 2019-01-01T00:00:00Z'),
	('rec.news', 'given at 2020-01-01T00:00:00Z until 2020-01-02T00:00:00Z'),
	('rec.health', 'renewed explicit at 2020-01-01T00:00:00Z until 2020-01-02T00:00:00Z'),
	('rec.news.eu', 'revoked at 2020-01-01T00:00:00Z')) v (p, c)$$);
-- a consent whose end has passed has expired; what was said then stays what was said
SELECT p, consent_record('rec-4', p) ->> 'consent_status', jsonb_path_query_array(consent_record('rec-4', p), '$.consent_events[*].event_state')
	FROM unnest('{rec,rec.news,rec.health,rec.news.eu}'::text[]) p;
-- at the very moment, too
SELECT consent_status(give_consent('rec-5', 'rec', until => clock_timestamp() + '50 ms'));
SELECT pg_sleep(0.1);
SELECT consent_record('rec-5', 'rec') ->> 'consent_status', verdict_of('rec-5', 'rec');

---------------------------------------------------------------------
-- a No above: the record says what counts, and shows the acts that made it so
---------------------------------------------------------------------
SELECT add_purpose('rec.club', 'rec'), add_purpose('rec.club.eu', 'rec.club');
SELECT register_subject(s, '1980-01-01') FROM unnest('{rec-8,rec-9}'::text[]) s;
SELECT consent_status(give_consent('rec-8', 'rec.club', at => '2020-03-01 00:00Z', notice => 'of the newsletter')),
	consent_status(give_consent('rec-8', 'rec', at => '2020-03-02 00:00Z', notice => 'not shown')),
	consent_status(withdraw_consent('rec-8', 'rec', at => '2020-03-03 00:00Z', notice => 'of the withdrawal'));
CREATE FUNCTION said(s subject_id, p text) RETURNS text LANGUAGE sql AS $$
	SELECT concat_ws(' | ', verdict_of(s, p), r ->> 'consent_status', (SELECT string_agg(concat_ws(' ', e ->> 'act', e ->> 'purpose', e ->> 'event_time'), ', ' ORDER BY n)
			FROM jsonb_array_elements(r -> 'consent_events') WITH ORDINALITY u (e, n)), r #>> '{pii_processing,privacy_notice,0,id}')
		FROM consent_record(s, p) r
$$;
SELECT p, said('rec-8', p) FROM unnest('{rec,rec.club,rec.club.eu}'::text[]) p;
-- given again here, it is this answer that counts
SELECT consent_status(give_consent('rec-8', 'rec.club', at => '2020-03-04 00:00Z', until => '2020-03-05 00:00Z'));
SELECT p, said('rec-8', p) FROM unnest('{rec.club,rec.club.eu}'::text[]) p;
-- refused two purposes above; a consent above is none here
SELECT consent_status(refuse_consent('rec-9', 'rec', at => '2020-03-01 00:00Z')), consent_status(give_consent('rec-9', 'rec.club', at => '2020-02-01 00:00Z'));
SELECT p, said('rec-9', p) FROM unnest('{rec.club,rec.club.eu}'::text[]) p;
SELECT consent_status(give_consent('rec-9', 'rec', at => '2020-03-02 00:00Z'));
SELECT said('rec-9', 'rec.club.eu');
-- what is not profiling has no verdict, and stands for itself
SELECT consent_record('rec-9', 'rec.interest') ->> 'consent_status', consent_record('rec-9', 'rec.interest') -> 'consent_events';

---------------------------------------------------------------------
-- lawful bases, categories, rights
---------------------------------------------------------------------
SELECT name, r ->> 'lawful_basis', r ->> 'pii_information', r ->> 'processing_method', r #>> '{purpose,purpose_type}',
		replace(r ->> 'privacy_rights', 'https://w3id.org/dpv/legal/eu/gdpr#', '')
	FROM purpose p, LATERAL (SELECT consent_record('rec-2', p.name) #> '{pii_processing,purposes,0}') u (r)
	WHERE name LIKE 'rec%' ORDER BY name;

---------------------------------------------------------------------
-- JSON-LD: every field that is used has a meaning
---------------------------------------------------------------------
SELECT DISTINCT k FROM purpose p, LATERAL (SELECT consent_record('rec-1', p.name)) u (r),
		jsonb_path_query((r - '@context') #- '{consent_events,0,evidence}', 'strict $.**') v (o),
		jsonb_object_keys(CASE jsonb_typeof(o) WHEN 'object' THEN o ELSE '{}' END) k
	WHERE p.name LIKE 'rec%' AND k !~ '^@' AND NOT r -> '@context' ? k
		AND NOT o ?& '{session_role,caller,actor}' AND NOT o ? 'form'
	ORDER BY k;
SELECT k, v FROM jsonb_each(consent_record('rec-1') -> '@context') u (k, v) WHERE jsonb_typeof(v) = 'string' AND v #>> '{}' LIKE 'http%' ORDER BY k;

---------------------------------------------------------------------
-- notices: by id, by where they are, or only words
---------------------------------------------------------------------
SELECT consent_status(give_consent('rec-6', 'rec.news', at => '2020-03-15 00:00Z', notice => n))
	FROM unnest(ARRAY['privacy', 'https://acme.example/1', E'it''s "1"\n\u202eabc', 'none such', repeat('long ', 1000), E'\u05e9\u05dc\u05d5\u05dd', '']) n;
SELECT e #>> '{privacy_notice,0,id}' = n, count(x), string_agg(concat_ws(' ', x ->> 'id', x ->> 'language', x ->> 'version'), '; ')
	FROM unnest(ARRAY['privacy', 'https://acme.example/1', E'it''s "1"\n\u202eabc', 'none such', repeat('long ', 1000), E'\u05e9\u05dc\u05d5\u05dd', ''])
			WITH ORDINALITY u (n, i)
		JOIN jsonb_array_elements(consent_record('rec-6', 'rec.news') -> 'consent_events') WITH ORDINALITY v (e, j) ON i = j,
		jsonb_array_elements(e -> 'privacy_notice') x
	WHERE i NOT IN (3, 5, 6) GROUP BY i, n, e ORDER BY i;
SELECT bool_and(e #>> '{privacy_notice,0,id}' = n)
	FROM unnest(ARRAY[E'it''s "1"\n\u202eabc', repeat('long ', 1000), E'\u05e9\u05dc\u05d5\u05dd']) WITH ORDINALITY u (n, i),
		jsonb_array_elements(consent_record('rec-6', 'rec.news') -> 'consent_events') WITH ORDINALITY v (e, j)
	WHERE j = i + CASE i WHEN 1 THEN 2 ELSE 3 END;

---------------------------------------------------------------------
-- hostile text comes out as it went in
---------------------------------------------------------------------
CREATE TEMP TABLE hostile AS
	SELECT E'a''b"c\\d\ne\tf\r\u0001\u202e\u05d0' || repeat('z', 3000) AS t;
GRANT SELECT ON hostile TO PUBLIC;
SELECT set_controller(t, t, t, t, t) > 0 FROM hostile;
SELECT add_purpose('rec.hostile', 'rec', description => t) FROM hostile;
SELECT set_config('consent_profiling.actor', 'x"y''z', false) IS NOT NULL;
SELECT register_subject(E'rec\n"7''\u202e');
SELECT consent_status(give_consent(E'rec\n"7''\u202e', 'rec.hostile', notice => t, evidence => jsonb_build_object(t, t))) FROM hostile;
RESET consent_profiling.actor;
INSERT INTO recipient (name, category, contact, added_at) SELECT t, t, t, now() FROM hostile;
INSERT INTO disclosure (subject, recipient, purpose, first_at, last_at) SELECT E'rec\n"7''\u202e', t, 'rec.hostile', now(), now() FROM hostile;
SELECT r #>> '{record_metadata,pii_principal_id}' = E'rec\n"7''\u202e',
		r #>> '{pii_processing,purposes,0,purpose,description}' = t,
		r #>> '{pii_processing,purposes,0,jurisdiction}' = t,
		r #>> '{pii_processing,purposes,0,withdrawal_method,is_exercised_at}' = t,
		r #>> '{pii_processing,purposes,0,recipient_third_parties,0,party_name}' = t,
		r #>> '{pii_processing,purposes,0,recipient_third_parties,0,party_contact}' = t,
		r #>> '{party_identification,0,party_name}' = t, r #>> '{party_identification,0,party_address}' = t,
		r #>> '{party_identification,0,dpo_contact}' = t,
		r #>> '{consent_events,0,privacy_notice,0,id}' = t, r #>> '{pii_processing,privacy_notice,0,id}' = t,
		r #> '{consent_events,0,evidence}' = jsonb_build_object(t, t),
		r #>> '{consent_events,0,recorded_by,actor}',
		r::text::jsonb = r
	FROM hostile, LATERAL (SELECT consent_record(E'rec\n"7''\u202e', 'rec.hostile')) u (r);

---------------------------------------------------------------------
-- who may
---------------------------------------------------------------------
CREATE ROLE regress_rec_officer;
CREATE ROLE regress_rec_recorder;
SELECT grant_duty('regress_rec_officer', 'officer'), grant_duty('regress_rec_recorder', 'recorder');
SET ROLE regress_rec_officer;
SELECT consent_record('rec-1', 'rec.news') ->> 'consent_status';
SELECT set_controller('Acme') > 0, add_notice('privacy', 'fr', 'https://acme.example/fr', repeat('c', 64));
SELECT count(*) > 0 FROM controller, notice;
INSERT INTO notice (id, language, version, valid_from, url, sha256) VALUES ('privacy', 'en', 9, now(), 'https://x', repeat('0', 64));
UPDATE controller SET name = 'x';
SELECT record_context();
SET ROLE regress_rec_recorder;
SELECT consent_record('rec-1', 'rec.news');
SELECT set_controller('Acme');
SELECT add_notice('privacy', 'fr', 'https://acme.example/fr', repeat('c', 64));
SELECT * FROM controller;
RESET ROLE;
-- it writes nothing
BEGIN READ ONLY;
SELECT consent_record('rec-1', 'rec.news') IS NOT NULL;
COMMIT;

SELECT revoke_duty('regress_rec_officer', 'officer'), revoke_duty('regress_rec_recorder', 'recorder');
DROP ROLE regress_rec_officer, regress_rec_recorder;
DELETE FROM controller; DELETE FROM notice; DELETE FROM disclosure; DELETE FROM recipient;
DELETE FROM choice WHERE subject::text LIKE 'rec%'; DELETE FROM subject WHERE id::text LIKE 'rec%' OR erased_at IS NOT NULL;
SELECT drop_purpose(p) FROM unnest('{rec.hostile,rec.club.eu,rec.club,rec.news.eu,rec.news,rec.health,rec.contract,rec.law,rec.life,rec.task,rec.interest,rec}'::text[]) p;
DROP FUNCTION still(jsonb), said(subject_id, text);
DROP TABLE state, hostile;
