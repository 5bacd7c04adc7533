/* test_families.c — address families: what is asked for, what the relay has, what is given. */
#include "scenario.h"

enum { V4 = FAMILY_SET_V4, V6 = FAMILY_SET_V6, DUAL = FAMILY_SET_V4 | FAMILY_SET_V6 };

static void relay_of(struct fixture *f, uint8_t families)
{
    if (!(families & V4))
        f->setup.config.public_v4 = (struct transport_addr){0};
    if (!(families & V6))
        f->setup.config.public_v6 = (struct transport_addr){0};
}

/* One row of the matrix: R requested, A additional (codes on the wire, 0 = absent), and for
 * each relay an error or the families granted. |missing|: the family of ADDRESS-ERROR-CODE. */
struct row {
    uint8_t requested, additional;
    struct cell {
        uint16_t error;
        uint8_t families;
        uint8_t missing;
    } v4_only, v6_only, dual;
};

static const struct row matrix[] = {
    {0, 0, {.families = V4}, {.error = 440}, {.families = V4}},
    {1, 0, {.families = V4}, {.error = 440}, {.families = V4}},
    {2, 0, {.error = 440}, {.families = V6}, {.families = V6}},
    {0, 2, {.families = V4, .missing = 2}, {.families = V6, .missing = 1}, {.families = DUAL}},
    {0, 1, {.error = 400}, {.error = 400}, {.error = 400}},
    {1, 1, {.error = 400}, {.error = 400}, {.error = 400}},
    {1, 2, {.error = 400}, {.error = 400}, {.error = 400}},
    {2, 1, {.error = 400}, {.error = 400}, {.error = 400}},
    {2, 2, {.error = 400}, {.error = 400}, {.error = 400}},
};

static size_t build_attrs(const struct row *row, struct attr attrs[static 4])
{
    size_t n = 0;
    attrs[n++] = (struct attr)UDP;
    if (row->requested)
        attrs[n++] = (struct attr)REQUESTED_FAMILY(row->requested);
    if (row->additional)
        attrs[n++] = (struct attr)ADDITIONAL_FAMILY(row->additional);
    attrs[n].kind = ATTR_END;
    return n;
}

static void check_success(struct fixture *f, const struct cell *cell)
{
    bool dual = cell->families == DUAL;
    EXPECT_TRUE("row Families: one relayed address of each family, IPv4 first",
                f->answer.relayed_count == (dual ? 2 : 1) &&
                    f->answer.relayed[0].family ==
                        (cell->families & V4 ? IP_FAMILY_V4 : IP_FAMILY_V6));
    if (dual)
        EXPECT_TRUE("row Families: both on one port",
                    f->answer.relayed[1].family == IP_FAMILY_V6 &&
                        f->answer.relayed[0].port == f->answer.relayed[1].port);
    EXPECT_TRUE("row Families: ADDRESS-ERROR-CODE for what is missing (RFC 8656 §7.2)",
                f->answer.address_error_family == cell->missing);
    EXPECT_TRUE("row Families: ADDRESS-ERROR-CODE says 440",
                f->answer.address_error_code == (cell->missing ? 440 : 0));
}

/* The family that the client itself speaks makes no difference. */
static void run_matrix(struct fixture *f, struct test_client *client, size_t cell_offset)
{
    for (size_t i = 0; i < sizeof(matrix) / sizeof(*matrix); i++) {
        const struct cell *cell =
            (const struct cell *)(const void *)((const char *)&matrix[i] + cell_offset);
        struct attr attrs[4];
        build_attrs(&matrix[i], attrs);
        get_nonce(f, client);
        if (cell->error) {
            ask(f, client, TURN_ALLOCATE, attrs);
            const struct expected want = {
                .kind = TURN_COMMAND_SEND, .client = client, .error = cell->error};
            fixture_expect(f, "row Families: the matrix of R and A", &want, 1, __FILE__, __LINE__);
            continue;
        }
        allocate(f, client, attrs);
        check_success(f, cell);
        delete_allocation(f, client);
    }
}

static void matrix_on_an_ipv4_relay(void **state)
{
    struct fixture *f = *state;
    relay_of(f, V4);
    run_matrix(f, &f->alice, offsetof(struct row, v4_only));
    run_matrix(f, &f->carol, offsetof(struct row, v4_only));
}

