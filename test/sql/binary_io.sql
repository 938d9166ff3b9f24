-- The binary formats, as they come back, and as somebody else might send them
SET search_path = public, consent_profiling;
SET client_min_messages = warning;
-- the context of an error would name the file
\set SHOW_CONTEXT never

SELECT current_setting('data_directory') || '/regress_binary_io' AS file \gset
SELECT set_config('regress.file', :'file', false) IS NOT NULL AS set;

CREATE TABLE binary_subject_id (v subject_id);
CREATE TABLE binary_consent (v consent);
CREATE TABLE binary_objection (v objection);

-- What is sent

SELECT subject_id_send(42), subject_id_send(-1), subject_id_send('crm:7f');
SELECT subject_id_send('9223372036854775807'), subject_id_send('-9223372036854775808');
SELECT subject_id_send('a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11');
SELECT consent_send('given explicit at 2000-01-01T00:00:01Z until 2000-01-01T00:00:02Z');
SELECT consent_send('invalidated at 1999-12-31T23:59:59Z');
SELECT objection_send('overridden at 2000-01-01T00:00:01Z grounds "né"');
SELECT objection_send('raised at 1999-12-31T23:59:59Z');

-- text goes in the client's encoding
SET client_encoding = 'LATIN1';
SELECT subject_id_send(U&'n\00e9'), objection_send(U&'overridden at 2000-01-01T00:00:01Z grounds "n\00e9"');
RESET client_encoding;

-- Round trips through a file

INSERT INTO binary_subject_id SELECT unnest(ARRAY[
	'0', '42', '-1', '9223372036854775807', '-9223372036854775808',
	'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11',
	'crm:7f', '-0', '007', 'Ærøskøbing', repeat('é', 127) || 'x', NULL]);
INSERT INTO binary_consent
	SELECT (status || explicit || at || until)::consent
	FROM unnest('{unknown,requested,request_deferred,refused,given,renewed,withdrawn,revoked,expired,invalidated}'::text[]) AS status,
		(VALUES (''), (' explicit')) AS e (explicit),
		(VALUES (' at 0001-01-01T00:00:00Z'), (' at 2026-01-05T10:00:00.123456Z')) AS a (at),
		(VALUES (''), (' until 9999-12-31T23:59:59.999999Z')) AS u (until);
INSERT INTO binary_objection
	SELECT (status || at || ' grounds "' || grounds || '"')::objection
	FROM unnest('{raised,upheld,overridden,withdrawn}'::text[]) AS status,
		(VALUES (' at 0001-01-01T00:00:00Z'), (' at 9999-12-31T23:59:59.999999Z')) AS a (at),
		(VALUES ('a'), (repeat('""é\\', 1000))) AS g (grounds)
	UNION ALL SELECT 'raised at 2026-01-05T10:00:00Z';

CREATE TABLE back_subject_id (LIKE binary_subject_id);
CREATE TABLE back_consent (LIKE binary_consent);
CREATE TABLE back_objection (LIKE binary_objection);
COPY binary_subject_id TO :'file' (FORMAT binary);
COPY back_subject_id FROM :'file' (FORMAT binary);
COPY binary_consent TO :'file' (FORMAT binary);
COPY back_consent FROM :'file' (FORMAT binary);
COPY binary_objection TO :'file' (FORMAT binary);
COPY back_objection FROM :'file' (FORMAT binary);
SELECT count(*) FROM back_subject_id;
SELECT count(*) FROM back_consent;
SELECT count(*) FROM back_objection;
(TABLE binary_subject_id EXCEPT ALL TABLE back_subject_id)
	UNION ALL (TABLE back_subject_id EXCEPT ALL TABLE binary_subject_id);
(TABLE binary_consent EXCEPT ALL TABLE back_consent)
	UNION ALL (TABLE back_consent EXCEPT ALL TABLE binary_consent);
(TABLE binary_objection EXCEPT ALL TABLE back_objection)
	UNION ALL (TABLE back_objection EXCEPT ALL TABLE binary_objection);

