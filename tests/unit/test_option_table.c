/* test_option_table.c — tests of option_table.h. */
#include "option_table.h"

#include "captured.h"

enum { ARGS_MAX = 12, ITEMS_MAX = 8 };

struct fields {
    bool is_json;
    const char *text;
    const char *secret;
    uint8_t tiny;
    uint16_t port;
    uint32_t rate;
    uint64_t big;
    uint32_t seconds;
    unsigned colour;
    struct items {
        char text[ITEMS_MAX][OPTION_ITEM_MAX];
        size_t count;
    } items;
};

static const char *read_item(const struct option_spec *spec, const char *value, void *field)
{
    struct items *items = field;

    if (strcmp(value, "bad") == 0)
        return spec->rule;
    strcpy(items->text[items->count++], value);
    return NULL;
}

#define FIELD(member) OPTION_FIELD(struct fields, member)

static const char *const colours[] = {"red", "green", NULL};

static const struct option_spec specs[] = {
    {.name = "json",
     .letter = 'j',
     .kind = OPTION_FLAG,
     .env = {"T_JSON"},
     .help = "As JSON",
     FIELD(is_json)},
    {.name = "text",
     .letter = 't',
     .kind = OPTION_TEXT,
     .argument = "TEXT",
     .env = {"T_TEXT", "T_OLD_TEXT"},
     .default_text = "preset",
     .help = "Some text",
     FIELD(text)},
    {.name = "secret",
     .kind = OPTION_TEXT,
     .argument = "TEXT",
     .env = {"T_SECRET"},
     .is_secret = true,
     .help = "A secret",
     FIELD(secret)},
    {.name = "tiny",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "A number",
     .max = 255,
     FIELD(tiny)},
    {.name = "port",
     .kind = OPTION_NUMBER,
     .argument = "PORT",
     .env = {"T_PORT"},
     .default_text = "3478",
     .rule = "a port",
     .help = "A port",
     .min = 1,
     .max = 65535,
     FIELD(port)},
    {.name = "rate",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "A number",
     .max = UINT32_MAX,
     FIELD(rate)},
    {.name = "big",
     .kind = OPTION_NUMBER,
     .argument = "N",
     .help = "A number",
     .max = UINT64_MAX,
     FIELD(big)},
    {.name = "time",
     .kind = OPTION_DURATION,
     .argument = "TIME",
     .help = "A time",
     .env = {"T_TIME"},
     .min = 90,
     .max = 86400,
     FIELD(seconds)},
    {.name = "colour",
     .kind = OPTION_CHOICE,
     .argument = "COLOUR",
     .default_text = "green",
     .default_shown = "green, as grass",
     .choices = colours,
     .help = "A colour",
     FIELD(colour)},
    {.name = "item",
     .kind = OPTION_CUSTOM,
     .argument = "ITEM,...",
     .env = {"T_ITEMS"},
     .rule = "an item",
     .read = read_item,
     .is_list = true,
     .help = "Items, as many as there are, with a help text so long that it has to be broken "
             "somewhere between two of its words",
     FIELD(items)},
    {.name = "help", .letter = 'h', .kind = OPTION_HELP, .help = "Print this"},
    {.name = "version", .kind = OPTION_VERSION, .help = "Print the version"},
};

static const struct option_table table = {
    .program = "tool",
    .intro = "Usage: tool\n",
    .specs = specs,
    .count = sizeof(specs) / sizeof(specs[0]),
    .outro = "The end.\n",
};

static struct fields fields;
static struct option_reading reading;
static struct captured errors;

static int clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.count; i++) {
        for (size_t j = 0; j < OPTION_ENV_MAX && specs[i].env[j] != NULL; j++)
            unsetenv(specs[i].env[j]);
    }
    captured_open(&errors);
    return 0;
}

static int close_errors(void **state)
{
    (void)state;
    captured_close(&errors);
    return 0;
}

/* Reads a command line of words without blanks in them, parted by blanks; '~' is empty. */
static enum option_outcome read_line(const char *line)
{
    static char text[1024];
    char *argv[ARGS_MAX + 1] = {(char[]){"tool"}};
    int argc = 1;

