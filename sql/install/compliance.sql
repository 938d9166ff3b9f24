---------------------------------------------------------------------
-- An officer's picture
---------------------------------------------------------------------

-- One page of HTML, made anew each time it is asked for.  It is well-formed XML
-- too, so that a test can take it apart, and all of this text is ASCII, whatever
-- the encoding of the database.  What comes out of the database reaches it only
-- through page_text() or a function that writes numbers and times.  No attribute
-- is made of anything but fixed words and numbers.  These functions are internal
-- but for the last, which pins their search_path.

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
	SELECT CASE WHEN value ~ E'\\S'
		THEN '<bdi>' || escape_html(left(value, 300)) || '</bdi>'
			|| CASE WHEN length(value) > 300
				THEN format('&#8230; <span class="quiet">and %s more characters</span>',
							page_number(length(value) - 300)) ELSE '' END
		ELSE '<span class="quiet">none</span>'
	END
$$;

-- Internal: a time, in UTC.
CREATE FUNCTION consent_profiling.page_time(value timestamptz)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN isfinite(value)
		THEN to_char(value AT TIME ZONE 'UTC',
					 '"<time>"FMDD Mon FMYYYY, HH24:MI"</time>"')
		ELSE '<span class="quiet">none</span>'
	END
$$;

-- Internal: a date.
CREATE FUNCTION consent_profiling.page_date(value date)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(to_char(value, '"<time>"FMDD Mon FMYYYY"</time>"'),
					'<span class="quiet">none</span>')
$$;

-- Internal: one row of a table.  Cells that are a number are aligned as such.
CREATE FUNCTION consent_profiling.page_row(VARIADIC cells text[])
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
AS $$
	SELECT '<tr>' || string_agg(format(
			CASE WHEN n = 1 THEN '<th scope="row"%s>%s</th>' ELSE '<td%s>%s</td>' END,
			CASE WHEN cell ~ '^[0-9,]+$' THEN ' class="number"' END, cell),
			'' ORDER BY n) || E'</tr>\n'
		FROM unnest(cells) WITH ORDINALITY AS u (cell, n)
$$;

-- Internal: how many rows a table shows at most.
CREATE FUNCTION consent_profiling.page_rows()
	RETURNS integer
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT 50
$$;

-- Internal: a table of rows made so, and how many of them are not shown; or,
-- where there are none, what that means.  The headings of columns of numbers
-- begin with "#".
CREATE FUNCTION consent_profiling.page_table(section text, caption text,
		headings text[], rows text, total bigint, nothing text)
	RETURNS text
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE WHEN total = 0 THEN format(E'<p class="nothing">%s</p>\n', nothing)
		ELSE format(
$html$<div class="scroll" role="region" tabindex="0" aria-labelledby="%1$s-caption">
<table>
<caption id="%1$s-caption"><span>%2$s</span></caption>
<thead><tr>%3$s</tr></thead>
<tbody>
%4$s</tbody>
</table>
</div>
%5$s$html$,
			section, caption,
			(SELECT string_agg(format('<th scope="col"%s>%s</th>',
					CASE WHEN h LIKE '#%' THEN ' class="number"' END,
					ltrim(h, '#')), '' ORDER BY n)
				FROM unnest(headings) WITH ORDINALITY AS u (h, n)),
			rows,
			CASE WHEN total > page_rows() THEN format(
				E'<p class="more">and %s more</p>\n',
				page_number(total - page_rows())) END)
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

-- Internal: the verdicts on everybody for a purpose, each with the number of people.
CREATE FUNCTION consent_profiling.count_verdicts(purpose text,
		OUT verdict consent_profiling.verdict, OUT people bigint)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: for each purpose, each after the one that it is beneath, a bar of the
