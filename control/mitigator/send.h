/* Orders on their way to drivers. Private to the mitigator's own files. */
#pragma once

#include "control/mitigator/mitigator.h"

enum { SEND_ORDER_LIFE_S = 60 }; /* an order must be begun within; it is repeated with a new life */

struct driver_order send_order_of(const struct mitigator *m, const struct cut *c,
				  enum driver_verb verb, unsigned method);
/* To the method's helper process or peer; when it cannot be sent, the engine hears it is away. */
void send_order(struct mitigator *m, unsigned method, const struct driver_order *o);
void send_to_helper(struct mitigator *m, unsigned method, const struct driver_order *o);
int send_signed(struct mitigator *m, const char *peer, const struct message *msg, struct errmsg *e);
/* What a method answered, within the turn's transaction. */
void send_result(struct mitigator *m, const struct cut_result *r);

/* answers.c: what helpers say; `ctx` is the method. */
void answers_on_helper(void *ctx, uint32_t events);
