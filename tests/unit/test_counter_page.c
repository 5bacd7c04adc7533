/* test_counter_page.c — tests of counter_page.h. */
#include "counter_page.h"

#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "temp_dir.h"

static const struct turn_now noon = {.mono = {.usec = 77}, .wall = {.sec = 1790000000}};

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static struct counter_writer create(const struct state_dir *dir, uint32_t shard)
{
    struct counter_writer writer = {.fd = -1};
    struct problem problem;
    int64_t holder = 0;

    assert_int_equal(counter_page_create(dir, shard, 4, noon, &writer, &holder, &problem), ERR_OK);
    return writer;
}

static enum err read_page(const struct state_dir *dir, uint32_t shard, struct counter_snapshot *ret)
{
    struct problem problem = {.text = ""};
    enum err err = counter_page_read(dir, shard, ret, &problem);

    assert_true((err == ERR_OK) == (problem.text[0] == '\0'));
    return err;
}

/* A lock of somebody else's on it would look like a live shard. */
static void nobody_else_can_open_it(void **state)
{
    struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp);
    mode_t umask_before = umask(0);
    struct counter_writer writer = create(&dir, 3);
    struct stat status;

    assert_int_equal(fstat(writer.fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Of an earlier version. */
    assert_int_equal(fchmod(writer.fd, 0644), 0);
    counter_page_close(&writer);
    writer = create(&dir, 3);
    assert_int_equal(fstat(writer.fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    counter_page_close(&writer);
    (void)umask(umask_before);
    state_dir_close(&dir);
}

static void every_value_has_a_name_of_its_own(void **state)
{
    (void)state;
    assert_true((size_t)COUNTER_PAGE_VALUES > (size_t)TURN_COUNTER_COUNT);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        const struct counter_info *info = counter_info_of(i);
        assert_true(strlen(info->name) > 0);
        assert_int_equal(strspn(info->name, "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(info->name));
        assert_true(strlen(info->help) > 0 && strchr(info->help, '\n') == NULL);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(info->name, counter_info_of(j)->name);
    }
}

static void indices_and_names_agree(void **state)
{
    static const struct {
        size_t index;
        const char *name;
        enum counter_kind kind;
    } expected[] = {
        {TURN_COUNT_ALLOCATIONS, "allocations", COUNTER_GAUGE},
        {TURN_COUNT_PORTS_FREE, "ports_free", COUNTER_GAUGE},
        {TURN_COUNT_RELAYED_TO_PEER, "relayed_to_peer_packets", COUNTER_EVENT},
        {TURN_COUNT_DROP_EMPTY, "dropped_empty", COUNTER_DROP},
        {TURN_COUNTER_COUNT - 1, "dropped_too_large", COUNTER_DROP},
        {TURN_COUNTER_COUNT, "capacity", COUNTER_GAUGE},
        {SHARD_COUNT_RELAY_SOCKETS, "relay_sockets", COUNTER_GAUGE},
        {SHARD_COUNT_WAKEUPS, "wakeups", COUNTER_EVENT},
        {SHARD_COUNT_SEND_WOULD_BLOCK, "send_would_block", COUNTER_DROP},
        {SHARD_COUNT_DATA_BUDGET_EXHAUSTED, "data_budget_exhausted", COUNTER_EVENT},
        {SHARD_COUNT_LISTENER_RECEIVE_BATCH_1, "listener_receive_batch_1", COUNTER_BUCKET},
        {COUNTER_PAGE_VALUES - 1, "relay_send_batch_64", COUNTER_BUCKET},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
        const struct counter_info *info = counter_info_of(expected[i].index);
        assert_string_equal(info->name, expected[i].name);
        assert_int_equal(info->kind, expected[i].kind);
    }
}

static void histograms_are_rows_of_buckets(void **state)
{
    (void)state;
    static const struct {
        unsigned value;
        unsigned bucket;
    } sorted[] = {{1, 0}, {2, 1}, {3, 2}, {4, 2}, {5, 3}, {16, 4}, {17, 5}, {64, 6}, {65, 6}};
    for (size_t i = 0; i < COUNTER_HISTOGRAM_COUNT; i++) {
        const struct counter_histogram *histogram = counter_histogram_of(i);

        assert_int_equal(counter_info_of(histogram->sum)->kind, COUNTER_EVENT);
        for (size_t k = 0; k < COUNTER_BUCKET_COUNT; k++) {
            char name[64];

            (void)snprintf(name, sizeof(name), "%s_%u", histogram->name, 1U << k);
            assert_string_equal(counter_info_of(histogram->first + k)->name, name);
        }
    }
    for (size_t i = 0; i < sizeof(sorted) / sizeof(sorted[0]); i++)
        assert_int_equal(counter_bucket_of(sorted[i].value), sorted[i].bucket);
}

static void states_have_names(void **state)
{
    (void)state;
    assert_string_equal(shard_state_name(SHARD_STATE_STARTING), "starting");
    assert_string_equal(shard_state_name(SHARD_STATE_SERVING), "serving");
    assert_string_equal(shard_state_name(SHARD_STATE_DRAINING), "draining");
    assert_string_equal(shard_state_name(SHARD_STATE_STOPPED), "stopped");
    assert_string_equal(shard_state_name(99), "unknown");
}

static void a_reader_sees_what_the_shard_writes(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct counter_writer writer = create(&dir, 3);
    struct counter_snapshot snapshot;

    assert_int_equal(read_page(&dir, 3, &snapshot), ERR_OK);
    assert_true(snapshot.is_live);
    assert_int_equal(snapshot.page.starts, 1);
    assert_int_equal(snapshot.page.state, SHARD_STATE_STARTING);
    assert_int_equal(snapshot.page.shard, 3);
    assert_int_equal(snapshot.page.shards, 4);
    assert_int_equal(snapshot.page.pid, getpid());
    assert_int_equal(snapshot.page.started_mono_usec, 77);
    assert_int_equal(snapshot.page.seen_mono_usec, 77);
    assert_int_equal(snapshot.page.started_wall_sec, 1790000000);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        writer.page->values[i] = i + 1;
    writer.page->state = SHARD_STATE_SERVING;
    assert_int_equal(read_page(&dir, 3, &snapshot), ERR_OK);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        assert_int_equal(snapshot.page.values[i], i + 1);
    assert_int_equal(snapshot.page.state, SHARD_STATE_SERVING);
    counter_page_close(&writer);
    assert_null(writer.page);
    counter_page_close(&writer);
    state_dir_close(&dir);
}

static void the_last_values_stay_until_the_next_start(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct counter_writer writer = create(&dir, 0);
    struct counter_snapshot snapshot;

    writer.page->values[SHARD_COUNT_WAKEUPS] = 5;
    writer.page->state = SHARD_STATE_STOPPED;
    counter_page_close(&writer);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_OK);
    assert_false(snapshot.is_live);
    assert_int_equal(snapshot.page.values[SHARD_COUNT_WAKEUPS], 5);
    assert_int_equal(snapshot.page.state, SHARD_STATE_STOPPED);
    writer = create(&dir, 0);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_OK);
    assert_true(snapshot.is_live);
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++)
        assert_int_equal(snapshot.page.values[i], 0);
    assert_int_equal(snapshot.page.state, SHARD_STATE_STARTING);
    assert_int_equal(snapshot.page.starts, 2);
    counter_page_close(&writer);
    state_dir_close(&dir);
}

static void a_live_shard_whose_figures_are_old_hangs(void **state)
{
    struct counter_snapshot snapshot = {.page.seen_mono_usec = 10 * USEC_PER_SEC, .is_live = true};
    const struct mono_time before = {.usec = 9 * USEC_PER_SEC};
    const struct mono_time old = {.usec = (10 + COUNTER_PAGE_HANGS_SEC) * USEC_PER_SEC};
    const struct mono_time fresh = {.usec = old.usec - 1};

    (void)state;
    assert_int_equal(counter_page_age(&snapshot.page, before), 0);
    assert_int_equal(counter_page_age(&snapshot.page, old), COUNTER_PAGE_HANGS_SEC * USEC_PER_SEC);
    assert_false(counter_snapshot_hangs(&snapshot, before));
    assert_false(counter_snapshot_hangs(&snapshot, fresh));
    assert_true(counter_snapshot_hangs(&snapshot, old));
    snapshot.is_live = false; /* it does not hang, it is gone */
    assert_false(counter_snapshot_hangs(&snapshot, old));
}

static void a_shard_is_in_one_state(void **state)
{
    const struct mono_time now = {.usec = 100 * USEC_PER_SEC};
    struct counter_snapshot shard = {.is_live = true, .page.seen_mono_usec = now.usec};

    (void)state;
    shard.page.state = SHARD_STATE_SERVING;
    assert_string_equal(counter_snapshot_state(ERR_OK, &shard, now), "serving");
    shard.page.state = SHARD_STATE_DRAINING;
    shard.page.seen_mono_usec = now.usec - COUNTER_PAGE_HANGS_SEC * USEC_PER_SEC + 1;
    assert_string_equal(counter_snapshot_state(ERR_OK, &shard, now), "draining");
    shard.page.seen_mono_usec--;
    assert_string_equal(counter_snapshot_state(ERR_OK, &shard, now), "hangs");
    shard.is_live = false;
    assert_string_equal(counter_snapshot_state(ERR_OK, &shard, now), "gone");
    shard.page.state = SHARD_STATE_STOPPED;
    assert_string_equal(counter_snapshot_state(ERR_OK, &shard, now), "stopped");
    assert_string_equal(counter_snapshot_state(ERR_NOT_FOUND, &shard, now), "missing");
    assert_string_equal(counter_snapshot_state(ERR_UNAVAILABLE, &shard, now), "starting");
    assert_string_equal(counter_snapshot_state(ERR_MALFORMED, &shard, now), "unreadable");
}

static void a_drop_has_a_reason(void **state)
{
    (void)state;
    assert_string_equal(counter_drop_reason(counter_info_of(TURN_COUNT_DROP_EMPTY)), "empty");
    assert_string_equal(counter_drop_reason(counter_info_of(SHARD_COUNT_KERNEL_DROPS)),
                        "kernel_drops");
}

static void sums_are_of_what_they_say(void **state)
{
    uint64_t values[COUNTER_PAGE_VALUES] = {0};

    (void)state;
    for (size_t i = 0; i < COUNTER_PAGE_VALUES; i++) {
        if (counter_info_of(i)->kind != COUNTER_DROP)
            values[i] = 1000;
    }
    assert_int_equal(counter_sum_dropped(values), 0);
    values[TURN_COUNT_DROP_EMPTY] = 1;
    values[SHARD_COUNT_REDIRECT_MALFORMED] = 2;
    assert_int_equal(counter_sum_dropped(values), 3);
    values[SHARD_COUNT_MISROUTED_KEPT] = 1;
    assert_int_equal(counter_sum_misrouted(values), 3001);
}

static void shards_have_pages_of_their_own(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct counter_writer first = create(&dir, 0), second = create(&dir, 1);
    struct counter_snapshot snapshot;

    first.page->values[0] = 7;
    assert_int_equal(read_page(&dir, 1, &snapshot), ERR_OK);
    assert_int_equal(snapshot.page.values[0], 0);
    counter_page_close(&first);
    counter_page_close(&second);
    state_dir_close(&dir);
}

/* A process that holds the page of shard 2 until it is killed; |ready| is closed when it does. */
static pid_t start_holder(const struct state_dir *dir)
{
    int ready[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ready), 0);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct counter_writer writer;
        struct problem problem;
        int64_t holder;
        close(ready[0]);
        if (counter_page_create(dir, 2, 4, noon, &writer, &holder, &problem) != ERR_OK)
            _exit(1);
        writer.page->values[SHARD_COUNT_WAKEUPS] = 9;
        close(ready[1]);
        for (;;)
            pause();
    }
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 0);
    close(ready[0]);
    return child;
}

