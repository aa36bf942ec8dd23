/* A record: what the dataplane tells the rest. A fixed head and a body of tokens (a small binary
 * JSON), built by a worker without allocation, carried through a ring (ring.h), rendered as EVE
 * JSON by whoever reads it: offline the same process, live banken-control. Little endian, one
 * machine.
 *
 * A reader treats a record as hostile: record_check first, then the other readers. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/slice.h"

enum {
	RECORD_VERSION = 1,
	RECORD_MAX = 64 * 1024, /* bytes of a record, head included */
	RECORD_DEPTH = 16,
	RECORD_NAME = 24,
};

enum record_lane { /* each lane has its own ring: a flood of one cannot displace the other */
		   RECORD_LANE_ALERT,
		   RECORD_LANE_EVENT,
		   RECORD_LANES,
};

enum record_flag {
	RECORD_HAS_TUPLE = 1 << 0,
	RECORD_HAS_PORTS = 1 << 1,
	RECORD_HAS_ICMP = 1 << 2,
	RECORD_HAS_FLOW = 1 << 3,
	RECORD_HAS_MAC = 1 << 4,
	RECORD_HAS_TX = 1 << 5,
	RECORD_HANDSHAKE = 1 << 6, /* the flow completed its handshake (Q8) */
	RECORD_PACKET = 1 << 7,	   /* packet_number means something */
	RECORD_OWN_TYPE = 1 << 8,  /* not in Suricata's schema: goes to banken.json */
};

struct record_head {
	uint32_t size; /* of the whole record, a multiple of 8 */
	uint16_t version;
	uint16_t flags; /* enum record_flag */
	uint64_t id;	/* unique over workers and restarts: drops doubles downstream */
	uint64_t time_ns;
	uint64_t flow_id;
	uint64_t tx_id;
	uint64_t packet_number;
	struct ip_addr src, dst;
	uint16_t sport, dport;
	uint16_t vlan[3];
	uint8_t vlan_count;
	uint8_t ip_proto, ip_version;
	uint8_t icmp_type, icmp_code;
	uint8_t lane; /* enum record_lane */
	struct mac_addr src_mac, dst_mac;
	char type[RECORD_NAME];	     /* EVE event_type: "alert", "flow", "dns", ... */
	char app_proto[RECORD_NAME]; /* "" = leave out */
	char direction[12];	     /* EVE "direction" of alerts: "to_server"; "" = leave out */
	char in_iface[16];	     /* "" = leave out */
};

/* --- building. The record sits in a buffer of the caller's, 8-aligned. --- */
struct record {
	uint8_t *buf;
	uint32_t cap, len;
	bool full; /* something did not fit: record_finish leaves that value out whole and closes
		      what is open, so that the record stays valid */
	uint8_t depth;
};

struct record_head *record_begin(struct record *r, void *buf, uint32_t cap);
/* Names are fields of the object now open (of the EVE line itself at depth 0); inside arrays NULL.
 */
void record_object(struct record *r, const char *name);
void record_array(struct record *r, const char *name);
void record_end(struct record *r); /* closes object or array */
void record_str(struct record *r, const char *name, struct slice value);
void record_text(struct record *r, const char *name, const char *value);
void record_int(struct record *r, const char *name, int64_t value);
void record_uint(struct record *r, const char *name, uint64_t value);
void record_bool(struct record *r, const char *name, bool value);
void record_double(struct record *r, const char *name, double value);
void record_hex(struct record *r, const char *name, struct slice value, char separator);
void record_base64(struct record *r, const char *name, struct slice value);
void record_ip(struct record *r, const char *name, const struct ip_addr *value);
/* All fields of a finished record of ours, as they stand. */
void record_body(struct record *r, struct slice rec);
/* EVE time text ("2026-11-21T09:00:00.123456+0000"). */
void record_time(struct record *r, const char *name, uint64_t time_ns);
/* The finished record's bytes (size set, padded), or an empty slice when even the head did not fit.
 */
struct slice record_finish(struct record *r);

/* --- reading --- */
/* True when `bytes` hold one whole well-formed record at their start. */
bool record_check(struct slice bytes);
/* "alert.signature_id": the value at a path of object names, if it has that type. */
bool record_find_uint(struct slice rec, const char *path, uint64_t *ret);
bool record_find_str(struct slice rec, const char *path, struct slice *ret);
/* Every value in order, for those who want several of them: one walk instead of a search each. */
struct record_walk {
	const uint8_t *pos, *end; /* of what is left of the body */
};

enum record_value_kind {
	RECORD_OPENS,  /* an object or array begins: `name` */
	RECORD_CLOSES, /* the innermost ends */
	RECORD_TEXT,   /* `text` */
	RECORD_NUMBER, /* `number`; also a bool (0, 1) or a time */
	RECORD_BYTES,  /* `text`: raw bytes of hex, base64 or an address */
};

struct record_value {
	enum record_value_kind kind;
	struct slice name, text;
	uint64_t number;
};

struct record_walk record_walk(struct slice rec);
bool record_walk_next(struct record_walk *w, struct record_value *ret);
/* One EVE line without newline into buf; length, or ERR_LIMIT. `offset_minutes`: local time zone of
 * the timestamps. Community ID is computed here. */
struct record_eve_options {
	int offset_minutes;
	bool community_id;
};
long record_to_eve(struct slice rec, const struct record_eve_options *options, char *buf,
		   size_t cap);

/* Community ID v1 of a tuple, seed 0 (corelight/community-id-spec); `ret` holds 32 bytes. For ICMP
 * sport = type, dport = code. */
void community_id(const struct ip_addr *src, const struct ip_addr *dst, uint16_t sport,
		  uint16_t dport, uint8_t ip_proto, char ret[32]);
