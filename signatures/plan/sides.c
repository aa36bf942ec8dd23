/* Buffer groups: for each protocol and direction, the buffers that rules look into, each with one
 * set of patterns. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/app/file.h"
#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"

struct group_build {
	struct plan_group group;
	struct matcher *matcher;
};

struct always {
	struct plan_cand cand;
	uint16_t event; /* EVENT_NONE, or the event that the rule waits for */
};

enum { EVENT_NONE = 0xffff };

struct side_build {
	struct plan_build *b;
	uint8_t proto, dir;
	struct VEC(struct group_build) groups;
	struct VEC(struct always) always;
	uint32_t nevents;
};

static const struct plan_step *step_of_buffer(const struct plan_chain *c, int32_t index)
{
	for (unsigned i = 0; i < c->count; i++) {
		const struct plan_step *s = &c->steps[i];

		if ((s->kind == PLAN_STEP_BUFFER || s->kind == PLAN_STEP_FILE) && s->index == index)
			return s;
	}
	return NULL;
}

/* The longest negated content of a list; false when the list has a positive one. */
static bool only_negated(const struct rule_list *l, size_t *ret_longest)
{
	*ret_longest = 0;
	for (uint32_t i = 0; i < l->count; i++) {
		const struct rule_content *c = l->items[i].content;

		if (l->items[i].kind != RULE_ITEM_CONTENT)
			continue;
		if (!(c->flags & RULE_CONTENT_NEGATED))
			return false;
		if (c->bytes.len > *ret_longest)
			*ret_longest = c->bytes.len;
	}
	return true;
}

/* Which step Suricata takes the fast pattern from when all contents are negated. */
static int8_t negated_step(const struct rule *r, const struct plan_chain *c)
{
	const struct plan_step *found = NULL;
	size_t longest, most;

	if (!only_negated(&r->payload, &most))
		return -1;
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (!only_negated(&r->buffers[i].items, &longest))
			return -1;
		if (longest > most) {
			most = longest;
			found = step_of_buffer(c, (int32_t)i);
		}
	}
	return found ? (int8_t)(found - c->steps) : -1;
}

static struct group_build *group_of(struct side_build *sb, const struct plan_step *s,
				    const struct rule_buffer *list)
{
	struct plan_group g = {.key = list->key, .list = list};
	char name[192];

	for (uint32_t i = 0; i < sb->groups.n; i++) {
		if (sb->groups.v[i].group.key == list->key)
			return &sb->groups.v[i];
	}
	g.buffer = s->buffer;
	g.progress = s->progress;
	g.file = s->kind == PLAN_STEP_FILE;
	g.file_buffer = s->file;
	g.body = g.file ? s->file == PLAN_FILE_DATA : s->buffer->body;
	snprintf(name, sizeof(name), "%s %s %s", list->key,
		 sb->proto < sb->b->plan->nprotos ? sb->b->plan->protos[sb->proto]->name : "files",
		 sb->dir == DIR_TS ? "to_server" : "to_client");
	vec_push(sb->b->mem, &sb->groups, (struct group_build){g, plan_matcher(sb->b, name)});
	return sb->groups.n ? &sb->groups.v[sb->groups.n - 1] : NULL;
}

static uint16_t first_event(const struct plan_chain *c)
{
	for (unsigned i = 0; i < c->count; i++) {
		if (c->steps[i].kind == PLAN_STEP_EVENT)
			return c->steps[i].event;
	}
	return EVENT_NONE;
}

static uint8_t files_wanted(const struct rule *r)
{
	uint8_t wanted = 0;

	for (uint32_t i = 0; i < r->files.count; i++) {
		const struct rule_item *item = &r->files.items[i];

		if (item->kind == RULE_ITEM_FILE_HASH)
			wanted |= item->hash_list->algorithm == 16   ? APP_FILE_MD5
				  : item->hash_list->algorithm == 20 ? APP_FILE_SHA1
								     : APP_FILE_SHA256;
	}
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (strcmp(r->buffers[i].name, "file.magic") == 0)
			wanted |= APP_FILE_MAGIC;
	}
	for (uint32_t i = 0; i < r->post.count; i++) {
		if (r->post.items[i].kind == RULE_ITEM_FILESTORE)
			wanted |= APP_FILE_STORE;
	}
	return wanted;
}

