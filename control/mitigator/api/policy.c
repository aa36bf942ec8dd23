/* A policy tried before it is put in force: what in it is hardly meant, and what it would have done
 * at the judgements on record or in a list (P8). */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/mitigator/api/files.h"
#include "control/mitigator/api/pages.h"
#include "control/mitigator/policy/simulate.h"
#include "dataplane/base/clock.h"

enum { STEPS_SHOWN = 500, DAYS_DEFAULT = 7 };

/* The policy of the body; the one in force when there is none. */
static struct policy *take_policy(struct mitigator *m, const struct api_request *q,
				  struct errmsg *e)
{
	const char *yaml = m->policy->yaml;

	if (q->bytes.len)
		return policy_parse((const char *)q->bytes.data, q->bytes.len, "this policy", e);
	if (yaml && yaml[0])
		return policy_parse(yaml, strlen(yaml), m->policy->name, e);
	return policy_load(NULL, e);
}

static json_t *lints_of(const struct policy *p)
{
	char lints[POLICY_LINTS][256];
	unsigned n = policy_lint(p, lints);
	json_t *list = json_array();

	for (unsigned i = 0; i < n; i++)
		json_array_append_new(list, json_string(lints[i]));
	return list;
}

int page_policy_check(void *ctx, const struct api_request *q, struct api_answer *ret,
		      struct errmsg *e)
{
	struct policy *p = take_policy(ctx, q, e);
	json_t *scopes = json_array();

	if (!p) {
		json_decref(scopes);
		return ERR_INVALID;
	}
	for (unsigned i = 0; i < p->scopes_n; i++)
		json_array_append_new(
			scopes, json_pack("{so ss ss ss}", "scope", local_text(p->scopes[i].name),
					  "kind", policy_kind_text(p->scopes[i].kind), "mode",
					  policy_mode_text(p->scopes[i].mode), "policy",
					  policy_set_of(p, &p->scopes[i])->name));
	ret->json = json_pack("{so ss so so}", "name", local_text(p->name), "version", p->version,
			      "lint", lints_of(p), "scopes", scopes);
	policy_free(p);
	return ERR_OK;
}

/* Of the body, in place of the policy file. */
int page_policy_put(void *ctx, const struct api_request *q, struct api_answer *ret,
		    struct errmsg *e)
{
	struct local_peer peer = {.uid = geteuid(), .account = q->who.name};
	json_t *text = json_stringn((const char *)q->bytes.data, q->bytes.len), *request;

	if (!text || strlen(json_string_value(text)) != q->bytes.len)
		return json_decref(text),
		       errmsg_set(e, ERR_INVALID, "the policy is not a text in UTF-8");
	request = json_copy(q->args);
	json_object_set_new(request, "text", text);
	ret->json = local_do(ctx, "policy_put", &peer, request, e);
	json_decref(request);
	if (!ret->json)
		return strstr(e->text, "somebody else") ? ERR_EXISTS : ERR_INVALID;
	json_object_del(ret->json, "ok");
	return ERR_OK;
}

/* ---- simulate ---- */

struct tally {
	json_t *hosts, *actions,
		*acted; /* host -> true; action -> {times, hosts}; action -> hosts */
	json_t *steps;
	uint64_t judgements, with_actions;
};

static void count_action(struct tally *t, const char *action, const char *host)
{
	json_t *a = json_object_get(t->actions, action);
	json_t *hosts = json_object_get(t->acted, action);

	if (!a) {
		a = json_pack("{sI}", "times", (json_int_t)0);
		json_object_set_new(t->actions, action, a);
		hosts = json_object();
		json_object_set_new(t->acted, action, hosts);
	}
	json_object_set_new(a, "times",
			    json_integer(json_integer_value(json_object_get(a, "times")) + 1));
	json_object_set_new(hosts, host, json_true());
	json_object_set_new(a, "hosts", json_integer((json_int_t)json_object_size(hosts)));
}

static bool on_step(void *ctx, const struct simulate_step *s)
{
	struct tally *t = ctx;
	json_t *list;

	t->judgements++;
	json_object_set_new(t->hosts, s->host, json_true());
	if (!s->actions_n)
		return true;
	t->with_actions++;
	list = json_array();
	for (unsigned i = 0; i < s->actions_n; i++) {
		count_action(t, s->actions[i], s->host);
		json_array_append_new(list, json_string(s->actions[i]));
	}
	if (json_array_size(t->steps) == STEPS_SHOWN)
		json_array_remove(t->steps, 0); /* the latest are shown */
	json_array_append_new(t->steps,
			      json_pack("{so so ss sI sI so}", "time", local_text(s->time), "host",
					local_text(s->host), "level", level_text(s->level), "count",
					(json_int_t)s->count, "days", (json_int_t)s->days,
					"actions", list));
	return true;
}

