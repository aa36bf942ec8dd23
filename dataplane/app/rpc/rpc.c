#include "dataplane/app/rpc/rpc.h"

struct rpc_mark rpc_mark_read(struct cursor *c)
{
	uint32_t n = cursor_u32(c);

	return (struct rpc_mark){.last = n >> 31, .len = n & 0x7fffffff};
}

struct slice rpc_opaque_unpadded(struct cursor *c)
{
	uint32_t len = cursor_u32(c);

	return cursor_take(c, len);
}

struct slice rpc_opaque(struct cursor *c)
{
	struct slice s = rpc_opaque_unpadded(c);
	size_t pad = -s.len & 3;

	if (!c->bad)
		cursor_skip(c, pad < cursor_left(c) ? pad : cursor_left(c));
	return s;
}

static enum rpc_status of_cursor(const struct cursor *c)
{
	return c->bad ? RPC_SHORT : RPC_OK;
}

/* Flavor, length and body. */
static enum rpc_status auth(struct cursor *c, uint32_t *ret_flavor, struct slice *ret_body)
{
	uint32_t len;

	*ret_flavor = cursor_u32(c);
	len = cursor_u32(c);
	if (len >= RPC_AUTH_MAX)
		return RPC_BAD;
	*ret_body = cursor_take(c, len);
	return of_cursor(c);
}

/* What is kept of credentials; their body is whole. */
static enum rpc_status credentials(struct rpc_call *call, struct slice body)
{
	struct cursor c = cursor_of(body);
	uint32_t len;

	call->credentials_len = (uint32_t)body.len;
	switch (call->auth) {
	case RPC_AUTH_UNIX:
		cursor_u32(&c); /* stamp */
		len = cursor_u32(&c);
		if (len >= RPC_MACHINE_MAX)
			return RPC_BAD;
		/* Its padding is not skipped: that is how Suricata reads uid and gid. */
		call->machine = cursor_take(&c, len);
		call->uid = cursor_u32(&c);
		call->gid = cursor_u32(&c);
		break;
	case RPC_AUTH_GSS:
		cursor_u32(&c); /* version */
		call->gss_procedure = cursor_u32(&c);
		cursor_u32(&c); /* sequence number */
		call->gss_service = cursor_u32(&c);
		rpc_opaque_unpadded(&c);
		break;
	default:
		break;
	}
	return of_cursor(&c);
}

enum rpc_status rpc_call_read(struct cursor *c, struct rpc_call *ret)
{
	uint32_t type, flavor;
	struct slice body;
	enum rpc_status s;

	*ret = (struct rpc_call){0};
	ret->xid = cursor_u32(c);
	type = cursor_u32(c);
	if (type > RPC_REPLY)
		return RPC_BAD;
	ret->rpc_version = cursor_u32(c);
	ret->program = cursor_u32(c);
	ret->version = cursor_u32(c);
	ret->procedure = cursor_u32(c);
	s = auth(c, &ret->auth, &body);
	if (s == RPC_OK)
		s = credentials(ret, body);
	if (s == RPC_OK)
		s = auth(c, &flavor, &body);
	if (s == RPC_OK)
		ret->arguments = cursor_rest(c);
	return s;
}

enum rpc_status rpc_reply_read(struct cursor *c, struct rpc_reply *ret)
{
	uint32_t type, flavor;
	struct slice body;
	enum rpc_status s;

	*ret = (struct rpc_reply){0};
	ret->xid = cursor_u32(c);
	type = cursor_u32(c);
	ret->denied = cursor_u32(c);
	if (type > RPC_REPLY || ret->denied > 1)
		return RPC_BAD;
	s = auth(c, &flavor, &body);
	if (s != RPC_OK)
		return s;
	ret->accepted = cursor_u32(c);
	if (c->bad)
		return RPC_SHORT;
	ret->results = cursor_rest(c);
	return RPC_OK;
}
