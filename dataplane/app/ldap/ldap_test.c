#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dataplane/app/harness/harness.h"
#include "dataplane/app/ldap/filter.h"
#include "dataplane/app/ldap/ldap.h"
#include "dataplane/app/ldap/message.h"

/* --- BER, in an arena that every test begins anew --- */

static uint8_t arena[1 << 18];
static size_t arena_used;

enum { PARTS = 10 };

struct parts {
	struct slice part[PARTS];
};

/* An element of these parts. */
static struct slice element(uint8_t identifier, struct parts parts)
{
	size_t start = arena_used, len = 0;
	uint8_t *at = arena + start;

	for (unsigned i = 0; i < PARTS; i++)
		len += parts.part[i].len;
	assert_true(len < 0x10000 && start + len + 4 < sizeof(arena));
	*at++ = identifier;
	if (len > 127) {
		*at++ = 0x82;
		*at++ = (uint8_t)(len >> 8);
	}
	*at++ = (uint8_t)len;
	for (unsigned i = 0; i < PARTS; i++) {
		if (parts.part[i].len)
			memcpy(at, parts.part[i].data, parts.part[i].len);
		at += parts.part[i].len;
	}
	arena_used = (size_t)(at - arena);
	return SLICE(arena + start, arena_used - start);
}

#define T(identifier, ...) element(identifier, (struct parts){{__VA_ARGS__}})
#define RAW(lit)	   SLICE_LIT(lit)
#define STR(lit)	   T(0x04, RAW(lit))
#define INT(lit)	   T(0x02, RAW(lit))
#define ENUM(lit)	   T(0x0a, RAW(lit))
#define MSG(id, op)	   T(0x30, INT(id), op)
#define RESULT(tag, code)  T(tag, ENUM(code), STR(""), STR(""))

/* --- one exchange each --- */

struct row {
	const char *name;
	struct slice (*request)(void), (*response)(void);
	const char *says;
};

static struct slice bind_simple(void)
{
	return MSG("\1", T(0x60, INT("\3"), STR("cn=joe"), T(0x80, RAW("hidden"))));
}

static struct slice bind_refused(void)
{
	return MSG("\1", T(0x61, ENUM("\x31"), STR(""), STR("data 52e")));
}

static struct slice bind_nobody(void)
{
	return MSG("\1", T(0x60, INT("\3"), STR(""), T(0x80)));
}

static struct slice bind_no_password(void)
{
	return MSG("\1", T(0x60, INT("\3"), STR("cn=joe"), T(0x80)));
}

static struct slice bind_ok(void)
{
	return MSG("\1", RESULT(0x61, "\0"));
}

static struct slice bind_plain(void)
{
	return MSG("\1", T(0x60, INT("\3"), STR(""),
			   T(0xa3, STR("PLAIN"), T(0x04, RAW("\0joe\0hidden")))));
}

/* Names at 64 (domain, 2 units), 68 (user, 3 units), 74 (host, 1 unit); the session key is empty
 * and points at the end. */
static struct slice ntlm(void)
{
	return T(0x04, RAW("NTLMSSP\0\3\0\0\0\0\0\0\0\x40\0\0\0\0\0\0\0\x40\0\0\0"
			   "\4\0\4\0\x40\0\0\0\6\0\6\0\x44\0\0\0\2\0\2\0\x4a\0\0\0"
			   "\0\0\0\0\x4c\0\0\0\1\0\0\0"
			   "D\0M\0j\0o\0e\0H\0"));
}

static struct slice bind_ntlm(void)
{
	return MSG("\1", T(0x60, INT("\3"), STR(""), T(0xa3, STR("GSS-SPNEGO"), ntlm())));
}

static struct slice filter(void)
{
	return T(0xa0, T(0x87, RAW("objectClass")), T(0xa1, T(0xa3, STR("cn"), STR("a*\xff"))),
		 T(0xa2, T(0xa4, STR("sn"), T(0x30, T(0x80, RAW("x")), T(0x81, RAW("y"))))),
		 T(0xa9, T(0x81, RAW("1.2")), T(0x82, RAW("a")), T(0x83, RAW("b")),
		   T(0x84, RAW("\1"))));
}

static struct slice search_for(struct slice filter)
{
	return MSG("\2", T(0x63, STR("dc=x"), ENUM("\2"), ENUM("\0"), INT("\5"), INT("\0"),
			   T(0x01, RAW("\0")), filter, T(0x30, STR("cn"), STR("mail"))));
}

static struct slice search(void)
{
	return search_for(filter());
}

