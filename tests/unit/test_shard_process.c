/* test_shard_process.c — tests of the arguments that shard_process.h makes. */
#include "shard_process.h"

#include <stdlib.h>
#include <string.h>

#include "unit.h"

enum { ARGS_MAX = 16 };

/* Parses |argv| as `relay run` does and checks the arguments of shard |shard|. */
static void expect_args(char **argv, uint32_t shard, const char *const *expected)
{
    struct relay_options *options = calloc(1, sizeof(*options));
    int argc = 0;
    size_t i;

    assert_non_null(options);
    while (argv[argc] != NULL)
        argc++;
    assert_int_equal(relay_options_parse(argc, argv, options, stderr), OPTIONS_READ);
    assert_int_equal(options->command, RELAY_COMMAND_RUN);
    char **args = shard_process_argv(options, argv, shard);

    assert_non_null(args);
    for (i = 0; expected[i] != NULL; i++) {
        assert_non_null(args[i]);
        assert_string_equal(args[i], expected[i]);
    }
    assert_null(args[i]);

    /* And the shard understands them. */
    struct relay_options *shard_options = calloc(1, sizeof(*shard_options));

    assert_non_null(shard_options);
    assert_int_equal(relay_options_parse((int)i, args, shard_options, stderr), OPTIONS_READ);
    assert_int_equal(shard_options->command, RELAY_COMMAND_SHARD);
    assert_int_equal(shard_options->shard, shard);
    assert_int_equal(shard_options->shards, options->shards);
    relay_options_free(shard_options);
    free(shard_options);
    free(args);
    relay_options_free(options);
    free(options);
}

/* Literals are not writable; argv is. */
static char **copy_args(const char *const *texts)
{
    static char storage[ARGS_MAX][64];
    static char *argv[ARGS_MAX + 1];
    size_t i;

    for (i = 0; texts[i] != NULL; i++) {
        assert_true(i < ARGS_MAX && strlen(texts[i]) < sizeof(storage[i]));
        strcpy(storage[i], texts[i]);
        argv[i] = storage[i];
    }
    argv[i] = NULL;
    return argv;
}

static void run_makes_place_for_shard(void **state)
{
    (void)state;
    const char *const given[] = {"relay", "run", "--public-ip4-addr", "192.0.2.1", "--shards",
                                 "2",     NULL};
    const char *const expected[] = {
        "relay",     "shard",    "--shard=1", "--shards=2", "--public-ip4-addr",
        "192.0.2.1", "--shards", "2",         NULL};

    expect_args(copy_args(given), 1, expected);
}

static void run_may_be_left_out(void **state)
{
    (void)state;
    const char *const given[] = {"relay", "--public-ip4-addr=192.0.2.1", "--shards=3", NULL};
    const char *const expected[] = {
        "relay",      "shard", "--shard=0", "--shards=3", "--public-ip4-addr=192.0.2.1",
        "--shards=3", NULL};

    expect_args(copy_args(given), 0, expected);
}

static void a_value_called_run_stays(void **state)
{
    (void)state;
    const char *const given[] = {
        "relay", "--realm", "run", "--public-ip4-addr", "192.0.2.1", "run", "--shards", "4", NULL};
    const char *const expected[] = {
        "relay",     "shard",    "--shard=3", "--shards=4", "--realm", "run", "--public-ip4-addr",
        "192.0.2.1", "--shards", "4",         NULL};

    expect_args(copy_args(given), 3, expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(run_makes_place_for_shard),
        cmocka_unit_test(run_may_be_left_out),
        cmocka_unit_test(a_value_called_run_stays),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
