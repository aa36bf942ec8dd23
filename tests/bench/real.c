/* Captures again and again: each repetition has addresses of its own and right checksums, begins
 * when its turn comes and lasts at most a minute. Packets are found by the decoder, so packets
 * inside tunnels are treated like the others; frames without Ethernet get one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slab.h"
#include "dataplane/decode/decode.h"
#include "dataplane/rx/file.h"
#include "tests/bench/trace.h"

enum { ETHERNET = 14, LONGEST_S = 60 };

struct real {
	struct rng *rng;
	struct session *captures; /* as they are in the files, frames as Ethernet */
	unsigned count, next;
	uint32_t repetition;
	struct decoder *decoder;
};

static uint16_t get16(const uint8_t *b)
{
	return (uint16_t)(b[0] << 8 | b[1]);
}

static void put16(uint8_t *b, uint32_t v)
{
	b[0] = (uint8_t)(v >> 8);
	b[1] = (uint8_t)v;
}

static void keep_packet(void *ctx, struct packet *p)
{
	struct packet *kept = ctx;

	if (!p->outer)
		*kept = *p;
}

/* One frame as Ethernet; what is neither Ethernet nor IP is left out. */
static void add_frame(struct session *s, const struct packet *p, uint64_t at_ns)
{
	uint32_t skip = p->ip ? (uint32_t)(p->ip - p->frame) : 0;
	uint8_t *to;

	if (p->link_type == LINK_ETHERNET) {
		to = session_frame(s, at_ns, p->frame_len);
		memcpy(to, p->frame, p->frame_len);
	} else if (p->ip) {
		to = session_frame(s, at_ns, ETHERNET + p->frame_len - skip);
		memcpy(to, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
		put16(to + 12, p->ip_version == 4 ? 0x0800 : 0x86dd);
		memcpy(to + ETHERNET, p->ip, p->frame_len - skip);
	} else {
		return;
	}
	s->frames[s->count - 1].wire_len += p->wire_len - p->frame_len;
}

/* At most a minute long, times in proportion. */
static void shorten(struct session *s)
{
	uint64_t span = s->count ? s->frames[s->count - 1].at_ns : 0;

	if (span <= LONGEST_S * NS_PER_SEC)
		return;
	for (size_t i = 0; i < s->count; i++)
		s->frames[i].at_ns = (uint64_t)((double)s->frames[i].at_ns / (double)span *
						(double)(LONGEST_S * NS_PER_SEC));
}

static bool load(struct real *real, const char *path, struct session *s)
{
	struct packet p, kept;
	const struct decode_sink sink = {keep_packet, &kept};
	struct rx_file *f;
	struct errmsg e;
	uint64_t first = 0;

	if (rx_file_open(path, &f, &e)) {
		fprintf(stderr, "left out: %s\n", e.text);
		return false;
	}
	while (rx_file_next(f, &p)) {
		if (first == 0)
			first = p.now_ns;
		decode_frame(real->decoder, &p, &sink);
		add_frame(s, &kept, p.now_ns > first ? p.now_ns - first : 0);
	}
	rx_file_close(f);
	session_sort(s);
	shorten(s);
	return s->count > 0;
}

/* Networks keep their character: private, link-local and multicast stay what they are. */
static void own_ipv4(uint8_t *a, uint32_t key)
{
	uint32_t mask = 0x00ffff00, v = (uint32_t)get16(a) << 16 | get16(a + 2);

	if (a[0] == 0 || a[0] == 127 || a[0] >= 224)
		return;
	if (a[0] == 169 && a[1] == 254)
		mask = 0x0000ff00;
	else if (a[0] == 192 && a[1] == 168)
		mask = 0x0000ff00;
	else if (a[0] == 172 && a[1] >> 4 == 1)
		mask = 0x000fff00;
	v ^= key & mask;
	put16(a, v >> 16);
	put16(a + 2, v);
}

static void own_ipv6(uint8_t *a, uint32_t key)
{
	static const uint8_t none[15];

	if (a[0] == 0xff || memcmp(a, none, sizeof(none)) == 0)
		return;
	put16(a + 10, get16(a + 10) ^ key);
	put16(a + 12, get16(a + 12) ^ key >> 16);
}

/* By how much the sum of the addresses changed, for checksums that cannot be made anew. */
static void adjust(uint8_t *field, uint64_t before, uint64_t after)
{
	uint64_t sum = (uint16_t)~get16(field);

	sum += (uint16_t)checksum_fold(before) + after;
	put16(field, checksum_fold(sum));
}

/* Where layer 4 keeps its checksum, or NULL when it has none or was sent without. */
static uint8_t *l4_checksum(const struct packet *p, uint8_t *l4, size_t len)
{
	size_t at = p->ip_proto == IP_PROTO_TCP ? 16 : p->ip_proto == IP_PROTO_UDP ? 6 : 2;

	if (p->ip_proto != IP_PROTO_TCP && p->ip_proto != IP_PROTO_UDP &&
	    p->ip_proto != IP_PROTO_ICMP && p->ip_proto != IP_PROTO_ICMPV6)
		return NULL;
	if (len < at + 2 || (p->ip_proto == IP_PROTO_UDP && get16(l4 + at) == 0))
		return NULL;
	return l4 + at;
}

static uint64_t pseudo_header(const struct packet *p, const uint8_t *ip)
{
	uint64_t sum = p->ip_version == 4 ? checksum_sum(ip + 12, 8) : checksum_sum(ip + 8, 32);

	return sum + p->ip_proto + p->l4_len;
}

/* The first fragment of a datagram: its checksum covers all of it, only the change is known. */
static void first_fragment(const struct packet *p, uint8_t *ip, uint64_t before, uint64_t after)
{
	uint8_t *l4 = ip + p->ip_header_len, *field;

	if (p->frag_offset != 0 || p->ip_version != 4 || p->ip_total_len <= p->ip_header_len)
		return;
	field = l4_checksum(p, l4, p->ip_total_len - p->ip_header_len);
	if (field && p->ip_proto != IP_PROTO_ICMP)
		adjust(field, before, after);
}

static void own_addresses(void *ctx, struct packet *p)
{
	uint32_t key = *(const uint32_t *)ctx;
	uint8_t *ip = (uint8_t *)p->ip, *l4 = (uint8_t *)p->l4, *field;
	uint64_t before, after;

	if (!ip || p->flags & PACKET_REASSEMBLED)
		return;
	before = p->ip_version == 4 ? checksum_sum(ip + 12, 8) : checksum_sum(ip + 8, 32);
	if (p->ip_version == 4) {
		own_ipv4(ip + 12, key);
		own_ipv4(ip + 16, key);
		put16(ip + 10, 0);
		put16(ip + 10, checksum_fold(checksum_sum(ip, p->ip_header_len)));
	} else {
		own_ipv6(ip + 8, key);
		own_ipv6(ip + 24, key);
	}
	after = p->ip_version == 4 ? checksum_sum(ip + 12, 8) : checksum_sum(ip + 8, 32);
	if (p->flags & PACKET_FRAGMENT)
		first_fragment(p, ip, before, after);
	field = l4 ? l4_checksum(p, l4, p->l4_len) : NULL;
	if (!field)
		return;
	put16(field, 0);
	put16(field, checksum_fold(checksum_sum(l4, p->l4_len) +
				   (p->ip_proto == IP_PROTO_ICMP ? 0 : pseudo_header(p, ip))));
}

static bool real_next(void *ctx, struct session *s)
{
	struct real *real = ctx;
	const struct session *from = &real->captures[real->next];
	uint32_t key = real->repetition * 0x9e3779b1u;
	const struct decode_sink sink = {own_addresses, &key};

	for (size_t i = 0; i < from->count; i++) {
		const struct session_frame *f = &from->frames[i];
		uint8_t *to = session_frame(s, f->at_ns, f->len);
		struct packet p = {.frame = to,
				   .frame_len = f->len,
				   .wire_len = f->len,
				   .link_type = LINK_ETHERNET};

		s->frames[s->count - 1].wire_len = f->wire_len;
		memcpy(to, from->bytes + f->offset, f->len);
		decode_frame(real->decoder, &p, &sink);
	}
	if (++real->next == real->count) {
		real->next = 0;
		real->repetition++;
	}
	return true;
}

struct generator real_generator(struct rng *r, char **captures, unsigned count)
{
	struct real *real = calloc(1, sizeof(*real));

	if (!real || !(real->captures = calloc(count + 1, sizeof(*real->captures))))
		exit(2);
	real->rng = r;
	real->decoder = decoder_new(&decode_config_default, slab_new((size_t)256 << 20));
	for (unsigned i = 0; i < count; i++) {
		if (load(real, captures[i], &real->captures[real->count]))
			real->count++;
	}
	for (unsigned i = real->count; i > 1; i--) { /* in any order, but always the same */
		unsigned j = rng_below(r, i);
		struct session swap = real->captures[i - 1];

		real->captures[i - 1] = real->captures[j];
		real->captures[j] = swap;
	}
	if (real->count == 0) {
		fprintf(stderr, "no capture to make a trace from; give some\n");
		exit(2);
	}
	return (struct generator){real_next, real};
}
