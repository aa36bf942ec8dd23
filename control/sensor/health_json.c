#include "control/sensor/health.h"

#include "control/wire/local.h"

static json_t *counts(const struct named_count_list *list, bool zeros)
{
	json_t *o = json_object();

	for (size_t i = 0; i < list->n; i++) {
		if (list->items[i].value || zeros)
			json_object_set_new(o, list->items[i].name,
					    json_integer((json_int_t)list->items[i].value));
	}
	return o;
}

static json_t *texts(const struct text_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, local_text(list->items[i]));
	return array;
}

static json_t *rings(const struct ring_health_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++) {
		const struct ring_health *r = &list->items[i];

		json_array_append_new(
			array, json_pack("{s:s, s:I, s:I, s:I, s:I}", "name", r->name, "written",
					 (json_int_t)r->written, "lost", (json_int_t)r->lost,
					 "fill", (json_int_t)r->fill, "size", (json_int_t)r->size));
	}
	return array;
}

static json_t *spools(const struct spool_health_list *list)
{
	json_t *o = json_object();

	for (size_t i = 0; i < list->n; i++) {
		const struct spool_health *s = &list->items[i];

		json_object_set_new(o, s->destination,
				    json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:b}", "records",
					      (json_int_t)s->records, "bytes", (json_int_t)s->bytes,
					      "limit", (json_int_t)s->limit, "oldest",
					      (json_int_t)s->oldest, "dropped_alerts",
					      (json_int_t)s->dropped_alerts, "dropped_records",
					      (json_int_t)s->dropped_records, "disk_full",
					      s->disk_full));
	}
	return o;
}

static void add_link(json_t *links, const char *name, const struct link *link)
{
	struct link_status st;

	if (!link)
		return;
	link_status(link, &st);
	json_object_set_new(links, name,
			    json_pack("{s:b, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "connected",
				      st.connected, "address", st.where, "peer", st.peer.name,
				      "since", (json_int_t)st.since, "connects",
				      (json_int_t)st.connects, "sent", (json_int_t)st.sent,
				      "received", (json_int_t)st.received, "clock_offset_ms",
				      (json_int_t)st.clock_offset_ms, "trouble",
				      local_text(st.trouble)));
}

static json_t *dataplane(const struct sensor_health *s, int encrypted)
{
	return json_pack(
		"{s:b, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:I, s:I, s:I, s:i}", "alive",
		s->dataplane_alive, "uptime", (json_int_t)s->dataplane_uptime, "rx_packets",
		(json_int_t)s->rx_packets, "rx_bytes", (json_int_t)s->rx_bytes, "processed",
		(json_int_t)s->processed, "drops", counts(&s->drops, true), "counters",
		counts(&s->counters, false), "mirror_port", texts(&s->span), "rules_loaded",
		(json_int_t)s->rules_loaded, "rules_skipped", (json_int_t)s->rules_skipped,
		"rules_failed", (json_int_t)s->rules_failed, "encrypted_percent", encrypted);
}

json_t *health_json(struct health *h, uint64_t now)
{
	const struct outbox *outbox;
	struct drain_counts drained;
	struct report r;
	json_t *links = json_object(), *versions = json_object();
	const struct sensor_health *s = &r.health;
	const struct health_setup *setup = health_setup_of(h);

	health_report(h, now, &r);
	outbox = setup->outbox;
	drain_counts(setup->drain, &drained);
	add_link(links, OUTBOX_MITIGATOR, outbox->mitigator);
	add_link(links, OUTBOX_CENTRE, outbox->centre);
	for (size_t i = 0; i < s->versions.n; i++)
		json_object_set_new(versions, s->versions.items[i].component,
				    local_text(s->versions.items[i].version));
	return json_pack("{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I}, "
			 "s:f, s:I, s:I, s:o, s:o}",
			 "program", "banken-control", "sensor", outbox->sensor, "uptime",
			 (json_int_t)s->uptime, "versions", versions, "dataplane",
			 dataplane(s, health_encrypted(h)), "rings", rings(&s->rings), "spool",
			 spools(&s->spools), "links", links, "records", "alerts",
			 (json_int_t)drained.alerts, "others", (json_int_t)drained.records,
			 "malformed", (json_int_t)drained.malformed, "damaged_rings",
			 (json_int_t)drained.damaged, "failed_batches", (json_int_t)drained.failed,
			 "cpu_share", s->cpu_share, "memory_bytes", (json_int_t)s->memory_bytes,
			 "disk_free_bytes", (json_int_t)s->disk_free_bytes, "problems",
			 texts(&s->problems), "mirror_port", texts(&s->span));
}
