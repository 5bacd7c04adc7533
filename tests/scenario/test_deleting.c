/* test_deleting.c — the operator ends the allocations of a client. */
#include "scenario.h"

static void as_refresh_with_0_does(void **state)
{
    struct fixture *f = *state;
    fixture_start(f);
    f->cs.shows_records = true;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    f->alice.relay_id = f->cs.seen[0].command.relay_id;
    f->alice.port = f->cs.seen[0].command.port;
    EXPECT_TRUE("an Allocate under way is no allocation yet",
                !checked_delete(&f->cs, &f->alice.tuple.client));
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", CLAIM(alice));
    EXPECT_TRUE("nor is one whose claim is under way",
                !checked_delete(&f->cs, &f->alice.tuple.client));
    checked_claim_result(&f->cs, f->alice.relay_id, TURN_CLAIM_GRANTED);
    EXPECT(f, "Allocate", SUCCESS(alice));
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));

    EXPECT_TRUE("it is there", checked_delete(&f->cs, &f->alice.tuple.client));
    EXPECT(f, "closed and forgotten, and nobody is answered",
           CLOSE(alice, FAMILY_SET_V4, TURN_END_REMOVED), FORGET(alice, 0));
    EXPECT_TRUE("counted apart from what clients delete",
                checked_count(&f->cs, TURN_COUNT_ALLOCATIONS_REMOVED) == 1 &&
                    checked_count(&f->cs, TURN_COUNT_ALLOCATIONS_DELETED) == 0);
    EXPECT_TRUE("once", !checked_delete(&f->cs, &f->alice.tuple.client));
    EXPECT_NOTHING(f, "once");
    peer_sends(f, &f->alice, f->peer_v4, "data");
    EXPECT_DROP(f, "nothing passes", RELAY_CLOSED);
}

static void only_this_client(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    allocate_udp(f, &f->device[0]); /* of the same address */
    allocate_udp(f, &f->bob);
    EXPECT_TRUE("nobody has such an address",
                !checked_delete(&f->cs, &(struct transport_addr){.family = IP_FAMILY_V4}));
    EXPECT_TRUE("carol has none", !checked_delete(&f->cs, &f->carol.tuple.client));
    EXPECT_TRUE("bob's", checked_delete(&f->cs, &f->bob.tuple.client));
    EXPECT(f, "bob's and no other", CLOSE(bob, FAMILY_SET_V4, TURN_END_REMOVED));
    EXPECT_TRUE("two are left", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 2);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(600)));
    EXPECT(f, "alice goes on", SUCCESS(alice));
    ask(f, &f->bob, TURN_REFRESH, ATTRS(LIFETIME(600)));
    EXPECT(f, "bob is told when he asks", ERROR(bob, 437));
    allocate_udp(f, &f->bob);
}

static void whatever_address_it_used_here(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    uint16_t first = f->alice.port;
    f->alice.tuple.server.ip[3]++;
    allocate_udp(f, &f->alice);
    EXPECT_TRUE("two server addresses, two allocations", f->alice.port != first);
    EXPECT_TRUE("one", checked_delete(&f->cs, &f->alice.tuple.client));
    EXPECT_TRUE("the other", checked_delete(&f->cs, &f->alice.tuple.client));
    EXPECT_TRUE("and that is all", !checked_delete(&f->cs, &f->alice.tuple.client));
    EXPECT_TRUE("none is left", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(as_refresh_with_0_does),
        SCENARIO(only_this_client),
        SCENARIO(whatever_address_it_used_here),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
