/* What stream keeps of a connection, and the step that one packet makes in it. Private to stream.
 */
#pragma once

#include <assert.h>

#include "dataplane/base/limits.h"
#include "dataplane/stream/events.h"
#include "dataplane/stream/stream.h"

/* The order matters: "past established" and "past time wait" are comparisons, as in Suricata. */
enum tcp_state {
	TCP_NONE,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_ESTABLISHED,
	TCP_FIN_WAIT1,
	TCP_FIN_WAIT2,
	TCP_TIME_WAIT,
	TCP_LAST_ACK,
	TCP_CLOSE_WAIT,
	TCP_CLOSING,
	TCP_CLOSED,
	TCP_STATES,
};

enum session_flag {
	SSN_MIDSTREAM = 1 << 0,
	SSN_MIDSTREAM_ESTABLISHED = 1 << 1, /* picked up in mid-air, server's window not yet seen */
	SSN_MIDSTREAM_SYNACK = 1 << 2,	    /* picked up at the SYN/ACK */
	SSN_TIMESTAMP = 1 << 3,		    /* both sides use timestamps */
	SSN_SYN_WSCALE = 1 << 4,	    /* the SYN offered window scaling */
	SSN_CLOSED_BY_RST = 1 << 5,
	SSN_ASYNC = 1 << 6, /* one side only is seen */
	SSN_4WHS = 1 << 7,  /* SYN, SYN, SYN/ACK, ACK */
	SSN_EVASION = 1 << 8,
	SSN_SYN_SACK = 1 << 9,
	SSN_SACK = 1 << 10,
	SSN_3WHS_CONFIRMED = 1 << 11,
	SSN_APP_DISABLED = 1 << 12,
	SSN_FAST_OPEN = 1 << 13,
	SSN_FAST_OPEN_IGNORED = 1 << 14, /* the server took the SYN, not its data */
	SSN_LOSSY = 1 << 15,		 /* we have missed data: be liberal with resets */
	SSN_ZWP_TS = 1 << 16,		 /* a zero window probe was just sent to the server */
	SSN_ZWP_TC = 1 << 17,
};

enum side_flag {
	SIDE_NOREASSEMBLY = 1 << 0, /* nothing more is taken */
	SIDE_KEEPALIVE = 1 << 1,
	SIDE_DEPTH = 1 << 2, /* reassembly depth reached */
	SIDE_TRIGGER_RAW = 1 << 3,
	SIDE_TIMESTAMP = 1 << 4,
	SIDE_ZERO_TIMESTAMP = 1 << 5,
	SIDE_NEW_RAW_DISABLED = 1 << 6, /* no new bytes for raw inspection */
	SIDE_RAW_DISABLED = 1 << 7,
	SIDE_RST_RECV = 1 << 8,
	SIDE_GAP = 1 << 9,
	SIDE_EOF_SENT = 1 << 10,
	SIDE_STARTED = 1 << 11,	   /* the sink has had its first bytes */
	SIDE_PRUNE = 1 << 12,	   /* packet done, not yet pruned */
	SIDE_IDENTIFIED = 1 << 13, /* the app layer knows what these bytes are */
};

enum { TCP_WSCALE_MAX = 14, PAWS_SECONDS = 24 * 86400 };

/* Everything about the bytes that one end sends. Sequence numbers are absolute, host order. */
struct tcp_side {
	uint32_t isn, next_seq;
	uint32_t last_ack;   /* highest accepted acknowledgement of these bytes */
	uint32_t next_win;   /* right edge of what the receiver has allowed */
	uint32_t window;     /* the receiver's, scaled */
	uint32_t last_ts;    /* last timestamp of the sender */
	uint32_t last_pkt_s; /* packet time of it, seconds */
	uint32_t base_seq;   /* left edge of what reassembly still looks at */
	uint32_t app_rel;    /* delivered to the app layer, from base_seq */
	uint32_t raw_rel;    /* raw inspection done, from base_seq */
	uint16_t flags;	     /* enum side_flag */
	uint16_t wraps;	     /* of base_seq past isn */
	uint8_t wscale;
	uint8_t tcp_flags; /* seen */
};

