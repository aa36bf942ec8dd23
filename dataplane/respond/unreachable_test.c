#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/respond/unreachable.h"

static const struct mac_addr own = {{2, 0, 0, 0, 0, 9}};
static uint8_t bytes[512];

static struct packet datagram(unsigned version, unsigned payload)
{
	unsigned header = version == 4 ? 20 : 40;
	struct packet p = {
		.has_mac = true,
		.src_mac = {{2, 0, 0, 0, 0, 1}},
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.ip_version = (uint8_t)version,
		.ip_proto = IP_PROTO_UDP,
		.ip = bytes,
		.ip_header_len = header,
		.ip_total_len = header + 8 + payload,
		.l4 = bytes + header,
		.sport = 1234,
		.dport = 53,
	};

	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 7 + 1);
	ip_addr_parse(version == 4 ? "10.0.0.1" : "2001:db8::1", &p.src);
	ip_addr_parse(version == 4 ? "10.0.0.2" : "2001:db8::2", &p.dst);
	return p;
}

/* The ones' complement sum over what has a right checksum is 0xffff. */
static unsigned checksum(const uint8_t *at, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i++)
		s += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void version_4(void **state)
{
	for (unsigned payload = 0; payload < 300; payload++) {
		struct packet p = datagram(4, payload);
		unsigned quote =
			28 + payload < UNREACHABLE_QUOTE ? 28 + payload : UNREACHABLE_QUOTE;
		uint8_t frame[UNREACHABLE_FRAME_MAX];

		assert_int_equal(unreachable_build(&p, &own, frame), 14 + 20 + 8 + quote);
		assert_memory_equal(frame, p.src_mac.bytes, 6);
		assert_memory_equal(frame + 6, own.bytes, 6);
		assert_memory_equal(frame + 26, p.dst.bytes + 12, 4);
		assert_memory_equal(frame + 30, p.src.bytes + 12, 4);
		assert_int_equal(frame[34] << 8 | frame[35], 0x0303);
		assert_memory_equal(frame + 42, bytes, quote);
		assert_int_equal(checksum(frame + 14, 20, 0), 0xffff);
		assert_int_equal(checksum(frame + 34, 8 + quote, 0), 0xffff);
	}
}

static void version_6(void **state)
{
	struct packet p = datagram(6, 33);
	uint8_t frame[UNREACHABLE_FRAME_MAX];

	p.vlan_count = 1;
	p.vlan[0] = 10;
	assert_int_equal(unreachable_build(&p, &own, frame), 18 + 40 + 8 + 81);
	assert_int_equal(frame[18 + 6], IP_PROTO_ICMPV6);
	assert_int_equal(frame[58] << 8 | frame[59], 0x0104);
	assert_int_equal(checksum(frame + 26, 32 + 8 + 81, IP_PROTO_ICMPV6 + 8 + 81), 0xffff);
}

static void never_answers(void **state)
{
	uint8_t frame[UNREACHABLE_FRAME_MAX];
	struct packet p = datagram(4, 10);

	ip_addr_parse("224.0.0.251", &p.dst);
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	ip_addr_parse("255.255.255.255", &p.dst);
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	p.dst_mac.bytes[0] = 1; /* a directed broadcast's frame */
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	ip_addr_parse("0.0.0.0", &p.src);
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	p.flags = PACKET_REASSEMBLED;
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	p.more_fragments = true;
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	p.ip_proto = IP_PROTO_ICMP;
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
	p = datagram(4, 10);
	p.outer = &p;
	assert_int_equal(unreachable_build(&p, &own, frame), 0);
}

static void not_too_many(void **state)
{
	uint64_t now = 1000 * NS_PER_SEC;
	struct unreachable_rate r = {0};
	unsigned n = 0;

	/* A flood of a datagram every 10 microseconds for two seconds. */
	for (unsigned i = 0; i < 200000; i++)
		n += unreachable_allows(&r, now + i * 10000ull);
	assert_in_range(n, 2000 / UNREACHABLE_EVERY_MS,
			2000 / UNREACHABLE_EVERY_MS + UNREACHABLE_BURST);
	/* The clock is set back: it goes on. */
	n = 0;
	for (unsigned i = 0; i < 1000; i++)
		n += unreachable_allows(&r, 1000 + i);
	assert_int_equal(n, UNREACHABLE_BURST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_4),
		cmocka_unit_test(version_6),
		cmocka_unit_test(never_answers),
		cmocka_unit_test(not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
