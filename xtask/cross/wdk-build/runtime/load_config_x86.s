# The load configuration: IMAGE_LOAD_CONFIG_DIRECTORY32 of winnt.h, up to GuardEHContinuationCount.
# The linker gives the names with `guard` in them their values. Until the kernel puts its own checks
# in, the check passes everything and the dispatch jumps to where it is told.

# The object was made for control flow guard (0x800) and, on x86, has no exception handlers (1).
        .globl  @feat.00
        .set    @feat.00, 0x801

        .text
        .def    guard_check_passes
        .scl    3
        .type   32
        .endef
        .p2align 4
guard_check_passes:
        retl

        .section .00cfg,"dr"
        .p2align 3
        .globl  ___guard_check_icall_fptr
___guard_check_icall_fptr:
        .long   guard_check_passes

        .section .rdata,"dr"
        .p2align 4
        .globl  __load_config_used
__load_config_used:
        .long   load_config_end - __load_config_used
        .long   0               # TimeDateStamp
        .short  0, 0            # MajorVersion, MinorVersion
        .long   0, 0            # GlobalFlagsClear, GlobalFlagsSet
        .long   0               # CriticalSectionDefaultTimeout
        .long   0, 0            # DeCommitFreeBlockThreshold, DeCommitTotalFreeThreshold
        .long   0               # LockPrefixTable
        .long   0, 0            # MaximumAllocationSize, VirtualMemoryThreshold
        .long   0               # ProcessHeapFlags
        .long   0               # ProcessAffinityMask
        .short  0, 0            # CSDVersion, DependentLoadFlags
        .long   0               # EditList
        .long   0               # SecurityCookie
        .long   ___safe_se_handler_table, ___safe_se_handler_count
        .long   ___guard_check_icall_fptr
        .long   0               # GuardCFDispatchFunctionPointer: x86 only checks
        .long   ___guard_fids_table, ___guard_fids_count
        .long   ___guard_flags
        .short  0, 0            # CodeIntegrity
        .long   0, 0
        .long   ___guard_iat_table, ___guard_iat_count
        .long   ___guard_longjmp_table, ___guard_longjmp_count
        .long   0, 0            # DynamicValueRelocTable, CHPEMetadataPointer
        .long   0, 0            # GuardRFFailureRoutine and a pointer to it
        .long   0               # DynamicValueRelocTableOffset
        .short  0, 0            # DynamicValueRelocTableSection, Reserved2
        .long   0               # GuardRFVerifyStackPointerFunctionPointer
        .long   0, 0            # HotPatchTableOffset, Reserved3
        .long   0, 0            # EnclaveConfigurationPointer, VolatileMetadataPointer
        .long   ___guard_eh_cont_table, ___guard_eh_cont_count
load_config_end:
