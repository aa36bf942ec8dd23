/* threshold, detection_filter and rate_filter: counting matches of a rule by address, pair or as a
 * whole, on packet time. The results are Suricata 7's. */
#include "dataplane/detect/internal.h"
#include "dataplane/detect/table.h"

static struct table_key key_of(const struct run *r, const struct plan_rule *rule,
			       enum rule_track track)
{
	struct table_key k = {{(uint64_t)rule->rule->sid << 32 | rule->rule->gid, 0}};
	const struct packet *p = r->p;
	bool swap;

	switch (track) {
	case RULE_TRACK_SRC:
		memcpy(&k.w[1], p->src.bytes, 16);
		break;
	case RULE_TRACK_DST:
		memcpy(&k.w[3], p->dst.bytes, 16);
		break;
	case RULE_TRACK_PAIR:
		swap = ip_addr_cmp(&p->src, &p->dst) > 0;
		memcpy(&k.w[1], swap ? p->dst.bytes : p->src.bytes, 16);
		memcpy(&k.w[3], swap ? p->src.bytes : p->dst.bytes, 16);
		break;
	case RULE_TRACK_FLOW:
		k.w[1] = r->f ? r->f->id : 0;
		break;
	default:
		break;
	}
	return k;
}

static enum threshold_result limit(struct table_entry *e, const struct rule_threshold *t,
				   bool again)
{
	return e->count <= t->count || !again ? THRESHOLD_PASS : THRESHOLD_SILENT;
}

static enum threshold_result every(struct table_entry *e, const struct rule_threshold *t,
				   bool again)
{
	if (again ? e->count < t->count : t->count != 1)
		return THRESHOLD_NO;
	e->count = 0;
	return THRESHOLD_PASS;
}

static enum threshold_result both(const struct table_entry *e, const struct rule_threshold *t)
{
	if (e->count == t->count)
		return THRESHOLD_PASS;
	return e->count > t->count ? THRESHOLD_SILENT : THRESHOLD_NO;
}

/* Alerts at count, then at count times multiplier, and so on. `extra_ns` holds the next. */
static enum threshold_result backoff(struct table_entry *e, const struct rule_threshold *t,
				     bool again)
{
	if (!again)
		e->extra_ns = t->count;
	if (e->count != e->extra_ns)
		return e->count < e->extra_ns ? THRESHOLD_NO : THRESHOLD_SILENT;
	e->extra_ns *= t->multiplier > 1 ? t->multiplier : 2;
	return THRESHOLD_PASS;
}

/* Beyond the count the action changes for `timeout` seconds, in which nothing is counted. extra_ns:
 * since when it is changed. */
static enum threshold_result rate(struct run *r, struct table_entry *e,
				  const struct rule_threshold *t, bool again, uint8_t *action)
{
	uint64_t now = r->p->now_ns;

	if (e->extra_ns && now / NS_PER_SEC - e->extra_ns / NS_PER_SEC > t->timeout) {
		e->extra_ns = 0;
		return THRESHOLD_PASS;
	}
	if (!e->extra_ns) {
		if (!again) {
			e->start_ns = now;
			e->count = 0;
		}
		if (++e->count > t->count)
			e->extra_ns = now;
	}
	if (e->extra_ns)
		*action = (uint8_t)t->new_action;
	return THRESHOLD_PASS;
}

static enum threshold_result judge(const struct run *r, struct table_entry *e,
				   const struct rule_threshold *t, bool again)
{
	if (!again) {
		e->start_ns = r->p->now_ns;
		e->count = 0;
	}
	e->count++;
	switch (t->type) {
	case RULE_THRESHOLD_LIMIT:
		return limit(e, t, again);
	case RULE_THRESHOLD_THRESHOLD:
		return every(e, t, again);
	case RULE_THRESHOLD_BOTH:
		return both(e, t);
	case RULE_THRESHOLD_DETECTION_FILTER:
		return again && e->count > t->count ? THRESHOLD_PASS : THRESHOLD_NO;
	default:
		return backoff(e, t, again);
	}
}

static enum threshold_result check(struct run *r, const struct plan_rule *rule,
				   const struct rule_threshold *t, unsigned nth, uint8_t *action)
{
	struct table_key k = key_of(r, rule, t->track);
	struct table_entry *e;
	enum threshold_result got;
	bool again; /* within the period that an earlier match began */

	k.w[0] += (uint64_t)nth << 24; /* gid is small */
	e = table_find(r->d->thresholds, &k);
	if (!e) {
		e = table_add(r->d->thresholds, &k, r->p->now_ns);
		if (!e) {
			detect_count(r->d, DETECT_COUNT_TABLE_FULL);
			return THRESHOLD_PASS;
		}
		e->start_ns = 0;
	}
	again = e->start_ns && r->p->now_ns <= e->start_ns + t->seconds * NS_PER_SEC;
	got = t->type == RULE_THRESHOLD_RATE ? rate(r, e, t, again, action) : judge(r, e, t, again);
	e->until_ns = (e->extra_ns && t->type == RULE_THRESHOLD_RATE ? e->extra_ns : e->start_ns) +
		      (t->seconds + t->timeout + 1) * NS_PER_SEC;
	return got;
}

static bool suppressed(const struct run *r, const struct lang_filter *f)
{
	switch (f->threshold.track) {
	case RULE_TRACK_SRC:
		return header_addr_in(f->addrs, &r->p->src);
	case RULE_TRACK_DST:
		return header_addr_in(f->addrs, &r->p->dst);
	default:
		return header_addr_in(f->addrs, &r->p->src) || header_addr_in(f->addrs, &r->p->dst);
	}
}

enum threshold_result threshold_check(struct run *r, const struct plan_rule *rule, uint8_t *action)
{
	const struct filter_rule *f =
		r->e->filters ? filters_rule(r->e->filters, rule->rule->index) : NULL;
	const struct rule_threshold *t = &rule->rule->threshold;
	bool silent = f && f->silent;

	if (r->p->ip_version == 0)
		return silent ? THRESHOLD_SILENT : THRESHOLD_PASS;
	for (const struct filter_link *l = f ? f->suppress : NULL; l; l = l->next) {
		if (suppressed(r, l->filter))
			return THRESHOLD_SILENT;
	}
	if (f && f->threshold)
		t = f->threshold;
	for (unsigned nth = 0; t && t->type != RULE_THRESHOLD_NONE; t = t->next, nth++) {
		enum threshold_result got = check(r, rule, t, nth, action);

		if (got != THRESHOLD_PASS)
			return got;
	}
	return silent ? THRESHOLD_SILENT : THRESHOLD_PASS;
}
