// The kernel's functions that the system layer is made of, as C can call them. Those with more than
// eight arguments, and those with an argument of 64 bits, which gcc's ABI passes elsewhere than the
// kernel takes it, are in kernel_calls.S.
#pragma once
#include <stdint.h>

typedef uint32_t status_t;

#define STATUS_TIMEOUT 0x102u
#define STATUS_NO_MORE_FILES 0x80000006u
#define STATUS_NO_SUCH_FILE 0xC000000Fu
#define STATUS_END_OF_FILE 0xC0000011u
#define STATUS_DELETE_PENDING 0xC0000056u

static inline int failed(status_t status) { return status >> 31; }

// ANSI_STRING, OBJECT_ATTRIBUTES, IO_STATUS_BLOCK
struct ansi_string {
    uint16_t length, room;
    const char *text;
};
struct object_attributes {
    uint32_t root;
    struct ansi_string *name;
    uint32_t flags;
};
struct io_status {
    status_t status;
    uint32_t information;
};

// FILE_NETWORK_OPEN_INFORMATION
struct network_open {
    int64_t created, accessed, written, changed, allocation, size;
    uint32_t attributes, pad;
};
// FILE_BASIC_INFORMATION
struct basic_information {
    int64_t created, accessed, written, changed;
    uint32_t attributes, pad;
};
// FILE_DIRECTORY_INFORMATION
struct directory_entry {
    uint32_t next, index;
    int64_t created, accessed, written, changed, size, allocation;
    uint32_t attributes, name_length;
    char name[256];
};
// FILE_RENAME_INFORMATION
struct rename_information {
    uint8_t replace, unused[3];
    uint32_t root;
    struct ansi_string name;
};
// FILE_FS_SIZE_INFORMATION
struct volume_size {
    int64_t total_units, free_units;
    uint32_t sectors_per_unit, bytes_per_sector;
};
// MEMORY_BASIC_INFORMATION
struct memory_information {
    uint32_t base, allocation_base, allocation_protect, size, state, protect, kind;
};
// RTL_CRITICAL_SECTION
struct critical_section {
    uint32_t words[7];
};

enum { ACCESS_READ_ATTRIBUTES = 0x80, ACCESS_WRITE_ATTRIBUTES = 0x100, ACCESS_LIST = 1, ACCESS_DELETE = 0x10000 };
#define ACCESS_SYNCHRONIZE 0x100000u
#define ACCESS_GENERIC_WRITE 0x40000000u
#define ACCESS_GENERIC_READ 0x80000000u
enum { DISPOSITION_OPEN = 1, DISPOSITION_CREATE, DISPOSITION_OPEN_IF, DISPOSITION_OVERWRITE, DISPOSITION_OVERWRITE_IF };
enum { OPTION_DIRECTORY = 1, OPTION_SYNCHRONOUS = 0x20, OPTION_NO_DIRECTORY = 0x40 };
enum { SHARE_ALL = 7, ATTRIBUTE_READ_ONLY = 1, ATTRIBUTE_DIRECTORY = 0x10, ATTRIBUTE_NORMAL = 0x80 };
enum { CASE_INSENSITIVE = 0x40 };
enum {
    CLASS_BASIC = 4,
    CLASS_INTERNAL = 6,
    CLASS_RENAME = 10,
    CLASS_DISPOSITION = 13,
    CLASS_END_OF_FILE = 20,
    CLASS_NETWORK_OPEN = 34,
};
enum { VOLUME_SIZE = 3 };
enum { MEM_COMMIT = 0x1000, MEM_RESERVE = 0x2000, MEM_DECOMMIT = 0x4000, MEM_RELEASE = 0x8000, MEM_FREE = 0x10000 };
enum { PAGE_NOACCESS = 1, PAGE_READONLY = 2, PAGE_READWRITE = 4 };

extern const char *const ExLoadedCommandLine;

status_t DbgPrint(const char *format, ...);
_Noreturn void ExTerminateThread(uint32_t code);
_Noreturn void ExTerminateTitleProcess(uint32_t code);
status_t ExCreateThread(uint32_t *handle, uint32_t stack_size, uint32_t *id, void *startup, void *start,
                        void *context, uint32_t flags);
void KeQuerySystemTime(int64_t *time);
uint32_t KeDelayExecutionThread(uint32_t mode, uint32_t alertable, const int64_t *interval);
uint32_t KeTlsAlloc(void);
void *KeTlsGetValue(uint32_t index);
uint32_t KeTlsSetValue(uint32_t index, void *value);
status_t NtAllocateVirtualMemory(uint32_t *base, uint32_t *size, uint32_t kind, uint32_t protect, uint32_t debug);
status_t NtFreeVirtualMemory(uint32_t *base, uint32_t *size, uint32_t kind, uint32_t debug);
status_t NtProtectVirtualMemory(uint32_t *base, uint32_t *size, uint32_t protect, uint32_t *old, uint32_t debug);
status_t NtQueryVirtualMemory(uint32_t address, struct memory_information *information, uint32_t kind);
status_t NtClose(uint32_t handle);
status_t NtCreateEvent(uint32_t *handle, void *attributes, uint32_t kind, uint32_t signalled);
status_t NtSetEvent(uint32_t handle, uint32_t *previous);
status_t NtWaitForSingleObjectEx(uint32_t handle, uint32_t mode, uint32_t alertable, const int64_t *timeout);
status_t NtReadFile(uint32_t file, uint32_t event, void *routine, void *context, struct io_status *status, void *to,
                    uint32_t length, const int64_t *offset);
status_t NtWriteFile(uint32_t file, uint32_t event, void *routine, void *context, struct io_status *status,
                     const void *from, uint32_t length, const int64_t *offset);
status_t NtFlushBuffersFile(uint32_t file, struct io_status *status);
status_t NtQueryInformationFile(uint32_t file, struct io_status *status, void *to, uint32_t length, uint32_t kind);
status_t NtSetInformationFile(uint32_t file, struct io_status *status, const void *from, uint32_t length,
                              uint32_t kind);
status_t NtQueryVolumeInformationFile(uint32_t file, struct io_status *status, void *to, uint32_t length,
                                      uint32_t kind);
status_t NtYieldExecution(void);
void RtlInitializeCriticalSection(struct critical_section *section);
void RtlEnterCriticalSection(struct critical_section *section);
void RtlLeaveCriticalSection(struct critical_section *section);

// NtCreateFile and NtQueryDirectoryFile
status_t create_file(uint32_t *handle, uint32_t access, struct object_attributes *attributes, struct io_status *status,
                     const int64_t *allocation, uint32_t file_attributes, uint32_t share, uint32_t disposition,
                     uint32_t options);
status_t query_directory(uint32_t file, uint32_t event, void *routine, void *context, struct io_status *status,
                         void *to, uint32_t length, struct ansi_string *pattern, uint32_t restart);
