/* Weeks of a made-up site (site.h) through what a sensor runs: the detectors of a worker by events,
 * those of banken-control by records, with its memory saved and read again in the middle; all hits
 * as reports through the correlation of the mitigator. Says what was found when, which incidents
 * are false, and what it took. Exit status 1 when something planted is not found or more than the
 * allowed incidents are false. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "control/mitigator/incident/incident.h"
#include "control/sensor/convert.h"
#include "control/sensor/memory/memory.h"
#include "dataplane/base/clock.h"
#include "dataplane/behave/hit_record.h"
#include "tests/month/site.h"

enum { RECORD_ROOM = 4096, FALSE_SHOWN = 12 };

struct options {
	unsigned hosts, days, memory_mb, allowed;
	uint64_t seed;
	bool verbose;
};

struct found {
	uint64_t first_ns;
	char msg[128], reason[400];
};

struct month {
	struct options options;
	struct site *site;
	struct behave *worker;
	struct memory *memory;
	struct memory_setup memory_setup;
	char path[256];
	struct hosts *hosts;
	struct convert convert;
	struct incidents *incidents;
	sqlite3 *db;
	uint64_t ids, records, events, alerts, offers;
	struct found found[PLANTS];
	unsigned false_incidents, opened;
	_Alignas(8) uint8_t record[RECORD_ROOM];
};

/* ---- hits: alerts, incidents ---- */

static enum level level_of(const struct alert *a)
{
	return a->severity == SEVERITY_HIGH	? LEVEL_DANGER
	       : a->severity == SEVERITY_MEDIUM ? LEVEL_WARNING
						: LEVEL_CAUTION;
}

/* What has to find it; other hits on the same host are neither found nor false. */
static const uint32_t finds[PLANTS][3] = {[PLANT_BEACON] = {2300, 2301},
					  [PLANT_SCAN] = {2200, 2207},
					  [PLANT_TUNNEL] = {2310, 2311},
					  [PLANT_CHAIN] = {2110},
					  [PLANT_UPLOAD] = {2400, 2410}};

static bool is_find(unsigned plant, uint32_t sid)
{
	return sid == finds[plant][0] || sid == finds[plant][1] || sid == finds[plant][2];
}

static const struct site_planted *planted_on(const struct month *m, unsigned host,
					     unsigned *ret_plant)
{
	const struct site_planted *p = site_planted(m->site);

	for (*ret_plant = 0; *ret_plant < PLANTS; ++*ret_plant) {
		if (p[*ret_plant].host == host && p[*ret_plant].first_ns)
			return &p[*ret_plant];
	}
	return NULL;
}

static void judge(struct month *m, const struct alert *a, unsigned host, bool opened)
{
	unsigned plant;

	if (planted_on(m, host, &plant)) {
		struct found *f = &m->found[plant];

		if (!f->first_ns && is_find(plant, a->sid)) {
			f->first_ns = a->time;
			snprintf(f->msg, sizeof(f->msg), "%s", a->msg);
			snprintf(f->reason, sizeof(f->reason), "%s",
				 a->reasons.n ? a->reasons.items[0] : "");
		}
		return;
	}
	m->false_incidents += opened;
	if (opened && m->false_incidents <= FALSE_SHOWN)
		printf("false: day %.1f, %s: %u %s: %s\n",
		       (double)(a->time / NS_PER_SEC - SITE_START) / 86400,
		       site_kind_text(m->site, host), a->sid, a->msg,
		       a->reasons.n ? a->reasons.items[0] : "");
}

static void alert(struct month *m, struct slice record)
{
	struct incident_news news;
	struct report r = {0};
	struct errmsg e = {""};
	char id[48];
	unsigned host;

	if (convert_begin(&m->convert, record) || convert_report(&m->convert, record, &r))
		abort();
	m->alerts++;
	host = site_host_of(m->site, &r.alert.host.ip);
	/* The mitigator knows hosts by MAC, then by address. */
	if (host == UINT32_MAX)
		ip_addr_text(&r.alert.host.ip, id, false);
	else
		snprintf(id, sizeof(id), "host-%06u", host);
	if (!incidents_note(m->incidents, id, &r.alert, level_of(&r.alert), r.alert.time,
			    NS_PER_DAY, &news, &e)) {
		fprintf(stderr, "%s\n", e.text);
		abort();
	}
	m->opened += news.opened;
	if (m->options.verbose)
		printf("alert %s %u %s\n", id, r.alert.sid,
		       r.alert.reasons.n ? r.alert.reasons.items[0] : "");
	judge(m, &r.alert, host, news.opened);
}

static void worker_hit(void *ctx, const struct behave_hit *hit)
{
	struct month *m = ctx;
	_Alignas(8) uint8_t record[8192];

	alert(m, behave_hit_record(hit, m->ids++, record, sizeof(record)));
}

