#include "dataplane/app/dcerpc/pdu.h"

#include <string.h>

enum {
	SYNTAX = DCE_UUID + 4, /* a syntax identifier with its version */
	IFACES_FIRST = 8,
};

static const char *const names[DCE_TYPES] = {
	[DCE_REQUEST] = "REQUEST",
	[DCE_PING] = "PING",
	[DCE_RESPONSE] = "RESPONSE",
	[DCE_FAULT] = "FAULT",
	[DCE_WORKING] = "WORKING",
	[DCE_NOCALL] = "NOCALL",
	[DCE_REJECT] = "REJECT",
	[DCE_ACK] = "ACK",
	[DCE_CL_CANCEL] = "CL_CANCEL",
	[DCE_FACK] = "FACK",
	[DCE_CANCEL_ACK] = "CANCEL_ACK",
	[DCE_BIND] = "BIND",
	[DCE_BINDACK] = "BINDACK",
	[DCE_BINDNAK] = "BINDNAK",
	[DCE_ALTER_CONTEXT] = "ALTER_CONTEXT",
	[DCE_ALTER_CONTEXT_RESP] = "ALTER_CONTEXT_RESP",
	[DCE_AUTH3] = "AUTH3",
	[DCE_SHUTDOWN] = "SHUTDOWN",
	[DCE_CO_CANCEL] = "CO_CANCEL",
	[DCE_ORPHANED] = "ORPHANED",
	[DCE_RTS] = "RTS",
};

const char *dce_type_name(uint8_t type)
{
	if (type == DCE_UNKNOWN)
		return "UNKNOWN";
	return type < DCE_TYPES ? names[type] : NULL;
}

static uint16_t u16(struct cursor *c, bool little)
{
	return little ? cursor_u16_le(c) : cursor_u16(c);
}

static uint32_t u32(struct cursor *c, bool little)
{
	return little ? cursor_u32_le(c) : cursor_u32(c);
}

bool dce_header_read(struct cursor *c, struct dce_header *ret)
{
	*ret = (struct dce_header){.version = cursor_u8(c), .minor = cursor_u8(c)};
	ret->type = cursor_u8(c);
	ret->flags = cursor_u8(c);
	ret->drep[0] = cursor_u8(c);
	ret->drep[1] = cursor_u8(c);
	cursor_skip(c, 2);
	ret->little = ret->drep[0] & 0x10;
	ret->frag_len = u16(c, ret->little);
	ret->auth_len = u16(c, ret->little);
	ret->call_id = u32(c, ret->little);
	return !c->bad;
}

bool dce_request_read(struct cursor c, const struct dce_header *h, struct dce_request *ret)
{
	*ret = (struct dce_request){0};
	if (h->frag_len < DCE_STUB_HEADER)
		return false;
	cursor_skip(&c, 4); /* alloc_hint */
	ret->context = u16(&c, h->little);
	ret->opnum = u16(&c, h->little);
	ret->stub = cursor_take(&c, h->frag_len - (size_t)DCE_STUB_HEADER);
	return !c.bad;
}

bool dce_response_read(struct cursor c, const struct dce_header *h, struct slice *ret_stub)
{
	if (h->frag_len < DCE_STUB_HEADER)
		return false;
	cursor_skip(&c, DCE_STUB_HEADER - DCE_HEADER);
	*ret_stub = cursor_take(&c, h->frag_len - (size_t)DCE_STUB_HEADER);
	return !c.bad;
}

void dce_uuid_read(struct cursor *c, bool little, uint8_t ret[DCE_UUID])
{
	static const uint8_t swapped[DCE_UUID] = {3, 2, 1,  0,	5,  4,	7,  6,
						  8, 9, 10, 11, 12, 13, 14, 15};
	struct slice s = cursor_take(c, DCE_UUID);

	memset(ret, 0, DCE_UUID);
	for (unsigned i = 0; i < s.len; i++)
		ret[i] = s.data[little ? swapped[i] : i];
}

