/* `banken sample`: files carved from traffic, handed over by sensors on a person's order (E4). */
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/cli/cli.h"
#include "control/wire/artefact.h"
#include "control/wire/file.h"
#include "control/wire/message.h"
#include "control/wire/seal.h"

enum { SEALED_MAX = 80 << 20 };

static const char usage[] =
	"say: banken sample list | take SHA256 [--types exe,dll] [--sensor NAME] [--reason TEXT] | "
	"key PRIVATE PUBLIC | open FILE SHA256 --key PRIVATE --out FILE";

struct wish {
	const char *types, *sensor, *reason, *key, *out, *words[2];
	unsigned n;
};

static int take_words(int argc, char **argv, struct wish *w)
{
	const struct {
		const char *name;
		const char **value;
	} options[] = {{"--types", &w->types},
		       {"--sensor", &w->sensor},
		       {"--reason", &w->reason},
		       {"--key", &w->key},
		       {"--out", &w->out}};

	*w = (struct wish){.types = "", .sensor = "", .reason = ""};
	for (int i = 2; i < argc; i++) {
		bool known = false;

		for (size_t k = 0; k < ARRAY_SIZE(options) && i + 1 < argc && !known; k++) {
			known = strcmp(argv[i], options[k].name) == 0;
			if (known)
				*options[k].value = argv[++i];
		}
		if (known)
			continue;
		if (argv[i][0] == '-' || w->n == 2)
			return cli_fail(2, "%s", usage);
		w->words[w->n++] = argv[i];
	}
	return 0;
}

static int list(const struct cli *cli)
{
	static const char *const columns[] = {"id:id",		"time:time@", "state:state",
					      "type:file_type", "size:size",  "sensor:sensor",
					      "by:actor",	"what:text",  NULL};

	return cli_show(cli, "banken-mitigator", json_pack("{ss}", "do", "samples"), "samples",
			columns, "No sample was ordered.");
}

static int take(const struct cli *cli, const struct wish *w)
{
	struct passwd *account = getpwuid(getuid());
	json_t *answer =
		cli_ask(cli, "banken-mitigator",
			json_pack("{ss ss ss ss ss ss}", "do", "collect", "sha256", w->words[0],
				  "types", w->types, "sensor", w->sensor, "reason", w->reason,
				  "actor", account ? account->pw_name : "somebody"));

	if (!answer)
		return 1;
	if (!cli_json(cli, answer))
		printf("%s is ordered; 'banken sample list' shows what becomes of it\n",
		       cli_text(answer, "id"));
	json_decref(answer);
	return 0;
}

static int make_key(const struct wish *w)
{
	char fingerprint[SEAL_FINGERPRINT];
	struct errmsg e = {""};

	if (seal_make_keys(w->words[0], w->words[1], &e) ||
	    seal_fingerprint(w->words[1], fingerprint, &e))
		return cli_fail(1, "%s", e.text);
	printf("%s opens what is sealed for %s (%s); keep it off sensors, mitigator and centre\n",
	       w->words[0], w->words[1], fingerprint);
	return 0;
}

/* The hash is that of the order: what opens is the very file, or nothing. */
static int open_one(const struct wish *w)
{
	char hash[ARTEFACT_HASH];
	struct slice sealed, plain;
	struct errmsg e = {""};
	uint64_t size;
	int rc = file_read(w->words[0], SEALED_MAX, &sealed, &e);

	if (rc)
		return cli_fail(1, "%s", e.text);
	rc = seal_open(w->key, w->words[1], sealed, &plain, &e);
	payload_free(&sealed);
	if (rc)
		return cli_fail(1, "%s", e.text);
	rc = file_write(w->out, plain, 0400, &e);
	payload_free(&plain);
	if (rc == 0)
		rc = artefact_hash_file(w->out, hash, &size, &e);
	if (rc)
		return cli_fail(1, "%s", e.text);
	if (strcmp(hash, w->words[1]) != 0) {
		remove(w->out);
		return cli_fail(1, "what was sealed has the SHA-256 %s, not %s", hash, w->words[1]);
	}
	printf("%s: %llu bytes; it may be malware\n", w->out, (unsigned long long)size);
	return 0;
}

int cmd_sample(const struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "list";
	struct wish w;
	int rc = take_words(argc, argv, &w);

	if (rc)
		return rc;
	if (strcmp(verb, "list") == 0 && w.n == 0)
		return list(cli);
	if (strcmp(verb, "take") == 0 && w.n == 1)
		return take(cli, &w);
	if (strcmp(verb, "key") == 0 && w.n == 2)
		return make_key(&w);
	if (strcmp(verb, "open") == 0 && w.n == 2 && w.key && w.out)
		return open_one(&w);
	return cli_fail(2, "%s", usage);
}
