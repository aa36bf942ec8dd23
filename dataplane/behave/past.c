#include "dataplane/behave/past.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TCP = 6, UDP = 17 };

#define POPULAR_FOR (7 * NS_PER_DAY)

enum {
	CODE = 256,	 /* of usual_up: steps of a doubling */
	FADE = CODE / 2, /* a week in which less was sent takes half a doubling */
	SITE_ASLEEP = 35 /* percent of the hosts of the busiest hour */
};

const uint32_t past_entry_sizes[PAST_TABLES] = {sizeof(struct past_place), sizeof(struct past_host),
						sizeof(struct past_place)};
const uint8_t past_weights[PAST_TABLES] = {9, 4, 2};

static uint16_t code_of(uint64_t bytes)
{
	return (uint16_t)(log2((double)bytes / 1024 + 1) * CODE);
}

static uint64_t bytes_of(uint16_t code)
{
	return (uint64_t)((exp2((double)code / CODE) - 1) * 1024);
}

/* Hours since Monday 1970-01-05 00:00 of the site's time. */
static uint64_t hours_of(const struct behave_past *p, uint64_t now_ns)
{
	int64_t seconds = (int64_t)(now_ns / NS_PER_SEC) + p->utc_offset_minutes * 60;

	return seconds > 345600 ? ((uint64_t)seconds - 345600) / 3600 : 0;
}

unsigned past_hour_of(const struct behave_past *p, uint64_t now_ns)
{
	return (unsigned)(hours_of(p, now_ns) % PAST_HOURS);
}

uint64_t past_who(const struct behave_view *v, const struct ip_addr *a)
{
	uint64_t word = v->sink->who ? v->sink->who(v->sink->ctx, a) : 0;

	return word ? word : behave_word(a);
}

/* ---- places ---- */

static struct past_place *place_at(struct behave_past *p, uint64_t word, uint64_t now_ns)
{
	bool is_new;

	return behave_table_get(&p->tables[PAST_PLACES], &word, 1, now_ns, &is_new);
}

static uint64_t word_of(const struct behave_past *p, const struct behave_endpoints *e)
{
	const struct behave_facts *f = p->view.facts;

	return f->server_inside ? f->server ^ (uint64_t)e->server_port << 32 : f->server;
}

static void set_name(struct behave_past *p, struct past_place *place, struct slice host,
		     struct slice domain)
{
	size_t len = domain.len < sizeof(place->name) ? domain.len : sizeof(place->name) - 1;

	place->domain = behave_word_bytes(&p->view, domain) | 1;
	place->made_up = behave_randomness(behave_domain_label(host)) >= 60;
	memset(place->name, 0, sizeof(place->name));
	memcpy(place->name, domain.data, len);
}

static struct past_place *flow_at(struct behave_past *p, uint64_t flow_id)
{
	return behave_table_find(&p->tables[PAST_FLOWS], &flow_id, 1);
}

/* A name is known to stand behind an address; `flow`: and was called by this one, 0 = none. */
static void name_place(struct behave_past *p, const struct ip_addr *server, uint64_t flow,
		       struct slice name, uint64_t now_ns)
{
	const uint8_t *port = name.len ? memchr(name.data, ':', name.len) : NULL;
	struct slice host = port ? SLICE(name.data, (size_t)(port - name.data)) : name;
	struct slice domain = behave_domain(host);
	struct past_place *address;
	struct ip_addr ip;
	char text[64];
	bool is_new;

	if (domain.len < 4 || domain.len >= sizeof(text) || behave_inside(server))
		return;
	memcpy(text, domain.data, domain.len);
	text[domain.len] = 0;
	if (ip_addr_parse(text, &ip) == 0 || !memchr(text, '.', domain.len))
		return;
	if (flow && p->span != BEHAVE_MINUTES)
		set_name(p, behave_table_get(&p->tables[PAST_FLOWS], &flow, 1, now_ns, &is_new),
			 host, domain);
	/* The first name stays: a later one may be told by whoever called. */
	address = place_at(p, behave_word(server), now_ns);
	if (!address->domain)
		set_name(p, address, host, domain);
}

/* What is known of where the connection goes: its own name before that of the address. */
static struct past_place *known_of(struct behave_past *p, const struct behave_endpoints *e)
{
	struct past_place *flow = p->span != BEHAVE_MINUTES ? flow_at(p, e->flow_id) : NULL;
	uint64_t word = word_of(p, e);

	return flow ? flow : behave_table_find(&p->tables[PAST_PLACES], &word, 1);
}

