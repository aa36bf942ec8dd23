#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "dataplane/evidence/chain.h"

enum { KILLS = 25 };

static const struct chain_limits no_limits;

static int set_up(void **state)
{
	char *folder = strdup("/tmp/chain-test-XXXXXX");

	*state = folder;
	return mkdtemp(folder) ? 0 : -1;
}

static int tear_down(void **state)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	(void)!system(command);
	free(*state);
	return 0;
}

static struct chain *open_chain(const char *folder, const struct chain_limits *limits)
{
	struct chain *c = NULL;
	struct errmsg err = {""};

	if (chain_open(folder, limits, 1, &c, &err) != ERR_OK)
		fail_msg("%s", err.text);
	return c;
}

static void add(struct chain *c, unsigned n, size_t size)
{
	char name[32], *bytes = malloc(size);
	struct errmsg err = {""};

	snprintf(name, sizeof(name), "%06u.pcapng", n);
	memset(bytes, (int)n, size);
	if (chain_add(c, name, SLICE(bytes, size), n, ",\"msg\":\"a \\\"word\\\"\"", &err) !=
	    ERR_OK)
		fail_msg("%s", err.text);
	free(bytes);
}

static void fill(const char *folder, unsigned n)
{
	struct chain *c = open_chain(folder, &no_limits);

	for (unsigned i = 1; i <= n; i++)
		add(c, i, 1000 + i);
	chain_close(c);
}

static int verify(const char *folder, struct chain_report *ret, struct errmsg *err)
{
	return chain_verify(folder, NULL, NULL, true, ret, err);
}

static void flip(const char *folder, const char *name, long at)
{
	char path[256];
	FILE *f;
	int c;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "r+e");
	assert_non_null(f);
	fseek(f, at, at < 0 ? SEEK_END : SEEK_SET);
	c = fgetc(f);
	fseek(f, -1, SEEK_CUR);
	fputc(c ^ 1, f);
	fclose(f);
}

static long size_of(const char *folder, const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	return stat(path, &st) < 0 ? -1 : (long)st.st_size;
}

/* Each byte of the chain and some of every piece: a changed one is seen. */
static void a_changed_byte_is_seen(void **state)
{
	struct chain_report r;
	struct errmsg err = {""};
	long size;

	fill(*state, 4);
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	assert_int_equal(r.pieces, 4);
	size = size_of(*state, "chain.log");
	for (long at = 0; at < size - 1; at++) { /* the last newline: see below */
		flip(*state, "chain.log", at);
		if (verify(*state, &r, &err) == ERR_OK && !r.torn)
			fail_msg("byte %ld of the chain", at);
		flip(*state, "chain.log", at);
	}
	for (long at = 0; at < 1001; at += 37) {
		flip(*state, "000001.pcapng", at);
		assert_int_equal(verify(*state, &r, &err), ERR_INVALID);
		assert_non_null(strstr(err.text, "000001.pcapng"));
		assert_non_null(strstr(err.text, "changed"));
		flip(*state, "000001.pcapng", at);
	}
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
}

static void what_is_gone_is_seen(void **state)
{
	char path[256], aside[256];
	struct chain_report r;
	struct errmsg err = {""};

	fill(*state, 3);
	snprintf(path, sizeof(path), "%s/000002.pcapng", (char *)*state);
	snprintf(aside, sizeof(aside), "%s/aside", (char *)*state);
	assert_int_equal(rename(path, aside), 0);
	assert_int_equal(verify(*state, &r, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "gone"));
	assert_int_equal(rename(aside, path), 0);
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	/* A line taken out of the middle. */
	snprintf(path, sizeof(path), "sed -i 2d %s/chain.log", (char *)*state);
	assert_int_equal(system(path), 0);
	assert_int_equal(verify(*state, &r, &err), ERR_INVALID);
	assert_non_null(strstr(err.text, "missing"));
	/* Nothing is written behind a chain that is broken. */
	assert_int_equal(chain_open(*state, &no_limits, 9, &(struct chain *){NULL}, &err),
			 ERR_INVALID);
}

static void the_oldest_go(void **state)
{
	struct chain_limits limits = {.space = 10000};
	struct chain *c = open_chain(*state, &limits);
	struct chain_report r;
	struct errmsg err = {""};

	for (unsigned i = 1; i <= 30; i++)
		add(c, i, 2000);
	assert_true(chain_bytes(c) <= 10000);
	assert_int_equal(chain_dropped(c), 25);
	assert_int_equal(chain_add(c, "big.pcapng", SLICE(c, 10001), 99, "", &err), ERR_LIMIT);
	chain_close(c);
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	assert_int_equal(r.pieces - r.dropped, 0);
	assert_int_equal(size_of(*state, "000030.pcapng"), -1);
	c = open_chain(*state, &limits);
	add(c, 31, 2000);
	assert_int_equal(chain_bytes(c), 2000);
	/* One writer at a time. */
	assert_int_equal(chain_open(*state, &limits, 9, &(struct chain *){NULL}, &err), ERR_DENIED);
	chain_close(c);
}

static void a_torn_line_is_repaired(void **state)
{
	char path[256];
	struct chain_report r;
	struct errmsg err = {""};
	struct chain *c;
	long size;

	fill(*state, 3);
	snprintf(path, sizeof(path), "%s/chain.log", (char *)*state);
	size = size_of(*state, "chain.log");
	assert_int_equal(truncate(path, size - 40), 0);
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	assert_true(r.torn);
	c = open_chain(*state, &no_limits); /* the third piece is found again */
	add(c, 4, 10);
	chain_close(c);
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	assert_false(r.torn);
	assert_int_equal(r.pieces, 4);
	assert_int_equal(r.lines, 5); /* 2 whole, the repair, the found one, the new one */
}

static void write_for_ever(const char *folder, unsigned from)
{
	struct chain *c = open_chain(folder, &no_limits);

	for (unsigned i = from;; i++)
		add(c, i, 1 + i * 7919 % 50000);
}

/* Killed at any moment, with pieces of all sizes: what stands is consistent, and goes on. */
static void killed_while_writing(void **state)
{
	struct chain_report r = {0};
	struct errmsg err = {""};
	uint64_t before = 0;

	for (unsigned i = 0; i < KILLS; i++) {
		struct timespec nap = {0, 200000 + i * 137000L};
		long size = size_of(*state, "chain.log");
		pid_t pid = fork();

		if (pid == 0) {
			write_for_ever(*state, (i + 1) * 10000);
			_exit(0);
		}
		while (size_of(*state, "chain.log") <= size + 500)
			nanosleep(&nap, NULL);
		nanosleep(&nap, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		if (verify(*state, &r, &err) != ERR_OK)
			fail_msg("after kill %u: %s", i, err.text);
		assert_true(r.pieces >= before);
		before = r.pieces;
	}
	chain_close(open_chain(*state, &no_limits));
	assert_int_equal(verify(*state, &r, &err), ERR_OK);
	assert_true(r.pieces > KILLS && !r.torn);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_changed_byte_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_gone_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(the_oldest_go, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_torn_line_is_repaired, set_up, tear_down),
		cmocka_unit_test_setup_teardown(killed_while_writing, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
