/* The route table as an OpenAPI 3.0.3 document, from which clients and the suite of hostile
 * requests are made. */
#pragma once

#include "control/api/route.h"

struct api_description {
	const char *title;
	const char *version; /* of the program */
};

/* A new object; NULL without memory. */
json_t *api_openapi(const struct api_route *routes, size_t n, const struct api_description *d);