static void offered(void *ctx, const struct behave_offer *o)
{
	struct month *m = ctx;

	m->offers++;
	(void)o;
}

static enum behave_verdict undecided(void *ctx, enum behave_offer_kind kind,
				     const struct ip_addr *host, const char *what)
{
	(void)ctx;
	(void)kind;
	(void)host;
	(void)what;
	return BEHAVE_UNDECIDED;
}

/* ---- traffic as banken-control gets it: records ---- */

static void take(struct month *m, struct record *r, const struct record_head *h)
{
	struct slice record = record_finish(r);

	hosts_learn(m->hosts, &h->src, &h->src_mac, 0, h->time_ns);
	memory_note(m->memory, record);
	m->records++;
	for (unsigned i = 0; i < memory_hits(m->memory); i++)
		alert(m, memory_hit(m->memory, i));
	memory_sent(m->memory);
}

static struct record_head *begin(struct month *m, struct record *r, const char *type,
				 const char *app, uint64_t time_ns)
{
	struct record_head *h = record_begin(r, m->record, sizeof(m->record));

	h->id = m->ids++;
	h->time_ns = time_ns;
	h->flags = RECORD_HAS_TUPLE | RECORD_HAS_PORTS | RECORD_HANDSHAKE | RECORD_HAS_FLOW;
	h->ip_version = 4;
	snprintf(h->type, sizeof(h->type), "%s", type);
	snprintf(h->app_proto, sizeof(h->app_proto), "%s", app);
	return h;
}

static void ends(struct record_head *h, const struct site_flow *f, uint64_t flow_id)
{
	h->src = f->client;
	h->dst = f->server;
	h->src_mac = f->client_mac;
	h->dst_mac = f->server_mac;
	h->sport = f->sport;
	h->dport = f->dport;
	h->ip_proto = f->proto;
	h->flow_id = flow_id;
}

static void tls_record(struct month *m, const struct site_flow *f, uint64_t flow_id)
{
	struct record r;
	struct record_head *h = begin(m, &r, "tls", "tls", f->start_ns + 20 * NS_PER_MS);

	ends(h, f, flow_id);
	record_object(&r, "tls");
	record_text(&r, "sni", f->sni);
	record_text(&r, "version", "TLS 1.3");
	record_end(&r);
	take(m, &r, h);
}

static uint64_t packets_of(uint64_t bytes)
{
	return bytes / 1400 + 1;
}

static void flow_record(struct month *m, const struct site_flow *f, uint64_t flow_id)
{
	struct record r;
	struct record_head *h = begin(m, &r, "flow", f->app, f->end_ns);
	bool open = !f->refused && !f->silent;

	ends(h, f, flow_id);
	record_object(&r, "flow");
	record_uint(&r, "pkts_toserver", open ? packets_of(f->up) + 3 : f->silent ? 3 : 1);
	record_uint(&r, "pkts_toclient", open ? packets_of(f->down) + 3 : f->refused);
	record_uint(&r, "bytes_toserver", open ? f->up + 300 : 198);
	record_uint(&r, "bytes_toclient", open ? f->down + 300 : f->refused ? 54 : 0);
	record_time(&r, "start", f->start_ns);
	record_time(&r, "end", f->end_ns);
	record_text(&r, "state", open ? "closed" : "new");
	record_end(&r);
	if (f->proto == 6) {
		record_object(&r, "tcp");
		record_text(&r, "tcp_flags_ts", open ? "1b" : "02");
		record_text(&r, "tcp_flags_tc", open ? "1b" : f->refused ? "14" : "00");
		record_end(&r);
	}
	take(m, &r, h);
}

/* ---- traffic as a worker sees it: events ---- */

static struct behave_event event_of(const struct site_flow *f, uint64_t flow_id, uint64_t time_ns)
{
	return (struct behave_event){.kind = BEHAVE_CONNECTION,
				     .time_ns = time_ns,
				     .ends = {.client = f->client,
					      .server = f->server,
					      .client_port = f->sport,
					      .server_port = f->dport,
					      .ip_proto = f->proto,
					      .handshake = true,
					      .client_mac = f->client_mac,
					      .server_mac = f->server_mac,
					      .flow_id = flow_id}};
}

static void worker_event(struct month *m, const struct behave_event *e)
{
	m->events++;
	behave_event(m->worker, e);
}

