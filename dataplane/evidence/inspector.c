#include "dataplane/evidence/inspector.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "dataplane/base/cursor.h"
#include "dataplane/base/sandbox.h"

enum {
	HEAD = 8,	    /* of a message: length, kind, job */
	KIND_BEGUN = 65535, /* the file was taken up; no other kind may be that large */
	KIND_DONE = 65534,
	KIND_READY = 65533, /* about no file */
	FILES = 1000,	    /* that one inspector reads: what a library leaks goes with it */
	SLICE_MS = 20,	    /* a death is noticed this late */
	GRACE_S = 10,	    /* for the supervisor to end one that took too long */
	UNTOUCHED = 100,    /* times that an inspector may die before it takes a file up */
	KEEP_MAPPED = 1 << 20,
	READS = 64, /* at a time: one that never stops talking is ended, too */
	AWAIT_NS = 200000000,
	FD = 3,
	EXIT_STOP = 0,
	EXIT_FRESH = 8,
	EXIT_REFUSED = 9,
};

_Static_assert(INSPECTOR_MESSAGE + HEAD <= 4096, "a message is in the pipe whole or not at all");

const char *const inspector_end_names[INSPECTOR_ENDS] = {
	"done", "crashed", "time", "killed", "nonsense", "absent",
};

/* Between dataplane and supervisor; the inspector has let go of it. */
struct steering {
	_Atomic uint32_t deaths; /* inspectors that ended; by the supervisor */
	_Atomic int32_t signal;	 /* that ended the last one */
	_Atomic int32_t pid;
	_Atomic uint32_t kill;	 /* the one before this many deaths is to end; by the dataplane */
	_Atomic uint32_t posted; /* as in `given`, which an inspector may have written to */
	_Atomic bool stop;
};

/* From the dataplane to the inspector, which can only read it. */
struct given {
	_Atomic uint32_t posted; /* number of the last file; futex */
	_Atomic bool stop;
	uint64_t len;
	_Alignas(4096) uint8_t bytes[];
};

struct inspector {
	struct inspector_config config;
	struct steering *steering;
	struct given *given;
	size_t mapped; /* bytes of `given` */
	pid_t supervisor;
	uint32_t job;	      /* number of the last file */
	int fd;		      /* messages */
	bool stuck;	      /* the supervisor did not end one in time ... */
	uint32_t stuck_at;    /* ... at this many deaths */
	uint8_t in[64 << 10]; /* read and not yet looked at */
	size_t in_len;
	uint8_t *messages; /* on this file: length, kind, bytes */
	size_t messages_len;
};

static long futex(_Atomic uint32_t *word, int what, uint32_t value)
{
	return syscall(SYS_futex, word, what, value, NULL, NULL, 0);
}

static void put16(uint8_t *to, size_t value)
{
	to[0] = (uint8_t)(value >> 8);
	to[1] = (uint8_t)value;
}

/* --- the inspector --- */

