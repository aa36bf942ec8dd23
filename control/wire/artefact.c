#include "control/wire/artefact.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <mbedtls/sha256.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "control/wire/file.h"
#include "control/wire/local.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum {
	STATE_MAX = 64 << 10, /* bytes of artefacts.json */
	ASK_MS = 2000,	      /* an unanswered question is asked again */
	ASK_MAX_MS = 60000,
	SKEW_S = 300,
};

/* A file of a kind. */
struct place {
	char version[ARTEFACT_VERSION_MAX], sha256[ARTEFACT_HASH];
	uint64_t size;
};

struct kind {
	struct artefact_handler handler;
	struct place now, before;
	/* under way; coming.sha256 "" = nothing */
	struct place coming;
	char id[ARTEFACT_ID_MAX];
	uint64_t number, expires;
	bool back, settling;
	unsigned tries;
	uint64_t have; /* bytes of it */
	char text[ARTEFACT_TEXT_MAX];
};

struct artefact_box {
	struct artefact_setup setup;
	char folder[PATH_MAX - 128];
	struct kind kinds[ARTEFACT_KINDS];
	uint64_t number; /* the highest that was taken */
	struct loop_timer timer;
	uint64_t ask_ms;
	char shown[PATH_MAX]; /* the path that artefact_in_force told last */
};

/* ---- hashes and paths ---- */

bool artefact_hash_ok(const char *text)
{
	return strlen(text) == ARTEFACT_HASH - 1 &&
	       strspn(text, "0123456789abcdef") == ARTEFACT_HASH - 1;
}

int artefact_hash_file(const char *path, char ret[ARTEFACT_HASH], uint64_t *ret_size,
		       struct errmsg *e)
{
	FILE *f = fopen(path, "rbe");
	unsigned char buf[16384], hash[32];
	mbedtls_sha256_context h;
	size_t n;

	if (!f)
		return errmsg_set(e, errno == ENOENT ? ERR_NOTFOUND : ERR_IO,
				  "%s cannot be read: %s", path, strerror(errno));
	*ret_size = 0;
	mbedtls_sha256_init(&h);
	mbedtls_sha256_starts_ret(&h, 0);
	while ((n = fread(buf, 1, sizeof(buf), f)) > 0) {
		mbedtls_sha256_update_ret(&h, buf, n);
		*ret_size += n;
	}
	mbedtls_sha256_finish_ret(&h, hash);
	mbedtls_sha256_free(&h);
	if (ferror(f)) {
		fclose(f);
		return errmsg_set(e, ERR_IO, "%s cannot be read", path);
	}
	fclose(f);
	for (size_t i = 0; i < sizeof(hash); i++)
		snprintf(ret + 2 * i, 3, "%02x", hash[i]);
	return 0;
}

static void path_of(const struct artefact_box *b, enum artefact_kind kind, const char *sha256,
		    const char *ending, char ret[PATH_MAX])
{
	snprintf(ret, PATH_MAX, "%s/%s/%s%s", b->folder, artefact_kind_text(kind), sha256, ending);
}

/* ---- state ---- */

static json_t *place_json(const struct place *p)
{
	return json_pack("{so ss sI}", "version", local_text(p->version), "sha256", p->sha256,
			 "size", (json_int_t)p->size);
}

static int save(struct artefact_box *b, struct errmsg *e)
{
	json_t *o = json_pack("{sI}", "number", (json_int_t)b->number);
	char path[PATH_MAX], *text;
	int rc;

	for (int i = 1; i < ARTEFACT_KINDS; i++) {
		const struct kind *k = &b->kinds[i];

		json_object_set_new(o, artefact_kind_text((enum artefact_kind)i),
				    json_pack("{so so so so sI sI sb so}", "now",
					      place_json(&k->now), "before", place_json(&k->before),
					      "coming", place_json(&k->coming), "id",
					      local_text(k->id), "number", (json_int_t)k->number,
					      "expires", (json_int_t)k->expires, "back",
					      (int)k->back, "text", local_text(k->text)));
	}
	text = json_dumps(o, JSON_INDENT(1));
	json_decref(o);
	if (!text)
		return errmsg_set(e, ERR_NOMEM, "no memory to keep what is in force");
	snprintf(path, sizeof(path), "%s/artefacts.json", b->folder);
	rc = file_write(path, SLICE_STR(text), 0640, e);
	free(text);
	return rc;
}

