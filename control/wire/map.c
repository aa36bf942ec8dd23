#include "control/wire/map.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "control/wire/utf8.h"
#include "dataplane/base/addr.h"
#include "dataplane/base/slice.h"

/* All our lists have this shape. */
struct list {
	void *items;
	size_t n;
};

static void *arena_alloc_cb(void *arena, size_t n)
{
	return arena_alloc(arena, n);
}

static void arena_free_cb(void *arena, void *p)
{
	(void)arena;
	(void)p;
}

ProtobufCAllocator map_allocator(struct arena *a)
{
	return (ProtobufCAllocator){arena_alloc_cb, arena_free_cb, a};
}

/* ---- to protobuf ---- */

static char *text_out(const char *s, struct arena *a)
{
	size_t len;
	char *mended;

	if (!s)
		return (char *)protobuf_c_empty_string;
	len = strlen(s);
	if (utf8_valid(s, len))
		return (char *)s;
	mended = arena_alloc(a, 3 * len + 1);
	if (mended)
		utf8_mend(s, len, mended);
	return mended;
}

static ProtobufCBinaryData ip_out(const struct ip_addr *ip)
{
	static const struct ip_addr none;
	ProtobufCBinaryData d = {0};

	if (ip_addr_eq(ip, &none))
		return d;
	d.len = ip_addr_is_v4(ip) ? 4 : 16;
	d.data = (uint8_t *)ip->bytes + 16 - d.len;
	return d;
}

static ProtobufCBinaryData mac_out(const struct mac_addr *mac)
{
	static const struct mac_addr none;

	if (memcmp(mac, &none, sizeof(none)) == 0)
		return (ProtobufCBinaryData){0};
	return (ProtobufCBinaryData){6, (uint8_t *)mac->bytes};
}

static bool list_out(const struct map_field *f, const struct list *list, void *ret_items,
		     struct arena *a)
{
	size_t width = f->kind == MAP_IP_LIST ? sizeof(ProtobufCBinaryData) : sizeof(void *);
	void *items = arena_alloc(a, list->n * width);

	if (!items)
		return false;
	for (size_t i = 0; i < list->n; i++) {
		if (f->kind == MAP_IP_LIST) {
			((ProtobufCBinaryData *)items)[i] =
				ip_out((const struct ip_addr *)list->items + i);
		} else if (f->kind == MAP_TEXT_LIST) {
			((char **)items)[i] = text_out(((const char **)list->items)[i], a);
			if (!((char **)items)[i])
				return false;
		} else {
			const char *item = (const char *)list->items + i * f->sub->size;

			((ProtobufCMessage **)items)[i] = map_to_pb(f->sub, item, a);
			if (!((ProtobufCMessage **)items)[i])
				return false;
		}
	}
	*(void **)ret_items = items;
	return true;
}

static bool is_zero(const void *p, size_t n)
{
	const char *c = p;

	return n == 0 || (c[0] == 0 && memcmp(c, c + 1, n - 1) == 0);
}

static bool struct_out(const struct map_field *f, const void *in, void *ret, struct arena *a)
{
	if (f->kind == MAP_STRUCT && is_zero(in, f->sub->size))
		return true;
	*(ProtobufCMessage **)ret = map_to_pb(f->sub, in, a);
	return *(void **)ret;
}

