/* What records of each kind say about hosts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "control/sensor/host/identity.h"
#include "control/sensor/host/oui.h"
#include "control/sensor/host/seen_facts.h"
#include "control/sensor/host/system.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

static const uint8_t client[] = {10, 0, 0, 5}, server[] = {10, 0, 0, 1};

/* "kind source value" of each fact; `type` and its object as JSON. */
static const struct {
	const char *name, *type, *object, *facts[4];
} cases[] = {
	{"a lease with a name",
	 "dhcp",
	 "{'type':'reply','client_mac':'52:54:00:00:00:77','assigned_ip':'10.0.0.77','hostname':'"
	 "pc-77'}",
	 {"role dhcp dhcp-server", "seen dhcp ", "name dhcp pc-77"}},
	{"a lease of nobody",
	 "dhcp",
	 "{'client_mac':'ff:ff:ff:ff:ff:ff','assigned_ip':'10.0.0.77'}",
	 {"role dhcp dhcp-server"}},
	{"a client's question",
	 "dhcp_ask",
	 "{'client_mac':'52:54:00:00:00:77','ip':'10.0.0.77','hostname':'phone','parameters':"
	 "'1,3,6,15,26,28,51,58,59,43'}",
	 {"name dhcp phone", "os dhcp Android"}},
	{"its own name",
	 "mdns",
	 "{'type':'response','answers':[{'name':'pc.local','address':'10.0.0.5'}]}",
	 {"name mdns pc"}},
	{"somebody else's name",
	 "llmnr",
	 "{'type':'response','answers':[{'name':'wpad','address':'10.0.0.9'}]}",
	 {NULL}},
	{"a question",
	 "mdns",
	 "{'type':'request','answers':[{'name':'a','address':'10.0.0.5'}]}",
	 {NULL}},
	{"a printer",
	 "mdns",
	 "{'type':'response','answers':[{'name':'_ipp._tcp.local'}]}",
	 {"role mdns printer"}},
	{"a Mac",
	 "mdns",
	 "{'type':'response','answers':[{'name':'x._device-info._tcp.local','text':['model="
	 "MacBookAir10,1']}]}",
	 {"os mdns macOS"}},
	{"a log-on to a directory",
	 "ldap",
	 "{'operation':'bind','name':'SITE\\\\sato','auth':'simple','result':'success'}",
	 {"user ldap sato", "role ldap directory-server"}},
	{"by a distinguished name",
	 "ldap",
	 "{'operation':'bind','name':'CN=Sato "
	 "Hanako,OU=People','auth':'simple','result':'success'}",
	 {"user ldap Sato Hanako", "role ldap directory-server"}},
	{"by NTLM, of a machine",
	 "ldap",
	 "{'operation':'bind','name':'','auth':'sicily','user':'PC-5$','host':'PC-5',"
	 "'result':'success'}",
	 {"name ldap PC-5", "name ldap PC-5", "role ldap directory-server"}},
	{"a wrong password",
	 "ldap",
	 "{'operation':'bind','name':'sato','auth':'simple','result':'invalidCredentials'}",
	 {NULL}},
	{"a name without a password",
	 "ldap",
	 "{'operation':'bind','name':'cn=root','auth':'unauthenticated','result':'success'}",
	 {NULL}},
	{"a server's certificate",
	 "tls",
	 "{'subject':'C=JP, O=Example, CN=files.example.jp','issuerdn':'CN=ca'}",
	 {"name tls files"}},
	{"a certificate for many", "tls", "{'subject':'CN=*.example.jp'}", {NULL}},
	{"a certificate of a person", "tls", "{'subject':'CN=Sato Hanako'}", {NULL}},
	{"a switch",
	 "lldp",
	 "{'mac':'02:00:00:00:00:01','chassis':'02:00:00:00:00:00','port':'Gi1/0/"
	 "3','ttl':120,'name':"
	 "'sw1','description':'Example OS 1.2','capabilities':['bridge'],'address':'10.0.0.2'}",
	 {"role lldp switch", "name lldp sw1", "os lldp Example OS 1.2"}},
	{"a program that says hello by TLS",
	 "tls",
	 "{'ja4':'t13d1516h2_8daaf6152771_e5627efa2ab1','sni':'a.example'}",
	 {"client tls t13d1516h2_8daaf6152771_e5627efa2ab1"}},
	{"a device that gives its MAC alone",
	 "lldp",
	 "{'name':'sw3','mac':'00:00:5e:00:53:03','capabilities':['bridge']}",
	 {"role lldp switch", "name lldp sw3"}},
	{"a router of IPv6",
	 "neighbour",
	 "{'source':'ra','ip':'fe80::1','mac':'00:00:5e:00:53:01'}",
	 {"seen nd ", "role ra router"}},
	{"a device without an address", "lldp", "{'name':'sw2','capabilities':['bridge']}", {NULL}},
	{"NetBIOS, not the group",
	 "nbns",
	 "{'answers':[{'names':[{'name':'PC5','suffix':0,'group':false},{'name':'WORKGROUP','"
	 "suffix':0,"
	 "'group':true}]}]}",
	 {"name nbns PC5"}},
	{"a machine's account",
	 "krb5",
	 "{'msg_type':'KRB_AS_REP','cname':'PC-5$'}",
	 {"name kerberos PC-5", "role kerberos directory-server"}},
	{"a person",
	 "krb5",
	 "{'msg_type':'KRB_TGS_REP','cname':'sato'}",
	 {"user kerberos sato", "role kerberos directory-server"}},
	{"only asked", "krb5", "{'msg_type':'KRB_AS_REQ','cname':'krbtgt'}", {NULL}},
	{"refused", "krb5", "{'msg_type':'KRB_ERROR','cname':'sato'}", {NULL}},
	{"let in",
	 "smb",
	 "{'status':'STATUS_SUCCESS','ntlmssp':{'user':'sato','host':'PC5','version':'10.0 build "
	 "22621 rev 15'}}",
	 {"name ntlm PC5", "user ntlm sato", "os ntlm Windows 11 or Server 2022 and later"}},
	{"not let in",
	 "smb",
	 "{'status':'STATUS_LOGON_FAILURE','ntlmssp':{'user':'sato','host':'PC5'}}",
	 {"name ntlm PC5"}},
	{"a browser",
	 "http",
	 "{'http_user_agent':'Mozilla/5.0 (Windows NT 10.0; Win64)','status':200}",
	 {"os http Windows 10 or 11", "role http web-server"}},
	{"ssh",
	 "ssh",
	 "{'server':{'software_version':'OpenSSH_8.4p1 Debian-5'}}",
	 {"os ssh Debian"}},
	{"an address's owner",
	 "neighbour",
	 "{'source':'arp','ip':'10.0.0.9','mac':'52:54:00:00:00:09'}",
	 {"seen arp "}},
	{"nobody's",
	 "neighbour",
	 "{'source':'nd','ip':'10.0.0.9','mac':'33:33:00:00:00:01'}",
	 {NULL}},
	{"nothing", "flow", "{}", {NULL}},
};

