/*
 * support.c
 *		What the planner should know about the gate.
 *
 * PostgreSQL takes a third for the share of rows that a boolean function lets
 * through.  The gate can do better, and a plan for one row in a hundred is not
 * a plan for all.
 */
#include "compat.h"

#include "catalog/pg_type_d.h"
#include "engine.h"
#include "gate.h"
#include "nodes/primnodes.h"
#include "nodes/supportnodes.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(may_profile_support);

/*
 * may_profile_support(): estimate the selectivity of may_profile(subject
 * [, purpose]).  A purpose that is not known before execution is not
 * estimated.
 */
Datum
may_profile_support(PG_FUNCTION_ARGS)
{
	Node	   *request = (Node *) PG_GETARG_POINTER(0);
	SupportRequestSelectivity *selectivity;
	const char *name = purpose_setting;
	double		share;

	if (!IsA(request, SupportRequestSelectivity))
		PG_RETURN_POINTER(NULL);
	selectivity = (SupportRequestSelectivity *) request;

	if (list_length(selectivity->args) > 1)
	{
		Const	   *purpose = lsecond(selectivity->args);

		if (!IsA(purpose, Const) || purpose->constisnull ||
			purpose->consttype != TEXTOID)
			PG_RETURN_POINTER(NULL);
		name = TextDatumGetCString(purpose->constvalue);
	}
	share = PermittedShare(name, strlen(name));
	if (share < 0)
		PG_RETURN_POINTER(NULL);
	selectivity->selectivity = Min(share, 1.0);
	PG_RETURN_POINTER(request);
}
