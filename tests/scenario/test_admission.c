/* test_admission.c — a server that waits for its control plane: Binding, and who is there already.
 */
#include "scenario.h"

static void wait_for_admission(struct fixture *f)
{
    f->setup.config.awaits_admission = true;
}

/* A request as a client sends it that has never had a nonce. */
static void ask_first(struct fixture *f, uint16_t method, const struct attr *attrs)
{
    struct message m = client_message(&f->alice, method, attrs);
    m.nonce = (struct bytes){0};
    client_asks(f, &f->alice, &m, FORGED);
}

static void nobody_new_is_served(void **state)
{
    struct fixture *f = *state;
    wait_for_admission(f);
    static const uint16_t methods[] = {TURN_ALLOCATE, TURN_REFRESH, TURN_CHANNEL_BIND,
                                       TURN_CREATE_PERMISSION};
    ask(f, &f->alice, STUN_BINDING, ATTRS(SOFTWARE_SNOWNET));
    EXPECT(f, "Binding is answered", SUCCESS(alice));
    for (size_t i = 0; i < sizeof(methods) / sizeof(*methods); i++) {
        ask_first(f, methods[i], ATTRS(UDP));
        EXPECT_DROP(f, "silence: a client that hears 401 or an error would give the relay up",
                    NOT_ADMITTED);
    }
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
    m.username = m.realm = m.nonce = (struct bytes){0};
    m.key = NULL;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT_DROP(f, "not even 401 to what has no integrity", NOT_ADMITTED);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "ChannelData is dropped for its own reason", NO_ALLOCATION);
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_DROP(f, "so are peers' datagrams", RELAY_CLOSED);
}

/* relay-behaviour 9.10: requests are repeated after 1 s, 2.5 s and 4.75 s, each with a new id. */
static void the_retransmission_succeeds(void **state)
{
    struct fixture *f = *state;
    wait_for_admission(f);
    ask_first(f, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT_DROP(f, "before", NOT_ADMITTED);
    turn_server_admit(f->cs.server);
    advance(f, 1);
    ask_first(f, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "after: as on any relay", ERROR(alice, 401));
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    EXPECT_TRUE("one datagram was dropped",
                checked_count(&f->cs, TURN_COUNT_DROP_NOT_ADMITTED) == 1);
}

static void restored_allocations_go_on(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(3600)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    uint16_t port = f->alice.port;
    f->cs.config.awaits_admission = true;
    checked_restart(&f->cs);
    f->alice.relay_id = model_by_port(&f->cs.model, port)->relay_id;

    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "it relays", alice, f->peer_v4, "up");
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_TO_CLIENT(f, "both ways", alice, 0x4000, "down");
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(3600)));
    EXPECT(f, "it is refreshed", SUCCESS(alice));
    struct transport_addr peer = f->peer_v4;
    peer.port++;
    bind_channel(f, &f->alice, 0x4001, peer);
    ask_first(f, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "its client gets a nonce", ERROR(alice, 401));
    struct message m = client_message(&f->bob, TURN_ALLOCATE, ATTRS(UDP));
    client_asks(f, &f->bob, &m, FORGED);
    EXPECT_DROP(f, "another one does not", NOT_ADMITTED);
    delete_allocation(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT_DROP(f, "what has ended is not made again", NOT_ADMITTED);
}

/* With the owner of a five-tuple on another shard, a request finds it; without one, it is nobody's.
 */
static void other_shards_allocations_go_on(void **state)
{
    struct fixture *f = *state;
    f->setup.config.recorded = true;
    f->setup.config.awaits_admission = true;
    fixture_start(f);
    f->cs.shows_records = true;
    struct message m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.nonce = bytes_of_text("of another time");
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "whoever had a nonce gets a new one", ERROR(alice, 438));
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT_TRUE("with that its owner is looked up", f->cs.verdict == TURN_VERDICT_NOT_MINE);
    checked_settled(&f->cs, &f->alice.tuple,
                    (struct bytes){.data = f->alice.request, .len = f->alice.request_len},
                    AUTHENTIC);
    EXPECT_DROP(f, "nobody's: 437 would invite an Allocate", NOT_ADMITTED);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT_DROP(f, "a token or a claim may bring an Allocate from another shard", NOT_ADMITTED);
    turn_server_admit(f->cs.server);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    checked_settled(&f->cs, &f->alice.tuple,
                    (struct bytes){.data = f->alice.request, .len = f->alice.request_len},
                    AUTHENTIC);
    EXPECT(f, "admitted", ERROR(alice, 437));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(nobody_new_is_served),
        SCENARIO(the_retransmission_succeeds),
        SCENARIO(restored_allocations_go_on),
        SCENARIO(other_shards_allocations_go_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