static const char *kind_text(enum host_fact_kind k)
{
	static const char *const kinds[] = {"?",    "seen", "name", "user",  "os",
					    "role", "port", "left", "client"};

	return k < ARRAY_SIZE(kinds) ? kinds[k] : "?";
}

static void records_say_who_it_is(void **state)
{
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct identity_record r = {.type = cases[i].type};
		struct identity_fact facts[IDENTITY_FACTS];
		char text[1024], got[128];
		unsigned n, want = 0;

		snprintf(text, sizeof(text), "{\"%s\":%s}", cases[i].type, cases[i].object);
		for (char *c = text; *c; c++)
			*c = *c == '\'' ? '"' : *c;
		r.line = json_loads(text, 0, NULL);
		assert_non_null(r.line);
		/* The one who answers speaks in names of neighbours and leases. */
		r.src = (struct identity_end){.ip = ip_addr_v4(client), .inside = true};
		r.dst = (struct identity_end){.ip = ip_addr_v4(server), .inside = true};
		n = identity_read(&r, facts);
		while (want < 4 && cases[i].facts[want])
			want++;
		if (n != want)
			fail_msg("%s: %u facts instead of %u", cases[i].name, n, want);
		for (unsigned k = 0; k < n; k++) {
			snprintf(got, sizeof(got), "%s %s %s", kind_text(facts[k].kind),
				 facts[k].source, facts[k].value);
			if (strcmp(got, cases[i].facts[k]) != 0)
				fail_msg("%s: \"%s\" instead of \"%s\"", cases[i].name, got,
					 cases[i].facts[k]);
		}
		json_decref((json_t *)r.line);
	}
}

static void outside_hosts_are_nobody_s_business(void **state)
{
	struct identity_record r = {.type = "http"};
	struct identity_fact facts[IDENTITY_FACTS];

	r.line = json_loads("{\"http\":{\"http_user_agent\":\"Windows NT 10.0\",\"status\":200}}",
			    0, NULL);
	r.src.ip = ip_addr_v4(client);
	r.dst.ip = ip_addr_v4(server);
	assert_int_equal(identity_read(&r, facts), 0);
	json_decref((json_t *)r.line);
}

static void vendors(void **state)
{
	char path[] = "/tmp/banken-oui-XXXXXX";
	FILE *f = fdopen(mkstemp(path), "w");
	struct mac_addr mac;
	struct oui *o;

	fputs("OUI/MA-L\n28-6F-B9   (hex)\t\tNokia Bell\r\n286FB9     (base 16)\t\tNokia\r\n"
	      "00-00-0C   (hex)\t\tCisco Systems, Inc\r\nzz-00-0C   (hex)\t\tnobody\n",
	      f);
	fclose(f);
	o = oui_load(path);
	unlink(path);
	assert_int_equal(oui_count(o), 2);
	mac_addr_parse("28:6f:b9:01:02:03", &mac);
	assert_string_equal(oui_vendor(o, &mac), "Nokia Bell");
	mac_addr_parse("00:00:0c:01:02:03", &mac);
	assert_string_equal(oui_vendor(o, &mac), "Cisco Systems, Inc");
	mac_addr_parse("2a:6f:b9:01:02:03", &mac); /* made up */
	assert_string_equal(oui_vendor(o, &mac), "");
	assert_string_equal(oui_vendor(NULL, &mac), "");
	oui_free(o);
	assert_null(oui_load("/nowhere"));
}

static void told_once_in_a_while(void **state)
{
	struct seen_facts *s = seen_facts_new();
	struct identity_fact f = {.kind = HOST_FACT_NAME, .value = "pc", .source = "dhcp"};
	uint64_t now = 1000 * NS_PER_SEC;

	assert_true(seen_facts_new_one(s, &f, now));
	assert_false(seen_facts_new_one(s, &f, now + NS_PER_SEC));
	assert_true(seen_facts_new_one(s, &f, now + FACTS_AGAIN_S * NS_PER_SEC));
	f.about.mac.bytes[5] = 1; /* another machine says the same */
	assert_true(seen_facts_new_one(s, &f, now));
	seen_facts_free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(records_say_who_it_is),
		cmocka_unit_test(outside_hosts_are_nobody_s_business),
		cmocka_unit_test(vendors),
		cmocka_unit_test(told_once_in_a_while),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