static void take_text(const json_t *o, const char *key, char *ret, size_t cap)
{
	const char *s = json_string_value(json_object_get(o, key));

	snprintf(ret, cap, "%s", s ? s : "");
}

static void take_place(const json_t *o, const char *key, struct place *ret)
{
	const json_t *p = json_object_get(o, key);

	take_text(p, "version", ret->version, sizeof(ret->version));
	take_text(p, "sha256", ret->sha256, sizeof(ret->sha256));
	ret->size = (uint64_t)json_integer_value(json_object_get(p, "size"));
	if (!artefact_hash_ok(ret->sha256) || ret->size > ARTEFACT_SIZE_MAX)
		*ret = (struct place){.version = ""};
}

static void take_kind(const json_t *o, struct kind *k)
{
	take_place(o, "now", &k->now);
	take_place(o, "before", &k->before);
	take_place(o, "coming", &k->coming);
	take_text(o, "id", k->id, sizeof(k->id));
	take_text(o, "text", k->text, sizeof(k->text));
	k->number = (uint64_t)json_integer_value(json_object_get(o, "number"));
	k->expires = (uint64_t)json_integer_value(json_object_get(o, "expires"));
	k->back = json_is_true(json_object_get(o, "back"));
}

/* A file that is not there or not to be read: nothing is known to be in force. */
static int load(struct artefact_box *b, struct errmsg *e)
{
	char path[PATH_MAX];
	struct slice text;
	json_t *o;
	int rc;

	snprintf(path, sizeof(path), "%s/artefacts.json", b->folder);
	rc = file_read(path, STATE_MAX, &text, e);
	if (rc == ERR_NOTFOUND)
		return 0;
	if (rc)
		return rc;
	o = json_loadb((const char *)text.data, text.len, 0, NULL);
	payload_free(&text);
	if (!json_is_object(o)) {
		json_decref(o);
		log_error(b->setup.log,
			  "%s cannot be read and begins anew: the centre sends "
			  "again what is wanted",
			  path);
		return 0;
	}
	b->number = (uint64_t)json_integer_value(json_object_get(o, "number"));
	for (int i = 1; i < ARTEFACT_KINDS; i++)
		take_kind(json_object_get(o, artefact_kind_text((enum artefact_kind)i)),
			  &b->kinds[i]);
	json_decref(o);
	return 0;
}

/* Files that nothing names any more go. */
static void sweep(struct artefact_box *b, enum artefact_kind kind)
{
	const struct kind *k = &b->kinds[kind];
	char path[PATH_MAX];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/%s", b->folder, artefact_kind_text(kind));
	dir = opendir(path);
	while (dir && (d = readdir(dir))) {
		size_t n = ARTEFACT_HASH - 1;

		if (d->d_name[0] == '.' || strncmp(d->d_name, k->now.sha256, n) == 0 ||
		    strncmp(d->d_name, k->before.sha256, n) == 0 ||
		    strncmp(d->d_name, k->coming.sha256, n) == 0)
			continue;
		(void)unlinkat(dirfd(dir), d->d_name, 0);
	}
	if (dir)
		closedir(dir);
}

/* ---- answers ---- */

static int answer_as(struct artefact_box *b, const struct artefact_result *r)
{
	struct message m = {.kind = MESSAGE_ARTEFACT_RESULT, .artefact_result = *r};
	struct errmsg e = {""};
	int rc;

	m.artefact_result.time = loop_wall(b->setup.loop);
	rc = b->setup.send(b->setup.ctx, &m, &e);
	if (rc)
		log_warn(b->setup.log, "the centre is not told what became of %s: %s", r->id,
			 e.text);
	return rc;
}

static int answer(struct artefact_box *b, enum artefact_kind kind, enum artefact_state state,
		  const char *text)
{
	const struct kind *k = &b->kinds[kind];
	const struct place *p = k->coming.sha256[0] ? &k->coming : &k->now;

	return answer_as(b, &(struct artefact_result){.id = k->id,
						      .number = k->number,
						      .kind = kind,
						      .version = p->version,
						      .sha256 = p->sha256,
						      .state = state,
						      .text = text});
}

