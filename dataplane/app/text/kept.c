#include "dataplane/app/text/kept.h"

bool kept_reserve(struct slab *slab, struct kept *k, uint32_t len)
{
	kept_free(slab, k);
	k->cap = len > 0 ? len : 1;
	k->data = slab_alloc(slab, k->cap);
	if (!k->data)
		k->cap = 0;
	else
		k->len = len;
	return k->data != NULL;
}

bool kept_set(struct slab *slab, struct kept *k, struct slice value)
{
	if (value.len > SLAB_MAX || !kept_reserve(slab, k, (uint32_t)value.len))
		return false;
	if (value.len > 0)
		memcpy(k->data, value.data, value.len);
	return true;
}

bool kept_append(struct slab *slab, struct kept *k, struct slice value, uint32_t max)
{
	size_t n = value.len < max - k->len ? value.len : max - k->len;
	uint32_t need = k->len + (uint32_t)n;

	if (!k->data || need > k->cap) {
		uint32_t cap = need < 64 ? 64 : need > max / 2 ? max : 2 * need;
		uint8_t *data = slab_grow(slab, k->data, k->cap, cap);

		if (!data)
			return false;
		k->data = data;
		k->cap = cap;
	}
	if (n > 0)
		memcpy(k->data + k->len, value.data, n);
	k->len = need;
	return n == value.len;
}

void kept_free(struct slab *slab, struct kept *k)
{
	slab_free(slab, k->data, k->cap);
	*k = (struct kept){0};
}
