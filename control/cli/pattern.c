/* banken pattern make: a custom pattern from a sample or a few strings (E5): a rule text that was
 * checked against everyday traffic, and where a key is given a signed bundle for one customer or
 * all. */
#include <ctype.h>
#include <dirent.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/cli/bundle.h"
#include "control/helper/run.h"
#include "control/wire/artefact.h"
#include "control/wire/file.h"
#include "signatures/bundle/disk.h"
#include "signatures/lang/lang.h"

enum {
	STRINGS = 8,
	STRING_LEAST = 8, /* bytes: less is found everywhere */
	STRING_MOST = 64,
	DISTINCT_LEAST = 4, /* different bytes in one */
	SAMPLE_MAX = 64 << 20,
	SAMPLE_STRINGS = 3,
	FIRST_SID = 9200000, /* signatures/packs/README.md */
	SIDS = 100000,
	CAPTURES = 512,
};

struct text {
	uint8_t bytes[STRING_MOST];
	size_t n;
};

struct wish {
	const char *name, *msg, *proto, *out, *key, *sample, *hit;
	const char *benign[CAPTURES];
	char *owned[CAPTURES];
	unsigned n_benign, n_owned, n;
	uint64_t version;
	struct text text[STRINGS];
	bool allow;
};

/* --- the strings --- */

static const char *too_weak(const struct text *t)
{
	bool seen[256] = {false};
	unsigned distinct = 0;

	if (t->n < STRING_LEAST)
		return "shorter than 8 bytes: it is found everywhere";
	for (size_t i = 0; i < t->n; i++) {
		distinct += !seen[t->bytes[i]];
		seen[t->bytes[i]] = true;
	}
	return distinct < DISTINCT_LEAST ? "of fewer than 4 different bytes: it is found everywhere"
					 : NULL;
}

static int add_text(struct wish *w, struct slice s, struct errmsg *e)
{
	struct text *t = &w->text[w->n];
	const char *why;

	if (w->n == STRINGS || s.len > STRING_MOST)
		return errmsg_set(e, ERR_LIMIT, "at most %d strings of %d bytes", STRINGS,
				  STRING_MOST);
	memcpy(t->bytes, s.data, s.len);
	t->n = s.len;
	why = too_weak(t);
	if (why)
		return errmsg_set(e, ERR_INVALID, "\"%.*s\" is %s", (int)s.len,
				  (const char *)s.data, why);
	w->n++;
	return ERR_OK;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

static int add_hex(struct wish *w, const char *text, struct errmsg *e)
{
	uint8_t bytes[STRING_MOST];
	size_t n = 0;

	for (; *text; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (n == STRING_MOST || hex_digit(text[0]) < 0 || hex_digit(text[1]) < 0)
			return errmsg_set(e, ERR_INVALID,
					  "--hex wants pairs of hex digits, at most %d",
					  STRING_MOST);
		bytes[n++] = (uint8_t)(hex_digit(text[0]) << 4 | hex_digit(text[1]));
		text++;
	}
	return add_text(w, SLICE(bytes, n), e);
}

/* How much a window says: different bytes, of which rare ones (not text, not 0) count twice. */
static unsigned worth(const uint8_t *p, size_t n)
{
	uint8_t seen[256] = {0};
	unsigned sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (!seen[p[i]]++)
			sum += p[i] && p[i] != 0xff && !isspace(p[i]) ? 2 : 1;
	}
	return sum;
}

static bool in_everyday(const struct wish *w, const uint8_t *p, size_t n)
{
	for (unsigned i = 0; i < w->n_benign; i++) {
		struct slice s;
		bool found;

		if (file_read(w->benign[i], 512 << 20, &s, NULL) != ERR_OK)
			continue;
		found = memmem(s.data, s.len, p, n) != NULL;
		free((void *)s.data);
		if (found)
			return true;
	}
	return false;
}

/* One string from each third of the sample: what says most there and no everyday capture has. The
 * first kilobyte, where all files of a type are alike, is left out of larger samples. */
