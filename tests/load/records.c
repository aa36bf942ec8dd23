/* Fills a store with records and alerts of a month and measures what a record costs as they grow,
 * and what a month's report takes.
 *
 *   load_records STORE MILLIONS[,MILLIONS...] [last|only]   e.g. /tmp/x.db 1,10,50; reports
 *                                                      at the last step alone; at none
 *   load_records STORE report                          of a store that is there
 *
 * Every tenth is an alert; 20 customers, 200 sites with a sensor each, 60 hosts a site, 300
 * threats. Prints a table. STATE and HISTORY in the environment (BANKEN_TEST_...) put it beyond one
 * machine.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>

#include "control/centre/store/store.h"
#include "dataplane/base/clock.h"

enum { CUSTOMERS = 20, SITES = 200, HOSTS = 60, THREATS = 300, BATCH = 4096, ALERT_EVERY = 10 };

static void fail(const char *text)
{
	fprintf(stderr, "load_records: %s\n", text);
	exit(2);
}

static double seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double processor(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

struct filling {
	struct store *s;
	struct zone zone;
	uint64_t from, number, random, last; /* last: number of the month's last one */
	struct errmsg err;
};

static unsigned below(struct filling *f, unsigned n)
{
	f->random = f->random * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)((f->random >> 33) % n);
}

static void need(struct filling *f, int rc)
{
	if (rc < 0)
		fail(f->err.text);
}

static void add_places(struct filling *f)
{
	char site[32], name[32];

	need(f, store_begin(f->s, &f->err));
	for (unsigned i = 0; i < CUSTOMERS; i++) {
		snprintf(name, sizeof(name), "customer-%u", i);
		need(f, store_customer(f->s, name, name, &f->zone, &f->err));
	}
	for (unsigned i = 0; i < SITES; i++) {
		snprintf(site, sizeof(site), "site-%u", i);
		snprintf(name, sizeof(name), "sensor-%u", i);
		need(f, store_peer(f->s, name, "sensor", site, true, f->from, &f->err));
		snprintf(name, sizeof(name), "customer-%u", i % CUSTOMERS);
		need(f, store_site(f->s, site, name, &f->err));
	}
	need(f, store_commit(f->s, &f->err));
}

static void add_alert(struct filling *f, const char *id, const char *sensor, uint64_t time)
{
	static const char *tactic = "command-and-control", *technique = "T1071";
	unsigned threat = below(f, THREATS) * below(f, 100) / 100;
	uint8_t four[4] = {10, 0, (uint8_t)below(f, 4), (uint8_t)below(f, HOSTS / 4)};
	char msg[48];
	struct alert a = {
		.id = id,
		.time = time,
		.host = {.ip = ip_addr_v4(four)},
		.gid = 1,
		.sid = 9000000 + threat,
		.msg = msg,
		.category = "Command and control",
		.severity = (enum severity)(1 + threat % 4),
		.tactics = {&tactic, 1},
		.techniques = {&technique, 1},
		.eve = SLICE_LIT("{\"event_type\":\"alert\",\"src_ip\":\"10.0.0.1\",\"dest_ip\":"
				 "\"203.0.113.5\",\"proto\":\"TCP\"}"),
	};

	snprintf(msg, sizeof(msg), "Threat number %u", threat);
	need(f, store_alert(f->s, sensor, &a, &f->err));
}

