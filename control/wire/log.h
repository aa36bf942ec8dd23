/* Log lines on standard error: time, program, level, one sentence. A line is one write, so that
 * processes sharing a terminal do not mix; control characters of hostile text are replaced. */
#pragma once

#include <stdarg.h>

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

/* Owned by main, handed down; read-only. NULL where a log is wanted means silence. */
struct log {
	const char *program;
	enum log_level level; /* lines above it are left out */
	int fd;		      /* usually 2 */
};

#define LOG_PRINTF __attribute__((format(printf, 2, 3)))

/* Somebody must do something. */
LOG_PRINTF void log_error(const struct log *log, const char *fmt, ...);
/* Not as it should be, but it goes on. */
LOG_PRINTF void log_warn(const struct log *log, const char *fmt, ...);
/* What an operator expects to see: started, connected, stopped. */
LOG_PRINTF void log_info(const struct log *log, const char *fmt, ...);
LOG_PRINTF void log_debug(const struct log *log, const char *fmt, ...);

/* "error", "warn", "info", "debug"; -1 when there is no such word. */
int log_level_parse(const char *word);
