/* banken bundle: signature bundles of this box. */
#include "control/cli/bundle.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/file.h"

static const char *chosen(const char *option, const char *variable, const char *otherwise)
{
	const char *value = option ? option : getenv(variable);

	return value && value[0] ? value : otherwise;
}

struct store_place bundle_place(const char *folder, const char *keys, const char *lists)
{
	return (struct store_place){
		.folder = chosen(folder, "BANKEN_BUNDLE", store_folder),
		.keys = chosen(keys, "BANKEN_BUNDLE_KEYS", store_keys_folder),
		.lists = chosen(lists, "BANKEN_LISTS", "/var/lib/banken/lists"),
		.now = (int64_t)time(NULL),
	};
}

/* --- showing --- */

static void print_parts(const json_t *set)
{
	size_t i;
	json_t *part;

	json_array_foreach(json_object_get(set, "parts"), i, part)
		printf("  %-10s %s version %lld, signed by %s, %.16s\n", cli_text(part, "kind"),
		       cli_text(part, "name"), json_integer_value(json_object_get(part, "version")),
		       cli_text(part, "signer"), cli_text(part, "digest"));
}

static long long figure(const json_t *rules, const char *key)
{
	return json_integer_value(json_object_get(rules, key));
}

void bundle_print_set(const struct cli *cli, json_t *set)
{
	const json_t *rules = json_object_get(set, "rules");
	char when[32];
	size_t i;
	json_t *text;

	if (cli_json(cli, set)) {
		json_decref(set);
		return;
	}
	printf("set %lld of %s (%s), content %.16s\n", figure(set, "set"),
	       cli_time((uint64_t)figure(set, "made") * 1000000000, when), cli_text(set, "why"),
	       cli_text(rules, "content"));
	print_parts(set);
	printf("%lld rules enabled (%lld for flow bits alone, %lld changed, %lld made drop), %lld "
	       "disabled, %lld came twice\n",
	       figure(rules, "enabled"), figure(rules, "for_flowbits"), figure(rules, "modified"),
	       figure(rules, "dropped"), figure(rules, "disabled"), figure(rules, "doubles"));
	if (figure(rules, "refused") || figure(rules, "unsupported") || figure(rules, "unreadable"))
		printf("%lld refused, %lld not supported, %lld lines were no rule\n",
		       figure(rules, "refused"), figure(rules, "unsupported"),
		       figure(rules, "unreadable"));
	json_array_foreach(json_object_get(rules, "problems"), i, text)
	{
		if (i < 20)
			printf("  %s\n", json_string_value(text));
	}
	json_decref(set);
}

/* The first 63 bits of the content's name, as the dataplane says it. */
static uint64_t number_of(const char *content)
{
	char first[17];

	snprintf(first, sizeof(first), "%.16s", content);
	return strtoull(first, NULL, 16) >> 1;
}

static json_t *dataplane_of(const struct cli *cli)
{
	struct errmsg e = {""};
	json_t *answer =
		cli_ask_quietly(cli, "banken-control", json_pack("{ss}", "do", "status"), &e);
	json_t *dataplane = json_incref(json_object_get(answer, "dataplane"));

	json_decref(answer);
	return dataplane;
}

static void say_deployed(const json_t *rules, const json_t *dataplane)
{
	long long loaded = figure(dataplane, "rules_loaded");
	long long left_out = figure(dataplane, "rules_skipped") + figure(dataplane, "rules_failed");

	printf("deployed: the dataplane runs this set: %lld rules loaded", loaded);
	if (left_out)
		printf(", %lld not supported or refused ('banken rules check' names them)",
		       left_out);
	if (loaded + left_out != figure(rules, "enabled"))
		printf("; it has rules of its own files (-S) besides the %lld enabled here",
		       figure(rules, "enabled"));
	puts("");
}

int bundle_deployed(const struct cli *cli, const json_t *set, unsigned seconds)
{
	const json_t *rules = json_object_get(set, "rules");
	uint64_t wanted = number_of(cli_text(rules, "content")), runs = 0;
	json_t *dataplane = NULL;

	for (unsigned i = 0; i <= seconds * 4; i++) {
		json_decref(dataplane);
		dataplane = dataplane_of(cli);
		if (!json_is_true(json_object_get(dataplane, "alive")))
			break;
		runs = (uint64_t)figure(json_object_get(dataplane, "counters"), "rules.content");
		if (runs == wanted) {
			say_deployed(rules, dataplane);
			json_decref(dataplane);
			return 0;
		}
		if (i < seconds * 4)
			usleep(250000);
	}
	if (!json_is_true(json_object_get(dataplane, "alive")))
		puts("not deployed: no dataplane runs here; it takes the set when it starts");
	else
		printf("NOT deployed: the dataplane runs other rules (%016llx, not %016llx); its "
		       "own "
		       "words are in its log\n",
		       (unsigned long long)runs, (unsigned long long)wanted);
	json_decref(dataplane);
	return 1;
}

