/* option_table.c — reads a command line and the environment as a table of options says. */
#include "option_table.h"

#include "text_parse.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { RULE_TEXT_MAX = 256, LABEL_TEXT_MAX = 64 };

/* One reading of one command line. */
struct reader {
    const struct option_table *table;
    struct option_reading *reading;
    void *fields;
    FILE *errors;
};

/* Values are echoed to a terminal: what is not printable ASCII is escaped. */
static void print_quoted(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c >= 0x7f)
            fprintf(out, "\\x%02x", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* The option as its user wrote it: "--realm", or the variable it came from. */
static const char *label_of(const struct option_spec *spec, const struct option_origin *origin,
                            char text[static LABEL_TEXT_MAX])
{
    if (origin->source == OPTION_ENVIRONMENT)
        return origin->env;
    snprintf(text, LABEL_TEXT_MAX, "--%s", spec->name);
    return text;
}

static bool complain(const struct reader *reader, const struct option_spec *spec,
                     const char *problem)
{
    char label[LABEL_TEXT_MAX];
    const struct option_origin *origin = &reader->reading->origins[spec - reader->table->specs];

    fprintf(reader->errors, "%s: %s: %s\n", reader->table->program, label_of(spec, origin, label),
            problem);
    return false;
}

static bool complain_of_value(const struct reader *reader, const struct option_spec *spec,
                              const char *value, const char *rule)
{
    char label[LABEL_TEXT_MAX];
    const struct option_origin *origin = &reader->reading->origins[spec - reader->table->specs];

    fprintf(reader->errors, "%s: %s: ", reader->table->program, label_of(spec, origin, label));
    if (spec->is_secret)
        fputs("the value given", reader->errors);
    else
        print_quoted(reader->errors, value);
    fprintf(reader->errors, " is not %s\n", rule);
    return false;
}

/* Writes |sec| with the largest unit that divides it. */
static void format_duration(uint64_t sec, char text[static 32])
{
    static const struct {
        uint64_t sec;
        char unit;
    } units[] = {{86400, 'd'}, {3600, 'h'}, {60, 'm'}};

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        if (sec != 0 && sec % units[i].sec == 0) {
            snprintf(text, 32, "%llu%c", (unsigned long long)(sec / units[i].sec), units[i].unit);
            return;
        }
    }
    snprintf(text, 32, "%llus", (unsigned long long)sec);
}

/* What a value of |spec| is, from its kind and bounds. */
static const char *rule_of(const struct option_spec *spec, char text[static RULE_TEXT_MAX])
{
    char min[32], max[32];
    const char *noun = spec->rule != NULL ? spec->rule : "";
    const char *colon = spec->rule != NULL ? ": " : "";
    size_t len;

    switch (spec->kind) {
    case OPTION_NUMBER:
        snprintf(text, RULE_TEXT_MAX, "%s%sa number from %llu to %llu", noun, colon,
                 (unsigned long long)spec->min, (unsigned long long)spec->max);
        return text;
    case OPTION_DURATION:
        format_duration(spec->min, min);
        format_duration(spec->max, max);
        snprintf(text, RULE_TEXT_MAX, "%s%sa duration from %s to %s, such as 90s, 15m, 1h or 2d",
                 noun, colon, min, max);
        return text;
    case OPTION_CHOICE:
        snprintf(text, RULE_TEXT_MAX, "%s%sone of", noun, colon);
        for (size_t i = 0; spec->choices[i] != NULL; i++) {
            len = strlen(text);
            snprintf(text + len, RULE_TEXT_MAX - len, "%s %s", i > 0 ? "," : "", spec->choices[i]);
        }
        return text;
    case OPTION_FLAG:
        return "true or false";
    case OPTION_TEXT:
    case OPTION_CUSTOM:
    case OPTION_HELP:
    case OPTION_VERSION:
        break;
    }
    return spec->rule;
}

static void *field_of(const struct reader *reader, const struct option_spec *spec)
{
    return (char *)reader->fields + spec->offset;
}

/* Stores |number| in a field of any unsigned width; spec->max fits it. */
static void store_number(const struct reader *reader, const struct option_spec *spec,
                         uint64_t number)
{
    void *field = field_of(reader, spec);

    switch (spec->size) {
    case 1:
        *(uint8_t *)field = (uint8_t)number;
        return;
    case 2:
        memcpy(field, &(uint16_t){(uint16_t)number}, 2);
        return;
    case 4:
        memcpy(field, &(uint32_t){(uint32_t)number}, 4);
        return;
    default:
        assert(spec->size == 8);
        memcpy(field, &number, 8);
        return;
    }
}

