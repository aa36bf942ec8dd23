#include "signatures/lists/build.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "signatures/lists/canon.h"
#include "signatures/lists/format.h"

enum { COMMENT = 255, FIRST = 1024, PATH = 4096 };

struct entry {
	struct key key;
	uint32_t label;
};

/* An open table that finds a text or a label again. */
struct index {
	uint32_t *slots; /* position + 1 */
	uint32_t size, used;
};

struct build {
	struct head head;
	struct hash_key hash;
	struct list_info *lists;
	struct entry *entries;
	struct label *labels;
	char *texts;
	uint64_t n_entries, cap_entries, cap_labels, cap_texts;
	struct index label_index, text_index;
	struct build_counts counts;
	uint64_t longest; /* run of buckets that an entry was put behind */
};

struct build *build_new(void)
{
	struct build *b = calloc(1, sizeof(*b));

	if (!b)
		return NULL;
	b->hash = hash_key_random();
	b->lists = calloc(MAX_LISTS, sizeof(*b->lists));
	b->texts = calloc(1, FIRST);
	b->cap_texts = FIRST;
	b->head = (struct head){.magic = "BKLISTS", .version = FORMAT_VERSION, .texts = 1};
	for (unsigned i = 0; i < 2; i++) {
		struct hash_key random = hash_key_random();

		b->head.base[i] = (random.k0 & PRIME61) % (PRIME61 - 1) + 1;
	}
	if (!b->lists || !b->texts) {
		build_free(b);
		return NULL;
	}
	return b;
}

void build_free(struct build *b)
{
	if (!b)
		return;
	free(b->lists);
	free(b->entries);
	free(b->labels);
	free(b->texts);
	free(b->label_index.slots);
	free(b->text_index.slots);
	free(b);
}

struct build_counts build_counts(const struct build *b)
{
	return b->counts;
}

int build_list(struct build *b, const struct list_info *info, struct errmsg *err)
{
	if (b->head.lists == MAX_LISTS)
		return errmsg_set(err, ERR_LIMIT, "there are %d lists already", MAX_LISTS);
	b->lists[b->head.lists++] = *info;
	return ERR_OK;
}

/* --- growing --- */

static bool grow(void **array, uint64_t *cap, uint64_t need, size_t one)
{
	uint64_t more = *cap ? *cap : FIRST;
	void *grown;

	if (need <= *cap)
		return true;
	while (more < need)
		more += more / 2;
	grown = reallocarray(*array, more, one);
	if (!grown)
		return false;
	*array = grown;
	*cap = more;
	return true;
}

/* Room for one more, hashes asked anew. */
static bool index_grow(struct index *x, uint64_t (*hash)(const struct build *b, uint32_t at),
		       const struct build *b)
{
	uint32_t size = x->size ? x->size * 2 : FIRST;
	uint32_t *slots;

	if (x->size && x->used * 2 < x->size)
		return true;
	slots = calloc(size, sizeof(*slots));
	if (!slots)
		return false;
	for (uint32_t i = 0; i < x->size; i++) {
		uint64_t at;

		if (!x->slots[i])
			continue;
		for (at = hash(b, x->slots[i] - 1); slots[at & (size - 1)]; at++)
			;
		slots[at & (size - 1)] = x->slots[i];
	}
	free(x->slots);
	x->slots = slots;
	x->size = size;
	return true;
}

/* --- texts and labels, each once --- */

static uint64_t text_hash(const struct build *b, uint32_t at)
{
	return hash_bytes(&b->hash, b->texts + at, strlen(b->texts + at));
}

static uint64_t label_hash(const struct build *b, uint32_t at)
{
	return hash_bytes(&b->hash, &b->labels[at], sizeof(b->labels[at]));
}

/* The offset of a comment; control characters become '?'. LABEL_NONE: no memory. */
static uint32_t keep_text(struct build *b, struct slice comment)
{
	struct index *x = &b->text_index;
	char text[COMMENT + 1];
	size_t len = comment.len < COMMENT ? comment.len : COMMENT;
	uint64_t at;

	while (len < comment.len && len > 0 && (comment.data[len] & 0xc0) == 0x80)
		len--; /* not in the middle of a character */
	for (size_t i = 0; i < len; i++)
		text[i] =
			(char)(comment.data[i] < ' ' || comment.data[i] == 0x7f ? '?'
										: comment.data[i]);
	text[len] = 0;
	if (len == 0)
		return 0;
	if (!index_grow(x, text_hash, b))
		return LABEL_NONE;
	at = hash_bytes(&b->hash, text, len);
	for (; x->slots[at & (x->size - 1)]; at++) {
		uint32_t old = x->slots[at & (x->size - 1)] - 1;

		if (strcmp(b->texts + old, text) == 0)
			return old;
	}
	if (b->head.texts + len + 1 >= UINT32_MAX ||
	    !grow((void **)&b->texts, &b->cap_texts, b->head.texts + len + 1, 1))
		return LABEL_NONE;
	memcpy(b->texts + b->head.texts, text, len + 1);
	x->slots[at & (x->size - 1)] = (uint32_t)b->head.texts + 1;
	x->used++;
	b->head.texts += len + 1;
	return x->slots[at & (x->size - 1)] - 1;
}

