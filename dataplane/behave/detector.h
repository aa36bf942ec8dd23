/* What a detector provides and how it speaks; private to behave/. A detector is one file with one
 * const descriptor, listed in thresholds.h and in meson.build. */
#pragma once

#include "dataplane/base/hash.h"
#include "dataplane/behave/behave.h"

enum { BEHAVE_TABLES = 3 };

enum behave_counter {
	BEHAVE_COUNT_HITS,
	BEHAVE_COUNT_EVENTS,
	BEHAVE_COUNT_EVICTED, /* an entry went that was younger than its window: memory is short */
	BEHAVE_COUNT_SILENT,  /* a hit was told before (repeat-seconds) */
	BEHAVE_COUNT_LOST,    /* more hits at one event than can wait */
	BEHAVE_COUNTERS,
};

/* A table of fixed size keyed by a few words: an entry is found or taken from the oldest of the
 * places where it may stand, so that a flood displaces old entries and never grows. */
struct behave_table {
	uint32_t sets; /* a power of two; four places a set */
	uint32_t entry_size;
	struct hash_key key;
	struct behave_tags *tags;
	uint8_t *entries;
	uint64_t *evicted; /* counter */
};

struct behave_entry {	   /* first member of every entry */
	uint64_t start_ns; /* of its window */
	uint64_t told_ns;  /* when a hit was last reported, 0 = never */
};

/* What several detectors ask of the event that is looked at, found out once. */
struct behave_facts {
	uint64_t client, server; /* behave_word of the ends */
	bool client_inside, server_inside, server_unicast;
	bool everyday;	      /* behave_everyday */
	struct slice domain;  /* BEHAVE_DNS: behave_domain of the name */
	uint64_t domain_word; /* and its behave_word_bytes */
};

/* What an event is judged with: handed to every call. */
struct behave_view {
	const struct behave_thresholds *limits;
	struct behave_table *tables; /* of the detector */
	struct hash_key key;
	const struct behave_sink *sink;
	const struct behave_facts *facts;
	uint64_t *counters; /* enum behave_counter */
	uint64_t first_ns;  /* the first event of all */
	struct behave_past *past;
};

/* Entries that an event will touch: their places are fetched while other work goes on. */
enum { BEHAVE_AHEAD = 16 };

struct behave_ahead {
	unsigned count;
	struct {
		const struct behave_table *table;
		uint64_t hash;
	} at[BEHAVE_AHEAD];
};

struct behave_detector {
	/* Looks back for hours: live it runs in banken-control. Its entries are kept on disk, so
	 * they hold no pointers. */
	bool hours;
	bool past_memory;		    /* its tables are dealt from past_mb also offline */
	uint32_t kinds;			    /* 1 << enum behave_kind */
	uint32_t moments;		    /* of BEHAVE_CONNECTION: 1 << enum behave_moment */
	uint32_t entry_size[BEHAVE_TABLES]; /* of its tables, 0 = none */
	uint8_t weight[BEHAVE_TABLES];	    /* share of the memory of each */
	void (*event)(const struct behave_view *v, const struct behave_event *e);
	void (*flush)(const struct behave_view *v, uint64_t now_ns);
	/* Names what `event` will probably look up, by behave_ahead_add; NULL: nothing often. */
	void (*ahead)(const struct behave_view *v, const struct behave_event *e,
		      struct behave_ahead *a);
};

#define X(field, help) extern const struct behave_detector behave_##field;
BEHAVE_DETECTORS(X)
#undef X

/* behave.c: hits made in between are handed on when the outermost call leaves. */
void behave_enter(struct behave *b);
void behave_leave(struct behave *b);

/* --- table.c --- */
void behave_table_init(struct behave_table *t, void *memory, size_t bytes, uint32_t entry_size,
		       const struct hash_key *key, uint64_t *evicted);
/* Finds or makes the entry of the key; `*ret_new` says that it was made (zeroed). */
void *behave_table_get(struct behave_table *t, const uint64_t *words, unsigned count,
		       uint64_t now_ns, bool *ret_new);
/* What is fetched first of an entry; then, when that has come, the entry itself. */
void behave_ahead_add(struct behave_ahead *a, const struct behave_table *t, const uint64_t *words,
		      unsigned count);
void behave_ahead_fetch(const struct behave_ahead *a);
/* Until then it does not go for its age. */
void behave_table_hold(struct behave_table *t, const void *entry, uint64_t until_ns);
/* Finds it; NULL when it is not there. */
void *behave_table_find(struct behave_table *t, const uint64_t *words, unsigned count);
/* The entry with its window: emptied when it is new or its window of `seconds` is over. */
void *behave_window(const struct behave_view *v, unsigned table, const uint64_t *words,
		    unsigned count, uint64_t now_ns, uint32_t seconds);

