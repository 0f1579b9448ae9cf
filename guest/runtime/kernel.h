// Kernel exports, as guest programs declare them. gcc's 32-bit ABI passes 64-bit arguments in
// register pairs where the kernel wants one register, so none of these takes one by value.
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

uint32_t NtDuplicateObject(uint32_t handle, uint32_t *copy, uint32_t options);
uint32_t NtQueueApcThread(uint32_t thread, void *routine, uint32_t context, uint32_t arg1, uint32_t arg2);
uint32_t KeWaitForSingleObject(void *object, uint32_t reason, uint32_t mode, uint32_t alertable,
                               const int64_t *timeout);
uint32_t NtCreateIoCompletion(uint32_t *handle, uint32_t access, void *attributes, uint32_t threads);
uint32_t NtSetIoCompletion(uint32_t port, uint32_t key, uint32_t context, uint32_t status,
                           uint32_t information);
void KeInitializeDpc(void *dpc, void *routine, uint32_t context);
uint32_t KeInsertQueueDpc(void *dpc, uint32_t arg1, uint32_t arg2);
void KeInitializeTimerEx(void *timer, uint32_t kind);
// The due time is one 64-bit register: a constant that fits 32 bits arrives sign-extended.
uint32_t KeSetTimer(void *timer, int32_t due, void *dpc);
uint32_t KeSetTimerEx(void *timer, int32_t due, uint32_t period_ms, void *dpc);

void ExFreePool(void *block);
void RtlFillMemoryUlong(void *memory, uint32_t length, uint32_t word);
uint32_t NtAllocateVirtualMemory(void **base, uint32_t *size, uint32_t kind, uint32_t protect, uint32_t debug);
uint32_t NtFreeVirtualMemory(void **base, uint32_t *size, uint32_t kind, uint32_t debug);

// NtCreateFile, whose ninth argument gcc's ABI has elsewhere (hostile/create_file.S).
uint32_t create_file(uint32_t *handle, uint32_t access, void *attributes, void *status, void *allocation,
                     uint32_t file_attributes, uint32_t share, uint32_t disposition, uint32_t options);
uint32_t NtSetInformationFile(uint32_t file, void *status, const void *information, uint32_t length,
                              uint32_t kind);

void VdInitializeEngines(uint32_t unknown, void *callback, void *context, void *pfp, void *me);
void VdSetGraphicsInterruptCallback(void (*callback)(uint32_t source, void *context), void *context);
void VdInitializeRingBuffer(uint32_t physical, uint32_t quadwords_log2);
void VdEnableRingBufferRPtrWriteBack(uint32_t physical, uint32_t block_log2);
// VdSwap, which takes more arguments than gcc's ABI can pass to the kernel (vd_swap.S).
void vd_swap(void *buffer, void *fetch, void *unknown2, void *unknown3, void *unknown4, uint32_t *frontbuffer,
             uint32_t *format, uint32_t *color_space, uint32_t *width, uint32_t *height);
