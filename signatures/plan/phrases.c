/* What nearly all traffic of some protocol holds: a pattern that is a part of one of these is a
 * poor choice. */
#include <stdlib.h>

#include "signatures/plan/build.h"
#include "signatures/plan/common_grams.h"

static const struct slice phrases[] = {
	SLICE_LIT("GET / HTTP/1.1\r\nHost: www."),
	SLICE_LIT("POST / HTTP/1.1\r\n"),
	SLICE_LIT("HTTP/1.0 200 OK\r\n"),
	SLICE_LIT("HTTP/1.1 200 OK\r\n"),
	SLICE_LIT("HTTP/1.1 302 Found\r\n"),
	SLICE_LIT("HTTP/1.1 404 Not Found\r\n"),
	SLICE_LIT("\r\nContent-Type: text/html; charset=UTF-8\r\n"),
	SLICE_LIT("\r\nContent-Type: application/x-www-form-urlencoded\r\n"),
	SLICE_LIT("\r\nContent-Type: application/octet-stream\r\n"),
	SLICE_LIT("\r\nContent-Type: application/json\r\n"),
	SLICE_LIT("\r\nContent-Type: image/jpeg\r\n"),
	SLICE_LIT("\r\nContent-Type: text/plain\r\n"),
	SLICE_LIT("\r\nContent-Length: "),
	SLICE_LIT("\r\nContent-Encoding: gzip\r\n"),
	SLICE_LIT("\r\nTransfer-Encoding: chunked\r\n"),
	SLICE_LIT("\r\nServer: nginx/1."),
	SLICE_LIT("\r\nServer: Apache/2."),
	SLICE_LIT("\r\nDate: "),
	SLICE_LIT(" GMT\r\n"),
	SLICE_LIT("\r\nLast-Modified: "),
	SLICE_LIT("\r\nExpires: "),
	SLICE_LIT("\r\nPragma: no-cache\r\n"),
	SLICE_LIT("\r\nCache-Control: no-cache\r\n"),
	SLICE_LIT("\r\nCache-Control: max-age="),
	SLICE_LIT("\r\nConnection: Keep-Alive\r\n"),
	SLICE_LIT("\r\nConnection: close\r\n"),
	SLICE_LIT("\r\nConnection: keep-alive\r\n"),
	SLICE_LIT("\r\nAccept-Ranges: bytes\r\n"),
	SLICE_LIT("\r\nSet-Cookie: "),
	SLICE_LIT("\r\nCookie: "),
	SLICE_LIT("\r\nReferer: http://www."),
	SLICE_LIT("\r\nHost: www."),
	SLICE_LIT("\r\nAccept: */*\r\n"),
	SLICE_LIT("\r\nAccept: text/html,application/xhtml+xml,application/xml"),
	SLICE_LIT("\r\nAccept-Language: en-US,en;q=0."),
	SLICE_LIT("\r\nAccept-Encoding: gzip, deflate\r\n"),
	SLICE_LIT("\r\nUser-Agent: Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 "
		  "(KHTML, "
		  "like Gecko) Chrome/"),
	SLICE_LIT("Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1; SV1; .NET CLR "),
	SLICE_LIT("Mozilla/5.0 (compatible; MSIE 9.0; Windows NT 6.1; WOW64; Trident/5.0)"),
	SLICE_LIT(" Safari/537.36"),
	SLICE_LIT(" Gecko/20100101 Firefox/"),
	SLICE_LIT("Mozilla/5.0 (X11; Linux x86_64"),
	SLICE_LIT("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_"),
	SLICE_LIT("https://www."),
	SLICE_LIT("http://www."),
	SLICE_LIT("<!DOCTYPE html PUBLIC \"-//W3C//DTD XHTML 1.0 Transitional//EN\""),
	SLICE_LIT("<html xmlns=\"http://www.w3.org/1999/xhtml\">"),
	SLICE_LIT("<html>"),
	SLICE_LIT("<head>"),
	SLICE_LIT("<title>"),
	SLICE_LIT("</title>"),
	SLICE_LIT("<body>"),
	SLICE_LIT("</body>"),
	SLICE_LIT("</html>"),
	SLICE_LIT("</head>"),
	SLICE_LIT("<script>"),
	SLICE_LIT("</script>"),
	SLICE_LIT("<script type=\"text/javascript\""),
	SLICE_LIT("<meta http-equiv=\"Content-Type\""),
	SLICE_LIT("<meta name="),
	SLICE_LIT("<link rel=\"stylesheet\""),
	SLICE_LIT("<form "),
	SLICE_LIT("</form>"),
	SLICE_LIT("<input type=\""),
	SLICE_LIT("<iframe "),
	SLICE_LIT("<div class=\""),
	SLICE_LIT("</div>"),
	SLICE_LIT("<table"),
	SLICE_LIT("</table>"),
	SLICE_LIT("<img src=\""),
	SLICE_LIT("<a href=\""),
	SLICE_LIT("document.write("),
	SLICE_LIT("function("),
	SLICE_LIT("function "),
	SLICE_LIT("return "),
	SLICE_LIT("style=\""),
	SLICE_LIT("class=\""),
	SLICE_LIT("method=\"post\""),
	SLICE_LIT("action=\""),
	SLICE_LIT("password"),
	SLICE_LIT("username"),
	SLICE_LIT("name=\""),
	SLICE_LIT("value=\""),
	SLICE_LIT("id=\""),
	SLICE_LIT("src=\""),
	SLICE_LIT("href=\""),
	SLICE_LIT("width="),
	SLICE_LIT("height="),
	SLICE_LIT("unescape("),
	SLICE_LIT("eval("),
	SLICE_LIT("String.fromCharCode("),
	SLICE_LIT("document.getElementById("),
	SLICE_LIT("window.location"),
	SLICE_LIT("This program cannot be run in DOS mode"),
	SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\0"), /* headers of DNS: a question, an answer */
	SLICE_LIT("\0\0\1\0\0\1\0\0\0\0\0\1"),
	SLICE_LIT("\0\0\x81\x80\0\1\0\1\0\0\0\0"),
	SLICE_LIT("\0\0\x81\x83\0\1\0\0\0\1\0\0"),
	SLICE_LIT("\0\0\1\0\1\xc0\x0c\0\1\0\1\0\0"), /* and of its records */
	SLICE_LIT("\xff\xff\xff\xff\xff\xff\xff\xff"),
	SLICE_LIT("AAAAAAAAAAAAAAAAAAAAAAAA"),
	SLICE_LIT("                        "),
	SLICE_LIT(".php?"),
	SLICE_LIT(".html"),
	SLICE_LIT(".com"),
	SLICE_LIT("index.php"),
	SLICE_LIT("?id="),
	SLICE_LIT("&"),
	SLICE_LIT("Windows NT"),
	SLICE_LIT("microsoft"),
	SLICE_LIT("google"),
	SLICE_LIT("facebook"),
	SLICE_LIT("download"),
	SLICE_LIT("update"),
};

/* Files begin so: common, but once a file. */
static const struct slice begins[] = {
	SLICE_LIT("PE\0\0"),
	SLICE_LIT("PK\3\4"),
	SLICE_LIT("%PDF-1."),
	SLICE_LIT("\xff\xd8\xff\xe0"),
};

static bool part_of_any(struct slice s, const struct slice *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		for (size_t at = 0; at + s.len <= v[i].len; at++) {
			if (slice_eq_nocase(slice_sub(v[i], at, s.len), s))
				return true;
		}
	}
	return false;
}

bool plan_common_phrase(struct slice s)
{
	return plan_common_in_head(s) || part_of_any(s, begins, ARRAY_SIZE(begins));
}

bool plan_common_in_head(struct slice s)
{
	return part_of_any(s, phrases, ARRAY_SIZE(phrases));
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
