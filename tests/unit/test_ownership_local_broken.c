/* test_ownership_local_broken.c — the embedded store deleted, truncated, overwritten, replaced or
 * full under the shard that uses it. */
#include "ownership_client.h"
#include "ownership_local_files.h"
#include "temp_dir.h"

#include <errno.h>
#include <sched.h>
#include <sys/mount.h>

enum { SMALL_MAP = 16 << 20, PAGE = 4096, MANY_CLAIMS = 256 };

static struct ownership_client client;
static const char *path;
static char data_path[TEMP_PATH_MAX], reader_path[TEMP_PATH_MAX], lock_path[TEMP_PATH_MAX];

static int setup(void **state)
{
    assert_int_equal(temp_dir_setup(state), 0);
    path = ((struct temp_dir *)*state)->path;
    (void)temp_dir_path(*state, LOCAL_DATA_FILE, data_path);
    (void)temp_dir_path(*state, LOCAL_READER_FILE, reader_path);
    (void)temp_dir_path(*state, LOCAL_LOCK_FILE, lock_path);
    return 0;
}

static void open_with_lease(size_t map_size)
{
    client_open_local(&client, path, 1, 0, map_size);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
}

static void fill_some(void)
{
    for (unsigned i = 0; i < 500; i++) {
        struct turn_record allocation = client_allocation(&client, i);

        assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    }
}

/* Whatever happened: it is told once, and the shard can go on when it claims again. */
static void assert_comes_back(unsigned times)
{
    struct turn_record allocation = client_allocation(&client, 1);
    enum ownership_outcome outcome = client_renew_lease(&client);

    assert_true(outcome == OWNERSHIP_STALE || outcome == OWNERSHIP_AWAY);
    client_wait_for_change(&client, times, 1 + times);
    assert_true(strlen(client.why) > 0);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    assert_false(client.has_former);
    assert_int_equal(client_claim(&client, &allocation, 0, true), OWNERSHIP_DONE);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client.gone, times);
    assert_int_equal(client.back, 1 + times);
}

static void a_store_that_was_deleted_is_made_again(void **state)
{
    const char *const paths[] = {data_path, reader_path};

    (void)state;
    open_with_lease(0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(remove(paths[i]), 0);
        assert_comes_back(i + 1);
    }
    assert_int_equal(remove(data_path), 0);
    assert_int_equal(remove(reader_path), 0);
    assert_int_equal(remove(lock_path), 0);
    assert_comes_back(3);
    /* The lock alone is no loss. */
    assert_int_equal(remove(lock_path), 0);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    client_close(&client);
}

static void a_truncated_store_is_not_touched(void **state)
{
    static const off_t sizes[] = {0, 1, 100, PAGE, 2 * PAGE, 3 * PAGE, 100 * PAGE};
    unsigned times = 0;

    (void)state;
    open_with_lease(0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        fill_some();
        assert_int_equal(truncate(data_path, sizes[i]), 0);
        assert_comes_back(++times);
    }
    for (size_t i = 0; i < 4; i++) {
        fill_some();
        assert_int_equal(truncate(reader_path, sizes[i]), 0);
        assert_comes_back(++times);
    }
    assert_int_equal(truncate(data_path, 0), 0);
    assert_int_equal(truncate(reader_path, 0), 0);
    client_close(&client);
    open_with_lease(0);
    client_close(&client);
}

static void overwrite(off_t at, size_t len, int byte, uint64_t *seed)
{
    int fd = open(data_path, O_WRONLY | O_CLOEXEC);
    static uint8_t garbage[512 * PAGE];

    assert_true(fd >= 0 && len <= sizeof(garbage));
    memset(garbage, byte, len);
    for (size_t i = 0; seed != NULL && i < len; i++)
        garbage[i] = (uint8_t)random_next(seed);
    assert_int_equal(pwrite(fd, garbage, len, at), len);
    close(fd);
}

static void garbage_in_its_headers_is_noticed_before_it_is_used(void **state)
{
    uint64_t seed = 4711;

    (void)state;
    open_with_lease(0);
    fill_some();
    overwrite(0, 2 * PAGE, 0, NULL);
    assert_comes_back(1);
    fill_some();
    overwrite(0, 2 * PAGE, 0xff, NULL);
    assert_comes_back(2);
    fill_some();
    overwrite(PAGE, PAGE, 0, &seed);
    assert_comes_back(3);
    fill_some();
    overwrite(0, 512 * PAGE, 0, &seed);
    assert_comes_back(4);
    client_close(&client);
    overwrite(0, 512 * PAGE, 0, &seed);
    open_with_lease(0);
    fill_some();
    client_close(&client);
}

