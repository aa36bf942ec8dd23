/* For decode's tests: frames written as text, and decoded packets summed up as text. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/slab.h"
#include "dataplane/decode/decode.h"
#include "dataplane/decode/events.h"
#include "tests/unit/guard.h"

/* Headers in hexadecimal; lengths and types are four digits, protocols two. */
#define ETH(type)	  "020000000001 020000000002 " type " "
#define IP4(total, proto) "4500 " total " 0001 0000 40 " proto " 0000 0a000001 0a000002 "
#define IP6(payload, next)                                                                         \
	"60000000 " payload " " next " 40 "                                                        \
	"20010db8000000000000000000000001 20010db8000000000000000000000002 "
#define TCP(doff) "0001 0002 00000003 00000004 " doff "0 10 2000 0000 0000 "
#define UDP(len)  "0001 0002 " len " 0000 "

enum { HARNESS_FRAME = 4096 };

struct harness {
	struct slab *slab;
	struct decoder *decoder;
	struct guard guard;
	char text[4096]; /* of the packets since the last frame */
	size_t text_len;
	struct packet last; /* the last packet given to the sink: the outermost */
	uint64_t now_ns, number;
};

static inline size_t harness_bytes(const char *hex, uint8_t *ret, size_t room)
{
	size_t n = 0;

	for (; *hex; hex++) {
		unsigned byte;

		if (*hex == ' ')
			continue;
		if (n == room || !hex[1] || sscanf(hex, "%2x", &byte) != 1)
			abort();
		ret[n++] = (uint8_t)byte;
		hex++;
	}
	return n;
}

static inline void harness_write(struct harness *h, const char *format, uint64_t a, uint64_t b)
{
	h->text_len += (size_t)snprintf(h->text + h->text_len, sizeof(h->text) - h->text_len,
					format, (unsigned long long)a, (unsigned long long)b);
	if (h->text_len >= sizeof(h->text))
		abort();
}

/* "VERSION:PROTOCOL SPORT>DPORT +PAYLOAD flags !event": what is absent is left out, packets are
 * separated by " | ", a packet without network layer begins with "-". */
static inline void harness_packet(void *ctx, struct packet *p)
{
	struct harness *h = ctx;

	if (h->text_len)
		harness_write(h, " | ", 0, 0);
	if (p->ip)
		harness_write(h, "%llu:%llu", p->ip_version, p->ip_proto);
	else
		harness_write(h, "-", 0, 0);
	if (p->sport || p->dport)
		harness_write(h, " %llu>%llu", p->sport, p->dport);
	if (p->payload_len)
		harness_write(h, " +%llu", p->payload_len, 0);
	if (p->flags & PACKET_FRAGMENT)
		harness_write(h, " fragment", 0, 0);
	if (p->flags & PACKET_REASSEMBLED)
		harness_write(h, " whole", 0, 0);
	if (p->flags & PACKET_INVALID)
		harness_write(h, " invalid", 0, 0);
	for (unsigned i = 0; i < p->vlan_count; i++)
		harness_write(h, " vlan%llu", p->vlan[i], 0);
	for (unsigned i = 0; i < p->event_count; i++) {
		h->text_len +=
			(size_t)snprintf(h->text + h->text_len, sizeof(h->text) - h->text_len,
					 " !%s", decode_event_name(p->events[i]));
		if (h->text_len >= sizeof(h->text))
			abort();
	}
	h->last = *p;
}

static inline void harness_init(struct harness *h, const struct decode_config *config)
{
	memset(h, 0, sizeof(*h));
	h->slab = slab_new((size_t)64 << 20);
	h->decoder = decoder_new(config, h->slab);
	h->guard = guard_new((size_t)1 << 17);
	if (!h->slab || !h->decoder)
		abort();
	h->now_ns = 1700000000ULL * 1000000000ULL;
}

static inline void harness_done(struct harness *h)
{
	decoder_delete(h->decoder);
	if (slab_used(h->slab))
		abort(); /* something was not given back */
	slab_delete(h->slab);
	guard_delete(&h->guard);
}

/* Decodes one frame, which ends at an unreadable page; returns the text. */
static inline const char *harness_frame(struct harness *h, uint16_t link, const uint8_t *data,
					size_t len)
{
	const struct decode_sink sink = {harness_packet, h};
	struct packet p;

	memset(&p, 0xa5, sizeof(p)); /* only the rx fields count */
	p.frame = guard_copy(&h->guard, data, len);
	p.frame_len = p.wire_len = (uint32_t)len;
	p.now_ns = h->now_ns;
	p.number = ++h->number;
	p.link_type = link;
	p.port = 0;
	p.origin = NULL;
	p.flags = 0;
	h->text_len = 0;
	h->text[0] = 0;
	decode_frame(h->decoder, &p, &sink);
	return h->text;
}

static inline const char *harness_hex(struct harness *h, uint16_t link, const char *hex)
{
	uint8_t frame[HARNESS_FRAME];

	return harness_frame(h, link, frame, harness_bytes(hex, frame, sizeof(frame)));
}
