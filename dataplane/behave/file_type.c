/* A file whose content contradicts its name or declared type: a program that calls itself a picture
 * or a document (ATT&CK T1036.008, masquerade file type). Facts of the formats: their published
 * magic numbers. */
#include "dataplane/behave/detector.h"

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

static const struct behave_sign sign = {2100,
					"BANKEN file type contradicts its name",
					"TA0005",
					"T1036.008",
					"Program under a false name",
					BEHAVE_HIGH,
					true};

static void event(const struct behave_view *v, const struct behave_event *e)
{
	const struct behave_file *f = &e->file;
	const struct magic *program = program_of(f->head);
	struct behave_text name, type, server;
	struct behave_hit hit;

	if (!program || !(harmless_ending(ending_of(f->name)) || harmless_type(f->type)))
		return;
	name = behave_printable(f->name);
	type = behave_printable(f->type);
	server = behave_address(f->to_client ? &e->ends.server : &e->ends.client);
	behave_hit_init(&hit, &sign, e);
	behave_say_en(&hit, "The file %s (%llu bytes, declared \"%s\") that came from %s is %s.",
		      name.s, (unsigned long long)f->size, type.s, server.s, program->what);
	behave_say_ja(&hit,
		      "%sから取得したファイル「%s」(%lluバイト、申告された種類は「%s」)の中身は%s"
		      "です。",
		      server.s, name.s, (unsigned long long)f->size, type.s, program->what_ja);
	behave_figure(&hit, "bytes", (double)f->size);
	behave_tell(v, &hit, NULL);
}

const struct behave_detector behave_file_type = {.kinds = 1 << BEHAVE_FILE, .event = event};
