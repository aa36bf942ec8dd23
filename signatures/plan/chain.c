/* What a rule asks of transactions, protocol by protocol: its buffers, keywords and events are
 * looked up in what the parsers say they provide. */
#include <stdio.h>
#include <string.h>

#include "signatures/lang/buffers.h"
#include "signatures/plan/build.h"

bool plan_proto_named(const struct app_proto *p, const char *name)
{
	if (strcmp(p->name, name) == 0)
		return true;
	for (unsigned i = 0; i < ARRAY_SIZE(p->rule_names) && p->rule_names[i]; i++) {
		if (strcmp(p->rule_names[i], name) == 0)
			return true;
	}
	return false;
}

/* A rule's protocol as Suricata takes it: dcerpc also inside smb, http in both versions. */
static bool proto_wanted(const struct app_proto *p, const char *app)
{
	if (!app || plan_proto_named(p, app))
		return true;
	if (strcmp(app, "dcerpc") == 0)
		return strcmp(p->name, "smb") == 0;
	if (strcmp(app, "http") == 0)
		return strcmp(p->name, "http1") == 0 || strcmp(p->name, "http2") == 0;
	return strcmp(app, "http1") == 0 && strcmp(p->name, "http") == 0;
}

bool plan_wants_files(const struct rule *r)
{
	if (r->files.count)
		return true;
	for (uint32_t i = 0; i < r->post.count; i++) {
		if (r->post.items[i].kind == RULE_ITEM_FILESTORE)
			return true;
	}
	return false;
}

/* ---- one step ---- */

static const struct app_buffer *buffer_of(const struct app_proto *p, const char *name, uint8_t dir)
{
	for (unsigned i = 0; i < p->buffer_count; i++) {
		if (p->buffers[i].dir[dir] && strcmp(p->buffers[i].name, name) == 0)
			return &p->buffers[i];
	}
	return NULL;
}

static const struct app_keyword *keyword_of(const struct app_proto *p, const char *name,
					    uint8_t dir)
{
	for (unsigned i = 0; i < p->keyword_count; i++) {
		if (p->keywords[i].dir[dir] && strcmp(p->keywords[i].name, name) == 0)
			return &p->keywords[i];
	}
	return NULL;
}

static int event_of(const struct app_proto *p, const char *name)
{
	const char *dot = strchr(name, '.');
	size_t n = (size_t)(dot - name);

	if (!p->event_prefix || strlen(p->event_prefix) != n || memcmp(p->event_prefix, name, n))
		return -1;
	for (unsigned i = 0; i < p->event_count; i++) {
		if (strcmp(p->events[i], dot + 1) == 0)
			return (int)i;
	}
	return -1;
}

static bool file_buffer(const char *name, uint8_t *ret)
{
	static const char *const names[] = {"file.name", "file.magic", "file.data"};

	for (uint8_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0) {
			*ret = i;
			return true;
		}
	}
	return false;
}

struct chain_build {
	const struct rule *rule;
	const struct app_proto *proto; /* NULL: any, files only */
	uint8_t dir;
	uint8_t bit;
	uint8_t count;
	const char *missing; /* what the protocol does not have */
	struct plan_step steps[PLAN_STEPS];
};

static void step_add(struct chain_build *c, struct plan_step s)
{
	s.bit = c->bit++;
	if (c->count < PLAN_STEPS)
		c->steps[c->count++] = s;
	else
		c->missing = "too many parts";
}

static void step_buffer(struct chain_build *c, uint16_t index)
{
	const struct rule_buffer *rb = &c->rule->buffers[index];
	struct plan_step s = {.kind = PLAN_STEP_BUFFER, .index = index};

	s.buffer = c->proto ? buffer_of(c->proto, rb->name, c->dir) : NULL;
	if (s.buffer) {
		s.progress = s.buffer->progress[c->dir];
	} else if (file_buffer(rb->name, &s.file)) {
		s.kind = PLAN_STEP_FILE;
	} else {
		c->missing = rb->name;
		return;
	}
	step_add(c, s);
}

static void step_keyword(struct chain_build *c, uint16_t index)
{
	const struct rule_item *item = &c->rule->app.items[index];
	struct plan_step s = {.kind = PLAN_STEP_KEYWORD, .index = index, .item = item};

	s.keyword = c->proto ? keyword_of(c->proto, item->app->keyword, c->dir) : NULL;
	if (!s.keyword) {
		c->missing = item->app->keyword;
		return;
	}
	s.progress = s.keyword->progress[c->dir];
	step_add(c, s);
}

static void step_event(struct chain_build *c, const struct rule_item *item)
{
	int event = c->proto ? event_of(c->proto, item->named->name) : -1;

	if (event < 0)
		c->missing = item->named->name;
	else
		step_add(c, (struct plan_step){.kind = PLAN_STEP_EVENT,
					       .event = (uint16_t)event,
					       .item = item});
}

static bool in_transactions(const struct rule_buffer *b)
{
	return b->buffer->where == LANG_ON_TX || b->buffer->where == LANG_ON_FILE;
}

static int step_rank(const struct plan_step *s)
{
	switch (s->kind) {
	case PLAN_STEP_STREAM:
		return 3;
	case PLAN_STEP_FILE:
		return s->file == PLAN_FILE_DATA ? 2 : 0;
	case PLAN_STEP_BUFFER:
		return s->buffer->body ? 2 : 1;
	default:
		return 0;
	}
}

