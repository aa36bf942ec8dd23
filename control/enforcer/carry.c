#include "control/enforcer/carry.h"

#include <assert.h>
#include <linux/capability.h>
#include <stdlib.h>
#include <string.h>

#include "control/helper/helper.h"
#include "control/helper/run.h"

enum { NFT_TIMEOUT_MS = 10000 };

/* HELLO: from a helper that has just started and knows of no transaction. */
enum carry_kind {
	CARRY_HELLO = 1,
	CARRY_BEGIN,
	CARRY_FRESH,
	CARRY_ADD,
	CARRY_REMOVE,
	CARRY_END,
	CARRY_COUNT
};

struct carry_order {
	enum carry_kind kind;
	uint64_t token;
	struct nft_host host;
};

struct carry_answer {
	enum carry_kind kind; /* HELLO, END or COUNT */
	uint64_t token;
	bool ok, last;
	uint32_t n;
	char sentence[256];
	struct nft_count counts[NFT_COUNTS];
};

static_assert(sizeof(struct carry_answer) <= HELPER_PACKET_MAX, "one answer is one packet");

/* ---- the helper's side ---- */

struct work {
	const struct nft_layout *layout;
	int fd;
	bool open, fresh;	    /* a transaction is being received */
	struct nft_change *changes; /* of the transaction being received */
	struct nft_host *hosts;
	size_t n, cap;
	struct carry_answer *answer;
	char *out; /* NFT_TEXT_MAX */
};

static void say(struct work *w)
{
	size_t size =
		offsetof(struct carry_answer, counts) + w->answer->n * sizeof(w->answer->counts[0]);

	helper_send(w->fd, w->answer, size);
}

static int keep(struct work *w, const struct carry_order *o)
{
	if (w->n == w->cap) {
		size_t cap = w->cap ? 2 * w->cap : 64;
		struct nft_host *hosts = realloc(w->hosts, cap * sizeof(*hosts));

		if (!hosts)
			return ERR_NOMEM;
		w->hosts = hosts;
		w->changes = realloc(w->changes, cap * sizeof(*w->changes));
		if (!w->changes)
			return ERR_NOMEM;
		w->cap = cap;
	}
	w->hosts[w->n] = o->host;
	w->changes[w->n].op = o->kind == CARRY_ADD ? NFT_ADD : NFT_REMOVE;
	w->n++;
	return 0;
}

static int nft(struct work *w, const char *const *argv, struct slice input, struct run_result *r,
	       struct errmsg *e)
{
	int rc;

	*r = (struct run_result){.output = w->out, .cap = NFT_TEXT_MAX};
	rc = run_program(argv, input, NFT_TIMEOUT_MS, r, e);
	if (rc == 0 && r->status != 0) {
		w->out[strcspn(w->out, "\n")] = 0;
		rc = errmsg_set(e, ERR_IO, "nft: %.200s", w->out);
	}
	return rc;
}

static void commit(struct work *w, uint64_t token)
{
	static const char *const argv[] = {"nft", "-j", "-f", "-", NULL};
	struct errmsg e = {""};
	struct run_result r;
	struct slice text;
	int rc;

	/* Growing moved them. */
	for (size_t i = 0; i < w->n; i++)
		w->changes[i].host = &w->hosts[i];
	rc = nft_write(w->layout, w->fresh, w->changes, w->n, &text);
	if (rc < 0) {
		errmsg_set(&e, rc, "the transaction does not fit into memory");
	} else {
		rc = nft(w, argv, text, &r, &e);
		free((void *)text.data);
	}
	w->n = 0;
	w->answer->kind = CARRY_END;
	w->answer->token = token;
	w->answer->ok = rc == 0;
	w->answer->n = 0;
	snprintf(w->answer->sentence, sizeof(w->answer->sentence), "%s", e.text);
	say(w);
}

/* What all families have counted. */
static int list(struct work *w, struct nft_counts *ret, struct errmsg *e)
{
	const char *family;
	int rc = 0;

	for (unsigned i = 0; rc == 0 && (family = nft_family(w->layout, i)); i++) {
		const char *argv[] = {"nft", "-j", "list", "table", family, "banken", NULL};
		struct run_result r;

		rc = nft(w, argv, SLICE(NULL, 0), &r, e);
		if (rc == 0)
			rc = nft_read(SLICE(w->out, r.len), family, ret, e);
	}
	return rc;
}

static void count(struct work *w)
{
	enum { MOST = 1 << 20 };
	struct nft_counts all = {.items = calloc(MOST, sizeof(*all.items)), .max = MOST};
	struct carry_answer *a = w->answer;
	struct errmsg e = {"no memory"};
	size_t sent = 0;

	a->kind = CARRY_COUNT;
	a->ok = all.items && list(w, &all, &e) == 0;
	snprintf(a->sentence, sizeof(a->sentence), "%.255s", a->ok ? "" : e.text);
	do {
		a->n = (uint32_t)(all.n - sent < NFT_COUNTS ? all.n - sent : NFT_COUNTS);
		if (a->n)
			memcpy(a->counts, all.items + sent, a->n * sizeof(*a->counts));
		sent += a->n;
		a->last = sent == all.n;
		say(w);
	} while (sent < all.n);
	free(all.items);
}

