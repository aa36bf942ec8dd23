#include "control/centre/fleet/rollouts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts_private.h"
#include "control/wire/file.h"
#include "control/wire/managed.h"
#include "control/wire/sign.h"

#define EMPTY_SHA256 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

enum { OFFER_LIFE_S = 7 * 86400, SOAK_S = 3600, LIMIT = 10 };

/* ---- files ---- */

void fleet_path(const struct fleet *f, const char *sha256, char ret[512])
{
	snprintf(ret, 512, "%.400s/%s", f->setup.folder, sha256);
}

/* Centres beside each other share the folder. */
void fleet_new_path(const struct fleet *f, char ret[512])
{
	snprintf(ret, 512, "%.400s/new-%.100s", f->setup.folder, duty_holder(f->setup.duty));
}

int rollouts_keep_file(struct fleet *f, const char *path, const struct fleet_file *file,
		       struct errmsg *e)
{
	struct fleet_file copy = *file;
	char to[512];

	fleet_path(f, file->sha256, to);
	if (rename(path, to))
		return errmsg_set(e, ERR_IO, "%s cannot be stored: %s", path, strerror(errno));
	copy.made = loop_wall(f->setup.loop);
	return fleet_file_put(f->setup.store, &copy, e);
}

static int copy_file(const char *from, const char *to, struct errmsg *e)
{
	FILE *in = fopen(from, "rbe"), *out = in ? fopen(to, "wbe") : NULL;
	char buf[65536];
	size_t n;
	int rc = 0;

	if (!out) {
		rc = errmsg_set(e, ERR_IO, "%s cannot be read by the centre: %s", in ? to : from,
				strerror(errno));
		if (in)
			fclose(in);
		return rc;
	}
	while (rc == 0 && (n = fread(buf, 1, sizeof(buf), in)) > 0) {
		if (fwrite(buf, 1, n, out) != n || ftell(out) > ARTEFACT_SIZE_MAX)
			rc = errmsg_set(e, ERR_IO, "%s cannot be stored", from);
	}
	fclose(in);
	if ((fflush(out) || fsync(fileno(out))) && rc == 0)
		rc = errmsg_set(e, ERR_IO, "%s cannot be stored", from);
	fclose(out);
	return rc;
}

static json_t *add_file(struct rollouts *r, const json_t *request, const char *actor,
			struct errmsg *e)
{
	struct fleet_file file = {.made = 0}, other;
	enum artefact_kind kind;
	char path[512];
	int rc;

	snprintf(file.kind, sizeof(file.kind), "%.15s", fleet_text(request, "kind"));
	snprintf(file.version, sizeof(file.version), "%.63s", fleet_text(request, "version"));
	snprintf(file.author, sizeof(file.author), "%.63s", actor);
	snprintf(file.reason, sizeof(file.reason), "%.127s", fleet_text(request, "reason"));
	if (artefact_kind_parse(file.kind, &kind) || kind == ARTEFACT_CONFIG || !file.version[0]) {
		errmsg_set(e, ERR_INVALID,
			   "\"kind\" must be bundle, pattern or firmware, and \"version\" a name");
		return NULL;
	}
	if (fleet_file_find(r->f->setup.store, "", file.kind, file.version, &other, e) > 0) {
		errmsg_set(e, ERR_EXISTS, "there is a %s %s already", file.kind, file.version);
		return NULL;
	}
	fleet_new_path(r->f, path);
	rc = copy_file(fleet_text(request, "path"), path, e);
	if (rc == 0)
		rc = artefact_hash_file(path, file.sha256, &file.size, e);
	if (rc == 0 && file.size == 0)
		rc = errmsg_set(e, ERR_INVALID, "the file is empty");
	if (rc == 0)
		rc = rollouts_keep_file(r->f, path, &file, e);
	if (rc)
		return NULL;
	fleet_audit(r->f, actor, "file added",
		    json_pack("{ss so ss}", "kind", file.kind, "version", local_text(file.version),
			      "sha256", file.sha256));
	return json_pack("{sb ss sI}", "ok", 1, "sha256", file.sha256, "size",
			 (json_int_t)file.size);
}

/* ---- offers ---- */

