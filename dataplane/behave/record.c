/* Records (api/record.h) become events: the same in a worker and in banken-control. */
#include <string.h>

#include "dataplane/api/record.h"
#include "dataplane/behave/detector.h"

enum { FIELDS = 10 };

/* The first value of each wanted name, wherever it stands in the record. */
struct fields {
	struct slice text[FIELDS];
	uint64_t number[FIELDS];
	uint64_t data;	/* bytes of all texts called "rdata" */
	uint64_t words; /* sum of their words: their order says nothing */
	struct ip_addr addresses[BEHAVE_DNS_ADDRESSES];
	unsigned address_count;
};

/* An address among the answers; other texts are passed over. */
static void take_address(struct fields *f, struct slice text)
{
	char s[IP_ADDR_TEXT];

	if (f->address_count == BEHAVE_DNS_ADDRESSES || text.len == 0 || text.len >= sizeof(s))
		return;
	memcpy(s, text.data, text.len);
	s[text.len] = 0;
	if (ip_addr_parse(s, &f->addresses[f->address_count]) == 0)
		f->address_count++;
}

static uint64_t word_of(struct slice s)
{
	static const struct hash_key key = {0x62616e6b656e, 0x726461746121};

	return hash_bytes(&key, s.data, s.len) | 1;
}

static void collect(struct slice record, const char *const *names, struct fields *ret)
{
	struct record_walk w = record_walk(record);
	struct record_value value;

	memset(ret, 0, sizeof(*ret));
	while (record_walk_next(&w, &value)) {
		if (value.kind == RECORD_TEXT && slice_eq(value.name, SLICE_LIT("rdata"))) {
			ret->data += value.text.len;
			ret->words += word_of(value.text);
			take_address(ret, value.text);
		}
		if (value.kind != RECORD_TEXT && value.kind != RECORD_NUMBER)
			continue;
		for (unsigned i = 0; names[i]; i++) {
			if (value.name.len == 0 || value.name.data[0] != (uint8_t)names[i][0] ||
			    !slice_eq(value.name, SLICE_STR(names[i])))
				continue;
			if (value.kind == RECORD_NUMBER && !ret->number[i])
				ret->number[i] = value.number;
			else if (value.kind == RECORD_TEXT && !ret->text[i].len)
				ret->text[i] = value.text;
			break;
		}
	}
}

static bool is(struct slice s, const char *text)
{
	return slice_eq(s, SLICE_STR(text));
}

static struct behave_event begin(const struct record_head *h, enum behave_kind kind)
{
	return (struct behave_event){
		.kind = kind,
		.time_ns = h->time_ns,
		.ends =
			{
				.client = h->src,
				.server = h->dst,
				.client_port = h->sport,
				.server_port = h->dport,
				.ip_proto = h->ip_proto,
				.handshake = h->flags & RECORD_HANDSHAKE,
				.client_mac = h->src_mac,
				.server_mac = h->dst_mac,
				.vlan = h->vlan_count ? h->vlan[0] : 0,
				.flow_id = h->flow_id,
			},
	};
}

static void dns(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"type", "rrname", "rrtype", "rcode", "id", NULL};
	struct behave_event e = begin(h, BEHAVE_DNS);
	struct fields f;

	collect(record, names, &f);
	e.dns.answer = is(f.text[0], "answer");
	e.dns.name = f.text[1];
	e.dns.type = f.text[2];
	e.dns.missing = is(f.text[3], "NXDOMAIN");
	e.dns.id = (uint32_t)f.number[4];
	e.dns.values = f.words;
	e.dns.address_count = f.address_count;
	memcpy(e.dns.addresses, f.addresses, sizeof(f.addresses));
	e.dns.data = f.data > UINT32_MAX ? UINT32_MAX : (uint32_t)f.data;
	if (e.ends.client_port == 53 && e.ends.server_port != 53)
		behave_turn(&e.ends);
	behave_event(b, &e);
}

static bool is_letter(uint8_t c)
{
	return ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z';
}