/* By progress, then what costs little before what costs much; stable. */
static void steps_sort(struct chain_build *c)
{
	for (unsigned i = 1; i < c->count; i++) {
		struct plan_step s = c->steps[i];
		unsigned k = i;

		for (; k > 0; k--) {
			const struct plan_step *before = &c->steps[k - 1];

			if (before->progress < s.progress ||
			    (before->progress == s.progress && step_rank(before) <= step_rank(&s)))
				break;
			c->steps[k] = c->steps[k - 1];
		}
		c->steps[k] = s;
	}
}

/* True when every part of the rule is there in this protocol and direction. */
static bool chain_fill(struct chain_build *c)
{
	const struct rule *r = c->rule;

	for (uint16_t i = 0; i < r->nbuffers && !c->missing; i++) {
		if (in_transactions(&r->buffers[i]))
			step_buffer(c, i);
	}
	for (uint16_t i = 0; i < r->app.count && !c->missing; i++) {
		if (r->app.items[i].kind == RULE_ITEM_APP_EVENT)
			step_event(c, &r->app.items[i]);
		else
			step_keyword(c, i);
	}
	if (plan_wants_files(r))
		step_add(c, (struct plan_step){.kind = PLAN_STEP_FILES});
	if (c->missing || !c->count)
		return false;
	if (r->payload.count)
		step_add(c, (struct plan_step){.kind = PLAN_STEP_STREAM});
	steps_sort(c);
	return !c->missing;
}

/* ---- a rule ---- */

static bool wants_tx(const struct rule *r)
{
	if (r->app.count || plan_wants_files(r))
		return true;
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (in_transactions(&r->buffers[i]))
			return true;
	}
	return false;
}

struct chains {
	struct plan_build *b;
	struct plan_rule *r;
	const char *missing;
	struct VEC(struct plan_chain) v;
};

static bool chain_try(struct chains *cs, const struct app_proto *proto, uint8_t index, uint8_t dir)
{
	struct chain_build c = {.rule = cs->r->rule, .proto = proto, .dir = dir};
	struct plan_chain chain = {.proto = index, .dir = dir};

	if (!chain_fill(&c)) {
		if (c.missing && !cs->missing)
			cs->missing = c.missing;
		return false;
	}
	chain.count = c.count;
	chain.steps = plan_copy(cs->b->mem, c.steps, c.count * sizeof(*c.steps));
	for (unsigned i = 0; i < c.count; i++) {
		if (c.steps[i].progress > chain.ready)
			chain.ready = c.steps[i].progress;
	}
	vec_push(cs->b->mem, &cs->v, chain);
	return true;
}

/* Only the file engine is asked: good for every protocol that carries files. */
static bool files_only(const struct rule *r)
{
	uint8_t which;

	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (in_transactions(&r->buffers[i]) && !file_buffer(r->buffers[i].name, &which))
			return false;
	}
	return r->app.count == 0;
}

/* True when the protocol has a buffer of its own under one of the rule's file buffers' names. */
static bool own_file_buffer(const struct app_proto *p, const struct rule *r)
{
	for (uint32_t i = 0; i < r->nbuffers; i++) {
		if (buffer_of(p, r->buffers[i].name, DIR_TS) ||
		    buffer_of(p, r->buffers[i].name, DIR_TC))
			return true;
	}
	return false;
}

static void chains_dir(struct chains *cs, uint8_t dir)
{
	const struct rule *r = cs->r->rule;
	const struct plan *p = cs->b->plan;
	bool any = !r->proto.app && files_only(r);

	for (uint32_t i = 0; i < p->nprotos; i++) {
		if (!proto_wanted(p->protos[i], r->proto.app))
			continue;
		if (any && !own_file_buffer(p->protos[i], r))
			continue;
		if (chain_try(cs, p->protos[i], (uint8_t)i, dir))
			cs->r->protos |= 1ULL << i;
	}
	if (any)
		chain_try(cs, NULL, PLAN_ANY, dir);
}

static uint64_t protos_named(const struct plan *p, const char *app)
{
	uint64_t mask = 0;

	for (uint32_t i = 0; i < p->nprotos; i++) {
		if (proto_wanted(p->protos[i], app))
			mask |= 1ULL << i;
	}
	return mask;
}

bool plan_chains(struct plan_build *b, struct plan_rule *r)
{
	const struct rule *rule = r->rule;
	struct chains cs = {b, r, NULL, {0}};

	if (plan_wants_frames(rule))
		return plan_frame_of(b, r);
	if (!wants_tx(rule)) {
		r->protos = rule->proto.app ? protos_named(b->plan, rule->proto.app) : ~0ULL;
		if (!r->protos)
			plan_skip(b, rule, rule->proto.app, "no parser for this protocol");
		return r->protos != 0;
	}
	if (rule->to_server)
		chains_dir(&cs, DIR_TS);
	if (rule->to_client)
		chains_dir(&cs, DIR_TC);
	if (cs.v.n == 0)
		plan_skip(b, rule,
			  cs.missing	    ? cs.missing
			  : rule->proto.app ? rule->proto.app
					    : "",
			  cs.missing ? "no protocol provides it" : "no parser for this protocol");
	r->flags |= PLAN_TX;
	r->nchains = (uint8_t)cs.v.n;
	r->chains = plan_copy(b->mem, cs.v.v, cs.v.n * sizeof(*cs.v.v));
	for (uint32_t i = 0; i < cs.v.n; i++) {
		if (cs.v.v[i].proto == PLAN_ANY)
			r->protos = ~0ULL;
	}
	vec_free(&cs.v);
	return r->nchains > 0;
}
