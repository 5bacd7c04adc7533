/* test_restore.c — servers rebuilt from records: everything as it was, or a reason why not. */
#include "scenario.h"

static void everything_is_as_it_was(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2), LIFETIME(1000)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    bind_channel(f, &f->alice, 0x4001, f->peer_v6);
    allocate(f, &f->bob, ATTRS(UDP, DONT_FRAGMENT));
    uint16_t port = f->alice.port;
    advance(f, 500);
    checked_restart(&f->cs);
    EXPECT_TRUE("two are back", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS_RESTORED) == 2);
    f->alice.relay_id = model_by_port(&f->cs.model, port)->relay_id;

    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "channels relay on", alice, f->peer_v4, "up");
    peer_sends(f, &f->alice, f->peer_v6, "down");
    EXPECT_TO_CLIENT(f, "both ways, both families", alice, 0x4001, "down");
    advance(f, 99);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "a binding's 10 minutes go on", alice, f->peer_v4, "up");
    advance(f, 1);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "and end when they would have ended", CHANNEL_EXPIRED);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 400);
    EXPECT(f, "so does the lifetime: bob's default of 600 s was over long ago",
           CLOSE(alice, FAMILY_SET_V4 | FAMILY_SET_V6, TURN_END_EXPIRED));
}

static void reserved_channels_stay_reserved(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    advance(f, 700);
    checked_restart(&f->cs);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "row Channels: reserved after expiry", CHANNEL_EXPIRED);
    get_nonce(f, &f->alice);
    struct transport_addr other = f->peer_v4;
    other.port++;
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(other)));
    EXPECT(f, "row Channels: for the same pair", ERROR(alice, 400));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "the same pair again revives it", alice, f->peer_v4, "up");
}

static void clients_go_on(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    struct transport_addr relayed = f->answer.relayed[0];
    uint8_t allocate_request[MESSAGE_MAX];
    size_t len = f->alice.request_len;
    memcpy(allocate_request, f->alice.request, len);
    checked_restart(&f->cs);
    again(f, &f->alice);
    EXPECT(f, "row Same five-tuple, same transaction id: the same success", SUCCESS(alice));
    EXPECT_TRUE("the same relayed address", transport_addr_equal(&f->answer.relayed[0], &relayed));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(900)));
    EXPECT(f, "with the nonce from before", SUCCESS(alice));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Same five-tuple: another transaction id: 437", ERROR(alice, 437));
    delete_allocation(f, &f->alice);
}

/* What the record of alice's allocation comes to, in a server of another configuration. */
static enum err restore_into(struct fixture *f, struct server_setup *setup, struct turn_now now,
                             const struct turn_record *record)
{
    struct turn_server *server;
    struct turn_command command;
    assert_int_equal(turn_server_new(&setup->config, &server), ERR_OK);
    enum err err = turn_server_restore(server, now, record);
    bool opens = turn_server_next_command(server, &command);
    EXPECT_TRUE("only a restored allocation opens its relay", opens == (err == ERR_OK));
    if (opens) {
        EXPECT_TRUE("on its port, marked as restored",
                    command.kind == TURN_COMMAND_OPEN_RELAY && command.restored &&
                        command.port == record->allocation.port &&
                        command.families == record->allocation.families &&
                        command.dont_fragment == record->allocation.dont_fragment &&
                        bytes_equal(command.username, bytes_of_text(f->alice.username)));
        EXPECT_TRUE("nothing else", !turn_server_next_command(server, &command));
        EXPECT_TRUE("once", turn_server_restore(server, now, record) == ERR_EXISTS);
    }
    EXPECT_TRUE("or nothing is left of it",
                turn_server_allocation_count(server) == (err == ERR_OK));
    turn_server_free(server);
    return err;
}

static void reasons_why_not(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2), DONT_FRAGMENT));
    const struct turn_record record =
        *mirror_find(&f->cs.mirror, TURN_RECORD_ALLOCATION, &f->alice.tuple, 0);
    static struct server_setup setup;
    struct turn_now now = f->cs.now;

    server_setup_init(&setup);
    EXPECT_TRUE("it can be restored", restore_into(f, &setup, now, &record) == ERR_OK);
    setup.config.lowest_port = 51000;
    setup.config.highest_port = 51009;
    EXPECT_TRUE("Resize: also outside the slice", restore_into(f, &setup, now, &record) == ERR_OK);
    server_setup_init(&setup);
    setup.config.secret = bytes_of_text("another secret");
    EXPECT_TRUE("secret changed", restore_into(f, &setup, now, &record) == ERR_AUTH);
    server_setup_init(&setup);
    setup.config.schemes = TURN_SCHEME_REST;
    EXPECT_TRUE("scheme gone", restore_into(f, &setup, now, &record) == ERR_AUTH);
    server_setup_init(&setup);
    setup.config.public_v6 = (struct transport_addr){0};
    EXPECT_TRUE("family gone", restore_into(f, &setup, now, &record) == ERR_RANGE);
    server_setup_init(&setup);
    struct turn_record odd = record;
    odd.allocation.families = 0;
    EXPECT_TRUE("no family", restore_into(f, &setup, now, &odd) == ERR_RANGE);
    odd = record;
    odd.allocation.port = 80;
    EXPECT_TRUE("a port that is none of the host's relay ports",
                restore_into(f, &setup, now, &odd) == ERR_RANGE);
    odd.allocation.port = 0;
    EXPECT_TRUE("no port", restore_into(f, &setup, now, &odd) == ERR_RANGE);
    now.mono = mono_time_add_sec(now.mono, 600);
    EXPECT_TRUE("it has run out meanwhile", restore_into(f, &setup, now, &record) == ERR_EXPIRED);
}

static void a_credential_that_has_expired_keeps_its_allocation(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    const struct turn_record record =
        *mirror_find(&f->cs.mirror, TURN_RECORD_ALLOCATION, &f->alice.tuple, 0);
    static struct server_setup setup;
    struct turn_now now = f->cs.now;
    server_setup_init(&setup);
    now.wall.sec = UINT64_C(1892160001); /* TEST_USERNAME is over */
    EXPECT_TRUE("as without a restart", restore_into(f, &setup, now, &record) == ERR_OK);
}

static void no_longer_than_the_configuration_grants(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    struct turn_record record =
        *mirror_find(&f->cs.mirror, TURN_RECORD_ALLOCATION, &f->alice.tuple, 0);
    struct turn_record channel =
        *mirror_find(&f->cs.mirror, TURN_RECORD_CHANNEL, &f->alice.tuple, 0x4000);
    static struct server_setup setup;
    struct turn_server *server;
    struct turn_command command;
    server_setup_init(&setup);
    record.allocation.expires = MONO_TIME_NEVER;
    channel.channel.bound_until = MONO_TIME_NEVER;
    assert_int_equal(turn_server_new(&setup.config, &server), ERR_OK);
    assert_int_equal(turn_server_restore(server, f->cs.now, &record), ERR_OK);
    assert_true(turn_server_next_command(server, &command));
    assert_false(turn_server_next_command(server, &(struct turn_command){0}));
    turn_server_relay_opened(server, f->cs.now, command.relay_id);
    assert_int_equal(turn_server_next_deadline(server).usec,
                     f->cs.now.mono.usec + TURN_MAX_LIFETIME_SEC * USEC_PER_SEC);
    assert_int_equal(turn_server_restore(server, f->cs.now, &channel), ERR_OK);
    assert_int_equal(turn_server_next_deadline(server).usec,
                     f->cs.now.mono.usec +
                         (TURN_CHANNEL_LIFETIME_SEC + TURN_CHANNEL_RESERVED_SEC) * USEC_PER_SEC);
    turn_server_free(server);
}