static bool say(struct inspector_out *out, uint16_t kind, struct slice message)
{
	uint8_t frame[HEAD + INSPECTOR_MESSAGE];
	ssize_t n;

	put16(frame, message.len);
	put16(frame + 2, kind);
	put16(frame + 4, out->job >> 16);
	put16(frame + 6, out->job);
	if (message.len)
		memcpy(frame + HEAD, message.data, message.len);
	do {
		n = write(out->fd, frame, HEAD + message.len);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		_exit(EXIT_STOP); /* nobody listens any more */
	return true;
}

bool inspector_say(struct inspector_out *out, uint16_t kind, struct slice message)
{
	size_t size = HEAD + message.len;

	if (message.len > INSPECTOR_MESSAGE || out->sent + size > INSPECTOR_MESSAGES) {
		out->full = true;
		return false;
	}
	out->sent += size;
	return say(out, kind, message);
}

static void set_limit(int what, rlim_t most)
{
	const struct rlimit limit = {most, most};

	setrlimit(what, &limit);
}

/* Address space in use, bytes. */
static rlim_t in_use(void)
{
	char text[64] = "";
	FILE *f = fopen("/proc/self/statm", "re");

	if (f) {
		(void)!fgets(text, sizeof(text), f);
		fclose(f);
	}
	return (rlim_t)strtoul(text, NULL, 10) * (rlim_t)sysconf(_SC_PAGESIZE);
}

static int confine(struct inspector *i, rlim_t began_with, struct errmsg *err)
{
	munmap(i->steering, sizeof(*i->steering));
	if (mprotect(i->given, i->mapped, PROT_READ) < 0)
		return errmsg_set(err, ERR_IO, "the file's memory cannot be protected (%s)",
				  strerror(errno));
	set_limit(RLIMIT_CORE, 0);
	set_limit(RLIMIT_FSIZE, 0);
	/* Sanitizers reserve more address space than there is. */
	if (began_with && sandbox_state() != SANDBOX_NOT_BUILT)
		set_limit(RLIMIT_AS, began_with + INSPECTOR_MEMORY);
	if (sandbox_state() != SANDBOX_NOT_BUILT)
		set_limit(RLIMIT_NOFILE, 0);
	return sandbox_enter(SANDBOX_INSPECT, "banken-inspect", err);
}

static void set_timer(unsigned seconds)
{
	const struct itimerval t = {.it_value.tv_sec = (time_t)seconds};

	setitimer(ITIMER_PROF, &t, NULL);
}

/* Files after number `last`, until told to stop. */
static _Noreturn void inspect(struct inspector *i, uint32_t last)
{
	struct given *g = i->given;

	say(&(struct inspector_out){.fd = FD}, KIND_READY, SLICE(NULL, 0));
	for (unsigned n = 0; n < FILES; n++) {
		struct inspector_out out = {.fd = FD};

		for (;;) {
			if (atomic_load_explicit(&g->stop, memory_order_acquire))
				_exit(EXIT_STOP);
			out.job = atomic_load_explicit(&g->posted, memory_order_acquire);
			if (out.job != last)
				break;
			futex(&g->posted, FUTEX_WAIT, last);
		}
		last = out.job;
		say(&out, KIND_BEGUN, SLICE(NULL, 0));
		set_timer(i->config.cpu_s);
		i->config.look(i->config.ctx,
			       SLICE(g->bytes, g->len < i->config.bytes ? g->len : i->config.bytes),
			       &out);
		set_timer(0);
		say(&out, KIND_DONE, SLICE((const uint8_t *)&out.full, 1));
	}
	_exit(EXIT_FRESH);
}

static _Noreturn void be_inspector(struct inspector *i, pid_t supervisor, uint32_t last,
				   rlim_t began_with)
{
	struct errmsg err = {""};
	sigset_t none;

	atomic_store(&i->steering->pid, getpid());
	prctl(PR_SET_NAME, "banken-inspect");
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	prctl(PR_SET_DUMPABLE, 0);
	if (getppid() != supervisor)
		_exit(EXIT_STOP);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (confine(i, began_with, &err) < 0 && err.text[0] && !strstr(err.text, "no seccomp")) {
		fprintf(stderr, "banken-inspect: %s\n", err.text);
		_exit(EXIT_REFUSED);
	}
	inspect(i, last);
}

/* --- the supervisor --- */

static int await(struct steering *s, pid_t pid, const sigset_t *child)
{
	static const struct timespec turn = {0, AWAIT_NS};
	int status = 0;

	while (waitpid(pid, &status, WNOHANG) != pid) {
		if (atomic_load(&s->kill) == atomic_load(&s->deaths) + 1)
			kill(pid, SIGKILL);
		sigtimedwait(child, NULL, &turn);
	}
	return status;
}

static void pause_ms(unsigned ms)
{
	const struct timespec t = {0, (long)ms * 1000000};

	nanosleep(&t, NULL);
}

/* Ended because it was told to, or could not begin; a file may make it say the same. */
static bool is_over(const struct steering *s, int status)
{
	if (!WIFEXITED(status))
		return false;
	return WEXITSTATUS(status) == EXIT_REFUSED ? atomic_load(&s->posted) == 0
						   : atomic_load(&s->stop);
}

static int signal_of(int status)
{
	if (WIFSIGNALED(status))
		return WTERMSIG(status);
	return WEXITSTATUS(status) == EXIT_FRESH ? 0 : SIGABRT;
}

static _Noreturn void supervise(struct inspector *i, rlim_t began_with)
{
	pid_t own = getpid();
	uint32_t last = 0;
	sigset_t child;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	for (;;) {
		pid_t pid = fork();
		int status;

		if (pid == 0)
			be_inspector(i, own, last, began_with);
		if (pid < 0) {
			pause_ms(100);
			continue;
		}
		status = await(i->steering, pid, &child);
		atomic_store(&i->steering->pid, 0);
		if (is_over(i->steering, status))
			_exit(WEXITSTATUS(status));
		/* First the number, then the death: who sees the death and posts a file
		 * posts one that the next inspector takes. */
		last = atomic_load(&i->steering->posted);
		atomic_store(&i->steering->signal, signal_of(status));
		atomic_fetch_add(&i->steering->deaths, 1);
		if (WIFSIGNALED(status))
			pause_ms(INSPECTOR_PAUSE_MS);
	}
}

/* Standard error and the pipe stay. */
static void close_others(int fd)
{
	int null = open("/dev/null", O_RDWR);

	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
	}
	if (fd != FD)
		dup2(fd, FD);
	close_range(FD + 1, ~0U, 0);
}

