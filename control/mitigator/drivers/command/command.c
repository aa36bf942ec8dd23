#include "control/mitigator/drivers/command/command.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/run.h"
#include "dataplane/base/json.h"

static const char *const verbs[] = {
	[DRIVER_APPLY] = "apply",
	[DRIVER_RELEASE] = "release",
	[DRIVER_LIST] = "list",
};

static void write_target(struct json *j, const struct driver_order *o)
{
	char mac[MAC_ADDR_TEXT], ip[IP_ADDR_TEXT], prefix[IP_PREFIX_TEXT];

	json_text(j, "mac",
		  mac_addr_is_zero(&o->target.mac) ? "" : mac_addr_text(&o->target.mac, mac));
	json_open_array(j, "ips");
	for (unsigned i = 0; i < o->target.ips_n; i++)
		json_text(j, NULL, ip_addr_text(&o->target.ips[i], ip, false));
	json_array_end(j);
	json_uint(j, "vlan", o->target.vlan);
	json_text(j, "switch", o->target.switch_name);
	json_text(j, "port", o->target.switch_port);
	json_open_array(j, "exempt");
	for (unsigned i = 0; i < o->exempts_n; i++) {
		json_text(j, NULL, ip_prefix_text(&o->exempts[i].addr, o->exempts[i].bits, prefix));
	}
	json_array_end(j);
}

long command_order_write(const struct driver_order *o, char *ret, size_t cap)
{
	struct json j;

	json_init(&j, ret, cap);
	json_open_object(&j, NULL);
	json_text(&j, "verb", verbs[o->verb]);
	json_uint(&j, "cut", o->cut);
	json_text(&j, "command_id", o->command_id);
	write_target(&j, o);
	json_uint(&j, "lease_expires", o->lease_expires);
	json_text(&j, "cause", command_cause_text(o->cause));
	json_text(&j, "threat_id", o->threat_id);
	json_text(&j, "reason", o->reason);
	json_end(&j);
	return json_finish(&j);
}

static void run(const struct driver_config *c, const struct driver_order *o,
		struct driver_answer *scratch, struct driver_sink *sink)
{
	const char *argv[DRIVER_ARGUMENTS + 2] = {c->program};
	char *in = malloc(COMMAND_TEXT_MAX), *out = malloc(COMMAND_TEXT_MAX);
	struct run_result r = {.output = out, .cap = COMMAND_TEXT_MAX};
	struct errmsg e = {""};
	int rc = ERR_NOMEM;
	long n;

	for (unsigned i = 0; i < c->arguments_n; i++)
		argv[i + 1] = c->arguments[i];
	if (o->verb > DRIVER_LIST) {
		driver_say(sink, scratch, DRIVER_REFUSED, "a command has no port table");
	} else if (in && out && (n = command_order_write(o, in, COMMAND_TEXT_MAX)) >= 0) {
		rc = run_program(argv, SLICE(in, (size_t)n), c->timeout_ms, &r, &e);
		if (rc == 0 && r.status != 0)
			rc = errmsg_set(&e, ERR_IO, "%s ended with status %d", c->program,
					r.status);
		if (rc == 0)
			rc = command_answer_read(out, r.len, scratch, &e);
		if (rc == 0)
			sink->answer(sink, scratch);
		else
			driver_say(sink, scratch, rc == ERR_AGAIN ? DRIVER_AWAY : DRIVER_FAILED,
				   "%s", e.text);
	} else {
		driver_say(sink, scratch, DRIVER_FAILED, "the order does not fit");
	}
	free(in);
	free(out);
}

static int check(const struct driver_config *c, struct errmsg *e)
{
	if (c->program[0] != '/' || access(c->program, X_OK) < 0)
		return errmsg_set(e, ERR_INVALID,
				  "driver %s: program must be the absolute path of a program that "
				  "can be run",
				  c->name);
	return 0;
}

const struct driver_desc driver_command = {
	.name = "command",
	.summary = "the operator's own program, JSON in and out",
	.place = DRIVER_HELPER,
	.holds = true,
	.list_ms = 30000,
	.check = check,
	.run = run,
};
