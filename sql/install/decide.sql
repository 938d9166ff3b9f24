---------------------------------------------------------------------
-- Decide
---------------------------------------------------------------------

-- Internal: what the planner asks about the functions below.
CREATE FUNCTION consent_profiling.may_profile_support(internal)
	RETURNS internal AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: the time at which a verdict in the same query is given.
CREATE FUNCTION consent_profiling.query_clock()
	RETURNS timestamptz AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;

-- One function a key type, so that no column needs a cast and no call is
-- ambiguous; varchar resolves to text.  All are callable by PUBLIC: what they
-- tell is what the gate shows anyway.
CREATE FUNCTION consent_profiling.may_profile(subject smallint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(smallint) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject integer)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(integer) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject bigint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(bigint) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject uuid)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(uuid) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(text) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject consent_profiling.subject_id)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(consent_profiling.subject_id) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject smallint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(smallint, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject integer, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(integer, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject bigint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(bigint, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject uuid, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(uuid, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject text, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(text, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject consent_profiling.subject_id, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(consent_profiling.subject_id, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(birth_date date,
		consent consent_profiling.consent,
		objection consent_profiling.objection)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_columns'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.may_profile(date,
		consent_profiling.consent, consent_profiling.objection) IS
	'may a person with this birth date, consent and objection be profiled, by the rules of the root purpose? reads no registry; never null';

CREATE FUNCTION consent_profiling.verdict_of(subject consent_profiling.subject_id)
	RETURNS consent_profiling.verdict AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.verdict_of(consent_profiling.subject_id) IS
	'the verdict on a subject for the purpose in consent_profiling.purpose; never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling; for officers';

CREATE FUNCTION consent_profiling.verdict_of(subject consent_profiling.subject_id,
		purpose text)
	RETURNS consent_profiling.verdict AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.verdict_of(consent_profiling.subject_id, text) IS
	'the verdict on a subject for a purpose; never null; throws undefined_object for an unknown purpose, object_not_in_prerequisite_state for one that is not profiling; for officers';

CREATE FUNCTION consent_profiling.verdict_of(subject consent_profiling.subject_id,
		purpose text, as_of timestamptz, known_at timestamptz DEFAULT NULL)
	RETURNS consent_profiling.verdict AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.verdict_of(consent_profiling.subject_id,
		text, timestamptz, timestamptz) IS
	'the verdict on a subject for a purpose at another moment, from what was recorded by known_at, which is as_of when null; never null; throws undefined_object for a purpose that never was, null_value_not_allowed for a null as_of, invalid_parameter_value for a time not finite; for officers';

CREATE FUNCTION consent_profiling.explain_verdict(subject consent_profiling.subject_id,
		OUT verdict consent_profiling.verdict, OUT article text,
		OUT detail text, OUT since timestamptz, OUT until timestamptz)
	AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.explain_verdict(consent_profiling.subject_id) IS
	'why a subject may or may not be profiled for the purpose in consent_profiling.purpose, since when, and until when if nobody records anything; for officers';

CREATE FUNCTION consent_profiling.explain_verdict(subject consent_profiling.subject_id,
		purpose text,
		OUT verdict consent_profiling.verdict, OUT article text,
		OUT detail text, OUT since timestamptz, OUT until timestamptz)
	AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.explain_verdict(consent_profiling.subject_id, text) IS
	'why a subject may or may not be profiled for a purpose, since when, and until when if nobody records anything; for officers';

CREATE FUNCTION consent_profiling.explain_verdict(subject consent_profiling.subject_id,
		purpose text, as_of timestamptz, known_at timestamptz DEFAULT NULL,
		OUT verdict consent_profiling.verdict, OUT article text,
		OUT detail text, OUT since timestamptz, OUT until timestamptz)
	AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.explain_verdict(consent_profiling.subject_id,
		text, timestamptz, timestamptz) IS
	'why a subject might or might not be profiled for a purpose at another moment, from what was recorded by known_at, which is as_of when null, since when, and until when by the clock alone; throws as verdict_of() does; for officers';

CREATE FUNCTION consent_profiling.engine_stats(OUT purpose text,
		OUT has_set boolean, OUT shared boolean, OUT subjects bigint,
		OUT bytes bigint, OUT dirty bigint, OUT builds bigint,
		OUT refreshes bigint, OUT probes bigint, OUT build_ms double precision)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION consent_profiling.engine_stats() IS
	'what this session keeps to answer may_profile() with, a row for each purpose it was asked about; dirty, refreshes and probes are null for roles that may not read the history';