static uint32_t keep_label(struct build *b, const struct label *label)
{
	struct index *x = &b->label_index;
	uint64_t at;

	if (b->head.labels && memcmp(&b->labels[b->head.labels - 1], label, sizeof(*label)) == 0)
		return (uint32_t)b->head.labels - 1;
	if (!index_grow(x, label_hash, b))
		return LABEL_NONE;
	at = hash_bytes(&b->hash, label, sizeof(*label));
	for (; x->slots[at & (x->size - 1)]; at++) {
		uint32_t old = x->slots[at & (x->size - 1)] - 1;

		if (memcmp(&b->labels[old], label, sizeof(*label)) == 0)
			return old;
	}
	if (b->head.labels >= LABEL_NONE - 1 ||
	    !grow((void **)&b->labels, &b->cap_labels, b->head.labels + 1, sizeof(*label)))
		return LABEL_NONE;
	b->labels[b->head.labels] = *label;
	x->slots[at & (x->size - 1)] = (uint32_t)b->head.labels + 1;
	x->used++;
	return (uint32_t)b->head.labels++;
}

/* --- entries --- */

/* What the head must know so that look-ups for it are made at all. */
static void announce(struct head *h, const struct indicator *i)
{
	unsigned top = (unsigned)i->addr.bytes[12] << 8 | i->addr.bytes[13];

	switch (i->kind) {
	case LIST_NETWORK:
		if (!ip_addr_is_v4(&i->addr)) {
			h->v6_bits[i->bits / 64] |= 1ULL << i->bits % 64;
			break;
		}
		h->v4_bits |= 1ULL << (i->bits - 96);
		for (unsigned n = 0; n < (i->bits < 112 ? 1U << (112 - i->bits) : 1U); n++)
			h->map16[(top + n) / 8] |= (uint8_t)(1 << (top + n) % 8);
		break;
	case LIST_DOMAIN:
		h->domain_labels |= 1ULL << canon_labels(SLICE(i->bytes, i->len));
		break;
	case LIST_FILE:
		h->md5 |= i->len == 16;
		h->sha1 |= i->len == 20;
		h->sha256 |= i->len == 32;
		break;
	default:
		break;
	}
}

int build_indicator(struct build *b, const struct indicator *i, uint32_t expires, uint32_t now,
		    struct slice comment, struct errmsg *err)
{
	struct label label = {.list = b->head.lists - 1, .expires = expires};
	uint32_t at;

	if (expires && expires <= now) {
		b->counts.expired++;
		return ERR_OK;
	}
	label.comment = keep_text(b, comment);
	at = label.comment == LABEL_NONE ? LABEL_NONE : keep_label(b, &label);
	if (at == LABEL_NONE ||
	    !grow((void **)&b->entries, &b->cap_entries, b->n_entries + 1, sizeof(*b->entries)))
		return errmsg_set(err, ERR_NOMEM, "no memory for more than %llu indicators",
				  (unsigned long long)b->n_entries);
	b->entries[b->n_entries++] =
		(struct entry){.key = key_indicator(b->head.base, i), .label = at};
	b->head.kinds[i->kind]++;
	b->counts.taken++;
	announce(&b->head, i);
	return ERR_OK;
}

/* --- the file --- */

static uint64_t padded(uint64_t n)
{
	return (n + 63) & ~63ULL;
}

/* True when `new` takes the place of `old`: a list that counts more, else what lasts longer. */
static bool replaces(const struct build *b, uint32_t new, uint32_t old)
{
	uint8_t a = b->lists[b->labels[new].list].priority;
	uint8_t o = b->lists[b->labels[old].list].priority;
	uint32_t lasts = b->labels[new].expires - 1, lasted = b->labels[old].expires - 1;

	return a != o ? a > o : lasts > lasted; /* 0, never, is the longest */
}

