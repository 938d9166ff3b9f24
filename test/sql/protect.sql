-- protect, unprotect, protected_table: what they do
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE orders (id int PRIMARY KEY, subject int, total int);
INSERT INTO orders SELECT i, i, 10 * i FROM generate_series(1, 6) i;
INSERT INTO orders VALUES (7, NULL, 70);
GRANT ALL ON orders TO regress_analyst, regress_app;
SELECT consent_profiling.protect('orders', 'subject', '{regress_analyst}');
SELECT * FROM consent_profiling.protected_table;
\d orders

-- the gated and the ungated role, side by side
SET ROLE regress_app;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM orders;
SET ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM orders;

-- what the gated role cannot see it cannot change, and cannot write either
UPDATE orders SET total = total + 1 RETURNING id, total;
DELETE FROM orders WHERE id IN (2, 3) RETURNING id;
INSERT INTO orders VALUES (8, 1, 80) RETURNING id;
INSERT INTO orders VALUES (9, 3, 90);
INSERT INTO orders VALUES (9, 6, 90);
INSERT INTO orders VALUES (9, NULL, 90);
UPDATE orders SET subject = 4 WHERE id = 1;
SELECT id FROM orders ORDER BY id FOR UPDATE;
MERGE INTO orders o USING (VALUES (1), (3), (5)) AS v (id) ON o.id = v.id
	WHEN MATCHED THEN UPDATE SET total = -1;
MERGE INTO orders o USING (VALUES (20)) AS v (id) ON o.id = v.id
	WHEN NOT MATCHED THEN INSERT VALUES (v.id, 3, 0);
BEGIN;
DECLARE c CURSOR FOR SELECT id FROM orders ORDER BY id FOR UPDATE;
FETCH 1 FROM c;
UPDATE orders SET total = 0 WHERE CURRENT OF c RETURNING id;
FETCH ALL FROM c;
COMMIT;
WITH gone AS (DELETE FROM orders RETURNING id) SELECT count(*) FROM gone;
-- row security cannot be wished away
SET row_security = off;
SELECT count(*) FROM orders;
RESET row_security;
-- nor by a name in front
CREATE TEMP TABLE orders (id int, subject int, total int);
CREATE FUNCTION pg_temp.may_profile(int) RETURNS boolean LANGUAGE sql RETURN true;
SET search_path = pg_temp, public;
SELECT count(*) FROM public.orders;
RESET search_path;
DROP TABLE pg_temp.orders;
DROP FUNCTION pg_temp.may_profile;
RESET ROLE;
SELECT string_agg(id::text, ' ' ORDER BY id) AS left_alone FROM orders;

-- calling again changes nothing
TRUNCATE orders;
INSERT INTO orders SELECT i, i, 10 * i FROM generate_series(1, 6) i;
SELECT consent_profiling.protect('orders', 'subject', '{regress_analyst}');
SELECT polname, polpermissive FROM pg_policy WHERE polrelid = 'orders'::regclass ORDER BY 1;
-- or replaces: another purpose; other roles keep theirs, see protect_roles
SELECT consent_profiling.add_purpose('protect_news');
SELECT consent_profiling.protect('orders', 'subject', '{regress_app}', 'protect_news');
SELECT * FROM consent_profiling.protected_table;
SET ROLE regress_analyst;
SELECT count(*) FROM orders;
SET ROLE regress_app;
SELECT count(*) FROM orders;
RESET ROLE;
SELECT consent_profiling.allow_purpose('regress_app', 'protect_news');
SET ROLE regress_app;
SELECT count(*) FROM orders;
RESET ROLE;
-- a purpose that gates a table stays
SELECT consent_profiling.drop_purpose('protect_news');
-- everybody; the same role twice is one; everybody's gate stays
SELECT consent_profiling.protect('orders', 'subject', '{public,regress_app}');
SELECT consent_profiling.protect('orders', 'subject', '{regress_app,regress_analyst,regress_app}', 'profiling');
SELECT subject_column, purpose, cardinality(roles) FROM consent_profiling.protected_table;
-- a role that is gated cannot be dropped
DROP ROLE regress_analyst;
-- it cannot throw off the gate by disowning everything either
SET ROLE regress_analyst;
SET client_min_messages = error;
DO $$
BEGIN
	DROP OWNED BY CURRENT_USER CASCADE;
