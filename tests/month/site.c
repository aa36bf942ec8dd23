#include "tests/month/site.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum kind { PC, LAPTOP, ALWAYS_ON, SERVER, PRINTER, MACHINE, MONITOR, KINDS };

static const char *const kind_texts[KINDS] = {"office PC",	  "laptop",  "PC that is never off",
					      "server",		  "printer", "machine",
					      "monitoring server"};

/* What a host does again and again; its next time is drawn when it has happened. */
enum routine {
	BROWSE,
	SYSTEM_TELEMETRY, /* hourly, everybody */
	VIRUS_SCANNER,	  /* every five minutes, everybody */
	VIRUS_LOOKUP,	  /* coded names, everybody */
	UPDATES,
	ENGINE,
	MAIL,
	FILE_SERVER,
	PEERS, /* updates from neighbours, a third of them off */
	TIME,
	BIG_UPLOAD,   /* now and then, to a place that all use */
	TAB,	      /* a page of a rare place that polls for up to an hour */
	HABIT,	      /* three rare places, each morning */
	RARE_SERVICE, /* few hosts poll a rare service all day */
	CLOUD_BACKUP, /* servers, at night */
	MAINTENANCE,  /* servers: packages */
	DEVICE,	      /* printers and machines call their vendor by the clock */
	PRINTING,
	POLLING,	/* monitoring: all servers and printers, every five minutes */
	LATE_TELEMETRY, /* a program installed in the second week that nobody else has */
	OLD_SERVER,	/* still configured, switched off in the third week */
	PLANTED,
};

struct turn {
	uint64_t at; /* seconds since SITE_START */
	uint64_t state;
	uint32_t host;
	uint8_t routine;
};

struct host {
	enum kind kind;
	uint32_t group, since_day;
	bool late;	       /* gets a program that nobody else has */
	enum site_plant plant; /* PLANTS: none */
};

struct site {
	struct site_sink sink;
	unsigned hosts, days;
	uint64_t seed, now, flows;
	struct host *host;
	struct turn *heap;
	unsigned turns, room;
	struct site_planted planted[PLANTS];
	char name[160], name2[160];
};

/* ---- chance ---- */

static uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
	return z ^ z >> 31;
}

static uint64_t below(uint64_t *state, uint64_t n)
{
	return n ? draw(state) % n : 0;
}

static bool chance(uint64_t *state, unsigned per_mille)
{
	return below(state, 1000) < per_mille;
}

/* About `mean`, as waiting times are. */
static uint64_t waiting(uint64_t *state, double mean)
{
	double u = (double)((draw(state) >> 11) + 1) / 9007199254740993.0;

	return 1 + (uint64_t)(-mean * log(u));
}

static uint64_t fixed_draw(const struct site *s, uint64_t a, uint64_t b)
{
	uint64_t state = hash_mix(s->seed ^ a * 0x9e3779b9, b + 77);

	return draw(&state);
}

/* ---- who is on when ---- */

struct day {
	uint64_t from, to; /* seconds of the day; equal: not at all */
};

static struct day day_of(const struct site *s, uint32_t host, uint64_t day)
{
	uint64_t state = fixed_draw(s, host, day * 3 + 1);
	uint64_t habit = fixed_draw(s, host, 1u << 30);
	bool weekend = day % 7 >= 5;
	struct day d;

	if (weekend ? !chance(&state, 30) : chance(&state, 50))
		return (struct day){0, 0};
	d.from = (8 * 3600) + habit % 7200 + below(&state, 1800);
	d.to = (17 * 3600) + (habit >> 16) % 7200 + below(&state, 3600);
	if (weekend) {
		d.from += 2 * 3600;
		d.to = d.from + 3600 + below(&state, 3 * 3600);
	} else if (chance(&state, 20)) {
		d.to = (21 * 3600) + below(&state, 2 * 3600 + 1800);
	}
	return d;
}

static bool is_person(enum kind k)
{
	return k == PC || k == LAPTOP || k == ALWAYS_ON;
}

