/* `banken lists`: known-bad lists, added, shown, removed, tried. */
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/cli/cli.h"
#include "control/wire/file.h"
#include "signatures/lists/book.h"

enum {
	OPT_NAME = 256,
	OPT_FOLDER,
	OPT_FORM,
	OPT_KIND,
	OPT_PRIORITY,
	OPT_SEVERITY,
	OPT_COMMENT,
	OPT_TACTIC,
	OPT_TECHNIQUE,
	OPT_DAYS,
	OPT_POTENTIAL,
	OPT_ALLOW,
	OPT_EXACT,
	OPT_ANY_PORT,
};

static const struct option long_options[] = {
	{"name", required_argument, NULL, OPT_NAME},
	{"folder", required_argument, NULL, OPT_FOLDER},
	{"form", required_argument, NULL, OPT_FORM},
	{"kind", required_argument, NULL, OPT_KIND},
	{"priority", required_argument, NULL, OPT_PRIORITY},
	{"severity", required_argument, NULL, OPT_SEVERITY},
	{"comment", required_argument, NULL, OPT_COMMENT},
	{"tactic", required_argument, NULL, OPT_TACTIC},
	{"technique", required_argument, NULL, OPT_TECHNIQUE},
	{"days", required_argument, NULL, OPT_DAYS},
	{"potential", no_argument, NULL, OPT_POTENTIAL},
	{"allow", no_argument, NULL, OPT_ALLOW},
	{"exact", no_argument, NULL, OPT_EXACT},
	{"any-port", no_argument, NULL, OPT_ANY_PORT},
	{NULL, 0, NULL, 0},
};

struct wish {
	const char *folder;
	struct book_list list;
	const char *what; /* the one argument that is no option, or NULL */
};

static uint32_t now_seconds(void)
{
	return (uint32_t)time(NULL);
}

static bool take_number(const char *text, long least, long most, long *ret)
{
	char *end;

	*ret = strtol(text, &end, 10);
	return end != text && !*end && *ret >= least && *ret <= most;
}

static bool take_word(const char *text, const char *const *words, unsigned n, unsigned *ret)
{
	for (*ret = 0; *ret < n; ++*ret) {
		if (strcmp(words[*ret], text) == 0)
			return true;
	}
	return false;
}

static bool take_text(const char *text, char *ret, size_t cap)
{
	return (size_t)snprintf(ret, cap, "%s", text) < cap;
}

/* False: the value is none for that option. */
static bool take_value(struct wish *w, int option)
{
	struct list_info *info = &w->list.info;
	long n = 0;
	unsigned word = 0;
	bool ok = true;

	switch (option) {
	case OPT_NAME:
		return take_text(optarg, info->name, sizeof(info->name));
	case OPT_COMMENT:
		return take_text(optarg, info->comment, sizeof(info->comment));
	case OPT_TACTIC:
		return take_text(optarg, info->tactic, sizeof(info->tactic));
	case OPT_TECHNIQUE:
		return take_text(optarg, info->technique, sizeof(info->technique));
	case OPT_FORM:
		ok = take_word(optarg, list_form_names, LIST_FORMS, &word);
		w->list.form = (enum list_form)word;
		return ok;
	case OPT_KIND:
		ok = take_word(optarg, indicator_hint_names, HINTS, &word);
		w->list.hint = (enum indicator_hint)word;
		return ok;
	case OPT_PRIORITY:
		ok = take_number(optarg, 0, 100, &n);
		info->priority = (uint8_t)n;
		return ok;
	case OPT_SEVERITY:
		ok = take_number(optarg, 1, 4, &n);
		info->severity = (uint8_t)n;
		return ok;
	default:
		ok = take_number(optarg, 1, 36500, &n);
		w->list.lifetime_days = (uint32_t)n;
		return ok;
	}
}

static void take_switch(struct wish *w, int option)
{
	w->list.info.known &= option != OPT_POTENTIAL;
	w->list.info.allow |= option == OPT_ALLOW;
	w->list.info.exact |= option == OPT_EXACT;
	w->list.any_port |= option == OPT_ANY_PORT;
}

