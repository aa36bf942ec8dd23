#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/text/sql.h"

static const struct {
	const char *statement, *want;
} rows[] = {
	{"select 'a', 1 from t", "select 'a', 1 from t"},
	{"create user joe password 'x''y' ; select 'b'",
	 "create user joe password '***''***' ; select 'b'"},
	{"CREATE USER 'joe'@'%' IDENTIFIED BY 'x\\'y'",
	 "CREATE USER 'joe'@'%' IDENTIFIED BY '***'"},
	{"set password_hash = \"x\"", "set password_hash = '***'"},
	{"alter role j password $$x$y$$ valid", "alter role j password '***' valid"},
	{"select f('", "select f('"},
	{"identified by 'not closed", "identified by '***'"},
	{"select '\\", "select '\\"},
	{"where my_pwd='x' and mail='y'", "where my_pwd='***' and mail='***'"},
	{"", ""},
};

static void statements(void **state)
{
	static uint64_t buf[RECORD_MAX / sizeof(uint64_t)];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		struct record r;
		struct slice got;

		record_begin(&r, buf, sizeof(buf));
		sql_log(&r, "q", SLICE_STR(rows[i].statement));
		assert_true(record_find_str(record_finish(&r), "q", &got));
		if (!slice_eq(got, SLICE_STR(rows[i].want)))
			fail_msg("%s: %.*s", rows[i].statement, (int)got.len,
				 (const char *)got.data);
	}
}

/* What is longer is cut, also where masks are longer than what they hide. */
static void long_one(void **state)
{
	static uint64_t buf[RECORD_MAX / sizeof(uint64_t)];
	static char text[2 * SQL_MAX];
	struct record r;
	struct slice got;

	memcpy(text, "pwd", 3);
	for (size_t i = 3; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, "''", 2);
	record_begin(&r, buf, sizeof(buf));
	sql_log(&r, "q", SLICE(text, sizeof(text)));
	assert_true(record_find_str(record_finish(&r), "q", &got));
	assert_int_equal(got.len, SQL_MAX);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(statements),
		cmocka_unit_test(long_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
