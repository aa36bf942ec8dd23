#include "control/wire/log.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/wire/utf8.h"

enum { LINE = 2048 };

static const char *const level_words[] = {"error", "warn", "info", "debug"};

/* One clean line: what is not printable text becomes '?'. */
static void clean(char *s)
{
	size_t len = strlen(s);

	for (size_t i = 0; i < len;) {
		size_t n = utf8_sequence(s + i, len - i);

		if (n == 0 || (n == 1 && (unsigned char)s[i] < 0x20) || s[i] == 0x7f) {
			s[i++] = '?';
			continue;
		}
		i += n;
	}
}

static void write_line(const struct log *log, enum log_level level, const char *fmt, va_list ap)
{
	char text[LINE - 128], line[LINE], stamp[48], zone[8];
	struct timespec now;
	struct tm tm;
	int n;

	if (!log || level > log->level)
		return;
	vsnprintf(text, sizeof(text), fmt, ap);
	clean(text);
	clock_gettime(CLOCK_REALTIME, &now);
	localtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &tm);
	strftime(zone, sizeof(zone), "%z", &tm);
	n = snprintf(line, sizeof(line), "%s.%03d%s %s %s: %s\n", stamp,
		     (int)(now.tv_nsec / 1000000), zone, log->program, level_words[level], text);
	if (n >= LINE) {
		n = LINE - 1;
		line[n - 1] = '\n';
	}
	/* A log that cannot be written has nobody to tell. */
	if (write(log->fd, line, (size_t)n) < 0)
		return;
}

#define LOG_FUNCTION(name, level)                                                                  \
	void name(const struct log *log, const char *fmt, ...)                                     \
	{                                                                                          \
		va_list ap;                                                                        \
                                                                                                   \
		va_start(ap, fmt);                                                                 \
		write_line(log, level, fmt, ap);                                                   \
		va_end(ap);                                                                        \
	}

LOG_FUNCTION(log_error, LOG_LEVEL_ERROR)
LOG_FUNCTION(log_warn, LOG_LEVEL_WARN)
LOG_FUNCTION(log_info, LOG_LEVEL_INFO)
LOG_FUNCTION(log_debug, LOG_LEVEL_DEBUG)

int log_level_parse(const char *word)
{
	for (int i = 0; i <= LOG_LEVEL_DEBUG; i++) {
		if (strcmp(level_words[i], word) == 0)
			return i;
	}
	return -1;
}
