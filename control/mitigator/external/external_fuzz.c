/* Any message: an event is bounded, printable UTF-8, or refused with a sentence; the same bytes
 * make the same alert. The first byte picks the reader. */
#include <stdlib.h>
#include <string.h>

#include "control/mitigator/external/external.h"
#include "control/wire/utf8.h"
#include "dataplane/base/slice.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	if (n == cap || !utf8_valid(text, n))
		abort();
	for (size_t i = 0; i < n; i++) {
		if ((unsigned char)text[i] < 0x20)
			abort();
	}
}

static void check_event(const struct external_event *ev)
{
	static struct external_alert a, b;

	check(ev->vendor, sizeof(ev->vendor));
	check(ev->product, sizeof(ev->product));
	check(ev->name, sizeof(ev->name));
	check(ev->id, sizeof(ev->id));
	check(ev->host_name, sizeof(ev->host_name));
	check(ev->file, sizeof(ev->file));
	check(ev->hash, sizeof(ev->hash));
	check(ev->url, sizeof(ev->url));
	if (!ev->name[0] || ev->severity > 10)
		abort();
	external_to_alert(ev, false, 1, &a);
	external_to_alert(ev, false, 1, &b);
	if (strcmp(a.id, b.id) != 0 || a.alert.sid != b.alert.sid || !a.alert.severity)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct external_event events[EXTERNAL_EVENTS];
	struct errmsg e = {""};
	int n;

	if (size < 1)
		return 0;
	if (data[0] & 1) {
		n = external_json(SLICE(data + 1, size - 1), events, EXTERNAL_EVENTS, &e);
	} else {
		n = external_syslog(SLICE(data + 1, size - 1), &events[0], &e);
		n = n < 0 ? n : 1;
	}
	if (n < 0 && !e.text[0])
		abort();
	for (int i = 0; i < n; i++)
		check_event(&events[i]);
	return 0;
}
