#include "signatures/lang/head.h"

#include <stdlib.h>
#include <string.h>

#include "signatures/lang/text.h"

static const struct lang_var default_addrs[] = {
	{"HOME_NET", "any"},	   {"EXTERNAL_NET", "any"}, {"HTTP_SERVERS", "any"},
	{"SMTP_SERVERS", "any"},   {"SQL_SERVERS", "any"},  {"DNS_SERVERS", "any"},
	{"TELNET_SERVERS", "any"}, {"AIM_SERVERS", "any"},  {"DC_SERVERS", "any"},
	{"DNP3_SERVER", "any"},	   {"DNP3_CLIENT", "any"},  {"MODBUS_CLIENT", "any"},
	{"MODBUS_SERVER", "any"},  {"ENIP_CLIENT", "any"},  {"ENIP_SERVER", "any"},
};

static const struct lang_var default_ports[] = {
	{"HTTP_PORTS", "80"},
	{"SHELLCODE_PORTS", "!80"},
	{"ORACLE_PORTS", "1521"},
	{"SSH_PORTS", "22"},
	{"DNP3_PORTS", "20000"},
	{"MODBUS_PORTS", "502"},
	{"FILE_DATA_PORTS", "[$HTTP_PORTS,110,143]"},
	{"FTP_PORTS", "21"},
	{"GENEVE_PORTS", "6081"},
	{"VXLAN_PORTS", "4789"},
	{"TEREDO_PORTS", "3544"},
};

static const struct lang_vars defaults = {default_addrs, default_ports, ARRAY_SIZE(default_addrs),
					  ARRAY_SIZE(default_ports)};

const struct lang_vars *lang_vars_default(void)
{
	return &defaults;
}

char *head_variable(struct lang_build *b, bool is_addr, const char *name)
{
	const struct lang_var *v = is_addr ? b->vars->addrs : b->vars->ports;
	size_t n = is_addr ? b->vars->naddrs : b->vars->nports;
	char *value;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(v[i].name, name) != 0)
			continue;
		value = strlen(v[i].value) < LANG_VAR_MAX ? strdup(v[i].value) : NULL;
		if (!value)
			lang_fail(b, "the value of $%s is too long", name);
		return value;
	}
	lang_fail(b, "the %s variable $%s is not defined", is_addr ? "address" : "port", name);
	return NULL;
}

char *head_next(char **text)
{
	char *piece = *text, *c;
	int depth = 0;

	for (c = piece; *c && (*c != ',' || depth > 0); c++) {
		depth += *c == '[';
		depth -= *c == ']';
		if (depth < 0)
			return NULL;
	}
	if (depth != 0)
		return NULL;
	*text = *c ? c + 1 : NULL;
	*c = '\0';
	return piece;
}

/* IP protocol numbers of the names in a rule's head. */
enum { ICMP = 1, TCP = 6, UDP = 17, ICMPV6 = 58, SCTP = 132 };

struct proto_name {
	const char *name;
	enum rule_layer layer;
	uint8_t numbers[2];
	bool any, packet, stream, decode;
	uint8_t lang; /* 8: only later releases know it */
};

static const struct proto_name layers[] = {
	{"tcp", RULE_LAYER_TCP, {TCP}},
	{"tcp-pkt", RULE_LAYER_TCP, {TCP}, .packet = true},
	{"tcp-stream", RULE_LAYER_TCP, {TCP}, .stream = true},
	{"udp", RULE_LAYER_UDP, {UDP}},
	{"icmp", RULE_LAYER_ICMP, {ICMP, ICMPV6}},
	{"icmpv4", RULE_LAYER_ICMPV4, {ICMP}},
	{"icmpv6", RULE_LAYER_ICMPV6, {ICMPV6}},
	{"sctp", RULE_LAYER_SCTP, {SCTP}},
	{"ip", RULE_LAYER_IP, .any = true},
	{"ipv4", RULE_LAYER_IPV4, .any = true},
	{"ip4", RULE_LAYER_IPV4, .any = true},
	{"ipv6", RULE_LAYER_IPV6, .any = true},
	{"ip6", RULE_LAYER_IPV6, .any = true},
	{"pkthdr", RULE_LAYER_IP, .any = true, .decode = true},
};

