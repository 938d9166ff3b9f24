-- The training part of the UCI Adult ("Census Income") data set,
-- https://doi.org/10.24432/C5XW20: a line a person, who are numbered from 1.
-- Their birth dates are made up from their ages and the date of loading: the one
-- that has begun everywhere on Earth.

CREATE TEMPORARY TABLE line (number bigint GENERATED ALWAYS AS IDENTITY, line text);
COPY line (line) FROM :'data' (DELIMITER E'\x01');

CREATE TABLE profile AS
	SELECT number AS customer, field[1]::int AS age, field[2] AS workclass,
		field[3]::int AS fnlwgt, field[4] AS education, field[5]::int AS education_num,
		field[6] AS marital_status, field[7] AS occupation, field[8] AS relationship,
		field[9] AS race, field[10] AS sex, field[11]::int AS capital_gain,
		field[12]::int AS capital_loss, field[13]::int AS hours_per_week,
		field[14] AS native_country, field[15] AS income
	FROM line, string_to_array(line, ', ') AS field
	WHERE line <> '';
GRANT SELECT ON profile TO analyst, dpo;

INSERT INTO customer
	SELECT customer,
		((now() AT TIME ZONE 'UTC' - interval '12 hours')::date - age * interval '1 year')::date
	FROM profile;

\echo '-- The people of the UCI Adult data set:'
\echo
SELECT count(*) AS rows, count(*) FILTER (WHERE age = 17) AS aged_17,
	count(*) FILTER (WHERE age < 17) AS younger, count(*) FILTER (WHERE income = '>50K') AS ">50K"
	FROM profile;
SELECT concat_ws(', ', count(*), count(*) FILTER (WHERE age = 17),
		count(*) FILTER (WHERE age < 17), count(*) FILTER (WHERE income = '>50K')) AS facts
	FROM profile \gset
SELECT demo_check('these four figures', :'facts', '32561, 395, 0, 7841') AS "-- check" \g (tuples_only format=unaligned)
\echo

\set reason_for_special_category '-- and the profile holds people''s race, which is a special category of data (Art. 9),'
\set origin_of_choices '-- (All of them are made up: the data set has none. So are the birth dates, from the ages.)'
