/* From the stream to records: NBSS messages, whole or piece by piece, and gaps. */
#pragma once

#include "dataplane/app/smb/smb.h"

enum {
	SMB_NBSS_HEADER = 4,
	SMB_NBSS_MESSAGE = 0x00,
};

/* In the order of smb_proto's names: a unit, its head, its body. */
enum smb_frame {
	SMB_FRAME_NBSS_PDU,
	SMB_FRAME_NBSS_HEADER,
	SMB_FRAME_NBSS_DATA,
	SMB_FRAME_SMB1_PDU,
	SMB_FRAME_SMB1_HEADER,
	SMB_FRAME_SMB1_DATA,
	SMB_FRAME_SMB2_PDU,
	SMB_FRAME_SMB2_HEADER,
	SMB_FRAME_SMB2_DATA,
	SMB_FRAME_SMB3_PDU,
	SMB_FRAME_SMB3_HEADER,
	SMB_FRAME_SMB3_DATA,
};

struct app_result smb_parse(struct app_io *io, void *state, enum dir dir, struct app_input input);
bool smb_gap(struct app_io *io, void *state, enum dir dir, uint64_t len);
/* `data` begins with a record; `ret_version` 0xff, 0xfe, 0xfd for SMB 1, 2 and encrypted 3 (or
 * another byte, then nobody knows it). */
bool smb_magic(struct slice data, uint8_t *ret_version);
bool smb_is_nbss(uint8_t type);
