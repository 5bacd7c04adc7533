/* test_redirect.c — tests of redirect.h. */
#include "redirect.h"

#include "counter_page.h"
#include "redirect_socket.h"

#include <event2/event.h>
#include <sys/socket.h>

#include "temp_dir.h"

enum { SHARDS = 3, MAX_NUMBERS = 200000 };

/* One shard. */
struct end {
    struct redirect *redirect;
    uint64_t values[COUNTER_PAGE_VALUES];
    int fd;
    /* What it was handed: numbers, as send_number sends them. */
    uint32_t numbers[MAX_NUMBERS];
    unsigned count;
};

struct fixture {
    struct temp_dir *temp;
    struct state_dir dir;
    struct event_base *base;
    struct end ends[SHARDS];
};

static struct five_tuple tuple_of(uint32_t number)
{
    const uint8_t client[4] = {10, 0, 0, 1}, server[4] = {192, 0, 2, 1};

    return (struct five_tuple){.client = transport_addr_v4(client, (uint16_t)(number % 60000 + 1)),
                               .server = transport_addr_v4(server, 3478)};
}

static void take_number(void *context, struct turn_now now, const struct redirected *redirected)
{
    struct end *end = context;
    uint32_t number = wire_load_u32(redirected->datagram.data);
    const struct five_tuple five_tuple = tuple_of(number);

    (void)now;
    assert_true(redirected->datagram.len >= 4);
    assert_true(five_tuple_equal(&redirected->five_tuple, &five_tuple));
    assert_int_equal(redirected->hops, 1);
    assert_true(end->count < MAX_NUMBERS);
    end->numbers[end->count++] = number;
}

static void open_end(struct fixture *fixture, uint32_t shard)
{
    struct end *end = &fixture->ends[shard];
    struct problem problem;

    assert_int_equal(redirect_socket_bind(&fixture->dir, shard, &end->fd, &problem), ERR_OK);
    const struct redirect_config config = {.dir = &fixture->dir,
                                           .base = fixture->base,
                                           .values = end->values,
                                           .shards = SHARDS,
                                           .fd = end->fd,
                                           .on_datagram = take_number,
                                           .context = end};

    assert_int_equal(redirect_new(&config, &end->redirect), ERR_OK);
}

static void close_end(struct end *end)
{
    redirect_free(end->redirect);
    end->redirect = NULL;
    if (end->fd >= 0)
        close(end->fd);
    end->fd = -1;
}

static int setup(void **state)
{
    struct fixture *fixture = calloc(1, sizeof(*fixture));
    struct problem problem;
    void *temp;

    assert_non_null(fixture);
    assert_int_equal(temp_dir_setup(&temp), 0);
    fixture->temp = temp;
    assert_int_equal(state_dir_open(fixture->temp->path, STATE_DIR_SERVE, &fixture->dir, &problem),
                     ERR_OK);
    fixture->base = event_base_new();
    assert_non_null(fixture->base);
    for (uint32_t i = 0; i < SHARDS; i++)
        open_end(fixture, i);
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *fixture = *state;
    void *temp = fixture->temp;

    for (uint32_t i = 0; i < SHARDS; i++)
        close_end(&fixture->ends[i]);
    event_base_free(fixture->base);
    state_dir_close(&fixture->dir);
    free(fixture);
    return temp_dir_teardown(&temp);
}

/* Queues a datagram of |len| >= 4 bytes that says |number|. */
static void send_number(struct end *from, uint32_t to, uint32_t number, size_t len)
{
    static uint8_t datagram[65535];

    wire_store_u32(datagram, number);
    const struct redirected redirected = {.five_tuple = tuple_of(number),
                                          .datagram = {.data = datagram, .len = len}};

    redirect_send(from->redirect, to, &redirected);
}

/* Reads all that waits for |end|. */
static void read_all(struct end *end)
{
    while (redirect_read(end->redirect, (struct turn_now){0}) > 0)
        continue;
}

