#include "control/report/daily.h"

#include <jansson.h>

static json_t *text(const char *value)
{
	json_t *j = json_string(value ? value : "");

	return j ? j : json_string("");
}

static json_t *threat(const struct report_threat *t)
{
	return json_pack("{so so so so sI sI sI sI}", "name", text(t->name), "category",
			 text(t->category), "severity", text(t->severity), "technique",
			 text(t->technique), "first_ns", (json_int_t)t->first, "last_ns",
			 (json_int_t)t->last, "hits", (json_int_t)t->hits, "hosts",
			 (json_int_t)t->hosts);
}

static json_t *host(const struct report_host *h)
{
	json_t *steps = json_array(), *steps_ja = json_array();

	for (size_t i = 0; i < h->handling_count[0]; i++)
		json_array_append_new(steps, text(h->handling[0][i]));
	for (size_t i = 0; i < h->handling_count[1]; i++)
		json_array_append_new(steps_ja, text(h->handling[1][i]));
	return json_pack("{so so so so so so so sI sI sI sI so so so so so so}", "name",
			 text(h->name), "ip", text(h->ip), "mac", text(h->mac), "level",
			 text(h->level), "cut_state", text(h->cut_state), "cut_reason",
			 text(h->cut_reason), "root_cause", text(h->root_cause), "cut_at_ns",
			 (json_int_t)h->cut_at, "verified_at_ns", (json_int_t)h->verified_at,
			 "released_at_ns", (json_int_t)h->released_at, "alerts",
			 (json_int_t)h->alerts, "handling", steps, "handling_ja", steps_ja,
			 "root_cause_ja", text(h->root_cause_ja), "about", text(h->about), "site",
			 text(h->site), "actor", text(h->actor));
}

static json_t *sensor(const struct report_daily *d, const struct report_sensor *s)
{
	return json_pack("{so sI sI sI}", "name", text(s->name), "frames", (json_int_t)s->packets,
			 "lost", (json_int_t)s->lost, "away_s",
			 (json_int_t)report_daily_away(d, s));
}

int report_daily_json(const struct report_daily *d, FILE *out)
{
	json_t *threats = json_array(), *hosts = json_array(), *blind = json_array(), *root;
	json_t *hours = json_array(), *sensors = json_array();
	int rc;

	for (unsigned i = 0; i < report_daily_hours(d); i++)
		json_array_append_new(hours, json_integer(d->per_hour[i]));

	for (size_t i = 0; i < d->threat_count; i++)
		json_array_append_new(threats, threat(&d->threats[i]));
	for (size_t i = 0; i < d->host_count; i++)
		json_array_append_new(hosts, host(&d->hosts[i]));
	for (size_t i = 0; i < d->blind_count; i++)
		json_array_append_new(blind,
				      json_pack("{so so}", "sensor", text(d->blind[i].sensor),
						"sentence", text(d->blind[i].sentence)));
	for (size_t i = 0; i < d->sensor_count; i++)
		json_array_append_new(sensors, sensor(d, &d->sensors[i]));
	root = json_pack("{so so ss so sI so sI sI sI sI sI so so so}", "customer",
			 text(d->customer), "site", text(d->site), "zone", d->zone.name, "sensors",
			 sensors, "hosts_seen", (json_int_t)d->hosts_seen, "per_hour", hours,
			 "from_ns", (json_int_t)d->from, "to_ns", (json_int_t)d->to, "alerts",
			 (json_int_t)d->alerts, "packets", (json_int_t)d->packets, "lost",
			 (json_int_t)d->lost, "threats", threats, "hosts", hosts, "blind", blind);
	if (!root)
		return ERR_NOMEM;
	rc = json_dumpf(root, out, JSON_INDENT(2) | JSON_SORT_KEYS) == 0 ? ERR_OK : ERR_IO;
	fputc('\n', out);
	json_decref(root);
	return rc;
}
