/* The established state, and the first FIN. */
#include "dataplane/stream/session.h"

static void take_if_used(struct tcp_step *st)
{
	if (st->ssn->flags & SSN_TIMESTAMP)
		take_timestamp(st);
}

int established_rst(struct tcp_step *st)
{
	if (!check_reset(st))
		return -1;
	state_reset(st);
	st->r->next_seq = st->ack;
	st->s->next_seq = st->end + (step_to_server(st) ? 0 : 1);
	st->s->window = (uint32_t)st->p->tcp.window << st->s->wscale;
	if ((st->flags & TCP_ACK) && check_ack(st))
		update_last_ack(st, st->r, st->ack);
	update_last_ack(st, st->s, st->seq);
	take_if_used(st);
	reassemble(st, st->s);
	return 0;
}

int established_fin(struct tcp_step *st)
{
	if ((st->ssn->flags & SSN_TIMESTAMP) && !check_timestamp(st))
		return -1;
	if (!check_ack(st)) {
		step_event(st, STREAM_FIN_INVALID_ACK);
		return -1;
	}
	if (!seq_geq(st->seq, st->s->last_ack) || !seq_leq(st->end, st->s->next_win)) {
		step_event(st, STREAM_FIN_OUT_OF_WINDOW);
		return -1;
	}
	if (step_to_server(st) && (st->flags & TCP_SYN)) {
		step_event(st, STREAM_FIN_SYN);
		return -1;
	}
	/* States are the server's: its own FIN, or the client's while it may still send. */
	state_set(st, step_to_server(st) ? TCP_CLOSE_WAIT : TCP_FIN_WAIT1);
	st->s->next_seq = st->end + (step_to_server(st) ? 0 : 1);
	st->r->window = (uint32_t)st->p->tcp.window << st->r->wscale;
	take_if_used(st);
	if (seq_lt(st->r->next_seq, st->ack))
		st->r->next_seq = st->ack; /* we missed what its receiver has acknowledged */
	if (st->flags & TCP_ACK)
		update_last_ack(st, st->r, st->ack);
	reassemble(st, st->s);
	return 0;
}

int established_synack(struct tcp_step *st)
{
	if (step_to_server(st)) {
		step_event(st, STREAM_EST_SYNACK_TOSERVER);
		return -1;
	}
	if (st->ack != st->r->last_ack) {
		step_event(st, STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK);
		return -1;
	}
	if (st->seq != st->s->isn) {
		step_event(st, STREAM_EST_SYNACK_RESEND_WITH_DIFF_SEQ);
		return -1;
	}
	if (st->ssn->flags & SSN_3WHS_CONFIRMED) {
		step_event(st, STREAM_EST_SYNACK_RESEND);
		return -1;
	}
	return 0; /* the handshake's last packet may not have reached the server */
}

int established_syn(struct tcp_step *st)
{
	if (!step_to_server(st))
		step_event(st, STREAM_EST_SYN_TOCLIENT);
	else if (st->seq != st->s->isn)
		step_event(st, STREAM_EST_SYN_RESEND_DIFF_SEQ);
	else
		step_event(st, STREAM_EST_SYN_RESEND);
	return -1;
}

static bool ack_acceptable(struct tcp_step *st)
{
	if (check_ack(st))
		return true;
	step_event(st, STREAM_EST_INVALID_ACK);
	return false;
}

/* All of the packet lies before what is acknowledged: only sessions seen from one side, or those
 * that acknowledged what we have not seen, may still use it. */
static bool before_last_ack_ok(struct tcp_step *st)
{
	struct tcp_side *s = st->s;
	bool may_turn_async = step_to_server(st) && st->w->config.async_oneside &&
			      (st->ssn->flags & SSN_MIDSTREAM);

	if (st->ssn->flags & SSN_ASYNC) {
		if (step_to_server(st))
			update_last_ack(st, s, st->seq);
		else
			s->last_ack = st->seq;
		return true;
	}
	if (may_turn_async && (s->next_seq == st->seq || s->last_ack == s->isn + 1)) {
		update_last_ack(st, s, st->seq);
		st->ssn->flags |= SSN_ASYNC;
		return true;
	}
	return seq_gt(s->last_ack, s->next_seq) && seq_gt(st->end, s->next_seq);
}

static int probe(struct tcp_step *st)
{
	st->ssn->flags |= step_to_server(st) ? SSN_ZWP_TS : SSN_ZWP_TC;
	reassemble(st, st->s);
	return 0;
}

static void midstream_server_window(struct tcp_step *st)
{
	const uint32_t both = SSN_MIDSTREAM | SSN_MIDSTREAM_ESTABLISHED;

	if (step_to_server(st) || (st->ssn->flags & both) != both)
		return;
	st->s->window = (uint32_t)st->p->tcp.window << st->s->wscale;
	st->s->next_win = st->s->last_ack + st->s->window;
	st->ssn->flags &= ~(uint32_t)SSN_MIDSTREAM_ESTABLISHED;
}

static int established_data(struct tcp_step *st)
{
	struct tcp_side *s = st->s, *r = st->r;
	bool keepalive = st->len <= 1 && st->seq == s->next_seq - 1;

	if (!ack_acceptable(st))
		return -1;
	midstream_server_window(st);
	if (!keepalive && !seq_geq(st->end, s->last_ack) && !before_last_ack_ok(st)) {
		step_event(st, STREAM_EST_PKT_BEFORE_LAST_ACK);
		return -1;
	}
	if (st->len == 1 && st->seq == s->next_seq && s->window == 0)
		return probe(st);
	if (seq_geq(st->end, s->next_seq))
		update_next_seq(st, s, st->end);
	if (!seq_leq(st->end, s->next_win) && !(st->ssn->flags & (SSN_MIDSTREAM | SSN_ASYNC))) {
		step_event(st, STREAM_EST_PACKET_OUT_OF_WINDOW);
		return -1;
	}
	r->window = (uint32_t)st->p->tcp.window << r->wscale;
	update_last_ack(st, r, st->ack);
	if (!(st->ssn->flags & SSN_ASYNC) && seq_gt(r->last_ack, r->next_seq))
		st->w->counts[STREAM_COUNT_ACK_UNSEEN]++;
	take_if_used(st);
	sack_update(st, r);
	update_next_win(st, r);
	reassemble(st, s);
	return 0;
}

int established_ack(struct tcp_step *st)
{
	if ((st->ssn->flags & SSN_TIMESTAMP) && !check_timestamp(st))
		return -1;
	if (!step_to_server(st))
		st->ssn->flags |= SSN_3WHS_CONFIRMED;
	/* A refused packet is marked, but what was right about it before stays. */
	if (established_data(st) < 0) {
		st->p->flags |= PACKET_STREAM_BAD;
		st->w->counts[STREAM_COUNT_INVALID]++;
	}
	return 0;
}