/* Where people log in by a form: one of these words, by itself ("oauth" and "authors" are not). */
bool behave_login_path(struct slice path)
{
	static const char *const words[] = {"login", "signin",	     "sign-in", "logon",
					    "auth",  "authenticate", "xmlrpc"};

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		size_t len = strlen(words[i]);

		for (size_t at = 0; at + len <= path.len && at < 200; at++) {
			if (slice_eq_nocase(slice_sub(path, at, len), SLICE_STR(words[i])) &&
			    !(at > 0 && is_letter(path.data[at - 1])) &&
			    !(at + len < path.len && is_letter(path.data[at + len])))
				return true;
		}
	}
	return false;
}

static void http(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"http_method",     "hostname", "url",
					    "http_user_agent", "status",   "length",
					    "http_refer",      NULL};
	struct behave_event e = begin(h, BEHAVE_HTTP);
	struct fields f;
	bool refused, alone;

	collect(record, names, &f);
	e.http = (struct behave_http){.method = f.text[0],
				      .host = f.text[1],
				      .path = f.text[2],
				      .agent = f.text[3],
				      .status = (uint32_t)f.number[4],
				      .length = f.number[5],
				      .referer = f.text[6]};
	behave_event(b, &e);
	refused = e.http.status == 401 || e.http.status == 403;
	/* What stands in the heads is the worker's (observe.c); of HTTP/2 the record is all there
	 * is. */
	alone = e.http.status == 401 && strcmp(h->type, "http") != 0;
	if (!alone && (!is(e.http.method, "POST") || !behave_login_path(e.http.path)))
		return;
	/* A form that is shown again was not filled in right. */
	e.kind = BEHAVE_LOGIN;
	e.login = (struct behave_login){.service = "http",
					.outcome = refused || f.number[4] == 200 ? BEHAVE_DENIED
										 : BEHAVE_ASKED};
	behave_event(b, &e);
}

static void tls(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"sni", "subject", "issuerdn", "version", NULL};
	struct behave_event e = begin(h, BEHAVE_TLS);
	struct fields f;

	collect(record, names, &f);
	e.tls = (struct behave_tls){f.text[0], f.text[1], f.text[2], f.text[3]};
	behave_event(b, &e);
}

static void krb5(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {
		"msg_type", "error_code",     "cname", "encryption", "ticket_weak_encryption",
		"sname",    "failed_request", NULL};
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct fields f;

	collect(record, names, &f);
	if (e.ends.client_port == 88)
		behave_turn(&e.ends);
	e.login.service = "kerberos";
	if (!is(f.text[2], "<empty>"))
		e.login.user = f.text[2];
	if (is(f.text[0], "KRB_AS_REQ")) {
		e.login.outcome = BEHAVE_ASKED;
	} else if (is(f.text[0], "KRB_AS_REP")) {
		e.login.outcome = BEHAVE_LET_IN;
	} else if (is(f.text[0], "KRB_TGS_REP")) {
		/* Tickets of the ticket service itself are no prey. */
		if (!f.number[4] ||
		    slice_eq_nocase(slice_sub(f.text[5], 0, 6), SLICE_LIT("krbtgt")))
			return;
		e.login.outcome = BEHAVE_TICKET;
		e.login.user = f.text[5];
	} else if (is(f.text[0], "KRB_ERROR")) {
		if (is(f.text[1], "KDC_ERR_C_PRINCIPAL_UNKNOWN"))
			e.login.outcome = BEHAVE_NO_USER;
		else if (is(f.text[1], "KDC_ERR_PREAUTH_FAILED") ||
			 is(f.text[1], "KDC_ERR_CLIENT_REVOKED"))
			e.login.outcome = BEHAVE_DENIED;
		else
			return;
	} else {
		return;
	}
	behave_event(b, &e);
}

/* The command brings a password: by itself, or by a SASL mechanism (RFC 4422), of which these two
 * only code it. */
static bool text_password(struct slice command, struct slice argument, const char *plain,
			  const char *sasl, bool *ret_readable)
{
	*ret_readable = slice_eq_nocase(command, SLICE_STR(plain));
	if (*ret_readable)
		return true;
	if (!sasl[0] || !slice_eq_nocase(command, SLICE_STR(sasl)) || !argument.len)
		return false;
	*ret_readable = slice_eq_nocase(slice_sub(argument, 0, 5), SLICE_LIT("PLAIN")) ||
			slice_eq_nocase(slice_sub(argument, 0, 5), SLICE_LIT("LOGIN"));
	return true;
}

