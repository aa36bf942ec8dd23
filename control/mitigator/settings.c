#include "control/mitigator/settings.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "control/wire/zone.h"

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};

#define AT(member) offsetof(struct settings, member)
#define OF(member) offsetof(struct settings_driver, member)

static const struct config_key driver_keys[] = {
	{"name", CONFIG_TEXT, OF(name), "", .max = DRIVER_NAME - 1,
	 .help = "by which policies call it; empty = its type"},
	{"type", CONFIG_TEXT, OF(type), .required = true, .max = DRIVER_NAME - 1,
	 .help = "openvswitch, enforcer, reset, command, radius, snmp, openc2 or sinkhole"},
	{"timeout-ms", CONFIG_UINT, OF(timeout_ms), "3000", 50, 600000,
	 .help = "milliseconds for one order"},
	{"bridge", CONFIG_TEXT, OF(bridge), "", .max = TARGET_TEXT - 1,
	 .help = "openvswitch: the bridge"},
	{"folder", CONFIG_TEXT, OF(folder), "/var/run/openvswitch", .max = 127,
	 .help = "openvswitch: where its sockets are"},
	{"uplinks", CONFIG_TEXTS, OF(uplinks), "", .max = DRIVER_UPLINKS,
	 .help = "openvswitch, snmp: ports that are never cut whole"},
	{"priority", CONFIG_UINT, OF(priority), "65000", 1, 65500,
	 .help = "openvswitch: of its flows"},
	{"program", CONFIG_TEXT, OF(program), "", .max = 255,
	 .help = "command: absolute path; JSON in, JSON out"},
	{"arguments", CONFIG_TEXTS, OF(arguments), "", .max = DRIVER_ARGUMENTS,
	 .help = "command: its arguments"},
	{"peer", CONFIG_TEXT, OF(peer), "", .max = 63,
	 .help = "enforcer, reset: name in its certificate; empty = whichever is there"},
	{"devices", CONFIG_TEXTS, OF(devices), "", .max = DRIVER_DEVICES,
	 .help = "radius, snmp: addresses of the switches, with :port where it is not 3799 or 161"},
	{"order", CONFIG_TEXT, OF(order), "", .max = DRIVER_NAME - 1,
	 .help = "radius: disconnect (default), vlan, bounce, reauthenticate; snmp: vlan "
		 "(default), port-down"},
	{"vlan", CONFIG_UINT, OF(vlan), "0", 0, 4094,
	 .help = "radius, snmp: the quarantine's VLAN; radius: 0 = no network at all"},
	{"normal-vlan", CONFIG_UINT, OF(normal_vlan), "0", 0, 4094,
	 .help = "radius, order vlan: VLAN after the release; 0 = where the host was seen, else it "
		 "authenticates anew"},
	{"secret-file", CONFIG_TEXT, OF(secret_file), "", .max = 255,
	 .help = "radius: file with the shared secret; snmp version 2c: with the community"},
	{"vendor", CONFIG_TEXT, OF(vendor), "rfc", .max = DRIVER_NAME - 1,
	 .help = "radius: rfc, cisco, aruba, hp or juniper"},
	{"list", CONFIG_TEXT, OF(list), "", .max = 255,
	 .help = "radius: SQLite file that the RADIUS server asks (view quarantine: mac, vlan)"},
	{"sessions", CONFIG_TEXT, OF(sessions), "", .max = 255,
	 .help = "radius: SQLite file with FreeRADIUS's radacct: which switch has the host; empty "
		 "= all are asked"},
	{"mac-format", CONFIG_TEXT, OF(mac_format), "XX-XX-XX-XX-XX-XX", .max = DRIVER_NAME - 1,
	 .help = "radius: how the switches write Calling-Station-Id; x or X for each digit"},
	{"identify", CONFIG_TEXTS, OF(identify), "nas-ip-address", .max = DRIVER_WORDS,
	 .help = "radius: besides Calling-Station-Id: nas-ip-address, acct-session-id, nas-port, "
		 "user-name"},
	{"proxy-state", CONFIG_BOOL, OF(proxy_state), "false",
	 .help = "radius: sends the order's id as Proxy-State, which must come back"},
	{"version", CONFIG_TEXT, OF(version), "3", .max = 7,
	 .help = "snmp: 3 (authenticated and encrypted), or 2c"},
	{"accept-plain", CONFIG_BOOL, OF(accept_plain), "false",
	 .help = "snmp: allows version 2c, whose community anybody on the way can read"},
	{"user", CONFIG_TEXT, OF(user), "", .max = DRIVER_NAME - 1,
	 .help = "snmp: user of version 3"},
	{"auth", CONFIG_TEXT, OF(auth), "SHA-256", .max = DRIVER_NAME - 1,
	 .help = "snmp: SHA, SHA-224, SHA-256, SHA-384 or SHA-512"},
	{"auth-file", CONFIG_TEXT, OF(auth_file), "", .max = 255,
	 .help = "snmp: file with the authentication password"},
	{"privacy", CONFIG_TEXT, OF(privacy), "AES", .max = DRIVER_NAME - 1,
	 .help = "snmp: AES, AES-192 or AES-256"},
	{"privacy-file", CONFIG_TEXT, OF(privacy_file), "", .max = 255,
	 .help = "snmp: file with the encryption password"},
	{"port-lists", CONFIG_TEXT, OF(port_lists), "auto", .max = DRIVER_NAME - 1,
	 .help = "snmp: auto, always or never set the VLANs' lists of ports beside dot1qPvid"},
	{"bounce-ms", CONFIG_UINT, OF(bounce_ms), "0", 0, 10000,
	 .help = "snmp, order vlan: link down for so long, so that the host asks for an address "
		 "anew"},
	{"server", CONFIG_TEXT, OF(server), "", .max = DRIVER_NAME - 1,
	 .help = "sinkhole: unbound or dnsmasq"},
	{"zone-file", CONFIG_TEXT, OF(zone_file), "", .max = 255,
	 .help = "sinkhole: unbound: the zonefile of its rpz clause; dnsmasq: its addn-hosts"},
	{"zone", CONFIG_TEXT, OF(zone), "", .max = TARGET_TEXT - 1,
	 .help = "sinkhole, unbound: the name of its rpz clause"},
	{"control", CONFIG_TEXT, OF(control), "/etc/unbound/unbound.conf", .max = 255,
	 .help = "sinkhole, unbound: configuration that unbound-control reads"},
	{"pid-file", CONFIG_TEXT, OF(pid_file), "/run/dnsmasq/dnsmasq.pid", .max = 255,
	 .help = "sinkhole, dnsmasq: the file with its process number"},
	{"resolver", CONFIG_TEXT, OF(resolver), "", .max = TARGET_TEXT - 1,
	 .help = "sinkhole: address of the resolver, which is asked whether it works; empty = not "
		 "asked"},
	{"sinkhole", CONFIG_TEXTS, OF(sinkhole), "", .max = 2,
	 .help = "sinkhole: the address that is answered, IPv4, IPv6 or one of each"},
	{"never-names", CONFIG_TEXTS, OF(never_names), "", .max = DRIVER_NAMES,
	 .help = "sinkhole: names that are always resolved, with all below them"},
	{"url", CONFIG_TEXT, OF(url), "", .max = 255,
	 .help = "openc2: the consumer, https://host[:port]/.well-known/openc2; order: deny "
		 "(default) "
		 "or contain"},
	{"ca-file", CONFIG_TEXT, OF(ca_file), "", .max = 255,
	 .help = "openc2: PEM file of the CA of the consumer's certificate; empty = the system's"},
	{"cert-file", CONFIG_TEXT, OF(cert_file), "", .max = 255,
	 .help = "openc2: PEM file of our certificate"},
	{"key-file", CONFIG_TEXT, OF(key_file), "", .max = 255,
	 .help = "openc2: PEM file of its key"},
	{"token-file", CONFIG_TEXT, OF(token_file), "", .max = 255,
	 .help = "openc2: file with a bearer token"},
	{"asset-id", CONFIG_TEXT, OF(asset_id), "", .max = 63,
	 .help = "openc2: which of the consumer's actuators; empty = any"},
	{"target", CONFIG_TEXT, OF(target), "address", .max = DRIVER_NAME - 1,
	 .help = "openc2: address, mac or device (its name)"},
	{.name = NULL},
};

