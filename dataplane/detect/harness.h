/* For tests: rules from text, packets from a capture or from memory, through decode, flow, stream,
 * app and detection as a worker would run them; alerts are kept in a list. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/detect/detect.h"

struct harness;

struct harness_alert {
	uint32_t sid;
	uint8_t action;
	uint8_t where;
	uint64_t packet; /* number of the frame, 1-based */
	int64_t tx;	 /* -1: none */
};

/* `rules`: text of any number of rules. NULL with a sentence. */
struct harness *harness_new(const char *rules, struct errmsg *err);
/* With keywords of later releases too when `lang` is 8. */
struct harness *harness_new_lang(const char *rules, uint8_t lang, struct errmsg *err);
struct harness *harness_new_file(const char *path, struct errmsg *err);
void harness_delete(struct harness *h);
/* Empty flows, state and alerts, the same rules. */
bool harness_restart(struct harness *h);
/* An Ethernet frame. */
void harness_frame(struct harness *h, const uint8_t *frame, uint32_t len, uint64_t now_ns);
/* All frames of a capture; ERR_IO with a sentence. */
int harness_capture(struct harness *h, const char *path, struct errmsg *err);
/* Conversations: client 10.0.0.1, server 10.0.0.2, a packet every millisecond. Change the fields
 * between calls for odd packets. */
struct talk {
	uint16_t cport, sport;
	uint32_t seq[2]; /* next of each direction */
	uint8_t ttl, tos;
	uint16_t id, window, frag; /* frag: flags and offset as in the header */
	uint16_t mss;		   /* in SYNs, 0 = no option */
	bool v6;
};

struct talk talk_new(uint16_t server_port);
void talk_tcp(struct harness *h, struct talk *t, enum dir dir, uint8_t flags, const char *data,
	      size_t len);
void talk_open(struct harness *h, struct talk *t); /* the handshake */
/* Data and the other side's acknowledgement. */
void talk_send(struct harness *h, struct talk *t, enum dir dir, const char *data, size_t len);
void talk_text(struct harness *h, struct talk *t, enum dir dir, const char *text);
void talk_close(struct harness *h, struct talk *t);
void talk_udp(struct harness *h, struct talk *t, enum dir dir, const char *data, size_t len);
void talk_icmp(struct harness *h, struct talk *t, enum dir dir, uint8_t type, uint8_t code,
	       uint16_t id, uint16_t seq, const char *data, size_t len);
void talk_pause(struct harness *h, uint64_t ns);
/* Time of the last frame. */
uint64_t harness_now(const struct harness *h);

/* Ends all flows. */
void harness_end(struct harness *h);

uint32_t harness_alerts(const struct harness *h, const struct harness_alert **ret);
/* How often the rule alerted so far. */
uint32_t harness_count(const struct harness *h, uint32_t sid);
/* Rules that are evaluated; problems and skips as text into `ret` (one a line). */
uint32_t harness_loaded(const struct harness *h, char *ret, size_t cap);
/* A loaded rule; NULL when there is none of that sid. */
const struct rule *harness_rule(const struct harness *h, uint32_t sid);
struct detector *harness_detector(struct harness *h);
