/* Community ID v1 (corelight/community-id-spec). */
#include "dataplane/api/record.h"

#include <string.h>

#include <mbedtls/base64.h>
#include <mbedtls/sha1.h>

struct icmp_pair {
	uint8_t type, answer;
};

/* Request and answer types that belong together, as the specification (after Zeek) maps them. */
static const struct icmp_pair icmp4_pairs[] = {{8, 0},	 {0, 8},  {13, 14}, {14, 13}, {15, 16},
					       {16, 15}, {10, 9}, {9, 10},  {17, 18}, {18, 17}};
static const struct icmp_pair icmp6_pairs[] = {{128, 129}, {129, 128}, {133, 134}, {134, 133},
					       {135, 136}, {136, 135}, {130, 131}, {131, 130},
					       {144, 145}, {145, 144}};

/* The second "port" of an ICMP message; `*ret_one_way` when the type has no counterpart. */
static uint16_t icmp_counterpart(const struct icmp_pair *pairs, size_t n, uint16_t type,
				 uint16_t code, bool *ret_one_way)
{
	for (size_t i = 0; i < n; i++) {
		if (pairs[i].type == type)
			return pairs[i].answer;
	}
	*ret_one_way = true;
	return code;
}

static bool has_ports(uint8_t proto)
{
	return proto == 1 || proto == 6 || proto == 17 || proto == 58 || proto == 132;
}

static size_t put_addr(uint8_t *to, const struct ip_addr *a)
{
	bool v4 = ip_addr_is_v4(a);

	memcpy(to, v4 ? a->bytes + 12 : a->bytes, v4 ? 4 : 16);
	return v4 ? 4 : 16;
}

void community_id(const struct ip_addr *src, const struct ip_addr *dst, uint16_t sport,
		  uint16_t dport, uint8_t ip_proto, char ret[32])
{
	uint8_t bytes[2 + 16 + 16 + 2 + 4] = {0}, digest[20];
	bool one_way = false, swap;
	size_t n = 2, text_len;
	int order;

	if (ip_proto == 1)
		dport = icmp_counterpart(icmp4_pairs, ARRAY_SIZE(icmp4_pairs), sport, dport,
					 &one_way);
	else if (ip_proto == 58)
		dport = icmp_counterpart(icmp6_pairs, ARRAY_SIZE(icmp6_pairs), sport, dport,
					 &one_way);
	order = ip_addr_cmp(src, dst);
	swap = !one_way && (order > 0 || (order == 0 && sport > dport));
	n += put_addr(bytes + n, swap ? dst : src);
	n += put_addr(bytes + n, swap ? src : dst);
	bytes[n++] = ip_proto;
	bytes[n++] = 0;
	if (has_ports(ip_proto)) {
		uint16_t first = swap ? dport : sport, second = swap ? sport : dport;

		bytes[n++] = (uint8_t)(first >> 8);
		bytes[n++] = (uint8_t)first;
		bytes[n++] = (uint8_t)(second >> 8);
		bytes[n++] = (uint8_t)second;
	}
	mbedtls_sha1_ret(bytes, n, digest);
	ret[0] = '1';
	ret[1] = ':';
	mbedtls_base64_encode((unsigned char *)ret + 2, 30, &text_len, digest, sizeof(digest));
}
