/* Records over TCP (RFC 5531, 11). A record is read when it is whole; a READ or WRITE before, so
 * that its data need not be kept; of one that is longer than what is kept, its start. */
#include "dataplane/app/nfs/internal.h"

enum {
	CALL_LOOK = 44,	      /* bytes there must be of a large record before it is looked at */
	REPLY_LOOK = 128,     /* the same */
	LOOK_MAX = 32768,     /* of a record too long to be kept, so much is read */
	LOOK_AGAIN = 1024,    /* bytes more before the next look */
	FRAGMENTS_MAX = 64,   /* of a record; more are passed over */
	PROBE_CALL_MIN = 40,  /* bytes of a fragment */
	PROBE_REPLY_MIN = 24, /* the same */
	PROBE_REPLY_MAX = 35000,
	AUTH_KNOWN = 6,
	DENIED_LEN = 20, /* the shortest reply */
};

#define SECOND_NS 1000000000ULL

struct feed {
	struct app_io *io;
	struct nfs_state *s;
	struct nfs_side *side;
	enum dir dir;
	struct cursor c;
	struct slice all; /* the record at hand with its mark, where it is whole in one fragment */
};

/* What is left of a record that was read before it was whole. */
static void rest_of_record(struct feed *f)
{
	struct nfs_side *side = f->side;
	uint64_t n = side->chunk < cursor_left(&f->c) ? side->chunk : cursor_left(&f->c);

	if (n > 0)
		nfs_file_more(f->io, f->s, f->dir, cursor_take(&f->c, n));
	if (side->chunk > 0)
		return;
	n = side->skip < cursor_left(&f->c) ? side->skip : cursor_left(&f->c);
	cursor_skip(&f->c, n);
	side->skip -= n;
}

/* From the transaction id on. */
static void record(struct feed *f, struct slice body, enum nfs_part part)
{
	struct cursor c = cursor_of(body);
	struct rpc_call call;
	struct rpc_reply reply;
	enum rpc_status status;

	if (f->dir == DIR_TS) {
		status = rpc_call_read(&c, &call);
		if (status == RPC_OK) {
			nfs_frames_call(f->io, f->all, &call);
			nfs_call(f->io, f->s, &call, part);
		}
	} else {
		status = rpc_reply_read(&c, &reply);
		if (status == RPC_OK) {
			nfs_frames_reply(f->io, f->all, &reply, nfs_call_find(f->s, reply.xid));
			nfs_reply(f->io, f->s, &reply, part);
		}
	}
	if (status != RPC_OK && part == NFS_WHOLE)
		nfs_malformed(f->io);
}

/* Whether the call or reply whose start this is carries a file's data. */
static bool carries_data(const struct feed *f, struct slice body)
{
	struct cursor c = cursor_of(body);
	uint32_t xid = cursor_u32(&c), version, procedure;
	const struct nfs_call *call;

	if (f->dir == DIR_TC) {
		call = nfs_call_find(f->s, xid);
		if (!call)
			return false;
		return call->version == 4 || call->procedure == NFS3_READ;
	}
	cursor_skip(&c, 12);
	version = cursor_u32(&c);
	procedure = cursor_u32(&c);
	return version == 4 || (version == 3 && procedure == NFS3_WRITE);
}

/* The start of a record of `len` bytes that is not all there. True when it was read: then the data
 * of a file follow, or bytes to pass over. */
static bool record_start(struct feed *f, uint32_t len)
{
	struct slice body = slice_sub(cursor_rest(&f->c), RPC_MARK, SIZE_MAX);
	size_t look = f->dir == DIR_TS ? CALL_LOOK : REPLY_LOOK;
	bool give_up = len > LIMIT_APP_BUFFERED - RPC_MARK && body.len >= LOOK_MAX;
	uint64_t left = len - body.len;

	if (len + RPC_MARK < NFS_LARGE_RECORD || body.len + RPC_MARK < look)
		return false;
	if (!give_up && !carries_data(f, body))
		return false;
	f->side->taken = false;
	record(f, body, give_up ? NFS_CUT : NFS_START);
	if (!f->side->taken && !give_up)
		return false;
	if (f->side->chunk > left)
		f->side->chunk = left;
	f->side->skip = left - f->side->chunk;
	nfs_frames_start(f->io, cursor_rest(&f->c));
	return true;
}

/* --- records in several fragments --- */

