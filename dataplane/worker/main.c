/* banken-dataplane: the sensor's packet path, live on a mirror port or over a capture file. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/worker/live.h"
#include "dataplane/worker/offline.h"
#include "dataplane/worker/options.h"
#include "dataplane/worker/ruleset.h"

static const char usage[] =
	"usage: banken-dataplane -r FILE [-S RULES]... [-l DIR] [-k none|all] [--set "
	"KEY=VALUE]...\n"
	"       banken-dataplane -p DEVICE [-p DEVICE]... [-S RULES]... [-c FILE] [--set "
	"KEY=VALUE]...\n"
	"\n"
	"Finds malicious traffic on a mirror port, or in a capture file.\n"
	"\n"
	"  -r FILE           analyse a capture (pcap, pcapng) and end\n"
	"  -S RULES          rules in the Suricata 7 language; /dev/null = behaviour only; may "
	"repeat\n"
	"  -l DIR            folder for eve.json, banken.json and stats.json (default: here)\n"
	"  -k none|all       verify checksums: none (default), all\n"
	"  -p DEVICE         listen on a DPDK device, e.g. net_af_packet0,iface=eth1 or "
	"0000:03:00.0\n"
	"  -c FILE           options from a YAML file\n"
	"  --set KEY=VALUE   one option; see --help-options\n"
	"  --rules-only      load the rules, say what could not be loaded, and end\n"
	"  --print-config    print the options in force, and end\n"
	"  --profile         cycles by stage and parser, dearest groups and rules, at the end\n"
	"  --help, --help-options, --version\n"
	"\n"
	"examples:\n"
	"  banken-dataplane -r incident.pcapng -S local.rules -l /tmp/out\n"
	"  banken-dataplane -r incident.pcapng -S /dev/null --set eve.types=alert\n"
	"  banken-dataplane -p net_af_packet0,iface=eth1 -S /etc/banken/banken.rules\n"
	"\n"
	"Exit status: 0, or 2 with one sentence.\n";

enum {
	OPT_SET = 256,
	OPT_HELP,
	OPT_HELP_OPTIONS,
	OPT_VERSION,
	OPT_PROFILE,
	OPT_PRINT,
	OPT_RUNMODE,
	OPT_RULES_ONLY
};

static const struct option long_options[] = {
	{"set", required_argument, NULL, OPT_SET},
	{"help", no_argument, NULL, OPT_HELP},
	{"help-options", no_argument, NULL, OPT_HELP_OPTIONS},
	{"version", no_argument, NULL, OPT_VERSION},
	{"profile", no_argument, NULL, OPT_PROFILE},
	{"print-config", no_argument, NULL, OPT_PRINT},
	{"runmode", required_argument, NULL, OPT_RUNMODE}, /* Suricata's; there is one mode */
	{"rules-only", no_argument, NULL, OPT_RULES_ONLY},
	{NULL, 0, NULL, 0},
};

struct action {
	bool print, rules_only, ended;
};

static int fail(const struct errmsg *err)
{
	fprintf(stderr, "banken-dataplane: %s\n", err->text);
	return 2;
}

static int take_checksums(struct options *o, const char *value, struct errmsg *err)
{
	if (strcmp(value, "none") != 0 && strcmp(value, "all") != 0)
		return errmsg_set(err, ERR_INVALID, "-k %s: say none or all", value);
	o->pipeline.decode.checksums = strcmp(value, "all") == 0;
	o->pipeline.stream.drop_bad_checksum = o->pipeline.decode.checksums;
	return ERR_OK;
}

static int take_info(int c, struct action *act)
{
	act->ended = true;
	if (c == OPT_HELP)
		fputs(usage, stdout);
	else if (c == OPT_VERSION)
		puts("banken-dataplane " BANKEN_VERSION);
	else
		options_help(stdout);
	return ERR_OK;
}

