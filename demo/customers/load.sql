-- 20,000 made-up customers, the same each time but for their birth dates, which
-- go by today's date. Every 40th has told no birth date.

INSERT INTO customer
	SELECT id,
		CASE WHEN id % 40 <> 0 THEN
			((now() AT TIME ZONE 'UTC')::date
			 - (14 + id * 7919 % 66)::int * interval '1 year'
			 - (id * 104729 % 365)::int * interval '1 day')::date END
	FROM generate_series(1, 20000) AS id;

-- What the shop knows of its customers, and still knows of some whom it dropped
-- from its books.
CREATE TABLE profile AS
	SELECT id AS customer,
		(ARRAY['Bergen', 'Ghent', 'Graz', 'Lisbon', 'Riga', 'Turin'])[1 + id * 31 % 6] AS city,
		(ARRAY['books', 'garden', 'health', 'music', 'sport'])[1 + id * 37 % 5] AS interest,
		(id * 7907 % 90000) / 100.0 AS spent
	FROM generate_series(1, 20150) AS id;
GRANT SELECT ON profile TO analyst, dpo;

\set reason_for_special_category '-- and what interests people tells of their health, which is a special category of data (Art. 9),'
\set origin_of_choices '-- (All of them are made up, like the customers.)'

\echo '-- 20,000 made-up customers of a shop, and 150 left over from accounts deleted long ago.'
\echo
