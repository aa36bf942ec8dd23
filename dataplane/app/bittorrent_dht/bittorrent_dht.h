/* BitTorrent's distributed hash table (BEP 5, 32): every datagram is a transaction. */
#pragma once

#include "dataplane/app/parser.h"
#include "dataplane/app/text/kept.h"

enum { DHT_COMPLETE = 1, DHT_DEPTH = 3, DHT_ENTRIES = 4096 /* looked at in a container */ };

enum dht_event { DHT_EVENT_MALFORMED_PACKET, DHT_EVENTS };

/* A value of the encoding (BEP 3). */
enum bencode_kind {
	BENCODE_NONE,
	BENCODE_INTEGER,
	BENCODE_BYTES,
	BENCODE_LIST,
	BENCODE_DICTIONARY
};

struct bencode {
	enum bencode_kind kind;
	int64_t integer;
	struct slice bytes; /* or what the list or dictionary holds, without its ends */
};

/* The next value, with all that it holds; false when there is none that is well-formed within
 * `depth` levels. */
bool bencode_next(struct cursor *c, unsigned depth, struct bencode *ret);
/* A dictionary's next entry; false at its end or where it is not well-formed (then c->bad). */
bool bencode_pair(struct cursor *c, unsigned depth, struct slice *ret_key, struct bencode *ret);

struct dht_tx {
	struct app_tx tx;
	struct kept packet;
	bool good;
};

extern const struct app_proto bittorrent_dht_proto;
