//! Driver images on the emulated PC: how they are mapped, what the processor does for them, and what
//! stops them.
#![cfg(all(target_os = "linux", target_arch = "x86_64"))]

mod program;
mod threads;

use std::fs;

use emulated_pc::hardware::ns16550::{Ns16550, Ns16550Switches};
use emulated_pc::{BugCheck, Config, DriverImage, DriverSource, Hardware, Pc, Stop, boot};
use iced_x86::code_asm::{
    CodeAssembler, IcedError, al, ax, byte_ptr, cl, cr8, dh, dl, dx, eax, ecx, edx, qword_ptr, r8d,
    rax, rcx, rdx, rsp,
};
use program::{
    BASE, Code, DRIVER_START, DRIVER_UNLOAD, INIT, KE_GET_CURRENT_IRQL, MM_MAP_IO_SPACE_EX, PAGE,
    Program, SAYING, TEXT,
};

/// Has an image made of a program, from which it is loaded.
fn image_of(program: &Program) -> DriverSource {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("small.sys");
    fs::write(&file, program.link()).expect("a file");
    DriverSource::Image(DriverImage::open(&file).unwrap_or_else(|error| panic!("{error}")))
}

/// What became of a driver that was loaded and, if that went well, unloaded: what it said, if it said
/// something.
fn load(pc: &Pc, source: &DriverSource) -> Option<u32> {
    match pc.load_from(source) {
        Ok(driver) => {
            driver.unload();
            None
        }
        Err(status) => Some(status.cast_unsigned() & !SAYING),
    }
}

/// The same on a PC of its own. It is the same on the scenario's stack and on another thread's.
fn run(program: &Program) -> Result<Option<u32>, Stop> {
    let source = image_of(program);
    let [on_scenario, on_thread] = [false, true].map(|thread| {
        boot(Config::default(), |pc| {
            let chip = || Box::new(Ns16550::new(Ns16550Switches::default()));
            let _at_ports = pc.plug(Hardware::at_ports(chip(), 0x330, None));
            let _in_memory = pc.plug(Hardware::in_memory(chip(), 0xFE00_0000, None));
            if !thread {
                return load(pc, &source);
            }
            let mut loaded = None;
            pc.scope(|scope| {
                scope.spawn("loading", || loaded = load(pc, &source));
            });
            loaded
        })
    });
    assert_eq!(on_scenario, on_thread);
    on_scenario
}

fn says(code: Code) -> Option<u32> {
    run(&Program::entry(code)).unwrap_or_else(|stop| panic!("{stop}"))
}

#[track_caller]
fn stops(program: &Program, bug_check: BugCheck, reason: &str) {
    let stop = run(program).expect_err("the machine stops");
    assert_eq!(stop.bug_check, bug_check, "{stop}");
    assert!(stop.reason.contains(reason), "{stop}");
}

/// Returns what is in `eax` as an error, so that it is seen.
fn say(asm: &mut CodeAssembler) -> Result<(), IcedError> {
    asm.or(eax, SAYING.cast_signed())?;
    asm.ret()
}

/// Has `rax` be the address of a place in the image, as long as `rcx` is the driver object.
fn address_of(asm: &mut CodeAssembler, offset: u32) -> Result<(), IcedError> {
    asm.mov(rax, qword_ptr(rcx + DRIVER_START))?;
    asm.add(rax, offset.cast_signed())
}

fn succeed(asm: &mut CodeAssembler) -> Result<(), IcedError> {
    asm.xor(eax, eax)?;
    asm.ret()
}

#[test]
fn an_entry_point_that_succeeds() {
    assert_eq!(says(succeed), None);
}

#[test]
fn an_entry_point_that_fails() {
    assert_eq!(
        says(|asm| {
            asm.mov(eax, 0x123)?;
            say(asm)
        }),
        Some(0x123)
    );
}

#[test]
fn addresses_are_relocated() {
    let relocated = says(|asm| {
        address_of(asm, TEXT)?;
        asm.lea(rdx, qword_ptr(rax + 8))?;
        asm.mov(rcx, qword_ptr(rax))?;
        asm.xor(eax, eax)?;
        asm.cmp(rcx, rdx)?;
        asm.sete(al)?;
        say(asm)
    });
    assert_eq!(relocated, Some(1));
}

#[test]
fn imports_are_bound() {
    let irql = says(|asm| {
        address_of(asm, KE_GET_CURRENT_IRQL)?;
        asm.sub(rsp, 40)?;
        asm.call(qword_ptr(rax))?;
        asm.add(rsp, 40)?;
        asm.movzx(eax, al)?;
        say(asm)
    });
    assert_eq!(irql, Some(0));
}

