#include "dataplane/base/sandbox_lists.h"

#include <stddef.h>

/* What every process does, and what the C library does for it. Generous on purpose: none of these
 * reaches anything that the process has not opened already. */
static const char *const base[] = {
	/* memory; mmap and mprotect have rules of their own */
	"brk", "munmap", "mremap", "madvise", "mincore", "msync", "membarrier", "mlock", "mlock2",
	"munlock", "mlockall", "munlockall", "pkey_alloc", "pkey_free", "memfd_create",
	"process_madvise", "cachestat", "mbind", "get_mempolicy", "set_mempolicy",
	"set_mempolicy_home_node", "move_pages", "migrate_pages",
	/* threads at work */
	"futex", "futex_waitv", "set_robust_list", "get_robust_list", "set_tid_address", "rseq",
	"sched_yield", "sched_getaffinity", "sched_getparam", "sched_getscheduler", "sched_getattr",
	"sched_get_priority_max", "sched_get_priority_min", "sched_rr_get_interval", "getpriority",
	"arch_prctl", "prctl", "exit", "exit_group", "restart_syscall",
	/* time */
	"clock_gettime", "clock_getres", "clock_nanosleep", "nanosleep", "gettimeofday", "time",
	"times", "alarm", "setitimer", "getitimer", "timer_create", "timer_settime",
	"timer_gettime", "timer_getoverrun", "timer_delete", "timerfd_create", "timerfd_settime",
	"timerfd_gettime", "pause",
	/* signals; rt_sigaction has a rule of its own */
	"rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigsuspend", "rt_sigtimedwait",
	"sigaltstack", "tgkill", "tkill", "signalfd", "signalfd4", "wait4", "waitid",
	/* who and where am I */
	"getpid", "gettid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getresuid",
	"getresgid", "getgroups", "getpgid", "getpgrp", "getsid", "getcpu", "getrusage",
	"getrlimit", "setrlimit", "prlimit64", "sysinfo", "uname", "capget", "umask", "getrandom",
	"getcwd",
	/* open descriptors */
	"read", "write", "readv", "writev", "pread64", "pwrite64", "preadv", "pwritev", "preadv2",
	"pwritev2", "close", "close_range", "dup", "dup2", "dup3", "fcntl", "ioctl", "lseek",
	"poll", "ppoll", "select", "pselect6", "epoll_create", "epoll_create1", "epoll_ctl",
	"epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd", "eventfd2", "pipe", "pipe2",
	"fstat", "fstatfs", "ftruncate", "fallocate", "fsync", "fdatasync", "sync_file_range",
	"syncfs", "flock", "fadvise64", "readahead", "sendfile", "copy_file_range", "splice", "tee",
	"vmsplice", "getdents", "getdents64", "fgetxattr", "flistxattr", NULL};

static const char *const files[] = {"open",
				    "openat",
				    "openat2",
				    "creat",
				    "stat",
				    "lstat",
				    "newfstatat",
				    "statx",
				    "statfs",
				    "access",
				    "faccessat",
				    "faccessat2",
				    "readlink",
				    "readlinkat",
				    "mkdir",
				    "mkdirat",
				    "rmdir",
				    "unlink",
				    "unlinkat",
				    "rename",
				    "renameat",
				    "renameat2",
				    "link",
				    "linkat",
				    "symlink",
				    "symlinkat",
				    "truncate",
				    "chmod",
				    "fchmod",
				    "fchmodat",
				    "fchmodat2",
				    "chown",
				    "fchown",
				    "fchownat",
				    "lchown",
				    "utime",
				    "utimes",
				    "futimesat",
				    "utimensat",
				    "chdir",
				    "fchdir",
				    "getxattr",
				    "lgetxattr",
				    "listxattr",
				    "llistxattr",
				    "inotify_init",
				    "inotify_init1",
				    "inotify_add_watch",
				    "inotify_rm_watch",
				    NULL};

static const char *const sockets[] = {"sendmsg",    "sendmmsg",	  "recvfrom",	 "recvmsg",
				      "recvmmsg",   "shutdown",	  "getsockname", "getpeername",
				      "getsockopt", "setsockopt", "socketpair",	 "accept",
				      "accept4",    NULL};

static const char *const dialling[] = {"connect", NULL};

static const char *const listening[] = {"bind", "listen", NULL};

/* clone has a rule of its own. */
static const char *const threads[] = {
	"sched_setaffinity", "sched_setscheduler", "sched_setparam", "sched_setattr",
	"setpriority",	     "ioprio_get",	   "ioprio_set",     NULL};

static const char *const processes[] = {"clone",
					"clone3",
					"fork",
					"vfork",
					"kill",
					"setpgid",
					"setsid",
					"rt_sigqueueinfo",
					"rt_tgsigqueueinfo",
					"pidfd_open",
					"pidfd_send_signal",
					"capset",
					"seccomp",
					NULL};

/* What programs of others may want beside. */
static const char *const executing[] = {"execve",
					"execveat",
					"setuid",
					"setgid",
					"setreuid",
					"setregid",
					"setresuid",
					"setresgid",
					"setgroups",
					"setfsuid",
					"setfsgid",
					"personality",
					"fsetxattr",
					"setxattr",
					"lsetxattr",
					"removexattr",
					"fremovexattr",
					"lremovexattr",
					"mknod",
					"mknodat",
					"shmget",
					"shmat",
					"shmdt",
					"shmctl",
					"semget",
					"semop",
					"semctl",
					"semtimedop",
					"msgget",
					"msgsnd",
					"msgrcv",
					"msgctl",
					"mq_open",
					"mq_unlink",
					"mq_timedsend",
					"mq_timedreceive",
					"mq_notify",
					"mq_getsetattr",
					"name_to_handle_at",
					"sync",
					"remap_file_pages",
					NULL};

