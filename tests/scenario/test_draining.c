/* test_draining.c — a draining server makes no new allocations, and keeps those that it has. */
#include "scenario.h"

static void start(struct fixture *f)
{
    fixture_start(f);
    f->cs.shows_records = true;
}

static void open_relay(struct fixture *f, struct test_client *client, const struct attr *attrs)
{
    ask(f, client, TURN_ALLOCATE, attrs);
    client->relay_id = f->cs.seen[0].command.relay_id;
    client->port = f->cs.seen[0].command.port;
    relay_opens(f, client);
    checked_claim_result(&f->cs, client->relay_id, TURN_CLAIM_GRANTED);
}

static void expect_not_mine(struct fixture *f, const char *rule, uint32_t shard)
{
    EXPECT_NOTHING(f, rule);
    EXPECT_TRUE(rule, f->cs.verdict == TURN_VERDICT_NOT_MINE && f->cs.relay.shard == shard);
}

static void settled(struct fixture *f, struct test_client *client)
{
    checked_settled(&f->cs, &client->tuple,
                    (struct bytes){.data = client->request, .len = client->request_len}, AUTHENTIC);
}

static void what_is_there_goes_on(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    open_relay(f, &f->alice, ATTRS(UDP));
    EXPECT(f, "Allocate", SUCCESS(alice));
    turn_server_set_draining(f->cs.server, true);

    again(f, &f->alice);
    EXPECT_TRUE("the request is here", f->cs.verdict == TURN_VERDICT_CONTROL);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "ChannelBind", RECORD(alice, 0x4000), SUCCESS(alice));
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "data passes", alice, f->peer_v4, "up");
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_TO_CLIENT(f, "data passes", alice, 0x4000, "down");
    ask(f, &f->alice, TURN_CREATE_PERMISSION, ATTRS(PEER(f->peer_v4)));
    EXPECT(f, "CreatePermission", SUCCESS(alice));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(900)));
    EXPECT(f, "Refresh", RECORD(alice, 0), SUCCESS(alice));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "a second Allocate of its five-tuple is answered here", ERROR(alice, 437));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "and so is the end", CLOSE(alice, FAMILY_SET_V4, TURN_END_DELETED), FORGET(alice, 0),
           SUCCESS(alice));
}

static void retransmissions_are_answered(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    open_relay(f, &f->alice, ATTRS(UDP));
    turn_server_set_draining(f->cs.server, true);
    again(f, &f->alice);
    EXPECT(f, "the same success again", SUCCESS(alice));
}

static void new_ones_are_for_others(void **state)
{
    struct fixture *f = *state;
    start(f);
    turn_server_set_draining(f->cs.server, true);
    ask(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT(f, "a nonce is to be had here", ERROR(alice, 401));
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    expect_not_mine(f, "row Draining: another shard's", TURN_SHARD_UNKNOWN);
    again(f, &f->alice);
    expect_not_mine(f, "row Draining: and again", TURN_SHARD_UNKNOWN);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1)));
    expect_not_mine(f, "row Draining: a pair of ports, too", TURN_SHARD_UNKNOWN);
    settled(f, &f->alice);
    EXPECT(f, "row Draining: when nobody else is left: 508", ERROR(alice, 508));
    EXPECT_TRUE("nothing was made", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 0 &&
                                        checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 0);
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "Binding is anybody's", SUCCESS(alice));

    turn_server_set_draining(f->cs.server, false);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Draining: it ends", OPEN(alice, FAMILY_SET_V4));
}

static void who_is_not_authenticated_is_not_handed_on(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    turn_server_set_draining(f->cs.server, true);
    f->alice.key.bytes[0] ^= 1;
    struct message wrong = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
    client_asks(f, &f->alice, &wrong, FORGED);
    EXPECT_TRUE("a wrong key", f->cs.verdict == TURN_VERDICT_CONTROL && f->cs.seen_count == 1 &&
                                   f->cs.seen[0].answer.error_code == 401);
}

static void claims_under_way_come_to_their_end(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    f->alice.relay_id = f->cs.seen[0].command.relay_id;
    f->alice.port = f->cs.seen[0].command.port;
    turn_server_set_draining(f->cs.server, true);
    again(f, &f->alice);
    EXPECT_DROP(f, "it is under way", PENDING_ALLOCATE);
    relay_opens(f, &f->alice);
    EXPECT(f, "it was there before", CLAIM(alice));
    checked_claim_result(&f->cs, f->alice.relay_id, TURN_CLAIM_GRANTED);
    EXPECT(f, "it was there before", SUCCESS(alice));
}

/* Its port was granted before, with a token that is good for half a minute. */
static void reserved_ports_are_kept(void **state)
{
    struct fixture *f = *state;
    start(f);
    get_nonce(f, &f->device[0]);
    get_nonce(f, &f->device[1]);
    get_nonce(f, &f->bob);
    open_relay(f, &f->device[0], ATTRS(UDP, EVEN_PORT(1)));
    EXPECT(f, "Allocate", SUCCESS(device[0]));
    turn_server_set_draining(f->cs.server, true);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT(f, "row RESERVATION-TOKEN: same username only", ERROR(bob, 508));
    open_relay(f, &f->device[1], ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT(f, "row Draining: what was reserved is honoured", SUCCESS(device[1]));
    EXPECT_TRUE("the reserved port", f->device[1].port == f->device[0].port + 1);
    get_nonce(f, &f->device[2]);
    ask(f, &f->device[2], TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT(f, "row RESERVATION-TOKEN: good once", ERROR(device[2], 508));
}

static void without_a_registry(void **state)
{
    struct fixture *f = *state;
    f->setup.config.recorded = false;
    allocate_udp(f, &f->alice);
    turn_server_set_draining(f->cs.server, true);
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "there is nobody else", ERROR(bob, 508));
    again(f, &f->alice);
    EXPECT(f, "a retransmission", SUCCESS(alice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(what_is_there_goes_on),
        SCENARIO(retransmissions_are_answered),
        SCENARIO(new_ones_are_for_others),
        SCENARIO(who_is_not_authenticated_is_not_handed_on),
        SCENARIO(claims_under_way_come_to_their_end),
        SCENARIO(reserved_ports_are_kept),
        SCENARIO(without_a_registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
