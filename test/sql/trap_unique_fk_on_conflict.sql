-- errors about keys reveal hidden rows: how much, and how little
\getenv test PG_ABS_SRCDIR
\set people :test '/people.sql'
\set people_gone :test '/people_gone.sql'
\i :people

CREATE TABLE t (id int PRIMARY KEY, email text UNIQUE, n int);
INSERT INTO t SELECT i, 'n' || i || '@example.org', 0 FROM generate_series(1, 6) i;
CREATE TABLE orders (id int REFERENCES t, what text);
INSERT INTO orders VALUES (1, 'a'), (3, 'b');
GRANT ALL ON t, orders TO regress_analyst;
SELECT consent_profiling.protect('t', 'id', '{regress_analyst}');
SET ROLE regress_analyst;
-- that a key is taken is told, the row is not: the message has no DETAIL
INSERT INTO t VALUES (1, 'n3@example.org', 0);
INSERT INTO t VALUES (2, 'new@example.org', 0);
INSERT INTO t VALUES (3, 'new@example.org', 0);
UPDATE t SET email = 'n3@example.org' WHERE id = 1;
-- nothing to do: zero rows tell the same, for those who may be written about
INSERT INTO t VALUES (1, 'n3@example.org', 0) ON CONFLICT DO NOTHING RETURNING id;
INSERT INTO t VALUES (3, 'n3@example.org', 0) ON CONFLICT DO NOTHING;
-- a hidden row is neither changed nor returned
INSERT INTO t VALUES (1, 'n3@example.org', 0) ON CONFLICT (email) DO UPDATE SET n = 99 RETURNING *;
INSERT INTO t AS old VALUES (1, 'n3@example.org', 0) ON CONFLICT (email) DO UPDATE SET n = old.id RETURNING *;
INSERT INTO t VALUES (1, 'new@example.org', 0) ON CONFLICT (id) DO UPDATE SET n = t.n + 1 RETURNING *;
-- a key that others refer to
DELETE FROM t WHERE id = 1;
DELETE FROM t WHERE id = 3;
INSERT INTO orders VALUES (3, 'that there is a 3');
INSERT INTO orders VALUES (7, 'that there is no 7');
RESET ROLE;
SELECT * FROM t ORDER BY id;
-- cascades are done with the rights of the owner, hidden or not
ALTER TABLE orders DROP CONSTRAINT orders_id_fkey, ADD FOREIGN KEY (id) REFERENCES t ON DELETE CASCADE;
SELECT consent_profiling.protect('orders', 'id', '{regress_analyst}');
SELECT consent_profiling.unprotect('t');
SET ROLE regress_analyst;
SELECT * FROM orders;
DELETE FROM t WHERE id = 3;
RESET ROLE;
SELECT * FROM orders ORDER BY 1, 2;
DROP TABLE orders, t;
\i :people_gone
