/* A signature bundle: one file with rules, lists, settings, data sets and compiled databases,
 *signed as a whole (B3).
 *
 *	8   magic "BKBNDL1\n"
 *	1   kind (enum bundle_kind)
 *	8   version, 8 made, 8 expires (seconds since 1970, 0 = never)
 *	1+n name, 2+n note
 *	2   number of files, then for each, ascending by path:
 *	    1+n path, 1 packing (0 as it is, 1 deflate), 8 size, 8 packed size, 32 SHA-256 of the
 *file 1+n signature: ECDSA P-256 in DER over SHA-256 of "banken-bundle-v1", a zero byte and all
 *bytes before the signature then the packed files in that order, and nothing behind them
 *
 * Numbers are big endian. A path is FOLDER/NAME, the folder one of `bundle_folders`, the name of
 * letters, digits, '-', '_', '.', not beginning with '.': nothing leads out of the folder it is
 * unpacked to. Sizes are declared, bounded (limits.h) and signed before anything is unpacked, so
 *that a small file cannot become a large one unasked.
 *
 * The same files, key and times give the same bytes (RFC 6979). Off the packet path, any thread. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"
#include "signatures/bundle/limits.h"

enum bundle_kind {
	BUNDLE_SIGNATURES = 1, /* the rules that everybody has */
	BUNDLE_PATTERN = 2,    /* a custom pattern, beside them (E5) */
	BUNDLE_RULE_SET = 3,   /* settings of a scope: what is enabled, disabled, changed */
	BUNDLE_KINDS = 4,
};

extern const char *const bundle_kind_names[BUNDLE_KINDS]; /* "", "signatures", "pattern", ... */
extern const char *const bundle_folders[];		  /* "cache", "config", ..., NULL */

struct bundle_file {
	char path[BUNDLE_PATH];
	bool deflated;
	uint64_t size, packed;
	uint8_t sha256[32];
	struct slice data; /* packed; within the bundle's bytes */
};

struct bundle {
	enum bundle_kind kind;
	uint64_t version;
	int64_t made, expires;
	char name[BUNDLE_NAME], note[BUNDLE_NOTE];
	unsigned n;
	struct bundle_file *files;    /* owned */
	struct slice head, signature; /* what is signed; both within the bundle's bytes */
	uint8_t digest[32];	      /* of what is signed: names this bundle */
};

/* The structure alone: who signed is not asked. `bytes` stay the caller's while `ret` is used.
 * ERR_INVALID or ERR_LIMIT with one sentence and nothing to free. */
int bundle_parse(struct slice bytes, struct bundle *ret, struct errmsg *e);
void bundle_done(struct bundle *b);
/* The file of that path, or NULL. */
const struct bundle_file *bundle_find(const struct bundle *b, const char *path);
/* Unpacks one file and compares its SHA-256; to be freed. */
int bundle_unpack(const struct bundle_file *f, struct slice *ret, struct errmsg *e);
/* "rules/x.rules": folder and name as described above. */
bool bundle_path_ok(const char *path);
/* Letters, digits, '-', '_', '.'; not at the beginning. */
bool bundle_name_ok(const char *name);
void bundle_hex(const uint8_t *bytes, size_t n, char *ret);

/* --- keys (key.c) --- */

struct bundle_keys;

/* Every *.pem of the folder, public key or certificate: the vendor's and the owner's. A file that
 * is no P-256 key is an error; a folder without keys trusts nobody. */
int bundle_keys_load(const char *folder, struct bundle_keys **ret, struct errmsg *e);
void bundle_keys_free(struct bundle_keys *k);
/* The name of the key that signed: its file's without ".pem". ERR_DENIED with a sentence. */
int bundle_check(const struct bundle *b, const struct bundle_keys *k, const char **ret_signer,
		 struct errmsg *e);
/* ERR_DENIED when it has expired at `now` (seconds since 1970). */
int bundle_check_time(const struct bundle *b, int64_t now, struct errmsg *e);
/* Makes a key: FOLDER/NAME.key (0600) and FOLDER/NAME.pem. ERR_EXISTS. */
int bundle_key_make(const char *folder, const char *name, struct errmsg *e);

/* --- making (write.c) --- */

struct bundle_source {
	char path[BUNDLE_PATH];
	struct slice content;
};

/* Sorts `files`. `head` gives kind, version, times, name and note. *ret is to be freed. */
int bundle_make(const struct bundle *head, struct bundle_source *files, unsigned n,
		const char *key_path, struct slice *ret, struct errmsg *e);
/* Private to the folder: the digest that is signed, and the signature of a private key. */
void bundle_digest(struct slice head, uint8_t ret[32]);
int bundle_sign(const char *key_path, const uint8_t digest[32], uint8_t *ret, size_t cap,
		size_t *ret_len, struct errmsg *e);
