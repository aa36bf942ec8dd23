/* Before a connection is established: no session, SYN sent, SYN/ACK received. */
#include <string.h>

#include "dataplane/stream/session.h"

/* --- no session yet --- */

static void timestamps_midstream(struct tcp_step *st)
{
	if (!st->p->tcp.has_timestamp) {
		st->s->last_ts = st->r->last_ts = 0;
		return;
	}
	st->s->last_ts = st->p->tcp.timestamp;
	st->r->last_ts = st->p->tcp.timestamp_echo;
	st->ssn->flags |= SSN_TIMESTAMP;
	st->s->last_pkt_s = st->now_s;
	if (st->s->last_ts == 0)
		st->s->flags |= SIDE_ZERO_TIMESTAMP;
	if (st->r->last_ts == 0)
		st->r->flags |= SIDE_ZERO_TIMESTAMP;
}

static uint32_t async_flag(const struct tcp_step *st)
{
	return st->w->config.async_oneside ? SSN_ASYNC : 0;
}

/* Data in mid-air: its sender is taken for the client. */
static int pick_up(struct tcp_step *st, enum tcp_state state, uint32_t next_seq)
{
	if (!session_new(st))
		return -1;
	st->w->counts[STREAM_COUNT_MIDSTREAM]++;
	st->f->flags |= FLOW_MIDSTREAM;
	state_set(st, state);
	st->ssn->flags = SSN_MIDSTREAM | SSN_MIDSTREAM_ESTABLISHED | async_flag(st);
	st->s->wscale = st->r->wscale = TCP_WSCALE_MAX;
	side_set_isn(st->s, st->seq - 1);
	st->s->next_seq = next_seq;
	st->s->window = (uint32_t)st->p->tcp.window << st->s->wscale;
	st->s->last_ack = st->seq;
	st->s->next_win = st->s->last_ack + st->s->window;
	side_set_isn(st->r, st->ack - 1);
	st->r->next_seq = st->r->isn + 1;
	st->r->last_ack = st->r->next_win = st->ack;
	timestamps_midstream(st);
	reassemble(st, st->s);
	st->ssn->flags |= SSN_SACK;
	return 0;
}

/* A SYN/ACK without its SYN: its sender is the server, so flow and packet turn round. */
static int pick_up_synack(struct tcp_step *st)
{
	struct tcp_session *ssn;

	if (!session_new(st))
		return -1;
	st->w->counts[STREAM_COUNT_MIDSTREAM]++;
	ssn = st->ssn;
	flow_reverse(st->f);
	st->p->dir = dir_other(st->p->dir);
	st->s = &ssn->side[DIR_TC];
	st->r = &ssn->side[DIR_TS];
	st->s->tcp_flags = st->flags;
	st->r->tcp_flags = 0;
	st->f->flags |= FLOW_MIDSTREAM;
	state_set(st, TCP_SYN_RECV);
	ssn->flags |= SSN_MIDSTREAM | SSN_MIDSTREAM_SYNACK | async_flag(st);
	side_set_isn(st->s, st->seq);
	st->s->next_seq = st->seq + 1;
	st->s->window = st->p->tcp.window;
	side_set_isn(st->r, st->ack - 1);
	st->r->next_seq = st->ack;
	st->r->last_ack = st->ack;
	st->s->last_ack = st->seq;
	st->s->next_win = st->s->last_ack + st->s->window;
	if (st->p->tcp.has_window_scale) {
		st->r->wscale = st->p->tcp.window_scale;
		st->s->wscale = TCP_WSCALE_MAX;
	}
	timestamps_midstream(st);
	if (st->p->tcp.sack_permitted)
		ssn->flags |= SSN_SACK;
	return 0;
}

