-- Kantara Consent Receipts 1.1, taken as evidence of a consent
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'Pacific/Chatham';
SET datestyle = 'SQL, DMY';

SELECT add_purpose('kan.news'), add_purpose('kan.health', special_category => true), add_purpose('kan.credit', automated_decision => true);
SELECT register_subject('kan-1', '1980-01-01');
CREATE TEMP TABLE receipt (r jsonb);
INSERT INTO receipt VALUES ('{
	"version": "KI-CR-v1.1.0",
	"jurisdiction": "DW",
	"consentTimestamp": 1580000000,
	"collectionMethod": "web form with opt-in",
	"consentReceiptID": "c1befd3e-b7e5-4ea6-8688-e9a565aade21",
	"publicKey": "04:a3:1d",
	"language": "en",
	"piiPrincipalId": "somebody@example.org",
	"piiControllers": [{"piiController": "The Times", "contact": "The Editor",
		"address": {"streetAddress": "1 Main Street", "addressCountry": "DW"},
		"email": "editor@times.example", "phone": "(555) 555-0100"}],
	"policyUrl": "https://times.example/privacy_2020",
	"services": [
		{"service": "News", "purposes": [
			{"purpose": "To provide what was ordered", "purposeCategory": ["2 - Contracted Service"],
			 "consentType": "EXPLICIT", "piiCategory": ["2 - Contact"], "primaryPurpose": true,
			 "termination": "one year after the end of the subscription", "thirdPartyDisclosure": false},
			{"purpose": "To personalise", "purposeCategory": ["5 - Personalize Experience"],
			 "consentType": "EXPLICIT", "piiCategory": ["1 - Biographical"], "primaryPurpose": false,
			 "termination": "when withdrawn", "thirdPartyDisclosure": true, "thirdPartyName": "Mailer"}]},
		{"service": "Alerts", "purposes": [{"purpose": "To alert", "purposeCategory": [], "consentType": "EXPLICIT",
			"piiCategory": [], "termination": "when withdrawn", "thirdPartyDisclosure": false}]}],
	"sensitive": false,
	"spiCat": []}');
-- who imports; says what became of the consent and what was recorded
CREATE FUNCTION taken(s subject_id, p text, r jsonb, x boolean DEFAULT false) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
	events bigint := (SELECT count(*) FROM consent_profiling.event);
	result text;
BEGIN
	result := consent_profiling.import_receipt(s, p, r, x);
	RETURN result || format(' (%s event)', (SELECT count(*) FROM consent_profiling.event) - events);
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS state = RETURNED_SQLSTATE, message = MESSAGE_TEXT,
		detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	RETURN concat_ws(' | ', state || ': ' || message, NULLIF(detail, ''), NULLIF(hint, ''));
END
$$;

---------------------------------------------------------------------
-- a receipt is a consent, with all of it as evidence
---------------------------------------------------------------------
SELECT verdict_of('kan-1', 'kan.news');
SELECT taken('kan-1', 'kan.news', r) FROM receipt;
SELECT verdict_of('kan-1', 'kan.news');
SELECT e.act, e.subject, e.purpose, e.consent, e.notice, e.evidence = r.r, extract(epoch FROM e.at)
	FROM event e, receipt r WHERE e.subject = 'kan-1' AND e.act = 'import_receipt';
