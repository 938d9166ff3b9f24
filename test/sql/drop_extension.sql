-- DROP EXTENSION ... CASCADE leaves protected tables closed: the gated role
-- sees nothing in every case, by whatever way the extension goes.
-- In a database of its own.
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set home :DBNAME
CREATE ROLE regress_other_super SUPERUSER;
CREATE DATABASE regress_drop_extension TEMPLATE template0;
\c regress_drop_extension
SET client_min_messages = error;
CREATE EXTENSION consent_profiling;
\i :people
CREATE ROLE regress_owner;
GRANT regress_analyst TO regress_owner;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO regress_analyst, regress_app;

-- one table of every kind, each with 1 (may be profiled) and 3 (may not)
CREATE TABLE plain (id int);
CREATE TABLE of_gated_owner (id int);
CREATE TABLE two_gates (id int, other int);
CREATE TABLE own_policies (id int, closed int);
CREATE TABLE later_policy (id int);
CREATE TABLE dormant_policy (id int);
CREATE TABLE no_policy (id int);
CREATE TABLE for_everybody (id int);
CREATE TABLE fixed_purpose (id int);
CREATE TABLE column_mode (id int, born date, consent consent_profiling.consent, objection consent_profiling.objection);
CREATE TABLE partitioned (id int) PARTITION BY LIST (id);
CREATE TABLE partition PARTITION OF partitioned DEFAULT;
CREATE TABLE partitioned_own (id int) PARTITION BY LIST (id);
CREATE TABLE partition_own PARTITION OF partitioned_own DEFAULT;
CREATE TABLE parent (id int);
CREATE TABLE child () INHERITS (parent);
CREATE TABLE by_hand (id int);
CREATE TABLE not_protected (id int);
INSERT INTO plain VALUES (1), (3);
INSERT INTO of_gated_owner VALUES (1), (3);
INSERT INTO two_gates VALUES (1, 1), (3, 3);
INSERT INTO own_policies VALUES (1, 1), (3, 1);
INSERT INTO later_policy VALUES (1), (3);
INSERT INTO dormant_policy VALUES (1), (3);
INSERT INTO no_policy VALUES (1), (3);
INSERT INTO for_everybody VALUES (1), (3);
INSERT INTO fixed_purpose VALUES (1), (3);
INSERT INTO column_mode VALUES (1, '1980-01-01', 'given at 2020-01-01T00:00:00Z', NULL), (3, '1980-01-01', NULL, NULL);
INSERT INTO partitioned VALUES (1), (3);
INSERT INTO partitioned_own VALUES (1), (3);
INSERT INTO child VALUES (1), (3);
INSERT INTO by_hand VALUES (1), (3);
INSERT INTO not_protected VALUES (1), (3);
ALTER TABLE of_gated_owner OWNER TO regress_owner;
ALTER TABLE own_policies ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON own_policies USING (true);
CREATE POLICY low ON dormant_policy USING (id < 10);
ALTER TABLE no_policy ENABLE ROW LEVEL SECURITY;
ALTER TABLE for_everybody ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON for_everybody USING (true);
ALTER TABLE partitioned_own ENABLE ROW LEVEL SECURITY;
ALTER TABLE partition_own ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON partitioned_own USING (true);
CREATE POLICY everybody ON partition_own USING (true);
ALTER TABLE by_hand ENABLE ROW LEVEL SECURITY;
CREATE POLICY everybody ON by_hand USING (true);

CREATE FUNCTION protect_them() RETURNS void LANGUAGE plpgsql AS $$
BEGIN
	PERFORM consent_profiling.protect(t, 'id', '{regress_analyst}') FROM unnest('{plain,of_gated_owner,two_gates,later_policy,dormant_policy,no_policy,partitioned,partitioned_own,parent}'::regclass[]) t;
	PERFORM consent_profiling.protect('two_gates', 'other', '{regress_analyst}');
	PERFORM consent_profiling.protect('own_policies', 'closed', '{regress_analyst}');
	PERFORM consent_profiling.protect('own_policies', 'id', '{regress_analyst}');
	PERFORM consent_profiling.protect('for_everybody', 'id', '{public}');
	PERFORM consent_profiling.protect('fixed_purpose', 'id', '{regress_analyst}', 'profiling');
	PERFORM consent_profiling.protect_columns('column_mode', 'born', 'consent', 'objection', '{regress_analyst}');
	CREATE POLICY everybody ON later_policy USING (true);
	CREATE POLICY gate ON by_hand AS RESTRICTIVE TO regress_analyst USING (consent_profiling.may_profile(id));
END
$$;
CREATE FUNCTION seen() RETURNS TABLE ("table" name, gated bigint, ungated bigint, owner bigint) LANGUAGE plpgsql AS $$
BEGIN
	FOR "table" IN SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p') ORDER BY 1 LOOP
		SET LOCAL ROLE regress_analyst;
		EXECUTE format('SELECT count(*) FROM %I', "table") INTO gated;
		SET LOCAL ROLE regress_app;
		EXECUTE format('SELECT count(*) FROM %I', "table") INTO ungated;
		SET LOCAL ROLE regress_owner;
		owner := NULL;
		IF "table" = 'of_gated_owner' THEN
			EXECUTE format('SELECT count(*) FROM %I', "table") INTO owner;
		END IF;
		RESET ROLE;
		RETURN NEXT;
	END LOOP;
