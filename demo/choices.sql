-- What the application's own tables hold before the extension comes: made-up
-- answers and letters, spread over the customers by arithmetic.

-- Answers to the consent form.
CREATE TABLE form (customer bigint, purpose text, answer text, explicit boolean,
	at timestamptz, until timestamptz);

INSERT INTO form
	SELECT id, 'newsletter_targeting',
		CASE WHEN lot < 78 THEN 'given' WHEN lot < 84 THEN 'refused'
			WHEN lot < 88 THEN 'requested' ELSE 'renewed' END,
		lot < 72 OR lot >= 88,
		date_trunc('minute', now()) - (1 + id * 1777 % 1400) * interval '1 day',
		CASE WHEN lot < 84 OR lot >= 88 THEN
			CASE WHEN lot IN (3, 4, 5, 6, 7) THEN date_trunc('minute', now()) - interval '12 hours'
				WHEN lot % 2 = 1 THEN date_trunc('minute', now()) + (1 + id % 700) * interval '1 day'
			END
		END
	FROM (SELECT id, id * 31 % 100 AS lot FROM customer) c
	-- the others were never asked
	WHERE lot < 96;
UPDATE form SET until = 'infinity' WHERE until IS NULL OR answer NOT IN ('given', 'renewed');

-- Some took it back later, from the newsletter or from everything.
INSERT INTO form
	SELECT customer,
		CASE WHEN customer % 2 = 0 THEN 'profiling' ELSE 'newsletter_targeting' END,
		'withdrawn', false, at + interval '6 hours', 'infinity'
	FROM form WHERE answer = 'given' AND customer * 13 % 20 = 0;
-- Others took it back from everything, and gave it to the newsletter anew.
INSERT INTO form
	SELECT customer, 'profiling', 'withdrawn', false, at - interval '30 days', 'infinity'
	FROM form WHERE answer = 'renewed' AND explicit AND customer % 7 = 0;

-- Letters of objection: to the newsletter, to direct marketing, to everything;
-- some were withdrawn.
CREATE TABLE letter (customer bigint, purpose text, kind text, at timestamptz);

INSERT INTO letter
	SELECT id,
		CASE id * 17 % 60 WHEN 0 THEN 'newsletter_targeting' WHEN 1 THEN 'direct_marketing'
			ELSE 'profiling' END,
		'raised', date_trunc('minute', now()) - (1 + id % 500) * interval '1 day'
	FROM customer WHERE id * 17 % 60 < 5;
INSERT INTO letter
	SELECT customer, purpose, 'withdrawn', at + interval '3 hours'
	FROM letter WHERE customer % 5 = 1;

-- What people asked of the data protection officer.
CREATE TABLE dpo_case (customer bigint, request text);

INSERT INTO dpo_case
	SELECT id, 'restrict' FROM customer WHERE id % 211 = 0;
INSERT INTO dpo_case
	SELECT id, 'erase' FROM customer
	WHERE id % 151 = 0 AND birth_date < current_date - interval '20 years';
INSERT INTO dpo_case
	SELECT customer, 'override' FROM letter
	WHERE purpose = 'profiling'
		AND customer NOT IN (SELECT customer FROM letter WHERE kind = 'withdrawn')
		AND customer NOT IN (SELECT customer FROM dpo_case WHERE request = 'erase')
		AND customer % 3 = 0;

GRANT SELECT ON form, letter TO app;
GRANT SELECT ON dpo_case TO dpo;
CREATE INDEX ON form (customer);
CREATE INDEX ON letter (customer);
ANALYZE customer, profile, form, letter, dpo_case;
