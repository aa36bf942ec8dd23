/* For development: detect_dump RULES CAPTURE prints alerts as "packet sid tx where". */
#include <stdio.h>

#include "dataplane/detect/harness.h"

int main(int argc, char **argv)
{
	static char text[1 << 20];
	struct errmsg err = {""};
	struct harness *h;
	const struct harness_alert *a;
	uint32_t n;

	if (argc < 3) {
		fprintf(stderr, "usage: detect_dump RULES CAPTURE\n");
		return 2;
	}
	h = harness_new_file(argv[1], &err);
	if (!h ||
	    (harness_loaded(h, text, sizeof(text)), harness_capture(h, argv[2], &err) != ERR_OK)) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	fputs(text, stderr);
	harness_end(h);
	n = harness_alerts(h, &a);
	for (uint32_t i = 0; i < n; i++)
		printf("%lu %u %ld %u\n", (unsigned long)a[i].packet, a[i].sid, (long)a[i].tx,
		       a[i].where);
	harness_delete(h);
	return 0;
}
