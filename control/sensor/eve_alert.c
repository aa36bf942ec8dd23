#include "control/sensor/eve_alert.h"

#include <stdio.h>
#include <string.h>

#include "control/sensor/classes.h"

const char *eve_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

static uint32_t number_at(const json_t *object, const char *key)
{
	double n = json_number_value(json_object_get(object, key));

	return n > 0 && n <= UINT32_MAX ? (uint32_t)n : 0;
}

static struct text_list texts_at(struct eve_texts *texts, int which, const json_t *metadata,
				 const char *key)
{
	const json_t *array = json_object_get(metadata, key), *item;
	struct text_list list = {texts->lists[which], 0};
	size_t i;

	json_array_foreach(array, i, item)
	{
		if (json_is_string(item) && list.n < EVE_LIST_MAX)
			list.items[list.n++] = json_string_value(item);
	}
	return list;
}

static enum confidence confidence_of(const json_t *metadata, uint32_t gid)
{
	const char *word =
		json_string_value(json_array_get(json_object_get(metadata, "confidence"), 0));

	if (word && (strcmp(word, "potential") == 0 || strcmp(word, "Low") == 0))
		return CONFIDENCE_POTENTIAL;
	if (word && strcmp(word, "known") == 0)
		return CONFIDENCE_KNOWN;
	/* A behaviour that does not say is potential; a signature knows what it looks for. */
	return gid == 2 ? CONFIDENCE_POTENTIAL : CONFIDENCE_KNOWN;
}

static enum severity severity_of(uint32_t n)
{
	if (n == 0)
		return SEVERITY_UNSPECIFIED;
	return n >= 4 ? SEVERITY_INFO : (enum severity)n;
}

/* What the alert is about, in one line: a URL, a name that was asked for or shown. */
static void find_url(const json_t *line, char *ret, size_t cap)
{
	const json_t *http = json_object_get(line, "http");
	const json_t *dns = json_object_get(line, "dns");
	const json_t *query = json_array_get(json_object_get(dns, "query"), 0);
	const char *host = eve_text(http, "hostname"), *path = eve_text(http, "url");

	ret[0] = '\0';
	if (strstr(path, "://"))
		snprintf(ret, cap, "%s", path);
	else if (host[0])
		snprintf(ret, cap, "http://%s%s", host, path);
	else if (eve_text(query, "rrname")[0])
		snprintf(ret, cap, "%s", eve_text(query, "rrname"));
	else if (eve_text(dns, "rrname")[0])
		snprintf(ret, cap, "%s", eve_text(dns, "rrname"));
	else
		snprintf(ret, cap, "%s", eve_text(json_object_get(line, "tls"), "sni"));
}

/* Traffic puts NUL bytes into texts ("\\u0000"); a number over 63 bits is one that jansson takes as
 * a real only. */
json_t *eve_parse(struct slice line)
{
	const char *text = (const char *)line.data;
	json_t *json = json_loadb(text, line.len, JSON_ALLOW_NUL, NULL);

	return json ? json
		    : json_loadb(text, line.len, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
}

int eve_alert(const json_t *line, struct eve_texts *texts, struct alert *ret)
{
	const json_t *alert = json_object_get(line, "alert");
	const json_t *metadata = json_object_get(alert, "metadata");
	const json_t *file = json_array_get(json_object_get(line, "files"), 0);

	if (!json_is_object(alert))
		return ERR_INVALID;
	*ret = (struct alert){
		.gid = number_at(alert, "gid"),
		.sid = number_at(alert, "signature_id"),
		.rev = number_at(alert, "rev"),
		.msg = eve_text(alert, "signature"),
		.category = eve_text(alert, "category"),
		.severity = severity_of(number_at(alert, "severity")),
		.tactics = texts_at(texts, 0, metadata, "mitre_tactic_id"),
		.techniques = texts_at(texts, 1, metadata, "mitre_technique_id"),
		.reasons = texts_at(texts, 2, metadata, "reason"),
		.url = texts->url,
		.evidence = {.sha256 = eve_text(file, "sha256"),
			     .file_name = eve_text(file, "filename")},
	};
	ret->classtype = class_of_category(ret->category);
	ret->confidence = confidence_of(metadata, ret->gid);
	find_url(line, texts->url, sizeof(texts->url));
	return 0;
}