void dce_uuid_text(const uint8_t uuid[DCE_UUID], char ret[37])
{
	static const char hex[] = "0123456789abcdef";

	for (unsigned i = 0; i < DCE_UUID; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret++ = '-';
		*ret++ = hex[uuid[i] >> 4];
		*ret++ = hex[uuid[i] & 15];
	}
	*ret = 0;
}

/* Room for one more; NULL at the limit. */
static struct dce_iface *iface_new(struct slab *slab, struct dce_ifaces *l)
{
	if (l->count == LIMIT_DCE_IFACES)
		return NULL;
	if (l->count == l->cap) {
		uint16_t cap = l->cap ? (uint16_t)(2 * l->cap) : IFACES_FIRST;
		struct dce_iface *list =
			slab_grow(slab, l->list, l->cap * sizeof(*list), cap * sizeof(*list));

		if (!list)
			return NULL;
		l->list = list;
		l->cap = cap;
	}
	l->list[l->count] = (struct dce_iface){0};
	return &l->list[l->count++];
}

void dce_ifaces_free(struct slab *slab, struct dce_ifaces *l)
{
	slab_free(slab, l->list, l->cap * sizeof(*l->list));
	*l = (struct dce_ifaces){0};
}

/* p_cont_elem_t: the interface and the transfer syntaxes offered for it. */
static bool context_item(struct cursor *c, const struct dce_header *h, struct dce_iface *ret)
{
	uint8_t syntaxes;

	ret->context = u16(c, h->little);
	syntaxes = cursor_u8(c);
	cursor_skip(c, 1);
	dce_uuid_read(c, h->little, ret->uuid);
	if (h->little) {
		ret->version = cursor_u16_le(c);
		ret->minor = cursor_u16_le(c);
	} else {
		ret->minor = cursor_u16(c);
		ret->version = cursor_u16(c);
	}
	return cursor_skip(c, (size_t)syntaxes * SYNTAX);
}

enum dce_bind dce_bind_read(struct slab *slab, struct cursor c, const struct dce_header *h,
			    struct dce_ifaces *to)
{
	enum dce_bind ret = DCE_BIND_OK;
	uint8_t items;

	cursor_skip(&c, 8); /* fragment sizes, association group */
	items = cursor_u8(&c);
	cursor_skip(&c, 3);
	for (uint16_t i = 0; i < items && !c.bad; i++) {
		struct dce_iface item = {
			.item = i, .call_id = h->call_id, .first = h->flags & DCE_FIRST};
		struct dce_iface *kept;

		if (!context_item(&c, h, &item))
			return DCE_BIND_BAD;
		kept = iface_new(slab, to);
		if (kept)
			*kept = item;
		else
			ret = DCE_BIND_FULL;
	}
	return c.bad ? DCE_BIND_BAD : ret;
}

bool dce_bindack_read(struct cursor c, const struct dce_header *h, struct dce_ifaces *of,
		      bool any_call)
{
	uint16_t address, results[UINT8_MAX], reasons[UINT8_MAX];
	uint8_t count;

	cursor_skip(&c, 8);
	address = u16(&c, h->little);
	cursor_skip(&c, address);
	cursor_skip(&c, (4 - (2 + address) % 4U) % 4U);
	count = cursor_u8(&c);
	cursor_skip(&c, 3);
	for (unsigned i = 0; i < count; i++) {
		results[i] = u16(&c, h->little);
		reasons[i] = u16(&c, h->little);
		cursor_skip(&c, SYNTAX);
	}
	if (c.bad)
		return false;
	for (unsigned i = 0; i < of->count; i++) {
		struct dce_iface *f = &of->list[i];

		if (f->item >= count || (!any_call && f->call_id != h->call_id))
			continue;
		f->result = results[f->item];
		f->reason = reasons[f->item];
		f->acked = true;
	}
	return true;
}
