/* test_relay_opening.c — relay sockets that cannot be opened, and ports that run out. */
#include "scenario.h"

enum { V4 = FAMILY_SET_V4, V6 = FAMILY_SET_V6, DUAL = FAMILY_SET_V4 | FAMILY_SET_V6 };

static void port_taken_by_someone_else(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, V4));
    const struct turn_relay_id id = f->alice.relay_id;
    uint16_t tried[TURN_OPEN_ATTEMPTS] = {f->alice.port};
    for (size_t i = 1; i < TURN_OPEN_ATTEMPTS; i++) {
        relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
        EXPECT(f, "a failed bind takes another port", OPEN(alice, V4));
        EXPECT_TRUE("under the same relay id", f->alice.relay_id.index == id.index &&
                                                   f->alice.relay_id.generation == id.generation);
        for (size_t k = 0; k < i; k++)
            EXPECT_TRUE("none is tried twice", f->alice.port != tried[k]);
        tried[i] = f->alice.port;
    }
    relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "after so many attempts: 508", ERROR(alice, 508));
    EXPECT_TRUE("failures are counted",
                checked_count(&f->cs, TURN_COUNT_RELAY_OPEN_FAILURES) == TURN_OPEN_ATTEMPTS);
    allocate_udp(f, &f->alice); /* and the next one is a new start */
}

static void success_on_another_port(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, ADDITIONAL_FAMILY(2), LIFETIME(1234)));
    EXPECT(f, "Allocate", OPEN(alice, DUAL));
    relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "a failed bind takes another port, for both families", OPEN(alice, DUAL));
    advance(f, 2);
    relay_opens(f, &f->alice);
    EXPECT(f, "success names the port that was opened", SUCCESS(alice));
    EXPECT_TRUE("and what was asked for at first", f->answer.lifetime_sec == 1234);
    bind_channel(f, &f->alice, 0x4000, f->peer_v6);
}

static void no_other_port_is_left(void **state)
{
    struct fixture *f = *state;
    f->setup.config.highest_port = f->setup.config.lowest_port;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, V4));
    relay_fails(f, &f->alice, TURN_RELAY_PORT_TAKEN, 0);
    EXPECT(f, "508 when none is left", ERROR(alice, 508));
}

static void no_resources(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->bob);
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, V4));
    relay_fails(f, &f->alice, TURN_RELAY_NO_RESOURCES, 0);
    EXPECT(f, "descriptors used up: 508", ERROR(alice, 508));
    ask(f, &f->bob, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "one allocation's failure is no other's", SUCCESS(bob));
    again(f, &f->alice);
    EXPECT_TRUE("the same Allocate again is a new attempt",
                f->cs.seen_count == 1 && f->cs.seen[0].command.kind != TURN_COMMAND_CLOSE_RELAY);
}

static void family_missing(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, REQUESTED_FAMILY(2)));
    EXPECT(f, "Allocate", OPEN(alice, V6));
    relay_fails(f, &f->alice, TURN_RELAY_FAMILY_MISSING, V6);
    EXPECT(f, "row Families: the host lacks it: 440", ERROR(alice, 440));

    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    EXPECT(f, "Allocate", OPEN(alice, DUAL));
    relay_fails(f, &f->alice, TURN_RELAY_FAMILY_MISSING, V6);
    EXPECT(f, "what the host has is opened", OPEN(alice, V4));
    relay_opens(f, &f->alice);
    EXPECT(f, "row Families: a partial success", SUCCESS(alice));
    EXPECT_TRUE("row Families: ADDRESS-ERROR-CODE 440 for IPv6",
                f->answer.address_error_family == 2 && f->answer.address_error_code == 440 &&
                    f->answer.relayed_count == 1);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v6)));
    EXPECT(f, "no IPv6 peers then", ERROR(alice, 443));
    delete_allocation(f, &f->alice);

    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, ADDITIONAL_FAMILY(2)));
    EXPECT(f, "Allocate", OPEN(alice, DUAL));
    relay_fails(f, &f->alice, TURN_RELAY_FAMILY_MISSING, DUAL);
    EXPECT(f, "row Families: the host lacks both: 440", ERROR(alice, 440));
}

