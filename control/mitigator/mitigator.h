/* banken-mitigator: one thread, one loop. Sensors and enforcers come in by the link server, the
 * centre is dialled, drivers that need rights are helper processes. What is decided is stored
 * within the turn and acts after its commit. */
#pragma once

#include <sqlite3.h>

#include "control/api/server.h"
#include "control/helper/helper.h"
#include "control/mitigator/decide.h"
#include "control/mitigator/drivers/driver.h"
#include "control/mitigator/settings.h"
#include "control/wire/box.h"
#include "control/wire/zone.h"
#include "control/wire/audit.h"
#include "control/wire/link.h"
#include "control/wire/local.h"
#include "control/wire/presence.h"
#include "control/wire/room.h"

struct cut_store;
struct recover;
struct openc2_consumer;
struct pages;
struct peers;

enum {
	MITIGATOR_PORTS = 65536, /* MACs of one switch's table */
	MITIGATOR_DIRTY = 4096,	 /* changed things told to the centre at once */
	MITIGATOR_SENSORS = 256, /* connected ones that are given orders */
	MITIGATOR_STORIES = 60,	 /* incidents told in one message: some 40 KiB each at most */
};

/* Where a MAC is, and when (monotonic) the switch said so last. */
struct known_port {
	struct driver_port at;
	uint64_t seen;
};

/* One configured driver at work. */
struct method {
	struct mitigator *owner;
	struct driver_config config;
	const struct driver_desc *desc;
	struct helper helper;		  /* HELPER only */
	uint64_t list_asked, ports_asked; /* monotonic; 0: nothing is awaited */
	uint64_t list_next, ports_next;
	uint64_t look_next;	  /* it is asked though it holds nothing: is it there? */
	struct driver_held *held; /* gathered until the last packet */
	unsigned held_n, held_cap;
	struct known_port *ports, *ports_new; /* the first sorted by MAC */
	unsigned ports_n, ports_new_n;
	uint64_t moves;
	bool moves_known, away, listed;
};

/* Ids of what changed since the centre was told last. */
struct dirty {
	uint64_t cuts[MITIGATOR_DIRTY];
	uint64_t hosts[MITIGATOR_DIRTY];
	uint64_t incidents[MITIGATOR_DIRTY]; /* the first MITIGATOR_STORIES go with a message */
	unsigned cuts_n, hosts_n, incidents_n;
	bool everything, state; /* state: what is of the mitigator itself */
};

/* What of a policy is not its text's own. */
struct policy_over {
	/* Numbers of those exceptions that people made here; 0: the policy's own. */
	int64_t exceptions[POLICY_EXCEPTIONS];
	uint64_t modes; /* bits of the scopes whose mode a person set */
	bool edited;	/* the text is of the pages, not of the file */
};

struct mitigator {
	struct settings settings;
	struct zone zone; /* of the times in sentences */
	struct log log;
	struct loop *loop;
	struct presence presence;
	struct tls_keys *keys;
	const char *name; /* ours, in our certificate */
	sqlite3 *db;
	bool in_transaction, stopping;
	uint64_t outbox_done; /* rows up to this one are in the spool */
	struct spool *spool;
	struct audit *audit;			       /* state-folder/audit.log */
	uint64_t except_day, except_rows, except_lost; /* of the 30 days' alerts */
	bool audit_failed;			       /* told once */
	bool turn_broken; /* something that belongs to this turn is not stored: nothing of it may be
			   */
	struct {
		bool by_file, by_word;
		char actor[64], reason[256]; /* of the word */
	} stop;				     /* the kill switch */
	int64_t clock_offset;		     /* wall less monotonic, as of the last look */
	int lock;			     /* on the state folder */
	struct recover *recover;	     /* NULL: no playbook */
	uint64_t audit_next, audit_told;     /* monotonic; lines of the head that the centre has */
	uint64_t undo_next;		     /* monotonic, of a look for lists that nobody needs */
	uint64_t mandate_look, mandate_told; /* monotonic; what the centre knows of it */
	uint64_t policy_told;		     /* likewise */
	uint64_t vendor_look;		     /* monotonic, at the mandate */
	struct room room;		     /* kept on the disk for when it is full */
	struct link_server *server;
	struct link *centre;
	struct box *box; /* what the centre steers (steer.c) */
	int own_log_level;
	uint64_t own_ports_every; /* as our own configuration has it */
	struct local_server *local;
	struct receiver *external; /* NULL: nothing else reports here */
	struct openc2_consumer *openc2;
	struct pages *pages;	 /* NULL: not started */
	struct peers *peers;	 /* who was connected */
	struct policy_over over; /* of the policy in force */
	struct helper notify;	 /* fd -1: no channel */
	char undo_folder[512];

