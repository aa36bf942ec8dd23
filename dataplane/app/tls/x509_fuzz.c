#include "dataplane/app/tls/x509.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[X509_NAME_MAX];
	struct x509 x;

	x509_name_text(SLICE(data, size), text);
	if (x509_read(SLICE(data, size), &x) == X509_OK) {
		x509_name_text(x.issuer, text);
		x509_name_text(x.subject, text);
	}
	return 0;
}
