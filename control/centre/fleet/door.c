#include "control/centre/fleet/door.h"

#include <stdlib.h>
#include <string.h>

#include "control/wire/enrol/ask.h"
#include "dataplane/base/clock.h"

enum { HEAD = 4 };

struct guest {
	struct door *door;
	struct tls_conn *conn; /* NULL: the place is free */
	struct loop_timer timer;
	char where[128];
	uint8_t in[HEAD + ENROL_FRAME_MAX];
	size_t n_in;
	uint8_t *out;
	size_t n_out, sent;
};

struct door {
	struct door_setup setup;
	struct guest guests[DOOR_GUESTS];
	struct enrol_memory memory;
	unsigned n;
};

static void leave(struct guest *g)
{
	struct door *d = g->door;

	loop_timer_stop(d->setup.loop, &g->timer);
	loop_unwatch(d->setup.loop, tls_fd(g->conn));
	tls_conn_free(g->conn);
	free(g->out);
	g->conn = NULL;
	g->out = NULL;
	d->n--;
}

static void too_late(void *ctx)
{
	struct guest *g = ctx;

	log_warn(g->door->setup.log, "%s asked nothing within %d s and is gone", g->where,
		 DOOR_SECONDS);
	leave(g);
}

/* ---- the question ---- */

static size_t question_size(const struct guest *g)
{
	return (size_t)g->in[0] << 24 | (size_t)g->in[1] << 16 | (size_t)g->in[2] << 8 | g->in[3];
}

static int write_answer(struct guest *g, const struct enrol_answer *a, struct errmsg *e)
{
	struct message m = {.kind = MESSAGE_ENROL_ANSWER, .enrol_answer = *a};
	struct slice payload;
	int rc = message_encode(&m, &payload, e);

	if (rc)
		return rc;
	g->n_out = HEAD + payload.len;
	g->out = payload.len <= ENROL_FRAME_MAX ? malloc(g->n_out) : NULL;
	if (!g->out) {
		payload_free(&payload);
		return errmsg_set(e, ERR_NOMEM, "no memory for an answer");
	}
	for (unsigned i = 0; i < HEAD; i++)
		g->out[i] = (uint8_t)(payload.len >> (24 - 8 * i));
	memcpy(g->out + HEAD, payload.data, payload.len);
	payload_free(&payload);
	return 0;
}

static int take_question(struct guest *g, struct errmsg *e)
{
	struct door *d = g->door;
	struct message *m = message_decode(SLICE(g->in + HEAD, g->n_in - HEAD), e);
	struct enrol_answer a;
	int rc;

	if (!m)
		return ERR_INVALID;
	if (m->kind != MESSAGE_ENROL_REQUEST || m->enrol_request.renew) {
		message_free(m);
		return errmsg_set(e, ERR_INVALID, "a stranger may only ask to be enrolled");
	}
	enrol_answer(d->setup.enrol, &m->enrol_request, g->where, loop_wall(d->setup.loop), &a,
		     &d->memory);
	rc = write_answer(g, &a, e);
	message_free(m);
	if (rc == 0 && a.certificate.len && d->setup.given)
		d->setup.given(d->setup.ctx);
	return rc;
}

/* 0: go on; ERR_AGAIN: wait; else it is over. */
static int hear(struct guest *g, struct errmsg *e)
{
	size_t want = HEAD;
	long n;

	if (g->n_in >= HEAD) {
		size_t size = question_size(g);

		if (size == 0 || size > ENROL_FRAME_MAX)
			return errmsg_set(e, ERR_LIMIT, "a question of %zu bytes", size);
		want += size;
	}
	if (g->n_in == want)
		return take_question(g, e);
	n = tls_read(g->conn, g->in + g->n_in, want - g->n_in, e);
	if (n <= 0)
		return n ? (int)n : ERR_IO;
	g->n_in += (size_t)n;
	return 0;
}

static int say(struct guest *g, struct errmsg *e)
{
	long n = tls_write(g->conn, g->out + g->sent, g->n_out - g->sent, e);

	if (n <= 0)
		return n ? (int)n : ERR_IO;
	g->sent += (size_t)n;
	return g->sent == g->n_out ? ERR_NOTFOUND : 0;
}

static void on_event(void *ctx, uint32_t events)
{
	struct guest *g = ctx;
	struct errmsg e = {""};
	int rc = 0;

	(void)events;
	while (rc == 0)
		rc = g->out ? say(g, &e) : hear(g, &e);
	if (rc == ERR_AGAIN) {
		(void)loop_watch(g->door->setup.loop, tls_fd(g->conn), tls_events(g->conn),
				 on_event, g);
		return;
	}
	if (e.text[0] && !(g->out && g->sent == g->n_out))
		log_warn(g->door->setup.log, "%s is sent away: %s", g->where, e.text);
	leave(g);
}

/* ---- the outside ---- */

struct door *door_new(const struct door_setup *setup, struct errmsg *e)
{
	struct door *d = calloc(1, sizeof(*d));

	if (!d) {
		errmsg_set(e, ERR_NOMEM, "no memory for enrolment");
		return NULL;
	}
	d->setup = *setup;
	return d;
}

void door_delete(struct door *d)
{
	if (!d)
		return;
	for (unsigned i = 0; i < DOOR_GUESTS; i++) {
		if (d->guests[i].conn)
			leave(&d->guests[i]);
	}
	free(d);
}

void door_guest(struct door *d, struct tls_conn *conn, const char *where)
{
	struct guest *g = d->guests;

	while (g < d->guests + DOOR_GUESTS && g->conn)
		g++;
	if (g == d->guests + DOOR_GUESTS) {
		log_warn(d->setup.log, "%s is sent away: %d boxes are being enrolled", where,
			 DOOR_GUESTS);
		tls_conn_free(conn);
		return;
	}
	*g = (struct guest){.door = d, .conn = conn};
	g->timer = (struct loop_timer){.fn = too_late, .ctx = g};
	snprintf(g->where, sizeof(g->where), "%s", where);
	d->n++;
	if (loop_timer_set(d->setup.loop, &g->timer, DOOR_SECONDS * NS_PER_SEC) ||
	    loop_watch(d->setup.loop, tls_fd(conn), EPOLLIN, on_event, g)) {
		leave(g);
		return;
	}
	on_event(g, 0); /* its question may have come with the handshake */
}

unsigned door_guests(const struct door *d)
{
	return d->n;
}
