---------------------------------------------------------------------
-- Consent records and receipts, Art. 7(1)
---------------------------------------------------------------------

-- Versions are kept: a record names what was in force then.
CREATE TABLE consent_profiling.controller (
	version integer CONSTRAINT controller_pkey PRIMARY KEY,
	valid_from timestamptz NOT NULL,
	name text NOT NULL,
	address text,
	contact text,
	dpo_contact text,
	jurisdiction text
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.controller', '');
COMMENT ON TABLE consent_profiling.controller IS
	'who is responsible, Art. 4(7), in all versions';

CREATE TABLE consent_profiling.notice (
	id text COLLATE "C",
	language text COLLATE "C",
	version integer,
	valid_from timestamptz NOT NULL,
	url text NOT NULL,
	sha256 text COLLATE "C" NOT NULL,
	CONSTRAINT notice_pkey PRIMARY KEY (id, language, version),
	CONSTRAINT notice_sha256_check CHECK (sha256 ~ '^[0-9a-f]{64}$')
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.notice', '');
COMMENT ON TABLE consent_profiling.notice IS
	'what people are told, Art. 13, in all versions and languages';

-- Internal: a subject, to read about; complains about one that is not there.
CREATE FUNCTION consent_profiling.find_subject(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
#variable_conflict use_column
DECLARE
	key consent_profiling.subject_id;
	found_subject consent_profiling.subject;
BEGIN
	PERFORM refuse_null('subject', find_subject.subject IS NULL);
	key := known_as(find_subject.subject);
	SELECT * INTO found_subject FROM subject WHERE id = key;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('subject "%s" is not registered', find_subject.subject);
	END IF;
	RETURN found_subject;
END
$$;

-- Internal: a time as ISO 8601 in UTC, whatever the session's settings; null
-- for one that never comes.
CREATE FUNCTION consent_profiling.iso8601(at timestamptz)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN isfinite(at)
		THEN rtrim(rtrim(to_char(at AT TIME ZONE 'UTC',
								 'YYYY-MM-DD"T"HH24:MI:SS.US'), '0'), '.') || 'Z'
		END
$$;

-- A jsonb holds 256 MB and a text 1 GB, but a person can have any number of events
-- with 1 MB each in evidence, detail, notice, ground, grounds and actor.  So that
-- no sum of them can make a report fail, Art. 15, reports show a value that is too
-- large as its size in bytes, its SHA-256 and where the whole of it is: the bytes
-- are those of the text, or of the JSON as the database writes it, in UTF-8.

-- Internal: how much a report holds: bytes of one value, of all values of the
-- history together, events of the history, bytes and entries of each other list.
-- What takes these many bytes as text takes up to five times as many as jsonb.
CREATE FUNCTION consent_profiling.report_limits(OUT value_bytes integer,
		OUT history_bytes integer, OUT events integer, OUT list_bytes integer,
		OUT entries integer)
	LANGUAGE sql IMMUTABLE PARALLEL SAFE
AS $$
	SELECT 16384, 16777216, 20000, 4194304, 5000
$$;

-- Internal: the size and the hash of a text.  In SQL_ASCII it is bytes in no
-- encoding.
CREATE FUNCTION consent_profiling.report_hash(content text)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT jsonb_build_object('size', octet_length(b.bytes),
							  'sha256', encode(sha256(b.bytes), 'hex'))
		FROM (SELECT convert_to(content, CASE getdatabaseencoding()
				WHEN 'SQL_ASCII' THEN 'SQL_ASCII' ELSE 'UTF8' END) AS bytes
			  OFFSET 0) b
$$;

-- Internal: a value as a report shows it: as it is up to so many bytes, else by
-- size, hash and origin.
CREATE FUNCTION consent_profiling.report_value(value jsonb, origin jsonb,
		most integer DEFAULT (consent_profiling.report_limits()).value_bytes)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN octet_length(value #>> '{}') > most
		THEN report_hash(value #>> '{}') || origin
		ELSE value END
$$;

-- Internal: a text of another list than the history, as a report shows it.
CREATE FUNCTION consent_profiling.report_text(content text, relation text)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT report_value(to_jsonb(content), jsonb_build_object('table', relation))
$$;

-- Internal: the values of one event as a report shows them that has room for so
-- many bytes more, with how many bytes they take and which of them are shown by
-- size and hash.
CREATE FUNCTION consent_profiling.report_values(event bigint, whole jsonb,
		room bigint, OUT shown jsonb, OUT bytes bigint, OUT shortened text[])
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	most integer;
BEGIN
	-- What is no longer than a size, a hash and an id says as much itself.
	FOREACH most IN ARRAY ARRAY[(report_limits()).value_bytes, 128] LOOP
		SELECT jsonb_object_agg(v.key, v.shown),
			   COALESCE(sum(octet_length(v.shown #>> '{}')), 0),
			   array_agg(v.key ORDER BY v.key) FILTER (WHERE v.shown <> v.value)
			INTO shown, bytes, shortened
			FROM (SELECT w.key, w.value, report_value(w.value,
						jsonb_build_object('event', report_values.event), most) AS shown
				  FROM jsonb_each(whole) w OFFSET 0) v;
		EXIT WHEN bytes <= room;
	END LOOP;
END
$$;

-- Internal: as many of these, from the first on, as a list of a report holds, or
-- from the last on the other way round.
CREATE FUNCTION consent_profiling.report_list(items jsonb[],
		turned boolean DEFAULT false)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(jsonb_agg(s.item ORDER BY CASE WHEN turned THEN -s.n ELSE s.n END),
					'[]')
		FROM (SELECT u.item, u.n,
					 sum(octet_length(u.item::text)) OVER (ORDER BY u.n) AS bytes
			  FROM unnest(items) WITH ORDINALITY u (item, n)) s
		WHERE s.bytes <= (report_limits()).list_bytes
			AND s.n <= (report_limits()).entries
$$;

-- Internal: what a report says about what it does not show; null where it shows
-- all there is.
CREATE FUNCTION consent_profiling.report_shortened("values" bigint, events bigint,
		acts jsonb, lists text[])
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN "values" > 0 OR report_shortened.events > 0
			OR cardinality(lists) > 0
		THEN jsonb_build_object('values', "values",
			'events', report_shortened.events, 'acts', acts,
			'lists', to_jsonb(lists), 'note', format(
			'A value of more than %s bytes is shown as its size in bytes, its SHA-256 and where it is, and so are older values where all of them are more than %s bytes. Of a history the newest %s events are shown, of another list up to %s entries or %s bytes. The whole is in the tables of the database, for data protection officers.',
			l.value_bytes, l.history_bytes, l.events, l.entries, l.list_bytes)) END
		FROM report_limits() l
$$;

CREATE FUNCTION consent_profiling.set_controller(name text,
		address text DEFAULT NULL, contact text DEFAULT NULL,
		dpo_contact text DEFAULT NULL, jurisdiction text DEFAULT NULL)
	RETURNS integer
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
	known consent_profiling.controller;
	version integer;
BEGIN
	PERFORM refuse_null('name', set_controller.name IS NULL);
	IF is_blank(set_controller.name) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the controller must have a name';
	END IF;
	-- One after the other, so that versions follow each other in time.
	LOCK TABLE controller IN SHARE ROW EXCLUSIVE MODE;
	at := clock_timestamp();
	SELECT * INTO known FROM controller c ORDER BY c.version DESC LIMIT 1;
	version := COALESCE(known.version, 0);
	IF (known.name, known.address, known.contact, known.dpo_contact,
		known.jurisdiction)
		IS DISTINCT FROM
		(set_controller.name, set_controller.address, set_controller.contact,
		 set_controller.dpo_contact, set_controller.jurisdiction) THEN
		version := version + 1;
		BEGIN
			INSERT INTO controller (version, valid_from, name, address, contact,
									dpo_contact, jurisdiction)
				VALUES (version, at, set_controller.name, set_controller.address,
						set_controller.contact, set_controller.dpo_contact,
						set_controller.jurisdiction);
		EXCEPTION WHEN unique_violation THEN
			-- Somebody added it meanwhile, and this snapshot is too old.
			RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
				MESSAGE = 'could not serialize access due to concurrent change of the controller';
		END;
	END IF;
	PERFORM record_event('set_controller', NULL::subject_id, NULL, at,
		detail => jsonb_build_object(
			'name', set_controller.name,
			'address', set_controller.address,
			'contact', set_controller.contact,
			'dpo_contact', set_controller.dpo_contact,
			'jurisdiction', set_controller.jurisdiction,
			'version', version));
	RETURN version;
END
$$;
COMMENT ON FUNCTION consent_profiling.set_controller(text, text, text, text, text) IS
	'says who the controller is (Art. 4(7), 13(1)(a)-(b)); adds a version where anything differs from the one before; returns the version now in force; throws invalid_parameter_value for an empty name; for officers';

CREATE FUNCTION consent_profiling.add_notice(id text, language text, url text,
		sha256 text)
	RETURNS integer
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz;
	hash text := lower(add_notice.sha256);
	known consent_profiling.notice;
	version integer;
BEGIN
	PERFORM refuse_null('id', add_notice.id IS NULL);
	PERFORM refuse_null('language', add_notice.language IS NULL);
	PERFORM refuse_null('url', add_notice.url IS NULL);
	PERFORM refuse_null('sha256', add_notice.sha256 IS NULL);
	IF is_blank(add_notice.id) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'a notice must have an id';
	END IF;
	-- RFC 5646: language, script, region, variants, extensions, private use.
	IF add_notice.language !~* ('^([a-z]{2,3}(-[a-z]{3}){0,3}|[a-z]{4,8})(-[a-z]{4})?'
			'(-([a-z]{2}|[0-9]{3}))?(-([a-z0-9]{5,8}|[0-9][a-z0-9]{3}))*'
			'(-[0-9a-wyz](-[a-z0-9]{2,8})+)*(-x(-[a-z0-9]{1,8})+)?$') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('invalid language "%s"', add_notice.language),
			HINT = 'Give a BCP 47 tag, such as en or pt-BR.';
	END IF;
	IF add_notice.url !~* '^https?://[^[:space:][:cntrl:]/?#]+([/?#][^[:space:][:cntrl:]]*)?$' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('invalid url "%s"', add_notice.url),
			HINT = 'It begins with http:// or https:// and has no spaces.';
	END IF;
	IF hash !~ '^[0-9a-f]{64}$' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('invalid sha256 "%s"', add_notice.sha256),
			HINT = 'Give the hash of the notice as 64 hexadecimal digits.';
	END IF;
	-- One after the other, so that versions follow each other in time.
	LOCK TABLE notice IN SHARE ROW EXCLUSIVE MODE;
	at := clock_timestamp();
	-- Case does not matter in a tag; the notice keeps the first spelling.
	SELECT * INTO known FROM notice n
		WHERE n.id = add_notice.id AND lower(n.language) = lower(add_notice.language)
		ORDER BY n.version DESC LIMIT 1;
	version := COALESCE(known.version, 0);
	IF (known.url, known.sha256) IS DISTINCT FROM (add_notice.url, hash) THEN
		version := version + 1;
		BEGIN
			INSERT INTO notice (id, language, version, valid_from, url, sha256)
				VALUES (add_notice.id,
						COALESCE(known.language, add_notice.language), version, at,
						add_notice.url, hash);
		EXCEPTION WHEN unique_violation THEN
			-- Somebody added it meanwhile, and this snapshot is too old.
			RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
				MESSAGE = 'could not serialize access due to concurrent change of the notice';
		END;
	END IF;
	PERFORM record_event('add_notice', NULL::subject_id, NULL, at,
		detail => jsonb_build_object(
			'id', add_notice.id,
			'language', add_notice.language,
			'url', add_notice.url,
			'sha256', hash,
			'version', version));
	RETURN version;
END
$$;
COMMENT ON FUNCTION consent_profiling.add_notice(text, text, text, text) IS
	'says what people are told (Art. 13): where a notice can be read in a language, and the hash of it; adds a version where either differs from the one before; returns the version now in force; throws invalid_parameter_value for what is no language tag, URL or SHA-256; for officers';

-- Internal: the versions of a notice, one a language, that were in force at a
-- time.  A notice is named by its id, or else by where it can be read.
CREATE FUNCTION consent_profiling.notices_in_force(notice text, at timestamptz)
	RETURNS SETOF consent_profiling.notice
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH in_force AS (
		SELECT DISTINCT ON (n.id, n.language) n.* FROM notice n
			WHERE n.valid_from <= notices_in_force.at
			ORDER BY n.id, n.language, n.version DESC
	)
	SELECT f.* FROM in_force f
		WHERE f.id = notices_in_force.notice
			OR (f.url = notices_in_force.notice
				AND NOT EXISTS (SELECT FROM notice n
								WHERE n.id = notices_in_force.notice))
$$;

-- Internal: the version of the controller in force at a time; of what happened
-- before there was any, the first.
CREATE FUNCTION consent_profiling.controller_at(at timestamptz)
	RETURNS integer
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE((SELECT max(c.version) FROM controller c
					 WHERE c.valid_from <= controller_at.at),
					(SELECT min(c.version) FROM controller c))
$$;

-- How a record is laid out: the sections and fields are those of ISO/IEC TS
-- 27560:2023, named as there, and "@context" says which terms of W3C's Data
-- Privacy Vocabulary they stand for, so that it is JSON-LD as well.  After
-- "Consent Records and Receipts as per ISO/IEC TS 27560:2023 using DPV", Final
-- Community Group Report, 15 February 2026
-- (https://w3id.org/dpv/guides/consent-27560), sections 7.2 and 8; the terms are
-- those of DPV 2.3 (https://w3id.org/dpv) and of its extension for the GDPR
-- (https://w3id.org/dpv/legal/eu/gdpr).  There is no dpv:ConsentTerminated, of
-- which that report still speaks: the vocabulary calls it dpv:ConsentRevoked.

-- Internal: what the fields of a record mean.
CREATE FUNCTION consent_profiling.record_context()
	RETURNS jsonb
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT '{
		"@version": 1.1,
		"dpv": "https://w3id.org/dpv#",
		"eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
		"dct": "http://purl.org/dc/terms/",
		"rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
		"skos": "http://www.w3.org/2004/02/skos/core#",
		"schema": "https://schema.org/",
		"xsd": "http://www.w3.org/2001/XMLSchema#",
		"record_metadata": "@nest",
		"pii_processing": "@nest",
		"schema_version": {"@id": "dct:conformsTo", "@type": "@id"},
		"record_id": "dct:identifier",
		"pii_principal_id": "dpv:hasDataSubject",
		"created": {"@id": "dct:created", "@type": "xsd:dateTime"},
		"modified": {"@id": "dct:modified", "@type": "xsd:dateTime"},
		"issued": {"@id": "dct:issued", "@type": "xsd:dateTime"},
		"consent_status": {"@id": "dpv:hasStatus", "@type": "@id"},
		"privacy_notice": "dpv:hasNotice",
		"id": "dct:identifier",
		"language": "dct:language",
		"version": "schema:version",
		"url": {"@id": "schema:url", "@type": "@id"},
		"valid_from": {"@id": "dct:date", "@type": "xsd:dateTime"},
		"sha256": "schema:sha256",
		"purposes": "dpv:hasProcess",
		"purpose": "dpv:hasPurpose",
		"title": "dct:title",
		"description": "dct:description",
		"purpose_type": {"@id": "skos:broader", "@type": "@id"},
		"lawful_basis": {"@id": "dpv:hasLegalBasis", "@type": "@id"},
		"pii_information": {"@id": "dpv:hasPersonalData", "@type": "@id"},
		"pii_controllers": {"@id": "dpv:hasDataController", "@type": "@id"},
		"processing_method": {"@id": "dpv:hasProcessing", "@type": "@id"},
		"jurisdiction": "dpv:hasJurisdiction",
		"recipient_third_parties": "dpv:hasRecipient",
		"withdrawal_method": "dpv:hasConsentControl",
		"is_exercised_at": "dpv:isExercisedAt",
		"privacy_rights": {"@id": "dpv:hasRight", "@type": "@id"},
		"party_identification": "dpv:hasEntity",
		"party_name": "dpv:hasName",
		"party_address": "dpv:hasAddress",
		"party_contact": "dpv:hasContact",
		"party_type": "dct:type",
		"dpo_contact": "dpv:hasDataProtectionOfficer",
		"consent_events": "dpv:hasConsentStatus",
		"act": "dct:type",
		"event_state": "@type",
		"event_type": {"@id": "dpv:hasLegalBasis", "@type": "@id"},
		"event_time": {"@id": "dpv:isIndicatedAtTime", "@type": "xsd:dateTime"},
		"validity_duration": "dpv:hasDuration",
		"value": "rdf:value",
		"entity_id": {"@id": "dpv:isIndicatedBy", "@type": "@id"},
		"evidence": {"@id": "dpv:hasIndicationMethod", "@type": "@json"},
		"recorded_at": {"@id": "dct:created", "@type": "xsd:dateTime"},
		"recorded_by": {"@id": "dct:creator", "@type": "@json"},
		"shortened": {"@id": "skos:note", "@type": "@json"}
	}'::jsonb
$$;

-- Internal: the state of a consent as DPV calls it.
CREATE FUNCTION consent_profiling.consent_state(status text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT 'https://w3id.org/dpv#' || CASE status
		WHEN 'requested' THEN 'ConsentRequested'
		WHEN 'request_deferred' THEN 'ConsentRequestDeferred'
		WHEN 'refused' THEN 'ConsentRefused'
		WHEN 'given' THEN 'ConsentGiven'
		WHEN 'renewed' THEN 'RenewedConsentGiven'
		WHEN 'withdrawn' THEN 'ConsentWithdrawn'
		WHEN 'revoked' THEN 'ConsentRevoked'
		WHEN 'expired' THEN 'ConsentExpired'
		WHEN 'invalidated' THEN 'ConsentInvalidated'
		ELSE 'ConsentUnknown' END
$$;

-- Internal: the lawful bases of a purpose as DPV calls them.  Art. 6(1)(e) is
-- public interest or official authority; which, nobody told the database.
CREATE FUNCTION consent_profiling.lawful_basis(purpose consent_profiling.purpose)
	RETURNS jsonb
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE purpose.basis
			WHEN 'consent' THEN '["https://w3id.org/dpv#Consent", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-a"]'
			WHEN 'contract' THEN '["https://w3id.org/dpv#Contract", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-b"]'
			WHEN 'legal_obligation' THEN '["https://w3id.org/dpv#LegalObligation", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-c"]'
			WHEN 'vital_interests' THEN '["https://w3id.org/dpv#VitalInterest", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-d"]'
			WHEN 'public_task' THEN '["https://w3id.org/dpv#PublicInterest", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-e"]'
			WHEN 'legitimate_interests' THEN '["https://w3id.org/dpv#LegitimateInterest", "https://w3id.org/dpv/legal/eu/gdpr#A6-1-f"]'
		END::jsonb
		|| CASE WHEN purpose.special_category
			THEN '["https://w3id.org/dpv/legal/eu/gdpr#A9-2-a"]'
			ELSE '[]' END::jsonb
$$;

-- Internal: the rights a person has where a purpose is concerned, by article.
-- Art. 21(1) knows the bases it is about; consent is withdrawn instead.
CREATE FUNCTION consent_profiling.rights_of(purpose consent_profiling.purpose,
		marketing boolean)
	RETURNS text[]
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT array_remove(ARRAY[
		CASE WHEN purpose.basis = 'consent' OR purpose.special_category THEN '7-3' END,
		'15', '16', '17', '18',
		CASE WHEN purpose.basis IN ('consent', 'contract') THEN '20' END,
		CASE WHEN marketing
				OR purpose.basis IN ('public_task', 'legitimate_interests') THEN '21' END,
		CASE WHEN purpose.automated_decision THEN '22' END,
		'77'], NULL)
$$;

-- Internal: a notice that an event names, as a record shows it: what was in
-- force then, or the words that were recorded, or nothing.
CREATE FUNCTION consent_profiling.record_notice(notice text, at timestamptz)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(
		(SELECT jsonb_agg(jsonb_build_object('@type', 'dpv:ConsentNotice',
				'id', n.id, 'language', n.language, 'version', n.version,
				'valid_from', iso8601(n.valid_from), 'url', n.url,
				'sha256', n.sha256) ORDER BY n.id, n.language)
			FROM notices_in_force(record_notice.notice, record_notice.at) n),
		CASE WHEN record_notice.notice IS NULL THEN '[]'::jsonb
			ELSE jsonb_build_array(jsonb_build_object('@type', 'dpv:ConsentNotice',
				'id', record_notice.notice, 'language', NULL, 'version', NULL,
				'valid_from', NULL, 'url', NULL, 'sha256', NULL)) END)
$$;

-- Internal: the consent that counts for a purpose, and the purpose that it is
-- recorded at, which is one above where a No flowed down from there; both null
-- where there is none.  For purposes that are profiling.
CREATE FUNCTION consent_profiling.effective_consent(
		subject consent_profiling.subject_id, purpose text,
		OUT consent consent_profiling.consent, OUT recorded_at text)
	AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;

-- Internal: the notice of an event whose texts are too large for a record.
CREATE FUNCTION consent_profiling.short_notice(event consent_profiling.event)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT jsonb_build_array(jsonb_build_object('@type', 'dpv:ConsentNotice',
		'id', CASE jsonb_typeof(n.id)
			WHEN 'object' THEN to_jsonb(format('%s bytes, SHA-256 %s, event %s',
				n.id ->> 'size', n.id ->> 'sha256', event.id))
			ELSE n.id END,
		'language', NULL, 'version', NULL, 'valid_from', NULL, 'url', NULL,
		'sha256', NULL))
		FROM (SELECT report_value(to_jsonb(event.notice), '{}', 128) AS id) n
$$;

CREATE FUNCTION consent_profiling.consent_record(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling')
	RETURNS jsonb
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	person consent_profiling.subject := find_subject(consent_record.subject);
	goal consent_profiling.purpose;
	marketing boolean;
	current consent_profiling.consent;
	current_purpose text;
	controller consent_profiling.controller;
	notices jsonb;
	e consent_profiling.event;
	part record;
	items jsonb[] := '{}';
	versions integer[] := '{}';
	room bigint := (report_limits()).history_bytes;
	cut bigint := 0;
	total bigint;
	parties jsonb[];
	recipients jsonb[];
	created timestamptz;
	modified timestamptz;
BEGIN
	PERFORM refuse_null('purpose', consent_record.purpose IS NULL);
	SELECT * INTO goal FROM purpose p WHERE p.name = consent_record.purpose;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('purpose "%s" does not exist', consent_record.purpose);
	END IF;
	marketing := (SELECT bool_or(l.direct_marketing)
				  FROM lineage(consent_record.purpose) l);
	-- Art. 7(3): what was withdrawn above is withdrawn here.  What is not
	-- profiling has no verdict, and stands for itself.
	IF goal.automated AND goal.personal_data AND goal.evaluates_person THEN
		SELECT x.consent, x.recorded_at INTO current, current_purpose
			FROM effective_consent(person.id, goal.name) x;
	ELSE
		SELECT c.consent, c.purpose INTO current, current_purpose FROM choice c
			WHERE c.subject = person.id AND c.purpose = goal.name;
	END IF;
	SELECT * INTO controller FROM controller c ORDER BY c.version DESC LIMIT 1;

	SELECT count(*), min(e.recorded_at), max(e.recorded_at)
		INTO total, created, modified
		FROM event e
		WHERE e.subject = person.id AND e.consent IS NOT NULL
			AND (e.purpose = goal.name
				 OR e.purpose = current_purpose AND e.consent = current);
	-- All that was said here, and what counts from above, the newest first, while
	-- there is room for it.
	FOR e IN SELECT * FROM event e
			WHERE e.subject = person.id AND e.consent IS NOT NULL
				AND (e.purpose = goal.name
					 OR e.purpose = current_purpose AND e.consent = current)
			ORDER BY e.at DESC, e.id DESC LIMIT (report_limits()).events LOOP
		SELECT * INTO part FROM report_values(e.id, jsonb_build_object(
			'evidence', e.evidence, 'privacy_notice', record_notice(e.notice, e.at),
			'actor', e.actor), room);
		room := room - part.bytes;
		cut := cut + COALESCE(cardinality(part.shortened), 0);
		versions := versions || controller_at(e.at);
		items := array_append(items, jsonb_build_object(
				'@id', '_:event-' || e.id,
				'act', e.act,
				'purpose', e.purpose,
				'event_state', consent_state(consent_status(e.consent)),
				'event_type', CASE
					WHEN consent_status(e.consent) NOT IN ('given', 'renewed') THEN NULL
					WHEN consent_explicit(e.consent)
						THEN 'https://w3id.org/dpv#ExplicitlyExpressedConsent'
					ELSE 'https://w3id.org/dpv#ExpressedConsent' END,
				'event_time', iso8601(e.at),
				'validity_duration', CASE
					WHEN consent_status(e.consent) NOT IN ('given', 'renewed') THEN NULL
					WHEN isfinite(consent_until(e.consent))
						THEN jsonb_build_object('@type', 'dpv:UntilTimeDuration',
							'value', iso8601(consent_until(e.consent)))
					ELSE jsonb_build_object('@type', 'dpv:EndlessDuration',
							'value', NULL) END,
				-- Who else revokes, invalidates or lets expire is not on record.
				'entity_id', CASE consent_status(e.consent)
					WHEN 'requested' THEN 'https://w3id.org/dpv#DataController'
					WHEN 'revoked' THEN NULL
					WHEN 'expired' THEN NULL
					WHEN 'invalidated' THEN NULL
					WHEN 'unknown' THEN NULL
					ELSE 'https://w3id.org/dpv#DataSubject' END,
				'pii_controllers', '_:controller-' || controller_at(e.at),
				'privacy_notice', CASE WHEN 'privacy_notice' = ANY (part.shortened)
					THEN short_notice(e) ELSE part.shown -> 'privacy_notice' END,
				'evidence', part.shown -> 'evidence',
				'recorded_at', iso8601(e.recorded_at),
				'recorded_by', jsonb_build_object('session_role', e.session_role,
					'caller', e.caller, 'actor', part.shown -> 'actor')));
	END LOOP;
	-- What people were told when they said what counts now.
	SELECT * INTO e FROM event e
		WHERE e.subject = person.id AND e.purpose = current_purpose
			AND e.consent = current AND e.notice IS NOT NULL
		ORDER BY e.id DESC LIMIT 1;
	IF FOUND THEN
		notices := record_notice(e.notice, e.at);
		IF octet_length(notices::text) > (report_limits()).list_bytes THEN
			notices := short_notice(e);
		END IF;
	END IF;
	parties := ARRAY(SELECT jsonb_build_object('@id', '_:controller-' || c.version,
				'@type', 'dpv:DataController', 'version', c.version,
				'valid_from', iso8601(c.valid_from),
				'party_name', report_text(c.name, 'controller'),
				'party_address', report_text(c.address, 'controller'),
				'party_contact', report_text(c.contact, 'controller'),
				'dpo_contact', report_text(c.dpo_contact, 'controller'),
				'jurisdiction', report_text(c.jurisdiction, 'controller'))
		FROM controller c
		WHERE c.version = controller.version OR c.version = ANY (versions)
		ORDER BY c.version DESC LIMIT (report_limits()).entries + 1);
	recipients := ARRAY(SELECT jsonb_build_object('@type', 'dpv:Recipient',
				'party_name', report_text(d.recipient, 'disclosure'),
				'party_type', report_text(r.category, 'recipient'),
				'party_contact', report_text(r.contact, 'recipient'))
		FROM disclosure d LEFT JOIN recipient r ON r.name = d.recipient
		WHERE d.subject = person.id AND d.purpose = goal.name
		ORDER BY d.recipient LIMIT (report_limits()).entries + 1);

	RETURN jsonb_build_object(
		'@context', record_context(),
		'@type', 'dpv:ConsentRecord',
		'consent_status', consent_state(CASE
			WHEN consent_until(current) <= query_clock()
				AND consent_status(current) IN ('given', 'renewed') THEN 'expired'
			ELSE consent_status(current) END),
		'record_metadata', jsonb_build_object(
			'schema_version', 'https://w3id.org/dpv/schema/dpv-27560#record',
			-- The same for the same person and purpose, and after a restore too;
			-- a UUID of version 8, made from what tells it from all others.
			'record_id', overlay(overlay(md5(concat_ws('/',
					extract(epoch FROM person.registered_at), person.id, goal.name))
					PLACING '8' FROM 13) PLACING '8' FROM 17)::uuid,
			'pii_principal_id', person.id::text,
			'created', iso8601(created),
			'modified', iso8601(modified),
			'issued', iso8601(query_clock())),
		'pii_processing', jsonb_build_object(
			'privacy_notice', COALESCE(notices, '[]'),
			'language', jsonb_path_query_array(COALESCE(notices, '[]'),
											   '$[*].language ? (@ != null)'),
			'purposes', jsonb_build_array(jsonb_build_object(
				'@type', 'dpv:Process',
				'purpose', jsonb_build_object('@type', 'dpv:Purpose',
					'title', goal.name, 'description', goal.description,
					'purpose_type', CASE WHEN marketing
						THEN 'https://w3id.org/dpv#DirectMarketing'
						ELSE 'https://w3id.org/dpv#Purpose' END),
				'lawful_basis', lawful_basis(goal),
				'pii_information', CASE WHEN goal.special_category
					THEN 'https://w3id.org/dpv#SpecialCategoryPersonalData'
					WHEN goal.personal_data
					THEN 'https://w3id.org/dpv#PersonalData' END,
				'pii_controllers', '_:controller-' || controller.version,
				'processing_method', array_remove(ARRAY[
					CASE WHEN goal.automated AND goal.personal_data
							AND goal.evaluates_person
						THEN 'https://w3id.org/dpv#Profiling' END,
					CASE WHEN goal.automated_decision
						THEN 'https://w3id.org/dpv#AutomatedDecisionMaking' END], NULL),
				'jurisdiction', controller.jurisdiction,
				'recipient_third_parties', report_list(recipients),
				-- Art. 7(3)
				'withdrawal_method', jsonb_build_object(
					'@type', 'dpv:WithdrawConsent',
					'is_exercised_at', controller.contact),
				'privacy_rights', (SELECT jsonb_agg(
						'https://w3id.org/dpv/legal/eu/gdpr#A' || a ORDER BY n)
					FROM unnest(rights_of(goal, marketing)) WITH ORDINALITY u (a, n))))),
		'party_identification', report_list(parties, true),
		'consent_events', (SELECT COALESCE(jsonb_agg(i ORDER BY n DESC), '[]')
						   FROM unnest(items) WITH ORDINALITY u (i, n)),
		'shortened', report_shortened(cut, total - cardinality(items), NULL,
			ARRAY(SELECT l.name
				  FROM (VALUES ('party_identification', parties),
							   ('recipient_third_parties', recipients)) l (name, items)
				  WHERE jsonb_array_length(report_list(l.items)) < cardinality(l.items))));
END
$$;
COMMENT ON FUNCTION consent_profiling.consent_record(
		consent_profiling.subject_id, text) IS
	'the record of a subject''s consent to exactly this purpose (Art. 7(1)), in the structure of ISO/IEC TS 27560 and as JSON-LD with W3C DPV terms; its state is that which counts, with a refusal or withdrawal at a purpose above, and ConsentUnknown where nothing is recorded; throws no_data_found for an unknown subject, undefined_object for an unknown purpose; for officers';

-- What a receipt must have, and of which type, is what the JSON schema of the
-- Kantara Consent Receipt Specification 1.1.0 says: all that it requires, but for
-- the address, e-mail and telephone of a controller, without which a receipt
-- still says who that is and how to reach them.  Beyond the schema, texts must not
-- be blank, there are one controller, service and purpose at least, and a purpose
-- has a name.

-- Internal: complain about the first of these fields of an object in a Kantara
-- receipt that is not there or not of its type.  A field is 'NAME TYPE', with
-- ' optional' behind it if it may be missing.
CREATE FUNCTION consent_profiling.check_receipt(holder jsonb, path text,
		VARIADIC fields text[])
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	field text[];
	value jsonb;
	kind text;
	wanted text;
BEGIN
	FOR field IN SELECT string_to_array(f, ' ') FROM unnest(fields) f LOOP
		value := holder -> field[1];
		kind := COALESCE(jsonb_typeof(value), 'nothing');
		CONTINUE WHEN field[3] = 'optional' AND value IS NULL;
		wanted := CASE field[2]
			WHEN 'words' THEN CASE WHEN kind <> 'string' OR is_blank(value #>> '{}')
				THEN 'a text that is not empty' END
			WHEN 'string' THEN CASE WHEN kind <> 'string' THEN 'a string' END
			WHEN 'boolean' THEN CASE WHEN kind <> 'boolean' THEN 'true or false' END
			WHEN 'object' THEN CASE WHEN kind <> 'object' THEN 'an object' END
			WHEN 'strings' THEN CASE WHEN kind <> 'array'
					OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "string")')
				THEN 'a list of strings' END
			WHEN 'objects' THEN CASE WHEN kind <> 'array' OR value = '[]'
					OR jsonb_path_exists(value, 'strict $[*] ? (@.type() != "object")')
				THEN 'a list of at least one object' END
			WHEN 'seconds' THEN CASE WHEN kind <> 'number'
					OR (value #>> '{}')::numeric < 0
					OR (value #>> '{}')::numeric % 1 <> 0
				THEN 'a whole number of seconds since 1970' END
			END;
		IF wanted IS NOT NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('receipt field "%s" must be %s', path || field[1],
								 wanted);
		END IF;
	END LOOP;
END
$$;

-- Internal: complain about a field of a receipt for its state, if it is there and
-- does not say that the consent stands.  The specification has no such field, but
-- those who issue receipts do.
CREATE FUNCTION consent_profiling.check_receipt_state(field text, value jsonb)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	IF value <> '"ACTIVE"' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('receipt field "%s" must be "ACTIVE"', left(field, 100)),
			DETAIL = format('The value is %s.', left(value::text, 100)),
			HINT = 'A receipt that is not active is no consent. If it says that the person withdrew or refused, record that with consent_profiling.withdraw_consent() or refuse_consent(), and the receipt as evidence.';
	END IF;
END
$$;

-- Internal: the objects of a list in a Kantara receipt, with where they stand.
CREATE FUNCTION consent_profiling.receipt_list(holder jsonb, path text, field text)
	RETURNS TABLE (item jsonb, item_path text)
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT e, format('%s%s[%s].', path, field, n - 1)
		FROM jsonb_array_elements(holder -> field) WITH ORDINALITY u (e, n)
		ORDER BY n
$$;

-- Internal: when a consent ends by the words of a receipt: null for those that do
-- not tell.  Mostly they are for people; a date is the end, by UTC where it says
-- no more.  The specification's example has "Subscription end date + 1 year":
-- when that is, no receipt says, but as the consent was given before it, the
-- consent lasts for a year at least, and for no longer here.  Anything else with
-- a figure in it, "P1Y" or "in 12 months", may be meant for an end: taken for
-- words, the consent would never end.
CREATE FUNCTION consent_profiling.receipt_end(termination text, at timestamptz,
		field text)
	RETURNS timestamptz
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	until timestamptz;
	term text[] := regexp_match(termination,
		E'^[^[:digit:]]*[[:alpha:]][^[:digit:]]*\\+ ?(\\d{1,3}) (day|week|month|year)s?$');
BEGIN
	IF term IS NOT NULL THEN
		until := (at AT TIME ZONE 'UTC' + (term[1] || ' ' || term[2])::interval)
			AT TIME ZONE 'UTC';
	ELSIF termination ~ E'^\\d{4}-\\d\\d-\\d\\d(T\\d\\d:\\d\\d(:\\d\\d(\\.\\d+)?)?(Z|[+-]\\d\\d:?\\d\\d)?)?$' THEN
		BEGIN
			until := (CASE
				WHEN termination !~ 'T' THEN termination || 'T00:00:00Z'
				WHEN termination !~ 'T.*[Z+-]' THEN termination || 'Z'
				ELSE termination END)::timestamptz;
		EXCEPTION WHEN data_exception THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('receipt field "%s" is no date', field);
		END;
	ELSIF termination ~ '[[:digit:]]' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('receipt field "%s" is no date', field),
			HINT = 'A date is written like 2026-01-31 or 2026-01-31T12:00:00Z; words without figures are for people to read. For any other end call give_consent() with "until", and the receipt as its evidence.';
	END IF;
	IF until <= at THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('receipt field "%s" must be after "consentTimestamp"',
							 field);
	END IF;
	RETURN until;
END
$$;

CREATE FUNCTION consent_profiling.import_receipt(
		subject consent_profiling.subject_id, purpose text, receipt jsonb,
		explicit boolean DEFAULT false)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	content CONSTANT jsonb := import_receipt.receipt;
	seconds numeric;
	claimed timestamptz;
	at timestamptz;
	until timestamptz := 'infinity';
	part record;
	kind text;
	consents bigint := 0;
BEGIN
	PERFORM refuse_null('receipt', content IS NULL);
	PERFORM refuse_null('explicit', import_receipt.explicit IS NULL);
	IF jsonb_typeof(content) <> 'object' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'receipt must be a JSON object';
	END IF;
	-- Art. 7(3): who withdrew has not consented, whatever else the receipt says.
	PERFORM check_receipt_state('state', content -> 'state');
	PERFORM check_receipt(content, '', 'version words');
	IF content ->> 'version' <> 'KI-CR-v1.1.0' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'receipt field "version" must be "KI-CR-v1.1.0"',
			DETAIL = format('It is "%s".', left(content ->> 'version', 100));
	END IF;
	PERFORM check_receipt(content, '', 'jurisdiction words',
		'consentTimestamp seconds', 'collectionMethod words',
		'consentReceiptID words', 'publicKey string optional',
		'language string optional', 'piiPrincipalId words',
		'piiControllers objects', 'policyUrl words', 'services objects',
		'sensitive boolean', 'spiCat strings');

	-- Seconds since 1970; with milliseconds one gets far into the future.
	seconds := (content ->> 'consentTimestamp')::numeric;
	IF seconds > extract(epoch FROM clock_timestamp() + clock_tolerance()) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'receipt field "consentTimestamp" lies in the future',
			HINT = 'It counts seconds, not milliseconds.';
	END IF;
	claimed := to_timestamp(seconds::double precision);
	at := time_of_act('consentTimestamp', claimed);

	FOR part IN SELECT * FROM receipt_list(content, '', 'piiControllers') LOOP
		PERFORM check_receipt(part.item, part.item_path, 'piiController words',
			'onBehalf boolean optional', 'contact words', 'address object optional',
			'email string optional', 'phone string optional',
			'piiControllerUrl string optional');
	END LOOP;
	FOR part IN SELECT * FROM receipt_list(content, '', 'services') LOOP
		PERFORM check_receipt_state(part.item_path || 'state', part.item -> 'state');
		PERFORM check_receipt(part.item, part.item_path, 'service words',
			'purposes objects');
	END LOOP;
	FOR part IN SELECT p.* FROM receipt_list(content, '', 'services') s,
			receipt_list(s.item, s.item_path, 'purposes') p LOOP
		PERFORM check_receipt_state(part.item_path || 'state', part.item -> 'state');
		PERFORM check_receipt(part.item, part.item_path, 'purpose words',
			'consentType words', 'purposeCategory strings', 'piiCategory strings',
			'primaryPurpose boolean optional', 'termination string',
			'thirdPartyDisclosure boolean');
		IF (part.item -> 'thirdPartyDisclosure')::boolean THEN
			PERFORM check_receipt(part.item, part.item_path, 'thirdPartyName string');
		END IF;
		kind := part.item ->> 'consentType';
		-- Art. 4(11), Rec. 32: consent takes a clear affirmative act.
		IF kind = 'IMPLICIT' THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = 'an implicit consent cannot be imported',
				DETAIL = format('Receipt field "%sconsentType" is "IMPLICIT".',
								part.item_path),
				HINT = 'What a person did not say by a clear affirmative act is no consent.';
		END IF;
		-- "N/A", in the specification's example: a purpose on another basis.
		CONTINUE WHEN kind = 'N/A';
		IF kind <> 'EXPLICIT' THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = format('receipt field "%sconsentType" must be "EXPLICIT", "IMPLICIT" or "N/A"',
								 part.item_path);
		END IF;
		consents := consents + 1;
		until := LEAST(until, receipt_end(part.item ->> 'termination', claimed,
										  part.item_path || 'termination'));
	END LOOP;
	IF consents = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'no purpose in the receipt has the consentType "EXPLICIT"';
	END IF;
	-- Wherever else it says so.  The state in an address is another one.
	PERFORM check_receipt_state(f ->> 'key', f -> 'value')
		FROM jsonb_path_query(content || jsonb_build_object('piiControllers',
				(SELECT jsonb_agg(c - 'address')
				 FROM jsonb_array_elements(content -> 'piiControllers') c)),
			'strict $.** ? (@.type() == "object").keyvalue() ? (@.key like_regex "(state|status)$" flag "i")') f;
	IF jsonb_path_exists(content,
						 '$.**.consentType ? (@ like_regex "implicit" flag "i")') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'an implicit consent cannot be imported',
			HINT = 'What a person did not say by a clear affirmative act is no consent.';
	END IF;

	-- Art. 9(2)(a): explicit consent is to the special categories it names.
	PERFORM check_purpose(import_receipt.purpose);
	IF (SELECT p.special_category FROM purpose p
			WHERE p.name = import_receipt.purpose)
		AND content -> 'sensitive' <> 'true' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'receipt field "sensitive" must be true',
			DETAIL = format('Purpose "%s" is on special categories of data.',
							import_receipt.purpose);
	END IF;
	-- Kantara calls opting in EXPLICIT, as opposed to what is only implied.  An
	-- explicit consent of Art. 9(2)(a) and 22(2)(c) is a statement, which a ticked
	-- box need not be: whether there was one, only the caller can say.
	RETURN record_consent('import_receipt', import_receipt.subject,
						  import_receipt.purpose,
						  make_consent('given', import_receipt.explicit, at, until),
						  content ->> 'policyUrl', content,
						  claimed_time(claimed, at));
END
$$;
COMMENT ON FUNCTION consent_profiling.import_receipt(
		consent_profiling.subject_id, text, jsonb, boolean) IS
	'records the consent to a purpose that a complete and active Kantara Consent Receipt 1.1 is evidence of (Art. 7(1)), given at its consentTimestamp, and explicit (Art. 9(2)(a), 22(2)(c)) only if the caller says so, whatever its consentType; returns the consent that now prevails; throws invalid_parameter_value, naming the field, for what is no such receipt, is not active, lies in the future, or is implicit, and as give_consent() does';
