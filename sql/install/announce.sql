---------------------------------------------------------------------
-- Announcements
---------------------------------------------------------------------

-- Internal: is consent_profiling.notify on, or consent_profiling.logical_message?
CREATE FUNCTION consent_profiling.is_announcing()
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Fires where an event is recorded, and not where it is replicated to.  Without
-- WHEN every row of an import would be queued, to do nothing in the end.
CREATE FUNCTION consent_profiling.announce_event()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
CREATE TRIGGER announce_event AFTER INSERT ON consent_profiling.event
	FOR EACH ROW WHEN (consent_profiling.is_announcing())
	EXECUTE FUNCTION consent_profiling.announce_event();
