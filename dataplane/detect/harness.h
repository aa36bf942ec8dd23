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
struct harness *harness_new_file(const char *path, struct errmsg *err);
void harness_delete(struct harness *h);
/* An Ethernet frame. */
void harness_frame(struct harness *h, const uint8_t *frame, uint32_t len, uint64_t now_ns);
/* All frames of a capture; ERR_IO with a sentence. */
int harness_capture(struct harness *h, const char *path, struct errmsg *err);
/* Ends all flows. */
void harness_end(struct harness *h);

uint32_t harness_alerts(const struct harness *h, const struct harness_alert **ret);
/* How often the rule alerted so far. */
uint32_t harness_count(const struct harness *h, uint32_t sid);
/* Rules that are evaluated; problems and skips as text into `ret` (one a line). */
uint32_t harness_loaded(const struct harness *h, char *ret, size_t cap);
struct detector *harness_detector(struct harness *h);
