/* Data in names that are looked up, a few a minute (T1071.004, T1048): what dns_tunnel.c finds in
 * minutes, over a day, and only under domains that hardly anybody here asks for: at that pace the
 * look-ups of virus scanners and content networks look alike, but all hosts make those. */
#include "dataplane/behave/past.h"

enum { PAIRS, DOMAINS };

struct pair_entry { /* client and domain */
	struct behave_entry entry;
	uint32_t queries, coded;
	uint64_t bytes, back;
	struct behave_set names;
};

struct domain_entry {
	struct behave_entry entry;
	uint64_t clients;
};

static const struct behave_sign sign = {
	2311,	     "BANKEN data carried slowly in DNS names",	      "TA0011",
	"T1071.004", "Malware Command and Control Activity Detected", BEHAVE_HIGH,
	false};

static void tell(const struct behave_view *v, const struct behave_event *e, struct pair_entry *p,
		 unsigned names, unsigned clients)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text domain = behave_printable(behave_domain(e->dns.name));
	double hours = behave_seconds(p->entry.start_ns, e->time_ns) / 3600;
	unsigned long long up = p->bytes, back = p->back;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(
		&hit,
		"%s looked up about %u different names that look like data under %s within "
		"%.1f hours: %llu bytes in names, %llu bytes in answers; %u hosts here ask for "
		"that domain.",
		client.s, names, domain.s, hours, up, back, clients);
	behave_say_ja(
		&hit,
		"%sが%.1f時間に%sの下でデータを埋め込んだとみられる異なる名前を約%u個問い合わせ"
		"ました(名前に%lluバイト、応答に%lluバイト)。このドメインを問い合わせるホストは"
		"%u台です。",
		client.s, hours, domain.s, names, up, back, clients);
	behave_figure(&hit, "names", names);
	behave_figure(&hit, "hours", hours);
	behave_figure(&hit, "bytes_in_names", (double)up);
	behave_figure(&hit, "bytes_in_answers", (double)back);
	behave_figure(&hit, "hosts", clients);
	behave_tell(v, &hit, &p->entry);
}

/* Most have no entry: one is made by the first name that looks like data. */
static struct pair_entry *pair_of(const struct behave_view *v, const struct behave_event *e,
				  const uint64_t key[2], bool make)
{
	if (!make && !behave_table_find(&v->tables[PAIRS], key, 2))
		return NULL;
	return behave_window(v, PAIRS, key, 2, e->time_ns, v->limits->slow_tunnel_seconds);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_dns *d = &e->dns;
	struct slice domain = v->facts->domain;
	bool coded = !d->answer && d->name.len >= 8 && behave_dns_carries(d, domain), is_new;
	uint64_t key[2] = {past_caller(v, e), v->facts->domain_word};
	struct domain_entry *all;
	struct pair_entry *p;
	unsigned names;

	if (!v->facts->client_inside || slice_eq_nocase(domain, SLICE_LIT("in-addr.arpa")) ||
	    slice_eq_nocase(domain, SLICE_LIT("ip6.arpa")))
		return;
	p = pair_of(v, e, key, coded);
	if (!p)
		return;
	if (d->answer) {
		p->back += d->data;
		return;
	}
	p->queries++;
	if (!coded)
		return;
	p->coded++;
	p->bytes += d->name.len - domain.len;
	all = behave_table_get(&v->tables[DOMAINS], &key[1], 1, e->time_ns, &is_new);
	behave_small_add(v, &all->clients, key[0]);
	if (!behave_set_add(v, &p->names, behave_word_bytes(v, d->name)) ||
	    p->coded < v->limits->slow_tunnel_names || p->coded * 2 < p->queries ||
	    behave_small_count(all->clients) > v->limits->rare_hosts ||
	    /* what takes less is a tunnel of the other kind */
	    behave_seconds(p->entry.start_ns, e->time_ns) <= v->limits->tunnel_dns_seconds ||
	    behave_told(v, &p->entry, e->time_ns))
		return;
	names = behave_set_count(&p->names);
	if (names >= v->limits->slow_tunnel_names)
		tell(v, e, p, names, behave_small_count(all->clients));
}

static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t key[2] = {past_caller(v, e), v->facts->domain_word};

	if (v->facts->client_inside)
		behave_ahead_add(a, &v->tables[PAIRS], key, 2);
}

const struct behave_detector behave_slow_tunnel = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_DNS,
	.entry_size = {sizeof(struct pair_entry), sizeof(struct domain_entry)},
	.weight = {3, 1},
	.event = event,
	.ahead = ahead,
};
