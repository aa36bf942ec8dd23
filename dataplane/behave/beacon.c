/* Beaconing: a host calls the same server again and again at regular intervals with exchanges of
 * the same size (T1071, T1029 scheduled transfer). Judged by the spread of the intervals relative
 * to their mean, over the last CALLS calls. */
#include "dataplane/behave/detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/base/hash.h"

enum {
	CALLS = 12,		/* intervals looked at */
	JITTER_PERCENT = 15,	/* standard deviation over mean, at most */
	INTERVAL_MIN_MS = 2000, /* faster is a session, not a beacon */
	BYTES_MAX = 20000,	/* an exchange larger than that is work */
};

struct beacon_entry {
	struct behave_entry entry;
	uint64_t last_call_ns;
	uint32_t interval_ms[CALLS]; /* ring */
	uint32_t calls, big;	     /* big: exchanges over BYTES_MAX */
	uint64_t reported_ns;
};

struct beacon {
	struct behave_table table;
	_Alignas(64) uint8_t memory[];
};

static void *beacon_new(size_t bytes)
{
	struct beacon *b = calloc(1, bytes);

	if (b)
		behave_table_init(&b->table, b->memory, bytes - sizeof(*b),
				  sizeof(struct beacon_entry));
	return b;
}

static bool regular(const struct beacon_entry *e, double *ret_mean, double *ret_jitter)
{
	double sum = 0, square = 0;

	for (unsigned i = 0; i < CALLS; i++) {
		sum += e->interval_ms[i];
		square += (double)e->interval_ms[i] * e->interval_ms[i];
	}
	*ret_mean = sum / CALLS;
	*ret_jitter =
		100 * sqrt(fmax(0, square / CALLS - *ret_mean * *ret_mean)) / fmax(1, *ret_mean);
	return *ret_mean >= INTERVAL_MIN_MS && *ret_jitter <= JITTER_PERCENT;
}

static void report(const struct behave_connection *c, const struct beacon_entry *e, double mean,
		   double jitter, struct behave_out *out)
{
	struct behave_hit hit = {
		.id = 2300,
		.name = "BANKEN regular calls to one server",
		.tactic = "TA0011",
		.technique = "T1071",
		.category = "Command and control",
		.severity = BEHAVE_MEDIUM,
		.time_ns = c->time_ns,
		.ends = c->ends,
	};
	char client[IP_ADDR_TEXT], server[IP_ADDR_TEXT];

	ip_addr_text(&c->ends.client, client, false);
	ip_addr_text(&c->ends.server, server, false);
	snprintf(hit.reason_en, sizeof(hit.reason_en),
		 "%s called %s port %u %u times, every %.1f seconds with a spread of %.0f %%, each "
		 "exchange "
		 "small.",
		 client, server, c->ends.server_port, e->calls, mean / 1000, jitter);
	snprintf(hit.reason_ja, sizeof(hit.reason_ja),
		 "%sが%sのポート%uへ%u回、%.1f秒間隔(ばらつき%.0f%%)で小さな通信を繰り返しました。",
		 client, server, c->ends.server_port, e->calls, mean / 1000, jitter);
	behave_report(out, &hit);
}

static struct beacon_entry *entry_of(struct beacon *b, const struct behave_connection *c)
{
	uint64_t key[5];
	bool is_new;

	memcpy(key, c->ends.client.bytes, 16);
	memcpy(key + 2, c->ends.server.bytes, 16);
	key[4] = (uint64_t)c->ends.server_port << 8 | c->ends.ip_proto;
	return behave_table_get(&b->table, key, 5, c->time_ns, &is_new);
}

static void connection(void *state, const struct behave_connection *c, struct behave_out *out)
{
	struct beacon_entry *e;
	double mean, jitter;

	if (c->ends.ip_proto != 6 || c->moment == BEHAVE_TRY)
		return;
	e = entry_of(state, c);
	if (c->moment == BEHAVE_END) {
		e->big += c->bytes[0] + c->bytes[1] > BYTES_MAX;
		return;
	}
	if (e->calls > 0)
		e->interval_ms[(e->calls - 1) % CALLS] =
			(uint32_t)((c->time_ns - e->last_call_ns) / NS_PER_MS);
	e->calls++;
	e->last_call_ns = c->time_ns;
	if (e->calls <= CALLS || e->big > e->calls / 8)
		return;
	if (e->reported_ns && c->time_ns - e->reported_ns < NS_PER_HOUR)
		return;
	if (regular(e, &mean, &jitter)) {
		e->reported_ns = c->time_ns;
		report(c, e, mean, jitter, out);
	}
}

const struct behave_detector behave_beacon = {
	.name = "beacon", .new = beacon_new, .connection = connection};
