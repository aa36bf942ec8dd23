#include "control/sensor/site/site.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/wire/file.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum kind { SERVER, CALL, NETWORK, DOMAIN_NAME, ZONE, KINDS };

enum {
	FOREIGN_MEMBERS = 3, /* hosts of a public network on our own links */
	GUESTS_MEMBERS = 3,  /* hosts that make a network without inside business a zone */
	GUESTS_CONTACTS = 50,
};

enum { FILE_MOST = 64 << 20, WHO = 64, WHY = 160, ID = 20 };

static const char *const kinds[KINDS] = {"server", "call", "network", "domain", "zone"};
static const char *const states[] = {"proposed", "accepted", "rejected"};

struct item {
	uint64_t word; /* 0: free */
	enum kind kind;
	enum behave_verdict verdict;
	struct ip_addr host;
	char what[64];
	char reason[2][BEHAVE_REASON];
	uint64_t first, last, count;
	uint64_t members;  /* hosts of a network or domain, by linear counting */
	uint64_t business; /* of a zone: contacts with hosts of other networks inside */
	uint64_t decided;  /* wall */
	char by[WHO], why[WHY];
};

struct site {
	struct site_setup setup;
	char path[512];
	struct item *items;
	unsigned used;
	uint64_t refused; /* that no longer fit */
	uint64_t noted[SITE_HOSTS];
	bool dirty;
	struct loop_timer timer;
};

/* Ids are shown and typed, and the same after a restart: a fixed key; places are bounded. */
static uint64_t word_of(enum kind kind, const struct ip_addr *host, const char *what)
{
	static const struct hash_key key = {0x73697465, 0x6c6561726e74};
	struct {
		struct ip_addr host;
		uint64_t kind, what;
	} all = {*host, kind, hash_bytes(&key, what, strlen(what))};

	return hash_bytes(&key, &all, sizeof(all)) | 1;
}

static struct item *find(const struct site *s, uint64_t word)
{
	for (unsigned i = 0; i < SITE_ITEMS; i++) {
		struct item *x = &s->items[(word + i) % SITE_ITEMS];

		if (x->word == word || !x->word)
			return x;
	}
	return NULL;
}

static struct item *item_of(struct site *s, enum kind kind, const struct ip_addr *host,
			    const char *what)
{
	uint64_t word = word_of(kind, host, what);
	struct item *x = find(s, word);

	if (x && x->word)
		return x;
	if (!x || s->used >= SITE_ITEMS / 4 * 3) {
		s->refused++;
		return NULL;
	}
	s->used++;
	*x = (struct item){.word = word, .kind = kind, .host = *host};
	snprintf(x->what, sizeof(x->what), "%s", what);
	return x;
}

static void seen(struct site *s, struct item *x, uint64_t time_ns)
{
	if (!x->first || time_ns < x->first)
		x->first = time_ns;
	if (time_ns > x->last)
		x->last = time_ns;
	x->count++;
	s->dirty = true;
}

/* ---- behaviour ---- */

void site_offer(void *ctx, const struct behave_offer *o)
{
	struct site *s = ctx;
	struct item *x =
		item_of(s, o->kind == BEHAVE_OFFER_SERVER ? SERVER : CALL, &o->host, o->what);

	if (!x)
		return;
	seen(s, x, o->time_ns);
	memcpy(x->reason[0], o->reason_en, BEHAVE_REASON);
	memcpy(x->reason[1], o->reason_ja, BEHAVE_REASON);
}

enum behave_verdict site_verdict(void *ctx, enum behave_offer_kind kind, const struct ip_addr *host,
				 const char *what)
{
	const struct site *s = ctx;
	const struct item *x =
		find(s, word_of(kind == BEHAVE_OFFER_SERVER ? SERVER : CALL, host, what));

	return x && x->word ? x->verdict : BEHAVE_UNDECIDED;
}

/* ---- networks and domains ---- */

/* /24, /64 */
static struct ip_addr network_of(const struct ip_addr *a, char ret_text[64])
{
	struct ip_addr n = *a;
	bool four = ip_addr_is_v4(a);
	char text[IP_ADDR_TEXT];

	if (four)
		n.bytes[15] = 0;
	else
		memset(n.bytes + 8, 0, 8);
	snprintf(ret_text, 64, "%s/%u", ip_addr_text(&n, text, false), four ? 24 : 64);
	return n;
}

static unsigned members_of(const struct item *x)
{
	unsigned set = (unsigned)__builtin_popcountll(x->members);

	if (set >= 64)
		set = 63;
	return (unsigned)(-64 * log((64.0 - set) / 64) + 0.5);
}