int rollouts_offer(struct rollouts *r, const struct fleet_box *box, const struct task *t,
		   const struct fleet_file *file, bool back, struct errmsg *e)
{
	struct fleet *f = r->f;
	struct message m = {.kind = MESSAGE_ARTEFACT_OFFER};
	uint64_t now = loop_wall(f->setup.loop);
	struct slice payload;
	char id[ARTEFACT_ID_MAX];
	int rc;

	snprintf(id, sizeof(id), "r%llu%s", (unsigned long long)t->r->id, back ? ".back" : "");
	m.artefact_offer = (struct artefact_offer){.id = id,
						   .box = box->name,
						   .number = box->number + 1,
						   .version = file->version,
						   .size = file->size,
						   .sha256 = file->sha256,
						   .issued = now,
						   .expires = now + OFFER_LIFE_S * NS_PER_SEC,
						   .back = back || file->size == 0,
						   .actor = t->about.author,
						   .reason = t->about.reason};
	(void)artefact_kind_parse(t->about.kind, &m.artefact_offer.kind);
	rc = fleet_box_set(f->setup.store, box->name, "number", box->number + 1, e);
	if (rc == 0)
		rc = sign_message(f->setup.keys, &m, &payload, e);
	if (rc)
		return rc;
	rc = spool_put(f->setup.spool, box->name, LANE_STATE, payload, now, e);
	payload_free(&payload);
	if (rc == 0)
		link_server_wake(f->server, box->name);
	return rc;
}

static bool is_config(const struct task *t)
{
	return strcmp(t->about.kind, "config") == 0;
}

/* What the box shall have, and what it has now. */
static int choose(struct task *t, const struct fleet_box *box, struct rollout_box_more *m,
		  bool back, struct fleet_file *ret, struct errmsg *e)
{
	struct store *s = t->all->f->setup.store;
	const char *scope = t->about.scope;
	int rc;

	*ret = (struct fleet_file){.sha256 = EMPTY_SHA256};
	if (is_config(t)) {
		uint64_t version = back ? m->was_layer : strtoull(t->about.version, NULL, 10);

		if (!back)
			m->was_layer = config_layer(s, box->name, scope, e);
		rc = config_document(t->all->f, box, scope, version, ret, e);
		snprintf(ret->version, sizeof(ret->version), "%.50s@%llu", scope,
			 (unsigned long long)version);
		return rc == 0 ? config_layer_set(s, box->name, scope, version, e) : rc;
	}
	if (!back) {
		rc = fleet_has(s, box->name, t->about.kind, m->was_sha256, m->was_version, e);
		return rc							  ? rc
		       : fleet_file_find(s, t->about.sha256, "", "", ret, e) == 1 ? 0
										  : ERR_IO;
	}
	snprintf(ret->version, sizeof(ret->version), "none");
	if (m->was_sha256[0] && fleet_file_find(s, m->was_sha256, "", "", ret, e) != 1)
		return errmsg_set(e, ERR_NOTFOUND, "what %s had before is not here any more",
				  box->name);
	return 0;
}

static int change_in(struct task *t, const struct rollout_box *b, bool offer, bool back,
		     struct errmsg *e)
{
	struct rollout_box_more *m = &t->more[b - t->r->boxes];
	struct store *s = t->all->f->setup.store;
	struct fleet_file file;
	struct fleet_box box;
	int rc = 0;

	if (offer && fleet_box_find(s, b->name, &box, e) != 1)
		return ERR_NOTFOUND;
	if (offer)
		rc = choose(t, &box, m, back, &file, e);
	if (rc == 0 && offer) {
		snprintf(m->sha256, sizeof(m->sha256), "%s", file.sha256);
		snprintf(m->version, sizeof(m->version), "%s", file.version);
		m->text[0] = '\0';
	}
	if (rc == 0)
		rc = rollouts_stamp(t->all, e);
	if (rc == 0)
		rc = rollout_box_keep(s, t->r->id, b, m, e);
	if (rc == 0 && offer && !rollouts_are_shared(t->all))
		rc = rollouts_offer(t->all, &box, t, &file, back, e);
	return rc;
}

