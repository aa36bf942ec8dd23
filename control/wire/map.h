/* Turns plain structs into generated protobuf and back by tables: a table lists, in the order of
 * the .proto file, where each field lies in our struct and what it is. map_test checks every table
 * against the generated descriptor. Private to this folder. */
#pragma once

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "control/wire/arena.h"
#include "dataplane/base/err.h"

enum map_kind {
	MAP_U32,
	MAP_U64,
	MAP_BOOL,
	MAP_DOUBLE,
	MAP_ENUM,
	MAP_TEXT,   /* const char * */
	MAP_BYTES,  /* struct slice */
	MAP_IP,	    /* struct ip_addr */
	MAP_MAC,    /* struct mac_addr */
	MAP_STRUCT, /* lies in our struct */
	MAP_TEXT_LIST,
	MAP_IP_LIST,
	MAP_STRUCT_LIST,
	MAP_SKIP,  /* has no place in our struct */
	MAP_ONEOF, /* a struct in our union, chosen by the enum at `kind_offset` */
};

struct map;

struct map_field {
	const char *name; /* as in the .proto file */
	uint16_t offset;
	uint8_t kind;
	uint8_t kind_value; /* MAP_ONEOF: our enum's value for this branch */
	uint16_t kind_offset;
	const struct map *sub; /* STRUCT, STRUCT_LIST, ONEOF */
};

struct map {
	const ProtobufCMessageDescriptor *pb;
	const struct map_field *fields; /* pb->n_fields of them */
	unsigned n_fields;
	size_t size; /* of our struct */
};

/* The generated message for `plain`, in `a`, sharing plain's text and bytes. NULL: no memory. */
ProtobufCMessage *map_to_pb(const struct map *map, const void *plain, struct arena *a);

/* Fills `ret_plain` (map->size bytes, zeroed) from `pb`, sharing its text and bytes; pb == NULL
 * means an absent message: text becomes "". ERR_INVALID names the field. */
int map_from_pb(const struct map *map, const ProtobufCMessage *pb, void *ret_plain, struct arena *a,
		struct errmsg *e);

/* The allocator that makes protobuf-c take its memory from `a`. */
ProtobufCAllocator map_allocator(struct arena *a);
