-- and they leave
\set ECHO none
DELETE FROM consent_profiling.choice WHERE subject::text IN ('1', '2', '3', '4', '5');
DELETE FROM consent_profiling.subject WHERE id::text IN ('1', '2', '3', '4', '5');
DROP ROLE regress_analyst;
DROP ROLE regress_app;
\set ECHO all
