#include "dataplane/app/nfs/nfs.h"

#include <zlib.h>

#include "dataplane/app/nfs/internal.h"
#include "dataplane/app/text/compile.h"

static const char *const event_names[] = {
	[NFS_EVENT_MALFORMED_DATA] = "malformed_data",
	[NFS_EVENT_NON_EXISTING_VERSION] = "non_existing_version",
	[NFS_EVENT_UNSUPPORTED_VERSION] = "unsupported_version",
	[NFS_EVENT_TOO_MANY_TRANSACTIONS] = "too_many_transactions",
};

/* --- what a flow remembers --- */

struct name_entry {
	struct nfs_map_entry entry;
	uint16_t handle_len, name_len;
	uint8_t bytes[]; /* handle, name */
};

static struct slice cut(struct slice s, size_t max)
{
	return slice_sub(s, 0, max);
}

static struct slice key_of(const uint32_t *xid)
{
	return SLICE(xid, sizeof(*xid));
}

static bool same_name(const struct nfs_map_entry *e, struct slice key)
{
	const struct name_entry *n = container_of(e, const struct name_entry, entry);

	return slice_eq(SLICE(n->bytes, n->handle_len), key);
}

static bool same_call(const struct nfs_map_entry *e, struct slice key)
{
	return slice_eq(key_of(&container_of(e, const struct nfs_call, entry)->xid), key);
}

struct slice nfs_name_of(const struct nfs_state *s, struct slice handle)
{
	struct nfs_map_entry *e = nfs_map_find(&s->names, cut(handle, NFS_HANDLE_MAX));
	struct name_entry *n = e ? container_of(e, struct name_entry, entry) : NULL;

	return n ? SLICE(n->bytes + n->handle_len, n->name_len) : SLICE(NULL, 0);
}

void nfs_name_set(struct app_io *io, struct nfs_state *s, struct slice handle, struct slice name)
{
	struct slice key = cut(handle, NFS_HANDLE_MAX);
	struct nfs_map_entry *old = nfs_map_find(&s->names, key);
	struct name_entry *n;

	name = cut(name, NFS_NAME_MAX);
	if (old)
		nfs_map_remove(io->slab, &s->names, old);
	n = nfs_map_add(io->slab, &s->names, key, (uint32_t)(sizeof(*n) + key.len + name.len));
	if (!n)
		return;
	n->handle_len = (uint16_t)key.len;
	n->name_len = (uint16_t)name.len;
	if (key.len > 0)
		memcpy(n->bytes, key.data, key.len);
	if (name.len > 0)
		memcpy(n->bytes + key.len, name.data, name.len);
}

struct nfs_call *nfs_call_find(const struct nfs_state *s, uint32_t xid)
{
	struct nfs_map_entry *e = nfs_map_find(&s->calls, key_of(&xid));

	return e ? container_of(e, struct nfs_call, entry) : NULL;
}

struct slice nfs_call_handle(const struct nfs_call *call)
{
	return SLICE(call->bytes, call->handle_len);
}

struct slice nfs_call_name(const struct nfs_call *call)
{
	return SLICE(call->bytes + call->handle_len, call->name_len);
}

/* A call sent again keeps the transaction that was not answered yet. */
static void call_add(struct app_io *io, struct nfs_state *s, const struct nfs_request *r,
		     struct nfs_tx *tx)
{
	struct slice handle = cut(r->handle, NFS_HANDLE_MAX), name = cut(r->name, NFS_NAME_MAX);
	struct nfs_call *old = nfs_call_find(s, r->rpc->xid), *call;

