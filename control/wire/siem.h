/* An alert as other systems want it by syslog (RFC 5424): EVE JSON as it is, CEF, LEEF 2.0, with
 * the count of its bytes in front (RFC 5425, RFC 6587). Any thread. */
#pragma once

#include <stdint.h>

enum siem_format { SIEM_EVE, SIEM_CEF, SIEM_LEEF, SIEM_FORMATS };
extern const char *const siem_format_words[SIEM_FORMATS]; /* "eve", "cef", "leef" */

struct siem_alert {
	uint64_t time;	 /* ns since 1970 */
	const char *eve; /* one JSON object */
	const char *sensor, *site;
	const char *customer; /* NULL: not known where it is sent from */
};

/* `host`, `program`: who sends it. The caller's to free; NULL when the record is no JSON. */
char *siem_line(const struct siem_alert *a, enum siem_format format, const char *host,
		const char *program);
