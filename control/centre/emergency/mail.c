#include "control/centre/emergency/mail.h"

#include <mbedtls/base64.h>
#include <stdlib.h>

#include "dataplane/base/clock.h"

void mail_put_base64(struct slice bytes, FILE *out)
{
	for (size_t at = 0; at < bytes.len; at += 57) {
		unsigned char line[80];
		size_t n = bytes.len - at < 57 ? bytes.len - at : 57, got = 0;

		mbedtls_base64_encode(line, sizeof(line), &got, bytes.data + at, n);
		fprintf(out, "%.*s\r\n", (int)got, line);
	}
}

/* RFC 2047: encoded words of whole characters, at most 75 long. */
void mail_put_subject(const char *text, FILE *out)
{
	size_t len = strlen(text), at = 0;

	fputs("Subject:", out);
	while (at < len) {
		unsigned char word[80];
		size_t n = len - at < 42 ? len - at : 42, got = 0;

		while (at + n < len && n > 1 && ((unsigned char)text[at + n] & 0xc0) == 0x80)
			n--;
		mbedtls_base64_encode(word, sizeof(word), &got, (const unsigned char *)text + at,
				      n);
		fprintf(out, " =?UTF-8?B?%.*s?=\r\n", (int)got, word);
		at += n;
	}
}

void mail_put_date(uint64_t now, const struct zone *zone, FILE *out)
{
	static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
	static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
					     "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	int offset = zone_offset(zone, now), minutes = abs(offset);
	struct tm tm;

	zone_local(zone, now, &tm);
	fprintf(out, "Date: %s, %d %s %d %02d:%02d:%02d %c%02d%02d\r\n", days[tm.tm_wday],
		tm.tm_mday, months[tm.tm_mon], tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec,
		offset < 0 ? '-' : '+', minutes / 60, minutes % 60);
}

void mail_put_parts(const struct mail_part *parts, size_t n, const char *boundary, FILE *out)
{
	fprintf(out, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"%s\"\r\n\r\n",
		boundary);
	for (size_t i = 0; i < n; i++) {
		fprintf(out, "--%s\r\nContent-Type: %s%s%s%s\r\n", boundary, parts[i].type,
			parts[i].name ? "; name=\"" : "", parts[i].name ? parts[i].name : "",
			parts[i].name ? "\"" : "");
		if (parts[i].name)
			fprintf(out, "Content-Disposition: attachment; filename=\"%s\"\r\n",
				parts[i].name);
		fputs("Content-Transfer-Encoding: base64\r\n\r\n", out);
		mail_put_base64(parts[i].bytes, out);
		fputs("\r\n", out);
	}
	fprintf(out, "--%s--\r\n", boundary);
}
