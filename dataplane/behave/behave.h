/* Behaviour: detectors that need no pattern file (D2). Plain C on a clock that is passed in, no
 * allocation after behave_new, no lock, no system call, bounded work an event. Not thread-safe.
 *
 * Who feeds it:
 * - a worker of banken-dataplane, live (seconds to minutes of memory) and offline (everything):
 *   worker/observe.c makes events of packets, flows and files, and hands every protocol's record to
 *   behave_record;
 * - banken-control, for what needs hours or weeks (BEHAVE_HOURS): it hands the records of the ring
 *   to behave_record as well ("flow" records become BEHAVE_CONNECTION with the moments BEHAVE_OPEN,
 *   of its beginning, and BEHAVE_END; protocol records the same events as in the worker). Events
 *   that need packets (BEHAVE_FRAME, BEHAVE_RPC over TCP, BEHAVE_TRY) it does not have.
 *
 * The time of events may run backwards a little (several workers, flow ends); a detector whose
 * window lies in the future of an event counts it in that window. */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/counter.h"
#include "dataplane/base/hash.h"
#include "dataplane/base/slice.h"
#include "dataplane/base/traffic.h"
#include "dataplane/behave/thresholds.h"

enum behave_kind {
	BEHAVE_CONNECTION,
	BEHAVE_FILE,
	BEHAVE_DNS,
	BEHAVE_HTTP,
	BEHAVE_TLS,
	BEHAVE_LOGIN,
	BEHAVE_RPC,
	BEHAVE_SHARE,
	BEHAVE_FRAME,
	BEHAVE_LEASE, /* DHCP */
	BEHAVE_NAME,  /* LLMNR, NetBIOS, mDNS */
	BEHAVE_HELLO, /* first bytes of a direction */
	BEHAVE_TRAFFIC,
	BEHAVE_KINDS,
};

enum behave_moment {
	BEHAVE_TRY,  /* first packet of a connection or exchange */
	BEHAVE_OPEN, /* the other side answered (TCP: handshake complete, or data seen) */
	BEHAVE_END,  /* gone; counts are final */
	BEHAVE_MOMENTS,
};

struct behave_endpoints {
	struct ip_addr client, server;
	uint16_t client_port, server_port; /* ICMP: 0 */
	uint8_t ip_proto;
	bool handshake; /* completed: the client's address is not forged (Q8) */
	struct mac_addr client_mac, server_mac;
	uint16_t vlan;
	uint64_t flow_id;
};

struct behave_connection {
	enum behave_moment moment;
	uint8_t first_flags; /* TCP: of the first packet */
	uint8_t icmp_type;   /* of the first packet */
	bool midstream;	     /* its beginning was not seen */
	/* of BEHAVE_END */
	uint64_t bytes[2], packets[2]; /* to server, to client */
	uint64_t start_ns;
	uint8_t tcp_flags[2]; /* union of all flags seen, to server and to client */
	const char *protocol; /* as identified, "" = unknown; static */
};

/* A file that went over the network, when its first bytes are known. */
struct behave_file {
	bool to_client;	    /* a download */
	struct slice name;  /* path or file name, may be empty */
	struct slice type;  /* declared content type, may be empty */
	struct slice host;  /* name of the server, may be empty */
	struct slice agent; /* program that asked, as it says; may be empty */
	struct slice head;  /* first bytes */
	uint64_t size;
};

enum { BEHAVE_DNS_ADDRESSES = 4 };

struct behave_dns {
	bool answer;
	struct slice name, type;			/* "A", "TXT" ... */
	bool missing;					/* NXDOMAIN */
	uint32_t data;					/* bytes of the answers' texts */
	struct ip_addr addresses[BEHAVE_DNS_ADDRESSES]; /* among the answers; of records only */
	unsigned address_count;
	uint64_t values; /* word of all of them, whatever their order; 0 = none */
	uint32_t id;
};

struct behave_http {
	struct slice method, host, path, agent, referer;
	uint32_t status; /* 0: no answer seen */
	uint64_t length; /* of the answer */
};

struct behave_tls {
	struct slice sni, subject, issuer, version;
};

enum behave_outcome {
	BEHAVE_ASKED, /* not known what became of it */
	BEHAVE_LET_IN,
	BEHAVE_DENIED,
	BEHAVE_NO_USER, /* denied because there is no such account */
	BEHAVE_TICKET,	/* Kerberos: a service's ticket encrypted with RC4 */
};

struct behave_login {
	const char *service; /* "ssh", "smb", "kerberos", ...; static */
	struct slice user;   /* or the service whose ticket it is; may be empty */
	enum behave_outcome outcome;
	bool readable;	 /* the password went in the clear */
	bool half;	 /* one side of the conversation is all that was seen of it */
	uint64_t secret; /* word of what was sent to be let in; 0: not known */
};

