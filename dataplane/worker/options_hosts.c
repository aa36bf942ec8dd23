/* host-os-policy: which systems overlap how (target-based reassembly), Suricata's names. */
#include "dataplane/worker/options.h"

#include <string.h>

enum { NET_ROOM = 64 };

struct system_name {
	const char *name;
	enum stream_overlap stream;
	enum defrag_policy defrag;
};

static const struct system_name systems[] = {
	{"windows", STREAM_OVERLAP_WINDOWS, DEFRAG_WINDOWS},
	{"windows2k3", STREAM_OVERLAP_WINDOWS, DEFRAG_WINDOWS},
	{"vista", STREAM_OVERLAP_VISTA, DEFRAG_WINDOWS},
	{"linux", STREAM_OVERLAP_LINUX, DEFRAG_LINUX},
	{"old-linux", STREAM_OVERLAP_OLD_LINUX, DEFRAG_LINUX},
	{"bsd", STREAM_OVERLAP_BSD, DEFRAG_BSD},
	{"bsd-right", STREAM_OVERLAP_BSD, DEFRAG_BSD_RIGHT},
	{"solaris", STREAM_OVERLAP_SOLARIS, DEFRAG_SOLARIS},
	{"old-solaris", STREAM_OVERLAP_BSD, DEFRAG_FIRST},
	{"hpux10", STREAM_OVERLAP_BSD, DEFRAG_BSD},
	{"hpux11", STREAM_OVERLAP_SOLARIS, DEFRAG_FIRST},
	{"irix", STREAM_OVERLAP_BSD, DEFRAG_BSD},
	{"macos", STREAM_OVERLAP_BSD, DEFRAG_FIRST},
	{"first", STREAM_OVERLAP_VISTA, DEFRAG_FIRST},
	{"last", STREAM_OVERLAP_LAST, DEFRAG_LAST},
};

static int add(struct options *o, const struct system_name *s, const char *net, struct errmsg *err)
{
	struct ip_addr prefix;
	uint8_t bits;

	if (ip_prefix_parse(net, &prefix, &bits) != ERR_OK)
		return errmsg_set(err, ERR_INVALID,
				  "host-os-policy.%s: \"%s\" is no network; write it as "
				  "10.0.0.0/8",
				  s->name, net);
	if (o->host_count == OPTIONS_HOSTS)
		return errmsg_set(err, ERR_LIMIT, "host-os-policy: more than %d networks",
				  OPTIONS_HOSTS);
	o->stream_hosts[o->host_count] = (struct stream_host_policy){prefix, bits, s->stream};
	o->defrag_hosts[o->host_count] = (struct decode_host_policy){prefix, bits, s->defrag};
	o->host_systems[o->host_count] = s->name;
	o->host_count++;
	o->pipeline.stream.hosts = o->stream_hosts;
	o->pipeline.decode.hosts = o->defrag_hosts;
	o->pipeline.stream.host_count = o->pipeline.decode.host_count = o->host_count;
	return ERR_OK;
}

int options_set_hosts(struct options *o, const char *name, const char *value, struct errmsg *err)
{
	const struct system_name *s = NULL;
	char net[NET_ROOM];

	for (size_t i = 0; i < ARRAY_SIZE(systems) && !s; i++) {
		if (strcmp(systems[i].name, name) == 0)
			s = &systems[i];
	}
	if (!s)
		return errmsg_set(err, ERR_INVALID,
				  "host-os-policy.%s: there is no such system; use windows, "
				  "windows2k3, vista, linux, old-linux, bsd, bsd-right, solaris, "
				  "old-solaris, hpux10, hpux11, irix, macos, first or last",
				  name);
	for (value += strspn(value, "[ ,]"); *value; value += strspn(value, "[ ,]")) {
		size_t n = strcspn(value, "[ ,]");
		int rc;

		snprintf(net, sizeof(net), "%.*s", (int)n, value);
		rc = add(o, s, net, err);
		if (rc != ERR_OK)
			return rc;
		value += n;
	}
	return ERR_OK;
}

void options_print_hosts(const struct options *o, FILE *out)
{
	for (size_t i = 0; i < ARRAY_SIZE(systems); i++) {
		bool any = false;

		for (unsigned k = 0; k < o->host_count; k++) {
			char text[IP_PREFIX_TEXT];

			if (strcmp(o->host_systems[k], systems[i].name) != 0)
				continue;
			ip_prefix_text(&o->stream_hosts[k].prefix, o->stream_hosts[k].bits, text);
			if (any)
				fprintf(out, ", %s", text);
			else
				fprintf(out, "host-os-policy.%s: \"[%s", systems[i].name, text);
			any = true;
		}
		if (any)
			fprintf(out, "]\"\n");
	}
}

void options_help_hosts(FILE *out)
{
	fprintf(out, "  %-46s %s\n", "host-os-policy.SYSTEM",
		"networks of hosts that overlap fragments and segments as windows, linux, bsd, "
		"solaris, ... do, e.g. host-os-policy.linux=[10.0.0.0/8]");
}
