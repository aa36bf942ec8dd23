#include "dataplane/worker/carry.h"

#include <string.h>

void carry_init(struct carry *c, struct desk_port *port, const struct carry_config *config)
{
	c->port = port;
	c->config = *config;
	c->next_id = config->first_id;
}

uint8_t carry_wanted(struct carry *c, uint8_t configured, uint8_t by_rules)
{
	uint8_t wanted = (uint8_t)(configured | (by_rules & ~APP_FILE_STORE));

	c->rules = c->port && c->config.store && by_rules & APP_FILE_STORE;
	if (!c->port || !c->config.store)
		return wanted;
	if (c->config.force)
		wanted |= APP_FILE_STORE;
	if (c->config.force || c->rules)
		wanted |= APP_FILE_SHA256; /* contents are kept under it */
	return wanted;
}

static uint32_t begin(void *ctx)
{
	struct carry *c = ctx;

	return c->config.all || c->config.force || c->rules ? desk_file(c->port) : 0;
}

static bool bytes(void *ctx, uint32_t number, struct slice data)
{
	struct carry *c = ctx;

	return desk_bytes(c->port, number, data);
}

static void drop(void *ctx, uint32_t number)
{
	struct carry *c = ctx;

	desk_drop(c->port, number);
}

struct app_carrier carry_carrier(struct carry *c)
{
	return (struct app_carrier){begin, bytes, drop, c};
}

void carry_decide(struct carry *c, struct app_file *file)
{
	if (!file->carried || !c->config.store || !(file->wanted & APP_FILE_STORE) ||
	    (c->config.file_max && file->size > c->config.file_max))
		return;
	file->store_id = c->next_id;
	c->next_id += c->config.step;
}

bool carry_end(void *ctx, struct app_file *file, struct slice fileinfo)
{
	struct carry *c = ctx;
	struct desk_end end = {
		.size = file->size,
		.store_id = file->store_id,
		.keep = file->wanted & APP_FILE_STORE,
		.has_sha256 = file->have & APP_FILE_SHA256,
	};
	uint32_t number = file->carried;

	if (fileinfo.len >= sizeof(struct record_head))
		end.time_ns = ((const struct record_head *)fileinfo.data)->time_ns;
	if (end.has_sha256)
		memcpy(end.sha256, file->sha256, sizeof(end.sha256));
	file->carried = 0;
	if (desk_file_end(c->port, number, &end, fileinfo))
		return true;
	file->store_id = 0;
	return false;
}

unsigned carry_collect(struct carry *c, struct event_writer *w)
{
	struct slice record;
	unsigned alerts = 0;

	while (desk_record(c->port, &record)) {
		alerts += ((const struct record_head *)record.data)->lane == RECORD_LANE_ALERT;
		event_forward(w, record);
	}
	return alerts;
}
