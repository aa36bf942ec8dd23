#include "dataplane/evidence/desk.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include <mbedtls/sha256.h>

#include "dataplane/evidence/desk_private.h"

enum { FIRST_BYTES = 4096, IDLE_NS = 1000000, TICK_S = 60, AT_ONCE = 256 };

const struct counter_name desk_counter_names[DESK_COUNTERS] = {
	[DESK_FILES] = {"files", false},
	[DESK_MEMORY] = {"memory", false},
	[DESK_CUT] = {"cut", false},
	[DESK_RECORDS] = {"records", false},
	[DESK_RECORDS_LOST] = {"records_lost", false},
	[DESK_YARA_SCANS] = {"yara_scans", false},
	[DESK_YARA_HITS] = {"yara_hits", false},
	[DESK_YARA_TIMEOUT] = {"yara_timeout", false},
	[DESK_YARA_FAILED] = {"yara_failed", false},
	[DESK_ARCHIVES] = {"archives", false},
	[DESK_MEMBERS] = {"archive_members", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_NONE] = {"archive_none", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_WHOLE] = {"archive_whole", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_ENCRYPTED] = {"archive_encrypted", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_DAMAGED] = {"archive_damaged", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_TOO_DEEP] = {"archive_too_deep", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_TOO_MANY] = {"archive_too_many", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_TOO_LARGE] = {"archive_too_large", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_BOMB] = {"archive_bomb", false},
	[DESK_ARCHIVE_ENDS + FILE_ARCHIVE_NO_MEMORY] = {"archive_no_memory", false},
	[DESK_INSPECT_AGAIN] = {"inspect_again", false},
	[DESK_INSPECT_CUT] = {"inspect_cut", false},
	[DESK_INSPECT_FULL] = {"inspect_full", false},
	[DESK_INSPECT_ENDS + INSPECTOR_DONE] = {"inspect_done", false},
	[DESK_INSPECT_ENDS + INSPECTOR_CRASHED] = {"inspect_crashed", false},
	[DESK_INSPECT_ENDS + INSPECTOR_TIME] = {"inspect_time", false},
	[DESK_INSPECT_ENDS + INSPECTOR_KILLED] = {"inspect_killed", false},
	[DESK_INSPECT_ENDS + INSPECTOR_NONSENSE] = {"inspect_nonsense", false},
	[DESK_INSPECT_ENDS + INSPECTOR_ABSENT] = {"inspect_absent", false},
};

/* --- records to the workers --- */

static bool put_record(struct desk *d, unsigned port, struct slice record)
{
	const struct slice parts[3] = {record};

	return pipe_put(d->ports[port].out, 0, 0, parts, 0);
}

static void push_backlog(struct desk *d)
{
	while (d->first && put_record(d, d->first->port, SLICE(d->first->bytes, d->first->len))) {
		struct backlog *b = d->first;

		d->first = b->next;
		d->backlog--;
		free(b);
	}
	if (!d->first)
		d->last = NULL;
}

void desk_tell(struct desk *d, unsigned port, struct slice record)
{
	struct backlog *b;

	push_backlog(d);
	if (!d->first && put_record(d, port, record)) {
		desk_count(d, DESK_RECORDS);
		return;
	}
	b = d->backlog < DESK_BACKLOG ? malloc(sizeof(*b) + record.len) : NULL;
	if (!b) {
		desk_count(d, DESK_RECORDS_LOST);
		return;
	}
	*b = (struct backlog){.port = port, .len = record.len};
	memcpy(b->bytes, record.data, record.len);
	if (d->last)
		d->last->next = b;
	else
		d->first = b;
	d->last = b;
	d->backlog++;
	desk_count(d, DESK_RECORDS);
}

/* --- a file's bytes --- */

static void item_forget(struct desk *d, struct desk_item *it)
{
	d->held -= it->cap;
	free(it->buf);
	if (d->store && it->temp.fd >= 0)
		store_temp_drop(d->store, &it->temp);
	*it = (struct desk_item){.temp.fd = -1};
}

/* What there is of it is of no use any more; its end will still come. */
static void item_lose(struct desk *d, struct desk_item *it)
{
	uint64_t size = it->size;

	item_forget(d, it);
	it->open = true;
	it->lost = true;
	it->size = size;
}

static bool grow(struct desk *d, struct desk_item *it, size_t want)
{
	size_t cap = it->cap ? it->cap : FIRST_BYTES;
	uint8_t *grown;

	if (want <= it->cap)
		return true;
	while (cap < want)
		cap *= 2;
	if (d->held + cap - it->cap > d->config.memory)
		return false;
	grown = realloc(it->buf, cap);
	if (!grown)
		return false;
	d->held += cap - it->cap;
	it->buf = grown;
	it->cap = cap;
	return true;
}

