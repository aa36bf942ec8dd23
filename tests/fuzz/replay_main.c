/* Replays a corpus folder through a fuzz target: every file, then every prefix of small files. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <stdint.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { FILE_MAX = 4 << 20, PREFIX_MAX = 512 };

/* The input lies in a block of exactly its size, so that a sanitizer sees the first byte over. */
static void feed(const uint8_t *data, size_t size)
{
	uint8_t *exact = calloc(1, size ? size : 1);

	if (!exact)
		abort();
	memcpy(exact, data, size);
	LLVMFuzzerTestOneInput(exact, size);
	free(exact);
}

static int replay_file(const char *path)
{
	static uint8_t buf[FILE_MAX];
	FILE *f = fopen(path, "rb");
	size_t size;

	if (!f) {
		fprintf(stderr, "%s: cannot be opened\n", path);
		return 1;
	}
	size = fread(buf, 1, sizeof(buf), f);
	fclose(f);
	feed(buf, size);
	for (size_t cut = 0; size <= PREFIX_MAX && cut < size; cut++)
		feed(buf, cut);
	return 0;
}

int main(int argc, char **argv)
{
	int failed = 0;
	unsigned files = 0;

	feed((const uint8_t *)"", 0);
	for (int i = 1; i < argc; i++) {
		DIR *dir = opendir(argv[i]);
		struct dirent *e;

		if (!dir) {
			fprintf(stderr, "%s: no corpus folder here\n", argv[i]);
			return 1;
		}
		while ((e = readdir(dir))) {
			char path[4096];

			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof(path), "%s/%s", argv[i], e->d_name);
			failed |= replay_file(path);
			files++;
		}
		closedir(dir);
	}
	printf("%u files replayed\n", files);
	if (argc > 1 && files == 0) {
		fprintf(stderr, "the corpus is empty\n");
		return 1;
	}
	return failed;
}
