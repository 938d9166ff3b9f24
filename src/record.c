/*
 * record.c
 *		What the recording functions need to know that SQL cannot tell them.
 */
#include "compat.h"

#include "decision.h"
#include "gate.h"
#include "miscadmin.h"
#include "utils/builtins.h"

PG_FUNCTION_INFO_V1(caller_role);
PG_FUNCTION_INFO_V1(recorded_actor);
PG_FUNCTION_INFO_V1(consent_is_refusal);

/*
 * caller_role(): the role in force outside of any SECURITY DEFINER function.
 * The recording functions are such functions, so their current_user is always
 * the owner of the extension and would make a worthless history.
 */
Datum
caller_role(PG_FUNCTION_ARGS)
{
	Name		name = palloc0(sizeof(NameData));

	(void) fcinfo;
	namestrcpy(name, GetUserNameFromId(GetOuterUserId(), false));
	PG_RETURN_NAME(name);
}

/* recorded_actor(): the setting consent_profiling.actor, null when empty. */
Datum
recorded_actor(PG_FUNCTION_ARGS)
{
	if (actor_setting == NULL || actor_setting[0] == '\0')
		PG_RETURN_NULL();
	PG_RETURN_TEXT_P(cstring_to_text(actor_setting));
}

/* is_refusal(consent): is it a refusal or a withdrawal? */
Datum
consent_is_refusal(PG_FUNCTION_ARGS)
{
	PG_RETURN_BOOL(ConsentStatusIsNo(PG_GETARG_CONSENT_P(0)->status));
}
