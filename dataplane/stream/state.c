/* One packet through the TCP state machine: which handler runs for a state and a kind of packet is
 * the table below. */
#include <string.h>

#include "dataplane/stream/session.h"

enum packet_kind { KIND_RST, KIND_FIN, KIND_SYNACK, KIND_SYN, KIND_ACK, KIND_OTHER, KINDS };

typedef int (*state_handler)(struct tcp_step *st);

/* Rows: what is believed; columns: what came (the first that fits, left to right, except that a
 * SYN/ACK comes first while a SYN is unanswered). The handlers say what moves where. */
static const state_handler table[TCP_STATES][KINDS] = {
	/*                   RST           FIN            SYN/ACK             SYN              ACK
	   other */
	[TCP_SYN_SENT] = {syn_sent_rst, syn_sent_other, syn_sent_synack, syn_sent_syn, syn_sent_ack,
			  syn_sent_other},
	[TCP_SYN_RECV] = {syn_recv_rst, syn_recv_fin, syn_recv_synack, syn_recv_syn, syn_recv_ack,
			  nothing},
	[TCP_ESTABLISHED] = {established_rst, established_fin, established_synack, established_syn,
			     established_ack, nothing},
	[TCP_FIN_WAIT1] = {shutdown_rst, shutdown_fin, shutdown_syn, shutdown_syn, shutdown_ack,
			   nothing},
	[TCP_FIN_WAIT2] = {shutdown_rst, shutdown_fin, shutdown_syn, shutdown_syn, shutdown_ack,
			   nothing},
	[TCP_CLOSING] = {shutdown_rst, shutdown_fin, shutdown_syn, shutdown_syn, shutdown_ack,
			 nothing},
	[TCP_CLOSE_WAIT] = {shutdown_rst, shutdown_fin, shutdown_syn, shutdown_syn, shutdown_ack,
			    nothing},
	[TCP_LAST_ACK] = {shutdown_rst, nothing, shutdown_syn, shutdown_syn, shutdown_ack, nothing},
	[TCP_TIME_WAIT] = {shutdown_rst, nothing, shutdown_syn, shutdown_syn, shutdown_ack,
			   nothing},
	[TCP_CLOSED] = {closed_any, closed_any, closed_any, closed_any, closed_any, closed_any},
};

int nothing(struct tcp_step *st)
{
	return 0;
}

static enum packet_kind kind_of(uint8_t flags, enum tcp_state state)
{
	bool synack = (flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK);

	if (state == TCP_SYN_SENT && synack)
		return KIND_SYNACK;
	if (flags & TCP_RST)
		return KIND_RST;
	if (state == TCP_CLOSING && (flags & TCP_FIN))
		flags &= (uint8_t)~TCP_FIN; /* a repeated FIN counts as its acknowledgement */
	if (flags & TCP_FIN)
		return KIND_FIN;
	if (synack)
		return KIND_SYNACK;
	if (flags & TCP_SYN)
		return KIND_SYN;
	return flags & TCP_ACK ? KIND_ACK : KIND_OTHER;
}

int state_dispatch(struct tcp_step *st, enum tcp_state state)
{
	state_handler h = table[state][kind_of(st->flags, state)];

	return h ? h(st) : 0;
}

static enum flow_state flow_state_of(enum tcp_state state)
{
	switch (state) {
	case TCP_ESTABLISHED:
	case TCP_FIN_WAIT1:
	case TCP_FIN_WAIT2:
	case TCP_CLOSING:
	case TCP_CLOSE_WAIT:
		return FLOW_ESTABLISHED;
	case TCP_LAST_ACK:
	case TCP_TIME_WAIT:
	case TCP_CLOSED:
		return FLOW_CLOSED;
	default:
		return FLOW_NEW;
	}
}

void state_set(struct tcp_step *st, enum tcp_state state)
{
	enum flow_state flow = flow_state_of(state);

	if (state == st->ssn->state)
		return;
	st->ssn->previous = st->ssn->state;
	st->ssn->state = (uint8_t)state;
	if (flow != FLOW_NEW && st->f->state != FLOW_BYPASSED)
		flow_set_state(st->w->flows, st->f, flow);
}

void state_reset(struct tcp_step *st)
{
	st->ssn->flags |= SSN_CLOSED_BY_RST;
	state_set(st, TCP_CLOSED);
}

void update_last_ack(struct tcp_step *st, struct tcp_side *side, uint32_t ack)
{
	if (!seq_gt(ack, side->last_ack))
		return;
	side->last_ack = ack;
	if (st->ssn->pending)
		sack_prune(st->w, st->ssn, side);
}

void update_next_seq(struct tcp_step *st, struct tcp_side *side, uint32_t seq)
{
	side->next_seq = seq;
	/* Nobody else will acknowledge a stream of which one side is seen. */
	if ((st->ssn->flags & SSN_ASYNC) && seq_gt(seq, side->last_ack))
		side->last_ack = seq;
}

void update_next_win(struct tcp_step *st, struct tcp_side *side)
{
	uint32_t right = side->last_ack + side->window + sack_size(st->ssn, side);

	if (seq_gt(right, side->next_win))
		side->next_win = right;
}