/* All fragments at `c`: bytes in them, and how many bytes are missing. */
static uint32_t fragments_len(struct cursor c, size_t *ret_len)
{
	*ret_len = 0;
	for (unsigned i = 0; i < FRAGMENTS_MAX; i++) {
		struct rpc_mark m = rpc_mark_read(&c);

		if (c.bad)
			return RPC_MARK;
		if (m.len > cursor_left(&c))
			return (uint32_t)(m.len - cursor_left(&c));
		cursor_skip(&c, m.len);
		*ret_len += m.len;
		if (m.last)
			return 0;
	}
	return LIMIT_APP_BUFFERED;
}

static void fragments_join(struct feed *f, size_t len)
{
	uint8_t *whole = len > 0 ? slab_alloc(f->io->slab, len) : NULL;
	size_t at = 0;
	struct rpc_mark m;

	do {
		struct slice part;

		m = rpc_mark_read(&f->c);
		part = cursor_take(&f->c, m.len);
		if (whole && part.len > 0)
			memcpy(whole + at, part.data, part.len);
		at += part.len;
	} while (!m.last && !f->c.bad);
	if (whole)
		record(f, SLICE(whole, len), NFS_WHOLE);
	slab_free(f->io->slab, whole, len);
}

/* --- the stream --- */

enum step { STEP_ON, STEP_MORE, STEP_BAD };

static bool head_good(const struct feed *f, struct rpc_mark m, uint32_t type)
{
	uint32_t least = f->dir == DIR_TS ? RPC_FRAGMENT_MIN : DENIED_LEN;

	return (m.len >= least || !m.last) && type <= RPC_REPLY;
}

static enum step fragments(struct feed *f, uint32_t *ret_need)
{
	size_t len;

	*ret_need = fragments_len(f->c, &len);
	if (*ret_need == 0) {
		fragments_join(f, len);
		return STEP_ON;
	}
	if (cursor_left(&f->c) + *ret_need <= LIMIT_APP_BUFFERED)
		return STEP_MORE;
	/* Too long: looked for anew behind what is here. */
	f->c.pos = f->c.end;
	f->side->resync = true;
	return STEP_ON;
}

/* So many more bytes before a record that began is looked at again: the fewer the shorter it is
 * yet, so that looking at its start time and again stays cheap. */
static uint32_t record_need(const struct feed *f, uint32_t len)
{
	size_t have = cursor_left(&f->c), missing = (size_t)len + RPC_MARK - have;
	bool early = len > LIMIT_APP_BUFFERED - RPC_MARK ||
		     carries_data(f, slice_sub(cursor_rest(&f->c), RPC_MARK, SIZE_MAX));
	size_t need = have < LOOK_AGAIN ? LOOK_AGAIN : have;

	if (!early || need > missing)
		need = missing;
	return (uint32_t)need;
}

static enum step one_record(struct feed *f, uint32_t *ret_need)
{
	size_t left = cursor_left(&f->c), head = f->dir == DIR_TS ? RPC_CALL_HEAD : RPC_REPLY_HEAD;
	struct cursor c = f->c;
	struct rpc_mark m = rpc_mark_read(&c);
	uint32_t type;

	if (left < head) {
		*ret_need = (uint32_t)(head - left);
		return STEP_MORE;
	}
	cursor_u32(&c);
	type = cursor_u32(&c);
	if (!head_good(f, m, type)) {
		nfs_malformed(f->io);
		return STEP_BAD;
	}
	if (!m.last)
		return fragments(f, ret_need);
	if (left < (size_t)m.len + RPC_MARK) {
		if (record_start(f, m.len)) {
			f->c.pos = f->c.end;
			return STEP_ON;
		}
		*ret_need = record_need(f, m.len);
		return STEP_MORE;
	}
	f->all = cursor_take(&f->c, (size_t)m.len + RPC_MARK);
	record(f, slice_sub(f->all, RPC_MARK, SIZE_MAX), NFS_WHOLE);
	f->all = SLICE(NULL, 0);
	return STEP_ON;
}

/* After a gap: the next place where a record can begin. */
static enum step resync(struct feed *f)
{
	while (cursor_left(&f->c) > 0) {
		enum app_probe p = nfs_probe(f->dir, cursor_rest(&f->c));

		if (p == APP_PROBE_YES) {
			f->side->resync = false;
			return STEP_ON;
		}
		if (p == APP_PROBE_MORE)
			return STEP_MORE;
		cursor_skip(&f->c, 1);
	}
	return STEP_ON;
}

