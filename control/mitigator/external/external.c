#include "control/mitigator/external/external.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "control/mitigator/external/private.h"
#include "control/wire/utf8.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

void external_text(char *to, size_t cap, const char *from, size_t len)
{
	size_t n = 0;

	while (len > 0 && n + 1 < cap) {
		size_t step = utf8_sequence(from, len);

		if (step == 0 || (unsigned char)*from < 0x20 || *from == 0x7f) {
			to[n++] = '?';
			step = 1;
		} else if (n + step < cap) {
			memcpy(to + n, from, step);
			n += step;
		} else {
			break;
		}
		from += step;
		len -= step;
	}
	to[n] = 0;
}

/* What products write when they dealt with it, and when they could not. */
enum external_outcome external_outcome_of(const char *action)
{
	static const char *const failed[] = {
		"not cleaned",	   "not clean",	      "uncleanable",   "clean failed",
		"unable to clean", "could not be",    "cannot clean",  "fail",
		"passed",	   "no action",	      "left alone",    "not removed",
		"not quarantined", "reboot required", "detected only", "uncleaned"};
	static const char *const done[] = {"clean",  "quarantin", "delet", "remov",	"block",
					   "denied", "disinfect", "moved", "terminated"};

	for (size_t i = 0; i < ARRAY_SIZE(failed); i++) {
		if (strcasestr(action, failed[i]))
			return OUTCOME_NOT_CLEANED;
	}
	for (size_t i = 0; i < ARRAY_SIZE(done); i++) {
		if (strcasestr(action, done[i]))
			return OUTCOME_CLEANED;
	}
	return OUTCOME_UNKNOWN;
}

/* "2026-11-21T09:00:00.123Z", "+09:00" too; also epoch milliseconds and seconds, and CEF's "Nov 21
 * 2026 09:00:00". 0: none of these. */
uint64_t external_time(const char *text)
{
	static const char *const forms[] = {"%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
					    "%b %d %Y %H:%M:%S"};
	size_t digits = strspn(text, "0123456789");
	int64_t seconds, offset = 0;
	int hours, minutes;

	if (digits >= 9 && digits <= 16 && (text[digits] == 0 || text[digits] == '.')) {
		uint64_t n = strtoull(text, NULL, 10);

		return digits >= 12 ? n * NS_PER_MS : n * NS_PER_SEC;
	}
	for (size_t i = 0; i < ARRAY_SIZE(forms); i++) {
		struct tm tm = {0};
		const char *rest = strptime(text, forms[i], &tm);

		if (!rest)
			continue;
		rest += *rest == '.' ? 1 + strspn(rest + 1, "0123456789") : 0;
		if ((*rest == '+' || *rest == '-') &&
		    sscanf(rest + 1, "%2d%*[:]%2d", &hours, &minutes) == 2)
			offset = (*rest == '-' ? -1 : 1) * (hours * 3600 + minutes * 60);
		seconds = timegm(&tm) - offset;
		return seconds > 0 ? (uint64_t)seconds * NS_PER_SEC : 0;
	}
	return 0;
}

/* ---- as an alert ---- */

/* The same event told again is the same alert. */
static uint64_t fold(const struct external_event *ev)
{
	static const struct hash_key key = {0x62616e6b656e2d71ULL, 0x31352d6964656e74ULL};
	char all[1024];
	char ip[IP_ADDR_TEXT];
	int n;

	if (ev->id[0])
		n = snprintf(all, sizeof(all), "%s|%s|%s", ev->vendor, ev->product, ev->id);
	else
		n = snprintf(all, sizeof(all), "%s|%s|%s|%s|%s|%s|%s|%" PRIu64, ev->vendor,
			     ev->product, ev->rule, ev->name, ip_addr_text(&ev->host, ip, false),
			     ev->host_name, ev->file, ev->time);
	return hash_bytes(&key, all, n < (int)sizeof(all) ? (size_t)n : sizeof(all) - 1);
}