/* 0, or 2 with the sentence printed. */
static int take_options(int argc, char **argv, struct wish *w)
{
	const char *folder = getenv("BANKEN_LISTS");
	int c, index = 0;

	*w = (struct wish){.folder = folder && folder[0] ? folder : book_folder};
	w->list.info.known = true;
	w->list.info.priority = BOOK_PRIORITY;
	opterr = 0;
	optind = 0;
	while ((c = getopt_long(argc, argv, ":", long_options, &index)) != -1) {
		if (c == ':' || c == '?')
			return cli_fail(2, "%s %s; banken lists --help", argv[optind - 1],
					c == ':' ? "needs a value" : "is not an option");
		if (c == OPT_FOLDER)
			w->folder = optarg;
		else if (c >= OPT_POTENTIAL)
			take_switch(w, c);
		else if (!take_value(w, c))
			return cli_fail(2, "--%s %s is not possible; banken lists --help",
					long_options[index].name, optarg);
	}
	if (optind + 1 < argc)
		return cli_fail(2, "\"%s\" is not expected here; banken lists --help",
				argv[optind + 1]);
	w->what = optind < argc ? argv[optind] : NULL;
	return 0;
}

/* --- showing --- */

static json_t *reading_json(const struct book_reading *r)
{
	json_t *kinds = json_object(), *refusals = json_array();

	for (unsigned i = 0; i < LIST_KINDS; i++) {
		if (r->kinds[i])
			json_object_set_new(kinds, list_kind_names[i],
					    json_integer((json_int_t)r->kinds[i]));
	}
	for (unsigned i = 0; i < r->n_refusals; i++)
		json_array_append_new(
			refusals, json_pack("{s:I s:o}", "line", (json_int_t)r->refusals[i].line,
					    "why", json_string(r->refusals[i].why) ?: json_null()));
	return json_pack("{s:I s:I s:I s:I s:I s:o s:o}", "lines", (json_int_t)r->counts.lines,
			 "taken", (json_int_t)r->counts.taken, "refused",
			 (json_int_t)r->counts.refused, "revoked", (json_int_t)r->counts.revoked,
			 "expired", (json_int_t)r->expired, "kinds", kinds, "refusals", refusals);
}

static void print_reading(const struct cli *cli, const struct book_reading *r)
{
	json_t *answer = reading_json(r);

	if (!cli_json(cli, answer)) {
		printf("%llu indicators in %llu lines",
		       (unsigned long long)(r->counts.taken - r->expired),
		       (unsigned long long)r->counts.lines);
		for (unsigned i = 0; i < LIST_KINDS; i++) {
			if (r->kinds[i])
				printf(", %s %llu", list_kind_names[i],
				       (unsigned long long)r->kinds[i]);
		}
		printf("; %llu refused, %llu expired, %llu revoked\n",
		       (unsigned long long)r->counts.refused, (unsigned long long)r->expired,
		       (unsigned long long)r->counts.revoked);
		for (unsigned i = 0; i < r->n_refusals; i++)
			printf("  line %llu: %s\n", (unsigned long long)r->refusals[i].line,
			       r->refusals[i].why);
		if (r->counts.refused > r->n_refusals)
			printf("  and %llu more\n",
			       (unsigned long long)(r->counts.refused - r->n_refusals));
	}
	json_decref(answer);
}

static json_t *list_row(const struct book_list *l)
{
	return json_pack("{s:s s:I s:i s:i s:s s:s s:I s:I s:I s:I s:s s:s s:i}", "name",
			 l->info.name, "id", (json_int_t)l->info.id, "priority", l->info.priority,
			 "severity", l->info.severity, "says", l->info.allow ? "good" : "bad",
			 "confidence", l->info.known ? "known" : "potential", "entries",
			 (json_int_t)l->taken, "refused", (json_int_t)l->refused, "expired",
			 (json_int_t)l->expired, "added", (json_int_t)l->added * 1000000000, "form",
			 list_form_names[l->form], "comment", l->info.comment, "days",
			 (int)l->lifetime_days);
}

static int show(const struct cli *cli, const struct wish *w)
{
	static const char *const columns[] = {"list:name",
					      "id:id",
					      "entries:entries",
					      "expired:expired",
					      "refused:refused",
					      "says:says",
					      "prio:priority",
					      "sev:severity",
					      "added:added@",
					      "comment:comment",
					      NULL};
	json_t *rows = json_array();
	struct errmsg err = {""};
	struct book book;

	if (book_load(w->folder, &book, &err) != ERR_OK) {
		json_decref(rows);
		return cli_fail(1, "%s", err.text);
	}
	for (unsigned i = 0; i < book.n; i++) {
		if (!w->what || strcmp(w->what, book.lists[i].info.name) == 0)
			json_array_append_new(rows, list_row(&book.lists[i]));
	}
	if (!cli_json(cli, rows))
		cli_table(rows, columns,
			  w->what ? "There is no such list." : "There is no list yet.");
	json_decref(rows);
	return 0;
}

