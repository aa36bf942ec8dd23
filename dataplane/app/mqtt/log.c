/* Records of MQTT transactions. */
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/app/mqtt/mqtt.h"
#include "dataplane/app/text/text.h"

enum {
	PROPERTY_NAME = 64, /* bytes of a user property's name that are shown */
	LIST_SHOWN = 256,   /* topics or codes of a message that are shown */
};

/* Names of user properties are the sender's; what is not text becomes a dot. */
static void put_pair(struct record *r, const struct mqtt_property *p)
{
	char name[PROPERTY_NAME + 1];
	size_t n = p->key.len < PROPERTY_NAME ? p->key.len : PROPERTY_NAME;

	for (size_t i = 0; i < n; i++)
		name[i] = p->key.data[i] >= 0x20 && p->key.data[i] < 0x7f ? (char)p->key.data[i]
									  : '.';
	name[n] = '\0';
	text_log(r, name, p->text);
}

static void put_properties(struct record *r, struct slice properties)
{
	struct cursor c = cursor_of(properties);
	struct mqtt_property p;

	if (properties.len == 0)
		return;
	record_object(r, "properties");
	while (mqtt_next_property(&c, &p)) {
		if (p.kind == MQTT_NUMBER)
			record_uint(r, p.name, p.number);
		else if (p.kind == MQTT_TEXT)
			text_log(r, p.name, p.text);
		else if (p.kind == MQTT_PAIR)
			put_pair(r, &p);
	}
	record_end(r);
}

static void put_connect(struct record *r, const struct mqtt_message *m)
{
	struct mqtt_connect c;

	if (!mqtt_read_connect(mqtt_body_of(m), &c))
		return;
	text_log(r, "protocol_string", c.protocol);
	record_uint(r, "protocol_version", c.version);
	text_log(r, "client_id", c.client_id);
	record_object(r, "flags");
	record_bool(r, "username", c.flags & MQTT_FLAG_USERNAME);
	record_bool(r, "password", c.flags & MQTT_FLAG_PASSWORD);
	record_bool(r, "will_retain", c.flags & MQTT_FLAG_WILL_RETAIN);
	record_bool(r, "will", c.flags & MQTT_FLAG_WILL);
	record_bool(r, "clean_session", c.flags & MQTT_FLAG_CLEAN);
	record_end(r);
	if (c.flags & MQTT_FLAG_USERNAME)
		text_log(r, "username", c.username);
	if (c.flags & MQTT_FLAG_PASSWORD)
		text_log(r, "password", c.password);
	if (c.flags & MQTT_FLAG_WILL) {
		record_object(r, "will");
		text_log(r, "topic", c.will_topic);
		text_log(r, "message", c.will_message);
		put_properties(r, c.will_properties);
		record_end(r);
	}
	put_properties(r, c.properties);
}

static void put_topics(struct record *r, const struct mqtt_message *m, const struct mqtt_body *b)
{
	bool with_qos = m->type == MQTT_SUBSCRIBE;
	struct cursor c = cursor_of(b->rest);
	struct slice topic;
	uint8_t qos = 0;

	record_array(r, "topics");
	for (unsigned i = 0; i < LIST_SHOWN && mqtt_next_topic(&c, with_qos, &topic, &qos); i++) {
		if (!with_qos) {
			text_log(r, NULL, topic);
			continue;
		}
		record_object(r, NULL);
		text_log(r, "topic", topic);
		record_uint(r, "qos", qos);
		record_end(r);
	}
	record_end(r);
}

static void put_codes(struct record *r, const char *name, struct slice codes)
{
	record_array(r, name);
	for (size_t i = 0; i < codes.len && i < LIST_SHOWN; i++)
		record_uint(r, NULL, codes.data[i]);
	record_end(r);
}

static void put_body(struct record *r, const struct mqtt_message *m)
{
	struct mqtt_body b;

	mqtt_read_body(m, &b);
	if (m->type == MQTT_CONNACK)
		record_bool(r, "session_present", b.session_present);
	if (m->type == MQTT_PUBLISH)
		text_log(r, "topic", b.topic);
	if (b.has_id)
		record_uint(r, "message_id", b.id);
	if (b.has_code)
		record_uint(r, m->type == MQTT_CONNACK ? "return_code" : "reason_code", b.code);
	if (m->type == MQTT_PUBLISH)
		text_log(r, "message", b.rest);
	if (m->type == MQTT_SUBSCRIBE || m->type == MQTT_UNSUBSCRIBE)
		put_topics(r, m, &b);
	if (m->type == MQTT_SUBACK)
		put_codes(r, "qos_granted", b.rest);
	if (m->type == MQTT_UNSUBACK && b.rest.len)
		put_codes(r, "reason_codes", b.rest);
	if (m->type != MQTT_SUBACK && m->type != MQTT_UNSUBSCRIBE && m->type != MQTT_UNSUBACK)
		put_properties(r, b.properties);
}

static uint32_t head_size(uint32_t length)
{
	return 1 + (length < 1 << 7 ? 1 : length < 1 << 14 ? 2 : length < 1 << 21 ? 3 : 4);
}

static void put_message(struct record *r, const struct mqtt_message *m)
{
	record_object(r, mqtt_type_name((enum mqtt_type)m->type));
	record_uint(r, "qos", m->qos);
	record_bool(r, "retain", m->retain);
	record_bool(r, "dup", m->dup);
	if (m->truncated) {
		record_bool(r, "truncated", true);
		record_uint(r, "skipped_length", m->length + head_size(m->length));
	} else if (m->type == MQTT_CONNECT) {
		put_connect(r, m);
	} else {
		put_body(r, m);
	}
	record_end(r);
}

bool mqtt_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct mqtt_tx *t = container_of(tx, const struct mqtt_tx, tx);
	uint32_t shown = 1 << MQTT_UNASSIGNED;

	/* One of a kind: names of an object's fields do not repeat. */
	for (const struct mqtt_message *m = t->first; m; m = m->next) {
		if (!(shown >> m->type & 1))
			put_message(r, m);
		shown |= 1U << m->type;
	}
	return true;
}
