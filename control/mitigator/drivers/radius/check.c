/* What a configuration of the driver must have; one sentence for each mistake. */
#include <string.h>
#include <unistd.h>

#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/radius/profile.h"
#include "control/mitigator/drivers/radius/radius.h"

enum { SECRET_LEAST = 8 };

static int check_order(const struct driver_config *c, struct errmsg *e)
{
	const struct radius_profile *p = radius_profile_find(c->vendor);
	enum radius_order o = radius_order_find(c->order);
	char vendors[96];

	if (o == RADIUS_ORDERS)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order must be disconnect, vlan, bounce or "
				  "reauthenticate, not \"%s\"",
				  c->name, c->order);
	if (!p)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: vendor must be rfc, cisco, aruba, hp or juniper, not "
				  "\"%s\"",
				  c->name, c->vendor);
	radius_order_vendors(o, vendors, sizeof(vendors));
	if (!radius_profile_has(p, o))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: vendor %s has no order %s; it is known of %s",
				  c->name, c->vendor, c->order, vendors);
	return 0;
}

static int check_vlan(const struct driver_config *c, struct errmsg *e)
{
	bool moves = radius_order_find(c->order) == RADIUS_ORDER_VLAN;

	if (moves && c->vlan == 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order vlan needs vlan, the quarantine's number",
				  c->name);
	if (c->vlan && c->vlan == c->normal_vlan)
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: vlan and normal-vlan are both %u: nobody would be cut", c->name,
			c->vlan);
	/* Anything else is over at the host's next authentication. */
	if (!moves && !c->shared_book)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order %s only ends a session, which begins anew at "
				  "once: list must name the file that the RADIUS server asks",
				  c->name, c->order);
	if (c->shared_book && c->book[0] != '/')
		return errmsg_set(e, ERR_INVALID, "driver %s: list must be an absolute path",
				  c->name);
	return 0;
}

static int check_identity(const struct driver_config *c, struct errmsg *e)
{
	static const char *const words[] = {"nas-ip-address", "acct-session-id", "nas-port",
					    "user-name"};
	static const uint8_t some[6];
	char mac[64];

	if (!radius_mac_write(c->mac_format, some, mac, sizeof(mac)))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: mac-format must have twelve x or X, like "
				  "XX-XX-XX-XX-XX-XX or xxxx.xxxx.xxxx",
				  c->name);
	for (unsigned i = 0; i < c->identify_n; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(words); k++)
			known = known || strcmp(words[k], c->identify[i]) == 0;
		if (!known)
			return errmsg_set(e, ERR_INVALID,
					  "driver %s: identify: \"%s\" is not nas-ip-address, "
					  "acct-session-id, nas-port or user-name",
					  c->name, c->identify[i]);
		if (strcmp(c->identify[i], words[0]) != 0 && !c->sessions[0])
			return errmsg_set(e, ERR_INVALID,
					  "driver %s: identify: %s is only known from accounting: "
					  "sessions must name it",
					  c->name, c->identify[i]);
	}
	if (c->sessions[0] && (c->sessions[0] != '/' || access(c->sessions, R_OK) < 0))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: sessions must be the absolute path of an SQLite file "
				  "with FreeRADIUS's table radacct",
				  c->name);
	if (radius_order_find(c->order) == RADIUS_ORDER_BOUNCE && !c->sessions[0])
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: order bounce takes a port's link down: sessions must name "
			"the accounting, which says who else is there",
			c->name);
	return 0;
}

int radius_check(const struct driver_config *c, struct errmsg *e)
{
	int rc = device_check(c, RADIUS_PORT, e);

	if (rc == 0)
		rc = device_secret_check(c, "secret-file", c->secret_file, SECRET_LEAST, e);
	if (rc == 0)
		rc = check_order(c, e);
	if (rc == 0)
		rc = check_vlan(c, e);
	if (rc == 0)
		rc = check_identity(c, e);
	return rc;
}
