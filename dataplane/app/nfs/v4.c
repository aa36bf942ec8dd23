/* Version 4 (RFC 7530) and 4.1 (RFC 8881): COMPOUNDs of operations. An operation that is not known
 * ends the reading of its COMPOUND, because nothing says how long it is. */
#include "dataplane/app/nfs/internal.h"

enum {
	COMPOUND = 1, /* the procedure */
	STATEID = 16,
	VERIFIER = 8,
	SESSION = 16,
	CHANGE_INFO = 20,
	CHANNEL = 28,	/* channel attributes of CREATE_SESSION without RDMA */
	BITMAP_MAX = 8, /* words */
	GSS_INTEGRITY = 2,
	LIST_MAX = 65536, /* entries of a READDIR reply, flavors, handles */
};

enum nfs4_operation {
	OP_ACCESS = 3,
	OP_CLOSE = 4,
	OP_COMMIT = 5,
	OP_CREATE = 6,
	OP_DELEGRETURN = 8,
	OP_GETATTR = 9,
	OP_GETFH = 10,
	OP_LOOKUP = 15,
	OP_OPEN = 18,
	OP_OPEN_CONFIRM = 20,
	OP_PUTFH = 22,
	OP_PUTROOTFH = 24,
	OP_READ = 25,
	OP_READDIR = 26,
	OP_REMOVE = 28,
	OP_RENAME = 29,
	OP_RENEW = 30,
	OP_SAVEFH = 32,
	OP_SETATTR = 34,
	OP_SETCLIENTID = 35,
	OP_SETCLIENTID_CONFIRM = 36,
	OP_WRITE = 38,
	OP_EXCHANGE_ID = 42,
	OP_CREATE_SESSION = 43,
	OP_DESTROY_SESSION = 44,
	OP_GETDEVICEINFO = 47,
	OP_LAYOUTGET = 50,
	OP_LAYOUTRETURN = 51,
	OP_SECINFO_NO_NAME = 52,
	OP_SEQUENCE = 53,
	OP_DESTROY_CLIENTID = 57,
	OP_RECLAIM_COMPLETE = 58,
};

/* One reading of a COMPOUND: first without effect, to see that all of it is well-formed, then
 * again. */
struct walk {
	struct app_io *io;
	struct nfs_state *s;
	struct cursor c;
	bool acts;
	enum nfs_part part;
	bool data_follows; /* its last operation's data are not all there */

	struct nfs_request *request;
	uint32_t main;	  /* operation that makes a transaction */
	struct slice put; /* handle of the last PUTFH */
	bool has_put;

	struct nfs_call *call;
	const struct rpc_reply *reply;
	struct slice name; /* the call's, or what it turned out to be */
	bool opened;	   /* the next GETFH tells the handle of that name */
	bool has_status;
	uint32_t status;
};

static void bitmap(struct cursor *c)
{
	uint32_t words = cursor_u32(c);

	if (words > BITMAP_MAX)
		c->bad = true;
	cursor_skip(c, (size_t)words * 4);
}

static void attributes(struct cursor *c)
{
	bitmap(c);
	rpc_opaque(c);
}

/* Bytes of a READ or WRITE; true when they are all there. */
static bool data_of(struct walk *w, uint32_t len, struct slice *ret)
{
	size_t left = cursor_left(&w->c);

	if (w->part == NFS_WHOLE || left >= len) {
		*ret = cursor_take(&w->c, len);
		left = cursor_left(&w->c);
		cursor_skip(&w->c, (-len & 3) < left ? -len & 3 : left);
		return true;
	}
	*ret = cursor_take(&w->c, left);
	w->data_follows = true;
	return false;
}

/* --- operations of calls --- */

static void call_write(struct walk *w)
{
	struct nfs_data d = {.xid = w->request->rpc->xid,
			     .version = w->request->rpc->version,
			     .procedure = OP_WRITE,
			     .handle = w->put};

	cursor_skip(&w->c, STATEID);
	d.offset = cursor_u64(&w->c);
	d.last = cursor_u32(&w->c) == 2;
	d.count = cursor_u32(&w->c);
	data_of(w, d.count, &d.data);
	if (w->c.bad || !w->acts || !w->has_put)
		return;
	d.name = nfs_name_of(w->s, d.handle);
	nfs_file_write(w->io, w->s, &d);
}

