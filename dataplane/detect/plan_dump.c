/* For development: plan_dump RULES prints every group of patterns with its patterns and the sids
 * they lead to, and what no pattern leads to. */
#include <stdio.h>

#include "dataplane/detect/internal.h"

static void list(const struct plan *p, const struct plan_list *l)
{
	for (uint32_t i = 0; i < l->count && i < 12; i++)
		printf(" %u", p->rules[l->cands[i].num].rule->sid);
	printf(l->count > 12 ? " and %u more\n" : "\n", l->count - 12);
}

static void matcher(const struct plan *p, const struct matcher *m)
{
	const struct plan_list *rules;
	char text[1024];

	printf("== %s: %u patterns\n", matcher_name(m), matcher_patterns(m));
	for (uint32_t i = 0; matcher_describe(m, i, text, sizeof(text), &rules); i++) {
		printf("%s:", text);
		list(p, rules);
	}
}

/* What only packets of an application protocol are tried with. */
static void named(const struct plan *p, const struct plan_ports *ports)
{
	for (unsigned i = 0; i < p->nprotos; i++) {
		if (!ports->wide[i].always.count)
			continue;
		printf("   and of %s:", p->protos[i]->name);
		list(p, &ports->wide[i].always);
	}
}

int main(int argc, char **argv)
{
	struct detect_config config = {.threads = 2};
	struct lang_set *set = lang_set_new();
	struct lang_opts opts = {0};
	struct errmsg err = {""};
	struct detect_engine *e;

	if (argc < 2 || !set ||
	    lang_load_file(argv[1], lang_vars_default(), &opts, set, &err) != ERR_OK) {
		fprintf(stderr, "usage: plan_dump RULES\n%s\n", err.text);
		return 2;
	}
	e = detect_engine_new(set, &config, &err);
	if (!e) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	for (uint32_t i = 0; i < e->plan->nmatchers; i++)
		matcher(e->plan, e->plan->matchers[i]);
	for (unsigned l4 = 0; l4 < PLAN_L4S; l4++) {
		for (unsigned dir = 0; dir < 2; dir++) {
			printf("== always, layer %u direction %u, port 1: ", l4, dir);
			list(e->plan, &plan_port_group(e->plan, l4, dir, 1)->always);
			named(e->plan, &e->plan->ports[l4][dir]);
		}
	}
	for (unsigned i = 0; i < e->plan->nprotos; i++) {
		for (unsigned dir = 0; dir < 2; dir++) {
			printf("== always, %s direction %u: ", e->plan->protos[i]->name, dir);
			list(e->plan, &e->plan->sides[i][dir].always);
		}
	}
	detect_engine_delete(e);
	lang_set_free(set);
	return 0;
}
