/*
 * announce.c
 *		Telling applications of events: by NOTIFY, and by messages in the
 *		write-ahead log for those who decode it.
 *
 * Both arrive when the transaction that recorded the event has committed, and
 * never when it has not.  They say that something happened and where to read
 * it, not about whom: every role may LISTEN, and logical decoding knows no
 * policies.
 */
#include "compat.h"

#include "access/htup_details.h"
#include "announce.h"
#include "catalog/namespace.h"
#include "commands/async.h"
#include "commands/trigger.h"
#include "registry.h"
#include "replication/message.h"
#include "utils/builtins.h"
#include "utils/json.h"
#include "utils/lsyscache.h"
#include "utils/rel.h"

PG_FUNCTION_INFO_V1(is_announcing);
PG_FUNCTION_INFO_V1(announce_event);

/* The channel to LISTEN to, and the prefix of the messages. */
#define CHANNEL EXTENSION_SCHEMA

/* Columns of "event", in the order of the install script. */
#define EVENT_ID 1
#define EVENT_ACT 2
#define EVENT_PURPOSE 4

bool		notify_setting;
bool		logical_message_setting;

/* is_announcing(): are events announced in any way? */
Datum
is_announcing(PG_FUNCTION_ARGS)
{
	(void) fcinfo;
	PG_RETURN_BOOL(notify_setting || logical_message_setting);
}

/* What is said of an event, as JSON. */
static void
DescribeEvent(HeapTuple row, TupleDesc tupdesc, StringInfo payload)
{
	bool		isnull;
	Datum		value;

	value = heap_getattr(row, EVENT_ID, tupdesc, &isnull);
	appendStringInfo(payload, "{\"event\": " INT64_FORMAT ", \"act\": ",
					 DatumGetInt64(value));
	value = heap_getattr(row, EVENT_ACT, tupdesc, &isnull);
	escape_json(payload, TextDatumGetCString(value));
	appendStringInfoString(payload, ", \"purpose\": ");
	value = heap_getattr(row, EVENT_PURPOSE, tupdesc, &isnull);
	if (isnull)
		appendStringInfoString(payload, "null");
	else
		escape_json(payload, TextDatumGetCString(value));
	appendStringInfoChar(payload, '}');
}

/*
 * announce_event(): the trigger on "event", as the settings have it.  Throws
 * what NOTIFY throws, among it that its queue is full.
 */
Datum
announce_event(PG_FUNCTION_ARGS)
{
	TriggerData *trigdata = (TriggerData *) fcinfo->context;
	StringInfoData payload;

	if (!CALLED_AS_TRIGGER(fcinfo) ||
		!TRIGGER_FIRED_AFTER(trigdata->tg_event) ||
		!TRIGGER_FIRED_FOR_ROW(trigdata->tg_event) ||
		!TRIGGER_FIRED_BY_INSERT(trigdata->tg_event) ||
		RelationGetRelid(trigdata->tg_relation) !=
		get_relname_relid("event", get_namespace_oid(EXTENSION_SCHEMA, true)))
		ereport(ERROR,
				(errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
				 errmsg("announce_event() can only be called by the trigger on the history")));

	initStringInfo(&payload);
	DescribeEvent(trigdata->tg_trigtuple,
				  RelationGetDescr(trigdata->tg_relation), &payload);
	if (notify_setting)
		Async_Notify(CHANNEL, payload.data);
	if (logical_message_setting)
		(void) LogLogicalMessage(CHANNEL, payload.data, payload.len,
								 true MESSAGE_FLUSH_ARGUMENT);
	pfree(payload.data);
	return PointerGetDatum(NULL);
}
