-- engine_plans: the gate costs no plan.  A role that is gated gets the plan of one
-- that is not, with the gate among the filters and behind what an index or a
-- cheaper filter decides; estimates are those of the truth; and planning neither
-- tells what a role may not know, nor disturbs a query that is running.

\set home :DBNAME
CREATE ROLE regress_plans_gated;
CREATE ROLE regress_plans_free;
CREATE DATABASE regress_plans TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C';
\c regress_plans
CREATE EXTENSION consent_profiling;

-- 10000 people: for purpose p50 half are permitted, for p1 one in a hundred, for
-- p99 all others; nobody else may use p_secret
CREATE TABLE plans_person AS SELECT i AS id FROM generate_series(1, 10000) i;
SELECT consent_profiling.import_subjects('SELECT id AS subject, date ''1980-01-01'' AS birth_date FROM plans_person');
SELECT consent_profiling.add_purpose(p) FROM unnest('{p1,p50,p99,p_secret}'::text[]) p;
SELECT consent_profiling.import_consents(format(
	'SELECT id AS subject, %L AS purpose, ''given at 2020-01-01T00:00Z'' AS consent FROM plans_person WHERE abs(hashint4(id)::bigint) %% 100 < %s', p, share))
	FROM (VALUES ('p1', 1), ('p50', 50), ('p99', 99), ('p_secret', 2)) s (p, share);
SELECT consent_profiling.allow_purpose('regress_plans_gated', p) FROM unnest('{p1,p50,p99}'::text[]) p;
ANALYZE consent_profiling.subject;

CREATE TABLE plans_order (id int PRIMARY KEY, customer int NOT NULL, day int NOT NULL, amount int NOT NULL, note text);
INSERT INTO plans_order SELECT i, (i * 13) % 10000 + 1, i % 500, i % 1000, repeat('x', 40) FROM generate_series(1, 20000) i;
CREATE INDEX plans_order_customer ON plans_order (customer);
CREATE INDEX plans_order_day ON plans_order (day, customer);
CREATE TABLE plans_visit (customer int NOT NULL, month int NOT NULL, page text) PARTITION BY RANGE (month);
CREATE TABLE plans_visit_1 PARTITION OF plans_visit FOR VALUES FROM (1) TO (2);
CREATE TABLE plans_visit_2 PARTITION OF plans_visit FOR VALUES FROM (2) TO (3);
CREATE TABLE plans_visit_3 PARTITION OF plans_visit FOR VALUES FROM (3) TO (4);
INSERT INTO plans_visit SELECT i % 10000 + 1, i % 3 + 1, 'p' || i FROM generate_series(1, 15000) i;
CREATE TABLE plans_city (customer int PRIMARY KEY, city int);
INSERT INTO plans_city SELECT id, id % 50 FROM plans_person;
VACUUM ANALYZE plans_order;
VACUUM ANALYZE plans_visit;
VACUUM ANALYZE plans_city;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO regress_plans_gated, regress_plans_free;
-- what engine_stats() shows in full goes with this
GRANT SELECT ON consent_profiling.event TO regress_plans_gated;
GRANT INSERT, UPDATE ON plans_order TO regress_plans_gated;
SELECT consent_profiling.protect(t::regclass, 'customer', '{regress_plans_gated}', 'p50') FROM unnest('{plans_order,plans_visit}'::text[]) t;

