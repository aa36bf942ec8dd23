/* TLS 1.0-1.3, SSLv3 and SSLv2's records over TCP. The whole connection is one transaction. After
 * the handshake the parser goes on from record to record without looking at their content
 * (encryption-handling: default), or stops (bypass). */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum tls_limit {
	TLS_RECORD_MAX = (1 << 14) + 1024, /* larger ones are invalid_record_length and end it */
	TLS_MESSAGE_MAX = 1 << 17,	   /* a handshake message; a longer one is passed over */
	TLS_SNI_MAX = 255,
	TLS_CHAIN_MAX = 32,    /* certificates of a chain that are kept */
	TLS_JA3_MAX = 1 << 16, /* text of a fingerprint; without one when it were longer */
};

enum tls_progress {
	TLS_IN_PROGRESS,
	TLS_CERT_READY,
	TLS_HANDSHAKE_DONE,
	TLS_FINISHED, /* one side has ended */
	TLS_CLOSED,   /* both have */
};

enum tls_version {
	TLS_VERSION_UNKNOWN = 0,
	TLS_VERSION_SSL2 = 0x0200,
	TLS_VERSION_SSL3 = 0x0300,
	TLS_VERSION_10 = 0x0301,
	TLS_VERSION_11 = 0x0302,
	TLS_VERSION_12 = 0x0303,
	TLS_VERSION_13 = 0x0304,
	TLS_VERSION_13_PRE_DRAFT16 = 0x7f01,
};

enum tls_event {
	TLS_EVENT_INVALID_SSLV2_HEADER,
	TLS_EVENT_INVALID_TLS_HEADER,
	TLS_EVENT_INVALID_RECORD_VERSION,
	TLS_EVENT_INVALID_RECORD_TYPE,
	TLS_EVENT_INVALID_RECORD_LENGTH,
	TLS_EVENT_INVALID_HANDSHAKE_MESSAGE,
	TLS_EVENT_HEARTBEAT_MESSAGE,
	TLS_EVENT_INVALID_HEARTBEAT_MESSAGE,
	TLS_EVENT_OVERFLOW_HEARTBEAT_MESSAGE,
	TLS_EVENT_DATALEAK_HEARTBEAT_MISMATCH,
	TLS_EVENT_HANDSHAKE_INVALID_LENGTH,
	TLS_EVENT_MULTIPLE_SNI_EXTENSIONS,
	TLS_EVENT_INVALID_SNI_TYPE,
	TLS_EVENT_INVALID_SNI_LENGTH,
	TLS_EVENT_TOO_MANY_RECORDS_IN_PACKET,
	TLS_EVENT_INVALID_CERTIFICATE,
	TLS_EVENT_CERTIFICATE_INVALID_LENGTH,
	TLS_EVENT_CERTIFICATE_INVALID_VERSION,
	TLS_EVENT_CERTIFICATE_INVALID_SERIAL,
	TLS_EVENT_CERTIFICATE_INVALID_ALGORITHMIDENTIFIER,
	TLS_EVENT_CERTIFICATE_INVALID_X509NAME,
	TLS_EVENT_CERTIFICATE_INVALID_DATE,
	TLS_EVENT_CERTIFICATE_INVALID_EXTENSIONS,
	TLS_EVENT_CERTIFICATE_INVALID_DER,
	TLS_EVENT_CERTIFICATE_INVALID_SUBJECT,
	TLS_EVENT_CERTIFICATE_INVALID_ISSUER,
	TLS_EVENT_CERTIFICATE_INVALID_VALIDITY,
	TLS_EVENT_ERROR_MESSAGE_ENCOUNTERED,
	TLS_EVENT_INVALID_SSL_RECORD,
	TLS_EVENTS,
};

