#include "dataplane/api/record.h"

#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/cursor.h"
#include "dataplane/base/err.h"
#include "dataplane/base/json.h"
#include "dataplane/base/number.h"

/* Body: a run of tokens. A token is kind (1 byte), name length (1), name, then its value:
 *   OBJECT ARRAY END  nothing        INT UINT DOUBLE  8 bytes     BOOL  1 byte
 *   STRING BASE64     u32 length and bytes            HEX  separator byte, u32 length, bytes
 *   IP                16 bytes       TIME  8 bytes (ns) */
enum token {
	TOKEN_OBJECT = 1,
	TOKEN_ARRAY,
	TOKEN_END,
	TOKEN_STRING,
	TOKEN_INT,
	TOKEN_UINT,
	TOKEN_BOOL,
	TOKEN_DOUBLE,
	TOKEN_HEX,
	TOKEN_BASE64,
	TOKEN_IP,
	TOKEN_TIME,
};

enum { NAME_MAX_LEN = 64 };

struct record_head *record_begin(struct record *r, void *buf, uint32_t cap)
{
	r->buf = buf;
	r->cap = cap < RECORD_MAX ? cap : RECORD_MAX;
	r->len = sizeof(struct record_head);
	r->full = r->cap < r->len + RECORD_DEPTH * 2 + 8;
	r->depth = 0;
	if (r->full)
		return NULL;
	memset(buf, 0, sizeof(struct record_head));
	((struct record_head *)buf)->version = RECORD_VERSION;
	return buf;
}

/* Room for a token's head and `need` bytes, leaving what closing every level takes. */
static uint8_t *token_begin(struct record *r, enum token kind, const char *name, size_t need)
{
	size_t name_len = name ? strlen(name) : 0;
	size_t reserve = 2 * (r->depth + 1U) + 8;
	uint8_t *p = r->buf + r->len;

	if (name_len > NAME_MAX_LEN || r->full || r->len + 2 + name_len + need + reserve > r->cap) {
		r->full = true;
		return NULL;
	}
	p[0] = (uint8_t)kind;
	p[1] = (uint8_t)name_len;
	if (name_len)
		memcpy(p + 2, name, name_len);
	r->len += (uint32_t)(2 + name_len + need);
	return p + 2 + name_len;
}

static void open_level(struct record *r, enum token kind, const char *name)
{
	if (r->depth + 1 >= RECORD_DEPTH)
		r->full = true;
	if (token_begin(r, kind, name, 0))
		r->depth++;
}

void record_object(struct record *r, const char *name)
{
	open_level(r, TOKEN_OBJECT, name);
}

void record_array(struct record *r, const char *name)
{
	open_level(r, TOKEN_ARRAY, name);
}

void record_end(struct record *r)
{
	uint8_t *p = r->buf + r->len;

	/* Once full, levels that were never opened must not be closed: record_finish closes the
	 * rest. */
	if (r->full || r->depth == 0)
		return;
	p[0] = TOKEN_END;
	p[1] = 0;
	r->len += 2;
	r->depth--;
}

static void put_bytes(struct record *r, enum token kind, const char *name, struct slice value)
{
	uint32_t len = value.len < RECORD_MAX ? (uint32_t)value.len : RECORD_MAX;
	uint8_t *p = token_begin(r, kind, name, 4 + (size_t)len);

	if (!p)
		return;
	memcpy(p, &len, 4);
	if (len)
		memcpy(p + 4, value.data, len);
}

static void put_word(struct record *r, enum token kind, const char *name, uint64_t value)
{
	uint8_t *p = token_begin(r, kind, name, 8);

	if (p)
		memcpy(p, &value, 8);
}

void record_str(struct record *r, const char *name, struct slice value)
{
	put_bytes(r, TOKEN_STRING, name, value);
}

void record_text(struct record *r, const char *name, const char *value)
{
	put_bytes(r, TOKEN_STRING, name, SLICE_STR(value));
}

void record_int(struct record *r, const char *name, int64_t value)
{
	put_word(r, TOKEN_INT, name, (uint64_t)value);
}

void record_uint(struct record *r, const char *name, uint64_t value)
{
	put_word(r, TOKEN_UINT, name, value);
}

void record_bool(struct record *r, const char *name, bool value)
{
	uint8_t *p = token_begin(r, TOKEN_BOOL, name, 1);

	if (p)
		*p = value;
}