#[test]
fn the_irql_is_in_cr8() {
    let raised = says(|asm| {
        asm.mov(ecx, 2)?;
        asm.mov(cr8, rcx)?;
        asm.mov(rax, cr8)?;
        asm.mov(rdx, rax)?;
        asm.xor(ecx, ecx)?;
        asm.mov(cr8, rcx)?;
        asm.mov(rax, rdx)?;
        say(asm)
    });
    assert_eq!(raised, Some(2));
}

#[test]
fn an_irql_that_stays_raised_is_noticed() {
    let program = Program::entry(|asm| {
        asm.mov(ecx, 2)?;
        asm.mov(cr8, rcx)?;
        succeed(asm)
    });
    stops(
        &program,
        BugCheck::IrqlUnexpectedValue,
        "DriverEntry was called at IRQL 0 and returned at 2",
    );
}

#[test]
fn ports_where_nothing_is_read_ones() {
    let byte = says(|asm| {
        asm.xor(eax, eax)?;
        asm.in_(al, 0x80)?;
        say(asm)
    });
    assert_eq!(byte, Some(0xFF));
    let word = says(|asm| {
        asm.xor(eax, eax)?;
        asm.mov(edx, 0x2F8)?;
        asm.in_(ax, dx)?;
        say(asm)
    });
    assert_eq!(word, Some(0xFFFF));
}

/// The devices are not started, so whoever finds them is stopped.
#[test]
fn ports_lead_to_devices() {
    let reads: Program = Program::entry(|asm| {
        asm.mov(edx, 0x335)?;
        asm.in_(al, dx)?;
        succeed(asm)
    });
    let writes = Program::entry(|asm| {
        asm.mov(edx, 0x330)?;
        asm.out(dx, al)?;
        succeed(asm)
    });
    for program in [reads, writes] {
        stops(
            &program,
            BugCheck::DriverVerifierDetectedViolation,
            "RegisterAccessBeforeStart",
        );
    }
}

/// Maps the registers at a physical address; the pointer is in `rax` then.
fn map(asm: &mut CodeAssembler, physical: u64) -> Result<(), IcedError> {
    address_of(asm, MM_MAP_IO_SPACE_EX)?;
    asm.sub(rsp, 40)?;
    asm.mov(rcx, physical)?;
    asm.mov(edx, 8)?;
    asm.mov(r8d, 0x204)?;
    asm.call(qword_ptr(rax))?;
    asm.add(rsp, 40)
}

#[test]
fn mapped_registers_are_read_and_written() {
    let nothing_there = says(|asm| {
        map(asm, 0xFD00_0000)?;
        asm.mov(byte_ptr(rax), cl)?;
        asm.mov(byte_ptr(rax), 7)?;
        asm.movzx(eax, byte_ptr(rax + 5))?;
        say(asm)
    });
    assert_eq!(nothing_there, Some(0xFF));
    let device = Program::entry(|asm| {
        map(asm, 0xFE00_0000)?;
        asm.mov(al, byte_ptr(rax + 5))?;
        succeed(asm)
    });
    stops(
        &device,
        BugCheck::DriverVerifierDetectedViolation,
        "RegisterAccessBeforeStart",
    );
    let exchange = Program::entry(|asm| {
        map(asm, 0xFE00_0000)?;
        asm.xchg(byte_ptr(rax), cl)?;
        succeed(asm)
    });
    stops(
        &exchange,
        BugCheck::KmodeExceptionNotHandled,
        "no plain load or store",
    );
}

/// Compilers compare a register without loading it first.
#[test]
fn arithmetic_on_mapped_registers() {
    let flags = says(|asm| {
        map(asm, 0xFD00_0000)?;
        asm.xor(edx, edx)?;
        asm.cmp(byte_ptr(rax), 0xFF)?;
        asm.sete(dl)?;
        asm.test(byte_ptr(rax + 1), 0x80)?;
        asm.setne(dh)?;
        asm.mov(ecx, 0x1F0)?;
        asm.and(cl, byte_ptr(rax + 2))?;
        asm.or(byte_ptr(rax + 3), cl)?;
        asm.shl(ecx, 16)?;
        asm.mov(eax, edx)?;
        asm.or(eax, ecx)?;
        say(asm)
    });
    assert_eq!(flags, Some(0x01F0_0101));
}

/// Calls PAGE, which returns 7 with an address in it, before and after the IRQL was raised.
#[test]
fn pageable_code_comes_back_at_low_irql() {
    let program = Program {
        text: None,
        page: Some(|asm| {
            asm.mov(eax, 7)?;
            asm.ret()
        }),
        init: |asm| {
            asm.sub(rsp, 40)?;
            asm.call(BASE + u64::from(PAGE))?;
            asm.mov(ecx, 2)?;
            asm.mov(cr8, rcx)?;
            asm.xor(ecx, ecx)?;
            asm.mov(cr8, rcx)?;
            asm.call(BASE + u64::from(PAGE))?;
            asm.add(rsp, 40)?;
            say(asm)
        },
    };
    assert_eq!(run(&program), Ok(Some(7)));
}

