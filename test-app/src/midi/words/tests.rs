use proptest::prelude::*;

use super::*;

fn line(text: &str) -> Result<Vec<Step>, String> {
    let read = WordReader::default().line(1, text);
    read.map_err(|fault| fault.to_string())
}

fn sent(text: &str) -> Vec<Vec<u8>> {
    let steps = line(text).expect("messages");
    let messages = steps.into_iter().map(|step| match step {
        Step::Send(bytes) => bytes,
        other => panic!("{other:?}"),
    });
    messages.collect()
}

fn fault(text: &str) -> String {
    line(text).expect_err("no message")
}

#[test]
fn words_become_bytes() {
    for (text, bytes) in [
        ("on 60 100", &[0x90, 60, 100][..]),
        ("on c#4 0x64", &[0x90, 61, 100]),
        ("off 60", &[0x80, 60, 64]),
        ("off C4 1", &[0x80, 60, 1]),
        ("cc 7 127", &[0xB0, 7, 127]),
        ("PC 5", &[0xC0, 5]),
        ("bend 8192", &[0xE0, 0, 64]),
        ("at 60 10", &[0xA0, 60, 10]),
        ("cp 100", &[0xD0, 100]),
        ("mtc 17", &[0xF1, 17]),
        ("spp 300", &[0xF2, 44, 2]),
        ("song 3", &[0xF3, 3]),
        ("tune", &[0xF6]),
        ("clock", &[0xF8]),
        ("start", &[0xFA]),
        ("continue", &[0xFB]),
        ("stop", &[0xFC]),
        ("sensing", &[0xFE]),
        ("reset", &[0xFF]),
        ("syx f0 7E 7f 6 01 f7", &[0xF0, 0x7E, 0x7F, 6, 1, 0xF7]),
        ("hex 90 3c 64", &[0x90, 0x3C, 0x64]),
    ] {
        assert_eq!(sent(text), [bytes], "{text}");
    }
}

#[test]
fn a_channel_counts_for_what_follows() {
    let mut reader = WordReader::default();
    let channel = reader.line(1, "ch 16 pc 1 clock # ch 1");
    assert_eq!(
        channel,
        Ok(vec![Step::Send(vec![0xCF, 1]), Step::Send(vec![0xF8])])
    );
    let next = reader.line(2, "pc 2");
    assert_eq!(next, Ok(vec![Step::Send(vec![0xCF, 2])]));
}

#[test]
fn several_messages_stand_in_a_line() {
    assert_eq!(
        sent("off 60 off 61 9 hex 90 1 2 f8 f0 f7 on 1 2"),
        [
            &[0x80, 60, 64][..],
            &[0x80, 61, 9],
            &[0x90, 1, 2],
            &[0xF8],
            &[0xF0, 0xF7],
            &[0x90, 1, 2],
        ]
    );
    assert_eq!(
        line("wait 500ms file a b.syx "),
        Ok(vec![
            Step::Wait(Duration::from_millis(500)),
            Step::File("a b.syx".into())
        ])
    );
    assert_eq!(line("  # nothing"), Ok(vec![]));
}

#[test]
fn a_message_goes_on_in_the_next_argument() {
    let arguments = ["on", "60", "100 file", "my dump.syx", "pc 1"].map(str::to_owned);
    let read = WordReader::default().arguments(&arguments);
    assert_eq!(
        read,
        Ok(vec![
            Step::Send(vec![0x90, 60, 100]),
            Step::File("my dump.syx".into()),
            Step::Send(vec![0xC0, 1]),
        ])
    );
}

