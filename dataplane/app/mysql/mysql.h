/* MySQL's and MariaDB's client/server protocol 4.1 and later (MySQL internals manual,
 * "Client/Server Protocol"; MariaDB knowledge base): log-ins, commands and what came of them.
 *
 * Suricata 7 does not know it: for rules and in eve.json its flows are "failed"; they are taken up
 * by their first bytes, whatever the port, and records are of our own schema. No password, nor what
 * could serve to find one, is written. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/list.h"
#include "dataplane/app/text/units.h"

enum mysql_limits {
	MYSQL_PACKET_MAX = 4096 + 8, /* bytes of a packet that are read, the rest is passed over */
	MYSQL_TEXT_MAX = 512,	     /* of a name or text in a record */
	MYSQL_ATTRIBUTES_MAX = 1024, /* bytes of what a client says of itself */
	MYSQL_WAITING_MAX = 64, /* commands that wait: the oldest one's result is not waited for */
};

enum mysql_command {
	MYSQL_QUIT = 0x01,
	MYSQL_INIT_DB = 0x02,
	MYSQL_QUERY = 0x03,
	MYSQL_FIELD_LIST = 0x04,
	MYSQL_STATISTICS = 0x09,
	MYSQL_CHANGE_USER = 0x11,
	MYSQL_BINLOG_DUMP = 0x12,
	MYSQL_STMT_PREPARE = 0x16,
	MYSQL_STMT_EXECUTE = 0x17,
	MYSQL_STMT_LONG_DATA = 0x18,
	MYSQL_STMT_CLOSE = 0x19,
	MYSQL_STMT_FETCH = 0x1c,
	MYSQL_BINLOG_DUMP_GTID = 0x1e,
	MYSQL_COMMANDS = 0x20, /* one less is the last */
	MYSQL_LOGIN = 0xff,    /* ours: the handshake */
};

enum mysql_status { MYSQL_OPEN, MYSQL_OK, MYSQL_ERROR };

enum mysql_event { MYSQL_EVENT_MALFORMED_DATA };

struct mysql_tx {
	struct app_tx tx;
	uint8_t command; /* enum mysql_command, or a number that is none */
	uint8_t status;	 /* enum mysql_status */
	bool tls, compressed, has_thread, has_statement_id, has_columns;
	uint16_t error_code;
	char sql_state[5]; /* empty: first byte 0 */
	uint32_t thread, statement_id;
	uint32_t results, warnings;
	uint64_t columns, rows, affected, insert_id;
	struct kept text; /* statement, database */
	struct kept user, database, plugin, version, message;
	struct text_list attributes; /* names and values by turns */
};

/* What the next packet of the server is, for the command that waits longest. */
enum mysql_expect {
	MYSQL_FIRST,	   /* of its result */
	MYSQL_DEFINITIONS, /* `left` of them, then rows */
	MYSQL_DEFINITIONS_END,
	MYSQL_ROWS,
	MYSQL_PREPARED, /* `left` packets that say nothing */
};

enum mysql_phase {
	MYSQL_GREETING,	 /* the server speaks */
	MYSQL_RESPONSE,	 /* the client answers it */
	MYSQL_AUTH,	 /* until OK or an error */
	MYSQL_SESSION,	 /* commands */
	MYSQL_REPLICATE, /* the server sends its log without end */
};

struct mysql_side {
	struct units units;
	bool goes_on; /* the next packet is more of the last one */
};

struct mysql_state {
	struct mysql_side side[2];
	uint8_t phase;	/* enum mysql_phase */
	uint8_t expect; /* enum mysql_expect */
	uint64_t left;
	uint64_t next;		    /* id of the transaction that waits longest */
	uint32_t server_caps, caps; /* what both can do */
	uint32_t thread;
	struct kept version, plugin; /* of the greeting */
	bool tunnel;		     /* encrypted or compressed: nothing more is read */
};

bool mysql_log(const struct app_tx *tx, const void *state, struct record *record);

extern const struct app_proto mysql_proto;