/* Logins in the clear, word by word: FTP, POP3, IMAP. */
static void text_login(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"command", "command_data", "argument", "status", NULL};
	bool ftp = strcmp(h->type, "ftp") == 0, pop3 = strcmp(h->type, "pop3") == 0;
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct record_walk w = record_walk(record);
	struct record_value value;
	struct fields f;

	collect(record, names, &f);
	e.login.service = ftp ? "ftp" : pop3 ? "pop3" : "imap";
	if ((ftp || pop3) && slice_eq_nocase(f.text[0], SLICE_LIT("USER"))) {
		e.login.user = ftp ? f.text[1] : f.text[2];
		behave_event(b, &e);
		return;
	}
	if (!text_password(f.text[0], f.text[2],
			   ftp	  ? "PASS"
			   : pop3 ? "PASS"
				  : "LOGIN",
			   ftp	  ? ""
			   : pop3 ? "AUTH"
				  : "AUTHENTICATE",
			   &e.login.readable))
		return;
	if (is(f.text[3], "OK"))
		e.login.outcome = BEHAVE_LET_IN;
	else if (is(f.text[3], "ERR") || is(f.text[3], "NO"))
		e.login.outcome = BEHAVE_DENIED;
	/* FTP's codes stand nameless in a list. */
	while (ftp && record_walk_next(&w, &value)) {
		if (value.kind != RECORD_TEXT || value.name.len != 0)
			continue;
		if (is(value.text, "230"))
			e.login.outcome = BEHAVE_LET_IN;
		else if (is(value.text, "530") || is(value.text, "430"))
			e.login.outcome = BEHAVE_DENIED;
	}
	behave_event(b, &e);
}

/* RFC 4511 A.2: 49 invalidCredentials, 32 noSuchObject. 0 is not told from an answer not seen. */
static enum behave_outcome ldap_outcome(struct slice record, uint64_t code)
{
	static const char *const names[] = {"result", NULL};
	struct fields f;

	if (code == 49)
		return BEHAVE_DENIED;
	if (code == 32)
		return BEHAVE_NO_USER;
	collect(record, names, &f);
	return code == 0 && is(f.text[0], "success") ? BEHAVE_LET_IN : BEHAVE_ASKED;
}

/* LDAP, VNC, databases: whatever says that it let nobody in. */
static void other_login(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"security_result", "result_code", "operation", "name",
					    "cookie",	       "user",	      "auth",	   NULL};
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct fields f;

	collect(record, names, &f);
	/* Records may stand under who spoke last. */
	if (e.ends.client_port == 3389 || e.ends.client_port == 389 || e.ends.client_port == 5900)
		behave_turn(&e.ends);
	e.login.user = f.text[3].len ? f.text[3] : f.text[4].len ? f.text[4] : f.text[5];
	if (strcmp(h->type, "rfb") == 0) {
		e.login.service = "vnc";
		e.login.outcome = is(f.text[0], "OK")	  ? BEHAVE_LET_IN
				  : is(f.text[0], "FAIL") ? BEHAVE_DENIED
							  : BEHAVE_ASKED;
	} else if (strcmp(h->type, "ldap") == 0) {
		e.login.service = "ldap";
		if (!is(f.text[2], "bind"))
			return;
		e.login.readable = is(f.text[6], "simple") && e.login.user.len > 0;
		e.login.outcome = ldap_outcome(record, f.number[1]);
	} else {
		e.login.service = "rdp";
	}
	if (e.login.user.len || e.login.outcome != BEHAVE_ASKED)
		behave_event(b, &e);
}

