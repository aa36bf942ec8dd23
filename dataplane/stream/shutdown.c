/* After the first FIN. All six states treat an acknowledgement or a further FIN alike but for the
 * details that the table holds. State names are the server's view: FIN_WAIT1 means that the server
 * sent the first FIN, CLOSE_WAIT that the client did. */
#include "dataplane/stream/session.h"

enum seq_rule {
	SEQ_ANY,
	SEQ_FIN_WINDOW_1, /* from one before the expected, to the window's end */
	SEQ_FIN_WINDOW,	  /* from the expected to the window's end */
	SEQ_IN_WINDOW,	  /* the end within what was allowed; not asked of retransmissions */
	SEQ_CLOSE_WAIT,	  /* not all acknowledged yet, and before the window's end */
	SEQ_EXACT,	  /* exactly the expected, retransmission or not */
	SEQ_LAST,	  /* the expected or one more, earlier ones move nothing */
	SEQ_TIME_WAIT_TS, /* the expected or one more */
	SEQ_TIME_WAIT_TC, /* the expected or one less */
	SEQ_FIN1_ACK_TS,  /* in window, once it acknowledges the FIN */
};

enum rule_flag {
	RETRANS_FIN = 1 << 0,	/* the same FIN again is a retransmission */
	OWN_WINDOW = 1 << 1,	/* the window goes to the sender's side (as Suricata has it) */
	PEER_ONE_LESS = 1 << 2, /* the peer's next_seq counts its FIN */
	PEER_KEEP = 1 << 3,	/* the peer's next_seq is left alone */
	NEXT_EXACT = 1 << 4,	/* data at the expected place moves it */
	NEXT_ONE_LESS = 1 << 5, /* the same, the expected place counts a FIN */
	NEXT_NEW_ONLY = 1 << 6, /* and only for what is no retransmission */
	ACK_FLAG_ONLY = 1 << 7,
	SACK = 1 << 8,
	NEW_ONLY = 1 << 9,	     /* a retransmission changes no counters at all */
	MOVE_IF_NEXT = 1 << 10,	     /* moves on only at the expected sequence number */
	MOVE_IF_NEXT_LESS = 1 << 11, /* the same, less the FIN */
};

struct shutdown_rule {
	uint8_t seq;	 /* enum seq_rule */
	uint8_t to;	 /* next state, TCP_NONE = stays */
	uint16_t flags;	 /* enum rule_flag */
	int16_t bad_seq; /* enum stream_event */
	int16_t bad_ack;
};

enum { ACT_FIN_ACK, ACT_FIN, ACT_ACK, ACTS };

