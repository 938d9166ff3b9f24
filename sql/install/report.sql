---------------------------------------------------------------------
-- What is recorded about somebody, Art. 15 and 20
---------------------------------------------------------------------

-- Internal: the article of law behind a basis.
CREATE FUNCTION consent_profiling.basis_article(purpose consent_profiling.purpose)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT 'GDPR Art. 6(1)(' || CASE purpose.basis
			WHEN 'consent' THEN 'a'
			WHEN 'contract' THEN 'b'
			WHEN 'legal_obligation' THEN 'c'
			WHEN 'vital_interests' THEN 'd'
			WHEN 'public_task' THEN 'e'
			WHEN 'legitimate_interests' THEN 'f' END || ')'
		|| CASE WHEN purpose.special_category THEN ', 9(2)(a)' ELSE '' END
$$;

-- Internal: a consent and an objection, each with all of its parts; the grounds
-- are as the report shows them.
CREATE FUNCTION consent_profiling.consent_parts(consent consent_profiling.consent)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN consent IS NOT NULL THEN jsonb_build_object(
		'status', consent_status(consent), 'explicit', consent_explicit(consent),
		'at', iso8601(consent_at(consent)), 'until', iso8601(consent_until(consent)))
		END
$$;
CREATE FUNCTION consent_profiling.objection_parts(objection consent_profiling.objection,
		grounds jsonb)
	RETURNS jsonb
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN objection IS NOT NULL THEN jsonb_build_object(
		'status', objection_status(objection), 'at', iso8601(objection_at(objection)),
		'grounds', grounds) END
$$;

-- Internal: what is said of somebody for one purpose.
CREATE FUNCTION consent_profiling.purpose_report(
		subject consent_profiling.subject_id, goal consent_profiling.purpose)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
#variable_conflict use_column
DECLARE
	-- Art. 4(4): what lacks an element is not profiling, and there is no verdict.
	gate CONSTANT boolean := goal.automated AND goal.personal_data
		AND goal.evaluates_person;
	reason record;
	verdict text;
	why jsonb;
	choice consent_profiling.choice;
BEGIN
	IF gate THEN
		SELECT * INTO reason FROM explain_verdict(purpose_report.subject, goal.name);
		verdict := reason.verdict;
		why := jsonb_build_object('article', reason.article, 'detail', reason.detail,
								  'since', iso8601(reason.since),
								  'until', iso8601(reason.until));
	END IF;
	SELECT * INTO choice FROM choice c
		WHERE c.subject = purpose_report.subject AND c.purpose = goal.name;
	RETURN jsonb_build_object(
		'name', goal.name,
		'broader', goal.broader,
		'description', report_text(goal.description, 'purpose'),
		'basis', goal.basis,
		'article', basis_article(goal),
		'direct_marketing', (SELECT bool_or(l.direct_marketing)
							 FROM lineage(goal.name) l),
		'special_category', goal.special_category,
		'automated_decision', goal.automated_decision,
		'minimum_age', goal.minimum_age,
		'gate', gate,
		'verdict', verdict,
		'reason', why,
		'consent', consent_parts(choice.consent),
		'objection', objection_parts(choice.objection,
			report_text(objection_grounds(choice.objection), 'choice')),
		'review_open', EXISTS (SELECT FROM review r
							   WHERE r.subject = purpose_report.subject
								   AND r.purpose IN (SELECT l.name FROM lineage(goal.name) l)
								   AND r.reviewed_at IS NULL));
END
$$;

-- Internal: the history of a person, the newest events first while there is room
-- for them, with how many of their values are shown by size and hash, and how
-- many older events there are, by act.
CREATE FUNCTION consent_profiling.history_report(
		subject consent_profiling.subject_id, OUT history jsonb,
		OUT "values" bigint, OUT events bigint, OUT acts jsonb)
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
#variable_conflict use_column
DECLARE
	e consent_profiling.event;
	part record;
	items jsonb[] := '{}';
	room bigint := (report_limits()).history_bytes;
	cut bigint := 0;
	oldest bigint;
