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
	const char *save; /* below the data folder; NULL: not kept */
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

/* Kept state lies below the data folder; without one nothing is kept. */
static FILE *open_kept(const struct inspect_store *s, const char *name)
{
	char path[4096];

	if (!s->data_folder)
		return NULL;
	snprintf(path, sizeof(path), "%s/%s", s->data_folder, name);
	return fopen(path, "re");
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
	const char *state; /* read when it is there */
	const char *save;
	enum rule_dataset_type type;
};

static struct request request_of(const struct rule_item *item)
{
	if (item->kind == RULE_ITEM_DATAREP)
		return (struct request){item->datarep->name, item->datarep->load, NULL, NULL,
					item->datarep->type};
	return (struct request){item->dataset->name, item->dataset->load, item->dataset->state,
				item->dataset->save ? item->dataset->save : item->dataset->state,
				item->dataset->type};
}

static bool fill(struct inspect_store *s, struct dataset *set, const struct rule *rule,
		 const struct request *q, struct errmsg *why)
{
	FILE *f = q->load ? open_beside(rule, q->load) : q->state ? open_kept(s, q->state) : NULL;
	size_t bytes = f ? file_size(f) : 0;
	bool ok = true;

	if (q->load && !f) {
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
		ok = ok && load(set, f, q->load ? q->load : q->state, why);
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
	set->save = q.save;
	if (!fill(s, set, rule, &q, why)) {
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

/* --- keeping --- */

static void write_hex(FILE *f, const struct entry *e)
{
	for (uint32_t i = 0; i < e->len; i++)
		fprintf(f, "%02x", e->bytes[i]);
}

static void write_base64(FILE *f, const struct entry *e)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (uint32_t i = 0; i < e->len; i += 3) {
		uint32_t left = e->len - i, v = (uint32_t)e->bytes[i] << 16;

		v |= left > 1 ? (uint32_t)e->bytes[i + 1] << 8 : 0;
		v |= left > 2 ? e->bytes[i + 2] : 0;
		fputc(digits[v >> 18], f);
		fputc(digits[v >> 12 & 63], f);
		fputc(left > 1 ? digits[v >> 6 & 63] : '=', f);
		fputc(left > 2 ? digits[v & 63] : '=', f);
	}
}

static void write_address(FILE *f, const struct entry *e)
{
	char text[IP_ADDR_TEXT];
	struct ip_addr a = e->len == 4 ? ip_addr_v4(e->bytes) : ip_addr_v6(e->bytes);

	fputs(ip_addr_text(&a, text, false), f);
}

static void write_set(FILE *f, struct dataset *set)
{
	for (unsigned i = 0; i < BUCKETS; i++) {
		struct entry *e = atomic_load_explicit(&set->bucket[i], memory_order_acquire);

		for (; e; e = e->next) {
			if (!atomic_load_explicit(&e->alive, memory_order_acquire))
				continue;
			if (set->type == RULE_DATASET_STRING)
				write_base64(f, e);
			else if (set->type == RULE_DATASET_MD5 || set->type == RULE_DATASET_SHA256)
				write_hex(f, e);
			else
				write_address(f, e);
			fputc('\n', f);
		}
	}
}

static int save_set(const char *folder, struct dataset *set, struct errmsg *why)
{
	char path[4096], part[4096 + 8];
	FILE *f;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", folder, set->save);
	snprintf(part, sizeof(part), "%s.part", path);
	f = fopen(part, "we");
	if (!f)
		return errmsg_set(why, ERR_IO, "%s: %s", part, strerror(errno));
	write_set(f, set);
	ok = !ferror(f);
	ok = fclose(f) == 0 && ok;
	if (ok && rename(part, path) == 0)
		return ERR_OK;
	errmsg_set(why, ERR_IO, "%s: %s", path, strerror(errno));
	remove(part);
	return ERR_IO;
}

int inspect_store_save(struct inspect_store *s, struct errmsg *why)
{
	int ret = ERR_OK;

	for (struct dataset *set = s->datasets; s->data_folder && set; set = set->next) {
		if (set->save && ret == ERR_OK)
			ret = save_set(s->data_folder, set, why);
		else if (set->save)
			save_set(s->data_folder, set, NULL);
	}
	return ret;
}
