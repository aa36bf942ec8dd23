/* banken-control: takes what the dataplane finds, keeps it until it is received, reports it to the
 * mitigator and the centre, and carries the mitigator's orders to the dataplane. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/privs.h"
#include "control/sensor/control.h"
#include "control/wire/enrol/ask.h"
#include "control/wire/program.h"

#ifndef BANKEN_VERSION
#define BANKEN_VERSION "0.1.0"
#endif

static const char usage[] =
	"usage: banken-control [-c FILE] [--set key=value]... [--print-config] [--check]\n"
	"\n"
	"  -c FILE          configuration (YAML); without it the defaults hold\n"
	"  --set key=value  overrides one key, e.g. --set mitigator.address=10.0.0.5:7443\n"
	"  --print-config   prints the configuration with its help and ends\n"
	"  --check          checks configuration and keys and ends\n"
	"  --version\n"
	"\n"
	"example:\n"
	"  banken-control --set keys-folder=/etc/banken/sensor-1 --set "
	"mitigator.address=10.0.0.5:7443\n";

static int fail(const char *sentence)
{
	fprintf(stderr, "banken-control: %s\n", sentence);
	return 2;
}

static void on_signal(void *ctx, uint32_t number)
{
	struct control *c = ctx;

	log_info(c->log, "stopping: %s", strsignal((int)number));
	loop_stop(c->loop);
}

static int drop_rights(const struct conf *conf, struct errmsg *e)
{
	int rc = privs_own_folder(conf->statedir, conf->user, e);

	if (rc == 0)
		rc = privs_become(conf->user, 0, false, e);
	if (rc == 0)
		rc = privs_confine(SANDBOX_CONTROL, "banken-control", e);
	return rc;
}

static int serve(struct control *c, struct errmsg *e)
{
	static const int signals[] = {SIGTERM, SIGINT};
	int rc;

	c->loop = loop_new(e);
	if (!c->loop)
		return ERR_IO;
	rc = loop_signals(c->loop, signals, 2, on_signal, c);
	if (rc == 0)
		rc = control_start(c, e);
	if (rc == 0) {
		steer_works(c->conf, c->log);
		log_info(c->log, "sensor %s of %s started", tls_keys_identity(c->keys)->name,
			 tls_keys_identity(c->keys)->site);
		presence_begin(&c->presence, c->loop, "reads the dataplane's records");
		rc = loop_run(c->loop);
	}
	presence_end(&c->presence);
	control_stop(c);
	loop_delete(c->loop);
	return rc;
}

/* Once, and again whenever the centre has another configuration for us; what does not start is
 * taken back. */
static int serve_steered(struct tls_keys *keys, const struct conf *base, struct config *memory,
			 const struct helper *bundles, const struct forward_ways *ways,
			 struct errmsg *e)
{
	struct log log = {"banken-control", LOG_LEVEL_INFO, 2};
	struct steer_try try = {.failed = ""};
	struct conf conf = *base;
	bool again = true;
	int rc = 0;

	while (again) {
		struct control c = {.conf = &conf,
				    .log = &log,
				    .keys = keys,
				    .try = &try,
				    .bundles = *bundles,
				    .ways = ways};

		steer_apply(base, memory, &conf, &log, &try);
		log.level = (enum log_level)conf.log_level;
		rc = serve(&c, e);
		again = c.again;
		if (rc && steer_take_back(&conf, e->text, &try))
			again = true;
	}
	return rc;
}

/* The folders are its user's, where there is one to become. */
static int start_bundles(const struct conf *conf, struct helper *ret, struct errmsg *e)
{
	if (conf->user[0] && getuid() == 0) {
		(void)privs_own_folder(conf->bundle.folder, conf->user, NULL);
		if (access(conf->bundle.lists, F_OK) != 0)
			(void)privs_own_folder(conf->bundle.lists, conf->user, NULL);
	}
	return deployed_helper(conf->bundle.folder, conf->bundle.keys, conf->bundle.lists,
			       conf->user, ret, e);
}

static int run(const struct conf *conf, struct config *memory, bool check)
{
	struct log log = {"banken-control", (enum log_level)conf->log_level, 2};
	struct tls_keys *keys = NULL;
	struct helper bundles = {.fd = -1};
	struct forward_ways ways = {.n = 0};
	struct errmsg e = {0};
	int rc;

	signal(SIGPIPE, SIG_IGN);
	/* Without it rules are installed by hand alone. */
	if (!check && start_bundles(conf, &bundles, &e)) {
		log_warn(&log, "bundles: %s", e.text);
		bundles = (struct helper){.fd = -1};
	}
	rc = forward_parse(conf->forward.to, &ways, &e);
	if (rc == 0 && !check)
		rc = forward_helpers(&ways, conf->forward.ca_file, conf->user, &e);
	if (rc == 0 && !check)
		rc = drop_rights(conf, &e);
	if (rc == 0 && !check)
		rc = enrol_at_start(conf->enrolment_code, conf->centre.address, conf->keys,
				    ROLE_SENSOR, &log, &e);
	if (rc == 0) {
		keys = tls_keys_load(conf->keys, ROLE_SENSOR, &e);
		rc = keys ? 0 : ERR_INVALID;
	}
	if (rc == 0)
		tls_keys_sites(keys, conf->sites.items, conf->sites.n);
	if (rc == 0 && !check)
		rc = serve_steered(keys, conf, memory, &bundles, &ways, &e);
	tls_keys_free(keys);
	if (bundles.fd >= 0)
		helper_stop(&bundles);
	forward_helpers_stop(&ways);
	if (rc)
		return fail(e.text[0] ? e.text : "the event loop failed");
	if (check)
		puts("configuration and keys are right");
	return 0;
}

int main(int argc, char **argv)
{
	bool check = false;
	const struct program program = {"banken-control", BANKEN_VERSION, usage, conf_keys, &check};
	struct config *config;
	struct conf conf;
	int status = 2;

	config = program_start(&program, argc, argv, &conf, sizeof(conf), &status);
	if (config)
		status = run(&conf, config, check);
	config_free(config);
	return status;
}
