/* Behaviour: detectors that need no pattern file (D2). Plain C on a clock that is passed in; used
 * by a worker (seconds to minutes of memory, and everything offline) and by banken-control (hours).
 * All memory is taken in behave_new. Not thread-safe. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/slice.h"
#include "dataplane/base/traffic.h"

enum behave_moment {
	BEHAVE_TRY,  /* first packet of a connection or exchange */
	BEHAVE_OPEN, /* the other side answered (TCP: handshake complete) */
	BEHAVE_END,  /* gone; counts are final */
};

struct behave_endpoints {
	struct ip_addr client, server;
	uint16_t client_port, server_port;
	uint8_t ip_proto;
	bool handshake; /* completed: the client's address is not forged (Q8) */
	struct mac_addr client_mac;
	uint64_t flow_id;
};

struct behave_connection {
	enum behave_moment moment;
	uint64_t time_ns;
	struct behave_endpoints ends;
	/* of BEHAVE_END */
	uint64_t bytes[2], packets[2]; /* to server, to client */
	uint64_t start_ns;
	uint8_t tcp_flags[2]; /* union of all flags seen, to server and to client */
};

/* A file that went over the network, when its first bytes are known. */
struct behave_file {
	uint64_t time_ns;
	struct behave_endpoints ends;
	bool to_client;	   /* a download */
	struct slice name; /* path or file name, may be empty */
	struct slice type; /* declared content type, may be empty */
	struct slice host; /* name of the server, may be empty */
	struct slice head; /* first bytes */
	uint64_t size;
};

/* A flow whose protocol nobody here knows has got a name from elsewhere: once a flow, mostly within
 * its first packets, at the latest before its BEHAVE_END. Valid during the call; the texts until
 * the worker ends. */
struct behave_traffic {
	uint64_t time_ns;
	struct behave_endpoints ends;
	const struct traffic *traffic; /* name, category, risks */
};

enum behave_severity { /* 1 highest, as in rules */
		       BEHAVE_HIGH = 1,
		       BEHAVE_MEDIUM = 2,
		       BEHAVE_LOW = 3,
};

enum { BEHAVE_REASON = 400 };

struct behave_hit {
	uint32_t id;	       /* of the detector, stable: alert signature_id with gid 2 */
	const char *name;      /* alert signature */
	const char *tactic;    /* ATT&CK "TA0011" */
	const char *technique; /* "T1071.001" */
	const char *category;
	bool known; /* confidence: known, else potential */
	enum behave_severity severity;
	uint64_t time_ns;
	struct behave_endpoints ends;
	char reason_en[BEHAVE_REASON], reason_ja[BEHAVE_REASON]; /* one sentence with its figures */
};

struct behave_sink {
	void (*hit)(void *ctx, const struct behave_hit *hit);
	void *ctx;
};

struct behave_config {
	bool enabled;
	unsigned memory_mb; /* for all tables together */
};

extern const struct behave_config behave_config_default;

struct behave;

struct behave *behave_new(const struct behave_config *config, const struct behave_sink *sink);
void behave_delete(struct behave *b);

void behave_connection(struct behave *b, const struct behave_connection *c);
void behave_file(struct behave *b, const struct behave_file *f);
void behave_traffic(struct behave *b, const struct behave_traffic *t);
/* Some detector looks at records of that EVE type: nobody need make the others. */
bool behave_wants(const struct behave *b, const char *type);
/* A record of a protocol (api/record.h): dns, http, tls, ... */
void behave_record(struct behave *b, struct slice record);
void behave_tick(struct behave *b, uint64_t now_ns);
/* The end of a capture: detectors say what they have. */
void behave_flush(struct behave *b, uint64_t now_ns);

struct counter_set behave_counters(const struct behave *b);