-- verdicts on everybody and their numbers.
CREATE FUNCTION consent_profiling.verdict_section()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT string_agg(
		format(E'<article class="depth%s">\n<h3>%s</h3>\n%s<p class="about">%s%s</p>\n%s</article>\n',
			LEAST(cardinality(t.path) - 1, 4), page_text(p.name),
			CASE WHEN v.people > 0 THEN format(
				E'<p class="share"><b>%s</b> of %s permitted, %s%%</p>\n',
				page_number(v.permitted), page_number(v.people),
				to_char(100.0 * v.permitted / v.people, 'FM990.0')) END,
			CASE WHEN p.description ~ E'\\S'
				THEN page_text(p.description) || '<br/>' END,
			concat_ws(', ', page_text(replace(p.basis, '_', ' ')), articles_of(p),
				CASE WHEN p.direct_marketing THEN 'direct marketing' END,
				CASE WHEN p.special_category THEN 'special categories of data' END,
				CASE WHEN p.automated_decision THEN 'automated decisions' END,
				format('from %s years of age', p.minimum_age)),
			CASE
				-- Art. 4(4): the gate has no answer for what lacks one of these.
				WHEN NOT g.applies THEN format(
					E'<p class="nothing">Not profiling: it %s. No gate can use it.</p>\n',
					concat_ws(' and ',
						CASE WHEN NOT p.automated THEN 'is not automated' END,
						CASE WHEN NOT p.personal_data THEN 'uses no personal data' END,
						CASE WHEN NOT p.evaluates_person THEN 'evaluates nobody' END))
				WHEN v.people IS NULL
					THEN E'<p class="nothing">Nobody is registered.</p>\n'
				ELSE format(
$html$<div class="bar" aria-hidden="true">%s</div>
<ul class="verdicts">
%s</ul>
$html$,
					v.bar, v.items)
			END), '' ORDER BY t.path)
	FROM purpose p
		CROSS JOIN LATERAL (
			SELECT p.automated AND p.personal_data AND p.evaluates_person
		) AS g (applies)
		CROSS JOIN LATERAL (
			SELECT array_agg(l.name ORDER BY l.level DESC) FROM lineage(p.name) l
		) AS t (path)
		CROSS JOIN LATERAL (
			SELECT max(c.whole) AS people,
				COALESCE(sum(c.people) FILTER (WHERE c.verdict = 'permitted'), 0)::bigint
					AS permitted,
				string_agg(format('<i class="%s" style="flex-grow:%s"></i>',
								  c.verdict, c.people), '' ORDER BY c.verdict DESC)
					AS bar,
				string_agg(format(
						E'<li data-verdict="%1$s" data-people="%2$s"><i class="%1$s"></i>%3$s <b>%4$s</b> <span>%5$s%%</span></li>\n',
						c.verdict, c.people, replace(c.verdict::text, '_', ' '),
						page_number(c.people),
						to_char(100.0 * c.people / c.whole, 'FM990.0')),
					'' ORDER BY c.verdict DESC) AS items
			-- A purpose that is not profiling has no verdicts, and is an error there.
			FROM (SELECT n.verdict, n.people, sum(n.people) OVER ()::bigint AS whole
				  FROM count_verdicts(CASE WHEN g.applies THEN p.name END) n) c) v
$$;

-- Internal: what people said month by month, up to two years back, by when they
-- said it.  To be asked, to let a consent expire or to have an objection upheld
-- is none of that.
CREATE FUNCTION consent_profiling.choice_section()
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
DECLARE
	today CONSTANT timestamp := statement_timestamp() AT TIME ZONE 'UTC';
	kinds CONSTANT text[] := '{consent-given,consent-refused,consent-withdrawn,objection-raised,objection-withdrawn,objection-overridden}';
	headings CONSTANT text[] := '{Given,Refused,Withdrawn,Raised,Withdrawn,Overridden}';
	whats CONSTANT text[] := '{Consents given,Consents refused,Consents withdrawn,Objections raised,Objections withdrawn,Objections overridden}';
	months date[];
	counts bigint[];
	charts text[];
	earlier bigint;
	listed text;
