# Where a program begins, as in a C run-time library.

        .text
        .globl  mainCRTStartup
        .def    mainCRTStartup
        .scl    2
        .type   32
        .endef
        .p2align 4
mainCRTStartup:
        .seh_proc mainCRTStartup
        subq    $40, %rsp
        .seh_stackalloc 40
        .seh_endprologue
        # Rust asks Windows for the arguments.
        xorl    %ecx, %ecx
        xorl    %edx, %edx
        callq   main
        movl    %eax, %ecx
        callq   exit
        int3
        .seh_endproc
