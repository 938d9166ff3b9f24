-- attack_internal_functions: what is internal cannot be called or says nothing, and the
-- commands of others do not need the extension
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people
GRANT CREATE ON SCHEMA public TO regress_analyst;

-- nonsense, as numbers of what there is not and of what is something else, is not an
-- internal error in any of the functions that PUBLIC may call
CREATE FUNCTION pg_temp.provoked() RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	f record;
	value text;
	called int := 0;
BEGIN
	FOR f IN SELECT p.oid::regproc AS name, p.proretset,
				(SELECT array_agg(t::regtype::text ORDER BY n) FROM unnest(p.proargtypes) WITH ORDINALITY u (t, n)) AS types
			FROM pg_proc p
			WHERE p.pronamespace = 'consent_profiling'::regnamespace AND p.prokind = 'f'
				AND has_function_privilege(p.oid, 'EXECUTE')
				-- neither C strings nor what the server alone can pass
				AND NOT p.proargtypes::oid[] && ARRAY['internal', 'cstring', 'pg_ddl_command']::regtype[]::oid[]
				AND p.proargtypes <> ''
			ORDER BY 1 LOOP
		FOREACH value IN ARRAY ARRAY[NULL, '0', '1259', '-1', '4294967295', '16383', 'pg_class', '{0}', '{1259}', '{NULL}',
				'{}', '2020-01-01', '\x', '', '{"a": 1}', 'true', '00000000-0000-0000-0000-000000000000'] LOOP
			BEGIN
				called := called + 1;
				EXECUTE format('SELECT count(x::text) FROM (SELECT %s(%s) AS x OFFSET 0) c', f.name,
							   (SELECT string_agg(format('%L::%s', value, t), ', ') FROM unnest(f.types) t));
			EXCEPTION
				WHEN internal_error OR data_corrupted OR index_corrupted THEN
					RETURN NEXT format('%s %s: %s', f.name, value, SQLERRM);
				WHEN OTHERS THEN
					NULL;
			END;
		END LOOP;
	END LOOP;
	RETURN NEXT called > 1000;
END $$;
SET client_min_messages = error;
SET ROLE regress_analyst;
SELECT pg_temp.provoked();
RESET client_min_messages;
SELECT consent_profiling.base_type(1259), consent_profiling.policy_calls(0, NULL);
-- these are for the extension's own functions alone
SELECT consent_profiling.descendants_now(0);
SELECT consent_profiling.policies_now(0);
SELECT consent_profiling.is_logged(0);
SELECT consent_profiling.is_guarded(0);
SELECT consent_profiling.choice_fits(NULL, NULL, NULL, NULL, NULL, NULL);
SELECT consent_profiling.subject_id_problem('');
SELECT consent_profiling.close_protected();
SELECT consent_profiling.check_schema();
SELECT consent_profiling.close_new_objects();
RESET ROLE;

-- without USAGE on the schema everybody's commands work, and gates hold
CREATE TABLE t (id int, region int) PARTITION BY LIST (region);
CREATE TABLE t_1 PARTITION OF t FOR VALUES IN (1);
INSERT INTO t SELECT g, 1 FROM generate_series(1, 6) g;
GRANT SELECT ON t TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
CREATE ROLE regress_owner;
GRANT CREATE ON SCHEMA public TO regress_owner;
SELECT consent_profiling.grant_duty('regress_owner', 'recorder');
SET ROLE regress_owner;
CREATE TABLE tracked (id int, born date);
SELECT consent_profiling.track_subjects('tracked', 'id', 'born');
RESET ROLE;
ALTER TABLE t OWNER TO regress_owner;
BEGIN;
REVOKE USAGE ON SCHEMA consent_profiling FROM PUBLIC;
SET LOCAL ROLE regress_analyst;
SELECT string_agg(id::text, ' ' ORDER BY id) AS seen FROM t;
SELECT consent_profiling.may_profile(1);
ROLLBACK;
BEGIN;
REVOKE USAGE ON SCHEMA consent_profiling FROM PUBLIC;
SET LOCAL ROLE regress_owner;
CREATE TABLE mine (id int PRIMARY KEY, text text);
ALTER TABLE mine ALTER id TYPE bigint;
CREATE INDEX ON mine (text);
CREATE VIEW my_view AS SELECT 1;
CREATE TYPE my_type AS (x int);
CREATE FUNCTION my_function() RETURNS int LANGUAGE sql RETURN 1;
GRANT SELECT ON mine TO PUBLIC;
ALTER TABLE mine DROP text;
CREATE TEMP TABLE mine_too AS SELECT 1 AS x;
DROP TABLE mine, mine_too;
-- a new partition is gated, and trackers stay on
CREATE TABLE t_2 PARTITION OF t FOR VALUES IN (2);
ALTER TABLE tracked DISABLE TRIGGER USER;
ALTER TABLE tracked ENABLE TRIGGER USER;
INSERT INTO tracked VALUES (77, '1980-01-01');
RESET ROLE;
SELECT relation, roles FROM consent_profiling.protected_table ORDER BY relation::text;
SELECT tgname, tgenabled FROM pg_trigger WHERE tgrelid = 'tracked'::regclass ORDER BY tgname;
SELECT id FROM consent_profiling.subject WHERE id::text = '77';
SET LOCAL ROLE regress_owner;
SET LOCAL client_min_messages = error;
DROP OWNED BY regress_owner CASCADE;
ROLLBACK;

DROP TABLE t, tracked;
REVOKE CREATE ON SCHEMA public FROM regress_owner, regress_analyst;
SELECT consent_profiling.revoke_duty('regress_owner', 'recorder');
DROP ROLE regress_owner;
\i :people_gone
