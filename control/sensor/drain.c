#include "control/sensor/roles.h"
#include "control/sensor/drain.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/sensor/host/seen_facts.h"
#include "control/sensor/memory/memory.h"
#include "control/sensor/retro/search.h"
#include "control/sensor/site/site.h"
#include "dataplane/api/paths.h"

enum {
	BATCH_RECORDS = 2048,	  /* in one transaction */
	BATCH_BYTES = 4 << 20,	  /* ... and bytes of records */
	POLL_BUSY_MS = 1,	  /* sleep after a round that found something */
	POLL_IDLE_MS = 10,	  /* the longest sleep */
	RECORDS_EVERY_MS = 100,	  /* records other than alerts wait that long to be a batch */
	LOOK_FOR_RINGS_MS = 1000, /* new or replaced rings */
	FAILED_PAUSE_MS = 1000,	  /* after the spool refused */
};

struct source {
	struct ring_reader *reader; /* NULL: not there */
	char path[128];
	char key[40]; /* of its values in the spool */
};

struct drain {
	struct drain_setup setup;
	struct source sources[RECORD_LANES][DRAIN_WORKERS_MAX];
	unsigned n_workers;
	struct loop_timer timer;
	uint64_t poll_ms, records_due, look_due, pause_until;
	struct drain_counts counts;
	struct seen_facts *seen; /* NULL: no memory, no facts */
	_Alignas(8) uint8_t record[RECORD_MAX];
};

/* ---- rings ---- */

/* What the spool has stored of this very ring already. */
static void skip_stored(struct drain *d, struct source *s)
{
	struct spool *spool = d->setup.outbox->spool;
	char key[64];

	snprintf(key, sizeof(key), "%s.birth", s->key);
	if (spool_value(spool, key) != (ring_birth(s->reader) & INT64_MAX))
		return;
	snprintf(key, sizeof(key), "%s.position", s->key);
	ring_skip_to(s->reader, spool_value(spool, key));
	ring_release(s->reader);
}

static void complain(struct drain *d, const char *sentence)
{
	if (strcmp(d->counts.trouble, sentence) == 0)
		return;
	log_warn(d->setup.log, "%s", sentence);
	snprintf(d->counts.trouble, sizeof(d->counts.trouble), "%s", sentence);
}

/* True when there is such a ring and it is open. */
static bool look_for_source(struct drain *d, unsigned lane, unsigned worker)
{
	struct source *s = &d->sources[lane][worker];
	struct ring_info info;
	struct errmsg e = {0};

	if (s->reader) {
		ring_reader_info(s->reader, &info);
		/* What is left in a replaced one is taken first. */
		if (info.fill > 0 || !ring_replaced(s->reader))
			return true;
		ring_reader_close(s->reader);
		s->reader = NULL;
	}
	paths_ring(s->path, sizeof(s->path), d->setup.rundir, lane, worker);
	snprintf(s->key, sizeof(s->key), "ring.%u.%u", lane, worker);
	if (access(s->path, F_OK))
		return false;
	s->reader = ring_reader_open(s->path, &e);
	if (s->reader)
		skip_stored(d, s);
	else
		complain(d, e.text);
	return s->reader;
}

static void look_for_rings(struct drain *d)
{
	unsigned worker = 0;

	while (worker < DRAIN_WORKERS_MAX) {
		bool alerts = look_for_source(d, RECORD_LANE_ALERT, worker);
		bool events = look_for_source(d, RECORD_LANE_EVENT, worker);

		if (!alerts && !events)
			break;
		worker++;
	}
	if (worker > d->n_workers)
		d->n_workers = worker;
}

/* ---- one record ---- */

