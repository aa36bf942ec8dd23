/* What tests of banken-control stand on: a dataplane made of api/, a receiver made of wire/ in a
 * process of its own, and the real program between them. */
#pragma once

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "control/wire/tls.h"
#include "dataplane/api/mailbox.h"
#include "dataplane/api/record.h"
#include "dataplane/api/ring.h"
#include "dataplane/api/stats.h"
#include "dataplane/api/watch.h"

struct harness_site {
	const char *program; /* banken-control */
	char folder[64], rundir[96], statedir[96], db[96], port_file[96];
	struct tls_keys *mitigator, *sensor;
	unsigned port;
	pid_t control, receiver;
	const char *user; /* to become; "" = stay */
	bool centre;	  /* configured, but never there */
};

/* Of the running test; made by harness_set_up. */
extern struct harness_site site;

struct plane {
	struct ring *rings[RECORD_LANES];
	struct stats *stats;
	struct watch *watch;
	struct watch_worker *worker;
	struct mailbox *mailbox;
	uint64_t next_id, next_record;
	unsigned full; /* watches it has no memory for, before it has */
};

int harness_set_up(void **state);
int harness_tear_down(void **state);

uint64_t harness_now_ns(void); /* wall clock */
unsigned harness_random_below(unsigned n);
void harness_sleep_ms(unsigned ms);

/* The dataplane's side; started again it goes on in the same rings. */
void harness_plane_start(struct plane *p);
void harness_plane_stop(struct plane *p);
/* An alert with the next id; false when the ring is full. */
bool harness_put_alert(struct plane *p);
/* A record of about 1 KiB. */
bool harness_put_record(struct plane *p);

void harness_control_start(void);
void harness_kill_and_wait(pid_t *pid, int sig);
/* {"do": what} at control's local socket. */
json_t *harness_ask(const char *what);

/* The receiver: a mitigator that stores what comes in the table arrived (kind, id, sequence). */
void harness_receiver_start(void);
int harness_ask_db(const char *sql);