static void add_one(struct filling *f)
{
	/* In the order of time, but for minutes. */
	uint64_t time = f->from +
			(uint64_t)((double)f->number / (double)f->last * 30 * NS_PER_DAY) +
			(uint64_t)below(f, 300) * NS_PER_SEC;
	struct flow_summary flow = {
		.start = time,
		.end = time,
		.event_type = "flow",
		.eve = SLICE_LIT("{\"event_type\":\"flow\",\"src_ip\":\"10.0.0.1\",\"dest_ip\":"
				 "\"203.0.113.5\",\"proto\":\"TCP\",\"app_proto\":\"tls\",\"flow\":"
				 "{\"pkts_toserver\":12,\"pkts_toclient\":14,\"bytes_toserver\":"
				 "1830,\"bytes_toclient\":9120}}"),
	};
	char id[48], sensor[32];

	/* Ids as sensors make them: they sort by nothing. */
	snprintf(id, sizeof(id), "%016llx-%llx",
		 (unsigned long long)(f->number * 0x9e3779b97f4a7c15ULL),
		 (unsigned long long)f->number);
	snprintf(sensor, sizeof(sensor), "sensor-%u", below(f, SITES));
	flow.id = id;
	if (f->number++ % ALERT_EVERY == 0)
		add_alert(f, id, sensor, time);
	else
		need(f, store_record(f->s, sensor, &flow, &f->err));
}

static void fill_to(struct filling *f, uint64_t to)
{
	while (f->number < to) {
		need(f, store_begin(f->s, &f->err));
		for (unsigned i = 0; i < BATCH && f->number < to; i++)
			add_one(f);
		need(f, store_commit(f->s, &f->err));
	}
}

static double report(struct filling *f, const char *customer)
{
	const struct store_scope scope = {customer, ""};
	struct report_monthly m;
	double began = seconds();

	need(f, store_monthly(f->s, &scope, &f->zone, f->from + NS_PER_DAY,
			      f->from + 31 * NS_PER_DAY, &m, &f->err));
	report_monthly_free(&m);
	return seconds() - began;
}

static double file_gb(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (double)st.st_size / 1e9 : 0;
}

static void print_reports(struct filling *f)
{
	double began = processor();

	printf(" %18.2f", report(f, "customer-7"));
	printf(" %18.2f", report(f, ""));
	printf("   (%.2f s of a processor)", processor() - began);
}

static void fill_in_steps(struct filling *f, const char *path, const char *steps,
			  const char *reports)
{
	const char *last = strrchr(steps, ',');

	f->last = (uint64_t)(strtod(last ? last + 1 : steps, NULL) * 1e6);
	for (const char *at = steps; *at;) {
		char *end;
		uint64_t to = (uint64_t)(strtod(at, &end) * 1e6), was = f->number;
		double began = seconds(), cpu = processor();

		if (end == at || to <= was)
			fail("MILLIONS grow, apart by commas");
		fill_to(f, to);
		began = seconds() - began;
		cpu = processor() - cpu;
		printf("%10llu %12.1f %14.1f %10.2f", (unsigned long long)to,
		       began * 1e6 / (double)(to - was), cpu * 1e6 / (double)(to - was),
		       file_gb(path));
		fflush(stdout);
		at = end + (*end == ',');
		if (strcmp(reports, "only") != 0 && (!reports[0] || !*at))
			print_reports(f);
		putchar('\n');
		fflush(stdout);
	}
}

int main(int argc, char **argv)
{
	static struct filling f = {.random = 1};
	struct store_where at = {.state = getenv("BANKEN_TEST_STATE"),
				 .history = getenv("BANKEN_TEST_HISTORY"),
				 .history_database = "banken_load"};
	struct errmsg note;

	if (argc != 3 && argc != 4)
		fail("usage: load_records STORE MILLIONS[,MILLIONS...] [last|only] | STORE report");
	at.path = argv[1];
	if (zone_set(&f.zone, "Asia/Tokyo", &f.err) != 0)
		fail(f.err.text);
	f.s = store_open_at(&at, &note, &f.err);
	if (!f.s)
		fail(f.err.text);
	f.from = zone_date(&f.zone, "2026-10-01");
	if (strcmp(argv[2], "report") != 0)
		add_places(&f);
	printf("%10s %12s %14s %10s %18s %18s\n", "records", "us a record", "us processor", "GB",
	       "report, customer s", "report, all s");
	if (strcmp(argv[2], "report") == 0)
		print_reports(&f);
	else
		fill_in_steps(&f, argv[1], argv[2], argc == 4 ? argv[3] : "");
	putchar('\n');
	store_close(f.s);
	return 0;
}
