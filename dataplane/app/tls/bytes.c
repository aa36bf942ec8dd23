#include "dataplane/app/tls/tls.h"

bool tls_bytes_set(struct app_io *io, struct tls_bytes *b, struct slice value)
{
	tls_bytes_free(io, b);
	/* One byte more, so that an empty value is there. */
	b->data = slab_alloc(io->slab, value.len + 1);
	if (!b->data)
		return false;
	if (value.len > 0)
		memcpy(b->data, value.data, value.len);
	b->len = (uint32_t)value.len;
	return true;
}

void tls_bytes_free(struct app_io *io, struct tls_bytes *b)
{
	if (b->data)
		slab_free(io->slab, b->data, b->len + 1u);
	*b = (struct tls_bytes){0};
}
