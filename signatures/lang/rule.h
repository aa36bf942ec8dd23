/* A typed rule: what signatures/lang makes of a line of the Suricata 7 rule language and what
 * everything downstream (signatures/plan, dataplane/detect) works on.
 *
 * Ownership: a rule and all it points to lives in the arena of its `struct lang_set` (lang.h) and
 * as long as that; it is const after loading and may be read from any thread. Equal address lists
 * and port lists of a set share one pointer, so they may be compared by pointer. Strings end with
 * NUL; `struct slice` is used where bytes may hold NUL.
 * Source: Suricata 7.0.10's documentation of the rule language and its `--list-keywords`. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "dataplane/base/addr.h"
#include "dataplane/base/slice.h"

struct lang_buffer;  /* buffers.h */
struct lang_keyword; /* keywords.h */

/* ---- head ---- */

enum rule_action {
	RULE_ALERT,
	RULE_PASS,
	RULE_DROP,
	RULE_REJECT, /* reject and rejectsrc */
	RULE_REJECT_DST,
	RULE_REJECT_BOTH,
	RULE_CONFIG, /* `config` rules: no alert, they carry a RULE_ITEM_CONFIG in `post` */
};

enum rule_layer {
	RULE_LAYER_IP,	 /* ip, any: every IP packet, and pkthdr (see `decode_only`) */
	RULE_LAYER_IPV4, /* ipv4, ip4 */
	RULE_LAYER_IPV6, /* ipv6, ip6 */
	RULE_LAYER_TCP,	 /* tcp, and application protocols that run on it */
	RULE_LAYER_UDP,
	RULE_LAYER_TCP_UDP, /* application protocols that run on both, e.g. dns */
	RULE_LAYER_ICMP,    /* icmp: ICMP and ICMPv6 */
	RULE_LAYER_ICMPV4,
	RULE_LAYER_ICMPV6,
	RULE_LAYER_SCTP,
};

struct rule_proto {
	enum rule_layer layer; /* worked out: `alert ip` with http.uri is TCP */
	bool packet_only;      /* written tcp-pkt */
	bool stream_only;      /* written tcp-stream */
	bool decode_only;      /* pkthdr: also packets without a valid IP header */
	/* "http", "http1", "http2", "dns", "tls", ..., as written or as the rule's buffers and
	 * keywords say; NULL: any. "http" means http1 or http2, "dcerpc" also dcerpc in smb (see
	 * lang_app_covers). */
	const char *app;
	const char *text; /* as written */
};

struct rule_addr_range {
	struct ip_addr first, last; /* inclusive; a range never spans IPv4 and IPv6 */
};

/* Sorted by address, not overlapping, not touching. IPv6 ranges leave out ::ffff:0:0/96, which is
 * where IPv4 lies. `any`: everything, and then count is 0. */
struct rule_addrs {
	bool any;
	uint32_t count;
	const struct rule_addr_range *ranges;
	const char *text; /* canonical, also the key by which lists are shared */
};

struct rule_port_range {
	uint16_t first, last; /* inclusive */
};

struct rule_ports {
	bool any;
	uint32_t count;
	const struct rule_port_range *ranges; /* sorted, not overlapping, not touching */
	const char *text;
};

/* ---- small common parts ---- */

/* Every integer comparison of the language in one form: matches when
 * (min <= value && value <= max) != negated. `width` is the field's size in bits: max is at most
 * 2^width - 1. */
struct rule_uint {
	uint64_t min, max;
	uint8_t width;
	bool negated;
	/* lang=8 only: when mask is not 0 the value is ANDed with it first. */
	uint64_t mask;
};

static inline bool rule_uint_match(const struct rule_uint *u, uint64_t value)
{
	if (u->mask)
		value &= u->mask;
	return (u->min <= value && value <= u->max) != u->negated;
}

/* A number in the rule, or the value of a byte_extract/byte_math variable at that time. */
struct rule_value {
	int64_t number; /* when `var` is false */
	uint8_t index;	/* when `var`: of rule.byte_vars */
	bool var;
	bool set; /* the option is there at all */
};

struct rule_pair { /* metadata, reference */
	const char *key, *value;
};

/* ---- match items ---- */