BEGIN
	-- A row of counts for each month, in the order of "kinds".
	WITH acts AS (
		SELECT date_trunc('month', e.at AT TIME ZONE 'UTC')::date AS month,
				CASE
					WHEN consent_status(e.consent) IN ('given', 'renewed')
						THEN 'consent-given'
					WHEN consent_status(e.consent) = 'refused' THEN 'consent-refused'
					WHEN is_refusal(e.consent) THEN 'consent-withdrawn'
					ELSE 'objection-' || objection_status(e.objection)
				END AS kind,
				count(*) AS acts
			FROM event e
			WHERE num_nonnulls(e.consent, e.objection) > 0
			GROUP BY 1, 2
	), said AS MATERIALIZED (
		SELECT * FROM acts WHERE kind = ANY (kinds)
	), drawn AS (
		SELECT m::date AS month, ARRAY(
				SELECT COALESCE(max(s.acts), 0)
					FROM unnest(kinds) WITH ORDINALITY AS k (kind, n)
						LEFT JOIN said s ON s.kind = k.kind AND s.month = m
					GROUP BY k.n ORDER BY k.n) AS acts
			FROM generate_series(
				GREATEST((SELECT min(s.month) FROM said s),
						 date_trunc('month', today - interval '23 months')),
				today, interval '1 month') m
	)
	SELECT array_agg(d.month ORDER BY d.month), array_agg(d.acts ORDER BY d.month),
		   -- The newest month first.
		   string_agg(page_row(VARIADIC
				ARRAY[to_char(d.month, '"<time>"Mon YYYY"</time>"')] || ARRAY(
					SELECT page_number(a) FROM unnest(d.acts) WITH ORDINALITY AS u (a, n)
						ORDER BY n)),
				'' ORDER BY d.month DESC),
		   (SELECT sum(s.acts) FROM said s WHERE s.month < min(d.month))
		INTO months, counts, listed, earlier
		FROM drawn d;
	IF earlier IS NULL AND 0 = ALL (counts) THEN
		RETURN E'<p class="nothing">No consent or objection has been recorded.</p>\n';
	END IF;
	charts := ARRAY(
		SELECT page_chart(kinds[k], headings[k], whats[k], months, ARRAY(
				SELECT counts[m][k] FROM generate_subscripts(months, 1) m ORDER BY m))
			FROM generate_subscripts(kinds, 1) k ORDER BY k);
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
		to_char(months[1], 'FMMonth YYYY'), to_char(today, 'FMDD FMMonth YYYY'),
		CASE WHEN earlier > 0 THEN format(' Acts before that: <b>%s</b>.',
										  page_number(earlier)) END,
		array_to_string(charts[1:3], ''), array_to_string(charts[4:6], ''),
		page_table('months', 'Consents and objections by month, UTC',
				   ARRAY['Month'] || ARRAY(
						SELECT '#' || w FROM unnest(whats) WITH ORDINALITY AS u (w, n)
							ORDER BY n),
				   listed, cardinality(months), NULL));
END
$$;

-- Internal: who has waited for an answer for too long, Art. 12(3).
CREATE FUNCTION consent_profiling.overdue_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(*), page_table('overdue',
			'Requests not answered within the time of Art. 12(3), the longest overdue first',
			'{Subject,Right,Received,Due,#Days overdue,Extended,#Request}',
			string_agg(page_row(page_text(q.subject::text),
					page_text(replace(q."right", '_', ' ')), page_time(q.received_at),
					page_date(q.due_on),
					page_number(q.days_overdue),
					CASE WHEN q.extended THEN 'yes' ELSE 'no' END,
					page_number(q.request)), '' ORDER BY q.n)
				FILTER (WHERE q.n <= page_rows()),
			count(*), 'No request is overdue.')
		FROM (SELECT *, row_number() OVER (ORDER BY due_on, request) AS n
			  FROM request_overdue) q
$$;