/* Two entries and a reference before the result: as one piece. */
static struct slice search_found(void)
{
	struct slice entry = MSG("\2", T(0x64, STR("cn=a"), T(0x30)));
	struct slice reference = MSG("\2", T(0x73, STR("ldap://b")));
	struct slice done = MSG("\2", RESULT(0x65, "\0"));
	uint8_t *to = arena + arena_used, *at = to;

	memcpy(at, entry.data, entry.len);
	at += entry.len;
	memcpy(at, reference.data, reference.len);
	at += reference.len;
	memcpy(at, entry.data, entry.len);
	at += entry.len;
	memcpy(at, done.data, done.len);
	at += done.len;
	arena_used += (size_t)(at - to);
	return SLICE(to, (size_t)(at - to));
}

static struct slice modify(void)
{
	return T(
		0x30, INT("\3"),
		T(0x66, STR("cn=a"),
		  T(0x30, T(0x30, ENUM("\2"), T(0x30, STR("unicodePwd"), T(0x31, STR("hidden")))))),
		T(0xa0, T(0x30, STR("1.2.840.113556.1.4.841")), T(0x30, STR("1.2.3"))));
}

static struct slice modified(void)
{
	return MSG("\3", T(0x67, ENUM("\x0a"), STR("cn"), STR(""), T(0xa3, STR("ldap://c"))));
}

static struct slice add(void)
{
	return MSG("\3", T(0x68, STR("cn=b"),
			   T(0x30, T(0x30, STR("cn"), T(0x31)), T(0x30, STR("sn"), T(0x31)))));
}

static struct slice added(void)
{
	return MSG("\3", RESULT(0x69, "\x44"));
}

static struct slice delete (void)
{
	return MSG("\3", T(0x4a, RAW("cn=b")));
}

static struct slice deleted(void)
{
	return MSG("\3", RESULT(0x6b, "\x7b"));
}

static struct slice move(void)
{
	return MSG("\3",
		   T(0x6c, STR("cn=b"), STR("cn=c"), T(0x01, RAW("\xff")), T(0x80, RAW("dc=y"))));
}

static struct slice renamed(void)
{
	return MSG("\3", RESULT(0x6d, "\0"));
}

static struct slice compare(void)
{
	return MSG("\3", T(0x6e, STR("cn=b"), T(0x30, STR("userPassword"), STR("hidden"))));
}

static struct slice compared(void)
{
	return MSG("\3", RESULT(0x6f, "\6"));
}

static struct slice password(void)
{
	return MSG("\4", T(0x77, T(0x80, RAW("1.3.6.1.4.1.4203.1.11.1")),
			   T(0x81, T(0x30, T(0x80, RAW("cn=b")), T(0x82, RAW("hidden"))))));
}

static struct slice password_set(void)
{
	return MSG("\4", T(0x78, ENUM("\0"), STR(""), STR(""), T(0x8a, RAW("1.2"))));
}

static struct slice unbind(void)
{
	return MSG("\5", T(0x42));
}

static struct slice nothing(void)
{
	return SLICE(NULL, 0);
}

static struct slice notice(void)
{
	return T(0x30, INT("\0"), T(0x78, ENUM("\x34"), STR(""), STR("going down")));
}

