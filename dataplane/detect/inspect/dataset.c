/* Sets of strings, digests and addresses that rules test and change (dataset, datarep). Shared by
 * all workers: entries are only ever added in front of their bucket by an atomic exchange, and
 * taken out by a mark, so that nobody waits. Their memory is taken at load, up to the set's cap. */
#include "dataplane/detect/inspect/internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "dataplane/base/hash.h"

enum {
	BUCKETS = 1 << 14,
	LINE_BYTES = 64 * 1024,
	GROWTH_BYTES = 4 << 20, /* room for what rules add while running */
	DIGEST_MD5 = 16,
	DIGEST_SHA256 = 32,
};

struct entry {
	struct entry *next;
	uint64_t hash;
	_Atomic uint32_t alive;
	uint16_t value; /* datarep */
	uint32_t len;
	uint8_t bytes[];
};

struct dataset {
	struct dataset *next;
	const char *name;
	enum rule_dataset_type type;
	struct hash_key key;
	_Atomic(struct entry *) bucket[BUCKETS];
	uint8_t *arena;
	size_t arena_size;
	_Atomic size_t used;
};

static struct entry *find(struct dataset *set, struct slice data, uint64_t hash)
{
	struct entry *e = atomic_load_explicit(&set->bucket[hash % BUCKETS], memory_order_acquire);

	while (e && (e->hash != hash || e->len != data.len ||
		     memcmp(e->bytes, data.data, data.len) != 0))
		e = e->next;
	return e;
}

/* false when the set's memory is used up. */
static bool put(struct dataset *set, struct slice data, uint16_t value)
{
	uint64_t hash = hash_bytes(&set->key, data.data, data.len);
	struct entry *e = find(set, data, hash);
	size_t need = (sizeof(*e) + data.len + 15) & ~15ULL, at;
	_Atomic(struct entry *) *bucket = &set->bucket[hash % BUCKETS];

	if (e) {
		atomic_store_explicit(&e->alive, 1, memory_order_release);
		return true;
	}
	at = atomic_fetch_add_explicit(&set->used, need, memory_order_relaxed);
	if (at + need > set->arena_size) {
		atomic_fetch_sub_explicit(&set->used, need, memory_order_relaxed);
		return false;
	}
	e = (struct entry *)(set->arena + at);
	e->hash = hash;
	e->alive = 1;
	e->value = value;
	e->len = (uint32_t)data.len;
	memcpy(e->bytes, data.data, data.len);
	e->next = atomic_load_explicit(bucket, memory_order_acquire);
	while (!atomic_compare_exchange_weak_explicit(bucket, &e->next, e, memory_order_release,
						      memory_order_acquire))
		;
	return true;
}

/* What the data means for the set's type: digests must have their length, addresses are text or
 * raw. */
static bool key_of(const struct dataset *set, struct slice data, struct slice *ret)
{
	*ret = data;
	switch (set->type) {
	case RULE_DATASET_MD5:
		return data.len == DIGEST_MD5;
	case RULE_DATASET_SHA256:
		return data.len == DIGEST_SHA256;
	case RULE_DATASET_IPV4:
		return data.len == 4;
	case RULE_DATASET_IP:
		return data.len == 4 || data.len == 16;
	default:
		return data.len > 0;
	}
}

static bool compare_value(const struct rule_datarep *d, uint16_t value)
{
	return d->op == RULE_CMP_EQ   ? value == d->value
	       : d->op == RULE_CMP_LT ? value < d->value
				      : value > d->value;
}

bool dataset_match(struct dataset *set, const struct rule_item *item, struct slice data)
{
	struct slice key;
	struct entry *e;
	bool there;

	if (!key_of(set, data, &key))
		return false;
	e = find(set, key, hash_bytes(&set->key, key.data, key.len));
	there = e && atomic_load_explicit(&e->alive, memory_order_acquire);
	if (item->kind == RULE_ITEM_DATAREP)
		return there && compare_value(item->datarep, e->value);
	switch (item->dataset->cmd) {
	case RULE_BIT_ISSET:
		return there;
	case RULE_BIT_ISNOTSET:
		return !there;
	case RULE_BIT_SET:
		return !there && put(set, key, 0);
	case RULE_BIT_UNSET:
		if (there)
			atomic_store_explicit(&e->alive, 0, memory_order_release);
		return there;
	default:
		return false;
	}
}

/* --- loading --- */

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static long unhex(const char *text, size_t len, uint8_t *out)
{
	if (len % 2)
		return -1;
	for (size_t i = 0; i < len / 2; i++) {
		int high = hex_digit(text[2 * i]), low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		out[i] = (uint8_t)(high << 4 | low);
	}
	return (long)(len / 2);
}

static long unaddress(const char *text, uint8_t *out)
{
	struct ip_addr a;

	if (ip_addr_parse(text, &a) != ERR_OK)
		return -1;
	if (ip_addr_is_v4(&a)) {
		memcpy(out, a.bytes + 12, 4);
		return 4;
	}
	memcpy(out, a.bytes, 16);
	return 16;
}

