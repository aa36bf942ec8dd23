/* TCP (RFC 9293) and its options. */
#include "dataplane/decode/layer.h"

enum tcp {
	TCP_HEADER = 20,
	TCP_OPTIONS_MAX = 40,
	TCP_SCALE_MAX = 14, /* RFC 7323 section 2.3 */
};

enum tcp_option {
	OPTION_EOL = 0,
	OPTION_NOP = 1,
	OPTION_MSS = 2,
	OPTION_SCALE = 3,	   /* RFC 7323 */
	OPTION_SACK_PERMITTED = 4, /* RFC 2018 */
	OPTION_SACK = 5,
	OPTION_TIMESTAMP = 8,  /* RFC 7323 */
	OPTION_MD5 = 19,       /* RFC 2385 */
	OPTION_AO = 29,	       /* RFC 5925 */
	OPTION_FAST_OPEN = 34, /* RFC 7413 */
	OPTION_EXPERIMENT1 = 253,
	OPTION_EXPERIMENT2 = 254,
	FAST_OPEN_MAGIC = 0xf989,
};

static void duplicate(struct walk *w)
{
	walk_event(w, DECODE_EVENT_TCP_OPT_DUPLICATE);
}

static void sack(struct walk *w, struct slice body)
{
	struct packet_tcp *t = &w->p->tcp;

	if (body.len > 32 || body.len % 8) {
		walk_event(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
	} else if (t->sack) {
		duplicate(w);
	} else { /* an empty one is useless, but common */
		t->sack = body.data;
		t->sack_count = (uint8_t)(body.len / 8);
	}
}

static void fast_open(struct walk *w, size_t cookie)
{
	struct packet_tcp *t = &w->p->tcp;

	if (t->fast_open) {
		duplicate(w);
		return;
	}
	t->fast_open = true;
	t->fast_open_len = (uint8_t)cookie;
}

static void experiment(struct walk *w, struct slice body)
{
	if (body.len != 2 && body.len != 10)
		walk_event(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
	else if (be16(body.data) == FAST_OPEN_MAGIC)
		fast_open(w, body.len - 2);
}

static void timestamp(struct walk *w, struct slice body)
{
	struct packet_tcp *t = &w->p->tcp;

	if (t->has_timestamp) {
		duplicate(w);
		return;
	}
	t->has_timestamp = true;
	t->timestamp = be32(body.data);
	t->timestamp_echo = be32(body.data + 4);
}

static void scale(struct walk *w, struct slice body)
{
	struct packet_tcp *t = &w->p->tcp;

	if (t->has_window_scale) {
		duplicate(w);
		return;
	}
	t->has_window_scale = true;
	t->window_scale = body.data[0] <= TCP_SCALE_MAX ? body.data[0] : 0;
}

static void mss(struct walk *w, struct slice body)
{
	struct packet_tcp *t = &w->p->tcp;

	if (t->has_mss) {
		duplicate(w);
		return;
	}
	t->has_mss = true;
	t->mss = be16(body.data);
}

static void sack_permitted(struct walk *w)
{
	struct packet_tcp *t = &w->p->tcp;

	if (t->sack_permitted)
		duplicate(w);
	t->sack_permitted = true;
}

/* The only length of an option's body, or -1 when it varies or is not checked. */
static int fixed_length(uint8_t type)
{
	switch (type) {
	case OPTION_MSS:
		return 2;
	case OPTION_SCALE:
		return 1;
	case OPTION_SACK_PERMITTED:
		return 0;
	case OPTION_TIMESTAMP:
		return 8;
	default:
		return -1;
	}
}

static void authentication(struct walk *w, bool good)
{
	if (!good)
		walk_invalid(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
}

static void option(struct walk *w, uint8_t type, struct slice body)
{
	int fixed = fixed_length(type);

	if (fixed >= 0 && body.len != (size_t)fixed) {
		walk_event(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
		return;
	}
	switch (type) {
	case OPTION_MSS:
		return mss(w, body);
	case OPTION_SCALE:
		return scale(w, body);
	case OPTION_SACK_PERMITTED:
		return sack_permitted(w);
	case OPTION_TIMESTAMP:
		return timestamp(w, body);
	case OPTION_SACK:
		return sack(w, body);
	case OPTION_FAST_OPEN:
		if (body.len > 16 || body.len % 2)
			walk_event(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
		else
			fast_open(w, body.len);
		return;
	case OPTION_EXPERIMENT1:
	case OPTION_EXPERIMENT2:
		return experiment(w, body);
	case OPTION_MD5:
		return authentication(w, body.len == 16);
	case OPTION_AO:
		return authentication(w, body.len >= 2);
	default:
		return;
	}
}

static void options(struct walk *w, struct slice bytes)
{
	/* NOP, NOP, timestamp: nearly every segment (RFC 7323 appendix A) */
	static const uint8_t usual[4] = {OPTION_NOP, OPTION_NOP, OPTION_TIMESTAMP, 10};
	struct cursor c = cursor_of(bytes);

	if (bytes.len == 12 && memcmp(bytes.data, usual, 4) == 0) {
		timestamp(w, slice_sub(bytes, 4, 8));
		return;
	}
	while (cursor_left(&c)) {
		uint8_t type = cursor_u8(&c);
		uint8_t length;

		if (type == OPTION_NOP)
			continue;
		if (type == OPTION_EOL || !cursor_left(&c))
			return;
		length = cursor_u8(&c);
		if (length < 2 || (size_t)length - 2 > cursor_left(&c)) {
			walk_invalid(w, DECODE_EVENT_TCP_OPT_INVALID_LEN);
			return;
		}
		option(w, type, cursor_take(&c, (size_t)length - 2));
	}
}

static enum layer refused(struct walk *w, enum decode_event e)
{
	w->p->l4 = NULL;
	w->p->l4_len = 0;
	walk_invalid(w, e);
	return LAYER_DONE;
}

enum layer tcp_decode(struct walk *w)
{
	struct slice all = cursor_rest(&w->c);
	struct packet *p = w->p;
	const uint8_t *h = all.data;
	uint8_t header;

	walk_count(w, DECODE_TCP);
	w->stage = STAGE_TRANSPORT;
	if (all.len < TCP_HEADER)
		return refused(w, DECODE_EVENT_TCP_PKT_TOO_SMALL);
	header = (uint8_t)(h[12] >> 4 << 2);
	if (all.len < header)
		return refused(w, DECODE_EVENT_TCP_HLEN_TOO_SMALL);
	if (header < TCP_HEADER)
		return refused(w, DECODE_EVENT_TCP_INVALID_OPTLEN);
	p->tcp = (struct packet_tcp){
		.seq = be32(h + 4),
		.ack = be32(h + 8),
		.header_len = header,
		.flags = h[13],
		.window = be16(h + 14),
		.urgent = be16(h + 18),
	};
	if (header > TCP_HEADER)
		options(w, slice_sub(all, TCP_HEADER, (size_t)header - TCP_HEADER));
	p->sport = be16(h);
	p->dport = be16(h + 2);
	p->ip_proto = IP_PROTO_TCP;
	p->payload = h + header;
	p->payload_len = (uint32_t)all.len - header;
	p->flags |= PACKET_WANTS_FLOW;
	return LAYER_DONE;
}
