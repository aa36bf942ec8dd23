/* banken report: a day's or month's report as files, on paper, and whether a file is as it was
 * made. */
#include "control/cli/report.h"

#include <string.h>

#include "control/cli/cli.h"
#include "control/helper/run.h"
#include "control/wire/file.h"
#include "control/wire/sign.h"
#include "control/wire/tls.h"

enum { PDF_MS = 300000, FILE_MAX = 64 << 20 };

struct wanted {
	const char *date, *site, *customer, *pdf, *language, *certificate;
};

static bool take_options(int argc, char **argv, struct wanted *w)
{
	const struct {
		const char *name, **value;
	} options[] = {
		{"--date", &w->date},	      {"--site", &w->site},
		{"--customer", &w->customer}, {"--pdf", &w->pdf},
		{"--language", &w->language}, {"--certificate", &w->certificate},
	};

	for (int i = 0; i < argc; i += 2) {
		size_t k = 0;

		while (k < ARRAY_SIZE(options) && strcmp(options[k].name, argv[i]) != 0)
			k++;
		if (k == ARRAY_SIZE(options) || i + 1 == argc)
			return false;
		*options[k].value = argv[i + 1];
	}
	return true;
}

/* WeasyPrint lays the page out for A4; it reads nothing but the file, and finds no network. */
static int make_pdf(const char *html, const char *pdf, long long period)
{
	char date[64];
	/* The date inside is the report's, so that the same report gives the same bytes (R5). */
	const char *const argv[] = {"env", date, "weasyprint", "--quiet", html, pdf, NULL};
	char output[512];
	struct run_result r = {.output = output, .cap = sizeof(output), .offline = true};
	struct errmsg err;
	int rc;

	snprintf(date, sizeof(date), "SOURCE_DATE_EPOCH=%lld", period);
	rc = run_program(argv, SLICE(NULL, 0), PDF_MS, &r, &err);
	if (rc == ERR_OK && r.status == 127)
		return cli_fail(1, "%s is there, but no PDF: install the package weasyprint", html);
	if (rc != ERR_OK || r.status != 0)
		return cli_fail(1, "%s is there, but no PDF: %s", html,
				rc != ERR_OK ? err.text : output);
	puts(pdf);
	return 0;
}

static int make(const struct cli *cli, const char *kind, const struct wanted *w)
{
	json_t *ask = json_pack("{ss ss* ss* ss*}", "do", kind, "date", w->date, "site", w->site,
				"customer", w->customer);
	json_t *answer = cli_ask_patiently(cli, "banken-centre", ask);
	bool is_japanese = w->language && strcmp(w->language, "ja") == 0;
	long long period;
	char path[600];
	int rc = 0;

	if (!answer)
		return 1;
	snprintf(path, sizeof(path), "%s", cli_text(answer, "path"));
	period = json_integer_value(json_object_get(answer, "period"));
	if (is_japanese && strlen(path) > 7)
		memcpy(path + strlen(path) - 7, "ja", 2); /* .en.html */
	if (!cli_json(cli, answer))
		puts(path);
	json_decref(answer);
	if (w->pdf)
		rc = make_pdf(path, w->pdf, period);
	return rc;
}

static int verify(const char *path, const struct wanted *w)
{
	const char *certificate =
		w->certificate ? w->certificate : "/etc/banken/keys/centre/own.crt";
	char beside[600];
	struct slice bytes = {NULL, 0}, signature = {NULL, 0};
	struct errmsg err = {""};
	int rc;

	snprintf(beside, sizeof(beside), "%s.sig", path);
	rc = file_read(path, FILE_MAX, &bytes, &err);
	rc = rc == ERR_OK ? file_read(beside, SIGN_MAX, &signature, &err) : rc;
	rc = rc == ERR_OK ? sign_check_bytes(certificate, bytes, signature, &err) : rc;
	payload_free(&bytes);
	payload_free(&signature);
	if (rc != ERR_OK)
		return cli_fail(1, "%s: %s", path, err.text);
	printf("%s is as the centre made it\n", path);
	return 0;
}

int cmd_report(const struct cli *cli, int argc, char **argv)
{
	struct wanted w = {0};
	bool verifies = argc >= 3 && strcmp(argv[1], "verify") == 0;
	bool makes =
		argc >= 2 && (strcmp(argv[1], "daily") == 0 || strcmp(argv[1], "monthly") == 0);
	int from = verifies ? 3 : 2;
	int status = argc >= 2 && !verifies && !makes ? cmd_report_final(cli, argc, argv) : -1;

	if (status >= 0)
		return status;
	if ((!verifies && !makes) || !take_options(argc - from, argv + from, &w))
		return cli_fail(2, "say daily, monthly, finals, schedule or verify FILE; see "
				   "banken report --help");
	return verifies ? verify(argv[2], &w) : make(cli, argv[1], &w);
}
