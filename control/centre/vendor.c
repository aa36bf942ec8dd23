#include "control/centre/vendor.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "control/centre/store/assessments.h"
#include "control/wire/sign.h"
#include "control/wire/text.h"
#include "dataplane/base/clock.h"

enum { ORDER_LIFE_S = 600, LONGEST_M = 43200 };

static int note(struct vendor *v, const char *actor, const char *what, json_t *detail,
		struct errmsg *e)
{
	int rc = audit_append(v->audit, loop_wall(v->loop), actor, what, detail, 0, e);

	json_decref(detail);
	return rc;
}

void vendor_status(struct vendor *v, const char *mitigator, const struct command_status *s)
{
	struct errmsg e = {""};

	log_info(v->log, "%s says of the vendor's order %s: %s: %s", mitigator, s->command_id,
		 command_state_text(s->state), s->reason);
	if (note(v, mitigator, "vendor answer",
		 json_pack("{so ss so}", "command", local_text(s->command_id), "state",
			   command_state_text(s->state), "reason", local_text(s->reason)),
		 &e) < 0)
		log_error(v->log, "%s", e.text);
}

static int fill(const json_t *request, struct quarantine_command *q, uint64_t now, struct errmsg *e)
{
	json_int_t minutes = json_integer_value(json_object_get(request, "minutes"));
	const char *what = text_member(request, "what"), *host = text_member(request, "host");

	if (strcmp(what, "cut") != 0 && strcmp(what, "release") != 0)
		return errmsg_set(e, ERR_INVALID, "\"what\" must be cut or release");
	q->action = what[0] == 'c' ? COMMAND_QUARANTINE : COMMAND_RELEASE;
	if (ip_addr_parse(host, &q->host.ip) < 0 && mac_addr_parse(host, &q->host.mac) < 0)
		return errmsg_set(e, ERR_INVALID, "\"%.60s\" is no address and no MAC", host);
	if (q->action == COMMAND_QUARANTINE && (minutes < 1 || minutes > LONGEST_M))
		return errmsg_set(e, ERR_INVALID,
				  "\"minutes\" must be 1 to %d: a vendor's cut has "
				  "an end",
				  LONGEST_M);
	if (!text_member(request, "reason")[0] || !text_member(request, "mitigator")[0])
		return errmsg_set(e, ERR_INVALID, "\"mitigator\" and \"reason\" are missing");
	q->issued = now;
	q->order_expires = now + ORDER_LIFE_S * NS_PER_SEC;
	q->lease_expires = minutes > 0 ? now + (uint64_t)minutes * NS_PER_MIN : 0;
	return 0;
}

static int send(struct vendor *v, const struct message *msg, const char *to, uint64_t now,
		struct errmsg *e)
{
	struct slice payload;
	int rc = sign_message(v->keys, msg, &payload, e);

	if (rc == 0) {
		rc = spool_put(v->spool, to, LANE_URGENT, payload, now, e);
		payload_free(&payload);
	}
	if (rc == 0)
		link_server_wake(v->server, to);
	return rc;
}

json_t *vendor_do(struct vendor *v, const struct local_peer *peer, const json_t *request,
		  struct errmsg *e)
{
	uint64_t now = loop_wall(v->loop);
	const struct passwd *pw = peer->account ? NULL : getpwuid(peer->uid);
	const char *to = text_member(request, "mitigator");
	struct message msg = {.kind = MESSAGE_COMMAND};
	char id[96], actor[64];

	msg.command = (struct quarantine_command){.cause = COMMAND_CAUSE_VENDOR,
						  .command_id = id,
						  .method = "",
						  .target = to,
						  .reason = text_member(request, "reason"),
						  .threat_id = text_member(request, "threat"),
						  .issuer = tls_keys_identity(v->keys)->name,
						  .actor = actor};
	if (fill(request, &msg.command, now, e) < 0)
		return NULL;
	if (msg.command.action == COMMAND_QUARANTINE &&
	    assessment_allows_cut(v->store, "", to, e) != ERR_OK)
		return NULL;
	snprintf(actor, sizeof(actor), "%s",
		 peer->account ? peer->account
		 : pw	       ? pw->pw_name
			       : "unknown");
	snprintf(id, sizeof(id), "%.40s-v%llu.%llu", msg.command.issuer,
		 (unsigned long long)(now / NS_PER_MS), (unsigned long long)++v->orders);
	/* In the log before it is sent. */
	if (note(v, actor, "vendor order",
		 json_pack("{ss ss so so so}", "command", id, "action",
			   command_action_text(msg.command.action), "mitigator", local_text(to),
			   "host", local_text(text_member(request, "host")), "reason",
			   local_text(msg.command.reason)),
		 e) < 0)
		return NULL;
	if (send(v, &msg, to, now, e) < 0)
		return NULL;
	return json_pack("{sb ss}", "ok", 1, "command_id", id);
}