static void keep_to(int core)
{
	cpu_set_t set;

	if (core < 0)
		return;
	CPU_ZERO(&set);
	CPU_SET((unsigned)core, &set);
	(void)sched_setaffinity(0, sizeof(set), &set);
}

static _Noreturn void be_supervisor(struct inspector *i, int fd, pid_t parent)
{
	static const int deaf[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGPIPE};
	struct errmsg err = {""};
	rlim_t began_with;
	int rc = ERR_OK;

	prctl(PR_SET_NAME, "banken-warden");
	for (int k = 1; k < NSIG; k++)
		signal(k, SIG_DFL); /* whoever catches them is not here */
	for (size_t k = 0; k < ARRAY_SIZE(deaf); k++)
		signal(deaf[k], SIG_IGN); /* the dataplane decides when it ends */
	close_others(fd);
	keep_to(i->config.core);
	began_with = in_use();
	if (i->config.enter)
		rc = i->config.enter(i->config.enter_ctx, &err);
	prctl(PR_SET_PDEATHSIG, SIGKILL); /* after another user was become */
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getppid() != parent)
		_exit(EXIT_STOP);
	if (rc == ERR_OK)
		rc = sandbox_supervise(SANDBOX_INSPECT, "banken-warden", &err);
	if (rc < 0 && rc != ERR_UNSUPPORTED) {
		fprintf(stderr, "banken-warden: %s\n", err.text);
		_exit(EXIT_REFUSED);
	}
	supervise(i, began_with);
}

/* --- the dataplane: start and end --- */