static int send_news(struct drain *d, uint64_t now, struct errmsg *e)
{
	struct convert *c = d->setup.convert;
	int rc = 0;

	for (unsigned i = 0; i < c->n_news && rc == 0; i++) {
		const struct host_entry *h = hosts_find(c->hosts, &c->news[i]);
		struct report r = {0};

		if (!h)
			continue;
		convert_host_fact(c, h, &r);
		rc = outbox_report(d->setup.outbox, &r, LANE_STATE, OUTBOX_FOR_BOTH, now, e);
	}
	return rc;
}

static int store_report(struct drain *d, struct report *r, uint64_t now, struct errmsg *e)
{
	unsigned whom;

	/* A mitigator would judge somebody by it. */
	if (r->kind == REPORT_ALERT && alert_is_self_test(&r->alert))
		return outbox_report(d->setup.outbox, r, LANE_URGENT, OUTBOX_FOR_CENTRE, now, e);
	if (r->kind == REPORT_ALERT) {
		d->counts.alerts++;
		recent_add(d->setup.recent, &r->alert);
		return outbox_report(d->setup.outbox, r, LANE_URGENT, OUTBOX_FOR_BOTH, now, e);
	}
	d->counts.records++;
	/* The mitigator looks for what came in before an incident among files. */
	whom = strcmp(r->flow.event_type, "fileinfo") == 0 ? OUTBOX_FOR_MITIGATOR : 0;
	if (d->setup.records_to_centre)
		whom |= OUTBOX_FOR_CENTRE;
	return whom ? outbox_report(d->setup.outbox, r, LANE_RECORDS, whom, now, e) : 0;
}

static struct identity_end end_of(const struct convert *c, const struct ip_addr *ip)
{
	const struct host_entry *known = hosts_find(c->hosts, ip);
	struct identity_end end = {.ip = *ip, .inside = hosts_inside(c->hosts, ip)};

	if (known)
		end.mac = known->mac;
	return end;
}

/* What the record says about hosts; each fact is told once in a while (E3). */
static int send_facts(struct drain *d, const struct record_head *h, uint64_t now, struct errmsg *e)
{
	struct convert *c = d->setup.convert;
	struct identity_record r = {.type = h->type, .time = h->time_ns};
	struct identity_fact facts[IDENTITY_FACTS];
	struct report report;
	unsigned n;
	int rc = 0;

	if (!d->seen || (!identity_wants(h->type) && !roles_want(h->type)))
		return 0;
	if (!c->json && identity_wants(h->type))
		c->json = eve_parse(SLICE(c->eve, c->eve_len));
	r.line = c->json;
	r.src = end_of(c, &h->src);
	r.dst = end_of(c, &h->dst);
	n = c->json ? identity_read(&r, facts) : 0;
	n = roles_read(c->hosts, h, SLICE(c->eve, c->eve_len), facts, n);
	for (unsigned i = 0; i < n && rc == 0; i++) {
		if (!seen_facts_new_one(d->seen, &facts[i], h->time_ns))
			continue;
		convert_identity(c, &facts[i], h->time_ns, &report);
		d->counts.facts++;
		rc = outbox_report(d->setup.outbox, &report, LANE_STATE, OUTBOX_FOR_BOTH, now, e);
	}
	return rc;
}

/* 0 also for one that is malformed: it is counted and passed over. */
static int take_record(struct drain *d, struct slice record, struct errmsg *e)
{
	uint64_t now = loop_wall(d->setup.loop);
	struct convert *c = d->setup.convert;
	struct report r = {0};
	struct record_head h;
	int rc;

	if (convert_begin(c, record) || convert_report(c, record, &r)) {
		d->counts.malformed++;
		return 0;
	}
	memcpy(&h, record.data, sizeof(h));
	if (d->setup.evelog)
		evelog_write(d->setup.evelog, SLICE(c->eve, c->eve_len), h.flags & RECORD_OWN_TYPE);
	if (d->setup.forward && r.kind == REPORT_ALERT)
		forward_offer(d->setup.forward, SLICE(c->eve, c->eve_len), h.time_ns);
	rc = store_report(d, &r, now, e);
	if (rc == 0)
		rc = send_facts(d, &h, now, e);
	if (rc == 0)
		search_note(d->setup.search, &h);
	if (rc == 0 && r.kind != REPORT_ALERT) {
		memory_note(d->setup.memory, record);
		site_note(d->setup.site, record);
	}
	return rc ? rc : send_news(d, now, e);
}

