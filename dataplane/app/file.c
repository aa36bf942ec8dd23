/* Files of a transaction: opened, filled and closed by parsers. */
#include "dataplane/app/file.h"

#include "dataplane/api/record.h"
#include "dataplane/app/internal.h"
#include "dataplane/app/text/text.h"
#include "dataplane/files/digest.h"

_Static_assert((int)APP_FILE_MD5 == (int)DIGEST_MD5 && (int)APP_FILE_SHA1 == (int)DIGEST_SHA1 &&
		       (int)APP_FILE_SHA256 == (int)DIGEST_SHA256,
	       "the masks are the same");

enum { WINDOW_FIRST = 4096, MAGIC_BYTES = 512 };

static void name_set(struct app_io *io, struct app_file *file, struct slice name)
{
	if (name.len > LIMIT_FILE_NAME)
		name.len = LIMIT_FILE_NAME;
	if (name.len == 0)
		return;
	file->name = slab_alloc(io->slab, name.len);
	if (!file->name)
		return;
	memcpy(file->name, name.data, name.len);
	file->name_len = (uint16_t)name.len;
}

struct app_file *app_file_make(struct app_io *io, enum dir dir, struct slice name)
{
	struct app_call *c = app_call_of(io);
	struct app_file *file = slab_zalloc(io->slab, sizeof(*file));

	if (!file) {
		app_count(c->w, APP_COUNT_MEMORY);
		return NULL;
	}
	file->id = ++c->w->file_count;
	file->wanted = io->limits->file_wanted;
	file->keep = LIMIT_FILE_WINDOW;
	name_set(io, file, name);
	if (file->wanted & DIGEST_ALL) {
		file->digest = slab_alloc(io->slab, sizeof(struct digest));
		if (file->digest)
			digest_init((struct digest *)file->digest, file->wanted);
		else
			app_count(c->w, APP_COUNT_MEMORY);
	}
	if (c->a->pub.store[dir])
		file->wanted |= APP_FILE_STORE;
	if (c->w->carrier.begin)
		file->carried = c->w->carrier.begin(c->w->carrier.ctx);
	app_count(c->w, APP_COUNT_FILES);
	return file;
}

/* The place for a further file; NULL: there are enough. */
static struct app_file **place_for_file(struct app_io *io, struct app_tx *tx, enum dir dir)
{
	struct app_file **tail = &tx->files[dir];
	unsigned count = 0;

	for (; *tail; tail = &(*tail)->next)
		count++;
	if (count < LIMIT_TX_FILES)
		return tail;
	app_count(app_call_of(io)->w, APP_COUNT_FILE_LIMIT);
	return NULL;
}

bool app_file_give(struct app_io *io, struct app_file *file, struct app_tx *tx, enum dir dir)
{
	struct app_file **place = place_for_file(io, tx, dir);

	if (!place)
		return false;
	file->tx_id = tx->id;
	*place = file;
	return true;
}

struct app_file *app_file_open(struct app_io *io, struct app_tx *tx, enum dir dir,
			       struct slice name)
{
	struct app_file **place = place_for_file(io, tx, dir);

	if (!place)
		return NULL;
	*place = app_file_make(io, dir, name);
	if (*place)
		(*place)->tx_id = tx->id;
	return *place;
}

/* Makes room for `len` bytes by dropping what has been inspected, then by growing, then by dropping
 * the oldest. Returns how many of the newest `len` bytes fit. */
static uint32_t window_room(struct app_io *io, struct app_file *file, uint32_t len)
{
	uint64_t seen =
		file->inspected > file->window_offset ? file->inspected - file->window_offset : 0;
	uint32_t drop = seen > file->keep_behind ? (uint32_t)(seen - file->keep_behind) : 0;
	uint32_t want;

	if (len > file->keep)
		len = file->keep;
	if (drop > file->window_len)
		drop = file->window_len;
	if (file->window_len - drop > file->keep - len)
		drop = file->window_len - (file->keep - len);
	if (drop) {
		file->window_len -= drop;
		file->window_offset += drop;
		memmove(file->window, file->window + drop, file->window_len);
	}
	want = file->window_len + len;
	if (want > file->window_cap) {
		uint32_t cap = file->window_cap ? file->window_cap : WINDOW_FIRST;
		uint8_t *grown;

		while (cap < want)
			cap *= 2;
		grown = slab_grow(io->slab, file->window, file->window_cap, cap);
		if (!grown)
			return 0;
		file->window = grown;
		file->window_cap = cap;
	}
	return len;
}

static void window_add(struct app_io *io, struct app_file *file, struct slice data)
{
	uint32_t len = data.len > UINT32_MAX ? UINT32_MAX : (uint32_t)data.len;
	uint32_t room = window_room(io, file, len);

	if (room < data.len) {
		/* Not contiguous any more: the window starts anew with the newest bytes. */
		if (room == 0)
			app_count(app_call_of(io)->w, APP_COUNT_FILE_LIMIT);
		file->window_len = 0;
		file->window_offset = file->size + data.len - room;
	}
	if (room)
		memcpy(file->window + file->window_len, data.data + data.len - room, room);
	file->window_len += room;
}

/* The first bytes tell what a file is, whatever its name says. */
static void head_add(struct app_file *file, struct slice data)
{
	size_t room = sizeof(file->head) - file->head_len;
	size_t n = data.len < room ? data.len : room;

	if (file->size != file->head_len) /* a gap came before */
		return;
	memcpy(file->head + file->head_len, data.data, n);
	file->head_len = (uint8_t)(file->head_len + n);
}

