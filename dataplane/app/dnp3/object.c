#include "dataplane/app/dnp3/dnp3.h"

#define BITS(width, name)                                                                          \
	{                                                                                          \
		name, DNP3_BITS, width                                                             \
	}
#define U8(name)                                                                                   \
	{                                                                                          \
		name, DNP3_U8, 0                                                                   \
	}
#define U16(name)                                                                                  \
	{                                                                                          \
		name, DNP3_U16, 0                                                                  \
	}
#define U32(name)                                                                                  \
	{                                                                                          \
		name, DNP3_U32, 0                                                                  \
	}
#define I16(name)                                                                                  \
	{                                                                                          \
		name, DNP3_I16, 0                                                                  \
	}
#define I32(name)                                                                                  \
	{                                                                                          \
		name, DNP3_I32, 0                                                                  \
	}
#define FLOAT(name)                                                                                \
	{                                                                                          \
		name, DNP3_FLOAT, 0                                                                \
	}
#define DOUBLE(name)                                                                               \
	{                                                                                          \
		name, DNP3_DOUBLE, 0                                                               \
	}
#define TIME(name)                                                                                 \
	{                                                                                          \
		name, DNP3_TIME, 0                                                                 \
	}
#define TEXT(size, name)                                                                           \
	{                                                                                          \
		name, DNP3_TEXT, size                                                              \
	}
#define REST(name)                                                                                 \
	{                                                                                          \
		name, DNP3_REST, 0                                                                 \
	}

#define BINARY                                                                                     \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "chatter_filter"), BITS(1, "reserved"),           \
		BITS(1, "state")
#define DOUBLE_BIT                                                                                 \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "chatter_filter"), BITS(2, "state")
#define OUTPUT                                                                                     \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "reserved0"), BITS(1, "reserved1"),               \
		BITS(1, "state")
#define COUNTER                                                                                    \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "rollover"), BITS(1, "discontinuity"),            \
		BITS(1, "reserved0")
#define COUNTER_OLD                                                                                \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "rollover"), BITS(1, "reserved0"),                \
		BITS(1, "reserved1")
#define COUNTER_EVENT                                                                              \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "rollover"), BITS(1, "discontinuity"),            \
		BITS(1, "reserved1")
#define ANALOG                                                                                     \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "over_range"), BITS(1, "reference_err"),          \
		BITS(1, "reserved0")
#define STATUS	BITS(7, "status_code"), BITS(1, "reserved0")
#define COMMAND BITS(7, "status_code"), BITS(1, "commanded_state")
#define CONTROL                                                                                    \
	BITS(4, "op_type"), BITS(1, "qu"), BITS(1, "cr"), BITS(2, "tcc"), U8("count"),             \
		U32("ontime"), U32("offtime"), BITS(7, "status_code"), BITS(1, "reserved")
#define SECURITY                                                                                   \
	BITS(1, "online"), BITS(1, "restart"), BITS(1, "comm_lost"), BITS(1, "remote_forced"),     \
		BITS(1, "local_forced"), BITS(1, "reserved0"), BITS(1, "discontinuity"),           \
		BITS(1, "reserved1"), U16("association_id"), U32("count_value")

