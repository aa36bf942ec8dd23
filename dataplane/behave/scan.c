/* Scans: one host tries one service on many hosts (T1046 horizontal), or many ports of one host
 * (vertical), and most tries get no service. Counting is by small linear-counting bitmaps, so that
 * an entry has a fixed size whatever the traffic. */
#include "dataplane/behave/detector.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "dataplane/base/hash.h"

/* Thresholds; quiet on everyday traffic, where a host opens few services on few new peers and most
 * of them answer. */
enum {
	WINDOW_SECONDS = 60,
	HORIZONTAL_HOSTS = 24, /* different hosts tried on one port */
	VERTICAL_PORTS = 40,   /* different ports tried on one host */
	FAILED_PERCENT = 60,   /* of the tries that ended or were not answered */
	BITMAP_BITS = 512,
};

struct scan_entry {
	struct behave_entry entry;
	uint64_t start_ns;
	uint32_t tries, opened;
	uint16_t bits_set;
	bool reported;
	uint64_t bitmap[BITMAP_BITS / 64];
};

struct scan {
	struct behave_table table;
	struct hash_key key;
	_Alignas(64) uint8_t memory[];
};

static void *scan_new(size_t bytes)
{
	struct scan *s = calloc(1, bytes);

	if (!s)
		return NULL;
	s->key = hash_key_random();
	behave_table_init(&s->table, s->memory, bytes - sizeof(*s), sizeof(struct scan_entry));
	return s;
}

/* How many different things set these bits (Whang et al. 1990, linear counting). */
static unsigned estimate(const struct scan_entry *e)
{
	double empty = (double)(BITMAP_BITS - e->bits_set) / BITMAP_BITS;

	return empty <= 0 ? BITMAP_BITS * 6U : (unsigned)(-BITMAP_BITS * log(empty) + 0.5);
}

static void mark(struct scan *s, struct scan_entry *e, uint64_t what)
{
	unsigned bit = (unsigned)(hash_words(&s->key, &what, 1) % BITMAP_BITS);

	if (!(e->bitmap[bit / 64] >> (bit % 64) & 1)) {
		e->bitmap[bit / 64] |= 1ULL << (bit % 64);
		e->bits_set++;
	}
}

static uint64_t fold(const struct ip_addr *a)
{
	uint64_t w[2];

	memcpy(w, a->bytes, 16);
	return hash_mix(w[0], w[1]);
}

static struct scan_entry *entry_of(struct scan *s, const struct behave_connection *c,
				   bool horizontal)
{
	uint64_t key[3] = {fold(&c->ends.client),
			   horizontal ? (uint64_t)c->ends.server_port << 8 | c->ends.ip_proto
				      : fold(&c->ends.server),
			   horizontal};
	struct scan_entry *e;
	bool is_new;

	e = behave_table_get(&s->table, key, 3, c->time_ns, &is_new);
	if (is_new || c->time_ns - e->start_ns > WINDOW_SECONDS * NS_PER_SEC) {
		struct behave_entry head = e->entry;

		memset(e, 0, sizeof(*e));
		e->entry = head;
		e->start_ns = c->time_ns;
	}
	return e;
}

static void report(const struct scan_entry *e, const struct behave_connection *c, bool horizontal,
		   struct behave_out *out)
{
	struct behave_hit hit = {
		.id = horizontal ? 2200 : 2201,
		.name = horizontal ? "BANKEN scan of one service over many hosts"
				   : "BANKEN scan of many ports of one host",
		.tactic = "TA0007",
		.technique = "T1046",
		.category = "Network scan",
		.severity = BEHAVE_MEDIUM,
		.time_ns = c->time_ns,
		.ends = c->ends,
	};
	double seconds = (double)(c->time_ns - e->start_ns) / 1e9;
	unsigned failed = (e->tries - e->opened) * 100 / e->tries, seen = estimate(e);
	char client[IP_ADDR_TEXT], server[IP_ADDR_TEXT];

	ip_addr_text(&c->ends.client, client, false);
	ip_addr_text(&c->ends.server, server, false);
	if (horizontal) {
		snprintf(hit.reason_en, sizeof(hit.reason_en),
			 "%s tried port %u on about %u hosts within %.1f seconds; %u %% of the "
			 "tries got no "
			 "service.",
			 client, c->ends.server_port, seen, seconds, failed);
		snprintf(hit.reason_ja, sizeof(hit.reason_ja),
			 "%sが%.1f秒間に約%u台のホストのポート%uへ接続を試み、%u%%が失敗しました。",
			 client, seconds, seen, c->ends.server_port, failed);
	} else {
		snprintf(hit.reason_en, sizeof(hit.reason_en),
			 "%s tried about %u ports of %s within %.1f seconds; %u %% of the tries "
			 "got no service.",
			 client, seen, server, seconds, failed);
		snprintf(hit.reason_ja, sizeof(hit.reason_ja),
			 "%sが%.1f秒間に%sの約%u個のポートへ接続を試み、%u%%が失敗しました。",
			 client, seconds, server, seen, failed);
	}
	behave_report(out, &hit);
}

static void count(struct scan *s, const struct behave_connection *c, bool horizontal,
		  struct behave_out *out)
{
	struct scan_entry *e = entry_of(s, c, horizontal);
	unsigned threshold = horizontal ? HORIZONTAL_HOSTS : VERTICAL_PORTS;

	if (c->moment == BEHAVE_OPEN) {
		e->opened += e->opened < e->tries;
		return;
	}
	e->tries++;
	mark(s, e, horizontal ? fold(&c->ends.server) : c->ends.server_port);
	if (e->reported || e->tries < threshold || estimate(e) < threshold)
		return;
	if ((e->tries - e->opened) * 100 < e->tries * FAILED_PERCENT)
		return;
	e->reported = true;
	report(e, c, horizontal, out);
}

static void connection(void *state, const struct behave_connection *c, struct behave_out *out)
{
	if (c->moment == BEHAVE_END || (c->ends.ip_proto != 6 && c->ends.ip_proto != 17))
		return;
	count(state, c, true, out);
	count(state, c, false, out);
}

const struct behave_detector behave_scan = {
	.name = "scan", .new = scan_new, .connection = connection};
