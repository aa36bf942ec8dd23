#include "control/sensor/firmware.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "control/wire/local.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum { PATH = 512, TICKET = 33, EVERY_MS = 1000 };

struct firmware {
	struct firmware_setup setup;
	char wanted[PATH], answer[PATH];
	char ticket[TICKET]; /* of the order under way, "" = none */
	bool heard;	     /* somebody has begun with it */
	uint64_t since;	     /* monotonic ns */
	struct loop_timer timer;
};

static json_t *read_json(const char *path)
{
	struct slice text;
	json_t *o;

	if (file_read(path, FIRMWARE_TEXT, &text, NULL))
		return NULL;
	o = json_loadb((const char *)text.data, text.len, 0, NULL);
	payload_free(&text);
	return o;
}

/* ---- what is wanted ---- */

/* The same order, kept by the program before this start of it. */
static bool is_kept(struct firmware *fw, const struct artefact_file *f)
{
	json_t *o = read_json(fw->wanted);
	bool same = strcmp(text_member(o, "sha256"), f->sha256) == 0 &&
		    json_is_true(json_object_get(o, "back")) == f->back &&
		    strlen(text_member(o, "ticket")) == TICKET - 1;

	if (same)
		memcpy(fw->ticket, text_member(o, "ticket"), TICKET);
	json_decref(o);
	return same;
}

static int keep(struct firmware *fw, const struct artefact_file *f, struct errmsg *e)
{
	struct hash_key k = hash_key_random();
	json_t *o;
	char *text;
	int rc;

	snprintf(fw->ticket, sizeof(fw->ticket), "%016llx%016llx", (unsigned long long)k.k0,
		 (unsigned long long)k.k1);
	o = json_pack("{ss ss so sI sb}", "ticket", fw->ticket, "sha256", f->sha256, "version",
		      local_text(f->version), "size", (json_int_t)f->size, "back", (int)f->back);
	text = o ? json_dumps(o, JSON_COMPACT) : NULL;
	json_decref(o);
	rc = text ? file_write(fw->wanted, SLICE_STR(text), 0640, e)
		  : errmsg_set(e, ERR_NOMEM, "no memory to keep what firmware is wanted");
	free(text);
	if (rc)
		fw->ticket[0] = '\0';
	return rc;
}

/* ---- what became of it ---- */

static void end(struct firmware *fw, int rc, const char *sentence)
{
	fw->ticket[0] = '\0';
	(void)unlink(fw->wanted);
	fw->setup.settled(fw->setup.ctx, ARTEFACT_FIRMWARE, rc, sentence);
}

static void tick(void *ctx)
{
	struct firmware *fw = ctx;
	json_t *o = read_json(fw->answer);
	const char *state = text_member(o, "state");
	bool mine = fw->ticket[0] && strcmp(text_member(o, "ticket"), fw->ticket) == 0;

	fw->heard |= mine;
	if (mine && strcmp(state, "good") == 0)
		end(fw, 0, "");
	else if (mine && strcmp(state, "refused") == 0)
		end(fw, ERR_INVALID, text_member(o, "text"));
	else if (!fw->heard &&
		 loop_now(fw->setup.loop) - fw->since > FIRMWARE_UNHEARD_S * NS_PER_SEC)
		end(fw, ERR_UNSUPPORTED,
		    "nobody installs firmware on this box: banken-firmware.path does not run");
	json_decref(o);
	if (fw->ticket[0])
		(void)loop_timer_set(fw->setup.loop, &fw->timer, EVERY_MS * NS_PER_MS);
}

int firmware_install(void *ctx, const struct artefact_file *f, struct errmsg *e)
{
	struct firmware *fw = ctx;
	int rc = is_kept(fw, f) ? 0 : keep(fw, f, e);

	if (rc)
		return rc;
	fw->heard = false;
	fw->since = loop_now(fw->setup.loop);
	rc = loop_timer_set(fw->setup.loop, &fw->timer, EVERY_MS * NS_PER_MS);
	if (rc)
		return errmsg_set(e, rc, "no timer to wait for the firmware");
	return ERR_AGAIN;
}

struct firmware *firmware_new(const struct firmware_setup *setup, struct errmsg *e)
{
	struct firmware *fw = calloc(1, sizeof(*fw));
	char folder[PATH - 16];

	if (!fw) {
		errmsg_set(e, ERR_NOMEM, "no memory for firmware");
		return NULL;
	}
	fw->setup = *setup;
	fw->timer = (struct loop_timer){.fn = tick, .ctx = fw};
	snprintf(folder, sizeof(folder), "%.400s/firmware", setup->statedir);
	snprintf(fw->wanted, sizeof(fw->wanted), "%s/wanted", folder);
	snprintf(fw->answer, sizeof(fw->answer), "%.500s", setup->answer);
	if (file_make_folder(folder, 0750, e) == 0)
		return fw;
	free(fw);
	return NULL;
}

void firmware_free(struct firmware *f)
{
	if (!f)
		return;
	loop_timer_stop(f->setup.loop, &f->timer);
	free(f);
}