/* content */
enum {
	RULE_CONTENT_NOCASE = 1 << 0,
	RULE_CONTENT_NEGATED = 1 << 1,
	RULE_CONTENT_STARTSWITH = 1 << 2, /* depth is also set, to the length */
	RULE_CONTENT_ENDSWITH = 1 << 3,
	RULE_CONTENT_RAWBYTES = 1 << 4,	     /* no effect, as in Suricata */
	RULE_CONTENT_FAST = 1 << 5,	     /* fast_pattern */
	RULE_CONTENT_FAST_ONLY = 1 << 6,     /* fast_pattern:only */
	RULE_CONTENT_FAST_CHOP = 1 << 7,     /* fast_pattern:chop_offset,chop_len */
	RULE_CONTENT_RELATIVE_NEXT = 1 << 8, /* a later item is placed relative to this one */
	RULE_CONTENT_RETRY = 1 << 9, /* and may hold at a later occurrence of this one, where it did
					not at the first */
};

struct rule_content {
	struct slice bytes; /* 1..LANG_CONTENT_MAX bytes; as written, not lower-cased */
	uint32_t flags;
	/* offset counts from the buffer's start and depth from offset; distance counts from the end
	 * of the last match, within from there plus distance. An item has one kind or the other.
	 * Only distance may be negative. */
	struct rule_value depth, offset, distance, within;
	uint16_t chop_offset, chop_len;
	struct slice replace; /* empty when there is none */
};

/* True when the content is placed relative to the match before it. */
static inline bool rule_content_relative(const struct rule_content *c)
{
	return c->distance.set || c->within.set;
}

/* pcre */
enum { /* the modifiers as PCRE options; buffers' letters have been resolved into the buffer */
       RULE_PCRE_CASELESS = 1 << 0,	  /* i */
       RULE_PCRE_DOTALL = 1 << 1,	  /* s */
       RULE_PCRE_MULTILINE = 1 << 2,	  /* m */
       RULE_PCRE_EXTENDED = 1 << 3,	  /* x */
       RULE_PCRE_ANCHORED = 1 << 4,	  /* A */
       RULE_PCRE_DOLLAR_ENDONLY = 1 << 5, /* E */
       RULE_PCRE_UNGREEDY = 1 << 6,	  /* G */
       RULE_PCRE_LIMIT = 1 << 7,	  /* O, no effect: match limits always apply */
       RULE_PCRE_RELATIVE = 1 << 8,	  /* R */
       RULE_PCRE_NEGATED = 1 << 9,
       RULE_PCRE_RAWBYTES = 1 << 10,	  /* B, no effect */
       RULE_PCRE_RELATIVE_NEXT = 1 << 11, /* a later item is placed relative to this one */
       RULE_PCRE_GROUPS = 1 << 12,	  /* plain ( ) capture; else they are meant as (?: ) */
};

enum rule_capture_kind {
	RULE_CAPTURE_FLOW_VAR,	 /* flowvar of that name: integer or bytes, per flow */
	RULE_CAPTURE_PACKET_VAR, /* pktvar */
	RULE_CAPTURE_ALERT_VAR, /* `alert:name`: a packet variable that goes into the alert's record
				   (lang=8) */
};

struct rule_capture {
	uint32_t group; /* number in the expression, from 1 */
	enum rule_capture_kind kind;
	bool keyed;  /* `pkt:key, pkt:value`: this group is the key, the next one the value */
	bool listed; /* named behind the expression, not in it */
	const char *name;
	uint32_t id; /* of set.vars */
};

struct rule_pcre {
	const char *pattern; /* between the slashes, escapes of the rule language removed */
	uint32_t flags;
	uint32_t ncaptures;
	const struct rule_capture *captures;
};

/* byte_test, byte_jump, byte_extract, byte_math, isdataat */
enum rule_base {
	RULE_BASE_BINARY, /* no `string` */
	RULE_BASE_DEC,
	RULE_BASE_HEX,
	RULE_BASE_OCT,
	RULE_BASE_AUTO, /* `string` alone: a leading 0x or 0 decides, as strtoull(.., 0) */
};

enum rule_endian {
	RULE_ENDIAN_BIG,
	RULE_ENDIAN_LITTLE,
	RULE_ENDIAN_DCE, /* as the DCERPC header says; big when there is none */
};