static int open_syn(struct tcp_step *st)
{
	const struct packet_tcp *t = &st->p->tcp;

	if (!session_new(st))
		return -1;
	state_set(st, TCP_SYN_SENT);
	st->ssn->flags |= async_flag(st);
	side_set_isn(st->s, st->seq);
	st->s->next_seq = st->seq + 1;
	if (t->has_timestamp) {
		st->s->last_ts = t->timestamp;
		st->s->last_pkt_s = st->now_s;
		st->s->flags |= SIDE_TIMESTAMP;
		if (t->timestamp == 0)
			st->s->flags |= SIDE_ZERO_TIMESTAMP;
	}
	st->r->window = t->window;
	if (t->has_window_scale) {
		st->ssn->flags |= SSN_SYN_WSCALE;
		st->r->wscale = t->window_scale;
	}
	if (t->sack_permitted)
		st->ssn->flags |= SSN_SYN_SACK;
	if (t->fast_open) {
		st->ssn->flags |= SSN_FAST_OPEN;
		if (st->len) {
			update_next_seq(st, st->s, st->s->next_seq + st->len);
			reassemble(st, st->s);
		}
	}
	return 0;
}

int state_none(struct tcp_step *st)
{
	const struct stream_config *c = &st->w->config;

	if (st->flags & TCP_RST) {
		step_event(st, STREAM_RST_BUT_NO_SESSION);
		return -1;
	}
	if (st->flags & TCP_FIN) {
		if (c->midstream && st->len)
			return pick_up(st, TCP_FIN_WAIT1, st->end + 1);
		step_event(st, STREAM_FIN_BUT_NO_SESSION);
		return -1;
	}
	if ((st->flags & (TCP_SYN | TCP_ACK)) == (TCP_SYN | TCP_ACK))
		return c->midstream || c->async_oneside ? pick_up_synack(st) : 0;
	if (st->flags & TCP_SYN)
		return open_syn(st);
	if ((st->flags & TCP_ACK) && c->midstream)
		return pick_up(st, TCP_ESTABLISHED, st->end);
	return 0;
}

/* --- the queue of rivals --- */

static struct tcp_queue queue_of_packet(const struct tcp_step *st, uint32_t ts)
{
	const struct packet_tcp *t = &st->p->tcp;

	return (struct tcp_queue){
		.seq = st->seq,
		.ack = st->ack,
		.window = t->window,
		.pkt_s = st->now_s,
		.ts = t->has_timestamp ? ts : 0,
		.wscale = t->has_window_scale ? t->window_scale : 0,
		.flags = (uint8_t)((t->sack_permitted ? QUEUE_SACK : 0) |
				   (t->has_window_scale ? QUEUE_WSCALE : 0) |
				   (t->has_timestamp ? QUEUE_TS : 0)),
	};
}

static bool queue_same(const struct tcp_queue *a, const struct tcp_queue *b)
{
	return a->flags == b->flags && a->wscale == b->wscale && a->window == b->window &&
	       a->seq == b->seq && a->ack == b->ack && a->ts == b->ts;
}

static bool queue_add(struct tcp_step *st, const struct tcp_queue *what)
{
	struct tcp_queue *q = slab_alloc(st->w->slab, sizeof(*q));

	if (!q) {
		st->w->counts[STREAM_COUNT_QUEUE_MEMORY]++;
		return false;
	}
	*q = *what;
	q->next = st->ssn->queue;
	st->ssn->queue = q;
	st->ssn->queued++;
	return true;
}

static bool queue_synack(struct tcp_step *st)
{
	struct tcp_queue what = queue_of_packet(st, st->p->tcp.timestamp);

	for (struct tcp_queue *q = st->ssn->queue; q; q = q->next) {
		if (queue_same(q, &what))
			return true;
	}
	if (st->ssn->queued == QUEUE_SYNACK_MAX) {
		step_event(st, STREAM_3WHS_SYNACK_FLOOD);
		return false;
	}
	return queue_add(st, &what);
}

static const struct tcp_queue *queue_find_ts(const struct tcp_session *ssn, uint8_t flags,
					     uint32_t ts)
{
	for (const struct tcp_queue *q = ssn->queue; q; q = q->next) {
		if ((q->flags & QUEUE_TS) == (flags & QUEUE_TS) && q->ts == ts)
			return q;
	}
	return NULL;
}