#[test]
fn pageable_code_is_gone_at_raised_irql() {
    let raise: Code = |asm| {
        asm.mov(ecx, 2)?;
        asm.mov(cr8, rcx)?;
        succeed(asm)
    };
    let raised_inside = Program {
        text: None,
        page: Some(raise),
        init: |asm| asm.jmp(BASE + u64::from(PAGE)),
    };
    let read_from_outside = Program {
        text: None,
        page: Some(succeed),
        init: |asm| {
            address_of(asm, PAGE)?;
            asm.mov(ecx, 2)?;
            asm.mov(cr8, rcx)?;
            asm.mov(al, byte_ptr(rax))?;
            succeed(asm)
        },
    };
    let reason = "in section PAGE, which is pageable, was ";
    for (program, verb) in [(raised_inside, "run"), (read_from_outside, "read")] {
        stops(
            &program,
            BugCheck::DriverIrqlNotLessOrEqual,
            &format!("{reason}{verb} at raised IRQL"),
        );
    }
}

/// Has `DriverUnload` be a place in the image.
fn unload_at(asm: &mut CodeAssembler, place: u32) -> Result<(), IcedError> {
    address_of(asm, place)?;
    asm.mov(qword_ptr(rcx + DRIVER_UNLOAD), rax)?;
    succeed(asm)
}

#[test]
fn init_is_gone_after_the_entry_point() {
    let resident = Program {
        text: Some(CodeAssembler::ret),
        page: None,
        init: |asm| unload_at(asm, TEXT + 8),
    };
    assert_eq!(run(&resident), Ok(None));
    let discarded = Program::entry(|asm| unload_at(asm, INIT));
    stops(
        &discarded,
        BugCheck::PageFaultInNonpagedArea,
        "in section INIT was run after DriverEntry, when it was gone",
    );
}

#[test]
fn sections_are_protected() {
    let writes_code = Program::entry(|asm| {
        address_of(asm, TEXT)?;
        asm.mov(byte_ptr(rax), 0)?;
        succeed(asm)
    });
    stops(
        &writes_code,
        BugCheck::AttemptedWriteToReadonlyMemory,
        "in section .text was written to",
    );
    let runs_data = Program::entry(|asm| asm.jmp(BASE + u64::from(MM_MAP_IO_SPACE_EX)));
    stops(
        &runs_data,
        BugCheck::AttemptedExecuteOfNoexecuteMemory,
        "in section .idata was run",
    );
}

#[test]
fn exceptions_stop_the_machine() {
    let cases: [(Code, BugCheck, &str); 7] = [
        (
            |asm| asm.ud2(),
            BugCheck::KmodeExceptionNotHandled,
            "an instruction that does not exist",
        ),
        (
            |asm| asm.hlt(),
            BugCheck::KmodeExceptionNotHandled,
            "an instruction that is not allowed",
        ),
        (
            |asm| asm.int3(),
            BugCheck::KmodeExceptionNotHandled,
            "a breakpoint",
        ),
        (
            |asm| {
                asm.xor(ecx, ecx)?;
                asm.div(ecx)
            },
            BugCheck::KmodeExceptionNotHandled,
            "a division by zero",
        ),
        (
            |asm| {
                asm.mov(ecx, 2)?;
                asm.int(0x29)
            },
            BugCheck::KernelSecurityCheckFailure,
            "failed fast with code 2",
        ),
        (
            |asm| asm.mov(al, byte_ptr(8)),
            BugCheck::KmodeExceptionNotHandled,
            "a null pointer (0x8) was read",
        ),
        (
            |asm| {
                asm.xor(eax, eax)?;
                asm.call(rax)
            },
            BugCheck::KmodeExceptionNotHandled,
            "a null pointer (0x0) was run",
        ),
    ];
    for (code, bug_check, reason) in cases {
        stops(&Program::entry(code), bug_check, reason);
    }
}

#[test]
fn the_stack_names_the_place() {
    let stop = run(&Program::entry(|asm| {
        asm.nop()?;
        asm.ud2()
    }));
    let stop = stop.expect_err("the machine stops");
    let frame = stop.driver_stack.first().expect("a frame");
    assert_eq!(frame.to_string(), "small.sys+0x3001");
    assert!(stop.to_string().ends_with("\n    at small.sys+0x3001"));
}

#[test]
fn a_used_up_stack_stops_the_machine() {
    stops(
        &Program::entry(|asm| asm.call(BASE + u64::from(INIT))),
        BugCheck::UnexpectedKernelModeTrap,
        "the stack is used up",
    );
}

#[test]
fn a_driver_that_never_returns_stops_the_machine() {
    stops(
        &Program::entry(|asm| asm.jmp(BASE + u64::from(INIT))),
        BugCheck::ThreadStuckInDeviceDriver,
        "has called nothing for 2 s",
    );
}
