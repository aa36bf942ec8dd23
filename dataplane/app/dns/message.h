/* DNS messages (RFC 1035) read from their bytes: names with compression, questions, resource
 * records. Nothing is kept; a message is walked again when its record is written. Odd names are
 * treated as Suricata 7.0.10 treats them: what can be read of them is used. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"

enum dns_limit {
	DNS_HEADER = 12,
	DNS_NAME_MAX = 1025,	  /* text bytes of a name; a longer one is cut (name_too_long) */
	DNS_NAME_STEPS = 255,	  /* labels and pointers of a name (too_many_labels) */
	DNS_MESSAGE_STEPS = 8192, /* of all names of a message: it is malformed then */
};

enum dns_name_flag {
	DNS_NAME_LOOP = 1 << 0,
	DNS_NAME_CUT = 1 << 1,
	DNS_NAME_LABELS = 1 << 2,
};

enum dns_flag {
	DNS_QR = 0x8000,
	DNS_AA = 0x0400,
	DNS_RD = 0x0100,
	DNS_RA = 0x0080,
	DNS_Z = 0x0040,
};

enum dns_type {
	DNS_A = 1,
	DNS_NS = 2,
	DNS_CNAME = 5,
	DNS_SOA = 6,
	DNS_NULL = 10,
	DNS_PTR = 12,
	DNS_MX = 15,
	DNS_TXT = 16,
	DNS_AAAA = 28,
	DNS_SRV = 33,
	DNS_SSHFP = 44,
};

struct dns_header {
	uint16_t id, flags;
	uint16_t count[4]; /* questions, answers, authorities, additionals */
};

struct dns_name {
	uint8_t text[DNS_NAME_MAX]; /* labels with dots between, as they came */
	uint16_t len;
	uint8_t flags; /* enum dns_name_flag */
};

/* A walk through a message. */
struct dns_reader {
	struct slice message;
	struct cursor c;
	uint32_t steps; /* left of DNS_MESSAGE_STEPS */
};

struct dns_question {
	uint16_t type, class;
};

struct dns_rr {
	uint16_t type, class;
	uint32_t ttl;
	struct slice data;
};

struct dns_soa {
	struct dns_name mname, rname;
	uint32_t serial, refresh, retry, expire, minimum;
};

struct dns_srv {
	uint16_t priority, weight, port;
	struct dns_name target;
};

bool dns_header_read(struct slice message, struct dns_header *ret);
/* What can be told from the header alone; `len` is the whole message's length. */
bool dns_header_valid(const struct dns_header *h, size_t len);
static inline uint8_t dns_opcode(uint16_t flags)
{
	return (uint8_t)(flags >> 11 & 0xf);
}

/* Stands behind the header. */
struct dns_reader dns_reader_of(struct slice message);
/* Each returns false when the bytes are no such thing. `name` may be the same for all calls. */
bool dns_name_read(struct dns_reader *r, struct cursor *c, struct dns_name *ret);
bool dns_question_read(struct dns_reader *r, struct dns_name *name, struct dns_question *ret);
bool dns_rr_read(struct dns_reader *r, struct dns_name *name, struct dns_rr *ret);
/* Types whose data is one name: CNAME, NS, PTR, MX. */
bool dns_rr_name(struct dns_reader *r, const struct dns_rr *rr, struct dns_name *ret);
bool dns_rr_soa(struct dns_reader *r, const struct dns_rr *rr, struct dns_soa *ret);
bool dns_rr_srv(struct dns_reader *r, const struct dns_rr *rr, struct dns_srv *ret);
/* True when the data is what its type says; empty data of any type is not. */
bool dns_rr_valid(struct dns_reader *r, const struct dns_rr *rr, uint8_t *name_flags);
