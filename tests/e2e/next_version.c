/* next_version.c — says that a relay is of the version after this one: for upgrades in tests. */
#include "version.h"

const char *relay_version(void)
{
    return RELAY_NEXT_VERSION;
}
