/* Detections of other products, as they come and as they are sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control/mitigator/external/receiver.h"
#include "control/mitigator/incident/stage.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

#define SHA "af6d0dfc3b383cdf6f6fac4ce5872d3d3cc60d9435f64ad4994c5c8eaa74eaea"
#define CEF                                                                                        \
	"CEF:0|Trend\\|Micro|Apex One|14.0|AV:1|Troj.Win32 \\\\x|8|src=10.0.0.5 shost=pc-5 "       \
	"smac=52-54-00-00-00-05 suser=sato fname=C:\\\\tmp\\\\a b.exe fileHash=SHA256:" SHA        \
	" act=Unable to clean file rt=1700000000000 msg=x\\=y externalId=42"

static struct slice text(const char *s)
{
	return SLICE(s, strlen(s));
}

static void syslog_with_cef(void **state)
{
	struct external_event ev;
	struct external_alert a, b;
	struct errmsg e = {""};

	assert_int_equal(
		external_syslog(text("<134>1 2026-11-21T09:00:00Z av console 7 - - " CEF "\n"), &ev,
				&e),
		0);
	assert_string_equal(ev.vendor, "Trend|Micro");
	assert_string_equal(ev.name, "Troj.Win32 \\x");
	assert_string_equal(ev.file, "C:\\tmp\\a b.exe");
	assert_string_equal(ev.hash, SHA);
	assert_string_equal(ev.user, "sato");
	assert_string_equal(ev.host_name, "pc-5");
	assert_int_equal(ev.severity, 8);
	assert_int_equal(ev.outcome, OUTCOME_NOT_CLEANED);
	assert_int_equal(ev.time, 1700000000 * NS_PER_SEC);
	external_to_alert(&ev, true, 5, &a);
	external_to_alert(&ev, true, 9, &b);
	assert_string_equal(a.id, b.id);
	assert_string_equal(a.alert.source, "Trend|Micro Apex One");
	assert_int_equal(a.alert.severity, SEVERITY_HIGH);
	assert_string_equal(a.alert.evidence.sha256, SHA);
	assert_int_equal(stage_of(&a.alert), STAGE_DELIVERY);
	assert_non_null(strstr(a.reason[0], "could not be cleaned"));
}

static const struct {
	const char *message;
	bool good;
	enum external_outcome outcome;
} messages[] = {
	{"<13>Nov 21 09:00:00 av CEF:0|A|B|1|r|n|Low|act=cleaned", true, OUTCOME_CLEANED},
	{"CEF:0|A|B|1|r|n|10|act=Quarantined", true, OUTCOME_CLEANED},
	{"CEF:0|A|B|1|r|n|10|act=not quarantined", true, OUTCOME_NOT_CLEANED},
	{"CEF:0|A|B|1|r|n|10|", true, OUTCOME_UNKNOWN},
	{"CEF:0|A|B|1|r|n|10", false, 0},
	{"CEF:0|A|B|1|r||10|", false, 0},
	{"<13>nothing of the kind", false, 0},
	{"", false, 0},
};

static void other_messages(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(messages); i++) {
		struct external_event ev;
		struct errmsg e = {""};
		int rc = external_syslog(text(messages[i].message), &ev, &e);

		if ((rc == 0) != messages[i].good)
			fail_msg("%s: %s", messages[i].message, e.text);
		if (rc == 0)
			assert_int_equal(ev.outcome, messages[i].outcome);
	}
}

static void json(void **state)
{
	struct external_event ev[4];
	struct errmsg e = {""};

	assert_int_equal(
		external_json(text("[{\"source\":\"EDR\",\"name\":\"bad\",\"ip\":\"10.0.0.5\","
				   "\"severity\":\"critical\",\"time\":"
				   "\"2023-11-14T22:13:20+00:00\"},{\"name\":\"no source\"},3,"
				   "{\"source\":\"EDR\",\"name\":\"x\",\"action\":\"failed\"}]"),
			      ev, 4, &e),
		2);
	assert_int_equal(ev[0].severity, 10);
	assert_int_equal(ev[0].time, 1700000000 * NS_PER_SEC);
	assert_int_equal(ev[1].outcome, OUTCOME_NOT_CLEANED);
	assert_true(external_json(text("{}"), ev, 4, &e) < 0);
	assert_true(external_json(text("[1,"), ev, 4, &e) < 0);
}

static void streams_cut_anywhere(void **state)
{
	static const char stream[] = "5 CEF:x<13>a\n11 hello\nworldPOST / HTTP/1.1\r\n"
				     "content-length: 2\r\nAuthorization: Bearer k\r\n\r\n{}";
	static const char *const want[] = {"CEF:x", "<13>a", "hello\nworld"};
	struct slice m, body;
	size_t at = 0, n = 0;
	bool http = false;

	while (at < strlen(stream)) {
		struct slice all = SLICE(stream + at, strlen(stream) - at);
		long used = 0;

		/* Each message at every cut: nothing before it is whole. */
		for (size_t cut = 0; cut <= all.len && used == 0; cut++)
			used = receiver_cut(SLICE(all.data, cut), &m, &http);
		assert_true(used > 0);
		if (http)
			break;
		assert_int_equal(m.len, strlen(want[n]));
		assert_memory_equal(m.data, want[n++], m.len);
		at += (size_t)used;
	}
	assert_int_equal(n, 3);
	assert_int_equal(receiver_http(m, "k", &body), 204);
	assert_int_equal(body.len, 2);
	assert_int_equal(receiver_http(m, "K", &body), 401);
	assert_int_equal(receiver_http(m, "kk", &body), 401);
	assert_int_equal(receiver_http(m, "", &body), 404);
	assert_true(receiver_cut(text("99999999 x"), &m, &http) < 0);
	assert_true(receiver_cut(text("POST / HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n"), &m,
				 &http) < 0);
}

