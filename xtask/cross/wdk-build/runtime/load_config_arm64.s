// The load configuration: IMAGE_LOAD_CONFIG_DIRECTORY64 of winnt.h, up to GuardEHContinuationCount.
// The linker gives the names with `guard` in them their values. Until the kernel puts its own checks
// in, the check passes everything and the dispatch jumps to where it is told.

// The object was made for control flow guard (0x800) and, on x86, has no exception handlers (1).
        .globl  @feat.00
        .set    @feat.00, 0x800

        .text
        .def    guard_check_passes
        .scl    3
        .type   32
        .endef
        .p2align 4
guard_check_passes:
        ret

        .text
        .def    guard_dispatch_jumps
        .scl    3
        .type   32
        .endef
        .p2align 4
guard_dispatch_jumps:
        br      x9

        .section .00cfg,"dr"
        .p2align 3
        .globl  __guard_check_icall_fptr
__guard_check_icall_fptr:
        .xword   guard_check_passes
        .globl  __guard_dispatch_icall_fptr
__guard_dispatch_icall_fptr:
        .xword   guard_dispatch_jumps

        .section .rdata,"dr"
        .p2align 4
        .globl  _load_config_used
_load_config_used:
        .word   load_config_end - _load_config_used
        .word   0               // TimeDateStamp
        .hword  0, 0            // MajorVersion, MinorVersion
        .word   0, 0            // GlobalFlagsClear, GlobalFlagsSet
        .word   0               // CriticalSectionDefaultTimeout
        .xword   0, 0            // DeCommitFreeBlockThreshold, DeCommitTotalFreeThreshold
        .xword   0               // LockPrefixTable
        .xword   0, 0            // MaximumAllocationSize, VirtualMemoryThreshold
        .xword   0               // ProcessAffinityMask
        .word   0               // ProcessHeapFlags
        .hword  0, 0            // CSDVersion, DependentLoadFlags
        .xword   0               // EditList
        .xword   0               // SecurityCookie
        .xword   0, 0            // SEHandlerTable, SEHandlerCount
        .xword   __guard_check_icall_fptr
        .xword   __guard_dispatch_icall_fptr
        .xword   __guard_fids_table, __guard_fids_count
        .word   __guard_flags
        .hword  0, 0            // CodeIntegrity
        .word   0, 0
        .xword   __guard_iat_table, __guard_iat_count
        .xword   __guard_longjmp_table, __guard_longjmp_count
        .xword   0, 0            // DynamicValueRelocTable, CHPEMetadataPointer
        .xword   0, 0            // GuardRFFailureRoutine and a pointer to it
        .word   0               // DynamicValueRelocTableOffset
        .hword  0, 0            // DynamicValueRelocTableSection, Reserved2
        .xword   0               // GuardRFVerifyStackPointerFunctionPointer
        .word   0, 0            // HotPatchTableOffset, Reserved3
        .xword   0, 0            // EnclaveConfigurationPointer, VolatileMetadataPointer
        .xword   __guard_eh_cont_table, __guard_eh_cont_count
load_config_end:
