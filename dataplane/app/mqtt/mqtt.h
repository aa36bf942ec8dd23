/* MQTT 3.1, 3.1.1 and 5.0 over TCP. A transaction is a request with what answers it (CONNECT and
 * CONNACK; PUBLISH and its acknowledgements; SUBSCRIBE and SUBACK ...), or a message alone, as in
 * Suricata 7. Source: MQTT 5.0 (OASIS, 7 March 2019), sections 2 and 3. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

struct record;

enum mqtt_type {
	MQTT_UNASSIGNED,
	MQTT_CONNECT,
	MQTT_CONNACK,
	MQTT_PUBLISH,
	MQTT_PUBACK,
	MQTT_PUBREC,
	MQTT_PUBREL,
	MQTT_PUBCOMP,
	MQTT_SUBSCRIBE,
	MQTT_SUBACK,
	MQTT_UNSUBSCRIBE,
	MQTT_UNSUBACK,
	MQTT_PINGREQ,
	MQTT_PINGRESP,
	MQTT_DISCONNECT,
	MQTT_AUTH,
	MQTT_TYPES,
};

enum mqtt_event {
	MQTT_EVENT_MISSING_CONNECT,
	MQTT_EVENT_MISSING_PUBLISH,
	MQTT_EVENT_MISSING_SUBSCRIBE,
	MQTT_EVENT_MISSING_UNSUBSCRIBE,
	MQTT_EVENT_DOUBLE_CONNECT,
	MQTT_EVENT_UNINTRODUCED_MESSAGE,
	MQTT_EVENT_INVALID_QOS_LEVEL,
	MQTT_EVENT_MISSING_MSG_ID,
	MQTT_EVENT_UNASSIGNED_MSG_TYPE,
	MQTT_EVENT_TOO_MANY_TRANSACTIONS,
	MQTT_EVENT_MALFORMED_TRAFFIC,
	MQTT_EVENTS,
};

enum mqtt_limits {
	MQTT_MESSAGE_MAX = 1 << 20, /* bytes of a message that is read; longer ones are skipped
				       and marked truncated */
	MQTT_TX_MESSAGES = 32,	    /* messages of a transaction: further ones begin their own */
	MQTT_TRANSACTIONS = 1000,   /* live: bytes that follow wait until some are done with */
	MQTT_WAITING = LIMIT_APP_TRANSACTIONS - 4, /* live: the oldest one is given up */
	MQTT_TOPICS_MATCHED = 100,		   /* topics of a transaction that rules see */
};

/* A message, its bytes behind the fixed header. */
struct mqtt_message {
	struct mqtt_message *next;
	uint32_t body_len;
	uint32_t length; /* as the header says; more than body_len when truncated */
	uint8_t type;	 /* enum mqtt_type */
	uint8_t version; /* of the protocol when it was read */
	uint8_t qos;
	bool dup, retain, truncated;
	uint8_t body[];
};

struct mqtt_state {
	uint8_t version; /* of the last CONNECT */
	bool connected;
	unsigned live; /* transactions */
	uint64_t skip[2];
	struct kept held[2];   /* a message too long to wait for in front of the parser */
	uint32_t held_len[2];  /* its whole length; 0 = none */
	uint8_t held_first[2]; /* its first byte */
};

struct mqtt_tx {
	struct app_tx tx;
	const struct mqtt_state *state;
	struct mqtt_message *first, *last;
	uint32_t messages;
	int32_t id; /* what an answer names; -1: nothing is waited for, MQTT_ID_CONNECT */
};

enum { MQTT_ID_NONE = -1, MQTT_ID_CONNECT = 1 << 16 };

/* --- message.c: what messages say. Slices point into the message. --- */

struct mqtt_connect {
	struct slice protocol, client_id, will_topic, will_message, username, password;
	struct slice properties, will_properties;
	uint8_t version, flags;
};

enum { /* mqtt_connect.flags */
       MQTT_FLAG_CLEAN = 0x02,
       MQTT_FLAG_WILL = 0x04,
       MQTT_FLAG_WILL_RETAIN = 0x20,
       MQTT_FLAG_PASSWORD = 0x40,
       MQTT_FLAG_USERNAME = 0x80,
};

/* Any other message. */
struct mqtt_body {
	bool has_id, has_code;
	uint16_t id;
	uint8_t code;	      /* reason or return code */
	bool session_present; /* CONNACK */
	struct slice topic;   /* PUBLISH */
	struct slice properties;
	struct slice rest; /* PUBLISH: message; SUBSCRIBE, UNSUBSCRIBE: topics; acks: codes */
};

bool mqtt_read_connect(struct slice body, struct mqtt_connect *ret);
bool mqtt_read_body(const struct mqtt_message *m, struct mqtt_body *ret);
/* Reads it all once: false when it is malformed. */
bool mqtt_valid(const struct mqtt_message *m);
/* The next of the topics in `c`; *ret_qos of SUBSCRIBE only. */
bool mqtt_next_topic(struct cursor *c, bool with_qos, struct slice *ret, uint8_t *ret_qos);
/* A variable byte integer (1.5.5). False: not whole (*ret_bad false) or longer than 4 bytes. */
bool mqtt_varint(struct cursor *c, uint32_t *ret, bool *ret_bad);
/* The codes of SUBACK and UNSUBACK, from `rest`. */
struct slice mqtt_codes(const struct mqtt_message *m, const struct mqtt_body *b);

enum mqtt_property_kind { MQTT_NUMBER, MQTT_TEXT, MQTT_PAIR, MQTT_NOTHING };

struct mqtt_property {
	const char *name;
	enum mqtt_property_kind kind;
	uint32_t number;
	struct slice key, text; /* key: PAIR */
};

/* The next property; false at the end, or with c->bad when it is malformed. */
bool mqtt_next_property(struct cursor *c, struct mqtt_property *ret);

const char *mqtt_type_name(enum mqtt_type type); /* "connect" */
static inline struct slice mqtt_body_of(const struct mqtt_message *m)
{
	return SLICE(m->body, m->body_len);
}

/* keywords.c, log.c */
enum { MQTT_BUFFERS = 9, MQTT_KEYWORDS = 7 };
extern const struct app_buffer mqtt_buffers[MQTT_BUFFERS];
extern const struct app_keyword mqtt_keywords[MQTT_KEYWORDS];
bool mqtt_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto mqtt_proto;
