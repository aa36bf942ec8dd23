#include "control/mitigator/undo/list.h"

#include <stdlib.h>
#include <strings.h>
#include <time.h>

#include "control/mitigator/csv/csv.h"
#include "control/wire/utf8.h"
#include "dataplane/base/clock.h"
#include "dataplane/base/hash.h"

enum { COLUMN_MAC, COLUMN_NETWORK, COLUMN_IP, COLUMN_NAME, COLUMN_HOST, COLUMNS_N, STAMP = 14 };

static const char *const columns[COLUMNS_N] = {"mac", "network", "ip", "name", "host"};
static const char id_chars[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

/* ---- names ---- */

static bool stamp_time(const char *digits, uint64_t *ret)
{
	struct tm tm = {0}, again;
	time_t t;

	if (sscanf(digits, "%4d%2d%2d%2d%2d%2d", &tm.tm_year, &tm.tm_mon, &tm.tm_mday, &tm.tm_hour,
		   &tm.tm_min, &tm.tm_sec) != 6)
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon -= 1;
	again = tm;
	t = timegm(&again);
	/* What was no date became another one. */
	if (t < 0 || again.tm_mon != tm.tm_mon || again.tm_mday != tm.tm_mday ||
	    again.tm_hour != tm.tm_hour || again.tm_min != tm.tm_min || again.tm_sec != tm.tm_sec)
		return false;
	*ret = (uint64_t)t * NS_PER_SEC;
	return true;
}

int undo_name_parse(const char *name, struct undo_list *ret)
{
	size_t n = strlen(name), tail = STAMP + 5; /* "-" digits ".csv" */
	const char *stamp;

	if (n <= tail || n >= UNDO_NAME || n - tail >= UNDO_THREAT || name[0] == '.' ||
	    strspn(name, id_chars) != n || strcmp(name + n - 4, ".csv") != 0)
		return ERR_INVALID;
	stamp = name + n - tail;
	if (stamp[0] != '-' || strspn(stamp + 1, "0123456789") != STAMP ||
	    !stamp_time(stamp + 1, &ret->time))
		return ERR_INVALID;
	snprintf(ret->threat, sizeof(ret->threat), "%.*s", (int)(n - tail), name);
	return 0;
}

char *undo_name(const char *threat, uint64_t time, char ret[UNDO_NAME])
{
	time_t seconds = (time_t)(time / NS_PER_SEC);
	char stamp[STAMP + 1];
	struct tm tm;
	size_t n;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
	n = (size_t)snprintf(ret, UNDO_THREAT, "%s", threat[0] ? threat : "unknown");
	if (n >= UNDO_THREAT)
		n = UNDO_THREAT - 1;
	for (size_t i = 0; i < n; i++) {
		if (!strchr(id_chars, ret[i]) || (i == 0 && ret[i] == '.'))
			ret[i] = '_';
	}
	snprintf(ret + n, UNDO_NAME - n, "-%s.csv", stamp);
	return ret;
}

/* ---- reading ---- */

struct reading {
	struct csv csv;
	struct undo_list *list;
	int at[COLUMNS_N];
	unsigned fields_n;
	unsigned cap;
	uint32_t *slots; /* rows by key: index + 1 */
	unsigned *lines; /* of each row */
	struct hash_key key;
};

enum { SLOTS = 4 * UNDO_LIST_ROWS };

static int take_heading(struct reading *r, struct errmsg *e)
{
	r->fields_n = r->csv.fields_n;
	for (int k = 0; k < COLUMNS_N; k++) {
		r->at[k] = -1;
		for (unsigned i = 0; i < r->fields_n; i++) {
			if (strcasecmp(r->csv.fields[i], columns[k]) != 0)
				continue;
			if (r->at[k] >= 0)
				return csv_wrong(&r->csv, e, "the column %s is there twice",
						 columns[k]);
			r->at[k] = (int)i;
		}
	}
	if (r->at[COLUMN_MAC] < 0 || r->at[COLUMN_NETWORK] < 0)
		return csv_wrong(&r->csv, e, "the columns mac and network are needed");
	return 0;
}

static const char *field(const struct reading *r, int column)
{
	return r->at[column] < 0 ? "" : csv_plain(r->csv.fields[r->at[column]]);
}

static bool same_host(const struct undo_row *a, const struct undo_row *b)
{
	if (!mac_addr_is_zero(&a->mac) || !mac_addr_is_zero(&b->mac))
		return mac_addr_eq(&a->mac, &b->mac);
	return ip_addr_eq(&a->ip, &b->ip);
}

/* The row takes its place by its key, unless it is there. */
static int take_key(struct reading *r, const struct undo_row *row, struct errmsg *e)
{
	bool has_mac = !mac_addr_is_zero(&row->mac);
	uint64_t hash = has_mac ? hash_bytes(&r->key, &row->mac, sizeof(row->mac))
				: hash_bytes(&r->key, &row->ip, sizeof(row->ip));
	size_t at = hash % SLOTS;

	while (r->slots[at]) {
		unsigned i = r->slots[at] - 1;

		if (same_host(&r->list->rows[i], row))
			return csv_wrong(&r->csv, e, "the same %s as in line %u",
					 has_mac ? "MAC" : "address", r->lines[i]);
		at = (at + 1) % SLOTS;
	}
	r->slots[at] = r->list->n + 1;
	return 0;
}

static int parse_row(struct reading *r, struct undo_row *row, struct errmsg *e)
{
	const char *mac = field(r, COLUMN_MAC), *ip = field(r, COLUMN_IP);
	const char *network = field(r, COLUMN_NETWORK);

	*row = (struct undo_row){.permit = strcasecmp(network, "permit") == 0};
	if (!row->permit && strcasecmp(network, "deny") != 0)
		return csv_wrong(&r->csv, e, "\"%.40s\" is neither permit nor deny", network);
	if (mac[0] && (mac_addr_parse(mac, &row->mac) < 0 || !mac_addr_is_host(&row->mac)))
		return csv_wrong(&r->csv, e,
				 "\"%.40s\" is no MAC of a host (xxxxxxxxxxxx, xx-xx-xx-xx-xx-xx "
				 "or xx:xx:xx:xx:xx:xx)",
				 mac);
	if (ip[0] && (ip_addr_parse(ip, &row->ip) < 0 || !ip_addr_is_host(&row->ip)))
		return csv_wrong(&r->csv, e, "\"%.45s\" is no address of a host", ip);
	if (!mac[0] && !ip[0])
		return csv_wrong(&r->csv, e, "has neither a MAC nor an address");
	if (strlen(field(r, COLUMN_NAME)) >= UNDO_TEXT ||
	    strlen(field(r, COLUMN_HOST)) >= UNDO_TEXT)
		return csv_wrong(&r->csv, e, "a name is longer than %d bytes", UNDO_TEXT - 1);
	snprintf(row->name, sizeof(row->name), "%s", field(r, COLUMN_NAME));
	snprintf(row->host, sizeof(row->host), "%s", field(r, COLUMN_HOST));
	return 0;
}

static int take_row(struct reading *r, struct errmsg *e)
{
	struct undo_list *l = r->list;
	struct undo_row row;
	int rc;

	if (r->csv.fields_n != r->fields_n)
		return csv_wrong(&r->csv, e, "has %u columns, not %u", r->csv.fields_n,
				 r->fields_n);
	if (l->n >= UNDO_LIST_ROWS)
		return csv_wrong(&r->csv, e, "more than %d hosts", UNDO_LIST_ROWS);
	if (l->n >= r->cap) {
		unsigned cap = r->cap ? 2 * r->cap : 256;
		void *rows = realloc(l->rows, cap * sizeof(*l->rows));

		if (!rows)
			return errmsg_set(e, ERR_NOMEM, "no memory");
		l->rows = rows;
		r->cap = cap;
	}
	rc = parse_row(r, &row, e);
	if (rc == 0)
		rc = take_key(r, &row, e);
	if (rc < 0)
		return rc;
	r->lines[l->n] = r->csv.line;
	l->rows[l->n++] = row;
	return 0;
}

static int read_all(struct reading *r, struct slice csv, const char *name, struct errmsg *e)
{
	int rc = csv_open(&r->csv, csv, name, e);

	if (rc == 0)
		rc = csv_next(&r->csv, e);
	if (rc == 0)
		return csv_wrong(&r->csv, e, "is empty: the columns mac and network are needed");
	if (rc == 1)
		rc = take_heading(r, e);
	if (rc == 0)
		rc = csv_next(&r->csv, e);
	while (rc == 1) {
		rc = take_row(r, e);
		if (rc == 0)
			rc = csv_next(&r->csv, e);
	}
	return rc;
}

int undo_list_read(struct slice csv, const char *name, struct undo_list *ret, struct errmsg *e)
{
	struct reading *r = calloc(1, sizeof(*r));
	int rc;

	*ret = (struct undo_list){.n = 0};
	if (r) {
		r->slots = calloc(SLOTS, sizeof(*r->slots));
		r->lines = calloc(UNDO_LIST_ROWS, sizeof(*r->lines));
	}
	if (!r || !r->slots || !r->lines)
		rc = errmsg_set(e, ERR_NOMEM, "no memory");
	else if (undo_name_parse(name, ret) < 0)
		rc = errmsg_set(e, ERR_INVALID,
				"\"%.80s\" is no list's name: <threat>-<YYYYMMDDhhmmss>.csv", name);
	else if (csv.len > UNDO_LIST_BYTES)
		rc = errmsg_set(e, ERR_LIMIT, "%s is larger than %d bytes", name, UNDO_LIST_BYTES);
	else {
		r->list = ret;
		r->key = hash_key_random();
		rc = read_all(r, csv, name, e);
	}
	if (r) {
		free(r->slots);
		free(r->lines);
	}
	free(r);
	if (rc < 0)
		undo_list_done(ret);
	return rc;
}

void undo_list_done(struct undo_list *l)
{
	free(l->rows);
	l->rows = NULL;
	l->n = 0;
}

/* ---- writing ---- */

void undo_list_head(FILE *f)
{
	for (int k = 0; k < COLUMNS_N; k++)
		csv_put(f, columns[k], k + 1 < COLUMNS_N ? ',' : '\n');
}

void undo_list_row(FILE *f, const struct undo_row *row)
{
	char mac[MAC_ADDR_TEXT] = "", ip[IP_ADDR_TEXT] = "", mended[3 * UNDO_TEXT + 1];

	if (!mac_addr_is_zero(&row->mac))
		mac_addr_text(&row->mac, mac);
	if (!ip_addr_is_zero(&row->ip))
		ip_addr_text(&row->ip, ip, false);
	csv_put(f, mac, ',');
	csv_put(f, row->permit ? "permit" : "deny", ',');
	csv_put(f, ip, ',');
	/* What a stranger called itself must not make the list unreadable. */
	utf8_mend(row->name, strlen(row->name), mended);
	csv_put(f, mended, ',');
	csv_put(f, row->host, '\n');
}

void undo_list_write(FILE *f, const struct undo_list *l)
{
	undo_list_head(f);
	for (unsigned i = 0; i < l->n; i++)
		undo_list_row(f, &l->rows[i]);
}
