/* Fragments that overlap, come in any order, too late, too many and too large. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/limits.h"
#include "dataplane/decode/harness.h"

enum { SECRET = 253 }; /* an IP protocol without a header of its own */

#define WHOLE6 "6:253 whole !ipv6.unknown_next_header | 6:44 fragment"

/* One fragment: letter, first block, number of blocks of eight bytes; the last one's letter is
 * upper case. "a0-3 C3-1" is 24 bytes of 'a', then eight of 'c' that end the datagram. */
static const char *feed_piece(struct harness *h, int version, uint32_t id, const char *piece)
{
	uint8_t frame[65536], *data;
	char letter = piece[0];
	bool more = letter >= 'a';
	char *end;
	unsigned long first = strtoul(piece + 1, &end, 10);
	unsigned long blocks = strtoul(end + 1, NULL, 10);
	uint16_t len = (uint16_t)(blocks * 8);

	if (version == 4) {
		uint16_t total = (uint16_t)(20 + len), field = (uint16_t)(first | more << 13);
		const uint8_t head[20] = {0x45,
					  0,
					  (uint8_t)(total >> 8),
					  (uint8_t)total,
					  (uint8_t)(id >> 8),
					  (uint8_t)id,
					  (uint8_t)(field >> 8),
					  (uint8_t)field,
					  64,
					  SECRET,
					  0,
					  0,
					  10,
					  0,
					  0,
					  1,
					  10,
					  0,
					  0,
					  2};

		memcpy(frame, head, sizeof(head));
		data = frame + sizeof(head);
	} else {
		uint16_t payload = (uint16_t)(8 + len), field = (uint16_t)(first << 3 | more);
		const uint8_t head[48] = {0x60,
					  0,
					  0,
					  0,
					  (uint8_t)(payload >> 8),
					  (uint8_t)payload,
					  44,
					  64,
					  [8] = 0x20,
					  1,
					  [23] = 1,
					  0x20,
					  1,
					  [39] = 2,
					  SECRET,
					  0,
					  (uint8_t)(field >> 8),
					  (uint8_t)field,
					  (uint8_t)(id >> 24),
					  (uint8_t)(id >> 16),
					  (uint8_t)(id >> 8),
					  (uint8_t)id};

		memcpy(frame, head, sizeof(head));
		data = frame + sizeof(head);
	}
	memset(data, letter | 0x20, len);
	return harness_frame(h, LINK_RAW, frame, (size_t)(data - frame) + len);
}

struct seen {
	char blocks[512]; /* the first byte of each block of the datagram, "" without one */
};

static void keep_whole(void *ctx, struct packet *p)
{
	struct seen *seen = ctx;

	if (!(p->flags & PACKET_REASSEMBLED))
		return;
	assert_int_equal(p->ip_total_len, p->frame_len);
	for (uint32_t i = 0; i < p->l4_len / 8 && i < sizeof(seen->blocks) - 1; i++)
		seen->blocks[i] = (char)p->l4[i * 8];
}

/* As feed_piece, but gives the datagram. */
static void feed(struct harness *h, int version, uint32_t id, const char *pieces, struct seen *seen)
{
	const struct decode_sink sink = {keep_whole, seen};
	const char *piece = pieces;

	memset(seen, 0, sizeof(*seen));
	while (*piece) {
		struct packet p;

		feed_piece(h, version, id + 10000, piece); /* a twin that must not mix with it */
		p = h->last;
		p.flags = 0;
		/* the twin's frame is still in the guard: only its id changes */
		if (version == 4) {
			uint8_t *frame = (uint8_t *)p.frame;

			frame[4] = (uint8_t)(id >> 8);
			frame[5] = (uint8_t)id;
		} else {
			uint8_t *frame = (uint8_t *)p.frame;

			frame[46] = (uint8_t)(id >> 8);
			frame[47] = (uint8_t)id;
		}
		decode_frame(h->decoder, &p, &sink);
		while (*piece && *piece != ' ')
			piece++;
		while (*piece == ' ')
			piece++;
	}
}

struct order_case {
	const char *name, *pieces, *expected;
};

