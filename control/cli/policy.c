/* `banken policy`: what a policy file says, what it would have done, what judgements there were. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/mitigator/csv/csv.h"
#include "control/mitigator/policy/simulate.h"
#include "control/mitigator/policy/when.h"
#include "control/wire/file.h"

struct options {
	const char *policy, *judgements, *method, *counts, *days, *host, *since;
	const char *file; /* what stands without an option */
};

static int parse(int argc, char **argv, struct options *o)
{
	const struct {
		const char *name;
		const char **to;
	} names[] = {
		{"--policy", &o->policy}, {"--judgements", &o->judgements},
		{"--method", &o->method}, {"--counts", &o->counts},
		{"--days", &o->days},	  {"--host", &o->host},
		{"--since", &o->since},
	};

	for (int i = 2; i < argc; i++) {
		const char **to = argv[i][0] == '-' && argv[i][1] ? NULL : &o->file;
		const char *value = argv[i];

		for (size_t k = 0; !to && k < ARRAY_SIZE(names); k++) {
			size_t n = strlen(names[k].name);

			if (strncmp(argv[i], names[k].name, n) != 0)
				continue;
			if (argv[i][n] == '=')
				value = argv[i] + n + 1;
			else if (argv[i][n] == 0 && i + 1 < argc)
				value = argv[++i];
			else if (argv[i][n] == 0)
				return cli_fail(2, "%s needs a value", names[k].name);
			else
				continue;
			to = names[k].to;
		}
		if (!to)
			return cli_fail(2, "%s is not an option; banken policy --help", argv[i]);
		if (*to)
			return cli_fail(2, "%.60s: given twice", value);
		*to = value;
	}
	return 0;
}

/* ---- simulate ---- */

static const char heading[] = "time,host,level,count,days,actions";

struct print {
	bool json, any;
};

static void print_json(struct print *p, const struct simulate_step *s)
{
	json_t *actions = json_array();
	json_t *row;

	for (unsigned i = 0; i < s->actions_n; i++)
		json_array_append_new(actions, json_string(s->actions[i]));
	row = json_pack("{ss ss ss sI sI so}", "time", s->time, "host", s->host, "level",
			level_text(s->level), "count", (json_int_t)s->count, "days",
			(json_int_t)s->days, "actions", actions);
	fputs(p->any ? ",\n  " : "[\n  ", stdout);
	json_dumpf(row, stdout, 0);
	json_decref(row);
	p->any = true;
}

static bool print_step(void *ctx, const struct simulate_step *s)
{
	struct print *p = ctx;

	if (p->json) {
		print_json(p, s);
		return !ferror(stdout);
	}
	if (!p->any)
		puts(heading);
	p->any = true;
	csv_put(stdout, s->time, ',');
	csv_put(stdout, s->host, ',');
	printf("%s,%u,%u,", level_text(s->level), s->count, s->days);
	for (unsigned i = 0; i < s->actions_n; i++)
		printf("%s%s", i ? " " : "", s->actions[i]);
	putchar('\n');
	return !ferror(stdout);
}

static const char *path_of(const char *file)
{
	return strcmp(file, "-") == 0 ? "/dev/stdin" : file;
}

static int simulate_list(const struct cli *cli, const struct options *o,
			 const struct simulate_by *by)
{
	struct print p = {.json = cli->json};
	struct errmsg e = {""};
	struct slice list;
	int rc = file_read(path_of(o->judgements), SIMULATE_BYTES, &list, &e);

	if (rc < 0)
		return cli_fail(1, "%s", e.text);
	rc = simulate_run(list, o->judgements, by, print_step, &p, &e);
	free((void *)(uintptr_t)list.data);
	if (rc < 0)
		return cli_fail(1, "%s", e.text);
	if (p.json)
		puts(p.any ? "\n]" : "[]");
	else if (!p.any)
		puts(heading);
	return fflush(stdout) || ferror(stdout) ? cli_fail(1, "the output cannot be written") : 0;
}