/* A remote procedure call (MS-RPCE) or what leads to one. */
struct behave_rpc {
	bool bind;	  /* only the interface is bound */
	bool answer;	  /* `bytes` of an answer came; opnum is that of the call */
	bool known;	  /* the interface is known */
	bool object;	  /* with an object id: DCOM */
	uint8_t uuid[16]; /* as written: 367abb81-9844-... begins with 0x36 */
	uint16_t context, opnum;
	uint32_t bytes;	   /* of stub data */
	struct slice stub; /* what is there of it; may be encrypted */
};

enum behave_share_what {
	BEHAVE_SHARE_TREE,  /* a share is connected: `share` */
	BEHAVE_SHARE_FILE,  /* a file is made or opened for writing: `file` */
	BEHAVE_SHARE_PIPE,  /* a pipe is opened: `file` */
	BEHAVE_SHARE_LOGIN, /* a session is asked for, see also BEHAVE_LOGIN */
	BEHAVE_SHARE_WRITE, /* first bytes of what is written: `head` */
};

struct behave_share {
	enum behave_share_what what;
	struct slice share, file, head;
};

enum behave_frame_what {
	BEHAVE_ARP_ASKS,
	BEHAVE_ARP_ANSWERS, /* or says it unasked */
	BEHAVE_ND_ANSWERS,
	BEHAVE_ROUTER,	 /* IPv6 router advertisement; `lifetime` */
	BEHAVE_PROTOCOL, /* a packet of an IP protocol that has no connections: ends.ip_proto */
};

struct behave_frame { /* ends.client: who speaks, with client_mac from the frame */
	enum behave_frame_what what;
	struct ip_addr about;	/* the address asked for or claimed */
	struct mac_addr claims; /* whose it is said to be */
	uint32_t lifetime;	/* seconds */
	bool to_all;
};

struct behave_lease { /* ends.client: the DHCP server */
	bool offers;  /* OFFER or ACK, else a client asks */
	struct ip_addr router, dns;
};

struct behave_name { /* ends.client: who answers */
	struct slice name;
};

struct behave_hello {
	bool to_client;
	struct slice bytes;
};

/* A flow whose protocol nobody here knows has got a name from elsewhere: once a flow, mostly within
 * its first packets, at the latest before its BEHAVE_END. Valid during the call; the texts until
 * the worker ends. */
struct behave_traffic {
	const struct traffic *traffic; /* name, category, risks */
};

struct behave_event {
	enum behave_kind kind;
	uint64_t time_ns;
	struct behave_endpoints ends;
	union {
		struct behave_connection connection;
		struct behave_file file;
		struct behave_dns dns;
		struct behave_http http;
		struct behave_tls tls;
		struct behave_login login;
		struct behave_rpc rpc;
		struct behave_share share;
		struct behave_frame frame;
		struct behave_lease lease;
		struct behave_name name;
		struct behave_hello hello;
		struct behave_traffic traffic;
	};
};

enum behave_severity { /* 1 highest, as in rules */
		       BEHAVE_HIGH = 1,
		       BEHAVE_MEDIUM = 2,
		       BEHAVE_LOW = 3,
};

/* What kinds of hits there are: one constant each, beside its detector. */
struct behave_sign {
	uint32_t id;	       /* stable: alert signature_id with gid 2 */
	const char *name;      /* alert signature */
	const char *tactic;    /* ATT&CK "TA0011" */
	const char *technique; /* "T1071.001" */
	const char *category;  /* one of the texts that rule sets use, where one fits */
	enum behave_severity severity;
	bool known; /* confidence: known, else potential */
};

enum { BEHAVE_REASON = 480, BEHAVE_FIGURES = 6 };

struct behave_figure {
	const char *name; /* with its unit: "hosts", "seconds" */
	double value;
};

struct behave_hit {
	const struct behave_sign *sign;
	enum behave_severity severity; /* the sign's unless the detector knows better */
	uint64_t time_ns;
	struct behave_endpoints ends;				 /* client: who did it */
	char reason_en[BEHAVE_REASON], reason_ja[BEHAVE_REASON]; /* one sentence with its figures */
	struct behave_figure figures[BEHAVE_FIGURES];
	unsigned figure_count;
};

/* What looks like a part of the site and is put to a person instead of being a hit (D11). */
enum behave_offer_kind {
	BEHAVE_OFFER_SERVER, /* `host` is a server of `what` ("dns", "dhcp", "smtp", ...) */
	BEHAVE_OFFER_CALL,   /* `host` calls `what`, a name or an address, by the clock */
};

enum behave_verdict { BEHAVE_UNDECIDED, BEHAVE_ACCEPTED, BEHAVE_REJECTED };

struct behave_offer {
	enum behave_offer_kind kind;
	uint64_t time_ns;
	struct ip_addr host;
	char what[64];
	char reason_en[BEHAVE_REASON], reason_ja[BEHAVE_REASON];
};