static int take_list(const char **list, unsigned *count, unsigned max, const char *what,
		     struct errmsg *err)
{
	if (*count == max)
		return errmsg_set(err, ERR_LIMIT, "more than %u %s", max, what);
	list[(*count)++] = optarg;
	return ERR_OK;
}

static int take(struct options *o, int c, struct action *act, struct errmsg *err)
{
	switch (c) {
	case 'r':
		o->capture = optarg;
		return ERR_OK;
	case 'l':
		o->log_folder = optarg;
		return ERR_OK;
	case 'S':
		return take_list(o->rule_files, &o->rule_file_count, OPTIONS_RULE_FILES,
				 "rule files", err);
	case 'p':
		return take_list(o->port_args, &o->port_count_live, OPTIONS_PORTS, "devices", err);
	case 'k':
		return take_checksums(o, optarg, err);
	case 'c':
		return options_load(o, optarg, err);
	case OPT_SET:
		return options_set_pair(o, optarg, err);
	case OPT_PROFILE:
		o->profile = o->pipeline.profile = true;
		return ERR_OK;
	case OPT_PRINT:
		act->print = true;
		return ERR_OK;
	case OPT_RULES_ONLY:
		act->rules_only = true;
		return ERR_OK;
	case OPT_RUNMODE:
		return ERR_OK;
	case OPT_HELP:
	case OPT_HELP_OPTIONS:
	case OPT_VERSION:
		return take_info(c, act);
	default:
		return errmsg_set(err, ERR_INVALID,
				  "that is not an option; banken-dataplane --help");
	}
}

static int parse(int argc, char **argv, struct options *o, struct action *act, struct errmsg *err)
{
	int c, rc = ERR_OK;

	opterr = 0;
	while (rc == ERR_OK && !act->ended &&
	       (c = getopt_long(argc, argv, ":r:S:l:k:p:c:", long_options, NULL)) != -1) {
		if (c == ':')
			return errmsg_set(err, ERR_INVALID,
					  "%s needs a value; banken-dataplane --help",
					  argv[optind - 1]);
		if (c == '?')
			return errmsg_set(err, ERR_INVALID,
					  "%s is not an option; banken-dataplane --help",
					  argv[optind - 1]);
		rc = take(o, c, act, err);
	}
	if (rc == ERR_OK && !act->ended && optind < argc)
		return errmsg_set(err, ERR_INVALID,
				  "\"%s\" is not expected here; banken-dataplane --help",
				  argv[optind]);
	return rc;
}

static int rules_only(const struct options *o, struct errmsg *err)
{
	struct ruleset rules;
	int rc = ruleset_load(o, &rules, err);

	if (rc != ERR_OK)
		return fail(err);
	ruleset_report(&rules, stdout, UINT32_MAX);
	rc = rules.failed || rules.skipped ? 1 : 0;
	ruleset_free(&rules);
	return rc;
}

static int dispatch(struct options *o, const struct action *act, struct errmsg *err)
{
	if (act->ended)
		return 0;
	if (act->print) {
		options_print(o, stdout);
		return 0;
	}
	if (act->rules_only)
		return rules_only(o, err);
	if (o->capture && o->port_count_live) {
		errmsg_set(err, ERR_INVALID,
			   "-r and -p together: choose a capture file or live devices");
		return fail(err);
	}
	if (o->capture)
		return offline_run(o, err) == ERR_OK ? 0 : fail(err);
	if (o->port_count_live)
		return live_run(o, err) == ERR_OK ? 0 : fail(err);
	errmsg_set(err, ERR_INVALID, "nothing to listen to: give -r FILE or -p DEVICE; see --help");
	return fail(err);
}

int main(int argc, char **argv)
{
	struct options options;
	struct action act = {0};
	struct errmsg err = {""};
	int rc;

	options_init(&options);
	if (parse(argc, argv, &options, &act, &err) != ERR_OK)
		rc = fail(&err);
	else
		rc = dispatch(&options, &act, &err);
	options_done(&options);
	return rc;
}