struct tcp_queue;
struct tcp_pending;

struct tcp_session {
	struct tcp_side side[2];     /* [DIR_TS] = sent by the client */
	uint32_t flags;		     /* enum session_flag */
	uint32_t depth;		     /* bytes a direction, 0 = all */
	uint8_t state, previous;     /* enum tcp_state */
	uint8_t queued;		     /* length of the queue */
	struct tcp_queue *queue;     /* SYNs or SYN/ACKs that may yet be the right one */
	struct tcp_pending *pending; /* segments and SACK ranges; NULL most of the time */
};

static_assert(sizeof(struct tcp_session) <= 128, "an idle session is two cache lines");

/* A SYN or SYN/ACK that differed from the one believed in. */
struct tcp_queue {
	struct tcp_queue *next;
	uint32_t seq, ack, ts, pkt_s;
	uint16_t window;
	uint8_t wscale;
	uint8_t flags; /* enum queue_flag */
};

enum queue_flag { QUEUE_TS = 1, QUEUE_WSCALE = 2, QUEUE_SACK = 4 };
enum { QUEUE_SYNACK_MAX = 5, QUEUE_SYN_MAX = 10 };

enum { SKIP_LEVELS = 3 };

/* Bytes [seq, seq + len) as one packet brought them; overlapping segments hold equal bytes where
 * they overlap (the overlap policy is applied when they meet). */
struct segment {
	struct segment *prev;		/* in its side's order */
	struct segment *elder, *junior; /* in the worker's history; self-linked when not in it */
	struct tcp_session *ssn;
	const uint8_t *data;
	uint32_t seq;
	uint16_t len;
	uint8_t levels;
	uint8_t flags;		/* enum segment_flag */
	struct segment *next[]; /* one a level; own bytes behind */
};

enum segment_flag {
	SEGMENT_SERVER = 1, /* sent by the server */
	SEGMENT_INLINE = 2, /* bytes behind the header */
	SEGMENT_APART = 4,  /* bytes in a block of their own */
	SEGMENT_HISTORY = 8,
};

struct sack_range {
	struct sack_range *next;
	uint32_t left, right;
};

struct side_pending {
	struct segment *head[SKIP_LEVELS], *last[SKIP_LEVELS];
	struct segment *app;  /* the first that reaches past what the app layer has */
	struct segment *done; /* the first not yet in the history */
	uint32_t right_edge;  /* sequence number after the last byte seen */
	uint64_t keep;	      /* stream_keep; meaningful with `keeps` */
	bool keeps;
	uint32_t count;
	uint32_t longest; /* of the segments that were ever here */
	struct sack_range *sack;
	uint32_t sack_size;
};

struct tcp_pending {
	struct side_pending side[2];
};

enum stream_counter {
	STREAM_COUNT_SESSIONS,
	STREAM_COUNT_MIDSTREAM,
	STREAM_COUNT_NO_SESSION,     /* packets without a session: mid-air, no SYN */
	STREAM_COUNT_BAD_CHECKSUM,   /* segments not used */
	STREAM_COUNT_INVALID,	     /* packets not accepted by state or window */
	STREAM_COUNT_SESSION_MEMORY, /* no memory for a session */
	STREAM_COUNT_SEGMENT_MEMORY, /* segments lost to memcap */
	STREAM_COUNT_SEGMENTS,	     /* segments lost to the limit of pieces */
	STREAM_COUNT_OVERLAP_WORK,   /* overlaps with too many pieces: the older bytes stay */
	STREAM_COUNT_BEFORE_BASE,
	STREAM_COUNT_OVERLAP,
	STREAM_COUNT_OVERLAP_DIFFERENT,
	STREAM_COUNT_GAP,
	STREAM_COUNT_GAP_BYTES,
	STREAM_COUNT_DEPTH,
	STREAM_COUNT_ACK_UNSEEN,
	STREAM_COUNT_HISTORY_DROPPED, /* kept old bytes given up early */
	STREAM_COUNT_SACK_LIMIT,
	STREAM_COUNT_QUEUE_MEMORY,
	STREAM_COUNT_RAW_SPLIT, /* more raw bytes at once than fit: inspected in parts */
	STREAM_COUNTERS,
};

