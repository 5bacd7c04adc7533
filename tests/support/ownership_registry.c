/* ownership_registry.c — a registry of each backend in turn, for the tests that all of them pass.
 */
#include "ownership_registry.h"

#include "ownership_local_files.h"
#include "redis_server.h"
#include "temp_dir.h"

#include <signal.h>
#include <sys/file.h>

/* To add a backend is to add a line to |kinds|. */
struct kind {
    const char *name;
    void (*start)(void);
    void (*stop)(void);
    void (*open)(struct ownership_client *client, uint32_t shard, uint32_t timeout_msec);
    void (*hang)(void);
    void (*go_on)(void);
    void (*lose)(void);
};

enum { URL_MAX = 320, TESTS_MAX = 100, NAME_MAX_LEN = 160 };

static const struct kind *kind; /* of the running test */
static struct temp_dir *dir;
static struct redis_server server;
static int lock_fd = -1;

/* Redis. */

static void redis_start(void)
{
    redis_server_init(&server, dir->path, "redis");
    redis_server_start(&server, NULL);
}

static void redis_stop(void)
{
    redis_server_kill(&server);
}

static void redis_open(struct ownership_client *client, uint32_t shard, uint32_t timeout_msec)
{
    char url[URL_MAX];

    (void)snprintf(url, sizeof(url), "redis+unix://%s", server.socket);
    client_open(client, url, shard, timeout_msec);
}

static void redis_hang(void)
{
    redis_server_signal(&server, SIGSTOP);
}

static void redis_go_on(void)
{
    redis_server_signal(&server, SIGCONT);
}

static void redis_lose(void)
{
    redis_server_do(&server, "FLUSHALL");
}

/* The embedded one. */

static void local_go_on(void)
{
    if (lock_fd >= 0)
        close(lock_fd);
    lock_fd = -1;
}

static void local_start(void)
{
}

static void local_open(struct ownership_client *client, uint32_t shard, uint32_t timeout_msec)
{
    client_open_local(client, dir->path, shard, timeout_msec, 0);
}

/* As a process does that was stopped in the middle of a transaction. */
static void local_hang(void)
{
    char path[TEMP_PATH_MAX];

    lock_fd = open(temp_dir_path(dir, LOCAL_LOCK_FILE, path), O_RDWR | O_CLOEXEC);
    assert_true(lock_fd >= 0);
    assert_int_equal(flock(lock_fd, LOCK_EX | LOCK_NB), 0);
}

static void local_lose(void)
{
    char path[TEMP_PATH_MAX];

    assert_int_equal(remove(temp_dir_path(dir, LOCAL_DATA_FILE, path)), 0);
}

static const struct kind kinds[] = {
    {"local", local_start, local_go_on, local_open, local_hang, local_go_on, local_lose},
    {"redis", redis_start, redis_stop, redis_open, redis_hang, redis_go_on, redis_lose},
};
enum { KIND_COUNT = sizeof(kinds) / sizeof(kinds[0]) };

void registry_open(struct ownership_client *client, uint32_t shard, uint32_t timeout_msec)
{
    kind->open(client, shard, timeout_msec);
}

void registry_open_with_lease(struct ownership_client *client, uint32_t shard,
                              uint32_t timeout_msec)
{
    registry_open(client, shard, timeout_msec);
    client_wait_for_change(client, 0, 1);
    assert_int_equal(client_take_lease(client), OWNERSHIP_DONE);
}

void registry_hang(void)
{
    kind->hang();
}

void registry_go_on(void)
{
    kind->go_on();
}

void registry_lose(void)
{
    kind->lose();
}

static int setup(void **state)
{
    void *test_dir = NULL;
    int ret;

    kind = *state;
    ret = temp_dir_setup(&test_dir);
    dir = test_dir;
    if (ret == 0)
        kind->start();
    return ret;
}

static int teardown(void **state)
{
    void *test_dir = dir;

    (void)state;
    kind->stop();
    return temp_dir_teardown(&test_dir);
}

int registry_run_tests(const struct CMUnitTest *tests, size_t count)
{
    static struct CMUnitTest all[KIND_COUNT * TESTS_MAX];
    static char names[KIND_COUNT * TESTS_MAX][NAME_MAX_LEN];
    size_t all_count = 0;

    if (count > TESTS_MAX)
        return 1;
    for (size_t i = 0; i < KIND_COUNT; i++)
        for (size_t k = 0; k < count; k++) {
            (void)snprintf(names[all_count], NAME_MAX_LEN, "%s: %s", kinds[i].name, tests[k].name);
            all[all_count] = (struct CMUnitTest){
                .name = names[all_count],
                .test_func = tests[k].test_func,
                .setup_func = setup,
                .teardown_func = teardown,
                .initial_state = (void *)(uintptr_t)&kinds[i],
            };
            all_count++;
        }
    return _cmocka_run_group_tests("tests", all, all_count, NULL, NULL);
}
