use serde_json::json;

use super::*;

fn names(user: &str, computer: &str, domain: &str) -> Names {
    Names {
        users: vec![user.to_owned()],
        computers: vec![computer.to_owned()],
        domains: vec![domain.to_owned()],
        profiles: vec![format!(r"C:\Users\{user}")],
        owners: Vec::new(),
    }
}

fn scrubber(user: &str) -> Scrubber {
    Scrubber::new(&names(user, "ERIKAS-PC", "NORDWIND")).expect("patterns")
}

fn scrubbed(user: &str, text: &str) -> String {
    let scrubber = scrubber(user);
    let done = scrubber.text(text);
    assert_eq!(scrubber.find(done.as_bytes()), None, "{done}");
    assert_eq!(scrubber.text(&done), done, "a second run changes nothing");
    done
}

#[test]
fn names_are_removed_in_each_form() {
    for (text, expected) in [
        ("by Mustermann today", "by <user> today"),
        ("by MUSTERMANN,", "by <user>,"),
        ("xmustermann2.log", "x<user>2.log"),
        (r"C:\Users\Mustermann\a.txt", r"<profile>\a.txt"),
        (r"c:/users/mustermann/a.txt", "<profile>/a.txt"),
        (r"C:\\Users\\Mustermann\\a", r"<profile>\\a"),
        (r"D:\Users\Otto Normal\a", r"D:\Users\<user>\a"),
        (r"C:\Users\MUSTER~1\a", r"C:\Users\<user>\a"),
        (r"x\MUSTER~1.OLD", r"x\<user>.OLD"),
        (r"nordwind\otto", r"<domain>\<user>"),
        (r"ERIKAS-PC\\otto,", r"<computer>\\<user>,"),
        ("on erikas-pc.", "on <computer>."),
        ("mustermann@nordwind.example.org", "<e-mail>"),
        ("otto@nordwind", "<e-mail>"),
        ("a.b+c@example.com", "<e-mail>"),
        ("  Computer: OTHER-PC\n", "  Computer: <removed>\n"),
        ("  User Name: X\\y z", "  User Name: <removed>"),
    ] {
        assert_eq!(scrubbed("Mustermann", text), expected);
    }
}

#[test]
fn numbers_that_name_a_machine_are_removed() {
    for (text, expected) in [
        ("S-1-5-21-1-2-3-1001 x", "<sid> x"),
        ("{1B4E28BA-2FA1-11D2-883F-0016D3CCA427}", "{<guid>}"),
        ("at 00-1A-2b-3c-4d-5e.", "at <mac>."),
        ("at 00:1a:2b:3c:4d:5e.", "at <mac>."),
        ("from 192.168.1.20:80", "from <ip>:80"),
        ("from fe80::1c2d:3e4f%12 on", "from <ip> on"),
        ("2001:db8:0:0:0:0:0:1", "<ip>"),
        ("serial 1A2B-3C4D", "serial <volume>"),
    ] {
        assert_eq!(scrubbed("Mustermann", text), expected);
    }
}

#[test]
fn what_names_nobody_stays() {
    for text in [
        "User: S-1-5-18",
        r"User Name: NT AUTHORITY\SYSTEM",
        "{4D36E96C-E325-11CE-BFC1-08002BE10318}",
        "build 10.0.26100.1 of 26100.1.amd64fre.ge_release.240331-1435",
        "version 1.2.0.0",
        "DriverVer=01/02/2026,1.2.0.0",
        "0.1.0.0",
        "2026-11-26T11:06:53Z, 11:06:53.123",
        r"C:\Users\Public\a.txt",
        r"ROOT\MEDIA\0000 has oem12.inf; @oem12.inf,%name%;UART",
        "90 3c 40 f0 7e 7f 06 01 f7",
        "std::io::Error at a::b",
        "2025-2026",
    ] {
        assert_eq!(scrubbed("Mustermann", text), text);
    }
}

#[test]
fn a_name_that_is_a_word_is_removed_where_it_is_a_name_and_nowhere_else() {
    let report = "midiuart: MIDI port runs, a user may play; driver and administrator";
    for user in ["midi", "a", "user", "administrator", "e", "Run"] {
        assert_eq!(scrubbed(user, report), report);
        let path =
            format!(r"E:\Users\{user}\midi.txt of NORDWIND\{user} and {user}@nordwind.local");
        let path = scrubbed(user, &path);
        assert_eq!(
            path,
            r"E:\Users\<user>\midi.txt of <domain>\<user> and <e-mail>"
        );
        let short = format!(r"X:\{}~1\a", &user[..user.len().min(6)]);
        assert_eq!(scrubbed(user, &short), r"X:\<user>\a");
    }
    let scrubber = Scrubber::new(&names("midi", "midiuart", "system")).expect("patterns");
    let text = r"SYSTEM\CurrentControlSet\Services\midiuart\Parameters";
    assert_eq!(scrubber.text(text), text);
    assert_eq!(
        scrubber.text(r"by midiuart\midi."),
        r"by <computer>\<user>."
    );
}

#[test]
fn names_beyond_ascii_are_found_in_other_encodings() {
    for text in [
        "JÜRGENS",
        "j\u{FFFD}rgens",
        "J\u{FFFD}\u{FFFD}rgens",
        r"J\u00FCrgens",
        "J?rgens",
    ] {
        assert_eq!(scrubbed("Jürgens", &format!("by {text}.")), "by <user>.");
    }
}

#[test]
fn what_is_left_is_found_in_all_bytes() {
    let scrubber = scrubber("Mustermann");
    let wide: Vec<u8> = "by mUsterMann"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    for bytes in [
        b"by mustermann".to_vec(),
        [b"x".to_vec(), wide].concat(),
        br"x\Users\otto\y".to_vec(),
        b"\xFFErikas-PC\xFF".to_vec(),
    ] {
        assert!(scrubber.find(&bytes).is_some(), "{bytes:x?}");
    }
    assert_eq!(scrubber.find(b"by <user>"), None);
}

#[test]
fn documents_keep_their_form() {
    let mut document = json!({
        "user": r"NORDWIND\Mustermann",
        "list": ["ERIKAS-PC", 7, null, { "path": r"C:\Users\Mustermann\x" }],
    });
    scrubber("Mustermann").json(&mut document);
    let expected = json!({
        "user": r"<domain>\<user>",
        "list": ["<computer>", 7, null, { "path": r"<profile>\x" }],
    });
    assert_eq!(document, expected);
}

#[test]
fn empty_names_and_roots_of_drives_remove_nothing() {
    let names = Names {
        users: vec![String::new(), "  ".to_owned()],
        profiles: vec![r"C:\".to_owned()],
        ..Names::default()
    };
    let scrubber = Scrubber::new(&names).expect("patterns");
    assert_eq!(scrubber.text(r"C:\Windows\x"), r"C:\Windows\x");
}