static bool field_out(const struct map_field *f, const ProtobufCFieldDescriptor *d,
		      const char *plain, char *pb, struct arena *a)
{
	const void *in = plain + f->offset;
	void *out = pb + d->offset;

	switch ((enum map_kind)f->kind) {
	case MAP_U32:
	case MAP_ENUM:
		memcpy(out, in, 4);
		return true;
	case MAP_U64:
	case MAP_DOUBLE:
		memcpy(out, in, 8);
		return true;
	case MAP_BOOL:
		*(protobuf_c_boolean *)out = *(const bool *)in;
		return true;
	case MAP_TEXT:
		*(char **)out = text_out(*(const char *const *)in, a);
		return *(char **)out;
	case MAP_BYTES:
		*(ProtobufCBinaryData *)out =
			(ProtobufCBinaryData){((const struct slice *)in)->len,
					      (uint8_t *)((const struct slice *)in)->data};
		return true;
	case MAP_IP:
		*(ProtobufCBinaryData *)out = ip_out(in);
		return true;
	case MAP_MAC:
		*(ProtobufCBinaryData *)out = mac_out(in);
		return true;
	case MAP_STRUCT:
		return struct_out(f, in, out, a);
	case MAP_TEXT_LIST:
	case MAP_IP_LIST:
	case MAP_STRUCT_LIST:
		*(size_t *)(pb + d->quantifier_offset) = ((const struct list *)in)->n;
		return ((const struct list *)in)->n == 0 || list_out(f, in, out, a);
	case MAP_SKIP:
		return true;
	case MAP_ONEOF:
		if (*(const int *)(plain + f->kind_offset) != f->kind_value)
			return true;
		*(int *)(pb + d->quantifier_offset) = (int)d->id;
		return struct_out(f, in, out, a);
	}
	return false;
}

ProtobufCMessage *map_to_pb(const struct map *map, const void *plain, struct arena *a)
{
	ProtobufCMessage *pb = arena_alloc(a, map->pb->sizeof_message);

	if (!pb)
		return NULL;
	protobuf_c_message_init(map->pb, pb);
	for (unsigned i = 0; i < map->n_fields; i++) {
		if (!field_out(&map->fields[i], &map->pb->fields[i], plain, (char *)pb, a))
			return NULL;
	}
	return pb;
}

/* ---- from protobuf ---- */

static int bad_field(const struct map *map, const struct map_field *f, const char *what,
		     struct errmsg *e)
{
	return errmsg_set(e, ERR_INVALID, "malformed message: %s.%s %s", map->pb->short_name,
			  f->name, what);
}

static bool text_in(const char *s, const char **ret)
{
	*ret = s ? s : "";
	return utf8_valid(*ret, strlen(*ret));
}

static bool ip_in(const ProtobufCBinaryData *d, struct ip_addr *ret)
{
	if (d->len == 4)
		*ret = ip_addr_v4(d->data);
	else if (d->len == 16)
		*ret = ip_addr_v6(d->data);
	return d->len == 0 || d->len == 4 || d->len == 16;
}

static bool mac_in(const ProtobufCBinaryData *d, struct mac_addr *ret)
{
	if (d->len == 6)
		memcpy(ret->bytes, d->data, 6);
	return d->len == 0 || d->len == 6;
}

static int struct_list_in(const struct map_field *f, ProtobufCMessage *const *pb, size_t n,
			  struct list *ret, struct arena *a, struct errmsg *e)
{
	char *items = arena_alloc(a, n * f->sub->size);

	if (!items)
		return errmsg_set(e, ERR_LIMIT, "message takes too much memory when decoded");
	for (size_t i = 0; i < n; i++) {
		int rc = map_from_pb(f->sub, pb[i], items + i * f->sub->size, a, e);

		if (rc)
			return rc;
	}
	*ret = (struct list){items, n};
	return 0;
}

static int text_list_in(const struct map *map, const struct map_field *f, char *const *pb, size_t n,
			struct list *ret, struct arena *a, struct errmsg *e)
{
	const char **items = arena_alloc(a, n * sizeof(*items));

	if (!items)
		return errmsg_set(e, ERR_LIMIT, "message takes too much memory when decoded");
	for (size_t i = 0; i < n; i++) {
		if (!text_in(pb[i], &items[i]))
			return bad_field(map, f, "is not UTF-8", e);
	}
	*ret = (struct list){items, n};
	return 0;
}

static int ip_list_in(const struct map *map, const struct map_field *f,
		      const ProtobufCBinaryData *pb, size_t n, struct list *ret, struct arena *a,
		      struct errmsg *e)
{
	struct ip_addr *items = arena_alloc(a, n * sizeof(*items));

	if (!items)
		return errmsg_set(e, ERR_LIMIT, "message takes too much memory when decoded");
	for (size_t i = 0; i < n; i++) {
		if (!ip_in(&pb[i], &items[i]))
			return bad_field(map, f, "is not an address of 4 or 16 bytes", e);
	}
	*ret = (struct list){items, n};
	return 0;
}

