---------------------------------------------------------------------
-- History
---------------------------------------------------------------------

-- Who did what, when: one row a call, one row a row imported.
CREATE TABLE consent_profiling.event (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT event_pkey PRIMARY KEY,
	act text COLLATE "C" NOT NULL,
	subject consent_profiling.subject_id,
	purpose text COLLATE "C",
	at timestamptz NOT NULL,
	recorded_at timestamptz NOT NULL,
	session_role name NOT NULL,
	caller name NOT NULL,
	actor text,
	birth_date date,
	consent consent_profiling.consent,
	objection consent_profiling.objection,
	ground text,
	informed_at timestamptz,
	notice text,
	evidence jsonb,
	detail jsonb,
	-- The chain, see chain_event().
	link integer NOT NULL,
	previous bytea,
	salt bytea,
	content bytea,
	hash bytea NOT NULL,
	CONSTRAINT event_link_key UNIQUE NULLS NOT DISTINCT (subject, link)
);
-- The number of subjects grows with the table.  Where ANALYZE found one subject with
-- many events it takes that number for a constant, and the planner reads all events
-- for each subject.  Other tables with a column "subject" have this option, too.
ALTER TABLE consent_profiling.event ALTER subject SET (n_distinct = -0.2);
-- The planner needs none, and statistics would outlive what is erased.
ALTER TABLE consent_profiling.event
	ALTER actor SET STATISTICS 0, ALTER birth_date SET STATISTICS 0,
	ALTER objection SET STATISTICS 0, ALTER ground SET STATISTICS 0,
	ALTER notice SET STATISTICS 0, ALTER evidence SET STATISTICS 0,
	ALTER detail SET STATISTICS 0;
-- Of what is random there are none.
ALTER TABLE consent_profiling.event
	ALTER previous SET STATISTICS 0, ALTER salt SET STATISTICS 0,
	ALTER content SET STATISTICS 0, ALTER hash SET STATISTICS 0;
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event_id_seq', '');
COMMENT ON TABLE consent_profiling.event IS 'the append-only history';
COMMENT ON COLUMN consent_profiling.event.act IS
	'the function that was called';
COMMENT ON COLUMN consent_profiling.event.subject IS
	'whom it is about; null: the registry itself';
COMMENT ON COLUMN consent_profiling.event.at IS
	'when the act took place';
COMMENT ON COLUMN consent_profiling.event.recorded_at IS
	'when the database was told';
COMMENT ON COLUMN consent_profiling.event.session_role IS
	'the role that had logged in';
COMMENT ON COLUMN consent_profiling.event.caller IS
	'the role in force outside of any SECURITY DEFINER function';
COMMENT ON COLUMN consent_profiling.event.actor IS
	'the application''s own user, from consent_profiling.actor';
COMMENT ON COLUMN consent_profiling.event.detail IS
	'what else the act says, by the names of its arguments';
COMMENT ON COLUMN consent_profiling.event.link IS
	'number in the chain of its subject, from 1';
COMMENT ON COLUMN consent_profiling.event.previous IS
	'hash of the link before';
COMMENT ON COLUMN consent_profiling.event.salt IS
	'random; what makes what was erased impossible to guess; null once erased';
COMMENT ON COLUMN consent_profiling.event.content IS
	'digest of what was erased; null before';
COMMENT ON COLUMN consent_profiling.event.hash IS
	'over all of it, and over the link before';

CREATE FUNCTION consent_profiling.chain_event()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER chain_event BEFORE INSERT ON consent_profiling.event
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.chain_event();

CREATE FUNCTION consent_profiling.keep_event()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER keep_event BEFORE UPDATE OR DELETE ON consent_profiling.event
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.keep_event();
CREATE TRIGGER keep_events BEFORE TRUNCATE ON consent_profiling.event
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.keep_event();
-- A tracked table that is replicated records on the subscriber, too.
ALTER TABLE consent_profiling.event ENABLE ALWAYS TRIGGER chain_event;
ALTER TABLE consent_profiling.event ENABLE ALWAYS TRIGGER keep_event;
ALTER TABLE consent_profiling.event ENABLE ALWAYS TRIGGER keep_events;

-- Internal: what erasing leaves in place of what an event said of a person.
CREATE FUNCTION consent_profiling.event_content(event consent_profiling.event)
	RETURNS bytea AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: is the hash of an event what its contents say it must be?