static void save_or_say(struct artefact_box *b)
{
	struct errmsg e = {""};

	if (save(b, &e))
		log_error(b->setup.log, "%s; done again after a start", e.text);
}

/* It will not come into force. The answer is kept first: killed between, it is given again. */
static void give_up(struct artefact_box *b, enum artefact_kind kind, enum artefact_state state,
		    const char *text)
{
	struct kind *k = &b->kinds[kind];

	snprintf(k->text, sizeof(k->text), "%s", text);
	log_warn(b->setup.log, "%s %s is not put in force: %s", artefact_kind_text(kind),
		 k->coming.version, text);
	(void)answer(b, kind, state, text);
	k->coming = (struct place){.version = ""};
	k->settling = false;
	save_or_say(b);
	sweep(b, kind);
}

static void in_force(struct artefact_box *b, enum artefact_kind kind)
{
	struct kind *k = &b->kinds[kind];

	log_info(b->setup.log, "%s %s is in force%s", artefact_kind_text(kind), k->coming.version,
		 k->back ? ", rolled back" : "");
	(void)answer(b, kind, ARTEFACT_STATE_IN_FORCE, "");
	if (strcmp(k->now.sha256, k->coming.sha256) != 0 && k->now.sha256[0])
		k->before = k->now;
	k->now = k->coming;
	k->coming = (struct place){.version = ""};
	k->settling = false;
	k->text[0] = '\0';
	save_or_say(b);
	sweep(b, kind);
}

/* ---- fetching ---- */

static void install(struct artefact_box *b, enum artefact_kind kind)
{
	struct kind *k = &b->kinds[kind];
	struct errmsg e = {""};
	char path[PATH_MAX];
	struct artefact_file f = {.kind = kind,
				  .version = k->coming.version,
				  .path = path,
				  .sha256 = k->coming.sha256,
				  .size = k->coming.size,
				  .back = k->back};
	int rc;

	path_of(b, kind, k->coming.sha256, "", path);
	k->settling = true;
	rc = k->handler.install(k->handler.ctx, &f, &e);
	if (rc == ERR_AGAIN || !k->settling) /* or settled within the call */
		return;
	artefact_settle(b, kind, rc, e.text);
}

void artefact_settle(struct artefact_box *b, enum artefact_kind kind, int rc, const char *sentence)
{
	struct kind *k = &b->kinds[kind];

	if (!k->settling)
		return;
	if (rc == 0)
		in_force(b, kind);
	else
		give_up(b, kind, ARTEFACT_STATE_REFUSED,
			sentence[0] ? sentence : "it was refused without a reason");
}

static int append(const char *path, uint64_t at, struct slice data)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
	ssize_t n = -1;

	if (fd < 0)
		return ERR_IO;
	n = pwrite(fd, data.data, data.len, (off_t)at);
	if (close(fd) || n != (ssize_t)data.len)
		return ERR_IO;
	return 0;
}

static int sync_file(const char *path)
{
	int fd = open(path, O_RDWR | O_CLOEXEC), rc;

	if (fd < 0)
		return ERR_IO;
	rc = fsync(fd);
	close(fd);
	return rc;
}

/* All bytes are there: is it what was promised? */
static void whole(struct artefact_box *b, enum artefact_kind kind)
{
	struct kind *k = &b->kinds[kind];
	char part[PATH_MAX], path[PATH_MAX], hash[ARTEFACT_HASH];
	struct errmsg e = {""};
	uint64_t size;

	path_of(b, kind, k->coming.sha256, ".part", part);
	path_of(b, kind, k->coming.sha256, "", path);
	if (k->coming.size == 0 && append(part, 0, SLICE(NULL, 0))) {
		give_up(b, kind, ARTEFACT_STATE_FAILED, "the file cannot be stored");
		return;
	}
	if (artefact_hash_file(part, hash, &size, &e)) {
		give_up(b, kind, ARTEFACT_STATE_FAILED, e.text);
		return;
	}
	if (strcmp(hash, k->coming.sha256) != 0) {
		(void)unlink(part);
		k->have = 0;
		if (++k->tries < ARTEFACT_TRIES)
			return; /* asked for anew by the timer */
		give_up(b, kind, ARTEFACT_STATE_FAILED,
			"what the centre sent is not what it promised: the SHA-256 differs");
		return;
	}
	if (sync_file(part) || rename(part, path)) {
		give_up(b, kind, ARTEFACT_STATE_FAILED, "the file cannot be stored");
		return;
	}
	install(b, kind);
}

