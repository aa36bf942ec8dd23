/* banken-control as a whole: what main.c makes and status.c shows. */
#pragma once

#include "control/sensor/conf.h"
#include "control/sensor/deployed.h"
#include "control/sensor/drain.h"
#include "control/sensor/health.h"
#include "control/sensor/orders.h"
#include "control/sensor/steer.h"
#include "control/wire/local.h"
#include "control/wire/presence.h"

struct control {
	const struct conf *conf;
	const struct log *log;
	struct loop *loop;
	struct presence presence;
	struct tls_keys *keys;
	struct spool *spool;
	struct outbox outbox;
	struct hosts *hosts;
	struct convert *convert;
	struct evelog *evelog;
	const struct forward_ways *ways; /* outlive it */
	struct forward *forward;	 /* NULL: alerts go nowhere else */
	struct recent *recent;
	struct search *search; /* NULL: records are not kept */
	struct site *site;     /* NULL: nothing is proposed */
	struct memory *memory; /* NULL: nothing looks back for hours */
	struct drain *drain;
	struct health *health;
	struct samples *samples; /* NULL: no custody log, nothing leaves */
	struct orders *orders;
	struct steer *steer;
	struct helper bundles; /* the process that installs them */
	struct deployed *deployed;
	struct firmware *firmware; /* NULL: this box takes none */
	const struct steer_try *try;
	bool again; /* to be started again with another configuration */
	struct local_server *local;
	struct loop_timer health_timer;
	uint16_t vlans[64]; /* conf->vlans as numbers */
	bool stopped_by_signal;
};

/* Everything that runs; stops with a sentence. Undone by control_stop, also when it failed. */
int control_start(struct control *c, struct errmsg *e);
void control_stop(struct control *c);

/* The local socket's commands (status.c). */
extern const struct local_command control_commands[];
extern const size_t control_n_commands;
