//! The clients, over the driver's loopback.

use std::time::Duration;

use emulated_pc::Filter;
use emulated_pc::clients::{Client, Input, Output, Received};

use crate::scenario::run;
use crate::test_driver::{CAPTURE_PIN, RENDER_PIN, answer_writes};

fn messages() -> Vec<Vec<u8>> {
    (0..200_u8)
        .map(|number| match number % 5 {
            0 => std::iter::once(0xF0)
                .chain(0..number & 0x7F)
                .chain([0xF7])
                .collect(),
            1 => vec![0xF8],
            _ => vec![0x90, number & 0x7F, 0x40],
        })
        .collect()
}

fn opened(client: Client, filter: &Filter) -> (Input, Output) {
    let input = client.open_input(filter, CAPTURE_PIN);
    let output = client.open_output(filter, RENDER_PIN);
    (
        input.expect("the input opens"),
        output.expect("the output opens"),
    )
}

fn bytes(received: Vec<Received>) -> Vec<u8> {
    received.into_iter().flat_map(|part| part.bytes).collect()
}

#[test]
fn midisrv_gets_back_what_it_sends() {
    run(|running| {
        let filter = running.filter();
        let (input, output) = opened(Client::MidiSrv, &filter);
        let sent = messages();
        for message in &sent {
            output.send(message);
        }
        assert!(!output.is_idle());
        assert_eq!(output.queued_bytes(), sent.concat().len());
        let limit = Duration::from_secs(2);
        assert!(running.pc.run_while_not(limit, || output.is_idle()));
        running.wait(5);
        let received = bytes(input.take_received());
        assert_eq!(received, sent.concat());
        assert_eq!(input.received_total(), received.len() as u64);
        assert_eq!(output.failures(), (0, None));
        output.close();
        assert!(input.close().is_empty());
        drop(filter);
        running.take_down();
    });
}

#[test]
fn wdmaud_gets_back_what_it_sends() {
    run(|running| {
        let filter = running.filter();
        let (input, output) = opened(Client::Wdmaud, &filter);
        let sent = messages();
        for message in &sent {
            output.send(message);
        }
        let limit = Duration::from_secs(2);
        assert!(running.pc.run_while_not(limit, || output.is_idle()));
        output.close();
        assert_eq!(bytes(input.close()), sent.concat());
        drop(filter);
        running.take_down();
    });
}

#[test]
fn midisrv_gives_an_output_up_that_times_out_three_times() {
    run(|running| {
        answer_writes(|_| Ok(0));
        let filter = running.filter();
        let output = Client::MidiSrv
            .open_output(&filter, RENDER_PIN)
            .expect("the output opens");
        for _ in 0..10 {
            output.send(&[0x90, 0x40, 0x7F]);
        }
        running.wait(4_000);
        assert_eq!(output.timeouts(), 0);
        running.wait(10);
        assert_eq!(output.timeouts(), 1);
        assert!(!output.is_disabled());
        running.wait(9_000);
        assert_eq!(output.timeouts(), 3);
        assert!(output.is_disabled());
        assert_eq!(output.leaked_requests(), 0);
        assert_eq!(output.queued_bytes(), 0);
        output.close();
        drop(filter);
        running.take_down();
    });
}

#[test]
fn a_client_may_die() {
    run(|running| {
        answer_writes(|_| Ok(0));
        let filter = running.filter();
        let (input, output) = opened(Client::MidiSrv, &filter);
        output.send(&[0x90, 0x40, 0x7F]);
        running.wait(5);
        output.abandon();
        input.abandon();
        let (input, output) = opened(Client::Wdmaud, &filter);
        output.send(&[0xF8]);
        output.abandon();
        input.abandon();
        running.wait(10_000);
        drop(filter);
        running.take_down();
    });
}