-- the file is in the client's encoding, and so is what is read of it
SET client_encoding = 'LATIN1';
TRUNCATE back_subject_id, back_objection;
COPY (SELECT U&'n\00e9'::subject_id) TO :'file' (FORMAT binary);
COPY back_subject_id FROM :'file' (FORMAT binary);
COPY (SELECT U&'overridden at 2000-01-01T00:00:01Z grounds "n\00e9"'::objection) TO :'file' (FORMAT binary);
COPY back_objection FROM :'file' (FORMAT binary);
RESET client_encoding;
TABLE back_subject_id;
TABLE back_objection;
DROP TABLE back_subject_id, back_consent, back_objection;
TRUNCATE binary_subject_id, binary_consent, binary_objection;

-- Bytes of our own making: one row, one field, these bytes

CREATE PROCEDURE receive(type text, field bytea) LANGUAGE plpgsql AS $$
DECLARE
	file constant text := current_setting('regress.file');
	object oid;
BEGIN
	object := lo_from_bytea(0,
		'PGCOPY\012\377\015\012\000'::bytea || '\x0000000000000000'
		|| '\x0001' || int4send(length(field)) || field || '\xffff');
	PERFORM lo_export(object, file);
	PERFORM lo_unlink(object);
	EXECUTE format('COPY %I FROM %L (FORMAT binary)', 'binary_' || type, file);
END
$$;

-- subject_id: kind, then an integer, a UUID or text
CALL receive('subject_id', '\x01000000000000002a');
CALL receive('subject_id', '\x018000000000000000');
CALL receive('subject_id', '\x02a0eebc999c0b4ef8bb6d6bb9bd380a11');
CALL receive('subject_id', '\x0363726d3a3766');
CALL receive('subject_id', '\x03c3a9');
CALL receive('subject_id', '\x03' || convert_to(repeat('x', 255), 'UTF8'));
SELECT left(v::text, 40), length(v::text) FROM binary_subject_id ORDER BY v;