static void worker_flow(struct month *m, const struct site_flow *f, uint64_t flow_id)
{
	struct behave_event e = event_of(f, flow_id, f->start_ns);

	e.connection.moment = BEHAVE_TRY;
	e.connection.first_flags = 2;
	worker_event(m, &e);
	if (!f->silent && !f->refused) {
		e.connection.moment = BEHAVE_OPEN;
		worker_event(m, &e);
	}
	if (f->sni) {
		e.kind = BEHAVE_TLS;
		e.tls = (struct behave_tls){.sni = SLICE_STR(f->sni),
					    .version = SLICE_LIT("TLS 1.3")};
		worker_event(m, &e);
	}
	e = event_of(f, flow_id, f->end_ns);
	e.connection = (struct behave_connection){
		.moment = BEHAVE_END,
		.bytes = {f->up + 300, f->silent ? 0 : f->down + 300},
		.packets = {packets_of(f->up) + 3, f->silent	? 0
						   : f->refused ? 1
								: packets_of(f->down) + 3},
		.start_ns = f->start_ns,
		.tcp_flags = {0x1b, f->silent	 ? 0
				    : f->refused ? 0x14
						 : 0x1b},
		.protocol = f->app};
	worker_event(m, &e);
}

static void on_flow(void *ctx, const struct site_flow *f)
{
	struct month *m = ctx;
	uint64_t flow_id = m->ids++;

	worker_flow(m, f, flow_id);
	if (f->sni)
		tls_record(m, f, flow_id);
	flow_record(m, f, flow_id);
}

static void dns_record(struct month *m, const struct site_question *q, const struct site_flow *f,
		       bool answer)
{
	struct record r;
	struct record_head *h = begin(m, &r, "dns", "dns", q->time_ns + answer * 5 * NS_PER_MS);
	char text[IP_ADDR_TEXT];

	ends(h, f, m->ids);
	record_object(&r, "dns");
	record_text(&r, "type", answer ? "answer" : "query");
	record_uint(&r, "id", m->ids & 0xffff);
	record_text(&r, "rrname", q->name);
	record_text(&r, "rrtype", q->type);
	if (answer) {
		record_text(&r, "rcode", "NOERROR");
		record_array(&r, "answers");
		record_object(&r, NULL);
		record_text(&r, "rrname", q->name);
		record_text(&r, "rrtype", q->type);
		record_text(&r, "rdata",
			    q->answer ? ip_addr_text(q->answer, text, false)
				      : "0123456789012345678901234567890123456789");
		record_end(&r);
		record_end(&r);
	}
	record_end(&r);
	take(m, &r, h);
}

static void on_question(void *ctx, const struct site_question *q)
{
	struct month *m = ctx;
	struct site_flow f = {.client = q->client,
			      .client_mac = q->client_mac,
			      .server = ip_addr_v4((uint8_t[4]){10, 0, 0, 53}),
			      .sport = (uint16_t)(20000 + m->ids % 40000),
			      .dport = 53,
			      .proto = 17};
	struct behave_event e = event_of(&f, m->ids++, q->time_ns);

	e.kind = BEHAVE_DNS;
	e.dns = (struct behave_dns){.name = SLICE_STR(q->name), .type = SLICE_STR(q->type)};
	worker_event(m, &e);
	e.dns.answer = true;
	e.dns.data = q->answer ? 4 : 40;
	worker_event(m, &e);
	dns_record(m, q, &f, false);
	dns_record(m, q, &f, true);
}

static void on_file(void *ctx, const struct site_file *f)
{
	struct month *m = ctx;
	struct behave_event e = {.kind = BEHAVE_FILE,
				 .time_ns = f->time_ns,
				 .ends = {.client = f->client,
					  .server = f->server,
					  .client_port = 30000,
					  .server_port = 80,
					  .ip_proto = 6,
					  .handshake = true,
					  .flow_id = m->ids++},
				 .file = {.to_client = true,
					  .name = SLICE_STR(f->name),
					  .host = SLICE_STR(f->host),
					  .head = SLICE(f->head, f->head_len),
					  .size = 500000}};

	worker_event(m, &e);
}

/* ---- the whole ---- */

static void start_memory(struct month *m)
{
	struct errmsg e = {""};

	m->memory_setup = (struct memory_setup){.path = m->path,
						.hosts = m->hosts,
						.config = behave_config_default,
						.offer = offered,
						.verdict = undecided,
						.ctx = m};
	m->memory_setup.config.memory_mb = 1;
	m->memory_setup.config.past_mb = m->options.memory_mb;
	m->memory_setup.config.key = (struct hash_key){3, 4};
	m->memory = memory_new(&m->memory_setup, &e);
	if (!m->memory)
		abort();
}

static void start(struct month *m)
{
	static const char *const networks[] = {"10.0.0.0/8"};
	struct site_sink traffic = {on_flow, on_question, on_file, m};
	struct behave_sink hits = {.hit = worker_hit, .ctx = m};
	struct behave_config config = behave_config_default;
	struct errmsg e;

	config.span = BEHAVE_MINUTES;
	config.key = (struct hash_key){1, 2};
	m->worker = behave_new(&config, &hits);
	m->hosts = hosts_new(networks, 1);
	m->convert.hosts = m->hosts;
	m->convert.sensor = "month";
	snprintf(m->path, sizeof(m->path), "%s/month-%d",
		 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp", (int)getpid());
	start_memory(m);
	m->incidents = incidents_new();
	if (sqlite3_open(":memory:", &m->db) != SQLITE_OK ||
	    incidents_open(m->incidents, m->db, &e))
		abort();
	m->site = site_new(m->options.hosts, m->options.days, m->options.seed, &traffic);
}

/* banken-control is started again: what it knows comes from its file. */
static void restart(struct month *m)
{
	memory_delete(m->memory);
	start_memory(m);
}

static void closed(void *ctx, const struct incident *i)
{
	(void)ctx;
	(void)i;
}

static void run(struct month *m)
{
	unsigned hours = 0;
	struct errmsg e;

	while (site_hour(m->site)) {
		if (++hours == m->options.days * 12)
			restart(m);
		if (incidents_tick(m->incidents, site_now_ns(m->site), NS_PER_DAY, closed, NULL,
				   &e))
			abort();
	}
}

static unsigned report(struct month *m, double cpu)
{
	const struct site_planted *p = site_planted(m->site);
	struct rusage usage;
	unsigned missed = 0;
	json_t *status = memory_status(m->memory);
	char *text = json_dumps(status, 0);

	for (unsigned i = 0; i < PLANTS; i++) {
		const struct found *f = &m->found[i];

		if (!f->first_ns) {
			missed++;
			printf("MISSED  %s (host %u, %s)\n", p[i].what, p[i].host,
			       site_kind_text(m->site, p[i].host));
			continue;
		}
		printf("found   %s after %.1f hours: %s\n        %s\n", p[i].what,
		       (double)(f->first_ns - p[i].first_ns) / 3.6e12, f->msg, f->reason);
	}
	getrusage(RUSAGE_SELF, &usage);
	printf("%u hosts, %u days, seed %llu: %u of %u found, %u false incidents of %u, %llu calls "
	       "offered as learnt\n",
	       m->options.hosts, m->options.days, (unsigned long long)m->options.seed,
	       PLANTS - missed, PLANTS, m->false_incidents, m->opened,
	       (unsigned long long)m->offers);
	fprintf(stderr,
		"%llu records, %llu events of a worker, %.0f s of CPU, %.1f us a record of both; "
		"peak memory of all %ld MB\nmemory of hours: %s\n",
		(unsigned long long)m->records, (unsigned long long)m->events, cpu,
		cpu * 1e6 / (double)m->records, usage.ru_maxrss / 1024, text);
	free(text);
	json_decref(status);
	return missed;
}

static void stop(struct month *m)
{
	memory_delete(m->memory);
	unlink(m->path);
	behave_delete(m->worker);
	incidents_free(m->incidents);
	sqlite3_close(m->db);
	convert_done(&m->convert);
	hosts_free(m->hosts);
	site_free(m->site);
}

static struct options options_of(int argc, char **argv)
{
	struct options o = {.hosts = 2000, .days = 30, .memory_mb = 64, .allowed = 3, .seed = 1};
	int c;

	while ((c = getopt(argc, argv, "h:d:s:m:f:v")) != -1) {
		unsigned long value = optarg ? strtoul(optarg, NULL, 10) : 0;

		if (c == 'h')
			o.hosts = (unsigned)value;
		else if (c == 'd')
			o.days = (unsigned)value;
		else if (c == 's')
			o.seed = value;
		else if (c == 'm')
			o.memory_mb = (unsigned)value;
		else if (c == 'f')
			o.allowed = (unsigned)value;
		else if (c == 'v')
			o.verbose = true;
		else
			exit(2);
	}
	if (o.hosts < 100 || o.days < 17) {
		fprintf(stderr, "month: at least 100 hosts and 17 days\n");
		exit(2);
	}
	return o;
}

int main(int argc, char **argv)
{
	struct month *m = calloc(1, sizeof(*m));
	clock_t begin_cpu = clock();
	unsigned missed;
	bool failed;

	if (!m)
		abort();
	m->options = options_of(argc, argv);
	start(m);
	run(m);
	missed = report(m, (double)(clock() - begin_cpu) / CLOCKS_PER_SEC);
	failed = missed || m->false_incidents > m->options.allowed;
	if (failed)
		printf("FAILED: all must be found with at most %u false incidents\n",
		       m->options.allowed);
	stop(m);
	free(m);
	return failed;
}