/* [state][what][direction of the packet]; a rule without bad_ack is "nothing happens". */
static const struct shutdown_rule rules[TCP_STATES][ACTS][2] = {
	[TCP_FIN_WAIT1] =
		{
			[ACT_FIN_ACK] =
				{
					{SEQ_FIN_WINDOW_1, TCP_TIME_WAIT,
					 PEER_ONE_LESS | NEXT_EXACT, STREAM_FIN1_FIN_WRONG_SEQ,
					 STREAM_FIN1_INVALID_ACK},
					{SEQ_FIN_WINDOW_1, TCP_TIME_WAIT,
					 RETRANS_FIN | PEER_ONE_LESS | NEXT_ONE_LESS | NEW_ONLY,
					 STREAM_FIN1_FIN_WRONG_SEQ, STREAM_FIN1_INVALID_ACK},
				},
			[ACT_FIN] =
				{
					{SEQ_FIN_WINDOW_1, TCP_CLOSING,
					 PEER_ONE_LESS | NEXT_ONE_LESS | ACK_FLAG_ONLY,
					 STREAM_FIN1_FIN_WRONG_SEQ, STREAM_FIN1_INVALID_ACK},
					{SEQ_FIN_WINDOW_1, TCP_CLOSING,
					 PEER_ONE_LESS | NEXT_ONE_LESS | ACK_FLAG_ONLY,
					 STREAM_FIN1_FIN_WRONG_SEQ, STREAM_FIN1_INVALID_ACK},
				},
			[ACT_ACK] =
				{
					{SEQ_FIN1_ACK_TS, TCP_FIN_WAIT2,
					 PEER_ONE_LESS | NEXT_EXACT | SACK | MOVE_IF_NEXT,
					 STREAM_FIN1_ACK_WRONG_SEQ, STREAM_FIN1_INVALID_ACK},
					{SEQ_IN_WINDOW, TCP_FIN_WAIT2,
					 PEER_ONE_LESS | NEXT_ONE_LESS | SACK | MOVE_IF_NEXT_LESS,
					 STREAM_FIN1_ACK_WRONG_SEQ, STREAM_FIN1_INVALID_ACK},
				},
		},
	[TCP_FIN_WAIT2] =
		{
			[ACT_FIN] =
				{
					{SEQ_FIN_WINDOW, TCP_TIME_WAIT,
					 RETRANS_FIN | NEXT_EXACT | NEXT_NEW_ONLY | ACK_FLAG_ONLY,
					 STREAM_FIN2_FIN_WRONG_SEQ, STREAM_FIN2_INVALID_ACK},
					{SEQ_FIN_WINDOW, TCP_TIME_WAIT, RETRANS_FIN | ACK_FLAG_ONLY,
					 STREAM_FIN2_FIN_WRONG_SEQ, STREAM_FIN2_INVALID_ACK},
				},
			[ACT_ACK] =
				{
					{SEQ_IN_WINDOW, TCP_NONE, PEER_KEEP | NEXT_EXACT | SACK,
					 STREAM_FIN2_ACK_WRONG_SEQ, STREAM_FIN2_INVALID_ACK},
					{SEQ_IN_WINDOW, TCP_NONE, PEER_KEEP | NEXT_EXACT | SACK,
					 STREAM_FIN2_ACK_WRONG_SEQ, STREAM_FIN2_INVALID_ACK},
				},
		},
	[TCP_CLOSING] =
		{
			[ACT_ACK] =
				{
					{SEQ_EXACT, TCP_TIME_WAIT, OWN_WINDOW,
					 STREAM_CLOSING_ACK_WRONG_SEQ, STREAM_CLOSING_INVALID_ACK},
					{SEQ_EXACT, TCP_TIME_WAIT, 0, STREAM_CLOSING_ACK_WRONG_SEQ,
					 STREAM_CLOSING_INVALID_ACK},
				},
		},
	[TCP_CLOSE_WAIT] =
		{
			[ACT_FIN] =
				{
					/* the client's FIN again: the server's is what closes */
					{SEQ_FIN_WINDOW, TCP_NONE, ACK_FLAG_ONLY,
					 STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW,
					 STREAM_CLOSEWAIT_INVALID_ACK},
					{SEQ_FIN_WINDOW, TCP_LAST_ACK, ACK_FLAG_ONLY,
					 STREAM_CLOSEWAIT_FIN_OUT_OF_WINDOW,
					 STREAM_CLOSEWAIT_INVALID_ACK},
				},
			[ACT_ACK] =
				{
					{SEQ_CLOSE_WAIT, TCP_NONE, NEXT_EXACT,
					 STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW,
					 STREAM_CLOSEWAIT_INVALID_ACK},
					{SEQ_CLOSE_WAIT, TCP_NONE, NEXT_EXACT,
					 STREAM_CLOSEWAIT_ACK_OUT_OF_WINDOW,
					 STREAM_CLOSEWAIT_INVALID_ACK},
				},
		},
	[TCP_LAST_ACK] =
		{
			[ACT_ACK] =
				{
					{SEQ_LAST, TCP_CLOSED, 0, STREAM_LASTACK_ACK_WRONG_SEQ,
					 STREAM_LASTACK_INVALID_ACK},
				},
		},
	[TCP_TIME_WAIT] =
		{
			[ACT_ACK] =
				{
					{SEQ_TIME_WAIT_TS, TCP_CLOSED, 0,
					 STREAM_TIMEWAIT_ACK_WRONG_SEQ,
					 STREAM_TIMEWAIT_INVALID_ACK},
					{SEQ_TIME_WAIT_TC, TCP_CLOSED, 0,
					 STREAM_TIMEWAIT_ACK_WRONG_SEQ,
					 STREAM_TIMEWAIT_INVALID_ACK},
				},
		},
};

