/* `banken incidents`: what happened, where it began, what to do. */
#include <stdio.h>
#include <string.h>

#include "control/cli/incident_text.h"

static void print_list(const char *head, const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		printf("%s%s", i ? ", " : head, json_string_value(item) ?: "");
	if (json_array_size(list))
		putchar('\n');
}

static void print_steps(const json_t *steps, bool japanese)
{
	const json_t *x;
	char when[32];
	size_t i;

	json_array_foreach(steps, i, x)
	{
		json_int_t hits = json_integer_value(json_object_get(x, "hits"));

		printf("    %s  %s",
		       cli_time((uint64_t)json_integer_value(json_object_get(x, "first")), when),
		       cli_text(x, japanese ? "text_ja" : "text"));
		if (hits > 1)
			printf(" [%lld]", (long long)hits);
		putchar('\n');
	}
}

static void print_handling(const json_t *list)
{
	const json_t *item;
	size_t i;

	json_array_foreach(list, i, item)
		printf("    %zu. %s\n", i + 1, json_string_value(item) ?: "");
}

void incident_print(const json_t *o, bool japanese)
{
	char from[32], to[32];

	printf("%s  %s  %s  %s %.0f%%  %s - %s%s\n", cli_text(o, "id"), cli_text(o, "host"),
	       cli_text(o, "title"), cli_text(o, "level"),
	       100 * json_real_value(json_object_get(o, "risk")),
	       cli_time((uint64_t)json_integer_value(json_object_get(o, "opened")), from),
	       cli_time((uint64_t)json_integer_value(json_object_get(o, "updated")), to),
	       json_integer_value(json_object_get(o, "closed")) ? "  closed" : "");
	printf(japanese ? "  攻撃元:   %s\n  攻撃先:   %s\n" : "  attacker:  %s\n  victim:    %s\n",
	       cli_text(o, "attacker"), cli_text(o, "victim"));
	print_list(japanese ? "  手法:     " : "  technique: ", json_object_get(o, "techniques"));
	printf(japanese ? "  原因:     %s\n  経過:\n" : "  cause:     %s\n  steps:\n",
	       cli_text(o, japanese ? "cause_ja" : "cause"));
	print_steps(json_object_get(o, "steps"), japanese);
	print_list(japanese ? "  関連:     " : "  linked:    ", json_object_get(o, "linked"));
	puts(japanese ? "  対応(実施順):" : "  what to do, in order:");
	print_handling(json_object_get(o, japanese ? "handling_ja" : "handling"));
}

int cmd_incidents(const struct cli *cli, int argc, char **argv)
{
	json_t *request = json_pack("{ss}", "do", "incidents"), *answer, *list, *o;
	bool japanese = false, bad = false;
	size_t i;

	for (int k = 1; k < argc; k++) {
		if (strcmp(argv[k], "--japanese") == 0)
			japanese = true;
		else if (strcmp(argv[k], "--open") == 0)
			json_object_set_new(request, "open", json_true());
		else if (argv[k][0] == '-' || json_object_get(request, "id"))
			bad = true;
		else
			json_object_set_new(request, "id", json_string(argv[k]));
	}
	if (bad) {
		json_decref(request);
		return cli_fail(2, "say: banken incidents [ID] [--open] [--japanese]");
	}
	answer = cli_ask(cli, "banken-mitigator", request);
	if (!answer)
		return 1;
	list = json_object_get(answer, "incidents");
	if (!cli_json(cli, answer)) {
		json_array_foreach(list, i, o)
		{
			if (i)
				putchar('\n');
			incident_print(o, japanese);
		}
		if (json_array_size(list) == 0)
			puts("No incident yet.");
	}
	json_decref(answer);
	return 0;
}
