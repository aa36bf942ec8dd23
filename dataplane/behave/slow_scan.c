/* Scans of a few tries an hour (T1046): a host tries services of hosts inside that it never reached
 * before, over hours and days, mostly in vain. What it reached once is what it works with, and does
 * not count when it is switched off. */
#include "dataplane/behave/past.h"

enum { TCP = 6, ICMP = 1, ICMP6 = 58 };

enum { KNOWN_WORDS = 16 };

struct scan_entry {
	struct behave_entry entry;
	uint32_t opened;	/* first times in the window that were answered */
	uint32_t ever;		/* the same of all time */
	struct behave_set vain; /* tried in the window for the first time, and not answered */
};

/* What a host has reached: of all time, so a table of its own. A full one knows everything. */
struct known_entry {
	struct behave_entry entry;
	uint64_t bits[KNOWN_WORDS];
};

enum { TRIES, KNOWN };

static const struct behave_sign sign = {
	2207, "BANKEN slow scan of inside hosts", "TA0007", "T1046", "Network scan", BEHAVE_MEDIUM,
	true};

static void tell(const struct behave_view *v, const struct behave_event *e, struct scan_entry *s,
		 unsigned vain)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	double hours = behave_seconds(s->entry.start_ns, e->time_ns) / 3600;
	unsigned percent = vain * 100 / (vain + s->opened);
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s tried about %u services of inside hosts that it never used before within "
		      "%.1f hours, last port %u of %s; %u %% of them did not answer.",
		      client.s, vain + s->opened, hours, e->ends.server_port, server.s, percent);
	behave_say_ja(&hit,
		      "%sが%.1f時間に、これまで利用したことのない内部ホストのサービス約%u件へ接続を"
		      "試みました(最後は%sのポート%u)。%u%%は応答がありませんでした。",
		      client.s, hours, vain + s->opened, server.s, e->ends.server_port, percent);
	behave_figure(&hit, "services", vain + s->opened);
	behave_figure(&hit, "hours", hours);
	behave_figure(&hit, "failed_percent", percent);
	behave_tell(v, &hit, &s->entry);
}

static bool add_known(const struct behave_view *v, struct known_entry *k, uint64_t what, bool add)
{
	unsigned bit = (unsigned)(hash_words(&v->key, &what, 1) % (KNOWN_WORDS * 64));
	uint64_t mask = 1ULL << bit % 64;
	bool had = k->bits[bit / 64] & mask;

	if (add)
		k->bits[bit / 64] |= mask;
	return had;
}

static bool is_try(const struct behave_view *v, const struct behave_event *e)
{
	return e->connection.moment == BEHAVE_END && !e->connection.midstream &&
	       (e->ends.ip_proto == TCP || e->ends.ip_proto == ICMP || e->ends.ip_proto == ICMP6) &&
	       v->facts->client_inside && v->facts->server_inside && v->facts->server_unicast;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t who, what = v->facts->server ^ (uint64_t)e->ends.server_port << 40;
	bool refused, is_new, had;
	struct known_entry *k;
	struct scan_entry *s;
	unsigned vain;

	if (!is_try(v, e))
		return;
	refused = behave_refused(e);
	who = past_caller(v, e);
	k = behave_table_get(&v->tables[KNOWN], &who, 1, e->time_ns, &is_new);
	had = add_known(v, k, what, !refused);
	if (had)
		return;
	s = behave_window(v, TRIES, &who, 1, e->time_ns, v->limits->slow_scan_seconds);
	if (!refused) {
		s->opened++;
		return;
	}
	if (!behave_set_add(v, &s->vain, what) || behave_told(v, &s->entry, e->time_ns))
		return;
	vain = behave_set_count(&s->vain);
	if (vain >= v->limits->slow_scan_hosts &&
	    vain * 100 >= (vain + s->opened) * v->limits->scan_failed_percent &&
	    behave_seconds(s->entry.start_ns, e->time_ns) >= v->limits->slow_scan_least_seconds)
		tell(v, e, s, vain);
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t who;

	if (!is_try(v, e))
		return;
	who = past_caller(v, e);
	behave_ahead_add(a, &v->tables[KNOWN], &who, 1);
	behave_ahead_add(a, &v->tables[TRIES], &who, 1);
}

const struct behave_detector behave_slow_scan = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct scan_entry), sizeof(struct known_entry)},
	.weight = {2, 3},
	.event = event,
	.ahead = ahead,
};