static const struct order_case order_cases[] = {
	{"in order", "a0-2 b2-1 C3-2", "aabcc"},
	{"reversed", "C3-2 b2-1 a0-2", "aabcc"},
	{"last first", "C3-1 a0-2 b2-1", "aabc"},
	{"hole", "a0-2 C3-1", ""},
	{"no last", "a0-2 b2-1", ""},
	{"no first", "b2-1 C3-1", ""},
	{"exact double", "a0-2 a0-2 b2-1 C3-1", "aabc"},
	{"one block each", "a0-1 b1-1 c2-1 d3-1 e4-1 F5-1", "abcdef"},
	{"data behind the last", "d5-2 a0-2 B2-1", ""},
};

static void any_order(void **state)
{
	struct harness h;
	struct seen seen;
	uint32_t id = 0;

	harness_init(&h, &decode_config_default);
	for (int version = 4; version <= 6; version += 2) {
		for (size_t i = 0; i < ARRAY_SIZE(order_cases); i++) {
			feed(&h, version, ++id, order_cases[i].pieces, &seen);
			if (strcmp(seen.blocks, order_cases[i].expected) != 0)
				fail_msg("IPv%d %s: %s", version, order_cases[i].name, seen.blocks);
		}
	}
	harness_done(&h);
}

/* Novak, Target-Based Fragmentation Reassembly (Sourcefire, 2005): six fragments that every system
 * puts together in its own way. */
#define NOVAK "a0-3 b4-2 c6-3 d1-4 e6-3 F9-3"

static const struct {
	const char *name;
	enum defrag_policy policy;
	const char *pieces, *expected;
} overlap_cases[] = {
	{"first", DEFRAG_FIRST, NOVAK, "aaadbbcccfff"},
	{"last", DEFRAG_LAST, NOVAK, "addddbeeefff"},
	{"BSD", DEFRAG_BSD, NOVAK, "aaaddbcccfff"},
	{"BSD right", DEFRAG_BSD_RIGHT, NOVAK, "adddbbeeefff"},
	{"Linux", DEFRAG_LINUX, NOVAK, "aaaddbeeefff"},
	{"Windows", DEFRAG_WINDOWS, NOVAK, "aaadbbcccfff"},
	{"Solaris", DEFRAG_SOLARIS, NOVAK, "aaadbbcccfff"},
	{"Windows, covered on both sides", DEFRAG_WINDOWS, "b1-1 a0-3 C3-1", "aaac"},
	{"BSD, inside", DEFRAG_BSD, "a0-3 b1-1 C3-1", "aaac"},
	{"first, inside", DEFRAG_FIRST, "a0-3 b1-1 C3-1", "aaac"},
	{"last, same place", DEFRAG_LAST, "a0-2 b0-2 C2-1", "bbc"},
	{"Linux, same place", DEFRAG_LINUX, "a0-2 b0-2 C2-1", "bbc"},
	{"BSD, same place", DEFRAG_BSD, "a0-2 b0-2 C2-1", "aac"},
};

static void overlaps_by_policy(void **state)
{
	unsigned wrong = 0;

	for (size_t i = 0; i < ARRAY_SIZE(overlap_cases); i++) {
		for (int version = 4; version <= 6; version += 2) {
			struct decode_config config = decode_config_default;
			struct harness h;
			struct seen seen;

			config.defrag_ipv4 = config.defrag_ipv6 = overlap_cases[i].policy;
			harness_init(&h, &config);
			feed(&h, version, 7, overlap_cases[i].pieces, &seen);
			if (strcmp(seen.blocks, overlap_cases[i].expected) != 0) {
				wrong++;
				print_error("%s, IPv%d: %s instead of %s\n", overlap_cases[i].name,
					    version, seen.blocks, overlap_cases[i].expected);
			}
			harness_done(&h);
		}
	}
	assert_int_equal(wrong, 0);
}

static void policy_by_receiver(void **state)
{
	static const uint8_t ten[4] = {10, 0, 0, 0}, host[4] = {10, 0, 0, 2};
	struct decode_host_policy hosts[2] = {
		{ip_addr_v4(host), 128, DEFRAG_LAST},
		{ip_addr_v4(ten), 96 + 8, DEFRAG_FIRST},
	};
	struct decode_config config = decode_config_default;
	struct harness h;
	struct seen seen;

	config.hosts = hosts;
	config.host_count = 2;
	harness_init(&h, &config);
	feed(&h, 4, 1, NOVAK, &seen);
	assert_string_equal(seen.blocks, "addddbeeefff");
	harness_done(&h);
}

