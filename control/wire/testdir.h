/* A folder of its own for a test, gone afterwards. */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline void testdir_make(char ret[64])
{
	snprintf(ret, 64, "/tmp/banken-test-XXXXXX");
	if (!mkdtemp(ret))
		abort();
}

static inline void testdir_remove(const char *path)
{
	char cmd[128];

	if (strncmp(path, "/tmp/banken-test-", 17) != 0)
		abort();
	snprintf(cmd, sizeof(cmd), "rm -rf '%s'", path);
	if (system(cmd) != 0)
		fprintf(stderr, "%s stays behind\n", path);
}
