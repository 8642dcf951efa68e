# The load configuration: IMAGE_LOAD_CONFIG_DIRECTORY64 of winnt.h, up to GuardEHContinuationCount.
# The linker gives the names with `guard` in them their values. Until the kernel puts its own checks
# in, the check passes everything and the dispatch jumps to where it is told.

# The object was made for control flow guard (0x800) and, on x86, has no exception handlers (1).
        .globl  @feat.00
        .set    @feat.00, 0x800

        .text
        .def    guard_check_passes
        .scl    3
        .type   32
        .endef
        .p2align 4
guard_check_passes:
        retq

        .text
        .def    guard_dispatch_jumps
        .scl    3
        .type   32
        .endef
        .p2align 4
guard_dispatch_jumps:
        jmpq    *%rax

        .section .00cfg,"dr"
        .p2align 3
        .globl  __guard_check_icall_fptr
__guard_check_icall_fptr:
        .quad   guard_check_passes
        .globl  __guard_dispatch_icall_fptr
__guard_dispatch_icall_fptr:
        .quad   guard_dispatch_jumps

        .section .rdata,"dr"
        .p2align 4
        .globl  _load_config_used
_load_config_used:
        .long   load_config_end - _load_config_used
        .long   0               # TimeDateStamp
        .short  0, 0            # MajorVersion, MinorVersion
        .long   0, 0            # GlobalFlagsClear, GlobalFlagsSet
        .long   0               # CriticalSectionDefaultTimeout
        .quad   0, 0            # DeCommitFreeBlockThreshold, DeCommitTotalFreeThreshold
        .quad   0               # LockPrefixTable
        .quad   0, 0            # MaximumAllocationSize, VirtualMemoryThreshold
        .quad   0               # ProcessAffinityMask
        .long   0               # ProcessHeapFlags
        .short  0, 0            # CSDVersion, DependentLoadFlags
        .quad   0               # EditList
        .quad   0               # SecurityCookie
        .quad   0, 0            # SEHandlerTable, SEHandlerCount
        .quad   __guard_check_icall_fptr
        .quad   __guard_dispatch_icall_fptr
        .quad   __guard_fids_table, __guard_fids_count
        .long   __guard_flags
        .short  0, 0            # CodeIntegrity
        .long   0, 0
        .quad   __guard_iat_table, __guard_iat_count
        .quad   __guard_longjmp_table, __guard_longjmp_count
        .quad   0, 0            # DynamicValueRelocTable, CHPEMetadataPointer
        .quad   0, 0            # GuardRFFailureRoutine and a pointer to it
        .long   0               # DynamicValueRelocTableOffset
        .short  0, 0            # DynamicValueRelocTableSection, Reserved2
        .quad   0               # GuardRFVerifyStackPointerFunctionPointer
        .long   0, 0            # HotPatchTableOffset, Reserved3
        .quad   0, 0            # EnclaveConfigurationPointer, VolatileMetadataPointer
        .quad   __guard_eh_cont_table, __guard_eh_cont_count
load_config_end:
