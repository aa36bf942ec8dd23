#include "dataplane/base/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "dataplane/base/sandbox_lists.h"

const char *sandbox_name(enum sandbox_list list)
{
	return sandbox_rows[list].name;
}

#ifndef BANKEN_SANDBOX_BUILT

enum sandbox_state sandbox_state(void)
{
	return SANDBOX_NOT_BUILT;
}

int sandbox_enter(enum sandbox_list list, const char *name, struct errmsg *e)
{
	return ERR_OK;
}

int sandbox_supervise(enum sandbox_list list, const char *name, struct errmsg *e)
{
	return ERR_OK;
}

#else

#include <seccomp.h>

enum {
	NUMBERS = 512, /* names are known up to here */
	NAME = 28,
	/* Calls that came after this libseccomp: "not there", as an older kernel says. */
	NEW_FIRST = 450,
	NEW_LAST = 511,
	W_X = PROT_WRITE | PROT_EXEC,
};

/* All that the handler of a forbidden call touches; written before the list is entered. */
struct last_words {
	char name[NUMBERS][NAME];
	char program[32];
};
static struct last_words *last_words;

enum sandbox_state sandbox_state(void)
{
	const char *word = getenv("BANKEN_SANDBOX");

	if (word && strcmp(word, "log") == 0)
		return SANDBOX_LOGS;
	return word && strcmp(word, "off") == 0 ? SANDBOX_OFF : SANDBOX_KILLS;
}

/* --- a forbidden call --- */

static size_t append(char *line, size_t at, size_t cap, const char *text)
{
	while (*text && at + 1 < cap)
		line[at++] = *text++;
	return at;
}

static size_t append_number(char *line, size_t at, size_t cap, unsigned number)
{
	char digits[12];
	size_t n = sizeof(digits) - 1;

	digits[n] = 0;
	do {
		digits[--n] = (char)('0' + number % 10);
		number /= 10;
	} while (number);
	return append(line, at, cap, digits + n);
}

static void on_forbidden(int signal_number, siginfo_t *info, void *context)
{
	unsigned number = (unsigned)info->si_syscall;
	const char *name = number < NUMBERS ? last_words->name[number] : "";
	char line[160];
	size_t n = append(line, 0, sizeof(line), last_words->program);

	n = append(line, n, sizeof(line), ": forbidden system call ");
	n = append(line, n, sizeof(line), *name ? name : "of an unknown name");
	n = append(line, n, sizeof(line), " (");
	n = append_number(line, n, sizeof(line), number);
	n = append(line, n, sizeof(line), "): the process ends here\n");
	(void)!write(2, line, n);
	signal(signal_number, SIG_DFL);
	/* Blocked until the handler returns: made free, then raised. Where the list forbids to
	 * touch this signal, the line above has ended the process already. */
	sigset_t one;

	sigemptyset(&one);
	sigaddset(&one, signal_number);
	sigprocmask(SIG_UNBLOCK, &one, NULL);
	raise(signal_number);
	_exit(128 + signal_number);
}

static int prepare_last_words(const char *program, struct errmsg *e)
{
	struct sigaction action = {.sa_sigaction = on_forbidden, .sa_flags = SA_SIGINFO};
	struct last_words *w = last_words ? last_words : calloc(1, sizeof(*w));

	if (!w)
		return errmsg_set(e, ERR_NOMEM, "no memory for the sandbox");
	snprintf(w->program, sizeof(w->program), "%s", program);
	for (int i = 0; i < NUMBERS && !last_words; i++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, i);

		if (name)
			snprintf(w->name[i], NAME, "%.27s", name);
		free(name);
	}
	last_words = w;
	sigaction(SIGSYS, &action, NULL);
	return ERR_OK;
}

/* --- rules --- */

/* Calls that this architecture lacks are no matter. */
static int add(scmp_filter_ctx ctx, uint32_t action, const char *name)
{
	int number = seccomp_syscall_resolve_name(name);
	int rc = number >= 0 ? seccomp_rule_add(ctx, action, number, 0) : 0;

	/* The default action needs no rule. */
	return rc == -EACCES ? 0 : rc;
}

static int add_all(scmp_filter_ctx ctx, uint32_t action, const char *const *names)
{
	int rc = 0;

	for (; *names && rc == 0; names++)
		rc = add(ctx, action, *names);
	return rc;
}

static int add_groups(scmp_filter_ctx ctx, unsigned groups)
{
	int rc = 0;

	for (unsigned i = 0; i < CALLS_GROUPS && rc == 0; i++) {
		if (groups & 1u << i)
			rc = add_all(ctx, SCMP_ACT_ALLOW, sandbox_groups[i]);
	}
	return rc;
}

/* Memory is written or executed, not both. Who asks is told no, and does without. */
static int add_memory(scmp_filter_ctx ctx, bool jit)
{
	static const int calls[] = {SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(pkey_mprotect)};
	int rc = 0;

	for (unsigned i = 0; i < 3 && rc == 0; i++) {
		uint64_t bad = i == 0 ? W_X : PROT_EXEC;

		if (jit) {
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
			continue;
		}
		rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls[i], 1,
				      SCMP_A2(SCMP_CMP_MASKED_EQ, bad, bad));
		for (uint64_t good = 0; good < bad && rc == 0; good += i == 0 ? 2 : bad)
			rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 1,
					      SCMP_A2(SCMP_CMP_MASKED_EQ, bad, good));
	}
	return rc;
}

static int add_domain(scmp_filter_ctx ctx, uint32_t action, enum scmp_compare how, uint64_t domain)
{
	return seccomp_rule_add(ctx, action, SCMP_SYS(socket), 1, SCMP_CMP64(0, how, domain));
}

