/* process_usage.c — processor time and memory of a process with its descendants. */
#include "process_usage.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH_LEN = 96, TEXT_LEN = 4096, DEPTH_MAX = 8 };

/* Reads the file as text. False when it is not there, or empty. */
static bool read_text(const char *path, char text[static TEXT_LEN])
{
    FILE *file = fopen(path, "re");
    if (!file)
        return false;
    size_t len = fread(text, 1, TEXT_LEN - 1, file);
    fclose(file);
    text[len] = '\0';
    return len > 0;
}

static void add_thread(const char *pid, const char *thread, struct process_usage *usage)
{
    char path[PATH_LEN], text[TEXT_LEN];
    uint64_t running;
    snprintf(path, sizeof path, "/proc/%.16s/task/%.16s/schedstat", pid, thread);
    /* Time on a processor, time waiting for one, number of slices. */
    if (read_text(path, text) && sscanf(text, "%" SCNu64, &running) == 1)
        usage->cpu_nsec += running;
}

static bool add_process(const char *pid, unsigned depth, struct process_usage *usage);

static void add_children(const char *pid, const char *thread, unsigned depth,
                         struct process_usage *usage)
{
    char path[PATH_LEN], text[TEXT_LEN], *rest = NULL;
    snprintf(path, sizeof path, "/proc/%.16s/task/%.16s/children", pid, thread);
    if (!read_text(path, text))
        return;
    for (char *child = strtok_r(text, " \n", &rest); child; child = strtok_r(NULL, " \n", &rest))
        (void)add_process(child, depth + 1, usage);
}

static void add_memory(const char *pid, struct process_usage *usage)
{
    char path[PATH_LEN], text[TEXT_LEN];
    uint64_t total, resident;
    snprintf(path, sizeof path, "/proc/%.16s/statm", pid);
    if (read_text(path, text) && sscanf(text, "%" SCNu64 " %" SCNu64, &total, &resident) == 2)
        usage->resident_bytes += resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static bool add_process(const char *pid, unsigned depth, struct process_usage *usage)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%.16s/task", pid);
    DIR *tasks = depth < DEPTH_MAX ? opendir(path) : NULL;
    if (!tasks)
        return false;
    usage->processes++;
    add_memory(pid, usage);
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        add_thread(pid, task->d_name, usage);
        add_children(pid, task->d_name, depth, usage);
    }
    closedir(tasks);
    return true;
}

enum err process_usage_read(pid_t pid, struct process_usage *ret)
{
    char text[16];
    *ret = (struct process_usage){0};
    snprintf(text, sizeof text, "%d", (int)pid);
    return add_process(text, 0, ret) ? ERR_OK : ERR_NOT_FOUND;
}
