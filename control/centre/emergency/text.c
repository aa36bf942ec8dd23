#include "control/centre/emergency/text.h"

#include <stdlib.h>
#include <string.h>

#include "control/centre/emergency/mail.h"
#include "control/centre/emergency/template.h"
#include "control/centre/store/selftests.h"
#include "control/centre/store/templates.h"
#include "control/wire/local.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

#define say(l, english, japanese) in_language((enum report_language)(l), english, japanese)

/* --- mail --- */

/* On one line. */
static void put_line(const char *text, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++)
		fputc(*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
}

static const char *title_of(const struct emergency *e, enum report_language l)
{
	return e->title[l][0] ? e->title[l] : e->title[REPORT_ENGLISH];
}

/* By a template if there is one; the caller's to free. */
static char *by_template(const struct emergency *e, enum template_part part, enum report_language l,
			 const struct emergency_sender *by, unsigned more)
{
	char *text = by->store ? template_get(by->store, emergency_kind_words[e->kind],
					      template_part_words[part],
					      l == REPORT_JAPANESE ? "ja" : "en")
			       : NULL,
	     *ret = text ? template_expand(text, part, e, l, by, more) : NULL;

	free(text);
	return ret;
}

static void subject(const struct emergency_message *m, const struct emergency_sender *by, FILE *out)
{
	const struct emergency *e = &m->about[0];
	enum report_language l = m->to.language;
	char *own;

	if (m->is_repeat)
		fputs(say(l, "Again: ", "再送: "), out);
	if (m->n + m->more > 1) {
		fprintf(out, say(l, "Banken: %u emergencies", "【番犬】緊急 %u件"), m->n + m->more);
		return;
	}
	own = by_template(e, TEMPLATE_SUBJECT, l, by, 0);
	if (own) {
		fputs(own, out);
		free(own);
		return;
	}
	fputs(say(l, "Banken emergency: ", "【番犬】緊急: "), out);
	put_line(title_of(e, l), out);
	if (e->host[0]) {
		fputs(", ", out);
		put_line(e->host, out);
	}
	if (e->site[0]) {
		fputs(" (", out);
		put_line(e->site, out);
		fputs(")", out);
	}
}

static void about(const struct emergency *e, enum report_language l,
		  const struct emergency_sender *by, FILE *out)
{
	const struct zone *zone = &by->zone;
	char when[ZONE_TEXT], offset[ZONE_TEXT];
	char *own = by_template(e, TEMPLATE_BODY, l, by, 0);

	if (own) {
		fprintf(out, "%s\n\n", own);
		free(own);
		return;
	}

	put_line(title_of(e, l), out);
	fprintf(out, "\n%s%s %s\n", say(l, "  since    ", "  発生    "),
		zone_text(zone, e->opened, when), zone_offset_text(zone, e->opened, offset));
	if (e->host[0]) {
		fputs(say(l, "  host     ", "  ホスト  "), out);
		put_line(e->host, out);
		fputs("\n", out);
	}
	if (e->site[0]) {
		fputs(say(l, "  site     ", "  拠点    "), out);
		put_line(e->site, out);
		fputs("\n", out);
	}
	fprintf(out, "%s%lld\n\n", say(l, "  number   ", "  番号    "), (long long)e->id);
	fputs(e->text[l][0] ? e->text[l] : e->text[REPORT_ENGLISH], out);
	fputs("\n\n", out);
}

void emergency_link(const struct emergency_sender *by, char *ret, size_t cap)
{
	size_t len = strlen(by->portal);

	snprintf(ret, cap, "%s%s%s", by->portal, len && by->portal[len - 1] != '/' ? "/" : "",
		 len ? "#/emergencies" : "");
}

static void body(const struct emergency_message *m, const struct emergency_sender *by, FILE *out)
{
	enum report_language l = m->to.language;
	char link[400];

	for (unsigned i = 0; i < m->n; i++)
		about(&m->about[i], l, by, out);
	if (m->more)
		fprintf(out, say(l, "... and %u more.\n\n", "…ほか%u件。\n\n"), m->more);
	fprintf(out,
		say(l,
		    "To stop these messages, say that you have seen it: banken emergency seen "
		    "%lld\n",
		    "確認したら、次の操作で再送を止めてください: banken emergency seen %lld\n"),
		(long long)m->about[0].id);
	emergency_link(by, link, sizeof(link));
	if (link[0])
		fprintf(out, "%s\n", link);
}

static char *collect(void (*write)(const struct emergency_message *m,
				   const struct emergency_sender *by, FILE *out),
		     const struct emergency_message *m, const struct emergency_sender *by)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (!out)
		return NULL;
	write(m, by, out);
	return fclose(out) == 0 ? text : NULL;
}

static void write_subject(const struct emergency_message *m, const struct emergency_sender *by,
			  FILE *out)
{
	subject(m, by, out);
}

