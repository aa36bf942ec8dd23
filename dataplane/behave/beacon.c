/* Beaconing: a host calls the same server again and again at regular intervals with small exchanges
 * (T1071, T1029 scheduled transfer). Judged by the median deviation of the intervals from their
 * median, which a missed call or two does not disturb, over the last beacon-calls calls. */
#include "dataplane/behave/past.h"

#include <stdlib.h>

enum { CALLS = 32, TCP = 6, UDP = 17 };

struct beacon_entry {
	struct behave_entry entry;
	uint64_t last_call_ns;
	uint32_t interval_ms[CALLS]; /* ring */
	uint32_t calls, big;	     /* big: exchanges over beacon-bytes */
};

static const struct behave_sign sign = {2300,
					"BANKEN regular calls to one server",
					"TA0011",
					"T1071",
					"Malware Command and Control Activity Detected",
					BEHAVE_MEDIUM,
					false};

static int order(const void *a, const void *b)
{
	uint32_t x, y;

	memcpy(&x, a, sizeof(x));
	memcpy(&y, b, sizeof(y));
	return (x > y) - (x < y);
}

/* At most 32 numbers. */
static uint32_t median(uint32_t *values, unsigned n)
{
	qsort(values, n, sizeof(*values), order);
	return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

struct rhythm {
	uint32_t interval_ms;
	unsigned spread_percent;
};

static struct rhythm rhythm_of(const struct beacon_entry *e, unsigned n)
{
	uint32_t values[CALLS], far[CALLS];
	struct rhythm r;

	for (unsigned i = 0; i < n; i++)
		values[i] = e->interval_ms[(e->calls - 2 - i) % CALLS];
	r.interval_ms = median(values, n);
	for (unsigned i = 0; i < n; i++)
		far[i] = values[i] > r.interval_ms ? values[i] - r.interval_ms
						   : r.interval_ms - values[i];
	r.spread_percent =
		r.interval_ms ? (unsigned)((uint64_t)median(far, n) * 100 / r.interval_ms) : 100;
	return r;
}

static void tell(const struct behave_view *v, const struct behave_event *e, struct beacon_entry *b,
		 struct rhythm r)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	struct behave_text host =
		behave_printable(e->kind == BEHAVE_HTTP ? e->http.host : SLICE("", 0));
	double seconds = r.interval_ms / 1000.0;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s called %s port %u%s%s %u times, every %.1f seconds with a spread of %u "
		      "%%, each exchange small.",
		      client.s, server.s, e->ends.server_port, host.s[0] ? " as " : "", host.s,
		      b->calls, seconds, r.spread_percent);
	behave_say_ja(&hit,
		      "%sが%sのポート%u%s%sへ%u回、%.1f秒間隔(ばらつき%u%%)で小さな通信を繰り返し"
		      "ました。",
		      client.s, server.s, e->ends.server_port, host.s[0] ? " " : "", host.s,
		      b->calls, seconds, r.spread_percent);
	behave_figure(&hit, "calls", b->calls);
	behave_figure(&hit, "interval_seconds", seconds);
	behave_figure(&hit, "spread_percent", r.spread_percent);
	behave_tell(v, &hit, &b->entry);
}

/* In banken-control more is known of the place and of the host. True: it is no hit, for now. */
static bool explained(const struct behave_view *v, const struct behave_event *e,
		      const struct beacon_entry *b, double seconds)
{
	struct past_target t = past_target_of(v, e);
	struct past_rhythm r = {b->entry.start_ns, seconds};

	if (past_popular(v, &t))
		return true;
	if (v->past->span != BEHAVE_HOURS)
		return false;
	/* A page that stays open for an hour polls too. */
	return v->facts->server_inside ||
	       behave_seconds(b->entry.start_ns, e->time_ns) < v->limits->beacon_seconds ||
	       past_offered(v, e, &t, &r);
}

static void call(const struct behave_view *v, const struct behave_event *e, struct beacon_entry *b)
{
	unsigned n = v->limits->beacon_calls;
	uint64_t gap_ms;
	struct rhythm r;

	if (b->calls > 0) {
		gap_ms = e->time_ns > b->last_call_ns ? (e->time_ns - b->last_call_ns) / NS_PER_MS
						      : 0;
		b->interval_ms[(b->calls - 1) % CALLS] =
			gap_ms > UINT32_MAX ? UINT32_MAX : (uint32_t)gap_ms;
	}
	b->calls++;
	b->last_call_ns = e->time_ns;
	if (b->calls <= n || b->big * 8 > b->calls || b->calls % 4 ||
	    behave_told(v, &b->entry, e->time_ns))
		return;
	r = rhythm_of(b, n);
	if (r.interval_ms >= v->limits->beacon_interval_ms &&
	    r.spread_percent <= v->limits->beacon_spread_percent &&
	    !explained(v, e, b, r.interval_ms / 1000.0))
		tell(v, e, b, r);
}

static struct beacon_entry *entry_of(const struct behave_view *v, const struct behave_event *e,
				     uint64_t name)
{
	uint64_t key[4] = {v->facts->client, v->facts->server,
			   (uint64_t)e->ends.server_port << 8 | e->ends.ip_proto, name};
	bool is_new;

	return behave_table_get(&v->tables[0], key, 4, e->time_ns, &is_new);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_HTTP) {
		/* Calls inside of one connection that stays open. */
		struct beacon_entry *b = entry_of(v, e, behave_word_bytes(v, e->http.host) | 1);

		b->big += e->http.length > v->limits->beacon_bytes;
		/* One hit for the connections and for what is asked in them. */
		if (!behave_told(v, &entry_of(v, e, 0)->entry, e->time_ns))
			call(v, e, b);
		return;
	}
	if ((e->ends.ip_proto != TCP && e->ends.ip_proto != UDP) || v->facts->everyday)
		return;
	if (e->connection.moment == BEHAVE_OPEN)
		call(v, e, entry_of(v, e, 0));
	else if (e->connection.moment == BEHAVE_END &&
		 e->connection.bytes[0] + e->connection.bytes[1] > v->limits->beacon_bytes)
		entry_of(v, e, 0)->big++;
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	const struct behave_connection *c = &e->connection;
	uint64_t key[4] = {v->facts->client, v->facts->server,
			   (uint64_t)e->ends.server_port << 8 | e->ends.ip_proto, 0};

	if ((c->moment == BEHAVE_END && c->bytes[0] + c->bytes[1] <= v->limits->beacon_bytes) ||
	    v->facts->everyday)
		return;
	behave_ahead_add(a, &v->tables[0], key, 4);
}

const struct behave_detector behave_beacon = {
	.hours = true,
	.kinds = 1 << BEHAVE_CONNECTION | 1 << BEHAVE_HTTP,
	.moments = 1 << BEHAVE_OPEN | 1 << BEHAVE_END,
	.entry_size = {sizeof(struct beacon_entry)},
	.weight = {8},
	.event = event,
	.ahead = ahead,
};