/* Databases: MySQL's ER_ACCESS_DENIED_ERROR, PostgreSQL's class 28 (invalid authorization). */
static void database_login(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"user", "status",	  "error_code",
					    "code", "process_id", NULL};
	bool mysql = strcmp(h->type, "mysql") == 0;
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct fields f;

	collect(record, names, &f);
	e.login = (struct behave_login){.service = mysql ? "mysql" : "pgsql", .user = f.text[0]};
	if (mysql ? f.number[2] == 1045 : is(slice_sub(f.text[3], 0, 2), "28"))
		e.login.outcome = BEHAVE_DENIED;
	else if (mysql ? f.text[0].len && is(f.text[1], "OK") : f.number[4] > 0)
		e.login.outcome = BEHAVE_LET_IN;
	if (e.login.outcome != BEHAVE_ASKED)
		behave_event(b, &e);
}

/* The community string of a request is its password (RFC 1157 3.2.5). */
static void snmp(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"community", "pdu_type", NULL};
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct fields f;

	collect(record, names, &f);
	if (e.ends.server_port != 161 || !f.text[0].len || is(f.text[1], "response"))
		return;
	e.login = (struct behave_login){.service = "snmp", .user = f.text[0]};
	behave_event(b, &e);
}

/* SMB 1 alone: SMB 2 is read from segments. */
static void smb(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"command",	  "status", "user", "share",
					    "filename",	  "opnum",  "uuid", "disposition",
					    "named_pipe", NULL};
	struct behave_event e = begin(h, BEHAVE_LOGIN);
	struct fields f;

	collect(record, names, &f);
	if (f.text[0].len < 4 || memcmp(f.text[0].data, "SMB1", 4) != 0)
		return;
	if (is(f.text[0], "SMB1_COMMAND_SESSION_SETUP_ANDX")) {
		e.login = (struct behave_login){.service = "smb", .user = f.text[2]};
		if (is(f.text[1], "STATUS_LOGON_FAILURE") || is(f.text[1], "STATUS_WRONG_PASSWORD"))
			e.login.outcome = BEHAVE_DENIED;
		else if (is(f.text[1], "STATUS_NO_SUCH_USER"))
			e.login.outcome = BEHAVE_NO_USER;
		else if (is(f.text[1], "STATUS_SUCCESS"))
			e.login.outcome = BEHAVE_LET_IN;
		behave_event(b, &e);
		e.kind = BEHAVE_SHARE;
		e.share = (struct behave_share){.what = BEHAVE_SHARE_LOGIN};
		behave_event(b, &e);
		return;
	}
	e.kind = BEHAVE_SHARE;
	e.share = (struct behave_share){.what = BEHAVE_SHARE_TREE, .share = f.text[3]};
	if (f.text[3].len)
		behave_event(b, &e);
	if (f.text[4].len) {
		e.share = (struct behave_share){
			.what = is(f.text[7], "FILE_OPEN") ? BEHAVE_SHARE_PIPE : BEHAVE_SHARE_FILE,
			.file = f.text[4]};
		behave_event(b, &e);
	}
	if (f.text[6].len == 36) {
		unsigned at = 0;

		e.kind = BEHAVE_RPC;
		e.rpc = (struct behave_rpc){.known = true, .opnum = (uint16_t)f.number[5]};
		for (size_t i = 0; i + 1 < 36 && at < 16; i++) {
			uint8_t high = f.text[6].data[i], low = f.text[6].data[i + 1];

			if (high == '-')
				continue;
			high = (uint8_t)(high <= '9' ? high - '0' : (high | 0x20) - 'a' + 10);
			low = (uint8_t)(low <= '9' ? low - '0' : (low | 0x20) - 'a' + 10);
			e.rpc.uuid[at++] = (uint8_t)(high << 4 | (low & 15));
			i++;
		}
		behave_event(b, &e);
	}
}

/* LLMNR and NetBIOS answers: who answers stands as the source. */
static void name(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {"type", "name", "operation", "rrtype", NULL};
	struct behave_event e = begin(h, BEHAVE_NAME);
	struct fields f;

	collect(record, names, &f);
	/* A host lists what it is called where it is asked (NBSTAT) or registers: its own names. */
	if (!is(f.text[0], "response") || !is(f.text[2], "query") || is(f.text[3], "NBSTAT") ||
	    is(f.text[3], "PTR") || !f.text[1].len)
		return;
	e.name.name = f.text[1];
	behave_event(b, &e);
}