static uint32_t rule_number(const struct external_event *ev)
{
	static const struct hash_key key = {0x62616e6b656e2d72ULL, 0x756c652d6e756d62ULL};
	const char *rule = ev->rule[0] ? ev->rule : ev->name;
	char all[512];
	int n = snprintf(all, sizeof(all), "%s|%s|%s", ev->vendor, ev->product, rule);

	return (uint32_t)(hash_bytes(&key, all, (size_t)n) % 99999999) + 1;
}

/* What was cleaned is only worth a look; what was not is as bad as it gets. */
static enum severity severity_of(const struct external_event *ev)
{
	if (ev->outcome == OUTCOME_NOT_CLEANED)
		return SEVERITY_HIGH;
	if (ev->outcome == OUTCOME_CLEANED)
		return SEVERITY_LOW;
	return ev->severity >= 7   ? SEVERITY_HIGH
	       : ev->severity >= 4 ? SEVERITY_MEDIUM
				   : SEVERITY_LOW;
}

static void reasons(const struct external_event *ev, struct external_alert *ret)
{
	static const char *const outcomes[][2] = {
		[OUTCOME_UNKNOWN] = {"", ""},
		[OUTCOME_CLEANED] = {" It was cleaned.", "駆除済みです。"},
		[OUTCOME_NOT_CLEANED] = {" It could not be cleaned.", "駆除できませんでした。"},
	};

	snprintf(ret->reason[0], sizeof(ret->reason[0]), "%s reports \"%.120s\"%s%.100s.%s",
		 ret->source, ev->name, ev->file[0] ? " in " : "", ev->file,
		 outcomes[ev->outcome][0]);
	snprintf(ret->reason[1], sizeof(ret->reason[1]),
		 "%s が「%.120s」を検知しました%s%.100s。%s", ret->source, ev->name,
		 ev->file[0] ? ": " : "", ev->file, outcomes[ev->outcome][1]);
	ret->reasons[0] = ret->reason[0];
	ret->reasons[1] = ret->reason[1];
}

void external_to_alert(const struct external_event *ev, bool proven, uint64_t now,
		       struct external_alert *ret)
{
	memset(ret, 0, sizeof(*ret));
	snprintf(ret->id, sizeof(ret->id), "external-%016" PRIx64, fold(ev));
	snprintf(ret->source, sizeof(ret->source), "%s%s%s", ev->vendor,
		 ev->vendor[0] && ev->product[0] ? " " : "", ev->product);
	/* A file that antivirus finds has come in; what it is after that others will say. */
	ret->technique[0] = ev->technique[0] ? ev->technique : ev->file[0] ? "T1204" : "";
	reasons(ev, ret);
	ret->alert = (struct alert){
		.id = ret->id,
		.time = ev->time ? ev->time : now,
		.host = {.ip = ev->host,
			 .mac = ev->mac,
			 .name = ev->host_name,
			 .user = ev->user,
			 .side = HOST_SIDE_INSIDE},
		.peer = {.ip = ev->peer},
		.host_is_source = true,
		.handshake_completed = proven,
		.flow = {.src = ev->host, .dst = ev->peer},
		.gid = EXTERNAL_GID,
		.sid = rule_number(ev),
		.rev = 1,
		.msg = ev->name,
		.classtype = ev->file[0] ? "suspicious-filename-detect" : "",
		.category = ev->outcome == OUTCOME_NOT_CLEANED ? "could not be cleaned" : "",
		.severity = severity_of(ev),
		.confidence = CONFIDENCE_KNOWN,
		.techniques = {ret->technique, ret->technique[0][0] ? 1 : 0},
		.reasons = {ret->reasons, 2},
		.url = ev->url,
		.source = ret->source,
		.evidence = {.file_name = ev->file,
			     .sha256 = strlen(ev->hash) == 64 ? ev->hash : ""},
	};
}