void record_double(struct record *r, const char *name, double value)
{
	uint64_t bits;

	memcpy(&bits, &value, 8);
	put_word(r, TOKEN_DOUBLE, name, bits);
}

void record_hex(struct record *r, const char *name, struct slice value, char separator)
{
	uint32_t len = value.len < RECORD_MAX ? (uint32_t)value.len : RECORD_MAX;
	uint8_t *p = token_begin(r, TOKEN_HEX, name, 5 + (size_t)len);

	if (!p)
		return;
	p[0] = (uint8_t)separator;
	memcpy(p + 1, &len, 4);
	if (len)
		memcpy(p + 5, value.data, len);
}

void record_base64(struct record *r, const char *name, struct slice value)
{
	put_bytes(r, TOKEN_BASE64, name, value);
}

void record_ip(struct record *r, const char *name, const struct ip_addr *value)
{
	uint8_t *p = token_begin(r, TOKEN_IP, name, 16);

	if (p)
		memcpy(p, value->bytes, 16);
}

void record_time(struct record *r, const char *name, uint64_t time_ns)
{
	put_word(r, TOKEN_TIME, name, time_ns);
}

struct slice record_finish(struct record *r)
{
	struct record_head *head = (struct record_head *)r->buf;

	if (r->cap < sizeof(*head) || r->len < sizeof(*head))
		return SLICE(NULL, 0);
	r->full = false;
	while (r->depth > 0)
		record_end(r);
	while (r->len % 8)
		r->buf[r->len++] = 0;
	head->size = r->len;
	return SLICE(r->buf, r->len);
}

/* --- reading --- */

struct token_view {
	enum token kind;
	struct slice name, bytes;
	uint64_t word;
	char separator;
};

static uint64_t read_word(struct cursor *c)
{
	return cursor_u64_le(c);
}

/* The next token; false at the end of the body or when it is malformed (then c->bad). Padding is
 * zero bytes. */
static bool token_next(struct cursor *c, struct token_view *ret)
{
	if (cursor_left(c) == 0 || cursor_peek(c) == 0)
		return false;
	*ret = (struct token_view){.kind = cursor_u8(c)};
	ret->name = cursor_take(c, cursor_u8(c));
	switch (ret->kind) {
	case TOKEN_OBJECT:
	case TOKEN_ARRAY:
	case TOKEN_END:
		break;
	case TOKEN_HEX:
		ret->separator = (char)cursor_u8(c);
		/* It goes into the line as it is. */
		if (ret->separator && (ret->separator < 0x20 || ret->separator > 0x7e ||
				       ret->separator == '"' || ret->separator == '\\'))
			c->bad = true;
		ret->bytes = cursor_take(c, cursor_u32_le(c));
		break;
	case TOKEN_STRING:
	case TOKEN_BASE64:
		ret->bytes = cursor_take(c, cursor_u32_le(c));
		break;
	case TOKEN_INT:
	case TOKEN_UINT:
	case TOKEN_DOUBLE:
	case TOKEN_TIME:
		ret->word = read_word(c);
		break;
	case TOKEN_BOOL:
		ret->word = cursor_u8(c);
		break;
	case TOKEN_IP:
		ret->bytes = cursor_take(c, 16);
		break;
	default:
		c->bad = true;
	}
	return !c->bad;
}

void record_body(struct record *r, struct slice rec)
{
	struct cursor all = cursor_of(slice_sub(rec, sizeof(struct record_head), rec.len)), c = all;
	struct token_view t;
	size_t len = 0;

	while (token_next(&c, &t))
		len = cursor_left(&all) - cursor_left(&c);
	if (c.bad || r->full || r->len + len + 2 * (r->depth + 1U) + 8 > r->cap) {
		r->full = true;
		return;
	}
	memcpy(r->buf + r->len, rec.data + sizeof(struct record_head), len);
	r->len += (uint32_t)len;
}

static bool text_ends(const char *text, size_t cap)
{
	return memchr(text, 0, cap) != NULL;
}

static struct cursor body_of(struct slice rec)
{
	return cursor_of(slice_sub(rec, sizeof(struct record_head), rec.len));
}