struct got {
	unsigned n, proven;
	char name[EXTERNAL_TEXT];
};

static void on_event(void *ctx, const struct external_event *ev, bool proven)
{
	struct got *g = ctx;

	g->n++;
	g->proven += proven;
	snprintf(g->name, sizeof(g->name), "%s", ev->name);
}

static int dial(uint16_t port, int type)
{
	struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, type, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof(to)), 0);
	return fd;
}

static void turn(struct loop *l)
{
	for (int i = 0; i < 8; i++)
		loop_once(l, 20);
}

static void over_sockets(void **state)
{
	static const char post[] = "POST /events HTTP/1.1\r\nContent-Length: 32\r\nAuthorization: "
				   "Bearer secret\r\n\r\n{\"source\":\"EDR\",\"name\":\"posted\"}";
	const char *senders[] = {"127.0.0.0/8"};
	struct log log = {"test", 0, 2};
	struct got g = {0};
	struct errmsg e = {""};
	uint16_t port = (uint16_t)(20000 + getpid() % 20000);
	struct receiver_setup s = {.log = &log,
				   .senders = senders,
				   .senders_n = 1,
				   .token = "secret",
				   .event = on_event,
				   .ctx = &g};
	struct receiver_counts c;
	struct receiver *r;
	char listen_at[32], answer[200] = "";
	int fd;

	snprintf(listen_at, sizeof(listen_at), "127.0.0.1:%u", port);
	s.listen = listen_at;
	s.loop = loop_new(&e);
	r = receiver_new(&s, &e);
	if (!r)
		fail_msg("%s", e.text);
	fd = dial(port, SOCK_DGRAM);
	assert_true(send(fd, CEF, strlen(CEF), 0) > 0);
	close(fd);
	turn(s.loop);
	assert_int_equal(g.n, 1);
	assert_int_equal(g.proven, 0);
	fd = dial(port, SOCK_STREAM);
	assert_true(send(fd, CEF "\n" CEF "\nrubbish\n", 2 * strlen(CEF) + 10, 0) > 0);
	turn(s.loop);
	assert_int_equal(g.proven, 2);
	close(fd);
	fd = dial(port, SOCK_STREAM);
	assert_true(send(fd, post, strlen(post), 0) > 0);
	turn(s.loop);
	assert_true(recv(fd, answer, sizeof(answer) - 1, MSG_DONTWAIT) > 0);
	assert_non_null(strstr(answer, "204"));
	assert_string_equal(g.name, "posted");
	close(fd);
	receiver_counts(r, &c);
	assert_int_equal(c.events, 4);
	assert_int_equal(c.malformed, 1);
	receiver_free(r);
	loop_delete(s.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(syslog_with_cef),
		cmocka_unit_test(other_messages),
		cmocka_unit_test(json),
		cmocka_unit_test(streams_cut_anywhere),
		cmocka_unit_test(over_sockets),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
