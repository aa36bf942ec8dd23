#include "dataplane/app/text/list.h"

bool text_list_add(struct slab *slab, struct text_list *l, struct slice s, uint32_t max)
{
	size_t n = s.len < UINT16_MAX ? s.len : UINT16_MAX;
	uint8_t head[2] = {(uint8_t)(n >> 8), (uint8_t)n};

	if (l->bytes.len + 2 + n > max)
		return false;
	if (!kept_append(slab, &l->bytes, SLICE(head, 2), max))
		return false;
	if (!kept_append(slab, &l->bytes, SLICE(s.data, n), max)) {
		l->bytes.len -= 2;
		return false;
	}
	l->count++;
	return true;
}

void text_list_free(struct slab *slab, struct text_list *l)
{
	kept_free(slab, &l->bytes);
	l->count = 0;
}

bool text_list_next(const struct text_list *l, uint32_t *at, struct slice *ret)
{
	uint32_t n;

	if (*at + 2 > l->bytes.len)
		return false;
	n = (uint32_t)l->bytes.data[*at] << 8 | l->bytes.data[*at + 1];
	*ret = SLICE(l->bytes.data + *at + 2, n);
	*at += 2 + n;
	return true;
}