enum rule_compare { /* of byte_test and flowint */
		    RULE_CMP_EQ,
		    RULE_CMP_NE,
		    RULE_CMP_LT,
		    RULE_CMP_LE,
		    RULE_CMP_GT,
		    RULE_CMP_GE,
		    RULE_CMP_AND, /* (value & operand) != 0 */
		    RULE_CMP_OR,  /* (value ^ operand) != 0, Suricata's `^` */
};

struct rule_byte_test {
	struct rule_value nbytes; /* 1..8 binary, 1..23 string */
	enum rule_compare op;
	bool negated;
	struct rule_value operand; /* number is the unsigned 64-bit value */
	struct rule_value offset;
	bool relative;
	enum rule_base base;
	enum rule_endian endian;
	bool masked;	  /* the value read is ANDed with bitmask, then shifted right */
	uint64_t bitmask; /* of 32 bits */
	uint8_t shift;	  /* trailing zeros of the mask */
};

struct rule_byte_jump {
	struct rule_value nbytes; /* 0: no bytes are read, the value is 0 */
	struct rule_value offset;
	bool relative, align, from_beginning, from_end; /* align: to 4 bytes */
	enum rule_base base;
	enum rule_endian endian;
	uint32_t multiplier; /* 1 when not given */
	int64_t post_offset;
};

struct rule_byte_extract {
	uint8_t nbytes;
	int64_t offset;
	uint8_t result; /* index of rule.byte_vars */
	bool relative;
	enum rule_base base;
	enum rule_endian endian;
	uint32_t multiplier; /* 1 when not given */
	uint8_t align;	     /* 0, 2 or 4 */
};

enum rule_math {
	RULE_MATH_ADD,
	RULE_MATH_SUB,
	RULE_MATH_MUL,
	RULE_MATH_DIV, /* by 0: no match */
	RULE_MATH_SHL,
	RULE_MATH_SHR,
};

struct rule_byte_math {
	struct rule_value nbytes;
	int64_t offset;
	enum rule_math op;
	struct rule_value rvalue;
	uint8_t result;
	bool relative;
	enum rule_base base;
	enum rule_endian endian;
	bool masked; /* the result is ANDed with bitmask, then shifted right */
	uint64_t bitmask;
	uint8_t shift;
};

struct rule_isdataat {
	struct rule_value at;
	bool relative, negated, rawbytes;
};

struct rule_base64_decode {
	uint32_t bytes; /* 0: all */
	uint32_t offset;
	bool relative;
};

/* packet header */
enum rule_bits_mode {
	RULE_BITS_EXACT, /* (field & ~ignored) == bits */
	RULE_BITS_ALL,	 /* `+`: all of the bits and any others */
	RULE_BITS_ANY,	 /* `*`: any of the bits */
	RULE_BITS_NOT,	 /* `!`: not all of the bits */
};

struct rule_bits { /* tcp.flags (FIN=1 .. CWR=0x80), fragbits (reserved=4, DF=2, MF=1 of the 3) */
	enum rule_bits_mode mode;
	uint8_t bits, ignored;
};

enum rule_ipopt {
	RULE_IPOPT_RR,
	RULE_IPOPT_LSRR,
	RULE_IPOPT_EOL,
	RULE_IPOPT_NOP,
	RULE_IPOPT_TS,
	RULE_IPOPT_SEC,
	RULE_IPOPT_ESEC,
	RULE_IPOPT_SSRR,
	RULE_IPOPT_SATID,
	RULE_IPOPT_ANY,
};

enum rule_side {
	RULE_SIDE_CLIENT,
	RULE_SIDE_SERVER,
	RULE_SIDE_BOTH,	  /* both sides fulfil it */
	RULE_SIDE_EITHER, /* one of them does */
};

struct rule_stream_size {
	enum rule_side side;
	struct rule_uint size;
};

struct rule_rpc { /* ONC RPC call; `any` is value.set == false */
	uint32_t program;
	struct rule_value version, procedure;
};

struct rule_csum {	   /* tcpv4-csum and the like */
	const char *layer; /* "ipv4", "tcpv4", "tcpv6", "udpv4", "udpv6", "icmpv4", "icmpv6" */
	bool valid;	   /* wanted: valid, else invalid */
};

/* state */
enum rule_bits_cmd {
	RULE_BIT_ISSET,
	RULE_BIT_ISNOTSET,
	RULE_BIT_SET,
	RULE_BIT_UNSET,
	RULE_BIT_TOGGLE,
};