/* Kept first, then sent: killed between the two, the offer is made again. */
static int change(void *ctx, const struct rollout *r, const struct rollout_box *b, bool offer,
		  bool back)
{
	struct task *t = ctx;
	struct errmsg e = {""};
	int rc;

	(void)r;
	/* Answers come within the transaction that stores them; turns of centres beside each other
	 * are one. */
	if (!offer || t->all->is_open) {
		rc = change_in(t, b, offer, back, &e);
		if (rc)
			log_error(t->all->f->setup.log, "roll-out %llu, %s: %s",
				  (unsigned long long)t->r->id, b->name, e.text);
		return rc;
	}
	rc = store_begin(t->all->f->setup.store, &e);
	if (rc)
		return rc;
	rc = change_in(t, b, true, back, &e);
	if (rc == 0)
		rc = store_commit(t->all->f->setup.store, &e);
	if (rc) {
		store_rollback(t->all->f->setup.store);
		log_error(t->all->f->setup.log, "roll-out %llu, %s: %s",
			  (unsigned long long)t->r->id, b->name, e.text);
	}
	return rc;
}

static int keep(void *ctx, const struct rollout *r)
{
	struct task *t = ctx;
	struct errmsg e = {""};
	int rc = rollouts_stamp(t->all, &e);

	rc = rc ? rc : rollout_keep(t->all->f->setup.store, r, &e);
	if (rc)
		log_error(t->all->f->setup.log, "%s", e.text);
	else if (r->state == ROLLOUT_STOPPED && r->why[0])
		log_warn(t->all->f->setup.log, "roll-out %llu of %s %s: %s",
			 (unsigned long long)r->id, t->about.kind, t->about.version, r->why);
	return rc;
}

static struct rollout_ops ops_of(struct task *t)
{
	return (struct rollout_ops){rollouts_how, change, keep, t};
}

/* ---- the boxes' side ---- */

struct task *rollouts_task(struct rollouts *r, uint64_t id)
{
	for (unsigned i = 0; i < r->n; i++) {
		if (r->tasks[i].r->id == id)
			return &r->tasks[i];
	}
	return NULL;
}

int rollouts_result(struct rollouts *r, const char *peer, const struct artefact_result *a,
		    struct errmsg *e)
{
	uint64_t id = a->id[0] == 'r' ? strtoull(a->id + 1, NULL, 10) : 0;
	int rc = a->state < ARTEFACT_STATE_IN_FORCE ? ERR_OK : rollouts_lock(r, e);
	struct task *t = rollouts_task(r, id);
	struct rollout_box *b = t ? rollout_find(t->r, peer) : NULL;
	struct rollout_ops ops;

	if (rc)
		return rc;
	if (!b || a->state < ARTEFACT_STATE_IN_FORCE)
		return ERR_OK;
	snprintf(t->more[b - t->r->boxes].text, sizeof(t->more[0].text), "%.255s", a->text);
	if (a->state == ARTEFACT_STATE_IN_FORCE &&
	    fleet_has_set(r->f->setup.store, peer, artefact_kind_text(a->kind), a->sha256,
			  a->version, e))
		return ERR_IO;
	if (a->text[0])
		log_warn(r->f->setup.log, "%s refuses %s %s: %s", peer, artefact_kind_text(a->kind),
			 a->version, a->text);
	ops = ops_of(t);
	return rollout_answer(t->r, peer, strstr(a->id, ".back") != NULL,
			      a->state == ARTEFACT_STATE_IN_FORCE, loop_wall(r->f->setup.loop),
			      &ops);
}

/* Whether the box has been offered this file, by a roll-out that goes on. */
static bool may_have(struct rollouts *r, const char *peer, const char *sha256)
{
	struct errmsg e = {""};

	if (rollouts_fresh(r, &e))
		log_error(r->f->setup.log, "%s", e.text);
	for (unsigned i = 0; i < r->n; i++) {
		const struct task *t = &r->tasks[i];
		const struct rollout_box *b = rollout_find(t->r, peer);

		if (b && strcmp(t->more[b - t->r->boxes].sha256, sha256) == 0 &&
		    ((b->step == STEP_OFFERED && t->r->state != ROLLOUT_STOPPED &&
		      t->r->state != ROLLOUT_BACK) ||
		     b->step == STEP_BACK_OFFERED))
			return true;
	}
	return false;
}