/* What waited for bytes that are missing does so no longer; files wait some time for news. */
static void after_gap(struct feed *f)
{
	struct app_tx *last = app_tx_last(f->io);

	for (struct app_tx *tx = app_tx_first(f->io); tx && tx != last; tx = tx->next) {
		struct nfs_tx *t = container_of(tx, struct nfs_tx, tx);

		if (!t->is_file) {
			tx->progress[DIR_TS] = NFS_COMPLETE;
			if (f->dir == DIR_TC)
				tx->progress[DIR_TC] = NFS_COMPLETE;
		} else if (t->post_gap_ns == 0) {
			t->post_gap_ns = f->io->now_ns + NFS_POST_GAP_SECONDS * SECOND_NS;
			f->s->post_gap = true;
		}
	}
}

struct app_result nfs_tcp(struct app_io *io, struct nfs_state *s, enum dir dir,
			  struct app_input input)
{
	struct feed f = {io, s, &s->side[dir], dir, cursor_of(input.data), {0}};
	enum step step = STEP_ON;
	uint32_t need = 1;

	while (cursor_left(&f.c) > 0 && step == STEP_ON) {
		if (f.side->chunk > 0 || f.side->skip > 0)
			rest_of_record(&f);
		else if (f.side->resync)
			step = resync(&f);
		else
			step = one_record(&f, &need);
	}
	if (step == STEP_BAD)
		return APP_RESULT_BAD;
	if (f.side->gapped)
		after_gap(&f);
	if (s->post_gap)
		nfs_file_tick(io, s);
	if (input.eof)
		nfs_file_eof(io, s, dir);
	if (step == STEP_MORE)
		return APP_RESULT_MORE(cursor_offset(&f.c), need);
	return APP_RESULT_OK(cursor_offset(&f.c));
}

bool nfs_tcp_gap(struct app_io *io, struct nfs_state *s, enum dir dir, uint64_t len)
{
	struct nfs_side *side = &s->side[dir];
	uint64_t n = len < side->chunk ? len : side->chunk;

	side->gapped = true;
	if (n > 0)
		nfs_file_gap(io, s, dir, n);
	len -= n;
	n = len < side->skip ? len : side->skip;
	if (side->chunk == 0)
		side->skip -= n;
	if (len > n)
		side->resync = true;
	return true;
}

/* --- identification --- */

static enum app_probe probe_call(struct cursor c, struct rpc_mark m)
{
	struct cursor type = c;
	struct rpc_call call;
	enum rpc_status status;

	cursor_u32(&type);
	if (m.len < RPC_FRAGMENT_MIN || cursor_u32(&type) > RPC_REPLY)
		return APP_PROBE_NO;
	status = rpc_call_read(&c, &call);
	if (status == RPC_SHORT)
		return APP_PROBE_MORE;
	if (status != RPC_OK || m.len < PROBE_CALL_MIN || call.rpc_version != 2 ||
	    (call.version != 3 && call.version != 4) || call.program != NFS_PROGRAM ||
	    call.procedure > NFS3_COMMIT || call.auth > AUTH_KNOWN)
		return APP_PROBE_NO;
	return APP_PROBE_YES;
}

static enum app_probe probe_reply(struct cursor c, struct rpc_mark m)
{
	struct cursor head = c;
	uint32_t xid = cursor_u32(&head), type = cursor_u32(&head);
	struct rpc_reply reply;
	enum rpc_status status;

	if (head.bad)
		return APP_PROBE_MORE;
	if (m.len < PROBE_REPLY_MIN || m.len > PROBE_REPLY_MAX || type != RPC_REPLY)
		return APP_PROBE_NO;
	status = rpc_reply_read(&c, &reply);
	if (status == RPC_SHORT)
		return xid != 0 ? APP_PROBE_YES : APP_PROBE_NO;
	return status == RPC_OK && !reply.denied && !reply.accepted ? APP_PROBE_YES : APP_PROBE_NO;
}

enum app_probe nfs_probe(enum dir dir, struct slice data)
{
	struct cursor c = cursor_of(data);
	struct rpc_mark m = rpc_mark_read(&c);

	if (c.bad)
		return APP_PROBE_MORE;
	return dir == DIR_TS ? probe_call(c, m) : probe_reply(c, m);
}
