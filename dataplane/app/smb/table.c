#include "dataplane/app/smb/table.h"

bool smb_id_eq(const struct smb_id *a, const struct smb_id *b)
{
	return a->len == b->len && memcmp(a->bytes, b->bytes, a->len) == 0;
}

static uint64_t hash_of(const struct smb_table *t, const struct smb_key *key)
{
	uint64_t words[6] = {(uint64_t)key->kind | (uint64_t)key->tree << 8 |
				     (uint64_t)key->id.len << 40,
			     key->ssn, key->msg};

	memcpy(&words[3], key->id.bytes, key->id.len);
	return hash_words(&t->key, words, ARRAY_SIZE(words));
}

static void unlink_use(struct smb_table *t, struct smb_entry *e)
{
	if (e->older)
		e->older->newer = e->newer;
	else
		t->oldest = e->newer;
	if (e->newer)
		e->newer->older = e->older;
	else
		t->newest = e->older;
}

static void link_use(struct smb_table *t, struct smb_entry *e)
{
	e->newer = NULL;
	e->older = t->newest;
	if (t->newest)
		t->newest->newer = e;
	else
		t->oldest = e;
	t->newest = e;
}

struct smb_entry *smb_table_get(struct smb_table *t, const struct smb_key *key)
{
	struct chain_link *l = chain_find(&t->chain, NULL, hash_of(t, key));
	struct smb_entry *e;

	if (!l)
		return NULL;
	e = container_of(l, struct smb_entry, link);
	unlink_use(t, e);
	link_use(t, e);
	return e;
}

void smb_table_drop(struct app_io *io, struct smb_table *t, struct smb_entry *e)
{
	if (!e)
		return;
	chain_remove(&t->chain, &e->link);
	unlink_use(t, e);
	t->count--;
	t->bytes -= e->bytes.len;
	kept_free(io->slab, &e->bytes);
	slab_free(io->slab, e, sizeof(*e));
}

static void make_room(struct app_io *io, struct smb_table *t, size_t len)
{
	while (t->oldest &&
	       (t->count >= LIMIT_SMB_ENTRIES || t->bytes + len > LIMIT_SMB_ENTRY_BYTES)) {
		app_limit_met(io);
		smb_table_drop(io, t, t->oldest);
	}
}

struct smb_entry *smb_table_put(struct app_io *io, struct smb_table *t, const struct smb_key *key,
				struct slice bytes)
{
	struct chain_link *l = chain_find(&t->chain, NULL, hash_of(t, key));
	struct smb_entry *e;

	if (l)
		smb_table_drop(io, t, container_of(l, struct smb_entry, link));
	make_room(io, t, bytes.len);
	e = bytes.len > LIMIT_SMB_ENTRY_BYTES ? NULL : slab_zalloc(io->slab, sizeof(*e));
	if (!e)
		return NULL;
	if (bytes.len > 0 && !kept_set(io->slab, &e->bytes, bytes)) {
		slab_free(io->slab, e, sizeof(*e));
		return NULL;
	}
	chain_add(&t->chain, &e->link, hash_of(t, key));
	link_use(t, e);
	t->count++;
	t->bytes += e->bytes.len;
	return e;
}

void smb_table_free(struct app_io *io, struct smb_table *t)
{
	while (t->oldest)
		smb_table_drop(io, t, t->oldest);
}
