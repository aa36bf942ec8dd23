/* Names answered by somebody else (T1557): two different answers to one question, of which one is
 * forged; a name that nobody can have registered, which leads to a page that sends on elsewhere. */
#include "dataplane/behave/detector.h"

enum { ANSWERS, GUIDES };

enum { MADE_UP = 75, RACE_MS = 400, UDP = 17 };

struct answer_entry { /* one question: connection and name */
	struct behave_entry entry;
	uint64_t first; /* values of the first answer */
	uint32_t answers;
};

struct guide_entry { /* one client, one resolver's guide */
	struct behave_entry entry;
};

static const struct behave_sign twice_sign = {
	2514,
	"BANKEN one DNS question answered twice and differently",
	"TA0006",
	"T1557",
	"Forged network answers",
	BEHAVE_MEDIUM,
	false};
static const struct behave_sign guide_sign = {2515,
					      "BANKEN resolver answers for names that do not exist",
					      "TA0006",
					      "T1557",
					      "Forged network answers",
					      BEHAVE_LOW,
					      false};

static void tell_twice(const struct behave_view *v, const struct behave_event *e,
		       struct answer_entry *a)
{
	struct behave_text client = behave_address(&e->ends.client);
	struct behave_text server = behave_address(&e->ends.server);
	struct behave_text name = behave_printable(e->dns.name);
	double seconds = behave_seconds(a->entry.start_ns, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &twice_sign, e);
	behave_turn(&hit.ends); /* the answer is what is wrong */
	behave_say_en(&hit,
		      "The question of %s for %s got %u different answers in the name of %s within "
		      "%.3f seconds: one of them is forged.",
		      client.s, name.s, a->answers, server.s, seconds);
	behave_say_ja(&hit,
		      "%sによる%sの問い合わせに対し、%sの名で%.3f秒以内に内容の異なる応答が%u個あり"
		      "ました。いずれかが偽造です。",
		      client.s, name.s, server.s, seconds, a->answers);
	behave_figure(&hit, "answers", a->answers);
	behave_figure(&hit, "seconds", seconds);
	behave_tell(v, &hit, &a->entry);
}

static void dns(const struct behave_view *v, const struct behave_event *e)
{
	struct answer_entry *a;
	uint64_t key[3];
	bool is_new;

	if (e->ends.ip_proto != UDP || !e->dns.answer || !e->dns.values ||
	    (!slice_eq(e->dns.type, SLICE_LIT("A")) && !slice_eq(e->dns.type, SLICE_LIT("AAAA"))))
		return;
	key[0] = e->ends.flow_id;
	key[1] = behave_word_bytes(v, e->dns.name);
	key[2] = (uint64_t)e->dns.id << 1 | (e->dns.type.len > 1);
	a = behave_table_get(&v->tables[ANSWERS], key, 3, e->time_ns, &is_new);
	if (is_new)
		a->first = e->dns.values;
	a->answers++;
	/* A question that is sent again takes longer, and may be answered otherwise. */
	if (a->first != e->dns.values && !behave_told(v, &a->entry, e->time_ns) &&
	    e->time_ns - a->entry.start_ns <= RACE_MS * NS_PER_MS)
		tell_twice(v, e, a);
}

/* "http://name/..." -> "name" */
static struct slice host_of(struct slice url)
{
	size_t at = 0, n = 0;

	while (at + 2 < url.len && !(url.data[at] == '/' && url.data[at + 1] == '/'))
		at++;
	url = slice_sub(url, at + 2, url.len);
	while (n < url.len && url.data[n] != '/' && url.data[n] != ':')
		n++;
	return SLICE(url.data, n);
}

static void http(const struct behave_view *v, const struct behave_event *e)
{
	struct slice from = host_of(e->http.referer);
	struct behave_text client, name, guide;
	struct guide_entry *g;
	struct behave_hit hit;
	unsigned score;
	uint64_t key[2];
	bool is_new;

	if (from.len < 8 || !e->http.path.len ||
	    !memmem(e->http.path.data, e->http.path.len, from.data, from.len) ||
	    slice_eq_nocase(behave_domain(from), behave_domain(e->http.host)))
		return;
	score = behave_randomness(behave_domain_label(from));
	if (score < MADE_UP)
		return;
	key[0] = v->facts->client;
	key[1] = behave_word_bytes(v, e->http.host);
	g = behave_table_get(&v->tables[GUIDES], key, 2, e->time_ns, &is_new);
	client = behave_address(&e->ends.client);
	name = behave_printable(from);
	guide = behave_printable(e->http.host);
	behave_hit_init(&hit, &guide_sign, e);
	behave_say_en(
		&hit,
		"%s called %s, a name that hardly anybody registered (%u of 100), got a page all "
		"the same and was sent on to %s: the resolver makes answers up.",
		client.s, name.s, score, guide.s);
	behave_say_ja(
		&hit,
		"%sが登録されているとは考えにくい名前%s(度合い%u/100)へ接続したところページが返り、"
		"%sへ誘導されました。リゾルバーが偽の応答を返しています。",
		client.s, name.s, score, guide.s);
	behave_figure(&hit, "randomness", score);
	behave_tell(v, &hit, &g->entry);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_DNS)
		dns(v, e);
	else
		http(v, e);
}

const struct behave_detector behave_hijack = {
	.kinds = 1 << BEHAVE_DNS | 1 << BEHAVE_HTTP,
	.entry_size = {sizeof(struct answer_entry), sizeof(struct guide_entry)},
	.weight = {1, 1},
	.event = event,
};
