/* What orders.c and orders_watch.c share. Private to this folder. */
#pragma once

#include "control/sensor/orders.h"
#include "dataplane/api/mailbox.h"
#include "dataplane/api/watch.h"

enum orders_limits {
	ORDERS_RESULT_MS = 200,
	ORDERS_POST_AGAIN = 10, /* results until a watch that did not begin is posted again */
	ORDERS_ID_MAX = 128,
	ORDERS_PENDING = 64,	 /* orders whose answer is awaited */
	ORDERS_REMEMBERED = 256, /* ids of resets already done */
	ORDERS_SKEW_SECONDS = 300,
	ORDERS_ANSWER_SECONDS = 15, /* the dataplane's time for an answer */
};

struct watching {
	char command_id[ORDERS_ID_MAX]; /* "" = free */
	struct mailbox_message order;
	struct host_ident host;	 /* without texts */
	uint64_t since, expires; /* wall clock */
	uint32_t number;
	char refused[MAILBOX_SENTENCE]; /* by the dataplane */
};

struct pending {
	uint64_t id;			/* of the mailbox; 0 = free */
	char command_id[ORDERS_ID_MAX]; /* "" = a reload or a watch */
	struct host_ident host;
	unsigned slot;	   /* WATCH_SLOTS: no watch */
	uint64_t watch_id; /* by then the slot may be another's */
	uint64_t posted;   /* monotonic */
};

struct orders {
	struct orders_setup setup;
	struct mailbox *mailbox;
	struct watch_reader *reader;
	struct loop_timer timer;
	struct watching watches[WATCH_SLOTS];
	struct pending pending[ORDERS_PENDING];
	char done[ORDERS_REMEMBERED][ORDERS_ID_MAX];
	unsigned next_pending, next_done;
	uint64_t generation; /* of the dataplane that has our watches */
	uint64_t refused;
	char reload[MAILBOX_SENTENCE];
};

/* orders.c */
void orders_copy_id(char ret[ORDERS_ID_MAX], const char *id);
/* Only what has no text: texts belong to the message. */
struct host_ident orders_bare(const struct host_ident *h);
void orders_refuse(struct orders *o, const char *command_id, const struct host_ident *host,
		   const char *reason);
/* Into the mailbox; its answer comes back under `command_id` or to the watch in `slot`
 * (WATCH_SLOTS: none). ERR_AGAIN when the dataplane does not read. */
int orders_post(struct orders *o, struct mailbox_message *m, const char *command_id,
		const struct host_ident *host, unsigned slot);
/* Checks an order and carries it out; also when it is taken up again after a restart. */
void orders_take(struct orders *o, const struct message *m);

/* orders_watch.c */
void orders_watch_take(struct orders *o, const struct watch_order *order);
/* Keeps the order for a restart of control if it is being carried out. */
void orders_watch_keep(struct orders *o, const struct watch_order *order, struct slice payload);
/* Takes the kept ones up again. */
void orders_watch_resume(struct orders *o);
/* Every 200 ms: results out, ended ones ended. True while any is running. */
bool orders_watch_tick(struct orders *o);
json_t *orders_watch_json(const struct orders *o);
