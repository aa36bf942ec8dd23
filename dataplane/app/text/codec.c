#include "dataplane/app/text/codec.h"

#include <string.h>

#include "dataplane/base/slab.h"

enum { SIZE_ROOM = 16 }; /* the size stands in front of the block */

void *codec_take(void *slab, size_t size)
{
	size_t len = size + SIZE_ROOM;
	uint8_t *block = size > SLAB_MAX ? NULL : slab_alloc(slab, len);

	if (!block)
		return NULL;
	memcpy(block, &len, sizeof(len));
	return block + SIZE_ROOM;
}

void *codec_take_items(void *slab, unsigned items, unsigned size)
{
	return codec_take(slab, (size_t)items * size);
}

void codec_give_back(void *slab, void *address)
{
	uint8_t *block = address;
	size_t len;

	if (!address)
		return;
	block -= SIZE_ROOM;
	memcpy(&len, block, sizeof(len));
	slab_free(slab, block, len);
}
