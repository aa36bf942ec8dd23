#include "control/mitigator/drivers/snmp/port.h"

#include <stdio.h>
#include <string.h>

static const struct snmp_name pvid = {13, {1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 5, 1, 1}};
static const struct snmp_name egress = {13, {1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 2}};
static const struct snmp_name untagged = {13, {1, 3, 6, 1, 2, 1, 17, 7, 1, 4, 3, 1, 4}};
static const struct snmp_name admin_status = {10, {1, 3, 6, 1, 2, 1, 2, 2, 1, 7}};

/* The lists of two VLANs, in the order they are asked for. */
enum { OWN_EGRESS, OWN_UNTAGGED, OTHER_EGRESS, OTHER_UNTAGGED, LISTS };

static int read_lists(struct snmp_link *l, uint32_t own, uint32_t other,
		      struct snmp_cell cells[LISTS], struct errmsg *e)
{
	cells[OWN_EGRESS].name = snmp_name_with(&egress, own);
	cells[OWN_UNTAGGED].name = snmp_name_with(&untagged, own);
	cells[OTHER_EGRESS].name = snmp_name_with(&egress, other);
	cells[OTHER_UNTAGGED].name = snmp_name_with(&untagged, other);
	return snmp_link_get(l, cells, LISTS, e);
}

static bool has_lists(const struct snmp_cell cells[LISTS])
{
	for (unsigned i = 0; i < LISTS; i++) {
		if (cells[i].kind != SNMP_TEXT)
			return false;
	}
	return true;
}

static bool is_called(const struct snmp_cell *cell, uint32_t index, const char *name)
{
	char number[16];

	if (cell->kind == SNMP_TEXT)
		return cell->n == strlen(name) && memcmp(cell->text, name, cell->n) == 0;
	/* A switch without ifName: the number is its name. */
	snprintf(number, sizeof(number), "%u", index);
	return strcmp(name, number) == 0;
}

int port_confirm(struct snmp_link *l, const struct table_port *p, const char *name,
		 struct errmsg *e)
{
	struct snmp_cell cells[2] = {
		{.name = snmp_name_with(table_part_name(TABLE_IF_NAME), p->index)},
		{.name = snmp_name_with(table_part_name(TABLE_BASE_PORT), p->base)}};
	int rc = snmp_link_get(l, cells, 2, e);

	if (rc == 0 && (!is_called(&cells[0], p->index, name) || cells[1].number != p->index))
		return ERR_NOTFOUND;
	return rc;
}

int port_read(struct snmp_link *l, const struct table_port *p, uint32_t other,
	      struct port_setting *ret, struct errmsg *e)
{
	struct snmp_cell now[2] = {{.name = snmp_name_with(&admin_status, p->index)},
				   {.name = snmp_name_with(&pvid, p->base)}};
	struct snmp_cell lists[LISTS];
	int rc = snmp_link_get(l, now, 2, e);

	memset(ret, 0, sizeof(*ret));
	if (rc < 0)
		return rc;
	ret->admin = (uint32_t)now[0].number;
	ret->vlan = now[1].kind == SNMP_NOTHING ? 0 : (uint32_t)now[1].number;
	if (!other || !ret->vlan)
		return 0;
	rc = read_lists(l, ret->vlan, other, lists, e);
	ret->lists = rc == 0 && has_lists(lists);
	if (!ret->lists)
		return rc;
	ret->own = (struct port_member){table_bit(&lists[OWN_EGRESS], p->base),
					table_bit(&lists[OWN_UNTAGGED], p->base)};
	ret->other = (struct port_member){table_bit(&lists[OTHER_EGRESS], p->base),
					  table_bit(&lists[OTHER_UNTAGGED], p->base)};
	return 0;
}

/* The lists as they are now, with this port's bits changed: those of others stay. */
static int change_lists(struct snmp_link *l, const struct table_port *p, const struct port_move *m,
			struct snmp_cell cells[LISTS], struct errmsg *e)
{
	int rc = read_lists(l, m->from, m->to, cells, e);

