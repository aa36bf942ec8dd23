#include "control/wire/session.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/arena.h"
#include "control/wire/buffer.h"
#include "control/wire/limits.h"
#include "control/wire/message.h"

enum {
	LINK_VERSION = 1,
	READ_CHUNK = 16 << 10,
	READS_AT_ONCE = 32,    /* then others have their turn */
	OUT_AHEAD = 256 << 10, /* bytes queued ahead of what may become more urgent */
};

enum stage { SHAKING, GREETING, UP, STRANGER, OVER };

struct session {
	const struct link_setup *setup;
	struct session_owner owner;
	struct tls_conn *tls;
	enum stage stage;
	struct loop_timer tick;
	struct buffer in, out;
	char where[128];
	char destination[SPOOL_NAME_MAX];
	uint64_t began, heard; /* monotonic */
	uint64_t peer_spool;
	int64_t clock_offset_ms;
	uint64_t n_sent, n_received;
	uint64_t sent[LANE_COUNT], acked[LANE_COUNT]; /* numbers of ours */
	/* arrived and not yet stored */
	struct link_item items[WIRE_STORE_BATCH];
	struct arena *memory[WIRE_STORE_BATCH];
	size_t n_items;
	struct errmsg trouble; /* why it is about to be over */
	/* A callback in the middle of our work may want something of us: it is noted and done when
	 * the work is, so that nobody is deleted under our feet. */
	bool busy, wake_wanted, end_wanted;
	bool handed; /* the owner was told that messages arrived */
	struct errmsg end_sentence;
};

static void on_event(void *ctx, uint32_t events);
static void on_tick(void *ctx);

struct session *session_new(const struct link_setup *setup, const struct session_owner *owner,
			    int fd, enum tls_side side, const char *where, const char *destination,
			    struct errmsg *e)
{
	struct session *s = calloc(1, sizeof(*s));

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for a connection");
		return NULL;
	}
	s->setup = setup;
	s->owner = *owner;
	snprintf(s->where, sizeof(s->where), "%s", where);
	if (destination)
		snprintf(s->destination, sizeof(s->destination), "%s", destination);
	s->tls = tls_conn_new(setup->keys, fd, side, setup->peers, where, e);
	if (!s->tls) {
		free(s);
		return NULL;
	}
	if (side == TLS_SERVER && owner->stranger)
		tls_take_strangers(s->tls);
	s->began = s->heard = loop_now(setup->loop);
	s->tick = (struct loop_timer){.fn = on_tick, .ctx = s};
	if (loop_watch(setup->loop, fd, tls_events(s->tls), on_event, s) ||
	    loop_timer_set(setup->loop, &s->tick, NS_PER_SEC)) {
		errmsg_set(e, ERR_NOMEM, "too many connections");
		session_delete(s);
		return NULL;
	}
	return s;
}

static void forget_items(struct session *s)
{
	for (size_t i = 0; i < s->n_items; i++)
		frame_free(s->memory[i]);
	s->n_items = 0;
}

void session_delete(struct session *s)
{
	if (!s)
		return;
	forget_items(s);
	loop_timer_stop(s->setup->loop, &s->tick);
	if (s->tls)
		loop_unwatch(s->setup->loop, tls_fd(s->tls));
	tls_conn_free(s->tls);
	buffer_done(&s->in);
	buffer_done(&s->out);
	free(s);
}

/* ---- sending ---- */

static int send_frame(struct session *s, const struct frame *f)
{
	struct slice bytes;
	int rc;

	if (s->out.len > WIRE_OUT_MAX)
		return errmsg_set(&s->trouble, ERR_LIMIT, "%s does not read what is sent to it",
				  s->where);
	rc = frame_encode(f, &bytes, &s->trouble);
	if (rc)
		return rc;
	if (!buffer_put(&s->out, bytes))
		rc = errmsg_set(&s->trouble, ERR_NOMEM, "no memory to send to %s", s->where);
	payload_free(&bytes);
	return rc;
}

/* As much as the socket takes. */
static int flush(struct session *s)
{
	while (s->out.len > 0) {
		struct slice c = buffer_content(&s->out);
		long n = tls_write(s->tls, c.data, c.len, &s->trouble);

		if (n == ERR_AGAIN)
			return 0;
		if (n <= 0)
			return n ? (int)n : ERR_IO;
		buffer_take(&s->out, (size_t)n);
	}
	return 0;
}

static bool window_open(const struct session *s)
{
	uint64_t under_way = 0;

	for (int lane = LANE_URGENT; lane < LANE_COUNT; lane++)
		under_way += s->sent[lane] - s->acked[lane];
	return under_way < WIRE_WINDOW_ITEMS && s->out.len < OUT_AHEAD;
}