static void matrix_on_an_ipv6_relay(void **state)
{
    struct fixture *f = *state;
    relay_of(f, V6);
    run_matrix(f, &f->alice, offsetof(struct row, v6_only));
    run_matrix(f, &f->carol, offsetof(struct row, v6_only));
}

static void matrix_on_a_dual_relay(void **state)
{
    struct fixture *f = *state;
    run_matrix(f, &f->alice, offsetof(struct row, dual));
    run_matrix(f, &f->carol, offsetof(struct row, dual));
}

static void channels_need_the_family(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v6)));
    EXPECT(f, "row Families: 443 for an IPv6 peer of an IPv4 allocation", ERROR(alice, 443));
    allocate(f, &f->carol, ATTRS(UDP, REQUESTED_FAMILY(2)));
    ask(f, &f->carol, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT(f, "row Families: 443 for an IPv4 peer of an IPv6 allocation", ERROR(carol, 443));
    allocate(f, &f->bob, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    bind_channel(f, &f->bob, 0x4000, f->peer_v4);
    bind_channel(f, &f->bob, 0x4001, f->peer_v6);
}

static void refresh_with_a_family(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(700), REQUESTED_FAMILY(1)));
    EXPECT(f, "Refresh naming the family it has (RFC 8656 §8.2)", SUCCESS(alice));
    EXPECT_TRUE("refreshed", f->answer.lifetime_sec == 700);
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(2)));
    EXPECT(f, "row Families: Refresh naming another one: 443", ERROR(alice, 443));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(700), REQUESTED_FAMILY(2)));
    EXPECT(f, "row Families: Refresh naming another one: 443", ERROR(alice, 443));
    static const uint8_t three[4] = {3};
    ask(f, &f->alice, TURN_REFRESH,
        ATTRS(ATTR_OF_BYTES(STUN_ATTR_REQUESTED_ADDRESS_FAMILY, three, 4)));
    EXPECT(f, "a family that does not exist: 400", ERROR(alice, 400));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(1)));
    EXPECT(f, "the only family: the allocation ends", CLOSE(alice, V4, TURN_END_DELETED),
           SUCCESS(alice));
}

static void one_family_of_a_dual_allocation_ends(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    bind_channel(f, &f->alice, 0x4001, f->peer_v6);
    /* Data in both directions first, so that nothing remembered is used afterwards. */
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_TO_PEER(f, "before", alice, f->peer_v4, "up");
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_TO_CLIENT(f, "before", alice, 0x4000, "down");

    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(1)));
    EXPECT(f, "row Families: lifetime 0 with a family ends that family only (RFC 8656 §8.2)",
           CLOSE(alice, V4, TURN_END_DELETED), SUCCESS(alice));
    EXPECT_TRUE("LIFETIME 0", f->answer.lifetime_sec == 0);
    client_sends_channel(f, &f->alice, 0x4000, "up");
    EXPECT_DROP(f, "its channels are gone", NO_CHANNEL);
    peer_sends(f, &f->alice, f->peer_v4, "down");
    EXPECT_DROP(f, "in both directions", PEER_NOT_BOUND);
    client_sends_channel(f, &f->alice, 0x4001, "six");
    EXPECT_TO_PEER(f, "the other family goes on", alice, f->peer_v6, "six");
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4002), PEER(f->peer_v4)));
    EXPECT(f, "no IPv4 peer any more: 443", ERROR(alice, 443));
    bind_channel(f, &f->alice, 0x4000, test_addr("[2600:1::5]:1"));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), REQUESTED_FAMILY(1)));
    EXPECT(f, "what is gone cannot be refreshed", ERROR(alice, 443));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "the rest ends with a plain Refresh", CLOSE(alice, V6, TURN_END_DELETED),
           SUCCESS(alice));
}

static void a_dual_allocation_expires_as_one(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    advance(f, 600);
    EXPECT(f, "one CLOSE for both families", CLOSE(alice, DUAL, TURN_END_EXPIRED));
    get_nonce(f, &f->alice);
    allocate(f, &f->alice, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT(f, "Refresh with 0 and no family ends both", CLOSE(alice, DUAL, TURN_END_DELETED),
           SUCCESS(alice));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(matrix_on_an_ipv4_relay),
        SCENARIO(matrix_on_an_ipv6_relay),
        SCENARIO(matrix_on_a_dual_relay),
        SCENARIO(channels_need_the_family),
        SCENARIO(refresh_with_a_family),
        SCENARIO(one_family_of_a_dual_allocation_ends),
        SCENARIO(a_dual_allocation_expires_as_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
