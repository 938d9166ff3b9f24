-- protect_columns: tables that carry birth date, consent and objection themselves
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE DOMAIN protect_birth_date AS date;
CREATE TABLE customers (id int PRIMARY KEY, born protect_birth_date, consent consent_profiling.consent, objection consent_profiling.objection);
INSERT INTO customers VALUES
	(1, '1980-01-01', 'given at 2020-01-01T00:00:00Z', NULL),
	(2, '1980-01-01', 'given at 2020-01-01T00:00:00Z', 'withdrawn at 2021-01-01T00:00:00Z'),
	(3, '1980-01-01', 'given at 2020-01-01T00:00:00Z', 'overridden at 2021-01-01T00:00:00Z grounds "fraud"'),
	(11, current_date - 3000, 'given at 2020-01-01T00:00:00Z', NULL),
	(12, NULL, 'given at 2020-01-01T00:00:00Z', NULL),
	(13, '1980-01-01', NULL, NULL),
	(14, '1980-01-01', 'withdrawn at 2021-01-01T00:00:00Z', NULL),
	(15, '1980-01-01', 'refused at 2021-01-01T00:00:00Z', NULL),
	(16, '1980-01-01', 'requested at 2021-01-01T00:00:00Z', NULL),
	(17, '1980-01-01', 'given at 2020-01-01T00:00:00Z until 2021-01-01T00:00:00Z', NULL),
	(18, '1980-01-01', 'given at 2020-01-01T00:00:00Z', 'raised at 2021-01-01T00:00:00Z'),
	(19, '1980-01-01', 'given at 2020-01-01T00:00:00Z', 'upheld at 2021-01-01T00:00:00Z'),
	(20, '1990-01-01', 'given at 2000-01-01T00:00:00Z', NULL),
	(21, '1980-01-01', 'given at 9000-01-01T00:00:00Z', NULL);
GRANT ALL ON customers TO regress_analyst, regress_app;
SELECT consent_profiling.protect_columns('customers', 'born', 'consent', 'objection', '{regress_analyst}');
SELECT * FROM consent_profiling.protected_table;
\d customers
SET ROLE regress_app;
SELECT count(*) FROM customers;
SET ROLE regress_analyst;
SELECT id FROM customers ORDER BY id;
UPDATE customers SET consent = 'given at 2022-01-01T00:00:00Z' RETURNING id;
UPDATE customers SET objection = 'raised at 2022-01-01T00:00:00Z' WHERE id = 1;
INSERT INTO customers VALUES (30, current_date - 3000, 'given at 2022-01-01T00:00:00Z', NULL);
-- no purpose is asked for: these columns are about the root
SET consent_profiling.purpose = 'anything';
SELECT count(*) FROM customers;
RESET consent_profiling.purpose;
RESET ROLE;

-- calling again replaces; renaming is followed
ALTER TABLE customers RENAME COLUMN consent TO agreed;
SELECT consent_profiling.protect_columns('customers', 'born', 'agreed', 'objection', '{public}');
SELECT * FROM consent_profiling.protected_table;
-- beside a gate by the registry, both count
SELECT consent_profiling.protect('customers', 'id', '{regress_analyst}');
SELECT * FROM consent_profiling.protected_table ORDER BY 2;
SET ROLE regress_analyst;
SELECT id FROM customers ORDER BY id;
SET ROLE regress_app;
SELECT id FROM customers ORDER BY id;
RESET ROLE;
SELECT consent_profiling.unprotect('customers');
\d customers

-- partitions, before and after
CREATE TABLE parted (LIKE customers) PARTITION BY LIST (id);
CREATE TABLE parted_18 PARTITION OF parted FOR VALUES IN (18);
SELECT consent_profiling.protect_columns('parted', 'born', 'agreed', 'objection', '{regress_analyst}');
CREATE TABLE parted_19 PARTITION OF parted FOR VALUES IN (19);
CREATE TABLE parted_1 PARTITION OF parted FOR VALUES IN (1);
INSERT INTO parted SELECT * FROM customers WHERE id IN (1, 18, 19);
GRANT SELECT ON parted, parted_1, parted_18, parted_19 TO regress_analyst;
SELECT * FROM consent_profiling.protected_table ORDER BY relation::text;
SET ROLE regress_analyst;
SELECT (SELECT count(*) FROM parted) AS parted, (SELECT count(*) FROM parted_1) AS parted_1,
	(SELECT count(*) FROM parted_18) AS parted_18, (SELECT count(*) FROM parted_19) AS parted_19;
RESET ROLE;
DROP TABLE parted, customers;
DROP DOMAIN protect_birth_date;
\i :people_gone