/* One record of the most urgent lane that has one. ERR_NOTFOUND: nothing left to send. */
static int send_next(struct session *s)
{
	struct frame f = {.kind = FRAME_DATA};
	int rc = ERR_NOTFOUND;

	for (int lane = LANE_URGENT; lane < LANE_COUNT && rc == ERR_NOTFOUND; lane++) {
		f.data.lane = (uint32_t)lane;
		rc = spool_next(s->setup->spool, s->destination, (enum lane)lane, s->sent[lane],
				&f.data.number, &f.data.payload, &s->trouble);
	}
	if (rc)
		return rc;
	/* Numbers are not without gaps: what was dropped for lack of room is missing. */
	if (s->sent[f.data.lane] == s->acked[f.data.lane])
		s->acked[f.data.lane] = f.data.number - 1;
	s->sent[f.data.lane] = f.data.number;
	rc = send_frame(s, &f);
	payload_free(&f.data.payload);
	s->n_sent += rc == 0;
	return rc;
}

static int pump(struct session *s)
{
	int rc = 0;

	if (s->stage != UP)
		return flush(s);
	do {
		while (rc == 0 && window_open(s))
			rc = send_next(s);
		if (rc && rc != ERR_NOTFOUND)
			return rc;
		if (flush(s))
			return ERR_IO;
	} while (rc == 0 && window_open(s));
	return 0;
}

/* ---- receiving ---- */

static int acknowledge_all(struct session *s, const uint64_t upto[LANE_COUNT])
{
	int rc = 0;

	for (uint32_t lane = LANE_URGENT; lane < LANE_COUNT && rc == 0; lane++) {
		struct frame f = {.kind = FRAME_ACK, .ack = {lane, upto[lane]}};

		if (upto[lane])
			rc = send_frame(s, &f);
	}
	return rc;
}

static int acknowledge_items(struct session *s)
{
	uint64_t upto[LANE_COUNT] = {0};

	for (size_t i = 0; i < s->n_items; i++)
		upto[s->items[i].lane] = s->items[i].number;
	s->n_received += s->n_items;
	return acknowledge_all(s, upto);
}

static int store(struct session *s)
{
	int rc;

	if (s->n_items == 0)
		return 0;
	if (s->owner.arrived) {
		if (!s->handed)
			s->owner.arrived(s->owner.ctx, s);
		s->handed = true;
		return 0;
	}
	rc = s->setup->ops.store(s->setup->ops.ctx, s->items, s->n_items, &s->trouble);
	if (rc == 0)
		rc = acknowledge_items(s);
	forget_items(s);
	return rc;
}

static bool is_full(const struct session *s)
{
	return s->handed || s->n_items == WIRE_STORE_BATCH;
}

/* Keeps the arena when it returns with *ret_kept. */
static int take_data(struct session *s, const struct data *d, struct arena *memory, bool *ret_kept)
{
	if (d->number == 0) {
		if (s->setup->ops.passing)
			s->setup->ops.passing(s->setup->ops.ctx, tls_peer(s->tls), d->payload);
		return 0;
	}
	if (d->lane < LANE_URGENT || d->lane >= LANE_COUNT)
		return errmsg_set(&s->trouble, ERR_INVALID,
				  "%s sent a message in lane %u, which there is not", s->where,
				  d->lane);
	s->items[s->n_items] = (struct link_item){
		.peer = tls_peer(s->tls)->name,
		.role = tls_peer(s->tls)->role,
		.spool = s->peer_spool,
		.lane = (enum lane)d->lane,
		.number = d->number,
		.payload = d->payload,
	};
	s->memory[s->n_items++] = memory;
	*ret_kept = true;
	return 0;
}

static int take_ack(struct session *s, const struct ack *a)
{
	int rc;

	if (a->lane < LANE_URGENT || a->lane >= LANE_COUNT || a->number > s->sent[a->lane])
		return errmsg_set(&s->trouble, ERR_INVALID,
				  "%s acknowledged what was never sent to it", s->where);
	rc = spool_acknowledge(s->setup->spool, s->destination, (enum lane)a->lane, a->number,
			       &s->trouble);
	/* A disk that refuses now only means that it is sent once more. */
	if (rc && rc != ERR_IO)
		return rc;
	if (a->number > s->acked[a->lane])
		s->acked[a->lane] = a->number;
	return 0;
}

