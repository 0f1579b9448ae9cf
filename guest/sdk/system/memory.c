// Memory in pieces of 64 KiB, the kernel's granule, which is what the C library is told a page has.
#define _GNU_SOURCE
#include <errno.h>
#include <sys/mman.h>
#include <sys/uio.h>
#include "system.h"

static uint32_t protection_of(int protection) {
    if (protection & PROT_WRITE) return PAGE_READWRITE;
    return protection & PROT_READ ? PAGE_READONLY : PAGE_NOACCESS;
}

void *take_memory(uint32_t size) {
    uint32_t base = 0;
    if (failed(NtAllocateVirtualMemory(&base, &size, MEM_COMMIT | MEM_RESERVE, PAGE_READWRITE, 0))) return 0;
    return (void *)base;
}

// A private mapping of a file is a copy of it. Shared ones there are none.
long map_memory(uint32_t address, uint32_t length, int protection, int flags, int fd, int64_t offset) {
    int is_file = !(flags & MAP_ANONYMOUS);
    if (!length) return -EINVAL;
    if (flags & MAP_FIXED || (is_file && flags & MAP_SHARED)) return -ENODEV;
    (void)address;
    uint32_t base = 0, size = length;
    uint32_t protect = is_file ? PAGE_READWRITE : protection_of(protection);
    // Memory without any rights is not committed yet.
    uint32_t kind = protect == PAGE_NOACCESS ? MEM_RESERVE : MEM_RESERVE | MEM_COMMIT;
    if (protect == PAGE_NOACCESS) protect = PAGE_READWRITE;
    long error = error_of(NtAllocateVirtualMemory(&base, &size, kind, protect, 0));
    if (error) return error;
    if (is_file) {
        struct iovec part = {(void *)base, length};
        error = read_parts(fd, &part, 1, offset);
        if (error >= 0 && protection_of(protection) != PAGE_READWRITE) error = protect_memory(base, length, protection);
        if (error < 0) {
            unmap_memory(base, length);
            return error;
        }
    }
    return (long)base;
}

// The end of what was taken at once gives its addresses back; a part of it, only its memory.
long unmap_memory(uint32_t address, uint32_t length) {
    struct memory_information facts;
    uint32_t base = address, size = 0;
    length = (length + PAGE - 1) & ~(uint32_t)(PAGE - 1);
    if (address & (PAGE - 1) || !length) return -EINVAL;
    long error = error_of(NtQueryVirtualMemory(address, &facts, 0));
    if (error) return error;
    if (facts.state == MEM_FREE) return 0;
    uint32_t end = address;
    // Pieces of different rights are regions of their own.
    while (end - address < length) {
        struct memory_information piece;
        if (failed(NtQueryVirtualMemory(end, &piece, 0)) || piece.state == MEM_FREE ||
            piece.allocation_base != facts.allocation_base)
            break;
        end = piece.base + piece.size;
    }
    struct memory_information next;
    int goes_on = end - address > length || (!failed(NtQueryVirtualMemory(address + length, &next, 0)) &&
                                             next.state != MEM_FREE && next.allocation_base == facts.allocation_base);
    if (facts.allocation_base == address && !goes_on)
        return error_of(NtFreeVirtualMemory(&base, &size, MEM_RELEASE, 0));
    size = length;
    return error_of(NtFreeVirtualMemory(&base, &size, MEM_DECOMMIT, 0));
}

long protect_memory(uint32_t address, uint32_t length, int protection) {
    uint32_t base = address, size = length, protect = protection_of(protection), old;
    if (protect == PAGE_NOACCESS) return error_of(NtProtectVirtualMemory(&base, &size, protect, &old, 0));
    // Reserved memory is committed; committed memory keeps its contents.
    long error = error_of(NtAllocateVirtualMemory(&base, &size, MEM_COMMIT, protect, 0));
    if (error) return error;
    base = address, size = length;
    return error_of(NtProtectVirtualMemory(&base, &size, protect, &old, 0));
}
