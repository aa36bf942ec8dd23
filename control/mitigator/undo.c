/* The list kept before each cut (Q11): who was permitted then, as <threat>-<YYYYMMDDhhmmss>.csv. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/mitigator/mitigator.h"
#include "dataplane/base/clock.h"

/* Quotes where CSV needs it (RFC 4180), and takes the edge off formulas of spreadsheets. */
static void field(FILE *f, const char *text, char end)
{
	if (text[strcspn(text, ",\"\r\n")] || (text[0] && strchr("=+-@", text[0]))) {
		fputc('"', f);
		if (strchr("=+-@", text[0]))
			fputc('\'', f);
		for (; *text; text++) {
			if (*text == '"')
				fputc('"', f);
			fputc(*text, f);
		}
		fputc('"', f);
	} else {
		fputs(text, f);
	}
	fputc(end, f);
}

static void row(struct mitigator *m, FILE *f, const struct host *h)
{
	const struct host_ident i = host_ident_of(h);
	struct cut *c = cuts_of_host(m->decide.cuts, h->id);
	bool denied = c && cut_state_in_force(c->state);
	char mac[MAC_ADDR_TEXT], ip[IP_ADDR_TEXT];

	field(f, mac_addr_text(&h->mac, mac), ',');
	field(f, denied ? "deny" : "permit", ',');
	field(f, ip_addr_text(&i.ip, ip, false), ',');
	field(f, h->name, ',');
	field(f, h->id, '\n');
}

static int write_list(struct mitigator *m, int fd)
{
	FILE *f = fdopen(fd, "w");
	int rc;

	if (!f) {
		close(fd);
		return ERR_IO;
	}
	fputs("mac,network,ip,name,host\n", f);
	for (unsigned i = 0; i < hosts_count(m->decide.hosts); i++) {
		struct host *h = hosts_at(m->decide.hosts, i);

		if (!mac_addr_is_zero(&h->mac))
			row(m, f, h);
	}
	rc = ferror(f) || fflush(f) ? ERR_IO : 0;
	return fclose(f) || rc ? ERR_IO : 0;
}

void undo_keep(struct mitigator *m, const struct cut *c)
{
	time_t seconds = (time_t)(mitigator_now(m).wall / NS_PER_SEC);
	char path[768], stamp[32];
	struct tm tm;
	int fd;

	gmtime_r(&seconds, &tm);
	strftime(stamp, sizeof(stamp), "%Y%m%d%H%M%S", &tm);
	snprintf(path, sizeof(path), "%s/%.60s-%s.csv", m->undo_folder, c->threat_id, stamp);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0640);
	/* Hosts that one threat has cut within the same second share the list. */
	if (fd < 0 && errno == EEXIST)
		return;
	if (fd < 0 || write_list(m, fd) < 0)
		log_error(&m->log, "%s is not kept: %s", path, strerror(errno));
}
