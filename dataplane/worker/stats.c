#include "dataplane/worker/stats.h"
#include "dataplane/worker/profile.h"

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

static void print_row(FILE *out, const char *name, double packet, double byte, double share)
{
	fprintf(out, "%-16s %14.1f %10.3f %6.1f%%\n", name, packet, byte, share);
}

static void print_parsers(FILE *out, const struct profile *f, double all)
{
	double frames = (double)f->frames, bytes = (double)f->bytes;

	for (unsigned i = 0; i <= PROFILE_PARSERS; i++) {
		char name[32];

		if (!f->parser[i])
			continue;
		snprintf(name, sizeof(name), "  %.13s",
			 i < PROFILE_PARSERS ? app_protocols[i]->name : "(unknown)");
		print_row(out, name, (double)f->parser[i] / frames, (double)f->parser[i] / bytes,
			  100 * (double)f->parser[i] / frames / all);
	}
}

void stats_print_profile(FILE *out, struct pipeline *l)
{
	const struct pipeline_totals *totals = pipeline_totals(l);
	const struct profile *f = pipeline_profile(l);
	double packet[STAGES_ALL], byte[STAGES_ALL], all = 0, all_bytes = 0;

	if (totals->packets == 0 || f->frames == 0)
		return;
	for (unsigned i = 0; i < STAGES_ALL; i++) {
		bool sampled = i < STAGE_COUNT;

		packet[i] = (double)f->cycles[i] / (double)(sampled ? f->frames : totals->packets);
		byte[i] = (double)f->cycles[i] / (double)(sampled ? f->bytes : totals->bytes);
		all += packet[i];
		all_bytes += byte[i];
	}
	fprintf(out, "%-16s %14s %10s %7s\n", "stage", "cycles/packet", "cycles/B", "share");
	for (unsigned i = 0; i < STAGES_ALL; i++) {
		print_row(out, profile_stage_names[i], packet[i], byte[i], 100 * packet[i] / all);
		if (i == STAGE_APP)
			print_parsers(out, f, all);
	}
	print_row(out, "all", all, all_bytes, 100);
	print_detect(out, pipeline_detector(l));
}