-- Internal: whose data is restricted, and which objections nobody has decided
-- upon, Art. 18(1).
CREATE FUNCTION consent_profiling.restriction_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(q.purpose), page_table('restrictions',
			'What is restricted and what to decide upon, the oldest first; an objection is pending until it is upheld or overridden, and restricts until then, Art. 18(1)(d)',
			'{Subject,Ground,Purpose,Since}',
			string_agg(page_row(page_text(q.subject::text),
					page_text(concat_ws(', ', replace(q.ground, '_', ' '), q.article)),
					CASE WHEN q.purpose IS NULL THEN '<span class="quiet">all</span>'
						ELSE page_text(q.purpose) END,
					page_time(q.since)), '' ORDER BY q.n)
				FILTER (WHERE q.n <= page_rows()),
			count(*), 'Nothing is restricted, and no objection is pending.')
		FROM (SELECT *, row_number() OVER (ORDER BY since, subject, purpose, ground) AS n
			  FROM restriction) q
$$;

-- Internal: birth dates that contradict each other, and those that are no age,
-- Art. 5(1)(d).  What is no age is for verdict_of(); it is asked about the oldest.
CREATE FUNCTION consent_profiling.birth_date_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(*), page_table('dates',
			'Birth dates that tracked tables claim and that contradict each other, of which the younger holds until one is rectified, and those more than 120 years ago, which are no age',
			'{Subject,Birth date,Also claimed,Recorded}',
			string_agg(page_row(page_text(q.subject::text), page_date(q.birth_date),
					page_date(q.claimed), page_time(q.recorded_at)), '' ORDER BY q.n)
				FILTER (WHERE q.n <= page_rows()),
			count(*), 'No birth date contradicts another, and each is an age.')
		FROM (SELECT d.*, row_number() OVER (ORDER BY d.recorded_at, d.subject, d.claimed) AS n
			  FROM (SELECT c.subject, c.birth_date, CASE c.claimed
							WHEN c.birth_date THEN c.contradicts ELSE c.claimed END AS claimed,
						c.recorded_at
					FROM birth_date_conflict c
					UNION ALL
					SELECT s.id, s.birth_date, NULL, s.registered_at
					FROM subject s
					WHERE s.birth_date < (query_clock() AT TIME ZONE 'UTC')::date - interval '119 years'
						AND verdict_of(s.id, 'profiling') = 'age_unknown') d) q
$$;

-- Internal: which automated decisions wait for a human, Art. 22(3).
CREATE FUNCTION consent_profiling.review_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(*), page_table('contested',
			'Automated decisions that a person contests and nobody has reviewed yet, Art. 22(3), the oldest first',
			'{Subject,Purpose,Requested,#Days waiting}',
			string_agg(page_row(page_text(q.subject::text), page_text(q.purpose),
					page_time(q.requested_at),
					page_number(extract(day FROM
						statement_timestamp() - q.requested_at)::bigint)),
					'' ORDER BY q.n) FILTER (WHERE q.n <= page_rows()),
			count(*), 'No decision waits for a review.')
		FROM (SELECT *, row_number() OVER (ORDER BY requested_at, id) AS n
			  FROM review WHERE reviewed_at IS NULL) q
$$;

-- Internal: whose data nothing is left to keep for, Art. 17(1).
CREATE FUNCTION consent_profiling.erasure_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(DISTINCT q.subject), page_table('erasures',
			'Who withdrew consent or objected to marketing and may not be profiled for anything any more, Art. 17(1), the longest due first',
			'{Subject,Purpose,Reason,Since}',
			string_agg(page_row(page_text(q.subject::text), page_text(q.purpose),
					page_text(concat_ws(', ', replace(q.reason, '_', ' '), q.article)),
					page_time(q.since)), '' ORDER BY q.n)
				FILTER (WHERE q.n <= page_rows()),
			count(*), 'No erasure is due.')
		FROM (SELECT *, row_number() OVER (ORDER BY since, subject, purpose, reason) AS n
			  FROM erasure_due) q
$$;

