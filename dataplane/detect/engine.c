/* Building an engine: every rule's lists are compiled, then the plan, then the keywords that belong
 * to protocols. What does not compile is left out and listed. */
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/detect/files.h"
#include "dataplane/detect/internal.h"
#include "signatures/lang/buffers.h"

static void skip(struct detect_engine *e, const struct rule *rule, const char *keyword,
		 const char *reason)
{
	struct detect_skip s = {rule, keyword, plan_copy(&e->mem, reason, strlen(reason) + 1)};

	if (s.reason)
		vec_push(&e->mem, &e->skips, s);
}

/* ---- lists ---- */

static const char *unsupported(const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->nbuffers; i++) {
		const struct rule_buffer *b = &rule->buffers[i];

		if (b->buffer->where == LANG_ON_PACKET && !headers_known(b->name))
			return b->name;
	}
	return NULL;
}

static bool iprep_compile(struct detect_engine *e, const struct rule_iprep *rep, uint8_t *ret,
			  struct errmsg *why)
{
	int category;

	if (!e->reputation) {
		errmsg_set(why, ERR_UNSUPPORTED,
			   "no reputation is configured; set reputation-categories-file");
		return false;
	}
	category = reputation_category(e->reputation, rep->category);
	if (category < 0) {
		errmsg_set(why, ERR_INVALID, "\"%s\" is no category of the reputation file",
			   rep->category);
		return false;
	}
	*ret = (uint8_t)category;
	return true;
}

/* Keywords on the packet that ask what the operator provides. */
static bool packet_compile(struct detect_engine *e, const struct rule *rule, const char **keyword,
			   struct errmsg *why)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < rule->packet.count; i++) {
		const struct rule_item *item = &rule->packet.items[i];

		if (item->kind == RULE_ITEM_GEOIP && !e->geoip) {
			*keyword = "geoip";
			errmsg_set(why, ERR_UNSUPPORTED,
				   "no country database is configured; set geoip-database");
			return false;
		}
		if (item->kind != RULE_ITEM_IPREP)
			continue;
		*keyword = "iprep";
		if (n == DETECT_IPREPS) {
			errmsg_set(why, ERR_LIMIT, "more than %d of them in one rule",
				   DETECT_IPREPS);
			return false;
		}
		if (!iprep_compile(e, item->iprep, &e->lists[rule->index].category[n++], why))
			return false;
	}
	return true;
}

static bool lists_compile(struct detect_engine *e, const struct rule *rule, const char **keyword,
			  struct errmsg *why)
{
	struct detect_lists *l = &e->lists[rule->index];

	if (!packet_compile(e, rule, keyword, why))
		return false;
	if (rule->payload.count) {
		l->payload = inspect_list_new(e->store, rule, &rule->payload, keyword, why);
		if (!l->payload)
			return false;
	}
	l->buffers = plan_alloc(&e->mem, (rule->nbuffers + 1) * sizeof(*l->buffers));
	for (uint32_t i = 0; l->buffers && i < rule->nbuffers; i++) {
		const struct rule_buffer *b = &rule->buffers[i];

		if (b->buffer->where == LANG_ON_BASE64)
			continue;
		l->buffers[i] = inspect_list_new(e->store, rule, &b->items, keyword, why);
		if (!l->buffers[i])
			return false;
	}
	if (rule->files.count) {
		l->files = files_load(rule, keyword, why);
		return l->files != NULL;
	}
	return l->buffers != NULL;
}

static bool *rules_compile(struct detect_engine *e)
{
	bool *excluded = calloc(e->set->count + 1, sizeof(*excluded));

	for (uint32_t i = 0; excluded && i < e->set->count; i++) {
		const struct rule *rule = e->set->rules[i];
		const char *keyword = unsupported(rule);
		struct errmsg why = {""};

		if (keyword) {
			skip(e, rule, keyword, "not supported");
			excluded[i] = true;
		} else if (!lists_compile(e, rule, &keyword, &why)) {
			skip(e, rule, keyword ? keyword : "", why.text);
			excluded[i] = true;
		}
	}
	return excluded;
}

/* ---- keywords of protocols ---- */

static bool step_compile(struct detect_engine *e, const struct plan_rule *rule, struct plan_step *s)
{
	char why[256] = "";

	if (s->kind != PLAN_STEP_KEYWORD || !s->keyword->compile)
		return true;
	s->compiled = s->keyword->compile(slice_of(s->item->app->arg), why, sizeof(why));
	if (s->compiled)
		return true;
	skip(e, rule->rule, s->item->app->keyword, why);
	return false;
}

static void keywords_compile(struct detect_engine *e)
{
	for (uint32_t i = 0; i < e->plan->count; i++) {
		struct plan_rule *rule = &e->plan->rules[i];
		bool ok = true;

		for (unsigned c = 0; c < rule->nchains && ok; c++) {
			for (unsigned k = 0; k < rule->chains[c].count && ok; k++)
				ok = step_compile(e, rule, &rule->chains[c].steps[k]);
		}
		if (!ok) {
			rule->flags |= PLAN_OFF;
			e->off++;
		}
	}
}

