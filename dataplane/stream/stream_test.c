#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>

#include "dataplane/stream/events.h"
#include "dataplane/stream/harness.h"

static void whole_connection(void **state)
{
	struct sim *s = sim_new(NULL);

	sim_handshake(s);
	assert_string_equal(sim_state(s), "established");
	assert_int_equal(s->flow->state, FLOW_ESTABLISHED);
	assert_true(stream_handshake_complete(s->flow));
	sim_data(s, DIR_TS, 1, 1, "GET / HTTP/1.0\r\n\r\n");
	assert_int_equal(s->count[DIR_TS], 18);
	sim_data(s, DIR_TC, 1, 19, "HTTP/1.0 200 OK\r\n\r\n");
	assert_memory_equal(s->bytes[DIR_TC], "HTTP/1.0 200 OK\r\n\r\n", 19);
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_FIN | TCP_ACK, 20, 19});
	assert_string_equal(sim_state(s), "fin_wait1");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_ACK, 19, 21});
	assert_string_equal(sim_state(s), "fin_wait2");
	sim_send(s, &(struct sim_packet){DIR_TS, TCP_FIN | TCP_ACK, 19, 21});
	assert_string_equal(sim_state(s), "time_wait");
	sim_send(s, &(struct sim_packet){DIR_TC, TCP_ACK, 21, 20});
	assert_string_equal(sim_state(s), "closed");
	assert_int_equal(s->flow->state, FLOW_CLOSED);
	assert_int_equal(s->eof[DIR_TS], 1);
	assert_int_equal(s->eof[DIR_TC], 1);
	sim_free(s);
}

static void event_names(void **state)
{
	for (int i = 0; i < STREAM_EVENT_COUNT; i++)
		assert_int_equal(stream_event_by_name(stream_event_name((unsigned)i)), i);
	assert_int_equal(stream_event_by_name("3WHS_SYN_FLOOD"), STREAM_3WHS_SYN_FLOOD);
	assert_int_equal(stream_event_by_name("est_synack_resend_with_diff_ack"),
			 STREAM_EST_SYNACK_RESEND_WITH_DIFFERENT_ACK);
	assert_int_equal(stream_event_by_name("nosuch"), -1);
	assert_null(stream_event_name(STREAM_EVENT_COUNT));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_connection),
		cmocka_unit_test(event_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
