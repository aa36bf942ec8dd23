/* Life of a worker's streams, and what others ask about a connection. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "dataplane/stream/session.h"

const struct stream_config stream_config_default = {
	.drop_bad_checksum = true,
	.liberal_timestamps = true,
	.overlap = STREAM_OVERLAP_WINDOWS,
	.overlap_v6 = STREAM_OVERLAP_BSD,
	.depth = LIMIT_STREAM_DEPTH,
	.raw_chunk = {2560, 2560},
	.memcap = LIMIT_STREAM_MEMORY,
	.compare = true,
	.history = LIMIT_STREAM_HISTORY,
};

static const struct counter_name names[STREAM_COUNTERS] = {
	[STREAM_COUNT_SESSIONS] = {"sessions", false},
	[STREAM_COUNT_MIDSTREAM] = {"midstream_pickups", false},
	[STREAM_COUNT_NO_SESSION] = {"no_session", false},
	[STREAM_COUNT_BAD_CHECKSUM] = {"bad_checksum", false},
	[STREAM_COUNT_INVALID] = {"invalid", false},
	[STREAM_COUNT_SESSION_MEMORY] = {"session_memory", false},
	[STREAM_COUNT_SEGMENT_MEMORY] = {"memcap", false},
	[STREAM_COUNT_SEGMENTS] = {"segments", false},
	[STREAM_COUNT_OVERLAP_WORK] = {"overlap_work", false},
	[STREAM_COUNT_BEFORE_BASE] = {"before_base", false},
	[STREAM_COUNT_OVERLAP] = {"overlap", false},
	[STREAM_COUNT_OVERLAP_DIFFERENT] = {"overlap_different_data", false},
	[STREAM_COUNT_GAP] = {"gaps", false},
	[STREAM_COUNT_GAP_BYTES] = {"gap_bytes", false},
	[STREAM_COUNT_DEPTH] = {"depth_reached", false},
	[STREAM_COUNT_ACK_UNSEEN] = {"ack_unseen_data", false},
	[STREAM_COUNT_HISTORY_DROPPED] = {"history_dropped", false},
	[STREAM_COUNT_SACK_LIMIT] = {"sack_ranges", false},
	[STREAM_COUNT_QUEUE_MEMORY] = {"handshake_memory", false},
	[STREAM_COUNT_RAW_SPLIT] = {"raw_split", false},
};

static void *reserve(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/* Suricata's rules for a SYN on a known tuple: a new connection unless the old one still lives. */
static bool opens_new(void *ctx, const struct flow *f, const struct packet *p)
{
	const struct stream_worker *w = ctx;
	const struct tcp_session *ssn = f->tcp;
	uint8_t kind = p->tcp.flags & (TCP_SYN | TCP_ACK);
	bool picks_up = w->config.midstream || w->config.async_oneside;
	bool to_server = p->sport != p->dport ? f->key.port[0] == p->sport
					      : ip_addr_eq(&f->key.addr[0], &p->src);

	if (!(kind & TCP_SYN) || (p->tcp.flags & (TCP_RST | TCP_FIN)))
		return false;
	if (kind != TCP_SYN && !picks_up)
		return false;
	if (!ssn)
		return kind == TCP_SYN || to_server;
	/* Bypassed, its end was not followed: one in either direction must do. */
	if ((f->state == FLOW_BYPASSED ||
	     (f->state == FLOW_CLOSED && ssn->state == TCP_ESTABLISHED)) &&
	    ((f->tcp_flags[0] | f->tcp_flags[1]) & (TCP_FIN | TCP_RST)))
		return kind == TCP_SYN && ssn->side[!to_server].isn != p->tcp.seq;
	if (kind == TCP_SYN && to_server && (ssn->flags & SSN_FAST_OPEN_IGNORED))
		return true;
	if (kind == TCP_SYN && to_server && ssn->side[DIR_TS].isn == p->tcp.seq)
		return false;
	if (kind != TCP_SYN && !to_server && ssn->side[DIR_TC].isn == p->tcp.seq)
		return false;
	return ssn->state >= TCP_LAST_ACK || ssn->state == TCP_NONE;
}

struct stream_worker *stream_worker_new(const struct stream_config *config,
					struct flow_table *flows, struct slab *slab,
					const struct stream_sink *sink)
{
	struct stream_worker *w = calloc(1, sizeof(*w));

	if (!w)
		return NULL;
	w->config = *config;
	if (!w->config.memcap)
		w->config.memcap = LIMIT_STREAM_MEMORY;
	if (!w->config.history)
		w->config.history = LIMIT_STREAM_HISTORY;
	w->flows = flows;
	w->slab = slab;
	w->sink = *sink;
	w->history.elder = w->history.junior = &w->history;
	w->random = hash_key_random().k0 | 1;
	w->scratch = reserve(STREAM_SCRATCH);
	w->overlap_buf = reserve(STREAM_OVERLAP_BUF);
	if (!w->scratch || !w->overlap_buf) {
		stream_worker_delete(w);
		return NULL;
	}
	flow_table_set_reuse(flows, &(struct flow_reuse){opens_new, w});
	return w;
}

void stream_worker_delete(struct stream_worker *w)
{
	if (!w)
		return;
	if (w->scratch)
		munmap(w->scratch, STREAM_SCRATCH);
	if (w->overlap_buf)
		munmap(w->overlap_buf, STREAM_OVERLAP_BUF);
	free(w);
}

void stream_compare(struct stream_worker *w, bool on)
{
	w->config.compare = on;
}

