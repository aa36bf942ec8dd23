/* banken metrics: what Prometheus reads. The programs of a sensor have no HTTP server, and get none
 * for this: a timer writes the file that node_exporter's textfile collector shows. */
#include <stdlib.h>
#include <string.h>

#include "control/cli/cli.h"
#include "control/wire/file.h"
#include "control/wire/metrics.h"
#include "dataplane/base/slice.h"

static const char *const programs[] = {"banken-control", "banken-mitigator", "banken-enforcer",
				       "banken-centre"};

static int write_file(const char *path, const char *text, size_t len)
{
	struct errmsg err;

	if (file_write(path, SLICE(text, len), 0644, &err) != ERR_OK)
		return cli_fail(1, "%s", err.text);
	return 0;
}

int cmd_metrics(const struct cli *cli, int argc, char **argv)
{
	struct metrics_source sources[ARRAY_SIZE(programs)];
	const char *only = NULL, *path = NULL;
	size_t n = 0, len = 0;
	char *text = NULL;
	struct errmsg err;
	FILE *out;
	int rc = 0;

	for (int i = 1; i < argc; i += 2) {
		const char **to = strcmp(argv[i], "--program") == 0 ? &only
				  : strcmp(argv[i], "--out") == 0   ? &path
								    : NULL;

		if (!to || i + 1 == argc)
			return CLI_MISUSED;
		*to = argv[i + 1];
	}
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (only && strcmp(only, programs[i]) != 0)
			continue;
		sources[n++] = (struct metrics_source){
			programs[i],
			cli_ask_quietly(cli, programs[i], json_pack("{ss}", "do", "status"), &err)};
	}
	if (n == 0)
		return cli_fail(2, "there is no program %s", only);
	out = open_memstream(&text, &len);
	if (!out)
		return cli_fail(1, "no memory");
	metrics_write(sources, n, out);
	fclose(out);
	if (path)
		rc = write_file(path, text, len);
	else
		fwrite(text, 1, len, stdout);
	free(text);
	for (size_t i = 0; i < n; i++)
		json_decref(sources[i].status);
	return rc;
}
