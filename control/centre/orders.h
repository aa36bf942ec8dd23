/* What people ask sites to do. The centre signs it and says whose account it was; the site's
 * mitigator decides by the mandate that lies there, and answers. The vendor's cuts and releases go
 * their own way (vendor.h); in a demonstration a made-up site answers. */
#pragma once

#include "control/centre/store/orders.h"

struct centre;

/* In the audit and the store before it is sent. `o`: id, time are filled in here; `ret_id` gets the
 * id. ERR_IO with a sentence when it could not be laid down. */
enum { ORDER_ID = 96 };
int centre_order(struct centre *c, struct store_order *o, char ret_id[ORDER_ID], struct errmsg *e);
/* A mitigator's answer. */
void centre_answered(struct centre *c, const char *mitigator, const struct command_status *s);
