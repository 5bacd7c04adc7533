/* test_allocate.c — Allocate: its order, its answer, and who is refused. */
#include "scenario.h"

static void opens_before_it_succeeds(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Default profile: Allocate opens the relay first", OPEN(alice, FAMILY_SET_V4));
    relay_opens(f, &f->alice);
    EXPECT(f, "row Default profile: success once it is open", SUCCESS(alice));
    static const uint16_t order[] = {STUN_ATTR_SOFTWARE, STUN_ATTR_XOR_RELAYED_ADDRESS,
                                     STUN_ATTR_XOR_MAPPED_ADDRESS, STUN_ATTR_LIFETIME,
                                     STUN_ATTR_MESSAGE_INTEGRITY};
    EXPECT_TRUE("SOFTWARE first, the method's attributes, integrity last",
                f->answer.attr_count == 5 && memcmp(f->answer.attrs, order, sizeof(order)) == 0);
    EXPECT_TRUE("row Families: IPv4 when nothing is requested (RFC 8656 §7.2)",
                f->answer.relayed[0].family == IP_FAMILY_V4 &&
                    f->answer.relayed[0].port == f->alice.port);
    EXPECT_TRUE("one allocation", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 1);
}

static void lifetimes(void **state)
{
    struct fixture *f = *state;
    static const struct {
        const char *rule;
        uint32_t asked, granted;
    } rows[] = {
        {"row Lifetime: a smaller request gets the default", 0, 600},
        {"row Lifetime: a smaller request gets the default", 1, 600},
        {"row Lifetime: a smaller request gets the default", 599, 600},
        {"row Lifetime: default 600 s", 600, 600},
        {"row Lifetime: as asked in between", 601, 601},
        {"row Lifetime: at most 3600 s", 3600, 3600},
        {"row Lifetime: a larger one at most 3600 s", 3601, 3600},
        {"row Lifetime: a larger one at most 3600 s", UINT32_MAX, 3600},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        get_nonce(f, &f->alice); /* the last one may be old */
        allocate(f, &f->alice, ATTRS(UDP, LIFETIME(rows[i].asked)));
        EXPECT_TRUE(rows[i].rule, f->answer.lifetime_sec == rows[i].granted);
        advance(f, rows[i].granted - 1);
        EXPECT_NOTHING(f, "it lives as long as it was told");
        advance(f, 1);
        EXPECT(f, "row Lifetime: and no longer", CLOSE(alice, FAMILY_SET_V4, TURN_END_EXPIRED));
    }
    get_nonce(f, &f->alice);
    allocate_udp(f, &f->alice);
    EXPECT_TRUE("row Lifetime: default 600 s", f->answer.lifetime_sec == 600);
}

static void maximum_lifetime_is_an_option(void **state)
{
    struct fixture *f = *state;
    f->setup.config.max_lifetime_sec = 86400;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(UINT32_MAX)));
    EXPECT_TRUE("row Lifetime: --max-lifetime", f->answer.lifetime_sec == 86400);
}

static void transports(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT(f, "REQUESTED-TRANSPORT missing: 400 (RFC 8656 §7.2)", ERROR(alice, 400));
    static const uint8_t one_byte[1] = {17};
    ask(f, &f->alice, TURN_ALLOCATE,
        ATTRS(ATTR_OF_BYTES(STUN_ATTR_REQUESTED_TRANSPORT, one_byte, 1)));
    EXPECT(f, "REQUESTED-TRANSPORT of one byte: 400 (RFC 8656 §7.2)", ERROR(alice, 400));
    static const uint8_t others[] = {0, 1, 6, 16, 18, 132, 255};
    for (size_t i = 0; i < sizeof(others); i++) {
        ask(f, &f->alice, TURN_ALLOCATE, ATTRS(TRANSPORT(others[i])));
        EXPECT(f, "row REQUESTED-TRANSPORT other than UDP: 442", ERROR(alice, 442));
    }
}

static void malformed_values(void **state)
{
    struct fixture *f = *state;
    static const uint8_t bytes[24] = {0};
    static const struct {
        uint16_t type;
        size_t len;
    } rows[] = {
        {STUN_ATTR_LIFETIME, 3},
        {STUN_ATTR_LIFETIME, 8},
        {STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 4}, /* family code 0 */
        {STUN_ATTR_REQUESTED_ADDRESS_FAMILY, 1},
        {STUN_ATTR_ADDITIONAL_ADDRESS_FAMILY, 4},
        {STUN_ATTR_EVEN_PORT, 0},
        {STUN_ATTR_EVEN_PORT, 4},
        {STUN_ATTR_RESERVATION_TOKEN, 7},
        {STUN_ATTR_RESERVATION_TOKEN, 16},
        {STUN_ATTR_DONT_FRAGMENT, 4},
    };
    get_nonce(f, &f->alice);
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        ask(f, &f->alice, TURN_ALLOCATE,
            ATTRS(UDP, ATTR_OF_BYTES(rows[i].type, bytes, rows[i].len)));
        EXPECT(f, "an attribute of the wrong size or content: 400", ERROR(alice, 400));
    }
}