SELECT consent FROM choice WHERE subject = 'kan-1';
-- the purpose that the caller names is what counts
SELECT verdict_of('kan-1');
-- twice is harmless
SELECT taken('kan-1', 'kan.news', r) FROM receipt;
SELECT count(*), max(consent) FROM choice WHERE subject = 'kan-1';
-- an older one changes nothing, and a withdrawal at the same time wins
SELECT taken('kan-1', 'kan.news', r || '{"consentTimestamp": 1570000000}') FROM receipt;
SELECT withdraw_consent('kan-1', 'kan.news', at => to_timestamp(1580000000));
SELECT taken('kan-1', 'kan.news', r) FROM receipt;
SELECT verdict_of('kan-1', 'kan.news');
SELECT taken('kan-1', 'kan.news', r || '{"consentTimestamp": 1580000000.5}') FROM receipt;
SELECT taken('kan-1', 'kan.news', r || '{"consentTimestamp": 1580000000.0}') FROM receipt;
SELECT taken('kan-1', 'kan.news', r || '{"consentTimestamp": 1580000001}') FROM receipt;
-- it stands in the record, with its notice where that is known
SELECT add_notice('times', 'en', 'https://times.example/privacy_2020', repeat('d', 64));
UPDATE notice SET valid_from = '2020-01-01 00:00Z' WHERE id = 'times';
SELECT e ->> 'event_state', e ->> 'event_type', e #>> '{evidence,consentReceiptID}', e #>> '{privacy_notice,0,id}', e #>> '{privacy_notice,0,version}'
	FROM jsonb_path_query(consent_record('kan-1', 'kan.news'), '$.consent_events[*] ? (@.act == "import_receipt")') e;

---------------------------------------------------------------------
-- where it ends
---------------------------------------------------------------------
SELECT t, taken('kan-1', 'kan.news', jsonb_set(jsonb_set(r, '{services,0,purposes,1,termination}', to_jsonb(t)),
		'{consentTimestamp}', to_jsonb(1580000001 + n)))
	FROM receipt, unnest(ARRAY['2927-02-03', '2927-02-03T10:00:00Z', '2927-02-03T10:00+02:00', '2927-02-03T10:00', '2927-02-03T10:00:00.5-0330',
		'2927-02-30', '2927-13-01', '2927-02-03T25:00:00Z', '2019-12-31', '03.02.2927', '2927', 'until 2927-02-03', '']) WITH ORDINALITY u (t, n)
	ORDER BY n;
-- the earliest of several
-- what may be meant for a date is not taken for words, or the consent would not end
SELECT t, split_part(taken('kan-1', 'kan.news', jsonb_set(r, '{services,0,purposes,1,termination}', t)), ' |', 1) FROM receipt, unnest(ARRAY[
	'"2927-02-03 00:00:00"', '"2927-02-03T00:00:00z"', '" 2927-02-03 "', '"29270203"', '"2927-02"', '"03/02/27"', '"3. 2. 27"', '1748736000', '{"date": "2927-02-03"}', '["2927-02-03"]', 'true',
	'null', '"30 days after the contract"', '"P1Y"', '"one year after the contract"']::jsonb[]) t;
-- wherever it says that it is implicit
SELECT taken('kan-1', 'kan.news', jsonb_set(r, '{services,0,consentType}', '"implicit"')) FROM receipt;
SELECT taken('kan-1', 'kan.news', r || '{"consentType": "IMPLICIT"}') FROM receipt;
SELECT taken('kan-1', 'kan.news', jsonb_set(jsonb_set(r, '{services,0,purposes,1,termination}', '"2930-01-01"'),
		'{services,1,purposes,0,termination}', '"2929-01-01"') || '{"consentTimestamp": 1580000100}') FROM receipt;