static void pages_of_nothing_do_not_end_the_process(void **state)
{
    (void)state;
    open_with_lease(0);
    for (unsigned i = 0; i < 2; i++) {
        fill_some();
        overwrite(2 * PAGE, 500 * PAGE, i == 0 ? 0 : 0xff, NULL);
        assert_comes_back(i + 1);
    }
    /* The same for who comes to it. */
    fill_some();
    client_close(&client);
    overwrite(2 * PAGE, 500 * PAGE, 0, NULL);
    open_with_lease(0);
    client_close(&client);
}

static void what_another_process_has_put_in_its_place_is_used(void **state)
{
    static struct ownership_client other;
    char others[TEMP_PATH_MAX + 8], from[TEMP_PATH_MAX + 32];

    (void)state;
    (void)snprintf(others, sizeof(others), "%s/other", path);
    client_open_local(&other, others, 2, 0, 0);
    assert_int_equal(client_take_lease(&other), OWNERSHIP_DONE);
    client_close(&other);
    open_with_lease(0);
    (void)snprintf(from, sizeof(from), "%s/" LOCAL_DATA_FILE, others);
    assert_int_equal(rename(from, data_path), 0);
    assert_comes_back(1);
    assert_int_equal(client_leases(&client, NULL), OWNERSHIP_DONE);
    assert_int_equal(client.lease_count, 2);
    client_close(&client);
}

static void one_that_cannot_be_made_is_away_until_it_can(void **state)
{
    struct turn_record allocation;

    (void)state;
    open_with_lease(0);
    allocation = client_allocation(&client, 1);
    assert_int_equal(remove(data_path), 0);
    assert_int_equal(mkdir(data_path, 0700), 0);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_non_null(strstr(client.why, data_path));
    assert_false(ownership_is_available(client.ownership));
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_AWAY);
    assert_int_equal(client_list(&client), OWNERSHIP_AWAY);
    assert_int_equal(client.gone, 1);

    /* Nor is it there for who comes to it now. */
    client_close(&client);
    client_open_local(&client, path, 1, 0, 0);
    client_wait_for_change(&client, 1, 0);
    assert_non_null(strstr(client.why, data_path));
    assert_int_equal(client_take_lease(&client), OWNERSHIP_AWAY);
    assert_int_equal(rmdir(data_path), 0);
    client_wait_for_change(&client, 1, 1);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    client_close(&client);

    open_with_lease(0);
    assert_int_equal(remove(data_path), 0);
    assert_int_equal(mkdir(data_path, 0700), 0);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_int_equal(rmdir(data_path), 0);
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_take_lease(&client), OWNERSHIP_DONE);
    client_close(&client);
}

/* Writes to |name| until there is no room, on the file system of the store. */
static void use_up_room(char name[static TEMP_PATH_MAX])
{
    static const uint8_t page[PAGE];
    int fd = open(name, O_WRONLY | O_CREAT, 0600);

    assert_true(fd >= 0);
    while (write(fd, page, sizeof(page)) > 0)
        continue;
    assert_int_equal(errno, ENOSPC);
    close(fd);
}

static void note_outcome(void *context, const struct ownership_answer *answer)
{
    (void)context;
    client_note(&client, answer);
}

/* Claims the allocations from |first| on at one time. Returns the next number. */
static unsigned claim_many(unsigned first)
{
    unsigned answers = client.answers;

    for (unsigned i = 0; i < MANY_CLAIMS; i++) {
        struct turn_record allocation = client_allocation(&client, first + i);

        assert_int_equal(ownership_claim(client.ownership, client.now, &client.writer, &allocation,
                                         0, false, note_outcome, NULL),
                         ERR_OK);
    }
    ownership_flush(client.ownership);
    client_wait(&client, answers + MANY_CLAIMS);
    return first + MANY_CLAIMS;
}