/* ---- a batch: one transaction over the rings of a lane ---- */

struct batch {
	unsigned lane;
	unsigned records;
	size_t bytes;
	bool begun;
	bool touched[DRAIN_WORKERS_MAX];
};

static bool batch_full(const struct batch *b)
{
	return b->records >= BATCH_RECORDS || b->bytes >= BATCH_BYTES;
}

static int take_ring(struct drain *d, struct batch *b, unsigned worker, struct errmsg *e)
{
	struct source *s = &d->sources[b->lane][worker];
	struct errmsg damage = {0};
	int rc = 0;

	while (s->reader && rc == 0 && !batch_full(b)) {
		long n = ring_next(s->reader, d->record, &damage);

		if (n == 0)
			break;
		b->touched[worker] = true;
		if (!b->begun) {
			rc = outbox_begin(d->setup.outbox, e);
			b->begun = rc == 0;
		}
		if (n < 0) {
			d->counts.damaged++;
			complain(d, damage.text);
			continue;
		}
		b->records++;
		b->bytes += (size_t)n;
		if (rc == 0)
			rc = take_record(d, SLICE(d->record, n), e);
	}
	return rc;
}

/* What looking back for hours has found, as alerts of the same batch. */
static int take_hits(struct drain *d, struct errmsg *e)
{
	uint64_t now = loop_wall(d->setup.loop);
	struct convert *c = d->setup.convert;
	int rc = 0;

	for (unsigned i = 0; i < memory_hits(d->setup.memory) && rc == 0; i++) {
		struct slice record = memory_hit(d->setup.memory, i);
		struct report r = {0};

		if (convert_begin(c, record) || convert_report(c, record, &r)) {
			d->counts.malformed++;
			continue;
		}
		if (d->setup.evelog)
			evelog_write(d->setup.evelog, SLICE(c->eve, c->eve_len), false);
		if (d->setup.forward && r.kind == REPORT_ALERT)
			forward_offer(d->setup.forward, SLICE(c->eve, c->eve_len), r.time);
		rc = store_report(d, &r, now, e);
	}
	return rc;
}

static int store_position(struct drain *d, const struct source *s, struct errmsg *e)
{
	struct spool *spool = d->setup.outbox->spool;
	char key[64];
	int rc;

	snprintf(key, sizeof(key), "%s.birth", s->key);
	rc = spool_set_value(spool, key, ring_birth(s->reader) & INT64_MAX, e);
	if (rc)
		return rc;
	snprintf(key, sizeof(key), "%s.position", s->key);
	return spool_set_value(spool, key, ring_position(s->reader), e);
}

static int commit(struct drain *d, struct batch *b, struct errmsg *e)
{
	int rc = take_hits(d, e);

	for (unsigned w = 0; w < d->n_workers && rc == 0; w++) {
		if (b->touched[w])
			rc = store_position(d, &d->sources[b->lane][w], e);
	}
	/* Before: a record that is kept twice is known by its id, one that is not kept is lost. */
	search_commit(d->setup.search);
	return rc ? rc : outbox_commit(d->setup.outbox, e);
}

static void give_back(struct drain *d, const struct batch *b, bool stored)
{
	for (unsigned w = 0; w < d->n_workers; w++) {
		struct ring_reader *r = d->sources[b->lane][w].reader;

		if (!b->touched[w])
			continue;
		if (stored)
			ring_release(r);
		else
			ring_rewind(r);
	}
}

static void batch_failed(struct drain *d, struct batch *b, const struct errmsg *e)
{
	if (b->begun)
		outbox_rollback(d->setup.outbox);
	give_back(d, b, false);
	d->counts.failed++;
	d->pause_until = loop_now(d->setup.loop) + FAILED_PAUSE_MS * NS_PER_MS;
	complain(d, e->text);
}

