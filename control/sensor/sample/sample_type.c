#include "control/sensor/sample/sample_type.h"

#include <string.h>

const char *const sample_types[] = {
	"exe",	"dll",	"elf", "macho", "class", "lnk", "ole", "zip",  "jar",	"docx",
	"xlsx", "pptx", "7z",  "rar",	"gz",	 "xz",	"cab", "iso",  "pdf",	"rtf",
	"html", "xml",	"js",  "vbs",	"ps1",	 "bat", "hta", "wsf",  "sh",	"py",
	"php",	"text", "png", "jpeg",	"gif",	 "swf", "eml", "data", "empty", NULL,
};

enum {
	TEXT_LOOKED_AT = 4096,
	ZIP_LOOKED_AT = 64 << 10, /* its first members say what it is */
	PE_HEADER_AT = 0x3c,
	PE_CHARACTERISTICS = 22, /* behind "PE\0\0" */
	PE_IS_DLL = 0x2000,
	ISO_AT = 0x8001,
};

bool sample_type_known(const char *word)
{
	for (size_t i = 0; sample_types[i]; i++) {
		if (strcmp(sample_types[i], word) == 0)
			return true;
	}
	return false;
}

static bool begins(struct slice s, size_t at, const char *bytes, size_t n)
{
	return s.len >= at + n && memcmp(s.data + at, bytes, n) == 0;
}

/* PE and COFF, 3.3: the header's place stands at 0x3c. An old DOS program is a program too. */
static const char *windows_program(struct slice c)
{
	uint32_t at;

	if (c.len < PE_HEADER_AT + 4)
		return "exe";
	at = (uint32_t)c.data[PE_HEADER_AT] | (uint32_t)c.data[PE_HEADER_AT + 1] << 8 |
	     (uint32_t)c.data[PE_HEADER_AT + 2] << 16 | (uint32_t)c.data[PE_HEADER_AT + 3] << 24;
	if (at < c.len && c.len - at >= PE_CHARACTERISTICS + 2 && begins(c, at, "PE\0\0", 4) &&
	    (c.data[at + PE_CHARACTERISTICS + 1] << 8 & PE_IS_DLL))
		return "dll";
	return "exe";
}

static bool holds(struct slice c, const char *word)
{
	size_t n = strlen(word);

	return c.len >= n && memmem(c.data, c.len, word, n) != NULL;
}

static const char *archive(struct slice c)
{
	struct slice head = slice_sub(c, 0, ZIP_LOOKED_AT);

	if (holds(head, "word/"))
		return "docx";
	if (holds(head, "xl/"))
		return "xlsx";
	if (holds(head, "ppt/"))
		return "pptx";
	return holds(head, "META-INF/MANIFEST.MF") ? "jar" : "zip";
}

static const struct {
	const char *bytes;
	uint8_t len;
	uint16_t at;
	const char *type;
} magics[] = {
	{"\x7f"
	 "ELF",
	 4, 0, "elf"},
	{"\xcf\xfa\xed\xfe", 4, 0, "macho"},
	{"\xce\xfa\xed\xfe", 4, 0, "macho"},
	{"\xca\xfe\xba\xbe", 4, 0, "class"},
	{"\x4c\0\0\0\x01\x14\x02\0", 8, 0, "lnk"},
	{"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 8, 0, "ole"},
	{"7z\xbc\xaf\x27\x1c", 6, 0, "7z"},
	{"Rar!\x1a\x07", 6, 0, "rar"},
	{"\x1f\x8b", 2, 0, "gz"},
	{"\xfd"
	 "7zXZ\0",
	 6, 0, "xz"},
	{"MSCF", 4, 0, "cab"},
	{"CD001", 5, ISO_AT, "iso"},
	{"%PDF-", 5, 0, "pdf"},
	{"{\\rtf", 5, 0, "rtf"},
	{"\x89PNG\r\n\x1a\n", 8, 0, "png"},
	{"\xff\xd8\xff", 3, 0, "jpeg"},
	{"GIF8", 4, 0, "gif"},
	{"FWS", 3, 0, "swf"},
	{"CWS", 3, 0, "swf"},
	{"#!", 2, 0, "sh"},
};

static bool is_text(struct slice c)
{
	size_t n = c.len < TEXT_LOOKED_AT ? c.len : TEXT_LOOKED_AT;

	if (begins(c, 0, "\xff\xfe", 2) || begins(c, 0, "\xfe\xff", 2))
		return true; /* UTF-16 */
	for (size_t i = 0; i < n; i++) {
		uint8_t b = c.data[i];

		if (b < 0x20 && b != '\t' && b != '\n' && b != '\r' && b != '\f')
			return false;
	}
	return true;
}

static const char *text_by_name(struct slice name)
{
	static const char *const endings[] = {"js", "vbs", "ps1", "bat", "hta", "wsf",
					      "sh", "py",  "php", "xml", "eml", "html"};
	size_t dot = name.len;

	while (dot > 0 && name.data[dot - 1] != '.')
		dot--;
	for (size_t i = 0; dot > 0 && i < ARRAY_SIZE(endings); i++) {
		if (slice_eq_nocase(SLICE(name.data + dot, name.len - dot), SLICE_STR(endings[i])))
			return endings[i];
	}
	return "text";
}

const char *sample_type(struct slice content, struct slice name)
{
	if (content.len == 0)
		return "empty";
	if (begins(content, 0, "MZ", 2))
		return windows_program(content);
	if (begins(content, 0, "PK\x03\x04", 4))
		return archive(content);
	for (size_t i = 0; i < ARRAY_SIZE(magics); i++) {
		if (begins(content, magics[i].at, magics[i].bytes, magics[i].len))
			return magics[i].type;
	}
	return is_text(content) ? text_by_name(name) : "data";
}
