#include "control/cli/keys.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/ca.h"

enum { CA_DAYS = 3650, CERT_DAYS = 397, DAYS_MAX = 36500 };

static const char usage[] =
	"usage: banken keys init DIR [--site NAME] [--days N]\n"
	"       banken keys issue DIR --role ROLE --name NAME --out FOLDER [--days N]\n"
	"\n"
	"init   makes the site's CA in DIR (ca.crt, ca.key); an existing one is never touched\n"
	"issue  makes FOLDER with ca.crt, own.crt and own.key for one program;\n"
	"       ROLE is sensor, mitigator, enforcer or centre\n"
	"\n"
	"examples:\n"
	"  banken keys init /etc/banken/ca --site 'Osaka works'\n"
	"  banken keys issue /etc/banken/ca --role sensor --name sensor-1 --out "
	"/etc/banken/sensor-1\n";

struct options {
	const char *site, *role, *name, *out;
	unsigned days;
};

static int wrong(const char *sentence)
{
	fprintf(stderr, "banken keys: %s\n%s", sentence, usage);
	return 2;
}

static int failed(const struct errmsg *e)
{
	fprintf(stderr, "banken keys: %s\n", e->text);
	return 1;
}

static bool parse_days(const char *text, unsigned *ret)
{
	char *end;
	long n = strtol(text, &end, 10);

	*ret = (unsigned)n;
	return end != text && *end == '\0' && n >= 1 && n <= DAYS_MAX;
}

static int parse(int argc, char **argv, struct options *ret)
{
	static const struct option longs[] = {
		{"site", required_argument, NULL, 's'},
		{"role", required_argument, NULL, 'r'},
		{"name", required_argument, NULL, 'n'},
		{"out", required_argument, NULL, 'o'},
		{"days", required_argument, NULL, 'd'},
		{"help", no_argument, NULL, 'h'},
		{0},
	};

	optind = 1;
	for (int c; (c = getopt_long(argc, argv, "h", longs, NULL)) != -1;) {
		if (c == 's')
			ret->site = optarg;
		else if (c == 'r')
			ret->role = optarg;
		else if (c == 'n')
			ret->name = optarg;
		else if (c == 'o')
			ret->out = optarg;
		else if (c == 'd' && !parse_days(optarg, &ret->days))
			return wrong("--days is a whole number from 1 to 36500");
		else if (c == 'h')
			return -1;
		else if (c == '?')
			return 2;
	}
	return 0;
}

static int init(const char *dir, const struct options *o)
{
	struct errmsg e = {0};

	if (ca_create(dir, o->site ? o->site : "Banken site",
		      ca_validity_days(o->days ? o->days : CA_DAYS), &e))
		return failed(&e);
	printf("CA made in %s; keep %s/ca.key where only you can read it\n", dir, dir);
	return 0;
}

static int issue(const char *dir, const struct options *o)
{
	struct ca_order order = {o->role ? role_parse(o->role) : ROLE_NONE, o->name,
				 ca_validity_days(o->days ? o->days : CERT_DAYS)};
	struct errmsg e = {0};
	struct ca *ca;
	int rc;

	if (!o->role || !o->name || !o->out)
		return wrong("issue needs --role, --name and --out");
	ca = ca_open(dir, &e);
	if (!ca)
		return failed(&e);
	rc = ca_issue(ca, &order, o->out, &e);
	ca_close(ca);
	if (rc)
		return failed(&e);
	printf("%s %s may speak with the keys in %s\n", role_text(order.role), o->name, o->out);
	return 0;
}

int cmd_keys(int argc, char **argv)
{
	struct options o = {0};
	int rc = parse(argc, argv, &o);

	if (rc < 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (rc)
		return rc;
	if (argc - optind != 2)
		return wrong("say init or issue, and the CA's folder");
	if (strcmp(argv[optind], "init") == 0)
		return init(argv[optind + 1], &o);
	if (strcmp(argv[optind], "issue") == 0)
		return issue(argv[optind + 1], &o);
	return wrong("say init or issue");
}
