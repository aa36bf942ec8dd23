/* Waves, tiers, quiet hours, the brake and retries on a clock that is passed in; messages' texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <mbedtls/base64.h>
#include <stdlib.h>
#include <string.h>

#include "control/centre/store/place_test.h"
#include "control/centre/emergency/template.h"
#include "control/centre/emergency/text.h"
#include "control/centre/store/templates.h"
#include "dataplane/base/clock.h"

static struct emergency_rules rules;
static struct store *s;
static uint64_t now;

static int begin(void **state)
{
	struct errmsg err;

	rules = emergency_rules_default;
	assert_int_equal(zone_set(&rules.zone, "Asia/Tokyo", &err), ERR_OK);
	now = zone_date(&rules.zone, "2026-11-20") + 12 * NS_PER_HOUR;
	s = test_store(false, &err);
	assert_non_null(s);
	assert_int_equal(store_peer(s, "sensor", "sensor", "osaka", true, now, &err), ERR_OK);
	assert_int_equal(store_site(s, "osaka", "aoba", &err), ERR_OK);
	return 0;
}

static int end(void **state)
{
	store_close(s);
	return 0;
}

static void tell(const char *address, const char *customer, unsigned tier, const char *quiet)
{
	json_t *j = json_pack("{ss ss ss si ss}", "kind", "mail", "address", address, "customer",
			      customer, "tier", (int)tier, "quiet", quiet);
	struct recipient r;
	struct errmsg err = {""};

	if (recipient_read(j, &r, &err) != ERR_OK || recipient_put(s, &r, &err) != ERR_OK)
		fail_msg("%s", err.text);
	json_decref(j);
}

static void raise_one(const char *key)
{
	struct emergency e = {.opened = now};
	struct errmsg err;

	snprintf(e.key, sizeof(e.key), "%s", key);
	snprintf(e.site, sizeof(e.site), "osaka");
	snprintf(e.host, sizeof(e.host), "pc-1");
	snprintf(e.title[0], sizeof(e.title[0]), "Infected");
	snprintf(e.title[1], sizeof(e.title[1]), "感染");
	assert_true(emergency_raise(s, &e, &err) >= 0);
}

/* Sends what is due, all of it; who got how many, as "a:1 b:2". `fails`: the server is away. */
static const char *sent(const char *fails)
{
	static char text[512];
	struct emergency_message *m = calloc(1, sizeof(*m));
	struct errmsg err = {""};
	size_t len = 0;

	text[0] = 0;
	assert_int_equal(emergency_plan(s, &rules, now, &err), ERR_OK);
	while (emergency_next(s, &rules, now, m, &err) == 1) {
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.*s:%u%s",
					len ? " " : "", (int)strcspn(m->to.address, "@"),
					m->to.address, m->n + m->more, m->is_repeat ? "r" : "");
		assert_int_equal(emergency_sent(s, m, fails, now, &err), ERR_OK);
		now += NS_PER_MS;
	}
	free(m);
	return text;
}

static void told_once_then_again(void **state)
{
	tell("a@x", "", 1, "");
	raise_one("one");
	raise_one("one"); /* the same key: nothing new */
	assert_string_equal(sent(NULL), "a:1");
	assert_string_equal(sent(NULL), "");
	now += 14 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "");
	now += 2 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "a:1r");
}

static void ends_after_the_last_wave(void **state)
{
	unsigned n = 0;

	tell("a@x", "", 1, "");
	raise_one("one");
	for (unsigned i = 0; i < 24 * 12; i++, now += 5 * NS_PER_MIN)
		n += sent(NULL)[0] != 0;
	assert_int_equal(n, 1 + rules.waves);
}

static void acknowledged_is_quiet(void **state)
{
	struct errmsg err;
	json_t *list;

	tell("a@x", "", 1, "");
	raise_one("one");
	assert_string_equal(sent(NULL), "a:1");
	assert_int_equal(emergency_acknowledge(s, 1, "kita", "mallory", now, &err), ERR_NOTFOUND);
	assert_int_equal(emergency_acknowledge(s, 1, "aoba", "yamada", now, &err), ERR_OK);
	assert_int_equal(emergency_acknowledge(s, 1, "", "late", now, &err), ERR_NOTFOUND);
	now += NS_PER_HOUR;
	assert_string_equal(sent(NULL), "");
	list = emergency_list(s, "aoba", 10);
	assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "by")),
			    "yamada");
	json_decref(list);
	list = emergency_list(s, "kita", 10);
	assert_int_equal(json_array_size(list), 0);
	json_decref(list);
}

