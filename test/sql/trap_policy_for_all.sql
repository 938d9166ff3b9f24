-- a policy for everybody hides rows from the application, too: that is why roles are asked for
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE invoices (id int, subject int, paid boolean);
INSERT INTO invoices SELECT i, i, false FROM generate_series(1, 6) i;
GRANT ALL ON invoices TO regress_app, regress_analyst;
-- the trap: an objection to marketing that stops the invoices
SELECT consent_profiling.protect('invoices', 'subject', '{public}');
SET ROLE regress_app;
UPDATE invoices SET paid = true RETURNING id;
INSERT INTO invoices VALUES (7, 3, false);
RESET ROLE;
-- for those who profile
SELECT consent_profiling.unprotect('invoices', '{public}');
SELECT consent_profiling.protect('invoices', 'subject', '{regress_analyst}');
SET ROLE regress_app;
SELECT count(*) FROM invoices;
UPDATE invoices SET paid = true WHERE id = 3 RETURNING id;
INSERT INTO invoices VALUES (7, 3, false);
SET ROLE regress_analyst;
SELECT id, paid FROM invoices ORDER BY id;
RESET ROLE;
-- a role that is both is gated
GRANT regress_analyst TO regress_app;
SET ROLE regress_app;
SELECT count(*) FROM invoices;
RESET ROLE;
REVOKE regress_analyst FROM regress_app;
-- the roles must be named
SELECT consent_profiling.protect('invoices', 'subject');
SELECT consent_profiling.protect('invoices', 'subject', '{}');
DROP TABLE invoices;
\i :people_gone