static void overlap_is_an_event(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	assert_string_equal(feed_piece(&h, 4, 1, "a0-2"), "4:253 fragment");
	assert_string_equal(feed_piece(&h, 4, 1, "b1-2"), "4:253 fragment !ipv4.frag_overlap");
	assert_string_equal(feed_piece(&h, 4, 1, "C3-1"), "4:253 whole | 4:253 fragment");
	assert_true(h.last.flags & PACKET_NO_PAYLOAD);
	feed_piece(&h, 6, 1, "a0-2");
	assert_string_equal(feed_piece(&h, 6, 1, "b1-2"), "6:44 fragment !ipv6.frag_overlap");
	harness_done(&h);
}

static void oversized_is_an_event(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	assert_string_equal(feed_piece(&h, 4, 1, "a8189-1"),
			    "4:253 fragment !ipv4.frag_pkt_too_large");
	assert_string_equal(feed_piece(&h, 6, 1, "a8191-1"),
			    "6:44 fragment !ipv6.frag_pkt_too_large");
	harness_done(&h);
}

static void largest_datagram(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	feed_piece(&h, 4, 1, "a0-4000");
	feed_piece(&h, 4, 1, "b4000-4000");
	assert_string_equal(feed_piece(&h, 4, 1, "C8000-189"), "4:253 whole | 4:253 fragment");
	assert_int_equal(h.last.frame_len, 20 + 189 * 8);
	harness_done(&h);
}

static void fragments_time_out(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	feed_piece(&h, 4, 1, "a0-1");
	h.now_ns += LIMIT_DEFRAG_SECONDS * NS_PER_SEC;
	assert_string_equal(feed_piece(&h, 4, 1, "B1-1"), "4:253 fragment");
	assert_string_equal(feed_piece(&h, 4, 1, "a0-1"), "4:253 whole | 4:253 fragment");
	feed_piece(&h, 4, 2, "a0-1");
	h.now_ns += (LIMIT_DEFRAG_SECONDS - 1) * NS_PER_SEC;
	feed_piece(&h, 4, 2, "a1-1"); /* keeps it alive */
	h.now_ns += (LIMIT_DEFRAG_SECONDS - 1) * NS_PER_SEC;
	assert_string_equal(feed_piece(&h, 4, 2, "B2-1"), "4:253 whole | 4:253 fragment");
	feed_piece(&h, 4, 3, "a0-1");
	assert_int_not_equal(slab_used(h.slab), 0);
	decode_tick(h.decoder, h.now_ns + LIMIT_DEFRAG_SECONDS * NS_PER_SEC - 1);
	assert_int_not_equal(slab_used(h.slab), 0);
	decode_tick(h.decoder, h.now_ns + LIMIT_DEFRAG_SECONDS * NS_PER_SEC);
	assert_int_equal(slab_used(h.slab), 0);
	harness_done(&h);
}

static uint64_t counted(const struct harness *h, const char *name)
{
	struct counter_set set = decode_defrag_counters(h->decoder);

	for (unsigned i = 0; i < set.count; i++) {
		if (strcmp(set.names[i].name, name) == 0)
			return set.values[i];
	}
	fail_msg("no counter %s", name);
	return 0;
}

static void the_oldest_datagram_goes(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	for (uint32_t id = 0; id <= LIMIT_DEFRAG_TRACKERS; id++)
		feed_piece(&h, 6, id, "a0-1");
	assert_int_equal(counted(&h, "evicted"), 1);
	assert_string_equal(feed_piece(&h, 6, 1, "B1-1"), WHOLE6);
	assert_string_equal(feed_piece(&h, 6, 0, "B1-1"), "6:44 fragment");
	harness_done(&h);
}

static void memory_is_capped(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	for (uint32_t id = 0; id < 2000; id++)
		feed_piece(&h, 6, id, "a0-4000");
	assert_true(slab_used(h.slab) < LIMIT_DEFRAG_MEMORY * 3 / 2);
	assert_int_not_equal(counted(&h, "fragments"), 0);
	assert_string_equal(feed_piece(&h, 6, 1999, "B4000-1"), WHOLE6);
	harness_done(&h);
}

