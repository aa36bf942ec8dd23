#include "control/mitigator/openc2/route.h"

#include <string.h>

/* A browser's session is no answer to who asks: a page of somebody else could use it. A token is;
 * where certificates are asked for, the certificate is, and a token besides must be the same
 * account's. */
static struct api_who who_asks(const struct api_request *q)
{
	static const struct api_who nobody = {.name = "", .customer = ""};

	if (!q->certificates)
		return q->who.by_token ? q->who : nobody;
	if (q->who.by_token && strcmp(q->who.name, q->certified.name) != 0)
		return nobody;
	return q->who.by_token && q->certified.name[0] ? q->who : q->certified;
}

static int post(void *ctx, const struct api_request *q, struct api_answer *ret, struct errmsg *e)
{
	const struct api_who who = who_asks(q);
	struct openc2_asking asking = {
		.body = q->bytes,
		.type = q->type,
		.id = q->id,
		.account = who.name,
		.from = q->from,
		.may_see = who.may & API_MAY_SEE,
		.may_order = who.may & API_MAY_APPROVE,
		.now = q->now,
	};
	struct openc2_reply reply;

	(void)e;
	openc2_consumer_answer(ctx, &asking, &reply);
	/* HTTP's own 102 is no final answer. */
	ret->status = reply.status == 102 ? 200 : reply.status;
	snprintf(ret->id, sizeof(ret->id), "%.63s", reply.id);
	if (!reply.text) {
		ret->status = 0; /* 204 */
		return ERR_OK;
	}
	ret->bytes = reply.text;
	ret->len = strlen(reply.text);
	ret->type = reply.type;
	return ERR_OK;
}

static const struct api_route routes[] = {
	{"POST", "/.well-known/openc2", .open = true,
	 .summary = "an OpenC2 1.0 command (OASIS HTTPS transfer 1.1; SLPF 1.0), by a token",
	 .returns = "an OpenC2 response; the same command_id again tells how it stands now",
	 .bytes_max = OPENC2_MAX, .fn = post},
};

struct api_table openc2_api_table(struct openc2_consumer *c)
{
	return (struct api_table){routes, ARRAY_SIZE(routes), c};
}
