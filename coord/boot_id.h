/* boot_id.h — which boot of the host this is: whose monotonic clock times are of. */
#ifndef RELAY_BOOT_ID_H
#define RELAY_BOOT_ID_H

enum { BOOT_ID_MAX = 40 };

/* boot_id_read writes the kernel's boot id, zero-terminated; "unknown" where it tells none. */
void boot_id_read(char ret[static BOOT_ID_MAX]);

#endif
