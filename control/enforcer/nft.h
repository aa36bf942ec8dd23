/* The firewall's side of a cut: what `nft -j` reads and prints. Pure.
 *
 * Tables "banken" of the families inet, bridge and (per device) netdev, all before conntrack and
 * before anybody else's rules, so that neither an accept of established sessions nor a flowtable
 * lets a packet of an old session through. Sets, per table:
 *   pass4/pass6    host . exempt     mpass4/mpass6  MAC . exempt    marp  MAC . own . exempt
 *   marpall  MAC . exempt, where no own address is known
 *   from4/from6/mac  what the host sends, with counters             to4/to6/macto  what it is sent
 *   note4/note6/notemac  the same hosts again, without counters, for the notice page:
 *
 * With a notice port a cut host's segments to port 80 pass the first chain of inet, new connections
 * are redirected to that port (nat), and a second filter chain behind the nat drops whatever was
 * not: a session from before the cut has no redirection and dies there. What the page answers
 * leaves with TTL 255, which nothing from beyond a router can have (RFC 5082): sensors tell it from
 * an answer of the peer by that.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/err.h"
#include "dataplane/base/slice.h"

enum {
	NFT_IPS = 16,	  /* addresses of one host */
	NFT_EXEMPTS = 64, /* of one cut */
	NFT_DEVICES = 8,
	NFT_DEVICE = 16,	 /* IFNAMSIZ */
	NFT_TEXT_MAX = 64 << 20, /* bytes of one transaction or listing */
	NFT_COUNTS = 2048,	 /* of one packet of counters */
};

struct nft_prefix {
	struct ip_addr addr;
	uint8_t bits; /* of the 128 */
};

/* Plain old data: crosses the socketpair to the helper. */
struct nft_host {
	struct mac_addr mac; /* all zero: by address only */
	struct ip_addr ips[NFT_IPS];
	struct nft_prefix exempts[NFT_EXEMPTS];
	uint8_t ips_n, exempts_n;
	uint32_t timeout; /* seconds; 0: until released (Q8) */
};

/* Where the tables are laid. */
struct nft_layout {
	char devices[NFT_DEVICES][NFT_DEVICE]; /* also at their ingress */
	uint8_t devices_n;
	bool bridge;	      /* a bridge family table */
	uint16_t notice_port; /* of this machine, that cut hosts' web requests go to; 0: none */
};

enum nft_op { NFT_ADD, NFT_REMOVE };

struct nft_change {
	enum nft_op op;
	const struct nft_host *host;
};

/* A transaction as malloc'ed text, the caller frees its data: `fresh` begins with empty tables in
 * place of whatever is there, all at once. ERR_NOMEM, ERR_LIMIT. */
int nft_write(const struct nft_layout *l, bool fresh, const struct nft_change *changes, size_t n,
	      struct slice *ret);

/* The i-th family in use, "inet" first, NULL behind the last. `nft -j list table FAMILY banken` is
 * what nft_read understands. (Asked for several families at once, nft 1.0.6 finds only the last.)
 */
const char *nft_family(const struct nft_layout *l, unsigned i);

/* One counted element. */
struct nft_count {
	bool is_mac;
	struct mac_addr mac;
	struct ip_addr ip;
	uint64_t packets; /* of the host, dropped */
};

struct nft_counts {
	struct nft_count *items;
	size_t n, max;
};

/* Adds the elements of one family's table that count what hosts sent; a host's drops are the sum
 * over its addresses and the families. ERR_INVALID when it is not such a listing, ERR_NOTFOUND when
 * a set is missing (somebody changed the table). */
int nft_read(struct slice text, const char *family, struct nft_counts *ret, struct errmsg *e);
