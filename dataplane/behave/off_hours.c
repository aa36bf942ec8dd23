/* Activity while the host and the site are asleep (T1048, T1021): a host that never did anything
 * about this hour on such days sends much to a place that hardly anybody here uses, or calls many
 * hosts inside. People who work late do neither. */
#include "dataplane/behave/past.h"

enum { PAIRS, HOSTS };

struct pair_entry { /* client and place, one hour */
	struct behave_entry entry;
	uint64_t up, down;
};

struct host_entry { /* client, one hour */
	struct behave_entry entry;
	struct behave_set inside; /* hosts called */
};

static const struct behave_sign upload_sign = {
	2410,	 "BANKEN upload outside of the host's hours", "TA0010",
	"T1048", "Potential Corporate Privacy Violation",     BEHAVE_MEDIUM,
	false};
static const struct behave_sign calls_sign = {
	2411,
	"BANKEN many inside hosts called outside of the host's hours",
	"TA0008",
	"T1021",
	"Suspicious activity",
	BEHAVE_MEDIUM,
	false};

static const char *const days_en[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
				      "Friday", "Saturday", "Sunday"};
static const char *const days_ja[] = {"月", "火", "水", "木", "金", "土", "日"};

static void tell_upload(const struct behave_view *v, const struct behave_event *e,
			struct pair_entry *p, const struct past_target *t)
{
	struct behave_text client = behave_address(&e->ends.client), place = past_name(v, e);
	double up = (double)p->up / 1e6, down = (double)p->down / 1e6;
	unsigned hour = past_hour_of(v->past, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &upload_sign, e);
	behave_say_en(
		&hit,
		"%s sent %.1f MB to %s and got %.1f MB back on %s about %u o'clock, when it "
		"never did anything before and the site sleeps; %u hosts here use that place.",
		client.s, up, place.s, down, days_en[hour / 24], hour % 24, t->clients);
	behave_say_ja(
		&hit,
		"%sが、これまで活動のなかった%s曜%u時台(拠点全体も休止中)に%sへ%.1f MBを送信し、"
		"受信は%.1f MBでした。この宛先を使うホストは%u台です。",
		client.s, days_ja[hour / 24], hour % 24, place.s, up, down, t->clients);
	behave_figure(&hit, "megabytes_up", up);
	behave_figure(&hit, "megabytes_down", down);
	behave_figure(&hit, "hour", hour % 24);
	behave_figure(&hit, "hosts", t->clients);
	behave_tell(v, &hit, &p->entry);
}

static void tell_calls(const struct behave_view *v, const struct behave_event *e,
		       struct host_entry *h, unsigned hosts)
{
	struct behave_text client = behave_address(&e->ends.client);
	unsigned hour = past_hour_of(v->past, e->time_ns);
	struct behave_hit hit;

	behave_hit_init(&hit, &calls_sign, e);
	behave_say_en(&hit,
		      "%s called about %u hosts inside on %s about %u o'clock, when it never did "
		      "anything before and the site sleeps.",
		      client.s, hosts, days_en[hour / 24], hour % 24);
	behave_say_ja(&hit,
		      "%sが、これまで活動のなかった%s曜%u時台(拠点全体も休止中)に内部ホスト約%u台へ"
		      "接続しました。",
		      client.s, days_ja[hour / 24], hour % 24, hosts);
	behave_figure(&hit, "inside_hosts", hosts);
	behave_figure(&hit, "hour", hour % 24);
	behave_tell(v, &hit, &h->entry);
}

static void outside(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_connection *c = &e->connection;
	struct past_target t = past_target_of(v, e);
	uint64_t key[2] = {past_caller(v, e), t.word};
	struct pair_entry *p;

	p = behave_window(v, PAIRS, key, 2, e->time_ns, 3600);
	p->up += c->bytes[0];
	p->down += c->bytes[1];
	if (p->up >= (uint64_t)v->limits->off_hours_mb * 1000000 &&
	    p->up / v->limits->upload_times >= p->down && t.clients <= v->limits->rare_hosts &&
	    !behave_told(v, &p->entry, e->time_ns))
		tell_upload(v, e, p, &t);
}

static void inside(const struct behave_view *v, const struct behave_event *e)
{
	uint64_t key = past_caller(v, e);
	struct host_entry *h = behave_window(v, HOSTS, &key, 1, e->time_ns, 3600);
	unsigned hosts;

	if (!behave_set_add(v, &h->inside, v->facts->server) ||
	    behave_told(v, &h->entry, e->time_ns))
		return;
	hosts = behave_set_count(&h->inside);
	if (hosts >= v->limits->off_hours_hosts)
		tell_calls(v, e, h, hosts);
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	struct past_host *past;

	if (e->connection.moment != BEHAVE_END || !v->facts->client_inside ||
	    !v->facts->server_unicast || v->facts->everyday)
		return;
	past = past_client_of(v, e);
	if (!past || !past_is_known(v, past, e->time_ns) || !past_off_hours(v, past, e->time_ns))
		return;
	if (v->facts->server_inside)
		inside(v, e);
	else
		outside(v, e);
}

const struct behave_detector behave_off_hours = {
	.hours = true,
	.past_memory = true,
	.kinds = 1 << BEHAVE_CONNECTION,
	.moments = 1 << BEHAVE_END,
	.entry_size = {sizeof(struct pair_entry), sizeof(struct host_entry)},
	.weight = {1, 1},
	.event = event,
};
