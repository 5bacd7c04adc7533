/* command_line.c — what every command of the tools does with its command line. */
#include "command_line.h"

#include "version.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { STUN_PORT = 3478 }; /* RFC 8489 §8 */

bool command_line_read_arguments(const struct option_table *table, int argc, char **argv,
                                 void *fields, struct option_reading *ret_reading, int *ret_exit)
{
    switch (option_table_read(table, argc, argv, fields, ret_reading, stderr)) {
    case OPTIONS_READ:
        break;
    case OPTIONS_HELP:
        option_table_help(table, stdout);
        *ret_exit = EXIT_SUCCESS;
        return false;
    case OPTIONS_VERSION:
        printf("%s %s\n", table->program, relay_version());
        *ret_exit = EXIT_SUCCESS;
        return false;
    case OPTIONS_BAD:
        *ret_exit = EXIT_USAGE;
        return false;
    }
    return true;
}

bool command_line_read(const struct option_table *table, int argc, char **argv, void *fields,
                       struct option_reading *ret_reading, int *ret_exit)
{
    if (!command_line_read_arguments(table, argc, argv, fields, ret_reading, ret_exit))
        return false;
    if (ret_reading->positional_count > 0) {
        fprintf(stderr, "%s: \"%s\": there are no arguments but options; see %s --help\n",
                table->program, ret_reading->positionals[0], table->program);
        *ret_exit = EXIT_USAGE;
        return false;
    }
    return true;
}

int command_line_end(const char *program, int code)
{
    errno = 0;
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return code;
    /* The error may be an earlier one, whose reason is gone. */
    fprintf(stderr, "%s: not all could be written to standard output%s%s\n", program,
            errno != 0 ? ": " : "", errno != 0 ? strerror(errno) : "");
    return EXIT_FAILURE;
}

const char *command_line_read_server(const struct option_spec *spec, const char *value, void *field)
{
    struct transport_addr addr;
    if (transport_addr_parse(value, STUN_PORT, &addr) != ERR_OK)
        return spec->rule;
    struct transport_addr *ret = field;
    *ret = addr;
    return NULL;
}