static struct kind *first_wanted(struct artefact_box *b)
{
	for (int i = 1; i < ARTEFACT_KINDS; i++) {
		if (b->kinds[i].coming.sha256[0] && !b->kinds[i].settling)
			return &b->kinds[i];
	}
	return NULL;
}

static void ask(struct artefact_box *b, const struct kind *k)
{
	struct message m = {.kind = MESSAGE_ARTEFACT_WANT};
	uint64_t left = k->coming.size - k->have;

	m.artefact_want = (struct artefact_want){k->coming.sha256, k->have,
						 left < ARTEFACT_CHUNK ? left : ARTEFACT_CHUNK};
	(void)b->setup.pass(b->setup.ctx, &m);
	(void)loop_timer_set(b->setup.loop, &b->timer, b->ask_ms * NS_PER_MS);
}

/* Looks what is to be done for the first kind that wants something. */
static void go_on(struct artefact_box *b)
{
	struct kind *k = first_wanted(b);
	enum artefact_kind kind;
	char path[PATH_MAX];
	struct stat st;

	if (!k)
		return;
	kind = (enum artefact_kind)(k - b->kinds);
	path_of(b, kind, k->coming.sha256, "", path);
	if (stat(path, &st) == 0 && (uint64_t)st.st_size == k->coming.size) {
		install(b, kind);
		if (first_wanted(b))
			(void)loop_timer_set(b->setup.loop, &b->timer, 0);
		return;
	}
	if (k->have == k->coming.size) {
		whole(b, kind);
		(void)loop_timer_set(b->setup.loop, &b->timer, 0);
		return;
	}
	if (k->expires <= loop_wall(b->setup.loop)) {
		give_up(b, kind, ARTEFACT_STATE_FAILED, "it did not arrive before the order's end");
		(void)loop_timer_set(b->setup.loop, &b->timer, 0);
		return;
	}
	ask(b, k);
}

static void on_timer(void *ctx)
{
	struct artefact_box *b = ctx;

	b->ask_ms = b->ask_ms * 2 < ASK_MAX_MS ? b->ask_ms * 2 : ASK_MAX_MS;
	go_on(b);
}

void artefact_box_up(struct artefact_box *b)
{
	b->ask_ms = ASK_MS;
	(void)loop_timer_set(b->setup.loop, &b->timer, 0);
}

void artefact_box_passing(struct artefact_box *b, const struct message *m)
{
	const struct artefact_chunk *c = &m->artefact_chunk;
	struct kind *k = first_wanted(b);
	enum artefact_kind kind;
	char path[PATH_MAX];

	if (m->kind != MESSAGE_ARTEFACT_CHUNK || !k || strcmp(c->sha256, k->coming.sha256) != 0)
		return;
	kind = (enum artefact_kind)(k - b->kinds);
	if (c->refused[0]) {
		give_up(b, kind, ARTEFACT_STATE_FAILED, c->refused);
		go_on(b);
		return;
	}
	if (c->offset != k->have || c->data.len == 0 || c->data.len > k->coming.size - k->have)
		return; /* an answer to a question that was asked twice */
	path_of(b, kind, k->coming.sha256, ".part", path);
	if (append(path, k->have, c->data)) {
		snprintf(k->text, sizeof(k->text), "the disk takes no more: %s", strerror(errno));
		return; /* asked for again later */
	}
	k->have += c->data.len;
	b->ask_ms = ASK_MS;
	go_on(b);
}

/* ---- offers ---- */

static bool room_for(const struct artefact_box *b, uint64_t size)
{
	struct statvfs v;

	return statvfs(b->folder, &v) == 0 &&
	       (uint64_t)v.f_bavail * v.f_frsize >= size + ARTEFACT_ROOM;
}

