/* test_even_port.c — EVEN-PORT, RESERVATION-TOKEN, DONT-FRAGMENT: honoured, never ignored. */
#include "scenario.h"

#include <stdio.h>

static void even_port(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 20; i++) {
        allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(0)));
        EXPECT_TRUE("row EVEN-PORT: R=0, an even port", f->alice.port % 2 == 0);
        EXPECT_TRUE("row EVEN-PORT: R=0, no token",
                    !answer_has(&f->answer, STUN_ATTR_RESERVATION_TOKEN));
        EXPECT_TRUE("row EVEN-PORT: R=0, nothing reserved",
                    checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 0);
        delete_allocation(f, &f->alice);
    }
}

static void no_even_port_left(void **state)
{
    struct fixture *f = *state;
    f->setup.config.lowest_port = 50001;
    f->setup.config.highest_port = 50003;
    allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(0)));
    EXPECT_TRUE("the only even one", f->alice.port == 50002);
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(0)));
    EXPECT(f, "row EVEN-PORT: 508 when it cannot be satisfied", ERROR(bob, 508));
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1)));
    EXPECT(f, "row EVEN-PORT: R=1 neither", ERROR(bob, 508));
    allocate_udp(f, &f->bob);
}

/* RTP and RTCP: an even port, and the next one for a second Allocate. */
static void reserve_the_next_port(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->device[0], ATTRS(UDP, EVEN_PORT(1)));
    EXPECT_TRUE("row EVEN-PORT: R=1, an even port", f->device[0].port % 2 == 0);
    EXPECT_TRUE("row EVEN-PORT: R=1, a token", answer_has(&f->answer, STUN_ATTR_RESERVATION_TOKEN));
    EXPECT_TRUE("row EVEN-PORT: R=1, one port reserved",
                checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 1);
    again(f, &f->device[0]);
    EXPECT(f, "a retransmission gets the same token", SUCCESS(device[0]));
    EXPECT_TRUE("a retransmission gets the same token",
                memcmp(f->answer.token, f->device[0].token, 8) == 0);

    advance(f, 29);
    allocate(f, &f->device[1], ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT_TRUE("row RESERVATION-TOKEN: the reserved port, kept for 30 s",
                f->device[1].port == f->device[0].port + 1);
    EXPECT_TRUE("row RESERVATION-TOKEN: used up",
                checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 0);
    get_nonce(f, &f->device[2]);
    ask(f, &f->device[2], TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT(f, "row RESERVATION-TOKEN: good once", ERROR(device[2], 508));
}

static void reservations_end(void **state)
{
    struct fixture *f = *state;
    f->setup.config.lowest_port = 50000;
    f->setup.config.highest_port = 50001;
    allocate(f, &f->device[0], ATTRS(UDP, EVEN_PORT(1)));
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row RESERVATION-TOKEN: the port is nobody else's", ERROR(bob, 508));
    advance(f, 30);
    EXPECT_NOTHING(f, "nothing was open, so nothing is closed");
    get_nonce(f, &f->device[1]);
    ask(f, &f->device[1], TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT(f, "row RESERVATION-TOKEN: after 30 s: 508", ERROR(device[1], 508));
    advance(f, TURN_PORT_REST_SEC);
    allocate_udp(f, &f->bob);
    EXPECT_TRUE("the port is free again when it has rested", f->bob.port == 50001);
}

/* However long the relay took to open: the 30 s are the client's to use. */
static void reservations_begin_with_the_answer(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->device[0]);
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1)));
    EXPECT(f, "Allocate", OPEN(device[0], FAMILY_SET_V4));
    advance(f, 31);
    relay_opens(f, &f->device[0]);
    EXPECT(f, "Allocate", SUCCESS(device[0]));
    advance(f, 29);
    allocate(f, &f->device[1], ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT_TRUE("row RESERVATION-TOKEN: 30 s from the answer on",
                f->device[1].port == f->device[0].port + 1);
}

/* A reservation does not depend on the allocation it was made with. */
static void reservation_outlives_its_allocation(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->device[0], ATTRS(UDP, EVEN_PORT(1), REQUESTED_FAMILY(2)));
    delete_allocation(f, &f->device[0]);
    allocate(f, &f->device[1], ATTRS(UDP, TOKEN(f->device[0].token)));
    EXPECT_TRUE("the same family, the next port (RFC 8656 §7.2)",
                f->device[1].port == f->device[0].port + 1 && f->answer.relayed_count == 1 &&
                    f->answer.relayed[0].family == IP_FAMILY_V6);
}

static void token_of_another_user(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->alice.token)));
    EXPECT(f, "row RESERVATION-TOKEN: same username only", ERROR(bob, 508));
    allocate(f, &f->device[0], ATTRS(UDP, TOKEN(f->alice.token)));
}

static void forged_tokens(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    get_nonce(f, &f->device[0]);
    for (unsigned bit = 0; bit < 64; bit++) {
        uint8_t token[8];
        memcpy(token, f->alice.token, sizeof(token));
        token[bit / 8] ^= (uint8_t)(1 << bit % 8);
        ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(token)));
        EXPECT(f, "row RESERVATION-TOKEN: sealed", ERROR(device[0], 508));
    }
    allocate(f, &f->device[0], ATTRS(UDP, TOKEN(f->alice.token)));
}

