/* Modbus over TCP (Modbus messaging on TCP/IP 1.0b, application protocol 1.1b): a request and its
 * response are a transaction. Off by default, as in Suricata. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum {
	MODBUS_COMPLETE = 1,
	MODBUS_FLOOD = 500,	 /* open transactions: no more are made, with an event */
	MODBUS_EXCEPTION = 0x80, /* of a function */
};

enum modbus_event {
	MODBUS_EVENT_UNSOLICITED_RESPONSE,
	MODBUS_EVENT_INVALID_FUNCTION_CODE,
	MODBUS_EVENT_INVALID_LENGTH,
	MODBUS_EVENT_INVALID_VALUE,
	MODBUS_EVENT_INVALID_EXCEPTION_CODE,
	MODBUS_EVENT_VALUE_MISMATCH,
	MODBUS_EVENT_FLOODED,
	MODBUS_EVENT_INVALID_PROTOCOL_ID,
	MODBUS_EVENTS,
};

enum modbus_function {
	MODBUS_RD_COILS = 1,
	MODBUS_RD_DISCRETE_INPUTS,
	MODBUS_RD_HOLD_REGS,
	MODBUS_RD_INPUT_REGS,
	MODBUS_WR_SINGLE_COIL,
	MODBUS_WR_SINGLE_REG,
	MODBUS_RD_EXC_STATUS,
	MODBUS_DIAGNOSTIC,
	MODBUS_GET_COMM_EVENT_CTR = 11,
	MODBUS_GET_COMM_EVENT_LOG = 12,
	MODBUS_WR_MULT_COILS = 15,
	MODBUS_WR_MULT_REGS,
	MODBUS_REPORT_SERVER_ID,
	MODBUS_RD_FILE_REC = 20,
	MODBUS_WR_FILE_REC,
	MODBUS_MASK_WR_REG,
	MODBUS_RD_WR_MULT_REGS,
	MODBUS_RD_FIFO_QUEUE,
	MODBUS_MEI = 43,
};

enum modbus_access {
	MODBUS_READ = 1,
	MODBUS_WRITE = 2,
	MODBUS_DISCRETES = 4,
	MODBUS_COILS = 8,
	MODBUS_INPUT = 16,
	MODBUS_HOLDING = 32,
	MODBUS_SINGLE = 64,
	MODBUS_MULTIPLE = 128,
	MODBUS_TABLES = MODBUS_DISCRETES | MODBUS_COILS | MODBUS_INPUT | MODBUS_HOLDING,
};

enum modbus_category {
	MODBUS_PUBLIC_ASSIGNED = 1,
	MODBUS_PUBLIC_UNASSIGNED = 2,
	MODBUS_USER_DEFINED = 4,
	MODBUS_RESERVED = 8,
};

enum modbus_error {
	MODBUS_BAD_VALUE = 1,
	MODBUS_BAD_LENGTH = 2,
	MODBUS_BAD_EXCEPTION = 4,
	MODBUS_BAD_FUNCTION = 8,
	MODBUS_BAD_PROTOCOL = 16,
};

enum modbus_form {
	MODBUS_NOTHING,
	MODBUS_BYTES,
	MODBUS_AN_EXCEPTION,  /* code */
	MODBUS_A_DIAGNOSTIC,  /* code, data */
	MODBUS_AN_INTERFACE,  /* code, data */
	MODBUS_READ_REQUEST,  /* address, quantity */
	MODBUS_READ_RESPONSE, /* data */
	MODBUS_WRITE_MANY,    /* write_address, write_quantity, data */
	MODBUS_WRITE_MASK,    /* write_address, and, or */
	MODBUS_WRITE_ONE,     /* write_address, value; the answer to MANY too (value: quantity) */
	MODBUS_READ_WRITE,    /* READ_REQUEST and WRITE_MANY */
};

/* What a message says; `data` lies in its bytes. */
struct modbus_data {
	enum modbus_form form;
	uint16_t code;
	uint16_t address, quantity;
	uint16_t write_address, write_quantity, value, and_mask, or_mask;
	struct slice data;
};

struct modbus_message {
	bool is_there;
	uint16_t id, protocol;
	uint8_t unit, function;
	uint8_t access, category, errors; /* enums above */
	struct kept bytes;		  /* behind the function */
};

struct modbus_tx {
	struct app_tx tx;
	struct modbus_message message[2]; /* by direction */
};

/* Reads `bytes` behind the head in m; sets category and errors. False when it is none. */
bool modbus_read(struct modbus_message *m, enum dir dir, struct slice bytes,
		 struct modbus_data *ret);
/* The same of a message that is kept. */
struct modbus_data modbus_data_of(const struct modbus_message *m, enum dir dir);
/* Whether the message answers the other, or asks for it; sets errors when it does but not well. */
bool modbus_matches(struct modbus_message *m, enum dir dir, const struct modbus_data *d,
		    const struct modbus_message *other);
uint8_t modbus_code(const struct modbus_message *m); /* function without the exception's bit */

/* The keyword (keyword.c). */
void *modbus_compile(struct slice argument, char *why, size_t cap);
bool modbus_match(const struct app_tx *tx, enum dir dir, const void *compiled);

bool modbus_log(const struct app_tx *tx, const void *state, struct record *r);

extern const struct app_proto modbus_proto;
