/* Versions 2 (RFC 1094) and 3 (RFC 1813). Suricata names version 2's procedures as version 3's. */
#include "dataplane/app/nfs/internal.h"

enum {
	V2_HANDLE = 32,	    /* bytes */
	V2_ATTRIBUTES = 68, /* of which behind 20 the size */
	V3_ATTRIBUTES = 84,
	STABLE_MAX = 2, /* FILE_SYNC */
};

static struct slice v2_handle(struct cursor *c)
{
	return cursor_take(c, V2_HANDLE);
}

/* An XDR boolean. */
static bool boolean(struct cursor *c)
{
	uint32_t n = cursor_u32(c);

	if (n > 1)
		c->bad = true;
	return n == 1;
}

/* Bytes behind their length, with the padding; in a record that is cut those that are there. */
static struct slice payload(struct cursor *c, uint32_t len, enum nfs_part part)
{
	struct slice s;

	if (c->bad)
		return SLICE(NULL, 0);
	if (part != NFS_WHOLE)
		return cursor_take(c, len < cursor_left(c) ? len : cursor_left(c));
	s = cursor_take(c, len);
	cursor_skip(c, -len & 3);
	return s;
}

/* --- calls --- */

static bool v2_call(struct nfs_state *s, struct nfs_request *r)
{
	struct cursor c = cursor_of(r->rpc->arguments);

	if (r->rpc->procedure == NFS3_LOOKUP) {
		r->handle = v2_handle(&c);
		rpc_opaque_unpadded(&c);
	} else if (r->rpc->procedure == NFS3_READ) {
		r->handle = v2_handle(&c);
		r->offset = cursor_u32(&c);
		cursor_u32(&c);
	}
	if (c.bad)
		r->handle = SLICE(NULL, 0);
	else
		r->name = nfs_name_of(s, r->handle);
	return !c.bad;
}

static bool write_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r,
		       struct cursor *c, enum nfs_part part)
{
	struct nfs_data d = {.xid = r->rpc->xid,
			     .version = r->rpc->version,
			     .procedure = NFS3_WRITE,
			     .handle = rpc_opaque(c)};
	uint32_t stable, count;

	d.offset = cursor_u64(c);
	count = cursor_u32(c);
	stable = cursor_u32(c);
	d.count = cursor_u32(c);
	if (c->bad || stable > STABLE_MAX || d.count > count)
		return false;
	d.last = stable == STABLE_MAX;
	d.data = payload(c, d.count, part);
	if (c->bad)
		return false;
	d.name = nfs_name_of(s, d.handle);
	if (part != NFS_WHOLE)
		r->handle = d.handle;
	nfs_file_write(io, s, &d);
	return true;
}

static void rename_call(struct nfs_request *r, struct cursor *c)
{
	r->name = rpc_opaque(c);
	rpc_opaque(c);
	r->new_name = rpc_opaque(c);
}

static bool v3_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r,
		    enum nfs_part part)
{
	struct cursor c = cursor_of(r->rpc->arguments);

	switch (r->rpc->procedure) {
	case NFS3_WRITE:
		return write_call(io, s, r, &c, part);
	case NFS3_LOOKUP: /* the directory's handle is not kept */
		rpc_opaque(&c);
		r->name = rpc_opaque(&c);
		break;
	case NFS3_ACCESS:
	case NFS3_GETATTR:
	case NFS3_READDIRPLUS:
		r->handle = rpc_opaque(&c);
		r->name = nfs_name_of(s, r->handle);
		break;
	case NFS3_READ:
		r->handle = rpc_opaque(&c);
		r->offset = cursor_u64(&c);
		cursor_u32(&c);
		r->name = nfs_name_of(s, r->handle);
		break;
	case NFS3_CREATE:
	case NFS3_REMOVE:
	case NFS3_MKDIR:
	case NFS3_RMDIR:
		r->handle = rpc_opaque(&c);
		r->name = rpc_opaque(&c);
		break;
	case NFS3_RENAME:
		r->handle = rpc_opaque(&c);
		rename_call(r, &c);
		break;
	case NFS3_COMMIT: {
		struct slice handle = rpc_opaque(&c);

		if (!c.bad)
			nfs_file_commit(io, s, handle, r->rpc->xid, true);
		break;
	}
	default:
		break;
	}
	if (c.bad)
		r->handle = r->name = r->new_name = SLICE(NULL, 0);
	return !c.bad;
}

void nfs3_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r, enum nfs_part part)
{
	bool good = r->rpc->version == 2 ? v2_call(s, r) : v3_call(io, s, r, part);

	if (!good && part == NFS_WHOLE)
		nfs_malformed(io);
}

/* --- replies --- */