static size_t read_piece(struct rollouts *r, const struct artefact_want *w, uint8_t *buf,
			 struct artefact_chunk *ret)
{
	uint64_t most = w->most < ARTEFACT_CHUNK ? w->most : ARTEFACT_CHUNK;
	char path[512];
	ssize_t n;
	int fd;

	fleet_path(r->f, w->sha256, path);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd >= 0 && w->offset <= ARTEFACT_SIZE_MAX ? pread(fd, buf, most, (off_t)w->offset) : -1;
	if (fd >= 0)
		close(fd);
	if (n < 0)
		ret->refused = "the centre has lost the file";
	return n < 0 ? 0 : (size_t)n;
}

void rollouts_want(struct rollouts *r, const char *peer, const struct artefact_want *w)
{
	struct message m = {.kind = MESSAGE_ARTEFACT_CHUNK};
	uint8_t *buf = malloc(ARTEFACT_CHUNK);
	struct slice payload;
	struct errmsg e;

	m.artefact_chunk =
		(struct artefact_chunk){.sha256 = w->sha256, .offset = w->offset, .refused = ""};
	if (buf && artefact_hash_ok(w->sha256) && may_have(r, peer, w->sha256))
		m.artefact_chunk.data = SLICE(buf, read_piece(r, w, buf, &m.artefact_chunk));
	else
		m.artefact_chunk.refused = "the roll-out was stopped, or it is not for this box";
	if (message_encode(&m, &payload, &e) == 0) {
		(void)link_server_send_passing(r->f->server, peer, payload);
		payload_free(&payload);
	}
	free(buf);
}

/* ---- starting one ---- */

static int take_rings(const json_t *request, struct rollout *r, struct errmsg *e)
{
	static const unsigned usual[] = {1, 10, 50, 100};
	const json_t *rings = json_object_get(request, "rings"), *ring;
	size_t i;

	if (!rings) {
		memcpy(r->percent, usual, sizeof(usual));
		r->n_rings = ARRAY_SIZE(usual);
		return 0;
	}
	json_array_foreach(rings, i, ring)
	{
		json_int_t percent = json_integer_value(ring);

		if (i == ROLLOUT_RINGS || percent < 1 || percent > 100 ||
		    (i && percent <= (json_int_t)r->percent[i - 1]))
			return errmsg_set(e, ERR_INVALID,
					  "\"rings\" are up to %d rising percents, the last 100",
					  ROLLOUT_RINGS);
		r->percent[i] = (unsigned)percent;
	}
	r->n_rings = (unsigned)json_array_size(rings);
	if (r->n_rings == 0 || r->percent[r->n_rings - 1] != 100)
		return errmsg_set(e, ERR_INVALID, "the last of \"rings\" must be 100");
	return 0;
}

static bool is_in_scope(const char *scope, const struct fleet_box *b)
{
	char scopes[CONFIG_SCOPES][CONFIG_SCOPE];

	config_scopes(b, scopes);
	for (int i = 0; i < CONFIG_SCOPES; i++) {
		if (strcmp(scopes[i], scope) == 0)
			return true;
	}
	return false;
}

static bool for_sensors(const char *kind)
{
	return strcmp(kind, "bundle") == 0 || strcmp(kind, "pattern") == 0;
}

/* One more box, which gets it when everybody has. */
static int add_box(struct task *t, const char *name, struct errmsg *e)
{
	struct rollout *r = t->r;
	struct rollout_box *boxes = realloc(r->boxes, (r->n + 1) * sizeof(*boxes));
	struct rollout_box_more *more;
	uint64_t *carried;
	int rc;

	if (boxes)
		r->boxes = boxes;
	more = boxes ? realloc(t->more, (r->n + 1) * sizeof(*more)) : NULL;
	if (more)
		t->more = more;
	carried = more ? realloc(t->carried, (r->n + 1) * sizeof(*carried)) : NULL;
	if (!carried)
		return errmsg_set(e, ERR_NOMEM, "no memory for a box");
	t->carried = carried;
	carried[r->n] = 0;
	r->boxes[r->n] = (struct rollout_box){.ring = r->n_rings - 1};
	t->more[r->n] = (struct rollout_box_more){.text = ""};
	snprintf(r->boxes[r->n].name, sizeof(r->boxes[0].name), "%s", name);
	rc = rollouts_stamp(t->all, e);
	return rc ? rc
		  : rollout_box_keep(t->all->f->setup.store, r->id, &r->boxes[r->n], &t->more[r->n],
				     e);
}