/* What a shard's loop does when nothing but the sockets of owners is ready. */
static void run_loop(struct fixture *fixture)
{
    assert_true(event_base_loop(fixture->base, EVLOOP_NONBLOCK) >= 0);
}

static void expect_numbers(const struct end *end, uint32_t first, unsigned count)
{
    assert_int_equal(end->count, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(end->numbers[i], first + i);
}

static void a_round_leaves_as_one_message_for_each_owner(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0];

    for (uint32_t i = 0; i < 10; i++) {
        send_number(sender, 1, 100 + i, 4 + i);
        send_number(sender, 2, 200 + i, 1200);
    }
    read_all(&fixture->ends[1]);
    assert_int_equal(fixture->ends[1].count, 0);
    redirect_flush(sender->redirect);
    assert_int_equal(redirect_read(fixture->ends[1].redirect, (struct turn_now){0}), 10);
    assert_int_equal(redirect_read(fixture->ends[1].redirect, (struct turn_now){0}), 0);
    read_all(&fixture->ends[2]);
    expect_numbers(&fixture->ends[1], 100, 10);
    expect_numbers(&fixture->ends[2], 200, 10);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_SENT], 20);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_SENT_MESSAGES], 2);
    assert_int_equal(fixture->ends[1].values[SHARD_COUNT_REDIRECT_RECEIVED], 10);
    assert_int_equal(fixture->ends[1].values[SHARD_COUNT_REDIRECT_RECEIVED_MESSAGES], 1);
    redirect_flush(sender->redirect);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_SENT_MESSAGES], 2);
}

static void any_datagram_fits(void **state)
{
    struct fixture *fixture = *state;

    for (uint32_t i = 0; i < 4; i++)
        send_number(&fixture->ends[0], 1, i, 65535);
    redirect_flush(fixture->ends[0].redirect);
    read_all(&fixture->ends[1]);
    expect_numbers(&fixture->ends[1], 0, 4);
}

/* Small messages, of which the kernel takes as few as large ones: then datagrams wait here, and
 * the owner gets all of them, in order. */
static void an_owner_may_take_its_time(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0], *owner = &fixture->ends[1];
    uint32_t number = 0;

    while (number < 5000) {
        send_number(sender, 1, number++, 64);
        redirect_flush(sender->redirect);
        run_loop(fixture);
    }
    assert_true(sender->values[SHARD_COUNT_REDIRECT_WAITS] > 0);
    assert_true(sender->values[SHARD_COUNT_REDIRECT_SENT] < number);
    while (owner->count < number) {
        assert_true(redirect_read(owner->redirect, (struct turn_now){0}) > 0);
        run_loop(fixture);
    }
    expect_numbers(owner, 0, number);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_SENT], number);
    /* What waited filled few messages. */
    assert_true(sender->values[SHARD_COUNT_REDIRECT_SENT_MESSAGES] < number / 4);

    /* And it goes on as if nothing had been. */
    send_number(sender, 1, number, 64);
    redirect_flush(sender->redirect);
    read_all(owner);
    expect_numbers(owner, 0, number + 1);
}

static void a_stuck_owner_costs_its_own_datagrams_only(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0], *stuck = &fixture->ends[1];
    uint32_t number = 0;

    while (sender->values[SHARD_COUNT_REDIRECT_OWNER_BUSY] < 100) {
        send_number(sender, 1, number++, 1200);
        redirect_flush(sender->redirect);
        run_loop(fixture);
    }
    uint32_t kept = number - 100;

    /* At least what may wait here, beside what waits in the kernel. */
    assert_true(kept > REDIRECT_QUEUE_MAX * (REDIRECT_MESSAGE_MAX / 1300));
    send_number(sender, 2, 7, 1200);
    redirect_flush(sender->redirect);
    read_all(&fixture->ends[2]);
    expect_numbers(&fixture->ends[2], 7, 1);
    while (stuck->count < kept) {
        assert_true(redirect_read(stuck->redirect, (struct turn_now){0}) > 0);
        run_loop(fixture);
    }
    expect_numbers(stuck, 0, kept);
}

