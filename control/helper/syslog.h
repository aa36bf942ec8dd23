/* Syslog messages, each with its count of bytes in front, to a server over TLS (RFC 5425) or plain
 * TCP (RFC 6587). Waits: for helper processes. */
#pragma once

/* `address`: tls://HOST:6514 or tcp://HOST:514; `ca_file`: who vouches for the server, "" = the
 * system's. `ret_error`: "" or why not. Syslog knows no acknowledgement: "" is that the connection
 * took it. */
void syslog_deliver(const char *address, const char *ca_file, const char *text, long timeout_s,
		    char ret_error[256]);
