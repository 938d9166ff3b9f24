---------------------------------------------------------------------
-- Guard of what the registry's tables are made of
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
	SET search_path = pg_catalog, consent_profiling, pg_temp
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

REVOKE EXECUTE ON FUNCTION consent_profiling.check_registry(),
	consent_profiling.keep_columns() FROM PUBLIC;
