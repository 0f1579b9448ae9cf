// Kernel exports, as guest programs declare them. gcc's 32-bit ABI passes 64-bit arguments in register
// pairs where the kernel wants one register, so none of these takes one by value.
#pragma once
#include <stdint.h>

void DbgPrint(const char *format, ...);

// interval: 100 ns units, negative is relative.
uint32_t KeDelayExecutionThread(uint32_t mode, uint32_t alertable, const int64_t *interval);
uint32_t KeQueryPerformanceFrequency(void);

uint32_t ExCreateThread(uint32_t *handle, uint32_t stack_size, uint32_t *thread_id, void *api_entry,
                        void *entry, void *argument, uint32_t flags);
uint32_t NtCreateEvent(uint32_t *handle, void *attributes, uint32_t synchronization, uint32_t signaled);
uint32_t NtSetEvent(uint32_t handle, uint32_t *previous);
uint32_t NtWaitForSingleObjectEx(uint32_t handle, uint32_t mode, uint32_t alertable, const int64_t *timeout);
uint32_t NtClose(uint32_t handle);

void *MmAllocatePhysicalMemoryEx(uint32_t type, uint32_t size, uint32_t protect, uint32_t low, uint32_t high,
                                 uint32_t alignment);
uint32_t MmGetPhysicalAddress(void *address);

void VdInitializeEngines(uint32_t unknown, void *callback, void *context, void *pfp, void *me);
void VdSetGraphicsInterruptCallback(void (*callback)(uint32_t source, void *context), void *context);
void VdInitializeRingBuffer(uint32_t physical, uint32_t quadwords_log2);
void VdEnableRingBufferRPtrWriteBack(uint32_t physical, uint32_t block_log2);
// VdSwap, which takes more arguments than gcc's ABI can pass to the kernel (vd_swap.S).
void vd_swap(void *buffer, void *fetch, void *unknown2, void *unknown3, void *unknown4, uint32_t *frontbuffer,
             uint32_t *format, uint32_t *color_space, uint32_t *width, uint32_t *height);
