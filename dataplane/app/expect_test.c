#include "dataplane/app/expect.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include "dataplane/base/clock.h"

static struct app_tuple tuple(const char *client, const char *server, uint16_t port)
{
	struct app_tuple t = {.port = {1024, port}, .ip_proto = IP_PROTO_TCP};

	assert_int_equal(ip_addr_parse(client, &t.addr[0]), 0);
	assert_int_equal(ip_addr_parse(server, &t.addr[1]), 0);
	return t;
}

static void announced_flows_are_found_once(void **state)
{
	struct expect_table *t = expect_new();
	struct app_tuple control = tuple("10.0.0.1", "10.0.0.2", 21);
	struct app_tuple other = tuple("10.0.0.1", "10.0.0.3", 5000);
	struct app_tuple back = tuple("10.0.0.2", "10.0.0.1", 5000);
	struct app_expectation e = {.proto = "ftp-data", .port = 5000, .kind = 7}, found;

	assert_false(expect_take(t, &back, 1, &found));
	expect_add(t, &control, &e, 1);
	assert_false(expect_take(t, &other, 1, &found));
	assert_true(expect_take(t, &back, 1, &found));
	assert_int_equal(found.kind, 7);
	assert_false(expect_take(t, &back, 1, &found));
	expect_free(t);
}

static void they_expire(void **state)
{
	struct expect_table *t = expect_new();
	struct app_tuple control = tuple("2001:db8::1", "2001:db8::2", 21);
	struct app_tuple data = tuple("2001:db8::1", "2001:db8::2", 5000);
	struct app_expectation e = {.proto = "ftp-data", .port = 5000}, found;

	expect_add(t, &control, &e, NS_PER_SEC);
	assert_false(expect_take(t, &data, 32 * NS_PER_SEC, &found));
	expect_add(t, &control, &e, NS_PER_SEC);
	assert_true(expect_take(t, &data, 31 * NS_PER_SEC, &found));
	expect_free(t);
}

static void a_flood_pushes_out_the_oldest(void **state)
{
	struct expect_table *t = expect_new();
	struct app_tuple control = tuple("10.0.0.1", "10.0.0.2", 21);
	struct app_expectation e = {.proto = "ftp-data"}, found;
	unsigned alive = 0;

	for (unsigned i = 1; i < 60000; i++) {
		e.port = (uint16_t)i;
		expect_add(t, &control, &e, i);
	}
	for (unsigned i = 1; i < 60000; i++) {
		struct app_tuple data = tuple("10.0.0.1", "10.0.0.2", (uint16_t)i);

		alive += expect_take(t, &data, 60000, &found);
	}
	assert_in_range(alive, 900, 1024);
	expect_free(t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(announced_flows_are_found_once),
		cmocka_unit_test(they_expire),
		cmocka_unit_test(a_flood_pushes_out_the_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
