/* What a configuration of the driver must have; one sentence for each mistake. */
#include <string.h>

#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/snmp/snmp.h"

enum { PASSWORD_LEAST = 8 /* RFC 3414 11.2 */, COMMUNITY_LEAST = 1 };

static bool one_of(const char *word, const char *const *words)
{
	for (; *words; words++) {
		if (strcmp(*words, word) == 0)
			return true;
	}
	return false;
}

static int check_plain(const struct driver_config *c, struct errmsg *e)
{
	if (!c->accept_plain)
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: version 2c sends its community in the clear: use 3, or "
			"say accept-plain: true",
			c->name);
	return device_secret_check(c, "secret-file", c->secret_file, COMMUNITY_LEAST, e);
}

static int check_v3(const struct driver_config *c, struct errmsg *e)
{
	static const char *const auths[] = {"SHA",     "SHA-224", "SHA-256",
					    "SHA-384", "SHA-512", NULL};
	static const char *const privacies[] = {"AES", "AES-192", "AES-256", NULL};
	int rc;

	if (!c->user[0])
		return errmsg_set(e, ERR_INVALID, "driver %s: version 3 needs user", c->name);
	if (!one_of(c->auth, auths))
		return errmsg_set(
			e, ERR_INVALID,
			"driver %s: auth must be SHA, SHA-224, SHA-256, SHA-384 or SHA-512, "
			"not \"%s\"",
			c->name, c->auth);
	if (!one_of(c->privacy, privacies))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: privacy must be AES, AES-192 or AES-256, not \"%s\"",
				  c->name, c->privacy);
	rc = device_secret_check(c, "auth-file", c->auth_file, PASSWORD_LEAST, e);
	if (rc == 0)
		rc = device_secret_check(c, "privacy-file", c->privacy_file, PASSWORD_LEAST, e);
	return rc;
}

static int check_order(const struct driver_config *c, struct errmsg *e)
{
	static const char *const lists[] = {"auto", "always", "never", NULL};
	bool vlan = strcmp(c->order, "vlan") == 0;

	if (!vlan && strcmp(c->order, "port-down") != 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order must be vlan or port-down, not \"%s\"", c->name,
				  c->order);
	if (vlan && c->vlan == 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order vlan needs vlan, the quarantine's number",
				  c->name);
	if (!vlan && (c->vlan || c->bounce_ms))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: order port-down has no use for vlan or bounce-ms",
				  c->name);
	if (!one_of(c->port_lists, lists))
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: port-lists must be auto, always or never, not \"%s\"",
				  c->name, c->port_lists);
	if (c->bounce_ms >= c->timeout_ms)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: bounce-ms must be less than timeout-ms", c->name);
	return 0;
}

int snmp_check(const struct driver_config *c, struct errmsg *e)
{
	int rc = device_check(c, SNMP_PORT, e);

	if (rc == 0)
		rc = check_order(c, e);
	if (rc < 0)
		return rc;
	if (strcmp(c->version, "2c") == 0)
		return check_plain(c, e);
	if (strcmp(c->version, "3") == 0)
		return check_v3(c, e);
	return errmsg_set(e, ERR_INVALID, "driver %s: version must be 3 or 2c, not \"%s\"", c->name,
			  c->version);
}
