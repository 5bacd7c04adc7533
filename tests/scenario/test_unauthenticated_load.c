/* test_unauthenticated_load.c — floods of what is not authenticated: small answers, bounded rates,
 * no state. */
#include "scenario.h"

#include "choices.h"

#include <stdio.h>

/* A bare request of |method| with only what |attrs| says. */
static void ask_bare(struct fixture *f, struct test_client *client, uint16_t method,
                     const struct attr *attrs)
{
    struct message m = client_message(client, method, attrs);
    m.username = m.realm = m.nonce = (struct bytes){0};
    m.key = NULL;
    client_asks(f, client, &m, FORGED);
}

/* FORGED lets the checked server demand the bound; here the sizes at its edge are named. */
static void smallest_requests(void **state)
{
    struct fixture *f = *state;
    f->setup.config.realm = "a realm that is 32 bytes in all."; /* the longest there may be */
    snprintf(f->alice.realm, sizeof(f->alice.realm), "%s", f->setup.config.realm);
    ask_bare(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP));
    EXPECT(f, "row Unauthenticated load: a well-formed Allocate is answered", ERROR(alice, 401));
    EXPECT_TRUE("row Unauthenticated load: at most 3 x the request", f->answer.len <= 3 * 28);
    EXPECT_TRUE("row Unauthenticated load: SOFTWARE has to go for that",
                !answer_has(&f->answer, STUN_ATTR_SOFTWARE));
    ask_bare(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT_DROP(f, "row Unauthenticated load: what cannot be answered within the bound is dropped",
                REFLECTION_BOUND);
}

static void default_realm_fits_a_bare_header(void **state)
{
    struct fixture *f = *state;
    ask_bare(f, &f->alice, TURN_ALLOCATE, NO_ATTRS);
    EXPECT(f, "row Unauthenticated load: 20 bytes get 60", ERROR(alice, 401));
    EXPECT_TRUE("row Unauthenticated load: at most 3 x the request", f->answer.len <= 60);
    ask_bare(f, &f->alice, TURN_ALLOCATE, ATTRS(UDP, SOFTWARE_SNOWNET, LIFETIME(600)));
    EXPECT(f, "row Unauthenticated load: a usual Allocate", ERROR(alice, 401));
    EXPECT_TRUE("with room for it, SOFTWARE and the reason are there",
                answer_has(&f->answer, STUN_ATTR_SOFTWARE) && f->answer.phrase[0] != 0);
}

/* Datagrams of any shape, from a seed: none gets more than 3 times its size, none creates
 * anything (checked_rules.c), and each that is not answered is counted. */
static void random_datagrams(void **state)
{
    struct fixture *f = *state;
    struct choices choices = choices_of_seed(8656);
    static const uint16_t methods[] = {STUN_BINDING,      TURN_ALLOCATE,          TURN_REFRESH,
                                       TURN_CHANNEL_BIND, TURN_CREATE_PERMISSION, TURN_SEND};
    for (int i = 0; i < 20000; i++) {
        uint8_t value[64];
        struct attr attrs[5] = {0};
        size_t count = choose(&choices, 5);
        for (size_t k = 0; k < count; k++) {
            size_t len = choose(&choices, sizeof(value));
            choose_bytes(&choices, value, len);
            static const uint16_t types[] = {STUN_ATTR_USERNAME,    STUN_ATTR_REALM,
                                             STUN_ATTR_NONCE,       STUN_ATTR_SOFTWARE,
                                             STUN_ATTR_FINGERPRINT, STUN_ATTR_MESSAGE_INTEGRITY,
                                             STUN_ATTR_LIFETIME,    0x7F00};
            attrs[k] = (struct attr)ATTR_OF_BYTES(types[choose(&choices, 8)], value, len);
        }
        attrs[count].kind = ATTR_END;
        struct message m = client_message(&f->alice, methods[choose(&choices, 6)], attrs);
        if (chance(&choices, 50))
            m.username = m.realm = (struct bytes){0};
        struct turn_key bad = f->alice.key;
        bad.bytes[0] ^= 1;
        m.key = chance(&choices, 50) ? &bad : NULL;
        client_build(&f->alice, f->crypto, &m);
        size_t len = f->alice.request_len;
        if (chance(&choices, 30))
            len = choose(&choices, (uint32_t)len);
        if (len > 0 && chance(&choices, 50))
            f->alice.request[choose(&choices, (uint32_t)len)] ^= (uint8_t)choose(&choices, 256);
        fixture_start(f);
        checked_client_datagram(&f->cs, &f->alice.tuple,
                                (struct bytes){.data = f->alice.request, .len = len}, FORGED);
    }
}

static size_t answered(struct fixture *f, struct test_client *client, const char *at, size_t count)
{
    size_t answers = 0;
    client->tuple.client = test_addr(at);
    for (size_t i = 0; i < count; i++) {
        client->tuple.client.port = (uint16_t)(1024 + i);
        ask_bare(f, client, STUN_BINDING, NO_ATTRS);
        answers += f->cs.seen_count;
    }
    return answers;
}

