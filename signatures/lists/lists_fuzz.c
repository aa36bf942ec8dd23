/* Any bytes as a list of one form, or (LISTS_TABLE) as the mapped file. What is taken must be found
 * again once it is compiled; look-ups in any file stay inside it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "signatures/lists/build.h"
#include "signatures/lists/format.h"
#include "signatures/lists/read.h"

enum { MOST = 64, NOW = 1700000000 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);                 \
			abort();                                                                   \
		}                                                                                  \
	} while (0)

static void look_up(const struct lists *l)
{
	struct ip_addr v4 = ip_addr_v4((const uint8_t[]){192, 0, 2, 1});
	struct ip_addr v6 = {{0x20, 1, 0xd, 0xb8}};
	struct list_hit hit;

	lists_address(l, &v4, NOW, &hit);
	lists_address(l, &v6, NOW, &hit);
	lists_service(l, &v4, 443, NOW, &hit);
	lists_domain(l, SLICE_LIT("a.b.example.com."), NOW, &hit);
	lists_url(l, SLICE_LIT("example.com"), 80, SLICE_LIT("/a%2fb?c"), NOW, &hit);
	lists_file(l, SLICE_LIT("0123456789abcdef"), NOW, &hit);
}

#ifdef LISTS_TABLE

/* With the checksum set right, so that the checks behind it are met. */
static void open_file(const char *path, const uint8_t *data, size_t size)
{
	struct lists *l = NULL;
	uint8_t *copy = malloc(size + 1);
	FILE *f = fopen(path, "we");

	CHECK(copy && f);
	memcpy(copy, data, size);
	if (size >= sizeof(struct head)) {
		struct head *h = (struct head *)copy;
		size_t behind = (sizeof(*h) + 63) & ~63UL;
		struct hash_key key;

		memcpy(h->magic, "BKLISTS", 8);
		h->version = FORMAT_VERSION;
		h->size = size;
		key = (struct hash_key){h->size, h->version};
		if (size > behind)
			h->checksum = hash_bytes(&key, copy + behind, size - behind);
	}
	fwrite(copy, 1, size, f);
	fclose(f);
	free(copy);
	if (lists_open(path, &l, NULL) == ERR_OK)
		look_up(l);
	lists_close(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	int fd = memfd_create("table", MFD_CLOEXEC);

	CHECK(fd >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	open_file(path, data, size);
	close(fd);
	return 0;
}

#else

struct seen {
	struct build *build;
	unsigned n;
	struct indicator *kept; /* MOST of them */
};

static int take(void *ctx, const struct indicator *i, uint32_t expires, struct slice comment,
		struct errmsg *err)
{
	struct seen *s = ctx;

	CHECK(i->kind < LIST_KINDS && i->len <= LIST_URL_MAX);
	if (!(expires && expires <= NOW) && s->n < MOST)
		s->kept[s->n++] = *i;
	return build_indicator(s->build, i, expires, NOW, comment, err);
}

static void refused(void *ctx, uint64_t line, const char *why)
{
	CHECK(line > 0 && why[0]);
}

static void find_again(struct seen *s)
{
	char path[64];
	struct lists *l = NULL;
	struct list_hit hit;

	snprintf(path, sizeof(path), "/dev/shm/lists-fuzz-%d", (int)getpid());
	CHECK(build_write(s->build, path, NULL) == ERR_OK);
	CHECK(lists_open(path, &l, NULL) == ERR_OK);
	for (unsigned i = 0; i < s->n; i++)
		CHECK(lists_find(l, &s->kept[i], NOW, &hit));
	look_up(l);
	lists_close(l);
	unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
#if defined(LISTS_CSV)
	enum list_form form = LIST_CSV;
#elif defined(LISTS_STIX)
	enum list_form form = LIST_STIX;
#else
	enum list_form form = LIST_PLAIN;
#endif
	struct seen s = {.build = build_new(), .kept = calloc(MOST, sizeof(*s.kept))};
	struct list_sink sink = {take, refused, &s};
	struct list_info info = {.name = "fuzz", .id = 1, .priority = 50};
	struct errmsg err = {""};
	struct list_counts counts;
	int rc;

	CHECK(s.build && s.kept && build_list(s.build, &info, NULL) == ERR_OK);
	rc = list_read(SLICE(data, size), form, HINT_ANY, &sink, &counts, &err);
	CHECK(rc == ERR_OK || (rc == ERR_INVALID && strncmp(err.text, "line ", 5) == 0));
	if (s.n)
		find_again(&s);
	build_free(s.build);
	free(s.kept);
	return 0;
}

#endif
