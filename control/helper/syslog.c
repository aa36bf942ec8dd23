#include "control/helper/syslog.h"

#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { CONNECT_S = 8 };

/* libcurl makes the connection, with TLS where asked; what goes over it is ours. */
static CURLcode send_all(CURL *c, const char *text)
{
	size_t left = strlen(text), n;
	CURLcode code = CURLE_OK;

	for (unsigned i = 0; left && i < 10000; i++) {
		code = curl_easy_send(c, text, left, &n);
		if (code == CURLE_OK) {
			text += n;
			left -= n;
		} else if (code != CURLE_AGAIN) {
			break;
		} else {
			usleep(1000);
		}
	}
	return left && code == CURLE_OK ? CURLE_OPERATION_TIMEDOUT : code;
}

void syslog_deliver(const char *address, const char *ca_file, const char *text, long timeout_s,
		    char ret[256])
{
	bool is_tls = strncmp(address, "tls://", 6) == 0;
	char url[300], detail[CURL_ERROR_SIZE] = "";
	CURLcode code;
	CURL *c;

	snprintf(ret, 256, "no memory");
	if (!is_tls && strncmp(address, "tcp://", 6) != 0) {
		snprintf(ret, 256, "%s: a syslog address is tls://HOST:6514 or tcp://HOST:514",
			 address);
		return;
	}
	snprintf(url, sizeof(url), "%s%s", is_tls ? "https://" : "http://", address + 6);
	c = curl_easy_init();
	if (!c)
		return;
	curl_easy_setopt(c, CURLOPT_URL, url);
	curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https,http");
	curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(c, CURLOPT_TIMEOUT, timeout_s);
	curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_S);
	curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	curl_easy_setopt(c, CURLOPT_ERRORBUFFER, detail);
	curl_easy_setopt(c, CURLOPT_CONNECT_ONLY, 1L);
	if (ca_file[0])
		curl_easy_setopt(c, CURLOPT_CAINFO, ca_file);
	code = curl_easy_perform(c);
	code = code == CURLE_OK ? send_all(c, text) : code;
	ret[0] = 0;
	if (code != CURLE_OK)
		snprintf(ret, 256, "%s: %s", address,
			 detail[0] ? detail : curl_easy_strerror(code));
	curl_easy_cleanup(c);
}