static const struct row rows[] = {
	{"simple bind", bind_simple, bind_refused,
	 "{\"message_id\":1,\"operation\":\"bind\",\"version\":3,\"name\":\"cn=joe\",\"auth\":"
	 "\"simple\",\"result_code\":49,\"result\":\"invalidCredentials\",\"message\":"
	 "\"data 52e\"}"},
	{"anonymous", bind_nobody, bind_ok, "\"auth\":\"anonymous\",\"result_code\":0"},
	{"no password", bind_no_password, bind_ok, "\"auth\":\"unauthenticated\""},
	{"PLAIN", bind_plain, bind_ok,
	 "\"auth\":\"sasl\",\"mechanism\":\"PLAIN\",\"user\":\"joe\",\"result_code\""},
	{"NTLM", bind_ntlm, bind_ok,
	 "\"mechanism\":\"GSS-SPNEGO\",\"user\":\"joe\",\"domain\":\"DM\",\"host\":\"H\""},
	{"search", search, search_found,
	 "\"base\":\"dc=x\",\"scope\":\"sub\",\"size_limit\":5,\"time_limit\":0,\"filter\":"
	 "\"(&(objectClass=*)(|(cn=a\\\\2a\\\\ff))(!(sn=x*y*))(a:dn:1.2:=b))\",\"attributes\":["
	 "\"cn\",\"mail\"],\"entries\":2,\"references\":1,\"found\":[\"cn=a\",\"cn=a\"],"
	 "\"result_code\":0,\"result\":\"success\"}"},
	{"modify", modify, modified,
	 "\"dn\":\"cn=a\",\"changes\":[{\"operation\":\"replace\",\"attribute\":\"unicodePwd\"}],"
	 "\"controls\":[\"DirSync\",\"1.2.3\"],\"result_code\":10,\"result\":\"referral\","
	 "\"matched_dn\":\"cn\",\"referrals\":[\"ldap://c\"]}"},
	{"add", add, added,
	 "\"dn\":\"cn=b\",\"attributes\":[\"cn\",\"sn\"],\"result_code\":68,\"result\":"
	 "\"entryAlreadyExists\""},
	{"delete", delete, deleted,
	 "\"operation\":\"delete\",\"dn\":\"cn=b\",\"result_code\":123,\"result\":\"123\""},
	{"rename", move, renamed,
	 "\"dn\":\"cn=b\",\"new_rdn\":\"cn=c\",\"new_superior\":\"dc=y\",\"result_code\":0"},
	{"compare", compare, compared,
	 "\"dn\":\"cn=b\",\"attribute\":\"userPassword\",\"result_code\":6"},
	{"password", password, password_set,
	 "\"extended\":\"PasswordModify\",\"dn\":\"cn=b\",\"result_code\":0,\"result\":\"success\","
	 "\"response_oid\":\"1.2\"}"},
	{"unbind", unbind, nothing, "{\"message_id\":5,\"operation\":\"unbind\"}"},
	{"notice", nothing, notice,
	 "{\"message_id\":0,\"operation\":\"extended\",\"result_code\":52,\"result\":"
	 "\"unavailable\",\"message\":\"going down\"}"},
};

static void say(struct harness *h, enum dir dir, struct slice bytes, size_t step)
{
	assert_true(harness_say(h, dir, bytes, step));
}

/* Fed at once, and in pieces of every small size. */
static void exchanges(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		for (size_t step = 1; step < 200; step += step < 20 ? 1 : 90) {
			struct harness *h = harness_new(&ldap_proto, APP_TCP, 389);
			const char *got;

			arena_used = 0;
			say(h, DIR_TS, rows[i].request(), step);
			say(h, DIR_TC, rows[i].response(), step);
			assert_int_equal(harness_live(h), 1);
			assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 1);
			assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], 1);
			got = harness_eve(h, harness_tx(h, 0), 0);
			if (!got || !strstr(got, rows[i].says) || strstr(got, "hidden"))
				fail_msg("%s: %s", rows[i].name, got ? got : "(nothing)");
			harness_delete(h);
		}
	}
}

/* --- over TCP --- */

static void start_tls(void **state)
{
	struct harness *h = harness_new(&ldap_proto, APP_TCP, 389);

	arena_used = 0;
	say(h, DIR_TS, MSG("\1", T(0x77, T(0x80, RAW("1.3.6.1.4.1.1466.20037")))), 100);
	say(h, DIR_TC, MSG("\1", RESULT(0x78, "\0")), 100);
	say(h, DIR_TS, RAW("\x16\3\1 no message"), 100);
	say(h, DIR_TC, RAW("\x16\3\1 no message"), 100);
	assert_int_equal(harness_live(h), 1);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"extended\":\"StartTLS\""));
	harness_delete(h);
}

