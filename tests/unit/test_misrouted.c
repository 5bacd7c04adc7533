/* test_misrouted.c — tests of misrouted.h. */
#include "misrouted.h"

#include "counter_page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { LOG_LEN = 4096, RATE = 10, ROOM_LEN = 4096 };

static const struct tuple_owner shard_3 = {.by = OWNED_BY_SHARD, .shard = 3};
static const struct tuple_owner nobody = {.by = OWNED_BY_NOBODY};
static const struct tuple_owner elsewhere = {.by = OWNED_BY_OTHER_HOST};
static const struct tuple_owner unknown = {.by = OWNED_BY_UNKNOWN};

struct fixture {
    struct misrouted *misrouted;
    uint64_t values[COUNTER_PAGE_VALUES];
    struct turn_now now;
    char delivered[LOG_LEN]; /* "text>owner " for each */
    const char *ask_again;   /* asked once, from within the first delivery */
    struct misrouted_result result;
};

/* The |number|th five-tuple. */
static struct five_tuple tuple(uint32_t number)
{
    const uint8_t client[4] = {10, (uint8_t)(number >> 16), (uint8_t)(number >> 8),
                               (uint8_t)number};
    const uint8_t server[4] = {192, 0, 2, 1};

    return (struct five_tuple){.client = transport_addr_v4(client, 5000),
                               .server = transport_addr_v4(server, 3478)};
}

static enum misrouted_verdict ask(struct fixture *fixture, uint32_t number, const char *text)
{
    const struct five_tuple five_tuple = tuple(number);

    return misrouted_ask(fixture->misrouted, fixture->now.mono, &five_tuple, bytes_of_text(text),
                         &fixture->result);
}

static void log_delivery(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                         struct bytes datagram, struct tuple_owner owner)
{
    struct fixture *fixture = context;
    size_t len = strlen(fixture->delivered);

    (void)five_tuple;
    assert_int_equal(now.mono.usec, fixture->now.mono.usec);
    (void)snprintf(fixture->delivered + len, LOG_LEN - len, "%.*s>%c%u ", (int)datagram.len,
                   (const char *)datagram.data, "usen"[owner.by], owner.shard);
    if (fixture->ask_again != NULL) {
        const char *text = fixture->ask_again;

        fixture->ask_again = NULL;
        assert_int_equal(ask(fixture, 1, text), MISROUTED_KEPT);
        assert_null(fixture->result.look_up);
    }
}

static void pass_msec(struct fixture *fixture, int64_t msec)
{
    fixture->now.mono.usec += msec * 1000;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    const struct misrouted_config config = {.key = {.k0 = 1, .k1 = 2},
                                            .owners = 64,
                                            .look_ups = 20,
                                            .room_len = ROOM_LEN,
                                            .look_ups_per_sec = RATE,
                                            .values = fixture->values,
                                            .deliver = log_delivery,
                                            .context = fixture};

    assert_non_null(fixture);
    assert_int_equal(misrouted_new(&config, &fixture->misrouted), ERR_OK);
    fixture->now.mono.usec = 5 * USEC_PER_SEC;
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;

    misrouted_free(fixture->misrouted);
    free(fixture);
    return 0;
}

/* Asks about a datagram that begins a look-up, and returns that. */
static struct misrouted_look_up *begin(struct fixture *fixture, uint32_t number, const char *text)
{
    const struct five_tuple five_tuple = tuple(number);

    assert_int_equal(ask(fixture, number, text), MISROUTED_KEPT);
    assert_non_null(fixture->result.look_up);
    assert_true(five_tuple_equal(&fixture->result.look_up->five_tuple, &five_tuple));
    assert_ptr_equal(fixture->result.look_up->context, fixture);
    return fixture->result.look_up;
}

static void answer(struct fixture *fixture, struct misrouted_look_up *look_up,
                   struct tuple_owner owner)
{
    misrouted_answer(fixture->misrouted, fixture->now, look_up, owner);
}

static uint64_t counted(const struct fixture *fixture, enum shard_counter counter)
{
    return fixture->values[counter];
}

