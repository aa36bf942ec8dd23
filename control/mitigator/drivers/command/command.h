/* The operator's own command: gets one JSON object on standard input, answers one on standard
 * output, without a shell, within a time. Runs with the mitigator's rights and no more.
 *
 * In:  {"verb":"apply"|"release"|"list", "cut":17, "command_id":"...", "mac":"..", "ips":[..],
 *       "vlan":0, "switch":"..", "port":"..", "exempt":["10.0.0.5/32"], "lease_expires":0,
 *       "cause":"threat", "threat_id":"..", "reason":".."}
 * Out: {"ok":true, "text":"..", "drops":12}, for list also "held":[{"cut":17,"drops":12}] */
#pragma once

#include "control/mitigator/drivers/driver.h"

extern const struct driver_desc driver_command;

enum { COMMAND_TEXT_MAX = 64 * 1024 };

/* The order as JSON; bytes without the NUL, or ERR_LIMIT. */
long command_order_write(const struct driver_order *o, char *ret, size_t cap);
/* Reads the program's answer into outcome, text, drops and held items. ERR_INVALID with a
 * sentence when it is not what is written above. */
int command_answer_read(const char *text, size_t n, struct driver_answer *ret, struct errmsg *e);
