#include "control/sensor/sample/sample.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "control/sensor/sample/sample_type.h"
#include "control/wire/artefact.h"
#include "control/wire/audit.h"
#include "control/wire/file.h"
#include "control/wire/local.h"
#include "control/wire/seal.h"
#include "control/wire/text.h"

enum { PATH = 600, NAME = 256, INFO_MAX = 256 << 10 };

struct samples {
	struct samples_setup setup;
	struct audit *custody;
	uint64_t ordered, refused, handed_over;
};

/* One order on its way. */
struct taking {
	const struct collect_order *order;
	struct sample_answer *answer;
	struct slice content;
	const char *type;
	char name[NAME], sealed_to[SEAL_FINGERPRINT];
};

__attribute__((format(printf, 3, 4))) static bool say(struct taking *t, enum command_state state,
						      const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(t->answer->text, sizeof(t->answer->text), fmt, ap);
	va_end(ap);
	t->answer->state = state;
	return false;
}

/* ---- what is here ---- */

static int folder_of(const struct samples *s, const char *sha256, char ret[PATH])
{
	return snprintf(ret, PATH, "%.400s/%.2s", s->setup.conf->folder, sha256);
}

/* The name it went by, of the fileinfo record beside it, if there is one. */
static void find_name(const struct samples *s, const char *sha256, char ret[NAME])
{
	char folder[PATH], path[PATH + NAME];
	struct dirent *d;
	DIR *dir;

	folder_of(s, sha256, folder);
	dir = opendir(folder);
	for (unsigned i = 0; dir && !ret[0] && i < SAMPLE_INFOS && (d = readdir(dir)); i++) {
		size_t n = strlen(d->d_name);
		json_t *o;

		if (strncmp(d->d_name, sha256, 64) != 0 || n < 70 ||
		    strcmp(d->d_name + n - 5, ".json") != 0)
			continue;
		snprintf(path, sizeof(path), "%s/%s", folder, d->d_name);
		o = json_load_file(path, 0, NULL);
		snprintf(ret, NAME, "%s", text_member(json_object_get(o, "fileinfo"), "filename"));
		json_decref(o);
	}
	if (dir)
		closedir(dir);
}

static bool read_content(struct samples *s, struct taking *t)
{
	uint64_t most = s->setup.conf->max_mb << 20;
	const char *sha256 = t->order->sha256;
	char path[PATH], hash[ARTEFACT_HASH];
	struct errmsg e = {""};
	struct stat st;
	uint64_t size;
	int n = folder_of(s, sha256, path);

	snprintf(path + n, sizeof(path) - (size_t)n, "/%s", sha256);
	if (lstat(path, &st) || !S_ISREG(st.st_mode))
		return say(t, COMMAND_STATE_FAILED,
			   "No file with this SHA-256 is kept on this sensor.");
	if ((uint64_t)st.st_size > most)
		return say(t, COMMAND_STATE_REFUSED,
			   "The file has %llu bytes; this sensor lets at most %llu MiB leave "
			   "(samples.max-mb).",
			   (unsigned long long)st.st_size,
			   (unsigned long long)s->setup.conf->max_mb);
	if (artefact_hash_file(path, hash, &size, &e) || file_read(path, most, &t->content, &e))
		return say(t, COMMAND_STATE_FAILED, "The file cannot be read here: %.200s.",
			   e.text);
	if (strcmp(hash, sha256) != 0)
		return say(t, COMMAND_STATE_FAILED,
			   "What is kept under this SHA-256 has another one: it was changed.");
	find_name(s, sha256, t->name);
	t->type = sample_type(t->content, SLICE_STR(t->name));
	return true;
}

/* ---- whether ---- */

static bool listed(const char *const *items, size_t n, const char *word)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(items[i], word) == 0)
			return true;
	}
	return false;
}

/* Before anything is read: a sensor that hands over nothing does not even look. */
static bool may_any(struct samples *s, struct taking *t, uint64_t now)
{
	const struct conf_samples *c = s->setup.conf;
	const struct collect_order *o = t->order;
	struct errmsg e = {""};

	if (!artefact_hash_ok(o->sha256))
		return say(t, COMMAND_STATE_REFUSED, "The order names no SHA-256.");
	if (o->order_expires <= now)
		return say(t, COMMAND_STATE_REFUSED, "The order has expired.");
	if (!o->person[0])
		return say(t, COMMAND_STATE_REFUSED, "The order names no person.");
	if (c->types.n == 0)
		return say(t, COMMAND_STATE_REFUSED,
			   "This sensor lets no file leave (samples.file-types is empty).");
	if (!c->key[0])
		return say(t, COMMAND_STATE_REFUSED,
			   "This sensor has no key to seal files for (samples.key).");
	if (seal_fingerprint(c->key, t->sealed_to, &e))
		return say(t, COMMAND_STATE_REFUSED, "Files cannot be sealed here: %.200s.",
			   e.text);
	return true;
}

static bool may_leave(struct samples *s, struct taking *t)
{
	const struct conf_samples *c = s->setup.conf;
	const struct collect_order *o = t->order;

	if (!listed((const char *const *)c->types.items, c->types.n, t->type))
		return say(t, COMMAND_STATE_REFUSED,
			   "Its content is of type \"%s\", and this sensor lets no such file leave "
			   "(samples.file-types).",
			   t->type);
	if (o->file_types.n && !listed(o->file_types.items, o->file_types.n, t->type))
		return say(t, COMMAND_STATE_REFUSED,
			   "Its content is of type \"%s\", which the order does not name.",
			   t->type);
	return true;
}