/* Whether this offer may be carried out at all. */
static int judge(struct artefact_box *b, const struct message *m, struct errmsg *e)
{
	const struct artefact_offer *o = &m->artefact_offer;
	uint64_t now = loop_wall(b->setup.loop);
	struct identity signer;

	if (sign_check(b->setup.keys, m, ROLE_SET(ROLE_CENTRE), &signer, e))
		return ERR_DENIED;
	if (strcmp(o->box, tls_keys_identity(b->setup.keys)->name) != 0)
		return errmsg_set(e, ERR_DENIED, "the order is for %s", o->box);
	if (o->kind <= ARTEFACT_UNSPECIFIED || o->kind >= ARTEFACT_KINDS ||
	    !b->kinds[o->kind].handler.install)
		return errmsg_set(e, ERR_UNSUPPORTED, "this program has no use for a %s",
				  artefact_kind_text(o->kind));
	if (!artefact_hash_ok(o->sha256) || (o->size == 0 && !o->back) ||
	    o->size > ARTEFACT_SIZE_MAX || !o->version[0] ||
	    strlen(o->version) >= ARTEFACT_VERSION_MAX || !o->id[0] ||
	    strlen(o->id) >= ARTEFACT_ID_MAX)
		return errmsg_set(e, ERR_INVALID, "the order's size, hash, version or id is wrong");
	if (o->number <= b->number)
		return errmsg_set(e, ERR_EXISTS, "a newer order came before it");
	if (o->issued > now + SKEW_S * NS_PER_SEC)
		return errmsg_set(e, ERR_DENIED,
				  "the order comes from the future: check the clocks");
	if (o->expires <= now)
		return errmsg_set(e, ERR_DENIED, "the order has expired");
	if (!room_for(b, o->size))
		return errmsg_set(e, ERR_LIMIT, "the disk has no room for its %llu bytes",
				  (unsigned long long)o->size);
	return 0;
}

static void refuse(struct artefact_box *b, const struct artefact_offer *o, const char *sentence)
{
	log_warn(b->setup.log, "the centre's order %.60s is refused: %s", o->id, sentence);
	(void)answer_as(b, &(struct artefact_result){.id = o->id,
						     .number = o->number,
						     .kind = o->kind,
						     .version = o->version,
						     .sha256 = o->sha256,
						     .state = ARTEFACT_STATE_FAILED,
						     .text = sentence});
}

/* The centre asks again for what is under way: an answer that takes long (a file over a slow line,
 * firmware that starts the machine) is not another order. */
static bool is_under_way(const struct kind *k, const struct artefact_offer *o)
{
	return strcmp(k->coming.sha256, o->sha256) == 0 && strcmp(k->id, o->id) == 0 &&
	       k->back == o->back;
}

int artefact_box_take(struct artefact_box *b, const struct message *m, struct errmsg *e)
{
	const struct artefact_offer *o = &m->artefact_offer;
	struct errmsg why = {""};
	struct kind *k;
	int rc;

	if (m->kind != MESSAGE_ARTEFACT_OFFER)
		return 0;
	rc = judge(b, m, &why);
	/* The same twice, by another centre of those beside each other; or an old one. An answer
	 * would be taken for one to the order that came since. */
	if (rc == ERR_EXISTS) {
		log_info(b->setup.log, "the centre's order %.60s is passed over: %s", o->id,
			 why.text);
		return 0;
	}
	if (rc) {
		refuse(b, o, why.text);
		return 0;
	}
	k = &b->kinds[o->kind];
	if (is_under_way(k, o)) {
		b->number = k->number = o->number;
		k->expires = o->expires;
		rc = save(b, e);
		if (rc == 0)
			artefact_box_up(b);
		return rc;
	}
	if (k->coming.sha256[0]) {
		(void)answer(b, o->kind, ARTEFACT_STATE_FAILED, "a newer order took its place");
		k->settling = false;
	}
	b->number = o->number;
	snprintf(k->id, sizeof(k->id), "%s", o->id);
	snprintf(k->coming.version, sizeof(k->coming.version), "%s", o->version);
	snprintf(k->coming.sha256, sizeof(k->coming.sha256), "%s", o->sha256);
	k->coming.size = o->size;
	k->number = o->number;
	k->expires = o->expires;
	k->back = o->back;
	k->tries = 0;
	k->have = 0;
	k->text[0] = '\0';
	rc = save(b, e);
	if (rc)
		return rc;
	log_info(b->setup.log, "the centre offers %s %s, %llu bytes", artefact_kind_text(o->kind),
		 o->version, (unsigned long long)o->size);
	artefact_box_up(b);
	return 0;
}

