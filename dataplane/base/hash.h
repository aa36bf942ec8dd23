/* Keyed hashes. Whatever traffic can choose keys for is hashed with a random key. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct hash_key {
	uint64_t k0, k1;
};

/* From getrandom(2); at start only. */
struct hash_key hash_key_random(void);

/* SipHash-1-3 (Aumasson, Bernstein 2012, reduced rounds) of any bytes. */
uint64_t hash_bytes(const struct hash_key *key, const void *data, size_t len);

static inline uint64_t hash_mix(uint64_t a, uint64_t b)
{
	__uint128_t wide = (__uint128_t)(a ^ 0x9e3779b97f4a7c15ULL) * (b ^ 0xd1b54a32d192ed03ULL);

	return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

/* Fast keyed hash of whole 8-byte words, for flow keys: multiply-fold with both key halves. */
static inline uint64_t hash_words(const struct hash_key *key, const uint64_t *words, size_t n)
{
	uint64_t h = key->k0;

	for (size_t i = 0; i < n; i++)
		h = hash_mix(h ^ words[i], key->k1 + i);
	return hash_mix(h, key->k0);
}
