/* Any rules over any packets, through decode, flow, stream, parsers and detection. Asserted: only
 * rules that were loaded alert, none with noalert does, at most LIMIT_ALERTS_PER_PACKET a packet,
 * and the same packets again give the same alerts.
 *
 * Input: a byte of flags (bit 0 `rules.lang` 8), rules up to a NUL, then pieces: a byte (bits 0-2
 * what, bit 3 direction, bits 4-5 which server port, bit 6 a pause of 50 s), two bytes of length,
 * bytes. What: 0 to 2 TCP data, 3 a datagram, 4 ICMP, 5 a frame as it is, 6 TCP with these flags in
 * its first byte, 7 the connection ends. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/limits.h"
#include "dataplane/detect/harness.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { PIECES = 64, RULES = 16384, ALERTS = 4096 };

struct kept {
	struct harness_alert alerts[ALERTS];
	uint32_t count;
};

static void tcp(struct harness *h, struct talk *t, bool *open, enum dir dir, struct slice s)
{
	if (!*open)
		talk_open(h, t);
	*open = true;
	for (size_t at = 0; at < s.len; at += 1000) {
		struct slice part = slice_sub(s, at, s.len - at < 1000 ? s.len - at : 1000);

		talk_send(h, t, dir, (const char *)part.data, part.len);
	}
}

static void piece(struct harness *h, struct talk *t, bool *open, uint8_t what, struct slice s)
{
	enum dir dir = what & 8 ? DIR_TC : DIR_TS;
	const char *bytes = (const char *)s.data;

	switch (what & 7) {
	case 3:
		talk_udp(h, t, dir, bytes, s.len < 1400 ? s.len : 1400);
		break;
	case 4:
		talk_icmp(h, t, dir, s.len ? s.data[0] : 8, 0, 7, 3, bytes,
			  s.len < 1000 ? s.len : 1000);
		break;
	case 5:
		harness_frame(h, s.data, (uint32_t)s.len, harness_now(h) + 1000000);
		break;
	case 6:
		talk_tcp(h, t, dir, s.len ? s.data[0] : 2, bytes, s.len < 1400 ? s.len : 1400);
		break;
	case 7:
		if (*open)
			talk_close(h, t);
		*open = false;
		t->cport++;
		break;
	default:
		tcp(h, t, open, dir, s);
	}
}

static void packets(struct harness *h, struct cursor c)
{
	static const uint16_t ports[] = {80, 53, 443, 9999};
	struct talk talks[4];
	bool open[4] = {false};

	for (unsigned i = 0; i < 4; i++)
		talks[i] = talk_new(ports[i]);
	for (unsigned i = 0; i < PIECES && cursor_left(&c) > 0; i++) {
		uint8_t what = cursor_u8(&c);
		size_t len = cursor_u16(&c), left = cursor_left(&c);
		unsigned which = what >> 4 & 3;

		if (what & 0x40)
			talk_pause(h, 50 * NS_PER_SEC);
		piece(h, &talks[which], &open[which], what,
		      cursor_take(&c, len < left ? len : left));
	}
	harness_end(h);
}

static void keep(const struct harness *h, struct kept *k)
{
	const struct harness_alert *alerts;

	k->count = harness_alerts(h, &alerts);
	if (k->count > ALERTS)
		k->count = ALERTS;
	memcpy(k->alerts, alerts, k->count * sizeof(*alerts));
}

static void check(const struct harness *h, const struct kept *k)
{
	uint64_t packet = 0;
	unsigned same = 0;

	for (uint32_t i = 0; i < k->count; i++) {
		const struct rule *r = harness_rule(h, k->alerts[i].sid);

		assert(r && !r->noalert);
		/* A frame may hold packets of tunnels, and end flows. */
		same = k->alerts[i].packet == packet ? same + 1 : 1;
		packet = k->alerts[i].packet;
		assert(same <= 64 * LIMIT_ALERTS_PER_PACKET);
	}
}

/* Rules are compiled once while only the packets change; sets of rules remember. */
static struct harness *harness_of(const char *rules, uint8_t flags)
{
	static struct harness *last;
	static char text[RULES];
	static uint8_t lang;
	struct errmsg err = {""};

	if (last && lang == flags && strcmp(text, rules) == 0 && !strstr(rules, "dataset")) {
		assert(harness_restart(last));
		return last;
	}
	harness_delete(last);
	last = harness_new_lang(rules, flags & 1 ? 8 : 7, &err);
	assert(last);
	memcpy(text, rules, strlen(rules) + 1);
	lang = flags;
	return last;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kept first, second;
	const uint8_t *end = size > 1 ? memchr(data + 1, 0, size - 1) : NULL;
	char rules[RULES];
	struct harness *h;
	size_t n;

	if (!end || (n = (size_t)(end - data) - 1) >= sizeof(rules))
		return 0;
	memcpy(rules, data + 1, n);
	rules[n] = '\0';
	h = harness_of(rules, data[0]);
	packets(h, cursor_init(end + 1, size - n - 2));
	keep(h, &first);
	check(h, &first);
	if (strstr(rules, "dataset"))
		return 0;
	assert(harness_restart(h));
	packets(h, cursor_init(end + 1, size - n - 2));
	keep(h, &second);
	assert(first.count == second.count);
	for (uint32_t i = 0; i < first.count; i++)
		assert(first.alerts[i].sid == second.alerts[i].sid &&
		       first.alerts[i].packet == second.alerts[i].packet);
	return 0;
}