static void call_read(struct walk *w)
{
	uint64_t offset;

	cursor_skip(&w->c, STATEID);
	offset = cursor_u64(&w->c);
	cursor_u32(&w->c);
	if (!w->acts || !w->has_put)
		return;
	w->request->offset = offset;
	w->request->handle = w->put;
	if (nfs_name_of(w->s, w->put).len > 0)
		w->request->name = nfs_name_of(w->s, w->put);
}

/* openflag4 and how a file is created */
static void open_how(struct cursor *c)
{
	uint32_t mode;

	if (cursor_u32(c) != 1)
		return;
	mode = cursor_u32(c);
	if (mode > 3)
		c->bad = true;
	if (mode >= 2)
		cursor_skip(c, VERIFIER);
	if (mode != 2)
		attributes(c);
}

static void call_open(struct walk *w)
{
	struct cursor *c = &w->c;
	struct slice name = {0};
	uint32_t claim;

	cursor_skip(c, 12); /* sequence, share access and deny */
	cursor_u64(c);	    /* client */
	rpc_opaque(c);	    /* owner */
	open_how(c);
	claim = cursor_u32(c);
	if (claim == 1)
		cursor_u32(c);
	if (claim == 2 || claim == 5)
		cursor_skip(c, STATEID);
	if (claim == 0 || claim == 2 || claim == 3)
		name = rpc_opaque(c);
	if (w->acts)
		w->request->name = name;
}

static void call_create(struct walk *w)
{
	uint32_t type = cursor_u32(&w->c);
	struct slice name;

	if (type == 5) /* a link's target */
		rpc_opaque(&w->c);
	else if (type == 3 || type == 4) /* a device's numbers */
		cursor_skip(&w->c, 8);
	name = rpc_opaque(&w->c);
	attributes(&w->c);
	if (!w->acts)
		return;
	if (w->has_put)
		w->request->handle = w->put;
	w->request->name = name;
	w->main = OP_CREATE;
}

static void call_commit(struct walk *w, bool is_close)
{
	cursor_skip(&w->c, is_close ? 4 + STATEID : 12);
	if (w->acts && w->has_put && !w->c.bad)
		nfs_file_commit(w->io, w->s, w->put, w->request->rpc->xid, false);
}

static void call_session(struct walk *w)
{
	cursor_skip(&w->c, 8 + 4 + 4 + 2 * CHANNEL + 4);
	/* callback security: what follows it in a COMPOUND cannot be found */
	w->c.pos = w->c.end;
}

static void call_exchange(struct cursor *c)
{
	cursor_skip(c, VERIFIER);
	rpc_opaque(c);
	cursor_u32(c); /* flags */
	cursor_u32(c); /* state protection: none */
	if (cursor_u32(c) == 1) {
		rpc_opaque(c);
		rpc_opaque(c);
		cursor_skip(c, 12);
	}
}

static void call_layout_return(struct cursor *c)
{
	cursor_skip(c, 12);
	if (cursor_u32(c) != 1) /* of a file */
		return;
	cursor_skip(c, 16 + STATEID);
	rpc_opaque(c);
}

static void call_strings(struct walk *w, uint32_t op)
{
	struct slice name = rpc_opaque(&w->c);

	if (op == OP_RENAME)
		rpc_opaque(&w->c);
	if (!w->acts || op == OP_RENAME)
		return;
	w->request->name = name;
	if (op == OP_REMOVE)
		w->main = OP_REMOVE;
}

static void call_setclientid(struct cursor *c)
{
	cursor_skip(c, VERIFIER);
	rpc_opaque(c);
	cursor_u32(c);
	rpc_opaque(c);
	rpc_opaque(c);
	cursor_u32(c);
}

