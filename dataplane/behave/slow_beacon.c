/* Regular calls hours apart (T1071, T1029): a host visits a place outside that hardly anybody here
 * uses again and again, at intervals that a timer makes, around the clock. Calls within
 * slow-beacon-seconds are one visit. People visit places too, but not at night and not evenly. */
#include <stdlib.h>

#include "dataplane/behave/past.h"

enum { VISITS = 16, GAP_SECONDS = 15, TCP = 6, UDP = 17 };

struct slow_entry {
	struct behave_entry entry;
	uint64_t visit_ns;     /* when the last visit began */
	uint16_t gaps[VISITS]; /* between beginnings of visits, ring, in GAP_SECONDS */
	uint32_t visits, big;
	uint8_t times;	/* of the day: three hours a bit */
	uint8_t days;	/* of the week */
	uint16_t spare; /* so that all bytes of the kept entry are ours */
	uint32_t spare2;
};

static const struct behave_sign sign = {
	2301,	 "BANKEN regular calls hours apart to a rare place", "TA0011",
	"T1029", "Malware Command and Control Activity Detected",    BEHAVE_MEDIUM,
	false};

static int order(const void *a, const void *b)
{
	uint16_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

static uint16_t median(uint16_t *values, unsigned n)
{
	qsort(values, n, sizeof(*values), order);
	return n % 2 ? values[n / 2] : (uint16_t)((values[n / 2 - 1] + values[n / 2]) / 2);
}

struct pace {
	uint32_t seconds;
	unsigned spread_percent;
};

static struct pace pace_of(const struct slow_entry *s, unsigned n)
{
	uint16_t values[VISITS], far[VISITS], middle;

	for (unsigned i = 0; i < n; i++)
		values[i] = s->gaps[(s->visits - 2 - i) % VISITS];
	middle = median(values, n);
	for (unsigned i = 0; i < n; i++)
		far[i] = values[i] > middle ? values[i] - middle : middle - values[i];
	return (struct pace){(uint32_t)middle * GAP_SECONDS,
			     middle ? (unsigned)median(far, n) * 100 / middle : 100};
}

/* Not somebody's habit: at all times of the day, or day after day when it is a daily matter. */
static bool by_the_clock(const struct slow_entry *s, struct pace p)
{
	if (p.seconds >= 12 * 3600)
		return __builtin_popcount(s->days) >= 6 && p.spread_percent <= 10;
	return __builtin_popcount(s->times) >= 4;
}

static void tell(const struct behave_view *v, const struct behave_event *e, struct slow_entry *s,
		 const struct past_target *t, struct pace p)
{
	struct behave_text client = behave_address(&e->ends.client), place = past_name(v, e);
	double hours = p.seconds / 3600.0;
	double days = behave_seconds(s->entry.start_ns, e->time_ns) / 86400;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s visited %s port %u %u times in %.1f days, every %.1f hours with a spread "
		      "of %u %%, day and night; %u hosts here use that place.",
		      client.s, place.s, e->ends.server_port, s->visits, days, hours,
		      p.spread_percent, t->clients);
	behave_say_ja(&hit,
		      "%sが%.1f日間に%sのポート%uへ%u回、約%.1f時間ごと(ばらつき%u%%)に昼夜を問わず"
		      "接続しました。この宛先を使うホストは%u台です。",
		      client.s, days, place.s, e->ends.server_port, s->visits, hours,
		      p.spread_percent, t->clients);
	behave_figure(&hit, "visits", s->visits);
	behave_figure(&hit, "interval_hours", hours);
	behave_figure(&hit, "spread_percent", p.spread_percent);
	behave_figure(&hit, "days", days);
	behave_figure(&hit, "hosts", t->clients);
	behave_tell(v, &hit, &s->entry);
}

static void note_visit(const struct behave_view *v, struct slow_entry *s, uint64_t now_ns)
{
	unsigned hour = past_hour_of(v->past, now_ns);
	uint64_t gap = s->visits ? (now_ns - s->visit_ns) / NS_PER_SEC / GAP_SECONDS : 0;

	if (s->visits)
		s->gaps[(s->visits - 1) % VISITS] = gap > UINT16_MAX ? UINT16_MAX : (uint16_t)gap;
	s->visits++;
	s->visit_ns = now_ns;
	s->times |= (uint8_t)(1 << hour % 24 / 3);
	s->days |= (uint8_t)(1 << hour / 24);
}

static bool is_visit(const struct behave_view *v, const struct behave_event *e)
{
	return e->connection.moment != BEHAVE_TRY &&
	       (e->ends.ip_proto == TCP || e->ends.ip_proto == UDP) && v->facts->client_inside &&
	       !v->facts->server_inside && !v->facts->everyday;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct past_target t;
	struct slow_entry *s;
	uint64_t key[2];
	struct pace p;
	bool is_new;

	if (!is_visit(v, e))
		return;
	t = past_target_of(v, e);
	if (t.clients > v->limits->rare_hosts)
		return;
	key[0] = past_caller(v, e);
	key[1] = t.word;
	s = behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
	if (c->moment == BEHAVE_END) {
		s->big += c->bytes[0] + c->bytes[1] > v->limits->beacon_bytes;
		return;
	}
	if (s->visits && (e->time_ns < s->visit_ns ||
			  e->time_ns - s->visit_ns < v->limits->slow_beacon_seconds * NS_PER_SEC))
		return;
	note_visit(v, s, e->time_ns);
	if (s->visits <= v->limits->slow_beacon_calls || s->big * 4 > s->visits ||
	    behave_told(v, &s->entry, e->time_ns))
		return;
	p = pace_of(s, v->limits->slow_beacon_calls);
	if (p.seconds >= v->limits->slow_beacon_seconds &&
	    p.spread_percent <= v->limits->beacon_spread_percent && by_the_clock(s, p) &&
	    !past_offered(v, e, &t, &(struct past_rhythm){s->entry.start_ns, p.seconds}))
		tell(v, e, s, &t, p);
}

/* Of a place without a name. */
static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t key[2];

	if (!is_visit(v, e))
		return;
	key[0] = past_caller(v, e);
	key[1] = v->facts->server;
	behave_ahead_add(a, &v->tables[0], key, 2);
}

const struct behave_detector behave_slow_beacon = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_OPEN | 1 << BEHAVE_END,
	.entry_size = {sizeof(struct slow_entry)},
	.weight = {12},
	.event = event,
	.ahead = ahead,
};