/* Memory, its own time, and saying what was found on what is open already. */
static const char *const computing[] = {"brk",
					"munmap",
					"mremap",
					"madvise",
					"futex",
					"write",
					"rt_sigreturn",
					"rt_sigprocmask",
					"sigaltstack",
					"setitimer",
					"clock_gettime",
					"clock_getres",
					"gettimeofday",
					"time",
					"nanosleep",
					"clock_nanosleep",
					"restart_syscall",
					"sched_yield",
					"getpid",
					"gettid",
					"getrandom",
					"exit",
					"exit_group",
					NULL};

const char *const *const sandbox_groups[CALLS_GROUPS] = {
	base, files, sockets, dialling, listening, threads, processes, executing, computing};

const char *const sandbox_refused[] = {"ptrace",
				       "process_vm_readv",
				       "process_vm_writev",
				       "kcmp",
				       "bpf",
				       "perf_event_open",
				       "userfaultfd",
				       "kexec_load",
				       "kexec_file_load",
				       "init_module",
				       "finit_module",
				       "delete_module",
				       "mount",
				       "umount2",
				       "move_mount",
				       "open_tree",
				       "fsopen",
				       "fsconfig",
				       "fsmount",
				       "fspick",
				       "mount_setattr",
				       "pivot_root",
				       "chroot",
				       "swapon",
				       "swapoff",
				       "reboot",
				       "sethostname",
				       "setdomainname",
				       "settimeofday",
				       "clock_settime",
				       "clock_adjtime",
				       "adjtimex",
				       "iopl",
				       "ioperm",
				       "acct",
				       "quotactl",
				       "quotactl_fd",
				       "syslog",
				       "vhangup",
				       "open_by_handle_at",
				       "lookup_dcookie",
				       "setns",
				       NULL};

/* Newer than many kernels, or only faster: libraries ask once and do it the old way. */
const char *const sandbox_absent[] = {"io_uring_setup",	   "io_uring_enter",
				      "io_uring_register", "userfaultfd",
				      "perf_event_open",   "landlock_create_ruleset",
				      "landlock_add_rule", "landlock_restrict_self",
				      "memfd_secret",	   "io_setup",
				      "io_submit",	   "io_getevents",
				      "io_pgetevents",	   "io_destroy",
				      "io_cancel",	   NULL};

enum {
	LOOP = CALLS_BASE | CALLS_FILES | CALLS_SOCKETS | CALLS_THREADS,
	DIALS = LOOP | CALLS_CONNECT,
	SERVES = DIALS | CALLS_LISTEN,
	STARTS = SERVES | CALLS_PROCESSES | CALLS_EXEC,
};

/* af_xdp's library takes its program out of the kernel when a port is closed; without the right to,
 * which went at the start, the next start finds the port as it is left. */
static const char *const dataplane_told_no[] = {"bpf", "bind", NULL};

/* What the C library looks for by itself: character sets, time zones, whether output is a terminal.
 * It does without. */
static const char *const inspect_told_no[] = {"open",	    "openat",	 "openat2",    "stat",
					      "lstat",	    "fstat",	 "newfstatat", "statx",
					      "access",	    "faccessat", "faccessat2", "readlink",
					      "readlinkat", "ioctl",	 "getcwd",     NULL};

/* The one table. */
const struct sandbox_row sandbox_rows[SANDBOX_LISTS] = {
	[SANDBOX_OPERATOR] = {"operator", 0, SOCKETS_ANY, .jit = true, .open = true},
	/* Drivers ask the kernel about links; rules are read, compiled (PCRE2's compiler writes
	 * code) and files stored while traffic runs. Nothing is dialled, nothing bound. */
	[SANDBOX_DATAPLANE] = {"dataplane", LOOP, SOCKETS_ASK, dataplane_told_no, .jit = true},
	[SANDBOX_OFFLINE] = {"offline", CALLS_BASE | CALLS_FILES | CALLS_THREADS, SOCKETS_NONE,
			     .jit = true},
	[SANDBOX_CONTROL] = {"control", SERVES, SOCKETS_NET},
	[SANDBOX_MITIGATOR] = {"mitigator", SERVES, SOCKETS_NET},
	[SANDBOX_ENFORCER] = {"enforcer", SERVES, SOCKETS_NET},
	[SANDBOX_CENTRE] = {"centre", SERVES, SOCKETS_NET},
	[SANDBOX_NOTICE] = {"notice", LOOP, SOCKETS_NONE},
	[SANDBOX_DELIVER] = {"deliver", SERVES, SOCKETS_NET},
	[SANDBOX_TOOL] = {"tool", STARTS, SOCKETS_NET, .jit = true},
	[SANDBOX_RENDER] = {"render", STARTS, SOCKETS_LOCAL, .jit = true},
	[SANDBOX_REPORT] = {"report", LOOP, SOCKETS_NONE},
	[SANDBOX_INSPECT] = {"inspect", CALLS_COMPUTE, SOCKETS_NONE, inspect_told_no},
};