static int plain_policy(const struct options *o, struct judge_policy *ret)
{
	struct errmsg e = {""};
	int rc = 0;

	if (!o->method || !(o->counts || o->days))
		return cli_fail(2, "simulate needs --policy FILE, or --method same-level or "
				   "same-or-higher with --counts danger=6,warning=4,caution=2");
	if (strcmp(o->method, "same-level") == 0)
		ret->method = JUDGE_SAME_LEVEL;
	else if (strcmp(o->method, "same-or-higher") == 0)
		ret->method = JUDGE_SAME_OR_HIGHER;
	else
		return cli_fail(2, "--method %.40s: same-level or same-or-higher", o->method);
	if (o->counts)
		rc = simulate_counts(o->counts, ret, &e);
	if (rc == 0 && o->days)
		rc = simulate_days(o->days, ret, &e);
	return rc < 0 ? cli_fail(2, "%s", e.text) : 0;
}

static int simulate(const struct cli *cli, const struct options *o)
{
	struct judge_policy plain = {.rules_n = 0};
	struct simulate_by by = {.plain = &plain};
	struct policy *policy = NULL;
	struct errmsg e = {""};
	int status;

	if (!o->judgements || o->file || o->host || o->since)
		return cli_fail(2,
				"say: banken policy simulate --judgements FILE.csv --policy FILE, "
				"or --method and --counts instead of a file");
	if (o->policy && (o->method || o->counts || o->days))
		return cli_fail(2, "--policy FILE says method and counts itself: give one of both");
	if (o->policy) {
		policy = policy_load(path_of(o->policy), &e);
		if (!policy)
			return cli_fail(1, "%s", e.text);
		by.policy = policy;
	} else {
		status = plain_policy(o, &plain);
		if (status)
			return status;
	}
	status = simulate_list(cli, o, &by);
	policy_free(policy);
	return status;
}

/* ---- check and show ---- */

static int check(const struct cli *cli, const struct options *o)
{
	char lints[POLICY_LINTS][256];
	struct errmsg e = {""};
	json_t *list = json_array();
	struct policy *p;
	unsigned n;

	if (!o->file)
		return cli_fail(2, "say: banken policy lint FILE");
	p = policy_load(path_of(o->file), &e);
	if (!p) {
		json_decref(list);
		return cli_fail(1, "%s", e.text);
	}
	n = policy_lint(p, lints);
	for (unsigned i = 0; i < n; i++) {
		json_array_append_new(list, json_string(lints[i]));
		if (!cli->json)
			puts(lints[i]);
	}
	if (!cli->json && n == 0)
		printf("%s: nothing to say against it\n", p->name);
	if (cli->json) {
		json_dumpf(list, stdout, JSON_INDENT(2));
		putchar('\n');
	}
	json_decref(list);
	policy_free(p);
	return n ? 1 : 0;
}

static void show_rule(const struct judge_rule *r, const char *text)
{
	printf("  %-8s %-8s ", level_text(r->level), policy_action_text(r->action));
	if (r->count && r->days)
		printf("from the %u. judgement in a row or %u days on", r->count, r->days);
	else if (r->count)
		printf("from the %u. judgement in a row on", r->count);
	else if (r->days)
		printf("from %u days after the first of the run on", r->days);
	else
		printf("at every judgement");
	printf("%s%s\n", text[0] ? ": " : "", text);
}

static void show_set(const struct policy_set *s, const char *more)
{
	printf("%s%s: %s, judged every %llu s%s%s\n", s->name, more,
	       s->judge.method == JUDGE_SAME_LEVEL ? "same-level" : "same-or-higher",
	       (unsigned long long)(s->every / 1000000000),
	       s->judge.safe_on_change ? ", safe only when it changed" : "",
	       s->deferred ? ", actions wait for banken policy act --deferred" : "");
	for (unsigned i = 0; i < s->judge.rules_n; i++)
		show_rule(&s->judge.rules[i], s->judge.texts[i]);
}