/* Operations without effect here, by their fixed length; -1 when it is another one. */
static int fixed_call(uint32_t op)
{
	switch (op) {
	case OP_GETFH:
	case OP_SAVEFH:
	case OP_PUTROOTFH:
		return 0;
	case OP_ACCESS:
	case OP_RECLAIM_COMPLETE:
	case OP_SECINFO_NO_NAME:
		return 4;
	case OP_RENEW:
	case OP_DESTROY_CLIENTID:
		return 8;
	case OP_DELEGRETURN:
	case OP_DESTROY_SESSION:
	case OP_SETCLIENTID_CONFIRM:
		return 16;
	case OP_OPEN_CONFIRM:
		return STATEID + 4;
	case OP_SEQUENCE:
		return SESSION + 16;
	case OP_LAYOUTGET:
		return 36 + STATEID + 4;
	default:
		return -1;
	}
}

static void call_operation(struct walk *w, uint32_t op)
{
	int fixed = fixed_call(op);

	if (fixed >= 0) {
		cursor_skip(&w->c, (size_t)fixed);
		return;
	}
	switch (op) {
	case OP_PUTFH:
		w->put = rpc_opaque(&w->c);
		w->has_put = true;
		break;
	case OP_READ:
		call_read(w);
		break;
	case OP_WRITE:
		call_write(w);
		break;
	case OP_OPEN:
		call_open(w);
		break;
	case OP_CREATE:
		call_create(w);
		break;
	case OP_LOOKUP:
	case OP_REMOVE:
	case OP_RENAME:
		call_strings(w, op);
		break;
	case OP_COMMIT:
	case OP_CLOSE:
		call_commit(w, op == OP_CLOSE);
		break;
	case OP_GETATTR:
		bitmap(&w->c);
		break;
	case OP_READDIR:
		cursor_skip(&w->c, 24);
		bitmap(&w->c);
		break;
	case OP_SETATTR:
		cursor_skip(&w->c, STATEID);
		attributes(&w->c);
		break;
	case OP_SETCLIENTID:
		call_setclientid(&w->c);
		break;
	case OP_EXCHANGE_ID:
		call_exchange(&w->c);
		break;
	case OP_CREATE_SESSION:
		call_session(w);
		break;
	case OP_GETDEVICEINFO:
		cursor_skip(&w->c, 24);
		bitmap(&w->c);
		break;
	case OP_LAYOUTRETURN:
		call_layout_return(&w->c);
		break;
	default:
		w->c.bad = true;
		break;
	}
}

/* --- operations of replies --- */

static void reply_read(struct walk *w, uint32_t status)
{
	struct nfs_data d = {.xid = w->call->xid,
			     .version = w->call->version,
			     .procedure = OP_READ,
			     .rpc_status = w->reply->denied,
			     .nfs_status = status,
			     .handle = nfs_call_handle(w->call),
			     .name = w->name,
			     .offset = w->call->offset};
	uint32_t eof = cursor_u32(&w->c);

	d.count = cursor_u32(&w->c);
	d.last = eof == 1;
	if (eof > 1)
		w->c.bad = true;
	data_of(w, d.count, &d.data);
	if (w->acts && !w->c.bad)
		nfs_file_read(w->io, w->s, &d);
}

static void delegation(struct cursor *c)
{
	uint32_t type = cursor_u32(c);

	switch (type) {
	case 0: /* none */
		break;
	case 1: /* read: recall, access control entry */
		cursor_skip(c, STATEID + 4 + 12);
		rpc_opaque(c);
		break;
	case 2: /* write: also the space limit */
		cursor_skip(c, STATEID + 4 + 12 + 12);
		rpc_opaque(c);
		break;
	case 3: { /* none, and why */
		uint32_t why = cursor_u32(c);

		if (why == 1 || why == 2)
			cursor_u32(c);
		break;
	}
	default:
		c->bad = true;
		break;
	}
}

static void reply_open(struct walk *w)
{
	cursor_skip(&w->c, STATEID + CHANGE_INFO + 4);
	bitmap(&w->c);
	delegation(&w->c);
	w->opened = true;
}

static void reply_getfh(struct walk *w)
{
	struct slice handle = rpc_opaque(&w->c);

	if (w->acts && w->opened && !w->c.bad)
		nfs_name_set(w->io, w->s, handle, w->name);
}