static const struct config_key centre_keys[] = {
	{"address", CONFIG_TEXT, offsetof(struct settings_peer, address), "",
	 .help = "host:port to dial; empty = no centre"},
	{.name = NULL},
};

static const struct config_key external_keys[] = {
	{"listen", CONFIG_TEXT, offsetof(struct settings_external, listen), "",
	 .help = "address:port for syslog with CEF (UDP and TCP) and JSON (HTTP POST); empty = "
		 "none"},
	{"tls-listen", CONFIG_TEXT, offsetof(struct settings_external, tls_listen), "",
	 .help = "address:port for the same over TLS (RFC 5425; 6514 is usual); empty = none"},
	{"certificate", CONFIG_TEXT, offsetof(struct settings_external, certificate), "",
	 .help = "PEM file for TLS; empty = one made here"},
	{"key", CONFIG_TEXT, offsetof(struct settings_external, key), "",
	 .help = "PEM file of the certificate's key"},
	{"client-ca", CONFIG_TEXT, offsetof(struct settings_external, client_ca), "",
	 .help = "PEM file of the CA whose certificates senders over TLS must show; empty = none"},
	{"senders", CONFIG_TEXTS, offsetof(struct settings_external, senders), "127.0.0.1 ::1",
	 .max = 64, .help = "addresses and prefixes that may send"},
	{"token", CONFIG_TEXT, offsetof(struct settings_external, token), "", .max = 255,
	 .help = "bearer token of HTTP; empty = no HTTP"},
	{.name = NULL},
};

