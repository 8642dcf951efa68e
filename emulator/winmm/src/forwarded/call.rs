//! How a call goes on with the arguments that it has, whatever they are.
//!
//! No function of winmm's takes a floating-point number: the registers for those are not kept.

use std::arch::global_asm;

use super::Forwarded;

// `winmm_forward` goes to the function behind the `Forwarded` in rax. The first time it keeps the
// arguments where the calling convention of x64 has room for them, above the return address.
#[cfg(target_arch = "x86_64")]
global_asm!(
    "    .text",
    "    .globl winmm_forward",
    "    .def winmm_forward",
    "    .scl 2",
    "    .type 32",
    "    .endef",
    "    .p2align 4",
    "winmm_forward:",
    "    .seh_proc winmm_forward",
    "    sub rsp, 40",
    "    .seh_stackalloc 40",
    "    .seh_endprologue",
    "    mov r10, [rax]",
    "    test r10, r10",
    "    jne 2f",
    "    mov [rsp + 48], rcx",
    "    mov [rsp + 56], rdx",
    "    mov [rsp + 64], r8",
    "    mov [rsp + 72], r9",
    "    mov rcx, rax",
    "    call {find}",
    "    mov r10, rax",
    "    mov rcx, [rsp + 48]",
    "    mov rdx, [rsp + 56]",
    "    mov r8, [rsp + 64]",
    "    mov r9, [rsp + 72]",
    "2:  add rsp, 40",
    "    jmp r10",
    "    .seh_endproc",
    find = sym Forwarded::find,
);

// The same with the `Forwarded` in x16.
#[cfg(target_arch = "aarch64")]
global_asm!(
    "    .text",
    "    .globl winmm_forward",
    "    .def winmm_forward",
    "    .scl 2",
    "    .type 32",
    "    .endef",
    "    .p2align 2",
    "winmm_forward:",
    "    .seh_proc winmm_forward",
    "    stp x29, x30, [sp, #-80]!",
    "    .seh_save_fplr_x 80",
    "    mov x29, sp",
    "    .seh_set_fp",
    "    .seh_endprologue",
    "    ldr x17, [x16]",
    "    cbnz x17, 2f",
    "    stp x0, x1, [sp, #16]",
    "    stp x2, x3, [sp, #32]",
    "    stp x4, x5, [sp, #48]",
    "    stp x6, x7, [sp, #64]",
    "    mov x0, x16",
    "    bl {find}",
    "    mov x17, x0",
    "    ldp x0, x1, [sp, #16]",
    "    ldp x2, x3, [sp, #32]",
    "    ldp x4, x5, [sp, #48]",
    "    ldp x6, x7, [sp, #64]",
    "2:",
    "    .seh_startepilogue",
    "    ldp x29, x30, [sp], #80",
    "    .seh_save_fplr_x 80",
    "    .seh_endepilogue",
    "    br x17",
    "    .seh_endproc",
    find = sym Forwarded::find,
);

/// Exports functions whose calls go on; `otherwise` is called where the system lacks them.
macro_rules! forwarded {
    ($otherwise:ident: $($name:ident)*) => { $(
        const _: () = {
            static FUNCTION: $crate::forwarded::Forwarded = $crate::forwarded::Forwarded::new(
                match ::std::ffi::CStr::from_bytes_with_nul(
                    concat!(stringify!($name), "\0").as_bytes(),
                ) {
                    Ok(name) => name,
                    Err(_) => unreachable!(),
                },
                $crate::forwarded::$otherwise,
            );

            /// Goes on to the system's function of this name, with the arguments that it has there.
            // SAFETY: no other function of this name is linked into the image.
            #[unsafe(no_mangle)]
            #[unsafe(naked)]
            extern "system" fn $name() {
                #[cfg(target_arch = "x86_64")]
                ::std::arch::naked_asm!(
                    "lea rax, [rip + {function}]",
                    "jmp winmm_forward",
                    function = sym FUNCTION,
                );
                #[cfg(target_arch = "aarch64")]
                ::std::arch::naked_asm!(
                    "adrp x16, {function}",
                    "add x16, x16, :lo12:{function}",
                    "b winmm_forward",
                    function = sym FUNCTION,
                );
            }
        };
    )* };
}
pub(super) use forwarded;