/* What many call is worth more than what one called since. */
static void add_to(struct behave_past *p, uint64_t word, uint64_t who, uint64_t now_ns)
{
	struct past_place *place = place_at(p, word, now_ns);

	behave_small_add(&p->view, &place->clients, who);
	if (behave_small_count(place->clients) >= p->view.limits->popular_hosts)
		behave_table_hold(&p->tables[PAST_PLACES], place, now_ns + POPULAR_FOR);
}

static void add_client(struct behave_past *p, const struct behave_event *e)
{
	uint64_t who = past_caller(&p->view, e);
	struct past_place *known;

	known = known_of(p, &e->ends);
	add_to(p, known && known->domain ? known->domain : word_of(p, &e->ends), who, e->time_ns);
}

static struct past_target target_of(struct behave_past *p, const struct behave_event *e)
{
	struct past_target t = {.word = word_of(p, &e->ends), .first_ns = e->time_ns};
	struct past_place *known = known_of(p, &e->ends), *place;

	if (known && known->domain) {
		t.word = known->domain;
		t.named = true;
		t.made_up = known->made_up;
	}
	place = behave_table_find(&p->tables[PAST_PLACES], &t.word, 1);
	if (place && place->clients) {
		t.first_ns = place->entry.start_ns;
		t.clients = behave_small_count(place->clients);
	}
	return t;
}

struct past_target past_target_of(const struct behave_view *v, const struct behave_event *e)
{
	struct past_event *now = &v->past->event;

	if (!now->target_known) {
		now->target = target_of(v->past, e);
		now->target_known = true;
	}
	return now->target;
}

struct behave_text past_name(const struct behave_view *v, const struct behave_event *e)
{
	struct past_place *known = known_of(v->past, &e->ends);
	struct behave_text text = behave_address(&e->ends.server);

	if (known && known->domain)
		snprintf(text.s, sizeof(text.s), "%s", known->name);
	return text;
}

bool past_popular(const struct behave_view *v, const struct past_target *t)
{
	return t->clients >= v->limits->popular_hosts;
}

bool past_offered(const struct behave_view *v, const struct behave_event *e,
		  const struct past_target *t, const struct past_rhythm *r)
{
	uint64_t until = v->past->site.first_ns + v->limits->learn_days * NS_PER_DAY;
	struct behave_text client, name;
	struct behave_offer o = {.kind = BEHAVE_OFFER_CALL, .time_ns = e->time_ns};
	enum behave_verdict verdict = BEHAVE_UNDECIDED;
	struct behave_table *places = &v->past->tables[PAST_PLACES];
	struct past_place *place;

	if (v->past->span != BEHAVE_HOURS)
		return false;
	client = behave_address(&e->ends.client);
	name = past_name(v, e);
	if (v->sink->verdict)
		verdict = v->sink->verdict(v->sink->ctx, o.kind, &e->ends.client, name.s);
	if (verdict != BEHAVE_UNDECIDED)
		return verdict == BEHAVE_ACCEPTED;
	if ((t->first_ns >= until && r->since_ns >= until) || !t->named || t->made_up)
		return false;
	/* Such a place is worth remembering. */
	place = behave_table_find(places, &t->word, 1);
	if (place)
		behave_table_hold(places, place, e->time_ns + POPULAR_FOR);
	o.host = e->ends.client;
	snprintf(o.what, sizeof(o.what), "%.*s", (int)sizeof(o.what) - 1, name.s);
	snprintf(o.reason_en, sizeof(o.reason_en),
		 "%s has called %s every %.0f seconds since the site was learnt; %u hosts here do.",
		 client.s, name.s, r->every_seconds, t->clients);
	snprintf(o.reason_ja, sizeof(o.reason_ja),
		 "%sは学習期間から%sを%.0f秒ごとに呼び出しています(同じ宛先を使うホストは%u台)。",
		 client.s, name.s, r->every_seconds, t->clients);
	if (v->sink->offer)
		v->sink->offer(v->sink->ctx, &o);
	return true;
}

/* ---- hosts ---- */

struct past_host *past_client_of(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key;

	if (v->past->event.client)
		return v->past->event.client;
	key = past_caller(v, e);
	return behave_table_find(&v->past->tables[PAST_HOSTS], &key, 1);
}

/* The hour is over: what it was becomes part of what is usual. */
static void close_hour(struct past_host *h)
{
	unsigned at = (unsigned)(h->hour % PAST_HOURS);
	uint16_t now = code_of(h->up), was = h->usual_up[at];

	was = was > FADE ? was - FADE : 0;
	h->usual_up[at] = now > was ? now : was;
	h->busy -= h->busy / 128;
	h->busy = h->calls > h->busy ? h->calls : h->busy;
	/* A machine that is left on calls home at night; that is not what it does by day. */
	if (h->calls * 4 >= h->busy)
		h->seen[at / 8] |= (uint8_t)(1 << at % 8);
}