/* Records taken; *ret_more when there may be more at once. */
static unsigned run_batch(struct drain *d, unsigned lane, bool *ret_more)
{
	struct batch b = {.lane = lane};
	struct errmsg e = {0};
	int rc = 0;

	for (unsigned w = 0; w < d->n_workers && rc == 0; w++)
		rc = take_ring(d, &b, w, &e);
	if (rc == 0 && b.begun)
		rc = commit(d, &b, &e);
	if (rc) {
		batch_failed(d, &b, &e);
		return 0;
	}
	if (!b.begun)
		return 0;
	give_back(d, &b, true);
	memory_sent(d->setup.memory);
	if (d->setup.evelog)
		(void)evelog_flush(d->setup.evelog);
	*ret_more |= batch_full(&b);
	return b.records;
}

/* ---- rounds ---- */

static void set_timer(struct drain *d, uint64_t ms)
{
	(void)loop_timer_set(d->setup.loop, &d->timer, ms * NS_PER_MS);
}

static void round_due(void *ctx)
{
	struct drain *d = ctx;
	uint64_t now = loop_now(d->setup.loop);
	unsigned found;
	bool more = false;

	if (now >= d->look_due) {
		look_for_rings(d);
		d->look_due = now + LOOK_FOR_RINGS_MS * NS_PER_MS;
	}
	if (now < d->pause_until) {
		set_timer(d, POLL_IDLE_MS);
		return;
	}
	found = run_batch(d, RECORD_LANE_ALERT, &more);
	if (now >= d->records_due) {
		found += run_batch(d, RECORD_LANE_EVENT, &more);
		if (!more)
			d->records_due = now + RECORDS_EVERY_MS * NS_PER_MS;
	}
	if (found > 0 && now >= d->pause_until)
		d->counts.trouble[0] = '\0';
	if (found > 0)
		d->poll_ms = POLL_BUSY_MS;
	else if (d->poll_ms < POLL_IDLE_MS)
		d->poll_ms *= 2;
	set_timer(d, more ? 0 : d->poll_ms);
}

/* ---- the outside ---- */

struct drain *drain_new(const struct drain_setup *setup, struct errmsg *e)
{
	struct drain *d = calloc(1, sizeof(*d));

	if (!d) {
		errmsg_set(e, ERR_NOMEM, "no memory to read the dataplane's rings");
		return NULL;
	}
	d->seen = seen_facts_new();
	d->setup = *setup;
	d->poll_ms = POLL_BUSY_MS;
	d->timer = (struct loop_timer){.fn = round_due, .ctx = d};
	set_timer(d, 0);
	return d;
}

void drain_delete(struct drain *d)
{
	if (!d)
		return;
	loop_timer_stop(d->setup.loop, &d->timer);
	for (unsigned lane = 0; lane < RECORD_LANES; lane++) {
		for (unsigned w = 0; w < DRAIN_WORKERS_MAX; w++)
			ring_reader_close(d->sources[lane][w].reader);
	}
	convert_done(d->setup.convert);
	seen_facts_free(d->seen);
	free(d);
}

void drain_counts(const struct drain *d, struct drain_counts *ret)
{
	*ret = d->counts;
}

bool drain_ring(const struct drain *d, unsigned i, char ret_name[32], struct ring_info *ret)
{
	unsigned worker = i / RECORD_LANES, lane = i % RECORD_LANES;
	const struct ring_reader *r;

	if (worker >= d->n_workers)
		return false;
	r = d->sources[lane][worker].reader;
	snprintf(ret_name, 32, "worker-%u %s", worker,
		 lane == RECORD_LANE_ALERT ? "alert" : "event");
	*ret = (struct ring_info){0};
	if (r)
		ring_reader_info(r, ret);
	return true;
}
