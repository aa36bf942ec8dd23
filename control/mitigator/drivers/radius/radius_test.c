/* The RADIUS driver's packets, words and book, and devices that behave badly: those are played
 * here, the good ones are real servers in tests/smoke/radius_quarantine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <mbedtls/md5.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/mitigator/drivers/device.h"
#include "control/mitigator/drivers/kept.h"
#include "control/mitigator/drivers/radius/cause.h"
#include "control/mitigator/drivers/radius/packet.h"
#include "control/mitigator/drivers/radius/profile.h"
#include "control/mitigator/drivers/radius/radius.h"
#include "control/mitigator/drivers/radius/sessions.h"

static const char secret[] = "banken secret";

/* ---- packets ---- */

static size_t from_hex(const char *hex, uint8_t *ret)
{
	size_t n = strlen(hex) / 2;

	for (size_t i = 0; i < n; i++) {
		char two[3] = {hex[2 * i], hex[2 * i + 1], 0};

		ret[i] = (uint8_t)strtoul(two, NULL, 16);
	}
	return n;
}

/* Made by another program from RFC 5176 and RFC 2869: HMAC-MD5 and MD5 of Python's hashlib. */
#define COA                                                                                        \
	"2b2a005003dab740d63d567c47e92196b9341d7e5012e415d642c9a9c41e7e6461d2ab8a24f2"             \
	"1f1335322d35342d30302d30302d30302d303137066553f1004006"                                   \
	"0000000d4106000000065105393939"
#define ACK                                                                                        \
	"2c2a002caa37053e583ba616b681ec421061fb7237066553f1015012dfa0eeee06deaa2a711dd9fe951fe125"
#define NAK "2d2a00291f6bcea5a9f71cee27c22429cd89ba2e6506000001f7120f6e6f207375636820686f73740a"

static void make_coa(struct radius_packet *p)
{
	radius_begin(p, RADIUS_COA_REQUEST, 0x2a);
	radius_add_text(p, RADIUS_CALLING_STATION_ID, "52-54-00-00-00-01");
	radius_add_u32(p, RADIUS_EVENT_TIMESTAMP, 1700000000);
	radius_profile_add(radius_profile_find("rfc"), RADIUS_ORDER_VLAN, 999, p);
	assert_int_equal(radius_seal(p, SLICE_STR(secret)), 0);
}

static void test_request(void **state)
{
	static struct radius_packet p;
	uint8_t want[RADIUS_MAX];
	size_t n = from_hex(COA, want);

	make_coa(&p);
	assert_int_equal(p.n, n);
	assert_memory_equal(p.bytes, want, n);
	radius_begin(&p, RADIUS_COA_REQUEST, 1);
	for (unsigned i = 0; i < 20; i++) {
		uint8_t much[RADIUS_VALUE + 1] = {1};

		radius_add(&p, RADIUS_PROXY_STATE, much, i ? RADIUS_VALUE : sizeof(much));
	}
	assert_true(p.full && p.n <= RADIUS_MAX);
	assert_int_equal(radius_seal(&p, SLICE_STR(secret)), ERR_LIMIT);
}

static enum radius_fit fit_of(uint8_t *bytes, size_t n, const char *key, struct radius_answer *a)
{
	static struct radius_packet p;
	uint8_t *exact = malloc(n ? n : 1);
	enum radius_fit fit;

	assert_non_null(exact);
	memcpy(exact, bytes, n);
	make_coa(&p);
	fit = radius_read(&p, SLICE(exact, n), SLICE_STR(key), a);
	free(exact);
	return fit;
}

