#include "control/sensor/health_mirror.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"

enum {
	/* Least figures before anything is said. */
	CONNECTIONS_MIN = 10,
	CHECKED_MIN = 40,
	SUMS_MIN = 8,
	GAPS_MIN = 3,
	CUT_MIN = 10,
	VLAN_LEARNT = 200,  /* frames of a VLAN that make it expected */
	VLAN_QUIET_S = 600, /* and how long it may then be silent */
	/* Shares, in per cent of what was looked at. */
	ONE_DIRECTION_PC = 80,
	ASYMMETRIC_PC = 15,
	DOUBLES_PC = 5,
	OFFLOAD_PC = 10,
	CUT_PC = 1,
	FLOODED_PC = 90,
	ENCRYPTED_PC = 60,
	GAP_PER_MILLE = 2, /* of the bytes */
	/* Baseline: below a fifth, above the fivefold. */
	BASELINE_FACTOR = 5,
	BASELINE_LEAST = 2000, /* bytes a second: below that an hour has no shape */
	HOUR_S = 3600,
};

const char *const mirror_fault_names[MIRROR_FAULTS] = {
	"silent",  "one_direction",  "asymmetric", "duplicates", "vlan_missing", "cut",
	"offload", "oversubscribed", "clock",	   "encrypted",	 "baseline",
};

/* What helps at the switch; N stands for the session's number, IF for a port. */
static const char *const commands[MIRROR_FAULTS] = {
	[MIRROR_SILENT] =
		"Cisco: show monitor session N; Juniper: show forwarding-options analyzer; Aruba: "
		"show mirror N; Open vSwitch: ovs-vsctl list mirror",
	[MIRROR_ONE_DIRECTION] =
		"Cisco: monitor session N source interface IF both; Juniper: set "
		"forwarding-options "
		"analyzer NAME input ingress interface IF, and the same with egress; Aruba: source "
		"interface IF both; Open vSwitch: ovs-vsctl set mirror NAME select_all=true, or "
		"select_src_port and select_dst_port with the same ports",
	[MIRROR_ASYMMETRIC] =
		"Cisco: monitor session N source interface IF , IF2 both; Juniper: set "
		"forwarding-options analyzer NAME input ingress interface IF2; Aruba: source "
		"interface IF2 both; Open vSwitch: ovs-vsctl add mirror NAME select_src_port UUID "
		"(of the other path's port, and select_dst_port)",
	[MIRROR_DOUBLES] =
		"Cisco: monitor session N source vlan LIST rx; Juniper: delete forwarding-options "
		"analyzer NAME input egress; Aruba: source vlan ID rx; Open vSwitch: one mirror "
		"for "
		"each output port (ovs-vsctl remove bridge BR mirrors UUID), select_src_port or "
		"select_dst_port alone",
	[MIRROR_VLAN_MISSING] =
		"Cisco: monitor session N source vlan LIST, and destination interface IF "
		"encapsulation replicate; Juniper: set forwarding-options analyzer NAME input "
		"ingress "
		"vlan VLAN; Aruba: source vlan ID both; Open vSwitch: ovs-vsctl add mirror NAME "
		"select_vlan ID, or clear mirror NAME select_vlan",
	[MIRROR_CUT_PACKETS] =
		"Cisco: no mtu in the monitor session; Juniper: delete forwarding-options "
		"port-mirroring input maximum-packet-length; Aruba: raise the destination port's "
		"mtu; "
		"Open vSwitch: ovs-vsctl clear mirror NAME snaplen",
	[MIRROR_OFFLOAD] = "ethtool -K IF tx off at the hosts (Open vSwitch: at its ports): a "
			   "virtual switch mirrors "
			   "before the card has filled the sum in; at Cisco, Juniper and Aruba "
			   "there is nothing to "
			   "change",
	[MIRROR_OVERSUBSCRIBED] =
		"Cisco: monitor session N filter vlan LIST, or a faster destination interface; "
		"Juniper: set forwarding-options port-mirroring input rate R; Aruba: fewer source "
		"interfaces in mirror session N; Open vSwitch: ovs-vsctl set mirror NAME "
		"select_vlan=LIST, "
		"no ingress_policing_rate at the output port",
	[MIRROR_CLOCK] =
		"Cisco: ntp server ADDRESS; Juniper: set system ntp server ADDRESS; Aruba: "
		"ntp server ADDRESS; Open vSwitch and the sensor: timedatectl set-ntp true",
};

