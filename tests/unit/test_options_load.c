/* test_options_load.c — tests of relay_options_load and of what check-config prints. */
#include "options.h"

#include "check_config.h"
#include "options_fixture.h"
#include "temp_dir.h"

#define KEY_1 "8493fbc53ba582fb4c044c456bdc40eb"
#define KEY_2 "0123456789abcdef0123456789ABCDEF"

static struct options_fixture fixture;
static struct relay_options *const options = &fixture.options;

static int set_up(void **state)
{
    clear_relay_variables();
    captured_open(&fixture.errors);
    return temp_dir_setup(state);
}

static int tear_down(void **state)
{
    captured_close(&fixture.errors);
    return temp_dir_teardown(state);
}

/* Adds |line| to |text| with '@' made the path of the test's directory. */
static void expand(const struct temp_dir *temp, const char *line, char text[static OPTION_LINE_MAX])
{
    size_t len = strlen(text);

    for (; *line != '\0'; line++) {
        assert_true(len + sizeof(temp->path) < OPTION_LINE_MAX);
        if (*line == '@')
            len += (size_t)sprintf(text + len, "%s", temp->path);
        else
            text[len++] = *line;
        text[len] = '\0';
    }
}

/* Parses what every case has in common, and |line|. */
static void parse(const struct temp_dir *temp, const char *line)
{
    char text[OPTION_LINE_MAX] = "check-config --public-ip4-addr 203.0.113.7 --shards 2 ";

    expand(temp, line, text);
    if (parse_line(&fixture, text) != OPTIONS_READ)
        fail_msg("\"%s\": %s", text, captured_text(&fixture.errors));
}

static void loads(const struct temp_dir *temp, const char *line, bool may_draw)
{
    parse(temp, line);
    if (relay_options_load(options, may_draw, fixture.errors.file) != ERR_OK)
        fail_msg("\"%s\": %s", line, captured_text(&fixture.errors));
}

static void refuses(const struct temp_dir *temp, const char *line, bool may_draw,
                    const char *message)
{
    char expected[OPTION_LINE_MAX] = "relay: ";

    parse(temp, line);
    assert_int_not_equal(relay_options_load(options, may_draw, fixture.errors.file), ERR_OK);
    expand(temp, message, expected);
    strcat(expected, "\n");
    assert_string_equal(captured_text(&fixture.errors), expected);
    relay_options_free(options);
}

static void does_not_load(const struct temp_dir *temp, const char *line, const char *message)
{
    refuses(temp, line, true, message);
}

static void does_not_check(const struct temp_dir *temp, const char *line, const char *message)
{
    refuses(temp, line, false, message);
}

static void a_given_secret_is_taken(void **state)
{
    const struct temp_dir *temp = *state;
    char path[TEMP_PATH_MAX];

    loads(temp, "--auth-secret hush", false);
    assert_text(auth_secret_bytes(&options->auth_secret), "hush");
    relay_options_free(options);
    assert_int_equal(options->auth_secret.len, 0);
    temp_dir_write(temp, "secret", "from a file\n", 12, 0600, path);
    loads(temp, "--auth-secret-file @/secret", false);
    assert_text(auth_secret_bytes(&options->auth_secret), "from a file");
    relay_options_free(options);
    assert_int_equal(temp_dir_count(temp->path), 1);
}

static void a_bad_secret_is_refused_and_not_shown(void **state)
{
    const struct temp_dir *temp = *state;
    char path[TEMP_PATH_MAX], text[AUTH_SECRET_MAX + 2], line[OPTION_LINE_MAX];

    does_not_load(temp, "--auth-secret-file @/none",
                  "--auth-secret-file: \"@/none\": it cannot be read: No such file or directory");
    temp_dir_write(temp, "empty", "\n", 1, 0600, path);
    does_not_load(temp, "--auth-secret-file @/empty",
                  "--auth-secret-file: \"@/empty\": it is empty; an auth secret has 1 to 1024 "
                  "bytes");
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    temp_dir_write(temp, "long", text, sizeof(text) - 1, 0600, path);
    does_not_load(temp, "--auth-secret-file @/long",
                  "--auth-secret-file: \"@/long\": it is too long; an auth secret has 1 to 1024 "
                  "bytes");
    snprintf(line, sizeof(line), "--auth-secret %s", text);
    does_not_load(temp, line, "--auth-secret: an auth secret has 1 to 1024 bytes");
    setenv("AUTH_SECRET", text, 1);
    does_not_load(temp, "", "AUTH_SECRET: an auth secret has 1 to 1024 bytes");
}

