/* Tells the service manager how we are (sd_notify's protocol): ready, in words, alive. Without one
 * (no NOTIFY_SOCKET) every call does nothing. One thread. */
#pragma once

#include <stdint.h>

struct notify {
	int fd; /* -1: nobody asked */
	/* ns between two signs of life, half of what the manager waits; 0: it does not watch */
	uint64_t alive_every;
	uint64_t alive_next; /* monotonic ns */
};

/* Reads and removes the variables, so that no program started from here speaks for us. Before
 * rights are given up: the socket is opened here. */
void notify_open(struct notify *n);
void notify_close(struct notify *n);

/* One line, e.g. "READY=1", "STATUS=listening on eth1", "STOPPING=1". */
void notify_say(const struct notify *n, const char *line);

/* A sign of life when one is due; the caller calls only while everything turns. */
void notify_alive(struct notify *n, uint64_t now);
