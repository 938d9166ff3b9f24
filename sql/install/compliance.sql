---------------------------------------------------------------------
-- An officer's picture
---------------------------------------------------------------------

-- One page of HTML, made anew each time it is asked for.  It is well-formed XML
-- too, so that a test can take it apart, and all of this text is ASCII, whatever
-- the encoding of the database.  What comes out of the database reaches it only
-- through page_text() or a function that writes numbers and dates.  No attribute
-- is made of anything but fixed words and numbers.

-- Internal: a text as it may stand in HTML and in XML.  Characters that these do
-- not allow, and those that would turn the direction of what follows, become
-- U+FFFD.
CREATE FUNCTION consent_profiling.escape_html(value text)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT regexp_replace(
		replace(replace(replace(replace(replace(value COLLATE "C",
			'&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), '''', '&#39;'),
		E'[\\u0001-\\u0008\\u000B\\u000C\\u000E-\\u001F\\u007F-\\u009F\\u202A-\\u202E\\u2066-\\u2069\\uFDD0-\\uFDEF\\uFFFE\\uFFFF]',
		'&#65533;', 'g')
$$;

-- Internal: a number with its thousands set apart.
CREATE FUNCTION consent_profiling.page_number(value bigint)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT to_char(value, 'FM9,999,999,999,999,999,990')
$$;

-- Internal: a text from the database for the page, set apart from what stands
-- around it, and cut where it is too long to be read there.
CREATE FUNCTION consent_profiling.page_text(value text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN COALESCE(btrim(value, E' \t\r\n'), '') = '' THEN '<span class="quiet">none</span>'
		ELSE '<bdi>' || escape_html(left(value, 300)) || '</bdi>'
			|| CASE WHEN length(value) > 300
				THEN format('&#8230; <span class="quiet">and %s more characters</span>',
							page_number(length(value) - 300)) ELSE '' END
	END
$$;

-- Internal: a number with what it counts.
CREATE FUNCTION consent_profiling.page_count(value bigint, one text, many text)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT page_number(value) || ' ' || CASE value WHEN 1 THEN one ELSE many END
$$;

-- Internal: a part of a whole, as a percentage.
CREATE FUNCTION consent_profiling.page_share(part bigint, whole bigint)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT to_char(round(100.0 * part / NULLIF(whole, 0), 1), 'FM990.0') || '%'
$$;

-- Internal: a date.
CREATE FUNCTION consent_profiling.page_date(value date)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN isfinite(value)
			THEN to_char(value, '"<time>"FMDD Mon FMYYYY"</time>"')
		ELSE '<span class="quiet">none</span>'
	END
$$;

-- Internal: a time, in UTC.
CREATE FUNCTION consent_profiling.page_time(value timestamptz)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN isfinite(value)
			THEN to_char(value AT TIME ZONE 'UTC',
						 '"<time>"FMDD Mon FMYYYY, HH24:MI"</time>"')
		ELSE '<span class="quiet">none</span>'
	END
$$;

-- Internal: how many rows a table shows at most.
CREATE FUNCTION consent_profiling.page_rows()
	RETURNS integer
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT 50
$$;

-- Internal: one row of a table.  The columns of numbers are those whose heading
-- begins with "#".
CREATE FUNCTION consent_profiling.page_row(headings text[], cells text[])
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT '<tr>' || string_agg(format(
			CASE WHEN n = 1 THEN '<th scope="row"%s>%s</th>' ELSE '<td%s>%s</td>' END,
			CASE WHEN heading LIKE '#%' THEN ' class="number"' ELSE '' END, cell),
			'' ORDER BY n) || E'</tr>\n'
		FROM unnest(headings, cells) WITH ORDINALITY AS u (heading, cell, n)
$$;

-- Internal: a table of the rows made so, and how many of them are not shown; or,
-- where there are none, what that means.
CREATE FUNCTION consent_profiling.page_table(section text, caption text,
		headings text[], rows text, total bigint, nothing text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN total = 0 THEN format(E'<p class="nothing">%s</p>\n', nothing)
		ELSE format(
$html$<div class="scroll" role="region" tabindex="0" aria-labelledby="%1$s-caption">
<table data-rows="%2$s">
<caption id="%1$s-caption"><span>%3$s</span></caption>
<thead><tr>%4$s</tr></thead>
<tbody>
%5$s</tbody>
</table>
</div>
$html$,
			section, total, caption,
			(SELECT string_agg(format('<th scope="col"%s>%s</th>',
					CASE WHEN h LIKE '#%' THEN ' class="number"' ELSE '' END,
					ltrim(h, '#')), '' ORDER BY n)
				FROM unnest(headings) WITH ORDINALITY AS u (h, n)),
			rows)
		|| CASE WHEN total > page_rows() THEN
			format(E'<p class="more">and %s more</p>\n',
				   page_number(total - page_rows())) ELSE '' END
	END
$$;

-- Internal: one bar a month as SVG, beneath a heading with the sum.
CREATE FUNCTION consent_profiling.page_chart(kind text, heading text,
		what text, months date[], counts bigint[])
	RETURNS text
	LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
AS $$
DECLARE
	-- The drawing is 320 wide; bars stand on y = 98 and reach up to y = 16.
	n CONSTANT integer := cardinality(months);
	slot CONSTANT numeric := 320.0 / n;
	width CONSTANT numeric := round(LEAST(slot * 0.72, 28), 2);
	highest CONSTANT bigint := (SELECT max(c) FROM unnest(counts) c);
	total CONSTANT bigint := (SELECT sum(c) FROM unnest(counts) c);
	-- The lowest round number that is not below the highest bar.
	top CONSTANT bigint := (SELECT min(s * power(10::numeric, e))
							FROM unnest('{1,2,3,4,5,6,8}'::integer[]) s,
								generate_series(0, 18) e
							WHERE s * power(10::numeric, e) >= highest);
	drawn text;
	said text;
BEGIN
	SELECT string_agg(format(
			'<rect x="%s" y="%s" width="%s" height="%s" data-month="%s" data-count="%s"><title>%s: %s</title></rect>',
			round((i - 1) * slot + (slot - width) / 2, 2), 98 - h, width, h,
			to_char(month, 'YYYY-MM'), c, to_char(month, 'Mon YYYY'), page_number(c)),
			E'\n' ORDER BY i),
		   string_agg(format('%s: %s', to_char(month, 'Mon YYYY'), page_number(c)),
			', ' ORDER BY i)
		INTO drawn, said
		FROM unnest(months, counts) WITH ORDINALITY AS u (month, c, i),
			-- What happened at all can be seen.
			LATERAL (SELECT CASE WHEN c > 0
				THEN GREATEST(round(82.0 * c / top, 2), 1.5) ELSE 0 END) AS v (h);
	-- Where a year begins, with its number where that has room.
	SELECT concat(drawn, E'\n', string_agg(format(
			'<path class="tick" d="M%1$s 98v5"/>%2$s',
			round((i - 1) * slot, 2),
			CASE WHEN i BETWEEN 6 AND n - 5 THEN
				format('<text x="%s" y="114" text-anchor="middle">%s</text>',
					   round((i - 0.5) * slot, 2), to_char(month, 'YYYY')) END),
			E'\n' ORDER BY i))
		INTO drawn
		FROM unnest(months) WITH ORDINALITY AS u (month, i)
		WHERE i > 1 AND extract(month FROM month) = 1;
	RETURN format(
$html$<figure class="%1$s" data-total="%3$s">
<figcaption><b>%2$s</b> <span>%4$s</span></figcaption>
<svg viewBox="0 0 320 120" role="img" aria-labelledby="%1$s-title %1$s-desc">
<title id="%1$s-title">%5$s, by month</title>
<desc id="%1$s-desc">%6$s</desc>
<path class="grid" d="M0 16h320M0 57h320"/>
<text x="0" y="12">%7$s</text>
%8$s
<path class="axis" d="M0 98h320"/>
<text x="0" y="114">%9$s</text>
%10$s</svg>
</figure>
$html$,
		kind, heading, total, page_number(total), what, said, page_number(top),
		drawn, to_char(months[1], 'Mon YYYY'),
		CASE WHEN n > 1 THEN format(E'<text x="320" y="114" text-anchor="end">%s</text>\n',
									to_char(months[n], 'Mon YYYY')) END);
END
$$;

-- Internal: how many people have which verdict, for each purpose that is
-- profiling.  It asks about each of them, as an officer would: what a verdict
-- depends on is known in one place.
CREATE FUNCTION consent_profiling.count_verdicts()
	RETURNS jsonb
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	profiling text;
	result jsonb := '{}';
BEGIN
	FOR profiling IN SELECT p.name FROM purpose p
			WHERE p.automated AND p.personal_data AND p.evaluates_person LOOP
		result := result || (
			SELECT jsonb_build_object(profiling,
					COALESCE(jsonb_object_agg(v.verdict, v.people), '{}'))
				FROM (SELECT verdict_of(s.id, profiling) AS verdict,
							 count(*) AS people
					  FROM subject s GROUP BY 1) v);
	END LOOP;
	RETURN result;
END
$$;

-- Internal: the purposes as a tree, each after the one that it is beneath.
CREATE FUNCTION consent_profiling.purpose_tree(OUT place bigint,
		OUT depth integer, OUT name text)
	RETURNS SETOF record
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH RECURSIVE down AS (
		SELECT p.name, 0 AS depth, ARRAY[p.name] AS path
			FROM purpose p WHERE p.broader IS NULL
		UNION ALL
		SELECT p.name, d.depth + 1, d.path || p.name
			FROM down d JOIN purpose p ON p.broader = d.name
	)
	SELECT row_number() OVER (ORDER BY d.path), d.depth, d.name FROM down d
$$;

-- Internal: a basis of processing with where the law has it.
CREATE FUNCTION consent_profiling.page_basis(basis text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE basis
		WHEN 'consent' THEN 'consent, Art. 6(1)(a)'
		WHEN 'contract' THEN 'contract, Art. 6(1)(b)'
		WHEN 'legal_obligation' THEN 'legal obligation, Art. 6(1)(c)'
		WHEN 'vital_interests' THEN 'vital interests, Art. 6(1)(d)'
		WHEN 'public_task' THEN 'public task, Art. 6(1)(e)'
		WHEN 'legitimate_interests' THEN 'legitimate interests, Art. 6(1)(f)'
		ELSE page_text(basis)
	END
$$;

-- Internal: for each purpose a bar of its verdicts, and their numbers.
CREATE FUNCTION consent_profiling.verdict_section(verdicts jsonb)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT string_agg(
		format(E'<article class="depth%s">\n<h3>%s</h3>\n',
			   LEAST(t.depth, 4), page_text(t.name))
		|| CASE
			WHEN verdicts -> t.name IS NULL THEN format(
				E'<p class="nothing">Not profiling: it %s. No gate can use it.</p>\n',
				concat_ws(' and ',
					CASE WHEN NOT p.automated THEN 'is not automated' END,
					CASE WHEN NOT p.personal_data THEN 'uses no personal data' END,
					CASE WHEN NOT p.evaluates_person THEN 'evaluates nobody' END))
			WHEN v.people IS NULL THEN E'<p class="nothing">Nobody is registered.</p>\n'
			ELSE format(
$html$<p class="share" data-permitted="%1$s" data-people="%2$s"><b>%3$s</b> of %4$s permitted, %5$s</p>
<div class="bar" aria-hidden="true">%6$s</div>
<ul class="verdicts">
%7$s</ul>
$html$,
				v.permitted, v.people, page_number(v.permitted),
				page_number(v.people), page_share(v.permitted, v.people), v.bar,
				v.items)
			END
		|| E'</article>\n', '' ORDER BY t.place)
	FROM purpose_tree() t
		JOIN purpose p ON p.name = t.name
		CROSS JOIN LATERAL (
			SELECT sum(c.people)::bigint AS people,
				COALESCE(sum(c.people) FILTER (WHERE c.verdict = 'permitted'), 0)::bigint
					AS permitted,
				string_agg(format('<i class="%s" style="flex-grow:%s"></i>',
								  c.verdict, c.people), '' ORDER BY c.verdict DESC)
					AS bar,
				string_agg(format(
						E'<li data-verdict="%1$s" data-people="%2$s"><i class="%1$s"></i>%3$s <b>%4$s</b> <span>%5$s</span></li>\n',
						c.verdict, c.people, replace(c.verdict::text, '_', ' '),
						page_number(c.people), page_share(c.people, c.whole)),
					'' ORDER BY c.verdict DESC) AS items
			FROM (SELECT e.key::verdict AS verdict, e.value::bigint AS people,
						 sum(e.value::bigint) OVER ()::bigint AS whole
				  FROM jsonb_each_text(verdicts -> t.name) e) c) v
$$;

-- Internal: what people said month by month, up to two years back, by when they
-- said it.  To be asked, to let a consent expire or to have an objection upheld
-- is none of that.
CREATE FUNCTION consent_profiling.choice_section(until timestamptz)
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	last_month CONSTANT date := date_trunc('month', until AT TIME ZONE 'UTC');
	kinds CONSTANT text[] := '{consent-given,consent-refused,consent-withdrawn,objection-raised,objection-withdrawn,objection-overridden}';
	headings CONSTANT text[] := '{Given,Refused,Withdrawn,Raised,Withdrawn,Overridden}';
	whats CONSTANT text[] := '{Consents given,Consents refused,Consents withdrawn,Objections raised,Objections withdrawn,Objections overridden}';
	columns CONSTANT text[] := '{Month}' || ARRAY(
		SELECT '#' || w FROM unnest(whats) WITH ORDINALITY AS u (w, n) ORDER BY n);
	acts jsonb;
	first_month date;
	months date[];
	counts bigint[];
	charts text[] := '{}';
	earlier bigint;
	listed text;
BEGIN
	-- {kind: {month: acts}}
	SELECT jsonb_object_agg(k.kind, k.acts), min(k.first_month)
		INTO acts, first_month
		FROM (SELECT m.kind, jsonb_object_agg(m.month, m.acts) AS acts,
					 min(m.month) AS first_month
			  FROM (SELECT date_trunc('month', e.at AT TIME ZONE 'UTC')::date AS month,
						CASE
							WHEN consent_status(e.consent) IN ('given', 'renewed')
								THEN 'consent-given'
							WHEN consent_status(e.consent) = 'refused'
								THEN 'consent-refused'
							WHEN is_refusal(e.consent) THEN 'consent-withdrawn'
							WHEN objection_status(e.objection)
								IN ('raised', 'withdrawn', 'overridden')
								THEN 'objection-' || objection_status(e.objection)
						END AS kind,
						count(*) AS acts
					FROM event e
					WHERE num_nonnulls(e.consent, e.objection) > 0
						AND isfinite(e.at) AND e.at <= until
					GROUP BY 1, 2) m
			  WHERE m.kind IS NOT NULL
			  GROUP BY m.kind) k;
	IF acts IS NULL THEN
		RETURN E'<p class="nothing">No consent or objection has been recorded.</p>\n';
	END IF;

	first_month := GREATEST(first_month,
							(last_month - interval '23 months')::date);
	months := ARRAY(SELECT m::date
		FROM generate_series(first_month::timestamp, last_month::timestamp,
							 interval '1 month') m ORDER BY m);
	FOR i IN 1..cardinality(kinds) LOOP
		counts := ARRAY(
			SELECT COALESCE((acts -> kinds[i] ->> to_char(m, 'YYYY-MM-DD'))::bigint, 0)
				FROM unnest(months) m ORDER BY m);
		charts := charts || page_chart(kinds[i], headings[i], whats[i], months, counts);
	END LOOP;
	SELECT sum(a.value::bigint) INTO earlier
		FROM jsonb_each(acts) k, jsonb_each_text(k.value) a
		WHERE a.key::date < first_month;
	-- The newest month first, and the sums last.
	SELECT string_agg(page_row(columns, ARRAY[to_char(m, '"<time>"Mon YYYY"</time>"')] || ARRAY(
			SELECT page_number(COALESCE((acts -> k ->> to_char(m, 'YYYY-MM-DD'))::bigint, 0))
				FROM unnest(kinds) WITH ORDINALITY AS u (k, n) ORDER BY n)),
			'' ORDER BY m DESC)
		INTO listed
		FROM unnest(months) m;
	RETURN format(
$html$<p class="lead">%1$s to %2$s, by when it was said. Each picture has a scale of its own.%3$s</p>
<h3>Consents</h3>
<div class="charts">
%4$s</div>
<h3>Objections</h3>
<div class="charts">
%5$s</div>
<details>
<summary>The same, month by month</summary>
%6$s</details>
$html$,
		to_char(first_month, 'FMMonth YYYY'),
		to_char(until AT TIME ZONE 'UTC', 'FMDD FMMonth YYYY'),
		CASE WHEN earlier > 0 THEN format(' Before that there were <b data-earlier="%s">%s</b>.',
			earlier, page_count(earlier, 'act', 'acts')) END,
		array_to_string(charts[1:3], ''), array_to_string(charts[4:6], ''),
		page_table('months', 'Consents and objections by month, UTC', columns,
				   listed, cardinality(months), ''));
END
$$;

-- Internal: who has waited for an answer for too long, Art. 12(3).
CREATE FUNCTION consent_profiling.overdue_section(today date)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('overdue',
			'Requests not answered within the time of Art. 12(3), the longest overdue first',
			h.headings, r.listed, r.total, 'No request is overdue.')
		FROM (SELECT '{Subject,Right,Received,Due,#Days overdue,Extended because,#Request}'::text[]
				AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(q.subject::text), page_text(q."right"),
							page_time(q.received_at), page_date(q.due_on),
							page_number(today - q.due_on),
							CASE WHEN q.extended_at IS NULL
								THEN '<span class="quiet">not extended</span>'
								ELSE page_text(q.extension_reason) END,
							page_number(q.id)]), '' ORDER BY q.n)
						FILTER (WHERE q.n <= page_rows()) AS listed
				FROM (SELECT *, row_number() OVER (ORDER BY due_on, id) AS n
					  FROM request
					  WHERE closed_at IS NULL AND due_on < today) q) r
$$;

-- Internal: which automated decisions wait for a human, Art. 22(3).
CREATE FUNCTION consent_profiling.review_section(until timestamptz)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('reviews',
			'Automated decisions that a person contests and nobody has reviewed yet, Art. 22(3), the oldest first',
			h.headings, r.listed, r.total,
			'No decision waits for a review.')
		FROM (SELECT '{Subject,Purpose,Requested,#Days waiting,#Review}'::text[]
				AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(q.subject::text), page_text(q.purpose),
							page_time(q.requested_at),
							page_number(extract(day FROM until - q.requested_at)::bigint),
							page_number(q.id)]), '' ORDER BY q.n)
						FILTER (WHERE q.n <= page_rows()) AS listed
				FROM (SELECT *, row_number() OVER (ORDER BY requested_at, id) AS n
					  FROM review WHERE outcome IS NULL) q) r
$$;

-- Internal: who is still to be told of what, Art. 19.
CREATE FUNCTION consent_profiling.notification_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('notifications',
			'Recipients still to be told of a rectification, an erasure or a restriction, Art. 19, the oldest first',
			h.headings, r.listed, r.total,
			'Every recipient has been told what it has to know.')
		FROM (SELECT '{Recipient,Subject,What happened,Due since,#Notification}'::text[]
				AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(q.recipient), page_text(q.subject::text),
							page_text(q.cause), page_time(q.due_since),
							page_number(q.id)]), '' ORDER BY q.n)
						FILTER (WHERE q.n <= page_rows()) AS listed
				FROM (SELECT *, row_number() OVER (ORDER BY due_since, id) AS n
					  FROM notification) q) r
$$;

-- Internal: what is gated.  A partition is counted with its parent, as far as
-- its gate is the same.
CREATE FUNCTION consent_profiling.protected_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH gates AS MATERIALIZED (
		SELECT t.relation, t.purpose, t.roles,
			   array_remove(ARRAY[t.subject_column, t.birth_date_column,
								  t.consent_column, t.objection_column], NULL)
				   AS columns
			FROM protected_table t
	), tops AS (
		SELECT g.*,
			   (SELECT count(*) - 1 FROM with_descendants(g.relation) d
				JOIN gates below
					ON below.relation = d AND below.columns = g.columns
					AND below.roles = g.roles
					AND below.purpose IS NOT DISTINCT FROM g.purpose) AS partitions,
			   row_number() OVER (ORDER BY g.relation::text COLLATE "C", g.columns,
								  g.purpose, g.roles) AS n
			FROM gates g
			WHERE NOT EXISTS (
				SELECT FROM pg_inherits i JOIN gates above
					ON above.relation = i.inhparent AND above.columns = g.columns
					AND above.roles = g.roles
					AND above.purpose IS NOT DISTINCT FROM g.purpose
				WHERE i.inhrelid = g.relation)
	)
	SELECT page_table('protected',
			'Gated tables: rows are seen by the column, for the purpose, by the roles',
			h.headings, r.listed, r.total,
			'No table is protected. Whoever may read a table sees everybody in it.')
		FROM (SELECT '{Table,#Partitions,Gated by,Purpose,Roles}'::text[] AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(t.relation::text), page_number(t.partitions),
							(SELECT string_agg(page_text(c), ', ' ORDER BY c.n)
								FROM unnest(t.columns) WITH ORDINALITY AS c (c, n)),
							CASE
								WHEN cardinality(t.columns) > 1
									THEN '<span class="quiet">column mode</span>'
								WHEN t.purpose IS NULL
									THEN '<span class="quiet">the session''s</span>'
								ELSE page_text(t.purpose) END,
							(SELECT string_agg(CASE c.role WHEN 'public'
									THEN '<span class="quiet">everybody</span>'
									ELSE page_text(c.role) END, ', ' ORDER BY c.n)
								FROM unnest(t.roles) WITH ORDINALITY AS c (role, n))]),
						'' ORDER BY t.n) FILTER (WHERE t.n <= page_rows()) AS listed
				FROM tops t) r
$$;

-- Internal: the ids of all events that are under a seal.
CREATE FUNCTION consent_profiling.sealed_events()
	RETURNS int8multirange
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(range_agg(s.covers), '{}') FROM seal s
$$;

-- Internal: which events no seal covers yet.
CREATE FUNCTION consent_profiling.unsealed_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('unsealed', 'Events that no seal covers, by what was done',
			h.headings, r.listed, r.total,
			'Every event of the history is under a seal.')
		FROM (SELECT '{Act,#Events,Oldest,Newest}'::text[] AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(q.act), page_number(q.events),
							page_time(q.oldest), page_time(q.newest)]), '' ORDER BY q.n)
						FILTER (WHERE q.n <= page_rows()) AS listed
				FROM (SELECT e.act, count(*) AS events, min(e.recorded_at) AS oldest,
							 max(e.recorded_at) AS newest,
							 row_number() OVER (ORDER BY count(*) DESC, e.act) AS n
					  FROM event e, sealed_events() s (ids)
					  WHERE NOT s.ids @> e.id
					  GROUP BY e.act) q) r
$$;

-- Internal: what the record of processing says about purposes, Art. 30(1)(b).
CREATE FUNCTION consent_profiling.purpose_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('purposes',
			'What is done with people''s data, why and on what basis, Art. 30(1)(b)',
			h.headings, r.listed, r.total, 'There is no purpose.')
		FROM (SELECT '{Purpose,Beneath,What for,Basis,What else holds}'::text[]
				AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(p.name), page_text(p.broader),
							page_text(p.description), page_basis(p.basis),
							concat_ws(', ',
								CASE WHEN p.direct_marketing THEN 'direct marketing' END,
								CASE WHEN p.special_category THEN 'special categories of data' END,
								CASE WHEN p.automated_decision THEN 'automated decisions' END,
								CASE WHEN NOT (p.automated AND p.personal_data
											   AND p.evaluates_person) THEN 'not profiling' END,
								format('from %s years of age', p.minimum_age))]),
						'' ORDER BY t.place) FILTER (WHERE t.place <= page_rows()) AS listed
				FROM purpose_tree() t JOIN purpose p ON p.name = t.name) r
$$;

-- Internal: to whom data is disclosed, Art. 30(1)(d).
CREATE FUNCTION consent_profiling.recipient_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT page_table('recipients', 'To whom personal data is disclosed, Art. 30(1)(d)',
			h.headings, r.listed, r.total, 'No recipient is on record.')
		FROM (SELECT '{Recipient,Category,Contact,Since,#People disclosed,Last disclosed}'::text[]
				AS headings) h,
			LATERAL (
				SELECT count(*) AS total,
					string_agg(page_row(h.headings, ARRAY[
							page_text(q.name), page_text(q.category), page_text(q.contact),
							page_time(q.added_at),
							page_number(COALESCE(d.people, 0)),
							page_time(d.last_at)]), '' ORDER BY q.n)
						FILTER (WHERE q.n <= page_rows()) AS listed
				FROM (SELECT *, row_number() OVER (ORDER BY name) AS n
					  FROM recipient) q
					LEFT JOIN (SELECT c.recipient, max(c.last_at) AS last_at,
									  count(DISTINCT c.subject) AS people
							   FROM disclosure c GROUP BY c.recipient) d
						ON d.recipient = q.name) r
$$;

-- Internal: how the page looks: on paper, on a telephone, by day and by night.
CREATE FUNCTION consent_profiling.page_style()
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT $css$
:root {
	color-scheme: light dark;
	--paper: #fbfaf7; --raised: #ffffff; --ink: #1c2126; --quiet: #5a636c;
	--rule: #dedbd3; --link: #0b5964; --alarm: #9c2733;
	--permitted: #1b7a6c;
	--missing: #a88a3e; --refused: #8c6a17; --withdrawn: #6a4c0c;
	--expired: #9a7b4f; --as-child: #7d6a45; --not-explicit: #57492a;
	--objected: #b03a48; --restricted: #7d2b4f;
	--child: #3f6fa8; --age-unknown: #7592b8; --erased: #6e757d;
	--slate: #56708a; --plum: #75508a;
}
@media (prefers-color-scheme: dark) {
	:root {
		--paper: #14171a; --raised: #1b1f23; --ink: #e7e8e6; --quiet: #a4adb5;
		--rule: #33393f; --link: #7cc7d0; --alarm: #f0929b;
		--permitted: #4db3a2;
		--missing: #d6b96c; --refused: #b8933f; --withdrawn: #94743a;
		--expired: #c2a67d; --as-child: #a08c66; --not-explicit: #857348;
		--objected: #e0707c; --restricted: #b9638c;
		--child: #6f9fd8; --age-unknown: #9db7d9; --erased: #8d959d;
		--slate: #8aa6c2; --plum: #b08ac6;
	}
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
	margin: 0; background: var(--paper); color: var(--ink);
	font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Liberation Sans", sans-serif;
	font-variant-numeric: tabular-nums; overflow-wrap: anywhere;
}
header, main { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 3.5rem; }
h1, h2, h3, .figures dd {
	font-family: ui-serif, Charter, "Iowan Old Style", Georgia, "Liberation Serif", serif;
	font-weight: 600; line-height: 1.2; text-wrap: balance;
}
h1 { font-size: clamp(2rem, 5vw, 2.9rem); margin: 0 0 .4rem; letter-spacing: -.01em; }
h2 { font-size: 1.5rem; margin: 0 0 .4rem; }
h3 { font-size: 1.08rem; margin: 0; }
section > h3 { margin: 1.6rem 0 .6rem; }
p { margin: 0 0 1rem; max-width: 42rem; }
a { color: var(--link); text-underline-offset: .15em; }
a:focus-visible, summary:focus-visible, .scroll:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
b { font-weight: 600; }
.quiet { color: var(--quiet); }
.eyebrow { color: var(--quiet); font-size: .875rem; margin: 0 0 .6rem; }
.subtitle { font-size: 1.15rem; margin: 0 0 .5rem; max-width: 48rem; }
.subtitle + p { margin-bottom: 1.6rem; }
.made { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: .9rem 2rem; margin: 0; padding: 1.1rem 0; border-top: 1px solid var(--rule); font-size: .9375rem; }
.made dt { color: var(--quiet); font-size: .8125rem; }
.made dd { margin: 0; }
nav { border-top: 1px solid var(--rule); padding: .8rem 0; font-size: .9375rem; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.4rem; }
nav a { display: inline-block; padding: .2rem 0; }
section { border-top: 1px solid var(--rule); padding: 2.2rem 0 2.6rem; }
.lead { color: var(--quiet); }
.nothing { color: var(--quiet); margin: .6rem 0 0; }
.attention { list-style: none; margin: 1rem 0 1.8rem; padding: .9rem 1.2rem; background: var(--raised); border: 1px solid var(--rule); border-left: 4px solid var(--alarm); display: flex; flex-wrap: wrap; gap: .3rem 2rem; }
.attention.clear { border-left-color: var(--permitted); }
.figures { display: grid; grid-template-columns: repeat(4, 1fr); margin: 0; }
.figures div { padding: .9rem 1rem .9rem 0; border-top: 1px solid var(--rule); display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--quiet); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.85rem; font-variant-numeric: lining-nums tabular-nums; }
.figures .due dd { color: var(--alarm); }
.figures .due dt { color: var(--alarm); }
article { padding: 1rem 0 .9rem; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1.5rem; align-items: baseline; }
article + article { border-top: 1px solid var(--rule); }
article > .nothing, .bar, .verdicts { grid-column: 1 / -1; }
.depth1 { margin-left: 1.5rem; } .depth2 { margin-left: 3rem; }
.depth3 { margin-left: 4.5rem; } .depth4 { margin-left: 6rem; }
.share { margin: 0; color: var(--quiet); }
.share b { color: var(--ink); }
.bar { display: flex; gap: 2px; height: 1.15rem; margin: .5rem 0 .55rem; overflow: hidden; }
.bar i { flex: 0 1 0; min-width: 3px; }
.verdicts { list-style: none; margin: 0; padding: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 16.5rem), 1fr)); gap: .15rem 2.2rem; font-size: .9rem; }
.verdicts li { display: flex; align-items: baseline; white-space: nowrap; }
.verdicts i { width: .7rem; height: .7rem; margin-right: .5rem; }
.verdicts b { margin-left: auto; padding-left: .8rem; }
.verdicts span { color: var(--quiet); min-width: 3.6rem; text-align: right; }
i { background: var(--erased); forced-color-adjust: none; }
i.permitted { background: var(--permitted); }
i.consent_missing { background: var(--missing); }
i.consent_refused { background: var(--refused); }
i.consent_withdrawn { background: var(--withdrawn); }
i.consent_expired { background: var(--expired); }
i.consent_as_child { background: var(--as-child); }
i.consent_not_explicit { background: var(--not-explicit); }
i.objected { background: var(--objected); }
i.restricted { background: var(--restricted); }
i.child { background: var(--child); }
i.age_unknown { background: var(--age-unknown); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1.4rem 2rem; margin-bottom: 1.8rem; }
figure { margin: 0; }
figcaption { display: flex; justify-content: space-between; gap: 1rem; margin-bottom: .3rem; }
svg { display: block; width: 100%; height: auto; max-width: 30rem; fill: var(--slate); }
svg text { font-size: 11px; fill: var(--quiet); }
svg path { fill: none; stroke: var(--rule); }
svg .axis, svg .tick { stroke: var(--quiet); }
.consent-given svg { fill: var(--permitted); }
.consent-refused svg { fill: var(--refused); }
.consent-withdrawn svg { fill: var(--withdrawn); }
.objection-raised svg { fill: var(--objected); }
.objection-overridden svg { fill: var(--plum); }
.scroll { overflow-x: auto; margin-top: 1rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; overflow-wrap: break-word; }
caption { text-align: left; color: var(--quiet); padding-bottom: .6rem; }
caption span { display: block; position: sticky; left: 0; max-width: min(42rem, 100vw - 2rem); }
th, td { text-align: left; vertical-align: top; padding: .5rem 1.2rem .5rem 0; border-bottom: 1px solid var(--rule); font-weight: 400; min-width: 5.5rem; }
th:last-child, td:last-child { padding-right: 0; }
td bdi, th bdi { display: inline-block; max-width: 18rem; vertical-align: top; }
time, td .quiet { white-space: nowrap; }
thead th { color: var(--quiet); font-size: .8125rem; vertical-align: bottom; border-bottom-color: var(--quiet); }
tbody th { font-weight: 600; }
.number { text-align: right; white-space: nowrap; min-width: 4rem; }
.number + * { padding-left: .8rem; }
.more { color: var(--quiet); margin-top: .6rem; }
details { margin-top: .4rem; }
summary { cursor: pointer; color: var(--link); padding: .3rem 0; }
@media (max-width: 40rem) {
	header { padding-top: 2rem; }
	header, main { padding-left: 1rem; padding-right: 1rem; }
	.figures { grid-template-columns: repeat(2, 1fr); }
	.figures dd { font-size: 1.55rem; }
	article { display: block; }
	.depth1 { margin-left: .6rem; } .depth2 { margin-left: 1.2rem; }
	.depth3 { margin-left: 1.8rem; } .depth4 { margin-left: 2.4rem; }
}
@page { margin: 18mm 16mm; }
@media print {
	:root {
		color-scheme: light;
		--paper: #fff; --raised: #fff; --ink: #000; --quiet: #4a5056; --rule: #c9c9c9; --link: #000; --alarm: #8c1f2b;
	}
	html { font-size: 9.5pt; }
	header { padding-top: 0; }
	header, main { max-width: none; padding-left: 0; padding-right: 0; }
	nav { display: none; }
	section { padding: 1.2rem 0 1.4rem; }
	.scroll { overflow: visible; }
	caption span { max-width: none; }
	.verdicts { grid-template-columns: repeat(3, 1fr); gap: .1rem 2rem; }
	th, td { min-width: 0; padding-right: .7rem; }
	h2, h3, caption, figcaption, .lead { break-after: avoid; }
	article, figure, tr, .figures { break-inside: avoid; }
	.charts { grid-template-columns: repeat(3, 1fr); gap: 1rem; }
	i, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
	summary { display: none; }
	details::details-content { content-visibility: visible; block-size: auto; }
}
$css$
$$;

-- Internal: what needs somebody's attention.
CREATE FUNCTION consent_profiling.attention_section(overdue bigint, reviews bigint,
		notifications bigint, unsealed bigint)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(
		(SELECT E'<ul class="attention">\n' || string_agg(format(
				E'<li><a href="#%s">%s</a></li>\n', place, what), '' ORDER BY n)
				|| E'</ul>\n'
			FROM (VALUES
				(1, overdue, 'overdue',
				 page_count(overdue, 'request is overdue', 'requests are overdue')),
				(2, reviews, 'contested',
				 page_count(reviews, 'contested decision waits for a review',
							'contested decisions wait for a review')),
				(3, notifications, 'notifications',
				 page_count(notifications, 'notification is due',
							'notifications are due')),
				(4, unsealed, 'unsealed',
				 page_count(unsealed, 'event is not sealed', 'events are not sealed')))
				AS v (n, amount, place, what)
			WHERE amount > 0
			HAVING count(*) > 0),
		E'<p class="attention clear">Nothing is overdue, contested, due or unsealed.</p>\n')
$$;

CREATE FUNCTION consent_profiling.compliance_report()
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	made_at CONSTANT timestamptz := statement_timestamp();
	today CONSTANT date := made_at AT TIME ZONE 'UTC';
	verdicts CONSTANT jsonb := count_verdicts();
	responsible consent_profiling.controller;
	people record;
	requests record;
	history record;
	reviews CONSTANT bigint := (SELECT count(*) FROM review WHERE outcome IS NULL);
	notifications CONSTANT bigint := (SELECT count(*) FROM notification);
	tables CONSTANT bigint := (SELECT count(DISTINCT relation) FROM protected_table);
	sealed_on CONSTANT date := (SELECT max(s.sealed_at) AT TIME ZONE 'UTC' FROM seal s);
	figures text;
BEGIN
	SELECT * INTO responsible FROM controller ORDER BY version DESC LIMIT 1;
	SELECT count(*) FILTER (WHERE erased_at IS NULL) AS registered,
		   count(*) FILTER (WHERE erased_at IS NOT NULL) AS erased,
		   count(*) FILTER (WHERE restricted_at IS NOT NULL) AS restricted
		INTO people FROM subject;
	SELECT count(*) AS open, count(*) FILTER (WHERE due_on < today) AS overdue
		INTO requests FROM request WHERE closed_at IS NULL;
	SELECT count(*) AS events, count(*) FILTER (WHERE NOT s.ids @> e.id) AS unsealed
		INTO history FROM event e, sealed_events() s (ids);

	SELECT string_agg(format(
			E'<div%s><dt>%s</dt><dd data-figure="%s">%s</dd></div>\n',
			CASE WHEN due THEN ' class="due"' ELSE '' END, what, figure, value),
			'' ORDER BY n)
		INTO figures
		FROM (VALUES
			(1, 'registered', 'People registered', page_number(people.registered), false),
			(2, 'erased', 'People erased', page_number(people.erased), false),
			(3, 'restricted', 'Processing restricted', page_number(people.restricted), false),
			-- By the rules of the root purpose.
			(4, 'children', 'Children now', page_number(COALESCE(
				(verdicts -> 'profiling' ->> 'child')::bigint, 0)), false),
			(5, 'open', 'Requests open', page_number(requests.open), false),
			(6, 'overdue', 'Requests overdue', page_number(requests.overdue),
			 requests.overdue > 0),
			(7, 'reviews', 'Decisions contested', page_number(reviews), false),
			(8, 'notifications', 'Notifications due', page_number(notifications), false),
			(9, 'events', 'Events in the history', page_number(history.events), false),
			(10, 'unsealed', 'Events not sealed', page_number(history.unsealed), false),
			(11, 'sealed', 'Last seal', CASE
				WHEN sealed_on IS NULL THEN 'never' ELSE page_date(sealed_on) END, false),
			(12, 'tables', 'Tables protected', page_number(tables), false))
			AS v (n, figure, what, value, due);

	RETURN format(
$html$<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<meta name="robots" content="noindex"/>
<title>Compliance report: %1$s</title>
<style>%2$s</style>
</head>
<body>
<header>
<p class="eyebrow">For data protection officers. This page names people.</p>
<h1>Compliance report</h1>
<p class="subtitle">Who may be profiled according to the database <b>%3$s</b>, and what is still to be done.</p>
<p class="quiet">All times are in UTC. Articles are those of the GDPR.</p>
<dl class="made">
<div><dt>Controller</dt><dd>%4$s</dd></div>
<div><dt>Contact</dt><dd>%5$s</dd></div>
<div><dt>Data protection officer</dt><dd>%6$s</dd></div>
<div><dt>Made</dt><dd>%7$s, by %8$s</dd></div>
</dl>
<nav aria-label="Sections"><ul>
<li><a href="#verdicts">Verdicts</a></li>
<li><a href="#choices">Consents and objections</a></li>
<li><a href="#overdue">Overdue requests</a></li>
<li><a href="#contested">Contested decisions</a></li>
<li><a href="#notifications">Notifications</a></li>
<li><a href="#protected">Protected tables</a></li>
<li><a href="#unsealed">Unsealed history</a></li>
<li><a href="#purposes">Purposes</a></li>
<li><a href="#recipients">Recipients</a></li>
</ul></nav>
</header>
<main>
$html$,
		-- The title is a text without elements.
		escape_html(current_database()), page_style(),
		page_text(current_database()), page_text(responsible.name),
		page_text(responsible.contact), page_text(responsible.dpo_contact),
		page_time(made_at),
		page_text(caller_role())
			|| CASE WHEN session_user <> caller_role()
				THEN ', logged in as ' || page_text(session_user) ELSE '' END
			|| CASE WHEN recorded_actor() IS NOT NULL
				THEN ', for ' || page_text(recorded_actor()) ELSE '' END)
	|| format(
$html$<section id="figures">
<h2>At a glance</h2>
%1$s<dl class="figures">
%2$s</dl>
</section>
<section id="verdicts">
<h2>Verdicts by purpose</h2>
<p class="lead">May a person be profiled, and if not, what is the first reason? Of everybody on record, those whose data was erased included.</p>
%3$s</section>
<section id="choices">
<h2>Consents and objections</h2>
%4$s</section>
<section id="overdue">
<h2>Overdue requests</h2>
%5$s</section>
<section id="contested">
<h2>Contested decisions</h2>
%6$s</section>
<section id="notifications">
<h2>Notifications due</h2>
%7$s</section>
<section id="protected">
<h2>Protected tables</h2>
%8$s</section>
<section id="unsealed">
<h2>Unsealed history</h2>
%9$s</section>
<section id="purposes">
<h2>Purposes</h2>
%10$s</section>
<section id="recipients">
<h2>Recipients</h2>
%11$s</section>
</main>
</body>
</html>
$html$,
		attention_section(requests.overdue, reviews, notifications, history.unsealed),
		figures, verdict_section(verdicts), choice_section(made_at),
		overdue_section(today), review_section(made_at), notification_section(),
		protected_section(),
		CASE WHEN history.events = 0
			THEN E'<p class="nothing">The history is empty.</p>\n'
			ELSE format(E'<p class="lead">%s of %s are not under a seal. %s</p>\n',
					page_number(history.unsealed),
					page_count(history.events, 'event', 'events'),
					COALESCE((SELECT format('The newest seal is number %s of %s, made by %s.',
								page_number(s.id), page_time(s.sealed_at), page_text(s.sealed_by))
							  FROM seal s ORDER BY s.id DESC LIMIT 1),
							 'Nothing has been sealed yet.'))
				|| unsealed_section() END,
		purpose_section(), recipient_section());
END
$$;
COMMENT ON FUNCTION consent_profiling.compliance_report() IS
	'the picture of an officer as one page of HTML, which loads nothing and runs no script: verdicts by purpose, consents and objections by month, overdue requests, contested decisions, notifications due, protected tables, unsealed history, purposes and recipients, as of this moment; throws nothing of its own; for officers';

-- Only those with a duty, see grant_duty(); what is internal serves nobody else.
REVOKE EXECUTE ON FUNCTION
	consent_profiling.escape_html(text),
	consent_profiling.page_number(bigint),
	consent_profiling.page_text(text),
	consent_profiling.page_count(bigint, text, text),
	consent_profiling.page_share(bigint, bigint),
	consent_profiling.page_date(date),
	consent_profiling.page_time(timestamptz),
	consent_profiling.page_rows(),
	consent_profiling.page_row(text[], text[]),
	consent_profiling.page_table(text, text, text[], text, bigint, text),
	consent_profiling.page_chart(text, text, text, date[], bigint[]),
	consent_profiling.count_verdicts(),
	consent_profiling.purpose_tree(),
	consent_profiling.page_basis(text),
	consent_profiling.verdict_section(jsonb),
	consent_profiling.choice_section(timestamptz),
	consent_profiling.overdue_section(date),
	consent_profiling.review_section(timestamptz),
	consent_profiling.notification_section(),
	consent_profiling.protected_section(),
	consent_profiling.sealed_events(),
	consent_profiling.unsealed_section(),
	consent_profiling.purpose_section(),
	consent_profiling.recipient_section(),
	consent_profiling.page_style(),
	consent_profiling.attention_section(bigint, bigint, bigint, bigint),
	consent_profiling.compliance_report()
	FROM PUBLIC;
