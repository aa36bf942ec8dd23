/* Applications that do not belong on a company's network, by the first bytes they send: coin mining
 * and coin networks (T1496), file sharing, Tor (T1090.003). Facts: Stratum, the Levin header of
 * CryptoNote, RLPx (EIP-8), BEP 3 and 5, tor-spec (names in its certificates). */
#include "dataplane/behave/detector.h"

enum app { MINING, SHARING, TOR, REMOTE };

struct app_entry { /* one client, one application */
	struct behave_entry entry;
	uint64_t peers; /* small set */
};

static const struct behave_sign mining_sign = {
	2600,	 "BANKEN coin mining or coin network",	     "TA0040",
	"T1496", "Crypto Currency Mining Activity Detected", BEHAVE_HIGH,
	true};
static const struct behave_sign sharing_sign = {
	2601,	 "BANKEN file sharing with strangers",	  "TA0011",
	"T1071", "Potential Corporate Privacy Violation", BEHAVE_LOW,
	true};
static const struct behave_sign tor_sign = {2602,
					    "BANKEN Tor network",
					    "TA0011",
					    "T1090.003",
					    "Potential Corporate Privacy Violation",
					    BEHAVE_MEDIUM,
					    true};

static const struct behave_sign remote_sign = {
	2603,	 "BANKEN remote control from outside",	  "TA0011",
	"T1219", "Potential Corporate Privacy Violation", BEHAVE_LOW,
	false};

static void tell(const struct behave_view *v, const struct behave_event *e, enum app app,
		 const char *what, const char *what_ja)
{
	static const struct behave_sign *const signs[] = {&mining_sign, &sharing_sign, &tor_sign,
							  &remote_sign};
	/* Who of us takes part: partners outside come by themselves. */
	bool called = !behave_inside(&e->ends.client) && behave_inside(&e->ends.server);
	const struct ip_addr *ours = called ? &e->ends.server : &e->ends.client;
	const struct ip_addr *theirs = called ? &e->ends.client : &e->ends.server;
	uint64_t key[2] = {behave_word(ours), app};
	struct behave_text client, server;
	struct app_entry *a;
	struct behave_hit hit;
	unsigned peers;
	bool is_new;

	a = behave_table_get(&v->tables[0], key, 2, e->time_ns, &is_new);
	behave_small_add(v, &a->peers, behave_word(theirs));
	peers = behave_small_count(a->peers);
	if (app == SHARING && peers < v->limits->peers)
		return;
	if (behave_told(v, &a->entry, e->time_ns))
		return;
	client = behave_address(ours);
	server = behave_address(theirs);
	behave_hit_init(&hit, signs[app], e);
	if (called)
		behave_turn(&hit.ends);
	behave_say_en(&hit, "%s speaks %s, last with %s port %u; %u partners so far.", client.s,
		      what, server.s, e->ends.server_port, peers);
	behave_say_ja(&hit,
		      "%sが%sを使用しています(最後の相手は%sのポート%u、これまでの相手は%u台)。",
		      client.s, what_ja, server.s, e->ends.server_port, peers);
	behave_figure(&hit, "partners", peers);
	behave_tell(v, &hit, &a->entry);
}

static bool starts(struct slice s, const char *bytes, size_t len)
{
	return s.len >= len && memcmp(s.data, bytes, len) == 0;
}

static bool holds(struct slice s, const char *text)
{
	return s.data && s.len && memmem(s.data, s.len, text, strlen(text)) != NULL;
}

/* JSON calls of mining pools: Stratum 1 and its relatives. */
static bool stratum(struct slice s)
{
	if (s.len < 20 || s.data[0] != '{')
		return false;
	if (holds(s, "\"mining.") || holds(s, "\"eth_submit") || holds(s, "\"eth_getWork"))
		return true;
	return holds(s, "\"login\"") && holds(s, "\"pass\"") && holds(s, "\"method\"");
}

/* The first message of RLPx: its length, then a public key that is not compressed. */
static bool rlpx(struct slice s)
{
	return s.len >= 280 && s.len <= 700 && s.data[2] == 4 &&
	       (size_t)(s.data[0] << 8 | s.data[1]) + 2 == s.len;
}