-- both plans, the gate taken out of the one; and whether there was a gate
CREATE FUNCTION plan_of(role name, query text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
	line text;
BEGIN
	EXECUTE format('SET LOCAL ROLE %I', role);
	FOR line IN EXECUTE 'EXPLAIN (COSTS OFF) ' || query LOOP
		RETURN NEXT line;
	END LOOP;
	RESET ROLE;
END $$;
CREATE FUNCTION without_gate(line text) RETURNS text LANGUAGE sql AS $$
	SELECT CASE WHEN line ~ '^ *Filter: \w+\.may_profile\([^()]*\)$' THEN NULL
		WHEN line ~ '^ *Filter: .* AND .* AND ' THEN regexp_replace(line, '\w+\.may_profile\([^()]*\) AND | AND \w+\.may_profile\([^()]*\)', '')
		ELSE regexp_replace(line, '\(\w+\.may_profile\([^()]*\) AND (.*)\)$|\((.*) AND \w+\.may_profile\([^()]*\)\)$', '\1\2') END
$$;
CREATE FUNCTION same_plan(query text, OUT gated bigint, OUT same boolean) LANGUAGE plpgsql AS $$
DECLARE
	with_gate text[] := ARRAY(SELECT plan_of('regress_plans_gated', query));
	without text[] := ARRAY(SELECT plan_of('regress_plans_free', query));
	stripped text[] := ARRAY(SELECT l FROM unnest(with_gate) w, without_gate(w) l WHERE l IS NOT NULL);
BEGIN
	SELECT count(*) INTO gated FROM unnest(with_gate) w WHERE w ~ 'may_profile';
	same := stripped = without;
	IF NOT same THEN
		RAISE NOTICE E'%\n--\n%', array_to_string(with_gate, E'\n'), array_to_string(without, E'\n');
	END IF;
END $$;

PREPARE visits_of(int) AS SELECT count(*) FROM plans_visit WHERE month = $1;
CREATE TABLE plans_query (what text, settings text, query text);
INSERT INTO plans_query VALUES
	('sequential', '', 'SELECT count(*) FROM plans_order'),
	('filtered', '', 'SELECT count(*) FROM plans_order WHERE amount % 2 = 0'),
	('index', '', 'SELECT * FROM plans_order WHERE id = 42'),
	('index on the subject', 'enable_bitmapscan = off', 'SELECT * FROM plans_order WHERE customer = 42'),
	('index range', 'enable_bitmapscan = off', 'SELECT * FROM plans_order WHERE id BETWEEN 100 AND 200 AND amount % 2 = 0'),
	('bitmap', 'enable_indexscan = off', 'SELECT sum(amount) FROM plans_order WHERE day = 7'),
	('bitmap of two', 'enable_indexscan = off; enable_seqscan = off', 'SELECT sum(amount) FROM plans_order WHERE day = 7 OR id = 7'),
	('index only', 'enable_bitmapscan = off', 'SELECT count(*) FROM plans_order WHERE day = 7'),
	('sorted by index', '', 'SELECT id, amount FROM plans_order ORDER BY id LIMIT 5'),
	('pruned when planned', '', 'SELECT count(*) FROM plans_visit WHERE month = 2'),
	('pruned when run', 'plan_cache_mode = force_generic_plan', 'EXECUTE visits_of(2)'),
	('all partitions', '', 'SELECT count(*) FROM plans_visit'),
	('nested loop', 'enable_hashjoin = off; enable_mergejoin = off; enable_bitmapscan = off', 'SELECT * FROM plans_city c JOIN plans_order o USING (customer) WHERE c.customer < 5'),
	('hash join', 'enable_nestloop = off; enable_mergejoin = off', 'SELECT count(*) FROM plans_city c JOIN plans_order o USING (customer)'),
	('merge join', 'enable_nestloop = off; enable_hashjoin = off', 'SELECT count(*) FROM plans_city c JOIN plans_order o USING (customer)'),
	('grouped', '', 'SELECT day, sum(amount) FROM plans_order GROUP BY day'),
	('parallel', 'parallel_setup_cost = 0; parallel_tuple_cost = 0; min_parallel_table_scan_size = 0; min_parallel_index_scan_size = 0',
		'SELECT count(*) FROM plans_order'),
	('parallel join', 'parallel_setup_cost = 0; parallel_tuple_cost = 0; min_parallel_table_scan_size = 0; enable_nestloop = off; enable_mergejoin = off',
		'SELECT count(*) FROM plans_city c JOIN plans_order o USING (customer) WHERE amount < 900'),
	('parallel append', 'parallel_setup_cost = 0; parallel_tuple_cost = 0; min_parallel_table_scan_size = 0', 'SELECT count(*) FROM plans_visit');
CREATE FUNCTION with_settings(settings text) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	s text;
BEGIN
	FOREACH s IN ARRAY string_to_array(NULLIF(settings, ''), '; ') LOOP
		EXECUTE 'SET LOCAL ' || s;
	END LOOP;
EXCEPTION WHEN null_value_not_allowed THEN
END $$;
CREATE FUNCTION compare_plans(OUT what text, OUT kind text, OUT gated bigint, OUT same boolean) RETURNS SETOF record LANGUAGE plpgsql AS $$
DECLARE
	q plans_query;
BEGIN
	FOR q IN SELECT * FROM plans_query LOOP
		what := q.what;
		BEGIN
			PERFORM with_settings(q.settings);
			SELECT string_agg(DISTINCT m[1], ', ' ORDER BY m[1]) INTO kind FROM plan_of('regress_plans_gated', q.query) l,
				regexp_matches(l, '(Seq Scan|Index Scan|Index Only Scan|Bitmap Heap Scan|BitmapOr|Nested Loop|Merge Join|Hash Join|Parallel|Subplans Removed)', 'g') m;
			SELECT * INTO gated, same FROM same_plan(q.query);
			-- takes the settings back
			RAISE division_by_zero;
		EXCEPTION WHEN division_by_zero THEN
			RETURN NEXT;
		END;
	END LOOP;
END $$;
SELECT * FROM compare_plans();
-- and the answers
SELECT (SELECT count(*) FROM plans_order WHERE consent_profiling.verdict_of(customer, 'p50') = 'permitted') AS truth;
SET ROLE regress_plans_gated;
SELECT count(*) FROM plans_order;
SET enable_seqscan = off;
SELECT count(*) FROM plans_order WHERE day >= 0;
RESET enable_seqscan;
RESET ROLE;

-- what an index finds is all that the gate is asked about
SET ROLE regress_plans_gated;
EXPLAIN (COSTS OFF) SELECT * FROM plans_order WHERE amount = 3 AND note ~ 'y' AND id BETWEEN 1 AND 100;
\c
SET ROLE regress_plans_gated;
EXPLAIN (COSTS OFF) SELECT count(*) FROM plans_order WHERE id <= 20;
SELECT COALESCE(sum(probes), 0) AS before FROM consent_profiling.engine_stats() WHERE purpose = 'p50' \gset
SELECT count(*) FROM plans_order WHERE id <= 20;
SELECT probes - :before <= 20 AS few FROM consent_profiling.engine_stats() WHERE purpose = 'p50';
SELECT probes AS before FROM consent_profiling.engine_stats() WHERE purpose = 'p50' \gset
SET enable_indexscan = off;
SELECT count(*) FROM plans_order WHERE day = 7;
SELECT probes - :before <= 40 AS few FROM consent_profiling.engine_stats() WHERE purpose = 'p50';
RESET enable_indexscan;
RESET ROLE;

-- planning asks about some tens of people, and about none for a query that asks
-- about no more
\c
SET ROLE regress_plans_gated;
SET plan_cache_mode = force_generic_plan;
PREPARE order_of(int) AS SELECT * FROM plans_order WHERE id = $1;
CREATE FUNCTION pg_temp.plan_all(VARIADIC queries text[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
	query text;
BEGIN
	FOREACH query IN ARRAY queries LOOP
		EXECUTE 'EXPLAIN ' || query;
	END LOOP;
END $$;
SELECT pg_temp.plan_all('EXECUTE order_of(7)', 'SELECT * FROM plans_order JOIN plans_city USING (customer) WHERE id = 7',
	$$SELECT * FROM plans_order WHERE id = 7 AND consent_profiling.may_profile(customer, 'p99') AND NOT consent_profiling.may_profile(customer, 'p1')$$,
	'SELECT consent_profiling.may_profile(7)', 'SELECT * FROM plans_city WHERE consent_profiling.may_profile(7)',
	'INSERT INTO plans_order VALUES (0, 1, 1, 1)', 'UPDATE plans_order SET day = 1 WHERE id = 7');
SELECT COALESCE(sum(probes), 0) AS probes FROM consent_profiling.engine_stats();
SELECT pg_temp.plan_all($$SELECT * FROM plans_order WHERE amount > 1 AND consent_profiling.may_profile(customer, 'p99') AND NOT consent_profiling.may_profile(customer, 'p1')$$);
SELECT COALESCE(sum(probes), 0) <= 3 * 64 AS few FROM consent_profiling.engine_stats();
RESET plan_cache_mode;
RESET ROLE;

-- the estimates are true within a factor of two, for a role that is gated, at
-- first and when there is a set
CREATE FUNCTION estimate(query text) RETURNS float LANGUAGE plpgsql AS $$
DECLARE
	plan json;
BEGIN
	EXECUTE 'EXPLAIN (FORMAT JSON) ' || query INTO plan;
	RETURN plan -> 0 -> 'Plan' ->> 'Plan Rows';
END $$;
CREATE TABLE plans_mail (customer int, at int);
INSERT INTO plans_mail SELECT id, id % 100 FROM plans_person, generate_series(1, 3);
ANALYZE plans_mail;
GRANT SELECT ON plans_mail TO regress_plans_gated;
SELECT consent_profiling.protect('plans_mail', 'customer', '{regress_plans_gated}');
\c
SET ROLE regress_plans_gated;
CREATE TEMP TABLE shares AS SELECT unnest('{1,50,99}'::int[]) AS share;
SELECT share, estimate('SELECT FROM plans_mail') BETWEEN 30000 * share / 100.0 / 2 AND 30000 * share / 100.0 * 2 AS close_enough
	FROM shares, LATERAL (SELECT set_config('consent_profiling.purpose', 'p' || share, false) OFFSET 0) s WHERE s IS NOT NULL;
SET consent_profiling.purpose = 'p1';
SELECT count(*) FROM plans_mail;
SELECT estimate('SELECT FROM plans_mail') BETWEEN 150 AND 600 AS close_enough,
	estimate('SELECT FROM plans_mail WHERE at = 5') BETWEEN 1 AND 6 AS with_another;
SET consent_profiling.purpose = 'p99';
SELECT count(*) FROM plans_mail;
SELECT estimate('SELECT FROM plans_mail') BETWEEN 29400 AND 30000 AS close_enough;
RESET consent_profiling.purpose;

--
-- a purpose that was not allowed shows nothing of itself in a plan, whatever the
-- session knows of it: not its share, which is 2 in 100, and no set is made
--
\c
SET ROLE regress_plans_gated;
SELECT estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p_secret'')')
	= estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, at::text)') AS no_telling;
SET consent_profiling.purpose = 'p_secret';
SELECT estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer)')
	= estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, at::text)') AS no_telling;
