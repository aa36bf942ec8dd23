#include "control/wire/metrics.h"

#include <string.h>

#include "dataplane/base/slice.h"

/* `path`: members joined by '/', for names hold dots. `label`: the value there is an object, a
 * sample each member, or with `field` a member of each; a list of objects is labelled by its
 * members' "name". */
struct metric {
	const char *program, *name, *type, *help, *path, *label, *field;
	double scale; /* 0 = 1 */
};

static const struct metric table[] = {
	/* --- the dataplane, as banken-control reads its counters --- */
	{"banken-control", "banken_dataplane_up", "gauge", "Whether banken-dataplane is alive.",
	 "dataplane/alive"},
	{"banken-control", "banken_dataplane_uptime_seconds", "gauge", "Time since its start.",
	 "dataplane/uptime"},
	{"banken-control", "banken_dataplane_received_packets_total", "counter",
	 "Frames that came to the ports, lost ones included.", "dataplane/rx_packets"},
	{"banken-control", "banken_dataplane_received_bytes_total", "counter",
	 "Bytes of the frames that were inspected.", "dataplane/rx_bytes"},
	{"banken-control", "banken_dataplane_processed_packets_total", "counter",
	 "Frames that were inspected; received = processed + dropped.", "dataplane/processed"},
	{"banken-control", "banken_dataplane_dropped_packets_total", "counter",
	 "Frames that were not inspected, by reason.", "dataplane/drops", "reason"},
	{"banken-control", "banken_dataplane_events_total", "counter",
	 "The packet path's own counters, by name.", "dataplane/counters", "name"},
	{"banken-control", "banken_dataplane_rules", "gauge", "Rules in force.",
	 "dataplane/rules_loaded"},
	{"banken-control", "banken_dataplane_rules_failed", "gauge",
	 "Rules that could not be loaded.", "dataplane/rules_failed"},
	{"banken-control", "banken_dataplane_rules_skipped", "gauge",
	 "Rules that are not supported.", "dataplane/rules_skipped"},
	{"banken-control", "banken_dataplane_ring_written_total", "counter",
	 "Records written to control, by ring.", "rings", "ring", "written"},
	{"banken-control", "banken_dataplane_ring_lost_total", "counter",
	 "Records that found the ring full.", "rings", "ring", "lost"},
	/* --- control --- */
	{"banken-control", "banken_control_uptime_seconds", "gauge", "Time since its start.",
	 "uptime"},
	{"banken-control", "banken_control_alerts_total", "counter", "Alerts taken over.",
	 "records/alerts"},
	{"banken-control", "banken_control_records_total", "counter", "Other records taken over.",
	 "records/others"},
	{"banken-control", "banken_control_malformed_records_total", "counter",
	 "Records that could not be read.", "records/malformed"},
	{"banken-control", "banken_control_failed_batches_total", "counter",
	 "Batches that could not be stored at once.", "records/failed_batches"},
	{"banken-control", "banken_control_hosts", "gauge", "Hosts that are known.", "hosts_known"},
	{"banken-control", "banken_control_cpu_ratio", "gauge",
	 "Share of the machine's processors.", "cpu_share"},
	{"banken-control", "banken_control_memory_bytes", "gauge", "Resident memory of the sensor.",
	 "memory_bytes"},
	{"banken-control", "banken_control_disk_free_bytes", "gauge", "Room on the spool's disk.",
	 "disk_free_bytes"},
	{"banken-control", "banken_control_spool_records", "gauge",
	 "Messages that wait to be sent.", "spool", "destination", "records"},
	{"banken-control", "banken_control_spool_bytes", "gauge", "Their size.", "spool",
	 "destination", "bytes"},
	{"banken-control", "banken_control_spool_dropped_alerts_total", "counter",
	 "Alerts that found no room in the spool.", "spool", "destination", "dropped_alerts"},
	{"banken-control", "banken_control_spool_dropped_records_total", "counter",
	 "Records that found no room in the spool.", "spool", "destination", "dropped_records"},
	{"banken-control", "banken_control_link_up", "gauge", "Whether the peer is connected.",
	 "links", "peer", "connected"},
	{"banken-control", "banken_control_link_sent_total", "counter", "Messages sent.", "links",
	 "peer", "sent"},
	{"banken-control", "banken_control_link_connects_total", "counter",
	 "How often it was connected.", "links", "peer", "connects"},
	{"banken-control", "banken_control_clock_offset_seconds", "gauge",
	 "The peer's clock minus ours.", "links", "peer", "clock_offset_ms", 1e-3},
	{"banken-control", "banken_control_orders_refused_total", "counter",
	 "Orders that were refused.", "orders/refused"},
	/* --- mitigator --- */
	{"banken-mitigator", "banken_mitigator_peers", "gauge",
	 "Sensors and enforcers that are connected.", "peers"},
	{"banken-mitigator", "banken_mitigator_hosts", "gauge", "Hosts that are known.", "hosts"},
	{"banken-mitigator", "banken_mitigator_incidents", "gauge", "Incidents that are kept.",
	 "incidents"},
	{"banken-mitigator", "banken_mitigator_cuts", "gauge", "Cuts in force.", "cuts"},
	{"banken-mitigator", "banken_mitigator_cuts_held", "gauge", "Cuts that wait for a person.",
	 "held"},
	{"banken-mitigator", "banken_mitigator_cut_states", "gauge", "Open cuts, by state.",
	 "states", "state"},
	{"banken-mitigator", "banken_mitigator_decisions_total", "counter",
	 "Automatic cuts that were decided on, by what was decided.", "decisions", "decision"},
	{"banken-mitigator", "banken_mitigator_driver_reachable", "gauge",
	 "Whether the driver's switch, enforcer or program answers.", "drivers", "driver",
	 "reachable"},
	{"banken-mitigator", "banken_mitigator_driver_cuts", "gauge",
	 "Cuts that it was ordered to hold.", "drivers", "driver", "cuts"},
	{"banken-mitigator", "banken_mitigator_kill_switch", "gauge",
	 "Whether nothing is cut automatically.", "kill_switch"},
	{"banken-mitigator", "banken_mitigator_reports_total", "counter", "Reports received.",
	 "reports"},
	{"banken-mitigator", "banken_mitigator_alerts_total", "counter", "Alerts judged.",
	 "alerts"},
	{"banken-mitigator", "banken_mitigator_doubles_total", "counter",
	 "Messages that came twice and count once.", "doubles"},
	{"banken-mitigator", "banken_mitigator_malformed_total", "counter",
	 "Messages that could not be read.", "malformed"},
	{"banken-mitigator", "banken_mitigator_disk_full", "gauge", "Whether its disk is full.",
	 "disk_full"},
	{"banken-mitigator", "banken_mitigator_external_events_total", "counter",
	 "Detections of other products, by what became of them.", "external", "result"},
	/* --- enforcer --- */
	{"banken-enforcer", "banken_enforcer_link_up", "gauge",
	 "Whether the mitigator is connected.", "connected"},
	{"banken-enforcer", "banken_enforcer_orders_accepted_total", "counter",
	 "Orders carried out.", "accepted"},
	{"banken-enforcer", "banken_enforcer_orders_refused_total", "counter",
	 "Orders that were refused.", "refused"},
	{"banken-enforcer", "banken_enforcer_rebuilds_total", "counter",
	 "Times the firewall's table was made anew.", "rebuilt"},
	{"banken-enforcer", "banken_enforcer_drift_total", "counter",
	 "Times somebody else had changed it.", "drift"},
	{"banken-enforcer", "banken_enforcer_enforced", "gauge",
	 "Whether the firewall holds what is ordered.", "enforced"},
	/* --- centre --- */
	{"banken-centre", "banken_centre_peers", "gauge",
	 "Sensors and mitigators that are connected.", "peers"},
	{"banken-centre", "banken_centre_alerts", "gauge", "Alerts that are kept.", "alerts"},
	{"banken-centre", "banken_centre_records", "gauge", "Other records that are kept.",
	 "records"},
	{"banken-centre", "banken_centre_events", "gauge", "Events 1188 and 1190 that are kept.",
	 "events"},
	{"banken-centre", "banken_centre_malformed_total", "counter",
	 "Messages that could not be read.", "malformed"},
	{"banken-centre", "banken_centre_disk_full", "gauge", "Whether its disk is full.",
	 "disk_full"},
	{"banken-centre", "banken_centre_disk_used_bytes", "gauge", "Used of the centre's disk.",
	 "disk/used"},
	{"banken-centre", "banken_centre_disk_size_bytes", "gauge", "Size of the centre's disk.",
	 "disk/size"},
	{"banken-centre", "banken_centre_disk_full_seconds", "gauge",
	 "Time until it is full at its pace of late.", "disk/full_in_days", NULL, NULL, 86400},
	{"banken-centre", "banken_centre_gone_total", "counter",
	 "What went for lack of room on the disk, by kind.", "gone", "kind"},
	{"banken-centre", "banken_centre_conditions", "gauge",
	 "What is wrong with the watching itself, by kind.", "conditions", "kind"},
	{"banken-centre", "banken_centre_emergencies_open", "gauge",
	 "Emergencies that nobody has acknowledged.", "emergencies_open"},
	{"banken-centre", "banken_centre_messages_waiting", "gauge",
	 "Messages of emergencies and reports' mails that were not taken yet.", "messages_waiting"},
	{"banken-centre", "banken_centre_forward_waiting", "gauge",
	 "Records that wait to be forwarded, by target.", "forward", "target", "waiting"},
	{"banken-centre", "banken_centre_forward_sent_total", "counter",
	 "Records that were forwarded, by target.", "forward", "target", "sent"},
};

