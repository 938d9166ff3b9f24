-- Kantara Consent Receipts 1.1, taken as evidence of a consent
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
SET search_path = public, consent_profiling;
SET timezone = 'Pacific/Chatham';
SET datestyle = 'SQL, DMY';

SELECT add_purpose('kan.news'), add_purpose('kan.health', special_category => true);
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
		{"service": "Alerts", "purposes": [{"purpose": "To alert", "consentType": "EXPLICIT"}]}],
	"sensitive": false,
	"spiCat": []}');
-- who imports; says what became of the consent and what was recorded
CREATE FUNCTION taken(s subject_id, p text, r jsonb) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	state text; message text; detail text; hint text;
	events bigint := (SELECT count(*) FROM consent_profiling.event);
	result text;
BEGIN
	result := consent_profiling.import_receipt(s, p, r);
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
		('{consentTimestamp}', '-1'), ('{consentTimestamp}', '1580000000000'), ('{consentTimestamp}', '1e300'),
		('{consentTimestamp}', '1e4000'), ('{consentTimestamp}', '[1580000000]'),
		('{services}', NULL), ('{services}', '[]'), ('{services}', '{}'), ('{services}', '"x"'), ('{services}', '[1]'),
		('{services,0,purposes}', NULL), ('{services,1,purposes}', '[]'), ('{services,1,purposes}', '[null]'),
		('{services,1,purposes}', '{"purpose": "x", "consentType": "EXPLICIT"}'),
		('{services,0,purposes,1,consentType}', NULL), ('{services,0,purposes,1,consentType}', '"explicit"'),
		('{services,0,purposes,1,consentType}', '"OPT-OUT"'), ('{services,0,purposes,1,consentType}', 'true'),
		('{services,0,purposes,1,consentType}', '"IMPLICIT"'), ('{services,1,purposes,0,consentType}', '"IMPLICIT"')) u (p, v);
SELECT taken('kan-1', 'kan.news', v) FROM unnest('{1,"\"x\"",[],null,true}'::jsonb[]) v;
SELECT taken('kan-1', 'kan.news', NULL);
SELECT taken(s, p, r) FROM receipt, (VALUES (NULL, 'kan.news'), ('kan-nobody', 'kan.news'), ('kan-1', NULL), ('kan-1', 'nowhere'), ('kan-1', '')) u (s, p);
-- what is just now is not in the future
SELECT taken('kan-1', 'profiling', r || jsonb_build_object('consentTimestamp', extract(epoch FROM clock_timestamp()))) LIKE 'given explicit at %' FROM receipt;
SELECT taken('kan-1', 'profiling', r || jsonb_build_object('consentTimestamp', floor(extract(epoch FROM clock_timestamp())) + 60)) FROM receipt;
-- none of that left anything behind
SELECT act, count(*) FROM event WHERE subject = 'kan-1' GROUP BY act ORDER BY act;

---------------------------------------------------------------------
-- special categories: the receipt must be on them
---------------------------------------------------------------------
SELECT register_subject('kan-2', '1980-01-01');
SELECT taken('kan-2', 'kan.health', r) FROM receipt;
SELECT taken('kan-2', 'kan.health', r - 'sensitive') FROM receipt;
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": "true"}') FROM receipt;
SELECT taken('kan-2', 'kan.health', r || '{"sensitive": true, "spiCat": ["health"]}') FROM receipt;
SELECT verdict_of('kan-2', 'kan.health');

---------------------------------------------------------------------
-- hostile text; a child; an erased person; who may
---------------------------------------------------------------------
CREATE TEMP TABLE hostile AS SELECT E'a''b"c\\d\ne\t\u0001\u202e\u05d0' || repeat('z', 3000) AS t;
SELECT register_subject('kan-3', '1980-01-01');
SELECT taken('kan-3', 'kan.news', jsonb_set(r, '{services,0,purposes,0}', jsonb_build_object('consentType', 'EXPLICIT', 'purpose', t, t, t, 'termination', t))
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
SELECT receipt_text('{}', 'x');
SELECT record_consent('import_receipt', 'kan-3', 'kan.news', 'given at 2020-01-01T00:00:00Z', NULL, NULL);
SET ROLE regress_kan_officer;
SELECT import_receipt('kan-3', 'kan.news', r) FROM receipt;
RESET ROLE;
SELECT caller FROM event WHERE subject = 'kan-3' ORDER BY id DESC LIMIT 1;

SELECT revoke_duty('regress_kan_recorder', 'recorder'), revoke_duty('regress_kan_officer', 'officer');
DROP FUNCTION taken(subject_id, text, jsonb);
DROP TABLE receipt, hostile;
DROP ROLE regress_kan_recorder, regress_kan_officer;
DELETE FROM notice;
DELETE FROM choice WHERE subject::text LIKE 'kan%'; DELETE FROM subject WHERE id::text LIKE 'kan%' OR erased_at IS NOT NULL;
SELECT drop_purpose(p) FROM unnest('{kan.news,kan.health}'::text[]) p;