struct health_mirror {
	struct mirror_setup setup;
	struct mirror_counts begin; /* of the window now running */
	uint64_t begin_ns, generation;
	bool begun;
	struct mirror_finding findings[MIRROR_FAULTS];
	size_t n;
	int encrypted;
	struct {
		uint16_t id;
		uint64_t frames, last_ns;
	} vlans[MIRROR_VLANS_MAX]; /* ever seen */
	unsigned n_vlans;
	/* Bytes a second by hour of the week: moving means, and how often each was seen. */
	double mean[MIRROR_HOURS];
	unsigned seen[MIRROR_HOURS];
	uint64_t hour, hour_bytes, hour_ns; /* the hour now running */
};

/* --- reading --- */

static uint64_t counter(struct stats_reader *r, const char *name)
{
	return stats_reader_find(r, name);
}

static void add_vlan(struct mirror_counts *c, uint16_t id, uint64_t frames)
{
	unsigned i = 0;

	while (i < c->n_vlans && c->vlans[i].id != id)
		i++;
	if (i == MIRROR_VLANS_MAX)
		return;
	if (i == c->n_vlans) {
		c->n_vlans++;
		c->vlans[i].id = id;
		c->vlans[i].frames = 0;
	}
	c->vlans[i].frames += frames;
}

/* Each worker has slots of its own: which VLAN, and how many frames. */
static void read_vlans(struct stats_reader *r, struct mirror_counts *ret)
{
	struct stats_info info;

	stats_reader_info(r, &info);
	for (unsigned i = 0; i < info.n_counters; i++) {
		enum stats_kind kind;
		const char *name = stats_reader_name(r, i, &kind);

		/* Names come in pairs: of a slot first the number, then the frames. */
		if (strncmp(name, "mirror.vlan_id.", 15) != 0)
			continue;
		for (unsigned k = 0; k < info.n_counters; k++) {
			const char *other = stats_reader_name(r, k, &kind);

			if (strncmp(other, "mirror.vlan_frames.", 19) != 0 ||
			    strcmp(other + 19, name + 15) != 0)
				continue;
			for (unsigned w = 0; w < info.n_workers; w++) {
				uint64_t frames = stats_reader_value(r, w, k);

				if (frames)
					add_vlan(ret, (uint16_t)stats_reader_value(r, w, i),
						 frames);
			}
		}
	}
}

void mirror_counts_read(struct stats_reader *r, struct mirror_counts *ret)
{
	*ret = (struct mirror_counts){
		.packets = counter(r, "worker.packets"),
		.bytes = counter(r, "worker.bytes"),
		.group = counter(r, "mirror.group_frames"),
		.checked = counter(r, "mirror.checked"),
		.doubles = counter(r, "mirror.duplicates"),
		.other_vlan = counter(r, "mirror.duplicates_other_vlan"),
		.routed = counter(r, "mirror.duplicates_routed"),
		.removed = counter(r, "mirror.duplicates_removed"),
		.two_way = counter(r, "mirror.two_way"),
		.one_way = counter(r, "mirror.one_way"),
		.cut = counter(r, "mirror.cut") + counter(r, "decoder.cut_frames"),
		.sums = counter(r, "mirror.sums"),
		.sums_partial = counter(r, "mirror.sums_partial"),
		.sums_bad = counter(r, "mirror.sums_bad"),
		.gaps = counter(r, "stream.gaps"),
		.gap_bytes = counter(r, "stream.gap_bytes"),
		.unseen = counter(r, "stream.ack_unseen_data"),
		.sessions = counter(r, "stream.sessions"),
		.encrypted = counter(r, "mirror.encrypted_bytes"),
	};
	read_vlans(r, ret);
}