static void a_datagram_has_so_many_fragments(void **state)
{
	struct harness h;
	char piece[32];

	harness_init(&h, &decode_config_default);
	for (unsigned i = 0; i < LIMIT_DEFRAG_PER_DATAGRAM; i++) {
		snprintf(piece, sizeof(piece), "a%u-1", i);
		assert_string_equal(feed_piece(&h, 4, 1, piece), "4:253 fragment");
	}
	assert_string_equal(feed_piece(&h, 4, 1, "A4096-1"), "4:253 fragment !ipv4.frag_ignored");
	assert_int_equal(slab_used(h.slab), 0);
	harness_done(&h);
}

static void no_memory_is_an_event(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	decoder_delete(h.decoder);
	slab_delete(h.slab);
	h.slab = slab_new(1024);
	h.decoder = decoder_new(&decode_config_default, h.slab);
	assert_string_equal(feed_piece(&h, 4, 1, "a0-200"), "4:253 fragment !ipv4.frag_ignored");
	assert_int_equal(slab_used(h.slab), 0);
	assert_int_equal(counted(&h, "memory"), 1);
	harness_done(&h);
}

/* The unfragmentable part stays, and the header before the fragment header names what follows. */
static void ipv6_extensions_stay(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	harness_hex(&h, LINK_RAW,
		    IP6("0018", "00") "2c00 0502 0000 0000 1100 0001 00000009" UDP("000b"));
	assert_string_equal(harness_hex(&h, LINK_RAW,
					IP6("0013", "00") "2c00 0502 0000 0000 "
							  "1100 0008 00000009 616263"),
			    "6:17 1>2 +3 whole | 6:44 fragment");
	harness_done(&h);
}

/* The whole packet's IPv4 checksum is right when the first fragment's was. */
static void ipv4_checksum_is_mended(void **state)
{
	struct decode_config config = decode_config_default;
	struct harness h;

	config.checksums = true;
	harness_init(&h, &config);
	harness_hex(&h, LINK_RAW, "4500 001c 0001 2000 4011 46ce 0a000001 0a000002" UDP("000b"));
	assert_false(h.last.flags & PACKET_BAD_CHECKSUM);
	assert_string_equal(harness_hex(&h, LINK_RAW,
					"4500 0017 0001 0001 4011 66d2 0a000001"
					"0a000002 616263"),
			    "4:17 1>2 +3 whole | 4:17 fragment");
	assert_false(h.last.flags & PACKET_BAD_CHECKSUM);
	harness_done(&h);
}

static void vlans_and_protocols_are_apart(void **state)
{
	struct harness h;

	harness_init(&h, &decode_config_default);
	harness_hex(&h, LINK_ETHERNET,
		    ETH("8100") "0001 0800"
				"4500 001c 0001 2000 40fd 0000 0a000001 0a000002 0000000000000000");
	assert_string_equal(harness_hex(&h, LINK_ETHERNET,
					ETH("8100") "0002 0800"
						    "4500 001c 0001 0001 40fd 0000 0a000001 "
						    "0a000002 0000000000000000"),
			    "4:253 fragment vlan2");
	assert_string_equal(harness_hex(&h, LINK_ETHERNET,
					ETH("8100") "0001 0800"
						    "4500 001c 0001 0001 40fc 0000 0a000001 "
						    "0a000002 0000000000000000"),
			    "4:252 fragment vlan1");
	assert_string_equal(harness_hex(&h, LINK_ETHERNET,
					ETH("8100") "0001 0800"
						    "4500 001c 0001 0001 40fd 0000 0a000001 "
						    "0a000002 0000000000000000"),
			    "4:253 whole vlan1 | 4:253 fragment vlan1");
	harness_done(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(any_order),
		cmocka_unit_test(overlaps_by_policy),
		cmocka_unit_test(policy_by_receiver),
		cmocka_unit_test(overlap_is_an_event),
		cmocka_unit_test(oversized_is_an_event),
		cmocka_unit_test(largest_datagram),
		cmocka_unit_test(fragments_time_out),
		cmocka_unit_test(the_oldest_datagram_goes),
		cmocka_unit_test(memory_is_capped),
		cmocka_unit_test(a_datagram_has_so_many_fragments),
		cmocka_unit_test(no_memory_is_an_event),
		cmocka_unit_test(ipv6_extensions_stay),
		cmocka_unit_test(ipv4_checksum_is_mended),
		cmocka_unit_test(vlans_and_protocols_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
