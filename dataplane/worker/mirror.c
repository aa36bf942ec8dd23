#include "dataplane/worker/mirror.h"

#include <stdlib.h>

#include "dataplane/base/clock.h"
#include "dataplane/decode/checksum.h"
#include "dataplane/decode/events.h"

enum {
	WINDOW_US = 4000, /* a second copy comes that soon; a retransmission does not */
	HASHED = 32,	  /* bytes of layer 4 that are compared */
	JUDGE = 512,	  /* packets looked at between two decisions */
	SHARE_ON = 20,	  /* taken out from one double in so many packets on */
	SHARE_OFF = 100,
};

struct mirror *mirror_new(enum mirror_removal removal)
{
	struct mirror *m = calloc(1, sizeof(*m));

	if (!m)
		return NULL;
	m->removal = removal;
	m->removing = removal == MIRROR_REMOVE;
	m->vlans = 1; /* untagged */
	m->key = hash_key_random();
	return m;
}

void mirror_delete(struct mirror *m)
{
	free(m);
}

void mirror_count_vlan(struct mirror *m, const struct packet *p)
{
	uint16_t vlan = p->vlan_count ? p->vlan[0] : 0;
	unsigned i = 0;

	while (i < m->vlans && m->counters[MIRROR_VLAN_IDS + i] != vlan)
		i++;
	if (i == MIRROR_VLANS) {
		m->counters[MIRROR_OTHER_VLANS]++;
		return;
	}
	if (i == m->vlans) {
		m->counters[MIRROR_VLAN_IDS + i] = vlan;
		m->vlans++;
	}
	m->counters[MIRROR_VLAN_FRAMES + i]++;
	m->last_vlan = i;
}

/* Many doubles: they are taken out from now on; hardly any more: all are let through again. */
static void decide(struct mirror *m)
{
	uint64_t checked = m->counters[MIRROR_CHECKED] - m->mark_checked;
	uint64_t doubles = m->counters[MIRROR_DUPLICATES] - m->mark_duplicates;

	if (m->removal == MIRROR_AUTO)
		m->removing = doubles * (m->removing ? SHARE_OFF : SHARE_ON) >= checked;
	m->mark_checked = m->counters[MIRROR_CHECKED];
	m->mark_duplicates = m->counters[MIRROR_DUPLICATES];
}

static uint64_t hash_of(const struct mirror *m, const struct packet *p)
{
	uint64_t words[4 + HASHED / 8 + 1] = {0};
	uint32_t n = p->l4_len < HASHED ? p->l4_len : HASHED;

	memcpy(words, &p->src, 16);
	memcpy(words + 2, &p->dst, 16);
	memcpy(words + 4, p->l4, n);
	words[4 + HASHED / 8] = (uint64_t)p->ip_id << 32 | (uint64_t)p->ip_proto << 24 | p->l4_len;
	return hash_words(&m->key, words, ARRAY_SIZE(words));
}

bool mirror_is_double(struct mirror *m, const struct packet *p)
{
	uint64_t h = hash_of(m, p);
	/* A sample needs little room: what stays in the cache. */
	struct mirror_seen *s = &m->seen[h % (m->removing ? MIRROR_SEEN : MIRROR_SAMPLED)];
	uint32_t tag = (uint32_t)(h >> 32), now = (uint32_t)(p->now_ns / NS_PER_US);
	uint16_t vlan = p->vlan_count ? p->vlan[0] : 0;
	bool twice = s->tag == tag && now - s->time_us <= WINDOW_US;

	m->counters[MIRROR_CHECKED]++;
	if (twice) {
		m->counters[MIRROR_DUPLICATES]++;
		m->counters[MIRROR_OTHER_VLAN] += s->vlan != vlan;
		m->counters[MIRROR_ROUTED] += s->ttl != p->ttl;
		m->counters[MIRROR_REMOVED] += m->removing;
	} else {
		*s = (struct mirror_seen){tag, now, vlan, p->ttl};
	}
	if (m->counters[MIRROR_CHECKED] - m->mark_checked >= JUDGE) {
		bool removing = m->removing;

		decide(m);
		return twice && removing;
	}
	return twice && m->removing;
}