/* --- sentences --- */

static struct mirror_finding *finding(struct health_mirror *m, enum mirror_fault fault)
{
	struct mirror_finding *f = &m->findings[m->n++];

	*f = (struct mirror_finding){.fault = fault};
	return f;
}

/* The sentence, and what to do at the switch. */
__attribute__((format(printf, 3, 4))) static void say(struct mirror_finding *f, char *text,
						      const char *fmt, ...)
{
	bool japanese = text == f->ja;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text, MIRROR_SENTENCE, fmt, ap);
	va_end(ap);
	if (n > 0 && n < MIRROR_SENTENCE && commands[f->fault])
		snprintf(text + n, (size_t)(MIRROR_SENTENCE - n),
			 japanese ? " 対処: %s" : " Try %s.", commands[f->fault]);
}

static unsigned percent(uint64_t part, uint64_t whole)
{
	return whole ? (unsigned)(part * 100 / whole) : 0;
}

static void judge_directions(struct health_mirror *m, const struct mirror_counts *d)
{
	uint64_t all = d->two_way + d->one_way;
	unsigned share = percent(d->one_way, all);
	struct mirror_finding *f;

	if (all < CONNECTIONS_MIN || share < ASYMMETRIC_PC)
		return;
	f = finding(m, share >= ONE_DIRECTION_PC ? MIRROR_ONE_DIRECTION : MIRROR_ASYMMETRIC);
	if (f->fault == MIRROR_ONE_DIRECTION) {
		say(f, f->en,
		    "The mirror port shows one direction only: of %" PRIu64
		    " TCP connections %" PRIu64 " (%u %%) were seen in one direction.",
		    all, d->one_way, share);
		say(f, f->ja,
		    "ミラーポートに片方向しか届いていません: TCP 接続 %" PRIu64 " 件中 %" PRIu64
		    " 件 (%u %%) が片方向でした。",
		    all, d->one_way, share);
		return;
	}
	say(f, f->en,
	    "Some paths are seen in one direction only (asymmetric): of %" PRIu64
	    " TCP connections %" PRIu64 " (%u %%) lack the other one; a second uplink or switch is "
	    "not mirrored.",
	    all, d->one_way, share);
	say(f, f->ja,
	    "非対称な経路があります: TCP 接続 %" PRIu64 " 件中 %" PRIu64
	    " 件 (%u %%) で片方向が見えません。別の上り回線またはスイッチがミラーされていません。",
	    all, d->one_way, share);
}

static void judge_doubles(struct health_mirror *m, const struct mirror_counts *d)
{
	unsigned share = percent(d->doubles, d->checked);
	struct mirror_finding *f;

	if (d->checked < CHECKED_MIN || share < DOUBLES_PC)
		return;
	f = finding(m, MIRROR_DOUBLES);
	say(f, f->en,
	    "Packets come twice: of %" PRIu64 " looked at %" PRIu64
	    " (%u %%) were second copies, %" PRIu64 " in another VLAN, %" PRIu64
	    " before and behind a router; %" PRIu64 " were taken out.",
	    d->checked, d->doubles, share, d->other_vlan, d->routed, d->removed);
	say(f, f->ja,
	    "同じパケットが二重に届いています: 調べた %" PRIu64 " 個中 %" PRIu64
	    " 個 (%u %%) が複製で、うち別 VLAN %" PRIu64 " 個、ルータの前後 %" PRIu64
	    " 個。%" PRIu64 " 個を取り除きました。",
	    d->checked, d->doubles, share, d->other_vlan, d->routed, d->removed);
}

