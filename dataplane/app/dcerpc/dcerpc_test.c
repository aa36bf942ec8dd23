/* DCE/RPC over TCP and UDP: calls, fragments, interfaces, byte order, gaps, damage. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "dataplane/app/dcerpc/dcerpc.h"
#include "dataplane/app/harness/harness.h"

#define SVCCTL	  "\x81\xbb\x7a\x36\x44\x98\xf1\x35\xad\x32\x98\xf0\x38\x00\x10\x03"
#define SVCCTL_BE "\x36\x7a\xbb\x81\x98\x44\x35\xf1\xad\x32\x98\xf0\x38\x00\x10\x03"
#define NDR	  "\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\2\0\0\0"

static const char svcctl_text[] = "367abb81-9844-35f1-ad32-98f038001003";

struct pdu {
	uint8_t bytes[4096];
	size_t len;
};

static void add(struct pdu *p, const void *bytes, size_t n)
{
	assert_true(p->len + n <= sizeof(p->bytes));
	memcpy(p->bytes + p->len, bytes, n);
	p->len += n;
}

static void add16(struct pdu *p, uint16_t v, bool little)
{
	uint8_t b[2] = {(uint8_t)(little ? v : v >> 8), (uint8_t)(little ? v >> 8 : v)};

	add(p, b, 2);
}

static struct pdu head(uint8_t type, uint8_t flags, uint32_t call, bool little)
{
	struct pdu p = {{0}, 0};
	uint8_t first[8] = {5, 0, type, flags, little ? 0x10 : 0};

	add(&p, first, 8);
	add16(&p, 0, little); /* frag_len, by done() */
	add16(&p, 0, little);
	add16(&p, little ? (uint16_t)call : 0, little);
	add16(&p, little ? 0 : (uint16_t)call, little);
	return p;
}

static struct pdu done(struct pdu p)
{
	bool little = p.bytes[4];

	p.bytes[8] = (uint8_t)(little ? p.len : p.len >> 8);
	p.bytes[9] = (uint8_t)(little ? p.len >> 8 : p.len);
	return p;
}

static struct pdu bind(uint8_t type, uint32_t call, uint16_t context)
{
	struct pdu p = head(type, 3, call, true);

	add(&p, "\xd0\x16\xd0\x16\0\0\0\0\1\0\0\0", 12);
	add16(&p, context, true);
	add(&p, "\1\0" SVCCTL "\2\0\0\0" NDR, 44 - 2);
	return done(p);
}

static struct pdu ack(uint8_t type, uint32_t call, uint16_t result)
{
	struct pdu p = head(type, 3, call, true);

	add(&p,
	    "\xd0\x16\xd0\x16\0\0\0\0\4\0"
	    "135\0"
	    "\0\0"
	    "\1\0\0\0",
	    20);
	add16(&p, result, true);
	add(&p, "\0\0" NDR, 22);
	return done(p);
}

static struct pdu call(uint8_t type, uint8_t flags, uint32_t id, const char *stub)
{
	struct pdu p = head(type, flags, id, true);

	add(&p, "\0\0\0\0", 4);
	add16(&p, 0, true);			       /* context */
	add16(&p, type == DCE_REQUEST ? 15 : 0, true); /* opnum */
	add(&p, stub, strlen(stub));
	return done(p);
}

static void feed(struct harness *h, enum dir dir, struct pdu p)
{
	assert_true(harness_feed(h, dir, p.bytes, p.len));
}

static bool has_stub(struct harness *h, uint64_t id, enum dir dir, const char *want)
{
	return slice_eq(harness_buffer(h, harness_tx(h, id), "dcerpc.stub_data", dir, 0),
			slice_of(want));
}

static void exchange(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct app_tx *tx;

	feed(h, DIR_TS, bind(DCE_BIND, 1, 0));
	feed(h, DIR_TC, ack(DCE_BINDACK, 1, 0));
	assert_string_equal(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"dcerpc\"") ? "y" : "n",
			    "y");
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0),
			       "\"request\":\"BIND\",\"interfaces\":[{\"uuid\":"
			       "\"367abb81-9844-35f1-ad32-98f038001003\",\"version\":\"2.0\","
			       "\"ack_result\":0}],\"response\":\"BINDACK\",\"call_id\":1,"
			       "\"rpc_version\":\"5.0\""));
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 2, "question"));
	tx = harness_tx(h, 1);
	assert_true(has_stub(h, 1, DIR_TS, "question"));
	assert_int_equal(tx->progress[DIR_TS], DCERPC_COMPLETE);
	assert_int_equal(tx->progress[DIR_TC], 0);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.opnum", DIR_TS, "15"), 1);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.opnum", DIR_TS, "1,10-20"), 1);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.opnum", DIR_TS, "14,16-"), -1);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.opnum", DIR_TS, "14,16"), 0);
	assert_int_equal(harness_keyword(h, tx, "dcerpc.iface", DIR_TS, svcctl_text), 1);
	feed(h, DIR_TC, call(DCE_RESPONSE, 3, 2, "answer"));
	/* Suricata 7 counts eight bytes of the header to the answer's stub. */
	assert_true(slice_eq(slice_sub(harness_buffer(h, tx, "dcerpc.stub_data", DIR_TC, 0), 8, 99),
			     SLICE_LIT("answer")));
	assert_int_equal(tx->progress[DIR_TC], DCERPC_COMPLETE);
	assert_non_null(strstr(harness_eve(h, tx, 0),
			       "\"req\":{\"opnum\":15,\"frag_cnt\":1,\"stub_data_size\":8}"));
	harness_delete(h);
}