BEGIN
	FOR e IN SELECT * FROM event e WHERE e.subject = history_report.subject
			ORDER BY e.id DESC LIMIT (report_limits()).events LOOP
		SELECT * INTO part FROM report_values(e.id, jsonb_build_object(
			'ground', e.ground, 'notice', e.notice, 'evidence', e.evidence,
			'detail', e.detail, 'actor', e.actor,
			'grounds', objection_grounds(e.objection)), room);
		room := room - part.bytes;
		cut := cut + COALESCE(cardinality(part.shortened), 0);
		oldest := e.id;
		items := array_append(items, jsonb_build_object(
			'id', e.id, 'act', e.act, 'purpose', e.purpose,
			'at', iso8601(e.at), 'recorded_at', iso8601(e.recorded_at),
			'birth_date', e.birth_date, 'consent', consent_parts(e.consent),
			'objection', objection_parts(e.objection, part.shown -> 'grounds'),
			'ground', part.shown -> 'ground',
			'informed_at', iso8601(e.informed_at),
			'notice', part.shown -> 'notice',
			'evidence', part.shown -> 'evidence', 'detail', part.shown -> 'detail',
			'recorded_by', jsonb_build_object('session_role', e.session_role,
				'caller', e.caller, 'actor', part.shown -> 'actor'),
			'shortened', to_jsonb(part.shortened)));
	END LOOP;
	SELECT COALESCE(jsonb_agg(i ORDER BY n DESC), '[]') INTO history
		FROM unnest(items) WITH ORDINALITY u (i, n);
	"values" := cut;
	SELECT COALESCE(sum(a.events), 0), jsonb_agg(jsonb_build_object('act', a.act,
			'events', a.events, 'first_at', iso8601(a.first_at),
			'last_at', iso8601(a.last_at)) ORDER BY a.act)
		INTO events, acts
		FROM (SELECT e.act, count(*) AS events, min(e.at) AS first_at,
					 max(e.at) AS last_at
			  FROM event e
			  WHERE e.subject = history_report.subject AND e.id < oldest
			  GROUP BY e.act) a;
END
$$;

CREATE FUNCTION consent_profiling.subject_report(
		subject consent_profiling.subject_id)
	RETURNS jsonb
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	person consent_profiling.subject := find_subject(subject_report.subject);
	-- One more than is shown, to see that there are more.
	enough CONSTANT integer := (report_limits()).entries + 1;
	restrictions jsonb[];
	purposes jsonb[];
	recipients jsonb[];
	reviews jsonb[];
	requests jsonb[];
	notices jsonb[];
	birth_dates jsonb[];
	past record;
	lists jsonb;
	cut text[];
