/* The mapped file: a head, then sections in this order, each at a multiple of 64 bytes. One
 * machine, its byte order. Private to the folder.
 *
 * A key is a polynomial modulo 2^61 - 1 over the indicator's canonical words, taken at two secret
 * random points: for two different indicators of up to n words both values agree with probability
 * at most (n / 2^61)^2. Domains are fed from their last byte to the first, so that one pass gives
 * the value of every parent domain. From the two values come a bucket and a 64-bit tag. */
#pragma once

#include "dataplane/base/hash.h"
#include "signatures/lists/table.h"

enum {
	FORMAT_VERSION = 1,
	BUCKET_ENTRIES = 5,
	MAP16_BYTES = 65536 / 8, /* a bit for each IPv4 /16 that a listed network touches */
	MAX_LISTS = 4096,
	LABEL_NONE = 0xffffffff,
	CHAIN_MAX = 128, /* buckets one look-up goes on through; no file has a longer run */
};

struct bucket {			      /* one cache line */
	uint64_t tag[BUCKET_ENTRIES]; /* 0 = free; from the first on */
	uint32_t label[BUCKET_ENTRIES];
	uint32_t more; /* it overflowed: look into the next one too */
};

struct label { /* what entries have in common */
	uint32_t list;
	uint32_t expires; /* seconds since 1970, 0 = never */
	uint32_t comment; /* offset into the texts */
};

struct head {
	char magic[8]; /* "BKLISTS" */
	uint32_t version, lists;
	uint64_t size;	   /* of the whole file */
	uint64_t checksum; /* of everything behind the head; siphash with key {size, version} */
	uint64_t base[2];  /* the two points, below 2^61 - 1 */
	uint64_t buckets, labels, texts; /* texts: bytes, the first and the last are NUL */
	uint64_t entries, kinds[LIST_KINDS];
	uint64_t domain_labels;	    /* bit n: there are names of n labels */
	uint64_t v4_bits;	    /* bit n: there are IPv4 networks /n */
	uint64_t v6_bits[3];	    /* bit n of all: IPv6 networks /n */
	uint32_t md5, sha1, sha256; /* there are file digests of that kind */
	uint32_t unused;
	uint8_t map16[MAP16_BYTES];
};

struct key {
	uint64_t a, b;
};

#define PRIME61 ((1ULL << 61) - 1)

static inline uint64_t mul61(uint64_t x, uint64_t y)
{
	__uint128_t wide = (__uint128_t)x * y;
	uint64_t sum = (uint64_t)(wide & PRIME61) + (uint64_t)(wide >> 61);

	return (sum & PRIME61) + (sum >> 61);
}

static inline struct key key_begin(enum list_kind kind)
{
	return (struct key){(uint64_t)kind + 1, (uint64_t)kind + 1};
}

/* `word` < 2^56. */
static inline void key_feed(struct key *k, const uint64_t base[2], uint64_t word)
{
	k->a = mul61(k->a, base[0]) + word;
	k->b = mul61(k->b, base[1]) + word;
}

static inline uint64_t key_tag(const struct key *k)
{
	uint64_t tag = hash_mix(k->a % PRIME61, k->b % PRIME61 ^ 0x5851f42d4c957f2dULL);

	return tag ? tag : 1;
}

static inline uint64_t key_bucket(const struct key *k, uint64_t buckets)
{
	uint64_t h = hash_mix(k->b % PRIME61 ^ 0x14057b7ef767814fULL, k->a % PRIME61);

	return (uint64_t)((__uint128_t)h * buckets >> 64);
}

/* key.c */
struct key key_address(const uint64_t base[2], enum list_kind kind, const struct ip_addr *a,
		       unsigned extra); /* bits of a network, port of a service, 0 */
struct key key_bytes(const uint64_t base[2], enum list_kind kind, struct slice bytes);
struct key key_domain(const uint64_t base[2], struct slice name); /* canonical */
struct key key_indicator(const uint64_t base[2], const struct indicator *i);
