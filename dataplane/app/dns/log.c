#include "dataplane/app/dns/dns.h"

#include "dataplane/api/record.h"
#include "dataplane/app/text/text.h"
#include "dataplane/base/number.h"

/* Names as Suricata 7.0.10 writes them, its slips included. */
static const char *const type_names[] = {
	[1] = "A",	[2] = "NS",	   [3] = "ND",		[4] = "MF",	[5] = "CNAME",
	[6] = "SOA",	[7] = "MB",	   [8] = "MG",		[9] = "MR",	[10] = "NULL",
	[11] = "WKS",	[12] = "PTR",	   [13] = "HINFO",	[14] = "MINFO", [15] = "MX",
	[16] = "TXT",	[17] = "RP",	   [18] = "AFSDB",	[19] = "X25",	[20] = "ISDN",
	[21] = "RT",	[22] = "NSAP",	   [23] = "NSAPPT",	[24] = "SIG",	[25] = "KEY",
	[26] = "PX",	[27] = "GPOS",	   [28] = "AAAA",	[29] = "LOC",	[30] = "NXT",
	[33] = "SRV",	[34] = "ATMA",	   [35] = "NAPTR",	[36] = "KX",	[37] = "CERT",
	[38] = "A6",	[39] = "DNAME",	   [41] = "OPT",	[42] = "APL",	[43] = "DS",
	[44] = "SSHFP", [45] = "IPSECKEY", [46] = "RRSIG",	[47] = "NSEC",	[48] = "DNSKEY",
	[49] = "DHCID", [50] = "NSEC3",	   [51] = "NSEC3PARAM", [52] = "TLSA",	[55] = "HIP",
	[59] = "CDS",	[60] = "CDSNKEY",  [65] = "HTTPS",	[99] = "SPF",	[249] = "TKEY",
	[250] = "TSIG", [254] = "MAILA",   [255] = "ANY",	[256] = "URI",
};

static const char *const rcode_names[16] = {
	"NOERROR",  "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP",  "REFUSED",
	"YXDOMAIN", "YXRRSET", "NXRRSET",  "NOTAUTH",  "NOTZONE",
};

static void log_type(struct record *r, uint16_t type)
{
	char number[NUMBER_MAX];

	if (type < ARRAY_SIZE(type_names) && type_names[type]) {
		record_text(r, "rrtype", type_names[type]);
		return;
	}
	record_str(r, "rrtype", SLICE(number, number_put(number, type) - number));
}

static void log_rcode(struct record *r, uint16_t flags)
{
	unsigned rcode = flags & 0xf;
	char number[NUMBER_MAX];

	if (rcode_names[rcode])
		record_text(r, "rcode", rcode_names[rcode]);
	else
		record_str(r, "rcode", SLICE(number, number_put(number, rcode) - number));
}

static void log_query_name(const struct dns_tx *t, const struct dns_query *q, bool full,
			   struct record *r)
{
	text_log(r, "rrname", SLICE(t->names + q->offset, q->len));
	if (q->cut && full)
		record_bool(r, "rrname_truncated", true);
	log_type(r, q->type);
}

static void log_query(const struct dns_tx *t, uint32_t index, struct record *r)
{
	record_text(r, "type", "query");
	record_uint(r, "id", t->header.id);
	log_query_name(t, &t->queries[index], true, r);
	record_uint(r, "tx_id", t->tx.id);
	if (t->header.flags & DNS_Z)
		record_bool(r, "z", true);
	record_uint(r, "opcode", dns_opcode(t->header.flags));
}

static void log_address(struct record *r, const char *name, struct slice data)
{
	char text[40], *end = text;

	if (data.len == 4)
		end = number_put_ip4(end, data.data);
	for (size_t i = 0; data.len == 16 && i < 16; i++) {
		if (i && i % 2 == 0)
			*end++ = ':';
		end = number_put_hex8(end, data.data[i]);
	}
	record_str(r, name, SLICE(text, end - text));
}

