/* Variables of flows and packets: flowint's numbers and what pcre captured. */
#include "dataplane/detect/internal.h"

static struct detect_var *find(struct detect_var *list, uint32_t id, bool integer)
{
	for (; list; list = list->next) {
		if (list->id == id && list->integer == integer)
			return list;
	}
	return NULL;
}

static uint32_t size_of(const struct detect_var *v)
{
	return (uint32_t)sizeof(*v) + v->key_len + v->len;
}

void vars_free(struct detector *d, struct detect_var **list)
{
	while (*list) {
		struct detect_var *v = *list;

		*list = v->next;
		slab_free(d->slab, v, size_of(v));
	}
}

static struct detect_var *add(struct detector *d, struct detect_var **list, uint32_t *count,
			      uint32_t max, uint32_t bytes)
{
	struct detect_var *v;

	if (*count >= max)
		return NULL;
	v = slab_zalloc(d->slab, sizeof(*v) + bytes);
	if (!v) {
		detect_count(d, DETECT_COUNT_MEMORY);
		return NULL;
	}
	v->next = *list;
	*list = v;
	++*count;
	return v;
}

/* ---- flowint ---- */

static bool operand(const struct run *r, const struct rule_flowint *fi, uint32_t *ret)
{
	const struct detect_var *v;

	*ret = fi->number;
	if (!fi->operand_var)
		return true;
	v = find(r->fd->vars, fi->operand_id, true);
	if (v)
		*ret = v->number;
	return v != NULL;
}

static bool compare(enum rule_flowint_op op, uint32_t a, uint32_t b)
{
	switch (op) {
	case RULE_FLOWINT_EQ:
		return a == b;
	case RULE_FLOWINT_NE:
		return a != b;
	case RULE_FLOWINT_LT:
		return a < b;
	case RULE_FLOWINT_LE:
		return a <= b;
	case RULE_FLOWINT_GT:
		return a > b;
	default:
		return a >= b;
	}
}

bool vars_flowint(const struct run *r, const struct rule_flowint *fi)
{
	const struct detect_var *v;
	uint32_t value;

	if (!r->fd)
		return false;
	v = find(r->fd->vars, fi->id, true);
	switch (fi->op) {
	case RULE_FLOWINT_ISSET:
		return v != NULL;
	case RULE_FLOWINT_ISNOTSET:
		return v == NULL;
	case RULE_FLOWINT_SET:
	case RULE_FLOWINT_ADD:
	case RULE_FLOWINT_SUB:
		return true;
	default:
		return v && operand(r, fi, &value) && compare(fi->op, v->number, value);
	}
}

void vars_flowint_change(struct run *r, const struct rule_flowint *fi)
{
	struct detect_var *v;
	uint32_t value;

	if (!r->fd || fi->op > RULE_FLOWINT_SUB || !operand(r, fi, &value))
		return;
	v = find(r->fd->vars, fi->id, true);
	if (!v) {
		v = add(r->d, &r->fd->vars, &r->fd->nvars, DETECT_FLOW_VARS, 0);
		if (!v)
			return;
		v->id = fi->id;
		v->integer = true;
	}
	if (fi->op == RULE_FLOWINT_SET)
		v->number = value;
	else if (fi->op == RULE_FLOWINT_ADD)
		v->number += value;
	else
		v->number -= value;
}

/* ---- captured bytes ---- */

static bool same_key(const struct detect_var *v, struct slice key)
{
	return slice_eq(SLICE(v->bytes, v->key_len), key);
}

static void remove_var(struct detector *d, struct detect_var **list, uint32_t *count, uint32_t id,
		       struct slice key)
{
	for (; *list; list = &(*list)->next) {
		struct detect_var *v = *list;

		if (v->id == id && !v->integer && same_key(v, key)) {
			*list = v->next;
			--*count;
			slab_free(d->slab, v, size_of(v));
			return;
		}
	}
}

static void keep(struct run *r, const struct inspect_captured *c)
{
	bool flow = c->what->kind == RULE_CAPTURE_FLOW_VAR;
	struct detect_var **list = flow ? &r->fd->vars : &r->d->packet_vars;
	uint32_t *count = flow ? &r->fd->nvars : &r->d->n_packet_vars;
	struct detect_var *v;

	if (c->value.len + c->key.len > DETECT_VAR_BYTES)
		return;
	remove_var(r->d, list, count, c->what->id, c->key);
	v = add(r->d, list, count, flow ? DETECT_FLOW_VARS : DETECT_PACKET_VARS,
		(uint32_t)(c->key.len + c->value.len));
	if (!v)
		return;
	v->id = c->what->id;
	v->key_len = (uint32_t)c->key.len;
	v->len = (uint32_t)c->value.len;
	if (c->key.len)
		memcpy(v->bytes, c->key.data, c->key.len);
	if (c->value.len)
		memcpy(v->bytes + v->key_len, c->value.data, c->value.len);
}

/* Captures are kept whether or not the whole rule matched, as in Suricata. */
void vars_capture(struct run *r)
{
	const struct inspect_captured *c;
	unsigned n = inspect_captured(r->d->inspect, &c);

	for (unsigned i = 0; i < n; i++) {
		if (r->fd || c[i].what->kind != RULE_CAPTURE_FLOW_VAR)
			keep(r, &c[i]);
	}
}

static bool holds(struct slice hay, struct slice needle, bool nocase)
{
	if (!nocase)
		return memmem(hay.data, hay.len, needle.data, needle.len) != NULL;
	for (size_t i = 0; i + needle.len <= hay.len; i++) {
		if (slice_eq_nocase(slice_sub(hay, i, needle.len), needle))
			return true;
	}
	return false;
}

bool vars_match(const struct run *r, const struct rule_varmatch *vm, bool packet)
{
	struct detect_var *list = packet ? r->d->packet_vars : r->fd ? r->fd->vars : NULL;
	const struct detect_var *v = find(list, vm->id, false);

	if (!v)
		return false;
	return holds(SLICE(v->bytes + v->key_len, v->len), vm->bytes, vm->nocase) != vm->negated;
}
