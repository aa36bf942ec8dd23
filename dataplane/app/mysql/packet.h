/* Packets of MySQL, where they lie. All numbers little endian. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/cursor.h"

enum mysql_capability {
	MYSQL_CAN_DB = 1 << 3,
	MYSQL_CAN_COMPRESS = 1 << 5,
	MYSQL_CAN_41 = 1 << 9,
	MYSQL_CAN_TLS = 1 << 11,
	MYSQL_CAN_SECURE = 1 << 15,
	MYSQL_CAN_PLUGIN = 1 << 19,
	MYSQL_CAN_ATTRIBUTES = 1 << 20,
	MYSQL_CAN_LONG_AUTH = 1 << 21,
	MYSQL_CAN_LEAVE_EOF = 1 << 24,
	MYSQL_CAN_ZSTD = 1 << 26,
};

struct mysql_greeting {
	struct slice version, plugin;
	uint32_t thread, caps;
};

struct mysql_login {
	uint32_t caps;
	struct slice user, database, plugin, attributes;
	bool only_tls; /* a wish for TLS: the rest comes inside */
};

struct mysql_error {
	uint16_t code;
	struct slice state; /* five characters, or none */
	struct slice message;
};

struct mysql_done {
	uint64_t affected, insert_id;
	uint16_t status, warnings;
};

uint32_t mysql_u24(struct cursor *c);
uint64_t mysql_number(struct cursor *c); /* length-encoded; NULL and the like make the cursor bad */
struct slice mysql_string(struct cursor *c);	      /* with a length-encoded length in front */
bool mysql_text(struct cursor *c, struct slice *ret); /* up to its NUL */

/* Bodies of packets. False: they are none. */
bool mysql_greeting_read(struct slice body, struct mysql_greeting *ret);
bool mysql_login_read(struct slice body, struct mysql_login *ret);
bool mysql_change_user_read(struct slice body, uint32_t caps, struct mysql_login *ret);
bool mysql_error_read(struct slice body, struct mysql_error *ret);
bool mysql_done_read(struct slice body, struct mysql_done *ret); /* OK, whatever its first byte */

/* A connection begins so. */
bool mysql_begins(struct slice client, struct slice server);