static void test_answer(void **state)
{
	struct radius_answer a;
	uint8_t b[RADIUS_MAX + 8] = {0};
	size_t n = from_hex(ACK, b);

	assert_int_equal(fit_of(b, n, secret, &a), RADIUS_FITS);
	assert_true(a.ack && a.authenticated);
	assert_int_equal(fit_of(b, n + 3, secret, &a), RADIUS_FITS); /* padding */
	assert_int_equal(fit_of(b, n, "another", &a), RADIUS_FORGED);
	assert_false(a.authenticated);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(fit_of(b, i, secret, &a), RADIUS_NO_RADIUS);
	for (size_t i = 0; i < n; i++) {
		b[i] ^= 1;
		assert_int_not_equal(fit_of(b, n, secret, &a), RADIUS_FITS);
		b[i] ^= 1;
	}
	n = from_hex(NAK, b);
	assert_int_equal(fit_of(b, n, secret, &a), RADIUS_FITS);
	assert_false(a.ack || a.authenticated);
	assert_int_equal(a.error_cause, 503);
	assert_string_equal(a.message, "no such host?");
	assert_non_null(strstr(radius_cause_text(503), "knows no such session / セッション"));
	assert_non_null(strstr(radius_cause_text(4711), "without a name"));
}

static void test_profiles(void **state)
{
	const struct radius_profile *cisco = radius_profile_find("cisco");
	static const uint8_t mac[6] = {0x52, 0x54, 0, 0xab, 0xcd, 0xef};
	static struct radius_packet p;
	char text[32];

	assert_null(radius_profile_find("acme"));
	assert_false(radius_profile_has(cisco, RADIUS_ORDER_VLAN));
	radius_begin(&p, radius_profile_code(cisco, RADIUS_ORDER_BOUNCE), 1);
	radius_profile_add(cisco, RADIUS_ORDER_BOUNCE, 0, &p);
	assert_int_equal(p.bytes[0], RADIUS_COA_REQUEST);
	assert_non_null(
		memmem(p.bytes, p.n, "\0\0\0\x09\x01\x25subscriber:command=bounce-host-port", 41));
	radius_begin(&p, RADIUS_COA_REQUEST, 1);
	radius_profile_add(radius_profile_find("hp"), RADIUS_ORDER_BOUNCE, 0, &p);
	assert_non_null(memmem(p.bytes, p.n, "\x1a\x0c\0\0\0\x0b\x17\x06\0\0\0\x05", 12));
	assert_true(radius_mac_write("XX-XX-XX-XX-XX-XX", mac, text, sizeof(text)));
	assert_string_equal(text, "52-54-00-AB-CD-EF");
	assert_true(radius_mac_write("xxxx.xxxx.xxxx", mac, text, sizeof(text)));
	assert_string_equal(text, "5254.00ab.cdef");
	assert_true(radius_mac_write("xxxxxxxxxxxx", mac, text, sizeof(text)));
	assert_false(radius_mac_write("xx:xx", mac, text, sizeof(text)));
	assert_false(radius_mac_write("xxxxxxxxxxxxx", mac, text, sizeof(text)));
	assert_false(radius_mac_write("XX-XX-XX-XX-XX-XX", mac, text, 17));
}

/* ---- configuration ---- */

struct fixture {
	char folder[64], secret[96], book[96];
	struct driver_config config;
};

static void write_file(const char *path, const char *text, mode_t mode)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
	assert_int_equal(chmod(path, mode), 0);
}

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	struct driver_config *c = &f->config;

	snprintf(f->folder, sizeof(f->folder), "/tmp/banken-radius-%d-XXXXXX", getpid());
	assert_non_null(mkdtemp(f->folder));
	snprintf(f->secret, sizeof(f->secret), "%s/secret", f->folder);
	snprintf(f->book, sizeof(f->book), "%s/book.db", f->folder);
	write_file(f->secret, "banken secret\n", 0600);
	*c = (struct driver_config){.name = "sw",
				    .type = "radius",
				    .timeout_ms = 700,
				    .order = "disconnect",
				    .vendor = "rfc",
				    .vlan = 999,
				    .mac_format = "XX-XX-XX-XX-XX-XX",
				    .identify = {"nas-ip-address"},
				    .identify_n = 1,
				    .devices = {"127.0.0.1:3799"},
				    .devices_n = 1,
				    .shared_book = true};
	snprintf(c->secret_file, sizeof(c->secret_file), "%s", f->secret);
	snprintf(c->book, sizeof(c->book), "%s", f->book);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;
	char sessions[96];

	snprintf(sessions, sizeof(sessions), "%s/sessions.db", f->folder);
	unlink(sessions);
	unlink(f->secret);
	unlink(f->book);
	rmdir(f->folder);
	free(f);
	return 0;
}