static void log_srv(struct dns_reader *d, const struct dns_rr *rr, const char *name,
		    struct record *r)
{
	struct dns_srv srv;

	if (!dns_rr_srv(d, rr, &srv))
		return;
	record_object(r, name);
	record_uint(r, "priority", srv.priority);
	record_uint(r, "weight", srv.weight);
	record_uint(r, "port", srv.port);
	text_log(r, "name", SLICE(srv.target.text, srv.target.len));
	record_end(r);
}

static void log_soa(struct dns_reader *d, const struct dns_rr *rr, struct record *r)
{
	struct dns_soa soa;

	if (!dns_rr_soa(d, rr, &soa))
		return;
	record_object(r, "soa");
	text_log(r, "mname", SLICE(soa.mname.text, soa.mname.len));
	text_log(r, "rname", SLICE(soa.rname.text, soa.rname.len));
	record_uint(r, "serial", soa.serial);
	record_uint(r, "refresh", soa.refresh);
	record_uint(r, "retry", soa.retry);
	record_uint(r, "expire", soa.expire);
	record_uint(r, "minimum", soa.minimum);
	record_end(r);
}

/* The next string of TXT data; false at its end. */
static bool txt_next(struct cursor *c, struct slice *ret)
{
	if (cursor_left(c) == 0)
		return false;
	*ret = cursor_take(c, cursor_u8(c));
	return !c->bad;
}

static void log_rr_head(const struct dns_name *name, const struct dns_rr *rr, struct record *r)
{
	record_object(r, NULL);
	text_log(r, "rrname", SLICE(name->text, name->len));
	log_type(r, rr->type);
	record_uint(r, "ttl", rr->ttl);
}

/* One element of "answers" or "authorities". The schema has "srv" in answers only, "soa" in
 * authorities only and no "sshfp". */
static void log_rr(struct dns_reader *d, const struct dns_name *name, const struct dns_rr *rr,
		   bool authority, struct record *r)
{
	struct cursor txt = cursor_of(rr->data);
	struct dns_name target;
	struct slice string;

	if (rr->type == DNS_TXT) {
		while (txt_next(&txt, &string)) {
			log_rr_head(name, rr, r);
			text_log(r, "rdata", string);
			record_end(r);
		}
		return;
	}
	log_rr_head(name, rr, r);
	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		log_address(r, "rdata", rr->data);
		break;
	case DNS_CNAME:
	case DNS_MX:
	case DNS_NS:
	case DNS_PTR:
		if (dns_rr_name(d, rr, &target))
			text_log(r, "rdata", SLICE(target.text, target.len));
		break;
	case DNS_NULL:
		text_log(r, "rdata", rr->data);
		break;
	case DNS_SOA:
		if (authority)
			log_soa(d, rr, r);
		break;
	case DNS_SRV:
		if (!authority)
			log_srv(d, rr, "srv", r);
		break;
	default:
		break;
	}
	record_end(r);
}

/* Each stands behind the section before; false when the bytes end (they were checked before). */
static bool log_section(struct dns_reader *d, unsigned count, const char *field, struct record *r)
{
	bool authority = field[1] == 'u';
	struct dns_name name;
	struct dns_rr rr;

	if (count == 0)
		return true;
	record_array(r, field);
	for (unsigned i = 0; i < count; i++) {
		if (!dns_rr_read(d, &name, &rr)) {
			record_end(r);
			return false;
		}
		log_rr(d, &name, &rr, authority, r);
	}
	record_end(r);
	return true;
}

static void log_grouped_value(struct dns_reader *d, const struct dns_rr *rr, struct record *r)
{
	struct cursor txt = cursor_of(rr->data);
	struct dns_name target;
	struct slice string;

	switch (rr->type) {
	case DNS_A:
	case DNS_AAAA:
		log_address(r, NULL, rr->data);
		break;
	case DNS_TXT:
		while (txt_next(&txt, &string))
			text_log(r, NULL, string);
		break;
	case DNS_NULL:
		text_log(r, NULL, rr->data);
		break;
	case DNS_SRV:
		log_srv(d, rr, NULL, r);
		break;
	default:
		if (dns_rr_name(d, rr, &target))
			text_log(r, NULL, SLICE(target.text, target.len));
		break;
	}
}