static void chain_place(struct side_build *sb, struct plan_rule *r, struct plan_chain *c)
{
	const struct plan_pattern *p = &sb->b->patterns[r->num];
	struct plan_side *side = &sb->b->plan->sides[sb->proto][sb->dir];
	const struct plan_step *s;
	struct group_build *g;

	side->any = true;
	c->trigger = -1;
	c->negated = negated_step(r->rule, c);
	for (unsigned i = 0; i < c->count; i++) {
		if (c->steps[i].kind == PLAN_STEP_FILE || c->steps[i].kind == PLAN_STEP_FILES)
			side->files = true;
		if (c->steps[i].kind == PLAN_STEP_STREAM)
			side->stream = sb->b->plan->tx_stream[sb->dir] = true;
	}
	side->file_wanted |= files_wanted(r->rule);
	if (p->found && p->buffer < 0)
		return; /* its payload leads to it */
	s = p->found ? step_of_buffer(c, p->buffer) : NULL;
	if (s) {
		c->trigger = (int8_t)(s - c->steps);
		g = group_of(sb, s, &r->rule->buffers[p->buffer]);
		if (g && g->matcher)
			plan_matcher_add(sb->b, g->matcher, r);
		return;
	}
	vec_push(sb->b->mem, &sb->always, (struct always){plan_cand_of(r), first_event(c)});
	if (first_event(c) != EVENT_NONE && first_event(c) >= sb->nevents)
		sb->nevents = first_event(c) + 1U;
}

static int group_cmp(const void *a, const void *b)
{
	const struct group_build *x = a, *y = b;

	if (x->group.progress != y->group.progress)
		return x->group.progress < y->group.progress ? -1 : 1;
	if (x->group.body != y->group.body)
		return x->group.body - y->group.body;
	return strcmp(x->group.key, y->group.key);
}

static struct plan_list list_with_event(struct side_build *sb, uint16_t event)
{
	struct VEC(struct plan_cand) v = {0};
	struct plan_list l;

	for (uint32_t i = 0; i < sb->always.n; i++) {
		if (sb->always.v[i].event == event)
			vec_push(sb->b->mem, &v, sb->always.v[i].cand);
	}
	l = plan_list_of(sb->b->mem, v.v, v.n);
	vec_free(&v);
	return l;
}

static void bodies_find(struct side_build *sb, struct plan_side *side)
{
	const struct app_proto *proto;

	if (sb->proto == PLAN_ANY)
		return;
	proto = sb->b->plan->protos[sb->proto];
	side->bodies = plan_alloc(sb->b->mem, (proto->buffer_count + 1) * sizeof(*side->bodies));
	for (unsigned i = 0; side->bodies && i < proto->buffer_count; i++) {
		const struct app_buffer *b = &proto->buffers[i];

		if (b->body && b->seen && b->dir[sb->dir])
			side->bodies[side->nbodies++] = b;
	}
}

static void side_finish(struct side_build *sb)
{
	struct plan_side *side = &sb->b->plan->sides[sb->proto][sb->dir];

	if (sb->groups.n)
		qsort(sb->groups.v, sb->groups.n, sizeof(*sb->groups.v), group_cmp);
	side->groups = plan_alloc(sb->b->mem, (sb->groups.n + 1) * sizeof(*side->groups));
	side->events = plan_alloc(sb->b->mem, (sb->nevents + 1) * sizeof(*side->events));
	bodies_find(sb, side);
	if (sb->b->mem->failed)
		return;
	for (uint32_t i = 0; i < sb->groups.n; i++) {
		side->groups[i] = sb->groups.v[i].group;
		side->groups[i].matcher = sb->groups.v[i].matcher;
	}
	side->ngroups = sb->groups.n;
	side->always = list_with_event(sb, EVENT_NONE);
	for (uint16_t e = 0; e < sb->nevents; e++)
		side->events[e] = list_with_event(sb, e);
	side->nevents = sb->nevents;
}

static void side_build(struct plan_build *b, uint8_t proto, uint8_t dir)
{
	struct side_build sb = {.b = b, .proto = proto, .dir = dir};

	for (uint32_t i = 0; i < b->plan->count; i++) {
		struct plan_rule *r = &b->plan->rules[i];

		for (unsigned k = 0; k < r->nchains; k++) {
			if (r->chains[k].proto == proto && r->chains[k].dir == dir)
				chain_place(&sb, r, &r->chains[k]);
		}
	}
	side_finish(&sb);
	vec_free(&sb.groups);
	vec_free(&sb.always);
}

void plan_build_sides(struct plan_build *b)
{
	for (unsigned dir = 0; dir < 2; dir++) {
		for (uint32_t i = 0; i < b->plan->nprotos; i++)
			side_build(b, (uint8_t)i, (uint8_t)dir);
		side_build(b, PLAN_ANY, (uint8_t)dir);
		b->plan->files |= b->plan->sides[PLAN_ANY][dir].any;
	}
}
