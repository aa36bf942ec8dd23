/* Known-bad lists at size. bench_lists COUNT FILE makes COUNT indicators of all kinds, compiles
 * them into FILE, opens it and looks up as many that are there and as many that are not; prints
 * JSON. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include "signatures/lists/build.h"

enum { NOW = 1790000000, LOOKUPS = 2000000 };

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static uint64_t mixed(uint64_t n)
{
	n ^= n >> 31;
	n *= 0x7fb5d329728ea185ULL;
	n ^= n >> 27;
	n *= 0x81dadef4bc2dd44dULL;
	return n ^ n >> 33;
}

/* Four of ten names, three addresses, two files, the rest URLs and networks. */
static void make(uint64_t n, struct indicator *i, bool files)
{
	uint64_t r = mixed(n + 1), s = mixed(r);

	i->len = 0;
	i->bits = 128;
	switch (files || n % 10 < 7 || n % 10 == 9 ? n % 10 : 0) {
	case 0:
	case 1:
	case 2:
	case 3:
		i->kind = LIST_DOMAIN;
		i->len = (size_t)snprintf((char *)i->bytes, 64, "%llx.bad%llu.example",
					  (unsigned long long)r, (unsigned long long)(s % 50000));
		break;
	case 4:
	case 5:
	case 6:
		i->kind = LIST_ADDRESS;
		i->addr = ip_addr_v4((const uint8_t[]){(uint8_t)(r % 223 + 1), (uint8_t)(r >> 8),
						       (uint8_t)(r >> 16), (uint8_t)(r >> 24)});
		break;
	case 7:
	case 8:
		i->kind = LIST_FILE;
		i->len = 32;
		for (unsigned k = 0; k < 32; k += 8) {
			r = mixed(r);
			memcpy(i->bytes + k, &r, 8);
		}
		break;
	default:
		if (n % 100 == 9) {
			i->kind = LIST_NETWORK;
			i->bits = 96 + 24;
			i->addr = ip_addr_v4((const uint8_t[]){
				(uint8_t)(r % 223 + 1), (uint8_t)(r >> 8), (uint8_t)(r >> 16), 0});
			break;
		}
		i->kind = LIST_URL;
		i->len = (size_t)snprintf((char *)i->bytes, 128, "h%llx.example/a/%llx.exe",
					  (unsigned long long)(s % 100000), (unsigned long long)r);
	}
}

static int compile(uint64_t count, bool files, const char *path, double *ret_seconds,
		   struct errmsg *err)
{
	struct list_info info = {.name = "bench", .id = 1, .priority = 50};
	struct indicator *i = calloc(1, sizeof(*i));
	struct build *b = build_new();
	double begin = cpu_now();
	int rc = b && i ? build_list(b, &info, err) : ERR_NOMEM;

	for (uint64_t n = 0; n < count && rc == ERR_OK; n++) {
		make(n, i, files);
		rc = build_indicator(b, i, 0, NOW, SLICE_STR(n % 3 ? "a family" : "another"), err);
	}
	if (rc == ERR_OK)
		rc = build_write(b, path, err);
	*ret_seconds = cpu_now() - begin;
	build_free(b);
	free(i);
	return rc;
}

/* Processor nanoseconds a look-up, what making the indicator takes left out. */
static double look_up(const struct lists *l, uint64_t count, bool files, uint64_t from,
		      uint64_t *ret_hits)
{
	struct indicator *i = calloc(1, sizeof(*i));
	double begin, without;
	struct list_hit hit;
	uint64_t sum = 0;

	begin = cpu_now();
	for (uint64_t n = 0; n < LOOKUPS; n++) {
		make(from + mixed(n) % count, i, files);
		sum += i->len;
	}
	without = cpu_now() - begin;
	*ret_hits = sum == 1; /* it is used */
	begin = cpu_now();
	for (uint64_t n = 0; n < LOOKUPS; n++) {
		make(from + mixed(n) % count, i, files);
		*ret_hits += lists_find(l, i, NOW, &hit);
	}
	free(i);
	return (cpu_now() - begin - without) * 1e9 / LOOKUPS;
}

int main(int argc, char **argv)
{
	bool files = argc == 3;
	uint64_t count = argc == 3 || argc == 4 ? strtoull(argv[1], NULL, 10) : 0, there, absent;
	double compiled, opened, hit_ns, miss_ns;
	struct lists_counts counts;
	struct lists *l = NULL;
	struct errmsg err = {"usage: bench_lists COUNT FILE [no-files]"};
	struct rusage usage;

	if (!count || compile(count, files, argv[2], &compiled, &err) != ERR_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	getrusage(RUSAGE_SELF, &usage);
	opened = cpu_now();
	if (lists_open(argv[2], &l, &err) != ERR_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 2;
	}
	opened = cpu_now() - opened;
	lists_counts(l, &counts);
	hit_ns = look_up(l, count, files, 0, &there);
	miss_ns = look_up(l, count, files, count * 2, &absent);
	printf("{\"indicators\": %llu, \"entries\": %llu, \"bytes\": %llu, \"bytes_an_entry\": "
	       "%.2f, "
	       "\"compile_seconds\": %.2f, \"compile_peak_mb\": %ld, \"open_seconds\": %.3f, "
	       "\"hit_ns\": %.0f, \"miss_ns\": %.0f, \"found\": %llu, \"found_absent\": %llu, "
	       "\"lookups\": %d}\n",
	       (unsigned long long)count, (unsigned long long)counts.entries,
	       (unsigned long long)counts.bytes, (double)counts.bytes / (double)counts.entries,
	       compiled, usage.ru_maxrss / 1024, opened, hit_ns, miss_ns, (unsigned long long)there,
	       (unsigned long long)absent, LOOKUPS);
	lists_close(l);
	return there == LOOKUPS ? 0 : 1;
}