/* The SYN believed in so far, as a queue entry. */
static struct tcp_queue queue_of_session(const struct tcp_session *ssn)
{
	const struct tcp_side *client = &ssn->side[DIR_TS], *server = &ssn->side[DIR_TC];
	struct tcp_queue q = {
		.window = (uint16_t)server->window,
		.pkt_s = client->last_pkt_s,
	};

	if (ssn->flags & SSN_SYN_SACK)
		q.flags |= QUEUE_SACK;
	if (ssn->flags & SSN_SYN_WSCALE) {
		q.flags |= QUEUE_WSCALE;
		q.wscale = server->wscale;
	}
	if (client->flags & SIDE_TIMESTAMP) {
		q.flags |= QUEUE_TS;
		q.ts = client->last_ts;
	}
	return q;
}

static void believe_syn(struct tcp_session *ssn, const struct tcp_queue *q)
{
	struct tcp_side *client = &ssn->side[DIR_TS], *server = &ssn->side[DIR_TC];

	if (q->flags & QUEUE_TS) {
		client->last_pkt_s = q->pkt_s;
		client->last_ts = q->ts;
		client->flags |= SIDE_TIMESTAMP;
	}
	if (q->flags & QUEUE_WSCALE) {
		ssn->flags |= SSN_SYN_WSCALE;
		server->wscale = q->wscale;
	} else {
		/* Suricata keeps nothing but this one flag here */
		ssn->flags &= SSN_SYN_WSCALE;
		server->wscale = 0;
	}
	server->window = q->window;
	if (q->flags & QUEUE_SACK)
		ssn->flags |= SSN_SYN_SACK;
	else
		ssn->flags &= ~(uint32_t)SSN_SYN_SACK;
}

/* --- SYN sent --- */

/* The client's side learns what the SYN/ACK says; `q` when a queued one turned out to be it. */
void synack_apply(struct tcp_step *st, const struct tcp_queue *q)
{
	struct tcp_session *ssn = st->ssn;
	struct tcp_side *client = &ssn->side[DIR_TS], *server = &ssn->side[DIR_TC];
	struct tcp_queue own = queue_of_packet(st, st->p->tcp.timestamp);

	if (!q)
		q = &own;
	state_set(st, TCP_SYN_RECV);
	side_set_isn(server, q->seq);
	server->next_seq = q->seq + 1;
	client->window = q->window;
	if ((q->flags & QUEUE_TS) && (client->flags & SIDE_TIMESTAMP)) {
		server->last_ts = q->ts;
		ssn->flags |= SSN_TIMESTAMP;
		server->last_pkt_s = q->pkt_s;
		if (q->ts == 0)
			server->flags |= SIDE_ZERO_TIMESTAMP;
	} else {
		client->last_ts = server->last_ts = 0;
		client->flags &= (uint16_t)~SIDE_ZERO_TIMESTAMP;
	}
	client->last_ack = q->ack;
	server->last_ack = server->isn + 1;
	client->wscale = (ssn->flags & SSN_SYN_WSCALE) && (q->flags & QUEUE_WSCALE) ? q->wscale : 0;
	if ((ssn->flags & SSN_SYN_SACK) && (q->flags & QUEUE_SACK))
		ssn->flags |= SSN_SACK;
	else
		ssn->flags &= ~(uint32_t)SSN_SACK;
	server->next_win = server->last_ack + server->window;
	client->next_win = client->last_ack + client->window;
	ssn->flags &= ~(uint32_t)SSN_4WHS;
}

/* The answer must echo the SYN's timestamp. */
static bool echo_ok(const struct tcp_step *st)
{
	const struct tcp_side *client = &st->ssn->side[DIR_TS];
	uint32_t echo = st->p->tcp.timestamp_echo;

	if (step_to_server(st) || !st->p->tcp.has_timestamp)
		return true;
	if (client->flags & SIDE_TIMESTAMP)
		return client->last_ts == 0 || echo == 0 || echo == client->last_ts;
	return client->last_ts != 0 || echo == 0;
}