enum dir side_dir(const struct tcp_session *ssn, const struct tcp_side *side)
{
	return side == &ssn->side[DIR_TS] ? DIR_TS : DIR_TC;
}

struct tcp_session *session_new(struct tcp_step *st)
{
	struct tcp_session *ssn = st->f->tcp;

	if (!ssn) {
		ssn = slab_zalloc(st->w->slab, sizeof(*ssn));
		if (!ssn) {
			st->w->counts[STREAM_COUNT_SESSION_MEMORY]++;
			return NULL;
		}
		side_set_isn(&ssn->side[0], 0); /* until it is known */
		side_set_isn(&ssn->side[1], 0);
		st->w->busy = st->f->tcp = ssn;
		st->w->counts[STREAM_COUNT_SESSIONS]++;
	}
	ssn->depth = st->w->config.depth;
	ssn->side[st->p->dir].tcp_flags = st->flags;
	st->ssn = ssn;
	st->s = &ssn->side[st->p->dir];
	st->r = &ssn->side[!st->p->dir];
	return ssn;
}

void session_clear_queue(struct stream_worker *w, struct tcp_session *ssn)
{
	while (ssn->queue) {
		struct tcp_queue *q = ssn->queue;

		ssn->queue = q->next;
		slab_free(w->slab, q, sizeof(*q));
	}
	ssn->queued = 0;
}

/* A packet of a reset connection whose reset the peer seems not to have believed. */
int closed_any(struct tcp_step *st)
{
	if ((st->flags & TCP_RST) || (st->s->flags & SIDE_RST_RECV) ||
	    !(st->r->flags & SIDE_RST_RECV))
		return 0;
	if (st->ssn->previous == TCP_CLOSED || state_dispatch(st, st->ssn->previous) < 0)
		return -1;
	if (st->ssn->state == TCP_CLOSED)
		st->ssn->state = st->ssn->previous;
	return 0;
}

static void check_after_reset(struct tcp_step *st)
{
	if ((st->flags & TCP_RST) || !(st->r->flags & SIDE_RST_RECV))
		return;
	st->r->flags &= (uint16_t)~SIDE_RST_RECV;
	st->ssn->flags &= ~(uint32_t)SSN_CLOSED_BY_RST;
	step_event(st, STREAM_SUSPECTED_RST_INJECT);
}

static int handle(struct tcp_step *st)
{
	struct tcp_session *ssn = st->ssn;

	if (!(st->flags & TCP_ACK) && st->ack != 0)
		step_event(st, STREAM_PKT_BROKEN_ACK);
	if (!ssn || ssn->state == TCP_NONE)
		return state_none(st);
	if (!skip_packet(st) && state_dispatch(st, ssn->state) < 0)
		return -1;
	check_after_reset(st);
	if (ssn->state >= TCP_ESTABLISHED)
		st->p->flags |= PACKET_STREAM_ESTABLISHED;
	return 0;
}

static void step_init(struct tcp_step *st, struct stream_worker *w, struct flow *f,
		      struct packet *p)
{
	*st = (struct tcp_step){
		.w = w,
		.f = f,
		.p = p,
		.ssn = f->tcp,
		.seq = p->tcp.seq,
		.ack = p->tcp.ack,
		.len = p->payload_len,
		.end = p->tcp.seq + p->payload_len,
		.now_s = (uint32_t)(p->now_ns / NS_PER_SEC),
		.flags = p->tcp.flags,
	};
	if (st->ssn) {
		st->s = &st->ssn->side[p->dir];
		st->r = &st->ssn->side[!p->dir];
	}
}

void stream_packet(struct stream_worker *w, struct flow *f, struct packet *p)
{
	struct tcp_step st;

	if (p->ip_proto != IP_PROTO_TCP || f->key.ip_proto != IP_PROTO_TCP ||
	    f->state == FLOW_BYPASSED || (p->flags & PACKET_PSEUDO_END))
		return;
	if (w->config.drop_bad_checksum && (p->flags & PACKET_BAD_CHECKSUM)) {
		w->counts[STREAM_COUNT_BAD_CHECKSUM]++;
		return;
	}
	step_init(&st, w, f, p);
	w->busy = st.ssn;
	if (st.ssn) {
		if (st.s->flags & SIDE_PRUNE)
			prune(w, f, p->dir);
		st.s->tcp_flags |= st.flags;
		if ((st.ssn->flags & SSN_ASYNC) && st.r->tcp_flags)
			st.ssn->flags &= ~(uint32_t)SSN_ASYNC;
	}
	if (handle(&st) < 0) {
		p->flags |= PACKET_STREAM_BAD;
		w->counts[STREAM_COUNT_INVALID]++;
	}
	if (!f->tcp)
		w->counts[STREAM_COUNT_NO_SESSION]++;
	else
		f->tcp->side[p->dir].flags |= SIDE_PRUNE;
}

void stream_packet_done(struct stream_worker *w, struct flow *f, const struct packet *p)
{
	struct tcp_session *ssn = f->tcp;

	if (ssn && (ssn->side[p->dir].flags & SIDE_PRUNE))
		prune(w, f, p->dir);
}