static bool head_ok(struct slice bytes, struct record_head *ret)
{
	if (bytes.len < sizeof(*ret))
		return false;
	memcpy(ret, bytes.data, sizeof(*ret));
	return ret->version == RECORD_VERSION && ret->size >= sizeof(*ret) && ret->size % 8 == 0 &&
	       ret->size <= bytes.len && ret->size <= RECORD_MAX && ret->lane < RECORD_LANES &&
	       ret->vlan_count <= 3 && text_ends(ret->type, RECORD_NAME) &&
	       text_ends(ret->app_proto, RECORD_NAME) &&
	       text_ends(ret->direction, sizeof(ret->direction)) &&
	       text_ends(ret->in_iface, sizeof(ret->in_iface));
}

bool record_check(struct slice bytes)
{
	struct record_head head;
	struct token_view t;
	struct cursor c;
	unsigned depth = 0;

	if (!head_ok(bytes, &head))
		return false;
	c = body_of(SLICE(bytes.data, head.size));
	while (token_next(&c, &t)) {
		if (t.kind == TOKEN_END && depth-- == 0)
			return false;
		if ((t.kind == TOKEN_OBJECT || t.kind == TOKEN_ARRAY) && ++depth >= RECORD_DEPTH)
			return false;
	}
	return !c.bad && depth == 0 && cursor_left(&c) < 8;
}

/* Walks to the value at `path` ("alert.metadata" style, objects only). */
static bool find(struct slice rec, const char *path, struct token_view *ret)
{
	struct cursor c = body_of(rec);
	unsigned depth = 0, matched = 0;
	const char *part = path;

	while (token_next(&c, ret)) {
		size_t part_len = strcspn(part, ".");

		if (ret->kind == TOKEN_END) {
			if (depth == 0 || depth-- == matched)
				return false;
			continue;
		}
		if (depth == matched && slice_eq(ret->name, SLICE(part, part_len))) {
			if (part[part_len] == 0)
				return true;
			if (ret->kind != TOKEN_OBJECT)
				return false;
			part += part_len + 1;
			matched++;
		}
		if (ret->kind == TOKEN_OBJECT || ret->kind == TOKEN_ARRAY)
			depth++;
	}
	return false;
}

bool record_find_uint(struct slice rec, const char *path, uint64_t *ret)
{
	struct token_view t;

	if (!find(rec, path, &t) || (t.kind != TOKEN_UINT && t.kind != TOKEN_INT &&
				     t.kind != TOKEN_BOOL && t.kind != TOKEN_TIME))
		return false;
	*ret = t.word;
	return true;
}

bool record_find_str(struct slice rec, const char *path, struct slice *ret)
{
	struct token_view t;

	if (!find(rec, path, &t) || t.kind != TOKEN_STRING)
		return false;
	*ret = t.bytes;
	return true;
}

struct record_walk record_walk(struct slice rec)
{
	struct cursor c = body_of(rec);

	return (struct record_walk){c.pos, c.end};
}

bool record_walk_next(struct record_walk *w, struct record_value *ret)
{
	struct cursor c = cursor_of(SLICE(w->pos, (size_t)(w->end - w->pos)));
	struct token_view t;

	if (!token_next(&c, &t))
		return false;
	w->pos = c.pos;
	*ret = (struct record_value){.name = t.name, .text = t.bytes, .number = t.word};
	switch (t.kind) {
	case TOKEN_OBJECT:
	case TOKEN_ARRAY:
		ret->kind = RECORD_OPENS;
		break;
	case TOKEN_END:
		ret->kind = RECORD_CLOSES;
		break;
	case TOKEN_STRING:
		ret->kind = RECORD_TEXT;
		break;
	case TOKEN_HEX:
	case TOKEN_BASE64:
	case TOKEN_IP:
		ret->kind = RECORD_BYTES;
		break;
	default:
		ret->kind = RECORD_NUMBER;
	}
	return true;
}

/* --- EVE --- */

static void put_time(struct json *j, const char *name, uint64_t ns, int offset_minutes)
{
	uint32_t away = (uint32_t)(offset_minutes < 0 ? -offset_minutes : offset_minutes);
	int64_t local = (int64_t)(ns / NS_PER_SEC) + offset_minutes * 60;
	char text[48], *at = number_put_time(text, local < 0 ? 0 : (uint64_t)local);

	*at++ = '.';
	at = number_put_digits(at, (uint32_t)(ns % NS_PER_SEC / NS_PER_US), 6);
	*at++ = offset_minutes < 0 ? '-' : '+';
	at = number_put_digits(at, away / 60, 2);
	at = number_put_digits(at, away % 60, 2);
	json_slice(j, name, SLICE(text, (size_t)(at - text)));
}