static void a_full_file_system_takes_nothing_new_and_loses_nothing(void **state)
{
    struct turn_record allocation, more;
    char other_path[TEMP_PATH_MAX];
    unsigned count = 1;

    if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 ||
        mount("none", path, "tmpfs", 0, "size=16m,mode=0700") != 0)
        skip(); /* only root can */
    (void)temp_dir_path(*state, "other", other_path);
    open_with_lease(0);
    allocation = client_allocation(&client, 0);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    use_up_room(other_path);
    /* It goes on with the room that it has taken before. */
    for (count = claim_many(count); client.answer.outcome == OWNERSHIP_DONE;)
        count = claim_many(count);
    assert_int_equal(client.answer.outcome, OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    for (unsigned i = 0; i < count - MANY_CLAIMS; i++) {
        more = client_allocation(&client, i);
        assert_int_equal(client_find(&client, &more), OWNERSHIP_DONE);
    }
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(remove(other_path), 0);
    client_wait_for_change(&client, 1, 2);
    more = client_allocation(&client, count);
    assert_int_equal(client_claim(&client, &more, 0, false), OWNERSHIP_DONE);
    client_close(&client);
    assert_int_equal(umount2(path, MNT_DETACH), 0);
}

static void a_full_one_takes_nothing_new_until_there_is_room(void **state)
{
    struct turn_record allocation, channel;
    unsigned count = 0;

    (void)state;
    open_with_lease(SMALL_MAP);
    do {
        allocation = client_allocation(&client, count++);
        allocation.allocation.username_len = STUN_USERNAME_MAX;
        memset(allocation.allocation.username, 0xff, STUN_USERNAME_MAX);
    } while (client_claim(&client, &allocation, 0, false) == OWNERSHIP_DONE);
    assert_int_equal(client.answer.outcome, OWNERSHIP_AWAY);
    client_wait_for_change(&client, 1, 1);
    assert_non_null(strstr(client.why, "full"));
    assert_true(count > 500);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_AWAY);
    channel = client_channel(&client, 1, 0x4000);
    assert_int_equal(client_record(&client, &channel), OWNERSHIP_AWAY);

    /* What is there stays in use. */
    allocation = client_allocation(&client, 1);
    assert_int_equal(client_find(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_record(&client, &allocation), OWNERSHIP_DONE);
    assert_int_equal(client_renew_lease(&client), OWNERSHIP_DONE);
    assert_int_equal(client.gone, 1);
    assert_int_equal(client.back, 1);
    for (unsigned i = 0; i < count; i++) {
        allocation = client_allocation(&client, i);
        assert_int_equal(client_forget(&client, &allocation), OWNERSHIP_DONE);
    }
    client_wait_for_change(&client, 1, 2);
    assert_int_equal(client_claim(&client, &allocation, 0, false), OWNERSHIP_DONE);
    client_close(&client);
}

static void count_record(void *context, const struct owner *owner, const struct turn_record *record)
{
    (void)owner;
    (void)record;
    ++*(unsigned *)context;
}

static unsigned given;

static void note_answer(void *context, const struct ownership_answer *answer)
{
    (void)context;
    client_note(&client, answer);
}

static void a_list_does_not_go_on_in_another_store(void **state)
{
    unsigned answers;

    (void)state;
    open_with_lease(0);
    fill_some();
    answers = client.answers;
    given = 0;
    assert_int_equal(ownership_list(client.ownership, client.now, &client.writer.owner,
                                    count_record, note_answer, &given),
                     ERR_OK);
    ownership_flush(client.ownership);
    assert_true(given > 0 && given < 500);
    assert_int_equal(client.answers, answers);
    assert_int_equal(remove(data_path), 0);
    client_wait(&client, answers + 1);
    assert_int_equal(client.answer.outcome, OWNERSHIP_AWAY);
    assert_comes_back(1);
    client_close(&client);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_store_that_was_deleted_is_made_again),
        TEST(a_truncated_store_is_not_touched),
        TEST(garbage_in_its_headers_is_noticed_before_it_is_used),
        TEST(pages_of_nothing_do_not_end_the_process),
        TEST(what_another_process_has_put_in_its_place_is_used),
        TEST(one_that_cannot_be_made_is_away_until_it_can),
        TEST(a_full_file_system_takes_nothing_new_and_loses_nothing),
        TEST(a_full_one_takes_nothing_new_until_there_is_room),
        TEST(a_list_does_not_go_on_in_another_store),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
