#include "dataplane/worker/offline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "dataplane/base/sandbox.h"
#include "dataplane/event/file.h"
#include "dataplane/rx/file.h"
#include "dataplane/worker/files.h"
#include "dataplane/worker/profile.h"
#include "dataplane/worker/ruleset.h"
#include "dataplane/worker/stats.h"
#include "signatures/lists/table.h"

/* Memory is made ready for a long capture as for a live port, so that a short one starts at once.
 */
enum {
	BURST = 32,
	PROBLEM_LINES = 20,
	WARM_SHARE = 8,
	WARM_MOST = 64 << 20,
	NAMING_SHORT = 1 << 20
};

static double now_seconds(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void put_record(void *ctx, struct slice record, enum record_lane lane)
{
	(void)lane;
	event_file_put(ctx, record);
}

static unsigned read_burst(struct pipeline *l, struct rx_file *file, struct packet *p)
{
	struct profile *f = pipeline_profile(l);
	uint64_t begin = f->on ? __rdtsc() : 0;
	unsigned n = rx_file_burst(file, p, BURST);

	if (f->on)
		profile_burst(f, STAGE_RX, begin);
	return n;
}

/* All frames, then the end of everything; `desk` and `keeper` may be NULL. */
static void run(struct pipeline *l, struct rx_file *file, struct desk *desk, struct keeper *keeper)
{
	struct packet p[BURST];
	uint64_t last_ns = 0;
	unsigned n;

	while ((n = read_burst(l, file, p)) > 0) {
		for (unsigned i = 0; i < n; i++)
			last_ns = p[i].now_ns > last_ns ? p[i].now_ns : last_ns;
		pipeline_burst(l, p, n);
		pipeline_tick(l, last_ns);
		if (keeper)
			keeper_turn(keeper, last_ns);
	}
	pipeline_finish(l, last_ns);
	desk_stop(desk);
	pipeline_collect(l);
	if (keeper) {
		keeper_losses(keeper, pipeline_totals(l)->packets, 0);
		keeper_stop(keeper);
	}
	pipeline_put_stats(l, last_ns, 0);
}

static int write_stats(const struct options *o, const struct pipeline *l,
		       const struct ruleset *rules, const struct stats_run *run_info,
		       struct errmsg *err)
{
	char path[OPTIONS_TEXT];
	FILE *out;
	int bad;

	snprintf(path, sizeof(path), "%s/stats.json", o->log_folder);
	out = fopen(path, "we");
	if (!out)
		return errmsg_set(err, ERR_IO, "%s: cannot be written (%s)", path, strerror(errno));
	stats_write(out, l, rules, run_info);
	bad = ferror(out);
	if (fclose(out) != 0 || bad)
		return errmsg_set(err, ERR_IO, "%s: writing failed (%s); make room and run again",
				  path, strerror(errno));
	return ERR_OK;
}

static int open_desk(const struct options *o, struct desk **ret, struct pipeline_config *config,
		     struct errmsg *err)
{
	int rc;

	if (!files_desk_wanted(o))
		return ERR_OK;
	*ret = files_desk_new(o, o->log_folder, 1, true, err);
	if (!*ret)
		return ERR_INVALID;
	files_desk_use(o, *ret, 0, true, config);
	rc = desk_start(*ret, err);
	if (rc != ERR_OK)
		desk_delete(*ret);
	return rc;
}

/* The run itself, between what was opened and what has to be closed. */
static int analyse(const struct options *o, struct rx_file *file, const struct ruleset *rules,
		   const struct lists *lists, struct event_file *out, struct errmsg *err)
{
	struct event_sink sink = {.put = put_record, .ctx = out};
	struct stats_run info = {.load_seconds = rules->seconds, .capture = o->capture};
	struct pipeline_config config = o->pipeline;
	struct desk *desk = NULL;
	struct keeper *keeper = NULL;
	struct pipeline *l;
	double begin, begin_cpu;
	int rc = open_desk(o, &desk, &config, err);

	if (rc != ERR_OK)
		return rc;
	rc = files_keeper_new(o, o->log_folder, 1, true, 0, &keeper, err);
	if (rc != ERR_OK) {
		desk_delete(desk);
		return rc;
	}
	config.keeper = keeper;
	config.duplicates = o->remove_duplicates ? MIRROR_REMOVE : MIRROR_KEEP;
	config.warm = rx_file_bytes(file) / WARM_SHARE;
	config.app.naming_late = config.warm < NAMING_SHORT;
	if (config.warm > WARM_MOST)
		config.warm = WARM_MOST;
	config.repeatable = true;
	l = pipeline_new(&config, rules->engine, 1, &sink, err);
	if (!l) {
		desk_delete(desk);
		keeper_delete(keeper);
		return ERR_NOMEM;
	}
	if (lists)
		pipeline_switch_lists(l, lists, 0);
	begin = now_seconds(CLOCK_MONOTONIC);
	begin_cpu = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
	run(l, file, desk, keeper);
	info.run_seconds = now_seconds(CLOCK_MONOTONIC) - begin;
	info.run_cpu_seconds = now_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu;
	info.damage = rx_file_damage(file);
	if (info.damage)
		fprintf(stderr, "banken-dataplane: %s\n", info.damage);
	rc = write_stats(o, l, rules, &info, err);
	if (o->profile)
		stats_print_profile(stderr, l);
	pipeline_delete(l);
	desk_delete(desk);
	keeper_delete(keeper);
	return rc;
}

int offline_run(const struct options *o, struct errmsg *err)
{
	struct record_eve_options eve = {(int)o->utc_offset_minutes, o->community_id};
	struct event_file *out;
	struct lists *lists = NULL;
	struct ruleset rules;
	struct rx_file *file;
	/* Nothing that is found in a capture reaches a network from here. */
	int rc = sandbox_enter(SANDBOX_OFFLINE, "banken-dataplane", err);

	if (rc != ERR_OK && rc != ERR_UNSUPPORTED)
		return rc;
	rc = rx_file_open(o->capture, &file, err);
	if (rc != ERR_OK)
		return rc;
	if (!decode_link_type_known(rx_file_link_type(file))) {
		rc = errmsg_set(err, ERR_UNSUPPORTED,
				"%s: frames of link type %u cannot be decoded; capture on an "
				"Ethernet, IP, PPP or loopback interface",
				o->capture, rx_file_link_type(file));
		goto close_capture;
	}
	if (o->lists[0])
		rc = lists_open(o->lists, &lists, err);
	if (rc == ERR_OK)
		rc = ruleset_load(o, &rules, err);
	if (rc != ERR_OK)
		goto close_capture;
	if (rules.skipped || rules.failed)
		ruleset_report(&rules, stderr, PROBLEM_LINES);
	out = event_file_open(o->log_folder, &eve, err);
	if (!out) {
		rc = ERR_IO;
		goto free_rules;
	}
	rc = analyse(o, file, &rules, lists, out, err);
	if (event_file_close(out, rc == ERR_OK ? err : NULL) != ERR_OK && rc == ERR_OK)
		rc = ERR_IO;
free_rules:
	ruleset_free(&rules);
close_capture:
	lists_close(lists);
	rx_file_close(file);
	return rc;
}
