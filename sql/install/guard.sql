---------------------------------------------------------------------
-- Guard of the schema and of what the registry's tables are made of
---------------------------------------------------------------------

-- Internal: throws when the columns of a table that the library reads are not
-- those it was installed with.
CREATE FUNCTION consent_profiling.check_registry()
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- The library would throw from then on whenever it is asked; and a column that
-- was added by mistake can never again be removed without a trace.  Events are
-- numbered in the order in which they are recorded: a session that had numbers
-- in stock would break it, and verify_history() would find the history changed.
CREATE FUNCTION consent_profiling.keep_columns()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c, pg_class r
			   WHERE c.classid = 'pg_class'::regclass AND r.oid = c.objid
				   AND r.relnamespace = 'consent_profiling'::regnamespace) THEN
		PERFORM check_registry();
		IF EXISTS (SELECT FROM pg_sequence s
				   WHERE s.seqrelid = 'event_id_seq'::regclass
					   AND (s.seqincrement <> 1 OR s.seqcache <> 1 OR s.seqcycle)) THEN
			RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
				MESSAGE = 'events must be numbered one by one',
				DETAIL = 'The history holds them in the order in which they are recorded.';
		END IF;
	END IF;
END
$$;
CREATE EVENT TRIGGER consent_profiling_keep_columns ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE', 'ALTER SEQUENCE')
	EXECUTE FUNCTION consent_profiling.keep_columns();
ALTER EVENT TRIGGER consent_profiling_keep_columns ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_columns IS
	'refuses to change the columns of the registry''s tables and how events are numbered';

-- See check_schema().  There is no list of commands that create objects, so that those
-- of later versions of PostgreSQL are covered.  ALTER EXTENSION ... SET SCHEMA does not
-- list what it moves.  Default privileges apply to the table "permission", whether
-- add_permission() or a restore creates it: they are taken back.
CREATE FUNCTION consent_profiling.keep_schema()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
	permission record;
BEGIN
	IF TG_TAG IN ('ALTER SCHEMA', 'GRANT', 'REASSIGN OWNED') THEN
		IF to_regnamespace('consent_profiling') IS NULL THEN
			RAISE EXCEPTION USING ERRCODE = 'feature_not_supported',
				MESSAGE = 'cannot rename schema consent_profiling',
				DETAIL = 'The extension finds its objects by the name of the schema.';
		END IF;
		PERFORM consent_profiling.check_schema();
	ELSIF TG_TAG = 'ALTER EXTENSION'
		OR EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
				   WHERE c.schema_name = 'consent_profiling') THEN
		PERFORM consent_profiling.check_schema_content();
	END IF;
	IF TG_TAG = 'CREATE TABLE' THEN
		SELECT consent_profiling.grantees(r.relacl, r.relowner) AS grantees,
			   quote_ident(pg_get_userbyid(r.relowner)) AS owner
			INTO permission
			FROM pg_event_trigger_ddl_commands() c JOIN pg_class r ON r.oid = c.objid
			WHERE c.classid = 'pg_class'::regclass AND c.command_tag = TG_TAG
				AND r.oid = to_regclass('consent_profiling.permission');
		IF FOUND THEN
			EXECUTE format('REVOKE ALL ON consent_profiling.permission FROM %s',
						   permission.grantees);
			EXECUTE format('GRANT ALL ON consent_profiling.permission TO %s',
						   permission.owner);
		END IF;
	END IF;
END
$$;
CREATE EVENT TRIGGER consent_profiling_keep_schema ON ddl_command_end
	EXECUTE FUNCTION consent_profiling.keep_schema();
ALTER EVENT TRIGGER consent_profiling_keep_schema ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_schema IS
	'keeps the schema closed to objects that are not of the extension';
