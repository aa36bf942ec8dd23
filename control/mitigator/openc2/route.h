/* The consumer's place in a program's HTTP API (HTTPS transfer 1.1, 3.2.2): POST
 * /.well-known/openc2, by an account's token. */
#pragma once

#include "control/api/server.h"
#include "control/mitigator/openc2/consumer.h"

struct api_table openc2_api_table(struct openc2_consumer *c);