static const json_t *member(const json_t *o, const char *path)
{
	char part[64];

	while (o && *path) {
		size_t n = strcspn(path, "/");

		snprintf(part, sizeof(part), "%.*s", (int)n, path);
		o = json_object_get(o, part);
		path += n + (path[n] == '/');
	}
	return o;
}

static bool number_of(const json_t *v, double *ret)
{
	if (json_is_boolean(v))
		*ret = json_is_true(v);
	else if (json_is_number(v))
		*ret = json_number_value(v);
	return json_is_boolean(v) || json_is_number(v);
}

/* Backslash, quote and line end are escaped in a label's value. */
static void put_label(const char *text, FILE *out)
{
	for (const char *c = text; *c; c++) {
		if (*c == '\n')
			fputs("\\n", out);
		else if (*c == '"' || *c == '\\')
			fprintf(out, "\\%c", *c);
		else
			fputc(*c, out);
	}
}

static void sample(const struct metric *m, const char *label, const json_t *v, FILE *out)
{
	double value;

	if (!number_of(m->field ? json_object_get(v, m->field) : v, &value))
		return;
	fputs(m->name, out);
	if (m->label) {
		fprintf(out, "{%s=\"", m->label);
		put_label(label, out);
		fputs("\"}", out);
	}
	value *= m->scale != 0 ? m->scale : 1;
	/* Whole numbers as they are: %g would round them. */
	if (value == (double)(long long)value)
		fprintf(out, " %lld\n", (long long)value);
	else
		fprintf(out, " %.6g\n", value);
}