END
$$;
SELECT protect_them();
SELECT * FROM seen();
-- not by accident
DROP EXTENSION consent_profiling;

-- the gated see nothing; the ungated what they did, where a permissive policy
-- of the table's own is left to let them, and nothing elsewhere
BEGIN;
RESET client_min_messages;
DROP EXTENSION consent_profiling CASCADE;
SET client_min_messages = error;
SELECT * FROM seen();
SELECT polrelid::regclass AS "table", polname, polpermissive, polroles::regrole[] FROM pg_policy ORDER BY polrelid::regclass::text, 2;
ROLLBACK;
SELECT count(*) FROM seen() WHERE gated > 0;
-- rolled back to a savepoint
BEGIN;
SAVEPOINT s;
DROP EXTENSION consent_profiling CASCADE;
ROLLBACK TO s;
SELECT count(*) FROM pg_policy WHERE polname = 'consent_profiling_closed';
COMMIT;

-- the other ways; 1 row for what was never protected
CREATE FUNCTION gated_rows() RETURNS TABLE ("table" name, gated bigint) LANGUAGE sql AS 'SELECT s."table", s.gated FROM seen() s WHERE s.gated > 0';
BEGIN;
DROP EXTENSION IF EXISTS no_such_extension, consent_profiling CASCADE;
SELECT * FROM gated_rows();
ROLLBACK;
BEGIN;
DROP SCHEMA IF EXISTS no_such_schema, consent_profiling CASCADE;
SELECT * FROM gated_rows();
ROLLBACK;
BEGIN;
DROP EXTENSION plpgsql CASCADE;
SET LOCAL ROLE regress_analyst;
SELECT (SELECT count(*) FROM plain) + (SELECT count(*) FROM own_policies) + (SELECT count(*) FROM later_policy)
	+ (SELECT count(*) FROM dormant_policy) + (SELECT count(*) FROM partition_own) AS gated;
ROLLBACK;
BEGIN;
DROP LANGUAGE plpgsql CASCADE;
ROLLBACK;
DO $$ BEGIN EXECUTE 'DROP EXTENSION consent_profiling CASCADE'; END $$;
SELECT * FROM gated_rows();

-- made anew: what was closed stays so until its owner lifts it
ALTER TABLE column_mode DROP COLUMN IF EXISTS consent, DROP COLUMN IF EXISTS objection;
CREATE EXTENSION consent_profiling;
SELECT * FROM gated_rows();
DROP POLICY consent_profiling_closed ON own_policies;
DROP TABLE column_mode, later_policy, by_hand;
SELECT count(consent_profiling.register_subject(1, '1980-01-01')), count(consent_profiling.give_consent(1, 'profiling'));
SELECT consent_profiling.protect('own_policies', 'id', '{regress_analyst}');
SELECT * FROM seen() WHERE "table" = 'own_policies';

-- with its schema
BEGIN;
RESET client_min_messages;
DROP SCHEMA consent_profiling CASCADE;
SET client_min_messages = error;
SELECT * FROM seen() WHERE "table" = 'own_policies';
ROLLBACK;
-- with all that the schema's owner owns
ALTER SCHEMA consent_profiling OWNER TO regress_other_super;
BEGIN;
DROP OWNED BY regress_app, regress_other_super CASCADE;
SELECT count(*) FROM pg_extension WHERE extname = 'consent_profiling';
SET LOCAL ROLE regress_analyst;
SELECT count(*) FROM own_policies;
ROLLBACK;
-- or with all that its own owner owns
SELECT consent_profiling.unprotect('own_policies');
DROP EXTENSION consent_profiling;
DROP SCHEMA consent_profiling;
SET ROLE regress_other_super;
CREATE EXTENSION consent_profiling;
RESET ROLE;
SELECT count(consent_profiling.register_subject(1, '1980-01-01')), count(consent_profiling.give_consent(1, 'profiling'));
SELECT consent_profiling.protect('own_policies', 'id', '{regress_analyst}');
SELECT * FROM seen() WHERE "table" = 'own_policies';
BEGIN;
DROP OWNED BY regress_other_super;
ROLLBACK;
BEGIN;
DROP OWNED BY regress_other_super CASCADE;
SELECT count(*) FROM pg_extension WHERE extname = 'consent_profiling';
SELECT * FROM seen() WHERE "table" = 'own_policies';
ROLLBACK;
-- everybody else may disown what he has, and closes nothing by that
SET ROLE regress_app;
CREATE TEMP TABLE mine (id int);
DROP OWNED BY regress_app CASCADE;
RESET ROLE;
SELECT count(*) FROM pg_policy WHERE polname = 'consent_profiling_closed' AND polrelid = 'own_policies'::regclass;
ALTER DEFAULT PRIVILEGES REVOKE SELECT ON TABLES FROM regress_app;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO regress_app;

-- where the snapshot might not show all gates, the extension is not dropped
BEGIN ISOLATION LEVEL REPEATABLE READ;
DROP EXTENSION consent_profiling CASCADE;
ROLLBACK;
-- a drop that does not come about closes nothing
SET ROLE regress_analyst;
DROP EXTENSION consent_profiling CASCADE;
RESET ROLE;
SELECT * FROM seen() WHERE "table" = 'own_policies';

\c :home
DROP DATABASE regress_drop_extension;
DROP ROLE regress_analyst, regress_app, regress_owner, regress_other_super;
