-- Who may get the newsletter, worked out in plain SQL from the application's own
-- tables: what every query would have to say without the extension.

-- A birthday has come when it has begun in the last time zone, UTC-12.
CREATE VIEW age AS
	SELECT id AS customer,
		extract(year FROM age((now() AT TIME ZONE 'UTC' - interval '12 hours')::date,
							  birth_date)) AS years
	FROM customer;

CREATE VIEW allowed_but_for_letters AS
	SELECT p.customer
	FROM profile p JOIN customer c ON c.id = p.customer JOIN age a USING (customer)
		CROSS JOIN LATERAL (
			-- the last word, be it on the newsletter or, when it is a No, on what is above
			SELECT * FROM form f
			WHERE f.customer = p.customer
				AND (f.purpose = 'newsletter_targeting'
					 OR f.purpose IN ('direct_marketing', 'profiling')
						AND f.answer IN ('refused', 'withdrawn'))
			ORDER BY at DESC LIMIT 1) said
	WHERE a.years >= 18
		AND p.customer NOT IN (SELECT customer FROM dpo_case WHERE request IN ('restrict', 'erase'))
		AND said.answer IN ('given', 'renewed') AND said.explicit AND said.until > now()
		AND extract(year FROM age((said.at AT TIME ZONE 'UTC' - interval '12 hours')::date,
								  c.birth_date)) >= 18;

CREATE VIEW allowed AS
	SELECT * FROM allowed_but_for_letters
	WHERE customer NOT IN (
		SELECT customer FROM letter r
		WHERE kind = 'raised'
			AND purpose IN ('newsletter_targeting', 'direct_marketing', 'profiling')
			AND NOT EXISTS (
				SELECT FROM letter w
				WHERE w.customer = r.customer AND w.purpose = r.purpose
					AND w.kind = 'withdrawn' AND w.at >= r.at));