	struct policy *policy;
	struct decide decide;
	struct cut_store *store;
	struct cut_method cut_methods[CUT_METHODS];
	struct method methods[DRIVERS_MAX];
	struct driver_answer *answer; /* room for one packet of a helper */
	unsigned methods_n;

	struct dirty dirty;
	uint64_t told, started; /* wall */
	uint64_t next_tick;	/* monotonic, of decide_tick */
	struct loop_timer timer;
	struct {
		uint64_t reports, doubles, malformed, statuses, watches, commits, failures;
	} count;
};

struct cut_now mitigator_now(const struct mitigator *m);
/* Opens the turn's transaction unless it is open. */
int mitigator_begin(struct mitigator *m, struct errmsg *e);
/* Commits it and carries out what was stored. On failure everything of the turn is forgotten. */
int mitigator_commit(struct mitigator *m, struct errmsg *e);

/* ingest.c */
struct link_ops ingest_server_ops(struct mitigator *m);
/* steer.c: an enforcer asks for its next certificate. */
void steer_relay(struct mitigator *m, const struct enrol_request *q, const struct identity *peer);
struct link_ops ingest_centre_ops(struct mitigator *m);

/* orders.c: the cuts' sink and what drivers answer */
struct cut_sink orders_sink(struct mitigator *m);
int orders_start(struct mitigator *m, struct errmsg *e); /* forks the helpers */
int orders_attach(struct mitigator *m, struct errmsg *e);
void orders_stop(struct mitigator *m);
void orders_tick(struct mitigator *m);
/* A status of an enforcer or sensor. */
void orders_status(struct mitigator *m, const struct command_status *s,
		   const struct identity *peer);
/* The enforcer is back: what it should hold is ordered again. */
void orders_peer_up(struct mitigator *m, const struct identity *peer);
/* ports.c: one packet of a port table */
void ports_answer(struct mitigator *m, unsigned i, const struct driver_answer *a);
struct port_facts orders_port(void *ctx, const struct cut_target *t);

/* tell.c: events, judgements, messages to people, state for the centre */
int tell_open(struct mitigator *m, struct errmsg *e);
struct decide_sink tell_sink(struct mitigator *m);
void tell_event(struct mitigator *m, const struct event *ev);
void tell_cut_event(struct mitigator *m, const struct cut *c); /* 1190 */
void tell_cut_changed(struct mitigator *m, const struct cut *c, enum cut_state from);
void tell_host_changed(struct mitigator *m, const struct host *h);
void tell_incident_changed(struct mitigator *m, const struct incident *i);
void tell_people(struct mitigator *m, const char *kind, const struct cut *c, const char *text);
/* Anything for the centre, within the transaction; nothing without a centre. */
void tell_centre(struct mitigator *m, const struct message *msg);
/* steer.c: certificate, trust and settings by the centre. */
int steer_start(struct mitigator *m, struct errmsg *e);
void steer_passing(void *ctx, const struct identity *peer, struct slice payload);
/* Moves the outbox into the spool, after the commit. */
void tell_outbox(struct mitigator *m);
void tell_state(struct mitigator *m, bool full);

/* "pc-12 (10.0.0.5)"; `id` when h is NULL. Returns ret. */
const char *host_display(const struct host *h, const char *id, char *ret, size_t cap);

/* audit.c: who did what, within the turn's transaction; into the log after its commit, so that
 * nothing is in it that was not stored, and nothing is missing. `detail` is taken. */
int audit_start(struct mitigator *m, struct errmsg *e);
void audit_note(struct mitigator *m, const char *actor, const char *what, json_t *detail);
void audit_flush(struct mitigator *m);
void audit_tick(struct mitigator *m);
json_t *audit_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e);

/* state.c: what the centre is told */
int state_message(struct mitigator *m, bool full, struct slice *ret, struct errmsg *e);

