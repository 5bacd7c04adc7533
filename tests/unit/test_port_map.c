/* test_port_map.c — tests of port_map.h. */
#include "port_map.h"

#include "temp_dir.h"

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static struct port_map create(const struct state_dir *dir, uint32_t shard)
{
    struct port_map map = {.page = NULL};
    struct problem problem;

    assert_int_equal(port_map_create(dir, shard, &map, &problem), ERR_OK);
    return map;
}

static enum err read_map(const struct state_dir *dir, uint32_t shard, struct port_map_page *ret)
{
    struct problem problem = {.text = ""};
    enum err err = port_map_read(dir, shard, ret, &problem);

    assert_true((err == ERR_OK) == (problem.text[0] == '\0'));
    return err;
}

static unsigned count(const struct port_map_page *page)
{
    unsigned ports = 0;

    for (unsigned port = 0; port <= UINT16_MAX; port++)
        ports += port_map_has(page, (uint16_t)port);
    return ports;
}

static void a_reader_sees_each_port(void **state)
{
    static const uint16_t ports[] = {0, 1, 63, 64, 3478, 49152, 50001, 65534, 65535};
    enum { COUNT = sizeof(ports) / sizeof(ports[0]) };
    struct state_dir dir = open_dir(*state);
    struct port_map map = create(&dir, 3);
    static struct port_map_page page;

    assert_int_equal(read_map(&dir, 3, &page), ERR_OK);
    assert_int_equal(page.shard, 3);
    assert_int_equal(count(&page), 0);
    for (unsigned i = 0; i < COUNT; i++) {
        port_map_set(&map, ports[i], true);
        port_map_set(&map, ports[i], true);
        assert_int_equal(read_map(&dir, 3, &page), ERR_OK);
        assert_true(port_map_has(&page, ports[i]));
        assert_int_equal(count(&page), i + 1);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        port_map_set(&map, ports[i], false);
        assert_int_equal(read_map(&dir, 3, &page), ERR_OK);
        assert_false(port_map_has(&page, ports[i]));
        assert_int_equal(count(&page), COUNT - 1 - i);
    }
    port_map_close(&map);
    port_map_close(&map);
    port_map_set(&map, 50000, true);
    state_dir_close(&dir);
}

static void the_last_ports_stay_until_the_next_start(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct port_map map = create(&dir, 0), other = create(&dir, 1);
    static struct port_map_page page;

    port_map_set(&map, 50000, true);
    port_map_close(&map);
    assert_int_equal(read_map(&dir, 0, &page), ERR_OK);
    assert_true(port_map_has(&page, 50000));
    assert_int_equal(read_map(&dir, 1, &page), ERR_OK);
    assert_int_equal(count(&page), 0);
    map = create(&dir, 0);
    assert_int_equal(read_map(&dir, 0, &page), ERR_OK);
    assert_int_equal(count(&page), 0);
    port_map_close(&map);
    port_map_close(&other);
    state_dir_close(&dir);
}

static void no_link_is_followed(void **state)
{
    struct state_dir dir = open_dir(*state);
    char target[TEMP_PATH_MAX], link[TEMP_PATH_MAX];
    struct port_map map = {.page = NULL};
    static struct port_map_page page;
    struct problem problem;

    temp_dir_write(*state, "elsewhere", "precious", 8, 0600, target);
    assert_int_equal(symlink(target, temp_dir_path(*state, "shard-0.ports", link)), 0);
    assert_int_equal(port_map_create(&dir, 0, &map, &problem), ERR_IO);
    assert_null(map.page);
    assert_non_null(strstr(problem.text, "shard-0.ports cannot be opened"));
    assert_int_equal(read_map(&dir, 0, &page), ERR_IO);
    state_dir_close(&dir);
}

static void what_is_no_map_is_told(void **state)
{
    static struct port_map_page bytes;
    struct state_dir dir = open_dir(*state);
    static struct port_map_page page;
    char path[TEMP_PATH_MAX];

    assert_int_equal(read_map(&dir, 0, &page), ERR_NOT_FOUND);
    temp_dir_write(*state, "shard-0.ports", "", 0, 0600, path);
    assert_int_equal(read_map(&dir, 0, &page), ERR_UNAVAILABLE);
    temp_dir_write(*state, "shard-0.ports", &bytes, sizeof(bytes), 0600, path);
    assert_int_equal(read_map(&dir, 0, &page), ERR_UNAVAILABLE);
    temp_dir_write(*state, "shard-0.ports", "no map", 6, 0600, path);
    assert_int_equal(read_map(&dir, 0, &page), ERR_MALFORMED);
    memset(&bytes, 'x', sizeof(bytes));
    temp_dir_write(*state, "shard-0.ports", &bytes, sizeof(bytes), 0600, path);
    assert_int_equal(read_map(&dir, 0, &page), ERR_MALFORMED);

    struct port_map map = create(&dir, 0);

    assert_int_equal(read_map(&dir, 0, &page), ERR_OK);
    assert_int_equal(count(&page), 0);
    map.page->version++;
    assert_int_equal(read_map(&dir, 0, &page), ERR_MALFORMED);
    port_map_close(&map);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_map(&dir, 0, &page), ERR_MALFORMED);
    state_dir_close(&dir);
}

int main(void)
{
#define TEST_IN_DIR(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST_IN_DIR(a_reader_sees_each_port),
        TEST_IN_DIR(the_last_ports_stay_until_the_next_start),
        TEST_IN_DIR(no_link_is_followed),
        TEST_IN_DIR(what_is_no_map_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