struct stream_worker {
	struct stream_config config;
	struct flow_table *flows;
	struct slab *slab;
	struct stream_sink sink;
	const struct tcp_session *busy; /* in hand: its pending stays */
	size_t segment_bytes, history_bytes;
	uint64_t random;
	uint8_t *scratch;     /* SCRATCH bytes: gathers pieces for the sink and for raw */
	uint8_t *overlap_buf; /* 64 KiB */
	uint64_t counts[STREAM_COUNTERS];
	struct segment history; /* ring: junior = oldest */
};

enum { STREAM_SCRATCH = 1 << 20, STREAM_OVERLAP_BUF = 1 << 16 };

/* One packet's step: s is the side that sent it, r the one that receives it. */
struct tcp_step {
	struct stream_worker *w;
	struct flow *f;
	struct packet *p;
	struct tcp_session *ssn;
	struct tcp_side *s, *r;
	uint32_t seq, ack, len, end; /* end = seq + len */
	uint32_t now_s;
	uint8_t flags;
};

static inline bool seq_lt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

static inline bool seq_leq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) <= 0;
}

static inline bool seq_gt(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) > 0;
}

static inline bool seq_geq(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) >= 0;
}

static inline bool step_to_server(const struct tcp_step *st)
{
	return st->p->dir == DIR_TS;
}

static inline void step_event(const struct tcp_step *st, enum stream_event e)
{
	packet_event(st->p, STREAM_EVENT_BASE + (unsigned)e);
}

/* overlap.c: by the receiver of the packet, the longest prefix that holds it. */
enum stream_overlap stream_policy_of_host(const struct tcp_step *st);

/* How the receiver of the packet treats what is ambiguous. */
static inline enum stream_overlap stream_policy(const struct tcp_step *st)
{
	if (st->w->config.host_count)
		return stream_policy_of_host(st);
	return st->f->ip_version == 6 ? st->w->config.overlap_v6 : st->w->config.overlap;
}

/* The app layer takes bytes of this connection. */
static inline bool side_app_on(const struct flow *f)
{
	const uint8_t both = FLOW_WANT_STREAM | FLOW_WANT_APP;

	return !(f->tcp->flags & SSN_APP_DISABLED) && (f->wanted & both) == both;
}

/* Stream offset of base_seq: bytes since the first after the SYN. */
static inline uint64_t side_base(const struct tcp_side *s)
{
	return (uint64_t)s->wraps << 32 | (uint32_t)(s->base_seq - s->isn - 1);
}

static inline uint64_t side_app(const struct tcp_side *s)
{
	return side_base(s) + s->app_rel;
}

static inline uint64_t side_raw(const struct tcp_side *s)
{
	return side_base(s) + s->raw_rel;
}

/* Offset up to which the receiver has acknowledged; never before the base. */
static inline uint64_t side_acked(const struct tcp_side *s)
{
	if (s->last_ack == 0 && side_base(s) == 0)
		return 0;
	return side_base(s) + (seq_gt(s->last_ack, s->base_seq) ? s->last_ack - s->base_seq : 0);
}

static inline void side_set_isn(struct tcp_side *s, uint32_t isn)
{
	s->isn = isn;
	s->base_seq = isn + 1;
	s->wraps = 0;
	s->app_rel = s->raw_rel = 0;
}

/* checks.c: tests on one packet */
bool check_timestamp(struct tcp_step *st); /* false: PAWS says no; sets the event */
void take_timestamp(struct tcp_step *st);  /* keeps the timestamp of an accepted packet */
bool check_ack(struct tcp_step *st);	   /* false: outside; sets the event */
bool check_reset(struct tcp_step *st);
bool is_retransmission(const struct tcp_step *st); /* sets the event */
bool skip_packet(struct tcp_step *st);		   /* keep-alives and the like: no state handling */

