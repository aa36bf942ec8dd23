/* What a flow remembers between calls and replies: names of file handles, calls that wait for their
 * reply. Bounded: a new entry displaces the oldest of its row, so a search never is longer than a
 * row and traffic can only displace its own. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/slab.h"
#include "dataplane/base/slice.h"

enum { NFS_MAP_ROW = 8 };

/* First member of what is kept. */
struct nfs_map_entry {
	uint32_t hash, size; /* size: of the whole block, for the slab */
	uint32_t used;	     /* when: a counter */
};

struct nfs_map {
	struct nfs_map_entry **slots; /* rows * NFS_MAP_ROW; NULL before the first entry */
	uint32_t rows;		      /* a power of two */
	uint32_t counter;
	bool (*same)(const struct nfs_map_entry *e, struct slice key);
	void (*drop)(void *ctx,
		     struct nfs_map_entry *e); /* before an entry is freed; may be NULL */
	void *ctx;
};

struct nfs_map_entry *nfs_map_find(const struct nfs_map *m, struct slice key);
/* A zeroed entry of `size` bytes for a key that is not there; NULL without memory. */
void *nfs_map_add(struct slab *slab, struct nfs_map *m, struct slice key, uint32_t size);
void nfs_map_remove(struct slab *slab, struct nfs_map *m, struct nfs_map_entry *e);
void nfs_map_free(struct slab *slab, struct nfs_map *m);
