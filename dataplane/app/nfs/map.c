#include "dataplane/app/nfs/map.h"

static uint32_t hash_of(struct slice key)
{
	uint32_t h = 2166136261U;

	for (size_t i = 0; i < key.len; i++)
		h = (h ^ key.data[i]) * 16777619U;
	return h ^ h >> 15;
}

static struct nfs_map_entry **row_of(const struct nfs_map *m, uint32_t hash)
{
	return m->slots + (size_t)(hash & (m->rows - 1)) * NFS_MAP_ROW;
}

struct nfs_map_entry *nfs_map_find(const struct nfs_map *m, struct slice key)
{
	uint32_t hash = hash_of(key);
	struct nfs_map_entry **row;

	if (!m->slots)
		return NULL;
	row = row_of(m, hash);
	for (unsigned i = 0; i < NFS_MAP_ROW; i++) {
		if (row[i] && row[i]->hash == hash && m->same(row[i], key))
			return row[i];
	}
	return NULL;
}

static void entry_free(struct slab *slab, struct nfs_map *m, struct nfs_map_entry **slot)
{
	if (!*slot)
		return;
	if (m->drop)
		m->drop(m->ctx, *slot);
	slab_free(slab, *slot, (*slot)->size);
	*slot = NULL;
}

/* A free slot of the row, or the oldest entry's. */
static struct nfs_map_entry **slot_for(struct nfs_map_entry **row)
{
	struct nfs_map_entry **oldest = row;

	for (unsigned i = 0; i < NFS_MAP_ROW; i++) {
		if (!row[i])
			return &row[i];
		if ((int32_t)(row[i]->used - (*oldest)->used) < 0)
			oldest = &row[i];
	}
	return oldest;
}

void *nfs_map_add(struct slab *slab, struct nfs_map *m, struct slice key, uint32_t size)
{
	uint32_t hash = hash_of(key);
	struct nfs_map_entry *e, **slot;

	if (!m->slots)
		m->slots = slab_zalloc(slab, (size_t)m->rows * NFS_MAP_ROW * sizeof(*m->slots));
	e = m->slots ? slab_zalloc(slab, size) : NULL;
	if (!e)
		return NULL;
	slot = slot_for(row_of(m, hash));
	entry_free(slab, m, slot);
	*e = (struct nfs_map_entry){.hash = hash, .size = size, .used = m->counter++};
	*slot = e;
	return e;
}

void nfs_map_remove(struct slab *slab, struct nfs_map *m, struct nfs_map_entry *e)
{
	struct nfs_map_entry **row = row_of(m, e->hash);

	for (unsigned i = 0; i < NFS_MAP_ROW; i++) {
		if (row[i] == e)
			entry_free(slab, m, &row[i]);
	}
}

void nfs_map_free(struct slab *slab, struct nfs_map *m)
{
	if (!m->slots)
		return;
	for (size_t i = 0; i < (size_t)m->rows * NFS_MAP_ROW; i++)
		entry_free(slab, m, &m->slots[i]);
	slab_free(slab, m->slots, (size_t)m->rows * NFS_MAP_ROW * sizeof(*m->slots));
	m->slots = NULL;
}