BEGIN
	restrictions := ARRAY(SELECT jsonb_build_object(
			'ground', r.ground, 'article', r.article, 'purpose', r.purpose,
			'since', iso8601(r.since))
		FROM restriction r WHERE r.subject = person.id LIMIT enough);
	-- Art. 15(1)(a)
	purposes := ARRAY(SELECT purpose_report(person.id, p) FROM purpose p
		ORDER BY p.name <> 'profiling', p.name LIMIT enough);
	-- Art. 15(1)(c)
	recipients := ARRAY(SELECT jsonb_build_object(
			'name', report_text(d.recipient, 'disclosure'),
			'category', report_text(r.category, 'recipient'),
			'contact', report_text(r.contact, 'recipient'),
			'purpose', d.purpose, 'first_at', iso8601(d.first_at),
			'last_at', iso8601(d.last_at))
		FROM disclosure d LEFT JOIN recipient r ON r.name = d.recipient
		WHERE d.subject = person.id
		ORDER BY d.recipient, d.purpose LIMIT enough);
	-- Art. 15(1)(h), 22(3)
	reviews := ARRAY(SELECT jsonb_build_object(
			'purpose', r.purpose, 'requested_at', iso8601(r.requested_at),
			'reviewed_at', iso8601(r.reviewed_at),
			'outcome', report_text(r.outcome, 'review'),
			'reviewed_by', report_text(r.reviewed_by, 'review'))
		FROM review r WHERE r.subject = person.id
		ORDER BY r.requested_at DESC, r.id DESC LIMIT enough);
	requests := ARRAY(SELECT jsonb_build_object(
			'right', report_text(r."right", 'request'),
			'received_at', iso8601(r.received_at), 'due_on', r.due_on,
			'extended_at', iso8601(r.extended_at),
			'extension_reason', report_text(r.extension_reason, 'request'),
			'closed_at', iso8601(r.closed_at),
			'outcome', report_text(r.outcome, 'request'))
		FROM request r WHERE r.subject = person.id
		ORDER BY r.received_at DESC, r.id DESC LIMIT enough);
	-- What the person was told, in the versions of then.
	notices := ARRAY(SELECT DISTINCT jsonb_build_object(
			'notice', report_text(e.notice, 'event'),
			'language', report_text(n.language, 'notice'), 'version', n.version,
			'url', report_text(n.url, 'notice'), 'sha256', n.sha256) AS item
		FROM (SELECT DISTINCT notice, at FROM event
			  WHERE subject = person.id AND notice IS NOT NULL) e
			LEFT JOIN LATERAL notices_in_force(e.notice, e.at) n ON true
		ORDER BY item LIMIT enough);
	birth_dates := ARRAY(SELECT jsonb_build_object(
			'claimed', c.claimed, 'contradicts', c.contradicts,
			'recorded_at', iso8601(c.recorded_at), 'event', c.event)
		FROM birth_date_conflict c WHERE c.subject = person.id
		ORDER BY c.event DESC LIMIT enough);
	-- Of what has a time the newest are shown.
	SELECT jsonb_object_agg(l.name, l.shown),
		   array_agg(l.name ORDER BY l.name)
			FILTER (WHERE jsonb_array_length(l.shown) < cardinality(l.items))
		INTO lists, cut
		FROM (SELECT v.name, v.items, report_list(v.items, v.turned) AS shown
			  FROM (VALUES ('restrictions', restrictions, false),
						   ('purposes', purposes, false),
						   ('recipients', recipients, false),
						   ('automated_decisions_contested', reviews, true),
						   ('requests', requests, true),
						   ('birth_date_conflicts', birth_dates, true),
						   ('notices', notices, false)) v (name, items, turned)) l;
	SELECT * INTO past FROM history_report(person.id);

	RETURN lists || jsonb_build_object(
		'subject', person.id::text,
		'generated_at', iso8601(query_clock()),
		'controller', (SELECT jsonb_build_object('name', c.name,
				'address', c.address, 'contact', c.contact,
				'dpo_contact', c.dpo_contact, 'jurisdiction', c.jurisdiction)
			FROM controller c ORDER BY c.version DESC LIMIT 1),
		'registered_at', iso8601(person.registered_at),
		'birth_date', person.birth_date,
		'erased_at', iso8601(person.erased_at),
		-- Art. 15(1)(e)-(f)
		'rights', '[
			{"article": "GDPR Art. 7(3)", "right": "to withdraw a consent at any time"},
			{"article": "GDPR Art. 15", "right": "to know what is recorded, and to have a copy"},
			{"article": "GDPR Art. 16", "right": "to have corrected what is wrong"},
			{"article": "GDPR Art. 17", "right": "to have the data erased"},
			{"article": "GDPR Art. 18", "right": "to have the processing restricted"},
			{"article": "GDPR Art. 20", "right": "to receive the data in a form that machines read, and to pass it on"},
			{"article": "GDPR Art. 21", "right": "to object to profiling, and always to direct marketing"},
			{"article": "GDPR Art. 22(3)", "right": "to have a human look at an automated decision, and to contest it"},
			{"article": "GDPR Art. 77", "right": "to complain to a supervisory authority"}
			]'::jsonb,
		'history', past.history,
		'shortened', report_shortened(past."values"
				-- A notice of the list has a hash of its own.
				+ (SELECT count(*) FROM jsonb_path_query(lists,
						'$.*[*].**{1 to 2}.sha256')),
			past.events, past.acts, COALESCE(cut, '{}')));
