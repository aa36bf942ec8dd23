#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "dataplane/respond/reset.h"

static const struct mac_addr own = {{2, 0, 0, 0, 0, 9}};

static struct packet segment(void)
{
	static const uint8_t l4[20];
	struct packet p = {
		.has_mac = true,
		.src_mac = {{2, 0, 0, 0, 0, 1}},
		.dst_mac = {{2, 0, 0, 0, 0, 2}},
		.ip_version = 4,
		.ip_proto = IP_PROTO_TCP,
		.sport = 1234,
		.dport = 80,
		.l4 = l4,
		.payload_len = 10,
		.tcp = {.seq = 100, .ack = 500, .flags = TCP_ACK | TCP_PSH},
	};

	ip_addr_parse("10.0.0.1", &p.src);
	ip_addr_parse("10.0.0.2", &p.dst);
	return p;
}

static uint32_t word(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* The ones' complement sum over a correct header with its checksum is 0xffff. */
static unsigned checksum(const uint8_t *bytes, size_t n, uint32_t s)
{
	for (size_t i = 0; i < n; i += 2)
		s += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return s;
}

static void both_sides(void **state)
{
	struct packet p = segment();
	uint8_t frame[RESET_FRAME_MAX];

	assert_int_equal(reset_build(&p, RESET_SENDER, &own, frame), 54);
	assert_memory_equal(frame, p.src_mac.bytes, 6);
	assert_memory_equal(frame + 6, own.bytes, 6);
	assert_memory_equal(frame + 26, p.dst.bytes + 12, 4);
	assert_int_equal(word(frame + 38), 500);
	assert_int_equal(word(frame + 42), 110);
	assert_int_equal(checksum(frame + 14, 20, 0), 0xffff);
	assert_int_equal(checksum(frame + 26, 28, 6 + 20), 0xffff);

	assert_int_equal(reset_build(&p, RESET_RECEIVER, &own, frame), 54);
	assert_memory_equal(frame, p.dst_mac.bytes, 6);
	assert_memory_equal(frame + 26, p.src.bytes + 12, 4);
	assert_int_equal(word(frame + 38), 110);
}

static void tagged_and_ipv6(void **state)
{
	struct packet p = segment();
	uint8_t frame[RESET_FRAME_MAX];

	p.vlan_count = 1;
	p.vlan[0] = 10;
	p.ip_version = 6;
	ip_addr_parse("2001:db8::1", &p.src);
	ip_addr_parse("2001:db8::2", &p.dst);
	assert_int_equal(reset_build(&p, RESET_RECEIVER, &own, frame), 78);
	assert_int_equal(word(frame + 12), 0x8100000aU);
	assert_int_equal(checksum(frame + 26, 52, 6 + 20), 0xffff);
}

static void never_answers_a_reset(void **state)
{
	struct packet p = segment();
	uint8_t frame[RESET_FRAME_MAX];

	p.tcp.flags = TCP_RST;
	assert_int_equal(reset_build(&p, RESET_SENDER, &own, frame), 0);
	p = segment();
	p.has_mac = false;
	assert_int_equal(reset_build(&p, RESET_SENDER, &own, frame), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_sides),
		cmocka_unit_test(tagged_and_ipv6),
		cmocka_unit_test(never_answers_a_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
