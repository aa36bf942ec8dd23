/* Known-bad lists (D4) as one read-only mapped file: made by build.h off the packet path, looked
 * up by workers. A look-up takes no lock, allocates nothing and touches one cache line for each
 * form it tries. Entries are keyed hashes of 122 bits: the text of an indicator is not kept; two
 * secret random bases per file make a false hit rarer than one in 2^64 look-ups (format.h). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum list_kind {
	LIST_ADDRESS,
	LIST_NETWORK,
	LIST_SERVICE, /* address and port */
	LIST_DOMAIN,  /* with its sub-domains, unless the list says exact */
	LIST_URL,
	LIST_JA3,
	LIST_JA4,
	LIST_CERT, /* SHA-1 of a server's certificate */
	LIST_FILE, /* MD5, SHA-1 or SHA-256 of a file */
	LIST_KINDS,
};

extern const char *const list_kind_names[LIST_KINDS]; /* "ip", "net", "service", ... */

enum {
	LIST_LABELS = 16, /* labels of a name: longer names in lists are refused */
	LIST_NAME = 48,
	LIST_TEXT = 160,     /* of a list's own comment */
	LIST_URL_MAX = 2048, /* bytes of a canonical URL */
	LIST_DOMAIN_MAX = 253,
};

/* What is said of a list; texts end in NUL. */
struct list_info {
	char name[LIST_NAME];
	char comment[LIST_TEXT];
	char tactic[16], technique[16]; /* ATT&CK; "" = by kind */
	uint32_t id;			/* stable: signature_id of its alerts */
	uint8_t priority;		/* 0-100: where two lists disagree, the higher one holds */
	uint8_t severity;		/* 1 highest to 4, 0 = by kind */
	bool known;			/* confidence: known, else potential */
	bool allow;			/* what it names is good: no alert, if its priority wins */
	bool exact;			/* names stand for themselves, not for their sub-domains */
};

struct list_hit {
	enum list_kind kind;
	const struct list_info *list; /* into the mapping */
	const char *comment;	      /* of the entry, "" = none */
	uint32_t expires;	      /* seconds since 1970, 0 = never */
	uint8_t bits;		      /* LIST_NETWORK: of the 128 */
	uint8_t depth;		      /* LIST_DOMAIN: labels of the listed name */
};

struct lists;

/* Maps the file, checks it whole and reads it in. ERR_NOTFOUND, ERR_IO, ERR_INVALID with a
 * sentence. */
int lists_open(const char *path, struct lists **ret, struct errmsg *err);
void lists_close(struct lists *l);

struct lists_counts {
	uint64_t entries, kinds[LIST_KINDS], bytes; /* bytes: of the mapped file */
	unsigned lists;
};
void lists_counts(const struct lists *l, struct lists_counts *ret);
uint64_t lists_entries(const struct lists *l);
const struct list_info *lists_info(const struct lists *l, unsigned index);
/* Digests of files that look-ups need. */
struct lists_digests {
	bool md5, sha1, sha256;
};
struct lists_digests lists_digests(const struct lists *l);

/* Look-ups. `now`: seconds since 1970; what has expired is not there. False also when the entry
 * that wins is one of an allow list; lists_find tells those too. */
bool lists_address(const struct lists *l, const struct ip_addr *a, uint32_t now,
		   struct list_hit *ret);
bool lists_service(const struct lists *l, const struct ip_addr *a, uint16_t port, uint32_t now,
		   struct list_hit *ret);
/* A name as it was on the wire: any case, with or without a dot at its end. */
bool lists_domain(const struct lists *l, struct slice name, uint32_t now, struct list_hit *ret);
/* A request: host without port, the port it went to, and path with query, or a whole URL as path
 * (proxies). With its query first, then without. */
bool lists_url(const struct lists *l, struct slice host, uint16_t port, struct slice path,
	       uint32_t now, struct list_hit *ret);
/* 32 hexadecimal digits. */
bool lists_ja3(const struct lists *l, struct slice hex, uint32_t now, struct list_hit *ret);
bool lists_ja4(const struct lists *l, struct slice text, uint32_t now, struct list_hit *ret);
/* 40 hexadecimal digits, colons between them allowed. */
bool lists_cert(const struct lists *l, struct slice hex, uint32_t now, struct list_hit *ret);
/* 16, 20 or 32 bytes. */
bool lists_file(const struct lists *l, struct slice digest, uint32_t now, struct list_hit *ret);

/* Any indicator as indicator.h reads it; the entry that wins, of an allow list too. */
struct indicator;
bool lists_find(const struct lists *l, const struct indicator *i, uint32_t now,
		struct list_hit *ret);
