#include "dataplane/base/cursor.h"
#include "dataplane/behave/segment.h"

enum { /* C706 12.6.1: types of messages */
       REQUEST = 0,
       RESPONSE = 2,
       BIND = 11,
       ALTER_CONTEXT = 14,
       HEADER = 16,
       HAS_OBJECT = 0x80,
       LITTLE = 0x10,
       UUID = 16,
};

struct context {
	uint8_t uuid[UUID];
	uint16_t id;
	bool used;
};

struct call {
	uint32_t id;
	uint16_t context, opnum;
	bool used, object;
};

struct context_entry {
	struct behave_entry entry;
	struct context contexts[SEGMENT_CONTEXTS];
	struct call calls[SEGMENT_CALLS];
	uint8_t next_context, next_call;
};

void behave_segments_init(struct behave_segments *s, void *memory, size_t bytes,
			  const struct hash_key *key, uint64_t *evicted)
{
	behave_table_init(&s->contexts, memory, bytes, sizeof(struct context_entry), key, evicted);
}

struct message {
	struct cursor body;
	uint8_t type, flags;
	bool little;
	uint16_t fragment, auth;
	uint32_t call;
};

static uint16_t get16(struct cursor *c, bool little)
{
	return little ? cursor_u16_le(c) : cursor_u16(c);
}

static uint32_t get32(struct cursor *c, bool little)
{
	return little ? cursor_u32_le(c) : cursor_u32(c);
}

static struct context_entry *entry_of(const struct segment_reader *r, uint64_t pipe)
{
	uint64_t key[2] = {r->event.ends.flow_id, pipe};
	bool is_new;

	return behave_table_get(&r->s->contexts, key, 2, r->event.time_ns, &is_new);
}

/* The order in which it is written in text, whatever the message's. */
static void get_uuid(struct cursor *c, bool little, uint8_t ret[UUID])
{
	static const uint8_t order[UUID] = {3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15};
	struct slice raw = cursor_take(c, UUID);

	for (unsigned i = 0; i < UUID && raw.len == UUID; i++)
		ret[i] = raw.data[little ? order[i] : i];
}

static struct context *context_of(struct context_entry *e, uint16_t id)
{
	for (unsigned i = 0; i < SEGMENT_CONTEXTS; i++) {
		if (e->contexts[i].used && e->contexts[i].id == id)
			return &e->contexts[i];
	}
	return NULL;
}

static void bind(const struct segment_reader *r, uint64_t pipe, struct message *m)
{
	struct context_entry *e = entry_of(r, pipe);
	struct cursor *c = &m->body;
	unsigned count;

	cursor_skip(c, 8); /* fragment sizes, group */
	count = cursor_u8(c);
	cursor_skip(c, 3);
	for (unsigned i = 0; i < count && !c->bad; i++) {
		struct behave_event event = segment_event(r, BEHAVE_RPC, true);
		struct context *context;
		uint16_t id = get16(c, m->little);
		unsigned syntaxes = cursor_u8(c);

		cursor_skip(c, 1);
		get_uuid(c, m->little, event.rpc.uuid);
		cursor_skip(c, 4 + 20 * (size_t)syntaxes);
		if (c->bad && i > 0)
			return;
		context = context_of(e, id);
		if (!context)
			context = &e->contexts[e->next_context++ % SEGMENT_CONTEXTS];
		*context = (struct context){.id = id, .used = true};
		memcpy(context->uuid, event.rpc.uuid, UUID);
		event.rpc.bind = event.rpc.known = true;
		event.rpc.context = id;
		behave_event(r->b, &event);
	}
}

static void request(const struct segment_reader *r, uint64_t pipe, struct message *m)
{
	struct context_entry *e = entry_of(r, pipe);
	struct behave_event event = segment_event(r, BEHAVE_RPC, true);
	struct cursor *c = &m->body;
	const struct context *context;

	event.rpc.bytes = get32(c, m->little);
	event.rpc.context = get16(c, m->little);
	event.rpc.opnum = get16(c, m->little);
	event.rpc.object = m->flags & HAS_OBJECT;
	if (event.rpc.object)
		cursor_skip(c, UUID);
	if (c->bad || !(m->flags & 1))
		return; /* not the first fragment */
	event.rpc.stub = cursor_rest(c);
	context = context_of(e, event.rpc.context);
	event.rpc.known = context != NULL;
	if (context)
		memcpy(event.rpc.uuid, context->uuid, UUID);
	e->calls[e->next_call++ % SEGMENT_CALLS] =
		(struct call){m->call, event.rpc.context, event.rpc.opnum, true, event.rpc.object};
	behave_event(r->b, &event);
}

static void response(const struct segment_reader *r, uint64_t pipe, struct message *m)
{
	struct context_entry *e = entry_of(r, pipe);
	struct behave_event event = segment_event(r, BEHAVE_RPC, false);
	struct cursor *c = &m->body;
	const struct context *context;

	event.rpc.bytes = get32(c, m->little);
	event.rpc.context = get16(c, m->little);
	event.rpc.answer = true;
	cursor_skip(c, 2);
	if (c->bad || !(m->flags & 1))
		return;
	for (unsigned i = 0; i < SEGMENT_CALLS; i++) {
		struct call *call = &e->calls[i];

		if (!call->used || call->id != m->call || call->context != event.rpc.context)
			continue;
		call->used = false;
		event.rpc.opnum = call->opnum;
		event.rpc.object = call->object;
		event.rpc.stub = cursor_rest(c);
		context = context_of(e, event.rpc.context);
		event.rpc.known = context != NULL;
		if (context)
			memcpy(event.rpc.uuid, context->uuid, UUID);
		behave_event(r->b, &event);
		return;
	}
}

static bool read_header(struct cursor *c, struct message *m)
{
	uint8_t version = cursor_u8(c), minor = cursor_u8(c);

	m->type = cursor_u8(c);
	m->flags = cursor_u8(c);
	m->little = cursor_u8(c) & LITTLE;
	cursor_skip(c, 3);
	m->fragment = get16(c, m->little);
	m->auth = get16(c, m->little);
	m->call = get32(c, m->little);
	return !c->bad && version == 5 && minor <= 1 && m->type <= 19 && m->fragment >= HEADER;
}

void segment_rpc(const struct segment_reader *r, uint64_t pipe, struct slice bytes)
{
	struct cursor c = cursor_of(bytes);

	for (unsigned i = 0; i < SEGMENT_MESSAGES && cursor_left(&c) >= HEADER; i++) {
		struct message m;
		size_t left;

		if (!read_header(&c, &m))
			return;
		left = m.fragment - HEADER;
		if (left > cursor_left(&c))
			left = cursor_left(&c); /* the rest comes in the next segment */
		m.body = cursor_child(&c, left);
		if (m.type == BIND || m.type == ALTER_CONTEXT)
			bind(r, pipe, &m);
		else if (m.type == REQUEST)
			request(r, pipe, &m);
		else if (m.type == RESPONSE)
			response(r, pipe, &m);
	}
}