    memset(&fields, 0, sizeof(fields));
    assert_true(strlen(line) < sizeof(text));
    strcpy(text, line);
    for (char *word = strtok(text, " "); word != NULL; word = strtok(NULL, " ")) {
        assert_true(argc < ARGS_MAX);
        if (strcmp(word, "~") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    captured_restart(&errors);
    return option_table_read(&table, argc, argv, &fields, &reading, errors.file);
}

static void reads(const char *line)
{
    if (read_line(line) != OPTIONS_READ)
        fail_msg("\"%s\": %s", line, captured_text(&errors));
    captured_text(&errors);
    assert_int_equal(errors.len, 0);
}

static void refuses(const char *line, const char *message)
{
    assert_int_equal(read_line(line), OPTIONS_BAD);
    assert_string_equal(captured_text(&errors), message);
}

static void options_in_all_their_forms(void **state)
{
    (void)state;
    reads("--text one --port=1 -j");
    assert_string_equal(fields.text, "one");
    assert_int_equal(fields.port, 1);
    assert_true(fields.is_json);
    reads("-t two --text=--three");
    assert_string_equal(fields.text, "--three");
    reads("--text=a=b");
    assert_string_equal(fields.text, "a=b");
    reads("--text -");
    assert_string_equal(fields.text, "-");
    assert_false(fields.is_json);
}

static void what_is_no_option_is_positional(void **state)
{
    (void)state;
    reads("one --json two - -- --text");
    assert_int_equal(reading.positional_count, 4);
    assert_string_equal(reading.positionals[0], "one");
    assert_string_equal(reading.positionals[1], "two");
    assert_string_equal(reading.positionals[2], "-");
    assert_string_equal(reading.positionals[3], "--text");
    refuses("1 2 3 4 5 6 7 8 9", "tool: \"9\": too many arguments\n");
}

static void option_before_environment_before_default(void **state)
{
    (void)state;
    reads("");
    assert_string_equal(fields.text, "preset");
    assert_int_equal(option_origin_of(&table, &reading, "text")->source, OPTION_DEFAULT);
    assert_int_equal(option_origin_of(&table, &reading, "secret")->source, OPTION_UNSET);
    setenv("T_TEXT", "from environment", 1);
    reads("");
    assert_string_equal(fields.text, "from environment");
    assert_int_equal(option_origin_of(&table, &reading, "text")->source, OPTION_ENVIRONMENT);
    assert_string_equal(option_origin_of(&table, &reading, "text")->env, "T_TEXT");
    reads("--text given");
    assert_string_equal(fields.text, "given");
    assert_int_equal(option_origin_of(&table, &reading, "text")->source, OPTION_COMMAND_LINE);
    assert_string_equal(option_origin_of(&table, &reading, "text")->text, "given");
}

static void the_first_variable_that_is_not_empty_counts(void **state)
{
    (void)state;
    setenv("T_OLD_TEXT", "old", 1);
    reads("");
    assert_string_equal(fields.text, "old");
    setenv("T_TEXT", "", 1);
    reads("");
    assert_string_equal(fields.text, "old");
    assert_string_equal(option_origin_of(&table, &reading, "text")->env, "T_OLD_TEXT");
    setenv("T_TEXT", "new", 1);
    reads("");
    assert_string_equal(fields.text, "new");
    setenv("T_TEXT", "", 1);
    setenv("T_OLD_TEXT", "", 1);
    reads("");
    assert_string_equal(fields.text, "preset");
}

static void a_bad_variable_that_an_option_overrides_is_not_read(void **state)
{
    (void)state;
    setenv("T_PORT", "none", 1);
    reads("--port 7");
    assert_int_equal(fields.port, 7);
    refuses("", "tool: T_PORT: \"none\" is not a port: a number from 1 to 65535\n");
}

static void empty_options_are_errors(void **state)
{
    (void)state;
    refuses("--text=",
            "tool: --text: the value given is empty; leave the option out to unset it\n");
    refuses("--text ~",
            "tool: --text: the value given is empty; leave the option out to unset it\n");
    refuses("--secret=",
            "tool: --secret: the value given is empty; leave the option out to unset it\n");
    refuses("--item ~",
            "tool: --item: the value given is empty; leave the option out to unset it\n");
}

static void missing_and_surplus_values(void **state)
{
    (void)state;
    refuses("--text", "tool: --text: needs a value\n");
    refuses("-t", "tool: --text: needs a value\n");
    refuses("--text --json", "tool: --text: needs a value\n");
    refuses("--json=1", "tool: --json: takes no value\n");
    refuses("--json=", "tool: --json: takes no value\n");
    refuses("--help=1", "tool: --help: takes no value\n");
}

static void unknown_options(void **state)
{
    (void)state;
    refuses("--tex one", "tool: --tex: no such option; see tool --help\n");
    refuses("--texts one", "tool: --texts: no such option; see tool --help\n");
    refuses("--sekret=hush", "tool: --sekret: no such option; see tool --help\n");
    refuses("-x", "tool: -x: no such option; see tool --help\n");
    refuses("-jj", "tool: -jj: no such option; see tool --help\n");
    refuses("--=1", "tool: --: no such option; see tool --help\n");
}

static void numbers_of_every_width(void **state)
{
    (void)state;
    reads("--tiny 255 --port 65535 --rate 4294967295 --big 18446744073709551615");
    assert_int_equal(fields.tiny, 255);
    assert_int_equal(fields.port, 65535);
    assert_int_equal(fields.rate, UINT32_MAX);
    assert_true(fields.big == UINT64_MAX);
    reads("--tiny 0 --port 1 --rate 0 --big 0");
    refuses("--tiny 256", "tool: --tiny: \"256\" is not a number from 0 to 255\n");
    refuses("--port 0", "tool: --port: \"0\" is not a port: a number from 1 to 65535\n");
    refuses("--port 65536", "tool: --port: \"65536\" is not a port: a number from 1 to 65535\n");
    refuses("--port -1", "tool: --port: \"-1\" is not a port: a number from 1 to 65535\n");
    refuses("--port 1x", "tool: --port: \"1x\" is not a port: a number from 1 to 65535\n");
    refuses("--port 0x10", "tool: --port: \"0x10\" is not a port: a number from 1 to 65535\n");
}

static void durations(void **state)
{
    static const char rule[] = " is not a duration from 90s to 1d, such as 90s, 15m, 1h or 2d\n";
    char message[128];

    (void)state;
    reads("--time 90");
    assert_int_equal(fields.seconds, 90);
    reads("--time 15m");
    assert_int_equal(fields.seconds, 900);
    reads("--time 1d");
    assert_int_equal(fields.seconds, 86400);
    snprintf(message, sizeof(message), "tool: --time: \"89s\"%s", rule);
    refuses("--time 89s", message);
    snprintf(message, sizeof(message), "tool: --time: \"2d\"%s", rule);
    refuses("--time 2d", message);
    setenv("T_TIME", "soon", 1);
    snprintf(message, sizeof(message), "tool: T_TIME: \"soon\"%s", rule);
    refuses("", message);
}

static void choices_and_flags(void **state)
{
    (void)state;
    reads("");
    assert_int_equal(fields.colour, 1);
    reads("--colour red");
    assert_int_equal(fields.colour, 0);
    refuses("--colour blue", "tool: --colour: \"blue\" is not one of red, green\n");
    setenv("T_JSON", "true", 1);
    reads("");
    assert_true(fields.is_json);
    setenv("T_JSON", "0", 1);
    reads("");
    assert_false(fields.is_json);
    reads("--json");
    assert_true(fields.is_json);
    setenv("T_JSON", "perhaps", 1);
    refuses("", "tool: T_JSON: \"perhaps\" is not true or false\n");
}

static void lists_grow_by_options_and_commas(void **state)
{
    (void)state;
    setenv("T_ITEMS", "x,y", 1);
    reads("");
    assert_int_equal(fields.items.count, 2);
    assert_string_equal(fields.items.text[1], "y");
    reads("--item a,b --item c");
    assert_int_equal(fields.items.count, 3);
    assert_string_equal(fields.items.text[0], "a");
    assert_string_equal(fields.items.text[1], "b");
    assert_string_equal(fields.items.text[2], "c");
    refuses("--item a,bad", "tool: --item: \"bad\" is not an item\n");
    refuses("--item a,,b", "tool: --item: \"a,,b\" is not a list: an item is empty\n");
    refuses("--item a,", "tool: --item: \"a,\" is not a list: an item is empty\n");
    setenv("T_ITEMS", ",", 1);
    refuses("", "tool: T_ITEMS: \",\" is not a list: an item is empty\n");
}

static void an_item_has_a_length(void **state)
{
    char line[OPTION_ITEM_MAX + 16] = "--item ";

    (void)state;
    memset(line + 7, 'x', OPTION_ITEM_MAX);
    assert_int_equal(read_line(line), OPTIONS_BAD);
    assert_says(captured_text(&errors), "is not a list: an item is too long\n");
    line[7 + OPTION_ITEM_MAX - 1] = '\0';
    reads(line);
    assert_int_equal(strlen(fields.items.text[0]), OPTION_ITEM_MAX - 1);
}

static void help_and_version_end_the_reading(void **state)
{
    (void)state;
    setenv("T_PORT", "bad", 1);
    assert_int_equal(read_line("--help --nonsense"), OPTIONS_HELP);
    assert_int_equal(read_line("-h"), OPTIONS_HELP);
    assert_int_equal(read_line("--version"), OPTIONS_VERSION);
    assert_int_equal(read_line("--nonsense --help"), OPTIONS_BAD);
}

static void values_are_escaped_and_secrets_not_echoed(void **state)
{
    (void)state;
    refuses("--port \x1b[2J\n", "tool: --port: \"\\x1b[2J\\x0a\" is not a port: a number from 1 to "
                                "65535\n");
    reads("--secret hush --text seen");
    captured_restart(&errors);
    option_table_error(&table, &reading, "secret", errors.file, "%d is wrong", 1);
    assert_string_equal(captured_text(&errors), "tool: --secret: 1 is wrong\n");
    captured_restart(&errors);
    option_table_error(&table, &reading, "text", errors.file, "is wrong");
    assert_string_equal(captured_text(&errors), "tool: --text: \"seen\": is wrong\n");
    captured_restart(&errors);
    option_table_error(&table, &reading, "port", errors.file, "is wrong");
    assert_string_equal(captured_text(&errors), "tool: --port: is wrong\n");
    setenv("T_PORT", "99", 1);
    reads("");
    captured_restart(&errors);
    option_table_error(&table, &reading, "port", errors.file, "is wrong");
    assert_string_equal(captured_text(&errors), "tool: T_PORT: \"99\": is wrong\n");
}

static void help_shows_options_then_variables(void **state)
{
    struct captured help;
    const char *text;

    (void)state;
    setenv("T_SECRET", "hush", 1);
    captured_open(&help);
    option_table_help(&table, help.file);
    text = captured_text(&help);
    assert_says(text, "Usage: tool\n\nOptions:\n");
    assert_says(text, "  -t, --text TEXT           Some text [default: preset]\n");
    assert_says(text, "  --colour COLOUR           A colour [default: green, as grass]\n");
    assert_says(text, "  --secret TEXT             A secret\n");
    assert_says(text, "  -h, --help                Print this\n");
    assert_says(text, "a help text so long that it\n                            has to be broken");
    assert_says(text, "  T_TEXT                    --text\n  T_OLD_TEXT                --text\n");
    assert_true(strstr(text, "--version") < strstr(text, "T_JSON"));
    assert_string_equal(text + help.len - strlen("The end.\n"), "The end.\n");
    assert_null(strstr(text, "hush"));
    captured_close(&help);
}

int main(void)
{
#define TEST_CLEAN(test) cmocka_unit_test_setup_teardown(test, clean, close_errors)
    const struct CMUnitTest tests[] = {
        TEST_CLEAN(options_in_all_their_forms),
        TEST_CLEAN(what_is_no_option_is_positional),
        TEST_CLEAN(option_before_environment_before_default),
        TEST_CLEAN(the_first_variable_that_is_not_empty_counts),
        TEST_CLEAN(a_bad_variable_that_an_option_overrides_is_not_read),
        TEST_CLEAN(empty_options_are_errors),
        TEST_CLEAN(missing_and_surplus_values),
        TEST_CLEAN(unknown_options),
        TEST_CLEAN(numbers_of_every_width),
        TEST_CLEAN(durations),
        TEST_CLEAN(choices_and_flags),
        TEST_CLEAN(lists_grow_by_options_and_commas),
        TEST_CLEAN(an_item_has_a_length),
        TEST_CLEAN(help_and_version_end_the_reading),
        TEST_CLEAN(values_are_escaped_and_secrets_not_echoed),
        TEST_CLEAN(help_shows_options_then_variables),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