static int from_sample(struct wish *w, struct errmsg *e)
{
	enum { WINDOW = 24, BEGIN = 1024, TRIES = 8 };
	struct slice s;
	int rc = file_read(w->sample, SAMPLE_MAX, &s, e);
	size_t from, third;

	if (rc != ERR_OK)
		return rc;
	from = s.len > 8 * BEGIN ? BEGIN : 0;
	third = (s.len - from) / SAMPLE_STRINGS;
	for (unsigned part = 0; part < SAMPLE_STRINGS && third >= WINDOW; part++) {
		unsigned below = UINT32_MAX;

		for (unsigned attempt = 0; attempt < TRIES; attempt++) {
			unsigned best = 0;
			size_t at = 0;

			for (size_t i = 0; i + WINDOW <= third; i++) {
				unsigned v = worth(s.data + from + part * third + i, WINDOW);

				if (v > best && v < below) {
					best = v;
					at = from + part * third + i;
				}
			}
			if (best < WINDOW)
				break;
			below = best;
			if (!in_everyday(w, s.data + at, WINDOW)) {
				(void)add_text(w, SLICE(s.data + at, WINDOW), NULL);
				break;
			}
		}
	}
	free((void *)s.data);
	return w->n ? ERR_OK
		    : errmsg_set(
			      e, ERR_INVALID,
			      "%s: no part of it tells it from everyday traffic; give strings, or "
			      "use its hash (banken lists add)",
			      w->sample);
}

/* --- the rule --- */

static void print_content(FILE *out, const struct text *t)
{
	bool hex = false;

	fputs(" content:\"", out);
	for (size_t i = 0; i < t->n; i++) {
		uint8_t c = t->bytes[i];
		bool plain = isalnum(c) || (c > 0x20 && c < 0x7f && !strchr("\"\\;|:", c));

		if (hex && plain)
			fputc('|', out);
		else if (!plain)
			fputs(hex ? " " : "|", out);
		hex = !plain;
		if (plain)
			fputc(c, out);
		else
			fprintf(out, "%02x", c);
	}
	fputs(hex ? "|\";" : "\";", out);
}

static uint32_t sid_of(const char *name, unsigned which)
{
	uint32_t h = 2166136261u;

	for (; *name; name++)
		h = (h ^ (uint8_t)*name) * 16777619u;
	/* Several rules of one pattern stand side by side. */
	return FIRST_SID + h % (SIDS / 8) * 8 + which;
}

static void print_rule(FILE *out, const struct wish *w, const char *proto, const char *buffer,
		       unsigned which)
{
	bool file = strcmp(w->proto, "file") == 0;

	fprintf(out, "alert %s any any -> any any (msg:\"CUSTOM %s\";%s%s", proto,
		w->msg ? w->msg : w->name,
		strcmp(proto, "udp") == 0 || strcmp(proto, "dns") == 0 ? "" : " flow:established;",
		buffer);
	for (unsigned i = 0; i < w->n; i++)
		print_content(out, &w->text[i]);
	fprintf(out,
		" classtype:trojan-activity; metadata:confidence known, mitre_tactic_id %s, "
		"mitre_technique_id %s, pattern %s; sid:%u; "
		"rev:%llu;)\n",
		file ? "TA0002" : "TA0011", file ? "T1204.002" : "T1071", w->name,
		sid_of(w->name, which), (unsigned long long)w->version);
}

/* A sample comes as a file by any of the protocols that carry files; strings by the protocol named.
 */
static char *make_rules(const struct wish *w)
{
	static const char *const carriers[] = {"http", "smtp", "smb", "ftp-data", "nfs"};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	if (strcmp(w->proto, "file") == 0) {
		for (unsigned i = 0; i < sizeof(carriers) / sizeof(carriers[0]); i++)
			print_rule(out, w, carriers[i], " file_data;", i);
	} else {
		print_rule(out, w, w->proto, strcmp(w->proto, "dns") == 0 ? " dns.query;" : "", 0);
	}
	return fclose(out) == 0 ? text : NULL;
}

/* --- the checks --- */

static int check_language(const char *rules, struct errmsg *e)
{
	struct lang_set *set = lang_set_new();
	int rc = ERR_OK;

	if (!set || lang_load_bytes(SLICE_STR(rules), "pattern", lang_vars_default(),
				    &(struct lang_opts){.lang = 7}, set) != ERR_OK)
		rc = errmsg_set(e, ERR_NOMEM, "no memory to check the rules");
	else if (set->nproblems)
		rc = errmsg_set(e, ERR_INVALID, "the rule is refused: %s", set->problems[0].text);
	lang_set_free(set);
	return rc;
}

/* Alerts of the rules over a capture; -1 when it cannot be replayed. */
static int count_alerts(const struct cli *cli, const char *folder, const char *capture)
{
	char program[600], path[DISK_PATH], rules[DISK_PATH], output[4096];
	const char *words[] = {program,
			       "-r",
			       capture,
			       "-S",
			       rules,
			       "-l",
			       folder,
			       "--set",
			       "eve.types=alert",
			       "--set",
			       "behave.enabled=no",
			       NULL};
	struct run_result r = {.output = output, .cap = sizeof(output)};
	struct slice s;
	int n = 0;

	cli_program(cli, "banken-dataplane", program, sizeof(program));
	snprintf(rules, sizeof(rules), "%s/pattern.rules", folder);
	snprintf(path, sizeof(path), "%s/eve.json", folder);
	if (run_program(words, SLICE("", 0), 600000, &r, NULL) != 0 || r.status != 0 ||
	    file_read(path, 512 << 20, &s, NULL) != ERR_OK)
		return -1;
	for (size_t i = 0; i < s.len; i++)
		n += s.data[i] == '\n';
	free((void *)s.data);
	return n;
}

