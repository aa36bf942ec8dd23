/* What an MQTT message says, read from its bytes. */
#include "dataplane/app/mqtt/mqtt.h"

static const char *const type_names[MQTT_TYPES] = {
	"unassigned", "connect",  "connack",	"publish", "puback",	  "pubrec",
	"pubrel",     "pubcomp",  "subscribe",	"suback",  "unsubscribe", "unsuback",
	"pingreq",    "pingresp", "disconnect", "auth",
};

const char *mqtt_type_name(enum mqtt_type type)
{
	return type < MQTT_TYPES ? type_names[type] : type_names[MQTT_UNASSIGNED];
}

bool mqtt_varint(struct cursor *c, uint32_t *ret, bool *ret_bad)
{
	uint32_t value = 0;

	*ret_bad = false;
	for (unsigned i = 0; i < 4; i++) {
		uint8_t byte = cursor_u8(c);

		if (c->bad)
			return false;
		value |= (uint32_t)(byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			*ret = value;
			return true;
		}
	}
	*ret_bad = true;
	return false;
}

static struct slice read_text(struct cursor *c)
{
	return cursor_take(c, cursor_u16(c));
}

/* ---- properties (2.2.2) ---- */

enum form { FORM_NONE, FORM_U8, FORM_U16, FORM_U32, FORM_VARINT, FORM_TEXT, FORM_PAIR };

static const struct {
	uint8_t form;
	const char *name;
} properties[] = {
	[1] = {FORM_U8, "payload_format_indicator"},
	[2] = {FORM_U32, "message_expiry_interval"},
	[3] = {FORM_TEXT, "content_type"},
	[8] = {FORM_TEXT, "response_topic"},
	[9] = {FORM_TEXT, "correlation_data"},
	[11] = {FORM_VARINT, "subscription_identifier"},
	[17] = {FORM_U32, "session_expiry_interval"},
	[18] = {FORM_TEXT, "assigned_client_identifier"},
	[19] = {FORM_U16, "server_keep_alive"},
	[21] = {FORM_TEXT, "authentication_method"},
	[22] = {FORM_TEXT, "authentication_data"},
	[23] = {FORM_U8, "request_problem_information"},
	[24] = {FORM_U32, "will_delay_interval"},
	[25] = {FORM_U8, "request_response_information"},
	[26] = {FORM_TEXT, "response_information"},
	[28] = {FORM_TEXT, "server_reference"},
	[31] = {FORM_TEXT, "reason_string"},
	[33] = {FORM_U16, "receive_maximum"},
	[34] = {FORM_U16, "topic_alias_maximum"},
	[35] = {FORM_U16, "topic_alias"},
	[36] = {FORM_U8, "maximum_qos"},
	[37] = {FORM_U8, "retain_available"},
	[38] = {FORM_PAIR, "user_property"},
	[39] = {FORM_U32, "maximum_packet_size"},
	[40] = {FORM_U8, "wildcard_subscription_available"},
	[41] = {FORM_U8, "subscription_identifier_available"},
	[42] = {FORM_U8, "shared_subscription_available"},
};

static void property_value(struct cursor *c, enum form form, struct mqtt_property *ret)
{
	bool bad;

	switch (form) {
	case FORM_U8:
		ret->number = cursor_u8(c);
		break;
	case FORM_U16:
		ret->number = cursor_u16(c);
		break;
	case FORM_U32:
		ret->number = cursor_u32(c);
		break;
	case FORM_VARINT:
		if (!mqtt_varint(c, &ret->number, &bad))
			c->bad = true;
		break;
	case FORM_PAIR:
		ret->kind = MQTT_PAIR;
		ret->key = read_text(c);
		ret->text = read_text(c);
		break;
	case FORM_TEXT:
		ret->kind = MQTT_TEXT;
		ret->text = read_text(c);
		break;
	default:
		ret->kind =
			MQTT_NOTHING; /* nobody knows how long it is: Suricata goes on behind it */
	}
}

bool mqtt_next_property(struct cursor *c, struct mqtt_property *ret)
{
	enum form form = FORM_NONE;
	uint32_t id;
	bool bad;

	if (c->bad || cursor_left(c) == 0)
		return false;
	*ret = (struct mqtt_property){.kind = MQTT_NUMBER};
	if (!mqtt_varint(c, &id, &bad)) {
		c->bad = true;
		return false;
	}
	if (id < ARRAY_SIZE(properties) && properties[id].name) {
		form = (enum form)properties[id].form;
		ret->name = properties[id].name;
	}
	property_value(c, form, ret);
	return !c->bad;
}

static bool properties_valid(struct slice s)
{
	struct cursor c = cursor_of(s);
	struct mqtt_property p;

	while (mqtt_next_property(&c, &p))
		;
	return !c.bad;
}

static struct slice read_properties(struct cursor *c)
{
	uint32_t len;
	bool bad;

	if (mqtt_varint(c, &len, &bad))
		return cursor_take(c, len);
	c->bad = true;
	return SLICE(NULL, 0);
}

