/* A line each: "INDICATOR [# comment] [until=2026-12-31]", and hosts files. */
#include "signatures/lists/read.h"

static size_t word_end(struct slice s)
{
	size_t i = 0;

	while (i < s.len && s.data[i] != ' ' && s.data[i] != '\t')
		i++;
	return i;
}

/* Takes "until=DATE" out of what stands behind an indicator; the rest is comment. */
static struct slice comment_of(struct slice rest, uint32_t *ret_until, bool *ret_bad)
{
	struct slice comment = read_trim(rest);

	while (comment.len && strchr("#;/", comment.data[0]))
		comment = slice_sub(comment, 1, comment.len);
	comment = read_trim(comment);
	for (size_t i = 0; i + 6 <= comment.len; i++) {
		struct slice date;

		if (memcmp(comment.data + i, "until=", 6) != 0)
			continue;
		date = slice_sub(comment, i + 6, comment.len);
		date.len = word_end(date);
		*ret_until = list_date(date);
		*ret_bad = *ret_until == 0;
		if (i + 6 + date.len == comment.len)
			return read_trim(slice_sub(comment, 0, i));
		return i ? comment : read_trim(slice_sub(comment, 6 + date.len, comment.len));
	}
	return comment;
}

static bool is_hosts_address(struct slice word)
{
	static const char *const blackholes[] = {"0.0.0.0", "127.0.0.1", "::1", "::"};

	for (size_t i = 0; i < ARRAY_SIZE(blackholes); i++) {
		if (slice_eq(word, slice_of(blackholes[i])))
			return true;
	}
	return false;
}

/* "0.0.0.0 name name # comment" */
static int hosts_line(struct list_reader *r, struct slice rest)
{
	static const char *const usual[] = {
		"localhost", "localhost.localdomain", "local",	     "broadcasthost",
		"0.0.0.0",   "ip6-localhost",	      "ip6-loopback"};
	int rc = ERR_OK;

	while (rc == ERR_OK && rest.len) {
		struct slice name = SLICE(rest.data, word_end(rest));
		bool skip = name.len == 0;

		if (name.len && name.data[0] == '#')
			break;
		for (size_t i = 0; i < ARRAY_SIZE(usual); i++)
			skip |= slice_eq_nocase(name, slice_of(usual[i]));
		if (!skip)
			rc = read_one(r, r->counts.lines, name, HINT_DOMAIN, 0, SLICE("", 0));
		rest = read_trim(slice_sub(rest, name.len, rest.len));
	}
	return rc;
}

static int line_of(struct list_reader *r, struct slice line)
{
	uint32_t until = 0;
	struct slice word, rest, comment;
	bool bad = false;

	line = read_trim(line);
	if (line.len == 0 || line.data[0] == '#' || line.data[0] == ';' ||
	    (line.len > 1 && memcmp(line.data, "//", 2) == 0))
		return ERR_OK;
	word = SLICE(line.data, word_end(line));
	rest = read_trim(slice_sub(line, word.len, line.len));
	if (rest.len && rest.data[0] != '#' && is_hosts_address(word))
		return hosts_line(r, rest);
	comment = comment_of(rest, &until, &bad);
	if (bad) {
		read_refuse(r, r->counts.lines,
			    "until= is not followed by a date such as 2026-12-31");
		return ERR_OK;
	}
	return read_one(r, r->counts.lines, word, r->hint, until, comment);
}

int read_plain(struct list_reader *r, struct slice text)
{
	struct slice line;
	int rc = ERR_OK;

	while (rc == ERR_OK && read_line(&text, &line)) {
		r->counts.lines++;
		rc = line_of(r, line);
	}
	return rc;
}