/* Who comes later gets what everybody of his scope has. */
static bool is_to_join(const struct task *t, const struct identity *peer,
		       const struct fleet_box *box)
{
	return t->r->state == ROLLOUT_DONE && !rollout_find(t->r, peer->name) &&
	       is_in_scope(t->about.scope, box) &&
	       (!for_sensors(t->about.kind) || peer->role == ROLE_SENSOR);
}

static bool joins_any(const struct rollouts *all, const struct identity *peer,
		      const struct fleet_box *box)
{
	for (unsigned i = 0; i < all->n; i++) {
		if (is_to_join(&all->tasks[i], peer, box))
			return true;
	}
	return false;
}

void rollouts_join(struct rollouts *all, const struct identity *peer)
{
	struct errmsg e = {""};
	struct fleet_box box;
	int rc;

	if (fleet_box_find(all->f->setup.store, peer->name, &box, &e) != 1)
		return;
	rc = rollouts_fresh(all, &e);
	if (rc == 0 && !joins_any(all, peer, &box))
		return;
	rc = rc ? rc : rollouts_enter(all, &e);
	if (rc == 0) {
		for (unsigned i = 0; i < all->n && rc == 0; i++) {
			struct task *t = &all->tasks[i];

			if (!is_to_join(t, peer, &box))
				continue;
			rc = add_box(t, peer->name, &e);
			t->r->n += rc == 0;
		}
		rc = rollouts_leave(all, rc, &e);
	}
	if (rc)
		log_error(all->f->setup.log, "%s", e.text);
}

void rollouts_anew(struct rollouts *r, const char *box)
{
	struct errmsg e = {""};
	int rc = rollouts_enter(r, &e);

	if (rc == 0) {
		rc = fleet_has_nothing(r->f->setup.store, box, &e);
		for (unsigned i = 0; i < r->n && rc == 0; i++) {
			struct task *t = &r->tasks[i];
			struct rollout_box *b = rollout_find(t->r, box);

			if (!b || b->step == STEP_WAITING)
				continue;
			b->step = STEP_WAITING;
			rc = rollouts_stamp(r, &e);
			rc = rc ? rc
				: rollout_box_keep(r->f->setup.store, t->r->id, b,
						   &t->more[b - t->r->boxes], &e);
		}
		rc = rollouts_leave(r, rc, &e);
	}
	if (rc)
		log_error(r->f->setup.log, "%s", e.text);
}

static bool is_wanted(const json_t *box, const json_t *request, const char *scope)
{
	static const char *const keys[] = {"customer", "site", "role", "ring"};
	static const char *const asked[] = {"customer", "site", "role", "group"};

	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *want = fleet_text(request, asked[i]);

		if (want[0] && strcmp(want, fleet_text(box, keys[i])) != 0)
			return false;
	}
	if (strncmp(scope, "customer:", 9) == 0)
		return strcmp(scope + 9, fleet_text(box, "customer")) == 0;
	if (strncmp(scope, "site:", 5) == 0)
		return strcmp(scope + 5, fleet_text(box, "site")) == 0;
	return strncmp(scope, "box:", 4) != 0 || strcmp(scope + 4, fleet_text(box, "name")) == 0;
}

static int take_boxes(struct rollouts *all, const json_t *request, struct task *t, struct errmsg *e)
{
	json_t *boxes = fleet_boxes(all->f->setup.store, "", e), *box;
	/* A mitigator takes its configuration only. */
	const char *role = strcmp(t->about.kind, "config") == 0 ? "" : "sensor";
	size_t i, n = json_array_size(boxes);

	t->r->boxes = calloc(n + 1, sizeof(*t->r->boxes));
	t->more = calloc(n + 1, sizeof(*t->more));
	t->carried = calloc(n + 1, sizeof(*t->carried));
	json_array_foreach(boxes, i, box)
	{
		if (!t->r->boxes || !t->more || !t->carried ||
		    !is_wanted(box, request, t->about.scope) ||
		    (role[0] && strcmp(role, fleet_text(box, "role")) != 0))
			continue;
		t->r->boxes[t->r->n].before.is_up = json_is_true(json_object_get(box, "up"));
		snprintf(t->r->boxes[t->r->n++].name, WIRE_NAME_MAX, "%s", fleet_text(box, "name"));
	}
	json_decref(boxes);
	return t->r->n ? 0 : errmsg_set(e, ERR_NOTFOUND, "no box is meant by that");
}