static void reply_readdir(struct cursor *c)
{
	cursor_skip(c, VERIFIER);
	for (unsigned i = 0; i < LIST_MAX && !c->bad; i++) {
		uint32_t follows = cursor_u32(c);

		if (follows == 0)
			break;
		if (follows > 1)
			c->bad = true;
		cursor_u64(c);
		rpc_opaque(c);
		attributes(c);
	}
	cursor_u32(c); /* end of the directory */
}

static void reply_exchange(struct cursor *c)
{
	cursor_skip(c, 8 + 4 + 4 + 4 + 8);
	rpc_opaque(c);
	rpc_opaque(c);
	if (cursor_u32(c) == 1) {
		rpc_opaque(c);
		rpc_opaque(c);
		cursor_skip(c, 12);
	}
}

static void reply_secinfo(struct cursor *c)
{
	uint32_t flavors = cursor_u32(c);

	for (uint32_t i = 0; i < flavors && i < LIST_MAX && !c->bad; i++) {
		if (cursor_u32(c) == RPC_AUTH_GSS) {
			rpc_opaque(c);
			cursor_skip(c, 8);
		}
	}
}

static void reply_layout(struct cursor *c)
{
	uint32_t layouts;

	cursor_skip(c, 4 + STATEID);
	layouts = cursor_u32(c);
	for (uint32_t i = 0; i < layouts && i < LIST_MAX && !c->bad; i++) {
		cursor_skip(c, 24);
		rpc_opaque(c);
	}
}

static void reply_device(struct cursor *c)
{
	cursor_u32(c);
	rpc_opaque(c);
	bitmap(c);
}

/* Operations without effect here: the length of what follows a status of 0; -1: another one. */
static int fixed_reply(uint32_t op)
{
	switch (op) {
	case OP_PUTFH:
	case OP_SAVEFH:
	case OP_LOOKUP:
	case OP_RENEW:
	case OP_DELEGRETURN:
	case OP_SETCLIENTID_CONFIRM:
	case OP_RECLAIM_COMPLETE:
	case OP_DESTROY_SESSION:
	case OP_DESTROY_CLIENTID:
	case OP_PUTROOTFH:
		return 0;
	case OP_ACCESS:
	case OP_COMMIT:
		return 8;
	case OP_OPEN_CONFIRM:
	case OP_CLOSE:
	case OP_WRITE:
	case OP_SETCLIENTID:
		return 16;
	case OP_REMOVE:
		return CHANGE_INFO;
	case OP_RENAME:
		return 2 * CHANGE_INFO;
	case OP_SEQUENCE:
		return SESSION + 20;
	case OP_CREATE_SESSION:
		return SESSION + 8 + 2 * CHANNEL;
	default:
		return -1;
	}
}

static void reply_ok(struct walk *w, uint32_t op)
{
	switch (op) {
	case OP_READ:
		reply_read(w, 0);
		break;
	case OP_OPEN:
		reply_open(w);
		break;
	case OP_GETFH:
		reply_getfh(w);
		break;
	case OP_CREATE:
		cursor_skip(&w->c, CHANGE_INFO);
		bitmap(&w->c);
		break;
	case OP_GETATTR:
		attributes(&w->c);
		break;
	case OP_READDIR:
		reply_readdir(&w->c);
		break;
	case OP_EXCHANGE_ID:
		reply_exchange(&w->c);
		break;
	case OP_SECINFO_NO_NAME:
		reply_secinfo(&w->c);
		break;
	case OP_LAYOUTGET:
		reply_layout(&w->c);
		break;
	case OP_GETDEVICEINFO:
		reply_device(&w->c);
		break;
	case OP_LAYOUTRETURN:
		if (cursor_u32(&w->c) == 1)
			cursor_skip(&w->c, STATEID);
		break;
	default:
		w->c.bad = true;
		break;
	}
}

