/* Where a program's pages are served: its part of the configuration, and the TLS that follows from
 * it. Loopback and what stands behind a proxy with TLS is plain; everything else has TLS, by the
 * certificate that was given or one made here. */
#pragma once

#include "control/api/certificate.h"
#include "control/wire/config.h"

struct api_serve {
	const char *listen, *certificate, *key, *folder;
	bool behind_tls;
	const char *client_ca; /* of the mitigator only: PEM file, "" = no certificates of askers */
};

/* Of a CONFIG_GROUP at a struct api_serve: listen, certificate, key, behind-tls; `folder` is the
 * program's own line, for its default differs. */
#define API_SERVE_KEYS(listen_default, folder_default)                                             \
	{"listen", CONFIG_TEXT, offsetof(struct api_serve, listen), listen_default,                \
	 .help = "address:port of the pages and their HTTP API, e.g. 127.0.0.1:8443; empty = "     \
		 "none"},                                                                          \
		{"certificate", CONFIG_TEXT, offsetof(struct api_serve, certificate), "",          \
		 .help = "PEM file for TLS; empty = plain on loopback, elsewhere one made here"},  \
		{"key", CONFIG_TEXT, offsetof(struct api_serve, key), "",                          \
		 .help = "PEM file of the certificate's key"},                                     \
		{"behind-tls", CONFIG_BOOL, offsetof(struct api_serve, behind_tls), "false",       \
		 .help = "a proxy in front speaks TLS; the pages are plain"},                      \
		{"folder", CONFIG_TEXT, offsetof(struct api_serve, folder), folder_default,        \
		 .help = "the built pages; empty = the API alone"},                                \
	{                                                                                          \
		.name = NULL                                                                       \
	}

/* The certificate by which the place is served; made in `state_folder` when none was given and one
 * is needed. *ret_tls: `ret` is to be used. */
int api_serve_certificate(const struct api_serve *p, const char *state_folder,
			  struct certificate *ret, bool *ret_tls, struct errmsg *e);
/* Whether its folder of pages can be read. */
bool api_serve_has_pages(const struct api_serve *p);
