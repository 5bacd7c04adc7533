/* test_relay_table.c — tests of relay_table.h, on the loopback interface. */
#include "relay_table.h"

#include <string.h>

#include "loopback.h"

struct fixture {
    struct event_base *base;
    struct relay_table table;
    struct relay_binding binding;
    struct relay_socket *readable; /* the last one reported */
    unsigned reports;
};

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct relay_socket *socket = arg;
    struct fixture *fixture = socket->context;
    char byte;

    (void)what;
    assert_int_equal(fd, socket->fd);
    assert_true(recv(fd, &byte, 1, MSG_DONTWAIT) >= 0);
    fixture->readable = socket;
    fixture->reports++;
}

static int setup(void **state)
{
    static struct fixture fixture;

    fixture = (struct fixture){.base = event_base_new(),
                               .binding = {.v4 = transport_addr_v4(loopback_ip, 0)}};
    assert_non_null(fixture.base);
    assert_int_equal(relay_table_init(&fixture.table, 4, fixture.base, on_readable, &fixture),
                     ERR_OK);
    *state = &fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    relay_table_deinit(&fixture->table);
    event_base_free(fixture->base);
    return 0;
}

static struct turn_relay_id id_of(uint32_t index, uint32_t generation)
{
    return (struct turn_relay_id){.index = index, .generation = generation};
}

/* Opens an IPv4 relay on some port that is free. */
static struct relay *open_one(struct fixture *fixture, struct turn_relay_id id)
{
    struct turn_command command = {
        .kind = TURN_COMMAND_OPEN_RELAY, .relay_id = id, .port = 61000, .families = FAMILY_SET_V4};
    struct relay_failure failure;

    while (!relay_table_open(&fixture->table, &fixture->binding, &command, &failure)) {
        assert_int_equal(failure.kind, TURN_RELAY_PORT_TAKEN);
        assert_int_not_equal(command.port, 65535);
        command.port++;
    }
    struct relay *relay = relay_table_find(&fixture->table, id);

    assert_non_null(relay);
    assert_int_equal(relay->port, command.port);
    return relay;
}

static void an_open_relay_is_found_by_index_and_generation(void **state)
{
    struct fixture *fixture = *state;

    assert_null(relay_table_find(&fixture->table, id_of(3, 7)));
    struct relay *relay = open_one(fixture, id_of(3, 7));

    assert_int_equal(relay_socket_fd(relay, IP_FAMILY_V4), relay->v4.fd);
    assert_int_equal(relay_socket_fd(relay, IP_FAMILY_V6), -1);
    assert_null(relay_table_find(&fixture->table, id_of(3, 6)));
    assert_null(relay_table_find(&fixture->table, id_of(2, 7)));
    assert_null(relay_table_find(&fixture->table, id_of(4, 7)));
}

static void a_closed_relay_makes_place_for_the_next(void **state)
{
    struct fixture *fixture = *state;

    relay_close(open_one(fixture, id_of(0, 1)), FAMILY_SET_V4 | FAMILY_SET_V6);
    assert_null(relay_table_find(&fixture->table, id_of(0, 1)));
    (void)open_one(fixture, id_of(0, 2));
    assert_null(relay_table_find(&fixture->table, id_of(0, 1)));
}

static void datagrams_are_reported_until_the_relay_is_closed(void **state)
{
    struct fixture *fixture = *state;
    struct relay *relay = open_one(fixture, id_of(1, 5));
    struct transport_addr sender_addr;
    struct transport_addr relayed = transport_addr_v4(loopback_ip, relay->port);
    int sender = loopback_socket(&sender_addr);

    loopback_send(sender, &relayed, "x", 1);
    loopback_wait(relay->v4.fd);
    assert_int_equal(event_base_loop(fixture->base, EVLOOP_ONCE), 0);
    assert_int_equal(fixture->reports, 1);
    assert_ptr_equal(fixture->readable, &relay->v4);
    assert_int_equal(fixture->readable->id.index, 1);
    assert_int_equal(fixture->readable->id.generation, 5);

    loopback_send(sender, &relayed, "x", 1);
    loopback_wait(relay->v4.fd);
    relay_close(relay, FAMILY_SET_V4);
    /* 1: no events are left. */
    assert_int_equal(event_base_loop(fixture->base, EVLOOP_NONBLOCK), 1);
    assert_int_equal(fixture->reports, 1);
    close(sender);
}

static void a_failure_leaves_the_entry_free(void **state)
{
    struct fixture *fixture = *state;
    struct transport_addr taken_addr;
    int taken = loopback_socket(&taken_addr);
    struct turn_command command = {
        .relay_id = id_of(2, 1), .port = taken_addr.port, .families = FAMILY_SET_V4};
    struct relay_failure failure;

    assert_false(relay_table_open(&fixture->table, &fixture->binding, &command, &failure));
    assert_int_equal(failure.kind, TURN_RELAY_PORT_TAKEN);
    assert_null(relay_table_find(&fixture->table, command.relay_id));
    (void)open_one(fixture, command.relay_id);
    close(taken);
}

#define TABLE_TEST(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TABLE_TEST(an_open_relay_is_found_by_index_and_generation),
        TABLE_TEST(a_closed_relay_makes_place_for_the_next),
        TABLE_TEST(datagrams_are_reported_until_the_relay_is_closed),
        TABLE_TEST(a_failure_leaves_the_entry_free),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
