/* One condition of a rule on a transaction. */
#include "dataplane/app/file.h"
#include "dataplane/detect/files.h"
#include "dataplane/detect/internal.h"
#include "signatures/lang/buffers.h"

/* Nothing found: may it still come? A buffer that is there is not looked at again, unless its
 * protocol says that it may come late. Files, and what their first bytes say, come at any time. */
static enum step_result not_yet(const struct plan_step *s, const struct tx_view *v)
{
	bool late = s->kind == PLAN_STEP_FILE || (s->buffer && s->buffer->late);

	return v->complete || (!late && v->progress > s->progress) ? STEP_NEVER : STEP_NO;
}

static bool transformed(struct run *r, const struct rule_buffer *b, struct slice *data)
{
	if (b->ntransforms == 0)
		return true;
	return inspect_transform(r->d->inspect, 0, b->transforms, b->ntransforms, *data, data);
}

static bool file_bytes(const struct app_file *file, const struct plan_step *s,
		       struct inspect_bytes *ret)
{
	switch (s->file) {
	case PLAN_FILE_NAME:
		ret->data = SLICE(file->name, file->name_len);
		return file->name_len > 0;
	case PLAN_FILE_MAGIC:
		if (!file->magic)
			return false;
		ret->data = slice_of(file->magic);
		return true;
	default:
		if (file->window_len == 0 ||
		    file->window_offset + file->window_len <= file->inspected)
			return false;
		ret->data = SLICE(file->window, file->window_len);
		ret->offset = file->window_offset;
		ret->start = file->window_offset == 0;
		ret->end = file->state != APP_FILE_OPEN;
		return true;
	}
}

static const struct app_file *file_nth(const struct app_tx *tx, enum dir dir, uint32_t index)
{
	const struct app_file *file = tx->files[dir];

	for (; file && index > 0; index--)
		file = file->next;
	return file;
}

static bool buffer_bytes(struct run *r, const struct plan_step *s, const struct tx_view *v,
			 uint32_t index, struct inspect_bytes *ret)
{
	const struct app_buffer *b = s->buffer;

	if (index > 0 && !b->multi)
		return false;
	if (!b->get(v->tx, r->dir, index, &ret->data) ||
	    (ret->data.len == 0 && !r->app->proto->empty_buffers))
		return false;
	if (b->body && b->window) {
		b->window(v->tx, r->dir, &ret->offset, &ret->end);
		ret->start = ret->offset == 0;
	}
	return true;
}

/* 1: bytes; 0: this instance has none, a later one may; -1: no further instance. */
static int instance(struct run *r, const struct plan_step *s, const struct rule_buffer *b,
		    const struct tx_view *v, uint32_t index, struct inspect_bytes *ret)
{
	*ret = (struct inspect_bytes){.start = true, .end = true, .packet = r->p};
	if (r->app->proto->little)
		ret->dce_little = r->app->proto->little(v->tx, r->dir);
	if (s->kind == PLAN_STEP_FILE) {
		const struct app_file *file = file_nth(v->tx, r->dir, index);

		if (!file)
			return -1;
		if (!file_bytes(file, s, ret))
			return 0;
	} else if (!buffer_bytes(r, s, v, index, ret)) {
		return -1;
	}
	return transformed(r, b, &ret->data);
}

bool step_bytes(struct run *r, const struct plan_step *s, const struct rule_buffer *b,
		const struct tx_view *v, uint32_t *index, struct inspect_bytes *ret)
{
	int got;

	while ((got = instance(r, s, b, v, (*index)++, ret)) == 0)
		;
	return got > 0;
}

static enum step_result buffer_step(struct run *r, const struct plan_rule *rule,
				    const struct plan_step *s, const struct tx_view *v)
{
	const struct rule_buffer *b = &rule->rule->buffers[s->index];
	const struct inspect_list *list = r->e->lists[rule->rule->index].buffers[s->index];
	struct inspect_bytes in;
	uint32_t index = 0;

	while (step_bytes(r, s, b, v, &index, &in)) {
		if (inspect_run(r->d->inspect, list, &in))
			return STEP_YES;
	}
	return not_yet(s, v);
}

static enum step_result event_step(const struct plan_step *s, const struct tx_view *v)
{
	for (unsigned i = 0; i < v->tx->event_count; i++) {
		if (v->tx->event[i] == s->event)
			return STEP_YES;
	}
	return v->complete ? STEP_NEVER : STEP_NO;
}

static enum step_result stream_step(struct run *r, const struct plan_rule *rule,
				    const struct tx_view *v)
{
	struct inspect_bytes in = {.data = r->payload, .start = true, .end = true, .packet = r->p};

	if (r->p->ip_proto != IP_PROTO_UDP)
		return packet_stream_match(r, rule) ? STEP_YES : STEP_NO;
	if (r->payload.len &&
	    inspect_run(r->d->inspect, r->e->lists[rule->rule->index].payload, &in))
		return STEP_YES;
	return STEP_NO;
}

enum step_result step_run(struct run *r, const struct plan_rule *rule, const struct plan_step *s,
			  const struct tx_view *v)
{
	switch (s->kind) {
	case PLAN_STEP_BUFFER:
	case PLAN_STEP_FILE:
		return buffer_step(r, rule, s, v);
	case PLAN_STEP_FILES:
		return files_match(r, rule, v);
	case PLAN_STEP_KEYWORD:
		if (s->keyword->match(v->tx, r->dir, s->compiled) != s->item->app->negated)
			return STEP_YES;
		return v->complete ? STEP_NEVER : STEP_NO;
	case PLAN_STEP_EVENT:
		return event_step(s, v);
	default:
		return stream_step(r, rule, v);
	}
}