static int check_traffic(const struct cli *cli, const struct wish *w, const char *folder,
			 struct errmsg *e)
{
	for (unsigned i = 0; i < w->n_benign; i++) {
		int n = count_alerts(cli, folder, w->benign[i]);

		if (n < 0)
			return errmsg_set(e, ERR_IO, "%s cannot be replayed", w->benign[i]);
		if (n > 0 && !w->allow)
			return errmsg_set(
				e, ERR_INVALID,
				"too common: %d alerts over the everyday capture %s; longer "
				"or rarer strings (--even-so makes it all the same)",
				n, w->benign[i]);
	}
	if (w->hit && count_alerts(cli, folder, w->hit) <= 0)
		return errmsg_set(e, ERR_INVALID, "%s raises no alert by this pattern", w->hit);
	return ERR_OK;
}

static int check(const struct cli *cli, const struct wish *w, const char *rules, struct errmsg *e)
{
	char folder[] = "/tmp/banken-pattern-XXXXXX", path[DISK_PATH];
	int rc = check_language(rules, e);

	if (rc != ERR_OK)
		return rc;
	if (!mkdtemp(folder))
		return errmsg_set(e, ERR_IO, "/tmp: no folder can be made there");
	snprintf(path, sizeof(path), "%s/pattern.rules", folder);
	rc = file_write(path, SLICE_STR(rules), 0644, e);
	if (rc == ERR_OK)
		rc = check_traffic(cli, w, folder, e);
	disk_remove(folder);
	return rc;
}

/* --- what comes out --- */

/* The sample itself is known bad by its hash, whatever it comes by. */
static char *hash_list(const struct wish *w)
{
	char hex[ARTEFACT_HASH], *text = NULL;
	uint64_t size;

	if (!w->sample || artefact_hash_file(w->sample, hex, &size, NULL) != 0 ||
	    asprintf(&text, "%s # pattern %s\n", hex, w->name) < 0)
		return NULL;
	return text;
}

static int write_bundle(const struct wish *w, const char *rules, struct errmsg *e)
{
	struct bundle head = {
		.kind = BUNDLE_PATTERN, .version = w->version, .made = (int64_t)time(NULL)};
	struct bundle_source files[2] = {{.content = SLICE_STR(rules)}};
	char *list = hash_list(w);
	struct slice bytes;
	unsigned n = 1;
	int rc;

	snprintf(head.name, sizeof(head.name), "%s", w->name);
	snprintf(head.note, sizeof(head.note), "%.200s", w->msg ? w->msg : "");
	snprintf(files[0].path, sizeof(files[0].path), "rules/%s.rules", w->name);
	if (list) {
		snprintf(files[1].path, sizeof(files[1].path), "lists/%s.list", w->name);
		files[n++].content = SLICE_STR(list);
	}
	rc = bundle_make(&head, files, n, w->key, &bytes, e);
	if (rc == ERR_OK) {
		rc = file_write(w->out, bytes, 0644, e);
		free((void *)bytes.data);
	}
	free(list);
	return rc;
}

static int make(const struct cli *cli, struct wish *w)
{
	struct errmsg e = {""};
	char *rules = NULL;
	int rc = w->sample && !w->n ? from_sample(w, &e) : ERR_OK;

	if (rc == ERR_OK && w->n == 0)
		rc = errmsg_set(&e, ERR_INVALID, "--string, --hex or --sample is wanted");
	if (rc == ERR_OK) {
		rules = make_rules(w);
		rc = rules ? check(cli, w, rules, &e) : errmsg_set(&e, ERR_NOMEM, "no memory");
	}
	if (rc == ERR_OK && w->key)
		rc = write_bundle(w, rules, &e);
	else if (rc == ERR_OK && w->out)
		rc = file_write(w->out, SLICE_STR(rules), 0644, &e);
	if (rc == ERR_OK) {
		fputs(rules, stdout);
		fprintf(stderr, "checked against %u everyday captures%s%s\n", w->n_benign,
			w->hit ? ", raised by " : "", w->hit ? w->hit : "");
	}
	free(rules);
	return rc == ERR_OK ? 0 : cli_fail(1, "%s", e.text);
}