enum verdict { ACCEPT, REFUSE, IGNORE };

static bool in_allowed(const struct tcp_step *st)
{
	return seq_leq(st->end, st->s->next_win) || (st->ssn->flags & (SSN_MIDSTREAM | SSN_ASYNC));
}

static bool past_window(const struct tcp_step *st)
{
	return seq_gt(st->seq, st->s->last_ack + st->s->window);
}

/* Before the acknowledgement is looked at. */
static bool seq_ok(const struct shutdown_rule *rule, struct tcp_step *st, bool again)
{
	uint32_t next = st->s->next_seq;

	switch (rule->seq) {
	case SEQ_FIN_WINDOW_1:
		return again || (!seq_lt(st->seq, next - 1) && !past_window(st));
	case SEQ_FIN_WINDOW:
		return again || (!seq_lt(st->seq, next) && !past_window(st));
	case SEQ_CLOSE_WAIT:
		return !past_window(st);
	case SEQ_EXACT:
		return st->seq == next;
	case SEQ_TIME_WAIT_TS:
		return again || st->seq == next || st->seq == next + 1;
	case SEQ_TIME_WAIT_TC:
		return again || st->seq == next || st->seq == next - 1;
	default:
		return true;
	}
}

/* After it. */
static bool late_seq_ok(const struct shutdown_rule *rule, const struct tcp_step *st)
{
	uint32_t next = st->s->next_seq;

	switch (rule->seq) {
	case SEQ_IN_WINDOW:
		return in_allowed(st);
	case SEQ_FIN1_ACK_TS:
		return st->ack != st->r->next_seq || in_allowed(st);
	case SEQ_LAST:
		return seq_lt(st->seq, next) || st->seq == next || st->seq == next + 1;
	default:
		return true;
	}
}

static bool may_move(const struct shutdown_rule *rule, const struct tcp_step *st)
{
	uint32_t next = st->s->next_seq;

	if (rule->to == TCP_NONE || (rule->seq == SEQ_LAST && seq_lt(st->seq, next)))
		return false;
	if (rule->flags & MOVE_IF_NEXT)
		return st->seq == next;
	if (rule->flags & MOVE_IF_NEXT_LESS)
		return st->seq == next - 1;
	return true;
}

static bool seen_before(const struct shutdown_rule *rule, const struct tcp_step *st)
{
	bool again = (rule->flags & RETRANS_FIN) && st->seq == st->s->next_seq - 1 &&
		     st->ack == st->r->last_ack;

	/* FIN_WAIT2 asks for the repeated FIN first, and then no event is set. */
	if (again && rule->seq == SEQ_FIN_WINDOW)
		return true;
	return is_retransmission(st) || again;
}

/* State and window, for what is no retransmission. */
static bool move(const struct shutdown_rule *rule, struct tcp_step *st)
{
	struct tcp_side *side = rule->flags & OWN_WINDOW ? st->s : st->r;

	if (rule->seq == SEQ_FIN1_ACK_TS && st->ack != st->r->next_seq)
		return true;
	if (!late_seq_ok(rule, st)) {
		step_event(st, (enum stream_event)rule->bad_seq);
		return false;
	}
	if (may_move(rule, st))
		state_set(st, rule->to);
	side->window = (uint32_t)st->p->tcp.window << side->wscale;
	return true;
}

