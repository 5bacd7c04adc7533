/* test_ownership_local_processes.c — the embedded store between processes that are killed or
 * stopped. */
#include "ownership_client.h"
#include "ownership_local_store.h"
#include "temp_dir.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>

enum { SHORT_MSEC = 100, CHURN_MAP = 64 << 20 };

static struct ownership_client client;
static const char *path;

static int setup(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    path = ((struct temp_dir *)*state)->path;
    return 0;
}

static void open_with_lease(uint32_t shard, uint32_t timeout_msec, size_t map_size)
{
    client_open_local(&client, path, shard, timeout_msec, map_size);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
}

/* Another process, with a pipe from it. It ends with its function, or by a signal. */
struct child {
    pid_t pid;
    int pipe;
};

static struct child start(void (*run)(int pipe, unsigned argument), unsigned argument)
{
    struct child child;
    int fds[2];

    assert_int_equal(pipe(fds), 0);
    child.pid = fork();
    assert_true(child.pid >= 0);
    if (child.pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* also where the test fails */
        close(fds[0]);
        run(fds[1], argument);
        _exit(0);
    }
    close(fds[1]);
    child.pipe = fds[0];
    return child;
}

static unsigned hear(const struct child *child)
{
    unsigned number;

    assert_int_equal(read(child->pipe, &number, sizeof(number)), sizeof(number));
    return number;
}

static void say(int pipe, unsigned number)
{
    if (write(pipe, &number, sizeof(number)) != sizeof(number))
        _exit(1);
}

static void end(struct child *child, int number)
{
    int status;

    if (number != 0)
        assert_int_equal(kill(child->pid, number), 0);
    assert_int_equal(waitpid(child->pid, &status, 0), child->pid);
    assert_true(number == 0 ? WIFEXITED(status) && WEXITSTATUS(status) == 0 : WIFSIGNALED(status));
    close(child->pipe);
}

/* What a child does is not of cmocka: a failure is its exit code. */
static void require(bool is_true)
{
    if (!is_true)
        _exit(1);
}

/* Claims allocations and binds channels, a burst after another, and says how many are answered. */
static void write_without_end(int pipe, unsigned seed)
{
    uint64_t state = seed;

    client_open_local(&client, path, 1, 0, 0);
    require(client_take_lease(&client) == OWNERSHIP_DONE);
    for (unsigned count = 0; count < 10000;) {
        unsigned burst = 1 + (unsigned)random_below(&state, 20), answers = client.answers;

        for (unsigned i = 0; i < burst; i++, count++) {
            struct turn_record allocation = client_allocation(&client, count);
            struct turn_record channel = client_channel(&client, count, 0x4000);

            require(ownership_claim(client.ownership, client.now, &client.writer, &allocation, 0,
                                    false, client_note, &client) == ERR_OK &&
                    ownership_record(client.ownership, client.now, &client.writer, &channel,
                                     client_note, &client) == ERR_OK);
        }
        client_wait(&client, answers + 2 * burst);
        require(client.answer.outcome == OWNERSHIP_DONE);
        say(pipe, count);
    }
}

static void what_was_answered_outlives_a_killed_writer(void **state)
{
    enum { ROUNDS = 20, BURST_MAX = 20 };
    uint64_t seed = (uint64_t)time(NULL);
    struct owner owner = {.host = "host", .shard = 1};

    (void)state;
    print_message("seed %llu\n", (unsigned long long)seed);
    open_with_lease(2, 0, 0);
    client.writer.owner = owner; /* whose records are listed */
    for (unsigned round = 0; round < ROUNDS; round++) {
        struct child child = start(write_without_end, (unsigned)random_next(&seed));
        unsigned until = 1 + (unsigned)random_below(&seed, 400), answered = 0;
        struct timespec moment = {.tv_nsec = (long)random_below(&seed, 300000)};

        while (answered < until)
            answered = hear(&child);
        (void)nanosleep(&moment, NULL); /* to be anywhere in the next transaction */
        end(&child, SIGKILL);
        for (unsigned i = 0; i < answered; i++) {
            struct turn_record allocation = client_allocation(&client, i);

            assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
            assert_true(owner_equal(&client.answer.owner, &owner));
        }
        /* Of each allocation that is there all is, in as far as it was in one transaction. */
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.unreadable, 0);
        assert_int_equal(client.record_count % 2, 0);
        assert_true(client.record_count >= 2 * answered);
        assert_int_equal(client.gone, 0);
    }
    client_close(&client);
}

/* Stops in the middle of a transaction, and goes on when it is told to. */
static void stop_within(int pipe, bool is_write)
{
    struct local_store *store;
    struct local_table table;
    struct state_dir dir;
    struct problem problem;

    require(state_dir_open(path, STATE_DIR_SERVE, &dir, &problem) == ERR_OK);
    require(local_store_open(&dir, CHURN_MAP, &store, &problem) == ERR_OK);
    require(local_store_begin(store, is_write, &table, &problem) == LOCAL_OK);
    say(pipe, 1);
    (void)raise(SIGSTOP);
    require(local_store_end(store, &table, true, &problem) == LOCAL_OK);
    local_store_close(store);
    state_dir_close(&dir);
}

static void stop_while_writing(int pipe, unsigned argument)
{
    (void)argument;
    stop_within(pipe, true);
}

static void stop_while_reading(int pipe, unsigned argument)
{
    (void)argument;
    stop_within(pipe, false);
}

static struct child start_stopped(void (*run)(int pipe, unsigned argument))
{
    struct child child = start(run, 0);
    int status;

    (void)hear(&child);
    assert_int_equal(waitpid(child.pid, &status, WUNTRACED), child.pid);
    assert_true(WIFSTOPPED(status));
    return child;
}

