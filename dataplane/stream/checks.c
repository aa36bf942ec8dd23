/* Tests on one packet against the session, none of which changes the TCP state. Conditions follow
 * Suricata 7 in IDS mode, because events and with them alerts depend on each. */
#include "dataplane/stream/session.h"

enum { BAD_WINDOW_SMALL = 1024, BAD_WINDOW_MARGIN = 32 };

static bool no_syn_fin_rst(const struct tcp_step *st)
{
	return !(st->flags & (TCP_SYN | TCP_FIN | TCP_RST));
}

static uint32_t scaled_window(const struct tcp_step *st, const struct tcp_side *side)
{
	return (uint32_t)st->p->tcp.window << side->wscale;
}

/* --- timestamps: RFC 7323 PAWS, as the receiver's system handles it --- */

static bool policy_allows_zero(enum stream_overlap policy)
{
	return policy == STREAM_OVERLAP_OLD_LINUX || policy == STREAM_OVERLAP_WINDOWS ||
	       policy == STREAM_OVERLAP_VISTA || policy == STREAM_OVERLAP_SOLARIS;
}

/* The handshake carried a zero timestamp: some systems then trust the next one, Linux none. */
enum zero_start { ZERO_CHECK, ZERO_ADOPT, ZERO_OFF };

static enum zero_start zero_start(const struct tcp_step *st, enum stream_overlap policy)
{
	if (!(st->s->flags & SIDE_ZERO_TIMESTAMP))
		return ZERO_CHECK;
	if (policy == STREAM_OVERLAP_LINUX)
		return ZERO_OFF;
	if (policy != STREAM_OVERLAP_OLD_LINUX && policy != STREAM_OVERLAP_WINDOWS &&
	    policy != STREAM_OVERLAP_VISTA)
		return ZERO_CHECK;
	return st->s->next_seq == st->seq ? ZERO_ADOPT : ZERO_CHECK;
}

static bool paws_ok(const struct tcp_step *st, enum stream_overlap policy, uint32_t last_pkt_s,
		    bool *ret_stale)
{
	uint32_t ts = st->p->tcp.timestamp, last = st->s->last_ts;
	bool liberal = policy == STREAM_OVERLAP_LINUX || st->w->config.liberal_timestamps;
	int32_t diff = (int32_t)(ts - last + (liberal ? 1 : 0));
	bool aged = st->now_s > (uint64_t)last_pkt_s + PAWS_SECONDS;

	*ret_stale = false;
	if (diff >= 0 && !(last != 0 && aged))
		return true;
	/* A timestamp that has not been renewed for so long says nothing (RFC 7323 5.5). */
	*ret_stale = st->s->next_seq == st->seq && aged;
	return *ret_stale;
}

static uint32_t last_packet_time(const struct tcp_step *st)
{
	if (st->s->last_pkt_s == 0 && (st->ssn->flags & SSN_MIDSTREAM))
		return st->now_s;
	return st->s->last_pkt_s;
}

bool check_timestamp(struct tcp_step *st)
{
	enum stream_overlap policy = stream_policy(st);
	bool stale;

	if (!st->p->tcp.has_timestamp)
		return true;
	if (st->p->tcp.timestamp == 0 && !policy_allows_zero(policy)) {
		step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
		return false;
	}
	if (zero_start(st, policy) != ZERO_CHECK ||
	    paws_ok(st, policy, last_packet_time(st), &stale))
		return true;
	step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
	return false;
}

