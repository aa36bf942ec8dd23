#include "signatures/lang/arena.h"

#include <stdlib.h>
#include <sys/mman.h>

#include "dataplane/base/hash.h"

enum {
	CHUNK_BYTES = 64 << 20, /* address space; pages are touched as they are used */
	TABLE_START = 1 << 10,
};

struct chunk {
	struct chunk *next;
	size_t size;
};

struct interned {
	uint64_t hash;
	const char *text;
	size_t len;
};

struct lang_arena {
	struct chunk *chunks;
	uint8_t *pos, *end;
	size_t used;
	struct hash_key key;
	struct interned *table;
	size_t slots, count;
};

struct lang_arena *lang_arena_new(void)
{
	struct lang_arena *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->key = hash_key_random();
	a->slots = TABLE_START;
	a->table = calloc(a->slots, sizeof(*a->table));
	if (!a->table) {
		free(a);
		return NULL;
	}
	return a;
}

void lang_arena_free(struct lang_arena *a)
{
	if (!a)
		return;
	for (struct chunk *c = a->chunks, *next; c; c = next) {
		next = c->next;
		munmap(c, c->size);
	}
	free(a->table);
	free(a);
}

/* The table is kept under three quarters full, and that is seen to here too. */
static bool grow_table(struct lang_arena *a)
{
	size_t slots = a->slots * 2;
	struct interned *table = calloc(slots, sizeof(*table));

	if (!table)
		return false;
	for (size_t i = 0; i < a->slots; i++) {
		size_t at = a->table[i].hash & (slots - 1);

		if (!a->table[i].text)
			continue;
		while (table[at].text)
			at = (at + 1) & (slots - 1);
		table[at] = a->table[i];
	}
	free(a->table);
	a->table = table;
	a->slots = slots;
	return true;
}

bool lang_arena_reserve(struct lang_arena *a, size_t bytes, size_t texts)
{
	size_t size = bytes + sizeof(struct chunk) > CHUNK_BYTES ? bytes + sizeof(struct chunk)
								 : CHUNK_BYTES;
	struct chunk *c;

	while (a->count + texts > a->slots / 4 * 3) {
		if (!grow_table(a))
			return false;
	}
	if ((size_t)(a->end - a->pos) >= bytes)
		return true;
	c = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
		 -1, 0);
	if (c == MAP_FAILED)
		return false;
	c->next = a->chunks;
	c->size = size;
	a->chunks = c;
	a->pos = (uint8_t *)(c + 1);
	a->end = (uint8_t *)c + size;
	return true;
}

void *lang_arena_take(struct lang_arena *a, size_t bytes)
{
	uintptr_t align = bytes >= 16 ? 15 : 7;
	uint8_t *p = a->pos + (-(uintptr_t)a->pos & align);

	bytes = (bytes + 7) & ~(size_t)7;
	if (p > a->end || (size_t)(a->end - p) < bytes)
		abort();
	a->used += (size_t)(p + bytes - a->pos);
	a->pos = p + bytes;
	return p;
}

char *lang_arena_text(struct lang_arena *a, struct slice s)
{
	char *text = lang_arena_take(a, s.len + 1);

	if (s.len)
		memcpy(text, s.data, s.len);
	return text;
}

const char *lang_arena_intern(struct lang_arena *a, struct slice s)
{
	uint64_t hash = hash_bytes(&a->key, s.data, s.len);
	size_t at = hash & (a->slots - 1);

	for (; a->table[at].text; at = (at + 1) & (a->slots - 1)) {
		if (a->table[at].hash == hash && a->table[at].len == s.len &&
		    memcmp(a->table[at].text, s.data, s.len) == 0)
			return a->table[at].text;
	}
	if (a->count + 1 >= a->slots) /* never: reserve keeps room */
		abort();
	a->count++;
	a->table[at] = (struct interned){hash, lang_arena_text(a, s), s.len};
	return a->table[at].text;
}

size_t lang_arena_used(const struct lang_arena *a)
{
	return a->used;
}
