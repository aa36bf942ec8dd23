/* A control program and the service manager (dataplane/base/notify.h): ready once it serves, a sign
 * of life from its loop as often as it is wanted. A loop that hangs gives none and is restarted. */
#pragma once

#include "control/wire/loop.h"
#include "dataplane/base/notify.h"

struct presence {
	struct notify notify;
	struct loop *loop;
	struct loop_timer timer;
};

/* When everything is open; `words` is what `systemctl status` shows. */
void presence_begin(struct presence *p, struct loop *loop, const char *words);
/* Before the loop goes. Nothing happens when it was never begun (zeroed). */
void presence_end(struct presence *p);
