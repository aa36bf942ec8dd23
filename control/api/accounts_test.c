#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "control/api/accounts.h"
#include "control/wire/testdir.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const uint64_t now = 1790000000 * NS_PER_SEC;

struct rig {
	char folder[64], path[96];
	struct accounts *a;
	struct errmsg e;
};

static int set_up(void **state)
{
	struct rig *r = calloc(1, sizeof(*r));

	testdir_make(r->folder);
	snprintf(r->path, sizeof(r->path), "%s/accounts.db", r->folder);
	r->a = accounts_open(r->path, &r->e);
	assert_non_null(r->a);
	*state = r;
	return 0;
}

static int tear_down(void **state)
{
	struct rig *r = *state;

	accounts_close(r->a);
	testdir_remove(r->folder);
	free(r);
	return 0;
}

static struct account made(struct rig *r, const char *name, const char *customer,
			   enum api_role role)
{
	struct account k = {.role = role, .created = now};

	snprintf(k.name, sizeof(k.name), "%s", name);
	snprintf(k.customer, sizeof(k.customer), "%s", customer);
	snprintf(k.hash, sizeof(k.hash), "$x");
	assert_int_equal(accounts_add(r->a, &k, &r->e), ERR_OK);
	return k;
}

static void accounts_are_kept(void **state)
{
	struct rig *r = *state;
	struct account k = made(r, "anna", "acme", API_ROLE_ADMINISTRATOR), got;

	assert_int_equal(accounts_add(r->a, &k, &r->e), ERR_EXISTS);
	accounts_close(r->a);
	r->a = accounts_open(r->path, &r->e);
	assert_int_equal(accounts_find(r->a, "anna", &got), ERR_OK);
	assert_string_equal(got.customer, "acme");
	assert_int_equal(got.role, API_ROLE_ADMINISTRATOR);
	assert_int_equal(accounts_find(r->a, "Anna", &got), ERR_NOTFOUND);
	assert_int_equal(accounts_count(r->a), 1);
}

static void names(void **state)
{
	static const char *const bad[] = {"", "A", "a b", "a/b", "a\n", "\xc3\xa4", "a'--"};
	struct rig *r = *state;

	for (size_t i = 0; i < ARRAY_SIZE(bad); i++) {
		struct account k = {.role = API_ROLE_VIEWER, .hash = "$x"};

		snprintf(k.name, sizeof(k.name), "%s", bad[i]);
		assert_int_equal(accounts_add(r->a, &k, &r->e), ERR_INVALID);
	}
}

static void an_administrator_stays(void **state)
{
	struct rig *r = *state;
	struct account k = made(r, "anna", "acme", API_ROLE_ADMINISTRATOR);

	made(r, "bob", "acme", API_ROLE_VIEWER);
	made(r, "zoe", "other", API_ROLE_ADMINISTRATOR);
	assert_int_equal(accounts_remove(r->a, "anna", &r->e), ERR_DENIED);
	k.role = API_ROLE_VIEWER;
	assert_int_equal(accounts_change(r->a, &k, &r->e), ERR_DENIED);
	k.role = API_ROLE_ADMINISTRATOR;
	k.disabled = true;
	assert_int_equal(accounts_change(r->a, &k, &r->e), ERR_DENIED);
	assert_int_equal(accounts_remove(r->a, "bob", &r->e), ERR_OK);
	made(r, "eve", "acme", API_ROLE_ADMINISTRATOR);
	assert_int_equal(accounts_remove(r->a, "anna", &r->e), ERR_OK);
}

static void sessions(void **state)
{
	struct rig *r = *state;
	struct session s, other;
	struct account got;
	char csrf[SECRET_TEXT];
	uint64_t t;

	made(r, "anna", "", API_ROLE_ADMINISTRATOR);
	assert_int_equal(api_session_begin(r->a, "anna", now, &s, &r->e), ERR_OK);
	assert_int_equal(api_session_begin(r->a, "anna", now, &other, &r->e), ERR_OK);
	assert_string_not_equal(s.id, other.id);
	assert_int_equal(api_session_find(r->a, s.id, now, &got, csrf), ERR_OK);
	assert_string_equal(csrf, s.csrf);
	assert_int_equal(api_session_find(r->a, s.csrf, now, &got, csrf), ERR_NOTFOUND);
	assert_int_equal(api_session_find(r->a, "", now, &got, csrf), ERR_NOTFOUND);
	/* Used every twenty minutes it lives for twelve hours; unused, for half an hour. */
	for (t = now; t < now + 12 * NS_PER_HOUR; t += 20 * NS_PER_MIN)
		assert_int_equal(api_session_find(r->a, s.id, t, &got, csrf), ERR_OK);
	assert_int_equal(api_session_find(r->a, s.id, t, &got, csrf), ERR_NOTFOUND);
	assert_int_equal(api_session_find(r->a, other.id, now + 31 * NS_PER_MIN, &got, csrf),
			 ERR_NOTFOUND);
}

