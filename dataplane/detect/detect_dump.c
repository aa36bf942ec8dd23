/* For development: detect_dump RULES CAPTURE... prints alerts as "packet sid tx where", with
 * several captures each under a line "== CAPTURE". */
#include <stdio.h>

#include "dataplane/detect/harness.h"

static int capture(struct harness *h, const char *path)
{
	const struct harness_alert *a;
	struct errmsg err = {""};
	uint32_t n;

	if (!harness_restart(h) || harness_capture(h, path, &err) != ERR_OK) {
		fprintf(stderr, "%s: %s\n", path, err.text);
		return 2;
	}
	harness_end(h);
	n = harness_alerts(h, &a);
	for (uint32_t i = 0; i < n; i++)
		printf("%lu %u %ld %u\n", (unsigned long)a[i].packet, a[i].sid, (long)a[i].tx,
		       a[i].where);
	return 0;
}

int main(int argc, char **argv)
{
	static char text[1 << 20];
	struct errmsg err = {""};
	struct harness *h;
	int ret = 0;

	if (argc < 3) {
		fprintf(stderr, "usage: detect_dump RULES CAPTURE...\n");
		return 2;
	}
	h = harness_new_file(argv[1], &err);
	if (!h) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	harness_loaded(h, text, sizeof(text));
	fputs(text, stderr);
	for (int i = 2; i < argc; i++) {
		if (argc > 3)
			printf("== %s\n", argv[i]);
		ret |= capture(h, argv[i]);
	}
	harness_delete(h);
	return ret;
}