/* Whom a file is for, as a scope: who comes later is compared with it. A group's are chosen by
 * hand. */
static void file_scope(const json_t *request, struct rollout_about *a)
{
	static const char *const keys[] = {"group", "site", "customer"};

	snprintf(a->scope, sizeof(a->scope), "fleet");
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++) {
		const char *value = fleet_text(request, keys[i]);

		if (!value[0])
			continue;
		snprintf(a->scope, sizeof(a->scope), "%s:%.60s", keys[i], value);
		return;
	}
}

/* What is rolled out is there, and may be. */
static int take_about(struct rollouts *all, const json_t *request, const char *actor,
		      struct rollout_about *a, struct errmsg *e)
{
	struct store *s = all->f->setup.store;
	struct config_version c;
	struct fleet_file file;
	int rc;

	snprintf(a->kind, sizeof(a->kind), "%.15s", fleet_text(request, "kind"));
	snprintf(a->version, sizeof(a->version), "%.63s", fleet_text(request, "version"));
	snprintf(a->author, sizeof(a->author), "%.63s", actor);
	snprintf(a->reason, sizeof(a->reason), "%.127s", fleet_text(request, "reason"));
	a->made = loop_wall(all->f->setup.loop);
	if (strcmp(a->kind, "config") != 0) {
		file_scope(request, a);
		rc = fleet_file_find(s, "", a->kind, a->version, &file, e);
		snprintf(a->sha256, sizeof(a->sha256), "%s", file.sha256);
		return rc == 1 ? 0
			       : errmsg_set(e, ERR_NOTFOUND, "there is no %s %s", a->kind,
					    a->version);
	}
	snprintf(a->scope, sizeof(a->scope), "%.79s", fleet_text(request, "scope"));
	rc = config_find(s, a->scope, strtoull(a->version, NULL, 10), &c, e);
	free(c.body);
	if (rc != 1)
		return errmsg_set(e, ERR_NOTFOUND, "there is no version %s of %s", a->version,
				  a->scope);
	if (strcmp(c.state, "approved") != 0)
		return errmsg_set(e, ERR_DENIED,
				  "version %s of %s is %s: a second person approves "
				  "it first",
				  a->version, a->scope, c.state);
	return 0;
}

void rollouts_free_task(struct task *t)
{
	if (t->r)
		free(t->r->boxes);
	free(t->r);
	free(t->more);
	free(t->carried);
	*t = (struct task){0};
}

/* The oldest that is over makes room. */
static bool make_place(struct rollouts *all)
{
	for (unsigned i = 0; all->n == ROLLOUTS_MOST && i < all->n; i++) {
		enum rollout_state s = all->tasks[i].r->state;

		if (s != ROLLOUT_DONE && s != ROLLOUT_STOPPED)
			continue;
		rollouts_free_task(&all->tasks[i]);
		memmove(&all->tasks[i], &all->tasks[i + 1], (--all->n - i) * sizeof(all->tasks[0]));
	}
	return all->n < ROLLOUTS_MOST;
}

static int keep_new(struct task *t, struct errmsg *e)
{
	struct store *s = t->all->f->setup.store;
	bool is_open = t->all->is_open;
	int rc = is_open ? rollouts_stamp(t->all, e) : store_begin(s, e);

	if (rc)
		return rc;
	t->r->id = (uint64_t)rollout_new_id(s, e);
	rollout_plan(t->r);
	rc = rollout_put(s, t->r, &t->about, e);
	for (size_t i = 0; i < t->r->n && rc == 0; i++)
		rc = rollout_box_keep(s, t->r->id, &t->r->boxes[i], &t->more[i], e);
	if (rc == 0 && !is_open)
		rc = store_commit(s, e);
	if (rc && !is_open)
		store_rollback(s);
	return rc;
}

