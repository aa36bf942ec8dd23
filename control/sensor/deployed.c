#include "control/sensor/deployed.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "dataplane/base/clock.h"
#include "signatures/bundle/store.h"

enum { JOBS = 2, PATH = 4096, EVERY_MS = 250, PATIENCE_S = 60 };

/* To the helper and back, one packet each. */
struct question {
	uint32_t number;
	bool back;
	char path[PATH];
};

struct reply {
	uint32_t number;
	int32_t rc;
	char text[400];
};

enum stage { IDLE, ASKED, WAITING };

struct job {
	enum artefact_kind kind;
	enum stage stage;
	uint32_t number;
	uint64_t since; /* monotonic ns */
};

struct deployed {
	struct deployed_setup setup;
	char link[256], text[DEPLOYED_TEXT], trouble[400];
	uint64_t content; /* of the set in force; 0 = none */
	uint64_t differs_since;
	struct job jobs[JOBS];
	uint32_t next;
	struct loop_timer timer;
};

/* --- the helper process --- */

struct place_texts {
	char folder[PATH], keys[PATH], lists[PATH];
};

static void serve(int fd, void *arg)
{
	const struct place_texts *t = arg;
	static struct question q; /* the process is its own */
	struct errmsg e;

	while (helper_receive(fd, &q, sizeof(q)) == (ssize_t)sizeof(q)) {
		struct store_place place = {.folder = t->folder,
					    .keys = t->keys,
					    .lists = t->lists[0] ? t->lists : NULL,
					    .now = (int64_t)time(NULL),
					    .back = q.back};
		struct reply r = {.number = q.number};

		e.text[0] = '\0';
		q.path[PATH - 1] = '\0';
		r.rc = store_install(&place, q.path, NULL, &e);
		snprintf(r.text, sizeof(r.text), "%.399s", e.text);
		if (helper_send(fd, &r, sizeof(r)) != 0)
			return;
	}
}

int deployed_helper(const char *folder, const char *keys, const char *lists, const char *user,
		    struct helper *ret, struct errmsg *e)
{
	struct place_texts *t = calloc(1, sizeof(*t));
	int rc;

	if (!t)
		return errmsg_set(e, ERR_NOMEM, "no memory for the rule sets");
	snprintf(t->folder, sizeof(t->folder), "%s", folder);
	snprintf(t->keys, sizeof(t->keys), "%s", keys);
	snprintf(t->lists, sizeof(t->lists), "%s", lists);
	rc = helper_start(&(struct helper_job){.name = "banken-bundles",
					       .user = user,
					       .sandbox = SANDBOX_NOTICE,
					       .serve = serve,
					       .arg = t},
			  ret, e);
	free(t);
	return rc;
}

/* --- what is in force --- */

static void describe(struct deployed *d, const json_t *set)
{
	const json_t *rules = json_object_get(set, "rules");
	const char *content = json_string_value(json_object_get(rules, "content"));
	char first[17] = "0";
	size_t i, n = 0;
	json_t *part;

	d->text[0] = '\0';
	json_array_foreach(json_object_get(set, "parts"), i, part)
	{
		const char *name = json_string_value(json_object_get(part, "name"));

		if (n < sizeof(d->text))
			n += (size_t)snprintf(d->text + n, sizeof(d->text) - n, "%s%.60s %lld",
					      n ? ", " : "", name ? name : "?",
					      json_integer_value(json_object_get(part, "version")));
	}
	if (n < sizeof(d->text))
		snprintf(d->text + n, sizeof(d->text) - n, "%s(set %lld)", n ? " " : "",
			 json_integer_value(json_object_get(set, "set")));
	if (content)
		snprintf(first, sizeof(first), "%.16s", content);
	d->content = strtoull(first, NULL, 16) >> 1;
}

void deployed_look(struct deployed *d)
{
	char path[PATH], link[sizeof(d->link)];
	json_t *set;
	ssize_t n;

	if (snprintf(path, sizeof(path), "%s/current", d->setup.folder) >= PATH)
		return;
	n = readlink(path, link, sizeof(link) - 1);
	link[n > 0 ? n : 0] = '\0';
	if (strcmp(link, d->link) == 0)
		return;
	snprintf(d->link, sizeof(d->link), "%s", link);
	d->content = 0;
	d->differs_since = 0;
	d->text[0] = '\0';
	if (link[0] && store_current(d->setup.folder, &set, NULL) == ERR_OK) {
		describe(d, set);
		json_decref(set);
	}
}

const char *deployed_text(const struct deployed *d)
{
	return d->text;
}