struct rule_flowbits {
	enum rule_bits_cmd cmd;
	uint32_t count; /* > 1: isset/isnotset with `|`: any of them */
	const char *const *names;
	const uint32_t *ids; /* of set.flowbits */
};

enum rule_track {
	RULE_TRACK_SRC,
	RULE_TRACK_DST,
	RULE_TRACK_PAIR,   /* ip_pair, by_both: the unordered (src, dst) */
	RULE_TRACK_RULE,   /* by_rule */
	RULE_TRACK_FLOW,   /* lang=8 */
	RULE_TRACK_BOTH,   /* hostbits both: source and destination host */
	RULE_TRACK_EITHER, /* iprep any */
};

struct rule_xbits {
	enum rule_bits_cmd cmd;
	enum rule_track track; /* xbits: SRC, DST, PAIR. hostbits: SRC, DST, BOTH */
	uint32_t expire;       /* seconds, xbits set; default 30 */
	const char *name;
	uint32_t id; /* of set.xbits or set.hostbits */
};

enum rule_flowint_op {
	RULE_FLOWINT_SET, /* = */
	RULE_FLOWINT_ADD,
	RULE_FLOWINT_SUB,
	RULE_FLOWINT_EQ, /* comparisons: false when the variable is not set */
	RULE_FLOWINT_NE,
	RULE_FLOWINT_LT,
	RULE_FLOWINT_LE,
	RULE_FLOWINT_GT,
	RULE_FLOWINT_GE,
	RULE_FLOWINT_ISSET,
	RULE_FLOWINT_ISNOTSET,
};

struct rule_flowint {
	enum rule_flowint_op op;
	const char *name;
	uint32_t id;		 /* of set.vars */
	const char *operand_var; /* NULL: number */
	uint32_t operand_id;
	uint32_t number;
};

struct rule_varmatch { /* flowvar, pktvar: the variable contains these bytes */
	const char *name;
	uint32_t id;
	struct slice bytes;
	bool negated, nocase;
};

enum rule_dataset_type {
	RULE_DATASET_STRING,
	RULE_DATASET_MD5,
	RULE_DATASET_SHA256,
	RULE_DATASET_IPV4,
	RULE_DATASET_IP,
};

struct rule_dataset {
	enum rule_bits_cmd cmd; /* ISSET, ISNOTSET, SET, UNSET */
	const char *name;
	bool type_given;
	enum rule_dataset_type type;
	const char *load, *save, *state; /* file names as written, NULL when not given */
	uint64_t memcap;		 /* bytes, 0: default */
	uint32_t hashsize;		 /* 0: default */
};

struct rule_datarep {
	const char *name;
	enum rule_compare op; /* EQ, LT, GT */
	uint16_t value;
	enum rule_dataset_type type;
	const char *load;
	uint64_t memcap;
	uint32_t hashsize;
};

struct rule_iprep {
	enum rule_track track; /* EITHER (any), SRC, DST, BOTH */
	const char *category;
	bool isset, isnotset; /* lang=8 forms */
	struct rule_uint value;
};

struct rule_geoip {
	bool source, destination, both; /* both: each of them; src and dst set, both not: either */
	bool negated;
	uint32_t count;
	const char *const *countries; /* two letters, upper case as written */
};

struct rule_hash_list {	   /* filemd5, filesha1, filesha256 */
	uint8_t algorithm; /* digest length: 16, 20 or 32 bytes */
	bool negated;
	const char *path; /* as written */
};

struct rule_filestore {
	bool to_server, to_client; /* direction request/to_server, response/to_client, both */
	enum { RULE_STORE_FILE, RULE_STORE_TX, RULE_STORE_SSN, RULE_STORE_FLOW } scope;
	bool explicit_direction;
};

struct rule_tag {
	bool host;   /* else session */
	bool source; /* host: track the source, else the destination */
	/* ALL: all that follows; `count` says nothing then. */
	enum { RULE_TAG_PACKETS, RULE_TAG_BYTES, RULE_TAG_SECONDS, RULE_TAG_ALL } metric;
	uint32_t count;
};

struct rule_config { /* config: logging disable, type tx, scope tx */
	const char *subsystem, *state, *type, *scope;
};

struct rule_named { /* app-layer-event, decode-event, stream-event, app-layer-protocol, l3_proto */
	const char *name; /* "http.invalid_content_length", "ipv4.pkt_too_small", "tls" */
	bool negated;
};

