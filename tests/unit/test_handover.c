/* test_handover.c — tests of handover.h: each misrouted datagram to whom it belongs, or back. */
#include "handover.h"

#include "counter_page.h"
#include "ownership_model.h"
#include "server_setup.h"
#include "turn_server.h"

#include <stdio.h>

#include "unit.h"

enum { MSEC = 1000, LOG_LEN = 512 };

struct fixture {
    struct ownership_network network;
    struct ownership *ownership;
    struct handover *handover;
    struct turn_now now;
    int64_t delay_usec;
    enum shard_process_state processes[8]; /* of each shard */
    bool is_restored;
    unsigned rounds;
    uint64_t values[COUNTER_PAGE_VALUES];
    char log[LOG_LEN]; /* "text>3.0 " to shard 3 after 0 hops, "text>self " */
};

static struct fixture fixture;

static struct five_tuple tuple(void)
{
    return (struct five_tuple){.client = test_addr("7.7.7.1:4000"),
                               .server = test_addr("203.0.113.9:3478")};
}

static void note(struct bytes datagram, const char *to)
{
    size_t len = strlen(fixture.log);

    (void)snprintf(fixture.log + len, LOG_LEN - len, "%.*s>%s ", (int)datagram.len,
                   (const char *)datagram.data, to);
}

/* In place of redirect.c. */
struct redirect {
    unsigned sent;
};
static struct redirect redirect;

void redirect_send(struct redirect *given, uint32_t shard, const struct redirected *redirected)
{
    const struct five_tuple expected = tuple();
    char to[32];

    assert_ptr_equal(given, &redirect);
    given->sent++;
    assert_true(five_tuple_equal(&redirected->five_tuple, &expected));
    (void)snprintf(to, sizeof(to), "%u.%u", shard, redirected->hops);
    note(redirected->datagram, to);
}

static int64_t delay(void *context)
{
    (void)context;
    return fixture.delay_usec;
}

static struct turn_now begin(void *context)
{
    assert_ptr_equal(context, &fixture);
    fixture.rounds++;
    return fixture.now;
}

static enum shard_process_state process_of(void *context, uint32_t shard)
{
    (void)context;
    assert_in_range(shard, 0, 7);
    return fixture.processes[shard];
}

static bool is_restored(void *context)
{
    (void)context;
    return fixture.is_restored;
}

static void on_settled(void *context, struct turn_now now, const struct five_tuple *five_tuple,
                       struct bytes datagram)
{
    (void)context;
    (void)now;
    (void)five_tuple;
    note(datagram, "self");
}

