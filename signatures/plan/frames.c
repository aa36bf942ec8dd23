/* Rules on frames: for each protocol, direction and type of frame, the buffers that rules look at
 * (the frame's bytes, or what transforms make of them), each with one set of patterns. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"

static_assert((int)PLAN_FRAME_TYPES == (int)APP_FRAME_STREAM + 1, "every type has its bit");

static const struct rule_buffer *frame_buffer(const struct rule *r, uint16_t from, uint16_t *ret)
{
	for (uint16_t i = from; i < r->nbuffers; i++) {
		if (r->buffers[i].buffer->where == LANG_ON_FRAME) {
			*ret = i;
			return &r->buffers[i];
		}
	}
	return NULL;
}

bool plan_wants_frames(const struct rule *r)
{
	uint16_t index;

	return frame_buffer(r, 0, &index) != NULL;
}

/* ---- what a rule asks for ---- */

static int type_of(const struct app_proto *p, const char *frame)
{
	if (strcmp(frame, "stream") == 0)
		return APP_FRAME_STREAM;
	for (unsigned i = 0; i < p->frame_count; i++) {
		if (strcmp(p->frames[i], frame) == 0)
			return (int)i;
	}
	return -1;
}

/* "frame:tls.pdu": whose it is, and which. */
static bool frame_find(const struct plan *plan, const char *name, uint8_t *ret_proto, int *ret_type)
{
	const char *app = strchr(name, ':') + 1, *dot = strchr(app, '.');
	char text[32];

	snprintf(text, sizeof(text), "%.*s", (int)(dot - app), app);
	for (uint32_t i = 0; i < plan->nprotos; i++) {
		if (!plan_proto_named(plan->protos[i], text))
			continue;
		*ret_proto = (uint8_t)i;
		*ret_type = type_of(plan->protos[i], dot + 1);
		return *ret_type >= 0;
	}
	return false;
}

bool plan_frame_of(struct plan_build *b, struct plan_rule *r)
{
	const struct rule *rule = r->rule;
	const struct rule_buffer *first = frame_buffer(rule, 0, &r->frame_buffer);
	uint16_t other;
	uint8_t proto;
	int type;

	if (frame_buffer(rule, (uint16_t)(r->frame_buffer + 1), &other)) {
		plan_skip(b, rule, "frame", "more than one frame in a rule");
		return false;
	}
	if (!frame_find(b->plan, first->name, &proto, &type)) {
		plan_skip(b, rule, first->name, "no protocol provides it");
		return false;
	}
	r->frame = (uint8_t)type;
	r->protos = 1ULL << proto;
	r->flags |= PLAN_TX | PLAN_FRAMES;
	return true;
}

/* ---- groups ---- */

struct frames_build {
	struct plan_build *b;
	struct plan_frames *frames;
	char name[128]; /* of the matchers, without transforms */
	struct VEC(struct plan_group) groups;
	struct VEC(struct matcher *) matchers; /* of the groups */
	struct VEC(struct plan_cand) always;
};

static struct matcher *group_of(struct frames_build *fb, const struct rule_buffer *list)
{
	struct plan_group g = {.key = list->key, .list = list, .body = true};
	char name[256];

	for (uint32_t i = 0; i < fb->groups.n; i++) {
		if (fb->groups.v[i].key == list->key)
			return fb->matchers.v[i];
	}
	snprintf(name, sizeof(name), "%s %s", list->key, fb->name);
	vec_push(fb->b->mem, &fb->matchers, plan_matcher(fb->b, name));
	g.matcher = fb->matchers.n ? fb->matchers.v[fb->matchers.n - 1] : NULL;
	vec_push(fb->b->mem, &fb->groups, g);
	return (struct matcher *)(uintptr_t)g.matcher;
}

static void rule_place(struct frames_build *fb, const struct plan_rule *r)
{
	if (!fb->b->patterns[r->num].found) {
		vec_push(fb->b->mem, &fb->always, plan_cand_of(r));
		return;
	}
	plan_matcher_add(fb->b, group_of(fb, &r->rule->buffers[r->frame_buffer]), r);
}

static void type_build(struct plan_build *b, uint8_t proto, uint8_t dir, uint8_t type)
{
	struct frames_build fb = {.b = b, .frames = &b->plan->frames[proto][dir][type]};

	snprintf(fb.name, sizeof(fb.name), "%s", dir == DIR_TS ? "to_server" : "to_client");
	for (uint32_t i = 0; i < b->plan->count; i++) {
		const struct plan_rule *r = &b->plan->rules[i];

		if ((r->flags & PLAN_FRAMES) && r->protos == 1ULL << proto && r->frame == type &&
		    (r->dirs & 1 << dir))
			rule_place(&fb, r);
	}
	fb.frames->groups = plan_copy(b->mem, fb.groups.v, fb.groups.n * sizeof(*fb.groups.v));
	fb.frames->ngroups = fb.groups.n;
	fb.frames->always = plan_list_of(b->mem, fb.always.v, fb.always.n);
	vec_free(&fb.groups);
	vec_free(&fb.matchers);
	vec_free(&fb.always);
}

static void proto_build(struct plan_build *b, uint8_t proto)
{
	struct plan *p = b->plan;

	for (uint8_t dir = 0; dir < 2; dir++) {
		p->frames[proto][dir] =
			plan_alloc(b->mem, PLAN_FRAME_TYPES * sizeof(*p->frames[proto][dir]));
		for (uint8_t type = 0; p->frames[proto][dir] && type < PLAN_FRAME_TYPES; type++) {
			if (p->frames_wanted[proto] >> type & 1)
				type_build(b, proto, dir, type);
		}
	}
}

void plan_build_frames(struct plan_build *b)
{
	struct plan *p = b->plan;

	for (uint32_t i = 0; i < p->count; i++) {
		if (p->rules[i].flags & PLAN_FRAMES)
			p->frames_wanted[__builtin_ctzll(p->rules[i].protos)] |=
				1U << p->rules[i].frame;
	}
	for (uint8_t i = 0; i < p->nprotos; i++) {
		if (p->frames_wanted[i])
			proto_build(b, i);
	}
}