/* One line "value" or "value,reputation" as the set keeps it. Length, or negative when malformed.
 */
static long parse_line(const struct dataset *set, char *line, uint8_t *out, uint16_t *ret_value)
{
	char *comma = strchr(line, ',');
	size_t len;

	*ret_value = 0;
	if (comma) {
		*comma = 0;
		*ret_value = (uint16_t)strtoul(comma + 1, NULL, 10);
	}
	len = strlen(line);
	switch (set->type) {
	case RULE_DATASET_STRING:
		return (long)inspect_base64(SLICE(line, len), out, LINE_BYTES);
	case RULE_DATASET_MD5:
	case RULE_DATASET_SHA256:
		return unhex(line, len, out);
	default:
		return unaddress(line, out);
	}
}

/* Relative names are looked for beside the rule file first. */
static FILE *open_beside(const struct rule *rule, const char *name)
{
	const char *slash = rule->file ? strrchr(rule->file, '/') : NULL;
	char path[1024];
	FILE *f = NULL;

	if (name[0] != '/' && slash) {
		snprintf(path, sizeof(path), "%.*s/%s", (int)(slash - rule->file), rule->file,
			 name);
		f = fopen(path, "re");
	}
	return f ? f : fopen(name, "re");
}

static bool load(struct dataset *set, FILE *f, const char *name, struct errmsg *why)
{
	static _Thread_local char line[LINE_BYTES];
	static _Thread_local uint8_t bytes[LINE_BYTES];
	unsigned number = 0;
	bool ok = true;

	while (ok && fgets(line, sizeof(line), f)) {
		uint16_t value;
		long n;

		number++;
		line[strcspn(line, "\r\n")] = 0;
		if (!line[0])
			continue;
		n = parse_line(set, line, bytes, &value);
		if (n < 0)
			ok = errmsg_set(why, ERR_INVALID, "%s:%u: is not an entry of this type",
					name, number) == ERR_OK;
		else if (!put(set, SLICE(bytes, (size_t)n), value))
			ok = errmsg_set(why, ERR_LIMIT,
					"%s:%u: the set's memory is full; raise memcap", name,
					number) == ERR_OK;
	}
	return ok;
}

static size_t file_size(FILE *f)
{
	long size;

	fseek(f, 0, SEEK_END);
	size = ftell(f);
	rewind(f);
	return size > 0 ? (size_t)size : 0;
}

struct request {
	const char *name, *load;
	enum rule_dataset_type type;
	bool may_miss; /* `state`: the file is made later */
};

static struct request request_of(const struct rule_item *item)
{
	if (item->kind == RULE_ITEM_DATAREP)
		return (struct request){item->datarep->name, item->datarep->load,
					item->datarep->type, false};
	return (struct request){item->dataset->name,
				item->dataset->load ? item->dataset->load : item->dataset->state,
				item->dataset->type, item->dataset->load == NULL};
}

static bool fill(struct dataset *set, const struct rule *rule, const struct request *q,
		 struct errmsg *why)
{
	FILE *f = q->load ? open_beside(rule, q->load) : NULL;
	size_t bytes = f ? file_size(f) : 0;
	bool ok = true;

	if (q->load && !f && !q->may_miss) {
		errmsg_set(why, ERR_IO, "%s: cannot be read (%s)", q->load, strerror(errno));
		return false;
	}
	/* An entry is at most its line's bytes and the head of an entry; a line has two bytes or
	 * more. */
	set->arena_size = GROWTH_BYTES + bytes + (bytes / 2 + 1) * sizeof(struct entry);
	set->arena = calloc(1, set->arena_size);
	if (!set->arena)
		ok = errmsg_set(why, ERR_NOMEM, "no memory for the set") == ERR_OK;
	if (f) {
		ok = ok && load(set, f, q->load, why);
		fclose(f);
	}
	return ok;
}

struct dataset *dataset_for(struct inspect_store *s, const struct rule *rule,
			    const struct rule_item *item, struct errmsg *why)
{
	struct request q = request_of(item);
	struct dataset *set;

	for (set = s->datasets; set; set = set->next) {
		if (strcmp(set->name, q.name) == 0)
			return set;
	}
	set = calloc(1, sizeof(*set));
	if (!set)
		return NULL;
	set->name = q.name;
	set->type = q.type;
	set->key = hash_key_random();
	if (!fill(set, rule, &q, why)) {
		free(set->arena);
		free(set);
		return NULL;
	}
	set->next = s->datasets;
	s->datasets = set;
	return set;
}

void datasets_free(struct inspect_store *s)
{
	while (s->datasets) {
		struct dataset *set = s->datasets;

		s->datasets = set->next;
		free(set->arena);
		free(set);
	}
}