EXPLAIN (COSTS OFF) SELECT count(*) FROM plans_mail;
RESET consent_profiling.purpose;
SELECT purpose FROM consent_profiling.engine_stats();
RESET ROLE;
SELECT purpose, has_set, probes FROM consent_profiling.engine_stats() WHERE purpose = 'p_secret';
-- not even when another role of the session has made a set of it
SELECT count(*) FROM plans_mail WHERE consent_profiling.may_profile(customer, 'p_secret');
SELECT has_set FROM consent_profiling.engine_stats() WHERE purpose = 'p_secret';
SELECT estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p_secret'')') BETWEEN 300 AND 1200 AS told;
SET ROLE regress_plans_gated;
SELECT estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p_secret'')')
	= estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, at::text)') AS no_telling;
SELECT purpose FROM consent_profiling.engine_stats() WHERE purpose = 'p_secret';
RESET ROLE;

--
-- what is planned while a query runs does not change what it answers: plans for
-- other purposes, other roles, after a write of the same transaction that the
-- query does not see, and plans that fail
--
CREATE FUNCTION plans(n int, deed text) RETURNS int LANGUAGE plpgsql VOLATILE AS $$
BEGIN
	IF n % 100 <> 0 THEN
		RETURN n;
	END IF;
	CASE deed
		WHEN 'purpose' THEN PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p99'')');
		WHEN 'same' THEN PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p50'')');
		WHEN 'setting' THEN
			PERFORM set_config('consent_profiling.purpose', 'p' || CASE WHEN n % 200 = 0 THEN 99 ELSE 1 END, true);
			PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer)');
		WHEN 'runs' THEN
			PERFORM count(*) FILTER (WHERE consent_profiling.may_profile(customer, 'p99')) FROM plans_mail WHERE customer <= 10;
		WHEN 'writes' THEN
			PERFORM consent_profiling.withdraw_consent(n - 50, 'p50');
			PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p50'')');
			PERFORM count(*) FROM plans_mail WHERE customer <= 10 AND consent_profiling.may_profile(customer, 'p50');
		WHEN 'fails' THEN
			BEGIN
				PERFORM consent_profiling.withdraw_consent(n - 50, 'p50');
				PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''no_such'')');
			EXCEPTION WHEN undefined_object THEN
			END;
		WHEN 'role' THEN
			SET LOCAL ROLE regress_plans_free;
			BEGIN
				PERFORM estimate('SELECT FROM plans_mail WHERE consent_profiling.may_profile(customer, ''p50'')');
				PERFORM consent_profiling.may_profile(n, 'p50');
				RAISE EXCEPTION 'not refused';
			EXCEPTION WHEN insufficient_privilege THEN
			END;
			RESET ROLE;
	END CASE;
	RETURN n;
