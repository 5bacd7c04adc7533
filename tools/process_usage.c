/* process_usage.c — processor time and memory of a process with its descendants. */
#include "process_usage.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PATH_LEN = 96, TEXT_LEN = 4096, PROCESSES_MAX = 512 };

/* Processes that are to be looked at, each before its children. */
struct family {
    pid_t pids[PROCESSES_MAX];
    unsigned count;
};

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

/* The number at |*at|, which moves behind it; 0 when there is none. */
static uint64_t next_number(char **at)
{
    return strtoull(*at, at, 10);
}

static void add_thread(pid_t pid, const char *thread, struct process_usage *usage)
{
    char path[PATH_LEN], text[TEXT_LEN], *at = text;
    snprintf(path, sizeof path, "/proc/%d/task/%.16s/schedstat", (int)pid, thread);
    /* Time on a processor, time waiting for one, number of slices. */
    if (read_text(path, text))
        usage->cpu_nsec += next_number(&at);
}

static void add_children(pid_t pid, const char *thread, struct family *family)
{
    char path[PATH_LEN], text[TEXT_LEN], *at = text;
    snprintf(path, sizeof path, "/proc/%d/task/%.16s/children", (int)pid, thread);
    if (!read_text(path, text))
        return;
    for (uint64_t child; family->count < PROCESSES_MAX && (child = next_number(&at)) != 0;)
        family->pids[family->count++] = (pid_t)child;
}

static void add_memory(pid_t pid, struct process_usage *usage)
{
    char path[PATH_LEN], text[TEXT_LEN], *at = text;
    snprintf(path, sizeof path, "/proc/%d/statm", (int)pid);
    if (!read_text(path, text))
        return;
    (void)next_number(&at); /* virtual */
    usage->resident_bytes += next_number(&at) * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void add_process(pid_t pid, struct family *family, struct process_usage *usage)
{
    char path[PATH_LEN];
    snprintf(path, sizeof path, "/proc/%d/task", (int)pid);
    DIR *tasks = opendir(path);
    if (!tasks)
        return;
    usage->processes++;
    add_memory(pid, usage);
    for (const struct dirent *task; (task = readdir(tasks));) {
        if (task->d_name[0] == '.')
            continue;
        add_thread(pid, task->d_name, usage);
        add_children(pid, task->d_name, family);
    }
    closedir(tasks);
}

enum err process_usage_read(pid_t pid, struct process_usage *ret)
{
    struct family family = {.pids = {pid}, .count = 1};
    *ret = (struct process_usage){0};
    for (unsigned i = 0; i < family.count; i++)
        add_process(family.pids[i], &family, ret);
    return ret->processes > 0 ? ERR_OK : ERR_NOT_FOUND;
}
