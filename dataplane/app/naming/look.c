#include "dataplane/app/naming/look.h"

#include "dataplane/base/clock.h"

enum {
	STUN = 3478,	   /* the library gives names by address there */
	DISCOVERY = 30303, /* Ethereum's */
	BITCOIN = 8333,
	LOW_PORTS = 1024,
	TRACKED_DAYS = 2, /* a time stamp of uTP 0 is about now */
};

static const char *const covered[] = {"Mining",	  "BitTorrent",	   "eDonkey",	 "Gnutella",
				      "Soulseek", "DirectConnect", "Tor",	 "TeamViewer",
				      "AnyDesk",  "pcAnywhere",	   "RemoteScan", "SoftEther"};

bool naming_look_covers(const char *const *names)
{
	for (; *names; names++) {
		size_t i = 0;

		while (i < ARRAY_SIZE(covered) && strcmp(covered[i], *names) != 0)
			i++;
		if (i == ARRAY_SIZE(covered))
			return false;
	}
	return true;
}

static bool starts(struct slice s, struct slice with)
{
	return s.len >= with.len && memcmp(s.data, with.data, with.len) == 0;
}

static bool starts_any(struct slice s, const struct slice *with, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (starts(s, with[i]))
			return true;
	}
	return false;
}

static bool has_at(struct slice s, size_t at, struct slice what)
{
	return starts(slice_sub(s, at, s.len), what);
}