static int show(const struct options *o)
{
	struct errmsg e = {""};
	struct policy *p = policy_load(o->file ? path_of(o->file) : "", &e);

	if (!p)
		return cli_fail(1, "%s", e.text);
	for (unsigned i = 0; i < p->sets_n; i++)
		show_set(&p->sets[i], i == 0   ? " (edited by the policy file)"
				      : i == 1 ? " (built in, read-only)"
					       : "");
	for (unsigned i = 0; i < p->scopes_n; i++)
		printf("scope %s (%s): policy %s, mode %s\n", p->scopes[i].name,
		       policy_kind_text(p->scopes[i].kind), policy_set_of(p, &p->scopes[i])->name,
		       policy_mode_text(p->scopes[i].mode));
	policy_free(p);
	return 0;
}

/* ---- history ---- */

static const char *const history_columns[] = {"time",	 "host",    "level", "count",  "days",
					      "actions", "trigger", "mode",  "policy", "address"};

static void print_judgement(const json_t *row)
{
	char number[24];

	for (size_t i = 0; i < ARRAY_SIZE(history_columns); i++) {
		const json_t *v = json_object_get(row, history_columns[i]);
		const char *text = json_is_string(v) ? json_string_value(v) : number;

		snprintf(number, sizeof(number), "%lld", (long long)json_integer_value(v));
		csv_put(stdout, text, i + 1 < ARRAY_SIZE(history_columns) ? ',' : '\n');
	}
}

/* A page at a time, for an answer has its limit. */
static int history(const struct cli *cli, const struct options *o)
{
	json_t *all = json_array(), *row, *answer = NULL;
	json_int_t after = 0;
	uint64_t since = 0;
	size_t i, n = 1;

	if (o->since && when_parse(o->since, &since) < 0)
		return cli_fail(2, "--since %.40s is no time such as 2026-11-21T09:00:00Z",
				o->since);
	for (size_t k = 0; !cli->json && k < ARRAY_SIZE(history_columns); k++)
		printf("%s%s", history_columns[k],
		       k + 1 < ARRAY_SIZE(history_columns) ? "," : "\n");
	while (n) {
		answer = cli_ask(cli, "banken-mitigator",
				 json_pack("{ss ss sI sI}", "do", "judgements", "host",
					   o->host ? o->host : "", "since", (json_int_t)since,
					   "after", after));
		if (!answer)
			break;
		n = json_array_size(json_object_get(answer, "judgements"));
		json_array_foreach(json_object_get(answer, "judgements"), i, row)
		{
			if (cli->json)
				json_array_append(all, row);
			else
				print_judgement(row);
		}
		after = json_integer_value(json_object_get(answer, "next"));
		json_decref(answer);
	}
	if (cli->json && answer)
		json_dumpf(all, stdout, JSON_INDENT(2));
	json_decref(all);
	return answer ? 0 : 1;
}

/* ---- exceptions ---- */

static int exceptions(const struct cli *cli)
{
	static const char *const columns[] = {
		"number:number",	   "never:never",   "rule:rule",   "source:source",
		"destination:destination", "sensor:sensor", "until:until", "in force:in_force",
		"effect:effect",	   "reason:reason", NULL};
	json_t *answer = cli_ask(cli, "banken-mitigator", json_pack("{ss}", "do", "exceptions"));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, "exceptions"), columns,
			  "The policy has no exception.");
	json_decref(answer);
	return 0;
}

