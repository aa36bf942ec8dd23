#include "dataplane/app/dnp3/dnp3.h"
#include "dataplane/app/text/compile.h"
#include "dataplane/app/text/names.h"

const struct dnp3_indicator dnp3_indicators[DNP3_INDICATORS] = {
	{"device_restart", 0x8000},
	{"device_trouble", 0x4000},
	{"local_control", 0x2000},
	{"need_time", 0x1000},
	{"class_3_events", 0x0800},
	{"class_2_events", 0x0400},
	{"class_1_events", 0x0200},
	{"all_stations", 0x0100},
	{"reserved_1", 0x0080},
	{"reserved_2", 0x0040},
	{"config_corrupt", 0x0020},
	{"already_executing", 0x0010},
	{"event_buffer_overflow", 0x0008},
	{"parameter_error", 0x0004},
	{"object_unknown", 0x0002},
	{"no_func_code_support", 0x0001},
};

static const struct text_name functions[] = {
	{0, "confirm"},
	{1, "read"},
	{2, "write"},
	{3, "select"},
	{4, "operate"},
	{5, "direct_operate"},
	{6, "direct_operate_nr"},
	{7, "immed_freeze"},
	{8, "immed_freeze_nr"},
	{9, "freeze_clear"},
	{10, "freeze_clear_nr"},
	{11, "freeze_at_time"},
	{12, "freeze_at_time_nr"},
	{13, "cold_restart"},
	{14, "warm_restart"},
	{15, "initialize_data"},
	{16, "initialize_appl"},
	{17, "start_appl"},
	{18, "stop_appl"},
	{19, "save_config"},
	{20, "enable_unsolicited"},
	{21, "disable_unsolicited"},
	{22, "assign_class"},
	{23, "delay_measure"},
	{24, "record_current_time"},
	{25, "open_file"},
	{26, "close_file"},
	{27, "delete_file"},
	{28, "get_file_info"},
	{29, "authenticate_file"},
	{30, "abort_file"},
	{31, "activate_config"},
	{32, "authenticate_req"},
	{33, "authenticate_err"},
	{129, "response"},
	{130, "unsolicited_response"},
	{131, "authenticate_resp"},
};

struct number {
	uint16_t value;
};

/* Decimal, or hexadecimal behind 0x. */
static bool any_number(struct slice s, uint64_t max, uint64_t *ret)
{
	s = text_trim(s);
	if (s.len < 3 || s.len > 6 || s.data[0] != '0' || (s.data[1] | 0x20) != 'x')
		return text_number(s, max, ret);
	*ret = 0;
	for (size_t i = 2; i < s.len; i++) {
		uint8_t c = s.data[i] | 0x20;
		bool letter = c >= 'a' && c <= 'f';

		if (!letter && (s.data[i] < '0' || s.data[i] > '9'))
			return false;
		*ret = *ret << 4 | (unsigned)(letter ? c - 'a' + 10 : s.data[i] - '0');
	}
	return *ret <= max;
}

static const struct dnp3_tx *of(const struct app_tx *tx, enum dir dir)
{
	const struct dnp3_tx *t = container_of(tx, const struct dnp3_tx, tx);

	return t->request == (dir == DIR_TS) ? t : NULL;
}

static void *function_compile(struct slice argument, char *why, size_t cap)
{
	struct number *t = compile_new(sizeof(*t));
	struct slice s = text_trim(argument);
	uint64_t n;

	if (text_number(s, UINT8_MAX, &n)) {
		t->value = (uint16_t)n;
		return t;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(functions); i++) {
		if (!slice_eq_nocase(s, slice_of(functions[i].name)))
			continue;
		t->value = (uint16_t)functions[i].number;
		return t;
	}
	return compile_refuse(t, why, cap, "dnp3_func takes the name or number of a function.");
}

static bool function_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dnp3_tx *t = of(tx, dir);

	return t && t->function == ((const struct number *)compiled)->value;
}

static uint16_t indicator(struct slice name)
{
	for (unsigned i = 0; i < DNP3_INDICATORS; i++) {
		if (slice_eq_nocase(name, slice_of(dnp3_indicators[i].name)))
			return dnp3_indicators[i].mask;
	}
	return 0;
}

/* Any of those named. */
static void *indication_compile(struct slice argument, char *why, size_t cap)
{
	struct number *t = compile_new(sizeof(*t));
	uint64_t n;

	if (any_number(argument, UINT16_MAX, &n)) {
		t->value = (uint16_t)n;
		return t;
	}
	for (size_t at = 0; at <= argument.len; at++) {
		size_t end = at;
		uint16_t mask;

		while (end < argument.len && argument.data[end] != ',')
			end++;
		mask = indicator(text_trim(slice_sub(argument, at, end - at)));
		if (mask == 0)
			return compile_refuse(t, why, cap,
					      "dnp3_ind takes names of internal indications.");
		t->value |= mask;
		at = end;
	}
	return t;
}

static bool indication_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dnp3_tx *t = of(tx, dir);

	return t && t->indications & ((const struct number *)compiled)->value;
}

/* GROUP,VARIATION */
static void *object_compile(struct slice argument, char *why, size_t cap)
{
	struct number *t = compile_new(sizeof(*t));
	size_t comma = 0;
	uint64_t group, variation;

	while (comma < argument.len && argument.data[comma] != ',')
		comma++;
	if (!any_number(slice_sub(argument, 0, comma), UINT8_MAX, &group) ||
	    !any_number(slice_sub(argument, comma + 1, argument.len), UINT8_MAX, &variation))
		return compile_refuse(t, why, cap, "dnp3_obj takes a group and a variation.");
	t->value = (uint16_t)(group << 8 | variation);
	return t;
}

static bool object_match(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct dnp3_tx *t = of(tx, dir);
	uint16_t want = ((const struct number *)compiled)->value;
	bool good = t && t->done;
	struct cursor c;

	if (!good)
		return false;
	c = dnp3_objects(t);
	while (good && cursor_left(&c) > 0) {
		struct dnp3_object o;
		bool has_points;

		good = dnp3_object_read(&c, &o, &has_points);
		if ((o.group << 8 | o.variation) == want)
			return true;
		good = good && (!has_points || dnp3_points_read(&c, &o, NULL, NULL));
	}
	return false;
}

const struct app_keyword dnp3_keywords[DNP3_KEYWORDS] = {
	{"dnp3_func", {true, true}, {0, 0}, function_compile, function_match},
	{"dnp3.func", {true, true}, {0, 0}, function_compile, function_match},
	{"dnp3_ind", {false, true}, {0, 0}, indication_compile, indication_match},
	{"dnp3.ind", {false, true}, {0, 0}, indication_compile, indication_match},
	{"dnp3_obj", {true, true}, {1, 1}, object_compile, object_match},
	{"dnp3.obj", {true, true}, {1, 1}, object_compile, object_match},
};
