// Functions that the files of the system layer share. They return what Linux's system calls do: a
// result, or an error number below zero.
#pragma once
#include <stddef.h>
#include <stdint.h>
#include "kernel.h"

enum { PAGE = 0x10000, PATH_LENGTH = 512, DESCRIPTORS = 256, PROCESS = 1 };
// 1970 in the console's time, units of 100 ns since 1601.
#define EPOCH 116444736000000000ll

// Open file, which several descriptors may share.
enum kind { KIND_NONE, KIND_TEXT, KIND_NOTHING, KIND_FILE, KIND_DIRECTORY };
struct description {
    enum kind kind;
    uint32_t users, handle, flags;
    int64_t offset;
    // Where it was opened, for what is opened relative to it.
    char *path;
    // Of a directory: what was read and had no room yet, and whether the listing begins anew.
    struct directory_entry *entry;
    int restart;
    struct critical_section lock;
};

// descriptors.c
void begin_descriptors(void);
struct description *use_descriptor(int fd);
void end_use(struct description *description);
long install(struct description *description, int lowest, int close_on_exec);
struct description *new_description(enum kind kind);
long close_descriptor(int fd);
long duplicate(int fd, int to, int exact, int close_on_exec);
long control(int fd, int command, long argument);

// status.c: a kernel status as an error number below zero, or 0
long error_of(status_t status);

// paths.c
int begins_here(const char *path);
long absolute(int folder, const char *path, char to[PATH_LENGTH]);
long console_path(const char *path, char to[PATH_LENGTH]);
long change_folder(const char *path);
long current_folder(char *to, uint32_t size);
void set_folder(const char *path);

// redirection.c
void begin_redirection(void);

// open.c
long open_handle(const char *path, uint32_t access, uint32_t disposition, uint32_t options, uint32_t *handle);
long open_path(int folder, const char *path, int flags, uint32_t mode);

// transfers.c
long read_parts(int fd, const void *parts, int count, int64_t offset);
long write_parts(int fd, const void *parts, int count, int64_t offset);
long seek(int fd, int64_t offset, int from, int64_t *result);
long resize(int fd, int64_t size);
long resize_path(const char *path, int64_t size);
long flush(int fd);

// text.c
void write_text(const char *text, uint32_t length);

// attributes.c
long state_of(int folder, const char *path, int flags, void *state);
long check_access(int folder, const char *path, int mode);
long change_mode(int folder, const char *path, uint32_t mode);
long change_times(int folder, const char *path, const int64_t *times, int are_seconds_only);
long volume_state(const char *path, int fd, void *statfs);
long file_size(uint32_t handle, int64_t *size);

// names.c
long remove_name(int folder, const char *path, int is_directory);
long rename_path(int from_folder, const char *from, int to_folder, const char *to);
long make_directory(int folder, const char *path);

// directories.c
long read_directory(int fd, void *to, uint32_t size);

// memory.c
void *take_memory(uint32_t size);
long map_memory(uint32_t address, uint32_t length, int protection, int flags, int fd, int64_t offset);
long unmap_memory(uint32_t address, uint32_t length);
long protect_memory(uint32_t address, uint32_t length, int protection);

// waiting.c
void begin_waiting(void);
long futex(volatile int *word, int operation, int value, const void *timeout, int has_long_time, volatile int *other);
void wake(volatile int *word, int count);

// threads.c
// Signals that a thread blocks, and those that were sent to it and wait.
struct thread_signals {
    uint32_t blocked[2], waiting[2];
};
void begin_threads(void);
long thread_id(void);
struct thread_signals *own_signals(void);
long set_cleared_word(volatile int *word);
_Noreturn void end_thread(void);

// time.c
long read_clock(int clock, void *to, int is_long);
long wait_until(int clock, int flags, const void *time, int is_long);
long pass_time(const void *time, int is_long, int in_units);
int64_t system_time(void);

// signals.c
long set_action(int signal, const void *action, void *old);
long set_mask(int how, const uint32_t *mask, uint32_t *old);
long pending_signals(uint32_t *set, uint32_t size);
long send_signal(int signal, int to_title);

// process.c
_Noreturn void end_title(int code);
long name_system(void *utsname);
long describe_system(void *sysinfo);