EXCEPTION WHEN dependent_objects_still_exist THEN
	-- a server that would have let it
END
$$;
RESET client_min_messages;
RESET ROLE;
SELECT cardinality(roles) FROM consent_profiling.protected_table;

-- the table is as it was before, and once more is harmless
SELECT consent_profiling.unprotect('orders');
SELECT consent_profiling.unprotect('orders');
\d orders
SELECT * FROM consent_profiling.protected_table;

-- rolled back, it never was
BEGIN;
SELECT consent_profiling.protect('orders', 'subject', '{regress_analyst}');
ROLLBACK;
SELECT relrowsecurity FROM pg_class WHERE oid = 'orders'::regclass;
SELECT consent_profiling.drop_purpose('protect_news');

-- two subjects in a row: both must be permitted
CREATE TABLE calls (id int, caller int, callee int);
INSERT INTO calls VALUES (1, 1, 2), (2, 1, 3), (3, 4, 1), (4, 5, 6), (5, 2, 2);
GRANT SELECT ON calls TO regress_analyst;
SELECT consent_profiling.protect('calls', 'caller', '{regress_analyst}');
SELECT consent_profiling.protect('calls', 'callee', '{regress_analyst}');
SELECT * FROM consent_profiling.protected_table ORDER BY 1, 2;
SET ROLE regress_analyst;
SELECT id FROM calls ORDER BY id;
RESET ROLE;
-- a gate by one column for another role
SELECT consent_profiling.protect('calls', 'caller', '{regress_app}');
SELECT * FROM consent_profiling.protected_table ORDER BY 1, 2;
DROP TABLE calls;

-- keys of every type, and domains over them
CREATE DOMAIN protect_key AS int;
CREATE DOMAIN protect_word AS varchar(20);
SELECT count(consent_profiling.register_subject(s, '1980-01-01')) FROM unnest('{protect:7f,2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a11}'::text[]) s;
SELECT count(consent_profiling.give_consent(s, 'profiling')) FROM unnest('{protect:7f,2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a11}'::text[]) s;
CREATE TABLE keys (a smallint, b int, c bigint, d protect_key, e uuid, f text, g varchar, h char(12), i protect_word, j consent_profiling.subject_id);
INSERT INTO keys VALUES
	(1, 1, 1, 1, '2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a11', 'protect:7f', '1', 'protect:7f', 'protect:7f', 'protect:7f'),
	(3, 3, 3, 3, '2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a12', 'protect:7e', '3', 'protect:7e', 'protect:7e', 'protect:7e'),
	(NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
	(0, 0, 9223372036854775807, 0, '00000000-0000-0000-0000-000000000000', '', '', '', '', '0');
GRANT SELECT ON keys TO regress_analyst;
DO $$
DECLARE
	key record;
	seen bigint;
BEGIN
	FOR key IN SELECT attname, format_type(atttypid, atttypmod) AS type
			FROM pg_attribute WHERE attrelid = 'keys'::regclass AND attnum > 0 ORDER BY attnum LOOP
		PERFORM consent_profiling.protect('keys', key.attname, '{regress_analyst}', 'profiling');
		SET LOCAL ROLE regress_analyst;
		SELECT count(*) INTO seen FROM keys;
		RESET ROLE;
		RAISE INFO '%: % of 4; gate %', key.type, seen,
			(SELECT (subject_column, purpose) FROM consent_profiling.protected_table);
		PERFORM consent_profiling.unprotect('keys');
	END LOOP;
END
$$;
-- a key's type changes only when the gate is off
SELECT consent_profiling.protect('keys', 'b', '{regress_analyst}');
ALTER TABLE keys ALTER COLUMN b TYPE bigint;
DROP TABLE keys;
DROP DOMAIN protect_key, protect_word;

-- names that need quotes; that are 63 bytes long, also of long letters; that
-- could be taken for parts of a policy; a schema not in the search path
CREATE SCHEMA "Protect It";
CREATE ROLE "regress ""An'alyst""";
CREATE TABLE "Protect It"."My ""Table""" ("Sub'ject" int, "a, 'x'::text)" varchar, ungated int, closed int);
GRANT USAGE ON SCHEMA "Protect It" TO "regress ""An'alyst""";
GRANT SELECT ON "Protect It"."My ""Table""" TO "regress ""An'alyst""";
INSERT INTO "Protect It"."My ""Table""" VALUES (1, '1', 1, 1), (3, '1', 1, 1), (1, '3', 1, 1), (1, '1', 3, 1), (1, '1', 1, 3);
SELECT count(consent_profiling.protect('"Protect It"."My ""Table"""', c, ARRAY['regress "An''alyst"']))
	FROM unnest(ARRAY['Sub''ject', 'a, ''x''::text)', 'ungated', 'closed']) c;
SELECT * FROM consent_profiling.protected_table ORDER BY 2;
SELECT polname FROM pg_policy WHERE polrelid = '"Protect It"."My ""Table"""'::regclass ORDER BY 1;
SET ROLE "regress ""An'alyst""";
SELECT * FROM "Protect It"."My ""Table""";
RESET ROLE;
ALTER TABLE "Protect It"."My ""Table""" RENAME COLUMN closed TO "Closed!";
ALTER TABLE "Protect It"."My ""Table""" RENAME TO plain;
ALTER SCHEMA "Protect It" RENAME TO protect_it;
ALTER ROLE "regress ""An'alyst""" RENAME TO regress_an;
SELECT * FROM consent_profiling.protected_table ORDER BY 2;
SELECT consent_profiling.protect('protect_it.plain', 'Closed!', '{regress_an}');
SELECT count(*) FROM consent_profiling.protected_table;
SET ROLE regress_an;
SELECT count(*) FROM protect_it.plain;
RESET ROLE;
SELECT consent_profiling.unprotect('protect_it.plain');
SELECT count(*) FROM pg_policy WHERE polrelid = 'protect_it.plain'::regclass;
DROP SCHEMA protect_it CASCADE;
DROP ROLE regress_an;
SELECT repeat('t', 63) AS t, repeat('c', 63) AS c, repeat(U&'\20AC', 20) || 'abc' AS d, repeat(U&'\20AC', 20) || 'abd' AS e \gset
CREATE TABLE :t (:c int, :"d" int, :"e" int);
SELECT count(consent_profiling.protect(:'t', c, '{regress_analyst}', 'profiling')) FROM unnest(ARRAY[:'c', :'d', :'e', :'d']) c;
SELECT polname, octet_length(polname) FROM pg_policy WHERE polrelid = :'t'::regclass ORDER BY 1;
SELECT subject_column, purpose FROM consent_profiling.protected_table ORDER BY 1;
DROP TABLE :t;

-- the view reads right however identifiers are quoted and whatever "text" is
SELECT consent_profiling.protect('orders', 'subject', '{regress_analyst}', 'profiling');
SET quote_all_identifiers = on;
SELECT purpose FROM consent_profiling.protected_table;
RESET quote_all_identifiers;
CREATE DOMAIN public.text AS int;
SET search_path = public, pg_catalog;
SELECT purpose FROM consent_profiling.protected_table;
RESET search_path;
DROP DOMAIN public.text;
SELECT consent_profiling.unprotect('orders');

-- tables of every kind
CREATE TYPE protect_person AS (id int, name text);
CREATE TABLE typed OF protect_person;
CREATE UNLOGGED TABLE unlogged (id int);
CREATE TEMP TABLE temporary (id int);
CREATE TABLE generated (half float, id int GENERATED ALWAYS AS (half * 2) STORED);
CREATE TABLE identity (id int GENERATED ALWAYS AS IDENTITY);
INSERT INTO typed VALUES (1), (3);
INSERT INTO unlogged VALUES (1), (3);
INSERT INTO temporary VALUES (1), (3);
INSERT INTO generated VALUES (0.5), (1.5);
INSERT INTO identity OVERRIDING SYSTEM VALUE VALUES (1), (3);
GRANT SELECT ON typed, unlogged, temporary, generated, identity TO regress_analyst;
SELECT count(consent_profiling.protect(t, 'id', '{regress_analyst}')) FROM unnest('{typed,unlogged,temporary,generated,identity}'::regclass[]) t;
SET ROLE regress_analyst;
SELECT (SELECT array_agg(id) FROM typed) AS typed, (SELECT array_agg(id) FROM unlogged) AS unlogged,
	(SELECT array_agg(id) FROM temporary) AS temporary, (SELECT array_agg(id) FROM generated) AS generated,
	(SELECT array_agg(id) FROM identity) AS identity;
RESET ROLE;
DROP TABLE typed, unlogged, temporary, generated, identity;
DROP TYPE protect_person;

-- the column by which a table is gated cannot go while it is
CREATE DOMAIN protect_id AS int;
CREATE TABLE people (id protect_id, name text);
SELECT consent_profiling.protect('people', 'id', '{regress_analyst}');
ALTER TABLE people DROP COLUMN id;
ALTER TABLE people DROP COLUMN id CASCADE;
DROP DOMAIN protect_id CASCADE;
ALTER TABLE people DROP COLUMN name;
-- row security stays on as long as there is a gate
ALTER TABLE people DISABLE ROW LEVEL SECURITY;
SELECT relrowsecurity FROM pg_class WHERE oid = 'people'::regclass;
-- a gate is taken off knowingly, see trap_gate_dropped
SELECT consent_profiling.unprotect('people');
ALTER TABLE people DROP COLUMN id CASCADE;
SELECT relrowsecurity FROM pg_class WHERE oid = 'people'::regclass;
DROP TABLE people;
DROP DOMAIN protect_id;

-- tables go with their gates, and roles with theirs
CREATE SCHEMA protect_it
	CREATE TABLE a (id int)
	CREATE TABLE b (id int);
CREATE ROLE regress_other;
CREATE ROLE regress_owner;
GRANT SELECT ON orders TO regress_other;
ALTER TABLE protect_it.b OWNER TO regress_owner;
SELECT consent_profiling.protect('protect_it.a', 'id', '{regress_analyst}');
SELECT consent_profiling.protect('protect_it.b', 'id', '{regress_analyst,regress_other}');
SELECT consent_profiling.protect('orders', 'subject', '{regress_analyst,regress_other}');
SELECT relation::text, roles FROM consent_profiling.protected_table ORDER BY 1;
DROP OWNED BY regress_other;
DROP ROLE regress_other;
SELECT relation::text, roles FROM consent_profiling.protected_table ORDER BY 1;
DROP OWNED BY regress_owner CASCADE;
DROP ROLE regress_owner;
DROP SCHEMA protect_it CASCADE;
SELECT relation::text, roles FROM consent_profiling.protected_table ORDER BY 1;

DROP TABLE orders;
DELETE FROM consent_profiling.choice WHERE subject::text IN ('protect:7f', '2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a11');
DELETE FROM consent_profiling.subject WHERE id::text IN ('protect:7f', '2f1e9d52-7e9b-4c1f-8d4e-0d7b2c9a5a11');
\i :people_gone