/* undo.c */
void undo_keep(struct mitigator *m, const struct cut *c);
/* Now and then: the oldest lists go when there are too many, none of a threat that still cuts. */
void undo_tick(struct mitigator *m);
/* Answers on the local socket. */
json_t *undo_do_lists(void *ctx, const struct local_peer *peer, const json_t *request,
		      struct errmsg *e);
json_t *undo_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e);
json_t *undo_do_permissions(void *ctx, const struct local_peer *peer, const json_t *request,
			    struct errmsg *e);
json_t *undo_do_restore(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);

/* act.c: actions by hand, and those that waited (P11) */
json_t *act_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e);
json_t *act_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e);

/* collect.c: carved files that sensors hand over on a person's instruction (E4) */
struct collect_wish {
	const char *sha256;
	const char *types;  /* with blanks between; "": what the sensor lets leave */
	const char *sensor; /* "": all are asked */
	const char *actor, *reason;
};
int collect_start(struct mitigator *m, struct errmsg *e);
/* Within the turn's transaction. ret_id: of the order. */
int collect_sample(struct mitigator *m, const struct collect_wish *w, char ret_id[96],
		   struct errmsg *e);
/* True when it answers such an order. */
bool collect_status(struct mitigator *m, const struct command_status *s,
		    const struct identity *peer);
void collect_part(struct mitigator *m, const struct sample_part *p, const struct identity *peer);
json_t *collect_do(void *ctx, const struct local_peer *peer, const json_t *request,
		   struct errmsg *e);
json_t *collect_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);

/* except.c: what exceptions do and would do (P9) */
int except_start(struct mitigator *m, struct errmsg *e);
/* Every alert is noted by day, rule, addresses and sensor, for a preview over 30 days. */
void except_note(struct mitigator *m, const struct alert *a, const char *sensor);
json_t *except_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e);
json_t *except_do_preview(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e);

/* local.c: the kernel says who asks; what the request says of it is only added. */
void local_actor(const struct local_peer *peer, const json_t *request, char *ret, size_t cap);

/* stop.c: the kill switch, and a clock that was set; within a turn */
int stop_start(struct mitigator *m, struct errmsg *e);
void stop_look(struct mitigator *m);
void clock_look(struct mitigator *m);
json_t *stop_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e);

/* own.c: our own addresses are protected (Q6) */
int own_start(struct mitigator *m, struct errmsg *e);
void own_protect(struct mitigator *m);
void own_peer(struct mitigator *m, const struct protect_entry *p);

/* recover.c: tasks of dangerous incidents (Q12); nothing happens without a playbook */
int recover_helpers(struct mitigator *m, struct errmsg *e); /* before the rights go */
int recover_start(struct mitigator *m, struct errmsg *e);
int recover_reload(struct mitigator *m, struct errmsg *e);
void recover_stop(struct mitigator *m);
void recover_tick(struct mitigator *m);
bool recover_failed(struct mitigator *m);
void recover_effects(struct mitigator *m); /* after the commit */
/* It opened or went on; `asked`: somebody wants its tasks whatever its level. */
void recover_incident(struct mitigator *m, const struct incident *i, bool asked);
/* A person has a sample of the host's incident collected, of these types of files (E4). `ret`:
 * which task. 0 or a sentence. */
int recover_collect(struct mitigator *m, const char *host, const char *types, const char *actor,
		    const char *reason, char *ret, size_t cap, struct errmsg *e);
json_t *recover_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);
json_t *recover_do_change(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e);

/* care.c: after-care (Q14): the host is watched more closely from now on, and what was found in the
 * incident is offered to the fleet. `incident` 0: its last one. */
void care_after(struct mitigator *m, const char *host_id, uint64_t incident, const char *why);
int care_start(struct mitigator *m, struct errmsg *e);
json_t *care_do_watched(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);
json_t *care_do_proposals(void *ctx, const struct local_peer *peer, const json_t *request,
			  struct errmsg *e);

/* vendor.c: orders of the centre, within the customer's mandate (Q13) */
int vendor_start(struct mitigator *m, struct errmsg *e);
void vendor_order(struct mitigator *m, const struct message *msg, const char *peer);
void vendor_tick(struct mitigator *m);
/* remote.c: what people ask for at the centre's pages */
int remote_start(struct mitigator *m, struct errmsg *e);
void remote_order(struct mitigator *m, const struct message *msg, const char *peer);
void remote_tick(struct mitigator *m);
json_t *vendor_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e);

/* coverage.c: which networks and hosts the sensors see */
json_t *coverage_json(struct mitigator *m);

/* ordered.c: orders of other systems (OpenC2); the table is for the program's API */
int ordered_start(struct mitigator *m, struct errmsg *e);
void ordered_stop(struct mitigator *m);
void ordered_tick(struct mitigator *m); /* within the turn's transaction */
struct api_table ordered_routes(struct mitigator *m);

/* outside.c: detections of other products */
int outside_listen(struct mitigator *m, struct errmsg *e);

/* change.c: what people change while it runs, laid over the policy */
int change_start(struct mitigator *m, struct errmsg *e);
/* Lays it over `p`; `ret` says what of it is theirs. */
int change_apply(struct mitigator *m, struct policy *p, struct policy_over *ret, struct errmsg *e);
json_t *change_do_except(void *ctx, const struct local_peer *peer, const json_t *request,
			 struct errmsg *e);
json_t *change_do_except_end(void *ctx, const struct local_peer *peer, const json_t *request,
			     struct errmsg *e);
json_t *change_do_mode(void *ctx, const struct local_peer *peer, const json_t *request,
		       struct errmsg *e);
json_t *change_do_modes(void *ctx, const struct local_peer *peer, const json_t *request,
			struct errmsg *e);

/* edit.c: the policy as people edit it at the pages, in place of the file */
int edit_start(struct mitigator *m, struct errmsg *e);
/* The one that is to hold: the latest edition, else the file. NULL with a sentence; never another
 * than is to hold, except where that was so at the start (edit_recover). */
struct policy *edit_policy(struct mitigator *m, bool *ret_edited, struct errmsg *e);
/* At the start: in place of the file that was read, unless it is not understood any more. */
struct policy *edit_recover(struct mitigator *m);
json_t *edit_do_put(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e);
json_t *edit_do_back(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e);
json_t *edit_do_list(void *ctx, const struct local_peer *peer, const json_t *request,
		     struct errmsg *e);

/* peers.c: who is connected, what sensors say of themselves, how the drivers are */
int peers_start(struct mitigator *m, struct errmsg *e);
void peers_stop(struct mitigator *m);
void peers_note(struct mitigator *m, const struct identity *who, bool up, const char *sentence);
void peers_health(struct mitigator *m, const char *name, const struct sensor_health *h);
json_t *peers_drivers(struct mitigator *m);
json_t *peers_do(void *ctx, const struct local_peer *peer, const json_t *request, struct errmsg *e);

/* api/people.c: accounts of the pages, from the machine itself */
json_t *accounts_do(void *ctx, const struct local_peer *peer, const json_t *request,
		    struct errmsg *e);

/* local.c: the same commands for the pages, `peer` with an account; NULL with a sentence. */
json_t *local_do(struct mitigator *m, const char *name, const struct local_peer *peer,
		 const json_t *request, struct errmsg *e);
int local_listen(struct mitigator *m, struct errmsg *e);

/* adopt.c: a policy comes in force together with what is stored of it, or neither */
struct adoption {
	const char *actor;
	struct policy *policy; /* adopt_policy's from then on; NULL: it was refused (e says why) */
	bool edited;
	/* What is stored with it, within the transaction; NULL: nothing. */
	int (*store)(struct mitigator *m, const void *ctx, struct errmsg *e);
	const void *ctx;
};
int adopt_policy(struct mitigator *m, const struct adoption *a, struct errmsg *e);
/* As stored and written, again. On failure the one before stays. */
int adopt_again(struct mitigator *m, const char *actor, struct errmsg *e);
/* What is said against the policy in force, into the log. */
void adopt_report(struct mitigator *m);
/* At the start, over what was read. */
int adopt_recover(struct mitigator *m, struct errmsg *e);

/* database.c: statements of the turn's transaction; NULL and ERR_IO with a sentence */
sqlite3_stmt *database_prepare(struct mitigator *m, const char *sql, struct errmsg *e);
/* Texts as the first arguments, up to NULL. `s` may be NULL. */
void database_texts(sqlite3_stmt *s, const char *const *texts);
/* Runs a statement that gives nothing back, and frees it. `s` may be NULL: it was refused. */
int database_run(struct mitigator *m, sqlite3_stmt *s, struct errmsg *e);
/* Runs one or several without arguments. */
int database_do(struct mitigator *m, const char *sql, struct errmsg *e);
