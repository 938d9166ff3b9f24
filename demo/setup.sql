-- The checks that end the demo when something is not as it should be, and who
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

-- Tries a statement that must be refused, and returns what it is told.
CREATE FUNCTION demo_refused(statement text, expected text) RETURNS text
	LANGUAGE plpgsql AS $$
DECLARE
	message text;
	detail text;
	hint text;
BEGIN
	BEGIN
		EXECUTE statement;
	EXCEPTION WHEN OTHERS THEN
		GET STACKED DIAGNOSTICS message = MESSAGE_TEXT,
			detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
	END;
	PERFORM demo_check('refusal of ' || statement, message, expected);
	RETURN concat_ws(E'\n', 'ERROR:  ' || message, 'DETAIL:  ' || NULLIF(detail, ''),
					 'HINT:  ' || NULLIF(hint, ''));
END
$$;

CREATE ROLE analyst LOGIN;
CREATE ROLE app LOGIN;
CREATE ROLE dpo LOGIN;

-- The customers of either story. The application keeps them.
CREATE TABLE customer (id bigint PRIMARY KEY, birth_date date);
GRANT SELECT, INSERT, UPDATE, DELETE ON customer TO app;