static int list_in(const struct map *map, const struct map_field *f,
		   const ProtobufCFieldDescriptor *d, const char *pb, struct list *ret,
		   struct arena *a, struct errmsg *e)
{
	size_t n = *(const size_t *)(pb + d->quantifier_offset);
	const void *items = *(void *const *)(pb + d->offset);

	if (n == 0)
		return 0;
	if (f->kind == MAP_TEXT_LIST)
		return text_list_in(map, f, items, n, ret, a, e);
	if (f->kind == MAP_IP_LIST)
		return ip_list_in(map, f, items, n, ret, a, e);
	return struct_list_in(f, items, n, ret, a, e);
}

static int enum_in(const ProtobufCFieldDescriptor *d, int value)
{
	return protobuf_c_enum_descriptor_get_value(d->descriptor, value) ? value : 0;
}

static int scalar_in(const struct map *map, const struct map_field *f,
		     const ProtobufCFieldDescriptor *d, const void *in, void *ret, struct errmsg *e)
{
	const ProtobufCBinaryData *bytes = in;

	switch ((enum map_kind)f->kind) {
	case MAP_U32:
		memcpy(ret, in, 4);
		return 0;
	case MAP_ENUM:
		*(int *)ret = enum_in(d, *(const int *)in);
		return 0;
	case MAP_U64:
		memcpy(ret, in, 8);
		return 0;
	case MAP_DOUBLE:
		*(double *)ret = isfinite(*(const double *)in) ? *(const double *)in : 0;
		return 0;
	case MAP_BOOL:
		*(bool *)ret = *(const protobuf_c_boolean *)in;
		return 0;
	case MAP_TEXT:
		return text_in(*(char *const *)in, ret) ? 0 : bad_field(map, f, "is not UTF-8", e);
	case MAP_BYTES:
		*(struct slice *)ret = SLICE(bytes->data, bytes->len);
		return 0;
	case MAP_IP:
		return ip_in(bytes, ret)
			       ? 0
			       : bad_field(map, f, "is not an address of 4 or 16 bytes", e);
	case MAP_MAC:
		return mac_in(bytes, ret) ? 0 : bad_field(map, f, "is not 6 bytes", e);
	default:
		return errmsg_set(e, ERR_INVALID, "no such kind of field");
	}
}

static int field_in(const struct map *map, const struct map_field *f,
		    const ProtobufCFieldDescriptor *d, const char *pb, char *plain, struct arena *a,
		    struct errmsg *e)
{
	const void *in = pb + d->offset;

	switch (f->kind) {
	case MAP_SKIP:
		return 0;
	case MAP_STRUCT:
		return map_from_pb(f->sub, *(ProtobufCMessage *const *)in, plain + f->offset, a, e);
	case MAP_TEXT_LIST:
	case MAP_IP_LIST:
	case MAP_STRUCT_LIST:
		return list_in(map, f, d, pb, (void *)(plain + f->offset), a, e);
	case MAP_ONEOF:
		if (*(const uint32_t *)(pb + d->quantifier_offset) != d->id)
			return 0;
		*(int *)(plain + f->kind_offset) = f->kind_value;
		return map_from_pb(f->sub, *(ProtobufCMessage *const *)in, plain + f->offset, a, e);
	default:
		return scalar_in(map, f, d, in, plain + f->offset, e);
	}
}

static void fill_absent(const struct map *map, char *plain)
{
	for (unsigned i = 0; i < map->n_fields; i++) {
		const struct map_field *f = &map->fields[i];

		if (f->kind == MAP_TEXT)
			*(const char **)(plain + f->offset) = "";
		else if (f->kind == MAP_STRUCT)
			fill_absent(f->sub, plain + f->offset);
	}
}

int map_from_pb(const struct map *map, const ProtobufCMessage *pb, void *ret_plain, struct arena *a,
		struct errmsg *e)
{
	if (!pb) {
		fill_absent(map, ret_plain);
		return 0;
	}
	for (unsigned i = 0; i < map->n_fields; i++) {
		int rc = field_in(map, &map->fields[i], &map->pb->fields[i], (const char *)pb,
				  ret_plain, a, e);

		if (rc)
			return rc;
	}
	return 0;
}
