/* client_argument.c — the client that a command line names. */
#include "client_argument.h"

#include "record.h"

#include <stdio.h>

bool client_argument_read_any(const char *text, struct transport_addr *ret)
{
    return record_addr_read(bytes_of_text(text), ret) == ERR_OK;
}

bool client_argument_read(const char *program, const char *text, struct transport_addr *ret)
{
    if (client_argument_read_any(text, ret) && ret->port != 0)
        return true;
    fprintf(stderr,
            "%s: \"%s\" is no client: an IP address with a port, such as 192.0.2.1:4000 or "
            "[2001:db8::1]:4000\n",
            program, text);
    return false;
}
