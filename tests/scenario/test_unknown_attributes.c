/* test_unknown_attributes.c — comprehension-required attributes that are not understood. */
#include "scenario.h"

static const uint16_t all_methods[] = {TURN_ALLOCATE, TURN_REFRESH, TURN_CHANNEL_BIND,
                                       TURN_CREATE_PERMISSION};

static void unknown_required_attribute_after_authentication(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    for (size_t i = 0; i < sizeof(all_methods) / sizeof(*all_methods); i++) {
        ask(f, &f->alice, all_methods[i], ATTRS(UDP, ATTR_OF_U32(0x7F01, 0)));
        EXPECT(f, "row Unknown comprehension-required attribute: 420 with UNKNOWN-ATTRIBUTES",
               ERROR(alice, 420));
        EXPECT_TRUE("UNKNOWN-ATTRIBUTES names it",
                    f->answer.unknown_count == 1 && f->answer.unknown[0] == 0x7F01);
    }
}

static void authentication_comes_first(void **state)
{
    struct fixture *f = *state;
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP, ATTR_OF_U32(0x7F01, 0)));
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Unknown comprehension-required attribute: after authentication",
           ERROR(alice, 401));
    struct turn_key bad = f->alice.key;
    bad.bytes[0] ^= 1;
    m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP, ATTR_OF_U32(0x7F01, 0)));
    m.key = &bad;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Unknown comprehension-required attribute: after authentication",
           ERROR(alice, 401));
}

static void it_comes_before_the_method(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, ATTR_OF_U32(0x7F01, 0)));
    EXPECT(f, "420 before 437 (RFC 8489 §6.3.1)", ERROR(alice, 420));
    ask(f, &f->alice, TURN_REFRESH, ATTRS(LIFETIME(0), ATTR_OF_U32(0x7F01, 0)));
    EXPECT(f, "420, and the allocation stays", ERROR(alice, 420));
}

static void optional_attributes_are_ignored(void **state)
{
    struct fixture *f = *state;
    allocate(f, &f->alice,
             ATTRS(ATTR_OF_U32(0x8001, 0), SOFTWARE_SNOWNET, ATTR_OF_U32(0x8023, 0),
                   ATTR_OF_U32(0xFFFF, 1), UDP));
}

/* Types that mean something to clients or in answers are understood, wherever they stand. */
static void known_types_are_not_unknown(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    allocate(f, &f->alice,
             ATTRS(UDP, CHANNEL(0x4000), PEER(f->peer_v4),
                   ATTR_OF_BYTES(STUN_ATTR_DATA, EVEN_PORT_R0, 1)));
}

static void many_unknown_attributes(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct attr attrs[41] = {0};
    for (uint16_t i = 0; i < 40; i++)
        attrs[i] = (struct attr)ATTR_OF_U32((uint16_t)(0x7F00 + i), 0);
    attrs[40].kind = ATTR_END;
    ask(f, &f->alice, TURN_ALLOCATE, attrs);
    EXPECT(f, "row Unknown comprehension-required attribute: more than are listed",
           ERROR(alice, 420));
    EXPECT_TRUE(
        "as many as fit, in the order in which they came",
        f->answer.unknown_count == TURN_UNKNOWN_ATTRS_MAX && f->answer.unknown[0] == 0x7F00 &&
            f->answer.unknown[TURN_UNKNOWN_ATTRS_MAX - 1] == 0x7F00 + TURN_UNKNOWN_ATTRS_MAX - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(unknown_required_attribute_after_authentication),
        SCENARIO(authentication_comes_first),
        SCENARIO(it_comes_before_the_method),
        SCENARIO(optional_attributes_are_ignored),
        SCENARIO(known_types_are_not_unknown),
        SCENARIO(many_unknown_attributes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