static void combinations(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    get_nonce(f, &f->device[0]);
    const uint8_t *token = f->alice.token;
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(token), EVEN_PORT(0)));
    EXPECT(f, "RFC 8656 §7.2: a token and EVEN-PORT: 400", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(token), EVEN_PORT(1)));
    EXPECT(f, "RFC 8656 §7.2: a token and EVEN-PORT: 400", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(token), REQUESTED_FAMILY(1)));
    EXPECT(f, "RFC 8656 §7.2: a token and REQUESTED-ADDRESS-FAMILY: 400", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(token), ADDITIONAL_FAMILY(2)));
    EXPECT(f, "RFC 8656 §7.2: a token and ADDITIONAL-ADDRESS-FAMILY: 400", ERROR(device[0], 400));
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1), ADDITIONAL_FAMILY(2)));
    EXPECT(f, "RFC 8656 §7.2: R=1 and ADDITIONAL-ADDRESS-FAMILY: 400", ERROR(device[0], 400));
    allocate(f, &f->device[1], ATTRS(UDP, EVEN_PORT(0), ADDITIONAL_FAMILY(2)));
    EXPECT_TRUE("R=0 and both families: one even port", f->device[1].port % 2 == 0);
    allocate(f, &f->device[0], ATTRS(UDP, TOKEN(token)));
    EXPECT_TRUE("none of these used the token up", f->device[0].port == f->alice.port + 1);
}

/* The sibling port must always come back; a leak runs the slice dry (coturn 4adbd82e). */
static void pairs_come_back(void **state)
{
    struct fixture *f = *state;
    f->setup.config.port_rest_sec = 0;
    f->setup.config.lowest_port = 50000;
    f->setup.config.highest_port = 50005;
    for (int i = 0; i < 50; i++) {
        if (i % 10 == 0)
            get_nonce(f, &f->alice);
        allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(i % 2)));
        delete_allocation(f, &f->alice);
        advance(f, 30);
        EXPECT_TRUE("all six ports are free", checked_count(&f->cs, TURN_COUNT_PORTS_FREE) == 6);
    }
}

/* Usernames are remembered while something is theirs, a reservation for instance, and no
 * longer: two ports are enough for any number of users, one after another. */
static void users_are_forgotten(void **state)
{
    struct fixture *f = *state;
    f->setup.config.port_rest_sec = 0;
    f->setup.config.lowest_port = 50000;
    f->setup.config.highest_port = 50001;
    for (int i = 0; i < 20; i++) {
        char username[32], password[TURN_PASSWORD_MAX];
        snprintf(username, sizeof(username), "1892160000:user%d", i);
        assert_int_equal(turn_password_stamp(f->crypto, f->setup.config.secret,
                                             bytes_of_text(username), password),
                         ERR_OK);
        client_init(&f->bob, f->crypto, f->bob.tuple.client, f->bob.tuple.server, username,
                    password, TEST_REALM);
        allocate(f, &f->bob, ATTRS(UDP, EVEN_PORT(1)));
        delete_allocation(f, &f->bob);
        advance(f, 30);
    }
}

static void failed_openings_take_the_reservation_back(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, EVEN_PORT(1)));
    EXPECT(f, "Allocate", OPEN(alice, FAMILY_SET_V4));
    uint16_t taken = f->alice.port;
    relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "a failed bind takes another port", OPEN(alice, FAMILY_SET_V4));
    EXPECT_TRUE("another even port, one reservation",
                f->alice.port % 2 == 0 && f->alice.port != taken &&
                    checked_count(&f->cs, TURN_COUNT_RESERVATIONS) == 1);
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", SUCCESS(alice));
    allocate(f, &f->device[0], ATTRS(UDP, TOKEN(f->alice.token)));
    EXPECT_TRUE("the token is for the pair that was opened",
                f->device[0].port == f->alice.port + 1);
}

static void reserved_port_that_is_taken(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice, ATTRS(UDP, EVEN_PORT(1)));
    get_nonce(f, &f->device[0]);
    ask(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP, TOKEN(f->alice.token)));
    EXPECT(f, "Allocate with the token", OPEN(device[0], FAMILY_SET_V4));
    relay_fails(f, &f->device[0], TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "no other port will do: 508", ERROR(device[0], 508));
}

static void dont_fragment(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, DONT_FRAGMENT));
    EXPECT(f, "row DONT-FRAGMENT: never ignored", OPEN(alice, FAMILY_SET_V4));
    EXPECT_TRUE("row DONT-FRAGMENT: sets DF on the relay socket",
                f->cs.seen[0].command.dont_fragment);
    relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "a failed bind takes another port", OPEN(alice, FAMILY_SET_V4));
    EXPECT_TRUE("row DONT-FRAGMENT: on the next port too", f->cs.seen[0].command.dont_fragment);
    relay_opens(f, &f->alice);
    EXPECT(f, "Allocate", SUCCESS(alice));
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(bob, FAMILY_SET_V4));
    EXPECT_TRUE("row DONT-FRAGMENT: only when asked for", !f->cs.seen[0].command.dont_fragment);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(even_port),
        SCENARIO(no_even_port_left),
        SCENARIO(reserve_the_next_port),
        SCENARIO(reservations_end),
        SCENARIO(reservations_begin_with_the_answer),
        SCENARIO(reservation_outlives_its_allocation),
        SCENARIO(token_of_another_user),
        SCENARIO(forged_tokens),
        SCENARIO(combinations),
        SCENARIO(pairs_come_back),
        SCENARIO(users_are_forgotten),
        SCENARIO(failed_openings_take_the_reservation_back),
        SCENARIO(reserved_port_that_is_taken),
        SCENARIO(dont_fragment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