	if (old && old->tx)
		tx = old->tx;
	if (old)
		nfs_map_remove(io->slab, &s->calls, &old->entry);
	call = nfs_map_add(io->slab, &s->calls, key_of(&r->rpc->xid),
			   (uint32_t)(sizeof(*call) + handle.len + name.len));
	if (!call)
		return;
	call->xid = r->rpc->xid;
	call->version = r->rpc->version;
	call->procedure = r->rpc->procedure;
	call->gss_procedure = r->gss_procedure;
	call->gss_service = r->gss_service;
	call->offset = r->offset;
	call->tx = tx;
	call->handle_len = (uint16_t)handle.len;
	call->name_len = (uint16_t)name.len;
	if (handle.len > 0)
		memcpy(call->bytes, handle.data, handle.len);
	if (name.len > 0)
		memcpy(call->bytes + handle.len, name.data, name.len);
}

/* --- state and transactions --- */

static void state_begin(struct app_io *io, void *state)
{
	struct nfs_state *s = state;

	s->names = (struct nfs_map){.rows = NFS_NAME_ROWS, .same = same_name};
	s->calls = (struct nfs_map){.rows = NFS_CALL_ROWS, .same = same_call};
}

static void state_end(struct app_io *io, void *state)
{
	struct nfs_state *s = state;

	nfs_map_free(io->slab, &s->names);
	nfs_map_free(io->slab, &s->calls);
}

static void tx_free(struct app_io *io, void *state, struct app_tx *tx)
{
	struct nfs_tx *t = container_of(tx, struct nfs_tx, tx);
	struct nfs_state *s = state;
	struct nfs_call *call = nfs_call_find(s, t->xid);

	if (call && call->tx == t)
		call->tx = NULL;
	nfs_file_forget(s, t);
	chunks_free(io, &t->chunks);
	kept_free(io->slab, &t->name);
	kept_free(io->slab, &t->new_name);
	kept_free(io->slab, &t->machine);
	kept_free(io->slab, &t->handle);
	s->live--;
}

/* The oldest one that waits for something ends. */
static void too_many(struct app_io *io)
{
	for (struct app_tx *tx = app_tx_first(io); tx; tx = tx->next) {
		struct nfs_tx *t = container_of(tx, struct nfs_tx, tx);

		if (tx->progress[DIR_TS] && tx->progress[DIR_TC])
			continue;
		chunks_close(io, &t->chunks, true);
		t->is_closed = true;
		tx->progress[DIR_TS] = tx->progress[DIR_TC] = NFS_COMPLETE;
		app_tx_event(tx, NFS_EVENT_TOO_MANY_TRANSACTIONS);
		return;
	}
}

/* NULL when there is no room for more: the call goes by. */
struct nfs_tx *nfs_tx_new(struct app_io *io, struct nfs_state *s, const struct rpc_call *call)
{
	struct app_tx *tx;
	struct nfs_tx *t;

	if (s->live >= NFS_TRANSACTIONS)
		too_many(io);
	if (s->live >= LIMIT_APP_TRANSACTIONS)
		return NULL;
	tx = app_tx_new(io, sizeof(*t));
	if (!tx)
		return NULL;
	s->live++;
	t = container_of(tx, struct nfs_tx, tx);
	if (call) {
		t->xid = call->xid;
		t->version = call->version;
		t->procedure = call->procedure;
	}
	return t;
}

void nfs_tx_handle(struct nfs_tx *t, struct slice handle)
{
	if (handle.len == 0)
		return;
	t->has_handle = true;
	t->handle_crc = (uint32_t)crc32(0, handle.data, (uInt)handle.len);
}

void nfs_tx_credentials(struct app_io *io, struct nfs_tx *t, const struct rpc_call *call)
{
	t->auth = call->auth;
	t->uid = call->uid;
	t->gid = call->gid;
	if (call->auth == RPC_AUTH_UNIX)
		kept_set(io->slab, &t->machine, call->machine);
}

void nfs_malformed(struct app_io *io)
{
	struct app_tx *tx = app_tx_last(io);

	if (tx)
		app_tx_event(tx, NFS_EVENT_MALFORMED_DATA);
}

/* --- calls and replies --- */

static struct nfs_tx *transaction(struct app_io *io, struct nfs_state *s,
				  const struct nfs_request *r)
{
	struct nfs_tx *t = nfs_tx_new(io, s, r->rpc);

	if (!t)
		return NULL;
	t->tx.progress[DIR_TS] = NFS_COMPLETE;
	if (r->name.len > 0)
		kept_set(io->slab, &t->name, cut(r->name, NFS_NAME_MAX));
	nfs_tx_handle(t, r->handle);
	nfs_tx_credentials(io, t, r->rpc);
	if (r->rpc->version < 4 && r->rpc->procedure == NFS3_RENAME) {
		t->is_rename = true;
		kept_set(io->slab, &t->new_name, cut(r->new_name, NFS_NAME_MAX));
	}
	return t;
}

static void read_announced(struct app_io *io, struct nfs_state *s, const struct nfs_request *r)
{
	struct nfs_tx *t = nfs_file_find(s, r->handle, DIR_TC);

	if (t)
		return;
	t = nfs_file_new(io, s, r->handle, r->name, DIR_TC);
	if (!t)
		return;
	t->procedure = NFS3_READ;
	t->xid = r->rpc->xid;
	t->version = r->rpc->version;
	t->is_first = true;
	nfs_tx_credentials(io, t, r->rpc);
}

/* Version 2 or 3: READ, WRITE and COMMIT are part of their file's transaction. */
static void call_v3(struct app_io *io, struct nfs_state *s, struct nfs_request *r,
		    enum nfs_part part)
{
	uint32_t procedure = r->rpc->procedure;
	struct nfs_tx *tx = NULL;

	nfs3_call(io, s, r, part);
	if (procedure != NFS3_READ && procedure != NFS3_WRITE && procedure != NFS3_COMMIT)
		tx = transaction(io, s, r);
	else if (procedure == NFS3_READ && r->rpc->version == 3)
		read_announced(io, s, r);
	call_add(io, s, r, tx);
}

static void call_v4(struct app_io *io, struct nfs_state *s, struct nfs_request *r,
		    enum nfs_part part)
{
	struct rpc_call main = *r->rpc;
	struct nfs_request own = *r;
	struct nfs_tx *tx = NULL;

	main.procedure = 0;
	nfs4_call(io, s, r, &main.procedure, part);
	if (main.procedure != 0) {
		own = *r;
		own.rpc = &main;
		tx = transaction(io, s, &own);
	}
	call_add(io, s, r, tx);
}

void nfs_call(struct app_io *io, struct nfs_state *s, const struct rpc_call *call,
	      enum nfs_part part)
{
	struct nfs_request r = {.rpc = call};

	switch (call->version) {
	case 3:
		if (s->version == 0)
			s->version = 3;
		call_v3(io, s, &r, part);
		break;
	case 2:
		call_v3(io, s, &r, part);
		break;
	case 4:
		if (io->tuple->ip_proto == IP_PROTO_TCP)
			call_v4(io, s, &r, part);
		break;
	default:
		break;
	}
}

void nfs_answered(struct nfs_call *call, const struct rpc_reply *reply, uint32_t status,
		  struct slice handle)
{
	struct nfs_tx *t = call->tx;

	if (!t)
		return;
	t->tx.progress[DIR_TC] = NFS_COMPLETE;
	t->rpc_status = reply->denied;
	t->nfs_status = status;
	if (!t->has_handle)
		nfs_tx_handle(t, handle);
}

void nfs_reply(struct app_io *io, struct nfs_state *s, const struct rpc_reply *reply,
	       enum nfs_part part)
{
	struct nfs_call *call = nfs_call_find(s, reply->xid);

	if (!call)
		return;
	if (s->version == 0)
		s->version = (uint16_t)call->version;
	if (call->version == 4)
		nfs4_reply(io, s, call, reply, part);
	else
		nfs3_reply(io, s, call, reply, part);
	if (part != NFS_START || s->side[DIR_TC].taken)
		nfs_map_remove(io->slab, &s->calls, &call->entry);
}

/* --- datagrams --- */