-- Internal: who is still to be told of what, Art. 19.
CREATE FUNCTION consent_profiling.notification_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT count(*), page_table('notifications',
			'Recipients still to be told of a rectification, an erasure or a restriction, Art. 19, the oldest first',
			'{Recipient,Contact,Subject,What happened,Due since,#Notification}',
			string_agg(page_row(page_text(q.recipient), page_text(q.contact),
					page_text(q.subject::text), page_text(q.cause),
					page_time(q.due_since), page_number(q.notification)),
					'' ORDER BY q.n) FILTER (WHERE q.n <= page_rows()),
			count(*), 'Every recipient has been told what it has to know.')
		FROM (SELECT *, row_number() OVER (ORDER BY due_since, notification) AS n
			  FROM notification_due) q
$$;

-- Internal: what is gated.  Where a gate does not hold as it should, it says so;
-- these are counted.  A partition is shown with its parent, as far as all is the
-- same with it.
CREATE FUNCTION consent_profiling.protected_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH gates AS MATERIALIZED (
		SELECT g.relation, g.columns, g.column_mode, g.purpose,
			   array_agg(DISTINCT r) AS roles, bool_and(g.intact) AS whole,
			   bool_or(g.permissive) AS permissive
			FROM gate g, unnest(g.roles) r
			GROUP BY g.relation, g.columns, g.column_mode, g.purpose
	), judged AS (
		SELECT g.*, concat_ws('; ',
				CASE
					WHEN NOT c.relrowsecurity
						THEN 'row security is off: everybody sees all'
					WHEN NOT c.relforcerowsecurity AND owner_is_gated(c.relowner, g.roles)
						THEN 'row security is not forced: the owner sees all'
				END,
				CASE WHEN g.permissive
						THEN 'the policy is permissive: it does not gate'
					WHEN NOT g.whole
						THEN 'the policy was altered: it does not ask may_profile() alone' END,
				-- Whoever is a member can also become the other by SET ROLE.
				(SELECT string_agg(page_text(r.rolname), ', ' ORDER BY r.rolname)
						|| ' can bypass row security: sees all'
					FROM pg_roles r
					WHERE r.oid = ANY (g.roles)
						AND EXISTS (SELECT FROM pg_roles b
									WHERE (b.rolsuper OR b.rolbypassrls)
										AND pg_has_role(r.oid, b.oid, 'MEMBER'))),
				(SELECT string_agg(page_text(r.rolname), ', ' ORDER BY r.rolname)
						|| ' can act as the owner: sees all'
					FROM pg_roles r
					WHERE r.oid = ANY (g.roles) AND r.oid <> c.relowner
						AND NOT r.rolsuper AND pg_has_role(r.oid, c.relowner, 'MEMBER')),
				(SELECT 'members that do not inherit see all, as the library is not preloaded: '
						|| string_agg(page_text(m), ', ' ORDER BY m)
					FROM members_without_inherit(g.roles) m WHERE NOT is_preloaded()),
				(SELECT 'can create triggers, which are given what others write: '
						|| string_agg(page_text(t), ', ' ORDER BY t)
					FROM trigger_creators(g.relation, g.roles) t),
				(SELECT 'not gated: ' || string_agg(page_text(d::text), ', ' ORDER BY d::text)
					FROM with_descendants(g.relation) d
					WHERE d NOT IN (SELECT below.relation FROM gates below)),
				CASE WHEN NOT EXISTS (
						SELECT FROM purpose p
						WHERE p.name = COALESCE(g.purpose, 'profiling')
							AND p.automated AND p.personal_data AND p.evaluates_person)
					THEN 'the purpose is not profiling: queries fail' END) AS trouble
			FROM gates g JOIN pg_class c ON c.oid = g.relation
	), shown AS MATERIALIZED (
		SELECT j.relation, j.trouble <> '' AS troubled, ARRAY[
				(SELECT string_agg(page_text(c), ', ' ORDER BY n)
					FROM unnest(j.columns) WITH ORDINALITY AS u (c, n)),
				CASE
					WHEN j.column_mode THEN '<span class="quiet">column mode</span>'
					WHEN j.purpose IS NULL THEN '<span class="quiet">the session''s</span>'
					ELSE page_text(j.purpose) END,
				(SELECT string_agg(CASE r WHEN 0
							THEN '<span class="quiet">everybody</span>'
							ELSE page_text(pg_get_userbyid(r)) END, ', '
							ORDER BY pg_get_userbyid(r))
					FROM unnest(j.roles) r),
				CASE j.trouble WHEN '' THEN 'holds'
					ELSE '<span class="alarm">' || j.trouble || '</span>' END] AS cells
			FROM judged j
		UNION ALL
		SELECT h.relation, true, ARRAY[NULL, NULL, NULL,
				'<span class="alarm">no gate: only what remains of one</span>']
			FROM helper h
			WHERE h.relation NOT IN (SELECT gates.relation FROM gates)
	)
	SELECT count(*) FILTER (WHERE t.troubled), page_table('protected',
			'Rows are shown to the roles only of whom the columns say that they may be profiled for the purpose',
			'{Table,#Partitions,Columns,Purpose,Roles,Gate}',
			string_agg(page_row(VARIADIC ARRAY[page_text(t.relation::text),
					(SELECT page_number(count(*)) FROM with_descendants(t.relation) d
						WHERE d <> t.relation
							AND (d, t.cells) IN (SELECT below.relation, below.cells
												 FROM shown below))]
					|| t.cells), '' ORDER BY t.n)
				FILTER (WHERE t.n <= page_rows()),
			count(*),
			'No table is protected. Whoever may read a table sees everybody in it.')
		FROM (SELECT s.*, row_number() OVER (ORDER BY s.troubled DESC,
					s.relation::text COLLATE "C", s.cells) AS n
			  FROM shown s
			  WHERE (s.relation, s.cells) NOT IN (
					SELECT i.inhrelid, above.cells
						FROM pg_inherits i JOIN shown above
							ON above.relation = i.inhparent)) t