static void a_users_file_without_end_is_refused(void **state)
{
    char text[5000];
    char path[TEMP_PATH_MAX];

    memset(text, 'x', sizeof(text));
    temp_dir_write(*state, "users", text, sizeof(text), 0600, path);
    does_not_load(*state, "--auth static --auth-secret hush --users-file @/users",
                  "--users-file: \"@/users\": line 1 is longer than 4096 bytes");
    does_not_load(*state, "--auth static --auth-secret hush --users-file /dev/zero",
                  "--users-file: \"/dev/zero\": line 1 is longer than 4096 bytes");
}

#define PORTAL "--portal-url wss://portal.example --auth-secret hush "

static void what_a_control_plane_needs_is_checked(void **state)
{
    const struct temp_dir *temp = *state;
    char path[TEMP_PATH_MAX];

    temp_dir_write(temp, "token", "a token\n", 8, 0600, path);
    loads(temp, PORTAL "--portal-token-file @/token --portal-ca-file @/token", false);
    assert_string_equal(options->relay_id, "dc8331bc-b228-4e89-9275-a1c2fe66f7bf");
    relay_options_free(options);
    /* Those who serve leave the files to relay-portal, whose word is not the shards' end. */
    loads(temp, PORTAL "--portal-token-file @/none --portal-ca-file @/none", true);
    relay_options_free(options);
    loads(temp, PORTAL "--shard 1 --portal-token-file @/none", false);
    relay_options_free(options);
    loads(temp, "--auth-secret hush", false);
    assert_string_equal(options->relay_id, "");
    relay_options_free(options);

    does_not_check(temp, PORTAL "--portal-token-file @/none",
                   "--portal-token-file: \"@/none\": it cannot be read: No such file or directory");
    does_not_check(temp, PORTAL "--portal-token-file @/token --portal-ca-file @/none",
                   "--portal-ca-file: \"@/none\": it cannot be read: No such file or directory");
    setenv("PORTAL_TOKEN", "\xc3\xa9", 1);
    does_not_check(temp, PORTAL, "PORTAL_TOKEN: a token is visible ASCII");
    unsetenv("PORTAL_TOKEN");
    temp_dir_write(temp, "secret", "a\nb", 3, 0600, path);
    does_not_check(temp,
                   "--portal-url wss://portal.example --portal-token-file @/token "
                   "--auth-secret-file @/secret",
                   "--auth-secret-file: \"@/secret\": a secret for a control plane is printable "
                   "ASCII");
}

static void checking_creates_nothing_and_running_draws(void **state)
{
    const struct temp_dir *temp = *state;
    char drawn[AUTH_SECRET_DRAWN];

    loads(temp, "--state-dir @/state", false);
    assert_int_equal(options->auth_secret.len, 0);
    assert_int_equal(temp_dir_count(temp->path), 0);
    relay_options_free(options);
    loads(temp, "--state-dir @/state", true);
    assert_int_equal(options->auth_secret.len, AUTH_SECRET_DRAWN);
    memcpy(drawn, options->auth_secret.text, sizeof(drawn));
    relay_options_free(options);
    loads(temp, "--state-dir @/state", false);
    assert_bytes(auth_secret_bytes(&options->auth_secret), drawn, sizeof(drawn));
    relay_options_free(options);
}

static void an_unsafe_state_directory_is_refused(void **state)
{
    const struct temp_dir *temp = *state;

    assert_int_equal(chmod(temp->path, 0770), 0);
    does_not_load(temp, "--state-dir @",
                  "--state-dir: \"@\": the state directory @ has mode 770; nobody but its owner "
                  "may write there");
    does_not_load(temp, "--state-dir @/a/b",
                  "--state-dir: \"@/a/b\": the state directory @/a/b: the directory above it does "
                  "not exist");
    setenv("STATE_DIR", temp->path, 1);
    does_not_load(temp, "",
                  "STATE_DIR: \"@\": the state directory @ has mode 770; nobody but its "
                  "owner may write there");
}

