/* What a C run-time library brings into every program, the same for all processors with 64 bits. */

/* Code that computes with floating point refers to it; nobody reads it. */
        .section .rdata,"dr"
        .globl  _fltused
_fltused:
        .long   0

/* The class of what describes a thrown type. Types are compared by name; it is only pointed to. */
        .globl  "??_7type_info@@6B@"
        .p2align 3
"??_7type_info@@6B@":
        .quad   0

/* IMAGE_TLS_DIRECTORY64 of winnt.h. The linker sorts sections by what follows the dollar sign. */
        .globl  _tls_used
        .p2align 3
_tls_used:
        .quad   tls_begin, tls_end      /* StartAddressOfRawData, EndAddressOfRawData */
        .quad   _tls_index              /* AddressOfIndex */
        .quad   tls_callbacks + 8       /* AddressOfCallBacks */
        .long   0                       /* SizeOfZeroFill */
        .long   0                       /* Characteristics */

        .section .tls,"dw"
        .p2align 3
tls_begin:
        .quad   0
        .section .tls$ZZZ,"dw"
tls_end:
        .quad   0

        .section .CRT$XLA,"dr"
        .p2align 3
tls_callbacks:
        .quad   0
        .section .CRT$XLZ,"dr"
        .p2align 3
        .quad   0                       /* the end of the list */

        .section .bss,"bw"
        .globl  _tls_index
        .p2align 2
_tls_index:
        .zero   4

/* IMAGE_LOAD_CONFIG_DIRECTORY64 of winnt.h, up to SEHandlerCount. The linker sets DependentLoadFlags to what
   /DEPENDENTLOADFLAG says. */
        .section .rdata,"dr"
        .globl  _load_config_used
        .p2align 3
_load_config_used:
        .long   load_config_end - _load_config_used
        .long   0                       /* TimeDateStamp */
        .short  0, 0                    /* MajorVersion, MinorVersion */
        .long   0, 0                    /* GlobalFlagsClear, GlobalFlagsSet */
        .long   0                       /* CriticalSectionDefaultTimeout */
        .quad   0, 0                    /* DeCommitFreeBlockThreshold, DeCommitTotalFreeThreshold */
        .quad   0                       /* LockPrefixTable */
        .quad   0, 0                    /* MaximumAllocationSize, VirtualMemoryThreshold */
        .quad   0                       /* ProcessAffinityMask */
        .long   0                       /* ProcessHeapFlags */
        .short  0, 0                    /* CSDVersion, DependentLoadFlags */
        .quad   0                       /* EditList */
        .quad   0                       /* SecurityCookie */
        .quad   0, 0                    /* SEHandlerTable, SEHandlerCount */
load_config_end:
