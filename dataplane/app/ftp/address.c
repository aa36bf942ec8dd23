#include "dataplane/app/ftp/ftp.h"

#include "dataplane/app/text/text.h"

/* Digits at the start of `c`. */
static bool number(struct cursor *c, uint64_t max, uint64_t *ret)
{
	struct slice rest = cursor_rest(c);
	size_t n = 0;

	while (n < rest.len && rest.data[n] >= '0' && rest.data[n] <= '9')
		n++;
	cursor_skip(c, n);
	return text_number(slice_sub(rest, 0, n), max, ret);
}

/* Six numbers with commas between. */
static bool six(struct cursor *c, uint8_t ret[6])
{
	for (unsigned i = 0; i < 6; i++) {
		uint64_t n;

		if ((i > 0 && cursor_u8(c) != ',') || !number(c, UINT8_MAX, &n))
			return false;
		ret[i] = (uint8_t)n;
	}
	return true;
}

uint16_t ftp_port_command(struct slice arguments, uint8_t ret_ip[4])
{
	struct cursor c = cursor_of(text_trim(arguments));
	uint8_t n[6];

	if (!six(&c, n))
		return 0;
	memcpy(ret_ip, n, 4);
	return (uint16_t)(n[4] << 8 | n[5]);
}

uint16_t ftp_eprt_command(struct slice arguments)
{
	struct cursor c = cursor_of(text_trim(arguments));
	uint8_t delimiter = cursor_u8(&c);
	uint64_t port;

	for (unsigned fields = 0; fields < 2 && !c.bad;) {
		if (cursor_u8(&c) == delimiter)
			fields++;
	}
	return !c.bad && number(&c, UINT16_MAX, &port) ? (uint16_t)port : 0;
}

uint16_t ftp_pasv_reply(struct slice line)
{
	struct cursor c = cursor_of(slice_sub(line, 4, line.len));
	uint8_t n[6];

	while (cursor_left(&c) > 0) {
		struct cursor at = c;

		if (six(&at, n))
			return (uint16_t)(n[4] << 8 | n[5]);
		cursor_skip(&c, 1);
	}
	return 0;
}

uint16_t ftp_epsv_reply(struct slice line)
{
	const uint8_t *bars = line.len > 0 ? memmem(line.data, line.len, "|||", 3) : NULL;
	struct cursor c;
	uint64_t port;

	if (!bars)
		return 0;
	c = cursor_of(slice_sub(line, (size_t)(bars - line.data) + 3, line.len));
	return number(&c, UINT16_MAX, &port) && cursor_u8(&c) == '|' ? (uint16_t)port : 0;
}