/* Acknowledged between the failure and the next try. */
static void acknowledged_is_not_retried(void **state)
{
	struct errmsg err;

	tell("a@x", "", 1, "");
	raise_one("one");
	assert_string_equal(sent("no way"), "a:1");
	assert_int_equal(emergency_acknowledge(s, 1, "", "yamada", now, &err), ERR_OK);
	now += NS_PER_MIN;
	assert_string_equal(sent(NULL), "");
}

static void only_whose_it_is(void **state)
{
	tell("vendor@x", "", 1, "");
	tell("aoba@x", "aoba", 1, "");
	tell("kita@x", "kita", 1, "");
	raise_one("one");
	assert_string_equal(sent(NULL), "vendor:1 aoba:1");
}

static void escalates(void **state)
{
	tell("first@x", "", 1, "");
	tell("chief@x", "", 2, "");
	tell("board@x", "", 3, "");
	raise_one("one");
	assert_string_equal(sent(NULL), "first:1");
	now += 16 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "first:1r");
	now += 15 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "first:1r chief:1r");
	now += 30 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "first:1r chief:1r board:1r");
}

static void quiet_hours(void **state)
{
	now = zone_date(&rules.zone, "2026-11-20") + 23 * NS_PER_HOUR;
	tell("sleeps@x", "", 1, "22:00-07:00");
	tell("wakes@x", "", 1, "");
	raise_one("one");
	assert_string_equal(sent(NULL), "wakes:1");
	now = zone_date(&rules.zone, "2026-11-21") + 7 * NS_PER_HOUR + 1;
	assert_non_null(strstr(sent(NULL), "sleeps:"));
}

/* Nobody else: it goes all the same, for none may be lost. */
static void all_are_quiet(void **state)
{
	now = zone_date(&rules.zone, "2026-11-20") + 23 * NS_PER_HOUR;
	tell("sleeps@x", "", 1, "22:00-07:00");
	raise_one("one");
	assert_string_equal(sent(NULL), "sleeps:1");
}

/* Five messages in ten minutes, then all that waits goes as one. */
static void flood(void **state)
{
	char key[32];

	tell("a@x", "", 1, "");
	for (int i = 0; i < 5; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		raise_one(key);
		assert_string_equal(sent(NULL), "a:1");
	}
	for (int i = 5; i < 205; i++) {
		snprintf(key, sizeof(key), "k%d", i);
		raise_one(key);
	}
	assert_string_equal(sent(NULL), "");
	now += 9 * NS_PER_MIN;
	assert_string_equal(sent(NULL), "");
	now += 70 * NS_PER_SEC;
	assert_string_equal(sent(NULL), "a:200");
}

/* Who comes after somebody was forgotten is not braked by what that one got. */
static void forgotten_is_nobody_else(void **state)
{
	struct errmsg err;
	char key[16];

	tell("a@x", "", 1, "");
	for (unsigned i = 0; i < rules.brake_most; i++) {
		snprintf(key, sizeof(key), "e%u", i);
		raise_one(key);
		assert_string_equal(sent(NULL), "a:1");
	}
	assert_int_equal(recipient_remove(s, 1, &err), ERR_OK);
	tell("b@x", "", 1, "");
	raise_one("after");
	assert_string_equal(sent(NULL), "b:1");
}

static void server_away(void **state)
{
	static const unsigned waits[] = {5, 10, 20, 40, 80, 160, 300, 300};

	rules.repeat = rules.escalate = 100 * NS_PER_DAY;
	tell("a@x", "", 1, "");
	raise_one("one");
	for (size_t i = 0; i < sizeof(waits) / sizeof(waits[0]); i++) {
		assert_string_equal(sent("connection refused"), "a:1");
		now += (waits[i] - 1) * NS_PER_SEC;
		assert_string_equal(sent(NULL), "");
		now += NS_PER_SEC;
	}
	assert_string_equal(sent(NULL), "a:1");
	assert_string_equal(sent(NULL), "");
}

static void switched_off(void **state)
{
	tell("a@x", "", 1, "");
	rules.is_off = true;
	raise_one("one");
	assert_string_equal(sent(NULL), "");
	rules.is_off = false;
	assert_string_equal(sent(NULL), "a:1"); /* kept all the same */
}

/* Killed between taking a message and its answer: it is due again. */
static void killed_under_way(void **state)
{
	struct emergency_message *m = calloc(1, sizeof(*m));
	struct errmsg err;

	tell("a@x", "", 1, "");
	raise_one("one");
	assert_int_equal(emergency_plan(s, &rules, now, &err), ERR_OK);
	assert_int_equal(emergency_next(s, &rules, now, m, &err), 1);
	assert_int_equal(emergency_next(s, &rules, now, m, &err), 0);
	assert_int_equal(emergency_recover(s, &err), ERR_OK);
	assert_string_equal(sent(NULL), "a:1");
	free(m);
}