void take_timestamp(struct tcp_step *st)
{
	enum stream_overlap policy = stream_policy(st);
	uint32_t ts = st->p->tcp.timestamp;
	enum zero_start zero;
	bool stale;

	if (!st->p->tcp.has_timestamp) {
		/* Solaris stops using timestamps after a packet without one. */
		if (policy == STREAM_OVERLAP_SOLARIS)
			st->ssn->flags &= ~SSN_TIMESTAMP;
		return;
	}
	zero = zero_start(st, policy);
	if (zero == ZERO_OFF)
		st->ssn->flags &= ~SSN_TIMESTAMP;
	else if ((st->s->flags & SIDE_ZERO_TIMESTAMP) &&
		 (policy == STREAM_OVERLAP_OLD_LINUX || policy == STREAM_OVERLAP_WINDOWS ||
		  policy == STREAM_OVERLAP_VISTA))
		st->s->flags &= (uint16_t)~SIDE_ZERO_TIMESTAMP;
	if (zero == ZERO_ADOPT)
		st->s->last_ts = ts;
	if (ts == 0 && !policy_allows_zero(policy)) {
		step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
		return;
	}
	if (zero != ZERO_CHECK)
		return;
	st->s->last_pkt_s = last_packet_time(st);
	if (!paws_ok(st, policy, st->s->last_pkt_s, &stale)) {
		step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
		return;
	}
	if (st->s->next_seq == st->seq)
		st->s->last_ts = ts;
	st->s->last_pkt_s = st->now_s;
}

/* --- acknowledgements --- */

bool check_ack(struct tcp_step *st)
{
	const struct tcp_side *r = st->r;
	uint8_t state = st->ssn->state;

	if (!(st->flags & TCP_ACK))
		return true;
	if (seq_gt(st->ack, r->last_ack) && seq_leq(st->ack, r->next_win))
		return true;
	if (st->ack == r->last_ack)
		return true;
	if (seq_lt(st->ack, r->last_ack)) {
		if (r->window == 0 || !seq_lt(st->ack, r->last_ack - r->window))
			return true;
	} else if (st->ssn->flags & SSN_ASYNC) {
		return true;
	} else if (state == TCP_SYN_SENT && !step_to_server(st) && (st->flags & TCP_RST) &&
		   st->ack == r->isn + 1) {
		return true; /* the refusal of a SYN */
	}
	step_event(st, STREAM_PKT_INVALID_ACK);
	return false;
}

/* --- resets: by the receiver's system --- */

bool check_reset(struct tcp_step *st)
{
	const struct tcp_side *s = st->s;

	if (st->ssn->flags & SSN_LOSSY)
		return true;
	if ((st->ssn->flags & SSN_TIMESTAMP) && !check_timestamp(st))
		return false;
	if (st->len)
		step_event(st, STREAM_RST_WITH_DATA);
	if ((st->flags & TCP_ACK) && st->ack && !check_ack(st)) {
		step_event(st, STREAM_RST_INVALID_ACK);
		return false;
	}
	if (st->ssn->flags & SSN_ASYNC)
		return seq_geq(st->seq, s->next_seq);
	switch (stream_policy(st)) {
	case STREAM_OVERLAP_OLD_LINUX:
	case STREAM_OVERLAP_LINUX:
	case STREAM_OVERLAP_SOLARIS:
		return seq_geq(st->end, s->last_ack) && seq_lt(st->seq, s->next_seq + s->window);
	default:
		return st->seq == s->next_seq;
	}
}

/* --- what a packet is --- */

bool is_retransmission(const struct tcp_step *st)
{
	const struct tcp_side *s = st->s;

	if (st->len == 0)
		return false;
	if ((seq_lt(st->seq, s->last_ack) && seq_gt(st->end, s->last_ack)) ||
	    seq_leq(st->end, s->last_ack) || seq_leq(st->end, s->next_seq)) {
		step_event(st, STREAM_PKT_RETRANSMISSION);
		return true;
	}
	return false;
}

static bool is_keepalive(struct tcp_step *st)
{
	if (st->len > 1 || !no_syn_fin_rst(st))
		return false;
	if (st->ack != st->r->last_ack || st->seq != st->s->next_seq - 1)
		return false;
	st->s->flags |= SIDE_KEEPALIVE;
	return true;
}

static bool is_keepalive_ack(struct tcp_step *st)
{
	if (st->len || !no_syn_fin_rst(st) || st->p->tcp.window == 0)
		return false;
	if (scaled_window(st, st->r) != st->r->window || !(st->r->flags & SIDE_KEEPALIVE))
		return false;
	if (st->ack != st->r->last_ack || st->seq != st->s->next_seq)
		return false;
	st->r->flags &= (uint16_t)~SIDE_KEEPALIVE;
	return true;
}