static int take_hello(struct session *s, const struct hello *h)
{
	if (s->stage != GREETING)
		return errmsg_set(&s->trouble, ERR_INVALID, "%s greeted twice", s->where);
	if (h->version != LINK_VERSION)
		return errmsg_set(&s->trouble, ERR_UNSUPPORTED,
				  "%s speaks version %u of the link, this program version %d: "
				  "update the older one",
				  s->where, h->version, LINK_VERSION);
	s->peer_spool = h->spool;
	s->clock_offset_ms = ((int64_t)h->time_ns - (int64_t)loop_wall(s->setup->loop)) / 1000000;
	if (s->destination[0] == '\0')
		snprintf(s->destination, sizeof(s->destination), "%s", tls_peer(s->tls)->name);
	s->stage = UP;
	if (!s->owner.up(s->owner.ctx, s))
		return errmsg_set(&s->trouble, ERR_DENIED, "%s is not wanted here now", s->where);
	return 0;
}

static int take_frame(struct session *s, const struct frame *f, struct arena *memory,
		      bool *ret_kept)
{
	struct frame pong = {.kind = FRAME_PONG};

	if (s->stage == GREETING && f->kind != FRAME_HELLO && f->kind != FRAME_BYE)
		return errmsg_set(&s->trouble, ERR_INVALID, "%s spoke before it greeted", s->where);
	switch (f->kind) {
	case FRAME_HELLO:
		return take_hello(s, &f->hello);
	case FRAME_DATA:
		return take_data(s, &f->data, memory, ret_kept);
	case FRAME_ACK:
		return take_ack(s, &f->ack);
	case FRAME_PING:
		pong.pong.value = f->ping.value;
		return send_frame(s, &pong);
	case FRAME_BYE:
		return errmsg_set(&s->trouble, ERR_NOTFOUND, "%s ended the connection: %s",
				  s->where, f->bye.reason);
	default:
		return 0;
	}
}

/* The first frame of what arrived; ERR_AGAIN when it is not complete. */
static int take_one(struct session *s)
{
	struct arena *memory;
	struct frame f;
	bool kept = false;
	size_t size;
	int rc = frame_size(buffer_content(&s->in), &size, &s->trouble);

	if (rc)
		return rc;
	rc = frame_decode(slice_sub(buffer_content(&s->in), 0, size), &f, &memory, &s->trouble);
	if (rc == 0)
		rc = take_frame(s, &f, memory, &kept);
	if (!kept)
		frame_free(memory);
	buffer_take(&s->in, size);
	return rc;
}

static int take_bytes(struct session *s)
{
	int rc = 0;

	while (rc == 0) {
		if (s->n_items == WIRE_STORE_BATCH)
			rc = store(s);
		if (is_full(s))
			return rc;
		if (rc == 0)
			rc = take_one(s);
	}
	return rc == ERR_AGAIN ? 0 : rc;
}

/* ERR_AGAIN when there is nothing more to read now. */
static int read_some(struct session *s)
{
	uint8_t *room = buffer_room(&s->in, READ_CHUNK);
	long n;

	if (!room)
		return errmsg_set(&s->trouble, ERR_NOMEM, "no memory to hear %s", s->where);
	n = tls_read(s->tls, room, READ_CHUNK, &s->trouble);
	if (n <= 0)
		return n ? (int)n : ERR_IO;
	buffer_added(&s->in, (size_t)n);
	s->heard = loop_now(s->setup->loop);
	return 0;
}

static int receive(struct session *s)
{
	int rc = take_bytes(s);

	for (int i = 0; i < READS_AT_ONCE && rc == 0 && !is_full(s); i++) {
		rc = read_some(s);
		if (rc == 0)
			rc = take_bytes(s);
	}
	if (rc && rc != ERR_AGAIN) {
		struct errmsg why = s->trouble;

		/* What came whole before the end counts. */
		if (!s->owner.arrived)
			(void)store(s);
		s->trouble = why;
		return rc;
	}
	return store(s);
}

/* ---- life ---- */

static int greet(struct session *s)
{
	struct frame f = {.kind = FRAME_HELLO};
	int rc = tls_handshake(s->tls, &s->trouble);

	if (rc == ERR_AGAIN)
		return 0;
	if (rc)
		return rc;
	if (tls_is_stranger(s->tls)) {
		s->stage = STRANGER;
		return 0;
	}
	s->stage = GREETING;
	f.hello = (struct hello){
		.version = LINK_VERSION,
		.program = s->setup->program,
		.build = s->setup->build,
		.spool = spool_identity(s->setup->spool),
		.time_ns = loop_wall(s->setup->loop),
	};
	return send_frame(s, &f);
}

static void over(struct session *s)
{
	s->stage = OVER;
	s->owner.over(s->owner.ctx, s, s->trouble.text);
}

/* Tells the peer why, if it can still hear. */
static void say_good_bye(struct session *s)
{
	struct errmsg why = s->trouble;
	struct frame f = {.kind = FRAME_BYE, .bye = {why.text}};

	if (s->stage != SHAKING && send_frame(s, &f) == 0)
		(void)flush(s);
	s->trouble = why;
}

