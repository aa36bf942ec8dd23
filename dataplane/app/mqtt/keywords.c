/* Buffers and keywords of rules on MQTT. */
#include <string.h>

#include "dataplane/app/mqtt/mqtt.h"
#include "dataplane/app/text/compile.h"

static const struct mqtt_tx *of(const struct app_tx *tx)
{
	return container_of(tx, const struct mqtt_tx, tx);
}

/* ---- CONNECT ---- */

static bool connect_of(const struct app_tx *tx, struct mqtt_connect *ret)
{
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		if (m->type == MQTT_CONNECT && !m->truncated)
			return mqtt_read_connect(mqtt_body_of(m), ret);
	}
	return false;
}

#define CONNECT_BUFFER(field)                                                                      \
	static bool get_##field(const struct app_tx *tx, enum dir dir, uint32_t index,             \
				struct slice *ret)                                                 \
	{                                                                                          \
		struct mqtt_connect connect;                                                       \
                                                                                                   \
		if (!connect_of(tx, &connect) || connect.field.len == 0)                           \
			return false;                                                              \
		*ret = connect.field;                                                              \
		return true;                                                                       \
	}

CONNECT_BUFFER(client_id)
CONNECT_BUFFER(username)
CONNECT_BUFFER(password)
CONNECT_BUFFER(will_topic)
CONNECT_BUFFER(will_message)

/* ---- PUBLISH ---- */

static bool publish_of(const struct app_tx *tx, struct mqtt_body *ret)
{
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		if (m->type == MQTT_PUBLISH && !m->truncated)
			return mqtt_read_body(m, ret);
	}
	return false;
}

static bool get_publish_topic(const struct app_tx *tx, enum dir dir, uint32_t index,
			      struct slice *ret)
{
	struct mqtt_body b;

	if (!publish_of(tx, &b) || b.topic.len == 0)
		return false;
	*ret = b.topic;
	return true;
}

static bool get_publish_message(const struct app_tx *tx, enum dir dir, uint32_t index,
				struct slice *ret)
{
	struct mqtt_body b;

	if (!publish_of(tx, &b) || b.rest.len == 0)
		return false;
	*ret = b.rest;
	return true;
}

/* ---- topics ---- */

static bool get_topic(const struct app_tx *tx, enum mqtt_type type, uint32_t index,
		      struct slice *ret)
{
	uint32_t at = 0;
	uint8_t qos;

	if (index >= MQTT_TOPICS_MATCHED)
		return false;
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		struct mqtt_body b;
		struct cursor c;

		if (m->type != type || !mqtt_read_body(m, &b))
			continue;
		c = cursor_of(b.rest);
		while (mqtt_next_topic(&c, type == MQTT_SUBSCRIBE, ret, &qos)) {
			if (at++ == index)
				return true;
		}
	}
	return false;
}

static bool get_subscribe_topic(const struct app_tx *tx, enum dir dir, uint32_t index,
				struct slice *ret)
{
	return get_topic(tx, MQTT_SUBSCRIBE, index, ret);
}

static bool get_unsubscribe_topic(const struct app_tx *tx, enum dir dir, uint32_t index,
				  struct slice *ret)
{
	return get_topic(tx, MQTT_UNSUBSCRIBE, index, ret);
}

#define BUFFER(n, d0, d1, m, g)                                                                    \
	{                                                                                          \
		.name = n, .dir = {d0, d1}, .progress = {1, 1}, .multi = m, .get = g               \
	}

const struct app_buffer mqtt_buffers[MQTT_BUFFERS] = {
	BUFFER("mqtt.connect.clientid", true, false, false, get_client_id),
	BUFFER("mqtt.connect.username", true, false, false, get_username),
	BUFFER("mqtt.connect.password", true, false, false, get_password),
	BUFFER("mqtt.connect.willtopic", true, false, false, get_will_topic),
	BUFFER("mqtt.connect.willmessage", true, false, false, get_will_message),
	BUFFER("mqtt.publish.topic", true, true, false, get_publish_topic),
	BUFFER("mqtt.publish.message", true, true, false, get_publish_message),
	BUFFER("mqtt.subscribe.topic", true, true, true, get_subscribe_topic),
	BUFFER("mqtt.unsubscribe.topic", true, true, true, get_unsubscribe_topic),
};

/* ---- numbers and names ---- */

static void *compile_type(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);
	uint8_t *type = compile_new(1);

	for (unsigned i = MQTT_CONNECT; i < MQTT_TYPES; i++) {
		if (slice_eq_nocase(s, SLICE_STR(mqtt_type_name((enum mqtt_type)i)))) {
			*type = (uint8_t)i;
			return type;
		}
	}
	return compile_refuse(type, why, cap, "mqtt.type takes the name of a control packet");
}

static bool match_type(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		if (m->type == *(const uint8_t *)compiled)
			return true;
	}
	return false;
}

static void *compile_number(struct slice argument, uint64_t max, char *why, size_t cap)
{
	uint64_t *n = compile_new(sizeof(*n));

	if (!text_number(text_trim(argument), max, n))
		return compile_refuse(n, why, cap, "a number is expected");
	return n;
}

