/* Remote desktop (MS-RDPBCGR) as far as it goes in clear: the connection's negotiation, what the
 * client says of itself, and the certificates when TLS follows. Each message is a transaction. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum { RDP_COMPLETE = 1, RDP_SERIALS_MAX = 4096 /* bytes of text */ };

enum rdp_item {
	RDP_INITIAL_REQUEST,
	RDP_INITIAL_RESPONSE,
	RDP_CONNECT_REQUEST,
	RDP_CONNECT_RESPONSE,
	RDP_TLS_HANDSHAKE,
};

struct rdp_tx {
	struct app_tx tx;
	uint8_t item; /* enum rdp_item */

	/* initial request and response */
	bool has_cookie, has_negotiation, is_failure;
	uint8_t flags;
	uint32_t number;  /* protocol chosen, or the failure's code */
	struct kept text; /* cookie; connect request: client's blocks; TLS: serial numbers, each
			     behind a byte of its length */
};

/* Client core data (MS-RDPBCGR 2.2.1.3.2). Optional fields are there up to the first that is not:
 * `optional` counts them. */
struct rdp_core {
	uint32_t version;
	uint16_t width, height, color_depth;
	uint32_t keyboard_layout, build, keyboard_type, keyboard_subtype, function_keys;
	struct slice name, ime; /* UTF-16, little endian */

	unsigned optional;
	uint16_t post_beta2_depth, product_id;
	uint32_t serial;
	uint16_t high_depth, capabilities;
	struct slice id; /* UTF-16 */
	uint8_t connection_hint;
	uint32_t physical_width, physical_height;
	uint16_t orientation;
	uint32_t scale, device_scale;
};

enum rdp_optional {
	RDP_HAS_POST_BETA2 = 1,
	RDP_HAS_PRODUCT_ID,
	RDP_HAS_SERIAL,
	RDP_HAS_HIGH_DEPTH,
	RDP_HAS_SUPPORTED,
	RDP_HAS_CAPABILITIES,
	RDP_HAS_ID,
	RDP_HAS_HINT,
	RDP_HAS_PAD,
	RDP_HAS_PROTOCOL,
	RDP_HAS_WIDTH,
	RDP_HAS_HEIGHT,
	RDP_HAS_ORIENTATION,
	RDP_HAS_SCALE,
	RDP_HAS_DEVICE_SCALE,
};

enum { RDP_BLOCK_CORE = 0xc001, RDP_BLOCK_NET = 0xc003 };

/* The next block of a connect request: type and body. */
bool rdp_block_next(struct cursor *c, uint16_t *ret_type, struct cursor *ret);
bool rdp_core_read(struct cursor c, struct rdp_core *ret);
bool rdp_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto rdp_proto;