static void note_host(struct behave_past *p, const struct behave_event *e)
{
	uint64_t key = past_caller(&p->view, e), hour = hours_of(p, e->time_ns);
	struct past_host *h;
	bool is_new;

	h = behave_table_get(&p->tables[PAST_HOSTS], &key, 1, e->time_ns, &is_new);
	p->event.client = h;
	if (hour > h->hour) {
		if (h->hour)
			close_hour(h);
		h->hour = hour;
		h->up = 0;
		h->calls = 0;
	}
	if (h->calls++ == 0)
		p->site.active[hour % PAST_HOURS]++;
	if (!p->view.facts->server_inside)
		h->up += e->connection.bytes[0];
}

static bool weekend(unsigned hour)
{
	return hour >= 5 * 24;
}

/* Calls `what` for that hour of each day of its kind, the one before and the one after. */
static uint64_t most_about(const struct past_host *h, unsigned hour,
			   uint64_t (*what)(const struct past_host *h, unsigned hour))
{
	uint64_t most = 0;

	for (unsigned at = 0; at < PAST_HOURS; at++) {
		unsigned apart = (at % 24 + 24 - hour % 24) % 24;
		uint64_t value;

		if (weekend(at) != weekend(hour) || (apart > 1 && apart < 23))
			continue;
		value = what(h, at);
		most = value > most ? value : most;
	}
	return most;
}

static uint64_t up_at(const struct past_host *h, unsigned hour)
{
	return h->usual_up[hour];
}

static uint64_t seen_at(const struct past_host *h, unsigned hour)
{
	return h->seen[hour / 8] >> (hour % 8) & 1;
}

uint64_t past_usual_up(const struct behave_past *p, const struct past_host *h, uint64_t now_ns)
{
	return bytes_of((uint16_t)most_about(h, past_hour_of(p, now_ns), up_at));
}

bool past_is_known(const struct behave_view *v, const struct past_host *h, uint64_t now_ns)
{
	return now_ns > h->entry.start_ns &&
	       now_ns - h->entry.start_ns >= v->limits->history_days * NS_PER_DAY;
}

bool past_off_hours(const struct behave_view *v, const struct past_host *h, uint64_t now_ns)
{
	const struct past_site *site = &v->past->site;
	unsigned hour = past_hour_of(v->past, now_ns);
	uint32_t busiest = 0;

	for (unsigned i = 0; i < PAST_HOURS; i++)
		busiest = site->active[i] > busiest ? site->active[i] : busiest;
	return !most_about(h, hour, seen_at) &&
	       (uint64_t)site->active[hour] * 100 < (uint64_t)busiest * SITE_ASLEEP;
}

/* ---- events ---- */

void past_ahead(const struct behave_past *p, const struct behave_event *e, struct behave_ahead *a)
{
	uint64_t word;

	if (e->kind != BEHAVE_CONNECTION || e->connection.moment == BEHAVE_TRY ||
	    !p->view.facts->client_inside || !p->view.facts->server_unicast)
		return;
	word = word_of(p, &e->ends);
	behave_ahead_add(a, &p->tables[PAST_PLACES], &word, 1);
	if (p->span == BEHAVE_MINUTES)
		return;
	behave_ahead_add(a, &p->tables[PAST_FLOWS], &e->ends.flow_id, 1);
	word = past_caller(&p->view, e);
	if (e->connection.moment == BEHAVE_END)
		behave_ahead_add(a, &p->tables[PAST_HOSTS], &word, 1);
}

static void note_dns(struct behave_past *p, const struct behave_event *e)
{
	for (unsigned i = 0; i < e->dns.address_count; i++)
		name_place(p, &e->dns.addresses[i], 0, e->dns.name, e->time_ns);
}

void past_note(struct behave_past *p, const struct behave_event *e)
{
	bool open = e->kind == BEHAVE_CONNECTION && e->connection.moment == BEHAVE_OPEN;
	bool end = e->kind == BEHAVE_CONNECTION && e->connection.moment == BEHAVE_END;

	if (!p->site.first_ns)
		p->site.first_ns = e->time_ns;
	p->event.target_known = false;
	p->event.client = NULL;
	if (e->kind == BEHAVE_TLS && e->tls.sni.len)
		name_place(p, &e->ends.server, e->ends.flow_id, e->tls.sni, e->time_ns);
	else if (e->kind == BEHAVE_HTTP && e->http.host.len)
		name_place(p, &e->ends.server, e->ends.flow_id, e->http.host, e->time_ns);
	else if (e->kind == BEHAVE_DNS)
		note_dns(p, e);
	else if ((open || end) && p->view.facts->client_inside && p->view.facts->server_unicast) {
		if (open)
			add_client(p, e);
		else if (p->span != BEHAVE_MINUTES)
			note_host(p, e);
	}
}
