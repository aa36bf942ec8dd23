/* A switch's tables as a stranger could fill them: objects of every part in any order, with any
 * index and value. The port that is found exists, and a port that may be cut has one host behind
 * it and no neighbour. Input: objects of part, kind, ids, number, text. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/drivers/snmp/table.h"
#include "dataplane/base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_one(struct table *t, struct cursor *c)
{
	enum table_part part = cursor_u8(c) % TABLE_PARTS;
	struct snmp_cell cell = {.name = *table_part_name(part),
				 .kind = (enum snmp_kind)(cursor_u8(c) % 4)};
	unsigned ids = cursor_u8(c) % 10;
	struct slice text;

	for (unsigned i = 0; i < ids && cell.name.n < SNMP_NAME_IDS; i++) {
		/* Mostly what fits a byte, as MACs are. */
		uint32_t id = cursor_u8(c);

		cell.name.ids[cell.name.n++] = id == 0xff ? cursor_u32(c) : id;
	}
	cell.number = (int32_t)cursor_u16(c) - 8;
	text = cursor_take(c, cursor_u8(c) % 40);
	cell.n = text.len;
	if (text.len)
		memcpy(cell.text, text.data, text.len);
	if (!c->bad)
		table_take(t, part, &cell);
}

static void check_port(const struct table *t, const struct driver_config *c,
		       const struct table_port *p)
{
	struct port_facts f = table_facts(t, p, c, "sw");
	char why[160];
	const struct mac_addr *first = NULL;

	if (p < t->ports || p >= t->ports + t->ports_n)
		abort();
	guard_port_text(&f, p->name, why, sizeof(why));
	if (guard_port_allowed(&f) != (why[0] == 0))
		abort();
	if (!guard_port_allowed(&f))
		return;
	for (unsigned i = 0; i < t->macs_n; i++) {
		if (t->macs[i].base != p->base)
			continue;
		if (first && !mac_addr_eq(first, &t->macs[i].mac))
			abort();
		first = &t->macs[i].mac;
	}
	if (!first || p->bridge || p->phone || strcmp(p->name, c->uplinks[0]) == 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct driver_config config = {.uplinks = {"up"}, .uplinks_n = 1};
	struct cursor c = cursor_init(data, size);
	struct table *t = calloc(1, sizeof(*t));
	struct snmp_cell list = {.kind = SNMP_TEXT};

	if (!t)
		return 0;
	while (cursor_left(&c))
		take_one(t, &c);
	for (unsigned i = 0; i < t->macs_n; i++) {
		const struct table_port *p = table_find(t, &t->macs[i].mac);

		if (p)
			check_port(t, &config, p);
	}
	for (size_t i = 0; i < size; i++) {
		uint32_t base = (uint32_t)data[i] * 17;

		if (table_set_bit(&list, base, data[i] & 1) &&
		    table_bit(&list, base) != (data[i] & 1))
			abort();
	}
	if (list.n > SNMP_VALUE_MAX)
		abort();
	free(t);
	return 0;
}