$$;

-- Internal: which events no seal covers yet.
CREATE FUNCTION consent_profiling.unsealed_section(OUT total bigint, OUT html text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(sum(q.events), 0)::bigint, concat(
			format(E'<p class="lead">%s Whether the history holds together is for <code>verify_history()</code> to say.</p>
',
				COALESCE((SELECT format('The newest seal is number %s of %s, made by %s.',
							page_number(s.id), page_time(s.sealed_at), page_text(s.sealed_by))
						  FROM seal s ORDER BY s.id DESC LIMIT 1),
						 'Nothing has been sealed yet.')),
			page_table('unsealed', 'Events that no seal covers, by what was done',
				'{Act,#Events,Oldest,Newest}',
				string_agg(page_row(page_text(q.act), page_number(q.events),
						page_time(q.oldest), page_time(q.newest)), '' ORDER BY q.n)
					FILTER (WHERE q.n <= page_rows()),
				count(*), 'There is no event without a seal.'))
		FROM (SELECT e.act, count(*) AS events, min(e.recorded_at) AS oldest,
					 max(e.recorded_at) AS newest,
					 row_number() OVER (ORDER BY count(*) DESC, e.act) AS n
			  FROM event e
			  WHERE NOT (SELECT COALESCE(range_agg(s.covers), '{}') FROM seal s) @> e.id
			  GROUP BY e.act) q
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
header, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.25rem; }
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
.subtitle { font-size: 1.15rem; margin-bottom: 1.6rem; max-width: 48rem; }
.made { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 15rem), 1fr)); gap: .9rem 2rem; margin: 0; padding: 1.1rem 0; border-top: 1px solid var(--rule); font-size: .9375rem; }
.made dt { color: var(--quiet); font-size: .8125rem; }
.made dd { margin: 0; }
nav { border-top: 1px solid var(--rule); padding: .8rem 0; font-size: .9375rem; }
nav ul { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.4rem; }
nav a { display: inline-block; padding: .2rem 0; }
section { border-top: 1px solid var(--rule); padding: 2.2rem 0 2.6rem; }
.lead { color: var(--quiet); }
.nothing { color: var(--quiet); margin: .6rem 0 0; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); margin: 0; }
.figures div { padding: .9rem 1rem .9rem 0; border-top: 1px solid var(--rule); display: flex; flex-direction: column-reverse; justify-content: flex-end; }
.figures dt { color: var(--quiet); font-size: .875rem; }
.figures dd { margin: 0; font-size: 1.85rem; font-variant-numeric: lining-nums tabular-nums; }
.figures .due dd, .alarm { color: var(--alarm); }
article { padding: 1rem 0 .9rem; display: grid; grid-template-columns: minmax(0, 1fr) auto; gap: 0 1.5rem; align-items: baseline; }
article + article { border-top: 1px solid var(--rule); }
article > .nothing, .about, .bar, .verdicts { grid-column: 1 / -1; }
.about { margin: .1rem 0 0; font-size: .9rem; color: var(--quiet); }
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
td bdi, th bdi { display: inline-block; max-width: 22rem; vertical-align: top; }
th bdi { max-width: 17rem; }
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
	header, main, footer { padding-left: 1rem; padding-right: 1rem; }
	.figures { grid-template-columns: repeat(2, 1fr); }
	.figures dd { font-size: 1.55rem; }
	td bdi, th bdi { max-width: 10rem; }
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
	header, main, footer { max-width: none; padding-left: 0; padding-right: 0; }
	nav { display: none; }
	section { padding: 1.2rem 0 1.4rem; }
	.scroll { overflow: visible; }
	caption span { max-width: none; }
	.verdicts { grid-template-columns: repeat(3, 1fr); gap: .1rem 2rem; }
	th, td { min-width: 0; padding: .25rem .7rem .25rem 0; }
	h2, h3, caption, figcaption, .lead { break-after: avoid; }
	article, figure, tr, .figures { break-inside: avoid; }
	.charts { grid-template-columns: repeat(3, 1fr); gap: 1rem; }
	i, svg { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
	summary { display: none; }
	details::details-content { content-visibility: visible; block-size: auto; }
}
$css$
$$;