	if (rc < 0)
		return rc;
	if (!has_lists(cells))
		return strcmp(m->lists, "always") == 0
			       ? errmsg_set(e, ERR_DENIED,
					    "the device has no lists of ports for VLAN %u and %u: "
					    "does VLAN %u exist there?",
					    m->from, m->to, m->to)
			       : ERR_NOTFOUND;
	if (!table_set_bit(&cells[OWN_EGRESS], p->base, m->then_from.egress) ||
	    !table_set_bit(&cells[OWN_UNTAGGED], p->base, m->then_from.untagged) ||
	    !table_set_bit(&cells[OTHER_EGRESS], p->base, m->then_to.egress) ||
	    !table_set_bit(&cells[OTHER_UNTAGGED], p->base, m->then_to.untagged))
		return errmsg_set(e, ERR_DENIED, "port number %u fits into no list", p->base);
	return 0;
}

/* Into the new VLAN's lists first, then its own, then out of the old one's. */
static int set_all(struct snmp_link *l, const struct table_port *p, const struct port_move *m,
		   const struct snmp_cell lists[LISTS], struct errmsg *e)
{
	struct snmp_cell cells[LISTS + 1] = {
		lists[OTHER_EGRESS],
		lists[OTHER_UNTAGGED],
		{.name = snmp_name_with(&pvid, p->base), .kind = SNMP_UNSIGNED, .number = m->to},
		lists[OWN_UNTAGGED],
		lists[OWN_EGRESS],
	};

	return snmp_link_set(l, cells, LISTS + 1, e);
}

static int set_pvid(struct snmp_link *l, const struct table_port *p, uint32_t vlan,
		    struct errmsg *e)
{
	struct snmp_cell cell = {
		.name = snmp_name_with(&pvid, p->base), .kind = SNMP_UNSIGNED, .number = vlan};

	return snmp_link_set(l, &cell, 1, e);
}

static int read_back(struct snmp_link *l, const struct table_port *p, const struct port_move *m,
		     struct errmsg *e)
{
	struct port_setting now;
	int rc = port_read(l, p, 0, &now, e);

	if (rc == 0 && now.vlan != m->to)
		rc = errmsg_set(e, ERR_INVALID,
				"the device said yes, and port %s is still in VLAN %u, not in %u",
				p->name, now.vlan, m->to);
	return rc;
}

int port_move(struct snmp_link *l, const struct table_port *p, const struct port_move *m,
	      struct errmsg *e)
{
	bool automatic = strcmp(m->lists, "auto") == 0;
	struct snmp_cell lists[LISTS];
	int rc = ERR_NOTFOUND;

	if (strcmp(m->lists, "never") != 0)
		rc = change_lists(l, p, m, lists, e);
	if (rc == 0)
		rc = set_all(l, p, m, lists, e);
	/* No lists, or they may only be read: many devices keep them by themselves. */
	if (rc == ERR_NOTFOUND || (rc == ERR_DENIED && automatic))
		rc = set_pvid(l, p, m->to, e);
	return rc < 0 ? rc : read_back(l, p, m, e);
}

int port_admin(struct snmp_link *l, const struct table_port *p, uint32_t admin, struct errmsg *e)
{
	struct snmp_cell cell = {.name = snmp_name_with(&admin_status, p->index),
				 .kind = SNMP_INTEGER,
				 .number = admin};
	struct port_setting now;
	int rc = snmp_link_set(l, &cell, 1, e);

	if (rc == 0)
		rc = port_read(l, p, 0, &now, e);
	if (rc == 0 && now.admin != admin)
		rc = errmsg_set(e, ERR_INVALID, "the device said yes, and port %s is still %s",
				p->name, now.admin == PORT_UP ? "up" : "down");
	return rc;
}