static void read_reply(struct app_io *io, struct nfs_state *s, const struct nfs_call *call,
		       const struct rpc_reply *reply, struct nfs_data *d)
{
	d->xid = reply->xid;
	d->version = call->version;
	d->procedure = NFS3_READ;
	d->rpc_status = reply->denied;
	d->handle = nfs_call_handle(call);
	d->name = nfs_call_name(call);
	d->offset = call->offset;
	nfs_file_read(io, s, d);
}

static bool v2_read(struct app_io *io, struct nfs_state *s, const struct nfs_call *call,
		    const struct rpc_reply *reply, enum nfs_part part)
{
	struct cursor c = cursor_of(reply->results), attributes;
	struct nfs_data d = {.nfs_status = cursor_u32(&c)};
	uint32_t size;

	attributes = cursor_child(&c, V2_ATTRIBUTES);
	cursor_skip(&attributes, 20);
	size = cursor_u32(&attributes);
	d.count = cursor_u32(&c);
	d.data = payload(&c, d.count, part);
	if (c.bad)
		return false;
	d.last = size == call->offset + d.count;
	read_reply(io, s, call, reply, &d);
	return true;
}

static bool v3_read(struct app_io *io, struct nfs_state *s, const struct nfs_call *call,
		    const struct rpc_reply *reply, enum nfs_part part)
{
	struct cursor c = cursor_of(reply->results);
	struct nfs_data d = {.nfs_status = cursor_u32(&c)};
	uint32_t count;

	/* Suricata takes the attributes for granted. */
	if (boolean(&c))
		cursor_skip(&c, V3_ATTRIBUTES);
	else if (d.nfs_status != 0)
		return !c.bad;
	count = cursor_u32(&c);
	d.last = boolean(&c);
	d.count = cursor_u32(&c);
	if (c.bad || d.count > count)
		return d.nfs_status != 0;
	d.data = payload(&c, d.count, part);
	if (c.bad)
		return false;
	read_reply(io, s, call, reply, &d);
	return true;
}

/* One entry of a directory; false at the list's end or where it cannot be read. */
static bool entry(struct app_io *io, struct nfs_state *s, struct cursor *c)
{
	struct slice name, handle;

	if (!boolean(c))
		return false;
	cursor_u64(c); /* file id */
	name = rpc_opaque(c);
	cursor_u64(c); /* cookie */
	if (boolean(c))
		cursor_skip(c, V3_ATTRIBUTES);
	if (!boolean(c))
		return !c->bad;
	handle = rpc_opaque(c);
	if (!c->bad)
		nfs_name_set(io, s, handle, name);
	return !c->bad;
}

static void directory(struct app_io *io, struct nfs_state *s, struct cursor *c)
{
	if (boolean(c))
		cursor_skip(c, V3_ATTRIBUTES);
	cursor_skip(c, 8); /* verifier */
	for (unsigned i = 0; i < NFS_LIST_ENTRIES && !c->bad && entry(io, s, c); i++)
		;
}

static void v3_reply(struct app_io *io, struct nfs_state *s, struct nfs_call *call,
		     const struct rpc_reply *reply, enum nfs_part part)
{
	struct cursor c = cursor_of(reply->results);
	uint32_t status = cursor_u32(&c);
	struct slice handle = {0};
	bool failed = reply->denied || reply->accepted || (status != 0 && !c.bad);

	switch (call->procedure) {
	case NFS3_LOOKUP:
		/* An error has attributes where the handle would be; they are taken for one. */
		handle = rpc_opaque(&c);
		if (!c.bad)
			nfs_name_set(io, s, handle, nfs_call_name(call));
		break;
	case NFS3_CREATE:
		if (boolean(&c)) {
			handle = rpc_opaque(&c);
			if (!c.bad)
				nfs_name_set(io, s, handle, nfs_call_name(call));
		}
		break;
	case NFS3_READDIRPLUS:
		directory(io, s, &c);
		break;
	default:
		c.bad = false;
		break;
	}
	if (c.bad && part == NFS_WHOLE && !failed)
		nfs_malformed(io);
	nfs_answered(call, reply, status, c.bad ? SLICE(NULL, 0) : handle);
}

void nfs3_reply(struct app_io *io, struct nfs_state *s, struct nfs_call *call,
		const struct rpc_reply *reply, enum nfs_part part)
{
	struct cursor c = cursor_of(reply->results);
	bool good;

	if (call->procedure != NFS3_READ) {
		if (call->version == 3)
			v3_reply(io, s, call, reply, part);
		else
			nfs_answered(call, reply, cursor_u32(&c), SLICE(NULL, 0));
		return;
	}
	good = call->version == 3 ? v3_read(io, s, call, reply, part)
				  : v2_read(io, s, call, reply, part);
	if (!good && part == NFS_WHOLE && !reply->denied && !reply->accepted)
		nfs_malformed(io);
}
