/* OpenC2 1.0 messages (OASIS Language Specification 1.0 CS02; HTTPS transfer 1.1, 3.3.2; profiles
 * SLPF 1.0 and the draft ER): JSON text to structs and back. Producer (drivers/openc2) and
 * consumer (consumer.h) share it. Pure; bounded by the enums below; JSON as RFC 7493 wants it
 * (UTF-8, no member twice).
 *
 * What this product acts on is decoded; other targets, arguments of profiles and results are kept
 * as they came, so that nothing is lost between reading and writing. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	OPENC2_MAX = 64 * 1024, /* bytes of a message */
	OPENC2_DEPTH = 16,	/* nesting of its JSON */
	OPENC2_ID = 37,		/* a command's or request's, with its NUL: at most 36 (3.4.2.16) */
	OPENC2_REQUEST = 65,	/* a request's, which has no limit in the specification */
	OPENC2_NAME = 64,	/* of a target's type */
	OPENC2_NSID = 17,	/* 3.4.2.12, with its NUL */
	OPENC2_PARTY = 256,	/* from, to */
	OPENC2_TEXT = 256,	/* status_text, a device's names */
};

/* 3.3.1.1; the numbers are the specification's. */
enum openc2_action {
	OPENC2_NO_ACTION = 0,
	OPENC2_SCAN = 1,
	OPENC2_LOCATE = 2,
	OPENC2_QUERY = 3,
	OPENC2_DENY = 6,
	OPENC2_CONTAIN = 7,
	OPENC2_ALLOW = 8,
	OPENC2_START = 9,
	OPENC2_STOP = 10,
	OPENC2_RESTART = 11,
	OPENC2_CANCEL = 14,
	OPENC2_SET = 15,
	OPENC2_UPDATE = 16,
	OPENC2_REDIRECT = 18,
	OPENC2_CREATE = 19,
	OPENC2_DELETE = 20,
	OPENC2_DETONATE = 22,
	OPENC2_RESTORE = 23,
	OPENC2_COPY = 28,
	OPENC2_INVESTIGATE = 30,
	OPENC2_REMEDIATE = 32,
};

enum openc2_target_kind {
	OPENC2_T_OTHER, /* of the specification or a profile, kept as it came */
	OPENC2_T_FEATURES,
	OPENC2_T_DEVICE,
	OPENC2_T_MAC,
	OPENC2_T_IPV4_NET,
	OPENC2_T_IPV6_NET,
	OPENC2_T_COMMAND,
	OPENC2_T_RULE, /* slpf:rule_number */
};

/* Bits of OPENC2_T_FEATURES. */
enum { OPENC2_F_VERSIONS = 1, OPENC2_F_PROFILES = 2, OPENC2_F_PAIRS = 4, OPENC2_F_RATE = 8 };

struct openc2_target {
	enum openc2_target_kind kind;
	char name[OPENC2_NAME];				    /* of its type, "ipv4_net" */
	unsigned features;				    /* bits */
	char hostname[OPENC2_TEXT], device_id[OPENC2_TEXT]; /* "" not given */
	struct mac_addr mac;
	struct ip_addr addr;
	uint8_t bits; /* of the 128 */
	bool bare;    /* written without a length */
	char command[OPENC2_ID];
	uint64_t rule;
	json_t *value; /* OPENC2_T_OTHER */
};

enum openc2_response_type {
	OPENC2_RESPONSE_UNSAID,
	OPENC2_RESPONSE_NONE,
	OPENC2_RESPONSE_ACK,
	OPENC2_RESPONSE_STATUS,
	OPENC2_RESPONSE_COMPLETE,
};

/* 3.3.1. Times are ms since 1970. */
struct openc2_command {
	enum openc2_action action;
	struct openc2_target target;
	bool has_args, has_start, has_stop, has_duration;
	uint64_t start, stop, duration;
	enum openc2_response_type response;
	json_t *more_args;	    /* of profiles, by their namespace; NULL: none */
	char actuator[OPENC2_NSID]; /* "" not said */
	json_t *actuator_value;
	char command_id[OPENC2_ID];
};

/* 3.3.2. */
struct openc2_response {
	unsigned status;
	char text[OPENC2_TEXT];
	json_t *results; /* NULL: none */
};

enum openc2_kind { OPENC2_NOTHING, OPENC2_REQUEST_MESSAGE, OPENC2_RESPONSE_MESSAGE };

struct openc2_message {
	bool bare; /* content without headers, as HTTPS transfer 1.0 had it */
	bool has_headers;
	char request_id[OPENC2_REQUEST], from[OPENC2_PARTY];
	uint64_t created; /* ms since 1970, 0: not said */
	json_t *to;	  /* a list of texts, NULL: not said */
	char signature[OPENC2_TEXT];
	enum openc2_kind kind;
	struct openc2_command command;
	struct openc2_response response;
};

/* ERR_INVALID: malformed (400). ERR_UNSUPPORTED: well formed, but an action, target or argument
 * that there is not (501). The request's id is filled in also then, as far as it was found, so that
 * the refusal can be told apart. In every case openc2_message_done is owed. */
int openc2_message_read(struct slice text, struct openc2_message *ret, struct errmsg *e);
void openc2_message_done(struct openc2_message *m);
/* JSON, compact, members in the specification's order; malloc'ed. NULL without memory. */
char *openc2_message_write(const struct openc2_message *m);

/* NULL when there is no such action. */
const char *openc2_action_name(enum openc2_action a);
/* "Forbidden - the consumer understood the command but refuses to authorise it". */
const char *openc2_status_words(unsigned status);
/* "slpf"/"rule_number" of results, 0: none. */
uint64_t openc2_rule_number(const json_t *results);
/* Version 4 (RFC 4122 4.4) from 16 random bytes. */
void openc2_uuid(const uint8_t random[16], char ret[OPENC2_ID]);
