/* DNP3 (IEEE 1815) over TCP: link frames, transport segments, application fragments. A fragment is
 * a transaction of its direction. Off by default, as in Suricata. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum {
	DNP3_COMPLETE = 1,
	DNP3_FLOOD = 500,	   /* fragments under way: no more are begun, with an event */
	DNP3_FRAGMENT_MAX = 16384, /* bytes; IEEE 1815 recommends 2048 */
	DNP3_POINTS_LOGGED = 1024, /* a record */
	DNP3_CONFIRM = 0,
	DNP3_UNSOLICITED_RESPONSE = 130,
	DNP3_REQUEST_HEAD = 2,	/* control, function */
	DNP3_RESPONSE_HEAD = 4, /* and indications */
};

enum dnp3_event {
	DNP3_EVENT_FLOODED,
	DNP3_EVENT_LEN_TOO_SMALL,
	DNP3_EVENT_BAD_LINK_CRC,
	DNP3_EVENT_BAD_TRANSPORT_CRC,
	DNP3_EVENT_MALFORMED,
	DNP3_EVENT_UNKNOWN_OBJECT,
	DNP3_EVENTS,
};

struct dnp3_tx {
	struct app_tx tx;
	bool request, done;
	bool complete; /* all objects are known and whole */
	uint8_t link_control, transport;
	uint16_t src, dst;
	uint8_t control, function;
	uint16_t indications; /* responses: the first octet is the higher one */
	struct kept data;     /* the application layer's, head included */
};

/* --- objects --- */

enum dnp3_kind {
	DNP3_END,
	DNP3_BITS, /* `width` of an octet, from the lowest */
	DNP3_U8,
	DNP3_U16,
	DNP3_U32,
	DNP3_I16,
	DNP3_I32,
	DNP3_FLOAT,
	DNP3_DOUBLE,
	DNP3_TIME, /* 48 bits */
	DNP3_TEXT, /* as long as the u16 field number `width` says */
	DNP3_REST, /* text up to the end that the point's size prefix says */
};

struct dnp3_field {
	const char *name;
	uint8_t kind, width;
};

enum { DNP3_FIELDS = 16 };

struct dnp3_type {
	uint8_t group, variation;
	bool packed; /* one field of some bits, point after point */
	struct dnp3_field fields[DNP3_FIELDS];
};

struct dnp3_object {
	uint8_t group, variation, qualifier;
	uint32_t start, stop, count;
	const struct dnp3_type *type; /* NULL = not known, or it has no points */
};

static inline uint8_t dnp3_prefix_code(const struct dnp3_object *o)
{
	return o->qualifier >> 4 & 7;
}

static inline uint8_t dnp3_range_code(const struct dnp3_object *o)
{
	return o->qualifier & 15;
}

/* Reads an object's head; behind it c is at its points. False when it is not whole: what there is
 * of it is in `ret`. has_points: they follow, of a type that is known or not. */
bool dnp3_object_read(struct cursor *c, struct dnp3_object *ret, bool *has_points);

/* A value of a point. */
struct dnp3_value {
	const struct dnp3_field *field;
	union {
		uint64_t number;
		int64_t integer;
		double real;
		struct slice text;
	};
};

struct dnp3_point {
	uint32_t prefix, index;
	unsigned count;
	struct dnp3_value values[DNP3_FIELDS];
};

/* Calls `each` (may be NULL) for the points, one after the other. False when they are not whole. */
typedef void dnp3_each(void *context, const struct dnp3_point *p);
bool dnp3_points_read(struct cursor *c, const struct dnp3_object *o, dnp3_each *each,
		      void *context);

struct cursor dnp3_objects(const struct dnp3_tx *t);

/* --- the tables' functions --- */

bool dnp3_log(const struct app_tx *tx, const void *state, struct record *record);
void dnp3_log_alert(const struct app_tx *tx, const void *state, struct record *record);

struct dnp3_indicator {
	const char *name;
	uint16_t mask;
};
enum { DNP3_INDICATORS = 16 };
extern const struct dnp3_indicator dnp3_indicators[DNP3_INDICATORS];

enum { DNP3_KEYWORDS = 6 };
extern const struct app_keyword dnp3_keywords[DNP3_KEYWORDS];

extern const struct app_proto dnp3_proto;