/* ---- life ---- */

/* What lies there of files under way; a part longer than its file is none of it. */
static void resume(struct artefact_box *b)
{
	for (int i = 1; i < ARTEFACT_KINDS; i++) {
		struct kind *k = &b->kinds[i];
		char path[PATH_MAX];
		struct stat st;

		if (k->coming.sha256[0] && !k->handler.install)
			k->coming = (struct place){.version = ""};
		path_of(b, (enum artefact_kind)i, k->coming.sha256, ".part", path);
		if (k->coming.sha256[0] && stat(path, &st) == 0) {
			k->have = (uint64_t)st.st_size;
			/* The last piece may not have reached the disk whole; the hash decides. */
			if (k->have > k->coming.size)
				k->have = 0;
		}
		sweep(b, (enum artefact_kind)i);
	}
}

struct artefact_box *artefact_box_new(const struct artefact_setup *setup, struct errmsg *e)
{
	struct artefact_box *b = calloc(1, sizeof(*b));
	char path[PATH_MAX];
	int rc = 0;

	if (!b) {
		errmsg_set(e, ERR_NOMEM, "no memory for artefacts");
		return NULL;
	}
	b->setup = *setup;
	b->ask_ms = ASK_MS;
	b->timer = (struct loop_timer){.fn = on_timer, .ctx = b};
	if (strlen(setup->folder) >= sizeof(b->folder))
		rc = errmsg_set(e, ERR_LIMIT, "path %.80s... is too long", setup->folder);
	snprintf(b->folder, sizeof(b->folder), "%s", setup->folder);
	for (size_t i = 0; i < setup->n_handlers; i++)
		b->kinds[setup->handlers[i].kind].handler = setup->handlers[i];
	for (int i = 1; i < ARTEFACT_KINDS && rc == 0; i++) {
		snprintf(path, sizeof(path), "%s/%s", b->folder,
			 artefact_kind_text((enum artefact_kind)i));
		rc = file_make_folder(path, 0750, e);
	}
	if (rc == 0)
		rc = load(b, e);
	if (rc == 0)
		rc = loop_timer_set(setup->loop, &b->timer, 0);
	if (rc) {
		free(b);
		return NULL;
	}
	resume(b);
	return b;
}

void artefact_box_delete(struct artefact_box *b)
{
	if (!b)
		return;
	loop_timer_stop(b->setup.loop, &b->timer);
	free(b);
}

bool artefact_in_force(struct artefact_box *b, enum artefact_kind kind, struct artefact_file *ret)
{
	const struct kind *k = &b->kinds[kind];

	*ret = (struct artefact_file){.kind = kind, .version = "", .path = "", .sha256 = ""};
	if (!k->now.sha256[0])
		return false;
	path_of(b, kind, k->now.sha256, "", b->shown);
	ret->path = b->shown;
	ret->version = k->now.version;
	ret->sha256 = k->now.sha256;
	ret->size = k->now.size;
	return true;
}

json_t *artefact_box_json(const struct artefact_box *b)
{
	json_t *o = json_object();

	for (int i = 1; i < ARTEFACT_KINDS; i++) {
		const struct kind *k = &b->kinds[i];

		if (k->handler.install)
			json_object_set_new(
				o, artefact_kind_text((enum artefact_kind)i),
				json_pack("{so ss so so sI so}", "version",
					  local_text(k->now.version), "sha256", k->now.sha256,
					  "before", local_text(k->before.version), "coming",
					  local_text(k->coming.version), "bytes",
					  (json_int_t)k->have, "text", local_text(k->text)));
	}
	return o;
}
