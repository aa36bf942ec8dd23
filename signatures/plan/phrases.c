/* What nearly all traffic of some protocol holds: a pattern that is a part of one of these is a
 * poor choice. */
#include <stdlib.h>

#include "signatures/plan/build.h"
#include "signatures/plan/common_grams.h"

static const char *const phrases[] = {
	"GET / HTTP/1.1\r\nHost: www.",
	"POST / HTTP/1.1\r\n",
	"HTTP/1.0 200 OK\r\n",
	"HTTP/1.1 200 OK\r\n",
	"HTTP/1.1 302 Found\r\n",
	"HTTP/1.1 404 Not Found\r\n",
	"\r\nContent-Type: text/html; charset=UTF-8\r\n",
	"\r\nContent-Type: application/x-www-form-urlencoded\r\n",
	"\r\nContent-Type: application/octet-stream\r\n",
	"\r\nContent-Type: application/json\r\n",
	"\r\nContent-Type: image/jpeg\r\n",
	"\r\nContent-Type: text/plain\r\n",
	"\r\nContent-Length: ",
	"\r\nContent-Encoding: gzip\r\n",
	"\r\nTransfer-Encoding: chunked\r\n",
	"\r\nServer: nginx/1.",
	"\r\nServer: Apache/2.",
	"\r\nDate: ",
	" GMT\r\n",
	"\r\nLast-Modified: ",
	"\r\nExpires: ",
	"\r\nPragma: no-cache\r\n",
	"\r\nCache-Control: no-cache\r\n",
	"\r\nCache-Control: max-age=",
	"\r\nConnection: Keep-Alive\r\n",
	"\r\nConnection: close\r\n",
	"\r\nConnection: keep-alive\r\n",
	"\r\nAccept-Ranges: bytes\r\n",
	"\r\nSet-Cookie: ",
	"\r\nCookie: ",
	"\r\nReferer: http://www.",
	"\r\nHost: www.",
	"\r\nAccept: */*\r\n",
	"\r\nAccept: text/html,application/xhtml+xml,application/xml",
	"\r\nAccept-Language: en-US,en;q=0.",
	"\r\nAccept-Encoding: gzip, deflate\r\n",
	"\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
	"(KHTML, "
	"like Gecko) Chrome/",
	"Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; .NET CLR ",
	"Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)",
	" Safari/537.36",
	" Gecko/20100101 Firefox/",
	"Mozilla/5.0 (X11; Linux x86_64",
	"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_",
	"https://www.",
	"http://www.",
	"<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\"",
	"<html xmlns=\"http://www.w3.org/1999/xhtml\">",
	"<html>",
	"<head>",
	"<title>",
	"</title>",
	"<body>",
	"</body>",
	"</html>",
	"</head>",
	"<script>",
	"</script>",
	"<script type=\"text/javascript\"",
	"<meta http-equiv=\"Content-Type\"",
	"<meta name=",
	"<link rel=\"stylesheet\"",
	"<form ",
	"</form>",
	"<input type=\"",
	"<iframe ",
	"<div class=\"",
	"</div>",
	"<table",
	"</table>",
	"<img src=\"",
	"<a href=\"",
	"document.write(",
	"function(",
	"function ",
	"return ",
	"style=\"",
	"class=\"",
	"method=\"post\"",
	"action=\"",
	"password",
	"username",
	"name=\"",
	"value=\"",
	"id=\"",
	"src=\"",
	"href=\"",
	"width=",
	"height=",
	"unescape(",
	"eval(",
	"String.fromCharCode(",
	"document.getElementById(",
	"window.location",
	"This program cannot be run in DOS mode",
	"PE\0\0",
	"PK\3\4",
	"%PDF-1.",
	"\xff\xd8\xff\xe0",
	"",
	"\xff\xff\xff\xff\xff\xff\xff\xff",
	"AAAAAAAAAAAAAAAAAAAAAAAA",
	"                        ",
	".php?",
	".html",
	".com",
	"index.php",
	"?id=",
	"&",
	"Windows NT",
	"microsoft",
	"google",
	"facebook",
	"download",
	"update",
};

bool plan_common_phrase(struct slice s)
{
	for (size_t i = 0; i < ARRAY_SIZE(phrases); i++) {
		struct slice p = slice_of(phrases[i]);

		for (size_t at = 0; at + s.len <= p.len; at++) {
			if (slice_eq_nocase(slice_sub(p, at, s.len), s))
				return true;
		}
	}
	return false;
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

bool plan_common_gram(uint32_t gram)
{
	return gram == (gram & 0xff) * 0x01010101U ||
	       bsearch(&gram, common_grams, ARRAY_SIZE(common_grams), sizeof(gram), number_cmp);
}
