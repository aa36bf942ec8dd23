#include "control/mitigator/drivers/snmp/table.h"

#include <stdio.h>
#include <string.h>

#define NAME(...)                                                                                  \
	{                                                                                          \
		sizeof((uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),                              \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}

static const struct snmp_name names[TABLE_PARTS] = {
	[TABLE_IF_NAME] = NAME(1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1),
	[TABLE_BASE_PORT] = NAME(1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2),
	[TABLE_Q_STATUS] = NAME(1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 3),
	[TABLE_Q_FDB] = NAME(1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, 2),
	[TABLE_D_FDB] = NAME(1, 3, 6, 1, 2, 1, 17, 4, 3, 1, 2),
	[TABLE_LLDP_LOCAL] = NAME(1, 0, 8802, 1, 1, 2, 1, 3, 7, 1, 3),
	[TABLE_LLDP_CAPS] = NAME(1, 0, 8802, 1, 1, 2, 1, 4, 1, 1, 12),
};

/* How many ids follow the base in each. */
static const unsigned index_ids[TABLE_PARTS] = {
	[TABLE_IF_NAME] = 1, [TABLE_BASE_PORT] = 1,  [TABLE_Q_STATUS] = 7,  [TABLE_Q_FDB] = 7,
	[TABLE_D_FDB] = 6,   [TABLE_LLDP_LOCAL] = 1, [TABLE_LLDP_CAPS] = 3,
};

enum { STATUS_SELF = 4 }; /* dot1qTpFdbStatus */

/* Bits of LldpSystemCapabilitiesMap, first byte. */
enum { CAP_BRIDGE = 0x20, CAP_ACCESS_POINT = 0x10, CAP_ROUTER = 0x08, CAP_PHONE = 0x04 };

const struct snmp_name *table_part_name(enum table_part part)
{
	return &names[part];
}

static bool take_mac(const uint32_t *ids, struct mac_addr *ret)
{
	for (unsigned i = 0; i < sizeof(ret->bytes); i++) {
		if (ids[i] > UINT8_MAX)
			return false;
		ret->bytes[i] = (uint8_t)ids[i];
	}
	return mac_addr_is_host(ret);
}

static void take_text(const struct snmp_cell *cell, char *ret, size_t cap)
{
	size_t n = cell->n < cap - 1 ? cell->n : cap - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = cell->text[i] <= ' ' || cell->text[i] > '~' ? '?' : (char)cell->text[i];
	ret[n] = 0;
}

static void add_port(struct table *t, uint32_t index, const struct snmp_cell *cell)
{
	struct table_port *p;

	if (t->ports_n == TABLE_PORTS) {
		t->full = true;
		return;
	}
	p = &t->ports[t->ports_n++];
	*p = (struct table_port){.index = index};
	take_text(cell, p->name, sizeof(p->name));
}

static void add_base(struct table *t, uint32_t base, uint32_t index)
{
	for (unsigned i = 0; i < t->ports_n; i++) {
		if (t->ports[i].index == index) {
			t->ports[i].base = base;
			return;
		}
	}
	/* A switch without ifName: the number is its name. */
	if (t->ports_n == TABLE_PORTS) {
		t->full = true;
		return;
	}
	t->ports[t->ports_n] = (struct table_port){.base = base, .index = index};
	snprintf(t->ports[t->ports_n].name, TARGET_TEXT, "%u", index);
	t->ports_n++;
}

static bool is_own(const struct table *t, const struct mac_addr *mac)
{
	for (unsigned i = 0; i < t->own_n; i++) {
		if (mac_addr_eq(&t->own[i], mac))
			return true;
	}
	return false;
}

static void add_mac(struct table *t, const struct mac_addr *mac, int64_t base)
{
	if (base <= 0 || base > UINT32_MAX || is_own(t, mac))
		return;
	/* A table that is too long makes every port one with perhaps more behind it. */
	if (t->macs_n == TABLE_MACS)
		t->full = true;
	else
		t->macs[t->macs_n++] = (struct table_mac){*mac, (uint32_t)base};
}

static void add_lldp_port(struct table *t, uint32_t number, const struct snmp_cell *cell)
{
	if (t->lldp_n == TABLE_PORTS) {
		t->full = true;
		return;
	}
	t->lldp[t->lldp_n].number = number;
	take_text(cell, t->lldp[t->lldp_n].name, TARGET_TEXT);
	t->lldp_n++;
}

static const char *lldp_name(const struct table *t, uint32_t number)
{
	for (unsigned i = 0; i < t->lldp_n; i++) {
		if (t->lldp[i].number == number)
			return t->lldp[i].name;
	}
	return "";
}

/* LLDP's port by the name it gives it; where that is none of the ports' names, by number, which
 * devices take from one table or the other: both are marked, for an uplink is never cut. */
static void add_neighbour(struct table *t, uint32_t number, uint8_t caps)
{
	const char *name = lldp_name(t, number);
	const struct table_port *named = name[0] ? table_named(t, name) : NULL;

	for (unsigned i = 0; i < t->ports_n; i++) {
		struct table_port *p = &t->ports[i];

		if (named ? p != named : p->base != number && p->index != number)
			continue;
		p->phone = p->phone || caps & CAP_PHONE;
		/* A phone has a bridge inside: it is no uplink for that. */
		p->bridge = p->bridge || (!(caps & CAP_PHONE) &&
					  caps & (CAP_BRIDGE | CAP_ACCESS_POINT | CAP_ROUTER));
	}
}

void table_take(struct table *t, enum table_part part, const struct snmp_cell *cell)
{
	const struct snmp_name *base = &names[part];
	const uint32_t *ids = cell->name.ids + base->n;
	struct mac_addr mac;

	if (cell->name.n != base->n + index_ids[part] || !snmp_name_below(&cell->name, base))
		return;
	if (part == TABLE_IF_NAME && cell->kind == SNMP_TEXT)
		add_port(t, ids[0], cell);
	else if (part == TABLE_BASE_PORT && cell->number > 0 && cell->number <= UINT32_MAX)
		add_base(t, ids[0], (uint32_t)cell->number);
	else if (part == TABLE_Q_STATUS && cell->number == STATUS_SELF && take_mac(ids + 1, &mac) &&
		 t->own_n < TABLE_PORTS)
		t->own[t->own_n++] = mac;
	else if (part == TABLE_Q_FDB && take_mac(ids + 1, &mac))
		add_mac(t, &mac, cell->number);
	else if (part == TABLE_D_FDB && take_mac(ids, &mac))
		add_mac(t, &mac, cell->number);
	else if (part == TABLE_LLDP_LOCAL && cell->kind == SNMP_TEXT)
		add_lldp_port(t, ids[0], cell);
	else if (part == TABLE_LLDP_CAPS && cell->kind == SNMP_TEXT && cell->n)
		add_neighbour(t, ids[1], cell->text[0]);
}

static const struct table_port *port_of(const struct table *t, uint32_t base)
{
	for (unsigned i = 0; i < t->ports_n; i++) {
		if (t->ports[i].base == base)
			return &t->ports[i];
	}
	return NULL;
}

const struct table_port *table_find(const struct table *t, const struct mac_addr *mac)
{
	for (unsigned i = 0; i < t->macs_n; i++) {
		if (mac_addr_eq(&t->macs[i].mac, mac))
			return port_of(t, t->macs[i].base);
	}
	return NULL;
}

const struct table_port *table_named(const struct table *t, const char *name)
{
	for (unsigned i = 0; i < t->ports_n; i++) {
		if (strcmp(t->ports[i].name, name) == 0)
			return &t->ports[i];
	}
	return NULL;
}

/* Different MACs behind the port: one may be there in several VLANs. */
static uint32_t count_macs(const struct table *t, uint32_t base)
{
	struct mac_addr first = {.bytes = {0}};
	uint32_t n = 0;

	for (unsigned i = 0; i < t->macs_n; i++) {
		if (t->macs[i].base != base)
			continue;
		if (n && mac_addr_eq(&first, &t->macs[i].mac))
			continue;
		n++;
		if (n == 1)
			first = t->macs[i].mac;
	}
	return t->full ? n + 1 : n;
}

static bool is_uplink(const struct driver_config *c, const char *device, const char *port)
{
	size_t n = strlen(device);

	for (unsigned i = 0; i < c->uplinks_n; i++) {
		const char *u = c->uplinks[i];

		if (strcmp(u, port) == 0 ||
		    (strncmp(u, device, n) == 0 && u[n] == '/' && strcmp(u + n + 1, port) == 0))
			return true;
	}
	return false;
}

struct port_facts table_facts(const struct table *t, const struct table_port *p,
			      const struct driver_config *c, const char *device)
{
	return (struct port_facts){.known = true,
				   .uplink = p->bridge || is_uplink(c, device, p->name),
				   .phone = p->phone,
				   .macs = count_macs(t, p->base)};
}

bool table_bit(const struct snmp_cell *list, uint32_t base)
{
	size_t byte = (base - 1) / 8;

	return list->kind == SNMP_TEXT && base && byte < list->n &&
	       list->text[byte] & 0x80 >> (base - 1) % 8;
}

bool table_set_bit(struct snmp_cell *list, uint32_t base, bool on)
{
	size_t byte = (base - 1) / 8;
	uint8_t bit = (uint8_t)(0x80 >> (base - 1) % 8);

	if (base == 0 || byte >= SNMP_VALUE_MAX)
		return false;
	if (byte >= list->n) {
		memset(list->text + list->n, 0, byte + 1 - list->n);
		list->n = byte + 1;
	}
	if (on)
		list->text[byte] |= bit;
	else
		list->text[byte] &= (uint8_t)~bit;
	return true;
}
