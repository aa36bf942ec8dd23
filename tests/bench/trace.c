/* Makes a trace: trace KIND OUT MEGABYTES [CAPTURE...] with KIND mixed, real, http, tls or small.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/bench/trace.h"

enum { SIDE_BY_SIDE = 64 };

static const uint64_t seed = 20240229;

int main(int argc, char **argv)
{
	struct rng rng[3] = {{seed}, {seed + 1}, {seed + 2}};
	struct mix_part parts[3];
	unsigned count = 1;
	double megabytes = argc > 3 ? strtod(argv[3], NULL) : 0;

	if (argc < 4 || megabytes <= 0) {
		fprintf(stderr,
			"usage: trace mixed|real|http|tls|small OUT MEGABYTES [CAPTURE...]\n");
		return 2;
	}
	if (strcmp(argv[1], "http") == 0) {
		parts[0] = (struct mix_part){http_generator(&rng[0]), 1};
	} else if (strcmp(argv[1], "tls") == 0) {
		parts[0] = (struct mix_part){tls_generator(&rng[0]), 1};
	} else if (strcmp(argv[1], "small") == 0) {
		parts[0] = (struct mix_part){small_generator(&rng[0]), 1};
	} else if (strcmp(argv[1], "real") == 0 || strcmp(argv[1], "mixed") == 0) {
		parts[0] = (struct mix_part){
			real_generator(&rng[0], argv + 4, (unsigned)(argc - 4)), 2};
		parts[1] = (struct mix_part){http_generator(&rng[1]), 1};
		parts[2] = (struct mix_part){tls_generator(&rng[2]), 1};
		count = argv[1][0] == 'm' ? 3 : 1;
	} else {
		fprintf(stderr, "%s: no such kind of trace\n", argv[1]);
		return 2;
	}
	if (mix_write(argv[2], parts, count, SIDE_BY_SIDE, (uint64_t)(megabytes * 1e6))) {
		fprintf(stderr, "%s: cannot be written: %s\n", argv[2], strerror(errno));
		return 2;
	}
	return 0;
}