static void refused(const struct driver_config *c, const char *word)
{
	struct errmsg e = {""};

	assert_int_equal(driver_radius.check(c, &e), ERR_INVALID);
	if (!strstr(e.text, word))
		fail_msg("\"%s\" says nothing of %s", e.text, word);
	assert_null(strstr(e.text, secret));
	assert_null(strchr(e.text, '\n'));
}

#define WRONG(member, value, word)                                                                 \
	do {                                                                                       \
		struct driver_config w = *right;                                                   \
		snprintf(w.member, sizeof(w.member), "%s", value);                                 \
		refused(&w, word);                                                                 \
	} while (0)

static void test_check(void **state)
{
	struct fixture *f = *state;
	const struct driver_config *right = &f->config;
	struct driver_config c;
	struct errmsg e;

	assert_int_equal(driver_radius.check(right, &e), 0);
	WRONG(devices[0], "switch.example", "no address of a device");
	WRONG(devices[0], "10.0.0.1:70000", "port must be 1 to 65535");
	WRONG(devices[0], "10.0.0.1:", "port must be 1 to 65535");
	WRONG(devices[0], "[::1", "no address of a device");
	WRONG(order, "kill", "disconnect, vlan, bounce or reauthenticate");
	WRONG(vendor, "acme", "vendor must be");
	WRONG(order, "bounce", "cisco, aruba, hp, juniper");
	c = *right;
	snprintf(c.order, sizeof(c.order), "bounce");
	snprintf(c.vendor, sizeof(c.vendor), "cisco");
	refused(&c, "who else is there");
	WRONG(mac_format, "xx:xx", "twelve x or X");
	WRONG(identify[0], "ssid", "\"ssid\" is not");
	WRONG(identify[0], "nas-port", "sessions must name it");
	WRONG(secret_file, "banken secret", "absolute path");
	WRONG(secret_file, "/nowhere/at/all", "No such file");
	WRONG(book, "list.db", "absolute path");
	c = *right;
	c.devices_n = 0;
	refused(&c, "at least one address");
	snprintf(c.devices[1], sizeof(c.devices[1]), "[::ffff:127.0.0.1]:3799");
	c.devices_n = 2;
	refused(&c, "are the same");
	c = *right;
	c.shared_book = false;
	refused(&c, "list must name");
	snprintf(c.order, sizeof(c.order), "vlan");
	assert_int_equal(driver_radius.check(&c, &e), 0);
	c.vlan = 0;
	refused(&c, "quarantine's number");
	c.vlan = c.normal_vlan = 7;
	refused(&c, "nobody would be cut");
	write_file(f->secret, "short\n", 0600);
	refused(right, "at least 8 bytes");
	write_file(f->secret, "banken secret\n", 0604);
	refused(right, "chmod 640");
}

/* ---- a device that misbehaves ---- */

enum manner {
	DEVICE_ACKS,
	DEVICE_NAKS,
	DEVICE_IS_DEAF_ONCE, /* answers the second time only */
	DEVICE_IS_SLOW,	     /* behind the time-out */
	DEVICE_FORGES,	     /* another secret */
	DEVICE_BABBLES,	     /* no RADIUS at all */
	DEVICE_IS_SILENT,
};

struct played {
	enum manner manner;
	uint32_t cause;
	int fd;
	uint16_t port;
	pthread_t thread;
	unsigned requests;
	uint8_t last[RADIUS_MAX];
	size_t last_n;
	bool same; /* all requests were the same bytes from the same port */
	uint16_t from;
};