END
$$;
COMMENT ON FUNCTION consent_profiling.subject_report(consent_profiling.subject_id) IS
	'all that is recorded about a subject (Art. 15, 20): every purpose with its basis and the verdict, recipients, requests, the history; what is too large for a report is shown by size and hash, or counted, and "shortened" says so; throws no_data_found for an unknown subject; for officers';

-- Internal: a text in lines of at most 78 characters, all but the first indented
-- further, so that none can be taken for one of the letter's own.  What would
-- steer a printer or turn the direction of writing around becomes a blank;
-- outside of UTF-8 there is nothing of the latter.
CREATE FUNCTION consent_profiling.letter_lines(content text, indent integer DEFAULT 0)
	RETURNS text
	LANGUAGE plpgsql STABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	width CONSTANT integer := 76 - indent;
	margin CONSTANT text := repeat(' ', indent);
	steering CONSTANT text := CASE
		WHEN getdatabaseencoding() = 'UTF8'
			THEN E'\\u0080-\\u009f\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f\\ufeff\\ufff9-\\ufffb\\U000e0000-\\U000e007f'
		WHEN getdatabaseencoding() ~ '^(LATIN|ISO_8859)' THEN E'\\u0080-\\u009f'
		ELSE '' END;
	plain text := btrim(regexp_replace(content,
		E'[\\u0001-\\u001f\\u007f[:space:]' || steering || ']+', ' ', 'g'));
BEGIN
	IF length(plain) > width + 2 THEN
		-- What is longer than a line is cut.
		plain := regexp_replace(plain, format(E'(\\S{%s})(?=\\S)', width), E'\\1 ', 'g');
		plain := rtrim(regexp_replace(plain, format('(.{1,%s})( |$)', width),
									  E'\\1\n  ' || margin, 'g'), E' \n');
	END IF;
	RETURN rtrim(margin || plain) || E'\n';
END
$$;