const char *deployed_trouble(struct deployed *d, bool runs, uint64_t content, uint64_t now)
{
	if (!runs || !d->content || content == d->content) {
		d->differs_since = 0;
		return NULL;
	}
	if (!d->differs_since)
		d->differs_since = now;
	if (now - d->differs_since < PATIENCE_S * NS_PER_SEC)
		return NULL;
	snprintf(d->trouble, sizeof(d->trouble),
		 "the dataplane does not run the rule set in force, %s: its log says why; 'banken "
		 "bundle rollback' goes back",
		 d->text);
	return d->trouble;
}

/* --- installing --- */

static void end(struct deployed *d, struct job *j, int rc, const char *sentence)
{
	enum artefact_kind kind = j->kind;

	j->stage = IDLE;
	if (rc)
		log_warn(d->setup.log, "a %s was not put in force: %s", artefact_kind_text(kind),
			 sentence);
	else
		log_info(d->setup.log, "rules in force: %s", d->text);
	d->setup.settled(d->setup.ctx, kind, rc, sentence);
}

static void take_reply(struct deployed *d, const struct reply *r)
{
	for (unsigned i = 0; i < JOBS; i++) {
		struct job *j = &d->jobs[i];

		if (j->stage != ASKED || j->number != r->number)
			continue;
		if (r->rc != ERR_OK) {
			end(d, j, r->rc, r->text);
			continue;
		}
		deployed_look(d);
		j->stage = WAITING;
		j->since = loop_now(d->setup.loop);
	}
}

/* In force when the dataplane says so; one that does not run takes it when it starts. */
static void wait_for(struct deployed *d, struct job *j)
{
	uint64_t content = 0;
	bool runs = d->setup.runs(d->setup.ctx, &content);

	if (!runs || content == d->content)
		end(d, j, 0, "");
	else if (loop_now(d->setup.loop) - j->since > DEPLOYED_SECONDS * NS_PER_SEC)
		end(d, j, ERR_INVALID, "the dataplane did not take the rules; its log says why");
}

static void tick(void *ctx)
{
	struct deployed *d = ctx;
	struct reply r;
	ssize_t n;
	bool busy = false;

	while ((n = helper_receive_now(d->setup.helper.fd, &r, sizeof(r))) == (ssize_t)sizeof(r)) {
		r.text[sizeof(r.text) - 1] = '\0';
		take_reply(d, &r);
	}
	for (unsigned i = 0; i < JOBS; i++) {
		struct job *j = &d->jobs[i];

		if (j->stage == ASKED && n == 0)
			end(d, j, ERR_IO, "the program that installs bundles ended; try again");
		if (j->stage == WAITING)
			wait_for(d, j);
		busy |= j->stage != IDLE;
	}
	if (busy)
		(void)loop_timer_set(d->setup.loop, &d->timer, EVERY_MS * NS_PER_MS);
}

int deployed_install(void *ctx, const struct artefact_file *f, struct errmsg *e)
{
	struct deployed *d = ctx;
	struct question q = {.back = f->back};
	struct job *j = NULL;

	for (unsigned i = 0; i < JOBS; i++) {
		/* Another of the same kind: only the newest counts. */
		if (d->jobs[i].stage != IDLE && d->jobs[i].kind == f->kind)
			d->jobs[i].stage = IDLE;
		if (d->jobs[i].stage == IDLE)
			j = &d->jobs[i];
	}
	if (!j)
		return errmsg_set(e, ERR_LIMIT, "bundles are being installed already; try again");
	if ((size_t)snprintf(q.path, sizeof(q.path), "%s", f->path) >= sizeof(q.path))
		return errmsg_set(e, ERR_LIMIT, "the path is too long");
	*j = (struct job){.kind = f->kind,
			  .stage = ASKED,
			  .number = q.number = ++d->next,
			  .since = loop_now(d->setup.loop)};
	if (d->setup.helper.fd < 0 || helper_send(d->setup.helper.fd, &q, sizeof(q)) != 0) {
		j->stage = IDLE;
		return errmsg_set(e, ERR_IO, "the program that installs bundles does not run");
	}
	(void)loop_timer_set(d->setup.loop, &d->timer, EVERY_MS * NS_PER_MS);
	return ERR_AGAIN;
}

struct deployed *deployed_new(const struct deployed_setup *setup)
{
	struct deployed *d = calloc(1, sizeof(*d));

	if (!d)
		return NULL;
	d->setup = *setup;
	d->timer = (struct loop_timer){.fn = tick, .ctx = d};
	deployed_look(d);
	return d;
}

void deployed_free(struct deployed *d)
{
	if (!d)
		return;
	loop_timer_stop(d->setup.loop, &d->timer);
	free(d);
}