static void integrity_of_late_answers(void **state)
{
    struct fixture *f = *state;
    f->alice.integrity = INTEGRITY_SHA256;
    f->alice.fingerprint = true;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, V4));
    relay_fails(f, &f->alice, TURN_RELAY_NO_RESOURCES, 0);
    EXPECT(f, "row Responses: integrity and FINGERPRINT as in the request", ERROR(alice, 508));
    allocate_udp(f, &f->alice);
    EXPECT_TRUE("row Responses: of the kind that was asked with",
                answer_has(&f->answer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256) &&
                    answer_has(&f->answer, STUN_ATTR_FINGERPRINT));
}

static void requests_while_opening(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "Allocate", OPEN(alice, V4));
    const struct test_client asked = f->alice;
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0)));
    EXPECT_DROP(f, "requests while the Allocate is under way are dropped", PENDING_ALLOCATE);
    ask(f, &f->alice, TURN_CHANNEL_BIND, ATTRS(CHANNEL(0x4000), PEER(f->peer_v4)));
    EXPECT_DROP(f, "requests while the Allocate is under way are dropped", PENDING_ALLOCATE);
    f->alice = asked;
    relay_opens(f, &f->alice);
    EXPECT(f, "the Allocate is not disturbed", SUCCESS(alice));
}

static void all_ports_in_use(void **state)
{
    struct fixture *f = *state;
    f->setup.config.highest_port = (uint16_t)(f->setup.config.lowest_port + 2);
    for (size_t i = 0; i < 3; i++)
        allocate_udp(f, &f->device[i]);
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "all relay ports in use: 508 (RFC 8656 §7.2)", ERROR(bob, 508));
    EXPECT_TRUE("counted", checked_count(&f->cs, TURN_COUNT_TABLE_FULL_ALLOCATIONS) == 1);

    delete_allocation(f, &f->device[1]);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "the freed port rests: 508", ERROR(bob, 508));
    advance_usec(f, TURN_PORT_REST_SEC * USEC_PER_SEC - 1);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "for --port-rest: 508", ERROR(bob, 508));
    advance_usec(f, 1);
    allocate_udp(f, &f->bob);
    EXPECT_TRUE("then it is given out again", f->bob.port == f->device[1].port);
}

static void allocation_limit(void **state)
{
    struct fixture *f = *state;
    f->setup.config.max_allocations = 2;
    allocate_udp(f, &f->device[0]);
    allocate_udp(f, &f->device[1]);
    get_nonce(f, &f->bob);
    ask(f, &f->bob, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Quotas: as many as the shard may hold: 508", ERROR(bob, 508));
    advance(f, 600);
    allocate_udp(f, &f->bob);
}

/* Also when nearly full every port is found, and none is given out twice (the model looks). */
static void every_port_is_reached(void **state)
{
    struct fixture *f = *state;
    f->setup.config.port_rest_sec = 0;
    f->setup.config.highest_port = (uint16_t)(f->setup.config.lowest_port + 15);
    bool seen[16] = {false};
    for (uint16_t i = 0; i < 16; i++) {
        f->device[0].tuple.client.port = (uint16_t)(42000 + i);
        f->device[0].nonce_len = 0;
        allocate_udp(f, &f->device[0]);
        seen[f->device[0].port - f->setup.config.lowest_port] = true;
    }
    for (size_t i = 0; i < 16; i++)
        EXPECT_TRUE("each port of the slice", seen[i]);
    for (int i = 0; i < 20; i++) {
        uint16_t port = f->device[0].port;
        delete_allocation(f, &f->device[0]);
        allocate_udp(f, &f->device[0]);
        EXPECT_TRUE("the only free one", f->device[0].port == port);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(port_taken_by_someone_else),
        SCENARIO(success_on_another_port),
        SCENARIO(no_other_port_is_left),
        SCENARIO(no_resources),
        SCENARIO(family_missing),
        SCENARIO(integrity_of_late_answers),
        SCENARIO(requests_while_opening),
        SCENARIO(all_ports_in_use),
        SCENARIO(allocation_limit),
        SCENARIO(every_port_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