#[test]
fn what_is_wrong_is_said_with_its_place() {
    for (text, said) in [
        (
            "on 60 128",
            "line 1, column 7: '128' is no velocity; accepted are 0 to 127",
        ),
        ("on", "line 1, column 3: a note is missing here"),
        ("pc 1 cc 7 ", "line 1, column 11: a value is missing here"),
        (
            "ch 17",
            "line 1, column 4: '17' is no channel; accepted are 1 to 16",
        ),
        ("ch 0", "line 1, column 4: '0' is no channel"),
        (
            "  dance",
            "line 1, column 3: 'dance' begins no message; accepted: on NOTE",
        ),
        (
            "on H2 1",
            "line 1, column 4: 'H2' is no note; accepted are 0 to 127",
        ),
        ("wait 500", "line 1, column 6: '500' is no time"),
        ("wait 2d", "line 1, column 6: '2d' is no time"),
        (
            "bend -1",
            "line 1, column 6: '-1' is no bend; accepted are 0 to 16383",
        ),
        ("bend 16384", "line 1, column 6: '16384' is no bend"),
        (
            "syx 7e f7",
            "line 1, column 5: '7e' begins no System Exclusive message",
        ),
        (
            "syx f0 80 f7",
            "line 1, column 8: '80' is no byte of a System Exclusive",
        ),
        ("syx f0 1", "line 1, column 9: a F7 that ends"),
        (
            "hex 90 3c",
            "line 1, column 5: no complete message begins here",
        ),
        (
            "hex f8 3c",
            "line 1, column 8: no complete message begins here",
        ),
        ("hex xy", "line 1, column 5: 'xy' is no byte"),
        (
            "hex",
            "line 1, column 4: a hexadecimal byte is missing here",
        ),
        ("file", "line 1, column 5: a file is missing here"),
        ("ééé on 60", "line 1, column 1: 'ééé' begins no message"),
    ] {
        let fault = fault(text);
        assert!(fault.starts_with(said), "{text}: {fault}");
    }
    let arguments = ["on 60", "x"].map(str::to_owned);
    let fault = WordReader::default().arguments(&arguments);
    let fault = fault.expect_err("no velocity").to_string();
    assert!(
        fault.starts_with("argument 2, column 1: 'x' is no velocity"),
        "{fault}"
    );
}

/// Complete messages.
fn messages() -> impl Strategy<Value = Vec<u8>> {
    let data = 0_u8..128;
    prop_oneof![
        (0x80_u8..0xC0, data.clone(), data.clone()).prop_map(|(a, b, c)| vec![a, b, c]),
        (0xC0_u8..0xE0, data.clone()).prop_map(|(a, b)| vec![a, b]),
        (0xE0_u8..0xF0, data.clone(), data.clone()).prop_map(|(a, b, c)| vec![a, b, c]),
        prop_oneof![Just(0xF6_u8), 0xF8_u8..].prop_map(|a| vec![a]),
        prop::collection::vec(data, 0..40).prop_map(|mut bytes| {
            bytes.insert(0, 0xF0);
            bytes.push(0xF7);
            bytes
        }),
    ]
}

/// A text in words that means `message`, where there is one.
fn in_words(message: &[u8]) -> String {
    let channel = message[0] & 0x0F;
    let words = match *message {
        [0x80..=0x8F, note, velocity] => format!("off {} {velocity}", note_name(note)),
        [0x90..=0x9F, note, velocity] => format!("on {note} {velocity}"),
        [0xA0..=0xAF, note, pressure] => format!("at {note} {pressure}"),
        [0xB0..=0xBF, controller, value] => format!("cc {controller} {value}"),
        [0xC0..=0xCF, program] => format!("pc {program}"),
        [0xD0..=0xDF, pressure] => format!("cp {pressure}"),
        [0xE0..=0xEF, low, high] => {
            format!("bend {}", u16::from(low) | u16::from(high) << 7)
        }
        _ => {
            let bytes: Vec<_> = message.iter().map(|byte| format!("{byte:02x}")).collect();
            return format!("hex {}", bytes.join(" "));
        }
    };
    format!("ch {} {words}", channel + 1)
}

proptest! {
    #[test]
    fn what_is_written_is_sent(messages in prop::collection::vec(messages(), 0..10)) {
        // `hex` takes all bytes that follow, and `cc` could be one.
        let lines: Vec<_> = messages.iter().map(|it| in_words(it)).collect();
        let mut reader = WordReader::default();
        let mut found = Vec::new();
        for (number, text) in (1..).zip(&lines) {
            found.extend(reader.line(number, text).expect("messages"));
        }
        let expected: Vec<_> = messages.into_iter().map(Step::Send).collect();
        prop_assert_eq!(found, expected);
    }

    #[test]
    fn complete_messages_are_taken_apart(messages in prop::collection::vec(messages(), 0..10)) {
        prop_assert_eq!(split(&messages.concat()), Ok(messages));
    }

    /// Whatever is written: what is sent is complete messages, or a place in the text is named.
    #[test]
    fn only_complete_messages_are_sent(text in "((on|off|cc|pc|syx|hex|wait|ch|f0|f7|[0-9a-f]{1,3}|\\PC) ?){0,12}") {
        match WordReader::default().line(3, &text) {
            Ok(steps) => for step in steps {
                if let Step::Send(bytes) = step {
                    prop_assert_eq!(split(&bytes), Ok(vec![bytes]));
                }
            },
            Err(fault) => {
                let shown = fault.to_string();
                prop_assert!(shown.starts_with("line 3, column "));
                let column = shown["line 3, column ".len()..].split(':').next();
                let column: usize = column.expect("a number").parse().expect("a number");
                prop_assert!((1..=text.chars().count() + 1).contains(&column), "{}", shown);
            }
        }
    }
}