/* SYN, SYN, SYN/ACK: both ends opened; the answer comes from the first. */
static int four_way_synack(struct tcp_step *st)
{
	const struct packet_tcp *t = &st->p->tcp;
	struct tcp_session *ssn = st->ssn;

	if (!(ssn->flags & SSN_4WHS)) {
		step_event(st, STREAM_3WHS_SYNACK_IN_WRONG_DIRECTION);
		return -1;
	}
	if (st->ack != st->r->isn + 1) {
		step_event(st, STREAM_4WHS_SYNACK_WITH_WRONG_ACK);
		return -1;
	}
	if (st->seq != st->s->isn) {
		step_event(st, STREAM_4WHS_SYNACK_WITH_WRONG_SYN);
		return -1;
	}
	state_set(st, TCP_SYN_RECV);
	side_set_isn(st->s, st->seq);
	st->s->next_seq = st->seq + 1;
	st->r->window = t->window;
	if (t->has_timestamp && (st->r->flags & SIDE_TIMESTAMP)) {
		st->s->last_ts = t->timestamp;
		ssn->flags |= SSN_TIMESTAMP;
		st->s->last_pkt_s = st->now_s;
		if (t->timestamp == 0)
			st->s->flags |= SIDE_ZERO_TIMESTAMP;
	} else {
		st->s->last_ts = st->r->last_ts = 0;
		st->r->flags &= (uint16_t)~SIDE_ZERO_TIMESTAMP;
	}
	st->r->last_ack = st->ack;
	st->s->last_ack = st->s->isn + 1;
	st->r->wscale = (ssn->flags & SSN_SYN_WSCALE) && t->has_window_scale ? t->window_scale : 0;
	if ((ssn->flags & SSN_SYN_SACK) && t->sack_permitted)
		ssn->flags |= SSN_SACK;
	st->s->next_win = st->s->last_ack + st->s->window;
	st->r->next_win = st->r->last_ack + st->r->window;
	return 0;
}

static bool synack_acks_syn(struct tcp_step *st)
{
	struct tcp_side *client = st->r;

	if (!st->p->tcp.fast_open && !(st->ssn->flags & SSN_FAST_OPEN)) {
		if (st->ack == client->isn + 1)
			return true;
		step_event(st, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
		return false;
	}
	if (st->ack == client->isn + 1 && st->ack != client->next_seq) {
		client->next_seq = client->isn; /* the data will come again */
		step_event(st, STREAM_3WHS_SYNACK_TFO_DATA_IGNORED);
		st->ssn->flags |= SSN_FAST_OPEN_IGNORED;
	} else if (st->ack != client->next_seq) {
		step_event(st, STREAM_3WHS_SYNACK_WITH_WRONG_ACK);
		return false;
	}
	st->ssn->flags |= SSN_FAST_OPEN;
	state_set(st, TCP_ESTABLISHED);
	return true;
}

int syn_sent_synack(struct tcp_step *st)
{
	const struct packet_tcp *t = &st->p->tcp;

	if (step_to_server(st))
		return four_way_synack(st);
	if (!synack_acks_syn(st))
		return -1;
	if (!echo_ok(st)) {
		const struct tcp_queue *q =
			queue_find_ts(st->ssn, t->has_timestamp ? QUEUE_TS : 0, t->timestamp_echo);

		if (!q) {
			step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
			return -1;
		}
		believe_syn(st->ssn, q);
	}
	session_clear_queue(st->w, st->ssn);
	synack_apply(st, NULL);
	return 0;
}

static bool bad_echo(struct tcp_step *st)
{
	if (echo_ok(st))
		return false;
	step_event(st, STREAM_PKT_INVALID_TIMESTAMP);
	return true;
}

int syn_sent_other(struct tcp_step *st)
{
	return bad_echo(st) ? -1 : 0;
}

int syn_sent_rst(struct tcp_step *st)
{
	if (bad_echo(st) || !check_reset(st))
		return -1;
	if (step_to_server(st) &&
	    (st->seq != st->s->isn || st->p->tcp.window != 0 || st->ack != st->s->isn + 1))
		return 0;
	st->r->flags |= SIDE_RST_RECV;
	state_reset(st);
	session_clear_queue(st->w, st->ssn);
	return 0;
}

/* Both open at once: what the other end says is kept until the SYN/ACK decides. */
static void four_way_syn(struct tcp_step *st)
{
	const struct packet_tcp *t = &st->p->tcp;
	struct tcp_session *ssn = st->ssn;

	ssn->flags |= SSN_4WHS;
	side_set_isn(st->s, st->seq);
	st->s->next_seq = st->seq + 1;
	if (t->has_timestamp) {
		st->s->last_ts = t->timestamp;
		if (t->timestamp == 0)
			st->s->flags |= SIDE_ZERO_TIMESTAMP;
		st->s->last_pkt_s = st->now_s;
		st->s->flags |= SIDE_TIMESTAMP;
	}
	st->s->window = t->window;
	ssn->flags &= ~(uint32_t)(SSN_SYN_WSCALE | SSN_SYN_SACK);
	st->s->wscale = 0;
	if (t->has_window_scale) {
		ssn->flags |= SSN_SYN_WSCALE;
		st->s->wscale = t->window_scale;
	}
	if (t->sack_permitted)
		ssn->flags |= SSN_SYN_SACK;
}

int syn_sent_syn(struct tcp_step *st)
{
	struct tcp_queue now, before;

	if (bad_echo(st))
		return -1;
	if (!step_to_server(st)) {
		four_way_syn(st);
		return 0;
	}
	now = queue_of_packet(st, st->p->tcp.timestamp);
	now.seq = now.ack = 0;
	before = queue_of_session(st->ssn);
	if ((!queue_same(&now, &before) || now.pkt_s != before.pkt_s) &&
	    !queue_find_ts(st->ssn, before.flags, before.ts)) {
		if (st->ssn->queued == QUEUE_SYN_MAX)
			step_event(st, STREAM_3WHS_SYN_FLOOD);
		else
			queue_add(st, &before);
	}
	believe_syn(st->ssn, &now);
	return 0;
}

/* A SYN and then its sender's acknowledgement: the other side is not seen. */
int syn_sent_ack(struct tcp_step *st)
{
	struct tcp_session *ssn = st->ssn;

	if (bad_echo(st))
		return -1;
	if (!st->w->config.async_oneside)
		return 0;
	if (st->seq != ssn->side[DIR_TS].next_seq) {
		step_event(st, STREAM_3WHS_ASYNC_WRONG_SEQ);
		return -1;
	}
	st->s = &ssn->side[DIR_TS];
	st->r = &ssn->side[DIR_TC];
	ssn->flags |= SSN_ASYNC;
	state_set(st, TCP_ESTABLISHED);
	session_clear_queue(st->w, ssn);
	st->s->window = st->p->tcp.window;
	st->s->last_ack = st->seq;
	st->s->next_win = st->s->last_ack + st->s->window;
	side_set_isn(st->r, st->ack - 1);
	st->r->next_seq = st->ack;
	st->r->last_ack = st->r->next_win = st->r->next_seq;
	if (ssn->flags & SSN_SYN_WSCALE)
		st->s->wscale = TCP_WSCALE_MAX;
	if (st->p->tcp.has_timestamp && (st->s->flags & SIDE_TIMESTAMP)) {
		ssn->flags |= SSN_TIMESTAMP;
		st->s->flags &= (uint16_t)~SIDE_TIMESTAMP;
		st->s->last_pkt_s = st->now_s;
	} else {
		st->s->last_ts = 0;
		st->s->flags &= (uint16_t)~SIDE_ZERO_TIMESTAMP;
	}
	if (ssn->flags & SSN_SYN_SACK)
		ssn->flags |= SSN_SACK;
	reassemble(st, st->s);
	return 0;
}

/* --- SYN/ACK received --- */

int syn_recv_rst(struct tcp_step *st)
{
	enum stream_overlap policy = stream_policy(st);

	if (!check_reset(st))
		return -1;
	/* After a right-sequence, wrong-acknowledgement packet these take the reset for a stray. */
	if ((st->ssn->flags & SSN_EVASION) &&
	    (policy == STREAM_OVERLAP_LINUX || policy == STREAM_OVERLAP_OLD_LINUX ||
	     policy == STREAM_OVERLAP_SOLARIS))
		return 0;
	state_reset(st);
	if (st->ssn->flags & SSN_TIMESTAMP)
		take_timestamp(st);
	return 0;
}

int syn_recv_fin(struct tcp_step *st)
{
	return established_fin(st);
}

int syn_recv_synack(struct tcp_step *st)
{
	if (step_to_server(st)) {
		step_event(st, STREAM_3WHS_SYNACK_TOSERVER_ON_SYN_RECV);
		return -1;
	}
	if (st->ack != st->r->last_ack) {
		step_event(st, STREAM_3WHS_SYNACK_RESEND_WITH_DIFFERENT_ACK);
		return -1;
	}
	if (st->seq != st->s->isn && !queue_synack(st))
		return -1;
	return 0;
}

int syn_recv_syn(struct tcp_step *st)
{
	if (!step_to_server(st)) {
		step_event(st, STREAM_3WHS_SYN_TOCLIENT_ON_SYN_RECV);
		return -1;
	}
	if (st->seq != st->s->isn) {
		step_event(st, STREAM_3WHS_SYN_RESEND_DIFF_SEQ_ON_SYN_RECV);
		return -1;
	}
	return 0;
}

static void take_if_used(struct tcp_step *st)
{
	if (st->ssn->flags & SSN_TIMESTAMP)
		take_timestamp(st);
}

/* Sides taken as those of the client and the server, whoever sent the packet: most of what follows
 * is written for the client's last packet of the handshake. */
static void midstream_windows(struct tcp_step *st, struct tcp_side *client, struct tcp_side *server)
{
	(void)client;
	server->wscale = client->wscale = TCP_WSCALE_MAX;
	st->ssn->flags |= SSN_SACK;
}

static int ack_expected(struct tcp_step *st, struct tcp_side *client, struct tcp_side *server)
{
	struct tcp_session *ssn = st->ssn;

	take_if_used(st);
	update_last_ack(st, server, st->ack);
	update_next_seq(st, client, client->next_seq + st->len);
	server->window = (uint32_t)st->p->tcp.window << server->wscale;
	server->next_win = server->last_ack + server->window;
	if (ssn->flags & SSN_MIDSTREAM) {
		client->window = (uint32_t)st->p->tcp.window << client->wscale;
		client->next_win = client->last_ack + client->window;
		if (!(ssn->flags & SSN_MIDSTREAM_SYNACK))
			midstream_windows(st, client, server);
	} else {
		st->f->flags |= FLOW_HANDSHAKE;
	}
	state_set(st, TCP_ESTABLISHED);
	if (st->len)
		st->p->flags |= PACKET_ESTABLISHED;
	reassemble(st, client);
	return 0;
}

static int ack_async(struct tcp_step *st, struct tcp_side *client, struct tcp_side *server)
{
	st->ssn->flags |= SSN_ASYNC;
	server->next_seq += st->len;
	server->last_ack = st->seq;
	client->window = (uint32_t)st->p->tcp.window << client->wscale;
	client->last_ack = st->ack;
	take_if_used(st);
	if (st->ssn->flags & SSN_MIDSTREAM) {
		server->window = st->p->tcp.window;
		server->next_win = server->last_ack + server->window;
		midstream_windows(st, client, server);
	}
	state_set(st, TCP_ESTABLISHED);
	reassemble(st, server);
	return 0;
}

/* The server goes on, so the client's acknowledgement was lost to us, and some data with it. */
static int ack_server_ahead(struct tcp_step *st, struct tcp_side *client, struct tcp_side *server)
{
	take_if_used(st);
	update_last_ack(st, client, st->ack);
	server->next_seq = st->end;
	client->window = (uint32_t)st->p->tcp.window << client->wscale;
	client->next_win = client->last_ack + client->window;
	client->window = st->p->tcp.window;
	server->next_win = server->last_ack + server->window;
	state_set(st, TCP_ESTABLISHED);
	reassemble(st, server);
	return 0;
}

static int ack_client_ahead(struct tcp_step *st, struct tcp_side *client, struct tcp_side *server)
{
	take_if_used(st);
	client->next_seq = st->end;
	update_last_ack(st, server, st->ack);
	server->window = (uint32_t)st->p->tcp.window << server->wscale;
	server->next_win = server->last_ack + server->window;
	if (st->ssn->flags & SSN_MIDSTREAM) {
		client->window = st->p->tcp.window;
		midstream_windows(st, client, server);
	}
	state_set(st, TCP_ESTABLISHED);
	reassemble(st, client);
	return 0;
}

static int ack_server_first(struct tcp_step *st, struct tcp_side *server)
{
	update_next_seq(st, server, st->end);
	server->window = (uint32_t)st->p->tcp.window << server->wscale;
	server->next_win = server->last_ack + server->window;
	state_set(st, TCP_ESTABLISHED);
	reassemble(st, server);
	return 0;
}

static int four_way_ack(struct tcp_step *st)
{
	if (st->seq != st->s->next_seq) {
		step_event(st, STREAM_4WHS_WRONG_SEQ);
		return -1;
	}
	if (!check_ack(st)) {
		step_event(st, STREAM_4WHS_INVALID_ACK);
		return -1;
	}
	take_if_used(st);
	update_last_ack(st, st->r, st->ack);
	update_next_seq(st, st->s, st->s->next_seq + st->len);
	st->r->window = (uint32_t)st->p->tcp.window << st->r->wscale;
	st->r->next_win = st->r->last_ack + st->r->window;
	st->f->flags |= FLOW_HANDSHAKE;
	state_set(st, TCP_ESTABLISHED);
	reassemble(st, st->s);
	return 0;
}

static void believe_queued_synack(struct tcp_step *st)
{
	for (const struct tcp_queue *q = st->ssn->queue; q; q = q->next) {
		if (st->ack - 1 == q->seq && st->seq == q->ack) {
			synack_apply(st, q);
			return;
		}
	}
}

int syn_recv_ack(struct tcp_step *st)
{
	struct tcp_session *ssn = st->ssn;
	struct tcp_side *client = &ssn->side[DIR_TS], *server = &ssn->side[DIR_TC];
	bool to_client = !step_to_server(st), missed;

	believe_queued_synack(st);
	if ((ssn->flags & SSN_TIMESTAMP) && !check_timestamp(st))
		return -1;
	if ((ssn->flags & SSN_4WHS) && to_client)
		return four_way_ack(st);
	missed = to_client && !(ssn->flags & (SSN_MIDSTREAM_SYNACK | SSN_FAST_OPEN));

	if (st->seq == client->next_seq && st->ack == server->next_seq)
		return ack_expected(st, client, server);
	if (st->w->config.async_oneside && st->seq == server->next_seq)
		return ack_async(st, client, server);
	if (st->seq == client->next_seq) {
		ssn->flags |= SSN_EVASION;
		step_event(st, STREAM_3WHS_RIGHT_SEQ_WRONG_ACK_EVASION);
		return -1;
	}
	if (to_client && seq_gt(st->seq, client->next_seq) && seq_gt(st->ack, client->last_ack))
		return ack_server_ahead(st, client, server);
	if (seq_gt(st->seq, client->next_seq) && seq_leq(st->seq, client->next_win) &&
	    st->ack == server->next_seq)
		return ack_client_ahead(st, client, server);
	if ((missed || (ssn->flags & SSN_FAST_OPEN)) && st->ack == client->last_ack &&
	    st->seq == server->next_seq)
		return ack_server_first(st, server);
	step_event(st, STREAM_3WHS_WRONG_SEQ_WRONG_ACK);
	return -1;
}
