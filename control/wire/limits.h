/* Every limit of the talk between programs, in one place. Each giving-up has a sentence and, where
 * it can recur, a counter. */
#pragma once

#include "dataplane/base/clock.h"

enum {
	/* Frames. The length is checked before anything is read or allocated for it. */
	WIRE_FRAME_MAX = 4 << 20,		  /* bytes after the length prefix */
	WIRE_PAYLOAD_MAX = WIRE_FRAME_MAX - 1024, /* bytes of one message */
	WIRE_DECODE_FACTOR = 32,      /* memory a decoded message may take, x its size */
	WIRE_DECODE_FLOOR = 64 << 10, /* ... but at least this may be taken */
	WIRE_DECODE_MAX = 64 << 20,   /* ... and never more, bytes */

	/* TLS. */
	WIRE_CERT_MAX = 16 << 10, /* bytes of a PEM file with certificates */
	WIRE_NAME_MAX = 64,	  /* of a program in its certificate, with NUL */
	WIRE_HANDSHAKE_SECONDS = 10,
	WIRE_CONNECT_SECONDS = 10,

	/* The link. */
	WIRE_WINDOW_ITEMS = 512, /* sent and not yet acknowledged */
	WIRE_WINDOW_BYTES = 8 << 20,
	WIRE_PING_SECONDS = 5,	  /* silence after which a side pings */
	WIRE_SILENT_SECONDS = 20, /* silence after which the connection is given up */
	WIRE_BACKOFF_FIRST_MS = 100,
	WIRE_BACKOFF_MAX_MS = 30000,
	WIRE_OUT_MAX = 8 << 20, /* bytes waiting for a slow peer's socket */
	WIRE_PEERS_MAX = 4096,	/* connections of one server */
	WIRE_STORE_BATCH = 256, /* messages handed to `store` at once */

	/* Local socket. */
	LOCAL_LINE_MAX = 1 << 20, /* one JSON request or answer, bytes */
	LOCAL_CLIENTS_MAX = 32,
	LOCAL_IDLE_SECONDS = 30,
};
