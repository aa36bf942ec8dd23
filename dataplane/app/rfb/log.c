/* Records of RFB handshakes. */
#include <stdio.h>

#include "dataplane/api/record.h"
#include "dataplane/app/rfb/rfb.h"
#include "dataplane/app/text/text.h"

static void put_version(struct record *r, const char *name, const struct rfb_version *v)
{
	record_object(r, name);
	text_log(r, "major", SLICE(v->major, 3));
	text_log(r, "minor", SLICE(v->minor, 3));
	record_end(r);
}

static void put_result(struct record *r, uint32_t result)
{
	static const char *const names[] = {"OK", "FAIL", "TOOMANY"};
	char text[32];

	if (result < ARRAY_SIZE(names)) {
		record_text(r, "security_result", names[result]);
		return;
	}
	snprintf(text, sizeof(text), "UNKNOWN (%u)", result);
	record_text(r, "security_result", text);
}

static void put_authentication(struct record *r, const struct rfb_tx *t)
{
	record_object(r, "authentication");
	if (t->has & RFB_HAS_SECURITY_TYPE)
		record_uint(r, "security_type", t->security_type);
	if (t->has & RFB_HAS_CHALLENGE) {
		record_object(r, "vnc");
		record_hex(r, "challenge", SLICE(t->challenge, RFB_SECRET), 0);
		if (t->has & RFB_HAS_RESPONSE)
			record_hex(r, "response", SLICE(t->response, RFB_SECRET), 0);
		record_end(r);
	}
	if (t->has & RFB_HAS_RESULT)
		put_result(r, t->security_result);
	record_end(r);
}

static void put_framebuffer(struct record *r, const struct rfb_tx *t)
{
	static const char *const max[] = {"red_max", "green_max", "blue_max"};
	static const char *const shift[] = {"red_shift", "green_shift", "blue_shift"};

	record_object(r, "framebuffer");
	record_uint(r, "width", t->width);
	record_uint(r, "height", t->height);
	text_log(r, "name", kept_slice(&t->name));
	record_object(r, "pixel_format");
	record_uint(r, "bits_per_pixel", t->pixels.bits_per_pixel);
	record_uint(r, "depth", t->pixels.depth);
	record_bool(r, "big_endian", t->pixels.big_endian);
	record_bool(r, "true_color", t->pixels.true_color);
	for (unsigned i = 0; i < 3; i++) {
		record_uint(r, max[i], t->pixels.max[i]);
		record_uint(r, shift[i], t->pixels.shift[i]);
	}
	record_end(r);
	record_end(r);
}

bool rfb_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct rfb_tx *t = container_of(tx, const struct rfb_tx, tx);

	if (t->has & RFB_HAS_SERVER_VERSION)
		put_version(r, "server_protocol_version", &t->version[DIR_TC]);
	if (t->has & RFB_HAS_CLIENT_VERSION)
		put_version(r, "client_protocol_version", &t->version[DIR_TS]);
	put_authentication(r, t);
	if (t->has & RFB_HAS_CLIENT_INIT)
		record_bool(r, "screen_shared", t->shared);
	if (t->has & RFB_HAS_SERVER_INIT)
		put_framebuffer(r, t);
	return true;
}
