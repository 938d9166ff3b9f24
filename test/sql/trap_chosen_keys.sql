-- trap_chosen_keys: people whose keys were chosen so that they would share a place
-- in a hash table that has no secret: UUIDs with equal halves, or quarters, whose
-- words cancel out, and multiples of the inverse of Knuth's factor. Asking about
-- them takes a second, as about others, and not half a minute, from a set and from
-- single answers.

CREATE DATABASE regress_tck TEMPLATE template0;
\set home :DBNAME
\c regress_tck
SET client_min_messages = warning;
CREATE EXTENSION consent_profiling;
CREATE ROLE regress_tck_analyst;
CREATE TABLE tck_halves AS SELECT (h || h)::uuid AS id
	FROM generate_series(1, 100000) g, substr(md5(g::text), 1, 16) h;
CREATE TABLE tck_quarters AS SELECT ('00000000' || x || x || '00000000')::uuid AS id
	FROM generate_series(1, 100000) g, to_hex(1000000000 + g) x;
CREATE TABLE tck_bigint AS SELECT (CASE WHEN n < 2 ^ 63::numeric THEN n ELSE n - 2 ^ 64::numeric END)::bigint AS id
	FROM generate_series(1, 100000) g, LATERAL (SELECT g * 17428512612931826493 % 18446744073709551616) p (n);
\o /dev/null
SELECT consent_profiling.add_purpose(kind) FROM unnest(ARRAY['tck_halves', 'tck_quarters', 'tck_bigint']) kind;
SELECT consent_profiling.import_subjects(format('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM %I', name)),
	consent_profiling.import_consents(format('SELECT id AS subject, %L AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM %I', name, name)),
	consent_profiling.protect(name::regclass, 'id', ARRAY['regress_tck_analyst'::name], name),
	consent_profiling.allow_purpose('regress_tck_analyst', name)
	FROM consent_profiling.purpose WHERE name ~ '^tck';
\o
GRANT SELECT ON tck_halves, tck_quarters, tck_bigint TO regress_tck_analyst;
VACUUM ANALYZE;

SET ROLE regress_tck_analyst;
SET statement_timeout = '15s';
SELECT count(*) FROM tck_halves;
SELECT count(*) FROM tck_quarters;
SELECT count(*) FROM tck_bigint;
SELECT purpose, has_set, subjects FROM consent_profiling.engine_stats() ORDER BY purpose;
-- single answers, as where the set does not fit
RESET ROLE;
UPDATE consent_profiling.purpose SET description = description WHERE name = 'profiling';
SET consent_profiling.cache_memory = '64kB';
SET ROLE regress_tck_analyst;
SELECT count(*) FROM tck_halves;
SELECT count(*) FROM tck_quarters;
SELECT count(*) FROM tck_bigint;
SELECT purpose, has_set FROM consent_profiling.engine_stats() ORDER BY purpose;
RESET ROLE;

\c :home
DROP DATABASE regress_tck;
DROP ROLE regress_tck_analyst;