static uint32_t word_at(struct slice s, size_t at)
{
	const uint8_t *d = s.data + at;

	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

/* Any of the texts, all of which begin with `mark`, in front of the first byte that is 0: where the
 * library stops looking. */
static bool holds(struct slice s, char mark, const struct slice *texts, unsigned count)
{
	const uint8_t *end = memchr(s.data, 0, s.len), *at = s.data;

	if (!end)
		end = s.data + s.len;
	while ((at = memchr(at, mark, (size_t)(end - at)))) {
		if (starts_any(SLICE(at, (size_t)(end - at)), texts, count))
			return true;
		at++;
	}
	return false;
}

static bool either_port(const struct app_tuple *ends, uint16_t port)
{
	return ends->port[0] == port || ends->port[1] == port;
}

/* ---- the same over TCP and UDP ---- */

/* Its first byte says enough: few others use it. */
static bool edonkey(struct slice s)
{
	return s.data[0] == 0xe3 || s.data[0] == 0xe4 || s.data[0] == 0xe5 || s.data[0] == 0xc5;
}

/* Addresses of TeamViewer's: 95.211.37.195 to .203 and 178.77.120.0/25. */
static bool teamviewer_host(const struct ip_addr *a)
{
	uint32_t v4 = ip_addr_v4_u32(a);

	return ip_addr_is_v4(a) &&
	       ((v4 >= 0x5fd325c3 && v4 <= 0x5fd325cb) || (v4 & 0xffffff80) == 0xb24d7800);
}

/* In a /16 where it has others: the library gives STUN the name of the address. */
static bool teamviewer_net(const struct ip_addr *a)
{
	static const uint16_t nets[] = {0x25fc, 0x3275, 0x4444, 0x4626, 0x5e10, 0x6ca3,
					0x9eb0, 0x9f08, 0x9f7a, 0xa19c, 0xa933, 0xae8e,
					0xb2ff, 0xb86b, 0xb9bc, 0xb9f5, 0xbc41, 0xbcac,
					0xc0af, 0xc120, 0xc13a, 0xd5e3, 0xd992};

	for (size_t i = 0; i < ARRAY_SIZE(nets); i++) {
		if (ip_addr_is_v4(a) && ip_addr_v4_u32(a) >> 16 == nets[i])
			return true;
	}
	return false;
}

static bool any_transport(const struct app_tuple *ends, struct slice s)
{
	if (either_port(ends, STUN) &&
	    (teamviewer_net(&ends->addr[0]) || teamviewer_net(&ends->addr[1])))
		return true;
	return edonkey(s) || teamviewer_host(&ends->addr[0]) || teamviewer_host(&ends->addr[1]);
}

/* ---- TCP: all dissectors have made up their mind after the first piece ---- */

static bool mining_tcp(const struct app_tuple *ends, enum dir dir, struct slice s)
{
	static const struct slice calls[] = {SLICE_LIT("\"eth1.0\""), SLICE_LIT("\"worker\":"),
					     SLICE_LIT("\"method\":"), SLICE_LIT("\"blob\":")};
	uint16_t to = ends->port[dir_other(dir)];

	if (s.len <= 10)
		return false;
	if (ends->port[dir] == BITCOIN &&
	    (word_at(s, 0) == 0xf9beb4d9 || word_at(s, 0) == 0xfabfb5da))
		return true;
	if (s.len > 300 && s.len < 600 && s.data[2] == 4 && to >= 30300 && to <= 30305)
		return true;
	return holds(s, '"', calls, ARRAY_SIZE(calls));
}

/* A request of BitTorrent's, Gnutella's or of a program that shares files. Most have been read by
 * the parser of HTTP: this one's connection was not seen from its beginning. */
static bool sharing_request(struct slice s)
{
	static const struct slice paths[] = {SLICE_LIT("GET /get/"), SLICE_LIT("GET /uri-res/"),
					     SLICE_LIT("GET /gnutella/"),
					     SLICE_LIT("GET /webseed?"), SLICE_LIT("GET /data?")};
	static const struct slice values[] = {SLICE_LIT(" Azureus "),
					      SLICE_LIT(" BitTorrent"),
					      SLICE_LIT(" BTWebClient"),
					      SLICE_LIT(" Shareaza "),
					      SLICE_LIT(" BearShare Lite "),
					      SLICE_LIT(" Mozilla/4.0 (compatible; MSIE 6.0;"),
					      SLICE_LIT(" 300"),
					      SLICE_LIT(" application n/x-gnutella")};
	static const struct slice hash = SLICE_LIT("_hash="), host = SLICE_LIT("ip2p.com");
	const uint8_t *end = s.data + s.len, *at = s.data;

	if (!starts(s, SLICE_LIT("GET")) && !starts(s, SLICE_LIT("POST ")))
		return false;
	if (starts_any(s, paths, ARRAY_SIZE(paths)) || holds(s, '_', &hash, 1))
		return true;
	while ((at = memchr(at, ':', (size_t)(end - at)))) {
		size_t before = (size_t)(at - s.data);

		at++;
		if (starts_any(SLICE(at, (size_t)(end - at)), values, ARRAY_SIZE(values)) ||
		    (before >= host.len && has_at(s, before - host.len, host)))
			return true;
	}
	return false;
}

static bool bittorrent_tcp(struct slice s)
{
	return s.data[0] == 0x13 || sharing_request(s) ||
	       (s.len == 80 && starts(s, SLICE_LIT("\x4c\0\0\0\xff\xff\xff\xff\x57\0\0\0")));
}

static bool gnutella_tcp(const struct app_tuple *ends, struct slice s)
{
	static const struct slice begins[] = {
		SLICE_LIT("GNUTELLA"),	     SLICE_LIT("HEAD /gnutella/"),
		SLICE_LIT("PUSH guid:"),     SLICE_LIT("GIV"),
		SLICE_LIT("\x80\x2c\1\3"),   SLICE_LIT("\x80\x2f\1\3"),
		SLICE_LIT("\x16\3\1\0\x54"), SLICE_LIT("\x16\3\1\0\x4d")};

	if (starts_any(s, begins, ARRAY_SIZE(begins)))
		return true;
	/* NEONet goes by the lengths of the first two messages. */
	return ends->port[0] >= LOW_PORTS && ends->port[1] >= LOW_PORTS &&
	       (s.len == 11 || s.len == 33 || s.len == 37);
}

static bool directconnect(struct slice s)
{
	return starts(s, SLICE_LIT("$Lock ")) || starts(s, SLICE_LIT("$MyNick ")) ||
	       starts(s, SLICE_LIT("HSUP ADBAS")) || starts(s, SLICE_LIT("CSUP ADBAS"));
}

static bool tcp(const struct app_tuple *ends, enum dir dir, struct slice s)
{
	/* Some look at the next piece when this one is a single byte. */
	return s.len == 1 || any_transport(ends, s) || starts(s, SLICE_LIT("\x17\x24")) ||
	       bittorrent_tcp(s) || directconnect(s) || gnutella_tcp(ends, s) ||
	       mining_tcp(ends, dir, s);
}

/* ---- UDP ---- */

static bool gnutella_udp(struct slice s)
{
	switch (s.len) {
	case 1:
		return true; /* undecided */
	case 23:
		return has_at(s, 15, SLICE_LIT("\0\x41\1\0\0\0\0\0")) ||
		       has_at(s, 16, SLICE_LIT("\0\1\0\0\0\0\0"));
	case 32:
		return has_at(s, 16, SLICE_LIT("\x31\1\0\x09\0\0\0"));
	case 34:
		return has_at(s, 25, SLICE_LIT("SCP@"));
	case 35:
		return has_at(s, 25, SLICE_LIT("\x49\x50\x40\x83"));
	case 73:
	case 96:
		return has_at(s, 32, SLICE_LIT("urn:sha1:"));
	default:
		return starts(s, SLICE_LIT("GND"));
	}
}

static bool teamviewer_udp(struct slice s)
{
	return s.len > 13 && s.data[0] == 0 && s.data[11] == 0x17 && s.data[12] == 0x24;
}

/* uTP: BEP 29, and the version before it, whose header ends with kinds of extension and packet. */
static bool utp(struct slice s, uint64_t now_ns)
{
	uint64_t now = now_ns / NS_PER_SEC, at = word_at(s, 4);
	uint64_t apart = at > now ? at - now : now - at;

	if ((s.data[0] & 15) == 1 && s.data[0] >> 4 <= 4 && s.data[1] <= 2 &&
	    word_at(s, 12) <= 65565)
		return true;
	return starts(s, SLICE_LIT("\x60\0\0\0\0")) ||
	       (s.data[18] < 6 && s.data[17] < 3 && apart < TRACKED_DAYS * 86400);
}

static bool bittorrent_udp(struct slice s, uint64_t now_ns)
{
	static const struct slice parts[] = {SLICE_LIT(":target20:"), SLICE_LIT(":find_node1:"),
					     SLICE_LIT(":info_hash20:"), SLICE_LIT(":filter64")};
	static const struct slice nodes[] = {SLICE_LIT("d1:ad2:id20:"), SLICE_LIT("d1:rd2:id20:")};
	static const struct slice name = SLICE_LIT("BitTorrent protocol");

	if (s.len <= 19)
		return false;
	if (s.len >= 23 && (starts(s, SLICE_LIT("BT-SEARCH * ")) || utp(s, now_ns) ||
			    holds(slice_sub(s, 20, s.len), 'B', &name, 1)))
		return true;
	return holds(s, ':', parts, ARRAY_SIZE(parts)) || holds(s, 'd', nodes, ARRAY_SIZE(nodes)) ||
	       holds(s, 'B', &name, 1);
}

static enum naming_look udp(const struct app_tuple *ends, struct slice s, bool first,
			    uint64_t now_ns)
{
	if (first && (any_transport(ends, s) || either_port(ends, DISCOVERY) || gnutella_udp(s) ||
		      teamviewer_udp(s)))
		return NAMING_LOOK_SHOW;
	if (ends->port[0] < LOW_PORTS || ends->port[1] < LOW_PORTS)
		return NAMING_LOOK_UNLIKE;
	/* BitTorrent alone is looked for in what follows too. */
	return bittorrent_udp(s, now_ns) ? NAMING_LOOK_SHOW : NAMING_LOOK_WAIT;
}

enum naming_look naming_look_at(const struct app_tuple *ends, enum dir dir, struct slice piece,
				bool first, uint64_t now_ns)
{
	if (ends->ip_proto == IP_PROTO_UDP)
		return udp(ends, piece, first, now_ns);
	return tcp(ends, dir, piece) ? NAMING_LOOK_SHOW : NAMING_LOOK_UNLIKE;
}

/* ---- hosts ---- */

enum { BOTH, FROM, TO, FROM_NEXT, TO_NEXT, WORDS };

static uint32_t host_of(const struct ip_addr *a)
{
	uint32_t word;

	memcpy(&word, a->bytes + 12, sizeof(word));
	return word;
}

static uint32_t beside(uint32_t host, uint16_t port)
{
	return host + 3 * (uint32_t)__builtin_bswap16(port);
}

static uint64_t place_of(const struct naming_hosts *h, uint32_t key)
{
	uint64_t word = key;

	return hash_words(&h->key, &word, 1);
}

/* As the library adds them up, so that it takes nobody for another whom this does not: the pair of
 * hosts; each with its port, and the port after it, from which a client speaks next. */
static void places_of(const struct naming_hosts *h, const struct app_tuple *ends,
		      uint64_t ret[WORDS])
{
	uint32_t from = host_of(&ends->addr[0]), to = host_of(&ends->addr[1]);

	ret[BOTH] = place_of(h, from + to);
	ret[FROM] = place_of(h, beside(from, ends->port[0]));
	ret[TO] = place_of(h, beside(to, ends->port[1]));
	ret[FROM_NEXT] = place_of(h, beside(from, (uint16_t)(ends->port[0] + 1)));
	ret[TO_NEXT] = place_of(h, beside(to, (uint16_t)(ends->port[1] + 1)));
}

static bool of_v4(const struct app_tuple *ends)
{
	return ip_addr_is_v4(&ends->addr[0]) && ip_addr_is_v4(&ends->addr[1]);
}

void naming_hosts_add(struct naming_hosts *h, const struct app_tuple *ends)
{
	uint64_t word[WORDS];

	if (!of_v4(ends))
		return;
	h->any = true;
	places_of(h, ends, word);
	for (unsigned i = 0; i < WORDS; i++)
		h->tag[word[i] % NAMING_PLACES] = (uint32_t)(word[i] >> 32) | 1;
}

bool naming_hosts_has(const struct naming_hosts *h, const struct app_tuple *ends)
{
	uint64_t word[WORDS];

	if (!h->any || !of_v4(ends))
		return false;
	places_of(h, ends, word);
	for (unsigned i = 0; i <= TO; i++) {
		if (h->tag[word[i] % NAMING_PLACES] == ((uint32_t)(word[i] >> 32) | 1))
			return true;
	}
	return false;
}