static void the_first_datagram_waits_for_its_look_up(void **state)
{
    struct fixture *fixture = *state;
    struct misrouted_look_up *look_up = begin(fixture, 1, "one");

    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_KEPT);
    assert_null(fixture->result.look_up);
    struct misrouted_look_up *other = begin(fixture, 2, "other");

    assert_int_equal(ask(fixture, 1, "three"), MISROUTED_KEPT);
    assert_string_equal(fixture->delivered, "");
    answer(fixture, look_up, shard_3);
    assert_string_equal(fixture->delivered, "one>s3 two>s3 three>s3 ");
    answer(fixture, other, nobody);
    assert_string_equal(fixture->delivered, "one>s3 two>s3 three>s3 other>n0 ");

    assert_int_equal(ask(fixture, 1, "four"), MISROUTED_TO_SHARD);
    assert_int_equal(fixture->result.shard, 3);
    assert_null(fixture->result.look_up);
    assert_int_equal(ask(fixture, 2, "other"), MISROUTED_NOBODY);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_KEPT), 4);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_LOOK_UPS), 2);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_TO_SHARD), 1);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_NOBODY), 1);
}

static void misses_are_asked_for_again_after_a_second(void **state)
{
    struct fixture *fixture = *state;

    answer(fixture, begin(fixture, 1, "one"), elsewhere);
    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_ELSEWHERE);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_ELSEWHERE), 1);
    pass_msec(fixture, 1000);
    answer(fixture, begin(fixture, 1, "three"), nobody);
    assert_int_equal(ask(fixture, 1, "four"), MISROUTED_NOBODY);
}

static void without_an_answer_nothing_is_remembered(void **state)
{
    struct fixture *fixture = *state;

    answer(fixture, begin(fixture, 1, "one"), unknown);
    assert_string_equal(fixture->delivered, "one>u0 ");
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_UNANSWERED), 1);
    answer(fixture, begin(fixture, 1, "two"), shard_3);
    assert_string_equal(fixture->delivered, "one>u0 two>s3 ");
}

static void nothing_overtakes_what_is_being_delivered(void **state)
{
    struct fixture *fixture = *state;
    struct misrouted_look_up *look_up = begin(fixture, 1, "one");

    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_KEPT);
    fixture->ask_again = "three";
    answer(fixture, look_up, shard_3);
    assert_string_equal(fixture->delivered, "one>s3 two>s3 three>s3 ");
    assert_int_equal(ask(fixture, 1, "four"), MISROUTED_TO_SHARD);
}

static void nothing_overtakes_what_is_kept(void **state)
{
    struct fixture *fixture = *state;
    const struct five_tuple five_tuple = tuple(1);
    struct misrouted_look_up *look_up = begin(fixture, 1, "one");

    /* Learnt by another way, while one is still waiting. */
    misrouted_learn(fixture->misrouted, fixture->now.mono, &five_tuple, shard_3);
    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_KEPT);
    answer(fixture, look_up, shard_3);
    assert_string_equal(fixture->delivered, "one>s3 two>s3 ");
}

static void a_known_owner_is_checked_beside_the_traffic(void **state)
{
    struct fixture *fixture = *state;

    answer(fixture, begin(fixture, 1, "one"), shard_3);
    pass_msec(fixture, OWNER_BELIEVED_SEC * 1000);
    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_TO_SHARD);
    struct misrouted_look_up *look_up = fixture->result.look_up;

    assert_non_null(look_up);
    assert_int_equal(ask(fixture, 1, "three"), MISROUTED_TO_SHARD);
    assert_null(fixture->result.look_up);
    /* The registry is away: it stays as it was, and is not asked for with every datagram. */
    answer(fixture, look_up, unknown);
    assert_int_equal(ask(fixture, 1, "four"), MISROUTED_TO_SHARD);
    assert_null(fixture->result.look_up);

    pass_msec(fixture, OWNER_BELIEVED_SEC * 1000);
    assert_int_equal(ask(fixture, 1, "five"), MISROUTED_TO_SHARD);
    answer(fixture, fixture->result.look_up, (struct tuple_owner){.by = OWNED_BY_SHARD});
    assert_int_equal(ask(fixture, 1, "six"), MISROUTED_TO_SHARD);
    assert_int_equal(fixture->result.shard, 0);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_CHECKS), 2);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_LOOK_UPS), 1);
    assert_string_equal(fixture->delivered, "one>s3 ");
}