static void belongs(struct site *s, enum kind kind, const struct ip_addr *key, const char *what,
		    const struct ip_addr *member, uint64_t time_ns)
{
	struct item *x = item_of(s, kind, key, what);

	if (!x)
		return;
	seen(s, x, time_ns);
	x->members |= 1ULL << hash_mix(member->bytes[15] | member->bytes[14] << 8, 5) % 64;
	snprintf(x->reason[0], BEHAVE_REASON,
		 kind == NETWORK ? "about %u hosts inside speak from %s"
				 : "about %u hosts inside have names under %s",
		 members_of(x), what);
	snprintf(x->reason[1], BEHAVE_REASON,
		 kind == NETWORK ? "内部ホスト約%u台が%sから通信しています"
				 : "内部ホスト約%u台の名前が%sの下にあります",
		 members_of(x), what);
}

/* Who works with the rest of the site is trusted; who only goes out is a guest. */
static bool zone_trusted(const struct item *x)
{
	return x->business > 0;
}

/* Names, addresses and time are given to guests too. */
static bool is_business(const struct record_head *h)
{
	return h->dport != 53 && h->dport != 67 && h->dport != 68 && h->dport != 123 &&
	       h->dport != 853 && h->dport != 547 && ip_addr_is_host(&h->dst);
}