static bool read_duration(const struct option_spec *spec, const char *value, uint64_t *ret_sec)
{
    uint64_t sec;

    if (text_parse_duration(value, spec->max, &sec) != ERR_OK || sec < spec->min)
        return false;
    *ret_sec = sec;
    return true;
}

static bool read_choice(const struct option_spec *spec, const char *value, uint64_t *ret_index)
{
    for (size_t i = 0; spec->choices[i] != NULL; i++) {
        if (strcmp(spec->choices[i], value) == 0) {
            *ret_index = i;
            return true;
        }
    }
    return false;
}

static bool read_flag(const char *value, uint64_t *ret)
{
    bool is_true = strcmp(value, "true") == 0 || strcmp(value, "1") == 0;

    if (!is_true && strcmp(value, "false") != 0 && strcmp(value, "0") != 0)
        return false;
    *ret = is_true;
    return true;
}

/* Reads one value, one item when the option is a list. */
static bool read_value(const struct reader *reader, const struct option_spec *spec,
                       const char *value)
{
    char text[RULE_TEXT_MAX];
    const char *rule;
    uint64_t number;
    bool is_read = false;

    switch (spec->kind) {
    case OPTION_TEXT:
        memcpy(field_of(reader, spec), &value, sizeof(value));
        return true;
    case OPTION_CUSTOM:
        rule = spec->read(spec, value, field_of(reader, spec));
        return rule == NULL || complain_of_value(reader, spec, value, rule);
    case OPTION_NUMBER:
        is_read = text_parse_u64(value, strlen(value), spec->min, spec->max, &number) == ERR_OK;
        break;
    case OPTION_DURATION:
        is_read = read_duration(spec, value, &number);
        break;
    case OPTION_CHOICE:
        is_read = read_choice(spec, value, &number);
        break;
    case OPTION_FLAG:
        is_read = read_flag(value, &number);
        break;
    case OPTION_HELP:
    case OPTION_VERSION:
        return true;
    }
    if (!is_read)
        return complain_of_value(reader, spec, value, rule_of(spec, text));
    store_number(reader, spec, number);
    return true;
}

static bool read_list(const struct reader *reader, const struct option_spec *spec,
                      const char *value)
{
    for (const char *item = value;;) {
        char text[OPTION_ITEM_MAX];
        size_t len = strcspn(item, ",");

        if (len == 0)
            return complain_of_value(reader, spec, value, "a list: an item is empty");
        if (len >= sizeof(text))
            return complain_of_value(reader, spec, value, "a list: an item is too long");
        memcpy(text, item, len);
        text[len] = '\0';
        if (!read_value(reader, spec, text))
            return false;
        if (item[len] == '\0')
            return true;
        item += len + 1;
    }
}

/* Reads |value|, which is not empty, as the option |spec| from |source|. */
static bool read_given(const struct reader *reader, const struct option_spec *spec,
                       enum option_source source, const char *env, const char *value)
{
    reader->reading->origins[spec - reader->table->specs] =
        (struct option_origin){.source = source, .env = env, .text = value};
    return spec->is_list ? read_list(reader, spec, value) : read_value(reader, spec, value);
}

/* The option that |arg| names, with its value when that is part of |arg|; or NULL. */
static const struct option_spec *match_option(const struct option_table *table, const char *arg,
                                              const char **ret_value)
{
    bool is_long = arg[1] == '-';
    size_t len = strcspn(arg, "=");

    *ret_value = NULL;
    for (size_t i = 0; i < table->count; i++) {
        const struct option_spec *spec = &table->specs[i];

        if (is_long && strlen(spec->name) == len - 2 &&
            strncmp(spec->name, arg + 2, len - 2) == 0) {
            if (arg[len] == '=')
                *ret_value = arg + len + 1;
            return spec;
        }
        if (!is_long && spec->letter != '\0' && arg[1] == spec->letter && arg[2] == '\0')
            return spec;
    }
    return NULL;
}

static bool takes_value(const struct option_spec *spec)
{
    return spec->kind != OPTION_FLAG && spec->kind != OPTION_HELP && spec->kind != OPTION_VERSION;
}

