#include "dataplane/worker/stats.h"

#include <jansson.h>
#include <sys/resource.h>

static json_t *counters(const struct pipeline *l, bool drops)
{
	struct counter_set sets[PIPELINE_COUNTER_SETS];
	unsigned n = pipeline_counters(l, sets);
	json_t *object = json_object();

	for (unsigned i = 0; i < n; i++) {
		for (unsigned k = 0; k < sets[i].count; k++) {
			char name[128];

			if (sets[i].names[k].drop != drops || sets[i].values[k] == 0)
				continue;
			snprintf(name, sizeof(name), "%s.%s", sets[i].stage, sets[i].names[k].name);
			json_object_set_new(object, name,
					    json_integer((json_int_t)sets[i].values[k]));
		}
	}
	return object;
}

static json_int_t memory_peak(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (json_int_t)usage.ru_maxrss * 1024;
}

void stats_write(FILE *out, const struct pipeline *l, const struct ruleset *rules,
		 const struct stats_run *run)
{
	const struct pipeline_totals *totals = pipeline_totals(l);
	json_t *root = json_object();
	json_t *rule_counts, *seconds;

	json_object_set_new(root, "packets", json_integer((json_int_t)totals->packets));
	json_object_set_new(root, "bytes", json_integer((json_int_t)totals->bytes));
	json_object_set_new(root, "alerts",
			    json_integer((json_int_t)(totals->alerts + totals->behaviour)));
	json_object_set_new(root, "behaviour", json_integer((json_int_t)totals->behaviour));
	json_object_set_new(root, "drops", counters(l, true));
	json_object_set_new(root, "counters", counters(l, false));
	rule_counts = json_object();
	json_object_set_new(rule_counts, "loaded", json_integer(rules->loaded));
	json_object_set_new(rule_counts, "skipped", json_integer(rules->skipped));
	json_object_set_new(rule_counts, "failed", json_integer(rules->failed));
	json_object_set_new(root, "rules", rule_counts);
	seconds = json_object();
	json_object_set_new(seconds, "load", json_real(run->load_seconds));
	json_object_set_new(seconds, "run", json_real(run->run_seconds));
	json_object_set_new(seconds, "run_cpu", json_real(run->run_cpu_seconds));
	json_object_set_new(root, "seconds", seconds);
	json_object_set_new(root, "memory_peak_bytes", json_integer(memory_peak()));
	json_object_set_new(root, "capture", json_string(run->capture));
	if (run->damage)
		json_object_set_new(root, "damage", json_string(run->damage));
	json_dumpf(root, out, JSON_INDENT(2) | JSON_REAL_PRECISION(6));
	fputc('\n', out);
	json_decref(root);
}

/* The dearest groups of patterns and rules. */
static void print_detect(FILE *out, const struct detector *d)
{
	struct detect_profile top[40];
	uint32_t n = d ? detect_profile(d, top, 40) : 0;

	if (n)
		fprintf(out, "%-48s %10s %10s %10s %10s\n", "group or rule", "Mcycles", "runs",
			"hits", "cycles/B");
	for (uint32_t i = 0; i < n; i++) {
		char sid[24];

		snprintf(sid, sizeof(sid), "sid %u", top[i].sid);
		fprintf(out, "%-48.48s %10.1f %10llu %10llu", top[i].name ? top[i].name : sid,
			(double)top[i].cycles / 1e6, (unsigned long long)top[i].runs,
			(unsigned long long)top[i].hits);
		if (top[i].bytes)
			fprintf(out, " %10.2f", (double)top[i].cycles / (double)top[i].bytes);
		fputc('\n', out);
	}
}

void stats_print_profile(FILE *out, const struct pipeline *l)
{
	const struct pipeline_totals *totals = pipeline_totals(l);
	const uint64_t *cycles = pipeline_cycles(l);
	uint64_t sum = 0;

	for (unsigned i = 0; i < STAGE_COUNT; i++)
		sum += cycles[i];
	if (totals->packets == 0 || sum == 0)
		return;
	fprintf(out, "%-16s %14s %10s %7s\n", "stage", "cycles/packet", "cycles/B", "share");
	for (unsigned i = 0; i < STAGE_COUNT; i++)
		fprintf(out, "%-16s %14.0f %10.2f %6.1f%%\n", pipeline_stage_names[i],
			(double)cycles[i] / (double)totals->packets,
			(double)cycles[i] / (double)totals->bytes,
			100.0 * (double)cycles[i] / (double)sum);
	fprintf(out, "%-16s %14.0f %10.2f\n", "all", (double)sum / (double)totals->packets,
		(double)sum / (double)totals->bytes);
	print_detect(out, pipeline_detector(l));
}