struct rule_asn1 {
	const char *args;		/* as written */
	bool bitstring, real, oversize; /* what is looked for: any of them */
	uint32_t size;			/* of oversize: more bytes than this */
	/* Where the structure begins: in the payload, or `relative` to the last match. */
	bool relative;
	int64_t offset;
};

struct rule_mark { /* nfq_set_mark */
	uint32_t mark, mask;
};

/* A keyword whose meaning belongs to a protocol's folder, e.g. dns.opcode, tls.version, ssl_state,
 * smb.*, dcerpc.iface, mqtt.type. Its argument has been checked here as Suricata does. */
struct rule_app {
	const char *keyword; /* canonical name */
	const char *arg;     /* "" when there is none; negation removed where it is a leading ! */
	bool negated;
};

enum rule_item_kind {
	/* on bytes: in `payload` and in buffers */
	RULE_ITEM_CONTENT,
	RULE_ITEM_PCRE,
	RULE_ITEM_BYTE_TEST,
	RULE_ITEM_BYTE_JUMP,
	RULE_ITEM_BYTE_EXTRACT,
	RULE_ITEM_BYTE_MATH,
	RULE_ITEM_ISDATAAT,
	RULE_ITEM_BSIZE,	 /* uint: length of the buffer */
	RULE_ITEM_URILEN,	 /* uint: in http.uri or http.uri.raw */
	RULE_ITEM_BASE64_DECODE, /* base64_data's items are the list after it, see rule_buffer */
	RULE_ITEM_DATASET,
	RULE_ITEM_DATAREP,
	RULE_ITEM_ASN1,
	RULE_ITEM_RPC, /* packet */

	/* on the packet's header: in `packet` */
	RULE_ITEM_TTL,	    /* uint */
	RULE_ITEM_TOS,	    /* uint */
	RULE_ITEM_ID,	    /* uint: IPv4 identification */
	RULE_ITEM_IP_PROTO, /* uint; several of them must all hold */
	RULE_ITEM_IPOPTS,   /* ipopt */
	RULE_ITEM_FRAGBITS, /* bits */
	RULE_ITEM_FRAGOFFSET,
	RULE_ITEM_SAMEIP,
	RULE_ITEM_TCP_FLAGS, /* bits */
	RULE_ITEM_TCP_SEQ,
	RULE_ITEM_TCP_ACK,
	RULE_ITEM_TCP_WINDOW,
	RULE_ITEM_TCP_MSS,
	RULE_ITEM_TCP_WSCALE, /* lang=8 */
	RULE_ITEM_ITYPE,
	RULE_ITEM_ICODE,
	RULE_ITEM_ICMP_ID,
	RULE_ITEM_ICMP_SEQ,
	RULE_ITEM_ICMPV6_MTU,
	RULE_ITEM_DSIZE, /* uint: bytes of payload of the packet */
	RULE_ITEM_CSUM,
	RULE_ITEM_L3_PROTO,	/* named: "ipv4" or "ipv6" */
	RULE_ITEM_DECODE_EVENT, /* named: decode-event and engine-event */
	RULE_ITEM_STREAM_EVENT, /* named */
	RULE_ITEM_TEMPLATE2,	/* uint: the TTL, Suricata's sample keyword */

	/* on the flow and host: in `packet` (tests) and `post` (changes) */
	RULE_ITEM_STREAM_SIZE,
	RULE_ITEM_FLOW_AGE, /* uint: seconds */
	RULE_ITEM_FLOWBITS,
	RULE_ITEM_FLOWINT,
	RULE_ITEM_XBITS,
	RULE_ITEM_HOSTBITS,
	RULE_ITEM_FLOWVAR,
	RULE_ITEM_PKTVAR,
	RULE_ITEM_IPREP,
	RULE_ITEM_GEOIP,
	RULE_ITEM_APP_PROTOCOL, /* named: app-layer-protocol */
	RULE_ITEM_APP_EVENT,	/* named: in `app` "http.xyz", in `packet` "applayer_xyz" */

	/* on files: in `files` */
	RULE_ITEM_FILE_HASH,
	RULE_ITEM_FILESIZE, /* uint */

	/* on a protocol's transaction or state: in `app` */
	RULE_ITEM_APP,

