#include "control/wire/presence.h"

#include <stdio.h>

static void beat(void *ctx)
{
	struct presence *p = ctx;

	notify_alive(&p->notify, loop_now(p->loop));
	loop_timer_set(p->loop, &p->timer, p->notify.alive_every / 2);
}

void presence_begin(struct presence *p, struct loop *loop, const char *words)
{
	char line[256];

	notify_open(&p->notify);
	p->loop = loop;
	snprintf(line, sizeof(line), "READY=1\nSTATUS=%s", words);
	notify_say(&p->notify, line);
	p->timer = (struct loop_timer){.fn = beat, .ctx = p};
	if (p->notify.alive_every)
		beat(p);
}

void presence_end(struct presence *p)
{
	if (!p->loop)
		return;
	loop_timer_stop(p->loop, &p->timer);
	notify_say(&p->notify, "STOPPING=1");
	notify_close(&p->notify);
	p->loop = NULL;
}
