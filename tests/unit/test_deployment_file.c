/* test_deployment_file.c — tests of deployment_file.h. */
#include "deployment_file.h"

#include "temp_dir.h"

static const struct deployment sample = {.version = "1.2.3",
                                         .instance = "relay-7",
                                         .shards = 4,
                                         .lowest_port = 49152,
                                         .highest_port = 65535,
                                         .http_addr = "127.0.0.1:8080",
                                         .auth_secret_file = "/etc/relay/a secret",
                                         .coordination = "redis://u:secret@192.0.2.1:6379/2"};

static struct state_dir open_dir(const struct temp_dir *temp)
{
    struct state_dir dir = STATE_DIR_CLOSED;
    struct problem problem;

    assert_int_equal(state_dir_open(temp->path, STATE_DIR_SERVE, &dir, &problem), ERR_OK);
    return dir;
}

static void assert_read(const struct state_dir *dir, const struct deployment *expected)
{
    struct deployment found;
    struct problem problem;

    assert_int_equal(deployment_file_read(dir, &found, &problem), ERR_OK);
    assert_string_equal(found.version, expected->version);
    assert_string_equal(found.instance, expected->instance);
    assert_int_equal(found.shards, expected->shards);
    assert_int_equal(found.lowest_port, expected->lowest_port);
    assert_int_equal(found.highest_port, expected->highest_port);
    assert_string_equal(found.http_addr, expected->http_addr);
    assert_string_equal(found.auth_secret_file, expected->auth_secret_file);
    assert_string_equal(found.relay_id, expected->relay_id);
    assert_string_equal(found.coordination, expected->coordination);
    deployment_wipe(&found);
    assert_string_equal(found.coordination, "");
}

static void it_is_read_as_it_was_written(void **state)
{
    const struct temp_dir *temp = *state;
    struct state_dir dir = open_dir(temp);
    struct deployment changed = sample;
    struct problem problem;
    struct stat status, again;

    assert_int_equal(deployment_file_read(&dir, &changed, &problem), ERR_NOT_FOUND);
    assert_int_equal(deployment_file_write(&dir, &sample, &problem), ERR_OK);
    assert_read(&dir, &sample);
    assert_int_equal(fstatat(dir.fd, DEPLOYMENT_FILE, &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* The same once more is no new file. */
    assert_int_equal(deployment_file_write(&dir, &sample, &problem), ERR_OK);
    assert_int_equal(fstatat(dir.fd, DEPLOYMENT_FILE, &again, 0), 0);
    assert_int_equal(again.st_ino, status.st_ino);
    changed = sample;
    changed.shards = 2;
    changed.http_addr[0] = '\0';
    changed.auth_secret_file[0] = '\0';
    (void)strcpy(changed.relay_id, "aa93cc3a-23e1-4e3b-93b9-0b7bb3c0a369");
    assert_int_equal(deployment_file_write(&dir, &changed, &problem), ERR_OK);
    assert_read(&dir, &changed);
    assert_int_equal(temp_dir_count(temp->path), 1);
    state_dir_close(&dir);
}

static void the_longest_texts_fit(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct deployment longest = sample;
    struct problem problem;

    memset(longest.version, 'v', sizeof(longest.version) - 1);
    memset(longest.instance, 'i', sizeof(longest.instance) - 1);
    memset(longest.http_addr, 'h', sizeof(longest.http_addr) - 1);
    memset(longest.auth_secret_file, '/', sizeof(longest.auth_secret_file) - 1);
    memset(longest.coordination, 'h', 8 + 255 + 1 + 255 + 1 + 255);
    memcpy(longest.coordination, "redis://", 8);
    longest.coordination[8 + 255] = ':';
    longest.coordination[8 + 255 + 1 + 255] = '@';
    assert_int_equal(deployment_file_write(&dir, &longest, &problem), ERR_OK);
    assert_read(&dir, &longest);
    state_dir_close(&dir);
}

static void a_control_character_is_refused_and_not_told(void **state)
{
    struct state_dir dir = open_dir(*state);
    struct deployment bad = sample;
    struct problem problem;

    strcpy(bad.coordination, "redis://:se\ncret@h");
    assert_int_equal(deployment_file_write(&dir, &bad, &problem), ERR_RANGE);
    assert_null(strstr(problem.text, "cret"));
    assert_int_equal(temp_dir_count(((const struct temp_dir *)*state)->path), 0);
    state_dir_close(&dir);
}

#define HEAD "deployment 1\nversion 1\ninstance a\nshards 4\nlowest-port 1\nhighest-port 9\n"

static void what_is_no_such_file_is_told(void **state)
{
    static const char *const texts[] = {
        "",
        "deployment",
        "deployment 2\n",
        HEAD,
        HEAD "coordination local",
        HEAD "coordination local\nshards 0\n",
        HEAD "coordination local\nshards 10\n",
        HEAD "coordination local\nshards many\n",
        HEAD "coordination local\nlowest-port 10\n",
        HEAD "coordination local\nhighest-port 65536\n",
        HEAD "coordination local\ninstance a b\n",
        HEAD "coordination local\nversion 01234567890123456789012345678901\n",
        HEAD "coordination local\n\n",
        HEAD "coordination nonsense\n",
        HEAD "coordination local\nhttp-addr a\tb\n",
    };
    struct state_dir dir = open_dir(*state);
    char path[TEMP_PATH_MAX], large[4096];
    struct deployment found;
    struct problem problem;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        temp_dir_write(*state, DEPLOYMENT_FILE, texts[i], strlen(texts[i]), 0600, path);
        assert_int_equal(deployment_file_read(&dir, &found, &problem), ERR_MALFORMED);
    }
    /* One that is whole as far as there is room for it, and longer. */
    for (size_t len = 2048; len < 2600; len++) {
        (void)snprintf(large, sizeof(large), HEAD "coordination local\nnew %0*d\nshards many\n",
                       (int)len, 0);
        temp_dir_write(*state, DEPLOYMENT_FILE, large, strlen(large), 0600, path);
        assert_int_equal(deployment_file_read(&dir, &found, &problem), ERR_MALFORMED);
    }
    memset(large, 'x', sizeof(large));
    temp_dir_write(*state, DEPLOYMENT_FILE, large, sizeof(large), 0600, path);
    assert_int_equal(deployment_file_read(&dir, &found, &problem), ERR_MALFORMED);
    temp_dir_write(*state, DEPLOYMENT_FILE, HEAD "coordination local\nnew thing\n",
                   strlen(HEAD "coordination local\nnew thing\n"), 0600, path);
    assert_int_equal(deployment_file_read(&dir, &found, &problem), ERR_OK);
    temp_dir_write(*state, DEPLOYMENT_FILE, HEAD, strlen(HEAD), 0644, path);
    assert_int_equal(deployment_file_read(&dir, &found, &problem), ERR_AUTH);
    /* And is put right by the next start. */
    assert_int_equal(deployment_file_write(&dir, &sample, &problem), ERR_OK);
    assert_read(&dir, &sample);
    state_dir_close(&dir);
}

int main(void)
{
#define TEST_IN_DIR(test) cmocka_unit_test_setup_teardown(test, temp_dir_setup, temp_dir_teardown)
    const struct CMUnitTest tests[] = {
        TEST_IN_DIR(it_is_read_as_it_was_written),
        TEST_IN_DIR(the_longest_texts_fit),
        TEST_IN_DIR(a_control_character_is_refused_and_not_told),
        TEST_IN_DIR(what_is_no_such_file_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