static void print_bundle(const struct cli *cli, const struct bundle *b, const char *signer)
{
	json_t *files = json_array(), *o;
	char digest[65], made[32], until[32];

	bundle_hex(b->digest, sizeof(b->digest), digest);
	for (unsigned i = 0; i < b->n; i++) {
		char hash[65];

		bundle_hex(b->files[i].sha256, 32, hash);
		json_array_append_new(files,
				      json_pack("{ss sI sI ss}", "path", b->files[i].path, "size",
						(json_int_t)b->files[i].size, "packed",
						(json_int_t)b->files[i].packed, "sha256", hash));
	}
	o = json_pack("{ss ss sI sI sI ss ss ss so}", "kind", bundle_kind_names[b->kind], "name",
		      b->name, "version", (json_int_t)b->version, "made", (json_int_t)b->made,
		      "expires", (json_int_t)b->expires, "note", b->note, "digest", digest,
		      "signer", signer, "files", files);
	if (!cli_json(cli, o)) {
		printf("%s %s version %llu, made %s, to be installed %s%s\n%s%ssigned by: %s\n",
		       bundle_kind_names[b->kind], b->name, (unsigned long long)b->version,
		       cli_time((uint64_t)b->made * 1000000000, made),
		       b->expires ? "until " : "any time",
		       b->expires ? cli_time((uint64_t)b->expires * 1000000000, until) : "",
		       b->note, b->note[0] ? "\n" : "", signer);
		for (unsigned i = 0; i < b->n; i++)
			printf("  %10llu  %s\n", (unsigned long long)b->files[i].size,
			       b->files[i].path);
	}
	json_decref(o);
}

/* --- verbs --- */

struct wish {
	struct store_place place;
	const char *what, *kind;
	unsigned wait;
};

static int installed(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""};
	json_t *set;
	int status;

	if (store_current(w->place.folder, &set, &e) != ERR_OK)
		return cli_fail(1, "%s", e.text);
	json_incref(set);
	bundle_print_set(cli, set);
	status = cli->json ? 0 : bundle_deployed(cli, set, w->wait);
	json_decref(set);
	return status;
}

/* `set` was put in force, or why not. */
static int outcome(const struct cli *cli, const struct wish *w, int rc, json_t *set,
		   const struct errmsg *e)
{
	if (rc != ERR_OK)
		return cli_fail(1, "%s", e->text);
	json_incref(set);
	bundle_print_set(cli, set);
	/* Without a sensor here there is nothing to wait for: that is no failure. */
	if (!cli->json)
		(void)bundle_deployed(cli, set, w->wait);
	json_decref(set);
	return 0;
}

static int show(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""}, why = {""};
	struct bundle_keys *keys = NULL;
	const char *signer = "";
	struct slice bytes;
	struct bundle b;
	bool trusted;

	if (!w->what)
		return installed(cli, w);
	if (store_open_bundle(&w->place, w->what, &bytes, &b, &signer, &keys, &why) == ERR_OK) {
		trusted = true;
	} else {
		/* What it says of itself, said to be unproven. */
		trusted = false;
		keys = NULL;
		if (file_read(w->what, BUNDLE_MAX, &bytes, &e) != ERR_OK)
			return cli_fail(1, "%s", e.text);
		if (bundle_parse(bytes, &b, &e) != ERR_OK) {
			free((void *)bytes.data);
			return cli_fail(1, "%s", e.text);
		}
		signer = "nobody who is trusted here";
	}
	print_bundle(cli, &b, signer);
	bundle_done(&b);
	free((void *)bytes.data);
	bundle_keys_free(keys);
	return trusted ? 0 : cli_fail(1, "%s", why.text);
}

/* Signature, dates and every file's bytes. */
static int verify(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""};
	struct bundle_keys *keys;
	struct slice bytes, content;
	struct bundle b;
	const char *signer;
	int rc = store_open_bundle(&w->place, w->what, &bytes, &b, &signer, &keys, &e);

	if (rc != ERR_OK)
		return cli_fail(1, "%s", e.text);
	for (unsigned i = 0; i < b.n && rc == ERR_OK; i++) {
		rc = bundle_unpack(&b.files[i], &content, &e);
		if (rc == ERR_OK)
			free((void *)content.data);
	}
	if (rc == ERR_OK && !cli->json)
		printf("%s: %s version %llu is whole and signed by %s\n", w->what, b.name,
		       (unsigned long long)b.version, signer);
	bundle_done(&b);
	free((void *)bytes.data);
	bundle_keys_free(keys);
	return rc == ERR_OK ? 0 : cli_fail(1, "%s", e.text);
}