static int setup(void **state)
{
    struct ownership_model_config ownership = {.network = &fixture.network};
    struct handover_config config = {.redirect = &redirect,
                                     .self = {.host = "host", .shard = 1},
                                     .shards = 4,
                                     .key = {.k0 = 1, .k1 = 2},
                                     .values = fixture.values,
                                     .begin = begin,
                                     .process = process_of,
                                     .is_restored = is_restored,
                                     .on_settled = on_settled,
                                     .context = &fixture};

    (void)state;
    memset(&fixture, 0, sizeof(fixture));
    fixture.now.mono.usec = 1000 * USEC_PER_SEC;
    fixture.is_restored = true;
    fixture.network.delay = delay;
    fixture.network.wall_sec = TEST_WALL_SEC;
    config.ownership = fixture.ownership = ownership_model_open(&ownership);
    ownership_model_set_link(fixture.ownership, true);
    assert_int_equal(handover_new(&config, &fixture.handover), ERR_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ownership_close(fixture.ownership);
    handover_free(fixture.handover);
    ownership_network_deinit(&fixture.network);
    return 0;
}

/* |shard| of |host| owns the five-tuple, with a lease of |lease_sec|. */
static void owned_by(const char *host, uint32_t shard, int64_t lease_sec)
{
    struct shard_lease lease = {.owner = {.shard = shard}, .boot = "boot"};
    struct ownership_answer answer = {.outcome = OWNERSHIP_AWAY};
    struct shard_lease former;
    struct store_write write = {
        .record = {.kind = TURN_RECORD_ALLOCATION,
                   .five_tuple = tuple(),
                   .allocation = {.port = 50000, .families = FAMILY_SET_V4}},
        .usec = 600 * USEC_PER_SEC,
    };
    struct owner holder;
    bool is_known;

    (void)snprintf(lease.owner.host, sizeof(lease.owner.host), "%s", host);
    assert_int_equal(store_take_lease(&fixture.network.store, fixture.now, &lease,
                                      lease_sec * USEC_PER_SEC, &answer, &former),
                     OWNERSHIP_DONE);
    write.writer = (struct ownership_writer){.owner = lease.owner, .epoch = answer.epoch};
    assert_int_equal(store_claim(&fixture.network.store, fixture.now, &write, &holder, &is_known),
                     OWNERSHIP_DONE);
}

static void pass_msec(int64_t msec)
{
    fixture.now.mono.usec += msec * MSEC;
    ownership_network_move(&fixture.network, fixture.now.mono);
    ownership_model_turn(fixture.ownership, fixture.now.mono);
}

static void arrives(const char *text)
{
    const struct five_tuple five_tuple = tuple();

    handover_datagram(fixture.handover, fixture.now, &five_tuple, bytes_of_text(text),
                      TURN_SHARD_UNKNOWN);
}

static void run(void)
{
    handover_run(fixture.handover, fixture.now);
}

static void the_first_ones_wait_for_the_look_up_and_go_in_order(void **state)
{
    (void)state;
    owned_by("host", 3, 60);
    arrives("one");
    arrives("two");
    assert_string_equal(fixture.log, "");
    pass_msec(1);
    /* Known by now, but the core is not to be given anything yet. */
    assert_true(fixture.rounds > 0);
    assert_string_equal(fixture.log, "");
    run();
    assert_string_equal(fixture.log, "one>3.0 two>3.0 ");
    arrives("three");
    assert_string_equal(fixture.log, "one>3.0 two>3.0 three>3.0 ");
    assert_int_equal(fixture.network.carried_out, 1);
}

static void what_is_nobodys_goes_back_to_the_core(void **state)
{
    (void)state;
    arrives("one");
    pass_msec(1);
    run();
    arrives("two");
    assert_string_equal(fixture.log, "one>self two>self ");
}

static void what_nobody_could_tell_is_dropped(void **state)
{
    (void)state;
    fixture.delay_usec = OWNERSHIP_MODEL_LOST;
    arrives("one");
    pass_msec(250);
    run();
    assert_string_equal(fixture.log, "");
    assert_int_equal(fixture.values[SHARD_COUNT_MISROUTED_OWNER_UNKNOWN], 1);
    assert_int_equal(fixture.values[SHARD_COUNT_MISROUTED_UNANSWERED], 1);
}

static void an_owner_whose_lease_is_over_counts_while_its_process_lives(void **state)
{
    (void)state;
    owned_by("host", 3, 1);
    fixture.processes[3] = SHARD_PROCESS_SERVING;
    pass_msec(2000);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>3.0 ");
}

static void and_not_when_it_does_not(void **state)
{
    (void)state;
    owned_by("host", 3, 1);
    pass_msec(2000);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>self ");
}

static void one_shard_more_than_there_are_counts_while_its_process_lives(void **state)
{
    (void)state;
    owned_by("host", 7, 60);
    fixture.processes[7] = SHARD_PROCESS_SERVING;
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>7.0 ");
}

static void what_it_owned_goes_to_who_is_about_to_adopt_it(void **state)
{
    (void)state;
    owned_by("host", 7, 60); /* 7 mod 4 */
    fixture.processes[3] = SHARD_PROCESS_STARTING;
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>3.0 ");
}

static void until_one_that_serves_has_adopted_it_nobody_answers(void **state)
{
    (void)state;
    owned_by("host", 7, 60);
    fixture.processes[3] = SHARD_PROCESS_SERVING;
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "");
    assert_int_equal(fixture.values[SHARD_COUNT_MISROUTED_OWNER_UNKNOWN], 1);
}