static void judge_cut(struct health_mirror *m, const struct mirror_counts *d)
{
	unsigned share = percent(d->cut, d->packets);
	struct mirror_finding *f;

	if (d->cut < CUT_MIN || share < CUT_PC)
		return;
	f = finding(m, MIRROR_CUT_PACKETS);
	say(f, f->en,
	    "Frames arrive cut: of %" PRIu64 " frames %" PRIu64
	    " (%u %%) are shorter than their IP header says; content behind the cut is not seen.",
	    d->packets, d->cut, share);
	say(f, f->ja,
	    "フレームが途中で切れています: %" PRIu64 " 個中 %" PRIu64
	    " 個 (%u %%) が IP ヘッダの長さに足りず、後ろの内容は見えません。",
	    d->packets, d->cut, share);
}

static void judge_sums(struct health_mirror *m, const struct mirror_counts *d)
{
	unsigned share = percent(d->sums_partial, d->sums);
	struct mirror_finding *f;

	if (d->sums < SUMS_MIN || share < OFFLOAD_PC)
		return;
	f = finding(m, MIRROR_OFFLOAD);
	say(f, f->en,
	    "Checksums are left to a network card (offload): of %" PRIu64
	    " TCP packets looked at %" PRIu64
	    " (%u %%) hold only the pseudo header's sum; leave 'decode.checksums' off.",
	    d->sums, d->sums_partial, share);
	say(f, f->ja,
	    "チェックサムがネットワークカード任せ (オフロード) です: 調べた TCP パケット %" PRIu64
	    " 個中 %" PRIu64
	    " 個 (%u %%) が擬似ヘッダの和だけです。'decode.checksums' は無効のままに。",
	    d->sums, d->sums_partial, share);
}

/* Gaps in acknowledged data: the receiver had what the mirror did not show. In half a connection
 * that means nothing. */
static void judge_gaps(struct health_mirror *m, const struct mirror_counts *d)
{
	struct mirror_finding *f;

	if (d->gaps < GAPS_MIN || d->one_way > d->two_way ||
	    d->gap_bytes * 1000 < d->bytes * GAP_PER_MILLE)
		return;
	f = finding(m, MIRROR_OVERSUBSCRIBED);
	say(f, f->en,
	    "The mirror port is oversubscribed: receivers acknowledged %" PRIu64
	    " bytes in %" PRIu64 " gaps that never came here (%" PRIu64
	    " came); the switch drops before the sensor.",
	    d->gap_bytes, d->gaps, d->bytes);
	say(f, f->ja,
	    "ミラーポートがあふれています: 受信側が確認応答した %" PRIu64 " バイト (%" PRIu64
	    " 箇所) が届いていません (届いたのは %" PRIu64
	    " バイト)。センサーの手前でスイッチが捨てています。",
	    d->gap_bytes, d->gaps, d->bytes);
}

static bool vlan_in(const struct mirror_counts *d, uint16_t id)
{
	for (unsigned i = 0; i < d->n_vlans; i++) {
		if (d->vlans[i].id == id)
			return d->vlans[i].frames > 0;
	}
	return false;
}

static void learn_vlans(struct health_mirror *m, const struct mirror_counts *d, uint64_t now)
{
	for (unsigned i = 0; i < d->n_vlans; i++) {
		unsigned k = 0;

		if (!d->vlans[i].frames)
			continue;
		while (k < m->n_vlans && m->vlans[k].id != d->vlans[i].id)
			k++;
		if (k == MIRROR_VLANS_MAX)
			continue;
		if (k == m->n_vlans) {
			m->vlans[k].id = d->vlans[i].id;
			m->vlans[k].frames = 0;
			m->n_vlans++;
		}
		m->vlans[k].frames += d->vlans[i].frames;
		m->vlans[k].last_ns = now;
	}
}

