-- The check that ends the demo when something is not as it should be, and who
-- and what the story is about.

CREATE FUNCTION demo_check(what text, seen text, expected text) RETURNS text
	LANGUAGE plpgsql AS $$
BEGIN
	IF seen IS DISTINCT FROM expected THEN
		RAISE EXCEPTION 'the demo went wrong: %: %, expected: %', what, seen, expected;
	END IF;
	RETURN format('-- checked: %s: %s', what, seen);
END
$$;

CREATE ROLE analyst LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE dpo LOGIN;

-- The customers of either story. The application keeps them.
CREATE TABLE customer (id bigint PRIMARY KEY, birth_date date);
GRANT SELECT, INSERT, UPDATE, DELETE ON customer TO app;