static int history(const struct cli *cli, const struct wish *w)
{
	static const char *const columns[] = {"set:set",	 "made:made@",	    "why:why",
					      "enabled:enabled", "content:content", NULL};
	json_t *rows = json_array(), *sets = store_history(w->place.folder), *set;
	size_t i;

	json_array_foreach(sets, i, set)
	{
		const json_t *rules = json_object_get(set, "rules");

		json_array_append_new(rows, json_pack("{sO sI sO sO sO}", "set",
						      json_object_get(set, "set"), "made",
						      (json_int_t)figure(set, "made") * 1000000000,
						      "why", json_object_get(set, "why"), "enabled",
						      json_object_get(rules, "enabled"), "content",
						      json_object_get(rules, "content")));
	}
	if (!cli_json(cli, sets))
		cli_table(rows, columns, "Nothing is installed.");
	json_decref(rows);
	json_decref(sets);
	return 0;
}

static int roll_back(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""};
	json_t *set = NULL;
	char *end = "";
	uint64_t version = w->what ? strtoull(w->what, &end, 10) : 0;
	int rc;

	if (w->what && (*end || version == 0))
		return cli_fail(2, "rollback %s: a version is a number", w->what);
	rc = store_rollback(&w->place, version, &set, &e);
	return outcome(cli, w, rc, set, &e);
}

static int take_out(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""};
	json_t *set = NULL;
	enum bundle_kind kind = BUNDLE_PATTERN;
	int rc;

	for (enum bundle_kind k = 1; w->kind && k < BUNDLE_KINDS; k++) {
		if (strcmp(bundle_kind_names[k], w->kind) == 0)
			kind = k;
	}
	rc = store_remove(&w->place, kind, w->what, &set, &e);
	return outcome(cli, w, rc, set, &e);
}

static int put_in(const struct cli *cli, const struct wish *w)
{
	struct errmsg e = {""};
	json_t *set = NULL;
	int rc = store_install(&w->place, w->what, &set, &e);

	return outcome(cli, w, rc, set, &e);
}

static int make_key(const struct cli *cli, int argc, char **argv)
{
	struct errmsg e = {""};

	(void)cli;
	if (argc != 4)
		return cli_fail(2, "say: banken bundle key FOLDER NAME");
	if (bundle_key_make(argv[2], argv[3], &e) != ERR_OK)
		return cli_fail(1, "%s", e.text);
	printf("%s/%s.key signs: keep it secret; %s/%s.pem goes into %s of the boxes\n", argv[2],
	       argv[3], argv[2], argv[3], store_keys_folder);
	return 0;
}

static int take_options(int argc, char **argv, struct wish *w)
{
	static const struct option longs[] = {
		{"folder", required_argument, NULL, 'f'}, {"keys", required_argument, NULL, 'k'},
		{"lists", required_argument, NULL, 'l'},  {"wait", required_argument, NULL, 'w'},
		{"kind", required_argument, NULL, 'i'},	  {NULL, 0, NULL, 0},
	};
	const char *folder = NULL, *keys = NULL, *lists = NULL;

	w->wait = 30;
	opterr = 0;
	optind = 0;
	for (int c; (c = getopt_long(argc, argv, ":", longs, NULL)) != -1;) {
		if (c == 'f')
			folder = optarg;
		else if (c == 'k')
			keys = optarg;
		else if (c == 'l')
			lists = optarg;
		else if (c == 'i')
			w->kind = optarg;
		else if (c == 'w')
			w->wait = (unsigned)strtoul(optarg, NULL, 10);
		else
			return cli_fail(2, "%s: no such option or no value; banken bundle --help",
					argv[optind - 1]);
	}
	if (optind + 1 < argc)
		return cli_fail(2, "\"%s\" is not expected here; banken bundle --help",
				argv[optind + 1]);
	w->what = optind < argc ? argv[optind] : NULL;
	w->place = bundle_place(folder, keys, lists);
	return 0;
}

int cmd_bundle(const struct cli *cli, int argc, char **argv)
{
	static const struct {
		const char *verb;
		int (*run)(const struct cli *, const struct wish *);
		bool wants; /* a file or name */
	} verbs[] = {{"show", show, false},	  {"status", installed, false},
		     {"verify", verify, true},	  {"install", put_in, true},
		     {"history", history, false}, {"rollback", roll_back, false},
		     {"remove", take_out, true}};
	const char *verb = argc > 1 ? argv[1] : "";
	struct wish w = {0};
	int rc;

	if (strcmp(verb, "build") == 0)
		return cli_bundle_build(cli, argc, argv);
	if (strcmp(verb, "preview") == 0)
		return cli_bundle_preview(cli, argc, argv);
	if (strcmp(verb, "key") == 0)
		return make_key(cli, argc, argv);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		if (strcmp(verbs[i].verb, verb) != 0)
			continue;
		rc = take_options(argc - 1, argv + 1, &w);
		if (rc)
			return rc;
		return verbs[i].wants && !w.what
			       ? cli_fail(2, "banken bundle %s wants a name; see --help", verb)
			       : verbs[i].run(cli, &w);
	}
	return cli_fail(2, "say: banken bundle build | show [FILE] | verify FILE | install FILE | "
			   "status | history | rollback [VERSION] | remove NAME | preview FILE -r "
			   "CAPTURE | key FOLDER NAME");
}