static void a_port_that_somebody_took(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    const struct turn_record record =
        *mirror_find(&f->cs.mirror, TURN_RECORD_ALLOCATION, &f->alice.tuple, 0);
    static struct server_setup setup;
    struct turn_server *server;
    struct turn_command command;
    server_setup_init(&setup);
    setup.config.port_rest_sec = 0;
    assert_int_equal(turn_server_new(&setup.config, &server), ERR_OK);
    assert_int_equal(turn_server_restore(server, f->cs.now, &record), ERR_OK);
    assert_true(turn_server_next_command(server, &command));
    assert_false(turn_server_next_command(server, &(struct turn_command){0}));
    turn_server_relay_failed(server, f->cs.now, command.relay_id, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT_TRUE("no other port will do, and its record is the caller's matter",
                !turn_server_next_command(server, &command));
    EXPECT_TRUE("and nothing is left", turn_server_allocation_count(server) == 0 &&
                                           setup.counters[TURN_COUNT_PORTS_FREE] == 100);
    const struct turn_record *channel =
        mirror_find(&f->cs.mirror, TURN_RECORD_CHANNEL, &f->alice.tuple, 0x4000);
    EXPECT_TRUE("nor is there anything for its channels to be beneath",
                turn_server_restore(server, f->cs.now, channel) == ERR_NOT_FOUND);
    turn_server_free(server);
}

static void channels_that_do_not_fit(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    struct turn_server *server = f->cs.server;
    struct turn_record record =
        *mirror_find(&f->cs.mirror, TURN_RECORD_CHANNEL, &f->alice.tuple, 0x4000);
    struct turn_now now = f->cs.now;
    EXPECT_TRUE("there already", turn_server_restore(server, now, &record) == ERR_EXISTS);
    record.channel.number = 0x4001;
    EXPECT_TRUE("its peer has another", turn_server_restore(server, now, &record) == ERR_EXISTS);
    record.channel.peer.port++;
    record.channel.number = 0x5000;
    EXPECT_TRUE("no such number", turn_server_restore(server, now, &record) == ERR_RANGE);
    record.channel.number = 0x4001;
    record.channel.peer = f->peer_v6;
    EXPECT_TRUE("no such family", turn_server_restore(server, now, &record) == ERR_RANGE);
    record.channel.peer = test_addr("10.0.0.1:99");
    EXPECT_TRUE("forbidden by now", turn_server_restore(server, now, &record) == ERR_AUTH);
    record.channel.peer = test_addr("9.9.9.9:99");
    record.channel.bound_until.usec = now.mono.usec - TURN_CHANNEL_RESERVED_SEC * USEC_PER_SEC;
    EXPECT_TRUE("over", turn_server_restore(server, now, &record) == ERR_EXPIRED);
    record = (struct turn_record){.kind = TURN_RECORD_PERMISSION, .five_tuple = f->alice.tuple};
    EXPECT_TRUE("permissions change nothing here",
                turn_server_restore(server, now, &record) == ERR_OK);
}

static void more_than_the_slice_has_ports(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    allocate_udp(f, &f->bob);
    static struct server_setup setup;
    server_setup_init(&setup);
    setup.config.lowest_port = setup.config.highest_port = 51000;
    setup.config.capacity = 2;
    struct turn_server *server;
    struct turn_command command;
    assert_int_equal(turn_server_new(&setup.config, &server), ERR_OK);
    const struct test_client *clients[] = {&f->alice, &f->bob};
    for (size_t i = 0; i < 2; i++) {
        EXPECT_TRUE("Resize: ports outside the slice stay, however many",
                    turn_server_restore(server, f->cs.now,
                                        mirror_find(&f->cs.mirror, TURN_RECORD_ALLOCATION,
                                                    &clients[i]->tuple, 0)) == ERR_OK);
        assert_true(turn_server_next_command(server, &command));
        assert_false(turn_server_next_command(server, &command));
    }
    EXPECT_TRUE("and leave the slice's own ports to new ones",
                setup.counters[TURN_COUNT_PORTS_FREE] == 1);
    turn_server_free(server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(everything_is_as_it_was),
        SCENARIO(reserved_channels_stay_reserved),
        SCENARIO(clients_go_on),
        SCENARIO(reasons_why_not),
        SCENARIO(a_credential_that_has_expired_keeps_its_allocation),
        SCENARIO(no_longer_than_the_configuration_grants),
        SCENARIO(a_port_that_somebody_took),
        SCENARIO(channels_that_do_not_fit),
        SCENARIO(more_than_the_slice_has_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