/* The answers once more, by type, as far as the schema has them. */
static void log_grouped(struct dns_reader start, unsigned count, struct record *r)
{
	static const uint16_t types[] = {DNS_A,	   DNS_AAAA, DNS_CNAME, DNS_MX,
					 DNS_NULL, DNS_PTR,  DNS_SRV,	DNS_TXT};

	record_object(r, "grouped");
	for (unsigned t = 0; t < ARRAY_SIZE(types); t++) {
		struct dns_reader d = start;
		struct dns_name name;
		struct dns_rr rr;
		bool open = false;

		for (unsigned i = 0; i < count && dns_rr_read(&d, &name, &rr); i++) {
			if (rr.type != types[t])
				continue;
			if (!open)
				record_array(r, type_names[types[t]]);
			open = true;
			log_grouped_value(&d, &rr, r);
		}
		if (open)
			record_end(r);
	}
	record_end(r);
}

/* The schema's answer of an alert has neither "aa" nor "z". */
static void log_flags(uint16_t flags, bool full, struct record *r)
{
	static const struct {
		uint16_t bit;
		const char *name;
	} names[] = {{DNS_QR, "qr"}, {DNS_AA, "aa"}, {DNS_RD, "rd"}, {DNS_RA, "ra"}, {DNS_Z, "z"}};
	char hex[NUMBER_MAX];

	record_str(r, "flags", SLICE(hex, number_put_hex(hex, flags) - hex));
	for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
		if (flags & names[i].bit && (full || !(names[i].bit & (DNS_AA | DNS_Z))))
			record_bool(r, names[i].name, true);
	}
}

static void log_answer(const struct dns_tx *t, bool full, struct record *r)
{
	struct dns_reader d = dns_reader_of(SLICE(t->message, t->message_len)), answers;
	struct dns_question question;
	struct dns_name name;

	for (uint32_t i = 0; i < t->header.count[0]; i++) {
		if (!dns_question_read(&d, &name, &question))
			return;
	}
	answers = d;
	record_text(r, "type", "answer");
	record_uint(r, "id", t->header.id);
	log_flags(t->header.flags, full, r);
	record_uint(r, "opcode", dns_opcode(t->header.flags));
	log_query_name(t, &t->queries[0], full, r);
	log_rcode(r, t->header.flags);
	if (!full || !log_section(&d, t->header.count[1], "answers", r))
		return;
	if (t->header.count[1] > 0)
		log_grouped(answers, t->header.count[1], r);
	log_section(&d, t->header.count[2], "authorities", r);
}

bool dns_log_nth(const struct app_tx *tx, const void *state, uint32_t index, struct record *r)
{
	const struct dns_tx *t = container_of(tx, const struct dns_tx, tx);

	if (index >= (t->response ? (t->query_count > 0) : t->query_count))
		return false;
	record_uint(r, "version", 2);
	if (t->response)
		log_answer(t, true, r);
	else
		log_query(t, index, r);
	return true;
}

void dns_log_alert(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct dns_tx *t = container_of(tx, const struct dns_tx, tx);

	record_object(r, "dns");
	record_uint(r, "version", 2);
	if (t->response && t->query_count > 0) {
		record_object(r, "answer");
		record_uint(r, "version", 2);
		log_answer(t, false, r);
		record_end(r);
	}
	if (!t->response) {
		record_array(r, "query");
		for (uint32_t i = 0; i < t->query_count; i++) {
			record_object(r, NULL);
			log_query(t, i, r);
			record_end(r);
		}
		record_end(r);
	}
	record_end(r);
}
