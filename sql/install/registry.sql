---------------------------------------------------------------------
-- Registry
---------------------------------------------------------------------

-- No foreign key holds these tables together: a parallel restore loads them in
-- any order, and what a foreign key then turned away, an objection say, would be
-- missing.  The functions see to it instead: a subject is never deleted, and who
-- uses a purpose locks it, see check_purpose().

-- Purposes form a tree.
CREATE TABLE consent_profiling.purpose (
	name text COLLATE "C" CONSTRAINT purpose_pkey PRIMARY KEY,
	broader text COLLATE "C",
	basis text COLLATE "C" NOT NULL,
	direct_marketing boolean NOT NULL,
	special_category boolean NOT NULL,
	automated_decision boolean NOT NULL,
	minimum_age integer NOT NULL,
	description text,
	-- The elements of profiling, Art. 4(4).  What lacks one is not profiling.
	automated boolean NOT NULL,
	personal_data boolean NOT NULL,
	evaluates_person boolean NOT NULL,
	-- A name is also the name of a policy, and stands in policies as a literal.
	CONSTRAINT purpose_name_check
		CHECK (name ~ '^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,62}$'),
	CONSTRAINT purpose_one_root_check
		CHECK ((broader IS NULL) = (name = 'profiling') AND broader <> name),
	CONSTRAINT purpose_basis_check
		CHECK (basis IN ('consent', 'contract', 'legal_obligation',
						 'vital_interests', 'public_task',
						 'legitimate_interests')),
	CONSTRAINT purpose_minimum_age_check
		CHECK (minimum_age BETWEEN 18 AND 150),
	-- Art. 22(2) knows neither of these bases.
	CONSTRAINT purpose_automated_decision_check
		CHECK (NOT automated_decision
			   OR basis NOT IN ('legitimate_interests', 'public_task')),
	CONSTRAINT purpose_fixed_check
		CHECK (name NOT IN ('profiling', 'direct_marketing')
			   OR (automated AND personal_data AND evaluates_person)),
	CONSTRAINT purpose_marketing_check
		CHECK (name <> 'direct_marketing'
			   OR (broader = 'profiling' AND direct_marketing))
);
CREATE INDEX purpose_broader_idx ON consent_profiling.purpose (broader);
COMMENT ON TABLE consent_profiling.purpose IS
	'why one profiles; the root is "profiling"';

-- Internal: the purposes that every installation has: the root, and what a person
-- objects to who objects to all direct marketing.  No event records them, so
-- verify_purposes() compares with this list.
CREATE FUNCTION consent_profiling.fixed_purposes()
	RETURNS SETOF consent_profiling.purpose
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	VALUES ('profiling', NULL, 'consent', false, false, false, 18,
			'evaluating personal aspects of a person by automated means, GDPR Art. 4(4)',
			true, true, true),
		('direct_marketing', 'profiling', 'consent', true, false, false, 18,
			'profiling for direct marketing of any kind, GDPR Art. 21(2)',
			true, true, true)
$$;

INSERT INTO consent_profiling.purpose
	SELECT * FROM consent_profiling.fixed_purposes();
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.purpose',
	'WHERE name NOT IN (SELECT f.name FROM consent_profiling.fixed_purposes() f)');

-- Every definition that a purpose ever had, since what was decided in the past
-- was decided by the rules of then.  A name that was dropped may come again with
-- other rules.  The columns up to added_at are those of "purpose", in their order.
CREATE TABLE consent_profiling.purpose_version (
	name text COLLATE "C",
	broader text COLLATE "C",
	basis text COLLATE "C" NOT NULL,
	direct_marketing boolean NOT NULL,
	special_category boolean NOT NULL,
	automated_decision boolean NOT NULL,
	minimum_age integer NOT NULL,
	description text,
	automated boolean NOT NULL,
	personal_data boolean NOT NULL,
	evaluates_person boolean NOT NULL,
	added_at timestamptz,
	dropped_at timestamptz,
	CONSTRAINT purpose_version_pkey PRIMARY KEY (name, added_at)
);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.purpose_version',
	'WHERE name NOT IN (SELECT f.name FROM consent_profiling.fixed_purposes() f)');
COMMENT ON TABLE consent_profiling.purpose_version IS
	'every definition that a purpose has or had, and from when until when';

INSERT INTO consent_profiling.purpose_version
	SELECT p.*, pg_catalog.clock_timestamp() FROM consent_profiling.purpose p;

-- Internal: is this consent a No of the person, which may count for the purposes
-- below, too?
CREATE FUNCTION consent_profiling.is_refusal(consent consent_profiling.consent)
	RETURNS boolean AS 'MODULE_PATHNAME', 'consent_is_refusal'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Internal: is this consent an answer that can only deny?
CREATE FUNCTION consent_profiling.consent_denies(consent consent_profiling.consent)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

-- Internal: do the facts of a row of "choice" fit together?  One function, since
-- PostgreSQL would prepare every condition anew with every consent recorded.
CREATE FUNCTION consent_profiling.choice_fits(consent consent_profiling.consent,
		refusal consent_profiling.consent, objection consent_profiling.objection,
		raised_at timestamptz, withdrawn_at timestamptz, overridden_at timestamptz)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE;

