/* Subcommands that ask a program and show its answer. */
#include "control/cli/cli.h"

#include <stdlib.h>
#include <string.h>

static const char *const programs[] = {"banken-control", "banken-mitigator", "banken-enforcer",
				       "banken-centre"};

static bool is_plain(const json_t *value)
{
	return json_is_string(value) || json_is_number(value) || json_is_boolean(value);
}

/* Any number that large is a time, in ns since 1970. */
static const json_int_t EPOCH_NS = 1000000000LL * 1000000000LL;

static void print_plain(const char *key, const json_t *value)
{
	char when[32];

	if (json_is_string(value))
		printf("  %-28s %s\n", key, json_string_value(value));
	else if (json_is_integer(value) && json_integer_value(value) > EPOCH_NS)
		printf("  %-28s %s\n", key, cli_time((uint64_t)json_integer_value(value), when));
	else if (json_is_integer(value))
		printf("  %-28s %lld\n", key, (long long)json_integer_value(value));
	else if (json_is_real(value))
		printf("  %-28s %.3f\n", key, json_real_value(value));
	else
		printf("  %-28s %s\n", key, json_is_true(value) ? "yes" : "no");
}

static bool is_empty(const json_t *value)
{
	return (json_is_integer(value) && json_integer_value(value) == 0) ||
	       (json_is_string(value) && json_string_value(value)[0] == 0);
}

/* The members of an object in an object, as "outer.inner"; what is zero or empty is left out. */
static void print_group(const char *outer, json_t *group, unsigned depth)
{
	const char *key;
	json_t *value;

	json_object_foreach(group, key, value)
	{
		char name[96];

		snprintf(name, sizeof(name), "%s.%s", outer, key);
		if (json_is_object(value) && depth > 0 && strcmp(key, "counters") != 0)
			print_group(name, value, depth - 1);
		else if (is_plain(value) && !is_empty(value))
			print_plain(name, value);
	}
}

/* Numbers and words first, then groups, then lists of sentences, one a line. */
static void print_status(json_t *answer)
{
	const char *key;
	json_t *value, *line;
	size_t i;

	json_object_foreach(answer, key, value)
	{
		if (is_plain(value) && strcmp(key, "ok") != 0 && strcmp(key, "program") != 0)
			print_plain(key, value);
	}
	json_object_foreach(answer, key, value)
	{
		if (json_is_object(value))
			print_group(key, value, 1);
	}
	json_object_foreach(answer, key, value)
	{
		if (!json_is_array(value))
			continue;
		json_array_foreach(value, i, line)
		{
			if (json_is_string(line))
				printf("  %s: %s\n", key, json_string_value(line));
		}
	}
}

int cmd_status(const struct cli *cli, int argc, char **argv)
{
	json_t *all = json_object();
	bool any = false;

	(void)argv;
	if (argc > 1)
		return cli_fail(2, "status takes no argument; banken --help");
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		struct errmsg e = {""};
		json_t *answer =
			cli_ask_quietly(cli, programs[i], json_pack("{ss}", "do", "status"), &e);

		any |= answer != NULL;
		if (!cli->json) {
			printf("%s: %s\n", programs[i], answer ? "running" : e.text);
			if (answer)
				print_status(answer);
		}
		json_object_set_new(all, programs[i],
				    answer ? answer
					   : json_pack("{sb ss}", "ok", 0, "error", e.text));
	}
	cli_json(cli, all);
	json_decref(all);
	return any ? 0 : 1;
}

int cli_show(const struct cli *cli, const char *program, json_t *request, const char *list,
	     const char *const *columns, const char *nothing)
{
	json_t *answer = cli_ask(cli, program, request);

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		cli_table(json_object_get(answer, list), columns, nothing);
	json_decref(answer);
	return 0;
}

static long take_most(int argc, char **argv)
{
	char *end;
	long most;

	if (argc == 1)
		return 50;
	if (argc != 3 || strcmp(argv[1], "--most") != 0)
		return -1;
	most = strtol(argv[2], &end, 10);
	return *end || most < 1 || most > 100000 ? -1 : most;
}

