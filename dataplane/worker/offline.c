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

static int open_desk(const struct options *o, struct inspector *inspector, struct desk **ret,
		     struct pipeline_config *config, struct errmsg *err)
{
	int rc;

	if (!files_desk_wanted(o))
		return ERR_OK;
	*ret = files_desk_new(o, o->log_folder, 1, true, inspector, err);
	if (!*ret)
		return ERR_INVALID;
	files_desk_use(o, *ret, 0, true, config);
	rc = desk_start(*ret, err);
	if (rc != ERR_OK)
		desk_delete(*ret);
	return rc;
}

/* What a run has open. */
struct offline {
	const struct options *options;
	struct inspector *inspector; /* NULL: files are not looked into */
	struct rx_file *file;
	struct lists *lists;
	struct ruleset rules;
	struct event_file *out;
};

/* The run itself, between what was opened and what has to be closed. */
static int analyse(struct offline *f, struct errmsg *err)
{
	const struct options *o = f->options;
	struct event_sink sink = {.put = put_record, .ctx = f->out};
	struct stats_run info = {.load_seconds = f->rules.seconds, .capture = o->capture};
	struct pipeline_config config = o->pipeline;
	struct desk *desk = NULL;
	struct keeper *keeper = NULL;
	struct pipeline *l;
	double begin, begin_cpu;
	int rc = open_desk(o, f->inspector, &desk, &config, err);

	if (rc != ERR_OK)
		return rc;
	rc = files_keeper_new(o, o->log_folder, 1, true, 0, &keeper, err);
	if (rc != ERR_OK) {
		desk_delete(desk);
		return rc;
	}
	config.keeper = keeper;
	config.duplicates = o->remove_duplicates ? MIRROR_REMOVE : MIRROR_KEEP;
	config.warm = rx_file_bytes(f->file) / WARM_SHARE;
	config.app.naming_late = config.warm < NAMING_SHORT;
	if (config.warm > WARM_MOST)
		config.warm = WARM_MOST;
	config.repeatable = true;
	l = pipeline_new(&config, f->rules.engine, 1, &sink, err);
	if (!l) {
		desk_delete(desk);
		keeper_delete(keeper);
		return ERR_NOMEM;
	}
	if (f->lists)
		pipeline_switch_lists(l, f->lists, 0);
	begin = now_seconds(CLOCK_MONOTONIC);
	begin_cpu = now_seconds(CLOCK_PROCESS_CPUTIME_ID);
	run(l, f->file, desk, keeper);
	info.run_seconds = now_seconds(CLOCK_MONOTONIC) - begin;
	info.run_cpu_seconds = now_seconds(CLOCK_PROCESS_CPUTIME_ID) - begin_cpu;
	info.damage = rx_file_damage(f->file);
	if (info.damage)
		fprintf(stderr, "banken-dataplane: %s\n", info.damage);
	rc = write_stats(o, l, &f->rules, &info, err);
	if (o->profile)
		stats_print_profile(stderr, l);
	pipeline_delete(l);
	desk_delete(desk);
	keeper_delete(keeper);
	return rc;
}

static int analyse_into_folder(struct offline *f, struct errmsg *err)
{
	const struct options *o = f->options;
	struct record_eve_options eve = {(int)o->utc_offset_minutes, o->community_id};
	int rc;

	if (f->rules.skipped || f->rules.failed)
		ruleset_report(&f->rules, stderr, PROBLEM_LINES);
	f->out = event_file_open(o->log_folder, &eve, err);
	if (!f->out)
		return ERR_IO;
	rc = analyse(f, err);
	if (event_file_close(f->out, rc == ERR_OK ? err : NULL) != ERR_OK && rc == ERR_OK)
		rc = ERR_IO;
	return rc;
}

static int run_confined(struct offline *f, struct errmsg *err)
{
	const struct options *o = f->options;
	/* Nothing that is found in a capture reaches a network from here. */
	int rc = sandbox_enter(SANDBOX_OFFLINE, "banken-dataplane", err);

	if (rc != ERR_OK && rc != ERR_UNSUPPORTED)
		return rc;
	rc = rx_file_open(o->capture, &f->file, err);
	if (rc != ERR_OK)
		return rc;
	if (!decode_link_type_known(rx_file_link_type(f->file)))
		rc = errmsg_set(err, ERR_UNSUPPORTED,
				"%s: frames of link type %u cannot be decoded; capture on an "
				"Ethernet, IP, PPP or loopback interface",
				o->capture, rx_file_link_type(f->file));
	if (rc == ERR_OK && o->lists[0])
		rc = lists_open(o->lists, &f->lists, err);
	if (rc == ERR_OK)
		rc = ruleset_load(o, &f->rules, err);
	if (rc == ERR_OK) {
		rc = analyse_into_folder(f, err);
		ruleset_free(&f->rules);
	}
	lists_close(f->lists);
	rx_file_close(f->file);
	return rc;
}

int offline_run(const struct options *o, struct errmsg *err)
{
	struct offline f = {.options = o};
	int rc = files_inspector_new(o, -1, NULL, &f.inspector, err);

	if (rc == ERR_OK)
		rc = run_confined(&f, err);
	inspector_delete(f.inspector);
	return rc;
}