static void keywords_free(struct plan *p)
{
	for (uint32_t i = 0; p && i < p->count; i++) {
		for (unsigned c = 0; c < p->rules[i].nchains; c++) {
			for (unsigned k = 0; k < p->rules[i].chains[c].count; k++)
				free(p->rules[i].chains[c].steps[k].compiled);
		}
	}
}

/* ---- the engine ---- */

/* What the operator provides beside the rules. */
static int provided(struct detect_engine *e, const struct detect_config *c, struct errmsg *err)
{
	bool failed;
	int rc = ERR_OK;

	e->filters = filters_new(e->set, &failed);
	if (failed)
		return errmsg_set(err, ERR_NOMEM, "no memory for the threshold file");
	if (c && c->reputation_categories)
		rc = reputation_load(c->reputation_categories, c->reputation_folder,
				     c->reputation_files, &e->reputation, err);
	if (rc == ERR_OK && c && c->geoip_database)
		rc = geoip_open(c->geoip_database, &e->geoip, err);
	return rc;
}

static bool compares(const struct rule *rule)
{
	for (uint32_t i = 0; i < rule->packet.count; i++) {
		const struct rule_item *item = &rule->packet.items[i];

		if (item->kind == RULE_ITEM_STREAM_EVENT &&
		    strcmp(item->named->name, "reassembly_overlap_different_data") == 0)
			return true;
	}
	return false;
}

static int build(struct detect_engine *e, const struct detect_config *config, struct errmsg *err)
{
	struct plan_options options = {
		.protos = app_protocols,
		.threads = config ? config->threads : 1,
		.cache_folder = config ? config->cache_folder : NULL,
	};
	bool *excluded;
	int rc = provided(e, config, err);

	if (rc != ERR_OK)
		return rc;
	e->store = inspect_store_new(e->set, config ? config->data_folder : NULL, err);
	e->lists = calloc(e->set->count + 1, sizeof(*e->lists));
	if (!e->store || !e->lists)
		return errmsg_set(err, ERR_NOMEM, "no memory for %u rules", e->set->count);
	excluded = rules_compile(e);
	if (!excluded || e->mem.failed) {
		free(excluded);
		return errmsg_set(err, ERR_NOMEM, "no memory for %u rules", e->set->count);
	}
	options.excluded = excluded;
	e->plan = plan_new(e->set, &options, err);
	free(excluded);
	if (!e->plan)
		return ERR_INVALID;
	for (uint32_t i = 0; i < e->plan->nskips; i++)
		skip(e, e->plan->skips[i].rule, e->plan->skips[i].keyword,
		     e->plan->skips[i].reason);
	keywords_compile(e);
	for (unsigned i = 0; i <= PLAN_PROTOS; i++)
		e->file_wanted |=
			e->plan->sides[i][0].file_wanted | e->plan->sides[i][1].file_wanted;
	for (uint32_t i = 0; i < e->set->count && !e->compare_wanted; i++)
		e->compare_wanted = compares(e->set->rules[i]);
	return ERR_OK;
}

struct detect_engine *detect_engine_new(const struct lang_set *rules,
					const struct detect_config *config, struct errmsg *err)
{
	struct detect_engine *e = calloc(1, sizeof(*e));

	if (!e) {
		errmsg_set(err, ERR_NOMEM, "no memory for rules");
		return NULL;
	}
	e->set = rules;
	e->profile = config && config->profile;
	e->alerts_per_packet = config && config->alerts_per_packet ? config->alerts_per_packet
								   : LIMIT_ALERTS_PER_PACKET;
	if (build(e, config, err) == ERR_OK)
		return e;
	detect_engine_delete(e);
	return NULL;
}

void detect_engine_delete(struct detect_engine *e)
{
	if (!e)
		return;
	keywords_free(e->plan);
	plan_free(e->plan);
	for (uint32_t i = 0; e->lists && i < e->set->count; i++) {
		struct detect_lists *l = &e->lists[i];

		inspect_list_free(l->payload);
		for (uint32_t k = 0; l->buffers && k < e->set->rules[i]->nbuffers; k++)
			inspect_list_free(l->buffers[k]);
		files_free(l->files);
	}
	free(e->lists);
	inspect_store_free(e->store);
	filters_free(e->filters);
	reputation_free(e->reputation);
	geoip_close(e->geoip);
	vec_free(&e->skips);
	plan_mem_done(&e->mem);
	free(e);
}

int detect_engine_save(struct detect_engine *e, struct errmsg *err)
{
	return inspect_store_save(e->store, err);
}

uint32_t detect_skips(const struct detect_engine *e, const struct detect_skip **ret)
{
	*ret = e->skips.v;
	return e->skips.n;
}

uint32_t detect_unused_filters(const struct detect_engine *e, const struct lang_filter *const **ret)
{
	*ret = NULL;
	return e->filters ? filters_unused(e->filters, ret) : 0;
}

uint32_t detect_rules(const struct detect_engine *e)
{
	return e->set->count - e->skips.n;
}

const uint32_t *detect_frames_wanted(const struct detect_engine *e)
{
	return e->plan->frames_wanted;
}

uint8_t detect_file_wanted(const struct detect_engine *e)
{
	return e->file_wanted;
}

bool detect_compare_wanted(const struct detect_engine *e)
{
	return e->compare_wanted;
}