static const struct config_key pages_keys[] = {
	{"client-ca", CONFIG_TEXT, offsetof(struct api_serve, client_ca), "",
	 .help = "PEM file of the CA whose certificates OpenC2 producers must show, each with an "
		 "account's name as its CN; empty = they show tokens"},
	API_SERVE_KEYS("", "/usr/share/banken/pages/site")};

const struct config_key settings_keys[] = {
	{"listen", CONFIG_TEXT, AT(listen), "*:7443",
	 .help = "address and port for sensors and enforcers"},
	{"centre", CONFIG_GROUP, AT(centre), .keys = centre_keys, .help = "the monitoring centre"},
	{"external", CONFIG_GROUP, AT(external), .keys = external_keys,
	 .help = "detections of other products, e.g. antivirus"},
	{"pages", CONFIG_GROUP, AT(pages), .keys = pages_keys,
	 .help = "pages for people of the site, and the HTTP API"},
	{"state-folder", CONFIG_TEXT, AT(state_folder), "/var/lib/banken/mitigator",
	 .help = "hosts, incidents, cuts, what is not delivered yet"},
	{"keys-folder", CONFIG_TEXT, AT(keys_folder), "/etc/banken/keys/mitigator",
	 .help = "ca.crt, own.crt, own.key"},
	{"run-folder", CONFIG_TEXT, AT(run_folder), "/run/banken", .help = "local socket"},
	{"undo-folder", CONFIG_TEXT, AT(undo_folder), "",
	 .help = "lists kept before each cut; empty = state-folder/undo"},
	{"policy", CONFIG_TEXT, AT(policy), "",
	 .help = "the policy file; empty = watch everything, stop nothing"},
	{"kill-switch", CONFIG_TEXT, AT(kill_switch), "/etc/banken/stop",
	 .help = "while this file is there nothing is cut automatically"},
	{"notify-program", CONFIG_TEXT, AT(notify_program), "",
	 .help = "absolute path; gets mails, messages, questions and alarms as JSON; empty = none"},
	{"playbook", CONFIG_TEXT, AT(playbook), "",
	 .help = "file of recovery tasks that follow dangerous incidents; empty = none"},
	{"mandate", CONFIG_TEXT, AT(mandate), "/etc/banken/mandate.yaml",
	 .help = "what the vendor's centre may cut; without the file nothing"},
	{"user", CONFIG_TEXT, AT(user), "", .help = "account to become, empty = stay"},
	{"group", CONFIG_TEXT, AT(group), "",
	 .help = "group that may change things over the local socket"},
	{"time-zone", CONFIG_TEXT, AT(time_zone), "", .max = ZONE_NAME - 1,
	 .help = "of the times in sentences, e.g. Asia/Tokyo; empty = this machine's"},
	{"log-level", CONFIG_WORD, AT(log_level), "info", .words = levels,
	 .help = "error, warn, info or debug"},
	{"enrolment-code", CONFIG_TEXT, AT(enrolment_code), "", .max = 64,
	 .help = "of the centre, for the first start: gets the certificate in keys-folder"},
	{"sites", CONFIG_TEXTS, AT(sites), "", .max = 256,
	 .help = "further sites whose sensors and enforcers this mitigator serves"},
	{"watches", CONFIG_UINT, AT(watches), "24", 1, 1024,
	 .help = "hosts that a sensor watches at once (it has 32 places)"},
	{"ports-every", CONFIG_UINT, AT(ports_every), "2", 1, 3600,
	 .help = "seconds between looks at the switches' port tables"},
	{"drivers", CONFIG_ITEMS, AT(drivers), .max = DRIVERS_MAX, .keys = driver_keys,
	 .size = sizeof(struct settings_driver),
	 .help = "what carries cuts out, in the order it is tried"},
	{.name = NULL},
};

#define COPY(to, from) snprintf(to, sizeof(to), "%s", from)

/* Of those that order other people's switches. `folder` has their books of what was there before.
 */
static void take_device(const struct settings_driver *f, const char *folder,
			struct driver_config *c)
{
	bool snmp = strcmp(f->type, "snmp") == 0;