static void insert(struct build *b, struct bucket *buckets, const struct entry *e)
{
	uint64_t tag = key_tag(&e->key), at = key_bucket(&e->key, b->head.buckets), run = 0;

	for (;; at = at + 1 < b->head.buckets ? at + 1 : 0) {
		struct bucket *bucket = &buckets[at];

		if (++run > b->longest)
			b->longest = run;

		for (unsigned i = 0; i < BUCKET_ENTRIES; i++) {
			if (bucket->tag[i] == tag) {
				b->counts.doubles++;
				if (replaces(b, e->label, bucket->label[i]))
					bucket->label[i] = e->label;
				return;
			}
			if (bucket->tag[i])
				continue;
			bucket->tag[i] = tag;
			bucket->label[i] = e->label;
			b->head.entries++;
			return;
		}
		bucket->more = 1;
	}
}

static uint64_t size_of(const struct build *b, uint64_t ret_at[4])
{
	ret_at[0] = padded(sizeof(b->head));
	ret_at[1] = padded(ret_at[0] + b->head.lists * sizeof(*b->lists));
	ret_at[2] = padded(ret_at[1] + b->head.buckets * sizeof(struct bucket));
	ret_at[3] = padded(ret_at[2] + b->head.labels * sizeof(*b->labels));
	return ret_at[3] + b->head.texts;
}

static void fill(struct build *b, char *map)
{
	struct hash_key key;
	uint64_t at[4];

	b->head.size = size_of(b, at);
	b->head.entries = 0;
	b->counts.doubles = 0;
	b->longest = 0;
	memcpy(map + at[0], b->lists, b->head.lists * sizeof(*b->lists));
	for (uint64_t i = 0; i < b->n_entries; i++)
		insert(b, (struct bucket *)(map + at[1]), &b->entries[i]);
	if (b->head.labels)
		memcpy(map + at[2], b->labels, b->head.labels * sizeof(*b->labels));
	memcpy(map + at[3], b->texts, b->head.texts);
	key = (struct hash_key){b->head.size, b->head.version};
	b->head.checksum = hash_bytes(&key, map + at[0], b->head.size - at[0]);
	memcpy(map, &b->head, sizeof(b->head));
}

/* The file belongs to whom its folder belongs: who reads it is another user than who makes it. */
static void hand_over(int fd, const char *path)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", slash ? (int)(slash - path) : 1,
		 slash ? path : ".");
	if (geteuid() == 0 && stat(folder[0] ? folder : "/", &st) == 0)
		(void)!fchown(fd, st.st_uid, st.st_gid);
}

static int write_file(struct build *b, int fd, uint64_t size, const char *path, struct errmsg *err)
{
	char *map;
	int rc = posix_fallocate(fd, 0, (off_t)size);

	if (rc)
		return errmsg_set(err, ERR_IO, "%s: %llu MB cannot be written (%s); make room",
				  path, (unsigned long long)(size >> 20), strerror(rc));
	map = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED)
		return errmsg_set(err, ERR_NOMEM, "%s cannot be mapped (%s)", path,
				  strerror(errno));
	fill(b, map);
	rc = msync(map, size, MS_SYNC);
	munmap(map, size);
	if (rc < 0 || fsync(fd) < 0)
		return errmsg_set(err, ERR_IO, "%s: writing failed (%s)", path, strerror(errno));
	return ERR_OK;
}

static int write_beside(struct build *b, const char *beside, const char *path, struct errmsg *err)
{
	uint64_t at[4];
	int fd = open(beside, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0640), rc;

	if (fd < 0)
		return errmsg_set(err, ERR_IO, "%s cannot be written (%s)", beside,
				  strerror(errno));
	hand_over(fd, path);
	rc = write_file(b, fd, size_of(b, at), beside, err);
	close(fd);
	return rc;
}

/* Four fifths full; where chance has made too long a run of full buckets, less. */
int build_write(struct build *b, const char *path, struct errmsg *err)
{
	char beside[PATH];
	int rc;

	if ((size_t)snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid()) >=
	    sizeof(beside))
		return errmsg_set(err, ERR_INVALID, "%s is too long a path", path);
	b->head.buckets = b->n_entries * 5 / (4 * BUCKET_ENTRIES) + 1;
	do {
		rc = write_beside(b, beside, path, err);
		b->head.buckets += b->head.buckets / 8 + 1;
	} while (rc == ERR_OK && b->longest > CHAIN_MAX);
	if (rc == ERR_OK && rename(beside, path) < 0)
		rc = errmsg_set(err, ERR_IO, "%s cannot be put in place (%s)", path,
				strerror(errno));
	if (rc != ERR_OK)
		unlink(beside);
	return rc;
}