/* A newer one of the same kind and scope takes the place of those before. */
static void end_others(struct rollouts *all, const struct task *t)
{
	for (unsigned i = 0; i < all->n; i++) {
		struct task *o = &all->tasks[i];
		struct rollout_ops ops = ops_of(o);
		struct errmsg e;

		if (strcmp(o->about.kind, t->about.kind) == 0 &&
		    strcmp(o->about.scope, t->about.scope) == 0 && o->r->state != ROLLOUT_BACK)
			(void)rollout_order(o->r, ROLLOUT_STOPPED, "a newer one took its place",
					    &ops, &e);
	}
}

static json_t *start(struct rollouts *all, const json_t *request, const char *actor,
		     struct errmsg *e)
{
	json_int_t soak = json_integer_value(json_object_get(request, "soak_s"));
	json_int_t limit = json_integer_value(json_object_get(request, "limit"));
	struct task t = {.r = calloc(1, sizeof(*t.r)), .all = all};
	int rc = t.r && make_place(all) ? 0 : errmsg_set(e, ERR_LIMIT, "too many roll-outs go on");

	if (rc == 0)
		rc = take_about(all, request, actor, &t.about, e);
	if (rc == 0)
		rc = take_rings(request, t.r, e);
	if (rc == 0)
		rc = take_boxes(all, request, &t, e);
	if (rc == 0) {
		t.r->soak_ns = (json_is_integer(json_object_get(request, "soak_s")) && soak >= 0
					? (uint64_t)soak
					: SOAK_S) *
			       NS_PER_SEC;
		t.r->limit = limit > 0 && limit < 100 ? (unsigned)limit : LIMIT;
		end_others(all, &t);
		rc = keep_new(&t, e);
	}
	if (rc) {
		rollouts_free_task(&t);
		return NULL;
	}
	all->tasks[all->n++] = t;
	fleet_audit(all->f, actor, "roll-out begun",
		    json_pack("{sI ss so so sI}", "id", (json_int_t)t.r->id, "kind", t.about.kind,
			      "version", local_text(t.about.version), "scope",
			      local_text(t.about.scope), "boxes", (json_int_t)t.r->n));
	return json_pack("{sb sI sI}", "ok", 1, "id", (json_int_t)t.r->id, "boxes",
			 (json_int_t)t.r->n);
}

/* ---- commands ---- */

static json_t *order(struct rollouts *all, const json_t *request, enum rollout_state wanted,
		     const char *actor, struct errmsg *e)
{
	uint64_t id = (uint64_t)json_integer_value(json_object_get(request, "id"));
	struct task *t = rollouts_task(all, id);
	char why[ROLLOUT_WHY];
	struct rollout_ops ops;

	if (!t) {
		errmsg_set(e, ERR_NOTFOUND, "there is no roll-out %llu", (unsigned long long)id);
		return NULL;
	}
	ops = ops_of(t);
	snprintf(why, sizeof(why), "by %.60s%s%.160s", actor,
		 fleet_text(request, "reason")[0] ? ": " : "", fleet_text(request, "reason"));
	if (rollout_order(t->r, wanted, why, &ops, e))
		return NULL;
	fleet_audit(all->f, actor, "roll-out",
		    json_pack("{sI ss so}", "id", (json_int_t)id, "state",
			      rollout_state_text(wanted), "reason",
			      local_text(fleet_text(request, "reason"))));
	return json_pack("{sb ss}", "ok", 1, "state", rollout_state_text(wanted));
}

static json_t *set_group(struct rollouts *all, const json_t *request, struct errmsg *e)
{
	const char *group = fleet_text(request, "group");

	if (group[0] && !identity_name_ok(group)) {
		errmsg_set(e, ERR_INVALID, "a group's name has letters, digits, '.', '_' and '-'");
		return NULL;
	}
	return fleet_box_group(all->f->setup.store, fleet_text(request, "box"), group, e) == 0
		       ? json_pack("{sb}", "ok", 1)
		       : NULL;
}

static json_t *change_by_hand(struct rollouts *r, const json_t *request, const char *actor,
			      struct errmsg *e)
{
	static const struct {
		const char *word;
		enum rollout_state state;
	} orders[] = {{"pause", ROLLOUT_PAUSED},
		      {"resume", ROLLOUT_RUNNING},
		      {"stop", ROLLOUT_STOPPED},
		      {"back", ROLLOUT_BACK}};
	const char *what = fleet_text(request, "what");

