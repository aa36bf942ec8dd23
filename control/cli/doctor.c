/* banken doctor: looks at everything on this machine and says what is wrong and what to do. */
#include "control/cli/doctor.h"

#include <stdarg.h>
#include <string.h>
#include <unistd.h>

#include "control/helper/run.h"

const char *const doctor_programs[] = {"dataplane", "control", "mitigator",
				       "enforcer",  "centre",  NULL};

static const char *const level_words[] = {"ok", "note", "bad"};

void doctor_find(struct doctor *d, enum doctor_level level, const char *check, const char *where,
		 const struct doctor_words *words, ...)
{
	char what[512];
	va_list ap;

	va_start(ap, words);
	vsnprintf(what, sizeof(what), d->japanese ? words->japanese : words->english, ap);
	va_end(ap);
	d->bad += level == DOCTOR_BAD;
	d->notes += level == DOCTOR_NOTE;
	json_array_append_new(
		d->findings,
		json_pack("{ss ss so ss ss}", "check", check, "level", level_words[level], "what",
			  json_stringn_nocheck(what, strlen(what)), "where", where, "do",
			  d->japanese ? words->do_japanese : words->do_english));
}

bool doctor_has(const struct doctor *d, const char *program, char *path, size_t cap)
{
	snprintf(path, cap, "%s/%s.yaml", d->config_folder, program);
	return access(path, F_OK) == 0;
}

/* The value behind `key:` at the start of a line within `text`; quotes go. */
static bool value_of(const char *text, const char *key, char *ret, size_t cap)
{
	size_t len = strlen(key);

	for (const char *line = text; line; line = strchr(line, '\n')) {
		const char *value, *end;

		line += *line == '\n';
		if (strncmp(line, key, len) != 0 || line[len] != ':')
			continue;
		value = line + len + 1;
		value += strspn(value, " \"");
		end = value + strcspn(value, "\"\n");
		snprintf(ret, cap, "%.*s", (int)(end - value), value);
		return true;
	}
	return false;
}

void doctor_key(const struct doctor *d, const char *program, const char *key, char *ret, size_t cap)
{
	static char output[65536]; /* too large for the stack */
	struct run_result r = {.output = output, .cap = sizeof(output)};
	char name[64], path[600], file[512], wanted[64], group[64] = "";
	const char *dot = strchr(key, '.'), *from = output;
	struct errmsg e;

	ret[0] = 0;
	if (!doctor_has(d, program, file, sizeof(file)))
		return;
	snprintf(name, sizeof(name), "banken-%s", program);
	cli_program(d->cli, name, path, sizeof(path));
	if (run_program((const char *[]){path, "-c", file, "--print-config", NULL}, SLICE(NULL, 0),
			10000, &r, &e) < 0 ||
	    r.status)
		return;
	snprintf(wanted, sizeof(wanted), "%s%s", dot ? "  " : "", dot ? dot + 1 : key);
	if (dot) {
		snprintf(group, sizeof(group), "\n%.*s:", (int)(dot - key), key);
		from = strstr(output, group);
		from = from ? from + 1 : NULL;
	}
	if (from)
		(void)value_of(from, wanted, ret, cap);
}

/* --- words --- */

static void print(const struct doctor *d)
{
	static const char *const shown[][2] = {
		{"ok  ", "正常"}, {"note", "注意"}, {"BAD ", "異常"}};
	const json_t *f;
	size_t i;

	json_array_foreach(d->findings, i, f)
	{
		const char *level = cli_text(f, "level"), *todo = cli_text(f, "do");
		int at = strcmp(level, "ok") == 0 ? 0 : strcmp(level, "note") == 0 ? 1 : 2;

		printf("%s  %-10s %s: %s\n", shown[at][d->japanese], cli_text(f, "check"),
		       cli_text(f, "where"), cli_text(f, "what"));
		if (at && todo[0])
			printf("                 %s %s\n", d->japanese ? "対処:" : "do:", todo);
	}
	printf(d->japanese ? "検査 %zu 件、異常 %u 件、注意 %u 件\n"
			   : "%zu looked at, %u bad, %u to note\n",
	       json_array_size(d->findings), d->bad, d->notes);
}

static json_t *status_of(const struct doctor *d, const char *program)
{
	char path[512], name[64];
	struct errmsg e;

	if (!doctor_has(d, program, path, sizeof(path)))
		return NULL;
	snprintf(name, sizeof(name), "banken-%s", program);
	return cli_ask_quietly(d->cli, name, json_pack("{ss}", "do", "status"), &e);
}

static bool take_options(struct doctor *d, int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--japanese") == 0)
			d->japanese = true;
		else if (strcmp(argv[i], "--config-folder") == 0 && i + 1 < argc)
			d->config_folder = argv[++i];
		else
			return false;
	}
	return true;
}

static void look(struct doctor *d)
{
	static void (*const checks[])(struct doctor *) = {
		doctor_running, doctor_mirror, doctor_spools, doctor_links, doctor_rules,
		doctor_drivers, doctor_mail,   doctor_keys,   doctor_files, doctor_disks,
		doctor_clock,	doctor_zone,   doctor_memory, doctor_cores};

	d->control = status_of(d, "control");
	d->mitigator = status_of(d, "mitigator");
	d->enforcer = status_of(d, "enforcer");
	d->centre = status_of(d, "centre");
	for (size_t i = 0; i < ARRAY_SIZE(checks); i++)
		checks[i](d);
	json_decref(d->control);
	json_decref(d->mitigator);
	json_decref(d->enforcer);
	json_decref(d->centre);
}

int cmd_doctor(const struct cli *cli, int argc, char **argv)
{
	struct doctor d = {.cli = cli, .config_folder = "/etc/banken"};
	json_t *answer;

	if (!take_options(&d, argc, argv))
		return cli_fail(2,
				"doctor [--config-folder DIR] [--japanese]; banken doctor --help");
	d.findings = json_array();
	look(&d);
	answer = json_pack("{sI sI sO}", "bad", (json_int_t)d.bad, "notes", (json_int_t)d.notes,
			   "findings", d.findings);
	if (!cli_json(cli, answer))
		print(&d);
	json_decref(answer);
	json_decref(d.findings);
	return d.bad ? 1 : 0;
}
