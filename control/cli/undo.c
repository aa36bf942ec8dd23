/* `banken quarantine export` and `import`: permission lists out, and back in to restore (Q11). */
#include "control/cli/undo.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/mitigator/undo/gather.h"
#include "control/wire/file.h"

enum { HOSTS_AT_ONCE = 10000 };

/* ---- out ---- */

/* A list in chunks; `request` asks for the chunk from "from" on. Malloc'ed text, NULL with the
 * sentence printed. `ret_answer`: the last answer, when it is wanted. */
static char *fetch(const struct cli *cli, const char *what, const char *name, json_t **ret_answer)
{
	char *text = NULL;
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	json_int_t from = 0;

	do {
		json_t *answer =
			cli_ask(cli, "banken-mitigator",
				json_pack("{ss ss sI}", "do", what, "name", name, "from", from));

		if (!answer) {
			fclose(f);
			free(text);
			return NULL;
		}
		fputs(cli_text(answer, "text"), f);
		from = json_integer_value(json_object_get(answer, "next"));
		if (ret_answer && from == 0)
			*ret_answer = json_incref(answer);
		json_decref(answer);
	} while (from);
	fclose(f);
	return text;
}

static int add(struct undo_zip *z, const char *name, const char *text)
{
	struct errmsg e = {""};

	return undo_zip_add(z, name, slice_of(text), &e) < 0 ? cli_fail(1, "%s", e.text) : 0;
}

static int add_kept(const struct cli *cli, struct undo_zip *z, const char *threat, unsigned *ret_n)
{
	json_t *answer = cli_ask(cli, "banken-mitigator",
				 json_pack("{ss ss}", "do", "undo_lists", "threat", threat));
	const json_t *name;
	int status = answer ? 0 : 1;
	size_t i;

	json_array_foreach(json_object_get(answer, "lists"), i, name)
	{
		char *text = status ? NULL : fetch(cli, "undo_list", json_string_value(name), NULL);

		if (!text)
			status = 1;
		else
			status = add(z, json_string_value(name), text);
		free(text);
		++*ret_n;
	}
	json_decref(answer);
	return status;
}

/* Who is permitted now, under the name of each threat that somebody is cut for. */
static int add_current(const struct cli *cli, struct undo_zip *z, unsigned *ret_n)
{
	json_t *answer = NULL;
	char *text = fetch(cli, "permissions", "", &answer);
	uint64_t now = (uint64_t)time(NULL) * 1000000000;
	int status = text ? 0 : 1;
	char name[UNDO_NAME];
	const json_t *threat;
	size_t i;

	json_array_foreach(json_object_get(answer, "threats"), i, threat)
	{
		if (status == 0)
			status = add(z, undo_name(json_string_value(threat), now, name), text);
		++*ret_n;
	}
	if (status == 0 && *ret_n == 0) {
		status = add(z, undo_name("none", now, name), text);
		++*ret_n;
	}
	free(text);
	json_decref(answer);
	return status;
}

int cli_undo_export(const struct cli *cli, const char *path, const char *threat, bool current)
{
	struct errmsg e = {""};
	struct undo_zip *z = undo_zip_new(path, &e);
	unsigned n = 0;
	int status;

	if (!z)
		return cli_fail(1, "%s", e.text);
	status = current ? add_current(cli, z, &n) : add_kept(cli, z, threat, &n);
	if (status == 0 && n == 0)
		status = cli_fail(1, "no list was kept%s%s yet", threat[0] ? " for " : "", threat);
	if (undo_zip_finish(z, status == 0, &e) < 0 && status == 0)
		status = cli_fail(1, "%s", e.text);
	if (status == 0 && !cli->json)
		printf("%u lists are in %s\n", n, path);
	return status;
}

/* ---- in ---- */

static int ask_restore(const struct cli *cli, const char *threat, json_t *hosts, const char *reason,
		       json_int_t counts[3])
{
	static const char *const keys[] = {"released", "not_cut", "kept"};
	json_t *answer = cli_ask(cli, "banken-mitigator",
				 json_pack("{ss ss sO ss}", "do", "restore", "threat", threat,
					   "hosts", hosts, "reason", reason));

	for (size_t i = 0; answer && i < ARRAY_SIZE(keys); i++)
		counts[i] += json_integer_value(json_object_get(answer, keys[i]));
	json_array_clear(hosts);
	json_decref(answer);
	return answer ? 0 : 1;
}

static int restore(const struct cli *cli, const struct undo_threat *r, const char *reason,
		   json_int_t counts[3])
{
	json_t *hosts = json_array(), *value;
	const char *name;
	int status = 0;

	json_object_foreach(r->hosts, name, value)
	{
		json_array_append_new(hosts, json_string(name));
		if (json_array_size(hosts) == HOSTS_AT_ONCE && status == 0)
			status = ask_restore(cli, r->threat, hosts, reason, counts);
	}
	if (status == 0 && json_array_size(hosts))
		status = ask_restore(cli, r->threat, hosts, reason, counts);
	json_decref(hosts);
	return status;
}

static struct undo_gathered *read_lists(const char *path, struct errmsg *e)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	struct undo_gathered *all;
	struct slice s;

	if (file_read(path, UNDO_ZIP_BYTES, &s, e) < 0)
		return NULL;
	all = undo_gather(s, name, e);
	free((void *)(uintptr_t)s.data);
	return all;
}

int cli_undo_import(const struct cli *cli, const char *path, const char *reason)
{
	json_int_t counts[3] = {0};
	struct errmsg e = {""};
	struct undo_gathered *all = read_lists(path, &e);
	int status = 0;

	if (!all)
		return cli_fail(1, "%s", e.text);
	for (unsigned i = 0; i < all->n && status == 0; i++)
		status = restore(cli, &all->items[i], reason, counts);
	if (status == 0 && cli->json)
		printf("{\"released\": %lld, \"not_cut\": %lld, \"kept\": %lld}\n",
		       (long long)counts[0], (long long)counts[1], (long long)counts[2]);
	else if (status == 0)
		printf("%lld hosts are released; %lld of the lists were not cut for it, %lld stay "
		       "cut by somebody's order\n",
		       (long long)counts[0], (long long)counts[1], (long long)counts[2]);
	undo_gathered_free(all);
	return status;
}