static bool is_zero_window_probe_ack(const struct tcp_step *st)
{
	uint32_t wanted = step_to_server(st) ? SSN_ZWP_TC : SSN_ZWP_TS;

	return st->ssn->state >= TCP_ESTABLISHED && st->len == 0 &&
	       (st->flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) == TCP_ACK &&
	       (st->ssn->flags & wanted) && st->p->tcp.window == 0 && st->r->window == 0 &&
	       st->seq == st->s->next_seq && st->ack == st->r->last_ack;
}

static bool is_fin_shutdown_ack(const struct tcp_step *st)
{
	uint8_t state = st->ssn->state;

	if (state != TCP_TIME_WAIT && state != TCP_CLOSE_WAIT && state != TCP_LAST_ACK)
		return false;
	return st->flags == TCP_ACK && st->len == 0 && st->seq == st->s->next_seq + 1 &&
	       st->ack == st->r->next_seq + 1;
}

static bool is_window_update(const struct tcp_step *st)
{
	return st->ssn->state >= TCP_ESTABLISHED && st->len == 0 && no_syn_fin_rst(st) &&
	       st->p->tcp.window != 0 && scaled_window(st, st->r) != st->r->window &&
	       st->ack == st->r->last_ack && st->seq == st->s->next_seq;
}

/* A packet ahead of both sides that shrinks the window far more than it acknowledges: it would have
 * the packets that follow refused. Loss looks similar, hence the margin. */
static bool is_bad_window_update(const struct tcp_step *st)
{
	uint32_t window = scaled_window(st, st->r), shrunk, acked;

	if (st->ssn->state < TCP_ESTABLISHED || st->ssn->state == TCP_CLOSED || !no_syn_fin_rst(st))
		return false;
	if (window >= st->r->window)
		return false;
	shrunk = st->r->window - window;
	if (shrunk <= st->len || !seq_gt(st->ack, st->r->next_seq) ||
	    !seq_gt(st->seq, st->s->next_seq))
		return false;
	acked = st->ack - st->r->last_ack;
	if (window > BAD_WINDOW_SMALL)
		acked += BAD_WINDOW_MARGIN;
	if (shrunk <= acked)
		return false;
	step_event(st, STREAM_PKT_BAD_WINDOW_UPDATE);
	return true;
}

/* A newer acknowledgement was accepted already. */
static bool is_outdated_ack(const struct tcp_step *st)
{
	return st->ssn->state >= TCP_ESTABLISHED && st->len == 0 &&
	       (st->flags & (TCP_ACK | TCP_SYN | TCP_FIN | TCP_RST)) == TCP_ACK &&
	       st->seq == st->s->next_seq && seq_lt(st->ack, st->r->last_ack) && sack_outdated(st);
}

/* True when all of it lies before what reassembly still looks at. */
static bool is_long_gone(const struct tcp_step *st)
{
	bool gone = !(st->s->flags & SIDE_NOREASSEMBLY) && seq_leq(st->end, st->s->base_seq);

	if (st->len == 0)
		return false;
	if (gone || seq_leq(st->end, st->s->last_ack))
		step_event(st, STREAM_PKT_SPURIOUS_RETRANSMISSION);
	return gone;
}

bool skip_packet(struct tcp_step *st)
{
	bool probe_ack;

	if (is_keepalive(st))
		return true;
	if (is_keepalive_ack(st)) {
		st->s->flags &= (uint16_t)~SIDE_KEEPALIVE;
		return true;
	}
	st->s->flags &= (uint16_t)~SIDE_KEEPALIVE;
	probe_ack = is_zero_window_probe_ack(st);
	st->ssn->flags &= ~(uint32_t)(step_to_server(st) ? SSN_ZWP_TC : SSN_ZWP_TS);
	if (probe_ack)
		return true;
	if (!is_fin_shutdown_ack(st) && !is_window_update(st) &&
	    (is_bad_window_update(st) || is_outdated_ack(st)))
		return true;
	return is_long_gone(st);
}
