#include "dataplane/api/record.h"
#include "dataplane/app/modbus/modbus.h"
#include "dataplane/app/text/names.h"
#include "dataplane/app/text/text.h"

/* Names as Suricata writes them. */
static const struct text_name functions[] = {
	{1, "RdCoils"},
	{2, "RdDiscreteInputs"},
	{3, "RdHoldRegs"},
	{4, "RdInputRegs"},
	{5, "WrSingleCoil"},
	{6, "WrSingleReg"},
	{7, "RdExcStatus"},
	{8, "Diagnostic"},
	{9, "Program484"},
	{10, "Poll484"},
	{11, "GetCommEventCtr"},
	{12, "GetCommEventLog"},
	{13, "ProgramController"},
	{14, "PollController"},
	{15, "WrMultCoils"},
	{16, "WrMultRegs"},
	{17, "ReportServerID"},
	{18, "Program884"},
	{19, "ResetCommLink"},
	{20, "RdFileRec"},
	{21, "WrFileRec"},
	{22, "MaskWrReg"},
	{23, "RdWrMultRegs"},
	{24, "RdFIFOQueue"},
	{43, "MEI"},
};
static const struct text_name exceptions[] = {
	{1, "IllegalFunction"},
	{2, "IllegalDataAddr"},
	{3, "IllegalDataValue"},
	{4, "ServerDeviceFail"},
	{5, "Ack"},
	{6, "ServerDeviceBusy"},
	{7, "NegAck"},
	{8, "MemParityErr"},
	{10, "GatewayPathUnavailable"},
	{11, "GatewayTargetFailToResp"},
};
static const struct text_name diagnostics[] = {
	{0, "RetQueryData"},
	{1, "RestartCommOpt"},
	{2, "RetDiagReg"},
	{3, "ChangeInputDelimiter"},
	{4, "ForceListenOnlyMode"},
	{10, "ClearCtrDiagReg"},
	{11, "RetBusMsgCount"},
	{12, "RetBusCommErrCount"},
	{13, "RetBusExcErrCount"},
	{14, "RetServerMsgCount"},
	{15, "RetServerNoRespCount"},
	{16, "RetServerNAKCount"},
	{17, "RetServerBusyCount"},
	{18, "RetBusCharOverrunCount"},
	{19, "RetOverrunErrCount"},
	{20, "ClearOverrunCounterFlag"},
	{21, "GetClearPlusStats"},
};
static const struct text_name interfaces[] = {{0x0d, "CANOpenGenRefReqResp"}, {0x0e, "RdDevId"}};

static const struct text_name accesses[] = {
	{MODBUS_READ, "READ"},
	{MODBUS_WRITE, "WRITE"},
	{MODBUS_DISCRETES, "DISCRETES"},
	{MODBUS_COILS, "COILS"},
	{MODBUS_INPUT, "INPUT"},
	{MODBUS_HOLDING, "HOLDING"},
	{MODBUS_SINGLE, "SINGLE"},
	{MODBUS_MULTIPLE, "MULTIPLE"},
	{MODBUS_WRITE | MODBUS_SINGLE, "WRITE_SINGLE"},
	{MODBUS_WRITE | MODBUS_MULTIPLE, "WRITE_MULTIPLE"},
};
static const struct text_name categories[] = {
	{MODBUS_PUBLIC_ASSIGNED, "PUBLIC_ASSIGNED"},
	{MODBUS_PUBLIC_UNASSIGNED, "PUBLIC_UNASSIGNED"},
	{MODBUS_USER_DEFINED, "USER_DEFINED"},
	{MODBUS_RESERVED, "RESERVED"},
};
static const struct text_name errors[] = {
	{MODBUS_BAD_VALUE, "DATA_VALUE"},   {MODBUS_BAD_LENGTH, "DATA_LENGTH"},
	{MODBUS_BAD_EXCEPTION, "EXC_CODE"}, {MODBUS_BAD_FUNCTION, "FUNC_CODE"},
	{MODBUS_BAD_PROTOCOL, "PROTO_ID"},
};