static void rate_per_prefix(void **state)
{
    struct fixture *f = *state;
    f->setup.config.unauthenticated_rate = 50;
    EXPECT_TRUE("row Unauthenticated load: so many answers a second for a /24",
                answered(f, &f->alice, "8.8.8.8:1", 80) == 50);
    EXPECT_TRUE("row Unauthenticated load: dropped and counted",
                checked_count(&f->cs, TURN_COUNT_DROP_RATE_LIMITED) == 30);
    EXPECT_TRUE("row Unauthenticated load: the whole /24 shares it",
                answered(f, &f->alice, "8.8.8.255:1", 10) == 0);
    EXPECT_TRUE("row Unauthenticated load: the next /24 does not",
                answered(f, &f->alice, "8.8.9.8:1", 10) == 10);
    EXPECT_TRUE("row Unauthenticated load: IPv6 by /56",
                answered(f, &f->carol, "[2600:1:2:300::1]:1", 80) == 50);
    EXPECT_TRUE("row Unauthenticated load: the whole /56 shares it",
                answered(f, &f->carol, "[2600:1:2:3ff::1]:1", 10) == 0);
    EXPECT_TRUE("row Unauthenticated load: the next /56 does not",
                answered(f, &f->carol, "[2600:1:2:400::1]:1", 10) == 10);
    advance_usec(f, USEC_PER_SEC / 10);
    EXPECT_TRUE("row Unauthenticated load: it fills up again with time",
                answered(f, &f->alice, "8.8.8.8:1", 80) == 5);
    advance(f, 100);
    EXPECT_TRUE("row Unauthenticated load: to the rate, not beyond",
                answered(f, &f->alice, "8.8.8.8:1", 80) == 50);
}

static void loopback_is_exempt(void **state)
{
    struct fixture *f = *state;
    f->setup.config.unauthenticated_rate = 5;
    EXPECT_TRUE("loopback cannot be spoofed from outside",
                answered(f, &f->alice, "127.0.0.1:1", 100) == 100);
    EXPECT_TRUE("loopback cannot be spoofed from outside",
                answered(f, &f->carol, "[::1]:1", 100) == 100);
}

static void no_limit(void **state)
{
    struct fixture *f = *state;
    EXPECT_TRUE("0 = no limit", answered(f, &f->alice, "8.8.8.8:1", 1000) == 1000);
}

/* Whoever is authenticated is not held back by a flood from its prefix. */
static void authenticated_requests_pass_a_flood(void **state)
{
    struct fixture *f = *state;
    f->setup.config.unauthenticated_rate = 10;
    allocate_udp(f, &f->alice);
    f->device[0].tuple.client.port = 999;
    for (int i = 0; i < 100; i++)
        ask_bare(f, &f->device[0], TURN_ALLOCATE, ATTRS(UDP));
    EXPECT_DROP(f, "row Unauthenticated load: rate-limited per source prefix", RATE_LIMITED);
    ask(f, &f->alice, TURN_REFRESH, NO_ATTRS);
    EXPECT(f, "row Unauthenticated load: Refresh passes", SUCCESS(alice));
    bind_channel(f, &f->alice, 0x4000, f->peer_v4);
    client_sends_channel(f, &f->alice, 0x4000, "x");
    EXPECT_TO_PEER(f, "row Unauthenticated load: so does data", alice, f->peer_v4, "x");
}

/* Every kind of answer without authentication takes from the rate. */
static void every_unauthenticated_answer_is_limited(void **state)
{
    struct fixture *f = *state;
    f->setup.config.unauthenticated_rate = 4;
    get_nonce(f, &f->alice); /* a 401 is the first of four */
    ask_bare(f, &f->alice, 0x0FF, NO_ATTRS);
    EXPECT(f, "400 is the second", ERROR(alice, 400));
    struct message m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.nonce = bytes_of_text("garbage");
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "438 is the third", ERROR(alice, 438));
    struct turn_key bad = f->alice.key;
    bad.bytes[0] ^= 1;
    m = client_message(&f->alice, TURN_REFRESH, NO_ATTRS);
    m.key = &bad;
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT(f, "401 for wrong credentials is the fourth", ERROR(alice, 401));
    client_asks(f, &f->alice, &m, FORGED);
    EXPECT_DROP(f, "guessing passwords is rate-limited too", RATE_LIMITED);
    ask_bare(f, &f->alice, STUN_BINDING, NO_ATTRS);
    EXPECT_DROP(f, "Binding as well", RATE_LIMITED);
    ask_bare(f, &f->alice, 0x0FF, NO_ATTRS);
    EXPECT_DROP(f, "400 as well", RATE_LIMITED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SCENARIO(smallest_requests),
        SCENARIO(default_realm_fits_a_bare_header),
        SCENARIO(random_datagrams),
        SCENARIO(rate_per_prefix),
        SCENARIO(loopback_is_exempt),
        SCENARIO(no_limit),
        SCENARIO(authenticated_requests_pass_a_flood),
        SCENARIO(every_unauthenticated_answer_is_limited),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