/* Addresses of one link are no network (RFC 4291 2.5.6, RFC 3927). */
static bool of_link(const struct ip_addr *a)
{
	if (ip_addr_is_v4(a))
		return a->bytes[12] == 169 && a->bytes[13] == 254;
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* What a person decided about stays as it was shown. */
static void contact(struct item *x)
{
	if (x && x->verdict == BEHAVE_UNDECIDED)
		x->business++;
}

static void note_zone(struct site *s, const struct record_head *h)
{
	char text[64], other[64];
	struct ip_addr network, there;
	struct item *x;

	if (strcmp(h->type, "flow") != 0 || !hosts_inside(s->setup.hosts, &h->src) ||
	    of_link(&h->src))
		return;
	network = network_of(&h->src, text);
	x = item_of(s, ZONE, &network, text);
	if (!x)
		return;
	seen(s, x, h->time_ns);
	x->members |= 1ULL << hash_mix(h->src.bytes[15] | h->src.bytes[14] << 8, 5) % 64;
	if (!hosts_inside(s->setup.hosts, &h->dst) || of_link(&h->dst) || !is_business(h))
		return;
	there = network_of(&h->dst, other);
	if (ip_addr_eq(&network, &there))
		return;
	contact(x);
	/* Who is worked with is of the site as well. */
	x = item_of(s, ZONE, &there, other);
	if (x)
		seen(s, x, h->time_ns);
	contact(x);
}

static void zone_reason(struct item *x)
{
	if (zone_trusted(x)) {
		snprintf(x->reason[0], BEHAVE_REASON,
			 "hosts of %s and of other networks inside were in contact %llu times",
			 x->what, (unsigned long long)x->business);
		snprintf(x->reason[1], BEHAVE_REASON,
			 "%sのホストは他の内部ネットワークと%llu回通信しています", x->what,
			 (unsigned long long)x->business);
		return;
	}
	snprintf(
		x->reason[0], BEHAVE_REASON,
		"about %u hosts of %s made %llu contacts, none with another network inside: guests",
		members_of(x), x->what, (unsigned long long)x->count);
	snprintf(x->reason[1], BEHAVE_REASON,
		 "%sの約%u台は%"
		 "llu回の通信で他の内部ネットワークを使っておらず、ゲスト用とみられます",
		 x->what, members_of(x), (unsigned long long)x->count);
}

/* Enough was seen of it to be put to a person. */
static bool ripe(const struct site *s, const struct item *x)
{
	if (x->kind == ZONE)
		return zone_trusted(x) ||
		       (members_of(x) >= GUESTS_MEMBERS && x->count >= GUESTS_CONTACTS);
	return x->kind != NETWORK || hosts_inside(s->setup.hosts, &x->host) ||
	       members_of(x) >= FOREIGN_MEMBERS;
}

static bool accepted(const struct site *s, enum kind kind, const struct item *x)
{
	const struct item *other = find(s, word_of(kind, &x->host, x->what));

	return other && other->word && other->verdict == BEHAVE_ACCEPTED;
}

/* An accepted network is inside, and so is a trusted zone; an untrusted one is not. */
static void apply(struct site *s, const struct item *x)
{
	unsigned bits = ip_addr_is_v4(&x->host) ? 96 + 24 : 64;
	enum hosts_zone zone = HOSTS_ZONE_NONE;

	if (x->kind != NETWORK && x->kind != ZONE)
		return;
	if (accepted(s, NETWORK, x))
		zone = HOSTS_ZONE_INSIDE;
	if (accepted(s, ZONE, x))
		zone = zone_trusted(find(s, word_of(ZONE, &x->host, x->what))) ? HOSTS_ZONE_INSIDE
									       : HOSTS_ZONE_OUTSIDE;
	if (!hosts_zone(s->setup.hosts, &x->host, bits, zone))
		log_warn(s->setup.log, "%s: there are too many zones", x->what);
}

/* Of each host once an hour. */
static bool noted_lately(struct site *s, const struct ip_addr *a, uint64_t time_ns)
{
	uint64_t w[2], hour = time_ns / NS_PER_HOUR, mark;
	uint64_t *place;

	memcpy(w, a->bytes, sizeof(w));
	mark = hash_mix(w[0] ^ hour, w[1]);
	place = &s->noted[hash_mix(w[1], w[0]) % SITE_HOSTS];
	if (*place == mark)
		return true;
	*place = mark;
	return false;
}

/* A name that was answered with an address inside. */
static void note_name(struct site *s, struct slice record, uint64_t time_ns)
{
	static const struct ip_addr none;
	struct record_walk w = record_walk(record);
	struct record_value v;
	char name[64] = "", text[IP_ADDR_TEXT];
	struct ip_addr a;

	while (record_walk_next(&w, &v)) {
		bool is_name = v.kind == RECORD_TEXT && slice_eq(v.name, SLICE_LIT("rrname"));

		if (is_name && !name[0]) {
			size_t dot = 0;

			while (dot < v.text.len && v.text.data[dot] != '.')
				dot++;
			/* What stands behind the host's own label. */
			if (dot + 1 < v.text.len && v.text.len - dot - 1 < sizeof(name))
				memcpy(name, v.text.data + dot + 1, v.text.len - dot - 1);
		}
		if (v.kind != RECORD_TEXT || !slice_eq(v.name, SLICE_LIT("rdata")) || !name[0] ||
		    v.text.len >= sizeof(text))
			continue;
		memcpy(text, v.text.data, v.text.len);
		text[v.text.len] = 0;
		if (strchr(name, '.') && ip_addr_parse(text, &a) == 0 &&
		    hosts_inside(s->setup.hosts, &a) && !noted_lately(s, &a, time_ns + 1))
			belongs(s, DOMAIN_NAME, &none, name, &a, time_ns);
	}
}

/* Who is on our own links, whatever its address; who says that it routes IPv6 there. */
static void note_neighbour(struct site *s, struct slice record, uint64_t time_ns)
{
	struct record_walk w = record_walk(record);
	char ip[IP_ADDR_TEXT] = "", text[64];
	struct ip_addr a, network;
	struct record_value v;
	bool router = false;
	struct item *x;

	while (record_walk_next(&w, &v)) {
		if (v.kind != RECORD_TEXT)
			continue;
		router |=
			slice_eq(v.name, SLICE_LIT("source")) && slice_eq(v.text, SLICE_LIT("ra"));
		if (slice_eq(v.name, SLICE_LIT("ip")) && v.text.len < sizeof(ip)) {
			memcpy(ip, v.text.data, v.text.len);
			ip[v.text.len] = 0;
		}
	}
	if (ip_addr_parse(ip, &a))
		return;
	if (router) {
		x = item_of(s, SERVER, &a, "router");
		if (!x)
			return;
		seen(s, x, time_ns);
		snprintf(x->reason[0], BEHAVE_REASON,
			 "%s says that it routes IPv6: advertisements of %llu minutes seen", ip,
			 (unsigned long long)x->count);
		snprintf(x->reason[1], BEHAVE_REASON,
			 "%sがIPv6ルータとして広告しています(%llu分間に観測)", ip,
			 (unsigned long long)x->count);
	}
	if (of_link(&a) || hosts_inside(s->setup.hosts, &a) || noted_lately(s, &a, time_ns + 2))
		return;
	network = network_of(&a, text);
	belongs(s, NETWORK, &network, text, &a, time_ns);
}

void site_note(struct site *s, struct slice record)
{
	struct record_head h;
	struct ip_addr network;
	char text[64];

	if (!s)
		return;
	memcpy(&h, record.data, sizeof(h));
	if (strcmp(h.type, "dns") == 0)
		note_name(s, record, h.time_ns);
	if (strcmp(h.type, "neighbour") == 0)
		note_neighbour(s, record, h.time_ns);
	if (h.flags & RECORD_HAS_TUPLE)
		note_zone(s, &h);
	if (!(h.flags & RECORD_HAS_TUPLE) || !hosts_inside(s->setup.hosts, &h.src) ||
	    of_link(&h.src) || noted_lately(s, &h.src, h.time_ns))
		return;
	network = network_of(&h.src, text);
	belongs(s, NETWORK, &network, text, &h.src, h.time_ns);
}

/* ---- people ---- */

static json_t *item_json(const struct item *x)
{
	char id[ID], host[IP_ADDR_TEXT], what[80];

	snprintf(id, sizeof(id), "%08x", (unsigned)(x->word >> 32));
	snprintf(what, sizeof(what), "%s%s", x->what,
		 x->kind != ZONE   ? ""
		 : zone_trusted(x) ? " trusted"
				   : " untrusted");
	return json_pack(
		"{ss ss ss ss ss ss sI sI sI sI ss ss sI sI}", "id", id, "kind", kinds[x->kind],
		"host", x->kind <= CALL ? ip_addr_text(&x->host, host, false) : "", "what", what,
		"state", states[x->verdict], "reason", x->reason[0], "first", (json_int_t)x->first,
		"last", (json_int_t)x->last, "count", (json_int_t)x->count, "decided",
		(json_int_t)x->decided, "by", x->by, "why", x->why, "members",
		(json_int_t)x->members, "business", (json_int_t)x->business);
}

static int by_state(const void *a, const void *b)
{
	const struct item *const *x = a, *const *y = b;

	if ((*x)->verdict != (*y)->verdict)
		return (*x)->verdict < (*y)->verdict ? -1 : 1;
	if ((*x)->first != (*y)->first)
		return (*x)->first > (*y)->first ? -1 : 1;
	return ((*x)->word > (*y)->word) - ((*x)->word < (*y)->word);
}

json_t *site_json(const struct site *s, bool decided_too)
{
	const struct item *all[SITE_ITEMS];
	json_t *list = json_array();
	unsigned n = 0;

	for (unsigned i = 0; i < SITE_ITEMS; i++) {
		struct item *x = &s->items[i];

		if (!x->word || (!decided_too && (x->verdict || !ripe(s, x))))
			continue;
		if (x->kind == ZONE && x->verdict == BEHAVE_UNDECIDED)
			zone_reason(x);
		all[n++] = x;
	}
	qsort(all, n, sizeof(all[0]), by_state);
	for (unsigned i = 0; i < n; i++) {
		json_t *o = item_json(all[i]);

		json_object_set_new(o, "reason_ja", json_string(all[i]->reason[1]));
		json_array_append_new(list, o);
	}
	return json_pack("{so sI}", "learnt", list, "refused", (json_int_t)s->refused);
}

int site_decide(struct site *s, const char *id, bool accept, const char *by, const char *why,
		struct errmsg *e)
{
	bool all = strcmp(id, "all") == 0;
	struct timespec now;
	int n = 0;

	clock_gettime(CLOCK_REALTIME, &now);
	for (unsigned i = 0; i < SITE_ITEMS; i++) {
		struct item *x = &s->items[i];
		char own[ID];

		snprintf(own, sizeof(own), "%08x", (unsigned)(x->word >> 32));
		if (!x->word ||
		    (all ? x->verdict != BEHAVE_UNDECIDED || !ripe(s, x) : strcmp(own, id) != 0))
			continue;
		x->verdict = accept ? BEHAVE_ACCEPTED : BEHAVE_REJECTED;
		x->decided = (uint64_t)now.tv_sec * NS_PER_SEC;
		snprintf(x->by, sizeof(x->by), "%s", by);
		snprintf(x->why, sizeof(x->why), "%s", why);
		apply(s, x);
		n++;
	}
	if (n == 0 && !all)
		return errmsg_set(e, ERR_NOTFOUND,
				  "nothing learnt has the id %s: see 'banken learn'", id);
	s->dirty = true;
	return site_save(s, e) ? ERR_IO : n;
}

/* ---- the file ---- */

int site_save(struct site *s, struct errmsg *e)
{
	json_t *o = site_json(s, true);
	char *text = json_dumps(o, JSON_INDENT(1));
	int rc = text ? file_write(s->path, SLICE_STR(text), 0640, e)
		      : errmsg_set(e, ERR_NOMEM, "no memory to write %s", s->path);

	free(text);
	json_decref(o);
	if (rc == 0)
		s->dirty = false;
	return rc;
}

static int word_at(const char *word, const char *const *words, int n)
{
	for (int i = 0; i < n; i++) {
		if (word && strcmp(word, words[i]) == 0)
			return i;
	}
	return -1;
}

static uint64_t number_at(const json_t *o, const char *name)
{
	return (uint64_t)json_integer_value(json_object_get(o, name));
}

static bool take_item(struct site *s, const json_t *o)
{
	int kind = word_at(text_member(o, "kind"), kinds, KINDS);
	int verdict = word_at(text_member(o, "state"), states, 3);
	const char *slash;
	struct ip_addr host = {0};
	char text[IP_ADDR_TEXT], what[sizeof(((struct item *)0)->what)];
	struct item *x;
	int n = snprintf(what, sizeof(what), "%s", text_member(o, "what"));

	if (kind < 0 || verdict < 0 || (size_t)n >= sizeof(what))
		return false;
	if (kind == ZONE)
		what[strcspn(what, " ")] = 0;
	slash = strchr(what, '/');
	snprintf(text, sizeof(text), "%.*s", slash ? (int)(slash - what) : 0, what);
	if (kind <= CALL && ip_addr_parse(text_member(o, "host"), &host))
		return false;
	if ((kind == NETWORK || kind == ZONE) && ip_addr_parse(text, &host))
		return false;
	x = item_of(s, (enum kind)kind, &host, what);
	if (!x)
		return true;
	x->verdict = (enum behave_verdict)verdict;
	x->first = number_at(o, "first");
	x->last = number_at(o, "last");
	x->count = number_at(o, "count");
	x->decided = number_at(o, "decided");
	x->members = number_at(o, "members");
	x->business = number_at(o, "business");
	snprintf(x->by, sizeof(x->by), "%s", text_member(o, "by"));
	snprintf(x->why, sizeof(x->why), "%s", text_member(o, "why"));
	snprintf(x->reason[0], BEHAVE_REASON, "%s", text_member(o, "reason"));
	snprintf(x->reason[1], BEHAVE_REASON, "%s", text_member(o, "reason_ja"));
	if (x->verdict == BEHAVE_ACCEPTED)
		apply(s, x);
	return true;
}

static bool load(struct site *s)
{
	json_t *o = json_load_file(s->path, 0, NULL), *list = json_object_get(o, "learnt"), *item;
	bool good = json_is_array(list);
	size_t i;

	json_array_foreach(list, i, item)
	{
		good = good && take_item(s, item);
	}
	json_decref(o);
	return good;
}

static void save_due(void *ctx)
{
	struct site *s = ctx;
	struct errmsg e = {""};

	if (s->dirty && site_save(s, &e))
		log_warn(s->setup.log, "what was learnt of the site is not saved: %s", e.text);
	(void)loop_timer_set(s->setup.loop, &s->timer, SITE_SAVE_S * NS_PER_SEC);
}

struct site *site_new(const struct site_setup *setup, struct errmsg *e)
{
	struct site *s = calloc(1, sizeof(*s));
	char aside[600];
	FILE *there;

	if (s)
		s->items = calloc(SITE_ITEMS, sizeof(*s->items));
	if (!s || !s->items) {
		free(s);
		errmsg_set(e, ERR_NOMEM, "no memory for what is learnt of the site");
		return NULL;
	}
	s->setup = *setup;
	snprintf(s->path, sizeof(s->path), "%s", setup->path);
	there = fopen(s->path, "re");
	if (there)
		fclose(there);
	if (there && !load(s)) {
		snprintf(aside, sizeof(aside), "%s.damaged", s->path);
		(void)rename(s->path, aside);
		log_warn(setup->log, "%s is damaged and was put aside as %s", s->path, aside);
	}
	s->timer = (struct loop_timer){.fn = save_due, .ctx = s};
	if (setup->loop)
		(void)loop_timer_set(setup->loop, &s->timer, SITE_SAVE_S * NS_PER_SEC);
	return s;
}

void site_free(struct site *s)
{
	struct errmsg e = {""};

	if (!s)
		return;
	if (s->setup.loop)
		loop_timer_stop(s->setup.loop, &s->timer);
	if (s->dirty && site_save(s, &e))
		log_warn(s->setup.log, "what was learnt of the site is not saved: %s", e.text);
	free(s->items);
	free(s);
}