struct behave_sink {
	void (*hit)(void *ctx, const struct behave_hit *hit);
	void *ctx;
	/* NULL: nobody can be asked. The verdict may be asked for at every event: a look-up. */
	void (*offer)(void *ctx, const struct behave_offer *offer);
	enum behave_verdict (*verdict)(void *ctx, enum behave_offer_kind kind,
				       const struct ip_addr *host, const char *what);
	/* A word that stays with the host when its address changes; NULL: its address. */
	uint64_t (*who)(void *ctx, const struct ip_addr *host);
};

/* Which detectors run, by how far they look back. */
enum behave_span {
	BEHAVE_ALL,	/* offline */
	BEHAVE_MINUTES, /* live, in a worker */
	BEHAVE_HOURS,	/* live, in banken-control: what it knows outlives it (keep.h) */
};

struct behave_config {
	bool enabled;
	enum behave_span span;
	int utc_offset_minutes; /* of the site: hours of the week are local */
	struct hash_key key;	/* of its tables; zero: random */
	unsigned memory_mb;	/* for the tables of seconds and minutes together */
	unsigned past_mb;	/* for those of hours and weeks */
	struct behave_switches detectors;
	struct behave_thresholds limits;
};

extern const struct behave_config behave_config_default;
/* Names of traffic (struct traffic) that a detector waits for; NULL-ended. */
extern const char *const behave_traffic_names[];

struct behave;

struct behave *behave_new(const struct behave_config *config, const struct behave_sink *sink);
void behave_delete(struct behave *b);
/* Its tables' memory is made ready now, not when events touch it. */
void behave_warm(struct behave *b);

/* True when some detector looks at events of that kind: others need not be made. */
bool behave_listens(const struct behave *b, enum behave_kind kind);
/* Some detector takes a payload that begins with `first` for a BEHAVE_HELLO. Of datagrams few are
 * worth the call: names of programs and mail, JSON, dictionaries of BitTorrent, coin networks. */
static inline bool behave_hello_wanted(uint8_t ip_proto, uint8_t first)
{
	return ip_proto != 17 || (first >= 'G' && first <= 'S') || first == '{' || first == 'd' ||
	       first == 0x01 || first == 0x02 || first == 0x13;
}
/* Some detector looks at records of that EVE type: nobody need make the others. */
bool behave_wants(const struct behave *b, const char *type);
void behave_event(struct behave *b, const struct behave_event *e);
/* The same for events of connections and DNS, which are judged some others later, at the latest
 * with the next behave_tick, while what they look up is fetched. Their order stays. Only the event
 * and the name in it are copied. */
void behave_event_soon(struct behave *b, const struct behave_event *e);
/* A record of a protocol or a flow (api/record.h): dns, http, tls, ... becomes an event. */
void behave_record(struct behave *b, struct slice record);
enum {
	BEHAVE_TO_CLIENT = 1, /* the segment's direction */
	BEHAVE_HALF = 2,      /* the other side was not seen until now */
};
/* The payload of a TCP segment as it lies on the wire: remote calls and SMB 2 are read from it,
 * also in connections whose beginning was not seen. */
void behave_segment(struct behave *b, const struct behave_event *where, unsigned flags,
		    struct slice payload);
/* Of half a conversation requests and answers of HTTP and refusals of FTP and mail are read too. */
static inline bool behave_half_login(struct slice s)
{
	static const char *const begin[] = {"HTTP/1.", "GET /", "POST /", "530 ", "-ERR "};

	for (unsigned i = 0; i < sizeof(begin) / sizeof(begin[0]); i++) {
		size_t n = strlen(begin[i]);

		if (s.len >= n && memcmp(s.data, begin[i], n) == 0)
			return true;
	}
	return false;
}
/* The same of SMTP's log-in: what such a payload begins with. */
static inline bool behave_mail_reply(struct slice s)
{
	return s.len >= 7 && (s.data[0] == '5' || s.data[0] == '2') && s.data[1] == '3' &&
	       s.data[2] == '5' && (s.data[3] == ' ' || s.data[3] == '-');
}
static inline bool behave_mail_login(struct slice s)
{
	return s.len >= 10 && (s.data[0] | 0x20) == 'a' && (s.data[1] | 0x20) == 'u' &&
	       (s.data[2] | 0x20) == 't' && (s.data[3] | 0x20) == 'h' && s.data[4] == ' ';
}
void behave_tick(struct behave *b, uint64_t now_ns);
/* The end of a capture: detectors say what they have. */
void behave_flush(struct behave *b, uint64_t now_ns);

struct counter_set behave_counters(const struct behave *b);
/* Bytes taken for the tables: all that there will ever be. */
size_t behave_bytes(const struct behave *b);
