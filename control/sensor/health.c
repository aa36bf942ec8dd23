#include "control/sensor/health.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "control/sensor/health_mirror.h"
#include "dataplane/api/paths.h"
#include "dataplane/base/clock.h"

enum {
	PROBLEMS_MAX = 32,
	SENTENCE = 400,
	CERT_WARN_DAYS = 30,
	SPOOLS = 2,
	MIRROR_WINDOW_S = 60,
	SPANS = STATS_SENTENCES + MIRROR_FAULTS
};

struct health {
	struct health_setup setup;
	uint64_t started;
	struct stats_reader *stats;
	uint64_t last_cpu_ns, last_cpu_at;
	double cpu_share;
	/* what the last report points to */
	struct named_count drops[HEALTH_DROPS_MAX], counters[HEALTH_COUNTERS_MAX];
	struct ring_health rings[2 * DRAIN_WORKERS_MAX];
	char ring_names[2 * DRAIN_WORKERS_MAX][32];
	char span_text[SPANS][2 * MIRROR_SENTENCE];
	const char *span[SPANS];
	struct health_mirror *mirror;
	char baseline[512];
	char problem_text[PROBLEMS_MAX][SENTENCE];
	const char *problems[PROBLEMS_MAX];
	size_t n_problems;
	struct component_version versions[2 + ARTEFACT_KINDS + 1];
	char dataplane_version[STATS_NAME];
	struct spool_health spools[SPOOLS];
	uint64_t last_lost;   /* to see whether losses go on */
	uint64_t handed;      /* frames by the drivers' own counts, and what they lost */
	unsigned unaccounted; /* reports in a row in which frames were missing from the account */
};

struct health *health_new(const struct health_setup *setup, uint64_t now)
{
	struct health *h = calloc(1, sizeof(*h));

	if (!h)
		return NULL;
	h->setup = *setup;
	h->started = now;
	h->last_cpu_at = now;
	snprintf(h->baseline, sizeof(h->baseline), "%s/traffic-hours", setup->statedir);
	h->mirror = health_mirror_new(&(struct mirror_setup){
		.window_s = setup->mirror_window_s ? setup->mirror_window_s : MIRROR_WINDOW_S,
		.vlans = setup->vlans,
		.n_vlans = setup->n_vlans,
		.baseline = h->baseline,
	});
	if (!h->mirror) {
		free(h);
		return NULL;
	}
	health_look(h);
	return h;
}

void health_free(struct health *h)
{
	if (!h)
		return;
	stats_reader_close(h->stats);
	health_mirror_free(h->mirror);
	free(h);
}

const struct health_setup *health_setup_of(const struct health *h)
{
	return &h->setup;
}

void health_look(struct health *h)
{
	char path[128];

	if (h->stats && !stats_replaced(h->stats))
		return;
	paths_file(path, sizeof(path), h->setup.rundir, PATHS_STATS);
	stats_reader_close(h->stats);
	h->stats = stats_reader_open(path, NULL);
}

bool health_dataplane(struct health *h, uint64_t now, uint64_t *ret_generation)
{
	struct stats_info info;

	*ret_generation = 0;
	if (!h->stats)
		return false;
	stats_reader_info(h->stats, &info);
	*ret_generation = info.generation;
	return info.heartbeat + HEALTH_ALIVE_SECONDS * NS_PER_SEC > now;
}

/* ---- problems ---- */