/* An answer as RFC 2865 3 wants it, made without what is tested. */
static size_t answer_by_hand(const struct played *p, uint8_t *ret)
{
	const char *key = p->manner == DEVICE_FORGES ? "other secret" : secret;
	uint8_t with[64 + sizeof(secret)];
	size_t n = p->manner == DEVICE_NAKS ? 26 : 20;

	ret[0] = (uint8_t)(p->last[0] + (p->manner == DEVICE_NAKS ? 2 : 1));
	ret[1] = p->last[1];
	ret[2] = 0;
	ret[3] = (uint8_t)n;
	memcpy(ret + 4, p->last + 4, 16);
	memcpy(ret + 20, "\x65\x06\0\0", 4);
	ret[24] = (uint8_t)(p->cause >> 8);
	ret[25] = (uint8_t)p->cause;
	memcpy(with, ret, n);
	memcpy(with + n, key, strlen(key));
	assert_int_equal(mbedtls_md5_ret(with, n + strlen(key), ret + 4), 0);
	return n;
}

static void *play(void *arg)
{
	struct played *p = arg;
	uint8_t in[RADIUS_MAX], out[64];
	struct sockaddr_in from;
	ssize_t n;

	for (;;) {
		socklen_t len = sizeof(from);

		n = recvfrom(p->fd, in, sizeof(in), 0, (struct sockaddr *)&from, &len);
		if (n <= 1)
			return NULL;
		if (p->requests++)
			p->same = p->same && p->last_n == (size_t)n &&
				  memcmp(p->last, in, (size_t)n) == 0 && p->from == from.sin_port;
		memcpy(p->last, in, (size_t)n);
		p->last_n = (size_t)n;
		p->from = from.sin_port;
		if (p->manner == DEVICE_IS_SILENT ||
		    (p->manner == DEVICE_IS_DEAF_ONCE && p->requests == 1))
			continue;
		if (p->manner == DEVICE_IS_SLOW)
			usleep(900000);
		n = (ssize_t)answer_by_hand(p, out);
		if (p->manner == DEVICE_BABBLES)
			memset(out, 'b', (size_t)n);
		sendto(p->fd, out, (size_t)n, 0, (struct sockaddr *)&from, len);
	}
}

static void play_begin(struct played *p, enum manner manner, uint32_t cause)
{
	struct sockaddr_in own = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t len = sizeof(own);

	*p = (struct played){.manner = manner, .cause = cause, .same = true};
	p->fd = socket(AF_INET, SOCK_DGRAM, 0);
	assert_int_equal(bind(p->fd, (struct sockaddr *)&own, len), 0);
	assert_int_equal(getsockname(p->fd, (struct sockaddr *)&own, &len), 0);
	p->port = ntohs(own.sin_port);
	assert_int_equal(pthread_create(&p->thread, NULL, play, p), 0);
}

static void play_end(struct played *p)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
				 .sin_port = htons(p->port),
				 .sin_addr = {htonl(INADDR_LOOPBACK)}};

	sendto(p->fd, "x", 1, 0, (struct sockaddr *)&to, sizeof(to));
	pthread_join(p->thread, NULL);
	close(p->fd);
}

struct catch
{
	struct driver_sink sink;
	struct driver_answer last;
};

static void catch_answer(struct driver_sink *s, const struct driver_answer *a)
{
	struct catch *c = container_of(s, struct catch, sink);

	memcpy(&c->last, a, driver_answer_size(a));
}

static struct driver_order order_of(enum driver_verb verb, uint32_t number)
{
	struct driver_order o = {.verb = verb, .cut = 17, .number = number};

	assert_int_equal(mac_addr_parse("52:54:00:00:00:01", &o.target.mac), 0);
	snprintf(o.command_id, sizeof(o.command_id), "m-17.%u", number);
	return o;
}

static const struct driver_answer *run_order(const struct driver_config *c,
					     const struct driver_order *o)
{
	static struct driver_answer scratch;
	static struct catch caught;

	memset(&scratch, 0, sizeof(scratch));
	scratch.verb = o->verb;
	caught = (struct catch){.sink = {catch_answer}};
	driver_radius.run(c, o, &scratch, &caught.sink);
	assert_null(strstr(caught.last.text, secret));
	return &caught.last;
}

static const struct driver_answer *ask(struct fixture *f, struct played *p, enum driver_verb verb,
				       uint32_t number)
{
	struct driver_order o = order_of(verb, number);

	snprintf(f->config.devices[0], sizeof(f->config.devices[0]), "127.0.0.1:%u", p->port);
	return run_order(&f->config, &o);
}