static void a_second_live_process_is_refused(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct counter_writer writer = {.fd = -1};
    struct counter_snapshot snapshot;
    struct problem problem;
    char expected[64];
    int64_t holder = 0;
    pid_t child = start_holder(&dir);

    assert_int_equal(counter_page_create(&dir, 2, 4, noon, &writer, &holder, &problem), ERR_EXISTS);
    assert_int_equal(holder, child);
    assert_null(writer.page);
    snprintf(expected, sizeof(expected), "shard 2 is running already, as process %ld", (long)child);
    assert_string_equal(problem.text, expected);
    assert_int_equal(read_page(&dir, 2, &snapshot), ERR_OK);
    assert_true(snapshot.is_live);
    assert_int_equal(snapshot.page.values[SHARD_COUNT_WAKEUPS], 9);

    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, NULL, 0), child);
    assert_int_equal(read_page(&dir, 2, &snapshot), ERR_OK);
    assert_false(snapshot.is_live);
    assert_int_equal(snapshot.page.values[SHARD_COUNT_WAKEUPS], 9);
    writer = create(&dir, 2);
    assert_int_equal(writer.page->pid, getpid());
    counter_page_close(&writer);
    state_dir_close(&dir);
}

static void what_is_no_page_is_told(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct counter_writer writer;
    struct counter_snapshot snapshot;
    char path[TEMP_PATH_MAX];
    char page[COUNTER_PAGE_LEN] = "not a counter page";

    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_NOT_FOUND);
    temp_dir_write(*state, "shard-0.counters", "", 0, 0600, path);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_UNAVAILABLE);
    temp_dir_write(*state, "shard-0.counters", page, 17, 0600, path);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_MALFORMED);
    temp_dir_write(*state, "shard-0.counters", page, sizeof(page), 0600, path);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_MALFORMED);
    memset(page, 0, sizeof(page));
    temp_dir_write(*state, "shard-0.counters", page, sizeof(page), 0600, path);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_UNAVAILABLE);
    writer = create(&dir, 0);
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_OK);
    writer.page->layout++;
    snapshot.is_live = false;
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_MALFORMED);
    assert_true(snapshot.is_live); /* one of another version runs */
    writer.page->layout--;
    writer.page->version++;
    assert_int_equal(read_page(&dir, 0, &snapshot), ERR_MALFORMED);
    counter_page_close(&writer);
    state_dir_close(&dir);
}

int main(void)
{
#define TEST_IN_DIR(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_has_a_name_of_its_own),
        cmocka_unit_test(indices_and_names_agree),
        cmocka_unit_test(histograms_are_rows_of_buckets),
        cmocka_unit_test(states_have_names),
        TEST_IN_DIR(a_reader_sees_what_the_shard_writes),
        TEST_IN_DIR(the_last_values_stay_until_the_next_start),
        TEST_IN_DIR(nobody_else_can_open_it),
        cmocka_unit_test(a_live_shard_whose_figures_are_old_hangs),
        cmocka_unit_test(a_shard_is_in_one_state),
        cmocka_unit_test(a_drop_has_a_reason),
        cmocka_unit_test(sums_are_of_what_they_say),
        TEST_IN_DIR(shards_have_pages_of_their_own),
        TEST_IN_DIR(a_second_live_process_is_refused),
        TEST_IN_DIR(what_is_no_page_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
