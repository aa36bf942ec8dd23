/* What readers do with shared files of any content. The first byte chooses the reader; the rest is
 * laid over a well-formed file at places that matter: heads, cursors, the data. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "dataplane/api/mailbox.h"
#include "dataplane/api/record.h"
#include "dataplane/api/ring.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/watch.h"
#include "dataplane/base/cursor.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PAGE = 64 << 10, RECORDS_MAX = 1000 };

static char folder[64];

static const char *in(const char *name)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return path;
}

static void clean_up(void)
{
	static const char *const names[] = {"ring",    "stats",	  "watch",
					    "mailbox", "answers", "mailbox.lock"};

	for (size_t i = 0; i < 6; i++)
		unlink(in(names[i]));
	rmdir(folder);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	snprintf(folder, sizeof(folder), "/dev/shm/banken-fuzz-XXXXXX");
	if (!mkdtemp(folder))
		abort();
	atexit(clean_up);
	return 0;
}

/* Patches: u8 page (0 producer, 1 consumer, 2 data), u16 offset, u8 length, bytes. */
static void patch(const char *name, struct cursor *c)
{
	int fd = open(in(name), O_RDWR);

	while (fd >= 0 && cursor_left(c) >= 4) {
		uint8_t page = cursor_u8(c) % 3;
		uint16_t at = cursor_u16(c);
		uint8_t n = cursor_u8(c);
		struct slice bytes = slice_sub(cursor_rest(c), 0, n);

		/* Small offsets reach the heads. */
		if (page < 2)
			at %= 256;
		if (bytes.len && pwrite(fd, bytes.data, bytes.len, page * PAGE + at) < 0)
			abort();
		cursor_skip(c, bytes.len);
	}
	close(fd);
}

static void read_ring(struct cursor *c)
{
	static uint8_t buf[RECORD_MAX], line[1 << 20];
	struct record_eve_options options = {0, true};
	struct ring *w = ring_create(in("ring"), 0, NULL);
	struct ring_reader *r;

	if (!w)
		abort();
	ring_put(w, SLICE(line, 64));
	ring_put(w, SLICE(line, 4000));
	ring_close(w);
	patch("ring", c);
	r = ring_reader_open(in("ring"), NULL);
	for (int i = 0; r && i < RECORDS_MAX; i++) {
		long n = ring_next(r, buf, NULL);

		if (n == 0)
			break;
		if (n > RECORD_MAX || n < ERR_UNSUPPORTED)
			abort();
		if (n > 0 && record_check(SLICE(buf, n)))
			(void)record_to_eve(SLICE(buf, n), &options, (char *)line, sizeof(line));
	}
	ring_reader_close(r);
	/* The producer survives it as well. */
	w = ring_create(in("ring"), 0, NULL);
	if (w) {
		ring_put(w, SLICE(line, 64));
		ring_close(w);
	}
	unlink(in("ring"));
}

static void read_stats(struct cursor *c)
{
	static const struct stats_name names[] = {{"a", STATS_COUNT}, {"b", STATS_DROP}};
	struct stats *s = stats_create(in("stats"), names, 2, 2, "1", NULL);
	char text[STATS_SENTENCE];
	struct stats_reader *r;
	struct stats_info info;

	stats_close(s);
	patch("stats", c);
	r = stats_reader_open(in("stats"), NULL);
	if (!r)
		return;
	stats_reader_info(r, &info);
	for (unsigned i = 0; i < info.n_counters; i++) {
		if (strlen(stats_reader_name(r, i, NULL)) >= STATS_NAME)
			abort();
		(void)stats_reader_sum(r, i);
	}
	for (unsigned i = 0; i <= STATS_SENTENCES; i++)
		(void)stats_reader_sentence(r, i, text);
	stats_reader_close(r);
}

static void read_watch(struct cursor *c)
{
	struct watch *w = watch_create(in("watch"), 2, NULL);
	struct watch_counts counts;
	struct watch_reader *r;

	watch_close(w);
	patch("watch", c);
	r = watch_reader_open(in("watch"), NULL);
	for (unsigned i = 0; r && i <= WATCH_SLOTS; i++)
		(void)watch_read(r, i, 0x4141414141414141ULL, &counts);
	watch_reader_close(r);
}

static void read_mailbox(struct cursor *c)
{
	struct mailbox *m = mailbox_open(folder, false, NULL);
	struct mailbox_message order = {.kind = MAILBOX_STOP};

	if (!m)
		abort();
	mailbox_post(m, &order);
	mailbox_close(m);
	patch("mailbox", c);
	m = mailbox_open(folder, true, NULL);
	for (int i = 0; m && i < RECORDS_MAX && mailbox_next(m, 1, &order); i++) {
		if (order.kind == MAILBOX_WATCH && order.watch.host.n_exempt > MAILBOX_EXEMPT_MAX)
			abort();
	}
	mailbox_close(m);
	unlink(in("mailbox"));
	unlink(in("answers"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const readers[])(struct cursor *) = {read_ring, read_stats, read_watch,
							   read_mailbox};
	struct cursor c = cursor_init(data, size);

	if (folder[0] == '\0')
		LLVMFuzzerInitialize(NULL, NULL);
	readers[cursor_u8(&c) % 4](&c);
	return 0;
}