static const char *proto_text(uint8_t proto, char buf[4])
{
	/* IANA's protocol numbers 0 to 143 as Suricata writes them. */
	static const char *const names[] = {
		"HOPOPT",      "ICMP",	     "IGMP",	    "GGP",	  "IP-in-IP",
		"ST",	       "TCP",	     "CBT",	    "EGP",	  "IGP",
		"BBN-RCC-MON", "NVP-II",     "PUP",	    "ARGUS",	  "EMCON",
		"XNET",	       "CHAOS",	     "UDP",	    "MUX",	  "DCN-MEAS",
		"HMP",	       "PRM",	     "XNS-IDP",	    "TRUNK-1",	  "TRUNK-2",
		"LEAF-1",      "LEAF-2",     "RDP",	    "IRTP",	  "ISO-TP4",
		"NETBLT",      "MFE-NSP",    "MERIT-INP",   "DCCP",	  "3PC",
		"IDPR",	       "XTP",	     "DDP",	    "IDPR-CMTP",  "TP++",
		"IL",	       "IPv6",	     "SDRP",	    "IPv6-Route", "IPv6-Frag",
		"IDRP",	       "RSVP",	     "GRE",	    "DSR",	  "BNA",
		"ESP",	       "AH",	     "I-NLSP",	    "SwIPe",	  "NARP",
		"MOBILE",      "TLSP",	     "SKIP",	    "IPv6-ICMP",  "IPv6-NoNxt",
		"IPv6-Opts",   "Any",	     "CFTP",	    "Any",	  "SAT-EXPAK",
		"KRYPTOLAN",   "RVD",	     "IPPC",	    "Any",	  "SAT-MON",
		"VISA",	       "IPCU",	     "CPNX",	    "CPHB",	  "WSN",
		"PVP",	       "BR-SAT-MON", "SUN-ND",	    "WB-MON",	  "WB-EXPAK",
		"ISO-IP",      "VMTP",	     "SECURE-VMTP", "VINES",	  "TTP",
		"NSFNET-IGP",  "DGP",	     "TCF",	    "EIGRP",	  "OSPF",
		"Sprite-RPC",  "LARP",	     "MTP",	    "AX.25",	  "OS",
		"MICP",	       "SCC-SP",     "ETHERIP",	    "ENCAP",	  "Any",
		"GMTP",	       "IFMP",	     "PNNI",	    "PIM",	  "ARIS",
		"SCPS",	       "QNX",	     "A/N",	    "IPComp",	  "SNP",
		"Compaq-Peer", "IPX-in-IP",  "VRRP",	    "PGM",	  "Any",
		"L2TP",	       "DDX",	     "IATP",	    "STP",	  "SRP",
		"UTI",	       "SMP",	     "SM",	    "PTP",	  "IS-IS",
		"FIRE",	       "CRTP",	     "CRUDP",	    "SSCOPMCE",	  "IPLT",
		"SPS",	       "PIPE",	     "SCTP",	    "FC",	  "RSVP-E2E-IGNORE",
		"Mobility",    "UDPLite",    "MPLS-in-IP",  "manet",	  "HIP",
		"Shim6",       "WESP",	     "ROHC",	    "Ethernet",
	};

	if (proto < ARRAY_SIZE(names))
		return names[proto];
	*number_put_digits(buf, proto, 3) = '\0';
	return buf;
}

static void put_tuple(struct json *j, const struct record_head *h)
{
	char src[IP_ADDR_TEXT], dst[IP_ADDR_TEXT], number[8];

	json_text(j, "src_ip", ip_addr_text(&h->src, src, true));
	if (h->flags & RECORD_HAS_PORTS)
		json_uint(j, "src_port", h->sport);
	json_text(j, "dest_ip", ip_addr_text(&h->dst, dst, true));
	if (h->flags & RECORD_HAS_PORTS)
		json_uint(j, "dest_port", h->dport);
	json_text(j, "proto", proto_text(h->ip_proto, number));
	if (h->flags & RECORD_HAS_ICMP) {
		json_uint(j, "icmp_type", h->icmp_type);
		json_uint(j, "icmp_code", h->icmp_code);
	}
}

static void put_ether(struct json *j, const struct record_head *h)
{
	char mac[MAC_ADDR_TEXT];

	json_open_object(j, "ether");
	json_text(j, "src_mac", mac_addr_text(&h->src_mac, mac));
	json_text(j, "dest_mac", mac_addr_text(&h->dst_mac, mac));
	json_end(j);
}