-- Where there are no statistics, the planner expects so many rows that it would
-- have queries compiled, for longer than they run.
CREATE FUNCTION consent_profiling.compliance_report()
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET jit = off
AS $$
DECLARE
	responsible consent_profiling.controller;
	people record;
	overdue CONSTANT record := overdue_section();
	restrictions CONSTANT record := restriction_section();
	birth_dates CONSTANT record := birth_date_section();
	contested CONSTANT record := review_section();
	erasures CONSTANT record := erasure_section();
	notifications CONSTANT record := notification_section();
	protected CONSTANT record := protected_section();
	unsealed CONSTANT record := unsealed_section();
	figures text[];
	contents text;
	sections text;
BEGIN
	SELECT * INTO responsible FROM controller ORDER BY version DESC LIMIT 1;
	SELECT count(*) FILTER (WHERE erased_at IS NULL) AS registered,
		   count(*) FILTER (WHERE erased_at IS NOT NULL) AS erased,
		   count(*) FILTER (WHERE restricted_at IS NOT NULL) AS restricted
		INTO people FROM subject;

	-- What waits for somebody, and then what there is.
	figures := ARRAY(
		SELECT string_agg(format(
				E'<div%s><dt><a href="#%s">%s</a></dt><dd data-figure="%s">%s</dd></div>
',
				CASE WHEN todo AND value > 0 THEN ' class="due"' END,
				place, what, figure, page_number(value)), '' ORDER BY n)
			FROM (VALUES
				(1, true, 'overdue', 'overdue', 'Requests overdue', overdue.total),
				(2, true, 'pending', 'restrictions', 'Objections pending', restrictions.total),
				(3, true, 'contested', 'contested', 'Decisions contested', contested.total),
				(4, true, 'erasures', 'erasures', 'People to erase', erasures.total),
				(5, true, 'notifications', 'notifications', 'Notifications due', notifications.total),
				(6, true, 'birth_dates', 'dates', 'Birth dates to check', birth_dates.total),
				(7, true, 'troubled', 'protected', 'Gates that do not hold', protected.total),
				(8, false, 'registered', 'verdicts', 'People registered', people.registered),
				(9, false, 'erased', 'verdicts', 'People erased', people.erased),
				(10, false, 'restricted', 'restrictions', 'People restricted', people.restricted),
				(11, false, 'tables', 'protected', 'Tables protected',
				 (SELECT count(DISTINCT g.relation) FROM gate g)),
				(12, false, 'events', 'unsealed', 'Events recorded',
				 (SELECT count(*) FROM event)),
				(13, false, 'unsealed', 'unsealed', 'Events not sealed', unsealed.total))
				AS v (n, todo, figure, place, what, value)
			GROUP BY todo ORDER BY todo DESC);
	SELECT string_agg(format(E'<li><a href="#%s">%s</a></li>
', place, heading),
					  '' ORDER BY n),
		   string_agg(format(E'<section id="%s">
<h2>%s</h2>
%s</section>
',
							 place, heading, html), '' ORDER BY n)
		INTO contents, sections
		FROM (VALUES
			(1, 'verdicts', 'Verdicts by purpose',
			 E'<p class="lead">May a person be profiled, and if not, what is the first reason? Of everybody on record, those whose data was erased included.</p>
'
				|| verdict_section()),
			(2, 'choices', 'Consents and objections', choice_section()),
			(3, 'overdue', 'Overdue requests', overdue.html),
			(4, 'restrictions', 'Restrictions and pending objections', restrictions.html),
			(5, 'contested', 'Contested decisions', contested.html),
			(6, 'erasures', 'Erasures due', erasures.html),
			(7, 'notifications', 'Notifications due', notifications.html),
			(8, 'dates', 'Birth dates to check', birth_dates.html),
			(9, 'protected', 'Protected tables', protected.html),
			(10, 'unsealed', 'Unsealed history', unsealed.html))
			AS v (n, place, heading, html);

	RETURN format(
$html$<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8"/>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"/>
<meta name="viewport" content="width=device-width, initial-scale=1"/>
<meta name="referrer" content="no-referrer"/>
<meta name="robots" content="noindex"/>
<title>Compliance report: %1$s</title>
<style>%2$s</style>
</head>
<body>
<header>
<p class="quiet">For data protection officers. This page names people.</p>
<h1>Compliance report</h1>
<p class="subtitle">Who may be profiled according to the database <b>%3$s</b>, and what is still to be done.</p>
<dl class="made">
<div><dt>Controller</dt><dd>%4$s</dd></div>
<div><dt>Contact</dt><dd>%5$s</dd></div>
<div><dt>Data protection officer</dt><dd>%6$s</dd></div>
<div><dt>Made</dt><dd>%7$s, by %8$s</dd></div>
</dl>
<nav aria-label="Sections"><ul>
%9$s</ul></nav>
</header>
<main>
<section id="figures">
<h2>At a glance</h2>
<h3>To be done</h3>
<dl class="figures">
%10$s</dl>
<h3>On record</h3>
<dl class="figures">
%11$s</dl>
</section>
%12$s</main>
<footer><p class="quiet">All times are in UTC. Articles are those of the GDPR.</p></footer>
</body>
</html>
$html$,
		-- The title is a text without elements.
		escape_html(current_database()), page_style(),
		page_text(current_database()), page_text(responsible.name),
		page_text(responsible.contact), page_text(responsible.dpo_contact),
		page_time(query_clock()),
		concat(page_text(caller_role()),
			CASE WHEN session_user <> caller_role()
				THEN ', logged in as ' || page_text(session_user) END,
			CASE WHEN recorded_actor() IS NOT NULL
				THEN ', for ' || page_text(recorded_actor()) END),
		contents, figures[1], figures[2], sections);
END
$$;
COMMENT ON FUNCTION consent_profiling.compliance_report() IS
	'an officer''s picture as one page of HTML, which loads nothing and runs no script: verdicts by purpose, consents and objections by month, overdue requests, restrictions and pending objections, contested decisions, erasures and notifications due, protected tables and unsealed history, as of this moment; asks about everybody for every purpose; throws nothing of its own; for officers';
