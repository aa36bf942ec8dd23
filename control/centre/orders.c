#include "control/centre/orders.h"

#include <string.h>

#include "control/centre/api/pages.h"
#include "control/centre/centre.h"
#include "control/centre/demo/demo.h"
#include "control/centre/store/assessments.h"
#include "control/wire/sign.h"
#include "dataplane/base/clock.h"

enum { ORDER_LIFE_S = 600 };

static int note(struct centre *c, const struct store_order *o, struct errmsg *e)
{
	char owner[64];

	store_site_owner(c->store, o->site, owner);
	return pages_audit(c, o->account, owner, "order",
			   json_pack("{ss so so so so so}", "order", o->id, "site",
				     local_text(o->site), "act", local_text(o->act), "of",
				     local_text(o->customer[0] ? o->customer : "the vendor"),
				     "about", local_text(o->subject), "reason",
				     local_text(o->reason)),
			   e);
}

static int send(struct centre *c, const struct store_order *o, struct errmsg *e)
{
	struct message msg = {.kind = MESSAGE_PERSON_ORDER};
	struct slice payload;
	int rc;

	msg.person_order = (struct person_order){
		.id = o->id,
		.target = o->mitigator,
		.customer = o->customer,
		.account = o->account,
		.act = o->act,
		.subject = o->subject,
		.body = o->body,
		.reason = o->reason,
		.issued = o->time,
		.expires = o->time + ORDER_LIFE_S * NS_PER_SEC,
	};
	rc = sign_message(c->keys, &msg, &payload, e);
	if (rc < 0)
		return rc;
	rc = spool_put(c->spool, o->mitigator, LANE_URGENT, payload, o->time, e);
	payload_free(&payload);
	if (rc == 0)
		link_server_wake(c->server, o->mitigator);
	return rc;
}

int centre_order(struct centre *c, struct store_order *o, char ret_id[ORDER_ID], struct errmsg *e)
{
	int rc = c->is_demo || strcmp(o->act, "approve") != 0
			 ? ERR_OK
			 : assessment_allows_cut(c->store, o->site, o->mitigator, e);

	if (rc != ERR_OK)
		return rc;
	o->time = loop_wall(c->loop);
	snprintf(ret_id, ORDER_ID, "%.40s-o%llu.%llu",
		 c->keys ? tls_keys_identity(c->keys)->name : "demo",
		 (unsigned long long)(o->time / NS_PER_MS), (unsigned long long)++c->orders);
	o->id = ret_id;
	rc = note(c, o, e);
	rc = rc < 0 ? rc : store_order_put(c->store, o, e);
	if (rc < 0)
		return ERR_IO;
	return c->is_demo ? demo_obey(c, o, e) : send(c, o, e);
}

void centre_answered(struct centre *c, const char *mitigator, const struct command_status *s)
{
	struct errmsg e = {""};
	char customer[64];
	int rc = store_order_answered(c->store, mitigator, s, customer, &e);

	if (rc < 0)
		log_error(&c->log, "%s", e.text);
	if (rc <= 0)
		return;
	log_info(&c->log, "%s says of the order %s: %s: %s", mitigator, s->command_id,
		 command_state_text(s->state), s->reason);
	pages_audit(c, mitigator, customer, "order answered",
		    json_pack("{so ss so}", "order", local_text(s->command_id), "state",
			      command_state_text(s->state), "answer", local_text(s->reason)),
		    &e);
	pages_changed(c, customer, "orders");
}
