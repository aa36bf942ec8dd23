/* `banken evidence`: pieces of the hash chain, listed, verified, copied out. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/cli/cli.h"
#include "dataplane/evidence/chain.h"

enum { PATH = 4096, COPY = 1 << 16 };

struct wish {
	const char *folder, *tip, *words[2];
	unsigned n;
};

struct gathered {
	json_t *rows;
	const char *want; /* a piece's name or alert id; NULL = all */
	const char *tip;
	bool tip_seen;
};

static int take_words(int argc, char **argv, struct wish *w)
{
	const char *folder = getenv("BANKEN_EVIDENCE");

	*w = (struct wish){.folder = folder && folder[0] ? folder : "/var/lib/banken/evidence"};
	for (int i = 2; i < argc; i++) {
		if (strcmp(argv[i], "--folder") == 0 && i + 1 < argc)
			w->folder = argv[++i];
		else if (strcmp(argv[i], "--tip") == 0 && i + 1 < argc)
			w->tip = argv[++i];
		else if (argv[i][0] == '-' || w->n == 2)
			return cli_fail(2, "\"%s\" is not expected here; banken evidence --help",
					argv[i]);
		else
			w->words[w->n++] = argv[i];
	}
	return 0;
}

static bool wanted(const struct gathered *g, const struct chain_entry *e, const json_t *row)
{
	return !g->want || strcmp(g->want, e->file) == 0 ||
	       strcmp(g->want, cli_text(row, "alert")) == 0;
}

static void mark_dropped(json_t *rows, const char *file)
{
	json_t *row;
	size_t i;

	json_array_foreach(rows, i, row)
	{
		if (strcmp(cli_text(row, "file"), file) == 0)
			json_object_set_new(row, "state", json_string("dropped"));
	}
}

static void one(void *ctx, const struct chain_entry *e, const char *wrong)
{
	struct gathered *g = ctx;
	json_t *row;

	g->tip_seen |= g->tip && strcmp(g->tip, e->hash) == 0;
	if (strcmp(e->kind, "dropped") == 0) {
		mark_dropped(g->rows, e->file);
		return;
	}
	row = json_loadb((const char *)e->line.data, e->line.len, 0, NULL);
	if (!row)
		row = json_object();
	json_object_set_new(row, "state", json_string(wrong[0] ? wrong : "kept"));
	if (json_is_integer(json_object_get(row, "sid"))) {
		char rule[48];

		snprintf(rule, sizeof(rule), "%lld:%lld",
			 (long long)json_integer_value(json_object_get(row, "gid")),
			 (long long)json_integer_value(json_object_get(row, "sid")));
		json_object_set_new(row, "rule", json_string(rule));
	}
	if (wanted(g, e, row))
		json_array_append(g->rows, row);
	json_decref(row);
}

/* Lines of the chain as rows; ret_rc as chain_verify says. */
static json_t *read_chain(const struct wish *w, const char *want, bool files,
			  struct chain_report *ret, int *ret_rc, struct errmsg *err)
{
	struct gathered g = {.rows = json_array(), .want = want, .tip = w->tip};

	*ret_rc = chain_verify(w->folder, one, &g, files, ret, err);
	if (*ret_rc == ERR_OK && w->tip && !g.tip_seen)
		*ret_rc = errmsg_set(
			err, ERR_INVALID,
			"no line has the hash %s: lines were taken off the chain's end", w->tip);
	return g.rows;
}

static int list(const struct cli *cli, const struct wish *w)
{
	static const char *const columns[] = {
		"time:alert_time@", "rule:rule",  "alert:msg",	 "client:src", "server:dst",
		"packets:packets",  "bytes:size", "state:state", "file:file",  NULL};
	struct chain_report report;
	struct errmsg err = {""};
	int rc;
	json_t *rows = read_chain(w, NULL, false, &report, &rc, &err);

	if (rc == ERR_OK || rc == ERR_INVALID) {
		if (!cli_json(cli, rows))
			cli_table(rows, columns, "Nothing was kept yet.");
	}
	json_decref(rows);
	return rc == ERR_OK ? 0 : cli_fail(1, "%s", err.text);
}

static void print_piece(const struct wish *w, const json_t *row)
{
	static const char *const shown[] = {
		"state", "kind",	 "rule",  "rev",    "msg",     "src",  "sport",	 "dst",
		"dport", "community_id", "alert", "alerts", "packets", "size", "sha256", "hash"};
	char when[32];

	printf("%s/%s\n", w->folder, cli_text(row, "file"));
	printf("  %-14s %s\n", "time",
	       cli_time((uint64_t)json_integer_value(json_object_get(row, "alert_time")), when));
	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		const json_t *value = json_object_get(row, shown[i]);

		if (json_is_string(value) && json_string_value(value)[0])
			printf("  %-14s %s\n", shown[i], json_string_value(value));
		else if (json_is_integer(value))
			printf("  %-14s %lld\n", shown[i], (long long)json_integer_value(value));
	}
}

