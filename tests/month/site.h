/* A made-up site of some thousand hosts over weeks, on a clock of its own: office PCs, laptops that
 * change address, servers, printers, machines; what they do by hours and days, and what is planted.
 * The same seed gives the same traffic. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"

enum { SITE_START = 1767571200 }; /* Monday 2026-01-05 00:00 UTC */

struct site_flow {
	uint64_t start_ns, end_ns;
	struct ip_addr client, server;
	struct mac_addr client_mac, server_mac;
	uint16_t sport, dport;
	uint8_t proto;
	bool refused, silent; /* answered by a reset; not at all */
	uint64_t up, down;
	const char *app; /* "tls", "" ... */
	const char *sni; /* NULL: no name is shown */
};

struct site_question {
	uint64_t time_ns;
	struct ip_addr client;
	struct mac_addr client_mac;
	const char *name, *type;
	const struct ip_addr *answer; /* NULL: a text of 40 bytes for TXT, else none */
};

struct site_file {
	uint64_t time_ns;
	struct ip_addr client, server;
	const char *name, *host, *head;
	size_t head_len;
};

struct site_sink {
	void (*flow)(void *ctx, const struct site_flow *f);
	void (*question)(void *ctx, const struct site_question *q);
	void (*file)(void *ctx, const struct site_file *f);
	void *ctx;
};

enum site_plant { PLANT_BEACON, PLANT_SCAN, PLANT_TUNNEL, PLANT_CHAIN, PLANT_UPLOAD, PLANTS };

struct site_planted {
	const char *what;
	unsigned host;
	uint64_t first_ns; /* of what it did; 0: not yet */
};

struct site;

struct site *site_new(unsigned hosts, unsigned days, uint64_t seed, const struct site_sink *sink);
void site_free(struct site *s);
/* All that happens in the next hour; false when it is over. */
bool site_hour(struct site *s);
uint64_t site_now_ns(const struct site *s);
const struct site_planted *site_planted(const struct site *s); /* PLANTS of them */
/* Whose address that is; UINT32_MAX: nobody's. */
unsigned site_host_of(const struct site *s, const struct ip_addr *a);
unsigned site_hosts(const struct site *s);
const char *site_kind_text(const struct site *s, unsigned host);