static void *map(size_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		       MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

static bool ready(const struct inspector *i)
{
	struct pollfd p = {i->fd, POLLIN, 0};
	uint8_t word[HEAD];
	int n;

	do {
		n = poll(&p, 1, INSPECTOR_START_S * 1000);
	} while (n < 0 && errno == EINTR);
	return n == 1 && read(i->fd, word, sizeof(word)) == sizeof(word);
}

static int start(struct inspector *i, struct errmsg *err)
{
	pid_t parent = getpid();
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return errmsg_set(err, ERR_IO, "the inspector of files has no pipe (%s)",
				  strerror(errno));
	fflush(NULL);
	i->supervisor = fork();
	if (i->supervisor == 0)
		be_supervisor(i, fds[1], parent);
	close(fds[1]);
	i->fd = fds[0];
	if (i->supervisor < 0)
		return errmsg_set(err, ERR_IO, "the inspector of files did not start (%s)",
				  strerror(errno));
	fcntl(i->fd, F_SETFL, O_NONBLOCK);
	return ready(i) ? ERR_OK
			: errmsg_set(err, ERR_IO,
				     "the inspector of files ended at its start; its own line on "
				     "standard error says why");
}

int inspector_new(const struct inspector_config *config, struct inspector **ret, struct errmsg *err)
{
	struct inspector *i = calloc(1, sizeof(*i));
	int rc;

	*ret = NULL;
	if (!i)
		return errmsg_set(err, ERR_NOMEM, "no memory for the inspector of files");
	i->config = *config;
	i->fd = -1;
	i->supervisor = -1;
	if (!i->config.bytes || i->config.bytes > INSPECTOR_BYTES)
		i->config.bytes = INSPECTOR_BYTES;
	i->mapped = sizeof(struct given) + i->config.bytes;
	i->steering = map(sizeof(*i->steering));
	i->given = map(i->mapped);
	i->messages = malloc(INSPECTOR_MESSAGES);
	rc = i->steering && i->given && i->messages
		     ? start(i, err)
		     : errmsg_set(err, ERR_NOMEM, "no memory for the inspector of files");
	if (rc == ERR_OK)
		*ret = i;
	else
		inspector_delete(i);
	return rc;
}

void inspector_delete(struct inspector *i)
{
	if (!i)
		return;
	if (i->supervisor > 0) {
		atomic_store(&i->steering->stop, true);
		atomic_store(&i->given->stop, true);
		atomic_store(&i->given->posted, i->job + 1);
		futex(&i->given->posted, FUTEX_WAKE, 1);
		close(i->fd);
		/* One that hangs is ended, and the next one sees that it is over. */
		atomic_store(&i->steering->kill, atomic_load(&i->steering->deaths) + 1);
		waitpid(i->supervisor, NULL, 0);
	}
	if (i->steering)
		munmap(i->steering, sizeof(*i->steering));
	if (i->given)
		munmap(i->given, i->mapped);
	free(i->messages);
	free(i);
}

int inspector_pid(const struct inspector *i)
{
	return atomic_load(&i->steering->pid);
}

size_t inspector_most(const struct inspector *i)
{
	return i->config.bytes;
}

/* --- the dataplane: one file --- */

struct ask {
	uint32_t job, deaths;
	size_t read; /* bytes */
	bool begun, done, full, nonsense;
};

static void take(struct inspector *i, struct ask *a, unsigned kind, struct slice message)
{
	if (kind == KIND_BEGUN) {
		a->begun = true;
	} else if (kind == KIND_DONE) {
		a->done = true;
		a->full |= message.len == 1 && message.data[0];
	} else if (i->messages_len + 4 + message.len > INSPECTOR_MESSAGES) {
		a->nonsense = true;
	} else {
		put16(i->messages + i->messages_len, message.len);
		put16(i->messages + i->messages_len + 2, kind);
		memcpy(i->messages + i->messages_len + 4, message.data, message.len);
		i->messages_len += 4 + message.len;
	}
}

/* All whole messages of `in`; those about other files are left out. */
static void take_all(struct inspector *i, struct ask *a)
{
	struct cursor c = cursor_init(i->in, i->in_len);
	size_t used = 0;

	while (!a->nonsense && cursor_left(&c) >= HEAD) {
		unsigned len = cursor_u16(&c), kind = cursor_u16(&c);
		uint32_t job = cursor_u32(&c);

		if (len > INSPECTOR_MESSAGE || kind == 0) {
			a->nonsense = true;
			return;
		}
		if (cursor_left(&c) < len)
			break;
		if (job == a->job && !a->done)
			take(i, a, kind, cursor_take(&c, len));
		else
			cursor_skip(&c, len);
		used = cursor_offset(&c);
	}
	memmove(i->in, i->in + used, i->in_len - used);
	i->in_len -= used;
}

/* What is in the pipe now. False: nobody is at its other end. */
static bool receive(struct inspector *i, struct ask *a)
{
	for (unsigned reads = 0; reads < READS; reads++) {
		ssize_t n = read(i->fd, i->in + i->in_len, sizeof(i->in) - i->in_len);

		if (n == 0)
			return false;
		if (n < 0)
			return errno == EAGAIN || errno == EINTR;
		i->in_len += (size_t)n;
		a->read += (size_t)n;
		a->nonsense |= a->read > 2 * INSPECTOR_MESSAGES;
		if (a->nonsense)
			i->in_len = 0; /* until it is ended */
		else
			take_all(i, a);
	}
	return true;
}

static uint64_t now_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec;
}

