#include "control/mitigator/undo/gather.h"

#include <stdlib.h>
#include <string.h>

static int take_list(void *ctx, const struct undo_list *l)
{
	struct undo_gathered *all = ctx;
	unsigned at = 0;

	while (at < all->n && strcmp(all->items[at].threat, l->threat) != 0)
		at++;
	if (at == all->n) {
		snprintf(all->items[at].threat, UNDO_THREAT, "%s", l->threat);
		all->items[at].hosts = json_object();
		all->n++;
	}
	for (unsigned i = 0; i < l->n; i++) {
		const struct undo_row *row = &l->rows[i];
		char name[IP_ADDR_TEXT];

		if (!row->permit)
			continue;
		if (!mac_addr_is_zero(&row->mac))
			mac_addr_text(&row->mac, name);
		else
			ip_addr_text(&row->ip, name, false);
		json_object_set_new(all->items[at].hosts, name, json_true());
	}
	return 0;
}

struct undo_gathered *undo_gather(struct slice file, const char *name, struct errmsg *e)
{
	struct undo_gathered *g = calloc(1, sizeof(*g));
	struct undo_list l = {.n = 0};
	struct errmsg why = {""};
	int rc;

	if (!g) {
		errmsg_set(e, ERR_NOMEM, "no memory");
		return NULL;
	}
	if (undo_name_parse(name, &l) == 0) {
		rc = undo_list_read(file, name, &l, e);
		if (rc == 0)
			take_list(g, &l);
		undo_list_done(&l);
	} else {
		rc = undo_zip_read(file, take_list, g, &why);
		if (rc < 0)
			errmsg_set(e, rc, "%s: %.400s", name, why.text);
	}
	if (rc >= 0)
		return g;
	undo_gathered_free(g);
	return NULL;
}

void undo_gathered_free(struct undo_gathered *g)
{
	for (unsigned i = 0; g && i < g->n; i++)
		json_decref(g->items[i].hosts);
	free(g);
}
