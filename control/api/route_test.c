#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "control/api/brake.h"
#include "control/api/openapi.h"
#include "dataplane/base/clock.h"

static const char *const levels[] = {"low", "high", NULL};
static const struct api_field fields[] = {
	{"id", API_IN_PATH, API_TEXT, true, 1, 8, NULL, "which"},
	{"most", API_IN_QUERY, API_INTEGER, false, 1, 100, NULL, "how many"},
	{"since", API_IN_QUERY, API_TIME, false, 0, 0, NULL, "from when"},
	{"day", API_IN_QUERY, API_DATE, false, 0, 0, NULL, "which day"},
	{"open", API_IN_QUERY, API_BOOLEAN, false, 0, 0, NULL, "open ones"},
	{"reason", API_IN_BODY, API_TEXT, true, 3, 0, NULL, "why"},
	{"note", API_IN_BODY, API_PROSE, false, 0, 20, NULL, "more"},
	{"level", API_IN_BODY, API_WORD, false, 0, 0, levels, "how bad"},
	{"ip", API_IN_BODY, API_ADDRESS, false, 0, 0, NULL, "where"},
	{"tags", API_IN_BODY, API_LIST, false, 0, 2, NULL, "words"},
	{"more", API_IN_BODY, API_OBJECT, false, 0, 0, NULL, "anything"},
	{"sure", API_IN_BODY, API_BOOLEAN, false, 0, 0, NULL, "yes"},
	{"until", API_IN_BODY, API_TIME, false, 0, 0, NULL, "till when"},
};
static const struct api_route routes[] = {
	{"GET", "/api/v1/cuts", .summary = "all"},
	{"POST", "/api/v1/cuts/{id}/release", API_MAY_APPROVE, .summary = "release",
	 .fields = fields, .n_fields = ARRAY_SIZE(fields)},
	{"DELETE", "/api/v1/cuts/{id}", API_MAY_APPROVE, .summary = "forget", .fields = fields,
	 .n_fields = 1},
};