/* A packet socket ends the process; other families that libraries try are not there. */
static int add_families(scmp_filter_ctx ctx, bool only_local)
{
	int rc = 0;

	for (uint64_t d = 0; d < AF_PACKET && rc == 0; d++) {
		bool ours = d == AF_UNIX ||
			    (!only_local && (d == AF_INET || d == AF_INET6 || d == AF_NETLINK));

		rc = add_domain(ctx, ours ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EAFNOSUPPORT),
				SCMP_CMP_EQ, d);
	}
	return rc ? rc : add_domain(ctx, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_CMP_GT, AF_PACKET);
}

static int add_sockets(scmp_filter_ctx ctx, const struct sandbox_row *row)
{
	int rc = 0;

	if (row->sockets == SOCKETS_ASK) {
		rc = seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(socket), 2,
				      SCMP_A0(SCMP_CMP_EQ, AF_INET),
				      SCMP_A1(SCMP_CMP_MASKED_EQ, 0xf, SOCK_DGRAM));
		if (rc == 0)
			rc = add_domain(ctx, SCMP_ACT_ALLOW, SCMP_CMP_EQ, AF_NETLINK);
	} else if (row->sockets != SOCKETS_NONE) {
		rc = add_families(ctx, row->sockets == SOCKETS_LOCAL);
	}
	if (rc || !(row->groups & CALLS_SOCKETS))
		return rc;
	/* Without a right to dial, what is sent goes where the socket is bound already. */
	return row->groups & CALLS_CONNECT
		       ? seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 0)
		       : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 1,
					  SCMP_A4(SCMP_CMP_EQ, 0));
}

/* Threads by clone, whose flags can be read; clone3, whose flags cannot, is "not there". */
static int add_threads(scmp_filter_ctx ctx)
{
	int rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	return rc ? rc
		  : seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
				     SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD));
}

/* What a program started from here does with signals is its own matter. */
static int add_signals(scmp_filter_ctx ctx, unsigned groups)
{
	if (groups & CALLS_PROCESSES)
		return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 0);
	return seccomp_rule_add(ctx, SCMP_ACT_ALLOW, SCMP_SYS(rt_sigaction), 1,
				SCMP_A0(SCMP_CMP_NE, SIGSYS));
}

static int add_new(scmp_filter_ctx ctx)
{
	int rc = add_all(ctx, SCMP_ACT_ERRNO(ENOSYS), sandbox_absent);

	for (int number = NEW_FIRST; number <= NEW_LAST && rc == 0; number++) {
		char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);

		if (!name) /* what has a name is in the lists, or forbidden */
			rc = seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), number, 0);
		free(name);
	}
	return rc;
}

static int add_rules(scmp_filter_ctx ctx, const struct sandbox_row *row)
{
	int rc;

	if (row->open)
		return add_all(ctx, SCMP_ACT_ERRNO(EPERM), sandbox_refused);
	rc = add_groups(ctx, row->groups);
	if (rc == 0 && row->told_no)
		rc = add_all(ctx, SCMP_ACT_ERRNO(EPERM), row->told_no);
	if (rc == 0)
		rc = add_memory(ctx, row->jit);
	if (rc == 0)
		rc = add_sockets(ctx, row);
	if (rc == 0 && !(row->groups & (CALLS_PROCESSES | CALLS_COMPUTE)))
		rc = add_threads(ctx);
	if (rc == 0)
		rc = add_signals(ctx, row->groups);
	return rc ? rc : add_new(ctx);
}

/* A forbidden call traps, so that it can be named; the handler ends the process. */
static int load(const struct sandbox_row *row, struct errmsg *e)
{
	uint32_t action = row->open			    ? SCMP_ACT_ALLOW
			  : sandbox_state() == SANDBOX_LOGS ? SCMP_ACT_LOG
							    : SCMP_ACT_TRAP;
	scmp_filter_ctx ctx = seccomp_init(action);
	int rc = ctx ? add_rules(ctx, row) : -ENOMEM;

	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_TSYNC, 1);
	if (rc == 0)
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0) /* older kernels would slow the whole process down */
		rc = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_SSB, 1);
	if (rc < 0) {
		seccomp_release(ctx);
		return errmsg_set(e, ERR_IO, "the sandbox \"%s\" cannot be made: %s", row->name,
				  strerror(-rc));
	}
	rc = seccomp_load(ctx);
	seccomp_release(ctx);
	if (rc == -EINVAL || rc == -ENOSYS || rc == -EOPNOTSUPP)
		return errmsg_set(e, ERR_UNSUPPORTED,
				  "this kernel has no seccomp (%s): no system call is forbidden",
				  strerror(-rc));
	return rc ? errmsg_set(e, ERR_IO, "the sandbox \"%s\" is refused: %s", row->name,
			       strerror(-rc))
		  : ERR_OK;
}

int sandbox_enter(enum sandbox_list list, const char *name, struct errmsg *e)
{
	const struct sandbox_row *row = &sandbox_rows[list];
	int rc = ERR_OK;

	if (sandbox_state() == SANDBOX_OFF)
		return ERR_OK;
	if (!row->open)
		rc = prepare_last_words(name, e);
	return rc ? rc : load(row, e);
}

int sandbox_supervise(enum sandbox_list list, const char *name, struct errmsg *e)
{
	struct sandbox_row row = sandbox_rows[list];
	int rc;

	if (sandbox_state() == SANDBOX_OFF || row.open)
		return ERR_OK; /* those that it starts enter it */
	row.groups |= CALLS_BASE | CALLS_PROCESSES;
	rc = prepare_last_words(name, e);
	return rc ? rc : load(&row, e);
}

#endif