/* From memory to a temporary file. */
static bool spill(struct desk *d, struct desk_item *it)
{
	if (!store_temp_open(d->store, &it->temp) ||
	    !store_write(d->store, it->temp.fd, SLICE(it->buf, it->len)))
		return false;
	d->held -= it->cap;
	free(it->buf);
	it->buf = NULL;
	it->len = it->cap = 0;
	return true;
}

static void take_bytes(struct desk *d, struct desk_item *it, struct slice bytes)
{
	uint64_t most = d->store ? d->config.limits.file : DESK_INSPECT;

	it->size += bytes.len;
	if (it->lost || it->cut)
		return;
	if (most && it->size > most) {
		it->cut = true; /* what came so far is inspected */
		return;
	}
	if (it->temp.fd < 0 && d->store &&
	    (it->len + bytes.len > DESK_SPILL || !grow(d, it, it->len + bytes.len)) &&
	    !spill(d, it)) {
		item_lose(d, it);
		return;
	}
	if (it->temp.fd >= 0) {
		if (!store_write(d->store, it->temp.fd, bytes))
			item_lose(d, it);
	} else if (grow(d, it, it->len + bytes.len)) {
		memcpy(it->buf + it->len, bytes.data, bytes.len);
		it->len += bytes.len;
	} else {
		desk_count(d, DESK_MEMORY);
		item_lose(d, it);
	}
}

/* --- its end --- */

static uint64_t wall_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (uint64_t)t.tv_sec;
}

static void keep(struct desk *d, struct desk_item *it, struct slice bytes, struct desk_end *end,
		 struct slice fileinfo)
{
	char *line;
	long n;

	if (it->cut) {
		store_would_take(d->store, it->size);
		return;
	}
	if (!end->has_sha256)
		mbedtls_sha256_ret(bytes.data, bytes.len, end->sha256, 0);
	if (it->temp.fd < 0 && !spill(d, it))
		return;
	if (!store_keep(d->store, &it->temp, end->sha256, it->size, wall_s()) ||
	    !d->config.write_fileinfo)
		return;
	line = malloc(RECORD_MAX * 8);
	n = line ? record_to_eve(fileinfo, &d->config.eve, line, RECORD_MAX * 8) : -1;
	if (n > 0)
		store_info(d->store, end->sha256, end->time_ns / 1000000000U, end->store_id,
			   SLICE((uint8_t *)line, (size_t)n));
	free(line);
}

static void finish(struct desk *d, unsigned port, struct desk_item *it, struct desk_end *end,
		   struct slice fileinfo)
{
	struct slice bytes = SLICE(it->buf, it->len);
	void *map = MAP_FAILED;
	size_t mapped = (size_t)it->size;

	if (it->cut)
		desk_count(d, DESK_CUT);
	else
		desk_count(d, DESK_FILES);
	if (it->temp.fd >= 0 && !it->cut && mapped) {
		map = mmap(NULL, mapped, PROT_READ, MAP_PRIVATE, it->temp.fd, 0);
		if (map == MAP_FAILED)
			return;
		bytes = SLICE(map, mapped);
	}
	if (bytes.len)
		desk_look(d, port, bytes, end, fileinfo);
	if (end->keep && d->store)
		keep(d, it, bytes, end, fileinfo);
	if (map != MAP_FAILED)
		munmap(map, mapped);
}

static void take_end(struct desk *d, unsigned port, struct desk_item *it, struct slice bytes)
{
	struct desk_end end;
	struct slice fileinfo = slice_sub(bytes, sizeof(end), bytes.len);

	if (!it->lost && bytes.len >= sizeof(end)) {
		memcpy(&end, bytes.data, sizeof(end));
		finish(d, port, it, &end, fileinfo);
	}
	item_forget(d, it);
}

static void take(struct desk *d, unsigned port, const struct pipe_message *m)
{
	struct desk_item *it = &d->items[(size_t)port * DESK_OPEN_MAX + m->tag % DESK_OPEN_MAX];

	switch (m->kind) {
	case DESK_FILE:
		item_forget(d, it);
		it->open = true;
		break;
	case DESK_BYTES:
		take_bytes(d, it, m->bytes);
		break;
	case DESK_END:
		take_end(d, port, it, m->bytes);
		break;
	default:
		item_forget(d, it);
	}
}

/* --- the thread --- */

