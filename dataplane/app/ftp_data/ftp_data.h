/* FTP's data connections: one file, announced by the control connection. */
#pragma once

#include "dataplane/app/ftp/ftp.h"

extern const struct app_proto ftp_data_proto;
