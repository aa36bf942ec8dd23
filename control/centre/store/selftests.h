/* The daily end-to-end self-test in the store (C4): a run for each sensor, from the order to the
 * mail that arrived. Its alert is never an alert of the reports. Times are ns since 1970. */
#pragma once

#include "control/centre/store/emergencies.h"

#define SELF_TEST_CUSTOMER "(self-test)" /* whose recipient the mailbox is; nobody else is told */

enum self_test_state {
	SELF_TEST_ORDERED,
	SELF_TEST_ALERTED, /* its alert is stored here; the mail is on its way */
	SELF_TEST_ARRIVED, /* the whole way */
	SELF_TEST_MISSED,  /* late */
};

struct self_test {
	char id[64]; /* random: only who got the mail knows it */
	char sensor[64], site[128];
	uint32_t number;
	uint64_t ordered, seen, alerted, arrived; /* `seen`: by the sensor's clock */
	enum self_test_state state;
};

int self_tests_open(struct store *s, struct errmsg *err);

/* The sensor that is here and was tested longest ago, if before `before`: 1, or 0. */
int self_test_due(struct store *s, uint64_t before, struct self_test *ret, struct errmsg *err);
bool self_test_is_up(struct store *s, const char *sensor);
/* It is ordered; within store_begin and store_commit. */
int self_test_begin(struct store *s, const struct self_test *t, struct errmsg *err);
/* The runs that the sensor may still be told of and that `holder` has not sent: the next one behind
 * `after` ("" at first) by its id. 1, or 0. */
int self_test_to_carry(struct store *s, const char *holder, const char *after, uint64_t since,
		       struct self_test *ret, struct errmsg *err);
/* `holder` has sent it: of centres beside each other the one that the sensor is connected to. */
int self_test_carried(struct store *s, const char *holder, const struct self_test *t,
		      struct errmsg *err);
/* Its alert came: raises the message to the mailbox; with `store_alert`'s transaction. */
int self_test_alert(struct store *s, const char *sensor, const struct alert *a, uint64_t now,
		    struct errmsg *err);
/* The mail came: 1 when such a run waited for it. Without a mailbox (`id` NULL) every run ends with
 * its alert. */
int self_test_arrived(struct store *s, const char *id, uint64_t now, struct errmsg *err);
/* Runs ordered before `before` that have not ended are missed; the first of them. How many. */
int self_test_miss(struct store *s, uint64_t before, uint64_t now, struct self_test *ret,
		   struct errmsg *err);
/* Sensors whose last run is missed. */
int self_tests_missed(struct store *s, struct self_test *ret, unsigned most, struct errmsg *err);
/* Newest first. */
json_t *self_test_list(struct store *s, const char *customer, unsigned most);
/* Who gets the mails: the one address; "" = none. */
int self_test_mailbox(struct store *s, const char *address, struct errmsg *err);
