-- verdict: the words of the truth table, in its order, permitted last
SET search_path = public, consent_profiling;

SELECT enum_range(NULL::verdict);
SELECT 'permitted'::verdict = enum_last(NULL::verdict) AS permitted_is_last,
	'unknown_subject'::verdict < 'child'::verdict AS denials_in_order;

-- and no others
SELECT 'allowed'::verdict;
SELECT ''::verdict;
SELECT 'Permitted'::verdict;
