/* Internet key exchange, versions 1 (RFC 2408, 2409) and 2 (RFC 7296) over UDP: every message is a
 * transaction; what client and server agreed on is kept for the flow. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/list.h"

enum {
	IKE_COMPLETE = 1,
	IKE_SPI_TEXT = 16,    /* hex digits */
	IKE_LIST_MAX = 16384, /* bytes kept of each list of a message */
	IKE_PAYLOADS = 256,   /* looked at in a message */
	IKE_ENCRYPTED = 0x01, /* flag of version 1 */
	IKE_INITIATOR = 0x08, /* flag of version 2 */
};

enum ike_event {
	IKE_EVENT_MALFORMED_DATA,
	IKE_EVENT_NO_ENCRYPTION,
	IKE_EVENT_WEAK_CRYPTO_ENC,
	IKE_EVENT_WEAK_CRYPTO_PRF,
	IKE_EVENT_WEAK_CRYPTO_DH,
	IKE_EVENT_WEAK_CRYPTO_AUTH,
	IKE_EVENT_WEAK_CRYPTO_NO_DH,
	IKE_EVENT_WEAK_CRYPTO_NO_AUTH,
	IKE_EVENT_INVALID_PROPOSAL,
	IKE_EVENT_UNKNOWN_PROPOSAL,
	IKE_EVENT_PAYLOAD_EXTRA_DATA,
	IKE_EVENT_MULTIPLE_SERVER_PROPOSAL,
	IKE_EVENTS,
};

/* Transform types of version 2 (RFC 7296, 3.3.2). */
enum ike_transform { IKE_ENC = 1, IKE_PRF, IKE_AUTH, IKE_DH, IKE_ESN, IKE_TRANSFORMS };

struct ike_head {
	uint64_t init_spi, resp_spi;
	uint8_t next_payload, major, minor, exchange, flags;
	uint32_t message_id, length;
};

struct ike_tx {
	struct app_tx tx;
	struct ike_head head;
	uint8_t dir;
	char init_spi[IKE_SPI_TEXT], resp_spi[IKE_SPI_TEXT];

	/* version 1 */
	uint32_t payload_types; /* 1 << type, of those that have a name */
	struct kept key_exchange, nonce;
	struct text_list vendors;    /* in hex */
	struct text_list transforms; /* their attributes as they came */

	/* version 2 */
	struct kept payloads; /* types, a byte each */
	struct kept notify;   /* types, two bytes each, big endian */
	uint32_t errors;
	bool chosen[IKE_TRANSFORMS]; /* by the server, in this message or before */
	uint16_t chosen_id[IKE_TRANSFORMS];
};

/* What one side of version 1 has said. */
struct ike_side {
	struct kept key_exchange, nonce, transform;
	uint64_t transforms;
};

struct ike_state {
	bool has_doi;
	uint32_t doi;
	struct ike_side side[2];
	bool has_server_transforms;
	bool server[IKE_TRANSFORMS]; /* the server's first of the kind */
	uint16_t server_id[IKE_TRANSFORMS];
	uint16_t last_id[IKE_TRANSFORMS]; /* and its last: what records tell */
};

/* An attribute of a transform of version 1 (RFC 2408, 3.3). */
struct ike_attribute {
	uint16_t type;
	uint16_t value; /* or the length of what follows */
	bool has_number;
	uint32_t number;
	struct slice bytes; /* without a number */
};
bool ike_attribute_next(struct cursor *c, struct ike_attribute *ret);
/* "alg_enc"; NULL for an unknown one. */
const char *ike_attribute_name(uint16_t type);

/* The payloads behind the head. False: the message says nothing, it has no transaction. */
bool ike_v1(struct app_io *io, struct ike_state *s, struct ike_tx *t, struct slice payloads);
void ike_v2(struct app_io *io, struct ike_state *s, struct ike_tx *t, struct slice payloads);
bool ike_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto ike_proto;
