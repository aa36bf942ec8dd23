#include "dataplane/api/record.h"
#include "dataplane/app/dcerpc/dcerpc.h"
#include "dataplane/app/text/text.h"

static void log_type(struct record *r, const char *field, uint8_t type)
{
	const char *name = dce_type_name(type);
	char number[4] = {0};

	if (!name) {
		unsigned at = 0;

		if (type >= 100)
			number[at++] = (char)('0' + type / 100);
		number[at++] = (char)('0' + type / 10 % 10);
		number[at] = (char)('0' + type % 10);
		name = number;
	}
	record_text(r, field, name);
}

static void log_stub(struct record *r, const struct dcerpc_tx *t, enum dir dir)
{
	record_uint(r, "frag_cnt", t->fragments[dir]);
	record_uint(r, "stub_data_size", t->stub[dir].len);
	record_end(r);
}

static void log_iface(struct record *r, const struct dce_iface *f)
{
	char uuid[37], version[16];
	unsigned at = sizeof(version) - 1;
	uint16_t n = f->minor;

	dce_uuid_text(f->uuid, uuid);
	version[at] = 0;
	do
		version[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	version[--at] = '.';
	n = f->version;
	do
		version[--at] = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	record_object(r, NULL);
	record_text(r, "uuid", uuid);
	record_text(r, "version", version + at);
	record_uint(r, "ack_result", f->result);
	record_end(r);
}

static void log_ifaces(struct record *r, const struct dce_ifaces *l)
{
	if (l->count == 0)
		return;
	record_array(r, "interfaces");
	for (unsigned i = 0; i < l->count; i++)
		log_iface(r, &l->list[i]);
	record_end(r);
}

static void log_request(struct record *r, const struct dcerpc_tx *t)
{
	if (t->tx.progress[DIR_TS] < DCERPC_COMPLETE || t->lost[DIR_TS]) {
		record_text(r, "request", "REQUEST_LOST");
		return;
	}
	log_type(r, "request", t->cmd[DIR_TS]);
	if (t->cmd[DIR_TS] == DCE_REQUEST) {
		record_object(r, "req");
		record_uint(r, "opnum", t->opnum);
		log_stub(r, t, DIR_TS);
	}
	if (!t->udp && t->cmd[DIR_TS] == DCE_BIND)
		log_ifaces(r, &t->state->ifaces);
}

static void log_response(struct record *r, const struct dcerpc_tx *t)
{
	if (t->tx.progress[DIR_TC] < DCERPC_COMPLETE || t->lost[DIR_TC]) {
		record_text(r, "response", "UNREPLIED");
		return;
	}
	log_type(r, "response", t->cmd[DIR_TC]);
	if (t->cmd[DIR_TC] == DCE_RESPONSE) {
		record_object(r, "res");
		log_stub(r, t, DIR_TC);
	}
}

bool dcerpc_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dcerpc_tx *t = container_of(tx, const struct dcerpc_tx, tx);
	char uuid[37];

	log_request(r, t);
	log_response(r, t);
	if (t->udp) {
		dce_uuid_text(t->activity, uuid);
		record_text(r, "activityuuid", uuid);
		record_uint(r, "seqnum", t->seqnum);
		record_text(r, "rpc_version", "4.0");
		return true;
	}
	record_uint(r, "call_id", t->call_id);
	record_text(r, "rpc_version", t->minor ? "5.1" : "5.0");
	return true;
}
