/* PostgreSQL's protocol 3 (PostgreSQL documentation, "Frontend/Backend Protocol"): log-ins, queries
 * and what came of them.
 *
 * Suricata 7 knows it as "pgsql" on port 5432, switched off by default. Switched on it is that here
 * too; switched off its flows are "failed" for rules and in eve.json, and are read all the same by
 * their first bytes, whatever the port. The record is in both cases what Suricata's schema has. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/list.h"
#include "dataplane/app/text/units.h"

enum pgsql_limits {
	PGSQL_MESSAGE_MAX = 8192,  /* bytes of a message that are read, the rest is passed over */
	PGSQL_STARTUP_MAX = 10000, /* bytes of a first message, as the server's own limit */
	PGSQL_KEPT_MAX = 4096,	   /* kept of a request for its record */
	PGSQL_ERROR_MAX = 1024,	   /* of an error */
	PGSQL_TEXT_MAX = 512,	   /* of a name or text in a record */
	PGSQL_LIST_MAX = 1024,	   /* bytes of a transaction's parameters, of its results */
	PGSQL_WAITING_MAX = 64, /* requests that wait: the oldest one's answer is not waited for */
};

/* What a transaction's request is. */
enum pgsql_kind {
	PGSQL_STARTUP,
	PGSQL_SSL,
	PGSQL_GSS,
	PGSQL_CANCEL,
	PGSQL_PASSWORD, /* also of SASL */
	PGSQL_QUERY,
	PGSQL_EXTENDED, /* Parse ... Sync */
	PGSQL_FUNCTION,
	PGSQL_TERMINATE,
	PGSQL_UNASKED, /* none: the server ended the connection */
};

enum pgsql_answer { PGSQL_NO_ANSWER, PGSQL_ACCEPTED, PGSQL_REJECTED };

struct pgsql_tx {
	struct app_tx tx;
	uint8_t kind;	       /* enum pgsql_kind */
	uint8_t answer;	       /* to SSL: enum pgsql_answer */
	bool sasl_first, sasl; /* PASSWORD: within SASL, its first message */
	bool has_auth, has_fields, has_pid;
	uint32_t auth; /* of Authentication... */
	uint32_t pid;
	uint16_t fields;
	uint64_t rows, row_bytes;
	struct kept request;	     /* its message's body; of EXTENDED the first statement */
	struct kept error;	     /* body of ErrorResponse, else NoticeResponse */
	struct text_list parameters; /* names and values by turns */
	struct text_list completed;  /* tags of CommandComplete */
};

struct pgsql_state {
	struct units side[2];
	uint64_t next; /* id of the transaction that waits longest */
	bool started;  /* the client's messages have types */
	bool asked;    /* for encryption: one byte is the answer */
	bool in_sasl;  /* the next 'p' is of SASL */
	bool sasl_began;
	bool ready;  /* a session: past its log-in */
	bool tunnel; /* encrypted: nothing more is read */
};

bool pgsql_log(const struct app_tx *tx, const void *state, struct record *record);

extern const struct app_proto pgsql_proto;