static bool died(const struct inspector *i, const struct ask *a)
{
	return atomic_load_explicit(&i->steering->deaths, memory_order_acquire) != a->deaths;
}

static void order_end(struct inspector *i, const struct ask *a)
{
	atomic_store(&i->steering->kill, a->deaths + 1);
}

/* How it ended that one died, or is to be ended, over a file. */
static enum inspector_end end_of(const struct inspector *i, const struct ask *a, bool late)
{
	int number = atomic_load(&i->steering->signal);

	if (a->nonsense)
		return INSPECTOR_NONSENSE;
	if (late || number == SIGPROF)
		return INSPECTOR_TIME;
	return number == SIGKILL || number == 0 ? INSPECTOR_KILLED : INSPECTOR_CRASHED;
}

/* Until it is done or dead. */
static enum inspector_end await_verdict(struct inspector *i, struct ask *a)
{
	uint64_t began = now_s();
	bool late = false;

	for (;;) {
		struct pollfd p = {i->fd, POLLIN, 0};
		bool dead = died(i, a); /* what it said is in the pipe by now */

		if (!receive(i, a))
			return a->done ? INSPECTOR_DONE : INSPECTOR_ABSENT;
		if (a->done && !a->nonsense)
			return INSPECTOR_DONE;
		if (dead) {
			i->in_len = 0;
			return end_of(i, a, late);
		}
		if (a->nonsense || now_s() - began >= i->config.patience_s) {
			late |= !a->nonsense;
			order_end(i, a);
		}
		if (now_s() - began >= i->config.patience_s + GRACE_S) {
			i->stuck = true;
			i->stuck_at = a->deaths;
			return INSPECTOR_TIME;
		}
		poll(&p, 1, SLICE_MS);
	}
}

static enum inspector_end post(struct inspector *i, struct ask *a)
{
	uint32_t deaths = atomic_load_explicit(&i->steering->deaths, memory_order_acquire);

	if (i->stuck && deaths == i->stuck_at)
		return INSPECTOR_ABSENT;
	i->stuck = false;
	*a = (struct ask){.deaths = deaths};
	a->job = ++i->job;
	i->messages_len = 0;
	atomic_store(&i->steering->posted, a->job);
	atomic_store_explicit(&i->given->posted, a->job, memory_order_release);
	futex(&i->given->posted, FUTEX_WAKE, 1);
	return await_verdict(i, a);
}

void inspector_ask(struct inspector *i, struct slice bytes, struct inspector_said *ret)
{
	size_t len = bytes.len < i->config.bytes ? bytes.len : i->config.bytes;
	unsigned tries = 0, untouched = 0;
	struct ask a = {0};

	*ret = (struct inspector_said){.end = INSPECTOR_ABSENT};
	memcpy(i->given->bytes, bytes.data, len);
	i->given->len = len;
	for (;;) {
		ret->end = post(i, &a);
		if (ret->end == INSPECTOR_DONE || ret->end == INSPECTOR_ABSENT)
			break;
		if (!a.begun && ret->end <= INSPECTOR_KILLED && ret->end != INSPECTOR_TIME &&
		    ++untouched < UNTOUCHED)
			continue; /* it was not this file */
		if (ret->end != INSPECTOR_KILLED || ++tries == INSPECTOR_TRIES)
			break;
		ret->again++;
	}
	ret->full = a.full;
	ret->messages = SLICE(i->messages, i->messages_len);
	if (len > KEEP_MAPPED)
		madvise(i->given->bytes, len & ~(size_t)4095, MADV_REMOVE);
}

bool inspector_message(struct slice *messages, uint16_t *ret_kind, struct slice *ret)
{
	struct cursor c = cursor_of(*messages);
	unsigned len = cursor_u16(&c);

	*ret_kind = cursor_u16(&c);
	*ret = cursor_take(&c, len);
	*messages = cursor_rest(&c);
	return !c.bad;
}