static void hello(const struct behave_view *v, const struct behave_event *e)
{
	struct slice s = e->hello.bytes;

	if (s.len < 16)
		return;
	switch (s.data[0]) {
	case '{':
		if (stratum(s))
			tell(v, e, MINING, "the protocol of mining pools",
			     "採掘プールのプロトコル");
		break;
	case 0x01:
		if (starts(s, "\1\x21\1\1\1\1\1\1", 8)) {
			tell(v, e, MINING, "the protocol of a coin network (CryptoNote)",
			     "暗号資産ネットワーク(CryptoNote)のプロトコル");
			break;
		}
		__attribute__((fallthrough));
	case 0x02:
		if (e->ends.ip_proto == 6 && rlpx(s))
			tell(v, e, MINING, "the protocol of a coin network (Ethereum)",
			     "暗号資産ネットワーク(Ethereum)のプロトコル");
		break;
	case 0x13:
		if (starts(s,
			   "\x13"
			   "BitTorrent protocol",
			   20))
			tell(v, e, SHARING, "BitTorrent", "BitTorrent");
		break;
	case 'd':
		if (starts(s, "d1:ad2:id20:", 12) || starts(s, "d1:rd2:id20:", 12))
			tell(v, e, SHARING, "BitTorrent's node search", "BitTorrentのノード探索");
		break;
	default:
		break;
	}
}

/* "www." + 4 to 25 letters and digits 2 to 7 + ".com" or ".net": base 32 of random bits. */
static bool tor_name(struct slice name)
{
	bool letters = false;

	if (slice_eq(slice_sub(name, 0, 3), SLICE_LIT("CN=")))
		name = slice_sub(name, 3, name.len);
	if (name.len < 12 || name.len > 33 || memcmp(name.data, "www.", 4) != 0 ||
	    (memcmp(name.data + name.len - 4, ".com", 4) != 0 &&
	     memcmp(name.data + name.len - 4, ".net", 4) != 0))
		return false;
	for (size_t i = 4; i < name.len - 4; i++) {
		uint8_t c = name.data[i];

		if ((c < 'a' || c > 'z') && (c < '2' || c > '7'))
			return false;
		letters |= c >= 'a';
	}
	return letters;
}

/* Certificates whose issuer and subject are two such names, and neither the one asked for; where
 * the certificate is hidden (TLS 1.3), several servers with made-up names. */
static void tls(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_tls *t = &e->tls;
	struct slice subject = slice_sub(t->subject, 3, t->subject.len);

	if (!tor_name(t->sni))
		return;
	if (t->subject.len) {
		if (tor_name(t->subject) && tor_name(t->issuer) &&
		    !slice_eq(t->subject, t->issuer) && !slice_eq(subject, t->sni))
			tell(v, e, TOR, "the protocol of Tor", "Torのプロトコル");
		return;
	}
	if (behave_randomness(slice_sub(t->sni, 4, t->sni.len - 8)) >= 60 &&
	    e->ends.server_port != 443)
		tell(v, e, TOR, "what looks like the protocol of Tor", "Torとみられるプロトコル");
}

/* libndpi's names of what nobody here parses. */
const char *const behave_traffic_names[] = {"Mining",	"BitTorrent",	 "eDonkey",    "Gnutella",
					    "Soulseek", "DirectConnect", "Tor",	       "TeamViewer",
					    "AnyDesk",	"pcAnywhere",	 "RemoteScan", "SoftEther",
					    NULL};

static const enum app traffic_apps[] = {MINING, SHARING, SHARING, SHARING, SHARING, SHARING,
					TOR,	REMOTE,	 REMOTE,  REMOTE,  REMOTE,  REMOTE};

static void traffic(const struct behave_view *v, const struct behave_event *e)
{
	const char *name = e->traffic.traffic->name;

	for (size_t i = 0; i < ARRAY_SIZE(traffic_apps); i++) {
		if (strcmp(name, behave_traffic_names[i]) == 0)
			tell(v, e, traffic_apps[i], name, name);
	}
}

static void event(const struct behave_view *v, const struct behave_event *e)
{
	if (e->kind == BEHAVE_TRAFFIC)
		traffic(v, e);
	else if (e->kind == BEHAVE_HELLO)
		hello(v, e);
	else
		tls(v, e);
}

const struct behave_detector behave_apps = {
	.kinds = 1 << BEHAVE_HELLO | 1 << BEHAVE_TLS | 1 << BEHAVE_TRAFFIC,
	.entry_size = {sizeof(struct app_entry)},
	.weight = {1},
	.event = event,
};