	/* only in `post` */
	RULE_ITEM_FILESTORE,
	RULE_ITEM_TAG,
	RULE_ITEM_CONFIG,
	RULE_ITEM_REPLACE, /* no argument: some content has a replace */
	RULE_ITEM_MARK,
	RULE_ITEM_KINDS /* how many */
};

struct rule_item {
	uint16_t kind;	/* enum rule_item_kind */
	bool prefilter; /* the `prefilter` keyword stood after it */
	uint16_t place; /* number of the option in the rule, from 0: orders items across lists */
	union {		/* in the arena, named after the kind */
		const struct rule_content *content;
		const struct rule_pcre *pcre;
		const struct rule_byte_test *byte_test;
		const struct rule_byte_jump *byte_jump;
		const struct rule_byte_extract *byte_extract;
		const struct rule_byte_math *byte_math;
		const struct rule_isdataat *isdataat;
		const struct rule_base64_decode *base64_decode;
		const struct rule_uint *uint; /* every kind that says "uint" */
		const struct rule_bits *bits;
		enum rule_ipopt ipopt;
		const struct rule_stream_size *stream_size;
		const struct rule_rpc *rpc;
		const struct rule_csum *csum;
		const struct rule_flowbits *flowbits;
		const struct rule_xbits *xbits; /* and hostbits */
		const struct rule_flowint *flowint;
		const struct rule_varmatch *varmatch;
		const struct rule_dataset *dataset;
		const struct rule_datarep *datarep;
		const struct rule_iprep *iprep;
		const struct rule_geoip *geoip;
		const struct rule_hash_list *hash_list;
		const struct rule_filestore *filestore;
		const struct rule_tag *tag;
		const struct rule_config *config;
		const struct rule_named *named;
		const struct rule_asn1 *asn1;
		const struct rule_mark *mark;
		const struct rule_app *app;
	};
};

struct rule_list {
	uint32_t count;
	const struct rule_item *items; /* in the rule's order */
};

/* ---- buffers ---- */

enum rule_transform_kind {
	RULE_XFORM_DOTPREFIX,
	RULE_XFORM_TO_LOWERCASE,
	RULE_XFORM_TO_UPPERCASE,
	RULE_XFORM_TO_MD5,
	RULE_XFORM_TO_SHA1,
	RULE_XFORM_TO_SHA256,
	RULE_XFORM_STRIP_WHITESPACE,
	RULE_XFORM_COMPRESS_WHITESPACE,
	RULE_XFORM_URL_DECODE,
	RULE_XFORM_XOR, /* arg: the key's bytes */
	RULE_XFORM_HEADER_LOWERCASE,
	RULE_XFORM_STRIP_PSEUDO_HEADERS,
	RULE_XFORM_PCRE, /* arg: the expression; what its first group captured is the new buffer */
};

struct rule_transform {
	enum rule_transform_kind kind;
	struct slice arg;
};

/* One use of a buffer. A single-instance buffer without transforms occurs once in a rule, with the
 * items of all its uses in order; each use of a multi-instance one (buffer->multi) and each use
 * with transforms is an entry of its own. All items of an entry must hold in the same instance. The
 * items of base64_data are an entry of their own, with buffer->where LANG_ON_BASE64: they are
 * looked at when the RULE_ITEM_BASE64_DECODE of the rule has decoded something. */
struct rule_buffer {
	const struct lang_buffer *buffer; /* name, protocols, direction: buffers.h */
	const char *name;		  /* "http.uri"; of frames "frame:tls.pdu" */
	const char *key; /* name and transforms as text; entries with equal keys look at the same
			    bytes, whatever the rule. Shared in the set: compare by pointer */
	uint32_t ntransforms;
	const struct rule_transform *transforms;
	struct rule_list items;
};

/* ---- general ---- */

enum { /* flow */
       RULE_FLOW_TO_SERVER = 1 << 0,
       RULE_FLOW_TO_CLIENT = 1 << 1,
       RULE_FLOW_ESTABLISHED = 1 << 2,
       RULE_FLOW_NOT_ESTABLISHED = 1 << 3,
       RULE_FLOW_STATELESS = 1 << 4,
       RULE_FLOW_ONLY_STREAM = 1 << 5,
       RULE_FLOW_NO_STREAM = 1 << 6,
       RULE_FLOW_ONLY_FRAG = 1 << 7,
       RULE_FLOW_NO_FRAG = 1 << 8,
};