/* The last thing in every entry from outside: nothing may touch `s` behind it. */
static void finish(struct session *s, int rc)
{
	uint32_t events;

	while (rc == 0 && s->wake_wanted && !s->end_wanted) {
		s->wake_wanted = false;
		rc = pump(s);
	}
	s->busy = false;
	if (rc == 0 && s->end_wanted) {
		s->trouble = s->end_sentence;
		rc = ERR_DENIED;
	}
	if (rc) {
		if (rc != ERR_NOTFOUND)
			say_good_bye(s);
		over(s);
		return;
	}
	events = tls_events(s->tls);
	if (s->stage != SHAKING)
		events |= EPOLLIN | (s->out.len > 0 ? (uint32_t)EPOLLOUT : 0);
	/* What has arrived is stored first. */
	if (s->handed)
		events &= ~(uint32_t)EPOLLIN;
	(void)loop_watch(s->setup->loop, tls_fd(s->tls), events, on_event, s);
}

static void on_event(void *ctx, uint32_t events)
{
	struct session *s = ctx;
	int rc = 0;

	(void)events; /* TLS may want to write in order to read, and the other way round */
	s->busy = true;
	if (s->stage == SHAKING)
		rc = greet(s);
	if (s->stage == STRANGER) {
		s->owner.stranger(s->owner.ctx, s);
		return;
	}
	if (rc == 0 && s->stage != SHAKING && !s->handed)
		rc = receive(s);
	if (rc == 0 && s->stage != SHAKING)
		rc = pump(s);
	finish(s, rc);
}

struct tls_conn *session_part(struct session *s)
{
	struct tls_conn *conn = s->tls;

	loop_unwatch(s->setup->loop, tls_fd(conn));
	s->tls = NULL;
	return conn;
}

size_t session_hold(struct session *s, const struct link_item **ret_items)
{
	s->busy = true;
	*ret_items = s->items;
	return s->n_items;
}

void session_stored(struct session *s, int rc, const struct errmsg *why)
{
	if (rc)
		s->trouble = *why;
	else
		rc = acknowledge_items(s);
	forget_items(s);
	s->handed = false;
	/* More may lie in the buffers already, of which the socket would not tell. */
	if (rc == 0)
		rc = receive(s);
	if (rc == 0)
		rc = pump(s);
	finish(s, rc);
}

static int check_time(struct session *s)
{
	uint64_t now = loop_now(s->setup->loop);
	struct frame ping = {.kind = FRAME_PING, .ping = {now}};

	if (s->stage != UP && now - s->began > WIRE_HANDSHAKE_SECONDS * NS_PER_SEC)
		return errmsg_set(&s->trouble, ERR_IO, "%s did not finish its greeting within %d s",
				  s->where, WIRE_HANDSHAKE_SECONDS);
	if (s->stage != UP)
		return 0;
	if (s->handed)
		s->heard = now; /* it is us who do not read */
	if (now - s->heard > WIRE_SILENT_SECONDS * NS_PER_SEC)
		return errmsg_set(&s->trouble, ERR_IO, "%s was silent for %d s", s->where,
				  WIRE_SILENT_SECONDS);
	if (now - s->heard > WIRE_PING_SECONDS * NS_PER_SEC && s->out.len == 0) {
		int rc = send_frame(s, &ping);

		return rc ? rc : pump(s);
	}
	return 0;
}

static void on_tick(void *ctx)
{
	struct session *s = ctx;

	s->busy = true;
	(void)loop_timer_set(s->setup->loop, &s->tick, NS_PER_SEC);
	finish(s, check_time(s));
}

void session_end(struct session *s, const char *sentence)
{
	errmsg_set(&s->end_sentence, ERR_OK, "%s", sentence);
	s->end_wanted = true;
	if (!s->busy)
		finish(s, 0);
}

void session_wake(struct session *s)
{
	if (s->stage != UP)
		return;
	s->wake_wanted = true;
	if (!s->busy)
		finish(s, 0);
}

bool session_send_passing(struct session *s, struct slice payload)
{
	struct frame f = {.kind = FRAME_DATA, .data = {.payload = payload}};

	if (s->stage != UP || s->end_wanted || s->out.len >= OUT_AHEAD || send_frame(s, &f))
		return false;
	session_wake(s);
	return true;
}

const struct identity *session_peer(const struct session *s)
{
	return tls_peer(s->tls);
}

bool session_is_up(const struct session *s)
{
	return s->stage == UP;
}

void session_status(const struct session *s, struct link_status *ret)
{
	ret->connected = s->stage == UP;
	ret->sent = s->n_sent;
	ret->received = s->n_received;
	ret->clock_offset_ms = s->clock_offset_ms;
	ret->peer = *tls_peer(s->tls);
	snprintf(ret->where, sizeof(ret->where), "%s", s->where);
}
