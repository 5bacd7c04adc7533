/* test_authentication.c — the long-term credential mechanism: challenges, nonces, integrity. */
#include "scenario.h"

static const uint16_t all_methods[] = {TURN_ALLOCATE, TURN_REFRESH, TURN_CHANNEL_BIND,
                                       TURN_CREATE_PERMISSION};
enum { METHODS = sizeof(all_methods) / sizeof(*all_methods) };

static void without_any_credential(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < METHODS; i++) {
        struct message m = client_message(&f->alice, all_methods[i], ATTRS(UDP));
        m.username = m.realm = m.nonce = (struct bytes){0};
        m.key = NULL;
        client_asks(f, &f->alice, &m, FORGED);
        EXPECT(f, "no integrity: 401 with REALM and NONCE (RFC 8489 §9.2.4)", ERROR(alice, 401));
        EXPECT_TRUE("row Responses: no integrity without a username",
                    !answer_has(&f->answer, STUN_ATTR_MESSAGE_INTEGRITY));
    }
}

/* relay-behaviour: the first Allocate of the reference client has USERNAME, REALM and integrity,
 * but no NONCE. */
static void first_allocate_with_integrity_and_no_nonce(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice); /* EXPECT checks integrity, REALM, NONCE */
    static const uint16_t order[] = {STUN_ATTR_SOFTWARE, STUN_ATTR_ERROR_CODE, STUN_ATTR_REALM,
                                     STUN_ATTR_NONCE, STUN_ATTR_MESSAGE_INTEGRITY};
    EXPECT_TRUE("row Responses: 401 carries REALM, NONCE and integrity, in this order",
                f->answer.attr_count == 5 && memcmp(f->answer.attrs, order, sizeof(order)) == 0);
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "the nonce of the challenge is good", OPEN(alice, FAMILY_SET_V4));
}

static void integrity_without_username_or_realm(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    for (size_t i = 0; i < METHODS; i++) {
        struct message m = client_message(&f->alice, all_methods[i], ATTRS(UDP));
        m.username = (struct bytes){0};
        client_asks(f, &f->alice, &m, FORGED);
        EXPECT(f, "integrity without USERNAME: 400 (RFC 8489 §9.2.4)", ERROR(alice, 400));
        m = client_message(&f->alice, all_methods[i], ATTRS(UDP));
        m.realm = (struct bytes){0};
        client_asks(f, &f->alice, &m, FORGED);
        EXPECT(f, "integrity without REALM: 400 (RFC 8489 §9.2.4)", ERROR(alice, 400));
    }
}

/* Row Nonce: «unknown, foreign or old: 438», never 401, which tells a client that its
 * credentials are bad. */
static void garbage_nonces(void **state)
{
    struct fixture *f = *state;
    static const char *const nonces[] = {
        "x",
        "garbage",
        "AAAAAAAAAAAAAAAA",
        "6d8f6f31-8f8e-43c8-ae30-ab0c3e1e7f10",
        "0123456789012345678901234567890123456789012345678901234567890123456789",
    };
    for (size_t i = 0; i < sizeof(nonces) / sizeof(*nonces); i++) {
        for (size_t k = 0; k < METHODS; k++) {
            struct message m = client_message(&f->alice, all_methods[k], ATTRS(UDP));
            m.nonce = bytes_of_text(nonces[i]);
            client_asks(f, &f->alice, &m, FORGED);
            EXPECT(f, "row Nonce: unknown: 438", ERROR(alice, 438));
        }
    }
    ask(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Nonce: the NONCE of a 438 is good", OPEN(alice, FAMILY_SET_V4));
}

static void every_spoilt_nonce(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    uint8_t good[ANSWER_TEXT_MAX];
    size_t len = f->alice.nonce_len;
    memcpy(good, f->alice.nonce, len);
    for (size_t i = 0; i < len; i++) {
        uint8_t spoilt[ANSWER_TEXT_MAX];
        memcpy(spoilt, good, len);
        spoilt[i] = spoilt[i] == 'A' ? 'B' : 'A';
        struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
        m.nonce = (struct bytes){.data = spoilt, .len = len};
        client_asks(f, &f->alice, &m, FORGED);
        EXPECT(f, "row Nonce: a keyed MAC over all of it", ERROR(alice, 438));
    }
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP));
    m.nonce = (struct bytes){.data = good, .len = len - 1};
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Nonce: cut short", ERROR(alice, 438));
}

static void nonce_of_another_client(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct message m = client_message(&f->device[0], TURN_ALLOCATE, ATTRS(UDP));
    m.nonce = (struct bytes){.data = f->alice.nonce, .len = f->alice.nonce_len};
    client_asks(f, &f->device[0], &m, FORGED);
    EXPECT(f, "row Nonce: foreign, by its port", ERROR(device[0], 438));

    f->device[1].tuple.client = f->alice.tuple.client;
    f->device[1].tuple.client.ip[3]++;
    client_asks(f, &f->device[1], &m, FORGED);
    EXPECT(f, "row Nonce: foreign, by its address", ERROR(device[1], 438));
}

static void nonces_age(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct test_client old = f->alice;
    advance(f, TURN_NONCE_LIFETIME_SEC - 1);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "row Nonce: an hour old is not old", ERROR(alice, 437));
    advance(f, 2);
    struct message m = client_message(&old, TURN_REFRESH, NO_ATTRS);
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Nonce: old: 438", ERROR(alice, 438));
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "row Nonce: the fresh one is good", ERROR(alice, 437));
}

/* A nonce outlives the process and holds on every shard: it is keyed from the secret alone. */
static void nonce_of_another_shard(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct fixture *other = fixture_new();
    other->setup.config.shard = 7;
    other->setup.config.lowest_port = 60000;
    other->setup.config.highest_port = 60100;
    other->setup.random_count = 999; /* its own randomness differs */
    memcpy(other->alice.nonce, f->alice.nonce, f->alice.nonce_len);
    other->alice.nonce_len = f->alice.nonce_len;
    ask(other, &other->alice, TURN_REFRESH, NO_ATTRS);
    f = other;
    EXPECT(f, "row Nonce: valid on every shard and after a restart", ERROR(alice, 437));
    fixture_free(other);
}

/* Nothing is learnt of a nonce from another deployment's secret. */
static void nonce_of_another_secret(void **state)
{
    struct fixture *f = *state;
    struct fixture *other = fixture_new();
    other->setup.config.secret = bytes_of_text("another secret");
    struct message m = client_message(&other->alice, TURN_ALLOCATE, ATTRS(UDP));
    m.username = m.realm = (struct bytes){0};
    m.key = NULL;
    client_asks(other, &other->alice, &m, FORGED);
    assert_int_equal(other->cs.seen_count, 1);
    memcpy(other->alice.nonce, other->cs.seen[0].answer.nonce, ANSWER_TEXT_MAX);
    other->alice.nonce_len = other->cs.seen[0].answer.nonce_len;
    memcpy(f->alice.nonce, other->alice.nonce, other->alice.nonce_len);
    f->alice.nonce_len = other->alice.nonce_len;
    fixture_free(other);
    m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "row Nonce: a keyed MAC", ERROR(alice, 438));
}

static void wrong_integrity(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    const struct turn_key good = f->alice.key;
    struct turn_key bad = good;
    bad.bytes[15] ^= 0x80;
    for (size_t i = 0; i < METHODS; i++) {
        for (int sha = 0; sha < 3; sha++) {
            struct message m = client_message(&f->alice, all_methods[i], ATTRS(UDP));
            m.key = &bad;
            m.integrity = (enum integrity)sha;
            client_asks(f, &f->alice, &m, FORGED);
            /* The answer's integrity is checked with the good key. */
            EXPECT(f, "wrong integrity: 401, with integrity of the right key", ERROR(alice, 401));
        }
    }
}

static void sha256_answers_sha256(void **state)
{
    struct fixture *f = *state;
    f->alice.integrity = INTEGRITY_SHA256;
    allocate_udp(f, &f->alice);
    EXPECT_TRUE("MESSAGE-INTEGRITY-SHA256 is answered with it (RFC 8489 §9.2.4)",
                answer_has(&f->answer, STUN_ATTR_MESSAGE_INTEGRITY_SHA256));
    f->alice.integrity = INTEGRITY_BOTH;
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "both attributes: the stronger one is checked and answered", SUCCESS(alice));
}

