#include "control/sensor/host/identity.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "control/sensor/host/system.h"
#include "control/wire/text.h"
#include "dataplane/base/slice.h"

struct reader {
	const struct identity_record *r;
	struct identity_fact *facts;
	unsigned n;
};

/* Printable, without what surrounds it; false when nothing is left or it is no name. */
static bool tidy(const char *from, char ret[IDENTITY_VALUE])
{
	size_t n = 0;

	while (*from == ' ')
		from++;
	for (; *from && n + 1 < IDENTITY_VALUE; from++)
		ret[n++] = (unsigned char)*from < 0x20 || *from == 0x7f ? '?' : *from;
	/* Not within a character. */
	if (*from) {
		while (n > 0 && ((unsigned char)ret[n - 1] & 0xc0) == 0x80)
			n--;
		if (n > 0 && ((unsigned char)ret[n - 1] & 0xc0) == 0xc0)
			n--;
	}
	while (n > 0 && (ret[n - 1] == ' ' || ret[n - 1] == '.'))
		n--;
	ret[n] = 0;
	return n > 0 && ret[0] != '<';
}

struct saying {
	enum host_fact_kind kind;
	const char *source;
	enum confidence confidence;
};

static void say(struct reader *rd, const struct identity_end *about, struct saying s,
		const char *value)
{
	struct identity_fact *f = &rd->facts[rd->n];

	if (rd->n == IDENTITY_FACTS || !about->inside ||
	    (!ip_addr_is_host(&about->ip) && !mac_addr_is_host(&about->mac)))
		return;
	if (s.kind != HOST_FACT_SEEN && !tidy(value, f->value))
		return;
	if (s.kind == HOST_FACT_SEEN)
		f->value[0] = 0;
	f->about = *about;
	f->kind = s.kind;
	f->source = s.source;
	f->confidence = s.confidence;
	rd->n++;
}

#define KNOWN(kind, source)  ((struct saying){kind, source, CONFIDENCE_KNOWN})
#define LIKELY(kind, source) ((struct saying){kind, source, CONFIDENCE_POTENTIAL})

static void say_system(struct reader *rd, const struct identity_end *about, const char *source,
		       const char *system)
{
	if (system && system[0])
		say(rd, about, LIKELY(HOST_FACT_OS, source), system);
}

/* ---- DHCP ---- */

/* The server's answer: the client's MAC and the address it has now. */
static void read_dhcp(struct reader *rd, const json_t *o)
{
	struct identity_end client = {.inside = true};
	char name[IDENTITY_VALUE];

	say(rd, &rd->r->src, LIKELY(HOST_FACT_ROLE, "dhcp"), "dhcp-server");
	if (mac_addr_parse(text_member(o, "client_mac"), &client.mac) ||
	    ip_addr_parse(text_member(o, "assigned_ip"), &client.ip) ||
	    !mac_addr_is_host(&client.mac))
		return;
	say(rd, &client, KNOWN(HOST_FACT_SEEN, "dhcp"), "");
	if (tidy(text_member(o, "hostname"), name))
		say(rd, &client, KNOWN(HOST_FACT_NAME, "dhcp"), name);
}

/* A client's own question: its MAC is in it, its address perhaps. */
static void read_dhcp_ask(struct reader *rd, const json_t *o)
{
	struct identity_end client = {.inside = true};
	const char *vendor = text_member(o, "vendor_class");

	if (mac_addr_parse(text_member(o, "client_mac"), &client.mac) ||
	    !mac_addr_is_host(&client.mac) || ip_addr_parse(text_member(o, "ip"), &client.ip) ||
	    !ip_addr_is_host(&client.ip))
		return;
	say(rd, &client, KNOWN(HOST_FACT_NAME, "dhcp"), text_member(o, "hostname"));
	say_system(rd, &client, "dhcp", system_of_dhcp(text_member(o, "parameters"), vendor));
}