---------------------------------------------------------------------
-- what cannot be taken, and which field it is
---------------------------------------------------------------------
SELECT p, v, taken('kan-1', 'kan.news', CASE WHEN v IS NULL THEN r #- p::text[] ELSE jsonb_set(r, p::text[], v::jsonb) END)
	FROM receipt, (VALUES
		('{version}', NULL), ('{version}', '"KI-CR-v1.0.0"'), ('{version}', '1.1'), ('{version}', '""'),
		('{consentReceiptID}', NULL), ('{consentReceiptID}', '7'), ('{consentReceiptID}', '" "'),
		('{policyUrl}', NULL), ('{policyUrl}', '{}'), ('{policyUrl}', '""'),
		('{consentTimestamp}', NULL), ('{consentTimestamp}', '"2020-01-26T00:53:20Z"'), ('{consentTimestamp}', 'null'),
		('{consentTimestamp}', '-1'), ('{consentTimestamp}', '0.5'), ('{consentTimestamp}', '1580000000000'), ('{consentTimestamp}', '1e300'),
		('{consentTimestamp}', '1e4000'), ('{consentTimestamp}', '[1580000000]'),
		('{services}', NULL), ('{services}', '[]'), ('{services}', '{}'), ('{services}', '"x"'), ('{services}', '[1]'),
		('{services,0,purposes}', NULL), ('{services,1,purposes}', '[]'), ('{services,1,purposes}', '[null]'),
		('{services,1,purposes}', '{"purpose": "x", "consentType": "EXPLICIT"}'),
		('{services,0,purposes,1,consentType}', NULL), ('{services,0,purposes,1,consentType}', '"explicit"'),
		('{services,0,purposes,1,consentType}', '"OPT-OUT"'), ('{services,0,purposes,1,consentType}', 'true'),
		('{jurisdiction}', NULL), ('{jurisdiction}', '" "'), ('{collectionMethod}', NULL), ('{collectionMethod}', '[]'),
		('{piiPrincipalId}', NULL), ('{piiPrincipalId}', '""'), ('{piiPrincipalId}', '7'), ('{piiPrincipalId}', 'null'),
		('{piiControllers}', NULL), ('{piiControllers}', '[]'), ('{piiControllers}', '{}'), ('{piiControllers}', '["The Times"]'),
		('{piiControllers,0,piiController}', NULL), ('{piiControllers,0,piiController}', '" "'),
		('{piiControllers,0,contact}', NULL), ('{piiControllers,0,contact}', '{}'), ('{piiControllers,0,address}', '"1 Main Street"'),
		('{piiControllers,0,email}', 'null'), ('{piiControllers,0,phone}', '555'), ('{piiControllers,0,onBehalf}', '"no"'),
		('{piiControllers,0,piiControllerUrl}', '7'),
		('{sensitive}', NULL), ('{sensitive}', '"false"'), ('{spiCat}', NULL), ('{spiCat}', '"none"'), ('{spiCat}', '[1]'),
		('{publicKey}', '7'), ('{language}', 'null'),
		('{services,0,service}', NULL), ('{services,0,service}', '""'),
		('{services,0,purposes,1,purpose}', NULL), ('{services,0,purposes,1,purpose}', '""'),
		('{services,0,purposes,1,purposeCategory}', NULL), ('{services,0,purposes,1,purposeCategory}', '"5"'),
		('{services,0,purposes,1,piiCategory}', NULL), ('{services,0,purposes,1,piiCategory}', '["1", 2]'),
		('{services,0,purposes,1,primaryPurpose}', '1'),
		('{services,0,purposes,1,termination}', NULL), ('{services,0,purposes,1,termination}', 'null'),
		('{services,0,purposes,1,thirdPartyDisclosure}', NULL), ('{services,0,purposes,1,thirdPartyDisclosure}', '"true"'),
		('{services,0,purposes,1,thirdPartyName}', NULL), ('{services,0,purposes,1,thirdPartyName}', 'true'),
		('{services,0,purposes,1,consentType}', '"IMPLICIT"'), ('{services,1,purposes,0,consentType}', '"IMPLICIT"')) u (p, v);
SELECT taken('kan-1', 'kan.news', v) FROM unnest('{1,"\"x\"",[],null,true}'::jsonb[]) v;
SELECT taken('kan-1', 'kan.news', NULL);
SELECT taken(s, p, r) FROM receipt, (VALUES (NULL, 'kan.news'), ('kan-nobody', 'kan.news'), ('kan-1', NULL), ('kan-1', 'nowhere'), ('kan-1', '')) u (s, p);
-- the schema names eleven that are required
SELECT count(*), count(*) FILTER (WHERE taken('kan-1', 'kan.news', r - k) LIKE '22023: receipt field "' || k || '" must be %')
	FROM receipt, unnest('{version,jurisdiction,consentTimestamp,collectionMethod,consentReceiptID,piiPrincipalId,piiControllers,policyUrl,services,sensitive,spiCat}'::text[]) k;
-- each controller and each service is looked at
SELECT taken('kan-1', 'kan.news', jsonb_set(r, '{piiControllers}', r -> 'piiControllers' || '[{"piiController": "The Owner"}]')) FROM receipt;
SELECT taken('kan-1', 'kan.news', jsonb_set(r, '{services}', r -> 'services' || '[{"service": "More", "purposes": [{}]}]')) FROM receipt;
-- what is just now is not in the future
SELECT taken('kan-1', 'profiling', r || jsonb_build_object('consentTimestamp', floor(extract(epoch FROM clock_timestamp())))) LIKE 'given at %' FROM receipt;
SELECT taken('kan-1', 'profiling', r || jsonb_build_object('consentTimestamp', floor(extract(epoch FROM clock_timestamp())) + 120)) FROM receipt;
-- none of that left anything behind
SELECT act, count(*) FROM event WHERE subject = 'kan-1' GROUP BY act ORDER BY act;

---------------------------------------------------------------------
-- the shape of the specification's example, with a purpose on another basis
---------------------------------------------------------------------
SELECT register_subject('kan-6', '1980-01-01');
SELECT jsonb_set(r, '{services}', '[{"service": "Paper and alerts", "purposes": [
	{"purpose": "To deliver", "purposeCategory": ["2 - Contracted Service"], "consentType": "EXPLICIT", "piiCategory": ["1 - Biographical", "7 - Financial"],
	 "primaryPurpose": true, "termination": "Subscription end date + 1 year", "thirdPartyDisclosure": true, "thirdPartyName": "Post"},
	{"purpose": "To market", "purposeCategory": ["6 - Marketing"], "consentType": "EXPLICIT", "piiCategory": ["2 - Contact"],
	 "primaryPurpose": false, "termination": "Subscription end date + 1 year", "thirdPartyDisclosure": false, "thirdPartyName": "Post"},
	{"purpose": "To keep what the law asks for", "purposeCategory": ["12 - Legally Required Data Retention"], "consentType": "N/A", "piiCategory": ["7 - Financial"],
	 "primaryPurpose": false, "termination": "N/A", "thirdPartyDisclosure": true, "thirdPartyName": "Authority"}]}]')
	|| '{"sensitive": true, "spiCat": ["7 - Financial"]}' AS example FROM receipt \gset
