// Where a program begins, as in a C run-time library.

        .text
        .globl  mainCRTStartup
        .def    mainCRTStartup
        .scl    2
        .type   32
        .endef
        .p2align 2
mainCRTStartup:
        .seh_proc mainCRTStartup
        stp     x29, x30, [sp, #-16]!
        .seh_save_fplr_x 16
        mov     x29, sp
        .seh_set_fp
        .seh_endprologue
        // Rust asks Windows for the arguments.
        mov     w0, wzr
        mov     x1, xzr
        bl      main
        bl      exit
        brk     #0xf000
        .seh_endproc
