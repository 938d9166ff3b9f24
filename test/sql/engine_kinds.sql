-- Keys of every kind, in sets too large to stay in a processor's cache, where a
-- scan asks ahead for what the next rows need: compared with a column that knows.

CREATE ROLE regress_kinds_analyst;
SELECT consent_profiling.add_purpose('kinds');
SELECT consent_profiling.allow_purpose('regress_kinds_analyst', 'kinds');

-- 160,000 people of four kinds, 70 % permitted. Texts begin alike and are of
-- many lengths; the scattered numbers are as 64-bit generators make them.
CREATE TABLE kinds_person AS
SELECT n,
	CASE n % 4
		WHEN 0 THEN (50000000 + n)::text
		WHEN 1 THEN ((1600000000000 + n::bigint * 7919) << 22 | (n & 4194303))::text
		WHEN 2 THEN md5(n::text)::uuid::text
		ELSE 'customer:' || repeat('x', n % 97) || md5(n::text)
	END AS key,
	n % 10 < 7 AS permitted
FROM generate_series(1, 160000) n;
SET client_min_messages = warning;
SELECT consent_profiling.import_subjects($$
	SELECT key AS subject, date '1980-01-01' AS birth_date FROM kinds_person $$);
SELECT consent_profiling.import_consents($$
	SELECT key AS subject, 'kinds' AS purpose,
		CASE WHEN permitted THEN 'given' ELSE 'refused' END || ' at 2026-01-01T00:00:00Z' AS consent
	FROM kinds_person $$);
RESET client_min_messages;

-- Each kind in a table of its own, in no order, with unknown, impossible and null
-- keys in between, and gaps on the pages.
CREATE FUNCTION kinds_make(name text, type text, rest int, unknown text) RETURNS void
	LANGUAGE plpgsql AS $$
BEGIN
	EXECUTE format('CREATE TABLE %I (filler text, key %s, permitted boolean)', name, type);
	EXECUTE format('INSERT INTO %I SELECT repeat(''f'', n %% 50), key::%s, permitted FROM kinds_person
		WHERE n %% 4 = %s ORDER BY hashint4(n)', name, type, rest);
	EXECUTE format('INSERT INTO %I SELECT ''u'', %s, false FROM generate_series(1, 5000) n', name, unknown);
	EXECUTE format('INSERT INTO %I SELECT filler, key, permitted FROM %1$I WHERE filler < ''ffffff''', name);
	EXECUTE format('INSERT INTO %I SELECT ''n'', NULL, false FROM generate_series(1, 500)', name);
	EXECUTE format('DELETE FROM %I WHERE length(filler) %% 7 = 5', name);
	EXECUTE format('GRANT SELECT ON %I TO regress_kinds_analyst', name);
	PERFORM consent_profiling.protect(name::regclass, 'key', '{regress_kinds_analyst}', 'kinds');
END $$;
SELECT kinds_make('kinds_serial', 'bigint', 0, 'n + 70000000');
SELECT kinds_make('kinds_int', 'int', 0, '-n');
SELECT kinds_make('kinds_scattered', 'bigint', 1, 'n::bigint * 1000003 << 20');
SELECT kinds_make('kinds_uuid', 'uuid', 2, 'md5(n || ''unknown'')::uuid');
SELECT kinds_make('kinds_text', 'text', 3, 'repeat(md5(n::text), n % 3000)');
SELECT kinds_make('kinds_varchar', 'varchar(300)', 3, 'n || ''unknown''');

-- What the analyst sees is what the column says, no more and no less.
CREATE FUNCTION kinds_check(OUT name text, OUT wrong bigint, OUT seen boolean, OUT set boolean)
	RETURNS SETOF record LANGUAGE plpgsql AS $$
BEGIN
	FOREACH name IN ARRAY '{kinds_serial,kinds_int,kinds_scattered,kinds_uuid,kinds_text,kinds_varchar}'::text[] LOOP
		EXECUTE format('SELECT count(*) FROM %I WHERE permitted', name) INTO wrong;
		SET ROLE regress_kinds_analyst;
		EXECUTE format('SELECT %s - count(*) + 2 * count(*) FILTER (WHERE NOT permitted OR permitted IS NULL),
			count(*) > 0 FROM %I', wrong, name) INTO wrong, seen;
		RESET ROLE;
		SELECT has_set INTO set FROM consent_profiling.engine_stats() WHERE purpose = 'kinds';
		RETURN NEXT;
	END LOOP;
END $$;
SELECT * FROM kinds_check();
SELECT * FROM kinds_check();

-- And when some have changed since the set was made.
SELECT count(consent_profiling.withdraw_consent(key::consent_profiling.subject_id, 'kinds'))
	FROM kinds_person WHERE n % 1000 IN (0, 1, 2, 3);
UPDATE kinds_serial SET permitted = false WHERE (key % 1000) IN (0, 1, 2, 3);
UPDATE kinds_int SET permitted = false WHERE (key % 1000) IN (0, 1, 2, 3);
UPDATE kinds_scattered t SET permitted = false FROM kinds_person p
	WHERE p.n % 4 = 1 AND p.n % 1000 IN (0, 1, 2, 3) AND p.key = t.key::text;
UPDATE kinds_uuid t SET permitted = false FROM kinds_person p
	WHERE p.n % 4 = 2 AND p.n % 1000 IN (0, 1, 2, 3) AND p.key::uuid = t.key;
UPDATE kinds_text t SET permitted = false FROM kinds_person p
	WHERE p.n % 4 = 3 AND p.n % 1000 IN (0, 1, 2, 3) AND p.key = t.key;
UPDATE kinds_varchar t SET permitted = false FROM kinds_person p
	WHERE p.n % 4 = 3 AND p.n % 1000 IN (0, 1, 2, 3) AND p.key = t.key;
SELECT * FROM kinds_check();

-- A cursor that reads backwards, and two purposes in one query.
BEGIN;
SET LOCAL ROLE regress_kinds_analyst;
DECLARE there SCROLL CURSOR FOR SELECT key, permitted FROM kinds_uuid;
MOVE FORWARD 20000 FROM there;
MOVE BACKWARD 10000 FROM there;
COMMIT;
SELECT consent_profiling.allow_purpose('regress_kinds_analyst', 'profiling');
SET ROLE regress_kinds_analyst;
SELECT bool_and(permitted) AS kinds, count(*) > 20000 AS many,
	count(*) FILTER (WHERE consent_profiling.may_profile(key, 'profiling')) AS profiling
FROM kinds_uuid;
RESET ROLE;

-- Other tests count with a registry without these.
DELETE FROM consent_profiling.choice WHERE purpose = 'kinds';
DELETE FROM consent_profiling.subject s USING kinds_person p
	WHERE s.id OPERATOR(consent_profiling.=) p.key::consent_profiling.subject_id;
VACUUM consent_profiling.subject, consent_profiling.choice;

SELECT consent_profiling.disallow_purpose('regress_kinds_analyst', 'kinds');
SELECT consent_profiling.disallow_purpose('regress_kinds_analyst', 'profiling');
DROP TABLE kinds_person, kinds_serial, kinds_int, kinds_scattered, kinds_uuid, kinds_text, kinds_varchar;
DROP FUNCTION kinds_make, kinds_check;
SELECT consent_profiling.drop_purpose('kinds');
DROP ROLE regress_kinds_analyst;
