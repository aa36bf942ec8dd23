/* RFB (VNC) over TCP: the handshake, RFC 6143 section 7.1 to 7.3.2, as one transaction. What
 * follows it (the screen itself) is not read. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

struct record;

enum rfb_event {
	RFB_EVENT_UNIMPLEMENTED_SECURITY_TYPE,
	RFB_EVENT_UNKNOWN_SECURITY_RESULT,
	RFB_EVENT_MALFORMED_MESSAGE,
	RFB_EVENT_CONFUSED_STATE,
	RFB_EVENTS,
};

/* What comes next; who sends it is in rfb.c's table. */
enum rfb_step {
	RFB_SERVER_VERSION,
	RFB_CLIENT_VERSION,
	RFB_SECURITY_TYPES, /* 3.7 and 3.8: the server offers */
	RFB_SECURITY_TYPE,  /* 3.3: the server decides */
	RFB_SECURITY_CHOICE,
	RFB_VNC_CHALLENGE,
	RFB_VNC_RESPONSE,
	RFB_SECURITY_RESULT,
	RFB_FAILURE_REASON,
	RFB_CLIENT_INIT,
	RFB_SERVER_INIT,
	RFB_OVER, /* nothing that is read */
	RFB_STEPS,
};

enum rfb_limits {
	RFB_TEXT_MAX = 4096, /* bytes of a name or reason that are kept; longer ones are malformed
				beyond what the framework keeps */
	RFB_SECRET = 16,
};

enum { /* rfb_tx.has */
       RFB_HAS_SERVER_VERSION = 1 << 0,
       RFB_HAS_CLIENT_VERSION = 1 << 1,
       RFB_HAS_SECURITY_TYPE = 1 << 2,
       RFB_HAS_CHALLENGE = 1 << 3,
       RFB_HAS_RESPONSE = 1 << 4,
       RFB_HAS_RESULT = 1 << 5,
       RFB_HAS_CLIENT_INIT = 1 << 6,
       RFB_HAS_SERVER_INIT = 1 << 7,
};

struct rfb_version {
	char major[4], minor[4];
};

struct rfb_pixel_format {
	uint8_t bits_per_pixel, depth;
	bool big_endian, true_color;
	uint16_t max[3]; /* red, green, blue */
	uint8_t shift[3];
};

struct rfb_tx {
	struct app_tx tx;
	uint8_t has;
	struct rfb_version version[2]; /* [DIR_TS] the client's */
	uint32_t security_type, security_result;
	uint8_t challenge[RFB_SECRET], response[RFB_SECRET];
	bool shared;
	uint16_t width, height;
	struct rfb_pixel_format pixels;
	struct kept name, reason;
};

struct rfb_state {
	uint8_t step; /* enum rfb_step */
};

bool rfb_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto rfb_proto;
