/* IPv4 options: RFC 791 and those named beside each. A broken option is an event; only a length
 * that leaves the header makes the header unusable. */
#include "dataplane/decode/layer.h"

enum ipv4_option {
	OPTION_EOL = 0,
	OPTION_NOP = 1,
	OPTION_RR = 7,
	OPTION_QS = 25, /* RFC 4782 */
	OPTION_TS = 68,
	OPTION_SEC = 130, /* RFC 1108 */
	OPTION_LSRR = 131,
	OPTION_ESEC = 133,  /* RFC 1108 */
	OPTION_CIPSO = 134, /* draft-ietf-cipso-ipsecurity-01, FIPS 188 */
	OPTION_SID = 136,
	OPTION_SSRR = 137,
	OPTION_RTRALT = 148, /* RFC 2113 */
};

enum verdict { OPTION_OK, OPTION_BAD_LENGTH, OPTION_MALFORMED };

/* Each check gets what follows type and length. */

static enum verdict check_route(struct cursor *c)
{
	uint8_t pointer = cursor_u8(c);
	size_t length = (size_t)(c->end - c->start) + 2;

	if (c->bad)
		return OPTION_BAD_LENGTH;
	/* 1-based, behind type, length and itself, at an address */
	return pointer < 4 || pointer % 4 || pointer > length + 1 ? OPTION_MALFORMED : OPTION_OK;
}

static enum verdict check_timestamp(struct cursor *c)
{
	size_t length = (size_t)(c->end - c->start) + 2;
	uint8_t pointer = cursor_u8(c);
	uint8_t flag = cursor_u8(c) & 0x0f;
	uint8_t record = flag == 1 || flag == 3 ? 8 : 4; /* address and time, or time only */

	if (length < 5)
		return OPTION_BAD_LENGTH;
	if (pointer < 5 || (pointer - 5) % record || pointer > length + 1)
		return OPTION_MALFORMED;
	return OPTION_OK;
}

/* One tag: type, length, then for all but type 7 an alignment byte of zero. */
static bool cipso_tag_good(struct cursor *c)
{
	uint8_t type = cursor_u8(c);
	uint8_t length = cursor_u8(c);
	struct slice body;

	if (c->bad || (type != 1 && type != 2 && type != 5 && type != 6 && type != 7) || length < 4)
		return false;
	body = cursor_take(c, (size_t)length - 2);
	return !c->bad && (type == 7 || body.data[0] == 0);
}

static enum verdict check_cipso(struct cursor *c)
{
	enum { DOI = 4, SHORTEST = 10 };

	if ((size_t)(c->end - c->start) + 2 < SHORTEST)
		return OPTION_BAD_LENGTH;
	cursor_skip(c, DOI);
	while (cursor_left(c)) {
		if (!cipso_tag_good(c))
			return OPTION_MALFORMED;
	}
	return OPTION_OK;
}

static enum verdict at_least(const struct cursor *c, size_t length)
{
	return cursor_left(c) + 2 < length ? OPTION_BAD_LENGTH : OPTION_OK;
}

static enum verdict exactly(const struct cursor *c, size_t length)
{
	return cursor_left(c) + 2 != length ? OPTION_BAD_LENGTH : OPTION_OK;
}

static enum verdict check(uint8_t type, struct cursor *c)
{
	switch (type) {
	case OPTION_RR:
	case OPTION_LSRR:
	case OPTION_SSRR:
		return check_route(c);
	case OPTION_TS:
		return check_timestamp(c);
	case OPTION_CIPSO:
		return check_cipso(c);
	case OPTION_QS:
		return at_least(c, 8);
	case OPTION_SEC:
	case OPTION_ESEC:
		return at_least(c, 3);
	default: /* SID, RTRALT */
		return exactly(c, 4);
	}
}

/* The bit of a known option, 0 for others. */
static uint16_t option_bit(uint8_t type)
{
	switch (type) {
	case OPTION_RR:
		return IP4_OPTION_RR;
	case OPTION_QS:
		return IP4_OPTION_QS;
	case OPTION_TS:
		return IP4_OPTION_TS;
	case OPTION_SEC:
		return IP4_OPTION_SEC;
	case OPTION_LSRR:
		return IP4_OPTION_LSRR;
	case OPTION_ESEC:
		return IP4_OPTION_ESEC;
	case OPTION_CIPSO:
		return IP4_OPTION_CIPSO;
	case OPTION_SID:
		return IP4_OPTION_SID;
	case OPTION_SSRR:
		return IP4_OPTION_SSRR;
	case OPTION_RTRALT:
		return IP4_OPTION_RTRALT;
	default:
		return 0;
	}
}

static void known_option(struct walk *w, uint8_t type, struct cursor *body)
{
	uint16_t bit = option_bit(type);

	if (bit == 0) {
		walk_event(w, DECODE_EVENT_IPV4_OPT_INVALID);
		return;
	}
	if (w->p->ip4_options & bit) {
		walk_event(w, DECODE_EVENT_IPV4_OPT_DUPLICATE);
		return;
	}
	switch (check(type, body)) {
	case OPTION_OK:
		w->p->ip4_options |= bit;
		return;
	case OPTION_BAD_LENGTH:
		walk_invalid(w, DECODE_EVENT_IPV4_OPT_INVALID_LEN);
		return;
	case OPTION_MALFORMED:
		walk_invalid(w, DECODE_EVENT_IPV4_OPT_MALFORMED);
		return;
	}
}

bool ipv4_options(struct walk *w, struct slice options)
{
	struct cursor c = cursor_of(options);

	if (options.len % 8)
		walk_event(w, DECODE_EVENT_IPV4_OPT_PAD_REQUIRED);
	while (cursor_left(&c)) {
		uint8_t type = cursor_u8(&c);
		struct cursor body;
		uint8_t length;

		if (type == OPTION_EOL) {
			w->p->ip4_options |= IP4_OPTION_EOL;
			break;
		}
		if (type == OPTION_NOP) {
			w->p->ip4_options |= IP4_OPTION_NOP;
			continue;
		}
		length = cursor_u8(&c);
		if (c.bad) {
			walk_event(w, DECODE_EVENT_IPV4_OPT_EOL_REQUIRED);
			break;
		}
		if (length < 2 || (size_t)length - 2 > cursor_left(&c)) {
			walk_invalid(w, DECODE_EVENT_IPV4_OPT_INVALID_LEN);
			return false;
		}
		body = cursor_child(&c, (size_t)length - 2);
		known_option(w, type, &body);
	}
	return true;
}
