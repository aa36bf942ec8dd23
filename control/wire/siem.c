#include "control/wire/siem.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "control/wire/text.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

const char *const siem_format_words[SIEM_FORMATS] = {"eve", "cef", "leef"};

/* On one line; `special` is escaped by a backslash. */
static void put(const char *text, const char *special, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)(text ? text : ""); *c; c++) {
		if (strchr(special, *c))
			fputc('\\', out);
		fputc(*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
	}
}

static long long number_of(const json_t *o, const char *key)
{
	return (long long)json_integer_value(json_object_get(o, key));
}

/* EVE's 1 (highest) to 3 on the scales of 10 that the two formats have. */
static int severity_of(const json_t *alert)
{
	static const int scale[] = {2, 8, 6, 4};
	long long severity = number_of(alert, "severity");

	return severity >= 1 && severity <= 3 ? scale[severity] : scale[0];
}

struct pair {
	const char *cef, *leef, *eve;
	bool is_number;
};

static const struct pair pairs[] = {
	{"src", "src", "src_ip", false},	   {"spt", "srcPort", "src_port", true},
	{"dst", "dst", "dest_ip", false},	   {"dpt", "dstPort", "dest_port", true},
	{"proto", "proto", "proto", false},	   {"app", "app", "app_proto", false},
	{"externalId", "flowId", "flow_id", true},
};

static void cef(const struct siem_alert *i, const json_t *eve, const char *program, FILE *out)
{
	const json_t *alert = json_object_get(eve, "alert");

	fprintf(out, "CEF:0|Banken|%s|1|%lld:%lld|", program, number_of(alert, "gid"),
		number_of(alert, "signature_id"));
	put(text_member(alert, "signature"), "|\\", out);
	fprintf(out, "|%d|rt=%llu", severity_of(alert), (unsigned long long)(i->time / NS_PER_MS));
	for (size_t k = 0; k < ARRAY_SIZE(pairs); k++) {
		const json_t *v = json_object_get(eve, pairs[k].eve);

		if (!v)
			continue;
		fprintf(out, " %s=", pairs[k].cef);
		if (pairs[k].is_number)
			fprintf(out, "%lld", (long long)json_integer_value(v));
		else
			put(json_string_value(v), "=\\", out);
	}
	fputs(" cat=", out);
	put(text_member(alert, "category"), "=\\", out);
	fputs(" act=", out);
	put(text_member(alert, "action"), "=\\", out);
	fputs(" dvchost=", out);
	put(i->sensor, "=\\", out);
	fputs(" cs1Label=site cs1=", out);
	put(i->site, "=\\", out);
	if (i->customer) {
		fputs(" cs2Label=customer cs2=", out);
		put(i->customer, "=\\", out);
	}
}

/* LEEF 2.0 with its own delimiter, the tab, which no value holds. */
static void leef(const struct siem_alert *i, const json_t *eve, const char *program, FILE *out)
{
	const json_t *alert = json_object_get(eve, "alert");
	time_t t = (time_t)(i->time / NS_PER_SEC);
	char when[48];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%b %d %Y %H:%M:%S UTC", &tm);
	fprintf(out,
		"LEEF:2.0|Banken|%s|1|%lld:%lld|x09|devTime=%s\tdevTimeFormat=MMM dd "
		"yyyy HH:mm:ss z\tsev=%d\tname=",
		program, number_of(alert, "gid"), number_of(alert, "signature_id"), when,
		severity_of(alert));
	put(text_member(alert, "signature"), "", out);
	for (size_t k = 0; k < ARRAY_SIZE(pairs); k++) {
		const json_t *v = json_object_get(eve, pairs[k].eve);

		if (!v)
			continue;
		fprintf(out, "\t%s=", pairs[k].leef);
		if (pairs[k].is_number)
			fprintf(out, "%lld", (long long)json_integer_value(v));
		else
			put(json_string_value(v), "", out);
	}
	fputs("\tcat=", out);
	put(text_member(alert, "category"), "", out);
	fputs("\tidentHostName=", out);
	put(i->sensor, "", out);
	fputs("\tsite=", out);
	put(i->site, "", out);
	if (i->customer) {
		fputs("\tcustomer=", out);
		put(i->customer, "", out);
	}
}

/* Facility 13 (log alert), severity notice; the message itself is never cut. */
static void header(const struct siem_alert *i, const char *host, const char *program, FILE *out)
{
	time_t t = (time_t)(i->time / NS_PER_SEC);
	char when[40];
	struct tm tm;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%S", &tm);
	fprintf(out, "<%d>1 %s.%06lluZ %s %s - alert - ", 13 * 8 + 5, when,
		(unsigned long long)(i->time % NS_PER_SEC / NS_PER_US), host[0] ? host : "-",
		program);
}

char *siem_line(const struct siem_alert *i, enum siem_format format, const char *host,
		const char *program)
{
	json_t *eve = json_loads(i->eve ? i->eve : "", 0, NULL);
	char *line = NULL, *text = NULL;
	size_t len = 0, size;
	FILE *out = eve ? open_memstream(&line, &len) : NULL;

	if (out) {
		header(i, host, program, out);
		if (format == SIEM_EVE)
			fputs(i->eve, out);
		else
			(format == SIEM_CEF ? cef : leef)(i, eve, program, out);
		if (fclose(out) != 0)
			len = 0;
		size = len + 24;
		text = malloc(size);
		if (text)
			snprintf(text, size, "%zu %s", len, line);
	}
	free(line);
	json_decref(eve);
	return text;
}
