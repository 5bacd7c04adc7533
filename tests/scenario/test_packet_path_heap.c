/* test_packet_path_heap.c — the packet path takes nothing from the heap: calls are counted.
 *
 * The linker sends every call of malloc and its kin in this program, the
 * core's included, to the counters below (--wrap); libcrypto is given them as
 * its own.
 */
#include "scenario.h"

#include "wire.h"

#include <openssl/crypto.h>
#include <stdlib.h>

enum { CLIENTS = 8, ROUNDS = 5000 };

/* Volatile, as compilers know that the real malloc changes no variable. */
static volatile size_t heap_calls;

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *old, size_t size);
void __real_free(void *old);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *old, size_t size);
void __wrap_free(void *old);

void *__wrap_malloc(size_t size)
{
    heap_calls++;
    return __real_malloc(size);
}

void *__wrap_calloc(size_t count, size_t size)
{
    heap_calls++;
    return __real_calloc(count, size);
}

void *__wrap_realloc(void *old, size_t size)
{
    heap_calls++;
    return __real_realloc(old, size);
}

void __wrap_free(void *old)
{
    heap_calls++;
    __real_free(old);
}

static void *crypto_malloc(size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return malloc(size);
}

static void *crypto_realloc(void *old, size_t size, const char *file, int line)
{
    (void)file;
    (void)line;
    return realloc(old, size);
}

static void crypto_free_counted(void *old, const char *file, int line)
{
    (void)file;
    (void)line;
    free(old);
}

/* What is shown below is worth something only if calls are seen at all. */
static void calls_are_counted(void **state)
{
    struct fixture *f = *state;
    heap_calls = 0;
    void *volatile something = malloc(1);
    something = realloc(something, 2);
    free(something);
    assert_int_equal(heap_calls, 3);

    heap_calls = 0;
    struct turn_server *server;
    assert_int_equal(turn_server_new(&f->setup.config, &server), ERR_OK);
    assert_true(heap_calls > 10); /* the core's own */
    heap_calls = 0;
    struct crypto *crypto;
    assert_int_equal(crypto_new(&crypto), ERR_OK);
    assert_true(heap_calls > 2); /* libcrypto's */
    crypto_free(crypto);
    turn_server_free(server);
}

static void set_up(struct fixture *f, struct test_client *clients)
{
    for (size_t i = 0; i < CLIENTS; i++) {
        clients[i] = f->alice;
        clients[i].tuple.client.port = (uint16_t)(50000 + i);
        allocate(f, &clients[i], ATTRS(UDP, ADDITIONAL_FAMILY(2)));
        bind_channel(f, &clients[i], 0x4000, f->peer_v4);
        bind_channel(f, &clients[i], 0x4001, f->peer_v6);
    }
}

/* Every kind of datagram that carries data, both ways, and every kind that is dropped there.
 * Returns how many passed. */
static size_t one_round(struct fixture *f, const struct test_client *client, size_t round)
{
    static const uint16_t numbers[] = {0x4000, 0x4001, 0x4002, 0x4FFF, 0x5000};
    uint8_t buffer[2048] = {0};
    struct turn_server *server = f->cs.server;
    struct turn_relay relay;
    size_t passed = 0;
    struct transport_addr stranger = f->peer_v4;
    stranger.port++;
    const struct transport_addr peers[] = {f->peer_v4, f->peer_v6, stranger};
    for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
        wire_store_u16(buffer, numbers[i]);
        wire_store_u16(buffer + 2, (uint16_t)(round % 1400));
        struct bytes datagram = {.data = buffer, .len = 4 + round % 1300};
        passed += turn_server_client_datagram(server, f->cs.now, &client->tuple, datagram,
                                              TURN_ARRIVAL_FIRST, &relay) == TURN_VERDICT_RELAY;
    }
    for (size_t i = 0; i < 3; i++)
        passed += turn_server_peer_datagram(server, f->cs.now, client->relay_id, &peers[i],
                                            buffer + TURN_HEADROOM, round % 1400,
                                            &relay) == TURN_VERDICT_RELAY;
    struct turn_command command;
    assert_false(turn_server_next_command(server, &command));
    assert_false(mono_time_is_never(turn_server_next_deadline(server)));
    return passed;
}

static void packet_path_takes_nothing(void **state)
{
    struct fixture *f = *state;
    struct test_client *clients = calloc(CLIENTS, sizeof(*clients));
    set_up(f, clients);
    size_t passed = 0;
    heap_calls = 0;
    for (size_t round = 0; round < ROUNDS; round++)
        passed += one_round(f, &clients[round % CLIENTS], round);
    size_t calls = heap_calls;
    assert_true(passed > ROUNDS * 3);
    EXPECT_TRUE("design 2.1: after start no malloc on the packet path", calls == 0);

    /* Channels that are only reserved pass nothing. */
    advance(f, 599);
    heap_calls = 0;
    f->cs.now.mono = mono_time_add_sec(f->cs.now.mono, 1);
    passed = 0;
    for (size_t round = 0; round < ROUNDS; round++)
        passed += one_round(f, &clients[round % CLIENTS], round);
    EXPECT_TRUE("nor for what is dropped", heap_calls == 0 && passed == 0);
    free(clients);
}

int main(void)
{
    if (!CRYPTO_set_mem_functions(crypto_malloc, crypto_realloc, crypto_free_counted))
        return 1;
    const struct CMUnitTest tests[] = {
        SCENARIO(calls_are_counted),
        SCENARIO(packet_path_takes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
