#include "control/sensor/steer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "control/wire/managed.h"

struct steer {
	struct steer_setup setup;
	struct box *box;
};

static void path_of(const struct conf *c, const char *file, char ret[300])
{
	snprintf(ret, 300, "%.255s/%s", c->statedir, file);
}

/* ---- at a start ---- */

static int apply_file(const char *path, struct config *memory, struct conf *conf, struct errmsg *e)
{
	struct slice text;
	int rc = file_read(path, MANAGED_BYTES, &text, e);

	if (rc)
		return rc;
	rc = managed_apply(text, ROLE_SENSOR, memory, conf_keys, conf, e);
	payload_free(&text);
	return rc;
}

static void note_failed(const char *path, const char *why, struct steer_try *try)
{
	uint64_t size;

	if (artefact_hash_file(path, try->failed, &size, NULL))
		try->failed[0] = '\0';
	snprintf(try->why, sizeof(try->why), "%.250s", why);
}

void steer_apply(const struct conf *base, struct config *memory, struct conf *conf,
		 const struct log *log, struct steer_try *try)
{
	char now[300], next[300], trying[300];
	struct errmsg e = {""};
	int rc;

	path_of(base, "managed.yaml", now);
	path_of(base, "managed.new", next);
	path_of(base, "managed.trying", trying);
	if (access(trying, F_OK) == 0) {
		note_failed(trying, "the program ended while it was tried", try);
		(void)unlink(trying);
		(void)unlink(next);
	}
	*conf = *base;
	if (access(next, F_OK) == 0 && rename(next, trying) == 0) {
		rc = apply_file(trying, memory, conf, &e);
		if (rc == 0)
			return;
		note_failed(trying, e.text, try);
		(void)unlink(trying);
		*conf = *base;
	}
	rc = access(now, F_OK) ? 0 : apply_file(now, memory, conf, &e);
	if (rc) {
		log_error(log, "%s is passed over: %s", now, e.text);
		*conf = *base;
	}
}

void steer_works(const struct conf *conf, const struct log *log)
{
	char now[300], trying[300];

	path_of(conf, "managed.yaml", now);
	path_of(conf, "managed.trying", trying);
	if (access(trying, F_OK) == 0 && rename(trying, now))
		log_error(log, "%s cannot be kept", now);
}

bool steer_take_back(const struct conf *conf, const char *why, struct steer_try *try)
{
	char trying[300];

	path_of(conf, "managed.trying", trying);
	if (access(trying, F_OK))
		return false;
	note_failed(trying, why, try);
	return unlink(trying) == 0;
}

/* ---- a version comes ---- */

/* Whether it is what runs now. */
static bool runs(const struct steer *s, const struct artefact_file *f)
{
	char path[300], hash[ARTEFACT_HASH];
	uint64_t size;

	path_of(s->setup.conf, "managed.yaml", path);
	if (f->size == 0)
		return access(path, F_OK) != 0;
	return artefact_hash_file(path, hash, &size, NULL) == 0 && strcmp(hash, f->sha256) == 0;
}

static int take_away(struct steer *s, struct errmsg *e)
{
	char path[300];

	path_of(s->setup.conf, "managed.yaml", path);
	if (unlink(path))
		return errmsg_set(e, ERR_IO, "the configuration in force cannot be taken away");
	s->setup.again(s->setup.ctx);
	return ERR_AGAIN;
}

static int try_it(struct steer *s, struct slice text, struct errmsg *e)
{
	char path[300];
	int rc = managed_check(text, ROLE_SET(ROLE_SENSOR), e);

	path_of(s->setup.conf, "managed.new", path);
	if (rc == 0)
		rc = file_write(path, text, 0640, e);
	if (rc)
		return rc;
	s->setup.again(s->setup.ctx);
	return ERR_AGAIN;
}

static int install(void *ctx, const struct artefact_file *f, struct errmsg *e)
{
	struct steer *s = ctx;
	struct slice text;
	int rc;

	if (runs(s, f))
		return 0;
	if (strcmp(s->setup.try->failed, f->sha256) == 0)
		return errmsg_set(e, ERR_INVALID, "%s", s->setup.try->why);
	if (f->size == 0)
		return take_away(s, e);
	rc = file_read(f->path, MANAGED_BYTES, &text, e);
	if (rc)
		return rc;
	rc = try_it(s, text, e);
	payload_free(&text);
	return rc;
}

/* ---- to and from the centre ---- */

static int send(void *ctx, const struct message *m, struct errmsg *e)
{
	struct steer *s = ctx;
	struct outbox *o = s->setup.outbox;
	int rc = outbox_begin(o, e);

	if (rc)
		return rc;
	rc = outbox_message(o, m, LANE_STATE, OUTBOX_FOR_CENTRE, loop_wall(s->setup.loop), e);
	if (rc == 0)
		return outbox_commit(o, e);
	outbox_rollback(o);
	return rc;
}

static bool pass(void *ctx, const struct message *m)
{
	struct steer *s = ctx;
	struct slice payload;
	bool sent;

	if (!s->setup.outbox->centre || message_encode(m, &payload, NULL))
		return false;
	sent = link_send_passing(s->setup.outbox->centre, payload);
	payload_free(&payload);
	return sent;
}

static void keys_changed(void *ctx, bool own)
{
	struct steer *s = ctx;

	if (s->setup.outbox->mitigator)
		link_keys_changed(s->setup.outbox->mitigator, own);
	if (s->setup.outbox->centre)
		link_keys_changed(s->setup.outbox->centre, own);
}

void steer_passing(void *steer, struct slice payload)
{
	struct steer *s = steer;
	struct errmsg e = {""};
	struct message *m = message_decode(payload, &e);

	if (m)
		box_passing(s->box, m);
	message_free(m);
}

struct box *steer_box(struct steer *s)
{
	return s->box;
}

struct steer *steer_new(const struct steer_setup *setup, struct errmsg *e)
{
	struct steer *s = calloc(1, sizeof(*s));
	/* Other kinds of files bring handlers of their own. */
	const struct artefact_handler handlers[] = {
		{ARTEFACT_CONFIG, install, s},
		{ARTEFACT_BUNDLE, setup->deployed ? deployed_install : NULL, setup->deployed},
		{ARTEFACT_PATTERN, setup->deployed ? deployed_install : NULL, setup->deployed},
		{ARTEFACT_FIRMWARE, setup->firmware ? firmware_install : NULL, setup->firmware}};
	char folder[300];
	struct box_setup box = {.loop = setup->loop,
				.log = setup->log,
				.keys = setup->keys,
				.keys_folder = setup->conf->keys,
				.folder = folder,
				.handlers = handlers,
				.n_handlers = ARRAY_SIZE(handlers),
				.send = send,
				.pass = pass,
				.keys_changed = keys_changed,
				.ctx = s};

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for the centre's orders");
		return NULL;
	}
	s->setup = *setup;
	path_of(setup->conf, "artefacts", folder);
	s->box = box_new(&box, e);
	if (s->box)
		return s;
	free(s);
	return NULL;
}

void steer_delete(struct steer *s)
{
	if (!s)
		return;
	box_delete(s->box);
	free(s);
}
