---------------------------------------------------------------------
-- What a purpose is
---------------------------------------------------------------------

-- Internal: the articles that a purpose rests on.
CREATE FUNCTION consent_profiling.articles_of(purpose consent_profiling.purpose)
	RETURNS text
	LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, pg_temp
AS $$
	SELECT 'GDPR Art. 6(1)(' || CASE purpose.basis
				WHEN 'consent' THEN 'a'
				WHEN 'contract' THEN 'b'
				WHEN 'legal_obligation' THEN 'c'
				WHEN 'vital_interests' THEN 'd'
				WHEN 'public_task' THEN 'e'
				WHEN 'legitimate_interests' THEN 'f' END || ')'
		|| CASE WHEN purpose.special_category
			THEN ', Art. 9(2)(a)' ELSE '' END
		-- as may_decide() asks
		|| CASE WHEN purpose.automated_decision
			THEN ', Art. 22(2)(' || CASE purpose.basis
				WHEN 'contract' THEN 'a'
				WHEN 'legal_obligation' THEN 'b'
				ELSE 'c' END || ')' ELSE '' END
		|| CASE WHEN purpose.automated_decision AND purpose.special_category
			THEN ', Art. 22(4)' ELSE '' END
$$;

-- Internal: who was allowed a purpose, as roles are called in allow_purpose().
CREATE FUNCTION consent_profiling.allowed_roles(purpose text)
	RETURNS name[]
	LANGUAGE sql STABLE STRICT PARALLEL SAFE
	SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
	SELECT ARRAY(
		SELECT CASE WHEN p.role = 0 THEN 'public'
				ELSE pg_get_userbyid(p.role) END
			FROM permissions() p WHERE p.purpose = allowed_roles.purpose
		UNION
		-- PUBLIC may use the root unless that was taken back.
		SELECT 'public'
			WHERE allowed_roles.purpose = 'profiling'
				AND NOT EXISTS (SELECT FROM permissions() p
								WHERE p.purpose = '!profiling')
		ORDER BY 1)
$$;

CREATE FUNCTION consent_profiling.describe_purpose(INOUT purpose text,
		OUT broader text, OUT basis text, OUT article text,
		OUT description text, OUT automated boolean,
		OUT personal_data boolean, OUT evaluates_person boolean,
		OUT gate_applies boolean, OUT direct_marketing boolean,
		OUT special_category boolean, OUT automated_decision boolean,
		OUT minimum_age integer, OUT protected_tables text[],
		OUT session_tables text[], OUT allowed_roles name[],
		OUT recipients text[])
	LANGUAGE plpgsql STABLE CALLED ON NULL INPUT PARALLEL SAFE
	SECURITY DEFINER SET search_path = pg_catalog, consent_profiling, pg_temp
AS $$
#variable_conflict use_column
DECLARE
	described consent_profiling.purpose;
BEGIN
	PERFORM refuse_null('purpose', describe_purpose.purpose IS NULL);
	SELECT * INTO described FROM purpose WHERE name = describe_purpose.purpose;
	IF NOT FOUND THEN
		RAISE EXCEPTION USING ERRCODE = 'undefined_object',
			MESSAGE = format('purpose "%s" does not exist',
							 describe_purpose.purpose);
	END IF;
	broader := described.broader;
	basis := described.basis;
	article := articles_of(described);
	description := described.description;
	-- Art. 4(4): what lacks one of the three is not profiling.
	automated := described.automated;
	personal_data := described.personal_data;
	evaluates_person := described.evaluates_person;
	gate_applies := described.automated AND described.personal_data
		AND described.evaluates_person;
	direct_marketing := (SELECT bool_or(l.direct_marketing)
						 FROM lineage(described.name) l);
	special_category := described.special_category;
	automated_decision := described.automated_decision;
	minimum_age := described.minimum_age;
	-- With their schemas, whatever the caller's search_path.
	protected_tables := ARRAY(SELECT DISTINCT g.relation::text COLLATE "C"
							  FROM gate g WHERE g.purpose = described.name
							  ORDER BY 1);
	session_tables := ARRAY(SELECT DISTINCT g.relation::text COLLATE "C"
							FROM gate g
							WHERE g.purpose IS NULL AND NOT g.column_mode
							ORDER BY 1);
	allowed_roles := allowed_roles(described.name);
	recipients := ARRAY(SELECT DISTINCT d.recipient FROM disclosure d
						WHERE d.purpose = described.name ORDER BY 1);
END
$$;
COMMENT ON FUNCTION consent_profiling.describe_purpose(text) IS
	'what a purpose is, for the record of processing activities (Art. 30): one row with its basis and the articles behind it, which elements of profiling hold (Art. 4(4)) and so whether the gate applies, the tables gated for it and those gated for the session''s purpose, who was allowed it, and to whom data was disclosed for it; throws undefined_object for an unknown purpose; for officers';
