#include "control/mitigator/recovery/playbook.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/wire/config.h"
#include "control/wire/file.h"

static const char *const kinds[] = {"assessment", "clean-up", "sample", "pattern", NULL};
static const char *const levels[] = {"warning", "danger", NULL};

const char *recovery_kind_text(enum recovery_kind k)
{
	return k < RECOVERY_KINDS ? kinds[k] : "unknown";
}

struct file_program {
	const char *name, *program;
	struct config_texts arguments;
};

struct file_task {
	const char *name, *program;
	int kind;
	uint64_t timeout, tries, valid;
	bool approve, roll_back;
};

struct file {
	const char *name;
	int at;
	uint64_t answer;
	struct config_items programs, tasks;
};

#define PROGRAM(m) offsetof(struct file_program, m)
#define TASK(m)	   offsetof(struct file_task, m)
#define FILE_AT(m) offsetof(struct file, m)

static const struct config_key program_keys[] = {
	{"name", CONFIG_TEXT, PROGRAM(name), .required = true, .max = PLAYBOOK_NAME - 1,
	 .help = "by which tasks call it"},
	{"program", CONFIG_TEXT, PROGRAM(program), .required = true, .max = PLAYBOOK_PATH - 1,
	 .help = "absolute path; one JSON object in, one out"},
	{"arguments", CONFIG_TEXTS, PROGRAM(arguments), "", .max = PLAYBOOK_ARGUMENTS,
	 .help = "its arguments"},
	{.name = NULL},
};

static const struct config_key task_keys[] = {
	{"name", CONFIG_TEXT, TASK(name), .required = true, .max = PLAYBOOK_NAME - 1,
	 .help = "of the task"},
	{"kind", CONFIG_WORD, TASK(kind), .required = true, .words = kinds,
	 .help = "assessment, clean-up, sample or pattern, in this order"},
	{"program", CONFIG_TEXT, TASK(program), .required = true, .max = PLAYBOOK_NAME - 1,
	 .help = "name of a program above"},
	{"timeout", CONFIG_UINT, TASK(timeout), "300", 1, 86400, .help = "seconds it may take"},
	{"tries", CONFIG_UINT, TASK(tries), "2", 1, 10, .help = "before it has failed"},
	{"valid", CONFIG_UINT, TASK(valid), "3600", 10, 604800,
	 .help = "seconds an order is good for, with all its tries"},
	{"approve", CONFIG_BOOL, TASK(approve), "false",
	 .help = "a person says yes first; of sample and pattern always"},
	{"roll-back", CONFIG_BOOL, TASK(roll_back), "false",
	 .help = "the program knows the verb undo: asked for when the task fails"},
	{.name = NULL},
};

static const struct config_key keys[] = {
	{"name", CONFIG_TEXT, FILE_AT(name), "unnamed", .max = 63, .help = "of the playbook"},
	{"at", CONFIG_WORD, FILE_AT(at), "danger", .words = levels,
	 .help = "incidents of this level and above: warning, danger"},
	{"answer", CONFIG_UINT, FILE_AT(answer), "259200", 60, 31536000,
	 .help = "seconds that a question waits for a person"},
	{"programs", CONFIG_ITEMS, FILE_AT(programs), .max = PLAYBOOK_PROGRAMS,
	 .keys = program_keys, .size = sizeof(struct file_program),
	 .help = "who carries tasks out"},
	{"tasks", CONFIG_ITEMS, FILE_AT(tasks), .max = PLAYBOOK_TASKS, .keys = task_keys,
	 .size = sizeof(struct file_task), .help = "one after the other"},
	{.name = NULL},
};

const struct playbook_program *playbook_program(const struct playbook *p, const char *name)
{
	for (unsigned i = 0; i < p->programs_n; i++) {
		if (strcmp(p->programs[i].name, name) == 0)
			return &p->programs[i];
	}
	return NULL;
}