	COPY(c->order, f->order[0] ? f->order : snmp ? "vlan" : "disconnect");
	COPY(c->secret_file, f->secret_file);
	COPY(c->vendor, f->vendor);
	COPY(c->mac_format, f->mac_format);
	COPY(c->sessions, f->sessions);
	COPY(c->version, f->version);
	COPY(c->user, f->user);
	COPY(c->auth, f->auth);
	COPY(c->auth_file, f->auth_file);
	COPY(c->privacy, f->privacy);
	COPY(c->privacy_file, f->privacy_file);
	COPY(c->port_lists, f->port_lists);
	c->vlan = (uint16_t)f->vlan;
	c->normal_vlan = (uint16_t)f->normal_vlan;
	c->bounce_ms = (uint32_t)f->bounce_ms;
	c->proxy_state = f->proxy_state;
	c->accept_plain = f->accept_plain;
	c->shared_book = f->list[0] != 0;
	if (c->shared_book)
		COPY(c->book, f->list);
	else
		snprintf(c->book, sizeof(c->book), "%.200s/driver-%.31s.db", folder, c->name);
	for (size_t i = 0; i < f->devices.n; i++)
		COPY(c->devices[c->devices_n++], f->devices.items[i]);
	for (size_t i = 0; i < f->identify.n; i++)
		COPY(c->identify[c->identify_n++], f->identify.items[i]);
}

static void take_sinkhole(const struct settings_driver *f, struct driver_config *c)
{
	COPY(c->server, f->server);
	COPY(c->zone_file, f->zone_file);
	COPY(c->zone, f->zone);
	COPY(c->control, f->control);
	COPY(c->pid_file, f->pid_file);
	COPY(c->resolver, f->resolver);
	for (size_t i = 0; i < f->sinkhole.n; i++)
		COPY(c->sinkhole[c->sinkhole_n++], f->sinkhole.items[i]);
	for (size_t i = 0; i < f->never_names.n; i++)
		COPY(c->never[c->never_n++], f->never_names.items[i]);
}

static void take_openc2(const struct settings_driver *f, struct driver_config *c)
{
	if (strcmp(f->type, "openc2") == 0 && !f->order[0])
		COPY(c->order, "deny");
	COPY(c->url, f->url);
	COPY(c->ca_file, f->ca_file);
	COPY(c->cert_file, f->cert_file);
	COPY(c->key_file, f->key_file);
	COPY(c->token_file, f->token_file);
	COPY(c->asset_id, f->asset_id);
	COPY(c->target, f->target);
}

static void take(const struct settings_driver *f, const char *folder, struct driver_config *c)
{
	*c = (struct driver_config){.timeout_ms = (uint32_t)f->timeout_ms,
				    .priority = (uint16_t)f->priority};
	snprintf(c->type, sizeof(c->type), "%s", f->type);
	snprintf(c->name, sizeof(c->name), "%s", f->name[0] ? f->name : f->type);
	snprintf(c->bridge, sizeof(c->bridge), "%s", f->bridge);
	snprintf(c->folder, sizeof(c->folder), "%s", f->folder);
	snprintf(c->program, sizeof(c->program), "%s", f->program);
	snprintf(c->peer, sizeof(c->peer), "%s", f->peer);
	for (size_t i = 0; i < f->uplinks.n; i++)
		snprintf(c->uplinks[c->uplinks_n++], TARGET_TEXT, "%s", f->uplinks.items[i]);
	for (size_t i = 0; i < f->arguments.n; i++)
		snprintf(c->arguments[c->arguments_n++], sizeof(c->arguments[0]), "%s",
			 f->arguments.items[i]);
	take_device(f, folder, c);
	take_openc2(f, c);
	take_sinkhole(f, c);
}

int settings_drivers(const struct settings *s, struct driver_config ret[DRIVERS_MAX],
		     struct errmsg *e)
{
	const struct settings_driver *items = s->drivers.items;

	for (size_t i = 0; i < s->drivers.n; i++) {
		const struct driver_desc *d = driver_find(items[i].type);

		take(&items[i], s->state_folder, &ret[i]);
		if (!d)
			return errmsg_set(
				e, ERR_INVALID,
				"drivers: there is no type \"%s\": openvswitch, "
				"enforcer, reset, command, radius, snmp, openc2 or sinkhole",
				items[i].type);
		if (d->check && d->check(&ret[i], e) < 0)
			return ERR_INVALID;
		for (size_t k = 0; k < i; k++) {
			if (strcmp(ret[k].name, ret[i].name) == 0)
				return errmsg_set(e, ERR_INVALID, "drivers: two are named \"%s\"",
						  ret[i].name);
			if (ret[i].shared_book && strcmp(ret[k].book, ret[i].book) == 0)
				return errmsg_set(e, ERR_INVALID,
						  "drivers: %s and %s have the same list",
						  ret[k].name, ret[i].name);
		}
	}
	return (int)s->drivers.n;
}