static void silent_peers(void **state)
{
	struct errmsg err;

	tell("a@x", "", 1, "");
	assert_int_equal(store_peer(s, "sensor", "sensor", "osaka", false, now, &err), ERR_OK);
	assert_int_equal(emergency_raise_silent(s, 10 * NS_PER_MIN, now, &err), ERR_OK);
	assert_string_equal(sent(NULL), "");
	now += 11 * NS_PER_MIN;
	for (int i = 0; i < 3; i++)
		assert_int_equal(emergency_raise_silent(s, 10 * NS_PER_MIN, now, &err), ERR_OK);
	assert_string_equal(sent(NULL), "a:1");
}

/* --- recipients --- */

static void refuses_addresses(void **state)
{
	static const char *const bad[][2] = {
		{"mail", "no-at-sign"},
		{"mail", "a@x\r\nBcc: b@y"},
		{"mail", "<a@x>"},
		{"mail", "-oQ/tmp@x"},
		{"mail", "a@"},
		{"mail", ""},
		{"syslog", "udp://h:514"},
		{"webhook", "file:///etc/passwd"},
		{"webhook", "gopher://h"},
		{"pager", "1234"},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		json_t *j = json_pack("{ss ss}", "kind", bad[i][0], "address", bad[i][1]);
		struct recipient r;
		struct errmsg err;

		assert_int_equal(recipient_read(j, &r, &err), ERR_INVALID);
		json_decref(j);
	}
}

/* --- texts --- */

static struct emergency_message message(void)
{
	struct emergency_message m = {.n = 1};

	snprintf(m.to.address, sizeof(m.to.address), "soc@example.jp");
	m.to.language = REPORT_JAPANESE;
	m.about[0].id = 12;
	m.about[0].opened = now;
	snprintf(m.about[0].host, sizeof(m.about[0].host), "pc\r\nBcc: evil@x");
	snprintf(m.about[0].site, sizeof(m.about[0].site), "a=b|c\\d");
	snprintf(m.about[0].title[0], sizeof(m.about[0].title[0]), "Infected | by \"x\"");
	snprintf(m.about[0].title[1], sizeof(m.about[0].title[1]),
		 "文書から感染し、外部と通信しています(営業部の端末)");
	return m;
}

/* One header and no more, whatever the traffic named; each encoded word at most 75 long. */
static void mail_text(void **state)
{
	const struct emergency_sender by = {"banken@example.jp", "centre", "https://c.example/",
					    rules.zone};
	struct emergency_message m = message();
	char *mail = emergency_mail(&m, &by, now), *head_end = strstr(mail, "\r\n\r\n");
	unsigned char body[4096];
	char *encoded;
	size_t got;

	assert_non_null(head_end);
	*head_end = 0;
	assert_null(strstr(mail, "Bcc"));
	assert_non_null(strstr(mail, "Date: Fri, 20 Nov 2026 12:00:00 +0900\r\n"));
	for (char *word = strstr(mail, "=?UTF-8?B?"); word; word = strstr(word + 1, "=?UTF-8?B?"))
		assert_true(strcspn(word, "\r ") <= 75);
	encoded = head_end + 4;
	for (char *from = encoded, *to = encoded;; from++) {
		if (*from != '\r' && *from != '\n')
			*to++ = *from;
		if (!*from)
			break;
	}
	assert_int_equal(mbedtls_base64_decode(body, sizeof(body) - 1, &got,
					       (unsigned char *)encoded, strlen(encoded)),
			 0);
	body[got] = 0;
	assert_non_null(strstr((char *)body, "文書から感染し"));
	assert_non_null(strstr((char *)body, "banken emergency seen 12"));
	assert_non_null(strstr((char *)body, "https://c.example/"));
	free(mail);
}

static void syslog_text(void **state)
{
	const struct emergency_sender by = {"banken@example.jp", "centre", "", rules.zone};
	struct emergency_message m = message();
	char *text = emergency_syslog(&m, &by), *line;

	assert_int_equal(strtoul(text, &line, 10), strlen(strchr(text, ' ') + 1));
	assert_non_null(strstr(line, "<105>1 2026-11-20T03:00:00Z centre banken-centre - "));
	assert_non_null(strstr(line, "|Infected \\| by \"x\"|10|externalId=12"));
	assert_non_null(strstr(line, "cs1=a\\=b|c\\\\d"));
	assert_null(strchr(line, '\n'));
	assert_null(strchr(line, '\r'));
	free(text);
}