/* A capture, or every capture of a folder. */
static void add_benign(struct wish *w, const char *path)
{
	struct dirent *d;
	struct stat st;
	DIR *dir;

	if (stat(path, &st) == 0 && !S_ISDIR(st.st_mode)) {
		if (w->n_benign < CAPTURES)
			w->benign[w->n_benign++] = path;
		return;
	}
	dir = opendir(path);
	while (dir && (d = readdir(dir)) && w->n_benign < CAPTURES) {
		char full[DISK_PATH];

		if (!strstr(d->d_name, ".pcap") ||
		    disk_path(full, NULL, "%s/%s", path, d->d_name) != ERR_OK)
			continue;
		w->owned[w->n_owned] = strdup(full);
		if (w->owned[w->n_owned])
			w->benign[w->n_benign++] = w->owned[w->n_owned++];
	}
	if (dir)
		closedir(dir);
}

static int take(struct wish *w, int c, struct errmsg *e)
{
	const char **texts[] = {['m'] = &w->msg, ['p'] = &w->proto,  ['o'] = &w->out,
				['k'] = &w->key, ['S'] = &w->sample, ['r'] = &w->hit};

	switch (c) {
	case 's':
		return add_text(w, SLICE_STR(optarg), e);
	case 'x':
		return add_hex(w, optarg, e);
	case 'b':
		add_benign(w, optarg);
		return ERR_OK;
	case 'v':
		w->version = strtoull(optarg, NULL, 10);
		return ERR_OK;
	case 'e':
		w->allow = true;
		return ERR_OK;
	case '?':
	case ':':
		return errmsg_set(e, ERR_INVALID, "no such option, or it wants a value");
	default:
		*texts[c] = optarg;
		return ERR_OK;
	}
}

static int parse(int argc, char **argv, struct wish *w, struct errmsg *e)
{
	static const struct option longs[] = {{"string", required_argument, NULL, 's'},
					      {"hex", required_argument, NULL, 'x'},
					      {"sample", required_argument, NULL, 'S'},
					      {"msg", required_argument, NULL, 'm'},
					      {"proto", required_argument, NULL, 'p'},
					      {"out", required_argument, NULL, 'o'},
					      {"key", required_argument, NULL, 'k'},
					      {"version", required_argument, NULL, 'v'},
					      {"benign", required_argument, NULL, 'b'},
					      {"even-so", no_argument, NULL, 'e'},
					      {NULL, 0, NULL, 0}};
	static const char *const protos[] = {"tcp",  "udp", "http", "dns",
					     "smtp", "smb", "tls",  "file"};
	int rc = ERR_OK;

	w->version = 1;
	opterr = 0;
	optind = 0;
	for (int c; rc == ERR_OK && (c = getopt_long(argc, argv, ":r:", longs, NULL)) != -1;)
		rc = take(w, c, e);
	w->name = optind + 1 == argc ? argv[optind] : "";
	if (!w->proto)
		w->proto = w->sample ? "file" : "tcp";
	for (unsigned i = 0; rc == ERR_OK && i < sizeof(protos) / sizeof(protos[0]); i++) {
		if (strcmp(protos[i], w->proto) == 0)
			break;
		if (i + 1 == sizeof(protos) / sizeof(protos[0]))
			rc = errmsg_set(e, ERR_INVALID,
					"--proto %s: tcp, udp, http, dns, smtp, smb, tls or file",
					w->proto);
	}
	if (rc == ERR_OK && (!bundle_name_ok(w->name) || (w->key && !w->out) || w->version == 0 ||
			     (w->msg && strpbrk(w->msg, "\";\\\n"))))
		rc = errmsg_set(
			e, ERR_INVALID,
			"say: banken pattern make NAME --string TEXT|--hex HEX|--sample FILE "
			"[--msg TEXT without quotes] [--benign DIR] [-r CAPTURE] [--key FILE "
			"--out FILE --version N]");
	return rc;
}

int cmd_pattern(const struct cli *cli, int argc, char **argv)
{
	struct wish *w = calloc(1, sizeof(*w));
	struct errmsg e = {""};
	int status;

	if (!w)
		return cli_fail(1, "no memory");
	if (argc < 2 || strcmp(argv[1], "make") != 0)
		status = cli_fail(2, "say: banken pattern make NAME ...; banken pattern --help");
	else if (parse(argc - 1, argv + 1, w, &e) != ERR_OK)
		status = cli_fail(2, "%s", e.text);
	else
		status = make(cli, w);
	for (unsigned i = 0; i < w->n_owned; i++)
		free(w->owned[i]);
	free(w);
	return status;
}