static void samples(const struct metric *m, const json_t *v, FILE *out)
{
	const char *key;
	json_t *one;
	size_t i;

	if (!m->label) {
		sample(m, "", v, out);
		return;
	}
	if (json_is_object(v)) {
		json_object_foreach((json_t *)v, key, one) sample(m, key, one, out);
	}
	json_array_foreach(v, i, one)
	{
		const char *name = json_string_value(json_object_get(one, "name"));

		sample(m, name ? name : "", one, out);
	}
}

static void up(const struct metrics_source *sources, size_t n, FILE *out)
{
	fputs("# HELP banken_up Whether the program answers.\n# TYPE banken_up gauge\n", out);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "banken_up{program=\"%s\"} %d\n", sources[i].program,
			sources[i].status != NULL);
}

void metrics_write(const struct metrics_source *sources, size_t n, FILE *out)
{
	up(sources, n, out);
	for (size_t i = 0; i < ARRAY_SIZE(table); i++) {
		const struct metric *m = &table[i];

		for (size_t k = 0; k < n; k++) {
			const json_t *v = strcmp(sources[k].program, m->program) == 0
						  ? member(sources[k].status, m->path)
						  : NULL;

			if (!v)
				continue;
			fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
				m->type);
			samples(m, v, out);
		}
	}
}