static void move_next(const struct shutdown_rule *rule, struct tcp_step *st, bool again)
{
	uint32_t expected = st->s->next_seq - (rule->flags & NEXT_ONE_LESS ? 1 : 0);

	if (!(rule->flags & (NEXT_EXACT | NEXT_ONE_LESS)) ||
	    (again && (rule->flags & NEXT_NEW_ONLY)))
		return;
	if (st->seq == expected)
		update_next_seq(st, st->s, st->end);
}

static void move_peer(const struct shutdown_rule *rule, struct tcp_step *st)
{
	uint32_t next = st->r->next_seq - (rule->flags & PEER_ONE_LESS ? 1 : 0);

	if (!(rule->flags & PEER_KEEP) && seq_lt(next, st->ack))
		st->r->next_seq = st->ack; /* acknowledged, so it was sent: we missed it */
}

/* Packets that are dropped without a word or with one of their own. */
static enum verdict special(const struct shutdown_rule *rule, struct tcp_step *st, bool again)
{
	if (rule->seq == SEQ_CLOSE_WAIT && st->len && seq_leq(st->end, st->s->last_ack)) {
		step_event(st, STREAM_CLOSEWAIT_PKT_BEFORE_LAST_ACK);
		return REFUSE;
	}
	if (rule->seq == SEQ_TIME_WAIT_TC && !seq_ok(rule, st, again) && st->len &&
	    st->seq == st->s->last_ack)
		return IGNORE;
	return ACCEPT;
}

static int apply(const struct shutdown_rule *rule, struct tcp_step *st)
{
	bool again, counts;
	enum verdict v;

	if ((st->ssn->flags & SSN_TIMESTAMP) && !check_timestamp(st))
		return -1;
	if (!rule->bad_ack)
		return 0;
	again = seen_before(rule, st);
	v = special(rule, st, again);
	if (v != ACCEPT)
		return v == REFUSE ? -1 : 0;
	if (!seq_ok(rule, st, again)) {
		step_event(st, (enum stream_event)rule->bad_seq);
		return -1;
	}
	if (!check_ack(st)) {
		step_event(st, (enum stream_event)rule->bad_ack);
		return -1;
	}
	if (!again && !move(rule, st))
		return -1;
	counts = !again || !(rule->flags & NEW_ONLY);
	if (rule->flags & NEXT_NEW_ONLY)
		move_next(rule, st, again);
	if (st->ssn->flags & SSN_TIMESTAMP)
		take_timestamp(st);
	if (counts) {
		move_peer(rule, st);
		if (!(rule->flags & NEXT_NEW_ONLY))
			move_next(rule, st, again);
		if ((st->flags & TCP_ACK) || !(rule->flags & ACK_FLAG_ONLY))
			update_last_ack(st, st->r, st->ack);
	}
	if (rule->flags & SACK) {
		sack_update(st, st->r);
		update_next_win(st, st->r);
	}
	reassemble(st, st->s);
	return 0;
}

int shutdown_fin(struct tcp_step *st)
{
	bool fin_ack = st->ssn->state == TCP_FIN_WAIT1 && (st->flags & TCP_ACK);

	return apply(&rules[st->ssn->state][fin_ack ? ACT_FIN_ACK : ACT_FIN][st->p->dir], st);
}

int shutdown_ack(struct tcp_step *st)
{
	return apply(&rules[st->ssn->state][ACT_ACK][st->p->dir], st);
}

int shutdown_syn(struct tcp_step *st)
{
	step_event(st, STREAM_SHUTDOWN_SYN_RESEND);
	return -1;
}

int shutdown_rst(struct tcp_step *st)
{
	if (!check_reset(st))
		return -1;
	state_reset(st);
	if ((st->flags & TCP_ACK) && check_ack(st))
		update_last_ack(st, st->r, st->ack);
	update_last_ack(st, st->s, st->seq);
	if (st->ssn->flags & SSN_TIMESTAMP)
		take_timestamp(st);
	reassemble(st, st->s);
	return 0;
}