static void what_is_forgotten_waits_for_the_check_under_way(void **state)
{
    struct fixture *fixture = *state;
    const struct five_tuple five_tuple = tuple(1);

    answer(fixture, begin(fixture, 1, "one"), shard_3);
    pass_msec(fixture, OWNER_BELIEVED_SEC * 1000);
    assert_int_equal(ask(fixture, 1, "two"), MISROUTED_TO_SHARD);
    struct misrouted_look_up *look_up = fixture->result.look_up;

    misrouted_forget(fixture->misrouted, &five_tuple);
    assert_int_equal(ask(fixture, 1, "three"), MISROUTED_KEPT);
    assert_null(fixture->result.look_up);
    answer(fixture, look_up, nobody);
    assert_string_equal(fixture->delivered, "one>s3 three>n0 ");
}

static void strangers_have_a_budget(void **state)
{
    struct fixture *fixture = *state;
    const struct five_tuple known = tuple(1);
    unsigned begun = 0;

    misrouted_learn(fixture->misrouted, fixture->now.mono, &known, shard_3);
    /* 20,000 strangers in ten seconds: a full bucket, and what accrues. */
    for (unsigned i = 0; i < 20000; i++) {
        if (i % 2 == 1)
            pass_msec(fixture, 1);
        if (ask(fixture, 1000 + i, "spoofed") == MISROUTED_KEPT) {
            begun++;
            answer(fixture, fixture->result.look_up, nobody);
            fixture->delivered[0] = '\0';
        }
        /* The known flow loses nothing, and its owner is still checked. */
        assert_int_equal(ask(fixture, 1, "known"), MISROUTED_TO_SHARD);
        if (fixture->result.look_up != NULL)
            answer(fixture, fixture->result.look_up, shard_3);
    }
    assert_int_equal(begun, RATE + 10 * RATE);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_LOOK_UPS), begun);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_NO_BUDGET), 20000 - begun);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_CHECKS), 10 / OWNER_BELIEVED_SEC);
}

static void look_ups_under_way_are_limited(void **state)
{
    struct fixture *fixture = *state;

    for (unsigned i = 0; i < 20; i++) {
        pass_msec(fixture, 1000);
        (void)begin(fixture, i, "x");
    }
    pass_msec(fixture, 1000);
    assert_int_equal(ask(fixture, 99, "x"), MISROUTED_DROPPED);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_TOO_MANY), 1);
    assert_int_equal(ask(fixture, 5, "y"), MISROUTED_KEPT);
}

static void one_flow_cannot_fill_the_room(void **state)
{
    struct fixture *fixture = *state;
    struct misrouted_look_up *look_up = begin(fixture, 1, "0");
    char text[401];

    memset(text, 'x', 400);
    text[400] = '\0';
    for (unsigned i = 0; i < 20; i++)
        (void)ask(fixture, 1, text);
    /* A quarter of 4096 has room for the first and two of 416 bytes. */
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_KEPT), 3);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_FLOW_FULL), 18);
    answer(fixture, look_up, shard_3);
    assert_int_equal(strlen(fixture->delivered), 5 + 2 * 404);

    struct misrouted_look_up *look_ups[9];

    for (unsigned i = 0; i < 9; i++)
        look_ups[i] = begin(fixture, 10 + i, text);
    assert_int_equal(ask(fixture, 10, text), MISROUTED_DROPPED);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_ROOM_FULL), 1);
    fixture->delivered[0] = '\0';
    for (unsigned i = 0; i < 9; i++)
        answer(fixture, look_ups[i], nobody);
    assert_int_equal(strlen(fixture->delivered), 9 * 404);
}

static void what_cannot_be_kept_is_not_looked_up(void **state)
{
    struct fixture *fixture = *state;
    char text[ROOM_LEN / 4 + 1];

    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(ask(fixture, 1, text), MISROUTED_DROPPED);
    assert_null(fixture->result.look_up);
    assert_int_equal(counted(fixture, SHARD_COUNT_MISROUTED_LOOK_UPS), 0);
    (void)begin(fixture, 1, "short");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_datagram_waits_for_its_look_up),
        TEST(misses_are_asked_for_again_after_a_second),
        TEST(without_an_answer_nothing_is_remembered),
        TEST(nothing_overtakes_what_is_being_delivered),
        TEST(nothing_overtakes_what_is_kept),
        TEST(a_known_owner_is_checked_beside_the_traffic),
        TEST(what_is_forgotten_waits_for_the_check_under_way),
        TEST(strangers_have_a_budget),
        TEST(look_ups_under_way_are_limited),
        TEST(one_flow_cannot_fill_the_room),
        TEST(what_cannot_be_kept_is_not_looked_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
