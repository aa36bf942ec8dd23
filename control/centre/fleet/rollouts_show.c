/* Roll-outs, files and configuration as people ask for them. */
#include <string.h>

#include "control/centre/fleet/private.h"
#include "control/centre/fleet/rollouts_private.h"
#include "control/wire/managed.h"

static json_t *task_json(const struct task *t, bool with_boxes)
{
	unsigned by_step[ROLLOUT_STEPS] = {0};
	json_t *o, *boxes = with_boxes ? json_array() : NULL, *rings = json_array();

	for (unsigned i = 0; i < t->r->n_rings; i++)
		json_array_append_new(rings, json_integer(t->r->percent[i]));
	for (size_t i = 0; i < t->r->n; i++) {
		const struct rollout_box *b = &t->r->boxes[i];

		by_step[b->step]++;
		if (boxes)
			json_array_append_new(boxes,
					      json_pack("{ss sI ss sI sI so}", "box", b->name,
							"ring", (json_int_t)b->ring + 1, "step",
							rollout_step_text(b->step), "offered",
							(json_int_t)b->offered, "settled",
							(json_int_t)b->settled, "text",
							local_text(t->more[i].text)));
	}
	o = json_pack("{sI ss so so ss sI so sI so so so sI sI sI sI sI}", "id",
		      (json_int_t)t->r->id, "kind", t->about.kind, "version",
		      local_text(t->about.version), "scope", local_text(t->about.scope), "state",
		      rollout_state_text(t->r->state), "ring", (json_int_t)t->r->ring + 1, "rings",
		      rings, "soak_s", (json_int_t)(t->r->soak_ns / NS_PER_SEC), "why",
		      local_text(t->r->why), "author", local_text(t->about.author), "reason",
		      local_text(t->about.reason), "made", (json_int_t)t->about.made, "boxes_n",
		      (json_int_t)t->r->n, "in_force", (json_int_t)by_step[STEP_IN_FORCE],
		      "refused", (json_int_t)by_step[STEP_REFUSED], "back",
		      (json_int_t)by_step[STEP_BACK]);
	if (boxes)
		json_object_set_new(o, "boxes", boxes);
	return o;
}

static json_t *list_rollouts(struct rollouts *r)
{
	json_t *list = json_array();

	for (unsigned i = r->n; i-- > 0;)
		json_array_append_new(list, task_json(&r->tasks[i], false));
	return json_pack("{sb so}", "ok", 1, "rollouts", list);
}

static json_t *list_keys(void)
{
	json_t *list = json_array();

	for (size_t i = 0; i < managed_n_keys; i++)
		json_array_append_new(list, json_pack("{ss ss}", "key", managed_keys[i].name,
						      "help", managed_keys[i].help));
	return json_pack("{sb so}", "ok", 1, "keys", list);
}

json_t *rollouts_read(struct rollouts *r, const json_t *request, struct errmsg *e)
{
	const char *what = fleet_text(request, "what"), *customer = fleet_text(request, "customer");
	uint64_t id = (uint64_t)json_integer_value(json_object_get(request, "id"));
	struct store *s = r->f->setup.store;
	json_t *o = NULL;

	if (rollouts_fresh(r, e))
		return NULL;
	if (strcmp(what, "configurations") == 0) {
		json_t *list = configs(s, customer, fleet_text(request, "scope"), e);

		return list ? json_pack("{sb so}", "ok", 1, what, list) : NULL;
	}
	if (strcmp(what, "diff") == 0)
		return config_compare(r->f, request, e);
	if (strcmp(what, "keys") == 0)
		return list_keys();
	/* Which version runs where is the vendor's business. */
	if (customer[0])
		errmsg_set(e, ERR_NOTFOUND, "there is no such list");
	else if (strcmp(what, "rollouts") == 0)
		return list_rollouts(r);
	else if (strcmp(what, "files") == 0 && (o = fleet_files(s, e)))
		return json_pack("{sb so}", "ok", 1, what, o);
	else if (strcmp(what, "rollout") == 0 && rollouts_task(r, id))
		return json_pack("{sb so}", "ok", 1, what, task_json(rollouts_task(r, id), true));
	else if (!e->text[0])
		errmsg_set(e, ERR_NOTFOUND, "there is no such list or roll-out");
	return NULL;
}