void mirror_count_cut(struct mirror *m, const struct packet *p)
{
	for (unsigned i = 0; i < p->event_count; i++) {
		if (p->events[i] == DECODE_EVENT_IPV4_TRUNC_PKT ||
		    p->events[i] == DECODE_EVENT_IPV6_TRUNC_PKT) {
			m->counters[MIRROR_CUT]++;
			return;
		}
	}
}

/* The checksum field holds the sum of the pseudo header alone (RFC 9293, 3.1): what a kernel leaves
 * to the card. */
static bool partial(const struct packet *p)
{
	bool v4 = ip_addr_is_v4(&p->src);
	uint32_t sum = p->ip_proto + p->l4_len;

	for (unsigned i = v4 ? 12 : 0; i < 16; i += 2) {
		sum += (uint32_t)p->src.bytes[i] << 8 | p->src.bytes[i + 1];
		sum += (uint32_t)p->dst.bytes[i] << 8 | p->dst.bytes[i + 1];
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum == ((uint32_t)p->l4[16] << 8 | p->l4[17]);
}

void mirror_check_sum(struct mirror *m, const struct packet *p)
{
	m->sums = 0;
	if (!p->l4 || p->l4_len < 20 || p->wire_len > p->frame_len)
		return;
	m->counters[MIRROR_SUMS]++;
	if (checksum_l4_good(p))
		return;
	m->counters[MIRROR_SUMS_BAD]++;
	m->counters[MIRROR_SUMS_PARTIAL] += partial(p);
}

/* A connection of that many packets that acknowledges and is not answered is one half of one. */
void mirror_judge(struct mirror *m, const struct flow *f)
{
	enum dir dir = f->packets[DIR_TS] ? DIR_TS : DIR_TC;

	if (f->packets[DIR_TS] && f->packets[DIR_TC])
		m->counters[MIRROR_TWO_WAY]++;
	else if (f->tcp_flags[dir] & TCP_ACK)
		m->counters[MIRROR_ONE_WAY]++;
}

struct counter_set mirror_counters(const struct mirror *m)
{
	static const struct counter_name names[MIRROR_COUNTERS] = {
		[MIRROR_CHECKED] = {"checked", false},
		[MIRROR_DUPLICATES] = {"duplicates", false},
		[MIRROR_OTHER_VLAN] = {"duplicates_other_vlan", false},
		[MIRROR_ROUTED] = {"duplicates_routed", false},
		[MIRROR_REMOVED] = {"duplicates_removed", true},
		[MIRROR_TWO_WAY] = {"two_way", false},
		[MIRROR_ONE_WAY] = {"one_way", false},
		[MIRROR_CUT] = {"cut", false},
		[MIRROR_SUMS] = {"sums", false},
		[MIRROR_SUMS_BAD] = {"sums_bad", false},
		[MIRROR_SUMS_PARTIAL] = {"sums_partial", false},
		[MIRROR_ENCRYPTED_BYTES] = {"encrypted_bytes", false},
		[MIRROR_GROUP_FRAMES] = {"group_frames", false},
		[MIRROR_OTHER_VLANS] = {"vlans_beyond", false},
#define SLOT(n)                                                                                    \
	[MIRROR_VLAN_IDS + n] = {"vlan_id." #n, false},                                            \
			   [MIRROR_VLAN_FRAMES + n] = {"vlan_frames." #n, false}
		SLOT(0),
		SLOT(1),
		SLOT(2),
		SLOT(3),
		SLOT(4),
		SLOT(5),
		SLOT(6),
		SLOT(7),
		SLOT(8),
		SLOT(9),
		SLOT(10),
		SLOT(11),
		SLOT(12),
		SLOT(13),
		SLOT(14),
		SLOT(15),
		SLOT(16),
		SLOT(17),
		SLOT(18),
		SLOT(19),
		SLOT(20),
		SLOT(21),
		SLOT(22),
		SLOT(23),
#undef SLOT
	};

	return (struct counter_set){"mirror", names, m->counters, MIRROR_COUNTERS};
}