static void reply_operation(struct walk *w, uint32_t op)
{
	uint32_t status = cursor_u32(&w->c);
	int fixed = fixed_reply(op);

	if (op == OP_CREATE || op == OP_REMOVE) {
		w->has_status = true;
		w->status = status;
	}
	if (op == OP_PUTROOTFH && status == 0 && w->name.len == 0)
		w->name = SLICE_LIT("<mount_root>");
	if (op == OP_SETATTR) /* tells the attributes whatever the status */
		bitmap(&w->c);
	else if (status == 0 && fixed >= 0)
		cursor_skip(&w->c, (size_t)fixed);
	else if (status == 0)
		reply_ok(w, op);
}

/* --- COMPOUNDs --- */

static void call_walk(struct walk *w)
{
	uint32_t operations;

	rpc_opaque(&w->c); /* tag */
	cursor_u32(&w->c); /* minor version */
	operations = cursor_u32(&w->c);
	if (operations > NFS4_OPERATIONS)
		w->c.bad = true;
	for (uint32_t i = 0; i < operations && !w->c.bad && !w->data_follows; i++) {
		if (cursor_left(&w->c) == 0 && i > 0)
			break;
		call_operation(w, cursor_u32(&w->c));
	}
}

static void reply_walk(struct walk *w)
{
	uint32_t operations;

	cursor_u32(&w->c); /* status */
	rpc_opaque(&w->c); /* tag */
	operations = cursor_u32(&w->c);
	if (operations > NFS4_OPERATIONS)
		w->c.bad = true;
	for (uint32_t i = 0; i < operations && !w->c.bad && !w->data_follows; i++)
		reply_operation(w, cursor_u32(&w->c));
}

/* Twice: what is not well-formed to its end has no effect. False for such. */
static bool walk_twice(struct walk *w, struct slice data, void (*walk)(struct walk *w))
{
	struct walk fresh = *w;

	w->c = cursor_of(data);
	walk(w);
	if (w->c.bad)
		return false;
	if (w->part == NFS_START && !w->data_follows)
		return true;
	*w = fresh;
	w->c = cursor_of(data);
	w->acts = true;
	walk(w);
	return true;
}

/* What RPCSEC_GSS with integrity wraps (RFC 2203, 5.3.2.2): length, sequence number, data. */
static bool unwrap(struct slice data, struct slice *ret)
{
	struct cursor c = cursor_of(data);
	uint32_t len = cursor_u32(&c);

	cursor_u32(&c);
	if (len < 4 || len >= RPC_AUTH_MAX)
		return false;
	*ret = cursor_take(&c, len - 4);
	return !c.bad;
}

void nfs4_call(struct app_io *io, struct nfs_state *s, struct nfs_request *r, uint32_t *ret_main,
	       enum nfs_part part)
{
	struct walk w = {.io = io, .s = s, .part = part, .request = r};
	struct slice data = r->rpc->arguments;
	bool wrapped = r->rpc->auth == RPC_AUTH_GSS && r->rpc->gss_procedure == 0 &&
		       r->rpc->gss_service == GSS_INTEGRITY;

	*ret_main = 0;
	if (r->rpc->procedure != COMPOUND)
		return;
	if (wrapped) {
		r->gss_procedure = r->rpc->gss_procedure;
		r->gss_service = r->rpc->gss_service;
	}
	if ((wrapped && !unwrap(data, &data)) || !walk_twice(&w, data, call_walk)) {
		if (part == NFS_WHOLE)
			nfs_malformed(io);
		return;
	}
	*ret_main = w.main;
}

void nfs4_reply(struct app_io *io, struct nfs_state *s, struct nfs_call *call,
		const struct rpc_reply *reply, enum nfs_part part)
{
	struct walk w = {.io = io,
			 .s = s,
			 .part = part,
			 .call = call,
			 .reply = reply,
			 .name = nfs_call_name(call)};
	struct slice data = reply->results;

	if (call->procedure != COMPOUND || reply->denied || reply->accepted)
		return;
	if ((call->gss_service == GSS_INTEGRITY && !unwrap(data, &data)) ||
	    !walk_twice(&w, data, reply_walk)) {
		if (part == NFS_WHOLE)
			nfs_malformed(io);
		return;
	}
	if (w.has_status)
		nfs_answered(call, reply, w.status, SLICE(NULL, 0));
}