/* The first second from `at` on at which somebody works at the host. */
static uint64_t at_work(const struct site *s, uint32_t host, uint64_t at)
{
	for (uint64_t day = at / 86400; day < s->days + 1u; day++) {
		struct day d = day_of(s, host, day);
		uint64_t from = day * 86400 + d.from, to = day * 86400 + d.to;

		if (d.from == d.to || at >= to)
			continue;
		return at > from ? at : from;
	}
	return UINT64_MAX;
}

/* The first at which it is switched on. */
static uint64_t when_on(const struct site *s, uint32_t host, uint64_t at)
{
	enum kind k = s->host[host].kind;

	return k == PC || k == LAPTOP ? at_work(s, host, at) : at;
}

/* ---- addresses and names ---- */

static struct ip_addr v4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	uint8_t four[4] = {(uint8_t)a, (uint8_t)b, (uint8_t)c, (uint8_t)d};

	return ip_addr_v4(four);
}

static struct ip_addr address_of(const struct site *s, uint32_t host, uint64_t at)
{
	/* Laptops have another address each week, of a pool of its own. */
	unsigned pool = s->host[host].kind == LAPTOP ? 101 + (unsigned)(at / 604800) : 1;

	return v4(10, pool, host / 250, 1 + host % 250);
}

unsigned site_host_of(const struct site *s, const struct ip_addr *a)
{
	unsigned host;

	if (!ip_addr_is_v4(a) || a->bytes[12] != 10 || (a->bytes[13] != 1 && a->bytes[13] < 101))
		return UINT32_MAX;
	host = a->bytes[14] * 250u + a->bytes[15] - 1;
	return host < s->hosts ? host : UINT32_MAX;
}

static struct mac_addr mac_of(uint32_t host)
{
	return (struct mac_addr){
		{2, 0, 0, (uint8_t)(host >> 16), (uint8_t)(host >> 8), (uint8_t)host}};
}

static const struct mac_addr gateway = {{2, 1, 0, 0, 0, 1}};

static struct ip_addr outside_of(const struct site *s, const char *name, unsigned which)
{
	static const struct hash_key key = {3, 4};
	uint64_t h = hash_bytes(&key, name, strlen(name));

	(void)s;
	return v4(93, (unsigned)(h & 255), (unsigned)(h >> 8 & 255),
		  1 + (h >> 16) % 60 * 4 + which);
}

/* ---- turns ---- */

static void push(struct site *s, struct turn t)
{
	unsigned i = s->turns++;

	if (s->turns > s->room) {
		s->room = s->room ? s->room * 2 : 1024;
		s->heap = realloc(s->heap, s->room * sizeof(*s->heap));
		if (!s->heap)
			abort();
	}
	while (i > 0 && s->heap[(i - 1) / 2].at > t.at) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = t;
}

static struct turn pop(struct site *s)
{
	struct turn first = s->heap[0], last = s->heap[--s->turns];
	unsigned i = 0;

	for (;;) {
		unsigned child = 2 * i + 1;

		if (child >= s->turns)
			break;
		if (child + 1 < s->turns && s->heap[child + 1].at < s->heap[child].at)
			child++;
		if (s->heap[child].at >= last.at)
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return first;
}

static void begin(struct site *s, uint32_t host, enum routine r, uint64_t at)
{
	push(s, (struct turn){at, fixed_draw(s, host, 1000 + r), host, (uint8_t)r});
}

/* ---- what happens ---- */

static uint64_t ns_of(const struct site *s, uint64_t at)
{
	return (SITE_START + at) * NS_PER_SEC + (s->flows * 7919) % NS_PER_SEC;
}

static void flow(struct site *s, uint32_t host, struct ip_addr server, uint16_t port,
		 struct site_flow f)
{
	uint64_t now = ns_of(s, s->now);