bool stream_flush_needed(const struct flow *f, enum dir dir)
{
	const struct tcp_session *ssn = f->tcp;
	const struct tcp_side *side;
	const struct side_pending *sp;
	uint32_t right;

	if (!ssn)
		return false;
	if (ssn->state >= TCP_ESTABLISHED && ssn->state != TCP_CLOSED)
		return true;
	side = &ssn->side[dir];
	sp = ssn->pending ? &ssn->pending->side[dir] : NULL;
	if (!sp || !sp->count || (side->flags & SIDE_NOREASSEMBLY))
		return false;
	right = sp->right_edge - side->base_seq;
	if (!(side->flags & SIDE_RAW_DISABLED) &&
	    (f->wanted & (dir == DIR_TS ? FLOW_WANT_RAW_TS : FLOW_WANT_RAW_TC)) &&
	    (int32_t)(right - side->raw_rel) > 0)
		return true;
	return side_app_on(f) && (int32_t)(right - side->app_rel) > 0;
}

void stream_flush(struct stream_worker *w, struct flow *f, struct packet *p, enum dir dir)
{
	struct tcp_step st = {
		.w = w,
		.f = f,
		.p = p,
		.ssn = f->tcp,
		.flags = TCP_ACK,
		.now_s = (uint32_t)(p->now_ns / NS_PER_SEC),
	};

	if (!st.ssn)
		return;
	p->flags |= PACKET_STREAM_ESTABLISHED | PACKET_STREAM_EOF | PACKET_ESTABLISHED;
	st.s = &st.ssn->side[dir];
	st.r = &st.ssn->side[!dir];
	reassemble(&st, st.s);
	st.ssn->side[dir].flags |= SIDE_PRUNE;
}

void stream_free(struct stream_worker *w, struct flow *f)
{
	struct tcp_session *ssn = f->tcp;

	if (!ssn)
		return;
	session_clear_queue(w, ssn);
	pending_free(w, ssn);
	slab_free(w->slab, ssn, sizeof(*ssn));
	f->tcp = NULL;
}

bool stream_spent(const struct stream_worker *w, const struct flow *f)
{
	const struct tcp_session *ssn = f->tcp;
	uint16_t both;

	if (!w->config.bypass || !ssn || ssn->state != TCP_ESTABLISHED)
		return false;
	both = ssn->side[0].flags & ssn->side[1].flags;
	return (both & SIDE_NOREASSEMBLY) &&
	       ((both & SIDE_DEPTH) ||
		((ssn->flags & SSN_APP_DISABLED) && (both & SIDE_NEW_RAW_DISABLED)));
}

/* --- what others decide --- */

void stream_disable(struct stream_worker *w, struct flow *f, enum dir dir)
{
	struct tcp_session *ssn = f->tcp;

	if (!ssn)
		return;
	ssn->side[dir].flags |= SIDE_NEW_RAW_DISABLED;
	ssn->flags |= SSN_APP_DISABLED;
}

void stream_app_disable(struct flow *f)
{
	if (f->tcp)
		f->tcp->flags |= SSN_APP_DISABLED;
}

void stream_app_identified(struct flow *f, enum dir dir)
{
	if (f->tcp)
		f->tcp->side[dir].flags |= SIDE_IDENTIFIED;
}

void stream_set_depth(struct flow *f, uint32_t depth)
{
	struct tcp_session *ssn = f->tcp;

	if (ssn && (depth == 0 || (ssn->depth && depth > ssn->depth)))
		ssn->depth = depth;
}

void stream_reverse(struct flow *f)
{
	struct tcp_session *ssn = f->tcp;
	struct tcp_side side;

	if (!ssn)
		return;
	side = ssn->side[0];
	ssn->side[0] = ssn->side[1];
	ssn->side[1] = side;
	if (ssn->pending) {
		struct side_pending sp = ssn->pending->side[0];

		ssn->pending->side[0] = ssn->pending->side[1];
		ssn->pending->side[1] = sp;
		for (unsigned d = 0; d < 2; d++) {
			for (struct segment *g = ssn->pending->side[d].head[0]; g; g = g->next[0])
				g->flags ^= SEGMENT_SERVER;
		}
	}
}

/* --- what others ask --- */

uint64_t stream_size(const struct flow *f, enum dir dir)
{
	return f->tcp ? f->tcp->side[dir].next_seq - f->tcp->side[dir].isn : 0;
}

bool stream_handshake_complete(const struct flow *f)
{
	return f->flags & FLOW_HANDSHAKE;
}

bool stream_next_seq(const struct flow *f, enum dir dir, uint32_t *ret_seq)
{
	if (!f->tcp || f->tcp->state < TCP_ESTABLISHED)
		return false;
	*ret_seq = f->tcp->side[dir].next_seq;
	return true;
}

const char *stream_state_name(const struct flow *f)
{
	static const char *const state_names[TCP_STATES] = {
		"none",	     "syn_sent", "syn_recv",   "established", "fin_wait1", "fin_wait2",
		"time_wait", "last_ack", "close_wait", "closing",     "closed"};

	return f->tcp ? state_names[f->tcp->state] : "none";
}

bool stream_has_gap(const struct flow *f, enum dir dir)
{
	return f->tcp && (f->tcp->side[dir].flags & SIDE_GAP);
}

struct counter_set stream_counters(const struct stream_worker *w)
{
	return (struct counter_set){"stream", names, w->counts, STREAM_COUNTERS};
}