/* state.c */
int state_dispatch(struct tcp_step *st, enum tcp_state state);
void state_set(struct tcp_step *st, enum tcp_state state);
void state_reset(struct tcp_step *st);
void update_last_ack(struct tcp_step *st, struct tcp_side *side, uint32_t ack);
void update_next_seq(struct tcp_step *st, struct tcp_side *side, uint32_t seq);
void update_next_win(struct tcp_step *st, struct tcp_side *side);
struct tcp_session *session_new(struct tcp_step *st);
void session_clear_queue(struct stream_worker *w, struct tcp_session *ssn);
enum dir side_dir(const struct tcp_session *ssn, const struct tcp_side *side);

/* handshake.c, open.c, shutdown.c: 0, or -1 when the packet is not accepted */
int state_none(struct tcp_step *st);
int syn_sent_synack(struct tcp_step *st);
int syn_sent_rst(struct tcp_step *st);
int syn_sent_syn(struct tcp_step *st);
int syn_sent_ack(struct tcp_step *st);
int syn_sent_other(struct tcp_step *st);
int syn_recv_rst(struct tcp_step *st);
int syn_recv_fin(struct tcp_step *st);
int syn_recv_synack(struct tcp_step *st);
int syn_recv_syn(struct tcp_step *st);
int syn_recv_ack(struct tcp_step *st);
void synack_apply(struct tcp_step *st, const struct tcp_queue *q);
int established_rst(struct tcp_step *st);
int established_fin(struct tcp_step *st);
int established_synack(struct tcp_step *st);
int established_syn(struct tcp_step *st);
int established_ack(struct tcp_step *st);
int shutdown_rst(struct tcp_step *st);
int shutdown_fin(struct tcp_step *st);
int shutdown_syn(struct tcp_step *st);
int shutdown_ack(struct tcp_step *st);
int closed_any(struct tcp_step *st);
int nothing(struct tcp_step *st);

/* pending.c: memory of segments, SACK */
struct tcp_pending *pending_of(struct stream_worker *w, struct tcp_session *ssn);
void pending_free(struct stream_worker *w, struct tcp_session *ssn);
void pending_tidy(struct stream_worker *w, struct tcp_session *ssn);
void sack_update(struct tcp_step *st, struct tcp_side *side);
void sack_prune(struct stream_worker *w, struct tcp_session *ssn, struct tcp_side *side);
bool sack_outdated(const struct tcp_step *st);
uint32_t sack_size(const struct tcp_session *ssn, const struct tcp_side *side);

/* segment.c: the ordered set of a side */
enum insert_result {
	INSERT_OK,
	INSERT_INVALID,	  /* before the base */
	INSERT_NO_MEMORY, /* memcap */
	INSERT_LIMIT,	  /* too many pieces */
};
enum insert_result segment_insert(struct tcp_step *st, struct tcp_side *side, uint32_t seq,
				  uint32_t len);
struct segment *segment_add(struct stream_worker *w, struct tcp_session *ssn, enum dir d,
			    uint32_t seq, const uint8_t *data, uint32_t len, bool keep_reference,
			    struct segment *after);
void segment_remove(struct stream_worker *w, struct segment *g);
void segments_clear(struct stream_worker *w, struct tcp_session *ssn, enum dir d);
void segment_to_history(struct stream_worker *w, struct segment *g);
bool segment_own(struct stream_worker *w, struct segment *g);

/* overlap.c: bytes came at [seq, seq + len) before the right edge. `g` is the new segment, or an
 * old one with the same place and length (`again`). */
void overlap_resolve(struct tcp_step *st, struct segment *g, bool again);

/* reassemble.c */
void reassemble(struct tcp_step *st, struct tcp_side *side);
void deliver(struct tcp_step *st, enum dir d);
void prune(struct stream_worker *w, struct flow *f, enum dir d);