/* Its own words and its own frame: address and MAC belong together. */
static void read_neighbour(struct reader *rd, const json_t *o)
{
	struct identity_end who = {.inside = true};
	const char *source = text_member(o, "source");
	bool arp = strcmp(source, "arp") == 0;

	if (mac_addr_parse(text_member(o, "mac"), &who.mac) || !mac_addr_is_host(&who.mac) ||
	    ip_addr_parse(text_member(o, "ip"), &who.ip))
		return;
	say(rd, &who, KNOWN(HOST_FACT_SEEN, arp ? "arp" : "nd"), "");
	if (strcmp(source, "ra") == 0)
		say(rd, &who, LIKELY(HOST_FACT_ROLE, "ra"), "router");
}

/* ---- names that neighbours say ---- */

static bool same_ip(const char *text, const struct ip_addr *ip)
{
	struct ip_addr a;

	return ip_addr_parse(text, &a) == 0 && ip_addr_eq(&a, ip);
}

/* "pc-12.local" -> "pc-12" */
static void first_label(const char *name, char ret[IDENTITY_VALUE])
{
	snprintf(ret, IDENTITY_VALUE, "%.*s", (int)strcspn(name, "."), name);
}

static const struct {
	const char *service, *role;
} services[] = {
	{"_ipp._tcp", "printer"},      {"_ipps._tcp", "printer"},
	{"_printer._tcp", "printer"},  {"_pdl-datastream._tcp", "printer"},
	{"_smb._tcp", "file-server"},  {"_afpovertcp._tcp", "file-server"},
	{"_googlecast._tcp", "media"}, {"_airplay._tcp", "media"},
	{"_scanner._tcp", "scanner"},  {"_uscan._tcp", "scanner"},
	{"_rtsp._tcp", "camera"},      {"_axis-video._tcp", "camera"},
};

static void read_service(struct reader *rd, const json_t *answer)
{
	const char *name = text_member(answer, "name");

	for (size_t i = 0; i < ARRAY_SIZE(services); i++) {
		if (strncasecmp(name, services[i].service, strlen(services[i].service)) == 0)
			say(rd, &rd->r->src, LIKELY(HOST_FACT_ROLE, "mdns"), services[i].role);
	}
}

/* "model=MacBookPro18,3" of _device-info */
static void read_model(struct reader *rd, const json_t *answer)
{
	const json_t *text;
	size_t i;

	if (!strstr(text_member(answer, "name"), "_device-info._tcp"))
		return;
	json_array_foreach(json_object_get(answer, "text"), i, text)
	{
		const char *s = json_string_value(text);

		if (s && strncmp(s, "model=", 6) == 0)
			say_system(rd, &rd->r->src, "mdns", system_of_model(s + 6));
	}
}

/* Who answers for its own address says its own name. */
static void read_names(struct reader *rd, const json_t *o, const char *source)
{
	const json_t *answer;
	char name[IDENTITY_VALUE];
	size_t i;

	if (strcmp(text_member(o, "type"), "response") != 0)
		return;
	json_array_foreach(json_object_get(o, "answers"), i, answer)
	{
		if (same_ip(text_member(answer, "address"), &rd->r->src.ip)) {
			first_label(text_member(answer, "name"), name);
			say(rd, &rd->r->src, KNOWN(HOST_FACT_NAME, source), name);
		}
		read_service(rd, answer);
		read_model(rd, answer);
	}
}

/* RFC 1002: suffix 0 and 0x20 are the machine's, unless of a group. */
static bool nb_machine(const json_t *o)
{
	json_int_t suffix = json_integer_value(json_object_get(o, "suffix"));

	return (suffix == 0 || suffix == 0x20) && !json_is_true(json_object_get(o, "group"));
}

static void read_nbns(struct reader *rd, const json_t *o)
{
	static const char *const lists[] = {"answers", "additional"};
	const json_t *entry, *name;
	size_t i, k;

	for (size_t l = 0; l < ARRAY_SIZE(lists); l++) {
		json_array_foreach(json_object_get(o, lists[l]), i, entry)
		{
			if (nb_machine(entry) &&
			    same_ip(text_member(entry, "address"), &rd->r->src.ip))
				say(rd, &rd->r->src, KNOWN(HOST_FACT_NAME, "nbns"),
				    text_member(entry, "name"));
			json_array_foreach(json_object_get(entry, "names"), k, name)
			{
				if (nb_machine(name))
					say(rd, &rd->r->src, KNOWN(HOST_FACT_NAME, "nbns"),
					    text_member(name, "name"));
			}
		}
	}
}

