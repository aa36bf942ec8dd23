/* Transactions of a flow: made by parsers, released when inspected and logged. */
#include "dataplane/app/internal.h"
#include "dataplane/stream/stream.h"

struct app_tx *app_tx_new(struct app_io *io, uint32_t size)
{
	struct app_call *c = app_call_of(io);
	struct app_flow *a = &c->a->pub;
	struct app_tx *tx;

	if (c->a->tx_live >= LIMIT_APP_TRANSACTIONS) {
		app_count(c->w, APP_COUNT_TRANSACTIONS);
		return NULL;
	}
	tx = slab_zalloc(io->slab, size);
	if (!tx) {
		app_count(c->w, APP_COUNT_MEMORY);
		return NULL;
	}
	tx->size = size;
	tx->id = a->tx_count++;
	tx->start_ns = io->now_ns;
	if (a->tx_last)
		a->tx_last->next = tx;
	else
		a->tx_first = tx;
	a->tx_last = tx;
	c->a->tx_live++;
	app_count_proto(c->w, a->proto, APP_PROTO_TX);
	return tx;
}

struct app_tx *app_tx_last(const struct app_io *io)
{
	return io->flow->tx_last;
}

struct app_tx *app_tx_first(const struct app_io *io)
{
	return io->flow->tx_first;
}

struct app_tx *app_tx_find(const struct app_io *io, uint64_t id)
{
	struct app_tx *tx = io->flow->tx_first;

	/* At most LIMIT_APP_TRANSACTIONS long; answers mostly belong to the oldest or newest. */
	if (io->flow->tx_last && io->flow->tx_last->id == id)
		return io->flow->tx_last;
	while (tx && tx->id < id)
		tx = tx->next;
	return tx && tx->id == id ? tx : NULL;
}

void app_tx_event(struct app_tx *tx, unsigned event)
{
	for (unsigned i = 0; i < tx->event_count; i++) {
		if (tx->event[i] == event)
			return;
	}
	if (tx->event_count < LIMIT_APP_TX_EVENTS)
		tx->event[tx->event_count++] = (uint8_t)event;
	else
		tx->flags |= APP_TX_EVENTS_LOST;
}

static bool progress_complete(const struct app_flow *a, const struct app_tx *tx, enum dir dir)
{
	if (tx->only_one_way[dir] || tx->progress[dir] >= a->proto->complete[dir])
		return true;
	return a->proto->unidirectional &&
	       tx->progress[dir_other(dir)] >= a->proto->complete[dir_other(dir)];
}

bool app_tx_complete(const struct app_flow *a, const struct app_tx *tx, enum dir dir)
{
	return a->failed || a->done || a->eof[dir] || a->depth[dir] ||
	       progress_complete(a, tx, dir);
}

uint8_t app_tx_progress(const struct app_flow *a, const struct app_tx *tx, enum dir dir)
{
	return a->depth[dir] ? a->proto->complete[dir] : tx->progress[dir];
}

/* Unlinked already. */
static void tx_free(struct app_call *c, struct app_tx *tx)
{
	const struct app_proto *proto = c->a->pub.proto;

	if (c->w->sink.tx_end)
		c->w->sink.tx_end(c->w->sink.ctx, c->f, tx);
	if (tx->flags & APP_TX_EVENTS_LOST)
		app_count(c->w, APP_COUNT_TX_EVENTS);
	if (proto->tx_free)
		proto->tx_free(&c->io, c->a->pub.state, tx);
	for (unsigned d = 0; d < 2; d++) {
		while (tx->files[d]) {
			struct app_file *file = tx->files[d];

			tx->files[d] = file->next;
			app_file_free(&c->io, file);
		}
	}
	slab_free(c->io.slab, tx, tx->size);
	c->a->tx_live--;
}

void app_tx_free_all(struct app_call *c)
{
	struct app_flow *a = &c->a->pub;

	while (a->tx_first) {
		struct app_tx *tx = a->tx_first;

		a->tx_first = tx->next;
		if (!a->tx_first)
			a->tx_last = NULL;
		tx_free(c, tx);
	}
}

static bool tx_over(const struct app_flow *a, const struct app_tx *tx)
{
	uint8_t through = APP_TX_LOGGED;

	/* A direction in which nothing comes is inspected already. */
	for (unsigned d = 0; d < 2; d++) {
		if (!tx->only_one_way[d])
			through = (uint8_t)(through | APP_TX_INSPECTED_TS << d);
	}
	return (tx->flags & (through | APP_TX_FILES)) == through &&
	       app_tx_complete(a, tx, DIR_TS) && app_tx_complete(a, tx, DIR_TC);
}

void app_tx_release(struct app_worker *w, struct flow *f)
{
	struct app_flow *a = f->app;
	struct app_tx **link, *before = NULL;
	struct app_call c;

	if (!a)
		return;
	a->event_count = 0;
	if (!a->tx_first)
		return;
	app_call_init(&c, w, f, NULL);
	link = &a->tx_first;
	while (*link) {
		struct app_tx *tx = *link;

		if (!tx_over(a, tx)) {
			before = tx;
			link = &tx->next;
			continue;
		}
		*link = tx->next;
		if (a->tx_last == tx)
			a->tx_last = before;
		tx_free(&c, tx);
	}
}