static void a_stopped_writer_stops_nobody(void **state)
{
    (void)state;
    for (unsigned is_killed = 0; is_killed < 2; is_killed++) {
        open_with_lease(1, SHORT_MSEC, 0);
        struct turn_record allocation = client_allocation(&client, 1);
        struct turn_record second = client_allocation(&client, 2);
        struct child child;

        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
        child = start_stopped(stop_while_writing);
        assert_int_equal(client_claim(&client, &second, 0, false), OWNERSHIP_AWAY);
        /* Readers need no lock. */
        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
        client_wait_for_change(&client, 1, 1);
        assert_non_null(strstr(client.why, "lock"));
        assert_int_equal(client_claim(&client, &second, 0, false), OWNERSHIP_AWAY);
        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(client_list(&client), OWNERSHIP_DONE);
        assert_int_equal(client.record_count, 1);

        if (!is_killed)
            assert_int_equal(kill(child.pid, SIGCONT), 0);
        end(&child, is_killed ? SIGKILL : 0);
        client_wait_for_change(&client, 1, 2);
        assert_int_equal(client_find(&client, &second), OWNERSHIP_NONE);
        client_close(&client);
    }
}

static void a_killed_reader_keeps_nothing(void **state)
{
    struct turn_record allocation;
    struct child child;

    (void)state;
    open_with_lease(1, 0, CHURN_MAP);
    for (unsigned i = 0; i < 1000; i++) {
        allocation = client_allocation(&client, i);
        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    }
    child = start_stopped(stop_while_reading);
    end(&child, SIGKILL);
    for (unsigned i = 0; i < 20000; i++) {
        allocation = client_allocation(&client, i % 1000);
        allocation.allocation.expires.usec += i;
        assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    }
    assert_int_equal(client.gone, 0);
    client_close(&client);
}

static void a_store_that_writers_die_of_is_made_anew(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(1, 0, 0);
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    for (unsigned deaths = 2; deaths <= 3; deaths++) {
        assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
        for (unsigned i = 0; i < deaths; i++) {
            struct child child = start_stopped(stop_while_writing);

            end(&child, SIGKILL);
        }
    }
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_STALE);
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_NONE);
    client_close(&client);
}

/* Claims the same five-tuples as others do, and says how many it got. */
static void contend(int pipe, unsigned shard)
{
    unsigned got = 0;

    client_open_local(&client, path, shard, 0, 0);
    require(client_take_lease(&client) == OWNERSHIP_DONE);
    for (unsigned i = 0; i < 300; i++) {
        struct turn_record allocation = client_allocation(&client, i);
        enum ownership_outcome outcome = client_claim(&client, &allocation, 0, false);

        require(outcome == OWNERSHIP_DONE || outcome == OWNERSHIP_HELD);
        got += outcome == OWNERSHIP_DONE;
    }
    require(client.gone == 0);
    client_close(&client);
    say(pipe, got);
}

static void of_many_that_claim_at_once_one_gets_it(void **state)
{
    enum { CHILDREN = 4 };
    struct child children[CHILDREN];
    unsigned got = 0;

    (void)state;
    /* They make the store at once, too. */
    for (unsigned i = 0; i < CHILDREN; i++)
        children[i] = start(contend, i + 1);
    for (unsigned i = 0; i < CHILDREN; i++) {
        got += hear(&children[i]);
        end(&children[i], 0);
    }
    assert_int_equal(got, 300);
    open_with_lease(9, 0, 0);
    assert_int_equal(client_leases(&client, "host"), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, CHILDREN + 1);
    client_close(&client);
}

/* Renews and claims until the pipe's other end says that all have noticed; a store that goes is
 * made by one of them, and each claims again. */
static void hold_on(int pipe, unsigned shard)
{
    struct turn_record allocation;
    unsigned back = 0;

    client_open_local(&client, path, shard, 0, 0);
    for (unsigned i = 0; i < 2; i++) {
        require(client_take_lease(&client) == OWNERSHIP_DONE);
        allocation = client_allocation(&client, shard);
        require(client_claim(&client, &allocation, 0, true) == OWNERSHIP_DONE);
        back = client.back;
        say(pipe, i);
        while (i == 0 && client.back == back)
            (void)client_renew_lease(&client);
    }
    require(client.gone == 1 && client.back == 2);
    client_close(&client);
}

static void a_store_that_is_gone_is_made_by_one_for_all(void **state)
{
    enum { CHILDREN = 4 };
    struct child children[CHILDREN];
    char file[TEMP_PATH_MAX];

    for (unsigned i = 0; i < CHILDREN; i++)
        children[i] = start(hold_on, i + 1);
    for (unsigned i = 0; i < CHILDREN; i++)
        assert_int_equal(hear(&children[i]), 0);
    assert_int_equal(remove(temp_dir_path(*state, "ownership.mdb", file)), 0);
    for (unsigned i = 0; i < CHILDREN; i++) {
        assert_int_equal(hear(&children[i]), 1);
        end(&children[i], 0);
    }
    open_with_lease(9, 0, 0);
    for (unsigned i = 1; i <= CHILDREN; i++) {
        struct turn_record allocation = client_allocation(&client, i);

        assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
        assert_int_equal(client.answer.owner.shard, i);
    }
    client_close(&client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(what_was_answered_outlives_a_killed_writer),
        TEST(a_stopped_writer_stops_nobody),
        TEST(a_killed_reader_keeps_nothing),
        TEST(a_store_that_writers_die_of_is_made_anew),
        TEST(of_many_that_claim_at_once_one_gets_it),
        TEST(a_store_that_is_gone_is_made_by_one_for_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