static void first_of_several_counts(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, LIFETIME(700), TRANSPORT(6), LIFETIME(800)));
    EXPECT_TRUE("RFC 8489 §14: later duplicates are ignored", f->answer.lifetime_sec == 700);
}

static void retransmission(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, LIFETIME(900)));
    EXPECT(f, "Allocate", OPEN(alice, FAMILY_SET_V4));
    again(f, &f->alice);
    EXPECT_DROP(f, "the same Allocate while the relay is being opened: drop", PENDING_ALLOCATE);
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", SUCCESS(alice));
    uint8_t first[TURN_RESPONSE_MAX];
    size_t len = f->cs.seen[0].command.bytes.len;
    memcpy(first, f->cs.seen[0].bytes, len);

    again(f, &f->alice);
    EXPECT(f, "row Same five-tuple, same transaction id: the same success again", SUCCESS(alice));
    EXPECT_TRUE(
        "row Same five-tuple, same transaction id: byte for byte",
        bytes_equal(f->cs.seen[0].command.bytes, (struct bytes){.data = first, .len = len}));
    advance(f, 3);
    again(f, &f->alice);
    EXPECT(f, "row Same five-tuple, same transaction id: later as well", SUCCESS(alice));
    advance(f, 897);
    EXPECT(f, "a retransmission prolongs nothing", CLOSE(alice, FAMILY_SET_V4, TURN_END_EXPIRED));
}

static void another_allocate(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, FAMILY_SET_V4));
    uint8_t id[STUN_TRANSACTION_ID_LEN];
    memcpy(id, f->alice.transaction_id, sizeof(id));
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT_DROP(f, "another Allocate while the first is being opened: drop", PENDING_ALLOCATE);
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", SUCCESS(alice));
    EXPECT_TRUE("the answer is for the first one",
                memcmp(f->answer.transaction_id, id, sizeof(id)) == 0);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Same five-tuple, another transaction id: 437", ERROR(alice, 437));
    delete_allocation(f, &f->alice);
    allocate_udp(f, &f->alice);
}

/* A five-tuple is both ends: the same client at two addresses of the server has two. */
static void five_tuples_have_two_ends(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    f->bob.tuple.client = f->alice.tuple.client;
    f->bob.tuple.server = test_addr("203.0.113.10:3478");
    allocate_udp(f, &f->bob);
    EXPECT_TRUE("two allocations", checked_count(&f->cs, TURN_COUNT_ALLOCATIONS) == 2);
    EXPECT_TRUE("of two ports", f->alice.port != f->bob.port);
}

static void quota(void **state)
{
    struct fixture *f = *state;
    f->setup.config.user_quota = 2;
    for (size_t i = 0; i < 3; i++)
        get_nonce(f, &f->device[i]);
    allocate_udp(f, &f->device[0]);
    ask(f, &f->device[1], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(device[1], FAMILY_SET_V4));
    ask(f, &f->device[2], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Quotas: 486 for a third one; one that is being opened counts",
           ERROR(device[2], 486));
    allocate_udp(f, &f->bob); /* another username is not concerned */

    relay_fails(f, &f->device[1], TURN_RELAY_NO_RESOURCES, 0);
    EXPECT(f, "no resources: 508", ERROR(device[1], 508));
    allocate_udp(f, &f->device[2]);
    ask(f, &f->device[1], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Quotas: a failed one gives its place back, once", ERROR(device[1], 486));
    delete_allocation(f, &f->device[0]);
    allocate_udp(f, &f->device[1]);
    advance(f, 600);
    for (size_t i = 0; i < 2; i++)
        allocate_udp(f, &f->device[i]); /* expired ones gave theirs back */
}

/* RFC 8656 §7.2: the order in which an Allocate is judged. */
static void order_of_checks(void **state)
{
    struct fixture *f = *state;
    f->setup.config.user_quota = 1;
    static const uint8_t nobodys[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT(f, "437 before 400 for REQUESTED-TRANSPORT", ERROR(alice, 437));

    get_nonce(f, &f->device[0]);
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(TRANSPORT(6), TOKEN(nobodys), EVEN_PORT(0)));
    EXPECT(f, "442 before 400 for a token's company", ERROR(device[0], 442));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(nobodys), EVEN_PORT(0)));
    EXPECT(f, "400 before 508 for the token", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(nobodys)));
    EXPECT(f, "508 for the token before 486", ERROR(device[0], 508));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, REQUESTED_FAMILY(1), ADDITIONAL_FAMILY(2)));
    EXPECT(f, "400 for both family attributes before 486", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "486 last", ERROR(device[0], 486));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(opens_before_it_succeeds),
        SCENARIO(lifetimes),
        SCENARIO(maximum_lifetime_is_an_option),
        SCENARIO(transports),
        SCENARIO(malformed_values),
        SCENARIO(first_of_several_counts),
        SCENARIO(retransmission),
        SCENARIO(another_allocate),
        SCENARIO(five_tuples_have_two_ends),
        SCENARIO(quota),
        SCENARIO(order_of_checks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
