#include "dataplane/app/naming/library.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/slice.h"

/* In front of every block, so that it goes back to where it came from. */
struct block {
	_Alignas(16) struct library_memory *owner; /* NULL: the heap */
	size_t size;				   /* with this head */
};

/* The library's allocator has no argument for a context. */
static _Thread_local struct library_memory *memory_now;

void library_memory_use(struct library_memory *memory)
{
	memory_now = memory;
}

static struct block *from_slab(struct library_memory *m, size_t size)
{
	struct block *b = NULL;

	if (!m->fail && size <= m->most - m->used)
		b = slab_alloc(m->slab, size);
	if (!b) {
		m->refused++;
		return NULL;
	}
	m->used += size;
	return b;
}

static void *library_alloc(size_t n)
{
	struct library_memory *m = memory_now && memory_now->slab ? memory_now : NULL;
	struct block *b;

	if (n > SIZE_MAX - sizeof(*b))
		return NULL;
	n += sizeof(*b);
	b = m ? from_slab(m, n) : malloc(n);
	if (!b)
		return NULL;
	*b = (struct block){.owner = m, .size = n};
	return b + 1;
}

static void library_free(void *p)
{
	struct block *b = p;

	if (!p)
		return;
	b--;
	if (!b->owner) {
		free(b);
		return;
	}
	b->owner->used -= b->size;
	slab_free(b->owner->slab, b, b->size);
}

static void *symbol(const struct library *l, const char *name, bool *missing)
{
	void *found = dlsym(l->handle, name);

	*missing |= !found;
	return found;
}

static bool symbols(struct library *l)
{
	bool missing = false;

	l->init = symbol(l, "ndpi_init_detection_module", &missing);
	l->bitmask = symbol(l, "ndpi_set_protocol_detection_bitmask2", &missing);
	l->finalize = symbol(l, "ndpi_finalize_initialization", &missing);
	l->exit = symbol(l, "ndpi_exit_detection_module", &missing);
	l->packet = symbol(l, "ndpi_detection_process_packet", &missing);
	l->giveup = symbol(l, "ndpi_detection_giveup", &missing);
	l->flow_free = symbol(l, "ndpi_free_flow_data", &missing);
	l->name = symbol(l, "ndpi_get_proto_name", &missing);
	l->category = symbol(l, "ndpi_category_get_name", &missing);
	l->risk = symbol(l, "ndpi_risk2str", &missing);
	return !missing;
}

/* Its structures are as we take them to be. */
static bool layout_known(const struct library *l)
{
	bool missing = false;
	uint16_t (*api)(void) = symbol(l, "ndpi_get_api_version", &missing);
	char *(*revision)(void) = symbol(l, "ndpi_revision", &missing);
	uint32_t (*flow_bytes)(void) =
		symbol(l, "ndpi_detection_get_sizeof_ndpi_flow_struct", &missing);

	return !missing && api() == LIBRARY_API && strncmp(revision(), "4.2.", 4) == 0 &&
	       flow_bytes() == LIBRARY_FLOW_BYTES;
}

static bool take_memory(const struct library *l)
{
	static const char *const allocs[] = {"set_ndpi_malloc", "set_ndpi_flow_malloc"};
	static const char *const frees[] = {"set_ndpi_free", "set_ndpi_flow_free"};
	bool missing = false;

	for (size_t i = 0; i < ARRAY_SIZE(allocs); i++) {
		void (*set_alloc)(void *(*)(size_t)) = symbol(l, allocs[i], &missing);
		void (*set_free)(void (*)(void *)) = symbol(l, frees[i], &missing);

		if (missing)
			return false;
		set_alloc(library_alloc);
		set_free(library_free);
	}
	return true;
}

const char *library_open(struct library *l)
{
	/* It stays loaded: what its end leaves behind keeps its code's names. */
	*l = (struct library){
		.handle = dlopen("libndpi.so.4.2", RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE)};
	if (!l->handle)
		return "libndpi 4.2 is not installed";
	if (!layout_known(l) || !symbols(l) || !take_memory(l)) {
		library_close(l);
		return "libndpi is another release than 4.2.0";
	}
	return NULL;
}

void library_close(struct library *l)
{
	if (l->handle)
		dlclose(l->handle);
	l->handle = NULL;
}