/* With both attributes a forged SHA-256 is not saved by a right SHA-1. */
static void stronger_integrity_decides(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct message m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.integrity = INTEGRITY_BOTH;
    client_build(&f->alice, f->crypto, &m);
    f->alice.request[f->alice.request_len - 1] ^= 1;
    checked_client_datagram(&f->cs, &f->alice.tuple,
                            (struct bytes){.data = f->alice.request, .len = f->alice.request_len},
                            FORGED);
    EXPECT(f, "a wrong MESSAGE-INTEGRITY-SHA256 behind a right MESSAGE-INTEGRITY: 401",
           ERROR(alice, 401));
}

/* Any covered bit that changes is seen, padding and reserved bits included. */
static void every_changed_bit_is_refused(void **state)
{
    struct fixture *f = *state;
    get_nonce(f, &f->alice);
    struct message m = client_message(&f->alice, TURN_ALLOCATE, ATTRS(UDP, SOFTWARE_SNOWNET));
    client_build(&f->alice, f->crypto, &m);
    for (size_t bit = 0; bit < f->alice.request_len * 8; bit++) {
        f->alice.request[bit / 8] ^= (uint8_t)(1 << bit % 8);
        /* FORGED: the invariants demand that nothing is opened and no success is sent. */
        checked_client_datagram(
            &f->cs, &f->alice.tuple,
            (struct bytes){.data = f->alice.request, .len = f->alice.request_len}, FORGED);
        f->alice.request[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    again(f, &f->alice);
    EXPECT(f, "unchanged it is accepted", OPEN(alice, FAMILY_SET_V4));
}

/* Row Bytes after MESSAGE-INTEGRITY: «ignored»: an attacker on the path who appends LIFETIME 0
 * must not end the allocation. */
static void attributes_after_integrity_are_ignored(void **state)
{
    struct fixture *f = *state;
    allocate_udp(f, &f->alice);
    static const enum integrity kinds[] = {INTEGRITY_SHA1, INTEGRITY_SHA256, INTEGRITY_BOTH};
    for (size_t i = 0; i < 3; i++) {
        struct message m = client_message(&f->alice, TURN_REFRESH, ATTRS(LIFETIME(1800)));
        m.integrity = kinds[i];
        m.after = ATTRS(LIFETIME(0), ATTR_OF_U32(0x7F01, 1));
        client_asks(f, &f->alice, &m, AUTHENTIC);
        EXPECT(f, "row Bytes after MESSAGE-INTEGRITY: ignored", SUCCESS(alice));
        EXPECT_TRUE("row Bytes after MESSAGE-INTEGRITY: LIFETIME among them",
                    f->answer.lifetime_sec == 1800);
    }
    /* REQUESTED-TRANSPORT behind the integrity is as good as none. */
    get_nonce(f, &f->bob);
    struct message m = client_message(&f->bob, TURN_ALLOCATE, NO_ATTRS);
    m.after = ATTRS(UDP);
    client_asks(f, &f->bob, &m, AUTHENTIC);
    EXPECT(f, "row Bytes after MESSAGE-INTEGRITY: REQUESTED-TRANSPORT there counts as missing",
           ERROR(bob, 400));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(without_any_credential),
        SCENARIO(first_allocate_with_integrity_and_no_nonce),
        SCENARIO(integrity_without_username_or_realm),
        SCENARIO(garbage_nonces),
        SCENARIO(every_spoilt_nonce),
        SCENARIO(nonce_of_another_client),
        SCENARIO(nonces_age),
        SCENARIO(nonce_of_another_shard),
        SCENARIO(nonce_of_another_secret),
        SCENARIO(wrong_integrity),
        SCENARIO(sha256_answers_sha256),
        SCENARIO(stronger_integrity_decides),
        SCENARIO(every_changed_bit_is_refused),
        SCENARIO(attributes_after_integrity_are_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