CREATE TABLE consent_profiling.subject (
	id consent_profiling.subject_id CONSTRAINT subject_pkey PRIMARY KEY,
	birth_date date,
	registered_at timestamptz NOT NULL,
	restricted_at timestamptz,
	restriction_grounds text[],
	erased_at timestamptz,
	-- Counts acts of objecting, so that two transactions that object and
	-- override for one person conflict under every isolation level.
	objection_acts bigint NOT NULL DEFAULT 0,
	CONSTRAINT subject_birth_date_check CHECK (pg_catalog.isfinite(birth_date)),
	CONSTRAINT subject_restriction_check
		CHECK ((restricted_at IS NULL) = (restriction_grounds IS NULL)),
	-- What is left of somebody erased is the key.
	CONSTRAINT subject_erased_check
		CHECK (erased_at IS NULL
			   OR (birth_date IS NULL AND restricted_at IS NULL))
);
-- The planner's picture of how many are permitted is a sample of these.
ALTER TABLE consent_profiling.subject ALTER COLUMN id SET STATISTICS 1000;
-- Who comes of age next.
CREATE INDEX subject_birth_date_idx ON consent_profiling.subject (birth_date);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.subject', '');
COMMENT ON TABLE consent_profiling.subject IS
	'natural persons known to the extension';

-- The current consent and objection of one subject for one purpose.  Each
-- column keeps the newest act of its kind, so the order in which acts arrive
-- does not matter.
CREATE TABLE consent_profiling.choice (
	subject consent_profiling.subject_id,
	purpose text COLLATE "C",
	consent consent_profiling.consent,
	-- The newest refusal or withdrawal: it goes on to count for the purposes
	-- below when a later consent to this purpose has replaced it here.
	refusal consent_profiling.consent,
	objection consent_profiling.objection,
	raised_at timestamptz,
	withdrawn_at timestamptz,
	overridden_at timestamptz,
	expires_at timestamptz GENERATED ALWAYS AS
		(NULLIF(consent_profiling.consent_until(consent), 'infinity')) STORED,
	CONSTRAINT choice_pkey PRIMARY KEY (subject, purpose),
	CONSTRAINT choice_facts_check
		CHECK (consent_profiling.choice_fits(consent, refusal, objection,
											 raised_at, withdrawn_at, overridden_at))
);
-- See "event".
ALTER TABLE consent_profiling.choice ALTER subject SET (n_distinct = -0.5);
-- Whose consent ends next.
CREATE INDEX choice_expires_at_idx ON consent_profiling.choice (expires_at)
	WHERE expires_at IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.choice', '');
COMMENT ON TABLE consent_profiling.choice IS
	'the current consent and objection of one subject for one purpose';

-- Whose rows were written by which transaction; null: anybody's.  It lets a
-- query tell whom it may see differently than what is cached.  Transaction ids
-- mean nothing in another cluster, so it is not dumped, and always filled in
-- where the rows are written, whatever brings them.
CREATE TABLE consent_profiling.change (
	xid xid8 NOT NULL,
	subject consent_profiling.subject_id
);
CREATE INDEX change_xid_idx ON consent_profiling.change (xid);
COMMENT ON TABLE consent_profiling.change IS
	'which transaction changed whom in the registry';

-- A line that is taken away hides a change from who relies on the log.  What goes
-- are lines that no query needs any more, and keys, as in prune_change_log().
CREATE FUNCTION consent_profiling.keep_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER keep_change BEFORE UPDATE OR DELETE ON consent_profiling.change
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.keep_change();
CREATE TRIGGER keep_changes BEFORE TRUNCATE ON consent_profiling.change
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.keep_change();
ALTER TABLE consent_profiling.change ENABLE ALWAYS TRIGGER keep_change;
ALTER TABLE consent_profiling.change ENABLE ALWAYS TRIGGER keep_changes;

CREATE FUNCTION consent_profiling.prune_change_log()
	RETURNS bigint
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	pruned bigint;
	-- As the library reads it, never fewer than it counts on.
	keep CONSTANT numeric := 10000000;
	next CONSTANT numeric := pg_snapshot_xmax(pg_current_snapshot())::text::numeric;
BEGIN
	-- Art. 17: of somebody erased, not even the key; that anybody may have
	-- changed is as good an answer.
	UPDATE change c SET subject = NULL
		WHERE c.subject IS NOT NULL
			AND NOT EXISTS (SELECT FROM subject s WHERE s.id = c.subject);
	IF next <= keep + 3 THEN
		RETURN 0;
	END IF;
	DELETE FROM change WHERE xid < (next - keep)::text::xid8;
	GET DIAGNOSTICS pruned = ROW_COUNT;
	RETURN pruned;
END
$$;
COMMENT ON FUNCTION consent_profiling.prune_change_log() IS
	'deletes from the log of changes what is older than 10 million transactions, which no query needs any more, and takes the keys of people who were erased out of the rest; returns how many lines it deleted; to be run now and then by the owner of the extension';

