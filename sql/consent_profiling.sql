/* consent_profiling: what CREATE EXTENSION runs */

-- complain if script is sourced in psql, rather than via CREATE EXTENSION
\echo Use "CREATE EXTENSION consent_profiling" to load this file. \quit

-- Whoever owns the schema can put functions of his own into it, which would then
-- run with the rights of the owner of the extension, and can drop it with all
-- that is in it.  A schema made beforehand must therefore be a superuser's.
DO $$
BEGIN
	IF NOT (SELECT r.rolsuper
			FROM pg_catalog.pg_namespace n
				JOIN pg_catalog.pg_roles r ON r.oid = n.nspowner
			WHERE n.nspname = 'consent_profiling') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'schema consent_profiling is not owned by a superuser',
			HINT = 'Change its owner, or let CREATE EXTENSION create it.';
	END IF;
END
$$;

-- Everybody may call the gate, so everybody may look into the schema; what is
-- in it is closed object by object below.
GRANT USAGE ON SCHEMA consent_profiling TO PUBLIC;

/* ----------------------------------------------------------------
 * Types
 * ---------------------------------------------------------------- */

/* What may_profile answers, in words: the truth table, in its order. */

CREATE TYPE consent_profiling.verdict AS ENUM (
	'unknown_subject',
	'erased',
	'age_unknown',
	'child',
	'restricted',
	'objected',
	'consent_missing',
	'consent_refused',
	'consent_withdrawn',
	'consent_expired',
	'consent_as_child',
	'consent_not_explicit',
	'permitted'
);

COMMENT ON TYPE consent_profiling.verdict IS
	'whether a person may be profiled: permitted, or the first reason why not';

/* subject_id: the key of a natural person */

CREATE TYPE consent_profiling.subject_id;

CREATE FUNCTION consent_profiling.subject_id_in(cstring)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_in';

COMMENT ON FUNCTION consent_profiling.subject_id_in(cstring) IS
	'I/O';

CREATE FUNCTION consent_profiling.subject_id_out(consent_profiling.subject_id)
	RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_out';

COMMENT ON FUNCTION consent_profiling.subject_id_out(
	consent_profiling.subject_id) IS
	'I/O';

CREATE FUNCTION consent_profiling.subject_id_recv(internal)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_recv';

COMMENT ON FUNCTION consent_profiling.subject_id_recv(internal) IS
	'I/O';

CREATE FUNCTION consent_profiling.subject_id_send(consent_profiling.subject_id)
	RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_send';

COMMENT ON FUNCTION consent_profiling.subject_id_send(
	consent_profiling.subject_id) IS
	'I/O';

CREATE TYPE consent_profiling.subject_id (
	INPUT = consent_profiling.subject_id_in,
	OUTPUT = consent_profiling.subject_id_out,
	RECEIVE = consent_profiling.subject_id_recv,
	SEND = consent_profiling.subject_id_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = int4,
	STORAGE = extended
);

COMMENT ON TYPE consent_profiling.subject_id IS
	'key of a natural person: an integer, a UUID or any other text';

/*
 * Comparing tells nothing of a value but the answer, not even by an error.  So
 * a condition on a subject_id may run before the policy of a protected table,
 * and an index on it serves there too, as with the built-in types.  The same
 * holds for consent and objection below.
 */

