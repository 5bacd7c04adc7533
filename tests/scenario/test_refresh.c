/* test_refresh.c — Refresh and the end of allocations. */
#include "scenario.h"

static void prolongs_from_now(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *rule;
        uint32_t asked, granted;
    } rows[] = {
        {"row Lifetime: a smaller request gets the default", 1, 600},
        {"row Lifetime: default", 600, 600},
        {"row Lifetime: as asked", 1000, 1000},
        {"row Lifetime: at most 3600 s", UINT32_MAX, 3600},
    };
    allocate_udp(f, &f->alice);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        advance(f, 100);
        ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(rows[i].asked)));
        EXPECT(f, rows[i].rule, SUCCESS(alice));
        EXPECT_TRUE(rows[i].rule, f->answer.lifetime_sec == rows[i].granted);
    }
    static const uint16_t order[] = {STUN_ATTR_SOFTWARE, STUN_ATTR_LIFETIME,
                                     STUN_ATTR_MESSAGE_INTEGRITY};
    EXPECT_TRUE("SOFTWARE, LIFETIME, integrity",
                f->answer.attr_count == 3 && memcmp(f->answer.attrs, order, sizeof(order)) == 0);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "Refresh without LIFETIME", SUCCESS(alice));
    EXPECT_TRUE("row Lifetime: default 600 s", f->answer.lifetime_sec == 600);
    advance(f, 599);
    EXPECT_NOTHING(f, "the new lifetime replaces the old one; nothing ends a second before");
    advance(f, 1);
    EXPECT(f, "it ends then", CLOSE(alice, FAMILY_SET_V4, TURN_END_EXPIRED));
}

static void lifetime_zero_deletes(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "row Lifetime: Refresh with 0 deletes: CLOSE first, then the answer",
           CLOSE(alice, FAMILY_SET_V4, TURN_END_DELETED), SUCCESS(alice));
    EXPECT_TRUE("LIFETIME 0", f->answer.lifetime_sec == 0);
    client_sends_channel(f, &f->alice, 0x4000, "late");
    EXPECT_DROP(f, "its channels are gone, without a cool-down", NO_ALLOCATION);
    peer_sends(f, &f->alice, f->peer_v4, "late");
    EXPECT_DROP(f, "late datagrams of its peers are dropped", RELAY_CLOSED);
    advance(f, 5000);
    EXPECT_NOTHING(f, "no late event follows");
    EXPECT_TRUE("no deadline is left", mono_time_is_never(turn_server_next_deadline(f->cs.server)));
}

static void without_an_allocation(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "Refresh without an allocation: 437 (RFC 8656 §8.2)", ERROR(alice, 437));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "with lifetime 0 as well", ERROR(alice, 437));
    allocate_udp(f, &f->alice);
    delete_allocation(f, &f->alice);
    again(f, &f->alice);
    EXPECT(f, "the same again when it is gone: 437", ERROR(alice, 437));
}

static void malformed_lifetime(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    static const uint8_t zeros[8] = {0};
    ask(f, &f->alice, TURN_REFRESH, ATTRS(ATTR_OF_BYTES(STUN_ATTR_LIFETIME, zeros, 2)));
    EXPECT(f, "LIFETIME of 2 bytes: 400", ERROR(alice, 400));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(ATTR_OF_BYTES(STUN_ATTR_LIFETIME, zeros, 8)));
    EXPECT(f, "LIFETIME of 8 bytes: 400", ERROR(alice, 400));
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "and the allocation is there", SUCCESS(alice));
}

/* A relay id is an index and a generation: a late event cannot hit a successor. */
static void relay_ids_are_not_confused(void **state)
{
    struct fixture *f = *state;
    f->setup.config.max_allocations = 1;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    delete_allocation(f, &f->alice);
    allocate_udp(f, &f->bob);
    bind_channel(f, &f->bob, 0x4000, f->peer_v4);
    EXPECT_TRUE("the same place", f->alice.relay_id.index == f->bob.relay_id.index);
    EXPECT_TRUE("another generation", f->alice.relay_id.generation != f->bob.relay_id.generation);
    peer_sends(f, &f->alice, f->peer_v4, "for alice");
    EXPECT_DROP(f, "a datagram of the former relay is dropped", RELAY_CLOSED);
    peer_sends(f, &f->bob, f->peer_v4, "for bob");
    EXPECT_TO_CLIENT(f, "one of the present relay passes", bob, 0x4000, "for bob");
    struct test_client nobody = f->bob;
    nobody.relay_id.index = 77777;
    peer_sends(f, &nobody, f->peer_v4, "for nobody");
    EXPECT_DROP(f, "an index that does not exist", RELAY_CLOSED);
}

static void many_end_at_one_instant(void **state)
{
    struct fixture *f = *state;
    enum { COUNT = 100 }; /* more than one round of timeouts can queue */
    for (uint16_t i = 0; i < COUNT; i++) {
        f->device[0].tuple.client.port = (uint16_t)(41000 + i);
        f->device[0].nonce_len = 0;
        allocate_udp(f, &f->device[0]);
    }
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "all ports are in use: 508", ERROR(bob, 508));
    advance(f, 600);
    EXPECT_TRUE("each is closed once", f->cs.seen_count == COUNT);
    EXPECT_TRUE("and none is left", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(prolongs_from_now),          SCENARIO(lifetime_zero_deletes),
        SCENARIO(without_an_allocation),      SCENARIO(malformed_lifetime),
        SCENARIO(relay_ids_are_not_confused), SCENARIO(many_end_at_one_instant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