static size_t put_id(char *text, size_t len, size_t cap, uint16_t id)
{
	int n = id ? snprintf(text + len, cap - len, "%s%u", len ? ", " : "", id)
		   : snprintf(text + len, cap - len, "%suntagged", len ? ", " : "");

	return n > 0 && len + (size_t)n < cap ? len + (size_t)n : len;
}

/* VLANs that were asked for, and those that there were and that have gone. */
static void judge_vlans(struct health_mirror *m, const struct mirror_counts *d, uint64_t now)
{
	char gone[200] = "", there[200] = "";
	struct mirror_finding *f;
	size_t n = 0, k = 0;

	for (size_t i = 0; i < m->setup.n_vlans; i++) {
		if (!vlan_in(d, m->setup.vlans[i]))
			n = put_id(gone, n, sizeof(gone), m->setup.vlans[i]);
	}
	for (unsigned i = 0; i < m->n_vlans && !m->setup.n_vlans; i++) {
		if (m->vlans[i].frames >= VLAN_LEARNT &&
		    now - m->vlans[i].last_ns >= VLAN_QUIET_S * NS_PER_SEC)
			n = put_id(gone, n, sizeof(gone), m->vlans[i].id);
	}
	if (n == 0)
		return;
	for (unsigned i = 0; i < d->n_vlans; i++) {
		if (d->vlans[i].frames)
			k = put_id(there, k, sizeof(there), d->vlans[i].id);
	}
	f = finding(m, MIRROR_VLAN_MISSING);
	say(f, f->en,
	    "VLANs are missing from the mirror port: of %s no frame came; seen are %s in %" PRIu64
	    " frames.",
	    gone, there, d->packets);
	say(f, f->ja,
	    "ミラーポートに VLAN が欠けています: %s のフレームがありません。見えているのは %s "
	    "(%" PRIu64 " フレーム) です。",
	    gone, there, d->packets);
}

static void judge_encrypted(struct health_mirror *m, const struct mirror_counts *d)
{
	struct mirror_finding *f;

	m->encrypted = (int)percent(d->encrypted, d->bytes);
	if (m->encrypted < ENCRYPTED_PC || d->two_way + d->one_way < CONNECTIONS_MIN)
		return;
	f = finding(m, MIRROR_ENCRYPTED);
	say(f, f->en,
	    "Of %" PRIu64 " bytes %d %% went through encrypted: of these only names, fingerprints "
	    "and behaviour are seen.",
	    d->bytes, m->encrypted);
	say(f, f->ja,
	    "%" PRIu64 " バイトの %d %% は暗号化されており、名前・指紋・振る舞いだけが見えます。",
	    d->bytes, m->encrypted);
}

/* A port without a mirror session still shows what is flooded to everybody. */
static bool only_flooded(const struct mirror_counts *d)
{
	return d->packets > 0 && d->two_way + d->one_way == 0 &&
	       d->group * 100 >= d->packets * FLOODED_PC;
}

static void judge_silence(struct health_mirror *m, const struct mirror_counts *d, uint64_t span_s)
{
	struct mirror_finding *f;

	if (d->packets && !only_flooded(d))
		return;
	f = finding(m, MIRROR_SILENT);
	say(f, f->en,
	    "The mirror port is silent: in %" PRIu64 " seconds %" PRIu64 " frames came, %" PRIu64
	    " of them broadcast or multicast; the mirror session may be gone.",
	    span_s, d->packets, d->group);
	say(f, f->ja,
	    "ミラーポートが沈黙しています: %" PRIu64 " 秒間に %" PRIu64
	    " フレーム (うち同報 %" PRIu64 ") だけでした。ミラー設定が外れた可能性があります。",
	    span_s, d->packets, d->group);
}

static void judge_clock(struct health_mirror *m, int64_t offset_ms)
{
	struct mirror_finding *f;

	if (offset_ms > -2000 && offset_ms < 2000)
		return;
	f = finding(m, MIRROR_CLOCK);
	say(f, f->en,
	    "The clock is off: ours and that of who we report to differ by %" PRId64 " ms.",
	    offset_ms);
	say(f, f->ja, "時計がずれています: 報告先との差は %" PRId64 " ミリ秒です。", offset_ms);
}