/* Behind a bind with SASL: units that hide nothing are read, others passed over. */
static void layers(void **state)
{
	static const struct {
		const char *name;
		struct slice before, behind;
		bool seen;
	} layers[] = {
		{"DIGEST-MD5", {NULL, 0}, {(const uint8_t *)"0123456789abcdef", 16}, true},
		{"NTLM",
		 {(const uint8_t *)"\1\0\0\0"
				   "012345678901",
		  16},
		 {NULL, 0},
		 true},
		{"Kerberos",
		 {(const uint8_t *)"\5\4\5\xff\0\2\0\0"
				   "01234567",
		  16},
		 {(const uint8_t *)"cs", 2},
		 true},
		{"Kerberos, turned",
		 {(const uint8_t *)"\5\4\5\xff\0\2\0\2"
				   "01234567cs",
		  18},
		 {NULL, 0},
		 true},
		{"Kerberos, sealed",
		 {(const uint8_t *)"\5\4\7\xff\0\2\0\0"
				   "01234567",
		  16},
		 {NULL, 0},
		 false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		struct harness *h = harness_new(&ldap_proto, APP_TCP, 389);
		uint8_t length[4] = {0};
		struct slice plain;

		arena_used = 0;
		say(h, DIR_TS, bind_plain(), 1000);
		say(h, DIR_TC, bind_ok(), 1000);
		plain = delete ();
		length[3] = (uint8_t)(layers[i].before.len + plain.len + layers[i].behind.len);
		say(h, DIR_TS, SLICE(length, 4), 3);
		say(h, DIR_TS, layers[i].before, 7);
		say(h, DIR_TS, plain, 7);
		say(h, DIR_TS, layers[i].behind, 7);
		if (harness_live(h) != (layers[i].seen ? 2 : 1))
			fail_msg("%s", layers[i].name);
		harness_delete(h);
	}
}

/* A message that is longer than what is read, one that is abandoned, and more requests than wait.
 */
static void bounded(void **state)
{
	static uint8_t big[3 * LDAP_MESSAGE_MAX];
	struct harness *h = harness_new(&ldap_proto, APP_TCP, 389);

	arena_used = 0;
	memset(big, 'x', sizeof(big));
	say(h, DIR_TS, MSG("\7", T(0x68, STR("cn=b"), T(0x30, T(0x04, SLICE(big, 40000))))), 999);
	say(h, DIR_TS, MSG("\6", T(0x50, RAW("\7"))), 999);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], 1);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"dn\":\"cn=b\""));
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 1), 0), "\"abandoned\":7"));
	for (unsigned i = 0; i <= LDAP_PENDING; i++)
		say(h, DIR_TS, delete (), 999);
	assert_int_equal(h->limits_met, 1);
	assert_true(harness_has_event(h, harness_tx(h, 2 + LDAP_PENDING), "too_many_pending"));
	harness_release(h);
	assert_int_equal(harness_live(h), LDAP_PENDING);
	harness_delete(h);
}

/* Filters within filters, and one longer than its text may be. */
static void filters(void **state)
{
	struct slice deep = T(0x87, RAW("a"));
	static uint8_t big[LDAP_FILTER_MAX];
	struct ldap_filter f;

	arena_used = 0;
	for (unsigned i = 0; i < LDAP_FILTER_DEPTH - 1; i++)
		deep = T(0xa2, deep);
	ldap_filter_text(deep, &f);
	assert_false(f.cut);
	ldap_filter_text(T(0xa2, deep), &f);
	assert_true(f.cut);
	memset(big, 'x', sizeof(big));
	ldap_filter_text(T(0x87, SLICE(big, sizeof(big))), &f);
	assert_true(f.cut);
	assert_true(f.len <= LDAP_FILTER_MAX);
}

static void gaps(void **state)
{
	struct harness *h = harness_new(&ldap_proto, APP_TCP, 389);
	struct slice entry;

	arena_used = 0;
	say(h, DIR_TS, search(), 999);
	entry = search_found();
	/* Within what is passed over nothing is lost; elsewhere a message is looked for. */
	assert_true(harness_gap(h, DIR_TC, 100));
	say(h, DIR_TC, RAW("the rest of something"), 999);
	say(h, DIR_TC, entry, 999);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TC], 1);
	say(h, DIR_TC, bind_refused(), 999);
	assert_true(harness_has_event(h, harness_tx(h, 1), "request_not_found"));
	assert_false(harness_feed(h, DIR_TS, "no message", 10));
	assert_true(harness_has_event(h, harness_tx(h, 1), "malformed_data"));
	harness_delete(h);
}

/* --- identification --- */

static void found(void **state)
{
	struct slice big = RAW("\x30\x84\x7f\0\0\0\2\1\1\x60\3\2\1\3");

	arena_used = 0;
	assert_true(ldap_proto.unnamed(bind_simple(), bind_refused()));
	assert_true(ldap_proto.unnamed(search(), SLICE(NULL, 0)));
	assert_true(ldap_proto.unnamed(slice_sub(search(), 0, 12), search_found()));
	assert_false(ldap_proto.unnamed(bind_refused(), bind_refused()));
	assert_false(ldap_proto.unnamed(bind_simple(), bind_simple()));
	assert_false(ldap_proto.unnamed(big, bind_refused()));
	/* SNMP and Kerberos begin alike. */
	assert_false(ldap_looks_like(T(0x30, INT("\1"), STR("public"), T(0xa0)), true));
	assert_false(ldap_looks_like(T(0x6a, T(0x30)), true));
	assert_false(ldap_looks_like(MSG("\0", T(0x42)), true));
	assert_false(ldap_looks_like(MSG("\1", T(0x40, RAW("x"))), true));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchanges), cmocka_unit_test(start_tls), cmocka_unit_test(layers),
		cmocka_unit_test(bounded),   cmocka_unit_test(filters),	  cmocka_unit_test(gaps),
		cmocka_unit_test(found),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