CREATE FUNCTION consent_profiling.log_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER log_change BEFORE INSERT OR UPDATE OR DELETE
	ON consent_profiling.subject
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.log_change();
CREATE TRIGGER log_change_of_all BEFORE TRUNCATE ON consent_profiling.subject
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.log_change();
CREATE TRIGGER log_change BEFORE INSERT OR UPDATE OR DELETE
	ON consent_profiling.choice
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.log_change();
CREATE TRIGGER log_change_of_all BEFORE TRUNCATE ON consent_profiling.choice
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.log_change();
CREATE TRIGGER log_change BEFORE INSERT OR UPDATE OR DELETE
	ON consent_profiling.purpose
	FOR EACH ROW EXECUTE FUNCTION consent_profiling.log_change();
CREATE TRIGGER log_change_of_all BEFORE TRUNCATE ON consent_profiling.purpose
	FOR EACH STATEMENT EXECUTE FUNCTION consent_profiling.log_change();
ALTER TABLE consent_profiling.subject ENABLE ALWAYS TRIGGER log_change;
ALTER TABLE consent_profiling.subject ENABLE ALWAYS TRIGGER log_change_of_all;
ALTER TABLE consent_profiling.choice ENABLE ALWAYS TRIGGER log_change;
ALTER TABLE consent_profiling.choice ENABLE ALWAYS TRIGGER log_change_of_all;
ALTER TABLE consent_profiling.purpose ENABLE ALWAYS TRIGGER log_change;
ALTER TABLE consent_profiling.purpose ENABLE ALWAYS TRIGGER log_change_of_all;

-- Internal: is it a table of the registry, whose changes are logged?
CREATE FUNCTION consent_profiling.is_logged(relation oid)
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT relation IN ('consent_profiling.purpose'::regclass,
						'consent_profiling.subject'::regclass,
						'consent_profiling.choice'::regclass)
$$;

-- Internal: is it a table whose triggers are to fire always?  Two of them come
-- later in the installation.
CREATE FUNCTION consent_profiling.is_guarded(relation oid)
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT consent_profiling.is_logged(relation)
		OR relation IN ('consent_profiling.change'::regclass,
						to_regclass('consent_profiling.event'),
						to_regclass('consent_profiling.tombstone_secret'))
$$;

-- To a snapshot that is older than a rewriting ALTER TABLE the table looks
-- empty, objections and open reviews included.
CREATE FUNCTION consent_profiling.keep_rows()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF is_logged(pg_event_trigger_table_rewrite_oid())
		OR pg_event_trigger_table_rewrite_oid() IN
			('review'::regclass, 'event'::regclass, 'seal'::regclass) THEN
		RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
			MESSAGE = format('cannot rewrite table consent_profiling.%s',
							 pg_event_trigger_table_rewrite_oid()::regclass),
			DETAIL = 'Transactions that go on would see the registry without its rows.';
	END IF;
END
$$;
CREATE EVENT TRIGGER consent_profiling_keep_rows ON table_rewrite
	EXECUTE FUNCTION consent_profiling.keep_rows();
ALTER EVENT TRIGGER consent_profiling_keep_rows ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_rows IS
	'refuses to rewrite the registry''s tables';

-- What is done while the log's triggers are disabled, as pg_restore
-- --disable-triggers has it, is not logged; and to enable all triggers of a
-- table makes them fire less than always, those that guard the log itself, the
-- history and the tombstones too, and those of tracked tables.
CREATE FUNCTION consent_profiling.keep_log()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	half record;
BEGIN
	FOR half IN SELECT t.tgrelid::regclass AS relation, t.tgname
			FROM pg_trigger t
			WHERE t.tgrelid IN (SELECT c.objid FROM pg_event_trigger_ddl_commands() c
								WHERE c.classid = 'pg_class'::regclass)
				AND t.tgfoid = to_regprocedure('track_subject_change()')
				AND t.tgenabled IN ('O', 'R') LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',
					   half.relation, half.tgname);
	END LOOP;

	IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
			   WHERE c.classid = 'pg_class'::regclass AND is_logged(c.objid)) THEN
		INSERT INTO change (xid) VALUES (pg_current_xact_id());
	ELSIF NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
					  WHERE c.classid = 'pg_class'::regclass
						  AND is_guarded(c.objid)) THEN
		RETURN;
	END IF;
	FOR half IN SELECT t.tgrelid::regclass AS relation, t.tgname
			FROM pg_trigger t
			WHERE is_guarded(t.tgrelid)
				AND t.tgname IN ('log_change', 'log_change_of_all',
								 'refuse_erased', 'chain_event', 'keep_event',
								 'keep_events', 'keep_secret', 'keep_secrets',
								 'keep_change', 'keep_changes')
				AND t.tgenabled IN ('O', 'R') LOOP
		EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER %I',
					   half.relation, half.tgname);
	END LOOP;
END
$$;
CREATE EVENT TRIGGER consent_profiling_keep_log ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE')
	EXECUTE FUNCTION consent_profiling.keep_log();
ALTER EVENT TRIGGER consent_profiling_keep_log ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_log IS
	'keeps changes to the registry''s tables logged';