END $$;
-- the same rows asked about in pieces, so that what plans() does falls between them
CREATE FUNCTION disturbed(deed text, OUT permitted bigint, OUT wrong bigint) LANGUAGE plpgsql AS $$
BEGIN
	SELECT count(*) FILTER (WHERE may), count(*) FILTER (WHERE may <> truth) INTO permitted, wrong
	FROM (SELECT p.id, plans(p.id, deed) AS n, consent_profiling.may_profile(p.id, 'p50') AS may, t.truth
		  FROM (SELECT id, consent_profiling.verdict_of(id, 'p50') = 'permitted' AS truth FROM plans_person ORDER BY id OFFSET 0) t
			JOIN plans_person p USING (id) OFFSET 0) q;
END $$;
SET enable_hashjoin = off;
SET enable_mergejoin = off;
CREATE INDEX ON plans_person (id);
-- without a set, and with one
SELECT deed, d.* FROM unnest('{purpose,same,setting,runs,fails,role}'::text[]) deed, disturbed(deed) d;
SELECT deed, d.* FROM unnest('{purpose,same,setting,runs,fails,role}'::text[]) deed, disturbed(deed) d;
\c
SET enable_hashjoin = off;
SET enable_mergejoin = off;
SET consent_profiling.cache_memory = 64;
BEGIN;
SELECT * FROM disturbed('writes');
SELECT * FROM disturbed('purpose');
ROLLBACK;
\c
SET enable_hashjoin = off;
SET enable_mergejoin = off;
BEGIN;
SELECT * FROM disturbed('same');
SELECT * FROM disturbed('writes');
SELECT * FROM disturbed('same');
ROLLBACK;
SELECT * FROM disturbed('same');

\c :home
DROP DATABASE regress_plans;
DROP ROLE regress_plans_gated;
DROP ROLE regress_plans_free;