/* --- baseline --- */

static unsigned hour_of_week(uint64_t now)
{
	uint64_t hours = now / NS_PER_SEC / HOUR_S;

	return (unsigned)((hours + 3 * 24) % MIRROR_HOURS); /* 1970 began on a Thursday */
}

static void load_baseline(struct health_mirror *m)
{
	FILE *f = m->setup.baseline ? fopen(m->setup.baseline, "re") : NULL;
	unsigned hour, seen;
	double mean;

	while (f && fscanf(f, "%u %u %lf", &hour, &seen, &mean) == 3) {
		if (hour >= MIRROR_HOURS || mean < 0 || mean > 1e15)
			continue;
		m->seen[hour] = seen;
		m->mean[hour] = mean;
	}
	if (f)
		fclose(f);
}

static void save_baseline(const struct health_mirror *m)
{
	char beside[4096];
	bool bad;
	FILE *f;

	if (!m->setup.baseline ||
	    (size_t)snprintf(beside, sizeof(beside), "%s.new", m->setup.baseline) >= sizeof(beside))
		return;
	f = fopen(beside, "we");
	if (!f)
		return;
	for (unsigned i = 0; i < MIRROR_HOURS; i++) {
		if (m->seen[i])
			fprintf(f, "%u %u %.3f\n", i, m->seen[i], m->mean[i]);
	}
	bad = ferror(f);
	bad |= fclose(f) != 0;
	if (bad || rename(beside, m->setup.baseline) < 0)
		remove(beside);
}

/* The hour that has ended goes into the mean of its place in the week. */
static void end_hour(struct health_mirror *m)
{
	unsigned at = hour_of_week(m->hour * HOUR_S * NS_PER_SEC);
	double rate = (double)m->hour_bytes * 1e9 / (double)(m->hour_ns ? m->hour_ns : 1);

	if (m->hour_ns < HOUR_S * NS_PER_SEC / 2)
		return; /* too little of it was seen */
	m->mean[at] = m->seen[at] == 0 ? rate : m->mean[at] + (rate - m->mean[at]) / 4;
	m->seen[at]++;
	save_baseline(m);
}

static void judge_baseline(struct health_mirror *m, uint64_t bytes, uint64_t span_ns, uint64_t now)
{
	double rate = (double)bytes * 1e9 / (double)(span_ns ? span_ns : 1);
	unsigned at = hour_of_week(now);
	double usual = m->mean[at];
	struct mirror_finding *f;

	if (m->seen[at] < MIRROR_LEARNT_HOURS || usual < BASELINE_LEAST ||
	    (rate * BASELINE_FACTOR >= usual && rate <= usual * BASELINE_FACTOR))
		return;
	f = finding(m, MIRROR_BASELINE);
	say(f, f->en,
	    "Traffic is unusual for the hour: %.0f kB/s, while this hour of the week has %.0f kB/s "
	    "(%u weeks seen); %s.",
	    rate / 1000, usual / 1000, m->seen[at],
	    rate < usual ? "a part of the network may no longer be mirrored"
			 : "something moves far more data than ever");
	say(f, f->ja,
	    "この時間帯としては通信量が異常です: %.0f kB/s (例週 %.0f kB/s、%u 週分)。%s。",
	    rate / 1000, usual / 1000, m->seen[at],
	    rate < usual ? "ミラーされなくなった区間があるかもしれません"
			 : "いつになく大量のデータが動いています");
}

static void count_hour(struct health_mirror *m, uint64_t bytes, uint64_t span_ns, uint64_t now)
{
	uint64_t hour = now / NS_PER_SEC / HOUR_S;

	if (hour != m->hour) {
		end_hour(m);
		m->hour = hour;
		m->hour_bytes = m->hour_ns = 0;
	}
	m->hour_bytes += bytes;
	m->hour_ns += span_ns;
}