static void iface_arguments(void **state)
{
	static const struct {
		const char *argument;
		int want;
	} cases[] = {
		{"367abb81-9844-35f1-ad32-98f038001003,2", 1},
		{"367abb81-9844-35f1-ad32-98f038001003,>2", 0},
		{"367abb81-9844-35f1-ad32-98f038001003,<3,any_frag", 1},
		{"367ABB81-9844-35F1-AD32-98F038001003,any_frag", 1},
		{"367abb81-9844-35f1-ad32-98f038001004", 0},
		{"367abb81-9844-35f1-ad32-98f0380010", -1},
		{"367abb81-9844-35f1-ad32-98f038001003,2,3", -1},
		{"367abb81-9844-35f1-ad32-98f038001003,any_frag,2", -1},
		{"", -1},
	};
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);

	feed(h, DIR_TS, bind(DCE_BIND, 1, 0));
	feed(h, DIR_TC, ack(DCE_BINDACK, 1, 0));
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 2, "x"));
	for (unsigned i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(harness_keyword(h, harness_tx(h, 1), "dcerpc.iface", DIR_TS,
						 cases[i].argument),
				 cases[i].want);
	harness_delete(h);
}

/* What the server refused, or bound to another context, is not spoken. */
static void refused_and_other_context(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);

	feed(h, DIR_TS, bind(DCE_BIND, 1, 0));
	feed(h, DIR_TC, ack(DCE_BINDACK, 1, 2));
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 2, "x"));
	assert_int_equal(harness_keyword(h, harness_tx(h, 1), "dcerpc.iface", DIR_TS, svcctl_text),
			 0);
	feed(h, DIR_TS, bind(DCE_ALTER_CONTEXT, 3, 7));
	feed(h, DIR_TC, ack(DCE_ALTER_CONTEXT_RESP, 3, 0));
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 4, "x"));
	assert_int_equal(harness_keyword(h, harness_tx(h, 3), "dcerpc.iface", DIR_TS, svcctl_text),
			 0);
	harness_delete(h);
}

static void fragments(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct pdu all = call(DCE_REQUEST, DCE_FIRST, 5, "one ");
	struct pdu middle = call(DCE_REQUEST, 0, 5, "two ");
	struct pdu last = call(DCE_REQUEST, DCE_LAST, 5, "three");

	add(&all, middle.bytes, middle.len);
	feed(h, DIR_TS, all);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 0);
	feed(h, DIR_TS, last);
	assert_int_equal(harness_live(h), 1);
	assert_true(has_stub(h, 0, DIR_TS, "one two three"));
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], DCERPC_COMPLETE);
	/* The same call id again is another call. */
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 5, "again"));
	assert_int_equal(harness_live(h), 2);
	harness_delete(h);
}

static void at_every_cut(void **state)
{
	struct pdu all = bind(DCE_BIND, 1, 0), request = call(DCE_REQUEST, 3, 2, "question");

	add(&all, request.bytes, request.len);
	for (size_t cut = 0; cut <= all.len; cut++) {
		struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);

		assert_true(harness_feed(h, DIR_TS, all.bytes, cut));
		assert_true(harness_feed(h, DIR_TS, all.bytes + cut, all.len - cut));
		assert_int_equal(harness_live(h), 2);
		assert_true(has_stub(h, 1, DIR_TS, "question"));
		harness_delete(h);
	}
}

static void big_endian(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct pdu p = head(DCE_REQUEST, 3, 9, false);

	add(&p, "\0\0\0\0\0\0\1\2stub", 12);
	feed(h, DIR_TS, done(p));
	assert_int_equal(harness_keyword(h, harness_tx(h, 0), "dcerpc.opnum", DIR_TS, "258"), 1);
	assert_false(dcerpc_proto.little(harness_tx(h, 0), DIR_TS));
	feed(h, DIR_TS, call(DCE_REQUEST, 3, 10, "x"));
	assert_true(dcerpc_proto.little(harness_tx(h, 1), DIR_TS));
	p = head(DCE_BIND, 3, 11, false);
	add(&p, "\x16\xd0\x16\xd0\0\0\0\0\1\0\0\0\0\0\1\0" SVCCTL_BE "\0\0\0\2" NDR, 56);
	feed(h, DIR_TS, done(p));
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 2), 0), svcctl_text));
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 2), 0), "\"version\":\"2.0\""));
	harness_delete(h);
}