/* ---- hand-over ---- */

static int send_parts(struct samples *s, const struct taking *t, struct slice sealed, uint64_t now,
		      struct errmsg *e)
{
	struct outbox *out = s->setup.outbox;
	int rc = 0;

	for (size_t at = 0; rc == 0 && at < sealed.len; at += SAMPLE_PART) {
		struct message m = {.kind = MESSAGE_SAMPLE_PART};

		m.sample_part = (struct sample_part){
			.command_id = t->order->command_id,
			.sha256 = t->order->sha256,
			.file_type = t->type,
			.name = t->name,
			.sealed_to = t->sealed_to,
			.size = sealed.len,
			.offset = at,
			.data = slice_sub(sealed, at, SAMPLE_PART),
		};
		rc = outbox_begin(out, e);
		if (rc == 0)
			rc = outbox_message(out, &m, LANE_STATE, OUTBOX_FOR_MITIGATOR, now, e);
		if (rc == 0)
			rc = outbox_commit(out, e);
		else
			outbox_rollback(out);
	}
	return rc;
}

static bool hand_over(struct samples *s, struct taking *t, uint64_t now)
{
	struct errmsg e = {""};
	struct slice sealed;
	int rc;

	if (seal_to(s->setup.conf->key, t->order->sha256, t->content, &sealed, &e))
		return say(t, COMMAND_STATE_FAILED, "It cannot be sealed: %.200s.", e.text);
	rc = send_parts(s, t, sealed, now, &e);
	payload_free(&sealed);
	if (rc)
		return say(t, COMMAND_STATE_FAILED, "It does not fit into the spool: %.200s.",
			   e.text);
	s->handed_over++;
	say(t, COMMAND_STATE_ACKED, "A file of type \"%s\" with %zu bytes is handed over, sealed.",
	    t->type, t->content.len);
	return true;
}

/* ---- the custody log ---- */

static json_t *words_of(const struct text_list *l)
{
	json_t *a = json_array();

	for (size_t i = 0; i < l->n; i++)
		json_array_append_new(a, local_text(l->items[i]));
	return a;
}

/* False: without its line nothing leaves. */
static bool note(struct samples *s, struct taking *t, const char *signer, const char *what,
		 uint64_t now)
{
	const struct collect_order *o = t->order;
	struct errmsg e = {""};
	char actor[160];
	json_t *detail =
		json_pack("{so so so so so ss sI so so}", "command_id", local_text(o->command_id),
			  "sha256", local_text(o->sha256), "asked_types", words_of(&o->file_types),
			  "reason", local_text(o->reason), "name", local_text(t->name), "file_type",
			  t->type ? t->type : "", "bytes", (json_int_t)t->content.len, "sealed_to",
			  local_text(t->sealed_to), "text", local_text(t->answer->text));
	int rc;

	snprintf(actor, sizeof(actor), "%.90s (by %.50s)", o->person, signer);
	rc = audit_append(s->custody, now, actor, what, detail, 0, &e);
	json_decref(detail);
	if (rc)
		log_error(s->setup.log, "the custody log cannot be written: %s", e.text);
	return rc == 0;
}

void samples_take(struct samples *s, const struct collect_order *o, const char *signer,
		  uint64_t now, struct sample_answer *ret)
{
	struct taking t = {.order = o, .answer = ret};

	*ret = (struct sample_answer){COMMAND_STATE_FAILED, ""};
	s->ordered++;
	if (may_any(s, &t, now) && read_content(s, &t) && may_leave(s, &t)) {
		say(&t, COMMAND_STATE_FAILED, "Leaves now.");
		if (note(s, &t, signer, "sample-leaves", now))
			hand_over(s, &t, now);
		else
			say(&t, COMMAND_STATE_FAILED,
			    "The custody log cannot be written: nothing leaves.");
	}
	s->refused += ret->state == COMMAND_STATE_REFUSED;
	note(s, &t, signer,
	     ret->state == COMMAND_STATE_ACKED	   ? "sample-handed-over"
	     : ret->state == COMMAND_STATE_REFUSED ? "sample-refused"
						   : "sample-failed",
	     now);
	log_info(s->setup.log, "sample %.64s, ordered by %.60s: %s", o->sha256, o->person,
		 ret->text);
	if (t.content.data)
		payload_free(&t.content);
}

/* ---- life ---- */

struct samples *samples_new(const struct samples_setup *setup, struct errmsg *e)
{
	struct samples *s = calloc(1, sizeof(*s));
	char path[PATH];

	if (!s) {
		errmsg_set(e, ERR_NOMEM, "no memory for samples");
		return NULL;
	}
	s->setup = *setup;
	snprintf(path, sizeof(path), "%.500s/custody.log", setup->statedir);
	s->custody = audit_open(path, e);
	if (!s->custody) {
		free(s);
		return NULL;
	}
	if (audit_problem(s->custody))
		log_error(setup->log, "%s does not verify: %s; it goes on behind that", path,
			  audit_problem(s->custody));
	return s;
}

void samples_free(struct samples *s)
{
	if (!s)
		return;
	audit_close(s->custody);
	free(s);
}

json_t *samples_json(const struct samples *s)
{
	const struct config_texts *types = &s->setup.conf->types;
	json_t *list = json_array();

	for (size_t i = 0; i < types->n; i++)
		json_array_append_new(list, json_string(types->items[i]));
	return json_pack("{sI sI sI so}", "ordered", (json_int_t)s->ordered, "refused",
			 (json_int_t)s->refused, "handed_over", (json_int_t)s->handed_over,
			 "file_types", list);
}