static void what_is_recorded_as_our_own_goes_back_to_the_core(void **state)
{
    (void)state;
    owned_by("host", 1, 60);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>self ");
}

static void but_not_before_all_that_was_recorded_is_there(void **state)
{
    (void)state;
    fixture.is_restored = false;
    owned_by("host", 1, 60);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "");
    assert_int_equal(fixture.values[SHARD_COUNT_MISROUTED_OWNER_UNKNOWN], 1);
}

static void what_another_host_owns_is_counted(void **state)
{
    (void)state;
    owned_by("elsewhere", 3, 60);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "");
    assert_int_equal(fixture.values[SHARD_COUNT_MISROUTED_ELSEWHERE], 1);
}

static void a_token_names_the_shard(void **state)
{
    const struct five_tuple five_tuple = tuple();

    (void)state;
    handover_datagram(fixture.handover, fixture.now, &five_tuple, bytes_of_text("other"), 2);
    handover_datagram(fixture.handover, fixture.now, &five_tuple, bytes_of_text("own"), 1);
    handover_datagram(fixture.handover, fixture.now, &five_tuple, bytes_of_text("gone"), 4);
    assert_string_equal(fixture.log, "other>2.0 own>self gone>self ");
    assert_int_equal(ownership_model_pending(fixture.ownership), 0);
}

static void an_allocate_that_is_held_goes_on_with_its_hops(void **state)
{
    const struct five_tuple five_tuple = tuple();
    const struct owner owner = {.host = "host", .shard = 3};

    (void)state;
    handover_allocate(fixture.handover, fixture.now, &five_tuple, &owner, bytes_of_text("one"), 1);
    /* Without room to keep it there is nothing to hand over, but its owner is known. */
    handover_allocate(fixture.handover, fixture.now, &five_tuple, &owner, (struct bytes){0}, 0);
    arrives("two");
    assert_string_equal(fixture.log, "one>3.1 two>3.0 ");
}

static void what_is_claimed_here_is_not_sent_away_any_more(void **state)
{
    const struct five_tuple five_tuple = tuple();
    const struct owner owner = {.host = "host", .shard = 3};

    (void)state;
    handover_allocate(fixture.handover, fixture.now, &five_tuple, &owner, (struct bytes){0}, 0);
    handover_claimed(fixture.handover, &five_tuple);
    arrives("one");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, "one>self ");
}

/* The header of an Allocate is all that counts; in the log it has no text. */
static void allocate_arrives(void)
{
    static const uint8_t allocate[20] = {0x00, 0x03, 0x00, 0x00, 0x21, 0x12, 0xa4, 0x42};
    const struct five_tuple five_tuple = tuple();

    handover_datagram(fixture.handover, fixture.now, &five_tuple,
                      (struct bytes){.data = allocate, .len = sizeof(allocate)},
                      TURN_SHARD_UNKNOWN);
}

/* An Allocate of a shard that is draining, with only |shard| left to take it. */
static void drained_with_only(uint32_t shard)
{
    for (uint32_t i = 0; i < 4; i++)
        fixture.processes[i] = i == shard ? SHARD_PROCESS_SERVING : SHARD_PROCESS_DRAINING;
    pass_msec(TAKERS_LOOK_MSEC);
    handover_set_draining(fixture.handover, true);
}