static void gap(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct pdu p = {{0}, 0}, next = call(DCE_REQUEST, 3, 3, "found");

	feed(h, DIR_TS, call(DCE_REQUEST, DCE_FIRST, 2, "lost"));
	assert_true(harness_gap(h, DIR_TS, 1000));
	add(&p, "rest of it \5 ", 13);
	add(&p, next.bytes, next.len);
	feed(h, DIR_TS, p);
	assert_int_equal(harness_live(h), 2);
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], DCERPC_COMPLETE);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "REQUEST_LOST"));
	assert_true(has_stub(h, 1, DIR_TS, "found"));
	harness_delete(h);
}

/* Binds without end meet a limit, and the flow goes on. */
static void many_interfaces(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct pdu p = head(DCE_BIND, 3, 1, true);
	static uint8_t bytes[16 + 12 + 255 * 24];
	size_t len = sizeof(bytes);

	memcpy(bytes, p.bytes, 16);
	bytes[8] = (uint8_t)len;
	bytes[9] = (uint8_t)(len >> 8);
	bytes[16 + 8] = 255;
	assert_true(harness_feed(h, DIR_TS, bytes, len));
	assert_int_equal(harness_live(h), 1);
	/* A count that the bytes do not hold. */
	bytes[8] = 16 + 12 + 24;
	bytes[9] = 0;
	assert_false(harness_feed(h, DIR_TS, bytes, 16 + 12 + 24));
	harness_delete(h);
}

static void datagrams(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_UDP, 135);
	uint8_t d[80 + 4] = {4, DCE_REQUEST, 0x04 /* fragment */, 0, 0x10};

	d[24 + 16] = 0xaa; /* activity */
	d[64] = 3;	   /* sequence number */
	d[74] = 4;	   /* fragment length */
	memcpy(d + 80, "abcd", 4);
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(d, sizeof(d))), APP_PROBE_YES);
	assert_true(harness_feed(h, DIR_TS, d, sizeof(d)));
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], 0);
	d[2] = 0x06; /* the last one */
	assert_true(harness_feed(h, DIR_TS, d, sizeof(d)));
	assert_true(has_stub(h, 0, DIR_TS, "abcdabcd"));
	assert_int_equal(harness_tx(h, 0)->progress[DIR_TS], DCERPC_COMPLETE);
	d[1] = DCE_RESPONSE;
	d[2] = 0;
	assert_true(harness_feed(h, DIR_TC, d, sizeof(d)));
	assert_int_equal(harness_live(h), 1);
	assert_non_null(strstr(harness_eve(h, harness_tx(h, 0), 0), "\"seqnum\":3"));
	d[74] = 5;
	assert_false(harness_feed(h, DIR_TS, d, sizeof(d)));
	harness_delete(h);
}

static void damage(void **state)
{
	struct pdu parts[] = {bind(DCE_BIND, 1, 0), ack(DCE_BINDACK, 1, 0),
			      call(DCE_REQUEST, 3, 2, "question")};

	for (unsigned m = 0; m < ARRAY_SIZE(parts); m++) {
		for (size_t n = 0; n < parts[m].len; n++) {
			struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
			struct pdu p = parts[m];

			p.bytes[n] ^= 0xff;
			harness_feed(h, m == 1 ? DIR_TC : DIR_TS, p.bytes, p.len);
			harness_touch(h);
			harness_delete(h);
		}
	}
}

static void identification(void **state)
{
	struct harness *h = harness_new(&dcerpc_proto, APP_TCP, 135);
	struct pdu p = bind(DCE_BIND, 1, 0);

	assert_int_equal(harness_identify(h, DIR_TS, SLICE(p.bytes, p.len)), APP_PROBE_YES);
	assert_int_equal(harness_identify(h, DIR_TC, SLICE(p.bytes, p.len)), APP_PROBE_YES);
	p.bytes[4] = 0x02;
	assert_int_equal(harness_identify(h, DIR_TS, SLICE(p.bytes, p.len)), APP_PROBE_NO);
	assert_false(harness_feed(h, DIR_TS, "\5\2\0\0\x10\0\0\0\x18\0\0\0\0\0\0\0", 16));
	harness_delete(h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exchange),
		cmocka_unit_test(iface_arguments),
		cmocka_unit_test(refused_and_other_context),
		cmocka_unit_test(fragments),
		cmocka_unit_test(at_every_cut),
		cmocka_unit_test(big_endian),
		cmocka_unit_test(gap),
		cmocka_unit_test(many_interfaces),
		cmocka_unit_test(datagrams),
		cmocka_unit_test(damage),
		cmocka_unit_test(identification),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
