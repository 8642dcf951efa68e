// Where an image that is loaded into programs begins, as in a C run-time library. What Rust does when
// threads end it does in callbacks of the thread-local storage.

        .text
        .globl  _DllMainCRTStartup
        .def    _DllMainCRTStartup
        .scl    2
        .type   32
        .endef
        .p2align 2
_DllMainCRTStartup:
        mov     w0, #1                  // TRUE
        ret
