/* Sentences with {names} in them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/incident/private.h"
#include "control/mitigator/incident/story_private.h"
#include "dataplane/base/slice.h"

enum { SENTENCE = 1600, VALUE = 512, PORT_DNS = 53 };

const char *story_time(const struct telling *t, uint64_t ns, char ret[48])
{
	static const struct zone utc;
	const struct zone *zone = t->setup->zone ? t->setup->zone : &utc;
	char when[ZONE_TEXT], offset[ZONE_TEXT];

	zone_text(zone, ns, when);
	if (zone_offset(zone, ns))
		snprintf(ret, 48, "%.24s %.16s", when, zone_offset_text(zone, ns, offset));
	else
		snprintf(ret, 48, "%.24s UTC", when);
	return ret;
}

const char *story_peer(const struct telling *t, const struct chain_step *x, char ret[STORY_NAME])
{
	char ip[IP_ADDR_TEXT];

	/* Who answered a look-up is not who it is about. */
	if (!x->attacks && x->port == PORT_DNS && x->url[0]) {
		snprintf(ret, STORY_NAME, "%.100s", x->url);
		return ret;
	}
	if (x->peer_host[0])
		return t->setup->host_text(t->setup->ctx, x->peer_host, ret);
	snprintf(ret, STORY_NAME, "%s",
		 ip_addr_is_zero(&x->peer) ? "?" : ip_addr_text(&x->peer, ip, false));
	return ret;
}

const char *story_source(const struct telling *t, const struct chain_step *x, char ret[256])
{
	char peer[STORY_NAME];

	snprintf(ret, 256, "%s", x->url[0] ? x->url : story_peer(t, x, peer));
	return ret;
}

static void peer_address(const struct chain_step *x, char ret[VALUE])
{
	char ip[IP_ADDR_TEXT];

	snprintf(ret, VALUE, "%s", ip_addr_text(&x->peer, ip, false));
}

/* What to search for: the name in the URL, else the address. */
static void seek_of(const struct chain_step *x, char ret[VALUE])
{
	const char *name = strstr(x->url, "://");
	size_t n;

	name = name ? name + 3 : x->url;
	n = strcspn(name, "/:?# ");
	if (n > 0)
		snprintf(ret, VALUE, "%.*s", (int)n, name);
	else
		peer_address(x, ret);
}

/* What a name stands for; false: nothing of that name. */
static bool value_of(const struct telling *t, const char *name, const struct chain_step *x,
		     char ret[VALUE])
{
	const struct {
		const char *name, *text;
	} plain[] = {
		{"host", t->host},
		{"address", t->address},
		{"origin", t->origin},
		{"incident", t->i->id},
		{"victims", t->s->victim},
		{"role", t->setup->protected_as ? t->setup->protected_as : ""},
		{"what", x ? x->msg : ""},
		{"technique", x ? x->technique : ""},
		{"file", x ? x->file : ""},
		{"sha256", !x ? "" : x->sha256[0] ? x->sha256 : t->sha256},
	};
	char small[256];

	for (size_t i = 0; i < ARRAY_SIZE(plain); i++) {
		if (strcmp(name, plain[i].name) == 0) {
			snprintf(ret, VALUE, "%s", plain[i].text);
			return true;
		}
	}
	if (!x)
		return false;
	if (strcmp(name, "peer") == 0)
		snprintf(ret, VALUE, "%s", story_peer(t, x, small));
	else if (strcmp(name, "ip") == 0)
		peer_address(x, ret);
	else if (strcmp(name, "seek") == 0)
		seek_of(x, ret);
	else if (strcmp(name, "source") == 0)
		snprintf(ret, VALUE, "%s", story_source(t, x, small));
	else if (strcmp(name, "time") == 0)
		snprintf(ret, VALUE, "%s", story_time(t, x->first, small));
	else if (strcmp(name, "port") == 0)
		snprintf(ret, VALUE, "%u", x->port);
	else if (strcmp(name, "rule") == 0)
		snprintf(ret, VALUE, "%u:%u", x->gid, x->sid);
	else
		return false;
	return true;
}

char *story_fill(const struct telling *t, const char *text, const struct chain_step *x)
{
	char out[SENTENCE], name[16], value[VALUE];
	size_t len = 0;

	while (*text && len < sizeof(out) - 1) {
		size_t n = *text == '{' ? strcspn(text, "}") : 0;

		if (n < 2 || n - 1 >= sizeof(name) || text[n] != '}') {
			out[len++] = *text++;
			continue;
		}
		snprintf(name, sizeof(name), "%.*s", (int)(n - 1), text + 1);
		if (!value_of(t, name, x, value))
			snprintf(value, sizeof(value), "?");
		incident_put_text(out + len, sizeof(out) - len, value);
		len += strlen(out + len);
		text += n + 1;
	}
	out[len] = 0;
	return strdup(out);
}