/* In order of group and variation. */
static const struct dnp3_type types[] = {
	{1, 1, true, {BITS(1, "state")}},
	{1, 2, false, {BINARY}},
	{2, 1, false, {U8("state")}},
	{2, 2, false, {BINARY, TIME("timestamp")}},
	{2, 3, false, {BINARY, U16("timestamp")}},
	{3, 1, true, {BITS(2, "state")}},
	{3, 2, false, {DOUBLE_BIT}},
	{4, 1, false, {DOUBLE_BIT}},
	{4, 2, false, {DOUBLE_BIT, TIME("timestamp")}},
	{4, 3, false, {DOUBLE_BIT, U16("relative_time_ms")}},
	{10, 1, true, {BITS(1, "state")}},
	{10, 2, false, {OUTPUT}},
	{11, 1, false, {OUTPUT}},
	{11, 2, false, {OUTPUT, TIME("timestamp")}},
	{12, 1, false, {CONTROL}},
	{12, 2, false, {CONTROL}},
	{12, 3, true, {BITS(1, "point")}},
	{13, 1, false, {COMMAND}},
	{13, 2, false, {COMMAND, TIME("timestamp")}},
	{20, 1, false, {COUNTER, U32("count")}},
	{20, 2, false, {COUNTER, U16("count")}},
	{20, 3, false, {COUNTER_OLD, U32("count")}},
	{20, 4, false, {COUNTER_OLD, U16("count")}},
	{20, 5, false, {U32("count")}},
	{20, 6, false, {U16("count")}},
	{20, 7, false, {U32("count")}},
	{20, 8, false, {U16("count")}},
	{21, 1, false, {COUNTER, U32("count")}},
	{21, 2, false, {COUNTER, U16("count")}},
	{21, 3, false, {COUNTER_OLD, U32("count")}},
	{21, 4, false, {COUNTER_OLD, U16("count")}},
	{21, 5, false, {COUNTER_EVENT, U32("count"), TIME("timestamp")}},
	{21, 6, false, {COUNTER_EVENT, U16("count"), TIME("timestamp")}},
	{21, 7, false, {COUNTER_OLD, U32("count"), TIME("timestamp")}},
	{21, 8, false, {COUNTER_OLD, U16("count"), TIME("timestamp")}},
	{21, 9, false, {U32("count")}},
	{21, 10, false, {U16("count")}},
	{21, 11, false, {U32("count")}},
	{21, 12, false, {U16("count")}},
	{22, 1, false, {COUNTER, U32("count")}},
	{22, 2, false, {COUNTER, U16("count")}},
	{22, 3, false, {COUNTER_OLD, U32("count")}},
	{22, 4, false, {COUNTER_OLD, U16("count")}},
	{22, 5, false, {COUNTER_OLD, U32("count"), TIME("timestamp")}},
	{22, 6, false, {COUNTER, U16("count"), TIME("timestamp")}},
	{22, 7, false, {COUNTER_OLD, U32("count"), TIME("timestamp")}},
	{22, 8, false, {COUNTER_OLD, U16("count"), TIME("timestamp")}},
	{23, 1, false, {COUNTER, U32("count")}},
	{23, 2, false, {COUNTER_OLD, U16("count")}},
	{23, 3, false, {COUNTER_OLD, U32("count")}},
	{23, 4, false, {COUNTER_OLD, U16("count")}},
	{23, 5, false, {COUNTER, U32("count"), TIME("timestamp")}},
	{23, 6, false, {COUNTER, U16("count"), TIME("timestamp")}},
	{23, 7, false, {COUNTER_OLD, U32("count"), TIME("timestamp")}},
	{23, 8, false, {COUNTER_OLD, U16("count"), TIME("timestamp")}},
	{30, 1, false, {ANALOG, I32("value")}},
	{30, 2, false, {ANALOG, I16("value")}},
	{30, 3, false, {I32("value")}},
	{30, 4, false, {I16("value")}},
	{30, 5, false, {ANALOG, FLOAT("value")}},
	{30, 6, false, {ANALOG, DOUBLE("value")}},
	{31, 1, false, {ANALOG, I32("value")}},
	{31, 2, false, {ANALOG, I16("value")}},
	{31, 3, false, {ANALOG, I32("value"), TIME("timestamp")}},
	{31, 4, false, {ANALOG, I16("value"), TIME("timestamp")}},
	{31, 5, false, {I32("value")}},
	{31, 6, false, {I16("value")}},
	{31, 7, false, {ANALOG, FLOAT("value")}},
	{31, 8, false, {ANALOG, DOUBLE("value")}},
	{32, 1, false, {ANALOG, I32("value")}},
	{32, 2, false, {ANALOG, I16("value")}},
	{32, 3, false, {ANALOG, I32("value"), TIME("timestamp")}},
	{32, 4, false, {ANALOG, I16("value"), TIME("timestamp")}},
	{32, 5, false, {ANALOG, FLOAT("value")}},
	{32, 6, false, {ANALOG, DOUBLE("value")}},
	{32, 7, false, {ANALOG, FLOAT("value"), TIME("timestamp")}},
	{32, 8, false, {ANALOG, DOUBLE("value"), TIME("timestamp")}},
	{33, 1, false, {ANALOG, I32("value")}},
	{33, 2, false, {ANALOG, I16("value")}},
	{33, 3, false, {ANALOG, I32("value"), TIME("timestamp")}},
	{33, 4, false, {ANALOG, I16("value"), TIME("timestamp")}},
	{33, 5, false, {ANALOG, FLOAT("value")}},
	{33, 6, false, {ANALOG, DOUBLE("value")}},
	{33, 7, false, {ANALOG, FLOAT("value"), TIME("timestamp")}},
	{33, 8, false, {ANALOG, DOUBLE("value"), TIME("timestamp")}},
	{34, 1, false, {U16("deadband_value")}},
	{34, 2, false, {U32("deadband_value")}},
	{34, 3, false, {FLOAT("deadband_value")}},
	{40, 1, false, {ANALOG, I32("value")}},
	{40, 2, false, {ANALOG, I16("value")}},
	{40, 3, false, {ANALOG, FLOAT("value")}},
	{40, 4, false, {ANALOG, DOUBLE("value")}},
	{41, 1, false, {I32("value"), U8("control_status")}},
	{41, 2, false, {I16("value"), U8("control_status")}},
	{41, 3, false, {FLOAT("value"), U8("control_status")}},
	{41, 4, false, {DOUBLE("value"), U8("control_status")}},
	{42, 1, false, {ANALOG, I32("value")}},
	{42, 2, false, {ANALOG, I16("value")}},
	{42, 3, false, {ANALOG, I32("value"), TIME("timestamp")}},
	{42, 4, false, {ANALOG, I16("value"), TIME("timestamp")}},
	{42, 5, false, {ANALOG, FLOAT("value")}},
	{42, 6, false, {ANALOG, DOUBLE("value")}},
	{42, 7, false, {ANALOG, FLOAT("value"), TIME("timestamp")}},
	{42, 8, false, {ANALOG, DOUBLE("value"), TIME("timestamp")}},
	{43, 1, false, {STATUS, I32("commanded_value")}},
	{43, 2, false, {STATUS, I16("commanded_value")}},
	{43, 3, false, {STATUS, I32("commanded_value"), TIME("timestamp")}},
	{43, 4, false, {STATUS, I16("commanded_value"), TIME("timestamp")}},
	{43, 5, false, {STATUS, FLOAT("commanded_value")}},
	{43, 6, false, {STATUS, DOUBLE("commanded_value")}},
	{43, 7, false, {STATUS, FLOAT("commanded_value"), TIME("timestamp")}},
	{43, 8, false, {STATUS, DOUBLE("commanded_value"), TIME("timestamp")}},
	{50, 1, false, {TIME("timestamp")}},
	{50, 2, false, {TIME("timestamp"), U32("interval")}},
	{50, 3, false, {TIME("timestamp")}},
	{50, 4, false, {TIME("timestamp"), U32("interval_count"), U8("interval_units")}},
	{51, 1, false, {TIME("timestamp")}},
	{51, 2, false, {TIME("timestamp")}},
	{52, 1, false, {U16("delay_secs")}},
	{52, 2, false, {U16("delay_ms")}},
	{70,
	 1,
	 false,
	 {U16("filename_size"), U8("filetype_code"), U8("attribute_code"), U16("start_record"),
	  U16("end_record"), U32("file_size"), TIME("created_timestamp"), U16("permission"),
	  U32("file_id"), U32("owner_id"), U32("group_id"), U8("file_function_code"),
	  U8("status_code"), TEXT(0, "filename"), U16("data_size"), TEXT(14, "data")}},
	{70,
	 2,
	 false,
	 {U16("username_offset"), U16("username_size"), U16("password_offset"),
	  U16("password_size"), U32("authentication_key"), TEXT(1, "username"),
	  TEXT(3, "password")}},
	{70,
	 3,
	 false,
	 {U16("filename_offset"), U16("filename_size"), TIME("created"), U16("permissions"),
	  U32("authentication_key"), U32("file_size"), U16("operational_mode"),
	  U16("maximum_block_size"), U16("request_id"), TEXT(1, "filename")}},
	{70,
	 4,
	 false,
	 {U32("file_handle"), U32("file_size"), U16("maximum_block_size"), U16("request_id"),
	  U8("status_code"), REST("optional_text")}},
	{70, 5, false, {U32("file_handle"), U32("block_number"), REST("file_data")}},
	{70,
	 6,
	 false,
	 {U32("file_handle"), U32("block_number"), U8("status_code"), REST("optional_text")}},
	{70,
	 7,
	 false,
	 {U16("filename_offset"), U16("filename_size"), U16("file_type"), U32("file_size"),
	  TIME("created_timestamp"), U16("permissions"), U16("request_id"), TEXT(1, "filename")}},
	{70, 8, false, {REST("file_specification")}},
	{80, 1, true, {BITS(1, "state")}},
	{81,
	 1,
	 false,
	 {BITS(7, "fill_percentage"), BITS(1, "overflow_state"), U8("group"), U8("variation")}},
	{86,
	 2,
	 false,
	 {BITS(1, "rd"), BITS(1, "wr"), BITS(1, "st"), BITS(1, "ev"), BITS(1, "df"),
	  BITS(1, "padding0"), BITS(1, "padding1"), BITS(1, "padding2")}},
	{102, 1, false, {U8("value")}},
	{120, 3, false, {U32("csq"), U16("user_number")}},
	{120, 4, false, {U16("user_number")}},
	{121, 1, false, {SECURITY}},
	{122, 1, false, {SECURITY}},
	{122, 2, false, {SECURITY, TIME("timestamp")}},
};

