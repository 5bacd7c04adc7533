/* test_bench_clients.c — how relay-bench's clients keep their allocations, against a server that
 * the test plays. */
#include "bench_clients.h"

#include "client_socket.h"
#include "stun_error.h"
#include "stun_writer.h"
#include "system_clock.h"
#include "system_random.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

enum { PATIENCE_MSEC = 20000 };

static const uint8_t loopback[4] = {127, 0, 0, 1};

/* Answers the request that comes to |fd| with |code|. */
static void answer_with(int fd, uint16_t method, uint16_t code)
{
    uint8_t request[TURN_REQUEST_MAX], answer[256];
    union client_sockaddr from;
    socklen_t from_len = sizeof from;
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&ready, 1, PATIENCE_MSEC), 1);
    ssize_t len = recvfrom(fd, request, sizeof request, 0, &from.any, &from_len);
    struct stun_message message;
    assert_int_equal(stun_message_parse((struct bytes){request, (size_t)len}, &message), ERR_OK);
    assert_int_equal(message.method, method);

    struct stun_writer writer;
    size_t answer_len;
    stun_writer_begin(&writer, answer, sizeof answer, STUN_ERROR, method, message.transaction_id);
    stun_add_error_code(&writer, code, stun_error_phrase(code));
    assert_int_equal(stun_writer_finish(&writer, &answer_len), ERR_OK);
    assert_int_equal(sendto(fd, answer, answer_len, 0, &from.any, from_len), answer_len);
}

/* With nothing to relay nobody else reads the sockets: an answer that stays unread is a request
 * that fails, and an allocation that ends. */
static void answers_are_read_while_allocations_are_held(void **state)
{
    (void)state;
    struct transport_addr any = transport_addr_v4(loopback, 0);
    struct bench_plan plan = {.allocations = 1, .channels = 1};
    struct turn_client_config config = {.random = system_random};
    struct transport_addr peer = transport_addr_v4(loopback, 9);
    static struct bench_clients clients; /* too large for the stack */
    int server;
    assert_int_equal(crypto_new(&config.crypto), ERR_OK);
    assert_int_equal(client_socket_open(&any, NULL, &server), ERR_OK);
    assert_int_equal(client_socket_local_addr(server, &plan.server), ERR_OK);
    assert_int_equal(bench_clients_open(&clients, &plan, &config, &peer), ERR_OK);

    struct bench_client *client = &clients.clients[0];
    client->has_allocation = true;
    client->bound = 1;
    client->refresh_at = system_mono_time();
    bench_clients_serve(&clients);
    assert_true(client->is_busy);
    answer_with(server, TURN_REFRESH, STUN_ALLOCATION_MISMATCH);
    for (int i = 0; i < 100 && client->is_busy; i++)
        bench_clients_serve(&clients);
    assert_false(client->is_busy);
    assert_int_equal(clients.first_failure.code, STUN_ALLOCATION_MISMATCH);

    bench_clients_close(&clients);
    close(server);
    crypto_free(config.crypto);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_read_while_allocations_are_held),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
