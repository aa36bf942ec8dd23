/* The connectionless protocol: C706 12.5.3. */
#include "dataplane/app/dcerpc/dcerpc.h"

enum {
	HEADER = 80,
	FLAG_LAST = 2,
	FLAG_FRAGMENT = 4,
};

struct header {
	uint8_t version, type, flags[2], drep[2];
	uint8_t activity[DCE_UUID];
	uint32_t seqnum;
	uint16_t opnum, frag_len;
	bool little;
};

static bool header_read(struct cursor *c, struct header *h)
{
	*h = (struct header){.version = cursor_u8(c), .type = cursor_u8(c)};
	h->flags[0] = cursor_u8(c);
	h->flags[1] = cursor_u8(c);
	h->drep[0] = cursor_u8(c);
	h->drep[1] = cursor_u8(c);
	h->little = h->drep[0] & 0x10;
	cursor_skip(c, 2 + 2 * DCE_UUID); /* object, interface */
	dce_uuid_read(c, h->little, h->activity);
	cursor_skip(c, 8); /* boot time, interface version */
	h->seqnum = h->little ? cursor_u32_le(c) : cursor_u32(c);
	h->opnum = h->little ? cursor_u16_le(c) : cursor_u16(c);
	cursor_skip(c, 4); /* hints */
	h->frag_len = h->little ? cursor_u16_le(c) : cursor_u16(c);
	cursor_skip(c, 4); /* fragment number, authentication, serial */
	return !c->bad;
}

static uint64_t hash_of(const struct dcerpc_state *s, const struct header *h)
{
	struct {
		uint8_t activity[DCE_UUID];
		uint32_t seqnum;
	} key = {.seqnum = h->seqnum};

	memcpy(key.activity, h->activity, DCE_UUID);
	return hash_bytes(&s->key, &key, sizeof(key));
}

/* The call that still waits for this direction's last fragment, else a new one. */
static struct dcerpc_tx *call_of(struct app_io *io, struct dcerpc_state *s, const struct header *h,
				 enum dir dir)
{
	uint64_t hash = hash_of(s, h);
	struct chain_link *l = NULL;
	struct dcerpc_tx *t;

	while ((l = chain_find(&s->calls, l, hash))) {
		t = container_of(l, struct dcerpc_tx, link);
		if (t->tx.progress[dir] < DCERPC_COMPLETE)
			return t;
	}
	t = dcerpc_tx_new(io, s, hash);
	if (!t)
		return NULL;
	t->udp = true;
	t->little = h->little;
	t->seqnum = h->seqnum;
	t->opnum = h->opnum;
	t->cmd[DIR_TS] = DCE_REQUEST;
	t->cmd[DIR_TC] = DCE_RESPONSE;
	memcpy(t->activity, h->activity, DCE_UUID);
	return t;
}

struct app_result dcerpc_datagram(struct app_io *io, struct dcerpc_state *s, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct dcerpc_tx *t;
	struct header h;
	enum dir dir;

	if (!header_read(&c, &h) || h.version != 4 || cursor_left(&c) < h.frag_len ||
	    (h.type != DCE_REQUEST && h.type != DCE_RESPONSE))
		return APP_RESULT_BAD;
	dir = h.type == DCE_REQUEST ? DIR_TS : DIR_TC;
	t = call_of(io, s, &h, dir);
	if (!t)
		return APP_RESULT_BAD;
	dcerpc_stub(io, t, dir, cursor_take(&c, h.frag_len));
	t->fragments[dir]++;
	if (!(h.flags[0] & FLAG_FRAGMENT) || (h.flags[0] & FLAG_LAST))
		t->tx.progress[dir] = DCERPC_COMPLETE;
	return APP_RESULT_OK(data.len);
}

enum app_probe dcerpc_probe_udp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct header h;

	if (!header_read(&c, &h) || h.version != 4 || (h.flags[1] & 0xfc) || (h.drep[0] & 0xee) ||
	    h.drep[1] > 3)
		return APP_PROBE_NO;
	return (h.type == DCE_REQUEST) == (dir == DIR_TS) ? APP_PROBE_YES : APP_PROBE_REVERSED;
}