/* ---- messages ---- */

bool mqtt_read_connect(struct slice body, struct mqtt_connect *ret)
{
	struct cursor c = cursor_of(body);

	*ret = (struct mqtt_connect){.protocol = read_text(&c)};
	ret->version = cursor_u8(&c);
	ret->flags = cursor_u8(&c);
	cursor_skip(&c, 2); /* keep alive */
	if (ret->version == 5)
		ret->properties = read_properties(&c);
	ret->client_id = read_text(&c);
	if (ret->flags & MQTT_FLAG_WILL) {
		if (ret->version == 5)
			ret->will_properties = read_properties(&c);
		ret->will_topic = read_text(&c);
		ret->will_message = read_text(&c);
	}
	if (ret->flags & MQTT_FLAG_USERNAME)
		ret->username = read_text(&c);
	if (ret->flags & MQTT_FLAG_PASSWORD)
		ret->password = read_text(&c);
	return !c.bad;
}

/* PUBACK and its kin (3.4.2): code and properties may be left out. */
static void read_ack(struct cursor *c, const struct mqtt_message *m, struct mqtt_body *b)
{
	b->has_id = true;
	b->id = cursor_u16(c);
	if (m->version < 5)
		return;
	b->has_code = true;
	if (cursor_left(c) > 0)
		b->code = cursor_u8(c);
	if (cursor_left(c) > 0)
		b->properties = read_properties(c);
}

static void read_disconnect(struct cursor *c, const struct mqtt_message *m, struct mqtt_body *b)
{
	if (m->version < 5)
		return;
	b->has_code = true;
	if (cursor_left(c) > 0)
		b->code = cursor_u8(c);
	if (cursor_left(c) > 0)
		b->properties = read_properties(c);
}

static void read_publish(struct cursor *c, const struct mqtt_message *m, struct mqtt_body *b)
{
	b->topic = read_text(c);
	b->has_id = m->qos > 0;
	if (b->has_id)
		b->id = cursor_u16(c);
	if (m->version == 5)
		b->properties = read_properties(c);
}

static void read_list(struct cursor *c, const struct mqtt_message *m, struct mqtt_body *b)
{
	b->has_id = true;
	b->id = cursor_u16(c);
	if (m->version == 5)
		b->properties = read_properties(c);
}

bool mqtt_read_body(const struct mqtt_message *m, struct mqtt_body *ret)
{
	struct cursor c = cursor_of(mqtt_body_of(m));

	*ret = (struct mqtt_body){0};
	if (m->truncated)
		return true;
	switch ((enum mqtt_type)m->type) {
	case MQTT_CONNACK:
		ret->session_present = cursor_u8(&c) & 1;
		ret->has_code = true;
		ret->code = cursor_u8(&c);
		if (m->version == 5)
			ret->properties = read_properties(&c);
		break;
	case MQTT_PUBLISH:
		read_publish(&c, m, ret);
		break;
	case MQTT_PUBACK:
	case MQTT_PUBREC:
	case MQTT_PUBREL:
	case MQTT_PUBCOMP:
		read_ack(&c, m, ret);
		break;
	case MQTT_SUBSCRIBE:
	case MQTT_SUBACK:
	case MQTT_UNSUBSCRIBE:
	case MQTT_UNSUBACK:
		read_list(&c, m, ret);
		break;
	case MQTT_DISCONNECT:
		read_disconnect(&c, m, ret);
		break;
	case MQTT_AUTH:
		ret->has_code = true;
		ret->code = cursor_u8(&c);
		ret->properties = read_properties(&c);
		break;
	default:
		break;
	}
	ret->rest = cursor_rest(&c);
	return !c.bad;
}

bool mqtt_next_topic(struct cursor *c, bool with_qos, struct slice *ret, uint8_t *ret_qos)
{
	if (cursor_left(c) == 0)
		return false;
	*ret = read_text(c);
	if (with_qos)
		*ret_qos = cursor_u8(c);
	return !c->bad;
}

struct slice mqtt_codes(const struct mqtt_message *m, const struct mqtt_body *b)
{
	if (m->truncated || (m->type != MQTT_SUBACK && m->type != MQTT_UNSUBACK))
		return SLICE(NULL, 0);
	return b->rest;
}

bool mqtt_valid(const struct mqtt_message *m)
{
	struct mqtt_connect connect;
	struct mqtt_body b;
	struct cursor c;
	struct slice topic;
	uint8_t qos;

	if (m->truncated)
		return true;
	if (m->type == MQTT_CONNECT)
		return mqtt_read_connect(mqtt_body_of(m), &connect) &&
		       properties_valid(connect.properties) &&
		       properties_valid(connect.will_properties);
	if (!mqtt_read_body(m, &b) || !properties_valid(b.properties))
		return false;
	/* At least one topic (3.8.3); what follows the last whole one is passed over. */
	c = cursor_of(b.rest);
	return m->type != MQTT_SUBSCRIBE || mqtt_next_topic(&c, true, &topic, &qos);
}