static void put_head(struct json *j, const struct record_head *h,
		     const struct record_eve_options *o)
{
	put_time(j, "timestamp", h->time_ns, o->offset_minutes);
	if (h->flags & RECORD_HAS_FLOW)
		json_uint(j, "flow_id", h->flow_id);
	if (h->in_iface[0])
		json_text(j, "in_iface", h->in_iface);
	if (h->flags & RECORD_PACKET)
		json_uint(j, "pcap_cnt", h->packet_number);
	json_text(j, "event_type", h->type);
	if (h->vlan_count) {
		json_open_array(j, "vlan");
		for (unsigned i = 0; i < h->vlan_count; i++)
			json_uint(j, NULL, h->vlan[i]);
		json_array_end(j);
	}
	if (h->flags & RECORD_HAS_TUPLE) {
		put_tuple(j, h);
		if (o->community_id) {
			char text[32];
			bool icmp = h->flags & RECORD_HAS_ICMP;

			community_id(&h->src, &h->dst, icmp ? h->icmp_type : h->sport,
				     icmp ? h->icmp_code : h->dport, h->ip_proto, text);
			json_text(j, "community_id", text);
		}
	}
	if (h->flags & RECORD_HAS_TX)
		json_uint(j, "tx_id", h->tx_id);
	if (h->flags & RECORD_HAS_MAC)
		put_ether(j, h);
	if (h->app_proto[0])
		json_text(j, "app_proto", h->app_proto);
	if (h->direction[0])
		json_text(j, "direction", h->direction);
}

static void put_ip(struct json *j, const char *name, struct slice bytes)
{
	struct ip_addr addr = ip_addr_v6(bytes.data);
	char text[IP_ADDR_TEXT];

	json_text(j, name, ip_addr_text(&addr, text, true));
}

static double as_double(uint64_t word)
{
	double value;

	memcpy(&value, &word, 8);
	return value;
}

static void put_value(struct json *j, const struct token_view *t, const char *name,
		      int offset_minutes)
{
	switch (t->kind) {
	case TOKEN_STRING:
		json_slice(j, name, t->bytes);
		break;
	case TOKEN_INT:
		json_int(j, name, (int64_t)t->word);
		break;
	case TOKEN_UINT:
		json_uint(j, name, t->word);
		break;
	case TOKEN_BOOL:
		json_bool(j, name, t->word != 0);
		break;
	case TOKEN_DOUBLE:
		json_double(j, name, as_double(t->word));
		break;
	case TOKEN_HEX:
		json_hex(j, name, t->bytes, t->separator);
		break;
	case TOKEN_BASE64:
		json_base64(j, name, t->bytes);
		break;
	case TOKEN_IP:
		put_ip(j, name, t->bytes);
		break;
	case TOKEN_TIME:
		put_time(j, name, t->word, offset_minutes);
		break;
	default:
		break;
	}
}

static void put_body(struct json *j, struct slice rec, int offset_minutes)
{
	struct cursor c = body_of(rec);
	char name_text[256];
	bool is_array[RECORD_DEPTH + 1] = {false};
	unsigned depth = 0;
	struct token_view t;

	while (token_next(&c, &t)) {
		const char *name = NULL;

		/* A member without a name is "", never none. */
		if (!is_array[depth]) {
			if (t.name.len > 0)
				memcpy(name_text, t.name.data, t.name.len);
			name_text[t.name.len] = 0;
			name = name_text;
		}
		if (t.kind == TOKEN_OBJECT || t.kind == TOKEN_ARRAY) {
			is_array[++depth] = t.kind == TOKEN_ARRAY;
			t.kind == TOKEN_ARRAY ? json_open_array(j, name)
					      : json_open_object(j, name);
		} else if (t.kind == TOKEN_END) {
			is_array[depth--] ? json_array_end(j) : json_end(j);
		} else {
			put_value(j, &t, name, offset_minutes);
		}
	}
}

long record_to_eve(struct slice rec, const struct record_eve_options *options, char *buf,
		   size_t cap)
{
	struct record_head head;
	struct json j;

	if (!record_check(rec))
		return ERR_INVALID;
	memcpy(&head, rec.data, sizeof(head));
	json_init(&j, buf, cap);
	json_open_object(&j, NULL);
	put_head(&j, &head, options);
	put_body(&j, SLICE(rec.data, head.size), options->offset_minutes);
	json_end(&j);
	return json_finish(&j);
}
