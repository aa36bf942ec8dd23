#include "dataplane/app/pgsql/probe.h"

#include "dataplane/app/pgsql/message.h"
#include "dataplane/app/pgsql/pgsql.h"

enum { LENGTH = 4, HEAD = 5 };

static bool in(const char *set, uint8_t type)
{
	return type && strchr(set, type);
}

bool pgsql_is_backend_type(uint8_t type)
{
	return in("RKSCZTDENAn123tIGHWdcsvV", type);
}

bool pgsql_is_frontend_type(uint8_t type)
{
	return in("QPBDECHSFdcfpX", type);
}

/* A string with its NUL, of one letter at least. */
static bool has_text(struct slice s)
{
	return s.len > 1 && s.data[0] && memchr(s.data, 0, s.len);
}

static enum app_probe probe_startup(struct slice data)
{
	struct cursor c = cursor_of(data), body;
	struct pgsql_startup s;
	uint32_t len = cursor_u32(&c);

	if (c.bad)
		return APP_PROBE_MORE;
	if (len < 8)
		return APP_PROBE_NO;
	body = cursor_child(&c, len - LENGTH);
	if (body.bad)
		return APP_PROBE_MORE;
	return pgsql_startup_read(cursor_rest(&body), &s) && s.kind != PGSQL_GSS ? APP_PROBE_YES
										 : APP_PROBE_NO;
}

static enum app_probe probe_client(struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u32(&c);
	struct slice body;

	if (type == 0)
		return probe_startup(data);
	if (c.bad)
		return APP_PROBE_MORE;
	if (len < LENGTH || (type == 'X' && len != LENGTH))
		return APP_PROBE_NO;
	body = cursor_take(&c, len - LENGTH);
	if (c.bad)
		return APP_PROBE_MORE;
	return type == 'X' || (type == 'Q' && has_text(body)) ? APP_PROBE_YES : APP_PROBE_NO;
}

static enum app_probe probe_server(struct slice data)
{
	struct cursor c = cursor_of(data);
	uint8_t type = cursor_u8(&c);
	uint32_t len = cursor_u32(&c);

	if (type == 'N' || type == 'S')
		return APP_PROBE_YES;
	if (c.bad)
		return APP_PROBE_MORE;
	if (len < LENGTH || (type == 'K' && len != 12) || (type == 'Z' && len != 5) ||
	    (type == 'R' && len < 8))
		return APP_PROBE_NO;
	if (!cursor_skip(&c, len - LENGTH))
		return APP_PROBE_MORE;
	return in("EKRCZTAD", type) ? APP_PROBE_YES : APP_PROBE_NO;
}

enum app_probe pgsql_probe(const struct app_tuple *tuple, enum dir dir, struct slice data)
{
	if (data.len == 0)
		return APP_PROBE_MORE;
	return dir == DIR_TS ? probe_client(data) : probe_server(data);
}

bool pgsql_begins(struct slice client, struct slice server)
{
	struct cursor c = cursor_of(client), body;
	struct pgsql_startup s;
	uint32_t len = cursor_u32(&c);

	if (c.bad || len < 8 || len > PGSQL_STARTUP_MAX)
		return false;
	body = cursor_child(&c, len - LENGTH);
	if (body.bad || !pgsql_startup_read(cursor_rest(&body), &s) || s.kind == PGSQL_CANCEL)
		return false;
	if (s.kind == PGSQL_STARTUP)
		return server.len == 0 || in("REN", server.data[0]);
	return server.len > 0 && in(s.kind == PGSQL_SSL ? "SNE" : "GNE", server.data[0]);
}
