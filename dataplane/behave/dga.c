/* Names made up by a program (T1568.002): a burst of look-ups of domains that do not exist, or a
 * host with a made-up name that is really called. */
#include "dataplane/behave/past.h"

enum { MISSES, CALLS };

enum {
	MADE_UP = 45, /* behave_randomness of a name that counts as made up */
	SURE = 75,    /* of one that is enough by itself */
};

struct miss_entry { /* one client */
	struct behave_entry entry;
	struct behave_set made_up, all;
};

struct call_entry { /* one client, one domain */
	struct behave_entry entry;
	uint32_t requests, posts;
};

static const struct behave_sign miss_sign = {
	2320,	     "BANKEN burst of look-ups of domains that do not exist", "TA0011",
	"T1568.002", "Malware Command and Control Activity Detected",	      BEHAVE_HIGH,
	false};
static const struct behave_sign call_sign = {2321,
					     "BANKEN contact with a domain whose name is made up",
					     "TA0011",
					     "T1568.002",
					     "Domain Observed Used for C2 Detected",
					     BEHAVE_MEDIUM,
					     false};

static void tell_misses(const struct behave_view *v, const struct behave_event *e,
			struct miss_entry *m, unsigned made_up, unsigned all)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text name = behave_printable(e->dns.name);
	double seconds = behave_seconds(m->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &miss_sign, e);
	if (made_up < v->limits->dga_names)
		hit.severity = BEHAVE_MEDIUM;
	behave_say_en(&hit,
		      "%s looked up about %u domains that do not exist within %.1f seconds, about "
		      "%u of them with names as a program makes them up, for example %s.",
		      client.s, all, seconds, made_up, name.s);
	behave_say_ja(&hit,
		      "%sが%.1f秒間に存在しないドメインを約%u個問い合わせ、うち約%u個はプログラムが"
		      "生成したような名前です(例: %s)。",
		      client.s, seconds, all, made_up, name.s);
	behave_figure(&hit, "missing_domains", all);
	behave_figure(&hit, "made_up_names", made_up);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &m->entry);
}

static void dns(const struct behave_view *v, const struct behave_event *e)
{
	struct slice domain = v->facts->domain;
	uint64_t key = v->facts->client, word;
	struct miss_entry *m;
	unsigned made_up, all;

	if (!e->dns.answer || !e->dns.missing || domain.len == e->dns.name.len - domain.len)
		return;
	/* A name without a dot is a machine's short name. */
	if (behave_domain_label(e->dns.name).len == 0)
		return;
	m = behave_window(v, MISSES, &key, 1, e->time_ns, v->limits->dga_seconds);
	word = v->facts->domain_word;
	if (behave_randomness(behave_domain_label(e->dns.name)) >= MADE_UP)
		behave_set_add(v, &m->made_up, word);
	if (!behave_set_add(v, &m->all, word) || behave_told(v, &m->entry, e->time_ns))
		return;
	made_up = behave_set_count(&m->made_up);
	all = behave_set_count(&m->all);
	if (made_up >= v->limits->dga_names || all >= v->limits->dga_failed_names)
		tell_misses(v, e, m, made_up, all);
}

static void tell_call(const struct behave_view *v, const struct behave_event *e,
		      struct call_entry *c, struct slice host, unsigned score)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	struct behave_text name = behave_printable(host);
	struct behave_hit hit;

	behave_hit_init(&hit, &call_sign, e);
	if (c->posts)
		hit.severity = BEHAVE_HIGH;
	behave_say_en(&hit,
		      "%s called %s (%s) %u times, %u of them sending data; the name looks as if a "
		      "program had made it up (%u of 100).",
		      client.s, name.s, server.s, c->requests, c->posts, score);
	behave_say_ja(&hit,
		      "%sが、プログラムが生成したような名前(度合い%u/100)の%s(%s)へ%u回接続し、"
		      "うち%u回データを送信しました。",
		      client.s, score, name.s, server.s, c->requests, c->posts);
	behave_figure(&hit, "requests", c->requests);
	behave_figure(&hit, "data_sent", c->posts);
	behave_figure(&hit, "randomness", score);
	behave_tell(v, &hit, &c->entry);
}

static void call(const struct behave_view *v, const struct behave_event *e, struct slice host)
{
	unsigned score = behave_randomness(behave_domain_label(host));
	uint64_t key[2];
	struct call_entry *c;
	bool is_new;

	if (score < SURE)
		return;
	key[0] = v->facts->client;
	key[1] = behave_word_bytes(v, behave_domain(host));
	c = behave_table_get(&v->tables[CALLS], key, 2, e->time_ns, &is_new);
	c->requests++;
	c->posts += e->kind == BEHAVE_HTTP && slice_eq(e->http.method, SLICE_LIT("POST"));
	if (c->requests >= v->limits->dga_requests && (e->kind == BEHAVE_TLS || c->posts))
		tell_call(v, e, c, host, score);
}

/* "10.0.0.1", "[::1]": no name. */
static bool is_address(struct slice host)
{
	uint8_t last = host.len ? host.data[host.len - 1] : '0';

	return (last >= '0' && last <= '9') || last == ']';
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	struct slice host;

	if (e->kind == BEHAVE_DNS) {
		dns(v, e);
		return;
	}
	host = e->kind == BEHAVE_HTTP ? e->http.host : e->tls.sni;
	if (!is_address(host))
		call(v, e, host);
}

const struct behave_detector behave_dga = {
	.kinds = 1 << BEHAVE_DNS | 1 << BEHAVE_HTTP | 1 << BEHAVE_TLS,
	.entry_size = {sizeof(struct miss_entry), sizeof(struct call_entry)},
	.weight = {2, 1},
	.event = event,
};