/* --- windows --- */

static uint64_t since(uint64_t now, uint64_t before)
{
	return now > before ? now - before : 0;
}

static uint64_t vlan_before(const struct mirror_counts *c, uint16_t id)
{
	for (unsigned i = 0; i < c->n_vlans; i++) {
		if (c->vlans[i].id == id)
			return c->vlans[i].frames;
	}
	return 0;
}

static struct mirror_counts difference(const struct mirror_counts *a, const struct mirror_counts *b)
{
	struct mirror_counts d = {
		.packets = since(a->packets, b->packets),
		.bytes = since(a->bytes, b->bytes),
		.group = since(a->group, b->group),
		.checked = since(a->checked, b->checked),
		.doubles = since(a->doubles, b->doubles),
		.other_vlan = since(a->other_vlan, b->other_vlan),
		.routed = since(a->routed, b->routed),
		.removed = since(a->removed, b->removed),
		.two_way = since(a->two_way, b->two_way),
		.one_way = since(a->one_way, b->one_way),
		.cut = since(a->cut, b->cut),
		.sums = since(a->sums, b->sums),
		.sums_partial = since(a->sums_partial, b->sums_partial),
		.sums_bad = since(a->sums_bad, b->sums_bad),
		.gaps = since(a->gaps, b->gaps),
		.gap_bytes = since(a->gap_bytes, b->gap_bytes),
		.unseen = since(a->unseen, b->unseen),
		.sessions = since(a->sessions, b->sessions),
		.encrypted = since(a->encrypted, b->encrypted),
		.n_vlans = a->n_vlans,
	};

	for (unsigned i = 0; i < a->n_vlans; i++) {
		d.vlans[i].id = a->vlans[i].id;
		d.vlans[i].frames = since(a->vlans[i].frames, vlan_before(b, a->vlans[i].id));
	}
	return d;
}

static void judge(struct health_mirror *m, const struct mirror_counts *d, int64_t offset_ms,
		  uint64_t now)
{
	uint64_t span_ns = now - m->begin_ns;

	m->n = 0;
	judge_silence(m, d, span_ns / NS_PER_SEC);
	judge_clock(m, offset_ms);
	if (d->packets && !only_flooded(d)) {
		judge_directions(m, d);
		judge_doubles(m, d);
		learn_vlans(m, d, now);
		judge_vlans(m, d, now);
		judge_cut(m, d);
		judge_sums(m, d);
		judge_gaps(m, d);
		judge_encrypted(m, d);
	}
	judge_baseline(m, d->bytes, span_ns, now);
	count_hour(m, d->bytes, span_ns, now);
}

struct health_mirror *health_mirror_new(const struct mirror_setup *setup)
{
	struct health_mirror *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->setup = *setup;
	m->encrypted = -1;
	load_baseline(m);
	return m;
}

void health_mirror_free(struct health_mirror *m)
{
	free(m);
}

void health_mirror_sample(struct health_mirror *m, const struct mirror_counts *c,
			  uint64_t generation, int64_t clock_offset_ms, uint64_t now)
{
	struct mirror_counts d;

	if (m->begun && generation == m->generation && now >= m->begin_ns &&
	    now - m->begin_ns < m->setup.window_s * NS_PER_SEC)
		return;
	if (m->begun && generation == m->generation && now > m->begin_ns) {
		d = difference(c, &m->begin);
		judge(m, &d, clock_offset_ms, now);
	}
	m->begin = *c;
	m->begin_ns = now;
	m->generation = generation;
	m->begun = true;
}

const struct mirror_finding *health_mirror_findings(const struct health_mirror *m, size_t *ret_n)
{
	*ret_n = m->n;
	return m->findings;
}

int health_mirror_encrypted(const struct health_mirror *m)
{
	return m->encrypted;
}