	f.client = address_of(s, host, s->now);
	f.client_mac = mac_of(host);
	f.server = server;
	f.server_mac = gateway;
	f.start_ns = now;
	f.end_ns = now + (f.up + f.down) * 80 + 200 * NS_PER_MS; /* some 100 Mbit/s */
	f.sport = (uint16_t)(20000 + s->flows++ % 40000);
	f.dport = port;
	if (!f.proto)
		f.proto = 6;
	if (!f.app)
		f.app = "";
	s->sink.flow(s->sink.ctx, &f);
}

static void question(struct site *s, uint32_t host, const char *name, const char *type,
		     const struct ip_addr *answer)
{
	struct site_question q = {
		ns_of(s, s->now), address_of(s, host, s->now), mac_of(host), name, type, answer};

	s->flows++;
	s->sink.question(s->sink.ctx, &q);
}

/* A name is looked up and called with TLS. */
static void call(struct site *s, uint32_t host, const char *name, unsigned which, uint64_t up,
		 uint64_t down)
{
	struct ip_addr server = outside_of(s, name, which);

	question(s, host, name, "A", &server);
	flow(s, host, server, 443,
	     (struct site_flow){.up = up, .down = down, .app = "tls", .sni = name});
}

static const char program[] = "MZ\220\0\3\0\0\0\4\0\0\0\377\377";
static const char document[] = "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0\0\0";

static void file(struct site *s, uint32_t host, const char *from, unsigned which, const char *name,
		 bool runs)
{
	struct site_file f = {ns_of(s, s->now),
			      address_of(s, host, s->now),
			      outside_of(s, from, which),
			      name,
			      from,
			      runs ? program : document,
			      runs ? sizeof(program) : sizeof(document)};

	s->sink.file(s->sink.ctx, &f);
}

/* Places by how often they are called: a few by all, most by few, some by one. */
static void browse(struct site *s, uint32_t host, uint64_t *state)
{
	unsigned flows = 1 + (unsigned)below(state, 3);
	uint64_t n;

	if (chance(state, 40)) {
		snprintf(s->name, sizeof(s->name), "www.club%u.example",
			 (unsigned)below(state, 400000));
	} else if (chance(state, 30)) {
		snprintf(s->name, sizeof(s->name), "up.storage%u.example",
			 (unsigned)below(state, 12));
	} else {
		double u = (double)below(state, 1000000) / 1e6;

		n = (uint64_t)(5000 * u * u * u);
		snprintf(s->name, sizeof(s->name), "www.site%u.example", (unsigned)n);
	}
	for (unsigned i = 0; i < flows; i++)
		call(s, host, s->name, i % 3, 800 + below(state, 6000),
		     4000 + below(state, 400000));
}

static void peers(struct site *s, uint32_t host, uint64_t *state)
{
	uint32_t peer = (uint32_t)below(state, s->hosts);
	bool off = when_on(s, peer, s->now) != s->now || chance(state, 100);

	if (peer != host)
		flow(s, host, address_of(s, peer, s->now), 7680,
		     (struct site_flow){.silent = off, .up = 600, .down = 100000});
}

static void updates(struct site *s, uint32_t host, uint64_t *state)
{
	unsigned which = (unsigned)below(state, 4);

	call(s, host, "download.os-updates.example", which, 4000, 5000000 + below(state, 50000000));
	file(s, host, "download.os-updates.example", which, "update.exe", true);
}

/* The scanner's program, from elsewhere and often at the same time: when the machine is started. */
static void engine(struct site *s, uint32_t host)
{
	call(s, host, "dl.scanner.example", 0, 2000, 4000000);
	file(s, host, "dl.scanner.example", 0, "engine.exe", true);
}

static void device(struct site *s, uint32_t host, uint64_t *state)
{
	/* Three vendors of printers, six of machines, and some that stand alone here. */
	snprintf(s->name, sizeof(s->name), "api.%s%u.example",
		 s->host[host].kind == PRINTER ? "printers" : "machines", s->host[host].group);
	call(s, host, s->name, 0, 900 + below(state, 300), 700 + below(state, 300));
}

static void polling(struct site *s, uint32_t host)
{
	for (uint32_t other = 0; other < s->hosts; other++) {
		enum kind k = s->host[other].kind;

		if (k == SERVER || k == PRINTER)
			flow(s, host, address_of(s, other, s->now), k == SERVER ? 5666 : 9100,
			     (struct site_flow){.up = 400, .down = 300});
	}
}

static uint64_t every(const struct site *s, uint32_t host, uint64_t *state, double seconds,
		      unsigned jitter_percent)
{
	double jitter = seconds * jitter_percent / 100;
	uint64_t next = (uint64_t)(seconds - jitter) + below(state, (uint64_t)(2 * jitter) + 1);

	return when_on(s, host, s->now + next);
}

static uint64_t tomorrow(const struct site *s)
{
	return (s->now / 86400 + 1) * 86400;
}

static uint64_t person(struct site *s, struct turn *t)
{
	uint64_t *st = &t->state, day;
	uint32_t host = t->host;

	switch ((enum routine)t->routine) {
	case BROWSE:
		browse(s, host, st);
		return at_work(s, host, s->now + waiting(st, 420));
	case MAIL:
		call(s, host, "mail.cloud-office.example", 1, 3000, 8000);
		return at_work(s, host, s->now + 540 + below(st, 120));
	case FILE_SERVER:
		flow(s, host, v4(10, 0, 0, 10 + (unsigned)below(st, 5)), 445,
		     (struct site_flow){.up = 20000, .down = 400000, .app = "smb"});
		return at_work(s, host, s->now + waiting(st, 1500));
	case PEERS:
		peers(s, host, st);
		return at_work(s, host, s->now + waiting(st, 9000));
	case BIG_UPLOAD:
		snprintf(s->name, sizeof(s->name), "up.storage%u.example", (unsigned)below(st, 12));
		call(s, host, s->name, 0, 50000000 + below(st, 1500000000), 200000);
		return at_work(s, host, s->now + waiting(st, 25 * 86400.0));
	case HABIT:
		day = s->now / 86400;
		for (unsigned i = 0; i < 3; i++) {
			snprintf(s->name, sizeof(s->name), "www.hobby%u-%u.example", host, i);
			call(s, host, s->name, 0, 2000, 60000);
		}
		day = at_work(s, host, (day + 1) * 86400);
		return day == UINT64_MAX ? day : day + 300 + below(st, 1500);
	case PRINTING:
		flow(s, host, v4(10, 0, 0, 25), 9100,
		     (struct site_flow){.up = 300000, .down = 2000});
		return at_work(s, host, s->now + waiting(st, 20000));
	default:
		return UINT64_MAX;
	}
}

/* A page is opened and polls until it is closed; `state` counts down in its low bits. */
static uint64_t tab(struct site *s, struct turn *t)
{
	unsigned left = t->state & 0xff;
	uint64_t draws = t->state >> 8;

	snprintf(s->name, sizeof(s->name), "live.ticker%u-%u.example", t->host,
		 (unsigned)(draws & 0xffff));
	if (left > 0) {
		call(s, t->host, s->name, 0, 700, 1500);
		t->state--;
		return s->now + 29 + draws % 3;
	}
	draws = fixed_draw(s, t->host, s->now);
	t->state = draws << 8 | (20 + draws % 90);
	return at_work(s, t->host, s->now + waiting(&draws, 20 * 86400.0));
}

static uint64_t background(struct site *s, struct turn *t)
{
	uint64_t *st = &t->state;
	uint32_t host = t->host;

	switch ((enum routine)t->routine) {
	case SYSTEM_TELEMETRY:
		call(s, host, "telemetry.os-vendor.example", (unsigned)below(st, 4), 3000, 1200);
		return every(s, host, st, 3600, 5);
	case VIRUS_SCANNER:
		flow(s, host, outside_of(s, "av.scanner.example", (unsigned)below(st, 2)), 443,
		     (struct site_flow){
			     .up = 900, .down = 700, .app = "tls", .sni = "av.scanner.example"});
		return every(s, host, st, 300, 2);
	case VIRUS_LOOKUP:
		snprintf(s->name, sizeof(s->name), "%016llx%016llx.l.av-lookup.example",
			 (unsigned long long)draw(st), (unsigned long long)draw(st));
		question(s, host, s->name, "A", NULL);
		return every(s, host, st, 900, 50);
	case UPDATES:
		updates(s, host, st);
		return every(s, host, st, 86400, 20);
	case ENGINE:
		engine(s, host);
		return every(s, host, st, 14400, 20);
	case TIME:
		flow(s, host, v4(10, 0, 0, 123), 123,
		     (struct site_flow){.proto = 17, .up = 90, .down = 90, .app = "ntp"});
		return every(s, host, st, 4096, 1);
	case RARE_SERVICE:
		snprintf(s->name, sizeof(s->name), "app.service%u.example", s->host[host].group);
		call(s, host, s->name, 0, 1500, 2500);
		return at_work(s, host, s->now + 880 + below(st, 40));
	case LATE_TELEMETRY:
		snprintf(s->name, sizeof(s->name), "ping.newprogram%u.example", host);
		call(s, host, s->name, 0, 1100, 600);
		return every(s, host, st, 14400, 3);
	case OLD_SERVER:
		flow(s, host, v4(10, 0, 0, 30), 8443,
		     (struct site_flow){.silent = s->now > 15 * 86400, .up = 500, .down = 500});
		return every(s, host, st, 7200, 30);
	default:
		return UINT64_MAX;
	}
}

static uint64_t machine_room(struct site *s, struct turn *t)
{
	uint64_t *st = &t->state;
	uint32_t host = t->host;

	switch ((enum routine)t->routine) {
	case CLOUD_BACKUP:
		/* Most share a cloud; every tenth has one of its own. Whole on Sundays. */
		if (s->host[host].group % 10 == 0)
			snprintf(s->name, sizeof(s->name), "vault.own%u.example", host);
		else
			snprintf(s->name, sizeof(s->name), "in.backup-cloud.example");
		for (unsigned i = 0; i < 8; i++)
			call(s, host, s->name, 0,
			     (s->now / 86400 % 7 == 6 ? 160000000 : 30000000) + below(st, 5000000),
			     100000);
		return tomorrow(s) + 7200 + below(st, 1800);
	case MAINTENANCE:
		call(s, host, "packages.distribution.example", 1, 2000, 3000000);
		return every(s, host, st, 21600, 5);
	case DEVICE:
		device(s, host, st);
		return every(s, host, st, 3600.0 * (1 + s->host[host].group % 7), 4);
	case POLLING:
		polling(s, host);
		return s->now + 900;
	default:
		return UINT64_MAX;
	}
}

/* ---- what is planted ---- */

static uint64_t beacon(struct site *s, struct turn *t)
{
	call(s, t->host, "static.weather-widgets.example", 0, 700 + below(&t->state, 200),
	     600 + below(&t->state, 400));
	return every(s, t->host, &t->state, 6 * 3600, 20);
}

static uint64_t slow_scan(struct site *s, struct turn *t)
{
	uint64_t *st = &t->state;
	bool there = chance(st, 150);

	flow(s, t->host,
	     v4(10, 40 + (unsigned)below(st, 4), (unsigned)below(st, 250),
		1 + (unsigned)below(st, 250)),
	     445,
	     (struct site_flow){.silent = !there && chance(st, 700),
				.refused = !there,
				.up = 200,
				.down = 100});
	return every(s, t->host, st, 600, 30);
}

static uint64_t tunnel(struct site *s, struct turn *t)
{
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	char coded[48] = "";

	for (unsigned i = 0; i < 42; i++)
		coded[i] = alphabet[below(&t->state, 32)];
	snprintf(s->name, sizeof(s->name), "%s.c.fonts-mirror.example", coded);
	question(s, t->host, s->name, "TXT", NULL);
	return every(s, t->host, &t->state, 60, 10);
}

/* A document, then what it fetches, from two places that nobody knows. */
static uint64_t chain(struct site *s, struct turn *t)
{
	call(s, t->host, "files.invoice-portal.example", 0, 900, 180000);
	file(s, t->host, "files.invoice-portal.example", 0, "invoice.doc", false);
	s->now += 25;
	call(s, t->host, "img.photo-share.example", 0, 700, 900000);
	file(s, t->host, "img.photo-share.example", 0, "logo.png", true);
	return UINT64_MAX;
}

static uint64_t night_upload(struct site *s, struct turn *t)
{
	unsigned left = (unsigned)(t->state % 16);

	call(s, t->host, "drop.paste-files.example", 0, 24000000, 60000);
	t->state--;
	return left > 1 ? s->now + 120 : UINT64_MAX;
}

static uint64_t planted(struct site *s, struct turn *t)
{
	static uint64_t (*const acts[PLANTS])(struct site * s, struct turn * t) = {
		beacon, slow_scan, tunnel, chain, night_upload};
	enum site_plant p = s->host[t->host].plant;

	if (!s->planted[p].first_ns)
		s->planted[p].first_ns = ns_of(s, s->now);
	return acts[p](s, t);
}

static uint64_t act(struct site *s, struct turn *t)
{
	switch ((enum routine)t->routine) {
	case PLANTED:
		return planted(s, t);
	case TAB:
		return tab(s, t);
	case CLOUD_BACKUP:
	case MAINTENANCE:
	case DEVICE:
	case POLLING:
		return machine_room(s, t);
	case SYSTEM_TELEMETRY:
	case VIRUS_SCANNER:
	case VIRUS_LOOKUP:
	case UPDATES:
	case ENGINE:
	case TIME:
	case RARE_SERVICE:
	case LATE_TELEMETRY:
	case OLD_SERVER:
		return background(s, t);
	default:
		return person(s, t);
	}
}

bool site_hour(struct site *s)
{
	uint64_t until = (s->now / 3600 + 1) * 3600;

	while (s->turns > 0 && s->heap[0].at < until) {
		struct turn t = pop(s);
		uint64_t next;

		s->now = t.at;
		next = act(s, &t);
		if (next == UINT64_MAX)
			continue;
		t.at = next > s->now ? next : s->now + 1;
		push(s, t);
	}
	s->now = until;
	return until < s->days * 86400ULL;
}

/* ---- start ---- */

static void begin_person(struct site *s, uint32_t i)
{
	static const enum routine works[] = {BROWSE,	 MAIL,	FILE_SERVER, PEERS,
					     BIG_UPLOAD, HABIT, PRINTING};
	static const enum routine runs[] = {SYSTEM_TELEMETRY, VIRUS_SCANNER, VIRUS_LOOKUP, UPDATES,
					    ENGINE,	      TIME,	     OLD_SERVER};
	uint64_t first = s->host[i].since_day * 86400ULL, state = fixed_draw(s, i, 5);

	for (size_t r = 0; r < sizeof(works) / sizeof(*works); r++) {
		double mean = works[r] == BIG_UPLOAD ? 20 * 86400.0 : 900;
		uint64_t at = at_work(s, i, first + waiting(&state, mean));

		if (at != UINT64_MAX)
			begin(s, i, works[r], at);
	}
	for (size_t r = 0; r < sizeof(runs) / sizeof(*runs); r++) {
		uint64_t at =
			when_on(s, i, first + below(&state, runs[r] == UPDATES ? 86400 : 3600));

		if (at != UINT64_MAX)
			begin(s, i, runs[r], at);
	}
	push(s, (struct turn){at_work(s, i, first + waiting(&state, 15 * 86400.0)), state << 8, i,
			      TAB});
	if (i % 113 == 5) {
		s->host[i].group = i / 113 / 3; /* three hosts a service */
		begin(s, i, RARE_SERVICE, at_work(s, i, first));
	}
}

static void begin_other(struct site *s, uint32_t i)
{
	uint64_t state = fixed_draw(s, i, 6);

	begin(s, i, TIME, below(&state, 4096));
	switch (s->host[i].kind) {
	case SERVER:
		begin(s, i, VIRUS_SCANNER, below(&state, 300));
		begin(s, i, MAINTENANCE, below(&state, 21600));
		if (i % 2)
			begin(s, i, CLOUD_BACKUP, 7200 + below(&state, 1800));
		break;
	case MONITOR:
		begin(s, i, POLLING, 10);
		break;
	default:
		begin(s, i, DEVICE, below(&state, 3600));
		break;
	}
}

static void people(struct site *s, uint32_t i)
{
	struct host *h = &s->host[i];
	unsigned of100 = i % 100;

	h->plant = PLANTS;
	if (i == 7) {
		h->kind = MONITOR;
	} else if (of100 < 4) {
		h->kind = SERVER;
		h->group = i / 100 * 4 + of100;
	} else if (of100 < 12) {
		h->kind = PRINTER;
		h->group = i % 3;
	} else if (of100 < 15) {
		h->kind = MACHINE;
		/* Six fleets, and in three places one that stands alone. */
		h->group = i % 600 == 14 ? 100 + i : i % 6;
	} else {
		h->kind = of100 < 80 ? PC : of100 < 86 ? LAPTOP : ALWAYS_ON;
		h->since_day = i % 50 == 49 ? 8 + i % 17 : 0; /* new ones */
	}
}

static void plant(struct site *s, uint64_t *state)
{
	static const char *const what[PLANTS] = {
		"beacon every 6 hours, 20 % jitter", "slow scan, a try in 10 minutes",
		"DNS tunnel, a question a minute", "chain download", "upload at night"};

	for (enum site_plant p = 0; p < PLANTS; p++) {
		uint64_t at = (8 + below(state, s->days > 18 ? s->days - 16 : 1)) * 86400ULL;
		uint32_t i;

		do
			i = (uint32_t)below(state, s->hosts);
		while (!is_person(s->host[i].kind) || s->host[i].plant != PLANTS ||
		       s->host[i].since_day || s->host[i].late ||
		       /* what runs at night runs where it is not switched off */
		       ((p == PLANT_BEACON) != (s->host[i].kind == ALWAYS_ON)));
		s->host[i].plant = p;
		s->planted[p] = (struct site_planted){what[p], i, 0};
		if (p == PLANT_UPLOAD)
			at += (2 * 3600) + below(state, 7200);
		else if (p == PLANT_CHAIN || p == PLANT_SCAN || p == PLANT_TUNNEL)
			at = at_work(s, i, at + (10 * 3600));
		push(s, (struct turn){at, fixed_draw(s, i, 9) / 16 * 16 + 12, i, PLANTED});
	}
}

struct site *site_new(unsigned hosts, unsigned days, uint64_t seed, const struct site_sink *sink)
{
	struct site *s = calloc(1, sizeof(*s));
	uint64_t state = seed;

