/* A packet's alerts: gathered while rules are tried, then sorted into the rules' order, thinned out
 * by thresholds, cut off at the first pass and at the most that one may raise. */
#include <stdlib.h>

#include "dataplane/detect/internal.h"

void alert_queue(struct run *r, const struct plan_rule *rule, enum detect_where where)
{
	struct detector *d = r->d;
	struct queued *q;

	if (d->queued == DETECT_QUEUE) {
		detect_count(d, DETECT_COUNT_QUEUE_FULL);
		return;
	}
	q = &d->queue[d->queued++];
	*q = (struct queued){
		.rule = rule,
		.tx = r->tx,
		.frame = r->frame,
		.where = (uint8_t)where,
		.action = (uint8_t)rule->rule->action,
	};
	if (rule->rule->payload.count || rule->rule->nbuffers)
		q->matched = inspect_matched(d->inspect, &q->matched_offset);
}

static bool before(const struct queued *a, const struct queued *b)
{
	if (a->rule->num != b->rule->num)
		return a->rule->num < b->rule->num;
	if (!a->tx || !b->tx)
		return a->tx && !b->tx;
	if (a->tx != b->tx)
		return a->tx->id < b->tx->id;
	return a->frame && b->frame && a->frame->id < b->frame->id;
}

/* Nearly sorted already: packet rules in order, then transactions. */
static void sort(struct detector *d)
{
	for (uint32_t i = 1; i < d->queued; i++) {
		struct queued q = d->queue[i];
		uint32_t k = i;

		for (; k > 0 && before(&q, &d->queue[k - 1]); k--)
			d->queue[k] = d->queue[k - 1];
		d->queue[k] = q;
	}
}

static void raise_alert(struct run *r, const struct queued *q)
{
	struct detect_frame frame;
	struct detect_alert a = {
		.rule = q->rule->rule,
		.packet = r->p,
		.flow = r->f,
		.tx = q->tx,
		.where = q->where,
		.action = q->action,
		.matched = q->matched,
		.matched_offset = q->matched_offset,
	};

	if (q->frame) {
		frames_describe(r, q->frame, &frame);
		a.frame = &frame;
	}
	if (r->f) {
		r->f->alerts++;
		r->f->flags |= FLOW_ALERTED;
	}
	detect_count(r->d, DETECT_COUNT_ALERTS);
	r->d->sink.alert(r->d->sink.ctx, &a);
}

/* A pass, drop or reject rule that speaks of the flow as a whole ends its inspection: what follows
 * would be let through, or never have come. */
static bool speaks_of_flow(const struct queued *q)
{
	switch (q->rule->rule->type) {
	case RULE_TYPE_IP_ONLY:
	case RULE_TYPE_LIKE_IP_ONLY:
	case RULE_TYPE_PROTO_ONLY:
	case RULE_TYPE_APP:
		return true;
	default:
		return q->where != DETECT_PACKET;
	}
}

static bool alerts(const struct queued *q)
{
	return !q->rule->rule->noalert && q->action != RULE_CONFIG;
}

void alert_finish(struct run *r)
{
	struct detector *d = r->d;
	unsigned raised = 0;

	sort(d);
	for (uint32_t i = 0; i < d->queued; i++) {
		struct queued *q = &d->queue[i];
		enum threshold_result t = threshold_check(r, q->rule, &q->action);

		if (t == THRESHOLD_NO) {
			detect_count(d, DETECT_COUNT_SUPPRESSED);
			continue;
		}
		if (r->fd && q->action != RULE_ALERT && q->action != RULE_CONFIG &&
		    speaks_of_flow(q))
			r->fd->stopped = true;
		tag_add(r, q->rule);
		if (q->action == RULE_PASS && !q->rule->rule->alert)
			break;
		if (t == THRESHOLD_SILENT || !alerts(q)) {
			detect_count(d, DETECT_COUNT_SUPPRESSED);
		} else if (raised < d->e->alerts_per_packet) {
			raised++;
			raise_alert(r, q);
		} else {
			detect_count(d, DETECT_COUNT_OVERFLOW);
		}
		if (q->action == RULE_PASS)
			break;
	}
	d->queued = 0;
	tag_packet(r);
}
