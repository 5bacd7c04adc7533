/* option_table.h — command-line options and environment variables, declared once as a table.
 *
 * The table is the only place where an option exists: reading argv and the
 * environment, the defaults and --help all come from it. Precedence: option,
 * environment, default. An empty variable counts as unset; an option given
 * empty is an error. An option given twice counts the second time, unless it
 * is a list.
 *
 * Written as --name=VALUE, --name VALUE or -x VALUE. A VALUE that begins with
 * "--" needs the first form. Names are not abbreviated. "--" ends the options.
 * What is no option is a positional argument, wherever it stands: commands are
 * the caller's business.
 */
#ifndef RELAY_OPTION_TABLE_H
#define RELAY_OPTION_TABLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum {
    OPTION_ENV_MAX = 3,         /* variables of one option */
    OPTION_COUNT_MAX = 64,      /* options of one table */
    OPTION_POSITIONALS_MAX = 8, /* positional arguments of one command line */
    OPTION_ITEM_MAX = 512,      /* bytes of one item of a list, with its zero */
};

/* How the text of a value becomes a field of the caller's struct. */
enum option_kind {
    OPTION_FLAG,     /* bool; no argument on the command line, true or false in the environment */
    OPTION_TEXT,     /* const char *: the very text of argv, environment or table */
    OPTION_NUMBER,   /* unsigned, 1, 2, 4 or 8 bytes; min <= value <= max */
    OPTION_DURATION, /* as NUMBER, in seconds, written 90, 90s, 15m, 1h, 2d */
    OPTION_CHOICE,   /* unsigned or enum: the index in |choices| */
    OPTION_CUSTOM,   /* whatever |read| makes of it */
    OPTION_HELP,     /* no field: parsing ends with OPTIONS_HELP */
    OPTION_VERSION,  /* no field: parsing ends with OPTIONS_VERSION */
};

struct option_spec {
    const char *name; /* "lowest-port" */
    char letter;      /* one-letter form, 0 for none */
    enum option_kind kind;
    const char *argument;            /* "PORT", for --help; NULL with FLAG, HELP, VERSION */
    const char *env[OPTION_ENV_MAX]; /* variables; the first that is set and not empty counts */
    const char *default_text;        /* read like a given value; NULL leaves the field as it is */
    const char *default_shown;       /* for --help, when the default is no plain text */
    const char *help;                /* one line */
    /* What a value is, for "--name: "value" is not …". NUMBER, DURATION and CHOICE make it
     * from their bounds; given, it stands in front: "a port" gives "a port: a number from …". */
    const char *rule;
    uint64_t min, max;          /* NUMBER, DURATION: both inclusive */
    const char *const *choices; /* CHOICE: NULL-terminated names */
    /* CUSTOM: reads |value| into |field|. NULL on success, else what the value is not, mostly
     * spec->rule. In a list it is called for each item, in order, and |value| is valid during
     * the call only. */
    const char *(*read)(const struct option_spec *spec, const char *value, void *field);
    size_t offset, size; /* of the field: OPTION_FIELD */
    bool is_list;        /* CUSTOM: may be given several times and takes commas */
    bool is_secret;      /* the value is never printed */
};

/* The field |member| of |type|, for a designated initialiser of struct option_spec. */
#define OPTION_FIELD(type, member)                                                                 \
    .offset = offsetof(type, member), .size = sizeof(((type *)0)->member)

struct option_table {
    const char *program; /* begins every error line */
    const char *intro;   /* the text of --help above the options */
    const struct option_spec *specs;
    size_t count;      /* at most OPTION_COUNT_MAX */
    const char *outro; /* the text of --help after the environment variables; NULL for none */
};

/* Where the value of an option came from. */
enum option_source { OPTION_UNSET, OPTION_DEFAULT, OPTION_ENVIRONMENT, OPTION_COMMAND_LINE };

struct option_origin {
    enum option_source source;
    const char *env;  /* the variable, with ENVIRONMENT */
    const char *text; /* as given: the last one of a list; NULL when unset */
};

/* A command line that has been read. The texts are those of argv, environment and table. */
struct option_reading {
    struct option_origin origins[OPTION_COUNT_MAX]; /* in the order of the table */
    const char *positionals[OPTION_POSITIONALS_MAX];
    size_t positional_count;
};

enum option_outcome {
    OPTIONS_READ,    /* every field is filled */
    OPTIONS_HELP,    /* --help was met before any mistake: print option_table_help, exit 0 */
    OPTIONS_VERSION, /* the same with --version */
    OPTIONS_BAD,     /* one line on |errors| names option, value and rule: exit 2 */
};

/*
 * option_table_read reads |argv| (|argc| entries, the first of which is the
 * program or command and is skipped) and the environment.
 *
 * |fields|  the caller's struct that the offsets of the table mean; fields
 *           without a default keep their value unless given. Undefined unless
 *           the outcome is OPTIONS_READ.
 *
 *     relay: --lowest-port: "99999" is not a port: a number from 1 to 65535
 *     relay: LOWEST_PORT: "99999" is not a port: a number from 1 to 65535
 *     relay: --lowest-prot: no such option; see relay --help
 *     relay: --realm: needs a value
 */
enum option_outcome option_table_read(const struct option_table *table, int argc, char **argv,
                                      void *fields, struct option_reading *ret_reading,
                                      FILE *errors);

/* option_origin_of returns where the option |name| got its value. |name| must exist. */
const struct option_origin *option_origin_of(const struct option_table *table,
                                             const struct option_reading *reading,
                                             const char *name);

/*
 * option_table_error prints one line about the value of option |name|, for
 * checks across options: the program, the option (or the variable it came from),
 * its value unless it is unset, a default or a secret, then the message.
 *
 *     relay: --lowest-port: "60000": it is above --highest-port, which is 50000
 */
void option_table_error(const struct option_table *table, const struct option_reading *reading,
                        const char *name, FILE *errors, const char *format, ...)
    __attribute__((format(printf, 5, 6)));
void option_table_verror(const struct option_table *table, const struct option_reading *reading,
                         const char *name, FILE *errors, const char *format, va_list args)
    __attribute__((format(printf, 5, 0)));

/* option_table_help prints the intro, the options with their defaults, then the
 * environment variables. Values in use are not shown, so no secret is. */
void option_table_help(const struct option_table *table, FILE *out);

#endif