-- the subscription ends later than it began: for a year at least there is consent
SELECT taken('kan-6', 'kan.news', :'example'::jsonb);
SELECT verdict_of('kan-6', 'kan.news', '2021-01-25 00:00Z', 'now'), verdict_of('kan-6', 'kan.news');
SELECT t, split_part(taken('kan-6', 'kan.news', jsonb_set(:'example', '{services,0,purposes,0,termination}', to_jsonb(t)) || jsonb_build_object('consentTimestamp', 1580000000 + n)), ' |', 1)
	FROM unnest(ARRAY['end of the contract + 30 days', 'Date of consent + 999 years', 'contract + 1000 years', 'contract + 0 days', '+ 1 year',
		'contract 2020 + 1 year', 'contract + 1 year + 2 months', 'contract + 1 fortnight']) WITH ORDINALITY u (t, n) ORDER BY n;
-- of no purpose the person consented
SELECT taken('kan-6', 'kan.news', jsonb_set(:'example', '{services,0,purposes}', (:'example'::jsonb #> '{services,0,purposes}') - 1 - 0));
-- an address, an e-mail and a telephone of a controller may be missing
SELECT taken('kan-6', 'profiling', jsonb_set(r, '{piiControllers}', '[{"piiController": "The Times", "contact": "The Editor"}]')) FROM receipt;

---------------------------------------------------------------------
-- only a receipt that is active is a consent
---------------------------------------------------------------------
SELECT register_subject('kan-7', '1980-01-01');
SELECT v, taken('kan-7', 'kan.news', r || jsonb_build_object('state', v)) FROM receipt,
	unnest('{"\"REVOKED\"","\"WITHDRAWN\"","\"EXPIRED\"","\"INACTIVE\"","\"active\"","\" ACTIVE\"","\"\"",null,true,1,"[\"ACTIVE\"]","{}"}'::text[]) t, LATERAL (SELECT COALESCE(t, 'null')::jsonb) u (v);
SELECT taken('kan-7', 'kan.news', jsonb_set(r, '{services,1,state}', '"REVOKED"')) FROM receipt;
SELECT taken('kan-7', 'kan.news', jsonb_set(r, '{services,0,purposes,1,state}', '"REVOKED"')) FROM receipt;
SELECT verdict_of('kan-7', 'kan.news'), (SELECT count(*) FROM choice WHERE subject = 'kan-7');
-- under whatever name, and wherever
SELECT taken('kan-7', 'kan.news', r || more) FROM receipt, unnest('{"{\"State\": \"REVOKED\"}","{\"status\": \"REVOKED\"}","{\"consentState\": \"REVOKED\"}","{\"CONSENT_STATUS\": null}",
	"{\"receipt\": {\"state\": \"REVOKED\"}}","{\"status\": \"ACTIVE\", \"x\": [[{\"status\": \"active\"}]]}","{\"state\": \"ACTIVE\", \"status\": {\"state\": \"ACTIVE\"}}"}'::jsonb[]) more;
SELECT taken('kan-7', 'kan.news', jsonb_set(r, '{piiControllers,0,recordStatus}', '"withdrawn"')) FROM receipt;
SELECT verdict_of('kan-7', 'kan.news'), (SELECT count(*) FROM choice WHERE subject = 'kan-7');
-- the No that it is evidence of has a function of its own
SELECT consent_status(withdraw_consent('kan-7', 'kan.news', at => to_timestamp(1590000000), evidence => r || '{"state": "REVOKED"}')) FROM receipt;
SELECT taken('kan-7', 'kan.news', r || '{"state": "ACTIVE"}') FROM receipt;
SELECT taken('kan-7', 'kan.news', r || '{"state": "ACTIVE", "consentTimestamp": 1600000000}') FROM receipt;
SELECT taken('kan-7', 'kan.news', r || '{"status": "ACTIVE", "x": [{"ConsentState": "ACTIVE"}], "statement": "REVOKED", "consentTimestamp": 1600000001}') FROM receipt;
-- a state of the union is none
SELECT taken('kan-7', 'kan.news', jsonb_set(r, '{piiControllers,0,address,state}', '"NY"')) LIKE 'given at %' FROM receipt;

---------------------------------------------------------------------
-- opting in is no explicit statement, Art. 9(2)(a), 22(2)(c)
---------------------------------------------------------------------
SELECT register_subject('kan-8', '1980-01-01');
SELECT taken('kan-8', 'kan.credit', r) FROM receipt;
SELECT verdict_of('kan-8', 'kan.credit'), may_profile('kan-8', 'kan.credit'), may_decide('kan-8', 'kan.credit');
SELECT taken('kan-8', 'kan.credit', r || '{"consentTimestamp": 1580000001}', true) FROM receipt;
SELECT may_decide('kan-8', 'kan.credit');
SELECT taken('kan-8', 'kan.credit', r || '{"consentTimestamp": 1580000002}', NULL) FROM receipt;

---------------------------------------------------------------------
-- special categories: the receipt must be on them
---------------------------------------------------------------------
SELECT register_subject('kan-2', '1980-01-01');
SELECT taken('kan-2', 'kan.health', r) FROM receipt;
SELECT taken('kan-2', 'kan.health', r - 'sensitive') FROM receipt;
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": "true"}') FROM receipt;
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": true, "spiCat": ["health"]}') FROM receipt;
SELECT verdict_of('kan-2', 'kan.health');
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": true, "spiCat": ["health"]}', true) FROM receipt;
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": true, "spiCat": ["health"], "consentTimestamp": 1580000001}', true) FROM receipt;
SELECT verdict_of('kan-2', 'kan.health');

---------------------------------------------------------------------
-- hostile text; a child; an erased person; who may
---------------------------------------------------------------------
CREATE TEMP TABLE hostile AS SELECT E'a''b"c\\d\ne\t\u0001\u202e\u05d0' || repeat('z', 3000) AS t;
SELECT register_subject('kan-3', '1980-01-01');
SELECT taken('kan-3', 'kan.news', jsonb_set(r, '{services,0,purposes,0}', r #> '{services,0,purposes,0}' || jsonb_build_object('purpose', t, t, t, 'termination', t))
		|| jsonb_build_object('policyUrl', t, 'consentReceiptID', t, t, jsonb_build_array(t))) FROM receipt, hostile;
SELECT e.notice = t, e.evidence #>> '{services,0,purposes,0,purpose}' = t, e.evidence -> t ->> 0 = t
	FROM event e, hostile WHERE subject = 'kan-3' AND act = 'import_receipt';
SELECT taken('kan-3', 'kan.news', r || jsonb_build_object('version', t)) LIKE '22023: receipt field "version" must be "KI-CR-v1.1.0" | It is "a''b%' FROM receipt, hostile;
SELECT length(taken('kan-3', 'kan.news', r || jsonb_build_object('version', t))) < 200 FROM receipt, hostile;
-- deep down
SELECT taken('kan-3', 'kan.news', jsonb_set(r, '{services}', (repeat('[', 1000) || repeat(']', 1000))::jsonb)) FROM receipt;
SELECT taken('kan-3', 'kan.news', r || jsonb_build_object('consentTimestamp', 1580000001, 'x', (repeat('[', 1000) || repeat(']', 1000))::jsonb)) FROM receipt;

SELECT register_subject('kan-4', (now() - interval '10 years')::date);
SELECT taken('kan-4', 'kan.news', r) FROM receipt;
SELECT verdict_of('kan-4', 'kan.news');
SELECT register_subject('kan-5', '1980-01-01');
SELECT erase_subject('kan-5') IS NOT NULL;
SELECT taken('kan-5', 'kan.news', r) LIKE '55000: subject "%" has been erased' OR taken('kan-5', 'kan.news', r) LIKE 'P0002:%' FROM receipt;

CREATE ROLE regress_kan_recorder;
CREATE ROLE regress_kan_officer;
SELECT grant_duty('regress_kan_recorder', 'recorder'), grant_duty('regress_kan_officer', 'officer');
GRANT SELECT ON receipt TO regress_kan_recorder, regress_kan_officer;
SET ROLE regress_kan_recorder;
SELECT import_receipt('kan-3', 'kan.news', r || '{"consentTimestamp": 1580000002}') FROM receipt;
SELECT check_receipt('{}', '', 'x words');
SELECT record_consent('import_receipt', 'kan-3', 'kan.news', 'given at 2020-01-01T00:00:00Z', NULL, NULL);
SET ROLE regress_kan_officer;
SELECT import_receipt('kan-3', 'kan.news', r) FROM receipt;
RESET ROLE;
SELECT caller FROM event WHERE subject = 'kan-3' ORDER BY id DESC LIMIT 1;

SELECT revoke_duty('regress_kan_recorder', 'recorder'), revoke_duty('regress_kan_officer', 'officer');
DROP FUNCTION taken(subject_id, text, jsonb, boolean);
DROP TABLE receipt, hostile;
DROP ROLE regress_kan_recorder, regress_kan_officer;
DELETE FROM notice;
DELETE FROM choice WHERE subject::text LIKE 'kan%'; DELETE FROM subject WHERE id::text LIKE 'kan%' OR erased_at IS NOT NULL;
SELECT drop_purpose(p) FROM unnest('{kan.news,kan.health,kan.credit}'::text[]) p;
