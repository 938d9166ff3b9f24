-- The people in the tests about protection: 1 and 2 may be profiled; 3 has
-- objected, 4 is a child, 5 was never asked, and nobody has heard of 6.
-- regress_analyst will be gated, regress_app will not.
\set ECHO none
\set SHOW_CONTEXT never
CREATE ROLE regress_analyst;
CREATE ROLE regress_app;
DO $$
BEGIN
	FOR i IN 1..5 LOOP
		PERFORM consent_profiling.register_subject(i,
			CASE WHEN i = 4 THEN current_date - 3000 ELSE '1980-01-01' END);
		IF i < 5 THEN
			PERFORM consent_profiling.give_consent(i, 'profiling');
		END IF;
	END LOOP;
	PERFORM consent_profiling.raise_objection(3, 'profiling');
END
$$;
\set ECHO all