static int search(const struct cli *cli, const struct wish *w)
{
	struct indicator *i = calloc(1, sizeof(*i));
	struct lists *lists = NULL;
	struct list_hit hit;
	struct errmsg err = {""};
	char path[4096], until[32];
	bool found;

	if (!i || indicator_parse(SLICE_STR(w->what), w->list.hint, i, &err) != ERR_OK ||
	    !book_compiled(w->folder, path, sizeof(path)) ||
	    lists_open(path, &lists, &err) != ERR_OK) {
		free(i);
		return cli_fail(1, "%s", err.text);
	}
	found = lists_find(lists, i, now_seconds(), &hit);
	if (cli->json) {
		json_t *answer =
			found ? json_pack("{s:b s:s s:s s:s s:s s:I}", "found", 1, "list",
					  hit.list->name, "kind", list_kind_names[hit.kind],
					  "comment", hit.comment, "says",
					  hit.list->allow ? "good" : "bad", "until",
					  (json_int_t)hit.expires)
			      : json_pack("{s:b}", "found", 0);

		cli_json(cli, answer);
		json_decref(answer);
	} else if (found) {
		printf("%s is on the list %s%s as %s%s%s%s%s\n", w->what, hit.list->name,
		       hit.list->allow ? " (good: no alert)" : "", list_kind_names[hit.kind],
		       hit.comment[0] ? ": " : "", hit.comment, hit.expires ? ", until " : "",
		       hit.expires ? cli_time((uint64_t)hit.expires * 1000000000, until) : "");
	} else {
		printf("%s is on no list\n", w->what);
	}
	lists_close(lists);
	free(i);
	return found ? 0 : 1;
}

/* --- changing --- */

static int check(const struct cli *cli, struct wish *w)
{
	struct book_reading reading;
	struct errmsg err = {""};

	if (book_check(w->what, &w->list, now_seconds(), &reading, &err) != ERR_OK)
		return cli_fail(1, "%s", err.text);
	print_reading(cli, &reading);
	return reading.counts.refused ? 1 : 0;
}

/* A file's name without folder and ending is its list's, unless it is given. */
static void name_by_file(struct wish *w)
{
	const char *slash = strrchr(w->what, '/'), *base = slash ? slash + 1 : w->what;
	const char *dot = strrchr(base, '.');
	int n = dot && dot > base ? (int)(dot - base) : (int)strlen(base);

	snprintf(w->list.info.name, sizeof(w->list.info.name), "%.*s", n, base);
}

static int add(const struct cli *cli, struct wish *w)
{
	struct book_reading reading;
	struct errmsg err = {""};

	if (!w->list.info.name[0])
		name_by_file(w);
	if (file_make_folder(w->folder, 0755, &err) < 0)
		return cli_fail(1, "%s; --folder DIR names another one", err.text);
	if (book_add(w->folder, w->what, &w->list, now_seconds(), &reading, &err) != ERR_OK)
		return cli_fail(1, "%s", err.text);
	print_reading(cli, &reading);
	return 0;
}

static int compile(const struct cli *cli, const struct wish *w)
{
	struct build_counts counts;
	struct errmsg err = {""};

	(void)cli;
	if (book_compile(w->folder, now_seconds(), &counts, &err) != ERR_OK)
		return cli_fail(1, "%s", err.text);
	printf("%llu indicators, %llu of them twice, %llu expired\n",
	       (unsigned long long)counts.taken, (unsigned long long)counts.doubles,
	       (unsigned long long)counts.expired);
	return 0;
}

int cmd_lists(const struct cli *cli, int argc, char **argv)
{
	static const char usage[] =
		"say: banken lists add FILE | show [NAME] | remove NAME | check "
		"FILE | search INDICATOR | compile | taxii ...";
	const char *verb = argc > 1 ? argv[1] : "";
	struct errmsg err = {""};
	struct wish w;
	int rc;

	if (argc < 2)
		return cli_fail(2, "%s", usage);
	if (strcmp(verb, "taxii") == 0)
		return cli_taxii(cli, argc - 1, argv + 1);
	rc = take_options(argc - 1, argv + 1, &w);
	if (rc)
		return rc;
	if (strcmp(verb, "show") == 0)
		return show(cli, &w);
	if (strcmp(verb, "compile") == 0 && !w.what)
		return compile(cli, &w);
	if (!w.what)
		return cli_fail(2, "%s", usage);
	if (strcmp(verb, "add") == 0)
		return add(cli, &w);
	if (strcmp(verb, "check") == 0)
		return check(cli, &w);
	if (strcmp(verb, "search") == 0)
		return search(cli, &w);
	if (strcmp(verb, "remove") != 0)
		return cli_fail(2, "%s", usage);
	rc = book_remove(w.folder, w.what, now_seconds(), &err);
	return rc == ERR_OK ? 0 : cli_fail(1, "%s", err.text);
}
