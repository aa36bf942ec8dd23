#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/app/rpc/rpc.h"

#define CALL                                                                                       \
	"\1\2\3\4"                                                                                 \
	"\0\0\0\0"                                                                                 \
	"\0\0\0\2"                                                                                 \
	"\0\1\x86\xa3"                                                                             \
	"\0\0\0\3"                                                                                 \
	"\0\0\0\7"
#define UNIX                                                                                       \
	"\0\0\0\1"                                                                                 \
	"\0\0\0\x18"                                                                               \
	"\0\0\0\0"                                                                                 \
	"\0\0\0\4"                                                                                 \
	"host"                                                                                     \
	"\0\0\0\5"                                                                                 \
	"\0\0\0\6"                                                                                 \
	"\0\0\0\0"
#define NONE                                                                                       \
	"\0\0\0\0"                                                                                 \
	"\0\0\0\0"

static void calls(void **state)
{
	static const char bytes[] = CALL UNIX NONE "args";
	struct rpc_call call;

	for (size_t len = 0; len < sizeof(bytes); len++) {
		struct cursor c = cursor_init((const uint8_t *)bytes, len);
		enum rpc_status s = rpc_call_read(&c, &call);

		assert_int_equal(s, len < sizeof(bytes) - 5 ? RPC_SHORT : RPC_OK);
	}
	assert_int_equal(call.xid, 0x01020304);
	assert_int_equal(call.program, 100003);
	assert_int_equal(call.version, 3);
	assert_int_equal(call.procedure, 7);
	assert_int_equal(call.auth, RPC_AUTH_UNIX);
	assert_true(slice_eq(call.machine, SLICE_LIT("host")));
	assert_int_equal(call.uid, 5);
	assert_int_equal(call.gid, 6);
	assert_true(slice_eq(call.arguments, SLICE_LIT("args")));
}

static void refused_calls(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		enum rpc_status status;
	} table[] = {
#define CASE(text, status) {text, sizeof(text) - 1, status}
		CASE("\1\2\3\4\0\0\0\2", RPC_BAD), /* neither call nor reply */
		CASE(CALL "\0\0\0\1\0\0\x10\0", RPC_BAD),
		CASE(CALL "\0\0\0\1\0\0\0\x0c\0\0\0\0\0\0\1\0host", RPC_BAD),
		CASE(CALL "\0\0\0\1\0\0\0\x08\0\0\0\0\0\0\0\4" NONE, RPC_SHORT),
		CASE(CALL "\0\0\0\6\0\0\0\x14\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\2\0\0\0\0" NONE,
		     RPC_OK),
		CASE(CALL NONE "\0\0\0\0\0\0\xff\xff", RPC_BAD),
	};

	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		struct cursor c = cursor_init((const uint8_t *)table[i].bytes, table[i].len);
		struct rpc_call call;

		assert_int_equal(rpc_call_read(&c, &call), table[i].status);
	}
}

static void replies(void **state)
{
	static const char good[] = "\1\2\3\4\0\0\0\1\0\0\0\0" NONE "\0\0\0\2"
				   "results";
	static const char bad[] = "\1\2\3\4\0\0\0\1\0\0\0\2";
	struct cursor c = cursor_init((const uint8_t *)good, sizeof(good) - 1);
	struct rpc_reply reply;

	assert_int_equal(rpc_reply_read(&c, &reply), RPC_OK);
	assert_int_equal(reply.accepted, 2);
	assert_int_equal(reply.denied, 0);
	assert_true(slice_eq(reply.results, SLICE_LIT("results")));
	c = cursor_init((const uint8_t *)bad, sizeof(bad) - 1);
	assert_int_equal(rpc_reply_read(&c, &reply), RPC_BAD);
}

static void opaque(void **state)
{
	static const char bytes[] = "\0\0\0\3abc\0"
				    "\0\0\0\1x";
	struct cursor c = cursor_init((const uint8_t *)bytes, sizeof(bytes) - 1);

	assert_true(slice_eq(rpc_opaque(&c), SLICE_LIT("abc")));
	assert_true(slice_eq(rpc_opaque(&c), SLICE_LIT("x")));
	assert_false(c.bad);
	rpc_opaque(&c);
	assert_true(c.bad);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(calls),
		cmocka_unit_test(refused_calls),
		cmocka_unit_test(replies),
		cmocka_unit_test(opaque),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
