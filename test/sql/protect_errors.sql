-- every wrong argument to protect, protect_columns and unprotect
\pset format unaligned
\pset tuples_only on
CREATE FUNCTION pg_temp.refusal(command text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
	message text;
	hint text;
BEGIN
	EXECUTE command;
	RETURN 'not refused';
EXCEPTION WHEN OTHERS THEN
	GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, hint = PG_EXCEPTION_HINT;
	RETURN format('%s %s%s', SQLSTATE, message, E'\n      ' || NULLIF(hint, ''));
END
$$;
CREATE FUNCTION pg_temp.protect(relation text, subject_column text DEFAULT $$'id'$$,
	roles text DEFAULT $$'{regress_analyst}'$$, purpose text DEFAULT $$NULL$$)
RETURNS text LANGUAGE sql RETURN pg_temp.refusal(format('SELECT consent_profiling.protect(%s, %s, %s, %s)', relation, subject_column, roles, purpose));
CREATE FUNCTION pg_temp.protect_columns(relation text, birth_date text DEFAULT $$'born'$$,
	consent text DEFAULT $$'consent'$$, objection text DEFAULT $$'objection'$$,
	roles text DEFAULT $$'{regress_analyst}'$$)
RETURNS text LANGUAGE sql RETURN pg_temp.refusal(format('SELECT consent_profiling.protect_columns(%s, %s, %s, %s, %s)', relation, birth_date, consent, objection, roles));
CREATE FUNCTION pg_temp.unprotect(relation text)
RETURNS text LANGUAGE sql RETURN pg_temp.refusal(format('SELECT consent_profiling.unprotect(%s)', relation));

CREATE ROLE regress_analyst;
CREATE TABLE t (id int PRIMARY KEY, gone int, note jsonb, amount numeric, ids int[], tag name, row_of bytea,
	born date, consent consent_profiling.consent, objection consent_profiling.objection, at timestamptz);
ALTER TABLE t DROP COLUMN gone;
CREATE VIEW a_view AS SELECT * FROM t;
CREATE MATERIALIZED VIEW a_matview AS SELECT * FROM t;
CREATE FOREIGN DATA WRAPPER protect_errors;
CREATE SERVER protect_errors FOREIGN DATA WRAPPER protect_errors;
CREATE FOREIGN TABLE a_foreign_table (id int, born date, consent consent_profiling.consent, objection consent_profiling.objection) SERVER protect_errors;
CREATE SEQUENCE a_sequence;
CREATE TYPE a_type AS (id int);

-- protect: the relation
SELECT pg_temp.protect('NULL');
SELECT pg_temp.protect('999999999');
SELECT pg_temp.protect($$'nowhere'$$);
SELECT pg_temp.protect($$'a_view'$$);
SELECT pg_temp.protect($$'a_matview'$$);
SELECT pg_temp.protect($$'a_foreign_table'$$);
SELECT pg_temp.protect($$'a_sequence'$$);
SELECT pg_temp.protect($$'a_type'$$);
SELECT pg_temp.protect($$'t_pkey'$$);
SELECT pg_temp.protect($$'pg_class'$$);
SELECT pg_temp.protect($$'information_schema.sql_features'$$);
SELECT pg_temp.protect($$'consent_profiling.subject'$$);
SELECT pg_temp.protect($$'consent_profiling.protected_table'$$);
SELECT regexp_replace(pg_temp.protect(format('%L', reltoastrelid::regclass)), '\d{6,}|pg_toast_\d+', 'N', 'g') FROM pg_class WHERE oid = 't'::regclass;
-- the column
SELECT pg_temp.protect($$'t'$$, 'NULL');
SELECT pg_temp.protect($$'t'$$, $$'nothing'$$);
SELECT pg_temp.protect($$'t'$$, $$''$$);
SELECT pg_temp.protect($$'t'$$, $$'ID'$$);
SELECT pg_temp.protect($$'t'$$, $$'ctid'$$);
SELECT pg_temp.protect($$'t'$$, $$'........pg.dropped.2........'$$);
SELECT pg_temp.protect($$'t'$$, $$'t'$$);
SELECT pg_temp.protect($$'t'$$, format('%L', c)) FROM unnest('{note,amount,ids,tag,row_of,born,consent}'::text[]) c;
-- the roles
SELECT pg_temp.protect($$'t'$$, roles => 'NULL');
SELECT pg_temp.protect($$'t'$$, roles => $$'{}'$$);
SELECT pg_temp.protect($$'t'$$, roles => $$'{regress_analyst,NULL}'$$);
SELECT pg_temp.protect($$'t'$$, roles => $$'{regress_analyst,regress_nobody}'$$);
SELECT pg_temp.protect($$'t'$$, roles => $$'{""}'$$);
SELECT pg_temp.protect($$'t'$$, roles => $$'regress_analyst'$$);
-- the purpose
SELECT pg_temp.protect($$'t'$$, purpose => $$'nowhere'$$);
SELECT pg_temp.protect($$'t'$$, purpose => $$''$$);
SELECT pg_temp.protect($$'t'$$, purpose => $$'Profiling'$$);

-- protect_columns
SELECT pg_temp.protect_columns('NULL');
SELECT pg_temp.protect_columns('999999999');
SELECT pg_temp.protect_columns($$'a_view'$$);
SELECT pg_temp.protect_columns($$'a_matview'$$);
SELECT pg_temp.protect_columns($$'a_foreign_table'$$);
SELECT pg_temp.protect_columns($$'pg_class'$$);
SELECT pg_temp.protect_columns($$'consent_profiling.choice'$$);
SELECT pg_temp.protect_columns($$'t'$$, birth_date => 'NULL');
SELECT pg_temp.protect_columns($$'t'$$, consent => 'NULL');
SELECT pg_temp.protect_columns($$'t'$$, objection => 'NULL');
SELECT pg_temp.protect_columns($$'t'$$, birth_date => $$'nothing'$$);
SELECT pg_temp.protect_columns($$'t'$$, consent => $$'nothing'$$);
SELECT pg_temp.protect_columns($$'t'$$, objection => $$'nothing'$$);
SELECT pg_temp.protect_columns($$'t'$$, birth_date => $$'at'$$);
SELECT pg_temp.protect_columns($$'t'$$, consent => $$'objection'$$);
SELECT pg_temp.protect_columns($$'t'$$, objection => $$'consent'$$);
SELECT pg_temp.protect_columns($$'t'$$, consent => $$'note'$$);
SELECT pg_temp.protect_columns($$'t'$$, roles => 'NULL');
SELECT pg_temp.protect_columns($$'t'$$, roles => $$'{}'$$);
SELECT pg_temp.protect_columns($$'t'$$, roles => $$'{NULL}'$$);
SELECT pg_temp.protect_columns($$'t'$$, roles => $$'{regress_nobody}'$$);

-- unprotect
SELECT pg_temp.unprotect('NULL');
SELECT pg_temp.unprotect('999999999');
SELECT pg_temp.unprotect($$'a_view'$$);
SELECT pg_temp.unprotect($$'a_matview'$$);
SELECT pg_temp.unprotect($$'a_foreign_table'$$);
SELECT pg_temp.unprotect($$'a_sequence'$$);
SELECT pg_temp.unprotect($$'pg_class'$$);
SELECT pg_temp.unprotect($$'consent_profiling.purpose'$$);

-- a partition or child that cannot be gated, or belongs to somebody else
CREATE TABLE parted (id int, k int) PARTITION BY LIST (k);
CREATE FOREIGN TABLE parted_1 PARTITION OF parted FOR VALUES IN (1) SERVER protect_errors;
SELECT pg_temp.protect($$'parted'$$);
SELECT relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies FROM pg_class c WHERE oid = 'parted'::regclass;
DROP FOREIGN TABLE parted_1;
CREATE ROLE regress_owner;
CREATE TABLE parted_2 PARTITION OF parted FOR VALUES IN (2);
ALTER TABLE parted OWNER TO regress_owner;
SET ROLE regress_owner;
SELECT pg_temp.protect($$'parted'$$);
SELECT pg_temp.unprotect($$'parted'$$);
RESET ROLE;
-- what is protected through its parent
SELECT consent_profiling.protect('parted', 'id', '{regress_analyst}');
SELECT pg_temp.unprotect($$'parted_2'$$);

-- somebody else's table
SET ROLE regress_analyst;
SELECT pg_temp.protect($$'t'$$);
SELECT pg_temp.protect_columns($$'t'$$);
SELECT pg_temp.unprotect($$'t'$$);
SELECT pg_temp.unprotect($$'parted'$$);
RESET ROLE;

-- where a snapshot might be old, or nothing can be written
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT pg_temp.protect($$'t'$$);
SELECT pg_temp.unprotect($$'parted'$$);
COMMIT;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT pg_temp.protect_columns($$'t'$$);
COMMIT;
BEGIN READ ONLY;
SELECT pg_temp.protect($$'t'$$);
COMMIT;

-- the attack: internal functions that PUBLIC may call, with odd arguments
SET ROLE regress_analyst;
SELECT consent_profiling.settle_helper(0, true), consent_profiling.settle_helper('pg_class'::regclass, NULL),
	(consent_profiling.read_policy(0)).kind;
SELECT consent_profiling.settle_helper('t'::regclass, true);
SELECT consent_profiling.settle_helper('a_view'::regclass, true);
SELECT consent_profiling.gate_ddl('COMMIT');
SELECT consent_profiling.gate_ddl('');
SELECT consent_profiling.gate_ddl('DROP POLICY consent_profiling_id ON parted');
SET client_min_messages = error;
DO $$
BEGIN
	PERFORM consent_profiling.gate_ddl('DROP OWNED BY CURRENT_USER CASCADE');
EXCEPTION WHEN dependent_objects_still_exist THEN
	-- a server that would have let it
END
$$;
RESET client_min_messages;
SELECT consent_profiling.drop_gate('parted', 'consent_profiling_id', NULL);
SELECT consent_profiling.in_gate_ddl();
SELECT consent_profiling.force_on_owners();
RESET ROLE;
SELECT count(*) FROM consent_profiling.protected_table WHERE intact;

-- nothing of all that left a trace
SELECT relrowsecurity, (SELECT count(*) FROM pg_policy WHERE polrelid = c.oid) AS policies FROM pg_class c WHERE oid = 't'::regclass;

DROP TABLE t, parted CASCADE;
DROP FOREIGN DATA WRAPPER protect_errors CASCADE;
DROP SEQUENCE a_sequence;
DROP TYPE a_type;
DROP ROLE regress_analyst;
DROP ROLE regress_owner;