/* ---- who is logged in ---- */

/* "PC-12$" is a machine, "sato" a person. */
static void say_account(struct reader *rd, const char *account, const char *source)
{
	size_t n = strcspn(account, "@/");
	char plain[IDENTITY_VALUE];

	snprintf(plain, sizeof(plain), "%.*s", (int)n, account);
	n = strlen(plain);
	if (n > 1 && plain[n - 1] == '$') {
		plain[n - 1] = 0;
		say(rd, &rd->r->src, KNOWN(HOST_FACT_NAME, source), plain);
	} else if (account[strcspn(account, "/")] != '/') {
		say(rd, &rd->r->src, KNOWN(HOST_FACT_USER, source), plain);
	}
}

static void read_krb5(struct reader *rd, const json_t *o)
{
	const char *type = text_member(o, "msg_type");

	/* Only what the server agreed to: anybody can ask in any name. */
	if (strcmp(type, "KRB_AS_REP") != 0 && strcmp(type, "KRB_TGS_REP") != 0)
		return;
	say_account(rd, text_member(o, "cname"), "kerberos");
	say(rd, &rd->r->dst, LIKELY(HOST_FACT_ROLE, "kerberos"), "directory-server");
}

static void read_smb(struct reader *rd, const json_t *o)
{
	const json_t *ntlm = json_object_get(o, "ntlmssp");
	const char *system = text_member(json_object_get(o, "request"), "native_os");

	if (ntlm) {
		say(rd, &rd->r->src, LIKELY(HOST_FACT_NAME, "ntlm"), text_member(ntlm, "host"));
		/* The user counts when the server let it in. */
		if (strcmp(text_member(o, "status"), "STATUS_SUCCESS") == 0)
			say_account(rd, text_member(ntlm, "user"), "ntlm");
		say_system(rd, &rd->r->src, "ntlm", system_of_ntlm(text_member(ntlm, "version")));
	}
	say_system(rd, &rd->r->src, "smb", system);
	say_system(rd, &rd->r->dst, "smb",
		   text_member(json_object_get(o, "response"), "native_os"));
	if (strcmp(text_member(o, "command"), "SMB2_COMMAND_TREE_CONNECT") == 0 &&
	    strcmp(text_member(o, "share_type"), "FILE") == 0)
		say(rd, &rd->r->dst, LIKELY(HOST_FACT_ROLE, "smb"), "file-server");
}

/* ---- what programs say of themselves ---- */

static void read_http(struct reader *rd, const json_t *o)
{
	say_system(rd, &rd->r->src, "http", system_of_agent(text_member(o, "http_user_agent")));
	if (json_is_integer(json_object_get(o, "status")))
		say(rd, &rd->r->dst, LIKELY(HOST_FACT_ROLE, "http"), "web-server");
}

static void read_ssh(struct reader *rd, const json_t *o)
{
	const json_t *client = json_object_get(o, "client"), *server = json_object_get(o, "server");

	say_system(rd, &rd->r->src, "ssh", system_of_ssh(text_member(client, "software_version")));
	say_system(rd, &rd->r->dst, "ssh", system_of_ssh(text_member(server, "software_version")));
}

/* ---- who logs on to a directory ---- */

/* "CN=Sato Hanako,OU=..." -> "Sato Hanako", "SITE\\sato" -> "sato"; others stay. */
static void plain_name(const char *name, char ret[IDENTITY_VALUE])
{
	size_t first = strcspn(name, ",");
	const char *equals = memchr(name, '=', first), *slash = strchr(name, '\\');

	if (equals)
		snprintf(ret, IDENTITY_VALUE, "%.*s", (int)(first - (size_t)(equals + 1 - name)),
			 equals + 1);
	else
		snprintf(ret, IDENTITY_VALUE, "%s", slash ? slash + 1 : name);
}