/* Application protocols and what they run on, as Suricata 7 has them. */
static const struct proto_name apps[] = {
	{"http", RULE_LAYER_TCP, {TCP}},
	{"http1", RULE_LAYER_TCP, {TCP}},
	{"http2", RULE_LAYER_TCP, {TCP}},
	{"ftp", RULE_LAYER_TCP, {TCP}},
	{"ftp-data", RULE_LAYER_TCP, {TCP}},
	{"smtp", RULE_LAYER_TCP, {TCP}},
	{"tls", RULE_LAYER_TCP, {TCP}},
	{"ssh", RULE_LAYER_TCP, {TCP}},
	{"imap", RULE_LAYER_TCP, {TCP}},
	{"smb", RULE_LAYER_TCP, {TCP}},
	{"dcerpc", RULE_LAYER_TCP_UDP, {TCP, UDP}},
	{"dns", RULE_LAYER_TCP_UDP, {TCP, UDP}},
	{"enip", RULE_LAYER_TCP_UDP, {TCP, UDP}},
	{"dnp3", RULE_LAYER_TCP, {TCP}},
	{"modbus", RULE_LAYER_TCP, {TCP}},
	{"nfs", RULE_LAYER_TCP_UDP, {TCP, UDP}},
	{"ntp", RULE_LAYER_UDP, {UDP}},
	{"tftp", RULE_LAYER_UDP, {UDP}},
	{"ike", RULE_LAYER_UDP, {UDP}},
	{"ikev2", RULE_LAYER_UDP, {UDP}},
	{"krb5", RULE_LAYER_TCP_UDP, {TCP, UDP}},
	{"quic", RULE_LAYER_UDP, {UDP}},
	{"dhcp", RULE_LAYER_UDP, {UDP}},
	{"snmp", RULE_LAYER_UDP, {UDP}},
	{"sip", RULE_LAYER_UDP, {UDP}},
	{"rfb", RULE_LAYER_TCP, {TCP}},
	{"mqtt", RULE_LAYER_TCP, {TCP}},
	{"pgsql", RULE_LAYER_TCP, {TCP}},
	{"telnet", RULE_LAYER_TCP, {TCP}},
	{"websocket", RULE_LAYER_TCP, {TCP}, .lang = 8},
	{"rdp", RULE_LAYER_TCP, {TCP}},
	{"bittorrent-dht", RULE_LAYER_UDP, {UDP}},
};

static bool known_since(const char *app, uint8_t lang)
{
	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(apps[i].name, app) == 0)
			return apps[i].lang <= lang;
	}
	return false;
}

bool lang_app_known(const char *app)
{
	return known_since(app, 7);
}

static bool head_has(const struct lang_build *b, uint8_t number)
{
	return b->proto.any || b->proto.bits[number / 8] & 1 << number % 8;
}

bool head_has_tcp(const struct lang_build *b)
{
	return head_has(b, TCP);
}

bool head_may_carry(const struct lang_build *b, const char *app)
{
	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(apps[i].name, app) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(apps[i].numbers) && apps[i].numbers[k]; k++) {
			if (head_has(b, apps[i].numbers[k]))
				return true;
		}
		return false;
	}
	return true;
}

bool head_shares_layer(const struct lang_build *b, const char *app)
{
	bool tcp = head_has(b, TCP);

	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(apps[i].name, app) != 0)
			continue;
		for (size_t k = 0; k < ARRAY_SIZE(apps[i].numbers) && apps[i].numbers[k]; k++) {
			uint8_t n = apps[i].numbers[k];

			/* a rule that can be on TCP is asked for that alone */
			if (n == (tcp ? TCP : UDP))
				return true;
		}
		return false;
	}
	return true;
}

bool head_carries_apps(const struct lang_build *b)
{
	return head_has(b, TCP) || head_has(b, UDP);
}

enum rule_layer head_layer_of(const char *app)
{
	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(apps[i].name, app) == 0)
			return apps[i].layer;
	}
	return RULE_LAYER_IP;
}

static void set_bits(struct build_proto *p, const struct proto_name *name)
{
	for (size_t i = 0; i < ARRAY_SIZE(name->numbers) && name->numbers[i]; i++)
		p->bits[name->numbers[i] / 8] |= (uint8_t)(1 << name->numbers[i] % 8);
}

void head_app_layer(struct lang_build *b)
{
	for (size_t i = 0; i < ARRAY_SIZE(apps); i++) {
		if (strcmp(apps[i].name, b->app) != 0)
			continue;
		memset(b->proto.bits, 0, sizeof(b->proto.bits));
		set_bits(&b->proto, &apps[i]);
		b->proto.any = false;
		b->rule->proto.layer = apps[i].layer;
	}
}