static int show(const struct cli *cli, const struct wish *w)
{
	struct chain_report report;
	struct errmsg err = {""};
	int rc;
	json_t *rows = read_chain(w, w->words[0], true, &report, &rc, &err), *row;
	size_t n = json_array_size(rows), i;

	if (n && !cli_json(cli, rows)) {
		json_array_foreach(rows, i, row) print_piece(w, row);
	}
	json_decref(rows);
	if (rc != ERR_OK && rc != ERR_INVALID)
		return cli_fail(1, "%s", err.text);
	return n ? 0 : cli_fail(1, "there is no piece %s", w->words[0]);
}

static int verify(const struct cli *cli, const struct wish *w)
{
	struct chain_report r;
	struct errmsg err = {""};
	int rc;
	json_t *rows = read_chain(w, NULL, true, &r, &rc, &err);

	json_decref(rows);
	if (rc == ERR_NOTFOUND)
		return cli_fail(1, "%s", err.text);
	if (cli->json) {
		json_t *answer =
			json_pack("{s:b s:I s:I s:I s:I s:s s:b s:s}", "ok", rc == ERR_OK, "lines",
				  (json_int_t)r.lines, "pieces", (json_int_t)r.pieces, "dropped",
				  (json_int_t)r.dropped, "bytes", (json_int_t)r.bytes, "tip", r.tip,
				  "torn", r.torn, "wrong", err.text);

		cli_json(cli, answer);
		json_decref(answer);
		return rc == ERR_OK ? 0 : 1;
	}
	if (rc != ERR_OK)
		return cli_fail(1, "%s", err.text);
	printf("%llu lines, %llu pieces, %llu of them dropped for want of room, %llu bytes: all as "
	       "they were\n",
	       (unsigned long long)r.lines, (unsigned long long)r.pieces,
	       (unsigned long long)r.dropped, (unsigned long long)r.bytes);
	if (r.torn)
		puts("the last line is half written: its writer was killed and repairs it when it "
		     "is back");
	printf("tip %s\n", r.tip);
	return 0;
}

/* --- export --- */

static int copy(const char *from, const char *to)
{
	char *buf = malloc(COPY);
	int in = open(from, O_RDONLY | O_CLOEXEC);
	int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	ssize_t n = -1;

	while (buf && out >= 0 && (n = read(in, buf, COPY)) > 0) {
		if (write(out, buf, (size_t)n) != n) {
			n = -1;
			break;
		}
	}
	if (out >= 0 && fsync(out) < 0)
		n = -1;
	free(buf);
	if (in >= 0)
		close(in);
	if (out >= 0)
		close(out);
	return n == 0 ? 0 : -1;
}

static int copy_named(const struct wish *w, const char *to, const char *name)
{
	char source[PATH], target[PATH];

	if ((size_t)snprintf(source, sizeof(source), "%s/%s", w->folder, name) >= sizeof(source) ||
	    (size_t)snprintf(target, sizeof(target), "%s/%s", to, name) >= sizeof(target) ||
	    copy(source, target) < 0)
		return cli_fail(1, "%s cannot be copied to %s (%s)", name, to, strerror(errno));
	return 0;
}

static int export(const struct cli *cli, const struct wish *w)
{
	const char *to = w->words[0];
	struct chain_report report;
	struct errmsg err = {""};
	char path[PATH];
	unsigned copied = 0;
	int rc, status = 0;
	json_t *rows = read_chain(w, w->n > 1 ? w->words[1] : NULL, true, &report, &rc, &err), *row;
	size_t i;
	FILE *sums;

	if (rc != ERR_OK) {
		json_decref(rows);
		return cli_fail(1, "%s", err.text);
	}
	snprintf(path, sizeof(path), "%s/SHA256SUMS", to);
	if (mkdir(to, 0750) < 0 && errno != EEXIST)
		status = cli_fail(1, "%s cannot be made (%s)", to, strerror(errno));
	sums = status ? NULL : fopen(path, "wxe");
	if (!sums && !status)
		status = cli_fail(1, "%s cannot be made (%s)", path, strerror(errno));
	json_array_foreach(rows, i, row)
	{
		if (status || strcmp(cli_text(row, "state"), "kept") != 0 ||
		    strcmp(cli_text(row, "kind"), "repair") == 0)
			continue;
		status = copy_named(w, to, cli_text(row, "file"));
		fprintf(sums, "%s  %s\n", cli_text(row, "sha256"), cli_text(row, "file"));
		copied++;
	}
	if (!status)
		status = copy_named(w, to, "chain.log");
	if (sums && fclose(sums) != 0 && !status)
		status = cli_fail(1, "%s cannot be written (%s)", path, strerror(errno));
	json_decref(rows);
	if (!status && !cli->json)
		printf("%u pieces copied to %s\n", copied, to);
	return status;
}

int cmd_evidence(const struct cli *cli, int argc, char **argv)
{
	const char *verb = argc > 1 ? argv[1] : "";
	struct wish w;
	int rc = take_words(argc, argv, &w);

	if (rc)
		return rc;
	if (strcmp(verb, "list") == 0 && w.n == 0)
		return list(cli, &w);
	if (strcmp(verb, "verify") == 0 && w.n == 0)
		return verify(cli, &w);
	if (strcmp(verb, "show") == 0 && w.n == 1)
		return show(cli, &w);
	if (strcmp(verb, "export") == 0 && w.n > 0)
		return export(cli, &w);
	return cli_fail(2, "say: banken evidence list | show PIECE | verify | export DIR [PIECE]");
}
