/* test_listing.c — what a server has is told as it was recorded. */
#include "scenario.h"

enum { RECORDS = 16 };

static bool same(const struct turn_record *a, const struct turn_record *b)
{
    if (a->kind == TURN_RECORD_CHANNEL)
        return transport_addr_equal(&a->channel.peer, &b->channel.peer) &&
               a->channel.bound_until.usec == b->channel.bound_until.usec;
    return a->allocation.port == b->allocation.port &&
           a->allocation.families == b->allocation.families &&
           a->allocation.expires.usec == b->allocation.expires.usec &&
           a->allocation.username_len == b->allocation.username_len &&
           memcmp(a->allocation.username, b->allocation.username, a->allocation.username_len) == 0;
}

/* Lists |max| at a time; each is held against what was recorded. Returns how many came. */
static size_t list(struct fixture *f, size_t max, size_t *ret_allocations)
{
    struct turn_listing listing = {0};
    static struct turn_record records[RECORDS];
    size_t total = 0, count;
    bool goes_on = true;
    struct five_tuple current = {0};

    *ret_allocations = 0;
    while (goes_on) {
        goes_on = turn_server_list(f->cs.server, &listing, records, max, &count);
        EXPECT_TRUE("as many as there is room for", count <= max);
        for (size_t i = 0; i < count; i++, total++) {
            const struct turn_record *record = &records[i];
            const struct turn_record *known =
                mirror_find(&f->cs.mirror, record->kind, &record->five_tuple,
                            record->kind == TURN_RECORD_CHANNEL ? record->channel.number : 0);
            EXPECT_TRUE("as it was recorded", known && same(known, record));
            if (record->kind == TURN_RECORD_ALLOCATION) {
                current = record->five_tuple;
                ++*ret_allocations;
            }
            EXPECT_TRUE("behind its allocation", five_tuple_equal(&current, &record->five_tuple));
        }
    }
    return total;
}

static void everything_is_told_once(void **state)
{
    struct fixture *f = *state;
    size_t allocations;
    fixture_start(f);
    EXPECT_TRUE("nothing is there", list(f, 4, &allocations) == 0);
    allocate_udp(f, &f->alice);
    allocate(f, &f->bob, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    allocate_udp(f, &f->carol);
    for (uint16_t i = 0; i < 7; i++) {
        struct transport_addr peer = f->peer_v4;
        peer.port = (uint16_t)(1000 + i);
        bind_channel(f, &f->alice, (uint16_t)(0x4000 + i), peer);
    }
    bind_channel(f, &f->carol, 0x4000, f->peer_v4);
    for (size_t max = 1; max <= RECORDS; max++)
        EXPECT_TRUE("three allocations and eight channels",
                    list(f, max, &allocations) == 11 && allocations == 3);
    delete_allocation(f, &f->bob);
    EXPECT_TRUE("a gap in the table", list(f, 2, &allocations) == 10 && allocations == 2);
}

static void what_is_under_way_is_not_told(void **state)
{
    struct fixture *f = *state;
    size_t allocations;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, FAMILY_SET_V4));
    EXPECT_TRUE("not yet", list(f, 4, &allocations) == 0);
}

/* The place where the listing has stopped is somebody else's when it goes on. */
static void changes_in_between(void **state)
{
    struct fixture *f = *state;
    struct turn_listing listing = {0};
    struct turn_record records[3];
    size_t count;
    allocate_udp(f, &f->alice);
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    EXPECT_TRUE("goes on", turn_server_list(f->cs.server, &listing, records, 1, &count));
    EXPECT_TRUE("alice", count == 1 && records[0].kind == TURN_RECORD_ALLOCATION);
    delete_allocation(f, &f->alice);
    allocate_udp(f, &f->bob);
    bind_channel(f, &f->bob, 0x4001, f->peer_v4);
    EXPECT_TRUE("goes on",
                turn_server_list(f->cs.server, &listing, records, 3, &count) || count == 2);
    EXPECT_TRUE("bob is told of from the beginning",
                count == 2 && records[0].kind == TURN_RECORD_ALLOCATION &&
                    five_tuple_equal(&records[0].five_tuple, &f->bob.tuple) &&
                    records[1].channel.number == 0x4001);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(everything_is_told_once),
        SCENARIO(what_is_under_way_is_not_told),
        SCENARIO(changes_in_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