CREATE FUNCTION consent_profiling.event_fits(event consent_profiling.event)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: one hash over many, in their order, as in RFC 6962.
CREATE FUNCTION consent_profiling.merkle_add(state internal, leaf bytea)
	RETURNS internal AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
CREATE FUNCTION consent_profiling.merkle_final(state internal)
	RETURNS bytea AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;
CREATE AGGREGATE consent_profiling.merkle_root(bytea) (
	SFUNC = consent_profiling.merkle_add,
	STYPE = internal,
	FINALFUNC = consent_profiling.merkle_final,
	PARALLEL = SAFE
);

-- What history has been sealed: which events, and their Merkle root.
CREATE TABLE consent_profiling.seal (
	id bigint CONSTRAINT seal_pkey PRIMARY KEY,
	sealed_at timestamptz NOT NULL,
	sealed_by name NOT NULL,
	covers int8multirange NOT NULL,
	events bigint NOT NULL,
	root bytea NOT NULL,
	previous bytea,
	hash bytea NOT NULL,
	-- Events from this number on were recorded after "sealed_at".
	next_event bigint NOT NULL
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.seal', '');
COMMENT ON TABLE consent_profiling.seal IS
	'seals of the history, each over events that none before it covers';

-- Internal: the hash that binds a seal together, and to the one before.
CREATE FUNCTION consent_profiling.seal_hash(seal consent_profiling.seal)
	RETURNS bytea
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT sha256(convert_to(jsonb_build_array(
		'consent_profiling seal', seal.id,
		(extract(epoch FROM seal.sealed_at) * 1000000)::bigint, seal.sealed_by,
		seal.covers::text, seal.events, encode(seal.root, 'hex'),
		encode(seal.previous, 'hex'), seal.next_event)::text, 'UTF8'))
$$;

-- Internal: the line by which a seal is known outside of the database.
CREATE FUNCTION consent_profiling.seal_line(seal consent_profiling.seal)
	RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT format('consent_profiling seal %s of %s events %s sha256 %s', seal.id,
		to_char(seal.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
		seal.events, encode(seal.hash, 'hex'))
$$;

-- Internal: which events there are among those with these ids.  LATERAL ... OFFSET 0
-- reads each range by the index; there are as many as numbers were left out, and the
-- planner could compare each event with each.
CREATE FUNCTION consent_profiling.events_within(ids int8multirange)
	RETURNS int8multirange
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT COALESCE(range_agg(int8range(run.first, run.last, '[]')), '{}')
		FROM (SELECT min(n.id) AS first, max(n.id) AS last
			  FROM (SELECT e.id, e.id - row_number() OVER (ORDER BY e.id) AS run
					FROM unnest(ids) r CROSS JOIN LATERAL (
						SELECT v.id FROM ONLY event v
							WHERE v.id >= lower(r) AND v.id < upper(r) OFFSET 0) e) n
			  GROUP BY n.run) run
$$;

-- Internal: is an event among those to verify: recorded between two times, or in
-- seals that were made then?  What has no time is not to hide behind that.
CREATE FUNCTION consent_profiling.to_verify(id bigint, recorded_at timestamptz,
		"from" timestamptz, "to" timestamptz, sealed int8multirange)
	RETURNS boolean
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	RETURN recorded_at IS NULL OR recorded_at >= "from" AND recorded_at <= "to"
		OR id <@ sealed;

-- A seal says which events it is over, by their ids, since these do not become
-- visible in their order: an event whose transaction ends after the next seal
-- is left to the one after.  So sealing waits for no writer, and no writer for
-- sealing.
CREATE FUNCTION consent_profiling.seal_history()
	RETURNS text
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	last consent_profiling.seal;
	new consent_profiling.seal;
	gaps int8multirange;
BEGIN
	-- Two at a time would seal the same events twice.
	LOCK TABLE seal IN SHARE ROW EXCLUSIVE MODE;
	SELECT * INTO last FROM ONLY seal ORDER BY id DESC LIMIT 1;
	gaps := int8multirange(int8range(NULL, NULL))
		- COALESCE((SELECT range_agg(r) FROM ONLY seal s, unnest(s.covers) r), '{}');

	-- In this order: a later number was given out after that time.
	new.sealed_at := clock_timestamp();
	new.next_event := (SELECT s.last_value + s.is_called::integer FROM event_id_seq s);

	-- In one statement, and so in one snapshot.
	WITH unsealed AS MATERIALIZED (
		SELECT e.id, e.hash FROM unnest(gaps) r CROSS JOIN LATERAL (
			SELECT v.id, v.hash FROM ONLY event v
				WHERE v.id >= COALESCE(lower(r), -9223372036854775808)
					AND v.id <= COALESCE(upper(r) - 1, 9223372036854775807)
				OFFSET 0) e
	)
	SELECT (SELECT range_agg(int8range(run.first, run.last, '[]'))
			FROM (SELECT min(n.id) AS first, max(n.id) AS last
				  FROM (SELECT u.id, u.id - row_number() OVER (ORDER BY u.id) AS run
						FROM unsealed u) n
				  GROUP BY n.run) run),
		   (SELECT count(*) FROM unsealed),
		   (SELECT merkle_root(u.hash ORDER BY u.id) FROM unsealed u)
		INTO new.covers, new.events, new.root;
	IF new.events = 0 THEN
		RETURN seal_line(last);
	END IF;
	new.id := COALESCE(last.id, 0) + 1;
	new.sealed_by := caller_role();
	new.previous := last.hash;
	new.hash := seal_hash(new);
	-- A snapshot from before another seal would seal the same events twice; this
	-- has it fail to serialize.
	INSERT INTO seal SELECT new.* ON CONFLICT (id) DO NOTHING;
	-- A line that somebody keeps must not be of a seal that a crash took away.
	IF current_setting('synchronous_commit') = 'off' THEN
		PERFORM set_config('synchronous_commit', 'local', true);
	END IF;
	RETURN seal_line(new);
END
$$;
COMMENT ON FUNCTION consent_profiling.seal_history() IS
	'seals all events that no seal covers yet under one Merkle root; returns the line of the newest seal as export_seal() does, null while there is nothing to seal; for officers';

CREATE FUNCTION consent_profiling.export_seal()
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT seal_line(s) FROM ONLY seal s ORDER BY s.id DESC LIMIT 1
$$;
COMMENT ON FUNCTION consent_profiling.export_seal() IS
	'the line of the newest seal, to be kept where nobody who can change the database can change it, and given to verify_history(); null while there is no seal; for officers';

-- Internal: the first of these seals that does not fit, and why.  What a seal
-- covers is compared with what there is, so that a missing event has a name;
-- where nothing is missing, a seal alone cannot tell which event it is.
CREATE FUNCTION consent_profiling.verify_seals("from" timestamptz,
		"to" timestamptz, saved text, OUT event bigint, OUT problem text)
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
DECLARE
	s consent_profiling.seal;
	before consent_profiling.seal;
	parts text[];
	missing int8multirange;
	covered int8multirange := '{}';
BEGIN
	IF saved IS NOT NULL THEN
		parts := regexp_match(saved, E'^\\s*consent_profiling seal (\\d{1,18}) of \\S+ events \\d+ sha256 ([0-9a-f]{64})\\s*$');
		IF parts IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
				MESSAGE = 'this is not the line of a seal',
				HINT = 'It is what consent_profiling.export_seal() returned.';
		END IF;
		SELECT * INTO s FROM ONLY seal WHERE id = parts[1]::bigint;
		IF NOT FOUND THEN
			problem := format('the end is missing: there is no seal %s any more',
							  parts[1]);
		ELSIF encode(s.hash, 'hex') IS DISTINCT FROM parts[2] THEN
			problem := format('seal %s is not the one that was saved', parts[1]);
		END IF;
		IF problem IS NOT NULL THEN
			RETURN;
		END IF;
	END IF;

	FOR s IN SELECT * FROM ONLY seal ORDER BY id LOOP
		IF s.id IS DISTINCT FROM COALESCE(before.id, 0) + 1
			OR s.previous IS DISTINCT FROM before.hash
			OR (CASE WHEN isfinite(s.sealed_at)
				THEN s.hash IS DISTINCT FROM seal_hash(s) ELSE true END)
			OR num_nulls(s.sealed_at, s.sealed_by, s.covers, s.events, s.root,
						 s.next_event) > 0
			OR s.events <> (SELECT sum(upper(r) - lower(r)) FROM unnest(s.covers) r)
			OR s.covers && covered THEN
			problem := format('seal %s was changed, or does not follow the one before',
							  s.id);
		ELSIF s.sealed_at >= "from" AND s.sealed_at <= "to" THEN
			missing := s.covers - events_within(s.covers);
			IF NOT isempty(missing) THEN
				event := lower(missing);
				problem := format('event %s was removed after seal %s', event, s.id);
				RETURN;
			END IF;
			IF s.root IS DISTINCT FROM (
				SELECT merkle_root(COALESCE(e.hash, '') ORDER BY e.id)
					FROM unnest(s.covers) r CROSS JOIN LATERAL (
						SELECT v.id, v.hash FROM ONLY event v
							WHERE v.id >= lower(r) AND v.id < upper(r) OFFSET 0) e) THEN
				problem := format('one of the events from %s to %s was replaced after seal %s',
								  lower(s.covers), upper(s.covers) - 1, s.id);
			END IF;
		END IF;
		EXIT WHEN problem IS NOT NULL;
		covered := covered + s.covers;
		before := s;
	END LOOP;
END
$$;

-- Internal: the first purpose whose definitions, now and in the past, are not
-- those of the events by which it was added and dropped.  Replay goes by these
-- definitions, and no hash covers the tables that they are in.  The added_at of a
-- fixed purpose is not compared: it is the time of the installation, also of that
-- into which a dump was restored, and replay takes the only version at any time.
CREATE FUNCTION consent_profiling.verify_purposes(OUT event bigint, OUT problem text)
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	WITH recorded AS MATERIALIZED (
		SELECT e.id, e.act, e.purpose AS name, e.detail AS definition,
			   e.at AS added_at,
			   lead(e.at) OVER (PARTITION BY e.purpose ORDER BY e.link) AS dropped_at
			FROM ONLY event e
			WHERE e.subject IS NULL AND e.act IN ('add_purpose', 'drop_purpose')
	), expected AS (
		SELECT t.name, t.definition, t.added_at, t.dropped_at
			FROM recorded t WHERE t.act = 'add_purpose'
		UNION ALL
		SELECT f.name, to_jsonb(f), NULL, NULL FROM fixed_purposes() f
	), past AS (
		SELECT v.name, to_jsonb(v) - '{added_at,dropped_at}'::text[],
			   CASE WHEN v.name NOT IN (SELECT f.name FROM fixed_purposes() f)
					THEN v.added_at END,
			   v.dropped_at
			FROM ONLY purpose_version v
	), present AS (
		SELECT p.name, to_jsonb(p) AS definition FROM ONLY purpose p
	), misfit (name, is_past) AS (
		SELECT m.name, true
			FROM ((TABLE expected EXCEPT ALL TABLE past)
				  UNION ALL (TABLE past EXCEPT ALL TABLE expected)) m
		UNION
		SELECT m.name, false
			FROM ((SELECT x.name, x.definition FROM expected x
					WHERE x.dropped_at IS NULL EXCEPT ALL TABLE present)
				  UNION ALL (TABLE present EXCEPT ALL SELECT x.name, x.definition
					FROM expected x WHERE x.dropped_at IS NULL)) m
	)
	SELECT (SELECT min(t.id) FROM recorded t WHERE t.name = m.name),
		   format(CASE WHEN m.is_past
				THEN 'the versions of purpose "%s" do not follow from the history'
				ELSE 'purpose "%s" does not follow from the history' END, m.name)
		FROM misfit m ORDER BY 1, m.name, m.is_past LIMIT 1
$$;

CREATE FUNCTION consent_profiling.verify_history(
		"from" timestamptz DEFAULT '-infinity',
		"to" timestamptz DEFAULT 'infinity', seal text DEFAULT NULL,
		OUT events bigint, OUT unsealed bigint, OUT event bigint,
		OUT problem text)
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET quote_all_identifiers = off
AS $$
#variable_conflict use_column
DECLARE
	step CONSTANT bigint := 1000000;
	columns CONSTANT text[] := '{
		id bigint not null, act text not null, subject subject_id, purpose text,
		at timestamp with time zone not null, recorded_at timestamp with time zone not null,
		session_role name not null, caller name not null, actor text, birth_date date,
		consent consent, objection objection, ground text, informed_at timestamp with time zone,
		notice text, evidence jsonb, detail jsonb, link integer not null, previous bytea,
		salt bytea, content bytea, hash bytea not null}';
	total CONSTANT bigint := (SELECT count(*) FROM ONLY event);
	sealed CONSTANT int8multirange := COALESCE(
		(SELECT range_agg(r) FROM ONLY seal s, unnest(s.covers) r
			WHERE s.sealed_at >= "from" AND s.sealed_at <= "to"), '{}');
	seen bigint := 0;
	first bigint := -9223372036854775808;
	last bigint;
	bad bigint;
	found_event bigint;
	found_problem text;
	counted bigint;
	one_fits boolean;
	fits boolean;
BEGIN
	PERFORM refuse_null('from', "from" IS NULL);
	PERFORM refuse_null('to', "to" IS NULL);
	events := 0;

	-- What is hashed are the columns, whatever they are called, as what they were.
	IF columns <> (SELECT array_agg(concat_ws(' ', a.attname,
									format_type(a.atttypid, a.atttypmod),
									CASE WHEN a.attnotnull THEN 'not null' END)
									ORDER BY a.attnum)
				   FROM pg_attribute a
				   WHERE a.attrelid = 'event'::regclass AND a.attnum > 0) THEN
		problem := 'the table event was redefined';
		RETURN;
	END IF;

	-- Without the secret no event about a subject fits.
	IF secret_digest() IS NULL THEN
		event := (SELECT min(e.id) FROM ONLY event e WHERE e.subject IS NOT NULL);
		IF event IS NOT NULL THEN
			problem := 'the secret of the tombstones is missing';
			RETURN;
		END IF;
	END IF;

	-- Each event by itself.
	LOOP
		SELECT max(i.id) INTO last
			FROM (SELECT e.id FROM ONLY event e WHERE e.id >= first ORDER BY e.id LIMIT step) i;
		EXIT WHEN last IS NULL;
		SELECT count(*), min(c.id) FILTER (WHERE NOT c.fits),
			   bool_or(c.fits) FILTER (WHERE c.has_subject)
			INTO counted, bad, one_fits
			FROM (SELECT e.id, e.subject IS NOT NULL AS has_subject,
						 event_fits(e) AS fits
				  FROM ONLY event e
				  WHERE e.id >= first AND e.id <= last
					  AND to_verify(e.id, e.recorded_at, "from", "to", sealed)
				  OFFSET 0) c;
		events := events + counted;
		fits := COALESCE(fits OR one_fits, fits, one_fits);
		IF bad < event OR event IS NULL AND bad IS NOT NULL THEN
			event := bad;
			problem := format('event %s was changed', bad);
		END IF;
		IF total > step THEN
			seen := LEAST(seen + step, total);
			RAISE NOTICE 'verified the hashes of % of % events', seen, total;
		END IF;
		EXIT WHEN last = 9223372036854775807;
		first := last + 1;
	END LOOP;

	-- With another secret all events about subjects are misfits.
	IF NOT fits THEN
		problem := format('event %s was changed, or recorded with another secret of the tombstones', event);
	END IF;

	-- What was erased says so, later in the same chain, and the person is.
	SELECT min(e.id) INTO bad FROM ONLY event e
		WHERE e.salt IS NULL
			AND to_verify(e.id, e.recorded_at, "from", "to", sealed)
			AND NOT (e.subject::text ~ '^erased:[0-9a-f]{64}$'
					 AND EXISTS (SELECT FROM ONLY event l
							 WHERE l.subject = e.subject AND l.link > e.link
								 AND l.act = 'erase_subject')
					 AND EXISTS (SELECT FROM ONLY subject s
								 WHERE s.id = e.subject AND s.erased_at IS NOT NULL));
	IF bad < event OR event IS NULL AND bad IS NOT NULL THEN
		event := bad;
		problem := format('event %s was emptied without an erasure of its subject', bad);
	END IF;

	-- And the person has no other history beside that one.
	SELECT min(f.id) INTO bad
		FROM (SELECT e.id, tombstone(e.subject) AS stone FROM ONLY event e
			  WHERE e.link = 1
				  AND to_verify(e.id, e.recorded_at, "from", "to", sealed)
			  OFFSET 0) f
		WHERE f.stone IN (SELECT l.subject FROM ONLY event l
						  WHERE l.act = 'erase_subject');
	IF bad < event OR event IS NULL AND bad IS NOT NULL THEN
		event := bad;
		problem := format('event %s is about a subject that was erased', bad);
	END IF;

	-- Each with the one before it.
	SELECT c.id, CASE
			WHEN c.link <> c.link_before + 1
				THEN format('the event before event %s about the same subject was removed',
							c.id)
			WHEN c.previous IS NOT DISTINCT FROM c.hash_before AND c.id > c.id_before IS NOT FALSE
				THEN format('event %s was recorded earlier than the one before it', c.id)
			ELSE format('event %s does not follow the one before it', c.id) END
		INTO found_event, found_problem
		FROM (SELECT e.id, e.link, e.previous, e.recorded_at,
					 COALESCE(lag(e.link) OVER chain, 0) AS link_before,
					 lag(e.hash) OVER chain AS hash_before,
					 lag(e.recorded_at) OVER chain AS recorded_before,
					 -- Of what is about nobody, whoever comes first has the id
					 -- first, but may get the link later.
					 CASE WHEN e.subject IS NOT NULL
						THEN lag(e.id) OVER chain END AS id_before
			  FROM ONLY event e
			  WINDOW chain AS (PARTITION BY e.subject ORDER BY e.link)) c
		WHERE (c.link IS DISTINCT FROM c.link_before + 1
			   OR c.previous IS DISTINCT FROM c.hash_before
			   OR c.id < c.id_before
			   -- A clock may be set back a little.
			   OR c.recorded_at < c.recorded_before - clock_tolerance())
			AND to_verify(c.id, c.recorded_at, "from", "to", sealed)
		ORDER BY c.id LIMIT 1;
	IF found_event < event OR event IS NULL AND found_event IS NOT NULL THEN
		event := found_event;
		problem := found_problem;
	END IF;
	IF total > step THEN
		RAISE NOTICE 'verified the chains';
	END IF;

	-- All of them together.
	SELECT v.event, v.problem INTO found_event, found_problem
		FROM verify_seals("from", "to", seal) v;
	IF found_problem IS NOT NULL
		AND (problem IS NULL OR found_event <= event) THEN
		event := found_event;
		problem := found_problem;
	END IF;

	-- What was added later must not count for the time before a seal.  An event
	-- whose transaction was open then has a lower number.  Purposes are replayed by
	-- "at".  Where times are given, the seal tells more of the event than its own do.
	SELECT min(e.id) INTO bad
		FROM (SELECT s.next_event, s.sealed_at,
					 lead(s.next_event) OVER (ORDER BY s.id) AS later_event
			  FROM ONLY seal s) s
			CROSS JOIN LATERAL (
				SELECT v.id, v.recorded_at,
					   CASE WHEN v.subject IS NULL THEN v.at END AS replayed_at
					FROM ONLY event v
					WHERE v.id >= s.next_event
						AND v.id < COALESCE(s.later_event, 9223372036854775807)
					OFFSET 0) e
		WHERE LEAST(e.recorded_at, e.replayed_at) < s.sealed_at - clock_tolerance()
			AND (to_verify(e.id, e.recorded_at, "from", "to", sealed)
				 OR s.sealed_at >= "from" AND s.sealed_at <= "to");
	IF bad < event OR problem IS NULL AND bad IS NOT NULL THEN
		event := bad;
		problem := format('event %s was recorded earlier than the seal before it', bad);
	END IF;

	-- The rules by which verdicts are replayed.
	SELECT v.event, v.problem INTO found_event, found_problem
		FROM verify_purposes() v;
	IF found_problem IS NOT NULL AND (problem IS NULL OR found_event < event) THEN
		event := found_event;
		problem := found_problem;
	END IF;

	unsealed := GREATEST(0, total - COALESCE((SELECT sum(s.events) FROM ONLY seal s), 0));
END
$$;
COMMENT ON FUNCTION consent_profiling.verify_history(timestamptz, timestamptz,
		text) IS
	'does the history that was recorded, or sealed, between two times hold together, does it go on to the seal whose line was saved, and do the purposes follow from it? returns how many events were verified, how many are not sealed, and the first event that does not fit with what is wrong, both null when all is well; throws invalid_parameter_value for what is no line of a seal; for officers';