/* A sentence that was cut within a character is told all the same. */
static void cut_text_is_told(void **state)
{
	struct emergency_message m = message();
	char *text;

	memcpy(m.about[0].text[1], "感染", 5); /* of six bytes */
	text = emergency_json(&m);
	assert_non_null(strstr(text, "\"id\":12"));
	assert_non_null(strstr(text, "感"));
	free(text);
}

/* --- templates --- */

static void templates_are_checked(void **state)
{
	static const struct {
		enum template_part part;
		const char *text, *why; /* NULL: it is right */
	} cases[] = {
		{TEMPLATE_SUBJECT, "[SOC] {{title}} {{host}}", NULL},
		{TEMPLATE_SUBJECT, "two\nlines", "one line"},
		{TEMPLATE_BODY, "{{titel}}", "{{titel}} is no token"},
		{TEMPLATE_BODY, "{{title", "is no token"},
		{TEMPLATE_BODY, "{{}}", "is no token"},
		{TEMPLATE_BODY, "{ {{text}} }", NULL},
		{TEMPLATE_WEBHOOK, "{\"text\": \"{{title}}: {{site}}\\n{{text}}\"}", NULL},
		{TEMPLATE_WEBHOOK, "{\"n\": {{number}}}", NULL},
		{TEMPLATE_WEBHOOK, "text={{title}}", "must be JSON"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct errmsg err = {""};
		int rc = template_check(cases[i].text, cases[i].part, &err);

		assert_int_equal(rc, cases[i].why ? ERR_INVALID : ERR_OK);
		if (cases[i].why && !strstr(err.text, cases[i].why))
			fail_msg("%s: %s", cases[i].text, err.text);
	}
}

/* What a stranger named stays in its place. */
static void templates_are_filled(void **state)
{
	const struct emergency_sender by = {"a@b", "centre", "https://c.example/", rules.zone, s};
	struct emergency_message *m = calloc(1, sizeof(*m));
	struct emergency *e = &m->about[0];
	struct errmsg err = {""};
	char *text;

	assert_int_equal(templates_open(s, &err), ERR_OK);
	m->n = 1;
	m->to.language = REPORT_ENGLISH;
	e->kind = EMERGENCY_CUT;
	snprintf(e->title[0], sizeof(e->title[0]), "t\r\nBcc: x@y");
	snprintf(e->text[0], sizeof(e->text[0]), "a\", \"b\nc {{host}}");
	snprintf(e->host, sizeof(e->host), "pc");
	assert_null(emergency_webhook(m, &by));
	assert_int_equal(template_put(s, "", "webhook", "en", "{\"x\":\"all {{more}}\"}", &err),
			 ERR_OK);
	text = emergency_webhook(m, &by);
	assert_string_equal(text, "{\"x\":\"all 0\"}");
	free(text);
	assert_int_equal(
		template_put(s, "cut", "webhook", "en", "{\"x\":\"{{text}}|{{link}}\"}", &err),
		ERR_OK);
	text = emergency_webhook(m, &by);
	assert_string_equal(
		text, "{\"x\":\"a\\\", \\\"b\\nc {{host}}|https://c.example/#/emergencies\"}");
	free(text);
	text = template_expand("{{title}} {{host}} {x}", TEMPLATE_SUBJECT, e, REPORT_ENGLISH, &by,
			       0);
	assert_string_equal(text, "t  Bcc: x@y pc {x}");
	free(text);
	assert_int_equal(template_put(s, "cut", "webhook", "en", "", &err), ERR_OK);
	assert_int_equal(template_put(s, "", "webhook", "en", "", &err), ERR_OK);
	assert_null(emergency_webhook(m, &by));
	free(m);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(told_once_then_again),
		TEST(ends_after_the_last_wave),
		TEST(acknowledged_is_quiet),
		TEST(acknowledged_is_not_retried),
		TEST(only_whose_it_is),
		TEST(escalates),
		TEST(quiet_hours),
		TEST(all_are_quiet),
		TEST(flood),
		TEST(forgotten_is_nobody_else),
		TEST(server_away),
		TEST(switched_off),
		TEST(killed_under_way),
		TEST(silent_peers),
		TEST(refuses_addresses),
		TEST(mail_text),
		TEST(syslog_text),
		TEST(cut_text_is_told),
		TEST(templates_are_checked),
		TEST(templates_are_filled),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