static int read_proto(struct lang_build *b, const char *text)
{
	struct rule_proto *p = &b->rule->proto;

	p->text = lang_arena_intern(b->arena, slice_of(text));
	for (size_t i = 0; i < ARRAY_SIZE(layers); i++) {
		const struct proto_name *l = &layers[i];

		if (!lang_eq_nocase(l->name, text))
			continue;
		*p = (struct rule_proto){l->layer, l->packet, l->stream, l->decode, NULL, l->name};
		b->flags |=
			(l->packet ? BUILD_NEED_PACKET : 0) | (l->stream ? BUILD_NEED_STREAM : 0);
		b->proto.any = l->any;
		set_bits(&b->proto, l);
		return ERR_OK;
	}
	if (!known_since(text, b->opts->lang))
		return lang_fail(b, "\"%s\" is no protocol a rule can be written for", text);
	if (build_app(b, text) != ERR_OK)
		return ERR_INVALID;
	head_app_layer(b);
	return ERR_OK;
}

static int read_action(struct lang_build *b, const char *text)
{
	static const struct {
		const char *name;
		enum rule_action action;
	} actions[] = {
		{"alert", RULE_ALERT},
		{"pass", RULE_PASS},
		{"drop", RULE_DROP},
		{"reject", RULE_REJECT},
		{"rejectsrc", RULE_REJECT},
		{"rejectdst", RULE_REJECT_DST},
		{"rejectboth", RULE_REJECT_BOTH},
		{"config", RULE_CONFIG},
	};

	for (size_t i = 0; i < ARRAY_SIZE(actions); i++) {
		if (lang_eq_nocase(actions[i].name, text)) {
			b->rule->action = actions[i].action;
			b->rule->noalert =
				actions[i].action == RULE_CONFIG || actions[i].action == RULE_PASS;
			return ERR_OK;
		}
	}
	return lang_fail(b,
			 "\"%s\" is no action (alert, pass, drop, reject, rejectsrc, rejectdst, "
			 "rejectboth, config)",
			 text);
}

/* The next word; a space inside brackets does not end it when `list`. NULL at the end of the text.
 */
static char *next_word(char **text, bool list)
{
	char *word = *text;
	int depth = 0;
	char *c;

	if (!word)
		return NULL;
	while (lang_blank(*word))
		word++;
	for (c = word; *c; c++) {
		depth += list && *c == '[';
		depth -= list && *c == ']';
		if (list ? *c == ' ' && depth == 0 : lang_space(*c))
			break;
	}
	if (!*c && (list || c == word)) {
		*text = NULL;
		return NULL;
	}
	*text = *c ? c + 1 : NULL;
	*c = '\0';
	return word;
}

/* More [ than ] or the other way round, up to the options. */
static bool unbalanced(const char *s)
{
	int depth = 0;

	for (; *s && *s != '(' && depth >= 0; s++)
		depth += (*s == '[') - (*s == ']');
	return depth != 0;
}

int head_split(struct lang_build *b, char **text, char *parts[HEAD_PARTS])
{
	bool brackets = unbalanced(*text);

	for (int i = 0; i < HEAD_PARTS; i++)
		parts[i] = next_word(text, i != HEAD_ACTION && i != HEAD_DIRECTION);
	if (brackets && (!parts[HEAD_DPORT] || !*text))
		return lang_fail(b, "the [ and ] of the addresses and ports do not match");
	if (!parts[HEAD_DPORT] || !*text)
		return lang_fail(b, "the rule has no options: action, protocol, addresses, ports "
				    "and direction must stand before ( )");
	return ERR_OK;
}

int head_read(struct lang_build *b, char *const parts[HEAD_PARTS])
{
	struct rule *r = b->rule;

	if (read_action(b, parts[HEAD_ACTION]) != ERR_OK ||
	    read_proto(b, parts[HEAD_PROTO]) != ERR_OK)
		return ERR_INVALID;
	r->both_ways = strcmp(parts[HEAD_DIRECTION], "<>") == 0;
	if (!r->both_ways && strcmp(parts[HEAD_DIRECTION], "->") != 0)
		return lang_fail(b, "\"%s\" is no direction; -> and <> are", parts[HEAD_DIRECTION]);
	if (head_addrs(b, parts[HEAD_SRC], &r->src, &b->negated_addrs) != ERR_OK ||
	    head_addrs(b, parts[HEAD_DST], &r->dst, &b->negated_addrs) != ERR_OK ||
	    head_ports(b, parts[HEAD_SPORT], &r->sport) != ERR_OK ||
	    head_ports(b, parts[HEAD_DPORT], &r->dport) != ERR_OK)
		return ERR_INVALID;
	/* As in Suricata: the same on both sides needs no second direction. */
	if (r->both_ways && r->src == r->dst && r->sport == r->dport)
		r->both_ways = false;
	return ERR_OK;
}