	if (!s)
		abort();
	s->sink = *sink;
	s->hosts = hosts;
	s->days = days;
	s->seed = draw(&state);
	s->host = calloc(hosts, sizeof(*s->host));
	if (!s->host)
		abort();
	for (uint32_t i = 0; i < hosts; i++) {
		people(s, i);
		if (is_person(s->host[i].kind))
			begin_person(s, i);
		else
			begin_other(s, i);
	}
	/* Two programs that nobody else has come in the second week. */
	for (unsigned n = 0; n < 2; n++) {
		uint32_t i = 90 + n * 100 < hosts ? 90 + n * 100 : 16 + n;

		s->host[i].late = true;
		begin(s, i, LATE_TELEMETRY, when_on(s, i, (12 + n) * 86400ULL + 36000));
	}
	plant(s, &state);
	return s;
}

void site_free(struct site *s)
{
	free(s->host);
	free(s->heap);
	free(s);
}

uint64_t site_now_ns(const struct site *s)
{
	return (SITE_START + s->now) * NS_PER_SEC;
}

const struct site_planted *site_planted(const struct site *s)
{
	return s->planted;
}

unsigned site_hosts(const struct site *s)
{
	return s->hosts;
}

const char *site_kind_text(const struct site *s, unsigned host)
{
	return host < s->hosts ? kind_texts[s->host[host].kind] : "an address of nobody";
}