CREATE FUNCTION consent_profiling.subject_id_eq(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_eq';

COMMENT ON FUNCTION consent_profiling.subject_id_eq(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of = operator';

CREATE FUNCTION consent_profiling.subject_id_ne(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_ne';

COMMENT ON FUNCTION consent_profiling.subject_id_ne(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of <> operator';

CREATE FUNCTION consent_profiling.subject_id_lt(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_lt';

COMMENT ON FUNCTION consent_profiling.subject_id_lt(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of < operator';

CREATE FUNCTION consent_profiling.subject_id_le(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_le';

COMMENT ON FUNCTION consent_profiling.subject_id_le(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of <= operator';

CREATE FUNCTION consent_profiling.subject_id_gt(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_gt';

COMMENT ON FUNCTION consent_profiling.subject_id_gt(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of > operator';

CREATE FUNCTION consent_profiling.subject_id_ge(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_ge';

COMMENT ON FUNCTION consent_profiling.subject_id_ge(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'implementation of >= operator';

CREATE FUNCTION consent_profiling.subject_id_cmp(
	consent_profiling.subject_id, consent_profiling.subject_id)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_cmp';

COMMENT ON FUNCTION consent_profiling.subject_id_cmp(
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'less-equal-greater';

CREATE FUNCTION consent_profiling.subject_id_hash(consent_profiling.subject_id)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_hash';

COMMENT ON FUNCTION consent_profiling.subject_id_hash(
	consent_profiling.subject_id) IS
	'hash';

CREATE FUNCTION consent_profiling.subject_id_hash_extended(
	consent_profiling.subject_id, bigint)
	RETURNS bigint
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_hash_extended';

COMMENT ON FUNCTION consent_profiling.subject_id_hash_extended(
	consent_profiling.subject_id, bigint) IS
	'hash';

CREATE OPERATOR consent_profiling.= (
	FUNCTION = consent_profiling.subject_id_eq,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.=),
	NEGATOR = OPERATOR(consent_profiling.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel,
	HASHES,
	MERGES
);

COMMENT ON OPERATOR consent_profiling.= (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'equal';

CREATE OPERATOR consent_profiling.<> (
	FUNCTION = consent_profiling.subject_id_ne,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.<>),
	NEGATOR = OPERATOR(consent_profiling.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);

COMMENT ON OPERATOR consent_profiling.<> (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'not equal';

CREATE OPERATOR consent_profiling.< (
	FUNCTION = consent_profiling.subject_id_lt,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.>),
	NEGATOR = OPERATOR(consent_profiling.>=),
	RESTRICT = pg_catalog.scalarltsel,
	JOIN = pg_catalog.scalarltjoinsel
);

COMMENT ON OPERATOR consent_profiling.< (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'less than';

CREATE OPERATOR consent_profiling.<= (
	FUNCTION = consent_profiling.subject_id_le,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.>=),
	NEGATOR = OPERATOR(consent_profiling.>),
	RESTRICT = pg_catalog.scalarlesel,
	JOIN = pg_catalog.scalarlejoinsel
);

COMMENT ON OPERATOR consent_profiling.<= (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'less than or equal';

CREATE OPERATOR consent_profiling.> (
	FUNCTION = consent_profiling.subject_id_gt,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.<),
	NEGATOR = OPERATOR(consent_profiling.<=),
	RESTRICT = pg_catalog.scalargtsel,
	JOIN = pg_catalog.scalargtjoinsel
);

COMMENT ON OPERATOR consent_profiling.> (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'greater than';

CREATE OPERATOR consent_profiling.>= (
	FUNCTION = consent_profiling.subject_id_ge,
	LEFTARG = consent_profiling.subject_id,
	RIGHTARG = consent_profiling.subject_id,
	COMMUTATOR = OPERATOR(consent_profiling.<=),
	NEGATOR = OPERATOR(consent_profiling.<),
	RESTRICT = pg_catalog.scalargesel,
	JOIN = pg_catalog.scalargejoinsel
);

COMMENT ON OPERATOR consent_profiling.>= (
	consent_profiling.subject_id, consent_profiling.subject_id) IS
	'greater than or equal';

/* Equal values have equal bytes, so a btree may deduplicate. */
CREATE OPERATOR CLASS consent_profiling.subject_id_ops
	DEFAULT FOR TYPE consent_profiling.subject_id USING btree AS
	OPERATOR 1 consent_profiling.<,
	OPERATOR 2 consent_profiling.<=,
	OPERATOR 3 consent_profiling.=,
	OPERATOR 4 consent_profiling.>=,
	OPERATOR 5 consent_profiling.>,
	FUNCTION 1 consent_profiling.subject_id_cmp(
		consent_profiling.subject_id, consent_profiling.subject_id),
	FUNCTION 4 pg_catalog.btequalimage(pg_catalog.oid);

COMMENT ON OPERATOR CLASS consent_profiling.subject_id_ops USING btree IS
	'integers by value, then UUIDs, then texts by their bytes';

CREATE OPERATOR CLASS consent_profiling.subject_id_ops
	DEFAULT FOR TYPE consent_profiling.subject_id USING hash AS
	OPERATOR 1 consent_profiling.=,
	FUNCTION 1 consent_profiling.subject_id_hash(consent_profiling.subject_id),
	FUNCTION 2 consent_profiling.subject_id_hash_extended(
		consent_profiling.subject_id, bigint);

COMMENT ON OPERATOR CLASS consent_profiling.subject_id_ops USING hash IS
	'equality of subject_id';

/*
 * The casts are implicit so that every function of a subject takes whatever
 * column an application keeps its keys in.
 */

CREATE FUNCTION consent_profiling.subject_id(smallint)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_int2';

COMMENT ON FUNCTION consent_profiling.subject_id(smallint) IS
	'convert smallint to subject_id';

CREATE FUNCTION consent_profiling.subject_id(integer)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_int4';

COMMENT ON FUNCTION consent_profiling.subject_id(integer) IS
	'convert integer to subject_id';

CREATE FUNCTION consent_profiling.subject_id(bigint)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_int8';

COMMENT ON FUNCTION consent_profiling.subject_id(bigint) IS
	'convert bigint to subject_id';

CREATE FUNCTION consent_profiling.subject_id(uuid)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_uuid';

COMMENT ON FUNCTION consent_profiling.subject_id(uuid) IS
	'convert uuid to subject_id';

CREATE FUNCTION consent_profiling.subject_id(text)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_text';

COMMENT ON FUNCTION consent_profiling.subject_id(text) IS
	'convert text to subject_id';

CREATE FUNCTION consent_profiling.subject_id(character)
	RETURNS consent_profiling.subject_id
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_from_bpchar';

COMMENT ON FUNCTION consent_profiling.subject_id(character) IS
	'convert character to subject_id, without its trailing blanks';

CREATE CAST (smallint AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(smallint) AS IMPLICIT;

CREATE CAST (integer AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(integer) AS IMPLICIT;

CREATE CAST (bigint AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(bigint) AS IMPLICIT;

CREATE CAST (uuid AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(uuid) AS IMPLICIT;

CREATE CAST (text AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(text) AS IMPLICIT;

CREATE CAST (character varying AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(text) AS IMPLICIT;

CREATE CAST (character AS consent_profiling.subject_id)
	WITH FUNCTION consent_profiling.subject_id(character) AS IMPLICIT;

COMMENT ON CAST (smallint AS consent_profiling.subject_id) IS
	'convert smallint to subject_id';
COMMENT ON CAST (integer AS consent_profiling.subject_id) IS
	'convert integer to subject_id';
COMMENT ON CAST (bigint AS consent_profiling.subject_id) IS
	'convert bigint to subject_id';
COMMENT ON CAST (uuid AS consent_profiling.subject_id) IS
	'convert uuid to subject_id';
COMMENT ON CAST (text AS consent_profiling.subject_id) IS
	'convert text to subject_id';
COMMENT ON CAST (character varying AS consent_profiling.subject_id) IS
	'convert character varying to subject_id';
COMMENT ON CAST (character AS consent_profiling.subject_id) IS
	'convert character to subject_id, without its trailing blanks';

CREATE FUNCTION consent_profiling.subject_id_problem(text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'subject_id_problem';

COMMENT ON FUNCTION consent_profiling.subject_id_problem(text) IS
	'internal: what is wrong with a text as a subject_id, or NULL';

/* consent: what a person answered, when, and until when */

CREATE TYPE consent_profiling.consent;

CREATE FUNCTION consent_profiling.consent_in(cstring)
	RETURNS consent_profiling.consent
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_in';

COMMENT ON FUNCTION consent_profiling.consent_in(cstring) IS
	'I/O';

CREATE FUNCTION consent_profiling.consent_out(consent_profiling.consent)
	RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_out';

COMMENT ON FUNCTION consent_profiling.consent_out(consent_profiling.consent) IS
	'I/O';

CREATE FUNCTION consent_profiling.consent_recv(internal)
	RETURNS consent_profiling.consent
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_recv';

COMMENT ON FUNCTION consent_profiling.consent_recv(internal) IS
	'I/O';

CREATE FUNCTION consent_profiling.consent_send(consent_profiling.consent)
	RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_send';

COMMENT ON FUNCTION consent_profiling.consent_send(
	consent_profiling.consent) IS
	'I/O';

CREATE TYPE consent_profiling.consent (
	INPUT = consent_profiling.consent_in,
	OUTPUT = consent_profiling.consent_out,
	RECEIVE = consent_profiling.consent_recv,
	SEND = consent_profiling.consent_send,
	INTERNALLENGTH = 24,
	ALIGNMENT = double,
	STORAGE = plain
);

COMMENT ON TYPE consent_profiling.consent IS
	'a recorded answer: STATUS [explicit] at TIMESTAMP [until TIMESTAMP]';

CREATE FUNCTION consent_profiling.consent_eq(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_eq';

COMMENT ON FUNCTION consent_profiling.consent_eq(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of = operator';

CREATE FUNCTION consent_profiling.consent_ne(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_ne';

COMMENT ON FUNCTION consent_profiling.consent_ne(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of <> operator';

CREATE FUNCTION consent_profiling.consent_lt(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_lt';

COMMENT ON FUNCTION consent_profiling.consent_lt(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of < operator';

CREATE FUNCTION consent_profiling.consent_le(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_le';

COMMENT ON FUNCTION consent_profiling.consent_le(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of <= operator';

CREATE FUNCTION consent_profiling.consent_gt(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_gt';

COMMENT ON FUNCTION consent_profiling.consent_gt(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of > operator';

CREATE FUNCTION consent_profiling.consent_ge(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_ge';

COMMENT ON FUNCTION consent_profiling.consent_ge(
	consent_profiling.consent, consent_profiling.consent) IS
	'implementation of >= operator';

CREATE FUNCTION consent_profiling.consent_cmp(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_cmp';

COMMENT ON FUNCTION consent_profiling.consent_cmp(
	consent_profiling.consent, consent_profiling.consent) IS
	'less-equal-greater';

CREATE FUNCTION consent_profiling.consent_hash(consent_profiling.consent)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_hash';

COMMENT ON FUNCTION consent_profiling.consent_hash(
	consent_profiling.consent) IS
	'hash';

CREATE FUNCTION consent_profiling.consent_hash_extended(
	consent_profiling.consent, bigint)
	RETURNS bigint
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_hash_extended';

COMMENT ON FUNCTION consent_profiling.consent_hash_extended(
	consent_profiling.consent, bigint) IS
	'hash';

CREATE OPERATOR consent_profiling.= (
	FUNCTION = consent_profiling.consent_eq,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.=),
	NEGATOR = OPERATOR(consent_profiling.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel,
	HASHES,
	MERGES
);

COMMENT ON OPERATOR consent_profiling.= (
	consent_profiling.consent, consent_profiling.consent) IS
	'equal';

CREATE OPERATOR consent_profiling.<> (
	FUNCTION = consent_profiling.consent_ne,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.<>),
	NEGATOR = OPERATOR(consent_profiling.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);

COMMENT ON OPERATOR consent_profiling.<> (
	consent_profiling.consent, consent_profiling.consent) IS
	'not equal';

CREATE OPERATOR consent_profiling.< (
	FUNCTION = consent_profiling.consent_lt,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.>),
	NEGATOR = OPERATOR(consent_profiling.>=),
	RESTRICT = pg_catalog.scalarltsel,
	JOIN = pg_catalog.scalarltjoinsel
);

COMMENT ON OPERATOR consent_profiling.< (
	consent_profiling.consent, consent_profiling.consent) IS
	'less than';

CREATE OPERATOR consent_profiling.<= (
	FUNCTION = consent_profiling.consent_le,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.>=),
	NEGATOR = OPERATOR(consent_profiling.>),
	RESTRICT = pg_catalog.scalarlesel,
	JOIN = pg_catalog.scalarlejoinsel
);

COMMENT ON OPERATOR consent_profiling.<= (
	consent_profiling.consent, consent_profiling.consent) IS
	'less than or equal';

CREATE OPERATOR consent_profiling.> (
	FUNCTION = consent_profiling.consent_gt,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.<),
	NEGATOR = OPERATOR(consent_profiling.<=),
	RESTRICT = pg_catalog.scalargtsel,
	JOIN = pg_catalog.scalargtjoinsel
);

COMMENT ON OPERATOR consent_profiling.> (
	consent_profiling.consent, consent_profiling.consent) IS
	'greater than';

CREATE OPERATOR consent_profiling.>= (
	FUNCTION = consent_profiling.consent_ge,
	LEFTARG = consent_profiling.consent,
	RIGHTARG = consent_profiling.consent,
	COMMUTATOR = OPERATOR(consent_profiling.<=),
	NEGATOR = OPERATOR(consent_profiling.<),
	RESTRICT = pg_catalog.scalargesel,
	JOIN = pg_catalog.scalargejoinsel
);

COMMENT ON OPERATOR consent_profiling.>= (
	consent_profiling.consent, consent_profiling.consent) IS
	'greater than or equal';

/* Equal values have equal bytes, so a btree may deduplicate. */
CREATE OPERATOR CLASS consent_profiling.consent_ops
	DEFAULT FOR TYPE consent_profiling.consent USING btree AS
	OPERATOR 1 consent_profiling.<,
	OPERATOR 2 consent_profiling.<=,
	OPERATOR 3 consent_profiling.=,
	OPERATOR 4 consent_profiling.>=,
	OPERATOR 5 consent_profiling.>,
	FUNCTION 1 consent_profiling.consent_cmp(
		consent_profiling.consent, consent_profiling.consent),
	FUNCTION 4 pg_catalog.btequalimage(pg_catalog.oid);

COMMENT ON OPERATOR CLASS consent_profiling.consent_ops USING btree IS
	'precedence: of two records for the same person and purpose, the greater prevails';

CREATE OPERATOR CLASS consent_profiling.consent_ops
	DEFAULT FOR TYPE consent_profiling.consent USING hash AS
	OPERATOR 1 consent_profiling.=,
	FUNCTION 1 consent_profiling.consent_hash(consent_profiling.consent),
	FUNCTION 2 consent_profiling.consent_hash_extended(
		consent_profiling.consent, bigint);

COMMENT ON OPERATOR CLASS consent_profiling.consent_ops USING hash IS
	'equality of consent';

CREATE FUNCTION consent_profiling.consent_larger(
	consent_profiling.consent, consent_profiling.consent)
	RETURNS consent_profiling.consent
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_larger';

COMMENT ON FUNCTION consent_profiling.consent_larger(
	consent_profiling.consent, consent_profiling.consent) IS
	'larger of two';

CREATE AGGREGATE consent_profiling.max(consent_profiling.consent) (
	SFUNC = consent_profiling.consent_larger,
	STYPE = consent_profiling.consent,
	COMBINEFUNC = consent_profiling.consent_larger,
	SORTOP = OPERATOR(consent_profiling.>),
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE consent_profiling.max(consent_profiling.consent) IS
	'the record that prevails over all others';

CREATE FUNCTION consent_profiling.make_consent(
	status text, explicit boolean, at timestamptz, until timestamptz)
	RETURNS consent_profiling.consent
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'make_consent';

COMMENT ON FUNCTION consent_profiling.make_consent(
	text, boolean, timestamptz, timestamptz) IS
	'construct consent from its parts; until is infinity where it has no end';

CREATE FUNCTION consent_profiling.consent_status(consent_profiling.consent)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_status';

COMMENT ON FUNCTION consent_profiling.consent_status(
	consent_profiling.consent) IS
	'status of a consent';

CREATE FUNCTION consent_profiling.consent_explicit(consent_profiling.consent)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_explicit';

COMMENT ON FUNCTION consent_profiling.consent_explicit(
	consent_profiling.consent) IS
	'whether a consent is explicit';

CREATE FUNCTION consent_profiling.consent_at(consent_profiling.consent)
	RETURNS timestamptz
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_at';

COMMENT ON FUNCTION consent_profiling.consent_at(consent_profiling.consent) IS
	'time at which a consent was recorded';

CREATE FUNCTION consent_profiling.consent_until(consent_profiling.consent)
	RETURNS timestamptz
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_until';

COMMENT ON FUNCTION consent_profiling.consent_until(
	consent_profiling.consent) IS
	'time at which a consent ends, or infinity';

CREATE FUNCTION consent_profiling.consent_problem(text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_problem';

COMMENT ON FUNCTION consent_profiling.consent_problem(text) IS
	'internal: what is wrong with a text as a consent, or NULL';

CREATE FUNCTION consent_profiling.consent_from_jsonb(jsonb)
	RETURNS consent_profiling.consent
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_from_jsonb';

COMMENT ON FUNCTION consent_profiling.consent_from_jsonb(jsonb) IS
	'convert jsonb to consent';

CREATE FUNCTION consent_profiling.consent_to_jsonb(consent_profiling.consent)
	RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'consent_to_jsonb';

COMMENT ON FUNCTION consent_profiling.consent_to_jsonb(
	consent_profiling.consent) IS
	'convert consent to jsonb';

CREATE CAST (jsonb AS consent_profiling.consent)
	WITH FUNCTION consent_profiling.consent_from_jsonb(jsonb);

CREATE CAST (consent_profiling.consent AS jsonb)
	WITH FUNCTION consent_profiling.consent_to_jsonb(consent_profiling.consent);

COMMENT ON CAST (jsonb AS consent_profiling.consent) IS
	'convert jsonb to consent';
COMMENT ON CAST (consent_profiling.consent AS jsonb) IS
	'convert consent to jsonb';

/* objection: a person's No, and what became of it */

CREATE TYPE consent_profiling.objection;

CREATE FUNCTION consent_profiling.objection_in(cstring)
	RETURNS consent_profiling.objection
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_in';

COMMENT ON FUNCTION consent_profiling.objection_in(cstring) IS
	'I/O';

CREATE FUNCTION consent_profiling.objection_out(consent_profiling.objection)
	RETURNS cstring
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_out';

COMMENT ON FUNCTION consent_profiling.objection_out(
	consent_profiling.objection) IS
	'I/O';

CREATE FUNCTION consent_profiling.objection_recv(internal)
	RETURNS consent_profiling.objection
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_recv';

COMMENT ON FUNCTION consent_profiling.objection_recv(internal) IS
	'I/O';

CREATE FUNCTION consent_profiling.objection_send(consent_profiling.objection)
	RETURNS bytea
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_send';

COMMENT ON FUNCTION consent_profiling.objection_send(
	consent_profiling.objection) IS
	'I/O';

CREATE TYPE consent_profiling.objection (
	INPUT = consent_profiling.objection_in,
	OUTPUT = consent_profiling.objection_out,
	RECEIVE = consent_profiling.objection_recv,
	SEND = consent_profiling.objection_send,
	INTERNALLENGTH = VARIABLE,
	ALIGNMENT = double,
	STORAGE = extended
);

COMMENT ON TYPE consent_profiling.objection IS
	'a recorded objection: STATUS at TIMESTAMP [grounds "TEXT"]';

CREATE FUNCTION consent_profiling.objection_eq(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_eq';

COMMENT ON FUNCTION consent_profiling.objection_eq(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of = operator';

CREATE FUNCTION consent_profiling.objection_ne(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_ne';

COMMENT ON FUNCTION consent_profiling.objection_ne(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of <> operator';

CREATE FUNCTION consent_profiling.objection_lt(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_lt';

COMMENT ON FUNCTION consent_profiling.objection_lt(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of < operator';

CREATE FUNCTION consent_profiling.objection_le(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_le';

COMMENT ON FUNCTION consent_profiling.objection_le(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of <= operator';

CREATE FUNCTION consent_profiling.objection_gt(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_gt';

COMMENT ON FUNCTION consent_profiling.objection_gt(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of > operator';

CREATE FUNCTION consent_profiling.objection_ge(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS boolean
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_ge';

COMMENT ON FUNCTION consent_profiling.objection_ge(
	consent_profiling.objection, consent_profiling.objection) IS
	'implementation of >= operator';

CREATE FUNCTION consent_profiling.objection_cmp(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT LEAKPROOF PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_cmp';

COMMENT ON FUNCTION consent_profiling.objection_cmp(
	consent_profiling.objection, consent_profiling.objection) IS
	'less-equal-greater';

CREATE FUNCTION consent_profiling.objection_hash(consent_profiling.objection)
	RETURNS integer
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_hash';

COMMENT ON FUNCTION consent_profiling.objection_hash(
	consent_profiling.objection) IS
	'hash';

CREATE FUNCTION consent_profiling.objection_hash_extended(
	consent_profiling.objection, bigint)
	RETURNS bigint
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_hash_extended';

COMMENT ON FUNCTION consent_profiling.objection_hash_extended(
	consent_profiling.objection, bigint) IS
	'hash';

CREATE OPERATOR consent_profiling.= (
	FUNCTION = consent_profiling.objection_eq,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.=),
	NEGATOR = OPERATOR(consent_profiling.<>),
	RESTRICT = pg_catalog.eqsel,
	JOIN = pg_catalog.eqjoinsel,
	HASHES,
	MERGES
);

COMMENT ON OPERATOR consent_profiling.= (
	consent_profiling.objection, consent_profiling.objection) IS
	'equal';

CREATE OPERATOR consent_profiling.<> (
	FUNCTION = consent_profiling.objection_ne,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.<>),
	NEGATOR = OPERATOR(consent_profiling.=),
	RESTRICT = pg_catalog.neqsel,
	JOIN = pg_catalog.neqjoinsel
);

COMMENT ON OPERATOR consent_profiling.<> (
	consent_profiling.objection, consent_profiling.objection) IS
	'not equal';

CREATE OPERATOR consent_profiling.< (
	FUNCTION = consent_profiling.objection_lt,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.>),
	NEGATOR = OPERATOR(consent_profiling.>=),
	RESTRICT = pg_catalog.scalarltsel,
	JOIN = pg_catalog.scalarltjoinsel
);

COMMENT ON OPERATOR consent_profiling.< (
	consent_profiling.objection, consent_profiling.objection) IS
	'less than';

CREATE OPERATOR consent_profiling.<= (
	FUNCTION = consent_profiling.objection_le,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.>=),
	NEGATOR = OPERATOR(consent_profiling.>),
	RESTRICT = pg_catalog.scalarlesel,
	JOIN = pg_catalog.scalarlejoinsel
);

COMMENT ON OPERATOR consent_profiling.<= (
	consent_profiling.objection, consent_profiling.objection) IS
	'less than or equal';

CREATE OPERATOR consent_profiling.> (
	FUNCTION = consent_profiling.objection_gt,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.<),
	NEGATOR = OPERATOR(consent_profiling.<=),
	RESTRICT = pg_catalog.scalargtsel,
	JOIN = pg_catalog.scalargtjoinsel
);

COMMENT ON OPERATOR consent_profiling.> (
	consent_profiling.objection, consent_profiling.objection) IS
	'greater than';

CREATE OPERATOR consent_profiling.>= (
	FUNCTION = consent_profiling.objection_ge,
	LEFTARG = consent_profiling.objection,
	RIGHTARG = consent_profiling.objection,
	COMMUTATOR = OPERATOR(consent_profiling.<=),
	NEGATOR = OPERATOR(consent_profiling.<),
	RESTRICT = pg_catalog.scalargesel,
	JOIN = pg_catalog.scalargejoinsel
);

COMMENT ON OPERATOR consent_profiling.>= (
	consent_profiling.objection, consent_profiling.objection) IS
	'greater than or equal';

/* Equal values have equal bytes, so a btree may deduplicate. */
CREATE OPERATOR CLASS consent_profiling.objection_ops
	DEFAULT FOR TYPE consent_profiling.objection USING btree AS
	OPERATOR 1 consent_profiling.<,
	OPERATOR 2 consent_profiling.<=,
	OPERATOR 3 consent_profiling.=,
	OPERATOR 4 consent_profiling.>=,
	OPERATOR 5 consent_profiling.>,
	FUNCTION 1 consent_profiling.objection_cmp(
		consent_profiling.objection, consent_profiling.objection),
	FUNCTION 4 pg_catalog.btequalimage(pg_catalog.oid);

COMMENT ON OPERATOR CLASS consent_profiling.objection_ops USING btree IS
	'precedence: of two records for the same person and purpose, the greater prevails';

CREATE OPERATOR CLASS consent_profiling.objection_ops
	DEFAULT FOR TYPE consent_profiling.objection USING hash AS
	OPERATOR 1 consent_profiling.=,
	FUNCTION 1 consent_profiling.objection_hash(consent_profiling.objection),
	FUNCTION 2 consent_profiling.objection_hash_extended(
		consent_profiling.objection, bigint);

COMMENT ON OPERATOR CLASS consent_profiling.objection_ops USING hash IS
	'equality of objection';

CREATE FUNCTION consent_profiling.objection_larger(
	consent_profiling.objection, consent_profiling.objection)
	RETURNS consent_profiling.objection
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_larger';

COMMENT ON FUNCTION consent_profiling.objection_larger(
	consent_profiling.objection, consent_profiling.objection) IS
	'larger of two';

CREATE AGGREGATE consent_profiling.max(consent_profiling.objection) (
	SFUNC = consent_profiling.objection_larger,
	STYPE = consent_profiling.objection,
	COMBINEFUNC = consent_profiling.objection_larger,
	SORTOP = OPERATOR(consent_profiling.>),
	PARALLEL = SAFE
);

COMMENT ON AGGREGATE consent_profiling.max(consent_profiling.objection) IS
	'the record that prevails over all others';

CREATE FUNCTION consent_profiling.make_objection(
	status text, at timestamptz, grounds text)
	RETURNS consent_profiling.objection
	LANGUAGE C IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'make_objection';

COMMENT ON FUNCTION consent_profiling.make_objection(
	text, timestamptz, text) IS
	'construct objection from its parts; grounds may be NULL unless it was overridden';

CREATE FUNCTION consent_profiling.objection_status(consent_profiling.objection)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_status';

COMMENT ON FUNCTION consent_profiling.objection_status(
	consent_profiling.objection) IS
	'status of an objection';

CREATE FUNCTION consent_profiling.objection_at(consent_profiling.objection)
	RETURNS timestamptz
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_at';

COMMENT ON FUNCTION consent_profiling.objection_at(
	consent_profiling.objection) IS
	'time at which an objection was recorded';

CREATE FUNCTION consent_profiling.objection_grounds(
	consent_profiling.objection)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_grounds';

COMMENT ON FUNCTION consent_profiling.objection_grounds(
	consent_profiling.objection) IS
	'grounds recorded with an objection, or NULL';

CREATE FUNCTION consent_profiling.objection_problem(text)
	RETURNS text
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_problem';

COMMENT ON FUNCTION consent_profiling.objection_problem(text) IS
	'internal: what is wrong with a text as an objection, or NULL';

CREATE FUNCTION consent_profiling.objection_from_jsonb(jsonb)
	RETURNS consent_profiling.objection
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_from_jsonb';

COMMENT ON FUNCTION consent_profiling.objection_from_jsonb(jsonb) IS
	'convert jsonb to objection';

CREATE FUNCTION consent_profiling.objection_to_jsonb(
	consent_profiling.objection)
	RETURNS jsonb
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE
	AS 'MODULE_PATHNAME', 'objection_to_jsonb';

COMMENT ON FUNCTION consent_profiling.objection_to_jsonb(
	consent_profiling.objection) IS
	'convert objection to jsonb';

CREATE CAST (jsonb AS consent_profiling.objection)
	WITH FUNCTION consent_profiling.objection_from_jsonb(jsonb);

CREATE CAST (consent_profiling.objection AS jsonb)
	WITH FUNCTION consent_profiling.objection_to_jsonb(consent_profiling.objection);

COMMENT ON CAST (jsonb AS consent_profiling.objection) IS
	'convert jsonb to objection';
COMMENT ON CAST (consent_profiling.objection AS jsonb) IS
	'convert objection to jsonb';

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
		CHECK (minimum_age BETWEEN 18 AND 150)
);
CREATE INDEX purpose_broader_idx ON consent_profiling.purpose (broader);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.purpose',
										   $$WHERE name <> 'profiling'$$);
COMMENT ON TABLE consent_profiling.purpose IS
	'why one profiles; the root is "profiling"';

INSERT INTO consent_profiling.purpose
	VALUES ('profiling', NULL, 'consent', false, false, false, 18,
			'evaluating personal aspects of a person by automated means, GDPR Art. 4(4)');

-- Internal: is this consent a No, which holds for everything beneath?
CREATE FUNCTION consent_profiling.is_refusal(consent consent_profiling.consent)
	RETURNS boolean AS 'MODULE_PATHNAME', 'consent_is_refusal'
	LANGUAGE C IMMUTABLE STRICT PARALLEL SAFE;

CREATE TABLE consent_profiling.subject (
	id consent_profiling.subject_id CONSTRAINT subject_pkey PRIMARY KEY,
	birth_date date,
	registered_at timestamptz NOT NULL,
	restricted_at timestamptz,
	restriction_ground text,
	erased_at timestamptz,
	-- Counts acts of objecting, so that two transactions that object and
	-- override for one person conflict under every isolation level.
	objection_acts bigint NOT NULL DEFAULT 0,
	CONSTRAINT subject_birth_date_check CHECK (pg_catalog.isfinite(birth_date)),
	CONSTRAINT subject_restriction_check
		CHECK ((restricted_at IS NULL) = (restriction_ground IS NULL)),
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
	-- beneath when a later consent to this purpose has replaced it here.
	refusal consent_profiling.consent,
	objection consent_profiling.objection,
	raised_at timestamptz,
	withdrawn_at timestamptz,
	overridden_at timestamptz,
	expires_at timestamptz GENERATED ALWAYS AS
		(NULLIF(consent_profiling.consent_until(consent), 'infinity')) STORED,
	CONSTRAINT choice_pkey PRIMARY KEY (subject, purpose),
	CONSTRAINT choice_something_check
		CHECK (consent IS NOT NULL OR objection IS NOT NULL),
	CONSTRAINT choice_refusal_check
		CHECK (refusal IS NULL
			   OR (consent_profiling.is_refusal(refusal)
				   AND consent IS NOT NULL
				   AND refusal OPERATOR(consent_profiling.<=) consent)),
	CONSTRAINT choice_current_refusal_check
		CHECK (consent IS NULL
			   OR NOT consent_profiling.is_refusal(consent)
			   OR (refusal IS NOT NULL
				   AND refusal OPERATOR(consent_profiling.=) consent)),
	CONSTRAINT choice_objection_check
		CHECK ((pg_catalog.num_nonnulls(raised_at, withdrawn_at, overridden_at) > 0)
			   = (objection IS NOT NULL)),
	CONSTRAINT choice_current_objection_check
		CHECK (objection IS NULL
			   OR consent_profiling.objection_at(objection)
				  = GREATEST(raised_at, withdrawn_at, overridden_at))
);
-- Whose consent ends next.
CREATE INDEX choice_expires_at_idx ON consent_profiling.choice (expires_at)
	WHERE expires_at IS NOT NULL;
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.choice', '');
COMMENT ON TABLE consent_profiling.choice IS
	'the current consent and objection of one subject for one purpose';

-- Who did what, when: one row a call, one row a row imported.
CREATE TABLE consent_profiling.event (
	id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT event_pkey PRIMARY KEY,
	act text COLLATE "C" NOT NULL,
	subject consent_profiling.subject_id NOT NULL,
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
	evidence jsonb
);
CREATE INDEX event_subject_idx ON consent_profiling.event (subject);
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event', '');
SELECT pg_catalog.pg_extension_config_dump('consent_profiling.event_id_seq', '');
COMMENT ON TABLE consent_profiling.event IS 'the append-only history';
COMMENT ON COLUMN consent_profiling.event.act IS
	'the function that was called';
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
	IF next <= keep + 3 THEN
		RETURN 0;
	END IF;
	DELETE FROM change WHERE xid < (next - keep)::text::xid8;
	GET DIAGNOSTICS pruned = ROW_COUNT;
	RETURN pruned;
END
$$;
COMMENT ON FUNCTION consent_profiling.prune_change_log() IS
	'deletes from the log of changes what is older than 10 million transactions, which no query needs any more; returns how many lines; to be run now and then by the owner of the extension';
REVOKE EXECUTE ON FUNCTION consent_profiling.prune_change_log() FROM PUBLIC;

CREATE FUNCTION consent_profiling.log_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
REVOKE EXECUTE ON FUNCTION consent_profiling.log_change() FROM PUBLIC;
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

-- To a snapshot that is older than a rewriting ALTER TABLE the table looks
-- empty, objections included.
CREATE FUNCTION consent_profiling.keep_rows()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF is_logged(pg_event_trigger_table_rewrite_oid()) THEN
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
-- table makes them fire less than always.
CREATE FUNCTION consent_profiling.keep_log()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	half record;
BEGIN
	IF NOT EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
				   WHERE c.classid = 'pg_class'::regclass
					   AND is_logged(c.objid)) THEN
		RETURN;
	END IF;
	INSERT INTO change (xid) VALUES (pg_current_xact_id());
	FOR half IN SELECT t.tgrelid::regclass AS relation, t.tgname
			FROM pg_trigger t
			WHERE is_logged(t.tgrelid) AND t.tgname LIKE 'log\_change%'
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

-- Nobody but the owner touches the registry, except through the functions.
REVOKE ALL ON consent_profiling.purpose, consent_profiling.subject,
	consent_profiling.choice, consent_profiling.event,
	consent_profiling.change FROM PUBLIC;

---------------------------------------------------------------------
-- Decide
---------------------------------------------------------------------

-- Internal: what the planner asks about the functions below.
CREATE FUNCTION consent_profiling.may_profile_support(internal)
	RETURNS internal AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- One function a key type, so that no column needs a cast and no call is
-- ambiguous; varchar resolves to text.  All are callable by PUBLIC: what they
-- tell is what the gate shows anyway.
CREATE FUNCTION consent_profiling.may_profile(subject smallint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(smallint) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject integer)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(integer) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject bigint)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(bigint) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject uuid)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(uuid) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(text) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject consent_profiling.subject_id)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(consent_profiling.subject_id) IS
	'may this subject be profiled for the purpose in consent_profiling.purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject smallint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int2'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(smallint, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject integer, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int4'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(integer, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject bigint, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_int8'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(bigint, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject uuid, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_uuid'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(uuid, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject text, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_text'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(text, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

CREATE FUNCTION consent_profiling.may_profile(subject consent_profiling.subject_id, purpose text)
	RETURNS boolean AS 'MODULE_PATHNAME', 'may_profile_subject_id'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SUPPORT consent_profiling.may_profile_support;
COMMENT ON FUNCTION consent_profiling.may_profile(consent_profiling.subject_id, text) IS
	'may this subject be profiled for this purpose? never null; throws undefined_object for an unknown purpose, insufficient_privilege for one not allowed to the role';

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
	'the verdict on a subject for the purpose in consent_profiling.purpose; never null; throws undefined_object for an unknown purpose; for officers';

CREATE FUNCTION consent_profiling.verdict_of(subject consent_profiling.subject_id,
		purpose text)
	RETURNS consent_profiling.verdict AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE CALLED ON NULL INPUT PARALLEL SAFE;
COMMENT ON FUNCTION consent_profiling.verdict_of(consent_profiling.subject_id, text) IS
	'the verdict on a subject for a purpose; never null; throws undefined_object for an unknown purpose; for officers';

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

-- A verdict says why, and so is personal data: grant_duty() opens these.
REVOKE EXECUTE ON FUNCTION
	consent_profiling.verdict_of(consent_profiling.subject_id),
	consent_profiling.verdict_of(consent_profiling.subject_id, text),
	consent_profiling.explain_verdict(consent_profiling.subject_id),
	consent_profiling.explain_verdict(consent_profiling.subject_id, text)
	FROM PUBLIC;

CREATE FUNCTION consent_profiling.engine_stats(OUT purpose text,
		OUT has_set boolean, OUT shared boolean, OUT subjects bigint,
		OUT bytes bigint, OUT dirty bigint, OUT builds bigint,
		OUT refreshes bigint, OUT probes bigint, OUT build_ms double precision)
	RETURNS SETOF record AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL RESTRICTED;
COMMENT ON FUNCTION consent_profiling.engine_stats() IS
	'what this session keeps to answer may_profile() with, a row for each purpose it was asked about';

---------------------------------------------------------------------
-- Record
---------------------------------------------------------------------

-- All of these write as the owner of the extension, whoever calls.  Their
-- search_path is pinned, with pg_temp last, so that nobody can slip an object
-- of his own under a name used here.  What is internal and runs only within
-- them goes by the same search_path; setting it over and over would cost more
-- than the recording.  None is for PUBLIC: see the REVOKE at the end of the
-- section, and grant_duty().

-- Internal: complain about an argument that must be there.
CREATE FUNCTION consent_profiling.refuse_null(argument text, missing boolean)
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	IF missing THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = format('%s must not be null', argument);
	END IF;
END
$$;

-- Internal: complain about a time at which nothing can have happened yet.
CREATE FUNCTION consent_profiling.refuse_future(argument text, value timestamptz)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	PERFORM refuse_null(argument, value IS NULL);
	IF value > clock_timestamp() THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('%s lies in the future', argument),
			DETAIL = format('It is %s.', value);
	END IF;
END
$$;

-- Internal: why a birth date cannot be one, or null.  Somebody may be born
-- today in the time zone that is furthest ahead, UTC+14.  Neither STRICT nor
-- with settings of its own, so that an import of millions has it inlined.
CREATE FUNCTION consent_profiling.birth_date_problem(birth_date date)
	RETURNS text
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT CASE
		WHEN NOT pg_catalog.isfinite(birth_date) THEN 'birth date must be finite'
		WHEN birth_date OPERATOR(pg_catalog.>)
			((pg_catalog.now() AT TIME ZONE 'UTC') OPERATOR(pg_catalog.+)
			 interval '14 hours')::pg_catalog.date
			THEN 'birth date lies in the future'
	END
$$;

-- Internal: write one line of the history.
CREATE FUNCTION consent_profiling.record_event(act text,
		subject consent_profiling.subject_id, purpose text, at timestamptz,
		birth_date date DEFAULT NULL,
		consent consent_profiling.consent DEFAULT NULL,
		objection consent_profiling.objection DEFAULT NULL,
		ground text DEFAULT NULL, informed_at timestamptz DEFAULT NULL,
		notice text DEFAULT NULL, evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_variable
BEGIN
	INSERT INTO event (act, subject, purpose, at, recorded_at,
					   session_role, caller, actor, birth_date, consent,
					   objection, ground, informed_at, notice, evidence)
	VALUES (act, subject, purpose, at, clock_timestamp(),
			session_user, caller_role(), recorded_actor(), birth_date,
			consent, objection, ground, informed_at, notice, evidence);
END
$$;

-- Internal: the role in force outside of any SECURITY DEFINER function, where
-- current_user would be the owner of the function.
CREATE FUNCTION consent_profiling.caller_role()
	RETURNS name AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: consent_profiling.actor, or null when it is empty.
CREATE FUNCTION consent_profiling.recorded_actor()
	RETURNS text AS 'MODULE_PATHNAME'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: take the lock that puts all acts about one subject in a row, and
-- complain about a subject about whom nothing can be recorded.
CREATE FUNCTION consent_profiling.lock_subject(subject consent_profiling.subject_id)
	RETURNS consent_profiling.subject
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	found_subject consent_profiling.subject;
BEGIN
	PERFORM refuse_null('subject', lock_subject.subject IS NULL);
	SELECT * INTO found_subject
		FROM subject WHERE id = lock_subject.subject FOR NO KEY UPDATE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'no_data_found',
			MESSAGE = format('subject "%s" is not registered', lock_subject.subject),
			HINT = 'Register it with consent_profiling.register_subject().';
	END IF;
	IF found_subject.erased_at IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has been erased', lock_subject.subject);
	END IF;
	RETURN found_subject;
END
$$;

-- Internal: complain about a purpose that does not exist, and lock one that does
-- against being dropped.
CREATE FUNCTION consent_profiling.check_purpose(purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
BEGIN
	PERFORM refuse_null('purpose', check_purpose.purpose IS NULL);
	PERFORM FROM purpose WHERE name = check_purpose.purpose FOR KEY SHARE;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('purpose "%s" does not exist', check_purpose.purpose);
	END IF;
END
$$;

-- Internal: a purpose and all above it, the purpose itself at level 0.  Ends
-- even if somebody has written a purpose above itself by hand.
CREATE FUNCTION consent_profiling.lineage(purpose text)
	RETURNS TABLE (level integer, name text, direct_marketing boolean)
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
AS $$
	WITH RECURSIVE up AS (
		SELECT 0 AS level, p.name, p.broader, p.direct_marketing
			FROM purpose p WHERE p.name = lineage.purpose
		UNION ALL
		SELECT up.level + 1, p.name, p.broader, p.direct_marketing
			FROM up JOIN purpose p ON p.name = up.broader
	) CYCLE name SET is_cycle USING path
	SELECT level, name, direct_marketing FROM up WHERE NOT is_cycle
$$;

CREATE FUNCTION consent_profiling.register_subject(
		subject consent_profiling.subject_id, birth_date date DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
	known consent_profiling.subject;
	problem text := birth_date_problem(register_subject.birth_date);
BEGIN
	PERFORM refuse_null('subject', register_subject.subject IS NULL);
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = problem,
			DETAIL = format('It is %s.', register_subject.birth_date);
	END IF;

	INSERT INTO subject (id, birth_date, registered_at)
		VALUES (register_subject.subject, register_subject.birth_date, at)
		ON CONFLICT (id) DO NOTHING;
	IF NOT FOUND THEN
		SELECT * INTO known FROM subject
			WHERE id = register_subject.subject FOR NO KEY UPDATE;
		IF NOT FOUND THEN
			-- Somebody registered it meanwhile, and this snapshot is too old.
			RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
				MESSAGE = 'could not serialize access due to concurrent registration';
		END IF;
		IF known.erased_at IS NOT NULL THEN
			-- Stays erased, and what was erased is not taken in again.
			PERFORM record_event('register_subject', register_subject.subject,
								 NULL, at);
			RETURN;
		END IF;
		IF known.birth_date <> register_subject.birth_date THEN
			RAISE EXCEPTION USING ERRCODE = 'unique_violation',
				MESSAGE = format('subject "%s" is registered with another birth date',
								 register_subject.subject),
				HINT = 'Use consent_profiling.rectify_birth_date() to correct it.';
		END IF;
		IF known.birth_date IS NULL AND register_subject.birth_date IS NOT NULL THEN
			UPDATE subject SET birth_date = register_subject.birth_date
				WHERE id = register_subject.subject;
		END IF;
	END IF;
	PERFORM record_event('register_subject', register_subject.subject, NULL, at,
						 birth_date => register_subject.birth_date);
END
$$;
COMMENT ON FUNCTION consent_profiling.register_subject(
		consent_profiling.subject_id, date) IS
	'registers a subject; again is harmless and may add a birth date where there was none; throws unique_violation for a different birth date, invalid_parameter_value for an impossible one';

CREATE FUNCTION consent_profiling.rectify_birth_date(
		subject consent_profiling.subject_id, birth_date date,
		evidence jsonb DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	problem text := birth_date_problem(rectify_birth_date.birth_date);
BEGIN
	PERFORM lock_subject(rectify_birth_date.subject);
	PERFORM refuse_null('birth_date', rectify_birth_date.birth_date IS NULL);
	IF problem IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = problem,
			DETAIL = format('It is %s.', rectify_birth_date.birth_date);
	END IF;
	UPDATE subject SET birth_date = rectify_birth_date.birth_date
		WHERE id = rectify_birth_date.subject;
	PERFORM record_event('rectify_birth_date', rectify_birth_date.subject, NULL,
						 clock_timestamp(),
						 birth_date => rectify_birth_date.birth_date,
						 evidence => rectify_birth_date.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.rectify_birth_date(
		consent_profiling.subject_id, date, jsonb) IS
	'corrects the birth date of a subject (Art. 16); throws no_data_found for an unknown subject, invalid_parameter_value for an impossible date';

-- Internal: what all acts about a consent do.  Returns the consent that
-- prevails, which is the newest.
CREATE FUNCTION consent_profiling.record_consent(act text,
		subject consent_profiling.subject_id, purpose text,
		consent consent_profiling.consent, notice text, evidence jsonb)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	refusal consent_profiling.consent :=
		CASE WHEN is_refusal(record_consent.consent)
			THEN record_consent.consent END;
	prevailing consent_profiling.consent;
BEGIN
	PERFORM check_purpose(record_consent.purpose);
	PERFORM lock_subject(record_consent.subject);
	PERFORM record_event(record_consent.act, record_consent.subject,
						 record_consent.purpose,
						 consent_at(record_consent.consent),
						 consent => record_consent.consent,
						 notice => record_consent.notice,
						 evidence => record_consent.evidence);
	INSERT INTO choice AS c (subject, purpose, consent, refusal)
		VALUES (record_consent.subject, record_consent.purpose,
				record_consent.consent, refusal)
		ON CONFLICT (subject, purpose) DO UPDATE SET
			consent = GREATEST(c.consent, excluded.consent),
			refusal = GREATEST(c.refusal, excluded.refusal)
		RETURNING c.consent INTO prevailing;
	RETURN prevailing;
END
$$;

CREATE FUNCTION consent_profiling.give_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		explicit boolean DEFAULT false, until timestamptz DEFAULT 'infinity',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_null('explicit', give_consent.explicit IS NULL);
	PERFORM refuse_null('until', give_consent.until IS NULL);
	PERFORM refuse_future('at', give_consent.at);
	RETURN record_consent('give_consent', give_consent.subject,
						  give_consent.purpose,
						  make_consent('given', give_consent.explicit,
									   give_consent.at, give_consent.until),
						  give_consent.notice, give_consent.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.give_consent(
		consent_profiling.subject_id, text, boolean, timestamptz, timestamptz,
		text, jsonb) IS
	'records that a subject consented to a purpose (Art. 4(11), 7(1)); returns the consent that now prevails; throws no_data_found for an unknown subject, undefined_object for an unknown purpose, invalid_parameter_value for a time in the future';

CREATE FUNCTION consent_profiling.request_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', request_consent.at);
	RETURN record_consent('request_consent', request_consent.subject,
						  request_consent.purpose,
						  make_consent('requested', false, request_consent.at,
									   'infinity'),
						  request_consent.notice, request_consent.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.request_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject was asked to consent to a purpose, which is no consent; returns the consent that now prevails; throws as give_consent() does';

CREATE FUNCTION consent_profiling.refuse_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', refuse_consent.at);
	RETURN record_consent('refuse_consent', refuse_consent.subject,
						  refuse_consent.purpose,
						  make_consent('refused', false, refuse_consent.at,
									   'infinity'),
						  refuse_consent.notice, refuse_consent.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.refuse_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject refused to consent to a purpose; holds for all purposes beneath it; returns the consent that now prevails; throws as give_consent() does';

CREATE FUNCTION consent_profiling.withdraw_consent(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), notice text DEFAULT NULL,
		evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.consent
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', withdraw_consent.at);
	RETURN record_consent('withdraw_consent', withdraw_consent.subject,
						  withdraw_consent.purpose,
						  make_consent('withdrawn', false, withdraw_consent.at,
									   'infinity'),
						  withdraw_consent.notice, withdraw_consent.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.withdraw_consent(
		consent_profiling.subject_id, text, timestamptz, text, jsonb) IS
	'records that a subject withdrew consent to a purpose (Art. 7(3)); holds for all purposes beneath it; returns the consent that now prevails; throws as give_consent() does';

-- Internal: the choice of a subject for a purpose, all null when there is none.
CREATE FUNCTION consent_profiling.current_choice(
		subject consent_profiling.subject_id, purpose text)
	RETURNS consent_profiling.choice
	LANGUAGE sql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
	SELECT c.* FROM choice c
		WHERE c.subject = current_choice.subject
			AND c.purpose = current_choice.purpose
$$;

-- Internal: does an objection stand at exactly this choice?  Raised or upheld,
-- and not withdrawn since; a withdrawal wins a tie.
CREATE FUNCTION consent_profiling.objection_stands(choice consent_profiling.choice)
	RETURNS boolean
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT COALESCE(choice.raised_at > COALESCE(choice.withdrawn_at, '-infinity'),
					false)
$$;

-- Internal: complain about a subject who has no objection standing at exactly
-- this purpose, and name the purposes above where there is one.
CREATE FUNCTION consent_profiling.check_objection(
		subject consent_profiling.subject_id, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
DECLARE
	message text := format('subject "%s" has raised no objection to purpose "%s"',
						   check_objection.subject, check_objection.purpose);
	above text;
BEGIN
	IF objection_stands(current_choice(check_objection.subject,
									   check_objection.purpose)) THEN
		RETURN;
	END IF;
	SELECT string_agg(format('"%s"', l.name), ', ' ORDER BY l.level)
		INTO above
		FROM lineage(check_objection.purpose) l
			JOIN choice c ON c.subject = check_objection.subject
				AND c.purpose = l.name
		WHERE l.level > 0 AND objection_stands(c);
	IF above IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = message;
	END IF;
	RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
		MESSAGE = message,
		DETAIL = format('The objection stands at purpose %s.', above);
END
$$;

-- Internal: what all acts about an objection do.  Returns the objection that
-- prevails, which is the newest.
CREATE FUNCTION consent_profiling.record_objection(act text,
		subject consent_profiling.subject_id, purpose text,
		objection consent_profiling.objection, evidence jsonb)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
AS $$
#variable_conflict use_column
DECLARE
	status text := objection_status(record_objection.objection);
	at timestamptz := objection_at(record_objection.objection);
	prevailing consent_profiling.objection;
BEGIN
	-- Together with the lock this makes two transactions that act on the same
	-- person's objections conflict even when the snapshot of one is old.
	UPDATE subject SET objection_acts = objection_acts + 1
		WHERE id = record_objection.subject;
	PERFORM record_event(record_objection.act, record_objection.subject,
						 record_objection.purpose, at,
						 objection => record_objection.objection,
						 evidence => record_objection.evidence);
	INSERT INTO choice AS c (subject, purpose, objection,
							 raised_at, withdrawn_at, overridden_at)
		VALUES (record_objection.subject, record_objection.purpose,
				record_objection.objection,
				CASE WHEN status IN ('raised', 'upheld') THEN at END,
				CASE WHEN status = 'withdrawn' THEN at END,
				CASE WHEN status = 'overridden' THEN at END)
		ON CONFLICT (subject, purpose) DO UPDATE SET
			objection = GREATEST(c.objection, excluded.objection),
			raised_at = GREATEST(c.raised_at, excluded.raised_at),
			withdrawn_at = GREATEST(c.withdrawn_at, excluded.withdrawn_at),
			overridden_at = GREATEST(c.overridden_at, excluded.overridden_at)
		RETURNING c.objection INTO prevailing;
	RETURN prevailing;
END
$$;

CREATE FUNCTION consent_profiling.raise_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', raise_objection.at);
	PERFORM check_purpose(raise_objection.purpose);
	PERFORM lock_subject(raise_objection.subject);
	RETURN record_objection('raise_objection', raise_objection.subject,
							raise_objection.purpose,
							make_objection('raised', raise_objection.at, NULL),
							raise_objection.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.raise_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that a subject objected to a purpose and all beneath it (Art. 21); returns the objection that now prevails; throws no_data_found for an unknown subject, undefined_object for an unknown purpose, invalid_parameter_value for a time in the future';

CREATE FUNCTION consent_profiling.withdraw_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', withdraw_objection.at);
	PERFORM check_purpose(withdraw_objection.purpose);
	PERFORM lock_subject(withdraw_objection.subject);
	PERFORM check_objection(withdraw_objection.subject,
							withdraw_objection.purpose);
	RETURN record_objection('withdraw_objection', withdraw_objection.subject,
							withdraw_objection.purpose,
							make_objection('withdrawn', withdraw_objection.at,
										   NULL),
							withdraw_objection.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.withdraw_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that a subject withdrew the objection raised at exactly this purpose; returns the objection that now prevails; throws object_not_in_prerequisite_state where none was raised, naming the purpose where it stands, and as raise_objection() does';

CREATE FUNCTION consent_profiling.uphold_objection(
		subject consent_profiling.subject_id, purpose text DEFAULT 'profiling',
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM refuse_future('at', uphold_objection.at);
	PERFORM check_purpose(uphold_objection.purpose);
	PERFORM lock_subject(uphold_objection.subject);
	PERFORM check_objection(uphold_objection.subject,
							uphold_objection.purpose);
	RETURN record_objection('uphold_objection', uphold_objection.subject,
							uphold_objection.purpose,
							make_objection('upheld', uphold_objection.at, NULL),
							uphold_objection.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.uphold_objection(
		consent_profiling.subject_id, text, timestamptz, jsonb) IS
	'records that the controller found an objection justified; returns the objection that now prevails; throws object_not_in_prerequisite_state where none was raised, and as raise_objection() does; for officers';

CREATE FUNCTION consent_profiling.override_objection(
		subject consent_profiling.subject_id, purpose text, grounds text,
		at timestamptz DEFAULT clock_timestamp(), evidence jsonb DEFAULT NULL)
	RETURNS consent_profiling.objection
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	marketing text;
BEGIN
	PERFORM refuse_future('at', override_objection.at);
	PERFORM check_purpose(override_objection.purpose);

	-- Art. 21(1): only compelling grounds, demonstrated by the controller.
	PERFORM refuse_null('grounds', override_objection.grounds IS NULL);
	IF override_objection.grounds !~ '\S' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'an objection cannot be overridden without grounds';
	END IF;

	-- Art. 21(2)-(3)
	SELECT l.name INTO marketing
		FROM lineage(override_objection.purpose) l
		WHERE l.direct_marketing ORDER BY l.level LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'an objection to direct marketing cannot be overridden',
			DETAIL = format('Purpose "%s" is direct marketing.', marketing);
	END IF;

	PERFORM lock_subject(override_objection.subject);

	-- What was raised here or above up to that time, and not lifted since.
	PERFORM FROM lineage(override_objection.purpose) l
			JOIN choice c ON c.subject = override_objection.subject
				AND c.purpose = l.name
		WHERE objection_stands(c)
			AND c.raised_at <= override_objection.at
			AND NOT EXISTS (
				SELECT FROM lineage(override_objection.purpose) b
						JOIN choice o ON o.subject = override_objection.subject
							AND o.purpose = b.name
					WHERE b.level <= l.level
						AND o.overridden_at >= c.raised_at);
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" has no standing objection to purpose "%s"',
							 override_objection.subject,
							 override_objection.purpose);
	END IF;

	RETURN record_objection('override_objection', override_objection.subject,
							override_objection.purpose,
							make_objection('overridden', override_objection.at,
										   override_objection.grounds),
							override_objection.evidence);
END
$$;
COMMENT ON FUNCTION consent_profiling.override_objection(
		consent_profiling.subject_id, text, text, timestamptz, jsonb) IS
	'records the compelling grounds on which the controller overrides what was objected to at this purpose or above so far (Art. 21(1)); returns the objection that now prevails; throws invalid_parameter_value without grounds or on direct marketing, object_not_in_prerequisite_state where no objection stands, and as raise_objection() does; for officers';

CREATE FUNCTION consent_profiling.restrict_subject(
		subject consent_profiling.subject_id, ground text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM refuse_null('ground', restrict_subject.ground IS NULL);
	IF restrict_subject.ground !~ '\S' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'processing cannot be restricted without a ground';
	END IF;
	PERFORM lock_subject(restrict_subject.subject);
	UPDATE subject SET
			restricted_at = COALESCE(restricted_at, at),
			restriction_ground = restrict_subject.ground
		WHERE id = restrict_subject.subject;
	PERFORM record_event('restrict_subject', restrict_subject.subject, NULL, at,
						 ground => restrict_subject.ground);
END
$$;
COMMENT ON FUNCTION consent_profiling.restrict_subject(
		consent_profiling.subject_id, text) IS
	'restricts the processing of a subject''s data (Art. 18); throws no_data_found for an unknown subject, invalid_parameter_value without a ground; for officers';

CREATE FUNCTION consent_profiling.lift_restriction(
		subject consent_profiling.subject_id, informed_at timestamptz)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	known consent_profiling.subject;
BEGIN
	-- Art. 18(3): the person is informed before a restriction is lifted.
	PERFORM refuse_future('informed_at', lift_restriction.informed_at);
	known := lock_subject(lift_restriction.subject);
	IF known.restricted_at IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('subject "%s" is not restricted',
							 lift_restriction.subject);
	END IF;
	IF lift_restriction.informed_at < known.restricted_at THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'informed_at lies before the restriction',
			DETAIL = format('The restriction is of %s.', known.restricted_at);
	END IF;
	UPDATE subject SET restricted_at = NULL, restriction_ground = NULL
		WHERE id = lift_restriction.subject;
	PERFORM record_event('lift_restriction', lift_restriction.subject, NULL,
						 clock_timestamp(),
						 informed_at => lift_restriction.informed_at);
END
$$;
COMMENT ON FUNCTION consent_profiling.lift_restriction(
		consent_profiling.subject_id, timestamptz) IS
	'lifts the restriction of a subject who was informed of it (Art. 18(3)); throws object_not_in_prerequisite_state for a subject not restricted, invalid_parameter_value for a time in the future or before the restriction; for officers';

-- Internal: how many events of a subject there are at this moment, whatever
-- the snapshot of the transaction.
CREATE FUNCTION consent_profiling.count_events(subject consent_profiling.subject_id)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

CREATE FUNCTION consent_profiling.erase_subject(
		subject consent_profiling.subject_id)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	at timestamptz := clock_timestamp();
BEGIN
	PERFORM lock_subject(erase_subject.subject);
	-- What this transaction's snapshot is too old to see would be left behind.
	IF count_events(erase_subject.subject)
		<> (SELECT count(*) FROM event WHERE subject = erase_subject.subject) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent recording';
	END IF;
	DELETE FROM choice WHERE subject = erase_subject.subject;
	UPDATE subject SET
			birth_date = NULL,
			restricted_at = NULL,
			restriction_ground = NULL,
			erased_at = at
		WHERE id = erase_subject.subject;
	-- The history keeps that something was done, not what it said of a person.
	UPDATE event SET
			birth_date = NULL,
			objection = CASE WHEN objection_grounds(objection) IS NULL
				THEN objection
				ELSE make_objection(objection_status(objection),
									objection_at(objection), '(erased)') END,
			ground = NULL,
			notice = NULL,
			evidence = NULL
		WHERE subject = erase_subject.subject;
	PERFORM record_event('erase_subject', erase_subject.subject, NULL, at);
END
$$;
COMMENT ON FUNCTION consent_profiling.erase_subject(
		consent_profiling.subject_id) IS
	'erases what is recorded of a subject (Art. 17) but for a tombstone that keeps the refusal alive; throws no_data_found for an unknown subject, object_not_in_prerequisite_state for one erased before; for officers';

-- What takes in a batch looks its subjects up one by one through the index:
-- planned freely, it would read the whole registry for every batch, or join
-- each row with all of it where statistics are out of date.  So sequential
-- scans are off, and LATERAL ... OFFSET 0 leaves no choice of a join.

-- Internal: complain about a batch that is not a table.
CREATE FUNCTION consent_profiling.check_batch(first_row bigint,
		VARIADIC lengths integer[])
	RETURNS void
	LANGUAGE plpgsql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
BEGIN
	PERFORM refuse_null('first_row', first_row IS NULL);
	IF array_position(lengths, NULL) IS NOT NULL
		OR lengths[1] <> ANY (lengths) THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'the arrays of a batch must be of one length';
	END IF;
END
$$;

-- Internal: what is wrong with the subjects or birth dates of a batch.
CREATE FUNCTION consent_profiling.subject_rows_problems(first_row bigint,
		subjects text[], birth_dates date[])
	RETURNS text[]
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
AS $$
	SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
					 ORDER BY i.n)
		FROM (
			SELECT u.n, CASE
				WHEN u.subject IS NULL THEN 'subject is null'
				ELSE COALESCE('subject ' || quote_literal(u.subject) || ': '
							  || subject_id_problem(u.subject),
							  'subject ' || quote_literal(u.subject) || ': '
							  || birth_date_problem(u.birth_date))
				END AS problem
			FROM unnest(subjects, birth_dates)
				WITH ORDINALITY AS u (subject, birth_date, n)
		) i
		WHERE i.problem IS NOT NULL
$$;

-- Internal: take in one batch of an import of subjects.  Returns what is wrong
-- with which rows; when anything is, the batch was not taken in.
CREATE FUNCTION consent_profiling.import_subjects_batch(first_row bigint,
		subjects text[], birth_dates date[], notices text[], evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	problems text[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(birth_dates), cardinality(notices),
						cardinality(evidences));
	-- One import at a time, so that two do not lock each other's subjects.
	LOCK TABLE choice IN SHARE UPDATE EXCLUSIVE MODE;

	problems := subject_rows_problems(first_row, subjects, birth_dates);
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	-- The same rule as in register_subject(), asked before anything is written.
	PERFORM FROM (SELECT DISTINCT v.subject::subject_id AS id
				  FROM unnest(subjects) AS v (subject) ORDER BY 1) u
			CROSS JOIN LATERAL (SELECT FROM subject WHERE id = u.id
								FOR NO KEY UPDATE) s;
	SELECT array_agg(format(
				CASE WHEN s.birth_date IS NULL
					THEN 'row %s: subject %L has more than one birth date'
					ELSE 'row %s: subject %L is registered with another birth date'
					END, first_row + u.n - 1, u.subject) ORDER BY u.n)
		INTO problems
		FROM (SELECT v.n, v.subject, v.birth_date, max(v.birth_date)
					OVER (PARTITION BY v.subject::subject_id) AS latest
			  FROM unnest(subjects, birth_dates)
				WITH ORDINALITY AS v (subject, birth_date, n)) u
			LEFT JOIN LATERAL (SELECT * FROM subject
							   WHERE id = u.subject::subject_id OFFSET 0) s
				ON true
		WHERE u.birth_date <> COALESCE(s.birth_date, u.latest)
			AND s.erased_at IS NULL;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	INSERT INTO subject AS s (id, birth_date, registered_at)
		SELECT u.subject::subject_id, max(u.birth_date), at
		FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
		GROUP BY 1 ORDER BY 1
		ON CONFLICT (id) DO UPDATE SET birth_date = excluded.birth_date
			WHERE s.birth_date IS NULL AND s.erased_at IS NULL
				AND excluded.birth_date IS NOT NULL;
	-- Somebody may have registered others of them meanwhile.
	PERFORM FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
			CROSS JOIN LATERAL (SELECT * FROM subject
								WHERE id = u.subject::subject_id OFFSET 0) s
		WHERE s.birth_date <> u.birth_date AND s.erased_at IS NULL;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent registration';
	END IF;
	INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
					   actor, birth_date, notice, evidence)
		SELECT 'import_subjects', s.id, at, clock_timestamp(), session_user,
			   caller_role(), recorded_actor(),
			   CASE WHEN s.erased_at IS NULL THEN u.birth_date END,
			   CASE WHEN s.erased_at IS NULL THEN u.notice END,
			   CASE WHEN s.erased_at IS NULL THEN u.evidence END
		FROM unnest(subjects, birth_dates, notices, evidences)
				WITH ORDINALITY AS u (subject, birth_date, notice, evidence, n)
			CROSS JOIN LATERAL (SELECT * FROM subject
								WHERE id = u.subject::subject_id OFFSET 0) s
		ORDER BY u.n;
	RETURN NULL;
END
$$;

-- Internal: take in one batch of an import of consents, likewise.
CREATE FUNCTION consent_profiling.import_consents_batch(first_row bigint,
		subjects text[], purposes text[], consents text[], notices text[],
		evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	problems text[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(purposes), cardinality(consents),
						cardinality(notices), cardinality(evidences));
	problems := lock_import_rows(first_row, subjects, purposes, 'consent',
		(SELECT array_agg(CASE
				WHEN u.consent IS NULL THEN 'consent is null'
				ELSE 'consent ' || quote_literal(u.consent) || ': '
					 || consent_problem(u.consent)
				END ORDER BY u.n)
			FROM unnest(consents) WITH ORDINALITY AS u (consent, n)));
	IF problems IS NULL THEN
		SELECT array_agg(format('row %s: consent %L lies in the future',
								first_row + u.n - 1, u.consent) ORDER BY u.n)
			INTO problems
			FROM unnest(consents) WITH ORDINALITY AS u (consent, n)
			WHERE consent_at(u.consent::consent) > clock_timestamp();
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	INSERT INTO event (act, subject, purpose, at, recorded_at, session_role,
					   caller, actor, consent, notice, evidence)
		SELECT 'import_consents', u.subject::subject_id, u.purpose,
			   consent_at(u.consent::consent), clock_timestamp(), session_user,
			   caller_role(), recorded_actor(), u.consent::consent, u.notice,
			   u.evidence
		FROM unnest(subjects, purposes, consents, notices, evidences)
			WITH ORDINALITY
			AS u (subject, purpose, consent, notice, evidence, n)
		ORDER BY u.n;
	INSERT INTO choice AS c (subject, purpose, consent, refusal)
		SELECT i.subject, i.purpose, max(i.consent),
			   max(i.consent) FILTER (WHERE is_refusal(i.consent))
		FROM (SELECT u.subject::subject_id AS subject, u.purpose,
					 u.consent::consent AS consent
			  FROM unnest(subjects, purposes, consents)
				AS u (subject, purpose, consent)) i
		GROUP BY i.subject, i.purpose ORDER BY i.subject, i.purpose
		ON CONFLICT (subject, purpose) DO UPDATE SET
			consent = GREATEST(c.consent, excluded.consent),
			refusal = GREATEST(c.refusal, excluded.refusal);
	RETURN NULL;
END
$$;

-- Internal: take in one batch of an import of objections, likewise.
CREATE FUNCTION consent_profiling.import_objections_batch(first_row bigint,
		subjects text[], purposes text[], objections text[], notices text[],
		evidences jsonb[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	problems text[];
	marketing text[] := ARRAY(
		SELECT p.name FROM purpose p
		WHERE EXISTS (SELECT FROM lineage(p.name) l WHERE l.direct_marketing));
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(purposes), cardinality(objections),
						cardinality(notices), cardinality(evidences));
	problems := lock_import_rows(first_row, subjects, purposes, 'objection',
		(SELECT array_agg(CASE
				WHEN u.objection IS NULL THEN 'objection is null'
				ELSE 'objection ' || quote_literal(u.objection) || ': '
					 || objection_problem(u.objection)
				END ORDER BY u.n)
			FROM unnest(objections) WITH ORDINALITY AS u (objection, n)));
	IF problems IS NULL THEN
		SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
						 ORDER BY i.n)
			INTO problems
			FROM (
				SELECT u.n, CASE
					WHEN objection_at(u.objection::objection) > clock_timestamp()
						THEN format('objection %L lies in the future', u.objection)
					-- Art. 21(2)-(3)
					WHEN objection_status(u.objection::objection) = 'overridden'
						AND u.purpose = ANY (marketing)
						THEN 'an objection to direct marketing cannot be overridden'
					END AS problem
				FROM unnest(purposes, objections)
					WITH ORDINALITY AS u (purpose, objection, n)
			) i
			WHERE i.problem IS NOT NULL;
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	UPDATE subject SET objection_acts = objection_acts + 1
		WHERE id = ANY (subjects::subject_id[]);
	INSERT INTO event (act, subject, purpose, at, recorded_at, session_role,
					   caller, actor, objection, notice, evidence)
		SELECT 'import_objections', u.subject::subject_id, u.purpose,
			   objection_at(u.objection::objection), clock_timestamp(),
			   session_user, caller_role(), recorded_actor(),
			   u.objection::objection, u.notice, u.evidence
		FROM unnest(subjects, purposes, objections, notices, evidences)
			WITH ORDINALITY
			AS u (subject, purpose, objection, notice, evidence, n)
		ORDER BY u.n;
	INSERT INTO choice AS c (subject, purpose, objection,
							 raised_at, withdrawn_at, overridden_at)
		SELECT i.subject, i.purpose, max(i.objection),
			   max(i.at) FILTER (WHERE i.status IN ('raised', 'upheld')),
			   max(i.at) FILTER (WHERE i.status = 'withdrawn'),
			   max(i.at) FILTER (WHERE i.status = 'overridden')
		FROM (SELECT u.subject::subject_id AS subject, u.purpose,
					 u.objection::objection AS objection,
					 objection_status(u.objection::objection) AS status,
					 objection_at(u.objection::objection) AS at
			  FROM unnest(subjects, purposes, objections)
				AS u (subject, purpose, objection)) i
		GROUP BY i.subject, i.purpose ORDER BY i.subject, i.purpose
		ON CONFLICT (subject, purpose) DO UPDATE SET
			objection = GREATEST(c.objection, excluded.objection),
			raised_at = GREATEST(c.raised_at, excluded.raised_at),
			withdrawn_at = GREATEST(c.withdrawn_at, excluded.withdrawn_at),
			overridden_at = GREATEST(c.overridden_at, excluded.overridden_at);
	RETURN NULL;
END
$$;

-- Internal: what is wrong with the subjects, the purposes or the values of a
-- batch; when nothing is, the subjects are locked.  Locking comes first, so
-- that what is looked up afterwards is what others have committed.
CREATE FUNCTION consent_profiling.lock_import_rows(first_row bigint,
		subjects text[], purposes text[], kind text, value_problems text[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	problems text[];
BEGIN
	-- One import at a time, so that two do not lock each other's subjects.
	LOCK TABLE choice IN SHARE UPDATE EXCLUSIVE MODE;
	PERFORM FROM purpose WHERE name = ANY (purposes) FOR KEY SHARE;

	SELECT array_agg(format('row %s: %s', first_row + i.n - 1, i.problem)
					 ORDER BY i.n)
		INTO problems
		FROM (
			SELECT u.n, CASE
				WHEN u.subject IS NULL THEN 'subject is null'
				WHEN subject_id_problem(u.subject) IS NOT NULL
					THEN 'subject ' || quote_literal(u.subject) || ': '
						 || subject_id_problem(u.subject)
				WHEN u.purpose IS NULL THEN 'purpose is null'
				WHEN p.name IS NULL
					THEN format('purpose %L does not exist', u.purpose)
				ELSE u.problem
				END AS problem
			FROM unnest(subjects, purposes, value_problems)
					WITH ORDINALITY AS u (subject, purpose, problem, n)
				LEFT JOIN purpose p ON p.name = u.purpose
		) i
		WHERE i.problem IS NOT NULL;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	PERFORM FROM (SELECT DISTINCT v.subject::subject_id AS id
				  FROM unnest(subjects) AS v (subject) ORDER BY 1) u
			CROSS JOIN LATERAL (SELECT FROM subject WHERE id = u.id
								FOR NO KEY UPDATE) s;
	SELECT array_agg(format(
				CASE WHEN s.id IS NULL THEN 'row %s: subject %L is not registered'
					ELSE 'row %s: subject %L has been erased' END,
				first_row + u.n - 1, u.subject) ORDER BY u.n)
		INTO problems
		FROM unnest(subjects) WITH ORDINALITY AS u (subject, n)
			LEFT JOIN LATERAL (SELECT * FROM subject
							   WHERE id = u.subject::subject_id OFFSET 0) s
				ON true
		WHERE s.id IS NULL OR s.erased_at IS NOT NULL;
	RETURN problems;
END
$$;

CREATE FUNCTION consent_profiling.import_subjects(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_subjects(text) IS
	'registers the subjects that a query, run with the caller''s rights, returns as (subject, birth_date [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none';

CREATE FUNCTION consent_profiling.import_consents(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_consents(text) IS
	'records the consents that a query, run with the caller''s rights, returns as (subject, purpose, consent [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none';

CREATE FUNCTION consent_profiling.import_objections(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;
COMMENT ON FUNCTION consent_profiling.import_objections(text) IS
	'records the objections that a query, run with the caller''s rights, returns as (subject, purpose, objection [, notice] [, evidence]); returns the number of rows; takes all or, with an error that lists the bad rows, none';

-- Only those with a duty record anything.
REVOKE EXECUTE ON FUNCTION
	consent_profiling.refuse_null(text, boolean),
	consent_profiling.refuse_future(text, timestamptz),
	consent_profiling.birth_date_problem(date),
	consent_profiling.record_event(text, consent_profiling.subject_id, text,
		timestamptz, date, consent_profiling.consent,
		consent_profiling.objection, text, timestamptz, text, jsonb),
	consent_profiling.caller_role(),
	consent_profiling.recorded_actor(),
	consent_profiling.lock_subject(consent_profiling.subject_id),
	consent_profiling.check_purpose(text),
	consent_profiling.lineage(text),
	consent_profiling.register_subject(consent_profiling.subject_id, date),
	consent_profiling.rectify_birth_date(consent_profiling.subject_id, date, jsonb),
	consent_profiling.record_consent(text, consent_profiling.subject_id, text,
		consent_profiling.consent, text, jsonb),
	consent_profiling.give_consent(consent_profiling.subject_id, text, boolean,
		timestamptz, timestamptz, text, jsonb),
	consent_profiling.request_consent(consent_profiling.subject_id, text,
		timestamptz, text, jsonb),
	consent_profiling.refuse_consent(consent_profiling.subject_id, text,
		timestamptz, text, jsonb),
	consent_profiling.withdraw_consent(consent_profiling.subject_id, text,
		timestamptz, text, jsonb),
	consent_profiling.current_choice(consent_profiling.subject_id, text),
	consent_profiling.objection_stands(consent_profiling.choice),
	consent_profiling.check_objection(consent_profiling.subject_id, text),
	consent_profiling.record_objection(text, consent_profiling.subject_id, text,
		consent_profiling.objection, jsonb),
	consent_profiling.raise_objection(consent_profiling.subject_id, text,
		timestamptz, jsonb),
	consent_profiling.withdraw_objection(consent_profiling.subject_id, text,
		timestamptz, jsonb),
	consent_profiling.uphold_objection(consent_profiling.subject_id, text,
		timestamptz, jsonb),
	consent_profiling.override_objection(consent_profiling.subject_id, text,
		text, timestamptz, jsonb),
	consent_profiling.restrict_subject(consent_profiling.subject_id, text),
	consent_profiling.lift_restriction(consent_profiling.subject_id, timestamptz),
	consent_profiling.count_events(consent_profiling.subject_id),
	consent_profiling.erase_subject(consent_profiling.subject_id),
	consent_profiling.check_batch(bigint, integer[]),
	consent_profiling.subject_rows_problems(bigint, text[], date[]),
	consent_profiling.import_subjects_batch(bigint, text[], date[], text[], jsonb[]),
	consent_profiling.import_consents_batch(bigint, text[], text[], text[],
		text[], jsonb[]),
	consent_profiling.import_objections_batch(bigint, text[], text[], text[],
		text[], jsonb[]),
	consent_profiling.lock_import_rows(bigint, text[], text[], text, text[]),
	consent_profiling.import_subjects(text),
	consent_profiling.import_consents(text),
	consent_profiling.import_objections(text)
	FROM PUBLIC;

---------------------------------------------------------------------
-- Administer
---------------------------------------------------------------------

-- These run with the caller's rights, and what they do takes ownership of the
-- registry: a superuser's, or that of the owner of the extension.

CREATE FUNCTION consent_profiling.add_purpose(name text,
		broader text DEFAULT 'profiling', basis text DEFAULT 'consent',
		direct_marketing boolean DEFAULT false,
		special_category boolean DEFAULT false,
		automated_decision boolean DEFAULT false,
		minimum_age integer DEFAULT 18, description text DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
BEGIN
	PERFORM refuse_null('name', add_purpose.name IS NULL);
	PERFORM refuse_null('broader', add_purpose.broader IS NULL);
	PERFORM refuse_null('basis', add_purpose.basis IS NULL);
	PERFORM refuse_null('direct_marketing', add_purpose.direct_marketing IS NULL);
	PERFORM refuse_null('special_category', add_purpose.special_category IS NULL);
	PERFORM refuse_null('automated_decision', add_purpose.automated_decision IS NULL);
	PERFORM refuse_null('minimum_age', add_purpose.minimum_age IS NULL);
	IF add_purpose.name !~ '^[A-Za-z0-9_][A-Za-z0-9_.:/-]{0,62}$' THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_name',
			MESSAGE = format('invalid purpose name "%s"', add_purpose.name),
			HINT = 'A name has 1 to 63 characters: letters A to Z, digits, and _ . : / - after the first.';
	END IF;
	IF add_purpose.basis NOT IN ('consent', 'contract', 'legal_obligation',
			'vital_interests', 'public_task', 'legitimate_interests') THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('unknown basis "%s"', add_purpose.basis),
			HINT = 'Art. 6(1) knows consent, contract, legal_obligation, vital_interests, public_task and legitimate_interests.';
	END IF;
	IF add_purpose.minimum_age NOT BETWEEN 18 AND 150 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = format('minimum_age %s is out of range', add_purpose.minimum_age),
			HINT = 'It is between 18 and 150, since a child is never profiled.';
	END IF;
	PERFORM check_purpose(add_purpose.broader);
	BEGIN
		INSERT INTO purpose
			VALUES (add_purpose.name, add_purpose.broader, add_purpose.basis,
					add_purpose.direct_marketing, add_purpose.special_category,
					add_purpose.automated_decision, add_purpose.minimum_age,
					add_purpose.description);
	EXCEPTION WHEN unique_violation OR check_violation THEN
		-- The latter is the root, which cannot be beneath another.
		RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
			MESSAGE = format('purpose "%s" already exists', add_purpose.name);
	END;
END
$$;
COMMENT ON FUNCTION consent_profiling.add_purpose(text, text, text, boolean,
		boolean, boolean, integer, text) IS
	'adds a purpose beneath another; throws duplicate_object, undefined_object for the broader one, invalid_name, invalid_parameter_value';

CREATE FUNCTION consent_profiling.drop_purpose(name text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	used text;
BEGIN
	PERFORM refuse_null('name', drop_purpose.name IS NULL);
	-- An older snapshot does not see all that is in use.
	IF current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'purposes are dropped in READ COMMITTED transactions only';
	END IF;
	PERFORM check_purpose(drop_purpose.name);
	-- Nobody may begin to use it while this looks.
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	PERFORM FROM purpose WHERE name = drop_purpose.name FOR UPDATE;
	used := CASE
		WHEN drop_purpose.name = 'profiling' THEN 'It is the root of all purposes.'
		ELSE COALESCE(
			(SELECT format('Purpose "%s" is beneath it.', min(p.name))
				FROM purpose p WHERE p.broader = drop_purpose.name
				HAVING count(*) > 0),
			(SELECT format('It gates table %s.', min(t.relation::text))
				FROM protected_table t WHERE t.purpose = drop_purpose.name
				HAVING count(*) > 0),
			(SELECT 'Choices are recorded for it.'
				WHERE EXISTS (SELECT FROM choice c
							  WHERE c.purpose = drop_purpose.name)))
	END;
	IF used IS NOT NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = format('cannot drop purpose "%s" because it is in use',
							 drop_purpose.name),
			DETAIL = used;
	END IF;
	PERFORM drop_permission(NULL, drop_purpose.name);
	DELETE FROM purpose WHERE name = drop_purpose.name;
END
$$;
COMMENT ON FUNCTION consent_profiling.drop_purpose(text) IS
	'drops a purpose that nothing uses; throws undefined_object, dependent_objects_still_exist';

-- Who may profile for a purpose is kept by policies on the table "permission",
-- one for each purpose and role.  So PostgreSQL follows the rename of a role,
-- refuses to drop one that is still allowed something, and dumps each
-- permission by itself: in a cluster that lacks a role, what is restored is all
-- but that role's.  pg_dump leaves out the policies of an extension's own
-- tables; so this table is none, and is made when the first permission is.  What
-- an extension dropped before has left of it is not taken over.
DROP TABLE IF EXISTS consent_profiling.permission;

-- Internal: the policies that allow something: for which purpose, to which
-- role; 0 is PUBLIC.  No purpose is called "!profiling": that says that PUBLIC
-- may not use the root.
CREATE FUNCTION consent_profiling.permissions(
		OUT policy name, OUT purpose text, OUT role oid)
	RETURNS SETOF record
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT p.polname,
		   substring(pg_get_expr(p.polqual, p.polrelid)
					 FROM '^\(''([^'']+)''::text IS NULL\)$'),
		   r
		FROM pg_policy p, unnest(p.polroles) r
		WHERE p.polrelid = to_regclass('consent_profiling.permission')
$$;

-- Internal: oids of roles as a list for TO; 0 is PUBLIC, and stands alone.
CREATE FUNCTION consent_profiling.role_list(roles oid[])
	RETURNS text
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT CASE WHEN 0 = ANY (roles) THEN 'PUBLIC'
		ELSE (SELECT string_agg(quote_ident(pg_get_userbyid(r)), ', ')
			  FROM unnest(roles) r) END
$$;

-- Internal: the oid of a role, 0 for public.
CREATE FUNCTION consent_profiling.role_oid(role name)
	RETURNS oid
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	found_oid oid;
BEGIN
	IF role IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'role must not be null';
	END IF;
	IF role = 'public' THEN
		RETURN 0;
	END IF;
	SELECT oid INTO found_oid FROM pg_roles WHERE rolname = role;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('role "%s" does not exist', role);
	END IF;
	RETURN found_oid;
END
$$;

-- Internal: allow a role, 0 for PUBLIC, what it is not allowed yet.  The policy
-- lets nobody see anything; it only says for which purpose it is.
CREATE FUNCTION consent_profiling.add_permission(role oid, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	number integer := 1;
BEGIN
	PERFORM FROM permissions() p
		WHERE p.purpose = add_permission.purpose AND p.role = add_permission.role;
	IF FOUND THEN
		RETURN;
	END IF;
	IF to_regclass('consent_profiling.permission') IS NULL THEN
		CREATE TABLE consent_profiling.permission ();
		ALTER TABLE consent_profiling.permission ENABLE ROW LEVEL SECURITY;
		EXECUTE format('ALTER TABLE consent_profiling.permission OWNER TO %s',
					   (SELECT relowner::regrole FROM pg_class
						WHERE oid = 'consent_profiling.purpose'::regclass));
		COMMENT ON TABLE consent_profiling.permission IS
			'its policies say who may profile for what';
	END IF;
	WHILE EXISTS (SELECT FROM permissions() p
				  WHERE p.policy = format('%s %s', left(add_permission.purpose, 50),
										  number)) LOOP
		number := number + 1;
	END LOOP;
	EXECUTE format('CREATE POLICY %I ON consent_profiling.permission FOR SELECT TO %s USING (%L::text IS NULL)',
				   format('%s %s', left(add_permission.purpose, 50), number),
				   role_list(ARRAY[role]), add_permission.purpose);
END
$$;

-- Internal: take that back; with a null role, whoever it is.
CREATE FUNCTION consent_profiling.drop_permission(role oid, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	old name;
BEGIN
	FOR old IN
		SELECT DISTINCT p.policy FROM permissions() p
		WHERE p.purpose = drop_permission.purpose
			AND p.role = COALESCE(drop_permission.role, p.role) LOOP
		EXECUTE format('DROP POLICY %I ON consent_profiling.permission', old);
	END LOOP;
END
$$;

CREATE FUNCTION consent_profiling.allow_purpose(role name, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	added oid := role_oid(role);
BEGIN
	PERFORM check_purpose(allow_purpose.purpose);
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	IF added = 0 AND allow_purpose.purpose = 'profiling' THEN
		-- PUBLIC may use the root unless this says otherwise.
		PERFORM drop_permission(0, '!profiling');
	ELSE
		PERFORM add_permission(added, allow_purpose.purpose);
	END IF;
END
$$;
COMMENT ON FUNCTION consent_profiling.allow_purpose(name, text) IS
	'allows a role, or public, to profile for a purpose, not for those beneath it; throws undefined_object';

CREATE FUNCTION consent_profiling.disallow_purpose(role name, purpose text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	removed oid := role_oid(role);
BEGIN
	PERFORM check_purpose(disallow_purpose.purpose);
	LOCK TABLE purpose IN SHARE ROW EXCLUSIVE MODE;
	IF removed = 0 AND disallow_purpose.purpose = 'profiling' THEN
		-- For PUBLIC, since that is restored in every cluster.
		PERFORM add_permission(0, '!profiling');
	ELSE
		PERFORM drop_permission(removed, disallow_purpose.purpose);
	END IF;
END
$$;
COMMENT ON FUNCTION consent_profiling.disallow_purpose(name, text) IS
	'takes back what allow_purpose() allowed; harmless where nothing was; throws undefined_object';

-- Internal: the functions that a duty is about.
CREATE FUNCTION consent_profiling.duty_functions(duty text)
	RETURNS SETOF regprocedure
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	names name[];
BEGIN
	PERFORM refuse_null('duty', duty IS NULL);
	names := CASE duty
		WHEN 'recorder' THEN ARRAY[
			'register_subject', 'rectify_birth_date', 'give_consent',
			'request_consent', 'refuse_consent', 'withdraw_consent',
			'raise_objection', 'withdraw_objection', 'import_subjects',
			'import_consents', 'import_objections',
			-- what these call with the recorder's own rights
			'import_subjects_batch', 'import_consents_batch',
			'import_objections_batch', 'load_tracked', 'sync_subjects_batch',
			'track_subject_change']
		WHEN 'officer' THEN ARRAY[
			'uphold_objection', 'override_objection', 'restrict_subject',
			'lift_restriction', 'erase_subject', 'verdict_of',
			'explain_verdict']
		END;
	IF names IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('duty "%s" does not exist', duty),
			HINT = 'The duties are recorder and officer.';
	END IF;
	RETURN QUERY SELECT p.oid::regprocedure FROM pg_proc p
		WHERE p.pronamespace = 'consent_profiling'::regnamespace
			AND p.proname = ANY (names);
END
$$;

-- Internal: a duty belongs to named roles; with PUBLIC everybody would have it.
CREATE FUNCTION consent_profiling.duty_holder(role name)
	RETURNS text
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF role_oid(role) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_grant_operation',
			MESSAGE = 'public cannot have a duty';
	END IF;
	RETURN quote_ident(role);
END
$$;

CREATE FUNCTION consent_profiling.grant_duty(role name, duty text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	holder text := duty_holder(role);
	func regprocedure;
BEGIN
	FOR func IN SELECT * FROM duty_functions(duty) LOOP
		EXECUTE format('GRANT EXECUTE ON FUNCTION %s TO %s', func, holder);
	END LOOP;
	IF duty = 'officer' THEN
		EXECUTE format('GRANT SELECT ON consent_profiling.event TO %s', holder);
	END IF;
END
$$;
COMMENT ON FUNCTION consent_profiling.grant_duty(name, text) IS
	'grants a role the duty of a recorder (records choices) or an officer (decides on objections, restricts, erases, explains, reads the history); throws undefined_object, invalid_grant_operation for public';

CREATE FUNCTION consent_profiling.revoke_duty(role name, duty text)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	holder text := duty_holder(role);
	func regprocedure;
BEGIN
	FOR func IN SELECT * FROM duty_functions(duty) LOOP
		EXECUTE format('REVOKE EXECUTE ON FUNCTION %s FROM %s', func, holder);
	END LOOP;
	IF duty = 'officer' THEN
		EXECUTE format('REVOKE SELECT ON consent_profiling.event FROM %s', holder);
	END IF;
END
$$;
COMMENT ON FUNCTION consent_profiling.revoke_duty(name, text) IS
	'takes a duty back; throws undefined_object, invalid_grant_operation for public';

REVOKE EXECUTE ON FUNCTION
	consent_profiling.add_purpose(text, text, text, boolean, boolean, boolean,
		integer, text),
	consent_profiling.drop_purpose(text),
	consent_profiling.permissions(),
	consent_profiling.add_permission(oid, text),
	consent_profiling.drop_permission(oid, text),
	consent_profiling.allow_purpose(name, text),
	consent_profiling.disallow_purpose(name, text),
	consent_profiling.duty_functions(text),
	consent_profiling.duty_holder(name),
	consent_profiling.grant_duty(name, text),
	consent_profiling.revoke_duty(name, text)
	FROM PUBLIC;

---------------------------------------------------------------------
-- Protect
---------------------------------------------------------------------

-- The policies in the catalogue are the only list of protected tables there
-- is.  A gate is a RESTRICTIVE policy whose name begins with
-- "consent_profiling_" and that calls may_profile(); what it gates by is read
-- from its dependencies, which follow every rename.  Every gated role has a
-- policy of its own: where a dump is restored and one of the roles is missing,
-- the others stay gated.

-- Internal: what every new permissive policy asks.  It is always true; it is
-- there for the policy to depend on the extension, so that DROP EXTENSION ...
-- CASCADE takes the permission along with the gate and leaves a closed table.
CREATE FUNCTION consent_profiling.ungated()
	RETURNS boolean
	LANGUAGE sql IMMUTABLE CALLED ON NULL INPUT PARALLEL SAFE
	RETURN true;

-- Internal: the type beneath all domains.
CREATE FUNCTION consent_profiling.base_type(type oid)
	RETURNS oid AS 'MODULE_PATHNAME', 'consent_profiling_base_type'
	LANGUAGE C STABLE STRICT PARALLEL SAFE;

-- Internal: the column of a type that a policy reads; with a null type, the
-- only column that it reads.
CREATE FUNCTION consent_profiling.gate_column(policy oid, relation oid, type oid)
	RETURNS name
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT a.attname
		FROM pg_depend d
			JOIN pg_attribute a
				ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
		WHERE d.classid = 'pg_policy'::regclass
			AND d.objid = policy
			AND d.refclassid = 'pg_class'::regclass
			AND d.refobjid = relation
			AND d.refobjsubid > 0
			AND (type IS NULL OR base_type(a.atttypid) = type)
$$;

-- Internal: does a policy depend on a function of ours of this name?  With a
-- null name, on any.
CREATE FUNCTION consent_profiling.policy_calls(policy oid, function name,
		arguments integer DEFAULT NULL)
	RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT EXISTS (
		SELECT FROM pg_depend d JOIN pg_proc p ON p.oid = d.refobjid
			WHERE d.classid = 'pg_policy'::regclass
				AND d.objid = policy
				AND d.refclassid = 'pg_proc'::regclass
				AND p.pronamespace = 'consent_profiling'::regnamespace
				AND (function IS NULL OR p.proname = function)
				AND (arguments IS NULL OR p.pronargs = arguments))
$$;

-- Internal: the gates as add_gate() makes them.
CREATE VIEW consent_profiling.gate AS
	SELECT pol.polrelid::pg_catalog.regclass AS relation,
		pol.polname AS policy,
		k.column_mode,
		k.columns,
		pol.polroles AS roles,
		CASE WHEN NOT k.column_mode THEN
			pg_catalog.substring(
				pg_catalog.pg_get_expr(pol.polqual, pol.polrelid),
				', ''([^'']+)''::(?:"?pg_catalog"?\.)?(?:text|"text")\)$') END AS purpose
	FROM pg_catalog.pg_policy pol
		CROSS JOIN LATERAL (
			SELECT m.column_mode,
				CASE WHEN m.column_mode THEN ARRAY[
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'pg_catalog.date'::pg_catalog.regtype),
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'consent_profiling.consent'::pg_catalog.regtype),
					consent_profiling.gate_column(pol.oid, pol.polrelid,
						'consent_profiling.objection'::pg_catalog.regtype)]
				ELSE ARRAY[
					consent_profiling.gate_column(pol.oid, pol.polrelid, NULL)]
				END AS columns
			FROM consent_profiling.policy_calls(pol.oid, 'may_profile', 3)
				AS m (column_mode)) k
	WHERE NOT pol.polpermissive
		AND pol.polname LIKE 'consent\_profiling\_%'
		AND consent_profiling.policy_calls(pol.oid, 'may_profile');
GRANT SELECT ON consent_profiling.gate TO PUBLIC;

CREATE VIEW consent_profiling.protected_table AS
	SELECT g.relation,
		CASE WHEN NOT g.column_mode THEN g.columns[1] END AS subject_column,
		g.purpose,
		pg_catalog.array_agg(n.name ORDER BY n.name) AS roles,
		CASE WHEN g.column_mode THEN g.columns[1] END AS birth_date_column,
		CASE WHEN g.column_mode THEN g.columns[2] END AS consent_column,
		CASE WHEN g.column_mode THEN g.columns[3] END AS objection_column
	FROM consent_profiling.gate g
		CROSS JOIN LATERAL (
			SELECT CASE WHEN u.role = 0 THEN 'public'
				ELSE pg_catalog.pg_get_userbyid(u.role) END
				FROM pg_catalog.unnest(g.roles) AS u (role)) AS n (name)
	GROUP BY g.relation, g.column_mode, g.columns, g.purpose;
COMMENT ON VIEW consent_profiling.protected_table IS
	'the gates on tables: by which column, for which purpose (null: the session''s) and for which roles; or by which three columns in column mode';
GRANT SELECT ON consent_profiling.protected_table TO PUBLIC;

-- Internal: a relation and all partitions and children of it.
CREATE FUNCTION consent_profiling.with_descendants(relation regclass)
	RETURNS SETOF regclass
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	WITH RECURSIVE down AS (
		SELECT relation::oid AS relid
		UNION
		SELECT i.inhrelid FROM down JOIN pg_inherits i ON i.inhparent = down.relid
	)
	SELECT relid::regclass FROM down
$$;

-- Internal: complain about a relation that cannot be gated, and say what to do
-- instead.
CREATE FUNCTION consent_profiling.check_relation(relation regclass)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	class pg_class;
BEGIN
	IF relation IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'relation must not be null';
	END IF;
	SELECT * INTO class FROM pg_class WHERE oid = relation;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_table',
			MESSAGE = format('relation with OID %s does not exist', relation::oid);
	END IF;
	IF class.relkind NOT IN ('r', 'p') THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = CASE class.relkind
				WHEN 'v' THEN format('%s is a view', relation)
				WHEN 'm' THEN format('%s is a materialized view', relation)
				WHEN 'f' THEN format('%s is a foreign table', relation)
				ELSE format('%s is not a table', relation) END,
			HINT = CASE class.relkind
				WHEN 'v' THEN 'Protect the tables beneath it, and let it ask with the reader''s rights: ALTER VIEW ... SET (security_invoker = true).'
				WHEN 'm' THEN 'Row security does not cover it. Let those who profile read the protected tables themselves, or fill an ordinary table and protect that.'
				WHEN 'f' THEN 'Row security does not cover it. Protect the table on the remote server, or fill an ordinary table and protect that.'
				ELSE 'Only ordinary and partitioned tables can be protected.' END;
	END IF;
	IF class.relnamespace IN ('pg_catalog'::regnamespace,
							  'pg_toast'::regnamespace)
		OR relation::oid < 16384 THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is a system table', relation),
			HINT = 'Only tables that hold people''s data can be protected.';
	END IF;
	IF class.relnamespace = 'consent_profiling'::regnamespace THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s belongs to the registry', relation),
			HINT = 'The registry is closed to everybody but its owner anyway.';
	END IF;
END
$$;

-- Internal: complain about a column that the gate cannot go by.
CREATE FUNCTION consent_profiling.check_column(relation regclass,
		argument text, column_name name, types oid[], expected text)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	type oid;
BEGIN
	IF column_name IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = format('%s must not be null', argument);
	END IF;
	SELECT atttypid INTO type FROM pg_attribute
		WHERE attrelid = relation AND attname = column_name
			AND attnum > 0 AND NOT attisdropped;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_column',
			MESSAGE = format('column "%s" of relation %s does not exist',
							 column_name, relation);
	END IF;
	IF base_type(type) <> ALL (types) THEN
		RAISE EXCEPTION USING ERRCODE = 'datatype_mismatch',
			MESSAGE = format('column "%s" of relation %s is of type %s',
							 column_name, relation, format_type(type, NULL)),
			HINT = format('%s must be of type %s.', argument, expected);
	END IF;
END
$$;

-- Internal: the types that identify a subject.
CREATE FUNCTION consent_profiling.subject_types()
	RETURNS oid[]
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT ARRAY['int2', 'int4', 'int8', 'uuid', 'text', 'varchar', 'bpchar',
				 'consent_profiling.subject_id']::regtype[]::oid[]
$$;

-- Internal: is this owner one of those whom the roles gate?  0 is PUBLIC.
CREATE FUNCTION consent_profiling.owner_is_gated(owner oid, roles oid[])
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	-- A superuser counts as a member of every role, which is not meant here.
	SELECT bool_or(r = 0 OR r = owner
				   OR (NOT o.rolsuper AND pg_has_role(owner, r, 'USAGE')))
		FROM pg_roles o, unnest(roles) r
		WHERE o.oid = owner
$$;

-- Internal: lock a relation that is about to be gated or opened, with a clear
-- word for those who may not.
CREATE FUNCTION consent_profiling.lock_relation(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM check_relation(relation);
	IF NOT (SELECT pg_has_role(relowner, 'USAGE') FROM pg_class
			WHERE oid = relation) THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('must be owner of table %s', relation);
	END IF;
	EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', relation);
END
$$;

-- Internal: may the transaction's snapshot be older than the catalogue?
CREATE FUNCTION consent_profiling.keeps_snapshot()
	RETURNS boolean
	LANGUAGE sql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted')
$$;

-- Internal: a relation with its descendants, locked, all fit to be gated.
-- What the catalogue says of them must be what it says now, and not what it
-- said when a transaction began.
CREATE FUNCTION consent_profiling.lock_family(relation regclass)
	RETURNS SETOF regclass
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[] := '{}';
	member regclass;
BEGIN
	IF keeps_snapshot() THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'tables are protected and unprotected in READ COMMITTED transactions only';
	END IF;
	PERFORM check_relation(relation);
	PERFORM lock_relation(relation);

	-- While this waits for the lock on one member, others may be added beneath.
	LOOP
		SELECT d INTO member FROM with_descendants(relation) d
			WHERE d <> ALL (family) LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM lock_relation(member);
		family := family || member;
		RETURN NEXT member;
	END LOOP;
END
$$;

-- Internal: make the policies of a gate on one relation: by its subject column,
-- or by its three columns in column mode.
CREATE FUNCTION consent_profiling.add_gate(relation regclass, columns name[],
		purpose text, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	stem text := 'consent_profiling_' || columns[1];
	role oid;
	new name;
	suffix integer;
BEGIN
	-- Leave room for the suffix, so that it is not what is cut off.
	WHILE octet_length(stem) > 58 LOOP
		stem := left(stem, -1);
	END LOOP;

	-- Restrictive policies alone show nothing.
	IF NOT (SELECT relrowsecurity FROM pg_class WHERE oid = relation) AND
		NOT EXISTS (SELECT FROM pg_policy p
					WHERE p.polrelid = relation
						AND policy_calls(p.oid, 'ungated')) THEN
		IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = relation) THEN
			RAISE NOTICE 'policies that % already had come into force', relation;
		END IF;
		EXECUTE format('CREATE POLICY consent_profiling_ungated ON %s AS PERMISSIVE FOR ALL TO PUBLIC USING (consent_profiling.ungated())',
					   relation);
	END IF;

	FOREACH role IN ARRAY roles LOOP
		new := stem;
		suffix := 1;
		-- Two names are for other policies of ours, now or later.
		WHILE new IN ('consent_profiling_ungated', 'consent_profiling_closed')
			OR EXISTS (SELECT FROM pg_policy
					   WHERE polrelid = relation AND polname = new) LOOP
			suffix := suffix + 1;
			new := stem || '_' || suffix;
		END LOOP;
		EXECUTE format('CREATE POLICY %I ON %s AS RESTRICTIVE FOR ALL TO %s USING (consent_profiling.may_profile(%s))',
					   new, relation, role_list(ARRAY[role]),
					   (SELECT string_agg(quote_ident(c), ', ' ORDER BY n)
						FROM unnest(columns) WITH ORDINALITY AS u (c, n))
					   || COALESCE(', ' || quote_literal(add_gate.purpose), ''));
	END LOOP;
END
$$;

-- Internal: put a gate on a relation and all beneath it, in place of the one
-- by the same columns.  Beneath it only the gates that came from there are
-- replaced; a partition may have others of its own.
CREATE FUNCTION consent_profiling.gate_family(relation regclass,
		columns name[], purpose text, roles oid[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[];
	member regclass;
	old record;
BEGIN
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	FOR old IN
		SELECT c.relation, c.policy
		FROM gate t JOIN gate c
			ON c.columns = t.columns
			AND c.roles = t.roles
			AND c.purpose IS NOT DISTINCT FROM t.purpose
		WHERE t.relation = gate_family.relation
			AND t.columns = gate_family.columns
			AND c.relation = ANY (family) LOOP
		EXECUTE format('DROP POLICY IF EXISTS %I ON %s', old.policy, old.relation);
	END LOOP;

	FOREACH member IN ARRAY family LOOP
		PERFORM add_gate(member, columns, gate_family.purpose, roles);
	END LOOP;
	PERFORM gate_children(ARRAY[relation]);
END
$$;

-- Internal: switch row security on, and FORCE it exactly when the owner is
-- among the gated roles.  Where the table had row security before, FORCE may
-- be somebody else's, so that it is only ever added.
CREATE FUNCTION consent_profiling.switch_on(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	class pg_class;
	gated boolean;
	ours boolean;
BEGIN
	SELECT * INTO class FROM pg_class WHERE oid = relation;
	gated := EXISTS (SELECT FROM gate g
					 WHERE g.relation = switch_on.relation
						 AND owner_is_gated(class.relowner, g.roles));
	ours := EXISTS (SELECT FROM pg_policy p
					WHERE p.polrelid = class.oid
						AND policy_calls(p.oid, 'ungated'));
	IF NOT class.relrowsecurity THEN
		EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', relation);
	END IF;
	IF gated AND NOT class.relforcerowsecurity THEN
		EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', relation);
	ELSIF class.relforcerowsecurity AND ours AND NOT gated THEN
		EXECUTE format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', relation);
	END IF;
END
$$;

-- Internal: the roles of protect() as oids.
CREATE FUNCTION consent_profiling.gated_roles(roles name[])
	RETURNS oid[]
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	IF roles IS NULL THEN
		RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
			MESSAGE = 'roles must not be null',
			HINT = 'Name the roles that profile, or ''{public}'' for everybody.';
	END IF;
	IF cardinality(roles) = 0 THEN
		RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
			MESSAGE = 'roles must not be empty',
			HINT = 'Name the roles that profile, or ''{public}'' for everybody.';
	END IF;
	RETURN (SELECT CASE WHEN 0 = ANY (array_agg(o)) THEN '{0}'
				ELSE array_agg(DISTINCT o) END
			FROM unnest(roles) r, role_oid(r) o);
END
$$;

CREATE FUNCTION consent_profiling.protect(relation regclass,
		subject_column name, roles name[], purpose text DEFAULT NULL)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	gated oid[] := gated_roles(roles);
BEGIN
	PERFORM check_relation(relation);
	PERFORM check_column(relation, 'subject_column', subject_column,
						 subject_types(),
						 'smallint, integer, bigint, uuid, text, varchar or consent_profiling.subject_id');
	IF protect.purpose IS NOT NULL AND NOT purpose_exists(protect.purpose) THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('purpose "%s" does not exist', protect.purpose);
	END IF;
	PERFORM gate_family(relation, ARRAY[subject_column], protect.purpose, gated);
END
$$;
COMMENT ON FUNCTION consent_profiling.protect(regclass, name, name[], text) IS
	'gates a table by the subject in a column: the roles, or public, no longer see or write rows of people who may not be profiled for the purpose (default: the session''s); covers partitions and children; calling again replaces; throws wrong_object_type, undefined_column, datatype_mismatch, undefined_object, insufficient_privilege';

CREATE FUNCTION consent_profiling.protect_columns(relation regclass,
		birth_date_column name, consent_column name, objection_column name,
		roles name[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	gated oid[] := gated_roles(roles);
BEGIN
	PERFORM check_relation(relation);
	PERFORM check_column(relation, 'birth_date_column', birth_date_column,
						 ARRAY['date'::regtype]::oid[], 'date');
	PERFORM check_column(relation, 'consent_column', consent_column,
						 ARRAY['consent_profiling.consent'::regtype]::oid[],
						 'consent_profiling.consent');
	PERFORM check_column(relation, 'objection_column', objection_column,
						 ARRAY['consent_profiling.objection'::regtype]::oid[],
						 'consent_profiling.objection');
	PERFORM gate_family(relation,
						ARRAY[birth_date_column, consent_column, objection_column],
						NULL, gated);
END
$$;
COMMENT ON FUNCTION consent_profiling.protect_columns(regclass, name, name,
		name, name[]) IS
	'gates a table that carries birth date, consent and objection itself, by the rules of the root purpose; otherwise as protect()';

CREATE FUNCTION consent_profiling.unprotect(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	family regclass[];
	opened regclass[];
	member regclass;
	old record;
	parent regclass;
BEGIN
	SELECT array_agg(f) INTO family FROM lock_family(relation) f;
	SELECT g.relation INTO parent
		FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent
		WHERE i.inhrelid = unprotect.relation LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'object_not_in_prerequisite_state',
			MESSAGE = format('%s is protected as part of %s', relation, parent),
			HINT = format('Unprotect %s, or detach this table from it first.', parent);
	END IF;

	SELECT array_agg(DISTINCT p.polrelid::regclass) INTO opened
		FROM pg_policy p
		WHERE p.polrelid = ANY (family) AND policy_calls(p.oid, 'ungated');
	FOR old IN
		SELECT g.relation, g.policy FROM gate g WHERE g.relation = ANY (family)
		UNION
		SELECT p.polrelid::regclass, p.polname FROM pg_policy p
			WHERE p.polrelid = ANY (family) AND policy_calls(p.oid, 'ungated') LOOP
		EXECUTE format('DROP POLICY %I ON %s', old.policy, old.relation);
	END LOOP;

	-- Row security goes only where protect() brought it, and nobody has come
	-- to rely on it since.
	FOREACH member IN ARRAY COALESCE(opened, '{}') LOOP
		IF EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = member) THEN
			RAISE NOTICE 'row security of % stays on for its other policies', member;
		ELSE
			EXECUTE format('ALTER TABLE %s DISABLE ROW LEVEL SECURITY, NO FORCE ROW LEVEL SECURITY',
						   member);
		END IF;
	END LOOP;

	-- What else a child is beneath may still be protected.
	PERFORM gate_children(family);
END
$$;
COMMENT ON FUNCTION consent_profiling.unprotect(regclass) IS
	'takes every gate off a table, its partitions and children, and switches row security off where protect() had switched it on; harmless on a table without one; throws wrong_object_type, insufficient_privilege';

-- Internal: does this purpose exist?  Callable by every owner of a table, so
-- it reads with the rights of the owner of the extension.
CREATE FUNCTION consent_profiling.purpose_exists(purpose text)
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM purpose p WHERE p.name = purpose_exists.purpose)
$$;

-- Internal: the partitions and children of a relation, itself included, and
-- the policies on it, as they are at this moment, whatever the snapshot of the
-- transaction; both in order.
CREATE FUNCTION consent_profiling.descendants_now(relation oid)
	RETURNS oid[] AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;
CREATE FUNCTION consent_profiling.policies_now(relation oid)
	RETURNS oid[] AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL SAFE;

-- Internal: may this command be the reason why a gate is missing, or why row
-- security or FORCE is not as it should be?  Everything else is left alone;
-- above all what pg_restore does, which brings gates and switches one by one.
CREATE FUNCTION consent_profiling.concerns_gates(command pg_ddl_command)
	RETURNS boolean AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE STRICT PARALLEL UNSAFE;

-- Internal: give the descendants of these relations the gates of what they are
-- beneath, and see to the switches.
CREATE FUNCTION consent_profiling.gate_children(relations regclass[])
	RETURNS void
	LANGUAGE plpgsql VOLATILE STRICT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	member regclass;
	missing record;
BEGIN
	-- Until nothing is missing, since what a child is given its own children
	-- need as well.
	LOOP
		SELECT i.inhrelid::regclass AS relation, g.columns, g.purpose, g.roles
			INTO missing
			FROM pg_inherits i JOIN gate g ON g.relation = i.inhparent
			WHERE i.inhrelid IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d)
				AND NOT EXISTS (
					SELECT FROM gate c
					WHERE c.relation = i.inhrelid
						AND c.columns = g.columns
						AND c.roles = g.roles
						AND c.purpose IS NOT DISTINCT FROM g.purpose)
			LIMIT 1;
		EXIT WHEN NOT FOUND;
		PERFORM check_relation(missing.relation);
		PERFORM add_gate(missing.relation, missing.columns, missing.purpose,
						 missing.roles);
	END LOOP;

	FOR member IN SELECT DISTINCT g.relation FROM gate g
			WHERE g.relation IN (SELECT d FROM unnest(relations) r,
									 with_descendants(r) d) LOOP
		PERFORM switch_on(member);
	END LOOP;
END
$$;

-- A table that becomes a partition or a child of a protected table is
-- protected too, or else does not become one.  So is FORCE kept right when a
-- table changes hands, and row security on as long as there is a gate.
CREATE FUNCTION consent_profiling.gate_descendants()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	touched regclass[];
BEGIN
	SELECT array_agg(DISTINCT c.objid::regclass) INTO touched
		FROM pg_event_trigger_ddl_commands() c
		WHERE c.classid = 'pg_class'::regclass
			AND c.object_type IN ('table', 'foreign table')
			AND concerns_gates(c.command);
	IF touched IS NULL THEN
		RETURN;
	END IF;

	-- A gate or a child that this transaction's snapshot is too old to see is
	-- no less a gate or a child.
	IF keeps_snapshot()
		AND (EXISTS (SELECT FROM unnest(touched) t
					 WHERE descendants_now(t)
						 <> ARRAY(SELECT d::oid FROM with_descendants(t) d
								  ORDER BY 1))
			 OR EXISTS (SELECT FROM unnest(touched) t, with_descendants(t) d
							JOIN pg_inherits i ON i.inhrelid = d
						WHERE policies_now(i.inhparent)
							<> ARRAY(SELECT p.oid FROM pg_policy p
									 WHERE p.polrelid = i.inhparent
									 ORDER BY 1))) THEN
		RAISE EXCEPTION USING ERRCODE = 'serialization_failure',
			MESSAGE = 'could not serialize access due to concurrent protection of a parent table';
	END IF;

	PERFORM gate_children(touched);
END
$$;

CREATE EVENT TRIGGER consent_profiling_gate_descendants ON ddl_command_end
	WHEN TAG IN ('CREATE TABLE', 'CREATE FOREIGN TABLE', 'CREATE SCHEMA',
				 'ALTER TABLE', 'ALTER FOREIGN TABLE')
	EXECUTE FUNCTION consent_profiling.gate_descendants();
-- Replication applies no DDL, but a replica-role session may run some.
ALTER EVENT TRIGGER consent_profiling_gate_descendants ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_gate_descendants IS
	'protects new partitions and children of protected tables';

-- Dropping the extension takes the gates along.  A table with permissive
-- policies of its own would then lie open, so it is closed beforehand by a
-- policy that does not depend on the extension.
CREATE FUNCTION consent_profiling.close_before_drop()
	RETURNS event_trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: the same, said in SQL.
CREATE FUNCTION consent_profiling.close_protected()
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	t record;
BEGIN
	IF keeps_snapshot() THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'the extension is dropped in READ COMMITTED transactions only';
	END IF;
	FOR t IN
		SELECT p.polrelid::regclass AS relation,
			   (SELECT array_agg(DISTINCT r)
				FROM pg_policy g, unnest(g.polroles) r
				WHERE g.polrelid = p.polrelid AND NOT g.polpermissive
					AND policy_calls(g.oid, NULL)) AS roles
		FROM pg_policy p
		WHERE NOT p.polpermissive AND policy_calls(p.oid, NULL)
		GROUP BY p.polrelid
		HAVING EXISTS (SELECT FROM pg_policy o
					   WHERE o.polrelid = p.polrelid AND o.polpermissive
						   AND NOT policy_calls(o.oid, NULL))
			AND NOT EXISTS (SELECT FROM pg_policy o
							WHERE o.polrelid = p.polrelid
								AND o.polname = 'consent_profiling_closed') LOOP
		EXECUTE format('CREATE POLICY consent_profiling_closed ON %s AS RESTRICTIVE FOR ALL TO %s USING (false)',
					   t.relation, role_list(t.roles));
		RAISE WARNING 'table % is closed to the roles that were gated', t.relation
			USING HINT = 'Drop its policy consent_profiling_closed when you have seen to them otherwise.';
	END LOOP;
END
$$;

-- Internal: does DROP OWNED BY one of these roles take the extension along?
CREATE FUNCTION consent_profiling.extension_owned_by(roles oid[])
	RETURNS boolean
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT EXISTS (SELECT FROM pg_extension
				   WHERE extname IN ('consent_profiling', 'plpgsql')
					   AND extowner = ANY (roles))
		OR EXISTS (SELECT FROM pg_namespace
				   WHERE nspname = 'consent_profiling' AND nspowner = ANY (roles))
$$;

CREATE EVENT TRIGGER consent_profiling_close_before_drop ON ddl_command_start
	WHEN TAG IN ('DROP EXTENSION', 'DROP SCHEMA', 'DROP OWNED')
	EXECUTE FUNCTION consent_profiling.close_before_drop();
ALTER EVENT TRIGGER consent_profiling_close_before_drop ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_close_before_drop IS
	'keeps tables closed when the extension is dropped';

-- A policy goes along when a column that it reads is dropped with CASCADE, by
-- name or with its type, or when a gated role disowns everything.  Without the
-- gate the rows would be seen.
CREATE FUNCTION consent_profiling.keep_gates()
	RETURNS event_trigger
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	lost record;
BEGIN
	SELECT p.address_names[1] AS schema, p.address_names[2] AS relation
		INTO lost
		FROM pg_event_trigger_dropped_objects() p
		WHERE p.object_type = 'policy'
			-- Newer servers let a role drop the policies that are for it alone.
			AND (NOT p.original
				 OR (TG_TAG = 'DROP OWNED'
					 AND NOT (SELECT pg_has_role(c.relowner, 'USAGE')
							  FROM pg_class c
							  WHERE c.oid = to_regclass(format('%I.%I',
								p.address_names[1], p.address_names[2])))))
			AND p.address_names[3] LIKE 'consent\_profiling\_%'
			AND NOT EXISTS (
				SELECT FROM pg_event_trigger_dropped_objects() t
				WHERE t.classid = 'pg_class'::regclass AND t.objsubid = 0
					AND t.address_names = p.address_names[1:2])
		LIMIT 1;
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'dependent_objects_still_exist',
			MESSAGE = format('cannot drop what the gate on %I.%I reads',
							 lost.schema, lost.relation),
			HINT = 'Call consent_profiling.unprotect() first.';
	END IF;
END
$$;

CREATE EVENT TRIGGER consent_profiling_keep_gates ON sql_drop
	EXECUTE FUNCTION consent_profiling.keep_gates();
ALTER EVENT TRIGGER consent_profiling_keep_gates ENABLE ALWAYS;
COMMENT ON EVENT TRIGGER consent_profiling_keep_gates IS
	'keeps the columns by which protected tables are gated';

---------------------------------------------------------------------
-- Keep the registry in step with a table
---------------------------------------------------------------------

-- The trigger writes with the rights of the owner of the extension, whoever
-- changes the table.  Its columns are those of UPDATE OF, in that order, so
-- they follow a rename.
CREATE FUNCTION consent_profiling.track_subject_change()
	RETURNS trigger AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp;

-- Internal: let the registry say of subjects what the tracked table says.
-- Returns what is wrong with which rows, as the imports do.
CREATE FUNCTION consent_profiling.sync_subjects_batch(first_row bigint,
		subjects text[], birth_dates date[])
	RETURNS text[]
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
	SET enable_seqscan = off SET jit = off
AS $$
DECLARE
	at timestamptz := clock_timestamp();
	problems text[];
BEGIN
	PERFORM check_batch(first_row, cardinality(subjects),
						cardinality(birth_dates));
	problems := subject_rows_problems(first_row, subjects, birth_dates);
	IF problems IS NULL THEN
		SELECT array_agg(format('subject %s has more than one birth date', i.id)
						 ORDER BY i.id)
			INTO problems
			FROM (SELECT u.subject::subject_id AS id
				  FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
				  GROUP BY 1
				  HAVING count(DISTINCT u.birth_date) > 1) i
			WHERE NOT EXISTS (SELECT FROM subject s
							  WHERE s.id = i.id AND s.erased_at IS NOT NULL);
	END IF;
	IF problems IS NOT NULL THEN
		RETURN problems;
	END IF;

	WITH written AS (
		INSERT INTO subject AS s (id, birth_date, registered_at)
			SELECT u.subject::subject_id, max(u.birth_date), at
				FROM unnest(subjects, birth_dates) AS u (subject, birth_date)
				GROUP BY 1 ORDER BY 1
			ON CONFLICT (id) DO UPDATE SET birth_date = excluded.birth_date
				WHERE s.erased_at IS NULL
					AND s.birth_date IS DISTINCT FROM excluded.birth_date
			RETURNING s.id, s.birth_date
	)
	INSERT INTO event (act, subject, at, recorded_at, session_role, caller,
					   actor, birth_date)
		SELECT 'track_subjects', w.id, at, clock_timestamp(), session_user,
			   caller_role(), recorded_actor(), w.birth_date
			FROM written w ORDER BY w.id;
	RETURN NULL;
END
$$;

-- Internal: the load with which track_subjects() begins.
CREATE FUNCTION consent_profiling.load_tracked(query text)
	RETURNS bigint AS 'MODULE_PATHNAME'
	LANGUAGE C VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE;

-- Internal: complain about a relation that cannot be tracked, or not by this
-- role.
CREATE FUNCTION consent_profiling.check_tracked(relation regclass)
	RETURNS void
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
BEGIN
	PERFORM FROM pg_class WHERE oid = relation AND relkind NOT IN ('r', 'p');
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'wrong_object_type',
			MESSAGE = format('%s is not a table', relation),
			HINT = 'What keeps the registry in step is a trigger on the table itself.';
	END IF;
	PERFORM check_relation(relation);
	PERFORM FROM pg_class
		WHERE oid = relation AND NOT pg_has_role(relowner, 'USAGE');
	IF FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = format('must be owner of table %s', relation);
	END IF;
END
$$;

CREATE FUNCTION consent_profiling.track_subjects(relation regclass,
		subject_column name, birth_date_column name)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
	-- An owner whom row security hides rows from gets an error, and not a part.
	SET row_security = off
AS $$
BEGIN
	-- Who may not record must not get around that with a table of his own.
	IF NOT has_function_privilege('consent_profiling.track_subject_change()',
								  'EXECUTE') THEN
		RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
			MESSAGE = 'only a recorder can let a table keep the registry in step',
			HINT = 'An administrator can grant the duty with consent_profiling.grant_duty().';
	END IF;
	-- Between a snapshot and the trigger changes could slip through.
	IF current_setting('transaction_isolation')
		NOT IN ('read committed', 'read uncommitted') THEN
		RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
			MESSAGE = 'tables are tracked in READ COMMITTED transactions only';
	END IF;
	PERFORM check_tracked(relation);
	PERFORM check_column(relation, 'subject_column', subject_column,
						 subject_types(),
						 'smallint, integer, bigint, uuid, text, varchar or consent_profiling.subject_id');
	PERFORM check_column(relation, 'birth_date_column', birth_date_column,
						 ARRAY['date'::regtype]::oid[], 'date');
	PERFORM untrack_subjects(relation);
	EXECUTE format('CREATE TRIGGER consent_profiling_track_subjects AFTER INSERT OR UPDATE OF %I, %I ON %s FOR EACH ROW EXECUTE FUNCTION consent_profiling.track_subject_change()',
				   subject_column, birth_date_column, relation);
	-- Also where changes arrive by logical replication.
	EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER consent_profiling_track_subjects',
				   relation);
	PERFORM load_tracked(format('SELECT %1$I AS subject, %2$I AS birth_date FROM %3$s WHERE %1$I IS NOT NULL',
								subject_column, birth_date_column, relation));
END
$$;
COMMENT ON FUNCTION consent_profiling.track_subjects(regclass, name, name) IS
	'registers everybody in a table and keeps their birth dates in step with it by a trigger; called by a recorder who owns the table; throws wrong_object_type, undefined_column, datatype_mismatch, insufficient_privilege';

CREATE FUNCTION consent_profiling.untrack_subjects(relation regclass)
	RETURNS void
	LANGUAGE plpgsql VOLATILE CALLED ON NULL INPUT PARALLEL UNSAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
DECLARE
	tracker name;
BEGIN
	PERFORM check_tracked(relation);
	FOR tracker IN SELECT tgname FROM pg_trigger
			WHERE tgrelid = relation AND tgparentid = 0
				AND tgfoid = 'consent_profiling.track_subject_change()'::regprocedure LOOP
		EXECUTE format('DROP TRIGGER %I ON %s', tracker, relation);
	END LOOP;
END
$$;
COMMENT ON FUNCTION consent_profiling.untrack_subjects(regclass) IS
	'ends what track_subjects() began; the subjects stay registered; harmless on a table not tracked; throws wrong_object_type, insufficient_privilege';

REVOKE EXECUTE ON FUNCTION
	consent_profiling.track_subject_change(),
	consent_profiling.sync_subjects_batch(bigint, text[], date[]),
	consent_profiling.load_tracked(text)
	FROM PUBLIC;