/* --- what is counted: different things, by linear counting (Whang et al. 1990), so that an entry
 * has a fixed size whatever the traffic. Counts of up to 5 times the bits are good to 5 %. --- */
enum { BEHAVE_SET_BITS = 256, BEHAVE_SMALL_BITS = 64 };

struct behave_set {
	uint64_t bits[BEHAVE_SET_BITS / 64];
};

/* True when the thing was not there. */
bool behave_set_add(const struct behave_view *v, struct behave_set *s, uint64_t what);
bool behave_set_has(const struct behave_view *v, const struct behave_set *s, uint64_t what);
unsigned behave_set_count(const struct behave_set *s);
/* The same in one word, for up to some 60 things. */
bool behave_small_add(const struct behave_view *v, uint64_t *bits, uint64_t what);
unsigned behave_small_count(uint64_t bits);

/* Its entries one by one, for keep.c. */
struct behave_slot {
	uint64_t hash, last_ns;
	const void *entry;
};
uint64_t behave_table_places(const struct behave_table *t);
/* False: nothing stands there. */
bool behave_table_slot(const struct behave_table *t, uint64_t at, struct behave_slot *ret);
/* Puts it where it belongs, in place of an older one only. */
void behave_table_put(struct behave_table *t, const struct behave_slot *slot);

/* Words for keys. */
uint64_t behave_word(const struct ip_addr *a);
uint64_t behave_word_mac(const struct mac_addr *m);
uint64_t behave_word_bytes(const struct behave_view *v, struct slice s); /* without case */

/* --- text.c: hits and their sentences --- */
void behave_hit_init(struct behave_hit *h, const struct behave_sign *sign,
		     const struct behave_event *e);
__attribute__((format(printf, 2, 3))) void behave_say_en(struct behave_hit *h, const char *format,
							 ...);
__attribute__((format(printf, 2, 3))) void behave_say_ja(struct behave_hit *h, const char *format,
							 ...);
void behave_figure(struct behave_hit *h, const char *name, double value);
/* Reports unless the entry has been told within repeat-seconds; NULL: always. */
void behave_tell(const struct behave_view *v, struct behave_hit *h, struct behave_entry *entry);
/* Told within repeat-seconds: a sentence need not be made. */
bool behave_lately(const struct behave_view *v, uint64_t told_ns, uint64_t now_ns);
bool behave_told(const struct behave_view *v, const struct behave_entry *entry, uint64_t now_ns);

/* Seconds from then to now, 0 when time ran backwards. */
static inline double behave_seconds(uint64_t from_ns, uint64_t now_ns)
{
	return now_ns > from_ns ? (double)(now_ns - from_ns) / 1e9 : 0;
}

struct behave_text {
	char s[120];
};
/* Bytes of strangers in a sentence: printable ASCII only, cut. */
struct behave_text behave_printable(struct slice s);
struct behave_text behave_address(const struct ip_addr *a);
struct behave_text behave_mac(const struct mac_addr *m);

/* Where people log in by a form (record.c). */
bool behave_login_path(struct slice path);
/* The login service of a connection, by protocol or port; NULL: none (brute.c). */
const char *behave_login_service(const struct behave_event *e);
/* Of a connection that ended: nobody answered, or with a reset only. */
bool behave_refused(const struct behave_event *e);
/* Not worth looking at its regularity: what keeps time, looks names up or keeps a line open. */
bool behave_everyday(const struct behave_event *e);
/* The question carries data, or asks for records that may carry it back (dns_tunnel.c). */
bool behave_dns_carries(const struct behave_dns *d, struct slice domain);

/* Client and server change places; a handshake proves both. */
void behave_turn(struct behave_endpoints *e);

/* --- look.c: what names look like --- */
/* The part of a host name that somebody registered ("a.b.example.co.jp" -> "example.co.jp"), by
 * lengths only; the name itself when it has two labels or fewer. */
struct slice behave_domain(struct slice name);
/* The first label of the registered part. */
struct slice behave_domain_label(struct slice name);
/* 0 (a word) to 100 (letters and digits as a program draws them). */
unsigned behave_randomness(struct slice label);
/* Not to be found on the internet: RFC 1918, 4193, 3927, 6598, link-local, loopback. */
bool behave_inside(const struct ip_addr *a);
/* Addressed to one host. */
bool behave_unicast(const struct ip_addr *a);
