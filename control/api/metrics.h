/* The answer to GET metrics: the program's status as Prometheus reads it. Loop thread. */
#pragma once

#include "control/api/route.h"

/* `status` is taken; NULL = the program does not tell. ERR_NOMEM. */
int api_metrics(const char *program, json_t *status, struct api_answer *ret);