#define WITH_USERS "--auth static --auth-secret hush --users-file @/users"

static void write_users(const struct temp_dir *temp, const char *text)
{
    char path[TEMP_PATH_MAX];

    temp_dir_write(temp, "users", text, strlen(text), 0600, path);
}

static void users_are_read(void **state)
{
    const struct temp_dir *temp = *state;

    write_users(temp, "# users\n\nalice:" KEY_1 "\nbob:with:colons:" KEY_2);
    loads(temp, WITH_USERS, false);
    assert_int_equal(turn_users_count(options->users), 2);
    relay_options_free(options);
    assert_null(options->users);
}

static void a_bad_line_is_named_by_its_number(void **state)
{
    const struct temp_dir *temp = *state;

    does_not_load(temp, WITH_USERS,
                  "--users-file: \"@/users\": it cannot be read: No such file or directory");
    write_users(temp, "alice:" KEY_1 "\n\nbob:hunter2\n");
    does_not_load(
        temp, WITH_USERS,
        "--users-file: \"@/users\": line 3 is not username:KEY with KEY of 32 hex digits");
    write_users(temp, "alice:" KEY_1 "\nbob:" KEY_2 "\nalice:" KEY_2 "\n");
    does_not_load(temp, WITH_USERS,
                  "--users-file: \"@/users\": line 3 names a user who has a line already");
    does_not_load(temp, "--auth static --auth-secret hush --users-file @",
                  "--users-file: \"@\": it cannot be read: Is a directory");
}

static void check_config_shows_what_is_in_effect(void **state)
{
    const struct temp_dir *temp = *state;
    struct captured out;
    const char *text;

    write_users(temp, "alice:" KEY_1 "\n");
    setenv("REALM", "example", 1);
    setenv("AUTH_SECRET", "hush-hush", 1);
    loads(temp, "--auth static,rest --users-file @/users --allow-peer 10.0.0.0/8 --log-level debug",
          false);
    captured_open(&out);
    check_config_print(options, out.file);
    text = captured_text(&out);
    assert_says(text, "the configuration is fine.\n");
    assert_says(text, "--public-ip4-addr          203.0.113.7              option\n");
    assert_says(text, "--public-ip6-addr          none                     default\n");
    assert_says(text, "--realm                    example                  environment: REALM\n");
    assert_says(text, "--auth                     rest static ");
    assert_says(text, "--auth-secret              (given, not shown)       environment: "
                      "AUTH_SECRET\n");
    assert_says(text, "/users, 1 users");
    assert_says(text, "--allow-peer               10.0.0.0/8               option\n");
    assert_says(text, "--lowest-port              49152                    default\n");
    assert_says(text, "--rfc5766-channels         off                      default\n");
    assert_says(text, "--log-level                debug                    option\n");
    assert_says(text, "shard 0    49152 to 57343\n  shard 1    57344 to 65535\n");
    assert_null(strstr(text, "hush-hush"));
    assert_null(strstr(text, KEY_1));
    captured_close(&out);
    relay_options_free(options);
}

static void check_config_says_that_a_secret_will_be_drawn(void **state)
{
    const struct temp_dir *temp = *state;
    struct captured out;

    loads(temp, "--state-dir @/state", false);
    captured_open(&out);
    check_config_print(options, out.file);
    assert_says(captured_text(&out), "/state/auth-secret, to be drawn at the first start");
    captured_close(&out);
    relay_options_free(options);
}

int main(void)
{
#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(a_given_secret_is_taken),
        TEST(a_bad_secret_is_refused_and_not_shown),
        TEST(what_a_control_plane_needs_is_checked),
        TEST(checking_creates_nothing_and_running_draws),
        TEST(an_unsafe_state_directory_is_refused),
        TEST(users_are_read),
        TEST(a_bad_line_is_named_by_its_number),
        TEST(a_users_file_without_end_is_refused),
        TEST(check_config_shows_what_is_in_effect),
        TEST(check_config_says_that_a_secret_will_be_drawn),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