CALL receive('subject_id', '');
CALL receive('subject_id', '\x00');
CALL receive('subject_id', '\x04000000000000002a');
CALL receive('subject_id', '\xff');
CALL receive('subject_id', '\x01');
CALL receive('subject_id', '\x0100000000002a');
CALL receive('subject_id', '\x01000000000000002a00');
CALL receive('subject_id', '\x02a0eebc999c0b4ef8bb6d6bb9bd380a');
CALL receive('subject_id', '\x02a0eebc999c0b4ef8bb6d6bb9bd380a1111');
CALL receive('subject_id', '\x03');
CALL receive('subject_id', '\x03' || convert_to(repeat('x', 256), 'UTF8'));
-- what is an integer or a UUID must not come a second time as text
CALL receive('subject_id', '\x03' || convert_to('42', 'UTF8'));
CALL receive('subject_id', '\x03' || convert_to('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'UTF8'));
-- nor text that is none
CALL receive('subject_id', '\x03410042');
CALL receive('subject_id', '\x03c328');
CALL receive('subject_id', '\x03c3');
CALL receive('subject_id', '\x03eda080');
CALL receive('subject_id', '\x03c0af');

-- consent: status, explicit, at, until
CALL receive('consent', '\x0401' || int8send(0) || int8send(1));
CALL receive('consent', '\x0900' || int8send(-63082281600000000) || int8send(9223372036854775807));
CALL receive('consent', '\x0000' || int8send(252455615999999998) || int8send(252455615999999999));
SELECT v FROM binary_consent ORDER BY v;

CALL receive('consent', '');
CALL receive('consent', '\x04');
CALL receive('consent', '\x0401' || int8send(0));
CALL receive('consent', '\x0401' || int8send(0) || '\x00000000000000');
CALL receive('consent', '\x0401' || int8send(0) || int8send(1) || '\x00');
CALL receive('consent', '\x0a00' || int8send(0) || int8send(1));
CALL receive('consent', '\xff00' || int8send(0) || int8send(1));
CALL receive('consent', '\x0402' || int8send(0) || int8send(1));
CALL receive('consent', '\x04ff' || int8send(0) || int8send(1));
CALL receive('consent', '\x0400' || int8send(9223372036854775807) || int8send(9223372036854775807));
CALL receive('consent', '\x0400' || int8send(-9223372036854775808) || int8send(1));
CALL receive('consent', '\x0400' || int8send(-63082281600000001) || int8send(1));
CALL receive('consent', '\x0400' || int8send(252455616000000000) || int8send(9223372036854775807));
CALL receive('consent', '\x0400' || int8send(9223372036854775806) || int8send(9223372036854775807));
CALL receive('consent', '\x0400' || int8send(0) || int8send(-9223372036854775808));
CALL receive('consent', '\x0400' || int8send(0) || int8send(252455616000000000));
CALL receive('consent', '\x0400' || int8send(0) || int8send(9223372036854775806));
CALL receive('consent', '\x0400' || int8send(0) || int8send(0));
CALL receive('consent', '\x0400' || int8send(0) || int8send(-1));

-- objection: status, at, the length of the grounds or -1, the grounds
CALL receive('objection', '\x00' || int8send(0) || int4send(-1));
CALL receive('objection', '\x02' || int8send(252455615999999999) || int4send(2) || '\xc3a9');
CALL receive('objection', '\x03' || int8send(-63082281600000000) || int4send(1) || '\x22');
SELECT v FROM binary_objection ORDER BY v;

CALL receive('objection', '');
CALL receive('objection', '\x00' || int8send(0));
CALL receive('objection', '\x00' || int8send(0) || '\xffffff');
CALL receive('objection', '\x00' || int8send(0) || int4send(-1) || '\x00');
CALL receive('objection', '\x00' || int8send(0) || int4send(-2));
CALL receive('objection', '\x00' || int8send(0) || int4send(-2147483648));
CALL receive('objection', '\x00' || int8send(0) || int4send(2147483647) || '\x41');
CALL receive('objection', '\x00' || int8send(0) || int4send(1));
CALL receive('objection', '\x00' || int8send(0) || int4send(1) || '\x4142');
CALL receive('objection', '\x04' || int8send(0) || int4send(-1));
CALL receive('objection', '\xff' || int8send(0) || int4send(-1));
CALL receive('objection', '\x00' || int8send(9223372036854775807) || int4send(-1));
CALL receive('objection', '\x00' || int8send(-9223372036854775808) || int4send(-1));
CALL receive('objection', '\x00' || int8send(-63082281600000001) || int4send(-1));
CALL receive('objection', '\x00' || int8send(252455616000000000) || int4send(-1));
CALL receive('objection', '\x02' || int8send(0) || int4send(-1));
CALL receive('objection', '\x02' || int8send(0) || int4send(0));
CALL receive('objection', '\x00' || int8send(0) || int4send(0));
CALL receive('objection', '\x00' || int8send(0) || int4send(2) || '\x2009');
CALL receive('objection', '\x00' || int8send(0) || int4send(3) || '\x410042');
CALL receive('objection', '\x00' || int8send(0) || int4send(2) || '\xc328');

-- and the codes of those errors
\set VERBOSITY sqlstate
CALL receive('subject_id', '\x04');
CALL receive('subject_id', '\x01');
CALL receive('subject_id', '\x0334');
CALL receive('subject_id', '\x03c328');
CALL receive('consent', '\x04');
CALL receive('consent', '\x0a00' || int8send(0) || int8send(1));
CALL receive('objection', '\x00');
CALL receive('objection', '\x02' || int8send(0) || int4send(-1));
\set VERBOSITY default

-- and nothing of all that was stored
SELECT count(*) FROM binary_subject_id;
SELECT count(*) FROM binary_consent;
SELECT count(*) FROM binary_objection;

DROP PROCEDURE receive(text, bytea);
DROP TABLE binary_subject_id, binary_consent, binary_objection;
DO $$
BEGIN
	EXECUTE format('COPY (SELECT) TO PROGRAM %L', 'rm -f "' || current_setting('regress.file') || '"');
END
$$;
RESET client_min_messages;