/* Reads the option in argv[*index], moving on when its value is the next argument. */
static enum option_outcome read_argument(const struct reader *reader, char **argv, int argc,
                                         int *index)
{
    const char *arg = argv[*index];
    const char *value;
    const struct option_spec *spec = match_option(reader->table, arg, &value);

    if (spec == NULL) {
        /* Without what stands behind "=": it may be a secret. */
        fprintf(reader->errors, "%s: %.*s: no such option; see %s --help\n", reader->table->program,
                (int)strcspn(arg, "="), arg, reader->table->program);
        return OPTIONS_BAD;
    }
    if (!takes_value(spec)) {
        if (value != NULL) {
            complain(reader, spec, "takes no value");
            return OPTIONS_BAD;
        }
        if (spec->kind == OPTION_HELP)
            return OPTIONS_HELP;
        if (spec->kind == OPTION_VERSION)
            return OPTIONS_VERSION;
        value = "true";
    } else if (value == NULL) {
        if (*index + 1 >= argc || strncmp(argv[*index + 1], "--", 2) == 0) {
            complain(reader, spec, "needs a value");
            return OPTIONS_BAD;
        }
        value = argv[++*index];
    }
    if (value[0] == '\0') {
        complain(reader, spec, "the value given is empty; leave the option out to unset it");
        return OPTIONS_BAD;
    }
    return read_given(reader, spec, OPTION_COMMAND_LINE, NULL, value) ? OPTIONS_READ : OPTIONS_BAD;
}

static enum option_outcome read_arguments(const struct reader *reader, int argc, char **argv)
{
    struct option_reading *reading = reader->reading;
    bool options_ended = false;

    for (int i = 1; i < argc; i++) {
        enum option_outcome outcome;

        if (!options_ended && strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (!options_ended && argv[i][0] == '-' && argv[i][1] != '\0') {
            outcome = read_argument(reader, argv, argc, &i);
            if (outcome != OPTIONS_READ)
                return outcome;
        } else if (reading->positional_count == OPTION_POSITIONALS_MAX) {
            fprintf(reader->errors, "%s: ", reader->table->program);
            print_quoted(reader->errors, argv[i]);
            fputs(": too many arguments\n", reader->errors);
            return OPTIONS_BAD;
        } else {
            reading->positionals[reading->positional_count++] = argv[i];
        }
    }
    return OPTIONS_READ;
}

/* Environment, then default, of an option that the command line does not give. */
static bool read_fallback(const struct reader *reader, const struct option_spec *spec)
{
    for (size_t i = 0; i < OPTION_ENV_MAX && spec->env[i] != NULL; i++) {
        const char *value = getenv(spec->env[i]);
        if (value != NULL && value[0] != '\0')
            return read_given(reader, spec, OPTION_ENVIRONMENT, spec->env[i], value);
    }
    if (spec->default_text != NULL)
        return read_given(reader, spec, OPTION_DEFAULT, NULL, spec->default_text);
    return true;
}

enum option_outcome option_table_read(const struct option_table *table, int argc, char **argv,
                                      void *fields, struct option_reading *ret_reading,
                                      FILE *errors)
{
    const struct reader reader = {
        .table = table, .reading = ret_reading, .fields = fields, .errors = errors};
    enum option_outcome outcome;

    assert(table->count <= OPTION_COUNT_MAX);
    *ret_reading = (struct option_reading){.positional_count = 0};
    outcome = read_arguments(&reader, argc, argv);
    if (outcome != OPTIONS_READ)
        return outcome;
    for (size_t i = 0; i < table->count; i++) {
        if (ret_reading->origins[i].source == OPTION_UNSET &&
            !read_fallback(&reader, &table->specs[i]))
            return OPTIONS_BAD;
    }
    return OPTIONS_READ;
}

static size_t index_of(const struct option_table *table, const char *name)
{
    size_t i = 0;

    while (i < table->count && strcmp(table->specs[i].name, name) != 0)
        i++;
    assert(i < table->count);
    return i;
}

const struct option_origin *option_origin_of(const struct option_table *table,
                                             const struct option_reading *reading, const char *name)
{
    return &reading->origins[index_of(table, name)];
}

void option_table_verror(const struct option_table *table, const struct option_reading *reading,
                         const char *name, FILE *errors, const char *format, va_list args)
{
    const struct option_spec *spec = &table->specs[index_of(table, name)];
    const struct option_origin *origin = option_origin_of(table, reading, name);
    char label[LABEL_TEXT_MAX];

    fprintf(errors, "%s: %s: ", table->program, label_of(spec, origin, label));
    if (origin->source >= OPTION_ENVIRONMENT && takes_value(spec) && !spec->is_secret) {
        print_quoted(errors, origin->text);
        fputs(": ", errors);
    }
    vfprintf(errors, format, args);
    fputc('\n', errors);
}

void option_table_error(const struct option_table *table, const struct option_reading *reading,
                        const char *name, FILE *errors, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    option_table_verror(table, reading, name, errors, format, args);
    va_end(args);
}