static void read_ldap(struct reader *rd, const json_t *o)
{
	const char *user = text_member(o, "user"), *auth = text_member(o, "auth");
	char plain[IDENTITY_VALUE];

	/* Only what the server agreed to; without a password it agrees to any name. */
	if (strcmp(text_member(o, "operation"), "bind") != 0 ||
	    strcmp(text_member(o, "result"), "success") != 0 || strcmp(auth, "anonymous") == 0 ||
	    strcmp(auth, "unauthenticated") == 0)
		return;
	plain_name(user[0] ? user : text_member(o, "name"), plain);
	say_account(rd, plain, "ldap");
	say(rd, &rd->r->src, LIKELY(HOST_FACT_NAME, "ldap"), text_member(o, "host"));
	say(rd, &rd->r->dst, LIKELY(HOST_FACT_ROLE, "ldap"), "directory-server");
}

/* ---- what servers prove of themselves, and devices on their wire ---- */

/* A host's own name: no wildcard, no words. */
static bool is_host_name(const char *s)
{
	return strchr(s, '.') && !s[strcspn(s, "* /:,=")];
}

/* How a program of the host says hello (JA4), and the certificate that a server of ours showed. */
static void read_tls(struct reader *rd, const json_t *o)
{
	const char *subject = strstr(text_member(o, "subject"), "CN=");
	char name[IDENTITY_VALUE], label[IDENTITY_VALUE];

	say(rd, &rd->r->src, LIKELY(HOST_FACT_CLIENT, "tls"), text_member(o, "ja4"));
	if (!subject)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(subject + 3, ","), subject + 3);
	if (!is_host_name(name))
		return;
	first_label(name, label);
	say(rd, &rd->r->dst, LIKELY(HOST_FACT_NAME, "tls"), label);
}

static const struct {
	const char *capability, *role;
} devices[] = {
	{"bridge", "switch"},
	{"router", "router"},
	{"access-point", "access-point"},
	{"telephone", "phone"},
};

/* LLDP: a switch tells it with a port's MAC, which is not that of its management address. Nobody
 * proves what he says: likely only. */
static void read_lldp(struct reader *rd, const json_t *o)
{
	struct identity_end who = {.inside = true};
	const json_t *capability;
	size_t i;

	/* Many give none: then it is the machine with the MAC that it sends by. */
	if (ip_addr_parse(text_member(o, "address"), &who.ip) &&
	    (mac_addr_parse(text_member(o, "mac"), &who.mac) || !mac_addr_is_host(&who.mac)))
		return;
	json_array_foreach(json_object_get(o, "capabilities"), i, capability)
	{
		const char *s = json_string_value(capability);

		for (size_t d = 0; s && d < ARRAY_SIZE(devices); d++) {
			if (strcmp(s, devices[d].capability) == 0)
				say(rd, &who, LIKELY(HOST_FACT_ROLE, "lldp"), devices[d].role);
		}
	}
	say(rd, &who, LIKELY(HOST_FACT_NAME, "lldp"), text_member(o, "name"));
	say_system(rd, &who, "lldp", text_member(o, "description"));
}

static void read_mdns(struct reader *rd, const json_t *o)
{
	read_names(rd, o, "mdns");
}

static void read_llmnr(struct reader *rd, const json_t *o)
{
	read_names(rd, o, "llmnr");
}

static const struct {
	const char *type;
	void (*read)(struct reader *rd, const json_t *o);
} readers[] = {
	{"neighbour", read_neighbour}, {"dhcp", read_dhcp},
	{"dhcp_ask", read_dhcp_ask},   {"mdns", read_mdns},
	{"llmnr", read_llmnr},	       {"nbns", read_nbns},
	{"krb5", read_krb5},	       {"smb", read_smb},
	{"http", read_http},	       {"ssh", read_ssh},
	{"ldap", read_ldap},	       {"tls", read_tls},
	{"lldp", read_lldp},
};

bool identity_wants(const char *type)
{
	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		if (strcmp(type, readers[i].type) == 0)
			return true;
	}
	return false;
}

unsigned identity_read(const struct identity_record *r, struct identity_fact ret[IDENTITY_FACTS])
{
	struct reader rd = {r, ret, 0};

	for (size_t i = 0; i < ARRAY_SIZE(readers); i++) {
		const json_t *o = json_object_get(r->line, r->type);

		if (strcmp(r->type, readers[i].type) == 0 && json_is_object(o))
			readers[i].read(&rd, o);
	}
	return rd.n;
}
