/* version.c — says the version that CMake gave the build. */
#include "version.h"

const char *relay_version(void)
{
    return RELAY_VERSION;
}
