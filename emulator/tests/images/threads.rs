//! Driver images on several threads.

use std::cell::Cell;

use emulated_pc::beside::{Hold, Point, explore, race};
use emulated_pc::ntddk::ExDeleteTimer;
use emulated_pc::{BugCheck, Config, boot};
use iced_x86::code_asm::{
    CodeAssembler, IcedError, al, ax, byte_ptr, cl, cr8, eax, ecx, edx, rax, rcx, rsp,
};

use crate::program::{PAGE, Program, TEXT};
use crate::{BASE, image_of, load, map, say};

/// Reads ports and mapped registers where nothing is, raises the IRQL and calls pageable code; each of
/// these traps. Says 0xFF for each register, and 7.
fn traps(asm: &mut CodeAssembler) -> Result<(), IcedError> {
    map(asm, 0xFD00_0000)?;
    asm.mov(edx, 0)?;
    asm.mov(cl, byte_ptr(rax))?;
    asm.movzx(edx, cl)?;
    asm.shl(edx, 8)?;
    asm.xor(eax, eax)?;
    asm.in_(al, 0x80)?;
    asm.or(edx, eax)?;
    asm.shl(edx, 8)?;
    asm.mov(ecx, 2)?;
    asm.mov(cr8, rcx)?;
    asm.xor(ecx, ecx)?;
    asm.mov(cr8, rcx)?;
    asm.in_(ax, 0x80)?;
    asm.sub(rsp, 40)?;
    asm.call(BASE + u64::from(PAGE))?;
    asm.add(rsp, 40)?;
    asm.or(eax, edx)?;
    say(asm)
}

const TRAPS: Program = Program {
    text: None,
    page: Some(|asm| {
        asm.mov(eax, 7)?;
        asm.ret()
    }),
    init: traps,
};

#[test]
fn traps_of_two_threads_do_not_disturb_each_other() {
    let source = image_of(&TRAPS);
    let points = explore(|point| {
        boot(Config::default(), |pc| {
            let said = [Cell::new(None), Cell::new(None)];
            let reached = race(
                pc,
                point,
                ("one", || said[0].set(load(pc, &source))),
                ("other", || said[1].set(load(pc, &source))),
            );
            for said in said {
                assert_eq!(said.get(), Some(0x00FF_FF07), "at {point}");
            }
            reached
        })
    });
    // At least each register, and the call of the kernel.
    assert!(points >= 2 * 4, "{points} points");
}

#[test]
fn the_stack_is_that_of_the_thread_that_stops() {
    // It is preempted where it reads a port, that is, inside a trap.
    let waits = image_of(&Program::entry(|asm| {
        asm.in_(al, 0x80)?;
        asm.ret()
    }));
    let fails = image_of(&Program {
        text: Some(CodeAssembler::ud2),
        page: None,
        init: |asm| {
            asm.sub(rsp, 40)?;
            asm.call(BASE + u64::from(TEXT) + 8)
        },
    });
    let ended = boot(Config::default(), |pc| {
        pc.scope(|scope| {
            let first = scope.spawn("waits", || {
                load(pc, &waits);
            });
            // Points 0 and 1 are where the driver is called and where it reads.
            first.preempt_at(Point {
                number: 1,
                hold: Hold::UntilWait,
            });
            scope.spawn_at_point_of(&first, "fails", || {
                load(pc, &fails);
            });
        });
    });
    let stop = ended.expect_err("the machine stops");
    assert_eq!(stop.bug_check, BugCheck::KmodeExceptionNotHandled, "{stop}");
    let offsets: Vec<u64> = stop.driver_stack.iter().map(|frame| frame.offset).collect();
    assert_eq!(offsets.first(), Some(&(u64::from(TEXT) + 8)), "{stop}");
}

#[test]
fn a_thread_without_a_driver_has_none_on_its_stack() {
    // The scenario is in the driver then, and that in the kernel, or in a trap.
    let in_kernel = image_of(&Program::entry(|asm| {
        map(asm, 0xFD00_0000)?;
        asm.ret()
    }));
    let in_trap = image_of(&Program::entry(|asm| {
        asm.in_(al, 0x80)?;
        asm.ret()
    }));
    for preempted in [None, Some(in_kernel), Some(in_trap)] {
        let ended = boot(Config::default(), |pc| {
            let thread = pc.spawn("fails", || {
                // SAFETY: this is on an emulated PC, which stops on it.
                unsafe { ExDeleteTimer(std::ptr::null_mut(), 0, 0, std::ptr::null_mut()) };
            });
            if let Some(image) = &preempted {
                pc.current_thread().preempt_at(Point {
                    number: 1,
                    hold: Hold::UntilWait,
                });
                load(pc, image);
            }
            pc.join(&thread);
        });
        let stop = ended.expect_err("the machine stops");
        assert_eq!(stop.bug_check, BugCheck::TimerOrDpcInvalid, "{stop}");
        assert_eq!(stop.driver_stack, []);
    }
}