static void *compile_qos(struct slice argument, char *why, size_t cap)
{
	return compile_number(argument, 2, why, cap);
}

static bool match_qos(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		if (m->qos == *(const uint64_t *)compiled)
			return true;
	}
	return false;
}

static bool match_version(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return text_range_match(compiled, of(tx)->state->version);
}

static void *compile_code(struct slice argument, char *why, size_t cap)
{
	return compile_number(argument, UINT8_MAX, why, cap);
}

/* The first message that has a code decides; the lists of SUBACK and UNSUBACK beside it. */
static bool match_code(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	uint64_t want = *(const uint64_t *)compiled;
	bool first = true;

	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		struct mqtt_body b;
		struct slice codes;

		if (m->type == MQTT_CONNECT || !mqtt_read_body(m, &b))
			continue;
		if (b.has_code && first && b.code == want)
			return true;
		first &= !b.has_code;
		codes = mqtt_codes(m, &b);
		if (codes.len && memchr(codes.data, (int)want, codes.len))
			return true;
	}
	return false;
}

static void *compile_session(struct slice argument, char *why, size_t cap)
{
	struct slice s = text_trim(argument);
	bool *yes = compile_new(sizeof(*yes));

	*yes = slice_eq(s, SLICE_LIT("yes")) || slice_eq(s, SLICE_LIT("true"));
	if (*yes || slice_eq(s, SLICE_LIT("no")) || slice_eq(s, SLICE_LIT("false")))
		return yes;
	return compile_refuse(yes, why, cap, "yes, true, no or false is expected");
}

static bool match_session(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		struct mqtt_body b;

		if (m->type == MQTT_CONNACK && !m->truncated && mqtt_read_body(m, &b) &&
		    b.session_present == *(const bool *)compiled)
			return true;
	}
	return false;
}

/* ---- flags ---- */

struct flag {
	const char *name;
	uint8_t bit;
};

struct flags {
	uint8_t mask, value;
};

static bool flags_add(struct slice word, const struct flag *known, struct flags *f)
{
	bool negated = word.len && word.data[0] == '!';

	word = slice_sub(word, negated, word.len);
	for (; known->name; known++) {
		if (!slice_eq(word, SLICE_STR(known->name)))
			continue;
		f->mask |= known->bit;
		if (!negated)
			f->value |= known->bit;
		return true;
	}
	return false;
}

static void *compile_list(struct slice s, const struct flag *known, char *why, size_t cap)
{
	struct flags *f = compile_new(sizeof(*f));

	while (s.len) {
		const uint8_t *comma = memchr(s.data, ',', s.len);
		size_t n = comma ? (size_t)(comma - s.data) : s.len;

		if (!flags_add(text_trim(slice_sub(s, 0, n)), known, f))
			return compile_refuse(f, why, cap, "a flag's name is expected");
		s = slice_sub(s, n + 1, s.len);
	}
	return f;
}

static void *compile_flags(struct slice argument, char *why, size_t cap)
{
	static const struct flag known[] = {{"dup", 8}, {"retain", 1}, {NULL, 0}};

	return compile_list(argument, known, why, cap);
}

static bool match_flags(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct flags *f = compiled;

	for (const struct mqtt_message *m = of(tx)->first; m; m = m->next) {
		uint8_t flags = (uint8_t)((m->dup ? 8 : 0) | (m->retain ? 1 : 0));

		if ((flags & f->mask) == f->value)
			return true;
	}
	return false;
}

static void *compile_connect_flags(struct slice argument, char *why, size_t cap)
{
	static const struct flag known[] = {
		{"username", MQTT_FLAG_USERNAME},   {"password", MQTT_FLAG_PASSWORD},
		{"will", MQTT_FLAG_WILL},	    {"will_retain", MQTT_FLAG_WILL_RETAIN},
		{"clean_session", MQTT_FLAG_CLEAN}, {NULL, 0},
	};

	return compile_list(argument, known, why, cap);
}

static bool match_connect_flags(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct flags *f = compiled;
	struct mqtt_connect connect;

	return connect_of(tx, &connect) && (connect.flags & f->mask) == f->value;
}

const struct app_keyword mqtt_keywords[MQTT_KEYWORDS] = {
	{"mqtt.type", {true, true}, {1, 1}, compile_type, match_type},
	{"mqtt.flags", {true, true}, {1, 1}, compile_flags, match_flags},
	{"mqtt.qos", {true, true}, {1, 1}, compile_qos, match_qos},
	{"mqtt.protocol_version", {true, true}, {1, 1}, compile_range_u8, match_version},
	{"mqtt.reason_code", {true, true}, {1, 1}, compile_code, match_code},
	{"mqtt.connect.flags", {true, true}, {1, 1}, compile_connect_flags, match_connect_flags},
	{"mqtt.connack.session_present", {true, true}, {1, 1}, compile_session, match_session},
};