/* By which the self-test knows its own mails. */
static void self_test_ids(const struct emergency_message *m, FILE *out)
{
	for (unsigned i = 0; i < m->n; i++) {
		const char *id = strchr(m->about[i].key, ':');

		if (m->about[i].kind == EMERGENCY_SELF_TEST && id &&
		    strcmp(m->about[i].customer, SELF_TEST_CUSTOMER) == 0)
			fprintf(out, "X-Banken-Self-Test: %s\r\n", id + 1);
	}
}

char *emergency_mail(const struct emergency_message *m, const struct emergency_sender *by,
		     uint64_t now)
{
	char *head = collect(write_subject, m, by), *words = collect(body, m, by), *text = NULL;
	size_t len;
	FILE *out = head && words ? open_memstream(&text, &len) : NULL;

	if (out) {
		mail_put_date(now, &by->zone, out);
		fprintf(out, "From: Banken <%s>\r\nTo: <%s>\r\n", by->from, m->to.address);
		fprintf(out, "Message-ID: <%lld.%lld@%s>\r\n", (long long)m->delivery,
			(long long)(now / NS_PER_MS), by->host);
		self_test_ids(m, out);
		mail_put_subject(head, out);
		fputs("MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
		      "Content-Transfer-Encoding: base64\r\nX-Priority: 1\r\n"
		      "Auto-Submitted: auto-generated\r\n\r\n",
		      out);
		mail_put_base64(SLICE_STR(words), out);
		if (fclose(out) != 0)
			text = NULL;
	}
	free(head);
	free(words);
	return text;
}

/* --- syslog with CEF --- */

/* CEF: | and \ in the header, = and \ in values, are escaped; all on one line. */
static void put_cef(const char *text, const char *special, FILE *out)
{
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (strchr(special, *c))
			fputc('\\', out);
		fputc(*c < 0x20 || *c == 0x7f ? ' ' : *c, out);
	}
}

/* RFC 5424 with RFC 6587's count in front: facility 13 (log alert), severity 1. */
static void syslog_line(const struct emergency *e, const struct emergency_sender *by, FILE *out)
{
	time_t t = (time_t)(e->opened / NS_PER_SEC);
	struct tm tm;
	char *line = NULL, when[40];
	size_t len;
	FILE *one = open_memstream(&line, &len);

	if (!one)
		return;
	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	fprintf(one, "<%d>1 %s %s banken-centre - emergency - CEF:0|Banken|banken-centre|1|%s|",
		13 * 8 + 1, when, by->host[0] ? by->host : "-", emergency_kind_words[e->kind]);
	put_cef(e->title[REPORT_ENGLISH], "|\\", one);
	fprintf(one, "|10|externalId=%lld rt=%llu", (long long)e->id,
		(unsigned long long)(e->opened / NS_PER_MS));
	fputs(" dhost=", one);
	put_cef(e->host, "=\\", one);
	fputs(" cs1Label=site cs1=", one);
	put_cef(e->site, "=\\", one);
	fputs(" cs2Label=customer cs2=", one);
	put_cef(e->customer, "=\\", one);
	fputs(" msg=", one);
	put_cef(e->text[REPORT_ENGLISH], "=\\", one);
	if (fclose(one) == 0)
		fprintf(out, "%zu %s", len, line);
	free(line);
}

static void syslog_lines(const struct emergency_message *m, const struct emergency_sender *by,
			 FILE *out)
{
	for (unsigned i = 0; i < m->n; i++)
		syslog_line(&m->about[i], by, out);
}

char *emergency_syslog(const struct emergency_message *m, const struct emergency_sender *by)
{
	return collect(syslog_lines, m, by);
}

/* --- JSON --- */

char *emergency_json(const struct emergency_message *m)
{
	json_t *list = json_array(), *root;
	char *text;

	for (unsigned i = 0; i < m->n; i++) {
		const struct emergency *e = &m->about[i];

		json_array_append_new(
			list, json_pack("{sI ss so so so so so so so sI}", "id", (json_int_t)e->id,
					"kind", emergency_kind_words[e->kind], "customer",
					local_text(e->customer), "site", local_text(e->site),
					"host", local_text(e->host), "title",
					local_text(e->title[REPORT_ENGLISH]), "title_ja",
					local_text(e->title[REPORT_JAPANESE]), "text",
					local_text(e->text[REPORT_ENGLISH]), "text_ja",
					local_text(e->text[REPORT_JAPANESE]), "time_ns",
					(json_int_t)e->opened));
	}
	root = json_pack("{so sb si}", "emergencies", list, "repeat", m->is_repeat, "more",
			 (int)m->more);
	text = json_dumps(root, JSON_COMPACT);
	json_decref(root);
	return text;
}

char *emergency_webhook(const struct emergency_message *m, const struct emergency_sender *by)
{
	return by_template(&m->about[0], TEMPLATE_WEBHOOK, m->to.language, by, m->n + m->more - 1);
}
