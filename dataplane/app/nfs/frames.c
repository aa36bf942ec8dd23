/* Frames of records and datagrams, as Suricata 7.0.10 lays them: of a record that it reads before
 * it is whole there is one, of what is there. */
#include "dataplane/app/nfs/internal.h"

enum {
	FRAME_RPC_PDU,
	FRAME_RPC_HDR,
	FRAME_RPC_DATA,
	FRAME_RPC_CREDS,
	FRAME_NFS_PDU,
	FRAME_NFS_STATUS,
	FRAME_NFS4_PDU,
	FRAME_NFS4_HDR,
	FRAME_NFS4_OPS,
	FRAME_NFS4_STATUS,
};

const char *const nfs_frames[NFS_FRAMES] = {
	"rpc.pdu",    "rpc.hdr",  "rpc.data", "rpc.creds", "nfs.pdu",
	"nfs.status", "nfs4.pdu", "nfs4.hdr", "nfs4.ops",  "nfs4.status",
};

enum {
	CREDENTIALS_AT = 24, /* behind the transaction id */
	CREDENTIALS_HEAD = 8,
	REPLY_HEAD = 8,
	STATUS = 4,
	NFS4_HEAD = 8,
};

static void frame(struct app_io *io, unsigned type, struct slice bytes)
{
	app_frame(io, type, bytes.data, (int64_t)bytes.len);
}

static void frames_of_four(struct app_io *io, struct slice body)
{
	if (body.len <= NFS4_HEAD)
		return;
	frame(io, FRAME_NFS4_HDR, slice_sub(body, 0, NFS4_HEAD));
	frame(io, FRAME_NFS4_OPS, slice_sub(body, NFS4_HEAD, SIZE_MAX));
}

void nfs_frames_start(struct app_io *io, struct slice here)
{
	frame(io, FRAME_RPC_PDU, here);
}

void nfs_frames_call(struct app_io *io, struct slice all, const struct rpc_call *call)
{
	bool tcp = io->tuple->ip_proto == IP_PROTO_TCP;
	size_t mark = tcp ? RPC_MARK : 0;

	if (!all.len)
		return;
	frame(io, FRAME_RPC_PDU, all);
	frame(io, FRAME_RPC_CREDS,
	      slice_sub(all, mark + CREDENTIALS_AT, CREDENTIALS_HEAD + call->credentials_len));
	if (call->version < 4)
		frame(io, FRAME_NFS_PDU, call->arguments);
	else if (tcp) {
		frame(io, FRAME_NFS4_PDU, call->arguments);
		frames_of_four(io, call->arguments);
	}
}

void nfs_frames_reply(struct app_io *io, struct slice all, const struct rpc_reply *reply,
		      const struct nfs_call *call)
{
	size_t head = REPLY_HEAD + (io->tuple->ip_proto == IP_PROTO_TCP ? RPC_MARK : 0);
	struct slice status = slice_sub(reply->results, 0, STATUS);

	if (!all.len)
		return;
	frame(io, FRAME_RPC_PDU, all);
	frame(io, FRAME_RPC_HDR, slice_sub(all, 0, head));
	frame(io, FRAME_RPC_DATA, slice_sub(all, head, SIZE_MAX));
	if (!call || status.len < STATUS)
		return;
	frame(io, call->version < 4 ? FRAME_NFS_PDU : FRAME_NFS4_PDU, reply->results);
	frame(io, call->version < 4 ? FRAME_NFS_STATUS : FRAME_NFS4_STATUS, status);
	if (call->version == 4)
		frames_of_four(io, reply->results);
}