/* What the RADIUS server would find: the VLAN, -1 when the host is not on the list. */
static int listed(const struct fixture *f)
{
	sqlite3 *db;
	sqlite3_stmt *s;
	int vlan = -1;

	assert_int_equal(sqlite3_open_v2(f->book, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	assert_int_equal(sqlite3_prepare_v2(db,
					    "SELECT vlan FROM quarantine WHERE "
					    "mac='52-54-00-00-00-01'",
					    -1, &s, NULL),
			 SQLITE_OK);
	if (sqlite3_step(s) == SQLITE_ROW)
		vlan = sqlite3_column_int(s, 0);
	sqlite3_finalize(s);
	sqlite3_close(db);
	return vlan;
}

static void test_cut_and_undo(void **state)
{
	struct fixture *f = *state;
	const struct driver_answer *a;
	struct played p;

	play_begin(&p, DEVICE_ACKS, 0);
	a = ask(f, &p, DRIVER_APPLY, 1);
	assert_int_equal(a->outcome, DRIVER_DONE);
	assert_non_null(strstr(a->text, "ended the session of 52:54:00:00:00:01: VLAN 999"));
	assert_int_equal(listed(f), 999);
	assert_int_equal(p.requests, 1);
	/* The same order again is answered without the device. */
	assert_int_equal(ask(f, &p, DRIVER_APPLY, 1)->outcome, DRIVER_DONE);
	assert_int_equal(p.requests, 1);
	a = ask(f, &p, DRIVER_LIST, 0);
	assert_int_equal(a->items_n, 1);
	assert_int_equal(a->held[0].cut, 17);
	a = ask(f, &p, DRIVER_RELEASE, 2);
	assert_int_equal(a->outcome, DRIVER_DONE);
	assert_int_equal(listed(f), -1);
	assert_int_equal(p.requests, 2);
	assert_int_equal(ask(f, &p, DRIVER_LIST, 0)->items_n, 0);
	assert_int_equal(ask(f, &p, DRIVER_RELEASE, 2)->outcome, DRIVER_DONE);
	assert_int_equal(p.requests, 2);
	play_end(&p);
}

/* Killed between the order and the answer: the same bytes from the same port again. */
static void test_resume(void **state)
{
	struct fixture *f = *state;
	struct driver_order again;
	struct played p;

	play_begin(&p, DEVICE_IS_SILENT, 0);
	assert_int_equal(ask(f, &p, DRIVER_APPLY, 1)->outcome, DRIVER_AWAY);
	assert_int_equal(p.requests, 3);
	assert_int_equal(listed(f), 999);
	p.manner = DEVICE_NAKS;
	p.cause = RADIUS_CAUSE_NO_SESSION;
	/* It had carried it out and forgot: there is no session any more. */
	assert_int_equal(ask(f, &p, DRIVER_APPLY, 1)->outcome, DRIVER_DONE);
	assert_int_equal(p.requests, 4);
	assert_true(p.same);
	/* Another end of the cut is no reason to end the session in quarantine. */
	assert_int_equal(ask(f, &p, DRIVER_APPLY, 2)->outcome, DRIVER_DONE);
	assert_int_equal(p.requests, 4);
	/* A cut without effect is: that is a new order, and has no such excuse. */
	again = order_of(DRIVER_APPLY, 3);
	again.retry = true;
	assert_int_equal(run_order(&f->config, &again)->outcome, DRIVER_FAILED);
	assert_false(p.same);
	assert_int_equal(listed(f), 999);
	assert_int_equal(ask(f, &p, DRIVER_RELEASE, 4)->outcome, DRIVER_DONE);
	assert_int_equal(listed(f), -1);
	/* A secret that cannot be read shows at the first look, long before a cut. */
	unlink(f->secret);
	assert_int_equal(ask(f, &p, DRIVER_LIST, 0)->outcome, DRIVER_FAILED);
	play_end(&p);
}

static void test_bad_devices(void **state)
{
	static const struct {
		enum manner manner;
		uint32_t cause;
		enum driver_outcome outcome;
		const char *word;
	} cases[] = {
		{DEVICE_IS_DEAF_ONCE, 0, DRIVER_DONE, "ended the session"},
		{DEVICE_IS_SLOW, 0, DRIVER_AWAY, "silent (3 requests in 700 ms)"},
		{DEVICE_IS_SILENT, 0, DRIVER_AWAY, "another secret"},
		{DEVICE_FORGES, 0, DRIVER_FAILED, "wrong authenticator"},
		{DEVICE_BABBLES, 0, DRIVER_AWAY, "what is no RADIUS answer"},
		{DEVICE_NAKS, 503, DRIVER_FAILED, "no such session / セッションが見つからない"},
		{DEVICE_NAKS, 501, DRIVER_FAILED, "administrator forbids it"},
		{DEVICE_NAKS, 9, DRIVER_FAILED, "(Error-Cause 9)"},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct driver_answer *a;
		struct driver_order o;
		struct played p;

		play_begin(&p, cases[i].manner, cases[i].cause);
		o = order_of(DRIVER_APPLY, (uint32_t)i + 1);
		o.retry = true;
		snprintf(f->config.devices[0], sizeof(f->config.devices[0]), "127.0.0.1:%u",
			 p.port);
		a = run_order(&f->config, &o);
		if (a->outcome != cases[i].outcome || !strstr(a->text, cases[i].word))
			fail_msg("case %zu: outcome %d, \"%s\"", i, a->outcome, a->text);
		play_end(&p);
	}
}

static void test_unreachable(void **state)
{
	struct fixture *f = *state;
	const struct driver_answer *a;
	struct played p;

	play_begin(&p, DEVICE_ACKS, 0);
	play_end(&p);
	a = ask(f, &p, DRIVER_APPLY, 1);
	assert_int_equal(a->outcome, DRIVER_AWAY);
	assert_non_null(strstr(a->text, "nothing listens on this port"));
}

/* Several devices: one has the session, one does not, one is silent. */
static void test_many_devices(void **state)
{
	struct fixture *f = *state;
	struct driver_order o = order_of(DRIVER_APPLY, 1);
	const struct driver_answer *a;
	struct played p[3];

	play_begin(&p[0], DEVICE_NAKS, 503);
	play_begin(&p[1], DEVICE_IS_SILENT, 0);
	play_begin(&p[2], DEVICE_ACKS, 0);
	f->config.devices_n = 3;
	for (unsigned i = 0; i < 3; i++)
		snprintf(f->config.devices[i], sizeof(f->config.devices[i]), "127.0.0.1:%u",
			 p[i].port);
	a = run_order(&f->config, &o);
	assert_int_equal(a->outcome, DRIVER_DONE);
	assert_int_equal(p[0].requests, 1);
	/* The release asks the one that did it. */
	o = order_of(DRIVER_RELEASE, 2);
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	assert_int_equal(p[0].requests, 1);
	assert_int_equal(p[1].requests, 3);
	assert_int_equal(p[2].requests, 2);
	for (unsigned i = 0; i < 3; i++)
		play_end(&p[i]);
}

static void test_vlan_order(void **state)
{
	struct fixture *f = *state;
	struct driver_order o = order_of(DRIVER_APPLY, 1);
	struct played p;

	play_begin(&p, DEVICE_ACKS, 0);
	snprintf(f->config.order, sizeof(f->config.order), "vlan");
	snprintf(f->config.devices[0], sizeof(f->config.devices[0]), "127.0.0.1:%u", p.port);
	o.target.vlan = 10;
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	assert_int_equal(p.last[0], RADIUS_COA_REQUEST);
	assert_non_null(memmem(p.last, p.last_n,
			       "\x51\x05"
			       "999",
			       5));
	o.verb = DRIVER_RELEASE;
	o.number = 2;
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	assert_int_equal(p.last[0], RADIUS_COA_REQUEST);
	assert_non_null(memmem(p.last, p.last_n,
			       "\x51\x04"
			       "10",
			       4));
	/* Where it was is not known: it authenticates anew. */
	o = order_of(DRIVER_APPLY, 3);
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	o = order_of(DRIVER_RELEASE, 4);
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	assert_int_equal(p.last[0], RADIUS_DISCONNECT_REQUEST);
	play_end(&p);
}

static void test_no_mac(void **state)
{
	struct fixture *f = *state;
	struct driver_order o = order_of(DRIVER_APPLY, 1);

	memset(&o.target.mac, 0, sizeof(o.target.mac));
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_REFUSED);
}

/* ---- accounting ---- */

static void test_sessions(void **state)
{
	struct fixture *f = *state;
	struct driver_order o = order_of(DRIVER_APPLY, 1);
	struct radius_session s;
	struct played p[2];
	struct errmsg e;
	sqlite3 *db;

	snprintf(f->config.sessions, sizeof(f->config.sessions), "%s/sessions.db", f->folder);
	assert_int_equal(radius_session_find(f->config.sessions, &o.target.mac, &s, &e), ERR_IO);
	assert_int_equal(sqlite3_open(f->config.sessions, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db,
			     "CREATE TABLE radacct (radacctid INTEGER PRIMARY KEY, acctsessionid,"
			     " username, nasipaddress, nasportid, callingstationid, acctstoptime);"
			     "INSERT INTO radacct VALUES (1,'old','u','127.0.0.9','7',"
			     "'52:54:00:00:00:01','then'), (2,'S-2','anna','127.0.0.2','7',"
			     "'5254.0000.0001',NULL);",
			     NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_int_equal(radius_session_find(f->config.sessions, &o.target.mac, &s, &e), 0);
	assert_string_equal(s.id, "S-2");
	assert_string_equal(s.user, "anna");
	/* Only the device that has it is asked, by what accounting knows. */
	play_begin(&p[0], DEVICE_ACKS, 0);
	play_begin(&p[1], DEVICE_IS_SILENT, 0);
	snprintf(f->config.devices[0], sizeof(f->config.devices[0]), "127.0.0.1:%u", p[1].port);
	snprintf(f->config.devices[1], sizeof(f->config.devices[1]), "127.0.0.2:%u", p[0].port);
	f->config.devices_n = 2;
	snprintf(f->config.identify[0], DRIVER_NAME, "acct-session-id");
	snprintf(f->config.identify[1], DRIVER_NAME, "nas-port");
	f->config.identify_n = 2;
	/* Nobody listens at 127.0.0.2: the played device is at .1. */
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_AWAY);
	assert_int_equal(p[1].requests, 0);
	/* Ended while nobody waited for the answer: carried out, and not sent again. */
	assert_false(radius_session_over(f->config.sessions, s.row));
	assert_int_equal(sqlite3_open(f->config.sessions, &db), SQLITE_OK);
	assert_int_equal(
		sqlite3_exec(db, "UPDATE radacct SET acctstoptime='now'", NULL, NULL, NULL),
		SQLITE_OK);
	sqlite3_close(db);
	assert_true(radius_session_over(f->config.sessions, s.row));
	assert_int_equal(run_order(&f->config, &o)->outcome, DRIVER_DONE);
	assert_int_equal(p[0].requests + p[1].requests, 0);
	o.target.mac.bytes[5] = 9;
	assert_int_equal(radius_session_find(f->config.sessions, &o.target.mac, &s, &e),
			 ERR_NOTFOUND);
	play_end(&p[0]);
	play_end(&p[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_request),
		cmocka_unit_test(test_answer),
		cmocka_unit_test(test_profiles),
		cmocka_unit_test_setup_teardown(test_check, setup, teardown),
		cmocka_unit_test_setup_teardown(test_cut_and_undo, setup, teardown),
		cmocka_unit_test_setup_teardown(test_resume, setup, teardown),
		cmocka_unit_test_setup_teardown(test_bad_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_unreachable, setup, teardown),
		cmocka_unit_test_setup_teardown(test_many_devices, setup, teardown),
		cmocka_unit_test_setup_teardown(test_vlan_order, setup, teardown),
		cmocka_unit_test_setup_teardown(test_no_mac, setup, teardown),
		cmocka_unit_test_setup_teardown(test_sessions, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
