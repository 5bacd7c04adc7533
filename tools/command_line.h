/* command_line.h — what every command of the tools does with its command line. */
#ifndef RELAY_COMMAND_LINE_H
#define RELAY_COMMAND_LINE_H

#include "option_table.h"
#include "transport_addr.h"

#include <stdbool.h>

enum { EXIT_USAGE = 2 };

/* The options that every command has, for the end of its table. */
#define COMMAND_LINE_COMMON_OPTIONS                                                                \
    {                                                                                              \
        .name = "help",                                                                            \
        .letter = 'h',                                                                             \
        .kind = OPTION_HELP,                                                                       \
        .help = "Print this help",                                                                 \
    },                                                                                             \
    {                                                                                              \
        .name = "version", .kind = OPTION_VERSION, .help = "Print the version",                    \
    }

/*
 * command_line_read reads a command line without positional arguments into
 * |fields|. True when the command goes on. False when it is over: help or version were
 * printed, or a mistake on standard error; |ret_exit| is the exit code then.
 */
bool command_line_read(const struct option_table *table, int argc, char **argv, void *fields,
                       struct option_reading *ret_reading, int *ret_exit);

/* command_line_read_arguments is the same for a command with positional arguments, which it leaves
 * to the caller. */
bool command_line_read_arguments(const struct option_table *table, int argc, char **argv,
                                 void *fields, struct option_reading *ret_reading, int *ret_exit);

/* command_line_end writes out what standard output still holds, and gives the exit code: |code|, or
 * 1 with a line on standard error when not all of it could be written. */
int command_line_end(const char *program, int code);

/* command_line_read_server is the |read| of an option that is a server's address, port 3478
 * unless given; the field is a struct transport_addr. */
#define COMMAND_LINE_SERVER_RULE                                                                   \
    "an IP address with or without a port, such as 192.0.2.1 or [2001:db8::1]:3478"
const char *command_line_read_server(const struct option_spec *spec, const char *value,
                                     void *field);

#endif
