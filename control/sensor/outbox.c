#include "control/sensor/outbox.h"

void outbox_init(struct outbox *o, struct spool *spool, const char *sensor)
{
	o->spool = spool;
	o->sensor = sensor;
	o->sequence = spool_value(spool, "sequence");
}

int outbox_begin(struct outbox *o, struct errmsg *e)
{
	o->began = o->sequence;
	return spool_begin(o->spool, e);
}

/* No room is no failure: the spool has counted it. */
static int put(struct outbox *o, const char *destination, enum lane lane, struct slice payload,
	       uint64_t now, struct errmsg *e)
{
	int rc = spool_put(o->spool, destination, lane, payload, now, e);

	if (rc == ERR_LIMIT) {
		o->refused++;
		return 0;
	}
	o->news |= rc == 0;
	return rc;
}

int outbox_message(struct outbox *o, const struct message *m, enum lane lane, unsigned whom,
		   uint64_t now, struct errmsg *e)
{
	struct slice payload;
	int rc = message_encode(m, &payload, e);

	if (rc) {
		o->too_large++;
		return rc == ERR_LIMIT ? 0 : rc;
	}
	if (o->to_mitigator && (whom & OUTBOX_FOR_MITIGATOR))
		rc = put(o, OUTBOX_MITIGATOR, lane, payload, now, e);
	if (rc == 0 && o->to_centre && (whom & OUTBOX_FOR_CENTRE))
		rc = put(o, OUTBOX_CENTRE, lane, payload, now, e);
	payload_free(&payload);
	return rc;
}

int outbox_report(struct outbox *o, struct report *r, enum lane lane, unsigned whom, uint64_t now,
		  struct errmsg *e)
{
	struct message m = {.kind = MESSAGE_REPORT};

	r->sequence = ++o->sequence;
	r->sensor = o->sensor;
	if (r->time == 0)
		r->time = now;
	m.report = *r;
	o->reports++;
	return outbox_message(o, &m, lane, whom, now, e);
}

int outbox_commit(struct outbox *o, struct errmsg *e)
{
	int rc = 0;

	if (o->sequence != o->began)
		rc = spool_set_value(o->spool, "sequence", o->sequence, e);
	if (rc == 0)
		rc = spool_commit(o->spool, e);
	if (rc) {
		outbox_rollback(o);
		return rc;
	}
	if (!o->news)
		return 0;
	o->news = false;
	if (o->mitigator)
		link_wake(o->mitigator);
	if (o->centre)
		link_wake(o->centre);
	return 0;
}

void outbox_rollback(struct outbox *o)
{
	spool_rollback(o->spool);
	o->sequence = o->began;
	o->news = false;
}

int outbox_send(struct outbox *o, struct report *r, enum lane lane, unsigned whom, uint64_t now,
		struct errmsg *e)
{
	int rc = outbox_begin(o, e);

	if (rc)
		return rc;
	rc = outbox_report(o, r, lane, whom, now, e);
	if (rc) {
		outbox_rollback(o);
		return rc;
	}
	return outbox_commit(o, e);
}

void outbox_pass(struct outbox *o, struct report *r)
{
	struct message m = {.kind = MESSAGE_REPORT};
	struct slice payload;

	if (!o->mitigator)
		return;
	r->sensor = o->sensor;
	m.report = *r;
	if (message_encode(&m, &payload, NULL))
		return;
	(void)link_send_passing(o->mitigator, payload);
	payload_free(&payload);
}
