/* http2.frametype, errorcode, priority, window, size_update, settings; urilen. */
#include "dataplane/app/http2/http2.h"
#include "dataplane/app/text/compile.h"

static const struct http2_side *side_of(const struct app_tx *tx, enum dir dir)
{
	return &http2_tx_of(tx)->side[dir];
}

struct names {
	const char *const *names;
	unsigned count;
};

static const char *const frame_names[] = {"data",	  "headers",	 "priority", "rststream",
					  "settings",	  "pushpromise", "ping",     "goaway",
					  "windowupdate", "continuation"};
static const char *const error_names[] = {"no_error",
					  "protocol_error",
					  "internal_error",
					  "flow_control_error",
					  "settings_timeout",
					  "stream_closed",
					  "frame_size_error",
					  "refused_stream",
					  "cancel",
					  "compression_error",
					  "connect_error",
					  "enhance_your_calm",
					  "inadequate_security",
					  "http_1_1_required"};
static const char *const setting_names[] = {
	"SETTINGS_HEADER_TABLE_SIZE",	   "SETTINGS_ENABLE_PUSH",
	"SETTINGS_MAX_CONCURRENT_STREAMS", "SETTINGS_INITIAL_WINDOW_SIZE",
	"SETTINGS_MAX_FRAME_SIZE",	   "SETTINGS_MAX_HEADER_LIST_SIZE"};

static int name_index(struct slice s, const char *const *names, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (slice_eq_nocase(s, slice_of(names[i])))
			return (int)i;
	}
	return -1;
}

/* A name or its number. */
static uint64_t *compile_name(struct slice argument, struct names known, uint64_t max, char *why,
			      size_t cap)
{
	uint64_t *value = compile_new(sizeof(*value));
	struct slice s = text_trim(argument);
	int index = name_index(s, known.names, known.count);

	if (index >= 0)
		*value = (uint64_t)index;
	else if (!text_number(s, max, value))
		return compile_refuse(value, why, cap, "it takes a name of RFC 9113 or a number");
	return value;
}

static void *compile_frame(struct slice argument, char *why, size_t cap)
{
	return compile_name(argument, (struct names){frame_names, ARRAY_SIZE(frame_names)},
			    UINT8_MAX, why, cap);
}

static bool match_frame(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	uint64_t type = *(const uint64_t *)compiled;

	return side_of(tx, dir)->types[type / 8] >> type % 8 & 1;
}

/* The index-th number of a list; false at its end. */
static bool number_at(const struct kept *list, uint32_t index, uint32_t *ret)
{
	if ((index + 1) * sizeof(*ret) > list->len)
		return false;
	memcpy(ret, list->data + index * sizeof(*ret), sizeof(*ret));
	return true;
}

static void *compile_error(struct slice argument, char *why, size_t cap)
{
	return compile_name(argument, (struct names){error_names, ARRAY_SIZE(error_names)},
			    UINT32_MAX, why, cap);
}

static bool match_error(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct kept *list = &side_of(tx, dir)->errors;
	uint32_t code;

	for (uint32_t i = 0; number_at(list, i, &code); i++) {
		if (code == *(const uint64_t *)compiled)
			return true;
	}
	return false;
}

static bool match_any(const struct kept *list, const struct text_range *range)
{
	uint32_t value;

	for (uint32_t i = 0; number_at(list, i, &value); i++) {
		if (text_range_match(range, value))
			return true;
	}
	return false;
}

static bool match_priority(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_any(&side_of(tx, dir)->priorities, compiled);
}

static bool match_window(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return match_any(&side_of(tx, dir)->windows, compiled);
}

static bool match_size_update(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct http2_side *side = side_of(tx, dir);

	for (uint32_t i = 0; i < side->count; i++) {
		if (side->headers[i].kind == HTTP2_SIZE_UPDATE &&
		    text_range_match(compiled, side->headers[i].size))
			return true;
	}
	return false;
}

struct setting {
	uint32_t id;
	bool any;
	struct text_range range;
};

static void *compile_setting(struct slice argument, char *why, size_t cap)
{
	struct setting *setting = compile_new(sizeof(*setting));
	struct slice s = text_trim(argument), name = s;
	int index;

	name.len = 0;
	while (name.len < s.len && !strchr("=<>!- ", s.data[name.len]))
		name.len++;
	index = name_index(name, setting_names, ARRAY_SIZE(setting_names));
	s = text_trim(slice_sub(s, name.len, s.len));
	setting->id = (uint32_t)(index + 1);
	setting->any = s.len == 0;
	if (index >= 0 && (setting->any || text_range_parse(s, UINT32_MAX, &setting->range)))
		return setting;
	return compile_refuse(setting, why, cap,
			      "http2.settings takes a setting's name, then perhaps a comparison");
}

static bool match_setting(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct kept *list = &side_of(tx, dir)->settings;
	const struct setting *setting = compiled;
	uint32_t id, value;

	for (uint32_t i = 0; number_at(list, i, &id) && number_at(list, i + 1, &value); i += 2) {
		if (id == setting->id && (setting->any || text_range_match(&setting->range, value)))
			return true;
	}
	return false;
}

/* --- urilen:[<>=!]n[<>m][,norm|,raw]: there is one form of the path --- */

static void *compile_urilen(struct slice argument, char *why, size_t cap)
{
	const uint8_t *comma = argument.len ? memchr(argument.data, ',', argument.len) : NULL;

	if (comma)
		argument.len = (size_t)(comma - argument.data);
	return compile_range_u16(argument, why, cap);
}

static bool match_urilen(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct http2_header *h = http2_find(side_of(tx, DIR_TS), ":path");

	return h && text_range_match(compiled, h->value_len);
}

#define BOTH                                                                                       \
	{                                                                                          \
		true, true                                                                         \
	}

const struct app_keyword http2_keywords[HTTP2_KEYWORDS] = {
	{"http2.frametype", BOTH, {0}, compile_frame, match_frame},
	{"http2.errorcode", BOTH, {0}, compile_error, match_error},
	{"http2.priority", BOTH, {0}, compile_range_u8, match_priority},
	{"http2.window", BOTH, {0}, compile_range_u32, match_window},
	{"http2.size_update", BOTH, {0}, compile_range_u64, match_size_update},
	{"http2.settings", BOTH, {0}, compile_setting, match_setting},
	{"urilen",
	 {true, false},
	 {HTTP2_DATA_CLIENT, HTTP2_DATA_CLIENT},
	 compile_urilen,
	 match_urilen},
};