static const struct dnp3_type *type_find(uint8_t group, uint8_t variation)
{
	size_t low = 0, high = ARRAY_SIZE(types);
	unsigned want = group << 8 | variation;

	while (low < high) {
		size_t mid = (low + high) / 2;
		unsigned have = types[mid].group << 8 | types[mid].variation;

		if (have == want)
			return &types[mid];
		if (have < want)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static uint32_t number_read(struct cursor *c, unsigned octets)
{
	switch (octets) {
	case 1:
		return cursor_u8(c);
	case 2:
		return cursor_u16_le(c);
	case 4:
		return cursor_u32_le(c);
	default:
		return 0;
	}
}

/* IEEE 1815-2012, table 4-5. */
static bool range_read(struct cursor *c, struct dnp3_object *o)
{
	static const uint8_t range_octets[] = {1, 2, 4, 1, 2, 4};
	static const uint8_t count_octets[] = {[7] = 1, [8] = 2, [9] = 4, [11] = 1};
	uint8_t code = dnp3_range_code(o);

	if (code < ARRAY_SIZE(range_octets)) {
		uint32_t start = number_read(c, range_octets[code]);
		uint32_t stop = number_read(c, range_octets[code]);

		if (c->bad)
			return false;
		o->start = start;
		o->stop = stop;
		o->count = stop - start + 1;
		return true;
	}
	if (code == 6)
		return true;
	if (code >= ARRAY_SIZE(count_octets) || count_octets[code] == 0)
		return false;
	o->count = number_read(c, count_octets[code]);
	return !c->bad;
}

bool dnp3_object_read(struct cursor *c, struct dnp3_object *ret, bool *has_points)
{
	*ret = (struct dnp3_object){0};
	*has_points = false;
	ret->group = cursor_u8(c);
	ret->variation = cursor_u8(c);
	ret->qualifier = cursor_u8(c);
	if (c->bad || !range_read(c, ret))
		return false;
	*has_points = ret->variation != 0 && ret->count != 0;
	if (*has_points)
		ret->type = type_find(ret->group, ret->variation);
	return true;
}

static double real(uint64_t bits, bool is_double)
{
	union {
		uint32_t u;
		float f;
	} single = {.u = (uint32_t)bits};
	union {
		uint64_t u;
		double d;
	} twice = {.u = bits};

	return is_double ? twice.d : (double)single.f;
}

/* Bits of one octet that several fields share. */
struct octet {
	uint8_t value;
	unsigned used; /* 8 = none is left */
};

static void value_read(struct cursor *c, struct octet *bits, struct dnp3_point *p, size_t end,
		       struct dnp3_value *v)
{
	switch (v->field->kind) {
	case DNP3_BITS:
		if (bits->used >= 8)
			*bits = (struct octet){.value = cursor_u8(c)};
		v->number = bits->value >> bits->used & ((1u << v->field->width) - 1);
		bits->used += v->field->width;
		return;
	case DNP3_U8:
		v->number = cursor_u8(c);
		return;
	case DNP3_U16:
		v->number = cursor_u16_le(c);
		return;
	case DNP3_U32:
		v->number = cursor_u32_le(c);
		return;
	case DNP3_I16:
		v->integer = (int16_t)cursor_u16_le(c);
		return;
	case DNP3_I32:
		v->integer = (int32_t)cursor_u32_le(c);
		return;
	case DNP3_FLOAT:
		v->real = real(cursor_u32_le(c), false);
		return;
	case DNP3_DOUBLE:
		v->real = real(cursor_u64_le(c), true);
		return;
	case DNP3_TIME:
		v->number = cursor_u16_le(c);
		v->number |= (uint64_t)cursor_u32_le(c) << 16;
		return;
	case DNP3_TEXT:
		v->text = cursor_take(c, p->values[v->field->width].number);
		return;
	case DNP3_REST:
		if (cursor_offset(c) > end)
			c->bad = true;
		else
			v->text = cursor_take(c, end - cursor_offset(c));
		return;
	}
}

static bool prefix_is_size(const struct dnp3_object *o)
{
	return dnp3_prefix_code(o) >= 4 && dnp3_prefix_code(o) <= 6;
}

static bool prefix_is_index(const struct dnp3_object *o)
{
	return dnp3_prefix_code(o) >= 1 && dnp3_prefix_code(o) <= 3;
}

static unsigned prefix_octets(const struct dnp3_object *o)
{
	static const uint8_t octets[8] = {0, 1, 2, 4, 1, 2, 4, 0};

	return octets[dnp3_prefix_code(o)];
}

static bool point_read(struct cursor *c, const struct dnp3_object *o, struct dnp3_point *p)
{
	struct octet bits = {.used = 8};
	size_t end;

	p->prefix = number_read(c, prefix_octets(o));
	end = cursor_offset(c) + p->prefix;
	for (p->count = 0; p->count < DNP3_FIELDS; p->count++) {
		const struct dnp3_field *f = &o->type->fields[p->count];

		if (f->kind == DNP3_END)
			break;
		if (f->kind == DNP3_REST && !prefix_is_size(o))
			return false;
		p->values[p->count].field = f;
		value_read(c, &bits, p, end, &p->values[p->count]);
	}
	return !c->bad;
}

static bool packed_read(struct cursor *c, const struct dnp3_object *o, dnp3_each *each,
			void *context)
{
	struct octet bits = {.used = 8};
	struct dnp3_point p = {.count = 1, .values[0].field = o->type->fields};

	p.prefix = number_read(c, prefix_octets(o));
	for (uint32_t i = 0; i < o->count; i++) {
		p.index = prefix_is_index(o) ? p.prefix : o->start + i;
		value_read(c, &bits, &p, 0, &p.values[0]);
		if (c->bad)
			return false;
		if (each)
			each(context, &p);
	}
	return true;
}

bool dnp3_points_read(struct cursor *c, const struct dnp3_object *o, dnp3_each *each, void *context)
{
	struct dnp3_point p;

	if (!o->type)
		return false;
	if (o->type->packed)
		return packed_read(c, o, each, context);
	for (uint32_t i = 0; i < o->count; i++) {
		if (!point_read(c, o, &p))
			return false;
		p.index = prefix_is_index(o) ? p.prefix : o->start + i;
		if (each)
			each(context, &p);
	}
	return true;
}

struct cursor dnp3_objects(const struct dnp3_tx *t)
{
	struct slice s = kept_slice(&t->data);

	return cursor_of(slice_sub(s, t->request ? DNP3_REQUEST_HEAD : DNP3_RESPONSE_HEAD, s.len));
}
