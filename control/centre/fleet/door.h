/* The door for boxes without a certificate: connections that the link's server gives away (tls.h,
 * TLS_STRANGERS). Each may ask one question of at most ENROL_FRAME_MAX bytes, gets one answer, and
 * is gone after DOOR_SECONDS whatever it does. One thread. */
#pragma once

#include "control/centre/fleet/enrol.h"
#include "control/wire/loop.h"

enum { DOOR_GUESTS = 64, DOOR_SECONDS = 10 };

struct door;

struct door_setup {
	struct loop *loop;
	const struct log *log;
	struct enrol *enrol;
	/* A certificate was given: others may hold no more. */
	void (*given)(void *ctx);
	void *ctx;
};

struct door *door_new(const struct door_setup *setup, struct errmsg *e);
void door_delete(struct door *d);
/* Takes the connection, whose handshake is done. */
void door_guest(struct door *d, struct tls_conn *conn, const char *where);
unsigned door_guests(const struct door *d);