/* preview [--rule R] [--source S] [--destination D] [--sensor NAME] */
static int preview(const struct cli *cli, int argc, char **argv)
{
	static const char *const names[] = {"--rule", "--source", "--destination", "--sensor"};
	static const char *const columns[] = {
		"alerts:alerts",	   "gid:gid",	    "sid:sid", "source:source",
		"destination:destination", "sensor:sensor", NULL};
	json_t *request = json_pack("{ss}", "do", "preview"), *answer;

	for (int i = 2; i < argc; i++) {
		size_t k = 0;

		while (k < ARRAY_SIZE(names) && strcmp(argv[i], names[k]) != 0)
			k++;
		if (k == ARRAY_SIZE(names) || i + 1 == argc) {
			json_decref(request);
			return cli_fail(2, "say: banken policy preview [--rule GID:SID] [--source "
					   "PREFIX] [--destination PREFIX] [--sensor NAME]");
		}
		json_object_set_new(request, names[k] + 2, json_string(argv[++i]));
	}
	answer = cli_ask(cli, "banken-mitigator", request);
	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		printf("It would have removed %lld of the %lld alerts of the last %lld days.\n",
		       json_integer_value(json_object_get(answer, "removed")),
		       json_integer_value(json_object_get(answer, "total")),
		       json_integer_value(json_object_get(answer, "days")));
		cli_table(json_object_get(answer, "most"), columns, "");
	}
	json_decref(answer);
	return 0;
}

/* ---- act ---- */

static int print_acted(const struct cli *cli, json_t *answer)
{
	const json_t *row;
	int status = 0;
	size_t i;

	if (!answer)
		return 1;
	json_array_foreach(json_object_get(answer, "acted"), i, row)
	{
		bool done = json_is_true(json_object_get(row, "done"));

		status |= !done;
		if (!cli->json)
			printf("%s %s: %s\n", cli_text(row, "host"), cli_text(row, "action"),
			       done ? "done" : cli_text(row, "text"));
	}
	if (!cli_json(cli, answer) && i == 0)
		puts("Nothing waits.");
	json_decref(answer);
	return status;
}

/* act ACTION HOST... [--text TEXT], act --deferred [--scope NAME] */
static int act(const struct cli *cli, int argc, char **argv)
{
	json_t *hosts = json_array();
	const char *text = "", *scope = "", *action = NULL;
	bool deferred = false;

	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--deferred") == 0)
			deferred = true;
		else if (strcmp(argv[i], "--text") == 0 && i + 1 < argc)
			text = argv[++i];
		else if (strcmp(argv[i], "--scope") == 0 && i + 1 < argc)
			scope = argv[++i];
		else if (!action && !deferred)
			action = argv[i];
		else
			json_array_append_new(hosts, json_string(argv[i]));
	}
	if (deferred ? action || json_array_size(hosts) : !action || !json_array_size(hosts)) {
		json_decref(hosts);
		return cli_fail(2, "say: banken policy act ACTION HOST... [--text TEXT], or banken "
				   "policy act --deferred [--scope NAME]");
	}
	return print_acted(cli, cli_ask(cli, "banken-mitigator",
					json_pack("{ss ss so ss sb ss}", "do", "act", "action",
						  action ? action : "", "hosts", hosts, "text",
						  text, "deferred", deferred, "scope", scope)));
}

int cmd_policy(const struct cli *cli, int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	struct options o = {NULL};
	int rc;

	if (strcmp(what, "act") == 0)
		return act(cli, argc, argv);
	if (strcmp(what, "preview") == 0)
		return preview(cli, argc, argv);
	if (strcmp(what, "editions") == 0 || strcmp(what, "file") == 0)
		return cli_policy_editions(cli, argc, argv);
	if (strcmp(what, "mode") == 0)
		return cli_policy_mode(cli, argc, argv);
	if (strcmp(what, "exception") == 0)
		return cli_policy_exception(cli, argc, argv);
	if (strcmp(what, "exceptions") == 0 && argc == 2)
		return exceptions(cli);
	rc = argc > 1 ? parse(argc, argv, &o) : 0;
	if (rc)
		return rc;
	if (strcmp(what, "simulate") == 0)
		return simulate(cli, &o);
	if (strcmp(what, "check") == 0 || strcmp(what, "lint") == 0)
		return check(cli, &o);
	if (strcmp(what, "show") == 0)
		return show(&o);
	if (strcmp(what, "history") == 0)
		return history(cli, &o);
	return cli_fail(2,
			"say: banken policy simulate | lint FILE | show | history | act | "
			"exceptions | exception | mode | preview | editions | file; banken policy "
			"--help");
}
