/* mDNS, LLMNR and NetBIOS names: DNS messages all three. */
#include "dataplane/api/record.h"
#include "dataplane/app/dns/message.h"
#include "dataplane/app/local/local.h"
#include "dataplane/app/text/text.h"

enum {
	NB_ENCODED = 32, /* letters of an encoded NetBIOS name */
	NB_LEN = 15,
	NB_ENTRY = 18, /* of a status answer: name, suffix, flags */
	TYPE_NB = 32,
	TYPE_NBSTAT = 33,
};

struct reader {
	enum local_kind kind;
	struct dns_reader dns;
	struct record *r;
	unsigned left; /* of LOCAL_RECORDS_MAX */
};

/* --- names --- */

static struct slice trim_spaces(const uint8_t *name)
{
	size_t len = NB_LEN;

	while (len > 0 && (name[len - 1] == ' ' || name[len - 1] == 0))
		len--;
	return SLICE(name, len);
}

/* Half bytes as letters from A on (RFC 1001 14.1). */
static bool nb_decode(struct slice text, uint8_t ret[NB_LEN + 1])
{
	for (unsigned i = 0; i <= NB_LEN; i++) {
		unsigned high, low;

		if (text.len < NB_ENCODED)
			return false;
		high = text.data[2 * i] - 'A';
		low = text.data[2 * i + 1] - 'A';
		if (high > 15 || low > 15)
			return false;
		ret[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void log_nb_name(struct record *r, const uint8_t name[NB_LEN + 1])
{
	text_log(r, "name", trim_spaces(name));
	record_uint(r, "suffix", name[NB_LEN]);
}

static bool log_name(struct reader *rd, const struct dns_name *name)
{
	uint8_t nb[NB_LEN + 1];
	struct slice text = SLICE(name->text, name->len);

	if (rd->kind != LOCAL_NBNS) {
		text_log(rd->r, "name", text);
		return true;
	}
	if (!nb_decode(text, nb))
		return false;
	log_nb_name(rd->r, nb);
	return true;
}

/* --- data of resource records --- */

static void log_ip(struct record *r, struct slice data)
{
	struct ip_addr addr = {0};

	if (data.len == 4)
		addr = ip_addr_v4(data.data);
	else if (data.len == 16)
		addr = ip_addr_v6(data.data);
	else
		return;
	record_ip(r, "address", &addr);
}

static void log_texts(struct record *r, struct slice data)
{
	struct cursor c = cursor_of(data);

	record_array(r, "text");
	for (unsigned i = 0; cursor_left(&c) > 0 && i < LOCAL_NAMES_MAX; i++) {
		struct slice s = cursor_take(&c, cursor_u8(&c));

		if (s.len > 0)
			text_log(r, NULL, s);
	}
	record_end(r);
}

static void log_target(struct reader *rd, const struct dns_rr *rr)
{
	struct dns_name name;
	struct dns_srv srv;

	if (rr->type == DNS_SRV && dns_rr_srv(&rd->dns, rr, &srv)) {
		text_log(rd->r, "target", SLICE(srv.target.text, srv.target.len));
		record_uint(rd->r, "port", srv.port);
	} else if (rr->type == DNS_PTR && dns_rr_name(&rd->dns, rr, &name)) {
		text_log(rd->r, "target", SLICE(name.text, name.len));
	}
}

/* Names of a host, then its MAC address (RFC 1002 4.2.18). */
static void log_status(struct record *r, struct slice data)
{
	struct cursor c = cursor_of(data);
	unsigned count = cursor_u8(&c);

	record_array(r, "names");
	for (unsigned i = 0; i < count; i++) {
		struct slice entry = cursor_take(&c, NB_ENTRY);

		if (c.bad || i == LOCAL_NAMES_MAX)
			break;
		record_object(r, NULL);
		log_nb_name(r, entry.data);
		record_bool(r, "group", entry.data[NB_LEN + 1] & 0x80);
		record_end(r);
	}
	record_end(r);
	if (!c.bad && cursor_left(&c) >= 6)
		record_hex(r, "mac", cursor_take(&c, 6), ':');
}

static void log_data(struct reader *rd, const struct dns_rr *rr)
{
	if (rd->kind == LOCAL_NBNS) {
		if (rr->type == TYPE_NB && rr->data.len >= 6)
			log_ip(rd->r, slice_sub(rr->data, 2, 4));
		else if (rr->type == TYPE_NBSTAT)
			log_status(rd->r, rr->data);
		return;
	}
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		log_ip(rd->r, rr->data);
		break;
	case DNS_TXT:
		log_texts(rd->r, rr->data);
		break;
	default:
		log_target(rd, rr);
		break;
	}
}

static void log_type(struct record *r, uint16_t type, bool nbns)
{
	static const struct {
		uint16_t type;
		const char *name;
	} names[] = {{DNS_A, "A"},     {DNS_AAAA, "AAAA"}, {DNS_PTR, "PTR"},
		     {DNS_SRV, "SRV"}, {DNS_TXT, "TXT"},   {255, "ANY"}};
	char number[8];

	if (nbns && (type == TYPE_NB || type == TYPE_NBSTAT)) {
		record_text(r, "rrtype", type == TYPE_NB ? "NB" : "NBSTAT");
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(names); i++) {
		if (names[i].type == type) {
			record_text(r, "rrtype", names[i].name);
			return;
		}
	}
	snprintf(number, sizeof(number), "%u", type);
	record_text(r, "rrtype", number);
}

/* --- messages --- */

/* Each false: the message cannot be read on. */

static bool log_questions(struct reader *rd, unsigned count)
{
	struct dns_name name;
	struct dns_question q;
	bool ok = true;

	if (count == 0)
		return true;
	record_array(rd->r, "questions");
	while (ok && count-- > 0) {
		ok = dns_question_read(&rd->dns, &name, &q);
		if (!ok || rd->left == 0)
			continue;
		rd->left--;
		record_object(rd->r, NULL);
		ok = log_name(rd, &name);
		log_type(rd->r, q.type, rd->kind == LOCAL_NBNS);
		record_end(rd->r);
	}
	record_end(rd->r);
	return ok;
}

static bool log_records(struct reader *rd, const char *list, unsigned count)
{
	struct dns_name name;
	struct dns_rr rr;
	bool ok = true;

	if (count == 0)
		return true;
	record_array(rd->r, list);
	while (ok && count-- > 0) {
		ok = dns_rr_read(&rd->dns, &name, &rr);
		if (!ok || rd->left == 0)
			continue;
		rd->left--;
		record_object(rd->r, NULL);
		ok = log_name(rd, &name);
		log_type(rd->r, rr.type, rd->kind == LOCAL_NBNS);
		record_uint(rd->r, "ttl", rr.ttl);
		log_data(rd, &rr);
		record_end(rd->r);
	}
	record_end(rd->r);
	return ok;
}

static const char *operation(enum local_kind kind, uint16_t flags)
{
	static const char *const names[16] = {[0] = "query",
					      [5] = "registration",
					      [6] = "release",
					      [7] = "wack",
					      [8] = "refresh"};
	const char *name = names[dns_opcode(flags)];

	if (kind != LOCAL_NBNS)
		return dns_opcode(flags) == 0 ? "query" : NULL;
	return name;
}

bool local_log_names(enum local_kind kind, struct slice datagram, struct record *r)
{
	struct reader rd = {kind, dns_reader_of(datagram), r, LOCAL_RECORDS_MAX};
	struct dns_header h;
	const char *op;

	if (!dns_header_read(datagram, &h))
		return false;
	op = operation(kind, h.flags);
	if (!op || (h.count[0] == 0 && h.count[1] == 0))
		return false;
	record_text(r, "type", h.flags & DNS_QR ? "response" : "request");
	record_text(r, "operation", op);
	record_uint(r, "id", h.id);
	/* What could be read of a message that is cut stays. */
	if (!log_questions(&rd, h.count[0]) || !log_records(&rd, "answers", h.count[1]))
		return rd.left < LOCAL_RECORDS_MAX;
	if (log_records(&rd, "authorities", h.count[2]))
		log_records(&rd, "additionals", h.count[3]);
	return rd.left < LOCAL_RECORDS_MAX;
}
