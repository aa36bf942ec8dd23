#include "control/cli/cli.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/local.h"
#include "dataplane/base/clock.h"

enum { ASK_MS = 5000, LONG_MS = 1800 * 1000, COLUMNS = 16, WIDTH_MAX = 60 };

int cli_fail(int status, const char *fmt, ...)
{
	va_list ap;

	fputs("banken: ", stderr);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	return status;
}

static json_t *ask_within(const struct cli *cli, const char *program, json_t *request, int ms,
			  struct errmsg *e)
{
	char path[512];
	json_t *answer;

	snprintf(path, sizeof(path), "%s/%s.sock", cli->run_folder, program);
	answer = local_ask(path, request, ms, e);
	json_decref(request);
	if (answer && !json_is_true(json_object_get(answer, "ok"))) {
		const char *why = json_string_value(json_object_get(answer, "error"));

		errmsg_set(e, ERR_DENIED, "%s: %s", program,
			   why ? why : "refused without a reason");
		json_decref(answer);
		return NULL;
	}
	return answer;
}

json_t *cli_ask_quietly(const struct cli *cli, const char *program, json_t *request,
			struct errmsg *e)
{
	return ask_within(cli, program, request, ASK_MS, e);
}

json_t *cli_ask(const struct cli *cli, const char *program, json_t *request)
{
	struct errmsg e = {""};
	json_t *answer = cli_ask_quietly(cli, program, request, &e);

	if (!answer)
		cli_fail(1, "%s", e.text);
	return answer;
}

json_t *cli_ask_patiently(const struct cli *cli, const char *program, json_t *request)
{
	struct errmsg e = {""};
	json_t *answer = ask_within(cli, program, request, LONG_MS, &e);

	if (!answer)
		cli_fail(1, "%s", e.text);
	return answer;
}

bool cli_json(const struct cli *cli, const json_t *answer)
{
	if (!cli->json)
		return false;
	json_dumpf(answer, stdout, JSON_INDENT(2));
	putchar('\n');
	return true;
}

const char *cli_text(const json_t *row, const char *key)
{
	const char *text = json_string_value(json_object_get(row, key));

	return text ? text : "";
}

const char *cli_time(uint64_t ns, char ret[32])
{
	time_t t = (time_t)(ns / NS_PER_SEC);
	struct tm tm;

	ret[0] = 0;
	if (ns && localtime_r(&t, &tm))
		strftime(ret, 32, "%Y-%m-%d %H:%M:%S", &tm);
	return ret;
}

/* --- tables --- */

/* Control characters of hostile text never reach the terminal. */
static void harmless(char *text)
{
	for (unsigned char *c = (unsigned char *)text; *c; c++) {
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
}

static void cell_text(const json_t *row, const char *field, char *ret, size_t cap)
{
	char name[64], when[32];
	size_t n = strcspn(field, "@");
	const json_t *value;

	snprintf(name, sizeof(name), "%.*s", (int)n, field);
	value = json_object_get(row, name);
	if (field[n] == '@')
		snprintf(ret, cap, "%s", cli_time((uint64_t)json_integer_value(value), when));
	else if (json_is_string(value))
		snprintf(ret, cap, "%s", json_string_value(value));
	else if (json_is_integer(value))
		snprintf(ret, cap, "%lld", (long long)json_integer_value(value));
	else if (json_is_boolean(value))
		snprintf(ret, cap, "%s", json_is_true(value) ? "yes" : "no");
	else if (json_is_array(value))
		snprintf(ret, cap, "%s", json_string_value(json_array_get(value, 0)) ?: "");
	else
		ret[0] = 0;
	harmless(ret);
}

/* Columns a text takes on a terminal: wide for CJK, none for the bytes that continue a character.
 */
static int width_of(const char *text)
{
	int width = 0;

	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		width += (*c & 0xc0) == 0x80 ? 0 : *c >= 0xe3 && *c < 0xf0 ? 2 : 1;
	return width;
}

static void print_cell(const char *text, int width, bool last)
{
	int pad = last ? 0 : width - width_of(text) + 2;

	printf("%s%*s", text, pad > 0 ? pad : 0, "");
}

static void print_row(char cells[COLUMNS][256], const int *widths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print_cell(cells[i], widths[i], i + 1 == n);
	putchar('\n');
}

void cli_table(const json_t *rows, const char *const *columns, const char *nothing)
{
	char cells[COLUMNS][256];
	int widths[COLUMNS];
	const json_t *row;
	size_t n = 0, r;

	if (json_array_size(rows) == 0) {
		puts(nothing);
		return;
	}
	for (; n < COLUMNS && columns[n]; n++)
		widths[n] = (int)strcspn(columns[n], ":");
	json_array_foreach(rows, r, row)
	{
		for (size_t i = 0; i < n; i++) {
			int w;

			cell_text(row, strchr(columns[i], ':') + 1, cells[i], sizeof(cells[i]));
			w = width_of(cells[i]);
			if (w > widths[i])
				widths[i] = w < WIDTH_MAX ? w : WIDTH_MAX;
		}
	}
	for (size_t i = 0; i < n; i++)
		snprintf(cells[i], sizeof(cells[i]), "%.*s", (int)strcspn(columns[i], ":"),
			 columns[i]);
	print_row(cells, widths, n);
	json_array_foreach(rows, r, row)
	{
		for (size_t i = 0; i < n; i++)
			cell_text(row, strchr(columns[i], ':') + 1, cells[i], sizeof(cells[i]));
		print_row(cells, widths, n);
	}
}

void cli_program(const struct cli *cli, const char *name, char *ret, size_t cap)
{
	static const char *const places[] = {"", "../../dataplane/worker/", "../lib/banken/"};
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	char *slash;

	(void)cli;
	if (n > 0) {
		self[n] = 0;
		slash = strrchr(self, '/');
		for (size_t i = 0; slash && i < sizeof(places) / sizeof(places[0]); i++) {
			snprintf(ret, cap, "%.*s/%s%s", (int)(slash - self), self, places[i], name);
			if (access(ret, X_OK) == 0)
				return;
		}
	}
	snprintf(ret, cap, "%s", name);
}