static void show_counts(struct desk *d)
{
	struct counter_set set;

	for (unsigned i = 0; i < DESK_COUNTERS; i++)
		atomic_store_explicit(&d->shown[i], d->counts[i], memory_order_relaxed);
	if (!d->store)
		return;
	set = store_counters(d->store);
	for (unsigned i = 0; i < set.count; i++)
		atomic_store_explicit(&d->shown[DESK_COUNTERS + i], set.values[i],
				      memory_order_relaxed);
}

/* Some messages of every worker. */
static unsigned turn(struct desk *d)
{
	struct pipe_message m;
	unsigned sum = 0;

	for (unsigned port = 0; port < d->config.workers; port++) {
		for (unsigned i = 0; i < AT_ONCE && pipe_next(d->ports[port].in, &m); i++) {
			take(d, port, &m);
			pipe_release(d->ports[port].in);
			sum++;
		}
	}
	return sum;
}

static void *run(void *ctx)
{
	static const struct timespec nap = {0, IDLE_NS};
	struct desk *d = ctx;
	uint64_t ticked_s = 0;

	for (;;) {
		bool last = atomic_load_explicit(&d->stop, memory_order_acquire);
		uint64_t now_s = wall_s();

		if (turn(d))
			continue;
		push_backlog(d);
		show_counts(d);
		if (d->store && now_s >= ticked_s + TICK_S) {
			ticked_s = now_s;
			store_tick(d->store, now_s);
		}
		if (last)
			break;
		nanosleep(&nap, NULL);
	}
	atomic_store_explicit(&d->stopped, true, memory_order_release);
	return NULL;
}

/* --- start and end --- */

static bool make_ports(struct desk *d)
{
	unsigned n = d->config.workers;

	d->ports = calloc(n, sizeof(*d->ports));
	d->items = calloc((size_t)n * DESK_OPEN_MAX, sizeof(*d->items));
	if (!d->ports || !d->items)
		return false;
	for (size_t i = 0; i < (size_t)n * DESK_OPEN_MAX; i++)
		d->items[i].temp.fd = -1;
	for (unsigned i = 0; i < n; i++) {
		struct desk_port *p = &d->ports[i];

		p->desk = d;
		p->index = i;
		for (unsigned k = DESK_OPEN_MAX; k > 0; k--)
			p->free[p->free_count++] = (uint16_t)(k - 1);
		p->in = pipe_new(d->config.pipe_bytes);
		p->out = pipe_new(RECORD_MAX * 8);
		if (!p->in || !p->out)
			return false;
	}
	return true;
}

struct desk *desk_new(const struct desk_config *config, struct errmsg *err)
{
	struct desk *d = calloc(1, sizeof(*d));

	if (!d) {
		errmsg_set(err, ERR_NOMEM, "no memory for the file desk");
		return NULL;
	}
	d->config = *config;
	if (d->config.workers > DESK_PORTS)
		d->config.workers = DESK_PORTS;
	if (!make_ports(d)) {
		errmsg_set(err, ERR_NOMEM, "no memory for the file desk; lower files.ring-kb");
		goto failed;
	}
	if (config->store) {
		d->store = store_open(config->dir, &config->limits, err);
		if (!d->store)
			goto failed;
	}
	return d;
failed:
	desk_delete(d);
	return NULL;
}

int desk_start(struct desk *d, struct errmsg *err)
{
	int rc = pthread_create(&d->thread, NULL, run, d);

	if (rc != 0)
		return errmsg_set(err, ERR_IO, "the file desk did not start (%s)", strerror(rc));
	d->running = true;
	return ERR_OK;
}

void desk_stop(struct desk *d)
{
	if (!d || !d->running)
		return;
	atomic_store_explicit(&d->stop, true, memory_order_release);
	pthread_join(d->thread, NULL);
	d->running = false;
}

void desk_delete(struct desk *d)
{
	if (!d)
		return;
	desk_stop(d);
	for (unsigned i = 0; d->ports && i < d->config.workers; i++) {
		pipe_delete(d->ports[i].in);
		pipe_delete(d->ports[i].out);
		free(d->ports[i].after);
	}
	for (size_t i = 0; d->items && i < (size_t)d->config.workers * DESK_OPEN_MAX; i++)
		item_forget(d, &d->items[i]);
	while (d->first) {
		struct backlog *b = d->first;

		d->first = b->next;
		free(b);
	}
	store_close(d->store);
	free(d->items);
	free(d->ports);
	free(d);
}

struct desk_port *desk_port(struct desk *d, unsigned worker)
{
	return &d->ports[worker % d->config.workers];
}
