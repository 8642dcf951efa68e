//! A cable that leads from a UART's output to its input.

use std::time::Duration;

use emulated_pc::clients::Client;
use midiuart_pc::{CAPTURE_PIN, Installation, RENDER_PIN, Trouble, Uart, run};

/// How long a byte takes on the wire.
const BYTE_TIME: Duration = Duration::from_micros(320);

/// A System Exclusive message that is longer than any FIFO and ring.
fn long_message() -> Vec<u8> {
    let data = (0..5000_u32).map(|number| u8::try_from(number % 128).unwrap_or(0));
    std::iter::once(0xF0).chain(data).chain([0xF7]).collect()
}

/// What comes back, and how long the first of it took.
fn sent_around(installation: &Installation, message: &[u8]) -> (Vec<u8>, Option<Duration>) {
    run(installation, |started| -> Result<_, Trouble> {
        let refused = |status| Trouble::refused("a pin does not open", status);
        let input = Client::Wdmaud.open_input(&started.filter, CAPTURE_PIN);
        let input = input.map_err(refused)?;
        let output = Client::Wdmaud.open_output(&started.filter, RENDER_PIN);
        let output = output.map_err(refused)?;
        let begin = started.pc.now();
        output.send(message);
        let bytes = u32::try_from(message.len()).unwrap_or(u32::MAX);
        started
            .pc
            .run_for(BYTE_TIME * bytes + Duration::from_millis(100));
        output.close();
        let received = input.close();
        let first = received.first().map(|first| first.at - begin);
        Ok((
            received.into_iter().flat_map(|it| it.bytes).collect(),
            first,
        ))
    })
    .expect("a PC that works")
}

#[test]
fn what_is_sent_comes_back() {
    for uart in [Uart::Mpu401, Uart::Ns16550] {
        for quirk in [None, Some("no-interrupt")] {
            let installation = Installation {
                uart,
                quirks: quirk.into_iter().map(str::to_owned).collect(),
                loop_cable: true,
                ..Installation::default()
            };
            let message = long_message();
            let (received, first) = sent_around(&installation, &message);
            assert_eq!(received, message, "{uart} {quirk:?}");
            assert!(first >= Some(BYTE_TIME), "{first:?}");
        }
    }
}

#[test]
fn without_the_cable_nothing_does() {
    let (received, first) = sent_around(&Installation::default(), &[0x90, 60, 100]);
    assert!(received.is_empty());
    assert_eq!(first, None);
}
