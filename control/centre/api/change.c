#include "control/centre/api/change.h"

#include <string.h>

#include "control/centre/store/lookup.h"

enum { ID_MAX = 63, NAME_MAX_BYTES = 200, SITE_MAX = 127 };

static bool is_id(const char *id)
{
	size_t n = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return id[0] >= 'a' && id[0] <= 'z' && n <= ID_MAX && id[n] == 0;
}

int change_customer(struct centre *c, const struct change_customer *k, struct errmsg *e)
{
	struct zone zone = c->zone;
	int rc;

	if (!is_id(k->id))
		return errmsg_set(
			e, ERR_INVALID,
			"customer \"%.70s\": an id has 1 to %d of a-z, 0-9, -, a letter first",
			k->id, ID_MAX);
	if (!k->name[0] || strlen(k->name) > NAME_MAX_BYTES)
		return errmsg_set(e, ERR_INVALID, "a name has 1 to %d bytes", NAME_MAX_BYTES);
	if (k->language[0] && strcmp(k->language, "ja") != 0 && strcmp(k->language, "en") != 0)
		return errmsg_set(e, ERR_INVALID, "language \"%.20s\": en or ja", k->language);
	if (k->zone[0] && zone_set(&zone, k->zone, e) != ERR_OK)
		return ERR_INVALID;
	rc = store_begin(c->store, e);
	rc = rc == ERR_OK ? store_customer(c->store, k->id, k->name, &zone, e) : rc;
	if (rc == ERR_OK && k->language[0])
		rc = store_customer_language(c->store, k->id, k->language, e);
	if (rc == ERR_OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return rc;
}

int change_site(struct centre *c, const char *site, const char *customer, struct errmsg *e)
{
	const struct store_scope now = {"", site};
	char owner[64];
	int rc;

	if (!site[0] || strlen(site) > SITE_MAX)
		return errmsg_set(e, ERR_INVALID, "a site's name has 1 to %d bytes", SITE_MAX);
	if (customer[0] && !store_has_customer(c->store, customer))
		return errmsg_set(e, ERR_NOTFOUND, "there is no customer %.70s", customer);
	store_site_owner(c->store, site, owner);
	if (owner[0] && strcmp(owner, customer) != 0 && store_site_has_history(c->store, &now))
		return errmsg_set(e, ERR_EXISTS,
				  "site %s has a history of customer %s, which nobody else may "
				  "see: it stays theirs",
				  site, owner);
	rc = store_begin(c->store, e);
	rc = rc == ERR_OK ? store_site(c->store, site, customer, e) : rc;
	if (rc == ERR_OK)
		return store_commit(c->store, e);
	store_rollback(c->store);
	return rc;
}