static void magic_text(struct app_io *io, struct app_file *file, struct slice data)
{
	struct file_magic *magic = app_call_of(io)->w->magic;
	const char *text = magic && !file->gaps ? file_magic_text(magic, data) : NULL;
	size_t len;
	char *copy;

	file->wanted &= (uint8_t)~APP_FILE_MAGIC;
	if (!text)
		return;
	len = strlen(text);
	copy = slab_alloc(io->slab, len + 1);
	if (!copy) {
		app_count(app_call_of(io)->w, APP_COUNT_MEMORY);
		return;
	}
	memcpy(copy, text, len + 1);
	file->magic = copy;
	file->have |= APP_FILE_MAGIC;
}

/* Pieces gather until there is enough to tell. */
static void magic_gather(struct app_io *io, struct app_file *file, struct slice data)
{
	size_t n = MAGIC_BYTES - file->magic_len;

	if (!file->magic_head && data.len >= MAGIC_BYTES) {
		magic_text(io, file, data);
		return;
	}
	if (!file->magic_head)
		file->magic_head = slab_alloc(io->slab, MAGIC_BYTES);
	if (!file->magic_head) {
		magic_text(io, file, data);
		return;
	}
	if (n > data.len)
		n = data.len;
	memcpy(file->magic_head + file->magic_len, data.data, n);
	file->magic_len = (uint16_t)(file->magic_len + n);
	if (file->magic_len == MAGIC_BYTES)
		magic_text(io, file, SLICE(file->magic_head, file->magic_len));
}

static void carry(struct app_io *io, struct app_file *file, struct slice data)
{
	const struct app_carrier *to = &app_call_of(io)->w->carrier;

	if (!to->bytes(to->ctx, file->carried, data))
		file->carried = 0;
}

void app_file_data(struct app_io *io, struct app_file *file, struct slice data)
{
	if (!file || file->state != APP_FILE_OPEN || data.len == 0)
		return;
	if (file->digest)
		digest_update((struct digest *)file->digest, data);
	if (file->wanted & APP_FILE_MAGIC)
		magic_gather(io, file, data);
	if (file->carried)
		carry(io, file, data);
	if (file->keep)
		window_add(io, file, data);
	head_add(file, data);
	file->size += data.len;
}

void app_file_gap(struct app_io *io, struct app_file *file, uint64_t len)
{
	if (!file || file->state != APP_FILE_OPEN || len == 0)
		return;
	file->gaps = true;
	file->size += len;
	file->window_len = 0;
	file->window_offset = file->size;
}

static void digest_end(struct app_io *io, struct app_file *file)
{
	uint8_t ready = DIGEST_ALL;

	if (!file->digest)
		return;
	digest_finish((struct digest *)file->digest, file->md5, file->sha1, file->sha256);
	/* As Suricata: of a file that is not whole none, or, when it may be kept, the SHA-256 of
	 * the bytes that are there, which is its name in the store. */
	if (file->state != APP_FILE_CLOSED)
		ready = file->carried || (file->wanted & APP_FILE_STORE) ? DIGEST_SHA256 : 0;
	file->have |= file->wanted & ready;
	slab_free(io->slab, file->digest, sizeof(struct digest));
	file->digest = NULL;
}

void app_file_close(struct app_io *io, struct app_file *file, bool truncated)
{
	if (!file || file->state != APP_FILE_OPEN)
		return;
	if (file->wanted & APP_FILE_MAGIC && file->magic_len)
		magic_text(io, file, SLICE(file->magic_head, file->magic_len));
	file->state = truncated || file->gaps ? APP_FILE_TRUNCATED : APP_FILE_CLOSED;
	digest_end(io, file);
}

void app_flow_files_end(struct app_worker *w, struct flow *f)
{
	struct app_call c;

	if (!f->app)
		return;
	app_call_init(&c, w, f, NULL);
	for (struct app_tx *tx = f->app->tx_first; tx; tx = tx->next) {
		for (unsigned dir = 0; dir < 2; dir++) {
			for (struct app_file *file = tx->files[dir]; file; file = file->next)
				app_file_close(&c.io, file, true);
		}
	}
}

void app_file_free(struct app_io *io, struct app_file *file)
{
	const struct app_carrier *to = &app_call_of(io)->w->carrier;

	if (file->carried)
		to->drop(to->ctx, file->carried);
	slab_free(io->slab, file->magic_head, MAGIC_BYTES);
	slab_free(io->slab, file->digest, sizeof(struct digest));
	slab_free(io->slab, file->window, file->window_cap);
	slab_free(io->slab, file->name, file->name_len);
	if (file->magic)
		slab_free(io->slab, (void *)file->magic, strlen(file->magic) + 1);
	slab_free(io->slab, file, sizeof(*file));
}

void app_file_log(const struct app_file *file, struct record *r)
{
	static const char *const states[] = {"UNKNOWN", "CLOSED", "TRUNCATED"};

	if (file->name_len)
		text_log(r, "filename", SLICE(file->name, file->name_len));
	record_bool(r, "gaps", file->gaps);
	record_text(r, "state", states[file->state]);
	if (file->have & APP_FILE_MAGIC)
		record_text(r, "magic", file->magic);
	if (file->have & APP_FILE_MD5)
		record_hex(r, "md5", SLICE(file->md5, sizeof(file->md5)), 0);
	if (file->have & APP_FILE_SHA1)
		record_hex(r, "sha1", SLICE(file->sha1, sizeof(file->sha1)), 0);
	if (file->have & APP_FILE_SHA256)
		record_hex(r, "sha256", SLICE(file->sha256, sizeof(file->sha256)), 0);
	record_bool(r, "stored", file->store_id != 0);
	if (file->store_id)
		record_uint(r, "file_id", file->store_id);
	record_uint(r, "size", file->size);
	if (file->ranged) {
		record_uint(r, "start", file->range_start);
		record_uint(r, "end", file->range_end);
	}
	record_uint(r, "tx_id", file->tx_id);
}
