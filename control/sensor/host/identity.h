/* What a record says about hosts (E3): names, users, operating systems, roles, leases. Pure: one
 * record in, facts out; who keeps them with their age is the receiver (control/mitigator/host).
 * A fact is about the end of the record that said it, by its MAC and address at that time, so that
 * it stays with the machine when the address goes to another. Text comes from traffic. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

#include "control/wire/message.h"

enum {
	IDENTITY_FACTS = 16, /* of one record; more are left out */
	IDENTITY_VALUE = 64, /* bytes of a value with its NUL; longer ones are cut */
};

/* One end of a record. MAC zero: not known, or a router's. */
struct identity_end {
	struct ip_addr ip;
	struct mac_addr mac;
	bool inside;
};

struct identity_record {
	const char *type;	      /* EVE's event_type */
	const json_t *line;	      /* the whole EVE line */
	struct identity_end src, dst; /* who opened the exchange; for a datagram who sent it */
	uint64_t time;
};

struct identity_fact {
	struct identity_end about;
	enum host_fact_kind kind;
	char value[IDENTITY_VALUE];
	const char *source; /* static: "dhcp", "ntlm", "kerberos", "mdns", ... */
	enum confidence confidence;
};

/* Whether records of that type can say anything: others need not be parsed. */
bool identity_wants(const char *type);
/* Facts about inside hosts; how many. */
unsigned identity_read(const struct identity_record *r, struct identity_fact ret[IDENTITY_FACTS]);