	for (size_t i = 0; i < ARRAY_SIZE(orders); i++) {
		if (strcmp(what, orders[i].word) == 0)
			return order(r, request, orders[i].state, actor, e);
	}
	if (strcmp(what, "file") == 0)
		return add_file(r, request, actor, e);
	if (strcmp(what, "configuration") == 0)
		return config_write(r->f, request, actor, e);
	if (strcmp(what, "review") == 0)
		return config_judge(r->f, request, actor, e);
	if (strcmp(what, "rollout") == 0)
		return start(r, request, actor, e);
	if (strcmp(what, "group") == 0)
		return set_group(r, request, e);
	errmsg_set(e, ERR_INVALID,
		   "\"what\" must be file, configuration, review, rollout, pause, "
		   "resume, stop, back or group");
	return NULL;
}

json_t *rollouts_change(struct rollouts *r, const json_t *request, const char *actor,
			struct errmsg *e)
{
	json_t *answer = rollouts_enter(r, e) ? NULL : change_by_hand(r, request, actor, e);

	if (rollouts_leave(r, answer ? 0 : ERR_INVALID, e) == 0)
		return answer;
	json_decref(answer);
	return NULL;
}

/* ---- life ---- */

static void take_turns(struct rollouts *r)
{
	struct errmsg e = {""};
	int rc;

	rollouts_hear(r);
	rc = rollouts_enter(r, &e);
	for (unsigned i = 0; i < r->n && rc == 0; i++) {
		struct rollout_ops ops = ops_of(&r->tasks[i]);

		rollout_turn(r->tasks[i].r, loop_wall(r->f->setup.loop), &ops);
	}
	rc = rc ? rc : rollouts_leave(r, 0, &e);
	if (rc)
		log_error(r->f->setup.log, "roll-outs: %s", e.text);
}

static void turn(void *ctx)
{
	struct rollouts *r = ctx;

	if (r->f->server && duty_is_ours(r->f->setup.duty))
		take_turns(r);
	if (r->f->server && rollouts_are_shared(r)) {
		rollouts_tell(r);
		rollouts_carry(r);
	}
	(void)loop_timer_set(r->f->setup.loop, &r->timer, ROLLOUTS_TURN_S * NS_PER_SEC);
}

static int take(void *ctx, struct rollout *r, const struct rollout_about *a,
		struct rollout_box_more *more)
{
	struct rollouts *all = ctx;
	struct task t = {.r = r,
			 .about = *a,
			 .more = more,
			 .carried = calloc(r->n + 1, sizeof(uint64_t)),
			 .all = all};

	if (t.carried && make_place(all))
		all->tasks[all->n++] = t;
	else
		rollouts_free_task(&t);
	return 0;
}

int rollouts_load(struct rollouts *r, struct errmsg *e)
{
	return rollout_each(r->f->setup.store, take, r, e);
}

struct rollouts *rollouts_new(struct fleet *f, struct errmsg *e)
{
	struct rollouts *r = calloc(1, sizeof(*r));
	int rc = r ? 0 : errmsg_set(e, ERR_NOMEM, "no memory for roll-outs");

	if (rc)
		return NULL;
	r->f = f;
	r->timer = (struct loop_timer){.fn = turn, .ctx = r};
	rc = file_make_folder(f->setup.folder, 0750, e);
	if (rc == 0)
		rc = rollout_tables(f->setup.store, e);
	if (rc == 0 && rollouts_are_shared(r))
		rc = rollout_shared_tables(f->setup.store, e);
	if (rc == 0)
		rc = rollouts_load(r, e);
	if (rc == 0)
		rc = loop_timer_set(f->setup.loop, &r->timer, NS_PER_SEC);
	if (rc == 0)
		return r;
	rollouts_delete(r);
	return NULL;
}

void rollouts_delete(struct rollouts *r)
{
	if (!r)
		return;
	loop_timer_stop(r->f->setup.loop, &r->timer);
	for (unsigned i = 0; i < r->n; i++)
		rollouts_free_task(&r->tasks[i]);
	free(r->heard);
	free(r);
}
