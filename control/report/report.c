#include "control/report/report.h"

#include <stdlib.h>
#include <string.h>

#include "dataplane/base/clock.h"
#include "dataplane/base/slice.h"

const char *in_language(enum report_language language, const char *english, const char *japanese)
{
	return language == REPORT_JAPANESE ? japanese : english;
}

static const char *const words[][1 + REPORT_LANGUAGES] = {
	{"danger", "Danger", "危険"},
	{"warning", "Warning", "警告"},
	{"caution", "Caution", "注意"},
	{"safe", "Safe", "安全"},
	{"high", "high", "高"},
	{"medium", "medium", "中"},
	{"low", "low", "低"},
	{"info", "information", "情報"},
	{"requested", "cut requested", "遮断要求済み"},
	{"held", "waits for a person's approval", "承認待ち"},
	{"sent", "cut ordered", "遮断指示済み"},
	{"acked", "cut, not verified yet", "遮断済み(確認中)"},
	{"verified", "cut and verified", "遮断済み(確認済み)"},
	{"still-seen", "still talks: the cut has no effect", "遮断後も通信あり(要対応)"},
	{"quiet", "cut, unproven: the host is silent", "遮断済み(通信がなく未確認)"},
	{"failed", "the cut failed", "遮断失敗"},
	{"expired", "the cut has ended", "遮断期限終了"},
	{"releasing", "being released", "解除処理中"},
	{"released", "released", "解除済み"},
	{"refused", "the cut was refused", "遮断拒否"},
	{"outside-policy", "outside policy criteria", "ポリシー対象外"},
	{"exception", "exception", "例外"},
};

const char *report_word(enum report_language language, const char *word)
{
	for (size_t i = 0; word && i < ARRAY_SIZE(words); i++) {
		if (strcmp(words[i][0], word) == 0)
			return words[i][1 + language];
	}
	return word && word[0] ? word : "-";
}

const char *report_severity_key(enum report_severity severity)
{
	static const char *const keys[REPORT_SEVERITIES] = {"high", "medium", "low", "info"};

	return severity < REPORT_SEVERITIES ? keys[severity] : "";
}

void report_csv_field(const char *text, FILE *out)
{
	bool computes = text && text[0] && strchr("=+-@\t\r", text[0]);
	bool quoted = computes || (text && strpbrk(text, ",\"\r\n"));

	if (quoted)
		fputc('"', out);
	if (computes)
		fputc('\'', out);
	for (const char *c = text ? text : ""; *c; c++) {
		if (*c == '"')
			fputc('"', out);
		fputc(*c, out);
	}
	if (quoted)
		fputc('"', out);
}

const char *report_duration(enum report_language language, uint64_t ns, char ret[48])
{
	unsigned long long s = ns / NS_PER_SEC;

	if (ns < 10 * NS_PER_SEC)
		snprintf(ret, 48, in_language(language, "%.2f s", "%.2f秒"), (double)ns / 1e9);
	else if (s < 120)
		snprintf(ret, 48, in_language(language, "%llu s", "%llu秒"), s);
	else if (s < 2 * 3600)
		snprintf(ret, 48, in_language(language, "%llu min", "%llu分"), s / 60);
	else if (s < 2 * 86400)
		snprintf(ret, 48, in_language(language, "%llu h %llu min", "%llu時間%llu分"),
			 s / 3600, s / 60 % 60);
	else
		snprintf(ret, 48, in_language(language, "%llu days", "%llu日"), s / 86400);
	return ret;
}

const char *report_number(uint64_t n, char ret[32])
{
	char digits[24];
	int len = snprintf(digits, sizeof(digits), "%llu", (unsigned long long)n), at = 0;

	for (int i = 0; i < len; i++) {
		if (i && (len - i) % 3 == 0)
			ret[at++] = ',';
		ret[at++] = digits[i];
	}
	ret[at] = 0;
	return ret;
}

void *report_grow(void *list, size_t *count, size_t size)
{
	void *bigger = reallocarray(*(void **)list, *count + 1, size);

	if (!bigger)
		return NULL;
	*(void **)list = bigger;
	memset((char *)bigger + *count * size, 0, size);
	return (char *)bigger + (*count)++ * size;
}
