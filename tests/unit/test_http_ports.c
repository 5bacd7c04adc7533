/* test_http_ports.c — tests of http_ports.h. */
#include "http_ports.h"

#include "temp_dir.h"

static struct http_port_owners owners;

static void expect(const char *runs)
{
    struct http_text text = {.data = NULL};
    char expected[512];

    (void)snprintf(expected, sizeof(expected),
                   "{\"lowest_port\":50000,\"highest_port\":60000,\"runs\":[%s]}", runs);
    http_ports_write(&owners, 50000, 60000, &text);
    struct http_body *body = http_text_body(&text);

    assert_non_null(body);
    assert_int_equal(http_body_len(body), strlen(expected));
    assert_memory_equal(http_body_data(body), expected, strlen(expected));
    http_body_release(body);
}

static void ports_become_runs(void **state)
{
    (void)state;
    http_port_owners_clear(&owners);
    expect("");
    owners.of[0] = 0;
    owners.of[50000] = owners.of[50001] = owners.of[50002] = 1;
    owners.of[50003] = 2;
    owners.of[50005] = 2;
    owners.of[65534] = owners.of[65535] = 1023;
    expect("[0,0,0],[50000,50002,1],[50003,50003,2],[50005,50005,2],[65534,65535,1023]");
}

static void a_map_gives_its_ports_to_its_shard(void **state)
{
    static struct port_map_page page;

    (void)state;
    page.words[0] = 1;
    page.words[781] = UINT64_C(0x8000000000000003); /* 781 * 64 = 49984 */
    page.words[782] = 1;
    page.words[1023] = UINT64_C(1) << 63;
    http_port_owners_clear(&owners);
    http_port_owners_add(&owners, 3, &page);
    expect("[0,0,3],[49984,49985,3],[50047,50048,3],[65535,65535,3]");
}

static struct port_map open_ports(const struct state_dir *dir, uint32_t shard, uint16_t first,
                                  uint16_t last)
{
    struct port_map map = {.page = NULL};
    struct problem problem;

    assert_int_equal(port_map_create(dir, shard, &map, &problem), ERR_OK);
    for (uint16_t port = first; port <= last; port++)
        port_map_set(&map, port, true);
    return map;
}

static void a_shard_that_lives_goes_before_one_that_died(void **state)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct shard_figures *figures = calloc(4, sizeof(*figures));
    struct problem problem;

    assert_non_null(figures);
    assert_int_equal(
        state_dir_open(((struct temp_dir *)*state)->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    struct port_map maps[] = {open_ports(&dir, 0, 50000, 50009), open_ports(&dir, 1, 50005, 50019),
                              open_ports(&dir, 3, 50015, 50024)};

    figures[0].snapshot.is_live = true; /* 1 died, 2 never was, 3 lives */
    figures[3].snapshot.is_live = true;
    http_port_owners_read(&owners, &dir, figures, 4);
    expect("[50000,50009,0],[50010,50014,1],[50015,50024,3]");
    /* What was read before is nobody's any more. */
    http_port_owners_read(&owners, &dir, figures, 1);
    expect("[50000,50009,0]");
    for (unsigned i = 0; i < sizeof(maps) / sizeof(maps[0]); i++)
        port_map_close(&maps[i]);
    state_dir_close(&dir);
    free(figures);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ports_become_runs),
        cmocka_unit_test(a_map_gives_its_ports_to_its_shard),
        cmocka_unit_test_setup_teardown(a_shard_that_lives_goes_before_one_that_died,
                                        temp_dir_setup, temp_dir_teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