-- Internal: the times in a text of a report as people read them.
CREATE FUNCTION consent_profiling.letter_time(content text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT regexp_replace(content, E'(\\d-\\d\\d)T(\\d\\d:\\d\\d:\\d\\d)(\\.\\d+)?Z', E'\\1 \\2 UTC', 'g')
$$;

-- Internal: an article as people read it, with what it is about.
CREATE FUNCTION consent_profiling.letter_article(article text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT replace(replace(article, 'GDPR Art. ', 'Article '),
				   'GDPR Rec. ', 'Recitals ')
		|| ' of the General Data Protection Regulation'
		|| COALESCE(' (' || CASE article
			WHEN 'GDPR Art. 4(11)' THEN 'what a consent is'
			WHEN 'GDPR Art. 6(1)(a)' THEN 'consent'
			WHEN 'GDPR Art. 6(1)(b)' THEN 'contract'
			WHEN 'GDPR Art. 6(1)(c)' THEN 'legal obligation'
			WHEN 'GDPR Art. 6(1)(d)' THEN 'vital interests'
			WHEN 'GDPR Art. 6(1)(e)' THEN 'public task'
			WHEN 'GDPR Art. 6(1)(f)' THEN 'legitimate interests'
			WHEN 'GDPR Art. 7(1)' THEN 'proof of consent'
			WHEN 'GDPR Art. 7(3)' THEN 'withdrawal of consent'
			WHEN 'GDPR Art. 9(2)(a)' THEN 'explicit consent to special categories of data'
			WHEN 'GDPR Art. 17' THEN 'erasure'
			WHEN 'GDPR Art. 18' THEN 'restriction of processing'
			WHEN 'GDPR Art. 18(1)(a)' THEN 'restriction while the accuracy of data is contested'
			WHEN 'GDPR Art. 18(1)(b)' THEN 'restriction of unlawful processing'
			WHEN 'GDPR Art. 18(1)(c)' THEN 'restriction of data needed for legal claims'
			WHEN 'GDPR Art. 18(1)(d)' THEN 'restriction while an objection is examined'
			WHEN 'GDPR Art. 21' THEN 'right to object'
			WHEN 'GDPR Art. 21(1)' THEN 'right to object'
			WHEN 'GDPR Art. 21(3)' THEN 'objection to direct marketing'
			WHEN 'GDPR Art. 25(2)' THEN 'data protection by default'
			WHEN 'GDPR Rec. 38' THEN 'protection of children'
			WHEN 'GDPR Rec. 38, 71' THEN 'protection of children'
			END || ')', '')
$$;

-- Internal: a name in snake_case as words.
CREATE FUNCTION consent_profiling.letter_words(name text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT replace(name, '_', ' ')
$$;

-- Internal: a text of a report as people read it, or of what stands for a value
-- that is too large for it.
CREATE FUNCTION consent_profiling.letter_text(value jsonb)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE jsonb_typeof(value) WHEN 'object'
		THEN concat_ws(', ', (value ->> 'size') || ' bytes',
			'SHA-256 ' || (value ->> 'sha256'), 'event ' || (value ->> 'event'))
		ELSE value #>> '{}' END
$$;

-- Internal: a consent and an objection of a report as people read them.
CREATE FUNCTION consent_profiling.letter_consent(consent jsonb)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT letter_words(consent ->> 'status')
		|| CASE WHEN (consent ->> 'explicit')::boolean THEN ' explicitly' ELSE '' END
		|| ' on ' || letter_time(consent ->> 'at')
		|| COALESCE(', until ' || letter_time(consent ->> 'until'), '')
$$;
CREATE FUNCTION consent_profiling.letter_objection(objection jsonb)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT letter_words(objection ->> 'status')
		|| ' on ' || letter_time(objection ->> 'at')
		|| COALESCE(', on these grounds: ' || letter_text(objection -> 'grounds'), '')
$$;

-- Internal: the values within a JSON document, a line each, with where they
-- stand in it; the document as it is, where saying that for each value would make
-- it much longer, as long keys of many values do.
CREATE FUNCTION consent_profiling.letter_values(document jsonb, indent integer)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH RECURSIVE node AS (
		SELECT NULL::text AS path, '{}'::bigint[] AS place, document AS value
		UNION ALL
		SELECT concat_ws(', ', node.path, child.key), node.place || child.n, child.value
			FROM node, LATERAL (
				SELECT o.key, o.n, o.value
					FROM jsonb_each(CASE jsonb_typeof(node.value) WHEN 'object'
						THEN node.value ELSE '{}' END) WITH ORDINALITY o (key, value, n)
				UNION ALL
				SELECT a.n::text, a.n, a.value
					FROM jsonb_array_elements(CASE jsonb_typeof(node.value) WHEN 'array'
						THEN node.value ELSE '[]' END) WITH ORDINALITY a (value, n)
			) child
	), line AS MATERIALIZED (
		SELECT place, concat_ws(': ', path, CASE jsonb_typeof(value)
				WHEN 'boolean' THEN CASE value WHEN 'true' THEN 'yes' ELSE 'no' END
				WHEN 'null' THEN 'nothing'
				WHEN 'object' THEN 'nothing'
				WHEN 'array' THEN 'nothing'
				ELSE value #>> '{}' END) AS content
			FROM node
			WHERE jsonb_typeof(value) NOT IN ('object', 'array')
				OR value IN ('{}', '[]')
	)
	SELECT CASE WHEN (SELECT sum(octet_length(content) + indent) FROM line)
			> 1024 + 8 * octet_length(document::text)
		THEN letter_lines(document::text, indent)
		ELSE (SELECT string_agg(letter_lines(content, indent), '' ORDER BY place)
			  FROM line) END
$$;

-- Internal: an act as people read it.  What it does not know it takes by its
-- name.
CREATE FUNCTION consent_profiling.letter_act(act text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(CASE act
		WHEN 'register_subject' THEN 'you were registered'
		WHEN 'import_subjects' THEN 'you were registered, from a list'
		WHEN 'track_subjects' THEN 'you were registered, from a table'
		WHEN 'rectify_birth_date' THEN 'your birth date was corrected'
		WHEN 'give_consent' THEN 'you consented'
		WHEN 'request_consent' THEN 'you were asked for consent'
		WHEN 'refuse_consent' THEN 'you refused consent'
		WHEN 'withdraw_consent' THEN 'you withdrew consent'
		WHEN 'import_consents' THEN 'what you said about consent was taken from a list'
		WHEN 'import_receipt' THEN 'your consent was taken from a receipt'
		WHEN 'raise_objection' THEN 'you objected'
		WHEN 'object_to_marketing' THEN 'you objected to all direct marketing'
		WHEN 'withdraw_objection' THEN 'you withdrew an objection'
		WHEN 'uphold_objection' THEN 'your objection was found justified'
		WHEN 'override_objection' THEN 'your objection was overridden'
		WHEN 'import_objections' THEN 'your objection was taken from a list'
		WHEN 'restrict_subject' THEN 'processing was restricted'
		WHEN 'lift_restriction' THEN 'a restriction of processing was lifted'
		WHEN 'erase_subject' THEN 'your data was erased'
		WHEN 'open_request' THEN 'a request of yours was received'
		WHEN 'extend_request' THEN 'the time to answer your request was extended'
		WHEN 'close_request' THEN 'your request was answered'
		WHEN 'request_review' THEN 'you asked for a human to look at a decision'
		WHEN 'record_review' THEN 'a human looked at a decision'
		WHEN 'record_disclosure' THEN 'data was disclosed'
		WHEN 'record_notified' THEN 'a recipient was told'
		END, letter_words(act))
$$;

-- Internal: a verdict as people read it.
CREATE FUNCTION consent_profiling.letter_verdict(verdict text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN verdict IS NULL THEN 'this is not profiling, and nothing is decided here'
		WHEN verdict = 'permitted' THEN 'you may be profiled for this purpose'
		ELSE 'you are not profiled for this purpose: ' || CASE verdict
			WHEN 'unknown_subject' THEN 'you are not registered'
			WHEN 'erased' THEN 'your data was erased'
			WHEN 'age_unknown' THEN 'your birth date is not known'
			WHEN 'child' THEN 'you are too young'
			WHEN 'restricted' THEN 'processing of your data is restricted'
			WHEN 'objected' THEN 'you objected'
			WHEN 'consent_missing' THEN 'you have not consented'
			WHEN 'consent_refused' THEN 'you refused consent'
			WHEN 'consent_withdrawn' THEN 'your consent was withdrawn'
			WHEN 'consent_expired' THEN 'your consent has ended'
			WHEN 'consent_as_child' THEN 'you consented as a child'
			WHEN 'consent_not_explicit' THEN 'your consent is not explicit'
			ELSE letter_words(verdict) END END
$$;

-- Internal: a heading, and what stands beneath it.
CREATE FUNCTION consent_profiling.letter_part(heading text, content text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT E'\n' || heading || E'\n' || repeat('-', length(heading)) || E'\n\n'
		|| COALESCE(content, E'Nothing is recorded.\n')
$$;

-- Internal: a line with what it is called, or nothing where there is no value.
CREATE FUNCTION consent_profiling.letter_line(name text, value text,
		indent integer DEFAULT 4)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(letter_lines(name || ': ' || value, indent), '')
$$;

CREATE FUNCTION consent_profiling.subject_report_text(
		subject consent_profiling.subject_id)
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	report jsonb := subject_report(subject_report_text.subject);
	controller jsonb := report -> 'controller';
BEGIN
	RETURN E'WHAT IS RECORDED ABOUT YOU\n==========================\n\n'
		'This is the information that Articles 15 and 20 of the General Data Protection\n'
		'Regulation entitle you to, as far as it concerns profiling.\n\n'
		|| letter_line('You are known as', report ->> 'subject', 0)
		|| letter_line('Registered', letter_time(report ->> 'registered_at'), 0)
		|| letter_line('Birth date', COALESCE(report ->> 'birth_date', 'not recorded'), 0)
		|| COALESCE((SELECT string_agg(letter_line('Another birth date was given',
					(d ->> 'claimed') || ' instead of ' || (d ->> 'contradicts')
					|| ', recorded ' || letter_time(d ->> 'recorded_at'), 0), '' ORDER BY n)
				FROM jsonb_array_elements(report -> 'birth_date_conflicts')
					WITH ORDINALITY u (d, n)), '')
		|| letter_line('Your data was erased', letter_time(report ->> 'erased_at'), 0)
		|| letter_line('Drawn up', letter_time(report ->> 'generated_at'), 0)

		|| letter_part('Who is responsible', CASE jsonb_typeof(controller)
			WHEN 'object' THEN
				letter_lines(controller ->> 'name')
				|| letter_line('Address', controller ->> 'address', 0)
				|| letter_line('Contact', controller ->> 'contact', 0)
				|| letter_line('Data protection officer', controller ->> 'dpo_contact', 0)
				|| letter_line('Jurisdiction', controller ->> 'jurisdiction', 0) END)

		|| letter_part('Restrictions of processing', (
			SELECT string_agg(letter_lines(letter_words(r ->> 'ground'))
					|| letter_line('purpose', r ->> 'purpose')
					|| letter_line('since', letter_time(r ->> 'since'))
					|| letter_line('under', letter_article(r ->> 'article')),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'restrictions')
					WITH ORDINALITY u (r, n)))

		|| letter_part('Purposes', (
			SELECT string_agg(letter_lines((p ->> 'name')
						|| COALESCE(': ' || letter_text(p -> 'description'), ''))
					|| letter_lines(letter_verdict(p ->> 'verdict'), 4)
					|| letter_line('why', letter_time(p #>> '{reason,detail}'))
					|| letter_line('under', letter_article(p #>> '{reason,article}'))
					|| letter_line('since', letter_time(p #>> '{reason,since}'))
					|| letter_line('until', letter_time(p #>> '{reason,until}'))
					|| letter_line('lawful basis', letter_words(p ->> 'basis') || ', '
						|| replace(p ->> 'article', 'GDPR Art.', 'Article'))
					|| CASE WHEN (p ->> 'direct_marketing')::boolean
						THEN letter_lines('this is direct marketing', 4) ELSE '' END
					|| CASE WHEN (p ->> 'special_category')::boolean
						THEN letter_lines('special categories of data are used', 4) ELSE '' END
					|| CASE WHEN (p ->> 'automated_decision')::boolean
						THEN letter_lines('decisions are taken by automated means alone', 4)
						ELSE '' END
					|| CASE WHEN (p ->> 'review_open')::boolean
						THEN letter_lines('a human has still to look at a decision', 4)
						ELSE '' END
					|| letter_line('people must be at least', (p ->> 'minimum_age') || ' years old')
					|| letter_line('your consent', letter_consent(p -> 'consent'))
					|| letter_line('your objection', letter_objection(p -> 'objection')),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'purposes') WITH ORDINALITY u (p, n)))

		|| letter_part('Who has received data about you', (
			SELECT string_agg(letter_lines(concat_ws(', ', letter_text(r -> 'name'),
						letter_text(r -> 'category')))
					|| letter_line('purpose', r ->> 'purpose')
					|| letter_line('first', letter_time(r ->> 'first_at'))
					|| letter_line('last', letter_time(r ->> 'last_at'))
					|| letter_line('contact', letter_text(r -> 'contact')),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'recipients')
					WITH ORDINALITY u (r, n)))

		|| letter_part('Automated decisions that you contested', (
			SELECT string_agg(letter_lines(r ->> 'purpose')
					|| letter_line('you asked', letter_time(r ->> 'requested_at'))
					|| letter_line('a human looked at it', COALESCE(
						letter_time(r ->> 'reviewed_at'), 'not yet'))
					|| letter_line('outcome', letter_text(r -> 'outcome'))
					|| letter_line('by', letter_text(r -> 'reviewed_by')),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'automated_decisions_contested')
					WITH ORDINALITY u (r, n)))

		|| letter_part('Your requests', (
			SELECT string_agg(letter_lines(letter_words(letter_text(r -> 'right')))
					|| letter_line('received', letter_time(r ->> 'received_at'))
					|| letter_line('to be answered by', r ->> 'due_on')
					|| letter_line('extended', letter_time(r ->> 'extended_at'))
					|| letter_line('because', letter_text(r -> 'extension_reason'))
					|| letter_line('answered', COALESCE(
						letter_time(r ->> 'closed_at'), 'not yet'))
					|| letter_line('outcome', letter_text(r -> 'outcome')),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'requests') WITH ORDINALITY u (r, n)))

		|| letter_part('What you were told', (
			SELECT string_agg(letter_lines(letter_text(r -> 'notice'))
					|| letter_line('language', letter_text(r -> 'language'))
					|| letter_line('version', r ->> 'version')
					|| letter_line('to be read at', letter_text(r -> 'url'))
					|| letter_line('SHA-256', r ->> 'sha256'), E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'notices') WITH ORDINALITY u (r, n)))

		|| letter_part('Your rights', (
			SELECT string_agg(letter_lines(
					replace(r ->> 'article', 'GDPR Art.', 'Article') || ': '
					|| (r ->> 'right')), '' ORDER BY n)
				FROM jsonb_array_elements(report -> 'rights') WITH ORDINALITY u (r, n)))

		|| CASE jsonb_typeof(report -> 'shortened') WHEN 'object' THEN
			letter_part('What is not shown in full',
				letter_lines(report #>> '{shortened,note}')
				|| letter_line('values shown by size and hash',
					report #>> '{shortened,values}', 0)
				|| letter_line('older events not shown',
					report #>> '{shortened,events}', 0)
				|| COALESCE((
					SELECT string_agg(letter_lines((a ->> 'events') || ': '
							|| letter_act(a ->> 'act') || ', from '
							|| letter_time(a ->> 'first_at') || ' to '
							|| letter_time(a ->> 'last_at'), 4), '' ORDER BY n)
						FROM jsonb_array_elements(CASE
								jsonb_typeof(report #> '{shortened,acts}') WHEN 'array'
								THEN report #> '{shortened,acts}' ELSE '[]' END)
							WITH ORDINALITY u (a, n)), '')
				|| letter_line('lists of which a part is shown', (
					SELECT string_agg(letter_words(l), ', ' ORDER BY n)
						FROM jsonb_array_elements_text(report #> '{shortened,lists}')
							WITH ORDINALITY u (l, n)), 0))
			ELSE '' END

		|| letter_part('History', (
			SELECT string_agg(letter_lines(letter_time(e ->> 'at') || ': '
						|| letter_act(e ->> 'act'))
					|| letter_line('purpose', e ->> 'purpose')
					|| letter_line('birth date', e ->> 'birth_date')
					|| letter_line('consent', letter_consent(e -> 'consent'))
					|| letter_line('objection', letter_objection(e -> 'objection'))
					|| letter_line('ground', letter_text(e -> 'ground'))
					|| letter_line('you were informed', letter_time(e ->> 'informed_at'))
					|| letter_line('you were told', letter_text(e -> 'notice'))
					-- A restriction's ground stands above, in the words it was given in.
					|| CASE WHEN e -> 'shortened' ? 'detail'
						THEN letter_line('more', letter_text(e -> 'detail'))
						ELSE COALESCE(letter_values(CASE jsonb_typeof(e -> 'detail')
							WHEN 'object' THEN NULLIF((e -> 'detail') - 'ground', '{}')
							END, 4), '') END
					|| CASE WHEN e -> 'shortened' ? 'evidence'
						THEN letter_line('evidence', letter_text(e -> 'evidence'))
						WHEN jsonb_typeof(e -> 'evidence') = 'null' THEN ''
						ELSE letter_lines('evidence:', 4)
							|| COALESCE(letter_values(e -> 'evidence', 8), '') END
					|| letter_line('recorded', letter_time(e ->> 'recorded_at')
						|| ' by ' || concat_ws(', ', e #>> '{recorded_by,caller}',
											   letter_text(e #> '{recorded_by,actor}'))),
					E'\n' ORDER BY n)
				FROM jsonb_array_elements(report -> 'history') WITH ORDINALITY u (e, n)));
END
$$;
COMMENT ON FUNCTION consent_profiling.subject_report_text(
		consent_profiling.subject_id) IS
	'the same as subject_report() says, as a text to enclose with a letter, in lines of at most 78 characters; throws no_data_found for an unknown subject; for officers';