int cmd_alerts(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {"time:time@",   "host:ip", "peer:peer_ip",
					      "sev:severity", "sid:sid", "what:msg",
					      "why:reasons",  NULL};
	long most = take_most(argc, argv);

	if (most < 0)
		return cli_fail(2, "alerts takes --most N with N from 1 to 100000");
	return cli_show(cli, "banken-centre",
			json_pack("{ss sI}", "do", "alerts", "most", (json_int_t)most), "alerts",
			columns, "Nothing was detected yet.");
}

static int show_host(const struct cli *cli, const char *name)
{
	static const char *const facts[] = {
		"what:kind",	"value:value", "from:source", "sure:confidence",
		"first:first@", "last:last@",  NULL};
	static const char *const ips[] = {"address:ip", "proven:proven", "first:first@",
					  "last:last@", NULL};
	json_t *answer =
		cli_ask(cli, "banken-mitigator", json_pack("{ss ss}", "do", "host", "host", name));
	json_t *host = json_object_get(answer, "host"), *value;
	const char *key;

	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		json_object_foreach(host, key, value)
		{
			if (is_plain(value) && !is_empty(value))
				print_plain(key, value);
		}
		putchar('\n');
		cli_table(json_object_get(host, "ips"), ips, "No address.");
		putchar('\n');
		cli_table(json_object_get(host, "facts"), facts, "Nothing more is known of it.");
	}
	json_decref(answer);
	return 0;
}

int cmd_hosts(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {"ip:ip",
					      "mac:mac",
					      "name:name",
					      "user:user",
					      "system:os",
					      "role:role",
					      "maker:vendor",
					      "level:level",
					      "alerts:alerts",
					      "network:cut_state",
					      "protected:protected_reason",
					      "last seen:last_seen@",
					      NULL};

	if (argc == 2 && argv[1][0] != '-')
		return show_host(cli, argv[1]);
	if (argc > 1)
		return cli_fail(2, "say: banken hosts [HOST]");
	return cli_show(cli, "banken-mitigator", json_pack("{ss}", "do", "hosts"), "hosts", columns,
			"No host was seen yet.");
}

int cmd_coverage(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {"network:network",
					      "seen:seen",
					      "behind a router:behind_router",
					      "silent:silent",
					      "sensor:sensors",
					      "last seen:last_seen@",
					      "what would help:advice",
					      NULL};

	(void)argv;
	if (argc > 1)
		return cli_fail(2, "coverage takes no argument; banken --help");
	return cli_show(cli, "banken-mitigator", json_pack("{ss}", "do", "coverage"), "networks",
			columns, "No host was seen yet.");
}

int cmd_search(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {"time:time@", "kind:type", "from:src", "to:dst",
					      "port:dport", "what:what", NULL};
	long most = argc == 4 ? take_most(argc - 1, argv + 1) : 50;
	json_t *answer;
	char when[32];

	if (argc != 2 && (argc != 4 || most < 0))
		return cli_fail(2, "say: banken search INDICATOR [--most N]");
	answer = cli_ask(cli, "banken-control",
			 json_pack("{ss ss sI}", "do", "search", "indicator", argv[1], "most",
				   (json_int_t)most));
	if (!answer)
		return 1;
	if (!cli_json(cli, answer)) {
		cli_table(json_object_get(answer, "hits"), columns, "No kept record names it.");
		printf("%lld records are kept, since %s\n",
		       (long long)json_integer_value(json_object_get(answer, "records")),
		       cli_time((uint64_t)json_integer_value(json_object_get(answer, "since")),
				when));
	}
	json_decref(answer);
	return 0;
}

int cmd_events(const struct cli *cli, int argc, char **argv)
{
	static const char *const columns[] = {
		"time:time@", "event:number", "host:ip", "threat:threat",
		"mode:mode",  "text:text",    NULL};
	long most = take_most(argc, argv);

	if (most < 0)
		return cli_fail(2, "events takes --most N with N from 1 to 100000");
	return cli_show(cli, "banken-mitigator",
			json_pack("{ss sI}", "do", "events", "most", (json_int_t)most), "events",
			columns, "No event yet.");
}