static int take_program(struct playbook *p, const struct file_program *f, struct errmsg *e)
{
	struct playbook_program *to = &p->programs[p->programs_n];

	if (f->program[0] != '/')
		return errmsg_set(e, ERR_INVALID, "program \"%s\": \"%.100s\" is no absolute path",
				  f->name, f->program);
	if (playbook_program(p, f->name))
		return errmsg_set(e, ERR_INVALID, "two programs are named \"%s\"", f->name);
	snprintf(to->name, sizeof(to->name), "%s", f->name);
	snprintf(to->path, sizeof(to->path), "%s", f->program);
	for (size_t i = 0; i < f->arguments.n; i++) {
		if (strlen(f->arguments.items[i]) >= sizeof(to->arguments[0]))
			return errmsg_set(e, ERR_INVALID,
					  "program \"%s\": an argument is longer "
					  "than %zu bytes",
					  f->name, sizeof(to->arguments[0]) - 1);
		snprintf(to->arguments[to->arguments_n++], sizeof(to->arguments[0]), "%s",
			 f->arguments.items[i]);
	}
	p->programs_n++;
	return 0;
}

static int take_task(struct playbook *p, const struct file_task *f, struct errmsg *e)
{
	struct playbook_task *to = &p->tasks[p->tasks_n];

	if (!playbook_program(p, f->program))
		return errmsg_set(e, ERR_INVALID, "task \"%s\": there is no program \"%s\"",
				  f->name, f->program);
	for (unsigned i = 0; i < p->tasks_n; i++) {
		if (strcmp(p->tasks[i].name, f->name) == 0)
			return errmsg_set(e, ERR_INVALID, "two tasks are named \"%s\"", f->name);
		if ((int)p->tasks[i].kind > f->kind)
			return errmsg_set(
				e, ERR_INVALID, "task \"%s\": %s comes before %s (\"%s\")", f->name,
				kinds[f->kind], kinds[p->tasks[i].kind], p->tasks[i].name);
	}
	if (f->timeout > f->valid)
		return errmsg_set(
			e, ERR_INVALID,
			"task \"%s\": it may take longer (timeout) than its order is good "
			"for (valid)",
			f->name);
	*to = (struct playbook_task){.kind = (enum recovery_kind)f->kind,
				     .timeout_s = (uint32_t)f->timeout,
				     .tries = (uint32_t)f->tries,
				     .valid_s = (uint32_t)f->valid,
				     .approve = f->approve || f->kind >= RECOVERY_SAMPLE,
				     .roll_back = f->roll_back};
	snprintf(to->name, sizeof(to->name), "%s", f->name);
	snprintf(to->program, sizeof(to->program), "%s", f->program);
	p->tasks_n++;
	return 0;
}

static int take(const struct file *f, struct playbook *p, struct errmsg *e)
{
	const struct file_program *programs = f->programs.items;
	const struct file_task *tasks = f->tasks.items;
	int rc = 0;

	snprintf(p->name, sizeof(p->name), "%s", f->name);
	p->at = f->at ? LEVEL_DANGER : LEVEL_WARNING;
	p->answer_s = (uint32_t)f->answer;
	for (size_t i = 0; i < f->programs.n && rc == 0; i++)
		rc = take_program(p, &programs[i], e);
	for (size_t i = 0; i < f->tasks.n && rc == 0; i++)
		rc = take_task(p, &tasks[i], e);
	return rc;
}

struct playbook *playbook_parse(const char *yaml, size_t len, const char *name, struct errmsg *e)
{
	struct playbook *p = calloc(1, sizeof(*p));
	struct file f;
	struct config *c = config_parse(keys, yaml, len, name, &f, sizeof(f), e);
	struct errmsg why = {"no memory"};

	if (!p || !c || take(&f, p, &why) < 0) {
		if (c)
			errmsg_set(e, ERR_INVALID, "%s: %.400s", name, why.text);
		free(p);
		p = NULL;
	}
	config_free(c);
	return p;
}

struct playbook *playbook_load(const char *path, struct errmsg *e)
{
	struct slice s = SLICE("", 0);
	struct playbook *p;

	if (path[0] && file_read(path, PLAYBOOK_BYTES, &s, e) < 0)
		return NULL;
	p = playbook_parse((const char *)s.data, s.len, path[0] ? path : "built-in", e);
	if (path[0])
		free((void *)(uintptr_t)s.data);
	return p;
}
