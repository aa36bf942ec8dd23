#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "control/enforcer/notice/page.h"

static const struct notice_texts texts = {"Example <Corp>", "Help desk & co: 1234", "電話 1234"};

static void requests(void **state)
{
	static const struct {
		const char *text;
		int rc;
		bool ja, head, probe;
	} cases[] = {
		{"GET / HTTP/1.1\r\nHost: x\r\n\r\n", 0, false, false, false},
		{"GET / HTTP/1.0\n\n", 0, false, false, false},
		{"HEAD /a?b HTTP/1.1\r\nAccept-Language: ja\r\n\r\n", 0, true, true, false},
		{"GET / HTTP/1.1\r\nAccept-Language: en-US,en;q=0.9,ja;q=0.8\r\n\r\n", 0, false,
		 false, false},
		{"GET / HTTP/1.1\r\nACCEPT-language: ja-JP, en;q=0.5\r\n\r\n", 0, true, false,
		 false},
		{"GET / HTTP/1.1\r\nAccept-Language: ja;q=0, en;q=0.1\r\n\r\n", 0, false, false,
		 false},
		{"GET / HTTP/1.1\r\nAccept-Language: de\r\n\r\n", 0, false, false, false},
		{"GET /generate_204 HTTP/1.1\r\n\r\n", 0, false, false, true},
		{"POST /x HTTP/1.1\r\nContent-Length: 9\r\n\r\nabc", 0, false, false, false},
		{"GET / HTTP/1.1\r\nHost: x\r\n", ERR_AGAIN, false, false, false},
		{"", ERR_AGAIN, false, false, false},
		{"CONNECT a:443 HTTP/1.1\r\n\r\n", ERR_INVALID, false, false, false},
		{"\x16\x03\x01\r\n\r\n", ERR_INVALID, false, false, false},
		{"GET / HTTP/2.0\r\n\r\n", ERR_INVALID, false, false, false},
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct notice_request q;

		if (notice_read(SLICE_STR(cases[i].text), &q) != cases[i].rc)
			fail_msg("%s", cases[i].text);
		if (cases[i].rc == 0 && (q.japanese != cases[i].ja ||
					 q.head_only != cases[i].head || q.probe != cases[i].probe))
			fail_msg("%s", cases[i].text);
	}
}

static void pages(void **state)
{
	char text[2 * NOTICE_ANSWER_MAX];
	struct notice_request q = {0};
	const char *body;
	size_t length;

	assert_true(notice_write(&texts, &q, "10.0.0.5", "2026-11-22", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "HTTP/1.1 511 "));
	assert_non_null(strstr(text, "Example &lt;Corp&gt;"));
	assert_non_null(strstr(text, "Help desk &amp; co: 1234"));
	assert_non_null(strstr(text, "10.0.0.5"));
	body = strstr(text, "\r\n\r\n") + 4;
	assert_int_equal(sscanf(strstr(text, "Content-Length:"), "Content-Length: %zu", &length),
			 1);
	assert_int_equal(strlen(body), length);
	q.japanese = q.probe = true;
	assert_true(notice_write(&texts, &q, "10.0.0.5", "2026-11-22", text, sizeof(text)) > 0);
	assert_non_null(strstr(text, "HTTP/1.1 200 OK"));
	assert_non_null(strstr(text, "lang=\"ja\""));
	assert_non_null(strstr(text, "電話 1234"));
	q.head_only = true;
	assert_true(notice_write(&texts, &q, "10.0.0.5", "2026-11-22", text, sizeof(text)) > 0);
	assert_int_equal(strlen(strstr(text, "\r\n\r\n")), 4);
	assert_int_equal(notice_write(&texts, &q, "10.0.0.5", "2026-11-22", text, 100), ERR_LIMIT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(requests), cmocka_unit_test(pages)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
