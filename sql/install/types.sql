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
