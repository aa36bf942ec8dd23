/* Writing frames: fields in network order, checksums (RFC 1071), the link header of an answer.
 * Private to respond/. */
#pragma once

#include <string.h>

#include "dataplane/base/packet.h"

enum { FRAME_TTL = 64, ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd, ETHER_VLAN = 0x8100 };

static inline uint8_t *frame_put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static inline uint8_t *frame_put32(uint8_t *at, uint32_t value)
{
	return frame_put16(frame_put16(at, value >> 16), value & 0xffff);
}

static inline uint8_t *frame_put_bytes(uint8_t *at, const void *bytes, size_t n)
{
	memcpy(at, bytes, n);
	return at + n;
}

static inline uint32_t frame_sum(const uint8_t *bytes, size_t n, uint32_t s)
{
	for (size_t i = 0; i + 1 < n; i += 2)
		s += (uint32_t)bytes[i] << 8 | bytes[i + 1];
	return s;
}

static inline uint16_t frame_fold(uint32_t s)
{
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)~s;
}

/* To one MAC, from our own, with the packet's VLANs. */
static inline uint8_t *frame_put_link(uint8_t *at, const struct packet *p,
				      const struct mac_addr *to, const struct mac_addr *own)
{
	at = frame_put_bytes(at, to->bytes, 6);
	at = frame_put_bytes(at, own->bytes, 6);
	for (unsigned i = 0; i < p->vlan_count; i++) {
		at = frame_put16(at, ETHER_VLAN);
		at = frame_put16(at, p->vlan[i]);
	}
	return frame_put16(at, p->ip_version == 4 ? ETHER_IPV4 : ETHER_IPV6);
}

/* An IP header without options; `len` bytes follow it. */
static inline uint8_t *frame_put_ip(uint8_t *at, const struct packet *p, uint8_t proto,
				    unsigned len, const struct ip_addr *from,
				    const struct ip_addr *to)
{
	uint8_t *ip = at;

	if (p->ip_version == 6) {
		at = frame_put32(at, 6U << 28);
		at = frame_put16(at, len);
		*at++ = proto;
		*at++ = FRAME_TTL;
		at = frame_put_bytes(at, from->bytes, 16);
		return frame_put_bytes(at, to->bytes, 16);
	}
	at = frame_put16(at, 0x4500);
	at = frame_put16(at, 20 + len);
	at = frame_put32(at, 0x00004000); /* id 0, don't fragment */
	*at++ = FRAME_TTL;
	*at++ = proto;
	at = frame_put16(at, 0);
	at = frame_put_bytes(at, from->bytes + 12, 4);
	at = frame_put_bytes(at, to->bytes + 12, 4);
	frame_put16(ip + 10, frame_fold(frame_sum(ip, 20, 0)));
	return at;
}

/* Of TCP and ICMPv6, to be added to the sum over what is carried. */
static inline uint32_t frame_pseudo_sum(const struct packet *p, uint8_t proto, unsigned len,
					const struct ip_addr *from, const struct ip_addr *to)
{
	size_t skip = p->ip_version == 4 ? 12 : 0;

	return frame_sum(from->bytes + skip, 16 - skip,
			 frame_sum(to->bytes + skip, 16 - skip, proto + len));
}
