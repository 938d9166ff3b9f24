-- attack_default_privileges: the installing superuser's default privileges open
-- nothing that the extension creates, at installation or later
\pset format unaligned
\pset tuples_only on
\set SHOW_CONTEXT never
\set here :DBNAME
-- all that is granted on the extension's schema and what is in it, but for the owner's
-- own privileges, which are to be complete
SELECT $$
	WITH object (type, kind, name, owner, acl) AS (
		SELECT 'n'::"char", 'schema', nspname::text, nspowner, nspacl
			FROM pg_namespace WHERE nspname = 'consent_profiling'
		UNION ALL
		SELECT CASE relkind WHEN 'S' THEN 's'::"char" ELSE 'r' END,
			   CASE relkind WHEN 'S' THEN 'sequence' ELSE 'relation' END, relname, relowner, relacl
			FROM pg_class WHERE relnamespace = 'consent_profiling'::regnamespace AND relkind NOT IN ('i', 'I', 't')
		UNION ALL
		SELECT 'c', 'column', relname || '.' || attname, relowner, attacl
			FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
			WHERE relnamespace = 'consent_profiling'::regnamespace AND attacl IS NOT NULL
		UNION ALL
		SELECT 'f', 'function', proname, proowner, proacl
			FROM pg_proc WHERE pronamespace = 'consent_profiling'::regnamespace
		UNION ALL
		SELECT 'T', 'type', typname, typowner, typacl
			FROM pg_type t WHERE typnamespace = 'consent_profiling'::regnamespace AND typcategory <> 'A'
				AND NOT EXISTS (SELECT FROM pg_class c WHERE c.reltype = t.oid)
	)
	SELECT concat_ws(' ', kind, name, CASE a.grantee WHEN 0 THEN 'public' ELSE pg_get_userbyid(a.grantee) END,
					 a.privileges, CASE WHEN a.is_grantable THEN 'grantable' END) COLLATE "C" AS line
		FROM object, LATERAL (
			SELECT e.grantee, e.is_grantable, string_agg(e.privilege_type, ' ' ORDER BY e.privilege_type) AS privileges
				FROM aclexplode(COALESCE(acl, acldefault(type, owner))) e
				WHERE e.grantee <> owner GROUP BY 1, 2) a
	UNION
	SELECT 'not even for the owner: ' || kind || ' ' || name FROM object
		WHERE (SELECT count(*) FROM aclexplode(acl) a WHERE a.grantee = owner)
			<> (SELECT count(*) FROM aclexplode(acldefault(type, owner)) a WHERE a.grantee = owner)
			AND acl IS NOT NULL AND type <> 'c'
$$ AS privileges \gset

CREATE ROLE regress_readonly;
CREATE DATABASE regress_defaults;
\c regress_defaults
SET client_min_messages = warning;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO regress_readonly WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SEQUENCES TO regress_readonly, PUBLIC;
ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO regress_readonly WITH GRANT OPTION;
ALTER DEFAULT PRIVILEGES GRANT ALL ON TYPES TO regress_readonly;
ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO regress_readonly, PUBLIC;
-- these close more than they should
ALTER DEFAULT PRIVILEGES REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES REVOKE USAGE ON TYPES FROM PUBLIC;
SELECT 'ALTER DEFAULT PRIVILEGES REVOKE ALL ON ' || kind || ' FROM ' || quote_ident(current_user)
	FROM unnest('{TABLES,SEQUENCES,FUNCTIONS,TYPES,SCHEMAS}'::text[]) kind \gexec
CREATE EXTENSION consent_profiling;

:privileges ORDER BY line;

-- also where something is created later
SELECT FROM consent_profiling.register_subject('alice', '2015-05-05'), consent_profiling.raise_objection('alice');
SELECT FROM consent_profiling.allow_purpose('regress_readonly', 'profiling');
ALTER DEFAULT PRIVILEGES IN SCHEMA consent_profiling GRANT ALL ON TABLES TO regress_readonly;
DROP TABLE consent_profiling.permission;
SELECT FROM consent_profiling.allow_purpose('regress_readonly', 'profiling');
SELECT FROM consent_profiling.grant_duty('regress_readonly', 'officer'), consent_profiling.revoke_duty('regress_readonly', 'officer');
SELECT count(*) AS lines, string_agg(line, E'\n' ORDER BY line) AS granted FROM (:privileges) p \gset
\echo :lines

SET ROLE regress_readonly;
SELECT id, birth_date FROM consent_profiling.subject;
SELECT objection FROM consent_profiling.choice;
SELECT act FROM consent_profiling.event;
SELECT secret FROM consent_profiling.tombstone_secret;
SELECT nextval('consent_profiling.event_id_seq');
SELECT * FROM consent_profiling.permission;
SELECT consent_profiling.withdraw_objection('alice');
SELECT consent_profiling.rectify_birth_date('alice', '1980-01-01');
SELECT consent_profiling.grant_duty('regress_readonly', 'recorder');
SELECT consent_profiling.merkle_root('x');
CREATE FUNCTION consent_profiling.format(text, consent_profiling.subject_id) RETURNS text LANGUAGE sql RETURN 'x';
GRANT SELECT ON consent_profiling.subject TO PUBLIC;
-- what is for everybody works, though the defaults closed it
SELECT consent_profiling.may_profile('alice'), consent_profiling.may_profile(1), consent_profiling.subject_id(1) OPERATOR(consent_profiling.<) consent_profiling.subject_id(2), 'given at 2020-01-01T00:00:00Z'::consent_profiling.consent;
CREATE TEMP TABLE mine (id int, key consent_profiling.subject_id);
SELECT FROM consent_profiling.protect('mine', 'key', '{public}'), consent_profiling.unprotect('mine');
RESET ROLE;

-- ordinary defaults yield the same
\c :here
SELECT string_agg(line, E'\n' ORDER BY line) = :'granted' FROM (:privileges) p;
DROP DATABASE regress_defaults;
DROP ROLE regress_readonly;
