/* What is installed on a box. A folder:
 *
 *	bundles/KIND-NAME-VERSION/   each signed bundle unpacked, and `bundle`, the file itself
 *	imports/NAME/X.rules         the operator's own rules
 *	local/disable.conf ...       the operator's own filters, over those of all bundles
 *	sets/N/                      effective.rules, threshold.config, data sets, cache/, set.json
 *	current -> sets/N            what the dataplane reads
 *
 * A change builds the next set beside and then renames one symbolic link: killed at any moment, the
 * box has the old set or the new one, whole. set.json says what a set was made of, so that a
 *roll-back makes the same again from bundles that are still there. Versions only rise; a roll-back
 *is explicit and does not lower the mark. One program at a time changes the folder (a lock on it).
 *
 * A compiled database of a bundle is signed like its rules, lies in the set's own folder that
 *nobody but the installer writes to, and is taken by the dataplane only when its name is the keyed
 *hash of the very patterns, Hyperscan's version and the processor (signatures/plan/cache.c);
 *otherwise the dataplane compiles. Off the packet path, one thread. */
#pragma once

#include <jansson.h>

#include "signatures/bundle/bundle.h"

extern const char store_folder[];      /* "/var/lib/banken/bundle" */
extern const char store_keys_folder[]; /* "/etc/banken/bundle-keys" */

struct store_place {
	const char *folder, *keys;
	const char *lists; /* folder of known-bad lists, NULL: lists of bundles are left alone */
	int64_t now;	   /* seconds since 1970 */
	bool back;	   /* an older version is meant: who orders it says so */
};

/* Verifies, unpacks, builds the set and puts it in force for whoever reads `current`. The same
 * bundle again is ERR_OK and changes nothing. Every refusal leaves all as it was. `ret_set` may be
 * NULL: the set.json of what is in force then, to be released. */
int store_install(const struct store_place *p, const char *file, json_t **ret_set,
		  struct errmsg *e);
/* Back to the bundles of the set before (version 0), or to that version of the signature bundle
 * where it is still here. */
int store_rollback(const struct store_place *p, uint64_t version, json_t **ret_set,
		   struct errmsg *e);
/* The set anew from what is there: after imports or local filters changed. */
int store_apply(const struct store_place *p, const char *why, json_t **ret_set, struct errmsg *e);
/* Takes a bundle (kind pattern or rule-set) out again. */
int store_remove(const struct store_place *p, enum bundle_kind kind, const char *name,
		 json_t **ret_set, struct errmsg *e);
/* set.json of the set in force; ERR_NOTFOUND when nothing is installed. */
int store_current(const char *folder, json_t **ret, struct errmsg *e);
/* The sets that are kept, newest first, each its set.json. */
json_t *store_history(const char *folder);
/* What a bundle would make here, written as a set into `into` and not installed. */
int store_try(const struct store_place *p, const char *file, const char *into, json_t **ret_set,
	      struct errmsg *e);
/* The operator's rules from a file, a folder or an archive (tar, gzip, zip), as imports/NAME; what
 * was imported under that name before goes. The set is to be made anew (store_apply). */
struct import_counts {
	unsigned files, left_out; /* files taken; others that are no rules */
	uint64_t bytes;
};
int store_import(const struct store_place *p, const char *source, const char *name,
		 struct import_counts *ret, struct errmsg *e);
int store_forget_import(const struct store_place *p, const char *name, struct errmsg *e);
/* What is in force, in memory with every rule and the filter that decided on it. To be released
 * with set_done, also after an error. */
struct set;
int store_load(const struct store_place *p, struct set *ret, struct errmsg *e);
/* Reads, parses and verifies a bundle file. The bytes are to be freed with the bundle. */
int store_open_bundle(const struct store_place *p, const char *file, struct slice *ret_bytes,
		      struct bundle *ret, const char **ret_signer, struct bundle_keys **ret_keys,
		      struct errmsg *e);
