/* A file whose content contradicts its name or declared type: a program that calls itself a picture
 * or a document (ATT&CK T1036.008, masquerade file type). Facts of the formats: their published
 * magic numbers. */
#include "dataplane/behave/detector.h"

#include <stdio.h>

struct magic {
	const char *bytes;
	unsigned len;
	const char *what; /* for people */
	const char *what_ja;
};

/* Programs: what a picture or document must not be. */
static const struct magic programs[] = {
	{"MZ", 2, "a Windows program", "Windowsプログラム"},
	{"\x7f"
	 "ELF",
	 4, "a Linux program", "Linuxプログラム"},
	{"\xcf\xfa\xed\xfe", 4, "a macOS program", "macOSプログラム"},
	{"\xca\xfe\xba\xbe", 4, "a Java or macOS program", "JavaまたはmacOSプログラム"},
	{"#!", 2, "a script", "スクリプト"},
};

static const char *const harmless_endings[] = {"jpg",  "jpeg", "png", "gif",  "bmp", "webp", "ico",
					       "svg",  "pdf",  "doc", "docx", "xls", "xlsx", "ppt",
					       "pptx", "txt",  "csv", "rtf",  "mp3", "mp4",  "avi",
					       "css",  "html", "htm", "json", "xml"};
static const char *const harmless_types[] = {"image/",
					     "audio/",
					     "video/",
					     "application/pdf",
					     "text/css",
					     "application/msword",
					     "application/vnd.openxmlformats"};

static const struct magic *program_of(struct slice head)
{
	for (size_t i = 0; i < ARRAY_SIZE(programs); i++) {
		if (head.len >= programs[i].len + 2U &&
		    memcmp(head.data, programs[i].bytes, programs[i].len) == 0)
			return &programs[i];
	}
	return NULL;
}

/* The ending of a path without its query, empty when there is none. */
static struct slice ending_of(struct slice name)
{
	size_t end = 0, dot;

	while (end < name.len && name.data[end] != '?' && name.data[end] != '#')
		end++;
	for (dot = end; dot > 0 && name.data[dot - 1] != '.'; dot--) {
		if (name.data[dot - 1] == '/')
			return SLICE(name.data, 0);
	}
	return dot == 0 ? SLICE(name.data, 0) : SLICE(name.data + dot, end - dot);
}

static bool harmless_ending(struct slice ending)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless_endings); i++) {
		if (slice_eq_nocase(ending, SLICE_STR(harmless_endings[i])))
			return true;
	}
	return false;
}

static bool harmless_type(struct slice type)
{
	for (size_t i = 0; i < ARRAY_SIZE(harmless_types); i++) {
		struct slice prefix = SLICE_STR(harmless_types[i]);

		if (slice_eq_nocase(slice_sub(type, 0, prefix.len), prefix))
			return true;
	}
	return false;
}

/* Bytes of strangers in a sentence: printable ASCII only. */
static void printable(struct slice s, char *ret, size_t cap)
{
	size_t n = s.len < cap - 1 ? s.len : cap - 1;

	for (size_t i = 0; i < n; i++)
		ret[i] = s.data[i] >= 0x20 && s.data[i] < 0x7f ? (char)s.data[i] : '?';
	ret[n] = 0;
}

static void file(void *state, const struct behave_file *f, struct behave_out *out)
{
	const struct magic *program = program_of(f->head);
	bool by_name = harmless_ending(ending_of(f->name)), by_type = harmless_type(f->type);
	char name[120], type[60], server[IP_ADDR_TEXT];
	struct behave_hit hit = {
		.id = 2100,
		.name = "BANKEN file type contradicts its name",
		.tactic = "TA0005",
		.technique = "T1036.008",
		.category = "Program under a false name",
		.severity = BEHAVE_HIGH,
		.time_ns = f->time_ns,
		.ends = f->ends,
	};

	(void)state;
	if (!program || !(by_name || by_type))
		return;
	printable(f->name, name, sizeof(name));
	printable(f->type, type, sizeof(type));
	ip_addr_text(&f->ends.server, server, false);
	snprintf(hit.reason_en, sizeof(hit.reason_en),
		 "The file %s (%llu bytes, declared \"%s\") that came from %s is %s.", name,
		 (unsigned long long)f->size, type, server, program->what);
	snprintf(hit.reason_ja, sizeof(hit.reason_ja),
		 "%sから取得したファイル「%s」(%lluバイト、申告された種類は「%s」)の中身は%sです。",
		 server, name, (unsigned long long)f->size, type, program->what_ja);
	behave_report(out, &hit);
}

const struct behave_detector behave_file_type = {.name = "file_type", .file = file};