enum rule_threshold_type {
	RULE_THRESHOLD_NONE,
	RULE_THRESHOLD_LIMIT,
	RULE_THRESHOLD_THRESHOLD,
	RULE_THRESHOLD_BOTH,
	RULE_THRESHOLD_BACKOFF, /* lang=8 */
	RULE_THRESHOLD_DETECTION_FILTER,
	RULE_THRESHOLD_RATE,	 /* rate_filter, from a threshold file */
	RULE_THRESHOLD_SUPPRESS, /* suppress, from a threshold file */
};

struct rule_threshold {
	enum rule_threshold_type type;
	enum rule_track track; /* SRC, DST, PAIR, RULE; FLOW with lang=8 */
	uint32_t count, seconds;
	uint32_t multiplier;	     /* BACKOFF */
	enum rule_action new_action; /* RATE */
	uint32_t timeout;	     /* RATE, seconds */
	/* A second one of the same rule, which must let the alert pass too; NULL: none. */
	const struct rule_threshold *next;
};

enum rule_target {
	RULE_TARGET_NONE,
	RULE_TARGET_SRC,
	RULE_TARGET_DST,
};

/* What a rule is looked at with; Suricata's SIG_TYPE_*. */
enum rule_type {
	RULE_TYPE_IP_ONLY,	 /* addresses only: once per flow and direction */
	RULE_TYPE_LIKE_IP_ONLY,	 /* the same with negated addresses */
	RULE_TYPE_PROTO_ONLY,	 /* app-layer-protocol only: once per flow and direction */
	RULE_TYPE_DECODE_ONLY,	 /* decoder events only: also packets that are no flow's */
	RULE_TYPE_PACKET,	 /* each packet */
	RULE_TYPE_PACKET_STREAM, /* payload of packets and of the stream */
	RULE_TYPE_STREAM,	 /* payload of the stream */
	RULE_TYPE_APP,		 /* a protocol is named but nothing of it is looked at */
	RULE_TYPE_TX,		 /* transactions, files, frames */
};

struct rule {
	uint32_t sid, gid, rev; /* gid 1 when not given */
	uint32_t index;		/* place in set.rules */
	uint32_t line;		/* where it begins */
	const char *file;
	const char *text; /* as written, continuation lines joined; NULL unless opts.keep_text */

	enum rule_action action;
	struct rule_proto proto;
	const struct rule_addrs *src, *dst;
	const struct rule_ports *sport, *dport;
	bool both_ways; /* <> */

	const char *msg;       /* "" when not given */
	const char *classtype; /* name, NULL when not given */
	const char *category;  /* its description, "" when none */
	uint32_t priority;     /* 1 highest; 3 when nothing says */
	uint32_t nreferences;
	const struct rule_pair *references; /* key "cve", value "2021-44228" */
	uint32_t nmetadata;
	const struct rule_pair *metadata; /* in order; a key may repeat */
	enum rule_target target;

	bool noalert;
	bool alert; /* the keyword: a pass rule tells that it matched */
	bool bypass;
	uint32_t flow; /* RULE_FLOW_* as written */
	/* The directions in which it may match at all: from `flow` and from its buffers. Both when
	 * nothing decides. */
	bool to_server, to_client;
	enum rule_type type;
	/* Looks at single packets, at the stream; both false: nothing decides. With both, a payload
	 * match in either will do. */
	bool need_packet, need_stream;
	struct rule_threshold threshold; /* type NONE: none */

	struct rule_list packet;  /* header and flow keywords, tests of bits */
	struct rule_list payload; /* content and the like without a buffer */
	uint32_t nbuffers;
	const struct rule_buffer *buffers; /* in order of first use */
	struct rule_list app;		   /* RULE_ITEM_APP */
	struct rule_list files; /* hash lists, filesize; file.name and file.data are buffers */
	struct rule_list post;	/* done in order once everything has matched */

	/* Content marked with fast_pattern, NULL when the engine chooses; in buffers[fast_buffer],
	 * or in payload when that is -1. */
	const struct rule_content *fast_pattern;
	int32_t fast_buffer;

	uint32_t nbyte_vars; /* at most LANG_BYTE_VARS_MAX */
	const char *const *byte_vars;
};
