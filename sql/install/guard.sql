---------------------------------------------------------------------
-- Guard of the registry's columns
---------------------------------------------------------------------

-- Internal: throws when the columns of a table that the library reads are not
-- those it was installed with.
CREATE FUNCTION consent_profiling.check_registry()
	RETURNS void AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- The library would throw from then on whenever it is asked; and a column that
-- was added by mistake can never again be removed without a trace.
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
	END IF;
END
$$;
CREATE EVENT TRIGGER consent_profiling_keep_columns ON ddl_command_end
	WHEN TAG IN ('ALTER TABLE')
	EXECUTE FUNCTION consent_profiling.keep_columns();
ALTER EVENT TRIGGER consent_profiling_keep_columns ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_columns IS
	'refuses to change the columns of the registry''s tables';

REVOKE EXECUTE ON FUNCTION consent_profiling.check_registry(),
	consent_profiling.keep_columns() FROM PUBLIC;