static void paths(void **state)
{
	static const struct {
		const char *method, *path, *id; /* id NULL: no such path */
		bool known;
	} cases[] = {
		{"GET", "/api/v1/cuts", "", true},
		{"POST", "/api/v1/cuts/7/release", "7", true},
		{"GET", "/api/v1/cuts/7/release", NULL, true},
		{"POST", "/api/v1/cuts/a%2Fb/release", "a/b", true},
		{"POST", "/api/v1/cuts/%E6%97%A5/release", "\xe6\x97\xa5", true},
		{"POST", "/api/v1/cuts/%/release", NULL, false},
		{"POST", "/api/v1/cuts/%0/release", NULL, false},
		{"POST", "/api/v1/cuts/%00/release", NULL, false},
		{"POST", "/api/v1/cuts/%ff/release", NULL, false},
		{"POST", "/api/v1/cuts//release", NULL, false},
		{"POST", "/api/v1/cuts/7/release/", NULL, false},
		{"POST", "/api/v1/cuts/7", NULL, true},
		{"DELETE", "/api/v1/cuts/7", "7", true},
		{"GET", "/api/v1/cutsx", NULL, false},
		{"GET", "/api/v1/", NULL, false},
		{"GET", "", NULL, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *args = json_object();
		const char *id;
		bool known;
		const struct api_route *r = api_route_find(
			routes, ARRAY_SIZE(routes), cases[i].method, cases[i].path, args, &known);

		assert_int_equal(known, cases[i].known);
		assert_int_equal(r != NULL, cases[i].id != NULL);
		id = json_string_value(json_object_get(args, "id"));
		assert_string_equal(id ? id : "", cases[i].id ? cases[i].id : "");
		json_decref(args);
	}
}

/* What is refused, by which words; NULL: taken. */
static void arguments(void **state)
{
	static const struct {
		const char *body, *refusal;
	} cases[] = {
		{"{\"reason\":\"cleaned\"}", NULL},
		{"{\"reason\":\"cleaned\",\"level\":\"high\",\"ip\":\"fe80::1\",\"tags\":[\"a\","
		 "\"b\"],"
		 "\"more\":{\"x\":[1]},\"sure\":true,\"note\":\"a\\nb\"}",
		 NULL},
		{"{\"reason\":\"cleaned\",\"until\":\"2026-11-21T09:00:00Z\"}", NULL},
		{"", "reason is missing: a text of 3 to 1024 bytes"},
		{"{}", "reason is missing"},
		{"[]", "not a JSON object"},
		{"{\"reason\":\"x\"}", "reason must be a text of 3"},
		{"{\"reason\":7}", "reason must be"},
		{"{\"reason\":\"a\\u0007bc\"}", "without control characters"},
		{"{\"reason\":\"ab\\u0000cd\"}", "the body is not JSON"},
		{"{\"reason\":\"abc\",\"reason\":\"abd\"}", "the body is not JSON"},
		{"{\"reason\":\"abc\"} x", "the body is not JSON"},
		{"{\"reason\":\"abc\",\"id\":\"9\"}", "\"id\" is not an argument"},
		{"{\"reason\":\"abc\",\"nosuch\":1}", "\"nosuch\" is not an argument"},
		{"{\"reason\":\"abc\",\"level\":\"middle\"}", "level must be one of low, high"},
		{"{\"reason\":\"abc\",\"ip\":\"10.0.0.256\"}", "ip must be an IPv4 or IPv6"},
		{"{\"reason\":\"abc\",\"tags\":[\"a\",\"b\",\"c\"]}", "tags must be a list"},
		{"{\"reason\":\"abc\",\"tags\":[1]}", "tags must be a list"},
		{"{\"reason\":\"abc\",\"more\":[]}", "more must be an object"},
		{"{\"reason\":\"abc\",\"sure\":\"true\"}", "sure must be true or false"},
		{"{\"reason\":\"abc\",\"until\":\"tomorrow\"}", "until must be a time like"},
		{"{\"reason\":\"abc\",\"until\":-5}", "until must be a time like"},
		{"{\"reason\":\"abc\",\"note\":\"more than twenty bytes of it\"}", "note must be"},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *args = json_pack("{ss}", "id", "7");
		struct errmsg e = {""};
		int rc = api_args_body(&routes[1], SLICE_STR(cases[i].body), args, &e);

		if (rc == ERR_OK)
			rc = api_args_check(&routes[1], args, &e);
		assert_int_equal(rc, cases[i].refusal ? ERR_INVALID : ERR_OK);
		if (cases[i].refusal && !strstr(e.text, cases[i].refusal))
			fail_msg("case %zu: \"%s\" without \"%s\"", i, e.text, cases[i].refusal);
		json_decref(args);
	}
}

static void query(void **state)
{
	static const struct {
		const char *name, *value;
		bool right;
	} cases[] = {
		{"most", "5", true},
		{"most", "0", false},
		{"most", "101", false},
		{"most", "5x", false},
		{"most", "", false},
		{"most", " 5", false},
		{"most", "99999999999999999999", false},
		{"since", "2026-11-21T09:00:00%2B09:00", true},
		{"since", "1790000000000000000", true},
		{"since", "2026-11-21", false},
		{"day", "2026-02-28", true},
		{"day", "2026-02-29", false},
		{"day", "2024-02-29", true},
		{"day", "2026-2-1", false},
		{"open", "true", true},
		{"open", "1", false},
		{"reason", "abc", false}, /* belongs into the body */
		{"nosuch", "1", false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		json_t *args = json_pack("{ss ss}", "id", "7", "reason", "cleaned");
		struct errmsg e = {""};
		int rc;

		if (strcmp(cases[i].name, "reason") == 0)
			json_object_del(args, "reason");
		rc = api_args_query(&routes[1], cases[i].name, cases[i].value, args, &e);
		if (rc == ERR_OK)
			rc = api_args_check(&routes[1], args, &e);
		if ((rc == ERR_OK) != cases[i].right)
			fail_msg("%s=%s: %s", cases[i].name, cases[i].value, e.text);
		json_decref(args);
	}
}

static void deep_nesting(void **state)
{
	char body[4096] = "{\"reason\":\"abc\",\"more\":{\"x\":";
	json_t *args = json_object();
	struct errmsg e = {""};
	size_t n = strlen(body);

	memset(body + n, '[', 1000);
	memset(body + n + 1000, ']', 1000);
	snprintf(body + n + 2000, sizeof(body) - n - 2000, "}}");
	assert_int_equal(api_args_body(&routes[1], SLICE_STR(body), args, &e), ERR_INVALID);
	assert_non_null(strstr(e.text, "nested at most 16 deep"));
	json_decref(args);
}

static void times(void **state)
{
	assert_int_equal(api_time_parse("1970-01-02T00:00:00Z"), 86400 * NS_PER_SEC);
	assert_int_equal(api_time_parse("1970-01-02T09:00:00+09:00"), 86400 * NS_PER_SEC);
	assert_int_equal(api_time_parse("1970-01-02T00:00:00"), 86400 * NS_PER_SEC);
	assert_int_equal(api_time_parse("1969-01-02T00:00:00Z"), 0);
	assert_int_equal(api_time_parse("2026-11-21T09:00:00+0900"), 0);
	assert_int_equal(api_time_parse("2026-11-21T09:00:00Zx"), 0);
}

static void description(void **state)
{
	struct api_description d = {"Test", "1.0"};
	json_t *o = api_openapi(routes, ARRAY_SIZE(routes), &d);
	json_t *release = json_object_get(
		json_object_get(json_object_get(o, "paths"), "/api/v1/cuts/{id}/release"), "post");
	json_t *schema;

	assert_non_null(release);
	assert_string_equal(json_string_value(json_object_get(release, "operationId")),
			    "post_cuts_id_release");
	assert_int_equal(json_array_size(json_object_get(release, "parameters")), 5);
	schema = json_object_get(
		json_object_get(json_object_get(json_object_get(release, "requestBody"), "content"),
				"application/json"),
		"schema");
	assert_int_equal(json_object_size(json_object_get(schema, "properties")), 8);
	assert_int_equal(json_array_size(json_object_get(schema, "required")), 1);
	json_decref(o);
}

static void brake(void **state)
{
	struct brake *b = brake_new();
	struct brake_rate rate = {3, 10 * NS_PER_SEC};
	uint64_t now = 1000 * NS_PER_SEC;
	char key[32];

	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(brake_take(b, "a", rate, now), 0);
	assert_int_equal(brake_take(b, "a", rate, now), 10);
	assert_int_equal(brake_take(b, "b", rate, now), 0);
	assert_int_equal(brake_take(b, "a", rate, now + 10 * NS_PER_SEC), 0);
	assert_int_equal(brake_take(b, "a", rate, now + 10 * NS_PER_SEC), 10);
	brake_forgive(b, "a");
	assert_int_equal(brake_take(b, "a", rate, now), 0);
	/* A flood of names is bounded, and nobody is braked by others' names. */
	for (unsigned i = 0; i < 100000; i++) {
		snprintf(key, sizeof(key), "k%u", i);
		assert_int_equal(brake_take(b, key, rate, now), 0);
	}
	brake_delete(b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths), cmocka_unit_test(arguments),
		cmocka_unit_test(query), cmocka_unit_test(deep_nesting),
		cmocka_unit_test(times), cmocka_unit_test(description),
		cmocka_unit_test(brake),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
