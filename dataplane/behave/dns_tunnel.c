/* Data in names that are looked up (T1071.004, T1048): many different names under one domain, or to
 * one server where there is no common domain, that look like coded data or ask for records that
 * carry data back. */
#include "dataplane/behave/past.h"

enum { BY_DOMAIN, BY_SERVER };

enum {
	CODED_LABEL = 18, /* characters of the longest label of a name that may carry data */
	CODED_NAME = 40,  /* characters in front of the domain */
};

struct tunnel_entry {
	struct behave_entry entry;
	uint32_t queries, coded, carriers; /* carriers: asked for types that carry data */
	uint64_t bytes, back;
	struct behave_set names;
};

static const struct behave_sign sign = {2310,
					"BANKEN data carried in DNS names",
					"TA0011",
					"T1071.004",
					"Malware Command and Control Activity Detected",
					BEHAVE_HIGH,
					false};

/* Types whose answers hold free bytes and that hosts seldom ask for in number. */
static bool carries(struct slice type)
{
	static const char *const types[] = {"TXT", "NULL", "MX",      "CNAME", "SRV",
					    "KEY", "ANY",  "PRIVATE", "HINFO"};

	for (size_t i = 0; i < ARRAY_SIZE(types); i++) {
		if (type.len && type.data[0] == types[i][0] && slice_eq(type, SLICE_STR(types[i])))
			return true;
	}
	/* Numbers have no name: nobody uses them otherwise. */
	return type.len > 0 && type.data[type.len - 1] >= '0' && type.data[type.len - 1] <= '9' &&
	       type.data[0] != 'N';
}

static size_t longest_label(struct slice s)
{
	size_t longest = 0, n = 0;

	for (size_t i = 0; i < s.len; i++) {
		n = s.data[i] == '.' ? 0 : n + 1;
		if (n > longest)
			longest = n;
	}
	return longest;
}

/* Upper and lower case, digits and letters in turn, or bytes that no name has. */
static bool coded(struct slice s)
{
	unsigned turns = 0, upper = 0, odd = 0;
	int before = 0;

	for (size_t i = 0; i < s.len; i++) {
		uint8_t c = s.data[i];
		int kind = c >= '0' && c <= '9' ? 1 : c == '.' ? before : 2;

		turns += before && kind != before;
		before = kind;
		upper += c >= 'A' && c <= 'Z';
		odd += c >= 0x7f || c < 0x20;
	}
	return odd > 0 || turns * 8 >= s.len || upper * 4 >= s.len ||
	       longest_label(s) >= CODED_LABEL * 2;
}

static bool looks_coded(struct slice front)
{
	return front.len >= 8 &&
	       ((longest_label(front) >= CODED_LABEL && coded(front)) || front.len >= CODED_NAME);
}

bool behave_dns_carries(const struct behave_dns *d, struct slice domain)
{
	struct slice front = SLICE(d->name.data, d->name.len - domain.len);

	return looks_coded(front) || (carries(d->type) && front.len >= 6);
}

static bool reverse_lookup(struct slice domain)
{
	return slice_eq_nocase(domain, SLICE_LIT("in-addr.arpa")) ||
	       slice_eq_nocase(domain, SLICE_LIT("ip6.arpa"));
}

static void tell(const struct behave_view *v, const struct behave_event *e, struct tunnel_entry *t,
		 struct slice domain, unsigned names)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	struct behave_text under = behave_printable(domain);
	double seconds = behave_seconds(t->entry.start_ns, e->time_ns);
	unsigned long long up = t->bytes, back = t->back;
	struct behave_hit hit;

	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit,
		      "%s looked up about %u different names that look like data%s%s at %s within "
		      "%.1f seconds: %llu bytes in names, %llu bytes in answers.",
		      client.s, names, domain.len ? " under " : "", under.s, server.s, seconds, up,
		      back);
	behave_say_ja(
		&hit,
		"%sが%.1f秒間に%sへ、データを埋め込んだとみられる異なる名前を%s%s約%u個問い合わせ"
		"ました(名前に%lluバイト、応答に%lluバイト)。",
		client.s, seconds, server.s, under.s, domain.len ? "の下で" : "", names, up, back);
	behave_figure(&hit, "names", names);
	behave_figure(&hit, "seconds", seconds);
	behave_figure(&hit, "bytes_in_names", (double)up);
	behave_figure(&hit, "bytes_in_answers", (double)back);
	behave_tell(v, &hit, &t->entry);
}

static bool enough(const struct behave_view *v, const struct tunnel_entry *t, unsigned *ret_names)
{
	if (t->coded + t->carriers < v->limits->tunnel_dns_names ||
	    t->bytes < v->limits->tunnel_dns_bytes)
		return false;
	/* Most of what is asked looks so, not a name here and there. */
	if ((t->coded < t->carriers ? t->carriers : t->coded) * 2 < t->queries)
		return false;
	*ret_names = behave_set_count(&t->names);
	return *ret_names >= v->limits->tunnel_dns_names;
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_dns *d = &e->dns;
	struct slice domain = v->facts->domain;
	struct slice front = SLICE(d->name.data, d->name.len - domain.len);
	bool data, told = false;

	if (d->name.len < 8 || reverse_lookup(domain))
		return;
	data = !d->answer && looks_coded(d->name.len > 2 * CODED_NAME ? d->name : front);
	for (unsigned by = BY_DOMAIN; by <= BY_SERVER; by++) {
		uint64_t key[2] = {v->facts->client,
				   by == BY_DOMAIN ? v->facts->domain_word : v->facts->server};
		bool carrier =
			carries(d->type) && (by == BY_DOMAIN ? front.len >= 6 : d->name.len >= 24);
		struct tunnel_entry *t;
		unsigned names;

		/* Without a common domain only the look of the whole name counts, and short names
		 * are everyday's. */
		if (by == BY_SERVER && d->name.len < 24)
			return;
		if (by == BY_SERVER && !d->answer)
			data = d->name.len >= CODED_NAME && coded(d->name);
		t = behave_window(v, by, key, 2, e->time_ns, v->limits->tunnel_dns_seconds);
		if (d->answer) {
			t->back += d->data;
			continue;
		}
		t->queries++;
		t->coded += data;
		t->carriers += carrier;
		t->bytes += data || carrier ? (by == BY_DOMAIN ? front.len : d->name.len) : 0;
		told = told || behave_told(v, &t->entry, e->time_ns); /* one hit for both */
		if (!(data || carrier) ||
		    !behave_set_add(v, &t->names, behave_word_bytes(v, d->name)))
			continue;
		if (!told && enough(v, t, &names)) {
			tell(v, e, t, by == BY_DOMAIN ? domain : SLICE("", 0), names);
			told = true;
		}
	}
}

/* Of long names also what is kept by server. */
static void ahead(const struct behave_view *v, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t key[2] = {v->facts->client, v->facts->domain_word};

	behave_ahead_add(a, &v->tables[BY_DOMAIN], key, 2);
	if (e->dns.name.len < 24)
		return;
	key[1] = v->facts->server;
	behave_ahead_add(a, &v->tables[BY_SERVER], key, 2);
}

const struct behave_detector behave_dns_tunnel = {
	.kinds = 1 << BEHAVE_DNS,
	.entry_size = {sizeof(struct tunnel_entry), sizeof(struct tunnel_entry)},
	.weight = {4, 1},
	.event = event,
	.ahead = ahead,
};
