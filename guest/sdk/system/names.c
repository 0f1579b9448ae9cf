// Removing, renaming, making folders.
#include <errno.h>
#include <string.h>
#include "system.h"

static long open_to_change(const char *full, uint32_t options, uint32_t *handle) {
    return open_handle(full, ACCESS_DELETE | ACCESS_SYNCHRONIZE, DISPOSITION_OPEN, options, handle);
}

// The file goes with its last handle; until then nobody can open it.
long remove_name(int folder, const char *path, int is_directory) {
    char full[PATH_LENGTH];
    uint32_t handle;
    struct io_status status;
    uint8_t yes = 1;
    long error = absolute(folder, path, full);
    if (!error) error = open_to_change(full, is_directory ? OPTION_DIRECTORY : OPTION_NO_DIRECTORY, &handle);
    if (error) return error;
    error = error_of(NtSetInformationFile(handle, &status, &yes, sizeof yes, CLASS_DISPOSITION));
    NtClose(handle);
    return error;
}

long rename_path(int from_folder, const char *from, int to_folder, const char *to) {
    char full[PATH_LENGTH], target[PATH_LENGTH], name[PATH_LENGTH];
    uint32_t handle;
    struct io_status status;
    long error = absolute(from_folder, from, full);
    if (!error) error = absolute(to_folder, to, target);
    if (!error) error = console_path(target, name);
    if (!error) error = open_to_change(full, 0, &handle);
    if (error) return error;
    struct rename_information information = {1, {0}, 0, {strlen(name), strlen(name) + 1, name}};
    error = error_of(NtSetInformationFile(handle, &status, &information, sizeof information, CLASS_RENAME));
    NtClose(handle);
    return error;
}

long make_directory(int folder, const char *path) {
    char full[PATH_LENGTH];
    uint32_t handle;
    long error = absolute(folder, path, full);
    if (!error)
        error = open_handle(full, ACCESS_LIST | ACCESS_SYNCHRONIZE, DISPOSITION_CREATE, OPTION_DIRECTORY, &handle);
    if (!error) NtClose(handle);
    return error;
}
