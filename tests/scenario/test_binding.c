/* test_binding.c — Binding: answered without authentication or state. */
#include "scenario.h"

static void binding_answers_with_the_address_it_came_from(void **state)
{
    struct fixture *f = *state;
    struct test_client *clients[] = {&f->alice, &f->carol};
    for (size_t i = 0; i < 2; i++) {
        struct message m = client_message(clients[i], STUN_BINDING, NO_ATTRS);
        m.username = m.realm = (struct bytes){0};
        m.key = NULL;
        client_asks(f, clients[i], &m, FORGED);
        const struct expected want = {.kind = TURN_COMMAND_SEND, .client = clients[i]};
        fixture_expect(f, "row Binding: answered without authentication", &want, 1, __FILE__,
                       __LINE__);
        EXPECT_TRUE("row Binding: XOR-MAPPED-ADDRESS, SOFTWARE",
                    f->answer.attr_count == 2 && f->answer.attrs[0] == STUN_ATTR_SOFTWARE &&
                        f->answer.attrs[1] == STUN_ATTR_XOR_MAPPED_ADDRESS);
        EXPECT_TRUE("row Binding: the source of the request",
                    transport_addr_equal(&f->answer.mapped, &clients[i]->tuple.client));
    }
    EXPECT_TRUE("row Binding: no state", turn_server_next_deadline(f->cs.server).usec == INT64_MAX);
}

/* RFC 8489 §9.2: a Binding that carries credentials is answered as if it did not. */
static void binding_ignores_credentials(void **state)
{
    struct fixture *f = *state;
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "row Binding: no authentication, wrong or right", SUCCESS(alice));
    f->alice.key.bytes[0] ^= 1;
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "row Binding: no authentication, wrong or right", SUCCESS(alice));
}

static void binding_from_an_allocated_five_tuple(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "row Binding: a keep-alive beside an allocation", SUCCESS(alice));
}

static void binding_with_unknown_attributes(void **state)
{
    struct fixture *f = *state;
    struct message m = client_message(&f->alice, STUN_BINDING,
                                      ATTRS(ATTR_OF_U32(0x7F01, 1), ATTR_OF_U32(0xFF01, 2),
                                            ATTR_OF_U32(0x0024, 3), ATTR_OF_U32(0x7F01, 4)));
    m.username = m.realm = (struct bytes){0};
    m.key = NULL;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Unknown comprehension-required attribute: Binding, without authentication",
           ERROR(alice, 420));
    EXPECT_TRUE("UNKNOWN-ATTRIBUTES names each required one once, none that is optional",
                f->answer.unknown_count == 2 && f->answer.unknown[0] == 0x7F01 &&
                    f->answer.unknown[1] == 0x0024);
}

static void binding_with_fingerprint(void **state)
{
    struct fixture *f = *state;
    f->alice.fingerprint = true;
    ask(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT(f, "FINGERPRINT is answered with FINGERPRINT (RFC 8489 §14.7)", SUCCESS(alice));
}

/* The smallest request there is, over the larger address family. */
static void bare_binding_over_ipv6_stays_within_the_bound(void **state)
{
    struct fixture *f = *state;
    f->setup.config.software = "123456789012"; /* the longest there may be */
    struct message m = client_message(&f->carol, STUN_BINDING, NO_ATTRS);
    m.username = m.realm = (struct bytes){0};
    m.key = NULL;
    client_asks(f, &f->carol, &m, FORGED);
    EXPECT_TRUE("row Unauthenticated load: answered", f->cs.seen_count == 1);
    EXPECT_TRUE("row Unauthenticated load: at most 3 x the request's UDP payload",
                f->cs.seen[0].command.bytes.len <= 60);
    EXPECT_TRUE("row Binding: SOFTWARE",
                strcmp(f->cs.seen[0].answer.software, "123456789012") == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(binding_answers_with_the_address_it_came_from),
        SCENARIO(binding_ignores_credentials),
        SCENARIO(binding_from_an_allocated_five_tuple),
        SCENARIO(binding_with_unknown_attributes),
        SCENARIO(binding_with_fingerprint),
        SCENARIO(bare_binding_over_ipv6_stays_within_the_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