/* "READ | COILS" */
static void log_flags(struct record *r, const char *field, uint32_t bits, struct text_names names)
{
	char text[160];
	size_t len = 0;

	for (size_t i = 0; i < names.count; i++) {
		const char *name = names.list[i].name;
		size_t n = strlen(name);

		if ((bits & names.list[i].number) != names.list[i].number ||
		    len + n + 4 > sizeof(text))
			continue;
		if (len > 0) {
			memcpy(text + len, " | ", 3);
			len += 3;
		}
		memcpy(text + len, name, n);
		len += n;
	}
	if (len == 0)
		record_text(r, field, "NONE");
	else
		record_str(r, field, SLICE(text, len));
}

static void log_known(struct record *r, struct text_names names, uint32_t n, const char *other)
{
	const char *name = text_name(names, n);

	record_text(r, "code", name ? name : other);
}

static void log_write(struct record *r, const struct modbus_data *d)
{
	record_object(r, "write");
	record_uint(r, "address", d->write_address);
	switch (d->form) {
	case MODBUS_WRITE_MASK:
		record_uint(r, "and_mask", d->and_mask);
		record_uint(r, "or_mask", d->or_mask);
		break;
	case MODBUS_WRITE_ONE:
		record_uint(r, "data", d->value);
		break;
	default:
		record_uint(r, "quantity", d->write_quantity);
		text_log(r, "data", d->data);
		break;
	}
	record_end(r);
}

static void log_read(struct record *r, const struct modbus_data *d)
{
	record_object(r, "read");
	if (d->form == MODBUS_READ_RESPONSE) {
		text_log(r, "data", d->data);
	} else {
		record_uint(r, "address", d->address);
		record_uint(r, "quantity", d->quantity);
	}
	record_end(r);
}

static void log_coded(struct record *r, const char *field, const struct modbus_data *d,
		      struct text_names names, const char *other)
{
	record_object(r, field);
	record_uint(r, "raw", d->code);
	log_known(r, names, d->code, other);
	if (d->form != MODBUS_AN_EXCEPTION)
		text_log(r, "data", d->data);
	record_end(r);
}

static void log_data(struct record *r, const struct modbus_data *d)
{
	switch (d->form) {
	case MODBUS_AN_EXCEPTION:
		log_coded(r, "exception", d, TEXT_NAMES(exceptions), "Unknown");
		break;
	case MODBUS_A_DIAGNOSTIC:
		log_coded(r, "diagnostic", d, TEXT_NAMES(diagnostics), "Reserved");
		break;
	case MODBUS_AN_INTERFACE:
		log_coded(r, "mei", d, TEXT_NAMES(interfaces), "Unknown");
		break;
	case MODBUS_READ_REQUEST:
	case MODBUS_READ_RESPONSE:
		log_read(r, d);
		break;
	case MODBUS_READ_WRITE:
		log_read(r, d);
		log_write(r, d);
		break;
	case MODBUS_WRITE_MANY:
	case MODBUS_WRITE_MASK:
	case MODBUS_WRITE_ONE:
		log_write(r, d);
		break;
	case MODBUS_BYTES:
		text_log(r, "data", d->data);
		break;
	default:
		break;
	}
}

static void log_message(struct record *r, const char *field, const struct modbus_message *m,
			enum dir dir)
{
	struct modbus_data d;
	const char *name = text_name(TEXT_NAMES(functions), modbus_code(m));

	if (!m->is_there)
		return;
	d = modbus_data_of(m, dir);
	record_object(r, field);
	record_uint(r, "transaction_id", m->id);
	record_uint(r, "protocol_id", m->protocol);
	record_uint(r, "unit_id", m->unit);
	record_uint(r, "function_raw", m->function);
	record_text(r, "function_code", name ? name : "Unknown");
	log_flags(r, "access_type", m->access, TEXT_NAMES(accesses));
	log_flags(r, "category", m->category, TEXT_NAMES(categories));
	log_flags(r, "error_flags", m->errors, TEXT_NAMES(errors));
	log_data(r, &d);
	record_end(r);
}

bool modbus_log(const struct app_tx *tx, const void *state, struct record *r)
{
	const struct modbus_tx *t = container_of(tx, const struct modbus_tx, tx);

	record_uint(r, "id", tx->id + 1);
	log_message(r, "request", &t->message[DIR_TS], DIR_TS);
	log_message(r, "response", &t->message[DIR_TC], DIR_TC);
	return true;
}
