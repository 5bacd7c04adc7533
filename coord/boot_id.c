/* boot_id.c — which boot of the host this is: whose monotonic clock times are of. */
#include "boot_id.h"

#include <stdio.h>
#include <string.h>

void boot_id_read(char ret[static BOOT_ID_MAX])
{
    FILE *file = fopen("/proc/sys/kernel/random/boot_id", "re");
    char *line = file != NULL ? fgets(ret, BOOT_ID_MAX, file) : NULL;

    if (file != NULL)
        (void)fclose(file);
    if (line == NULL)
        (void)snprintf(ret, BOOT_ID_MAX, "unknown");
    ret[strcspn(ret, "\n")] = '\0';
}