static void datagram(struct app_io *io, struct nfs_state *s, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct rpc_call call;
	struct rpc_reply reply;

	if (dir == DIR_TS && rpc_call_read(&c, &call) == RPC_OK) {
		nfs_frames_call(io, data, &call);
		nfs_call(io, s, &call, NFS_WHOLE);
	} else if (dir == DIR_TC && rpc_reply_read(&c, &reply) == RPC_OK) {
		nfs_frames_reply(io, data, &reply, nfs_call_find(s, reply.xid));
		nfs_reply(io, s, &reply, NFS_WHOLE);
	}
}

static struct app_result parse(struct app_io *io, void *state, enum dir dir, struct app_input input)
{
	if (io->tuple->ip_proto == IP_PROTO_TCP)
		return nfs_tcp(io, state, dir, input);
	datagram(io, state, dir, input.data);
	return APP_RESULT_OK(input.data.len);
}

static bool gap(struct app_io *io, void *state, enum dir dir, uint64_t len)
{
	return nfs_tcp_gap(io, state, dir, len);
}

/* --- for rules --- */

static bool match_procedure(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	const struct nfs_tx *t = container_of(tx, const struct nfs_tx, tx);

	return text_range_match(compiled, t->procedure) ||
	       (t->committed && text_range_match(compiled, NFS3_COMMIT));
}

static bool match_version(const struct app_tx *tx, enum dir dir, const void *compiled)
{
	return text_range_match(compiled, container_of(tx, const struct nfs_tx, tx)->version);
}

/* --- identification --- */

static enum app_probe probe_tcp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	return nfs_probe(dir, data);
}

enum { UDP_CALL_MIN = 48, UDP_REPLY_MIN = 32 };

static enum app_probe probe_udp(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data), type = c;
	struct rpc_call call;
	struct rpc_reply reply;
	bool yes;

	cursor_u32(&type);
	if (cursor_u32(&type) != (dir == DIR_TS ? RPC_CALL : RPC_REPLY))
		return APP_PROBE_NO;
	if (dir == DIR_TS)
		yes = data.len >= UDP_CALL_MIN && rpc_call_read(&c, &call) == RPC_OK &&
		      (call.version == 2 || call.version == 3) && call.program == NFS_PROGRAM;
	else
		yes = data.len >= UDP_REPLY_MIN && rpc_reply_read(&c, &reply) == RPC_OK &&
		      !reply.denied && !reply.accepted;
	return yes ? APP_PROBE_YES : APP_PROBE_NO;
}

static const struct app_probe_rule probes[] = {
	{.transport = APP_TCP, .ports = "2049", .min_len = 32, .probe = probe_tcp},
	{.transport = APP_UDP, .ports = "2049", .min_len = 32, .probe = probe_udp},
};

static const struct app_keyword keywords[] = {
	{"nfs_procedure", {true, false}, {0, 0}, compile_range_u32_inclusive, match_procedure},
	{"nfs.version", {true, false}, {0, 0}, compile_range_u32_inclusive, match_version},
};

static void log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	nfs_log_rpc(tx, state, r);
	record_object(r, "nfs");
	nfs_log_all(tx, state, r);
	record_end(r);
}

const struct app_proto nfs_proto = {
	.name = "nfs",
	.event_prefix = "nfs",
	.transport = APP_TCP | APP_UDP,
	.enabled_by_default = true,
	.probes = probes,
	.probe_count = ARRAY_SIZE(probes),
	.state_size = sizeof(struct nfs_state),
	.state_begin = state_begin,
	.state_end = state_end,
	.parse = parse,
	.gap = gap,
	.tx_free = tx_free,
	.complete = {NFS_COMPLETE, NFS_COMPLETE},
	.events = event_names,
	.event_count = NFS_EVENTS,
	.keywords = keywords,
	.keyword_count = ARRAY_SIZE(keywords),
	.frames = nfs_frames,
	.frame_count = NFS_FRAMES,
	.eve_type = "nfs",
	.eve_key = "nfs",
	.log = nfs_log,
	.log_beside = nfs_log_rpc,
	.log_alert = log_alert,
	.log_sender_first = true,
};
