#include "dataplane/worker/live.h"

#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_ring.h>

#include "dataplane/api/paths.h"
#include "dataplane/base/sandbox.h"
#include "dataplane/worker/files.h"
#include "dataplane/worker/installed.h"
#include "dataplane/worker/live_private.h"
#include "dataplane/worker/stats.h"

static _Atomic bool signalled; /* the one thing a signal handler may touch */

static void on_signal(int number)
{
	(void)number;
	atomic_store(&signalled, true);
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* --- records --- */

static void put_record(void *ctx, struct slice record, enum record_lane lane)
{
	struct live_worker *w = ctx;

	if (!ring_put(w->rings[lane], record))
		w->records_lost++;
}

/* Unique over workers and restarts: microseconds since 1970, shifted by eight bits for the worker,
 * and counted up in steps of 256 (a worker writes fewer than a million records a second). */
static uint64_t first_record_id(unsigned worker)
{
	return live_now_ns() / NS_PER_US << 8 | (worker & 0xff);
}

static int open_rings(struct live_worker *w, struct errmsg *err)
{
	for (unsigned lane = 0; lane < RECORD_LANES; lane++) {
		char path[OPTIONS_TEXT + 32];

		paths_ring(path, sizeof(path), w->live->options->run_folder, lane, w->index);
		w->rings[lane] = ring_create(path, (uint64_t)w->live->options->ring_kb << 10, err);
		if (!w->rings[lane])
			return ERR_IO;
	}
	return ERR_OK;
}

static struct rte_ring *queue(const char *what, unsigned index, unsigned size)
{
	char name[32];

	snprintf(name, sizeof(name), "%s%u", what, index);
	return rte_ring_create(name, size, SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int make_worker(struct live *live, unsigned index, struct errmsg *err)
{
	struct live_worker *w = &live->worker[index];
	struct event_sink sink = {.put = put_record, .ctx = w};
	struct pipeline_config config = live->options->pipeline;
	int rc;

	w->live = live;
	w->index = index;
	config.event.packet_numbers = false;
	config.event.ether = true;
	config.behave.span = BEHAVE_MINUTES; /* the rest runs in banken-control */
	snprintf(config.event.in_iface, sizeof(config.event.in_iface), "%.15s",
		 live->rx.port[0].iface);
	rc = open_rings(w, err);
	if (rc != ERR_OK)
		return rc;
	files_desk_use(live->options, live->desk, index, false, &config);
	config.keeper = live->keeper;
	config.index = index;
	config.warm = LIVE_WARM;
	config.duplicates = live->options->keep_duplicates     ? MIRROR_KEEP
			    : live->options->remove_duplicates ? MIRROR_REMOVE
							       : MIRROR_AUTO;
	w->engine = live->rules.engine;
	atomic_store(&w->next_engine, live->rules.engine);
	w->pipeline = pipeline_new(&config, live->rules.engine, first_record_id(index), &sink, err);
	if (!w->pipeline)
		return ERR_NOMEM;
	w->watch = watch_worker_new(live->watch, index, hash_key_random());
	w->resets = queue("resets", index, LIVE_RESET_QUEUE);
	if (live->distribute) {
		w->in = queue("frames", index, LIVE_QUEUE);
		w->bulk = bulk_new();
	}
	if (!w->watch || !w->resets || (live->distribute && (!w->in || !w->bulk)))
		return errmsg_set(err, ERR_NOMEM, "no memory for worker %u; raise eal.memory-mb",
				  index);
	return ERR_OK;
}

/* --- start --- */

static void choose_cores(struct live *live)
{
	long online = sysconf(_SC_NPROCESSORS_ONLN);

	/* lcore 0 is the main thread; workers follow; the distributor comes last. */
	live->cores[0] =
		(unsigned)((live->options->cores_first + live->workers) % (unsigned long)online);
	for (unsigned i = 0; i <= live->workers; i++)
		live->cores[i + 1] =
			(unsigned)((live->options->cores_first + i) % (unsigned long)online);
}

/* Before all else: what reads files has nothing of the packet path in its memory. It shares the
 * main thread's core. */
static int enter_inspector(void *options, struct errmsg *err)
{
	return live_drop_privileges(((const struct options *)options)->user, err);
}

static int start_inspector(struct live *live, struct errmsg *err)
{
	choose_cores(live);
	return files_inspector_new(live->options, (int)live->cores[0], enter_inspector,
				   &live->inspector, err);
}

static int start_ports(struct live *live, struct errmsg *err)
{
	const struct options *o = live->options;
	struct rx_config config = {
		.devices = o->port_args,
		.device_count = o->port_count_live,
		.response = o->response_port[0] ? o->response_port : NULL,
		.workers = live->workers,
		.threads = live->workers + 1,
		.memory_mb = o->memory_mb,
		.hugepages = o->hugepages,
		.promiscuous = o->promiscuous,
		.verbose = o->eal_verbose,
		.cores = live->cores,
	};
	int rc;

	rc = rx_start(&config, &live->rx, err);
	if (rc != ERR_OK)
		return rc;
	for (unsigned i = 0; i < live->rx.port_count; i++) {
		if (live->workers > 1 && live->rx.port[i].queues < live->workers)
			live->distribute = true;
	}
	return ERR_OK;
}

static int make_folder(const struct options *o, struct errmsg *err)
{
	struct passwd *account = o->user[0] ? getpwnam(o->user) : NULL;

	if (mkdir(o->run_folder, 0770) < 0 && errno != EEXIST)
		return errmsg_set(err, ERR_IO, "run folder %s: cannot be made (%s)", o->run_folder,
				  strerror(errno));
	if (account && getuid() == 0)
		(void)!chown(o->run_folder, account->pw_uid, (gid_t)-1);
	return ERR_OK;
}

static int open_shared(struct live *live, struct errmsg *err)
{
	const char *folder = live->options->run_folder;
	char path[OPTIONS_TEXT + 32];

	paths_file(path, sizeof(path), folder, PATHS_WATCH);
	live->watch = watch_create(path, live->workers, err);
	if (!live->watch)
		return ERR_IO;
	live->mailbox = mailbox_open(folder, true, err);
	return live->mailbox ? ERR_OK : ERR_IO;
}

/* Opened before privileges go, so that the folder can be made; its content belongs to the user. */
static int open_desk(struct live *live, struct errmsg *err)
{
	if (!files_desk_wanted(live->options))
		return ERR_OK;
	live->desk = files_desk_new(live->options, live->options->run_folder, live->workers, false,
				    live->inspector, err);
	return live->desk ? ERR_OK : ERR_INVALID;
}

static int open_stats(struct live *live, struct errmsg *err)
{
	char path[OPTIONS_TEXT + 32];

	live_name_counters(live);
	paths_file(path, sizeof(path), live->options->run_folder, PATHS_STATS);
	live->stats = stats_create(path, live->names, live->name_count, live->workers + 1,
				   BANKEN_VERSION, err);
	return live->stats ? ERR_OK : ERR_IO;
}

static int launch(struct live *live, struct errmsg *err)
{
	for (unsigned i = 0; i < live->workers; i++) {
		if (rte_eal_remote_launch(live_worker_main, &live->worker[i], i + 1) != 0)
			return errmsg_set(err, ERR_IO, "worker %u did not start", i);
	}
	if (live->distribute &&
	    rte_eal_remote_launch(live_distribute_main, live, live->workers + 1) != 0)
		return errmsg_set(err, ERR_IO, "the distributor did not start");
	return ERR_OK;
}

/* From here on only what a packet path asks of the kernel. */
static int confine(struct errmsg *err)
{
	int rc = sandbox_enter(SANDBOX_DATAPLANE, "banken-dataplane", err);

	if (rc != ERR_UNSUPPORTED)
		return rc;
	fprintf(stderr, "banken-dataplane: %s\n", err->text);
	return ERR_OK;
}

/* Before it is read: whatever is installed from now on is another one. */
static void note_installed(struct live *live)
{
	const char *folder = installed_folder(live->options->rules_folder, true);

	if (folder)
		(void)installed_link(folder, live->rules_link);
}

static int start(struct live *live, struct errmsg *err)
{
	int rc = make_folder(live->options, err);

	note_installed(live);
	if (rc == ERR_OK)
		rc = start_inspector(live, err);
	if (rc == ERR_OK)
		rc = ruleset_load(live->options, &live->rules, err);
	if (rc == ERR_OK)
		rc = start_ports(live, err);
	if (rc == ERR_OK)
		rc = open_shared(live, err);
	if (rc == ERR_OK)
		rc = open_desk(live, err);
	if (rc == ERR_OK)
		rc = files_keeper_new(live->options, live->options->run_folder, live->workers,
				      false, live_now_ns(), &live->keeper, err);
	for (unsigned i = 0; i < live->workers && rc == ERR_OK; i++)
		rc = make_worker(live, i, err);
	if (rc == ERR_OK)
		rc = open_stats(live, err);
	if (rc == ERR_OK)
		rc = live_drop_privileges(live->options->user, err);
	if (rc == ERR_OK)
		rc = confine(err);
	if (rc == ERR_OK && live->desk)
		rc = desk_start(live->desk, err);
	if (rc == ERR_OK && live->keeper)
		rc = keeper_start(live->keeper, err);
	if (rc == ERR_OK)
		rc = launch(live, err);
	return rc;
}

static void announce(const struct live *live)
{
	for (unsigned i = 0; i < live->rx.port_count; i++)
		fprintf(stderr, "banken-dataplane: listening on %s%s%s, %u queue%s, %s\n",
			live->rx.port[i].device, live->rx.port[i].iface[0] ? " interface " : "",
			live->rx.port[i].iface, live->rx.port[i].queues,
			live->rx.port[i].queues == 1 ? "" : "s",
			live->rx.port[i].has_tx_queue ? "a TX queue that is never given a frame"
						      : "no TX queue");
	fprintf(stderr, "banken-dataplane: %u worker%s%s, %s, %u rules\n", live->workers,
		live->workers == 1 ? "" : "s", live->distribute ? " behind a distributor" : "",
		live->rx.hugepages ? "huge pages" : "no huge pages", live->rules.loaded);
}

/* DPDK says when its threads have ended, by a plain variable; what they wrote is ours to order. */
static void await_workers(struct live *live)
{
	atomic_store(&live->stop, true);
	rte_eal_mp_wait_lcore();
	for (unsigned i = 0; i < live->workers; i++)
		(void)atomic_load_explicit(&live->worker[i].turns, memory_order_acquire);
	(void)atomic_load_explicit(&live->distributed, memory_order_acquire);
}

static void stop(struct live *live)
{
	await_workers(live);
	desk_stop(live->desk);
	for (unsigned i = 0; i < live->workers; i++) {
		struct live_worker *w = &live->worker[i];

		pipeline_collect(w->pipeline);
	}
	keeper_stop(live->keeper);
	for (unsigned i = 0; i < live->workers; i++) {
		struct live_worker *w = &live->worker[i];

		pipeline_delete(w->pipeline);
		watch_worker_free(w->watch);
		bulk_delete(w->bulk);
		for (unsigned lane = 0; lane < RECORD_LANES; lane++)
			ring_close(w->rings[lane]);
	}
	desk_delete(live->desk);
	inspector_delete(live->inspector);
	keeper_delete(live->keeper);
	free((void *)live->worker[0].next_resets);
	rx_stop(&live->rx);
	stats_close(live->stats);
	watch_close(live->watch);
	mailbox_close(live->mailbox);
	ruleset_free(&live->rules);
	ruleset_free(&live->old_rules);
	lists_close(live->lists);
	if (live->reload) /* nobody waits for rules that nobody will use */
		_exit(0);
}

static void print_profile(const struct live *live)
{
	for (unsigned i = 0; i < live->workers; i++)
		stats_print_profile(stderr, live->worker[i].pipeline);
}

int live_run(const struct options *options, struct errmsg *err)
{
	struct live *live = aligned_alloc(64, sizeof(*live));
	int rc;

	if (!live)
		return errmsg_set(err, ERR_NOMEM, "no memory to start");
	memset(live, 0, sizeof(*live));
	live->options = options;
	live->workers = options->workers < LIVE_WORKERS ? options->workers : LIVE_WORKERS;
	notify_open(&live->notify);
	rc = start(live, err);
	if (rc != ERR_OK)
		return rc; /* the process ends: the system takes back what was opened */
	catch_signals();
	announce(live);
	notify_say(&live->notify, "READY=1\nSTATUS=inspects what its ports receive");
	if (live->rules.skipped || live->rules.failed)
		ruleset_report(&live->rules, stderr, 0);
	while (!atomic_load(&live->stop) && !atomic_load(&signalled))
		live_control_turn(live);
	notify_say(&live->notify, "STOPPING=1");
	if (options->profile) {
		await_workers(live);
		print_profile(live);
	}
	stop(live);
	free(live);
	return ERR_OK;
}
