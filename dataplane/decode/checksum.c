#include "dataplane/decode/checksum.h"

#include <string.h>

/* Sum of big or little endian 16-bit words alike (RFC 1071 section 2 B), not yet folded to 16. */
static uint64_t sum(const uint8_t *data, size_t len)
{
	uint64_t total = 0;
	uint32_t word;

	for (; len >= 4; len -= 4, data += 4) {
		memcpy(&word, data, 4);
		total += word;
	}
	if (len) {
		word = 0;
		memcpy(&word, data, len);
		total += word;
	}
	return total;
}

static bool is_all_ones(uint64_t total)
{
	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffffffff) + (total >> 32);
	total = (total & 0xffff) + (total >> 16);
	total = (total & 0xffff) + (total >> 16);
	return total == 0xffff;
}

/* Addresses, protocol and length (RFC 9293 section 3.1, RFC 8200 section 8.1). */
static uint64_t pseudo_header(const struct packet *p)
{
	uint8_t tail[4] = {0, p->ip_proto, (uint8_t)(p->l4_len >> 8), (uint8_t)p->l4_len};
	size_t from = p->ip_version == 4 ? 12 : 0;

	return sum(p->src.bytes + from, 16 - from) + sum(p->dst.bytes + from, 16 - from) +
	       sum(tail, sizeof(tail));
}

bool checksum_ip_good(const struct packet *p)
{
	return p->ip_version != 4 || is_all_ones(sum(p->ip, p->ip_header_len));
}

bool checksum_l4_good(const struct packet *p)
{
	if (!p->l4)
		return true;
	switch (p->ip_proto) {
	case IP_PROTO_UDP:
		if (p->ip_version == 4 && p->l4[6] == 0 && p->l4[7] == 0)
			return true;
		break;
	case IP_PROTO_ICMP:
		return is_all_ones(sum(p->l4, p->l4_len));
	case IP_PROTO_TCP:
		break;
	case IP_PROTO_ICMPV6:
		if (p->ip_version == 4)
			return true;
		break;
	default:
		return true;
	}
	return is_all_ones(pseudo_header(p) + sum(p->l4, p->l4_len));
}

bool checksums_good(const struct packet *p)
{
	if (!(p->flags & PACKET_REASSEMBLED) && !checksum_ip_good(p))
		return false;
	return checksum_l4_good(p);
}