static int work_on(struct work *w, const struct carry_order *o)
{
	switch (o->kind) {
	case CARRY_BEGIN:
	case CARRY_FRESH:
		w->n = 0;
		w->open = true;
		w->fresh = o->kind == CARRY_FRESH;
		break;
	case CARRY_ADD:
	case CARRY_REMOVE:
		return w->open ? keep(w, o) : 0;
	case CARRY_END:
		/* The rest of a transaction whose beginning a crash took is worth nothing. */
		if (w->open)
			commit(w, o->token);
		w->open = false;
		break;
	case CARRY_COUNT:
		count(w);
		break;
	default:
		break;
	}
	return 0;
}

static void serve(int fd, void *arg)
{
	struct work w = {.layout = arg,
			 .fd = fd,
			 .answer = calloc(1, sizeof(*w.answer)),
			 .out = malloc(NFT_TEXT_MAX)};
	struct carry_order o;

	if (!w.answer || !w.out)
		return;
	w.answer->kind = CARRY_HELLO;
	say(&w);
	while (helper_receive(fd, &o, sizeof(o)) == sizeof(o) && work_on(&w, &o) == 0)
		;
}

/* ---- the program's side ---- */

struct carry {
	struct helper helper;
	struct nft_layout layout;
	struct loop *loop;
	const struct log *log;
	struct carry_ops ops;
	struct carry_order *out; /* not yet sent */
	size_t out_n, out_cap, out_sent;
	bool counting; /* an answer is awaited */
	bool greeted;
	struct carry_answer answer;
};

struct carry *carry_start(const struct nft_layout *layout, const char *user, struct errmsg *e)
{
	struct carry *c = calloc(1, sizeof(*c));
	struct helper_job job = {.name = "banken-nft",
				 .user = user,
				 .keep = 1ull << CAP_NET_ADMIN,
				 .sandbox = SANDBOX_TOOL,
				 .serve = serve};

	if (!c) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	c->layout = *layout;
	job.arg = &c->layout;
	if (helper_start(&job, &c->helper, e) < 0) {
		free(c);
		return NULL;
	}
	return c;
}

static void on_event(void *ctx, uint32_t events);

static void watch(struct carry *c)
{
	bool waiting = c->out_sent < c->out_n;

	loop_watch(c->loop, c->helper.fd, EPOLLIN | (waiting ? EPOLLOUT : 0), on_event, c);
}

static void flush(struct carry *c)
{
	while (c->out_sent < c->out_n &&
	       helper_send(c->helper.fd, &c->out[c->out_sent], sizeof(*c->out)) == 0)
		c->out_sent++;
	if (c->out_sent == c->out_n)
		c->out_sent = c->out_n = 0;
	watch(c);
}

static bool take(struct carry *c)
{
	struct carry_answer *a = &c->answer;
	ssize_t n = helper_receive(c->helper.fd, a, sizeof(*a));

	if (n == ERR_AGAIN)
		return false;
	if (n < (ssize_t)offsetof(struct carry_answer, counts) || a->n > NFT_COUNTS) {
		loop_unwatch(c->loop, c->helper.fd);
		c->ops.lost(c->ops.ctx);
		return false;
	}
	if (a->kind == CARRY_HELLO) {
		c->counting = false;
		if (c->greeted)
			c->ops.restarted(c->ops.ctx);
		c->greeted = true;
	} else if (a->kind == CARRY_END) {
		c->ops.done(c->ops.ctx, a->token, a->ok, a->sentence);
	} else {
		c->counting = !a->last;
		c->ops.counts(c->ops.ctx, a->counts, a->n, a->last, a->ok ? NULL : a->sentence);
	}
	return true;
}

static void on_event(void *ctx, uint32_t events)
{
	struct carry *c = ctx;

	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
		while (take(c))
			;
	}
	if (events & EPOLLOUT)
		flush(c);
}

int carry_attach(struct carry *c, struct loop *loop, const struct log *log,
		 const struct carry_ops *ops)
{
	c->loop = loop;
	c->log = log;
	c->ops = *ops;
	return loop_watch(loop, c->helper.fd, EPOLLIN, on_event, c);
}

void carry_stop(struct carry *c)
{
	if (!c)
		return;
	if (c->loop)
		loop_unwatch(c->loop, c->helper.fd);
	helper_stop(&c->helper);
	free(c->out);
	free(c);
}

static struct carry_order *push(struct carry *c, enum carry_kind kind)
{
	if (c->out_n == c->out_cap) {
		size_t cap = c->out_cap ? 2 * c->out_cap : 64;
		struct carry_order *out = realloc(c->out, cap * sizeof(*out));

		if (!out)
			return NULL;
		c->out = out;
		c->out_cap = cap;
	}
	memset(&c->out[c->out_n], 0, sizeof(*c->out));
	c->out[c->out_n].kind = kind;
	return &c->out[c->out_n++];
}

int carry_begin(struct carry *c, bool fresh)
{
	return push(c, fresh ? CARRY_FRESH : CARRY_BEGIN) ? 0 : ERR_NOMEM;
}

int carry_change(struct carry *c, enum nft_op op, const struct nft_host *host)
{
	struct carry_order *o = push(c, op == NFT_ADD ? CARRY_ADD : CARRY_REMOVE);

	if (o)
		o->host = *host;
	return o ? 0 : ERR_NOMEM;
}

int carry_end(struct carry *c, uint64_t token)
{
	struct carry_order *o = push(c, CARRY_END);

	if (!o)
		return ERR_NOMEM;
	o->token = token;
	flush(c);
	return 0;
}

void carry_ask_counts(struct carry *c)
{
	if (c->counting || !push(c, CARRY_COUNT))
		return;
	c->counting = true;
	flush(c);
}