__attribute__((format(printf, 2, 3))) static void problem(struct health *h, const char *fmt, ...)
{
	va_list ap;

	if (h->n_problems == PROBLEMS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(h->problem_text[h->n_problems], SENTENCE, fmt, ap);
	va_end(ap);
	h->problems[h->n_problems] = h->problem_text[h->n_problems];
	h->n_problems++;
}

static void find_link_problem(struct health *h, const struct link *link, const char *name)
{
	struct link_status st;

	if (!link)
		return;
	link_status(link, &st);
	if (!st.connected)
		problem(h, "%s: not connected: %s", name, st.trouble);
	else if (st.clock_offset_ms > 2000 || st.clock_offset_ms < -2000)
		problem(h, "%s: its clock and ours differ by %" PRId64 " ms: set up NTP", name,
			st.clock_offset_ms);
}

/* D10: received = processed + drops at every reading. The driver's own count may be ahead of it by
 * what is under way; what stays missing is a mistake of ours that must be seen. */
static void check_account(struct health *h, const struct sensor_health *s)
{
	uint64_t known = s->processed, missing;

	for (size_t i = 0; i < s->drops.n; i++)
		known += s->drops.items[i].value;
	missing = h->handed > known ? h->handed - known : 0;
	if (s->rx_packets != known)
		missing = UINT64_MAX;
	if (missing < 10000 || missing < s->rx_packets / 100)
		h->unaccounted = 0;
	else if (++h->unaccounted >= 3 && missing == UINT64_MAX)
		problem(h, "of %" PRIu64 " frames %" PRIu64 " are processed or in a named drop",
			s->rx_packets, known);
	else if (h->unaccounted >= 3)
		problem(h,
			"%" PRIu64 " of %" PRIu64 " frames are neither processed nor in a named "
			"drop",
			missing, h->handed);
}

bool health_rules(struct health *h, uint64_t now, uint64_t *ret_content)
{
	uint64_t generation;

	if (!health_dataplane(h, now, &generation))
		return false;
	stats_reader_refresh(h->stats);
	*ret_content = stats_reader_find(h->stats, "rules.content");
	return true;
}

static void find_rules_problem(struct health *h, uint64_t now)
{
	uint64_t content = 0;
	const char *why;
	bool runs;

	if (!h->setup.deployed)
		return;
	deployed_look(h->setup.deployed);
	runs = health_rules(h, now, &content);
	why = deployed_trouble(h->setup.deployed, runs, content, now);
	if (why)
		problem(h, "%s", why);
}

static void find_problems(struct health *h, uint64_t now, const struct sensor_health *s)
{
	int64_t left = tls_keys_expiry(h->setup.keys) - (int64_t)(now / NS_PER_SEC);
	int64_t life = tls_keys_expiry(h->setup.keys) - tls_keys_begin(h->setup.keys);
	uint64_t lost = 0;
	struct drain_counts counts;
	struct errmsg e = {0};

	drain_counts(h->setup.drain, &counts);
	if (!h->stats)
		problem(h, "banken-dataplane was not started (no statistics in %s)",
			h->setup.rundir);
	else if (!s->dataplane_alive)
		problem(h, "banken-dataplane gives no sign of life for more than %d s",
			HEALTH_ALIVE_SECONDS);
	find_link_problem(h, h->setup.outbox->mitigator, "mitigator");
	find_link_problem(h, h->setup.outbox->centre, "centre");
	if (spool_disk_full(h->setup.outbox->spool, &e))
		problem(h, "%s", e.text);
	if (counts.trouble[0])
		problem(h, "%s", counts.trouble);
	for (size_t i = 0; i < s->rings.n; i++)
		lost += s->rings.items[i].lost;
	if (lost > h->last_lost)
		problem(h,
			"%" PRIu64 " records were lost since the last report: control does not "
			"keep up with the dataplane's rings",
			lost - h->last_lost);
	h->last_lost = lost;
	check_account(h, s);
	find_rules_problem(h, now);
	if (h->setup.box && box_problem(h->setup.box)[0])
		problem(h, "%s", box_problem(h->setup.box));
	/* It is renewed in the last third of its life. */
	if (left < (int64_t)CERT_WARN_DAYS * 86400 && left < life / 6)
		problem(h,
			"our certificate ends in %" PRId64 " days: see that the centre is "
			"reached, or enrol anew with 'banken enrol'",
			left / 86400);
}

/* ---- figures ---- */

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

static bool ends(const char *s, const char *with)
{
	size_t n = strlen(s), m = strlen(with);

	return n >= m && strcmp(s + n - m, with) == 0;
}

/* D10: what came to the ports is processed or in one of the drops. What the driver has handed over
 * and no worker has told of yet is under way (`handed`), not received. */
static void add_counter(struct health *h, struct sensor_health *s, unsigned i)
{
	enum stats_kind kind;
	const char *name = stats_reader_name(h->stats, i, &kind);
	uint64_t value = stats_reader_sum(h->stats, i);
	bool drop = kind == STATS_DROP || kind == STATS_DROP_ESTIMATED;

	if (strcmp(name, "rx.packets") == 0 || strcmp(name, "rx.worker_queue_full") == 0 ||
	    strcmp(name, "rx.queue_shed") == 0)
		s->rx_packets += value;
	if (begins(name, "port.") && ends(name, ".missed"))
		s->rx_packets += value;
	if (begins(name, "port.") && (ends(name, ".received") || ends(name, ".missed")))
		h->handed += value;
	if (strcmp(name, "worker.packets") == 0)
		s->processed += value;
	if (strcmp(name, "worker.bytes") == 0)
		s->rx_bytes += value;
	/* What a stage gave up had reached a worker. */
	if (drop && !begins(name, "port.") && !begins(name, "rx."))
		s->processed -= value < s->processed ? value : s->processed;
	if (drop && s->drops.n < HEALTH_DROPS_MAX)
		h->drops[s->drops.n++] =
			(struct named_count){name, value, kind == STATS_DROP_ESTIMATED};
	else if (!drop && s->counters.n < HEALTH_COUNTERS_MAX && value > 0)
		h->counters[s->counters.n++] = (struct named_count){name, value, false};
}

static int64_t clock_offset(const struct link *link)
{
	struct link_status st;

	if (!link)
		return 0;
	link_status(link, &st);
	return st.connected ? st.clock_offset_ms : 0;
}

/* What the mirror port is found to be, as sentences behind the first n: English, a new line,
 * Japanese. Returns how many there are now. */
static size_t look_at_mirror(struct health *h, const struct stats_info *info, bool alive,
			     uint64_t now, size_t n)
{
	const struct mirror_finding *found;
	struct mirror_counts counts;
	int64_t offset = clock_offset(h->setup.outbox->mitigator);
	size_t n_found;

	if (!alive)
		return n;
	if (!offset)
		offset = clock_offset(h->setup.outbox->centre);
	mirror_counts_read(h->stats, &counts);
	health_mirror_sample(h->mirror, &counts, info->generation, offset, now);
	found = health_mirror_findings(h->mirror, &n_found);
	for (size_t i = 0; i < n_found && n < SPANS; i++, n++) {
		snprintf(h->span_text[n], sizeof(h->span_text[n]), "%s\n%s", found[i].en,
			 found[i].ja);
		h->span[n] = h->span_text[n];
	}
	return n;
}

int health_encrypted(const struct health *h)
{
	return health_mirror_encrypted(h->mirror);
}

static void fill_dataplane(struct health *h, uint64_t now, struct sensor_health *s)
{
	struct stats_info info;
	size_t n = 0;

	if (!h->stats)
		return;
	stats_reader_refresh(h->stats);
	stats_reader_info(h->stats, &info);
	s->dataplane_alive = info.heartbeat + HEALTH_ALIVE_SECONDS * NS_PER_SEC > now;
	if (s->dataplane_alive && info.started && now > info.started)
		s->dataplane_uptime = (now - info.started) / NS_PER_SEC;
	h->handed = 0;
	s->drops.items = h->drops;
	s->counters.items = h->counters;
	for (unsigned i = 0; i < info.n_counters; i++)
		add_counter(h, s, i);
	s->rules_loaded = stats_reader_find(h->stats, "rules.loaded");
	s->rules_skipped = stats_reader_find(h->stats, "rules.skipped");
	s->rules_failed = stats_reader_find(h->stats, "rules.failed");
	for (unsigned i = 0; i < STATS_SENTENCES; i++) {
		if (stats_reader_sentence(h->stats, i, h->span_text[n])) {
			h->span[n] = h->span_text[n];
			n++;
		}
	}
	n = look_at_mirror(h, &info, s->dataplane_alive, now, n);
	s->span = (struct text_list){h->span, n};
	memcpy(h->dataplane_version, info.version, sizeof(h->dataplane_version));
	h->versions[s->versions.n++] =
		(struct component_version){"banken-dataplane", h->dataplane_version};
}

static void fill_rings(struct health *h, struct sensor_health *s)
{
	struct ring_info info;

	s->rings.items = h->rings;
	while (s->rings.n < ARRAY_SIZE(h->rings) &&
	       drain_ring(h->setup.drain, (unsigned)s->rings.n, h->ring_names[s->rings.n], &info)) {
		h->rings[s->rings.n] = (struct ring_health){
			.name = h->ring_names[s->rings.n],
			.written = info.written,
			.lost = info.lost,
			.fill = info.fill,
			.size = info.size,
		};
		s->rings.n++;
	}
}

static void fill_spool(struct health *h, const char *destination, struct sensor_health *s)
{
	const struct spool *spool = h->setup.outbox->spool;
	struct spool_stats st;

	spool_stats(spool, destination, &st);
	h->spools[s->spools.n++] = (struct spool_health){
		.destination = destination,
		.records = st.records,
		.bytes = st.bytes,
		.limit = spool_limit(spool),
		.oldest = st.oldest,
		.dropped_alerts = st.dropped_urgent,
		.dropped_records = st.dropped_other,
		.disk_full = spool_disk_full(spool, NULL),
	};
}

static uint64_t resident_bytes(void)
{
	unsigned long pages = 0, resident = 0;
	FILE *f = fopen("/proc/self/statm", "re");

	if (!f)
		return 0;
	if (fscanf(f, "%lu %lu", &pages, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void fill_own(struct health *h, uint64_t now, struct sensor_health *s)
{
	struct rusage u;
	struct statvfs v;
	uint64_t cpu = 0;

	if (getrusage(RUSAGE_SELF, &u) == 0)
		cpu = ((uint64_t)u.ru_utime.tv_sec + (uint64_t)u.ru_stime.tv_sec) * NS_PER_SEC +
		      ((uint64_t)u.ru_utime.tv_usec + (uint64_t)u.ru_stime.tv_usec) * 1000;
	if (now > h->last_cpu_at + NS_PER_SEC / 2) {
		h->cpu_share = (double)(cpu - h->last_cpu_ns) / (double)(now - h->last_cpu_at);
		h->last_cpu_ns = cpu;
		h->last_cpu_at = now;
	}
	s->cpu_share = h->cpu_share;
	s->memory_bytes = resident_bytes();
	if (statvfs(h->setup.statedir, &v) == 0)
		s->disk_free_bytes = (uint64_t)v.f_bavail * v.f_frsize;
	s->uptime = now > h->started ? (now - h->started) / NS_PER_SEC : 0;
	h->versions[s->versions.n++] = (struct component_version){"banken-control", h->setup.build};
	if (h->setup.deployed && deployed_text(h->setup.deployed)[0])
		h->versions[s->versions.n++] =
			(struct component_version){"rules", deployed_text(h->setup.deployed)};
	if (h->setup.box)
		s->versions.n += box_versions(h->setup.box, h->versions + s->versions.n);
}

void health_report(struct health *h, uint64_t now, struct report *ret)
{
	struct sensor_health *s = &ret->health;

	health_look(h);
	*ret = (struct report){.kind = REPORT_HEALTH, .time = now};
	s->config_version = h->setup.config_version;
	s->versions.items = h->versions;
	s->spools.items = h->spools;
	fill_dataplane(h, now, s);
	fill_rings(h, s);
	if (h->setup.outbox->to_mitigator)
		fill_spool(h, OUTBOX_MITIGATOR, s);
	if (h->setup.outbox->to_centre)
		fill_spool(h, OUTBOX_CENTRE, s);
	fill_own(h, now, s);
	h->n_problems = 0;
	find_problems(h, now, s);
	s->problems = (struct text_list){h->problems, h->n_problems};
}