/* What has been seen; the first four are what rules call ssl_state. */
enum tls_flag {
	TLS_CLIENT_HELLO = 1 << 0,
	TLS_SERVER_HELLO = 1 << 1,
	TLS_CLIENT_KEYX = 1 << 2,
	TLS_SERVER_KEYX = 1 << 3,
	TLS_CHANGE_CIPHER_SPEC = 1 << 4, /* by either side */
	TLS_DONE = 1 << 5,		 /* the handshake is over */
	TLS_END = 1 << 6,		 /* the connection is */
	TLS_LOG_WITHOUT_CERT = 1 << 7,	 /* TLS 1.3: there is none to see */
	TLS_RESUMED = 1 << 8,		 /* asked for with a ticket, or answered by session id */
	TLS_EARLY_DATA = 1 << 9,
	TLS_CLIENT_VERSIONS = 1 << 10, /* the client sent supported_versions */
	TLS_CLIENT_CERT_WANTED = 1 << 11,
	TLS_HEARTBEAT = 1 << 12, /* a request waits for its response; below by whom */
	TLS_HEARTBEAT_CLIENT = 1 << 13,
	TLS_HEARTBEAT_SERVER = 1 << 14,
	TLS_SSL2_CLIENT_HELLO = 1 << 15,
	TLS_SSL2_SERVER_HELLO = 1 << 16,
	TLS_SEALED = 1 << 17, /* data is encrypted, and nobody wants more */
	TLS_STATES = TLS_CLIENT_HELLO | TLS_SERVER_HELLO | TLS_CLIENT_KEYX | TLS_SERVER_KEYX,
};

struct tls_chain {
	struct kept bytes; /* the certificates behind each other */
	uint32_t end[TLS_CHAIN_MAX];
	uint32_t count;
};

struct tls_side {
	uint16_t version; /* of the hello once there was one, of the record before */
	uint8_t type;	  /* of the record being read */
	bool in_record;	  /* its head has been read */
	bool ssl2;	  /* it is one of SSLv2 */
	bool has_random, has_certificate;
	uint32_t record_len, record_left;
	/* A handshake message that goes over several records: its head, then the rest. */
	uint8_t head[4], head_have;
	uint8_t message_type;
	uint32_t message_len, message_have, message_skip;
	struct kept message;

	uint8_t random[32];
	uint8_t session_id_len;
	uint8_t session_id[32];
	struct kept sni, ja3;
	char ja3_hash[32];
	char ja4[36];
	bool has_ja4;
	/* first certificate */
	struct kept subject, issuer, serial; /* text */
	char fingerprint[59];
	int64_t not_before, not_after;
	struct tls_chain *chain;
};

struct tls_tx {
	struct app_tx tx;
	uint64_t now_ns;  /* of the newest bytes */
	uint32_t flags;	  /* enum tls_flag */
	uint32_t current; /* of those, what the last message of the last call set */
	uint32_t heartbeat_len;
	const char *from_proto; /* went on before STARTTLS, CONNECT; NULL = none */
	bool eof[2];
	struct tls_side side[2]; /* [DIR_TS] = client */
};

extern const struct app_proto tls_proto;

static inline const struct tls_tx *tls_tx_of(const struct app_tx *tx)
{
	return container_of(tx, const struct tls_tx, tx);
}

/* handshake.c: the content of a handshake record. */
void tls_handshake(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice record);
/* hello.c, certificate.c: one message's body. */
void tls_hello(struct app_io *io, struct tls_tx *t, enum dir dir, bool server, struct slice body);
void tls_certificates(struct app_io *io, struct tls_tx *t, enum dir dir, struct slice body);
/* log.c */
bool tls_log(const struct app_tx *tx, const void *state, struct record *r);
void tls_log_alert(const struct app_tx *tx, const void *state, struct record *r);
/* detect.c */
enum { TLS_BUFFERS = 14, TLS_KEYWORDS = 12 };
extern const struct app_buffer tls_buffers[TLS_BUFFERS];
extern const struct app_keyword tls_keywords[TLS_KEYWORDS];