static void a_draining_shard_hands_on_what_is_nobodys(void **state)
{
    (void)state;
    drained_with_only(2);
    allocate_arrives();
    allocate_arrives(); /* once more, and kept behind it */
    arrives("refresh");
    assert_string_equal(fixture.log, "");
    pass_msec(1);
    run();
    /* What is no Allocate was nobody's when it came. */
    assert_string_equal(fixture.log, ">2.0 >2.0 refresh>self ");
    arrives("bind");
    allocate_arrives();
    assert_string_equal(fixture.log, ">2.0 >2.0 refresh>self bind>2.0 >2.0 ");
    assert_int_equal(fixture.values[SHARD_COUNT_DRAIN_HANDED_ON], 2);
    assert_int_equal(fixture.network.carried_out, 1);
}

static void when_the_registry_does_not_say_it_does_not_wait(void **state)
{
    (void)state;
    drained_with_only(2);
    fixture.delay_usec = OWNERSHIP_MODEL_LOST;
    allocate_arrives();
    pass_msec(250);
    run();
    assert_string_equal(fixture.log, ">2.0 ");
}

/* Shard 2 was handed an Allocate, |msec| ago, and takes new ones no more. */
static void taken_and_drained(int64_t msec)
{
    drained_with_only(2);
    allocate_arrives();
    pass_msec(1);
    run();
    pass_msec(msec);
    drained_with_only(3);
    fixture.log[0] = '\0';
}

static void whether_one_that_takes_no_more_took_it_is_asked(void **state)
{
    (void)state;
    taken_and_drained(0);
    allocate_arrives();
    assert_string_equal(fixture.log, "");
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, ">3.0 ");
}

/* The look-up that checks it anyway after so long is the one that the datagram waits for. */
static void and_asked_once(void **state)
{
    (void)state;
    taken_and_drained(OWNER_BELIEVED_SEC * INT64_C(1000));
    allocate_arrives();
    assert_string_equal(fixture.log, "");
    assert_int_equal(ownership_model_pending(fixture.ownership), 1);
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, ">3.0 ");
    assert_int_equal(ownership_model_pending(fixture.ownership), 0);
}

static void and_when_it_did_it_is_its_owner(void **state)
{
    (void)state;
    taken_and_drained(0);
    owned_by("host", 2, 60);
    allocate_arrives();
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, ">2.0 ");
}

static void an_allocate_that_was_kept_when_draining_ended_is_made_here(void **state)
{
    (void)state;
    drained_with_only(2);
    allocate_arrives();
    handover_set_draining(fixture.handover, false);
    pass_msec(1);
    run();
    assert_string_equal(fixture.log, ">self ");
    assert_int_equal(fixture.values[SHARD_COUNT_DRAIN_REFUSED], 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_first_ones_wait_for_the_look_up_and_go_in_order),
        TEST(what_is_nobodys_goes_back_to_the_core),
        TEST(what_nobody_could_tell_is_dropped),
        TEST(an_owner_whose_lease_is_over_counts_while_its_process_lives),
        TEST(and_not_when_it_does_not),
        TEST(one_shard_more_than_there_are_counts_while_its_process_lives),
        TEST(what_it_owned_goes_to_who_is_about_to_adopt_it),
        TEST(until_one_that_serves_has_adopted_it_nobody_answers),
        TEST(what_is_recorded_as_our_own_goes_back_to_the_core),
        TEST(but_not_before_all_that_was_recorded_is_there),
        TEST(what_another_host_owns_is_counted),
        TEST(a_token_names_the_shard),
        TEST(an_allocate_that_is_held_goes_on_with_its_hops),
        TEST(what_is_claimed_here_is_not_sent_away_any_more),
        TEST(a_draining_shard_hands_on_what_is_nobodys),
        TEST(when_the_registry_does_not_say_it_does_not_wait),
        TEST(whether_one_that_takes_no_more_took_it_is_asked),
        TEST(and_asked_once),
        TEST(and_when_it_did_it_is_its_owner),
        TEST(an_allocate_that_was_kept_when_draining_ended_is_made_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