static void dhcp(struct behave *b, const struct record_head *h, struct slice record)
{
	struct behave_event e = begin(h, BEHAVE_LEASE);

	(void)record;
	if (e.ends.client_port != 67)
		behave_turn(&e.ends);
	if (e.ends.client_port != 67)
		return;
	e.lease.offers = true; /* acknowledged leases alone have records */
	behave_event(b, &e);
}

/* "1b": as event/flow.c writes flags. */
static uint8_t flags_of(struct slice s)
{
	unsigned value = 0;

	for (size_t i = 0; i < s.len && i < 2; i++) {
		uint8_t c = s.data[i];

		value = value << 4 | (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
	}
	return (uint8_t)value;
}

static void flow(struct behave *b, const struct record_head *h, struct slice record)
{
	static const char *const names[] = {
		"pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient",
		"start",	 "tcp_flags_ts",  "tcp_flags_tc",   NULL};
	struct behave_event e = begin(h, BEHAVE_CONNECTION);
	struct behave_connection *c = &e.connection;
	struct fields f;

	collect(record, names, &f);
	for (unsigned d = 0; d < 2; d++) {
		c->packets[d] = f.number[d];
		c->bytes[d] = f.number[2 + d];
		c->tcp_flags[d] = flags_of(f.text[5 + d]);
	}
	c->start_ns = f.number[4];
	c->protocol = h->app_proto;
	/* Whoever answered was called, when the flow began. */
	if (c->packets[0] && c->packets[1] && !behave_refused(&e)) {
		c->moment = BEHAVE_OPEN;
		if (c->start_ns && c->start_ns < e.time_ns)
			e.time_ns = c->start_ns;
		behave_event(b, &e);
		e.time_ns = h->time_ns;
	}
	c->moment = BEHAVE_END;
	behave_event(b, &e);
}

static const struct {
	const char *type;
	void (*read)(struct behave *b, const struct record_head *h, struct slice record);
	uint32_t kinds; /* 1 << enum behave_kind of what it becomes */
} readers[] = {
	{"dns", dns, 1 << BEHAVE_DNS},
	{"http", http, 1 << BEHAVE_HTTP | 1 << BEHAVE_LOGIN},
	{"http2", http, 1 << BEHAVE_HTTP | 1 << BEHAVE_LOGIN},
	{"tls", tls, 1 << BEHAVE_TLS},
	{"quic", tls, 1 << BEHAVE_TLS},
	{"flow", flow, 1 << BEHAVE_CONNECTION},
	{"smb", smb, 1 << BEHAVE_LOGIN | 1 << BEHAVE_SHARE | 1 << BEHAVE_RPC},
	{"krb5", krb5, 1 << BEHAVE_LOGIN},
	{"llmnr", name, 1 << BEHAVE_NAME},
	{"nbns", name, 1 << BEHAVE_NAME},
	{"dhcp", dhcp, 1 << BEHAVE_LEASE},
	{"ftp", text_login, 1 << BEHAVE_LOGIN},
	{"pop3", text_login, 1 << BEHAVE_LOGIN},
	{"imap", text_login, 1 << BEHAVE_LOGIN},
	{"rfb", other_login, 1 << BEHAVE_LOGIN},
	{"rdp", other_login, 1 << BEHAVE_LOGIN},
	{"ldap", other_login, 1 << BEHAVE_LOGIN},
	{"snmp", snmp, 1 << BEHAVE_LOGIN},
	{"mysql", database_login, 1 << BEHAVE_LOGIN},
	{"pgsql", database_login, 1 << BEHAVE_LOGIN},
};

bool behave_wants(const struct behave *b, const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (strcmp(type, readers[i].type) != 0)
			continue;
		for (unsigned k = 0; k < BEHAVE_KINDS; k++) {
			if ((readers[i].kinds >> k & 1) && behave_listens(b, (enum behave_kind)k))
				return true;
		}
	}
	return false;
}

void behave_record(struct behave *b, struct slice record)
{
	struct record_head head;

	if (record.len < sizeof(head))
		return;
	memcpy(&head, record.data, sizeof(head));
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (strcmp(head.type, readers[i].type) == 0) {
			behave_enter(b);
			readers[i].read(b, &head, record);
			behave_leave(b);
			return;
		}
	}
}