static void an_owner_that_is_gone_is_found_again(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0], *owner = &fixture->ends[1];

    send_number(sender, 1, 0, 64);
    redirect_flush(sender->redirect);
    read_all(owner);
    close_end(owner);
    send_number(sender, 1, 99, 64);
    send_number(sender, 1, 99, 64);
    redirect_flush(sender->redirect);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_OWNER_GONE], 2);
    /* It makes its socket anew. */
    open_end(fixture, 1);
    send_number(sender, 1, 1, 64);
    redirect_flush(sender->redirect);
    read_all(owner);
    expect_numbers(owner, 0, 2);
    /* And once more, between two datagrams. */
    close_end(owner);
    open_end(fixture, 1);
    send_number(sender, 1, 2, 64);
    redirect_flush(sender->redirect);
    read_all(owner);
    expect_numbers(owner, 0, 3);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_OWNER_GONE], 2);
}

static void an_owner_that_goes_while_datagrams_wait_is_noticed(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0];
    uint32_t number = 0;

    while (sender->values[SHARD_COUNT_REDIRECT_WAITS] == 0) {
        send_number(sender, 1, number++, 64);
        redirect_flush(sender->redirect);
    }
    close_end(&fixture->ends[1]);
    run_loop(fixture);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_OWNER_GONE], 1);
}

static void a_datagram_hops_once(void **state)
{
    struct fixture *fixture = *state;
    struct end *sender = &fixture->ends[0];
    const struct redirected redirected = {
        .five_tuple = tuple_of(1), .datagram = bytes_of_text("hopped"), .hops = REDIRECT_HOPS_MAX};

    redirect_send(sender->redirect, 1, &redirected);
    redirect_flush(sender->redirect);
    read_all(&fixture->ends[1]);
    assert_int_equal(fixture->ends[1].count, 0);
    assert_int_equal(sender->values[SHARD_COUNT_REDIRECT_HOP_LIMIT], 1);
}

static void a_shard_that_is_not_there_is_counted(void **state)
{
    struct fixture *fixture = *state;

    send_number(&fixture->ends[0], SHARDS, 1, 64);
    send_number(&fixture->ends[0], UINT32_MAX, 1, 64);
    assert_int_equal(fixture->ends[0].values[SHARD_COUNT_REDIRECT_OWNER_GONE], 2);
}

static void garbage_is_dropped_and_counted(void **state)
{
    struct fixture *fixture = *state;
    struct end *owner = &fixture->ends[1];
    static uint8_t large[REDIRECT_MESSAGE_MAX + 1] = {REDIRECT_VERSION};
    int fd = redirect_socket_connect(&fixture->dir, 1);
    unsigned messages = 0;

    assert_true(fd >= 0);
    assert_int_equal(send(fd, "", 0, 0), 0);
    assert_int_equal(send(fd, "garbage", 7, 0), 7);
    assert_int_equal(send(fd, "\1garbage", 8, 0), 8);
    assert_int_equal(send(fd, large, sizeof(large), 0), sizeof(large));
    while (owner->values[SHARD_COUNT_REDIRECT_RECEIVED_MESSAGES] < 4 && messages++ < 4)
        assert_int_equal(redirect_read(owner->redirect, (struct turn_now){0}), 0);
    assert_int_equal(owner->values[SHARD_COUNT_REDIRECT_MALFORMED], 4);
    assert_int_equal(owner->count, 0);
    close(fd);

    send_number(&fixture->ends[0], 1, 1, 64);
    redirect_flush(fixture->ends[0].redirect);
    read_all(owner);
    expect_numbers(owner, 1, 1);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_round_leaves_as_one_message_for_each_owner),
        TEST(any_datagram_fits),
        TEST(an_owner_may_take_its_time),
        TEST(a_stuck_owner_costs_its_own_datagrams_only),
        TEST(an_owner_that_is_gone_is_found_again),
        TEST(an_owner_that_goes_while_datagrams_wait_is_noticed),
        TEST(a_datagram_hops_once),
        TEST(a_shard_that_is_not_there_is_counted),
        TEST(garbage_is_dropped_and_counted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