static int simulate(const struct simulate_by *by, struct slice list, const char *name,
		    struct api_answer *ret, struct errmsg *e)
{
	struct tally t = {.hosts = json_object(),
			  .actions = json_object(),
			  .acted = json_object(),
			  .steps = json_array()};
	int rc = simulate_run(list, name, by, on_step, &t, e);

	if (rc == 0)
		ret->json = json_pack("{sI sI sI sO sO}", "judgements", (json_int_t)t.judgements,
				      "with_actions", (json_int_t)t.with_actions, "hosts",
				      (json_int_t)json_object_size(t.hosts), "actions", t.actions,
				      "steps", t.steps);
	json_decref(t.hosts);
	json_decref(t.actions);
	json_decref(t.acted);
	json_decref(t.steps);
	return rc < 0 ? ERR_INVALID : 0;
}

int page_policy_simulate(void *ctx, const struct api_request *q, struct api_answer *ret,
			 struct errmsg *e)
{
	uint64_t days = (uint64_t)api_number(q, "days", DAYS_DEFAULT);
	struct policy *p = take_policy(ctx, q, e);
	struct api_answer list = {0};
	struct api_request ask = *q;
	struct simulate_by by = {.policy = p};
	int rc;

	if (!p)
		return ERR_INVALID;
	ask.args = json_pack("{sI}", "since", (json_int_t)(q->now - days * NS_PER_DAY));
	rc = page_judgements_csv(ctx, &ask, &list, e);
	json_decref(ask.args);
	if (rc == 0)
		rc = simulate(&by, SLICE(list.bytes, list.len), "the judgements on record", ret, e);
	free(list.bytes);
	if (rc == 0) {
		json_object_set_new(ret->json, "days", json_integer((json_int_t)days));
		json_object_set_new(ret->json, "policy", local_text(p->name));
		json_object_set_new(ret->json, "lint", lints_of(p));
	}
	policy_free(p);
	return rc;
}

int policy_try(void *ctx, const char *text, unsigned days, char *ret, size_t cap, struct errmsg *e)
{
	struct mitigator *m = ctx;
	struct api_request q = {.bytes = SLICE_STR(text),
				.now = mitigator_now(m).wall,
				.args = json_pack("{sI}", "days", (json_int_t)days)};
	struct api_answer a = {0};
	int rc = page_policy_simulate(m, &q, &a, e);
	char *dump = NULL;

	json_decref(q.args);
	/* Step by step it would not fit; the last of what is said against it is left out first. */
	json_object_del(a.json, "steps");
	while (rc == 0 && (dump = json_dumps(a.json, JSON_COMPACT)) && strlen(dump) >= cap) {
		json_t *lint = json_object_get(a.json, "lint");

		free(dump);
		dump = NULL;
		if (json_array_size(lint) == 0)
			break;
		json_array_remove(lint, json_array_size(lint) - 1);
	}
	if (rc == 0)
		snprintf(ret, cap, "%s", dump ? dump : "{}");
	free(dump);
	json_decref(a.json);
	return rc;
}

/* A list of the asker's own, by the policy in force or by plain counts. */
int page_list_simulate(void *ctx, const struct api_request *q, struct api_answer *ret,
		       struct errmsg *e)
{
	const char *method = api_text(q, "method"), *counts = api_text(q, "counts"),
		   *days = api_text(q, "days");
	struct judge_policy plain = {.rules_n = 0};
	struct mitigator *m = ctx;
	struct simulate_by by = {.policy = m->policy, .plain = &plain};
	int rc = 0;

	if (method[0]) {
		by.policy = NULL;
		plain.method =
			strcmp(method, "same-level") == 0 ? JUDGE_SAME_LEVEL : JUDGE_SAME_OR_HIGHER;
	}
	if (!method[0] && (counts[0] || days[0]))
		return errmsg_set(e, ERR_INVALID, "counts and days need a method");
	if (method[0] && !counts[0] && !days[0])
		return errmsg_set(e, ERR_INVALID, "the method needs counts or days");
	if (counts[0])
		rc = simulate_counts(counts, &plain, e);
	if (rc == 0 && days[0])
		rc = simulate_days(days, &plain, e);
	return rc < 0 ? ERR_INVALID : simulate(&by, q->bytes, "the list", ret, e);
}
