#include "dataplane/app/mysql/packet.h"

enum {
	GREETING = 10,
	CHALLENGE = 8, /* bytes of its first part */
	RESERVED = 10,
	LOGIN_RESERVED = 23,
	ERROR = 0xff,
	STATE = 5,
	HEAD = 4,
	VERSION_MAX = 64,
	GREETING_MAX = 1024,
	LOGIN_MAX = 1 << 16,
};

uint32_t mysql_u24(struct cursor *c)
{
	uint32_t low = cursor_u16_le(c);

	return low | (uint32_t)cursor_u8(c) << 16;
}

uint64_t mysql_number(struct cursor *c)
{
	uint8_t first = cursor_u8(c);

	switch (first) {
	case 0xfc:
		return cursor_u16_le(c);
	case 0xfd:
		return mysql_u24(c);
	case 0xfe:
		return cursor_u64_le(c);
	case 0xfb:
	case 0xff:
		cursor_skip(c, SIZE_MAX);
		return 0;
	default:
		return first;
	}
}

struct slice mysql_string(struct cursor *c)
{
	uint64_t len = mysql_number(c);

	return cursor_take(c, len < SIZE_MAX ? (size_t)len : SIZE_MAX);
}

bool mysql_text(struct cursor *c, struct slice *ret)
{
	struct slice rest = cursor_rest(c);
	const uint8_t *nul = rest.len ? memchr(rest.data, 0, rest.len) : NULL;

	if (!nul)
		return false;
	*ret = cursor_take(c, (size_t)(nul - rest.data));
	return cursor_skip(c, 1);
}

static bool is_printable(struct slice s)
{
	for (size_t i = 0; i < s.len; i++) {
		if (s.data[i] < ' ' || s.data[i] > '~')
			return false;
	}
	return s.len > 0;
}

bool mysql_greeting_read(struct slice body, struct mysql_greeting *ret)
{
	struct cursor c = cursor_of(body);
	uint8_t challenge;

	*ret = (struct mysql_greeting){0};
	if (cursor_u8(&c) != GREETING || !mysql_text(&c, &ret->version) ||
	    ret->version.len > VERSION_MAX || !is_printable(ret->version))
		return false;
	ret->thread = cursor_u32_le(&c);
	cursor_skip(&c, CHALLENGE + 1);
	ret->caps = cursor_u16_le(&c);
	if (c.bad)
		return false;
	cursor_skip(&c, 1 + 2); /* character set, status */
	ret->caps |= (uint32_t)cursor_u16_le(&c) << 16;
	challenge = cursor_u8(&c);
	cursor_skip(&c, RESERVED);
	if (ret->caps & MYSQL_CAN_SECURE)
		cursor_skip(&c, challenge > 13 + CHALLENGE ? challenge - CHALLENGE : 13);
	if (!c.bad && ret->caps & MYSQL_CAN_PLUGIN && !mysql_text(&c, &ret->plugin))
		ret->plugin = cursor_rest(&c); /* some servers leave the NUL out */
	return true;
}

static void skip_proof(struct cursor *c, uint32_t caps)
{
	struct slice proof;

	if (caps & MYSQL_CAN_LONG_AUTH)
		mysql_string(c);
	else if (caps & MYSQL_CAN_SECURE)
		cursor_skip(c, cursor_u8(c));
	else if (!mysql_text(c, &proof))
		c->bad = true;
}

/* Behind the proof, in log-ins and changes of the user. */
static void read_plugin(struct cursor *c, uint32_t caps, struct mysql_login *ret)
{
	if (caps & MYSQL_CAN_PLUGIN && !mysql_text(c, &ret->plugin))
		return;
	if (caps & MYSQL_CAN_ATTRIBUTES)
		ret->attributes = mysql_string(c);
}

/* HandshakeResponse320: before protocol 4.1. */
static bool old_login_read(struct cursor *c, struct mysql_login *ret)
{
	cursor_skip(c, 3); /* packet size; the capabilities are read */
	return mysql_text(c, &ret->user);
}

bool mysql_login_read(struct slice body, struct mysql_login *ret)
{
	struct cursor c = cursor_of(body);

	*ret = (struct mysql_login){.caps = cursor_u16_le(&c)};
	if (!(ret->caps & MYSQL_CAN_41))
		return !c.bad && old_login_read(&c, ret);
	ret->caps |= (uint32_t)cursor_u16_le(&c) << 16;
	cursor_skip(&c, 4 + 1 + LOGIN_RESERVED); /* packet size, character set */
	if (c.bad)
		return false;
	ret->only_tls = cursor_left(&c) == 0;
	if (ret->only_tls)
		return ret->caps & MYSQL_CAN_TLS;
	if (!mysql_text(&c, &ret->user))
		return false;
	skip_proof(&c, ret->caps);
	if (!c.bad && ret->caps & MYSQL_CAN_DB && !mysql_text(&c, &ret->database))
		return true;
	if (!c.bad)
		read_plugin(&c, ret->caps, ret);
	return true;
}

bool mysql_change_user_read(struct slice body, uint32_t caps, struct mysql_login *ret)
{
	struct cursor c = cursor_of(body);

	*ret = (struct mysql_login){.caps = caps};
	if (!mysql_text(&c, &ret->user))
		return false;
	skip_proof(&c, caps & ~(uint32_t)MYSQL_CAN_LONG_AUTH);
	if (c.bad || !mysql_text(&c, &ret->database))
		return true;
	cursor_skip(&c, 2); /* character set */
	if (!c.bad)
		read_plugin(&c, caps, ret);
	return true;
}

bool mysql_error_read(struct slice body, struct mysql_error *ret)
{
	struct cursor c = cursor_of(body);

	*ret = (struct mysql_error){0};
	if (cursor_u8(&c) != ERROR)
		return false;
	ret->code = cursor_u16_le(&c);
	if (cursor_peek(&c) == '#') {
		cursor_skip(&c, 1);
		ret->state = cursor_take(&c, STATE);
	}
	ret->message = cursor_rest(&c);
	return !c.bad;
}

bool mysql_done_read(struct slice body, struct mysql_done *ret)
{
	struct cursor c = cursor_of(body);

	cursor_skip(&c, 1);
	ret->affected = mysql_number(&c);
	ret->insert_id = mysql_number(&c);
	ret->status = cursor_u16_le(&c);
	ret->warnings = cursor_u16_le(&c);
	return !c.bad;
}

bool mysql_begins(struct slice client, struct slice server)
{
	struct cursor c = cursor_of(client), s = cursor_of(server);
	struct mysql_greeting greeting;
	uint32_t len = mysql_u24(&s);
	struct slice body;

	if (len > GREETING_MAX || cursor_u8(&s) != 0)
		return false;
	body = cursor_take(&s, len);
	if (s.bad || !mysql_greeting_read(body, &greeting))
		return false;
	len = mysql_u24(&c);
	return cursor_u8(&c) == 1 && !c.bad && len >= HEAD && len < LOGIN_MAX;
}
