/* command_line.c — what every command of the tools does with its command line. */
#include "command_line.h"

#include "version.h"

#include <stdlib.h>

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

const char *command_line_read_server(const struct option_spec *spec, const char *value, void *field)
{
    struct transport_addr addr;
    if (transport_addr_parse(value, STUN_PORT, &addr) != ERR_OK)
        return spec->rule;
    struct transport_addr *ret = field;
    *ret = addr;
    return NULL;
}