static void sessions_end_with_the_account(void **state)
{
	struct rig *r = *state;
	struct session one, two;
	struct account got, k = made(r, "bob", "", API_ROLE_VIEWER);
	char csrf[SECRET_TEXT];

	assert_int_equal(api_session_begin(r->a, "bob", now, &one, &r->e), ERR_OK);
	assert_int_equal(api_session_begin(r->a, "bob", now, &two, &r->e), ERR_OK);
	api_sessions_end(r->a, "bob", two.id);
	assert_int_equal(api_session_find(r->a, one.id, now, &got, csrf), ERR_NOTFOUND);
	assert_int_equal(api_session_find(r->a, two.id, now, &got, csrf), ERR_OK);
	k.disabled = true;
	assert_int_equal(accounts_change(r->a, &k, &r->e), ERR_OK);
	assert_int_equal(api_session_find(r->a, two.id, now, &got, csrf), ERR_NOTFOUND);
	k.disabled = false;
	assert_int_equal(accounts_change(r->a, &k, &r->e), ERR_OK);
	api_session_end(r->a, two.id);
	assert_int_equal(api_session_find(r->a, two.id, now, &got, csrf), ERR_NOTFOUND);
	assert_int_equal(api_session_begin(r->a, "bob", now, &one, &r->e), ERR_OK);
	assert_int_equal(accounts_remove(r->a, "bob", &r->e), ERR_OK);
	assert_int_equal(api_session_find(r->a, one.id, now, &got, csrf), ERR_NOTFOUND);
}

static void tokens(void **state)
{
	struct rig *r = *state;
	struct token t = {"anna", "monitoring", API_ROLE_VIEWER, now + NS_PER_DAY};
	char text[SECRET_TEXT];
	struct account got;
	enum api_role role;
	int64_t number;
	json_t *list;

	made(r, "anna", "acme", API_ROLE_ADMINISTRATOR);
	assert_int_equal(token_add(r->a, &t, now, text, &number, &r->e), ERR_OK);
	assert_int_equal(token_find(r->a, text, now, &got, &role), ERR_OK);
	assert_int_equal(role, API_ROLE_VIEWER);
	assert_string_equal(got.name, "anna");
	assert_int_equal(token_find(r->a, text, now + NS_PER_DAY, &got, &role), ERR_NOTFOUND);
	list = token_list(r->a, "anna");
	assert_int_equal(json_array_size(list), 1);
	json_decref(list);
	assert_int_equal(token_remove(r->a, "bob", number), ERR_NOTFOUND);
	assert_int_equal(token_remove(r->a, "anna", number), ERR_OK);
	assert_int_equal(token_find(r->a, text, now, &got, &role), ERR_NOTFOUND);
}

static void what_is_over_goes(void **state)
{
	struct rig *r = *state;
	struct token t = {"anna", "x", API_ROLE_VIEWER, now + NS_PER_HOUR};
	char text[SECRET_TEXT];
	int64_t number;
	json_t *list;

	made(r, "anna", "", API_ROLE_VIEWER);
	assert_int_equal(token_add(r->a, &t, now, text, &number, &r->e), ERR_OK);
	accounts_expire(r->a, now + NS_PER_HOUR);
	list = token_list(r->a, "anna");
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

/* RFC 6238 appendix B, SHA-1: the last six of its eight digits. */
static void one_time_codes(void **state)
{
	static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"; /* 12345678901234567890 */
	static const struct {
		uint64_t s;
		const char *code;
	} cases[] = {{59, "287082"},
		     {1111111109, "081804"},
		     {1111111111, "050471"},
		     {1234567890, "005924"},
		     {2000000000, "279037"}};
	char code[7], fresh[TOTP_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t t = cases[i].s * NS_PER_SEC, step = cases[i].s / 30;

		totp_code(secret, step, code);
		assert_string_equal(code, cases[i].code);
		assert_int_equal(totp_check(secret, code, t, 0), step);
		assert_int_equal(totp_check(secret, code, t + 30 * NS_PER_SEC, 0), step);
		assert_int_equal(totp_check(secret, code, t + 61 * NS_PER_SEC, 0), 0);
		assert_int_equal(totp_check(secret, code, t, step), 0); /* serves once */
	}
	assert_int_equal(totp_check(secret, "", 59 * NS_PER_SEC, 0), 0);
	assert_int_equal(totp_check("not base32!", "287082", 59 * NS_PER_SEC, 0), 0);
	totp_secret(fresh);
	assert_int_equal(strlen(fresh), 32);
	totp_code(fresh, 1, code);
	assert_int_equal(strlen(code), 6);
}

static void passwords(void **state)
{
	char one[API_HASH_MAX], two[API_HASH_MAX];

	password_hash("correct horse battery", one);
	password_hash("correct horse battery", two);
	assert_string_not_equal(one, two);
	assert_true(password_is("correct horse battery", one));
	assert_false(password_is("correct horse batterz", one));
	assert_false(password_is("", one));
	assert_false(password_is("anything", ""));
	assert_false(password_is("anything", "$argon2id$v=19$broken"));
}

static void secrets(void **state)
{
	char text[SECRET_TEXT], hash[SECRET_HASH];

	secret_new(text);
	assert_int_equal(strlen(text), SECRET_TEXT - 1);
	assert_true(secret_is(text, text));
	assert_false(secret_is("", text));
	assert_false(secret_is(text, ""));
	secret_hash("abc", hash); /* FIPS 180-2 appendix B.1 */
	assert_string_equal(hash,
			    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(accounts_are_kept, set_up, tear_down),
		cmocka_unit_test_setup_teardown(names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_administrator_stays, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions, set_up, tear_down),
		cmocka_unit_test_setup_teardown(sessions_end_with_the_account, set_up, tear_down),
		cmocka_unit_test_setup_teardown(tokens, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_is_over_goes, set_up, tear_down),
		cmocka_unit_test(one_time_codes),
		cmocka_unit_test(passwords),
		cmocka_unit_test(secrets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
