/* What a match changes: bits, variables, files to keep. Done at once, so that the next rules of the
 * same packet see it, and whether or not a threshold lets the alert through. */
#include "dataplane/app/file.h"
#include "dataplane/detect/internal.h"

/* Which directions a filestore means; the rule's own where it names none. */
static bool store_wanted(const struct run *r, const struct rule_filestore *fs, unsigned dir)
{
	if (!fs->explicit_direction)
		return dir == (unsigned)r->dir;
	return dir == DIR_TS ? fs->to_server : fs->to_client;
}

static void file_keep(struct app_file *file, uint32_t sid)
{
	file->wanted |= APP_FILE_STORE;
	for (unsigned i = 0; i < file->sid_count; i++) {
		if (file->sids[i] == sid)
			return;
	}
	if (file->sid_count < APP_FILE_SIDS)
		file->sids[file->sid_count++] = sid;
}

static void file_store(struct run *r, const struct rule_filestore *fs, uint32_t sid)
{
	struct app_tx *tx = (struct app_tx *)r->tx;

	if (!tx)
		return;
	for (unsigned dir = 0; dir < 2; dir++) {
		if (!store_wanted(r, fs, dir) ||
		    (dir != (unsigned)r->dir && fs->scope == RULE_STORE_FILE))
			continue;
		for (struct app_file *file = tx->files[dir]; file; file = file->next)
			file_keep(file, sid);
		if (fs->scope == RULE_STORE_SSN || fs->scope == RULE_STORE_FLOW)
			r->app->store[dir] = true;
	}
}

/* `config: logging disable`: the transaction, or what follows on the flow too, is not recorded. */
static void quiet(struct run *r, const struct rule_config *c)
{
	bool tx = strcmp(c->type, "tx") == 0;

	if (tx && r->tx)
		((struct app_tx *)r->tx)->flags |= APP_TX_QUIET;
	if (r->f && strcmp(c->scope, "flow") == 0)
		r->f->flags |= tx ? FLOW_TX_QUIET : FLOW_QUIET;
}

static void bypass(struct run *r)
{
	r->fd->stopped = true;
	if (r->d->sink.bypass)
		r->d->sink.bypass(r->d->sink.ctx, r->f);
}

void post_match(struct run *r, const struct plan_rule *rule)
{
	const struct rule_list *l = &rule->rule->post;

	if (rule->rule->bypass && r->fd)
		bypass(r);
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_item *item = &l->items[i];

		switch (item->kind) {
		case RULE_ITEM_FLOWBITS:
			bits_change(r, item->flowbits);
			break;
		case RULE_ITEM_FLOWINT:
			vars_flowint_change(r, item->flowint);
			break;
		case RULE_ITEM_XBITS:
			hosts_change(r, item->xbits, false);
			break;
		case RULE_ITEM_HOSTBITS:
			hosts_change(r, item->xbits, true);
			break;
		case RULE_ITEM_CONFIG:
			quiet(r, item->config);
			break;
		case RULE_ITEM_FILESTORE:
			file_store(r, item->filestore, rule->rule->sid);
			break;
		default:
			break;
		}
	}
}
